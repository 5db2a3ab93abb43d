"""Real servers on loopback for the demo: TCP and UDP echo, NTP, HTTPS with a choice by SNI, CoAP.

Each is an asynchronous context manager that gives a `Server`: its port, what it counted, and the
certificate authority that signed for it. All bind port 0 of 127.0.0.1 and end when the context does.
"""

import asyncio
import contextlib
import hashlib
import ssl
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import cast

import aiocoap
import trustme
from aiocoap import resource

LOOPBACK = "127.0.0.1"
HEAD_LIMIT = 8192  # bytes of an HTTP request
HELLO = b"hello from a real CoAP server"

NTP_BYTES, NTP_CLIENT, NTP_SERVER, NTP_TO_UNIX = 48, 3, 4, 2_208_988_800

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Server:
    """One server: where it is, and what it has seen."""

    port: int = 0
    connections: int = 0  # TCP connections after the TLS handshake, UDP datagrams, CoAP requests
    received: int = 0  # bytes of payload
    sent: int = 0
    names: list[str] = field(default_factory=list)  # TLS: what clients asked for by SNI; CoAP: methods
    ca_pem: bytes = b""  # the authority that signed for a TLS server
    _sha: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    @property
    def address(self) -> tuple[str, int]:
        """What a resolver maps a name to."""
        return LOOPBACK, self.port

    @property
    def digest(self) -> str:
        """SHA-256 of all payload that came, in hex."""
        return self._sha.hexdigest()

    def hear(self, data: bytes) -> None:
        """Payload came."""
        self.received += len(data)
        self._sha.update(data)


# --- echoes ---------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def tcp_echo() -> AsyncIterator[Server]:
    """Sends back what it gets, on every connection, until the other side closes."""
    seen = Server()

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            seen.hear(data)
            writer.write(data)
            await writer.drain()
            seen.sent += len(data)

    async with _tcp(seen, echo):
        yield seen


class _UdpEcho(asyncio.DatagramProtocol):
    """Sends every datagram back to where it came from."""

    def __init__(self, seen: Server) -> None:
        self._seen = seen
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._transport is not None:
            self._seen.connections += 1
            self._seen.hear(data)
            self._transport.sendto(data, addr)
            self._seen.sent += len(data)


@contextlib.asynccontextmanager
async def datagrams(seen: Server, make: Callable[[], asyncio.DatagramProtocol]) -> AsyncIterator[Server]:
    """A UDP port on loopback that such a protocol serves."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(make, local_addr=(LOOPBACK, 0))
    seen.port = transport.get_extra_info("sockname")[1]
    try:
        yield seen
    finally:
        transport.close()
        await asyncio.sleep(0)  # the transport closes its socket in the next turn of the loop


def udp_echo() -> contextlib.AbstractAsyncContextManager[Server]:
    """Sends back every datagram."""
    seen = Server()
    return datagrams(seen, lambda: _UdpEcho(seen))


# --- NTP ------------------------------------------------------------------------------------------


class _Ntp(asyncio.DatagramProtocol):
    """Answers a client's question with a time."""

    def __init__(self, seen: Server, now: Callable[[], float]) -> None:
        self._seen, self._now = seen, now

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._seen.connections += 1
        self._seen.hear(data)
        if len(data) < NTP_BYTES or data[0] & 7 != NTP_CLIENT:
            return
        stamp = struct.pack("!Q", int((self._now() + NTP_TO_UNIX) * 2**32))
        # Version as asked, mode server, stratum 1; reference, the client's own time, received, sent.
        head = bytes((data[0] & 0x38 | NTP_SERVER, 1, 4, 0xEC)) + bytes(8) + b"LOCL"
        answer = head + stamp + data[40:48] + stamp + stamp
        self._seen.sent += len(answer)
        self._transport.sendto(answer, addr)


def ntp(now: Callable[[], float] = time.time) -> contextlib.AbstractAsyncContextManager[Server]:
    """Tells the time (seconds since 1970, the host's if nothing else is given) by NTP."""
    seen = Server()
    return datagrams(seen, lambda: _Ntp(seen, now))


# --- HTTPS ----------------------------------------------------------------------------------------


class Authority:
    """A certificate authority made on the spot. RSA keys: BG96 has no other suites (R027)."""

    def __init__(self, name: str) -> None:
        self._ca = trustme.CA(organization_name=name, key_type=trustme.KeyType.RSA)
        self.pem = self._ca.cert_pem.bytes()
        self._certs: "dict[str, trustme.LeafCert]" = {}  # by host: an RSA key takes its time

    def context(self, host: str) -> ssl.SSLContext:
        """What a server of this name needs. No TLS 1.3: the modules end at 1.2 (R026)."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        if host not in self._certs:
            self._certs[host] = self._ca.issue_cert(host, key_type=trustme.KeyType.RSA)
        self._certs[host].configure_cert(context)
        return context


def page(host: str) -> bytes:
    """The page of a host: long enough to need several reads."""
    lines = [b"This is line %d of the page of %s." % (i, host.encode()) for i in range(1, 61)]
    return b"\n".join(lines) + b"\n"


@contextlib.asynccontextmanager
async def https(authority: Authority, *hosts: str) -> AsyncIterator[Server]:
    """Serves page(host) for each of the hosts behind one port, each with a certificate of its own.

    Who names none of them by SNI gets a certificate for "unnamed.invalid" and that host's page.
    """
    seen = Server(ca_pem=authority.pem)
    sites = {host: authority.context(host) for host in hosts}
    default = sites[hosts[0]] if len(hosts) == 1 else authority.context("unnamed.invalid")

    def choose(session: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        seen.names.append(name or "")
        session.context = sites.get(name or "", default)

    default.sni_callback = choose
    names = {id(context): host for host, context in sites.items()}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = writer.get_extra_info("ssl_object")
        await _serve_page(seen, names.get(id(session.context), "unnamed.invalid"), reader, writer)

    async with _tcp(seen, answer, default):
        yield seen


@contextlib.asynccontextmanager
async def http(host: str) -> AsyncIterator[Server]:
    """Serves page(host) without TLS."""
    seen = Server()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _serve_page(seen, host, reader, writer)

    async with _tcp(seen, answer):
        yield seen


async def _serve_page(seen: Server, host: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return
    seen.hear(head)
    body = page(host)
    lines = (b"HTTP/1.1 200 OK", b"Content-Type: text/plain", b"Content-Length: %d" % len(body))
    reply = b"\r\n".join((*lines, b"Connection: close", b"", body))
    writer.write(reply)
    await writer.drain()
    seen.sent += len(reply)


# --- CoAP -----------------------------------------------------------------------------------------


class _Counted(resource.Resource):
    """GET gives HELLO, POST gives the payload back."""

    def __init__(self, seen: Server) -> None:
        super().__init__()
        self._seen = seen

    async def render_get(self, request: aiocoap.Message) -> aiocoap.Message:
        return self._answer(request, aiocoap.CONTENT, HELLO)

    async def render_post(self, request: aiocoap.Message) -> aiocoap.Message:
        return self._answer(request, aiocoap.CHANGED, request.payload)

    def _answer(self, request: aiocoap.Message, code: aiocoap.Code, payload: bytes) -> aiocoap.Message:
        self._seen.connections += 1
        self._seen.names.append(str(request.code))
        self._seen.hear(request.payload)
        self._seen.sent += len(payload)
        return aiocoap.Message(code=code, payload=payload, content_format=0)


async def coap_context(site: resource.Site) -> tuple[aiocoap.Context, int]:
    """A server of aiocoap's on a free UDP port, and that port."""
    # This transport needs no IPv6 and no TCP port of the same number. It has no public way to ask for its port.
    context = await aiocoap.Context.create_server_context(site, bind=(LOOPBACK, 0), transports=["simplesocketserver"])
    messages = context.request_interfaces[0].token_interface.message_interface
    return context, int(messages._pool._transport.get_extra_info("sockname")[1])


@contextlib.asynccontextmanager
async def coap() -> AsyncIterator[Server]:
    """CoAP over UDP: GET /hello, POST /echo."""
    seen = Server()
    site = resource.Site()
    for name in ("hello", "echo"):
        site.add_resource([name], _Counted(seen))
    context, seen.port = await coap_context(site)
    try:
        yield seen
    finally:
        await context.shutdown()


# --- what the TCP servers share -------------------------------------------------------------------


@contextlib.asynccontextmanager
async def _tcp(seen: Server, handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[None]:
    """Run a handler per connection; in the end no connection and no task is left."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = cast("asyncio.Task[None]", asyncio.current_task())
        tasks.add(task)
        seen.connections += 1
        try:
            await handler(reader, writer)
            if not writer.is_closing():  # of a TLS transport closed twice, asyncio loses the connection
                writer.close()
            await writer.wait_closed()
        except (OSError, asyncio.CancelledError):  # lost, or the demo ends: both are the end of it
            writer.transport.abort()
        finally:
            tasks.discard(task)

    server = await asyncio.start_server(serve, LOOPBACK, 0, ssl=tls, limit=HEAD_LIMIT)
    seen.port = server.sockets[0].getsockname()[1]
    try:
        yield
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
