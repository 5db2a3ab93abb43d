"""Certificates of the TLS client: reading PEM files, and the verdict on every single verification error.

"ignorecertitem" (R057) names groups of errors by bits; "ignorelocaltime", "ignoreinvalidcertsign" and
"ignoremulticertchainverify" (R051, R054, R055) name groups too. An error is ignored if any of them says so
(R417). "Multi-level chain" is read as: what is wrong with any certificate above the server's own.
"""

import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID
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
_NS_CERT_TYPE = x509.ObjectIdentifier("2.16.840.1.113730.1.1")
_NS_SERVER, _NS_CA = 0x40, 0x04  # of its bits
_DER_SEQUENCE = b"\x30"


class BadCertificate(Exception):
    """A file that is neither a certificate nor a key."""


def load(file: bytes, der: bool = False) -> "list[x509.Certificate]":
    """All certificates of a PEM file, or the one of a DER file if `der`. BadCertificate: it cannot be read."""
    try:
        if der and file.startswith(_DER_SEQUENCE):
            return [x509.load_der_x509_certificate(file)]
        return x509.load_pem_x509_certificates(file)
    except ValueError as error:
        raise BadCertificate(str(error)) from None


def load_key(file: bytes, der: bool = False) -> "rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey":
    """The private key of a PEM file (or DER), without a password (R049). BadCertificate: it cannot be read."""
    try:
        binary = der and file.startswith(_DER_SEQUENCE)
        key = load_der_private_key(file, None) if binary else load_pem_private_key(file, None)
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
        rsa_min: int = 0,
    ) -> None:
        """What is asked for and what is not.

        `name`: host name to look for, None: do not. `now`: the module's UTC time, None: do not check. `rsa_min`:
        fewest bits of an RSA key.
        """
        self._name = name
        self._now = now
        self._items = ignore_items
        self._chain = ignore_chain
        self._sign = ignore_sign
        self._rsa_min = rsa_min
        self.refusal = ""

    def verify(self, _session: SSL.Connection, certificate: crypto.X509, error: int, depth: int, _ok: int) -> bool:
        """OpenSSL calls this for every error and for every certificate of the chain."""
        try:
            return self._verdict(certificate.to_cryptography(), error, depth)
        except ValueError as problem:
            return self._refuse("certificate %d of the chain cannot be read: %s" % (depth, problem))

    def _verdict(self, parsed: x509.Certificate, error: int, depth: int) -> bool:
        if error != _OK and not self._ignored(error, parsed, depth):
            return self._refuse("certificate %d of the chain: error %d" % (depth, error))
        if not self._in_time(parsed) and not self._item(EXPIRED, depth):
            return self._refuse("certificate %d of the chain is not valid at the module's time" % depth)
        if not self._item(_key_fault(parsed, self._rsa_min), depth):
            return self._refuse("certificate %d of the chain has a key of a kind that is not accepted" % depth)
        if depth == 0 and self._name and not self._item(NAME, 0) and not matches(parsed, self._name):
            return self._refuse("the certificate is not for %s" % self._name)
        return True

    def _refuse(self, why: str) -> bool:
        self.refusal = why
        return False

    def _item(self, bits: int, depth: int) -> bool:
        """True when every one of these bits is ignored; also when there is none."""
        return self._items & bits == bits or self._items == EVERYTHING or (self._chain and depth > 0)

    def _ignored(self, error: int, certificate: x509.Certificate, depth: int) -> bool:
        if error in _TIME_ERRORS:
            return True  # said by the host's clock; the module's clock decides below
        bits = _purpose_bits(certificate, depth) if error == _PURPOSE else _bit(error)
        return (self._sign and error in _SIGN_ERRORS) or self._item(bits, depth)

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
    return KEY_USAGE if error == _NO_CERTSIGN else OTHER


def _key_fault(certificate: x509.Certificate, rsa_min: int) -> int:
    """0, or the bit for a key that is neither RSA nor EC, or for an RSA key that is too short."""
    try:
        key = certificate.public_key()
    except UnsupportedAlgorithm:
        return BAD_PK
    if isinstance(key, rsa.RSAPublicKey):
        return BAD_KEY if key.key_size < rsa_min else 0
    return 0 if isinstance(key, ec.EllipticCurvePublicKey) else BAD_PK


def _purpose_bits(certificate: x509.Certificate, depth: int) -> int:
    """Which extensions of a certificate forbid that it speaks for a TLS server, or signs for one (depth above 0)."""
    bits = 0 if _usage_fits(certificate, depth) else KEY_USAGE
    bits |= 0 if _extended_usage_fits(certificate) else EXT_KEY_USAGE
    bits |= 0 if _netscape_type_fits(certificate, depth) else NS_CERT_TYPE
    return bits or OTHER


def _usage_fits(certificate: x509.Certificate, depth: int) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    if depth:
        return usage.key_cert_sign
    return usage.digital_signature or usage.key_encipherment or usage.key_agreement


def _extended_usage_fits(certificate: x509.Certificate) -> bool:
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return ExtendedKeyUsageOID.SERVER_AUTH in usages


def _netscape_type_fits(certificate: x509.Certificate, depth: int) -> bool:
    try:
        extension = certificate.extensions.get_extension_for_oid(_NS_CERT_TYPE).value
    except x509.ExtensionNotFound:
        return True
    bits = extension.value[-1] if isinstance(extension, x509.UnrecognizedExtension) else 0
    return bool(bits & (_NS_CA if depth else _NS_SERVER))
