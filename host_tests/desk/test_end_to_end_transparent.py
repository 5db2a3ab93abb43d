"""Driver and virtual module together: transparent access mode, plain and over TLS, on both faces."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from desk import servers
from e2e import BUFFER, HOST, PUSH, Bench, Listener, echo, go, hostile, on, play, quick, take
from kit import raises, rows
from quectel import TRANSPARENT, TLSContext
from quectel.errors import QuectelError
from vm_peers import TlsServer, ca_pem, leaf, server_context

__all__ = ["quick"]
FAMILIES = ("BG96", "EC200U")
BIG_RING = {"rx_ring": 4096}


@rows("R033", "R036", "R066")
@pytest.mark.usefixtures("quick")
@on(*FAMILIES)
def test_hostile_payload_comes_back(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve(HOST, servers.tcp_echo())
        sock = await bench.dial(mode=TRANSPARENT)
        await echo(sock, hostile(65536))
        await go(sock.close())
        stats = bench.modem.stats
        assert (stats.framing, stats.rx_lost, stats.timeouts, stats.unknown, stats.resyncs) == (0, 0, 0, 0, 0)
        assert bench.module.sockets == []
        sock = await bench.dial()  # lines again
        await echo(sock, hostile(3000))

    play(face, model, body, driver=BIG_RING)


@rows("R036", "R063", "R066")
@pytest.mark.usefixtures("quick")
@on(*FAMILIES)
def test_hostile_payload_over_tls(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        server = TlsServer(server_context(leaf("one", "server.test"), 3))
        bench.world.serve("server.test", server)
        sock = await bench.dial("server.test", 443, tls=TLSContext(ca=ca_pem()), mode=TRANSPARENT)
        await echo(sock, hostile(20000))
        await go(sock.close())
        assert server.heard == hostile(20000)

    play(face, model, body, driver=BIG_RING)


@rows("R066", "R398")
@pytest.mark.usefixtures("quick")
@on(*FAMILIES)
def test_a_server_that_is_not_trusted(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve("server.test", TlsServer(server_context(leaf("one", "server.test"), 3)))
        wrong = TLSContext(ca=servers.Authority("wrong").pem)
        with raises(QuectelError) as caught:
            await bench.dial("server.test", 443, tls=wrong, mode=TRANSPARENT)
        assert caught.value.code in (566, 579)
        sock = await bench.dial("server.test", 443, tls=TLSContext(ca=ca_pem()), mode=TRANSPARENT)
        await echo(sock, b"hello")

    play(face, model, body)


@rows("R037", "R038", "R280", "R424")
@pytest.mark.usefixtures("quick")
@on(*FAMILIES)
def test_out_and_back_in(face: str, model: str) -> None:
    """What comes while the connection is in buffer mode is read there; ATO and QISWTMD go back."""

    async def body(bench: Bench) -> None:
        with Listener(bench.world) as server:
            sock = await bench.dial(mode=TRANSPARENT)
            peer = server.accept()
            peer.sendall(b"raw")
            assert await go(sock.read(3)) == b"raw"
            await go(sock.set_mode(BUFFER))
            assert sock.mode == BUFFER
            peer.sendall(b"buffered")
            assert await go(sock.read(8)) == b"buffered"
            await go(sock.sendall(b"hello"))
            assert take(peer, 5) == b"hello"
            await go(sock.set_mode(TRANSPARENT))
            peer.sendall(b"\r\nOK\r\n")
            assert await go(sock.read(6)) == b"\r\nOK\r\n"
            await go(sock.sendall(b"AT+CSQ\r"))
            assert take(peer, 7) == b"AT+CSQ\r"
            await go(sock.set_mode(PUSH))
            peer.sendall(b"pushed")
            assert await go(sock.read(6)) == b"pushed"
            await go(sock.set_mode(BUFFER))
            await go(sock.set_mode(TRANSPARENT))
            peer.sendall(b"raw again")
            assert await go(sock.read(9)) == b"raw again"
            await go(sock.close())
            assert peer.recv(10) == b""

    play(face, model, body)


@rows("R037")
@pytest.mark.usefixtures("quick")
@on("BG96")
def test_a_lone_escape_is_data(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        with Listener(bench.world) as server:
            sock = await bench.dial(mode=TRANSPARENT)
            peer = server.accept()
            await asyncio.sleep(0.1)  # silence, as before an escape
            await go(sock.sendall(b"+++"))
            assert take(peer, 3) == b"+++"
            await go(sock.sendall(b"still"))
            assert take(peer, 5) == b"still"
            await go(sock.close())

    play(face, model, body)


@rows("R280", "R461")
@pytest.mark.usefixtures("quick")
@on(*FAMILIES)
def test_a_peer_that_closes(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        data = hostile(3000) + b"\r\nNO CARRIER\r\n and on"
        for _ in range(2):
            with Listener(bench.world) as server:
                sock = await bench.dial(mode=TRANSPARENT)
                peer = server.accept()
                peer.sendall(data)
                peer.close()
                assert await go(sock.read()) == data
                assert await go(sock.recv(10)) == b"" and sock.mode == BUFFER
                await go(sock.close())
        assert bench.module.sockets == []

    play(face, model, body, driver=BIG_RING)


@rows("R036", "R461")
@pytest.mark.usefixtures("quick")
@on("BG96")
def test_the_others_wait_and_miss_nothing(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        with Listener(bench.world) as server, Listener(bench.world, "other.example") as elsewhere:
            others: "list[Any]" = []
            for mode in (BUFFER, PUSH):
                sock = await bench.dial("other.example", mode=mode)
                others.append((sock, elsewhere.accept()))
            sock = await bench.dial(mode=TRANSPARENT)
            peer = server.accept()
            for other, far in others:
                far.sendall(b"meanwhile" * 100)
                with raises(QuectelError):
                    await go(other.recv(1))
            with raises(QuectelError):
                await go(bench.modem.command("AT"))
            peer.sendall(b"mine")
            assert await go(sock.read(4)) == b"mine"
            await go(sock.set_mode(BUFFER))
            for other, _ in others:
                assert await go(other.read(900)) == b"meanwhile" * 100
            assert await go(bench.modem.command("AT")) == []

    play(face, model, body)
