"""Injects every URC of a family into its stories, at every place and in every feed."""

import os

import kit
from injections import BYTES, COUNTERS, IDLE, WHOLE, Run, plain, urcs
from judging import allow, compare, inject_once, tell
from outcomes import clean
from quectel.table import OPEN

if not kit.MICROPYTHON:
    import copy

    from forks import Spoilt
    from moments import ForkedRun, Trial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from injections import Outcome, Place, Story, Urc

    Injection = tuple[Urc, Place, list[int]]

NPM = kit.MICROPYTHON and not hasattr(os, "getenv")
CUTS = 1 if kit.MICROPYTHON else 20  # of each injection
SHARE = 20 if NPM else 100 if kit.MICROPYTHON else 1000  # of a thousand
SHARE_OF_CUTS = 20 if NPM else 30 if kit.MICROPYTHON else 1000


def inject(story: "Story", urc: "Urc", place: "Place", feeds: "list[int]") -> None:
    """Play the story with the URC at this place, fed in these ways; fails unless its effect is that of the table.

    What is fed whole is played from beginning to end; else the exchange that the URC stands in, and the next one.
    """
    for feed in feeds:
        inject_once(story, urc, place, feed)


def inject_together(story: "Story", trials: "list[Trial]") -> int:
    """The same of many URCs; what can be told from another play is not played by itself.  Gives how many were fed."""
    for needs in sorted({one.urc.needs for one in trials}):
        _inject_beside(story, needs, [one for one in trials if one.urc.needs == needs])
    return sum([len(one.feeds) for one in trials])


def _inject_beside(story: "Story", needs: str, trials: "list[Trial]") -> None:
    run = ForkedRun(story, trials)
    run.furnish(needs)
    allow(run)
    try:
        run.drive(run.steps())
    except Spoilt:
        trials = [Trial(one.urc, one.place, one.feeds) for one in trials]
    else:
        _end_plainly(run, needs)
    for one in trials:
        if one.like:
            _judge_told(run, one)
        for feed in one.left:
            one.outcome = inject_once(story, one.urc, one.place, feed) or one.outcome


def _end_plainly(run: "ForkedRun", needs: str) -> None:
    """The story in which everything was tried is the one in which nothing was."""
    found = run.tried.plain.outcome = plain(run.story, needs)
    outcome = run.outcome()
    assert vars(outcome) == vars(found), (vars(outcome), vars(found))
    if not run.story.live:
        clean(run)


def _judge_told(run: "ForkedRun", trial: "Trial") -> None:
    before = plain(run.story, trial.urc.needs)
    done = False
    try:
        assert trial.like and trial.like.outcome
        after = _told(trial.like.outcome, trial)
        assert trial.urc.effect != "known" or after.target == OPEN
        compare(Told(run, trial), before, after)
        done = True
    finally:
        if not done:
            tell(run.story, trial.urc, trial.place, WHOLE)


class Told(Run):
    """Stands for the run that an injection would be, where another one tells what would become of it."""

    def __init__(self, run: "ForkedRun", trial: "Trial") -> None:
        self.story, self.slot, self.target = run.story, run.slot, run.target
        self.urc, self.place = trial.urc, trial.place
        self.data = trial.urc.on_the_wire(run.story.view(trial.place))


def _told(outcome: "Outcome", trial: "Trial") -> "Outcome":
    """What becomes of the story, with what the URC adds."""
    found = copy.copy(outcome)
    found.seen = trial.seen + outcome.seen[trial.shown :]
    found.counters = [outcome.counters[k] + trial.counters[COUNTERS[k]] for k in range(len(COUNTERS))]
    return found


# --- all of it ----------------------------------------------------------------------------------------------------


def feeds(run_length: int, cuts: int, numbers: "kit.Random") -> "list[int]":
    """Whole, byte by byte, and cut at so many places (all, if there are fewer)."""
    places = run_length - 1
    if places <= cuts:
        return [WHOLE, BYTES] + list(range(1, run_length))
    first = numbers.below(places)
    return [WHOLE, BYTES] + [(first + k * places // cuts) % places + 1 for k in range(cuts)]


def length(story: "Story", urc: "Urc", place: "Place") -> int:
    """Bytes of the answer that the URC stands in."""
    data = urc.on_the_wire(story.view(place))
    return len(data) + (len(story.wires[place[0]][1]) if place[1] != IDLE else 0)


def injections(story: "Story", said: "list[Urc]", cuts: int, numbers: "kit.Random") -> "Iterable[Injection]":
    """Each URC at each place, in the ways of feeding that are drawn."""
    for one in said:
        if story.fits(one):
            for place in story.places(one):
                ways = feeds(length(story, one, place), cuts, numbers)
                yield one, place, [way for way in ways if numbers.below(1000) < _share(way)]


def _share(way: int) -> int:
    return SHARE if way in (WHOLE, BYTES) else SHARE_OF_CUTS


def inject_all(family: str, played: "list[Story]", cuts: int = CUTS) -> int:
    """Gives how many were fed.  A VM leaves out most of the cuts, a slow one most of all, drawn from the seed."""
    numbers = kit.Random(kit.seed())
    said = urcs(family)
    n = 0
    for story in played:
        found = injections(story, said, cuts, numbers)
        n += _one_by_one(story, found) if kit.MICROPYTHON else inject_together(story, [Trial(*one) for one in found])
        story.forget()
    kit.count("URC injections fed", n)
    assert n > 100 * SHARE // 1000, n
    return n


def _one_by_one(story: "Story", found: "Iterable[Injection]") -> int:
    n = 0
    for urc, place, ways in found:
        inject(story, urc, place, ways)
        n += len(ways)
    return n
