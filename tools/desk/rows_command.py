"""`dev.py rows`: the rows of the specification, and which of them the tests of driver and virtual module cover.

host_tests/rows.csv says what a row is about and which side it binds; a test names its rows: `@rows("R108", "R170")`.
The test files are read, not run.
"""

import ast
import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from desk.common import ROOT, Parser, Stop

FAMILIES = ("BG96", "EC200U", "BC65", "BC25", "BC95G")
# The test files of each side. What runs end to end proves both.
SIDES = {
    "driver": ("driver/test_*.py", "desk/test_end_to_end*.py"),
    "module": ("desk/test_vm_*.py", "desk/test_end_to_end*.py"),
}
_TITLES = {"driver": "driver", "module": "virtual module"}
_TESTS = ROOT / "host_tests"
_ROW = re.compile(r"R\d{3}")


@dataclass(frozen=True)
class Row:
    """One line of rows.csv."""

    name: str
    kind: str
    families: tuple[str, ...]
    sides: tuple[str, ...]  # those that the row binds
    why: str  # one is not bound
    words: str


def load() -> list[Row]:
    """The rows in the order of the specification."""
    with (_TESTS / "rows.csv").open(encoding="utf-8", newline="") as file:
        return [_row(line) for line in csv.DictReader(file)]


def _row(line: dict[str, str]) -> Row:
    sides = tuple(side for side in SIDES if line[side] == "yes")
    return Row(line["row"], line["kind"], tuple(line["families"].split()), sides, line["why"], line["words"])


def named(side: str) -> dict[str, list[str]]:
    """The tests of a side that name each row, as "file::test"; Stop where a name cannot be read."""
    found: dict[str, list[str]] = {}
    for pattern in SIDES[side]:
        for path in sorted(_TESTS.glob(pattern)):
            for test, names in of_file(path):
                for name in names:
                    found.setdefault(name, []).append(f"{path.name}::{test}")
    return found


def of_file(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Each test of a file that names rows, with these."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names = [name for call in _decorators(node) for name in _literals(path, call)]
            if names:
                yield node.name, names


def _decorators(test: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.Call]:
    for one in test.decorator_list:
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id == "rows":
            yield one


def _literals(path: Path, call: ast.Call) -> Iterator[str]:
    """The arguments of rows(), strings or `*"R001 R002".split()`."""
    for argument in call.args:
        constants = (node.value for node in ast.walk(argument) if isinstance(node, ast.Constant))
        words = " ".join(one for one in constants if isinstance(one, str)).split()
        if not words or not all(_ROW.fullmatch(word) for word in words):
            raise Stop(f"{path.name}:{argument.lineno}: rows() takes the names of rows as they stand")
        yield from words


def main(argv: list[str]) -> int:
    """Print what is covered: 0 if every row that binds a side is, 1 if not; Stop for wrong use."""
    given = _parser().parse_args(argv)
    families = {name.upper() for name in given.family or FAMILIES}
    wanted = [row for row in load() if families.intersection(row.families)]
    sides = [given.side] if given.side else list(SIDES)
    return 1 if sum(_report(side, wanted, given.all) for side in sides) else 0


def _parser() -> Parser:
    parser = Parser(prog="dev.py rows", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--family", action="append", type=str.upper, choices=FAMILIES, help="rows of this family alone; may be repeated"
    )
    parser.add_argument("--side", choices=SIDES, help="of this side alone")
    parser.add_argument("--all", action="store_true", help="the covered rows too, with the tests that name them")
    return parser


def _report(side: str, wanted: Iterable[Row], everything: bool) -> int:
    """Print one side; the number of rows that no test names."""
    tests = named(side)
    bound = [row for row in wanted if side in row.sides]
    missing = [row for row in bound if row.name not in tests]
    print(f"{_TITLES[side]}: {len(bound) - len(missing)}/{len(bound)}")
    for row in bound if everything else missing:
        print(f"  {row.name}  {row.kind:13} {row.words}")
        for test in tests.get(row.name, ()):
            print(f"        {test}")
    return len(missing)
