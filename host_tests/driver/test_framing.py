"""Framing as it is in the field, and the pitfalls of it: each has a test that is named by it."""

from faces import start
from kit import cases, raises, rows
from quectel import PUSH, QuectelError, QuectelTimeout
from scripted import ERROR, OK, lines, settled, socket_of
from steps import (
    CLOSE_0,
    EMPTY,
    LTE_PINS,
    NB_PINS,
    OPEN_0,
    PROMPT,
    READ_0,
    RECV_0,
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

# --- lines that are no answer -------------------------------------------------------------------------------------


@rows("R389")
def test_a_urc_inside_a_response_is_neither_its_answer_nor_lost() -> None:
    urcs = ("+CEREG: 2", '+QIURC: "recv",0', "+QATWAKEUP", "+CTZV: 8", "APP RDY", "+CPIN: READY")
    answer = ("+CSQ: 20,99", "+CSQ: 21,99", "OK")
    for at in range(len(answer)):
        for size in (0, 1):
            seen: "list[bytes]" = []
            said_all = lines(*(answer[:at] + urcs + answer[at:]))
            modem, check = start("BC25", [(b"AT+CSQ\r", said_all)], size=size)
            for prefix in ("+CEREG:", "+QATWAKEUP", "+CTZV:", "+CPIN:"):
                modem.on_urc(prefix, seen.append)
            assert modem.command("AT+CSQ") == ["+CSQ: 20,99", "+CSQ: 21,99"]
            settled(modem)
            check()
            assert seen == [b"+CEREG: 2", b"+QATWAKEUP", b"+CTZV: 8", b"+CPIN: READY"]
            assert modem.stats.urcs == 6 and modem.stats.unknown == 0


@rows("R065", "R113", "R278")
def test_a_result_that_comes_after_ok() -> None:
    """OK says accepted, the URC tells; ERROR ends it at once and is not waited out."""
    modem, check = start("BC25", [(OPEN_0, [OK, 3000, lines("+QIOPEN: 0,0")]), CLOSE_0])
    modem.create_connection(SERVER).close()
    check()
    modem, check = start("BC25", [(OPEN_0, [200, ERROR]), why(561), (CLOSE_0[0], ERROR)])
    with raises(QuectelError) as caught:
        modem.create_connection(SERVER)
    assert caught.value.code == 561 and modem._clock.passed < 300
    check()


@rows("R207", "R278")
def test_error_inside_a_line_is_no_final() -> None:
    texts = ("+QIGETERROR: 0,operate ERROR", "ERRORS: 0", "no ERROR", "ERROR 5", "ERROR: 3", "+X: ERROR")
    modem, check = start("BC25", [(b"AT+QIGETERROR\r", lines(*(texts + ("OK",))))])
    assert modem.command("AT+QIGETERROR") == list(texts[:-1]) and modem.stats.unknown == 1
    check()


@cases("OKAY", "OK 1", "OK,", "CONNECTED", "CONNECT FAIL", "CONNECT OK", "SEND OKAY", "SEND FAILED", "NO CARRIERS", ">")
def test_a_line_that_begins_like_a_final_is_none(text: str) -> None:
    for final in ("OK", "SEND OK", "CONNECT", "CLOSE OK"):
        said_all = lines(text) + (OK if final == "CLOSE OK" else b"") + lines(final)
        modem, check = start("BG96", [(b"ATX\r", said_all)])
        found = modem.command("ATX", final=final)
        check()
        assert found == ([] if text == ">" else [text]), final


@rows("R018", "R036", "R070", "R438")
def test_the_full_set_of_finals() -> None:
    """Which of them ends a command depends on the command; ERROR and ABORTED end every one."""
    finals: "tuple[str, ...]" = (
        "OK",
        "SEND OK",
        "SEND FAIL",
        "CONNECT",
        "CONNECT 115200",
        "NO CARRIER",
        "BUSY",
        "NO ANSWER",
    )
    finals += ("NO DIALTONE", "ERROR", "+CME ERROR: 3", "+CMS ERROR: 500", "ABORTED")
    good = {"OK": ("OK",), "SEND OK": ("SEND OK",), "CONNECT": ("CONNECT", "CONNECT 115200")}
    bad = {"OK": (), "SEND OK": ("SEND FAIL",), "CONNECT": ("NO CARRIER", "BUSY", "NO ANSWER", "NO DIALTONE")}
    for final in good:
        for text in finals:
            modem, _ = start("BG96", [(b"ATX\r", lines(text)), (b"AT+QIGETERROR\r", OK), SYNC])
            try:
                modem.command("ATX", final=final, timeout_ms=300)
                ended = "good"
            except QuectelTimeout:
                ended = "time"
            except QuectelError:
                ended = "bad"
            wanted = "good" if text in good[final] else "bad" if text in bad[final] + finals[9:] else "time"
            assert ended == wanted, (final, text, ended)


@rows("R075", "R156")
def test_a_send_result_counts_only_behind_its_prompt() -> None:
    """OK and SEND OK in front of the prompt belong to something else; ERROR and SEND FAIL come in its place."""
    for family, line in (("BC25", b"AT+QISEND=0,2\r"), ("BG96", b"AT+QISEND=0,2\r")):
        results = SENT if family == "BC25" else lines("SEND OK")
        modem, check = start(family, [(line, lines("OK", "SEND OK") + PROMPT), (b"hi", results)])
        assert socket_of(modem, 0).send(b"hi") == 2
        check()
        modem, check = start(family, [(line, lines("SEND FAIL")), SYNC][: 2 if family == "BC25" else 1])
        sock = socket_of(modem, 0)
        sock.settimeout(0.05)
        sock.send(b"hi")
        assert modem.stats.send_fail == 1


# --- prompts ------------------------------------------------------------------------------------------------------


@rows("R078", "R386")
def test_a_prompt_whole_split_and_followed_by_a_line_end() -> None:
    """And then a line of one blank, or of nothing, in front of the result."""
    for prompt in (b"\r\n> ", b"\r\n>", b"> ", b">", b"\r\n>\r\n", b">\r\n", b"\r\n\r\n> "):
        for late in (b"", b" ", b" \r\n", b"\r\n", b" \r\n \r\n"):
            for size in (0, 1):
                script = [(b"AT+QISEND=0,5\r", prompt), (b"hello", late + SENT)]
                modem, check = start("BC25", script, size=size)
                assert socket_of(modem, 0).send(b"hello") == 5
                check()
                assert modem.stats.unknown == modem.stats.late == 0


@rows("R386", "R389")
def test_a_greater_than_inside_a_line_is_no_prompt() -> None:
    urc = b'\r\n+QIURC: "dnsgip","a>b> "\r\n\r\nx > y\r\n'
    for size in (0, 1):
        seen: "list[bytes]" = []
        modem, check = start("BC25", [(b"AT+QISEND=0,5\r", urc + PROMPT), (b"hello", SENT)], size=size)
        modem.on_urc("+QIURC:", seen.append)
        assert socket_of(modem, 0).send(b"hello") == 5
        settled(modem)
        check()
        assert seen == [b'+QIURC: "dnsgip","a>b> "'] and modem.stats.unknown == 1


@rows("R003", "R015", "R074")
def test_commands_end_with_cr_alone_and_payloads_may_begin_with_lf() -> None:
    modem, check = start("BC25", [(b"AT+QISEND=0,4\r", PROMPT), (b"\n\r\n\x1a", SENT)])
    socket_of(modem, 0).sendall(b"\n\r\n\x1a")
    check()
    assert modem.uart.wrote == b"AT+QISEND=0,4\r\n\r\n\x1a"


@rows("R166", "R214")
def test_a_payload_that_holds_what_modules_say() -> None:
    data = b'\r\nOK\r\n> \r\nERROR\r\n+QIURC: "closed",0\r\n+QIRD: 3\r\nSEND OK\r\nRDY\r\n\0\xff'
    for size in (0, 1, 7):
        modem, check = start("BC25", [(READ_0, payload(data)), (READ_0, EMPTY)], size=size)
        sock = socket_of(modem, 0)
        modem.uart.say(RECV_0)
        assert sock.read(len(data)) == data
        settled(modem)
        check()
        pushed = socket_of(modem, 1, PUSH)
        modem.uart.say(b'\r\n+QIURC: "recv",1,%d\r\n' % len(data) + data + b"\r\n")
        assert pushed.read(len(data)) == data and modem.stats.framing == 0


# --- settings that change framing ---------------------------------------------------------------------------------


@rows("R024", "R198", "R199", "R200", "R306")
def test_viewmode_and_dataformat_are_set_at_init() -> None:
    """Another program may have left them otherwise; a firmware without the setting is left alone."""
    for family, model, pins in (("BG96", "BG96", LTE_PINS), ("BC25", "BC25", NB_PINS)):
        states = [said("AT+QISTATE?")] + ([said("AT+QSSLSTATE")] if family == "BG96" else [])
        opening = b'AT+QIOPEN=1,0,"TCP","10.0.0.1",80,0,0' + (b",0\r" if family == "BC25" else b"\r")
        tail = states + [(opening, lines("OK", "+QIOPEN: 0,0"))]
        for which in range(len(pins)):
            query, answer = pins[which]
            name = query[2:-1].split(b"=")[-1]
            other = b"1,1" if b"format" in name else b"0" if b"show" in name else b"1"
            there = b": " + name + b"," if b"Q" not in name else b": "
            told = lines((query[2:-1].split(b"=")[0].rstrip(b"?") + there + other).decode(), "OK")
            value = answer.split(b"\r\n")[1].split(there)[1]
            setting = (query[:-1].rstrip(b"?") + (b"=" if b"?" in query else b",") + value + b"\r", OK)
            for changed in ([(query, told), setting], [(query, ERROR)]):
                script = whole(met(model), pins[:which], changed, pins[which + 1 :], tail)
                modem, check = start(family, script, False)
                modem.create_connection(SERVER)
                check()


@rows("R199", "R202")
def test_a_viewmode_that_the_caller_sets_is_known() -> None:
    """The LTE families answer with OK alone."""
    head = b"\r\n+QIRD: 5,"
    script = [said('AT+QICFG="viewmode",1'), (b"AT+QIRD=0,1500\r", head + b"\r\nOK\n\r\n" + OK)]
    modem, check = start("BG96", script + [(b"AT+QIRD=0,1500\r", EMPTY)], rx_ring=4096)
    modem.command('AT+QICFG="viewmode",1')
    sock = socket_of(modem, 0)
    modem.uart.say(RECV_0)
    assert sock.recv(10) == b"\r\nOK\n"
    settled(modem)
    check()


@rows("R213", "R303")
def test_recvind_makes_announcements_look_like_push_headers() -> None:
    """The slot's mode decides: 9 bytes in the push form, a read in buffer mode."""
    modem, check = start("EC200U", [(b"AT+QIRD=0,1500\r", payload(b"123")), (b"AT+QIRD=0,1500\r", EMPTY)], rx_ring=4096)
    sock, pushed = socket_of(modem, 0), socket_of(modem, 1, PUSH)
    modem.uart.say(lines('+QIURC: "recv",0,3') + b'\r\n+QIURC: "recv",1,9\r\nOK\r\nERROR\r\n')
    settled(modem)
    check()
    assert sock.recv(9) == b"123" and pushed.recv(20) == b"OK\r\nERROR"


def test_sendinfo_replaces_send_ok() -> None:
    """`+QISEND: <id>,<status>,<free>` and OK; status 1 is the full buffer, and the part is sent again."""
    sent, full = lines("+QISEND: 0,0,10238", "OK"), lines("+QISEND: 0,1,0", "OK")
    script = sending(b"hi", sent) + sending(b"yo", full) + sending(b"yo", sent)
    modem, check = start("EC200U", script, size=1)
    sock = socket_of(modem, 0)
    assert sock.send(b"hi") == 2 and sock.send(b"yo") == 2
    check()
    assert modem.stats.send_fail == 1 and modem.stats.unknown == 0


def test_close_mode_is_set_at_init() -> None:
    """Else a "closed" comes behind the OK of a close, when the id may be somebody else's.  So are the others."""
    differs = said('AT+QICFG="close/mode"', '+QICFG: "close/mode",1')
    script = whole(met("EC200UCNAA"), LTE_PINS, [differs, said('AT+QICFG="close/mode",0')])
    for item in ("udp/readmode", "tcp/accept", "passiveclosed", "recvind", "sendinfo", "formatcfg"):
        wanted, other = (1, 0) if item == "tcp/accept" else (0, 1)
        name = 'AT+QICFG="%s"' % item
        script += [said(name, '+QICFG: "%s",%d' % (item, other)), said("%s,%d" % (name, wanted))]
    script += [said("AT+QISTATE?"), said("AT+QSSLSTATE"), (OPEN_0[:-3] + b"\r", lines("OK", "+QIOPEN: 0,0"))]
    modem, check = start("EC200U", script, False)
    modem.create_connection(SERVER)
    check()
