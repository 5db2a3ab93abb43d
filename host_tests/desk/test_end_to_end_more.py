"""Driver and virtual module together: IPv6 on every family that has it, and modes of a TLS connection switched."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from desk import servers
from e2e import BUFFER, HOST, PUSH, SOCK_DGRAM, TCP_FAMILIES, Bench, Listener, echo, go, hostile, on, play, take
from kit import raises, rows
from quectel import AF_INET6, TRANSPARENT, QuectelError, TLSContext
from test_end_to_end_transparent import quick  # noqa: F401
from vm_peers import TlsServer, ca_pem, free_port, leaf, server_context

SIX = "2001:db8::7"
LOOPBACK6 = "::1"
BIG_RING = {"rx_ring": 4096}


@asynccontextmanager
async def echo_of_ipv6() -> "AsyncIterator[Any]":
    """A TCP echo on ::1, and a UDP echo on the same port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            writer.write(data)
        writer.close()

    class Echo(asyncio.DatagramProtocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, peer: Any) -> None:
            self.transport.sendto(data, peer)

    port = free_port(LOOPBACK6)
    server = await asyncio.start_server(serve, LOOPBACK6, port)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Echo, (LOOPBACK6, port))
    server.port = port  # type: ignore[attr-defined]
    try:
        yield server
    finally:
        transport.close()
        server.close()


@rows("R112", "R141")
@on("BC65", "BC25", "EC200U")
def test_ipv6_clients(face: str, model: str) -> None:
    """By name and by address, TCP and UDP; the same name as IPv4 is another host, which is not there."""

    async def body(bench: Bench) -> None:
        port = bench.world.serve(HOST, echo_of_ipv6()).port
        bench.module.resolver.table[HOST] = bench.module.resolver.table[SIX] = (LOOPBACK6, port)
        if model == "EC200U":
            await go(bench.modem.connect("six", pdp=2, ip="IPV6"))
        for host in (HOST, SIX):
            pdp = 2 if model == "EC200U" else 1
            sock = await bench.dial(host, 7, af=AF_INET6, pdp=pdp)
            await echo(sock, hostile(3000))
            await go(sock.close())
            sock = await bench.dial(host, 7, af=AF_INET6, type=SOCK_DGRAM, pdp=pdp)
            for data in (b"one", hostile(500)):
                await go(sock.send(data))
                assert await go(sock.recv(600)) == data
            await go(sock.close())
        if model != "EC200U":
            with raises(QuectelError) as caught:
                await bench.dial(HOST, 7)
            assert caught.value.code == 565
        assert bench.module.sockets == []

    play(face, model, body)


@rows("R118", "R217", "R220")
@on("BC65", "BC25", "EC200U")
def test_a_listener_of_ipv6(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        listener = bench.modem.socket(af=AF_INET6)
        listener.settimeout(5)
        listener.bind(("" if model == "EC200U" else SIX, 2020))
        await go(listener.listen())
        host, port = bench.module.sockets[0]["local"]
        with socket.create_connection((host, port), 5) as client:
            sock, address = await go(listener.accept())
            assert address[1] == client.getsockname()[1]
            sock.settimeout(5)
            client.sendall(hostile(900))
            assert await go(sock.read(900)) == hostile(900)
            await go(sock.sendall(b"hello"))
            assert take(client, 5) == b"hello"
            await go(sock.close())
        await go(listener.close())

    play(face, model, body)


@rows("R033", "R038", "R415", "R424")
@pytest.mark.usefixtures("quick")
@on("BG96", "EC200U")
def test_a_tls_connection_in_one_mode_after_the_other(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        server = bench.world.serve(HOST, TlsServer(server_context(leaf("one", HOST), 3)))
        sock = await bench.dial(HOST, 443, tls=TLSContext(ca=ca_pem()))
        sent = b""
        for mode in (BUFFER, PUSH, TRANSPARENT, BUFFER, TRANSPARENT, PUSH, BUFFER):
            await go(sock.set_mode(mode))
            assert sock.mode == mode
            part = b"%d" % mode + hostile(4000)
            await echo(sock, part)
            assert bench.module.sockets[0]["mode"] == mode
            sent += part
        await go(sock.close())
        assert server.heard == sent
        stats = bench.modem.stats
        assert (stats.framing, stats.rx_lost, stats.unknown, stats.timeouts) == (0, 0, 0, 0)

    play(face, model, body, driver=BIG_RING)


@rows("R415")
@on("BG96", "EC200U")
def test_a_firmware_that_switches_no_tls_connection(face: str, model: str) -> None:
    """It says so, and the connection goes on as it was."""

    async def body(bench: Bench) -> None:
        bench.world.serve(HOST, TlsServer(server_context(leaf("one", HOST), 3)))
        sock = await bench.dial(HOST, 443, tls=TLSContext(ca=ca_pem()))
        for mode in (PUSH, TRANSPARENT):
            with raises(QuectelError) as caught:
                await go(sock.set_mode(mode))
            assert caught.value.code == 555 and sock.mode == BUFFER
        await echo(sock, hostile(2000))
        await go(sock.close())

    play(face, model, body, options={"ssl_swtmd": "ERROR"})


@on("EC200U")
def test_keepalive_behind_a_restart(face: str, model: str) -> None:
    """Asked for with a socket, carried out with its connect(), and made again where a restart has undone it."""

    async def body(bench: Bench) -> None:
        bench.world.serve(HOST, servers.tcp_echo())
        sock = bench.modem.socket()
        sock.setsockopt(1, 9, 1)
        sock.settimeout(5)
        await go(sock.connect((HOST, 7)))
        assert bench.module.qicfg["tcp/keepalive"] == [1, 60, 25, 3]
        await echo(sock, hostile(2000))
        await go(sock.close())
        assert await go(bench.modem.config("keepalive")) == (60, 25, 3)
        epoch = bench.modem.engine.epoch
        bench.world.fault("reboot")
        await bench.until(lambda: bench.modem.engine.epoch != epoch, 10)
        await go(bench.modem.connect("internet"))
        assert bench.module.qicfg["tcp/keepalive"] == [1, 60, 25, 3]

    play(face, model, body)


@rows("R159")
@on("EC200U")
def test_sending_with_a_status(face: str, model: str) -> None:
    """The caller may set "sendinfo": both forms of a send are understood."""

    async def body(bench: Bench) -> None:
        bench.world.serve(HOST, servers.tcp_echo())
        sock = await bench.dial()
        await go(bench.modem.command('AT+QICFG="sendinfo",1'))
        for form in ("hex", "data"):
            sock.set_send_form(form)
            await echo(sock, hostile(2000), piece=100)
        await go(sock.close())
        assert not bench.modem.stats.unknown

    play(face, model, body)


@rows("R271", "R396", "R415")
@on("BG96", "EC200U")
def test_an_id_that_a_connection_of_the_other_kind_has(face: str, model: str) -> None:
    """Ids are shared: whoever opened it, with raw commands for instance, has it closed, and the open is repeated."""

    async def body(bench: Bench) -> None:
        bench.world.serve("plain.example", servers.tcp_echo())
        bench.world.serve(HOST, TlsServer(server_context(leaf("one", HOST), 3)))
        tls = TLSContext(ca=ca_pem(), check_time=False)
        raw = {
            "TCP": 'AT+QIOPEN=1,0,"TCP","plain.example",7,0,0',
            "SSLClient": 'AT+QSSLOPEN=1,5,0,"%s",443,0' % HOST,
        }
        for held, line in raw.items():
            await go(bench.modem.command(line))
            await bench.until(lambda: bench.module.sockets and bench.module.sockets[0]["state"] == 2)
            sock = await (bench.dial(HOST, 443, tls=tls) if held == "TCP" else bench.dial("plain.example"))
            assert sock.id == 0
            await echo(sock, hostile(2000))
            await go(sock.close())
            assert bench.module.sockets == []

    play(face, model, body)


@rows("R113", "R132", "R066")
@on(*TCP_FAMILIES)
@pytest.mark.usefixtures("quick")
def test_sockets_closed_while_they_open(face: str, model: str) -> None:
    """Each at another moment and in each mode: nothing of them is left, and the socket beside them goes on."""

    async def body(bench: Bench) -> None:
        with Listener(bench.world) as server:
            beside = await bench.dial()
            there = server.accept()
            for mode in range(bench.module.family.modes):
                for turns in (0, 1, 3, 9):
                    sock = bench.modem.socket(mode=mode)
                    sock.settimeout(0)
                    with raises(OSError):
                        await go(sock.connect((HOST, 7)))
                    for _ in range(turns):
                        await bench.turn()
                    await go(sock.close())
                    await bench.until(lambda: len(bench.module.sockets) == 1 and bench.modem.engine.owner.index < 0)
                    await go(beside.sendall(b"x"))
                    assert take(there, 1) == b"x"

    play(face, model, body)
