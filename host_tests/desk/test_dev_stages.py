"""The stages of `dev.py test`: counting, narrowing, ending, and the summary."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from desk import runtimes, stages, test_command
from desk.common import Stop
from desk.stages import Children, Narrowing, Result


def test_kit_counts_are_read_from_the_last_line() -> None:
    printed = "kit: 9 passed, 9 failed, 9 skipped\nok test_a\nkit: 2 passed, 1 failed, 3 skipped\n"
    result = stages.read_kit("test_x.py", 1, printed)
    assert (result.passed, result.failed, result.skipped) == (2, 1, 3)
    assert "ok test_a" in result.output


@pytest.mark.parametrize("status", [0, 1, -11])
def test_vm_that_ends_without_counts_has_failed(status: int) -> None:
    result = stages.read_kit("test_x.py", status, "ok test_a\n")
    assert result.failed == 1 and str(status) in result.output


def test_vm_that_fails_after_its_tests_has_failed() -> None:
    assert stages.read_kit("test_x.py", 1, "kit: 2 passed, 0 failed, 0 skipped\n").failed == 1


def test_output_of_passed_files_is_not_shown() -> None:
    assert stages.read_kit("test_x.py", 0, "kit: 2 passed, 0 failed, 0 skipped\n").output == ""


def test_junit_errors_are_failures(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text('<testsuites><testsuite tests="10" failures="1" errors="2" skipped="3"/></testsuites>')
    result = stages.read_junit(report)
    assert (result.passed, result.failed, result.skipped) == (4, 3, 3)
    assert stages.read_junit(tmp_path / "none").failed == 0


def test_narrowing_by_path() -> None:
    driver = stages.DRIVER_TESTS
    kit = driver / "test_kit.py"
    assert kit in Narrowing().vm_files()
    assert Narrowing([str(kit)]).vm_files() == [kit]
    assert Narrowing([f"{kit}::test_seed"]).vm_files() == [kit]
    assert kit in Narrowing([str(driver)]).vm_files()
    assert Narrowing([str(stages.HOST_TESTS / "desk")]).vm_files() == []


def test_narrowing_by_name() -> None:
    assert Narrowing().vm_expr() == ""
    assert Narrowing(["x.py"], "a or b").vm_expr() == "(a or b)"
    assert Narrowing(["x.py::test_a", "x.py::test_b"], "c").vm_expr() == "(c) and (test_a or test_b)"


def test_path_that_is_not_there_is_one_line() -> None:
    with pytest.raises(Stop, match="there is no nowhere"):
        test_command.main(["nowhere::test_a"])


def test_process_over_its_time_ends_with_what_it_started() -> None:
    code = "import subprocess, sys; p = subprocess.Popen(['sleep', '60']); print(p.pid, flush=True); p.wait()"
    command = [sys.executable, "-c", code]
    began = time.monotonic()
    status, output = Children().run(lambda: subprocess.Popen(command, **stages.POPEN), 0.5)
    assert status == 124 and "ended after 0.5 s" in output
    assert time.monotonic() - began < 20  # it would hold the pipe as long as it sleeps
    stat = Path(f"/proc/{output.split()[0]}/stat")
    for _ in range(50):
        if not stat.exists() or stat.read_text().split()[2] == "Z":
            return
        time.sleep(0.02)
    pytest.fail("what the process started still runs")


def test_nothing_starts_after_an_interrupt() -> None:
    children = Children()
    children.end_all()
    with pytest.raises(stages.Ended):
        stages.tool(children, "tool", "no_such_module")


def test_failing_tool_counts_and_shows_its_output() -> None:
    result = stages.tool(Children(), "tool", "no_such_module")
    assert (result.passed, result.failed) == (0, 1) and "no_such_module" in result.output


def test_lane_goes_on_after_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    lane = [lambda: Result("a", failed=1), lambda: Result("b", passed=2)]
    assert [result.name for result in test_command._lane(lane)] == ["a", "b"]
    assert "a: FAILED" in capsys.readouterr().err


RESULTS = [
    Result("ruff", passed=1),
    Result("mypy", failed=1, output="wrong here\n"),
    Result("CPython", passed=5, skipped=1),
    Result("unix VM", note="no VM"),
]


def test_report_ends_with_the_totals() -> None:
    lines = test_command.report(RESULTS)
    assert lines[-1] == "6 passed, 1 failed, 1 skipped"
    assert lines[-2] == "unix VM not run: no VM"
    assert "===== mypy\nwrong here\n" in lines
    assert test_command.totals([Result("x", passed=3)]) == "3 passed, 0 failed"


def test_vm_of_npm_that_cannot_be_had_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(version: str) -> Path:
        raise Stop("npm is missing")

    monkeypatch.setattr(runtimes, "fetch_wasm_vm", fetch)
    result = test_command._wasm_vm(Children(), Narrowing(), test_command.Machines(None, False), "1.23.0")
    assert (result.note, result.verdict, result.failed) == ("npm is missing", "not run", 0)


def test_missing_vm_fails_only_where_it_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    tests = Narrowing()
    monkeypatch.setattr(runtimes, "fetch_wasm_vm", Path)
    assert test_command._unix_vm(Children(), tests, test_command.Machines(None, False)).failed == 0
    required = test_command._unix_vm(Children(), tests, test_command.Machines(None, True))
    assert required.failed == 1 and required.note and required.verdict == "FAILED"
