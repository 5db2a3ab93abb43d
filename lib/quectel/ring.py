"""A fixed ring of bytes, or of datagrams, that allocates nothing after it was made."""

from ._compat import Store


class Ring:
    """size bytes.  Bytes go in with put() and out with take(); a datagram is its length, then its bytes."""

    def __init__(self, size, ladder):
        self._io = Store(size)
        self._ladder = ladder
        self._two = bytearray(2)
        self.size = size
        self.r = 0  # where the next byte is read
        self.n = 0  # bytes held

    def clear(self):
        self.r = 0
        self.n = 0

    def room(self):
        return self.size - self.n

    def put(self, buf, off, n):
        """Append buf[off:off + n]; gives how many of them fitted."""
        n = min(n, self.size - self.n)
        self._write((self.r + self.n) % self.size, buf, off, n)
        self.n += n
        return n

    def _write(self, w, buf, off, n):
        self._io.seek(w)
        w = min(n, self.size - w)
        self._io.write(buf, off, w)
        if w < n:
            self._wrap(buf, off + w, n - w)

    def _wrap(self, buf, off, n):
        self._io.seek(0)
        self._io.write(buf, off, n)

    def take(self, dst, off, n):
        """Move at most n bytes to dst[off:]; gives how many."""
        n = min(n, self.n)
        k = min(n, self.size - self.r)
        self._read(dst, off, k)
        if k < n:
            self._read(dst, off + k, n - k)
        return n

    def _read(self, dst, off, n):
        self._io.seek(self.r)
        if off:
            self._ladder.move(self._io, dst, off, n)
        else:
            self._io.readinto(dst, n)
        self.drop(n)

    def drop(self, n):
        """Forget the next n bytes."""
        self.r = (self.r + n) % self.size
        self.n -= n

    def find(self, byte, most):
        """How many of the next most bytes end with byte, or 0.  For readline; costs a call a byte."""
        k = 0
        most = min(most, self.n)
        while k < most:
            self._io.seek((self.r + k) % self.size)
            self._io.readinto(self._two, 1)
            k += 1
            if self._two[0] == byte:
                return k
        return 0

    # --- datagrams: two bytes of length, then the bytes ---------------------------------------------------------

    def begin(self):
        """Start a datagram whose bytes come with put(); gives where its length will stand."""
        w = (self.r + self.n) % self.size
        self._two[0] = self._two[1] = 0
        self.put(self._two, 0, 2)
        return w

    def end(self, w, n):
        """Write the length of the datagram that began at w."""
        self._two[0] = n >> 8
        self._two[1] = n & 255
        self._write(w, self._two, 0, 2)

    def undo(self, n):
        """Take back the last n bytes put in."""
        self.n -= n

    def head(self):
        """Take the length of the next datagram off; its bytes follow."""
        self._io.seek(self.r)
        if self.size - self.r >= 2:
            self._io.readinto(self._two, 2)
            self.drop(2)
            return self._two[0] << 8 | self._two[1]
        return self._head_split()

    def _head_split(self):
        self._io.readinto(self._two, 1)
        k = self._two[0] << 8
        self._io.seek(0)
        self._io.readinto(self._two, 1)
        self.drop(2)
        return k | self._two[0]
