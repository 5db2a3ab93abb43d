"""dev.py itself: dispatch, and one line with exit status 2 for wrong use."""

import subprocess
import sys
from pathlib import Path

import pytest
from desk import cli
from desk.common import ROOT, Parser, Stop

DEV = ROOT / "tools" / "dev.py"


def dev(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(DEV), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def one_line_of(run: "subprocess.CompletedProcess[str]") -> str:
    assert run.returncode == 2
    assert run.stdout == ""
    assert run.stderr.count("\n") == 1 and run.stderr.startswith("dev.py: ")
    return run.stderr


def test_unknown_command_names_the_known_ones() -> None:
    assert "choose from demo, test, fuzz, soak, rows, module, vm" in one_line_of(dev("bogus"))


def test_help_lists_every_command() -> None:
    run = dev("--help")
    assert run.returncode == 0 and run.stderr == ""
    for name in cli.COMMANDS:
        assert f"\n  {name} " in run.stdout


def test_no_command_is_wrong_use() -> None:
    assert dev().returncode == 2


def test_wrong_option_is_one_line() -> None:
    assert "dev.py vm --help" in one_line_of(dev("vm", "--bogus"))


def test_older_python_is_told_so() -> None:
    code = f"import sys; sys.version_info = (3, 10, 9); exec(open({str(DEV)!r}).read())"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert one_line_of(run) == "dev.py: this is Python 3.10; start it with Python 3.11 or later\n"


def test_bare_commands_need_the_standard_library_alone() -> None:
    code = f"import sys; sys.argv = ['dev.py', 'vm', '--help']; sys.path.insert(0, {str(DEV.parent)!r});"
    code += "from desk.cli import main; main(['vm', '--help'])"
    run = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_parser_raises_what_argparse_would_print() -> None:
    parser = Parser(prog="dev.py x")
    parser.add_argument("--n", type=int)
    with pytest.raises(Stop, match=r"invalid int value: 'y'; see dev\.py x --help$"):
        parser.parse_args(["--n", "y"])


def test_missing_module_is_told_but_an_error_inside_is_not_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(Stop, match="not part of this checkout"):
        cli._load("x", cli.Command("no_such_tool.cli", ""))
    (tmp_path / "tool_with_bug.py").write_text("import no_such_dependency\n")
    with pytest.raises(ModuleNotFoundError):
        cli._load("x", cli.Command("tool_with_bug", ""))
