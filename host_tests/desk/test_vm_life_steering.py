"""Whatever may happen to a module can be had from the command line, the control port and Python, on a stepped clock."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest
from test_vm_interfaces import connect, end, launched, read_line, read_until
from virtual_module import VirtualModule, cli
from virtual_module.control import obey

WAYS = ("--fault", "control", "python")
HOUR, MINUTE = 3_600_000, 60_000
Check = Callable[[VirtualModule], None]


def steered(way: str, model: str, *faults: str, **options: object) -> VirtualModule:
    """A module to which these happen: "NAME:k=v,..." each."""
    given = ["--model", model, "--tcp", "127.0.0.1:0", "--clock", "stepped", "--option", "boot_ms=3000"]
    for name, value in options.items():
        given += ["--option", "%s=%s" % (name, value)]
    for fault in faults if way == "--fault" else ():
        given += ["--fault", fault]
    module = cli.make(cli.parser().parse_args(given), None)
    module.terminal.echo = False
    for fault in faults if way != "--fault" else ():
        name, _, params = fault.partition(":")
        if way == "python":
            module.fault(name, **cli.pairs(params))
        else:
            line = json.dumps({"do": "fault", "name": name, **cli.pairs(params)})
            assert obey(module, line.encode())["ok"], line
    return module


def said(module: VirtualModule, line: str) -> bytes:
    module.feed(line.encode() + b"\r")
    return module.take()


def steps(module: VirtualModule, ms: int, way: str = "control") -> bytes:
    """Let time pass, over the control port or in Python."""
    if way == "python":
        module.clock.advance(ms)
    else:
        assert obey(module, b'{"do":"advance","ms":%d}' % ms)["ok"]
    return module.take()


def on_loop(test: "Callable[[], None]") -> None:
    """Connections that come up are tasks."""

    async def run() -> None:
        test()

    asyncio.run(run())


# --- one thing at a time ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("fault", "line", "shown"),
    [
        ("no_sim", "AT+CPIN?", b"+CME ERROR: 10"),
        ("pin_required", "AT+CPIN?", b"+CPIN: SIM PIN"),
        ("puk_required", "AT+CPIN?", b"+CPIN: SIM PUK"),
        ("sim_failure", "AT+CPIN?", b"+CME ERROR: 13"),
        ("sim_busy", "AT+CPIN?", b"+CME ERROR: 14"),
        ("unregistered", "AT+CEREG?", b"+CEREG: 0,0"),
        ("searching", "AT+CEREG?", b"+CEREG: 0,2"),
        ("denied", "AT+CEREG?", b"+CEREG: 0,3"),
        ("roaming", "AT+CEREG?", b"+CEREG: 0,5"),
        ("no_signal", "AT+CSQ", b"+CSQ: 99,99"),
        ("signal:rssi=7", "AT+CSQ", b"+CSQ: 7,99"),
        ("signal", "AT+CSQ", b"+CSQ: 5,99"),
    ],
)
def test_states_and_how_they_end(way: str, fault: str, line: str, shown: bytes) -> None:
    for_a_while = "%s%sms=60000" % (fault, "," if ":" in fault else ":")
    for one, lasts in ((fault, True), (for_a_while, False)):
        module = steered(way, "BG96", one)
        module.terminal.cmee = 1
        assert shown in said(module, line) and module.state()["faults"] == []
        steps(module, 59_999)
        assert shown in said(module, line)
        steps(module, 1)
        assert (shown in said(module, line)) == lasts


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("model", ["BG96", "EC200U", "BC65", "BC25", "BC95-G"])
def test_boot_with_its_chain_and_its_times(way: str, model: str) -> None:
    module = steered(way, model, "reboot", boot_step_ms=700)
    module.clock.advance(0)
    chain = module.family.boot_urcs
    assert said(module, "AT") == b"" and steps(module, 2999) == b""
    assert steps(module, 1) == b"\r\n%s\r\n" % chain[0].encode()
    module.terminal.echo = False
    for text in chain[1:]:
        assert steps(module, 699) == b"" and said(module, "AT") == b"\r\nOK\r\n"
        assert steps(module, 1) == b"\r\n%s\r\n" % text.encode()
    assert steps(module, HOUR) == b""


@pytest.mark.parametrize("way", WAYS)
def test_a_restart_at_any_byte(way: str) -> None:
    whole = b"\r\n+CSQ: 24,99\r\n\r\nOK\r\n"
    for at in range(len(whole) + 1):
        module = steered(way, "BG96", "reboot:at_byte=%d" % at)
        assert said(module, "AT+CSQ") == whole[:at]
        steps(module, 0)
        assert module.power.state == "booting"
        assert b"RDY" in steps(module, 3000)
    for at in range(1, 8):
        module = steered(way, "BG96", "reboot:to=module,at_byte=%d" % at)
        assert said(module, "AT+CSQ") == b"" and b"RDY" in steps(module, 3001)


@pytest.mark.parametrize("way", WAYS)
def test_silence_of_all_kinds(way: str) -> None:
    module = steered(way, "BG96", "no_answer:times=2")
    assert [said(module, "AT") for _ in range(3)] == [b"", b"", b"\r\nOK\r\n"]
    module = steered(way, "BG96", "hang")
    assert said(module, "AT") == steps(module, HOUR) == b""
    assert obey(module, b'{"do":"press","ms":800}')["ok"] and obey(module, b'{"do":"press","ms":800}')["ok"]
    assert b"RDY" in steps(module, 3000)
    module = steered(way, "BG96", "power_lost")
    assert said(module, "AT") == steps(module, HOUR) == b"" and module.power.state == "off"
    module.pin("pwrkey", 0, 800)
    assert b"RDY" in steps(module, 4000)


@pytest.mark.parametrize("way", WAYS)
def test_sleep_that_eats_the_first_characters(way: str) -> None:
    module = steered(way, "BC25", "eats_bytes:count=4")
    assert [said(module, "AT") for _ in range(3)] == [b"", b"\r\nERROR\r\n", b"\r\nOK\r\n"]
    on_loop(lambda: _falls_asleep(way))
    module = steered(way, "BG96", "falls_asleep")
    assert module.power.state == "psm" and said(module, "AT") == b""
    module.press(600)
    assert b"RDY" in steps(module, 3000)


def _falls_asleep(way: str) -> None:
    module = steered(way, "BC25", "falls_asleep", first_at_lost="true")
    assert module.take() == b"\r\n+QATSLEEP\r\n" and said(module, "AT") == b""
    assert obey(module, b'{"do":"pin","name":"psm_eint","level":0,"ms":100}')["ok"]
    assert module.take() == b"\r\n+QATWAKEUP\r\n"
    assert [said(module, "AT") for _ in range(2)] == [b"", b"\r\nOK\r\n"]


@pytest.mark.parametrize("way", WAYS)
def test_a_wrong_rate(way: str) -> None:
    module = steered(way, "BG96", "wrong_rate:baud=9600")
    assert b"OK" not in said(module, "AT")
    assert obey(module, b'{"do":"rate","baud":null}')["ok"]
    said(module, "")
    assert said(module, "AT") == b"\r\nOK\r\n"


@pytest.mark.parametrize("way", WAYS)
def test_flow_control(way: str) -> None:
    module = steered(way, "BG96", "cts_high:ms=1000")
    assert said(module, "AT+IFC=2,2") == said(module, "AT") == b""
    assert steps(module, 999) == b"" and steps(module, 1) == b"\r\nOK\r\n\r\nOK\r\n"
    module = steered(way, "BG96", "cts_high")
    assert said(module, "AT") == b"\r\nOK\r\n"  # without flow control nobody looks at the line


@pytest.mark.parametrize("way", WAYS)
def test_the_context_is_lost_or_dead(way: str) -> None:
    module = steered(way, "BG96", "pdp_dropped:at_ms=60000", "pdp_drift:at_ms=120000,times=2")
    module.network.activate(1)
    assert steps(module, 60_000) == b'\r\n+QIURC: "pdpdeact",1\r\n' and said(module, "AT+QIACT?") == b"\r\nOK\r\n"
    module.network.activate(1)
    assert module.state()["faults"] == []
    steps(module, 60_000)
    assert [one["name"] for one in module.state()["faults"]] == ["pdp_drift"]
    assert b"+QIACT: 1,1" in said(module, "AT+QIACT?")


# --- a day ------------------------------------------------------------------------------------------------------------

DAY = (
    ("searching", 6 * HOUR, 20 * MINUTE),
    ("signal:rssi=3", 8 * HOUR, HOUR),
    ("denied", 10 * HOUR, 5 * MINUTE),
    ("roaming", 12 * HOUR, 3 * HOUR),
    ("no_signal", 20 * HOUR, 10 * MINUTE),
    ("sim_busy", 22 * HOUR, 30_000),
)


@pytest.mark.parametrize("way", WAYS)
def test_a_scripted_day(way: str) -> None:
    faults = ["%s%sat_ms=%d,ms=%d" % (one, "," if ":" in one else ":", at, ms) for one, at, ms in DAY]
    module = steered(way, "EC200U", *faults, "reboot:at_ms=%d" % (23 * HOUR))
    seen: "list[tuple[int, int, int, str]]" = []
    for minute in range(24 * 60):
        now = (module.network.stat, module.network.rssi, module.sim.state)
        if not seen or seen[-1][1:] != now:
            seen.append((minute, *now))
        steps(module, MINUTE, way)
    quiet = (1, 24, "READY")
    assert seen == [
        (0, *quiet),
        *((360, 2, 24, "READY"), (380, *quiet)),
        *((480, 1, 3, "READY"), (540, *quiet)),
        *((600, 3, 24, "READY"), (605, *quiet)),
        *((720, 5, 24, "READY"), (900, *quiet)),
        *((1200, 1, 99, "READY"), (1210, *quiet)),
        *((1320, 1, 24, "BUSY"), (1321, *quiet)),
    ]
    assert module.power.epoch == 1


@pytest.mark.parametrize("name", [None, "reboot"])
def test_what_is_to_come_can_be_called_off(name: "str | None") -> None:
    module = steered("python", "BG96", "reboot:at_ms=1000", "hang:at_ms=2000")
    module.clear(name)
    steps(module, 1500)
    assert module.power.state == "running"
    steps(module, 1000)
    assert module.power.state == ("hung" if name else "running")


# --- the program ------------------------------------------------------------------------------------------------------


def test_the_program_on_a_stepped_clock() -> None:
    with launched(
        *("--model", "BG96", "--tcp", "127.0.0.1:0", "--control", "127.0.0.1:0", "--clock", "stepped"),
        *("--option", "boot_ms=10000", "--fault", "reboot:at_ms=3600000", "--fault", "searching:at_ms=60000"),
    ) as process:
        where = read_line(process.stderr).split()[1]
        url = read_line(process.stdout).split()[1]
        with connect(url) as port, connect(where) as control:

            def advance(ms: int) -> None:
                control.sendall(b'{"do":"advance","ms":%d}\n' % ms)
                assert b'"ok": true' in read_until(control, b"\n")

            port.sendall(b"ATE0\r")
            read_until(port, b"\r\nOK\r\n")
            advance(60_000)
            port.sendall(b"AT+CEREG?\r")
            assert b"+CEREG: 0,2" in read_until(port, b"\r\nOK\r\n")
            advance(3_540_000)
            advance(10_000)
            assert read_until(port, b"+QIND: SMS DONE\r\n").startswith(b"\r\nRDY\r\n")
        assert end(process, 15) == (0, "", "")


@pytest.mark.parametrize("kind", ["fast", "0", "-1", "nan"])
def test_clocks_that_are_none(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--model", "BG96", "--tcp", "127.0.0.1:0", "--clock", kind]) == 2
    assert "--clock is real, stepped or a factor" in capsys.readouterr().err
