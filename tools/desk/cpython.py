"""The tests on CPython: pytest in five parts, so that workers share them. One part is measured by coverage."""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from desk import stages
from desk.stages import DRIVER_TESTS, NICENESS, TOOL_LIMIT_S, Children, Narrowing, Result, starter

RUNTIME = "CPython"
UNIT = "CPython, unit"  # the core by itself: what coverage is judged by
LONG = "CPython, long"
URCS = "CPython, URCs"
FUZZ = "CPython, fuzz"
REST = "CPython"
PARTS = (REST, UNIT, LONG, URCS, FUZZ)

# Tests of one module of the core, and of what the engine promises: test_NAME.py and test_NAME_*.py.
_UNIT = {
    "acks", "agenda", "asleep", "bounds", "command", "deadlines", "engine", "fairness", "files", "framing", "heads",
    "intake", "lines", "looks", "loss", "meanings", "parser", "resync", "ring", "sending", "streams", "table",
    "text", "transparent", "urc", "urcs", "views",
}  # fmt: skip
# Of the tests of both faces those without which a line of the core is not run.
_UNIT_TOO = {"test_both_peers", "test_both_power_modes", "test_both_save", "test_both_save_asleep"}
# The transcripts in all their cuts, a conversation in all framings, and, in parts of their own, the injections and the
# fuzzer, which take longer than all the others: no proof that a line of code was looked at.
_LONG = {"due", "every", "heap", "hostile", "late", "transcripts"}
_OF_THEIR_OWN = {"fuzz": FUZZ, "injection": URCS}
_NOTHING_COLLECTED = 5  # pytest's exit status


def part(test: str) -> str:
    """Which of PARTS a test file belongs to."""
    file = Path(test.split("::", 1)[0])
    names = file.stem.split("_")[1:2]
    if file.parent != DRIVER_TESTS or not names:
        return REST
    if names[0] in _OF_THEIR_OWN:
        return _OF_THEIR_OWN[names[0]]
    if file.stem in _UNIT_TOO:
        return UNIT
    return UNIT if names[0] in _UNIT else LONG if names[0] in _LONG else REST


def run(children: Children, name: str, tests: Narrowing, vm: Path | None) -> Result:
    """One part of the tests. Those that start a MicroPython VM themselves find it in $MICROPYTHON."""
    files = [test for test in tests.tests() if part(test) == name]
    if not files:
        return Result(name)
    if name == UNIT and not tests:
        return _measured(children, files, vm)
    result = _pytest(children, name, tests, files, vm)
    if name == UNIT:
        result.remark = "coverage is not judged, as not all tests were run"
    return result


def _pytest(
    children: Children, name: str, tests: Narrowing, files: Sequence[str], vm: Path | None, measure: Sequence[str] = ()
) -> Result:
    expression = ["-k", tests.expr] if tests.expr else []
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, *measure, "-m", "pytest", "--color=no", f"--junitxml={report}", *expression, *files]
        niceness = 0 if name == REST else NICENESS  # the others let no time pass
        status, output = children.run(starter(command, MICROPYTHON=str(vm or "")), TOOL_LIMIT_S, niceness)
        result = read_junit(name, report)
    result.output = output
    result.counts = stages.read_counts(output)
    nothing = status == _NOTHING_COLLECTED and bool(tests)
    if status and not result.failed and not nothing:
        result.failed = 1  # it broke before or after the tests
    return result


def read_junit(name: str, report: Path) -> Result:
    """Sum up pytest's report; nothing counted where pytest did not get as far as to write one."""
    result = Result(name, runtime=RUNTIME)
    if not report.is_file():
        return result
    root = ElementTree.parse(report).getroot()
    for suite in root.iter("testsuite"):
        failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped = int(suite.get("skipped", 0))
        passed = int(suite.get("tests", 0)) - failed - skipped
        result.add(Result("", passed=passed, failed=failed, skipped=skipped))
    for test in root.iter("testcase"):
        file = test.get("classname", "").rpartition(".")[2] + ".py"
        result.files[file] = result.files.get(file, 0) + float(test.get("time", 0))
    return result


# --- coverage --------------------------------------------------------------------------------------------


def _measured(children: Children, files: Sequence[str], vm: Path | None) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        data = f"--data-file={folder}/coverage"
        result = _pytest(children, UNIT, Narrowing(), files, vm, ["-m", "coverage", "run", data])
        if result.failed:
            result.remark = "coverage is not judged, as tests have failed"
        else:
            result.add(judge(children, data))
    return result


def judge(children: Children, data: str) -> Result:
    """One test: whether all lines and branches of the core were run. What is missing is in the output, by module."""
    status, output = children.run(starter([sys.executable, "-m", "coverage", "report", data]), TOOL_LIMIT_S)
    if status == 0:
        return Result("", passed=1)
    return Result("", failed=1, output=f"\nLines and branches of the core that no unit test runs:\n{output}")
