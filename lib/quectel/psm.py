"""Power saving mode and eDRX: what they are set to, and how a module that is off is found."""

from ._compat import const, ticks_add, ticks_diff
from .command import IDLE
from .power import lower, rise, start_up
from .procedure import ask, try_ask, values
from .table import ASLEEP, AWAKE
from .text import in_range

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any

    from ._types import Proc
    from .engine import Engine
    from .models.base import Family
    from .network import Network

    # (command, index and value of the fields that its query tells when it is set already)
    Setting = tuple[bytes, tuple[tuple[int, str], ...]]
    Units = tuple[tuple[int, int], ...]

# 24.008: (seconds of a unit, its three bits); a timer is 0 to 31 units
_TAU = ((2, 3), (30, 4), (60, 5), (600, 0), (3600, 1), (36_000, 2), (1_152_000, 6))  # T3412 extended: GPRS timer 3
_ACTIVE = ((2, 0), (60, 1), (360, 2))  # T3324: GPRS timer 2
_MOST = const(31)
# 24.008: eDRX cycles by their four bits, in units of 5.12 s
_CYCLES = (1, 2, 4, 8, 12, 16, 20, 24, 28, 32, 64, 128, 256, 512, 1024, 2048)
_NAMES = {"psm": ("active", "tau"), "edrx": ("cycle",)}
_OFF = (b"AT+CPSMS=0", b"AT+CEDRXS=3")  # 3: off, and the cycles are forgotten, so that the query tells of it

_MARGIN_MS = const(5000)  # behind the active time, for what the module says of itself


# --- timers -----------------------------------------------------------------------------------------------------------


def timer(what: str, seconds: int, low: int, units: "Units") -> "tuple[int, str]":
    """The smallest encodable time that is not below seconds, and its eight bits.  ValueError if there is none."""
    in_range(what, seconds, low, _MOST * units[-1][0])
    best = -1
    code = 0
    for unit, bits in units:
        steps = (seconds + unit - 1) // unit
        if steps <= _MOST and (best < 0 or steps * unit < best):
            best = steps * unit
            code = bits << 5 | steps
    return best, "{:08b}".format(code)


def cycle_code(cycle: float) -> int:
    """The code of an eDRX cycle in s, exact to 0.01 s.  ValueError for others."""
    if not isinstance(cycle, (int, float)):
        raise TypeError("cycle must be a number")
    for code in range(len(_CYCLES)):
        if abs(cycle * 100 - 512 * _CYCLES[code]) < 1:
            return code
    raise ValueError("cycle must be %s, not %r" % (_cycles(range(len(_CYCLES))), cycle))


def _cycles(codes: "tuple[int, ...] | range") -> str:
    return " ".join(["%.2f" % (_CYCLES[code] * 5.12) for code in codes])


def settings(family: "Family", mode: str, timers_s: "dict[str, float]") -> "tuple[dict[str, float], list[Setting]]":
    """What "psm" or "edrx" encodes, in s, and the commands that set it.  ValueError or TypeError for wrong timers."""
    if tuple(sorted(timers_s)) != _NAMES[mode]:
        raise ValueError("%r takes %s, in s" % (mode, " and ".join([name + "=" for name in _NAMES[mode]])))
    if mode == "psm":
        return _psm(timers_s)
    return _edrx(family, timers_s["cycle"])


def _psm(timers_s: "dict[str, Any]") -> "tuple[dict[str, float], list[Setting]]":
    tau, tau_bits = timer("tau", timers_s["tau"], 1, _TAU)
    active, active_bits = timer("active", timers_s["active"], 0, _ACTIVE)
    command = b'AT+CPSMS=1,,,"%s","%s"' % (tau_bits.encode(), active_bits.encode())
    return {"tau": tau, "active": active}, [(command, ((0, "1"), (3, tau_bits), (4, active_bits)))]


def _edrx(family: "Family", cycle: float) -> "tuple[dict[str, float], list[Setting]]":
    """For each radio technology that has such a cycle."""
    code = cycle_code(cycle)
    bits = "{:04b}".format(code)
    found: "list[Setting]" = []
    for act, codes in family.edrx:
        if code in codes:
            found.append((b'AT+CEDRXS=1,%d,"%s"' % (act, bits.encode()), ((0, str(act)), (1, bits))))
    if not found:
        usual = _cycles(family.edrx[0][1])
        raise ValueError("%s: cycle must be %s, not %r" % (family.name, usual, cycle))
    return {"cycle": _CYCLES[code] * 5.12}, found


# --- what is saved at the module --------------------------------------------------------------------------------------


def settle(engine: "Engine", wanted: "list[Setting]") -> "Proc[None]":
    """Each setting is asked for first: it is kept in flash, and is written where it differs alone."""
    for command, fields in wanted:
        if not (yield from _is_set(engine, command, fields)):
            yield from ask(engine, command)


def _is_set(engine: "Engine", command: bytes, fields: "tuple[tuple[int, str], ...]") -> "Proc[bool]":
    answer = yield from _query(engine, command)
    for told in answer:
        if all([index < len(told) and told[index] == value for index, value in fields]):
            return True
    return False


def _query(engine: "Engine", command: bytes) -> "Proc[list[list[str]]]":
    """The fields of the lines that tell of a setting; none from a module that does not know it."""
    name = command.split(b"=")[0]
    answer = yield from try_ask(engine, name + b"?", name[2:] + b":")
    return [values(line) for line in answer.lines]


def undo(engine: "Engine") -> "Proc[None]":
    """Neither power saving mode nor eDRX, for a module that is awake."""
    family = engine.family
    for command, offered in ((_OFF[0], family.psm), (_OFF[1], bool(family.edrx))):
        if offered and (yield from _is_on(engine, command)):
            yield from ask(engine, command)


def _is_on(engine: "Engine", command: bytes) -> "Proc[bool]":
    told = yield from _query(engine, command)
    return any([bool(fields) and fields[0] not in ("", "0") for fields in told])


def active_of(command: bytes) -> int:
    """The active time in s that a caller's AT+CPSMS=1 asks for; -1 where it gives none that is known."""
    parts = command.split(b",")
    bits = parts[4].strip(b'" ') if len(parts) > 4 else b""
    if len(bits) != 8 or bits.strip(b"01"):
        return -1
    for unit, code in _ACTIVE:
        if int(bits, 2) >> 5 == code:
            return unit * (int(bits, 2) & _MOST)
    return -1


# --- power saving mode without a line of its own ----------------------------------------------------------------------


class Lull:
    """A module that goes off without a word: it may have gone when nothing was said for its active time."""

    def __init__(self, engine: "Engine", active_s: int) -> None:
        self._still_ms = active_s * 1000 + _MARGIN_MS
        self._until = ticks_add(engine.now, self._still_ms)
        self._rx = self._tx = -1
        self._looked_at = engine.now
        self._presumed = False

    def look(self, engine: "Engine") -> None:
        """To be called in every turn: from then on only who wakes it sends, until it says something.

        Turns may be rare: bytes that did not come with this one went with the last one.
        """
        stats = engine.stats
        if stats.rx_bytes != self._rx or stats.tx_bytes != self._tx:
            self._rx, self._tx = stats.rx_bytes, stats.tx_bytes
            self._until = ticks_add(engine.now if engine.touched else self._looked_at, self._still_ms)
            self._end(engine)
        self._looked_at = engine.now
        if not engine.asleep and not engine.resync and engine.cmd.state == IDLE and self._is_over(engine):
            self._presumed = True
            engine.rest()

    def _is_over(self, engine: "Engine") -> bool:
        return ticks_diff(engine.now, self._until) >= 0

    def _end(self, engine: "Engine") -> None:
        if self._presumed and engine.asleep == ASLEEP and not engine.slept:
            engine.asleep = AWAKE
        self._presumed = False


def boot(engine: "Engine", net: "Network") -> "Proc[None]":
    """A module in power saving mode is off: the power key, unless it has woken by itself.  It starts anew."""
    yield from rise(engine, find_up(engine, net))


def find_up(engine: "Engine", net: "Network") -> "Proc[None]":
    """The same where it is not known whether the module is awake: it need not say that it goes."""
    epoch = engine.epoch
    lower(engine, net.pins)
    if (yield from start_up(engine, net)) and engine.epoch == epoch:  # RDY was lost
        engine.restarted()
