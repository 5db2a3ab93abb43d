"""The driver's time beside a virtual module in a thread: it passes only while that thread and its own have their turns.

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
        now = time.monotonic()
        until = min([now, *(last + LONGEST_S for last in self._beats.values())])
        if until > self._upto:
            self._passed += until - self._upto
            self._upto = until
        return now

    def ticks_ms(self) -> int:
        """What the driver takes for its clock. To ask is a turn, too, for who blocks the loop meanwhile."""
        with _lock:
            thread = threading.get_ident()
            if thread in self._beats:
                self._turn(thread)
            else:
                self._count()
            return int(self._passed * 1000)


def sliced(uart: Any) -> Any:
    """The UART; a wait for it is short, so that it is no standstill. Who waits looks at the time, and waits on."""
    wait = uart.wait
    uart.wait = lambda ms: wait(min(ms, int(BEAT_S * 1000)))
    return uart


pulse = Pulse()  # without a loop that beats it is the host's time
_driver: Any = _compat
_driver._ticks_ms = pulse.ticks_ms
