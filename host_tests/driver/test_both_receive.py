"""Stream sockets receive, in buffer access mode and in direct push mode."""

from errno import EAGAIN, EIO, ETIMEDOUT

from faces import both
from kit import raises, rows
from quectel import PUSH, QuectelError, QuectelTimeout
from scripted import ERROR
from steps import CLOSE_0, CLOSED_0, EMPTY, READ_0, RECV_0, payload, why

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face


@rows("R108", "R166", "R213")
@both
def test_recv_reads_until_the_module_is_empty(face: "Face") -> "Generator[Any, Any, None]":
    a, b = b"a" * 512, b"\r\nOK\r\n" * 10
    s = face.opened([(READ_0, payload(a)), (READ_0, payload(b)), (READ_0, EMPTY)])
    face.uart.say(RECV_0)
    assert (yield s.read(572)) == a + b
    yield face.settle()
    assert s.pending() == 0


@rows("R108", "R166")
@both
def test_recv_gives_what_is_there(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(READ_0, payload(b"0123456789")), (READ_0, EMPTY)])
    face.uart.say(RECV_0)
    assert (yield s.recv(4)) == b"0123"
    buf = bytearray(3)
    assert (yield s.recv_into(buf)) == 3 and bytes(buf) == b"456"
    yield face.settle()
    assert (yield s.recv(100)) == b"789"


@rows("R108")
@both
def test_data_that_come_during_a_read_are_read_too(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(READ_0, RECV_0 + EMPTY), (READ_0, payload(b"more")), (READ_0, EMPTY)])
    face.uart.say(RECV_0)
    assert (yield s.read(4)) == b"more"
    yield face.settle()


@rows("R108", "R170")
@both
def test_the_announcement_comes_behind_the_last_read(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(READ_0, EMPTY + RECV_0), (READ_0, payload(b"more")), (READ_0, EMPTY)], size=1)
    face.uart.say(RECV_0)
    assert (yield s.read(4)) == b"more"
    yield face.settle()


@rows("R174", "R394")
@both
def test_closed_with_unread_data(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(READ_0, payload(b"rest")), (READ_0, EMPTY), CLOSE_0])
    face.uart.say(RECV_0 + CLOSED_0)
    assert (yield s.read()) == b"rest"
    assert (yield s.read(1)) == b"" and (yield s.recv(1)) == b"" and s.state == 3
    with raises(QuectelError):
        yield s.send(b"x")
    yield s.close()


@rows("R174", "R394")
@both
def test_closed_during_a_read(face: "Face") -> "Generator[Any, Any, None]":
    script = [(READ_0, CLOSED_0 + payload(b"some")), (READ_0, payload(b"rest")), (READ_0, EMPTY)]
    s = face.opened(script)
    face.uart.say(RECV_0)
    assert (yield s.read()) == b"somerest"


@rows("R174", "R393")
@both
def test_closed_and_the_module_reads_nothing_more(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(READ_0, ERROR), CLOSE_0])
    face.uart.say(CLOSED_0)
    assert (yield s.read()) == b""
    yield s.close()


@rows("R166", "R207")
@both
def test_a_read_is_refused(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(READ_0, ERROR), why(559), CLOSE_0])
    face.uart.say(RECV_0)
    with raises(QuectelError) as caught:
        yield s.recv(5)
    assert caught.value.code == 559
    yield s.close()


@rows("R108", "R166")
@both
def test_a_small_ring_is_filled_piece_by_piece(face: "Face") -> "Generator[Any, Any, None]":
    data = bytes(range(150))
    first, second, third = data[:64], data[64:128], data[128:]
    read = b"AT+QIRD=0,64\r"
    script = [(read, payload(first)), (read, payload(second)), (read, payload(third)), (b"AT+QIRD=0,42\r", EMPTY)]
    s = face.opened(script, rx_ring=64)
    face.uart.say(RECV_0)
    got = b""
    while len(got) < 150:
        yield face.settle()  # the ring is full now
        got += yield s.recv(64)
    assert got == data
    yield face.settle()


@rows("R166")
@both
def test_read_with_a_time_limit(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(READ_0, payload(b"0123")), (READ_0, EMPTY), (READ_0, payload(b"456789")), (READ_0, EMPTY)])
    s.settimeout(0.5)
    with raises(QuectelTimeout) as caught:
        yield s.recv(5)
    assert caught.value.done == 0 and caught.value.errno == ETIMEDOUT and 500 <= face.clock.passed < 600
    face.uart.say(RECV_0)
    buf = bytearray(10)
    with raises(QuectelTimeout) as caught:
        yield s.readinto(buf)
    assert caught.value.done == 4 and bytes(buf[:4]) == b"0123"
    face.uart.say(RECV_0)
    assert (yield s.read(6)) == b"456789"
    yield face.settle()


@rows("R166")
@both
def test_what_read_had_before_its_time_limit_is_not_lost(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(READ_0, payload(b"0123")), (READ_0, EMPTY), (READ_0, payload(b"456789")), (READ_0, EMPTY)])
    s.settimeout(0.5)
    face.uart.say(RECV_0)
    with raises(QuectelTimeout):
        yield s.read(10)
    face.uart.say(RECV_0)
    assert (yield s.read(10)) == b"0123456789"
    yield face.settle()


@rows("R166")
@both
def test_what_readline_had_before_its_time_limit_is_not_lost(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(READ_0, payload(b"a lin")), (READ_0, EMPTY), (READ_0, payload(b"e\nb")), (READ_0, EMPTY)])
    s.settimeout(0.5)
    face.uart.say(RECV_0)
    with raises(QuectelTimeout):
        yield s.readline()
    face.uart.say(RECV_0)
    assert (yield s.readline()) == b"a line\n"
    yield face.settle()


@rows("R166")
@both
def test_receive_without_blocking(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(READ_0, payload(b"01\n34")), (READ_0, EMPTY)])
    s.settimeout(0)
    with raises(QuectelError) as caught:
        yield s.recv(5)
    assert caught.value.errno == EAGAIN
    assert (yield s.read(5)) is None and (yield s.readline()) is None
    assert (yield s.readinto(bytearray(5))) is None
    face.uart.say(RECV_0)
    yield face.settle()
    assert (yield s.readline()) == b"01\n" and (yield s.read(5)) == b"34"
    with raises(QuectelError):
        yield s.recv(5)


@rows("R107", "R214")
@both
def test_push_mode(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([], mode=PUSH)
    face.uart.say(b'\r\n+QIURC: "recv",0,6\r\n\r\nOK\r\n\r\n\r\n+QIURC: "recv",0,2\r\nhi\r\n' + CLOSED_0)
    assert (yield s.read()) == b"\r\nOK\r\nhi"


@rows("R107", "R214")
@both
def test_push_mode_loss_is_never_silent(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([CLOSE_0], mode=PUSH, rx_ring=64)
    face.uart.say(b'\r\n+QIURC: "recv",0,60\r\n' + b"a" * 60 + b"\r\n")
    face.uart.say(b'\r\n+QIURC: "recv",0,10\r\n' + b"b" * 10 + b"\r\n")
    face.uart.say(b'\r\n+QIURC: "recv",0,3\r\nccc\r\n')
    yield face.settle()
    assert (yield s.read(60)) == b"a" * 60
    with raises(QuectelError) as caught:
        yield s.recv(10)
    assert caught.value.errno == EIO and face.modem.stats.rx_lost >= 10
    yield s.close()
