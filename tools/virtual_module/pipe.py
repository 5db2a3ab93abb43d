"""An in-memory UART: one end is the module's, the other has readinto and write, from any thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .module import VirtualModule


class Pipe:
    """The host's end: at most `rxbuf` bytes wait in it (0: any).

    `write` never waits; `readinto` gives what is there, or None; `wait(ms)` waits for bytes.
    """

    def __init__(self, module: VirtualModule, rxbuf: int = 0) -> None:
        self._module = module
        self._bytes = bytearray()
        self._ready = threading.Condition()
        self._loop = _running_loop()
        self._thread = threading.get_ident()
        self._rxbuf = rxbuf
        if rxbuf:
            module.line.room = self._room
        self._detach = module.attach(self._put)

    def _put(self, data: bytes) -> None:
        with self._ready:
            self._bytes += data
            self._ready.notify_all()

    def _room(self) -> int:
        with self._ready:
            return self._rxbuf - len(self._bytes)

    def init(self, baudrate: int = 115_200) -> None:
        """Set the host's rate; garbage comes and goes while the module's is another."""
        self._do(self._module.host_rate, baudrate)

    def _do(self, call: "Callable[[Any], object]", arg: object) -> None:
        """Run something in the module's loop."""
        if self._loop is None or threading.get_ident() == self._thread:
            call(arg)
        else:
            self._loop.call_soon_threadsafe(call, arg)

    def _taken(self) -> None:
        if self._rxbuf:
            self._do(lambda _: self._module.let_out(), None)

    def readinto(self, buf: "bytearray | memoryview") -> "int | None":
        """Move bytes into `buf`; None when there are none."""
        with self._ready:
            count = min(len(buf), len(self._bytes))
            buf[:count] = self._bytes[:count]
            del self._bytes[:count]
        self._taken()
        return count or None

    def read(self, limit: int = -1) -> "bytes | None":
        """Bytes that are there, at most `limit`; None when there are none."""
        with self._ready:
            data = bytes(self._bytes if limit < 0 else self._bytes[:limit])
            del self._bytes[: len(data)]
        self._taken()
        return data or None

    def write(self, buf: "bytes | bytearray | memoryview", off: int = 0, n: "int | None" = None) -> int:
        """Give bytes to the module: `buf[off:off + n]`."""
        end = len(buf) if n is None else off + n
        data = bytes(memoryview(buf)[off:end])
        self._do(self._module.feed, data)
        return len(data)

    def any(self) -> int:
        """How many bytes are there."""
        with self._ready:
            return len(self._bytes)

    def wait(self, ms: int) -> bool:
        """Wait at most `ms` of the host's time for bytes; True when there are some. Not in the loop's own thread."""
        with self._ready:
            return self._ready.wait_for(lambda: bool(self._bytes), ms / 1000)

    def close(self) -> None:
        """Take this end off the module."""
        self._detach()
        self._module.line.room = None


def _running_loop() -> "asyncio.AbstractEventLoop | None":
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
