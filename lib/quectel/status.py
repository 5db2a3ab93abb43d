"""What the modem tells of itself: status(what), info(), and diagnose(), which says in words what to try."""

from errno import EACCES

from ._compat import const
from .contact import answers
from .errors import NetworkError, QuectelError
from .network import QUICK_MS, read_clock
from .pdp import has_address, is_active
from .procedure import number, prefix_of, try_ask, values
from .registration import DENIED_STAT, HOME, ROAMING, SEARCHING_STAT, STATES, registered, sim_state
from .text import decode

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable

    from ._types import Proc
    from .engine import Engine
    from .network import Network

    Check = Callable[[Engine, Network], Proc[str]]
    Found = tuple[str, bool, str]

_NAMES = ("rssi", "operator", "rat", "cell")
_RATS = {0: "GSM", 2: "UTRAN", 3: "EGPRS", 7: "LTE", 8: "LTE-M", 9: "NB-IoT"}  # <AcT> of 27.007
_UNKNOWN = const(99)
_WEAK_DBM = -107
_PATIENCE_MS = 5000


def check_name(what: str) -> None:
    """ValueError for what status() does not know."""
    if what not in _NAMES:
        raise ValueError("status() knows %s, not %r" % (" ".join(_NAMES), what))


def look(engine: "Engine", what: str) -> "Proc[object]":
    """Procedure; see Modem.status()."""
    if what == "rssi":
        return (yield from _rssi(engine))
    if what == "cell":
        return (yield from _cell(engine))
    name, rat = yield from _operator(engine)
    return name if what == "operator" else rat


def _fields(engine: "Engine", query: bytes, limit_ms: int = QUICK_MS) -> "Proc[list[str]]":
    """The fields of the first line; none where the module refuses to tell."""
    answer = yield from try_ask(engine, query, prefix_of(query), limit_ms=limit_ms)
    return values(answer.lines[0]) if answer.lines else []


def _rssi(engine: "Engine") -> "Proc[int | None]":
    answer = yield from try_ask(engine, b"AT+CSQ", b"+CSQ:", limit_ms=QUICK_MS)
    level = number(answer.lines[0], 0) if answer.lines else -1
    return None if level < 0 or level == _UNKNOWN else 2 * level - 113


def _operator(engine: "Engine") -> "Proc[tuple[str, str]]":
    told = yield from _fields(engine, b"AT+COPS?", _PATIENCE_MS)
    told += [""] * (4 - len(told))
    rat = _RATS.get(int(told[3]), told[3]) if told[3].isdigit() else ""
    return told[2], rat


def _cell(engine: "Engine") -> "Proc[tuple[str, str] | None]":
    """(area, cell) in hex: registration tells them while it is asked to, so what it was asked for is put back."""
    query = engine.family.registrations[0]
    before = yield from _fields(engine, query)
    told = before
    if before and before[0] != "2":
        yield from try_ask(engine, query[:-1] + b"=2")
        told = yield from _fields(engine, query)
        yield from try_ask(engine, query[:-1] + b"=" + (before[0].encode() if before[0].isdigit() else b"0"))
    return (told[2], told[3]) if len(told) > 3 else None


# --- info -------------------------------------------------------------------------------------------------------------


def info(engine: "Engine", net: "Network", state: int) -> "Proc[dict[str, object]]":
    """Procedure; see Modem.info()."""
    name, rat = yield from _operator(engine)
    found: "dict[str, object]" = {
        "family": engine.family.name,
        "model": net.model,
        "baud": engine.baud,
        "status": state,
        "epoch": engine.epoch,
        "address": net.address,
        "apn": net.apn,
        "dns": net.dns,
        "operator": name,
        "rat": rat,
    }
    found["rssi"] = yield from _rssi(engine)
    found["cell"] = yield from _cell(engine)
    family = engine.family
    for key, query in (
        ("imei", family.imei),
        ("imsi", b"AT+CIMI"),
        ("iccid", family.iccid),
        ("revision", b"AT+CGMR"),
    ):
        found[key] = yield from _word(engine, query)
    yield from read_clock(engine, net)
    found["clock"] = net.clock
    return found


def _word(engine: "Engine", query: bytes) -> "Proc[str]":
    """With the command's name in front, or without; "" where the module does not tell."""
    answer = yield from try_ask(engine, query, prefix_of(query), limit_ms=QUICK_MS)
    if not answer.lines:
        return ""
    line = answer.lines[0]
    return decode(line, line.find(b":") + 1, len(line)).strip(' "')


# --- diagnose ---------------------------------------------------------------------------------------------------------


class Wrong(Exception):
    """What a check has found; its text says what to try.  It does not leave this module."""


def diagnose(engine: "Engine", net: "Network") -> "Proc[list[Found]]":
    """Procedure; see Modem.diagnose().  The first step that fails is the last: what stands below rests on it."""
    found: "list[Found]" = []
    for name, check in _CHECKS:
        try:
            words = yield from check(engine, net)
            if words:  # none: this family has no such thing
                found.append((name, True, words))
        except Wrong as wrong:
            found.append((name, False, str(wrong)))
            break
        except QuectelError as error:
            found.append((name, False, str(error)))
            break
    return found


def _power(engine: "Engine", net: "Network") -> "Proc[str]":
    if not (yield from answers(engine, _PATIENCE_MS)):
        raise Wrong(
            "the module does not answer: check its supply, whether it was switched on with the power key, that TX goes "
            "to RX both ways, and the baud rate (%d)" % engine.baud
        )
    return "the module answers at %d baud" % engine.baud


def _identity(engine: "Engine", net: "Network") -> "Proc[str]":
    model = yield from _word(engine, b"AT+CGMM")
    for name in engine.family.modules:
        if name.replace("-", "") in model.replace("-", "").upper():
            return model
    raise Wrong("this module says %r, the driver was made for %s: choose its family" % (model, engine.family.name))


def _sim(engine: "Engine", net: "Network") -> "Proc[str]":
    try:
        state = yield from sim_state(engine)
    except NetworkError as error:
        if error.errno == EACCES:
            raise
        raise Wrong("%s: check that the SIM sits right, and switch the module off and on" % error.text) from error
    if state == "READY":
        return "the SIM is ready"
    advice = {"SIM PIN": "give connect(pin=)", "SIM PUK": "unblock the SIM in a telephone", "": "wait and try again"}
    raise Wrong("the SIM says %r: %s" % (state or "busy", advice.get(state, "take its lock off in a telephone")))


def _signal(engine: "Engine", net: "Network") -> "Proc[str]":
    rssi = yield from _rssi(engine)
    if rssi is None:
        raise Wrong("no signal: check the antenna and its plug, the bands, and whether the operator serves this place")
    if rssi < _WEAK_DBM:
        return "%d dBm, which is weak: a better place for the antenna helps" % rssi
    return "%d dBm" % rssi


def _registration(engine: "Engine", net: "Network") -> "Proc[str]":
    stat = yield from registered(engine)
    if stat in (HOME, ROAMING):
        name, rat = yield from _operator(engine)
        return "%s, %s %s" % (STATES[stat], name, rat)
    if stat == DENIED_STAT:
        raise Wrong("registration is denied: the SIM is not activated, not paid for, or may not roam here")
    if stat == SEARCHING_STAT:
        raise Wrong("still searching: wait, up to some minutes at the first time; check operator= and rat=")
    if stat == 0:
        raise Wrong("the module does not search: AT+CFUN=1 switches its radio on, AT+COPS=0 its own choice of operator")
    raise Wrong("registration is %s: restart the module" % (STATES[stat] if 0 <= stat < len(STATES) else "not told"))


def _attach(engine: "Engine", net: "Network") -> "Proc[str]":
    told = yield from _fields(engine, b"AT+CGATT?")
    if told[:1] != ["1"]:
        raise Wrong("not attached to the packet service: check that the SIM's tariff has data, then connect() again")
    return "attached"


def _context(engine: "Engine", net: "Network") -> "Proc[str]":
    if engine.family.qiact:
        up = yield from is_active(engine, net, engine.pdp)
    else:
        up = yield from has_address(engine, net)
    if not up:
        raise Wrong("no address: check APN, user, password and auth of connect(), which brings the context up")
    if engine.pdp_lost:
        raise Wrong("the network has taken the context down: connect() again, or keep_online()")
    return net.address


def _servers(engine: "Engine", net: "Network") -> "Proc[str]":
    """R098: without one no name is found."""
    record = engine.family.diagnostics
    if record is None:
        return ""
    answer = yield from try_ask(engine, record.dns_query, prefix_of(record.dns_query))
    told = [one for line in answer.lines for one in values(line)[len(record.dns_lead) :]]
    servers = [one for one in told if one.strip("0.:")]
    if answer.ok and not servers:
        raise Wrong("no DNS server: dns_servers('8.8.8.8', '1.1.1.1') sets two, or use addresses in place of names")
    return " ".join(servers) or "the module does not tell its DNS servers"


def _tls(engine: "Engine", net: "Network") -> "Proc[str]":
    """R098: what may be wrong when TLS alone fails."""
    if net.tls_trouble:
        raise Wrong(
            "%s: check that the server speaks the version= and one of the suites= of the TLSContext, that ca= is the "
            "root of its certificate, and cert= and key= if it wants a client certificate" % net.tls_trouble
        )
    return "no TLS connection has failed" if engine.family.tls else ""
    yield


def _time(engine: "Engine", net: "Network") -> "Proc[str]":
    yield from read_clock(engine, net)
    if not net.clock_is_set():
        raise Wrong("the module's clock says %r: ntp() or set_clock(), or TLS refuses certificates" % net.clock)
    return net.clock


_CHECKS: "tuple[tuple[str, Check], ...]" = (
    ("power", _power),
    ("identity", _identity),
    ("sim", _sim),
    ("signal", _signal),
    ("register", _registration),
    ("attach", _attach),
    ("pdp", _context),
    ("dns", _servers),
    ("clock", _time),
    ("tls", _tls),
)
