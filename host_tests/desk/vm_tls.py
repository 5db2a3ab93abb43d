"""TLS sessions of the virtual module against Python's servers, without AT commands."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from dataclasses import replace
from typing import TypedDict, Unpack

import vm_peers as peers
from virtual_module.tls import TlsFailure, TlsSession, TlsSettings

NOW = datetime.datetime(2026, 8, 1, tzinfo=peers.UTC)
PLAIN = TlsSettings(family="EC200U", now=NOW)


class Owner:
    def __init__(self) -> None:
        self.what = ""
        self.reason = ""
        self.data = b""
        self.goodbyes: list[bool] = []

    def opened(self) -> None:
        self.what = "open"

    def failed(self, reason: str) -> None:
        self.what, self.reason = "failed", reason

    def received(self, data: bytes) -> None:
        self.data += data

    def closed(self, clean: bool) -> None:
        self.goodbyes.append(clean)


class Link(asyncio.Protocol):
    """A TLS session over a real TCP connection, as the module has it."""

    def __init__(self, settings: TlsSettings, name: str | None, owner: Owner) -> None:
        self.session = TlsSession(settings, name, owner, self.write)

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.session.start()

    def write(self, data: bytes) -> None:
        self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        self.session.data(data)

    def connection_lost(self, _error: Exception | None) -> None:
        self.session.lost()

    def close(self) -> None:
        self.session.close()
        self.transport.close()


async def attempt(server: peers.TlsServer, settings: TlsSettings, name: str | None = None) -> tuple[Link | None, Owner]:
    owner = Owner()
    link: Link | None = None
    try:
        link = made = Link(settings, name, owner)
        await asyncio.get_running_loop().create_connection(lambda: made, "127.0.0.1", server.port)
    except (TlsFailure, OSError) as error:
        owner.failed(str(error))
    await peers.until(lambda: owner.what)
    if link is not None and owner.what == "failed" and hasattr(link, "transport"):
        link.transport.close()
    return link, owner


async def connected(server: peers.TlsServer, settings: TlsSettings, name: str | None = None) -> tuple[Link, Owner]:
    link, owner = await attempt(server, settings, name)
    assert link is not None and owner.what == "open", owner.reason
    return link, owner


def outcome(settings: TlsSettings, context: ssl.SSLContext, name: str | None = None) -> str:
    async def run() -> str:
        async with peers.TlsServer(context) as server:
            client, owner = await attempt(server, settings, name)
            if client is None or owner.what != "open":
                return owner.what
            agreed = client.session.describe()
            client.session.send(b"ping")
            await peers.until(lambda: owner.data == b"ping")
            client.close()
            await asyncio.wait_for(server.ended.wait(), 5)
            return "%s %s" % (agreed["version"], agreed["suite"])

    return asyncio.run(run())


class Identity(TypedDict, total=False):
    """What the module shows to the server."""

    client_cert: bytes
    client_key: bytes


class Changes(Identity, total=False):
    """Settings that a test changes."""

    seclevel: int
    ignore_time: bool
    ignore_chain: bool
    ignore_sign: bool
    ignore_items: int
    check_name: bool
    now: datetime.datetime


def checked(ca: str = "one", **changes: Unpack[Changes]) -> TlsSettings:
    settings = replace(PLAIN, seclevel=1, ca=(peers.ca_pem(ca),), ignore_time=False, check_name=True)
    return replace(settings, **changes)


def ok(settings: TlsSettings, context: ssl.SSLContext, name: str | None = "server.test") -> bool:
    return outcome(settings, context, name) != "failed"
