"""Steps of scripts with CoAP: what the driver types for a message, and what comes back for it."""

import os

from quectel.modem import Core
from scripted import OK, lines
from steps import said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from faces import Face
    from steps import Script

SIZES = (0, 1, 7) if hasattr(os, "getenv") else (0, 100)  # of reads; npm's VM is slow
PEER = ("10.0.0.9", 5683)
URI = "coap://10.0.0.9"
TOKEN = b"\x01\x02\x03\x04"
PINNED = ';+QCOAPCFG="Showra",1;+QCOAPCFG="Showrspopt",1'
CREATE = [said("AT+QCOAPDEL"), said("AT+QCOAPCREATE=56830" + PINNED)]
DELETE = said("AT+QCOAPDEL")


def status(n: int) -> "tuple[bytes, bytes]":
    return said("AT+QCOAPDATASTATUS?", "+QCOAPDATASTATUS: %d" % n)


DONE = status(4)
WAITING = status(1)


def head(msgid: int, token: str = "01020304", options: str = "") -> "tuple[bytes, bytes]":
    """Message id, token and options of the next message."""
    line = "AT+QCOAPHEAD=5,%d,%d,%s" % (msgid, len(token) // 2, token) if token else "AT+QCOAPHEAD=3,%d" % msgid
    return said(line + (";+QCOAPOPTION=" + options if options else ""))


def send(what: str, answer: "Any" = OK, typed: bytes = b"", peer: str = "10.0.0.9,5683") -> "Script":
    """`type,code` to the peer, and what comes behind the payload."""
    return [(b"AT+QCOAPSEND=%s,%s\r" % (what.encode(), peer.encode()), b"\r\n>"), (typed + b"\x1a", answer)]


def response(rest: str, peer: str = "10.0.0.9,5683") -> bytes:
    return lines('+QCOAPURC: "rsp",%s,' % peer + rest)


def request(rest: str, peer: str = "10.0.0.9,5683") -> bytes:
    return lines('+QCOAPURC: "req",%s,' % peer + rest)


def coap(face: "Face", script: "Script", msgid: int = 8, **how: "Any") -> "Any":
    """A CoAP service whose first message id is 8, on a module that has no context yet."""
    service: "Any" = Core.coap(face.start("BC95-G", CREATE + script, **how))  # AsyncModem's is awaited
    service._context._next_id = msgid - 1
    return service
