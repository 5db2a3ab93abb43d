"""Sockets in transparent mode, and changes of the access mode."""

from errno import EAGAIN, ECONNABORTED, ECONNREFUSED, ECONNRESET, EIO, ENOBUFS, ENOTCONN, ETIMEDOUT

from faces import both
from kit import raises, rows
from quectel import BUFFER, PUSH, SOCK_DGRAM, TRANSPARENT, QuectelError, QuectelTimeout, TLSContext, TLSError
from quectel.table import FREE
from scripted import ERROR, OK, adopt, lines
from steps import PROMPT, SERVER, sending, why

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face

CONNECT = lines("CONNECT")
NO_CARRIER = lines("NO CARRIER")
OPEN_RAW = b'AT+QIOPEN=1,0,"TCP","10.0.0.1",80,0,2\r'
CLOSE_LTE = (b"AT+QICLOSE=0,10\r", OK)
ESCAPE = (b"+++", [1000, OK])
HOSTILE = bytes(range(256)) + lines("OK", "ERROR", "> ", '+QIURC: "recv",0,9', "RDY", "NO CARRIER") + b"+++"


@rows("R033", "R036", "R066")
@both
def test_open_talk_close(face: "Face") -> "Generator[Any, Any, None]":
    """Bytes go both ways as they are; what comes in the same read as CONNECT is payload already."""
    script = [
        (OPEN_RAW, [2000, CONNECT + b"early"]),
        (b"hello", b"world\r\n" + HOSTILE),
        (HOSTILE, b""),
        ESCAPE,
        CLOSE_LTE,
    ]
    m = face.start("EC200U", script)
    s = m.socket(mode=TRANSPARENT)
    yield s.connect(SERVER)
    assert s.id == 0 and s.mode == TRANSPARENT and s.state == 2 and m.stats.opens == 1
    assert (yield s.read(5)) == b"early"
    assert (yield s.send(b"hello")) == 5
    assert (yield s.readline()) == b"world\r\n"
    assert (yield s.read(len(HOSTILE))) == HOSTILE
    yield s.sendall(HOSTILE)
    begun = face.clock.passed
    yield s.close()
    assert face.clock.passed - begun >= 2000 and s.id == -1
    assert m.stats.unknown == 0 and m.stats.urcs == 0


@rows("R066", "R398")
@both
def test_an_open_that_is_refused(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BG96", [(OPEN_RAW, ERROR), why(566), CLOSE_LTE, (OPEN_RAW, CONNECT), ESCAPE, CLOSE_LTE])
    s = m.socket(mode=TRANSPARENT)
    with raises(QuectelError) as caught:
        yield s.connect(SERVER)
    assert (caught.value.errno, caught.value.code) == (ECONNREFUSED, 566)
    yield face.settle()
    yield s.connect(SERVER)
    yield s.close()


@rows("R066", "R395")
@both
def test_an_open_of_an_id_in_use(face: "Face") -> "Generator[Any, Any, None]":
    script = [(OPEN_RAW, ERROR), why(563), CLOSE_LTE, (OPEN_RAW, CONNECT), ESCAPE, CLOSE_LTE]
    s = face.start("BG96", script).socket(mode=TRANSPARENT)
    yield s.connect(SERVER)
    yield s.close()


@rows("R066")
@both
def test_an_open_that_is_refused_without_a_reason(face: "Face") -> "Generator[Any, Any, None]":
    s = face.start("BG96", [(OPEN_RAW, NO_CARRIER), CLOSE_LTE]).socket(mode=TRANSPARENT)
    with raises(QuectelError) as caught:
        yield s.connect(SERVER)
    assert caught.value.errno == EIO and caught.value.code == 0
    yield face.settle()


@rows("R066", "R398")
@both
def test_a_tls_open_that_is_refused(face: "Face") -> "Generator[Any, Any, None]":
    opening = (b'AT+QSSLOPEN=1,0,0,"10.0.0.1",80,2\r', ERROR)
    m = face.start("BG96", [opening, why(579), (b"AT+QSSLCLOSE=0,10\r", OK)])
    slot = adopt(m, 5, 1, tls=True)
    s = m.socket(tls=TLSContext(verify=False), mode=TRANSPARENT)
    m.engine.close(slot, slot.gen)
    m.engine._freed(slot)
    m._configure = lambda slot, tls: _context(slot)
    with raises(TLSError) as caught:
        yield s.connect(SERVER)
    assert (caught.value.errno, caught.value.code) == (ECONNABORTED, 579)
    yield face.settle()


def _context(slot: "Any") -> "Generator[None, None, None]":
    slot.tls = 0
    return
    yield


@rows("R066")
@both
def test_an_open_that_is_given_up_and_connects_then(face: "Face") -> "Generator[Any, Any, None]":
    """It has the UART although nobody wants it: it leaves and is closed, and the UART is free again."""
    script = [(OPEN_RAW, [5000, CONNECT]), ESCAPE, (b"AT+CSQ\r", lines("+CSQ: 20,99", "OK")), CLOSE_LTE]
    m = face.start("BG96", script)
    s = m.socket(mode=TRANSPARENT)
    s.settimeout(1)
    with raises(QuectelTimeout):
        yield s.connect(SERVER)
    assert (yield m.command("AT+CSQ", timeout_ms=1000)) == ["+CSQ: 20,99"]
    yield face.settle()
    assert m.engine.table.free_id() == 0


@rows("R280", "R461")
@both
def test_no_carrier_is_the_end_of_the_stream(face: "Face") -> "Generator[Any, Any, None]":
    script = [(OPEN_RAW, CONNECT), (b"hello", [3000, b"bye" + NO_CARRIER, 900, b"-" + NO_CARRIER]), CLOSE_LTE]
    s = face.start("BG96", script).socket(mode=TRANSPARENT)
    yield s.connect(SERVER)
    yield s.send(b"hello")
    assert (yield s.read()) == b"bye" + NO_CARRIER + b"-"
    assert s.mode == BUFFER and s.state == 4
    with raises(QuectelError) as caught:
        yield s.send(b"more")
    assert caught.value.errno == ECONNRESET
    yield s.close()


@rows("R037")
@both
def test_a_lone_escape_is_data(face: "Face") -> "Generator[Any, Any, None]":
    script = [(OPEN_RAW, CONNECT), (b"++", b""), (b"+", b"ok"), ESCAPE, CLOSE_LTE]
    s = face.start("BG96", script).socket(mode=TRANSPARENT)
    yield s.connect(SERVER)
    begun = face.clock.passed
    assert (yield s.send(b"+++")) == 3
    assert face.clock.passed - begun >= 1000
    assert (yield s.read(2)) == b"ok"
    yield s.close()


@rows("R036", "R037", "R038", "R280", "R424")
@both
def test_out_and_back_in(face: "Face") -> "Generator[Any, Any, None]":
    """+++ leaves for buffer mode, ATO goes back."""
    script = [
        (OPEN_RAW, CONNECT + b"raw"),
        (b"+++", [1000, OK + lines('+QIURC: "recv",0')]),
        (b"AT+QIRD=0,1500\r", lines("+QIRD: 5") + b"\x00kept" + b"\r\n" + OK),
        (b"AT+QIRD=0,1500\r", lines("+QIRD: 0", "OK")),
        (b"AT+CSQ\r", lines("+CSQ: 20,99", "OK")),
        (b"AT+QISEND=0,5\r", PROMPT),
        (b"hello", lines("SEND OK")),
        (b"ATO\r", CONNECT + b"again"),
        (b"raw", b""),
        ESCAPE,
        (b"AT+QISWTMD=0,1\r", OK + lines('+QIURC: "recv",0,4') + b"push"),
        CLOSE_LTE,
    ]
    m = face.start("EC200U", script)
    s = m.socket(mode=TRANSPARENT)
    yield s.connect(SERVER)
    yield s.set_mode(BUFFER)
    assert s.mode == BUFFER and (yield s.read(8)) == b"raw\x00kept"
    yield face.settle()
    assert (yield m.command("AT+CSQ")) == ["+CSQ: 20,99"]
    assert (yield s.send(b"hello")) == 5
    yield s.set_mode(TRANSPARENT)
    yield s.set_mode(TRANSPARENT)  # it is
    assert s.mode == TRANSPARENT and (yield s.read(5)) == b"again"
    yield s.send(b"raw")
    yield s.set_mode(PUSH)
    assert s.mode == PUSH and (yield s.read(4)) == b"push"
    yield s.close()


@rows("R033", "R038", "R423")
@both
def test_into_transparent_mode_with_qiswtmd(face: "Face") -> "Generator[Any, Any, None]":
    script = [(b"AT+QISWTMD=0,2\r", CONNECT + b"data"), ESCAPE, (b"ATO\r", NO_CARRIER), CLOSE_LTE]
    s = face.opened(script, "BG96")
    yield s.set_mode(TRANSPARENT)
    assert (yield s.recv(100)) == b"data"
    yield s.set_mode(BUFFER)
    with raises(QuectelError) as caught:
        yield s.set_mode(TRANSPARENT)
    assert caught.value.errno == ENOTCONN and "NO CARRIER" in str(caught.value)
    assert s.mode == BUFFER
    yield s.close()


@rows("R038")
@both
def test_a_switch_that_is_refused(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(b"AT+QISWTMD=0,2\r", ERROR), why(572), (b"AT+QISWTMD=0,1\r", ERROR), why(0)], "BG96")
    with raises(QuectelError) as caught:
        yield s.set_mode(TRANSPARENT)
    assert caught.value.code == 572 and s.mode == BUFFER
    with raises(QuectelError):
        yield s.set_mode(PUSH)
    assert s.mode == BUFFER


@rows("R105", "R177", "R295", "R447")
@both
def test_modes_of_an_nb_module(face: "Face") -> "Generator[Any, Any, None]":
    """What the module holds is received before it pushes; there is no transparent mode."""
    script = [
        (b"AT+QIRD=0,512\r", lines("+QIRD: 4") + b"kept" + b"\r\n" + OK),
        (b"AT+QIRD=0,512\r", lines("+QIRD: 0", "OK")),
        (b"AT+QISWTMD=0,1\r", OK + lines('+QIURC: "recv",0,4') + b"push"),
        (b"AT+QISWTMD=0,0\r", OK),
    ]
    s = face.opened(script, "BC25")
    s._slot.more = True
    yield s.set_mode(PUSH)
    assert (yield s.read(8)) == b"keptpush" and s.mode == PUSH
    yield s.set_mode(BUFFER)
    assert s.mode == BUFFER
    for mode in (TRANSPARENT, 3, -1):
        with raises(ValueError):
            yield s.set_mode(mode)
        with raises(ValueError):
            face.modem.socket(mode=mode)


@rows("R447")
@both
def test_a_ring_that_is_too_full_for_direct_push(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([], "BC25", rx_ring=1024)
    s._slot.more = True
    s._slot.ring.put(bytes(1000), 0, 1000)
    s._slot.ring.commit()
    with raises(QuectelError) as caught:
        yield s.set_mode(PUSH)
    assert caught.value.errno == ENOBUFS and s.mode == BUFFER


@rows("R036")
@both
def test_everybody_else_is_told_to_wait(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BG96", [(OPEN_RAW, CONNECT), ESCAPE, (b"AT+QICLOSE=5,10\r", OK)])
    other, third = adopt(m, 4, 1), adopt(m, 5, 1)
    s = m.socket(mode=TRANSPARENT)
    kind = type(s)
    yield s.connect(SERVER)
    waiting, closing = kind(m, slot=other), kind(m, slot=third)
    other.ring.put(b"came before", 0, 11)
    other.ring.commit()
    assert (yield waiting.recv(100)) == b"came before"
    fresh = m.socket()
    calls = (
        lambda: waiting.recv(1),
        lambda: waiting.readinto(bytearray(1)),
        waiting.readline,
        lambda: waiting.send(b"x"),
        waiting.query_state,
        s.query_state,
        lambda: waiting.set_mode(PUSH),
        lambda: fresh.connect(SERVER),
        fresh.listen,
        lambda: m.command("AT+CSQ"),
    )
    fresh.bind(("", 80))
    for call in calls:
        with raises(QuectelError) as caught:
            yield call()
        assert caught.value.errno == EAGAIN and "set_mode(BUFFER)" in str(caught.value)
    waiting.settimeout(0)
    assert (yield waiting.read(1)) is None and (yield waiting.write(b"x")) is None
    yield closing.close()  # later
    assert closing.id == 5
    yield s.set_mode(BUFFER)
    yield face.settle()
    assert closing.id == -1 and third.state == FREE


@rows("R037")
@both
def test_an_escape_that_is_not_answered(face: "Face") -> "Generator[Any, Any, None]":
    script = [(OPEN_RAW, CONNECT), (b"+++", b""), (b"+++", b""), (b"AT+CMEE?\r", lines("+CMEE: 1", "OK")), CLOSE_LTE]
    s = face.start("EC200U", script).socket(mode=TRANSPARENT)
    yield s.connect(SERVER)
    with raises(QuectelError) as caught:
        yield s.set_mode(BUFFER)
    assert caught.value.errno == ENOTCONN
    with raises(QuectelError) as caught:
        yield s.recv(1)
    assert caught.value.errno == ETIMEDOUT
    yield s.close()


@rows("R036")
@both
def test_more_than_the_ring_holds(face: "Face") -> "Generator[Any, Any, None]":
    """Loss is told, and the UART is free again."""
    script = [(OPEN_RAW, CONNECT), (b"go", b"x" * 3000), ESCAPE, (b"AT+CSQ\r", lines("+CSQ: 20,99", "OK")), CLOSE_LTE]
    m = face.start("EC200U", script, rx_ring=1024)
    s = m.socket(mode=TRANSPARENT)
    yield s.connect(SERVER)
    yield s.send(b"go")
    yield face.settle()
    yield s.read(1024 if s.pending() == 1024 else s.pending())
    with raises(QuectelError) as caught:
        yield s.recv(1)
    assert caught.value.errno == EIO and m.stats.rx_lost >= 3000 - 1024
    assert (yield m.command("AT+CSQ")) == ["+CSQ: 20,99"]
    yield s.close()


@both
def test_what_has_no_transparent_mode(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BG96", [])
    with raises(ValueError):
        m.socket(SOCK_DGRAM, mode=TRANSPARENT)
    s = m.socket(mode=TRANSPARENT)
    s.bind(("", 80))
    with raises(ValueError):
        yield s.listen()
    with raises(QuectelError) as caught:
        yield s.set_mode(BUFFER)
    assert caught.value.errno == ENOTCONN


@rows("R036")
@both
def test_long_data_through_a_uart_that_takes_little(face: "Face") -> "Generator[Any, Any, None]":
    data = HOSTILE * 12
    script = [(OPEN_RAW, CONNECT), (data, b"done"), ESCAPE, CLOSE_LTE]
    s = face.start("BG96", script, short=7).socket(mode=TRANSPARENT)
    yield s.connect(SERVER)
    yield s.sendall(data)
    assert (yield s.read(4)) == b"done"
    yield s.close()


@rows("R149")
@both
def test_a_part_under_way_goes_out_before_the_uart_changes_hands(face: "Face") -> "Generator[Any, Any, None]":
    script = sending(b"hello", [400, lines("SEND OK")]) + [(b"AT+QISWTMD=0,2\r", CONNECT)]
    s = face.opened(script, "BG96")
    s.settimeout(0.1)
    yield s.send(b"hello")
    yield s.set_mode(TRANSPARENT)
    assert s.mode == TRANSPARENT
