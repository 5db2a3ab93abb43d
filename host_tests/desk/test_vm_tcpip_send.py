"""Sending on the NB families."""

from __future__ import annotations

import asyncio

from kit import cases, rows
from vm_bench import ERROR, OK, Bench, play
from vm_nb import BOTH, SENT, opened
from vm_peers import until
from vm_player import Peer, said


@rows("R147", "R150", "R151", "R154", "R162", "R163", "R289", "R402", "R403", "R443")
@cases(("BC65", 1440), ("BC25", 512))
def test_what_send_refuses(model: str, limit: int) -> None:
    async def run(bench: Bench) -> None:
        await bench.type('AT+QIOPEN=1,1,"TCP LISTENER","0.0.0.0",0,2020')
        async with Peer() as peer:
            await opened(bench, peer)
            for line, code in (
                ("AT+QISEND=0,0", 552),
                ("AT+QISEND=0,%d" % (limit + 1), 552),
                ('AT+QISEND=0,3,"ab"', 552),
                ('AT+QISEND=0,3,"abcd"', 552),
                ('AT+QISEND=0,3,"abc', 552),
                ('AT+QISEND=0,3,"abc",1', 552),
                ('AT+QISEND=6,3,"abc"', 552),
                ('AT+QISEND="0",3,"abc"', 552),
                ('AT+QISEND=0,%d,"%s"' % (limit + 1, "x" * (limit + 1)), 552),
                ("AT+QISEND=6", 552),
                ("AT+QISEND=2", 572),
                ("AT+QISEND=2,5", 572),
                ('AT+QISEND=2,3,"abc"', 572),
                ("AT+QISEND=1,5", 572),
                ('AT+QISEND=1,3,"abc"', 572),
                ('AT+QISENDEX=0,2,"303"', 552),
                ('AT+QISENDEX=0,2,"3031323"', 552),
                ('AT+QISENDEX=0,2,"30xx"', 552),
                ('AT+QISENDEX=0,2,"303132"', 552),
                ("AT+QISENDEX=0,2,3031", 552),
                ("AT+QISENDEX=0,%d" % (limit + 1), 552),
                ('AT+QISENDEX=2,1,"30"', 572),
            ):
                await bench.refused(line, code)
            assert peer.heard == b""
            await bench.type("AT+QISEND=0,%d" % limit)
            assert await bench.raw(b"y" * limit) == SENT
            await until(lambda: peer.heard == b"y" * limit)

    play(model, run)


@rows("R152", "R312", "R407", "R147", "R148", "R149", "R159", "R160", "R161", "R402", "R404")
@cases(*BOTH)
def test_every_way_to_send(model: str) -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            assert await bench.type('AT+QISEND=0,4,"a",b"') == SENT
            assert await bench.type('AT+QISEND= 0 , 3 , "c\x00d" ') == SENT
            for prompt, data in (
                ("AT+QISEND=0", b"variable\x1a"),
                ("AT+QISEND=0,4", b"\x1a\x1b\r\n"),
                ("AT+QISENDEX=0", b"00fF\x1a"),
                ("AT+QISENDEX=0,2", b"3132"),
            ):
                assert await bench.type(prompt) == b"\r\n> "
                assert await bench.raw(data) == SENT
            assert await bench.type('AT+QISENDEX=0,2,"CAfe"') == SENT
            whole = b'a",b' + b"c\x00d" + b"variable" + b"\x1a\x1b\r\n" + b"\x00\xff" + b"12" + b"\xca\xfe"
            await until(lambda: peer.heard == whole)
            await bench.type("AT+QISENDEX=0")
            assert await bench.raw(b"0g\x1a") == ERROR
            assert peer.heard == whole

    play(model, run)


@rows("R148", "R443")
def test_connection_lost_during_input() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            await bench.type("AT+QISEND=0,4")
            peer.links[-1].close()
            await until(lambda: bench.connection(0).state == 3)
            got = await bench.raw(b"abcd")
            assert sorted(got.split(b"\r\n\r\n")) == sorted([b'\r\n+QIURC: "closed",0', b"ERROR\r\n"])
            await bench.refused("AT+QISEND=0", 567)

    play("BC25", run)


@rows("R148", "R153")
def test_send_fail_when_the_stack_is_full() -> None:
    async def run(bench: Bench) -> None:
        async with Peer(4096) as peer:
            await opened(bench, peer)
            peer.links[-1].pause_reading()
            results = []
            for _ in range(1000):
                results.append(await asyncio.wait_for(_send_512(bench), 5))
                if results[-1] != SENT:
                    break
            assert results[-1] == OK + b"\r\nSEND FAIL\r\n"
            assert b": 558," in await bench.type("AT+QIGETERROR")
            peer.links[-1].resume_reading()
            await until(lambda: len(peer.heard) == 512 * (len(results) - 1))

    async def _send_512(bench: Bench) -> bytes:
        bench.module.feed(b'AT+QISEND=0,512,"%s"\r' % (b"z" * 512))
        got = b""
        while not got.endswith((b"SEND OK\r\n", b"SEND FAIL\r\n")):
            await asyncio.sleep(0)
            got += bench.module.take()
        return got

    play("BC25", run, options={"tx_buffer": 2048})


def test_send_fail_by_fault() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            bench.module.fault("send_fail")
            assert await bench.type('AT+QISEND=0,1,"a"') == OK + b"\r\nSEND FAIL\r\n"
            assert await bench.type('AT+QISEND=0,1,"b"') == SENT
            bench.module.fault("error_instead_of_prompt")
            assert await bench.type("AT+QISEND=0,1") == ERROR
            await until(lambda: peer.heard == b"b")

    play("BC65", run)


@rows("R156", "R153", "R292", "R389")
def test_urcs_come_between_ok_and_send_ok() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            assert await bench.type('AT+QISEND=0,1,"a"') == OK
            assert await said(bench, peer, b"x") == b'\r\n+QIURC: "recv",0\r\n'
            await bench.refused("AT+QISEND=0,1", 568)
            bench.module.clock.advance(200)
            assert bench.module.take() == b"\r\nSEND OK\r\n"

    play("BC65", run, options={"send_ok_ms": 200})


@rows("R155", "R164")
@cases("AT+QISEND=0", "AT+QISENDEX=0")
def test_nothing_typed(line: str) -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            await bench.type(line)
            assert await bench.raw(b"\x1a") == b"\r\nSEND FAIL\r\n"

    play("BC25", run)
