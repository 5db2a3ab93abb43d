"""The module's clock: all waiting of the virtual module goes through one `Clock`.

Three kinds: `Clock.real()` follows the host, `Clock.scaled(60)` runs sixty module seconds in one host second,
`Clock.stepped()` stands still until `advance()` is called. Sockets stay real with each of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import time
from collections.abc import AsyncIterator, Callable


class Timer:
    """A callback that is due at a time of the module's clock; `cancel()` takes it back."""

    def __init__(self, due_ms: int, call: "Callable[[], None]") -> None:
        self.due_ms = due_ms
        self.call = call
        self.cancelled = False
        self.handle: "asyncio.TimerHandle | None" = None

    def cancel(self) -> None:
        """Take the callback back; harmless when it has run already."""
        self.cancelled = True
        if self.handle is not None:
            self.handle.cancel()

    def fire(self) -> None:
        """Run the callback once, unless it was cancelled."""
        if not self.cancelled:
            self.cancelled = True
            self.call()


class Clock:
    """Time of the module in whole milliseconds since it was made."""

    def __init__(self, factor: "float | None") -> None:
        self._factor = factor  # module time per host time; None: stepped by hand
        self._start = time.monotonic()
        self._stepped_ms = 0
        self._queue: "list[tuple[int, int, Timer]]" = []
        self._order = itertools.count()

    @classmethod
    def real(cls) -> "Clock":
        """A clock as fast as the host's."""
        return cls(1.0)

    @classmethod
    def scaled(cls, factor: float) -> "Clock":
        """A clock that runs `factor` (above 0) times as fast as the host's."""
        if not 0 < factor < float("inf"):
            raise ValueError("the factor must be above 0")
        return cls(factor)

    @classmethod
    def stepped(cls) -> "Clock":
        """A clock that only `advance()` moves."""
        return cls(None)

    @property
    def is_stepped(self) -> bool:
        """True when only `advance()` moves it."""
        return self._factor is None

    def now_ms(self) -> int:
        """Milliseconds since the clock was made."""
        if self._factor is None:
            return self._stepped_ms
        return int((time.monotonic() - self._start) * 1000 * self._factor)

    def call_later(self, delay_ms: int, call: "Callable[[], None]") -> Timer:
        """Run `call` once `delay_ms` (0 or more) have passed on this clock."""
        timer = Timer(self.now_ms() + delay_ms, call)
        if self._factor is None:
            heapq.heappush(self._queue, (timer.due_ms, next(self._order), timer))
        else:
            loop = asyncio.get_running_loop()
            timer.handle = loop.call_later(delay_ms / 1000 / self._factor, timer.fire)
        return timer

    def advance(self, ms: int) -> None:
        """Step the clock; timers fire in the order of their times, each at its own time."""
        if self._factor is not None:
            raise ValueError("only a stepped clock can be advanced")
        if ms < 0:
            raise ValueError("time does not run backwards")
        end = self._stepped_ms + ms
        while self._queue and self._queue[0][0] <= end:
            due, _, timer = heapq.heappop(self._queue)
            self._stepped_ms = max(self._stepped_ms, due)
            timer.fire()
        self._stepped_ms = end

    def next_ms(self) -> int:
        """Milliseconds to the next timer of a stepped clock, -1 when there is none."""
        while self._queue and self._queue[0][2].cancelled:
            heapq.heappop(self._queue)
        return max(self._queue[0][0] - self._stepped_ms, 0) if self._queue else -1

    @contextlib.asynccontextmanager
    async def limit(self, ms: int) -> "AsyncIterator[None]":
        """TimeoutError for what is inside once `ms` have passed on this clock."""
        async with asyncio.timeout(None) as limit:
            timer = self.call_later(ms, lambda: limit.reschedule(0))
            try:
                yield
            finally:
                timer.cancel()

    async def sleep_ms(self, ms: int) -> None:
        """Wait `ms` on this clock."""
        done: "asyncio.Future[None]" = asyncio.get_running_loop().create_future()
        timer = self.call_later(ms, lambda: None if done.done() else done.set_result(None))
        try:
            await done
        finally:
            timer.cancel()
