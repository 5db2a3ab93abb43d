"""Names of the cipher suites (R027, R028).  Imported when one is named: who gives codes does not pay for them."""

_NAMES = (
    (0x0004, "RSA_RC4_128_MD5"),
    (0x0005, "RSA_RC4_128_SHA"),
    (0x000A, "RSA_3DES_EDE_CBC_SHA"),
    (0x002F, "RSA_AES_128_CBC_SHA"),
    (0x0035, "RSA_AES_256_CBC_SHA"),
    (0x003D, "RSA_AES_256_CBC_SHA256"),
    (0xC002, "ECDH_ECDSA_RC4_128_SHA"),
    (0xC003, "ECDH_ECDSA_3DES_EDE_CBC_SHA"),
    (0xC004, "ECDH_ECDSA_AES_128_CBC_SHA"),
    (0xC005, "ECDH_ECDSA_AES_256_CBC_SHA"),
    (0xC007, "ECDHE_ECDSA_RC4_128_SHA"),
    (0xC008, "ECDHE_ECDSA_3DES_EDE_CBC_SHA"),
    (0xC009, "ECDHE_ECDSA_AES_128_CBC_SHA"),
    (0xC00A, "ECDHE_ECDSA_AES_256_CBC_SHA"),
    (0xC00C, "ECDH_RSA_RC4_128_SHA"),
    (0xC00D, "ECDH_RSA_3DES_EDE_CBC_SHA"),
    (0xC00E, "ECDH_RSA_AES_128_CBC_SHA"),
    (0xC00F, "ECDH_RSA_AES_256_CBC_SHA"),
    (0xC011, "ECDHE_RSA_RC4_128_SHA"),
    (0xC012, "ECDHE_RSA_3DES_EDE_CBC_SHA"),
    (0xC013, "ECDHE_RSA_AES_128_CBC_SHA"),
    (0xC014, "ECDHE_RSA_AES_256_CBC_SHA"),
    (0xC023, "ECDHE_ECDSA_AES_128_CBC_SHA256"),
    (0xC024, "ECDHE_ECDSA_AES_256_CBC_SHA384"),
    (0xC025, "ECDH_ECDSA_AES_128_CBC_SHA256"),
    (0xC026, "ECDH_ECDSA_AES_256_CBC_SHA384"),
    (0xC027, "ECDHE_RSA_AES_128_CBC_SHA256"),
    (0xC028, "ECDHE_RSA_AES_256_CBC_SHA384"),
    (0xC029, "ECDH_RSA_AES_128_CBC_SHA256"),
    (0xC02A, "ECDH_RSA_AES_256_CBC_SHA384"),
    (0xC02F, "ECDHE_RSA_AES_128_GCM_SHA256"),
    (0xC030, "ECDHE_RSA_AES_256_GCM_SHA384"),
)


def code_of(name: str) -> int:
    """The code of "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"; TLS_ and WITH_ may be left out.  ValueError for others."""
    short = name.upper()
    for prefix in ("MBEDTLS_", "TLS_"):
        if short.startswith(prefix):
            short = short[len(prefix) :]
    short = short.replace("_WITH_", "_")
    for code, known in _NAMES:
        if known == short:
            return code
    raise ValueError("suites: no cipher suite is named %r" % name)
