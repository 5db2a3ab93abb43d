"""RAKwireless RAK2013 cellular HAT (with BG96) on a Raspberry Pi Pico: pins, UART and power key.

The HAT has a Raspberry Pi's 40-pin header and 3.3 V levels. On a Raspberry Pi itself it is used from CPython, with
quectel_host on /dev/serial0 or on its USB port. These wires put it on a Pico:

    Pico                        header of the HAT (J15)
    GP4  UART1 TX  (pin 6)  ->  pin 8   BG96_RX
    GP5  UART1 RX  (pin 7)  <-  pin 10  BG96_TX
    GP2            (pin 4)  ->  pin 12  BG96_PWRKEY
    GP3            (pin 5)  ->  pin 15  BG96_DTR
    GP8            (pin 11) ->  pin 31  BG96_RESET
    GP9            (pin 12) <-  pin 40  BG96_STATUS
    VBUS, 5 V      (pin 40) --  pin 2   CONN_5V0    bursts of 2 A: a strong USB supply, or 5 V of its own
    GND            (pin 8)  --  pin 6   GND

Source of the pins: RAK2013 WisLink Cellular Pi HAT Datasheet, "J15 - Raspberry Connector", and "PWRKEY Push Button"
(low for at least 100 ms), "RESET Push Button" (1 s): github.com/RAKWireless/rakwireless-docs,
docs/Product-Categories/WisLink/RAK2013/Datasheet. The header has no RTS and CTS. Which level of the header's lines
pulls the module's is not documented: 1, a transistor between, is assumed below. Where the module does not switch on,
make it 0.
"""

import wiring
from machine import UART

PORT = "rp2"  # of MicroPython: this file is for no other
FAMILY = "BG96"

UART_ID = 1
BAUDRATE = 115_200
TX, RX = 4, 5
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
    return wiring.uart(UART_ID, baudrate, TX, RX, RXBUF, TXBUF)


def pins() -> wiring.Pins:
    """The pins for the driver: Modem(..., pins=board.pins())."""
    return wiring.Pins(PWRKEY_ON_MS, PWRKEY_OFF_MS, BOOT_MS, pwrkey=PWRKEY, reset=RESET, dtr=DTR, status=STATUS)
