"""Options that only the LTE families have, over `COMMON_OPTIONS`: name: (default, meaning). Rows in brackets."""

OPTIONS: "dict[str, tuple[object, str]]" = {
    "tls_err": (566, "error of an open whose TLS failed: 566 or 579 (R315, R398)"),
    "tls_err_in_register": (True, "AT+QIGETERROR knows the error of a failed QSSLOPEN; if not, it says 0 (R100, R398)"),
    "ssl_name_check": (False, "the server's certificate has to name the host, where a name was given (R418)"),
    "ssl_rsa_min": (0, "RSA keys with fewer bits are no acceptable keys (bit 65536 of ignorecertitem, R057)"),
    "ssl_der": (False, "certificate files may be DER, too (R046)"),
    "ssl_old_spelling": (False, "QSSLCFG takes secllevel, too (R331)"),
    "ssl_read_after_close": (True, "what was not read yet can be read after closed (R393)"),
    "ssl_state_read": (False, "AT+QSSLSTATE? answers as AT+QSSLSTATE does (R397)"),
    "ssl_data_echo": (False, "AT+QISDE=1 echoes the data of QSSLSEND, too (R388)"),
    "ssl_swtmd": ("OK", "QISWTMD of an SSL connection: OK or ERROR (R415)"),
    "ssl_sessions": (12, "SSL connections at a time; one more is refused with 553 (R416)"),
    "separate_ids": (False, "TCP/IP and SSL connections have a table of ids each (R415)"),
    "send_max_1500": (False, "QSSLSEND takes 1500 bytes (R290)"),
    "recv_urc_always": (False, "a recv URC for all that arrives, not only for the first of it (R391)"),
    "transwait_unit_ms": (100, "unit of QICFG transwaittm; the EC200U note prints ms"),
    "dtr_off": ("NO CARRIER", "AT&D2 in transparent mode: NO CARRIER and the connection closed, or OK as with AT&D1"),
    "auth_max": (3, "highest authentication of QICSGP"),
    "contexts_active": (3, "contexts that can be active together"),
    "qflst_prefix": ("", "what QFLST prints before a name"),
    "qfdel_missing": (405, "error of QFDEL for a file that is not there: 405 or 418"),
}
