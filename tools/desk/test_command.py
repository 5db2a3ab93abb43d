"""`dev.py test`: every check of the project in one go, with one summary at the end."""

import concurrent.futures
import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from desk import cpython, environment, runtimes, stages, summary
from desk.common import ROOT, Parser, Stop, say
from desk.stages import Children, Narrowing, Result

WORKERS = 3  # for two cores: one of the stages waits most of its time
# What the oldest leaves to the newest: sweeps, of which any npm VM plays samples of what CPython and the unix VM play
# whole.  What is left imports and runs every module of the driver there, and all that is promised of memory: an old VM
# may lack a name, read a line of source in another way or allocate where a newer one does not, and that shows at once.
LEFT_OUT = (
    "both_deadlines", "both_hostile", "deadlines", "every_framing", "framing", "framing_lines", "fuzz", "hostile",
    "hostile_losses", "injection", "injection_doings", "late_answers", "response_times", "transcripts",
)  # fmt: skip
# What a version between the oldest and the newest runs: how memory is used is what differs between them.
BETWEEN = ("heap", "frame_words", "compat", "text", "ring", "parser", "engine", "streams", "both_receive", "both_send")


@dataclass(frozen=True)
class Stage:
    """What one worker runs from beginning to end."""

    seconds: int  # about, where nothing else runs: the longest begins
    run: Callable[[], Result]


class Machines:
    """The MicroPython VMs of this run. npm's are fetched where Node.js is there; what stood against it is in `why`."""

    def __init__(self, unix: Path | None, unix_required: bool) -> None:
        self.unix = unix
        self.unix_required = unix_required
        self.wasm: dict[str, Path] = {}
        self.why = ""
        try:
            for version in (runtimes.WASM_VERSION, *runtimes.WASM_OLDER):
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
    environment.ensure_folder("build", ROOT / "tools" / "build.txt")  # not within a test, whose time is limited
    results = run(tests, Machines(vm, options.require_micropython))
    print("\n".join(summary.report(results)), flush=True)
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
    """Run all stages and give their results in the order of the summary."""
    children = Children()
    plan = _plan(children, tests, machines)
    pool = concurrent.futures.ThreadPoolExecutor(WORKERS)
    try:
        futures = {stage: pool.submit(_one, stage) for stage in sorted(plan, key=lambda stage: -stage.seconds)}
        return [futures[stage].result() for stage in plan]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        children.end_all()


def _one(stage: Stage) -> Result:
    result = stages.timed(stage.run)
    say(f"{result.name}: {result.verdict}, {result.seconds:.1f} s")
    return result


def _plan(children: Children, tests: Narrowing, machines: Machines) -> list[Stage]:
    return [*_reading(children), *_on_cpython(children, tests, machines), *_in_vms(children, tests, machines)]


def _reading(children: Children) -> list[Stage]:
    return [
        Stage(1, functools.partial(stages.tool, children, "ruff check", "ruff", "check", ".")),
        Stage(1, functools.partial(stages.tool, children, "ruff format", "ruff", "format", "--check", ".")),
        Stage(25, functools.partial(stages.mypy, children, "host")),
        *(Stage(8, functools.partial(stages.mypy, children, name)) for name in ("esp32", "rp2")),
    ]


def _on_cpython(children: Children, tests: Narrowing, machines: Machines) -> list[Stage]:
    seconds = {cpython.REST: 230, cpython.UNIT: 40, cpython.URCS: 220, cpython.LONG: 130, cpython.FUZZ: 170}
    return [
        Stage(seconds[part], functools.partial(cpython.run, children, part, tests, machines.unix))
        for part in cpython.PARTS
    ]


def _in_vms(children: Children, tests: Narrowing, machines: Machines) -> list[Stage]:
    return [
        Stage(200, functools.partial(_unix_vm, children, tests, machines)),
        *(
            Stage(seconds, functools.partial(_wasm_vm, children, tests, machines, version))
            for version, seconds in ((runtimes.WASM_VERSION, 150), *zip(runtimes.WASM_OLDER, (45, 90), strict=True))
        ),
    ]


def _unix_vm(children: Children, tests: Narrowing, machines: Machines) -> Result:
    if machines.unix is None:
        return Result("unix VM", failed=int(machines.unix_required), note=runtimes.NO_UNIX_VM)
    return stages.unix_vm(children, machines.unix, tests)


def _wasm_vm(children: Children, tests: Narrowing, machines: Machines, version: str) -> Result:
    name = f"npm's {version}"
    if version not in machines.wasm:
        return Result(name, note=machines.why)
    names, remark = _share(version) if not tests else ([], "")
    if names:
        tests = Narrowing([str(stages.DRIVER_TESTS / name) for name in names])
    result = stages.wasm_vm(children, name, machines.wasm[version], tests)
    result.remark = remark
    return result


def _share(version: str) -> tuple[list[str], str]:
    """The test files that an older version runs, [] for all, and what the summary says of that."""
    if version == runtimes.WASM_BETWEEN:
        return [f"test_{file}.py" for file in BETWEEN], "memory, core and sockets"
    if version == runtimes.WASM_VERSION:
        return [], ""
    left_out = {f"test_{file}.py" for file in LEFT_OUT}
    names = [file.name for file in Narrowing().vm_files() if file.name not in left_out]
    return names, "all but sweeps, of which the newest runs samples"
