"""The core in transparent access mode: one connection has the UART, and all that comes is its payload."""

import os
from errno import EIO

import kit
from kit import Random, cases, rows, seed
from lent import (
    END_MS,
    GUARD_MS,
    LINE_END_MS,
    NO_CARRIER,
    PART_MS,
    SPICE,
    got,
    lent,
    out,
    passed,
    pieces,
    raw,
)
from quectel.table import (
    BUFFER,
    ENDED,
    FAILED,
    FREE,
    OPEN,
    QUEUED,
    SENT,
    UNDERWAY,
)
from wires import OK, urc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from quectel.table import Slot


# --- bytes in -----------------------------------------------------------------------------------------------------


@rows("R036")
@cases(1, 7, 64, 512)
def test_all_that_comes_is_payload(piece: int) -> None:
    rig = raw(4096)
    slot = lent(rig, SPICE * 3 + b"end", piece=piece)
    assert got(rig, slot) == SPICE * 3 + b"end"
    for name in ("lines", "urcs", "unknown", "noise", "late", "epochs", "framing", "rx_lost"):
        assert rig.stat(name) == (name == "lines"), name  # CONNECT
    assert slot.state == OPEN


@rows("R280", "R461")
@cases(1, 5, 512)
def test_no_carrier_and_a_second_of_silence_are_the_end(piece: int) -> None:
    rig = raw()
    slot = lent(rig)
    passed(rig, 2000)
    rig.feed(b"last\r\nwords" + NO_CARRIER, piece)
    passed(rig, 0)
    passed(rig, END_MS - 1)
    assert slot.state == OPEN
    passed(rig, 1)
    assert slot.state == ENDED and slot.mode == BUFFER and rig.engine.owner.index < 0
    assert got(rig, slot) == b"last\r\nwords" and rig.recv(slot) == 0
    rig.feed(urc('"recv",7'))
    assert rig.stat("urcs") == 1  # lines again
    rig.engine.close(slot, slot.gen)
    rig.asked(b"AT+QICLOSE=0,10", OK)  # its id is still to be closed
    assert slot.state == FREE


@rows("R036")
@cases(b"x", b"\r", b"\r\n", NO_CARRIER, b"N", b"\r\n\r\n+")
def test_no_carrier_that_something_follows_is_payload(rest: bytes) -> None:
    rig = raw()
    slot = lent(rig, NO_CARRIER)
    passed(rig, END_MS - 1)
    rig.feed(rest)
    passed(rig, 0)
    passed(rig, PART_MS)
    assert slot.state == OPEN
    told = NO_CARRIER + (b"" if rest == NO_CARRIER else rest)
    assert got(rig, slot) == told


@rows("R036", "R280")
def test_what_may_be_no_carrier_in_any_cutting() -> None:
    """Random streams of its pieces: all is delivered, but for a NO CARRIER at the very end."""
    random = Random(seed())
    parts = [
        b"\r",
        b"\n",
        b"\r\n",
        b"N",
        b"\r\nNO",
        b" CARRIER",
        b"\r\nNO CARRIER",
        NO_CARRIER,
        NO_CARRIER[1:],
        b"x",
        OK,
    ]
    for _ in range(600 if hasattr(os, "getenv") else 60):  # npm's VM is slow
        data = b"".join([random.choice(parts) for _ in range(random.between(1, 12))])
        rig = raw()
        slot = lent(rig)
        passed(rig, 2000)
        for piece in random.chunks(data, random.choice((1, 3, 20))):
            rig.feed(piece)
            if not random.below(4):
                passed(rig, random.below(LINE_END_MS))
        passed(rig, 0)
        passed(rig, END_MS)
        ended = data.endswith(NO_CARRIER)
        assert (slot.state == ENDED) == ended, data
        assert got(rig, slot) == (data[: -len(NO_CARRIER)] if ended else data), data


@rows("R036")
def test_what_is_held_back_comes_after_a_short_silence() -> None:
    rig = raw()
    slot = lent(rig)
    for data, ms in ((b"line\r\n", LINE_END_MS), (b"line\r", LINE_END_MS), (b"more\r\nNO CARR", PART_MS)):
        held = len(data) - data.index(b"\r")
        rig.feed(data)
        passed(rig, 0)
        assert got(rig, slot) == data[:-held]
        passed(rig, ms - 1)
        assert got(rig, slot) == b""
        passed(rig, 1)
        assert got(rig, slot) == data[-held:]
        passed(rig, 1000)
        assert got(rig, slot) == b""
    rig.feed(b"IER\r\n")  # slower than a module is, and yet its words
    passed(rig, 0)
    passed(rig, END_MS)
    assert slot.state == ENDED and got(rig, slot) == b""


@rows("R036")
def test_a_part_that_was_handed_over_does_not_come_twice() -> None:
    rig = raw()
    slot = lent(rig, b"\r\nNO")
    passed(rig, 0)
    passed(rig, PART_MS)
    assert got(rig, slot) == b"\r\nNO"
    rig.feed(b" CARRI")
    rig.feed(b"AGE\r\nNO CARRIER\r\nN")
    passed(rig, 0)
    passed(rig, PART_MS)
    assert got(rig, slot) == b" CARRIAGE\r\nNO CARRIER\r\nN"


@rows("R036")
def test_silence_counts_when_a_read_has_found_nothing() -> None:
    """Nobody looked for a while, and more is waiting in the UART."""
    rig = raw()
    slot = lent(rig, NO_CARRIER)
    rig.quiet()
    assert rig.step(5000) == b""
    assert slot.state == OPEN and rig.engine.due(rig.now) == 0
    rig.feed(b"goes on")
    passed(rig, 0)
    assert slot.state == OPEN and got(rig, slot) == NO_CARRIER + b"goes on"


@rows("R036")
def test_a_full_ring_is_loss() -> None:
    """It is counted, nothing behind it is delivered, and the UART is given back."""
    rig = raw(64)
    slot, other = lent(rig), rig.open(1)
    rig.feed(b"a" * 60)
    rig.feed(b"b" * 60)
    rig.feed(b"c" * 9 + b"\r\n")
    assert slot.state == FAILED and slot.err == EIO and rig.stat("rx_lost") == 60 + 9
    assert got(rig, slot) == b"a" * 60
    assert rig.recv(slot) == -1
    assert not rig.engine.occupied(other)
    assert out(rig) == b"+++"
    rig.step(1000)
    rig.feed(OK + urc('"recv",1'))
    assert rig.take() == b"AT+QIRD=1,64\r"


# --- bytes out ----------------------------------------------------------------------------------------------------


@rows("R036")
def test_a_part_goes_out_as_it_is() -> None:
    rig = raw()
    slot = lent(rig)
    for data in (b"hello", SPICE, bytes(1460), b"AT\r", b"++++", b"++", b"x"):
        rig.step(20)
        assert rig.send(slot, data) == len(data)
        assert slot.sending == QUEUED and rig.send(slot, b"not yet") is None
        assert rig.take() == data
        assert slot.sending == UNDERWAY and rig.engine.due(rig.now) == 0
        rig.quiet()
        assert slot.sending == SENT and rig.engine.sender.index < 0


@rows("R037")
def test_a_lone_escape_does_not_leave_the_mode() -> None:
    rig = raw()
    slot = lent(rig)
    first, ms, second = pieces(rig, slot, b"+++")
    assert (first, second) == (b"++", b"+") and GUARD_MS <= ms <= GUARD_MS + 20
    assert pieces(rig, slot, b"data") == [b"data"]
    assert pieces(rig, slot, b"+") == [b"+"]  # one at a time
    assert pieces(rig, slot, b"+") == [b"+"]
    last = pieces(rig, slot, b"+")
    assert last[0] == b"" and last[2] == b"+" and last[1] >= GUARD_MS
    rig.step(2000)
    assert pieces(rig, slot, b"+") == [b"+"]
    last = pieces(rig, slot, b"++")
    assert last[0] == b"" and last[2] == b"++"
    rig.step(2000)
    for data in (b"++", b"++", b"+", b"x+++", b"+++x", b"++++"):  # more than three, or something with them
        assert pieces(rig, slot, data) == [data]


# --- heap ---------------------------------------------------------------------------------------------------------


def test_receiving_and_sending_allocate_nothing() -> None:
    if not kit.MICROPYTHON:
        kit.skip("heap_lock() is MicroPython's")
    rig = raw()
    slot = lent(rig)
    once, often = [_spent(rig.engine, slot, rounds) for rounds in (1, 128)]
    assert once == often  # the frame of the test's own function
    kit.count("heap bytes, 64 KiB each way in transparent mode", often - once)


def _spent(e: "Any", slot: "Slot", rounds: int) -> int:
    """Bytes of heap that were asked for; MemoryError for any but those of a frame."""
    import micropython

    source, buf = (SPICE * 2)[:512], bytearray(512)
    total = getattr(micropython, "mem_total", int)
    before = total()
    micropython.heap_lock()
    wrong = _work(e, slot, source, buf, rounds)
    micropython.heap_unlock()
    assert not wrong
    return int(total() - before)


def _work(e: "Any", slot: "Slot", source: bytes, buf: bytearray, rounds: int) -> int:
    """Parts of 512 bytes come and go; how many did not."""
    wrong = 0
    for _ in range(rounds):
        e.tick(1001)
        e.receive(source, 512)
        n = 0
        while n < 500:
            k = e.try_recv(slot, slot.gen, buf, 0, 512)
            if k is None:
                break
            n += k
        e.try_send(slot, slot.gen, source, 0, 512)
        e.tick(1001)
        while e.ntx:
            e.sent(e.ntx)
        e.tick(1001)
        wrong += slot.sending != SENT
    return wrong
