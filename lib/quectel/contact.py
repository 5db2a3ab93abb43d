"""The first contact: the power key, the rate of the port, and AT until it is answered."""

from errno import ENODEV

from ._compat import const, ticks_add, ticks_diff
from .errors import NetworkError, QuectelError, QuectelTimeout
from .procedure import number, try_ask, wait_for

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable

    from ._types import Proc, Report
    from .engine import Engine
    from .network import Network

_CONTACT_MS = 30_000  # a module that boots may be silent for so long
_PATIENCE_MS = 5000  # for an answer at the usual rate, before others are tried
_TRY_MS = 2600  # for an answer at another rate: two queries and more
_HEARD_MS = 3000  # and if something came: garbage of before spoils the first query, and the engine makes sure of it
_SETTLE_MS = 50  # behind a change of the rate
# Rates of the port in baud, the usual ones first
RATES = (115_200, 9600, 57_600, 38_400, 19_200, 230_400, 460_800, 921_600, 4800)


def contact(engine: "Engine", net: "Network", report: "Report") -> "Proc[None]":
    """AT until it is answered: the first one may be lost, or the module still boots, or is off.

    One that does not answer is looked for at other rates, if the UART has init(baudrate=); then its power key is
    pressed, once, if there is one.  NetworkError(ENODEV) after 30 s more.
    """
    report("power", "start", "")
    if not (yield from answers(engine, _PATIENCE_MS)):
        yield from _look_for(engine, net, report)
    report("power", "done", "")
    yield from _settle_rate(engine, net, report)


def _look_for(engine: "Engine", net: "Network", report: "Report") -> "Proc[None]":
    if (yield from _search(engine, net)):
        return
    if hasattr(net.pins, "pwrkey"):
        from .key import press_on

        yield from press_on(engine, net)
    if not (yield from answers(engine, max(_CONTACT_MS, net.boot_ms(engine.family)))):
        text = "the module does not answer: check power, wiring and baud rate"
        report("power", "failed", text)
        raise NetworkError(ENODEV, text)


def answers(engine: "Engine", limit_ms: int) -> "Proc[bool]":
    """True once AT is answered.  While host and module are out of step the engine asks by itself."""
    end = ticks_add(engine.now, limit_ms)
    while True:
        if not engine.resync and (yield from _is_answered(engine)):
            return True
        if ticks_diff(end, engine.now) <= 0:
            return False
        yield


def _is_answered(engine: "Engine") -> "Proc[bool]":
    try:
        answer = yield from try_ask(engine, b"AT")
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


def _search(engine: "Engine", net: "Network") -> "Proc[bool]":
    """Every rate a module may have been set to; the usual one in the end, for one that only boots slowly."""
    if not _init(net):
        return False
    usual = engine.baud
    for rate in RATES + (usual,):
        if rate != engine.baud:
            yield from _set_rate(engine, net, rate)
            if (yield from _fits(engine)):
                return True
    return False


def _fits(engine: "Engine") -> "Proc[bool]":
    heard = engine.stats.rx_bytes
    if (yield from answers(engine, _TRY_MS)):
        return True
    return engine.stats.rx_bytes != heard and (yield from answers(engine, _HEARD_MS))


def _settle_rate(engine: "Engine", net: "Network", report: "Report") -> "Proc[None]":
    """Have the module use the rate that was asked for, for good: one that finds the rate by itself may lose it."""
    if not _init(net):
        return
    report("baud", "start", "")
    wanted = net.baud or engine.baud
    answer = yield from try_ask(engine, b"AT+IPR?", b"+IPR:")
    told = number(answer.lines[0], 0) if answer.lines else -1
    if told >= 0 and told != wanted:
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
