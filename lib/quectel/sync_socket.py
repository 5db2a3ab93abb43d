"""The blocking face: Socket."""

from ._compat import Stream, const, makefile
from .base_socket import BaseSocket, out_of_time, pair, would_block
from .errors import QuectelTimeout, uart_lent
from .table import AF_INET, BUFFER, SOCK_STREAM, TAKEN

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any

    from ._faces import MaybeTLS, Slot
    from ._types import Address, Buf, ReadBuf
    from .sync import Modem

_POLL = const(3)  # ioctl requests and poll bits, as every MicroPython stream has them
_CLOSE = const(4)
_ERR = const(8)
_HUP = const(16)
_LF = const(10)


class Socket(Stream, BaseSocket):  # MicroPython takes what makes a stream from the first base alone
    """One connection, as CPython's and MicroPython's sockets are.  type, tls, mode, af, pdp: see Modem.socket().

    Blocking: read(n), readinto, write and sendall are never short; recv, recv_into and send may be.  Non-blocking:
    the stream methods give None, the others raise EAGAIN.  End of stream is b"" or 0.  A datagram is one recv.

    What calls ask of the heap is said with each, see Modem; a time-out costs its exception on top, and so does EAGAIN:
    Allocates at most 450 bytes.
    """

    if TYPE_CHECKING:
        _modem: Modem

    def __init__(
        self,
        modem: "Modem",
        type: int = SOCK_STREAM,
        tls: "MaybeTLS" = None,
        mode: int = BUFFER,
        af: int = AF_INET,
        pdp: int = 1,
        slot: "Slot | None" = None,
    ) -> None:
        BaseSocket.__init__(self, modem, type, tls, mode, af, pdp, slot)
        self._moved: "int | None" = None  # no local: a frame with one word more would come from the heap
        self._files = 0  # of makefile(), on CPython

    def fileno(self) -> int:
        """-1: no descriptor of the operating system stands behind it.  Allocates nothing."""
        return -1

    def setblocking(self, flag: bool) -> None:
        """True: no time limit, False: settimeout(0).  Allocates nothing."""
        self._timeout_ms = -1 if flag else 0

    def makefile(
        self,
        mode: str = "r",
        buffering: int = -1,
        encoding: "str | None" = None,
        errors: "str | None" = None,
        newline: "str | None" = None,
    ) -> "Any":
        """MicroPython: the socket itself, which is a stream.  CPython: a file, without which the socket is not closed.

        ValueError on CPython for other modes than "r", "w" and "b".  Allocates at most 150 bytes.
        """
        return makefile(self, mode, buffering, encoding, errors, newline)

    def _hold(self, files: int) -> None:
        """So many more of makefile()'s files are open; behind the last one close() is carried out."""
        self._files += files
        if self._closed and not self._files:
            self._end()

    def __enter__(self) -> "Socket":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- opening and closing ------------------------------------------------------------------------------------

    def connect(self, address: "Address") -> None:
        """Open to (host, port); a name is resolved by the module.  A datagram socket gets its peer.

        ValueError for no host and for ports but 1 to 65535; QuectelError, NetworkError, TLSError, QuectelTimeout.
        Allocates at most 5,700 bytes; the first one after a restart of the module 27,000; with a new TLS context
        17,800, and with a certificate that goes up 21,000.
        """
        if self._timeout_ms == 0:
            raise self._begin_open(address)
        self._modem.run(self._open_steps(address), self._timeout_ms)
        self._peer = pair(address)

    def listen(self, backlog: int = 1) -> None:
        """Listen on the bound port; the module decides how many may wait.

        A non-blocking socket listens when poll() has brought that about; accept() tells if it failed.
        Allocates at most 4,700 bytes; on BC65 and BC92, whose context is activated first (R129), 8,000.
        """
        if self._timeout_ms == 0:
            self._opening = self._modem.background(self._marked(self._listen_steps()))
        else:
            self._modem.run(self._listen_steps(), self._timeout_ms)

    def accept(self) -> "tuple[Socket, Address]":
        """(socket, (address, port)) of the next client; R217.

        One that has closed meanwhile is given, too, with what it has sent.  A client for whom this modem has no free
        slot is closed, one for whom the module has no room it turns away itself ("incoming full", R216): stats.no_slot
        counts both.  ValueError for a socket that does not listen.  Allocates at most 2,300 bytes.
        """
        self._modem.begin(self._timeout_ms)
        while True:
            client = self._accepted()
            if client is not None:
                return Socket(self._modem, slot=client[0]), client[1]
            if not self._again(0):
                raise would_block()

    def close(self) -> None:
        """Send what was accepted, then close; the slot is free when this returns.

        While another socket in transparent mode has the UART it is closed later, and this does not wait for it.
        While the module sleeps, it is closed when that is awake.  Allocates nothing.
        """
        self._closed = True
        if not self._files:
            self._end()

    def _end(self, ms: int = -1) -> None:
        self._engine.close(self._slot, self._gen)
        self._modem.begin(ms)
        while self._is_closing():
            if not self._modem.turn():
                raise out_of_time(ms)

    def set_mode(self, mode: int) -> None:
        """Change the access mode of an open connection: BUFFER, PUSH, or TRANSPARENT (BG96, EC200U).

        In transparent mode the connection has the UART to itself: commands, and calls of other sockets that would
        have to wait, raise QuectelError(EAGAIN).  A restart of the module cannot be seen: RDY comes as payload.  What
        the ring has no room for is lost, and fails the socket.  Leaving takes 2.2 s of silence (R037).  ValueError for
        a mode that the family does not have, ENOTCONN if nothing is open, ENOBUFS if direct push would overtake
        what is still to be received.  Without an answer the socket fails.  Allocates at most 1,800 bytes.
        """
        self._modem.run(self._modem.switch(self._slot, self._gen, mode))

    def unacked(self) -> int:
        """Bytes sent that the peer's TCP has not acknowledged yet (AT+QISEND=<id>,0): BG96, EC200U and EG915U.

        QuectelError(EOPNOTSUPP) for the NB families, TLS and datagrams.  Allocates at most 3,000 bytes.
        """
        n: int = self._modem.run(self._unacked_steps(), self._timeout_ms)
        return n

    def query_state(self) -> int:
        """Ask the module for `state` (AT+QISTATE=1,<id>, AT+QSSLSTATE=<id>) and give it; see there.

        QuectelError(EIO) if it does not tell.  Allocates nothing.
        """
        self._modem.begin(self._timeout_ms)
        while not self._asked():
            if not self._again(0):
                raise would_block()
        return self.state

    # --- receiving ----------------------------------------------------------------------------------------------

    def readinto(self, buf: "Buf", nbytes: int = -1) -> "int | None":
        """Fill buf: short only at the end of the stream, or when not blocking.  Allocates nothing."""
        nbytes = len(buf) if nbytes < 0 else self._size(buf, nbytes)
        self._modem.begin(self._timeout_ms)
        self._got = 0
        while self._got < nbytes:
            n = self._some(buf, self._got, nbytes - self._got)
            if not n:
                return self._got or n
            self._got += n
        return self._got

    def _some(self, buf: "Buf", off: int, n: int) -> "int | None":
        """At least one byte, 0 at the end of the stream, None if that would block."""
        if self._back:
            return self._from_back(buf, off, n)
        while True:
            self._moved = self._engine.try_recv(self._slot, self._gen, buf, off, n)
            if self._moved is None:
                if not (self._receives() and self._again(off)):
                    return None
            elif self._moved < 0:
                raise self._error()
            else:
                return self._moved

    def _again(self, done: int) -> bool:
        """False if a non-blocking call has nothing to wait for; a time-out says how much was done."""
        if self._timeout_ms == 0:
            return self._modem.poll()
        if self._engine.occupied(self._slot):
            raise uart_lent()
        if self._engine.asleep:
            self._modem.rouse()
        if not self._modem.turn():
            raise QuectelTimeout("timed out", done=done)
        return True

    def recv_into(self, buf: "Buf", nbytes: int = 0, flags: int = 0) -> int:
        """At least one byte, as many as are there; 0 at the end of the stream.  Allocates nothing."""
        nbytes = self._size(buf, nbytes)
        self._modem.begin(self._timeout_ms)
        k = self._some(buf, 0, nbytes)
        if k is None:
            raise would_block()
        return k

    def recv(self, n: int, flags: int = 0) -> bytes:
        """As recv_into(), as bytes; n is at most the ring's.  Allocates at most 150 bytes, 2 a byte of n."""
        buf = bytearray(self._at_once(n))
        return self._bytes(buf, self.recv_into(buf))

    def recvfrom(self, n: int, flags: int = 0) -> "tuple[bytes, Address | None]":
        """(bytes, address): the address is the peer's that the socket was opened to, or the sender's; see sendto().

        Allocates at most 200 bytes, 2 a byte of n.
        """
        data = self.recv(n)
        return data, self._sender()

    def read(self, n: int = -1) -> "bytes | None":
        """n bytes, or all to the end of the stream; None if that would block.

        Allocates at most 400 bytes, 2 a byte of n; without n 3,400 for 512 bytes.
        """
        if n < 0:
            return self._read_all()
        buf = bytearray(n)
        k: "int | None" = -1
        try:
            k = self.readinto(buf)
        finally:
            if k == -1:  # out of time, or a handler has raised
                self._give_back(memoryview(buf)[: self._got])
        return None if k is None else self._bytes(buf, k)

    def _read_all(self) -> "bytes | None":
        parts: "list[bytes]" = []
        part: "bytes | None" = b"-"
        try:
            while part:
                part = self.read(512)
                parts.append(part or b"")
        finally:
            if part:
                self._give_back(b"".join(parts))
        return b"".join(parts) or part

    def readline(self) -> "bytes | None":
        """Up to and with the next LF; what had come when the time was over comes again with the next call.

        Allocates at most 300 bytes, 2 a byte of the line.
        """
        self._modem.begin(self._timeout_ms)
        line = bytearray()
        whole = False
        try:
            while not whole:
                n = self._some(self._one, 0, 1)
                if n:
                    line.append(self._one[0])
                whole = not n or line[-1] == _LF
        finally:
            if not whole:
                self._give_back(line)
        return bytes(line) if line or n == 0 else None

    # --- sending ------------------------------------------------------------------------------------------------

    def write(self, buf: "ReadBuf | str", n: int = -1) -> "int | None":
        """All of buf (bytes or str); None or fewer when not blocking.  Allocates nothing; a str costs its bytes."""
        if isinstance(buf, str):
            buf = buf.encode()
        self._check_bytes(buf, 0)
        n = len(buf) if n < 0 else min(n, len(buf))
        self._modem.begin(self._timeout_ms)
        done = 0
        while done < n:
            k = self._part(buf, done, n - done)
            if not k:
                return done or None
            done += k
        return done

    def sendall(self, buf: "ReadBuf", flags: int = 0) -> None:
        """All of buf, or an error that says in .done how much went.  Allocates nothing."""
        self._check_bytes(buf, 0)  # no str
        if (self.write(buf) or 0) < len(buf):
            raise would_block()

    def send(self, buf: "ReadBuf", flags: int = 0) -> int:
        """At most family.send_max bytes; how many.  Returns when the module has accepted them.

        Allocates nothing.
        """
        self._modem.begin(self._timeout_ms)
        k = self._part(buf, 0, len(buf))
        if k is None:
            raise would_block()
        return k

    def _part(self, buf: "ReadBuf", off: int, n: int) -> "int | None":
        """Have one part accepted, and wait for the module's result unless not blocking."""
        self._sends(buf, n)
        while True:
            self._moved = self._engine.try_send(self._slot, self._gen, buf, off, n)
            if self._moved is None or (self._moved < 0 and self._under_way()):
                if not self._again(off):
                    return None
            elif self._moved < 0:
                raise self._error()
            else:
                return self._result(self._moved, off)

    def _result(self, k: int, off: int) -> int:
        self._accepted_part(k, self._to)
        if self._timeout_ms == 0:
            self._modem.poll()
            return k
        while not self._settled():
            if not self._modem.turn():
                return k  # accepted: it goes out, and the next call tells its result
        self._unrefused()
        return k

    def sendto(self, buf: "ReadBuf", address: "Address") -> int:
        """One datagram.  The NB families open a socket to one peer: another one closes and reopens it.

        BG96, EC200U and EG915U open it as UDP SERVICE on the bound port, or on one from 49152 on: then it sends to
        every peer and hears every peer, until it is connected.  A name is looked up each time that it is not the peer
        of the datagram before; non-blocking, that raises EAGAIN until it is found.
        Allocates nothing, to the same peer as before; to another address of a service 600; else see connect().
        """
        if self._datagram(buf, address):
            if self._may_serve():
                self._aim_at(address)
                return self.send(buf)
            if self._engine.asleep:
                self._modem.run(self._modem.awake(), self._timeout_ms)
            if self._slot.state != TAKEN:
                self._end(self._timeout_ms)
            self.connect(address)
        return self.send(buf)

    def _aim_at(self, address: "Address") -> None:
        if self._timeout_ms == 0:
            self._begin_aim(address)
            raise would_block()
        self._modem.run(self._aim_steps(address), self._timeout_ms)

    # --- the stream protocol of MicroPython ---------------------------------------------------------------------

    def ioctl(self, request: int, arg: int) -> int:
        """POLL and CLOSE, as MicroPython's poll and ssl ask; raises what a handler raises alone.  Allocates nothing."""
        if request == _POLL:
            return self._ready() & (arg | _ERR | _HUP) if self._looked() else _ERR | _HUP
        if request == _CLOSE:
            self.close()
            return 0
        return -22

    def _looked(self) -> bool:
        """False if the UART is broken, of which the next call tells."""
        try:
            self._modem.poll()
        except OSError:
            return False
        return True
