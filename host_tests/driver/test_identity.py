"""A certificate and a key that do not belong together are told before a byte is sent."""

import kit
from key_pairs import (
    EC_ALONE,
    EC_CERT,
    EC_KEY,
    EC_KEY_8,
    ED_KEY,
    OTHER_EC,
    OTHER_RSA,
    RSA_CERT,
    RSA_KEY,
    RSA_KEY_1,
)
from kit import cases, raises, rows
from quectel import TLSContext
from quectel.identity import fits

CERTS = (RSA_CERT, EC_CERT)


@rows("R049")
@cases((RSA_KEY, 0), (RSA_KEY_1, 0), (EC_KEY, 1), (EC_KEY_8, 1), (OTHER_RSA, -1), (OTHER_EC, -1))
def test_whose_key_it_is(key: bytes, own: int) -> None:
    """PKCS#1, PKCS#8 and the EC form, with its parameters in front and without."""
    for i in range(len(CERTS)):
        assert fits(CERTS[i], key) is (i == own), (i, key[:30])
        assert fits(CERTS[i] + CERTS[1 - i], key) is (i == own)  # the first one is whose the key is
        dos = CERTS[i].replace(b"\n", b"\r\n"), key.replace(b"\n", b"\r\n")
        assert fits(*dos) is (i == own)
        if i == own:
            TLSContext(ca="ca.pem", cert=CERTS[i], key=key)
        else:
            with raises(ValueError) as caught:
                TLSContext(ca="ca.pem", cert=CERTS[i], key=key)
            assert "key is not that of cert" in str(caught.value)


@rows("R049")
@cases(EC_ALONE, ED_KEY)
def test_a_key_that_does_not_tell(key: bytes) -> None:
    """Without its public half, or of another kind: the module decides."""
    for cert in CERTS:
        assert fits(cert, key)
        TLSContext(ca="ca.pem", cert=cert, key=key)


@rows("R049")
def test_what_is_a_path_is_not_looked_at() -> None:
    TLSContext(ca="ca.pem", cert="c.pem", key=OTHER_RSA)
    TLSContext(ca="ca.pem", cert=RSA_CERT, key="k.pem")


def test_keys_that_are_cut() -> None:
    """Whatever stands there, nothing but a verdict comes out."""
    body = RSA_KEY_1.split(b"\n")
    for n in range(2, len(body) - 2):
        cut = b"\n".join(body[:n] + body[-2:])
        assert fits(RSA_CERT, cut) in (True, False)
    for text in (b"", b"MIIB", b"MAA=", b"MAMCAQA=", b"MIQ/////AgEA", b"MAYCAQAEAQE=", b"MAUCAQACAA=="):
        assert fits(RSA_CERT, b"-----BEGIN PRIVATE KEY-----\n" + text + b"\n-----END PRIVATE KEY-----\n") in (
            True,
            False,
        )


def test_what_it_costs() -> None:
    """As the docstring says: 6 bytes for each."""
    if not kit.MICROPYTHON:
        return
    import micropython

    total = getattr(micropython, "mem_total", None)
    if total is None:  # npm's VM does not count
        return
    for cert, key in ((RSA_CERT, RSA_KEY), (RSA_CERT, RSA_KEY_1), (EC_CERT, EC_KEY_8)):
        before = total()
        fits(cert, key)
        assert total() - before <= 6 * (len(cert) + len(key))
