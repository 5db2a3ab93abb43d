"""Every command that stands in the driver's source has a row in facts/response_times.csv."""

import csv
import re
from pathlib import Path

import kit
import pytest
from desk.common import ROOT

PACKAGE = ROOT / "lib" / "quectel"
COMMAND = re.compile(r"""b["'](AT[A-Z0-9+]*[=?]?[?]?)""")
NO_COMMANDS = {"AT+Q", "ATE"}  # the beginning of a dialect's commands; a comparison


def names() -> set[str]:
    with Path(kit.path("facts/response_times.csv")).open(encoding="utf-8", newline="") as file:
        return {row["command"] for row in csv.DictReader(file)}


def has_row(command: str) -> bool:
    return (
        any(command.startswith(name) or name.startswith(command) for name in names() if name != "AT") or command == "AT"
    )


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_command_has_a_row(path: Path) -> None:
    if path.name == "resync.py":  # its queries have a time of their own
        return
    found = set(COMMAND.findall(path.read_text())) - NO_COMMANDS
    assert not [command for command in found if not has_row(command)]
