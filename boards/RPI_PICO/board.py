"""Raspberry Pi Pico and Pico W: pins, UART and power key.

Wiring (most Quectel modules speak 1.8 V: the level shifter of an evaluation board or shield stands between):

    Pico                        module
    GP4  UART1 TX  (pin 6)  ->  RXD (main UART)
    GP5  UART1 RX  (pin 7)  <-  TXD (main UART)
    GP6  UART1 CTS (pin 9)  <-  RTS     only with FLOW = True
    GP7  UART1 RTS (pin 10) ->  CTS     only with FLOW = True
    GP2            (pin 4)  ->  PWRKEY  through a transistor that pulls it low: PWRKEY_INVERTED = True
    GND            (pin 8)  --  GND
                                VBAT from a supply of its own: bursts of 2 A are more than the Pico has
"""

from machine import UART, Pin

UART_ID = 1
BAUDRATE = 115200
TX, RX, CTS, RTS = 4, 5, 6, 7
FLOW = False  # True where all four lines are wired
RXBUF = 4096  # bytes; less than 2048 loses data when a read of 1500 bytes meets a busy moment
TXBUF = 1024  # bytes

PWRKEY = 2
PWRKEY_INVERTED = True  # a transistor stands between: a high pin presses the key

# What power_on() and power_off() keep to, in ms. The hardware manual of the module has the bounds.
PWRKEY_ON_MS = 750
PWRKEY_OFF_MS = 1000
BOOT_MS = 15_000  # from the key to the first answer, at most


def uart(baudrate: int = BAUDRATE) -> UART:
    """The UART for the driver. It never waits (timeout=0): waiting is the driver's."""
    port = UART(UART_ID, baudrate, tx=Pin(TX), rx=Pin(RX), rxbuf=RXBUF, txbuf=TXBUF, timeout=0, timeout_char=0)
    if FLOW:
        port.init(baudrate, cts=Pin(CTS), rts=Pin(RTS), flow=UART.CTS | UART.RTS)
    return port


class Pins:
    """The pins for the driver: Modem(..., pins=Pins())."""

    def __init__(self) -> None:
        self._pwrkey = Pin(PWRKEY, Pin.OUT, value=0 if PWRKEY_INVERTED else 1)

    def pwrkey(self, level: int) -> None:
        """Set the module's PWRKEY to level: 0 is pressed, 1 released."""
        self._pwrkey.value(level ^ 1 if PWRKEY_INVERTED else level)
