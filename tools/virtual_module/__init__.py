"""A virtual cellular module: AT dialects of five Quectel families over a pty, a TCP port or in memory.

    module = await start("BC25", resolver={"example.net:80": ("127.0.0.1", 8080)})

It stands in for the hardware on a desk: real sockets, real TLS, real CoAP, on loopback only unless told otherwise.
"""

from .clock import Clock
from .module import VirtualModule
from .pipe import Pipe
from .thread import Handle, start, start_thread

__all__ = ["Clock", "Handle", "Pipe", "VirtualModule", "start", "start_thread"]
