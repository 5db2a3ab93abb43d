"""Real sockets on loopback behind the connections: TCP and UDP clients, listeners."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, cast

from .local import LocalLink
from .resolver import IPV6, NoAddress

if TYPE_CHECKING:
    from .module import VirtualModule
    from .sockets import Connection, Peer

Received = Callable[..., None]  # (data, peer or nothing)
Ended = Callable[[bool], None]  # (reset)
LINGER_NOT = struct.pack("ii", 1, 0)  # closing sends a reset
REFUSED, TIMED_OUT, NO_PDP, BIND_FAILED, INVALID, NO_SOCKET = 566, 569, 561, 556, 552, 554


class OpenFailed(Exception):
    """An open that failed; `code` is what +QIOPEN prints (R399)."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Link(Protocol):
    """The far side of a connection."""

    def send(self, data: bytes, to: Peer) -> bool:
        """False when the stack's buffer is full."""

    def unsent(self) -> int:
        """Bytes not on their way yet."""

    def unacked(self) -> int:
        """Bytes that the peer has not acknowledged."""

    def pause(self, on: bool) -> None:
        """Stop or go on reading (back-pressure)."""

    def close(self, abort: bool) -> None:
        """Close; `abort` sends a reset."""

    @property
    def local(self) -> "tuple[str, int]":
        """Our own address."""


class TcpLink(asyncio.Protocol):
    """A TCP connection."""

    def __init__(self, received: Received, ended: Ended, limit: int) -> None:
        self.received, self.ended, self.limit = received, ended, limit
        self.transport: "asyncio.Transport | None" = None
        self.over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: the connection stands."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(high=self.limit)
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.limit)  # a module's stack is small

    def data_received(self, data: bytes) -> None:
        """asyncio: data from the peer."""
        if not self.over:
            self.received(data)

    def eof_received(self) -> bool:
        """asyncio: the peer sends no more; what we still hold may leave."""
        self._end(False)
        return True

    def connection_lost(self, exc: "Exception | None") -> None:
        """asyncio: the connection is gone."""
        self._end(exc is not None)

    def _end(self, reset: bool) -> None:
        if not self.over:
            self.over = True
            self.ended(reset)

    def send(self, data: bytes, to: Peer) -> bool:
        """Queue data; False when that would pass the limit."""
        if self.transport is None or self.transport.is_closing() or self.unsent() + len(data) > self.limit:
            return False
        self.transport.write(data)
        return True

    def unsent(self) -> int:
        """Bytes in the write buffer."""
        return 0 if self.transport is None else self.transport.get_write_buffer_size()

    def unacked(self) -> int:
        """Bytes in the write buffer, and those that the host's stack holds because the peer has no room."""
        sock = None if self.transport is None else self.transport.get_extra_info("socket")
        return self.unsent() + (_held_by_host(sock.fileno()) if sock is not None else 0)

    def pause(self, on: bool) -> None:
        """Stop or go on reading."""
        if self.transport is None or self.transport.is_closing() or self.over:
            return
        if on and self.transport.is_reading():
            self.transport.pause_reading()
        elif not on and not self.transport.is_reading():
            self.transport.resume_reading()

    def close(self, abort: bool) -> None:
        """Close without reporting it."""
        self.over = True
        if self.transport is not None:
            if abort:
                self._reset()
            else:
                self.transport.close()

    def _reset(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            sock = self.transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
            self.transport.abort()

    @property
    def local(self) -> "tuple[str, int]":
        """Our own address."""
        return _name(self.transport, "sockname")

    @property
    def remote(self) -> "tuple[str, int]":
        """The peer's address."""
        return _name(self.transport, "peername")


class _Unqueued:
    """A link that keeps nothing: what is sent has gone."""

    def unsent(self) -> int:
        """Always 0."""
        return 0

    def unacked(self) -> int:
        """Always 0."""
        return 0


class UdpLink(_Unqueued, asyncio.DatagramProtocol):
    """A UDP socket, connected to one peer or (service) open to all."""

    def __init__(self, received: Received, connected: bool) -> None:
        self.received, self.connected = received, connected
        self.transport: "asyncio.DatagramTransport | None" = None
        self.refused = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: the socket stands."""
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: "tuple[str, int]") -> None:
        """asyncio: a datagram."""
        self.received(data, (addr[0], addr[1]))

    def error_received(self, exc: Exception) -> None:
        """asyncio: nobody listens there; UDP does not report it."""
        self.refused += 1

    def send(self, data: bytes, to: Peer) -> bool:
        """Send one datagram."""
        if self.transport is None or self.transport.is_closing():
            return False
        self.transport.sendto(data, None if self.connected else to)
        return True

    def pause(self, on: bool) -> None:
        """UDP has no back-pressure: what finds no room is lost."""

    def close(self, abort: bool) -> None:
        """Close the socket."""
        if self.transport is not None:
            self.transport.close()

    @property
    def local(self) -> "tuple[str, int]":
        """Our own address."""
        return _name(self.transport, "sockname")


class ServerLink(_Unqueued):
    """A listening TCP socket."""

    def __init__(self, server: asyncio.Server) -> None:
        self.server = server

    def send(self, data: bytes, to: Peer) -> bool:
        """A listener sends nothing."""
        return False

    def pause(self, on: bool) -> None:
        """Nothing to pause."""

    def close(self, abort: bool) -> None:
        """Listen no more; accepted connections stay (R414)."""
        self.server.close()

    @property
    def local(self) -> "tuple[str, int]":
        """Where clients connect to."""
        host, port = self.server.sockets[0].getsockname()[:2] if self.server.sockets else ("", 0)
        return str(host), int(port)


class DeadLink:
    """A peer that is gone without a word: everything is taken, nothing arrives."""

    local = ("", 0)

    def __init__(self) -> None:
        self.taken = 0
        self.watched = False  # its end is under way

    def send(self, data: bytes, to: Peer) -> bool:
        """Taken for good."""
        self.taken += len(data)
        return True

    def unsent(self) -> int:
        """All of it."""
        return self.taken

    def unacked(self) -> int:
        """All of it."""
        return self.taken

    def pause(self, on: bool) -> None:
        """Nothing to pause."""

    def close(self, abort: bool) -> None:
        """Nothing to close."""


def _held_by_host(number: int) -> int:
    """Linux tells how much of a socket is not acknowledged; other systems are believed to be done."""
    if number < 0 or not sys.platform.startswith("linux"):
        return 0
    import fcntl
    import termios

    return int.from_bytes(fcntl.ioctl(number, termios.TIOCOUTQ, bytes(4)), sys.byteorder)


def _name(transport: "asyncio.BaseTransport | None", which: str) -> "tuple[str, int]":
    name = None if transport is None else transport.get_extra_info(which)
    return ("", 0) if not name else (str(name[0]), int(name[1]))


async def reach(module: VirtualModule, connection: Connection) -> "tuple[str, int]":
    """Where the connection's peer really is; OpenFailed with 552, 561, 565, 566 or 569."""
    module.saving.used()
    allowed = module.options.number("dead_after_opens")
    if allowed and module.connections.opened > allowed:
        raise OpenFailed(INVALID)
    if not module.network.active(connection.ctx) or module.faults.take("pdp_drift") is not None:
        raise OpenFailed(NO_PDP)
    try:
        where = await module.look_up(connection.host, connection.port, connection.version)
    except NoAddress as error:
        raise OpenFailed(error.code) from None
    wrong = module.faults.take("open_fails", connection.number)
    if wrong is not None:
        raise OpenFailed(wrong.value("code", NO_SOCKET))
    if module.faults.take("connect_refused", connection.number) is not None:
        raise OpenFailed(REFUSED)
    if module.faults.take("connect_timeout", connection.number) is not None:
        await module.clock.sleep_ms(connection.limit_ms or module.connect_limit_ms())
        raise OpenFailed(module.options.number("timeout_err"))
    return where


async def dial(module: VirtualModule, connection: Connection, received: Received, ended: Ended) -> Link:
    """A TCP connection to the connection's peer, which may be a server in this process; OpenFailed says why not.

    TLS runs over this too.
    """
    where = await reach(module, connection)
    serve = module.peers.get(where)
    if serve is not None:
        return LocalLink(module, serve, received, ended)
    return await _connect(module, connection, received, ended, where)


async def _connect(
    module: VirtualModule, connection: Connection, received: Received, ended: Ended, where: "tuple[str, int]"
) -> TcpLink:
    limit = module.options.number("tx_buffer")
    loop = asyncio.get_running_loop()
    try:
        limit_ms = connection.limit_ms or module.connect_limit_ms()
        async with module.clock.limit(limit_ms):  # wait_for() may swallow the cancel of a close
            _, link = await loop.create_connection(lambda: TcpLink(received, ended, limit), where[0], where[1])
    except TimeoutError:
        raise OpenFailed(module.options.number("timeout_err")) from None
    except OSError:
        raise OpenFailed(REFUSED) from None
    return link


async def dial_udp(module: VirtualModule, connection: Connection, received: Received) -> UdpLink:
    """A UDP socket connected to the connection's peer; DTLS runs over this too."""
    return await _connect_udp(received, await reach(module, connection))


async def dial_udp_plain(module: VirtualModule, connection: Connection) -> Link:
    """The same; the peer may be a server in this process."""
    where = await reach(module, connection)
    serve = module.peers.get(where)
    if serve is not None:
        return LocalLink(module, serve, connection.deliver, connection.peer_closed)
    return await _connect_udp(connection.deliver, where)


async def _connect_udp(received: Received, where: "tuple[str, int]") -> UdpLink:
    loop = asyncio.get_running_loop()
    try:
        _, link = await loop.create_datagram_endpoint(lambda: UdpLink(received, True), remote_addr=where)
    except OSError:
        raise OpenFailed(REFUSED) from None
    return link


def home(connection: Connection) -> str:
    """The loopback address that a server binds."""
    return "::1" if connection.version == IPV6 else "127.0.0.1"


async def serve_udp(module: VirtualModule, connection: Connection) -> UdpLink:
    """A UDP socket for any peer (UDP SERVICE), on loopback."""
    port = connection.local_port if module.options["listen_same_port"] else 0
    loop = asyncio.get_running_loop()
    try:
        _, link = await loop.create_datagram_endpoint(
            lambda: UdpLink(connection.deliver, False), local_addr=(home(connection), port)
        )
    except OSError:
        raise OpenFailed(BIND_FAILED) from None
    return link


async def listen(module: VirtualModule, connection: Connection, accept: "Callable[[TcpLink], None]") -> ServerLink:
    """A TCP listener on loopback; `accept` gets every link that comes in."""
    port = connection.local_port if module.options["listen_same_port"] else 0
    limit = module.options.number("tx_buffer")
    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_server(lambda: Incoming(accept, limit), home(connection), port, start_serving=False)
    except OSError:
        raise OpenFailed(BIND_FAILED) from None
    try:
        await server.start_serving()
    except asyncio.CancelledError:  # closed while it was being opened
        server.close()
        raise
    return ServerLink(server)


class Incoming(TcpLink):
    """A TCP connection that came in: whoever accepts it says where its data go."""

    def __init__(self, accept: "Callable[[TcpLink], None]", limit: int) -> None:
        super().__init__(lambda data: None, lambda reset: None, limit)
        self.accept = accept

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: somebody connected."""
        super().connection_made(transport)
        self.accept(self)
