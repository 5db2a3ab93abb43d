"""The soak on both faces of the driver, in this process: module, server and driver share one loop and one clock."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from typing import Any, NamedTuple

from quectel import AsyncModem, Modem
from virtual_module.control import step
from virtual_module.pipe import Pipe

from desk import runtimes
from desk.common import ROOT, Stop
from desk.soak.app import App, finish
from desk.soak.world import World

TICKS = 2**30
BUSY_MS, IDLE_MS = 200, 5000  # longest steps of the clock: while something goes on, and while nothing does


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

    def flush(self) -> None:
        data, self.typed = bytes(self.typed), bytearray()
        if data:
            self.pipe.write(data)


class Pins:
    """The board's lines to the module."""

    on_ms, off_ms, boot_ms = 600, 800, 15_000

    def __init__(self, world: World) -> None:
        self._module = world.module

    def pwrkey(self, level: int) -> None:
        self._module.pin("pwrkey", level)

    def psm_eint(self, level: int) -> None:
        self._module.pin("psm_eint", level)


class Steps:
    """The clock of the driver and the application: who waits moves the module's."""

    def __init__(self, world: World, wire: Wire) -> None:
        self.world, self.wire = world, wire
        self.idle = False
        self.modem: Any = None

    @property
    def now(self) -> int:
        """Milliseconds since the beginning; the driver's ticks wrap, and do so twice in a month."""
        return self.world.module.clock.now_ms()

    def ticks_ms(self) -> int:
        return self.now % TICKS

    async def forward(self, most_ms: int = IDLE_MS) -> None:
        """Let the module work, then let time pass up to whatever comes next."""
        self.wire.flush()
        ms = IDLE_MS if self.idle and not self.modem._jobs else BUSY_MS
        due = self.modem.engine.due(self.ticks_ms())
        ms = min(ms, most_ms, due) if due >= 0 else min(ms, most_ms)
        if not self.wire.pipe.any():
            await step(self.world.module, max(ms, 1))


class BlockingSteps(Steps):
    """For Modem."""

    def __init__(self, world: World, wire: Wire, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(world, wire)
        self._loop = loop

    def sleep_ms(self, ms: int) -> None:
        self._loop.run_until_complete(self.forward())

    async def wait(self, ms: int) -> None:
        """The application waits; the driver has its turns."""
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
        """The application waits, in its own task."""
        self.until = self.now + ms
        while self.now < self.until:  # noqa: ASYNC110 - the other tasks move the clock
            await asyncio.sleep(0)


def blocking(world: World, minutes: int) -> App:
    """The soak on Modem."""
    loop = asyncio.new_event_loop()
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

    async def run() -> App:
        wire = Wire(Pipe(world.module))
        clock = AsyncSteps(world, wire)
        clock.modem = AsyncModem(wire, world.module.model, pins=Pins(world), clock=clock)
        app = App(clock.modem, clock, world.plan.naps)
        try:
            await app.run(minutes)
        finally:
            await clock.modem.aclose()
            await world.module.aclose()
        return app

    return asyncio.run(run())


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
        command = [str(vm), "-X", "heapsize=8m", str(DEVICE), "127.0.0.1", *ports, module.model, str(minutes), naps]
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
