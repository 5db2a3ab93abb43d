"""The virtual module asks its DNS servers for names that its table has not: a small DNS server on loopback answers."""

from __future__ import annotations

import pytest
from desk import servers
from desk.dns_server import dns
from e2e import Bench as EndToEnd
from e2e import echo, go, hostile, on
from e2e import play as play_both
from kit import raises, rows
from quectel import NetworkError, QuectelError
from virtual_module.dns import Malformed, parse, query
from virtual_module.resolver import NoAddress
from vm_bench import OK, Bench, play
from vm_player import Peer

SERVER, SECOND = "9.9.9.9", "1.1.1.1"
FAMILIES = ("BC65", "BC25", "BG96", "EC200U")
NAMES = {"two.example": ["10.1.1.1", "10.1.1.2", "2001:db8::1"], "here.example": ["127.0.0.1"], "none.example": []}


async def ready(bench: Bench, primary: str = SERVER, secondary: str = SECOND) -> None:
    lte = "packet" in bench.module.family.features
    if lte:
        await bench.ok("AT+QIACT=1")
    await bench.ok('AT+QIDNSCFG=%s"%s","%s"' % ("1," if lte else "", primary, secondary))


def found(*addresses: str, ttl: int = 300) -> bytes:
    lines = ['"dnsgip",0,%d,%d' % (len(addresses), ttl), *('"dnsgip","%s"' % one for one in addresses)]
    return OK + "".join("\r\n+QIURC: %s\r\n" % line for line in lines).encode()


FAILED = OK + b'\r\n+QIURC: "dnsgip",565\r\n'


@rows("R190", "R193", "R457")
@pytest.mark.parametrize("model", FAMILIES)
def test_names_and_their_time_to_live(model: str) -> None:
    async def run(bench: Bench) -> None:
        async with dns(NAMES) as server:
            bench.module.resolver.table[SERVER + ":53"] = server.address
            await ready(bench)
            ask = 'AT+QIDNSGIP=1,"%s"'
            assert await bench.type(ask % "two.example") == found(*NAMES["two.example"])
            assert await bench.type(ask % "TWO.example") == found(*NAMES["two.example"])  # kept
            assert server.names == ["two.example 1", "two.example 28"]
            bench.module.clock.advance(300_000)
            assert await bench.type(ask % "two.example") == found(*NAMES["two.example"])
            assert len(server.names) == 4
            for unknown in ("nowhere.example", "none.example", "x" * 64 + ".example", "a..example"):
                assert await bench.type(ask % unknown[:50]) == FAILED, unknown
            bench.module.resolver.table["two.example"] = ("127.0.0.1", 0)
            assert await bench.type(ask % "two.example") == found("127.0.0.1", ttl=300)  # the table goes first

    play(model, run)


@rows("R190", "R399")
@pytest.mark.parametrize("model", FAMILIES)
def test_opening_by_name(model: str) -> None:
    async def run(bench: Bench) -> None:
        async with dns(NAMES) as server, Peer() as peer:
            bench.module.resolver.table.update({SERVER: server.address, "10.1.1.1:80": peer.address})
            await ready(bench)
            line = 'AT+QIOPEN=1,0,"TCP","%s",%d'
            assert await bench.type(line % ("two.example", 80)) == OK + b"\r\n+QIOPEN: 0,0\r\n"
            await bench.type("AT+QICLOSE=0")
            for where, code in ((("two.example", 81), 566), (("nowhere.example", 80), 565), (("here.example", 9), 566)):
                assert await bench.type(line % where) == OK + b"\r\n+QIOPEN: 0,%d\r\n" % code, where
                await bench.type("AT+QICLOSE=0")

    play(model, run)


@rows("R193", "R457")
@pytest.mark.parametrize("failing", ["silent", "failed", "nobody"])
def test_a_second_server_helps(failing: str) -> None:
    async def run(bench: Bench) -> None:
        async with dns(NAMES, failing=failing) as first, dns(NAMES) as second:
            port = first.port if failing != "nobody" else 1
            bench.module.resolver.table.update({SERVER: ("127.0.0.1", port), SECOND: second.address})
            await ready(bench)
            assert await waited(bench, 'AT+QIDNSGIP=1,"here.example"') == found("127.0.0.1")
            assert len(second.names) == 2
            bench.module.resolver.table[SECOND] = ("127.0.0.1", port)  # neither of them
            bench.module.clock.advance(300_000)
            assert await waited(bench, 'AT+QIDNSGIP=1,"here.example"') == FAILED

    play("BC65", run)


async def waited(bench: Bench, line: str) -> bytes:
    """The answer, with as many seconds as it takes."""
    got = await bench.type(line)
    for _ in range(6):
        if b"dnsgip" in got:
            break
        bench.module.clock.advance(5000)
        got += await bench.raw(b"")
    return got


@rows("R190")
def test_without_a_server_that_is_reached() -> None:
    async def run(bench: Bench) -> None:
        assert await bench.type('AT+QIDNSGIP=1,"two.example"') == FAILED
        assert bench.module.names.asked == 0

    play("BC25", run)


def test_datagrams_that_are_no_answer() -> None:
    asked = query(7, "a.example", 1)
    good = asked[:2] + b"\x81\x80\0\x01\0\x01" + asked[8:] + b"\xc0\x0c\0\x01\0\x01\0\0\0\x09\0\x04\x0a\x01\x01\x01"
    assert parse(good, 7, 1) == [(9, "10.1.1.1")] and parse(good, 7, 28) == []
    assert parse(good[:3] + b"\x82" + good[4:], 7, 1) is None  # SERVFAIL
    assert parse(good[:3] + b"\x83" + good[4:], 7, 1) == []
    for bad in (asked, good[:1], b"", b"\0\x08" + good[2:], *(good[:n] for n in range(12, len(good)))):
        with raises(Malformed):
            parse(bad, 7, 1)
    for name in ("", "a..b", "x" * 64, "a." * 127 + "a"):
        with raises(NoAddress):
            query(1, name, 1)


@rows("R190", "R193", "R194")
@on(*FAMILIES)
def test_the_driver_sets_the_servers_and_opens_by_name(face: str, model: str) -> None:
    async def body(bench: EndToEnd) -> None:
        bench.world.serve("10.1.1.1", servers.tcp_echo())
        server = bench.world.serve(SERVER, dns(NAMES))
        with raises(NetworkError):
            await go(bench.modem.resolve("two.example"))
        assert await go(bench.modem.dns_servers(SERVER, SECOND)) == (SERVER, SECOND)
        assert await go(bench.modem.resolve("two.example")) == NAMES["two.example"]
        sock = await bench.dial("two.example", 7)
        await echo(sock, hostile(2000))
        await go(sock.close())
        with raises(QuectelError) as caught:
            await bench.dial("nowhere.example", 7)
        assert caught.value.code == 565 and "nowhere.example 1" in server.names

    play_both(face, model, body)
