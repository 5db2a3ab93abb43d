"""Real sockets behind the NB families: IPv6, a connect that hangs, listeners, the service that an option allows."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import pytest
from kit import cases, rows
from vm_bench import OK, Bench, answer, play
from vm_nb import BOTH, OPEN, SENT, opened
from vm_peers import until
from vm_player import Peer, UdpPeer, free_local, said

HOME6 = "::1"


def need_ipv6() -> None:
    try:
        with socket.create_server((HOME6, 0), family=socket.AF_INET6):
            pass
    except OSError:
        pytest.skip("no IPv6 loopback")


@contextlib.asynccontextmanager
async def ipv6_peers() -> AsyncIterator[tuple[Peer, UdpPeer]]:
    """A TCP and a UDP peer on the IPv6 loopback."""
    loop, stream, datagrams = asyncio.get_running_loop(), Peer(), UdpPeer(lambda data: data[::-1])
    server = await loop.create_server(lambda: stream, HOME6, 0)
    stream.port = server.sockets[0].getsockname()[1]
    transport, _ = await loop.create_datagram_endpoint(lambda: datagrams, local_addr=(HOME6, 0))
    datagrams.transport, datagrams.port = transport, transport.get_extra_info("sockname")[1]
    try:
        yield stream, datagrams
    finally:
        transport.close()
        for link in stream.links:
            link.abort()
        server.close()
        await server.wait_closed()


@rows("R104", "R112", "R141", "R445", "R458")
@cases(*BOTH)
def test_clients_over_ipv6(model: str) -> None:
    need_ipv6()

    async def run(bench: Bench) -> None:
        async with ipv6_peers() as (stream, datagrams):
            table = bench.module.resolver.table
            table["six.example"], table["four.example"] = (HOME6, stream.port), ("127.0.0.1", 0)
            table["2001:db8::5"] = (HOME6, datagrams.port)
            assert await bench.type('AT+QIOPEN=1,0,"TCP","six.example",80,0,0,1') == OK + b"\r\n+QIOPEN: 0,0\r\n"
            assert await bench.type('AT+QIOPEN=1,1,"UDP","2001:db8::5",53,0,0,1') == OK + b"\r\n+QIOPEN: 1,0\r\n"
            shown = '+QISTATE: 0,"TCP","::1",80,0,2,1,0\r\n\r\n+QISTATE: 1,"UDP","2001:db8::5",53,0,2,1,0'
            assert await bench.type("AT+QISTATE?") == answer(shown)
            assert await bench.type('AT+QISEND=0,3,"abc"') == SENT
            await until(lambda: stream.heard == b"abc")
            assert await said(bench, stream, b"def") == b'\r\n+QIURC: "recv",0\r\n'
            assert await bench.type("AT+QIRD=0,9") == b"\r\n+QIRD: 3\r\ndef\r\n" + OK
            bench.module.feed(b'AT+QISEND=1,3,"uvw"\r')
            assert SENT in await bench.until('"recv",1')
            assert await bench.type("AT+QIRD=1,9") == b"\r\n+QIRD: 3\r\nwvu\r\n" + OK
            for name, protocol in (("six.example", 0), ("four.example", 1)):  # no address of that kind
                got = await bench.type('AT+QIOPEN=1,2,"TCP","%s",80,0,0,%d' % (name, protocol))
                assert got == OK + b"\r\n+QIOPEN: 2,565\r\n"

    play(model, run)


@rows("R112", "R141", "R217", "R282", "R456")
def test_a_listener_on_ipv6() -> None:
    need_ipv6()

    async def run(bench: Bench) -> None:
        loop = asyncio.get_running_loop()
        got = await bench.type('AT+QIOPEN=1,0,"TCP LISTENER","2001:db8::b4",0,2020,0,1')
        assert got == OK + b"\r\n+QIOPEN: 0,0\r\n"
        assert await bench.type("AT+QISTATE=1,0") == answer('+QISTATE: 0,"TCP LISTENER","2001:db8::b4",0,2020,2,1,0')
        with socket.socket(socket.AF_INET6) as client:
            client.setblocking(False)
            client.bind((HOME6, 0))
            await loop.sock_connect(client, bench.module.sockets[0]["local"])
            port = client.getsockname()[1]
            assert await bench.until("incoming") == b'\r\n+QIURC: "incoming",1,0,"::1",%d\r\n' % port
            assert await bench.type('AT+QISEND=1,2,"hi"') == SENT
            assert await loop.sock_recv(client, 9) == b"hi"

    play("BC25", run)


@contextlib.contextmanager
def full_server() -> Iterator[tuple[str, int]]:
    """A server whose queue is full: a connect to it gets no answer."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield "127.0.0.1", server.getsockname()[1]


@rows("R114", "R115", "R201", "R302", "R399")
@cases(("BC65", 36, 569, {}), ("BC65", 5, 569, {}), ("BC25", 36, 566, {"timeout_err": 566}))
def test_a_real_connect_without_an_answer(model: str, limit_s: int, code: int, options: dict[str, object]) -> None:
    async def run(bench: Bench) -> None:
        if limit_s != 36:
            await bench.type('AT+QICFG="open_time",%d' % limit_s)
        with full_server() as address:
            bench.module.resolver.table["h.example"] = address
            assert await bench.type(OPEN % (0, "TCP")) == OK
            bench.module.clock.advance(limit_s * 1000 - 1)
            await bench.module.settle()
            assert bench.module.take() == b""
            bench.module.clock.advance(1)
            assert await bench.until("QIOPEN") == b"\r\n+QIOPEN: 0,%d\r\n" % code
            assert await bench.type("AT+QISTATE?") == OK

    play(model, run, options=options)


@rows("R114", "R115", "R302")
@cases(("BC65", 36), ("BC65", 1), ("BC25", 36))
def test_a_name_may_take_140_seconds_more(model: str, limit_s: int) -> None:
    async def run(bench: Bench) -> None:
        if limit_s != 36:
            await bench.type('AT+QICFG="open_time",%d' % limit_s)
        bench.module.resolver.table["h.example"] = ("127.0.0.1", 9)
        bench.module.fault("dns_slow", ms=140_000)
        bench.module.fault("connect_timeout")
        assert await bench.type(OPEN % (0, "TCP")) == OK
        for ms, shown in ((140_000, b""), (limit_s * 1000 - 1, b""), (1, b"\r\n+QIOPEN: 0,569\r\n")):
            bench.module.clock.advance(ms)
            await bench.module.settle()
            assert bench.module.take() == shown
        bench.module.fault("dns_slow", ms=500_000)
        assert await bench.type(OPEN % (0, "TCP")) == OK
        bench.module.clock.advance(140_000)
        await bench.module.settle()
        assert bench.module.take() == b"\r\n+QIOPEN: 0,565\r\n"

    play(model, run)


@rows("R216", "R217", "R220", "R282", "R345", "R413", "R414", "R456")
@cases(
    ({}, 1, [1, 2, 4], 0),
    ({"incoming_id": "highest"}, 1, [5, 4, 2], 0),
    ({"listener_remote_port": "given"}, 7, [1, 2, 4], 7),
)
def test_ids_of_incoming_connections(options: dict[str, object], port: int, ids: list[int], shown: int) -> None:
    async def run(bench: Bench) -> None:
        loop = asyncio.get_running_loop()
        await bench.type('AT+QIOPEN=1,0,"TCP LISTENER","0.0.0.0",%d,2020,1' % port)
        line = '+QISTATE: 0,"TCP LISTENER","10.76.51.180",%d,2020,2,1,1' % shown
        assert await bench.type("AT+QISTATE=1,0") == answer(line)
        async with Peer() as peer:
            await opened(bench, peer, 3)
            where = bench.module.sockets[0]["local"]
            clients = [free_local() for _ in ids]
            for client, number in zip(clients, ids, strict=True):
                await loop.sock_connect(client, where)
                said = '\r\n+QIURC: "incoming",%d,0,"127.0.0.1",%d\r\n' % (number, client.getsockname()[1])
                assert await bench.until("incoming") == said.encode()
            assert b'"TCP INCOMING","127.0.0.1",' in await bench.type("AT+QISTATE=1,%d" % ids[0])
            await bench.type("AT+QICLOSE=%d" % ids[1])  # the id is free for the next client
            with free_local() as again:
                await loop.sock_connect(again, where)
                assert b'"incoming",%d,0,' % ids[1] in await bench.until("incoming")
            for client in clients:
                client.close()

    play("BC65", run, options=options)


@rows("R216", "R217")
@cases(*BOTH)
def test_a_client_that_finds_no_id_is_sent_away(model: str) -> None:
    async def run(bench: Bench) -> None:
        loop = asyncio.get_running_loop()
        await bench.type('AT+QIOPEN=1,0,"TCP LISTENER","0.0.0.0",0,2020')
        where = bench.module.sockets[0]["local"]
        async with Peer() as peer:
            for number in range(1, 6):
                await opened(bench, peer, number)
            for _ in range(2):
                with free_local() as client:
                    await loop.sock_connect(client, where)
                    assert await bench.until("full") == b'\r\n+QIURC: "incoming full"\r\n'
                    with pytest.raises(ConnectionError):
                        await loop.sock_recv(client, 1)
            await bench.type("AT+QICLOSE=5")
            with free_local() as client:
                await loop.sock_connect(client, where)
                assert b'"incoming",5,0,' in await bench.until("incoming")
                bench.module.fault("incoming_full")

    play(model, run)


@rows("R119", "R120", "R311")
@cases(("BC65", 0), ("BC65", 120_000), ("BC25", 0))
def test_a_fixed_local_port_belongs_to_one_socket(model: str, rest_ms: int) -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer, UdpPeer() as datagrams:
            await opened(bench, peer, 0, rest=",1400")  # inside the range that is advised against (R451)
            for kind in ("TCP", "UDP"):
                await bench.refused(OPEN % (1, kind) + ",1400", 556)
            await bench.refused('AT+QIOPEN=1,1,"TCP LISTENER","0.0.0.0",0,1400', 556)
            await opened(bench, datagrams, 2, "UDP")  # 0 is no fixed port
            await opened(bench, peer, 3)
            assert await bench.type("AT+QICLOSE=0") == OK + b"\r\nCLOSE OK\r\n"
            if rest_ms:
                bench.module.clock.advance(rest_ms - 1)
                await bench.refused(OPEN % (1, "TCP") + ",1400", 556)
                bench.module.clock.advance(1)
            await opened(bench, peer, 1, rest=",1400")

    play(model, run, options={"local_port_wait_ms": rest_ms})


@rows("R124", "R140", "R141", "R142", "R154", "R223", "R412")
def test_the_udp_service_that_an_option_allows() -> None:
    async def run(bench: Bench) -> None:
        got = await bench.type('AT+QIOPEN=1,0,"UDP SERVICE","192.168.2.6",0,2020,0')
        assert got == OK + b"\r\n+QIOPEN: 0,0\r\n"
        assert await bench.type("AT+QISTATE?") == answer('+QISTATE: 0,"UDP SERVICE","192.168.2.6",0,2020,2,1,0')
        with socket.socket(type=socket.SOCK_DGRAM) as sender:
            for data in (b"AAAA", b"BB"):
                sender.sendto(data, bench.module.sockets[0]["local"])
                await until(lambda: bench.connection(0).received >= 4)
            await until(lambda: bench.connection(0).received == 6)
        await bench.module.settle()
        assert bench.module.take() == b'\r\n+QIURC: "recv",0\r\n'
        assert await bench.type("AT+QIRD=0,512") == b"\r\n+QIRD: 4\r\nAAAA\r\n" + OK
        assert await bench.type("AT+QIRD=0,512") == b"\r\n+QIRD: 2\r\nBB\r\n" + OK
        await bench.refused('AT+QISEND=0,1,"a"', 572)
        assert await bench.type("AT+QICLOSE=0") == OK + b"\r\nCLOSE OK\r\n"

    play("BC25", run, options={"udp_service": True, "address": "192.168.2.6"})


@rows("R108", "R170", "R215", "R284", "R411", "R412")
@cases(*BOTH)
def test_buff_full_is_said_once_per_episode(model: str) -> None:
    async def run(bench: Bench) -> None:
        async with UdpPeer() as peer:
            await opened(bench, peer, kind="UDP")
            await bench.type('AT+QISEND=0,1,"a"')
            await until(lambda: peer.heard)
            for _ in range(3):  # episodes
                assert await said(bench, peer, b"1st") == b'\r\n+QIURC: "recv",0\r\n'
                assert await said(bench, peer, b"2nd") == b""
                assert await said(bench, peer, b"3rd") == b'\r\n+QIURC: "recv",0,"buff full"\r\n'
                assert await said(bench, peer, b"4th") == b""
                for shown in (b"1st", b"2nd"):
                    assert await bench.type("AT+QIRD=0,99") == b"\r\n+QIRD: 3\r\n%s\r\n" % shown + OK
                assert await bench.type("AT+QIRD=0,99") == answer("+QIRD: 0")

    play(model, run, options={"rx_nodes": 2})


@rows("R104", "R287", "R288", "R282", "R283")
@cases(*BOTH)
def test_six_sockets_at_once(model: str) -> None:
    """Three TCP and three UDP sockets in two contexts, each with its own data; a seventh id does not exist."""

    async def run(bench: Bench) -> None:
        await bench.ok("AT+CGACT=1,3")
        async with Peer() as stream, UdpPeer(lambda data: b"<%s>" % data) as datagrams:
            stream.echo = True
            table = bench.module.resolver.table
            table["1.1.1.1"], table["1.1.1.2"] = stream.address, datagrams.address
            for number in range(6):
                kind, host = (("TCP", "1.1.1.1"), ("UDP", "1.1.1.2"))[number % 2]
                got = await bench.type('AT+QIOPEN=%d,%d,"%s","%s",7' % (3 if number == 5 else 1, number, kind, host))
                assert got == OK + b"\r\n+QIOPEN: %d,0\r\n" % number
                bench.module.feed(b'AT+QISEND=%d,2,"n%d"\r' % (number, number))
                assert SENT in await bench.until('"recv",%d' % number)
            for number in range(6):
                shown = (b"n%d" if number % 2 == 0 else b"<n%d>") % number
                assert (
                    await bench.type("AT+QIRD=%d,9" % number) == b"\r\n+QIRD: %d\r\n%s\r\n" % (len(shown), shown) + OK
                )
            assert (await bench.type("AT+QISTATE=0,3")).count(b"+QISTATE: 5") == 1
            await bench.refused('AT+QIOPEN=1,6,"TCP","1.1.1.1",7', 552)
            bench.module.fault("pdp_dropped", ctx=3)
            assert bench.module.take() == b'\r\n+QIURC: "closed",5\r\n'

    play(model, run)
