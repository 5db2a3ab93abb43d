"""What logs of real modules show that the documents do not: each finding has a test that is named by it."""

from errno import ECONNREFUSED, EIO, EPERM, ETIMEDOUT

from faces import start
from kit import cases, raises, rows
from quectel import PUSH, NetworkError, QuectelError, QuectelTimeout, TLSContext, TLSError
from quectel.files import checksum
from quectel.procedure import number, values
from quectel.table import FREE, OPEN
from scripted import ERROR, OK, adopt, lines, settled, socket_of
from steps import (
    ATTACHED,
    CLOSE_0,
    EMPTY,
    HOME,
    LTE_PINS,
    NB_PINS,
    OPEN_0,
    PREPARED,
    READ_0,
    READY,
    SENT,
    SERVER,
    SYNC,
    met,
    payload,
    said,
    sending,
    whole,
    why,
)

STATES = said("AT+QISTATE?")


# --- results ------------------------------------------------------------------------------------------------------


@rows("R075", "R149", "R155", "R292")
def test_send_fail_with_ok_and_without() -> None:
    """The same bytes go out again later; behind one without OK a query tells whether the OK still comes."""
    for fail, query in ((lines("OK", "SEND FAIL"), []), (lines("SEND FAIL"), [SYNC])):
        script = whole(sending(b"hi", fail), query, sending(b"hi", SENT))
        for size in (0, 1):
            modem, check = start("BC25", script, size=size)
            assert socket_of(modem, 0).send(b"hi") == 2
            check()
            assert modem.stats.send_fail == 1 and modem.stats.late == 0
    modem, check = start("BG96", sending(b"hi", lines("SEND FAIL")) + sending(b"hi", lines("SEND OK")))
    assert socket_of(modem, 0).send(b"hi") == 2
    check()


@rows("R292")
def test_a_send_ok_in_front_of_ok_or_in_its_place() -> None:
    """A query tells which: an OK that still comes, comes in front of its answer and is not the next command's."""
    for results, query in (
        (lines("SEND OK"), SYNC),
        (lines("SEND OK", "OK"), SYNC),
        (lines("SEND OK"), (SYNC[0], [250, OK + SYNC[1]])),
    ):
        for size in (0, 1):
            script = whole(sending(b"hi", results), [query, said("AT+CSQ", "+CSQ: 20,99")])
            modem, check = start("BC25", script, size=size)
            assert socket_of(modem, 0).send(b"hi") == 2
            assert modem.command("AT+CSQ") == ["+CSQ: 20,99"]
            check()


@rows("R086", "R293")
def test_closes_of_all_sorts() -> None:
    nb, lte = b"AT+QICLOSE=0\r", b"AT+QICLOSE=0,10\r"
    for family, line, answer in (
        ("BC25", nb, lines("OK", "CLOSE OK")),
        ("BC25", nb, [OK, 50, lines("CLOSE OK")]),
        ("BC25", nb, ERROR),
        ("BG96", lte, OK),
        ("BG96", lte, lines("OK", "CLOSE OK")),
        ("BG96", lte, lines('+QIURC: "closed",0', "OK")),
        ("BG96", lte, lines("0, CLOSED", "OK")),
    ):
        modem, check = start(family, [(line, answer), said("AT+CSQ", "+CSQ: 20,99")])
        sock = socket_of(modem, 0)
        sock.close()
        assert sock._slot.state == FREE and modem.command("AT+CSQ") == ["+CSQ: 20,99"]
        check()
        assert modem.stats.unknown == (b"CLOSED" in answer)  # an older family's word: counted, and nothing else


@rows("R293")
def test_a_close_without_close_ok_is_over_when_its_time_is() -> None:
    modem, check = start("BC25", [(b"AT+QICLOSE=0\r", OK), SYNC, said("AT+CSQ")])
    modem._clock.step = 50
    socket_of(modem, 0).close()
    assert 10_300 <= modem._clock.passed < 10_500
    modem.command("AT+CSQ")
    check()


@rows("R065", "R113")
@cases("+QIOPEN: 0,0", "+QIOPEN:0,0", "+QIOPEN : 0,0", "+QIOPEN, 0,0", "+QIOPEN,0,0", "+QIOPEN: 0, 0")
def test_an_open_result_in_front_of_ok_and_in_its_place(result: str) -> None:
    for answer, sync in ((lines("OK", result), []), (lines(result, "OK"), []), (lines(result), [SYNC])):
        for size in (0, 1):
            modem, check = start("BC25", whole((OPEN_0, answer), sync, CLOSE_0), size=size)
            sock = modem.create_connection(SERVER)
            assert sock.id == 0 and modem.stats.opens == 1
            sock.close()
            check()


@rows("R065", "R271", "R398")
@cases("+QSSLOPEN: 0,566", "+QSSLOPEN, 0,566", "+QSSLOPEN,0,566")
def test_a_tls_result_and_then_error(result: str) -> None:
    """AT+QIGETERROR would say 0 now: the result of the open is what counts."""
    settings = [(b'AT+QSSLCFG="%s",0,%s\r' % item, OK) for item in (
        (b"sslversion", b"3"), (b"ciphersuite", b"0XFFFF"), (b"seclevel", b"0"), (b"ignorelocaltime", b"0"),
        (b"negotiatetime", b"300"),
    )]  # fmt: skip
    opening = b'AT+QSSLOPEN=1,0,0,"10.0.0.1",80,0\r'
    for answer in (lines("OK", result), lines(result, "OK"), lines(result, "ERROR"), lines(result, "+CME ERROR: 3")):
        script = whole(settings, [(opening, answer), (b"AT+QSSLCLOSE=0,10\r", OK)])
        modem, check = start("BG96", script)
        with raises(TLSError) as caught:
            modem.create_connection(SERVER, tls=TLSContext(verify=False))
        assert caught.value.code == 566
        settled(modem)
        check()


@rows("R271", "R437")
def test_a_negative_error_code() -> None:
    modem, check = start("BC25", [(OPEN_0, lines("OK", "+QIOPEN: 0,-1")), CLOSE_0, (b"ATX\r", lines("+CME ERROR: -1"))])
    with raises(QuectelError) as caught:
        modem.create_connection(SERVER)
    assert (caught.value.errno, caught.value.code) == (EIO, 550) and modem._clock.passed < 100
    settled(modem)
    with raises(QuectelError) as caught:
        modem.command("ATX")
    assert (caught.value.errno, caught.value.code) == (EIO, -1)
    check()


# --- data ---------------------------------------------------------------------------------------------------------


@rows("R095", "R214", "R441")
def test_pushed_data_with_a_line_end_behind_them_or_none() -> None:
    for data in (b"hello", b"OK\r\n", b"\r\n\r\n\r\nRDY", b"\r\nERROR\r\n"):
        for behind in (b"\r\n", b"\r\n\r\n", b""):
            for size in (0, 1, 7):
                modem, check = start("BC25", [], size=size)
                sock = socket_of(modem, 0, PUSH)
                head = b'\r\n+QIURC: "recv",0,%d\r\n' % len(data)
                modem.uart.say(head + data + behind + lines("+QATWAKEUP") + head + data + behind)
                assert sock.read(2 * len(data)) == 2 * data, (data, behind, size)
                settled(modem)
                check()
                assert modem.stats.framing == modem.stats.epochs == 0


@rows("R304", "R408")
def test_a_push_header_without_a_length_cannot_be_read() -> None:
    """Nobody knows where its data end: the socket fails, and bring-up sees to it that lengths are shown."""
    modem, check = start("BC25", [CLOSE_0])
    sock = socket_of(modem, 0, PUSH)
    modem.uart.say(b'\r\n+QIURC: "recv",0\r\nhello\r\n')
    with raises(QuectelError) as caught:
        sock.recv(5)
    assert caught.value.errno == EIO
    sock.close()
    check()


@rows("R011", "R213", "R215")
@cases('"recv",0', '"recv",0,5', '"recv",0,"buff full"', '"recv", 0', '"recv",0,')
def test_announcements_of_all_sorts(text: str) -> None:
    for colon in (": ", ":", " : ", ","):
        modem, check = start("BC25", [(READ_0, payload(b"hello")), (READ_0, EMPTY)])
        sock = socket_of(modem, 0)
        modem.uart.say(lines("+QIURC" + colon + text))
        assert sock.recv(9) == b"hello"
        settled(modem)
        check()
        assert modem.stats.urcs == 1


# --- lines --------------------------------------------------------------------------------------------------------


@rows("R381", "R441", "R442")
def test_blank_lines_missing_and_doubled() -> None:
    for front in (b"", b"\r\n", b"\r\n\r\n", b"\n", b"\r\r\n", b" \r\n"):
        for behind in (b"\r\n", b"\r\n\r\n", b"\n", b" \r\n", b"\r\r\n"):
            texts = (b"+QPING: 0,1.2.3.4,32,192,255", b"+QPING: 2,1", b"OK")
            answer = b"".join([front + text + behind for text in texts])
            for size in (0, 1):
                modem, check = start("BC25", [(b"AT+QPING=?\r", answer)], size=size)
                assert modem.command("AT+QPING=?") == ["+QPING: 0,1.2.3.4,32,192,255", "+QPING: 2,1"]
                settled(modem)
                check()
                assert modem.stats.unknown == modem.stats.noise == 0


@rows("R003", "R008")
def test_lf_alone_ends_lines_but_no_payload() -> None:
    """Of two line ends in one a byte is missing: behind counted bytes that is loss."""
    script = [(b"AT+CSQ\r", b"\n+CSQ: 20,99\n\nOK\n"), (b"AT+QISEND=0,2\r", b"\n> ")]
    script += [(b"hi", b"\nOK\n\nSEND OK\n"), (READ_0, b"\n+QIRD: 5\nhello\n\nOK\n"), SYNC]
    modem, check = start("BC25", script, size=1)
    assert modem.command("AT+CSQ") == ["+CSQ: 20,99"]
    sock = socket_of(modem, 0)
    assert sock.send(b"hi") == 2
    modem.uart.say(b'\n+QIURC: "recv",0\n')
    with raises(QuectelError) as caught:
        sock.recv(5)
    assert caught.value.errno == EIO and modem.stats.framing == 1
    settled(modem)
    check()


def out_of_time(answer: bytes) -> None:
    """A command's time is over behind such an answer, and the next one is in step."""
    modem, check = start("BC25", [(b"AT+CSQ\r", answer), SYNC, said("AT+CSQ", "+CSQ: 21,99")])
    with raises(QuectelTimeout):
        modem.command("AT+CSQ", timeout_ms=300)
    assert modem.command("AT+CSQ") == ["+CSQ: 21,99"]
    check()


@rows("R003", "R008")
def test_cr_alone_ends_no_line() -> None:
    """It may stand in a quoted string. The command's time is over, and the next one is in step."""
    out_of_time(b"\r+CSQ: 20,99\rOK\r")


@rows("R018")
@cases(b"K\r\n", b"\n\nO\r\n", b"R\r\n", b"RROR\r\n", b"ME ERROR: 3\r\n")
def test_the_first_characters_of_a_final_are_lost(answer: bytes) -> None:
    """What is left of it is no final: the command's time is over, and the next one is in step."""
    out_of_time(answer)


@rows("R018")
@cases(b"\n+CSQ: 20,99", b"+CSQ: 20,99", b"CSQ: 20,99", b"SQ: 20,99", b"9")
def test_the_first_characters_of_an_answer_are_lost(answer: bytes) -> None:
    """A line that lacks but its line end is whole; of another one what is left is handed over as it is."""
    modem, check = start("BC25", [(b"AT+CSQ\r", answer + b"\r\n" + OK)])
    assert modem.command("AT+CSQ") == [answer.decode().strip()]
    check()


@rows("R019", "R347", "R381", "R438")
def test_the_colon_with_and_without_blanks_around_it() -> None:
    for text in ("+CEREG: 0,5", "+CEREG:0,5", "+CEREG : 0,5", "+CEREG :0,5", "+CEREG,0,5", "+CEREG:  0, 5"):
        for size in (0, 1):
            modem, check = start("BC25", [(b"AT+CEREG?\r", lines(text, "OK"))], size=size)
            assert modem.command("AT+CEREG?") == [text] and number(text.encode(), 1) == 5
            check()
    for text in ("+CME ERROR:3", "+CME ERROR : 3", "+CME ERROR,3", "+CMS ERROR: 3"):
        modem, check = start("BC25", [(b"ATX\r", lines(text))])
        with raises(QuectelError) as caught:
            modem.command("ATX")
        assert (caught.value.errno, caught.value.code) == (EPERM, 3)
        check()
    modem, check = start("BC25", [(b"AT+CEREG?\r", lines("+CEREGX: 0,1", "+CEREG; 0,1", "+CEREG 0,1", "+CEREG", "OK"))])
    assert modem.command("AT+CEREG?") == [] and modem.stats.unknown == 4
    check()


# --- boot and wake-up ---------------------------------------------------------------------------------------------

_BOOTS = (
    (b"\0\xff\xfe", lines("RDY", "+CFUN: 1", "+CPIN: READY", "APP RDY"), 1),
    (b"\x80garbage \xff\r\n", lines("RDY", "APP RDY"), 1),
    (b"", lines("REBOOTING", "Boot: Unsigned", "Security B.. Verified", "REBOOT_CAUSE_APPLICATION_AT"), 1),
    (b"", lines("NORMAL POWER DOWN") + b"\0" * 20 + lines("RDY"), 2),
    (b"", lines("POWERED DOWN", '+QIURC: "pdpdeact",1', "RDY"), 2),
)  # fmt: skip


@rows("R021")
@cases(*_BOOTS)
def test_a_boot_chain_in_mid_session(noise: bytes, chain: bytes, epochs: int) -> None:
    """Whatever was open is gone, and settings are made anew before the next socket."""
    for size in (0, 1):
        script = whole(PREPARED, [(OPEN_0, lines("OK", "+QIOPEN: 0,0"))])
        modem, check = start("BC25", script, size=size)
        slot = adopt(modem, 3, 1)
        modem.uart.say(noise + chain)
        settled(modem)
        assert modem.stats.epochs == epochs and slot.err and slot.state != OPEN
        modem.create_connection(SERVER)
        check()


@rows("R021")
def test_a_first_at_that_is_answered_with_a_line_end_or_not_at_all() -> None:
    rest = whole(met("BC25")[1:], NB_PINS, [STATES, (OPEN_0, lines("OK", "+QIOPEN: 0,0"))])
    for first in (b"\r\n", b"", b"\0", b"\r\nRDY\r\n", b"T\r\r\n"):
        script = whole([(b"AT\r", first)], [] if b"RDY" in first else [SYNC], [said("AT")], rest)
        modem, check = start("BC25", script, False)
        modem.create_connection(SERVER)
        check()


@rows("R021", "R388")
def test_old_answers_in_front_of_a_new_echo() -> None:
    """An OK that was on its way moves all answers on by one: that shows where a command has a line of its own."""
    first = met("BC25")
    late = [(first[i][0], first[i - 1][1] if i else OK) for i in range(4)]
    query = (SYNC[0], first[3][1] + SYNC[1])
    script = whole(late, [query, first[3]], NB_PINS, [STATES, (OPEN_0, lines("OK", "+QIOPEN: 0,0"))])
    modem, check = start("BC25", script, False)
    modem.create_connection(SERVER)
    check()
    old = lines("+CSQ: 5,99")
    new = (b"AT+CSQ\r", b"AT+CSQ\r" + lines("+CSQ: 20,99", "OK"))
    modem, check = start("BC25", [(b"AT+CSQ\r", old[:5]), (SYNC[0], old[5:] + OK + SYNC[0] + SYNC[1]), new])
    with raises(QuectelTimeout):
        modem.command("AT+CSQ", timeout_ms=300)
    assert modem.command("AT+CSQ") == ["+CSQ: 20,99"]
    check()


# --- errors and values --------------------------------------------------------------------------------------------


@rows("R020", "R099", "R207", "R400")
def test_errors_in_every_style() -> None:
    for answer, more, wanted in (
        (ERROR, [why(572)], (EPERM, 572)),
        (lines("+CME ERROR: 3"), [], (EPERM, 3)),
        (lines("+CME ERROR: operation not allowed"), [], (EPERM, 3)),
        (lines("+CME ERROR: 569"), [], (ETIMEDOUT, 569)),
    ):
        modem, check = start("BC25", whole((b"AT+QIDEACT=9\r", answer), more))
        with raises(QuectelError) as caught:
            modem.command("AT+QIDEACT=9")
        assert (caught.value.errno, caught.value.code) == wanted
        check()
    modem, check = start("BC25", [(OPEN_0, lines("OK", "+QIOPEN: 0,566")), CLOSE_0, (b"ATX\r", ERROR), why(0)])
    with raises(QuectelError) as caught:
        modem.create_connection(SERVER)
    assert caught.value.errno == ECONNREFUSED
    settled(modem)
    with raises(QuectelError) as caught:
        modem.command("ATX")  # the reason that is asked for may be 0
    assert caught.value.code == 0 and "ERROR" in str(caught.value)
    check()


@rows("R103", "R301")
def test_an_address_may_be_told_while_the_context_is_down() -> None:
    script = whole(met("BG96"), LTE_PINS, [STATES, said("AT+QSSLSTATE"), READY, HOME, ATTACHED])
    down = said("AT+QIACT?", '+QIACT: 1,0,1,"10.0.0.9"')
    modem, check = start("BG96", script + [down, (b"AT+QIACT=1\r", ERROR), why(572), down], False)
    with raises(NetworkError) as caught:
        modem.connect()
    assert caught.value.code == 572 and modem.ifconfig()[0] != "10.0.0.9"
    check()


def test_the_checksum_of_an_upload_in_lower_case_and_without_zeros() -> None:
    data = b"\x0f\x5f"
    assert checksum(data) == 0xF5F
    upload = (b'AT+QFUPL="a",2,5\r', lines("CONNECT"))
    for answer in ("+QFUPL: 2,f5f", "+QFUPL: 2,F5F", "+QFUPL:2,0f5f"):
        modem, check = start("BG96", [(b'AT+QFLST="a"\r', OK), upload, (data, lines(answer, "OK"))])
        assert modem.files.upload("a", data) == 0xF5F
        check()
    late = (data, lines("+QFUPL: 1,f", "+CME ERROR: 421"))
    modem, check = start("BG96", [(b'AT+QFLST="a"\r', OK), upload, late, said('AT+QFDEL="a"')])
    with raises(QuectelError) as caught:
        modem.files.upload("a", data)
    assert caught.value.code == 421
    check()


@rows("R309", "R361")
@cases(
    '+QNTP: 0,"18/04/20,07:53:34+32"',
    '+QNTP: 0, "2018/04/20,07:53:34+32"',
    '+QNTP:0,"2018/04/20,07:53:34-09"',
    "+QNTP: 2",
)
def test_the_time_comes_seconds_after_ok(text: str) -> None:
    seen: "list[bytes]" = []
    modem, check = start("BC25", [(b'AT+QNTP=1,"pool"\r', [OK, 900, lines(text)])])
    modem.on_urc("+QNTP:", seen.append)
    assert modem.command('AT+QNTP=1,"pool"') == []
    settled(modem)
    check()
    assert seen == [text.encode()] and number(seen[0], 0) in (0, 2)
    time = values(seen[0])[1] if '"' in text else "18/04/20," + text[-4:-1]
    assert time.split(",")[0] in ("18/04/20", "2018/04/20") and time.endswith(text[-4:-1])
