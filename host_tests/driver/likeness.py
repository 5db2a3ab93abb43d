"""All that a run has come to.  Runs that are alike here go on alike: the driver is nothing but its state.

For CPython, which plays every cut of every injection.
"""

from operator import attrgetter

from quectel.table import Slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from injections import Run

# Registers of the parser that tell of the read it was fed with last: nothing is kept in them for the next one.
_PASSING = ("engine.parser.pos", "engine.parser.a", "engine.parser.b", "engine.parser._from", "engine.parser._had")
_PLAIN = (int, str, bytes, tuple, type(None))
_PARTS = ("engine", "engine.parser", "engine.cmd", "engine.table", "engine.stats", "net")

_getters: "list[Any]" = []  # of what is plain, and of the slots that something refers to


def likeness(run: "Run") -> "list[Any]":
    """Results, what was handed out, every number and text in the driver, its rings, and where the wire is."""
    modem, wire = run.modem, run.wire
    e = modem.engine
    if not _getters:
        _getters[:] = [attrgetter(*_names(modem, _PLAIN)), attrgetter(*_names(modem, (Slot,)))]
    referred = [getattr(slot, "index", None) for slot in _getters[1](modem)]
    stored = [bytes(e.orphans), bytes(e.cmd.words), bytes(e.cmd.tx), bytes(e.parser.line)[: e.parser.n]]
    stored += [_content(slot.ring._io) for slot in e.table.slots]
    slots = [(_of_slot(slot), bytes(slot.peer[: slot.npeer])) for slot in e.table.slots]
    told = [run.results, run.seen, modem._news, len(modem._jobs), run.clock.passed]
    return [_getters[0](modem), referred, stored, slots, told, [wire.step, wire.extra, wire.mute]]


def _names(modem: "Any", kinds: "tuple[type, ...]") -> "list[str]":
    found: "list[str]" = []
    for part in _PARTS:
        for name, value in attrgetter(part)(modem).__dict__.items():
            path = "%s.%s" % (part, name)
            if isinstance(value, kinds) and path not in _PASSING:
                found.append(path)
    return found


_SLOT = [name for name in Slot.__slots__ if name not in ("ring", "peer")]
_of_slot = attrgetter(*_SLOT, "ring.r", "ring.n", "ring.held")


def _content(store: "Any") -> bytes:
    return bytes(store._buf)
