"""Names for the type checker; this module does not exist at run time."""

from collections.abc import Callable, Generator
from typing import Any, Protocol, TypeVar

_T = TypeVar("_T")

Buf = bytearray | memoryview
ReadBuf = bytes | bytearray | memoryview
Proc = Generator[None, None, _T]  # a procedure: yields for "wait", returns its result
Trace = Callable[[str, memoryview, int], None]
Report = Callable[[str, str, str], None]

class Uart(Protocol):
    def readinto(self, buf: Buf, /) -> int | None: ...
    def write(self, buf: ReadBuf, off: int = ..., n: int = ..., /) -> int | None: ...

class Clock(Protocol):
    def ticks_ms(self) -> int: ...
    def sleep_ms(self, ms: int, /) -> Any: ...

class Pins(Protocol):
    def pwrkey(self, level: int, /) -> Any: ...
