"""Ping, NTP, DNS, settings and the error register of the NB families."""

from __future__ import annotations

import pytest
from kit import cases, rows
from virtual_module import VirtualModule
from vm_bench import ERROR, OK, Bench, answer, play
from vm_nb import BOTH, OPEN, opened
from vm_peers import until
from vm_player import Peer, UdpPeer


@rows("R181", "R274", "R340", "R455", "R457")
@cases(*BOTH)
def test_ping(model: str) -> None:
    async def run(bench: Bench) -> None:
        assert await bench.type('AT+QPING=1,"nowhere.example"') == OK + b"\r\n+QPING: 4\r\n"
        assert await bench.type('AT+QPING=1,"9.9.9.9",1,2,200') == OK
        for _ in range(2):
            bench.module.clock.advance(1000)
            await bench.module.settle()
        assert bench.module.take() == 2 * b"\r\n+QPING: 1\r\n" + b"\r\n+QPING: 2,2,0,2,0,0,0\r\n"
        assert await bench.type('AT+QPING=1,"127.0.0.1",1,2') == OK
        for _ in range(2):
            bench.module.clock.advance(1000)
            await bench.module.settle()
        lines = bench.module.take().split(b"\r\n")
        assert lines[1].startswith(b"+QPING: 0,127.0.0.1,32,") and lines[5].startswith(b"+QPING: 2,2,2,0,")
        for wrong in ("1", '4,"h"', '1,"h",0', '1,"h",256', '1,"h",4,11', '1,"h",4,1,31', '1,"h",4,1,201', "1,h"):
            await bench.refused("AT+QPING=" + wrong, 552)
        await bench.refused('AT+QPING=2,"h"', 561)

    play(model, run)


@rows("R275", "R457")
def test_ntp_failures() -> None:
    async def run(bench: Bench) -> None:
        assert await bench.type('AT+QNTP=1,"nowhere.example"') == OK + b"\r\n+QNTP: 4\r\n"
        for wrong in ('1,"h",0', '1,"h",123,2', '1,"h",123,1,1', "1,h"):
            await bench.refused("AT+QNTP=" + wrong, 552)

    play("BC65", run)


@rows("R190", "R218", "R457")
@cases(*BOTH)
def test_dns(model: str) -> None:
    async def run(bench: Bench) -> None:
        table = bench.module.resolver.table
        table["two.example:80"], table["two.example:81"] = ("127.0.0.1", 1), ("127.0.0.2", 2)
        got = await bench.type('AT+QIDNSGIP=1,"two.example"')
        assert got == OK + (
            b'\r\n+QIURC: "dnsgip",0,2,600\r\n\r\n+QIURC: "dnsgip","127.0.0.1"\r\n\r\n+QIURC: "dnsgip","127.0.0.2"\r\n'
        )
        assert await bench.type('AT+QIDNSGIP=1,"nowhere.example"') == OK + b'\r\n+QIURC: "dnsgip",565\r\n'
        bench.module.fault("dns_slow", ms=5000)
        assert await bench.type('AT+QIDNSGIP=1,"two.example"') == OK
        bench.module.clock.advance(5000)
        await bench.module.settle()
        assert b'"dnsgip",0,2,600' in bench.module.take()

    play(model, run)


@rows("R192", "R193", "R194", "R195", "R300")
@cases(*BOTH)
def test_dns_servers(model: str) -> None:
    async def run(bench: Bench) -> None:
        assert await bench.type("AT+QIDNSCFG?") == answer('+QIDNSCFG: "8.8.8.8","8.8.4.4"')
        await bench.ok('AT+QIDNSCFG="1.1.1.1"')
        assert await bench.type("AT+QIDNSCFG?") == answer('+QIDNSCFG: "1.1.1.1","8.8.4.4"')
        await bench.ok('AT+QIDNSCFG="1.1.1.1","2.2.2.2"')
        for wrong in ("1", '"name"', '""', '"1.1.1.1","2.2.2.2","3.3.3.3"'):
            await bench.refused("AT+QIDNSCFG=" + wrong, 552)
        bench.module.network.stat = 2
        await bench.refused('AT+QIDNSCFG="1.1.1.1"', 572)

    play(model, run)


@rows("R198", "R201", "R202", "R205", "R307", "R308")
def test_settings() -> None:
    async def run(bench: Bench) -> None:
        assert await bench.type('AT+QICFG="dataformat"') == answer('+QICFG: "dataformat",0,0')
        assert await bench.type('AT+QICFG="dataformat",0,1') == answer('+QICFG: "dataformat",0,1')
        for wrong in ('"dataformat",1,0', '"dataformat",0', '"viewmode",2', '"nothing"', "viewmode", '"open_time",0'):
            await bench.refused("AT+QICFG=" + wrong, 552)
        assert await bench.type('AT+QICFG="open_time",36') == answer('+QICFG: "open_time",36')
        await bench.refused('AT+QICFG="open_time",37', 552)

    async def bc25(bench: Bench) -> None:
        await bench.refused('AT+QICFG="open_time",5', 552)
        await bench.type('AT+QICFG="viewmode",1')
        assert await bench.type('AT+QICFG="viewmode"') == answer('+QICFG: "viewmode",0')

    play("BC65", run)
    play("BC25", bc25, options={"qicfg_omitted": "default"})


@rows("R209", "R210", "R211", "R308", "R444", "R454")
def test_keep_alive() -> None:
    async def run(bench: Bench) -> None:
        assert await bench.type("AT+QIKALIVE?") == answer("+QIKALIVE: 0,60,10,9")
        await bench.ok("AT+QIKALIVE=1,36000,20,5")
        assert await bench.type("AT+QIKALIVE?") == answer("+QIKALIVE: 1,36000,20,5")
        for wrong in ("2", "1,0", "1,36001", "1,60,9", "1,60,21", '1,60,10,9,"0"'):
            await bench.refused("AT+QIKALIVE=" + wrong, 552)
        await bench.refused('AT+QIKALIVE=1,60,10,9,"00"', 555)

    async def none(bench: Bench) -> None:
        assert await bench.type("AT+QIKALIVE?") == ERROR

    play("BC25", run)
    play("BC65", none)


@rows("R207", "R271", "R273", "R316", "R400", "R401")
def test_the_register() -> None:
    async def run(bench: Bench) -> None:
        assert await bench.type("AT+QIGETERROR") == answer("+QIGETERROR: 0,operate successfully")
        await bench.type("AT+QIRD=0,5")
        assert await bench.type("AT+QIGETERROR") == answer("+QIGETERROR: 567,socket has been closed")
        await bench.type("AT+CSQ")
        assert await bench.type("AT+QIGETERROR") == answer("+QIGETERROR: 567,socket has been closed")
        await bench.type("AT+QISTATE?")
        assert await bench.type("AT+QIGETERROR") == answer("+QIGETERROR: 0,operate successfully")

    play("BC65", run)


def test_pdp_lost() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            bench.module.fault("pdp_dropped")
            assert bench.module.take() == b'\r\n+QIURC: "closed",0\r\n'
            await bench.refused(OPEN % (1, "TCP"), 561)

    play("BC25", run)


def test_mapping_to_the_network_is_refused() -> None:
    with pytest.raises(ValueError):
        VirtualModule("BC25", resolver={"h": ("10.0.0.1", 80)})
    with pytest.raises(ValueError):
        VirtualModule("BC25", resolver={"h": ("10.0.0.1", 80), "10.0.0.1:80": ("10.0.0.2", 1)})
    VirtualModule("BC25", resolver={"h": ("10.0.0.1", 80)}, allow_network=True)


@rows("R121", "R283", "R453")
@cases(*BOTH)
def test_what_survives_deep_sleep(model: str) -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as stream, UdpPeer() as datagrams:
            await opened(bench, stream, 0)
            await opened(bench, datagrams, 1, "UDP", ",0,1")
            await bench.ok("AT+QSCLK=1")
            bench.module.clock.advance(1000)
            bench.module.pin("psm_eint", 0, 100)
            bench.module.take()
            await until(lambda: stream.ended)
            assert await bench.type("AT+QISTATE?") == answer('+QISTATE: 1,"UDP","127.0.0.1",80,0,2,1,1')
            await bench.refused(OPEN % (1, "UDP"), 563)
            await opened(bench, stream, 0)

    play(model, run)


def test_late_results_do_not_outlive_a_restart() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            assert await bench.type('AT+QISEND=0,1,"a"') == OK
            bench.module.fault("reboot")
            bench.module.clock.advance(5000)
            assert bench.module.take() == b"\r\nRDY\r\n"

    play("BC25", run, options={"send_ok_ms": 1000})
