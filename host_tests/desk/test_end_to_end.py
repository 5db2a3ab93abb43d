"""Driver and virtual module together: TCP, UDP, listeners, raw commands, on both faces."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from desk import servers
from e2e import BUFFER, HOST, PUSH, SOCK_DGRAM, TCP_FAMILIES, Bench, Listener, echo, go, hostile, on, play, take
from kit import rows

BIG_RING = {"rx_ring": 4096}


@rows("R112", "R166", "R292")
@on(*TCP_FAMILIES)
def test_hostile_payload_comes_back(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        server = bench.world.serve(HOST, servers.tcp_echo())
        for mode in (BUFFER, PUSH):
            sock = await bench.dial(mode=mode)
            await echo(sock, hostile(65536))
            await go(sock.close())
        assert server.connections == 2
        stats = bench.modem.stats
        assert (stats.framing, stats.rx_lost, stats.timeouts, stats.unknown) == (0, 0, 0, 0)

    play(face, model, body, driver=BIG_RING)


@rows("R166", "R214")
@on(*TCP_FAMILIES)
def test_datagrams_stay_apart(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve(HOST, servers.udp_echo())
        for mode in (BUFFER, PUSH):
            sock = await bench.dial(mode=mode, type=SOCK_DGRAM)
            parts = [hostile(n) for n in (1, 512, 2, 300, 64)]
            for part in parts:
                assert await go(sock.send(part)) == len(part)
            assert [await go(sock.recv(1500)) for _ in parts] == parts
            await go(sock.close())

    play(face, model, body, driver=BIG_RING)


async def talk(sock: Any, data: bytes) -> None:
    for start in range(0, len(data), 301):
        part = data[start : start + 301]
        await go(sock.sendall(part))
        got = b""
        while len(got) < len(part):
            got += await go(sock.recv(512))
        assert got == part


async def by_turns(socks: "list[Any]") -> None:
    """All have sent before the first is read."""
    for i, sock in enumerate(socks):
        sock.sendall(b"%d" % i * 200)
    for i, sock in enumerate(socks):
        got = b""
        while len(got) < 200:
            got += sock.recv(512)
        assert got == b"%d" % i * 200


@rows("R112")
@on(*TCP_FAMILIES)
def test_several_sockets_at_once(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve(HOST, servers.tcp_echo())
        bench.world.serve("udp.example", servers.udp_echo())
        ways: "list[dict[str, Any]]" = [
            {},
            {"mode": PUSH},
            {"mode": BUFFER},
            {"type": SOCK_DGRAM, "host": "udp.example"},
        ]
        socks = [await bench.dial(**way) for way in ways]
        assert len({sock.id for sock in socks}) == 4
        talks = [talk(sock, hostile(400 * (i + 1)) + b"%d" % i) for i, sock in enumerate(socks)]
        if face == "asyncio":
            await asyncio.gather(*talks)
        else:
            await by_turns(socks)
            for one in talks:
                await one
        for sock in socks:
            await go(sock.close())

    play(face, model, body, driver=BIG_RING)


@rows("R118", "R217", "R414")
@on("BC65", "BC25")
def test_listener_with_two_clients(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        listener = bench.modem.socket()
        listener.settimeout(5)
        listener.bind(("", 2020))
        await go(listener.listen())
        where = bench.module.sockets[0]["local"]
        with socket.create_connection(where, 5) as one, socket.create_connection(where, 5) as two:
            one.sendall(b"from one")
            two.sendall(b"from two")
            served = [(await go(listener.accept()))[0] for _ in range(2)]
            assert len({sock.id for sock in (listener, *served)}) == 3
            names = {}
            for sock in served:
                sock.settimeout(5)
                name = await go(sock.read(8))
                names[name] = sock
                await go(sock.sendall(b"hello " + name))
            assert set(names) == {b"from one", b"from two"}
            assert (take(one, 14), take(two, 14)) == (b"hello from one", b"hello from two")
            one.close()
            assert await go(names[b"from one"].recv(10)) == b""
            await go(names[b"from one"].close())
            await go(names[b"from two"].close())
            assert two.recv(10) == b""
        await go(listener.close())
        assert bench.module.sockets == []

    play(face, model, body)


@on(*TCP_FAMILIES)
def test_disconnect_closes_what_is_open_and_connect_works_again(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve(HOST, servers.tcp_echo())
        socks = [await bench.dial() for _ in range(3)]
        await go(bench.modem.disconnect())
        assert bench.module.sockets == [] and not bench.modem.isconnected()
        for sock in socks:
            try:
                await go(sock.recv(1))
            except OSError:
                continue
            raise AssertionError("a closed socket gave something")
        await go(bench.modem.connect("internet"))
        assert bench.modem.isconnected()
        await echo(await bench.dial(), hostile(1000))

    play(face, model, body)


@on(*TCP_FAMILIES, "BC95G")
def test_raw_commands_and_urcs(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        heard: "list[bytes]" = []
        bench.modem.on_urc("+CEREG:", heard.append)
        assert await go(bench.modem.command("AT+CEREG=1")) == []
        assert (await go(bench.modem.command("AT+CGMM"))) == [bench.module.model]
        assert (await go(bench.modem.command("AT+CEREG?")))[0].startswith("+CEREG: 1,")
        bench.world.call(lambda module: module.urc("+CEREG: 5"))
        await bench.until(lambda: heard)
        assert heard == [b"+CEREG: 5"]
        try:
            await go(bench.modem.command("AT+NOSUCH=1"))
        except OSError:
            pass
        else:
            raise AssertionError("no error")
        assert await go(bench.modem.command("AT")) == []

    play(face, model, body)


@on("BC65", "EC200U")
def test_a_server_that_closes_with_unread_data(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        data = hostile(3000)
        for mode in (BUFFER, PUSH):
            with Listener(bench.world) as server:
                sock = await bench.dial(mode=mode)
                peer = server.accept()
                peer.sendall(data)
                peer.close()
                assert await go(sock.read()) == data
                assert await go(sock.recv(10)) == b""
                await go(sock.close())

    play(face, model, body, driver=BIG_RING)


@on("BC65")
def test_a_paced_line(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve(HOST, servers.tcp_echo())
        sock = await bench.dial()
        await echo(sock, hostile(2500))
        await go(sock.close())

    play(face, model, body, baud=115200)
