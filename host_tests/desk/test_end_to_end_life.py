"""Driver and virtual module together: the power key of a module that somebody switched off."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from e2e import Bench, World, go, hurry, on, play
from pulse import PulseClock, pulse
from quectel import Modem

__all__ = ["hurry"]


class Pins:
    """The board's line to the power key."""

    world: "World | None" = None
    on_ms = 150  # the module's time passes faster

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
        start = pulse.ticks_ms()
        await go(bench.modem.power_on())
        assert pulse.ticks_ms() - start < 4000 and bench.module.power.state == "running"
        assert await go(bench.modem.command("AT+CSQ")) == ["+CSQ: 24,99"]

    play(face, model, body, driver={"pins": pins}, clock=PulseClock(4))


@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize(("model", "kind"), (("BC25", "fixed"), ("EC200U", "auto-baud")))
def test_the_driver_finds_the_rate(model: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fixed at 9600, where the host does not look first, or found by the module, which then keeps it for good."""
    fixed = kind == "fixed"
    if fixed:
        monkeypatch.setattr("quectel.contact._PATIENCE_MS", 300)
    world = World(model, options={"ipr": 9600 if fixed else 0})
    try:
        uart: Any = world.call(lambda module: module.pipe())
        uart.init(115_200)
        steps: "list[tuple[str, str, str]]" = []
        modem = Modem(uart, model)
        modem.connect("internet", report=lambda step, state, text: steps.append((step, state, text)))
        rate = 9600 if fixed else 115_200
        assert ("baud", "done", str(rate)) in steps and modem.isconnected()
        line = world.module.line
        assert line.setting == line.host == rate
        assert fixed or world.module.nvram["ipr"] == rate
    finally:
        world.close()
