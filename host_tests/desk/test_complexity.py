"""No function has a cyclomatic complexity over 10, and nobody is let off."""

import subprocess
import sys
from pathlib import Path

import pytest
import tomllib
from desk.common import ROOT

LINT = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
SOURCES = sorted((ROOT / "lib").rglob("*.py"))


def let_off(codes: list[str]) -> list[str]:
    """Those of the codes that stand for the rule C901."""
    return [code for code in codes if "C901".startswith(code)]


def test_the_rule_is_set() -> None:
    assert let_off(LINT["select"]) and LINT["mccabe"] == {"max-complexity": 10}
    assert not let_off(LINT["ignore"])
    for codes in LINT["per-file-ignores"].values():
        assert not let_off(codes)


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_nobody_is_let_off(file: Path) -> None:
    for line in file.read_text().splitlines():
        mark, rest = line.partition("noqa")[1:]
        assert not mark or (rest.startswith(": ") and "C901" not in rest), line
        assert "ruff:" not in line, line


def judged(*paths: Path) -> int:
    """The rule by itself, whatever the settings and the comments say."""
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--ignore-noqa", "--select", "C901"]
    command += ["--config", "lint.mccabe.max-complexity=10", *map(str, paths)]
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode


def test_the_driver_keeps_it() -> None:
    assert judged(ROOT / "lib") == 0


@pytest.mark.parametrize(("complexity", "status"), [(10, 0), (11, 1)])
def test_the_bound_itself(complexity: int, status: int, tmp_path: Path) -> None:
    lines = ["def f(x):  # noqa: C901", *(f"    if x == {i}:\n        return {i}" for i in range(1, complexity))]
    file = tmp_path / "file.py"
    file.write_text("\n".join(lines) + "\n")
    assert judged(file) == status
