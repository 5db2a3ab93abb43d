"""No call outlives its time limit, whatever the module does meanwhile; and a call that was given up harms no other."""

import os

import kit
from faces import both
from kit import raises
from quectel import PUSH, QuectelError, QuectelTimeout
from quectel.table import LISTENER, OPEN
from scripted import lines
from steps import EMPTY, READ_0, RECV_0, payload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face

_ENDS_MS = 75_000  # a payload may creep for a minute
_SLACK_MS = 60  # a face looks at its clock every few milliseconds


class Noise:
    """A UART whose module answers nothing, and says `say` every `every` ms, for ever."""

    def __init__(self, clock: "Any", say: bytes, every: int, first: bytes = b"") -> None:
        self.clock = clock
        self.say = say
        self.every = every
        self.first = first
        self.heard = b""
        self._said = clock.passed // every

    def silence(self) -> int:
        """See StepClock."""
        return 0 if self.first else min(self.every - self.clock.passed % self.every, 20)

    def readinto(self, buf: "Any") -> "int | None":
        data = self.first
        self.first = b""
        while self._said < self.clock.passed // self.every and len(data) + len(self.say) <= len(buf):
            data += self.say
            self._said += 1
        for i in range(len(data)):
            buf[i] = data[i]
        return len(data) or None

    def write(self, buf: "Any", off: int = 0, n: int = 0) -> int:
        self.heard = (self.heard + bytes(buf[off : off + n]))[-100:]
        return n


# (what it says, every so many ms, and in front of it)
NOISES = (
    (b"x", 900, b""),  # a line that never comes to its end
    (b"x", 900, b'\r\n+QIURC: "recv",0,1500\r\n'),  # a payload that trickles
    (b'\r\n+QIURC: "recv",9\r\n', 2, b""),  # URCs for ever
    (b"\r\nOK\r\n", 7, b""),
    (b"\r\nERROR\r\n", 7, b""),
    (b"\r\n> ", 7, b""),
    (b"y" * 40, 3, b""),  # an endless line
    (b'\r\n+QIURC: "recv",0,300\r\n' + b"z" * 300, 25, b""),  # an endless stream
)


def noisy(face: "Face", noise: "tuple[bytes, int, bytes]", mode: int = PUSH) -> "tuple[Any, Any]":
    """An open socket of a module that makes this noise from now on."""
    sock = face.opened([], mode=mode)
    face.clock.step = 5  # some of them more often than it is listened to
    face.modem.uart = Noise(face.clock, noise[0], noise[1], noise[2])
    return face.modem, sock


def given_up(call: "Any", m: "Any", s: "Any") -> "Generator[Any, Any, None]":
    """A call that may fail as the driver's calls do."""
    try:
        yield call(m, s)
    except QuectelError:
        pass


def listening(s: "Any") -> "Any":
    s._slot.kind = LISTENER
    return s


def over(m: "Any") -> "Any":
    """The asyncio face's task of a modem that is used no more."""
    return m.aclose() if hasattr(m, "aclose") else None


CALLS = (
    lambda m, s: s.recv(2000),
    lambda m, s: s.read(1 << 20),
    lambda m, s: s.readline(),
    lambda m, s: s.send(b"data"),
    lambda m, s: s.sendall(b"data" * 500),
    lambda m, s: s.query_state(),
    lambda m, s: listening(s).accept(),
    lambda m, s: m.create_connection(("10.0.0.9", 80), timeout_ms=2000),
    lambda m, s: m.connect("apn", timeout_ms=2000),
)


ENDING = (
    lambda m, s: m.command("AT+X", timeout_ms=1000),
    lambda m, s: m.files.size("x"),
    lambda m, s: m.disconnect(),
    lambda m, s: s.close(),
)


def pairs(calls: int) -> "list[tuple[int, int]]":
    """(noise, call); VMs are slow, and take a sample."""
    found = [(i, k) for i in range(len(NOISES)) for k in range(calls)]
    if not kit.MICROPYTHON:
        return found
    numbers = kit.Random(kit.seed())
    return [numbers.choice(found) for _ in range(20 if hasattr(os, "getenv") else 5)]


@both
def test_every_call_with_a_time_limit_keeps_it(face: "Face") -> "Generator[Any, Any, None]":
    for i, k in pairs(len(CALLS)):
        m, s = noisy(face, NOISES[i])
        s.settimeout(2)
        for _ in range(2):  # and once more, as the engine is out of step by then
            before = face.clock.passed
            yield from given_up(CALLS[k], m, s)
            spent = face.clock.passed - before
            assert spent <= 2000 + _SLACK_MS, (NOISES[i], k, spent)
        yield over(m)


@both
def test_every_call_without_one_ends(face: "Face") -> "Generator[Any, Any, None]":
    """A command by its own maximum response time, once it is its turn; closing by that or when the module is silent."""
    for i, k in pairs(len(ENDING)):
        m, s = noisy(face, NOISES[i])
        other = m.socket()
        m.engine.table.bind(other._slot, 1)
        other._slot.state = OPEN
        for _ in range(2):
            before = face.clock.passed
            yield from given_up(ENDING[k], m, s)
            spent = face.clock.passed - before
            assert spent <= _ENDS_MS, (NOISES[i], k, spent)
        yield over(m)


# --- the caller's time limit --------------------------------------------------------------------------------------


@both
def test_a_read_that_was_given_up_goes_on(face: "Face") -> "Generator[Any, Any, None]":
    """The command's own deadline is later: its answer belongs to the next call."""
    script = [(READ_0, [250, payload(b"12345")]), (READ_0, EMPTY)]
    s = face.opened(script)
    face.uart.say(RECV_0)
    s.settimeout(0.1)
    with raises(QuectelTimeout) as caught:
        yield s.read(5)
    assert caught.value.done == 0 and 100 <= face.clock.passed <= 100 + _SLACK_MS
    s.settimeout(1)
    assert (yield s.read(5)) == b"12345"
    yield face.settle()


@both
def test_a_read_says_how_much_it_had(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(READ_0, payload(b"123")), (READ_0, [250, payload(b"45")]), (READ_0, EMPTY)])
    s.settimeout(0.2)
    face.uart.say(RECV_0)
    with raises(QuectelTimeout) as caught:
        yield s.readinto(bytearray(5))
    assert caught.value.done == 3
    s.settimeout(1)
    assert (yield s.read(2)) == b"45"
    yield face.settle()


@both
def test_a_command_is_given_up_by_its_own_limit(face: "Face") -> "Generator[Any, Any, None]":
    late = [900, lines("+CSQ: 11,99", "OK", "+CMEE: 1", "OK")]
    script = [(b"AT+COPS?\r", b""), (b"AT+CMEE?\r", late), (b"AT+COPS?\r", [250, lines("+COPS: 0", "OK")])]
    m = face.start("BC25", script)
    with raises(QuectelTimeout):
        yield m.command("AT+COPS?", timeout_ms=100)
    assert 100 <= face.clock.passed <= 110 + _SLACK_MS
    assert (yield m.command("AT+COPS?")) == ["+COPS: 0"]


@both
def test_limits_that_no_clock_can_tell_are_refused(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([])
    m = face.modem
    for seconds in (1 << 29, 500_001, -1, -0.0001):
        with raises(ValueError):
            s.settimeout(seconds)
    for limit_ms in (1 << 29, 1 << 30, 500_000_001, 0, -5):
        with raises(ValueError):
            yield m.command("AT", timeout_ms=limit_ms)
    with raises(ValueError):
        yield m.connect("apn", timeout_ms=1 << 30)
    with raises(TypeError):
        yield m.command("AT", timeout_ms=1.5)
    s.settimeout(0.0001)  # a time limit, too short for anything, and not non-blocking
    with raises(QuectelTimeout):
        yield s.recv(1)
    s.settimeout(500_000)


@both
def test_an_answer_that_waits_in_the_uart_is_in_time(face: "Face") -> "Generator[Any, Any, None]":
    """Whoever has not looked for a second finds the answer, and not its deadline."""
    s = face.opened([(READ_0, [400, payload(b"x" * 512)]), (READ_0, [400, payload(b"y")]), (READ_0, EMPTY)])
    s.settimeout(0)
    face.uart.say(RECV_0)
    for _ in range(8):
        face.modem.poll()
        face.clock.now = (face.clock.now + 1000) & 0x3FFFFFFF
        face.clock.passed += 1000
    assert s.pending() == 513 and not face.modem.stats.timeouts
    s.settimeout(1)
    assert (yield s.read(513)) == b"x" * 512 + b"y"
