"""DTLS: SSL connections over datagrams."""

from __future__ import annotations

import vm_peers as peers
from kit import cases, rows
from vm_bench import ERROR, OK, Bench, play
from vm_ssl import opened, ready

OPEN = 'AT+QSSLOPEN=1,1,4,"server.test",443'
DTLS = 'AT+QSSLCFG="dtls",1,1'


class LossyServer(peers.DtlsServer):
    """Does not hear the first datagrams."""

    lost = 2

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self.lost:
            self.lost -= 1
        else:
            super().datagram_received(data, addr)


def server(label: str = "one") -> peers.DtlsServer:
    return peers.DtlsServer(peers.leaf(label, "server.test"))


@rows("R040", "R056", "R420")
def test_echo_and_refusal() -> None:
    async def run(b: Bench) -> None:
        async with server() as there:
            await ready(b, there.port, DTLS)
            await opened(b)
            assert b'"SSLClient","server.test",443,' in await b.type("AT+QSSLSTATE")
            for record in (b"a" * 1460, b"b"):
                await b.type("AT+QSSLSEND=4,%d" % len(record))
                assert b"SEND OK" in await b.raw(record)
            assert there.records == [b"a" * 1460, b"b"]
            assert await b.type("AT+QSSLRECV=4,1500") == b"\r\n+QSSLRECV: 1462\r\n<%s>\r\n" % (b"a" * 1460) + OK
            assert await b.type("AT+QSSLRECV=4,2") == b"\r\n+QSSLRECV: 2\r\n<b\r\n" + OK
            assert await b.type("AT+QSSLRECV=4,1500") == b"\r\n+QSSLRECV: 1\r\n>\r\n" + OK
            await b.ok("AT+QSSLCLOSE=4")
            await peers.until(lambda: there.ended)
        async with server("other") as there:
            b.module.resolver.table["server.test"] = ("127.0.0.1", there.port)
            assert (await b.type_until(OPEN, ": 4,")).endswith(b": 4,579\r\n")
            await peers.until(lambda: there.ended)
            assert there.records == []
        async with server("other") as there:
            b.module.resolver.table["server.test"] = ("127.0.0.1", there.port)
            await b.ok("AT+QSSLCLOSE=4", 'AT+QSSLCFG="seclevel",1,0')
            await opened(b)
            assert b.connection(4).state == 2

    play("EC200U", run)


@rows("R056", "R095", "R420")
def test_direct_push_of_records() -> None:
    async def run(b: Bench) -> None:
        async with server() as there:
            await ready(b, there.port, DTLS)
            await opened(b, 1)
            for record in (b"one", b"\r\nOK\r\n"):
                await b.type("AT+QSSLSEND=4,%d" % len(record))
                got = await b.raw(record)
                want = b'\r\n+QSSLURC: "recv",4,%d\r\n<%s>\r\n' % (len(record) + 2, record)
                assert got in (b"\r\nSEND OK\r\n" + want, want + b"\r\nSEND OK\r\n")

    play("EC200U", run)


@rows("R036", "R056", "R420")
def test_transparent_packets_are_records() -> None:
    async def run(b: Bench) -> None:
        async with server() as there:
            await ready(b, there.port, DTLS, 'AT+QICFG="transpktsize",4')
            assert await b.type_until(OPEN + ",2", "CONNECT") == b"\r\nCONNECT\r\n"
            got = await b.raw(b"onetwoend")
            b.module.clock.advance(200)
            await peers.until(lambda: len(there.records) == 3)
            assert there.records == [b"onet", b"woen", b"d"]
            assert got + await b.until("<d>") == b"<onet><woen><d>"

    play("EC200U", run)


@rows("R096", "R420")
def test_closed_by_the_server() -> None:
    async def run(b: Bench) -> None:
        async with server() as there:
            await ready(b, there.port, DTLS)
            await opened(b)
            b.module.take()
            there.goodbye()
            assert await b.until("closed") == b'\r\n+QSSLURC: "closed",4\r\n'
            assert b",4,1,4,0," in await b.type("AT+QSSLSTATE=4")
            assert await b.type("AT+QSSLSEND=4,1") == ERROR
            await b.ok("AT+QSSLCLOSE=4")

    play("EC200U", run)


@rows("R420")
def test_lost_datagrams_are_said_again() -> None:
    async def run(b: Bench) -> None:
        async with LossyServer(peers.leaf("one", "server.test")) as there:
            await ready(b, there.port, DTLS)
            await opened(b)
            assert b.connection(4).state == 2
            assert there.lost == 0

    play("EC200U", run)


@rows("R052", "R056")
def test_nobody_answers() -> None:
    async def run(b: Bench) -> None:
        async with peers.DatagramServer() as there:
            await ready(b, there.port, DTLS, 'AT+QSSLCFG="negotiatetime",1,10')
            assert await b.type(OPEN) == OK
            b.module.clock.advance(9999)
            assert await b.raw(b"") == b""
            b.module.clock.advance(1)
            assert await b.raw(b"") == b"\r\n+QSSLOPEN: 4,569\r\n"
            await b.ok("AT+QSSLCLOSE=4")
            b.module.resolver.table["server.test"] = ("127.0.0.1", peers.free_port())
            assert await b.type(OPEN) == OK  # where nobody listens it is the same
            b.module.clock.advance(10_000)
            assert await b.raw(b"") == b"\r\n+QSSLOPEN: 4,569\r\n"

    play("EC200U", run)


@rows("R044", "R056", "R026")
@cases((0, 0), (1, 2), (3, 2), (4, 2))
def test_versions(version: int, state: int) -> None:
    async def run(b: Bench) -> None:
        async with server() as there:
            await ready(b, there.port, DTLS, 'AT+QSSLCFG="sslversion",1,%d' % version)
            await opened(b)
            assert b.connection(4).state == state

    play("EC200U", run)
