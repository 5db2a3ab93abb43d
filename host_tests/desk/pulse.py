"""The driver's time beside a virtual module in a thread: it passes only while that thread has its turns.

A module answers most commands within 300 ms or is given up. A machine that is busy with other work, or that stands
still for a while, must not look like such a module; the driver's time limits stay what they are.
"""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

from quectel import _compat

BEAT_S, LONGEST_S = 0.005, 0.02  # of what is longer between two turns, the rest is no time

_lock = threading.Lock()


class Pulse:
    """Seconds that have passed while every loop that beats here had its turns."""

    def __init__(self) -> None:
        self._passed = self._upto = time.monotonic()  # time that has passed, and the moment up to which it was counted
        self._beats: "dict[object, float]" = {}  # the last turn of each loop

    def beat(self, loop: asyncio.AbstractEventLoop) -> None:
        """A turn of that loop, which calls this first itself."""
        with _lock:
            self._upto = max(self._upto, self._count())
            self._beats[loop] = self._upto
        loop.call_later(BEAT_S, self.beat, loop)

    def end(self, loop: asyncio.AbstractEventLoop) -> None:
        """That loop has stopped."""
        with _lock:
            self._upto = max(self._upto, self._count())
            self._beats.pop(loop, None)

    def _count(self) -> float:
        """Count up to now, or to where a loop has been without a turn for too long; now."""
        now = time.monotonic()
        until = min([now, *(last + LONGEST_S for last in self._beats.values())])
        if until > self._upto:
            self._passed += until - self._upto
            self._upto = until
        return now

    def ticks_ms(self) -> int:
        """What the driver takes for its clock."""
        with _lock:
            self._count()
            return int(self._passed * 1000)


pulse = Pulse()  # without a loop that beats it is the host's time
_driver: Any = _compat
_driver._ticks_ms = pulse.ticks_ms
