"""Commands of PSM and eDRX."""

from __future__ import annotations

from ..saving import EDRX_DEFAULT, seconds
from . import EXEC, READ, TEST, WRITE, Call, CmeError, command
from .basic import PARAMETER, number

REPORTED, RESET = 2, 3  # modes of AT+CEDRXS


def _bits(call: Call, index: int, count: int, default: str) -> str:
    if not call.has(index):
        return default
    arg = call.args[index]
    if not arg.quoted or len(arg.text) != count or arg.text.strip("01"):
        raise CmeError(PARAMETER)
    return arg.text


@command("+CPSMS", READ)
def psm(call: Call) -> None:
    """Power saving as it was asked for."""
    call.line('+CPSMS: %d,,,"%s","%s"' % call.module.saving.psm)


@command("+CPSMS", WRITE)
def set_psm(call: Call) -> None:
    """AT+CPSMS=<mode>[,,,"<T3412>","<T3324>"]: without a byte for T3324 the module is off, T3412 wakes it."""
    mode = number(call, 0, 0, 2)
    _mode, tau, active = call.module.saving.psm
    tau, active = _bits(call, 3, 8, tau), _bits(call, 4, 8, active)
    call.after(lambda: call.module.saving.ask(mode, tau, active))


@command("+CPSMS", TEST)
def psm_values(call: Call) -> None:
    """The modes, and eight bits for each timer."""
    call.line('+CPSMS: (0-2),,,("00000000"-"11111111"),("00000000"-"11111111")')


@command("+QPSMS", READ, feature="packet")
def granted(call: Call) -> None:
    """The same with the timers in seconds."""
    mode, tau, active = call.module.saving.psm
    call.line('+QPSMS: %d,,,"%d","%d"' % (mode, seconds(tau, False), seconds(active, True)))


@command("+CEDRXS", READ)
def edrx(call: Call) -> None:
    """eDRX as it was asked for."""
    mode, cycles = call.module.saving.edrx
    for act, bits in cycles.items() if mode else ():
        call.line('+CEDRXS: %d,"%s"' % (act, bits))
    if not mode:
        call.line("+CEDRXS: 0")


@command("+CEDRXS", WRITE)
def set_edrx(call: Call) -> None:
    """AT+CEDRXS=<mode>[,<act>,"<4 bits>"]; mode 2 prints +CEDRXP, 3 is off with the defaults."""
    saving = call.module.saving
    mode = number(call, 0, 0, 3)
    cycles = saving.edrx[1] if saving.edrx[0] else {}
    act = number(call, 1, 4, 5) if call.has(1) else next(iter(saving.edrx[1]))
    bits = _bits(call, 2, 4, saving.edrx[1].get(act, EDRX_DEFAULT[4]))
    if mode == RESET:
        saving.ask_edrx(0, EDRX_DEFAULT)
        return
    saving.ask_edrx(mode, {**cycles, act: bits})
    if mode == REPORTED and call.module.network.registered:
        call.after(lambda: call.module.urc('+CEDRXP: %d,"%s","%s","0000"' % (act, bits, bits)))


@command("+CEDRXRDP", EXEC)
def edrx_granted(call: Call) -> None:
    """What the network grants: what was asked for; 0 while there is none."""
    mode, cycles = call.module.saving.edrx
    on = mode in (1, REPORTED) and call.module.network.registered
    act, bits = next(iter(cycles.items()))
    call.line('+CEDRXRDP: %d,"%s","%s","0000"' % (act, bits, bits) if on else "+CEDRXRDP: 0")
