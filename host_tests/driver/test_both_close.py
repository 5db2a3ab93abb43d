"""Sockets end: closed by the host, or lost with the module's restart or its PDP context."""

from errno import ECONNRESET, EIO, ENOTCONN

from faces import both
from kit import raises, rows
from quectel import QuectelError
from quectel.table import FREE
from scripted import OK, lines
from steps import CLOSE_0, OPEN_0, PREPARED, PROMPT, READ_0, RECV_0, SERVER, SYNC, sending

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
    s = face.opened([(CLOSE_0[0], b""), SYNC])
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
    script = [(READ_0, b"\r\n+QIRD: 400\r\nabc"), (SYNC[0], [500, lines("RDY")]), SYNC] + PREPARED
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
