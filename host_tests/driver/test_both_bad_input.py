"""What cannot work is refused with words, before a byte is sent, and the next good call works: tables of bad input."""

from errno import EOPNOTSUPP

from faces import both
from kit import raises, rows
from quectel import AF_INET6, SOCK_DGRAM, QuectelError, TLSContext
from refusing import OPENED, UDP_0, words_of
from scripted import lines
from steps import CLOSE_0, OPENED_0, SENT, SERVER, sending

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face

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


@rows("R105", "R112", "R295")
@both
def test_sockets_that_do_not_exist(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [OPENED_0])
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
    m = face.start("BC25", [OPENED_0, CLOSE_0, UDP_0] + sending(b"x", SENT))
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
    m = face.start("BC25", [OPENED_0])
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
