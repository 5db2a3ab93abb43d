"""An asyncio modem with nothing to do waits for its UART: it takes no turn and asks the heap for nothing."""

from __future__ import annotations

import asyncio
import errno
import subprocess
from pathlib import Path
from typing import Any

import pytest
from desk import runtimes, servers
from desk.common import ROOT
from e2e import World
from kit import count
from quectel import AsyncModem
from quectel_host import open_uart

MICROPYTHON = runtimes.find_unix_vm()


@pytest.mark.skipif(MICROPYTHON is None, reason=runtimes.NO_UNIX_VM)
def test_in_the_vm() -> None:
    world = World("BC25")
    try:
        world.serve("echo.example", servers.tcp_echo())
        assert MICROPYTHON is not None
        script = Path(__file__).with_name("vm_idle.py")
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        vm = runtimes.start_unix(MICROPYTHON, script, [world.module.url], path=[ROOT / "lib"], **pipes)
        try:
            output, _ = vm.communicate(timeout=90)
        finally:
            vm.kill()
            vm.communicate()
    finally:
        world.close()
    lines = output.splitlines()
    assert lines == [
        "online 0 0", "connected 0 0", "receiving 0 0", "echoed b'ping' True", "limit %d" % errno.ETIMEDOUT,
        "again 0 0", "watched True True", "at once True", "unpolled ['BC25']", "every 20 ms True",
    ]  # fmt: skip
    count("heap bytes, an idle asyncio modem and its loop", int(lines[1].split()[1]))


def test_on_cpython() -> None:
    world = World("BC25")
    looks = 0

    async def body() -> None:
        nonlocal looks
        modem: Any = AsyncModem(open_uart(world.module.url), "BC25")
        await modem.connect("internet")
        polled = modem._read

        def counted(engine: object) -> bool:
            nonlocal looks
            looks += 1
            return bool(polled(engine))

        modem._read = counted
        for _ in range(20):  # what is still to come may come late
            looks = 0
            await asyncio.sleep(0.2)
            if not looks:
                break
        assert looks == 0
        assert await modem.command("AT+CGMM") == ["BC25"]
        assert looks
        await modem.aclose()
        modem.uart.close()

    try:
        asyncio.run(body())
    finally:
        world.close()
