"""The applications in examples/: typed strictly against the stubs of both boards and on CPython, and run."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import sys
from pathlib import Path
from typing import Any

import pytest
from desk import environment, servers
from desk.common import CACHE, ROOT
from desk.stages import Children, tool
from e2e import World
from pulse import unhurried
from quectel import AsyncModem, Modem, TLSContext
from quectel_host import open_uart
from vm_peers import TlsServer, ca_pem, leaf, server_context

__all__ = ["unhurried"]
EXAMPLES = ROOT / "examples"
CONFIG = "[mypy]\nstrict = True\nmypy_path = %s\n"
BOARD = """platform = linux
custom_typeshed_dir = {stubs}
no_site_packages = True

[mypy-machine,vfs,socket,select,time,network,_mpy_shed.*,micropython,esp,esp32,rp2,bluetooth]
ignore_errors = True
"""


@pytest.mark.parametrize("port", ["host", "esp32", "rp2"])
def test_an_application_is_typed_strictly(port: str, tmp_path: Path) -> None:
    """Its author has the package and the stubs of a board, and no settings of this project."""
    path, more = f"{ROOT}/lib", ""
    if port != "host":
        stubs = environment.ensure_folder(port, ROOT / "tools" / "mypy" / f"{port}-stubs.txt")
        path, more = f"{stubs}:{path}", BOARD.format(stubs=stubs)
    config = tmp_path / "mypy.ini"
    config.write_text(CONFIG % path + more)
    options = ("--config-file", str(config), "--cache-dir", str(CACHE / "mypy" / f"example-{port}"))
    result = tool(Children(), "mypy", "mypy", *options, *map(str, sorted(EXAMPLES.glob("*.py"))))
    assert result.passed, result.output


def example(name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.delitem(sys.modules, name, raising=False)
    return importlib.import_module(name)


def test_the_package_says_that_it_is_typed() -> None:
    for package in ("quectel", "quectel_host"):
        assert (ROOT / "lib" / package / "py.typed").is_file()


def test_telemetry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that answers each line, ends the connection, and comes back."""
    telemetry = example("telemetry", monkeypatch)
    world = World("EC200U")
    with contextlib.closing(open_uart(world.module.url)) as uart:
        try:
            server = TlsServer(server_context(leaf("one", "telemetry.example"), 3))
            world.serve("telemetry.example", server)
            modem = Modem(uart, "EC200U")
            app = telemetry.Telemetry(modem, "internet", ("telemetry.example", 4433), TLSContext(ca=ca_pem()))
            assert app.send("temperature", 21) == b"temperature=21\n"

            async def hang_up() -> None:
                for peer in server.peers:
                    peer.close()

            world.run(hang_up())
            assert app.send("temperature", -4) == b"temperature=-4\n"
            assert app.lost == 1
            app.close()
            assert not world.module.sockets
        finally:
            world.close()


def test_chat(monkeypatch: pytest.MonkeyPatch) -> None:
    chat = example("chat", monkeypatch)
    world = World("BG96")

    async def run() -> Any:
        with contextlib.closing(open_uart(world.module.url)) as uart:
            modem = AsyncModem(uart, "BG96")
            await modem.connect("internet")
            app = chat.Chat(modem)
            await app.open("echo.example", 7)
            await app.say(["line %d" % i for i in range(20)])
            await app.close()
            return app

    try:
        world.serve("echo.example", servers.tcp_echo())
        app = asyncio.run(asyncio.wait_for(run(), 60))
    finally:
        world.close()
    assert app.heard == ["line %d" % i for i in range(20)]
