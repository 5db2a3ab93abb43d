"""Driver and virtual module together: HTTPS from `openssl s_server`, and every server that must be refused."""

from __future__ import annotations

import asyncio
import functools
import re
import ssl
from collections.abc import Callable
from typing import Any

import pytest
import trustme
import vm_certificates as made
import vm_peers as peers
from e2e import SOCK_DGRAM, Bench, echo, go, hostile, on, play
from kit import raises, rows
from quectel import TLSContext
from quectel.errors import TLSError
from vm_openssl import FLAGS, OpensslServer

BOTH = ("BG96", "EC200U")
HOST = "server.test"
VERSIONS = {"1.0": 1, "1.1": 2, "1.2": 3}
# OpenSSL's names of the suites that it still speaks, in every version and in TLS 1.2 alone, with an RSA certificate ...
RSA = ("AES128-SHA", "AES256-SHA", "ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES256-SHA")
RSA_1_2 = ("AES256-SHA256", "ECDHE-RSA-AES128-SHA256", "ECDHE-RSA-AES256-SHA384", "ECDHE-RSA-AES128-GCM-SHA256")
RSA_NEW = ("ECDHE-RSA-AES256-GCM-SHA384",)
# ... and with one of an elliptic curve.
EC = ("ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA")
EC_1_2 = ("ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA384")


@functools.cache
def identity(kind: str, label: str = "one") -> "tuple[bytes, bytes]":
    return made.issue(made.ec_key() if kind == "ec" else made.rsa_key(), label=label)


def suites(model: str, kind: str, version: str) -> "tuple[str, ...]":
    """What the family and OpenSSL have in common."""
    if kind == "ec":
        return EC + (EC_1_2 if version == "1.2" else ())
    more = RSA_1_2 + (RSA_NEW if model == "EC200U" else ())
    return RSA + (more if version == "1.2" else ())


def of_document(name: str) -> str:
    """The document's name of a suite that OpenSSL calls so: ECDHE-RSA-AES128-SHA is ECDHE_RSA_AES_128_CBC_SHA."""
    head, _, tail = name.partition("AES")
    bits, *rest = tail.split("-")
    way = (head.strip("-") or "RSA").replace("-", "_")
    return "%s_AES_%s_%s" % (way, bits, "_".join(rest if rest[0] == "GCM" else ["CBC", *rest]))


async def fetch(bench: Bench, tls: TLSContext) -> bytes:
    """The page that s_server -www makes of what the handshake has settled on."""
    sock = await bench.dial(HOST, 443, tls=tls)
    await go(sock.sendall(b"GET / HTTP/1.0\r\n\r\n"))
    page: bytes = await go(sock.read())
    await go(sock.close())
    return page


@rows("R026", "R027", "R028", "R044", "R045")
@pytest.mark.parametrize("kind", ["rsa", "ec"])
@on(*BOTH)
def test_https_in_every_version_and_suite(face: str, model: str, kind: str) -> None:
    async def body(bench: Bench) -> None:
        for version, number in VERSIONS.items():
            bench.world.serve(HOST, OpensslServer(*identity(kind), FLAGS[number], "-www", reverse=False))
            for name in suites(model, kind, version):
                page = await fetch(bench, TLSContext(ca=peers.ca_pem(), version=version, suites=of_document(name)))
                assert page.startswith(b"HTTP/1.0 200 ok") and page.rstrip().lower().endswith(b"</html>"), (
                    version,
                    name,
                )
                said = "TLSv1" + version[1:].replace(".0", "")
                assert re.search(rb"Cipher *: %s\s" % name.encode(), page), (version, name)
                assert re.search(rb"Protocol *: %s\s" % re.escape(said.encode()), page), (version, name)

    if kind == "rsa" or model == "EC200U":  # BG96 has no suites of elliptic curve certificates
        play(face, model, body)


@rows("R048", "R049", "R050", "R098")
@on(*BOTH)
def test_https_with_a_client_certificate(face: str, model: str) -> None:
    """A server that insists on one, in each version; without it, and with one of a stranger, no page comes."""

    async def body(bench: Bench) -> None:
        mine, key = made.issue(label="clients", name="module.test")
        stranger, _ = made.issue(label="other", name="module.test")
        for version, number in VERSIONS.items():
            server = OpensslServer(
                *identity("rsa"), FLAGS[number], "-www", client_ca=peers.ca_pem("clients"), reverse=False
            )
            bench.world.serve(HOST, server)
            page = await fetch(bench, TLSContext(ca=peers.ca_pem(), cert=mine, key=key, version=version))
            assert b"CN = module.test" in page or b"CN=module.test" in page, page
            for tls in (
                TLSContext(ca=peers.ca_pem(), version=version),
                TLSContext(ca=peers.ca_pem(), version=version, cert=stranger, key=key),
            ):
                with raises(TLSError):
                    await fetch(bench, tls)

    play(face, model, body)


def say(server: OpensslServer, data: bytes, _module: object) -> None:
    server.say(data)


@rows("R056", "R420")
@on("EC200U")
def test_dtls(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        server = OpensslServer(*identity("rsa"), "-dtls1_2", reverse=False)
        bench.world.serve(HOST, server)
        sock = await bench.dial(HOST, 443, type=SOCK_DGRAM, tls=TLSContext(ca=peers.ca_pem(), dtls=True))
        for i in range(3):
            await go(sock.send(b"there %d\n" % i))
            bench.world.run(asyncio.wait_for(server.seen(b"there %d\n" % i), 5))
            bench.world.call(functools.partial(say, server, b"back %d\n" % i))
            assert await go(sock.recv(100)) == b"back %d\n" % i
        await go(sock.close())

    play(face, model, body)


# --- who must be refused ------------------------------------------------------------------------------------------


def spoilt() -> ssl.SSLContext:
    cert, key = made.issue()
    return made.context_of(made.spoilt(cert), key)


def long_chain() -> ssl.SSLContext:
    """The certificate between is of an authority that the module does not know."""
    between = peers.authority("other").create_child_ca()
    return peers.server_context(between.issue_cert(HOST, key_type=trustme.KeyType.RSA))


NEW = ("EC200U",)
OTHER = {"ca": "other"}
OLD, NOW, FAR = (2001, 1, 1, 0, 0, 0), (2025, 6, 1, 0, 0, 0), (2050, 6, 1, 0, 0, 0)
UNSIGNED = {"ignore": ("signature",)}
# Why: families, server, what the context says so that it fails, and so that it works, the module's clock meanwhile
REFUSED: "dict[str, tuple[tuple[str, ...], Callable[[], ssl.SSLContext], dict[str, Any], dict[str, Any]]]" = {
    "another authority": (BOTH, lambda: peers.server_context(peers.leaf("other", HOST)), {}, OTHER),
    "a chain of another authority": (BOTH, long_chain, {}, OTHER),
    "expired": (BOTH, peers.good, {"clock": FAR}, {"clock": NOW}),
    "expired, not looked at": (BOTH, peers.good, {"clock": FAR}, {"clock": FAR, "check_time": False}),
    "expired, ignored": (NEW, peers.good, {"clock": FAR}, {"clock": FAR, "ignore": ("expired",)}),
    "not yet valid": (
        BOTH,
        lambda: peers.server_context(peers.leaf("one", HOST, years=(2030, 2040))),
        {"clock": NOW},
        {"clock": (2035, 1, 1, 0, 0, 0)},
    ),
    "the name of another host": (
        NEW,
        lambda: peers.server_context(peers.leaf("one", "elsewhere.test")),
        {},
        {"ignore": ("name",)},
    ),
    "a signature that is wrong": (NEW, spoilt, {"ignore": ("name",)}, UNSIGNED),
    "a short key": (NEW, lambda: made.context_of(*made.issue(made.rsa_key(1024)), 3), {}, {"ignore": ("key",)}),
    "a key for something else": (
        NEW,
        lambda: made.context_of(*made.issue(None, (made.usage("crl_sign"), True)), 3),
        {"ignore": ("key",)},
        {"ignore": ("key_usage",)},
    ),
    "everything": (
        NEW,
        lambda: peers.server_context(peers.leaf("other", "elsewhere.test")),
        {"ignore": ("name", "expired")},
        {"ignore": ("all",)},
    ),
    "no common version": (BOTH, lambda: peers.good(3), {"version": "1.0"}, {"version": "all"}),
    "no common suite": (
        BOTH,
        lambda: peers.server_context(peers.leaf("one", HOST), 3, "AES128-SHA"),
        {"suites": "RSA_AES_256_CBC_SHA"},
        {"suites": "RSA_AES_128_CBC_SHA"},
    ),
    "a suite that nobody has": (BOTH, peers.good, {"suites": "RSA_RC4_128_SHA"}, {}),
    "a client certificate": (
        BOTH,
        lambda: peers.demand_client(peers.good(3), "clients"),
        {},
        {"client": ("clients", "module.test")},
    ),
    "a client certificate of another authority": (
        BOTH,
        lambda: peers.demand_client(peers.good(3), "clients"),
        {"client": ("other", "module.test")},
        {"client": ("clients", "module.test")},
    ),
}


def context_of(ca: str = "one", client: "tuple[str, str] | None" = None, **how: Any) -> TLSContext:
    if client is not None:
        how["cert"], how["key"] = made.issue(label=client[0], name=client[1])
    return TLSContext(ca=peers.ca_pem(ca), **how)


@rows("R026", "R039", "R050", "R051", "R054", "R055", "R057", "R066", "R398", "R417", "R418")
@pytest.mark.parametrize(("model", "why"), [(model, why) for why, case in REFUSED.items() for model in case[0]])
@pytest.mark.parametrize("face", ["blocking", "asyncio"])
def test_refused_and_nothing_said(face: str, model: str, why: str) -> None:
    """In all three access modes; then the same server with the one setting changed."""
    _, context, bad, good = REFUSED[why]

    async def body(bench: Bench) -> None:
        server = bench.world.serve(HOST, peers.TlsServer(context()))
        for mode in (0, 1, 2):
            with raises(TLSError):
                await talk(bench, mode, **bad)
            assert server.peers == [] and server.heard == b""
        await talk(bench, 0, **good)
        assert server.heard == b"secret"

    async def talk(bench: Bench, mode: int, clock: "tuple[int, ...]" = NOW, **how: Any) -> None:
        await go(bench.modem.set_clock(clock))
        sock = await bench.dial(HOST, 443, tls=context_of(**how), mode=mode)
        await go(sock.sendall(b"secret"))
        assert await go(sock.read(6)) == b"secret"
        await go(sock.close())

    play(face, model, body)


def server_of(host: str) -> peers.TlsServer:
    return peers.TlsServer(peers.server_context(peers.leaf("one", host)))


@rows("R031", "R087", "R415", "R416")
@on(*BOTH)
def test_twelve_connections_in_six_contexts(face: str, model: str) -> None:
    """Plain ones among them: the ids never collide, and each gets its own bytes."""

    async def body(bench: Bench) -> None:
        hosts = ["h%d.test" % i for i in range(5)]
        servers = [bench.world.serve(host, server_of(host)) for host in hosts]
        plain = bench.world.serve("plain.test", peers.StreamServer())
        contexts = [TLSContext(ca=peers.ca_pem()) for _ in range(5)]
        socks = []
        for i in range(12):
            k = i % 6
            host, tls = ("h%d.test" % k, contexts[k]) if k < 5 else ("plain.test", None)
            socks.append(await bench.dial(host, 443, tls=tls))
        assert sorted(sock.id for sock in socks) == list(range(12))
        with raises(OSError):
            await bench.dial("plain.test")
        for i, sock in enumerate(socks):
            await go(sock.sendall(b"I am %d" % i))
        for i, sock in enumerate(reversed(socks)):
            assert await go(sock.read(len("I am %d" % (11 - i)))) == b"I am %d" % (11 - i)
        await go(socks[3].close())
        await echo(socks[9], hostile(5000))  # the other one of its context
        await echo(await bench.dial("h0.test", 443, tls=contexts[0]), hostile(5000))
        for sock in socks:
            await go(sock.close())
        assert len(plain.heard) == len(b"I am 5I am 11") and all(server.heard for server in servers)

    play(face, model, body, driver={"slots": 12, "rx_ring": 4096})
