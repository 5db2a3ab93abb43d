"""Driver and virtual module together: restarts of either, and a context that the network takes away."""

from __future__ import annotations

import errno

import pytest
from desk import servers
from e2e import PUSH, SOCK_DGRAM, TCP_FAMILIES, Bench, echo, go, hostile, hurry, on, play
from kit import raises, rows
from test_end_to_end_faults import fails, still_works

__all__ = ["hurry"]


@rows("R439")
@on(*TCP_FAMILIES)
def test_a_module_that_restarts(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve("echo.example", servers.tcp_echo())
        stream, push = await bench.dial("echo.example"), await bench.dial("echo.example", mode=PUSH)
        datagrams = await bench.dial("echo.example", type=SOCK_DGRAM)
        await echo(stream, hostile(1000))
        bench.world.fault("reboot")
        await fails(lambda: stream.recv(1), errno.ECONNRESET)
        await fails(lambda: push.sendall(b"x"), errno.ECONNRESET)
        await fails(lambda: datagrams.recv(1), errno.ECONNRESET)
        assert not bench.modem.isconnected()
        await go(bench.modem.connect("internet"))
        await go(stream.connect(("echo.example", 7)))  # the same socket
        await echo(stream, hostile(1000))
        for sock in (stream, push, datagrams):
            await go(sock.close())
        await still_works(bench)

    play(face, model, body, options={"boot_ms": 20})


@rows("R439")
@on("BC65", "EC200U")
@pytest.mark.usefixtures("hurry")
def test_a_module_that_restarts_anywhere(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve("echo.example", servers.tcp_echo())
        for at_byte in (0, 9, 21, 50, 1100, 1500):
            sock = await bench.dial("echo.example")
            bench.world.fault("reboot", at_byte=at_byte)
            with raises(OSError):
                await echo(sock, hostile(20000))
            await go(sock.close())
            await go(bench.modem.connect("internet"))
        await still_works(bench)

    play(face, model, body, options={"boot_ms": 5})


@rows("R301", "R399")
@on(*TCP_FAMILIES)
def test_a_second_start_of_the_microcontroller(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve("echo.example", servers.tcp_echo())
        for _ in range(3):
            await bench.dial("echo.example")
        await bench.rest()
        bench.another()
        assert len(bench.module.sockets) == 3
        await go(bench.modem.connect("internet"))
        assert bench.module.sockets == []
        await still_works(bench)

    play(face, model, body)


@on("BG96", "EC200U")
def test_pdp_context_taken_by_the_network(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve("echo.example", servers.tcp_echo())
        sock = await bench.dial("echo.example")
        bench.world.fault("pdp_dropped")
        await fails(lambda: sock.recv(1), errno.ECONNRESET)
        await go(sock.close())
        assert not bench.modem.isconnected()
        await go(bench.modem.connect("internet"))
        assert bench.modem.isconnected()
        await still_works(bench)

    play(face, model, body)
