"""Bytes at the speed of a UART: ten bits each, in pieces of a few milliseconds."""

from __future__ import annotations

from collections.abc import Callable

from .clock import Clock

PIECE_MS = 5  # wire time that is handed over at once


class Pacer:
    """Hands bytes on, at once without a rate, else as fast as the wire."""

    def __init__(self, clock: Clock, baud: "int | None", hand_on: "Callable[[bytes], None]") -> None:
        if baud is not None and baud <= 0:
            raise ValueError("baud must be above 0")
        self.clock, self.baud, self.hand_on = clock, baud, hand_on
        self._queue = bytearray()
        self._running = False

    def put(self, data: bytes) -> None:
        """Bytes onto the wire."""
        if self.baud is None:
            if data:
                self.hand_on(data)
            return
        self._queue += data
        if not self._running:
            self._next()

    def _next(self) -> None:
        size = max(1, (self.baud or 1) * PIECE_MS // 10_000)
        piece = bytes(self._queue[:size])
        self._running = bool(piece)
        if piece:
            del self._queue[: len(piece)]
            wire_ms = max(1, len(piece) * 10_000 // (self.baud or 1))
            self.clock.call_later(wire_ms, lambda: self._arrived(piece))

    def _arrived(self, piece: bytes) -> None:
        self.hand_on(piece)
        self._next()
