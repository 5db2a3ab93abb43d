"""The two faces of the driver, as tests use them: Modem here, AsyncModem in aio_face.py.

A test of both faces is a body: a generator that gets a Face, with `yield` where the asyncio face awaits. It stands in a
file test_both_*.py under @both, which runs it on the blocking face; test_aio_both.py runs it on the asyncio face.
"""

from kit import named, raises
from quectel.table import OPEN
from scripted import ScriptedUart, StepClock, Unexpected, as_prepared, settled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

    from scripted import Step
    from steps import Script

    Body = Callable[["Face"], Generator[Any, Any, None]]

BODIES: "dict[str, Body]" = {}


class Face:
    """What a test of sockets gets: the modem of one face, its UART, its clock. A test yields what may be awaited."""

    modem: "Any" = None
    uart: "Any" = None
    clock: "Any" = None

    def start(self, family: str, script: "list[Step]", prepared: bool = True, **how: "Any") -> "Any":
        """The modem; `how` may name what ScriptedUart takes, all else goes to the modem.

        Where a body starts one after the other, the script of the last must have come to its end.
        """
        if self.uart is not None:
            self.check()
        of_uart = {name: how.pop(name) for name in ("size", "cut", "pause", "short") if name in how}
        self.clock = self.new_clock()
        self.uart = ScriptedUart(script, **of_uart)
        self.uart.clock = self.clock
        self.modem = self.make(self.uart, family, clock=self.clock, **how)
        self.clock.modem = self.modem
        self.modem.net.address = "10.0.0.2"
        return as_prepared(self.modem) if prepared else self.modem

    def opened(self, script: "list[Step]", family: str = "BC25", **how: "Any") -> "Any":
        """A connected stream socket with connection id 0; `mode` as for socket()."""
        mode = how.pop("mode", 0)
        sock = self.start(family, script, **how).socket(mode=mode)
        slot = sock._slot
        self.modem.engine.table.bind(slot, 0)
        slot.opened = 0
        slot.state = OPEN
        return sock

    def check(self) -> None:
        assert not self.clock.failure, self.clock.failure
        self.uart.done()

    def new_clock(self) -> "Any":
        return StepClock(step=1)

    make: "Any" = None  # the modem's class
    settle: "Any" = None  # settle(): everything is read and nothing goes on
    raised: "Any" = None  # raised(): what the application's code raises next, on the way that this face gives it


class BlockingFace(Face):
    """Runs a test's body on Modem and Socket: what it yields is done already."""

    def make(self, *args: "Any", **how: "Any") -> "Any":
        from quectel import Modem

        return Modem(*args, **how)

    def settle(self) -> None:
        settled(self.modem)

    def raised(self) -> BaseException:
        with raises(Exception) as caught:
            self.modem.poll()
        error: BaseException = caught.value
        return error

    def run(self, body: "Any") -> None:
        steps = body(self)
        done = None
        try:
            while True:
                done = steps.send(done)
        except StopIteration:
            pass
        except Unexpected:
            self.check()
            raise
        self.check()


def both(body: "Body") -> "Callable[[], None]":
    """A test on the blocking face made of a body, which is kept in BODIES for the asyncio face."""
    if body.__name__ in BODIES:
        raise ValueError("two bodies are named " + body.__name__)
    if not getattr(body, "__module__", "test_both_").startswith("test_both_"):
        raise ValueError("test_aio_both.py would not find it in " + body.__module__)
    BODIES[body.__name__] = body

    def blocking() -> None:
        BlockingFace().run(body)

    return named(blocking, body)


def start(family: str, script: "Script", prepared: bool = True, **how: "Any") -> "Any":
    """A modem of the blocking face that talks to a script, and what checks in the end that all of it was followed."""
    face = BlockingFace()
    modem = face.start(family, script, prepared, **how)
    return modem, face.check
