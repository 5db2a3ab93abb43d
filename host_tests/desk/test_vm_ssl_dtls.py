"""DTLS: SSL connections over datagrams."""

from __future__ import annotations

import vm_peers as peers
from kit import rows
from vm_bench import OK, Bench, play
from vm_ssl import opened, ready


@rows("R040", "R056", "R420")
def test_dtls() -> None:
    async def run(b: Bench) -> None:
        async with peers.DtlsServer(peers.leaf("one", "server.test")) as server:
            await ready(b, server.port, 'AT+QSSLCFG="dtls",1,1')
            await opened(b)
            assert b'"SSLClient","server.test",443,' in await b.type("AT+QSSLSTATE")
            for record in (b"a" * 1460, b"b"):
                await b.type("AT+QSSLSEND=4,%d" % len(record))
                assert b"SEND OK" in await b.raw(record)
            assert server.records == [b"a" * 1460, b"b"]
            assert await b.type("AT+QSSLRECV=4,1500") == b"\r\n+QSSLRECV: 1462\r\n<%s>\r\n" % (b"a" * 1460) + OK
            assert await b.type("AT+QSSLRECV=4,1500") == b"\r\n+QSSLRECV: 3\r\n<b>\r\n" + OK
            await b.ok("AT+QSSLCLOSE=4")
            await peers.until(lambda: server.ended)
        async with peers.DtlsServer(peers.leaf("other", "server.test")) as server:
            b.module.resolver.table["server.test"] = ("127.0.0.1", server.port)
            assert (await b.type_until('AT+QSSLOPEN=1,1,4,"server.test",443', ": 4,")).endswith(b": 4,579\r\n")
            await peers.until(lambda: server.ended)

    play("EC200U", run)
