"""Every worked example of the five documents, played to the driver whole, in single bytes, cut in two at every
position and in random pieces.

The host's lines go in with modem.command(), transparent mode with the driver's own calls; what the driver then
writes must be the document's bytes, and what it makes of the module's bytes must be the same in every cutting.
"""

import os

import kit
from kit import rows
from play import AMBIGUOUS, ASKS_WHY, LAST_ERROR, TRANSPARENTLY, Play, each, find, playable, played_whole, spellings_in
from quectel.coap_message import parse as message
from quectel.table import OPEN
from transcript import paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SLOW = 0 if hasattr(os, "getenv") else 24  # npm's VM: a cut every 24 bytes, on average


def test_every_file_is_played() -> None:
    files = ["/".join(path.split("/")[-2:]) for path in paths()]
    assert len(files) == 96
    assert len(playable()) == 96 - len(TRANSPARENTLY)
    for name in TRANSPARENTLY + ASKS_WHY + LAST_ERROR + (AMBIGUOUS[0],):
        assert name in files, name
    assert len(each()) > 96 + 10 and {path for path, _ in each()} == set(paths())


# What the worked examples show: the rows of kind EX, and the rules of framing and of reading the documents.
@rows(
    *(
        "R003 R008 R011 R019 R060 R068 R078 R084 R101 R102 R103 R126 R127 R130 R134 R144 "
        "R157 R171 R172 R173 R183 R199 R200 R213 R214 R220 R221 R222 R223 R232 R239 R247 "
        "R248 R251 R261 R266 R267 R268 R269 R292 R293 R369 R467"
    ).split()
)
def test_whole() -> None:
    for path, spelling in each():
        played_whole(path, spelling)
        kit.count("splits fed")


def feed(path: str, spelling: int, wanted: "list[Any]", **cutting: "Any") -> None:
    """Play a file in one way of cutting: events, results and bytes sent are those of the file fed whole."""
    told = Play(path, spelling, **cutting).told()
    assert told == wanted, (path, spelling, cutting, told, wanted)
    kit.count("splits fed")


@rows("R003", "R008", "R018", "R441", "R442")
def test_byte_by_byte() -> None:
    for path, spelling in each():
        wanted, _ = played_whole(path, spelling)
        for size in (1, 2, 3, 7):
            feed(path, spelling, wanted, size=size)


def cut_once(pause: int) -> int:
    """Every file is cut in two at every position, one position a play; a slow VM takes a sample from the seed."""
    chance = kit.Random(kit.seed()) if SLOW else None
    count = 0
    for path, spelling in each():
        wanted, length = played_whole(path, spelling)
        at = 1 + (chance.below(SLOW) if chance else 0)
        while at < length:
            feed(path, spelling, wanted, ends=[at], pause=pause)
            count += 1
            at += chance.between(1, 2 * SLOW - 1) if chance else 1
    return count


@rows("R003", "R008", "R018", "R441", "R442")
def test_cut_in_two_at_every_position() -> None:
    assert cut_once(0) > (300 if SLOW else 10_000)


@rows("R003", "R008", "R018", "R441", "R442")
def test_cut_in_two_at_every_position_with_a_pause_between() -> None:
    assert cut_once(8) > (300 if SLOW else 10_000)


@rows("R003", "R008", "R018", "R441", "R442")
def test_random_pieces() -> None:
    """Small pieces and large ones; large ones with pauses, too, as many as a command's time allows."""
    chance = kit.Random(kit.seed())
    for path, spelling in each():
        wanted, length = played_whole(path, spelling)
        for _ in range(3 if SLOW else 20):
            largest = chance.choice((2, 5, 16, 64, 300))
            ends = [chance.between(1, largest)]
            while ends[-1] < length:
                ends.append(ends[-1] + chance.between(1, largest))
            feed(path, spelling, wanted, ends=ends, pause=chance.below(9) if largest > 50 else 0)


# --- what was delivered -------------------------------------------------------------------------------------------


@rows("R036", "R066", "R070")
def test_transparent_mode_delivers_what_comes_behind_connect() -> None:
    for name, data in (
        ("bg96_ssl/3.5.1", b""),
        ("bg96_ssl/3.5.2", b"<Received data>"),
        ("ec200u_ssl/3.5.1", b""),
        ("ec200u_ssl/3.5.2", b"<Received data>"),
    ):
        for spelling in range(spellings_in(find(name))):
            assert Play(find(name), spelling).run()[3] == [OPEN, data], name


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
