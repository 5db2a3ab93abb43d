"""Sending, reading and the transparent mode of the LTE families."""

from __future__ import annotations

from kit import cases, rows
from vm_bench import ERROR, OK, Bench, answer, play
from vm_lte import BOTH, SENT, opened, passed
from vm_peers import until
from vm_player import Peer, said


@rows("R292")
@cases(*BOTH)
def test_send(model: str) -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            assert await bench.type("AT+QISEND=0") == b"\r\n> "
            assert await bench.raw(b"one\x1a") == SENT
            assert await bench.type("AT+QISEND=0,4") == b"\r\n> "
            assert await bench.raw(b"\x1a\x1b\r\n") == SENT
            assert await bench.type('AT+QISENDEX=0,"32FF"') == SENT
            await until(lambda: peer.heard == b"one\x1a\x1b\r\n2\xff")
            assert await bench.type("AT+QISEND=0,0") == answer("+QISEND: 9,9,0")
            for line, code in (
                ("AT+QISEND=0,1461", 552),
                ("AT+QISEND=12", 552),
                ("AT+QISEND=1,5", 567),
                ("AT+QISEND=1,0", 567),
                ('AT+QISEND=0,5,"127.0.0.1",80', 552),
                ('AT+QISENDEX=0,"123"', 552),
                ('AT+QISENDEX=0,"%s"' % ("00" * 257), 552),
            ):
                await bench.refused(line, code)
            bench.module.fault("send_fail")
            await bench.type("AT+QISEND=0,1")
            assert await bench.raw(b"x") == b"\r\nSEND FAIL\r\n"
            await bench.type("AT+QISEND=0")
            assert await bench.raw(b"x\x1b") == OK

    play(model, run)


def test_data_echo() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            await bench.ok("AT+QISDE=1")
            assert await bench.type("AT+QISDE?") == answer("+QISDE: 1")
            await bench.type("AT+QISEND=0,3")
            assert await bench.raw(b"abc") == b"abc" + SENT

    play("BG96", run)


def test_what_ec200u_adds() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer, rest=",0,0,3,10")
            await bench.ok('AT+QICFG="formatcfg",1', 'AT+QICFG="sendinfo",1', 'AT+QICFG="recvind",1')
            assert await bench.type("AT+QISEND=0,2") == b"\r\n>\r\n"
            got = await bench.raw(b"ab")
            assert got.startswith(b"\r\n+QISEND: 0,0,") and got.endswith(OK)
            assert await said(bench, peer, b"12345") == b'\r\n+QIURC: "recv",0,5\r\n'
            await bench.type("AT+QISEND=0,2")
            assert passed(bench, 4999) == b""
            bench.module.clock.advance(1)
            await bench.module.settle()
            assert bench.module.take() == ERROR

    play("EC200U", run)


@rows("R391")
@cases(*BOTH)
def test_read(model: str) -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            assert await said(bench, peer, b"first") == b'\r\n+QIURC: "recv",0\r\n'
            assert await said(bench, peer, b"second") == b""
            assert await bench.type("AT+QIRD=0,0") == answer("+QIRD: 11,0,11")
            assert await bench.type("AT+QIRD=0,7") == b"\r\n+QIRD: 7\r\nfirstse\r\n" + OK
            assert await bench.type("AT+QIRD=0,0") == answer("+QIRD: 11,7,4")
            assert await bench.type("AT+QIRD=0") == b"\r\n+QIRD: 4\r\ncond\r\n" + OK
            assert await bench.type("AT+QIRD=0,1500") == answer("+QIRD: 0")
            await bench.refused("AT+QIRD=0,1501", 552)
            await bench.refused("AT+QIRD=1,1", 567)
            await bench.ok("AT+QISWTMD=0,1")
            assert await said(bench, peer, b"O\r\nK") == b'\r\n+QIURC: "recv",0,4\r\nO\r\nK\r\n'
            await bench.ok('AT+QICFG="viewmode",1', 'AT+QICFG="dataformat",0,1')
            assert await said(bench, peer, b"A\xff") == b'\r\n+QIURC: "recv",0,2,41FF\r\n'
            await bench.refused("AT+QISWTMD=1,1", 567)

    play(model, run)


def test_hex_data_to_send() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            await bench.ok('AT+QICFG="dataformat",1,0')
            await bench.type("AT+QISEND=0,2")
            assert await bench.raw(b"41fF") == SENT
            await until(lambda: peer.heard == b"A\xff")

    play("BG96", run)


@cases(*BOTH)
def test_settings(model: str) -> None:
    async def run(bench: Bench) -> None:
        assert await bench.type('AT+QICFG="transpktsize"') == answer('+QICFG: "transpktsize",1024')
        await bench.ok('AT+QICFG="transpktsize",1460', 'AT+QICFG="tcp/retranscfg",5,50', "AT+QIGETERROR=?")
        assert await bench.type('AT+QICFG="tcp/retranscfg"') == answer('+QICFG: "tcp/retranscfg",5,50')
        for wrong in ('"transpktsize",0', '"viewmode",2', '"nothing"', '"showlength",1'):
            await bench.refused("AT+QICFG=" + wrong, 552)
        assert b'+QICFG: "viewmode",(0-1)' in await bench.type("AT+QICFG=?")

    play(model, run)


def test_half_open_connection() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            bench.module.fault("half_open", id=0)
            for count in (4, 8):
                await bench.type("AT+QISEND=0,4")
                assert await bench.raw(b"lost") == SENT
                assert await bench.type("AT+QISEND=0,0") == answer("+QISEND: %d,0,%d" % (count, count))
            await bench.ok("AT+QICLOSE=0")
            assert peer.heard == b""

    play("BG96", run)


def test_restart_by_command() -> None:
    async def run(bench: Bench) -> None:
        await bench.ok("AT+QIACT=2")
        assert await bench.type("AT+CFUN=1,1") == OK + b"\r\nPOWERED DOWN\r\n"
        assert await bench.type("AT") == b""
        assert passed(bench, 150) == b'\r\n+QIURC: "pdpdeact",2\r\n'
        assert passed(bench, 150).startswith(b"\r\nRDY\r\n\r\nAPP RDY\r\n")
        assert await bench.type("ATE0") == b"ATE0\r" + OK
        await bench.ok("AT+QIACT?")

    play("BG96", run)


def test_restart_while_a_command_waits_for_data() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            await bench.type("AT+QISEND=0,4")
            bench.module.fault("reboot")
            bench.module.clock.advance(300)
            bench.module.take()
            bench.module.fault("qiact_slow", ms=1000)
            assert await bench.type("AT+QIACT=1") == b"AT+QIACT=1\r"
            assert await bench.type("ATE0") == b""  # the new command still runs
            bench.module.clock.advance(1000)
            await bench.module.settle()
            assert bench.module.take() == OK + b"ATE0\r" + OK

    play("BG96", run)
