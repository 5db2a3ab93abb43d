"""All injections into a story, tried from one play of it: the moments before the driver reads what the module says.

At such a moment everything that the run consists of is noted.  Each URC is put into what is about to be read, at each
of its places, and fed in each way; behind each of them everything is put back.

A feed that comes to just the same as the answer with the URC read whole needs no more than the run that is fed whole.
And that one needs no more than another one, with another URC there or without any, where it comes to the same but for
what is only told: counters, what was handed out, the last registration.  Nothing that is played here looks at these.

For CPython, which plays every feed of every injection.
"""

from forks import Everything, Spoilt, posture
from injections import BYTES, IDLE, WHOLE, Run
from quick import Wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from forks import Look
    from injections import Outcome, Place, Steps, Story, Urc

TOLD = ("known", "unknown", "handed", "full")  # effects that others may have come to just as well


class SlowWire(Wire):
    """What the module says waits for the next turn."""

    fresh = False  # it waits
    said = b""  # what was said last

    def say(self, data: bytes, cut: int = 0) -> None:
        Wire.say(self, data, cut)
        self.said = data
        self.fresh = True

    def readinto(self, buf: "Any") -> "int | None":
        return None if self.fresh else Wire.readinto(self, buf)

    def feed(self, data: bytes, feed: int) -> None:
        """The driver reads data, and in which way."""
        self._data = data
        self._at = 0
        self.size = 1 if feed == BYTES else 0
        self._until = max(feed, 0)


class SlowRun(Run):
    """A run in which the driver reads what it gets in the turn behind that in which it has written."""

    wire: SlowWire

    def made_wire(self, script: "list[Any]", size: int) -> SlowWire:
        return SlowWire(script, size, self.clock)

    def drive(self, steps: "Iterable[None]") -> None:
        Run.drive(self, self._slowly(steps))

    def _slowly(self, steps: "Iterable[None]") -> "Steps":
        for _ in steps:
            if self.wire.fresh:
                self.wire.fresh = False
                self.heard(steps)
            yield

    def heard(self, steps: "Any") -> None:
        """The driver is about to read."""


class Known:
    """What others may come to, too: the story without a URC, or a trial."""

    outcome: "Outcome | None" = None  # of the story, by who plays it


class Trial(Known):
    """One URC at one place, in all its feeds, and what was found out about them."""

    def __init__(self, urc: "Urc", place: "Place", feeds: "list[int]") -> None:
        self.urc = urc
        self.place = place
        self.feeds = feeds
        self.left = feeds  # those that must be played by themselves
        self.like: "Known | None" = None  # where the URC read whole has come to the same as another one, but for ...
        self.counters: "dict[str, int]" = {}  # ... so much that they are more,
        self.seen: "list[str]" = []  # what was handed out up to there,
        self.shown = 0  # in place of so many


class Tried:
    """What is tried in a run, which is no part of it."""

    def __init__(self) -> None:
        self.plain = Known()
        self.by_step: "dict[Place, list[Trial]]" = {}  # and IDLE for what is tried before a step


class ForkedRun(SlowRun):
    """A story without a URC, in which all that need the same connection are tried on the way."""

    def __init__(self, story: "Story", trials: "list[Trial]") -> None:
        self.tried = Tried()
        for one in trials:
            self.tried.by_step.setdefault((one.place[0], min(one.place[1], 0)), []).append(one)
        SlowRun.__init__(self, story)

    def heard(self, steps: "Any") -> None:
        step = self.wire.step - 1
        if (step, 0) in self.tried.by_step and self.wire.said is self.wire.script[step][1]:
            self._try((step, 0), steps, self.story.script[step][1])

    def pause(self, step: int) -> "Steps":
        yield from self.quiet()
        self._try((step, IDLE), None, [])

    def _try(self, place: "Place", steps: "Any", items: "list[bytes]") -> None:
        trials = self.tried.by_step.pop(place, [])
        moment = Moment(self, steps, items) if trials else None
        for one in trials:
            done = False
            try:
                assert moment
                moment.try_it(one)
                done = True
            finally:
                if not done:
                    print("story:", self.story, "urc:", repr(one.urc.text), one.urc.needs, "place:", one.place)


class Moment:
    """The driver is about to read items, or nothing where no steps wait for them."""

    def __init__(self, run: ForkedRun, steps: "Any", items: "list[bytes]") -> None:
        self.run = run
        self.items = items
        self._steps = steps
        self._everything = Everything(run)
        self._procedures = [steps, *self._everything.jobs]
        self._stand = [posture(one) for one in self._procedures]
        self._running = run.modem.engine.cmd.state
        self._played: "dict[int, list[tuple[Known, Look]]]" = {}  # by place, what others may come to, too
        self._plain: "Look | None" = None  # what comes of it without a URC
        self._is_even = False  # the same byte by byte
        self._between: "dict[int, Any]" = {}  # how everything is where an item begins, and behind its first byte
        if steps is not None and run.wire.left() == sum([len(item) for item in items]):
            self._try_plain()

    def _try_plain(self) -> None:
        self._plain = self._look_at(b"".join(self.items), WHOLE)
        if self._plain:
            self._between = self._try_items()
            self._is_even = self._everything.is_like(self._plain)
            self._put_back()

    def _try_items(self) -> "dict[int, Any]":
        """Have them read byte by byte."""
        found: "dict[int, Any]" = {}
        self.run.wire.feed(b"".join(self.items), BYTES)
        left = self.run.wire.left()
        for k in range(len(self.items)):
            noted = self._everything.note()
            if not self._is_read(left - 1, k > 0):
                return found
            found[k] = (noted, self._everything.look())
            self.run.wire.feed(self.run.wire.coming(), BYTES)
            left -= len(self.items[k])
            if len(self.items[k]) > 1 and not self._is_read(left, True):
                return found
        if self.run.modem.engine.cmd.state == self._running and not self.run.wire.fresh:
            found[len(self.items)] = (self._everything.note(), None)
        return found

    def _put_back(self) -> None:
        self._everything.put_back(self._everything.before)

    def _look_at(self, said: bytes, feed: int) -> "Look | None":
        """What comes of it; everything is put back."""
        self.run.wire.feed(said, feed)
        found = self._everything.look() if self._is_read() else None
        self._put_back()
        return found

    def _is_read(self, left: int = 0, goes_on: bool = False) -> bool:
        """Have the driver read all but so many bytes; False where something else comes before that."""
        run, wire = self.run, self.run.wire
        try:
            if not goes_on:
                run.moved = run.modem.poll()
            while wire.left() > left and not wire.fresh:
                if not self._may_go_on():
                    return False
                run.moved = run.modem.poll()
        except AssertionError:  # the run of this feed alone tells it
            return False
        run.modem.engine.due(run.clock.now)  # as the next turn begins
        return wire.fresh is (wire.left() > left)

    def _may_go_on(self) -> bool:
        if not self.run.moved or self.run.modem.engine.cmd.state != self._running:
            return False
        if self._steps is not None:
            next(self._steps, None)
        return True

    # --- a URC in it ------------------------------------------------------------------------------------------------

    def try_it(self, trial: Trial) -> None:
        """Find out which feeds come to what the URC comes to that is read whole, and what else comes to that."""
        item = max(trial.place[1], 0)
        before, behind = b"".join(self.items[:item]), b"".join(self.items[item:])
        data = trial.urc.on_the_wire(self.run.story.view(trial.place))
        ahead = self.run.wire.coming()
        ahead = ahead[: len(ahead) - len(before + behind)]
        said = ahead + before + data + behind
        look = self._look_at(said, WHOLE)
        if look is None:
            return
        self._compare(trial, look)
        trial.left = []
        for feed in trial.feeds:
            if feed == WHOLE:
                is_alike = trial.like is not None
            elif feed == BYTES and item in self._between:
                is_alike = self._is_alike_by_bytes(trial, data, behind, look)
            else:
                is_alike = self._is_alike(said, feed + len(ahead) if feed > 0 else feed, look)
            if not is_alike:
                trial.left.append(feed)
        if [posture(one) for one in self._procedures] != self._stand:
            raise Spoilt

    def _is_alike(self, said: bytes, feed: int, look: "Look") -> bool:
        self.run.wire.feed(said, feed)
        found = self._is_read() and self._everything.is_like(look)
        self._put_back()
        return found

    def _is_alike_by_bytes(self, trial: Trial, data: bytes, behind: bytes, look: "Look") -> bool:
        """From where the URC begins; and where it has changed nothing much, only up to behind it."""
        item = trial.place[1]
        noted, then = self._between[item]
        self._everything.put_back(noted)
        self.run.wire.feed(data + behind, BYTES)
        found = self._is_alike_from(trial, item > 0, then, len(behind), look)
        self._put_back()
        return found

    def _is_alike_from(self, trial: Trial, goes_on: bool, then: "Look | None", left: int, look: "Look") -> bool:
        if then and self._is_even and trial.like is self.run.tried.plain:
            if not self._is_read(left - 1, goes_on):
                return False
            if self._adds_up(trial, then, look):
                return True
            self.run.wire.feed(self.run.wire.coming(), BYTES)
            goes_on = True
        return self._is_read(0, goes_on) and self._everything.is_like(look)

    # --- what else comes to that ------------------------------------------------------------------------------------

    def _compare(self, trial: Trial, look: "Look") -> None:
        """Find what will be as it is here, but for what is told: the story without a URC, or one with another URC."""
        if trial.urc.effect not in TOLD or self.run.story.live:
            return
        known = self._played.setdefault(trial.place[1], [(self.run.tried.plain, self._plain)] if self._plain else [])
        for other, then in known:
            if self._everything.is_told(look, then):
                trial.like = other
                trial.counters = self._everything.counters(look, then)
                trial.seen = self._everything.seen(look)
                trial.shown = len(self._everything.seen(then))
                return
        known.append((trial, look))

    def _adds_up(self, trial: Trial, then: "Look", look: "Look") -> bool:
        """What follows adds what it adds without the URC, and that comes to what was found of the URC read whole."""
        every = self._everything
        now = every.look()
        assert self._plain
        if (
            not every.is_told(now, then)
            or every.counters(now, then) != trial.counters
            or every.stat(now) != every.stat(look)
        ):
            return False
        return every.seen(now) + every.seen(self._plain)[len(every.seen(then)) :] == trial.seen
