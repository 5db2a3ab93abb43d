"""A UART that follows a script and a clock that is stepped: what the driver's tests talk to in place of a module.

Nothing here sleeps. Who waits moves the clock, and a clock that is moved for hours ends the test.
"""

from quectel import Socket
from quectel.table import OPEN, STREAM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Said = bytes | list[bytes | int]
    Step = Any  # (bytes or a tuple of bytes, Said)

NEAR_WRAP = 2**30 - 1500
_MASK = 2**30 - 1
_LIMIT_MS = 1_000_000  # no test needs more time than that
_WINDOW = 60
_SPINS = 5000  # turns of the driver's task at one time
_LEAP_MS = 20  # as often as a procedure looks at its clock


class Unexpected(OSError):
    """Ends the driver's wait when the script is left. An OSError, so that the asyncio face tells everybody."""

    def __init__(self, text: str) -> None:
        super().__init__(999, text)


class StepClock:
    """The clock of a test: sleep_ms() moves it, by at least `step` ms. It starts shortly before the wrap at 2**30.

    modem: where it has nothing to do and its script nothing to say, time leaps 20 ms, or to what is due before that.
    """

    modem: "Any" = None

    def __init__(self, start: int = NEAR_WRAP, step: int = 1) -> None:
        self.now = start
        self.step = step
        self.passed = 0
        self.limit_ms = _LIMIT_MS
        self.failure = ""

    def ticks_ms(self) -> int:
        return self.now

    def sleep_ms(self, ms: int) -> None:
        self.advance(self.leap(ms))

    def leap(self, ms: int) -> int:
        """What the driver's sleep of ms milliseconds becomes."""
        if self.modem is None or not 0 < ms < _LEAP_MS:
            return ms
        due: int = self.modem.engine.due(self.now)
        silence: int = self.modem.uart.silence()
        return max(ms, min(silence, due if due >= 0 else _LEAP_MS))

    def advance(self, ms: int) -> None:
        """Let time pass."""
        ms = max(ms, self.step)
        self.now = (self.now + ms) & _MASK
        self.passed += ms
        if self.passed > self.limit_ms:
            self.failure = "waited for %d s and nothing came" % (self.passed // 1000)
            raise Unexpected(self.failure)


class AsyncStepClock(StepClock):
    """The same for the asyncio face: sleeping lets the other tasks run."""

    pause: "Any" = None  # asyncio's sleep(0), given by who imports asyncio

    def __init__(self, start: int = NEAR_WRAP, step: int = 1) -> None:
        StepClock.__init__(self, start, step)
        self._spins = 0

    async def sleep_ms(self, ms: int) -> None:  # type: ignore[override]  # the driver awaits it here
        self._spins = 0 if ms else self._spins + 1
        if ms:
            self.advance(self.leap(ms))
        if self._spins > _SPINS:
            self.failure = "the driver's task runs on and on and lets no time pass"
            raise Unexpected(self.failure)
        await AsyncStepClock.pause()


class ScriptedUart:
    """Steps are (what the host must write, what the module answers); b"" as the first: the module begins.

    What the host must write may be a tuple of spellings. An answer may be a list of bytes and of milliseconds that
    pass between them; it needs the clock. A read gives at most `size` bytes (0: no limit), or the
    next one of `sizes`, over and over; a read ends `cut` bytes into each answer (-1: none), and the next `pause` reads
    give nothing. A write takes at most `short` bytes (0: all), and every other write takes none then.
    """

    def __init__(self, script: "list[Step]", size: int = 0, cut: int = -1, pause: int = 0, short: int = 0) -> None:
        self.script = script
        self.clock: "StepClock | None" = None
        self.later: "list[tuple[int, bytes]]" = []  # when, by clock.passed, and what
        self.pause = pause
        self.sizes: "list[int]" = []
        self.size = size
        self.cut = cut
        self.short = short
        self.wrote = b""  # everything the host wrote
        self.heard = b""  # of it what no step has taken yet
        self._said = b""  # what the module has said, of which the host has read ...
        self._pos = 0  # ... so many bytes
        self.failure = ""
        self._at = 0  # the next step
        self._reads = 0
        self._until = -1  # bytes up to the cut
        self._empty = 0  # reads that still give nothing
        self._full = False
        while script and script[self._at :] and script[self._at][0] == b"":
            self.say(script[self._at][1])
            self._at += 1

    @property
    def queue(self) -> bytes:
        """What the host has not read yet."""
        return self._said[self._pos :]

    def say(self, data: "Said") -> None:
        """The module speaks now, or as the delays in the list tell."""
        if isinstance(data, list):
            self._plan(data)
            return
        self._said = self.queue + data
        self._pos = 0
        if self.cut >= 0:
            self._until = self.cut + len(self._said) - len(data)

    def _plan(self, said: "list[bytes | int]") -> None:
        assert self.clock
        at = self.clock.passed
        for item in said:
            if isinstance(item, int):
                at += item
            else:
                self.later.append((at, item))
        self._come()

    def _come(self) -> None:
        while self.later and self.clock and self.later[0][0] <= self.clock.passed:
            self.say(self.later.pop(0)[1])

    def silence(self) -> int:
        """Milliseconds for which nothing comes, at most 20, if the host writes nothing."""
        if self._pos < len(self._said) or self._empty or self.short or not self.clock:
            return 0
        return min(self.later[0][0] - self.clock.passed, _LEAP_MS) if self.later else _LEAP_MS

    # --- the driver's side -----------------------------------------------------------------------------------------

    def readinto(self, buf: "Any") -> "int | None":
        if self.later:
            self._come()
        at = self._pos
        if self._empty or at >= len(self._said):
            self._empty = max(self._empty - 1, 0)
            return None
        n = min(len(self._said) - at, len(buf), self._most())
        buf[:n] = self._said[at : at + n]
        self._pos = at + n
        self._until -= n
        if self._until == 0:
            self._empty = self.pause
        return n

    def _most(self) -> int:
        if self.sizes:
            self._reads += 1
            return self.sizes[self._reads % len(self.sizes)]
        if self._until > 0:
            return self._until
        return self.size or 4096

    def write(self, buf: "Any", off: int = 0, n: int = -1) -> "int | None":
        n = len(buf) - off if n < 0 else n
        if self.short:
            self._full = not self._full
            if self._full:
                return None
            n = min(n, self.short)
        data = bytes(memoryview(buf)[off : off + n])
        self.wrote += data
        self.heard += data
        self._follow()
        return n

    # --- the script ------------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        while self.heard:
            if self._at >= len(self.script):
                self._leave((b"",))
            expected, answer = self.script[self._at]
            forms = expected if isinstance(expected, tuple) else (expected,)
            for form in forms:
                if self.heard.startswith(form):
                    self.heard = self.heard[len(form) :]
                    self._at += 1
                    self.say(answer)
                    break
            else:
                if not any([form.startswith(self.heard) for form in forms]):
                    self._leave(forms)
                return

    def _leave(self, forms: "tuple[bytes, ...]") -> None:
        self.failure = difference(forms[0], self.heard, self._at)
        raise Unexpected(self.failure)

    def done(self) -> None:
        """Fails unless the script was followed to its end and everything was read."""
        assert not self.failure, self.failure
        if self.heard or self._at < len(self.script):
            expected = self.script[self._at][0] if self._at < len(self.script) else b""
            first = expected[0] if isinstance(expected, tuple) else expected
            raise AssertionError(difference(first, self.heard, self._at))
        assert not self.queue and not self.later, "not read: %r %r" % (self.queue, self.later)


def difference(expected: bytes, got: bytes, step: int) -> str:
    """Two byte strings, one above the other, with a mark where they part."""
    k = 0
    while k < len(expected) and k < len(got) and expected[k] == got[k]:
        k += 1
    start = max(0, k - _WINDOW // 2)
    mark = " " * (len(repr(expected[start:k])) - 1)
    return "step %d: the host should write, and wrote, from byte %d on:\n  %r\n  %r\n  %s^" % (
        step,
        start,
        expected[start : start + _WINDOW],
        got[start : start + _WINDOW],
        mark,
    )


def lines(*texts: str) -> bytes:
    """What the module sends for these lines."""
    return "".join(["\r\n%s\r\n" % text for text in texts]).encode()


OK = lines("OK")
ERROR = lines("ERROR")


def settled(modem: "Any") -> None:
    """Let the driver read everything, and a while pass in which nothing comes."""
    quiet = 0
    while quiet < 2:
        if modem.poll():
            quiet = 0
        elif modem.uart.queue or modem.uart.later:
            modem._clock.sleep_ms(5)
        else:
            quiet += 1
            modem._clock.sleep_ms(30)


def as_prepared(modem: "Any") -> "Any":
    """The modem, as if its module had been identified and set up in this epoch."""
    modem.net.prepared = modem.engine.epoch
    return modem


def adopt(modem: "Any", cid: int, kind: int, mode: int = 0, tls: bool = False) -> "Any":
    """A slot that is open under this connection id, as if it had been opened before the example began."""
    engine = modem.engine
    slot = engine.table.take()
    slot.kind = kind
    slot.mode = mode
    slot.dialect = modem.family.tls if tls else modem.family.tcp
    slot.state = OPEN
    slot.opened = 0
    engine.table.bind(slot, cid)
    return slot


def socket_of(modem: "Any", cid: int, mode: int = 0, tls: bool = False, kind: int = STREAM) -> "Any":
    """A socket of the blocking face on such a slot."""
    return Socket(modem, slot=adopt(modem, cid, kind, mode, tls))
