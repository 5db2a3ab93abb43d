"""Deep sleep of the NB families: the application allows it, a pin ends it (R121, R219, R222, R224)."""

from errno import ECONNRESET, ENODEV, EOPNOTSUPP

from ._compat import const, ticks_add, ticks_diff
from .command import ON_OK
from .contact import answers, switched_on
from .errors import QuectelError, QuectelTimeout
from .key import check_key
from .network import IDLE
from .procedure import ask, number, reason, result_of, try_ask, wait_for
from .table import ASLEEP, AWAKE, CLOSING, OPENING, ROUSED

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable

    from ._types import Proc, T
    from .engine import Engine
    from .models.base import Family
    from .network import Network

    Pull = Callable[[int], object] | None

_PULLS = const(3)
_ANSWER_MS = const(5000)  # behind a pull: the first AT is lost (R426), and the module needs its time
_ON_MS = const(2500)  # for an answer that tells that the module is on
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
    while _is_busy(engine):
        if engine.silent:
            raise QuectelError(ENODEV, "the module does not answer")
        yield
    yield from set_clock_mode(engine, value)
    engine.may_sleep = True
    engine.rest()


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
    while not (yield from _reach(engine, pull)):
        pulls -= 1
        if not pulls or (pull is None and engine.slept):
            raise QuectelError(ENODEV, "the module does not wake from deep sleep: check the pin PSM_EINT")
    yield from set_clock_mode(engine, 0)
    answer = yield from try_ask(engine, b"ATE0")
    engine.echo_off = answer.ok
    yield from ask(engine, b"AT+CMEE=1")
    yield from _sort_out(engine)


def _reach(engine: "Engine", pull: "Pull") -> "Proc[bool]":
    """Pull the line once, then AT until it is answered; False if it is not."""
    engine.slept = False
    yield from pull_once(engine, pull)
    end = ticks_add(engine.now, _ANSWER_MS)
    while ticks_diff(end, engine.now) > 0 and not engine.slept:
        if engine.resync:  # the engine asks on
            yield
            continue
        try:
            answer = yield from try_ask(engine, b"AT")
            if answer.ok:
                return True
        except QuectelTimeout:
            pass
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


# --- the power key ----------------------------------------------------------------------------------------------------


def switch_on(engine: "Engine", net: "Network") -> "Proc[None]":
    """Procedure; see Modem.power_on().  A module that answers is on."""
    check_key(net)
    if (yield from _is_on(engine)):
        return
    if not (yield from switched_on(engine, net)):
        raise QuectelError(ENODEV, "the module does not answer behind its power key: check its supply and the pin")


def _is_on(engine: "Engine") -> "Proc[bool]":
    """AT is answered in time, whoever else has asked: recovery may wait for its own answer, far longer."""
    steps = answers(engine, _ON_MS)
    end = ticks_add(engine.now, _ON_MS)
    try:
        while ticks_diff(end, engine.now) > 0:
            try:
                next(steps)
            except StopIteration as over:
                return result_of(steps, over)
            yield
    finally:
        steps.close()
    return False


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
