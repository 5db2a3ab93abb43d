"""An asyncio application: a connection on which one task sends and another receives, while a third pings.

import asyncio
from chat import Chat
from quectel import AsyncModem
from quectel_host import open_uart                # on a PC or a Raspberry Pi; on a board: board.uart()

async def main() -> None:
    modem = AsyncModem(open_uart("/dev/ttyUSB2"), "EC200U")
    await modem.connect("internet")
    chat = Chat(modem)
    await chat.open("chat.example.org", 7000)
    await chat.say(["hello", "bye"])
    await chat.close()
    print(chat.heard)

asyncio.run(main())
"""

import asyncio
from errno import ECONNRESET

from quectel import PUSH, AsyncModem, AsyncSocket, QuectelError


class Chat:
    """Lines that are said and heard."""

    def __init__(self, modem: AsyncModem) -> None:
        self.modem = modem
        self.heard: "list[str]" = []
        self.slowest_ms = 0  # of the pings meanwhile
        self._sock: "AsyncSocket | None" = None

    async def open(self, host: str, port: int) -> None:
        """Connect; data are pushed by the module as they come."""
        self._sock = await self.modem.create_connection((host, port), mode=PUSH, timeout_ms=30_000)

    async def say(self, lines: "list[str]") -> None:
        """Say all lines and hear as many; both go on at the same time."""
        await asyncio.gather(self._send(lines), self._hear(len(lines)), self._ping())

    async def _send(self, lines: "list[str]") -> None:
        for line in lines:
            await self._open_socket().write(line + "\n")

    async def _hear(self, count: int) -> None:
        while len(self.heard) < count:
            line = await self._open_socket().readline()
            if not line:
                raise QuectelError(ECONNRESET, "the server has closed the connection")
            self.heard.append(line.decode().rstrip())

    async def _ping(self) -> None:
        try:
            result = await self.modem.ping("127.0.0.1", count=1)
            self.slowest_ms = result.max_ms
        except QuectelError as error:
            print("no ping:", error)

    def _open_socket(self) -> AsyncSocket:
        if self._sock is None:
            raise ValueError("open() first")
        return self._sock

    async def close(self) -> None:
        """Close the connection, then end the modem's task."""
        if self._sock is not None:
            await self._sock.close()
        await self.modem.aclose()
