"""MIKROE LTE IoT 2 Click (BG96) on a Raspberry Pi Pico: pins, UART and power key.

The Click board has the level shifters. Its mikroBUS pins go to the Pico like this:

    Pico                        mikroBUS    BG96
    GP4  UART1 TX  (pin 6)  ->  TX          RXD (main UART)
    GP5  UART1 RX  (pin 7)  <-  RX          TXD (main UART)
    GP6  UART1 CTS (pin 9)  <-  INT         CTS     only with FLOW = True
    GP7  UART1 RTS (pin 10) ->  CS          RTS     only with FLOW = True
    GP2            (pin 4)  ->  RST         PWRKEY  low presses the key
    GP9            (pin 12) <-  AN          STATUS  high while the module is on
                                PWM         RI      not used
    3V3 OUT        (pin 36) --  3.3V
    VBUS, 5 V      (pin 40) --  5V          bursts of 2 A: a strong USB supply, or 5 V of its own
    GND            (pin 8)  --  GND

TX and RX of mikroBUS are named from the side of the host. DTR and RESET_N are not on mikroBUS.

Source of the pins: github.com/MikroElektronika/mikrosdk_click_v2, clicks/lteiot2/lib_lteiot2/include/lteiot2.h
(LTEIOT2_MAP_MIKROBUS: sta AN, pwk RST, rts CS, ri PWM, cts INT) and src/lteiot2.c (115200 baud; pwk low for 1 s,
then 3 s, until sta is what was wanted; rts low). The Pico's side is free: any UART and pins will do.
"""

import wiring
from machine import UART

PORT = "rp2"  # of MicroPython: this file is for no other
FAMILY = "BG96"

UART_ID = 1
BAUDRATE = 115_200
TX, RX = 4, 5
CTS, RTS = 6, 7
FLOW = False  # True where all four lines are wired
RXBUF = 4096  # bytes; less than 2048 loses data when a read of 1500 bytes meets a busy moment
TXBUF = 1024  # bytes

# (pin, level that pulls the module's line low): 1 where a transistor stands between, 0 where the line is direct
PWRKEY = (2, 0)
STATUS = 9  # an input: high while the module is on

# What power_on() and power_off() keep to, in ms: the maker's own driver holds the key 1 s for both.
PWRKEY_ON_MS = 1000
PWRKEY_OFF_MS = 1000
BOOT_MS = 15_000  # from the key to the first answer, at most


def uart(baudrate: int = BAUDRATE) -> UART:
    """The UART for the driver. It never waits: waiting is the driver's."""
    return wiring.uart(UART_ID, baudrate, TX, RX, RXBUF, TXBUF, (CTS, RTS) if FLOW else None)


def pins() -> wiring.Pins:
    """The pins for the driver: Modem(..., pins=board.pins())."""
    return wiring.Pins(PWRKEY_ON_MS, PWRKEY_OFF_MS, BOOT_MS, pwrkey=PWRKEY, status=STATUS)
