"""Data and states of TLS sockets as the two SSL documents bind them, on both faces."""

from errno import ECONNRESET, EINVAL

from faces import both
from kit import raises, rows
from quectel import BUFFER, PUSH, TRANSPARENT, QuectelError
from scripted import ERROR, OK, lines
from steps import payload, said, why
from tls_steps import WEB, closes, configured, opening, opens

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face

FAMILIES = ("BG96", "EC200U")
READ = b"AT+QSSLRECV=0,1500\r"
EMPTY = lines("+QSSLRECV: 0", "OK")
RECV = lines('+QSSLURC: "recv",0')
CLOSED = lines('+QSSLURC: "closed",0')
STATE = b"AT+QSSLSTATE=0\r"


def got(data: bytes) -> bytes:
    return payload(data, "+QSSLRECV")


def state(number: int, mode: int = 0) -> "tuple[bytes, bytes]":
    """The line of both documents, with a comma between all of its eleven fields."""
    told = '+QSSLSTATE: 0,"SSLClient","220.180.239.201",8010,65344,%d,1,4,%d,"usbmodem",1' % (number, mode)
    return STATE, lines(told, "OK")


@rows("R074", "R076", "R077", "R290")
@both
def test_parts_of_a_long_payload(face: "Face") -> "Generator[Any, Any, None]":
    """1,460 bytes at a time in both families, each with its length; Ctrl-Z and ESC in them are data."""
    data = b"\x1a\x1b" * 1500
    script: "list[Any]" = [opens(0, 0)]
    for at, n in ((0, 1460), (1460, 1460), (2920, 80)):
        script += [(b"AT+QSSLSEND=0,%d\r" % n, b"\r\n>"), (data[at : at + n], lines("SEND OK"))]
    for family in FAMILIES:
        sock = configured(face, family, script + [(b"AT+QSSLSEND=0,1460\r", b"\r\n>"), (data[:1460], lines("SEND OK"))])
        assert face.modem.family.send_max == 1460
        yield sock.connect(WEB)
        yield sock.sendall(data)
        assert (yield sock.send(data)) == 1460
        face.check()


@rows("R080", "R083", "R084", "R094", "R391")
@both
def test_data_are_announced_once(face: "Face") -> "Generator[Any, Any, None]":
    """It is read until it is empty, always with a length, and not again before the next announcement."""
    for family in FAMILIES:
        reads = [(READ, got(b"a" * 1500)), (READ, got(b"b" * 10)), (READ, EMPTY), (READ, got(b"c")), (READ, EMPTY)]
        sock = configured(face, family, [opens(0, 0)] + reads)
        yield sock.connect(WEB)
        yield face.settle()
        face.uart.say(RECV)
        assert (yield sock.read(1510)) == b"a" * 1500 + b"b" * 10
        yield face.settle()
        assert face.uart.wrote.count(b"QSSLRECV") == 3
        face.uart.say(RECV)
        assert (yield sock.recv(100)) == b"c"
        yield face.settle()
        for command in face.uart.wrote.split(b"\r"):
            assert b"QSSLRECV" not in command or 1 <= int(command.split(b",")[1]) <= 1500
        face.check()


@rows("R081", "R082", "R393")
@both
def test_reads_that_the_module_refuses(face: "Face") -> "Generator[Any, Any, None]":
    """Of a connection that is open it is an error with its reason; behind "closed" it is the end of the stream."""
    for family in FAMILIES:
        sock = configured(face, family, [opens(0, 0), (READ, ERROR), why(552), closes(0)])
        yield sock.connect(WEB)
        face.uart.say(RECV)
        with raises(QuectelError) as caught:
            yield sock.recv(10)
        assert (caught.value.errno, caught.value.code) == (EINVAL, 552)
        yield sock.close()
        face.check()
        sock = configured(face, family, [opens(0, 0), (READ, got(b"last")), (READ, ERROR), closes(0)])
        yield sock.connect(WEB)
        face.uart.say(RECV + CLOSED)
        assert (yield sock.read()) == b"last"
        assert (yield sock.recv(10)) == b""
        yield sock.close()
        face.check()


@rows("R090", "R092", "R093", "R096", "R279", "R296", "R324")
@both
def test_states_of_a_connection(face: "Face") -> "Generator[Any, Any, None]":
    """0, 1, 2, 4, and back to 0 by a close alone."""
    for family in FAMILIES:
        slow = (opening(0, 0), [OK, 500, lines("+QSSLOPEN: 0,0")])
        script = [slow, state(2), (READ, EMPTY), state(4), closes(0)]
        sock = configured(face, family, script)
        assert sock.state == 0 and sock.id == -1
        sock.settimeout(0)
        with raises(OSError):
            yield sock.connect(WEB)
        for _ in range(20):
            face.modem.poll()
        assert sock.state == 1
        yield face.settle()
        assert sock.state == 2 and sock.id == 0
        sock.settimeout(None)
        assert (yield sock.query_state()) == 2
        slot = sock._slot
        assert (slot.server, slot.told_mode) == (4, 0)
        face.uart.say(CLOSED)
        yield face.settle()
        assert sock.state == 4
        assert (yield sock.query_state()) == 4
        yield sock.close()
        assert sock.state == 0 and sock.id == -1
        face.check()


@rows("R397")
@both
def test_a_state_that_has_no_line(face: "Face") -> "Generator[Any, Any, None]":
    """OK alone is of an id that nobody has."""
    sock = configured(face, "EC200U", [opens(0, 0), (STATE, OK)])
    yield sock.connect(WEB)
    assert (yield sock.query_state()) == 0


@rows("R036", "R424", "R462")
@both
def test_where_an_escape_leads(face: "Face") -> "Generator[Any, Any, None]":
    """To buffer mode in both families: no command is needed to be there, and one to be in direct push mode."""
    for family in FAMILIES:
        for mode in (BUFFER, PUSH):
            escape = (b"+++", [1000, OK])
            push = [said("AT+QISWTMD=0,1")] if mode == PUSH else []
            connect = (opening(0, 0, TRANSPARENT), lines("CONNECT"))
            sock = configured(face, family, [connect, escape] + push + [closes(0)], TRANSPARENT)
            yield sock.connect(WEB)
            yield sock.set_mode(mode)
            assert sock.mode == mode
            yield sock.close()
            face.check()


@rows("R006")
@both
def test_the_four_forms_of_a_command(face: "Face") -> "Generator[Any, Any, None]":
    forms: "list[tuple[str, list[str]]]" = [
        ("AT+QSSLRECV=?", ["+QSSLRECV: (0-11),(1-1500)"]),
        ("AT+QIACT?", ['+QIACT: 1,1,1,"10.7.157.1"']),
        ('AT+QSSLCFG="sslversion",1', ['+QSSLCFG: "sslversion",1,4']),
        ('AT+QSSLCFG="sslversion",1,3', []),
        ("AT+QSSLSTATE", ['+QSSLSTATE: 4,"SSLClient","1.2.3.4",443,1,2,1,4,0,"usbmodem",1']),
    ]
    for family in FAMILIES:
        m = face.start(family, [said(line, *answer) for line, answer in forms])
        for line, answer in forms:
            assert (yield m.command(line)) == answer
        face.check()


@rows("R096", "R280")
@both
def test_what_a_closed_connection_still_takes(face: "Face") -> "Generator[Any, Any, None]":
    """Nothing: at its end a send is refused before a byte is sent, and the id is given back by a close alone."""
    sock = configured(face, "EC200U", [opens(0, 0), (READ, EMPTY), closes(0)])
    yield sock.connect(WEB)
    face.uart.say(CLOSED)
    assert (yield sock.recv(1)) == b""
    with raises(QuectelError) as caught:
        yield sock.send(b"x")
    assert caught.value.errno == ECONNRESET
    yield sock.close()
