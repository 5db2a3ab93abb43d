"""A virtual module at which a test types, on a stepped clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypedDict, Unpack

import vm_peers as peers
from virtual_module import Clock, VirtualModule
from virtual_module.sockets import Connection

OK, ERROR = b"\r\nOK\r\n", b"\r\nERROR\r\n"
FAMILIES = ("BG96", "EC200U", "BC65", "BC95-G", "BC25")


class Settings(TypedDict, total=False):
    """What a test may say about the module."""

    clock: Clock
    nvram: Path
    options: Mapping[str, object]
    resolver: Mapping[str, tuple[str, int]]


class Bench:
    """Types at a module without a transport; echo is off and errors are numbers unless the test changes that."""

    def __init__(self, model: str, **settings: Unpack[Settings]) -> None:
        settings.setdefault("clock", Clock.stepped())
        self.module = VirtualModule(model, **settings)
        self.module.terminal.echo = False
        self.module.terminal.cmee = 1

    async def __aenter__(self) -> Bench:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.module.aclose()

    async def type(self, line: str | bytes) -> bytes:
        """Types a command line and returns what comes back until nothing happens any more."""
        return await self.raw(_bytes(line) + b"\r")

    async def answer(self, line: str) -> bytes:
        """Like `type`, but for commands that touch no socket: it does not wait for quiet."""
        self.module.feed(_bytes(line) + b"\r")
        if self.module.terminal.running:
            await self.module.settle()
        return self.module.take()

    async def type_until(self, line: str, part: str | bytes) -> bytes:
        """Types a command line and returns what comes back up to `part` and a moment of quiet."""
        self.module.feed(_bytes(line) + b"\r")
        return await self.until(part)

    async def raw(self, data: str | bytes) -> bytes:
        self.module.feed(_bytes(data))
        await self.module.settle()
        return self.module.take()

    async def until(self, part: str | bytes) -> bytes:
        """Waits for a piece of output, and returns all of it up to a moment of quiet."""
        got = bytearray()

        def seen() -> bool:
            got.extend(self.module.take())
            return _bytes(part) in got

        await peers.until(seen)
        await self.module.settle()
        return bytes(got) + self.module.take()

    async def ok(self, *lines: str) -> None:
        for line in lines:
            answer = await self.answer(line)
            assert answer == OK, (line, answer)

    async def refused(self, line: str, code: int) -> None:
        """ERROR, and the code in the register."""
        assert await self.type(line) == ERROR, line
        got = await self.type("AT+QIGETERROR")
        assert got.startswith(b"\r\n+QIGETERROR: %d," % code), (line, got)

    async def given_up(self, after_ms: int) -> None:
        """Nothing is said, until data entry ends with ERROR."""
        for ms, said in ((after_ms - 1, b""), (1, ERROR)):
            self.module.clock.advance(ms)
            await self.module.settle()
            assert self.module.take() == said

    def connection(self, number: int) -> Connection:
        """The connection of an id that is in use."""
        found = self.module.connections.get(number)
        assert found is not None, number
        return found

    async def upload(self, name: str, data: bytes) -> bytes:
        assert await self.type('AT+QFUPL="%s",%d' % (name, len(data))) == b"\r\nCONNECT\r\n"
        return await self.raw(data)


def answer(text: str) -> bytes:
    """An answer of one line, and OK."""
    return ("\r\n%s\r\n" % text).encode() + OK


def cme(code: int) -> bytes:
    return b"\r\n+CME ERROR: %d\r\n" % code


def _bytes(text: str | bytes) -> bytes:
    return text.encode("latin-1") if isinstance(text, str) else text


def play(model: str, test: Callable[[Bench], Awaitable[None]], **settings: Unpack[Settings]) -> None:
    """Runs `test(bench)` in a loop of its own."""

    async def run() -> None:
        async with Bench(model, **settings) as bench:
            await asyncio.wait_for(test(bench), 60)

    asyncio.run(run())
