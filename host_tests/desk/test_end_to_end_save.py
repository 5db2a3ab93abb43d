"""Driver and virtual module together: connections outlive a restart of the microcontroller, on both faces."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from desk import servers
from e2e import BUFFER, HOST, PUSH, SOCK_DGRAM, TCP_FAMILIES, Bench, Listener, echo, go, hostile, on, play, take
from kit import rows
from quectel import TLSContext
from test_end_to_end_sleep import SLEEPY, Pins, hurry_up, put_to_sleep
from vm_peers import TlsServer, ca_pem, leaf, server_context

__all__ = ["hurry_up"]
UDP = "udp.example"
SERVER = "server.test"
ROOM = {"rx_ring": 4096}


async def reborn(bench: Bench) -> "list[Any]":
    """The microcontroller restarts: what another driver makes of the saved bytes."""
    saved = await go(bench.modem.save())
    await bench.rest()
    found: "list[Any]" = await go(bench.another().restore(saved))
    for sock in found:
        sock.settimeout(5)
    return sorted(found, key=lambda sock: sock.id)


def numbers(bench: Bench) -> "list[int]":
    """The ids that are open at the module."""
    return sorted(bench.world.call(lambda module: [one["id"] for one in module.sockets]))


@rows("R090", "R136", "R138")
@on(*TCP_FAMILIES)
def test_tcp_goes_on(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        with Listener(bench.world) as server:
            sock = await bench.dial()
            peer = server.accept()
            data = hostile(3000)
            peer.sendall(data[:1000])
            await bench.until(lambda: sock.pending() == 1000)
            assert await go(sock.recv(300)) == data[:300]
            saved = await go(bench.modem.save())
            await bench.rest()
            peer.sendall(data[1000:2500])  # while nobody is there
            (sock,) = await go(bench.another().restore(saved))
            sock.settimeout(5)
            assert bench.modem.isconnected() and sock.state == 2
            peer.sendall(data[2500:])
            got = b""
            while len(got) < 2700:
                got += await go(sock.recv(2000))
            assert got == data[300:]
            await go(sock.sendall(data[:500]))
            assert take(peer, 500) == data[:500]
            await go(sock.close())
            assert bench.modem.stats.rx_lost == 0

    play(face, model, body, driver=ROOM)


@rows("R121", "R136", "R149")
@on(*TCP_FAMILIES)
def test_udp_and_push_mode_go_on_and_the_rest_is_closed(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve(HOST, servers.tcp_echo())
        bench.world.serve(UDP, servers.udp_echo())
        push = await bench.dial(mode=PUSH)
        udp = await bench.dial(UDP, type=SOCK_DGRAM)
        await echo(push, hostile(1000))
        await go(udp.send(b"first"))
        await bench.until(udp.pending)
        saved = await go(bench.modem.save())
        await bench.dial(mode=BUFFER)  # which nobody knows later
        await bench.rest()
        assert len(numbers(bench)) == 3
        found = await go(bench.another().restore(saved))
        push, udp = sorted(found, key=lambda sock: sock.id)
        push.settimeout(5)
        udp.settimeout(5)
        assert numbers(bench) == [push.id, udp.id]
        assert await go(udp.recv(100)) == b"first"
        await go(udp.send(b"second"))
        assert await go(udp.recv(100)) == b"second"
        assert push.mode == PUSH
        await echo(push, hostile(3000), window=1000)

    play(face, model, body, driver=ROOM)


@rows("R090", "R091")
@on("BG96", "EC200U")
def test_tls_goes_on(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve(SERVER, TlsServer(server_context(leaf("one", SERVER), 3)))
        sock = await bench.dial(SERVER, 443, tls=TLSContext(ca=ca_pem()))
        await echo(sock, hostile(2000))
        (sock,) = await reborn(bench)
        await echo(sock, hostile(2000))
        other = await bench.dial(SERVER, 443, tls=TLSContext(ca=ca_pem()))  # takes another context
        await echo(other, b"hello")
        await echo(sock, b"hello")

    play(face, model, body, driver=ROOM)


@rows("R217")
@on("BC65", "BG96", "EC200U")
def test_a_listener_goes_on(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        sock = bench.modem.socket()
        sock.bind(("", 2020))
        await go(sock.listen())
        (sock,) = await reborn(bench)
        address = bench.world.call(lambda module: next(one["local"] for one in module.sockets))
        reader, writer = await asyncio.open_connection(*address)
        client, _ = await go(sock.accept())
        client.settimeout(5)
        writer.write(b"hello")
        assert await go(client.recv(100)) == b"hello"
        (listener, client) = await reborn(bench)
        await go(client.sendall(b"still there"))
        assert await reader.readexactly(11) == b"still there"
        writer.close()
        await go(listener.close())

    play(face, model, body, driver=ROOM)


@rows("R121", "R219", "R222")
@pytest.mark.usefixtures("hurry_up")
@on("BC25", "BC65")
def test_udp_outlives_the_sleep_of_both(face: str, model: str) -> None:
    """The module is in deep sleep when the microcontroller comes back."""
    pins = Pins()

    async def body(bench: Bench) -> None:
        pins.world = bench.world
        bench.world.serve(HOST, servers.tcp_echo())
        bench.world.serve(UDP, servers.udp_echo())
        udp = await bench.dial(UDP, type=SOCK_DGRAM)
        tcp = await bench.dial()
        saved = await go(bench.modem.save())
        await put_to_sleep(bench)
        assert tcp.id == -1 or len(await go(bench.modem.save())) < len(saved)  # TCP has ended
        (udp,) = await reborn(bench)
        await go(udp.send(b"hello"))
        assert await go(udp.recv(100)) == b"hello" and bench.module.power.state != "asleep"

    play(face, model, body, driver={"pins": pins} | ROOM, options=SLEEPY)


@rows("R136", "R397")
@on("BC25", "BC65", "BG96", "EC200U")
def test_a_module_that_has_restarted_has_nothing_left(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve(HOST, servers.tcp_echo())
        await bench.dial()
        saved = await go(bench.modem.save())
        await bench.rest()
        bench.world.fault("reboot")
        modem = bench.another()
        assert await go(modem.restore(saved)) == []
        await go(modem.connect("internet"))
        await echo(await bench.dial(), hostile(1000))

    play(face, model, body, driver=ROOM, options={"boot_ms": 20})


@on("BC95G")
def test_a_family_without_sockets(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        assert await reborn(bench) == [] and bench.modem.isconnected()

    play(face, model, body)


@on("BC25")
def test_a_damaged_record_sends_nothing(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        saved = await go(bench.modem.save())
        await bench.rest()
        modem = bench.another()
        with pytest.raises(ValueError, match="damaged"):
            await go(modem.restore(saved[:-1] + bytes([saved[-1] ^ 1])))
        assert modem.stats.tx_bytes == 0

    play(face, model, body)
