"""Certificates with what trustme does not put into one, for the tests of certificate checks."""

from __future__ import annotations

import datetime
import functools
import ssl
import tempfile
from pathlib import Path

import vm_peers as peers
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
NS_CERT_TYPE = x509.ObjectIdentifier("2.16.840.1.113730.1.1")
PEM = serialization.Encoding.PEM


@functools.cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@functools.cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@functools.cache
def ed_key() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


def issue(
    key: Key | None = None,
    *more: tuple[x509.ExtensionType, bool],
    label: str = "one",
    name: str = "server.test",
    years: tuple[int, int] = (2020, 2040),
) -> tuple[bytes, bytes]:
    """A certificate of `authority(label)` with extensions of one's own, and its key; both PEM."""
    key = key or rsa_key()
    signer = serialization.load_pem_private_key(peers.authority(label).private_key_pem.bytes(), None)
    assert isinstance(signer, rsa.RSAPrivateKey)
    ca = x509.load_pem_x509_certificate(peers.ca_pem(label))
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
        .issuer_name(ca.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.datetime(years[0], 1, 1, tzinfo=peers.UTC))
        .not_valid_after(datetime.datetime(years[1], 1, 1, tzinfo=peers.UTC))
    )
    for extension, critical in more:
        made = made.add_extension(extension, critical)
    return made.sign(signer, hashes.SHA256()).public_bytes(PEM), key_pem(key)


def key_pem(key: Key, password: bytes = b"") -> bytes:
    hidden = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, hidden)


def spoilt(pem: bytes) -> bytes:
    """The same certificate, but its signature is wrong."""
    der = bytearray(x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER))
    der[-1] ^= 1
    return ssl.DER_cert_to_PEM_cert(bytes(der)).encode()


def usage(*names: str) -> x509.KeyUsage:
    """A keyUsage with these bits only."""
    every = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{one: one in names for one in every})


def context_of(cert: bytes, key: bytes, version: int = 4, ciphers: str = "ALL") -> ssl.SSLContext:
    """A server with that certificate (and chain)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(ciphers + ":@SECLEVEL=0")
    peers.limit_versions(context, version)
    with tempfile.TemporaryDirectory() as folder:
        both = Path(folder, "both.pem")
        both.write_bytes(cert + key)
        context.load_cert_chain(both)
    return context
