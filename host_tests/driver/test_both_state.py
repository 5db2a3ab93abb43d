"""What the module says of a connection's state: in the line of a state query, and by its URCs."""

from errno import EIO

from faces import both
from kit import raises, rows
from quectel import QuectelError
from scripted import ERROR, OK, adopt, lines
from steps import CLOSE_0, CLOSED_0, EMPTY, OPEN_0, PREPARED, READ_0, SERVER, SYNC, said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face

ASK_0 = "AT+QISTATE=1,0"
TOLD_0 = '+QISTATE: 0,"TCP","220.18.39.22",8062,1234,%d,1,0'


@rows("R126", "R136", "R138", "R139")
@both
def test_the_state_is_asked_for(face: "Face") -> "Generator[Any, Any, None]":
    """BC65&BC92 TCP/IP Application Note, 4.1.1."""
    s = face.opened([said(ASK_0, TOLD_0 % state) for state in range(6)])
    for state in range(6):
        assert (yield s.query_state()) == state == s.state
    assert (s._slot.told_mode, s._slot.server) == (0, -1)


@rows("R090", "R092", "R093")
@both
def test_the_state_of_a_tls_connection(face: "Face") -> "Generator[Any, Any, None]":
    """The line has a server id in front of the access mode."""
    told = '+QSSLSTATE: 0,"SSLClient","220.180.239.201",8011,65047,2,1,4,1,"usbmodem",1'
    s = face.opened([said("AT+QSSLSTATE=0", told)], "BG96")
    s._slot.dialect = face.modem.family.tls
    assert (yield s.query_state()) == 2
    assert (s._slot.told_mode, s._slot.server) == (1, 4)


@rows("R139", "R384")
@both
def test_what_is_closing_at_the_other_side_is_no_connection(face: "Face") -> "Generator[Any, Any, None]":
    """States 3, 4 and 5 alike: left over from before, such an id is closed, and used only then."""
    left = ['+QISTATE: %d,"TCP","10.0.0.1",80,0,%d,1,0' % (state - 3, state) for state in (3, 4, 5)]
    script = PREPARED[:-1] + [said("AT+QISTATE?", *left)]
    script += [(b"AT+QICLOSE=%d\r" % cid, lines("OK", "CLOSE OK")) for cid in range(3)]
    m = face.start("BC25", script + [(OPEN_0, lines("OK", "+QIOPEN: 0,0"))], False)
    s = m.socket()
    yield s.connect(SERVER)
    assert s.id == 0 and s.state == 2


@rows("R397")
@both
def test_no_line_says_that_nothing_is_open(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([said(ASK_0, TOLD_0 % 2), said(ASK_0)])
    assert (yield s.query_state()) == 2
    assert (yield s.query_state()) == 0


@rows("R092", "R113", "R139", "R212")
@both
def test_urcs_tell_the_state_too(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [(OPEN_0, [OK, 500, lines("+QIOPEN: 0,0")]), (READ_0, EMPTY), CLOSE_0])
    s = m.socket()
    assert s.state == 0
    yield s.connect(SERVER)
    assert s.state == 2
    face.uart.say(CLOSED_0)
    yield face.settle()
    assert s.state == 3
    yield s.close()
    assert s.state == 0 == (yield s.query_state())  # nothing is sent for what is not open


@rows("R136")
@both
def test_a_refused_state_query_costs_the_socket_nothing(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(ASK_0.encode() + b"\r", ERROR), said(ASK_0, TOLD_0 % 2)])
    with raises(QuectelError) as caught:
        yield s.query_state()
    assert caught.value.errno == EIO
    assert (yield s.query_state()) == 2


@rows("R136")
@both
def test_a_line_without_a_state_is_no_answer(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([said(ASK_0, '+QISTATE: 0,"TCP"'), said(ASK_0, '+QISTATE: 1,"TCP","1.2.3.4",1,2,4,1,0')])
    with raises(QuectelError):
        yield s.query_state()
    assert (yield s.query_state()) == 0  # the line was of another connection


@rows("R136")
@both
def test_a_state_query_without_an_answer(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(ASK_0.encode() + b"\r", b""), SYNC, said(ASK_0, TOLD_0 % 2)])
    with raises(QuectelError):
        yield s.query_state()
    assert (yield s.query_state()) == 2


@rows("R138")
@both
def test_a_state_query_that_does_not_block(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(ASK_0.encode() + b"\r", [50, lines(TOLD_0 % 2, "OK")])])
    s.settimeout(0)
    with raises(OSError):
        yield s.query_state()
    yield face.settle()
    assert (yield s.query_state()) == 2


@rows("R138")
@both
def test_an_id_that_is_gone_before_it_was_asked_for(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(b"AT+X\r", [50, lines("RDY")])])
    t = adopt(face.modem, 1, 1)
    face.modem.engine.start(b"AT+X")
    s.settimeout(0)
    with raises(OSError):
        yield s.query_state()
    yield face.settle()
    face.modem.engine.release()
    yield face.settle()
    assert (yield s.query_state()) == 0 and t.told == 0
