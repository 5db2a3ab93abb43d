"""Injects one URC into one story, and judges what has become of it.

EFFECTS says what each effect of urcs.csv adds to the counters, beside the line and its bytes. Leave the command alone:

    known     counted and no more                unknown  nobody knows it
    handed    a handler gets it                  more     the slot holds more at the module
    opened    an open has succeeded              refused  an open has failed
    adopted   a client has a slot                full     counted as a client without a slot
    pushed    its payload is delivered           message  a CoAP message is delivered
    again     a connection that may be read now is read once more

End something:

    half      the connection is read to its end  ended    it ends at once
    context   its connections fail with 570      carrier  what waits for CONNECT fails
    epoch     the command ends with 570, every connection fails with it, and a new epoch begins
    asleep    the same without a new epoch: TCP connections are gone, and nothing is sent until the module wakes

A URC is counted once: in stats.urcs, or in stats.unknown, or it is one line more of a result, where it begins as the
answer of the command in flight does and nothing tells it from one.
"""

import kit
from injections import BYTES, COUNTERS, IDLE, WHOLE, Outcome, Run, plain
from outcomes import aftermath, broken
from quectel import TRANSPARENT
from quectel.table import ENDED, FAILED, FREE, LISTENER
from scripted import lines

if not kit.MICROPYTHON:
    from forks import Again
    from moments import SlowRun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    from injections import Place, Story, Urc

    Played = TypeVar("Played", bound=Run)

EFFECTS: "dict[str, dict[str, int]]" = {
    "known": {"urcs": 1},
    "unknown": {"unknown": 1},
    "handed": {"urcs": 1},
    "more": {"urcs": 1},
    "again": {"urcs": 1},
    "opened": {"urcs": 1, "opens": 1},
    "refused": {"urcs": 1},
    "adopted": {"urcs": 1},
    "full": {"urcs": 1, "no_slot": 1},
    "pushed": {"urcs": 1},
    "message": {"urcs": 1},
    "half": {"urcs": 1},
    "ended": {"urcs": 1},
    "context": {"urcs": 1},
    "carrier": {"late": 1},
    "epoch": {"urcs": 1, "epochs": 1},
    "asleep": {"urcs": 1},
}
TOLD = ("known", "unknown", "handed", "full")  # and nothing else may change
LOST = {"epoch": (570, "the module restarted"), "asleep": (570, "the module fell asleep")}
_uncut: "list[Any]" = []  # story, URC and place that were played last, and the uncut run


def inject_once(story: "Story", urc: "Urc", place: "Place", feed: int) -> "Outcome | None":
    """What it has come to, where it is fed whole and nothing has ended."""
    outcome = None
    done = False
    try:
        if feed == WHOLE:
            outcome = _judge(_played(story, urc, place, feed))
        elif feed == BYTES or kit.MICROPYTHON or story.live or not _is_like_whole(story, urc, place, feed):
            near, there = story.around(place)
            _judge(_played(near, urc, there, feed))
        done = True
    finally:
        if not done:
            tell(story, urc, place, feed)
    return outcome


def tell(story: "Story", urc: "Urc", place: "Place", feed: int) -> None:
    print("story:", story, "urc:", repr(urc.text), urc.needs, "place:", place, "feed:", feed)


def _played(story: "Story", urc: "Urc", place: "Place", feed: int) -> Run:
    if feed == WHOLE and not kit.MICROPYTHON:
        return _driven(SlowRun(story, urc, place))
    return _driven(Run(story, urc, place, feed))


def _driven(run: "Played") -> "Played":
    _furnished(run)
    run.drive(run.steps())
    return run


def _furnished(run: "Played") -> "Played":
    assert run.urc is not None
    run.furnish(run.urc.needs)
    allow(run)
    return run


def _is_like_whole(story: "Story", urc: "Urc", place: "Place", feed: int) -> bool:
    """Play a cut up to the end of its exchange; True if all that it has come to is what comes of it uncut.

    That was judged, and what follows is the same.
    """
    near, there = story.around(place, 1)
    if _uncut[:3] != [near, urc, there]:
        again = Again(_furnished(Run(near, urc, there)))
        _uncut[:] = [near, urc, there, again]
        _judge(again.run)
    alike: bool = _uncut[3].is_alike(feed)
    return alike


def _judge(run: Run) -> "Outcome | None":
    outcome = None
    story, urc, place = run.story, run.urc, run.place
    assert urc is not None
    before = plain(story, urc.needs)
    if urc.effect in LOST:
        _cut_off(run, before, LOST[urc.effect])
        (_restarted if urc.effect == "epoch" else _slept)(run, before)
    elif urc.effect == "carrier" and story.live and place == (0, 0) and run.slot and run.slot.mode == TRANSPARENT:
        assert run.results == [(0, "NO CARRIER")], run.results
    elif story.live and (run.slot is run.target or urc.effect == "context"):
        _lived(run, before, Outcome(run))
    else:
        outcome = run.outcome()
        compare(run, before, outcome)
    aftermath(run)
    return outcome


def allow(run: Run) -> None:
    """What the host may write on top, because of the URC."""
    also = run.wire.also
    also.update(run.story.also)
    if run.slot is not None and run.slot.kind == LISTENER:
        for cid in (1, 2):  # a client that comes in when its listener is gone is closed
            also[b"AT+QICLOSE=%d\r" % cid] = lines("OK", "CLOSE OK")


# --- nothing else has changed -------------------------------------------------------------------------------------


def compare(run: Run, before: Outcome, after: Outcome) -> None:
    urc = run.urc
    assert urc is not None
    if urc.effect == "carrier":
        _carrier(run, before.results, after.results)
        after.results = before.results
    collected = _collected(run, before.results, after.results)
    assert collected == _may_answer(run), "taken for an answer: %s" % collected
    handed = urc.effect == "handed" and not collected
    assert after.seen == before.seen if not handed else _once(urc.text, after.seen, before.seen), after.seen
    if run.slot is not None and (run.slot is run.target or urc.effect == "context"):
        _shortened(run, before.delivered, after.delivered)
        return
    assert _without_ours(run, after.delivered) == before.delivered, (after.delivered, before.delivered)
    _count(run, before, after, {} if collected else EFFECTS[urc.effect])


def _once(text: str, after: "list[str]", before: "list[str]") -> bool:
    """The text stands once more among what was handed out, and nothing else has moved."""
    return any([after[k] == text and after[:k] + after[k + 1 :] == before for k in range(len(after))])


def _may_answer(run: Run) -> bool:
    """The URC begins as the answer of the command in flight does, and no state tells it from one."""
    exchange = run.story.running(run.place)
    urc = run.urc
    assert urc is not None
    if exchange is None or not urc.text.startswith(exchange.prefix):
        return False
    return urc.effect not in ("opened", "refused") and urc.prefix not in ("+CEREG:", "+CREG:", "+CGREG:")


def _collected(run: Run, before: "list[Any]", after: "list[Any]") -> bool:
    """True if the URC is one line of a result; else the results must be equal.  Behind an error no lines are given."""
    assert run.urc is not None
    exchange = run.story.running(run.place)
    if before == after:
        failed = exchange is not None and isinstance(before[run.story.exchanges.index(exchange)], tuple)
        return failed and _may_answer(run)
    assert len(before) == len(after), (after, before)
    for k in range(len(before)):
        if before[k] != after[k]:
            rest = list(after[k])
            rest.remove(run.urc.text)
            assert rest == before[k] and after[k + 1 :] == before[k + 1 :], (after, before)
            return True
    return False


def _carrier(run: Run, before: "list[Any]", after: "list[Any]") -> None:
    """The command that waits for CONNECT has failed; no other has."""
    exchange = run.story.running(run.place)
    for k in range(len(before)):
        failed = exchange is not None and exchange is run.story.exchanges[k] and exchange.final == "CONNECT"
        assert (after[k] == (0, "NO CARRIER")) if failed else (after[k] == before[k]), (k, after, before)


def _without_ours(run: Run, held: "list[Any]") -> "list[Any]":
    """What the slot holds but for the message that was injected, which must be there once."""
    assert run.urc is not None
    if run.urc.effect != "message" or run.slot is None:
        return held
    ours = [one for one in held[1:] if b",4711" in one[0]]
    assert len(ours) == 1, held
    return [one for one in held if one is not ours[0]]


def _shortened(run: Run, before: "list[Any]", after: "list[Any]") -> None:
    """The story's own slot: what it holds is a beginning of what it held."""
    if len(after) == 2 and isinstance(after[1], bytes):
        assert before[1].startswith(after[1]), (after, before)
    else:
        assert after[1:] == before[1 : len(after)], (after, before)


def _count(run: Run, before: Outcome, after: Outcome, more: "dict[str, int]") -> None:
    assert run.urc is not None
    expected = {"lines": 0 if _inline(run) else 1, "rx_bytes": len(run.data)}
    expected.update(more)
    if run.urc.effect == "message" and run.slot is None:  # nobody may have been there to take it
        lost = COUNTERS.index("rx_lost")
        expected["rx_lost"] = after.counters[lost] - before.counters[lost]
    for k, name in enumerate(COUNTERS):
        difference = after.counters[k] - before.counters[k]
        assert difference == expected.get(name, 0), (name, difference, expected)


def _inline(run: Run) -> bool:
    """The payload stands on the header's own line, which then is no line."""
    assert run.urc is not None
    if run.urc.effect == "message":
        return run.data[-3:-2] != b'"' and run.data[-6:-2] != b"4711"
    return run.urc.effect == "pushed" and b"12," in run.data


# --- a connection of the driver's own doing -----------------------------------------------------------------------


def _lived(run: Run, before: Outcome, after: Outcome) -> None:
    assert run.urc is not None
    if run.urc.effect == "again":
        run.wire.done()
        assert after.results == before.results and after.delivered == before.delivered
        if run.story.name == "receiving" and run.place != (1, 2):  # there the next read may be under way already
            assert run.wire.extra == (run.place >= (2, 0) or run.place == (0, IDLE)), run.wire.extra
    elif run.urc.effect == "half" and run.story.name == "receiving":
        silent = run.place == (0, IDLE)  # "closed" before the module has announced anything: nothing is there
        assert after.delivered == [ENDED, b"" if silent else before.delivered[1]]
    else:
        _shortened(run, before.delivered, after.delivered)


# --- a restart, and deep sleep ------------------------------------------------------------------------------------


def _cut_off(run: Run, before: Outcome, lost: "tuple[int, str]") -> None:
    """Everything up to the URC is as before; then the command has failed."""
    results = run.results
    n = 0 if run.story.live else len(results)
    if run.story.running(run.place) is not None:
        assert results[-1] == lost, results
        n -= 1
    for k in range(n):
        assert results[k] == before.results[k] or isinstance(before.results[k], tuple), (results, before.results)
    if run.slot is not None:
        _shortened(run, before.delivered, run.bytes())


def _restarted(run: Run, before: Outcome) -> None:
    """And so have the connections."""
    engine = run.modem.engine
    assert engine.epoch == 1 and run.modem.stats.epochs == 1 and not engine.echo_off
    for name in ("timeouts", "resyncs"):
        assert getattr(run.modem.stats, name) <= before.counters[COUNTERS.index(name)], name
    for slot in engine.table.slots:
        if slot.state != FREE:
            broken(slot)
            assert slot.cid < 0


def _slept(run: Run, before: Outcome) -> None:
    """So have the connections, and the module is left alone until it is awake (R121, R219)."""
    engine = run.modem.engine
    assert engine.asleep and engine.slept
    for slot in engine.table.slots:
        assert slot.state in (FAILED, FREE) and (slot.state == FREE or slot.err), (slot.index, slot.state)
    run.wire.say(lines("+QATWAKEUP"), 0)
    run.drive(run.quiet())
    assert not engine.asleep and not engine.slept
