"""ESP32-S3 boards without a module of their own: pins, UART and power key.

Wiring (most Quectel modules speak 1.8 V: the level shifter of an evaluation board or shield stands between):

    ESP32-S3                module
    GPIO17 UART1 TX     ->  RXD (main UART)
    GPIO18 UART1 RX     <-  TXD (main UART)
    GPIO15 UART1 CTS    <-  RTS     only with FLOW = True
    GPIO16 UART1 RTS    ->  CTS     only with FLOW = True
    GPIO4               ->  PWRKEY  through a transistor that pulls it low
    GPIO5               ->  DTR     through a transistor that pulls it low
    GPIO6               ->  RESET_N through a transistor that pulls it low
    GPIO7               <-  STATUS  through the level shifter
    GND                 --  GND
                            VBAT from a supply of its own: bursts of 2 A are more than the board has

GPIO19 and 20 are the USB port, GPIO26 to 32 the flash, GPIO33 to 37 a PSRAM with eight lines: they stay free.
Any of PWRKEY, DTR, RESET_N and STATUS may stay unwired: its constant is None then.
"""

import wiring
from machine import UART

PORT = "esp32"  # of MicroPython: this file is for no other
FAMILY = "EG915U"  # the module you have wired; settings.json overrides it

UART_ID = 1
BAUDRATE = 115_200
TX, RX = 17, 18
CTS, RTS = 15, 16
FLOW = False  # True where all four lines are wired
RXBUF = 4096  # bytes; less than 2048 loses data when a read of 1500 bytes meets a busy moment
TXBUF = 1024  # bytes

# (pin, level that pulls the module's line low): 1 where a transistor stands between, 0 where the line is direct
PWRKEY = (4, 1)
DTR = (5, 1)
RESET = (6, 1)
STATUS = 7  # an input: high while the module is on

# What power_on() and power_off() keep to, in ms. The hardware manual of the module has the bounds.
PWRKEY_ON_MS = 2000  # EC200U and EG915U want longer than BG96
PWRKEY_OFF_MS = 3000
BOOT_MS = 15_000  # from the key to the first answer, at most


def uart(baudrate: int = BAUDRATE) -> UART:
    """The UART for the driver. It never waits: waiting is the driver's."""
    return wiring.uart(UART_ID, baudrate, TX, RX, RXBUF, TXBUF, (CTS, RTS) if FLOW else None)


def pins() -> wiring.Pins:
    """The pins for the driver: Modem(..., pins=board.pins())."""
    return wiring.Pins(PWRKEY_ON_MS, PWRKEY_OFF_MS, BOOT_MS, pwrkey=PWRKEY, reset=RESET, dtr=DTR, status=STATUS)
