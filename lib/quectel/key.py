"""The power key, pressed as the board says, or the family; the reset line, where there is no such key."""

from errno import ENODEV

from ._compat import const, ticks_add
from .errors import QuectelError
from .procedure import wait_for

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ._types import Proc
    from .engine import Engine
    from .network import Network

_RESET_MS = const(200)  # where the board does not say: within the bounds of all modules


def check_key(net: "Network") -> "Callable[[int], object]":
    key: "Callable[[int], object] | None" = getattr(net.pins, "pwrkey", None)
    if key is None:
        raise QuectelError(ENODEV, "pins= has no pwrkey(level) to press the power key")
    return key


def _hold(engine: "Engine", line: "Callable[[int], object]", ms: int) -> "Proc[None]":
    """Pull a line of the board for ms milliseconds: not until poll() is called again, see Services._is_held()."""
    line(0)
    try:
        engine.holds = True
        engine.held_until = ticks_add(engine.now, ms)
        yield from wait_for(engine, ms)
    finally:
        engine.holds = False
        line(1)


def press_on(engine: "Engine", net: "Network") -> "Proc[None]":
    """The power key, for as long as the board says, or the family.

    Not while a module boots that was switched on just now: a second press would switch it off.
    """
    key = check_key(net)
    if net.boots(engine.now, engine.epoch):
        return
    ms = getattr(net.pins, "on_ms", engine.family.key_on_ms)
    net.boots_until = ticks_add(engine.now, ms + net.boot_ms(engine.family))
    net.boots_epoch = engine.epoch
    yield from _hold(engine, key, ms)
    engine.echo_off = False


def press_off(engine: "Engine", net: "Network") -> "Proc[None]":
    """The same to switch it off."""
    net.boots_epoch = -1
    yield from _hold(engine, check_key(net), getattr(net.pins, "off_ms", engine.family.key_off_ms))


def reset(engine: "Engine", net: "Network") -> "Proc[None]":
    """The reset line, for as long as the board says."""
    pins: "Any" = net.pins
    yield from _hold(engine, pins.reset, getattr(pins, "reset_ms", _RESET_MS))
    engine.echo_off = False
