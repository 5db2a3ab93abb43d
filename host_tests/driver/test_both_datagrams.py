"""Datagram sockets: what was sent as one piece arrives as one."""

from errno import EAGAIN

from faces import both
from kit import raises, rows
from quectel import SOCK_DGRAM
from quectel.errors import QuectelTimeout
from scripted import OK, lines
from steps import CLOSE_0, EMPTY, READ_0, RECV_0, SENT, SERVER, payload, sending

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face


@rows("R112", "R166")
@both
def test_datagrams_are_kept_apart(face: "Face") -> "Generator[Any, Any, None]":
    opening = b'AT+QIOPEN=1,0,"UDP","10.0.0.1",80,5000,0,0\r'
    reads = [(READ_0, payload(b"AAAA")), (READ_0, payload(b"BBB")), (READ_0, payload(b"CC")), (READ_0, EMPTY)]
    m = face.start("BC25", [(opening, lines("OK", "+QIOPEN: 0,0"))] + sending(b"ping", SENT) + reads + [CLOSE_0])
    s = m.socket(SOCK_DGRAM)
    s.bind(("", 5000))
    assert (yield s.sendto(b"ping", SERVER)) == 4
    face.uart.say(RECV_0)
    assert (yield s.recv(2)) == b"AA"  # the rest of a datagram is dropped
    assert m.stats.dgram_cut == 1
    assert (yield s.recvfrom(100)) == (b"BBB", SERVER)
    assert (yield s.recv(100)) == b"CC"
    yield face.settle()
    with raises(ValueError):
        yield s.sendto(b"x" * 513, SERVER)
    yield s.close()


@rows("R112", "R166")
@both
def test_a_datagram_is_read_when_there_is_room_for_the_longest(face: "Face") -> "Generator[Any, Any, None]":
    """A datagram that is read in part would be cut."""
    opening = b'AT+QIOPEN=1,0,"UDP","10.0.0.1",80,0,0,0\r'
    script = [(opening, lines("OK", "+QIOPEN: 0,0"))]
    script += [(READ_0, payload(b"A" * 300)), (READ_0, payload(b"B" * 512)), (READ_0, EMPTY)]
    m = face.start("BC25", script, rx_ring=514)
    s = m.socket(SOCK_DGRAM)
    yield s.connect(SERVER)
    face.uart.say(RECV_0)
    yield face.settle()
    assert face.uart.wrote.count(READ_0) == 1
    assert (yield s.recv(600)) == b"A" * 300
    assert (yield s.recv(600)) == b"B" * 512
    yield face.settle()


@rows("R112", "R166")
@both
def test_a_ring_that_holds_no_datagram_is_refused(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [], rx_ring=513)
    with raises(ValueError):
        m.socket(SOCK_DGRAM)
    m.socket()
    yield face.settle()


@rows("R112")
@both
def test_a_datagram_to_another_peer_reopens(face: "Face") -> "Generator[Any, Any, None]":
    one = b'AT+QIOPEN=1,0,"UDP","10.0.0.1",80,0,0,0\r'
    two = b'AT+QIOPEN=1,0,"UDP","10.0.0.9",90,0,0,0\r'
    opened = lines("OK", "+QIOPEN: 0,0")
    script = [(one, opened)] + sending(b"a", SENT) + [CLOSE_0, (two, opened)] + sending(b"b", SENT)
    s = face.start("BC25", script).socket(SOCK_DGRAM)
    yield s.sendto(b"a", SERVER)
    yield s.sendto(b"b", ("10.0.0.9", 90))


@rows("R112", "R292")
@both
def test_another_peer_is_waited_for_no_longer_than_a_call_may_last(face: "Face") -> "Generator[Any, Any, None]":
    """What went to the peer before still waits for its result: two minutes, if need be."""
    one = b'AT+QIOPEN=1,0,"UDP","10.0.0.1",80,0,0,0\r'
    two = b'AT+QIOPEN=1,0,"UDP","10.0.0.9",90,0,0,0\r'
    opened = lines("OK", "+QIOPEN: 0,0")
    script = [(one, opened)] + sending(b"a", OK) + [CLOSE_0, (two, opened)] + sending(b"b", SENT)
    s = face.start("BC25", script).socket(SOCK_DGRAM)
    s.settimeout(0.5)
    yield s.sendto(b"a", SERVER)
    before = face.clock.passed
    with raises(QuectelTimeout):
        yield s.sendto(b"b", ("10.0.0.9", 90))
    assert face.clock.passed - before < 600
    s.settimeout(0)
    with raises(OSError) as caught:
        yield s.sendto(b"b", ("10.0.0.9", 90))
    assert caught.value.errno == EAGAIN
    face.uart.say(lines("SEND OK"))
    yield face.settle()
    s.settimeout(1)
    assert (yield s.sendto(b"b", ("10.0.0.9", 90))) == 1
