"""TLS behind a connection id: the session of `tls.py` over a TCP connection of the module, or DTLS over UDP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from .links import OpenFailed, TcpLink, UdpLink, dial, dial_udp
from .local import LocalLink
from .resolver import is_address
from .sockets import Connection, Node
from .tls import TlsFailure, TlsSession, TlsSettings

if TYPE_CHECKING:
    from .links import Link
    from .module import VirtualModule
    from .sockets import Peer

RETRANSMIT_S = 0.25  # until DTLS looks again whether something is to be repeated


class TlsConnection(Connection):
    """A connection id with TLS: its URCs begin with +QSSLURC and never carry a length in buffer mode (R303)."""

    urc = "+QSSLURC"

    def __init__(
        self, module: VirtualModule, number: int, ctx: int, host: str, port: int, mode: int, tls_ctx: int
    ) -> None:
        super().__init__(module, number, "SSLClient", ctx, host, port, 0, mode)
        self.tls_ctx = tls_ctx

    def use_datagrams(self) -> None:
        """DTLS: records are neither cut nor merged (R420)."""
        self.kind = "UDP"

    def read(self, limit: int) -> bytes:
        """What AT+QSSLRECV takes: bytes of the stream, or of one record."""
        return self.take(limit, merge=self.kind != "UDP").data

    def recv_text(self, node: Node) -> str:
        """Buffer mode (R094)."""
        return '+QSSLURC: "recv",%d' % self.number

    def push_text(self, node: Node) -> bytes:
        """Direct push mode: the length, CR LF, the data (R095)."""
        return b'+QSSLURC: "recv",%d,%d\r\n' % (self.number, len(node.data)) + node.data


class TlsLink:
    """The far side of a TlsConnection; it is a `Link`."""

    def __init__(self, module: VirtualModule, connection: TlsConnection, settings: TlsSettings) -> None:
        self._module = module
        self._connection = connection
        self._failure = module.options.number("tls_err")
        self._limit = module.options.number("tx_buffer")
        self._dtls = settings.dtls
        self._below: "Link | None" = None
        self._result: "asyncio.Future[None]" = asyncio.get_running_loop().create_future()
        self.reason = ""  # why the session failed
        self._reset = False
        name = None if is_address(connection.host) else connection.host
        try:
            self.session = TlsSession(settings, name, self, self._write)
        except TlsFailure as error:
            self.reason = str(error)
            raise OpenFailed(self._failure) from None

    async def open(self, negotiate_ms: int) -> None:
        """Connects and shakes hands; OpenFailed when one of them fails or takes too long."""
        self._below = await self._dial()
        self._connection.local_port = self._below.local[1]
        timer = self._module.clock.call_later(negotiate_ms, self._too_long)
        self.session.start()
        if self._dtls:
            self._say_again()
        try:
            await self._result
        finally:
            timer.cancel()

    async def _dial(self) -> Link:
        if not self._dtls:
            return await dial(self._module, self._connection, self._from_peer, self._peer_gone)
        self._connection.use_datagrams()
        return await dial_udp(self._module, self._connection, self._from_peer)

    def _say_again(self) -> None:
        """Datagrams get lost: OpenSSL knows by the host's clock when to repeat the last ones."""
        if not self._result.done():
            self.session.retransmit()
            asyncio.get_running_loop().call_later(RETRANSMIT_S, self._say_again)

    def _too_long(self) -> None:
        self.reason = "no handshake within the negotiation time"
        self._fail(self._module.options.number("timeout_err"))

    def _fail(self, code: int) -> None:
        if not self._result.done():
            self._result.set_exception(OpenFailed(code))
        self.close(False)

    # -- bytes ---------------------------------------------------------------------------------

    def _write(self, data: bytes) -> None:
        below = self._below
        if isinstance(below, (UdpLink, LocalLink)):
            below.send(data, None)
        elif isinstance(below, TcpLink) and below.transport is not None:
            below.transport.write(data)

    def _from_peer(self, data: bytes, _peer: Peer = None) -> None:
        self._module.activity += 1
        self.session.data(data)

    def _peer_gone(self, reset: bool) -> None:
        self._module.activity += 1
        self._reset = reset
        self.session.lost()

    # -- TlsEvents -----------------------------------------------------------------------------

    def opened(self) -> None:
        """The handshake is done."""
        if not self._result.done():
            self._result.set_result(None)

    def failed(self, reason: str) -> None:
        """The handshake failed."""
        self.reason = reason
        self._fail(self._failure)

    def received(self, data: bytes) -> None:
        """Decrypted data."""
        self._connection.deliver(data)

    def closed(self, clean: bool) -> None:
        """The server ended the session, with or without a goodbye."""
        if self._below is not None:
            self._below.close(False)
        self._connection.peer_closed(self._reset)

    # -- Link ----------------------------------------------------------------------------------

    def send(self, data: bytes, to: Peer) -> bool:
        """False when the network does not take more at present."""
        if not self.session.is_open or self.unsent() + len(data) > self._limit:
            return False
        self.session.send(data)
        return True

    def unsent(self) -> int:
        """Bytes not on their way yet."""
        return 0 if self._below is None else self._below.unsent()

    def unacked(self) -> int:
        """Bytes that the peer has not acknowledged, as they are on the wire."""
        return 0 if self._below is None else self._below.unacked()

    def pause(self, on: bool) -> None:
        """Stop or go on reading."""
        if self._below is not None:
            self._below.pause(on)

    def close(self, abort: bool) -> None:
        """Close with a close_notify, or drop the connection; an open that is under way ends."""
        self._result.cancel()
        if not abort:
            self.session.close()
        if self._below is not None:
            self._below.close(abort)

    @property
    def local(self) -> "tuple[str, int]":
        """Our own address."""
        return ("", 0) if self._below is None else self._below.local
