"""`dev.py fuzz`: conversations of driver and module, damaged at random, on CPython; as long as is wanted."""

import secrets
import sys
import time
from types import ModuleType

from desk.common import ROOT, Parser, Stop, say

_FOLDERS = ("lib", "host_tests", "host_tests/driver")
_SEEDS = 2**30
_TELL_S = 5.0  # between two lines of progress


def main(argv: list[str]) -> int:
    """Play cases: 0 if every promise was kept, 1 if not; Stop for wrong use."""
    given = _parser().parse_args(argv)
    if given.case is not None and given.cases is not None:
        raise Stop("--cases and --case exclude each other; see dev.py fuzz --help")
    if given.case is not None and given.seed is None:
        raise Stop("--case needs the --seed it belongs to; see dev.py fuzz --help")
    sys.path[:0] = [str(ROOT / folder) for folder in _FOLDERS]
    import fuzz

    seed = secrets.randbelow(_SEEDS) if given.seed is None else given.seed
    if given.case is not None:
        return _show(fuzz, seed, given.case)
    return _run(fuzz, seed, given.cases or 10_000)


def _parser() -> Parser:
    parser = Parser(prog="dev.py fuzz", description=__doc__)
    parser.add_argument("--cases", type=_number(1, 10**9), metavar="N", help="how many (10000 when left out)")
    parser.add_argument("--seed", type=_number(0, _SEEDS - 1), metavar="S", help="of all cases; random when left out")
    parser.add_argument("--case", type=_number(0, 10**9), metavar="K", help="play this one alone and show it")
    return parser


class _number:
    """What argparse makes a number of, from low to high."""

    def __init__(self, low: int, high: int) -> None:
        self.low = low
        self.high = high
        self.__name__ = f"number, {low} to {high}"

    def __call__(self, text: str) -> int:
        value = int(text)
        if not self.low <= value <= self.high:
            raise ValueError(text)
        return value


def _show(fuzz: ModuleType, seed: int, number: int) -> int:
    lines, broken = fuzz.show(seed, number)
    print("\n".join(lines))
    print(f"broken: {broken}" if broken else "every promise was kept")
    return 1 if broken else 0


def _run(fuzz: ModuleType, seed: int, cases: int) -> int:
    print(f"seed {seed}", flush=True)
    begin = told = time.monotonic()
    for number in range(cases):
        broken = fuzz.broken_by(seed, number)
        if broken:
            print(f"case {number}: {broken}\nrepeat with: {fuzz.repeat(seed, number)}")
            return 1
        if time.monotonic() - told > _TELL_S:
            told = time.monotonic()
            say(f"{number + 1} of {cases} cases, {told - begin:.0f} s")
    print(f"{cases} cases, every promise was kept, {time.monotonic() - begin:.1f} s")
    return 0
