"""Sockets on both faces, against scripted modules. The bodies are here; test_aio_sockets.py runs them once more.

A body is a generator: `yield` stands where the asyncio face awaits.
"""

from errno import EAGAIN, ECONNREFUSED, ECONNRESET, EHOSTUNREACH, EINPROGRESS, EIO, ENOBUFS, ENOTCONN, ETIMEDOUT

from kit import rows
from quectel import BUFFER, PUSH, SOCK_DGRAM, QuectelError, QuectelTimeout
from quectel.table import ENDED, FAILED, FREE
from scripted import ERROR, OK, BlockingFace, lines, named, raises

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

    from scripted import Face

    Body = Callable[[Face], Generator[Any, Any, None]]

BODIES: "dict[str, Body]" = {}


def both(body: "Body") -> "Callable[[], None]":
    """Run a body on the blocking face here, and on the asyncio face in test_aio_sockets.py."""
    BODIES[body.__name__] = body

    def blocking() -> None:
        BlockingFace().run(body)

    test: "Callable[[], None]" = named(blocking, body)
    return test


OPEN_0 = b'AT+QIOPEN=1,0,"TCP","10.0.0.1",80,0,0,0\r'
OPEN_1 = b'AT+QIOPEN=1,1,"TCP","10.0.0.1",80,0,0,0\r'
CLOSE_0 = (b"AT+QICLOSE=0\r", lines("OK", "CLOSE OK"))
CLOSE_1 = (b"AT+QICLOSE=1\r", lines("OK", "CLOSE OK"))
READ_0 = b"AT+QIRD=0,512\r"
EMPTY = lines("+QIRD: 0", "OK")
PROMPT = b"\r\n> "
SERVER = ("10.0.0.1", 80)
SYNC = (b"AT+CMEE?\r", lines("+CMEE: 1", "OK"))
WHY = b"AT+QIGETERROR\r"


def part(data: bytes, head: str = "+QIRD") -> bytes:
    """The answer to a read."""
    return b"\r\n%s: %d\r\n" % (head.encode(), len(data)) + data + b"\r\n" + OK


def why(code: int) -> "tuple[bytes, bytes]":
    return WHY, lines("+QIGETERROR: %d,words" % code, "OK")


def hello(data: bytes, answer: "Any", cid: int = 0) -> "list[Any]":
    """One send of a NB module and what becomes of it."""
    return [(b"AT+QISEND=%d,%d\r" % (cid, len(data)), PROMPT), (data, answer)]


SENT = lines("OK", "SEND OK")
RECV_0 = lines('+QIURC: "recv",0,9')
RECV_1 = lines('+QIURC: "recv",1,9')
CLOSED_0 = lines('+QIURC: "closed",0')


# --- opening ------------------------------------------------------------------------------------------------------


@rows("R112", "R113")
@both
def test_connect(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [(OPEN_0, [OK, 2500, lines("+QIOPEN: 0,0")]), CLOSE_0])
    s = m.socket()
    assert s.id == -1
    yield s.connect(SERVER)
    assert s.id == 0 and s.mode == BUFFER and m.stats.opens == 1
    yield s.close()
    assert s.id == -1 and s.state == FREE


@rows("R271", "R395")
@both
def test_connect_refused(face: "Face") -> "Generator[Any, Any, None]":
    again = [(OPEN_0, lines("OK", "+QIOPEN: 0,0"))]
    m = face.start("BC25", [(OPEN_0, lines("OK", "+QIOPEN: 0,566")), (CLOSE_0[0], ERROR)] + again)
    s = m.socket()
    with raises(QuectelError) as caught:
        yield s.connect(SERVER)
    assert (caught.value.errno, caught.value.code) == (ECONNREFUSED, 566)
    assert caught.value.command.startswith("AT+QIOPEN")
    yield face.settle()
    assert m.engine.table.free_id() == 0
    yield s.connect(SERVER)  # the same socket may try again
    assert s.id == 0


@rows("R207", "R278")
@both
def test_connect_error_is_explained(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [(OPEN_0, ERROR), why(561), (CLOSE_0[0], ERROR)])
    s = m.socket()
    with raises(QuectelError) as caught:
        yield s.connect(SERVER)
    assert (caught.value.errno, caught.value.code) == (EHOSTUNREACH, 561)
    yield face.settle()
    assert m.engine.table.free_id() == 0


@rows("R276", "R437")
@both
def test_connect_cme_error(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [(OPEN_0, lines("+CME ERROR: 777")), (CLOSE_0[0], ERROR)])
    with raises(QuectelError) as caught:
        yield m.create_connection(SERVER)
    assert (caught.value.errno, caught.value.code) == (EIO, 777)
    yield face.settle()
    assert all([slot.state == FREE for slot in m.engine.table.slots])


@rows("R115", "R395")
@both
def test_connect_without_a_result(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [(OPEN_0, OK), CLOSE_0])
    s = m.socket()
    with raises(QuectelTimeout) as caught:
        yield s.connect(SERVER)
    assert caught.value.errno == ETIMEDOUT
    assert 36_000 <= face.clock.passed < 37_000
    yield face.settle()
    assert m.engine.table.free_id() == 0


@rows("R395")
@both
def test_connect_gives_up_when_its_own_time_is_over(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [(OPEN_0, [OK, 3000, lines("+QIOPEN: 0,0")]), CLOSE_0])
    s = m.socket()
    s.settimeout(2)
    with raises(QuectelTimeout):
        yield s.connect(SERVER)
    assert 2000 <= face.clock.passed < 2100
    yield face.settle()
    assert m.engine.table.free_id() == 0 and s.state == FREE


@rows("R271")
@both
def test_an_id_in_use_is_closed_and_opened_once_more(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [(OPEN_0, lines("OK", "+QIOPEN: 0,563")), CLOSE_0, (OPEN_0, lines("OK", "+QIOPEN: 0,0"))])
    s = m.socket()
    yield s.connect(SERVER)
    assert s.id == 0


@rows("R112", "R117")
@both
def test_connect_arguments(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [])
    for address in (("", 80), ("a\rb", 80), ('a"b', 80), ("a\x1ab", 80), ("h", 0), ("h", 65536), ("h", -1)):
        with raises(ValueError):
            yield m.create_connection(address)
    with raises(TypeError):
        yield m.create_connection(("h", "80"))
    for slot in m.engine.table.slots:
        assert slot.state == FREE
    with raises(ValueError):
        m.socket(mode=2)
    with raises(ValueError):
        m.socket(3)
    with raises(ValueError):
        m.socket(pdp=4)


@rows("R112")
@both
def test_all_ids_in_use(face: "Face") -> "Generator[Any, Any, None]":
    script: "list[Any]" = []
    for cid in range(6):
        line = b'AT+QIOPEN=1,%d,"TCP","10.0.0.1",80,0,0,0\r' % cid
        script.append((line, lines("OK", "+QIOPEN: %d,0" % cid)))
    m = face.start("BC25", script, slots=7, rx_ring=64)
    for _ in range(6):
        yield m.create_connection(SERVER)
    with raises(QuectelError) as caught:
        yield m.create_connection(SERVER)
    assert caught.value.errno == ENOBUFS
    m.socket()
    with raises(QuectelError) as caught:
        m.socket()
    assert caught.value.errno == ENOBUFS


@rows("R112")
@both
def test_the_pdp_context_is_the_sockets_own(face: "Face") -> "Generator[Any, Any, None]":
    line = b'AT+QIOPEN=3,0,"TCP","10.0.0.1",80,0,0,0\r'
    m = face.start("BC25", [(line, lines("OK", "+QIOPEN: 0,0"))])
    yield m.create_connection(SERVER, pdp=3)


@rows("R112")
@both
def test_connect_twice(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [(OPEN_0, lines("OK", "+QIOPEN: 0,0"))])
    s = m.socket()
    yield s.connect(SERVER)
    with raises(QuectelError, ValueError):
        yield s.connect(SERVER)
    assert s.id == 0


@rows("R395")
@both
def test_connect_again_after_a_failure_closes_what_failed(face: "Face") -> "Generator[Any, Any, None]":
    either = (CLOSE_0[0], OPEN_0, OPEN_1)
    done = lines("OK", "CLOSE OK", "+QIOPEN: 0,0", "+QIOPEN: 1,0")
    s = face.opened([(READ_0, ERROR), why(559), (either, done), (either, done)])
    face.uart.say(RECV_0)
    with raises(QuectelError):
        yield s.recv(5)
    s.settimeout(2)
    yield s.connect(SERVER)
    yield face.settle()
    assert [face.modem.engine.table.at(cid).index >= 0 for cid in range(6)].count(True) == 1


@rows("R066")
@both
def test_transparent_mode_is_refused_as_long_as_there_is_none(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BG96", [])
    with raises(QuectelError, ValueError):
        m.socket(mode=2)
    yield face.settle()


@rows("R113")
@both
def test_connect_of_a_non_blocking_socket(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [(OPEN_0, lines("OK", "+QIOPEN: 0,0"))])
    s = m.socket()
    s.settimeout(0)
    with raises(QuectelError) as caught:
        yield s.connect(SERVER)
    assert caught.value.errno == EINPROGRESS
    yield face.settle()
    assert s.id == 0


# --- sending ------------------------------------------------------------------------------------------------------


@rows("R149", "R292")
@both
def test_send(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened(hello(b"hello", SENT) + hello(b"world", [OK, 40_000, lines("SEND OK")]))
    assert (yield s.send(b"hello")) == 5
    assert (yield s.write(b"world")) == 5
    assert face.clock.passed >= 40_000


@rows("R149", "R292")
@both
def test_send_through_a_uart_that_takes_little(face: "Face") -> "Generator[Any, Any, None]":
    data = bytes([i & 255 for i in range(1200)])
    script = hello(data[:512], SENT) + hello(data[512:1024], SENT) + hello(data[1024:], SENT)
    s = face.opened(script, short=3, size=1)
    yield s.sendall(data)


@rows("R148", "R149", "R292")
@both
def test_send_fail_is_repeated(face: "Face") -> "Generator[Any, Any, None]":
    failed = lines("OK", "SEND FAIL")
    s = face.opened(hello(b"hello", failed) + hello(b"hello", failed) + hello(b"hello", SENT))
    assert (yield s.send(b"hello")) == 5
    assert face.modem.stats.send_fail == 2 and face.clock.passed >= 300


@rows("R148", "R149")
@both
def test_send_fail_for_ever(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened(hello(b"hello", lines("OK", "SEND FAIL")) * 9 + hello(b"hello", SENT))
    with raises(QuectelError) as caught:
        yield s.send(b"hello")
    assert caught.value.errno == ENOBUFS and face.modem.stats.send_fail == 8
    assert (yield s.send(b"hello")) == 5  # the socket can be used again


@rows("R075", "R292")
@both
def test_send_fail_of_an_lte_module(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened(hello(b"hello", lines("SEND FAIL")) + hello(b"hello", lines("SEND OK")), "BG96")
    assert (yield s.send(b"hello")) == 5


@rows("R149", "R207")
@both
def test_send_error(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(b"AT+QISEND=0,5\r", ERROR), why(558), CLOSE_0])
    with raises(QuectelError) as caught:
        yield s.send(b"hello")
    assert (caught.value.errno, caught.value.code) == (EIO, 558)
    assert s.state == FAILED
    with raises(QuectelError) as caught:
        yield s.recv(5)
    assert caught.value.code == 558
    yield s.close()


@rows("R149", "R292")
@both
def test_send_error_behind_the_data(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened(hello(b"hello", ERROR) + [why(0), CLOSE_0], "BC25")
    with raises(QuectelError) as caught:
        yield s.send(b"hello")
    assert caught.value.errno == EIO
    yield s.close()


@rows("R149", "R292")
@both
def test_the_result_of_a_send_never_comes(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened(hello(b"hello", OK) + [CLOSE_0])
    with raises(QuectelError) as caught:
        yield s.send(b"hello")
    assert caught.value.errno == ETIMEDOUT and s.state == FAILED
    assert 120_000 <= face.clock.passed < 122_000
    yield s.close()


@rows("R149", "R292")
@both
def test_the_prompt_comes_late(face: "Face") -> "Generator[Any, Any, None]":
    """The announced bytes are owed to the module, then host and module are brought back in step."""
    script = [(b"AT+QISEND=0,5\r", [2000, PROMPT]), (b"hello", SENT), SYNC, CLOSE_0]
    s = face.opened(script)
    with raises(QuectelError) as caught:
        yield s.send(b"hello")
    assert caught.value.errno == ETIMEDOUT
    yield s.close()
    assert face.modem.stats.timeouts == 1 and face.modem.stats.resyncs == 1


@rows("R149", "R292")
@both
def test_a_send_that_times_out_goes_on(face: "Face") -> "Generator[Any, Any, None]":
    script = hello(b"hello", [OK, 3000, lines("SEND OK")]) + hello(b"again", SENT)
    s = face.opened(script)
    s.settimeout(1)
    assert (yield s.send(b"hello")) == 5  # accepted: it is on its way
    with raises(QuectelTimeout) as caught:
        yield s.send(b"again")
    assert caught.value.done == 0
    s.settimeout(5)
    assert (yield s.send(b"again")) == 5


@rows("R149", "R292")
@both
def test_write_says_how_much_was_done(face: "Face") -> "Generator[Any, Any, None]":
    data = b"x" * 700
    s = face.opened(hello(data[:512], [OK, 1500, lines("SEND OK")]) + hello(data[512:], [OK, 3000, lines("SEND OK")]))
    s.settimeout(1)
    with raises(QuectelTimeout) as caught:
        yield s.write(data)
    assert caught.value.done == 512
    s.settimeout(10)
    assert (yield s.write(data[512:])) == 188


@rows("R149", "R292")
@both
def test_send_without_blocking(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened(hello(b"hello", [OK, 3000, lines("SEND OK")]) + hello(b"again", SENT))
    s.settimeout(0)
    assert (yield s.send(b"hello")) == 5
    with raises(QuectelError) as caught:
        yield s.send(b"again")
    assert caught.value.errno == EAGAIN
    assert (yield s.write(b"again")) is None
    yield face.settle()
    assert (yield s.write(b"again")) == 5
    yield face.settle()


@rows("R149", "R292")
@both
def test_nothing_to_send(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([])
    assert (yield s.send(b"")) == 0
    assert not (yield s.write(b""))
    yield s.sendall(b"")


@rows("R156", "R292")
@both
def test_two_sockets_send_in_turn(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened(hello(b"one", [OK, 500, lines("SEND OK")]) + hello(b"two", SENT, 1))
    t = face.modem.socket()
    face.modem.engine.table.bind(t._slot, 1)
    t._slot.state = s._slot.state
    s.settimeout(0)
    assert (yield s.send(b"one")) == 3
    assert (yield t.send(b"two")) == 3


@rows("R149", "R386", "R407")
@both
def test_the_prompt_without_a_space_and_hostile_data(face: "Face") -> "Generator[Any, Any, None]":
    data = b"\r\nOK\r\n> \x1a\x1b\x00\xffAT+QICLOSE=0\r"
    s = face.opened([(b"AT+QISEND=0,%d\r" % len(data), b"\r\n>"), (data, b"\r\n \r\nOK\r\n\r\nSEND OK\r\n")], size=1)
    assert (yield s.send(data)) == len(data)


# --- receiving ----------------------------------------------------------------------------------------------------


@rows("R108", "R166", "R213")
@both
def test_recv_reads_until_the_module_is_empty(face: "Face") -> "Generator[Any, Any, None]":
    a, b = b"a" * 512, b"\r\nOK\r\n" * 10
    s = face.opened([(READ_0, part(a)), (READ_0, part(b)), (READ_0, EMPTY)])
    face.uart.say(RECV_0)
    assert (yield s.read(572)) == a + b
    yield face.settle()
    assert s.pending() == 0


@rows("R108", "R166")
@both
def test_recv_gives_what_is_there(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(READ_0, part(b"0123456789")), (READ_0, EMPTY)])
    face.uart.say(RECV_0)
    assert (yield s.recv(4)) == b"0123"
    buf = bytearray(3)
    assert (yield s.recv_into(buf)) == 3 and bytes(buf) == b"456"
    yield face.settle()
    assert (yield s.recv(100)) == b"789"


@rows("R108")
@both
def test_data_that_come_during_a_read_are_read_too(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(READ_0, RECV_0 + EMPTY), (READ_0, part(b"more")), (READ_0, EMPTY)])
    face.uart.say(RECV_0)
    assert (yield s.read(4)) == b"more"
    yield face.settle()


@rows("R108", "R170")
@both
def test_the_announcement_comes_behind_the_last_read(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(READ_0, EMPTY + RECV_0), (READ_0, part(b"more")), (READ_0, EMPTY)], size=1)
    face.uart.say(RECV_0)
    assert (yield s.read(4)) == b"more"
    yield face.settle()


@rows("R174", "R394")
@both
def test_closed_with_unread_data(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(READ_0, part(b"rest")), (READ_0, EMPTY), CLOSE_0])
    face.uart.say(RECV_0 + CLOSED_0)
    assert (yield s.read()) == b"rest"
    assert (yield s.read(1)) == b"" and (yield s.recv(1)) == b"" and s.state == ENDED
    with raises(QuectelError):
        yield s.send(b"x")
    yield s.close()


@rows("R174", "R394")
@both
def test_closed_during_a_read(face: "Face") -> "Generator[Any, Any, None]":
    script = [(READ_0, CLOSED_0 + part(b"some")), (READ_0, part(b"rest")), (READ_0, EMPTY)]
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
    script = [(read, part(first)), (read, part(second)), (read, part(third)), (b"AT+QIRD=0,42\r", EMPTY)]
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
    s = face.opened([(READ_0, part(b"0123")), (READ_0, EMPTY), (READ_0, part(b"456789")), (READ_0, EMPTY)])
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
    s = face.opened([(READ_0, part(b"0123")), (READ_0, EMPTY), (READ_0, part(b"456789")), (READ_0, EMPTY)])
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
    s = face.opened([(READ_0, part(b"a lin")), (READ_0, EMPTY), (READ_0, part(b"e\nb")), (READ_0, EMPTY)])
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
    s = face.opened([(READ_0, part(b"01\n34")), (READ_0, EMPTY)])
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


@rows("R112", "R166")
@both
def test_datagrams_are_kept_apart(face: "Face") -> "Generator[Any, Any, None]":
    opening = b'AT+QIOPEN=1,0,"UDP","10.0.0.1",80,5000,0,0\r'
    reads = [(READ_0, part(b"AAAA")), (READ_0, part(b"BBB")), (READ_0, part(b"CC")), (READ_0, EMPTY)]
    m = face.start("BC25", [(opening, lines("OK", "+QIOPEN: 0,0"))] + hello(b"ping", SENT) + reads + [CLOSE_0])
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
    script += [(READ_0, part(b"A" * 300)), (READ_0, part(b"B" * 512)), (READ_0, EMPTY)]
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
    script = [(one, opened)] + hello(b"a", SENT) + [CLOSE_0, (two, opened)] + hello(b"b", SENT)
    s = face.start("BC25", script).socket(SOCK_DGRAM)
    yield s.sendto(b"a", SERVER)
    yield s.sendto(b"b", ("10.0.0.9", 90))


# --- what goes wrong on the wire ----------------------------------------------------------------------------------


@rows("R166", "R441")
@both
def test_a_lost_byte_fails_its_socket_only(face: "Face") -> "Generator[Any, Any, None]":
    damaged = b"\r\n+QIRD: 10\r\n123456789\r\n" + OK
    read_1 = b"AT+QIRD=1,512\r"
    script = [(READ_0, damaged), SYNC, (read_1, part(b"fine")), (read_1, EMPTY), CLOSE_0]
    s = face.opened(script)
    t = face.modem.socket()
    face.modem.engine.table.bind(t._slot, 1)
    t._slot.state = s._slot.state
    face.uart.say(RECV_0)
    with raises(QuectelError) as caught:
        yield s.recv(20)
    assert caught.value.errno == EIO and face.modem.stats.framing == 1
    face.uart.say(RECV_1)
    assert (yield t.read(4)) == b"fine"
    yield face.settle()
    yield s.close()


@rows("R166")
@both
def test_a_payload_that_stands_still_is_given_up(face: "Face") -> "Generator[Any, Any, None]":
    script = [(READ_0, [b"\r\n+QIRD: 10\r\n12345", 3000, b"67890\r\n" + OK]), SYNC, CLOSE_0]
    s = face.opened(script)
    face.uart.say(RECV_0)
    with raises(QuectelError) as caught:
        yield s.recv(20)
    assert caught.value.errno == EIO and 1000 <= face.clock.passed < 1500
    yield face.settle()
    yield s.close()


@rows("R166")
@both
def test_a_payload_may_pause_for_less_than_a_second(face: "Face") -> "Generator[Any, Any, None]":
    script = [(READ_0, [b"\r\n+QIRD: 10\r\n12345", 700, b"678", 700, b"90\r\n" + OK]), (READ_0, EMPTY)]
    s = face.opened(script)
    face.uart.say(RECV_0)
    assert (yield s.read(10)) == b"1234567890"
    yield face.settle()


@rows("R166")
@both
def test_more_than_was_asked_for_is_refused(face: "Face") -> "Generator[Any, Any, None]":
    script = [(READ_0, b"\r\n+QIRD: 600\r\n" + b"x" * 600 + b"\r\n" + OK), SYNC, CLOSE_0]
    s = face.opened(script)
    face.uart.say(RECV_0)
    with raises(QuectelError) as caught:
        yield s.recv(20)
    assert caught.value.errno == EIO and face.modem.stats.framing >= 1
    yield s.close()


PREPARE = [
    (b"AT\r", OK),
    (b"ATE0\r", OK),
    (b"AT+CMEE=1\r", OK),
    (b"AT+CGMM\r", lines("BC25", "OK")),
    (b'AT+QICFG="dataformat"\r', lines('+QICFG: "dataformat",0,0', "OK")),
    (b'AT+QICFG="viewmode"\r', lines('+QICFG: "viewmode",0', "OK")),
    (b'AT+QICFG="showlength"\r', lines('+QICFG: "showlength",1', "OK")),
]


@rows("R024", "R306")
@both
def test_a_restart_resets_every_connection(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened(PREPARE + [(OPEN_0, lines("OK", "+QIOPEN: 0,0"))])
    face.uart.say(b"\x00\xff\xfe\r\nRDY\r\n")
    with raises(QuectelError) as caught:
        yield s.recv(5)
    assert caught.value.errno == ECONNRESET and face.modem.stats.epochs == 1
    with raises(QuectelError):
        yield s.send(b"x")
    yield s.close()
    t = yield face.modem.create_connection(SERVER)
    assert t.id == 0


@rows("R024", "R306")
@both
def test_a_restart_in_mid_send(face: "Face") -> "Generator[Any, Any, None]":
    script = (
        [(b"AT+QISEND=0,5\r", PROMPT), (b"hello", lines("RDY"))] + PREPARE + [(OPEN_0, lines("OK", "+QIOPEN: 0,0"))]
    )
    s = face.opened(script)
    with raises(QuectelError) as caught:
        yield s.send(b"hello")
    assert caught.value.errno == ECONNRESET
    yield s.close()
    yield face.modem.create_connection(SERVER)


@rows("R024", "R306")
@both
def test_a_restart_in_mid_read(face: "Face") -> "Generator[Any, Any, None]":
    """The rest of the payload never comes, and what asks for an answer gets none while the module boots."""
    script = [(READ_0, b"\r\n+QIRD: 400\r\nabc"), (SYNC[0], [500, lines("RDY")]), SYNC] + PREPARE
    s = face.opened(script + [(OPEN_0, lines("OK", "+QIOPEN: 0,0"))])
    face.uart.say(RECV_0)
    with raises(QuectelError) as caught:
        yield s.read(400)
    assert caught.value.errno == EIO
    yield s.close()
    yield face.modem.create_connection(SERVER)
    assert face.modem.stats.epochs == 1


@rows("R212")
@both
def test_pdpdeact_resets_every_connection(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([])
    face.uart.say(lines('+QIURC: "pdpdeact",1'))
    with raises(QuectelError) as caught:
        yield s.recv(5)
    assert caught.value.errno == ECONNRESET
    yield s.close()


@rows("R388")
@both
def test_echo_does_no_harm(face: "Face") -> "Generator[Any, Any, None]":
    read = [(READ_0, READ_0 + b"\r\n" + part(b"data")), (READ_0, READ_0 + b"\r\n" + EMPTY)]
    s = face.opened(read + [(b"AT+QISEND=0,5\r", b"AT+QISEND=0,5\r" + PROMPT), (b"hello", b"hello\r\n" + SENT)], size=1)
    face.uart.say(RECV_0)
    assert (yield s.read(4)) == b"data"
    yield face.settle()
    assert (yield s.send(b"hello")) == 5


# --- closing ------------------------------------------------------------------------------------------------------


@rows("R132", "R293")
@both
def test_close_is_awaited(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(CLOSE_0[0], [OK, 9000, lines("CLOSE OK")])])
    yield s.close()
    assert face.clock.passed >= 9000 and s.state == FREE and s.id == -1
    yield s.close()
    with raises(QuectelError) as caught:
        yield s.recv(1)
    assert caught.value.errno == ENOTCONN
    with raises(QuectelError):
        yield s.send(b"x")


@rows("R132", "R293")
@both
def test_close_sends_what_was_accepted(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened(hello(b"last", [OK, 700, lines("SEND OK")]) + [CLOSE_0])
    s.settimeout(0)
    assert (yield s.send(b"last")) == 4
    yield s.close()


@rows("R132", "R133")
@both
def test_close_without_an_answer(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(CLOSE_0[0], b""), SYNC])
    yield s.close()
    assert s.state == FREE and face.modem.stats.timeouts == 1
    yield face.settle()


@rows("R118", "R217")
@both
def test_a_listener_accepts(face: "Face") -> "Generator[Any, Any, None]":
    opening = b'AT+QIOPEN=1,0,"TCP LISTENER","10.0.0.2",0,2020,0,0\r'
    script = [(opening, lines("OK", "+QIOPEN: 0,0")), (b"AT+QIRD=1,1024\r", part(b"hi")), (b"AT+QIRD=1,1024\r", EMPTY)]
    m = face.start("BC65", script + hello(b"hi", SENT, 1) + [CLOSE_1, CLOSE_0])
    server = m.socket()
    server.bind(("", 2020))
    yield server.listen()
    server.settimeout(0.2)
    with raises(QuectelTimeout):
        yield server.accept()
    server.settimeout(0)
    with raises(QuectelError) as caught:
        yield server.accept()
    assert caught.value.errno == EAGAIN
    server.settimeout(None)
    face.uart.say(lines('+QIURC: "incoming",1,0,"192.168.2.2",36566') + RECV_1)
    client, address = yield server.accept()
    assert address == ("192.168.2.2", 36566) and client.id == 1
    assert (yield client.read(2)) == b"hi"
    yield face.settle()
    yield client.sendall(b"hi")
    yield client.close()
    yield server.close()


@rows("R216", "R217")
@both
def test_a_client_without_a_slot_is_closed(face: "Face") -> "Generator[Any, Any, None]":
    opening = b'AT+QIOPEN=1,0,"TCP LISTENER","10.0.0.2",0,2020,0,0\r'
    m = face.start("BC65", [(opening, lines("OK", "+QIOPEN: 0,0")), CLOSE_1, CLOSE_0], slots=1)
    server = m.socket()
    server.bind(("", 2020))
    yield server.listen()
    face.uart.say(lines('+QIURC: "incoming",1,0,"192.168.2.2",36566', '+QIURC: "incoming full"'))
    yield face.settle()
    assert m.stats.no_slot == 2
    yield server.close()


@rows("R217")
@both
def test_clients_nobody_accepted_are_closed_with_the_listener(face: "Face") -> "Generator[Any, Any, None]":
    opening = b'AT+QIOPEN=1,0,"TCP LISTENER","10.0.0.2",0,2020,0,0\r'
    either = (CLOSE_0[0], CLOSE_1[0])
    m = face.start("BC65", [(opening, lines("OK", "+QIOPEN: 0,0")), (either, CLOSE_0[1]), (either, CLOSE_0[1])])
    server = m.socket()
    server.bind(("", 2020))
    yield server.listen()
    face.uart.say(lines('+QIURC: "incoming",1,0,"192.168.2.2",36566'))
    yield face.settle()
    yield server.close()
    yield face.settle()
    assert all([slot.state == FREE for slot in m.engine.table.slots])


# --- raw commands -------------------------------------------------------------------------------------------------


@rows("R003", "R008", "R018")
@both
def test_command_arguments(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [])
    for line in ("AT\r", "AT\n", "AT\x1a", "AT\0", b"AT+X=\r"):
        with raises(ValueError):
            yield m.command(line)
    with raises(ValueError):
        yield m.command("AT", final="DONE")
    with raises(ValueError):
        yield m.command("AT+X=" + "x" * 400)


@rows("R018", "R276", "R278", "R438")
@both
def test_command_errors(face: "Face") -> "Generator[Any, Any, None]":
    script = [
        (b"AT+CPIN?\r", lines("+CME ERROR: 10")),
        (b"AT+CPIN?\r", lines("+CME ERROR: SIM not inserted")),
        (b"AT+X\r", lines("+CME ERROR: no such thing")),
        (b"AT+X\r", ERROR),
        why(552),
        (b"AT+X\r", ERROR),
        (WHY, ERROR),
    ]
    m = face.start("BC25", script)
    found = []
    for name in ("AT+CPIN?", "AT+CPIN?", "AT+X", "AT+X", "AT+X"):
        with raises(QuectelError) as caught:
            yield m.command(name)
        found.append((caught.value.code, caught.value.text))
    assert found[0] == (10, "SIM not inserted") and found[1] == found[0]
    assert found[2] == (0, "no such thing") and found[3][0] == 552 and found[4] == (0, "the module said ERROR")


@rows("R021", "R022")
@both
def test_a_late_answer_is_never_the_next_ones(face: "Face") -> "Generator[Any, Any, None]":
    for late in (1, 300, 900):
        script = [
            (b"AT+CSQ\r", b""),
            (b"AT+CMEE?\r", [late, lines("+CSQ: 11,99", "OK", "+CMEE: 1", "OK")]),
            (b"AT+CSQ\r", lines("+CSQ: 22,99", "OK")),
        ]
        m = face.start("BC25", script)
        with raises(QuectelTimeout):
            yield m.command("AT+CSQ")
        assert (yield m.command("AT+CSQ")) == ["+CSQ: 22,99"]
        assert m.stats.resyncs == 1
        face.check()


@rows("R021", "R022")
@both
def test_queries_are_repeated_until_one_is_answered(face: "Face") -> "Generator[Any, Any, None]":
    query = b"AT+CMEE?\r"
    answers = lines("+CSQ: 11,99", "OK", "+CMEE: 1", "OK", "+CMEE: 1", "OK")
    script = [(b"AT+CSQ\r", b""), (query, b""), (query, answers), (b"AT+CSQ\r", lines("+CSQ: 22,99", "OK"))]
    m = face.start("BC25", script)
    with raises(QuectelTimeout):
        yield m.command("AT+CSQ")
    assert (yield m.command("AT+CSQ")) == ["+CSQ: 22,99"]


@rows("R021", "R022")
@both
def test_every_query_is_waited_for(face: "Face") -> "Generator[Any, Any, None]":
    """Two queries went out, so two answers come; the second one's OK is not the next command's."""
    query = b"AT+CMEE?\r"
    answers = [lines("+CMEE: 1", "OK"), 400, lines("+CMEE: 1", "OK")]
    script = [(b"AT+CSQ\r", b""), (query, b""), (query, answers), (b"AT+CSQ\r", [250, lines("+CSQ: 22,99", "OK")])]
    m = face.start("BC25", script)
    with raises(QuectelTimeout):
        yield m.command("AT+CSQ")
    assert (yield m.command("AT+CSQ")) == ["+CSQ: 22,99"]
    assert not m.stats.late


@rows("R021", "R389")
@both
def test_urcs_inside_an_answer(face: "Face") -> "Generator[Any, Any, None]":
    seen: "list[bytes]" = []
    answer = RECV_0 + lines("+CEREG: 5", "+CEREG: 2,1", "+QATWAKEUP") + CLOSED_0 + OK
    m = face.start("BC25", [(b"AT+CEREG?\r", answer), (READ_0, EMPTY)])
    sock = m.socket()
    m.engine.table.bind(sock._slot, 0)
    sock._slot.state = 3
    m.on_urc("+QATWAKEUP", seen.append)
    m.on_urc("+CEREG:", seen.append)
    assert (yield m.command("AT+CEREG?")) == ["+CEREG: 2,1"]
    yield face.settle()
    assert seen == [b"+CEREG: 5", b"+QATWAKEUP"]
    assert (yield sock.recv(1)) == b""
    m.on_urc("+CEREG:", None)
    face.uart.say(lines("+CEREG: 1"))
    yield face.settle()
    assert len(seen) == 2 and m.stats.unknown == 1


@rows("R003", "R008", "R018")
@both
def test_a_handler_must_not_wait(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [])
    caught = []

    def handler(line: bytes) -> None:
        try:
            waiting = m.command("AT")
            if hasattr(waiting, "close"):
                waiting.close()
                raise ValueError  # the asyncio face says it when awaited
        except ValueError as error:
            caught.append(error)

    m.on_urc("+X", handler)
    face.uart.say(lines("+X: 1"))
    yield face.settle()
    assert len(caught) == 1


@rows("R003", "R008", "R018")
@both
def test_data_behind_connect(face: "Face") -> "Generator[Any, Any, None]":
    script = [(b'AT+QFUPL="a",5,5\r', lines("CONNECT")), (b"hello", lines("+QFUPL: 5,1234", "OK"))]
    m = face.start("BG96", script)
    assert (yield m.command('AT+QFUPL="a",5,5', data=b"hello")) == ["+QFUPL: 5,1234"]


@rows("R003", "R008", "R018", "R441", "R442")
@both
def test_lines_that_are_too_long_and_noise(face: "Face") -> "Generator[Any, Any, None]":
    noise = b"\x00\xff\x80\r\n" + b"+" + b"z" * 1000 + b"\r\n+Y: 1\r\n"
    m = face.start("BC25", [(b"AT+CSQ\r", noise + lines("+CSQ: 1,99", "OK"))])
    assert (yield m.command("AT+CSQ")) == ["+CSQ: 1,99"]
    assert m.stats.long_lines == 1 and m.stats.noise == 3 and m.stats.unknown == 1


@rows("R108", "R021")
@both
def test_a_read_without_an_answer(face: "Face") -> "Generator[Any, Any, None]":
    """Whether the module took the bytes out of its buffer is unknown: the socket must not go on as if nothing was."""
    s = face.opened([(READ_0, b""), SYNC, CLOSE_0])
    face.uart.say(RECV_0)
    with raises(QuectelError) as caught:
        yield s.recv(10)
    assert caught.value.errno in (EIO, ETIMEDOUT)
    yield s.close()


@rows("R108", "R021")
@both
def test_a_late_answer_to_a_read_is_no_payload_of_anybody(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(READ_0, b""), (SYNC[0], part(b"late data") + SYNC[1]), CLOSE_0])
    face.uart.say(RECV_0)
    with raises(QuectelError):
        yield s.recv(10)
    yield s.close()


@rows("R003", "R008", "R018", "R441", "R442")
@both
def test_bytes_that_are_no_text(face: "Face") -> "Generator[Any, Any, None]":
    answer = b'\r\n+COPS: 0,0,"caf\xe9 \xff"\r\n' + OK
    m = face.start("BC25", [(b"AT+COPS?\r", answer), (b"AT+X\r", b"\r\n+CME ERROR: caf\xe9\r\n")])
    assert (yield m.command("AT+COPS?")) == ['+COPS: 0,0,"caf\xe9 \xff"']
    with raises(QuectelError) as caught:
        yield m.command("AT+X")
    assert caught.value.text == "caf\xe9"
