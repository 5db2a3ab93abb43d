"""What is wrong with a certificate, one by one, and which switch of AT+QSSLCFG overlooks it."""

from __future__ import annotations

import datetime
import functools
import ssl
from dataclasses import replace

import pytest
import vm_certificates as made
import vm_peers as peers
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID
from kit import rows
from vm_tls import Identity, checked, ok

EXPIRED, NAME, TRUST, OTHER, USAGE, EXTENDED, NETSCAPE, PUBLIC, KEY = 1, 4, 8, 256, 2048, 4096, 8192, 32768, 65536
BITS = (EXPIRED, NAME, TRUST, OTHER, USAGE, EXTENDED, NETSCAPE, PUBLIC, KEY)
EVERYTHING = 1048575

no_server = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)
no_signing = (made.usage("crl_sign"), True)
client_type = (x509.UnrecognizedExtension(made.NS_CERT_TYPE, b"\x03\x02\x07\x80"), False)
unheard_of = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00"), True)
right = (
    (made.usage("digital_signature", "key_encipherment"), True),
    (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
    (x509.UnrecognizedExtension(made.NS_CERT_TYPE, b"\x03\x02\x06\x40"), False),
)


@functools.cache
def certificate(fault: str) -> tuple[bytes, bytes]:
    if fault == "signature":
        cert, key = made.issue()
        return made.spoilt(cert), key
    return {
        "nothing": lambda: made.issue(None, *right),
        "usage": lambda: made.issue(None, no_signing),
        "extended usage": lambda: made.issue(None, no_server),
        "netscape type": lambda: made.issue(None, client_type),
        "all three": lambda: made.issue(None, no_signing, no_server, client_type),
        "critical extension": lambda: made.issue(None, unheard_of),
        "kind of key": lambda: made.issue(made.ed_key()),
        "short key": lambda: made.issue(made.rsa_key(1024)),
        "authority": lambda: made.issue(label="other"),
        "expired": lambda: made.issue(years=(2001, 2010)),
        "not yet valid": lambda: made.issue(years=(2030, 2040)),
        "name": lambda: made.issue(name="elsewhere.test"),
    }[fault]()


def accepted(fault: str, items: int = 0, switch: str = "") -> bool:
    cert, key = certificate(fault)
    settings = checked(
        ignore_items=items,
        ignore_time=switch == "ignore_time",
        ignore_chain=switch == "ignore_chain",
        ignore_sign=switch == "ignore_sign",
    )
    return ok(replace(settings, rsa_min=2048), made.context_of(cert, key, 3))


@rows("R057", "R417", "R039", "R418")
@pytest.mark.parametrize(
    ("fault", "bits"),
    [
        ("usage", USAGE),
        ("extended usage", EXTENDED),
        ("netscape type", NETSCAPE),
        ("all three", USAGE | EXTENDED | NETSCAPE),
        ("critical extension", OTHER),
        ("kind of key", PUBLIC),
        ("short key", KEY),
        ("signature", TRUST),
        ("authority", TRUST),
        ("expired", EXPIRED),
        ("not yet valid", EXPIRED),
        ("name", NAME),
    ],
)
def test_each_bit_overlooks_its_own_fault(fault: str, bits: int) -> None:
    assert not accepted(fault)
    assert accepted(fault, bits)
    assert accepted(fault, EVERYTHING)
    for bit in BITS:
        if bit & bits:
            assert not accepted(fault, sum(BITS) - bit), bit  # all the others do not help


@rows("R057")
def test_a_certificate_with_the_right_extensions() -> None:
    assert accepted("nothing")


@rows("R054", "R055", "R051", "R417")
@pytest.mark.parametrize(
    ("fault", "switch", "good"),
    [
        ("signature", "ignore_sign", True),
        ("authority", "ignore_sign", True),
        ("expired", "ignore_time", True),
        ("not yet valid", "ignore_time", True),
        ("signature", "ignore_time", False),
        ("signature", "ignore_chain", False),
        ("expired", "ignore_sign", False),
        ("expired", "ignore_chain", False),  # at the server's own certificate
        ("name", "ignore_sign", False),
        ("name", "ignore_time", False),
        ("usage", "ignore_sign", False),
        ("critical extension", "ignore_sign", False),
    ],
)
def test_other_switches(fault: str, switch: str, good: bool) -> None:
    assert accepted(fault, switch=switch) is good


@rows("R417")
def test_two_faults_need_two_permissions() -> None:
    cert, key = made.issue(name="elsewhere.test", years=(2001, 2010))
    context = made.context_of(cert, key, 3)
    assert not ok(checked(ignore_items=NAME), context)
    assert not ok(checked(ignore_time=True), context)
    assert not ok(checked(ignore_items=EXPIRED), context)
    assert ok(checked(ignore_items=NAME | EXPIRED), context)
    assert ok(checked(ignore_items=NAME, ignore_time=True), context)
    assert ok(checked(seclevel=0), context)


@rows("R057")
def test_short_keys_pass_where_no_length_is_asked_for() -> None:
    cert, key = certificate("short key")
    assert ok(checked(), made.context_of(cert, key, 3))


@rows("R039", "R054")
def test_dates_of_a_certificate_between() -> None:
    middle = peers.authority("one").create_child_ca()
    context = peers.server_context(middle.issue_cert("server.test"), 3)
    early = datetime.datetime(1999, 1, 1, tzinfo=peers.UTC)
    assert ok(checked(), context)
    assert not ok(checked(now=early), context)


@rows("R048", "R049", "R050")
def test_client_files_that_do_not_serve() -> None:
    mine = peers.leaf("clients", "module.test")
    wants = peers.demand_client(peers.good(version=3), "clients")
    cert, key = peers.chain_pem(mine), mine.private_key_pem.bytes()
    encrypted = made.key_pem(made.rsa_key(), b"secret")
    assert ok(checked(seclevel=2, client_cert=cert, client_key=key), wants)
    for bad in (key[:200], b"", encrypted, made.key_pem(made.ed_key()), made.key_pem(made.ec_key())):
        assert not ok(checked(seclevel=2, client_cert=cert, client_key=bad), wants)
    assert not ok(checked(seclevel=2, client_cert=b"no certificate", client_key=key), wants)
    half: Identity = {"client_cert": cert}
    assert not ok(checked(seclevel=2, **half), wants)  # no key: no certificate is shown
    assert ok(checked(seclevel=2, **half), peers.good(version=3))  # and nobody asks for one
    assert not ok(checked(seclevel=2), wants)


@rows("R050")
def test_a_server_that_asks_but_does_not_insist() -> None:
    asks = peers.demand_client(peers.good(version=3), "clients")
    asks.verify_mode = ssl.CERT_OPTIONAL
    mine, stranger = peers.leaf("clients", "module.test"), peers.leaf("one", "module.test")
    for cert, good in ((mine, True), (stranger, False)):
        shown: Identity = {"client_cert": peers.chain_pem(cert), "client_key": cert.private_key_pem.bytes()}
        assert ok(checked(seclevel=2, **shown), asks) is good
        assert ok(checked(seclevel=1, **shown), asks)  # nothing is shown
    assert ok(checked(seclevel=2), asks)


@rows("R046")
def test_der_only_where_it_is_allowed() -> None:
    der = x509.load_pem_x509_certificate(peers.ca_pem()).public_bytes(serialization.Encoding.DER)
    assert not ok(replace(checked(), ca=(der,)), peers.good())
    assert ok(replace(checked(), ca=(der,), der=True), peers.good())
    assert ok(replace(checked(), der=True), peers.good())  # PEM all the same
    assert not ok(replace(checked(), ca=(der[:-20],), der=True), peers.good())


@rows("R040", "R053")
def test_a_name_that_cannot_be_sent() -> None:
    assert not ok(replace(checked(seclevel=0), sni=True), peers.good(), "s\xe9rver.test")
    assert ok(checked(seclevel=0), peers.good(), "s\xe9rver.test")
