"""The worked examples of the TCP/IP documents, and the PDP contexts of the SSL ones, typed at the virtual module."""

from __future__ import annotations

import asyncio
import calendar
import socket

from kit import cases, rows
from vm_bench import Bench, play
from vm_player import Peer, Player, UdpPeer, free_local, ntp_answer

FOLDERS = (("BC65", "bc65_tcpip"), ("BC25", "bc25_tcpip"))
SERVER = "220.18.39.22"
ADDRESS = {"address": "100.127.243.105"}


async def opened(bench: Bench, peer: Peer, mode: int = 0) -> None:
    """Socket 0 connected to the peer."""
    bench.module.resolver.table[SERVER + ":8062"] = peer.address
    answer = await bench.type('AT+QIOPEN=1,0,"TCP","%s",8062,0,%d' % (SERVER, mode))
    assert answer == b"\r\nOK\r\n\r\n+QIOPEN: 0,0\r\n"


@rows("R126", "R127", "R134", "R156", "R157", "R171", "R172", "R173", "R199", "R200", "R344", "R451")
@cases(*FOLDERS)
def test_buffer_mode(model: str, folder: str) -> None:
    async def run(bench: Bench) -> None:
        player = Player(bench, folder)
        async with Peer() as peer:
            bench.module.resolver.table[SERVER + ":8062"] = peer.address
            await player.play("4.1.1")
            bench.module.fault("send_ok_delayed", skip=2, ms=1000)
            await player.play("4.1.2")
            assert peer.heard == b"12345678900123412345678901234567890"[:25]
            await player.play("4.1.3a", {0: lambda: peer.say(b"1234567890")})
            await player.play("4.1.3b", {1: lambda: peer.say(b"1234567890ab")})
            assert await bench.type("AT+QIRD=0,10") == b"\r\n+QIRD: 2,0\r\nab\r\n\r\nOK\r\n"
            peer.echo = True
            await player.play("4.1.3d")
            await player.play("4.1.4")

    play(model, run, options=ADDRESS)


@rows("R215", "R411")
@cases(*FOLDERS)
def test_buffer_full(model: str, folder: str) -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            bench.module.fault("buffer_full")
            await Player(bench, folder).play("4.1.3c", {0: lambda: peer.say(b"x")})

    play(model, run)


@rows("R144", "R214", "R448")
@cases(*FOLDERS)
def test_direct_push_mode(model: str, folder: str) -> None:
    async def run(bench: Bench) -> None:
        player = Player(bench, folder)
        async with Peer() as peer:
            bench.module.resolver.table[SERVER + ":8062"] = peer.address
            await player.play("4.2.1")
            await player.play("4.2.2")
            await bench.type('AT+QICFG="showlength",1')
            await player.play("4.2.3", {0: lambda: peer.say(b"12345"), 3: lambda: setattr(peer, "echo", True)})
            await player.play("4.2.4")

    play(model, run)


async def incoming(bench: Bench) -> socket.socket:
    """A client of the module's listener, seen as 192.168.2.2:36566."""
    client = free_local()
    bench.module.resolver.table["192.168.2.2:36566"] = client.getsockname()
    where = bench.module.sockets[0]["local"]
    await asyncio.get_running_loop().sock_connect(client, where)
    return client


@rows("R216", "R217", "R220", "R221", "R282", "R345", "R413", "R456")
@cases(*FOLDERS)
def test_listener(model: str, folder: str) -> None:
    async def run(bench: Bench) -> None:
        player = Player(bench, folder)
        await player.play("4.3.1")
        async with UdpPeer() as other:
            if model == "BC25":
                bench.module.resolver.table["7.7.7.7:7"] = other.address
                await bench.type('AT+QIOPEN=1,1,"UDP","7.7.7.7",7')
            client = await incoming(bench)
            with client:
                await player.play("4.3.2")
                await player.play("4.3.3", {0: lambda: client.send(b"test")})
                await player.play("4.3.4")

    play(model, run, options={"address": "192.168.2.6"})


@rows("R121", "R219", "R222", "R224", "R283")
def test_deep_sleep() -> None:
    async def run(bench: Bench) -> None:
        player = Player(bench, "bc25_tcpip")

        def pull() -> None:
            if bench.module.power.state == "asleep":
                bench.module.pin("psm_eint", 0, 100)

        player.waiting = pull
        async with UdpPeer() as peer:
            bench.module.resolver.table[SERVER + ":8084"] = peer.address
            await player.play("4.4")
            assert peer.heard == [b"1234567890"]

    play("BC25", run)


@rows("R223", "R124")
def test_udp_service() -> None:
    async def run(bench: Bench) -> None:
        player = Player(bench, "bc25_tcpip")
        await player.play("4.5.1")
        where = bench.module.sockets[0]["local"]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            await player.play("4.5.2", {0: lambda: client.sendto(b"AAAA", where)})
        await player.play("4.5.3")

    play("BC25", run, options={"udp_service": True, "address": "192.168.2.6"})


@rows("R182", "R183", "R341")
@cases(("BC65", "bc65_tcpip", "4.4"), ("BC25", "bc25_tcpip", "4.6"))
def test_ping(model: str, folder: str, name: str) -> None:
    async def run(bench: Bench) -> None:
        await Player(bench, folder).play(name)

    table = {"sh.quectel.com": ("220.18.23.21", 0), "220.18.23.21": ("127.0.0.1", 0)}
    play(model, run, resolver=table, options={"ping_ms": (192, 240, 241, 479)})


@rows("R185", "R186", "R187", "R188", "R309", "R350", "R361")
@cases(("BC65", "bc65_tcpip", "4.5"), ("BC25", "bc25_tcpip", "4.7"))
def test_ntp(model: str, folder: str, name: str) -> None:
    async def run(bench: Bench) -> None:
        time_s = calendar.timegm((2018, 4, 20, 3, 8, 20))
        async with UdpPeer(ntp_answer(time_s)) as server:
            bench.module.resolver.table["ntp5.aliyun.com:123"] = server.address
            await Player(bench, folder).play(name)
            again = await bench.type('AT+QNTP=1,"ntp5.aliyun.com"')
            assert again.startswith(b'\r\nOK\r\n\r\n+QNTP: 0,"')  # where BC25's document prints a blank
        assert await bench.type("AT+CCLK?") == b'\r\n+CCLK: "18/04/20,11:08:20+32"\r\n\r\nOK\r\n'

    play(model, run, options={"ntp_zone": 32})


@rows("R130", "R207")
@cases(("BC65", "bc65_tcpip", "4.6"), ("BC25", "bc25_tcpip", "4.8"))
def test_last_error(model: str, folder: str, name: str) -> None:
    play(model, lambda bench: Player(bench, folder).play(name))


@rows(*"R111 R131 R135 R146 R158 R165 R175 R176 R180 R189 R191 R197 R206 R208 R351 R352".split())
@cases(("BC65", "bc65_tcpip", "2.2"), ("BC25", "bc25_tcpip", "2.1"))
def test_test_commands(model: str, folder: str, name: str) -> None:
    play(model, lambda bench: Player(bench, folder).play(name))


@rows("R101", "R102", "R103", "R337")
@cases(("BG96", "bg96_ssl"), ("EC200U", "ec200u_ssl"), ("EG915U", "ec200u_ssl"))
def test_pdp_context(model: str, folder: str) -> None:
    async def run(bench: Bench) -> None:
        player = Player(bench, folder)
        await player.play("3.1.1", other_spelling=True)
        await player.play("3.1.2")
        await player.play("3.1.3")

    play(model, run, options={"address": "10.7.157.1"})
