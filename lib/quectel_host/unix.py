"""UARTs for the unix port of MicroPython. Reading, writing and waiting allocate nothing.

unix.pyi has the types: `socket`, `select` and `termios` of the unix port are not those of CPython.
"""

import errno
import select
import socket
import termios

_IFLAG_ISPEED, _IFLAG_OSPEED, _CC = 4, 5, 6  # places in what tcgetattr gives
_VTIME, _VMIN = 5, 6
_TTY_WRITE = 256  # a tty that can be written has room for this much


def _poller(stream, events):
    poller = select.poll()
    poller.register(stream, events)
    poller.ipoll(0)  # the first call makes the tuple that all later ones use
    return poller


def _ready(poller, lost):
    """True if the poller's stream is; OSError(lost) if it is hung up, which counts as ready, too."""
    for event in poller.ipoll(0):
        if event[1] & (select.POLLHUP | select.POLLERR):
            raise OSError(lost)
        return True
    return False


class SocketUart:
    """A TCP connection to a port server or a virtual module."""

    def __init__(self, host, port):
        self._sock = socket.socket()
        try:
            self._sock.connect(socket.getaddrinfo(host, port)[0][-1])
            self._sock.setsockopt(6, 1, 1)  # IPPROTO_TCP, TCP_NODELAY
            self._sock.setblocking(False)
        except OSError:
            self._sock.close()
            raise
        self._poller = _poller(self._sock, select.POLLIN)

    def readinto(self, buf):
        n = self._sock.readinto(buf)
        if n == 0 and len(buf):
            raise OSError(errno.ECONNRESET)
        return n

    def write(self, buf, off=0, n=-1):
        _ready(self._poller, errno.ECONNRESET)  # a write would say EPIPE, which `errno` has no name for
        return self._sock.write(buf, off, len(buf) - off if n < 0 else n)

    def wait(self, ms):
        for _ in self._poller.ipoll(ms):
            return

    def fileno(self):
        return self._sock.fileno()

    def init(self, baudrate=115200):
        pass  # the far end of a network connection knows its own speed

    def close(self):
        self._sock.close()


def open_port(path, baudrate):
    """A tty or pty by its path; ValueError for a speed that `termios` does not name."""
    if "://" in path:
        raise ValueError("only socket:// and a device path here")
    return TtyUart(path, baudrate)


class TtyUart:
    """A tty or pty, raw, 8N1.

    The unix port cannot open a file as non-blocking, so the tty itself is told not to wait (VMIN 0), and
    a write goes out only when there is room.
    """

    def __init__(self, path, baudrate):
        self._file = open(path, "r+b")
        try:
            self.init(baudrate)
        except (OSError, ValueError):
            self._file.close()
            raise
        self._readable = _poller(self._file, select.POLLIN)
        self._writable = _poller(self._file, select.POLLOUT)

    def init(self, baudrate=115200):
        speed = getattr(termios, "B%d" % baudrate, None)
        if speed is None:
            raise ValueError("no such baud rate")
        fd = self._file.fileno()
        termios.setraw(fd)
        attributes = termios.tcgetattr(fd)
        attributes[_IFLAG_ISPEED] = attributes[_IFLAG_OSPEED] = speed
        attributes[_CC][_VMIN] = attributes[_CC][_VTIME] = 0
        termios.tcsetattr(fd, termios.TCSANOW, attributes)
        self.baudrate = baudrate

    def readinto(self, buf):
        n = self._file.readinto(buf)
        if not n and len(buf):
            _ready(self._readable, errno.ENODEV)
            return None
        return n

    def write(self, buf, off=0, n=-1):
        if not _ready(self._writable, errno.ENODEV):
            return None
        n = len(buf) - off if n < 0 else n
        return self._file.write(buf, off, min(n, _TTY_WRITE))

    def wait(self, ms):
        for _ in self._readable.ipoll(ms):
            return

    def fileno(self):
        return self._file.fileno()

    def close(self):
        self._file.close()
