"""The TLS client of the virtual module against Python's own TLS servers."""

from __future__ import annotations

import asyncio
import datetime
from dataclasses import replace

import pytest
import trustme
import vm_certificates as made
import vm_peers as peers
from kit import rows
from virtual_module import suites
from vm_tls import PLAIN, Changes, Identity, attempt, checked, connected, ok, outcome


@rows("R026", "R044")
@pytest.mark.parametrize(
    ("client", "server", "agreed"),
    [
        (1, 4, "TLSv1 "),
        (2, 4, "TLSv1.1 "),
        (3, 4, "TLSv1.2 "),
        (4, 4, "TLSv1.2 "),  # never 1.3, although the server has it
        (4, 1, "TLSv1 "),
        (4, 2, "TLSv1.1 "),
        (0, 4, "failed"),
        (1, 3, "failed"),
        (3, 1, "failed"),
    ],
)
def test_versions(client: int, server: int, agreed: str) -> None:
    assert outcome(replace(PLAIN, version=client), peers.good(version=server)).startswith(agreed)


@rows("R027", "R028", "R045")
@pytest.mark.parametrize(
    ("code", "agreed"),
    [
        (0x0035, "TLSv1.2 AES256-SHA"),
        (0x002F, "TLSv1.2 AES128-SHA"),
        (0x003D, "TLSv1.2 AES256-SHA256"),
        (0xC013, "TLSv1.2 ECDHE-RSA-AES128-SHA"),
        (0xC014, "TLSv1.2 ECDHE-RSA-AES256-SHA"),
        (0xC027, "TLSv1.2 ECDHE-RSA-AES128-SHA256"),
        (0xC028, "TLSv1.2 ECDHE-RSA-AES256-SHA384"),
        (0xC02F, "TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256"),
        (0xC030, "TLSv1.2 ECDHE-RSA-AES256-GCM-SHA384"),
        (0x0005, "failed"),  # RC4, 3DES and static ECDH: configured, but the host has none
        (0x000A, "failed"),
        (0xC004, "failed"),
        (0xC02A, "failed"),
        (0xC009, "failed"),  # needs an ECDSA certificate, the server has RSA
    ],
)
def test_suites(code: int, agreed: str) -> None:
    assert outcome(replace(PLAIN, suite=code), peers.good()) == agreed


@rows("R028", "R045")
@pytest.mark.parametrize(
    ("code", "agreed"),
    [
        (0xC009, "TLSv1.2 ECDHE-ECDSA-AES128-SHA"),
        (0xC00A, "TLSv1.2 ECDHE-ECDSA-AES256-SHA"),
        (0xC023, "TLSv1.2 ECDHE-ECDSA-AES128-SHA256"),
        (0xC024, "TLSv1.2 ECDHE-ECDSA-AES256-SHA384"),
        (0xC007, "failed"),
        (0xC008, "failed"),
        (0xC02F, "failed"),  # needs an RSA certificate
    ],
)
def test_suites_of_a_server_with_an_ec_key(code: int, agreed: str) -> None:
    assert outcome(replace(PLAIN, suite=code), made.context_of(*made.issue(made.ec_key()))) == agreed


@rows("R026", "R027", "R044")
@pytest.mark.parametrize("version", [1, 2])
def test_suites_of_the_old_versions(version: int) -> None:
    printed = {1: "TLSv1", 2: "TLSv1.1"}[version]
    for code in (0x0035, 0x002F, 0xC013, 0xC014):
        want = "%s %s" % (printed, suites.SUITES[code][0])
        assert outcome(replace(PLAIN, suite=code, version=version), peers.good()) == want
    for code in (0x003D, 0xC027, 0xC02F):  # of TLS 1.2 only
        assert outcome(replace(PLAIN, suite=code, version=version), peers.good()) == "failed"


@rows("R027", "R028")
def test_lists_of_suites() -> None:
    assert len(suites.codes("BG96")) == 14
    assert len(suites.codes("EC200U")) == 33
    assert suites.codes("BG96")[-1] == 0xFFFF


@rows("R050", "R098")
def test_server_is_checked_from_level_1_on() -> None:
    assert ok(checked(), peers.good())
    assert not ok(checked("other"), peers.good())
    assert not ok(replace(checked(), ca=()), peers.good())
    assert not ok(replace(checked(), ca=(b"no certificate",)), peers.good())
    assert ok(checked("other", seclevel=0), peers.good())


@rows("R047", "R419")
def test_additional_ca_is_loaded_beside_the_first() -> None:
    both = (peers.ca_pem("other"), peers.ca_pem("one"))
    assert ok(replace(checked(), ca=both), peers.good())


def year(number: int) -> datetime.datetime:
    return datetime.datetime(number, 6, 1, tzinfo=peers.UTC)


@rows("R039", "R051", "R057")
def test_validity_is_judged_by_the_clock_of_the_module() -> None:
    old = peers.server_context(peers.leaf("one", "server.test", years=(2001, 2010)))
    assert ok(checked(now=year(2005)), old)  # the host's clock would say no
    assert not ok(checked(now=year(2026)), old)
    assert not ok(checked(now=year(1980)), peers.good())  # the module never heard the time: not yet valid
    assert ok(checked(now=year(1980), ignore_time=True), peers.good())
    assert ok(checked(now=year(1980), ignore_items=1), peers.good())
    assert not ok(checked(now=year(1980), ignore_items=4 | 8), peers.good())
    assert ok(checked(now=year(1980), ignore_items=1048575), peers.good())


@rows("R039")
def test_the_whole_chain_is_judged_by_the_clock() -> None:
    # The leaf is valid in 2006; the CA of the tests, made by trustme, is valid from 2000 on.
    old = peers.server_context(peers.leaf("one", "server.test", years=(1995, 2030)))
    assert ok(checked(now=year(2006)), old)
    assert not ok(checked(now=year(1997)), old)
    assert ok(checked(now=year(1997), ignore_chain=True), old)  # only the certificates above the leaf are wrong


@rows("R418", "R057")
def test_host_name() -> None:
    wild = peers.server_context(peers.leaf("one", "*.server.test"))
    assert not ok(checked(), peers.good(), "elsewhere.test")
    assert ok(checked(), peers.good(), None)  # an address in the AT command: nothing to compare
    assert ok(checked(check_name=False), peers.good(), "elsewhere.test")
    assert ok(checked(ignore_items=4), peers.good(), "elsewhere.test")
    assert ok(checked(), wild, "a.server.test")
    assert not ok(checked(), wild, "a.b.server.test")


@rows("R054", "R055", "R057", "R417")
@pytest.mark.parametrize(
    ("change", "accepted"),
    [
        ({}, False),
        ({"ignore_items": 8}, True),
        ({"ignore_items": 1}, False),
        ({"ignore_items": 256}, False),
        ({"ignore_items": 1048575}, True),
        ({"ignore_sign": True}, True),
        ({"ignore_chain": True}, False),  # the error is at the server's own certificate
        ({"ignore_time": True}, False),
    ],
)
def test_unknown_ca_ignored_by_any_switch_that_names_it(change: Changes, accepted: bool) -> None:
    assert ok(checked("other", **change), peers.good()) is accepted


@rows("R054")
def test_multi_level_chain() -> None:
    middle = peers.authority("one").create_child_ca(key_type=trustme.KeyType.RSA)
    cert = middle.issue_cert("server.test", key_type=trustme.KeyType.RSA)
    context = peers.server_context(cert)
    assert ok(checked(), context)
    assert not ok(checked("other"), context)
    assert ok(checked("other", ignore_chain=True), context)


@rows("R048", "R049", "R050", "R098")
def test_client_certificate() -> None:
    mine = peers.leaf("clients", "module.test")
    identity: Identity = {"client_cert": peers.chain_pem(mine), "client_key": mine.private_key_pem.bytes()}
    wants = peers.demand_client(peers.good(version=3), "clients")
    assert ok(checked(seclevel=2, **identity), wants)
    assert not ok(checked(seclevel=1, **identity), wants)
    other = peers.leaf("one", "module.test")
    stranger: Identity = {"client_cert": peers.chain_pem(other), "client_key": other.private_key_pem.bytes()}
    assert not ok(checked(seclevel=2, **stranger), wants)
    mixed: Identity = {"client_cert": peers.chain_pem(mine), "client_key": other.private_key_pem.bytes()}
    assert not ok(checked(seclevel=2, **mixed), wants)


@rows("R040", "R053")
@pytest.mark.parametrize(
    ("sni", "name", "seen"),
    [(True, "server.test", "server.test"), (False, "server.test", None), (True, None, None)],
)
def test_server_name_indication(sni: bool, name: str | None, seen: str | None) -> None:
    async def run() -> list[str | None]:
        async with peers.TlsServer(peers.good()) as server:
            client, _ = await connected(server, replace(PLAIN, sni=sni), name)
            client.close()
            return server.names

    assert asyncio.run(run()) == [seen]


@rows("R086", "R096")
def test_goodbyes() -> None:
    async def run() -> None:
        async with peers.TlsServer(peers.good(), greeting=b"hello") as server:
            client, owner = await connected(server, PLAIN)
            await peers.until(lambda: owner.data == b"hello")
            client.close()
            await asyncio.wait_for(server.ended.wait(), 5)
            assert owner.goodbyes == []  # nobody is told of a close of one's own
            client, owner = await connected(server, PLAIN)
            await peers.until(lambda: owner.data == b"hello")
            server.peers[1].close()
            await peers.until(lambda: owner.goodbyes)
            assert owner.goodbyes == [True]
            client, owner = await connected(server, PLAIN)
            await peers.until(lambda: owner.data == b"hello")
            server.peers[2].transport.abort()
            await peers.until(lambda: owner.goodbyes)
            assert owner.goodbyes == [False]

    asyncio.run(run())


def test_much_data() -> None:
    async def run() -> None:
        blob = bytes(range(256)) * 1024
        async with peers.TlsServer(peers.good()) as server:
            client, owner = await connected(server, PLAIN)
            client.session.send(blob)
            await peers.until(lambda: len(owner.data) == len(blob))
            assert owner.data == blob
            client.close()

    asyncio.run(run())


@rows("R065")
def test_no_listener() -> None:
    async def run() -> str:
        async with peers.TlsServer(peers.good()) as server:
            pass
        _, owner = await attempt(server, PLAIN)
        return owner.what

    assert asyncio.run(run()) == "failed"
