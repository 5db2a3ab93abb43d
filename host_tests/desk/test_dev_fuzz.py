"""`dev.py fuzz`: what it prints, how it ends, and how a failure is repeated."""

import signal
import subprocess
import sys
from types import ModuleType

import pytest
from desk import fuzz_command
from desk.common import ROOT, Stop

COMMAND = [sys.executable, str(ROOT / "tools" / "dev.py"), "fuzz"]


def fuzz(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False, timeout=100)


def fake(broken: "dict[int, str]") -> ModuleType:
    """The fuzzer, with a driver that fails in these cases."""
    module = ModuleType("fuzz")
    module.broken_by = lambda seed, number: broken.get(number, "")  # type: ignore[attr-defined]
    module.repeat = lambda seed, number: f"again {seed} {number}"  # type: ignore[attr-defined]
    module.show = lambda seed, number: (["what was said"], broken.get(number, ""))  # type: ignore[attr-defined]
    return module


def test_cases_of_a_seed() -> None:
    run = fuzz("--cases", "40", "--seed", "5")
    assert run.returncode == 0 and run.stderr == "", run
    first, last = run.stdout.splitlines()
    assert first == "seed 5" and last.startswith("40 cases, every promise was kept, ")


def test_a_seed_is_drawn_and_told() -> None:
    first, second = fuzz("--cases", "1"), fuzz("--cases", "1")
    assert first.returncode == second.returncode == 0
    assert first.stdout.startswith("seed ") and first.stdout.split()[1] != second.stdout.split()[1]


def test_one_case_is_shown_and_is_the_same_every_time() -> None:
    run = fuzz("--seed", "5", "--case", "3")
    assert run.returncode == 0 and run.stdout.startswith("case 3 of seed 5\n")
    assert " >> b'" in run.stdout and " << b'" in run.stdout and "every promise was kept\n" in run.stdout
    assert fuzz("--seed", "5", "--case", "3").stdout == run.stdout


def test_a_failure_names_the_command_that_repeats_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert fuzz_command._run(fake({7: "Violation: gone"}), 11, 20) == 1
    assert capsys.readouterr().out == "seed 11\ncase 7: Violation: gone\nrepeat with: again 11 7\n"
    assert fuzz_command._show(fake({7: "Violation: gone"}), 11, 7) == 1
    assert capsys.readouterr().out == "what was said\nbroken: Violation: gone\n"


def test_the_command_that_repeats_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "host_tests" / "driver"))
    import fuzz as machinery

    name, *arguments = machinery.repeat(5, 3).split()[1:]
    assert name == "tools/dev.py" and arguments[0] == "fuzz"
    assert fuzz(*arguments[1:]).stdout.startswith("case 3 of seed 5\n")


def test_progress_is_told_when_it_lasts(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(fuzz_command, "_TELL_S", -1.0)
    assert fuzz_command._run(fake({}), 11, 2) == 0
    assert capsys.readouterr().err == "dev.py: 1 of 2 cases, 0 s\ndev.py: 2 of 2 cases, 0 s\n"


@pytest.mark.parametrize(
    "arguments",
    ["--cases 0", "--cases x", "--seed -1", "--seed 1073741824", "--case 3", "--bogus", "--cases 3 --case 1 --seed 1"],
)
def test_wrong_use_is_one_line(arguments: str) -> None:
    with pytest.raises(Stop) as stop:
        fuzz_command.main(arguments.split())
    assert "\n" not in str(stop.value) and "see dev.py fuzz --help" in str(stop.value)


def test_wrong_use_ends_with_status_2() -> None:
    run = fuzz("--cases", "0")
    assert run.returncode == 2 and run.stdout == "" and run.stderr.count("\n") == 1


def test_ctrl_c_ends_it_at_once() -> None:
    process = subprocess.Popen(
        [*COMMAND, "--cases", "100000000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None and process.stdout.readline().startswith("seed ")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    assert process.returncode == 130 and "Traceback" not in errors
