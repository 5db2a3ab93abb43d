"""The asyncio face: AsyncSocket."""

from ._compat import const
from .base_socket import BaseSocket, out_of_time, pair, would_block
from .errors import QuectelTimeout, uart_lent
from .table import AF_INET, BUFFER, SOCK_STREAM, TAKEN

_LF = const(10)

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from ._faces import MaybeTLS, Slot
    from ._types import Address, Buf, ReadBuf
    from .aio import AsyncModem


class AsyncSocket(BaseSocket):
    """As Socket, with calls that are awaited.

    What they ask of the heap is said with each, see AsyncModem; a time-out costs its exception on top, and so does
    EAGAIN: Allocates at most 700 bytes, 250 a wait.
    """

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
        self._naps = -1  # as engine.naps was when the last call began
        self._moved: "int | None" = None  # no local: a frame with one word more would come from the heap

    async def __aenter__(self) -> "AsyncSocket":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _pause(self, until: int, done: int) -> None:
        """To be called before changed.wait() is awaited: no coroutine of ours lives while a call waits."""
        if self._timeout_ms == 0:
            raise would_block()
        if self._engine.occupied(self._slot):
            raise uart_lent()
        if self._engine.asleep and (self._naps == self._engine.naps or self._is_called()):
            self._modem.rouse()  # a call that waited before goes on waiting
        if not self._modem.pause(until):
            raise QuectelTimeout("timed out", done=done)

    def _is_called(self) -> bool:
        """Data came in light sleep, from which the module announces them."""
        return self._slot.more and self._modem.dozes

    def _begin(self) -> int:
        """The end of a call that begins now."""
        self._naps = self._engine.naps
        return self._modem.until(self._timeout_ms)

    # --- opening and closing ------------------------------------------------------------------------------------

    async def connect(self, address: "Address") -> None:
        """See Socket.connect().

        Allocates at most 5,700 bytes, 250 a wait; the first one after a restart of the module 27,000, with a new TLS
        context 17,800, and with a certificate that goes up 21,000.
        """
        if self._timeout_ms == 0:
            self._modem.until(-1)
            raise self._begin_open(address)
        await self._modem.run(self._open_steps(address), self._timeout_ms)
        self._peer = pair(address)

    async def listen(self, backlog: int = 1) -> None:
        """See Socket.listen().  Allocates at most 4,700 bytes, 250 a wait; on BC65 and BC92 twice as many."""
        await self._modem.run(self._listen_steps(), self._timeout_ms)

    async def accept(self) -> "tuple[AsyncSocket, Address]":
        """See Socket.accept().  Allocates at most 2,600 bytes, 250 a wait."""
        until = self._begin()
        while True:
            client = self._accepted()
            if client is not None:
                return AsyncSocket(self._modem, slot=client[0]), client[1]
            if self._timeout_ms or not self._modem.poll():
                self._pause(until, 0)
                await self._modem.changed.wait()

    async def close(self) -> None:
        """See Socket.close().  Allocates at most 150 bytes, 250 a wait."""
        self._closed = True
        await self._end()

    async def _end(self, ms: int = -1) -> None:
        self._engine.close(self._slot, self._gen)
        until = self._modem.until(ms)
        while self._is_closing():
            if not self._modem.pause(until):
                raise out_of_time(ms)
            await self._modem.changed.wait()

    async def set_mode(self, mode: int) -> None:
        """See Socket.set_mode().  Allocates at most 2,200 bytes, 250 a wait."""
        await self._modem.run(self._modem.switch(self._slot, self._gen, mode))

    async def unacked(self) -> int:
        """See Socket.unacked().  Allocates at most 3,100 bytes, 250 a wait."""
        n: int = await self._modem.run(self._unacked_steps(), self._timeout_ms)
        return n

    async def query_state(self) -> int:
        """See Socket.query_state().  Allocates at most 150 bytes, 250 a wait."""
        until = self._begin()
        while not self._asked():
            if self._timeout_ms or not self._modem.poll():
                self._pause(until, 0)
                await self._modem.changed.wait()
        return self.state

    # --- receiving ----------------------------------------------------------------------------------------------

    async def readinto(self, buf: "Buf", nbytes: int = -1) -> "int | None":
        """See Socket.readinto().  Allocates at most 180 bytes, 250 a wait."""
        want = len(buf) if nbytes < 0 else self._size(buf, nbytes)
        until = self._begin()
        self._got = 0
        while self._got < want:
            n = self._taken(buf, self._got, want - self._got)
            if n is None and self._timeout_ms:
                self._pause(until, self._got)
                await self._modem.changed.wait()
            elif not n:
                return self._got or n
            else:
                self._got += n
        return self._got

    def _taken(self, buf: "Buf", off: int, n: int) -> "int | None":
        """At least one byte, 0 at the end of the stream, None if none is there."""
        if self._back:
            return self._from_back(buf, off, n)
        while True:
            self._moved = self._engine.try_recv(self._slot, self._gen, buf, off, n)
            if self._moved is None:
                if self._receives() and (self._timeout_ms or not self._modem.poll()):
                    return None
            elif self._moved < 0:
                raise self._error()
            else:
                return self._moved

    async def recv_into(self, buf: "Buf", nbytes: int = 0, flags: int = 0) -> int:
        """See Socket.recv_into().  Allocates at most 180 bytes, 250 a wait."""
        until = self._begin()
        nbytes = self._size(buf, nbytes)
        while True:
            k = self._taken(buf, 0, nbytes)
            if k is not None:
                return k
            self._pause(until, 0)
            await self._modem.changed.wait()

    async def recv(self, n: int, flags: int = 0) -> bytes:
        """See Socket.recv().  Allocates at most 400 bytes, 2 a byte of n, 250 a wait."""
        buf = bytearray(self._at_once(n))
        return self._bytes(buf, await self.recv_into(buf))

    async def recvfrom(self, n: int, flags: int = 0) -> "tuple[bytes, Address | None]":
        """See Socket.recvfrom().  Allocates at most 550 bytes, 2 a byte of n, 250 a wait."""
        data = await self.recv(n)
        return data, self._sender()

    async def read(self, n: int = -1) -> "bytes | None":
        """See Socket.read().  Allocates at most 450 bytes, 2 a byte of n, 250 a wait; without n 3,600 for 512 bytes."""
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
        return None if k is None else self._bytes(buf, k)

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
        """See Socket.readline().  Allocates at most 300 bytes, 2 a byte of the line, 250 a wait."""
        until = self._begin()
        line = bytearray()
        n: "int | None" = 1
        done = False
        try:
            while n and not (line and line[-1] == _LF):
                n = self._taken(self._one, 0, 1)
                if n:
                    line.append(self._one[0])
                elif n is None and self._timeout_ms:
                    self._pause(until, len(line))
                    await self._modem.changed.wait()
                    n = 1
            done = True
        finally:
            if not done:
                self._give_back(line)
        return bytes(line) if line or n == 0 else None

    # --- sending ------------------------------------------------------------------------------------------------

    async def write(self, buf: "ReadBuf | str", n: int = -1) -> "int | None":
        """See Socket.write().  Allocates at most 330 bytes, 250 a wait, 230 each further part."""
        if isinstance(buf, str):
            buf = buf.encode()
        self._check_bytes(buf, 0)
        want = len(buf) if n < 0 else min(n, len(buf))
        until = self._begin()
        done = 0
        while done < want:
            k = await self._part(buf, done, want - done, until, self._to)
            if not k:
                return done or None
            done += k
        return done

    async def sendall(self, buf: "ReadBuf", flags: int = 0) -> None:
        """See Socket.sendall().  Allocates at most 450 bytes, 250 a wait."""
        self._check_bytes(buf, 0)  # no str
        if (await self.write(buf) or 0) < len(buf):
            raise would_block()

    async def send(self, buf: "ReadBuf", flags: int = 0) -> int:
        """See Socket.send().  Allocates at most 350 bytes, 250 a wait."""
        k = await self._part(buf, 0, len(buf), self._begin(), self._to)
        if k is None:
            raise would_block()
        return k

    async def _part(self, buf: "ReadBuf", off: int, n: int, until: int, to: "tuple[bytes, int]") -> "int | None":
        """Have one part accepted, and wait for the module's result unless not blocking."""
        self._sends(buf, n)
        k = self._put(buf, off, n, to)
        while k is None and self._timeout_ms:
            self._pause(until, off)
            await self._modem.changed.wait()
            k = self._put(buf, off, n, to)
        self._modem.kick()
        while k and self._timeout_ms and not self._settled() and self._modem.pause(until):
            await self._modem.changed.wait()
        self._unrefused()
        return k  # if the time was over: it goes out, and the next call tells its result

    def _put(self, buf: "ReadBuf", off: int, n: int, to: "tuple[bytes, int]") -> "int | None":
        """How many bytes were accepted, None if there is no room now."""
        while True:
            self._moved = self._engine.try_send(self._slot, self._gen, buf, off, n)
            if self._moved is None or (self._moved < 0 and self._under_way()):
                if self._timeout_ms or not self._modem.poll():
                    return None
            elif self._moved < 0:
                raise self._error()
            else:
                return self._accepted_part(self._moved, to)

    async def sendto(self, buf: "ReadBuf", address: "Address") -> int:
        """See Socket.sendto().  Allocates at most 500 bytes, 250 a wait."""
        if self._datagram(buf, address):
            if self._may_serve():
                return await self._send_to(buf, await self._aim_at(address))
            if self._engine.asleep:
                await self._modem.run(self._modem.awake(), self._timeout_ms)
            if self._slot.state != TAKEN:
                await self._end(self._timeout_ms)
            await self.connect(address)
        return await self._send_to(buf, self._to)

    async def _send_to(self, buf: "ReadBuf", to: "tuple[bytes, int]") -> int:
        """Another task may name another peer while this one waits for its turn."""
        k = await self._part(buf, 0, len(buf), self._begin(), to)
        if k is None:
            raise would_block()
        return k

    async def _aim_at(self, address: "Address") -> "tuple[bytes, int]":
        if self._timeout_ms == 0:
            self._modem.until(-1)
            self._begin_aim(address)
            raise would_block()
        to: "tuple[bytes, int]" = await self._modem.run(self._aim_steps(address), self._timeout_ms)
        return to
