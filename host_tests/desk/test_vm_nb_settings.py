"""Which settings of the NB families outlive deep sleep, a restart and the module's process."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from kit import cases, rows
from vm_bench import OK, Bench, answer, play
from vm_nb import BOTH, opened
from vm_player import UdpPeer

# (what sets it, what asks for it, the line when it is kept, the line when it is lost)
SETTINGS: dict[str, tuple[str, str, str, str]] = {
    "dataformat": (
        'AT+QICFG="dataformat",0,1', 'AT+QICFG="dataformat"', '+QICFG: "dataformat",0,1', '+QICFG: "dataformat",0,0',
    ),
    "viewmode": ('AT+QICFG="viewmode",1', 'AT+QICFG="viewmode"', '+QICFG: "viewmode",1', '+QICFG: "viewmode",0'),
    "showlength": (
        'AT+QICFG="showlength",1', 'AT+QICFG="showlength"', '+QICFG: "showlength",1', '+QICFG: "showlength",0',
    ),
    "open_time": ('AT+QICFG="open_time",7', 'AT+QICFG="open_time"', '+QICFG: "open_time",7', '+QICFG: "open_time",36'),
    "dns": (
        'AT+QIDNSCFG="1.1.1.1","2.2.2.2"', "AT+QIDNSCFG?",
        '+QIDNSCFG: "1.1.1.1","2.2.2.2"', '+QIDNSCFG: "8.8.8.8","8.8.4.4"',
    ),
    "kalive": ("AT+QIKALIVE=0,90,15,3", "AT+QIKALIVE?", "+QIKALIVE: 0,90,15,3", "+QIKALIVE: 0,60,10,9"),
}  # fmt: skip
SAVED = {"dataformat", "viewmode", "showlength"}
KEPT = {
    ("BC65", "sleep"): SAVED | {"dns"},
    ("BC65", "restart"): SAVED,
    ("BC25", "sleep"): SAVED,
    ("BC25", "restart"): SAVED,
}
OF = {"BC65": set(SETTINGS) - {"kalive"}, "BC25": set(SETTINGS) - {"open_time"}}


async def sleep(bench: Bench) -> None:
    await bench.ok("AT+QSCLK=1")
    bench.module.clock.advance(1000)
    assert bench.module.power.state == "asleep"
    bench.module.pin("psm_eint", 0, 100)
    bench.module.take()


async def restart(bench: Bench) -> None:
    await bench.type("AT+CFUN=1,1")
    bench.module.clock.advance(500)
    await bench.module.settle()
    assert b"RDY" in bench.module.take()
    bench.module.terminal.echo = False


WAYS: dict[str, Callable[[Bench], Awaitable[None]]] = {"sleep": sleep, "restart": restart}


@rows("R122", "R123", "R178", "R179", "R195", "R203", "R204", "R205", "R210", "R306")
@cases(("BC65", "sleep"), ("BC65", "restart"), ("BC25", "sleep"), ("BC25", "restart"))
def test_what_is_kept(model: str, way: str) -> None:
    async def run(bench: Bench) -> None:
        for name in OF[model]:
            change, ask, kept, lost = SETTINGS[name]
            assert await bench.answer(ask) == answer(lost)  # the default
            assert (await bench.answer(change)).endswith(OK)
            assert await bench.answer(ask) == answer(kept)
        await WAYS[way](bench)
        for name in OF[model]:
            _, ask, kept, lost = SETTINGS[name]
            assert await bench.answer(ask) == answer(kept if name in KEPT[model, way] else lost), name

    play(model, run)


@rows("R123", "R195", "R210")
def test_an_option_keeps_what_no_document_keeps_over_deep_sleep() -> None:
    async def run(bench: Bench) -> None:
        for name in ("dns", "kalive"):
            await bench.ok(SETTINGS[name][0])
        await sleep(bench)
        for name in ("dns", "kalive"):
            assert await bench.answer(SETTINGS[name][1]) == answer(SETTINGS[name][2])
        await restart(bench)
        for name in ("dns", "kalive"):
            assert await bench.answer(SETTINGS[name][1]) == answer(SETTINGS[name][3])

    play("BC25", run, options={"sleep_keeps_all": True})


@rows("R122", "R177", "R178", "R179", "R306", "R425", "R445")
@cases(("BC65", "sleep"), ("BC65", "restart"), ("BC25", "sleep"), ("BC25", "restart"))
def test_the_mode_of_an_id_is_kept(model: str, way: str) -> None:
    async def run(bench: Bench) -> None:
        async with UdpPeer() as peer:
            await opened(bench, peer, 0, "UDP", ",0,1")
            await opened(bench, peer, 1, "UDP")
            await bench.ok("AT+QISWTMD=1,1")
            await opened(bench, peer, 2, "UDP")
            await WAYS[way](bench)
            for number, mode in ((0, 1), (1, 1), (2, 0), (3, 0)):
                if bench.module.connections.get(number) is None:
                    await opened(bench, peer, number, "UDP")
                assert b",2,1,%d\r\n" % mode in await bench.type("AT+QISTATE=1,%d" % number)
            await bench.type("AT+QICLOSE=0")
            await opened(bench, peer, 0, "UDP", ",0,0")  # what the open says wins, and is saved
            await WAYS[way](bench)
            await bench.type("AT+QICLOSE=0")
            await opened(bench, peer, 0, "UDP")
            assert b",2,1,0\r\n" in await bench.type("AT+QISTATE=1,0")

    play(model, run)


@rows("R122", "R178", "R179", "R203", "R204", "R306", "R425")
@cases(*BOTH)
def test_what_a_file_keeps_for_the_next_run(model: str) -> None:
    async def first(bench: Bench) -> None:
        for name in OF[model]:
            await bench.answer(SETTINGS[name][0])
        async with UdpPeer() as peer:
            await opened(bench, peer, 5, "UDP", ",0,1")

    async def second(bench: Bench) -> None:
        for name in OF[model]:
            _, ask, kept, lost = SETTINGS[name]
            assert await bench.answer(ask) == answer(kept if name in SAVED else lost), name
        async with UdpPeer() as peer:
            await opened(bench, peer, 5, "UDP")
            assert b",2,1,1\r\n" in await bench.type("AT+QISTATE=1,5")

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "nvram.json"
        play(model, first, nvram=path)
        play(model, second, nvram=path)


@rows("R121", "R203", "R451")
@cases(*BOTH)
def test_nothing_of_an_open_is_saved(model: str) -> None:
    async def run(bench: Bench) -> None:
        async with UdpPeer() as peer:
            await opened(bench, peer, 0, "UDP", ",1234,1")
            assert await bench.type("AT+QISTATE?") == answer('+QISTATE: 0,"UDP","127.0.0.1",80,1234,2,1,1')
            await restart(bench)
            assert await bench.type("AT+QISTATE?") == OK
            assert set(bench.module.nvram) == {"mode0"}

    play(model, run)
