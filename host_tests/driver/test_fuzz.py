"""The mutation fuzzer in the suite: a failure names the command that repeats its case.

On CPython 100,000 cases in parts, so that none lasts longer than a minute; in the unix VM 5,000; in npm's VM, which
takes ten times as long, as many as fit into a quarter of a minute.
"""

import os
import time

import fuzz
import fuzz_wire
import kit
from quectel import command, engine, resync, sending

PARTS = 10
SMALL_VM = not hasattr(os, "getenv")  # npm's
CASES = 10_000 if not kit.MICROPYTHON else 500
LIMIT_S = 12.0 / PARTS if SMALL_VM else 1e6
_seed = kit.seed()


def play(part: int) -> None:
    """One part of all cases, in steps of 20: a step is begun only while there is time."""
    end = time.time() + LIMIT_S
    done = 0
    while done < CASES and time.time() < end:
        fuzz.try_cases(_seed, part * CASES + done, 20)
        done += 20
    kit.count("fuzz cases", done)


def test_the_fuzzer_reckons_with_the_engines_own_times() -> None:
    if kit.MICROPYTHON:
        kit.skip("constants have no names there")
    assert fuzz_wire.SYNC_MS == resync._SYNC_MS and fuzz_wire.LONGEST == resync._LONGEST
    assert fuzz_wire.LATE_PROMPT_MS == resync._LATE_PROMPT_MS and fuzz_wire.SILENT == resync._SILENT
    assert fuzz_wire.STALL_MS == engine._STALL_MS and fuzz_wire.SLOW_MS == engine._SLOW_MS
    assert fuzz_wire.RESULT_MS == command.RESULT_MS
    assert fuzz_wire.BACK_OFF_MS == sending._BACK_OFF_MS and fuzz_wire.TRIES == sending._TRIES
    assert fuzz_wire.ANSWER_MAX == command._ROOM and fuzz_wire.AHEAD == command._AHEAD


def test_a_case_is_the_same_every_time() -> None:
    for number in range(30):
        first, _ = fuzz.show(_seed, number)
        assert first == fuzz.show(_seed, number)[0], number


def test_part_0() -> None:
    play(0)


def test_part_1() -> None:
    play(1)


def test_part_2() -> None:
    play(2)


def test_part_3() -> None:
    play(3)


def test_part_4() -> None:
    play(4)


def test_part_5() -> None:
    play(5)


def test_part_6() -> None:
    play(6)


def test_part_7() -> None:
    play(7)


def test_part_8() -> None:
    play(8)


def test_part_9() -> None:
    play(9)
