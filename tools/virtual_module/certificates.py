"""Certificates of the TLS client: reading PEM files, and the verdict on every single verification error.

"ignorecertitem" (R057) names groups of errors by bits; "ignorelocaltime", "ignoreinvalidcertsign" and
"ignoremulticertchainverify" (R051, R054, R055) name groups too. An error is ignored if any of them says so
(R417). "Multi-level chain" is read as: what is wrong with any certificate above the server's own.
"""

import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL, crypto

EXPIRED, NAME, TRUST, OTHER, KEY_USAGE, EXT_KEY_USAGE, NS_CERT_TYPE, BAD_PK, BAD_KEY = (
    1, 4, 8, 256, 2048, 4096, 8192, 32768, 65536,
)  # fmt: skip
EVERYTHING = 1048575

_OK, _PURPOSE, _NO_CERTSIGN = 0, 26, 32
_TIME_ERRORS = frozenset((9, 10, 13, 14))
# Unable to get or to verify an issuer, a bad signature, self-signed, an invalid or untrusted CA.
_TRUST_ERRORS = frozenset((2, 4, 6, 7, 18, 19, 20, 21, 24, 27, 28, 29, 30, 31, 79))
_SIGN_ERRORS = frozenset((4, 6, 7, 18, 19, 20, 21))
_WEAK_KEY = frozenset((66, 67))


class BadCertificate(Exception):
    """A file that is neither a certificate nor a key."""


def load(pem: bytes) -> "list[x509.Certificate]":
    """All certificates of a PEM file. BadCertificate: there is none, or it cannot be read."""
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise BadCertificate(str(error)) from None


def load_key(pem: bytes) -> "rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey":
    """The private key of a PEM file, without a password (R049)."""
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError) as error:
        raise BadCertificate(str(error)) from None
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise BadCertificate("only RSA and EC keys")
    return key


def matches(certificate: x509.Certificate, name: str) -> bool:
    """Does the certificate name this host? subjectAltName, else the common name; `*` stands for one label."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names = extension.value.get_values_for_type(x509.DNSName)
    except x509.ExtensionNotFound:
        subject = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        names = [str(one.value) for one in subject]
    return any(_name_fits(pattern.lower(), name.lower()) for pattern in names)


def _name_fits(pattern: str, name: str) -> bool:
    if not pattern.startswith("*."):
        return pattern == name
    _, _, parent = name.partition(".")
    return pattern[2:] == parent


class Judge:
    """The verify callback: keeps the first error that nothing tells it to ignore in `refusal`."""

    def __init__(
        self,
        name: "str | None",
        now: "datetime.datetime | None",
        ignore_items: int = 0,
        ignore_chain: bool = False,
        ignore_sign: bool = False,
    ) -> None:
        """`name`: host name to look for, None: do not. `now`: the module's UTC time, None: do not check."""
        self._name = name
        self._now = now
        self._items = ignore_items
        self._chain = ignore_chain
        self._sign = ignore_sign
        self.refusal = ""

    def verify(self, _session: SSL.Connection, certificate: crypto.X509, error: int, depth: int, _ok: int) -> bool:
        """OpenSSL calls this for every error and for every certificate of the chain."""
        parsed = certificate.to_cryptography()
        if error != _OK and not self._ignored(error, depth):
            return self._refuse("certificate %d of the chain: error %d" % (depth, error))
        if not self._in_time(parsed) and not self._item(EXPIRED, depth):
            return self._refuse("certificate %d of the chain is not valid at the module's time" % depth)
        if depth == 0 and self._name and not self._item(NAME, 0) and not matches(parsed, self._name):
            return self._refuse("the certificate is not for %s" % self._name)
        return True

    def _refuse(self, why: str) -> bool:
        self.refusal = why
        return False

    def _item(self, bit: int, depth: int) -> bool:
        return bool(self._items & bit) or self._items == EVERYTHING or (self._chain and depth > 0)

    def _ignored(self, error: int, depth: int) -> bool:
        if error in _TIME_ERRORS:
            return True  # said by the host's clock; the module's clock decides below
        return (self._sign and error in _SIGN_ERRORS) or self._item(_bit(error), depth)

    def _in_time(self, certificate: x509.Certificate) -> bool:
        if self._now is None:
            return True
        return certificate.not_valid_before_utc <= self._now <= certificate.not_valid_after_utc


def _bit(error: int) -> int:
    """The bit of "ignorecertitem" that covers an OpenSSL error; what has none of its own is 256."""
    if error in _TRUST_ERRORS:
        return TRUST
    if error in _WEAK_KEY:
        return BAD_KEY
    return {_PURPOSE: EXT_KEY_USAGE | NS_CERT_TYPE, _NO_CERTSIGN: KEY_USAGE}.get(error, OTHER)
