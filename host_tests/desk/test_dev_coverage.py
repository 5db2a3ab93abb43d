"""The coverage gate of `dev.py test`: what it measures, by which tests, and that it fails."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
import tomllib
from desk import cpython
from desk.common import ROOT
from desk.stages import DRIVER_TESTS, Children, Narrowing, Result

PACKAGE = ROOT / "lib" / "quectel"
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["coverage"]
# Below the core, with tests of their own: what differs between Pythons, and a table of words
NOT_CORE = {"_compat", "errors"}


def imported(module: str) -> set[str]:
    """The modules of the package that a module imports where it runs; models are data that the engine is given."""
    tree = ast.parse((PACKAGE / f"{module}.py").read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level == 1]
    names = {node.module for node in imports if node.module}
    return {name for name in names if not name.startswith(("_types", "models"))}


def core() -> set[str]:
    found: set[str] = set()
    new = {"engine"}
    while new:
        found |= new
        new = {name for module in new for name in imported(module)} - found - NOT_CORE
    return found


def test_the_whole_core_is_measured() -> None:
    assert {"ring", "parser", "table", "command", "engine", "text", "heads"} <= core()
    assert SETTINGS["report"]["include"] == [f"lib/quectel/{name}.py" for name in sorted(core())]


def test_all_lines_and_branches_are_demanded() -> None:
    assert SETTINGS["run"]["branch"] is True and SETTINGS["report"]["fail_under"] == 100
    assert SETTINGS["report"]["exclude_lines"] == ["if TYPE_CHECKING:", "raise NotImplementedError"]
    assert not {"omit", "exclude_also", "partial_branches", "partial_also"} & {*SETTINGS["run"], *SETTINGS["report"]}


@pytest.mark.parametrize("module", sorted(core()))
def test_no_line_is_taken_out(module: str) -> None:
    assert "pragma" not in (PACKAGE / f"{module}.py").read_text()


def test_unit_tests_play_no_transcripts() -> None:
    unit = {Path(test).stem for test in Narrowing().tests() if cpython.part(test) == cpython.UNIT}
    assert {"test_ring", "test_parser", "test_engine_lines", "test_resync"} <= unit
    assert not unit & {"test_kit", "test_heap", "test_transcripts", "test_transcript_calls", "test_both_send"}
    for name in sorted(unit):
        tree = ast.parse((DRIVER_TESTS / f"{name}.py").read_text())
        modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        modules |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        assert not modules & {"transcript", "play", "injections", "fuzz", "fuzz_case"}, name


def test_what_takes_long_and_what_is_left() -> None:
    driver = str(DRIVER_TESTS)
    assert cpython.part(f"{driver}/test_transcripts.py::test_whole") == cpython.LONG
    assert cpython.part(f"{driver}/test_transcript_files.py") == cpython.REST
    assert cpython.part(f"{ROOT}/host_tests/desk/test_engine.py") == cpython.REST
    assert cpython.part(f"{driver}/steps.py") == cpython.REST


def data_of(folder: Path, code: str) -> str:
    data = f"--data-file={folder}/coverage"
    command = [sys.executable, "-m", "coverage", "run", data, "-c", code]
    (folder / "script.py").write_text(f"import sys\nsys.path.insert(0, 'lib')\n{code}\n")
    command[-2:] = [str(folder / "script.py")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
    return data


def test_what_is_missing_fails_and_is_named(tmp_path: Path) -> None:
    result = cpython.judge(Children(), data_of(tmp_path, "import quectel.text as text\ntext.hex_digit(48)"))
    assert (result.passed, result.failed) == (0, 1)
    lines = {line.split()[0]: line for line in result.output.splitlines() if line.startswith("lib/")}
    assert set(lines) == set(SETTINGS["report"]["include"])  # a module that was never imported is missing, too
    hex_digit = next(node for node in ast.parse((PACKAGE / "text.py").read_text()).body if named(node, "hex_digit"))
    assert f" {hex_digit.lineno + 4}-{hex_digit.lineno + 7}," in lines["lib/quectel/text.py"]


def named(node: ast.stmt, name: str) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == name


class Played(Children):
    """Children whose commands are noted and end as told."""

    def __init__(self, *statuses: int) -> None:
        super().__init__()
        self.statuses = list(statuses)
        self.modules: list[str] = []

    def run(self, start: object, limit_s: float, niceness: int = 0) -> tuple[int, str]:
        """Note which module Python would run."""
        command = start.args[0]  # type: ignore[attr-defined]
        self.modules.append(command[2] + (" -k" if "-k" in command else ""))
        return self.statuses.pop(0), "count: 5 splits fed\n"


def run(children: Played, tests: Narrowing, part: str = cpython.UNIT) -> Result:
    return cpython.run(children, part, tests, None)


def test_the_gate_is_one_test_of_the_unit_stage() -> None:
    children = Played(0, 0)
    result = run(children, Narrowing())
    assert children.modules == ["coverage", "coverage"] and (result.passed, result.failed) == (1, 0)
    assert result.counts == {"splits fed": 5} and result.runtime == "CPython" and not result.remark
    assert run(Played(0, 2), Narrowing()).failed == 1


def test_coverage_of_failing_tests_is_not_judged() -> None:
    children = Played(1)
    result = run(children, Narrowing())
    assert (result.passed, result.failed) == (0, 1) and "not judged" in result.remark


def test_coverage_of_a_narrowed_run_is_not_judged() -> None:
    children = Played(0, 5, 0)
    for tests in (Narrowing([str(DRIVER_TESTS)]), Narrowing((), "ring")):
        result = run(children, tests)
        assert result.failed == 0 and "not judged" in result.remark
    assert run(children, Narrowing([str(DRIVER_TESTS)]), cpython.LONG).remark == ""
    assert children.modules == ["pytest", "pytest -k", "pytest"]


def test_a_part_without_a_test_of_the_narrowing_does_not_run() -> None:
    children = Played()
    result = run(children, Narrowing([str(DRIVER_TESTS / "test_kit.py")]))
    assert children.modules == [] and (result.failed, result.remark) == (0, "")


def test_tests_that_cannot_be_collected_have_failed() -> None:
    assert run(Played(2), Narrowing((), "x")).failed == 1
    assert run(Played(5), Narrowing(), cpython.REST).failed == 1  # all tests, and none was found
