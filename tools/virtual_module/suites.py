"""The cipher suites of "ciphersuite" by code (R027, R028): OpenSSL's name and the families that list it.

The codes of the static ECDH, RC4 and 3DES suites are here too: the configuration accepts them, and the open
fails when the OpenSSL of the host does not have them.
"""

ALL = 0xFFFF

_BOTH = ("BG96", "EC200U")
_NEW = ("EC200U",)

# The order is that of the BG96 test answer, then that of the EC200U table.
SUITES: "dict[int, tuple[str, tuple[str, ...]]]" = {
    0x0035: ("AES256-SHA", _BOTH),
    0x002F: ("AES128-SHA", _BOTH),
    0x0005: ("RC4-SHA", _BOTH),
    0x0004: ("RC4-MD5", _BOTH),
    0x000A: ("DES-CBC3-SHA", _BOTH),
    0x003D: ("AES256-SHA256", _BOTH),
    0xC011: ("ECDHE-RSA-RC4-SHA", _BOTH),
    0xC012: ("ECDHE-RSA-DES-CBC3-SHA", _BOTH),
    0xC013: ("ECDHE-RSA-AES128-SHA", _BOTH),
    0xC014: ("ECDHE-RSA-AES256-SHA", _BOTH),
    0xC027: ("ECDHE-RSA-AES128-SHA256", _BOTH),
    0xC028: ("ECDHE-RSA-AES256-SHA384", _BOTH),
    0xC02F: ("ECDHE-RSA-AES128-GCM-SHA256", _BOTH),
    0xC002: ("ECDH-ECDSA-RC4-SHA", _NEW),
    0xC003: ("ECDH-ECDSA-DES-CBC3-SHA", _NEW),
    0xC004: ("ECDH-ECDSA-AES128-SHA", _NEW),
    0xC005: ("ECDH-ECDSA-AES256-SHA", _NEW),
    0xC007: ("ECDHE-ECDSA-RC4-SHA", _NEW),
    0xC008: ("ECDHE-ECDSA-DES-CBC3-SHA", _NEW),
    0xC009: ("ECDHE-ECDSA-AES128-SHA", _NEW),
    0xC00A: ("ECDHE-ECDSA-AES256-SHA", _NEW),
    0xC00C: ("ECDH-RSA-RC4-SHA", _NEW),
    0xC00D: ("ECDH-RSA-DES-CBC3-SHA", _NEW),
    0xC00E: ("ECDH-RSA-AES128-SHA", _NEW),
    0xC00F: ("ECDH-RSA-AES256-SHA", _NEW),
    0xC023: ("ECDHE-ECDSA-AES128-SHA256", _NEW),
    0xC024: ("ECDHE-ECDSA-AES256-SHA384", _NEW),
    0xC025: ("ECDH-ECDSA-AES128-SHA256", _NEW),
    0xC026: ("ECDH-ECDSA-AES256-SHA384", _NEW),
    0xC029: ("ECDH-RSA-AES128-SHA256", _NEW),
    0xC02A: ("ECDH-RSA-AES256-SHA384", _NEW),
    0xC030: ("ECDHE-RSA-AES256-GCM-SHA384", _NEW),
}


def codes(family: str) -> "list[int]":
    """The codes that a family lists, in the order of its document, 0xFFFF last."""
    return [code for code, (_, families) in SUITES.items() if family in families] + [ALL]


def openssl_names(family: str, code: int) -> "list[str]":
    """OpenSSL's names for one code of a family, or for all of its suites (0xFFFF)."""
    if code != ALL:
        return [SUITES[code][0]]
    return [name for name, families in SUITES.values() if family in families]
