"""The stages of `dev.py test`: counting, narrowing, ending, and the summary."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from desk import cpython, runtimes, stages, summary, test_command
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


def test_counts_are_read_and_summed() -> None:
    printed = "x count: 9 no line of its own\ncount: 12 fuzz cases\ncount: 0 heap bytes, 64 KiB sent\n"
    result = stages.read_kit("test_x.py", 0, printed + "kit: 2 passed, 0 failed, 0 skipped\n")
    assert result.counts == {"fuzz cases": 12, "heap bytes, 64 KiB sent": 0} and result.output == ""
    result.add(stages.read_kit("test_y.py", 0, "count: 3 fuzz cases\nkit: 1 passed, 0 failed, 0 skipped\n"))
    assert result.counts == {"fuzz cases": 15, "heap bytes, 64 KiB sent": 0}


def test_junit_errors_are_failures(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(
        '<testsuites><testsuite tests="10" failures="1" errors="2" skipped="3">'
        '<testcase classname="host_tests.desk.test_x" time="1.5"/><testcase classname="test_y" time="4"/>'
        '<testcase classname="host_tests.desk.test_x" time="2"/></testsuite></testsuites>'
    )
    result = cpython.read_junit("x", report)
    assert (result.passed, result.failed, result.skipped) == (4, 3, 3)
    assert result.files == {"test_x.py": 3.5, "test_y.py": 4} and result.runtime == "CPython"
    assert cpython.read_junit("x", tmp_path / "none").failed == 0


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


def test_whether_it_is_narrowed() -> None:
    assert not Narrowing() and Narrowing(["x.py"]) and Narrowing((), "a")


def test_folders_are_opened_and_no_test_is_there_twice() -> None:
    driver = str(stages.DRIVER_TESTS)
    ring, here = f"{driver}/test_ring.py", str(Path(__file__))
    assert set(Narrowing([driver, ring]).tests()) < set(Narrowing().tests()) >= {ring, here}
    assert here not in Narrowing([driver]).tests() and len(set(Narrowing().tests())) == len(Narrowing().tests())
    assert Narrowing([f"{ring}::test_a", f"{ring}::test_b"]).tests() == [f"{ring}::test_a", f"{ring}::test_b"]


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


def test_what_only_computes_is_nicer_than_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    set_to: list[int] = []
    monkeypatch.setattr(os, "setpriority", lambda which, pid, niceness: set_to.append(niceness))
    monkeypatch.setattr(os, "getpriority", lambda which, pid: 3)
    command = [sys.executable, "-c", ""]
    assert Children().run(stages.starter(command), 60, 0) == (0, "")
    assert Children().run(stages.starter(command), 60) == (0, "")
    assert set_to == [3, 3 + stages.NICENESS]


def test_the_workers_take_the_stages_the_longest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    began: list[str] = []
    both = threading.Barrier(test_command.WORKERS, timeout=60)

    def stage(name: str, seconds: int, together: bool = False) -> test_command.Stage:
        def run() -> Result:
            began.append(name)
            if together:
                both.wait()  # nobody goes on before the other one has come
            return Result(name, failed=1)

        return test_command.Stage(seconds, run)

    plan = [stage("short", 1), stage("long", 50, True), stage("longest", 60, True), stage("middle", 9)]
    plan += [stage("third", 40, True)]
    monkeypatch.setattr(test_command, "_plan", lambda *_: plan)
    monkeypatch.setattr(runtimes, "fetch_wasm_vm", Path)
    results = test_command.run(Narrowing(), test_command.Machines(None, False))
    assert [result.name for result in results] == ["short", "long", "longest", "middle", "third"]
    assert sorted(began[:3]) == ["long", "longest", "third"] and sorted(began[3:]) == ["middle", "short"]


def test_every_stage_is_in_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def note(children: Children, *arguments: object) -> Result:
        ran.append(str(arguments[0]))
        return Result(str(arguments[0]))

    for module, name in ((stages, "tool"), (stages, "mypy"), (cpython, "run"), (stages, "wasm_vm")):
        monkeypatch.setattr(module, name, note)
    monkeypatch.setattr(stages, "unix_vm", lambda *_: note(Children(), "unix VM"))
    monkeypatch.setattr(runtimes, "fetch_wasm_vm", Path)
    results = test_command.run(Narrowing(), test_command.Machines(Path("vm"), True))
    names = ["ruff check", "ruff format", "host", "esp32", "rp2", "CPython", "CPython, unit", "CPython, long"]
    names += ["CPython, URCs", "CPython, fuzz", "unix VM", "npm's 1.29.0-6", "npm's 1.24.1", "npm's 1.23.0"]
    assert [result.name for result in results] == names and sorted(ran) == sorted(names)


RESULTS = [
    Result("ruff", passed=1),
    Result("mypy", failed=1, output="wrong here\n"),
    Result("CPython", passed=5, skipped=1),
    Result("unix VM", note="no VM"),
]


def test_report_ends_with_the_totals() -> None:
    lines = summary.report(RESULTS)
    assert lines[-1] == "6 passed, 1 failed, 1 skipped"
    assert lines[-2] == "unix VM not run: no VM"
    assert "===== mypy\nwrong here\n" in lines
    assert summary.totals([Result("x", passed=3)]) == "3 passed, 0 failed"


def test_counts_have_a_column_for_each_runtime() -> None:
    results = [
        Result("ruff", passed=1),
        Result("CPython", runtime="CPython", counts={"splits fed": 1000}),
        Result("CPython, long", runtime="CPython", counts={"splits fed": 234567, "heap bytes, sent": 0}),
        Result("unix VM", runtime="unix VM", counts={"fuzz cases": 7}),
        Result("npm's 9", note="not there"),
    ]
    lines = [line.split("  ") for line in summary.counts(results)]
    cells = [[cell.strip() for cell in line if cell.strip()] for line in lines]
    assert cells == [
        ["counted", "CPython", "unix VM"],
        ["fuzz cases", "-", "7"],
        ["heap bytes, sent", "0", "-"],
        ["splits fed", "235,567", "-"],
    ]
    assert summary.counts([Result("ruff")]) == []


def test_slow_files_are_named() -> None:
    files = {"test_a.py": 11.2, "test_b.py": 9.9, "test_c.py": 100.0}
    lines = summary.report([Result("x", files=files), Result("y", files={"test_a.py": 1.0})])
    assert [line for line in lines if "test_" in line] == ["x, seconds: test_c.py 100, test_a.py 11"]


def test_a_remark_is_shown_and_is_no_reason_not_to_run() -> None:
    result = Result("x", passed=1, remark="not judged")
    assert "x: not judged" in summary.report([result]) and result.verdict == "ok"


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
