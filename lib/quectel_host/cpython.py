"""UARTs on CPython: descriptors where the system has them, pyserial for everything else."""

import errno
import os
import select
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import serial

    from ._types import Buf, ReadBuf


def open_port(url: str, baudrate: int) -> "FdUart | PortUart":
    """A port by its name or by a URL of pyserial. ValueError for a speed that the port cannot have."""
    import serial  # socket:// does without pyserial

    port = serial.serial_for_url(url, baudrate=baudrate, timeout=0, write_timeout=0)
    if isinstance(port, serial.Serial) and hasattr(os, "readv"):
        return FdUart(port)
    return PortUart(port)


def _part(buf: "ReadBuf", off: int, n: int) -> memoryview:
    return memoryview(buf)[off : len(buf) if n < 0 else off + n]


def _wait_readable(fd: int, ms: int) -> None:
    select.select([fd], [], [], max(ms, 0) / 1000)


class SocketUart:
    """A TCP connection to a port server or a virtual module.

    Not pyserial's socket://, which drops bytes that arrive together with the end of the connection and
    cannot say how much of a write was taken.
    """

    def __init__(self, host: str, port: int) -> None:
        self._sock = socket.create_connection((host, port), timeout=10)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock.setblocking(False)

    def readinto(self, buf: "Buf", /) -> "int | None":
        try:
            n = self._sock.recv_into(buf)
        except BlockingIOError:
            return None
        if not n and len(buf):
            raise OSError(errno.ECONNRESET, "the other end has closed the connection")
        return n

    def write(self, buf: "ReadBuf", off: int = 0, n: int = -1, /) -> "int | None":
        try:
            return self._sock.send(_part(buf, off, n))
        except BlockingIOError:
            return None
        except BrokenPipeError as error:
            raise OSError(errno.ECONNRESET, "the other end has closed the connection") from error

    def wait(self, ms: int, /) -> None:
        _wait_readable(self._sock.fileno(), ms)

    def fileno(self) -> int:
        return self._sock.fileno()

    def init(self, baudrate: int = 115200) -> None:
        pass  # the far end of a network connection knows its own speed

    def close(self) -> None:
        self._sock.close()


class FdUart:
    """A tty or pty: pyserial opens and sets it, the bytes go through its descriptor."""

    def __init__(self, port: "serial.Serial") -> None:
        self._port = port
        self.baudrate: int = port.baudrate
        self._fd = port.fileno()
        os.set_blocking(self._fd, False)

    def readinto(self, buf: "Buf", /) -> "int | None":
        if not self._readable():  # a read of nothing gives 0 on a tty: the same as a lost one
            return None
        n = self._moved(lambda: os.readv(self._fd, [buf]))
        if n == 0 and len(buf):
            raise OSError(errno.ENODEV, "the port is gone")
        return n

    def write(self, buf: "ReadBuf", off: int = 0, n: int = -1, /) -> "int | None":
        return self._moved(lambda: os.write(self._fd, _part(buf, off, n)))

    def _readable(self) -> bool:
        return bool(select.select([self._fd], [], [], 0)[0])

    def _moved(self, move: "Callable[[], int]") -> "int | None":
        try:
            return move()
        except BlockingIOError:
            return None
        except OSError as error:
            # EIO: hung up or unplugged.
            if error.errno in (errno.EIO, errno.ENXIO, errno.EBADF):
                raise OSError(errno.ENODEV, "the port is gone") from error
            raise

    def wait(self, ms: int, /) -> None:
        _wait_readable(self._fd, ms)

    def fileno(self) -> int:
        return self._fd

    def init(self, baudrate: int = 115200) -> None:
        self._port.baudrate = self.baudrate = baudrate

    def close(self) -> None:
        self._port.close()
        self._fd = -1


class PortUart:
    """Any other port of pyserial: Windows, rfc2217://, loop://. A write waits until the port has taken it."""

    def __init__(self, port: "serial.Serial") -> None:
        self._port = port
        self.baudrate: int = port.baudrate
        port.write_timeout = 10  # pyserial does not say how much of a shorter write was taken

    def readinto(self, buf: "Buf", /) -> "int | None":
        got = 0
        try:
            # At least one read, because only a read finds out that the port is lost.
            while got < len(buf) and (not got or self._port.in_waiting):
                data = self._port.read(min(len(buf) - got, max(1, self._port.in_waiting)))
                if not data:
                    break
                buf[got : got + len(data)] = data
                got += len(data)
        except OSError as error:
            raise OSError(errno.ENODEV, str(error)) from error
        return got or None

    def write(self, buf: "ReadBuf", off: int = 0, n: int = -1, /) -> "int | None":
        part = _part(buf, off, n)
        try:
            self._port.write(bytes(part))
        except OSError as error:
            raise OSError(errno.ENODEV, str(error)) from error
        return len(part)

    def wait(self, ms: int, /) -> None:
        end = time.monotonic() + ms / 1000
        try:
            while not self._port.in_waiting and time.monotonic() < end:
                time.sleep(0.001)
        except OSError as error:
            raise OSError(errno.ENODEV, str(error)) from error

    def fileno(self) -> int:
        return -1

    def init(self, baudrate: int = 115200) -> None:
        self._port.baudrate = self.baudrate = baudrate

    def close(self) -> None:
        self._port.close()
