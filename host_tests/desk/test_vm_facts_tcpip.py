"""The tables of the documents against what the virtual module's TCP/IP has built in."""

from __future__ import annotations

from kit import rows
from virtual_module import families, words
from virtual_module.commands import services
from vm_facts import table


@rows("R271", "R272", "R273", "R401")
def test_words_of_the_error_codes() -> None:
    exceptions = {("552", "BG96"), ("552", "EC200U")}  # seen on the wire: 552,invalid parameters
    seen = set()
    for row in table("error_codes_tcpip_ssl"):
        for name in row["families"].split(";"):
            family, _ = families.find(name)
            shown = words.tcpip(int(row["code"]), family.words)
            seen.add(int(row["code"]))
            if row["code"] == "0" or (row["code"], name) in exceptions:
                continue
            assert shown == row["description"].lower(), (row, shown)
    assert seen == set(words.TCPIP)
    assert words.tcpip(0, {}) == "operate successfully"


@rows("R092", "R139", "R296")
def test_numbers_of_the_states() -> None:
    names = {"opening": ("Opening", "connecting"), "connected": ("Connected", "connected")}
    names.update({"initial": ("Initial", "idle"), "closing": ("Closing", "closing")})
    for row in table("socket_states"):
        family, _ = families.find(row["family"])
        for field, spellings in names.items():
            if row["name"] in spellings:
                assert getattr(family.states, field) == int(row["code"]), row


@rows("R274", "R275")
def test_results_of_ping_and_ntp() -> None:
    ping = {row["name"]: int(row["code"]) for row in table("ping_results")}
    assert ping["PING_TIMEOUT"] == services.PING_TIMEOUT
    assert ping["PING_SUCCESS"] == services.PING_DONE_NB
    assert ping["PING_ADDRESS_NOT_FOUND"] == services.PING_NO_ADDRESS
    ntp = {row["name"]: int(row["code"]) for row in table("ntp_results")}
    assert ntp["APP_NTP_NO_REPLY"] == services.NTP_NO_REPLY
    assert ntp["APP_NTP_DNS_ERROR"] == services.NTP_DNS_NB


@rows("R276", "R277")
def test_words_of_the_cme_errors() -> None:
    for row in table("cme_errors"):
        code = int(row["code"])
        if code in words.CME:
            assert words.CME[code].lower() == row["description"].lower()
    for code in (3, 4, 23, 30, 50, 159):
        assert words.cme(code, 1) == "+CME ERROR: %d" % code
        assert words.cme(code, 0) == "ERROR"
