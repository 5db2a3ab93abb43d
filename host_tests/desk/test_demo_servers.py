"""The demo's servers against CPython's own clients."""

import asyncio
import contextlib
import gc
import socket
import ssl
import struct

import aiocoap
import pytest
from desk import servers
from vm_peers import until


async def fetch(port: int, ca_pem: bytes, name: str) -> bytes:
    context = ssl.create_default_context(cadata=ca_pem.decode())
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name)
    assert writer.get_extra_info("ssl_object").version() == "TLSv1.2"
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer.partition(b"\r\n\r\n")[2]


async def closed(port: int) -> None:
    with pytest.raises(OSError):
        await asyncio.open_connection("127.0.0.1", port)


async def echoes() -> None:
    data = bytes(range(256)) * 100
    async with servers.tcp_echo() as tcp:
        reader, writer = await asyncio.open_connection(*tcp.address)
        writer.write(data)
        assert await reader.readexactly(len(data)) == data
        assert (tcp.connections, tcp.received, tcp.sent) == (1, len(data), len(data))
    assert await reader.read() == b""  # a connection left open does not keep the server
    writer.close()
    await closed(tcp.port)
    async with servers.udp_echo() as udp:
        with socket.socket(type=socket.SOCK_DGRAM) as peer:
            peer.setblocking(False)
            peer.connect(udp.address)
            peer.send(b"one")
            assert await asyncio.get_running_loop().sock_recv(peer, 100) == b"one"
        assert (udp.connections, udp.received, udp.sent) == (1, 3, 3)


def test_echoes_count_and_end() -> None:
    asyncio.run(echoes())


async def times() -> None:
    question = b"\x1b" + bytes(39) + b"mine: 8b"
    async with servers.ntp(lambda: 1_524_193_700.5) as server:
        with socket.socket(type=socket.SOCK_DGRAM) as peer:
            peer.setblocking(False)
            peer.connect(server.address)
            for wrong in (b"short", b"\x1c" + bytes(47)):  # a server's answer is no question
                peer.send(wrong)
            peer.send(question)
            answer = await asyncio.get_running_loop().sock_recv(peer, 100)
        assert (len(answer), answer[0], answer[1]) == (48, 0x1C, 1)
        assert answer[24:32] == b"mine: 8b"
        assert struct.unpack("!II", answer[40:48]) == (1_524_193_700 + 2_208_988_800, 1 << 31)
        assert (server.connections, server.received, server.sent) == (3, 5 + 48 + 48, 48)


def test_the_time_server_follows_the_protocol() -> None:
    asyncio.run(times())


async def one_host() -> None:
    authority, other = servers.Authority("right"), servers.Authority("wrong")
    async with servers.https(authority, "page.example") as seen:
        assert await fetch(seen.port, seen.ca_pem, "page.example") == servers.page("page.example")
        with pytest.raises(ssl.SSLCertVerificationError):
            await fetch(seen.port, other.pem, "page.example")
        assert seen.connections == 1 and seen.names == ["page.example"] * 2
    await closed(seen.port)


def test_one_host_and_a_wrong_authority() -> None:
    asyncio.run(one_host())


async def two_hosts() -> None:
    async with servers.https(servers.Authority("both"), "one.example", "two.example") as seen:
        for name in ("one.example", "two.example"):
            assert await fetch(seen.port, seen.ca_pem, name) == servers.page(name)
        with pytest.raises(ssl.SSLCertVerificationError):
            await fetch(seen.port, seen.ca_pem, "three.example")
        assert seen.names == ["one.example", "two.example", "three.example"]


def test_two_hosts_behind_one_port() -> None:
    asyncio.run(two_hosts())


def goodbye_and_reset(port: int, ca_pem: bytes) -> None:
    context = ssl.create_default_context(cadata=ca_pem.decode())
    plain = socket.create_connection(("127.0.0.1", port))
    with context.wrap_socket(plain, server_hostname="page.example") as client:
        client.setblocking(False)
        with contextlib.suppress(ssl.SSLWantReadError):  # the server's goodbye is not waited for
            client.unwrap()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def rude_clients() -> None:
    failures: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
    async with servers.https(servers.Authority("rude"), "page.example") as seen:
        for _ in range(10):
            await asyncio.to_thread(goodbye_and_reset, seen.port, seen.ca_pem)
        await until(lambda: seen.connections == 10 and len(asyncio.all_tasks()) == 1)
    gc.collect()  # a task tells its failure when it goes
    assert failures == []


def test_clients_that_say_goodbye_and_reset() -> None:
    asyncio.run(rude_clients())


async def coap() -> None:
    async with servers.coap() as seen:
        client = await aiocoap.Context.create_client_context(transports=["simple6"])
        uri = "coap://127.0.0.1:%d/" % seen.port
        got = await client.request(aiocoap.Message(code=aiocoap.GET, uri=uri + "hello")).response
        assert (got.code, got.payload) == (aiocoap.CONTENT, servers.HELLO)
        got = await client.request(aiocoap.Message(code=aiocoap.POST, uri=uri + "echo", payload=b"abc")).response
        assert (got.code, got.payload) == (aiocoap.CHANGED, b"abc")
        await client.shutdown()
        assert (seen.connections, seen.received) == (2, 3)


def test_coap() -> None:
    asyncio.run(coap())
