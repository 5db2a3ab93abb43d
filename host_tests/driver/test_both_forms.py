"""A socket sends in the command line, as text or as hex digits, where it was told to and where that fits."""

from errno import EOPNOTSUPP, ETIMEDOUT

from faces import both
from kit import raises, rows
from quectel import QuectelError
from quectel.table import FAILED
from scripted import ERROR, OK, lines
from steps import CLOSE_0, SENT, SERVER, SYNC, sending, whole, why

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face

INLINE = (b'AT+QISEND=0,5,"hello"\r', SENT)
AS_HEX = (b'AT+QISENDEX=0,5,"00FF22410D"\r', SENT)
BINARY = b'\x00\xff"A\r'


@rows("R147", "R157", "R292")
@both
def test_text_goes_out_in_quotes(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([INLINE, (b'AT+QISEND=0,3,"a,b"\r', SENT)])
    s.set_send_form("inline")
    assert (yield s.send(b"hello")) == 5
    assert (yield s.send(b"a,b")) == 3


@rows("R152", "R159", "R402")
@both
def test_what_is_no_text_goes_out_as_hex_digits(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([AS_HEX, (b'AT+QISENDEX=0,1,"7F"\r', SENT), (b'AT+QISENDEX=0,1,"22"\r', SENT)])
    s.set_send_form("inline")
    yield s.sendall(BINARY)
    yield s.sendall(b"\x7f")
    yield s.sendall(b'"')


@rows("R159")
@both
def test_text_as_hex_digits_where_that_was_asked_for(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(b'AT+QISENDEX=0,5,"3031323334"\r', SENT)])
    s.set_send_form("hex")
    assert (yield s.send(b"01234")) == 5


@rows("R147", "R149", "R159")
@both
def test_what_does_not_fit_goes_out_behind_a_prompt(face: "Face") -> "Generator[Any, Any, None]":
    text, binary = b"x" * 376, b"\xee" * 188  # of a command buffer of 400 bytes, 24 are around the payload
    script = [(b'AT+QISEND=0,376,"' + text + b'"\r', SENT)]
    script += sending(text + b"x", SENT)
    script += [(b'AT+QISENDEX=0,188,"' + b"EE" * 188 + b'"\r', SENT)]
    script += sending(binary + b"\xee", SENT)
    s = face.opened(script)
    s.set_send_form("inline")
    for part in (text, text + b"x", binary, binary + b"\xee"):
        assert (yield s.send(part)) == len(part)


@rows("R159", "R162", "R163", "R289")
@both
def test_as_much_as_the_command_takes(face: "Face") -> "Generator[Any, Any, None]":
    """With room for it in the command buffer; what is more is the next command's."""
    for family, most in (("BC65", 1440), ("BC25", 512)):
        script = [(b'AT+QISENDEX=0,%d,"' % most + b"EE" * most + b'"\r', SENT), (b'AT+QISENDEX=0,1,"EE"\r', SENT)]
        s = face.opened(script, family, tx_buf=3000)
        s.set_send_form("hex")
        yield s.sendall(b"\xee" * (most + 1))
        face.check()


@rows("R159", "R164")
@both
def test_hex_digits_are_refused_as_text_is(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(AS_HEX[0], ERROR), why(572), CLOSE_0])
    s.set_send_form("hex")
    with raises(QuectelError) as caught:
        yield s.send(BINARY)
    assert caught.value.code == 572
    yield s.close()


@rows("R149")
@both
def test_back_to_the_prompt(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened(whole(INLINE, sending(b"hello", SENT)))
    s.set_send_form("inline")
    yield s.sendall(b"hello")
    s.set_send_form("data")
    yield s.sendall(b"hello")


@rows("R147", "R148")
@both
def test_send_fail_is_repeated_in_the_same_form(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(INLINE[0], lines("OK", "SEND FAIL")), INLINE])
    s.set_send_form("inline")
    assert (yield s.send(b"hello")) == 5
    assert face.modem.stats.send_fail == 1


@rows("R147", "R207")
@both
def test_an_error_has_its_reason(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(INLINE[0], ERROR), why(558), CLOSE_0])
    s.set_send_form("inline")
    with raises(QuectelError) as caught:
        yield s.send(b"hello")
    assert caught.value.code == 558 and s._slot.state == FAILED
    yield s.close()


@rows("R147", "R153")
@both
def test_a_result_that_is_late(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(INLINE[0], [OK, 3000, lines("SEND OK")])])
    s.set_send_form("inline")
    assert (yield s.send(b"hello")) == 5
    assert face.clock.passed >= 3000


@rows("R147")
@both
def test_an_answer_that_does_not_come(face: "Face") -> "Generator[Any, Any, None]":
    """Whether it was sent is unknown, and no data entry is open: nothing has to be filled."""
    s = face.opened([(INLINE[0], b""), SYNC, CLOSE_0])
    s.set_send_form("inline")
    with raises(QuectelError) as caught:
        yield s.send(b"hello")
    assert caught.value.errno == ETIMEDOUT
    yield s.close()


@rows("R147")
@both
def test_a_datagram_in_the_command_line(face: "Face") -> "Generator[Any, Any, None]":
    modem = face.start("BC65", [(b'AT+QIOPEN=1,0,"UDP","10.0.0.1",80,0,0,0\r', lines("OK", "+QIOPEN: 0,0")), INLINE])
    s = modem.socket(2)
    s.set_send_form("inline")
    assert (yield s.sendto(b"hello", SERVER)) == 5


@both
def test_hex_digits_of_an_lte_module_have_no_length(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(b'AT+QISENDEX=0,"00FF22410D"\r', lines("SEND OK"))], "BG96")
    s.set_send_form("hex")
    assert (yield s.send(BINARY)) == 5


@both
def test_the_form_stays_when_a_socket_is_opened_again(face: "Face") -> "Generator[Any, Any, None]":
    opened = (b'AT+QIOPEN=1,0,"TCP","10.0.0.1",80,0,0,0\r', lines("OK", "+QIOPEN: 0,0"))
    s = face.opened([(INLINE[0], ERROR), why(558), CLOSE_0, opened, INLINE])
    s.set_send_form("inline")
    with raises(QuectelError):
        yield s.send(b"hello")
    yield s.connect(SERVER)
    assert (yield s.send(b"hello")) == 5


@both
def test_forms_that_are_not_there(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([], "BG96")
    with raises(QuectelError) as caught:
        s.set_send_form("inline")
    assert caught.value.errno == EOPNOTSUPP
    with raises(ValueError):
        s.set_send_form("base64")
    with raises(ValueError):
        s.set_send_form(1)
    yield


@both
def test_a_trace_shows_the_length_alone(face: "Face") -> "Generator[Any, Any, None]":
    said: "list[bytes]" = []
    s = face.opened([INLINE, AS_HEX], trace=lambda way, text, ms: said.append(bytes(text)))
    s.set_send_form("inline")
    yield s.sendall(b"hello")
    yield s.sendall(BINARY)
    assert b"AT+QISEND=0,5,<5 bytes>" in said and b"AT+QISENDEX=0,5,<5 bytes>" in said
    assert not [line for line in said if b"hello" in line or b"00FF" in line]
