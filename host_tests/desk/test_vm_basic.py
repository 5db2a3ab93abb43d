"""Commands that every family has: identity, SIM, registration, power, clock."""

from __future__ import annotations

import asyncio
from pathlib import Path

from kit import cases, rows
from virtual_module import Clock, VirtualModule
from vm_bench import ERROR, FAMILIES, OK, Bench, answer, play

LTE = ("BG96", "EC200U", "EG915U")


@cases(*FAMILIES)
def test_identity(model: str) -> None:
    async def run(bench: Bench) -> None:
        printed = bench.module.model
        lines = (await bench.type("ATI")).split(b"\r\n")
        assert lines[1:3] == [b"Quectel", printed.encode()] and lines[3].startswith(b"Revision: ")
        assert await bench.type("AT+CGMM") == answer(printed)
        assert await bench.type("AT+CGMR") == answer(bench.module.family.revision)
        assert await bench.type("AT+CGSN") == answer("866425030000015")
        assert await bench.type("AT+CGSN=1") == answer("+CGSN: 866425030000015")
        assert await bench.type("AT+CIMI") == answer("460001234567890")
        assert await bench.type("AT+QCCID") == answer("+QCCID: 89860012345678901234")
        assert await bench.type("AT+CFUN?") == answer("+CFUN: 1")
        assert await bench.type("AT+CSQ=?") == answer("+CSQ: (0-31,99),(0-7,99)")
        assert await bench.type("AT+CFUN=?") == OK

    play(model, run)


@cases(*FAMILIES)
def test_pin(model: str) -> None:
    async def run(bench: Bench) -> None:
        assert await bench.type("AT+CPIN?") == answer("+CPIN: READY")
        assert await bench.type('AT+CPIN="1234"') == b"\r\n+CME ERROR: 3\r\n"
        bench.module.sim.state = "PIN"
        assert await bench.type("AT+CPIN?") == answer("+CPIN: SIM PIN")
        assert await bench.type("AT+CIMI") == b"\r\n+CME ERROR: 11\r\n"
        assert await bench.type('AT+CPIN="4321"') == b"\r\n+CME ERROR: 16\r\n"
        assert await bench.type('AT+CPIN="1234"') == OK + b"\r\n+CPIN: READY\r\n"
        bench.module.sim.state = "PIN"
        for _ in range(3):
            await bench.type('AT+CPIN="0000"')
        assert await bench.type("AT+CPIN?") == answer("+CPIN: SIM PUK")
        bench.module.sim.state = "BUSY"
        assert await bench.type("AT+CPIN?") == b"\r\n+CME ERROR: 14\r\n"

    play(model, run)


@cases(*FAMILIES)
def test_registration(model: str) -> None:
    async def run(bench: Bench) -> None:
        network = bench.module.network
        assert await bench.type("AT+CEREG?") == answer("+CEREG: 0,1")
        await bench.ok("AT+CEREG=2", "AT+CREG=1")
        assert await bench.type("AT+CEREG?") == answer('+CEREG: 2,1,"1A2B","01A2D101",%d' % network.act)
        network.stat = 2
        assert bench.module.take() == b"\r\n+CEREG: 2\r\n\r\n+CREG: 2\r\n"
        assert await bench.type("AT+CSQ") == answer("+CSQ: 99,99")
        assert await bench.type("AT+CGATT?") == answer("+CGATT: 0")
        assert await bench.type("AT+QCSQ") == answer('+QCSQ: "NOSERVICE"')
        assert await bench.type("AT+COPS?") == answer("+COPS: 0")
        network.stat = 5
        bench.module.take()
        assert await bench.type("AT+CGATT?") == answer("+CGATT: 1")
        assert b'+COPS: 0,0,"CHN-UNICOM"' in await bench.type("AT+COPS?")
        assert await bench.type("AT+CEREG=9") == b"\r\n+CME ERROR: 50\r\n"

    play(model, run)


@rows("R128")
@cases("BC65", "BC25", "BC95-G")
def test_nb_modules_have_an_address_once_attached(model: str) -> None:
    async def run(bench: Bench) -> None:
        assert await bench.type("AT+CGPADDR?") == answer('+CGPADDR: 1,"10.76.51.180"')
        await bench.ok("AT+CGATT=0")
        assert await bench.type("AT+CGPADDR=1") == answer("+CGPADDR: 1")
        await bench.ok("AT+CGATT=1")
        assert await bench.type("AT+CGPADDR=1") == answer('+CGPADDR: 1,"10.76.51.180"')
        assert await bench.type("AT+CGACT?") == answer("+CGACT: 1,1")

    play(model, run)


@rows("R129")
def test_contexts_by_hand() -> None:
    async def run(bench: Bench) -> None:
        await bench.ok('AT+CGDCONT=2,"IPV4V6","ctnet"', "AT+CGACT=1,2")
        shown = await bench.type("AT+CGDCONT?")
        assert b'+CGDCONT: 2,"IPV4V6","ctnet","10.76.51.180",0,0' in shown
        await bench.ok("AT+CGACT=0,2", "AT+CGDCONT=2")
        assert b"CGDCONT: 2" not in await bench.type("AT+CGDCONT?")
        assert await bench.type('AT+CGDCONT=2,"X25"') == b"\r\n+CME ERROR: 50\r\n"
        assert await bench.type("AT+CGACT=1,4") == b"\r\n+CME ERROR: 50\r\n"
        bench.module.network.stat = 3
        assert await bench.type("AT+CGACT=1,2") == b"\r\n+CME ERROR: 148\r\n"
        assert await bench.type("AT+CGATT=1") == b"\r\n+CME ERROR: 30\r\n"

    play("BC65", run)


def test_wall_clock() -> None:
    async def run(bench: Bench) -> None:
        assert await bench.type("AT+CCLK?") == answer('+CCLK: "08/01/04,00:00:00+00"')
        await bench.ok('AT+CCLK="26/08/22,23:59:50+08"')
        bench.module.clock.advance(15_000)
        assert await bench.type("AT+CCLK?") == answer('+CCLK: "26/08/23,00:00:05+08"')
        for wrong in ('"26/13/01,00:00:00+00"', '"26/08/22"', "26", '"26/08/22,10:00:00+99"', '"26/08/22,10:00:00x"'):
            assert await bench.type("AT+CCLK=" + wrong) == b"\r\n+CME ERROR: 50\r\n"

    play("EC200U", run)


def test_rate_and_flow() -> None:
    async def run(bench: Bench) -> None:
        assert await bench.type("AT+IPR?") == answer("+IPR: 115200")
        await bench.ok("AT+IPR=9600", "AT+IFC=2,2")
        assert await bench.type("AT+IPR?") == answer("+IPR: 9600")
        assert await bench.type("AT+IFC?") == answer("+IFC: 2,2")
        assert await bench.type("AT+IPR=12345") == b"\r\n+CME ERROR: 50\r\n"
        await bench.ok("AT&W", "ATV1", "AT&D1")
        assert await bench.type("ATV0") == ERROR

    play("BG96", run)


def test_urc_port() -> None:
    async def run(bench: Bench) -> None:
        assert await bench.type('AT+QURCCFG="urcport"') == answer('+QURCCFG: "urcport","usbat"')
        bench.module.network.drop_pdp(1)
        assert bench.module.take() == b""
        await bench.ok('AT+QURCCFG="urcport","uart1"')
        bench.module.network.drop_pdp(1)
        assert bench.module.take() == b'\r\n+QIURC: "pdpdeact",1\r\n'

    play("BG96", run, options={"urcport": "usbat"})


@cases(*FAMILIES)
def test_power_down_and_on(model: str) -> None:
    async def run(bench: Bench) -> None:
        assert await bench.type("AT+QPOWD") == OK + b"\r\nPOWERED DOWN\r\n"
        assert await bench.type("AT") == b""
        bench.module.press(100)
        bench.module.press(700)
        bench.module.clock.advance(300)
        lines = bench.module.take().split(b"\r\n")
        assert lines[1] == b"RDY"
        assert await bench.type("AT") == b"AT\r" + OK  # echo is on again

    play(model, run)


@rows("R306")
def test_restart_forgets_what_is_not_saved(tmp_path: Path | None = None) -> None:
    async def run(bench: Bench) -> None:
        await bench.ok("AT+CEREG=2")
        for item in ('"viewmode",1', '"showlength",1', '"open_time",5'):
            await bench.type("AT+QICFG=" + item)
        assert await bench.type("AT+CFUN=1,1") == OK
        bench.module.clock.advance(300)
        assert bench.module.take() == b"\r\nRDY\r\n"
        bench.module.terminal.echo = False
        assert await bench.type('AT+QICFG="viewmode"') == answer('+QICFG: "viewmode",1')
        assert await bench.type('AT+QICFG="showlength"') == answer('+QICFG: "showlength",1')
        assert await bench.type('AT+QICFG="open_time"') == answer('+QICFG: "open_time",36')
        assert await bench.type("AT+CEREG?") == answer("+CEREG: 0,1")

    play("BC65", run)


@rows("R203", "R204")
def test_nvram_file(tmp_path: Path) -> None:
    async def write(bench: Bench) -> None:
        await bench.type('AT+QICFG="dataformat",0,1')

    async def read(bench: Bench) -> None:
        assert await bench.type('AT+QICFG="dataformat"') == answer('+QICFG: "dataformat",0,1')

    play("BC25", write, nvram=tmp_path / "nvram.json")
    play("BC25", read, nvram=tmp_path / "nvram.json")


def test_functionality() -> None:
    async def run(bench: Bench) -> None:
        await bench.ok("AT+CFUN=4")
        assert await bench.type("AT+CEREG?") == answer("+CEREG: 0,0")
        assert await bench.type("AT+CGPADDR=1") == answer("+CGPADDR: 1")
        await bench.ok("AT+CFUN=1")
        assert await bench.type("AT+CEREG?") == answer("+CEREG: 0,1")
        assert await bench.type("AT+CGPADDR=1") == answer('+CGPADDR: 1,"10.76.51.180"')
        bench.module.network.stat = 3
        await bench.ok("AT+CFUN=0", "AT+CFUN=4")
        assert await bench.type("AT+CEREG?") == answer("+CEREG: 0,0")
        await bench.ok("AT+CFUN=1")
        assert await bench.type("AT+CEREG?") == answer("+CEREG: 0,3")
        assert await bench.type("AT+CFUN=2") == b"\r\n+CME ERROR: 50\r\n"

    play("BC25", run)


def test_reboot_in_the_middle_of_an_answer() -> None:
    async def run(bench: Bench) -> None:
        bench.module.fault("reboot", at_byte=10)
        assert await bench.type("AT+CGSN") == b"\r\n86642503"
        bench.module.clock.advance(0)
        bench.module.clock.advance(300)
        assert bench.module.take().startswith(b"\r\nRDY\r\n")

    play("BG96", run)


@rows("R219", "R426", "R453")
def test_deep_sleep_needs_the_switch() -> None:
    async def run(bench: Bench) -> None:
        bench.module.clock.advance(10_000)
        assert await bench.type("AT") == OK
        await bench.ok("AT+QSCLK=1")
        bench.module.clock.advance(999)
        await bench.ok("AT")
        bench.module.clock.advance(1000)
        assert bench.module.take() == b"\r\n+QATSLEEP\r\n"
        assert await bench.type("AT") == b""
        bench.module.pin("psm_eint", 0, 100)
        assert bench.module.take() == b"\r\n+QATWAKEUP\r\n"
        assert await bench.type("AT") == b""  # the first line is lost
        assert await bench.type("AT") == OK

    play("BC25", run, options={"first_at_lost": True})


@cases(
    ("no_sim", "AT+CPIN?", b"+CME ERROR: 10"),
    ("pin_required", "AT+CPIN?", b"+CPIN: SIM PIN"),
    ("sim_busy", "AT+CPIN?", b"+CME ERROR: 14"),
    ("searching", "AT+CEREG?", b"+CEREG: 0,2"),
    ("denied", "AT+CEREG?", b"+CEREG: 0,3"),
    ("roaming", "AT+CEREG?", b"+CEREG: 0,5"),
    ("no_signal", "AT+CSQ", b"+CSQ: 99,99"),
)
def test_faults_of_sim_and_network(name: str, line: str, shown: bytes) -> None:
    async def run(bench: Bench) -> None:
        bench.module.fault(name)
        assert shown in await bench.type(line)
        assert bench.module.state()["faults"] == []

    play("BG96", run)


def test_state_is_plain_data() -> None:
    import json

    async def run() -> None:
        module = VirtualModule("BG96", clock=Clock.stepped())
        module.files["a"] = b"12"
        module.fault("send_fail", id=3)
        shown = json.loads(json.dumps(module.state()))
        assert shown["files"] == {"a": 2} and shown["faults"][0]["name"] == "send_fail"
        await module.aclose()

    asyncio.run(run())


def test_failures_of_the_modules_own_code_are_not_swallowed() -> None:
    async def run() -> None:
        module = VirtualModule("BG96", clock=Clock.stepped())

        async def broken() -> None:
            raise ZeroDivisionError

        module.spawn(broken())
        await module.settle()
        try:
            await module.aclose()
        except ZeroDivisionError:
            return
        raise AssertionError("nothing was raised")

    asyncio.run(run())


def test_only_a_module_that_nothing_can_reach_is_settled_without_waiting() -> None:
    async def run() -> None:
        module = VirtualModule("BG96", clock=Clock.stepped())
        assert module.is_alone() and not VirtualModule("BG96").is_alone()
        pipe = module.pipe()
        assert not module.is_alone()
        pipe.close()
        waiting = module.spawn(module.clock.sleep_ms(5))
        assert not module.is_alone()
        await asyncio.sleep(0)  # it begins
        module.clock.advance(5)
        await waiting
        await module.settle()
        assert module.is_alone()
        module.network.activate(1)
        module.feed(b'AT+QIOPEN=1,0,"UDP SERVICE","127.0.0.1",0,3030,0\r')
        await module.settle()
        assert module.connections.all() and not module.is_alone()
        await module.aclose()
        assert module.is_alone()

    asyncio.run(run())
