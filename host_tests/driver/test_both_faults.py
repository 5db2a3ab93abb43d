"""What goes wrong on the wire while sockets receive: loss, silence, too much, too late, echo."""

from errno import EIO, ETIMEDOUT

from faces import both
from kit import raises, rows
from quectel import QuectelError
from scripted import OK
from steps import CLOSE_0, EMPTY, PROMPT, READ_0, RECV_0, RECV_1, SENT, SYNC, payload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face


@rows("R166", "R441")
@both
def test_a_lost_byte_fails_its_socket_only(face: "Face") -> "Generator[Any, Any, None]":
    damaged = b"\r\n+QIRD: 10\r\n123456789\r\n" + OK
    read_1 = b"AT+QIRD=1,512\r"
    script = [(READ_0, damaged), SYNC, (read_1, payload(b"fine")), (read_1, EMPTY), CLOSE_0]
    s = face.opened(script)
    t = face.modem.socket()
    face.modem.engine.table.bind(t._slot, 1)
    t._slot.state = s._slot.state
    face.uart.say(RECV_0)
    with raises(QuectelError) as caught:
        yield s.recv(20)
    assert caught.value.errno == EIO and face.modem.stats.framing == 1
    face.uart.say(RECV_1)
    assert (yield t.read(4)) == b"fine"
    yield face.settle()
    yield s.close()


@rows("R166")
@both
def test_a_payload_that_stands_still_is_given_up(face: "Face") -> "Generator[Any, Any, None]":
    script = [(READ_0, [b"\r\n+QIRD: 10\r\n12345", 3000, b"67890\r\n" + OK]), SYNC, CLOSE_0]
    s = face.opened(script)
    face.uart.say(RECV_0)
    with raises(QuectelError) as caught:
        yield s.recv(20)
    assert caught.value.errno == EIO and 1000 <= face.clock.passed < 1500
    yield face.settle()
    yield s.close()


@rows("R166")
@both
def test_a_payload_may_pause_for_less_than_a_second(face: "Face") -> "Generator[Any, Any, None]":
    script = [(READ_0, [b"\r\n+QIRD: 10\r\n12345", 700, b"678", 700, b"90\r\n" + OK]), (READ_0, EMPTY)]
    s = face.opened(script)
    face.uart.say(RECV_0)
    assert (yield s.read(10)) == b"1234567890"
    yield face.settle()


@rows("R166")
@both
def test_more_than_was_asked_for_is_refused(face: "Face") -> "Generator[Any, Any, None]":
    script = [(READ_0, b"\r\n+QIRD: 600\r\n" + b"x" * 600 + b"\r\n" + OK), SYNC, CLOSE_0]
    s = face.opened(script)
    face.uart.say(RECV_0)
    with raises(QuectelError) as caught:
        yield s.recv(20)
    assert caught.value.errno == EIO and face.modem.stats.framing >= 1
    yield s.close()


@rows("R108", "R021")
@both
def test_a_read_without_an_answer(face: "Face") -> "Generator[Any, Any, None]":
    """Whether the module took the bytes out of its buffer is unknown: the socket must not go on as if nothing was."""
    s = face.opened([(READ_0, b""), SYNC, CLOSE_0])
    face.uart.say(RECV_0)
    with raises(QuectelError) as caught:
        yield s.recv(10)
    assert caught.value.errno in (EIO, ETIMEDOUT)
    yield s.close()


@rows("R108", "R021")
@both
def test_a_late_answer_to_a_read_is_no_payload_of_anybody(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(READ_0, b""), (SYNC[0], payload(b"late data") + SYNC[1]), CLOSE_0])
    face.uart.say(RECV_0)
    with raises(QuectelError):
        yield s.recv(10)
    yield s.close()


@rows("R388")
@both
def test_echo_does_no_harm(face: "Face") -> "Generator[Any, Any, None]":
    read = [(READ_0, READ_0 + b"\r\n" + payload(b"data")), (READ_0, READ_0 + b"\r\n" + EMPTY)]
    s = face.opened(read + [(b"AT+QISEND=0,5\r", b"AT+QISEND=0,5\r" + PROMPT), (b"hello", b"hello\r\n" + SENT)], size=1)
    face.uart.say(RECV_0)
    assert (yield s.read(4)) == b"data"
    yield face.settle()
    assert (yield s.send(b"hello")) == 5
