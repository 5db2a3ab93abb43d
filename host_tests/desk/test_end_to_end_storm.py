"""Tasks of every kind come, go and are cancelled at random: no connection suffers from what another task gave up."""

from __future__ import annotations

import asyncio
import errno
import random
from typing import Any

from desk import servers
from e2e import HOST, Bench, echo, hostile, on, play
from kit import count, rows
from quectel import QuectelError

SECONDS = 4
AT_ONCE = 5


class Storm:
    """What the tasks do; `fell` has what was raised and should not have been."""

    def __init__(self, bench: Bench, seed: int) -> None:
        self.bench = bench
        self.numbers = random.Random(seed)
        self.fell: "list[BaseException]" = []
        self.begun = 0
        self._tasks: "set[asyncio.Task[Any]]" = set()
        modem = bench.modem
        self._kinds = [
            self.talk, self.talk, self.commands, modem.info, lambda: modem.status("rssi"),
            lambda: modem.config("imsi"), lambda: modem.ping(HOST, count=1), lambda: modem.resolve(HOST),
        ]  # fmt: skip

    async def talk(self) -> None:
        """A connection that changes its access mode; what comes back is what was sent."""
        sock = await self.bench.dial()
        try:
            for _ in range(3):
                await sock.set_mode(self.numbers.randrange(2))
                await echo(sock, hostile(self.numbers.randrange(1, 900)))
        finally:
            await asyncio.shield(sock.close())

    async def commands(self) -> None:
        for _ in range(self.numbers.randrange(6)):
            assert await self.bench.modem.command("AT+CGMM") == [self.bench.module.model]

    async def rage(self) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + SECONDS
        while loop.time() < end:
            while len(self._tasks) < AT_ONCE:
                self._tasks.add(asyncio.ensure_future(self.numbers.choice(self._kinds)()))
                self.begun += 1
            await asyncio.sleep(self.numbers.random() * 0.02)
            if self.numbers.random() < 0.4:
                self.numbers.choice(sorted(self._tasks, key=id)).cancel()
            self._collect()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=8)
        self._collect()
        assert not self._tasks

    def _collect(self) -> None:
        for task in [task for task in self._tasks if task.done()]:
            self._tasks.discard(task)
            error = None if task.cancelled() else task.exception()
            if error is not None and not (isinstance(error, QuectelError) and error.errno == errno.ENOBUFS):
                self.fell.append(error)


@rows("R105", "R395", "R435")
@on("BC25", "BG96", faces=("asyncio",))
def test_nobody_suffers_from_what_another_gave_up(face: str, model: str, seed: int = 3) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve(HOST, servers.tcp_echo())
        storm = Storm(bench, seed)
        await storm.rage()
        assert not storm.fell, storm.fell
        stats, slots = bench.modem.stats, bench.modem.engine.table.slots
        assert stats.framing == 0
        await bench.until(lambda: not bench.module.sockets and not any(slot.state for slot in slots))
        assert await bench.modem.command("AT+CGMM") == [model]
        count("tasks that came and went", storm.begun)

    play(face, model, body, driver={"rx_ring": 4096, "slots": 6})
