"""Ticks over their wrap, the store of a ring and bulk copies to an offset, the same on every VM."""

import kit
from kit import cases
from quectel._compat import Ladder, Store, ticks_add, ticks_diff, ticks_ms

_TOP = 1 << 30
_HALF = 1 << 29
# In digits: old VMs keep what is computed from 2**30 on the heap.
_EDGES = (0, 1, 2, 999, 536870911, 536870912, 536870913, 1073740824, 1073741822, 1073741823)


def test_add_and_diff_over_the_wrap() -> None:
    for t in _EDGES:
        for ms in (0, 1, 300, 120_000, _HALF - 2, _HALF - 1):
            later = ticks_add(t, ms)
            assert 0 <= later < _TOP and later == (t + ms) % _TOP, (t, ms, later)
            assert ticks_diff(later, t) == ms, (t, ms)
            assert ticks_diff(t, later) == -ms, (t, ms)


def test_add_and_diff_at_random() -> None:
    numbers = kit.Random(kit.seed())
    for _ in range(300):
        t = numbers.below(_TOP)
        ms = numbers.below(_HALF)
        assert ticks_diff(ticks_add(t, ms), t) == ms, (t, ms)


def test_difference_of_half_the_circle_is_negative() -> None:
    for t in _EDGES:
        assert ticks_diff((t + _HALF) % _TOP, t) == -_HALF


def test_clock_goes_forward_below_the_top() -> None:
    a = ticks_ms()
    b = ticks_ms()
    assert 0 <= a < _TOP and 0 <= ticks_diff(b, a) < 60_000


def test_ticks_cost_nothing() -> None:
    """On a 32-bit VM a sum beyond 30 bits would be an object."""
    if not kit.MICROPYTHON:
        kit.skip("heap_lock() is MicroPython's")
    import micropython

    good = True
    micropython.heap_lock()
    try:
        for t in _EDGES:
            good = good and ticks_diff(ticks_add(t, 536870911), t) == 536870911 and ticks_add(ticks_ms(), 5) >= 0
    finally:
        micropython.heap_unlock()
    assert good


def test_store_keeps_bytes_where_they_were_written() -> None:
    store = Store(32)
    source = bytes(range(100, 140))
    store.seek(5)
    assert store.write(source, 3, 7) == 7
    assert store.write(source, 20, 2) == 2  # goes on behind the first
    out = bytearray(12)
    store.seek(4)
    assert store.readinto(out, 11) == 11
    assert bytes(out) == b"\0" + source[3:10] + source[20:22] + b"\0\0"
    store.seek(30)
    pair = bytearray(2)
    assert store.readinto(pair) == 2 and bytes(pair) == b"\0\0"
    assert store.readinto(pair, 0) == 0


def test_store_takes_views_and_bytes() -> None:
    for source in (b"abcdef", bytearray(b"abcdef"), memoryview(b"abcdef")):
        store = Store(8)
        store.seek(0)
        store.write(source, 2, 3)
        store.seek(0)
        out = bytearray(3)
        store.readinto(memoryview(out), 3)
        assert bytes(out) == b"cde"


@cases(0, 1, 3, 9)
def test_ladder_moves_any_number_to_any_offset(bits: int) -> None:
    ladder = Ladder(bits)
    source = kit.Random(7).data(1200)
    store = Store(1200)
    store.seek(0)
    store.write(source, 0, 1200)
    for n in (0, 1, 2, 3, 7, 8, 9, 255, 511, 512, 513, 1023, 1100):
        for off in (0, 1, 13):
            for start in (0, 99):
                dst = bytearray(b"\xaa" * 1130)
                store.seek(start)
                ladder.move(store, dst, off, n)
                wanted = b"\xaa" * off + source[start : start + n] + b"\xaa" * (1130 - off - n)
                assert bytes(dst) == wanted, (n, off, start)


def test_ladder_leaves_the_store_behind_what_it_read() -> None:
    ladder = Ladder(3)
    store = Store(64)
    store.seek(0)
    store.write(bytes(range(64)), 0, 64)
    dst = bytearray(40)
    store.seek(2)
    ladder.move(store, dst, 1, 21)
    one = bytearray(1)
    store.readinto(one, 1)
    assert one[0] == 23
