"""What the board files share: a UART that never waits, and the module's lines behind whatever stands between."""

from machine import UART, Pin

TYPE_CHECKING = False  # MicroPython has no typing
if TYPE_CHECKING:
    Wired = tuple[int, int]  # a pin, and the level at which it pulls the module's line low: 1 behind a transistor


def uart(
    number: int, baudrate: int, tx: int, rx: int, rxbuf: int, txbuf: int, flow: "tuple[int, int] | None" = None
) -> UART:
    """A UART of the board for the driver; flow is (CTS, RTS) where both are wired.

    timeout=0 and timeout_char=0, always: waiting is the driver's.
    """
    port = UART(number, baudrate, tx=Pin(tx), rx=Pin(rx), rxbuf=rxbuf, txbuf=txbuf, timeout=0, timeout_char=0)
    if flow:
        port.init(baudrate, cts=Pin(flow[0]), rts=Pin(flow[1]), flow=UART.CTS | UART.RTS)
    return port


class Line:
    """An input of the module: called with 0 it is pulled low, called with 1 released."""

    def __init__(self, wired: "Wired") -> None:
        self._pulls = wired[1]
        self._pin = Pin(wired[0], Pin.OUT, value=1 - self._pulls)  # released from the first moment

    def __call__(self, level: int) -> None:
        self._pin.value(1 - self._pulls if level else self._pulls)


class Status:
    """An output of the module: called without arguments it tells the level, True for high."""

    def __init__(self, number: int) -> None:
        self._pin = Pin(number, Pin.IN)

    def __call__(self) -> bool:
        return self._pin.value() == 1


class Pins:
    """The lines for the driver, Modem(..., pins=board.pins()), with the times that the power key needs.

    A line that the board does not have is no attribute: the driver asks with hasattr().
    """

    pwrkey: Line
    reset: Line
    dtr: Line
    psm_eint: Line
    status: Status

    def __init__(
        self,
        on_ms: int,
        off_ms: int,
        boot_ms: int,
        pwrkey: "Wired | None" = None,
        reset: "Wired | None" = None,
        dtr: "Wired | None" = None,
        psm_eint: "Wired | None" = None,
        status: "int | None" = None,
        reset_ms: int = 200,
    ) -> None:
        self.on_ms = on_ms  # how long the key is held to switch the module on ...
        self.off_ms = off_ms  # ... and off
        self.boot_ms = boot_ms  # from the key to the first answer, at most
        self.reset_ms = reset_ms  # how long RESET is pulled where there is no key
        if pwrkey:
            self.pwrkey = Line(pwrkey)
        if reset:
            self.reset = Line(reset)
        if dtr:
            self.dtr = Line(dtr)
        if psm_eint:
            self.psm_eint = Line(psm_eint)
        if status is not None:
            self.status = Status(status)
