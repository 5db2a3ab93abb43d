"""Data that the module did not announce, or whose announcement was lost: who waits for them has the module asked."""

from kit import rows
from quectel.table import DGRAM, HALF, PUSH
from wires import NO_DATA, OK, Rig, answer, urc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

READ = b"AT+QIRD=2,512"


def waiting(rig: Rig, kind: int = 1, mode: int = 0) -> "Any":
    slot = rig.open(2, kind, mode)
    rig.quiet()
    assert rig.recv(slot) is None
    return slot


@rows("R108", "R390")
def test_a_lost_announcement_is_made_up_for() -> None:
    rig = Rig()
    slot = waiting(rig)
    assert rig.engine.due(rig.now) == 5000
    assert rig.step(4999) == b""
    assert rig.step(1) == READ + b"\r"
    rig.feed(answer(b"lost"))
    rig.asked(READ, NO_DATA)
    assert rig.recv(slot) == b"lost"


@rows("R108")
def test_the_looks_become_rare_and_data_make_them_frequent_again() -> None:
    rig = Rig()
    slot = waiting(rig)
    for ms in (5000, 10_000, 20_000, 40_000, 60_000, 60_000):
        assert rig.recv(slot) is None
        assert rig.engine.due(rig.now) == ms
        assert rig.step(ms) == READ + b"\r"
        rig.feed(NO_DATA)
        rig.quiet()
    rig.feed(urc('"recv",2'))
    rig.asked(READ, answer(b"news"))
    rig.asked(READ, NO_DATA)
    assert rig.recv(slot) == b"news" and rig.recv(slot) is None
    assert rig.engine.due(rig.now) <= 60_000
    rig.step(60_000)
    rig.feed(NO_DATA)
    rig.quiet()
    assert rig.recv(slot) is None and rig.engine.due(rig.now) == 10_000


@rows("R390")
def test_behind_a_data_entry_it_is_soon() -> None:
    rig = Rig()
    slot = waiting(rig)
    rig.step(100)
    rig.send(slot, b"hello")
    assert rig.take() == b"AT+QISEND=2,5\r"
    rig.feed(b"\r\n> ")
    assert rig.take() == b"hello"
    rig.feed(OK + b"\r\nSEND OK\r\n")
    rig.quiet()
    assert rig.engine.due(rig.now) == 500
    assert rig.step(500) == READ + b"\r"
    rig.feed(NO_DATA)
    rig.quiet()
    assert rig.recv(slot) is None and rig.engine.due(rig.now) == 5000


@rows("R390")
def test_who_waits_only_behind_the_data_entry_has_it_soon_too() -> None:
    rig = Rig()
    slot = rig.open(2)
    rig.send(slot, b"hello")
    assert rig.take() == b"AT+QISEND=2,5\r"
    rig.feed(b"\r\n> ")
    assert rig.take() == b"hello"
    rig.feed(OK + b"\r\nSEND OK\r\n")
    rig.step(10_000)
    assert rig.recv(slot) is None
    assert rig.step(500) == READ + b"\r"


def test_lte_modules_lose_no_announcement_in_a_data_entry() -> None:
    rig = Rig("BG96")
    slot = rig.open(2)
    rig.send(slot, b"hello")
    assert rig.take() == b"AT+QISEND=2,5\r"
    rig.feed(b"\r\n> ")
    assert rig.take() == b"hello"
    rig.feed(b"\r\nSEND OK\r\n")
    assert rig.recv(slot) is None
    assert rig.engine.due(rig.now) == 5000


def test_nobody_waits_and_nothing_is_asked() -> None:
    rig = Rig()
    slot = rig.open(2)
    rig.quiet()
    assert rig.engine.due(rig.now) == -1 and rig.step(100_000) == b""
    rig.feed(urc('"recv",2'))
    rig.asked(READ, answer(b"news"))
    rig.asked(READ, NO_DATA)
    assert rig.recv(slot) == b"news"
    assert rig.step(100_000) == b""


def test_who_got_data_meanwhile_is_not_asked_for() -> None:
    rig = Rig()
    slot = waiting(rig)
    rig.step(4000)
    rig.feed(urc('"recv",2'))
    rig.asked(READ, answer(b"news"))
    rig.asked(READ, NO_DATA)
    assert rig.recv(slot) == b"news"
    assert rig.step(2000) == b""


@rows("R107")
def test_in_push_mode_there_is_nothing_to_ask_for() -> None:
    rig = Rig()
    waiting(rig, mode=PUSH)
    assert rig.engine.due(rig.now) == -1 and rig.step(10_000) == b""


@rows("R166")
def test_datagrams_are_looked_for_too() -> None:
    rig = Rig()
    slot = waiting(rig, DGRAM)
    assert rig.step(5000) == READ + b"\r"
    rig.feed(answer(b"one"))
    rig.asked(READ, NO_DATA)
    assert rig.recv(slot) == b"one"


def test_what_closes_meanwhile_is_read_by_its_own_rules() -> None:
    rig = Rig()
    slot = waiting(rig)
    slot.state = HALF
    assert rig.step(5000) == b""


@rows("R215")
def test_buff_full_is_read_like_an_announcement() -> None:
    rig = Rig()
    slot = rig.open(2)
    rig.quiet()
    rig.feed(urc('"recv",2,"buff full"'))
    rig.asked(READ, answer(b"x" * 512, b",100"))
    rig.asked(READ, answer(b"y" * 100, b",0"))
    rig.asked(READ, NO_DATA)
    assert rig.recv(slot) == b"x" * 512 + b"y" * 100


@rows("R224")
def test_a_module_that_sleeps_is_not_asked() -> None:
    rig = Rig()
    waiting(rig)
    rig.engine.rest()
    assert rig.engine.due(rig.now) == -1 and rig.step(10_000) == b""
    assert rig.engine.due(rig.now) == -1


def test_all_that_wait_are_looked_at() -> None:
    rig = Rig()
    slots = [rig.open(cid) for cid in range(3)]
    rig.quiet()
    assert rig.recv(slots[0]) is None and rig.recv(slots[2]) is None
    lines = [rig.step(5000)]
    rig.feed(NO_DATA)
    lines.append(rig.take())
    rig.feed(NO_DATA)
    rig.quiet()
    assert sorted(lines) == [b"AT+QIRD=0,512\r", b"AT+QIRD=2,512\r"]
