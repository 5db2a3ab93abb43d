"""Peers on loopback for the tests of the virtual module: certificates and TLS servers."""

from __future__ import annotations

import asyncio
import datetime
import functools
import random
import socket
import ssl
from collections.abc import Callable
from typing import Self

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from OpenSSL import SSL

UTC = datetime.timezone.utc
_PORTS = random.SystemRandom()  # two processes do not draw the same


@functools.cache
def authority(label: str = "one") -> trustme.CA:
    """A certification authority of the tests; the same label gives the same one."""
    return trustme.CA(organization_name=label, key_type=trustme.KeyType.RSA)


@functools.cache
def leaf(label: str, *names: str, years: tuple[int, int] = (2020, 2040)) -> trustme.LeafCert:
    """A server or client certificate of `authority(label)`, valid between two Januaries."""
    return authority(label).issue_cert(
        *names,
        key_type=trustme.KeyType.RSA,
        not_before=datetime.datetime(years[0], 1, 1, tzinfo=UTC),
        not_after=datetime.datetime(years[1], 1, 1, tzinfo=UTC),
    )


def ca_pem(label: str = "one") -> bytes:
    return authority(label).cert_pem.bytes()


def chain_pem(cert: trustme.LeafCert) -> bytes:
    return b"".join(blob.bytes() for blob in cert.cert_chain_pems)


def server_context(cert: trustme.LeafCert, version: int = 4, ciphers: str = "ALL") -> ssl.SSLContext:
    """A server that speaks one version (1..3) or TLS 1.0 to 1.3 (4), down to the oldest suites."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(ciphers + ":@SECLEVEL=0")
    limit_versions(context, version)
    cert.configure_cert(context)
    return context


def limit_versions(context: ssl.SSLContext, version: int) -> None:
    """One version (1..3), or TLS 1.0 to 1.3 (4)."""
    # By number: naming the setter of an old version warns, and warnings are errors here.
    numbers = {1: 0x0301, 2: 0x0302, 3: 0x0303}
    _set_versions(context, numbers.get(version, 0x0301), numbers.get(version, 0x0304))


def good(version: int = 4) -> ssl.SSLContext:
    """The same for server.test, with a certificate of the first authority."""
    return server_context(leaf("one", "server.test"), version)


def _set_versions(context: ssl.SSLContext, low: int, high: int) -> None:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion(low)
        context.maximum_version = ssl.TLSVersion(high)


def demand_client(context: ssl.SSLContext, label: str) -> ssl.SSLContext:
    """The server wants a client certificate of `authority(label)`."""
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=ca_pem(label).decode())
    return context


class StreamServer:
    """Collects what it hears and echoes it unless told not to; over TLS with a context. Binds port 0 on loopback."""

    def __init__(self, context: ssl.SSLContext | None = None, greeting: bytes = b"", echo: bool = True) -> None:
        self._context = context
        self.greeting = greeting
        self._echo = echo
        self.heard = b""
        self.peers: list[asyncio.StreamWriter] = []
        self.ended = asyncio.Event()
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        for writer in self.peers:
            writer.transport.abort()
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.peers.append(writer)
        writer.write(self.greeting)
        try:
            while data := await reader.read(65536):
                self.heard += data
                if self._echo:
                    writer.write(data)
        except (ConnectionError, ssl.SSLError):
            pass
        finally:
            self.ended.set()
            if not writer.is_closing():  # of a TLS transport closed twice, asyncio loses the connection
                writer.close()


class TlsServer(StreamServer):
    """A StreamServer over TLS that notes the names that clients ask for."""

    def __init__(self, context: ssl.SSLContext, greeting: bytes = b"", echo: bool = True) -> None:
        super().__init__(context, greeting, echo)
        self.names: list[str | None] = []
        context.sni_callback = self._note_name

    def _note_name(self, _session: object, name: str | None, _context: object) -> None:
        self.names.append(name)


async def until(condition: Callable[[], object], timeout_s: float = 15.0) -> None:
    """Waits until the condition holds; a test that waits in vain fails here."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while not condition():
        if loop.time() > deadline:
            raise AssertionError("waited in vain")
        await asyncio.sleep(0.002)


def free_port(host: str = "127.0.0.1") -> int:
    """A port of loopback that nobody has, neither for TCP nor for UDP.

    It is below those that systems give to whoever asks for any, so that nobody is given it before it is used, and none
    of those that others ask for by number.
    """
    while True:
        port = _PORTS.randrange(20_000, 32_000)
        kind = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(kind) as stream, socket.socket(kind, socket.SOCK_DGRAM) as datagrams:
            try:
                stream.bind((host, port))
                datagrams.bind((host, port))
            except OSError:
                continue
        return port


class ProtocolServer(asyncio.Protocol):
    """A TCP server that is the protocol of all its connections."""

    def __init__(self) -> None:
        self.links: list[asyncio.Transport] = []
        self.port = 0

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: self, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        for link in self.links:
            link.abort()
        self._server.close()
        await self._server.wait_closed()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.links.append(transport)


class OneWriteServer(ProtocolServer):
    """A TLS server that says its greeting in one piece with the end of the handshake, and tells how it ended.

    `end` becomes "goodbye" after a close_notify, "cut" without one, or holds the words of a failed handshake.
    """

    def __init__(self, context: ssl.SSLContext, greeting: bytes = b"") -> None:
        super().__init__()
        self._context = context
        self._greeting = greeting
        self.end = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._in, self._out, self._open = ssl.MemoryBIO(), ssl.MemoryBIO(), False
        self._tls = self._context.wrap_bio(self._in, self._out, server_side=True)
        self.end = ""

    def data_received(self, data: bytes) -> None:
        self._in.write(data)
        try:
            if not self._open:
                self._tls.do_handshake()
                self._open = True
                self._tls.write(self._greeting)
            if not self._tls.read(4096):
                self.end = "goodbye"
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            self.end = self.end or str(error)
        self.links[-1].write(self._out.read())

    def connection_lost(self, _error: Exception | None) -> None:
        self.end = self.end or "cut"


class DatagramServer(asyncio.DatagramProtocol):
    """A UDP socket on loopback."""

    port = 0

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self.transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        self.port = self.transport.get_extra_info("sockname")[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.transport.close()
        await asyncio.sleep(0)


class DtlsServer(DatagramServer):
    """A DTLS server for one client: says back every record, each behind "<" and before ">"."""

    def __init__(self, cert: trustme.LeafCert) -> None:
        context = SSL.Context(SSL.DTLS_METHOD)
        context.set_cipher_list(b"ALL:@SECLEVEL=0")
        context.set_options(SSL.OP_NO_QUERY_MTU)
        context.use_certificate(x509.load_pem_x509_certificate(cert.cert_chain_pems[0].bytes()))
        key = serialization.load_pem_private_key(cert.private_key_pem.bytes(), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        context.use_privatekey(key)
        self._session = SSL.Connection(context, None)
        self._session.set_accept_state()
        self._session.set_ciphertext_mtu(1400)
        self.records: list[bytes] = []
        self.ended = False
        self.client = ("", 0)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.client = addr
        self._session.bio_write(data)
        try:
            while True:
                self.records.append(self._session.recv(4096))
                self._session.send(b"<" + self.records[-1] + b">")
        except SSL.WantReadError:
            pass
        except (SSL.ZeroReturnError, SSL.Error):
            self.ended = True
        self._flush()

    def goodbye(self) -> None:
        self._session.shutdown()
        self._flush()

    def _flush(self) -> None:
        try:
            while True:
                self.transport.sendto(self._session.bio_read(16384), self.client)
        except SSL.WantReadError:
            pass
