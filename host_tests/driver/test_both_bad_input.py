"""What cannot work is refused with words, before a byte is sent, and the next good call works: tables of bad input."""

from errno import EADDRINUSE, ENOTCONN, EOPNOTSUPP

from faces import both
from kit import raises, rows
from quectel import AF_INET6, PUSH, SOCK_DGRAM, QuectelError, TLSContext
from scripted import ERROR, lines
from steps import CLOSE_0, OPEN_0, SENT, SERVER, sending, why

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face

OPENED = lines("OK", "+QIOPEN: 0,0")
GOOD = (OPEN_0, OPENED)
UDP_0 = (b'AT+QIOPEN=1,0,"UDP","10.0.0.1",80,0,0,0\r', OPENED)
LISTEN_0 = (b'AT+QIOPEN=1,0,"TCP LISTENER","10.0.0.2",0,2020,0,0\r', OPENED)
HOST_50 = "a" * 38 + ".example.com"
EITHER = (ValueError, TypeError)

# (what is wrong, keywords of socket(), the exception, a word of it)
SOCKETS: "list[tuple[dict[str, Any], Any, str]]" = [
    ({"pdp": 0}, ValueError, "pdp"),
    ({"pdp": 4}, ValueError, "pdp"),
    ({"pdp": -1}, ValueError, "pdp"),
    ({"pdp": "1"}, TypeError, "pdp"),
    ({"pdp": None}, TypeError, "pdp"),
    ({"type": 3}, ValueError, "type"),
    ({"type": 0}, ValueError, "type"),
    ({"type": "TCP"}, ValueError, "type"),
    ({"mode": 2}, ValueError, "mode"),
    ({"mode": 3}, ValueError, "mode"),
    ({"mode": -1}, ValueError, "mode"),
    ({"mode": "push"}, ValueError, "mode"),
    ({"af": 3}, ValueError, "af"),
    ({"af": None}, ValueError, "af"),
    ({"tls": TLSContext(verify=False)}, QuectelError, "TLS"),
]

ADDRESSES: "list[tuple[Any, Any, str]]" = [
    (("", 80), ValueError, "empty"),
    ((None, 80), TypeError, "host"),
    ((b"10.0.0.1", 80), TypeError, "host"),
    ((7, 80), TypeError, "host"),
    (('a"b', 80), ValueError, "host"),
    (("a\rb", 80), ValueError, "host"),
    (("a\nb", 80), ValueError, "host"),
    (("a\0b", 80), ValueError, "host"),
    (("a\x1ab", 80), ValueError, "host"),
    (("a\x1bb", 80), ValueError, "host"),
    (("b\xfccher.example", 80), ValueError, "host"),
    (("10.0.0.1", 0), ValueError, "port"),
    (("10.0.0.1", 65536), ValueError, "port"),
    (("10.0.0.1", 70000), ValueError, "port"),
    (("10.0.0.1", -1), ValueError, "port"),
    (("10.0.0.1", "80"), TypeError, "port"),
    (("10.0.0.1", None), TypeError, "port"),
    (("10.0.0.1", 80.0), TypeError, "port"),
    (("10.0.0.1",), TypeError, "(host, port)"),
    ("10.0.0.1:80", TypeError, "(host, port)"),
    (None, TypeError, "(host, port)"),
    (("2001:db8::1", 80), ValueError, "AF_INET6"),
    (("a:b", 80), ValueError, "IPv6"),
    (("10.0.0.1:80", 80), ValueError, "IPv6"),
]

ADDRESSES_6: "list[tuple[Any, Any, str]]" = [
    (("10.0.0.1", 80), ValueError, "AF_INET"),
    (("fe80::1%eth0", 80), ValueError, "IPv6"),
    (("2001:db8::g", 80), ValueError, "IPv6"),
    (("1:2", 80), ValueError, "IPv6"),
    (("0000:" * 9 + "1", 80), ValueError, "IPv6"),
    (("[::1]", 80), ValueError, "IPv6"),
]


def words_of(error: "Any") -> str:
    """What the exception says to who reads it."""
    return str(error)


@rows("R105", "R112", "R295")
@both
def test_sockets_that_do_not_exist(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [GOOD])
    for how, kind, word in SOCKETS:
        with raises(kind) as caught:
            m.socket(**how)
        assert word in words_of(caught.value), (how, caught.value)
        with raises(kind):
            yield m.create_connection(SERVER, **how)
    assert face.uart.wrote == b"" and not any([slot.state for slot in m.engine.table.slots])
    with raises(QuectelError) as caught:
        m.socket(tls=TLSContext(verify=False))
    assert caught.value.errno == EOPNOTSUPP
    assert (yield m.create_connection(SERVER)).id == 0


def refused(face: "Face", m: "Any", table: "Any", **how: "Any") -> "Generator[Any, Any, None]":
    """Each of these addresses, by each call that takes one."""
    for address, kind, word in table:
        with raises(kind) as caught:
            yield m.create_connection(address, **how)
        assert word in words_of(caught.value), (address, caught.value)
        s = m.socket(**how)
        with raises(kind):
            yield s.connect(address)
        s.settimeout(0)
        with raises(kind):
            yield s.connect(address)
        yield s.close()
        s = m.socket(SOCK_DGRAM, **how)
        with raises(*EITHER):
            yield s.sendto(b"x", address)
        yield s.close()
    assert face.uart.wrote == b""


@rows("R112", "R116", "R117")
@both
def test_addresses_that_are_none(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [GOOD, CLOSE_0, UDP_0] + sending(b"x", SENT))
    yield from refused(face, m, ADDRESSES)
    s = yield m.create_connection(SERVER)
    yield s.close()
    assert (yield m.socket(SOCK_DGRAM).sendto(b"x", SERVER)) == 1


@rows("R112", "R114", "R115")
@both
def test_ipv6(face: "Face") -> "Generator[Any, Any, None]":
    """The last field is the socket's kind, for a name too; an address has the shorter time."""
    name = b'AT+QIOPEN=1,0,"TCP","six.example",80,0,0,1\r'
    udp = b'AT+QIOPEN=1,0,"UDP","2001:db8::1",80,0,0,1\r'
    mapped = b'AT+QIOPEN=1,0,"TCP","::ffff:10.0.0.1",80,0,0,1\r'
    listener = b'AT+QIOPEN=1,0,"TCP LISTENER","2001:db8::5",0,2020,0,1\r'
    script = [(name, OPENED), CLOSE_0, (udp, OPENED), CLOSE_0, (mapped, lines("OK")), CLOSE_0, (listener, OPENED)]
    m = face.start("BC25", script)
    yield from refused(face, m, ADDRESSES_6, af=AF_INET6)
    s = yield m.create_connection(("six.example", 80), af=AF_INET6)
    yield s.close()
    s = m.socket(SOCK_DGRAM, af=AF_INET6)
    yield s.connect(("2001:db8::1", 80, 0, 0))
    yield s.close()
    before = face.clock.passed
    with raises(QuectelError):
        yield m.create_connection(("::ffff:10.0.0.1", 80), af=AF_INET6)
    assert 36_000 <= face.clock.passed - before < 40_000
    yield face.settle()
    wrote = face.uart.wrote
    s = m.socket(af=AF_INET6)
    s.bind(("", 2020))
    with raises(ValueError):  # the module's own address is of the other kind
        yield s.listen()
    for bad in ("10.0.0.2", 'a"b', "fe80::z"):
        with raises(ValueError):
            s.bind((bad, 2020))
    assert face.uart.wrote == wrote
    s.bind(("2001:db8::5", 2020))
    yield s.listen()


@rows("R104", "R112")
@both
def test_ipv6_where_there_is_none(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BG96", [])
    with raises(QuectelError) as caught:
        m.socket(af=AF_INET6)
    assert caught.value.errno == EOPNOTSUPP
    with raises(ValueError):
        yield m.create_connection(("2001:db8::1", 80))
    assert face.uart.wrote == b""


@rows("R116")
@both
def test_the_longest_host(face: "Face") -> "Generator[Any, Any, None]":
    line = b'AT+QIOPEN=1,0,"TCP","%s",80,0,0,0\r' % HOST_50.encode()
    m = face.start("BC65", [(line, OPENED)])
    assert len(HOST_50) == 50
    with raises(ValueError) as caught:
        yield m.create_connection((HOST_50 + "x", 80))
    assert "50" in words_of(caught.value) and face.uart.wrote == b""
    assert (yield m.create_connection((HOST_50, 80))).id == 0


@rows("R112")
@both
def test_a_host_that_no_command_holds(face: "Face") -> "Generator[Any, Any, None]":
    """BC25 states no limit; the command buffer has one."""
    m = face.start("BC25", [GOOD])
    with raises(ValueError):
        yield m.create_connection(("a" * 400, 80))
    assert face.uart.wrote == b""
    assert (yield m.create_connection(SERVER)).id == 0


BAD_SENDS: "list[tuple[Any, Any]]" = [
    ("text", TypeError),
    (None, TypeError),
    (5, TypeError),
    ([1, 2], TypeError),
    ({}, TypeError),
]


@rows("R150", "R151")
@both
def test_what_is_no_bytes_is_not_sent(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened(sending(b"good", SENT))
    for data, kind in BAD_SENDS:
        for call in (s.send, s.sendall):
            with raises(kind):
                yield call(data)
        if data != "text":  # write() is also a text's, as on a stream of MicroPython
            with raises(kind):
                yield s.write(data)
    with raises(ValueError):
        yield s.sendto(b"x", SERVER)
    assert face.uart.wrote == b""
    assert (yield s.send(b"good")) == 4


@rows("R150", "R151")
@both
def test_a_datagram_that_is_too_long(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [UDP_0] + sending(b"x" * 512, SENT))
    s = m.socket(SOCK_DGRAM)
    for data in (b"x" * 513, b"x" * 70_000):
        with raises(ValueError) as caught:
            yield s.sendto(data, SERVER)
        assert "512" in words_of(caught.value)
    for data, kind in BAD_SENDS:
        with raises(kind):
            yield s.sendto(data, SERVER)
    assert face.uart.wrote == b""
    yield s.connect(SERVER)
    before = face.uart.wrote
    for call in (s.send, s.sendall, s.write, lambda data: s.sendto(data, SERVER)):
        with raises(ValueError):
            yield call(b"x" * 513)
    assert face.uart.wrote == before
    assert (yield s.sendto(b"x" * 512, SERVER)) == 512


@rows("R166")
@both
def test_sizes_that_are_none(face: "Face") -> "Generator[Any, Any, None]":
    """And nothing of what was received is lost."""
    s = face.opened([])
    s._slot.ring.put(b"data", 0, 4)
    s._slot.ring.commit()
    buf = bytearray(4)
    bad: "list[Any]" = [
        lambda: s.recv(-1),
        lambda: s.recvfrom(-7),
        lambda: s.recv_into(buf, -1),
        lambda: s.recv_into(buf, 5),
        lambda: s.readinto(buf, 5),
    ]
    for call in bad:
        with raises(ValueError):
            yield call()
    for call in (lambda: s.recv("4"), lambda: s.recv(None), lambda: s.recv_into(None), lambda: s.readinto(4)):
        with raises(TypeError):
            yield call()
    for call in (lambda: s.recv_into(b"1234"), lambda: s.recv_into("1234")):
        with raises(TypeError):
            yield call()
    for value in (-1, "1", float("inf"), 1e9):
        with raises(ValueError, TypeError, OverflowError):
            s.settimeout(value)
    assert face.uart.wrote == b""
    assert (yield s.recv(10)) == b"data"


@rows("R132")
@both
def test_every_call_of_a_closed_socket(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [GOOD, CLOSE_0, GOOD])
    s = yield m.create_connection(SERVER)
    yield s.close()
    before = face.uart.wrote
    buf = bytearray(4)
    calls: "list[Any]" = [
        lambda: s.connect(SERVER),
        lambda: s.bind(("", 5000)),
        s.listen,
        s.accept,
        lambda: s.send(b"x"),
        lambda: s.sendall(b"x"),
        lambda: s.write(b"x"),
        lambda: s.recv(1),
        lambda: s.recvfrom(1),
        lambda: s.recv_into(buf),
        lambda: s.read(1),
        s.read,
        lambda: s.readinto(buf),
        s.readline,
        lambda: s.set_mode(PUSH),
    ]
    for again in range(2):
        for i in range(len(calls)):
            with raises(QuectelError) as caught:
                yield calls[i]()
            assert caught.value.errno == ENOTCONN and caught.value.text, (again, i)
        if not again:
            t = m.socket()  # the slot has a new owner
            assert t._slot is s._slot
    assert (yield s.query_state()) == 0 and s.state == 0 and s.id == -1 and s.pending() == 0
    s.settimeout(1)
    yield s.close()
    assert face.uart.wrote == before
    yield t.connect(SERVER)
    assert t.id == 0


@both
def test_every_call_of_a_closed_datagram_socket(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [UDP_0] + sending(b"x", SENT) + [CLOSE_0])
    s = m.socket(SOCK_DGRAM)
    yield s.sendto(b"x", SERVER)
    yield s.close()
    before = face.uart.wrote
    for address in (SERVER, ("10.0.0.9", 80)):
        with raises(QuectelError) as caught:
            yield s.sendto(b"x", address)
        assert caught.value.errno == ENOTCONN
    assert face.uart.wrote == before


@rows("R124")
@both
def test_a_socket_that_is_not_connected(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [GOOD])
    s = m.socket()
    buf = bytearray(4)
    for call in (lambda: s.recv(1), lambda: s.recv_into(buf), lambda: s.read(1), s.readline, s.read):
        with raises(QuectelError) as caught:
            yield call()
        assert caught.value.errno == ENOTCONN
    for call in (lambda: s.send(b"x"), lambda: s.write(b"x"), lambda: s.set_mode(PUSH)):
        with raises(QuectelError) as caught:
            yield call()
        assert caught.value.errno == ENOTCONN
    s.settimeout(0)
    with raises(QuectelError) as caught:
        yield s.recv(1)
    assert caught.value.errno == ENOTCONN
    s.settimeout(None)
    d = m.socket(SOCK_DGRAM)
    d.bind(("", 5000))
    for call in (lambda: d.recv(1), lambda: d.recvfrom(1)):
        with raises(QuectelError) as caught:
            yield call()
        assert caught.value.errno == EOPNOTSUPP and "UDP SERVICE" in caught.value.text
    with raises(QuectelError):
        yield d.send(b"x")
    assert face.uart.wrote == b""
    yield s.connect(SERVER)


@rows("R112", "R118")
@both
def test_calls_of_a_connected_socket_that_make_no_sense(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [GOOD] + sending(b"x", SENT))
    s = yield m.create_connection(SERVER)
    before = face.uart.wrote
    for call in (
        lambda: s.connect(SERVER),
        s.listen,
        s.accept,
        lambda: s.bind(("", 5000)),
        lambda: s.set_mode(2),
        lambda: s.set_mode(-1),
        lambda: s.set_mode("push"),
        lambda: s.sendto(b"x", SERVER),
    ):
        with raises(ValueError) as caught:
            yield call()
        assert words_of(caught.value)
    s.settimeout(0)
    with raises(ValueError):
        yield s.connect(SERVER)
    s.settimeout(None)
    assert face.uart.wrote == before
    yield s.send(b"x")


@rows("R118", "R154")
@both
def test_listeners_that_are_none(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [LISTEN_0])
    s = m.socket()
    with raises(ValueError) as caught:
        yield s.listen()
    assert "bind" in words_of(caught.value)
    with raises(ValueError):
        yield s.accept()
    for address in (("", -1), ("", 65536), ("", 70000), ('a"b', 2020), ("a\rb", 2020), ("2001:db8::1", 2020)):
        with raises(ValueError):
            s.bind(address)
    bad: "list[Any]" = [("", "2020"), ("", None), (None, 2020), 2020, ("",)]
    for address in bad:
        with raises(TypeError):
            s.bind(address)
    with raises(ValueError):
        yield m.socket(SOCK_DGRAM).listen()
    assert face.uart.wrote == b""
    s.bind(("", 2020))
    yield s.listen()
    before = face.uart.wrote
    buf = bytearray(4)
    calls: "list[Any]" = [
        lambda: s.recv(1),
        lambda: s.recv_into(buf),
        lambda: s.read(1),
        lambda: s.send(b"x"),
        lambda: s.sendall(b"x"),
        lambda: s.set_mode(PUSH),
    ]
    for call in calls:
        with raises(QuectelError) as caught:
            yield call()
        assert caught.value.errno == ENOTCONN
    again: "list[Any]" = [s.listen, lambda: s.connect(SERVER), lambda: s.bind(("", 3030))]
    for one in again:
        with raises(ValueError):
            yield one()
    assert face.uart.wrote == before
    s.settimeout(0)
    with raises(QuectelError):
        yield s.accept()


@rows("R118", "R119", "R311")
@both
def test_a_local_port_is_one_sockets(face: "Face") -> "Generator[Any, Any, None]":
    client = b'AT+QIOPEN=1,0,"TCP","10.0.0.1",80,2020,0,0\r'
    m = face.start("BC25", [LISTEN_0, CLOSE_0, (client, OPENED), CLOSE_0, LISTEN_0])
    s = m.socket()
    s.bind(("", 2020))
    yield s.listen()
    before = face.uart.wrote
    others = [m.socket(), m.socket(SOCK_DGRAM)]
    for other in others:
        other.bind(("", 2020))
    calls: "list[Any]" = [others[0].listen, lambda: others[0].connect(SERVER), lambda: others[1].sendto(b"x", SERVER)]
    for call in calls:
        with raises(QuectelError) as caught:
            yield call()
        assert caught.value.errno == EADDRINUSE and "2020" in caught.value.text
    assert face.uart.wrote == before
    yield s.close()
    yield others[0].connect(SERVER)
    t = m.socket()
    t.bind(("", 2020))
    with raises(QuectelError):
        yield t.listen()
    yield others[0].close()
    yield t.listen()


@rows("R119")
@both
def test_a_port_that_is_being_given_back_is_waited_for(face: "Face") -> "Generator[Any, Any, None]":
    client = b'AT+QIOPEN=1,0,"TCP","10.0.0.1",80,2020,0,0\r'
    closing = [(CLOSE_0[0], [lines("OK"), 3000, lines("CLOSE OK")])]
    m = face.start("BC25", [LISTEN_0] + closing + [LISTEN_0] + closing + [(client, OPENED)])
    s = m.socket()
    s.bind(("", 2020))
    yield s.listen()
    m.engine.close(s._slot, s._gen)
    t = m.socket()
    t.bind(("", 2020))
    yield t.listen()
    assert face.clock.passed >= 3000 and t.id == 0
    m.engine.close(t._slot, t._gen)
    u = m.socket()
    u.bind(("", 2020))
    yield u.connect(SERVER)
    assert face.clock.passed >= 6000 and u.id == 0


@rows("R119", "R120", "R271", "R272", "R311")
@both
def test_the_module_says_that_a_port_is_in_use(face: "Face") -> "Generator[Any, Any, None]":
    """BC65 wants 120 s between two uses of a port, and BC25 says nothing of the kind."""
    line = b'AT+QIOPEN=1,0,"TCP","10.0.0.1",80,5000,0,0\r'
    for family, word in (("BC65", "120 s"), ("BC25", "5000")):
        for code in (556, 574):
            for answer in ([(line, lines("OK", "+QIOPEN: 0,%d" % code))], [(line, ERROR), why(code)]):
                m = face.start(family, answer + [(CLOSE_0[0], ERROR)])
                s = m.socket()
                s.bind(("", 5000))
                with raises(QuectelError) as caught:
                    yield s.connect(SERVER)
                assert (caught.value.errno, caught.value.code) == (EADDRINUSE, code)
                assert "5000" in caught.value.text and word in str(caught.value)
                assert ("120" in caught.value.text) == (family == "BC65")
                yield face.settle()
                face.check()
                if hasattr(m, "aclose"):
                    yield m.aclose()
    m = face.start("BC65", [(OPEN_0, lines("OK", "+QIOPEN: 0,556")), (CLOSE_0[0], ERROR)])
    with raises(QuectelError) as caught:
        yield m.create_connection(SERVER)
    assert "port" not in caught.value.text
    yield face.settle()
