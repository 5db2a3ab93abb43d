"""The time of driver and virtual module where each has a thread: it passes only while both have their turns.

A module answers most commands within 300 ms or is given up. A machine that is busy with other work, or that stands
still for a while, must not look like such a module; the time limits of both stay what they are.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from quectel import _compat
from virtual_module.clock import Clock, Timer

BEAT_S, LONGEST_S = 0.005, 0.02  # of what is longer between two turns, the rest is no time
SLOWER = 4
BLOCKED_S = 1.0  # but who has none for so long is no part of it: he waits for something himself

_lock = threading.Lock()


class Pulse:
    """Seconds that have passed while every loop that beats here had its turns."""

    def __init__(self) -> None:
        self._passed = self._upto = time.monotonic()  # time that has passed, and the moment up to which it was counted
        self._beats: "dict[int, float]" = {}  # by thread: the last turn of its loop
        self._next: "dict[int, asyncio.TimerHandle]" = {}

    def beat(self, loop: asyncio.AbstractEventLoop) -> None:
        """A turn of that loop, which calls this itself up to end()."""
        thread = threading.get_ident()
        with _lock:
            self._turn(thread)
            self._next[thread] = loop.call_later(BEAT_S, self.beat, loop)

    def _turn(self, thread: int) -> None:
        self._upto = max(self._upto, self._count())
        self._beats[thread] = self._upto

    def end(self, thread: "int | None" = None) -> None:
        """No turns of that thread are waited for any more; of this one, or of one whose loop has stopped."""
        thread = threading.get_ident() if thread is None else thread
        with _lock:
            self._upto = max(self._upto, self._count())
            if thread in self._next:
                self._next.pop(thread).cancel()
                del self._beats[thread]

    def _count(self) -> float:
        """Count up to now, or to where a loop has been without a turn for too long; now."""
        now = until = time.monotonic()
        for last in self._beats.values():
            if now - last < BLOCKED_S:
                until = min(until, last + LONGEST_S)
            else:
                self._upto = max(self._upto, last + BLOCKED_S)
        if until > self._upto:
            self._passed += until - self._upto
            self._upto = until
        return now

    def seconds(self) -> float:
        """The time. To ask is a turn, too, for who blocks the loop meanwhile."""
        with _lock:
            thread = threading.get_ident()
            if thread in self._beats:
                self._turn(thread)
            else:
                self._count()
            return self._passed

    def ticks_ms(self) -> int:
        """What the driver takes for its clock."""
        return int(self.seconds() * 1000)


def sliced(uart: Any) -> Any:
    """The UART; a wait for it is short, so that it is no standstill. Who waits looks at the time, and waits on."""
    wait = uart.wait
    uart.wait = lambda ms: wait(min(ms, int(BEAT_S * 1000)))
    return uart


class PulseClock(Clock):
    """A module's, so many times as fast."""

    def __init__(self, factor: float = 1.0) -> None:
        super().__init__(factor)
        self._speed = factor
        self._start = pulse.seconds()

    def now_ms(self) -> int:
        return int((pulse.seconds() - self._start) * 1000 * self._speed)

    def call_later(self, delay_ms: int, call: "Callable[[], None]") -> Timer:
        timer = Timer(self.now_ms() + delay_ms, call)
        self._arm(timer)
        return timer

    def _arm(self, timer: Timer) -> None:
        left_s = (timer.due_ms - self.now_ms()) / 1000 / self._speed
        timer.handle = asyncio.get_running_loop().call_later(max(left_s, 0), self._is_due, timer)

    def _is_due(self, timer: Timer) -> None:
        if self.now_ms() < timer.due_ms:
            self._arm(timer)
        else:
            timer.fire()


pulse = Pulse()  # without a loop that beats it is the host's time
_driver: Any = _compat
_driver._ticks_ms = pulse.ticks_ms


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests without loops that beat: the driver's time runs slower, so that each of its limits is longer."""
    monkeypatch.setattr(_driver, "_ticks_ms", lambda: pulse.ticks_ms() // SLOWER)
