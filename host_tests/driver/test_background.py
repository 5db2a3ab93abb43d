"""What goes on in the background of the blocking face: a wake-up, the connect() of a non-blocking socket."""

from kit import rows
from quectel import Modem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Waited:
    """A UART that tells how long it was waited for."""

    def __init__(self) -> None:
        self.waits: "list[int]" = []

    def readinto(self, buf: "Any") -> "int | None":
        return None

    def write(self, buf: "Any", off: int = 0, n: int = 0) -> int:
        return n

    def wait(self, ms: int) -> None:
        self.waits.append(ms)


@rows("R219")
def test_what_goes_on_in_the_background_gets_its_turns() -> None:
    """A wake-up holds its pin for 100 ms; the UART alone may be waited for much longer."""
    uart = Waited()
    modem: "Any" = Modem(uart, "BC25")
    modem.poll()
    modem._sleep(1000)
    modem._jobs.append(None)
    modem._sleep(1000)
    assert uart.waits[0] > 100 and uart.waits[1] <= 20
