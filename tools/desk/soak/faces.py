"""The soak on both faces of the driver, in this process: module, server and driver share one loop and one clock."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from quectel import AsyncModem, Modem
from virtual_module.pipe import Pipe

from desk import runtimes
from desk.common import ROOT, Stop
from desk.soak.app import App, finish
from desk.soak.world import World

if TYPE_CHECKING:
    from contextvars import Context

    from typing_extensions import TypeVarTuple, Unpack

    Ts = TypeVarTuple("Ts")
T = TypeVar("T")
TICKS = 2**30
# Longest steps of the clock: the first of a wait, each behind which is twice as long, up to the next number; and
# between two records. While a procedure counts time it is world.step_ms.
BUSY_MS, LONG_MS, IDLE_MS = 500, 2000, 30_000


DEVICE = ROOT / "tools" / "desk" / "soak" / "device.py"


class Counted(NamedTuple):
    """What the application has counted, as App has it."""

    sends: "dict[int, int]"
    errors: "dict[str, int]"


class Wire:
    """The driver's UART: what is written goes out with the next step, in the module's own loop."""

    def __init__(self, pipe: Pipe) -> None:
        self.pipe = pipe
        self.typed = bytearray()

    def readinto(self, buf: "bytearray | memoryview") -> "int | None":
        return self.pipe.readinto(buf)

    def write(self, buf: "bytes | bytearray | memoryview", off: int = 0, n: "int | None" = None) -> int:
        data = bytes(memoryview(buf)[off : len(buf) if n is None else off + n])
        self.typed += data
        return len(data)

    def flush(self) -> bool:
        """False if there was nothing."""
        data, self.typed = bytes(self.typed), bytearray()
        if data:
            self.pipe.write(data)
        return bool(data)


class Pins:
    """The board's lines to the module."""

    on_ms, off_ms, boot_ms = 600, 800, 15_000

    def __init__(self, world: World) -> None:
        self._module = world.module

    def pwrkey(self, level: int) -> None:
        self._module.pin("pwrkey", level)

    def psm_eint(self, level: int) -> None:
        self._module.pin("psm_eint", level)


class Loop(asyncio.SelectorEventLoop):
    """Counts what is to be run, so that time passes only once all of it has been."""

    count = 0

    def call_soon(
        self, callback: "Callable[[Unpack[Ts]], object]", *args: "Unpack[Ts]", context: "Context | None" = None
    ) -> asyncio.Handle:
        self.count += 1
        return super().call_soon(callback, *args, context=context)

    def do(self, call: "Callable[[], T]") -> "T":
        """Run something that does not wait as if it was one of the loop's own."""
        asyncio._set_running_loop(self)
        try:
            return call()
        finally:
            asyncio._set_running_loop(None)


class Steps:
    """The clock of the driver and the application: who waits moves the module's."""

    def __init__(self, world: World, wire: Wire, loop: Loop) -> None:
        self.world, self.wire, self.loop = world, wire, loop
        self.idle = False
        self.modem: Any = None
        self._next_ms = BUSY_MS
        self._seen = -1  # the loop's count when nothing was left to run

    @property
    def now(self) -> int:
        """Milliseconds since the beginning; the driver's ticks wrap, and do so twice in a month."""
        return self.world.module.clock.now_ms()

    def ticks_ms(self) -> int:
        return self.now % TICKS

    def is_quiet(self) -> bool:
        """Hand on what the driver has written; True when nobody has anything to do before time passes."""
        if self.wire.flush():
            self._next_ms = BUSY_MS
        return self.loop.count == self._seen

    async def settle(self) -> None:
        """Let the module and the other tasks work."""
        while self.loop.count != self._seen:
            self._seen = self.loop.count + 1  # its own coming back
            await asyncio.sleep(0)

    def forward(self, most_ms: int = IDLE_MS) -> None:
        """Let time pass up to whatever comes next; none while the module has said something."""
        if self.wire.pipe.any():
            self._next_ms = BUSY_MS
            return
        clock = self.world.module.clock
        for due in (self.modem.engine.due(self.ticks_ms()), clock.next_ms()):
            most_ms = min(most_ms, due) if due >= 0 else most_ms
        clock.advance(max(min(most_ms, self._longest_ms()), 1))

    def _longest_ms(self) -> int:
        if self.modem._jobs:
            return self.world.step_ms
        if self.idle:
            return IDLE_MS
        ms, self._next_ms = self._next_ms, min(2 * self._next_ms, LONG_MS)
        return ms


class BlockingSteps(Steps):
    """For Modem."""

    def sleep_ms(self, ms: int) -> None:
        """1 ms is until something happens; more is asked for while the power key is held."""
        self._step(IDLE_MS if ms == 1 else ms)

    def _step(self, most_ms: int) -> None:
        while not self.loop.do(self.is_quiet):
            self.loop.run_until_complete(self.settle())
            self._seen = self.loop.count
        self.loop.do(partial(self.forward, most_ms))

    async def wait(self, ms: int) -> None:
        """The application waits; the driver has its turns."""
        end = self.now + ms
        while self.now < end:
            if not self.modem.poll():
                self._step(end - self.now)


class AsyncSteps(Steps):
    """For AsyncModem, whose task alone moves the clock."""

    until = 0
    over: "asyncio.Future[None] | None" = None  # of what the application waits for

    async def sleep_ms(self, ms: int) -> None:
        while not self.is_quiet():  # another task may have written something meanwhile
            await self.settle()
        if ms:
            self.forward(max(self.until - self.now, 1) if self.over else IDLE_MS)
        if self.over and self.now >= self.until:
            self.over.set_result(None)
            self.over = None

    async def wait(self, ms: int) -> None:
        """The application waits, in its own task."""
        self.until = self.now + ms
        self.over = self.loop.create_future()
        await self.over


def blocking(world: World, minutes: int) -> App:
    """The soak on Modem."""
    loop = Loop()
    try:
        pipe = Pipe(world.module)
        wire = Wire(pipe)
        clock = BlockingSteps(world, wire, loop)
        clock.modem = Modem(wire, world.module.model, pins=Pins(world), clock=clock)
        app = App(clock.modem, clock, world.plan.naps)
        finish(app.run(minutes))
        loop.run_until_complete(world.module.aclose())
        return app
    finally:
        loop.close()


def on_asyncio(world: World, minutes: int) -> App:
    """The soak on AsyncModem."""
    loop = Loop()

    async def run() -> App:
        wire = Wire(Pipe(world.module))
        clock = AsyncSteps(world, wire, loop)
        clock.modem = AsyncModem(wire, world.module.model, pins=Pins(world), clock=clock)
        app = App(clock.modem, clock, world.plan.naps)
        try:
            await app.run(minutes)
        finally:
            await clock.modem.aclose()
            await world.module.aclose()
        return app

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(run())


def in_the_vm(world: World, minutes: int) -> Counted:
    """The soak in the unix VM, a process of its own: the module is stepped over the control port."""

    async def run() -> Counted:
        module = world.module
        url = await module.serve_tcp()
        control = await module.serve_control()
        vm = runtimes.find_unix_vm()
        if vm is None:
            raise Stop(runtimes.NO_UNIX_VM)
        naps = ",".join(str(n) for n in sorted(world.plan.naps))
        ports = [url.rpartition(":")[2], control.rpartition(":")[2]]
        what = [module.model, str(minutes), naps, str(world.step_ms)]
        command = [str(vm), "-X", "heapsize=8m", str(DEVICE), "127.0.0.1", *ports, *what]
        path = os.pathsep.join([str(ROOT / "lib"), str(ROOT / "tools"), ".frozen"])
        environment = {**os.environ, "MICROPYPATH": path}
        child = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.PIPE)
        try:
            said, _ = await child.communicate()
        finally:
            if child.returncode is None:
                child.kill()
            await module.aclose()
        if child.returncode:
            raise Stop(f"the VM ended with {child.returncode}: {said.decode()[-500:]}")
        told = json.loads(said.decode().splitlines()[-1])
        return Counted({int(n): times for n, times in told["sends"].items()}, told["errors"])

    return asyncio.run(run())


FACES: "dict[str, Callable[[World, int], Counted | App]]" = {
    "blocking": blocking,
    "asyncio": on_asyncio,
    "vm": in_the_vm,
}
