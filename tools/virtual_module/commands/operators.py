"""Choice of the operator and of the radio technology."""

from __future__ import annotations

from ..radio import DENIED, HOME, SEARCHING
from . import READ, TEST, WRITE, Call, CmeError, command
from .basic import PARAMETER, need_sim, number

AUTOMATIC, MANUAL, DEREGISTER, FORMAT, MANUAL_AUTOMATIC = range(5)
NO_SERVICE = 30
NUMERIC = 2
GSM, CAT_M, CAT_NB = 0, 8, 9
QCFG: "dict[str, tuple[int, int]]" = {  # item: (highest value, default); kept over a restart
    "nwscanmode": (3, 0),
    "iotopmode": (2, 2),
    "servicedomain": (2, 1),
    "roamservice": (255, 255),
    "psm/urc": (1, 0),
}


@command("+COPS", READ)
def operator(call: Call) -> None:
    """The operator in use, by name or number as AT+COPS=3 said."""
    network = call.module.network
    if not network.registered:
        call.line("+COPS: %d" % network.cops_mode)
        return
    name = network.plmn if network.cops_format == NUMERIC else network.operator
    call.line('+COPS: %d,%d,"%s",%d' % (network.cops_mode, network.cops_format, name, network.act))


@command("+COPS", TEST)
def operators(call: Call) -> None:
    """Those that are heard: 1 available, 2 in use, 3 forbidden."""
    network = call.module.network
    found = []
    for plmn, name in network.operators.items():
        used = network.registered and plmn == network.plmn
        state = 3 if plmn in network.forbidden else 2 if used else 1
        found.append('(%d,"%s","%s","%s",%d)' % (state, name, name, plmn, network.act))
    call.line("+COPS: %s,,(0-4),(0-2)" % ",".join(found))


@command("+COPS", WRITE)
def select_operator(call: Call) -> None:
    """AT+COPS=<mode>[,<format>[,<operator>[,<act>]]]: +CME ERROR: 30 for an operator that is not heard, or denies."""
    need_sim(call)
    network = call.module.network
    mode = number(call, 0, 0, 4)
    form = number(call, 1, 0, 2) if call.has(1) else network.cops_format
    if mode in (MANUAL, MANUAL_AUTOMATIC):
        _manual(call, mode, form)
        return
    network.cops_format = form
    if mode == FORMAT:
        return
    network.cops_mode = mode
    if mode == DEREGISTER:
        network.stat = 0
    elif not network.stat or network.manual_failed:
        network.manual_failed = False
        network.stat = HOME
        network.auto_activate()


def _manual(call: Call, mode: int, form: int) -> None:
    network = call.module.network
    if not call.has(2) or not call.args[2].quoted:
        raise CmeError(PARAMETER)
    asked = call.args[2].text
    found = [plmn for plmn, name in network.operators.items() if asked == (plmn if form == NUMERIC else name)]
    network.cops_mode, network.cops_format = mode, form
    free = not network.stat or network.manual_failed  # nothing but our own choice keeps the module off
    network.manual_failed = not found or found[0] in network.forbidden
    if not network.manual_failed:
        network.plmn, network.operator = found[0], network.operators[found[0]]
        if free:
            network.stat = HOME
            network.auto_activate()
        return
    if mode == MANUAL_AUTOMATIC:
        network.cops_mode, network.manual_failed = AUTOMATIC, False
        return
    network.stat = DENIED if found else SEARCHING
    raise CmeError(NO_SERVICE)


@command("+QCFG", WRITE, feature="packet")
def setting(call: Call) -> None:
    """AT+QCFG="<item>"[,<value>[,<effect>]]: the radio's items; the technology changes at once."""
    item = call.args[0].text if call.args and call.args[0].quoted else ""
    if item not in QCFG:
        raise CmeError(PARAMETER)
    if not call.has(1):
        call.line('+QCFG: "%s",%d' % (item, value_of(call, item)))
        return
    call.module.save("qcfg/" + item, number(call, 1, 0, QCFG[item][0]))
    if item in ("nwscanmode", "iotopmode"):
        call.module.network.act = _technology(call)


def value_of(call: Call, item: str) -> int:
    """What is set, or the default."""
    saved = call.module.nvram.get("qcfg/" + item)
    return saved if isinstance(saved, int) else QCFG[item][1]


def _technology(call: Call) -> int:
    if value_of(call, "nwscanmode") == 1:
        return GSM
    if call.family.act == 7:  # Cat 1: the modes of the Internet of Things are not its own
        return 7
    return {0: CAT_M, 1: CAT_NB}.get(value_of(call, "iotopmode"), call.family.act)
