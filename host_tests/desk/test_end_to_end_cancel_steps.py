"""Calls of the asyncio face are cancelled at every place where they wait, one after the other.

Whatever was cancelled, the connection is usable or closed afterwards, never in between, and the next call works.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from desk import servers
from e2e import BUFFER, PUSH, SOCK_DGRAM, Bench, echo, hostile, on, play
from kit import count, raises, rows
from quectel import TLSContext
from quectel._acompat import News
from quectel.errors import QuectelError
from vm_peers import TlsServer, ca_pem, leaf, server_context

MOST = 300  # more places than any call has
ECHO = ("echo.example", 7)

Call = Callable[[], Awaitable[Any]]


class Places(News):
    """The event that all calls wait for, counting how often one task has."""

    who: "asyncio.Task[Any] | None" = None
    waits = 0

    def wait(self) -> "Awaitable[object]":  # type: ignore[override]
        self.waits += asyncio.current_task() is self.who
        return asyncio.sleep(0) if self.is_set() else News.wait(self)  # each time is a place


async def cut_at(modem: Any, place: int, call: Call) -> "tuple[bool, Any]":
    """Cancel the call where it waits for the place-th time: whether it came so far, and else its result."""
    places = modem.changed = Places()
    task: "asyncio.Task[Any]" = asyncio.ensure_future(call())
    places.who = task
    while not task.done() and places.waits < place:
        await asyncio.sleep(0)
    if task.done():
        return False, task.result()
    task.cancel()
    with raises(asyncio.CancelledError):
        await task
    return True, None


async def everywhere(bench: Bench, what: str, one: "Callable[[int], Awaitable[bool]]") -> None:
    """one(place) for each place, until the call was not cut any more; at a module that answers at once, and slowly."""
    for slow in (0, 2):
        bench.world.options(answer_ms=slow)
        await every_place(bench, what, one)
    bench.world.options(answer_ms=0)


async def every_place(bench: Bench, what: str, one: "Callable[[int], Awaitable[bool]]") -> None:
    for place in range(1, MOST):
        if not await one(place):
            count("places where %s was cancelled" % what, place - 1)
            assert place > 1, "it did not wait at all"
            await nothing_left(bench)
            return
    raise AssertionError("no end of places")


async def nothing_left(bench: Bench) -> None:
    """Every id is free at the module and every slot in the driver, and a command gets its own answer."""
    slots = bench.modem.engine.table.slots
    await bench.until(lambda: not bench.module.sockets and not any(slot.state for slot in slots))
    assert await bench.modem.command("AT+CGMM") == [bench.module.model]


@rows("R395")
@on("BC25", "EC200U", faces=("asyncio",))
def test_connect(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve(ECHO[0], servers.tcp_echo())

        async def again(place: int) -> bool:
            """The same socket connects after all."""
            sock = bench.modem.socket()
            cut, _ = await cut_at(bench.modem, place, lambda: sock.connect(ECHO))
            if cut:
                await sock.connect(ECHO)
            await echo(sock, hostile(60))
            await sock.close()
            return cut

        async def another(place: int) -> bool:
            cut, made = await cut_at(bench.modem, place, lambda: bench.modem.create_connection(ECHO))
            if not cut:
                await made.close()
            await nothing_left(bench)
            return cut

        await everywhere(bench, "connect()", again)
        await everywhere(bench, "create_connection()", another)

    play(face, model, body)


@rows("R395", "R061")
@on("BG96", faces=("asyncio",))
def test_tls_connect(face: str, model: str) -> None:
    """With a certificate that goes up to the module, the first time it is not cut."""

    async def body(bench: Bench) -> None:
        bench.world.serve("server.test", TlsServer(server_context(leaf("one", "server.test"), 3)))

        async def one(place: int) -> bool:
            tls = TLSContext(ca=ca_pem())
            bench.world.call(lambda module: module.files.clear())
            sock = bench.modem.socket(tls=tls)
            cut, _ = await cut_at(bench.modem, place, lambda: sock.connect(("server.test", 443)))
            if cut:
                await sock.connect(("server.test", 443))
            await echo(sock, hostile(60))
            await sock.close()
            return cut

        await everywhere(bench, "connect() with TLS", one)

    play(face, model, body)


@rows("R149", "R292")
@on("BC65", "BG96", faces=("asyncio",))
def test_send(face: str, model: str) -> None:
    """Parts are sent whole or not at all, in order, and none after one that was not."""

    async def body(bench: Bench) -> None:
        bench.world.serve(ECHO[0], servers.tcp_echo())
        for mode in (BUFFER, PUSH):
            sock = await bench.dial(ECHO[0], mode=mode)
            data = hostile(2 * sock._slot.dialect.send_max + 100)

            async def one(place: int, sock: Any = sock, data: bytes = data) -> bool:
                cut, _ = await cut_at(bench.modem, place, lambda: sock.sendall(data))
                await sock.sendall(b"END.")
                got = b""
                while not got.endswith(b"END."):
                    got += await sock.recv(1000)
                sent = got[:-4]
                assert data.startswith(sent) and (cut or sent == data)
                assert sent == data or len(sent) % sock._slot.dialect.send_max == 0
                return cut

            for place in range(1, MOST):
                if not await one(place):
                    break
            await sock.close()
            await nothing_left(bench)

    play(face, model, body, driver={"rx_ring": 8192})


@on("BC25", "EC200U", faces=("asyncio",))
def test_receive(face: str, model: str) -> None:
    """No byte is lost, whichever way it is read."""

    async def body(bench: Bench) -> None:
        bench.world.serve(ECHO[0], servers.tcp_echo())
        sock = await bench.dial(ECHO[0])
        data = hostile(900).replace(b"\n", b"N") + b"\n"
        buf = bytearray(len(data))
        ways: "list[Call]" = [
            lambda: sock.recv(len(data)),
            lambda: sock.read(len(data)),
            sock.readline,
        ]
        for way in ways:
            for place in range(1, MOST):
                await sock.sendall(data)
                cut, got = await cut_at(bench.modem, place, way)
                got = b"" if cut else got
                while len(got) < len(data):
                    n = await sock.recv_into(buf)
                    got += bytes(buf[:n])
                assert got == data
                if not cut:
                    break
        await sock.close()
        await nothing_left(bench)

    play(face, model, body, driver={"rx_ring": 4096})


@on("BC65", "EC200U", faces=("asyncio",))
def test_close_commands_and_modes(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve(ECHO[0], servers.tcp_echo())

        async def close(place: int) -> bool:
            sock = await bench.dial(ECHO[0])
            cut, _ = await cut_at(bench.modem, place, sock.close)
            await sock.close()
            await nothing_left(bench)
            return cut

        async def command(place: int) -> bool:
            cut, _ = await cut_at(bench.modem, place, lambda: bench.modem.command("AT+CGMR"))
            assert await bench.modem.command("AT+CGMM") == [bench.module.model]
            return cut

        async def mode(place: int) -> bool:
            sock = await bench.dial(ECHO[0])
            cut, _ = await cut_at(bench.modem, place, lambda: sock.set_mode(PUSH))
            await echo(sock, hostile(300))
            await sock.set_mode(PUSH)
            await echo(sock, hostile(300))
            await sock.close()
            return cut

        async def query(place: int) -> bool:
            sock = await bench.dial(ECHO[0])
            cut, _ = await cut_at(bench.modem, place, sock.query_state)
            assert await sock.query_state() == 2
            await sock.close()
            return cut

        for call in (close, command, mode, query):
            await everywhere(bench, call.__name__ + "()", call)

    play(face, model, body, driver={"rx_ring": 4096})


@on("BC25", "BG96", faces=("asyncio",))
def test_datagrams_and_services(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        peer = bench.world.serve(ECHO[0], servers.udp_echo())
        bench.world.name("127.0.0.1", peer.port)  # a UDP service sends to the address that the name has
        bench.world.serve("time.example", servers.ntp())

        async def sendto(place: int) -> bool:
            sock = bench.modem.socket(SOCK_DGRAM)
            sock.settimeout(5)
            cut, _ = await cut_at(bench.modem, place, lambda: sock.sendto(b"one", ECHO))
            await sock.sendto(b"two", ECHO)
            while await sock.recv(100) != b"two":
                pass
            await sock.close()
            return cut

        async def ntp(place: int) -> bool:
            cut, _ = await cut_at(bench.modem, place, lambda: bench.modem.ntp("time.example", set_clock=False))
            return cut

        async def resolve(place: int) -> bool:
            cut, _ = await cut_at(bench.modem, place, lambda: bench.modem.resolve(ECHO[0]))
            assert await bench.modem.resolve(ECHO[0])
            return cut

        for call in (sendto, ntp, resolve):
            await everywhere(bench, call.__name__ + "()", call)

    play(face, model, body)


@on("BC25", "EC200U", faces=("asyncio",))
def test_bring_up_and_down(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve(ECHO[0], servers.tcp_echo())

        async def up(place: int) -> bool:
            modem = bench.modem
            modem.net.prepared = -1  # as if it had not been met
            cut, _ = await cut_at(modem, place, lambda: modem.connect("internet"))
            await modem.connect("internet")
            assert modem.isconnected()
            return cut

        async def down(place: int) -> bool:
            await bench.modem.connect("internet")
            await bench.dial(ECHO[0])
            cut, _ = await cut_at(bench.modem, place, bench.modem.disconnect)
            try:
                await bench.modem.disconnect()
            except QuectelError as error:
                assert "AT+QIDEACT" in error.command  # it is down already
            await nothing_left(bench)
            return cut

        await every_place(bench, "connect() of the modem", up)
        await everywhere(bench, "disconnect()", down)

    play(face, model, body)
