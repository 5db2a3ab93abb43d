"""Observe in both directions, all options and the registration flow: driver and virtual module against aiocoap."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import aiocoap
import coap_peers as peers
import pytest
from aiocoap import resource
from aiocoap.numbers.optionnumbers import OptionNumber
from desk import servers
from e2e import LOOPBACK, Bench, go, hurry, on, play
from kit import rows
from pulse import PulseClock
from virtual_module.coap_service import CoapService

__all__ = ["hurry"]
ADDRESS = "198.51.100.5"
URI = "coap://" + ADDRESS
WAY: "dict[str, Any]" = {"timeout_ms": 5000}


class Gauge(resource.ObservableResource):
    """What is observed; `served` has the requests."""

    def __init__(self) -> None:
        super().__init__()
        self.value = b"20"
        self.code = aiocoap.CONTENT
        self.served: "list[aiocoap.Message]" = []

    async def render_get(self, request: aiocoap.Message) -> aiocoap.Message:
        self.served.append(request)
        return aiocoap.Message(code=self.code, payload=self.value, content_format=0)

    def watchers(self) -> int:
        return len(self._observations)


class Served:
    def __init__(self, port: int, gauge: Gauge) -> None:
        self.port, self.gauge = port, gauge


@contextlib.asynccontextmanager
async def gauge_server() -> AsyncIterator[Served]:
    site, gauge = resource.Site(), Gauge()
    site.add_resource(["gauge"], gauge)
    context, port = await servers.coap_context(site)
    try:
        yield Served(port, gauge)
    finally:
        await context.shutdown()


def change(bench: Bench, gauge: Gauge, value: bytes) -> None:
    def set(_: Any) -> None:
        gauge.value = value
        gauge.updated_state()

    bench.world.call(set)


@rows("R233", "R237", "R254", "R433")
@on("BC95G")
@pytest.mark.usefixtures("hurry")
def test_aiocoap_is_observed(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        gauge = bench.world.serve(ADDRESS, gauge_server()).gauge
        coap = await go(bench.modem.coap())
        told: "list[Any]" = []
        first = await go(coap.observe(URI + "/gauge", told.append, **WAY))
        assert (first.payload, first.format) == (b"20", 0) and gauge.watchers() == 1
        for value in (b"21", b"22,\r\nOK\r\n", b"23"):
            change(bench, gauge, value)
            await bench.until(lambda: told)
            assert told.pop().payload == value
        assert (await go(coap.get(URI + "/gauge", **WAY))).payload == b"23"
        bench.world.fault("reboot")
        await bench.until(lambda: told, 10)  # observed again, by itself
        assert told.pop().payload == b"23"
        change(bench, gauge, b"24")
        await bench.until(lambda: told)
        assert told.pop().payload == b"24"
        await go(coap.observe(URI + "/gauge", None, **WAY))
        change(bench, gauge, b"25")
        await go(coap.get(URI + "/gauge", **WAY))
        assert not told

    play(face, model, body)


def in_the_world(bench: Bench, work: "Coroutine[Any, Any, Any]") -> Any:
    """Start something in the loop of module and peers; a future."""
    return asyncio.run_coroutine_threadsafe(work, bench.world._loop)


class Watcher:
    """An aiocoap client that observes a resource of the host."""

    def __init__(self) -> None:
        self.seen: "list[bytes]" = []

    async def watch(self, uri: str) -> None:
        self.context = await aiocoap.Context.create_client_context()
        ask = aiocoap.Message(code=aiocoap.GET, uri=uri, observe=0)
        self.request = self.context.request(ask, handle_blockwise=False)
        self.seen.append((await self.request.response).payload)
        self.watching = asyncio.ensure_future(self._watch())

    async def _watch(self) -> None:
        async for message in self.request.observation:
            self.seen.append(message.payload)

    async def forget(self) -> None:
        """What comes now is answered with RST."""
        self.watching.cancel()
        self.request.observation.cancel()

    async def leave(self) -> None:
        await self.context.shutdown()


@rows("R229", "R262", "R265", "R285")
@on("BC95G")
@pytest.mark.usefixtures("hurry")
def test_aiocoap_observes(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        coap = await go(bench.modem.coap())
        value = [b"20"]
        await go(coap.resource("/t/d", lambda _: (205, 0, value[0]), True))
        uri = "coap://%s:%d/t/d" % (LOOPBACK, bench.world.call(local_port))
        watcher = Watcher()
        started = in_the_world(bench, watcher.watch(uri))
        await bench.until(started.done)
        started.result()
        assert watcher.seen[0] == b"20"
        for confirmable in (True, False):
            value[0] = b"2%d" % confirmable
            assert await go(coap.notify("/t/d", value[0], format=0, confirmable=confirmable, **WAY)) == 1
            await bench.until(lambda: watcher.seen[-1] == value[0])
        in_the_world(bench, watcher.forget()).result(3)
        told = [await go(coap.notify("/t/d", b"%d" % k, format=0, **WAY)) for k in range(2)]
        assert told[-1] == 0  # it was reset, or has said that it wants no more
        in_the_world(bench, watcher.leave()).result(3)

    play(face, model, body)


def local_port(module: Any) -> int:
    endpoint = CoapService.of(module).endpoint
    return endpoint.bound_port if endpoint else 0


NAMED: "tuple[tuple[str, Any, str, Any], ...]" = (
    ("If-Match", b"\xab\x01", "if_match", (b"\xab\x01",)),
    ("Uri-Host", "a.example", "uri_host", "a.example"),
    ("ETag", "AB01", "etags", (b"\xab\x01",)),
    ("If-None-Match", None, "if_none_match", True),
    ("Observe", 1, "observe", 1),
    ("Uri-Port", 7000, "uri_port", 7000),
    ("Location-Path", "rd", "location_path", ("rd",)),
    ("Uri-Path", "t", "uri_path", ("t",)),
    ("Content-Format", 50, "content_format", 50),
    ("Max-Age", 86400, "max_age", 86400),
    ("Uri-Query", "ep=a;1", "uri_query", ("ep=a;1",)),
    ("Accept", 40, "accept", 40),
    ("Location-Query", "x=1", "location_query", ("x=1",)),
    ("Block2", 6, "block2", (0, False, 6)),
    ("Block1", 22, "block1", (1, False, 6)),
    ("Size2", 7, "size2", 7),
    ("Proxy-Uri", "coap://b.example/", "proxy_uri", "coap://b.example/"),
    ("Proxy-Scheme", "coap", "proxy_scheme", "coap"),
    ("Size1", 1024, "size1", 1024),
)


@rows("R235", "R236", "R237", "R240")
@on("BC95G")
def test_every_option_by_its_name(face: str, model: str) -> None:
    """One in each message, and none is left for the next one."""

    def reply(message: aiocoap.Message, _: int) -> "list[tuple[float, bytes]]":
        return [(0, peers.wire(peers.ACK, 0x44, message.mid, message.token))]

    async def body(bench: Bench) -> None:
        peer = bench.world.serve(ADDRESS, peers.RawPeer(reply))
        coap = await go(bench.modem.coap())
        for name, value, attribute, wanted in NAMED:
            await go(coap.post(URI, options=[(name, value)], **WAY))
            got = getattr(peer.heard[-1].opt, attribute)
            assert (tuple(got) if isinstance(wanted, tuple) else got) == wanted, (name, got)
            assert len(list(peer.heard[-1].opt.option_list())) == 1
        await go(coap.post(URI, **WAY))
        assert not list(peer.heard[-1].opt.option_list())

    play(face, model, body)


# --- what a datagram network does ----------------------------------------------------------------------------------


def ack(message: aiocoap.Message, payload: bytes = b"", code: int = 0x45) -> bytes:
    return peers.wire(peers.ACK, code, message.mid, message.token if code else b"", payload)


@rows("R250", "R285", "R429", "R432", "R433")
@on("BC95G")
@pytest.mark.usefixtures("hurry")
def test_lost_doubled_late_and_reset_messages(face: str, model: str) -> None:
    """With the outcome that RFC 7252 asks for; the module's clock runs thirty times as fast."""

    def reply(message: aiocoap.Message, number: int) -> "list[tuple[float, bytes]]":
        path = message.opt.uri_path[0] if message.opt.uri_path else ""
        if message.mtype == aiocoap.ACK or message.mtype == aiocoap.RST:
            return []
        tries = len([one for one in peer[0].heard if one.mid == message.mid])
        own = peers.wire(peers.CON, 0x45, 0x7000 + number, message.token, b"separate")
        answers: "dict[str, list[tuple[float, bytes]]]" = {
            "lost": [(0, ack(message, b"third"))] if tries == 3 else [],
            "doubled": [(0, ack(message, b"twice")), (0.02, ack(message, b"twice"))],
            "separate": [(0, ack(message, code=0)), (0.1, own), (0.15, own)],
            "early": [(0, own), (0.05, ack(message, code=0))],
            "reset": [(0, peers.wire(peers.RST, 0, message.mid))],
            "other": [(0, peers.wire(peers.ACK, 0x45, message.mid, b"wrong", b"no")), (0.05, ack(message, b"right"))],
            "late": [(0.5, ack(message, b"late"))] if tries == 1 else [],
            "plain": [(0, ack(message, b"plain"))],
        }
        return answers[path]

    peer: "list[peers.RawPeer]" = []

    async def body(bench: Bench) -> None:
        peer.append(bench.world.serve(ADDRESS, peers.RawPeer(reply)))
        coap = await go(bench.modem.coap())
        for path, payload in (
            ("lost", b"third"),
            ("doubled", b"twice"),
            ("plain", b"plain"),
            ("separate", b"separate"),
            ("plain", b"plain"),
            ("early", b"separate"),
            ("other", b"right"),
        ):
            assert (await go(coap.get(URI + "/" + path, timeout_ms=6000))).payload == payload, path
        with pytest.raises(OSError) as caught:
            await go(coap.get(URI + "/reset", **WAY))
        assert "reset" in str(caught.value)
        with pytest.raises(OSError):
            await go(coap.get(URI + "/late", timeout_ms=100))
        assert (await go(coap.get(URI + "/plain", timeout_ms=9000))).payload == b"plain"
        acknowledged = [one for one in peer[0].heard if one.mtype == aiocoap.ACK]
        assert len(acknowledged) >= 3  # the separate response, its double, and the early one

    play(face, model, body, clock=PulseClock(30))


EVIL = (
    b'a"b', b'",', b'",1', b'",12,"0",5', b'"', b"a,b", b"\r\nOK\r\n", b"\r\nERROR\r\n", b"a\r\nRDY\r\n", b"\n",
    b"\x00\x1a\x1b",    b'\r\n+QCOAPURC: "rsp",2,2.05,1,2,4142\r\n', b'",3,ABC\r\n+QCOAPDATASTATUS: 3\r\n', b"\r\n> ",
    b"\r\n+CME ERROR: 3\r\n",
)  # fmt: skip


@rows("R258", "R261", "R262")
@on("BC95G")
@pytest.mark.usefixtures("hurry")
def test_hostile_options_and_payloads(face: str, model: str) -> None:
    """The module prints option values as they are. Payloads are delivered whatever they hold; an option that looks like
    the module's own lines may cost its message, and no other."""

    def reply(message: aiocoap.Message, _: int) -> "list[tuple[float, bytes]]":
        answer = aiocoap.Message(_mtype=aiocoap.ACK, _mid=message.mid, _token=message.token, code=aiocoap.CONTENT)
        answer.opt.content_format = 0
        if message.payload:
            answer.opt.add_option(OptionNumber(8).create_option(decode=EVIL[message.payload[0]]))
        answer.payload = b"".join(EVIL)
        return [(0, answer.encode())]

    async def body(bench: Bench) -> None:
        bench.world.serve(ADDRESS, peers.RawPeer(reply))
        coap = await go(bench.modem.coap())
        right = 0
        for k, value in enumerate(EVIL):
            with contextlib.suppress(OSError):
                answer = await go(coap.post(URI, bytes((k,)), timeout_ms=600))
                right += answer.payload == b"".join(EVIL)
                assert answer.payload == b"".join(EVIL) or b"\n" in value or b'",' in value, value
            with contextlib.suppress(OSError):  # what is left of it may cost one more
                await go(coap.get(URI, timeout_ms=1500))
            assert (await go(coap.get(URI, timeout_ms=3000))).payload == b"".join(EVIL), value
        assert right >= 5

    play(face, model, body)


@rows("R259", "R431", "R433")
@on("BC95G")
def test_a_module_that_passes_doubled_messages_on(face: str, model: str) -> None:
    """The driver tells them apart, and answers for paths that nobody has."""

    async def body(bench: Bench) -> None:
        peer = bench.world.serve(ADDRESS, peers.RawPeer(lambda message, _: []))
        coap = await go(bench.modem.coap())
        asked: "list[Any]" = []

        def note(message: Any) -> int:
            asked.append(message)
            return 204

        await go(coap.resource("/t", note))
        peer.module = (LOOPBACK, bench.world.call(local_port))
        for path, mid in (("t", 77), ("t", 77), ("none", 78)):
            asking = aiocoap.Message(_mtype=aiocoap.CON, code=aiocoap.PUT, _mid=mid, _token=b"t", payload=b"x")
            asking.opt.uri_path = (path,)
            data = asking.encode()
            count = len(peer.heard)
            bench.world.call(lambda _, data=data: peer.say(data))  # type: ignore[misc]
            await bench.until(lambda count=count: len(peer.heard) > count)  # type: ignore[misc]
        assert [int(one.code) for one in peer.heard] == [0x44, 0x44, 0x84] and len(asked) == 1

    play(face, model, body, options={"coap_dedupe": False, "coap_own_404": False})
