"""Driver and virtual module together: the power key of a module that somebody switched off."""

from __future__ import annotations

import asyncio
import time

import pytest
from e2e import Bench, World, go, on, play


class Pins:
    """The board's line to the power key."""

    world: "World | None" = None

    def pwrkey(self, level: int) -> None:
        assert self.world is not None
        self.world.call(lambda module: module.pin("pwrkey", level))


@pytest.mark.parametrize("kept_online", (False, True))
@on("BG96")
def test_power_on_does_not_wait_for_recovery(
    face: str, model: str, kept_online: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recovery has asked before, and its question has far longer to be answered than power_on() waits."""
    monkeypatch.setattr("quectel.power._ON_MS", 300)
    pins = Pins()

    async def body(bench: Bench) -> None:
        pins.world = bench.world
        if kept_online:
            await go(bench.modem.keep_online(True))
        bench.world.call(lambda module: module.press(1000))
        await asyncio.sleep(0.05)
        await bench.turn()
        start = time.monotonic()
        await go(bench.modem.power_on())
        assert time.monotonic() - start < 4 and bench.module.power.state == "running"
        assert await go(bench.modem.command("AT+CSQ")) == ["+CSQ: 24,99"]

    play(face, model, body, driver={"pins": pins})
