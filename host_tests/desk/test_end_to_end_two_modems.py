"""Two modems of two families in one program, on every pair of faces; in the VM test_drop_in.py has two."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest
from desk import servers
from e2e import HOST, World, echo, go, hostile
from kit import rows
from pulse import unhurried
from quectel import AsyncModem, Modem
from quectel_host import open_uart

__all__ = ["unhurried"]


@rows("R112", "R061")
@pytest.mark.parametrize(("first", "second"), [(AsyncModem, AsyncModem), (Modem, Modem), (Modem, AsyncModem)])
def test_side_by_side(first: Any, second: Any) -> None:
    """Sockets and counters are each one's own; one ends, and the other goes on."""
    worlds = [World("BC25"), World("EC200U")]

    async def talk(modem: Any, n: int) -> None:
        sock = await go(modem.create_connection((HOST, 7), timeout_ms=20_000))
        sock.settimeout(5)
        await echo(sock, hostile(n))
        await go(sock.close())

    async def body() -> None:
        with contextlib.ExitStack() as uarts:
            modems: "list[Any]" = []
            for kind, world in zip((first, second), worlds, strict=True):
                uart = uarts.enter_context(contextlib.closing(open_uart(world.module.url)))
                modems.append(kind(uart, world.module.family.name))
            for modem in modems:
                await go(modem.connect("internet"))
            await asyncio.gather(talk(modems[0], 6000), talk(modems[1], 9000))
            assert [modem.stats.opens for modem in modems] == [1, 1]
            await go(modems[0].disconnect())
            await talk(modems[1], 3000)
            assert not modems[0].isconnected() and modems[1].isconnected()
            for modem in modems:
                if isinstance(modem, AsyncModem):
                    await modem.aclose()

    try:
        for world in worlds:
            world.serve(HOST, servers.tcp_echo())
        asyncio.run(asyncio.wait_for(body(), 60))
    finally:
        for world in worlds:
            world.close()
