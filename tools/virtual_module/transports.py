"""Transports of the port's bytes: a TCP port (one client at a time) and a pty."""

from __future__ import annotations

import asyncio
import os
import termios
import tty
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, cast

from .line import RATES
from .resolver import is_loopback

if TYPE_CHECKING:
    from .module import VirtualModule

Closer = Callable[[], Coroutine[object, object, None]]
CHUNK = 65536
SPEEDS = {getattr(termios, "B%d" % rate): rate for rate in RATES if hasattr(termios, "B%d" % rate)}


class TcpPort(asyncio.Protocol):
    """A client of the TCP port; a second one is turned away while the first is there."""

    def __init__(self, server: TcpServer) -> None:
        self.server = server
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: a client."""
        self.transport = cast(asyncio.Transport, transport)
        if self.server.client is not None:
            self.transport.abort()
            return
        self.server.client = self
        self.detach = self.server.module.attach(self.transport.write)

    def data_received(self, data: bytes) -> None:
        """asyncio: bytes from the host."""
        if self.server.client is self:
            self.server.module.feed(data)

    def connection_lost(self, exc: "Exception | None") -> None:
        """asyncio: the client has gone; the module goes on."""
        if self.server.client is self:
            self.server.client = None
            self.detach()


class TcpServer:
    """The TCP port of a module."""

    def __init__(self, module: VirtualModule) -> None:
        self.module = module
        self.client: "TcpPort | None" = None
        self.server: "asyncio.Server | None" = None

    async def close(self) -> None:
        """Listen no more and send the client away."""
        if self.server is not None:
            self.server.close()
        if self.client is not None:
            self.client.transport.close()


async def serve_tcp(module: VirtualModule, host: str, port: int) -> "tuple[str, Closer]":
    """Listen on a loopback address; OSError when the port is taken, ValueError for any other address."""
    if not is_loopback(host):
        raise ValueError("%s is no loopback address; use 127.0.0.1" % host)
    serving = TcpServer(module)
    loop = asyncio.get_running_loop()
    serving.server = await loop.create_server(lambda: TcpPort(serving), host, port)
    name = serving.server.sockets[0].getsockname()
    shown = "[%s]" % name[0] if ":" in name[0] else name[0]
    return "socket://%s:%d" % (shown, name[1]), serving.close


class PtyPort:
    """A pty whose far end the host opens; the near end stays open, so that hosts may come and go."""

    def __init__(self, module: VirtualModule, link: "str | None") -> None:
        self.module = module
        self.link = link
        self.near, self.far = os.openpty()
        tty.setraw(self.far)
        os.set_blocking(self.near, False)
        self.path = os.ttyname(self.far)
        self.waiting = bytearray()
        self.loop = asyncio.get_running_loop()

    def start(self) -> str:
        """Begin to serve; the path that a host opens."""
        if self.link is not None:
            try:
                if os.path.islink(self.link) and not os.path.exists(self.link):
                    os.unlink(self.link)  # left by a run that was killed
                os.symlink(self.path, self.link)
            except OSError:
                self._close_descriptors()
                raise
        self.detach = self.module.attach(self._write)
        self.module.line.ask_host = self._rate
        self.loop.add_reader(self.near, self._readable)
        return self.link or self.path

    def _rate(self) -> "int | None":
        if not self.module.options["strict_rate"]:
            return None
        return SPEEDS.get(termios.tcgetattr(self.far)[4])

    def _readable(self) -> None:
        self.module.feed(os.read(self.near, CHUNK))

    def _write(self, data: bytes) -> None:
        self.waiting += data
        self._writable()

    def _writable(self) -> None:
        try:
            written = os.write(self.near, self.waiting) if self.waiting else 0
        except BlockingIOError:
            written = 0
        del self.waiting[:written]
        if self.waiting:
            self.loop.add_writer(self.near, self._writable)
        else:
            self.loop.remove_writer(self.near)

    async def close(self) -> None:
        """Stop serving and take the link away, if it still is ours."""
        self.detach()
        self.module.line.ask_host = None
        self.loop.remove_reader(self.near)
        self.loop.remove_writer(self.near)
        self._unlink()
        self._close_descriptors()

    def _unlink(self) -> None:
        if self.link is not None and os.path.islink(self.link) and os.readlink(self.link) == self.path:
            os.unlink(self.link)

    def _close_descriptors(self) -> None:
        os.close(self.near)
        os.close(self.far)


async def serve_pty(module: VirtualModule, link: "str | None") -> "tuple[str, Closer]":
    """Serve on a pty; `link` is a path that will point to it. OSError when that path is taken."""
    port = PtyPort(module, link)
    return port.start(), port.close
