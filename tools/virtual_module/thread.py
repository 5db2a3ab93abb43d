"""Starting a module: in the caller's loop, or in a thread with a loop of its own."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable
from typing import Any

from .module import VirtualModule

START_S, CALL_S = 10.0, 30.0


async def start(model: str, **kw: Any) -> VirtualModule:
    """A module that serves TCP on a free loopback port; `module.url` says where."""
    module = VirtualModule(model, **kw)
    module.url = await module.serve_tcp("127.0.0.1", 0)
    return module


class Handle:
    """A module in a thread of its own. Use `with`, or `close()` it."""

    def __init__(self, model: str, kw: "dict[str, Any]") -> None:
        self._started = threading.Event()
        self._error: "BaseException | None" = None
        self._loop = asyncio.new_event_loop()
        self.module: VirtualModule
        self.url = ""
        self._thread = threading.Thread(target=self._run, args=(model, kw), daemon=True)
        self._thread.start()
        self._started.wait(START_S)
        if self._error is not None:
            self._thread.join(START_S)
            raise self._error

    def _run(self, model: str, kw: "dict[str, Any]") -> None:
        try:
            self.module = self._loop.run_until_complete(start(model, **kw))
            self.url = self.module.url
        except (OSError, ValueError, TypeError) as error:
            self._error = error
        self._started.set()
        if self._error is None:
            self._loop.run_forever()
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def call(self, function: "Callable[[VirtualModule], Any]") -> Any:
        """Run `function(module)` in the module's thread and give back its result; it may be `async def`."""

        async def run() -> Any:
            result = function(self.module)
            return await result if inspect.isawaitable(result) else result

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(CALL_S)

    def close(self) -> None:
        """End the module and its thread; raises the first failure of the module's own code."""
        if not self._thread.is_alive():
            return
        try:
            self.call(VirtualModule.aclose)
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(START_S)

    def __enter__(self) -> "Handle":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def start_thread(model: str, **kw: Any) -> Handle:
    """A module in its own thread and loop, for blocking tests; it serves TCP at `Handle.url`."""
    return Handle(model, kw)
