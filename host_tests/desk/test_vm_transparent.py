"""Transparent mode, over TCP and over TLS: in, out and back, and what it does with the data."""

from __future__ import annotations

import asyncio
import hashlib
import random

import vm_peers as peers
from kit import cases, rows
from vm_bench import ERROR, OK, Bench, play
from vm_lte import BOTH, opened, passed, transparent
from vm_peers import until
from vm_player import Peer, said
from vm_ssl import LTE, ready
from vm_ssl import opened as opened_tls

OPEN_TLS = 'AT+QSSLOPEN=1,1,%d,"server.test",443,2'
LOST = b"\r\nNO CARRIER\r\n"


async def left(bench: Bench, ms: int = 200) -> bytes:
    """What was typed leaves the module by then, unless it is held back; returns what comes back."""
    return passed(bench, ms) + await bench.raw(b"")


async def escape(bench: Bench) -> bytes:
    """Silence, three +, silence."""
    passed(bench, 1000)
    await bench.raw(b"+++")
    return passed(bench, 1000) + await bench.raw(b"")


@rows("R036", "R037", "R038", "R280", "R423", "R424", "R461", "R462")
@cases(*BOTH)
def test_over_tcp(model: str) -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await transparent(bench, peer)
            assert await bench.raw(b"AT+CSQ\r+++") == b""
            await left(bench)
            await until(lambda: peer.heard == b"AT+CSQ\r+++")  # no silence before: data
            bench.module.urc("+HELD")
            assert await said(bench, peer, b"raw\r\nOK\r\n") == b"raw\r\nOK\r\n"
            assert passed(bench, 799) == b""
            await bench.raw(b"+++")
            await left(bench)
            await until(lambda: peer.heard == b"AT+CSQ\r++++++")
            assert passed(bench, 800) == b""
            bench.module.feed(b"++")
            bench.module.feed(b"+")
            assert passed(bench, 999) == b""
            assert passed(bench, 1) == OK + b"\r\n+HELD\r\n"
            assert peer.heard == b"AT+CSQ\r++++++"
            assert b",2,1,0,0," in await bench.type("AT+QISTATE=1,0")
            assert await said(bench, peer, b"later") == b'\r\n+QIURC: "recv",0\r\n'
            assert await bench.type("ATO") == b"\r\nCONNECT\r\nlater"
            peer.links[-1].close()
            assert await bench.until("CARRIER") == LOST
            assert await bench.type("ATO") == LOST
            assert b",4,1,0,0," in await bench.type("AT+QISTATE=1,0")

    play(model, run)


@rows("R037", "R280")
def test_pluses_that_are_data() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await transparent(bench, peer)
            passed(bench, 5000)
            await bench.raw(b"++")
            await left(bench, 1200)
            assert peer.heard == b"++"
            passed(bench, 5000)
            bench.module.feed(b"+++")
            await bench.raw(b"x")
            await left(bench)
            assert peer.heard == b"+++++x"

    play("BG96", run)


@rows("R037")
@cases((400, 600, True), (400, 601, False))
def test_three_pluses_have_one_second(first_ms: int, second_ms: int, out: bool) -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await transparent(bench, peer)
            passed(bench, 5000)
            bench.module.feed(b"+")
            passed(bench, first_ms)
            bench.module.feed(b"+")
            passed(bench, second_ms)
            bench.module.feed(b"+")
            assert await left(bench, 1200) == (OK if out else b"")
            assert peer.heard == (b"" if out else b"+++")

    play("EC200U", run)


@rows("R036")
@cases(*BOTH)
def test_packets(model: str) -> None:
    """ "transpktsize" bytes leave at once, fewer after "transwaittm"; what is collected leaves before +++ does."""

    async def run(bench: Bench) -> None:
        await bench.ok('AT+QICFG="transpktsize",10', 'AT+QICFG="transwaittm",3', "AT&D1")
        async with Peer() as peer:
            await transparent(bench, peer)
            await bench.raw(b"123456789")
            assert peer.heard == b""
            await bench.raw(b"0ab")
            assert peer.heard == b"1234567890"
            await left(bench, 299)
            assert peer.heard == b"1234567890"
            await left(bench, 1)
            assert peer.heard == b"1234567890ab"
            assert await escape(bench) == OK
            await bench.ok('AT+QICFG="transwaittm",20')
            assert await bench.type("ATO") == b"\r\nCONNECT\r\n"
            await bench.raw(b"last")
            passed(bench, 1000)
            await bench.raw(b"+++")
            await left(bench, 999)
            assert peer.heard == b"1234567890ab"
            bench.module.pin("dtr", 1)  # the other way out; what looked like one is data
            await bench.module.settle()
            assert bench.module.take() == OK
            assert peer.heard == b"1234567890ablast+++"
            await bench.ok('AT+QICFG="transwaittm",0')
            assert await bench.type("ATO") == b"\r\nCONNECT\r\n"
            await bench.raw(b"x")
            assert peer.heard == b"1234567890ablast+++x"

    play(model, run)


@rows("R036")
def test_packets_with_the_unit_that_ec200u_prints() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await transparent(bench, peer)
            await bench.raw(b"x")
            await left(bench, 2)
            assert peer.heard == b"x"

    play("EC200U", run, options={"transwait_unit_ms": 1})


@rows("R036", "R280", "R462")
@cases((0, {}), (1, {}), (2, {}), (2, {"dtr_off": "OK"}))
def test_dtr(setting: int, options: dict[str, object]) -> None:
    async def run(bench: Bench) -> None:
        await bench.ok("AT&D%d" % setting)
        async with Peer() as peer:
            await transparent(bench, peer)
            bench.module.pin("dtr", 1, 50)
            await bench.module.settle()
            said_so = {0: b"", 1: OK, 2: (options and OK) or LOST}[setting]
            assert bench.module.take() == said_so
            if said_so == OK:
                assert await bench.type("AT+QISWTMD=0,2") == b"\r\nCONNECT\r\n"
            elif setting == 2:
                await until(lambda: peer.ended)
                assert b",4,1,0,0," in await bench.type("AT+QISTATE=1,0")
                await bench.ok("AT+QICLOSE=0")

    play("BG96", run, options=options)


@rows("R038", "R423", "R280")
@cases(*BOTH)
def test_ato_has_nowhere_to_go(model: str) -> None:
    async def run(bench: Bench) -> None:
        assert await bench.type("ATO") == LOST
        async with Peer() as peer:
            await transparent(bench, peer)
            assert await escape(bench) == OK
            peer.links[-1].close()
            assert await bench.until("closed") == b'\r\n+QIURC: "closed",0\r\n'
            assert await bench.type("ATO") == LOST
            await bench.ok("AT+QICLOSE=0")
            await opened(bench, peer)  # the same id, but nobody was transparent with it
            assert await bench.type("ATO") == LOST

    play(model, run)


@rows("R038")
def test_ato_goes_back_to_the_last_one() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await transparent(bench, peer)
            assert await escape(bench) == OK
            assert await bench.type('AT+QIOPEN=1,1,"TCP","h.example",80,0,2') == b"\r\nCONNECT\r\n"
            assert await escape(bench) == OK
            assert await bench.type("ATO") == b"\r\nCONNECT\r\n"
            assert bench.connection(1).mode == 2 and bench.connection(0).mode == 0

    play("BG96", run)


@rows("R461")
@cases(*BOTH)
def test_others_wait_while_the_port_is_lent(model: str) -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as other, Peer() as peer:
            await opened(bench, other, 5)
            await transparent(bench, peer)
            assert await said(bench, other, b"for later") == b""
            other.links[-1].close()
            await until(lambda: bench.connection(5).state == 4)
            assert await said(bench, peer, b"raw") == b"raw"
            assert await escape(bench) == OK + b'\r\n+QIURC: "recv",5\r\n\r\n+QIURC: "closed",5\r\n'
            assert await bench.type("AT+QIRD=5,100") == b"\r\n+QIRD: 9\r\nfor later\r\n" + OK

    play(model, run)


@rows("R280", "R461")
@cases(*BOTH)
def test_context_lost_in_transparent_mode(model: str) -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await transparent(bench, peer)
            bench.module.network.drop_pdp(1)
            assert await bench.raw(b"") == LOST + b'\r\n+QIURC: "pdpdeact",1\r\n'

    play(model, run)


def test_a_service_has_no_transparent_mode() -> None:
    async def run(bench: Bench) -> None:
        await bench.ok("AT+QIACT=1")
        await bench.type('AT+QIOPEN=1,2,"UDP SERVICE","127.0.0.1",0,3030')
        await bench.refused("AT+QISWTMD=2,2", 572)
        await bench.ok("AT+QISWTMD=2,1")

    play("BG96", run)


def test_transparent_mode_loses_nothing() -> None:
    async def run(bench: Bench) -> None:
        async with Peer(4096) as peer:
            await transparent(bench, peer)
            data = bytes(range(256)) * 400
            peer.links[-1].pause_reading()
            await bench.raw(data)
            peer.links[-1].resume_reading()
            for _ in range(2000):
                bench.module.clock.advance(5)
                await asyncio.sleep(0.001)
                if len(peer.heard) == len(data):
                    break
            assert peer.heard == data

    play("BG96", run, options={"tx_buffer": 2048})


@LTE
@rows("R036", "R037", "R038", "R066", "R070", "R280", "R461", "R462", "R423", "R424")
def test_over_tls(model: str) -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good(), greeting=b"hello") as server:
            await ready(b, server.port)
            assert await b.type_until(OPEN_TLS % 4, "hello") == b"\r\nCONNECT\r\nhello"
            await b.raw(b"AT\r")
            passed(b, 200)
            assert await b.until("AT") == b"AT\r"  # the server echoes
            assert await escape(b) == OK
            server.peers[0].write(b"more")
            assert await b.until("recv") == b'\r\n+QSSLURC: "recv",4\r\n'
            assert await b.type("AT+QSSLRECV=4,100") == b"\r\n+QSSLRECV: 4\r\nmore\r\n" + OK
            server.peers[0].write(b"unread")
            assert await b.until("recv") == b'\r\n+QSSLURC: "recv",4\r\n'
            assert await b.type("ATO") == b"\r\nCONNECT\r\nunread"
            server.peers[0].close()
            assert await b.until("NO") == b"\r\nNO CARRIER\r\n"
            assert await b.type("ATO") == b"\r\nNO CARRIER\r\n"
            assert b",4,1,4,0," in await b.type("AT+QSSLSTATE=4")  # closing until it is closed
            assert await b.type("AT+QSSLCLOSE=4") == OK

    play(model, run)


@rows("R066", "R099")
def test_open_that_fails() -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.server_context(peers.leaf("other", "server.test"))) as server:
            await ready(b, server.port)
            assert await b.type_until(OPEN_TLS % 4, "ERROR") == ERROR
            assert await b.type("AT+QIGETERROR") == b"\r\n+QIGETERROR: 566,socket connection failed\r\n" + OK

    play("BG96", run)


@rows("R415")
def test_switching_ssl_may_be_refused() -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good()) as server:
            await ready(b, server.port)
            await opened_tls(b)
            await b.refused("AT+QISWTMD=4,2", 555)
            await b.refused("AT+QISWTMD=4,1", 555)

    play("EC200U", run, options={"ssl_swtmd": "ERROR"})


@LTE
@rows("R033", "R036")
def test_a_mebibyte_over_tls(model: str) -> None:
    """What the server says back is what was typed, across packets and records."""

    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good()) as server:
            await ready(b, server.port)
            assert await b.type_until(OPEN_TLS % 4, "CONNECT") == b"\r\nCONNECT\r\n"
            data = random.Random(7).randbytes(1 << 20)
            b.module.feed(data)
            got = bytearray()

            def all_back() -> bool:
                got.extend(passed(b, 5))
                return len(got) >= len(data)

            await until(all_back, 15)
            assert hashlib.sha256(got).digest() == hashlib.sha256(data).digest()

    play(model, run)
