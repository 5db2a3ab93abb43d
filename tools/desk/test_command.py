"""`dev.py test`: every check of the project in one go, with one summary at the end."""

import concurrent.futures
import functools
from collections.abc import Callable
from pathlib import Path

from desk import environment, runtimes, stages
from desk.common import ROOT, Parser, Stop, say
from desk.stages import Children, Narrowing, Result

Stage = Callable[[], Result]


class Machines:
    """The MicroPython VMs of this run. npm's are fetched where Node.js is there; what stood against it is in `why`."""

    def __init__(self, unix: Path | None, unix_required: bool) -> None:
        self.unix = unix
        self.unix_required = unix_required
        self.wasm: dict[str, Path] = {}
        self.why = ""
        try:
            for version in (runtimes.WASM_VERSION, runtimes.WASM_OLDEST):
                self.wasm[version] = runtimes.fetch_wasm_vm(version)
        except Stop as stop:
            self.why = str(stop)


def main(argv: list[str]) -> int:
    """Run ruff, mypy three times, the tests on CPython and the driver's tests in the MicroPython VMs."""
    options = _parser().parse_args(argv)
    tests = Narrowing([_absolute(path) for path in options.path], options.k)
    vm = runtimes.find_unix_vm()
    if vm is None and options.fetch_vm:
        vm = runtimes.fetch_unix_vm()
    for port in ("esp32", "rp2"):
        environment.ensure_folder(port, ROOT / "tools" / "mypy" / f"{port}-stubs.txt")
    results = run(tests, Machines(vm, options.require_micropython))
    print("\n".join(report(results)), flush=True)
    return 1 if any(result.failed for result in results) else 0


def _parser() -> Parser:
    parser = Parser(prog="dev.py test", description=main.__doc__)
    parser.add_argument("path", nargs="*", help="test files or folders, also FILE::TEST; all tests without")
    parser.add_argument("-k", metavar="EXPR", default="", help="only tests whose names fit, as in pytest")
    parser.add_argument("--require-micropython", action="store_true", help="fail where the unix VM is missing")
    parser.add_argument("--fetch-vm", action="store_true", help="fetch the unix VM first if there is none")
    return parser


def _absolute(name: str) -> str:
    file, mark, test = name.partition("::")
    if not Path(file).exists():
        raise Stop(f"there is no {file}; name test files or folders, e.g. host_tests/driver")
    return str(Path(file).resolve()) + mark + test


def run(tests: Narrowing, machines: Machines) -> list[Result]:
    """Run all stages on two lanes, for two cores: the longest, pytest, beside what reads the code."""
    children = Children()
    newest: Stage = functools.partial(_wasm_vm, children, tests, machines, runtimes.WASM_VERSION)
    lanes = ([*_reading(children), newest], _running(children, tests, machines))
    pool = concurrent.futures.ThreadPoolExecutor(len(lanes))
    try:
        futures = [pool.submit(_lane, lane) for lane in lanes]
        reading, running = (future.result() for future in futures)
        return [*reading[:-1], *running, reading[-1]]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        children.end_all()


def _reading(children: Children) -> list[Stage]:
    return [
        functools.partial(stages.tool, children, "ruff check", "ruff", "check", "."),
        functools.partial(stages.tool, children, "ruff format", "ruff", "format", "--check", "."),
        *(functools.partial(stages.mypy, children, name) for name in ("host", "esp32", "rp2")),
    ]


def _running(children: Children, tests: Narrowing, machines: Machines) -> list[Stage]:
    return [
        functools.partial(stages.pytest, children, tests, machines.unix),
        functools.partial(_unix_vm, children, tests, machines),
        functools.partial(_wasm_vm, children, tests, machines, runtimes.WASM_OLDEST),
    ]


def _lane(lane: list[Stage]) -> list[Result]:
    results = []
    for stage in lane:
        result = stages.timed(stage)
        say(f"{result.name}: {result.verdict}, {result.seconds:.1f} s")
        results.append(result)
    return results


def _unix_vm(children: Children, tests: Narrowing, machines: Machines) -> Result:
    if machines.unix is None:
        return Result("unix VM", failed=int(machines.unix_required), note=runtimes.NO_UNIX_VM)
    return stages.unix_vm(children, machines.unix, tests)


def _wasm_vm(children: Children, tests: Narrowing, machines: Machines, version: str) -> Result:
    name = f"npm's {version}"
    if version not in machines.wasm:
        return Result(name, note=machines.why)
    return stages.wasm_vm(children, name, machines.wasm[version], tests)


def report(results: list[Result]) -> list[str]:
    """The failing stages' output, the table, what was not run, and the totals as the last line."""
    lines = [f"===== {r.name}\n{r.output.rstrip()}\n" for r in results if r.failed and r.output]
    lines.append(f"{'stage':14} {'verdict':8} {'passed':>7} {'failed':>7} {'skipped':>8} {'seconds':>8}")
    for r in results:
        lines.append(f"{r.name:14} {r.verdict:8} {r.passed:7} {r.failed:7} {r.skipped:8} {r.seconds:8.1f}")
    lines += [f"{r.name} not run: {r.note}" for r in results if r.note]
    return [*lines, totals(results)]


def totals(results: list[Result]) -> str:
    """The last line: `N passed, N failed`, with `, N skipped` where there are any."""
    passed, failed = sum(r.passed for r in results), sum(r.failed for r in results)
    skipped = sum(r.skipped for r in results)
    text = f"{passed} passed, {failed} failed"
    return f"{text}, {skipped} skipped" if skipped else text
