"""Every worked example of the five documents, played to the driver whole, in single bytes and cut at every place.

The host's lines go in with modem.command(); what the driver then writes must be the document's bytes, and what it
makes of the module's bytes must be the same in every cutting.
"""

from kit import MICROPYTHON, rows
from play import AMBIGUOUS, ASKS_WHY, LAST_ERROR, LATER, Play, each, find, playable, played_whole, wire
from quectel.coap import parse as message
from quectel.table import OPEN
from transcript import paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What the worked examples show: the rows of kind EX, and the rules of framing and of reading the documents.
EXAMPLES = (
    "R003 R008 R011 R019 R060 R068 R078 R084 R101 R102 R103 R126 R127 R130 R134 R144 "
    "R157 R171 R172 R173 R183 R199 R200 R213 R214 R220 R221 R222 R223 R232 R239 R247 "
    "R248 R251 R261 R266 R267 R268 R269 R292 R293 R369 R467"
).split()


def test_all_but_the_listed_files_are_played() -> None:
    files = ["/".join(path.split("/")[-2:]) for path in paths()]
    assert len(files) == 96
    assert len(playable()) == 96 - len(LATER)
    for name in LATER + ASKS_WHY + LAST_ERROR + (AMBIGUOUS[0],):
        assert name in files, name
    assert len(each()) > 96 + 10


@rows(*EXAMPLES)
def test_whole() -> None:
    for path, spelling in each():
        played_whole(path, spelling)


@rows("R003", "R008", "R018", "R441", "R442")
def test_byte_by_byte() -> None:
    for path, spelling in each():
        whole = played_whole(path, spelling)
        for size in (1, 2, 3, 7):
            outcome = Play(path, spelling, size).run()
            assert outcome == whole, (path, spelling, size, outcome, whole)


def cut_everywhere(pause: int) -> int:
    """Every stretch of the module is cut at the same distance from its beginning, so every place comes once."""
    count = 0
    for path, spelling in each():
        if spelling and pause:
            continue
        played = Play(path, spelling)
        whole = played.run()
        longest = max([len(wire(part)) for part in played.parts[1::2]])
        for cut in range(1, longest, 3 if pause and MICROPYTHON else 1):
            outcome = Play(path, spelling, 0, cut, pause).run()
            assert outcome == whole, (path, spelling, cut, pause, outcome, whole)
        count += longest
    return count


@rows("R003", "R008", "R018", "R441", "R442")
def test_cut_in_two_at_every_place() -> None:
    assert cut_everywhere(0) > 4000


@rows("R003", "R008", "R018", "R441", "R442")
def test_cut_in_two_with_a_pause_between() -> None:
    assert cut_everywhere(8) > 4000


# --- what was delivered -------------------------------------------------------------------------------------------


@rows("R095", "R173", "R214")
def test_push_mode_delivers_the_payloads() -> None:
    for name, data in (
        ("bc25_tcpip/4.2.3", b"12345012345678901"),
        ("bc65_tcpip/4.2.3", b"12345012345678901"),
        ("bg96_ssl/3.4.3", b"Test data from SSL"),
        ("ec200u_ssl/3.4.3", b"Test data from SSL"),
    ):
        assert Play(find(name)).run()[3] == [OPEN, data], name


@rows("R173", "R199", "R200")
def test_a_read_of_the_callers_own_in_view_mode_1_is_a_line() -> None:
    for name in ("bc25_tcpip/4.1.3d", "bc65_tcpip/4.1.3d"):
        assert Play(find(name)).run()[0][-1] == ["+QIRD: 10,2,0123456789"], name


@rows("R217")
def test_an_incoming_connection_gets_a_slot() -> None:
    for name, cid in (("bc25_tcpip/4.3.2", 2), ("bc65_tcpip/4.3.2", 1)):
        played = Play(find(name))
        played.run()
        slot = played.modem.engine.table.at(cid)
        assert slot.index >= 0 and slot.state == OPEN and slot.parent == 0, name
        assert bytes(slot.peer[: slot.npeer]) == b"192.168.2.2" and slot.pport == 36566, name


# file, spelling: (response?, type, code, message id, token, options, payload, peer) of each message
SERVER = ("220.180.239.212", 8063)
PLATFORM = ("180.101.147.115", 5683)
RFC = b"Ni Hao from CoAP.NET RFC "
MESSAGES_OF: "Any" = (
    ("2.6b", 0, [(True, 2, 205, 61440, b"", [], RFC, ("", 0))]),
    ("2.6b", 1, [(True, 2, 205, 61440, b"", [], RFC, ("", 0))]),
    ("2.7", 1, [(True, 2, 205, 61440, b"", [], RFC, ("", 0))]),
    ("5.1a", 1, [(True, 2, 205, 6685, b"", [], RFC, ("", 0))]),
    ("5.1b", 1, [(True, 2, 205, 5566, b"", [], RFC, ("", 0))]),
    ("5.1c", 0, [(True, 2, 205, 61441, b"", [], b"2018/1/9 11:11:19", ("", 0))]),
    ("5.1d", 0, [(True, 2, 205, 6677, b"", [], b"hello word from server", ("", 0))]),
    (
        "5.1e",
        0,
        [
            (True, 2, 204, 2802, b"", [], b"", PLATFORM),
            (
                False,
                0,
                1,
                50670,
                b"\x1a\x84\xbf\xe9\x89\xc0\x1c\x08",
                [(6, "0"), (7, "54321"), (11, "t"), (11, "d")],
                b"",
                PLATFORM,
            ),
        ],
    ),
    (
        "5.2a",
        0,
        [
            (True, 2, 201, 55018, b"", [], b"", ("", 0)),
            (
                False,
                0,
                1,
                62084,
                b"\x1a\x98\xeb\x11\x4f\x50\x1c\x07",
                [(6, "0"), (11, "19"), (11, "0"), (11, "0")],
                b"",
                ("", 0),
            ),
        ],
    ),
    ("5.3a", 0, [(True, 2, 201, 13357, b"", [(8, "rd"), (8, "BEHJvP29Lb")], b"", ("", 0))]),
    ("5.3b", 0, [(True, 2, 201, 13358, b"", [(8, "rd"), (8, "dTuzhqieJe")], b"", SERVER)]),
    ("5.3c", 0, [(True, 2, 205, 54750, b"", [(12, "0")], b"hi name=aaaa,this is quectel IoT platform", ("", 0))]),
)


@rows("R258", "R261", "R262", "R263", "R364")
def test_coap_messages_are_delivered() -> None:
    for section, spelling, wanted in MESSAGES_OF:
        outcome = Play(find("bc95g_coap/" + section + "-"), spelling).run()
        got = []
        for header, payload in outcome[3][1:]:
            is_response, m = message(header, payload)
            got.append((is_response, m.type, m.code, m.msgid, m.token, m.options, m.payload, m.peer))
        assert got == wanted, (section, got)
