"""Half-open links on both faces, and a send whose result does not come: what the peer has acknowledged tells."""

from errno import ETIMEDOUT

from cutting import SERVER
from faces import both
from kit import raises, rows
from living import live
from quectel import QuectelError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face

ASK = b"AT+QISEND=0,0"


def start(face: "Face", family: str = "BG96") -> "Any":
    modem = live(face, family)
    face.clock.step = 200
    return modem


@rows("R153")
@both
def test_a_peer_that_is_gone_fails_who_waits_for_it(face: "Face") -> "Generator[Any, Any, None]":
    for family in ("BG96", "EC200U"):
        m = start(face, family)
        sock = yield m.create_connection(SERVER)
        face.uart.links[0].echoes = False
        face.uart.unacked = 6
        yield sock.sendall(b"record")
        begun = face.clock.passed
        with raises(QuectelError) as caught:
            yield sock.recv(10)
        assert caught.value.errno == ETIMEDOUT and "acknowledge" in str(caught.value)
        assert 115_000 <= face.clock.passed - begun <= 130_000
        assert face.uart.commands.count(ASK) <= 26
        yield sock.close()
        assert not face.uart.links


@both
def test_a_peer_that_acknowledges_is_asked_after_once(face: "Face") -> "Generator[Any, Any, None]":
    m = start(face)
    sock = yield m.create_connection(SERVER)
    face.uart.links[0].echoes = False
    yield sock.sendall(b"record")
    sock.settimeout(100)
    with raises(OSError):
        yield sock.recv(10)
    assert face.uart.commands.count(ASK) == 1
    face.uart.links[0].echoes = True
    yield sock.sendall(b"record")
    assert (yield sock.read(6)) == b"record"


@both
def test_the_time_is_the_callers(face: "Face") -> "Generator[Any, Any, None]":
    m = start(face)
    assert m.ack_timeout_ms == 120_000
    wrong: "tuple[Any, ...]" = (-1, 4999, 86_400_001)
    for value in wrong:
        with raises(ValueError):
            m.ack_timeout_ms = value
    m.ack_timeout_ms = 20_000
    sock = yield m.create_connection(SERVER)
    face.uart.links[0].echoes = False
    face.uart.unacked = 1
    yield sock.sendall(b"record")
    begun = face.clock.passed
    with raises(QuectelError):
        yield sock.recv(10)
    assert 20_000 <= face.clock.passed - begun <= 27_000
    yield sock.close()
    m.ack_timeout_ms = 0
    asked = face.uart.commands.count(ASK)
    sock = yield m.create_connection(SERVER)
    face.uart.links[0].echoes = False
    yield sock.sendall(b"record")
    sock.settimeout(300)
    with raises(OSError):
        yield sock.recv(10)
    assert face.uart.commands.count(ASK) == asked and sock.state == 2


@both
def test_a_result_that_does_not_come_is_asked_for(face: "Face") -> "Generator[Any, Any, None]":
    """The module has taken the part: nothing is sent twice, and the stream goes on."""
    m = start(face)
    sock = yield m.create_connection(SERVER)
    say, face.uart.say = face.uart.say, lambda data, at, n, cid: None if b"SEND OK" in data else say(data, at, n, cid)
    yield sock.sendall(b"one ")
    face.uart.say = say
    yield sock.sendall(b"two ")
    assert (yield sock.read(8)) == b"one two "
    assert face.uart.links[0].taken == b"one two " and face.clock.passed >= 120_000
