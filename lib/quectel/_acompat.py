"""The asyncio half of _compat: what waits for a UART and for an event on this Python."""

import sys

__all__ = ("Event", "Waiter", "create_task", "sleep_ms")

if sys.implementation.name == "micropython":
    from asyncio import Event, create_task, sleep_ms

    _NAP_MS = 2

    class Waiter:
        """Waits for a UART.  It is looked at every 2 ms while something is under way, else every 20 ms."""

        def __init__(self, uart):
            pass

        def wake(self):
            pass

        def wait(self, ms):
            return sleep_ms(min(ms, _NAP_MS if ms < 1000 else 20))  # to be awaited; asyncio's own costs no object

        def close(self):
            pass

else:
    from asyncio import Event, create_task, get_running_loop, sleep

    async def sleep_ms(ms):
        await sleep(ms / 1000)

    class Waiter:
        """Waits for a UART: by the event loop if it has a file descriptor, else it is looked at every 2 ms."""

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
            timer = self._loop.call_later((ms if self._fd >= 0 else min(ms, 2)) / 1000, self._event.set)
            await self._event.wait()
            self._event.clear()
            timer.cancel()

        def close(self):
            if self._fd >= 0:
                self._loop.remove_reader(self._fd)
