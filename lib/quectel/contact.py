"""The first contact: the power key, the rate of the port, and AT until it is answered."""

from errno import ENODEV, EOPNOTSUPP

from ._compat import const
from .errors import NetworkError, QuectelError, QuectelTimeout
from .procedure import Limit, number, try_ask, wait_for

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable

    from ._types import Proc, Report
    from .engine import Engine
    from .network import Network

_CONTACT_MS = 30_000  # a module that boots may be silent for so long
_PATIENCE_MS = 5000  # for an answer at the usual rate, before others are tried
_GLANCE_MS = 400  # for an answer at another rate: one query, asked at once
_TRY_MS = 2600  # the same, of a module that is slow: two queries and more
_HEARD_MS = 3000  # and if something came: garbage of before spoils the first query, and the engine makes sure of it
_SETTLE_MS = 50  # behind a change of the rate
_PRESSES = 2  # the first switches a module off that was on, and only did not answer
# Rates of the port in baud, the usual ones first
RATES = (115_200, 9600, 57_600, 38_400, 19_200, 230_400, 460_800, 921_600, 4800)


def contact(engine: "Engine", net: "Network", report: "Report") -> "Proc[None]":
    """AT until it is answered: the first one may be lost, or the module still boots, or is off.

    One whose STATUS pin says that it is off gets its power key at once.  One that does not answer is looked for at
    other rates, briefly, if the UART has init(baudrate=); then its power key is pressed, if there is one, and the rates
    are tried with more patience; without a key the reset line is pulled in the end.  NetworkError(ENODEV) in the end.
    """
    report("power", "start", "")
    if net.lost_rate:  # a search was given up
        yield from _set_rate(engine, net, net.usual_rate())
        net.lost_rate = False
    if not (yield from _answers_at_once(engine, net)) and not (yield from _is_found(engine, net)):
        text = "the module does not answer: check power, wiring and baud rate"
        report("power", "failed", text)
        raise NetworkError(ENODEV, text)
    report("power", "done", "")
    yield from settle_rate(engine, net, report)


def _answers_at_once(engine: "Engine", net: "Network") -> "Proc[bool]":
    if net.is_on() == 0 and hasattr(net.pins, "pwrkey"):
        return (yield from switched_on(engine, net))
    return (yield from answers(engine, _PATIENCE_MS))


def _is_found(engine: "Engine", net: "Network") -> "Proc[bool]":
    """The order is that of the harm it does: the key switches off what is on, and a long search takes its time."""
    if (yield from glance(engine, net)):
        return True
    if hasattr(net.pins, "pwrkey"):
        if (yield from switched_on(engine, net)):
            return True
    elif (yield from answers(engine, _CONTACT_MS)):
        return True
    return (yield from _search(engine, net, _TRY_MS)) or (yield from _is_reset(engine, net))


def _is_reset(engine: "Engine", net: "Network") -> "Proc[bool]":
    """True once it answers behind a pulse of the reset line, of a board that has no power key."""
    if hasattr(net.pins, "pwrkey") or not hasattr(net.pins, "reset"):
        return False
    from .key import reset

    yield from reset(engine, net)
    return (yield from answers(engine, net.boot_ms(engine.family)))


def switched_on(engine: "Engine", net: "Network") -> "Proc[bool]":
    """True once the module answers behind its power key.

    Pressed once more if it does not: the first press switches a module off that was on, and only did not answer.
    """
    from .key import press_on

    epoch = engine.epoch
    for _ in range(_PRESSES):
        yield from press_on(engine, net)
        if (yield from answers(engine, net.boot_ms(engine.family))) or (yield from glance(engine, net)):
            if engine.epoch == epoch and net.prepared == epoch:  # RDY was lost
                engine.restarted()
            return True
    return False


def answers(engine: "Engine", limit_ms: int, each_ms: int = 0) -> "Proc[bool]":
    """True once AT is answered, each in each_ms.  While host and module are out of step the engine asks by itself."""
    limit = Limit(engine, limit_ms)
    while True:
        if not engine.resync and (yield from _is_answered(engine, each_ms)):
            return True
        if limit.is_over(engine):
            return False
        yield


def _is_answered(engine: "Engine", limit_ms: int) -> "Proc[bool]":
    try:
        answer = yield from try_ask(engine, b"AT", limit_ms=limit_ms)
    except QuectelTimeout:
        return False
    except QuectelError as error:
        if error.errno != ENODEV or engine.asleep:
            raise
        return False
    return answer.ok


# --- the rate ---------------------------------------------------------------------------------------------------------


def _init(net: "Network") -> "Callable[..., object] | None":
    return getattr(net.uart, "init", None) if net.uart else None


def _set_rate(engine: "Engine", net: "Network", rate: int) -> "Proc[None]":
    init = _init(net)
    if init:
        init(baudrate=rate)
        engine.baud = rate
        yield from wait_for(engine, _SETTLE_MS)


def glance(engine: "Engine", net: "Network") -> "Proc[bool]":
    """True if the module answers at another rate: some restart has undone the one that it had."""
    epoch, before = engine.epoch, engine.baud
    if not (yield from _search(engine, net, _GLANCE_MS)):
        return False
    if engine.baud != before and engine.epoch == epoch and net.prepared == epoch:  # nobody could read its RDY
        engine.restarted()
    return True


def _search(engine: "Engine", net: "Network", try_ms: int) -> "Proc[bool]":
    """Every rate a module may have been set to; the usual one in the end, for one that only boots slowly."""
    if not _init(net):
        return False
    net.lost_rate = True
    usual = net.usual_rate()
    for rate in RATES + (usual,):
        if rate != engine.baud:
            yield from _set_rate(engine, net, rate)
            engine.ask_anew()
            if (yield from _fits(engine, try_ms)):
                net.lost_rate = False
                return True
    net.lost_rate = False
    return False


def _fits(engine: "Engine", try_ms: int) -> "Proc[bool]":
    heard = engine.stats.rx_bytes
    if (yield from answers(engine, try_ms)):
        return True
    return engine.stats.rx_bytes != heard and (yield from answers(engine, _HEARD_MS))


def settle_rate(engine: "Engine", net: "Network", report: "Report") -> "Proc[None]":
    """Have the module use the rate that was asked for, for good: one that finds the rate by itself may lose it."""
    if not _init(net):
        return
    report("baud", "start", "")
    wanted = net.baud or engine.baud
    answer = yield from try_ask(engine, b"AT+IPR?", b"+IPR:")
    told = number(answer.lines[0], 0) if answer.lines else -1
    if wanted != engine.baud or (told >= 0 and told != wanted):
        yield from change_rate(engine, net, wanted)
    report("baud", "done", str(engine.baud))


def change_rate(engine: "Engine", net: "Network", rate: int) -> "Proc[None]":
    """AT+IPR, then the UART; back again if the module does not answer at the new rate."""
    before = engine.baud
    answer = yield from try_ask(engine, b"AT+IPR=%d" % rate)
    if not answer.ok:
        raise NetworkError(ENODEV, "the module does not take %d baud" % rate, answer.code, "AT+IPR")
    yield from _set_rate(engine, net, rate)
    if not (yield from answers(engine, _TRY_MS)):
        yield from _set_rate(engine, net, before)
        raise NetworkError(ENODEV, "the module does not answer at %d baud" % rate)
    if engine.family.save:
        yield from try_ask(engine, engine.family.save)


def check_rate(net: "Network", rate: int) -> int:
    """ValueError for a rate that no module has, QuectelError(EOPNOTSUPP) if the UART cannot follow."""
    if rate not in RATES:
        raise ValueError("baud must be one of " + " ".join([str(one) for one in RATES]))
    if not _init(net):
        raise QuectelError(EOPNOTSUPP, "the UART has no init(baudrate=) to follow the module")
    return rate
