"""Driver and virtual module together: CoAP against aiocoap and a server of our own that misbehaves."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from errno import EIO
from typing import Any

import aiocoap
import pytest
from aiocoap import resource
from desk import servers
from e2e import LOOPBACK, Bench, go, hurry, on, play
from kit import raises, rows
from pulse import PulseClock, pulse
from quectel.errors import CoapError, QuectelTimeout

__all__ = ["hurry"]
ADDRESS = "198.51.100.5"
URI = "coap://" + ADDRESS


class Store(resource.Resource):
    """Keeps what is put there."""

    def __init__(self) -> None:
        super().__init__()
        self.value: "bytes | None" = None
        self.types: "list[str]" = []

    async def render_get(self, request: aiocoap.Message) -> aiocoap.Message:
        self.types.append(str(request.mtype))
        if self.value is None:
            return aiocoap.Message(code=aiocoap.NOT_FOUND)
        return aiocoap.Message(code=aiocoap.CONTENT, payload=self.value, content_format=42)

    async def render_put(self, request: aiocoap.Message) -> aiocoap.Message:
        self.types.append(str(request.mtype))
        self.value = request.payload
        return aiocoap.Message(code=aiocoap.CHANGED)

    async def render_post(self, request: aiocoap.Message) -> aiocoap.Message:
        self.types.append(str(request.mtype))
        query = ",".join(request.opt.uri_query).encode()
        return aiocoap.Message(code=aiocoap.CREATED, payload=query + b"|" + request.payload, content_format=0)

    async def render_delete(self, request: aiocoap.Message) -> aiocoap.Message:
        self.types.append(str(request.mtype))
        self.value = None
        return aiocoap.Message(code=aiocoap.DELETED)


@dataclass
class Served:
    port: int
    store: Store


@contextlib.asynccontextmanager
async def coap_server() -> AsyncIterator[Served]:
    site, store = resource.Site(), Store()
    site.add_resource(["a", "store"], store)
    context, port = await servers.coap_context(site)
    try:
        yield Served(port, store)
    finally:
        await context.shutdown()


@rows("R225", "R244", "R258")
@on("BC95G")
def test_methods_and_types(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        server = bench.world.serve(ADDRESS, coap_server())
        coap = await go(bench.modem.coap())
        data = bytes(range(256)) * 2
        for confirmable in (True, False):
            way: "dict[str, Any]" = {"confirmable": confirmable, "timeout_ms": 5000}
            assert (await go(coap.get(URI + "/a/store", **way))).codestr == "4.04"
            assert (await go(coap.put(URI + "/a/store", data, format=42, **way))).code == 204
            answer = await go(coap.get(URI + "/a/store", **way))
            assert (answer.code, answer.payload, answer.format) == (205, data, 42)
            answer = await go(coap.post(URI + "/a/store?x=1&y=2", b"OK\r\n> ", format=0, **way))
            assert (answer.code, answer.payload) == (201, b"x=1,y=2|OK\r\n> ")
            assert (await go(coap.delete(URI + "/a/store", **way))).code == 202
            assert (await go(coap.get(URI + "/nothing", **way))).code == 404
        assert (
            server.store.types == ["Type.CON"] * 5 + ["Type.NON"] * 5 or server.store.types == ["CON"] * 5 + ["NON"] * 5
        )
        assert bench.modem.stats.framing == 0

    play(face, model, body)


@rows("R237", "R260")
@on("BC95G")
def test_what_is_longer_than_the_module_shows_comes_in_blocks(face: str, model: str) -> None:
    """The server chooses blocks of 1024 bytes by itself: a part of one alone is an error, and no answer."""

    async def body(bench: Bench) -> None:
        store = bench.world.serve(ADDRESS, coap_server()).store
        store.value = bytes(i * 7 & 255 for i in range(1300))
        coap = await go(bench.modem.coap())
        with raises(CoapError) as caught:
            await go(coap.get(URI + "/a/store", timeout_ms=5000))
        assert isinstance(caught.value, CoapError) and caught.value.errno == EIO and "Block2" in str(caught.value)
        data, more = b"", 8
        while more & 8:
            options = [("Block2", len(data) // 512 << 4 | 5)]
            part = await go(coap.get(URI + "/a/store", options=options, timeout_ms=5000))
            data += part.payload
            more = int(part.option("Block2"))
        assert data == store.value
        store.value = b"x" * 512
        assert (await go(coap.get(URI + "/a/store", timeout_ms=5000))).payload == store.value

    play(face, model, body)


@rows("R245", "R250")
@on("BC95G")
@pytest.mark.usefixtures("hurry")
def test_a_server_that_does_not_answer(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
            deaf.bind((LOOPBACK, 0))
            bench.world.name(ADDRESS, deaf.getsockname()[1])
            coap = await go(bench.modem.coap())
            start = pulse.ticks_ms()
            with raises(QuectelTimeout):
                await go(coap.get(URI + "/x", timeout_ms=100, confirmable=False))
            assert 90 <= pulse.ticks_ms() - start < 950  # the blocking face looks at the UART at least every 20 ms
            with raises(CoapError, QuectelTimeout):  # the module gives up after its last repetition
                await go(coap.get(URI + "/x", timeout_ms=4000))
        bench.world.serve(ADDRESS, coap_server())
        assert (await go(coap.get(URI + "/a/store", timeout_ms=5000))).code == 404

    play(face, model, body, clock=PulseClock(100))


@on("BC95G", faces=("asyncio",))
def test_requests_of_several_tasks(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve(ADDRESS, coap_server())
        coap = await go(bench.modem.coap())

        async def one(i: int) -> bytes:
            answer = await coap.post(URI + "/a/store", b"%d" % i, format=0, timeout_ms=8000)
            return bytes(answer.payload)

        assert await asyncio.gather(*(one(i) for i in range(6))) == [b"|%d" % i for i in range(6)]

    play(face, model, body)


@on("BC95G", faces=("asyncio",))
@pytest.mark.usefixtures("hurry")
def test_a_cancelled_request_and_the_next(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve(ADDRESS, coap_server())
        coap = await go(bench.modem.coap())
        for i in range(25):
            task = asyncio.ensure_future(coap.post(URI + "/a/store", b"old", format=0, timeout_ms=5000))
            for _ in range(2 * i):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            answer = await coap.post(URI + "/a/store", b"new%d" % i, format=0, timeout_ms=5000)
            assert answer.payload == b"|new%d" % i, i

    play(face, model, body)
