"""Driver and virtual module together: what the LTE families have beside TLS, against real peers, on both faces."""

from __future__ import annotations

import socket
from errno import ECONNRESET, EHOSTUNREACH, ETIMEDOUT
from typing import Any

import pytest
from e2e import BUFFER, HOST, LOOPBACK, PUSH, SOCK_DGRAM, Bench, Listener, go, hostile, on, play, take
from kit import raises, rows
from quectel import QuectelError, TLSContext
from vm_peers import TlsServer, ca_pem, free_port, leaf, server_context

LTE_FAMILIES = ("BG96", "EC200U")
DATA = hostile(1400)
SAME_PORT = {"listen_same_port": True}


def datagrams() -> socket.socket:
    """A peer of Python's own."""
    sock = socket.socket(type=socket.SOCK_DGRAM)
    sock.bind((LOOPBACK, 0))
    sock.settimeout(5)
    return sock


@pytest.mark.parametrize("mode", [BUFFER, PUSH])
@on(*LTE_FAMILIES)
def test_one_service_and_two_peers(face: str, model: str, mode: int) -> None:
    """Each datagram goes where it is meant to, and tells where it is from."""

    async def body(bench: Bench) -> None:
        with datagrams() as one, datagrams() as two:
            bench.world.name("10.1.1.1:9", one.getsockname()[1])
            sock, port = bench.modem.socket(SOCK_DGRAM, mode=mode), free_port()
            sock.bind(("", port))
            sock.settimeout(5)
            peers = {one: ("10.1.1.1", 9), two: (LOOPBACK, two.getsockname()[1])}
            for i in range(4):
                for peer, where in peers.items():
                    data = b"%d" % i + DATA[: 200 * i]
                    assert await go(sock.sendto(data, where)) == len(data)
                    heard, back = peer.recvfrom(2000)
                    assert heard == data and back == (LOOPBACK, port)
                    peer.sendto(heard[::-1], back)
                    got, sender = await go(sock.recvfrom(2000))
                    assert got == data[::-1] and sender == where
                    assert await go(sock.sendto(b"!", sender)) == 1  # an answer finds its way
                    assert peer.recvfrom(9)[0] == b"!"
            two.sendto(b"", back)  # an empty one is no news
            for peer in peers:
                peer.sendto(b"last", back)
                assert (await go(sock.recvfrom(9)))[0] == b"last"
            assert not bench.modem.stats.framing and not bench.modem.stats.unknown
            await go(sock.close())

    play(face, model, body, options=SAME_PORT)


@on(*LTE_FAMILIES)
def test_who_is_heard_first(face: str, model: str) -> None:
    """A port that nobody has sent from is opened by who receives; a name is found by the module, or is not."""

    async def body(bench: Bench) -> None:
        with datagrams() as peer:
            sock, port = bench.modem.socket(SOCK_DGRAM), free_port()
            sock.bind(("", port))
            sock.settimeout(0)
            with raises(OSError):
                await go(sock.recvfrom(9))
            await bench.until(lambda: bench.module.sockets)
            await bench.until(lambda: sock.state == 2)
            peer.sendto(b"first", (LOOPBACK, port))
            sock.settimeout(5)
            assert await go(sock.recvfrom(9)) == (b"first", peer.getsockname())
            bench.world.name(HOST, peer.getsockname()[1])
            await go(sock.sendto(b"by name", (HOST, peer.getsockname()[1])))
            assert peer.recvfrom(9)[0] == b"by name"
            with raises(QuectelError) as caught:
                await go(sock.sendto(b"x", ("nowhere.example", 9)))
            assert caught.value.errno == EHOSTUNREACH
            bench.world.call(lambda module: module.network.drop_pdp(1))
            with raises(QuectelError) as caught:
                await go(sock.recvfrom(9))
            assert caught.value.errno == ECONNRESET
            await go(bench.modem.connect("internet"))
            await go(sock.sendto(b"again", peer.getsockname()))
            assert peer.recvfrom(9)[0] == b"again"

    play(face, model, body, options=SAME_PORT)


@on(*LTE_FAMILIES)
def test_clients_of_a_listener(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        server, port = bench.modem.socket(), free_port()
        server.bind(("", port))
        await go(server.listen())
        server.settimeout(5)
        for mode in (BUFFER, PUSH):
            with socket.create_connection((LOOPBACK, port), 5) as client:
                sock, address = await go(server.accept())
                assert address == client.getsockname() and sock.id >= 0
                await go(sock.set_mode(mode))
                client.sendall(DATA)
                sock.settimeout(5)
                assert await go(sock.read(len(DATA))) == DATA
                await go(sock.sendall(DATA))
                assert take(client, len(DATA)) == DATA
                client.shutdown(socket.SHUT_WR)
                assert await go(sock.recv(1)) == b""
                await go(sock.close())
        await go(server.close())
        assert bench.module.sockets == []

    play(face, model, body, options=SAME_PORT)


@on(*LTE_FAMILIES)
def test_bytes_that_the_peer_has_acknowledged(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        with Listener(bench.world) as server:
            sock = await bench.dial()
            peer = server.accept()
            await go(sock.sendall(DATA))
            assert take(peer, len(DATA)) == DATA
            await bench.until(lambda: True)
            left = await go(sock.unacked())
            for _ in range(200):
                if not left:
                    break
                left = await go(sock.unacked())
            assert left == 0
            peer.close()
            await go(sock.close())
            with raises(QuectelError):
                await go(sock.unacked())

    play(face, model, body)


@rows("R153")
@on(*LTE_FAMILIES)
def test_a_link_that_is_half_open_fails(face: str, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The peer is gone without a word: sends go well, and what was sent is never acknowledged."""
    monkeypatch.setattr("quectel.acks._EVERY_MS", 50)

    async def body(bench: Bench) -> None:
        with Listener(bench.world) as server:
            sock = await bench.dial()
            peer = server.accept()
            bench.modem.engine.ack_ms = 400
            await go(sock.sendall(DATA))
            assert take(peer, len(DATA)) == DATA
            number = sock.id
            bench.world.call(lambda module: module.fault("half_open", id=number))
            await go(sock.sendall(b"into the void"))
            sock.settimeout(10)
            with raises(QuectelError) as caught:
                await go(sock.recv(10))
            assert caught.value.errno == ETIMEDOUT and "acknowledges" in str(caught.value)
            peer.close()
            await go(sock.close())
            assert bench.module.sockets == []

    play(face, model, body)


@rows("R039")
@on(*LTE_FAMILIES)
def test_certificates_are_checked_by_the_networks_time(face: str, model: str) -> None:
    """A board without a clock, and a module that no command has set."""

    async def body(bench: Bench) -> None:
        bench.modem.net.utc = None
        bench.world.serve(HOST, TlsServer(server_context(leaf("one", HOST, years=(2025, 2026)), 3)))
        tls = TLSContext(ca=ca_pem())
        with raises(QuectelError) as caught:
            await bench.dial(HOST, 443, tls=tls)
        assert "clock is not set" in caught.value.text
        for told, good in (("25/06/01,00:00:00+32", True), ("27/06/01,00:00:00+32", False)):
            await go(bench.modem.command('AT+CCLK="08/01/04,00:00:00+00"'))
            bench.modem.net.clock = ""
            bench.world.options(network_time=told)
            if good:
                sock = await bench.dial(HOST, 443, tls=tls)
                await go(sock.sendall(b"hello"))
                assert await go(sock.read(5)) == b"hello"
                await go(sock.close())
            else:
                with raises(QuectelError) as caught:
                    await bench.dial(HOST, 443, tls=tls)
                assert caught.value.code in (566, 579)

    async def no_board(bench: Bench) -> None:
        bench.modem.net.utc = None
        await go(bench.modem.connect("internet"))
        await body(bench)

    play(face, model, no_board, online=False)


ITEMS = ["udp/readmode", "close/mode", "tcp/accept", "dataformat", "viewmode", "recvind", "sendinfo", "formatcfg"]


@pytest.mark.parametrize("item", [*ITEMS, "passiveclosed"])
@on("EC200U")
def test_settings_that_would_change_what_is_read(face: str, model: str, item: str) -> None:
    """They are found changed at the start and behind a restart, and put right; one that only the echo tells, too."""

    async def body(bench: Bench) -> None:
        values: "dict[str, Any]" = {"dataformat": [1, 1], "tcp/accept": [0]}
        good = bench.module.qicfg[item]
        for restart in (False, True):
            bench.module.qicfg[item] = values.get(item, [1])
            bench.module.terminal.data_echo = True
            if restart:
                bench.modem.net.prepared = -1
            await go(bench.modem.connect("internet"))
            assert bench.module.qicfg[item] == good and not bench.module.terminal.data_echo

    play(face, model, body, online=False)
