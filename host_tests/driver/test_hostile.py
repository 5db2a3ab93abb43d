"""Hostile payloads: whatever they hold is delivered byte for byte, in both directions, however reads cut them."""

import os

import kit
from hostile import CUTS, Link, message, pieces, stream, texts
from kit import cases, rows
from quectel.table import BUFFER, DGRAM, OPEN, PUSH
from wires import Rig

_SMALL = not hasattr(os, "getenv")  # npm's VM is slow: a sample
_LONG = 65536

# family, TLS, view mode
DIALECTS = [
    ("BC25", False, 0), ("BC65", False, 0), ("BG96", False, 0), ("EC200U", False, 0), ("BG96", True, 0),
    ("EC200U", True, 0), ("BC25", False, 1), ("BC65", False, 1),
]  # fmt: skip

_numbers: "list[kit.Random]" = []


def numbers() -> kit.Random:
    if not _numbers:
        _numbers.append(kit.Random(kit.seed()))
    return _numbers[0]


def sample() -> "list[bytes]":
    found = texts()
    if _SMALL:
        numbers().shuffle(found)
        found = found[:20]
    return found


def lengths(limit: int) -> "list[int]":
    return [1, 2, 512 - 1, 512, limit - 1, limit]


def receive_all(link: Link) -> None:
    """Every text and every length, cut in every way; then a clean exchange.  In a VM a text is cut in one way."""
    done = 0
    for data in sample():
        for cut in (done % CUTS,) if kit.MICROPYTHON else range(CUTS):
            link.receive(data, cut)
            done += 1
    for n in lengths(link.limit):
        for cut in range(CUTS):
            link.receive(stream(n + cut)[cut:], cut)
            done += 1
    link.clean()
    kit.count("hostile payloads delivered", done)


@rows("R080", "R166", "R173", "R441")
@cases(*DIALECTS)
def test_read_from_the_modules_buffer(family: str, tls: bool, view: int) -> None:
    link = Link(family, BUFFER, tls, view=view)
    receive_all(link)


@rows("R095", "R214", "R441")
@cases(*DIALECTS)
def test_pushed(family: str, tls: bool, view: int) -> None:
    """With the line end behind the data that is not counted, which the driver then waits for, and without it."""
    for trailing in (b"\r\n", b""):
        link = Link(family, PUSH, tls, view=view, trailing=trailing)
        receive_all(link)
        assert (link.rig.engine.two_pushed > 0) == (trailing == b"\r\n")


@rows("R095", "R214", "R441")
@cases((b"\r\n", 1), (b"\r\n", 512), (b"", 512), (b"", 7))
def test_pushed_without_a_pause(trailing: bytes, piece: int) -> None:
    """One payload right behind the other."""
    link = Link("BG96", PUSH, trailing=trailing)
    link.receive(b"one", 0)
    link.receive(b"two", 0)
    for data in sample():
        said = b'\r\n+QIURC: "recv",0,%d\r\n' % len(data) + data + trailing
        link.rig.feed(said * 3, piece)
        link.rig.step(0)
        link.rig.step(20)
        assert link.rig.recv(link.slot) == data * 3, data[:60]
    link.clean()


@rows("R112", "R166", "R214")
@cases(("BC25", BUFFER), ("BC65", BUFFER), ("BG96", BUFFER), ("BC25", PUSH), ("EC200U", PUSH))
def test_datagrams(family: str, mode: int) -> None:
    link = Link(family, mode, kind=DGRAM)
    done = 0
    for data in sample() + [stream(n) for n in lengths(link.limit)]:
        cut = done % CUTS
        link.receive(data, cut)
        done += 1
    link.clean()
    kit.count("hostile payloads delivered", done)


@cases(*[(family, mode, view) for family in ("BG96", "EC200U") for mode in (BUFFER, PUSH) for view in (0, 1)])
def test_datagrams_of_any_peer(family: str, mode: int, view: int) -> None:
    """Of a UDP service: the peer stands between the length and the data."""
    link = Link(family, mode, kind=DGRAM, view=view, peer=b',"192.168.100.200",65535')
    done = 0
    for data in sample() + [stream(n) for n in lengths(link.limit)]:
        cut = done % CUTS
        link.receive(data, cut)
        link.send(data[:1460])
        done += 1
    for cut in range(CUTS):
        link.receive(b'+QIURC: "recv",0,9,"1.2.3.4",5\r\n', cut)
    link.clean()
    kit.count("hostile payloads delivered", done)


@rows("R075", "R149", "R386", "R406")
@cases(*DIALECTS[:6])
def test_sent(family: str, tls: bool, _view: int) -> None:
    """ESC, Ctrl-Z, CR and +++ are bytes like others in an entry whose length was announced."""
    link = Link(family, BUFFER, tls)
    limit = link.dialect.send_max
    payloads = sample() + [stream(n) for n in lengths(limit)]
    prompts = (b"\r\n> ", b"\r\n>", b"> ", b">\r\n")
    for i in range(len(payloads)):
        link.send(payloads[i][:limit], prompts[i % len(prompts)])
    link.clean()
    kit.count("hostile payloads delivered", len(payloads))


@cases(*DIALECTS[:6])
def test_nothing(family: str, tls: bool, _view: int) -> None:
    """Length 0: a read that finds nothing, a send of nothing.  Of a push see test_loss_lines.py."""
    link = Link(family, BUFFER, tls)
    link.rig.feed(b"\r\n+Q" + link.name + b'URC: "recv",0\r\n')
    link.rig.asked(link.dialect.read + b"0,%d" % link.limit, b"\r\n" + link.dialect.read_head + b" 0\r\n\r\nOK\r\n")
    assert link.rig.recv(link.slot) is None and link.slot.state == OPEN
    assert link.rig.send(link.slot, b"") == 0
    link.rig.quiet()
    link.clean()


def test_an_empty_datagram_is_no_news() -> None:
    pushed = Link("BC25", PUSH, kind=DGRAM)
    pushed.rig.feed(b'\r\n+QIURC: "recv",0,0\r\n\r\n')
    assert pushed.rig.recv(pushed.slot) is None and pushed.slot.state == OPEN
    pushed.clean()


@rows("R166", "R214")
@cases(*[(family, tls, mode) for family, tls, view in DIALECTS[:6] for mode in (BUFFER, PUSH)])
def test_64_kib(family: str, tls: bool, mode: int) -> None:
    link = Link(family, mode, tls)
    data = stream(_LONG // 16 if _SMALL else _LONG)
    at = i = 0
    while at < len(data):
        n = min(link.limit, len(data) - at)
        link.receive(data[at : at + n], (0, 2, 3, 6)[i % 4])
        if i % 4 == 0:
            link.send(data[at : at + min(n, link.dialect.send_max)])
        at += n
        i += 1
    link.clean()
    kit.count("hostile payloads delivered", i)


# --- CoAP ---------------------------------------------------------------------------------------------------------


@rows("R258", "R261", "R269")
def test_coap_payloads() -> None:
    """Hex digits, which a read may cut in two, and text, which stands in the line as it is."""
    rig = Rig("BC95G", slots=1, rx_ring=4096)
    slot = rig.messages()
    done = 0
    for data in sample() + [stream(n) for n in (1, 2, 511, 512)]:
        for digits in (True, False):
            head = b'\r\n+QCOAPURC: "rsp",10.0.0.9,5683,2,2.05,8,'
            head += (b"%d," if digits else b'1,12,"0",%d,') % len(data)
            typed = "".join(["%02X" % byte for byte in data]).encode() if digits else data
            for piece in pieces(head, typed, b"\r\n", done % CUTS):
                rig.feed(piece)
            assert message(slot) == data, (digits, data[:60])
            done += 1
    assert rig.stat("framing") == rig.stat("rx_lost") == rig.stat("unknown") == 0 and slot.state == OPEN
    kit.count("hostile payloads delivered", done)
