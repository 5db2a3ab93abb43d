"""`dev.py rows`: rows.csv, the rows that tests name, and what the command prints."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest
from desk import rows_command
from desk.common import ROOT, Stop

# Rows of the NB families' TCP/IP that no test covers yet. This only shrinks: a row that is covered leaves it.
FEW = """row,kind,families,driver,module,why,words
R001,NOTE,BG96,no,no,nothing to do,a note
R002,URC,BC65 BC25,yes,yes,,an event
R003,CMD test,BC25,no,yes,never sent,a test form
"""


@pytest.fixture
def few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three rows, of which the driver's tests cover one and those of the virtual module none."""
    for folder in ("driver", "desk"):
        (tmp_path / folder).mkdir()
    (tmp_path / "rows.csv").write_text(FEW)
    (tmp_path / "driver" / "test_x.py").write_text('@other\n@rows("R002")\ndef test_it(): ...\n')
    (tmp_path / "desk" / "test_x.py").write_text('@rows("R003")\ndef test_of_no_side(): ...\n')
    monkeypatch.setattr(rows_command, "_TESTS", tmp_path)
    return tmp_path


def test_every_row_has_one_line() -> None:
    assert [row.name for row in rows_command.load()] == [f"R{n:03}" for n in range(1, 469)]


def test_every_line_is_whole() -> None:
    with (ROOT / "host_tests" / "rows.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    for line in lines:
        families = line["families"].split()
        assert families and families == [name for name in rows_command.FAMILIES if name in families], line
        assert {line["driver"], line["module"]} <= {"yes", "no"}, line
        assert ("no" in (line["driver"], line["module"])) == bool(line["why"]), line
        assert line["kind"] and 0 < len(line["words"]) <= 70, line
        assert (line["kind"].startswith("CMD test")) <= (line["driver"] == "no"), line


@pytest.mark.parametrize("side", rows_command.SIDES)
def test_tests_name_rows_that_bind_their_side(side: str) -> None:
    rows = {row.name: row for row in rows_command.load()}
    for name, tests in rows_command.named(side).items():
        assert name in rows, f"{tests[0]} names {name}, which there is not"
        binding = rows[name].sides
        # What runs end to end may prove a row of one side alone
        alone = [test for test in tests if not test.startswith("test_end_to_end")]
        assert side in binding or (binding and not alone), f"{alone or tests} name {name}, {rows[name].why}"


@pytest.mark.parametrize("side", rows_command.SIDES)
def test_the_rows_of_nb_sockets_are_covered(side: str) -> None:
    tests = rows_command.named(side)
    bound = [row for row in rows_command.load() if {"BC65", "BC25"}.intersection(row.families) and side in row.sides]
    uncovered = {row.name for row in bound} - tests.keys()
    assert not uncovered, "no test covers these"


def test_what_is_covered_and_what_is_not(few: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rows_command.main([]) == 1
    assert capsys.readouterr().out == (
        "driver: 1/1\nvirtual module: 0/2\n  R002  URC           an event\n  R003  CMD test      a test form\n"
    )


def test_a_family_and_a_side_alone(few: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rows_command.main(["--family", "bc65", "--side", "module"]) == 1
    assert capsys.readouterr().out == "virtual module: 0/1\n  R002  URC           an event\n"
    assert rows_command.main(["--family", "BG96", "--family", "EC200U"]) == 0
    assert capsys.readouterr().out == "driver: 0/0\nvirtual module: 0/0\n"


def test_all_rows_with_their_tests(few: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (few / "desk" / "test_end_to_end_x.py").write_text('@rows(*("R002 " "R003").split())\nasync def test_both(): ...\n')
    assert rows_command.main(["--all"]) == 0
    assert capsys.readouterr().out == (
        "driver: 1/1\n  R002  URC           an event\n        test_x.py::test_it\n"
        "        test_end_to_end_x.py::test_both\n"
        "virtual module: 2/2\n  R002  URC           an event\n        test_end_to_end_x.py::test_both\n"
        "  R003  CMD test      a test form\n        test_end_to_end_x.py::test_both\n"
    )


@pytest.mark.parametrize("argument", ["NAMES", "*NAMES", '"R1"', "*names('R001').split()[0:1], 7"])
def test_a_name_that_cannot_be_read(argument: str, few: Path) -> None:
    (few / "driver" / "test_y.py").write_text(f"\n@rows({argument})\ndef test_it(): ...\n")
    with pytest.raises(Stop, match=r"^test_y\.py:2: rows\(\) takes the names of rows as they stand$"):
        rows_command.main([])


@pytest.mark.parametrize("arguments", ["--family BC66", "--side left", "--bogus", "BC65"])
def test_wrong_use_is_one_line(arguments: str) -> None:
    with pytest.raises(Stop) as stop:
        rows_command.main(arguments.split())
    assert "\n" not in str(stop.value) and "see dev.py rows --help" in str(stop.value)


def test_it_is_a_command_and_needs_the_standard_library_alone() -> None:
    command = [sys.executable, "-I", "-S", str(ROOT / "tools" / "dev.py"), "rows"]
    run = subprocess.run([*command, "--side", "driver"], capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode in (0, 1) and run.stdout.startswith("driver: ") and run.stderr == "", run
    wrong = subprocess.run([*command, "--side"], capture_output=True, text=True, check=False, timeout=60)
    assert wrong.returncode == 2 and wrong.stdout == "" and wrong.stderr.count("\n") == 1
