"""Files, CoAP, listeners, transparent mode, sleep and questions: cancelled at every place where they wait.

What was cancelled has left nothing behind: the next call of the same kind works, and every id is free.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from desk import servers
from e2e import HOST, SOCK_DGRAM, Bench, echo, hostile, on, play
from kit import count, rows
from quectel import TRANSPARENT
from quectel.errors import QuectelError
from quectel.network import ASLEEP
from test_end_to_end_cancel_steps import cut_at, every_place, everywhere, nothing_left
from test_end_to_end_coap import ADDRESS, URI, coap_server
from test_end_to_end_sleep import SLEEPY, Pins
from test_end_to_end_transparent import quick

__all__ = ["quick"]


@pytest.fixture
def calm(quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A silence in front of +++ that a busy machine does not make too short for the module."""
    monkeypatch.setattr("quectel.transparent._GUARD_MS", 400)


async def some_places(*calls: "Callable[[int], Awaitable[bool]]", step: int) -> None:
    """Each call cut at every step-th place, for those that take their time."""
    for call in calls:
        places = 0
        while await call(1 + places * step):
            places += 1
        count("places where %s() was cancelled" % call.__name__, places)
        assert places, "it did not wait at all"


@rows("R036")
@on("BG96", faces=("asyncio",))
def test_files(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        files = bench.modem.files
        data = hostile(1500)

        async def upload(place: int) -> bool:
            cut, _ = await cut_at(bench.modem, place, lambda: files.upload("a.bin", data))
            await files.upload("a.bin", data)
            assert await files.read("a.bin") == data
            await files.remove("a.bin")
            return cut

        async def read(place: int) -> bool:
            await files.upload("b.bin", data)
            cut, _ = await cut_at(bench.modem, place, lambda: files.read("b.bin"))
            assert await files.read("b.bin") == data
            return cut

        async def remove(place: int) -> bool:
            await files.upload("b.bin", data)
            cut, _ = await cut_at(bench.modem, place, lambda: files.remove("b.bin"))
            with contextlib.suppress(QuectelError):
                await files.remove("b.bin")
            assert "b.bin" not in bench.module.files
            return cut

        for call in (upload, read, remove):
            await everywhere(bench, "files.%s()" % call.__name__, call)

    play(face, model, body)


@on("BG96", "BC25", faces=("asyncio",))
def test_questions_and_settings(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve(HOST, servers.tcp_echo())
        modem = bench.modem
        calls: "dict[str, Callable[[], Awaitable[Any]]]" = {
            "ping": lambda: modem.ping(HOST, count=2),
            "info": modem.info,
            "diagnose": modem.diagnose,
            "status": lambda: modem.status("rssi"),
            "config": lambda: modem.config("imei"),
            "config of dns": lambda: modem.config(dns=("198.51.100.1", "198.51.100.2")),
            "dns_servers": modem.dns_servers,
            "set_clock": lambda: modem.set_clock((2026, 5, 6, 7, 8, 9)),
        }
        for name, call in calls.items():
            wanted = await call()

            async def one(place: int, call: Any = call, wanted: Any = wanted) -> bool:
                cut, _ = await cut_at(modem, place, call)
                again = await call()
                assert type(again) is type(wanted)
                if isinstance(again, str):
                    assert again == wanted
                return cut

            await every_place(bench, name + "()", one)

    play(face, model, body)


@rows("R118")
@on("BC65", faces=("asyncio",))
def test_listen_and_accept(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        async def listen(place: int) -> bool:
            listener = bench.modem.socket()
            listener.bind(("", 2020))
            cut, _ = await cut_at(bench.modem, place, listener.listen)
            if cut:
                await listener.close()
                listener = bench.modem.socket()
                listener.bind(("", 2020))
                await listener.listen()
            await listener.close()
            return cut

        async def accept(place: int) -> bool:
            listener = bench.modem.socket()
            listener.bind(("", 2020))
            await listener.listen()
            listener.settimeout(5)
            local = bench.world.call(lambda module: module.sockets[0]["local"])
            with socket.socket() as peer:
                peer.settimeout(5)

                async def meet() -> Any:  # the client comes while nobody waits yet, and its URC behind that
                    peer.connect(tuple(local))
                    peer.sendall(b"hello\n")
                    return await listener.accept()

                cut, got = await cut_at(bench.modem, place, meet)
                client, _ = await listener.accept() if cut else got
                client.settimeout(5)
                assert await client.readline() == b"hello\n"
                await client.close()
            await listener.close()
            return cut

        await everywhere(bench, "listen()", listen)
        await everywhere(bench, "accept()", accept)

    play(face, model, body)


@rows("R066", "R067")
@pytest.mark.usefixtures("calm")
@on("BG96", faces=("asyncio",))
def test_transparent_mode(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve(HOST, servers.tcp_echo())

        async def enter(place: int) -> bool:
            sock = await bench.dial()
            cut, _ = await cut_at(bench.modem, place, lambda: sock.set_mode(TRANSPARENT))
            await sock.set_mode(TRANSPARENT)
            await echo(sock, hostile(300))
            await sock.close()
            return cut

        async def leave(place: int) -> bool:
            sock = await bench.dial(mode=TRANSPARENT)
            cut, _ = await cut_at(bench.modem, place, lambda: sock.set_mode(0))
            await sock.set_mode(0)
            await echo(sock, hostile(300))
            await sock.close()
            return cut

        async def close(place: int) -> bool:
            sock = await bench.dial(mode=TRANSPARENT)
            cut, _ = await cut_at(bench.modem, place, sock.close)
            await sock.close()
            await nothing_left(bench)
            return cut

        await some_places(enter, close, step=1)
        await some_places(leave, step=6)
        await nothing_left(bench)

    play(face, model, body, driver={"rx_ring": 4096})


@rows("R245", "R250", "R265")
@on("BC95G", faces=("asyncio",))
def test_coap(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve(ADDRESS, coap_server())
        coap = await bench.modem.coap()
        way = {"format": 0, "timeout_ms": 8000}

        async def request(place: int) -> bool:
            cut, _ = await cut_at(bench.modem, place, lambda: coap.post(URI + "/a/store", b"old", **way))
            assert (await coap.post(URI + "/a/store", b"new%d" % place, **way)).payload == b"|new%d" % place
            return cut

        async def resource(place: int) -> bool:
            path = "/r%d" % place
            cut, _ = await cut_at(bench.modem, place, lambda: coap.resource(path, lambda _: 205))
            await coap.resource(path, lambda _: 205)
            return cut

        async def close(place: int) -> bool:
            await coap.resource("/again", lambda _: 205)
            cut, _ = await cut_at(bench.modem, place, coap.close)
            assert (await coap.post(URI + "/a/store", b"new%d" % place, **way)).payload == b"|new%d" % place
            return cut

        await some_places(request, resource, close, step=1)

    play(face, model, body)


@rows("R121", "R219")
@on("BC25", faces=("asyncio",))
def test_sleep_and_wake(face: str, model: str) -> None:
    pins = Pins()

    async def body(bench: Bench) -> None:
        pins.world = bench.world
        bench.world.serve("udp.example", servers.udp_echo())
        udp = await bench.dial("udp.example", type=SOCK_DGRAM)

        async def sleep(place: int) -> bool:
            cut, _ = await cut_at(bench.modem, place, lambda: bench.modem.sleep("deep"))
            await bench.modem.sleep("deep")
            await bench.until(lambda: bench.modem.status() == ASLEEP)
            await udp.send(b"x")
            assert await udp.recv(9) == b"x"
            return cut

        async def wake(place: int) -> bool:
            await bench.modem.sleep("deep")
            await bench.until(lambda: bench.modem.status() == ASLEEP)
            cut, _ = await cut_at(bench.modem, place, bench.modem.wake)
            await bench.modem.wake()
            await udp.send(b"y")
            assert await udp.recv(9) == b"y"
            return cut

        await some_places(sleep, step=1)
        await some_places(wake, step=6)

    play(face, model, body, driver={"pins": pins}, options=SLEEPY)


@rows("R090", "R136")
@on("BG96", faces=("asyncio",))
def test_restore(face: str, model: str) -> None:
    """Cancelled, it has taken nothing; what is open there is closed, or taken by the next one."""

    async def body(bench: Bench) -> None:
        bench.world.serve(HOST, servers.tcp_echo())

        async def one(place: int) -> bool:
            await bench.dial()
            saved = await bench.modem.save()
            await bench.rest()
            modem = bench.another()
            cut, _ = await cut_at(modem, place, lambda: modem.restore(saved))
            if cut:
                await modem.connect("internet")
                sock = await bench.dial()
                await echo(sock, hostile(100))
            await modem.disconnect()
            await modem.connect("internet")
            await nothing_left(bench)
            return cut

        await every_place(bench, "restore()", one)

    play(face, model, body)
