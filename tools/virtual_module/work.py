"""What the module does beside its port: tasks, which of them end with a restart, and what has gone wrong in them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

Coro = Coroutine[object, object, None]


class Work:
    """The tasks of one module. `ended(failed)` is called behind each; a failure is kept in `errors`."""

    def __init__(self, ended: "Callable[[bool], None]") -> None:
        self.errors: "list[BaseException]" = []  # failures of the module's own code
        self._ended = ended
        self._tasks: "set[asyncio.Task[None]]" = set()
        self._serving: "set[asyncio.Task[None]]" = set()  # ends with a restart

    def __bool__(self) -> bool:
        return bool(self._tasks)

    def spawn(self, work: Coro) -> "asyncio.Task[None]":
        """Run something."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def serve(self, name: str, work: Coro) -> None:
        """The same for late results of a command of that name: end_serving() ends it."""
        task = self.spawn(work)
        task.set_name(name)
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    def serves(self, name: str) -> bool:
        """True while late results of that command are still to come."""
        return any(task.get_name() == name for task in self._serving)

    def end_serving(self) -> None:
        """A restart: no late results come any more."""
        for task in self._serving:
            task.cancel()

    async def aclose(self) -> None:
        """End all of it."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.errors.append(error)
        self._ended(error is not None)
