"""Raspberry Pi Pico and Pico W: pins, UART and power key of a module on UART1.

Wiring (most Quectel modules speak 1.8 V: the level shifter of an evaluation board or shield stands between):

    Pico                        module
    GP4  UART1 TX  (pin 6)  ->  RXD (main UART)
    GP5  UART1 RX  (pin 7)  <-  TXD (main UART)
    GP6  UART1 CTS (pin 9)  <-  RTS     only with FLOW = True
    GP7  UART1 RTS (pin 10) ->  CTS     only with FLOW = True
    GP2            (pin 4)  ->  PWRKEY  through a transistor that pulls it low
    GP3            (pin 5)  ->  DTR     through a transistor that pulls it low
    GP8            (pin 11) ->  RESET_N through a transistor that pulls it low
    GP9            (pin 12) <-  STATUS  through the level shifter
    GND            (pin 8)  --  GND
                                VBAT from a supply of its own: bursts of 2 A are more than the Pico has

Any of PWRKEY, DTR, RESET_N and STATUS may stay unwired: its constant is None then.
On a Pico W, WiFi and the module can be used side by side.
"""

import wiring
from machine import UART

PORT = "rp2"  # of MicroPython: this file is for no other
FAMILY = "BG96"  # the module you have wired; settings.json overrides it

UART_ID = 1
BAUDRATE = 115_200
TX, RX = 4, 5
CTS, RTS = 6, 7
FLOW = False  # True where all four lines are wired
RXBUF = 4096  # bytes; less than 2048 loses data when a read of 1500 bytes meets a busy moment
TXBUF = 1024  # bytes

# (pin, level that pulls the module's line low): 1 where a transistor stands between, 0 where the line is direct
PWRKEY = (2, 1)
DTR = (3, 1)
RESET = (8, 1)
STATUS = 9  # an input: high while the module is on

# What power_on() and power_off() keep to, in ms. The hardware manual of the module has the bounds.
PWRKEY_ON_MS = 750
PWRKEY_OFF_MS = 1000
BOOT_MS = 15_000  # from the key to the first answer, at most


def uart(baudrate: int = BAUDRATE) -> UART:
    """The UART for the driver. It never waits: waiting is the driver's."""
    return wiring.uart(UART_ID, baudrate, TX, RX, RXBUF, TXBUF, (CTS, RTS) if FLOW else None)


def pins() -> wiring.Pins:
    """The pins for the driver: Modem(..., pins=board.pins())."""
    return wiring.Pins(PWRKEY_ON_MS, PWRKEY_OFF_MS, BOOT_MS, pwrkey=PWRKEY, reset=RESET, dtr=DTR, status=STATUS)
