"""A small DNS client: what the resolver's table has not is asked of the module's DNS servers, if it reaches them.

A server is reached when the table has its address ("8.8.8.8:53" or "8.8.8.8"), or when it is on loopback. Answers are
kept as long as their time to live says, by the module's clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import struct
from typing import TYPE_CHECKING

from .resolver import DNS_FAILED, NoAddress, is_loopback

if TYPE_CHECKING:
    from .module import VirtualModule

PORT, WAIT_MS, TRIES = 53, 5000, 2
A, AAAA, INTERNET = 1, 28, 1
TYPES = {A: 4, AAAA: 16}  # and the bytes of an address
RECURSION, ANSWER, RCODE = 0x0100, 0x8000, 0x000F
NO_ERROR, NO_NAME = 0, 3
POINTER, LABEL_MAX, NAME_MAX = 0xC0, 63, 253
HEAD = struct.Struct("!6H")
RECORD = struct.Struct("!HHIH")


class Malformed(Exception):
    """A datagram that is no answer to the question."""


class Names:
    """What one module has asked."""

    def __init__(self, module: VirtualModule) -> None:
        self._module = module
        self._kept: "dict[str, tuple[int, int, list[str]]]" = {}  # by name: until when, its time to live, addresses
        self._number = 0
        self.asked = 0

    def forget(self) -> None:
        """As after a restart."""
        self._kept.clear()

    def ttl(self, name: str) -> "int | None":
        """The time to live in s that came with a name's addresses; None for a name that nobody was asked for."""
        kept = self._kept.get(name.lower())
        return None if kept is None else kept[1]

    async def addresses(self, name: str) -> "list[str] | None":
        """A name's addresses, IPv4 first; None when no DNS server is reached; NoAddress with 565."""
        servers = self._servers()
        if not servers:
            return None
        kept = self._kept.get(name.lower())
        if kept is not None and self._module.clock.now_ms() < kept[0]:
            return kept[2]
        found: "list[tuple[int, str]]" = []
        for kind in (A, AAAA):
            found += await self._any(servers, name, kind)
        if not found:
            raise NoAddress(DNS_FAILED)
        ttl = min(seconds for seconds, _ in found)
        addresses = [address for _, address in found]
        self._kept[name.lower()] = self._module.clock.now_ms() + 1000 * ttl, ttl, addresses
        return addresses

    def _servers(self) -> "list[tuple[str, int]]":
        known = [self._module.resolver.known(server, PORT) for server in self._module.network.dns]
        return [where for where in known if where is not None and is_loopback(where[0])]

    async def _any(self, servers: "list[tuple[str, int]]", name: str, kind: int) -> "list[tuple[int, str]]":
        """The answer of the first server that gives one."""
        for _ in range(TRIES):
            for server in servers:
                answer = await self._one(server, name, kind)
                if answer is not None:
                    return answer
        raise NoAddress(DNS_FAILED)

    async def _one(self, server: "tuple[str, int]", name: str, kind: int) -> "list[tuple[int, str]] | None":
        """None when this one is silent, or cannot tell."""
        self.asked += 1
        self._number = self._number + 1 & 0xFFFF
        question = query(self._number, name, kind)
        loop = asyncio.get_running_loop()
        waiting = Waiting(self._number, kind)
        try:
            transport, _ = await loop.create_datagram_endpoint(lambda: waiting, remote_addr=server)
        except OSError:
            return None
        try:
            transport.sendto(question)
            with contextlib.suppress(TimeoutError):
                async with self._module.clock.limit(WAIT_MS):
                    return await waiting.result
            return None
        finally:
            transport.close()


class Waiting(asyncio.DatagramProtocol):
    """One question under way."""

    def __init__(self, number: int, kind: int) -> None:
        self._number, self._kind = number, kind
        self.result: "asyncio.Future[list[tuple[int, str]] | None]" = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: object) -> None:
        """asyncio: an answer, or something else, which is not looked at."""
        with contextlib.suppress(Malformed):
            answer = parse(data, self._number, self._kind)
            if not self.result.done():
                self.result.set_result(answer)

    def error_received(self, exc: Exception) -> None:
        """asyncio: nobody listens there."""
        if not self.result.done():
            self.result.set_result(None)


def query(number: int, name: str, kind: int) -> bytes:
    """A question; NoAddress with 565 for what is no name."""
    labels = name.rstrip(".").encode("latin-1").split(b".")
    if len(name) > NAME_MAX or any(not 1 <= len(label) <= LABEL_MAX for label in labels):
        raise NoAddress(DNS_FAILED)
    asked = b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
    return HEAD.pack(number, RECURSION, 1, 0, 0, 0) + asked + struct.pack("!HH", kind, INTERNET)


def parse(data: bytes, number: int, kind: int) -> "list[tuple[int, str]] | None":
    """(time to live, address) for each address; none for a name that does not exist; None: the server cannot tell."""
    try:
        said, flags, questions, answers, _, _ = HEAD.unpack_from(data)
        if said != number or not flags & ANSWER:
            raise Malformed
        if flags & RCODE != NO_ERROR:
            return [] if flags & RCODE == NO_NAME else None
        at = HEAD.size
        for _ in range(questions):
            at = _behind_name(data, at) + 4
        found = []
        for _ in range(answers):
            at = _behind_name(data, at)
            what, _, ttl, size = RECORD.unpack_from(data, at)
            at += RECORD.size
            if what == kind and size == TYPES[kind]:
                found.append((ttl, str(ipaddress.ip_address(data[at : at + size]))))
            at += size
    except (struct.error, IndexError, ValueError):
        raise Malformed from None
    return found


def _behind_name(data: bytes, at: int) -> int:
    """Where what follows a name begins; a pointer ends it."""
    while data[at]:
        if data[at] & POINTER == POINTER:
            return at + 2
        at += 1 + data[at]
    return at + 1
