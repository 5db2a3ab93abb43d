"""Ping, NTP and DNS of the NB families when the network is bad; the plain cases are in test_vm_tcpip_services.py."""

from __future__ import annotations

import calendar

from desk import servers
from kit import cases, rows
from vm_bench import OK, Bench, answer, play
from vm_nb import BOTH
from vm_player import UdpPeer, ntp_answer

TIMES = {"ping_ms": (20, 30, 40, 50)}
ECHOES = ["+QPING: 0,127.0.0.1,32,%d,255" % ms for ms in TIMES["ping_ms"]]
LOST = "+QPING: 1"


def framed(*lines: str) -> bytes:
    return "".join("\r\n%s\r\n" % line for line in lines).encode()


async def steps(bench: Bench, count: int, ms: int) -> bytes:
    """What comes while the clock is stepped."""
    got = b""
    for _ in range(count):
        bench.module.clock.advance(ms)
        await bench.module.settle()
        got += bench.module.take()
    return got


@rows("R181", "R182", "R183", "R274", "R340", "R341", "R457")
@cases(
    ({"times": 1}, [LOST, *ECHOES[1:], "+QPING: 2,4,3,1,30,50,40"]),
    ({"times": 2, "skip": 1}, [ECHOES[0], LOST, LOST, ECHOES[3], "+QPING: 2,4,2,2,20,50,35"]),
    ({"times": 0}, [LOST] * 4 + ["+QPING: 2,4,0,4,0,0,0"]),
)
def test_lost_echoes(params: dict[str, object], lines: list[str]) -> None:
    async def run(bench: Bench) -> None:
        bench.module.fault("ping_lost", **params)
        assert await bench.type('AT+QPING=1,"127.0.0.1"') == OK
        assert await steps(bench, 8, 4000) == framed(*lines)
        assert await steps(bench, 2, 100_000) == b""

    play("BC65", run, options=TIMES)


@rows("R181", "R182")
@cases((1, 1000), (4, 4000), (255, 255_000))
def test_the_time_of_an_echo(timeout_s: int, limit_ms: int) -> None:
    """It may take just below the time-out that was given."""

    async def run(bench: Bench) -> None:
        assert await bench.type('AT+QPING=1,"127.0.0.1",%d,2,200' % timeout_s) == OK
        assert await steps(bench, 1, limit_ms - 2) == b""
        assert await steps(bench, 1, 1) == framed("+QPING: 0,127.0.0.1,200,%d,255" % (limit_ms - 1))
        assert await steps(bench, 1, limit_ms) == framed(LOST, "+QPING: 2,2,1,1,%d,%d,%d" % ((limit_ms - 1,) * 3))

    play("BC25", run, options={"ping_ms": (limit_ms - 1, limit_ms)})


@rows("R181", "R455")
@cases((1, 32), (4, 200), (10, 33))
def test_numbers_and_sizes_of_echoes(number: int, size: int) -> None:
    async def run(bench: Bench) -> None:
        bench.module.resolver.table["h.example"] = ("127.0.0.1", 0)
        assert await bench.type('AT+QPING=1,"h.example",4,%d,%d' % (number, size)) == OK
        got = await steps(bench, number, 100)
        assert got.count(b"+QPING: 0,127.0.0.1,%d," % size) == number
        assert b"+QPING: 2,%d,%d,0," % (number, number) in got

    play("BC25", run)


@rows("R182", "R274", "R457")
@cases(("dns_failure", {}, 4), ("pdp_drift", {}, 5), ("ping_fails", {}, 3), ("ping_fails", {"result": 5}, 5))
def test_pings_that_end_at_once(fault: str, params: dict[str, object], result: int) -> None:
    async def run(bench: Bench) -> None:
        bench.module.resolver.table["h.example"] = ("127.0.0.1", 0)
        bench.module.fault(fault, **params)
        assert await bench.type('AT+QPING=1,"h.example"') == OK + framed("+QPING: %d" % result)

    play("BC65", run)


@rows("R442", "R183")
def test_the_layout_with_one_line_end() -> None:
    async def run(bench: Bench) -> None:
        bench.module.fault("ping_lost", skip=1)
        table = bench.module.resolver.table
        table["two.example:1"], table["two.example:2"] = ("127.0.0.1", 1), ("127.0.0.2", 2)
        assert await bench.type('AT+QPING=1,"127.0.0.1",4,2') == OK
        shown = "\r\n%s\r\n%s\r\n\r\n+QPING: 2,2,1,1,20,20,20\r\n" % (ECHOES[0], LOST)
        assert await steps(bench, 2, 4000) == shown.encode()
        got = await bench.type('AT+QIDNSGIP=1,"two.example"')
        lines = ('+QIURC: "dnsgip",0,2,600', '+QIURC: "dnsgip","127.0.0.1"', '+QIURC: "dnsgip","127.0.0.2"')
        assert got == OK + framed("\r\n".join(lines))

    play("BC65", run, options={**TIMES, "one_crlf_between_lines": True})


FAILED = {"AT+QIDN": '+QIURC: "dnsgip",565', "AT+QPIN": "+QPING: 4", "AT+QNTP": "+QNTP: 4"}
NOON = calendar.timegm((2018, 4, 20, 3, 8, 20))


@rows("R185", "R186", "R187", "R188", "R309", "R361", "R445")
@cases(
    ("BC65", 32, "", '+QNTP: 0,"2018/04/20,11:08:20+32"', '+CCLK: "18/04/20,11:08:2'),
    ("BC25", 32, "", '+QNTP: 0,"18/04/20,11:08:20+32"', '+CCLK: "18/04/20,11:08:2'),
    ("BC25", -48, ",123,1", '+QNTP: 0,"18/04/19,15:08:20-48"', '+CCLK: "18/04/19,15:08:2'),
    ("BC65", 56, ",123,0", '+QNTP: 0,"2018/04/20,17:08:20+56"', '+CCLK: "08/01/04,00:00:0'),
)
def test_the_time_of_a_server(model: str, zone: int, rest: str, line: str, clock: str) -> None:
    async def run(bench: Bench) -> None:
        async with UdpPeer(ntp_answer(NOON)) as peer:
            bench.module.resolver.table["ntp.example:123"] = peer.address
            assert await bench.type_until('AT+QNTP=1,"ntp.example"' + rest, "QNTP") == OK + framed(line)
            assert len(peer.heard) == 1 and peer.heard[0][0] & 7 == 3  # a client's question
            assert clock.encode() in await bench.type("AT+CCLK?")

    play(model, run, options={"ntp_zone": zone})


@rows("R185", "R186")
def test_a_server_that_follows_the_protocol() -> None:
    async def run(bench: Bench) -> None:
        async with servers.ntp(lambda: NOON + 0.5) as server:
            bench.module.resolver.table["ntp.example:123"] = server.address
            got = await bench.type_until('AT+QNTP=1,"ntp.example"', "QNTP")
            assert got == OK + framed('+QNTP: 0,"2018/04/20,03:08:20+00"')
            assert server.sent == 48

    play("BC65", run)


@rows("R188", "R445")
def test_the_clock_is_left_alone_when_the_option_says_so() -> None:
    async def run(bench: Bench) -> None:
        async with UdpPeer(ntp_answer(NOON)) as peer:
            bench.module.resolver.table["ntp.example"] = peer.address
            assert b"+QNTP: 0," in await bench.type_until('AT+QNTP=1,"ntp.example",4000', "QNTP")
            assert b'"08/01/04' in await bench.type("AT+CCLK?")

    play("BC65", run, options={"qntp_auto_set": 0})


@rows("R275", "R457", "R185")
@cases(
    ("ntp_fails", {"result": 1}, 1),
    ("ntp_fails", {}, 2),
    ("ntp_fails", {"result": 3}, 3),
    ("dns_failure", {}, 4),
    ("ntp_fails", {"result": 5}, 5),
    ("pdp_drift", {}, 5),
    ("connect_refused", {}, 2),
)
def test_every_result_of_ntp(fault: str, params: dict[str, object], result: int) -> None:
    async def run(bench: Bench) -> None:
        async with UdpPeer(ntp_answer(NOON)) as peer:
            bench.module.resolver.table["ntp.example:123"] = peer.address
            bench.module.fault(fault, **params)
            assert await bench.type('AT+QNTP=1,"ntp.example"') == OK + framed("+QNTP: %d" % result)
            assert peer.heard == []
            assert b"+QNTP: 0," in await bench.type_until('AT+QNTP=1,"ntp.example"', "QNTP")

    play("BC65", run)


@rows("R275", "R457")
@cases(b"", b"short")
def test_a_server_that_does_not_answer(said: bytes) -> None:
    async def run(bench: Bench) -> None:
        async with UdpPeer(lambda asked: said or None) as peer:
            bench.module.resolver.table["ntp.example"] = peer.address
            assert await bench.type('AT+QNTP=1,"ntp.example"') == OK
            assert await steps(bench, 1, 1999) == b""
            assert await steps(bench, 2, 1000) == framed("+QNTP: 2")
            assert len(peer.heard) == 2
        assert await bench.type('AT+QNTP=1,"9.9.9.9"') == OK + framed("+QNTP: 2")

    play("BC25", run)


@rows("R190", "R218", "R457")
@cases(
    ("one.example", ["127.0.0.1"]),
    ("six.example", ["::1", "2001:db8::7"]),
    ("127.0.0.9", ["127.0.0.9"]),
    ("2001:db8::1", ["2001:db8::1"]),
)
def test_addresses_of_a_name(name: str, found: list[str]) -> None:
    async def run(bench: Bench) -> None:
        table = bench.module.resolver.table
        table["one.example"] = ("127.0.0.1", 0)
        table["six.example:1"], table["six.example:2"] = ("::1", 1), ("2001:db8::7", 2)
        lines = ['+QIURC: "dnsgip",0,%d,77' % len(found)] + ['+QIURC: "dnsgip","%s"' % one for one in found]
        assert await bench.type('AT+QIDNSGIP=1,"%s"' % name) == OK + framed(*lines)

    play("BC25", run, options={"dns_ttl": 77})


@rows("R190", "R218", "R399", "R457")
@cases(*BOTH)
def test_names_that_are_not_found(model: str) -> None:
    async def run(bench: Bench) -> None:
        table = bench.module.resolver.table
        table["one.example"] = ("127.0.0.1", 0)
        failed = framed('+QIURC: "dnsgip",565')
        bench.module.fault("dns_failure")
        assert await bench.type('AT+QIDNSGIP=1,"one.example"') == OK + failed
        assert b": 565," in await bench.type("AT+QIGETERROR")
        bench.module.fault("dns_slow", ms=139_999)
        assert await bench.type('AT+QIDNSGIP=1,"one.example"') == OK
        assert await steps(bench, 1, 139_998) == b""
        assert b'"dnsgip",0,1,' in await steps(bench, 1, 1)
        bench.module.fault("dns_slow", ms=900_000)
        assert await bench.type('AT+QIDNSGIP=1,"one.example"') == OK
        assert await steps(bench, 1, 139_999) == b""
        assert await steps(bench, 1, 1) == failed

    play(model, run)


@rows("R116", "R310", "R190")
def test_the_length_of_a_name_that_is_asked_for() -> None:
    async def run(bench: Bench) -> None:
        await bench.refused('AT+QIDNSGIP=1,"%s"' % ("n" * 51), 552)
        assert b'"dnsgip",565' in await bench.type('AT+QIDNSGIP=1,"%s"' % ("n" * 50))

    play("BC65", run)


@rows("R192", "R193", "R194", "R310")
@cases(*BOTH)
def test_dns_servers_need_the_network(model: str) -> None:
    async def run(bench: Bench) -> None:
        for stat, registered in ((1, True), (2, False), (3, False), (5, True), (0, False)):
            bench.module.network.stat = stat
            if registered:
                await bench.ok('AT+QIDNSCFG="2001:db8::1","9.9.9.%d"' % stat)
            else:
                await bench.refused('AT+QIDNSCFG="9.9.9.9"', 572)
        assert await bench.answer("AT+QIDNSCFG?") == answer('+QIDNSCFG: "2001:db8::1","9.9.9.5"')

    play(model, run)


@rows("R271", "R275", "R399")
@cases((True, True), (False, False))
def test_one_of_a_kind_at_a_time(option: bool, busy: bool) -> None:
    async def run(bench: Bench) -> None:
        bench.module.fault("dns_slow", times=3, ms=1000)
        lines = ('AT+QIDNSGIP=1,"one.example"', 'AT+QPING=1,"one.example"', 'AT+QNTP=1,"one.example"')
        for line in lines:
            assert await bench.type(line) == OK
        if busy:
            await bench.refused(lines[0], 564)
            await bench.refused(lines[1], 568)
            assert await bench.type(lines[2]) == OK + framed("+QNTP: 3")
        else:
            for line in lines:
                assert await bench.type(line) == OK + framed(FAILED[line[:7]])
        got = await steps(bench, 1, 1000)
        assert sorted(got.split(b"\r\n")) == sorted(framed(*FAILED.values()).split(b"\r\n"))
        for line in lines:
            assert await bench.type(line) == OK + framed(FAILED[line[:7]])

    play("BC25", run, options={"one_service": option})


def test_results_do_not_outlive_a_restart() -> None:
    async def run(bench: Bench) -> None:
        bench.module.fault("dns_slow", ms=1000)
        for line in ('AT+QPING=1,"127.0.0.1"', 'AT+QIDNSGIP=1,"h.example"', 'AT+QNTP=1,"127.0.0.1",9'):
            assert (await bench.type(line)).startswith(OK)
        bench.module.fault("reboot")
        assert await steps(bench, 20, 1000) == b"\r\nRDY\r\n"

    play("BC65", run)
