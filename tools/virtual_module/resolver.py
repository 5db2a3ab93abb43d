"""Names and addresses: a table maps what the host asks for to loopback; everything else is out of reach."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Mapping

DNS_FAILED, UNREACHABLE = 565, 566
DNS_LIMIT_MS = 140_000  # longest time of a look-up: what an open by name may take longer (R114, R115)
IPV4, IPV6 = 4, 6
Ask = Callable[[str], Awaitable["list[str] | None"]]
STEPS_MAX = 3  # name to address to loopback


class NoAddress(Exception):
    """The host cannot be reached; `code` is 565 (name) or 566 (address)."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def is_address(host: str) -> bool:
    """True for a dotted IPv4 or an IPv6 address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_version(host: str, version: int) -> bool:
    """True for an address of that IP version; 0 is any."""
    return not version or ipaddress.ip_address(host).version == version


def is_loopback(host: str) -> bool:
    """True for an address that stays on this machine."""
    return is_address(host) and ipaddress.ip_address(host).is_loopback


class Resolver:
    """The table "host" or "host:port" -> (loopback address, port); a port of 0 keeps the one asked for."""

    def __init__(self, table: "Mapping[str, tuple[str, int]] | None", allow_network: bool) -> None:
        self.table = dict(table or {})
        self.allow_network = allow_network
        self.ask: "Ask | None" = None  # the module's DNS servers: None when none is reached
        for name, (host, port) in self.table.items():
            if not (allow_network or is_loopback(host) or self._entry(host, port)):
                raise ValueError("%s is mapped to %s, which is no loopback address" % (name, host))

    def _entry(self, host: str, port: int) -> "tuple[str, int] | None":
        """The table's line for a host and port; a line for the port goes before one for all ports."""
        for key in ("%s:%d" % (host, port), host):
            if key in self.table:
                to, there = self.table[key]
                return to, there or port
        return None

    def known(self, host: str, port: int) -> "tuple[str, int] | None":
        """Where an address or a name of the table is, without asking anybody; None when that is not known.

        A name may be mapped to an address which is mapped to loopback in its turn: the host then sees that address.
        """
        where, steps = (host, port), 0
        entry = self._entry(host, port)
        while entry is not None and steps < STEPS_MAX:
            where, steps = entry, steps + 1
            entry = None if is_loopback(where[0]) else self._entry(*where)
        if where[0].lower() == "localhost":
            return "127.0.0.1", where[1]
        return where if is_loopback(where[0]) or (self.allow_network and is_address(where[0])) else None

    async def find(self, host: str, port: int, version: int = 0) -> "tuple[str, int]":
        """Where to connect to for `host` and `port`; NoAddress with 565 or 566 when nowhere.

        A name needs an address of that IP version (0: any); an address was checked by who asks.
        """
        where = self.known(host, port)
        if is_address(host):
            if where is None:
                raise NoAddress(UNREACHABLE)
            return where
        found = [where[0]] if where is not None else await self._ask(host)
        fitting = [one for one in found if is_version(one, version)]
        if not fitting:
            raise NoAddress(DNS_FAILED)
        return (fitting[0], where[1]) if where is not None else self._reached(fitting[0], port)

    def _reached(self, address: str, port: int) -> "tuple[str, int]":
        """Where an address is that a DNS server has given."""
        where = self.known(address, port)
        if where is None:
            raise NoAddress(UNREACHABLE)
        return where

    async def addresses(self, host: str) -> "list[str]":
        """All addresses of a name, for AT+QIDNSGIP."""
        if is_address(host):
            return [host]
        found = [to for key, (to, _) in self.table.items() if key == host or key.rpartition(":")[0] == host]
        if host.lower() == "localhost":
            found.append("127.0.0.1")
        return list(dict.fromkeys(found)) or await self._ask(host)

    async def _ask(self, host: str) -> "list[str]":
        found = await self.ask(host) if self.ask is not None else None
        if found is not None:
            return found
        if not self.allow_network:
            raise NoAddress(DNS_FAILED)
        loop = asyncio.get_running_loop()
        try:
            answers = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except OSError:
            raise NoAddress(DNS_FAILED) from None
        return list(dict.fromkeys(str(answer[4][0]) for answer in answers))

    def back(self, host: str, port: int) -> "tuple[str, int]":
        """The address that stands for a loopback peer in this table, or the peer's own."""
        for key, there in self.table.items():
            name, colon, number = key.rpartition(":")
            if colon and there == (host, port) and is_address(name):
                return name, int(number)
        return host, port
