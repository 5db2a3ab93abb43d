"""The asyncio face, as tests use it. Apart from faces.py because npm's VM has no asyncio.run."""

import asyncio

from faces import Face
from kit import MICROPYTHON, named
from quectel import AsyncModem
from scripted import AsyncStepClock, Unexpected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


async def pause() -> None:
    """Let the other tasks run."""
    await asyncio.sleep(0)


AsyncStepClock.pause = pause


def at_once(coroutine: "Any") -> None:
    """Run what waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise AssertionError("it waits")


class AsyncFace(Face):
    """Runs a test's body on AsyncModem and AsyncSocket, in a loop that never really waits."""

    def make(self, *args: "Any", **how: "Any") -> "Any":
        if self.modem is not None:
            at_once(self.modem.aclose())  # its task would go on beside those of all later ones
        return AsyncModem(*args, **how)

    def new_clock(self) -> "Any":
        return AsyncStepClock()

    async def settle(self) -> None:
        self.modem.until(-1)
        quiet = 0
        while quiet < 20:
            quiet = 0 if self.uart.queue or self.uart.later else quiet + 1
            self.modem.kick()
            self.clock.advance(5)
            await pause()

    async def raised(self) -> BaseException:
        """The event loop's exception handler gets it, and nobody else."""
        told: "list[BaseException]" = []
        loop = asyncio.get_event_loop()
        loop.set_exception_handler(lambda _, context: told.append(context["exception"]))
        self.modem.until(-1)
        self.modem.kick()
        for _ in range(20):
            if not told:
                await pause()
        loop.set_exception_handler(None)
        (error,) = told
        return error

    def run(self, body: "Any") -> None:
        if MICROPYTHON:
            asyncio.new_event_loop()
        asyncio.run(self._whole(body))
        self.check()

    async def _whole(self, body: "Any") -> None:
        try:
            await self._drive(body(self))
        except Unexpected:
            self.check()
            raise
        finally:
            await self.modem.aclose()
            await pause()

    async def _drive(self, steps: "Any") -> None:
        try:
            item = steps.send(None)
            while True:
                try:
                    done = await item if hasattr(item, "send") else item
                except (OSError, ValueError, TypeError) as error:
                    item = steps.throw(error)
                else:
                    item = steps.send(done)
        except StopIteration:
            pass


def on_loop(body: "Callable[[AsyncFace], Any]") -> "Callable[[], None]":
    """A test that is a coroutine of its own."""

    def test() -> None:
        AsyncFace().run(lambda face: _once(body(face)))

    return named(test, body)


def _once(coroutine: "Any") -> "Any":
    yield coroutine


async def ended(task: "Any") -> "BaseException | None":
    """How a task ended, without raising it."""
    try:
        await task
    except (OSError, asyncio.CancelledError) as error:
        return error
    return None
