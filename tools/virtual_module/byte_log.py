"""The byte log: what went over the port, and when."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

LOG_MAX = 50_000  # entries that are kept
Trace = Callable[[int, str, bytes], None]  # (ms, ">>" or "<<", bytes)


class ByteLog:
    """The last LOG_MAX entries (ms, ">>" or "<<", bytes); what goes the same way at the same time is one of them."""

    def __init__(self, trace: "Trace | None") -> None:
        self._trace = trace
        self._entries: "deque[tuple[int, str, bytes]]" = deque(maxlen=LOG_MAX)

    def note(self, now_ms: int, direction: str, data: bytes) -> None:
        """Bytes have gone over the port."""
        if self._trace is not None:
            self._trace(now_ms, direction, data)
        if self._entries and self._entries[-1][:2] == (now_ms, direction):
            data = self._entries.pop()[2] + data
        self._entries.append((now_ms, direction, data))

    def entries(self) -> "list[tuple[int, str, bytes]]":
        """A copy."""
        return list(self._entries)
