"""An answer at the very moment of its deadline ends in a result or a time-out, and the next command is in step."""

from errno import EIO, ETIMEDOUT

import kit
from kit import cases, raises, rows
from lateness import ANSWERS
from quectel._compat import LONGEST_MS
from quectel.command import DONE, ON_OK, TIMEOUT
from quectel.errors import QuectelError, QuectelTimeout
from quectel.opening import bind_id, open_socket
from quectel.procedure import try_ask
from quectel.table import FAILED, FREE, OPEN, REFUSED, SENT
from racing import READ_FIRST, TICK_FIRST, Racer
from wires import NO_DATA, Rig, answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

PAYLOAD = b"one\r\nAT+CFUN=0\r\n> OK\r\n" * 3
DELTAS = (-1, 0, 1)
ORDERS = (READ_FIRST, TICK_FIRST)


class Scene:
    """One command on its way, whose answer will race. held: see Racer."""

    held = b""

    def __init__(self, family: str, now: int) -> None:
        self.rig = Rig(family, now=now)
        self.engine = self.rig.engine
        self.slot = self.rig.open(0)
        self.other = self.rig.open(1)
        self.module = Racer(self.rig, self.held, family.startswith("BC"))
        self.begin()
        for _ in range(30):
            self.module.work()
            if self.module.silent:
                return
            self.module.rig.step(1)
        raise AssertionError("the command did not go out", self.module.heard)

    def begin(self) -> None:
        """Start the command."""

    def ended(self) -> bool:
        """True when it has a result."""
        return True

    def check(self) -> None:
        """Its result is its own, or a time-out."""

    def lost(self) -> bool:
        """True if the deadline was first."""
        return self.rig.stat("timeouts") > 0


class Plain(Scene):
    held = b"AT+ONE"

    def begin(self) -> None:
        self.lines: "list[bytes]" = []
        assert self.engine.start(b"AT+ONE", b"+ONE:", ON_OK, 300, None, self.lines)

        self.result = 0

    def ended(self) -> bool:
        if not self.result and self.engine.cmd.result:
            self.result = self.engine.cmd.result
            self.engine.release()
        return self.result != 0

    def check(self) -> None:
        assert (self.result, self.lines) == (DONE, [b"+ONE: 1"]) or self.result == TIMEOUT, (self.result, self.lines)


class Read(Scene):
    held = b"AT+QIRD=0"

    def begin(self) -> None:
        self.module.answers = {b"AT+QIRD=0": [b"\r\n+QIRD: 9\r\na\r\nOK\r\nb>\r\n\r\nOK\r\n", NO_DATA]}
        self.rig.feed(b'\r\n+QIURC: "recv",0\r\n')

    def ended(self) -> bool:
        return not self.slot.more and not self.slot.asked

    def check(self) -> None:
        got = self.rig.recv(self.slot)
        assert got == b"a\r\nOK\r\nb>" or (got == -1 and (self.slot.state, self.slot.err) == (FAILED, EIO)), got


class Prompt(Scene):
    held = b"AT+QISEND=0"

    def begin(self) -> None:
        assert self.rig.send(self.slot, PAYLOAD) == len(PAYLOAD)

    def ended(self) -> bool:
        return self.engine.settled(self.slot)

    def check(self) -> None:
        slot = self.slot
        assert slot.sending == SENT or (slot.sending, slot.state, slot.err) == (REFUSED, FAILED, ETIMEDOUT)
        assert self.module.payloads in ([PAYLOAD], []), self.module.payloads
        assert slot.sending == REFUSED or self.module.payloads == [PAYLOAD]


class Result(Prompt):
    """What comes behind the payload: OK and SEND OK, or SEND OK."""

    held = b"payload"


class LateResult(Prompt):
    """SEND OK alone, two minutes behind its OK."""

    held = b"SEND OK"

    def lost(self) -> bool:
        return self.slot.state == FAILED


class Close(Scene):
    held = b"AT+QICLOSE=0"

    def begin(self) -> None:
        self.engine.close(self.slot, self.slot.gen)

    def ended(self) -> bool:
        return self.slot.state == FREE

    def check(self) -> None:
        assert self.slot.state == FREE and self.slot.cid < 0


class Blame(Scene):
    held = b"AT+QIGETERROR"

    def begin(self) -> None:
        self.module.answers = {
            b"AT+QIRD=0": [b"\r\nERROR\r\n"],
            b"AT+QIGETERROR": [b"\r\n+QIGETERROR: 567,socket has been closed\r\n\r\nOK\r\n"],
        }
        self.rig.feed(b'\r\n+QIURC: "recv",0\r\n')

    def ended(self) -> bool:
        return self.engine.blame.index < 0

    def check(self) -> None:
        assert self.slot.state == FAILED and self.slot.code in (567, 0)


class Steps(Scene):
    """A procedure; steps() makes it, result() and error tell how it ended."""

    def begin(self) -> None:
        self.error: "OSError | None" = None
        self.answer: "Any" = None
        self.steps = self.make()
        self.over = False
        self._go()

    def make(self) -> "Any":
        raise NotImplementedError

    def _go(self) -> None:
        try:
            if not self.over:
                next(self.steps)
        except StopIteration as end:
            self.over = True
            self.answer = end.value
        except OSError as error:
            self.over = True
            self.error = error

    def ended(self) -> bool:
        self._go()
        return self.over

    def check(self) -> None:
        assert self.over and (self.error is None or isinstance(self.error, QuectelTimeout)), self.error


class Connect(Steps):
    """CONNECT of a file's upload: late, it still gets the file."""

    held = b"AT+QFUPL="

    def make(self) -> "Any":
        return try_ask(self.engine, b'AT+QFUPL="x",%d,5' % len(PAYLOAD), b"+QFUPL:", ON_OK, 5000, PAYLOAD)

    def check(self) -> None:
        Steps.check(self)
        assert self.module.payloads == [PAYLOAD]
        assert self.error or self.answer.lines == [b"+QFUPL: %d,0" % len(PAYLOAD)]


class Uploaded(Connect):
    held = b"payload"


class Open(Steps):
    """The OK of an open. Whatever goes wrong, the id is closed."""

    held = b"AT+QIOPEN="
    reply = b"\r\nOK\r\n\r\n+QIOPEN: 2,0\r\n"

    def make(self) -> "Any":
        slot = self.engine.table.take()
        assert slot is not None
        slot.dialect = self.slot.dialect
        bind_id(self.engine, slot)
        self.third = slot
        self.gen = slot.gen
        self.module.answers = {b"AT+QIOPEN=": [self.reply]}
        line = b'AT+QIOPEN=1,2,"TCP","10.0.0.1",80,0,0'
        return open_socket(self.engine, slot, slot.gen, lambda s: line, "10.0.0.1", QuectelError)

    def ended(self) -> bool:
        return Steps.ended(self) and (self.error is None or self.third.state == FREE)

    def check(self) -> None:
        Steps.check(self)
        if self.error is None:
            assert self.third.state == OPEN and self.third.cid == 2
        else:
            assert self.third.state == FREE and self.module.heard[-1].startswith(b"AT+QICLOSE=2"), self.module.heard


SCENES: "tuple[type[Scene], ...]" = (Plain, Read, Prompt, Result, LateResult, Close, Blame, Connect, Uploaded, Open)


NB_ONLY = (LateResult,)


def next_commands(scene: Scene) -> None:
    """Behind the trouble a command, a read and a send get their own answers."""
    rig, module = scene.rig, scene.module
    scene.engine.release()
    lines: "list[bytes]" = []
    for _ in range(100):
        if scene.engine.start(b"AT+TWO", b"+TWO:", ON_OK, 300, None, lines):
            break
        rig.step(1)
        module.work()
    module.work()
    assert (scene.engine.cmd.result, lines) == (DONE, [b"+TWO: 2"]), (scene.engine.cmd.result, lines, module.heard)
    scene.engine.release()
    module.answers = {b"AT+QIRD=1": [answer(b"xyz"), NO_DATA]}
    rig.feed(b'\r\n+QIURC: "recv",1\r\n')
    module.work()
    assert rig.recv(scene.other) == b"xyz"
    module.answers = {}
    n = len(module.payloads)
    assert rig.send(scene.other, b"more") == 4
    module.work()
    assert module.payloads[n:] == [b"more"] and scene.other.sending == SENT


def race(kind: "type[Scene]", family: str, delta: int, share: int, order: int, now: int) -> bool:
    """One race; True if it was lost."""
    scene = kind(family, now)
    scene.module.race(delta, len(scene.module.kept) * share // 4, order)
    scene.module.settle(scene.ended)
    scene.check()
    next_commands(scene)
    return scene.lost()


@rows("R021", "R022")
@cases("BC25", "BG96")
def test_an_answer_at_its_deadline(family: str) -> None:
    for kind in SCENES:
        if kind in NB_ONLY and not family.startswith("BC"):
            continue
        lost = won = 0
        for now in (1000, (1 << 30) - 400, (1 << 30) - 100_000):
            for delta in DELTAS:
                for share in range(5):
                    for order in ORDERS:
                        if race(kind, family, delta, share, order, now):
                            lost += 1
                        else:
                            won += 1
                        kit.count("deadline races")
        assert lost and won, (kind, lost, won)


# --- data entries ------------------------------------------------------------------------------------------------


def late_entry(held: bytes, late: int, start: "Callable[[Rig], None]") -> "tuple[Racer, Rig]":
    """The prompt of the command that start() types comes `late` ms behind its deadline."""
    rig = Rig("BG96")
    module = Racer(rig, held, False)
    start(rig)
    module.work()
    rig.step(rig.engine.due(rig.now))
    rig.engine.release()
    step = 0
    while step < late:
        ms = min(500, late - step)
        module.heard_later(rig.step(ms))
        step += ms
    module.let()
    return module, rig


@rows("R319")
@cases(0, 1, 700, 2500, 4900)
def test_a_late_connect_gets_its_file(late: int) -> None:
    """Also CONNECT, not only a prompt: half a file would have the right name."""

    def start(rig: Rig) -> None:
        assert rig.engine.start(b'AT+QFUPL="x",%d,5' % len(PAYLOAD), b"+QFUPL:", ON_OK, 5000, PAYLOAD)

    module, rig = late_entry(b"AT+QFUPL=", late, start)
    module.settle(lambda: True)
    assert module.payloads == [PAYLOAD] and not rig.engine.resync and rig.stat("timeouts") == 1
    assert module.heard[-1] == b"AT+CMEE?" and len(module.heard) == 2, module.heard


@rows("R406")
@cases(5001, 5900, 7300, 12_000)
def test_an_entry_that_opens_behind_a_query_gets_no_payload(late: int) -> None:
    """The queries are in it already, so that the end of the payload would be typed as commands. It is filled."""
    for held in (b"AT+QFUPL=", b"AT+QISEND="):

        def start(rig: Rig, held: bytes = held) -> None:
            if held == b"AT+QISEND=":
                assert rig.send(rig.open(), PAYLOAD) == len(PAYLOAD)
            else:
                assert rig.engine.start(b'AT+QFUPL="x",%d,5' % len(PAYLOAD), b"+QFUPL:", ON_OK, 5000, PAYLOAD)

        module, rig = late_entry(held, late, start)
        module.settle(lambda: True)
        assert len(module.payloads) == 1 and b"CFUN" not in module.payloads[0], module.payloads
        assert not [one for one in module.heard[1:] if one not in ANSWERS], module.heard
        assert not rig.engine.resync


def test_a_payload_that_went_out_is_not_waited_for_again() -> None:
    rig = Rig()
    assert rig.engine.start(b'AT+QFUPL="x",4,5', b"+QFUPL:", ON_OK, 5000, b"file")
    rig.asked(b'AT+QFUPL="x",4,5', b"\r\nCONNECT\r\n")
    assert rig.take() == b"file" and rig.step(rig.engine.due(rig.now)) == b""
    rig.engine.release()
    rig.asked(b"AT+CMEE?")


# --- limits ------------------------------------------------------------------------------------------------------


def test_a_limit_that_the_clock_cannot_tell_is_refused() -> None:
    rig = Rig()
    for limit_ms in (LONGEST_MS + 1, 1 << 29, 1 << 30, -1):
        with raises(ValueError) as caught:
            next(try_ask(rig.engine, b"AT", limit_ms=limit_ms))
        assert "limit_ms" in str(caught.value) and str(LONGEST_MS) in str(caught.value)
    rig.quiet()
    steps = try_ask(rig.engine, b"AT", limit_ms=LONGEST_MS)
    next(steps)
    assert rig.take() == b"AT\r" and LONGEST_MS <= rig.engine.due(rig.now) < 1 << 29
    steps.close()


def test_a_uart_that_takes_nothing_leaves_nobody_waiting_for_ever() -> None:
    rig = Rig()
    rig.ask(b"AT+X")
    for _ in range(40):
        rig.engine.tick(rig.now)
        rig.engine.release()
        rig.now += max(rig.engine.due(rig.now), 1)
    assert rig.engine.silent and rig.engine.ntx == 5
    written = rig.take()
    assert written == b"AT+X\r" and rig.take() == b"AT+CMEE?\r"
    rig.feed(b"\r\nOK\r\n\r\n+CMEE: 1\r\n\r\nOK\r\n")
    assert not rig.engine.silent and rig.engine.start(b"AT+Y")


def test_a_payload_that_trickles_is_given_up() -> None:
    """It never stands still for a second, and would keep everybody waiting for half an hour."""
    rig = Rig()
    slot = rig.open()
    rig.feed(b'\r\n+QIURC: "recv",0\r\n')
    rig.asked(b"AT+QIRD=0,512", b"\r\n+QIRD: 512\r\n")
    seconds = 0
    while slot.state == OPEN and seconds < 100:
        rig.step(900)
        rig.feed(b"x")
        seconds += 1
    assert 60 <= seconds < 80 and (slot.state, slot.err) == (FAILED, EIO)
