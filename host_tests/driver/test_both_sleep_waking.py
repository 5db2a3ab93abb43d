"""Deep sleep ends: a call that needs the module wakes it, with the pin or without."""

from errno import EAGAIN, ECONNRESET, ENODEV

from faces import both
from kit import raises, rows
from quectel import PUSH, SOCK_DGRAM, QuectelError, QuectelTimeout
from quectel.network import ASLEEP, ONLINE
from quectel.procedure import try_ask
from scripted import lines
from sleeping import ALLOWED, ASLEEP_URC, AWAKE_URC, LOST, UDP_0, UDP_STATE, kept, start, udp_asleep
from steps import NB_PINS, NB_TAIL, OPENED_0, PREPARED, READY, SENT, SERVER, SYNC, met, said, sending

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face


@rows("R219", "R426")
@both
def test_commands_and_procedures_wake_the_module(face: "Face") -> "Generator[Any, Any, None]":
    script = ALLOWED + kept() + [said("AT+CSQ", "+CSQ: 17,99")] + ALLOWED + kept() + [OPENED_0] + ALLOWED + kept()
    m, pins = start(face, script + [said("AT+QISWTMD=0,1")])
    yield m.sleep("deep")
    face.uart.say(ASLEEP_URC)
    yield face.settle()
    assert (yield m.command("AT+CSQ")) == ["+CSQ: 17,99"]
    yield m.sleep("deep")
    face.uart.say(ASLEEP_URC)
    yield face.settle()
    with raises(ValueError):
        yield m.create_connection(("h", 0))
    with raises(ValueError):
        yield m.command("AT+X\r")
    assert pins.levels() == [0, 1]
    s = yield m.create_connection(SERVER)
    m.engine.may_sleep = False
    yield m.sleep("deep")  # and the module does not fall asleep
    m.engine.table.at(0).kind = s._slot.kind
    pins.urc = b""
    with raises(ValueError):
        yield s.set_mode(2)
    with raises(QuectelError):  # its connection is gone: QISTATE shows none
        yield s.set_mode(PUSH)
    assert pins.levels() == [0, 1] * 3
    face.uart.heard = b""
    face.uart._at = len(face.uart.script)


@rows("R219")
@both
def test_without_a_pin(face: "Face") -> "Generator[Any, Any, None]":
    """A module that has not fallen asleep yet needs none; one that has been woken by somebody else neither."""
    m = face.start("BC25", [UDP_0] + ALLOWED + kept(UDP_STATE) + ALLOWED + kept(UDP_STATE) + sending(b"x", SENT))
    s = m.socket(SOCK_DGRAM)
    yield s.connect(SERVER)
    yield m.sleep("deep")
    yield m.wake()
    yield m.sleep("deep")
    face.uart.say(ASLEEP_URC)
    yield face.settle()
    before = face.uart.wrote
    for call in (m.wake, lambda: s.send(b"x"), lambda: m.command("AT"), lambda: m.create_connection(SERVER)):
        with raises(QuectelError) as caught:
            yield call()
        assert caught.value.errno == ENODEV and "psm_eint" in caught.value.text
    assert face.uart.wrote == before and m.status() == ASLEEP
    face.uart.say(AWAKE_URC)
    yield face.settle()
    assert face.uart.wrote == before
    yield s.send(b"x")


@rows("R219", "R426")
@both
def test_a_module_that_does_not_wake(face: "Face") -> "Generator[Any, Any, None]":
    """Three pulls, then an error; then nothing is sent any more, and the next call tries again."""
    dead = [LOST] + [(SYNC[0], b"")] * 5
    m, pins = start(face, [UDP_0] + ALLOWED + dead + dead[1:] * 2 + [LOST, SYNC] + kept(UDP_STATE), urc=b"")
    yield from udp_asleep(face, m)
    with raises(QuectelError) as caught:
        yield m.wake()
    assert caught.value.errno == ENODEV and pins.levels() == [0, 1] * 3
    before = face.uart.wrote
    assert m.engine.due(m.engine.now) < 0
    yield face.settle()
    assert face.uart.wrote == before
    yield m.wake()
    assert pins.levels() == [0, 1] * 4


@rows("R219")
@both
def test_a_time_limit_ends_the_call_and_not_the_waking(face: "Face") -> "Generator[Any, Any, None]":
    script = [UDP_0] + ALLOWED + [LOST, (SYNC[0], [500, SYNC[1]])] + kept(UDP_STATE) + sending(b"x", SENT)
    m, pins = start(face, script)
    s = yield from udp_asleep(face, m)
    s.settimeout(0.05)
    before = face.clock.passed
    with raises(QuectelTimeout):
        yield s.send(b"x")
    assert face.clock.passed - before < 100
    s.settimeout(5)
    yield s.send(b"x")
    assert pins.levels() == [0, 1]


@rows("R219")
@both
def test_a_non_blocking_send_wakes_in_the_background(face: "Face") -> "Generator[Any, Any, None]":
    m, pins = start(face, [UDP_0] + ALLOWED + kept(UDP_STATE) + sending(b"x", SENT))
    s = yield from udp_asleep(face, m)
    s.settimeout(0)
    with raises(QuectelError) as caught:
        yield s.send(b"x")
    assert caught.value.errno == EAGAIN
    assert not hasattr(s, "ioctl") or not s.ioctl(3, 4)  # who polls does not try at once again
    for _ in range(20):
        yield face.settle()
    assert pins.levels() == [0, 1]
    assert (yield s.send(b"x")) == 1
    yield face.settle()


@rows("R219")
@both
def test_it_falls_asleep_again_before_the_first_at(face: "Face") -> "Generator[Any, Any, None]":
    """It was about to when the line was pulled, which then had no effect."""
    m, pins = start(face, [UDP_0] + ALLOWED + [(b"AT\r", ASLEEP_URC)] + kept(UDP_STATE), urc=b"")
    s = m.socket(SOCK_DGRAM)
    yield s.connect(SERVER)
    yield m.sleep("deep")
    yield m.wake()
    assert pins.levels() == [0, 1, 0, 1] and s.id == 0


@rows("R219", "R306")
@both
def test_a_restart_while_it_is_woken(face: "Face") -> "Generator[Any, Any, None]":
    script = [UDP_0] + ALLOWED + [(b"AT\r", lines("RDY"))] + kept()
    m, _ = start(face, script + PREPARED + [OPENED_0])
    s = yield from udp_asleep(face, m)
    yield m.wake()
    assert s.id == -1 and m.stats.epochs == 1
    yield m.create_connection(SERVER)


@rows("R219", "R222")
@both
def test_sleep_that_the_callers_own_command_has_allowed(face: "Face") -> "Generator[Any, Any, None]":
    """As the document shows it: then the wake-up is the caller's, too, and the URCs reach who watches for them."""
    seen: "list[bytes]" = []
    m, pins = start(face, [OPENED_0, said("AT+QSCLK=1"), said("AT+QSCLK=0")])
    m.on_urc("+QAT", seen.append)
    s = yield m.create_connection(SERVER)
    yield m.command("AT+QSCLK=1")
    face.uart.say(ASLEEP_URC)
    yield face.settle()
    assert m.status() == ASLEEP
    with raises(QuectelError) as caught:
        yield s.send(b"x")
    assert caught.value.errno == ECONNRESET
    face.uart.say(AWAKE_URC)
    yield face.settle()
    assert m.status() == ONLINE and seen == [b"+QATSLEEP", b"+QATWAKEUP"]
    yield m.command("AT+QSCLK=0")
    assert pins.levels() == []


@rows("R219", "R224", "R426")
@both
def test_a_module_that_an_earlier_program_has_left_asleep(face: "Face") -> "Generator[Any, Any, None]":
    """The line is pulled before the first AT, which may be lost; sleep is off before a socket is opened."""
    pins = NB_PINS[:-1] + [said("AT+QSCLK?", "+QSCLK: 1"), said("AT+QSCLK=0")]
    m, board = start(face, [LOST, SYNC] + met("BC25") + pins + [said("AT+QISTATE?"), OPENED_0], prepared=False)
    yield m.create_connection(SERVER)
    assert board.levels() == [0, 1]
    m, board = start(face, PREPARED + [READY] + NB_TAIL, prepared=False, urc=b"")
    yield m.connect()
    assert board.levels() == [0, 1] and m.isconnected()


@rows("R219")
@both
def test_without_a_pin_it_falls_asleep_again(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", ALLOWED + [(b"AT\r", ASLEEP_URC)])
    yield m.sleep("deep")
    with raises(QuectelError) as caught:
        yield m.wake()
    assert caught.value.errno == ENODEV and face.clock.passed < 1000


@rows("R388", "R426")
@both
def test_echo_behind_a_wake_up_is_no_restart(face: "Face") -> "Generator[Any, Any, None]":
    script = [UDP_0] + ALLOWED + [(b"AT\r", b"AT\r\r\nOK\r\n")] + kept(UDP_STATE)[1:]
    m, _ = start(face, script)
    s = m.socket(SOCK_DGRAM)
    yield s.connect(SERVER)
    m.engine.echo_off = True
    yield m.sleep("deep")
    yield m.wake()
    assert m.stats.epochs == 0 and s.id == 0 and m.engine.echo_off


@rows("R219")
@both
def test_a_procedure_that_nobody_wakes_for(face: "Face") -> "Generator[Any, Any, None]":
    m, _ = start(face, [])
    face.uart.say(ASLEEP_URC)
    yield face.settle()
    steps = try_ask(m.engine, b"AT")
    next(steps)
    with raises(QuectelError) as caught:
        next(steps)
    assert caught.value.errno == ENODEV and face.uart.wrote == b""
