"""The demo's stages: which servers each family meets, what its scenario is told, and how its results are judged."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from virtual_module import VirtualModule

from desk import servers

SIZE = 65536  # bytes of the TCP echo
LINES = [b"line %d from outside: %s\n" % (i, b"." * (i * 7 % 300)) for i in range(1, 31)]
OUTSIDE_S = 60
LONGEST = 40  # characters of a value in a verdict
COAP_ADDRESS = "198.51.100.5"  # an address for documentation: only the resolver knows the way


@dataclass(frozen=True)
class Result:
    """The end of one step, as the scenario told it; `seconds` is measured here."""

    id: str
    what: str
    ok: bool
    words: str
    sent: int
    got: int
    digest: str
    seconds: float = 0.0


Judge = Callable[[Result, VirtualModule], str]  # "" when everything is right, else what is wrong


@dataclass
class Stage:
    """One family's servers, seen from the demo."""

    family: str
    job: dict[str, Any]
    resolver: dict[str, tuple[str, int]]
    judges: dict[str, Judge]
    heard: bytearray = field(default_factory=bytearray)  # what a client from outside got back

    def judge(self, result: Result, module: VirtualModule) -> str:
        """What is wrong with a result; "" for nothing."""
        if not result.ok:
            return result.words or "failed"
        return self.judges[result.id](result, module) if result.id in self.judges else ""


def differs(**pairs: tuple[object, object]) -> str:
    """Words for the first pair that is not equal."""
    for name, (found, wanted) in pairs.items():
        if found != wanted:
            return f"{name.replace('_', ' ')}: {_short(found)} instead of {_short(wanted)}"
    return ""


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[:8]}..."


def sha(data: bytes | bytearray) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def echoed(server: servers.Server, size: int) -> Judge:
    """The server got `size` bytes, and the driver got the same back."""

    def judge(result: Result, _: VirtualModule) -> str:
        return differs(
            bytes_at_the_server=(server.received, size),
            bytes_back=(result.got, size),
            digest=(result.digest, server.digest),
        )

    return judge


@contextlib.asynccontextmanager
async def bc25() -> AsyncIterator[Stage]:
    """A TCP and a UDP echo."""
    async with servers.tcp_echo() as tcp, servers.udp_echo() as udp:
        yield Stage(
            "BC25",
            {"tcp": ["tcp.example", 7], "udp": ["udp.example", 7], "size": SIZE},
            {"tcp.example:7": tcp.address, "udp.example:7": udp.address},
            {"tcp": echoed(tcp, SIZE), "udp": echoed(udp, 300)},
        )


@contextlib.asynccontextmanager
async def bc65() -> AsyncIterator[Stage]:
    """No server: the module listens, see call_from_outside()."""
    lines = b"".join(LINES)

    def judge(result: Result, _: VirtualModule) -> str:
        return differs(
            bytes_back_outside=(len(stage.heard), len(lines)),
            digest_outside=(sha(stage.heard), sha(lines)),
            digest=(result.digest, sha(lines)),
        )

    stage = Stage("BC65", {}, {}, {"listen": judge})
    yield stage


async def call_from_outside(stage: Stage, module: VirtualModule) -> None:
    """Connect to the module's listener, send lines, take the echo, and see both ends close."""
    where = next(one["local"] for one in module.sockets if one["kind"] == "TCP LISTENER")
    reader, writer = await asyncio.open_connection(*where)
    async with asyncio.timeout(OUTSIDE_S):
        try:
            for line in LINES:
                writer.write(line)
                stage.heard += await reader.readexactly(len(line))
            writer.write_eof()
            stage.heard += await reader.read()  # nothing but the end may come
        finally:
            writer.close()
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def bg96() -> AsyncIterator[Stage]:
    """An HTTPS server, and an authority that did not sign for it."""
    host = "page.example"
    right = await asyncio.to_thread(servers.Authority, "right")
    wrong = await asyncio.to_thread(servers.Authority, "wrong")
    async with servers.https(right, host) as server:

        def page(result: Result, module: VirtualModule) -> str:
            stored = right.pem in module.files.values()
            return served(server, host, result) or differs(CA_in_the_file_system=(stored, True))

        def refused(result: Result, _: VirtualModule) -> str:
            return differs(bytes_back=(result.got, 0), pages_served=(server.connections, 1))

        yield Stage(
            "BG96",
            {"hosts": [[host, 443]], "ca": right.pem.decode(), "wrong_ca": wrong.pem.decode()},
            {f"{host}:443": server.address},
            {"page": page, "wrong": refused},
        )


def served(server: servers.Server, host: str, result: Result) -> str:
    """What is wrong with the page of a host."""
    return differs(
        bytes=(result.got, len(servers.page(host))),
        digest=(result.digest, sha(servers.page(host))),
        requests_at_the_server=(server.connections > 0, True),
    )


@contextlib.asynccontextmanager
async def ec200u() -> AsyncIterator[Stage]:
    """Two names behind one port."""
    hosts = ("one.example", "two.example")
    authority = await asyncio.to_thread(servers.Authority, "both")
    async with servers.https(authority, *hosts) as server:

        def judge(result: Result, _: VirtualModule) -> str:
            # The driver may be at the next name already, so only what concerns this one is looked at.
            return served(server, result.id, result) or differs(asked_for=(server.names.count(result.id), 1))

        yield Stage(
            "EC200U",
            {"hosts": [[host, 443] for host in hosts], "ca": authority.pem.decode()},
            {f"{host}:443": server.address for host in hosts},
            dict.fromkeys(hosts, judge),
        )


@contextlib.asynccontextmanager
async def bc95g() -> AsyncIterator[Stage]:
    """An aiocoap server."""
    async with servers.coap() as server:

        def get(result: Result, _: VirtualModule) -> str:
            return differs(digest=(result.digest, sha(servers.HELLO)), requests=(server.names.count("GET"), 1))

        def post(result: Result, module: VirtualModule) -> str:
            return echoed(server, result.sent)(result, module) or differs(requests=(server.names.count("POST"), 1))

        yield Stage(
            "BC95G",
            {"coap": [COAP_ADDRESS, 5683]},
            {f"{COAP_ADDRESS}:5683": server.address},
            {"get": get, "post": post},
        )


STAGES: dict[str, Callable[[], contextlib.AbstractAsyncContextManager[Stage]]] = {
    "BC25": bc25,
    "BC65": bc65,
    "BG96": bg96,
    "EC200U": ec200u,
    "BC95G": bc95g,
}
