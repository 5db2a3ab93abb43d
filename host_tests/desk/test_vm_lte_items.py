"""QICFG items of EC200U and what they do: keep-alive, retransmission, passive close, data by itself; forms."""

from __future__ import annotations

from functools import partial

import pytest
from kit import cases
from vm_bench import ERROR, OK, Bench, answer, play
from vm_lte import BOTH, SENT, opened, passed
from vm_peers import until
from vm_player import Peer, said

CLOSED = b'\r\n+QIURC: "closed",0\r\n'
FILE_COMMANDS = "QFLDS QFLST QFDEL QFUPL QFDWL QFOPEN QFREAD QFWRITE QFSEEK QFPOSITION QFTUCAT QFCLOSE".split()


def test_a_silent_peer_is_asked_and_given_up() -> None:
    """After 60 s, and three more 25 s apart; one that lives is asked for ever, and 0 asks nobody."""

    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await bench.ok('AT+QICFG="tcp/keepalive",1,60,25,3')
            await opened(bench, peer)
            assert passed(bench, 3_600_000) == b""
            bench.module.fault("half_open", id=0)
            assert passed(bench, 60_000 + 3 * 25_000 - 1) == b""
            assert passed(bench, 1) == CLOSED
            await bench.ok("AT+QICLOSE=0", 'AT+QICFG="tcp/keepalive",0')
            await opened(bench, peer)
            bench.module.fault("half_open", id=0)
            assert passed(bench, 36_000_000) == b""

    play("EC200U", run)


@cases(("BG96", '"tcp/retranscfg",4,50', 20_000), ("EC200U", '"tcp/retranscfg",4,10', 40_000))
def test_what_nobody_acknowledges_is_given_up(model: str, setting: str, limit_ms: int) -> None:
    """Where the host has set how often it is sent again; else it is taken for ever."""

    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            bench.module.fault("half_open", id=0)
            await bench.type("AT+QISEND=0,2")
            assert await bench.raw(b"ab") == SENT
            assert passed(bench, 36_000_000) == b""
            await bench.ok("AT+QICLOSE=0", "AT+QICFG=" + setting)
            await opened(bench, peer)
            bench.module.fault("half_open", id=0)
            assert passed(bench, 36_000_000) == b""  # nothing is under way
            for _ in range(2):
                await bench.type("AT+QISEND=0,2")
                assert await bench.raw(b"ab") == SENT
            assert passed(bench, limit_ms - 1) == b""
            assert passed(bench, 1) == CLOSED
            await bench.refused("AT+QISEND=0,2", 567)

    play(model, run)


@cases(("0", b",4,1,0,0,", b"\r\n+QIRD: 6\r\nunread\r\n" + OK), ("1", b"\r\nOK\r\n", ERROR))
def test_passive_close(mode: str, state: bytes, read: bytes) -> None:
    """The module closes its side, too: the id is free, and what was not read is gone."""

    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await bench.ok('AT+QICFG="passiveclosed",' + mode)
            await opened(bench, peer)
            await said(bench, peer, b"unread")
            peer.links[-1].close()
            assert await bench.until("closed") == CLOSED
            assert state in await bench.type("AT+QISTATE=1,0")
            assert await bench.type("AT+QIRD=0,1500") == read

    play("EC200U", run)


def test_a_local_port_is_given_back_at_once() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer, rest=",2020")
            await bench.ok("AT+QICLOSE=0")
            await bench.refused('AT+QIOPEN=1,0,"TCP","h.example",80,2020', 556)
            await bench.ok('AT+QICFG="tcp/twrecycle",1')
            await opened(bench, peer, rest=",2020")

    play("EC200U", run, options={"local_port_wait_ms": 120_000})


def _has_heard(peer: Peer, data: bytes) -> bool:
    return bytes(peer.heard) == data


def test_data_that_the_module_sends_by_itself() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            assert await bench.type('AT+QICFG="send/auto",0') == answer('+QICFG: "send/auto",0,0,""')
            await bench.ok('AT+QICFG="send/auto",0,20,"6869"')
            assert await bench.type('AT+QICFG="send/auto",0') == answer('+QICFG: "send/auto",0,20,"6869"')
            passed(bench, 19_999)
            await bench.module.settle()
            assert peer.heard == b""
            for n in (1, 2):
                passed(bench, 20_000)
                await until(partial(_has_heard, peer, b"hi" * n))
            await bench.ok('AT+QICFG="send/auto",0,30')  # the same data, less often
            passed(bench, 29_999)
            await bench.module.settle()
            assert peer.heard == b"hihi"
            passed(bench, 1)
            await until(lambda: peer.heard == b"hihihi")
            await bench.ok('AT+QICFG="send/auto",0,20,""', "AT+QICLOSE=0")
            passed(bench, 100_000)
        for wrong in ("12", "0,19", '0,20,"6"', '0,20,"%s"' % ("00" * 401)):
            await bench.refused('AT+QICFG="send/auto",' + wrong, 552)

    play("EC200U", run)


def test_data_that_the_host_does_not_want() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            await bench.ok('AT+QICFG="recv/ignore",0,"70696e67"')
            assert await bench.type('AT+QICFG="recv/ignore",0') == answer('+QICFG: "recv/ignore",0,"70696E67"')
            assert await said(bench, peer, b"ping") == b""
            assert await said(bench, peer, b"pong") == b'\r\n+QIURC: "recv",0\r\n'
            assert await bench.type("AT+QIRD=0,1500") == b"\r\n+QIRD: 4\r\npong\r\n" + OK
            await bench.ok('AT+QICFG="recv/ignore",0,""')
            assert await said(bench, peer, b"ping") == b'\r\n+QIURC: "recv",0\r\n'
            await bench.ok("AT+QICLOSE=0")
        for wrong in ('"recv/ignore",12', '"recv/ignore",0,"x"', '"recv/ignore",0,41', '"recv/ignore",0,"41",1'):
            await bench.refused("AT+QICFG=" + wrong, 552)

    play("EC200U", run)


def test_how_long_an_activation_is_tried() -> None:
    async def run(bench: Bench) -> None:
        line = 'AT+QICFG="pdp/retry",'
        for which, usual in (("1,0", "4,8"), ("1,1", "4,10"), ("0,0", "4,6"), ("0,1", "4,5")):
            assert await bench.type(line + which) == answer('+QICFG: "pdp/retry",%s,%s' % (which, usual))
        await bench.ok(line + "1,0,2,5")
        assert await bench.type(line + "1,0") == answer('+QICFG: "pdp/retry",1,0,2,5')
        bench.module.fault("qiact_slow", ms=60_000)
        assert await bench.type("AT+QIACT=1") == b""
        assert passed(bench, 14_999) == b""
        assert passed(bench, 1) + await bench.raw(b"") == ERROR
        bench.module.fault("qiact_slow", ms=14_000)
        assert await bench.type("AT+QIACT=1") == b""
        assert passed(bench, 14_000) + await bench.raw(b"") == OK
        for wrong in ("1", "2,0", "1,2", "1,0,1", "1,0,5", "1,0,2,9", "0,0,2,7", "1,1,2,31", "1,0,2,5,1"):
            await bench.refused(line + wrong, 552)

    play("EC200U", run)


@cases(*BOTH)
def test_items_that_bg96_lacks(model: str) -> None:
    async def run(bench: Bench) -> None:
        shown = await bench.type("AT+QICFG=?")
        for item in ("pdp/retry", "send/auto", "recv/ignore"):
            assert (b'+QICFG: "%s",' % item.encode() in shown) is (model == "EC200U")
        if model == "BG96":
            await bench.refused('AT+QICFG="recv/ignore",0', 552)

    play(model, run)


# --- forms ----------------------------------------------------------------------------------------------------------


@cases(*BOTH)
def test_test_forms(model: str) -> None:
    async def run(bench: Bench) -> None:
        last, more = ("7", ",(1-10),(5-60)") if model == "EC200U" else ("16", "")
        want = "+QNTP: (1-%s),<server>,(1-65535),(0,1)%s" % (last, more)
        assert await bench.type("AT+QNTP=?") == answer(want)
        for name in FILE_COMMANDS:
            shown = await bench.type("AT+%s=?" % name)
            assert shown.startswith(b"\r\n+%s: <" % name.encode()) and shown.endswith(b"\r\n" + OK), name
        assert await bench.type("AT+QFLDS") == answer("+QFLDS: 0,0")
        bench.module.files.update({"a": b"12345", "b": b"6"})
        assert await bench.type("AT+QFLDS") == answer("+QFLDS: 6,2")

    play(model, run)


@cases(*BOTH)
def test_the_register_behind_send_fail(model: str) -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            bench.module.fault("send_fail")
            await bench.type("AT+QISEND=0,2")
            assert await bench.raw(b"ab") == b"\r\nSEND FAIL\r\n"
            assert (await bench.type("AT+QIGETERROR")).startswith(b"\r\n+QIGETERROR: 558,")
            await bench.type("AT+QISEND=0,2")
            assert await bench.raw(b"ab") == SENT
            assert (await bench.type("AT+QIGETERROR")).startswith(b"\r\n+QIGETERROR: 0,")

    play(model, run)


@cases(("1", '1,"10.76.51.180"'), ("2", '2,"2001:db8::b4"'), ("3", '3,"10.76.51.180","2001:db8::b4"'))
def test_addresses_of_each_type_of_context(kind: str, shown: str) -> None:
    async def run(bench: Bench) -> None:
        await bench.ok("AT+QIACTEX?", 'AT+QICSGP=1,%s,"apn"' % kind, "AT+QIACT=1")
        assert await bench.type("AT+QIACT?") == answer("+QIACT: 1,1," + shown)
        assert await bench.type("AT+QIACTEX?") == answer("+QIACTEX: 1,1," + shown)
        assert await bench.type("AT+CGPADDR=1") == answer("+CGPADDR: 1," + shown.partition(",")[2])
        await bench.ok("AT+QIDEACT=1")
        assert await bench.type("AT+QIACTEX=1,1") == OK + b"\r\n+QIACTEX: 1,0,%s\r\n" % shown.encode()

    async def bg96(bench: Bench) -> None:
        assert await bench.type("AT+QIACTEX?") == ERROR

    play("EC200U", run)
    play("BG96", bg96)


# --- the clock --------------------------------------------------------------------------------------------------------


@cases(("0", b'"08/01/04,'), ("1", b'"26/11/25,23:30:05+00"'), ("3", b'"26/11/26,07:30:05+32"'))
def test_the_clock_follows_the_network(how: str, shown: bytes) -> None:
    async def run(bench: Bench) -> None:
        assert await bench.type("AT+CTZU?") == answer("+CTZU: 0")
        assert await bench.type("AT+CTZU=?") == answer("+CTZU: (0,1,3)")
        bench.module.clock.advance(5000)
        bench.module.network.stat = 2
        await bench.ok("AT+CTZU=" + how)
        assert b"08/01/04" in await bench.type("AT+CCLK?")
        bench.module.network.stat = 1
        assert shown in await bench.type("AT+CCLK?")
        bench.module.power.restart()
        bench.module.clock.advance(10_000)
        bench.module.terminal.echo, bench.module.terminal.cmee = False, 1
        bench.module.take()
        assert await bench.type("AT+CTZU?") == answer("+CTZU: " + how)
        for wrong in ("2", "4", "", "1,1"):
            assert await bench.type("AT+CTZU=" + wrong) == b"\r\n+CME ERROR: 50\r\n"

    play("EC200U", run, options={"network_time": "26/11/25,23:30:00+32"})


@pytest.mark.parametrize("model", ["BG96", "EC200U"])
def test_a_network_that_tells_no_time(model: str) -> None:
    async def run(bench: Bench) -> None:
        await bench.ok("AT+CTZU=3")
        assert b"08/01/04" in await bench.type("AT+CCLK?")

    play(model, run)
