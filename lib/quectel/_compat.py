"""What differs between MicroPython and CPython.  The one file that asks which Python this is."""

import sys

if sys.implementation.name == "micropython":
    from io import BytesIO
    from io import IOBase as Stream
    from struct import pack_into
    from time import gmtime, sleep_ms
    from time import ticks_ms as _ticks_ms

    from micropython import const

    class _TimeoutError:  # no such builtin here, and no class has two built-in exceptions as bases
        pass

    def poller(uart):
        """A poll object that waits for this UART, or None if it cannot be waited for."""
        from select import POLLIN, poll

        waiter = poll()
        try:
            waiter.register(uart, POLLIN)
            waiter.poll(0)
        except OSError:
            return None
        return waiter

    def makefile(sock, mode, buffering, encoding, errors, newline):
        """A socket is a stream, and closing that closes it."""
        return sock

    def Store(size):
        # BytesIO moves bytes at C speed with write(buf, off, n) and readinto(buf, n), on every version.
        io = BytesIO(size)
        io.seek(size - 1)  # all of it is there when its last byte is written, without a second buffer
        io.write(b"\0")
        return io

    class Ladder:
        """Bulk copies from a Store to an offset in a buffer, without a slice.

        A slice costs a block of heap; ready-made views of powers of two do not.
        """

        def __init__(self, bits):
            scratch = memoryview(bytearray(1 << bits))
            self._views = [scratch[: 1 << k] for k in range(bits + 1)]
            self._formats = ["%ds" % (1 << k) for k in range(bits + 1)]
            self._top = bits

        def move(self, store, dst, off, n):
            """Read n bytes from the store's position into dst[off:off + n]."""
            k = self._top
            while n:
                while 1 << k > n:
                    k -= 1
                store.readinto(self._views[k])
                self._put(k, dst, off)
                off += 1 << k
                n -= 1 << k

        def _put(self, k, dst, off):
            # A function of its own: a frame of more than 11 words is taken from the heap.
            pack_into(self._formats[k], dst, off, self._views[k])

else:
    from errno import EAGAIN
    from io import BufferedReader, BufferedRWPair, BufferedWriter, RawIOBase, TextIOWrapper
    from time import gmtime, monotonic_ns, sleep

    const = int

    class Stream:
        """Not io.IOBase: its __del__ would close a socket from the garbage collector."""

    _TimeoutError = TimeoutError

    class _File(RawIOBase):
        """The bytes of a socket, which stays open until all its files are closed."""

        def __init__(self, sock):
            self._sock = sock
            sock._hold(1)

        def readable(self):
            return True

        def writable(self):
            return True

        def readinto(self, buf):
            return self._once(self._sock.recv_into, buf)

        def write(self, data):
            return self._once(self._sock.send, data)

        def _once(self, call, buf):
            try:
                return call(buf)
            except OSError as error:
                if error.errno != EAGAIN:
                    raise
                return None

        def close(self):
            if not self.closed:
                RawIOBase.close(self)
                self._sock._hold(-1)

    def makefile(sock, mode, buffering, encoding, errors, newline):
        """What CPython's sockets give: http.client reads its answers from it."""
        if not set(mode) <= set("rwb"):
            raise ValueError("mode is made of r, w and b")
        raw = _File(sock)
        if buffering == 0:
            return raw
        size = buffering if buffering > 1 else 8192
        if "w" not in mode:
            file = BufferedReader(raw, size)
        elif "r" not in mode:
            file = BufferedWriter(raw, size)
        else:
            file = BufferedRWPair(raw, raw, size)
        return file if "b" in mode else TextIOWrapper(file, encoding, errors, newline)

    def poller(uart):
        """Here a UART offers wait(ms) or is looked at once a millisecond."""

    def _ticks_ms():
        return monotonic_ns() // 1_000_000

    def sleep_ms(ms):
        sleep(ms / 1000)

    class Store:
        """The store of a ring, with the calls that MicroPython's BytesIO has."""

        def __init__(self, size):
            self._buf = bytearray(size)
            self._pos = 0

        def seek(self, pos):
            self._pos = pos
            return pos

        def write(self, buf, off, n):
            self._buf[self._pos : self._pos + n] = memoryview(buf)[off : off + n]
            self._pos += n
            return n

        def read(self, n):
            self._pos += n
            return bytes(memoryview(self._buf)[self._pos - n : self._pos])

        def readinto(self, buf, n=-1):
            n = len(buf) if n < 0 else n
            memoryview(buf)[:n] = self._buf[self._pos : self._pos + n]
            self._pos += n
            return n

    class Ladder:
        """Copies from a Store to an offset in a buffer."""

        def __init__(self, bits):
            pass

        def move(self, store, dst, off, n):
            store.readinto(memoryview(dst)[off : off + n], n)


_MASK = const(0x3FFFFFFF)
_HALF = const(0x20000000)
LONGEST_MS = 500_000_000  # of a time limit: the clock tells no more than 2**29, and wire time is added


def ticks_ms():
    """Milliseconds since some point, 0 to 2**30 - 1, wrapping."""
    return _ticks_ms() & 0x3FFFFFFF


def ticks_add(t, ms):
    """The time ms milliseconds after t; ms is less than 2**29."""
    # Down to negative numbers first: the sum of two 30-bit numbers is no small integer on a 32-bit VM.
    return (t - _HALF + (ms - _HALF)) & _MASK


def ticks_diff(a, b):
    """Milliseconds from b to a, negative when a is earlier; right over the wrap up to 2**29."""
    a = (a - b) & _MASK
    return a if a < _HALF else a - _HALF - _HALF


def any_number():
    """16 bits that differ from one start to the next, where the platform can tell."""
    try:
        from os import urandom
    except ImportError:
        return _ticks_ms() & 0xFFFF
    two = urandom(2)
    return two[0] << 8 | two[1]


def utc_now():
    """The platform's clock as (year, month, day, hour, minute, second), or None if nobody has set it."""
    now = gmtime()
    return tuple(now)[:6] if now[0] >= 2024 else None
