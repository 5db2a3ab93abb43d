"""The driver against the virtual module, over a real connection: one body of a test for both faces.

The module and its servers live in a thread with a loop of their own, so the blocking face may block.  A body is
`async def body(bench)`; it says `await go(call)` for what is plain on one face and awaited on the other.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import select
import socket
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import pytest
from kit import path
from pulse import BEAT_S, PulseClock, pulse, sliced
from quectel import AsyncModem, Modem
from quectel_host import open_uart
from virtual_module import VirtualModule, start

FACES = ("blocking", "asyncio")
TCP_FAMILIES = ("BC25", "BC65", "BG96", "EC200U")
LIMIT_S = 60  # one body on one face; what hangs is a failure, what is slow is none
LOOPBACK = "127.0.0.1"
HOST = "peer.example"
SOCK_DGRAM, BUFFER, PUSH = 2, 0, 1
_CALL_S = 30.0
_PEER_S = 20.0  # a peer's own sockets
_SPICE = (
    bytes(range(256))
    + b'\r\nOK\r\n\r\nERROR\r\n\r\n> \r\n>\r\n+QIURC: "recv",0\r\n\r\n+QIURC: "recv",0,9\r\n+QIURC: "closed",0\r\n'
    + b"\r\nRDY\r\n+QIRD: 5\r\n\r\nSEND OK\r\nSEND FAIL\r\n+CME ERROR: 3\r\nCLOSE OK\r\n+++\x1a\x1b"
    + b'+QSSLURC: "closed",0\r\n'
    + b'+QSSLURC: "recv",0,9\r\n+QSSLRECV: 9\r\n+QIRD: 9,0,\r\n+CMEE: 1\r\n\r\nOK\r\nAT+QIRD=0,512\r\nNO CARRIER\r\n'
    + "".join(
        ["\r\n%s\r\n" % line.split(";")[0] for line in Path(path("driver/urcs.csv")).read_text().splitlines()[1:]]
    ).encode()
)


class Served(Protocol):
    """What a server of tools/desk/servers.py gives."""

    port: int


def hostile(n: int) -> bytes:
    """n bytes: all values, and all that a module says; numbered, so that a part in the wrong place shows."""
    parts = [b"%d" % i + _SPICE for i in range(n // len(_SPICE) + 1)]
    return b"".join(parts)[:n]


async def go(call: Any) -> Any:
    """The result of a call on either face."""
    return await call if inspect.isawaitable(call) else call


class World:
    """A thread with a loop: the virtual module and the servers of one test."""

    def __init__(self, model: str, **kw: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._stack = contextlib.AsyncExitStack()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._loop.call_soon_threadsafe(pulse.beat, self._loop)
        kw.setdefault("clock", PulseClock())
        self.module: VirtualModule = self.run(start(model, **kw))

    def run(self, work: "Coroutine[Any, Any, Any]") -> Any:
        """Run something in the module's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_CALL_S)

    def call(self, function: "Callable[[VirtualModule], Any]") -> Any:
        """function(module), in the module's loop."""

        async def run() -> Any:
            return await go(function(self.module))

        return self.run(run())

    def fault(self, name: str, **params: object) -> None:
        self.call(lambda module: module.fault(name, **params))

    def options(self, **new: object) -> None:
        self.call(lambda module: module.options.change(new))

    def serve(self, host: str, server: "contextlib.AbstractAsyncContextManager[Any]") -> Any:
        """Start a server and give it a name that the module knows."""
        seen = self.run(self._stack.enter_async_context(server))
        self.name(host, seen.port)
        return seen

    def name(self, host: str, port: int) -> None:
        """The module reaches `host` at this port of loopback, whatever port is asked for."""
        self.module.resolver.table[host] = (LOOPBACK, port)

    def close(self) -> None:
        try:
            self.run(self._stack.aclose())
            self.run(self.module.aclose())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_CALL_S)
            pulse.end(self._thread.ident)
            self._loop.close()


class Listener:
    """A server of Python's own blocking sockets; the kernel takes clients while nobody looks."""

    def __init__(self, world: World, host: str = HOST) -> None:
        self._sock = socket.create_server((LOOPBACK, 0))
        self._sock.settimeout(_PEER_S)
        self._taken: "list[socket.socket]" = []
        world.name(host, self._sock.getsockname()[1])

    def accept(self) -> socket.socket:
        readable(self._sock)
        sock, _ = self._sock.accept()
        sock.settimeout(_PEER_S)
        self._taken.append(sock)
        return sock

    def __enter__(self) -> "Listener":
        return self

    def __exit__(self, *_: object) -> None:
        for sock in (*self._taken, self._sock):
            sock.close()


def reset(sock: socket.socket) -> None:
    """Close with a reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def readable(sock: socket.socket) -> None:
    """Wait for something to read, while time passes."""
    end = time.monotonic() + _PEER_S
    while not select.select([sock], [], [], BEAT_S)[0] and time.monotonic() < end:
        pulse.seconds()


def take(sock: socket.socket, n: int) -> bytes:
    """n bytes of a blocking socket, fewer at its end."""
    data = b""
    while len(data) < n:
        readable(sock)
        part = sock.recv(n - len(data))
        if not part:
            break
        data += part
    return data


class Bench:
    """One driver on one face, at one virtual module."""

    def __init__(self, face: str, world: World, options: "dict[str, Any]") -> None:
        self.face, self.world, self.module = face, world, world.module
        self.uarts: "list[Any]" = []
        self._options = options
        self._modems: "list[Any]" = []
        self.modem = self.another()

    def another(self) -> Any:
        """A driver that knows nothing of the one before, as after a restart of the microcontroller."""
        for uart in self.uarts:
            uart.close()
        uart = sliced(open_uart(self.module.url))
        self.uarts.append(uart)
        kind: Any = Modem if self.face == "blocking" else AsyncModem
        self.modem = kind(uart, self.module.family.name, **self._options)
        self._modems.append(self.modem)
        return self.modem

    async def rest(self) -> None:
        """The driver stops; its sockets stay open at the module."""
        if self.face == "asyncio":
            await self.modem.aclose()

    async def dial(self, host: str = HOST, port: int = 7, timeout_s: float = 20, **as_socket: Any) -> Any:
        """A connected socket with a time-out."""
        sock = await go(self.modem.create_connection((host, port), timeout_ms=20_000, **as_socket))
        sock.settimeout(timeout_s)
        return sock

    async def until(self, condition: "Callable[[], object]", timeout_s: float = 20.0) -> None:
        """Turn the driver until something holds."""
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout_s
        while not condition():
            if loop.time() > end:
                raise AssertionError("waited in vain")
            await self.turn()

    async def turn(self) -> None:
        if self.face == "asyncio":
            await asyncio.sleep(0.001)
        elif not self.modem.poll():
            self.modem.uart.wait(2)

    async def close(self) -> None:
        for modem in self._modems:
            if self.face == "asyncio":
                await modem.aclose()
        for uart in self.uarts:
            uart.close()


class OnBench:
    """`async with`: a World and a Bench, taken down in any case."""

    def __init__(self, face: str, model: str, driver: "dict[str, Any]", module: "dict[str, Any]") -> None:
        self._make = (face, model, driver, module)

    async def __aenter__(self) -> Bench:
        face, model, driver, module = self._make
        self._world = World(model, **module)
        pulse.beat(asyncio.get_running_loop())
        self._bench = Bench(face, self._world, driver)
        return self._bench

    async def __aexit__(
        self, kind: "type[BaseException] | None", error: "BaseException | None", trace: "TracebackType | None"
    ) -> None:
        if error is not None:
            print("".join("%6d %s %r\n" % line for line in self._world.module.log[-60:]))
        await self._bench.close()
        pulse.end()
        self._world.close()


def play(
    face: str,
    model: str,
    body: "Callable[[Bench], Awaitable[None]]",
    *,
    online: bool = True,
    driver: "dict[str, Any] | None" = None,
    limit_s: float = LIMIT_S,
    **module: Any,
) -> None:
    """Run the body on one face; online brings the module up first.  driver and the rest are constructors' arguments."""

    async def run() -> None:
        async with OnBench(face, model, driver or {}, module) as bench, asyncio.timeout(limit_s):
            if online:
                await go(bench.modem.connect("internet"))
            await body(bench)

    asyncio.run(run())


async def echo(sock: Any, data: bytes, window: int = 2048, piece: int = 1000) -> None:
    """Send data to an echo, in whole pieces, and check what comes back; at most `window` bytes are under way."""
    sent = got = 0
    piece = min(piece, window)
    buf = bytearray(700)
    while got < len(data):
        part = data[sent : sent + piece]
        if part and sent - got + len(part) <= window:
            await go(sock.sendall(part))
            sent += len(part)
            continue
        n = await go(sock.recv_into(buf))
        assert n, "the connection ended after %d bytes" % got
        assert bytes(buf[:n]) == data[got : got + n], "other bytes between %d and %d" % (got, got + n)
        got += n


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver's own long waits become short, and keep their order."""
    for module, name, ms in (
        ("resync", "_LATE_PROMPT_MS", 150),
        ("resync", "_SYNC_MS", 120),
        ("engine", "_STALL_MS", 150),
        ("engine", "RESULT_MS", 250),
        ("sending", "RESULT_MS", 250),
        ("sending", "_BACK_OFF_MS", 5),
        ("agenda", "_LOOK_MS", 300),
        ("coap_traffic", "_POLL_MS", 50),
        ("coap_context", "_POLL_MS", 50),
    ):
        monkeypatch.setattr("quectel.%s.%s" % (module, name), ms)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silences around the transparent mode become short on both sides, and keep their order."""
    for module, name, ms in (
        ("quectel.transparent", "_GUARD_MS", 80),
        ("quectel.transparent", "_EARLY_MS", 35),
        ("quectel.transparent", "_END_MS", 120),
        ("quectel.transparent", "_OK_MS", 40),
        ("virtual_module.entry", "GUARD_MS", 45),
    ):
        monkeypatch.setattr(f"{module}.{name}", ms)


def on(*models: str, faces: "tuple[str, ...]" = FACES) -> "Callable[[Any], Any]":
    """The test runs for each of the models on each of the faces, with `face` and `model`."""

    def decorate(test: Any) -> Any:
        test = pytest.mark.parametrize("model", models)(test)
        return pytest.mark.timeout(120)(pytest.mark.parametrize("face", faces)(test))

    return decorate
