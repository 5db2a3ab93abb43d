"""Sockets send: prompts, results, repetitions, time limits."""

from errno import EAGAIN, EIO, ENOBUFS, ETIMEDOUT

from faces import both
from kit import raises, rows
from quectel import QuectelError, QuectelTimeout
from quectel.table import FAILED
from scripted import ERROR, OK, lines
from steps import CLOSE_0, PROMPT, SENT, SYNC, sending, why

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face


@rows("R149", "R292")
@both
def test_send(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened(sending(b"hello", SENT) + sending(b"world", [OK, 40_000, lines("SEND OK")]))
    assert (yield s.send(b"hello")) == 5
    assert (yield s.write(b"world")) == 5
    assert face.clock.passed >= 40_000


@rows("R149", "R292")
@both
def test_send_through_a_uart_that_takes_little(face: "Face") -> "Generator[Any, Any, None]":
    data = bytes([i & 255 for i in range(1200)])
    script = sending(data[:512], SENT) + sending(data[512:1024], SENT) + sending(data[1024:], SENT)
    s = face.opened(script, short=3, size=1)
    yield s.sendall(data)


@rows("R148", "R149", "R292")
@both
def test_send_fail_is_repeated(face: "Face") -> "Generator[Any, Any, None]":
    failed = lines("OK", "SEND FAIL")
    s = face.opened(sending(b"hello", failed) + sending(b"hello", failed) + sending(b"hello", SENT))
    assert (yield s.send(b"hello")) == 5
    assert face.modem.stats.send_fail == 2 and face.clock.passed >= 300


@rows("R148", "R149")
@both
def test_send_fail_for_ever(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened(sending(b"hello", lines("OK", "SEND FAIL")) * 9 + sending(b"hello", SENT))
    with raises(QuectelError) as caught:
        yield s.send(b"hello")
    assert caught.value.errno == ENOBUFS and face.modem.stats.send_fail == 8
    assert (yield s.send(b"hello")) == 5  # the socket can be used again


@rows("R075", "R292")
@both
def test_send_fail_of_an_lte_module(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened(sending(b"hello", lines("SEND FAIL")) + sending(b"hello", lines("SEND OK")), "BG96")
    assert (yield s.send(b"hello")) == 5


@rows("R149", "R207")
@both
def test_send_error(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(b"AT+QISEND=0,5\r", ERROR), why(558), CLOSE_0])
    with raises(QuectelError) as caught:
        yield s.send(b"hello")
    assert (caught.value.errno, caught.value.code) == (EIO, 558)
    assert s._slot.state == FAILED
    with raises(QuectelError) as caught:
        yield s.recv(5)
    assert caught.value.code == 558
    yield s.close()


@rows("R149", "R292")
@both
def test_send_error_behind_the_data(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened(sending(b"hello", ERROR) + [why(0), CLOSE_0], "BC25")
    with raises(QuectelError) as caught:
        yield s.send(b"hello")
    assert caught.value.errno == EIO
    yield s.close()


@rows("R149", "R292")
@both
def test_the_result_of_a_send_never_comes(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened(sending(b"hello", OK) + [CLOSE_0])
    face.clock.step = 50  # two minutes in steps of 1 ms last long in npm's VM
    with raises(QuectelError) as caught:
        yield s.send(b"hello")
    assert caught.value.errno == ETIMEDOUT and s._slot.state == FAILED
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
    script = sending(b"hello", [OK, 3000, lines("SEND OK")]) + sending(b"again", SENT)
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
    first = sending(data[:512], [OK, 1500, lines("SEND OK")])
    s = face.opened(first + sending(data[512:], [OK, 3000, lines("SEND OK")]))
    s.settimeout(1)
    with raises(QuectelTimeout) as caught:
        yield s.write(data)
    assert caught.value.done == 512
    s.settimeout(10)
    assert (yield s.write(data[512:])) == 188


@rows("R149", "R292")
@both
def test_send_without_blocking(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened(sending(b"hello", [OK, 3000, lines("SEND OK")]) + sending(b"again", SENT))
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
    s = face.opened(sending(b"one", [OK, 500, lines("SEND OK")]) + sending(b"two", SENT, 1))
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
