"""Commands of the caller's own: arguments, errors, time limits, URCs between the lines of an answer."""

from faces import both
from kit import raises, rows
from quectel import QuectelError, QuectelTimeout
from scripted import ERROR, OK, lines
from steps import CLOSED_0, EMPTY, READ_0, RECV_0, WHY, why

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face


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


@rows("R018", "R276", "R278", "R317", "R438")
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
    assert len(seen) == 2 and m.stats.unknown == 0 and m.engine.stat == 1


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


@rows("R003", "R008", "R018", "R441", "R442")
@both
def test_bytes_that_are_no_text(face: "Face") -> "Generator[Any, Any, None]":
    answer = b'\r\n+COPS: 0,0,"caf\xe9 \xff"\r\n' + OK
    m = face.start("BC25", [(b"AT+COPS?\r", answer), (b"AT+X\r", b"\r\n+CME ERROR: caf\xe9\r\n")])
    assert (yield m.command("AT+COPS?")) == ['+COPS: 0,0,"caf\xe9 \xff"']
    with raises(QuectelError) as caught:
        yield m.command("AT+X")
    assert caught.value.text == "caf\xe9"
