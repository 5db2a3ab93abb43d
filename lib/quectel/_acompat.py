"""The asyncio half of _compat: what waits for a UART and for an event on this Python."""

import sys

__all__ = ("News", "Waiter", "create_task", "sleep_ms")

if sys.implementation.name == "micropython":
    from asyncio import CancelledError, Event, core, create_task, current_task, sleep_ms

    from ._compat import poller

    _NAP_MS = 2
    _NAPS = 10  # so many of them in vain, and the UART is waited for
    _NEAR_MS = 100  # what is due within this time is not worth that
    _LOOK_MS = 20

    def _readable(stream):
        """To be awaited: something can be read."""
        yield core._io_queue.queue_read(stream)

    class Waiter:
        """Waits for a UART.

        While something is under way it is looked at every 2 ms, which costs no object.  Then the event loop waits for
        it, and nothing runs; one that the loop cannot wait for is looked at every 20 ms.
        """

        def __init__(self, uart):
            fd = uart.fileno() if hasattr(uart, "fileno") else -1
            self._stream = fd if fd >= 0 else uart
            self._naps = 0
            self._sleeper = None  # the task that sleeps and is woken by wake()
            self._woken = Event()
            self._watch = Event()
            self._watcher = create_task(self._watching()) if poller(self._stream) else None

        async def _watching(self):
            """A task of its own: one that sleeps cannot wait for a stream as well."""
            while True:
                await self._watch.wait()
                self._watch.clear()
                await _readable(self._stream)
                self.wake()

        def wake(self):
            """End the wait: there is something to do."""
            self._naps = 0
            self._woken.set()
            sleeper = self._sleeper
            if sleeper is not None:
                self._sleeper = None
                sleeper.cancel()

        def wait(self, ms):
            """To be awaited; ms: what is due then, 0 if something has moved, -1 if nothing is due."""
            self._naps = self._naps + 1 if ms else 0
            if 0 <= ms < _NEAR_MS or (self._watcher and self._naps < _NAPS):
                return sleep_ms(min(ms, _NAP_MS) if ms >= 0 else _NAP_MS)
            if self._watcher:
                return self._rest(ms)
            return sleep_ms(_LOOK_MS if ms < 0 or ms >= 1000 else _NAP_MS)

        async def _rest(self, ms):
            self._woken.clear()
            self._watch.set()
            if ms < 0:
                await self._woken.wait()
                return
            self._sleeper = current_task()
            try:
                await sleep_ms(ms)
            except CancelledError:  # costs less than wait_for_ms()
                if not self._woken.is_set():  # it is not wake()'s
                    raise
            finally:
                self._sleeper = None

        def close(self):
            self._woken.clear()  # whoever was cancelled is to end
            if self._watcher:
                self._watcher.cancel()

else:
    from asyncio import Event, create_task, get_running_loop, sleep

    async def sleep_ms(ms):
        await sleep(ms / 1000)

    class Waiter:
        """Waits for a UART: by the event loop if it has a file descriptor, else it is looked at every 2 or 20 ms."""

        def __init__(self, uart):
            self._event = Event()
            self._fd = getattr(uart, "fileno", lambda: -1)()
            self._loop = get_running_loop()
            if self._fd >= 0:
                self._loop.add_reader(self._fd, self._event.set)

        def wake(self):
            """End the wait: there is something to do."""
            self._event.set()

        async def wait(self, ms):
            """ms: what is due then, 0 if something has moved, -1 if nothing is due."""
            if self._fd < 0:
                ms = min(ms, 2) if 0 <= ms < 1000 else 20
            timer = self._loop.call_later(ms / 1000, self._event.set) if ms >= 0 else None
            await self._event.wait()
            self._event.clear()
            if timer:
                timer.cancel()

        def close(self):
            if self._fd >= 0:
                self._loop.remove_reader(self._fd)


_STRAIGHT = 8


class News(Event):
    """An event of which all that wait are told.

    Who finds every time that something has come already goes on without a turn of the loop, so that a procedure gets
    the next command; after eight times it lets the other tasks run.
    """

    def __init__(self):
        Event.__init__(self)
        self._straight = 0

    def wait(self):
        """To be awaited."""
        self._straight = self._straight + 1 if self.is_set() else 0
        if self._straight < _STRAIGHT:
            return Event.wait(self)
        self._straight = 0
        return sleep_ms(0)
