"""The virtual module's life: its power key's line, restarts at a byte that the host types, a scripted day."""

import asyncio

from virtual_module import VirtualModule
from virtual_module.clock import Clock
from virtual_module.control import carry_out, step


def module(model: str = "BG96", **options: object) -> VirtualModule:
    return VirtualModule(model, clock=Clock.stepped(), options={"boot_ms": 1000, **options})


def test_the_power_key_by_its_line() -> None:
    async def run() -> None:
        one = module()
        for ms, state in ((300, "running"), (700, "off"), (400, "off"), (600, "booting")):
            one.pin("pwrkey", 0)
            one.clock.advance(ms)
            one.pin("pwrkey", 1)
            assert one.power.state == state, ms
        one.clock.advance(1000)
        assert one.power.state == "running" and b"RDY" in one.take() and one.power.asked == [1000]

    asyncio.run(run())


def test_a_restart_at_a_byte_that_is_typed() -> None:
    async def run() -> None:
        one = module()
        one.fault("reboot", to="module", at_byte=6)
        one.feed(b"AT\r")
        assert one.take() == b"AT\r\r\nOK\r\n" and one.power.state == "running"
        one.feed(b"AT+CSQ\r")
        one.clock.advance(1)
        assert one.power.state == "booting" and b"CSQ:" not in one.take()
        one.clock.advance(1000)
        assert b"RDY" in one.take()

    asyncio.run(run())


def test_a_scripted_day() -> None:
    async def run() -> None:
        one = module()
        one.at(60_000, do="network", stat=2, rssi=5)
        carry_out(one, {"do": "later", "ms": 120_000, "order": {"do": "network", "stat": 1}})
        seen = []
        for _ in range(3):
            seen.append(one.network.stat)
            one.clock.advance(60_000)
        assert seen == [1, 2, 1] and one.network.rssi == 5

    asyncio.run(run())


def test_a_step_goes_to_the_next_timer() -> None:
    async def run() -> None:
        one = module()
        one.clock.call_later(700, lambda: None)
        assert await step(one, 5000) == 700 and await step(one, 300) == 300
        assert one.clock.now_ms() == 1000

    asyncio.run(run())
