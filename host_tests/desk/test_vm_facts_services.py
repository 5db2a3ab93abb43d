"""The tables of the documents against what the virtual module's TLS and CoAP have built in."""

from __future__ import annotations

import ssl

from kit import rows
from virtual_module import certificates, coap_text, ssl_items, suites, words
from vm_facts import table


@rows("R027", "R028", "R320", "R321", "R334", "R335")
def test_suites_of_each_family() -> None:
    for family, column in (("BG96", "bg96"), ("EC200U", "ec200u")):
        listed = {int(row["code"], 16) for row in table("cipher_suites") if row[column] == "1"}
        assert set(suites.codes(family)) == listed


@rows("R027", "R028", "R322")
def test_names_of_suites() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    known = {one["id"] & 0xFFFF: one["name"] for one in context.get_ciphers()}
    checked = [code for code in suites.SUITES if code in known]
    assert len(checked) >= 13
    assert [suites.SUITES[code][0] for code in checked] == [known[code] for code in checked]
    names = {int(row["code"], 16): row["name"] for row in table("cipher_suites")}
    for code, (name, _) in suites.SUITES.items():  # the others, by what the names have in common
        first = names[code].replace("MBEDTLS_", "").split("_")[1:]
        for word in ("ECDHE", "ECDSA", "RC4", "MD5", "SHA256", "SHA384", "GCM"):
            assert (word in first) == (word in name.split("-")), (code, word)
        assert ("128" in first) == ("128" in name or "RC4" in name)


@rows("R044", "R057")
def test_versions_and_ignored_items() -> None:
    versions = [int(row["code"]) for row in table("ssl_versions")]
    item = ssl_items.items("EC200U")["sslversion"]
    assert versions == list(range(item.low, int(item.high) + 1))
    bits = [int(row["code"]) for row in table("ignore_check_items")][1:]
    assert bits == [
        certificates.EXPIRED, certificates.NAME, certificates.TRUST, certificates.OTHER, certificates.KEY_USAGE,
        certificates.EXT_KEY_USAGE, certificates.NS_CERT_TYPE, certificates.BAD_PK, certificates.BAD_KEY,
        certificates.EVERYTHING,
    ]  # fmt: skip


@rows("R237", "R238", "R243", "R261")
def test_coap_numbers() -> None:
    codes = table("coap_codes")
    assert {int(row["code"]) for row in codes if row["kind"] == "method"} == coap_text.METHODS
    assert {int(row["code"]) for row in codes if row["kind"] == "rspcode"} == coap_text.RESPONSES
    assert [int(row["code"]) for row in codes if row["kind"] == "type"] == [
        coap_text.CON, coap_text.NON, coap_text.ACK, coap_text.RST,
    ]  # fmt: skip
    dotted = [row["code"] for row in codes if row["kind"] == "rspcode_urc"]
    assert {coap_text.code_text(coap_text.code_byte(code)) for code in coap_text.RESPONSES} == set(dotted)
    assert {int(row["code"]) for row in table("coap_options")} == coap_text.NAMES
    formats = table("content_formats")
    assert {row["code"] for row in formats} == coap_text.FORMATS
    assert {int(row["code"]) for row in formats if row["urc_payload"] == "text"} == coap_text.TEXT_FORMATS


@rows("R276")
def test_words_of_the_coap_errors() -> None:
    for row in table("cme_errors"):
        if row["spec"] == "27.007":
            assert words.cme(int(row["code"]), 2).lower() == "+cme error: " + row["description"].lower()
