"""Whether a private key is that of a certificate: both hold its public half, and nothing is computed."""

from binascii import a2b_base64

from ._compat import const

_INTEGER = const(0x02)
_OCTETS = const(0x04)
_SEQUENCE = const(0x30)
_PUBLIC = const(0xA1)  # [1] of an EC key, which may be left out
_LONG = const(0x80)


def fits(cert: bytes, key: bytes) -> bool:
    """False if key, a PEM as cert is, is surely not the one of the first certificate of cert; True in doubt.

    RSA: the modulus; EC: the point, where the key has it.  Both as the module itself, or within PKCS#8.
    """
    public = _public(_body(key, b"PRIVATE KEY-----"))
    return not public or _body(cert, b"CERTIFICATE-----").find(public) >= 0


def _body(pem: bytes, label: bytes) -> bytes:
    """What the first block of that kind holds."""
    at = pem.find(label) + len(label)
    return a2b_base64(pem[at : pem.find(b"-----", at)])


def _public(der: bytes) -> bytes:
    """The public half of a private key, b"" where it cannot be told."""
    _, at, end = _read(der, 0)
    _, _, behind = _read(der, at)  # its version
    tag, at, behind = _read(der, behind)
    if tag == _INTEGER:
        return der[at:behind]  # RSA
    if tag == _SEQUENCE:  # PKCS#8: what kind it is, then the key itself
        tag, at, behind = _read(der, behind)
        return _public(der[at:behind]) if tag == _OCTETS else b""
    while tag > 0 and behind < end:
        tag, at, behind = _read(der, behind)
        if tag == _PUBLIC:
            return der[at:behind]
    return b""


def _read(der: bytes, at: int) -> "tuple[int, int, int]":
    """Tag of the value at `at`, where it begins and ends; tag 0 where there is none."""
    if at + 2 > len(der):
        return 0, len(der), len(der)
    tag, n = der[at], der[at + 1]
    at += 2
    if n > _LONG:
        more = n - _LONG
        n = 0
        for c in der[at : at + more]:
            n = n << 8 | c
        at += more
    return (tag, at, at + n) if n and at + n <= len(der) else (0, len(der), len(der))
