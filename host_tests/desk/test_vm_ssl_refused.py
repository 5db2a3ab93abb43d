"""Opens that AT+QSSLCFG or the server's certificate forbid: the code, and a server that heard nothing.

Every case is opened twice against the same server: with the settings that fail, and with one changed so that it works.
"""

from __future__ import annotations

import functools
import ssl
from collections.abc import Callable

import pytest
import vm_certificates as made
import vm_peers as peers
from kit import rows
from vm_bench import ERROR, OK, Bench, play
from vm_ssl import CODES, LTE, ready

SET = 'AT+QSSLCFG="%s",1,%s'
YEARS = {"then": 'AT+CCLK="25/06/01,00:00:00+00"', "later": 'AT+CCLK="50/06/01,00:00:00+00"'}


def other_authority() -> ssl.SSLContext:
    return peers.server_context(peers.leaf("other", "server.test"))


def another_name() -> ssl.SSLContext:
    return peers.server_context(peers.leaf("one", "elsewhere.test"))


def one_suite() -> ssl.SSLContext:
    return peers.server_context(peers.leaf("one", "server.test"), 3, "AES128-SHA")


def spoilt_signature() -> ssl.SSLContext:
    cert, key = made.issue()
    return made.context_of(made.spoilt(cert), key)


def short_key() -> ssl.SSLContext:
    return made.context_of(*made.issue(made.rsa_key(1024)), 3)


def signs_only() -> ssl.SSLContext:
    return made.context_of(*made.issue(None, (made.usage("crl_sign"), True)), 3)


def long_chain() -> ssl.SSLContext:
    """The certificate between is of an authority that the module does not know."""
    return peers.server_context(peers.authority("other").create_child_ca().issue_cert("server.test"))


def wants_a_client() -> ssl.SSLContext:
    return peers.demand_client(peers.good(3), "clients")


def client(name: str) -> list[str]:
    return [SET % ("seclevel", 2), SET % ("clientcert", '"%s.pem"' % name), SET % ("clientkey", '"mine.key"')]


BOTH, NEW = ("BG96", "EC200U"), ("EC200U",)
CLOCKED = SET % ("ignorelocaltime", 0)
CASES: dict[str, tuple[tuple[str, ...], Callable[[], ssl.SSLContext], list[str], list[str]]] = {
    "another authority": (BOTH, other_authority, [], [SET % ("seclevel", 0)]),
    "no authority": (BOTH, peers.good, [SET % ("cacert", '""')], [SET % ("cacert", '"cacert.pem"')]),
    "no such file": (BOTH, peers.good, [SET % ("cacert", '"no.pem"')], [SET % ("cacert", '"cacert.pem"')]),
    "no certificate": (BOTH, peers.good, [SET % ("cacert", '"junk.pem"')], [SET % ("cacert", '"cacert.pem"')]),
    "no such file, 2nd": (NEW, peers.good, [SET % ("cacertex", '"no.pem"')], [SET % ("cacertex", '"cacert.pem"')]),
    "2nd authority": (NEW, other_authority, [], [SET % ("cacertex", '"other.pem"')]),
    "expired": (BOTH, peers.good, [CLOCKED, YEARS["later"]], [YEARS["then"]]),
    "expired, ignored": (BOTH, peers.good, [CLOCKED, YEARS["later"]], [SET % ("ignorelocaltime", 1)]),
    "expired, item": (NEW, peers.good, [CLOCKED, YEARS["later"]], [SET % ("ignorecertitem", 1)]),
    "clock never set": (BOTH, peers.good, [CLOCKED], [YEARS["then"]]),
    "name": (NEW, another_name, [], [SET % ("ignorecertitem", 4)]),
    "signature": (NEW, spoilt_signature, [SET % ("ignorecertitem", 5)], [SET % ("ignoreinvalidcertsign", 1)]),
    "signature, item": (NEW, spoilt_signature, [SET % ("ignorecertitem", 1)], [SET % ("ignorecertitem", 8)]),
    "short key": (NEW, short_key, [], [SET % ("ignorecertitem", 65536)]),
    "key usage": (NEW, signs_only, [SET % ("ignorecertitem", 65536)], [SET % ("ignorecertitem", 2048)]),
    "key usage, BG96": (("BG96",), signs_only, [], [SET % ("seclevel", 0)]),
    "chain": (NEW, long_chain, [], [SET % ("ignoremulticertchainverify", 1)]),
    "everything": (NEW, other_authority, [SET % ("ignorecertitem", 7)], [SET % ("ignorecertitem", 1048575)]),
    "old version": (BOTH, lambda: peers.good(3), [SET % ("sslversion", 1)], [SET % ("sslversion", 3)]),
    "SSL 3.0": (BOTH, peers.good, [SET % ("sslversion", 0)], [SET % ("sslversion", 4)]),
    "suite": (BOTH, one_suite, [SET % ("ciphersuite", "0X0035")], [SET % ("ciphersuite", "0X002F")]),
    "RC4": (BOTH, peers.good, [SET % ("ciphersuite", "0X0005")], [SET % ("ciphersuite", "0XFFFF")]),
    "client asked for": (BOTH, wants_a_client, [], client("mine")),
    "client unknown": (BOTH, wants_a_client, client("stranger"), client("mine")),
    "client file": (BOTH, wants_a_client, client("no"), client("mine")),
    "client key": (
        BOTH,
        wants_a_client,
        [*client("mine"), SET % ("clientkey", '"other.key"')],
        [SET % ("clientkey", '"mine.key"')],
    ),
    "client key file": (
        BOTH,
        wants_a_client,
        [*client("mine"), SET % ("clientkey", '"no.key"')],
        [SET % ("clientkey", '"mine.key"')],
    ),
}


@functools.cache
def files() -> dict[str, bytes]:
    mine, key = made.issue(label="clients", name="module.test")
    return {
        "junk.pem": b"-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n",
        "other.pem": peers.ca_pem("other"),
        "mine.pem": mine,
        "mine.key": key,
        "other.key": made.key_pem(made.ec_key()),
        "stranger.pem": made.issue(label="one", name="module.test")[0],
    }


@pytest.mark.parametrize(("model", "name"), [(model, name) for name, case in CASES.items() for model in case[0]])
@rows("R026", "R039", "R047", "R050", "R051", "R054", "R055", "R057", "R398", "R417", "R418", "R419", "R422")
def test_refused_and_nothing_said(model: str, name: str) -> None:
    _, context, bad, good = CASES[name]

    async def run(b: Bench) -> None:
        async with peers.TlsServer(context()) as server:
            await ready(b, server.port, *bad)
            b.module.files.update(files())
            opening = 'AT+QSSLOPEN=1,1,4,"server.test",443'
            code = CODES[model]
            assert await b.type_until(opening, ": 4,") == OK + b"\r\n+QSSLOPEN: 4,%d\r\n" % code
            assert (await b.type("AT+QIGETERROR")).startswith(b"\r\n+QIGETERROR: %d," % code)
            assert await b.type("AT+QSSLSEND=4,6") == ERROR
            assert await b.type("AT+QSSLRECV=4,6") == ERROR
            await b.ok("AT+QSSLCLOSE=4")
            assert await b.type_until(opening + ",2", "\r\n") == ERROR  # and so in transparent mode
            await b.raw(b"secret\r")
            assert server.peers == [] and server.heard == b""
            await b.ok(*good)
            assert await b.type_until(opening, ": 4,") == OK + b"\r\n+QSSLOPEN: 4,0\r\n"
            await b.type("AT+QSSLSEND=4,6")
            await b.raw(b"secret")
            await peers.until(lambda: server.heard == b"secret")

    play(model, run)


@LTE
@rows("R022", "R023", "R052", "R067", "R399")
@pytest.mark.parametrize("said", [b"", b"\x16\x03\x03\x40\x00"])
def test_handshake_that_hangs(model: str, said: bytes) -> None:
    """The negotiation time is the module's; the server says nothing, or the head of a record that never comes."""

    async def run(b: Bench) -> None:
        async with peers.StreamServer(greeting=said, echo=False) as server:
            await ready(b, server.port, 'AT+QSSLCFG="negotiatetime",1,10')
            for number, mode in ((4, 0), (5, 2)):
                assert await b.type('AT+QSSLOPEN=1,1,%d,"server.test",443,%d' % (number, mode)) == (b"" if mode else OK)
                await peers.until(lambda: server.heard)
                b.module.clock.advance(9999)
                assert await b.raw(b"") == b""
                b.module.clock.advance(1)
                assert await b.raw(b"") == (ERROR if mode else b"\r\n+QSSLOPEN: 4,569\r\n")
                assert (await b.type("AT+QIGETERROR")).startswith(b"\r\n+QIGETERROR: 569,")

    play(model, run)


@LTE
@rows("R065", "R398", "R399")
def test_server_that_cuts_the_handshake(model: str) -> None:
    async def run(b: Bench) -> None:
        async with peers.StreamServer(echo=False) as server:
            await ready(b, server.port)
            assert await b.type('AT+QSSLOPEN=1,1,4,"server.test",443') == OK
            await peers.until(lambda: server.heard)
            server.peers[0].transport.abort()
            assert await b.until(": 4,") == b"\r\n+QSSLOPEN: 4,%d\r\n" % CODES[model]

    play(model, run)


@rows("R100", "R398")
@pytest.mark.parametrize(("model", "options", "printed", "known"), [
    ("EC200U", {"tls_err": 566, "tls_err_in_register": False}, 566, 0),
    ("BG96", {"tls_err": 579}, 579, 579),
    ("BG96", {"timeout_err": 566}, 566, 566),
])  # fmt: skip
def test_codes_as_options(model: str, options: dict[str, object], printed: int, known: int) -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(other_authority()) as server:
            await ready(b, server.port)
            got = await b.type_until('AT+QSSLOPEN=1,1,4,"server.test",443', ": 4,")
            assert got == OK + b"\r\n+QSSLOPEN: 4,%d\r\n" % printed
            assert (await b.type("AT+QIGETERROR")).startswith(b"\r\n+QIGETERROR: %d," % known)

    play(model, run, options=options)


@rows("R057")
def test_bg96_asks_for_no_length_of_keys() -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(short_key()) as server:
            await ready(b, server.port)
            assert await b.type_until('AT+QSSLOPEN=1,1,4,"server.test",443', ": 4,") == OK + b"\r\n+QSSLOPEN: 4,0\r\n"

    play("BG96", run)


@LTE
@rows("R046")
@pytest.mark.parametrize(("option", "state"), [(True, 2), (False, 0)])
def test_der_files_as_an_option(model: str, option: bool, state: int) -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good()) as server:
            await ready(b, server.port, 'AT+QSSLCFG="cacert",1,"ca.der"')
            b.module.files["ca.der"] = ssl.PEM_cert_to_DER_cert(peers.ca_pem().decode())
            await b.type_until('AT+QSSLOPEN=1,1,4,"server.test",443', ": 4,")
            assert b.connection(4).state == state

    play(model, run, options={"ssl_der": option})
