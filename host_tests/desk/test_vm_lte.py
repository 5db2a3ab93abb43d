"""PDP contexts, opening, servers and services of the LTE families: BG96, EC200U, EG915U."""

from __future__ import annotations

import asyncio
import socket

from kit import cases, rows
from vm_bench import OK, Bench, answer, play
from vm_lte import BOTH, SENT, opened
from vm_peers import free_port, until
from vm_player import Peer, free_local


@rows("R288", "R301")
@cases(("BG96", 16, 3, 3), ("EC200U", 7, 2, 7))
def test_contexts(model: str, contexts: int, auth_max: int, together: int) -> None:
    async def run(bench: Bench) -> None:
        assert await bench.type("AT+QICSGP=1") == answer('+QICSGP: 1,"","","",0')
        await bench.ok('AT+QICSGP=1,1,"apn","user","pass",%d' % auth_max, 'AT+QICSGP=%d,2,"x"' % contexts)
        assert await bench.type("AT+QICSGP=1") == answer('+QICSGP: 1,"apn","user","pass",%d' % auth_max)
        for wrong in ("0", str(contexts + 1), '1,4,"a"', "1,1", "1,1,a", '1,1,"a","","",%d' % (auth_max + 1)):
            await bench.refused("AT+QICSGP=" + wrong, 552)
        await bench.ok("AT+QIACT?")
        for ctx in range(1, together + 1):
            await bench.ok("AT+QIACT=%d" % ctx)
        assert (await bench.type("AT+QIACT?")).count(b"+QIACT: ") == together
        if together < contexts:
            await bench.refused("AT+QIACT=%d" % (together + 1), 572)
        await bench.ok("AT+QIACT=1", "AT+QIDEACT=1", "AT+QIDEACT=1")
        await bench.refused("AT+QIACT=0", 552)
        await bench.refused("AT+QIDEACT=%d" % (contexts + 1), 552)

    play(model, run)


@cases(*BOTH)
def test_activation_that_fails(model: str) -> None:
    async def run(bench: Bench) -> None:
        bench.module.fault("qiact_fails")
        await bench.refused("AT+QIACT=1", 561)
        bench.module.network.stat = 2
        await bench.refused("AT+QIACT=1", 561)
        await bench.refused('AT+QIOPEN=1,0,"TCP","h",80', 561)

    async def twice(bench: Bench) -> None:
        await bench.ok("AT+QIACT=1")
        await bench.refused("AT+QIACT=1", 572)

    play(model, run)
    play(model, twice, options={"qiact_active": "ERROR"})


def test_deactivation_closes_and_the_network_may_do_it_too() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            await bench.ok("AT+QIDEACT=1", "AT+QISTATE?", "AT+QIACT=1")
            await opened(bench, peer)
            bench.module.network.drop_pdp(1)
            assert bench.module.take() == b'\r\n+QIURC: "closed",0\r\n\r\n+QIURC: "pdpdeact",1\r\n'
            await until(lambda: peer.ended == 2)

    play("BG96", run)


@rows("R287", "R295", "R395", "R396", "R397")
@cases(("BG96", 16), ("EC200U", 7))
def test_open(model: str, contexts: int) -> None:
    async def run(bench: Bench) -> None:
        await bench.ok("AT+QIACT=1")
        for line, code in (
            ('%d,0,"TCP","h",80' % (contexts + 1), 552),
            ('1,12,"TCP","h",80', 552),
            ('1,0,"TCP","h",80,0,3', 552),
            ('1,0,"TLS","h",80', 552),
            ('1,0,"TCP","h"', 552),
            ('1,0,"TCP LISTENER","127.0.0.1",0', 552),
            ('1,0,"TCP LISTENER","127.0.0.1",0,2020,2', 552),
            ('2,0,"TCP","h",80', 561),
        ):
            await bench.refused("AT+QIOPEN=" + line, code)
        assert await bench.type('AT+QIOPEN=1,11,"TCP","nowhere",80') == OK + b"\r\n+QIOPEN: 11,565\r\n"
        await bench.refused('AT+QIOPEN=1,11,"TCP","nowhere",80', 563)  # taken until it is closed
        await bench.ok("AT+QICLOSE=11")
        got = await bench.type('AT+QIOPEN=1,11,"TCP","127.0.0.1",%d' % free_port())
        assert got == OK + b"\r\n+QIOPEN: 11,566\r\n"
        await bench.ok("AT+QICLOSE=11", "AT+QICLOSE=11", "AT+QICLOSE=3,0", "AT+QISTATE", "AT+QISTATE=1,0")
        await bench.refused("AT+QICLOSE=12", 552)
        await bench.refused('AT+QIOPEN=1,0,"TCP","nowhere",80,0,2', 565)
        await bench.ok("AT+QISTATE?")

    play(model, run)


@rows("R299")
@cases(*BOTH)
def test_state(model: str) -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer, 3, rest=",0,1")
            port = bench.module.sockets[0]["local"][1]
            await bench.type('AT+QIOPEN=1,4,"TCP LISTENER","127.0.0.1",0,2020')
            await bench.type('AT+QIOPEN=1,5,"UDP SERVICE","127.0.0.1",0,3030')
            shown = await bench.type("AT+QISTATE=1,3")
            assert shown == answer('+QISTATE: 3,"TCP","127.0.0.1",80,%d,2,1,3,1,"uart1"' % port)
            assert b'4,"TCP LISTENER","10.76.51.180",0,2020,3,1,4,0,"uart1"' in await bench.type("AT+QISTATE=1,4")
            assert b'5,"UDP SERVICE","10.76.51.180",0,3030,2,1,5,0,"uart1"' in await bench.type("AT+QISTATE=1,5")
            assert (await bench.type("AT+QISTATE=0,1")).count(b"+QISTATE") == 3
            await bench.ok("AT+QISTATE=0,2")
            peer.links[-1].close()
            await bench.until("closed")
            assert b",4,1,3,1," in await bench.type("AT+QISTATE=1,3")
            await bench.ok("AT+QICLOSE=3")

    play(model, run)


def test_ec200u_closes_with_a_word_when_asked() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await bench.ok('AT+QICFG="close/mode",1')
            await opened(bench, peer)
            assert await bench.type("AT+QICLOSE=0,5") == OK + b'\r\n+QIURC: "closed",0\r\n'

    play("EC200U", run)


@rows("R413")
@cases(("BG96", 11), ("EC200U", 1))
def test_listener(model: str, most: int) -> None:
    async def run(bench: Bench) -> None:
        await bench.ok("AT+QIACT=1")
        more = ",0,1" if model == "EC200U" else ""
        await bench.type('AT+QIOPEN=1,0,"TCP LISTENER","127.0.0.1",0,2020' + more)
        where = bench.module.sockets[0]["local"]
        clients = [free_local() for _ in range(most + 1)]
        for number, client in enumerate(clients[:most]):
            await asyncio.get_running_loop().sock_connect(client, where)
            shown = await bench.until("incoming")
            assert shown == b'\r\n+QIURC: "incoming",%d,0,"127.0.0.1",%d\r\n' % (11 - number, client.getsockname()[1])
        await asyncio.get_running_loop().sock_connect(clients[most], where)
        assert await bench.until("full") == b'\r\n+QIURC: "incoming full"\r\n'
        assert b'11,"TCP INCOMING"' in await bench.type("AT+QISTATE=1,11")
        for client in clients:
            client.close()

    play(model, run)


@cases(*BOTH)
def test_udp_service(model: str) -> None:
    async def run(bench: Bench) -> None:
        await bench.ok("AT+QIACT=1", "AT+QISDE=0")
        await bench.type('AT+QIOPEN=1,2,"UDP SERVICE","127.0.0.1",0,3030')
        where = bench.module.sockets[0]["local"]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.bind(("127.0.0.1", 0))
            client.settimeout(5)
            port = client.getsockname()[1]
            client.sendto(b"hello", where)
            assert await bench.until("recv") == b'\r\n+QIURC: "recv",2\r\n'
            assert await bench.type("AT+QIRD=2") == b'\r\n+QIRD: 5,"127.0.0.1",%d\r\nhello\r\n' % port + OK
            assert await bench.type('AT+QISEND=2,2,"127.0.0.1",%d' % port) == b"\r\n> "
            assert await bench.raw(b"yo") == SENT
            assert await asyncio.to_thread(client.recv, 9) == b"yo"
            await bench.ok("AT+QISWTMD=2,1")
            client.sendto(b"push", where)
            assert await bench.until("push") == b'\r\n+QIURC: "recv",2,4,"127.0.0.1",%d\r\npush\r\n' % port
        await bench.refused("AT+QISEND=2,2", 552)
        await bench.refused('AT+QISEND=2,2,"8.8.8.8",53', 552)
        await bench.refused('AT+QISEND=2,2,"localhost",%d' % port, 552)  # a dotted address only

    play(model, run)


@rows("R300")
@cases(*BOTH)
def test_dns_and_ping(model: str) -> None:
    async def run(bench: Bench) -> None:
        await bench.refused("AT+QIDNSCFG=1", 561)
        await bench.ok("AT+QIACT=1")
        assert await bench.type("AT+QIDNSCFG=1") == answer('+QIDNSCFG: 1,"8.8.8.8","8.8.4.4"')
        await bench.ok('AT+QIDNSCFG=1,"1.1.1.1","2.2.2.2"')
        assert await bench.type("AT+QIDNSCFG=1") == answer('+QIDNSCFG: 1,"1.1.1.1","2.2.2.2"')
        await bench.refused('AT+QIDNSCFG="1.1.1.1"', 552)
        assert await bench.type('AT+QIDNSGIP=1,"nowhere"') == OK + b'\r\n+QIURC: "dnsgip",565\r\n'
        assert await bench.type('AT+QPING=1,"localhost",4,1') == OK
        bench.module.clock.advance(100)
        await bench.module.settle()
        assert bench.module.take() == (b'\r\n+QPING: 0,"127.0.0.1",32,7,255\r\n\r\n+QPING: 0,1,1,0,7,7,7\r\n')
        assert await bench.type('AT+QPING=1,"nowhere"') == OK + b"\r\n+QPING: 565\r\n"
        assert await bench.type('AT+QNTP=1,"nowhere"') == OK + b"\r\n+QNTP: 565\r\n"

    play(model, run, options={"ping_ms": (7,)})


def test_stack_that_degrades() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            for _ in range(2):
                await opened(bench, peer)
                await bench.ok("AT+QICLOSE=0")
            assert await bench.type('AT+QIOPEN=1,0,"TCP","h.example",80') == OK + b"\r\n+QIOPEN: 0,552\r\n"

    play("EC200U", run, options={"dead_after_opens": 2})
