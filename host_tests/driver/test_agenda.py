"""What the engine asks next, and what the end of a command means for its slot."""

from errno import ECONNRESET, EIO

from kit import cases, rows
from quectel.command import ASK
from quectel.table import CLOSING, DGRAM, FAILED, FREE, OPEN, PUSH, QUEUED, QUIET, REFUSED, SENT, STREAM, UNDERWAY
from wires import NO_DATA, OK, Rig, answer, urc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from quectel.table import Slot

CLOSED = OK + b"\r\nCLOSE OK\r\n"


# --- a part whose connection is gone ------------------------------------------------------------------------------


@cases(b"queued", b"underway", b"held")
def test_a_part_of_a_lost_connection_gives_way_to_the_next_sender(stage: bytes) -> None:
    rig = Rig()
    slot, other = rig.open(0), rig.open(1)
    rig.send(slot, b"data")
    if stage != b"queued":
        rig.asked(b"AT+QISEND=0,4", b"\r\n> ")
        assert rig.take() == b"data"
        rig.feed(OK)
    if stage == b"held":
        rig.feed(b"\r\nSEND FAIL\r\n")
    rig.feed(urc('"pdpdeact",1'))
    assert (slot.state, slot.err) == (FAILED, ECONNRESET)
    rig.engine.table.woken()
    rig.quiet()
    assert slot.sending == REFUSED and rig.engine.settled(slot) and rig.engine.table.woken()
    assert rig.engine.due(rig.now) == -1  # no result is waited for, and nothing is sent again
    other.state = OPEN
    rig.engine.table.bind(other, 1)
    assert rig.send(other, b"more") == 4
    rig.asked(b"AT+QISEND=1,4", b"\r\n> ")


def test_a_part_of_a_socket_that_lost_bytes_does_not_go_out() -> None:
    rig = Rig()
    slot = rig.open(0, mode=PUSH)
    rig.send(slot, b"data")
    rig.feed(urc('"recv",0,2') + b"abc\r\n")
    assert slot.state == FAILED and slot.cid == 0 and slot.sending == QUEUED
    rig.quiet()
    assert rig.step(25) == b""
    assert slot.sending == REFUSED and rig.engine.sender.index < 0


def test_a_slot_that_is_freed_takes_its_failed_part_along() -> None:
    rig = Rig()
    slot = rig.open()
    rig.send(slot, b"data")
    rig.asked(b"AT+QISEND=0,4")
    rig.engine.close(slot, slot.gen)
    rig.feed(urc('"pdpdeact",1') + b"\r\nERROR\r\n")
    assert slot.state == CLOSING and rig.engine.blame is slot
    rig.asked(b"AT+QIGETERROR", b"\r\n+QIGETERROR: 567,x\r\n" + OK)
    rig.quiet()
    assert slot.state == FREE and rig.engine.sender.index < 0 and rig.engine.blame.index < 0


def test_a_reason_of_570_is_the_contexts() -> None:
    """Its other sockets are told, too."""
    rig = Rig("BG96")
    slot, other, elsewhere = rig.open(0), rig.open(1), rig.open(2)
    elsewhere.pdp = 2
    rig.send(slot, b"data")
    rig.asked(b"AT+QISEND=0,4", b"\r\nERROR\r\n")
    rig.asked(b"AT+QIGETERROR", b"\r\n+QIGETERROR: 570,x\r\n" + OK)
    assert rig.engine.pdp_lost
    assert [one.code for one in (slot, other, elsewhere)] == [570, 570, 0]
    assert slot.err == other.err == ECONNRESET and elsewhere.state == OPEN


def test_a_reason_is_not_asked_for_a_slot_that_is_free() -> None:
    """The next owner of the slot is not told what went wrong for the one before."""
    rig = Rig()
    slot = rig.open()
    rig.feed(urc('"recv",0'))
    rig.asked(b"AT+QIRD=0,512", b"\r\nERROR\r\n")
    assert rig.engine.blame is slot
    rig.feed(urc('"pdpdeact",1'))
    rig.engine.close(slot, slot.gen)
    assert slot.state == FREE and rig.engine.blame.index < 0
    rig.quiet()


# --- closing, and what is still under way -------------------------------------------------------------------------


def test_a_slot_that_is_given_back_is_not_read_any_more() -> None:
    rig = Rig()
    slot = rig.open()
    rig.send(slot, b"bye")
    rig.asked(b"AT+QISEND=0,3", b"\r\n> ")
    rig.take()
    rig.feed(OK + urc('"recv",0'))
    rig.asked(b"AT+QIRD=0,512")
    rig.engine.close(slot, slot.gen)
    rig.feed(urc('"recv",0') + NO_DATA)  # more has come while the read was answered
    rig.quiet()  # neither read nor closed: the result of the send is still to come
    rig.feed(b"\r\nSEND OK\r\n")
    rig.asked(b"AT+QICLOSE=0", CLOSED)
    assert slot.state == FREE
    rig.quiet()


def test_an_id_without_a_slot_is_closed_when_nothing_else_is_to_be_done() -> None:
    rig = Rig()
    rig.open(0)
    rig.engine.orphan(4)
    rig.engine.orphan(-1)
    rig.engine.orphan(6)
    rig.feed(urc('"recv",0'))
    rig.asked(b"AT+QIRD=0,512", NO_DATA)
    rig.asked(b"AT+QICLOSE=4", b"\r\nERROR\r\n")
    rig.quiet()


# --- reads that do not end well -----------------------------------------------------------------------------------


def test_a_datagram_whose_read_had_no_answer_is_asked_for_again() -> None:
    """A datagram may be lost, so its socket goes on; a stream may not, so its socket fails."""
    for kind in (STREAM, DGRAM):
        rig = Rig()
        slot = rig.open(kind=kind)
        rig.feed(urc('"recv",0'))
        rig.asked(b"AT+QIRD=0,512")
        assert rig.step(400) == b"AT+CMEE?\r"
        rig.feed(b"\r\n+CMEE: 1\r\n" + OK)
        if kind == DGRAM:
            rig.asked(b"AT+QIRD=0,512", answer(b"whole"))
            assert rig.recv(slot) == b"whole"
        else:
            assert (slot.state, slot.err) == (FAILED, EIO)
            rig.quiet()


@rows("R168", "R171")
def test_a_datagram_is_read_when_there_is_room_for_the_longest() -> None:
    """512 bytes and the two of its length; a stream is read in smaller pieces."""
    for room in (513, 514):
        rig = Rig(rx_ring=1000)
        slot = rig.open(kind=DGRAM)
        slot.ring.put(bytes(1000), 0, 1000 - room)
        slot.ring.commit()
        rig.feed(urc('"recv",0'))
        assert rig.take() == (b"AT+QIRD=0,512\r" if room == 514 else b""), room


@rows("R441")
def test_two_bytes_that_are_missing_show_in_the_line_ends() -> None:
    """A payload two bytes short has eaten the blank line that this module prints in front of its OK."""
    for lost in (0, 2):
        rig = Rig()
        slot = rig.open()
        rig.feed(urc('"recv",0'))
        rig.asked(b"AT+QIRD=0,512", answer(b"whole"))
        assert rig.recv(slot) == b"whole"
        rig.asked(b"AT+QIRD=0,512", b"\r\n+QIRD: 7\r\n" + b"1234567"[lost:] + b"\r\n" + OK)
        assert (slot.state, slot.err) == ((FAILED, EIO) if lost else (OPEN, 0)), lost
        assert rig.recv(slot) == (-1 if lost else b"1234567") and rig.stat("framing") == lost // 2


def test_a_module_with_one_line_end_is_believed() -> None:
    rig = Rig()
    slot = rig.open()
    rig.feed(urc('"recv",0'))
    for data in (b"one", b"two"):
        rig.asked(b"AT+QIRD=0,512", b"\r\n+QIRD: 3\r\n" + data + b"\r\nOK\r\n")
        assert rig.recv(slot) == data
    assert rig.stat("framing") == 0


# --- the state of a connection ------------------------------------------------------------------------------------

TOLD = b'\r\n+QISTATE: 2,"TCP","220.18.39.22",8062,1234,2,1,1\r\n'


def asking(family: str = "BC25") -> "tuple[Rig, Slot]":
    """An engine that was told to ask for the state of connection 2."""
    rig = Rig(family)
    slot = rig.open(2)
    slot.query = QUEUED
    return rig, slot


@rows("R136", "R138", "R139")
@cases((2, 2), (0, 0), (4, 4), (12345678, 12345678))
def test_the_answer_to_a_state_query(state: int, told: int) -> None:
    rig, slot = asking()
    slot.told = 3
    rig.asked(b"AT+QISTATE=1,2")
    assert slot.query == UNDERWAY and rig.engine.cmd.kind == ASK
    rig.engine.table.woken()
    rig.feed(TOLD.replace(b",2,1,1", b",%d,1,1" % state) + OK)
    assert (slot.query, slot.told, slot.told_mode, slot.server) == (SENT, told, 1, -1)
    assert rig.engine.table.woken()
    rig.quiet()


@rows("R090", "R092")
def test_the_answer_of_a_family_with_server_ids() -> None:
    rig, slot = asking("BG96")
    rig.asked(b"AT+QISTATE=1,2", b'\r\n+QISTATE: 2,"TCP","1.2.3.4",80,1234,2,1,7,1,"uart1"\r\n' + OK)
    assert (slot.query, slot.told, slot.told_mode, slot.server) == (SENT, 2, 1, 7)


@rows("R397")
def test_an_answer_without_a_line_is_of_an_id_that_is_not_open() -> None:
    rig, slot = asking()
    slot.told = 2
    rig.asked(b"AT+QISTATE=1,2", OK)
    assert (slot.query, slot.told) == (SENT, 0)


def test_the_state_of_another_id_is_not_this_ones() -> None:
    rig, slot = asking()
    rig.asked(b"AT+QISTATE=1,2", TOLD.replace(b": 2,", b": 3,") + OK)
    assert (slot.query, slot.told) == (SENT, 0)


@cases(
    (b"\r\nERROR\r\n", 5),
    (b"\r\n+CME ERROR: 50\r\n", 5),
    (b'\r\n+QISTATE: 2,"TCP","1.2.3.4"\r\n' + OK, 5),
    (b'\r\n+QISTATE: 2,"TCP","1.2.3.4",8062,1234,-1,1,1\r\n' + OK, 5),
)
def test_a_state_that_is_not_told_changes_nothing(reply: bytes, told: int) -> None:
    rig, slot = asking()
    slot.told = told
    rig.asked(b"AT+QISTATE=1,2", reply)
    assert (slot.query, slot.told, slot.state) == (REFUSED, told, OPEN)
    rig.quiet()


def test_a_state_query_without_an_answer_has_failed_and_its_connection_has_not() -> None:
    rig, slot = asking()
    rig.asked(b"AT+QISTATE=1,2")
    assert rig.step(320) == b"AT+CMEE?\r"
    assert (slot.query, slot.state) == (REFUSED, OPEN)


def test_the_state_of_a_connection_whose_id_is_gone_is_not_asked_for() -> None:
    rig, slot = asking()
    rig.feed(urc('"pdpdeact",1'))
    rig.engine.table.woken()
    rig.quiet()
    assert slot.query == REFUSED and rig.engine.table.woken()


def test_sending_and_closing_come_before_a_state_query() -> None:
    rig, slot = asking()
    slot.query = QUIET
    rig.send(slot, b"data")
    slot.query = QUEUED
    slot.more = True
    rig.asked(b"AT+QISEND=2,4", b"\r\n> ")
    rig.take()
    rig.feed(OK + b"\r\nSEND OK\r\n")
    rig.asked(b"AT+QISTATE=1,2", TOLD + OK)
    rig.asked(b"AT+QIRD=2,512", NO_DATA)
    rig.quiet()
