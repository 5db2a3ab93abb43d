"""Modem.sleep() and wake(): what each mode of sleep is made of, and what ends the one that was allowed last."""

from errno import ENODEV

from ._compat import const
from .errors import QuectelError

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from ._types import Proc
    from .psm import Setting
    from .services import Services


# --- sleep() ----------------------------------------------------------------------------------------------------------


def fall_asleep(modem: "Services", mode: str, timers_s: "dict[str, float]") -> "Proc[dict[str, float]]":
    """Procedure; see Modem.sleep()."""
    from .power import check

    check(modem.engine.family, mode, timers_s)
    if mode in ("psm", "edrx"):
        return (yield from _save_power(modem, mode, timers_s))
    if mode == "off":
        yield from _stay_awake(modem)
    elif mode == "light":
        yield from _doze(modem)
    else:
        yield from _sleep_deeply(modem)
    return {}


def _save_power(modem: "Services", mode: str, timers_s: "dict[str, float]") -> "Proc[dict[str, float]]":
    from .psm import settings, settle

    told, wanted = settings(modem.engine.family, mode, timers_s)
    if mode == "edrx":
        wanted = _in_use(modem, wanted)
    yield from modem.ready()
    yield from settle(modem.engine, wanted)
    if mode == "psm":
        saves(modem, int(told["active"]))
        if modem.engine.family.wake_ms:
            yield from _sleep_deeply(modem)
    return told


def saves(modem: "Services", active_s: int) -> None:
    """Power saving mode is on, where it is no deep sleep; -1: the active time is not known."""
    from .psm import Lull

    family = modem.engine.family
    modem.net.active_ms = max(active_s, 0) * 1000
    modem.engine.psm = family.psm and not family.wake_ms
    modem.lull = Lull(modem.engine, active_s) if modem.engine.psm and active_s >= 0 else None


def _in_use(modem: "Services", wanted: "list[Setting]") -> "list[Setting]":
    """Of the settings of eDRX those of the technology that connect(rat=) or config(rat=) has chosen."""
    family, net = modem.engine.family, modem.net
    if not family.acts:
        return wanted
    from .registration import technology

    made = net.wanted.wishes if net.wanted is not None else []
    rat = technology(family, made) or technology(family, list(net.wishes.values()))
    acts = family.acts.get(rat)
    if acts is None:
        return wanted
    wanted = [one for one in wanted if int(one[1][0][1]) in acts]
    if not wanted:
        raise ValueError("rat=%r has no such cycle" % rat)
    return wanted


def _saves_not(modem: "Services") -> None:
    modem.engine.psm = False
    modem.lull = None


def _stay_awake(modem: "Services") -> "Proc[None]":
    from .power import lower, set_clock_mode
    from .psm import undo

    yield from wake_up(modem)
    if modem.engine.family.light_line:
        lower(modem.engine, modem.net.pins)
        yield from set_clock_mode(modem.engine, 0)
    yield from undo(modem.engine)
    _saves_not(modem)


def _doze(modem: "Services") -> "Proc[None]":
    from .power import doze, line_of

    engine = modem.engine
    line_of(engine, modem.net.pins)
    if not (engine.asleep and modem.dozes) or engine.slept:
        yield from modem.ready()
        yield from doze(engine, modem.net.pins)
        modem.dozes = True


def _sleep_deeply(modem: "Services") -> "Proc[None]":
    from .power import allow

    if modem.engine.asleep and not modem.dozes:
        modem.engine.may_sleep = True
    else:
        yield from modem.ready()
        yield from allow(modem.engine)
        modem.dozes = False


# --- the caller's own commands ----------------------------------------------------------------------------------------


def watched(modem: "Services", raw: bytes, steps: "Proc[list[bytes]]") -> "Proc[list[bytes]]":
    """Procedure: AT+QSCLK= or AT+CPSMS= of the caller's, steps, and what it means for what comes behind it."""
    value = raw[9:10]
    if raw[3:4].upper() == b"C":
        lines = yield from steps
        _note_saving(modem, raw, value)
        return lines
    family = modem.engine.family
    deep = family.wake_ms > 0 and value == b"1"
    light = family.light > 0 and not family.light_line and value == b"%d" % family.light
    if deep or light:
        from .power import wind_up

        yield from wind_up(modem.engine)
    naps = modem.engine.naps
    lines = yield from steps
    if deep or light:  # as sleep() does, but that +QATWAKEUP ends it: the pin may be the caller's
        modem.dozes = light
        if modem.engine.naps == naps:  # else it has slept by now, and may have told that it is awake again
            modem.engine.rest()
    return lines


def _note_saving(modem: "Services", raw: bytes, value: bytes) -> None:
    if value == b"1":
        from .psm import active_of

        saves(modem, active_of(raw))
    elif value in (b"0", b"2"):
        _saves_not(modem)


# --- wake() -----------------------------------------------------------------------------------------------------------


def wake_up(modem: "Services") -> "Proc[None]":
    """Procedure; see Modem.wake()."""
    from .power import check, forbid

    engine = modem.engine
    check(engine.family, "off", {})
    if engine.asleep:
        yield from modem.awake()
    elif engine.psm:
        from .psm import find_up

        yield from find_up(engine, modem.net)
    else:
        yield from modem.ready()
        if engine.family.wake_ms:
            yield from forbid(engine)


def waking(modem: "Services") -> "Proc[None]":
    """What wakes the module from the sleep that it is in.  ENODEV if there is no pin for it."""
    engine = modem.engine
    if modem.dozes and not engine.slept and not engine.psm:
        from .power import end_doze

        return end_doze(engine, modem.net.pins)
    if engine.family.wake_ms:
        from .power import hook, wake

        return wake(engine, hook(engine, modem.net.pins))
    from .psm import boot

    return boot(engine, modem.net)


def greet(modem: "Services") -> "Proc[None]":
    """Procedure: a module that nobody here has met may be asleep, left so by an earlier program."""
    from .power import hook, lower, pull_once

    engine = modem.engine
    if engine.family.wake_ms:
        yield from pull_once(engine, hook(engine, modem.net.pins))
    lower(engine, modem.net.pins)


def meet(modem: "Services", sleeps: int) -> "Proc[None]":
    """Procedure: behind a restart of the host; sleeps: 1 if power saving mode is in force, 2 if deep sleep may be.

    Such a module is not dead if it does not answer.
    """
    from .bringup import prepare
    from .psm import find_up

    engine, net = modem.engine, modem.net
    engine.psm = bool(sleeps & 1)
    try:
        yield from modem.awake()
        yield from modem.greet()
        if engine.psm and hasattr(net.pins, "pwrkey"):
            yield from find_up(engine, net)
        yield from prepare(engine, net)
    except QuectelError as error:
        if sleeps and error.errno == ENODEV and engine.silent:
            engine.fell_asleep()
            error.text += "; or is it asleep, and pins= has no line that wakes it?"
        raise
