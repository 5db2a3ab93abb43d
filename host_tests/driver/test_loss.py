"""Loss is found: bytes that are missing, or come twice, fail their socket, and nothing behind them is delivered.

Every loss in an exchange is tried in test_hostile_losses.py.
"""

from errno import EIO

from kit import cases, rows
from quectel.command import DONE
from quectel.table import DGRAM, ENDED, FAILED, HALF, MESSAGES, OPEN, PUSH
from wires import OK, Rig, urc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from quectel.table import Slot

_FOX = b"The quick brown fox jumps over the lazy dog"

# --- two bytes of a pushed payload ----------------------------------------------------------------------------------

SHORT = b'\r\n+QIURC: "recv",0,10\r\nabcdefgh\r\n'  # two bytes are missing
WHOLE = b'\r\n+QIURC: "recv",0,5\r\nwhole\r\n'
NEXT = b'\r\n+QIURC: "recv",1,2\r\nhi\r\n'


def taught(echo_off: bool = True) -> "tuple[Rig, Slot, Slot]":
    """A rig that knows that its module prints CR LF behind a pushed payload."""
    rig = Rig()
    rig.engine.echo_off = echo_off
    slot, other = rig.open(0, mode=PUSH), rig.open(1, mode=PUSH)
    rig.feed(WHOLE)
    rig.take()
    assert rig.recv(slot) == b"whole"  # nothing is learned yet, and nothing delayed
    rig.step(20)
    rig.feed(NEXT)
    rig.step(0)
    rig.step(20)
    assert rig.recv(other) == b"hi"
    return rig, slot, other


@rows("R214", "R441")
def test_two_missing_bytes_show_when_a_line_follows_one_line_end() -> None:
    rig, slot, other = taught()
    rig.feed(SHORT + NEXT)
    rig.step(0)
    assert (slot.state, slot.err, rig.recv(slot)) == (FAILED, EIO, -1)
    rig.step(20)
    assert rig.recv(other) == b"hi" and other.state == OPEN and rig.stat("framing") == 1


@rows("R214", "R441")
def test_two_missing_bytes_show_when_nothing_follows() -> None:
    rig, slot, other = taught()
    rig.feed(SHORT)
    rig.step(0)
    assert 0 < rig.engine.due(rig.now) <= 1000
    rig.step(900)
    assert rig.recv(slot) is None and slot.state == OPEN  # the line end may be late
    rig.step(100)
    assert (slot.state, slot.err, other.state) == (FAILED, EIO, OPEN) and rig.engine.due(rig.now) == -1


@rows("R214", "R441")
def test_a_line_end_may_be_late() -> None:
    rig, slot, _ = taught()
    rig.feed(WHOLE[:-2])
    rig.step(0)
    rig.step(500)
    rig.feed(WHOLE[-2:])
    rig.step(0)
    assert rig.recv(slot) is None and 0 < rig.engine.due(rig.now) <= 20
    rig.step(20)
    assert rig.recv(slot) == b"whole"


@rows("R214", "R441")
def test_a_line_that_begins_and_stands_still() -> None:
    """Its CR is a second line end; text is a line behind one line end."""
    for more, whole in ((b"\r", True), (b"\r\n", True), (b"\r\n+QI", True), (b"+", False), (b"+QI", False)):
        rig, slot, _ = taught()
        rig.feed(WHOLE + more)
        rig.step(0)
        rig.step(20)
        assert rig.recv(slot) == (b"whole" if whole else -1), more


@rows("R214", "R441")
def test_the_last_payload_of_a_burst_is_held_for_twenty_milliseconds() -> None:
    rig, slot, other = taught()
    rig.feed(WHOLE + NEXT)
    rig.step(0)
    assert rig.recv(slot) == b"whole" and rig.recv(other) is None and rig.engine.due(rig.now) == 20
    rig.step(19)
    assert rig.recv(other) is None
    rig.step(1)
    assert rig.recv(other) == b"hi" and rig.engine.due(rig.now) == -1


@rows("R214", "R386", "R441")
def test_a_prompt_needs_no_line_end_in_front() -> None:
    rig, slot, other = taught()
    assert rig.send(other, b"data") == 4
    rig.asked(b"AT+QISEND=1,4", WHOLE + b"> ")
    assert rig.take() == b"data" and rig.recv(slot) == b"whole"


@rows("R214", "R388", "R441")
def test_nothing_is_held_while_the_module_may_echo() -> None:
    rig, slot, _ = taught(False)
    rig.ask(b"AT+X")
    rig.asked(b"AT+X", WHOLE + b"AT+X\r\r\nOK\r\n")
    assert rig.recv(slot) == b"whole"


@rows("R214", "R441")
@cases(
    (b"", b"\r\n", 0),  # no line end behind the payload
    (b"", b"\r\n\r\n", 0),  # nor here: the lines have two in front
    (b"\r\n", b"", 0),  # lines have none in front
    (b"\r\n", b"\r\n", 2),
    (b"\r\n", b"\r\n\r\n", 2),
)
def test_what_is_learned_of_a_module(trailing: bytes, front: bytes, known: int) -> None:
    """From one line end and silence behind a payload, and then a line with a line end of its own."""
    rig = Rig()
    rig.engine.echo_off = True
    slot = rig.open(0, mode=PUSH)
    push = front + b'+QIURC: "recv",0,5\r\nwhole' + trailing
    for _ in range(3):
        rig.feed(push + push)
        rig.step(0)
        rig.step(20)
    assert rig.engine.two_pushed == known and rig.stat("framing") == 0
    got = b""
    while rig.recv(slot, 5) == b"whole":
        got += b"whole"
    assert len(got) == 30


@rows("R214", "R441")
def test_doubled_blank_lines_without_silence_teach_nothing() -> None:
    rig = Rig()
    rig.engine.echo_off = True
    rig.open(0, mode=PUSH)
    rig.feed(WHOLE[:-2] + b'\r\n\r\n+QIND: "csq",20\r\n' + WHOLE[:-2])
    rig.step(0)
    rig.step(20)
    assert not rig.engine.two_pushed


@rows("R214", "R441")
def test_a_restart_forgets_what_was_learned() -> None:
    rig, _, _ = taught()
    rig.engine.two_ends = 2
    rig.feed(b"\r\nRDY\r\n")
    rig.step(20)
    assert not rig.engine.two_pushed and not rig.engine.two_ends


@rows("R214", "R441")
def test_what_was_contradicted_twice_is_forgotten() -> None:
    """A module that was misjudged fails two sockets, not one after the other."""
    rig = Rig()
    rig.engine.echo_off = True
    rig.engine.two_pushed = 2
    for cid in range(3):
        slot = rig.open(cid, mode=PUSH)
        rig.feed(b'\r\n+QIURC: "recv",%d,5\r\nwhole\r\n+CEREG: 1\r\n' % cid)
        rig.step(20)
        assert (rig.recv(slot) == b"whole") is (cid == 2)


@rows("R214", "R441")
def test_what_was_confirmed_is_kept() -> None:
    rig, _, other = taught()
    rig.feed(SHORT + NEXT)
    rig.step(0)
    rig.step(20)
    assert rig.engine.two_pushed == 2 and rig.recv(other) == b"hi"


@rows("R214", "R441")
def test_the_one_loss_that_cannot_be_seen_before_anything_is_learned() -> None:
    """The payload holds the line end that was printed behind it."""
    rig = Rig()
    slot = rig.open(0, mode=PUSH)
    rig.feed(SHORT)
    rig.step(0)
    rig.step(20)
    assert rig.recv(slot) == b"abcdefgh\r\n"


# --- how many bytes are missing, and whose they were ------------------------------------------------------------


@rows("R214", "R441")
@cases((1, True), (2, True), (3, True), (4, False), (5, False), (11, False), (20, False))
def test_other_pushed_streams_go_on_if_nothing_of_theirs_can_be_lost(missing: int, alone: bool) -> None:
    """One and three missing bytes leave LF where CR is due, two are known by the line ends."""
    rig, slot, other = taught()
    third = rig.open(2)
    rig.feed(b'\r\n+QIURC: "recv",0,%d\r\n' % len(_FOX) + _FOX[missing:] + b"\r\n" + NEXT)
    rig.step(0)
    rig.step(20)
    assert (slot.state, slot.err, third.state) == (FAILED, EIO, OPEN)
    assert (rig.recv(other) == b"hi") is alone and (other.state == OPEN) is alone and (alone or other.err == EIO)


@rows("R214")
def test_datagrams_of_others_may_be_lost() -> None:
    rig = Rig()
    slot, other = rig.open(0, mode=PUSH), rig.open(1, kind=DGRAM, mode=PUSH)
    rig.feed(b'\r\n+QIURC: "recv",0,40\r\n' + _FOX[:30] + b"\r\n" + NEXT)
    rig.step(0)
    rig.step(20)
    rig.feed(NEXT)
    rig.step(20)
    assert slot.state == FAILED and rig.recv(other) == b"hi"


@rows("R214")
def test_sockets_in_buffer_mode_are_asked_anew() -> None:
    """Their announcement may have gone into the payload."""
    rig = Rig()
    rig.open(0, mode=PUSH)
    other = rig.open(1)
    rig.feed(b'\r\n+QIURC: "recv",0,40\r\n' + _FOX[:30] + b"\r\n" + urc('"recv",1'))
    rig.step(0)
    rig.quiet()
    assert rig.step(20) == b"AT+QIRD=1,512\r" and other.state == OPEN


@rows("R214")
def test_a_payload_that_stands_still_may_hold_other_pushes() -> None:
    rig = Rig()
    slot, other, third = rig.open(0, mode=PUSH), rig.open(1, mode=PUSH), rig.open(2)
    rig.feed(b'\r\n+QIURC: "recv",0,400\r\n' + _FOX + b"\r\n" + NEXT)
    rig.step(0)
    rig.step(1100)
    assert slot.err == other.err == EIO and third.state == OPEN


@rows("R214", "R441")
def test_a_line_end_is_cr_and_lf() -> None:
    """Behind a damaged count a byte of the payload may be CR by chance."""
    rig = Rig()
    slot = rig.open(0, mode=PUSH)
    rig.feed(b'\r\n+QIURC: "recv",0,5\r\nhello\rworld\r\n')
    assert (slot.state, slot.err, rig.recv(slot)) == (FAILED, EIO, -1)


# --- payloads that stand as lines ---------------------------------------------------------------------------------

LIES = urc('"closed",1') + b"\r\nRDY\r\n" + urc('"pdpdeact",1') + NEXT + b"AT+Y\r\n"


@rows("R214")
def test_urcs_are_not_believed_behind_a_damaged_count() -> None:
    """20 for 200: the rest of the payload stands as lines, until the module is silent."""
    rig = Rig()
    rig.engine.echo_off = True
    slot, other = rig.open(0, mode=PUSH), rig.open(1)
    rig.ask(b"AT+Y")
    rig.asked(b"AT+Y", b'\r\n+QIURC: "recv",0,20\r\n' + _FOX + LIES + b"\r\nOK\r\n")
    assert (slot.state, other.state) == (FAILED, OPEN) and rig.stat("epochs") == 0
    assert rig.engine.cmd.state != 1  # results are believed
    rig.step(0)
    rig.step(20)
    rig.feed(urc('"closed",1'))
    assert other.state == HALF


@rows("R214")
def test_no_command_goes_out_among_what_may_be_a_payload() -> None:
    """It would end with an OK of the payload, and its own answer would be the next command's."""
    rig = Rig()
    slot = rig.open(0, mode=PUSH)
    rig.feed(b'\r\n+QIURC: "recv",0,20\r\n' + _FOX + b"\r\n")
    assert slot.state == FAILED
    lines: "list[bytes]" = []
    assert not rig.engine.start(b"AT+X", b"+X:", lines=lines)
    rig.feed(b"\r\n+X: 9\r\n" + OK)
    rig.quiet()
    assert 0 <= rig.engine.due(rig.now) <= 20
    rig.now += 20
    rig.quiet()
    assert rig.engine.start(b"AT+X", b"+X:", lines=lines)
    rig.asked(b"AT+X", b"\r\n+X: 1\r\n" + OK)
    assert lines == [b"+X: 1"] and rig.engine.cmd.result == DONE


@rows("R166")
def test_a_query_too_waits_for_silence_and_nobody_turns_meanwhile() -> None:
    """Nothing is due before, or a host would spin for 20 ms."""
    rig = Rig()
    rig.open(0)
    rig.feed(urc('"recv",0'))
    rig.asked(b"AT+QIRD=0,512", b"\r\n+QIRD: 5x\r\n")
    rig.quiet()
    assert rig.engine.resync and rig.engine.due(rig.now) == 20
    rig.now += 19
    rig.quiet()
    rig.now += 1
    rig.asked(b"AT+CMEE?")


@rows("R214")
def test_a_module_that_is_never_silent_is_believed_after_a_second() -> None:
    rig = Rig()
    rig.open(0, mode=PUSH)
    other = rig.open(1)
    rig.feed(b'\r\n+QIURC: "recv",0,20\r\n' + _FOX + b"\r\n")
    for _ in range(99):
        rig.feed(urc('"closed",1'))
        rig.step(10)
        assert other.state == OPEN
    rig.step(10)
    rig.feed(urc('"closed",1'))
    assert other.state in (HALF, ENDED)


@rows("R214")
@cases(
    b'+QIURC: "rcv",0,5',
    b'+QIURC: "recv",0,',
    b'+QIURC: "recv",0',
    b'+QIURC: "recv",0,0',
    b'+QIURC: "recv",0,5hello',
    b'+QIURC: "recv",,5',
    b'+QIURC: "recv",77,5',
    b'+QIURC: "recv',
    b'+QIC: "recv",0,5',
    b"+QIUR",
    b"+Q0,5",
    b"+,5",
    b"+",
    b'QIURC: "recv",0,5',
    b'v",0,5',
    b"5",
    b"hello",
)
def test_a_damaged_header_fails_the_pushed_streams(line: bytes) -> None:
    rig = Rig()
    slot, other, third = rig.open(0, mode=PUSH), rig.open(1, mode=PUSH), rig.open(2)
    rig.feed(b"\r\n" + line + b"\r\n")
    assert slot.err == other.err == EIO and third.state == OPEN and rig.stat("framing") == 1
    rig.step(0)
    rig.step(20)
    rig.feed(urc('"closed",2'))
    assert third.state == HALF


@rows("R214")
def test_a_payload_without_a_header_that_is_one_long_line() -> None:
    rig = Rig()
    slot, other = rig.open(0, mode=PUSH), rig.open(1)
    rig.feed(_FOX * 10 + b"\r\n")
    assert (slot.state, slot.err, other.state) == (FAILED, EIO, OPEN) and rig.stat("framing") == 1


@rows("R173", "R214")
def test_damage_in_view_mode_1() -> None:
    """A count of nothing is damaged; while nothing is believed, a header is not either."""
    rig = Rig()
    rig.engine.view = 1
    rig.engine._views()
    slot, other = rig.open(0, mode=PUSH), rig.open(1, kind=DGRAM, mode=PUSH)
    rig.feed(b'\r\n+QIURC: "recv",1,2,hi\r\n')
    rig.step(20)
    assert rig.recv(other) == b"hi"
    rig.feed(b'\r\n+QIURC: "recv",0,0,hello\r\n\r\n+QIURC: "recv",1,2,no\r\n')
    assert (slot.state, slot.err, other.state) == (FAILED, EIO, OPEN)
    rig.step(0)
    rig.step(20)
    rig.feed(b'\r\n+QIURC: "recv",1,3,yes\r\n')
    rig.step(20)
    assert rig.recv(other) == b"yes" and rig.recv(other) is None


@rows("R258", "R261")
def test_coap_messages_are_not_believed_behind_a_damaged_one() -> None:
    rig = Rig("BC95G", slots=1)
    slot = rig.engine.table.take()
    assert slot is not None
    slot.kind, slot.state, rig.engine.messages = MESSAGES, OPEN, slot
    line = b'\r\n+QCOAPURC: "rsp",2,2.05,8,3,616263\r\n'
    rig.feed(b'\r\n+QCOAPURC: "rsp",2,2.05,8,99999,61\r\n' + line + b'\r\n+QCOAPURC: "rsp",2,2.04,8\r\n')
    assert (slot.state, slot.err, slot.ring.n) == (FAILED, EIO, 0) and rig.stat("urcs") == 0
    rig.step(0)
    rig.step(20)
    rig.feed(line)
    assert rig.stat("urcs") == 1


@rows("R214")
@cases(
    b"RING",
    b"Call Ready",
    b"SMS DONE",
    b"+QATWAKEUP",
    b'+QIND: "csq",20,99',
    b"+CEREG: 5",
    b'+QIURC: "dnsgip",0,1,600',
    b'+QIURC: "recv",3',
    b'+QIURC: "incoming full"',
    b"APP RDY",
    b"OK",
    b"> ",
    b"+CME ERROR: 3",
    b"SEND OK",
)
def test_what_a_module_may_say_does_no_harm(line: bytes) -> None:
    rig = Rig()
    slot = rig.open(0, mode=PUSH)
    rig.feed(b"\r\n" + line + b"\r\n")
    assert slot.state == OPEN and rig.stat("framing") == 0


def test_strange_lines_do_no_harm_in_buffer_mode() -> None:
    rig = Rig()
    slot = rig.open(0)
    rig.feed(b"\r\nhello\r\n\r\n+\r\n\r\n+QIUR\r\n")
    assert slot.state == OPEN and rig.stat("framing") == 0


# --- the answer to a read -----------------------------------------------------------------------------------------


def reading() -> "tuple[Rig, Slot, Slot]":
    rig = Rig()
    slot, other = rig.open(0), rig.open(1)
    rig.feed(urc('"recv",0'))
    rig.asked(b"AT+QIRD=0,512")
    return rig, slot, other


def recovered(rig: Rig, other: "Slot") -> None:
    """Host and module are in step again, and the other socket gets its data."""
    for _ in range(20):
        written = rig.step(100)
        if b"AT+CMEE?" in written:
            rig.feed(b"\r\n+CMEE: 1\r\n" + OK)
        elif b"AT+QIRD=1" in written:
            rig.feed(b"\r\n+QIRD: 2\r\nhi\r\n" + OK if not other.ring.n else b"\r\n+QIRD: 0\r\n" + OK)
        elif not other.ring.n:
            rig.feed(urc('"recv",1'))
    assert rig.recv(other) == b"hi" and other.state == OPEN and not rig.engine.resync


@rows("R080", "R166")
@cases(
    b"\r\n+QIRD: 0\r\n0123456789\r\n\r\nOK\r\n",  # 10
    b"\r\n+QIRD: 0\r\n\x80\x81\x82\x83\x84\x85\x86\x87\x88\x89\r\n\r\nOK\r\n",
    b"\r\n+QIRD: 1\r\n1\r\nsays OK\r\n\r\nOK\r\n",  # 10
    b"\r\n+QIRD: 5\r\nhello\r\n\xff\xff\r\n\r\nOK\r\n",
    b"\r\n+QIRD: \r\n0123456789\r\n\r\nOK\r\n",
    b"\r\n+QIR: 10\r\n0123456789\r\n\r\nOK\r\n",
    b"0123456789\r\n\r\nOK\r\n",
    b"\r\nOK\r\n",
)
def test_a_read_whose_header_is_damaged(answer: bytes) -> None:
    rig, slot, other = reading()
    rig.feed(answer)
    recovered(rig, other)
    assert (slot.state, slot.err, rig.recv(slot)) == (FAILED, EIO, -1)


@rows("R080", "R166")
def test_the_ok_of_another_command_does_not_end_a_read() -> None:
    rig, slot, _ = reading()
    rig.feed(b"\r\nOK\r\n\r\n+QIRD: 5\r\nhello\r\n" + OK)
    assert rig.recv(slot) == b"hello" and rig.stat("late") == 1


@rows("R166", "R441")
def test_a_urc_between_payload_and_ok_teaches_nothing() -> None:
    """Its own line ends stand there."""
    rig, slot, _ = reading()
    rig.feed(b"\r\n+QIRD: 5\r\nhello\r\n\r\n+CEREG: 1\r\n" + b"\r\nOK\r\n")
    assert rig.recv(slot) == b"hello" and not rig.engine.two_ends
    rig.asked(b"AT+QIRD=0,512", b"\r\n+QIRD: 5\r\nworld\r\nOK\r\n")
    assert rig.recv(slot) == b"world"


@rows("R166", "R441")
def test_two_missing_bytes_show_although_a_urc_stands_behind_the_payload() -> None:
    rig, slot, _ = reading()
    rig.feed(b"\r\n+QIRD: 5\r\nhello\r\n" + OK)
    assert rig.recv(slot) == b"hello"
    rig.asked(b"AT+QIRD=0,512", b"\r\n+QIRD: 5\r\nwor\r\n\r\n+CEREG: 1\r\n\r\nOK\r\n")
    assert (slot.state, slot.err) == (FAILED, EIO)


@rows("R166", "R441")
def test_line_ends_of_a_read_that_were_contradicted_twice_are_forgotten() -> None:
    rig = Rig()
    rig.engine.two_ends = 2
    for cid in range(3):
        slot = rig.open(cid)
        rig.feed(urc('"recv",%d' % cid))
        rig.asked(b"AT+QIRD=%d,512" % cid, b"\r\n+QIRD: 5\r\nhello\r\nOK\r\n")
        rig.engine.table.slots[cid].more = False
        assert (rig.recv(slot) == b"hello") is (cid == 2)
