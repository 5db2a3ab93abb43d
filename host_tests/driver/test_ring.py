"""The ring against a plain list of bytes: wraps, edges, datagrams at every offset."""

import kit
from kit import cases
from quectel._compat import Ladder
from quectel.ring import Ring

_LADDER = Ladder(9)


def ring(size: int, start: int = 0) -> Ring:
    """A ring that stands at an offset."""
    made = Ring(size, _LADDER)
    put(made, bytes(size), 0, start)
    made.drop(start)
    return made


def put(r: Ring, data: bytes, off: int, n: int) -> int:
    """put() and commit()."""
    kept = r.put(data, off, n)
    r.commit()
    return kept


def put_datagram(r: Ring, data: bytes) -> None:
    """A datagram whose bytes come in two reads."""
    n = len(data)
    at = r.begin()
    r.put(data, 0, n // 2)
    r.put(data, n // 2, n - n // 2)
    r.end(at, n)
    r.commit()


def taken(r: Ring, n: int, off: int = 0) -> bytes:
    """take() at an offset of a buffer whose other bytes stay."""
    dst = bytearray(b"\xee" * (off + n + 2))
    got = r.take(dst, off, n)
    assert bytes(dst[:off]) == b"\xee" * off and bytes(dst[off + got :]) == b"\xee" * (n + 2 - got)
    return bytes(dst[off : off + got])


@cases(1, 2, 3, 7, 8)
def test_every_start_and_every_length(size: int) -> None:
    data = bytes(range(1, 40))
    for start in range(size):
        for n in range(size + 3):
            r = ring(size, start)
            assert put(r, data, 2, n) == min(n, size)
            assert r.n == min(n, size) and r.room() == size - r.n
            assert taken(r, n + 1, start & 1) == data[2 : 2 + min(n, size)]
            assert r.n == 0


def test_random_moves_are_those_of_a_list() -> None:
    numbers = kit.Random(kit.seed())
    source = numbers.data(300)
    for size in (1, 5, 64, 97, 1536):
        r = ring(size)
        model = b""
        for _ in range(300):
            n = numbers.below(size * 5 // 4 + 2) % 260
            if numbers.below(2):
                off = numbers.below(300 - n)
                kept = put(r, source, off, n)
                assert kept == min(n, size - len(model))
                model += source[off : off + kept]
            else:
                got = taken(r, n, numbers.below(3))
                assert got == model[:n]
                model = model[len(got) :]
            assert r.n == len(model) and r.room() == size - r.n


def test_a_full_ring_keeps_the_oldest() -> None:
    r = ring(8, 5)
    assert put(r, b"abcdefghij", 0, 10) == 8
    assert put(r, b"x", 0, 1) == 0
    assert taken(r, 20) == b"abcdefgh" and taken(r, 1) == b""


def test_drop_and_clear() -> None:
    r = ring(8, 6)
    put(r, b"abcdef", 0, 6)
    r.drop(2)
    assert taken(r, 9) == b"cdef"
    put(r, b"xyz", 0, 3)
    r.put(b"w", 0, 1)
    r.clear()
    assert r.n == r.held == 0 and r.room() == 8 and taken(r, 3) == b""


def test_what_is_not_committed_is_not_taken() -> None:
    for start in range(8):
        r = ring(8, start)
        put(r, b"ab", 0, 2)
        assert r.put(b"cdef", 0, 4) == 4
        assert r.n == 2 and r.held == 4 and r.room() == 2
        assert taken(r, 1) == b"a"
        assert r.put(b"ghij", 0, 4) == 3  # one byte more than before
        assert taken(r, 8) == b"b"
        r.commit()
        assert r.room() == 1 and taken(r, 8) == b"cdefghi"


def test_undo_takes_back_what_is_not_committed() -> None:
    for start in range(8):
        r = ring(8, start)
        put(r, b"ab", 0, 2)
        r.put(b"cdef", 0, 4)
        r.undo()
        assert r.room() == 6
        assert put(r, b"xy", 0, 2) == 2
        assert taken(r, 8) == b"abxy"


@cases(0, 1, 2, 3, 255, 256, 257, 300)
def test_datagram_at_every_offset(length: int) -> None:
    size = 310
    data = kit.Random(length).data(length)
    for start in list(range(6)) + list(range(size - length - 6, size)):
        r = ring(size, max(start, 0))
        put_datagram(r, data)
        assert r.n == length + 2
        assert r.head() == length and taken(r, length) == data and r.n == 0, (length, start)


def test_datagrams_one_after_the_other() -> None:
    numbers = kit.Random(kit.seed())
    r = ring(200)
    waiting: "list[bytes]" = []
    for _ in range(400):
        data = numbers.data(numbers.below(60))
        if r.room() >= len(data) + 2 and numbers.below(3):
            put_datagram(r, data)
            waiting.append(data)
        elif waiting:
            wanted = waiting.pop(0)
            assert r.head() == len(wanted)
            assert taken(r, len(wanted), numbers.below(2)) == wanted
    assert r.n == sum([len(data) + 2 for data in waiting])


def test_the_longest_datagram_length() -> None:
    r = ring(65_534)
    at = r.begin()
    for _ in range(65):
        r.put(bytes(1000), 0, 1000)
    r.end(at, 65_000)
    r.commit()
    assert r.n == 65_002 and r.head() == 65_000


def test_bytes_are_given_at_every_offset() -> None:
    """In one piece, or in two around the ring's end."""
    data = bytes(range(40))
    for start in range(64):
        r = ring(64, start)
        put(r, data, 0, 40)
        assert r.give(0) == b"" and r.give(25) == data[:25] and r.give(15) == data[25:]
        assert r.n == 0
