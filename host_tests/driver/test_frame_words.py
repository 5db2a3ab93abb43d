"""Frames of the functions that must stay off the heap, as this VM has compiled them: from the oldest to the newest.

A function whose frame needs more than 11 words takes it from the heap on every call. The words stand in the first
bytes of its bytecode, which is found through its address.
"""

from struct import unpack

import kit
from cold import COLD, ORDER
from kit import skip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

WORDS = 11
_LARGEST = 5  # bytes of the description of a frame


def plain() -> None:
    """For its type, that of all functions; those that yield have another, and a frame of their own."""


def words_of(function: "Any") -> int:
    """N_STATE + 3 x N_EXC_STACK."""
    import sys

    import uctypes

    size, code = (4, "<I") if sys.maxsize >> 31 == 0 else (8, "<Q")
    bytecode = unpack(code, uctypes.bytes_at(id(function) + 3 * size, size))[0]
    head = uctypes.bytes_at(bytecode, _LARGEST)
    state = head[0] >> 3 & 15
    blocks = head[0] >> 2 & 1
    n = 0
    while head[n] & 0x80:
        state |= (head[n + 1] & 0x30) << 2 * n
        blocks |= (head[n + 1] & 2) << n
        n += 1
    words: int = state + 1 + 3 * blocks
    return words


def members(names: "Mapping[str, Any]", seen: "list[Any]") -> "list[tuple[str, Any]]":
    """(name, function) of a module, with those of its classes; not what it has imported."""
    found = []
    for name in sorted(names):
        value = names[name]
        if any([value is one for one in seen]):
            continue
        if type(value) is type(plain):
            found.append((name, value))
            seen.append(value)
        elif isinstance(value, type):
            seen.append(value)
            found += members(value.__dict__, seen)
    return found


def test_words_are_read_right() -> None:
    if not kit.MICROPYTHON:
        skip("CPython's frames are not counted")

    def large(a: int, b: int, c: int, d: int, e: int, f: int) -> int:
        return max(a, b, c, d, e, f)

    def trying(a: "Any") -> None:
        try:
            a()
        finally:
            a()

    assert (words_of(plain), words_of(large), words_of(trying)) == (1, 13, 5 + 3)


def test_frames_stay_off_the_heap() -> None:
    if not kit.MICROPYTHON:
        skip("CPython's frames are not counted")
    seen: "list[Any]" = []
    checked = 0
    for module in ORDER:
        names = __import__("quectel." + module, None, None, (module,)).__dict__
        for name, function in members(names, seen):
            if module in COLD and name not in COLD[module]:
                checked += 1
                words = words_of(function)
                assert words <= WORDS, (module, name, words)
    assert checked > 250, checked
    kit.count("frames measured", checked)
