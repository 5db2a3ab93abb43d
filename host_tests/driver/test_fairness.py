"""Six slots and procedures share one command line; nobody starves."""

from quectel.command import Turns
from quectel.procedure import turn_of
from quectel.table import FREE, SENT
from wires import NO_DATA, OK, Rig, answer, urc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from quectel.table import Slot


def test_six_slots_with_data_are_read_in_turn() -> None:
    rig = Rig(slots=6)
    slots = [rig.open(cid) for cid in range(6)]
    rig.feed(b"".join([urc('"recv",%d' % cid) for cid in range(6)]))
    reads = [0] * 6
    for _ in range(120):
        cid = rig.take()[8] - 48
        reads[cid] += 1
        rig.feed(answer(bytes([cid]) * 300))
        while isinstance(rig.recv(slots[cid]), bytes):
            pass
    assert reads == [20] * 6


def obey(rig: Rig, written: bytes) -> None:
    """Answer as a module does that always has data."""
    if written.startswith(b"AT+QIRD"):
        rig.feed(answer(b"q" * 100))
        rig.recv(rig.engine.table.at(written[8] - 48))
    elif written.startswith(b"AT+QISEND"):
        rig.feed(b"\r\n> ")
        rig.take()
        rig.feed(OK + b"\r\nSEND OK\r\n")
    elif written:
        rig.feed(OK + b"\r\nCLOSE OK\r\n" if b"CLOSE" in written else OK)
        rig.engine.release()


def test_sends_closes_and_procedures_come_to_their_turn_among_reads() -> None:
    rig = Rig(slots=6)
    slots = [rig.open(cid) for cid in range(6)]
    rig.feed(b"".join([urc('"recv",%d' % cid) for cid in range(6)]))
    obey(rig, rig.take())
    rig.send(slots[3], b"data")
    rig.engine.close(slots[2], slots[2].gen)
    heard = []
    procedure = False
    for _ in range(12):
        written = rig.take()
        heard.append(written)
        procedure = procedure or rig.engine.start(b"AT+X")
        if not written:
            written = rig.take()
            heard.append(written)
        obey(rig, written)
    for line in (b"AT+QISEND=3,4\r", b"AT+QICLOSE=2\r", b"AT+X\r"):
        assert heard.count(line) == 1, (line, heard)
    assert slots[2].state == FREE and slots[3].sending == SENT


def test_procedures_ask_in_the_order_in_which_they_came() -> None:
    """One that goes on, and asks no more, is not held up; one that is served lets those behind it move up."""
    cmd = Rig().engine.cmd
    assert not cmd.is_behind()
    for who, behind in (("second", False), ("third", True), ("second", False), ("first", True)):
        cmd.asking = who
        assert cmd.is_behind() == behind
    cmd.asking = "second"
    cmd.served()
    assert cmd.asking is None and not cmd.is_behind()
    cmd.turns.leave("second")  # which it has done
    for who, behind in (("third", False), ("first", True)):
        cmd.asking = who
        assert cmd.is_behind() == behind


def test_turns_are_waited_for_and_may_be_given_up() -> None:
    turns = Turns()
    first, second, third = [turn_of(turns, who) for who in ("first", "second", "third")]
    assert not waits(first) and waits(second) and waits(third)
    second.close()
    assert waits(third) and turns.queue == ["first", "third"]
    turns.leave("first")
    assert not waits(third) and turns.queue == ["third"]


def waits(steps: "Any") -> bool:
    """Whether a procedure goes on to wait, after one step."""
    try:
        next(steps)
    except StopIteration:
        return False
    return True


def test_a_procedure_that_gave_up_holds_up_nobody() -> None:
    rig = Rig()
    rig.open()
    rig.feed(urc('"recv",0'))
    rig.asked(b"AT+QIRD=0,512")
    assert not rig.engine.start(b"AT+X")
    rig.feed(NO_DATA + urc('"recv",0'))
    rig.quiet()  # the procedure's turn, which it does not take
    rig.asked(b"AT+QIRD=0,512", NO_DATA)


def test_who_sends_all_the_time_does_not_starve_a_reader() -> None:
    rig = Rig(slots=6)
    slots = [rig.open(cid) for cid in range(6)]
    rig.feed(urc('"recv",5'))
    reads = 0
    for _ in range(60):
        rig.send(slots[0], b"data")
        written = rig.take()
        if written.startswith(b"AT+QIRD=5"):
            reads += 1
            rig.feed(answer(b"x"))
            rig.recv(slots[5])
        else:
            assert written == b"AT+QISEND=0,4\r"
            rig.feed(b"\r\n> ")
            rig.take()
            rig.feed(OK + b"\r\nSEND OK\r\n")
    assert 25 <= reads <= 35


def has_room(rig: Rig, order: "list[Slot]", rounds: int) -> "list[int]":
    """All want to send all the time and are asked in this order; who got the store, round by round."""
    turns = []
    for _ in range(rounds):
        for slot in order:
            if rig.send(slot, b"data"):
                turns.append(slot.cid)
        obey(rig, rig.take())
    return turns


def test_senders_that_are_always_asked_in_the_same_order_take_turns() -> None:
    rig = Rig(slots=6)
    slots = [rig.open(cid) for cid in range(6)]
    assert has_room(rig, slots, 60) == list(range(6)) * 10


def test_a_sender_that_does_not_come_back_is_waited_for_once() -> None:
    rig = Rig()
    first, second, third = [rig.open(cid) for cid in range(3)]
    assert rig.send(first, b"data") == 4
    assert rig.send(second, b"gone") is None and rig.send(third, b"data") is None
    obey(rig, rig.take())
    assert rig.send(third, b"data") is None and rig.send(first, b"data") is None  # it is the second's turn
    assert rig.engine.due(rig.now) == 50
    rig.step(49)
    assert rig.send(third, b"data") is None
    rig.step(1)
    assert rig.engine.table.woken()
    assert rig.send(third, b"data") == 4
    obey(rig, rig.take())
    assert rig.send(first, b"data") == 4


def test_a_sender_that_is_gone_is_not_waited_for() -> None:
    rig = Rig()
    first, second, third = [rig.open(cid) for cid in range(3)]
    assert rig.send(first, b"data") == 4
    assert rig.send(second, b"gone") is None
    obey(rig, rig.take())
    rig.engine.close(second, second.gen)
    assert rig.send(third, b"data") is None  # until its close command has gone out
    obey(rig, rig.take())
    assert rig.send(third, b"data") == 4


def test_a_sender_that_has_failed_is_not_waited_for() -> None:
    rig = Rig()
    first, second, third = [rig.open(cid) for cid in range(3)]
    assert rig.send(first, b"data") == 4
    assert rig.send(second, b"gone") is None
    second.fail(5)
    obey(rig, rig.take())
    assert rig.send(third, b"data") == 4


def test_one_sender_alone_waits_for_nobody() -> None:
    rig = Rig()
    slot = rig.open(0)
    for _ in range(3):
        assert rig.send(slot, b"data") == 4 and rig.send(slot, b"more") is None
        obey(rig, rig.take())
        assert rig.engine.may_send(slot)
