"""Puts URCs into the worked examples and into the driver's own exchanges, and says what must become of each.

urcs.csv has the URCs, one a line, fields parted by semicolons: the bytes of the line; the families that say it; the
connection that must be there (what it is, and its id); what the driver must make of it; rows. The effects are those
of EFFECTS in judging.py.

A place is (step, item): in front of that item of the module's stretch, behind the last one if there is none. Item
IDLE is before the host has begun the step, in a read of its own.
"""

import kit
from play import (
    ASKS_WHY,
    FAMILIES,
    LAST_ERROR,
    SHORT,
    WATCHED,
    WHY,
    delivered,
    final_of,
    given,
    parts,
    wire,
)
from quectel import PUSH, Modem, QuectelError
from quectel.command import RUN
from quectel.table import FREE, LISTENER, OPEN, OPENING, STREAM
from quick import Clock, Wire
from scripted import adopt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from typing import Any

    Place = tuple[int, int]
    Steps = Generator[None, None, None]

IDLE = -1
WHOLE = 0
BYTES = -1  # a feed above 0 is the place of a cut
HANDED = WATCHED + ("+CGREG:", '+QIURC: "dnsgip"')
COUNTERS = (
    "lines", "urcs", "unknown", "late", "noise", "framing", "rx_lost", "no_slot", "rx_bytes", "timeouts", "resyncs",
    "long_lines", "opens", "epochs",
)  # fmt: skip
FULL = bytes(2048)  # fills a ring, so that the driver sees that there is more and does not read it
_LIMIT_MS = 600_000


class Urc:
    """One line of urcs.csv."""

    def __init__(self, line: str) -> None:
        text, families, self.needs, self.effect, _ = line.split(";")
        self.text = text.replace("\\r", "\r").replace("\\n", "\n")
        self.families = families.split()
        self.wire = b"\r\n" + self.text.encode() + b"\r\n"
        self.prefix = self.text.split(":")[0] + ":"
        self.handed = self.text.startswith(HANDED) if not kit.MICROPYTHON else _begins(self.text)

    def on_the_wire(self, view: int) -> bytes:
        """Pushed data stand behind a comma in view mode 1."""
        return self.wire.replace(b"12\r\n", b"12,") if view and self.effect == "pushed" else self.wire


def _begins(text: str) -> bool:
    return any([text.startswith(prefix) for prefix in HANDED])


def urcs(family: str) -> "list[Urc]":
    """The URCs that a family says."""
    with open(kit.path("driver/urcs.csv")) as file:
        found = [Urc(line) for line in file.read().split("\n")[1:] if line]
    return [urc for urc in found if family in urc.families]


# --- what is played -----------------------------------------------------------------------------------------------


class Exchange:
    """One command of the host, and the steps of the script that it takes."""

    def __init__(self, line: str, final: str, data: "bytes | None", first: int, last: int) -> None:
        self.line = line
        self.final = final
        self.data = data
        self.first = first
        self.last = last
        self.prefix = "+" + line[3:].split("=", 1)[0].rstrip("?") + ":"


class Story:
    """A script, and a host that follows it: a worked example, or the driver's own doing (stories.py)."""

    rx_ring = 512
    live = False  # the driver reads and writes by itself
    also: "dict[bytes, bytes]" = {}  # what the host may write on top of the script, and its answer

    def __init__(self, name: str, family: str, script: "list[Any]") -> None:
        self.name = name
        self.family = family
        self.script = script  # (what the host writes, items of the module) each
        self.wires = [(host, b"".join(items)) for host, items in script]
        self.exchanges: "list[Exchange]" = []
        self.plain: "dict[str, Outcome]" = {}
        self.chapters: "dict[Place, Story]" = {}  # by number of the first exchange and how many

    def __repr__(self) -> str:
        return self.name

    def given(self, modem: "Any") -> "Any":
        """Bring the driver to where the story begins; gives the slot whose bytes count."""
        return given(modem, self.name)

    def host(self, run: "Run") -> "Steps":
        """What the caller does, and the pauses between."""
        for exchange in self.exchanges:
            yield from run.pause(exchange.first)
            yield from run.command(exchange)

    def fits(self, urc: Urc) -> bool:
        """False for what no module says here: an announcement without a length of a connection in push mode.

        And in the example of deep sleep for deep sleep, which the module ends by itself there, and of TCP connections,
        which end with it.
        """
        if "deep-sleep" in self.name and (urc.effect == "asleep" or urc.needs):
            return False
        return urc.effect != "again" or given_mode(self.name) == 0

    def begins(self) -> "list[int]":
        """The steps that the host begins by itself."""
        first = [0] if self.script and self.script[0][0] == b"" else []
        return first + [exchange.first for exchange in self.exchanges]

    def places(self, urc: Urc) -> "list[Place]":
        """Every boundary between whole lines outside a counted payload, and the pauses."""
        found = [(step, IDLE) for step in self.begins() + [len(self.script)]]
        for step in range(len(self.script)):
            found += [(step, item) for item in range(len(self.script[step][1]) + 1)]
        return found

    def forget(self) -> None:
        """What was kept to play it often."""
        self.plain.clear()
        self.chapters.clear()

    def around(self, place: "Place", n: int = 2) -> "tuple[Story, Place]":
        """The exchange of this place and n - 1 more: a cut elsewhere changes nothing.

        The whole story where the view mode is set in it, which counts from then on.
        """
        if len(self.exchanges) <= n or place[0] < self.exchanges[0].first or self.view((len(self.script), IDLE)):
            return self, place
        k = len(self.exchanges) - 1
        while self.exchanges[k].first > place[0]:
            k -= 1
        if (k, n) not in self.chapters:
            self.chapters[(k, n)] = self._chapter(k, n)
        return self.chapters[(k, n)], (place[0] - self.exchanges[k].first, place[1])

    def _chapter(self, k: int, n: int) -> "Story":
        first = self.exchanges[k].first
        end = self.exchanges[k + n].first if k + n < len(self.exchanges) else len(self.script)
        story = Story(self.name, self.family, self.script[first:end])
        for one in self.exchanges[k : k + n]:
            story.exchanges.append(Exchange(one.line, one.final, one.data, one.first - first, one.last - first))
        return story

    def running(self, place: "Place") -> "Exchange | None":
        """The command in flight there."""
        step, item = place
        for exchange in self.exchanges:
            if exchange.first <= step <= exchange.last and item != IDLE:
                before = self.script[step][1][:item] if step == exchange.last else []
                ended = [one.strip() in (exchange.final.encode(), b"ERROR") for one in before]
                return None if any(ended) else exchange
        return None

    def view(self, place: "Place") -> int:
        """1 where the module puts pushed data behind their header's comma."""
        step, item = place
        said = b"".join([data for _, data in self.wires[:step]])
        return int(b'"viewmode",1' in said + b"".join(self.script[step][1][:item] if item > 0 else []))


def given_mode(name: str) -> int:
    """1 where the example has a connection in push mode, or a listener, which is not read either."""
    return int(any([("/%s-" % section) in name for section in ("4.2.3", "3.4.3", "4.3.2")]))


def transcript(path: str) -> Story:
    """The worked example in a file, as it is printed; in a variant where it announces more than it prints."""
    name = "/".join(path.split("/")[-2:])
    cut = parts(path, 1 if name in SHORT else 0)
    story = Story(name, FAMILIES[name.split("/")[0]], [])
    for i in range(0, len(cut), 2):
        story.script.append((wire(cut[i]), [item.wire for item in cut[i + 1]]))
    if name in ASKS_WHY:
        story.script.append((WHY[0], [b"\r\n+QIGETERROR: 568,operation busy\r\n", b"\r\nOK\r\n"]))
    story.wires = [(host, b"".join(items)) for host, items in story.script]
    i = 0
    while i < len(cut):
        i = _exchange(story, cut, i)
    return story


def _exchange(story: Story, cut: "Any", i: int) -> int:
    first = i
    if not cut[i] or (i and story.name in LAST_ERROR):
        return i + 2
    data = None
    if wire(cut[i + 1]).rstrip().endswith(b">"):
        i += 2
        data = wire(cut[i])
    story.exchanges.append(Exchange(cut[first][0].text, final_of(cut[i + 1]), data, first // 2, i // 2))
    return i + 2


# --- a run --------------------------------------------------------------------------------------------------------


class Outcome:
    """What must not depend on a URC that concerns nobody here."""

    def __init__(self, run: "Run") -> None:
        self.results = run.results
        self.seen = run.seen
        self.delivered = run.bytes()
        stats = run.modem.stats
        self.counters = [getattr(stats, name) for name in COUNTERS]
        self.target = OPEN if run.target is None else run.target.state


class Run:
    """One story played once, with a URC at one place or without, in one way of feeding."""

    def __init__(self, story: Story, urc: "Urc | None" = None, place: "Place" = (0, IDLE), feed: int = WHOLE) -> None:
        self.story = story
        self.urc = urc
        self.place = place
        self.results: "list[Any]" = []
        self.seen: "list[str]" = []
        self.moved = False
        self.target: "Any" = None
        self.over = True  # nothing more is begun after a restart
        self.data = b"" if urc is None else urc.on_the_wire(story.view(place))
        self.clock = Clock()
        self.wire = self.made_wire(list(story.wires), 1 if feed == BYTES else 0)
        self.cut = max(feed, 0)
        self.feed = feed
        if urc is not None and place[1] != IDLE:
            step, item = place
            items = story.script[step][1]
            said = b"".join(items[:item]) + self.data + b"".join(items[item:])
            self.wire.script[step] = (story.script[step][0], said)
            self.wire.cuts = step
            self.wire.cut = self.cut
        slots = 4 if "accept-incoming" in story.name else 3  # the story's, the URC's, and one for who comes later
        self.modem = Modem(self.wire, story.family, slots=slots, rx_ring=story.rx_ring, clock=self.clock)
        for prefix in HANDED:
            self.modem.on_urc(prefix, self._note)
        self.slot = story.given(self.modem)
        self.gen = -1 if self.slot is None else self.slot.gen

    def made_wire(self, script: "list[Any]", size: int) -> Wire:
        return Wire(script, size, self.clock)

    def _note(self, line: bytes) -> None:
        self.seen.append(line.decode())

    def furnish(self, needs: str) -> None:
        """The connection that the URC is about."""
        self.target = furnish(self.modem, needs, self.slot)

    def outcome(self) -> "Outcome":
        """Of the whole story, which was driven to its end."""
        self.wire.done()
        return Outcome(self)

    def steps(self) -> "Steps":
        if self.wire.script and self.wire.script[0][0] == b"":
            yield from self.pause(0)
            self.wire.begin()
        yield from self.story.host(self)
        yield from self.pause(len(self.story.script))

    def drive(self, steps: "Iterable[None]") -> None:
        """Let the driver work until the steps have ended; time goes on when nothing else does."""
        modem = self.modem
        clock = self.clock
        until = clock.passed + _LIMIT_MS
        for _ in steps:
            self.moved = modem.poll()
            if not self.moved:
                clock.move(max(min(modem.engine.due(clock.now), self.wire.silence() or 10_000), 10))
                assert clock.passed < until, "waited for %d s and nothing came" % (_LIMIT_MS // 1000)

    def quiet(self) -> "Steps":
        """Everything was read, and nothing is under way."""
        while self.moved or self.wire.waiting() or self.modem.engine.cmd.state == RUN:
            yield

    def pause(self, step: int) -> "Steps":
        """Between two exchanges; the URC's moment, if it comes here."""
        yield from self.quiet()
        if self.urc is not None and self.place == (step, IDLE):
            self.wire.say(self.data, self.cut)
            yield from self.quiet()

    def command(self, exchange: Exchange, timeout_ms: int = 5000) -> "Steps":
        """A command of the caller's own."""
        if self.over and (self.modem.engine.epoch or self.modem.engine.asleep):
            return
        try:
            answer = yield from self.modem._command(exchange.line, None, exchange.final, exchange.data, timeout_ms)
            self.results.append(answer)
        except QuectelError as error:
            self.results.append((error.code, error.text))

    def bytes(self) -> "list[Any]":
        """What the story's slot holds, if it has not been given back."""
        if self.slot is not None and self.slot.gen != self.gen:
            return [FREE, b""]
        return delivered(self.slot)


def furnish(modem: "Any", needs: str, mine: "Any") -> "Any":
    """A slot as the URC needs it: "stream 3" is a connection with id 3 that has no room for what it could read."""
    if not needs:
        return None
    what, _, number = needs.partition(" ")
    cid = int(number)
    tls = what.startswith("tls") or (what == "own" and modem.family.tls is not None)
    if what == "own" and modem.engine.table.at(cid).index >= 0:
        return modem.engine.table.at(cid)
    slot = adopt(modem, cid, LISTENER if what == "listener" else STREAM, PUSH if what.endswith("push") else 0, tls)
    if what.endswith("opening"):
        slot.state = OPENING
        slot.opened = -1
    elif what in ("stream", "tls", "own"):
        slot.ring.put(FULL, 0, slot.ring.size)
        slot.ring.commit()
    return slot


def plain(story: Story, needs: str) -> Outcome:
    """The story without a URC, beside the same connection."""
    if needs not in story.plain:
        run = Run(story)
        run.furnish(needs)
        run.drive(run.steps())
        story.plain[needs] = run.outcome()
    return story.plain[needs]
