"""SIM, operator, radio technology, registration and attachment."""

from errno import EACCES, EPERM

from ._compat import const
from .command import ON_OK
from .errors import NetworkError, unsupported
from .network import DENIED, QUICK_MS, Wish, grant
from .procedure import ask, number, prefix_of, reason, try_ask, wait_for, word
from .text import checked

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from ._types import Proc
    from .engine import Engine
    from .models.base import Family
    from .network import Network, Wanted

_OPERATOR_MS = 180_000
HOME = 1
SEARCHING_STAT = 2
DENIED_STAT = 3
ROAMING = 5
STATES = ("not searching", "home", "searching", "denied", "unknown", "roaming")


def wishes(family: "Family", operator: "str | None", rat: "str | None") -> "list[Wish]":
    """What connect() is told about operator and radio technology, checked before a byte is sent."""
    found = []
    if rat is not None:
        if not family.rats:
            raise unsupported(family.name, "choice of radio technologies")
        if rat not in family.rats:
            raise ValueError("rat must be one of %s" % " ".join(sorted(family.rats)))
        for query, wanted, command in family.rats[rat]:
            found.append(Wish(query, list(wanted), command))
    if operator is not None:
        found.append(_operator(operator))
    return found


def _operator(operator: str) -> Wish:
    checked("operator", operator, 6)
    if operator == "auto":
        return Wish(b"AT+COPS?", ["0"], b"AT+COPS=0", _OPERATOR_MS)
    if len(operator) not in (5, 6) or not operator.isdigit():
        raise ValueError("operator must be 'auto', or MCC and MNC as 5 or 6 digits")
    return Wish(b"AT+COPS?", ["1", "2", operator], b'AT+COPS=1,2,"%s"' % operator.encode(), _OPERATOR_MS)


def technology(family: "Family", made: "list[Wish]") -> str:
    """The radio technology that these wishes choose, "" if they choose none."""
    told = [(wish.query, tuple(wish.wanted)) for wish in made]
    if not told:
        return ""
    for rat in family.rats:
        if all([(query, wanted) in told for query, wanted, _ in family.rats[rat]]):
            return rat
    return ""


def choose(engine: "Engine", wanted: "Wanted") -> "Proc[None]":
    """Operator and radio technology, where the caller has asked for them."""
    for wish in wanted.wishes:
        yield from grant(engine, wish)


# --- SIM --------------------------------------------------------------------------------------------------------------


def enter(engine: "Engine", net: "Network", wanted: "Wanted") -> "Proc[str]":
    """Ready, or the PIN is entered: once, because three wrong ones block a SIM."""
    entered = False
    while True:
        state = yield from sim_state(engine)
        if state == "READY":
            wanted.settle(True)
            return state
        if state == "SIM PIN" and not entered:
            yield from _enter_pin(engine, wanted)
            entered = True
        elif state == "SIM PUK":
            raise NetworkError(EACCES, "the SIM is blocked and wants its PUK", 12, "AT+CPIN?")
        yield from wait_for(engine, 500)


def sim_state(engine: "Engine") -> "Proc[str]":
    """What AT+CPIN? says, "" while the SIM is busy; NetworkError for what will not change by itself."""
    answer = yield from try_ask(engine, b"AT+CPIN?", b"+CPIN:", ON_OK, 5000)
    if not answer.ok and answer.code != 14:
        raise (yield from reason(engine, answer, b"AT+CPIN?", NetworkError))
    return word(answer.lines[0]) if answer.lines else ""


def _enter_pin(engine: "Engine", wanted: "Wanted") -> "Proc[None]":
    """One that was refused is forgotten: nobody enters it again but the caller.

    Nor one of which nobody knows what the SIM has made of it, before the SIM is ready.
    """
    if wanted.pin is None:
        text = "the SIM wants another PIN" if wanted.refused or wanted.entered else "the SIM wants a PIN: give pin="
        raise NetworkError(EACCES, text, 11, "AT+CPIN?")
    pin = wanted.enter()
    answer = yield from try_ask(engine, b'AT+CPIN="%s"' % pin.encode(), None, ON_OK, 5000, None, True)
    wanted.settle(answer.ok)
    if not answer.ok:
        raise NetworkError(EACCES, "the SIM refused the PIN", answer.code, "AT+CPIN")


# --- registration -----------------------------------------------------------------------------------------------------


def register(engine: "Engine", net: "Network") -> "Proc[str]":
    """Until home or roaming; denied is an answer of its own.  The step's time limit ends the search."""
    while True:
        stat = yield from registered(engine)
        if stat in (HOME, ROAMING):
            engine.stat = stat
            return STATES[stat]
        if stat == DENIED_STAT:
            net.state = DENIED
            raise NetworkError(EPERM, "the network denies registration: check the SIM's subscription")
        yield from wait_for(engine, 1000)


def registered(engine: "Engine") -> "Proc[int]":
    """The best of what the family's registration commands say: home or roaming in one of them will do.

    Denied counts only if none of the others still searches.
    """
    stats = []
    for query in engine.family.registrations:
        answer = yield from try_ask(engine, query, prefix_of(query), ON_OK, QUICK_MS)
        stat = number(answer.lines[0], 1) if answer.lines else -1
        if stat in (HOME, ROAMING):
            return stat
        stats.append(stat)
    if SEARCHING_STAT in stats:
        return SEARCHING_STAT
    return DENIED_STAT if DENIED_STAT in stats else stats[0]


def attach(engine: "Engine") -> "Proc[None]":
    while True:
        lines = yield from ask(engine, b"AT+CGATT?", b"+CGATT:", ON_OK, 5000)
        if lines and number(lines[0], 0) == 1:
            return
        yield from wait_for(engine, 1000)
