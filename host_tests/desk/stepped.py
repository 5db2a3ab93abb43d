"""Driver and virtual module in one process and on one clock that is stepped: hours cost milliseconds.

A body is `async def body(bench)` as in e2e.py, for both faces; servers are peers of the module without a socket.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from functools import partial
from typing import TYPE_CHECKING, Any

import vm_peers
from desk.soak.app import finish
from desk.soak.faces import TICKS, Wire
from quectel import AsyncModem, Modem
from virtual_module import Clock, VirtualModule
from virtual_module.control import step
from virtual_module.pipe import Pipe

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from virtual_module.local import LocalLink

HOST, UDP, SECURE = "peer.example", "udp.example", "server.test"
PLACES = {HOST: ("127.0.0.1", 7), UDP: ("127.0.0.1", 8), SECURE: ("127.0.0.1", 9)}  # nothing listens there
SOCK_DGRAM = 2
BUSY_MS, IDLE_MS = 200, 5000  # longest steps of the clock: while something goes on, and while nothing does
LIMIT_S = 60  # of real time: what hangs is a failure


class Server:
    """One connection: it answers what it hears, unless it is told to be quiet."""

    def __init__(self, link: LocalLink) -> None:
        self.link = link
        self.heard = b""
        self.over = False
        self.echo = True

    def received(self, data: bytes) -> None:
        self.heard += data
        if self.echo:
            self.link.answer(data)

    def say(self, data: bytes) -> None:
        """By itself."""
        self.link.answer(data)

    def ended(self) -> None:
        self.over = True


class TlsServer(Server):
    """The same over TLS, with a certificate for SECURE."""

    def __init__(self, link: LocalLink) -> None:
        super().__init__(link)
        self._typed, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = vm_peers.server_context(vm_peers.leaf("one", SECURE), 3)
        self._tls = context.wrap_bio(self._typed, self._out, server_side=True)

    def received(self, data: bytes) -> None:
        self._typed.write(data)
        with contextlib.suppress(ssl.SSLWantReadError):
            self._tls.do_handshake()
            while data := self._tls.read(4096):
                self.heard += data
                if self.echo:
                    self._tls.write(data)
        self._flush()

    def say(self, data: bytes) -> None:
        self._tls.write(data)
        self._flush()

    def _flush(self) -> None:
        if self._out.pending:
            self.link.answer(self._out.read())


class Pins:
    """The board's lines to the module, and how often they were pulled; those that are not wanted are not there."""

    on_ms, off_ms, boot_ms = 600, 800, 15_000

    def __init__(self, module: VirtualModule, names: "tuple[str, ...]") -> None:
        self._module = module
        self.names = names
        self.pulls: "list[tuple[str, int]]" = []
        self.connected = True

    def __getattr__(self, name: str) -> Any:
        if name not in self.__dict__.get("names", ()):
            raise AttributeError(name)
        return lambda level: self._set(name, level)

    def _set(self, name: str, level: int) -> None:
        self.pulls.append((name, level))
        if self.connected:
            self._module.pin(name, level)


class Steps:
    """The clock of the driver: who waits moves the module's, once the module has used what was typed."""

    idle = False
    modem: Any = None

    def __init__(self, module: VirtualModule) -> None:
        self.module = module
        self.wire = Wire(Pipe(module))

    @property
    def now(self) -> int:
        return self.module.clock.now_ms()

    def ticks_ms(self) -> int:
        return self.now % TICKS

    async def forward(self, most_ms: int) -> None:
        """Time passes up to whatever comes next; none while the module says something."""
        self.wire.flush()
        ms = IDLE_MS if self.idle and not self.modem._jobs else BUSY_MS
        due = self.modem.engine.due(self.ticks_ms())
        ms = min(ms, most_ms, due) if due >= 0 else min(ms, most_ms)
        if not self.wire.pipe.any():
            await step(self.module, max(ms, 1))


class BlockingSteps(Steps):
    """For Modem."""

    def __init__(self, module: VirtualModule, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(module)
        self._loop = loop

    def sleep_ms(self, ms: int) -> None:
        self._loop.run_until_complete(self.forward(IDLE_MS))

    async def wait(self, ms: int) -> None:
        end = self.now + ms
        while self.now < end:
            if not self.modem.poll():
                self._loop.run_until_complete(self.forward(end - self.now))


class AsyncSteps(Steps):
    """For AsyncModem, whose task alone moves the clock."""

    until = 0

    async def sleep_ms(self, ms: int) -> None:
        if ms:
            await self.forward(max(self.until - self.now, 1) if self.idle else BUSY_MS)
        else:
            self.wire.flush()
            await asyncio.sleep(0)

    async def wait(self, ms: int) -> None:
        self.until = self.now + ms
        while self.now < self.until:
            await asyncio.sleep(0)


class Bench:
    """One module, and one driver after the other."""

    def __init__(self, face: str, module: VirtualModule, pins: "tuple[str, ...]", clock: Any) -> None:
        self.face, self.module, self.clock = face, module, clock
        self.pins = Pins(module, pins)
        self.servers: "list[Server]" = []
        for host, place in PLACES.items():
            module.resolver.table[host] = place
            module.peers[place] = partial(self._serve, TlsServer if host == SECURE else Server)
        self.modem: Any = None

    def _serve(self, kind: "type[Server]", link: LocalLink) -> Server:
        self.servers.append(kind(link))
        return self.servers[-1]

    @property
    def now(self) -> int:
        """Milliseconds since the beginning."""
        return self.module.clock.now_ms()

    def another(self) -> Any:
        """A driver that knows nothing of the one before."""
        kind: Any = Modem if self.face == "blocking" else AsyncModem
        self.modem = self.clock.modem = kind(self.clock.wire, self.module.model, pins=self.pins, clock=self.clock)
        return self.modem

    async def rest(self) -> None:
        """The driver stops."""
        if self.face == "asyncio":
            await self.modem.aclose()

    async def dial(self, host: str = HOST, **how: Any) -> "tuple[Any, Server]":
        """A connected socket, and the server's side of it."""
        call = self.modem.create_connection((host, 7), **how)
        sock = await call if self.face == "asyncio" else call
        sock.settimeout(60)
        return sock, self.servers[-1]

    async def wait(self, ms: int) -> None:
        """Let time pass; the driver has its turns."""
        self.clock.idle = True
        await self.clock.wait(ms)
        self.clock.idle = False

    async def until(self, condition: "Callable[[], object]", limit_ms: int = 7_200_000) -> None:
        """Let time pass until something holds."""
        end = self.now + limit_ms
        while not condition():
            assert self.now < end, "waited in vain"
            await self.wait(500)


def play(
    face: str,
    model: str,
    body: "Callable[[Bench], Awaitable[None]]",
    pins: "tuple[str, ...]" = ("pwrkey", "psm_eint", "dtr"),
    **options: object,
) -> None:
    """Run the body with a module that is online."""
    (_blocking if face == "blocking" else _on_asyncio)(model, body, pins, options)


async def _brought_up(bench: Bench, body: "Callable[[Bench], Awaitable[None]]") -> None:
    try:
        call = bench.another().connect("internet")
        if bench.face == "asyncio":
            await call
        await body(bench)
    except BaseException:
        print("".join("%8d %s %r\n" % line for line in bench.module.log[-60:]))
        raise


def _made(model: str, options: "dict[str, object]") -> VirtualModule:
    return VirtualModule(model, clock=Clock.stepped(), options={"boot_ms": 3000, **options})


def _blocking(model: str, body: Any, pins: "tuple[str, ...]", options: "dict[str, object]") -> None:
    loop = asyncio.new_event_loop()
    try:
        module = _made(model, options)
        finish(_brought_up(Bench("blocking", module, pins, BlockingSteps(module, loop)), body))
        loop.run_until_complete(module.aclose())
    finally:
        loop.close()


def _on_asyncio(model: str, body: Any, pins: "tuple[str, ...]", options: "dict[str, object]") -> None:
    async def run() -> None:
        module = _made(model, options)
        bench = Bench("asyncio", module, pins, AsyncSteps(module))
        try:
            async with asyncio.timeout(LIMIT_S):
                await _brought_up(bench, body)
        finally:
            await bench.rest()
            await module.aclose()

    asyncio.run(run())
