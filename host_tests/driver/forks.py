"""One injection in all its feeds, from one point on: the moment before the driver reads the answer with the URC.

There everything that the run consists of is noted; each feed of that answer is tried, and everything is put back.  What
comes to just the same as the answer uncut goes on alike, for the driver is nothing but its state: it needs no more than
the uncut run, which is played to its end and judged.  For CPython, which plays every feed of every injection.
"""

from operator import attrgetter
from types import BuiltinFunctionType, FunctionType, GeneratorType, ModuleType

from injections import BYTES, WHOLE, Run
from quectel.table import Slot
from quick import Wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from injections import Place, Steps, Story, Urc

# What a read leaves behind and the next one sets before it is looked at: where the parser is in what it is fed with,
# registers of lines and headers, and what the wire knows of a feed.
PASSING = {
    "Parser": ("pos", "a", "b", "buf", "_from", "_had"),
    "Fields": ("a", "b", "buf"),
    "ForkedWire": ("size", "_at", "_until"),
    "Wire": ("cut", "_at", "_until"),
    "Run": ("cut", "feed"),
}
_ATOMS = (int, str, bytes, type(None), type, FunctionType, BuiltinFunctionType, ModuleType)
_of_slot = attrgetter(*Slot.__slots__)


class Spoilt(Exception):
    """A procedure has gone on where it should have waited: it cannot be put back."""


class Everything:
    """All objects that a run consists of, found from the run itself on, and how they were when this was made.

    The story, its URC and the family are not part of it: nothing changes in them.
    """

    def __init__(self, run: "Any") -> None:
        self.contents: "list[Any]" = []  # of objects, lists, dicts and buffers
        self.slots: "list[Slot]" = []  # which have no dict
        self.jobs: "list[Any]" = []  # procedures that the driver carries on by itself
        self._passing: "list[Any]" = []
        self._parser = run.modem.engine.parser
        self._scratch = [run.modem._staging, self._parser.line]  # of a line only its beginning counts, see is_alike()
        self._met = {id(one) for one in (run.story, run.urc, run.modem.family, *self._scratch)}
        rest = [run]
        while rest:
            rest += self._meet(rest.pop())
        self._before = [_copy(one) for one in self.contents]
        self._slots_before = [_of_slot(one) for one in self.slots]
        self._scratch_before = [bytes(one) for one in self._scratch]

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

    def learn(self) -> None:
        """How everything is now: is_alike() compares with it."""
        passing = [(content, name, content[name]) for content, name, _ in self._passing]
        self._pass()
        self._after = [_copy(one) for one in self.contents]
        for content, name, value in passing:
            content[name] = value
        self._slots_after = [_of_slot(one) for one in self.slots]
        self._line = self._parser.line[: self._parser.n]
        pairs = zip(self.contents, self._before, self._after, strict=True)
        self._changes = [(content, before) for content, before, after in pairs if before != after]
        triples = zip(self.slots, self._slots_before, self._slots_after, strict=True)
        self._moved = [(slot, before) for slot, before, after in triples if before != after]

    def is_alike(self) -> bool:
        """Nothing that later reads and calls can depend on differs from what was learned."""
        self._pass()
        if self._parser.line[: self._parser.n] != self._line:
            return False
        return self.contents == self._after and [_of_slot(one) for one in self.slots] == self._slots_after

    def _pass(self) -> None:
        """What does not count is as it was before."""
        for content, name, value in self._passing:
            content[name] = value

    def put_back(self, is_alike: bool) -> None:
        """Everything as it was; where it is alike, what has changed is known."""
        contents = self._changes if is_alike else zip(self.contents, self._before, strict=True)
        for content, value in contents:
            _fill(content, value)
        for slot, values in self._moved if is_alike else zip(self.slots, self._slots_before, strict=True):
            for name, value in zip(Slot.__slots__, values, strict=True):
                setattr(slot, name, value)
        for content, value in zip(self._scratch, self._scratch_before, strict=True):
            content[:] = value


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


# --- the run ------------------------------------------------------------------------------------------------------


class ForkedWire(Wire):
    """What the URC stands in waits until it was forked."""

    fork = b""
    fresh = False  # it waits

    def say(self, data: bytes, cut: int = 0) -> None:
        Wire.say(self, data, cut)
        self.fresh = self.fresh or data is self.fork

    def readinto(self, buf: "Any") -> "int | None":
        return None if self.fresh else Wire.readinto(self, buf)

    def feed(self, feed: int) -> None:
        """In which way the driver reads what has come."""
        self.size = 1 if feed == BYTES else 0
        self._until = max(feed, 0) and len(self._data) - len(self.fork) + feed


class ForkedRun(Run):
    """A run that is fed whole, which tries the other feeds on its way; `left` are those that differ in something."""

    def __init__(self, story: "Story", urc: "Urc", place: "Place", feeds: "list[int]") -> None:
        Run.__init__(self, story, urc, place, WHOLE)
        self.wire: ForkedWire
        self.wire.fork = self.data if self.wire.cuts < 0 else self.wire.script[self.wire.cuts][1]
        self.feeds = [feed for feed in feeds if feed != WHOLE]
        self.left = list(self.feeds)

    def made_wire(self, script: "list[Any]", size: int) -> ForkedWire:
        return ForkedWire(script, size, self.clock)

    def drive(self, steps: "Iterable[None]") -> None:
        Run.drive(self, self._forking(steps))

    def _forking(self, steps: "Iterable[None]") -> "Steps":
        """The steps, and in between the forks."""
        for _ in steps:
            if self.wire.fresh:
                self.wire.fresh = False
                self._fork(steps)
            yield

    def _fork(self, steps: "Iterable[None]") -> None:
        everything = Everything(self)
        procedures = [steps, *everything.jobs]
        stand = [posture(one) for one in procedures]
        known = False
        left: "list[int]" = []
        for feed in [WHOLE, *self.feeds]:
            self.wire.feed(feed)
            is_read = self._is_read(steps)
            if [posture(one) for one in procedures] != stand:
                raise Spoilt
            if feed == WHOLE and is_read:
                known = True
                everything.learn()
            is_alike = known and is_read and everything.is_alike()
            if not is_alike:
                left.append(feed)
            everything.put_back(is_alike)
        self.left = left if known else list(self.feeds)

    def _is_read(self, steps: "Any") -> bool:
        """Have the driver read it all; False where something else comes before that."""
        command = self.modem.engine.cmd
        running = command.state
        try:
            self.moved = self.modem.poll()
            while self.wire.waiting():
                if not self.moved or command.state != running:
                    return False
                next(steps, None)
                self.moved = self.modem.poll()
        except AssertionError:  # the run of this feed alone tells it
            return False
        self.modem.engine.due(self.clock.now)  # as the next turn begins
        return True


class Again:
    """A story with a URC in it that was played uncut, to be played again with its answer cut."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._everything = Everything(run)
        run.drive(run.steps())
        self._everything.learn()

    def is_alike(self, cut: int) -> bool:
        """All that it comes to, cut there, is what it came to uncut."""
        run = self.run
        self._everything.put_back(False)
        run.cut = run.wire.cut = cut
        run.drive(run.steps())
        return self._everything.is_alike()
