"""The tooling's own environment: made once, remade when half made, and what is said when it cannot be made."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from desk import common, environment
from desk.common import ROOT, Stop


class Workshop:
    """Stands in for venv and pip: records what they are told, makes an empty folder."""

    def __init__(self) -> None:
        self.commands: list[str] = []
        self.failure = ""

    def run(self, command: list[str], **_: object) -> "subprocess.CompletedProcess[str]":
        self.commands.append(" ".join(command))
        if "venv" in command:
            Path(command[-1]).mkdir(parents=True)
        if "--target" in command:
            Path(command[command.index("--target") + 1]).mkdir(parents=True)
        failed = bool(self.failure) and "pip" in command
        return subprocess.CompletedProcess(command, int(failed), "", self.failure)


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    made = Workshop()
    monkeypatch.setattr(subprocess, "run", made.run)
    monkeypatch.setattr(environment, "ENV", tmp_path / ".env")
    monkeypatch.setattr(common, "CACHE", tmp_path / ".cache")
    monkeypatch.setattr(common, "FETCH_PAUSE_S", 0)
    return made


def test_made_once(workshop: Workshop) -> None:
    environment.ensure()
    assert len(workshop.commands) == 2
    environment.ensure()
    assert len(workshop.commands) == 2


def test_half_made_is_thrown_away(workshop: Workshop, tmp_path: Path) -> None:
    rest = tmp_path / ".env" / "rest"
    rest.parent.mkdir()
    rest.touch()
    environment.ensure()
    assert not rest.exists()


def test_remade_when_the_pins_change(workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment.ensure()
    pins = tmp_path / "requirements.txt"
    pins.write_text("another==1\n")
    monkeypatch.setattr(environment, "REQUIREMENTS", pins)
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    environment.ensure()
    assert len(workshop.commands) == 4


def test_without_network_one_line_and_no_stamp(workshop: Workshop) -> None:
    workshop.failure = "WARNING: Retrying\n  more\nERROR: No matching distribution found for aiocoap==0.4.17\n"
    with pytest.raises(Stop) as stop:
        environment.ensure()
    assert "\n" not in str(stop.value)
    assert "needs a network" in str(stop.value) and "aiocoap" in str(stop.value)
    assert [" -m pip " in command for command in workshop.commands] == [False, True, True, True]
    workshop.failure = ""
    environment.ensure()
    assert len(workshop.commands) == 6  # made from the start


def test_without_ensurepip_the_package_is_named(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ensurepip" else real(name))
    with pytest.raises(Stop, match=r"python3\.\d+-venv"):
        environment.ensure()
    assert workshop.commands == []


def test_stubs_have_a_folder_of_their_own(workshop: Workshop, tmp_path: Path) -> None:
    pins = ROOT / "tools" / "mypy" / "esp32-stubs.txt"
    folder = environment.ensure_folder("esp32", pins)
    environment.ensure_folder("esp32", pins)
    assert folder == tmp_path / ".env" / "packages" / "esp32"
    assert len(workshop.commands) == 1


@pytest.mark.parametrize("name", ["requirements.txt", "mypy/esp32-stubs.txt", "mypy/rp2-stubs.txt"])
def test_pins_are_exact_and_name_no_address(name: str) -> None:
    lines = (ROOT / "tools" / name).read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert pins and all("==" in pin and "*" not in pin and "/" not in pin for pin in pins)


def test_pins_are_what_is_installed() -> None:
    if not environment.inside():
        pytest.skip("not started by dev.py")
    freeze = [sys.executable, "-m", "pip", "freeze", "--disable-pip-version-check"]
    installed = subprocess.run(freeze, capture_output=True, text=True, check=True).stdout.split()
    lines = environment.REQUIREMENTS.read_text().splitlines()
    assert sorted(installed) == sorted(line for line in lines if not line.startswith("#"))


def test_lock_file_carries_no_address() -> None:
    lock = (ROOT / "tools" / "wasm_vm" / "package-lock.json").read_text()
    assert "resolved" not in lock and "://" not in lock and '"integrity": "sha512-' in lock
