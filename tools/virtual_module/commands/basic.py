"""Commands that every family has: identity, echo, errors, power, port."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from .. import words
from ..line import RATES
from . import EXEC, READ, TEST, WRITE, Call, CmeError, command

if TYPE_CHECKING:
    from ..module import VirtualModule

PARAMETER, NOT_ALLOWED = 50, 3


def number(call: Call, index: int, low: int, high: int) -> int:
    """A number of a command that is not TCP/IP: +CME ERROR: 50 instead of 552."""
    arg = call.args[index] if call.has(index) else None
    if arg is None or arg.quoted or not arg.text.isdigit() or not low <= int(arg.text) <= high:
        raise CmeError(PARAMETER)
    return int(arg.text)


def basic_number(call: Call, high: int) -> int:
    """The number behind a basic command (ATE1); none is 0."""
    value = int(call.args[0].text) if call.args else 0
    if value > high:
        raise CmeError(words.NO_CODE)
    return value


@command("E", EXEC)
def echo(call: Call) -> None:
    """ATE0, ATE1 (R388)."""
    call.terminal.echo = bool(basic_number(call, 1))


@command("I", EXEC)
def identify(call: Call) -> None:
    """ATI."""
    lines = ("Quectel", call.module.model, "Revision: " + call.family.revision)
    call.terminal.answer_lines(["\r\n".join(lines)])


@command("+CGMM", EXEC)
@command("+GMM", EXEC)
def model(call: Call) -> None:
    """The module's name, without a prefix."""
    call.line(call.module.model)


@command("+CGMI", EXEC)
@command("+GMI", EXEC)
def maker(call: Call) -> None:
    """The manufacturer."""
    call.line("Quectel")


@command("+CGMR", EXEC)
@command("+GMR", EXEC)
def revision(call: Call) -> None:
    """The firmware's revision."""
    call.line(call.family.revision)


@command("+CGSN", EXEC)
@command("+GSN", EXEC)
def imei(call: Call) -> None:
    """The IMEI, bare."""
    call.line(call.options.text("imei"))


@command("+CGSN", WRITE)
def imei_form(call: Call) -> None:
    """AT+CGSN=1 prints the IMEI with a prefix (27.007)."""
    which = number(call, 0, 0, 1)
    call.line(("+CGSN: %s" if which else "%s") % call.options.text("imei"))


@command("+CIMI", EXEC)
def imsi(call: Call) -> None:
    """The IMSI; needs a SIM that is ready."""
    need_sim(call)
    call.line(call.options.text("imsi"))


@command("+QCCID", EXEC, READ)
def iccid(call: Call) -> None:
    """The number of the SIM card."""
    if call.module.sim.state == "ABSENT":
        raise CmeError(call.module.sim.code)
    call.line("+QCCID: " + call.options.text("iccid"))


def need_sim(call: Call) -> None:
    """Fail with the SIM's code unless it is ready."""
    if call.module.sim.code:
        raise CmeError(call.module.sim.code)


@command("+CMEE", READ)
def cmee(call: Call) -> None:
    """How errors are printed."""
    call.line("+CMEE: %d" % call.terminal.cmee)


@command("+CMEE", WRITE)
def set_cmee(call: Call) -> None:
    """0 ERROR, 1 number, 2 words (R020)."""
    call.terminal.cmee = number(call, 0, 0, 2)


@command("+CMEE", TEST)
def cmee_values(call: Call) -> None:
    """The styles there are."""
    call.line("+CMEE: (0-2)")


@command("+CFUN", READ)
def functionality(call: Call) -> None:
    """1 full, 0 minimum, 4 radio off."""
    call.line("+CFUN: %d" % call.module.power.functionality)


@command("+CFUN", WRITE)
def set_functionality(call: Call) -> None:
    """AT+CFUN=<fun>[,<rst>]; rst 1 restarts the module."""
    value = number(call, 0, 0, 4)
    if value not in (0, 1, 4):
        raise CmeError(PARAMETER)
    restart = call.has(1) and number(call, 1, 0, 1) == 1
    power = call.module.power
    call.after(power.announced_restart if restart else lambda: power.set_functionality(value))


@command("+CPIN", READ)
def pin_state(call: Call) -> None:
    """READY, SIM PIN or SIM PUK; +CME ERROR when there is no card."""
    state = call.module.sim.state
    if state not in ("READY", "PIN", "PUK"):
        raise CmeError(call.module.sim.code)
    call.line("+CPIN: " + ("READY" if state == "READY" else "SIM " + state))


@command("+CPIN", WRITE)
def enter_pin(call: Call) -> None:
    """Enter the PIN: 16 when it is wrong, 3 when none is asked for."""
    sim = call.module.sim
    if not call.has(0):
        raise CmeError(PARAMETER)
    if sim.state != "PIN":
        raise CmeError(NOT_ALLOWED if sim.state == "READY" else sim.code)
    if not sim.enter(call.args[0].text):
        raise CmeError(16)
    call.after(lambda: call.module.urc("+CPIN: READY"))


def clock_now(module: VirtualModule) -> datetime:
    """The module's clock: what was set, plus the time that passed since."""
    start, at_ms = module.wall
    return start + timedelta(milliseconds=module.clock.now_ms() - at_ms)


def stamp(when: datetime, four_digits: bool = False) -> str:
    """ "yy/MM/dd,hh:mm:ss+zz", zz in quarters of an hour."""
    offset = when.utcoffset() or timedelta()
    quarters = int(offset.total_seconds()) // 900
    return when.strftime("%Y/" if four_digits else "%y/") + when.strftime("%m/%d,%H:%M:%S") + "%+03d" % quarters


@command("+CCLK", READ)
def wall_clock(call: Call) -> None:
    """The module's clock."""
    call.line('+CCLK: "%s"' % stamp(clock_now(call.module)))


@command("+CCLK", WRITE)
def set_wall_clock(call: Call) -> None:
    """Set the clock: "yy/MM/dd,hh:mm:ss[+zz]", zz -48 to 56."""
    if not call.has(0) or not call.args[0].quoted:
        raise CmeError(PARAMETER)
    call.module.set_wall(parse_stamp(call.args[0].text))


def parse_stamp(text: str) -> datetime:
    """The time that a stamp means; +CME ERROR: 50 for anything else."""
    body, zone = (text[:17], text[17:]) if len(text) > 17 else (text, "+00")
    try:
        quarters = int(zone)
        if zone[0] not in "+-" or not -48 <= quarters <= 56:
            raise ValueError(zone)
        plain = datetime.strptime(body, "%y/%m/%d,%H:%M:%S")
    except ValueError:
        raise CmeError(PARAMETER) from None
    return plain.replace(tzinfo=timezone(timedelta(minutes=15 * quarters)))


@command("+QLTS", EXEC, WRITE, feature="lte_tcpip")
def network_time(call: Call) -> None:
    """The network's time: 0 as it was told last, 1 UTC now, 2 local time now; empty when it has told none."""
    mode = number(call, 0, 0, 2) if call.args else 0
    told = call.options.text("network_time")
    if not told or not call.module.network.registered:
        call.line('+QLTS: ""')
        return
    utc, zone = datetime.strptime(told[:17], "%y/%m/%d,%H:%M:%S"), int(told[17:] or 0)
    if mode:
        utc += timedelta(milliseconds=call.module.clock.now_ms())
    if mode != 1:
        utc += timedelta(minutes=15 * zone)
    call.line('+QLTS: "%s%+03d,0"' % (utc.strftime("%Y/%m/%d,%H:%M:%S"), zone))


@command("+IPR", READ)
def rate(call: Call) -> None:
    """The port's rate."""
    call.line("+IPR: %d" % call.module.line.setting)


@command("+IPR", WRITE)
def set_rate(call: Call) -> None:
    """A new rate, after OK; 0 is auto-baud, where the module starts with it."""
    value = number(call, 0, 0, RATES[-1])
    if value not in RATES and (value or call.options.number("ipr")):
        raise CmeError(PARAMETER)
    call.after(lambda: call.module.set_rate(value))


@command("+IFC", READ)
def flow(call: Call) -> None:
    """Flow control: 0,0 none, 2,2 RTS/CTS."""
    call.line("+IFC: %d,%d" % call.module.power.flow)


@command("+IFC", WRITE)
def set_flow(call: Call) -> None:
    """With 2 as the first value the pin cts holds the module's bytes back."""
    values = number(call, 0, 0, 2), number(call, 1, 0, 2)
    if 1 in values:
        raise CmeError(PARAMETER)
    call.module.power.flow = values


@command("+QPOWD", EXEC, WRITE)
def power_down(call: Call) -> None:
    """OK, then POWERED DOWN, then nothing."""
    if call.args:
        number(call, 0, 0, 1)
    call.after(call.module.power.announced_off)


@command("+QURCCFG", WRITE)
def urc_port(call: Call) -> None:
    """AT+QURCCFG="urcport"[,port]: where URCs go; on a UART only "uart1" shows them."""
    if not call.args or call.args[0].text != "urcport":
        raise CmeError(PARAMETER)
    if len(call.args) == 1:
        call.line('+QURCCFG: "urcport","%s"' % call.options.text("urcport"))
        return
    port = call.args[1].text
    if port not in ("usbat", "usbmodem", "uart1", "all"):
        raise CmeError(PARAMETER)
    call.options["urcport"] = "uart1" if port == "all" else port


@command("+QSCLK", READ)
def sleep_mode(call: Call) -> None:
    """Sleep mode."""
    call.line("+QSCLK: %d" % call.module.power.sleep_mode)


@command("+QSCLK", WRITE)
def set_sleep_mode(call: Call) -> None:
    """0 no sleep, 1 sleep (BC25: deep sleep after a while, R222), 2 light sleep."""
    call.module.power.sleep_mode = number(call, 0, 0, 2)
    call.after(call.module.power.stay_awake)


@command("&D", EXEC)
def dtr(call: Call) -> None:
    """What DTR does: 0 nothing, 1 back to command lines, 2 the same and hang up."""
    call.module.power.dtr_mode = basic_number(call, 2)


@command("&W", EXEC)
def store(call: Call) -> None:
    """The port's rate is kept over a restart."""
    call.module.save("ipr", call.module.line.setting)


@command("&F", EXEC)
@command("&C", EXEC)
@command("V", EXEC)
@command("Q", EXEC)
def accepted(call: Call) -> None:
    """Taken and without effect here."""
    if call.command.name in ("V", "Q") and basic_number(call, 1) != (1 if call.command.name == "V" else 0):
        raise CmeError(words.NO_CODE)


@command("Z", EXEC)
def reset_settings(call: Call) -> None:
    """ATZ: settings of the port as stored."""
    call.terminal.echo = True
    call.terminal.cmee = call.options.number("cmee")


@command("+QISDE", READ, feature="lte_tcpip")
def data_echo(call: Call) -> None:
    """Echo of data typed after the prompt (LTE)."""
    call.line("+QISDE: %d" % call.terminal.data_echo)


@command("+QISDE", WRITE, feature="lte_tcpip")
def set_data_echo(call: Call) -> None:
    """0 off, 1 on (the default of the LTE families)."""
    call.terminal.data_echo = bool(call.integer(0, 0, 1))
