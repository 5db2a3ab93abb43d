"""Names for the type checker; this module does not exist at run time."""

from typing import Protocol

Buf = bytearray | memoryview
ReadBuf = bytes | bytearray | memoryview

class HostUart(Protocol):
    """What open_uart() gives. No call but wait() takes time."""

    def readinto(self, buf: Buf, /) -> int | None:
        """Bytes put into buf, or None when nothing is there."""

    def write(self, buf: ReadBuf, off: int = 0, n: int = -1, /) -> int | None:
        """Bytes of buf[off:off+n] taken, perhaps not all; None when there is no room."""

    def wait(self, ms: int, /) -> None:
        """Return when a byte is there, when the line is lost, or after ms milliseconds."""

    def fileno(self) -> int:
        """A descriptor to wait on, or -1 where the kind of port has none."""

    def init(self, baudrate: int = 115200) -> None:
        """Change the speed; a network connection has none and takes any."""

    def close(self) -> None:
        """Give the port back."""
