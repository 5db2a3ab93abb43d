"""Calls that a socket cannot carry out as it is: closed, not connected, listening, or on a port that is taken."""

from errno import EADDRINUSE, ENOTCONN, EOPNOTSUPP

from faces import both
from kit import raises, rows
from quectel import PUSH, SOCK_DGRAM, QuectelError
from refusing import LISTEN_0, OPENED, UDP_0, words_of
from scripted import ERROR, lines
from steps import CLOSE_0, OPEN_0, OPENED_0, SENT, SERVER, sending, why

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face


@rows("R132")
@both
def test_every_call_of_a_closed_socket(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [OPENED_0, CLOSE_0, OPENED_0])
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
    m = face.start("BC25", [OPENED_0])
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
    m = face.start("BC25", [OPENED_0] + sending(b"x", SENT))
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
