"""Hostile payloads through both faces: what a socket gives and takes is what was sent."""

import os
from errno import EIO

from faces import both
from hostile import stream
from kit import count, raises, rows
from quectel import BUFFER, PUSH, QuectelError
from scripted import OK, lines
from steps import CLOSE_0, EMPTY, PROMPT, SYNC

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face
    from steps import Script

# family, TLS, most that a read asks for, most that a send takes
DIALECTS = (
    ("BC25", False, 512, 512), ("BC65", False, 1024, 1440), ("BG96", False, 1500, 1460), ("EC200U", False, 1500, 1460),
    ("BG96", True, 1500, 1460), ("EC200U", True, 1500, 1460),
)  # fmt: skip
_SMALL = not hasattr(os, "getenv")  # npm's VM is slow
_ALL = 4096 if _SMALL else 8192
_SIZES = (0, 13) if _SMALL else (0, 1, 13)


def opened(face: "Face", script: "Script", family: str, tls: bool, mode: int, **how: "Any") -> "Any":
    sock = face.opened(script, family, mode=mode, rx_ring=4096, **how)
    if tls:
        sock._slot.dialect = face.modem.family.tls
    face.modem.engine.echo_off = True
    return sock


def parts(data: bytes, n: int) -> "list[bytes]":
    return [data[at : at + n] for at in range(0, len(data), n)]


def reads(data: bytes, name: bytes, most: int) -> "Script":
    head = b"AT+QSSLRECV=0,%d\r" if name == b"SSL" else b"AT+QIRD=0,%d\r"
    answer = b"\r\n+QSSLRECV: %d\r\n" if name == b"SSL" else b"\r\n+QIRD: %d\r\n"
    script: "Script" = []
    for part in parts(data, most):
        script.append((head % most, answer % len(part) + part + b"\r\n" + OK))
    return script + [(head % most, answer % 0 + OK)]


@rows("R080", "R166", "R441")
@both
def test_hostile_payloads_are_read(face: "Face") -> "Generator[Any, Any, None]":
    """Whole, byte by byte and in pieces of 13; into a buffer, as bytes and line by line."""
    data = stream(_ALL)
    for family, tls, most, _ in DIALECTS:
        name = b"SSL" if tls else b"I"
        for size in _SIZES:
            s = opened(face, reads(data, name, most), family, tls, BUFFER, size=size)
            face.uart.say(b"\r\n+Q" + name + b'URC: "recv",0\r\n')
            buf = bytearray(3000)
            assert (yield s.readinto(buf)) == 3000 and bytes(buf) == data[:3000]
            got = b""
            while len(got) < 1000:
                got += yield s.readline()
            got += yield s.read(_ALL - 3000 - len(got))
            assert got == data[3000:], (family, tls, size)
            yield face.settle()
            face.check()
            count("hostile payloads delivered", len(parts(data, most)))


@rows("R095", "R214", "R441")
@both
def test_hostile_payloads_are_pushed(face: "Face") -> "Generator[Any, Any, None]":
    data = stream(_ALL)
    for family, tls, _, _ in DIALECTS:
        head = b'\r\n+Q%sURC: "recv",0,%%d\r\n' % (b"SSL" if tls else b"I")
        for size in _SIZES:
            s = opened(face, [], family, tls, PUSH, size=size)
            got = b""
            for part in parts(data, 1460):
                face.uart.say(head % len(part) + part + b"\r\n")
                got += yield s.read(len(part))
            assert got == data and not face.modem.stats.framing, (family, tls, size)
            yield face.settle()
            face.check()
            count("hostile payloads delivered", len(parts(data, 1460)))


@rows("R075", "R149", "R292", "R406")
@both
def test_hostile_payloads_are_sent(face: "Face") -> "Generator[Any, Any, None]":
    data = stream(_ALL)
    for family, tls, _, most in DIALECTS:
        send = b"AT+Q%sSEND=0,%%d\r" % (b"SSL" if tls else b"I")
        sent = lines("OK", "SEND OK") if family in ("BC25", "BC65") else lines("SEND OK")
        script: "Script" = []
        for part in parts(data, most):
            script += [(send % len(part), PROMPT), (part, sent)]
        s = opened(face, script, family, tls, BUFFER)
        yield s.sendall(data)
        face.check()
        count("hostile payloads delivered", len(parts(data, most)))


@rows("R214", "R441")
@both
def test_two_bytes_lost_from_a_pushed_payload(face: "Face") -> "Generator[Any, Any, None]":
    """What came before is delivered, then the socket fails; the next command works."""
    s = opened(face, [CLOSE_0], "BC25", False, PUSH)
    push = b'\r\n+QIURC: "recv",0,9\r\n'
    face.uart.say(push + b"payload 1\r\n")
    assert (yield s.read(9)) == b"payload 1"
    yield face.settle()
    face.uart.say(push + b"payload 2\r\n" + push + b"ayload \r\n" + push + b"payload 4\r\n")
    assert (yield s.read(9)) == b"payload 2"
    with raises(QuectelError) as caught:
        yield s.read(9)
    assert caught.value.errno == EIO and face.modem.stats.framing == 1
    yield face.settle()
    yield s.close()


@rows("R166", "R441")
@both
def test_a_chunk_lost_from_a_read(face: "Face") -> "Generator[Any, Any, None]":
    """The other socket goes on."""
    read = b"AT+QIRD=%d,512\r"
    lost = b"\r\n+QIRD: 200\r\n" + stream(72) + b"\r\n" + OK
    whole = b"\r\n+QIRD: 5\r\nwhole\r\n" + OK
    s = opened(face, [(read % 0, lost), SYNC, (read % 1, whole), (read % 1, EMPTY)], "BC25", False, BUFFER)
    t = face.modem.socket()
    face.modem.engine.table.bind(t._slot, 1)
    t._slot.state = s._slot.state
    face.uart.say(b'\r\n+QIURC: "recv",0\r\n')
    with raises(QuectelError) as caught:
        yield s.read(9)
    assert caught.value.errno == EIO
    face.uart.say(b'\r\n+QIURC: "recv",1\r\n')
    assert (yield t.read(5)) == b"whole"
    yield face.settle()
