"""libcoap's programs: on PATH under any of their names, or fetched; without them the tests are skipped in words."""

from pathlib import Path

import coap_peers
import pytest
from desk import peers, peers_command


def program(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_found_on_path_or_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(peers, "CACHE", tmp_path)
    assert peers.find("coap-server") is None
    fetched = program(tmp_path / "debian" / "suite-libcoap3-bin" / "bin", "coap-server-notls")
    assert peers.find("coap-server") is None  # half fetched
    (fetched.parents[1] / "packages").touch()
    assert peers.find("coap-server") == fetched
    assert peers.find("coap-server") == fetched and peers.find("coap-client") is None
    own = program(tmp_path / "bin", "coap-server")
    assert peers.find("coap-server") == own


def test_skipped_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "find", lambda _: None)
    with pytest.raises(pytest.skip.Exception, match=r"dev\.py peers"):
        coap_peers.program("coap-client")


def test_command_fetches_what_is_missing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    there: "list[Path]" = []
    monkeypatch.setattr(peers, "find", lambda name: there[0] / name if there else None)
    monkeypatch.setattr(peers, "fetch", lambda: there.append(Path("/cache")))
    monkeypatch.setattr(peers, "fetch_beside", lambda: None)
    for _ in range(2):
        assert peers_command.main([]) == 0
        assert capsys.readouterr().out == "/cache/coap-server\n"
    assert len(there) == 1
