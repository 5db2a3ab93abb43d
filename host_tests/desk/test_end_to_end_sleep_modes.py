"""Driver and virtual module through light sleep and the caller's own commands, on both faces, in stepped time."""

from __future__ import annotations

from errno import ENODEV

import pytest
from dozing import LOSSY, LTE, MINUTE, NB, both_kinds, echoed, lost
from e2e import go, on
from kit import rows
from quectel import QuectelError, TLSContext
from quectel.network import ASLEEP, ONLINE
from stepped import SECURE, SOCK_DGRAM, UDP, Bench, play
from vm_peers import ca_pem

# --- light sleep ------------------------------------------------------------------------------------------------------


@rows("R121", "R222", "R426")
@on(*LTE, *NB)
def test_light_sleep_keeps_all(face: str, model: str) -> None:
    """Nothing is typed meanwhile, what comes in is read behind it, and the characters that are eaten cost nothing."""

    async def body(bench: Bench) -> None:
        tcp, udp = await both_kinds(bench)
        line = [("dtr", 0), ("dtr", 1), ("dtr", 0)] if model in LTE else [("psm_eint", 0), ("psm_eint", 1)]
        for n in range(2):
            await go(bench.modem.sleep("light"))
            await bench.wait(1000)
            typed = bench.modem.stats.tx_bytes
            await bench.wait(10 * MINUTE)
            assert bench.module.saving.dozes and bench.modem.status() == ONLINE
            for server in bench.servers:
                server.say(b"meanwhile %d" % n)
            await bench.wait(10 * MINUTE)
            assert bench.modem.stats.tx_bytes == typed
            assert await go(udp.recv(100)) == b"meanwhile %d" % n
            assert not bench.module.saving.dozes
            assert await go(tcp.recv(100)) == b"meanwhile %d" % n
            await echoed(tcp, b"after")
            await echoed(udp, b"after")
            assert bench.pins.pulls == (line + line[1:] * n if model in LTE else line)  # that was before the first AT
        assert bench.modem.stats.epochs == 0 and bench.module.power.sleep_mode == (1 if model in LTE else 0)

    play(face, model, body, **LOSSY)


@rows("R090", "R094")
@on(*LTE)
def test_tls_goes_on_behind_light_sleep(face: str, model: str) -> None:
    """Also where the microcontroller has slept, too."""

    async def body(bench: Bench) -> None:
        sock, server = await bench.dial(SECURE, tls=TLSContext(ca=ca_pem()))
        await echoed(sock, b"before")
        for again in (False, True):
            await go(bench.modem.sleep("light"))
            await bench.wait(MINUTE)
            assert bench.module.saving.dozes
            server.say(b"meanwhile")
            if again:
                saved = await go(bench.modem.save())
                await bench.rest()
                bench.module.clock.advance(MINUTE)
                (sock,) = await go(bench.another().restore(saved))
                sock.settimeout(60)
            assert await go(sock.recv(100)) == b"meanwhile"
            await echoed(sock, b"after")
        assert server.heard == b"before" + 2 * b"after"

    play(face, model, body, network_time="26/11/20,10:00:00+00")


@on(*LTE, *NB)
def test_any_call_ends_light_sleep(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        sock, _ = await bench.dial()

        async def listen() -> None:
            await go(bench.modem.socket().connect(("peer.example", 7)))

        for call in (
            lambda: bench.modem.command("AT+CSQ"),
            lambda: sock.send(b"x"),
            bench.modem.wake,
            lambda: bench.modem.status("rssi"),
            listen,
            lambda: bench.modem.sleep("off"),
        ):
            await go(bench.modem.sleep("light"))
            await bench.wait(MINUTE)
            assert bench.module.saving.dozes
            await go(call())
            assert not bench.module.saving.dozes
        assert bench.module.power.sleep_mode == 0

    play(face, model, body)


@on(*LTE, *NB)
def test_the_microcontroller_sleeps_too(face: str, model: str) -> None:
    """Behind its restart the sockets are adopted from a module in light sleep, with what came in meanwhile."""

    async def body(bench: Bench) -> None:
        await both_kinds(bench)
        await go(bench.modem.sleep("light"))
        saved = await go(bench.modem.save())
        await bench.rest()
        bench.module.clock.advance(MINUTE)
        for server in bench.servers:
            server.say(b"meanwhile")
        bench.module.clock.advance(MINUTE)
        assert bench.module.saving.dozes
        found = await go(bench.another().restore(saved))
        tcp, udp = sorted(found, key=lambda sock: int(sock.id))
        for sock in (tcp, udp):
            sock.settimeout(60)
            assert await go(sock.recv(100)) == b"meanwhile"
            await echoed(sock, b"after")
        assert bench.modem.isconnected() and bench.modem.stats.epochs == 0

    play(face, model, body)


@on("EC200U")
def test_a_line_that_is_not_connected(face: str, model: str) -> None:
    """The call tells, the sockets stay, and the next call tries again."""

    async def body(bench: Bench) -> None:
        sock, _ = await bench.dial()
        await go(bench.modem.sleep("light"))
        await bench.wait(MINUTE)
        bench.pins.connected = False
        with pytest.raises(QuectelError) as caught:
            await go(bench.modem.wake())
        assert caught.value.errno == ENODEV and "DTR" in caught.value.text
        bench.pins.connected = True
        await echoed(sock, b"after")

    play(face, model, body)


@on(*LTE)
def test_light_sleep_without_the_line(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        with pytest.raises(QuectelError) as caught:
            await go(bench.modem.sleep("light"))
        assert caught.value.errno == ENODEV

    play(face, model, body, pins=("pwrkey",))


# --- the caller's own commands ----------------------------------------------------------------------------------------


@rows("R121", "R219", "R222", "R224", "R426")
@on(*NB)
@pytest.mark.parametrize("told", (True, False))
def test_deep_sleep_by_a_command(face: str, model: str, told: bool) -> None:
    async def body(bench: Bench) -> None:
        tcp, udp = await both_kinds(bench)
        await go(bench.modem.command("AT+QSCLK=1"))
        await bench.wait(MINUTE)
        assert bench.module.power.state == "asleep" and (bench.modem.status() == ASLEEP) == told
        await echoed(udp, b"after")
        assert bench.pins.pulls == [("psm_eint", 0), ("psm_eint", 1)] * 2  # the first: bring-up
        await lost(tcp)
        tcp, _ = await bench.dial()
        await go(bench.modem.command("AT+QSCLK=2"))
        await bench.wait(MINUTE)
        assert bench.module.saving.dozes
        await echoed(tcp, b"after")
        await go(bench.modem.command("AT+QSCLK=0"))
        await bench.wait(MINUTE)
        await echoed(tcp, b"after")

    play(face, model, body, **LOSSY, sleep_urcs=told)


@rows("R219", "R222")
@on(*NB)
def test_a_caller_that_wakes_the_module_itself(face: str, model: str) -> None:
    """As the document's example has it: without a pin of the driver's, and with the caller's AT+QSCLK=0 behind it."""

    async def body(bench: Bench) -> None:
        udp, _ = await bench.dial(UDP, type=SOCK_DGRAM)
        for _ in range(2):
            await go(bench.modem.command("AT+QSCLK=1"))
            await bench.wait(MINUTE)
            assert bench.modem.status() == ASLEEP
            bench.module.pin("psm_eint", 0, 100)
            await bench.wait(200)
            assert bench.modem.status() == ONLINE
            await go(bench.modem.command("AT+QSCLK=0"))
            await echoed(udp, b"1234567890")
        assert bench.modem.stats.epochs == 0 and bench.modem.stats.timeouts == 0

    play(face, model, body, pins=("pwrkey",), sleep_after_ms=800)
