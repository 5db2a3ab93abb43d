"""A small DNS server on loopback: names from a table, and the ways in which real ones fail."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import struct
from collections.abc import Mapping, Sequence
from typing import cast

from desk.servers import Server, datagrams

HEAD = struct.Struct("!6H")
QUESTION_TAIL = 4
ANSWER, AVAILABLE, NO_NAME, FAILED = 0x8000, 0x0080, 3, 2
A, CNAME, AAAA, INTERNET = 1, 5, 28, 1
FIRST_NAME = b"\xc0\x0c"  # a pointer to the question's name


class _Dns(asyncio.DatagramProtocol):
    def __init__(self, seen: Server, names: Mapping[str, Sequence[str]], ttl: int, failing: str) -> None:
        self._seen, self._names, self._ttl, self._failing = seen, names, ttl, failing

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._seen.connections += 1
        self._seen.hear(data)
        if self._failing != "silent":
            self._transport.sendto(self._answer(data), addr)

    def _answer(self, asked: bytes) -> bytes:
        number, flags = struct.unpack_from("!HH", asked)
        end = asked.index(b"\0", HEAD.size) + 1
        name = _text(asked[HEAD.size : end])
        (kind,) = struct.unpack_from("!H", asked, end)
        self._seen.names.append("%s %d" % (name, kind))
        code = FAILED if self._failing == "failed" else 0 if name in self._names else NO_NAME
        records = self._records(name, kind) if not code else []
        head = HEAD.pack(number, flags | ANSWER | AVAILABLE | code, 1, len(records), 0, 0)
        return head + asked[HEAD.size : end + QUESTION_TAIL] + b"".join(records)

    def _records(self, name: str, kind: int) -> list[bytes]:
        """An alias of the name, then its addresses of that kind."""
        alias = b"\x05alias" + FIRST_NAME
        made = [_record(CNAME, self._ttl + 100, alias)]
        for text in self._names[name]:
            address = ipaddress.ip_address(text)
            if kind == (AAAA if address.version == 6 else A):
                made.append(_record(kind, self._ttl, address.packed))
        return made


def _record(kind: int, ttl: int, data: bytes) -> bytes:
    return FIRST_NAME + struct.pack("!HHIH", kind, INTERNET, ttl, len(data)) + data


def _text(labels: bytes) -> str:
    parts, at = [], 0
    while labels[at]:
        parts.append(labels[at + 1 : at + 1 + labels[at]].decode("latin-1"))
        at += 1 + labels[at]
    return ".".join(parts)


def dns(
    names: Mapping[str, Sequence[str]], ttl: int = 300, failing: str = ""
) -> contextlib.AbstractAsyncContextManager[Server]:
    """Tells the addresses of the names; `names` of the Server are the questions. failing: "silent" or "failed"."""
    seen = Server()
    return datagrams(seen, lambda: _Dns(seen, names, ttl, failing))
