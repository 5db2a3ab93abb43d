"""Driver and virtual module through power saving mode and eDRX, on both faces, in stepped time."""

from __future__ import annotations

from errno import ENODEV

import pytest
from dozing import LOSSY, MINUTE, NB, both_kinds, echoed, lost
from e2e import go, on
from kit import rows
from quectel import QuectelError
from quectel.network import ASLEEP
from stepped import Bench, play

# --- power saving mode ------------------------------------------------------------------------------------------------


@on("BG96")
@pytest.mark.parametrize("told", (True, False))
def test_power_saving_mode_and_the_power_key(face: str, model: str, told: bool) -> None:
    """It ends every socket, whether the module says so or not; the next call presses the key, and all works again."""

    async def body(bench: Bench) -> None:
        tcp, udp = await both_kinds(bench)
        assert await go(bench.modem.sleep("psm", tau=7200, active=10)) == {"tau": 7200, "active": 10}
        await echoed(tcp, b"still there")
        await bench.wait(6000)  # behind a send the module is asked once what was acknowledged
        typed = bench.modem.stats.tx_bytes
        await bench.wait(30 * MINUTE)
        assert bench.module.power.state == "psm" and bench.modem.stats.tx_bytes == typed
        assert (bench.modem.status() == ASLEEP) == told and ("pwrkey", 0) not in bench.pins.pulls
        await lost(tcp)
        await lost(udp)
        await go(bench.modem.connect("internet"))
        assert ("pwrkey", 0) in bench.pins.pulls and bench.module.power.asked == []
        tcp, _ = await bench.dial()
        await echoed(tcp, b"after")
        await go(bench.modem.sleep("off"))
        await bench.wait(60 * MINUTE)
        await echoed(tcp, b"awake all the time")

    play(face, model, body, psm_urc=told)


@on("BG96")
@pytest.mark.parametrize("told", (True, False))
def test_the_report_to_the_network_in_between(face: str, model: str, told: bool) -> None:
    """T3412 has the module start by itself, and sleep again: the driver neither wonders nor disturbs it."""

    async def body(bench: Bench) -> None:
        tcp, _ = await bench.dial()
        await go(bench.modem.sleep("psm", tau=600, active=10))
        await bench.wait(11 * MINUTE)
        assert bench.module.power.state == "psm" and bench.modem.stats.epochs >= 1
        await bench.wait(60 * MINUTE)
        assert ("pwrkey", 0) not in bench.pins.pulls and bench.module.power.state in ("psm", "running", "booting")
        await lost(tcp)
        await go(bench.modem.connect("internet"))
        tcp, _ = await bench.dial()
        await echoed(tcp, b"after")

    play(face, model, body, psm_urc=told)


@on("BG96")
@pytest.mark.parametrize("told", (True, False))
def test_power_saving_mode_is_no_failure(face: str, model: str, told: bool) -> None:
    """keep_online() lets the module sleep, and brings it back when it is needed."""

    async def body(bench: Bench) -> None:
        bench.modem.keep_online()
        tcp, _ = await bench.dial()
        await go(bench.modem.sleep("psm", tau=36_000, active=10))
        await bench.wait(120 * MINUTE)
        assert bench.module.power.state == "psm" and bench.module.power.asked == []
        await lost(tcp)
        tcp, _ = await bench.dial()
        await echoed(tcp, b"after")

    play(face, model, body, psm_urc=told)


@on("BG96")
def test_light_sleep_that_turns_into_power_saving_mode(face: str, model: str) -> None:
    """The line is let down, and where that does not help the key is pressed."""

    async def body(bench: Bench) -> None:
        tcp, _ = await bench.dial()
        await go(bench.modem.sleep("psm", tau=36_000, active=600))
        for ms, keys in ((5 * MINUTE, []), (60 * MINUTE, [("pwrkey", 0), ("pwrkey", 1)])):
            await go(bench.modem.sleep("light"))
            await bench.wait(ms)
            assert bench.module.power.state == ("psm" if keys else "running")
            await go(bench.modem.command("AT+CSQ"))
            assert [pull for pull in bench.pins.pulls if pull[0] == "pwrkey"] == keys
            assert bench.pins.pulls[-1 - len(keys)] == ("dtr", 0)
        await lost(tcp)

    play(face, model, body)


@on("BG96")
def test_power_saving_mode_without_a_key(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        await go(bench.modem.sleep("psm", tau=600, active=10))
        await bench.wait(MINUTE)
        with pytest.raises(QuectelError) as caught:
            await go(bench.modem.wake())
        assert caught.value.errno == ENODEV and "pwrkey" in caught.value.text
        await bench.until(lambda: bench.module.power.state == "running")  # it starts by itself
        assert await go(bench.modem.command("AT+CSQ")) == ["+CSQ: 24,99"]

    play(face, model, body, pins=("dtr",), psm_urc=True)


@on("BG96")
def test_the_microcontroller_sleeps_with_the_module(face: str, model: str) -> None:
    """Power saving mode ends every connection: none is adopted, and bring-up finds the module by its key."""

    async def body(bench: Bench) -> None:
        await both_kinds(bench)
        await go(bench.modem.sleep("psm", tau=36_000, active=10))
        saved = await go(bench.modem.save())
        await bench.rest()
        bench.module.clock.advance(60 * MINUTE)
        assert bench.module.power.state == "psm"
        modem = bench.another()
        assert await go(modem.restore(saved)) == []
        await go(modem.connect("internet"))
        tcp, _ = await bench.dial()
        await echoed(tcp, b"after")
        assert bench.module.power.asked == [] and ("pwrkey", 0) in bench.pins.pulls

    play(face, model, body)


@rows("R121", "R219", "R283", "R453")
@on(*NB)
@pytest.mark.parametrize("told", (True, False))
def test_power_saving_mode_of_the_nb_modules(face: str, model: str, told: bool) -> None:
    """Deep sleep: UDP stays, TCP is gone; T3412 wakes the module in between, and what comes in is not for it."""

    async def body(bench: Bench) -> None:
        tcp, udp = await both_kinds(bench)
        await go(bench.modem.sleep("psm", tau=600, active=2))
        typed = bench.modem.stats.tx_bytes
        await bench.wait(MINUTE)
        assert bench.module.power.state == "asleep" and (bench.modem.status() == ASLEEP) == told
        bench.servers[1].say(b"in vain")
        await bench.wait(60 * MINUTE)
        assert bench.modem.stats.tx_bytes == typed
        await echoed(udp, b"after")
        await lost(tcp)
        assert bench.pins.pulls == [("psm_eint", 0), ("psm_eint", 1)] * 2 and bench.modem.stats.epochs == 0

    play(face, model, body, **LOSSY, sleep_urcs=told)


@rows("R121", "R219", "R283")
@on(*NB)
def test_the_microcontroller_sleeps_with_an_nb_module(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        await both_kinds(bench)
        await go(bench.modem.sleep("deep"))
        saved = await go(bench.modem.save())
        await bench.rest()
        bench.module.clock.advance(60 * MINUTE)
        assert bench.module.power.state == "asleep"
        (udp,) = await go(bench.another().restore(saved))
        udp.settimeout(60)
        await echoed(udp, b"after")
        assert len(bench.module.sockets) == 1

    play(face, model, body, **LOSSY)


# --- eDRX -------------------------------------------------------------------------------------------------------------


@on("BG96", *NB)
def test_edrx_delays_what_comes_in(face: str, model: str) -> None:
    """Up to a cycle; what the driver sends goes at once, and has the rest come at once."""

    async def body(bench: Bench) -> None:
        tcp, udp = await both_kinds(bench)
        assert await go(bench.modem.sleep("edrx", cycle=81.92)) == {"cycle": 81.92}
        await bench.wait(MINUTE)
        windows = bench.now // 81_920
        for server in bench.servers:
            server.say(b"waits")
        tcp.settimeout(100)
        assert await go(tcp.recv(100)) == b"waits"
        assert bench.now // 81_920 == windows + 1 and bench.now % 81_920 < 6000
        assert await go(udp.recv(100)) == b"waits"
        await bench.wait(20_000)
        now = bench.now
        bench.servers[1].say(b"waits")
        await bench.wait(5000)
        assert not udp.pending() and bench.now // 81_920 == windows + 1
        await go(tcp.send(b"x"))
        assert await go(udp.recv(100)) == b"waits" and bench.now - now < 10_000
        await go(bench.modem.sleep("off"))
        await bench.wait(MINUTE)
        now = bench.now
        await echoed(tcp, b"y") if tcp.pending() == 0 else None
        assert bench.now - now < 2000 and bench.modem.stats.epochs == 0

    play(face, model, body)


@on("BG96")
def test_a_call_that_has_no_time_for_edrx(face: str, model: str) -> None:
    """Its limit counts, and nothing is lost."""

    async def body(bench: Bench) -> None:
        tcp, server = await bench.dial()
        await go(bench.modem.sleep("edrx", cycle=655.36))
        await bench.wait(MINUTE)
        server.say(b"waits")
        tcp.settimeout(30)
        with pytest.raises(QuectelError, match="timed out"):
            await go(tcp.recv(100))
        tcp.settimeout(700)
        assert await go(tcp.recv(100)) == b"waits"

    play(face, model, body)
