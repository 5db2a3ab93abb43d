"""The documentation: its code runs, its commands exist, and what is made from the code is up to date."""

import contextlib
import io
import os
import re
import socket
import ssl
import sys
import threading
import time
import types
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme
from desk import docs, servers
from desk.cli import COMMANDS
from desk.common import ROOT
from e2e import World
from pulse import unhurried
from quectel import AsyncSocket
from quectel_host import open_uart

__all__ = ["unhurried"]
GUIDE = ROOT / "docs" / "guide"
PAGES = [ROOT / "README.md", ROOT / "boards" / "README.md", *sorted(GUIDE.glob("*.md"))]
HOST, COAP = "broker.example", "198.51.100.5"


@dataclass(frozen=True)
class Block:
    """One block of Python on a page."""

    page: str
    number: int
    code: str


def blocks(path: Path) -> Iterator[Block]:
    """The blocks of Python of a page, in order."""
    found = re.finditer(r"```python\n(.*?)```", path.read_text(), re.DOTALL)
    for number, match in enumerate(found, 1):
        yield Block(path.stem, number, match[1])


ALL = [block for path in sorted(GUIDE.glob("*.md")) for block in blocks(path)]


# --- what stands around a block -----------------------------------------------------------------------------------


class Pins:
    """The lines of a board file, tied to a virtual module."""

    def __init__(self, world: World) -> None:
        self._world = world

    def pwrkey(self, level: int) -> None:
        self._world.call(lambda module: module.pin("pwrkey", level))

    def psm_eint(self, level: int) -> None:
        self._world.call(lambda module: module.pin("psm_eint", level))


def board_module(world: World, uarts: list[Any]) -> types.ModuleType:
    """What `import board` gives."""
    board: Any = types.ModuleType("board")

    def uart() -> Any:
        uarts.append(open_uart(world.module.url))
        return uarts[-1]

    board.uart, board.pins = uart, lambda: Pins(world)
    return board  # type: ignore[no-any-return]


def nothing(world: World, folder: Path) -> "threading.Thread | None":
    return None


def broker(world: World, folder: Path) -> None:
    """A broker that wants a client certificate and answers CONNECT."""
    ca = trustme.CA(key_type=trustme.KeyType.RSA)
    client = ca.issue_cert("unit@example.com", key_type=trustme.KeyType.RSA)
    (folder / "ca.pem").write_bytes(ca.cert_pem.bytes())
    (folder / "client.pem").write_bytes(client.cert_chain_pems[0].bytes())
    (folder / "client.key").write_bytes(client.private_key_pem.bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    ca.configure_trust(context)
    ca.issue_cert(HOST, key_type=trustme.KeyType.RSA).configure_cert(context)
    world.serve(HOST, _mqtt(context))


@contextlib.asynccontextmanager
async def _mqtt(context: ssl.SSLContext) -> AsyncIterator[servers.Server]:
    seen = servers.Server()

    async def answer(reader: Any, writer: Any) -> None:
        if await reader.readexactly(18) == b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04unit":
            writer.write(b"\x20\x02\x00\x00")
            await writer.drain()
            await reader.read()  # whatever the client says, until it goes

    async with servers._tcp(seen, answer, context):
        yield seen


def meter(world: World, folder: Path) -> None:
    world.serve("meter.example", servers.udp_echo())


def things(world: World, folder: Path) -> None:
    world.serve(COAP, servers.coap())


def listening(module: Any) -> "list[Any]":
    """Where listeners of the module are reached; before one is open its port is 0."""
    return [one["local"] for one in module.sockets if one["kind"] == "TCP LISTENER" and one["local"][1]]


def caller(world: World, folder: Path) -> threading.Thread:
    """Somebody who calls the module's listener, as soon as there is one."""

    def call() -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            found = world.call(listening)
            if found:
                with socket.create_connection(found[0], 60) as sock:
                    sock.sendall(b"hello\n")
                    assert sock.recv(100) == b"you said hello\n"
                return
            time.sleep(0.02)

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    return thread


@dataclass(frozen=True)
class Scene:
    """What a block meets, and what it must print."""

    model: str
    prints: str
    prepare: "Callable[[World, Path], threading.Thread | None]" = nothing  # a thread is waited for


BLOCKS = {
    ("first-connection", 1): Scene("BG96", r"address \d+\.\d+\.\d+\.\d+"),
    ("first-connection", 2): Scene("BG96", r"address \d+\.\d+\.\d+\.\d+"),
    ("mqtt-tls", 1): Scene("EC200U", r"b' \\x02\\x00\\x00'", broker),
    ("server", 1): Scene("BC65", r"b'hello\\n'", caller),
    ("server", 2): Scene("BC65", r"b'hello\\n'", caller),
    ("coap", 1): Scene("BC95G", r"2\.05 b'hello from a real CoAP server'\n2\.04 b'21\.5'", things),
    ("sleep-and-wake", 1): Scene("BC25", r"b'first'\nb'second'", meter),
    ("debugging", 1): Scene("BG96", r">> b'AT\+CSQ'(.|\n)*\['\+CSQ: "),
    ("debugging", 2): Scene("BG96", r"framing 0\nnoise 0\nlate 0\ntimeouts 0\nrx_lost 0\nlong_lines 0"),
    ("adding-a-board", 1): Scene("BG96", r"sent [1-9]"),
    ("adding-a-family", 1): Scene("BG96", r"MINE \d+\."),
    ("mqtt-tls", 2): Scene("EC200U", r"connected as unit", broker),
    ("coap", 2): Scene("BC95G", r"2\.04 0 None b'\{\"t\":21\.5\}'", things),
    ("coap", 3): Scene("BC95G", r"observers told: 0", things),
    ("sleep-and-wake", 2): Scene("BC25", r"deepsleep 60000"),
    ("staying-online", 1): Scene("BG96", r""),
}


class Client:
    """umqtt.simple's MQTTClient as far as the guide goes: what it does with `socket` and no more."""

    def __init__(self, name: str, host: str, port: int, keepalive: int) -> None:
        self._name, self._address = name, (host, port)

    def connect(self) -> None:
        module: Any = sys.modules["socket"]
        self._sock = module.socket()
        self._sock.connect(module.getaddrinfo(*self._address)[0][-1])
        self._sock.write(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04unit")
        assert self._sock.read(4) == b"\x20\x02\x00\x00"
        print("connected as", self._name)

    def publish(self, topic: bytes, message: bytes, qos: int) -> None:
        self._sock.write(b"\x32" + topic + message)

    def disconnect(self) -> None:
        self._sock.close()


class Rtc:
    """machine.RTC's memory."""

    def memory(self, data: bytes = b"") -> bytes:
        return data


def stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    """What boards have and a computer has not."""
    simple: Any = types.ModuleType("umqtt.simple")
    simple.MQTTClient = Client
    machine: Any = types.ModuleType("machine")
    machine.RTC, machine.deepsleep = Rtc, lambda ms: print("deepsleep", ms)
    monkeypatch.setitem(sys.modules, "umqtt", types.ModuleType("umqtt"))
    monkeypatch.setitem(sys.modules, "umqtt.simple", simple)
    monkeypatch.setitem(sys.modules, "machine", machine)
    monkeypatch.setitem(sys.modules, "socket", socket)  # put back behind a block that replaces it


@pytest.mark.parametrize("block", ALL, ids=lambda block: f"{block.page}-{block.number}")
def test_the_guides_code_runs(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = BLOCKS[block.page, block.number]
    stand_ins(monkeypatch)
    uarts: list[Any] = []
    world = World(scene.model)
    try:
        thread = scene.prepare(world, tmp_path)
        monkeypatch.setitem(sys.modules, "board", board_module(world, uarts))
        monkeypatch.chdir(tmp_path)
        exec(compile(block.code, f"{block.page}.md", "exec"), {"__name__": "__main__"})
        if thread:
            thread.join(60)
    finally:
        for uart in uarts:
            uart.close()
        world.close()
    assert re.search(scene.prints, capsys.readouterr().out)


def test_every_block_has_its_scene() -> None:
    assert {(block.page, block.number) for block in ALL} == set(BLOCKS)
    for block in ALL:
        compile(block.code, block.page, "exec")


# --- commands and links -------------------------------------------------------------------------------------------


def commands(path: Path) -> list[list[str]]:
    """The words of each `python3 tools/dev.py ...` on a page."""
    return [match.split() for match in re.findall(r"python3 tools/dev\.py ([^`\n]+)", path.read_text())]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem + "-" + path.parent.name)
def test_commands_exist_with_their_options(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, *words in commands(path):
        assert name in COMMANDS, name
        wanted = [word for word in words if word.startswith("--")]
        if wanted:
            assert set(wanted) <= options_of(name, capsys), name


def options_of(name: str, capsys: pytest.CaptureFixture[str]) -> set[str]:
    module = __import__(COMMANDS[name].module, fromlist=["main"])
    with pytest.raises(SystemExit):
        module.main(["--help"])
    return set(re.findall(r"--[a-z][a-z-]*", capsys.readouterr().out))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem + "-" + path.parent.name)
def test_links_lead_somewhere(path: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)", path.read_text()):
        assert (path.parent / link).exists(), link
    for name in re.findall(r"`((?:boards|docs|host_tests|lib|tools)/[\w/.-]+)`", path.read_text()):
        assert (ROOT / name).exists(), name


# --- what is made from the code -----------------------------------------------------------------------------------


def test_what_is_made_from_the_code_is_up_to_date() -> None:
    assert docs.API.read_text() == docs.api(), "run python3 tools/dev.py docs"
    assert docs.FAMILIES.read_text() == docs.families(), "run python3 tools/dev.py docs"


def test_the_reference_has_every_call() -> None:
    text = docs.API.read_text()
    for name in ("connect(apn=None", "create_connection(", "recv_into(", "upload(", "get(uri", "open_uart("):
        assert name in text
    assert "### `isconnected()` _plain_" in text and re.search(r"### `makefile\(.*\)` \(blocking face only\)", text)
    assert not hasattr(AsyncSocket, "makefile")


def test_the_picture_shows_a_run_that_was_right() -> None:
    text = docs.PICTURE.read_text()
    assert text.startswith("<svg") and "page&#160;over&#160;TLS&#160;1.2" in text and "AT+QSSLOPEN" in text
    assert "wrong:" not in text and "font-face" not in text
    assert docs.PICTURE.relative_to(ROOT).as_posix() in (ROOT / "README.md").read_text()
    assert os.path.getsize(docs.PICTURE) < 100_000


def test_a_picture_is_drawn_of_one_step_and_the_table() -> None:
    from desk.demo_stage import Result
    from desk.demo_view import Picture, Row, View

    view = View(True, Picture())
    for what in ("page over TLS 1.2", "another"):
        view.step(what)
        view.said(">>", f"AT+{what.split()[0]}", 5)
    with contextlib.redirect_stdout(io.StringIO()):
        view.table([Row("BG96", Result("page", "page over TLS 1.2", True, "", 1, 2, ""), "")])
    assert view.picture is not None
    drawn = view.picture.svg()
    assert "AT+page" in drawn and "AT+another" not in drawn and "right" in drawn
