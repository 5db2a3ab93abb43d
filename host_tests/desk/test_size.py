"""The driver is no larger than its budgets; the judge of that sees what is."""

import json
from pathlib import Path

import pytest
from desk import size
from desk.common import Stop


@pytest.fixture(scope="module")
def sizes() -> size.Table:
    return size.measure()


def test_nothing_is_above_its_budget(sizes: size.Table) -> None:
    assert size.exceeded(sizes, size.read()) == []


def test_what_has_a_budget_is_measured(sizes: size.Table) -> None:
    modules = {name for name in size.read() if name.endswith(".mpy") or name.startswith("part ")}
    assert modules <= set(sizes), "a budget of what is not there any more: dev.py size --write"
    assert sizes["part tcp"] < sizes["part tls"] < sizes["part all"]
    assert sizes["part all"] == sum(bytes_ for name, bytes_ in sizes.items() if name.endswith(".mpy"))


def test_the_heap_of_each_machine_that_is_there(sizes: size.Table) -> None:
    for machine, start in size.machines():
        for kind in size.PROGRAMS:
            found = [f"heap {kind}, {what}, {machine}" in sizes for what in ("imported", "a modem")]
            assert found == [start is not None] * 2


def test_more_than_five_per_cent_is_a_failure() -> None:
    budgets = {"a": 1000, "b": 1000, "c": 1000}
    assert size.exceeded({"a": 1050, "b": 900, "new": 99}, budgets) == []
    (words,) = size.exceeded({"a": 1051}, budgets)
    assert words == "a: 1051 bytes are 5.1% above the budget of 1000"


def test_writing_keeps_what_could_not_be_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(size, "BUDGET", tmp_path / "budget.json")
    monkeypatch.setattr(size, "ROOT", tmp_path)
    with pytest.raises(Stop, match=r"budget\.json: No such file.*--write"):
        size.read()
    size.write({"a.mpy": 1, "heap tcp, imported, unix VM": 2})
    size.write({"b.mpy": 3})
    assert json.loads((tmp_path / "budget.json").read_text()) == {"b.mpy": 3, "heap tcp, imported, unix VM": 2}


def test_the_command_fails_above_a_budget(
    sizes: size.Table, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(size, "measure", lambda: sizes)
    monkeypatch.setattr(size, "read", lambda: {**sizes, "part tcp": sizes["part tcp"] * 9 // 10})
    assert size.main([]) == 1
    said = capsys.readouterr().out
    assert "above the budget" in said and "TCP only" in said and "quectel/engine.mpy" in said
    monkeypatch.setattr(size, "read", lambda: sizes)
    assert size.main([]) == 0
