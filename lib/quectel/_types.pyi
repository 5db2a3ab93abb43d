"""Names for the type checker; this module does not exist at run time."""

from collections.abc import Callable, Generator
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

Buf = bytearray | memoryview
ReadBuf = bytes | bytearray | memoryview
Line = bytes | bytearray  # what has find() and startswith()
Proc = Generator[None, None, T]  # a procedure: yields for "wait", returns its result
Trace = Callable[[str, memoryview, int], None]
Report = Callable[[str, str, str], None]
Handler = Callable[[bytes], object]  # of URCs
Wait = Callable[[int], object]  # milliseconds
Address = tuple[str, int]

class Uart(Protocol):
    def readinto(self, buf: Buf, /) -> int | None: ...
    # write(buf[, off, n], /) -> int | None, without arguments: the stubs of machine.UART do not know off and n
    @property
    def write(self) -> Callable[..., int | None]: ...

class Ticks(Protocol):
    def ticks_ms(self) -> int: ...

class Clock(Ticks, Protocol):
    def sleep_ms(self, ms: int, /) -> Any: ...

class Rtc(Protocol):
    # datetime((year, month, day, weekday, hour, minute, second, subsecond)), as machine.RTC has it
    def datetime(self, now: tuple[int, ...], /) -> Any: ...

class Pins(Protocol):
    # level: 0 pulls the module's line, 1 releases it; psm_eint(level), which wakes from deep sleep, and
    # dtr(level), which wakes BG96 and EC200U from light sleep, may be missing; so may status() -> bool, True while on;
    # reset(level) may be there in its place
    def pwrkey(self, level: int, /) -> Any: ...
