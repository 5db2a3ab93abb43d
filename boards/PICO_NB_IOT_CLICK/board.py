"""MIKROE NB IoT Click (BC95-G) on a Raspberry Pi Pico: pins and UART.

The Click board has the level shifters. Its mikroBUS pins go to the Pico like this:

    Pico                        mikroBUS    BC95-G
    GP4  UART1 TX  (pin 6)  ->  TX          RXD (main UART)
    GP5  UART1 RX  (pin 7)  <-  RX          TXD (main UART)
    GP8            (pin 11) ->  RST         RESET   high for 200 ms restarts the module
    GP9            (pin 12) <-  AN          STAT
    3V3 OUT        (pin 36) --  3.3V
    VBUS, 5 V      (pin 40) --  5V
    GND            (pin 8)  --  GND

TX and RX of mikroBUS are named from the side of the host. BC95-G has no power key: it starts with its supply.
Its UART starts at 9600 baud; 4,096 bytes of RXBUF are four seconds of that. This family speaks CoAP alone.

Source of the pins: github.com/MikroElektronika/mikrosdk_click_v2, clicks/nbiot/lib_nbiot/include/nbiot.h
(NBIOT_MAP_MIKROBUS: stat AN, rst RST) and src/nbiot.c ("The module works at a 9600 baud rate"; rst high for 200 ms,
then low). What level STAT has when is not documented there. The Pico's side is free: any UART and pins will do.
"""

import wiring
from machine import UART

PORT = "rp2"  # of MicroPython: this file is for no other
FAMILY = "BC95-G"

UART_ID = 1
BAUDRATE = 9600  # what the module starts with
TX, RX = 4, 5
RXBUF = 4096  # bytes; less than 2048 loses data when a read of 1500 bytes meets a busy moment
TXBUF = 1024  # bytes

# (pin, level that pulls the module's line low): 1 where a transistor stands between, 0 where the line is direct
RESET = (8, 1)
STATUS = 9  # an input

# There is no power key: power_on() has nothing to press.
PWRKEY_ON_MS = 0
PWRKEY_OFF_MS = 0
RESET_MS = 200  # what keep_online() does to a module that does not answer
BOOT_MS = 15_000  # from the supply, or from RESET, to the first answer, at most


def uart(baudrate: int = BAUDRATE) -> UART:
    """The UART for the driver. It never waits: waiting is the driver's."""
    return wiring.uart(UART_ID, baudrate, TX, RX, RXBUF, TXBUF)


def pins() -> wiring.Pins:
    """The pins for the driver: Modem(..., pins=board.pins())."""
    return wiring.Pins(PWRKEY_ON_MS, PWRKEY_OFF_MS, BOOT_MS, reset=RESET, status=STATUS, reset_ms=RESET_MS)
