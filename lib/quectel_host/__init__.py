"""UARTs for the driver where there is no `machine.UART`: CPython, and the unix port of MicroPython.

from quectel import Modem
from quectel_host import open_uart

modem = Modem(open_uart("/dev/ttyUSB2"), "BG96")
"""

import sys

TYPE_CHECKING = False  # MicroPython has no typing
if TYPE_CHECKING:
    from collections.abc import Callable

    from ._types import HostUart


def open_uart(url: str, baudrate: int = 115200) -> "HostUart":
    """Open a serial port or what stands in for one.

    url: a device or pty ("/dev/ttyUSB2", "COM3"), "socket://127.0.0.1:7000", or, on CPython, any URL of
    pyserial ("rfc2217://127.0.0.1:7001"). baudrate in bits a second.
    Raises OSError when it cannot be opened, ValueError for an URL or a speed that makes no sense. A port
    that is lost later raises OSError(ENODEV), a lost connection OSError(ECONNRESET), at every call.
    """
    if sys.implementation.name == "micropython":
        from . import unix

        return _open(unix.SocketUart, unix.open_port, url, baudrate)
    from . import cpython

    return _open(cpython.SocketUart, cpython.open_port, url, baudrate)


def _open(
    connect: "Callable[[str, int], HostUart]",
    open_port: "Callable[[str, int], HostUart]",
    url: str,
    baudrate: int,
) -> "HostUart":
    if not url.startswith("socket://"):
        return open_port(url, baudrate)
    host, port = split_address(url[len("socket://") :])
    return connect(host, port)


def split_address(text: str) -> "tuple[str, int]":
    """ "127.0.0.1:7000" -> ("127.0.0.1", 7000)."""
    host, colon, port = text.rpartition(":")
    if not host or not colon or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError("write it as socket://HOST:PORT")
    return host, int(port)
