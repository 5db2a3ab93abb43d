"""Opening, closing and state of the NB families: BC65, BC92, BC25, BC32."""

from __future__ import annotations

import socket

import pytest
from kit import cases, rows
from vm_bench import ERROR, OK, Bench, answer, play
from vm_nb import BOTH, OPEN, opened
from vm_peers import free_port, until
from vm_player import Peer, UdpPeer


@rows("R112", "R116", "R117", "R118", "R119", "R124", "R399")
@cases(*BOTH)
def test_what_open_refuses_at_once(model: str) -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer, rest=",2000")
            for line, code in (
                ('AT+QIOPEN=1,0,"TCP","h",80', 563),
                ('AT+QIOPEN=4,1,"TCP","h",80', 552),
                ('AT+QIOPEN=0,1,"TCP","h",80', 552),
                ('AT+QIOPEN=1,6,"TCP","h",80', 552),
                ('AT+QIOPEN=1,1,"SCTP","h",80', 552),
                ('AT+QIOPEN=1,1,TCP,"h",80', 552),
                ('AT+QIOPEN=1,1,"TCP",h,80', 552),
                ('AT+QIOPEN=1,1,"TCP","",80', 552),
                ('AT+QIOPEN=1,1,"TCP","h",0', 552),
                ('AT+QIOPEN=1,1,"TCP","h",65536', 552),
                ('AT+QIOPEN=1,1,"TCP","h"', 552),
                ('AT+QIOPEN=1,1,"TCP","h",80,0,2', 552),
                ('AT+QIOPEN=1,1,"TCP","h",80,0,0,2', 552),
                ('AT+QIOPEN=1,1,"TCP","h",80,0,0,0,0', 552),
                ('AT+QIOPEN=1,1,"TCP","::1",80,0,0,0', 552),
                ('AT+QIOPEN=1,1,"TCP","127.0.0.1",80,0,0,1', 552),
                ('AT+QIOPEN=1,1,"TCP","h",80,2000', 556),
                ('AT+QIOPEN=2,1,"TCP","h",80', 561),
                ('AT+QIOPEN=1,1,"TCP LISTENER","h",0', 572),
                ('AT+QIOPEN=1,1,"TCP LISTENER","h",0,0', 572),
                ('AT+QIOPEN=1,1,"UDP SERVICE","h",0,2020,0', 555),
            ):
                await bench.refused(line, code)

    play(model, run)


@rows("R116", "R310")
def test_length_of_a_domain_name() -> None:
    async def long_name(bench: Bench) -> None:
        await bench.refused('AT+QIOPEN=1,1,"TCP","%s",80' % ("x" * 51), 552)
        assert await bench.type('AT+QIOPEN=1,1,"TCP","%s",80' % ("x" * 50)) == OK + b"\r\n+QIOPEN: 1,565\r\n"

    async def no_limit(bench: Bench) -> None:
        assert await bench.type('AT+QIOPEN=1,1,"TCP","%s",80' % ("x" * 51)) == OK + b"\r\n+QIOPEN: 1,565\r\n"

    play("BC65", long_name)
    play("BC25", no_limit)


@rows("R113", "R395", "R399", "R458")
@cases(*BOTH)
def test_opens_that_fail_later(model: str) -> None:
    async def run(bench: Bench) -> None:
        for host, code in (("nowhere.example", 565), ("8.8.8.8", 566), ("2001:db8::1", 566)):
            protocol = ",0,0,1" if ":" in host else ""
            got = await bench.type('AT+QIOPEN=1,0,"TCP","%s",80%s' % (host, protocol))
            assert got == OK + b"\r\n+QIOPEN: 0,%d\r\n" % code, got
            assert b": %d," % code in await bench.type("AT+QIGETERROR")
        got = await bench.type('AT+QIOPEN=1,0,"TCP","127.0.0.1",%d' % free_port())
        assert got == OK + b"\r\n+QIOPEN: 0,566\r\n"
        assert await bench.type("AT+QISTATE?") == OK  # the id is free again
        async with Peer() as peer:
            for fault, code in (("connect_refused", 566), ("dns_failure", 565), ("pdp_drift", 561)):
                bench.module.fault(fault)
                bench.module.resolver.table["h.example"] = peer.address
                assert await bench.type(OPEN % (0, "TCP")) == OK + b"\r\n+QIOPEN: 0,%d\r\n" % code
            await opened(bench, peer)
            assert await bench.type("AT+QISTATE=1,0") == answer('+QISTATE: 0,"TCP","127.0.0.1",80,0,2,1,0')

    play(model, run)


@rows("R114", "R115", "R201", "R302")
@cases(("BC65", "", 36), ("BC65", 'AT+QICFG="open_time",7', 7), ("BC25", "", 36))
def test_open_that_times_out(model: str, before: str, limit_s: int) -> None:
    async def run(bench: Bench) -> None:
        if before:
            await bench.type(before)
        async with Peer() as peer:
            bench.module.resolver.table["h.example"] = peer.address
            bench.module.fault("connect_timeout")
            assert await bench.type(OPEN % (0, "TCP")) == OK
            assert b",1,1,0\r\n" in await bench.type("AT+QISTATE?")  # connecting
            bench.module.clock.advance(limit_s * 1000 - 1)
            await bench.module.settle()
            assert bench.module.take() == b""
            bench.module.clock.advance(1)
            await bench.module.settle()
            assert bench.module.take() == b"\r\n+QIOPEN: 0,569\r\n"

    play(model, run)


@rows("R446")
def test_close_while_connecting() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            bench.module.resolver.table["h.example"] = peer.address
            bench.module.fault("connect_timeout")
            await bench.type(OPEN % (0, "TCP"))
            assert await bench.type("AT+QISEND=0,5") == ERROR
            assert await bench.type("AT+QICLOSE=0") == OK + b"\r\nCLOSE OK\r\n"
            bench.module.clock.advance(40_000)
            await bench.module.settle()
            assert bench.module.take() == b""
            await opened(bench, peer)

    play("BC25", run)


def test_ipv6() -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6")
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            pass
    except OSError:
        pytest.skip("no IPv6 loopback")

    async def run(bench: Bench) -> None:
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
            got = await bench.type('AT+QIOPEN=1,0,"TCP","::1",%d,0,0,1' % server.getsockname()[1])
            assert got == OK + b"\r\n+QIOPEN: 0,0\r\n"

    play("BC25", run)


@rows("R009", "R105", "R122", "R123", "R125", "R178", "R179", "R425", "R445")
@cases(*BOTH)
def test_the_mode_of_an_id_is_kept(model: str) -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer, rest=",0,1")
            await bench.type("AT+QICLOSE=0")
            await opened(bench, peer)
            assert b",2,1,1\r\n" in await bench.type("AT+QISTATE=1,0")
            await bench.ok("AT+QISWTMD=0,0")
            await bench.type("AT+QICLOSE=0")
            await opened(bench, peer)
            assert b",2,1,0\r\n" in await bench.type("AT+QISTATE=1,0")

    play(model, run)


@rows("R010", "R125")
def test_what_is_left_out_is_no_value_of_before() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer, rest=",4001,0,0")
            assert b",4001,2,1,0\r\n" in await bench.type("AT+QISTATE=1,0")
            await bench.type("AT+QICLOSE=0")
            bench.module.clock.advance(50)
            await bench.module.settle()
            await opened(bench, peer)
            assert b",0,2,1,0\r\n" in await bench.type("AT+QISTATE=1,0")

    play("BC25", run)


@rows("R132", "R133", "R139", "R396")
@cases(*BOTH)
def test_close(model: str) -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            assert await bench.type("AT+QICLOSE=0") == OK
            assert b",3,1,0\r\n" in await bench.type("AT+QISTATE?")
            bench.module.clock.advance(50)
            assert bench.module.take() == b"\r\nCLOSE OK\r\n"
            assert await bench.type("AT+QISTATE?") == OK
            await bench.refused("AT+QICLOSE=0", 567)
            await bench.refused("AT+QICLOSE=6", 552)
            await bench.refused("AT+QICLOSE=0,5", 552)
            await until(lambda: peer.ended)

    play(model, run, options={"close_ok_ms": 50})


@rows("R141", "R142", "R136", "R137", "R138", "R140", "R143", "R397")
def test_state_forms() -> None:
    async def run(bench: Bench) -> None:
        await bench.ok("AT+QISTATE?", "AT+QISTATE=1,3", "AT+QISTATE=0,1", "AT+CGACT=1,2")
        async with UdpPeer() as peer:
            await opened(bench, peer, 0, "UDP")
            bench.module.resolver.table["1.2.3.4:5"] = peer.address
            await bench.type('AT+QIOPEN=2,4,"UDP","1.2.3.4",5,3000,1')
            first = '+QISTATE: 0,"UDP","127.0.0.1",80,0,2,1,0'
            second = '+QISTATE: 4,"UDP","1.2.3.4",5,3000,2,2,1'
            assert await bench.type("AT+QISTATE?") == answer(first + "\r\n\r\n" + second)
            assert await bench.type("AT+QISTATE=0,1") == answer(first)
            assert await bench.type("AT+QISTATE=0,2") == answer(second)
            assert await bench.type("AT+QISTATE=1,4") == answer(second)
            await bench.refused("AT+QISTATE=1,6", 552)
            await bench.refused("AT+QISTATE=2,0", 552)
            await bench.refused("AT+QISTATE=1", 552)

    play("BC65", run)


@rows("R120", "R311")
def test_a_fixed_local_port_rests_after_closing() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer, rest=",2000")
            await bench.type("AT+QICLOSE=0")
            bench.module.clock.advance(119_999)
            await bench.refused(OPEN % (0, "TCP") + ",2000", 556)
            bench.module.clock.advance(1)
            await opened(bench, peer, rest=",2000")

    play("BC65", run, options={"local_port_wait_ms": 120_000})


@rows("R110", "R145", "R158", "R184", "R196", "R318", "R347")
@cases(
    ("+QIOPEN", '+QIOPEN: (1-3),(0-5),"TCP/UDP/TCP LISTENER/UDP SERVICE","<IP_address>/<domain_name>",'),
    ("+QISEND", '+QISEND: (0-5),(1-1440),"<data>"'),
    ("+QISENDEX", '+QISENDEX: (0-5),(1-1440),"<hex_string>"'),
    ("+QIRD", "+QIRD: (0-5),(1-1024)"),
    ("+QNTP", '+QNTP: (1-3),"<server>"[,<port>[,(0,1)]]'),
    ("+QICFG", '+QICFG: "open_time",(1-36)'),
)
def test_ranges_of_bc65(name: str, shown: str) -> None:
    async def run(bench: Bench) -> None:
        got = await bench.type("AT%s=?" % name)
        assert shown.encode() in got and got.endswith(OK)

    play("BC65", run)
