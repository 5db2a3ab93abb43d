"""Driver and virtual module together: TLS against real servers, on both faces."""

from __future__ import annotations

import functools
from typing import Any

from desk import servers
from e2e import Bench, echo, go, hostile, on, play
from kit import raises, rows
from quectel import TLSContext
from quectel.errors import TLSError
from vm_peers import TlsServer, ca_pem, leaf, server_context

TLS_FAMILIES = ("BG96", "EC200U")


@functools.cache
def authority(name: str) -> servers.Authority:
    return servers.Authority(name)


async def fetch(bench: Bench, host: str, tls: TLSContext) -> bytes:
    """The body of a page."""
    sock = bench.modem.socket(tls=tls)
    sock.settimeout(5)
    try:
        await go(sock.connect((host, 443)))
        await go(sock.sendall(b"GET / HTTP/1.1\r\nHost: " + host.encode() + b"\r\n\r\n"))
        answer: bytes = await go(sock.read())
    finally:
        await go(sock.close())
    return answer.partition(b"\r\n\r\n")[2]


async def refused(bench: Bench, host: str, tls: TLSContext) -> TLSError:
    with raises(TLSError) as caught:
        await fetch(bench, host, tls)
    assert isinstance(caught.value, TLSError)
    return caught.value


@rows("R030", "R063", "R398")
@on(*TLS_FAMILIES)
def test_page_and_what_is_refused(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        right, wrong = authority("right"), authority("wrong")
        bench.world.serve("page.example", servers.https(right, "page.example"))
        good = TLSContext(ca=right.pem)
        for _ in range(2):
            assert await fetch(bench, "page.example", good) == servers.page("page.example")
        error = await refused(bench, "page.example", TLSContext(ca=wrong.pem))
        assert error.code in (566, 579) and error.command == "AT+QSSLOPEN"
        assert await fetch(bench, "page.example", TLSContext(verify=False)) == servers.page("page.example")
        assert await fetch(bench, "page.example", good) == servers.page("page.example")
        assert bench.module.sockets == []

    play(face, model, body)


@rows("R031", "R087", "R460")
@on(*TLS_FAMILIES)
def test_a_context_that_forgets_its_settings(face: str, model: str) -> None:
    """A released context may be as after a restart, which checks nothing: no server is believed for that."""

    async def body(bench: Bench) -> None:
        right, wrong = authority("right"), authority("wrong")
        tls = TLSContext(ca=right.pem)
        for _ in range(2):
            bench.world.serve("page.example", servers.https(right, "page.example"))
            assert await fetch(bench, "page.example", tls) == servers.page("page.example")
            bench.world.serve("page.example", servers.https(wrong, "page.example"))
            await refused(bench, "page.example", tls)

    for release in ("session", "settings"):
        play(face, model, body, options={"ssl_release": release})


@rows("R418")
@on(*TLS_FAMILIES)
def test_wrong_host_name(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        right = authority("right")
        server = bench.world.serve("page.example", servers.https(right, "page.example"))
        bench.world.name("other.example", server.port)
        if model == "BG96":  # has no such check
            assert await fetch(bench, "other.example", TLSContext(ca=right.pem)) == servers.page("page.example")
            return
        await refused(bench, "other.example", TLSContext(ca=right.pem))
        lenient = TLSContext(ca=right.pem, ignore=("name",))
        assert await fetch(bench, "other.example", lenient) == servers.page("page.example")

    play(face, model, body)


@rows("R039", "R051")
@on(*TLS_FAMILIES)
def test_certificate_dates_go_by_the_modules_clock(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        context = server_context(leaf("one", "server.test", years=(2025, 2026)), 3)
        bench.world.serve("server.test", TlsServer(context))
        checked, unchecked = TLSContext(ca=ca_pem()), TLSContext(ca=ca_pem(), check_time=False)
        for clock, good in (("25/06/01,00:00:00+00", True), ("27/06/01,00:00:00+00", False)):
            await go(bench.modem.command('AT+CCLK="%s"' % clock))
            if good:
                await hello(bench, checked)
            else:
                await refused(bench, "server.test", checked)
            await hello(bench, unchecked)

    async def hello(bench: Bench, tls: TLSContext) -> None:
        sock = await bench.dial("server.test", 443, tls=tls)
        await go(sock.sendall(b"hello"))
        assert await go(sock.read(5)) == b"hello"
        await go(sock.close())

    play(face, model, body)


@rows("R060")
@on("EC200U")
def test_sni_picks_the_page(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        hosts = ("one.example", "two.example")
        server = bench.world.serve(hosts[0], servers.https(authority("right"), *hosts))
        bench.world.name(hosts[1], server.port)
        tls = TLSContext(ca=authority("right").pem)
        for host in (*hosts, hosts[0]):
            assert await fetch(bench, host, tls) == servers.page(host)
        assert server.names == [*hosts, hosts[0]]
        await refused(bench, hosts[0], TLSContext(ca=authority("right").pem, sni=False))

    play(face, model, body)


@rows("R063")
@on(*TLS_FAMILIES)
def test_hostile_payload_over_tls(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        server = TlsServer(server_context(leaf("one", "server.test"), 3))
        bench.world.serve("server.test", server)
        ways: "list[dict[str, Any]]" = [{"mode": 0}, {"mode": 1}]
        for way in ways:
            sock = await bench.dial("server.test", 443, tls=TLSContext(ca=ca_pem()), **way)
            await echo(sock, hostile(65536))
            await go(sock.close())
        assert server.heard == hostile(65536) * 2
        assert bench.modem.stats.framing == 0

    play(face, model, body, driver={"rx_ring": 4096})


@on(*TLS_FAMILIES)
def test_nobody_there_and_then_somebody(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.name("page.example", 9)
        tls = TLSContext(ca=authority("right").pem)
        await refused(bench, "page.example", tls)
        bench.world.serve("page.example", servers.https(authority("right"), "page.example"))
        assert await fetch(bench, "page.example", tls) == servers.page("page.example")

    play(face, model, body)
