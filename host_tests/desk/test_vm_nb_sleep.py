"""Deep sleep of the NB families, and the keep-alive that holds it off."""

from __future__ import annotations

import asyncio

from kit import cases, rows
from vm_bench import OK, Bench, answer, play
from vm_nb import BOTH, SENT, opened
from vm_peers import until
from vm_player import Peer, UdpPeer, free_local, said

SLEEP, AWAKE = b"\r\n+QATSLEEP\r\n", b"\r\n+QATWAKEUP\r\n"


async def step(bench: Bench, ms: int) -> bytes:
    bench.module.clock.advance(ms)
    await bench.module.settle()
    return bench.module.take()


@rows("R121", "R219", "R222", "R224", "R283", "R426", "R453")
@cases(*BOTH)
def test_a_udp_socket_works_on_after_deep_sleep(model: str) -> None:
    async def run(bench: Bench) -> None:
        async with UdpPeer() as peer, Peer() as stream:
            await bench.ok("AT+QSCLK=0")
            await opened(bench, peer, 0, "UDP", ",3000,1")
            await opened(bench, stream, 1)
            assert await step(bench, 3_600_000) == b""  # without the switch it never sleeps
            await bench.ok("AT+QSCLK=1")
            assert await step(bench, 999) == b""
            assert await step(bench, 1) == SLEEP
            assert await bench.type("AT") == b""  # nobody listens
            bench.module.pin("psm_eint", 1)
            assert await bench.type("AT") == b""
            await until(lambda: stream.ended)
            bench.module.pin("psm_eint", 0, 100)
            assert bench.module.take() == AWAKE
            await bench.ok("AT+QSCLK=0")
            assert await bench.type("AT+QISTATE?") == answer('+QISTATE: 0,"UDP","127.0.0.1",80,3000,2,1,1')
            await bench.refused('AT+QIOPEN=1,0,"UDP","h.example",80', 563)
            await bench.refused("AT+QICLOSE=1", 567)
            assert await bench.type('AT+QISEND=0,10,"1234567890"') == SENT
            await until(lambda: peer.heard == [b"1234567890"])
            assert await said(bench, peer, b"x") == b'\r\n+QIURC: "recv",0\r\nx\r\n'
            assert await bench.type("AT+QICLOSE=0") == OK + b"\r\nCLOSE OK\r\n"

    play(model, run)


@rows("R121", "R283")
def test_a_listener_does_not_survive_and_a_udp_service_does() -> None:
    async def run(bench: Bench) -> None:
        loop = asyncio.get_running_loop()
        await bench.type('AT+QIOPEN=1,0,"TCP LISTENER","0.0.0.0",0,2020')
        await bench.type('AT+QIOPEN=1,1,"UDP SERVICE","0.0.0.0",0,2021')
        with free_local() as client:
            await loop.sock_connect(client, bench.module.sockets[0]["local"])
            await bench.until("incoming")
            await bench.ok("AT+QSCLK=1")
            assert await step(bench, 1000) == SLEEP
            bench.module.pin("psm_eint", 0, 100)
            assert [one["kind"] for one in bench.module.sockets] == ["UDP SERVICE"]

    play("BC25", run, options={"udp_service": True})


@rows("R426")
def test_a_half_typed_line_is_lost() -> None:
    async def run(bench: Bench) -> None:
        await bench.ok("AT+QSCLK=1")
        assert await bench.raw("AT+QIS") == b""
        assert await step(bench, 1000) == SLEEP
        bench.module.pin("psm_eint", 0, 100)
        assert bench.module.take() == AWAKE
        await bench.ok("AT")

    play("BC25", run)


@rows("R453")
def test_what_comes_during_deep_sleep_is_lost() -> None:
    async def run(bench: Bench) -> None:
        async with UdpPeer() as peer:
            await opened(bench, peer, 0, "UDP")
            await bench.type('AT+QISEND=0,1,"a"')
            await bench.ok("AT+QSCLK=1")
            assert await step(bench, 1000) == SLEEP
            before = bench.module.activity
            await until(lambda: peer.heard)
            peer.say(b"asleep")
            await until(lambda: bench.module.activity > before)
            bench.module.pin("psm_eint", 0, 100)
            assert bench.module.take() == AWAKE
            assert await bench.type("AT+QIRD=0,99") == answer("+QIRD: 0")
            assert await said(bench, peer, b"awake") == b'\r\n+QIURC: "recv",0\r\n'

    play("BC25", run)


@rows("R426")
@cases(
    (True, False, SLEEP, AWAKE), (False, False, b"", b""), ("request", False, b"", b""), ("request", True, SLEEP, AWAKE)
)
def test_options_of_the_sleep_urcs(option: object, asked: bool, down: bytes, up: bytes) -> None:
    async def run(bench: Bench) -> None:
        if asked:
            await bench.ok("AT+QATWAKEUP=1")
        assert await bench.answer("AT+QATWAKEUP?") == answer("+QATWAKEUP: %d" % asked)
        await bench.refused("AT+QATWAKEUP=2", 552)
        await bench.ok("AT+QSCLK=1")
        assert await step(bench, 2499) == b""
        assert await step(bench, 1) == down
        assert bench.module.power.state == "asleep"
        bench.module.pin("psm_eint", 0, 100)
        assert bench.module.take() == up
        assert await bench.type("AT") == b""  # the first line is lost
        assert await bench.type("AT") == OK

    play("BC25", run, options={"sleep_urcs": option, "first_at_lost": True, "sleep_after_ms": 2500})


@rows("R219", "R426")
def test_what_holds_deep_sleep_off() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            await bench.ok("AT+QSCLK=1")
            await bench.type("AT+QISEND=0,5")  # data entry
            assert await step(bench, 10_000) == b""
            bench.module.fault("send_ok_delayed", ms=5000)
            assert await bench.raw(b"abcde") == OK
            assert await step(bench, 4999) == b""
            assert await step(bench, 1) == b"\r\nSEND OK\r\n"
            bench.module.fault("dns_slow", ms=3000)
            assert await bench.type('AT+QIDNSGIP=1,"h.example"') == OK
            assert await step(bench, 2999) == b""
            assert b'"dnsgip",0,1,600' in await step(bench, 1)
            assert await step(bench, 1000) == SLEEP

    play("BC65", run)


@rows("R210", "R211", "R444", "R454", "R281")
@cases(("AT+QIKALIVE=1", 60, 10, 9), ("AT+QIKALIVE=1,5,20,2", 5, 20, 2), ("AT+QIKALIVE=1,36000,10,1", 36000, 10, 1))
def test_keep_alive_finds_a_peer_that_is_gone(line: str, idle: int, interval: int, count: int) -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            bench.module.clock.advance(3000)
            await bench.ok(line)
            assert await step(bench, idle * 10_000) == b""  # the peer is there
            bench.module.fault("half_open", id=0)
            last_s = idle + interval * count
            assert await step(bench, last_s * 1000 - 1) == b""
            assert await step(bench, 1) == b'\r\n+QIURC: "closed",0\r\n'
            assert b",3,1,0\r\n" in await bench.type("AT+QISTATE=1,0")
            await bench.refused('AT+QISEND=0,1,"a"', 567)
            assert await bench.type("AT+QICLOSE=0") == OK + b"\r\nCLOSE OK\r\n"
            assert await step(bench, last_s * 2000) == b""

    play("BC25", run)


@rows("R210", "R454")
def test_without_keep_alive_a_lost_peer_is_never_found() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await bench.ok("AT+QIKALIVE=1,5,10,1")
            await opened(bench, peer)
            bench.module.fault("half_open", id=0)
            assert await step(bench, 14_999) == b""
            await bench.ok("AT+QIKALIVE=0")
            assert await step(bench, 3_600_000) == b""
            assert await bench.type('AT+QISEND=0,1,"a"') == SENT
            await bench.ok("AT+QIKALIVE=1,5,10,1")  # counts for open connections too
            assert await step(bench, 15_000) == b'\r\n+QIURC: "closed",0\r\n'

    play("BC25", run)


@rows("R454")
def test_what_a_peer_says_begins_the_idle_time_anew() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            await bench.ok("AT+QIKALIVE=1,100,10,1")
            assert await step(bench, 60_000) == b""
            await said(bench, peer, b"still here")
            bench.module.fault("half_open", id=0)
            assert await step(bench, 109_999) == b""
            assert await step(bench, 1) == b'\r\n+QIURC: "closed",0\r\n'

    play("BC25", run)


@rows("R211", "R454", "R217")
def test_keep_alive_is_for_tcp_and_holds_deep_sleep_off() -> None:
    async def run(bench: Bench) -> None:
        loop = asyncio.get_running_loop()
        await bench.ok("AT+QIKALIVE=1,5,10,1", "AT+QSCLK=1")
        async with UdpPeer() as datagrams:
            await opened(bench, datagrams, 0, "UDP")
            await bench.type('AT+QIOPEN=1,1,"TCP LISTENER","0.0.0.0",0,2020')
            with free_local() as client:
                await loop.sock_connect(client, bench.module.sockets[1]["local"])
                await bench.until("incoming")
                bench.module.fault("half_open", id=2)
                bench.module.fault("half_open", id=0)
                assert await step(bench, 15_000) == b'\r\n+QIURC: "closed",2\r\n'
            assert await step(bench, 3_600_000) == b""
            assert [one["state"] for one in bench.module.sockets] == [2, 2, 3]
            await bench.ok("AT+QIKALIVE=0")
            assert await step(bench, 1000) == SLEEP

    play("BC25", run)


@rows("R210")
def test_a_restart_ends_keep_alive() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await bench.ok("AT+QIKALIVE=1,5,10,1")
            await opened(bench, peer)
            bench.module.fault("reboot")
            assert await step(bench, 500) == b"\r\nRDY\r\n"
            bench.module.terminal.echo = False
            assert await bench.type("AT+QIKALIVE?") == answer("+QIKALIVE: 0,60,10,9")
            await opened(bench, peer)
            bench.module.fault("half_open", id=0)
            assert await step(bench, 60_000) == b""

    play("BC25", run)
