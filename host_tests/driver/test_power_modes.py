"""Timers of power saving mode and cycles of eDRX, as the module is told them."""

from kit import raises
from quectel.models import find
from quectel.psm import cycle_code, settings, timer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def test_timers_are_the_smallest_that_are_not_below() -> None:
    taus = (
        (1, 2, "01100001"),
        (2, 2, "01100001"),
        (3, 4, "01100010"),
        (62, 62, "01111111"),
        (63, 90, "10000011"),
        (90, 90, "10000011"),
        (91, 120, "10000100"),
        (930, 930, "10011111"),
        (931, 960, "10110000"),
        (1860, 1860, "10111111"),
        (1861, 2400, "00000100"),
        (3600, 3600, "00000110"),
        (18_600, 18_600, "00011111"),
        (18_601, 21_600, "00100110"),
        (111_600, 111_600, "00111111"),
        (111_601, 144_000, "01000100"),
        (1_116_000, 1_116_000, "01011111"),
        (1_116_001, 1_152_000, "11000001"),
        (1_152_001, 2_304_000, "11000010"),
        (35_712_000, 35_712_000, "11011111"),
    )
    actives = (
        (0, 0, "00000000"),
        (1, 2, "00000001"),
        (10, 10, "00000101"),
        (62, 62, "00011111"),
        (63, 120, "00100010"),
        (1860, 1860, "00111111"),
        (1861, 2160, "01000110"),
        (11_160, 11_160, "01011111"),
    )
    for tau, least, bits in taus:
        told, wanted = settings(find("BG96"), "psm", {"tau": tau, "active": 2})
        assert told == {"tau": least, "active": 2}, (tau, told)
        assert wanted[0][0] == b'AT+CPSMS=1,,,"%s","00000001"' % bits.encode(), (tau, wanted)
    for active, least, bits in actives:
        told, wanted = settings(find("BC25"), "psm", {"tau": 3600, "active": active})
        assert told == {"tau": 3600, "active": least}, (active, told)
        assert wanted[0][0] == b'AT+CPSMS=1,,,"00000110","%s"' % bits.encode(), (active, wanted)


def test_no_time_that_could_be_encoded_lies_between() -> None:
    """Against all of the 32 times of each unit, listed and looked through."""
    units = ((2, 3), (30, 4), (60, 5), (600, 0), (3600, 1), (36_000, 2), (1_152_000, 6))
    times = sorted([unit * n for unit, _ in units for n in range(32)])
    for time in times[1:]:
        for asked in (time - 1, time, time + 1):
            if 0 < asked <= times[-1]:
                seconds, bits = timer("tau", asked, 1, units)
                assert seconds == min([t for t in times if t >= asked]), asked
                code = int(bits, 2)
                assert len(bits) == 8 and {high: unit for unit, high in units}[code >> 5] * (code & 31) == seconds


def test_cycles_by_value() -> None:
    cycles = (5.12, 10.24, 20.48, 40.96, 61.44, 81.92, 102.4, 122.88, 143.36, 163.84, 327.68, 655.36, 1310.72, 2621.44)
    for code, cycle in enumerate(cycles + (5242.88, 10485.76)):
        assert cycle_code(cycle) == code
    for wrong in (0, 5, 5.14, -5.12, 20, 10485.8, 20971.52, float("nan"), float("inf")):
        with raises(ValueError):
            cycle_code(wrong)
    nothing: "list[Any]" = ["5.12", None, b"5"]
    for none in nothing:
        with raises(TypeError):
            cycle_code(none)


def test_cycles_go_to_the_technologies_that_have_them() -> None:
    both_have = (20.48, 40.96, 81.92, 163.84, 327.68, 655.36, 1310.72, 2621.44, 5242.88, 10485.76)
    for cycle in (5.12, 10.24, 61.44, 102.4, 122.88, 143.36) + both_have:
        _, wanted = settings(find("BG96"), "edrx", {"cycle": cycle})
        acts = [command[12:13] for command, _ in wanted]
        assert acts == ([b"4", b"5"] if cycle in both_have else [b"4"]), (cycle, wanted)
        if cycle not in both_have:
            for family in ("BC65", "BC25"):
                with raises(ValueError):
                    settings(find(family), "edrx", {"cycle": cycle})
