"""Driver and virtual module together: calls of the asyncio face that are cancelled at many points."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from desk import servers
from e2e import BUFFER, PUSH, TCP_FAMILIES, Bench, echo, hostile, on, play
from kit import rows
from quectel import TLSContext
from quectel.errors import QuectelError
from vm_peers import TlsServer, ca_pem, leaf, server_context

POINTS = (0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 22, 30, 45)


async def cancel_after(turns: int, work: "Coroutine[Any, Any, Any]") -> Any:
    """Cancel the call after some turns of the loop; its result, or what it raised."""
    task = asyncio.ensure_future(work)
    for _ in range(turns):
        await asyncio.sleep(0 if turns < 20 else 0.0001)
    task.cancel()
    return (await asyncio.gather(task, return_exceptions=True))[0]


async def nothing_left(bench: Bench) -> None:
    """Every id is free at the module and every slot in the driver."""
    await bench.until(lambda: not bench.module.sockets and not any(s.state for s in bench.modem.engine.table.slots))
    assert await bench.modem.command("AT+CGMM") == [bench.module.model]


@rows("R395")
@on("BC25", "BG96", faces=("asyncio",))
def test_connect(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve("echo.example", servers.tcp_echo())
        for slow in (0, 2):
            bench.world.options(answer_ms=slow)
            for turns in POINTS:
                sock = bench.modem.socket()
                await cancel_after(turns, sock.connect(("echo.example", 7)))
                await sock.close()
                made = await cancel_after(turns, bench.modem.create_connection(("echo.example", 7)))
                if not isinstance(made, BaseException):
                    await made.close()
                await nothing_left(bench)
        bench.world.options(answer_ms=0)
        sock = await bench.dial("echo.example")
        await echo(sock, hostile(1500))
        await sock.close()

    play(face, model, body)


@on(*TCP_FAMILIES, faces=("asyncio",))
def test_send(face: str, model: str) -> None:
    """A part is sent whole or not at all, and parts stay in order."""

    async def body(bench: Bench) -> None:
        bench.world.serve("echo.example", servers.tcp_echo())
        for mode in (BUFFER, PUSH):
            sock = await bench.dial("echo.example", mode=mode)
            other = await bench.dial("echo.example")
            for turns in POINTS:
                part = b"<%d>" % turns + hostile(300)
                await cancel_after(turns, sock.send(part))
                await sock.sendall(b"END.")
                got = b""
                while not got.endswith(b"END."):
                    got += await sock.recv(500)
                assert got in (b"END.", part + b"END."), (turns, got)
                await echo(other, hostile(100))
            await sock.close()
            await other.close()
        await nothing_left(bench)

    play(face, model, body, driver={"rx_ring": 4096})


def a_read(sock: Any, which: int, whole: int) -> "Coroutine[Any, Any, Any]":
    """One of four ways to read."""
    if which == 2:
        return sock.readline()  # type: ignore[no-any-return]
    n = (50, whole, 0, whole + 5)[which]
    return sock.recv(n) if which == 0 else sock.read(n)  # type: ignore[no-any-return]


@on(*TCP_FAMILIES, faces=("asyncio",))
def test_recv(face: str, model: str) -> None:
    """No byte is lost to a read that was cancelled."""

    async def body(bench: Bench) -> None:
        bench.world.serve("echo.example", servers.tcp_echo())
        for mode in (BUFFER, PUSH):
            sock = await bench.dial("echo.example", mode=mode)
            for turns in POINTS:
                data = b"<%d>" % turns + hostile(400) + b"\n"
                await sock.send(data)
                whole = len(data)
                got = await cancel_after(turns, a_read(sock, turns % 4, whole))
                got = got if isinstance(got, bytes) else b""
                while len(got) < whole:
                    got += await sock.recv(1000)
                assert got == data, turns
            await sock.close()
        await nothing_left(bench)

    play(face, model, body, driver={"rx_ring": 4096})


@on("BC65", "EC200U", faces=("asyncio",))
def test_close_command_and_disconnect(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve("echo.example", servers.tcp_echo())
        for turns in POINTS:
            sock = await bench.dial("echo.example")
            await cancel_after(turns, bench.modem.command("AT+CGMR"))
            assert await bench.modem.command("AT+CGMM") == [model]
            await cancel_after(turns, sock.close())
            await sock.close()
        for turns in POINTS:
            await bench.dial("echo.example")
            await cancel_after(turns, bench.modem.disconnect())
            await cancel_after(turns, bench.modem.connect("internet"))
            await bench.modem.disconnect()
            await bench.modem.connect("internet")
        await nothing_left(bench)

    play(face, model, body)


@on("BG96", "EC200U", faces=("asyncio",))
def test_tls_connect(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve("server.test", TlsServer(server_context(leaf("one", "server.test"), 3)))
        for turns in (*POINTS, 60, 100):
            bench.module.files.clear()
            tls = TLSContext(ca=ca_pem())
            sock = bench.modem.socket(tls=tls)
            await cancel_after(turns, sock.connect(("server.test", 443)))
            await sock.close()
            sock = await bench.dial("server.test", 443, tls=tls)
            await echo(sock, hostile(200))
            await sock.close()
        await nothing_left(bench)

    play(face, model, body)


@on("BC65", "EC200U", faces=("asyncio",))
def test_many_tasks_that_come_and_go(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve("echo.example", servers.tcp_echo())

        async def visit(i: int) -> int:
            try:
                sock = await bench.dial("echo.example", mode=i % 2)
            except QuectelError:
                return 0  # no slot, or no id
            try:
                await echo(sock, hostile(600 + i), window=600)
            finally:
                await sock.close()
            return 1

        tasks = [asyncio.ensure_future(visit(i)) for i in range(24)]
        for i, task in enumerate(tasks):
            await asyncio.sleep(0.002)
            if i % 3 == 1:
                task.cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert not [one for one in done if isinstance(one, Exception)], done
        assert 1 in done
        await nothing_left(bench)

    play(face, model, body)
