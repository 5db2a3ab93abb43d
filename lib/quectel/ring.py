"""A fixed ring of bytes, or of datagrams, that allocates nothing after it was made."""

from ._compat import Store, const

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from ._compat import Ladder
    from ._types import Buf, ReadBuf


class Ring:
    """size bytes.  put() adds bytes, commit() hands them over to take(), undo() takes them back.

    A payload is committed when its end was seen to be right, so bytes behind a gap are never taken.
    A datagram is its length, then its bytes.
    """

    def __init__(self, size: int, ladder: "Ladder") -> None:
        self._io = Store(size)
        self._ladder = ladder
        self._two = bytearray(2)
        self.size = size
        self.r = 0  # where the next byte is read
        self.n = 0  # bytes that can be taken
        self.held = 0  # bytes put behind them and not committed

    def clear(self) -> None:
        self.r = 0
        self.n = 0
        self.held = 0

    def room(self) -> int:
        return self.size - self.n - self.held

    def put(self, buf: "ReadBuf", off: int, n: int) -> int:
        """Append buf[off:off + n]; gives how many of them fitted."""
        n = min(n, self.size - self.n - self.held)
        self._write((self.r + self.n + self.held) % self.size, buf, off, n)
        self.held += n
        return n

    def commit(self) -> None:
        self.n += self.held
        self.held = 0

    def undo(self) -> None:
        self.held = 0

    def _write(self, w: int, buf: "ReadBuf", off: int, n: int) -> None:
        self._io.seek(w)
        w = min(n, self.size - w)
        self._io.write(buf, off, w)
        if w < n:
            self._wrap(buf, off + w, n - w)

    def _wrap(self, buf: "ReadBuf", off: int, n: int) -> None:
        self._io.seek(0)
        self._io.write(buf, off, n)

    def take(self, dst: "Buf", off: int, n: int) -> int:
        """Move at most n bytes to dst[off:]; gives how many."""
        n = min(n, self.n)
        k = min(n, self.size - self.r)
        self._read(dst, off, k)
        if k < n:
            self._read(dst, off + k, n - k)
        return n

    def _read(self, dst: "Buf", off: int, n: int) -> None:
        self._io.seek(self.r)
        if off:
            self._ladder.move(self._io, dst, off, n)
        else:
            self._io.readinto(dst, n)
        self.drop(n)

    def give(self, n: int) -> bytes:
        """The next n bytes.  Allocates them, and once more where they lie around the ring's end."""
        k = min(n, self.size - self.r)
        data = self._give(k)
        return data if k == n else data + self._give(n - k)

    def copy(self) -> bytes:
        """All bytes that can be taken, which stay where they are."""
        r, n = self.r, self.n
        data = self.give(n)
        self.r = r
        self.n = n
        return data

    def _give(self, n: int) -> bytes:
        self._io.seek(self.r)
        self.drop(n)
        return self._io.read(n)

    def drop(self, n: int) -> None:
        """Forget the next n bytes."""
        self.r = (self.r + n) % self.size
        self.n -= n

    # --- datagrams: two bytes of length, then the bytes ---------------------------------------------------------

    def begin(self) -> int:
        """Start a datagram whose bytes come with put(); gives where its length will stand."""
        w = (self.r + self.n + self.held) % self.size
        self._two[0] = self._two[1] = 0
        self.put(self._two, 0, 2)
        return w

    def end(self, w: int, n: int) -> None:
        """Write the length of the datagram that began at w."""
        self._two[0] = n >> 8
        self._two[1] = n & 255
        self._write(w, self._two, 0, 2)

    def head(self) -> int:
        """Take the length of the next datagram off; its bytes follow."""
        self._io.seek(self.r)
        if self.size - self.r >= 2:
            self._io.readinto(self._two, 2)
            self.drop(2)
            return self._two[0] << 8 | self._two[1]
        return self._head_split()

    def _head_split(self) -> int:
        self._io.readinto(self._two, 1)
        k = self._two[0] << 8
        self._io.seek(0)
        self._io.readinto(self._two, 1)
        self.drop(2)
        return k | self._two[0]
