"""Loss where lines are: payloads that stand as lines, and the answer to a read."""

from errno import EIO

from kit import cases, rows
from quectel.command import DONE
from quectel.table import DGRAM, ENDED, FAILED, HALF, MESSAGES, OPEN, PUSH
from taught import FOX, NEXT
from wires import OK, Rig, urc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from quectel.table import Slot

# --- payloads that stand as lines ---------------------------------------------------------------------------------

LIES = urc('"closed",1') + b"\r\nRDY\r\n" + urc('"pdpdeact",1') + NEXT + b"AT+Y\r\n"


@rows("R214")
def test_urcs_are_not_believed_behind_a_damaged_count() -> None:
    """20 for 200: the rest of the payload stands as lines, until the module is silent."""
    rig = Rig()
    rig.engine.echo_off = True
    slot, other = rig.open(0, mode=PUSH), rig.open(1)
    rig.ask(b"AT+Y")
    rig.asked(b"AT+Y", b'\r\n+QIURC: "recv",0,20\r\n' + FOX + LIES + b"\r\nOK\r\n")
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
    rig.feed(b'\r\n+QIURC: "recv",0,20\r\n' + FOX + b"\r\n")
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
    rig.feed(b'\r\n+QIURC: "recv",0,20\r\n' + FOX + b"\r\n")
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
    rig.feed(FOX * 10 + b"\r\n")
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
