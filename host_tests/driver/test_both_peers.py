"""UDP SERVICE of the LTE families: one socket, many peers, on both faces."""

from errno import EADDRINUSE, EAGAIN, ECONNRESET, EHOSTUNREACH, ENOTCONN, EOPNOTSUPP

from faces import both
from kit import raises
from quectel import PUSH, SOCK_DGRAM, QuectelError, QuectelTimeout
from quectel.table import AF_INET6
from scripted import ERROR, OK, lines
from steps import EMPTY, SERVER, said, why

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face

LTE = ("BG96", "EC200U")
OPENED = lines("OK", "+QIOPEN: 0,0")
OPEN = b'AT+QIOPEN=1,0,"UDP SERVICE","127.0.0.1",0,5000,0\r'
OPEN_FREE = b'AT+QIOPEN=1,0,"UDP SERVICE","127.0.0.1",0,49152,0\r'
OPEN_PUSH = b'AT+QIOPEN=1,0,"UDP SERVICE","127.0.0.1",0,5000,1\r'
CLOSE = (b"AT+QICLOSE=0,10\r", OK)
READ = b"AT+QIRD=0,1500\r"
RECV = lines('+QIURC: "recv",0')
ONE, TWO = ("10.0.0.9", 90), ("192.168.100.200", 65535)
SIZES = (0, 1, 2, 3, 7, 19)  # bytes that one read gives


def to(data: bytes, peer: "tuple[str, int]", cid: int = 0) -> "list[Any]":
    """One datagram to a peer."""
    line = b'AT+QISEND=%d,%d,"%s",%d\r' % (cid, len(data), peer[0].encode(), peer[1])
    return [(line, b"\r\n> "), (data, lines("SEND OK"))]


def of(data: bytes, peer: "tuple[str, int]") -> bytes:
    """The answer to a read that finds one."""
    return b'\r\n+QIRD: %d,"%s",%d\r\n' % (len(data), peer[0].encode(), peer[1]) + data + b"\r\n" + OK


def pushed(data: bytes, peer: "tuple[str, int]") -> bytes:
    return b'\r\n+QIURC: "recv",0,%d,"%s",%d\r\n' % (len(data), peer[0].encode(), peer[1]) + data + b"\r\n"


@both
def test_many_peers(face: "Face") -> "Generator[Any, Any, None]":
    """What is sent has the address of its peer, what is received tells it, at every size of a read."""
    for family in LTE:
        for size in SIZES:
            reads = [(READ, of(b"a\r\nOK\r\n", TWO)), (READ, of(b'+QIRD: 9,"x",1', ONE)), (READ, EMPTY)]
            script = [(OPEN, OPENED)] + to(b"one", ONE) + to(b"two", TWO) + to(b"three", ONE) + reads
            m = face.start(family, script + [CLOSE], size=size)
            s = m.socket(SOCK_DGRAM)
            s.bind(("", 5000))
            assert (yield s.sendto(b"one", ONE)) == 3
            assert (yield s.sendto(b"two", TWO)) == 3
            assert (yield s.sendto(b"three", ONE)) == 5
            face.uart.say(RECV)
            assert (yield s.recvfrom(100)) == (b"a\r\nOK\r\n", TWO)
            assert (yield s.recvfrom(5)) == (b"+QIRD", ONE)  # the rest of a datagram is dropped
            yield face.settle()
            assert m.stats.dgram_cut == 1 and not m.stats.framing
            yield s.close()
            face.check()


@both
def test_pushed_datagrams(face: "Face") -> "Generator[Any, Any, None]":
    for size in SIZES:
        m = face.start("EC200U", [(OPEN_PUSH, OPENED)] + to(b"x", ONE), size=size)
        s = m.socket(SOCK_DGRAM, mode=PUSH)
        s.bind(("", 5000))
        yield s.sendto(b"x", ONE)
        face.uart.say(pushed(b"a" * 1000, TWO) + pushed(b"\r\n+QIURC: ", ONE))
        assert (yield s.recvfrom(2000)) == (b"a" * 1000, TWO)
        assert (yield s.recvfrom(100)) == (b"\r\n+QIURC: ", ONE)
        assert not m.stats.framing and not m.stats.rx_lost
        face.check()


@both
def test_the_data_behind_the_header(face: "Face") -> "Generator[Any, Any, None]":
    """View mode 1, which the caller has chosen by a command of his own."""
    view = said('AT+QICFG="viewmode",1')
    read = b'\r\n+QIRD: 3,"10.0.0.9",90,a,b\r\n' + OK
    push = b'\r\n+QIURC: "recv",0,3,"192.168.100.200",65535,c,d\r\n'
    for size in SIZES:
        m = face.start("EC200U", [view, (OPEN, OPENED), (READ, read), (READ, EMPTY)], size=size)
        yield m.command('AT+QICFG="viewmode",1')
        s = m.socket(SOCK_DGRAM)
        s.bind(("", 5000))
        s.settimeout(0)
        with raises(OSError):
            yield s.recvfrom(9)
        yield face.settle()
        face.uart.say(RECV)
        s.settimeout(None)
        assert (yield s.recvfrom(9)) == (b"a,b", ONE)
        yield face.settle()
        face.check()
        m = face.start("EC200U", [view, (OPEN_PUSH, OPENED)], size=size)
        yield m.command('AT+QICFG="viewmode",1')
        s = m.socket(SOCK_DGRAM, mode=PUSH)
        s.bind(("", 5000))
        s.settimeout(0)
        with raises(OSError):
            yield s.recvfrom(9)
        yield face.settle()
        face.uart.say(push)
        s.settimeout(None)
        assert (yield s.recvfrom(9)) == (b"c,d", TWO)
        face.check()


@both
def test_who_only_listens(face: "Face") -> "Generator[Any, Any, None]":
    """The first call that receives opens the bound port."""
    m = face.start("BG96", [(OPEN, OPENED + RECV), (READ, of(b"hi", ONE)), (READ, EMPTY)] + to(b"ho", ONE))
    s = m.socket(SOCK_DGRAM)
    s.bind(("", 5000))
    data, peer = yield s.recvfrom(100)
    assert (data, peer) == (b"hi", ONE)
    yield face.settle()
    yield s.sendto(b"ho", peer)
    s.settimeout(1)
    with raises(QuectelTimeout):
        yield s.recvfrom(1)
    t = m.socket(SOCK_DGRAM)
    with raises(QuectelError) as caught:
        yield t.recvfrom(1)  # no port, and nobody was sent anything
    assert caught.value.errno == ENOTCONN and "bind()" in caught.value.text


@both
def test_a_port_of_its_own(face: "Face") -> "Generator[Any, Any, None]":
    """Each service that has no port takes one from 49152 on, and no port twice while it is in use."""
    two = b'AT+QIOPEN=1,1,"UDP SERVICE","127.0.0.1",0,49153,0\r'
    three = b'AT+QIOPEN=1,0,"UDP SERVICE","127.0.0.1",0,49152,0\r'
    script = [(OPEN_FREE, OPENED)] + to(b"a", ONE) + [(two, lines("OK", "+QIOPEN: 1,0"))] + to(b"b", ONE, 1)
    four = b'AT+QIOPEN=1,2,"UDP SERVICE","127.0.0.1",0,49154,0\r'
    last = [(four, lines("OK", "+QIOPEN: 2,0"))] + to(b"d", ONE, 2)
    m = face.start("BG96", script + [CLOSE, (three, OPENED)] + to(b"c", TWO) + last)
    s, t = m.socket(SOCK_DGRAM), m.socket(SOCK_DGRAM)
    yield s.sendto(b"a", ONE)
    yield t.sendto(b"b", ONE)
    yield s.close()
    u = m.socket(SOCK_DGRAM)
    m.engine.port = 65535
    yield u.sendto(b"c", TWO)
    yield m.socket(SOCK_DGRAM).sendto(b"d", ONE)  # 49153 is in use


@both
def test_a_service_looks_a_name_up(face: "Face") -> "Generator[Any, Any, None]":
    """The module sends to addresses only: it is asked for that of a name, once for datagrams in a row."""
    found = lines("OK", '+QIURC: "dnsgip",0,1,600', '+QIURC: "dnsgip","10.0.0.9"')
    dns = b'AT+QIDNSGIP=1,"a.example"\r'
    script = [(OPEN, OPENED), (dns, found)] + to(b"1", ONE) + to(b"2", ONE) + to(b"3", TWO) + [(dns, found)]
    m = face.start("EC200U", script + to(b"4", ONE) + [(dns, lines("OK", '+QIURC: "dnsgip",565'))] + to(b"6", TWO))
    s = m.socket(SOCK_DGRAM)
    s.bind(("", 5000))
    for data, host in ((b"1", "a.example"), (b"2", "a.example"), (b"3", TWO[0]), (b"4", "a.example")):
        yield s.sendto(data, (host, TWO[1] if host == TWO[0] else 90))
    with raises(QuectelError) as caught:
        yield s.sendto(b"5", ("a.example", 91))
    assert caught.value.errno == EHOSTUNREACH
    assert (yield s.sendto(b"6", TWO)) == 1


@both
def test_a_service_that_does_not_block(face: "Face") -> "Generator[Any, Any, None]":
    """EAGAIN until it is open; a datagram that waits keeps its peer when the next one is refused."""
    slow = [lines("OK"), 300, lines("+QIOPEN: 0,0")]
    other = b'AT+QIOPEN=1,1,"TCP","10.0.0.1",80,0,0\r'
    script = [(OPEN, slow), (other, [300, lines("OK", "+QIOPEN: 1,0")])] + to(b"one", ONE) + to(b"two", TWO)
    m = face.start("BG96", script)
    s, t = m.socket(SOCK_DGRAM), m.socket()
    s.bind(("", 5000))
    s.settimeout(0)
    t.settimeout(0)
    for _ in range(3):
        with raises(QuectelError) as caught:
            yield s.sendto(b"one", ONE)
        assert caught.value.errno == EAGAIN
    yield face.settle()
    with raises(OSError):
        yield t.connect(SERVER)  # its command is in flight for a while
    assert (yield s.sendto(b"one", ONE)) == 3
    for _ in range(3):
        with raises(QuectelError) as caught:
            yield s.sendto(b"two", TWO)  # the one before has not gone out
        assert caught.value.errno == EAGAIN
    s.settimeout(None)
    assert (yield s.sendto(b"two", TWO)) == 3


@both
def test_from_service_to_client_and_back(face: "Face") -> "Generator[Any, Any, None]":
    """connect() gives it one peer and closes the service; send() goes to the peer of the last sendto()."""
    client = b'AT+QIOPEN=1,0,"UDP","10.0.0.1",80,5000,0\r'
    send = [(b"AT+QISEND=0,1\r", b"\r\n> "), (b"c", lines("SEND OK"))]
    script = [(OPEN, OPENED)] + to(b"a", ONE) + to(b"b", ONE) + [CLOSE, (client, OPENED)] + send
    s = face.start("BG96", script).socket(SOCK_DGRAM)
    s.bind(("", 5000))
    with raises(QuectelError) as caught:
        yield s.send(b"x")
    assert caught.value.errno == ENOTCONN
    yield s.sendto(b"a", ONE)
    yield s.send(b"b")
    yield s.connect(SERVER)
    yield s.sendto(b"c", SERVER)


@both
def test_one_that_cannot_be_opened(face: "Face") -> "Generator[Any, Any, None]":
    """The error is told by who opens it; the next sendto() tries again."""
    refused = [(OPEN, ERROR), why(574), CLOSE]
    m = face.start("BG96", refused + refused + [(OPEN, OPENED)] + to(b"a", ONE))
    for only_hears in (True, False):
        s = m.socket(SOCK_DGRAM)
        s.bind(("", 5000))
        with raises(QuectelError) as caught:
            yield s.recvfrom(1) if only_hears else s.sendto(b"x", ONE)
        assert caught.value.errno == EADDRINUSE and caught.value.code == 574
    yield s.sendto(b"a", ONE)


@both
def test_a_context_that_goes_down(face: "Face") -> "Generator[Any, Any, None]":
    """Who receives is told; the next sendto() opens it again."""
    m = face.start("BG96", [(OPEN, OPENED)] + to(b"a", ONE) + [(OPEN, OPENED)] + to(b"b", ONE))
    s = m.socket(SOCK_DGRAM)
    s.bind(("", 5000))
    yield s.sendto(b"a", ONE)
    face.uart.say(lines('+QIURC: "pdpdeact",1'))
    with raises(QuectelError) as caught:
        yield s.recvfrom(1)
    assert caught.value.errno == ECONNRESET
    yield s.sendto(b"b", ONE)


@both
def test_headers_that_are_damaged(face: "Face") -> "Generator[Any, Any, None]":
    """A datagram whose peer is not told whole goes to nobody."""
    for head in (b'3,"10.0.0.9"', b"3", b'3,"10.0.0.9",', b'3,"10.0.0.9",90,1', b'3,"10.0.0.9",x'):
        m = face.start("BG96", [(OPEN, OPENED), (READ, b"\r\n+QIRD: " + head + b"\r\nabc\r\n" + OK)])
        m.engine.table.slots[0].ring.clear()
        s = m.socket(SOCK_DGRAM)
        s.bind(("", 5000))
        s.settimeout(0)
        with raises(OSError):
            yield s.recvfrom(9)
        face.clock.step = 50
        while not s.state:
            yield face.settle()
        face.uart.say(RECV)
        s.settimeout(2)
        with raises(OSError):
            yield s.recvfrom(9)
        assert m.stats.framing == 1
        m.engine.table.slots[0].gen += 1  # nothing more is sent for it


@both
def test_a_datagram_is_sent_with_its_peer_in_any_form(face: "Face") -> "Generator[Any, Any, None]":
    """The command for hex digits has no place for an address: it goes out behind a prompt."""
    s = face.start("BG96", [(OPEN, OPENED)] + to(b"x", ONE)).socket(SOCK_DGRAM)
    s.bind(("", 5000))
    s.set_send_form("hex")
    yield s.sendto(b"x", ONE)


@both
def test_room_for_a_datagram_and_its_peer(face: "Face") -> "Generator[Any, Any, None]":
    """It is read when both fit, at their longest; a pushed one that does not fit is lost and counted, whole."""
    near = ("1.2.3.4", 9)
    reads = [(READ, of(b"a", near)), (READ, of(b"b" * 1500, TWO)), (READ, EMPTY)]
    m = face.start("BG96", [(OPEN, OPENED)] + to(b"x", ONE) + reads, rx_ring=1530)
    s = m.socket(SOCK_DGRAM)
    s.bind(("", 5000))
    yield s.sendto(b"x", ONE)
    face.uart.say(RECV)
    yield face.settle()
    assert face.uart.wrote.count(READ) == 1  # one byte and its peer are in the way of the longest
    assert (yield s.recvfrom(2000)) == (b"a", near)
    assert (yield s.recvfrom(2000)) == (b"b" * 1500, TWO)
    yield face.settle()
    face.check()
    m = face.start("BG96", [(OPEN_PUSH, OPENED)] + to(b"x", ONE), rx_ring=1521)
    s = m.socket(SOCK_DGRAM, mode=PUSH)
    s.bind(("", 5000))
    yield s.sendto(b"x", ONE)
    face.uart.say(pushed(b"a" * 1000, ONE) + pushed(b"b" * 495, TWO) + pushed(b"c" * 10, TWO))
    yield face.settle()
    assert (yield s.recvfrom(2000)) == (b"a" * 1000, ONE)
    assert (yield s.recvfrom(2000)) == (b"c" * 10, TWO)
    assert m.stats.rx_lost == 495 and not m.stats.framing


@both
def test_wrong_use_of_a_service(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("EC200U", [], rx_ring=1520)
    s = m.socket(SOCK_DGRAM)
    with raises(ValueError) as caught:
        yield s.sendto(b"x", ONE)
    assert "1521" in str(caught.value)  # a datagram and its peer
    m = face.start("EC200U", [(OPEN, OPENED)] + to(b"x", ONE))
    s = m.socket(SOCK_DGRAM)
    s.bind(("", 5000))
    for peer in (("10.0.0.9", 0), ('a"b', 1), ("", 1), ("10.0.0.9", 65536)):
        with raises(ValueError):
            yield s.sendto(b"x", peer)
    with raises(ValueError):
        yield s.sendto(b"x" * 1461, ONE)
    assert face.uart.wrote == b""
    yield s.sendto(b"x", ONE)
    with raises(QuectelError) as error:
        yield s.unacked()
    assert error.value.errno == EOPNOTSUPP


@both
def test_a_service_of_ipv6(face: "Face") -> "Generator[Any, Any, None]":
    """EC200U has contexts of IPv6; its commands take the address as it is."""
    peer = ("2001:db8:ffff:ffff:ffff:ffff:255.255.255.255", 65535)
    stream = b'AT+QIOPEN=1,1,"TCP","2001:db8::1",80,0,0\r'
    reads = [(READ, of(b"hi", peer)), (READ, EMPTY), (stream, lines("OK", "+QIOPEN: 1,0"))]
    m = face.start("EC200U", [(OPEN, OPENED)] + to(b"x", peer) + reads, rx_ring=1551)
    s = m.socket(SOCK_DGRAM, af=AF_INET6)
    s.bind(("", 5000))
    with raises(ValueError):
        yield s.sendto(b"x", ONE)  # of the other kind
    yield s.sendto(b"x", peer)
    face.uart.say(RECV)
    assert (yield s.recvfrom(9)) == (b"hi", peer)
    yield face.settle()
    t = m.socket(af=AF_INET6)
    yield t.connect(("2001:db8::1", 80))
    with raises(QuectelError) as caught:
        face.start("BG96", []).socket(af=AF_INET6)
    assert caught.value.errno == EOPNOTSUPP


# --- what a TCP peer has acknowledged -----------------------------------------------------------------------------


@both
def test_unacknowledged_bytes(face: "Face") -> "Generator[Any, Any, None]":
    counts = b"AT+QISEND=0,0\r"
    for family in LTE:
        script = [(counts, lines("+QISEND: 1000,400,600", "OK")), (counts, lines("+QISEND: 1000,1000,0", "OK"))]
        s = face.opened(script + [(counts, OK), (counts, ERROR), why(567)], family)
        assert (yield s.unacked()) == 600
        assert (yield s.unacked()) == 0
        with raises(QuectelError):
            yield s.unacked()
        with raises(QuectelError) as caught:
            yield s.unacked()
        assert caught.value.errno == ENOTCONN
        face.check()


@both
def test_what_was_accepted_is_counted(face: "Face") -> "Generator[Any, Any, None]":
    """The question goes out behind the part that waits for another command to end."""
    other = (b'AT+QIOPEN=1,1,"TCP","10.0.0.1",80,0,0\r', [300, lines("OK", "+QIOPEN: 1,0")])
    send = [other, (b"AT+QISEND=0,1\r", [200, b"\r\n> "]), (b"x", [200, lines("SEND OK")])]
    s = face.opened(send + [(b"AT+QISEND=0,0\r", lines("+QISEND: 1,0,1", "OK"))], "BG96")
    t = face.modem.socket()
    t.settimeout(0)
    with raises(OSError):
        yield t.connect(SERVER)
    face.modem.poll()
    assert s._engine.try_send(s._slot, s._gen, b"x", 0, 1) == 1
    assert (yield s.unacked()) == 1


@both
def test_sockets_that_count_nothing(face: "Face") -> "Generator[Any, Any, None]":
    with raises(QuectelError) as caught:
        yield face.opened([], "BC25").unacked()
    assert caught.value.errno == EOPNOTSUPP
    with raises(QuectelError) as caught:
        yield face.start("BG96", []).socket().unacked()
    assert caught.value.errno == ENOTCONN
