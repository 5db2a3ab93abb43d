"""What is fetched from elsewhere: a server that fails, or stands still, is asked again, and not for ever."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from desk import common, debian, peers, runtimes
from desk.common import Stop, fetched, run_fetching


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> "list[float]":
    """Nobody waits; how long it would have been."""
    waited: list[float] = []
    monkeypatch.setattr(common, "time", SimpleNamespace(sleep=waited.append))
    return waited


class Server:
    """Fails so many times."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.asked = 0

    def fetch(self) -> str:
        self.asked += 1
        if self.asked <= self.failures:
            raise Stop(f"failure {self.asked}")
        return "here it is"


@pytest.mark.parametrize("failures", [0, 1, 2])
def test_asked_again(failures: int, pauses: "list[float]") -> None:
    server = Server(failures)
    assert fetched(server.fetch) == "here it is"
    assert server.asked == failures + 1 and pauses == [common.FETCH_PAUSE_S] * failures


def test_given_up_with_the_last_words(pauses: "list[float]") -> None:
    server = Server(99)
    with pytest.raises(Stop, match="failure 3"):
        fetched(server.fetch)
    assert server.asked == common.FETCH_TRIES == 3 and len(pauses) == 2


def test_what_stands_still_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(common, "FETCH_LIMIT_S", 0.2)
    with pytest.raises(Stop, match=r"did not end in 0\.2 s, is there a network"):
        run_fetching([sys.executable, "-c", "import threading; threading.Event().wait()"])


def test_packages_are_fetched_from_the_start_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[bool] = []

    def fill(folder: Path, *_: object) -> None:
        left.append(folder.exists())
        folder.mkdir(parents=True)
        if len(left) < common.FETCH_TRIES:
            raise Stop("the mirror is busy")

    monkeypatch.setattr(debian, "CACHE", tmp_path)
    monkeypatch.setattr(common, "CACHE", tmp_path)
    monkeypatch.setattr(debian, "_require_tools", lambda: None)
    monkeypatch.setattr(debian, "_fill", fill)
    debian.rootless(["a"], "trixie")
    assert left == [False] * 3


def test_a_vm_of_npm_is_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def install(folder: Path, version: str) -> None:
        asked.append(version)
        runtimes._wasm_folder(version).mkdir(parents=True, exist_ok=True)
        if len(asked) == 1:
            raise Stop("ECONNRESET")

    monkeypatch.setattr(runtimes, "CACHE", tmp_path)
    monkeypatch.setattr(common, "CACHE", tmp_path)
    monkeypatch.setattr(runtimes, "_require_node", lambda: None)
    monkeypatch.setattr(runtimes, "_npm_install", install)
    assert runtimes.fetch_wasm_vm("9").is_dir() and asked == ["9", "9"]


def test_peers_that_are_not_on_path_are_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[tuple[str, ...]] = []
    monkeypatch.setattr("shutil.which", lambda name: None if name == "mosquitto" else f"/bin/{name}")
    monkeypatch.setattr(debian, "rootless", taken.append)
    peers.fetch_beside()
    assert taken == [("mosquitto", "mosquitto-clients")]
