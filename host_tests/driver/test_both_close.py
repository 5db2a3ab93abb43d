"""Sockets end: closed by the host, or lost with the module's restart or its PDP context."""

from errno import EADDRINUSE, ECONNRESET, EINPROGRESS, EIO, ENOTCONN

from faces import both
from kit import raises, rows
from quectel import QuectelError
from quectel.table import FREE
from scripted import ERROR, OK, lines
from steps import (
    CLOSE_0,
    CLOSE_1,
    CLOSED_0,
    EMPTY,
    NB_PINS,
    OPEN_0,
    OPEN_1,
    PREPARED,
    PROMPT,
    READ_0,
    RECV_0,
    SERVER,
    SYNC,
    SYNC_2,
    met,
    payload,
    said,
    sending,
    why,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face


@rows("R132", "R293")
@both
def test_close_is_awaited(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(CLOSE_0[0], [OK, 9000, lines("CLOSE OK")])])
    yield s.close()
    assert face.clock.passed >= 9000 and s._slot.state == FREE and s.id == -1
    yield s.close()
    with raises(QuectelError) as caught:
        yield s.recv(1)
    assert caught.value.errno == ENOTCONN
    with raises(QuectelError):
        yield s.send(b"x")


@rows("R132", "R293")
@both
def test_close_sends_what_was_accepted(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened(sending(b"last", [OK, 700, lines("SEND OK")]) + [CLOSE_0])
    s.settimeout(0)
    assert (yield s.send(b"last")) == 4
    yield s.close()


@rows("R132", "R133")
@both
def test_close_without_an_answer(face: "Face") -> "Generator[Any, Any, None]":
    """It is sent once more; a module that had heard it says ERROR."""
    s = face.opened([(CLOSE_0[0], b""), SYNC, (CLOSE_0[0], b"\r\nERROR\r\n")])
    yield s.close()
    assert s._slot.state == FREE and face.modem.stats.timeouts == 1
    yield face.settle()


@rows("R024", "R306")
@both
def test_a_restart_resets_every_connection(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened(PREPARED + [(OPEN_0, lines("OK", "+QIOPEN: 0,0"))])
    face.uart.say(b"\x00\xff\xfe\r\nRDY\r\n")
    with raises(QuectelError) as caught:
        yield s.recv(5)
    assert caught.value.errno == ECONNRESET and face.modem.stats.epochs == 1
    with raises(QuectelError):
        yield s.send(b"x")
    yield s.close()
    t = yield face.modem.create_connection(SERVER)
    assert t.id == 0


@rows("R024", "R306")
@both
def test_a_restart_in_mid_send(face: "Face") -> "Generator[Any, Any, None]":
    script = (
        [(b"AT+QISEND=0,5\r", PROMPT), (b"hello", lines("RDY"))] + PREPARED + [(OPEN_0, lines("OK", "+QIOPEN: 0,0"))]
    )
    s = face.opened(script)
    with raises(QuectelError) as caught:
        yield s.send(b"hello")
    assert caught.value.errno == ECONNRESET
    yield s.close()
    yield face.modem.create_connection(SERVER)


@rows("R024", "R306")
@both
def test_a_restart_in_mid_read(face: "Face") -> "Generator[Any, Any, None]":
    """The rest of the payload never comes, and what asks for an answer gets none while the module boots."""
    script = [(READ_0, b"\r\n+QIRD: 400\r\nabc"), (SYNC[0], [500, lines("RDY")]), SYNC_2] + PREPARED
    s = face.opened(script + [(OPEN_0, lines("OK", "+QIOPEN: 0,0"))])
    face.uart.say(RECV_0)
    with raises(QuectelError) as caught:
        yield s.read(400)
    assert caught.value.errno == EIO
    yield s.close()
    yield face.modem.create_connection(SERVER)
    assert face.modem.stats.epochs == 1


@rows("R212")
@both
def test_pdpdeact_resets_every_connection(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([])
    face.uart.say(lines('+QIURC: "pdpdeact",1'))
    with raises(QuectelError) as caught:
        yield s.recv(5)
    assert caught.value.errno == ECONNRESET
    yield s.close()


def closed_while_it_opens(face: "Face", answer: "Any", wait: bool) -> "Generator[Any, Any, None]":
    """Its id is closed at the module; the other sockets of its PDP context stay, and so does the context."""
    other = face.opened([(OPEN_1, answer), CLOSE_1] + sending(b"still there", lines("OK", "SEND OK")))
    s = face.modem.socket()
    s.settimeout(0)
    with raises(QuectelError) as caught:
        yield s.connect(SERVER)
    assert caught.value.errno == EINPROGRESS
    if wait:
        yield face.settle()
        assert s.state == 1
    yield s.close()
    yield face.settle()
    assert s._slot.state == FREE and not face.modem.engine.pdp_lost
    yield other.sendall(b"still there")


@rows("R113", "R132")
@both
def test_closed_before_the_open_is_accepted(face: "Face") -> "Generator[Any, Any, None]":
    yield from closed_while_it_opens(face, [50, OK], False)


@rows("R113", "R132")
@both
def test_closed_before_the_open_has_a_result(face: "Face") -> "Generator[Any, Any, None]":
    yield from closed_while_it_opens(face, OK, True)


# --- half-closed: the rest is read, then QICLOSE, and CLOSE OK is awaited ------------------------------------------


def half_closed(face: "Face", family: str, read: bytes) -> "Generator[Any, Any, None]":
    """What the module still holds comes before the end of the stream, in parts; then it is closed, not before."""
    parts = [(read, payload(b"a" * 300)), (read, payload(b"b" * 40)), (read, EMPTY)]
    close = (CLOSE_0[0], [OK, 9000, lines("CLOSE OK")])
    m = face.start(family, [(OPEN_0, lines("OK", "+QIOPEN: 0,0"))] + parts + [close])
    s = yield m.create_connection(SERVER)
    face.uart.say(RECV_0 + CLOSED_0)
    assert (yield s.read(340)) == b"a" * 300 + b"b" * 40
    assert (yield s.recv(10)) == b"" and (yield s.read()) == b""
    yield face.settle()
    assert s.state == 3 and not face.uart.wrote.endswith(CLOSE_0[0])  # closing is the host's business
    with raises(QuectelError) as caught:
        yield s.send(b"bye")
    assert caught.value.errno == ECONNRESET
    before = face.clock.passed
    yield s.close()
    assert face.clock.passed - before >= 9000 and s._slot.state == FREE and s.state == 0


@rows("R132", "R133", "R174", "R212", "R394")
@both
def test_half_closed_on_bc25(face: "Face") -> "Generator[Any, Any, None]":
    yield from half_closed(face, "BC25", READ_0)


@rows("R132", "R133", "R174", "R212", "R394")
@both
def test_half_closed_on_bc65(face: "Face") -> "Generator[Any, Any, None]":
    yield from half_closed(face, "BC65", b"AT+QIRD=0,1024\r")


@rows("R174", "R212", "R394")
@both
def test_closed_with_nothing_left(face: "Face") -> "Generator[Any, Any, None]":
    """One read tells so; the id is free only behind the close (R132)."""
    script = [(OPEN_0, lines("OK", "+QIOPEN: 0,0")), (READ_0, EMPTY), CLOSE_0, (OPEN_0, lines("OK", "+QIOPEN: 0,0"))]
    m = face.start("BC25", script)
    s = yield m.create_connection(SERVER)
    face.uart.say(CLOSED_0)
    assert (yield s.recv(10)) == b""
    assert m.engine.table.free_id() == 1
    yield s.close()
    assert (yield m.create_connection(SERVER)).id == 0


@rows("R174", "R212")
@both
def test_closed_by_the_host_while_data_are_left(face: "Face") -> "Generator[Any, Any, None]":
    """close() does not read what nobody wants."""
    m = face.start("BC25", [(OPEN_0, lines("OK", "+QIOPEN: 0,0")), CLOSE_0])
    s = yield m.create_connection(SERVER)
    m.engine.close(s._slot, s._gen)
    face.uart.say(RECV_0 + CLOSED_0)
    yield s.close()
    yield face.settle()
    assert s._slot.state == FREE


# --- after a restart of the microcontroller ------------------------------------------------------------------------


def left_over(face: "Face", family: str) -> "Generator[Any, Any, None]":
    """What the driver before it had open is closed, whatever it was, and then the ids are free."""
    states = (
        '+QISTATE: 0,"TCP","10.0.0.9",80,0,2,1,1',
        '+QISTATE: 1,"TCP LISTENER","10.0.0.2",0,2020,2,1,0',
        '+QISTATE: 5,"UDP","10.0.0.9",90,0,2,1,0',
    )
    script = met(family) + NB_PINS + [said("AT+QISTATE?", *states), (CLOSE_0[0], ERROR), CLOSE_1]
    script += [(b"AT+QICLOSE=5\r", [OK, 5000, lines("CLOSE OK")]), (OPEN_0, lines("OK", "+QIOPEN: 0,0"))]
    m = face.start(family, script, prepared=False)
    face.uart.say(RECV_0)
    s = yield m.create_connection(SERVER)
    assert s.id == 0 and m.stats.opens == 1


@rows("R136", "R139", "R271")
@both
def test_left_overs_are_closed_on_bc25(face: "Face") -> "Generator[Any, Any, None]":
    yield from left_over(face, "BC25")


@rows("R136", "R139", "R271")
@both
def test_left_overs_are_closed_on_bc65(face: "Face") -> "Generator[Any, Any, None]":
    yield from left_over(face, "BC65")


@rows("R130", "R207", "R271")
@both
def test_an_open_is_repeated_once(face: "Face") -> "Generator[Any, Any, None]":
    """563 as an ERROR with its reason, and a second one is the caller's."""
    used = lines("OK", "+QIOPEN: 0,563")
    script = [(OPEN_0, ERROR), why(563), CLOSE_0, (OPEN_0, lines("OK", "+QIOPEN: 0,0")), CLOSE_0]
    m = face.start("BC65", script + [(OPEN_0, used), CLOSE_0, (OPEN_0, used), CLOSE_0])
    s = yield m.create_connection(SERVER)
    yield s.close()
    with raises(QuectelError) as caught:
        yield m.create_connection(SERVER)
    assert (caught.value.errno, caught.value.code) == (EADDRINUSE, 563)
    yield face.settle()
    assert m.engine.table.free_id() == 0
