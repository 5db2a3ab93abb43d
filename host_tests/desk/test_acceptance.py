"""`dev.py acceptance`: every family's virtual module passes, and what is wrong with one is found."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from desk import acceptance, acceptance_suite, servers
from desk.acceptance_suite import FAILED, PASSED, SKIPPED, Outcome, Peers, Suite
from desk.common import Stop
from e2e import World
from pulse import unhurried
from quectel import Modem
from quectel_host import open_uart

__all__ = ["unhurried"]

# What a family cannot do is skipped, and nothing else.
NOT_THERE = {
    "BG96": {"CoAP, a confirmable GET"},
    "EG915U": {"CoAP, a confirmable GET"},
    "BC92": {"a page over TLS, the server verified", "a server that the CA did not sign for is refused"},
    "BC32": {"a page over TLS, the server verified", "a server that the CA did not sign for is refused"},
}
for name in ("BC92", "BC32"):
    NOT_THERE[name] |= NOT_THERE["BG96"]


@pytest.mark.parametrize("model", sorted(NOT_THERE))
def test_a_virtual_module_passes(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert acceptance.main(["--family", model, "--report", str(tmp_path / "report")]) == 0
    found = json.loads((tmp_path / "report.json").read_text())
    by_verdict = {
        verdict: {one["step"] for one in found["outcomes"] if one["verdict"] == verdict}
        for verdict in (PASSED, FAILED, SKIPPED)
    }
    assert by_verdict[FAILED] == set() and by_verdict[SKIPPED] == NOT_THERE[model]
    assert found["counts"] == {verdict: len(steps) for verdict, steps in by_verdict.items()}
    page = (tmp_path / "report.md").read_text()
    assert page.startswith(f"# Acceptance of {found['module']}\n")
    assert page.count("| passed |") == len(by_verdict[PASSED]) == capsys.readouterr().out.count("passed  ")


def test_bc95g_by_coap(tmp_path: Path) -> None:
    assert acceptance.main(["--family", "bc95-g", "--report", str(tmp_path / "report")]) == 0
    page = (tmp_path / "report.md").read_text()
    assert "| CoAP, a confirmable GET | passed |" in page and "| ping | skipped |" in page


def outcomes(world: World, family: str, peers: Peers) -> dict[str, Outcome]:
    uart = open_uart(world.module.url)
    try:
        return {one.step: one for one in Suite(Modem(uart, family), peers, lambda _: None).run()}
    finally:
        uart.close()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(acceptance_suite, "ANSWER_S", 0.5)
    world = World("BC25")
    yield world
    world.close()


def test_what_is_wrong_is_found(world: World) -> None:
    echo = world.serve("peer.example", servers.tcp_echo())
    world.module.resolver.table["gone.example:7"] = ("127.0.0.1", 1)
    world.fault("connect_refused", skip=1)
    found = outcomes(world, "BC25", Peers(echo=("peer.example", 7), udp_echo=("gone.example", 7)))
    assert found["TCP in buffer mode, bytes echoed"].verdict == PASSED
    assert found["TCP in direct push mode, bytes echoed"].verdict == FAILED
    assert "566" in found["TCP in direct push mode, bytes echoed"].words
    assert found["UDP, a datagram echoed"].verdict == FAILED
    assert found["a page over TCP"].words == "--host NAME was not given"
    assert echo.received


def test_behind_a_failed_bring_up_nothing_is_tried(world: World) -> None:
    world.fault("no_sim", times=0)
    found = outcomes(world, "BC65", Peers())
    assert found["it is a module of the family"].verdict == FAILED
    assert found["bring-up: SIM, registration, address"].verdict == FAILED
    assert {one.words for one in found.values() if one.verdict == SKIPPED} == {"the module is not online"}


def test_an_echo_that_is_none_is_wrong(world: World) -> None:
    page = world.serve("peer.example", servers.http("peer.example"))
    found = outcomes(world, "BC25", Peers(echo=("peer.example", page.port)))
    assert found["connections one after another"].verdict == FAILED


def test_a_port_that_another_program_has_is_a_failed_step(world: World) -> None:
    first = open_uart(world.module.url)
    try:
        Modem(first, "BC25").command("AT")
        found = outcomes(world, "BC25", Peers())
        assert found["the module answers AT"].verdict == FAILED
        assert "onnection" in found["the module answers AT"].words
    finally:
        first.close()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--family", "BG97"], "unknown family 'BG97'"),
        (["--port", "/dev/no-such-port"], "/dev/no-such-port cannot be opened"),
        (["--port", "socket://nowhere"], "cannot be opened: write it as socket://HOST:PORT"),
    ],
)
def test_wrong_use(arguments: list[str], words: str) -> None:
    with pytest.raises(Stop, match=words):
        acceptance.main(arguments)


@pytest.mark.parametrize("arguments", [["--echo", "host"], ["--echo", "host:0"], ["--udp-echo", "host:x"]])
def test_wrong_addresses(arguments: list[str]) -> None:
    with pytest.raises(Stop, match="is HOST:PORT"):
        acceptance._peers(acceptance._parser().parse_args(arguments))


def test_a_report_on_a_port(tmp_path: Path) -> None:
    world = World("BG96")
    try:
        world.serve("host.example", servers.http("host.example"))
        arguments = ["--port", world.module.url, "--host", "host.example", "--report", str(tmp_path / "r")]
        assert acceptance.main(arguments) == 0
        assert f"at {world.module.url}" in (tmp_path / "r.md").read_text()
        assert "--echo HOST:PORT was not given" in (tmp_path / "r.md").read_text()
    finally:
        world.close()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--report", "/no/such/folder/report"], r"cannot be written to /no/such/folder/report\.md: No such file"),
        (["--host", "www.example.org"], "--host is for a module at --port; the virtual one has peers of its own"),
        (["--udp-echo", "echo.example:7"], "--udp-echo is for a module at --port"),
    ],
)
def test_what_cannot_be_is_said_before_the_run(
    arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(acceptance, "_on_virtual", None)
    with pytest.raises(Stop, match=words):
        acceptance.main(["--family", "BG96", *arguments])


def test_a_dot_in_the_name_of_a_report_stays(tmp_path: Path) -> None:
    assert [path.name for path in acceptance._files(tmp_path / "bg96.1")] == ["bg96.1.md", "bg96.1.json"]
