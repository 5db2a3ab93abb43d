"""Driver and virtual module together: what a TLSContext says has its effect, or is refused by a real handshake."""

from __future__ import annotations

import asyncio
from errno import ECONNABORTED, EHOSTUNREACH, ENOBUFS, ENOENT
from typing import Any

import pytest
from e2e import Bench, echo, go, hostile, on, play, quick
from kit import raises, rows
from quectel import BUFFER, PUSH, SOCK_DGRAM, TRANSPARENT, TLSContext
from quectel.errors import QuectelError, TLSError
from vm_peers import DtlsServer, TlsServer, authority, ca_pem, chain_pem, demand_client, good, leaf, server_context

__all__ = ["quick"]
TLS_FAMILIES = ("BG96", "EC200U")
HOST = "server.test"
MIB = 1024 * 1024
# Suites with an RSA certificate, and how OpenSSL calls them.
SUITES = {
    "TLS_RSA_WITH_AES_128_CBC_SHA": "AES128-SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA": "AES256-SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA256": "AES256-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256": "ECDHE-RSA-AES128-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384": "ECDHE-RSA-AES256-SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
}


async def hello(bench: Bench, tls: TLSContext, **how: Any) -> None:
    """A few bytes there and back."""
    sock = await bench.dial(HOST, 443, tls=tls, **how)
    await echo(sock, b"hello")
    await go(sock.close())


async def refused(bench: Bench, tls: TLSContext, **how: Any) -> TLSError:
    with raises(TLSError) as caught:
        await bench.dial(HOST, 443, tls=tls, **how)
    assert isinstance(caught.value, TLSError) and caught.value.errno == ECONNABORTED
    assert caught.value.code in (566, 579)
    return caught.value


@rows("R026", "R044")
@on(*TLS_FAMILIES)
def test_versions(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        for number, version in ((1, "1.0"), (2, "1.1"), (3, "1.2")):
            server = bench.world.serve(HOST, TlsServer(server_context(leaf("one", HOST), number)))
            await hello(bench, TLSContext(ca=ca_pem(), version=version))
            await hello(bench, TLSContext(ca=ca_pem(), version="all"))
            other = "1.0" if version != "1.0" else "1.2"
            await refused(bench, TLSContext(ca=ca_pem(), version=other))
            await refused(bench, TLSContext(ca=ca_pem(), version="ssl3"))
            assert server.heard == b"hello" * 2

    play(face, model, body)


@rows("R027", "R028", "R045")
@on(*TLS_FAMILIES)
def test_suites(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        suites = dict(SUITES)
        if model == "EC200U":
            suites["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"] = "ECDHE-RSA-AES256-GCM-SHA384"
        for name, of_server in suites.items():
            server = bench.world.serve(HOST, TlsServer(server_context(leaf("one", HOST), 3, of_server)))
            await hello(bench, TLSContext(ca=ca_pem(), suites=name))
            other = "RSA_AES_128_CBC_SHA" if of_server != "AES128-SHA" else 0xC02F
            await refused(bench, TLSContext(ca=ca_pem(), suites=other))
            await refused(bench, TLSContext(ca=ca_pem(), suites="TLS_RSA_WITH_RC4_128_MD5"))  # nobody has it any more
            assert server.heard == b"hello", name

    play(face, model, body)


@rows("R048", "R049", "R050")
@on(*TLS_FAMILIES)
def test_mutual_tls(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        server = bench.world.serve(HOST, TlsServer(demand_client(good(3), "clients")))
        me, stranger = leaf("clients", "me.test"), leaf("others", "me.test")
        cert, key = chain_pem(me), me.private_key_pem.bytes()
        await hello(bench, TLSContext(ca=ca_pem(), cert=cert, key=key))
        assert server.heard == b"hello"
        await refused(bench, TLSContext(ca=ca_pem()))
        await refused(bench, TLSContext(ca=ca_pem(), cert=chain_pem(stranger), key=stranger.private_key_pem.bytes()))
        other = stranger.private_key_pem.bytes()
        with raises(ValueError):
            TLSContext(ca=ca_pem(), cert=cert, key=other)
        await go(bench.modem.files.upload("other.key", other))  # whose key that is, only the module can tell
        await refused(bench, TLSContext(ca=ca_pem(), cert=cert, key="other.key"))
        assert server.heard == b"hello"  # not a byte more
        await hello(bench, TLSContext(ca=ca_pem(), cert=cert, key=key))

    play(face, model, body)


@rows("R046", "R319", "R422")
@on(*TLS_FAMILIES)
def test_files_by_name(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        server = bench.world.serve(HOST, TlsServer(good()))
        with raises(QuectelError) as caught:
            await bench.dial(HOST, 443, tls=TLSContext(ca="ca.pem"))
        assert caught.value.errno == ENOENT
        await go(bench.modem.files.upload("ca.pem", ca_pem("another")))
        await refused(bench, TLSContext(ca="UFS:ca.pem"))
        assert server.heard == b""
        await go(bench.modem.files.upload("ca.pem", ca_pem()))
        await hello(bench, TLSContext(ca="ca.pem"))
        await hello(bench, TLSContext(ca="UFS:ca.pem"))

    play(face, model, body)


@rows("R046", "R319")
@on(*TLS_FAMILIES)
def test_a_certificate_is_written_once(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve(HOST, TlsServer(good()))
        await hello(bench, TLSContext(ca=ca_pem()))
        await hello(bench, TLSContext(ca=ca_pem(), negotiate_s=20))
        await bench.rest()
        await go(bench.another().connect("internet"))
        await hello(bench, TLSContext(ca=ca_pem()))
        log = b"".join(data for _, way, data in bench.module.log if way == ">>")
        assert log.count(b"AT+QFUPL=") == 1
        assert list(bench.module.files.values()) == [ca_pem()]

    play(face, model, body)


@rows("R046", "R422")
@on(*TLS_FAMILIES)
def test_a_certificate_that_is_erased_while_in_use(face: str, model: str) -> None:
    """Or that is another by then: the module only says that an open has failed.  Behind that it goes up again."""

    async def body(bench: Bench) -> None:
        bench.world.serve(HOST, TlsServer(good()))
        tls = TLSContext(ca=ca_pem())
        await hello(bench, tls)
        for damage in ({}, dict.fromkeys(bench.module.files, ca_pem("another") * 2)):
            bench.module.files.clear()
            bench.module.files.update(damage)
            await refused(bench, tls)
            await hello(bench, tls)
            assert list(bench.module.files.values()) == [ca_pem()]

    play(face, model, body)


@rows("R031")
@on(*TLS_FAMILIES)
def test_a_context_that_is_changed_while_sockets_share_it(face: str, model: str) -> None:
    """It counts for the next connection, and touches none that is open."""

    async def body(bench: Bench) -> None:
        bench.world.serve(HOST, TlsServer(good()))
        tls = TLSContext(ca=ca_pem())
        shared = await bench.dial(HOST, 443, tls=tls)
        tls.ca = ca_pem("another")
        await refused(bench, tls)
        await echo(shared, b"it goes on")
        tls.ca = ca_pem()
        await hello(bench, tls)
        await echo(shared, b"and on")
        await go(shared.close())

    play(face, model, body)


@rows("R039", "R051")
@on(*TLS_FAMILIES)
def test_the_time_that_the_caller_gives(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve(HOST, TlsServer(server_context(leaf("one", HOST, years=(2025, 2026)), 3)))
        tls = TLSContext(ca=ca_pem())
        await go(bench.modem.set_clock((2025, 6, 1, 12, 0, 0)))
        await hello(bench, tls)
        for year in (2024, 2027):
            await go(bench.modem.set_clock((year, 6, 1, 12, 0, 0, 0, 152)))
            await refused(bench, tls)
        await hello(bench, TLSContext(ca=ca_pem(), check_time=False))

    play(face, model, body)


@rows("R047", "R419")
@on("EC200U")
def test_another_ca_is_trusted_for_one_context_alone(face: str, model: str) -> None:
    """The next TLSContext in the same context of the module does not inherit it."""

    async def body(bench: Bench) -> None:
        bench.world.serve(HOST, TlsServer(good()))
        await hello(bench, TLSContext(ca=ca_pem("another"), ca_extra=ca_pem(), ctx=3))
        await refused(bench, TLSContext(ca=ca_pem("another"), ctx=3))
        await hello(bench, TLSContext(ca=ca_pem(), ctx=3))

    play(face, model, body)


@rows("R031", "R087")
@on(*TLS_FAMILIES)
def test_more_contexts_than_the_module_has(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        server = bench.world.serve(HOST, TlsServer(good()))
        shared = TLSContext(ca=ca_pem())
        first, second = [await bench.dial(HOST, 443, tls=shared) for _ in range(2)]
        for seconds in range(20, 28):
            await hello(bench, TLSContext(ca=ca_pem(), negotiate_s=seconds))
        for sock in (first, second):
            await echo(sock, hostile(3000))
        assert server.heard.count(b"hello") == 8

    play(face, model, body, driver={"slots": 4})


@rows("R056", "R420")
@on("EC200U")
def test_dtls_echo(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        server = bench.world.serve(HOST, DtlsServer(leaf("one", HOST)))
        for mode in (0, 1):
            tls = TLSContext(ca=ca_pem(), dtls=True)
            sock = await bench.dial(HOST, 443, tls=tls, type=SOCK_DGRAM, mode=mode)
            for data in (b"one", b"\r\nOK\r\n", bytes(range(256)) * 4):
                await go(sock.send(data))
                assert await go(sock.recv(1500)) == b"<" + data + b">"
            await go(sock.close())
            if mode == 0:
                assert server.records == [b"one", b"\r\nOK\r\n", bytes(range(256)) * 4]
                server = bench.world.serve(HOST, DtlsServer(leaf("one", HOST)))
        bench.world.serve(HOST, DtlsServer(leaf("one", HOST)))
        await refused(bench, TLSContext(ca=ca_pem("another"), dtls=True), type=SOCK_DGRAM)

    play(face, model, body)


@rows("R032", "R103")
@on(*TLS_FAMILIES)
def test_two_pdp_contexts(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve(HOST, TlsServer(good()))
        tls = TLSContext(ca=ca_pem())
        with raises(TLSError) as caught:
            await bench.dial(HOST, 443, tls=tls, pdp=2)
        assert caught.value.errno == EHOSTUNREACH and caught.value.code == 561
        await go(bench.modem.connect("two", pdp=2, user="me", password="pw", auth="pap"))
        first, second = await bench.dial(HOST, 443, tls=tls), await bench.dial(HOST, 443, tls=tls, pdp=2)
        bench.world.call(lambda module: module.network.drop_pdp(1))
        with raises(QuectelError):
            await go(first.read(1))
        await echo(second, b"still there")
        await go(bench.modem.connect("internet"))
        await hello(bench, tls)
        await go(bench.modem.disconnect())
        assert not [one for one in bench.module.network.contexts.values() if one.active]

    play(face, model, body)


@rows("R319")
@on(*TLS_FAMILIES)
def test_files(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        files, data = bench.modem.files, hostile(20_001)
        before = await go(files.free())
        total = await go(files.upload("a.bin", data))
        assert await go(files.read("UFS:a.bin")) == data and bench.module.files["a.bin"] == data
        assert before - await go(files.free()) == len(data)
        assert await go(files.upload("UFS:a.bin", data)) == total
        other = data[:-1] + b"?"
        await go(files.upload("a.bin", other))
        await go(files.upload("b.pem", authority().cert_pem.bytes()))
        assert await go(files.read("a.bin")) == other
        assert await go(files.list()) == [("a.bin", len(data)), ("b.pem", len(ca_pem()))]
        assert await go(files.list("*.pem")) == [("b.pem", len(ca_pem()))]
        bench.world.options(qflst_prefix="UFS:")
        assert [name for name, _ in await go(files.list())] == ["a.bin", "b.pem"]
        assert await go(files.remove("a.bin")) is True and await go(files.remove("a.bin")) is False
        with raises(QuectelError) as caught:
            await go(files.read("a.bin"))
        assert caught.value.errno == ENOENT
        assert await go(files.size("a.bin")) == -1
        log = b"".join(sent for _, way, sent in bench.module.log if way == ">>")
        assert log.count(b"AT+QFUPL=") == 3
        stats = bench.modem.stats
        assert (stats.framing, stats.unknown, stats.timeouts, stats.resyncs, stats.epochs) == (0, 0, 0, 0, 0)

    play(face, model, body)


@rows("R031")
@on(*TLS_FAMILIES, faces=("asyncio",))
def test_contexts_of_tasks_that_open_at_the_same_time(face: str, model: str) -> None:
    """Eight at once for six contexts: none takes one that another one is setting up."""

    async def body(bench: Bench) -> None:
        server = bench.world.serve(HOST, TlsServer(good()))
        stranger = bench.world.serve("other.test", TlsServer(server_context(leaf("another", "other.test"), 3)))

        async def one(number: int) -> object:
            host, ca = ((HOST, "one"), ("other.test", "another"))[number % 2]
            tls = TLSContext(ca=ca_pem(ca), negotiate_s=20 + number)
            try:
                sock = await bench.dial(host, 443, tls=tls)
            except QuectelError as error:
                return error.errno
            await echo(sock, b"hello")
            return sock._slot.tls

        ends = await asyncio.gather(*[one(number) for number in range(8)])
        assert ends.count(ENOBUFS) == 2, ends
        assert sorted(end for end in ends if end != ENOBUFS) == [0, 1, 2, 3, 4, 5]  # type: ignore[type-var]
        assert len(server.heard + stranger.heard) == 30

    play(face, model, body, driver={"slots": 8})


@rows("R034", "R035", "R036")
@pytest.mark.usefixtures("quick")
@pytest.mark.timeout(140)
@pytest.mark.parametrize(("face", "model"), [("blocking", "BG96"), ("asyncio", "EC200U")])
def test_a_mebibyte_each_way_in_each_mode(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        data = hostile(MIB)
        for mode in (BUFFER, PUSH, TRANSPARENT):
            server = bench.world.serve(HOST, TlsServer(good()))
            sock = await bench.dial(HOST, 443, tls=TLSContext(ca=ca_pem()), mode=mode)
            await echo(sock, data, window=3000, piece=1460)
            await go(sock.close())
            assert server.heard == data, mode
        stats = bench.modem.stats
        assert (stats.framing, stats.rx_lost, stats.resyncs, stats.unknown) == (0, 0, 0, 0)

    play(face, model, body, driver={"rx_ring": 4096}, limit_s=100)
