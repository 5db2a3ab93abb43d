"""Driver and virtual module together: deep sleep of the NB families, on both faces."""

from __future__ import annotations

from errno import ECONNRESET, ENODEV
from typing import Any

import pytest
from desk import servers
from e2e import HOST, SOCK_DGRAM, Bench, World, echo, go, hostile, on, play
from kit import rows
from quectel import QuectelError
from quectel.models import find
from quectel.network import ASLEEP, ONLINE

SLEEPY = {"sleep_after_ms": 600, "first_at_lost": True}  # more than the driver waits for the answer to an AT
UDP = "udp.example"


@pytest.fixture
def hurry_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver pulls the line for a shorter time, and waits less long for the answer that is lost."""
    for name in ("BC25", "BC65"):
        monkeypatch.setattr(find(name), "wake_ms", 20)
        monkeypatch.setattr(find(name), "answer_ms", 100)
    monkeypatch.setattr("quectel.power._FIRST_MS", 100)


class Pins:
    """The board's line to PSM_EINT; before the test begins it is connected to nothing."""

    world: "World | None" = None
    pulls = 0

    def pwrkey(self, level: int) -> None:
        raise AssertionError("not for waking")

    def psm_eint(self, level: int) -> None:
        if self.world is not None:
            self.pulls += not level
            self.world.call(lambda module: module.pin("psm_eint", level))


async def put_to_sleep(bench: Bench) -> None:
    await go(bench.modem.sleep("deep"))
    await bench.until(lambda: bench.modem.status() == ASLEEP and bench.module.power.state == "asleep")


@rows("R121", "R219", "R222", "R224", "R283", "R426")
@pytest.mark.usefixtures("hurry_up")
@on("BC25", "BC65")
def test_udp_outlives_deep_sleep_and_tcp_does_not(face: str, model: str) -> None:
    pins = Pins()

    async def body(bench: Bench) -> None:
        pins.world = bench.world
        bench.world.serve(HOST, servers.tcp_echo())
        bench.world.serve(UDP, servers.udp_echo())
        tcp = await bench.dial()
        udp = await bench.dial(UDP, type=SOCK_DGRAM)
        await echo(tcp, hostile(1000))
        for n in range(3):
            await put_to_sleep(bench)
            assert await go(udp.send(b"round %d" % n)) == 7
            assert await go(udp.recv(100)) == b"round %d" % n
            assert bench.modem.status() == ONLINE and bench.module.power.sleep_mode == 0
        assert pins.pulls == 3
        with pytest.raises(QuectelError) as caught:
            await go(tcp.send(b"x"))
        assert caught.value.errno == ECONNRESET
        await go(tcp.close())
        again = await bench.dial()
        await echo(again, hostile(1000))
        await go(again.close())
        await go(udp.close())
        assert bench.module.sockets == [] and bench.modem.stats.epochs == 0

    play(face, model, body, driver={"pins": pins}, options=SLEEPY)


@rows("R121", "R219")
@pytest.mark.usefixtures("hurry_up")
@on("BC25")
def test_an_id_closed_in_sleep_is_closed_behind_it(face: str, model: str) -> None:
    pins = Pins()

    async def body(bench: Bench) -> None:
        pins.world = bench.world
        bench.world.serve(UDP, servers.udp_echo())
        udp = await bench.dial(UDP, type=SOCK_DGRAM)
        await put_to_sleep(bench)
        await go(udp.close())
        assert len(bench.module.sockets) == 1 and pins.pulls == 0
        other = await bench.dial(UDP, type=SOCK_DGRAM)
        await bench.until(lambda: len(bench.module.sockets) == 1)
        assert await go(other.send(b"hello")) == 5
        assert await go(other.recv(100)) == b"hello"

    play(face, model, body, driver={"pins": pins, "slots": 2}, options=SLEEPY)


@rows("R219", "R426")
@pytest.mark.usefixtures("hurry_up")
@on("BC25")
def test_firmware_that_says_nothing_of_its_sleep(face: str, model: str) -> None:
    pins = Pins()

    async def body(bench: Bench) -> None:
        pins.world = bench.world
        bench.world.serve(HOST, servers.tcp_echo())
        tcp: Any = await bench.dial()
        await go(bench.modem.sleep("deep"))
        await bench.until(lambda: bench.module.power.state == "asleep")
        with pytest.raises(QuectelError) as caught:
            await go(tcp.recv(1))
        assert caught.value.errno == ECONNRESET and pins.pulls == 1
        await echo(await bench.dial(), hostile(500))

    play(face, model, body, driver={"pins": pins}, options={**SLEEPY, "sleep_urcs": False})


@rows("R219")
@pytest.mark.usefixtures("hurry_up")
@on("BC25")
def test_without_a_pin_it_is_told(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        await put_to_sleep(bench)
        with pytest.raises(QuectelError) as caught:
            await go(bench.modem.command("AT"))
        assert caught.value.errno == ENODEV and "psm_eint" in str(caught.value)
        bench.world.call(lambda module: module.pin("psm_eint", 0, 100))
        await go(bench.modem.wake())
        assert await go(bench.modem.command("AT+QSCLK?")) == ["+QSCLK: 0"]

    play(face, model, body, options=SLEEPY)


@rows("R219", "R224", "R426")
@pytest.mark.usefixtures("hurry_up")
@on("BC25")
def test_a_module_that_an_earlier_program_has_left_asleep(face: str, model: str) -> None:
    pins = Pins()

    async def body(bench: Bench) -> None:
        pins.world = bench.world
        bench.world.serve(HOST, servers.tcp_echo())
        await put_to_sleep(bench)
        await bench.rest()
        bench.another()
        await go(bench.modem.connect("internet"))
        assert pins.pulls == 1 and bench.module.power.sleep_mode == 0
        await echo(await bench.dial(), hostile(500))

    play(face, model, body, driver={"pins": pins}, options=SLEEPY)
