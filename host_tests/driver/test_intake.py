"""From the UART to the rings: payloads that are cut off, damaged or longer than any packet, and the trace."""

from errno import ECONNRESET, EIO

from kit import cases, rows
from quectel.command import ON_OK
from quectel.table import FAILED, OPEN, PUSH, SENT
from wires import OK, Rig, answer, urc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from quectel.table import Slot

    Shown = list[tuple[str, bytes, int]]


def messages() -> "tuple[Rig, Slot]":
    """BC95-G with a slot for messages."""
    rig = Rig("BC95G", slots=1)
    return rig, rig.messages()


def in_view_1(rig: Rig) -> None:
    """The module has said that it prints payloads on the line of their header."""
    rig.ask(b'AT+QICFG="viewmode",1', b"+QICFG:")
    rig.asked(b'AT+QICFG="viewmode",1', b'\r\n+QICFG: "viewmode",1\r\n' + OK)
    rig.engine.release()


# --- payloads ------------------------------------------------------------------------------------------------------


def test_bytes_are_counted() -> None:
    rig = Rig()
    rig.feed(OK, 1)
    rig.engine.stats.rx_bytes = 0x3FFFFFFF
    rig.feed(OK)
    assert rig.stat("rx_bytes") == len(OK) - 1  # over the wrap
    assert rig.stat("lines") == 2


def test_a_read_with_a_byte_too_many_is_not_delivered_and_its_ok_is_nobodys() -> None:
    rig = Rig()
    slot, other = rig.open(0), rig.open(1)
    rig.feed(urc('"recv",0'))
    rig.asked(b"AT+QIRD=0,512", b"\r\n+QIRD: 3\r\nabcd\r\n")
    assert (slot.state, slot.err) == (FAILED, EIO) and rig.stat("framing") == 1
    assert rig.recv(slot) == -1 and other.state == OPEN
    rig.feed(b"\r\nOK\r\n")
    rig.quiet()
    assert rig.step(25) == b"AT+CMEE?\r"  # behind a moment of silence
    rig.feed(b"\r\n+CMEE: 1\r\n" + OK)
    assert rig.stat("late") == 1 and rig.stat("resyncs") == 1
    rig.asked(b"AT+QIRD=1,512", answer(b"good"))
    assert rig.recv(other) == b"good"


def test_pushed_bytes_too_many_fail_their_socket_and_no_other() -> None:
    rig = Rig()
    slot, other = rig.open(0, mode=PUSH), rig.open(1)
    rig.send(other, b"data")
    rig.asked(b"AT+QISEND=1,4", urc('"recv",0,3') + b"abcd\r\n" + urc('"recv",1') + b"\r\n> ")
    assert (slot.state, slot.err) == (FAILED, EIO) and rig.recv(slot) == -1
    assert rig.take() == b"data"
    rig.feed(OK + b"\r\nSEND OK\r\n")
    assert other.sending == SENT
    rig.quiet()
    assert rig.step(25) == b"AT+CMEE?\r"  # the prompt may have been a payload's
    rig.feed(b"\r\n+CMEE: 1\r\n" + OK)
    rig.asked(b"AT+QIRD=1,512", answer(b"good"))
    assert rig.recv(other) == b"good" and rig.stat("framing") == 1


@cases(b"", b"abc")
def test_a_payload_whose_connection_is_lost_in_it_is_not_delivered(before: bytes) -> None:
    """What was whole before is."""
    rig = Rig()
    slot = rig.open(0, mode=PUSH)
    if before:
        rig.feed(urc('"recv",0,%d' % len(before)) + before + b"\r\n")
    rig.feed(urc('"recv",0,6') + b"123")
    rig.engine.table.fail_all(ECONNRESET, 570)
    rig.feed(b"456\r\n" + OK)
    assert rig.recv(slot) == (before or -1) and rig.recv(slot) == -1
    assert rig.stat("framing") == 0 and rig.stat("late") == 1


def test_pushed_data_for_a_slot_that_nobody_has_are_counted() -> None:
    rig = Rig()
    rig.feed(urc('"recv",3,9') + b"\r\n")  # an announcement, as nobody has asked for direct push there
    slot = rig.open(3, mode=PUSH)
    rig.engine.close(slot, slot.gen)
    rig.feed(urc('"recv",3,9') + b"\r\n> OK\r\n" + b"x\r\n" + OK)
    assert rig.stat("rx_lost") == 9 and rig.stat("framing") == 0 and slot.ring.n == 0


# --- messages as hex digits ----------------------------------------------------------------------------------------


@rows("R261")
@cases(b"4142", b"4a4B", b"00ff")
def test_hex_digits_of_both_cases_split_anywhere(digits: bytes) -> None:
    data = b'\r\n+QCOAPURC: "rsp",2,2.05,6677,2,' + digits + b"\r\n"
    wanted = bytes([int(digits[:2], 16), int(digits[2:], 16)])
    for cut in range(len(data)):
        rig, slot = messages()
        rig.feed(data[:cut])
        rig.feed(data[cut:])
        buf = bytearray(60)
        n = slot.ring.head()
        slot.ring.take(buf, 0, n)
        assert slot.ring.head() == 2 and slot.ring.take(buf, 0, 2) == 2, cut
        assert bytes(buf[:2]) == wanted, cut


@rows("R261")
@cases(b"41g2", b"4 42", b"41\x002")
def test_a_digit_that_was_damaged_fails_the_messages(digits: bytes) -> None:
    rig, slot = messages()
    rig.feed(b'\r\n+QCOAPURC: "rsp",2,2.05,1,1,43\r\n\r\n+QCOAPURC: "rsp",2,2.05,6677,2,' + digits + b"\r\n" + OK)
    assert (slot.state, slot.err) == (FAILED, EIO) and rig.stat("framing") == 1
    whole = len(b' "rsp",2,2.05,1,1,')
    assert slot.ring.head() == whole
    slot.ring.drop(whole)
    assert slot.ring.head() == 1
    slot.ring.drop(1)
    assert slot.ring.n <= len(b' "rsp",2,2.05,6677,2,') + 2  # at most its header is left
    assert rig.stat("late") == 1


@rows("R261", "R364")
def test_a_digit_that_came_before_its_header_could_be_read_may_be_damaged() -> None:
    """`5, 31` may be five bytes, or five options: what follows tells, and then a blank is no digit."""
    rig, slot = messages()
    rig.feed(b'\r\n+QCOAPURC: "rsp",2,2.05,9,5, 31')
    rig.feed(b"323334\r\n" + OK)
    assert (slot.state, slot.err) == (FAILED, EIO) and rig.stat("framing") == 1
    assert rig.stat("late") == 1  # what stands behind it is read as lines again


def test_a_message_that_just_fits_is_kept() -> None:
    """Two records with two bytes of length each: the header and the payload."""
    head = b' "rsp",2,2.05,1,50,'
    for room in (len(head) + 50 + 3, len(head) + 50 + 4):
        rig, slot = messages()
        slot.ring.put(bytes(2000), 0, slot.ring.size - room)
        slot.ring.commit()
        before = slot.ring.n
        rig.feed(b"\r\n+QCOAPURC:" + head + b"41" * 50 + b"\r\n")
        fits = room == len(head) + 54
        assert slot.ring.n - before == (room if fits else 0) and rig.stat("rx_lost") == (0 if fits else 50)


# --- counts that cannot be -----------------------------------------------------------------------------------------


def test_a_message_longer_than_any_packet_is_refused() -> None:
    """A damaged digit must not swallow what comes behind the message."""
    rig, slot = messages()
    rig.feed(b'\r\n+QCOAPURC: "rsp",2,2.05,6677,1501,4142\r\n' + OK)
    assert (slot.state, slot.err) == (FAILED, EIO) and rig.stat("framing") == 1
    assert rig.engine.parser.raw == 0 and rig.stat("late") == 1
    urcs, left = rig.stat("urcs"), slot.ring.n
    rig.feed(b'\r\n+QCOAPURC: "rsp",2,2.05,1,2,4142\r\n\r\n+QCOAPURC: "rsp",2,2.05,2\r\n')
    assert (rig.stat("urcs"), slot.ring.n) == (urcs, left)  # they may be bytes of it


@rows("R199", "R214")
def test_pushed_data_of_view_mode_1_longer_than_any_packet_are_refused() -> None:
    rig = Rig()
    in_view_1(rig)
    slot, other = rig.open(0, mode=PUSH), rig.open(1)
    rig.feed(b'\r\n+QIURC: "recv",0,1501,ab\r\n\r\n+QIURC: "closed",1\r\n')
    assert (slot.state, slot.err) == (FAILED, EIO) and rig.stat("framing") == 1
    rig.quiet()
    assert rig.step(25) == b"AT+QIRD=1,512\r" and other.state == OPEN  # that line may have been a payload's


@rows("R199", "R213")
def test_pushed_data_of_view_mode_1_without_a_byte_are_a_damaged_header() -> None:
    rig = Rig()
    in_view_1(rig)
    slot = rig.open(0, mode=PUSH)
    rig.feed(b'\r\n+QIURC: "recv",0,1,a\r\n\r\n+QIURC: "recv",0,0,\r\n\r\n+QIURC: "recv",0,1,b\r\n')
    assert slot.state == FAILED and rig.recv(slot) == b"a" and rig.recv(slot) == -1


def test_a_line_longer_than_any_buffer_may_be_the_payload_of_a_lost_header() -> None:
    """So what is pushed fails; what is asked for goes on."""
    rig = Rig()
    slot, other = rig.open(0, mode=PUSH), rig.open(1)
    rig.feed(b"\r\n" + b"x" * 300 + b"\r\n")
    assert slot.state == FAILED and other.state == OPEN
    assert rig.engine.parser.long_lines == 1 and rig.stat("framing") == 1
    rig = Rig()
    rig.open(1)
    rig.feed(b"\r\n" + b"x" * 300 + b"\r\n" + urc('"recv",1'))
    assert rig.engine.parser.long_lines == 1 and rig.stat("framing") == 0
    assert rig.take() == b"AT+QIRD=1,512\r"


# --- the trace -----------------------------------------------------------------------------------------------------


def traced(rig: Rig) -> "Shown":
    shown: "Shown" = []
    rig.engine.trace = lambda direction, line, now: shown.append((direction, bytes(line), now))
    return shown


def test_a_trace_shows_lines_and_tells_how_long_payloads_are() -> None:
    rig = Rig()
    slot = rig.open()
    shown = traced(rig)
    rig.feed(urc('"recv",0'))
    rig.step(5)
    rig.feed(answer(b"secret"))
    rig.send(slot, b"secret, too")
    rig.asked(b"AT+QISEND=0,11", b"\r\n> ")
    rig.take()
    rig.feed(OK)
    assert shown == [
        ("<<", b'+QIURC: "recv",0', 1000),
        (">>", b"AT+QIRD=0,512", 1005),
        ("<<", b"+QIRD: 6", 1005),
        ("<<", b"<6 bytes>", 1005),
        ("<<", b"OK", 1005),
        (">>", b"AT+QISEND=0,11", 1005),
        (">>", b"<11 bytes>", 1005),
        ("<<", b"OK", 1005),
    ]


def test_a_trace_shows_the_header_of_a_line_and_not_its_payload() -> None:
    rig = messages()[0]
    shown = traced(rig)
    rig.feed(b'\r\n+QCOAPURC: "rsp",2,2.05,6677,2,4142\r\n')
    assert [line for _, line, _ in shown] == [b'+QCOAPURC: "rsp",2,2.05,6677,2,', b"<2 bytes>"]


@rows("R002", "R012")
def test_a_trace_shows_no_secret() -> None:
    rig = Rig()
    shown = traced(rig)
    rig.ask(b'AT+CPIN="1234"')
    rig.asked(b'AT+CPIN="1234"', b'AT+CPIN="1234"\r\r\n' + OK)
    assert [line for _, line, _ in shown] == [b"AT+CPIN=***", b"AT+CPIN=***", b"OK"]


def test_a_trace_that_is_taken_away_shows_nothing_more() -> None:
    rig = Rig()
    shown = traced(rig)
    assert rig.engine.start(b"AT", None, ON_OK)
    rig.engine.trace = None
    rig.asked(b"AT", OK)
    assert len(shown) == 1
