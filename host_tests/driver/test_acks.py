"""What the peer has acknowledged, by the engine alone: when it is asked, half-open links, results that do not come."""

from errno import ECONNRESET, ETIMEDOUT

from kit import rows
from quectel.table import DGRAM, FAILED, HALF, OPEN, QUEUED, REFUSED, SENT, UNDERWAY
from wires import OK, Rig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from quectel.table import Slot

ASK = b"AT+QISEND=0,0"
SYNC = b"AT+CMEE?"


def told(total: int, acked: int) -> bytes:
    return b"\r\n+QISEND: %d,%d,%d\r\n" % (total, acked, total - acked) + OK


def sent(rig: Rig, slot: "Slot", data: bytes, result: bytes = b"\r\nSEND OK\r\n") -> None:
    """One part goes to the module; its result, if there is one."""
    assert rig.send(slot, data) == len(data)
    rig.asked(b"AT+QISEND=%d,%d" % (slot.cid, len(data)), b"\r\n> ")
    assert rig.take() == data
    rig.feed(result)


def in_step(rig: Rig) -> None:
    rig.asked(SYNC, b"\r\n+CMEE: 1\r\n" + OK)


def doubted(data: bytes = b"data") -> "tuple[Rig, Slot]":
    """A part whose result has not come in its time; host and module are in step again."""
    rig = Rig("BG96")
    slot = rig.open()
    sent(rig, slot, b"before")
    rig.engine.ack_ms = 0
    sent(rig, slot, data, b"")
    rig.now += rig.engine.due(rig.now)
    in_step(rig)
    assert slot.sending == UNDERWAY and slot.state == OPEN
    return rig, slot


@rows("R153")
def test_it_is_asked_behind_a_send_until_all_is_acknowledged() -> None:
    rig = Rig("BG96")
    slot = rig.open()
    rig.quiet()
    assert rig.engine.due(rig.now) == -1
    sent(rig, slot, b"data")
    rig.quiet()
    assert rig.engine.due(rig.now) == 5000
    rig.now += 5000
    rig.asked(ASK, told(4, 1))
    rig.quiet()
    assert rig.engine.due(rig.now) == 5000
    rig.now += 5000
    rig.asked(ASK, told(4, 4))
    rig.quiet()
    assert rig.engine.owes(slot) == 0
    rig.step(5000)
    assert rig.engine.due(rig.now) == -1 and slot.state == OPEN


@rows("R153")
def test_an_answer_tells_of_the_time_at_which_it_was_asked_for() -> None:
    """A program that has its turns once a minute reads it that much later."""
    rig = Rig("EC200U")
    slot = rig.open()
    sent(rig, slot, b"some")
    rig.now += 60_000
    rig.asked(ASK)
    rig.now += 60_000
    rig.engine.turn(rig.now)
    rig.feed(told(4, 0))
    assert slot.state == OPEN
    rig.asked(ASK, told(4, 0))
    assert slot.state == FAILED and slot.err == ETIMEDOUT


@rows("R153")
def test_a_count_that_stands_still_is_a_half_open_link() -> None:
    rig = Rig("EC200U")
    slot = rig.open()
    slot.state = HALF
    sent(rig, slot, b"some")
    for _ in range(20):  # it goes on for 100 s
        rig.now += 5000
        rig.asked(ASK, told(4, 0))
    sent(rig, slot, b"more")
    rig.now += 5000
    rig.asked(ASK, told(8, 4))  # and moves once
    for k in range(24):
        assert slot.state == HALF, k
        rig.now += 5000
        rig.asked(ASK, told(8, 4))
    assert slot.state == FAILED and slot.err == ETIMEDOUT
    rig.now += 5000
    rig.quiet()
    assert rig.engine.due(rig.now) == -1


def test_switched_off() -> None:
    rig = Rig("BG96")
    slot = rig.open()
    sent(rig, slot, b"data")
    rig.engine.ack_ms = 0
    rig.now += 5000
    rig.quiet()
    sent(rig, slot, b"data")
    assert rig.engine.due(rig.now) == -1 and rig.engine.sent_of(slot) == 8


def test_who_is_not_asked_for() -> None:
    """Families and kinds that have no such query, and connections that are gone."""
    rig = Rig("BC25")
    slot = rig.open()
    sent(rig, slot, b"data", OK + b"\r\nSEND OK\r\n")
    assert slot.sending == SENT and not rig.engine.owing
    rig = Rig("BG96")
    slot = rig.open(kind=DGRAM)
    sent(rig, slot, b"data")
    assert slot.sending == SENT and not rig.engine.owing
    slot = rig.open(1)
    sent(rig, slot, b"data")
    slot.fail(ECONNRESET)
    rig.now += 5000
    rig.quiet()
    assert not rig.engine.owing


def test_one_that_fails_before_its_turn() -> None:
    rig = Rig("BG96")
    slot, other = rig.open(0), rig.open(1)
    sent(rig, slot, b"data")
    sent(rig, other, b"data")
    rig.now += 5000
    first = rig.take()
    last = slot if first == b"AT+QISEND=1,0\r" else other
    last.fail(ECONNRESET)
    rig.feed(told(4, 4))
    rig.quiet()


def test_answers_that_tell_nothing() -> None:
    for reply in (OK, b"\r\nERROR\r\n", b"\r\n+QISEND: 7\r\n" + OK):
        rig = Rig("BG96")
        slot = rig.open()
        sent(rig, slot, b"data")
        rig.now += 5000
        rig.asked(ASK, reply)
        rig.quiet()
        assert rig.engine.owes(slot) == 0 and slot.state == OPEN
    rig = Rig("BG96")
    slot = rig.open()
    sent(rig, slot, b"data")
    rig.now += 5000
    rig.asked(ASK)
    rig.now += rig.engine.due(rig.now)
    in_step(rig)
    rig.asked(ASK, told(4, 4))  # no answer tells nothing: it is asked again
    rig.quiet()


def test_a_caller_who_asks_himself() -> None:
    """The line is that command's, not the engine's."""
    rig = Rig("BG96")
    rig.open()
    lines = rig.ask(ASK, b"+QISEND:")
    rig.asked(ASK, told(9, 9))
    assert lines == [b"+QISEND: 9,9,0"]


def test_a_part_that_was_taken_after_all() -> None:
    rig, slot = doubted()
    rig.asked(ASK, told(10, 6))
    rig.quiet()
    assert slot.sending == SENT and slot.state == OPEN and rig.engine.sent_of(slot) == 10
    sent(rig, slot, b"next")
    assert slot.sending == SENT


def test_a_part_that_was_not_taken_is_sent_once_more() -> None:
    rig, slot = doubted()
    rig.asked(ASK, told(6, 6))
    assert slot.sending == QUEUED
    rig.asked(b"AT+QISEND=0,4", b"\r\n> ")
    assert rig.take() == b"data"
    rig.feed(b"\r\nSEND OK\r\n")
    assert slot.sending == SENT and rig.engine.sent_of(slot) == 10
    rig, slot = doubted()
    rig.asked(ASK, told(6, 6))
    rig.asked(b"AT+QISEND=0,4", b"\r\n> ")
    assert rig.take() == b"data"
    rig.now += rig.engine.due(rig.now)
    in_step(rig)
    rig.asked(ASK, told(6, 6))  # not for ever
    assert slot.state == FAILED and slot.err == ETIMEDOUT and slot.sending == REFUSED


def test_totals_that_fit_nothing() -> None:
    for reply in (told(8, 6), OK, b"\r\nERROR\r\n"):
        rig, slot = doubted()
        rig.asked(ASK, reply)
        assert slot.state == FAILED and slot.err == ETIMEDOUT and slot.code == 569
        assert rig.engine.doubt.index < 0 and rig.engine.sender.index < 0


def test_nothing_is_asked_where_the_total_is_not_known() -> None:
    """Behind transparent mode or restore(), and where the prompt has not come."""
    for known, prompt in ((False, b"\r\n> "), (True, b"")):
        rig = Rig("BG96")
        slot = rig.open()
        if not known:
            rig.engine.lose_count(slot)
        sent_or_not = rig.send(slot, b"data")
        assert sent_or_not == 4
        rig.asked(b"AT+QISEND=0,4", prompt)
        assert rig.take() == (b"data" if prompt else b"")
        rig.now += rig.engine.due(rig.now)
        rig.take()
        assert slot.state == FAILED and slot.err == ETIMEDOUT


def test_a_module_that_says_nothing_any_more() -> None:
    rig = Rig("BG96")
    slot = rig.open()
    sent(rig, slot, b"data", b"")
    rig.now += rig.engine.due(rig.now)
    for _ in range(12):
        assert slot.sending == UNDERWAY or rig.engine.silent
        rig.take()
        rig.now += max(rig.engine.due(rig.now), 1)
    assert rig.engine.silent and slot.state == FAILED and slot.err == ETIMEDOUT


def test_a_restart_decides() -> None:
    rig, slot = doubted()
    rig.asked(ASK, b"\r\nRDY\r\n")
    assert slot.state == FAILED and slot.err == ECONNRESET and rig.engine.doubt.index < 0
    rig, slot = doubted()
    rig.feed(b"\r\nRDY\r\n")
    assert slot.err == ECONNRESET and rig.engine.doubt.index < 0 and rig.engine.sender.index < 0


def test_a_socket_that_fails_meanwhile() -> None:
    rig, slot = doubted()
    slot.fail(ECONNRESET)
    rig.asked(ASK, told(6, 6))
    assert slot.sending == REFUSED and slot.err == ECONNRESET and rig.engine.sender.index < 0
    rig.quiet()


def test_a_total_that_nobody_knows_stays_unknown() -> None:
    rig = Rig("BG96")
    slot = rig.open()
    rig.engine.lose_count(slot)
    sent(rig, slot, b"data")
    assert rig.engine.sent_of(slot) == -1 and rig.engine.owing  # but it is asked what was acknowledged
