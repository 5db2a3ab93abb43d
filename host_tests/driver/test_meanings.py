"""One prefix, several meanings: what is in flight and in which state a slot is decide, never the text alone."""

from errno import EIO

from faces import start
from kit import cases, raises, rows
from quectel import PUSH, QuectelError
from quectel.command import DONE, ERROR, ON_CLOSE, ON_CONNECT, ON_OK, ON_SEND
from quectel.table import DGRAM, ENDED, FAILED, FREE, HALF, LISTENER, OPEN, OPENING
from scripted import OK, lines, settled, socket_of
from steps import CLOSE_0, EMPTY, OPEN_0, READ_0, RECV_0, SERVER, payload, said
from wires import NO_DATA, Rig, answer, urc

TYPE_CHECKING = False
if TYPE_CHECKING:
    pass

# --- registration and SIM -----------------------------------------------------------------------------------------

_TAIL = ',"1A2B","01A2B3C4",7'
_ANSWERS = (
    "0,1",
    "2,5" + _TAIL,
    "1,0",
    "2,2",
    "5,10,,,,0,15",
    '4,1,"1A2B","01A2B3C4",7,,,"00100100","00111000"',
    "0, 3",
)
_URCS = ("5", "1" + _TAIL, "0", "2", "3,,,,0,15", "1,1A2B,01A2B3C4,7", "5,1234,01A2B3C4,7", '1,"1234","01A2B3C4",7')


@rows("R128")
def test_registration_answers_and_urcs_in_any_order() -> None:
    """`<n>,<stat>...` is the answer, `<stat>[,<area>...]` the URC, around the answer and in front of it."""
    for prefix in ("+CEREG:", "+CREG:", "+CGREG:"):
        for told in _ANSWERS:
            for came in _URCS:
                for order in ((0, 1), (1, 0), (1, 0, 1)):
                    texts = ["%s %s" % (prefix, (told, came)[i]) for i in order]
                    rig = Rig()
                    rig.engine.watched[prefix.encode()] = seen = []  # type: ignore[var-annotated]
                    found = rig.ask(prefix[:-1].encode().replace(b"+", b"AT+") + b"?", prefix.encode())
                    rig.asked(prefix[:-1].encode().replace(b"+", b"AT+") + b"?", lines(*texts) + OK)
                    urcs = [texts[i].encode() for i in range(len(order)) if order[i]]
                    assert found == [("%s %s" % (prefix, told)).encode()] and seen == urcs, texts


@rows("R128")
def test_registration_urcs_between_commands_and_the_ranges_of_the_test_form() -> None:
    for came in _URCS + _ANSWERS:
        rig = Rig()
        rig.engine.watched[b"+CEREG:"] = seen = []  # type: ignore[var-annotated]
        rig.feed(lines("+CEREG: " + came))
        assert seen == [b"+CEREG: " + came.encode()] and rig.stat("urcs") == 1
        found = rig.ask(b"AT+CEREG=2", b"+CEREG:")
        rig.asked(b"AT+CEREG=2", OK)
        assert found == [] and len(seen) == 1
    modem, check = start("BC25", [said("AT+CEREG=?", "+CEREG: (0-5)"), said("AT+CREG=?", "+CREG:(0,1,2)")])
    assert modem.command("AT+CEREG=?") == ["+CEREG: (0-5)"] and modem.command("AT+CREG=?") == ["+CREG:(0,1,2)"]
    check()


@rows("R276")
def test_cpin_as_answer_and_as_urc() -> None:
    """As a URC it goes to who watches it; while it is asked for every one is an answer, and the sum is right."""
    for script, lines_of, urcs in (
        ([said("AT+CPIN?", "+CPIN: READY", "+CPIN: READY")], 2, 0),
        ([(b"AT+CPIN?\r", lines("+CPIN: READY", "OK", "+CPIN: NOT READY"))], 1, 1),
    ):
        modem, check = start("BC25", script)
        seen: "list[bytes]" = []
        modem.on_urc("+CPIN:", seen.append)
        assert modem.command("AT+CPIN?") == ["+CPIN: READY"] * lines_of
        settled(modem)
        check()
        assert len(seen) == urcs
    modem, check = start("BC25", [said("AT+CSQ", "+CPIN: READY")])
    assert modem.command("AT+CSQ") == [] and modem.stats.unknown == 1
    check()


# --- +QIRD --------------------------------------------------------------------------------------------------------


@rows("R166", "R169", "R170")
@cases(b"5", b"5,0", b"5,1495", b"5,", b'5,"10.0.0.9",7', b'5,"2001:db8::1",65535', b" 5 ")
def test_a_read_answer_of_any_shape_carries_what_it_counts(head: bytes) -> None:
    """The rest of the segment, or the peer of a UDP service, stands behind the count."""
    data = b"\r\nOK\r"
    for piece in (512, 1, 3):
        rig = Rig("BG96", rx_ring=1536)
        slot = rig.open(0, kind=DGRAM if b'"' in head else 1)
        rig.feed(urc('"recv",0'))
        rig.asked(b"AT+QIRD=0,1500")
        rig.feed(b"\r\n+QIRD: " + head + b"\r\n" + data + b"\r\n" + OK, piece)
        assert rig.recv(slot) == data and slot.state == OPEN
        rig.asked(b"AT+QIRD=0,1500", NO_DATA)
        rig.quiet()
        assert rig.stat("framing") == rig.stat("unknown") == rig.stat("late") == 0


@rows("R166", "R028")
def test_the_counters_of_a_query_are_no_length() -> None:
    """`AT+QIRD=<id>,0` is answered with `<total>,<read>,<unread>`: nothing behind it is payload."""
    for text in ("+QIRD: 3524,3005,519", "+QIRD: 0,0,0", "+QIRD: 5,5,0"):
        script = [said("AT+QIRD=0,0", text), (b"AT+QIRD=0,1500\r", payload(b"hello")), (b"AT+QIRD=0,1500\r", EMPTY)]
        for size in (0, 1):
            modem, check = start("BG96", script, size=size, rx_ring=4096)
            sock = socket_of(modem, 0)
            assert modem.command("AT+QIRD=0,0") == [text]
            modem.uart.say(RECV_0)
            assert sock.recv(9) == b"hello"
            settled(modem)
            check()


@rows("R108", "R166")
def test_a_read_that_finds_nothing() -> None:
    for head in (b"+QIRD: 0", b"+QIRD:0", b"+QIRD: 0,0", b'+QIRD: 0,"",0'):
        rig = Rig()
        slot = rig.open()
        rig.feed(urc('"recv",0'))
        rig.asked(b"AT+QIRD=0,512", b"\r\n" + head + b"\r\n" + OK)
        rig.quiet()
        assert slot.state == OPEN and not slot.more and rig.recv(slot) is None
        rig.feed(urc('"closed",0'))
        rig.asked(b"AT+QIRD=0,512", b"\r\n" + head + b"\r\n" + OK)
        assert slot.state == ENDED and rig.recv(slot) == 0


@rows("R108", "R166")
def test_a_late_read_answer_is_counted_off_and_is_nobodys() -> None:
    """The payload of a read that was given up holds what looks like the answer to the query."""
    data = b"\r\nOK\r\n+CMEE: 1\r\n\r\nOK\r\n+QIRD: 9\r\n"
    for piece in (512, 1):
        rig = Rig()
        slot, other = rig.open(0), rig.open(1)
        rig.feed(urc('"recv",0'))
        rig.asked(b"AT+QIRD=0,512")
        assert rig.step(2000) == b"AT+CMEE?\r" and slot.state == FAILED
        rig.feed(answer(data), piece)
        rig.quiet()
        assert rig.recv(slot) == -1 and rig.stat("rx_lost") == len(data)
        rig.feed(b"\r\n+CMEE: 1\r\n" + OK + urc('"recv",1'))
        rig.asked(b"AT+QIRD=1,512", answer(b"fine"))
        assert rig.recv(other) == b"fine"


@rows("R166")
@cases(
    b"+QIRD: 5", b"+QIRD: 5,0", b"+QIRD: 3524,3005,519", b"+QIRD: 0", b'+QIRD: 5,"1.2.3.4",5', b"+QIRD: x", b"+QIRD:"
)
def test_a_read_answer_that_nobody_asked_for_touches_nothing(head: bytes) -> None:
    rig = Rig()
    slot = rig.open()
    rig.feed(b"\r\n" + head + b"\r\n")
    rig.quiet()
    assert rig.engine.parser.raw == 0 and rig.stat("unknown") == 1 and slot.state == OPEN
    found = rig.ask(b"AT+CSQ", b"+CSQ:")
    rig.asked(b"AT+CSQ", b"\r\n" + head + b"\r\n+CSQ: 9,99\r\n" + OK)
    assert found == [b"+CSQ: 9,99"]


# --- +QIURC -------------------------------------------------------------------------------------------------------


@rows("R094", "R095", "R213", "R214", "R215")
def test_recv_is_an_announcement_or_a_header_as_the_slot_is() -> None:
    data = b"\r\nERROR\r\n"
    for length in (True, False):
        rig = Rig("BG96", rx_ring=3000)
        buffered, pushed = rig.open(0), rig.open(1, mode=PUSH)
        rig.feed(urc('"recv",0' + (",9" if length else "")))
        rig.asked(b"AT+QIRD=0,1500", b'\r\n+QIURC: "recv",1,9\r\n' + data + answer(b"abc"))  # in front of its header
        assert rig.recv(buffered) == b"abc" and rig.recv(pushed) == data
        rig.asked(b"AT+QIRD=0,1500", b'\r\n+QIURC: "recv",1,9\r\n' + data + NO_DATA)
        rig.quiet()
        assert rig.recv(pushed) == data and rig.stat("urcs") == 3


@rows("R214", "R447")
def test_a_push_to_a_socket_that_takes_none_is_counted_off() -> None:
    """Ended, failed or being closed: what is pushed is lost, and no line of it is believed."""
    data = b'\r\nRDY\r\n+QIURC: "closed",2\r\n'
    for state in ("ended", "failed", "closing"):
        rig = Rig("BG96")
        slot, other = rig.open(1, mode=PUSH), rig.open(2)
        if state == "ended":
            rig.feed(urc('"closed",1'))
        elif state == "failed":
            slot.fail(EIO)
        else:
            rig.engine.close(slot, slot.gen)
            rig.asked(b"AT+QICLOSE=1,10")
        rig.feed(b'\r\n+QIURC: "recv",1,%d\r\n' % len(data) + data + b"\r\n", 5)
        assert rig.stat("rx_lost") == len(data) and rig.stat("epochs") == 0 and other.state == OPEN, state
        rig.feed(OK)
        if state != "closing":
            rig.engine.close(slot, slot.gen)
            rig.asked(b"AT+QICLOSE=1,10", OK)
        rig.quiet()
        assert slot.state == FREE and rig.stat("framing") == 0


@rows("R213", "R214")
@cases('"recv",3', '"recv",3,5', '"recv",3,"buff full"', '"recv",99', '"recv",-1', '"recv",', '"recv"', '"recv",x')
def test_recv_of_an_id_that_nobody_has(text: str) -> None:
    rig = Rig()
    slot = rig.open()
    rig.feed(urc(text))
    rig.step(20)
    rig.step(20)
    assert slot.state == OPEN and rig.engine.parser.raw == 0
    assert [one.state for one in rig.engine.table.slots] == [OPEN, FREE, FREE, FREE]


@rows("R212", "R216", "R217", "R220")
def test_urcs_are_told_apart_by_their_whole_word() -> None:
    """ "incoming" and "incoming full" and what begins or ends like them."""
    for text, effect in (
        ('"closed",0', "closed"),
        ('"closed", 0', "closed"),
        ('"incoming full"', "full"),
        ('"incoming",3,1,"1.2.3.4",9', "incoming"),
        ('"closed"', ""),
        ('"closedx",0', ""),
        ('"close",0', ""),
        ("closed,0", ""),
        ('"incoming fuller"', ""),
        ('"incoming full', ""),
        ('"incomings",3,1,"1.2.3.4",9', ""),
        ('"pdpdeactx",1', ""),
        ('"pdp",1', ""),
        ('"rec",0', ""),
    ):
        rig = Rig()
        slot, listener = rig.open(0), rig.open(1)
        listener.kind = LISTENER
        rig.feed(urc(text))
        assert slot.state == (HALF if effect == "closed" else OPEN), text
        assert rig.stat("no_slot") == (effect == "full"), text
        assert (rig.engine.table.at(3).state == OPEN) == (effect == "incoming"), text
        assert rig.stat("unknown") == (effect == ""), text
        assert not rig.engine.pdp_lost and listener.state == OPEN, text


# --- +QIOPEN, +QISEND, +QISTATE -----------------------------------------------------------------------------------


@rows("R065", "R113")
def test_an_open_result_belongs_to_the_slot_that_waits_for_it() -> None:
    """Also while the caller asks for the ranges of the command, which are answered with the same word."""
    rig = Rig()
    slot = rig.open(2)
    slot.state = OPENING
    slot.opened = -1
    found = rig.ask(b"AT+QIOPEN=?", b"+QIOPEN:")
    rig.asked(b"AT+QIOPEN=?", lines("+QIOPEN: 2,0", "+QIOPEN: (1-3),(0-5),<service>", "+QIOPEN: 5,0") + OK)
    assert (slot.state, slot.opened) == (OPEN, 0)
    assert found == [b"+QIOPEN: (1-3),(0-5),<service>", b"+QIOPEN: 5,0"]
    rig.engine.release()
    rig.feed(lines("+QIOPEN: 2,566", "+QIOPEN: 5,0", "+QIOPEN: 99,0", "+QIOPEN: "))
    assert (slot.state, slot.opened) == (OPEN, 0) and rig.stat("opens") == 1


@rows("R113", "R446")
def test_a_wrong_id_in_an_open_result_is_not_ours() -> None:
    modem, check = start("BC25", [(OPEN_0, lines("OK", "+QIOPEN: 1,566", "+QSSLOPEN: 3,0", "+QIOPEN: 0,0")), CLOSE_0])
    sock = modem.create_connection(SERVER)
    assert sock.id == 0
    sock.close()
    check()


@rows("R075", "R154")
def test_qisend_as_query_and_as_result() -> None:
    counters = said("AT+QISEND=0,0", "+QISEND: 100,80,20")
    sent = [(b"AT+QISEND=0,2\r", b"\r\n> "), (b"hi", lines("+QISEND: 0,0,10240", "OK"))]
    modem, check = start("EC200U", [counters] + sent + [counters])
    sock = socket_of(modem, 0)
    assert modem.command("AT+QISEND=0,0") == ["+QISEND: 100,80,20"]
    assert sock.send(b"hi") == 2
    assert modem.command("AT+QISEND=0,0") == ["+QISEND: 100,80,20"]
    check()
    modem.uart.say(lines("+QISEND: 0,1,0"))  # nobody's
    settled(modem)
    assert modem.stats.unknown == 1 and modem.stats.send_fail == 0


@rows("R136", "R138")
def test_qistate_of_the_caller_and_of_nobody() -> None:
    line = '+QISTATE: 0,"TCP","1.2.3.4",80,0,2,1,0'
    modem, check = start("BC25", [said("AT+QISTATE?", line, line.replace(": 0", ": 3"))])
    assert modem.command("AT+QISTATE?") == [line, line.replace(": 0", ": 3")]
    modem.uart.say(lines(line))
    settled(modem)
    check()
    assert modem.stats.unknown == 1


@rows("R258", "R262")
def test_qcoapurc_with_a_context_and_without() -> None:
    text = '+QCOAPURC: "rsp",2,2.05,6677,5,48656C6C6F'
    rig = Rig("BC95G")
    rig.feed(lines(text))
    assert rig.stat("urcs") == 1 and rig.stat("rx_lost") == 5 and rig.stat("unknown") == 0
    slot = rig.engine.messages = rig.engine.table.take() or rig.engine.table.nobody
    slot.kind, slot.state = 4, OPEN
    found = rig.ask(b"AT+QCOAPDATASTATUS?", b"+QCOAPDATASTATUS:")
    rig.asked(b"AT+QCOAPDATASTATUS?", lines(text, "+QCOAPDATASTATUS: 4", text) + OK)
    assert found == [b"+QCOAPDATASTATUS: 4"] and rig.stat("urcs") == 3 and slot.ring.n > 0


@rows("R309", "R340", "R457")
@cases(
    ("QPING", "+QPING: 0,1.2.3.4,32,192,255", "+QPING: 2,4,4,0,192,479,287"),
    ("QNTP", '+QNTP: 0,"18/04/20,07:53:34+32"', "+QNTP: 2"),
)
def test_ping_and_ntp_as_urc_and_while_their_command_runs(name: str, first: str, last: str) -> None:
    """Behind OK they are URCs; in front of it they are lines of the answer, whoever's they are."""
    line = 'AT+%s=1,"a"' % name
    seen: "list[bytes]" = []
    modem, check = start("BC25", [(line.encode() + b"\r", [OK, 400, lines(first), 400, lines(last)])])
    modem.on_urc("+%s:" % name, seen.append)
    assert modem.command(line) == []
    settled(modem)
    check()
    assert seen == [first.encode(), last.encode()]
    modem, check = start("BC25", [(line.encode() + b"\r", lines(first, "OK", last))])
    modem.on_urc("+%s:" % name, seen.append)
    assert modem.command(line) == [first]
    settled(modem)
    check()
    assert seen[2:] == [last.encode()]


# --- words --------------------------------------------------------------------------------------------------------


@rows("R018")
def test_words_like_ok_end_no_command_of_any_kind() -> None:
    text = "OKAY|OK 1|OK,|CONNECTED|CONNECT OK|CONNECT FAIL|ERROR: 3|ERRORS|SEND OKAY|SEND FAILED|CLOSE OKAY|CLOSE|SEND"
    words = (text + "|NO CARRIERS|ABORTED 1|RDY 1|rdy|ok|+OK|+ERROR").split("|")
    for ends in (ON_OK, ON_SEND, ON_CLOSE, ON_CONNECT):
        for word in words:
            rig = Rig()
            assert rig.engine.start(b"ATX", None, ends)
            rig.asked(b"ATX", lines(word))
            assert rig.engine.cmd.result == 0 and rig.engine.epoch == 0, (ends, word)


@rows("R070", "R018")
def test_connect_with_a_rate() -> None:
    for word in ("CONNECT", "CONNECT 115200", "CONNECT 150000000"):
        rig = Rig()
        assert rig.engine.start(b"ATX", None, ON_CONNECT)
        rig.asked(b"ATX", lines(word))
        assert rig.engine.cmd.result == DONE
        rig = Rig()
        assert rig.engine.start(b"ATX", None, ON_OK)
        rig.asked(b"ATX", lines(word))
        assert rig.engine.cmd.result == 0 and rig.stat("late") == 1
        rig.feed(lines("ERROR"))
        assert rig.engine.cmd.result == ERROR


@rows("R213", "R447")
def test_a_read_in_flight_whose_socket_fails_is_nobodys() -> None:
    """The state is the one that holds when the line comes, not when the command went out."""
    modem, check = start("BC25", [(READ_0, lines('+QIURC: "pdpdeact",1') + payload(b"RDY\r\nOK"))])
    sock = socket_of(modem, 0)
    modem.uart.say(RECV_0)
    with raises(QuectelError):
        sock.recv(9)
    settled(modem)
    check()
    assert modem.stats.epochs == 0 and modem.stats.rx_lost == 7
