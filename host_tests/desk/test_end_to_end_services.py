"""Driver and virtual module together: ping, NTP, names, DNS servers, settings, on both faces."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from errno import EHOSTUNREACH, EOPNOTSUPP, ETIMEDOUT
from typing import Any

import pytest
from e2e import HOST, LOOPBACK, TCP_FAMILIES, Bench, Listener, go, on, play
from kit import rows
from pulse import PulseClock
from quectel import NetworkError, QuectelError

NAME = "pool.example"
SINCE_1900 = 2_208_988_800
NOON = (2026, 8, 22, 12, 0, 5, 5, 234)
NOON_S = 1_787_400_005  # since 1970


class TimeServer(asyncio.DatagramProtocol):
    """An NTP server whose clock stands still."""

    port = 0

    def __init__(self) -> None:
        self.asked = 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, peer: Any) -> None:
        self.asked += 1
        self.transport.sendto(b"\x1c" + bytes(39) + struct.pack("!II", NOON_S + SINCE_1900, 0), peer)


@asynccontextmanager
async def time_server() -> AsyncIterator[TimeServer]:
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(TimeServer, (LOOPBACK, 0))
    try:
        yield server
    finally:
        transport.close()


class Rtc:
    def __init__(self) -> None:
        self.now: "tuple[int, ...]" = ()

    def datetime(self, now: "tuple[int, ...]") -> None:
        self.now = now


@rows("R181", "R182", "R274", "R457")
@on(*TCP_FAMILIES)
def test_ping(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.name(HOST, 7)
        bench.world.options(ping_ms=(20, 5000, 40))
        found = await go(bench.modem.ping(HOST, count=3, timeout_s=1))
        assert (found.sent, found.received, found.lost) == (3, 2, 1)
        assert (found.min_ms, found.max_ms, found.avg_ms) == (20, 40, 30)
        assert [(echo[1], echo[3]) for echo in found.echoes] == [(LOOPBACK, 20), ("", 0), (LOOPBACK, 40)]
        with pytest.raises(NetworkError) as caught:
            await go(bench.modem.ping("nowhere.example"))
        assert caught.value.errno == EHOSTUNREACH
        assert not bench.modem.stats.unknown

    play(face, model, body, clock=PulseClock(20))


@rows("R185", "R186", "R187", "R188", "R275", "R309")
@on(*TCP_FAMILIES)
def test_ntp(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        server = bench.world.serve(NAME, time_server())
        assert time.gmtime(NOON_S)[:8] == NOON
        for zone in (0, 32, -20):
            bench.world.options(ntp_zone=zone)
            rtc = Rtc()
            assert await go(bench.modem.ntp(NAME, rtc=rtc)) == NOON
            assert rtc.now == (2026, 8, 22, 5, 12, 0, 5, 0)
            (clock,) = await go(bench.modem.command("AT+CCLK?"))
            assert "26/08/" in clock and bench.modem.net.clock_is_set()
        assert server.asked == 3
        with pytest.raises(NetworkError) as caught:
            await go(bench.modem.ntp("nowhere.example"))
        assert caught.value.errno == EHOSTUNREACH
        assert not bench.modem.stats.unknown

    play(face, model, body)


@rows("R185", "R275", "R457")
@on("BC25", "BC65")
def test_a_time_server_that_is_silent(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        @asynccontextmanager
        async def silent() -> AsyncIterator[Any]:
            async with time_server() as server:
                server.datagram_received = lambda data, peer: None  # type: ignore[method-assign]
                yield server

        bench.world.serve(NAME, silent())
        with pytest.raises(NetworkError) as caught:
            await go(bench.modem.ntp(NAME))
        assert (caught.value.errno, caught.value.code) == (ETIMEDOUT, 2)

    play(face, model, body, clock=PulseClock(20))


@rows("R190", "R218", "R457")
@on(*TCP_FAMILIES)
def test_resolve(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        table = bench.module.resolver.table
        table[HOST] = ("127.0.0.2", 0)
        table[HOST + ":80"] = (LOOPBACK, 8080)
        table["six.example"] = ("::1", 0)
        assert sorted(await go(bench.modem.resolve(HOST))) == [LOOPBACK, "127.0.0.2"]
        assert await go(bench.modem.resolve("six.example")) == ["::1"]
        with pytest.raises(NetworkError) as caught:
            await go(bench.modem.resolve("nowhere.example"))
        assert (caught.value.errno, caught.value.code) == (EHOSTUNREACH, 565)
        assert not bench.modem.stats.unknown

    play(face, model, body)


@rows("R192", "R193", "R195", "R300")
@on(*TCP_FAMILIES)
def test_servers_and_identity(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        before = await go(bench.modem.dns_servers())
        assert before == tuple(bench.module.network.dns) and (await go(bench.modem.ifconfig()))[3] == before[0]
        assert await go(bench.modem.dns_servers("9.9.9.9", "1.1.1.1")) == ("9.9.9.9", "1.1.1.1")
        assert bench.module.network.dns == ["9.9.9.9", "1.1.1.1"] and (await go(bench.modem.ifconfig()))[3] == "9.9.9.9"
        for name in ("imei", "imsi", "iccid"):
            assert await go(bench.modem.config(name)) == bench.module.options[name]
        assert model in await go(bench.modem.config("model")) and await go(bench.modem.config("revision"))

    play(face, model, body)


@rows("R201", "R203", "R209", "R210")
@on("BC25", "BC65")
def test_settings_behind_a_restart(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        wanted: "tuple[str, Any]" = ("keepalive", (600, 20, 5)) if model == "BC25" else ("open_time", 20)
        other = "open_time" if model == "BC25" else "keepalive"
        await go(bench.modem.config(**{wanted[0]: wanted[1]}, dns=("9.9.9.9", "1.1.1.1")))
        with pytest.raises(QuectelError) as caught:
            await go(bench.modem.config(other))
        assert caught.value.errno == EOPNOTSUPP
        bench.world.fault("reboot")
        epoch = bench.modem.engine.epoch
        await bench.until(lambda: bench.modem.engine.epoch != epoch, 10)
        await go(bench.modem.connect())
        assert await go(bench.modem.config(wanted[0])) == wanted[1]
        assert bench.module.network.dns == ["9.9.9.9", "1.1.1.1"]
        with Listener(bench.world) as listener:
            sock = await bench.dial()
            if model == "BC25":
                sock.setsockopt(1, 9, 0)
                await bench.until(lambda: not bench.modem.net.due)
                assert await go(bench.modem.config("keepalive")) is None
            listener.accept()
            await go(sock.close())

    play(face, model, body, options={"boot_ms": 20})
