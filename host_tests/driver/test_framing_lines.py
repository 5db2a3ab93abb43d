"""Lines, echoes and garbage as they come from the field: each pitfall has a test that is named by it."""

from faces import start
from kit import raises, rows
from quectel import QuectelError, QuectelTimeout
from quectel.procedure import values
from quectel.table import FAILED, MESSAGES, OPEN
from scripted import OK, adopt, lines, settled, socket_of
from steps import (
    CLOSE_0,
    EMPTY,
    NB_PINS,
    OPEN_0,
    PROMPT,
    READ_0,
    RECV_0,
    RECV_1,
    SERVER,
    SYNC,
    met,
    payload,
    said,
    whole,
)
from wires import Rig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def asked(answer: "Any", command: str = "AT+CSQ", family: str = "BC25", **how: "Any") -> "list[str]":
    """The lines that the caller gets of an answer."""
    modem, check = start(family, [(command.encode() + b"\r", answer)], **how)
    found: "list[str]" = modem.command(command)
    settled(modem)
    check()
    return found


# --- lines and reads ----------------------------------------------------------------------------------------------


@rows("R166", "R441")
def test_header_payload_and_final_split_across_reads() -> None:
    answer = payload(b"\r\nOK\r\n")
    for cut in range(len(answer)):
        modem, check = start("BC25", [(READ_0, answer), (READ_0, EMPTY)], cut=cut, pause=7)
        sock = socket_of(modem, 0)
        modem.uart.say(RECV_0)
        assert sock.read(6) == b"\r\nOK\r\n", cut
        settled(modem)
        check()


@rows("R389")
def test_a_urc_right_behind_a_final_needs_no_further_read() -> None:
    modem, check = start("BC25", [(b"AT+CSQ\r", lines("+CSQ: 20,99", "OK") + RECV_0), (READ_0, EMPTY)])
    modem.command("AT+CSQ")
    slot = adopt(modem, 0, 1)
    assert modem.stats.urcs == 1
    modem.uart.say(lines('+QIURC: "closed",0'))
    settled(modem)
    assert slot.state == 5
    check()


@rows("R389")
def test_all_urcs_of_one_read_are_handled() -> None:
    modem, check = start("BC25", [(b"AT+CSQ\r", OK)])
    seen: "list[bytes]" = []
    modem.on_urc("+X:", seen.append)
    modem.uart.say(lines(*["+X: %d" % i for i in range(40)]))
    settled(modem)
    assert seen == [b"+X: %d" % i for i in range(40)]
    modem.command("AT+CSQ")
    check()


@rows("R389")
def test_a_urc_that_a_time_out_cuts_is_whole_in_the_end() -> None:
    urc = RECV_1
    for cut in range(1, len(urc)):
        script = [(b"AT+CSQ\r", urc[:cut]), (SYNC[0], urc[cut:] + SYNC[1]), (b"AT+QIRD=1,512\r", EMPTY)]
        modem, check = start("BC25", script)
        adopt(modem, 1, 1)
        with raises(QuectelTimeout):
            modem.command("AT+CSQ", timeout_ms=300)
        settled(modem)
        check()
        assert modem.stats.urcs == 1 and modem.stats.unknown == 0, cut


@rows("R435")
def test_a_line_longer_than_the_buffer_and_a_good_one_behind_it() -> None:
    """Nothing of it is taken for a line, wherever a read ends."""
    for size in (0, 1, 100, 256, 257):
        long = b"\r\n+X: " + b'OK,ERROR,"RDY",' * 40 + b"\rOK\r\n"
        modem, check = start("BC25", [(b"AT+CSQ\r", long + lines("+CSQ: 20,99") + long + OK)], size=size)
        assert modem.command("AT+CSQ") == ["+CSQ: 20,99"]
        check()
        assert modem.stats.long_lines == 2 and modem.stats.unknown == modem.stats.epochs == 0


@rows("R361")
def test_quoted_strings_empty_fields_and_unbalanced_quotes() -> None:
    text = '+COPS: 0,,"a,b\rOK\r",, "c" ,"open, 5'
    assert asked(lines(text, "OK"), "AT+COPS?") == [text]
    assert values(text.encode())[:4] == ["0", "", "a,b\rOK\r", ""]
    assert values(b'+X: 1,,"",x') == ["1", "", "", "x"] and values(b"+X:") == [] and values(b"+X: ,") == [""]


@rows("R388")
def test_echo_with_cr_cr_lf_and_an_echo_that_is_back() -> None:
    for end in (b"\r\r\n", b"\r\n", b"\r"):
        for size in (0, 1):
            assert asked(b"AT+CSQ" + end + b"+CSQ: 20,99\r\n\r\nOK\r\n", size=size) == ["+CSQ: 20,99"]
    again = whole(met("BC25"), NB_PINS, [said("AT+QISTATE?"), (OPEN_0, lines("OK", "+QIOPEN: 0,0"))])
    modem, check = start("BC25", [(b"AT+CSQ\r", b"AT+CSQ\r" + lines("+CSQ: 20,99", "OK"))] + again)
    modem.engine.echo_off = True
    with raises(QuectelError):
        modem.command("AT+CSQ")  # it has restarted: nothing of before holds
    modem.create_connection(SERVER)
    check()
    assert modem.stats.epochs == 1


@rows("R388")
def test_a_module_that_echoes_payloads() -> None:
    for echo in (b"hello", b"hello\r\n"):
        modem, check = start("BG96", [(b"AT+QISEND=0,5\r", PROMPT), (b"hello", echo + lines("SEND OK"))], size=1)
        assert socket_of(modem, 0).send(b"hello") == 5
        check()


@rows("R435")
def test_bytes_above_127_in_an_answer() -> None:
    assert asked(b'\r\n+COPS: 0,0,"\x80\xff\xe9"\r\n' + OK, "AT+COPS?") == ['+COPS: 0,0,"\x80\xff\xe9"']


@rows("R166")
def test_a_short_payload_invents_nothing() -> None:
    modem, check = start("BC25", [(READ_0, b"\r\n+QIRD: 10\r\n1234"), SYNC, CLOSE_0])
    sock = socket_of(modem, 0)
    modem.uart.say(RECV_0)
    with raises(QuectelError):
        sock.recv(10)
    assert sock._slot.state == FAILED
    sock.close()
    check()


@rows("R435")
def test_nul_and_garbage_at_boot() -> None:
    for noise in (b"\0", b"\xff\xff", b"\0\xff\xfe\x80\x01", b"\xf8\r\n\0\0", b"\xff" * 600 + b"\r\n", b"\x7f\x1b\0\n"):
        for size in (0, 1):
            modem, check = start("BC25", [(b"AT+CSQ\r", noise + OK)], size=size)
            assert modem.command("AT+CSQ") == []
            check()
            assert modem.stats.unknown == modem.stats.epochs == 0


@rows("R190", "R218")
def test_a_name_is_resolved_in_two_stages() -> None:
    urcs = ('+QIURC: "dnsgip",0,2,600', "+CTZV: 8", '+QIURC: "dnsgip","1.2.3.4"', '+QIURC: "dnsgip","2001:db8::1"')
    seen: "list[bytes]" = []
    modem, check = start("BG96", [(b'AT+QIDNSGIP=1,"a.b"\r', [OK, 900, lines(*urcs)])])
    modem.on_urc('+QIURC: "dnsgip",', seen.append)
    assert modem.command('AT+QIDNSGIP=1,"a.b"') == []
    settled(modem)
    check()
    assert seen == [urcs[0].encode(), urcs[2].encode(), urcs[3].encode()]


@rows("R166")
def test_counts_that_no_integer_of_16_bits_holds() -> None:
    assert values(b"+QIRD: 4294967295,65536,32768") == ["4294967295", "65536", "32768"]
    text = "+QIRD: 4294967295,4294901759,65536"
    assert asked(lines(text, "OK"), "AT+QIRD=0,0") == [text]
    modem, check = start("BC25", [(READ_0, b"\r\n+QIRD: 4294967301\r\nhello\r\n" + OK), SYNC])
    sock = socket_of(modem, 0)  # 2**32 + 5
    modem.uart.say(RECV_0)
    with raises(QuectelError):
        sock.recv(5)
    settled(modem)
    check()


@rows("R261", "R410")
def test_hex_digits_in_either_case() -> None:
    for digits in (b"4a6B7c", b"4A6B7C", b"4a6b7c"):
        rig = Rig("BC95G")
        slot = rig.engine.messages = rig.engine.table.take() or rig.engine.table.nobody
        slot.kind, slot.state = MESSAGES, OPEN
        rig.feed(b'\r\n+QCOAPURC: "rsp",2,2.05,6677,3,' + digits + b"\r\n", 1)
        part = bytearray(40)
        slot.ring.drop(slot.ring.head())
        assert slot.ring.take(part, 0, slot.ring.head()) == 3 and part[:3] == b"Jk|"
        assert rig.stat("framing") == 0
