"""Everything that a run of a story consists of: how it is now, whether it comes to the same, and how to put it back.

The driver is nothing but its state: what comes to just the same goes on alike.  For CPython, which plays every feed of
every injection.
"""

from operator import attrgetter
from types import BuiltinFunctionType, FunctionType, GeneratorType, ModuleType

from quectel.table import Slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from injections import Run

    Look = tuple[list[Any], list[Any], bytes]

# What a read leaves behind and the next one sets before it is looked at: where the parser is in what it is fed with,
# registers of lines and headers, and what the wire knows of a feed.
PASSING = {
    "Engine": ("live",),
    "Parser": ("pos", "a", "b", "buf", "_from", "_had", "_ended"),
    "Fields": ("a", "b", "buf", "end"),
    "SlowWire": ("size", "_at", "_until", "_data"),
    "Wire": ("cut", "_at", "_until", "_data"),
    "Run": ("cut", "feed"),
}
_ATOMS = (int, str, bytes, type(None), type, FunctionType, BuiltinFunctionType, ModuleType)
_of_slot = attrgetter(*Slot.__slots__)


class Spoilt(Exception):
    """A procedure has gone on where it should have waited: it cannot be put back."""


class Everything:
    """All objects that a run consists of, found from the run itself on, and how they were when this was made.

    The story, its URCs and the family are not part of it: nothing changes in them.
    """

    def __init__(self, run: "Any") -> None:
        self.contents: "list[Any]" = []  # of objects, lists, dicts and buffers
        self.slots: "list[Slot]" = []  # which have no dict
        self.jobs: "list[Any]" = []  # procedures that the driver carries on by itself
        self._passing: "list[Any]" = []
        self._wire = run.wire
        self._engine = vars(run.modem.engine)
        self._parser = run.modem.engine.parser
        self._scratch = [run.modem._staging, self._parser.line]  # of a line only its beginning counts, see _line()
        left_out = (run.story, run.urc, run.modem.family, getattr(run, "tried", None), *self._scratch)
        self._met = {id(one) for one in left_out}
        rest = [run]
        while rest:
            rest += self._meet(rest.pop())
        self.before = self.note()
        ids = [id(one) for one in self.contents]
        of = (vars(run.modem.engine.stats), run.seen, self._engine)
        self._stats, self._seen, self._told = [ids.index(id(one)) for one in of]

    def _meet(self, one: "Any") -> "Any":
        """What it refers to, unless it was met before."""
        one = getattr(one, "__self__", one)  # of a method its object
        if isinstance(one, (tuple, memoryview)):
            return one if isinstance(one, tuple) else [one.obj]
        if isinstance(one, _ATOMS) or id(one) in self._met or type(one).__module__.startswith("quectel.models"):
            return ()
        self._met.add(id(one))
        if isinstance(one, GeneratorType):
            self.jobs.append(one)
            return ()
        if isinstance(one, Slot):
            self.slots.append(one)
            return _of_slot(one)
        content: "Any" = one if isinstance(one, (bytearray, list, dict)) else vars(one)
        self.contents.append(content)
        for name in PASSING.get(type(one).__name__, ()):
            self._passing.append((content, name, content[name]))
        return () if isinstance(one, bytearray) else content if isinstance(one, list) else content.values()

    # --- as it is, to be put back -----------------------------------------------------------------------------------

    def note(self) -> "list[list[Any]]":
        """How everything is now."""
        scratch = [bytes(one) for one in self._scratch]
        return [[_copy(one) for one in self.contents], [_of_slot(one) for one in self.slots], scratch]

    def put_back(self, noted: "list[list[Any]]") -> None:
        """Everything as it was then."""
        contents, slots, scratch = noted
        for content, value in zip(self.contents, contents, strict=True):
            if content != value:
                _fill(content, value)
        for slot, values in zip(self.slots, slots, strict=True):
            if _of_slot(slot) != values:
                for name, value in zip(Slot.__slots__, values, strict=True):
                    setattr(slot, name, value)
        for content, value in zip(self._scratch, scratch, strict=True):
            if content != value:
                content[:] = value

    # --- all that later reads and calls can depend on ---------------------------------------------------------------

    def look(self) -> "Look":
        """How everything is now; is_like() compares with it.  What was read until here does not count any more."""
        self._pass()
        return [_copy(one) for one in self.contents], [_of_slot(one) for one in self.slots], self._line()

    def is_like(self, look: "Look") -> bool:
        """Nothing that later reads and calls can depend on differs."""
        self._pass()
        contents, slots, line = look
        return self.contents == contents and [_of_slot(one) for one in self.slots] == slots and self._line() == line

    def is_told(self, now: "Look", then: "Look") -> bool:
        """Only what is told differs: counters, what was handed out, and registration, which is not asked for here."""
        contents = list(now[0])
        contents[self._stats] = then[0][self._stats]
        contents[self._seen] = then[0][self._seen]
        contents[self._told] = dict(contents[self._told], stat=then[0][self._told]["stat"])
        return bool(contents == then[0]) and now[1:] == then[1:]

    def counters(self, now: "Look", then: "Look") -> "dict[str, int]":
        """By how much they are more."""
        return {name: value - then[0][self._stats][name] for name, value in now[0][self._stats].items()}

    def seen(self, look: "Look") -> "list[str]":
        found: "list[str]" = look[0][self._seen]
        return found

    def stat(self, look: "Look") -> int:
        found: int = look[0][self._told]["stat"]
        return found

    def _line(self) -> bytes:
        return bytes(self._parser.line[: self._parser.n])

    def _pass(self) -> None:
        """What does not count is as it was before; of what comes in that which was not read yet counts."""
        coming = self._wire.coming()
        for content, name, value in self._passing:
            content[name] = value
        vars(self._wire)["_data"], vars(self._wire)["_at"] = coming, 0
        if not self._parser.raw:  # set anew when a payload begins
            self._engine["_whole_at"] = 0


def _copy(content: "Any") -> "Any":
    return dict(content) if isinstance(content, dict) else content[:]


def _fill(content: "Any", value: "Any") -> None:
    if isinstance(content, dict):
        if len(content) > len(value):
            content.clear()
        content.update(value)
    else:
        content[:] = value


def posture(steps: "Any") -> "list[Any]":
    """Where a procedure stands: its place and variables, and those of what it waits for."""
    found: "list[Any]" = []
    while isinstance(steps, GeneratorType):
        frame = steps.gi_frame
        found.append((id(steps), frame and frame.f_lasti, frame and [id(value) for value in frame.f_locals.values()]))
        steps = steps.gi_yieldfrom
    return found


class Again:
    """A story with a URC in it that was played uncut, to be played again with its answer cut."""

    def __init__(self, run: "Run") -> None:
        self.run = run
        self._everything = Everything(run)
        run.drive(run.steps())
        self._look = self._everything.look()

    def is_alike(self, cut: int) -> bool:
        """All that it comes to, cut there, is what it came to uncut."""
        run = self.run
        self._everything.put_back(self._everything.before)
        run.cut = run.wire.cut = cut
        run.drive(run.steps())
        return self._everything.is_like(self._look)
