"""The asyncio face: AsyncSocket."""

from ._compat import const
from .base_socket import BaseSocket, would_block
from .errors import QuectelTimeout
from .table import AF_INET, BUFFER, SOCK_STREAM, TAKEN

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from ._faces import MaybeTLS, Slot
    from ._types import Address, Buf, ReadBuf
    from .aio import AsyncModem


class AsyncSocket(BaseSocket):
    """As Socket, with calls that are awaited.  Each await costs its coroutine, 90 to 160 bytes on a 64-bit VM."""

    if TYPE_CHECKING:
        _modem: AsyncModem

    def __init__(
        self,
        modem: "AsyncModem",
        type: int = SOCK_STREAM,
        tls: "MaybeTLS" = None,
        mode: int = BUFFER,
        af: int = AF_INET,
        pdp: int = 1,
        slot: "Slot | None" = None,
    ) -> None:
        BaseSocket.__init__(self, modem, type, tls, mode, af, pdp, slot)

    async def __aenter__(self) -> "AsyncSocket":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _again(self, until: int, done: int) -> bool:
        """Wait for a change; False if a non-blocking call has nothing to wait for."""
        if self._timeout_ms == 0:
            return self._modem.poll()
        if not await self._modem.turn(until):
            raise QuectelTimeout("timed out", done=done)
        return True

    # --- opening and closing ------------------------------------------------------------------------------------

    async def connect(self, address: "Address") -> None:
        """See Socket.connect()."""
        if self._timeout_ms == 0:
            self._modem.until(-1)
            raise self._begin_open(address)
        await self._modem.run(self._open_steps(address), self._timeout_ms)
        self._peer = (address[0], address[1])

    async def listen(self, backlog: int = 1) -> None:
        """See Socket.listen()."""
        steps = self._modem.listen(self._slot, self._gen, self._local[0], self._local[1])
        await self._modem.run(steps, self._timeout_ms)

    async def accept(self) -> "tuple[AsyncSocket, Address]":
        """See Socket.accept()."""
        until = self._modem.until(self._timeout_ms)
        while True:
            client = self._accepted()
            if client is not None:
                return AsyncSocket(self._modem, slot=client[0]), client[1]
            if not await self._again(until, 0):
                raise would_block()

    async def close(self) -> None:
        """See Socket.close()."""
        self._engine.close(self._slot, self._gen)
        self._modem.until(-1)
        while not self._gone() and not self._engine.silent:
            await self._modem.turn(-1)

    # --- receiving ----------------------------------------------------------------------------------------------

    async def readinto(self, buf: "Buf", nbytes: int = -1) -> "int | None":
        """See Socket.readinto()."""
        want = len(buf) if nbytes < 0 else nbytes
        until = self._modem.until(self._timeout_ms)
        self._got = 0
        while self._got < want:
            n = await self._some(buf, self._got, want - self._got, until)
            if not n:
                return self._got or n
            self._got += n
        return self._got

    async def _some(self, buf: "Buf", off: int, n: int, until: int) -> "int | None":
        if self._back:
            return self._from_back(buf, off, n)
        while True:
            k = self._engine.try_recv(self._slot, self._gen, buf, off, n)
            if k is None:
                if not await self._again(until, off):
                    return None
            elif k < 0:
                raise self._error()
            else:
                return k

    async def recv_into(self, buf: "Buf", nbytes: int = 0, flags: int = 0) -> int:
        """See Socket.recv_into()."""
        k = await self._some(buf, 0, nbytes or len(buf), self._modem.until(self._timeout_ms))
        if k is None:
            raise would_block()
        return k

    async def recv(self, n: int, flags: int = 0) -> bytes:
        """See Socket.recv()."""
        buf = bytearray(n)
        k = await self.recv_into(buf, n)
        return bytes(memoryview(buf)[:k])

    async def recvfrom(self, n: int, flags: int = 0) -> "tuple[bytes, Address | None]":
        """See Socket.recvfrom()."""
        return await self.recv(n), self._peer

    async def read(self, n: int = -1) -> "bytes | None":
        """See Socket.read()."""
        if n < 0:
            return await self._read_all()
        buf = bytearray(n)
        done = False
        try:
            k = await self.readinto(buf)
            done = True
        finally:
            if not done:  # out of time, or cancelled
                self._give_back(memoryview(buf)[: self._got])
        return None if k is None else bytes(memoryview(buf)[:k])

    async def _read_all(self) -> "bytes | None":
        parts: "list[bytes]" = []
        done = False
        try:
            while True:
                part = await self.read(512)
                if not part:
                    done = True
                    return b"".join(parts) or part
                parts.append(part)
        finally:
            if not done:
                self._give_back(b"".join(parts))

    async def readline(self) -> "bytes | None":
        """See Socket.readline()."""
        until = self._modem.until(self._timeout_ms)
        line = b""
        n: "int | None" = 1
        done = False
        try:
            while n and not line.endswith(b"\n"):
                n = await self._some(self._one, 0, 1, until)
                line += self._one if n else b""
            done = True
        finally:
            if not done:
                self._give_back(line)
        return line or (None if n is None else b"")

    # --- sending ------------------------------------------------------------------------------------------------

    async def write(self, buf: "ReadBuf | str", n: int = -1) -> "int | None":
        """See Socket.write()."""
        if isinstance(buf, str):
            buf = buf.encode()
        want = len(buf) if n < 0 else min(n, len(buf))
        until = self._modem.until(self._timeout_ms)
        done = 0
        while done < want:
            k = await self._part(buf, done, want - done, until)
            if not k:
                return done or None
            done += k
        return done

    async def sendall(self, buf: "ReadBuf", flags: int = 0) -> None:
        """See Socket.sendall()."""
        if (await self.write(buf) or 0) < len(buf):
            raise would_block()

    async def send(self, buf: "ReadBuf", flags: int = 0) -> int:
        """See Socket.send()."""
        k = await self._part(buf, 0, len(buf), self._modem.until(self._timeout_ms))
        if k is None:
            raise would_block()
        return k

    async def _part(self, buf: "ReadBuf", off: int, n: int, until: int) -> "int | None":
        self._unrefused()
        while True:
            k = self._engine.try_send(self._slot, self._gen, buf, off, n)
            if k is None:
                if not await self._again(until, off):
                    return None
            elif k < 0:
                raise self._error()
            else:
                return await self._result(k, until)

    async def _result(self, k: int, until: int) -> int:
        self._modem.kick()
        while self._timeout_ms and not self._settled():
            if not await self._modem.turn(until):
                return k  # accepted: it goes out, and the next call tells its result
        self._unrefused()
        return k

    async def sendto(self, buf: "ReadBuf", address: "Address") -> int:
        """See Socket.sendto()."""
        if self._datagram(buf, address):
            if self._slot.state != TAKEN:
                await self.close()
            await self.connect(address)
        return await self.send(buf)
