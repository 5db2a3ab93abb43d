"""The UART of npm's VM: the pty that the launcher run.mjs lends as the module `wasm_uart`.

Only addresses and counts cross the border to JavaScript, so nothing is copied twice and nothing allocated.
"""

import wasm_uart
from uctypes import addressof

_WOULD_BLOCK = -1


class WasmUart:
    """What the driver asks of a UART. Make one only; the functions of the border are looked up here, once."""

    def __init__(self) -> None:
        self._readinto = wasm_uart.readinto
        self._write = wasm_uart.write
        self._wait = wasm_uart.wait

    def readinto(self, buf: "bytearray | memoryview") -> "int | None":
        """Take what is there, at most len(buf) bytes, without waiting; None where there is nothing."""
        return self._count(self._readinto(addressof(buf), len(buf)))

    def write(self, buf: "bytes | bytearray | memoryview", off: int = 0, n: int = -1) -> "int | None":
        """Write buf[off:off + n], n = -1 to its end, as far as it goes at once; None where nothing goes."""
        rest = len(buf) - off
        if n < 0 or n > rest:
            n = rest
        return self._count(self._write(addressof(buf) + off, n)) if n else 0

    def wait(self, ms: int) -> bool:
        """Sleep until there is something to read, at most `ms` milliseconds; whether there is."""
        return bool(self._wait(ms))

    def _count(self, n: int) -> "int | None":
        if n == _WOULD_BLOCK:
            return None
        if n < _WOULD_BLOCK:
            raise OSError(_WOULD_BLOCK - n)
        return n
