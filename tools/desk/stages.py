"""The stages of `dev.py test`: each runs one tool to its end and says what came out."""

import contextlib
import functools
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from desk import runtimes
from desk.common import CACHE, ROOT

HOST_TESTS = ROOT / "host_tests"
DRIVER_TESTS = HOST_TESTS / "driver"
VM_PATH = (ROOT / "lib", HOST_TESTS, DRIVER_TESTS)
TOOL_LIMIT_S = 3600  # for what hangs; a machine with other work may need several times as long as one without
VM_FILE_LIMIT_S = 900
_UNWIND_S = 5
NICENESS = 5  # of what only computes, beside tests in which time passes
_COUNT = re.compile(r"^count: (\d+) (.+)$", re.MULTILINE)  # by kit.counted()
_KIT_COUNTS = re.compile(r"^kit: (\d+) passed, (\d+) failed, (\d+) skipped$", re.MULTILINE)
# Of npm's VM, which takes as long to start as a small file takes, and must load the driver each time. What uses much of
# the heap, or looks at it, has a process of its own.
TOGETHER = 10  # files in one process at most
ALONE = re.compile(r"test_(heap|costs|frame_words|fuzz|injection|transcripts|hostile|late)")
_FILE_DONE = re.compile(r"^file: (\w+)$", re.MULTILINE)
_RUN_FILES = """\
import gc, sys, kit
kept = list(sys.modules)
status = 0
for file in sys.argv[1].split(","):
    status |= kit.run_file(file, sys.argv[2])
    print("file: " + file)
    kit.forget()
    for name in list(sys.modules):
        if name not in kept and not name.startswith("quectel"):
            del sys.modules[name]
    gc.collect()
sys.exit(status)
"""


@dataclass
class Result:
    """What one stage found. A stage that was not run has the reason in `note`."""

    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    output: str = ""
    note: str = ""
    remark: str = ""  # what the summary says of a stage that was run
    runtime: str = ""  # what ran the tests, "" for a tool
    counts: dict[str, int] = field(default_factory=dict)  # what the tests have counted
    files: dict[str, float] = field(default_factory=dict)  # seconds of each test file

    @property
    def verdict(self) -> str:
        """One word or two for the summary."""
        if self.failed:
            return "FAILED"
        return "not run" if self.note else "ok"

    def add(self, other: "Result") -> None:
        """Count another result in."""
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.output += other.output
        for what, n in other.counts.items():
            self.counts[what] = self.counts.get(what, 0) + n


@dataclass(frozen=True)
class Narrowing:
    """Which tests to run: files, folders or FILE::TEST, and an expression of test names; empty for all."""

    paths: Sequence[str] = ()
    expr: str = ""

    def __bool__(self) -> bool:
        """Whether this is less than all tests."""
        return bool(self.paths or self.expr)

    def tests(self) -> list[str]:
        """Every test file, with `::TEST` where one was named; folders are opened."""
        return list(dict.fromkeys(test for path in self.paths or [str(HOST_TESTS)] for test in _tests_at(path)))

    def vm_files(self) -> list[Path]:
        """The driver's test files among them."""
        files = sorted(DRIVER_TESTS.glob("test_*.py"))
        if not self.paths:
            return files
        wanted = [Path(path.split("::")[0]).resolve() for path in self.paths]
        return [file for file in files if any(file == path or path in file.parents for path in wanted)]

    def vm_expr(self) -> str:
        """The expression for the kit, in which FILE::TEST is one more word."""
        tests = [path.split("::", 1)[1] for path in self.paths if "::" in path]
        parts = [part for part in (self.expr, " or ".join(tests)) if part]
        return " and ".join(f"({part})" for part in parts)


def _tests_at(path: str) -> list[str]:
    folder = Path(path)
    return [str(file) for file in sorted(folder.rglob("test_*.py"))] if folder.is_dir() else [path]


class Ended(Exception):
    """The command was interrupted: what a stage wants to start is not started any more."""


@dataclass
class Children:
    """The processes of the running stages, so that none outlives the command."""

    running: set["subprocess.Popen[str]"] = field(default_factory=set)
    ended: bool = False  # no more may start

    def run(
        self, start: "Callable[[], subprocess.Popen[str]]", limit_s: float, niceness: int = NICENESS
    ) -> tuple[int, str]:
        """Run to the end and return status and output; status 124 when the time limit ended it.

        niceness: 0 for what must have the processor soon when it asks for it.
        """
        if self.ended:
            raise Ended
        child = start()
        with contextlib.suppress(OSError):  # it is over
            os.setpriority(os.PRIO_PROCESS, child.pid, os.getpriority(os.PRIO_PROCESS, 0) + niceness)
        self.running.add(child)
        if self.ended:  # in between, by the other thread
            end(child)
        try:
            output, _ = child.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            end(child)
            output, _ = child.communicate()
            return 124, f"{output}\nended after {limit_s} s\n"
        finally:
            self.running.discard(child)
        return child.returncode, output

    def end_all(self) -> None:
        """End what still runs, and start nothing any more."""
        self.ended = True
        for child in list(self.running):
            end(child)


# Every child leads a process group of its own, so that what it started ends with it.
POPEN: dict[str, Any] = {
    "stdin": subprocess.DEVNULL,
    "stdout": subprocess.PIPE,
    "stderr": subprocess.STDOUT,
    "cwd": ROOT,
    "process_group": 0,
    "text": True,
    "errors": "replace",
}


def end(child: "subprocess.Popen[str]") -> None:
    """End a child and all it started: first as Ctrl-C does, so that tests can end their own processes."""
    for sign in (signal.SIGINT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(child.pid, sign)
            child.wait(_UNWIND_S)


def starter(command: list[str], **environment: str) -> "Callable[[], subprocess.Popen[str]]":
    return functools.partial(subprocess.Popen, command, env={**os.environ, **environment}, **POPEN)


def tool(children: Children, name: str, *arguments: str) -> Result:
    """A tool that says yes or no: one test, passed or failed."""
    command = [sys.executable, "-m", *arguments]
    status, output = children.run(starter(command), TOOL_LIMIT_S)
    return Result(name, passed=int(status == 0), failed=int(status != 0), output=output)


def mypy(children: Children, name: str) -> Result:
    """mypy with tools/mypy/NAME.ini; a cache each, as the three see different standard libraries."""
    config = ROOT / "tools" / "mypy" / f"{name}.ini"
    cache = CACHE / "mypy" / name
    return tool(children, f"mypy {name}", "mypy", "--config-file", str(config), "--cache-dir", str(cache))


def unix_vm(children: Children, vm: Path, tests: Narrowing) -> Result:
    """The driver's test files in the unix VM, each in a process of its own."""
    start = functools.partial(runtimes.start_unix, vm, path=VM_PATH, **POPEN)
    return _vm_files(children, "unix VM", tests, start, [[file] for file in tests.vm_files()])


def wasm_vm(children: Children, name: str, vm: Path, tests: Narrowing) -> Result:
    """The same in a VM of npm's, several in one process; it has no asyncio.run: files test_aio_* are left out."""
    start = functools.partial(runtimes.start_wasm, vm, path=VM_PATH, environment=_seed(), **POPEN)
    files = [file for file in tests.vm_files() if not file.name.startswith("test_aio_")]
    return _vm_files(children, name, tests, start, groups(files))


def _seed() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name == "QUECTEL_SEED"}


def groups(files: Sequence[Path]) -> list[list[Path]]:
    """Which test files share a process."""
    found = [[file] for file in files if ALONE.match(file.name)]
    rest = [file for file in files if not ALONE.match(file.name)]
    return found + [rest[at : at + TOGETHER] for at in range(0, len(rest), TOGETHER)]


def _vm_files(
    children: Children,
    name: str,
    tests: Narrowing,
    start: "Callable[[Path, list[str]], subprocess.Popen[str]]",
    shared: list[list[Path]],
) -> Result:
    result = Result(name, runtime=name)
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "run_files.py"
        script.write_text(_RUN_FILES)

        def run(files: list[Path]) -> tuple[int, str]:
            arguments = [",".join(file.stem for file in files), tests.vm_expr()]
            return children.run(functools.partial(start, script, arguments), VM_FILE_LIMIT_S * len(files))

        for files in shared:
            began = time.monotonic()
            for file, (status, output) in _each(files, run).items():
                result.add(read_kit(file.name, status, output))
            for file in files:
                result.files[file.name] = (time.monotonic() - began) / len(files)
    return result


def _each(files: list[Path], run: "Callable[[list[Path]], tuple[int, str]]") -> dict[Path, tuple[int, str]]:
    """Status and output of each file.

    One that has failed in company, or of which nothing was heard, is run again, alone: so a failure names its file
    and test, and what one file does to the process hides no other.
    """
    status, output = run(files)
    if len(files) == 1:
        return {files[0]: (status, output)}
    parts = _FILE_DONE.split(output)
    heard = dict(zip(parts[1::2], parts[::2], strict=False))
    found = {file: (0, heard.get(file.stem, "")) for file in files}
    return {file: run([file]) if read_kit(file.name, *one).failed else one for file, one in found.items()}


def read_kit(file: str, status: int, output: str) -> Result:
    """The counts that the kit printed last; a VM that ended without them counts as one failed test."""
    found = _KIT_COUNTS.findall(output)
    if not found:
        return Result("", failed=1, output=f"-- {file}: no counts, exit status {status}\n{output}\n")
    passed, failed, skipped = map(int, found[-1])
    if status and not failed:
        failed = 1
    shown = f"-- {file}\n{output}\n" if failed else ""
    return Result("", passed, failed, skipped, output=shown, counts=read_counts(output))


def read_counts(output: str) -> dict[str, int]:
    """What the tests have counted, as the kit prints it."""
    return {what: int(n) for n, what in _COUNT.findall(output)}


def timed(stage: Callable[[], Result]) -> Result:
    """Run a stage and note how long it took."""
    began = time.monotonic()
    result = stage()
    result.seconds = time.monotonic() - began
    return result
