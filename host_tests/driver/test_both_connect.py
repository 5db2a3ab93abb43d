"""Sockets are opened, and what becomes of it when that fails."""

from errno import ECONNREFUSED, ECONNRESET, EHOSTUNREACH, EINPROGRESS, EIO, ENOBUFS, ETIMEDOUT

from faces import both
from kit import raises, rows
from quectel import BUFFER, QuectelError, QuectelTimeout
from quectel.table import FREE
from scripted import ERROR, OK, lines
from steps import CLOSE_0, OPEN_0, OPEN_1, READ_0, RECV_0, SERVER, payload, why

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face


@rows("R112", "R113", "R119", "R440")
@both
def test_connect(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [(OPEN_0, [OK, 2500, lines("+QIOPEN: 0,0")]), CLOSE_0])
    s = m.socket()
    assert s.id == -1
    yield s.connect(SERVER)
    assert s.id == 0 and s.mode == BUFFER and m.stats.opens == 1
    yield s.close()
    assert s.id == -1 and s._slot.state == FREE


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
    assert m.engine.table.free_id() == 0 and s._slot.state == FREE


@rows("R271")
@both
def test_an_id_in_use_is_closed_and_opened_once_more(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [(OPEN_0, lines("OK", "+QIOPEN: 0,563")), CLOSE_0, (OPEN_0, lines("OK", "+QIOPEN: 0,0"))])
    s = m.socket()
    yield s.connect(SERVER)
    assert s.id == 0


@rows("R271", "R395")
@both
def test_the_result_of_somebody_elses_open_is_not_ours(face: "Face") -> "Generator[Any, Any, None]":
    """Raw commands, say, opened that id: their result, and more of it, comes before ours is refused."""
    for news in ((), ('+QIURC: "recv",0,9',), ('+QIURC: "closed",0',), ('+QIURC: "recv",0,9', '+QIURC: "closed",0')):
        held = lines("+QIOPEN: 0,0", *news) + ERROR
        script = [(OPEN_0, held), why(563), CLOSE_0, (OPEN_0, lines("OK", "+QIOPEN: 0,0", '+QIURC: "recv",0,9'))]
        m = face.start("BC25", script + [(READ_0, payload(b"ours")), CLOSE_0])
        s = yield m.create_connection(SERVER)
        assert s.id == 0
        assert (yield s.recv(100)) == b"ours"
        yield s.close()


@rows("R271", "R395")
@both
def test_a_restart_while_an_id_is_freed(face: "Face") -> "Generator[Any, Any, None]":
    """What has failed meanwhile is not opened once more."""
    m = face.start("BC65", [(OPEN_0, ERROR), why(563), (CLOSE_0[0], lines("RDY"))])
    with raises(QuectelError) as caught:
        yield m.create_connection(SERVER)
    assert caught.value.errno == ECONNRESET


@rows("R271", "R395")
@both
def test_a_socket_that_is_closed_while_its_id_is_freed(face: "Face") -> "Generator[Any, Any, None]":
    refused: "list[Any]" = [(OPEN_0, [100, ERROR]), why(563)]
    slow = (CLOSE_0[0], [100, CLOSE_0[1]])
    for at_ms, script in ((10, refused + [CLOSE_0]), (150, refused + [slow, CLOSE_0])):
        m = face.start("BC25", script)
        s = m.socket()
        s.settimeout(0)
        with raises(QuectelError) as caught:
            yield s.connect(SERVER)
        assert caught.value.errno == EINPROGRESS
        slot = s._slot
        s.settimeout(at_ms / 1000)
        with raises(QuectelTimeout):
            yield s.recv(1)
        yield s.close()
        yield face.settle()
        assert slot.state == FREE and m.engine.table.free_id() == 0


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


@both
def test_a_handler_that_takes_its_time(face: "Face") -> "Generator[Any, Any, None]":
    """Nobody was there meanwhile: the result stands in the UART, and is read before the limit counts."""
    m = face.start("BC25", [(OPEN_0, [OK, 600, lines("+NEWS: 1"), 1000, lines("+QIOPEN: 0,0")])])
    m.on_urc("+NEWS:", lambda line: face.clock.advance(200_000))
    s = m.socket()
    yield s.connect(SERVER)
    assert s.id == 0
