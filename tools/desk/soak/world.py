"""The module, the server that collects the records, and what is found in the end."""

from __future__ import annotations

import bisect
from functools import partial

from virtual_module import VirtualModule
from virtual_module.clock import Clock
from virtual_module.local import LocalLink

from desk.soak.app import HOST, JOB_MS, MINUTE_MS, number_of
from desk.soak.plan import Plan

ADDRESS = ("127.0.0.1", 9)  # nothing listens there: the server is in this process
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
PER_HOUR, PER_DAY = 6, 30  # restarts that the host may ask for


class Collector:
    """The server's side of one connection."""

    def __init__(self, world: World, link: LocalLink) -> None:
        self.world, self.link = world, link
        self.typed = b""

    def received(self, data: bytes) -> None:
        """Whole lines are records; a damaged one ends the connection."""
        self.typed += data
        while b"\n" in self.typed:
            line, _, self.typed = self.typed.partition(b"\n")
            number = number_of(line)
            if number < 0:
                self.world.damaged += 1
                self.link.finish(reset=True)
                return
            self.world.take(number)
            self.link.answer(b"A%d\n" % number)

    def ended(self) -> None:
        """A part of a record that stands here is sent again by the application."""


class World:
    """One module and its life."""

    def __init__(self, model: str, plan: Plan, seed: int, step_ms: int = JOB_MS) -> None:
        self.plan = plan
        self.step_ms = step_ms  # longest step of the clock while the driver has something under way
        # who turns more rarely than the module takes to fall asleep never wakes it: its second AT comes too late
        options = {"boot_ms": 4000, "sleep_after_ms": 4 * step_ms, "first_at_lost": True}
        self.module = VirtualModule(model, seed=seed, clock=Clock.stepped(), resolver={HOST: ADDRESS}, options=options)
        self.module.peers[ADDRESS] = partial(Collector, self)
        self.taken: "list[int]" = []  # numbers of the records, as they were accepted
        self.again: "dict[int, int]" = {}  # accepted before: how often they came once more
        self.damaged = 0
        self.open: "list[tuple[int, str]]" = []  # events that no record has followed yet
        self.times: "dict[str, list[int]]" = {}  # kind -> ms until a record was accepted
        for at, kind in plan.events:
            self.module.clock.call_later(at, partial(self._happens, at, kind))

    def _happens(self, at: int, kind: str) -> None:
        self.open.append((at, kind))
        self.plan.act(kind, self.module)

    def take(self, number: int) -> None:
        """A record that is whole: accepted if it is the next one, or in the gap behind a lost one."""
        if self.taken and number <= self.taken[-1]:
            self.again[number] = self.again.get(number, 0) + 1
            return
        self.taken.append(number)
        now = self.module.clock.now_ms()
        for at, kind in self.open:
            self.times.setdefault(kind, []).append(min(now - at, now - number * MINUTE_MS))
        self.open.clear()

    def faults(self, minutes: int, sends: "dict[int, int]") -> "list[str]":
        """What must not be; nothing when all is well. `sends`: attempts of the records that needed more than one."""
        found = ["record %d was lost" % n for n in sorted(set(range(1, minutes + 1)) - set(self.taken))]
        found += ["record %d was accepted twice" % n for n in set(self.taken) if self.taken.count(n) > 1][:9]
        for number, more in self.again.items():
            if more + 1 > sends.get(number, 1):
                found.append("record %d arrived %d times and was sent %d" % (number, more + 1, sends.get(number, 1)))
        return found + self._restarts(HOUR_MS, PER_HOUR) + self._restarts(DAY_MS, PER_DAY)

    def _restarts(self, window_ms: int, most: int) -> "list[str]":
        times = self.module.power.asked
        for i, at in enumerate(times):
            n = bisect.bisect_right(times, at + window_ms) - i
            if n > most:
                return ["%d restarts in %d min" % (n, window_ms // 60_000)]
        return []

    def table(self) -> "list[str]":
        """A line per kind: how often, and how late the next record was, in seconds."""
        lines = ["%-28s %5s %9s %9s" % ("kind", "times", "median s", "longest s")]
        for kind in sorted(self.times):
            times = sorted(self.times[kind])
            lines.append("%-28s %5d %9.1f %9.1f" % (kind, len(times), times[len(times) // 2] / 1000, times[-1] / 1000))
        return lines
