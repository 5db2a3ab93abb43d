"""A UART for many short plays: it follows a script, its reads end where a test wants, and it costs little."""

from play import GUARD_MS
from scripted import NEAR_WRAP, difference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MASK = 2**30 - 1


class Clock:
    """A clock that stands still until the run moves it."""

    def __init__(self) -> None:
        self.now = NEAR_WRAP
        self.passed = 0

    def move(self, ms: int) -> None:
        self.now = (self.now + ms) & _MASK
        self.passed += ms

    def ticks_ms(self) -> int:
        return self.now

    def sleep_ms(self, ms: int) -> None:
        raise AssertionError("nobody sleeps here")


class Wire:
    """The module's end of a UART: steps of (what the host must write, what the module answers)."""

    def __init__(self, script: "list[Any]", size: int, clock: Clock) -> None:
        self.script = script
        self.clock = clock
        self.mute = 0  # the module says nothing before so much time has passed
        self.size = size  # bytes a read, 0: all there are
        self.step = 0
        self.cuts = -1  # the step whose answer is cut
        self.cut = 0
        self.also: "dict[bytes, bytes]" = {}  # what may be written at any time, and its answer
        self.extra = 0  # how often that was
        self._data = b""
        self._at = 0
        self._until = 0  # a read ends here
        self._heard = b""

    def say(self, data: bytes, cut: int = 0) -> None:
        """The module says data, after what it has said already."""
        self._data = self._data[self._at :] + data
        self._at = 0
        self._until = cut + len(self._data) - len(data) if cut else 0

    def silence(self) -> int:
        """Milliseconds until the module says what it has to say, 0 for none."""
        return max(self.mute - self.clock.passed, 0)

    def waiting(self) -> bool:
        return self._at < len(self._data)

    def left(self) -> int:
        """How many bytes were not read yet."""
        return len(self._data) - self._at

    def coming(self) -> bytes:
        """Those bytes."""
        return self._data[self._at :]

    def readinto(self, buf: "Any") -> "int | None":
        at = self._at
        n = len(self._data) - at
        if not n or self.silence():
            return None
        if self.size:
            n = self.size
        elif at < self._until:
            n = self._until - at
        n = min(n, len(buf))
        buf[:n] = self._data[at : at + n]
        self._at = at + n
        return n

    def write(self, buf: "Any", off: int = 0, n: int = -1) -> int:
        self._heard += bytes(memoryview(buf)[off : off + n])
        if self._heard == b"+++":
            self.mute = self.clock.passed + GUARD_MS
        expected = self.script[self.step][0] if self.step < len(self.script) else b""
        if self._heard == expected:
            self._heard = b""
            self.step += 1
            self.say(self.script[self.step - 1][1], self.cut if self.step - 1 == self.cuts else 0)
        elif self._heard in self.also:
            self.extra += 1
            self.say(self.also[self._heard])
            self._heard = b""
        elif not expected.startswith(self._heard):
            raise AssertionError(difference(expected, self._heard, self.step))
        return n

    def begin(self) -> None:
        """The module speaks first."""
        self.step = 1
        self.say(self.script[0][1], self.cut if self.cuts == 0 else 0)

    def then(self, host: bytes, module: bytes) -> None:
        """One more step."""
        self.script.append((host, module))

    def forget(self) -> None:
        """What the script still holds will not come."""
        del self.script[self.step :]

    def done(self) -> None:
        assert self.step == len(self.script), "not written: %r" % (self.script[self.step :],)
        assert not self._heard, self._heard
