"""The power key, pressed as the board says, or the family."""

from errno import ENODEV

from ._compat import const
from .errors import QuectelError
from .procedure import wait_for

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable

    from ._types import Proc
    from .engine import Engine
    from .network import Network


def check_key(net: "Network") -> "Callable[[int], object]":
    key: "Callable[[int], object] | None" = getattr(net.pins, "pwrkey", None)
    if key is None:
        raise QuectelError(ENODEV, "pins= has no pwrkey(level) to press the power key")
    return key


def _press(engine: "Engine", key: "Callable[[int], object]", ms: int) -> "Proc[None]":
    key(0)
    try:
        yield from wait_for(engine, ms)
    finally:
        key(1)


def press_on(engine: "Engine", net: "Network") -> "Proc[None]":
    """The power key, for as long as the board says, or the family."""
    yield from _press(engine, check_key(net), getattr(net.pins, "on_ms", engine.family.key_on_ms))
    engine.echo_off = False


def press_off(engine: "Engine", net: "Network") -> "Proc[None]":
    """The same to switch it off."""
    yield from _press(engine, check_key(net), getattr(net.pins, "off_ms", engine.family.key_off_ms))
