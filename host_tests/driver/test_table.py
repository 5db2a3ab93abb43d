"""Slots: lent, bound to ids, failed and given back."""

from errno import EIO

from kit import cases, rows
from quectel.table import (
    CLOSING,
    DGRAM,
    ENDED,
    FAILED,
    FREE,
    HALF,
    LISTENER,
    OPEN,
    OPENING,
    QUIET,
    STREAM,
    TAKEN,
    Slot,
    Table,
)


def taken(table: Table, cid: int = -1) -> Slot:
    slot = table.take()
    assert slot is not None
    if cid >= 0:
        table.bind(slot, cid)
        slot.state = OPEN
    return slot


def test_slots_are_lent_until_none_is_left() -> None:
    table = Table(3, 64, 6)
    slots = [taken(table) for _ in range(3)]
    assert len({slot.index for slot in slots}) == 3 and table.take() is None
    slots[1].state = FREE
    assert table.take() is slots[1] and table.take() is None


def test_a_new_owner_finds_a_slot_as_new() -> None:
    table = Table(1, 64, 6)
    slot = taken(table, 3)
    gen = slot.gen
    fresh = {name: getattr(Slot(0, 64, slot.ring._ladder), name) for name in Slot.__slots__ if name != "ring"}
    slot.kind, slot.mode, slot.more, slot.again, slot.asked = DGRAM, 1, True, True, 7
    slot.opened, slot.sending, slot.err, slot.code, slot.want_close = 566, 3, 5, 566, 2
    slot.parent, slot.npeer, slot.pport, slot.dgram_at, slot.coming, slot.wake = 2, 9, 80, 4, 9, True
    slot.ring.put(b"abc", 0, 3)
    slot.ring.commit()
    slot.state = FREE
    again = taken(table)
    assert again is slot and slot.gen == gen + 1 and slot.state == TAKEN
    assert slot.ring.n == slot.ring.held == 0
    for name in fresh:
        if name not in ("gen", "state", "peer", "index"):
            assert getattr(slot, name) == fresh[name], name


def test_generations_wrap_below_2_to_the_30() -> None:
    table = Table(1, 64, 6)
    slot = taken(table)
    slot.gen = 0x3FFFFFFF
    slot.state = FREE
    assert taken(table).gen == 0


@rows("R217")
def test_ids_find_their_slots() -> None:
    table = Table(2, 64, 6)
    assert table.ids() == 6
    a = taken(table, 5)
    b = taken(table, 0)
    assert table.at(5) is a and table.at(0) is b and a.cid == 5
    for nobody in (1, 4, 6, -1, -2, 99, -0x20000000, 0x3FFFFFFF):
        assert table.at(nobody) is table.nobody, nobody
    table.unbind(a)
    assert table.at(5) is table.nobody and a.cid == -1
    table.unbind(a)  # twice does no harm
    assert table.at(0) is b


def test_unbinding_leaves_an_id_that_another_has_by_now() -> None:
    table = Table(2, 64, 6)
    a = taken(table, 2)
    b = taken(table, 2)
    table.unbind(a)
    assert table.at(2) is b and a.cid == -1


def test_the_lowest_free_id() -> None:
    table = Table(4, 64, 3)
    assert table.free_id() == 0
    first = taken(table, 0)
    taken(table, 1)
    assert table.free_id() == 2
    taken(table, 2)
    assert table.free_id() == -1
    table.unbind(first)
    assert table.free_id() == 0
    assert Table(1, 64, 0).free_id() == -1  # a family without sockets


@cases(TAKEN, OPENING, OPEN, HALF, ENDED)
def test_a_failed_slot_delivers_what_was_whole(state: int) -> None:
    slot = taken(Table(1, 64, 6))
    slot.state = state
    slot.more = True
    slot.dgram_at = 3
    slot.ring.put(b"abc", 0, 3)
    slot.ring.commit()
    slot.ring.put(b"de", 0, 2)
    slot.fail(EIO, 559)
    assert (slot.state, slot.err, slot.code, slot.more, slot.wake) == (FAILED, EIO, 559, False, True)
    assert slot.ring.n == 3 and slot.ring.held == 0 and slot.dgram_at == -1


def test_the_first_reason_stays() -> None:
    slot = taken(Table(1, 64, 6), 0)
    slot.fail(EIO, 559)
    slot.fail(1, 2)
    assert (slot.err, slot.code) == (EIO, 559)


@cases(FREE, CLOSING)
def test_who_is_gone_cannot_fail(state: int) -> None:
    slot = taken(Table(1, 64, 6), 0)
    slot.state = state
    slot.fail(EIO, 559)
    assert (slot.state, slot.err) == (state, 0)


def test_nobody_cannot_fail_or_hold_anything() -> None:
    table = Table(1, 64, 6)
    table.nobody.fail(EIO)
    assert table.nobody.state == FREE and table.nobody.index == -1


def test_a_new_epoch_ends_everything_that_was_open() -> None:
    table = Table(5, 64, 6)
    states = (OPEN, CLOSING, TAKEN, OPENING)
    slots = [taken(table, cid) for cid in range(4)]
    for slot, state in [(slots[i], states[i]) for i in range(4)]:
        slot.state = state
    table.unbind(slots[2])
    table.fail_all(EIO, 570)
    assert [slot.state for slot in slots] == [FAILED, CLOSING, TAKEN, FAILED]
    assert [slot.code for slot in slots] == [570, 0, 0, 570]
    assert [table.at(cid) is table.nobody for cid in range(6)] == [True] * 6
    assert [slot.cid for slot in slots] == [-1] * 4


def test_kinds_and_states_are_told_apart() -> None:
    assert len({STREAM, DGRAM, LISTENER}) == 3 and QUIET == 0
    assert len({FREE, TAKEN, OPENING, OPEN, HALF, ENDED, FAILED, CLOSING}) == 8
