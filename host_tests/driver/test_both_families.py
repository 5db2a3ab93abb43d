"""What the documents tell apart: limits, ids, states and forms of each family, on sockets."""

from errno import EADDRINUSE, ENOBUFS, ENOTCONN

from faces import both
from kit import raises, rows
from quectel import BUFFER, PUSH, SOCK_DGRAM, QuectelError, QuectelTimeout
from scripted import ERROR, OK, lines
from steps import CLOSE_0, CLOSED_0, CONTEXT_UP, EMPTY, OPEN_0, READ_0, RECV_0, SENT, SERVER, payload, said, sending

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face

NB = ("BC65", "BC25")
OPENED = lines("OK", "+QIOPEN: 0,0")


def opening(host: str, port: int = 80, local_port: int = 0) -> bytes:
    return b'AT+QIOPEN=1,0,"TCP","%s",%d,%d,0,0\r' % (host.encode(), port, local_port)


# --- limits -------------------------------------------------------------------------------------------------------


@rows("R114", "R115", "R302")
@both
def test_an_open_by_name_has_time_to_resolve_it(face: "Face") -> "Generator[Any, Any, None]":
    for family in NB:
        for host, limit_ms in (("server.test", 176_000), ("10.0.0.1", 36_000)):
            m = face.start(family, [(opening(host), [OK, limit_ms - 1000, lines("+QIOPEN: 0,0")])])
            face.clock.step = 200
            yield m.create_connection((host, 80))
            m = face.start(family, [(opening(host), OK), CLOSE_0])
            face.clock.step = 200
            with raises(QuectelTimeout):
                yield m.create_connection((host, 80))
            assert limit_ms <= face.clock.passed < limit_ms + 1000, (family, host, face.clock.passed)
            yield face.settle()


@rows("R116", "R310")
@both
def test_the_longest_host_name(face: "Face") -> "Generator[Any, Any, None]":
    """BC65 states 50 bytes, BC25 nothing."""
    longest = "x" * 50
    yield face.start("BC65", [(opening(longest), OPENED)]).create_connection((longest, 80))
    with raises(ValueError):
        yield face.start("BC65", []).create_connection((longest + "x", 80))
    yield face.start("BC25", [(opening(longest + "x"), OPENED)]).create_connection((longest + "x", 80))


@rows("R150", "R151", "R289", "R405")
@both
def test_what_is_sent_is_cut_at_the_familys_limit(face: "Face") -> "Generator[Any, Any, None]":
    for family, most in (("BC65", 1440), ("BC25", 512), ("BG96", 1460), ("EC200U", 1460)):
        data = bytes([i & 255 for i in range(2 * most + 1)])
        sent = SENT if family in NB else lines("SEND OK")
        script = sending(data[:most], sent) + sending(data[most : 2 * most], sent) + sending(data[-1:], sent)
        s = face.opened(script, family)
        yield s.sendall(data)
        s = face.opened(sending(data[:most], sent), family)
        assert (yield s.send(data)) == most


@rows("R287")
@both
def test_connection_ids_of_the_families(face: "Face") -> "Generator[Any, Any, None]":
    for family, ids, tail in (("BC65", 6, b",0,0,0\r"), ("BC25", 6, b",0,0,0\r"), ("BG96", 12, b",0,0\r")):
        line = b'AT+QIOPEN=1,%d,"TCP","10.0.0.1",80'
        script: "list[Any]" = [(line % cid + tail, lines("OK", "+QIOPEN: %d,0" % cid)) for cid in range(ids)]
        m = face.start(family, script, slots=ids + 1, rx_ring=64)
        for cid in range(ids):
            assert (yield m.create_connection(SERVER)).id == cid
        with raises(QuectelError) as caught:
            yield m.create_connection(SERVER)
        assert caught.value.errno == ENOBUFS


@rows("R288")
@both
def test_pdp_contexts_of_the_families(face: "Face") -> "Generator[Any, Any, None]":
    for family, last in (("BG96", 16), ("EC200U", 7), ("BC65", 3), ("BC25", 3)):
        m = face.start(family, [])
        m.socket(pdp=1)
        m.socket(pdp=last)
        for pdp in (0, last + 1):
            with raises(ValueError):
                m.socket(pdp=pdp)
        yield face.settle()


# --- ports --------------------------------------------------------------------------------------------------------


@rows("R118", "R119", "R451")
@both
def test_local_ports_of_a_client(face: "Face") -> "Generator[Any, Any, None]":
    """0 unless the caller says otherwise; a port that the documents advise against is the caller's choice."""
    yield face.start("BC65", [(opening("10.0.0.1"), OPENED)]).create_connection(SERVER)
    m = face.start("BC65", [(opening("10.0.0.1", 80, 1234), lines("OK", "+QIOPEN: 0,556")), CLOSE_0])
    s = m.socket()
    s.bind(("", 1234))
    with raises(QuectelError) as caught:
        yield s.connect(SERVER)
    assert (caught.value.errno, caught.value.code) == (EADDRINUSE, 556)  # two sockets cannot have one port
    for port in (-1, 65536):
        with raises(ValueError):
            s.bind(("", port))
    yield face.settle()


@rows("R118", "R456")
@both
def test_a_listener_names_its_own_address(face: "Face") -> "Generator[Any, Any, None]":
    for host, told in (("192.168.2.6", "192.168.2.6"), ("", "10.0.0.2")):
        line = b'AT+QIOPEN=1,0,"TCP LISTENER","%s",0,2020,0,0\r' % told.encode()
        server = face.start("BC25", [(line, OPENED)]).socket()
        server.bind((host, 2020))
        yield server.listen()
    server = face.start("BC25", []).socket()
    with raises(ValueError):
        yield server.listen()  # a listener needs a port
    yield face.settle()


@rows("R104", "R124")
@both
def test_datagram_sockets_do_not_listen(face: "Face") -> "Generator[Any, Any, None]":
    """ "UDP SERVICE" is not supported: nothing is sent, and the socket stays what it is."""
    line = b'AT+QIOPEN=1,0,"UDP","10.0.0.1",80,2020,0,0\r'
    for family in NB:
        s = face.start(family, [(line, OPENED)]).socket(SOCK_DGRAM)
        s.bind(("", 2020))
        with raises(ValueError):
            yield s.listen()
        yield s.connect(SERVER)


@rows("R118")
@both
def test_only_a_new_socket_listens(face: "Face") -> "Generator[Any, Any, None]":
    """One that is connected keeps its connection; one that is closed has no slot any more."""
    s = face.opened([CLOSE_0])
    with raises(ValueError):
        s.bind(("", 2020))
    with raises(ValueError):
        yield s.listen()
    assert s.id == 0
    yield s.close()
    with raises(QuectelError) as caught:
        yield s.listen()
    assert caught.value.errno == ENOTCONN and s.id == -1


# --- states -------------------------------------------------------------------------------------------------------


@rows("R281", "R313")
@both
def test_the_states_of_a_client(face: "Face") -> "Generator[Any, Any, None]":
    """0 idle, 1 connecting, 2 connected, 3 closing; QICLOSE and its CLOSE OK make it idle again."""
    for family in NB:
        read = READ_0 if family == "BC25" else b"AT+QIRD=0,1024\r"
        script = [(OPEN_0, [OK, 500, lines("+QIOPEN: 0,0")]), (read, EMPTY), (CLOSE_0[0], [OK, 200, lines("CLOSE OK")])]
        s = face.start(family, script).socket()
        assert s.state == 0
        s.settimeout(0)
        with raises(OSError):
            yield s.connect(SERVER)
        assert s.state == 1
        yield face.settle()
        assert s.state == 2
        face.uart.say(CLOSED_0)
        yield face.settle()
        assert s.state == 3
        yield s.close()
        assert s.state == 0


@rows("R282", "R345", "R413", "R414")
@both
def test_the_states_of_a_listener_and_its_clients(face: "Face") -> "Generator[Any, Any, None]":
    """The module picks any id; a client is in buffer mode whatever the listener has, and is closed by itself.

    A listener's remote port is 0, or what a document prints in its place.
    """
    for family, read, first in (("BC65", b"AT+QIRD=%d,1024\r", 1), ("BC25", b"AT+QIRD=%d,512\r", 5)):
        other = 3
        line = '+QISTATE: 0,"TCP LISTENER","192.168.2.6",%d,2020,2,1,0'
        script = [CONTEXT_UP] if family == "BC65" else []
        script += [(b'AT+QIOPEN=1,0,"TCP LISTENER","10.0.0.2",0,2020,1,0\r', OPENED)]
        script += [said("AT+QISTATE=1,0", line % 0), said("AT+QISTATE=1,0", line % 1)]
        script += [(read % first, payload(b"test")), (read % first, EMPTY)]
        script += [(b"AT+QICLOSE=%d\r" % cid, lines("OK", "CLOSE OK")) for cid in (0, first, other)]
        server = face.start(family, script).socket(mode=PUSH)
        server.bind(("", 2020))
        yield server.listen()
        assert server.state == 2 == (yield server.query_state()) == (yield server.query_state())
        clients = []
        for cid in (first, other):
            face.uart.say(lines('+QIURC: "incoming",%d,0,"192.168.2.2",36566' % cid))
            clients.append((yield server.accept())[0])
        assert [(c.id, c.state, c.mode) for c in clients] == [(first, 2, BUFFER), (other, 2, BUFFER)]
        face.uart.say(lines('+QIURC: "recv",%d' % first))
        assert (yield clients[0].read(4)) == b"test"
        yield face.settle()
        yield server.close()  # its clients live on
        assert clients[1].state == 2
        for client in clients:
            yield client.close()


@rows("R092", "R296", "R313")
@both
def test_closing_is_numbered_as_the_family_does(face: "Face") -> "Generator[Any, Any, None]":
    for family, read, close, state in (
        ("BC65", b"AT+QIRD=0,1024\r", CLOSE_0, 3),
        ("BC25", READ_0, CLOSE_0, 3),
        ("BG96", b"AT+QIRD=0,1500\r", (b"AT+QICLOSE=0,10\r", OK), 4),
        ("EC200U", b"AT+QIRD=0,1500\r", (b"AT+QICLOSE=0,10\r", OK), 4),
    ):
        s = face.opened([(read, EMPTY), close], family)
        face.uart.say(CLOSED_0)
        assert (yield s.read()) == b""
        assert s.state == state
        yield s.close()  # every family wants it behind "closed"; a time-out only where the command has one


@rows("R314", "R393")
@both
def test_the_rest_is_read_behind_closed_or_refused(face: "Face") -> "Generator[Any, Any, None]":
    """NB modules give it; of TLS connections a document lets the module refuse, which is the end of the stream."""
    s = face.opened([(READ_0, payload(b"rest")), (READ_0, EMPTY), CLOSE_0])
    face.uart.say(RECV_0 + CLOSED_0)
    assert (yield s.read()) == b"rest"
    yield s.close()
    for answers in ([ERROR], [payload(b"rest", "+QSSLRECV"), ERROR], [lines("+QSSLRECV: 0", "OK")]):
        script = [(b"AT+QSSLRECV=0,1500\r", answer) for answer in answers]
        s = face.opened(script + [said("AT+QSSLCLOSE=0,10")], "EC200U")
        s._slot.dialect = face.modem.family.tls
        face.uart.say(lines('+QSSLURC: "recv",0', '+QSSLURC: "closed",0'))
        assert (yield s.read()) == (b"rest" if len(answers) == 2 else b"")
        yield s.close()


@rows("R140", "R297", "R298")
@both
def test_state_lines_of_8_and_of_11_fields(face: "Face") -> "Generator[Any, Any, None]":
    """Asked for as each command wants it; an NB line tells one of five types."""
    for family in NB:
        for kind in ("TCP", "UDP", "TCP LISTENER", "TCP INCOMING", "UDP SERVICE"):
            told = '+QISTATE: 0,"%s","192.168.2.6",0,2020,2,1,1' % kind
            s = face.opened([said("AT+QISTATE=1,0", told)], family)
            assert (yield s.query_state()) == 2
            assert (s._slot.told_mode, s._slot.server) == (1, -1)
    told = '+QSSLSTATE: 0,"SSLClient","220.180.239.201",8010,65344,2,1,4,0,"usbmodem",1'
    s = face.opened([said("AT+QSSLSTATE=0", told)], "EC200U")
    s._slot.dialect = face.modem.family.tls
    assert (yield s.query_state()) == 2
    assert (s._slot.told_mode, s._slot.server) == (0, 4)


# --- data ---------------------------------------------------------------------------------------------------------


@rows("R149", "R402")
@both
def test_data_that_no_quoted_string_holds(face: "Face") -> "Generator[Any, Any, None]":
    """Quotes, commas, CR, LF, Ctrl-Z and ESC, alone and together: byte by byte what the caller gave."""
    for family in NB:
        for data in (b'"', b",", b"\r", b"\n", b"\x1a", b"\x1b", b"\0", b'say "OK",\r\n\x1a\x1b', b"\xff\x80"):
            s = face.opened(sending(data, SENT), family)
            assert (yield s.send(data)) == len(data)
