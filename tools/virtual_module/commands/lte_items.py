"""Items of AT+QICFG that EC200U and EG915U have over BG96 and that are more than a list of numbers.

"pdp/retry" has values of its own for each mode and network, "send/auto" and "recv/ignore" for each connection id.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .. import channels
from . import Call, Refused
from .tcpip import INVALID, unhex

if TYPE_CHECKING:
    from ..module import VirtualModule

BYTES_MAX = 400
UP, LTE = 1, 0  # of <pdpmode> and <ratmode>
LOWEST, HIGHEST, USUAL = 2, 4, 4  # repeats
SECONDS = {
    (1, 0): (5, 8, 8),
    (1, 1): (5, 30, 10),
    (0, 0): (2, 6, 6),
    (0, 1): (2, 8, 5),
}  # of a try
TESTS = (
    '+QICFG: "pdp/retry",(0,1),(0,1),(2-4),(2-30)',
    '+QICFG: "send/auto",(0-11),(20-65535),<msg_auto>',
    '+QICFG: "recv/ignore",(0-11),<msg_ignore>',
)


def configure(call: Call) -> bool:
    """Carry out AT+QICFG for one of these items; False for every other."""
    act = ITEMS.get(call.text(0))
    if act is not None:
        act(call)
    return act is not None


def _retry(call: Call) -> None:
    call.count(3, 5)
    which = call.integer(1, 0, 1), call.integer(2, 0, 1)
    low, high, usual = SECONDS[which]
    kept = channels.of(call.module).retry
    if len(call.args) == 3:
        call.line('+QICFG: "pdp/retry",%d,%d,%d,%d' % (*which, *kept.get(which, (USUAL, usual))))
    else:
        kept[which] = call.integer(3, LOWEST, HIGHEST, USUAL), call.integer(4, low, high, usual)


def activation_limit_ms(module: VirtualModule) -> int:
    """How long AT+QIACT tries where the host has said so; 0 where it has not."""
    repeats, seconds = channels.of(module).retry.get((UP, LTE), (0, 0))
    return (repeats + 1) * seconds * 1000


def _auto(call: Call) -> None:
    call.count(2, 4)
    number, kept = call.integer(1, 0, call.family.ids - 1), channels.of(call.module).auto
    seconds, data = kept.get(number, (0, b""))
    if len(call.args) == 2:
        call.line('+QICFG: "send/auto",%d,%d,"%s"' % (number, seconds, data.hex().upper()))
        return
    seconds = call.integer(2, 20, 65535)
    kept[number] = seconds, _bytes(call.text(3, data.hex(), empty=True))
    channels.send_later(call.module, number)


def _ignore(call: Call) -> None:
    call.count(2, 3)
    number, kept = call.integer(1, 0, call.family.ids - 1), channels.of(call.module).ignored
    if len(call.args) == 2:
        call.line('+QICFG: "recv/ignore",%d,"%s"' % (number, kept.get(number, b"").hex().upper()))
    else:
        kept[number] = _bytes(call.text(2, empty=True))


def _bytes(digits: str) -> bytes:
    data = unhex(digits)
    if len(data) > BYTES_MAX:
        raise Refused(INVALID)
    return data


ITEMS: "dict[str, Callable[[Call], None]]" = {"pdp/retry": _retry, "send/auto": _auto, "recv/ignore": _ignore}
