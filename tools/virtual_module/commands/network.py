"""Registration, signal, attachment and PDP contexts that every family has."""

from __future__ import annotations

from . import EXEC, READ, TEST, WRITE, Call, CmeError, command
from .basic import need_sim, number

PARAMETER = 50
REGISTRATIONS = ("+CREG", "+CGREG", "+CEREG")
TYPES = {"IP": 1, "IPV6": 2, "IPV4V6": 3}
UNKNOWN = (99, 99)


@command("+CSQ", EXEC)
def signal(call: Call) -> None:
    """Signal strength 0-31, 99 unknown."""
    network = call.module.network
    here = (network.rssi, network.ber) if network.registered else UNKNOWN
    call.line("+CSQ: %d,%d" % here)


@command("+CSQ", TEST)
def signal_values(call: Call) -> None:
    """The ranges."""
    call.line("+CSQ: (0-31,99),(0-7,99)")


@command("+QCSQ", EXEC)
def quality(call: Call) -> None:
    """Signal by radio access technology."""
    network = call.module.network
    if not network.registered:
        call.line('+QCSQ: "NOSERVICE"')
        return
    rat = {0: "GSM", 8: "CAT-M1", 9: "CAT-NB1"}.get(network.act, "LTE")
    call.line('+QCSQ: "%s",%d,%d,%d,%d' % (rat, 2 * network.rssi - 113, -81, 195, -10))


@command("+CESQ", EXEC)
def extended_quality(call: Call) -> None:
    """Signal in 27.007's own units."""
    call.line("+CESQ: 99,99,255,255,20,50" if call.module.network.registered else "+CESQ: 99,99,255,255,255,255")


def _registration(call: Call) -> None:
    how = call.module.network.reporting.get(call.command.name, 0)
    call.line("%s: %d,%s" % (call.command.name, how, call.module.network.registration(how)))


def _report(call: Call) -> None:
    call.module.network.reporting[call.command.name] = number(call, 0, 0, 5)


def _report_values(call: Call) -> None:
    call.line("%s: (0-2)" % call.command.name)


for _name in REGISTRATIONS:
    command(_name, READ)(_registration)
    command(_name, WRITE)(_report)
    command(_name, TEST)(_report_values)


@command("+QNWINFO", EXEC)
def network_info(call: Call) -> None:
    """Technology, operator, band and channel."""
    network = call.module.network
    rat = {0: "GSM", 8: "CAT-M1", 9: "CAT-NB1"}.get(network.act, "FDD LTE")
    call.line('+QNWINFO: "%s","46001","LTE BAND 3",1650' % rat if network.registered else "+QNWINFO: No Service")


@command("+CGATT", READ)
def attached(call: Call) -> None:
    """1 when attached to the packet network."""
    call.line("+CGATT: %d" % call.module.network.attached)


@command("+CGATT", WRITE)
def attach(call: Call) -> None:
    """Attach or detach; detaching takes the contexts down."""
    need_sim(call)
    network = call.module.network
    wanted = number(call, 0, 0, 1) == 1
    if wanted and not network.registered:
        raise CmeError(30)
    network.attached = wanted
    if wanted:
        network.auto_activate()
        return
    for cid, context in network.contexts.items():
        if context.active:
            network.deactivate(cid)


@command("+CGPADDR", EXEC, READ, WRITE)
def addresses(call: Call) -> None:
    """The address of each active context, or of the one asked for. (The documents use the read form too.)"""
    contexts = call.module.network.contexts
    wanted = [number(call, 0, 1, len(contexts))] if call.args else [n for n, c in contexts.items() if c.active]
    lines = []
    for cid in wanted:
        shown = contexts[cid].addresses if contexts[cid].active else []
        lines.append(",".join(["+CGPADDR: %d" % cid, *('"%s"' % one for one in shown)]))
    call.terminal.answer_lines(lines)


@command("+CGDCONT", READ)
def contexts_defined(call: Call) -> None:
    """The contexts that were defined."""
    names = {value: name for name, value in TYPES.items()}
    call.terminal.answer_lines(
        '+CGDCONT: %d,"%s","%s","%s",0,0'
        % (cid, names[context.type], context.apn, context.addresses[0] if context.active else "0.0.0.0")
        for cid, context in call.module.network.contexts.items()
        if context.defined
    )


@command("+CGDCONT", WRITE)
def define_context(call: Call) -> None:
    """AT+CGDCONT=<cid>[,"IP"/"IPV6"/"IPV4V6"[,"apn"]]; the cid alone takes the definition back."""
    context = call.module.network.contexts[number(call, 0, 1, call.family.contexts)]
    if len(call.args) == 1:
        context.defined, context.apn = context.active, ""
        return
    kind = call.args[1].text.upper()
    if kind not in TYPES or not call.args[1].quoted:
        raise CmeError(PARAMETER)
    context.type, context.defined = TYPES[kind], True
    context.apn = call.args[2].text if call.has(2) else ""


@command("+CGACT", READ)
def contexts_active(call: Call) -> None:
    """The state of each defined context."""
    call.terminal.answer_lines(
        "+CGACT: %d,%d" % (cid, context.active)
        for cid, context in call.module.network.contexts.items()
        if context.defined
    )


@command("+CGACT", WRITE)
def activate_context(call: Call) -> None:
    """AT+CGACT=<0/1>,<cid>."""
    on, cid = number(call, 0, 0, 1), number(call, 1, 1, call.family.contexts)
    network = call.module.network
    if not on:
        network.deactivate(cid)
    elif not network.registered or not network.attached:
        raise CmeError(148)
    else:
        network.activate(cid)


@command("O", EXEC)
def back_to_data(call: Call) -> str:
    """ATO: back to the suspended transparent connection: CONNECT, or NO CARRIER (R423)."""
    connection = call.terminal.suspended
    if connection is None or call.module.connections.get(connection.number, connection.urc) is not connection:
        return "NO CARRIER"
    if not connection.connected:
        return "NO CARRIER"
    return call.transparent(connection)
