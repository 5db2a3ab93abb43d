"""`dev.py demo`: the driver against a virtual module of every family, with real servers on loopback."""

import asyncio
from pathlib import Path

from virtual_module import families

from desk.common import Parser, Stop
from desk.demo_run import Runtime, find_runtime, run_family
from desk.demo_stage import STAGES
from desk.demo_view import Picture, Row, View


def main(argv: list[str]) -> int:
    """Run the demo: 0 if every byte came back right, 1 if not; Stop for wrong use or a missing VM."""
    given = _parser().parse_args(argv)
    names = [family_of(given.family)] if given.family else list(STAGES)
    runtime = find_runtime(given.runtime)
    view = View(given.quiet, Picture() if given.svg else None)
    rows = asyncio.run(_run(names, runtime, view))
    view.table(rows)
    if view.picture:
        Path(given.svg).write_text(view.picture.svg())
    return 1 if any(row.wrong for row in rows) else 0


def _parser() -> Parser:
    parser = Parser(prog="dev.py demo", description=__doc__)
    parser.add_argument("--family", metavar="NAME", help="one family or module only, e.g. BC25 or EG915U")
    parser.add_argument(
        "--runtime",
        choices=("cpython", "micropython"),
        default="cpython",
        help="where the driver runs; micropython: the unix VM, else npm's",
    )
    parser.add_argument("--quiet", action="store_true", help="the table alone")
    parser.add_argument("--svg", metavar="FILE", help="draw a page over TLS and the table")
    return parser


def family_of(name: str) -> str:
    """The family of a module's name, in any case, dashes ignored; Stop for a name that nothing has."""
    try:
        found, _ = families.find(name)
    except ValueError as error:
        raise Stop(str(error)) from error
    return found.name


async def _run(names: list[str], runtime: Runtime, view: View) -> list[Row]:
    rows: list[Row] = []
    for name in names:
        rows += await run_family(name, runtime, view)
    return rows
