"""PDP contexts: how one is described, brought up, lost and taken down (R101 to R103, R128, R301)."""

from errno import ECONNRESET, EOPNOTSUPP

from ._compat import const
from .command import ON_OK
from .errors import NetworkError, QuectelError
from .network import IDLE, QUICK_MS, grant_due
from .procedure import ask, reason, try_ask, values, wait_for
from .text import checked, in_range

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from ._types import Proc
    from .engine import Engine
    from .models.base import Family
    from .network import Network, Wanted

_AUTH = {None: 0, "none": 0, "pap": 1, "chap": 2, "pap/chap": 3}
_TYPES = ("IPV4", "IPV6", "IPV4V6")
_ACT_MS = 150_000
_ACTIVE_MS = 5000  # for the answer to AT+QIACT?
_DEACT_MS = 40_000
_ATTACH_MS = 140_000
_AGAIN_MS = 1000  # between two looks for an address


def pdp_setup(
    family: "Family", pdp: int, ip: str, apn: "str | None", user: str, password: str, auth: "str | None"
) -> "bytes | None":
    """The command that describes a PDP context, checked before a byte is sent; None: it is left as it is."""
    in_range("pdp", pdp, 1, family.pdp_contexts)
    if ip not in _TYPES:
        raise ValueError("ip must be one of " + " ".join(_TYPES))
    if auth not in _AUTH:
        raise ValueError("auth must be None, 'none', 'pap', 'chap' or 'pap/chap'")
    kind = _TYPES.index(ip) + 1
    _check_pdp(family, pdp, kind, _AUTH[auth])
    if apn is None:
        if user or password or auth or kind > 1:
            raise ValueError("user, password, auth and ip describe the context of an apn")
        return None
    text = (checked("apn", apn, 100), checked("user", user, 127), checked("password", password, 127))
    what = (pdp, kind, text[0].encode(), text[1].encode(), text[2].encode(), _AUTH[auth])
    return b'AT+QICSGP=%d,%d,"%s","%s","%s",%d' % what


def _check_pdp(family: "Family", pdp: int, kind: int, auth: int) -> None:
    """QuectelError(EOPNOTSUPP) for what the family does not have; the NB families bring up context 1 by themselves."""
    if kind > family.pdp_types:
        raise QuectelError(EOPNOTSUPP, "%s brings no %s context up" % (family.name, _TYPES[kind - 1]))
    if family.qiact and auth >= family.pdp_auths:
        raise QuectelError(EOPNOTSUPP, "%s has no 'pap/chap'" % family.name)
    if pdp > 1 and not family.qiact:
        raise QuectelError(EOPNOTSUPP, "%s brings context 1 up by itself, and no other" % family.name)


def activate(engine: "Engine", net: "Network", wanted: "Wanted") -> "Proc[str]":
    """QICSGP and QIACT; a context that is active already is left alone (R103).

    One that the network has taken down is deactivated first.
    """
    pdp, setup = wanted.pdp, wanted.setup
    if engine.pdp_lost and pdp == engine.pdp:
        engine.table.fail_context(pdp, ECONNRESET, 570)
        yield from try_ask(engine, b"AT+QIDEACT=%d" % pdp, None, ON_OK, _DEACT_MS)
    if setup and not (yield from is_active(engine, net, pdp)):
        yield from ask(engine, setup, None, ON_OK, 0, None, True)
    if not (yield from is_active(engine, net, pdp)):
        yield from _act(engine, net, pdp)
    if pdp not in net.contexts:
        net.contexts.append(pdp)
    net.apn = wanted.apn
    return net.address


def _act(engine: "Engine", net: "Network", pdp: int) -> "Proc[None]":
    """Some firmware answers ERROR for a context that has come up meanwhile."""
    line = b"AT+QIACT=%d" % pdp
    answer = yield from try_ask(engine, line, None, ON_OK, _ACT_MS)
    error = None if answer.ok else (yield from reason(engine, answer, line, NetworkError))
    if not (yield from is_active(engine, net, pdp)) and error:
        raise error


def is_active(engine: "Engine", net: "Network", pdp: int) -> "Proc[bool]":
    """True if the context is active; its address goes into net.address (R103)."""
    lines = yield from ask(engine, b"AT+QIACT?", b"+QIACT:", ON_OK, _ACTIVE_MS)
    for line in lines:
        fields = values(line)
        if len(fields) >= 4 and fields[0] == str(pdp) and fields[1] == "1":
            net.address = fields[3]
            return True
    return False


def address(engine: "Engine", net: "Network", wanted: "Wanted") -> "Proc[str]":
    """The NB families bring the context up by themselves: wait for its address (R128).

    A context that the network has taken down without a word comes back with a new attachment.
    """
    if engine.pdp_lost:
        engine.table.fail_all(ECONNRESET, 570)
        yield from try_ask(engine, b"AT+CGATT=0", None, ON_OK, _ATTACH_MS)
        yield from ask(engine, b"AT+CGATT=1", None, ON_OK, _ATTACH_MS)
        engine.pdp_lost = False
    while not (yield from has_address(engine, net)):
        yield from wait_for(engine, _AGAIN_MS)
    return net.address


def switch_on(engine: "Engine", pdp: int) -> "Proc[None]":
    """Procedure: a context that a listener is to be in is activated, unless it is (R129)."""
    answer = yield from try_ask(engine, b"AT+CGACT?", b"+CGACT:", ON_OK, QUICK_MS)
    if answer.ok and [str(pdp), "1"] not in [values(line)[:2] for line in answer.lines]:
        yield from ask(engine, b"AT+CGACT=1,%d" % pdp, None, ON_OK, _ACT_MS)


def has_address(engine: "Engine", net: "Network") -> "Proc[bool]":
    """True if the network has given an address, which goes into net.address (R128)."""
    answer = yield from try_ask(engine, b"AT+CGPADDR?", b"+CGPADDR:", ON_OK, QUICK_MS)
    for line in answer.lines:
        fields = values(line)
        if len(fields) >= 2 and fields[1] not in ("", "0.0.0.0"):
            net.address = fields[1]
            return True
    return False


def name_servers(engine: "Engine", net: "Network", wanted: "Wanted") -> "Proc[str]":
    """The servers that the caller has asked for; else the network's, which the module asks without the driver."""
    if "dns" in net.due:
        yield from grant_due(engine, net)
    return net.dns if net.dns != "0.0.0.0" else "of the network"


def shut_down(engine: "Engine", net: "Network") -> "Proc[None]":
    """Deactivate the PDP contexts, where that is the host's business."""
    if engine.family.qiact:
        for pdp in net.contexts or [1]:
            yield from ask(engine, b"AT+QIDEACT=%d" % pdp, None, ON_OK, _DEACT_MS)
    net.contexts.clear()
    net.state = IDLE
    net.address = "0.0.0.0"
