"""What an application's handler of URCs raises is told to the application, and the modem goes on: nothing is lost."""

from errno import ENOENT

from faces import both
from kit import rows
from scripted import lines
from steps import EMPTY, READ_0, RECV_0, payload, said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face


class Failing:
    """A handler that notes what it gets, and raises."""

    def __init__(self, error: BaseException) -> None:
        self._error = error
        self.seen: "list[bytes]" = []

    def __call__(self, line: bytes) -> None:
        self.seen.append(line)
        raise self._error


@rows("R021", "R389")
@both
def test_each_exception_of_a_handler_is_told_and_all_urcs_are_handed_out(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [said("AT+CSQ", "+CSQ: 1,99")])
    failing = Failing(KeyError("+X"))
    others: "list[bytes]" = []
    m.on_urc("+X:", failing)
    m.on_urc("+Y:", others.append)
    face.uart.say(lines("+X: 1", "+Y: 2", "+X: 3", "+Y: 4"))
    for count in (1, 2):
        assert isinstance((yield face.raised()), KeyError) and len(failing.seen) == count
    yield face.settle()
    assert failing.seen == [b"+X: 1", b"+X: 3"] and others == [b"+Y: 2", b"+Y: 4"]
    assert (yield m.command("AT+CSQ")) == ["+CSQ: 1,99"]


@rows("R021", "R389")
@both
def test_an_oserror_of_a_handler_is_not_taken_for_the_uarts(face: "Face") -> "Generator[Any, Any, None]":
    """It is told as a RuntimeError that names it."""
    s = face.opened([(READ_0, payload(b"data")), (READ_0, EMPTY)])
    face.modem.on_urc("+X:", Failing(OSError(ENOENT, "no log file")))
    face.uart.say(lines("+X: 1") + RECV_0)
    error = yield face.raised()
    assert isinstance(error, RuntimeError) and "no log file" in str(error)
    yield face.settle()
    assert (yield s.read(4)) == b"data"


@rows("R021", "R389")
@both
def test_a_handler_may_poll(face: "Face") -> "Generator[Any, Any, None]":
    """No other handler is called meanwhile, and the URCs that this brings in come behind."""
    m = face.start("BC25", [])
    seen: "list[bytes]" = []

    def handler(line: bytes) -> None:
        seen.append(b"(")
        m.poll()
        seen.append(line)

    m.on_urc("+X:", handler)
    face.uart.say(lines("+X: 1"))
    face.uart.later.append((face.clock.passed, lines("+X: 2")))
    yield face.settle()
    assert seen == [b"(", b"+X: 1", b"(", b"+X: 2"]
