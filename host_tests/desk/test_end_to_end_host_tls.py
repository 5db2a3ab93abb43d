"""TLS on the host over a plain modem socket: what a module has no suite for, or has no TLS at all.

MicroPython's ssl.wrap_socket() takes the socket as a stream: it asks readinto() for the five bytes of a record's head,
then for its body, and writes whole records. The same is done here with CPython's ssl, which has no wrap for a stream.
"""

from __future__ import annotations

import functools
import hashlib
import ssl
from typing import Any

import pytest
from desk import servers
from e2e import BUFFER, PUSH, TCP_FAMILIES, Bench, go, hostile, on, play
from kit import raises
from vm_peers import TlsServer, ca_pem, leaf, server_context

HOST = "page.example"
HEAD = 5


@functools.cache
def authority() -> servers.Authority:
    return servers.Authority("host")


class HostTls:
    """A TLS stream over a socket of the driver, by the calls that MicroPython's ssl makes of it."""

    def __init__(self, sock: Any, context: ssl.SSLContext, name: str) -> None:
        self._sock = sock
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.session = context.wrap_bio(self._in, self._out, server_hostname=name)

    async def run(self, step: Any, *args: Any) -> Any:
        """Do a step of the session, with the records that it needs."""
        while True:
            try:
                return step(*args)
            except ssl.SSLWantReadError:
                await self.flush()
                await self._record()
            finally:
                await self.flush()

    async def flush(self) -> None:
        data = self._out.read()
        while data:
            sent = await go(self._sock.write(data))
            data = data[sent or 0 :]

    async def _record(self) -> None:
        head = await self._exactly(HEAD)
        self._in.write(head)
        if len(head) == HEAD:
            self._in.write(await self._exactly(head[3] << 8 | head[4]))
        else:
            self._in.write_eof()

    async def _exactly(self, n: int) -> bytes:
        buf = bytearray(n)
        got = 0
        while got < n:
            view = memoryview(buf)[got:]
            k = await go(self._sock.readinto(view))
            if k == 0:
                break
            got += k or 0  # None: it would block
        return bytes(buf[:got])


def trusting(pem: bytes) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=pem.decode())
    return context


@on(*TCP_FAMILIES)
def test_page(face: str, model: str) -> None:
    """Verified by the host, TLS 1.3 where both have it; a server of somebody else hears nothing."""

    async def body(bench: Bench) -> None:
        bench.world.serve(HOST, servers.https(authority(), HOST))
        sock = await bench.dial(HOST, 443)
        tls = HostTls(sock, trusting(authority().pem), HOST)
        await tls.run(tls.session.do_handshake)
        await tls.run(tls.session.write, b"GET / HTTP/1.1\r\nHost: " + HOST.encode() + b"\r\n\r\n")
        page = b""
        while part := await read(tls, 1000):
            page += part
        assert page.partition(b"\r\n\r\n")[2] == servers.page(HOST)
        await go(sock.close())
        server = bench.world.serve(HOST, TlsServer(server_context(leaf("other", HOST))))
        sock = await bench.dial(HOST, 443)
        tls = HostTls(sock, trusting(ca_pem()), HOST)
        with raises(ssl.SSLCertVerificationError):
            await tls.run(tls.session.do_handshake)
        await go(sock.close())
        assert server.heard == b""

    async def read(tls: HostTls, n: int) -> bytes:
        try:
            return bytes(await tls.run(tls.session.read, n))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    play(face, model, body)


@pytest.mark.parametrize("blocks", [True, False])
@on("BC25", "EC200U")
def test_much_data(face: str, model: str, blocks: bool) -> None:
    """Records that packets cut, in both access modes, blocking and not."""

    async def body(bench: Bench) -> None:
        data = hostile(40_000)
        for mode in (BUFFER, PUSH):
            server = bench.world.serve(HOST, TlsServer(server_context(leaf("one", HOST))))
            sock = await bench.dial(HOST, 443, mode=mode)
            tls = HostTls(sock, trusting(ca_pem()), HOST)
            await tls.run(tls.session.do_handshake)
            if not blocks:
                sock.settimeout(0)
            digest = hashlib.sha256()
            for at in range(0, len(data), 1000):
                await tls.run(tls.session.write, data[at : at + 1000])
                left = len(data[at : at + 1000])
                while left:
                    part = bytes(await tls.run(tls.session.read, left))
                    digest.update(part)
                    left -= len(part)
            assert digest.digest() == hashlib.sha256(data).digest() and server.heard == data
            await go(sock.close())

    play(face, model, body, driver={"rx_ring": 4096})
