"""A small model of modules that answer late, played through all its timings: no late answer is the next command's."""

import os

import kit
from kit import cases, rows
from lateness import ANSWERS, DEAF, FAR, LIMIT_MS, LOST, NO_LINES, NO_OK, SERIAL, WHOLE, Late, ended
from quectel.command import DONE, TIMEOUT
from wires import Rig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lateness import Fate, Fates

MOST = 60 if not hasattr(os, "getenv") else 1500 if kit.MICROPYTHON else 1 << 20  # CPython plays all, VMs a sample

FATES = (
    (20, WHOLE),
    (LIMIT_MS + 20, WHOLE),  # late by a moment
    (1300, WHOLE),  # behind one query
    (2600, WHOLE),  # more than two seconds
    (9000, WHOLE),
    (20, LOST),
    (2300, NO_OK),
    (700, NO_LINES),
)
LONG = ((20, WHOLE), (2600, WHOLE), (25_000, WHOLE), (20, LOST), (2300, NO_OK))
PLAIN = ((b"AT+ONE", b"+ONE:"), (b"AT+TWO", b"+TWO:"), (b"AT+THREE", None))
# The caller's own commands are those that the driver asks with.
ALIKE = ((b"AT+CSQ", b"+CSQ:"), (b"AT+CMEE?", b"+CMEE:"), (b"AT+CGATT?", b"+CGATT:"), (b"AT+THREE", None))


def every(fates: "Fates", depth: int) -> "list[Fates]":
    """All sequences of that many fates."""
    found: "list[Fates]" = [()]
    for _ in range(depth):
        found = [one + (fate,) for one in found for fate in fates]
    return found


def some(sequences: "list[Fates]") -> "list[Fates]":
    if len(sequences) <= MOST:
        return sequences
    numbers = kit.Random(kit.seed())
    return [numbers.choice(sequences) for _ in range(MOST)]


def play(
    fates: "Fates",
    how: int,
    usual: "Fate" = (20, WHOLE),
    commands: "tuple[tuple[bytes, bytes | None], ...]" = PLAIN,
    now: int = 1000,
) -> None:
    """The commands one after the other, and then one that must work, as all is over."""
    module = Late(Rig(now=now), fates, how, usual)
    for name, prefix in commands:
        ended(module, name, prefix)
    while module.n < len(fates):
        ended(module, b"AT+TWO", b"+TWO:", 20_000)
    for _ in range(6):
        result, lines = ended(module, b"AT+TWO", b"+TWO:", 20_000)
        if result == DONE:
            break
    assert (result, lines) == (DONE, [b"+TWO: 2"]), (fates, how, usual, result, lines)


def play_all(
    sequences: "list[Fates]", how: int, usual: "Fate", commands: "tuple[tuple[bytes, bytes | None], ...]"
) -> None:
    sequences = some(sequences)
    for fates in sequences:
        play(fates, how, usual, commands)
    kit.count("deadline races", len(sequences))


@rows("R018")
@cases(SERIAL, DEAF, FAR)
def test_no_late_answer_is_the_next_commands(how: int) -> None:
    play_all(every(FATES, 4), how, (20, WHOLE), PLAIN)


@rows("R018")
@cases((SERIAL, 1500), (SERIAL, 5000), (DEAF, 1500), (DEAF, 5000), (FAR, 1500), (FAR, 5000))
def test_nor_when_all_answers_are_late(how: int, usual: int) -> None:
    play_all(every(LONG, 2), how, (usual, WHOLE), PLAIN)


@rows("R018")
@cases(SERIAL, DEAF, FAR)
def test_nor_when_the_caller_asks_what_the_driver_asks(how: int) -> None:
    play_all(every(FATES, 3), how, (20, WHOLE), ALIKE)


@cases((1 << 30) - 400, (1 << 30) - 2000, (1 << 30) - 9000, (1 << 29) - 1000)
def test_nor_when_the_clock_begins_anew(now: int) -> None:
    for how in (SERIAL, DEAF, FAR):
        for fates in some(every(FATES, 2)):
            play(fates, how, now=now)


def test_a_module_that_answers_only_the_first_kind_of_query_gets_there() -> None:
    """Some firmware may refuse the other queries; it only takes longer."""
    for name in (b"AT+CMEE=?", b"AT+CSQ", b"AT+CGATT?"):
        kept = ANSWERS.pop(name)
        try:
            for how in (SERIAL, FAR):
                play(((20, LOST), (1500, WHOLE), (1500, WHOLE)), how)
                play(((20, LOST), (20, LOST), (20, WHOLE)), how)
        finally:
            ANSWERS[name] = kept


def test_a_late_result_is_told_as_late() -> None:
    module = Late(Rig(), ((600, WHOLE),), SERIAL)
    assert ended(module, b"AT+ONE", b"+ONE:")[0] == TIMEOUT
    assert ended(module, b"AT+TWO", b"+TWO:")[0] == DONE
    assert module.heard == [b"AT+ONE", b"AT+CMEE?", b"AT+TWO"] and module.rig.stat("resyncs") == 1
