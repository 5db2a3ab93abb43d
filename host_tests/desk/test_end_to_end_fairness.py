"""Tasks that share a modem are served in turn, whatever each of them does."""

from __future__ import annotations

import asyncio

from desk import servers
from e2e import Bench, echo, hostile, on, play


@on("BC25", "EC200U", faces=("asyncio",))
def test_echoes_side_by_side(face: str, model: str) -> None:
    """Three sockets and a task with commands: until all have done their share nobody is ahead by half."""

    async def body(bench: Bench) -> None:
        bench.world.serve("echo.example", servers.tcp_echo())
        laps = [0, 0, 0]
        ahead = 0

        async def runner(i: int) -> None:
            nonlocal ahead
            sock = await bench.dial("echo.example")
            while min(laps) < 40:
                await echo(sock, hostile(200))
                laps[i] += 1
                ahead = max(ahead, laps[i] - min(laps)) if min(laps) else 0
            await sock.close()

        async def asker() -> int:
            asked = 0
            while min(laps) < 40:
                assert await bench.modem.command("AT+CGMM") == [model]
                asked += 1
            return asked

        *_, asked = await asyncio.gather(runner(0), runner(1), runner(2), asker())
        assert max(laps) < 60 and ahead < 20, (laps, ahead)
        assert 10 < asked < 1000, (laps, asked)

    play(face, model, body, driver={"rx_ring": 2048})


@on("BC25", "EC200U", faces=("asyncio",))
def test_calls_of_every_kind_come_to_their_turn(face: str, model: str) -> None:
    """Two tasks that send commands all the time, one that opens and closes, one that pings: none waits for long."""

    async def body(bench: Bench) -> None:
        bench.world.serve("echo.example", servers.tcp_echo())
        bench.world.options(answer_ms=2)
        laps = {"one": 0, "two": 0, "open": 0, "ping": 0}

        async def again(name: str) -> None:
            while min(laps.values()) < 5:
                if name == "open":
                    await (await bench.dial("echo.example")).close()
                elif name == "ping":
                    await bench.modem.ping("echo.example", count=1)
                else:
                    assert await bench.modem.command("AT+CGMM") == [model]
                laps[name] += 1

        await asyncio.gather(*map(again, laps))
        assert abs(laps["one"] - laps["two"]) <= 1, laps

    play(face, model, body)
