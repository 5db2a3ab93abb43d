"""Sleep that AT+QSCLK allows, and what ends it; the power key (R121, R219, R222, R224)."""

from errno import ECONNRESET, ENODEV, EOPNOTSUPP

from ._compat import const, ticks_add, ticks_diff
from .command import ON_OK
from .contact import answers, switched_on
from .errors import QuectelError, QuectelTimeout
from .key import check_key
from .network import IDLE
from .procedure import Limit, ask, number, reason, result_of, try_ask, wait_for
from .table import ASLEEP, AWAKE, CLOSING, OPENING, ROUSED

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable

    from ._types import Proc, T
    from .engine import Engine
    from .models.base import Family
    from .network import Network

    Line = Callable[[int], object]
    Pull = Line | None

_PULLS = const(3)
_ANSWER_MS = const(5000)  # behind a pull: the first AT is lost (R426), and the module needs its time
_FIRST_MS = const(300)  # for the answer to an AT that may be lost
_LINE_MS = const(50)  # from DTR low to the first AT
_ON_MS = const(1500)  # for an answer that tells that the module is on
_POWD_MS = const(5000)
_DOWN_MS = const(65_000)
_GONE = (0, 3, 4, 5)  # states of a connection that is none any more (R139, R384)


def check(family: "Family", mode: str, timers_s: "dict[str, float]") -> None:
    """ValueError or EOPNOTSUPP for a mode that is not known, or not to this family."""
    offers = {"light": family.light, "deep": family.wake_ms, "psm": family.psm, "edrx": family.edrx}
    if mode != "off" and mode not in offers:
        raise ValueError("mode must be 'light', 'deep', 'psm', 'edrx' or 'off', not %r" % (mode,))
    if not (any(offers.values()) if mode == "off" else offers[mode]):
        raise QuectelError(EOPNOTSUPP, "%s: the driver knows no sleep mode %r" % (family.name, mode))
    if timers_s and mode not in ("psm", "edrx"):
        raise ValueError("%r has no timers" % mode)


def hook(engine: "Engine", pins: object) -> "Pull":
    """What pulls the line that wakes the module; ENODEV if it is asleep and there is no such pin."""
    pull: "Pull" = getattr(pins, "psm_eint", None)
    if pull is None and engine.slept:
        raise QuectelError(ENODEV, "the module is in deep sleep, and pins= has no psm_eint(level) to wake it")
    return pull


def allow(engine: "Engine", value: int = 1) -> "Proc[None]":
    """Let what is under way end, then let the module sleep: from the OK of AT+QSCLK on nothing is sent any more."""
    yield from wind_up(engine)
    yield from set_clock_mode(engine, value)
    engine.may_sleep = True
    engine.rest()


def wind_up(engine: "Engine") -> "Proc[None]":
    """Let sends, opens and closes that are under way end."""
    while _is_busy(engine):
        if engine.silent:
            raise QuectelError(ENODEV, "the module does not answer")
        yield


def forbid(engine: "Engine") -> "Proc[None]":
    """For a module that is awake."""
    yield from set_clock_mode(engine, 0)
    engine.may_sleep = False


def wake(engine: "Engine", pull: "Pull") -> "Proc[None]":
    """Wake the module, keep it awake and see which connections are left.  ENODEV if it does not answer."""
    yield from rise(engine, _wake(engine, pull))


def rise(engine: "Engine", steps: "Proc[None]") -> "Proc[None]":
    """What wakes a module, by whatever means: nobody else sends meanwhile, or behind it if it fails."""
    try:
        yield from _alone(engine, steps)
        engine.asleep = AWAKE
        engine.slept = engine.may_sleep = False
    finally:
        if engine.asleep:  # it has failed, or was given up
            engine.rest()
            engine.asleep = ASLEEP


def _is_busy(engine: "Engine") -> bool:
    states = [slot.state for slot in engine.table.slots]
    return engine.sender.index >= 0 or OPENING in states or CLOSING in states


def set_clock_mode(engine: "Engine", value: int) -> "Proc[None]":
    """AT+QSCLK, asked first: some firmware saves it to flash."""
    answer = yield from try_ask(engine, b"AT+QSCLK?", b"+QSCLK:")
    if not answer.lines or number(answer.lines[0], 0) != value:
        yield from ask(engine, b"AT+QSCLK=%d" % value)


def _alone(engine: "Engine", steps: "Proc[T]") -> "Proc[T]":
    """Carry a procedure on that may send although nobody else may."""
    try:
        while engine.asleep:  # a restart ends it: then nobody is kept off
            engine.asleep = AWAKE
            try:
                next(steps)
            except StopIteration as end:
                value: "T" = end.value
                return value
            finally:
                engine.asleep = ROUSED
            yield
        return (yield from steps)
    finally:
        steps.close()


def _wake(engine: "Engine", pull: "Pull") -> "Proc[None]":
    engine.echo_off = False  # as after power-on, it may be
    pulls = _PULLS
    while not (yield from _pull_up(engine, pull)):
        pulls -= 1
        if not pulls or (pull is None and engine.slept):
            raise QuectelError(ENODEV, "the module does not wake from deep sleep: check the pin PSM_EINT")
    yield from set_clock_mode(engine, 0)
    answer = yield from try_ask(engine, b"ATE0")
    engine.echo_off = answer.ok
    yield from ask(engine, b"AT+CMEE=1")
    yield from _sort_out(engine)


def _pull_up(engine: "Engine", pull: "Pull") -> "Proc[bool]":
    """Pull the line once, then AT until it is answered; False if it is not."""
    engine.slept = False
    yield from pull_once(engine, pull)
    return (yield from reach(engine, _ANSWER_MS))


def reach(engine: "Engine", limit_ms: int) -> "Proc[bool]":
    """AT until it is answered, for limit_ms at most, whatever others wait for; the first one may be lost (R426).

    False if it is not answered, or the module says that it falls asleep.
    """
    slept = engine.slept
    steps = answers(engine, limit_ms, _FIRST_MS)
    limit = Limit(engine, limit_ms)
    try:
        while (slept or not engine.slept) and not limit.is_over(engine):
            try:
                next(steps)
            except StopIteration as over:
                return result_of(steps, over)
            yield
    finally:
        steps.close()
    return False


def pull_once(engine: "Engine", pull: "Pull") -> "Proc[None]":
    """PSM_EINT low, for so long as the family needs; nothing without a pin."""
    if pull is None:
        return
    pull(0)
    try:
        yield from wait_for(engine, engine.family.wake_ms)
    finally:
        pull(1)


def _sort_out(engine: "Engine") -> "Proc[None]":
    """What the module does not know any more is lost; what it still knows and nobody here does is closed (R121)."""
    answer = yield from try_ask(engine, b"AT+QISTATE?", b"+QISTATE:")
    if not answer.ok:
        raise (yield from reason(engine, answer, b"AT+QISTATE?"))
    known = [number(line, 0) for line in answer.lines]
    alive = [number(line, 0) for line in answer.lines if number(line, 5) not in _GONE]
    for slot in engine.table.slots:
        if slot.cid >= 0 and slot.cid not in alive:
            engine.table.lose(slot, ECONNRESET)
    for cid in known:
        if engine.table.at(cid).index < 0:
            engine.orphan(cid)


# --- light sleep ------------------------------------------------------------------------------------------------------


def line_of(engine: "Engine", pins: object) -> "Line | None":
    """The line DTR, None where the family needs none; ENODEV if it does and pins= has none."""
    if not engine.family.light_line:
        return None
    line: "Line | None" = getattr(pins, "dtr", None)
    if line is None:
        raise QuectelError(ENODEV, "pins= has no dtr(level) to wake the module from light sleep")
    return line


def lower(engine: "Engine", pins: object) -> None:
    """DTR low, where there is such a line: no light sleep."""
    if hasattr(pins, "dtr"):
        line = line_of(engine, pins)
        if line:
            line(0)


def doze(engine: "Engine", pins: object) -> "Proc[None]":
    """What is under way ends, then the module may sleep: with DTR high, or when nothing is typed for a while."""
    line = line_of(engine, pins)
    yield from allow(engine, engine.family.light)
    if line:
        line(1)


def end_doze(engine: "Engine", pins: object) -> "Proc[None]":
    """DTR low, or what is typed; then AT until that is answered: the first one may be lost.  Connections stay."""
    line_of(engine, pins)
    yield from rise(engine, _end_doze(engine, pins))


def _end_doze(engine: "Engine", pins: object) -> "Proc[None]":
    if engine.family.light_line:
        lower(engine, pins)
        yield from wait_for(engine, _LINE_MS)
    else:
        yield from _prod(engine)
    if not (yield from reach(engine, _ANSWER_MS)):
        cause = ": check the pin DTR" if engine.family.light_line else ""
        raise QuectelError(ENODEV, "the module does not wake from light sleep" + cause)
    if not engine.family.light_line:
        yield from set_clock_mode(engine, 0)


def _prod(engine: "Engine") -> "Proc[None]":
    """A line that may lose its beginning, or all; it is longer than AT, so that AT is read whole (R426)."""
    try:
        yield from try_ask(engine, b"AT+CMEE=1", limit_ms=_FIRST_MS)
    except QuectelTimeout:
        pass


# --- the power key ----------------------------------------------------------------------------------------------------


def switch_on(engine: "Engine", net: "Network") -> "Proc[None]":
    """Procedure; see Modem.power_on()."""
    check_key(net)
    yield from start_up(engine, net)


def start_up(engine: "Engine", net: "Network") -> "Proc[bool]":
    """The power key, unless the module answers, and AT for as long as it may take to start; True if it did not."""
    heard = engine.stats.rx_bytes
    if (yield from reach(engine, _ON_MS)):
        return False
    if engine.stats.rx_bytes != heard and (yield from reach(engine, _ANSWER_MS)):  # the key would switch it off
        return False
    if not (yield from switched_on(engine, net)):
        raise QuectelError(ENODEV, "the module does not answer behind its power key: check its supply and the pin")
    return True


def switch_off(engine: "Engine", net: "Network") -> "Proc[None]":
    """Procedure; see Modem.power_off().  Sockets end; from POWERED DOWN on the supply may be cut."""
    epoch = engine.epoch
    yield from ask(engine, b"AT+QPOWD=1", None, ON_OK, _POWD_MS)
    end = ticks_add(engine.now, _DOWN_MS)
    while engine.epoch == epoch:
        if ticks_diff(end, engine.now) <= 0:
            raise QuectelTimeout("no POWERED DOWN in %d s" % (_DOWN_MS // 1000), "AT+QPOWD")
        yield
    net.state = IDLE
    net.address = "0.0.0.0"
    net.contexts.clear()
