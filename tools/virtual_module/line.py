"""The wire between host and module: two rates that may differ, auto-baud, and what holds the module's bytes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .module import VirtualModule

RATES = (4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)
USUAL = 115_200
RTS_CTS = 2  # <dce_by_dte> of AT+IFC
FRAME = 10  # bits of a byte: start, eight, stop


def misread(data: bytes, sent: int, read: int) -> bytes:
    """What a UART at the rate `read` makes of bytes sent without a pause at the rate `sent`; the line rests behind."""
    if sent == read:
        return data
    bits = [bit for byte in data for bit in (0, *((byte >> n) & 1 for n in range(8)), 1)]

    def level(at: float) -> int:
        return bits[int(at)] if at < len(bits) else 1

    step = sent / read  # sent bits in the time of one read bit
    got, at = bytearray(), 0.0
    while at < len(bits):
        if level(at):
            at += min(step, 1.0) / 4  # look for the edge of a start bit
            continue
        got.append(sum(level(at + (n + 1.5) * step) << n for n in range(8)))
        at += (FRAME - 0.5) * step
        while not level(at):  # no stop bit: wait until the line rests
            at += 0.5
    return bytes(got)


class Line:
    """The wire of one module."""

    def __init__(self, module: VirtualModule, baud: "int | None") -> None:
        self.module = module
        self.host: "int | None" = None  # rate of the host's UART; None: nobody knows, and it fits
        self.ask_host: "Callable[[], int | None] | None" = None  # a transport that knows better
        self.room: "Callable[[], int] | None" = None  # of the host's buffer, in bytes
        self.overrun = 0  # bytes that found no room in it
        self.start = module.options.number("ipr") if baud is None else baud
        self.found = 0  # rate that auto-baud has found
        self._lost = 0
        self._held = bytearray()
        self.setting = 0  # AT+IPR: 0 is auto-baud
        self.restart()

    @property
    def rate(self) -> int:
        """What the module's UART runs at; 0 while auto-baud has not found it."""
        return self.setting or self.found

    @property
    def host_rate(self) -> int:
        """What the host's runs at; the module's own where nobody knows."""
        told = self.ask_host() if self.ask_host is not None else None
        return told or self.host or self.rate or USUAL

    def set_host(self, baud: "int | None") -> None:
        """The host's rate; None when nobody knows. ValueError for a rate that makes no sense."""
        if baud is not None and baud <= 0:
            raise ValueError("baud must be above 0")
        self.host = baud

    def restart(self) -> None:
        """As after a reset: the saved rate, or auto-baud anew."""
        saved = self.module.nvram.get("ipr")
        self.setting = saved if isinstance(saved, int) else self.start
        self.found = self._lost = 0
        self._held.clear()

    # --- bytes ----------------------------------------------------------------------------------------------------
    def to_module(self, data: bytes) -> bytes:
        """What the module reads of what the host sends."""
        if not self.rate:
            return self._listen(data)
        return misread(data, self.host_rate, self.rate)

    def _listen(self, data: bytes) -> bytes:
        """Auto-baud: the first AT are lost while the rate is measured."""
        if b"AT" not in data.upper() or self.host_rate not in RATES:
            return b""
        self._lost += 1
        if self._lost <= self.module.options.number("autobaud_lost"):
            return b""
        self.found = self.host_rate
        return data

    def to_host(self, data: bytes) -> bytes:
        """What the host reads of what the module sends: nothing while the rate is not found."""
        return misread(data, self.rate, self.host_rate) if self.rate else b""

    # --- flow control ---------------------------------------------------------------------------------------------
    def arrive(self, data: bytes) -> bytes:
        """What the host takes: with AT+IFC=2,2 the rest is held, without it what finds no room is lost."""
        self._held += data
        fits = len(self._held) if self.room is None else max(self.room(), 0)
        flow = self.module.power.flow[0] == RTS_CTS
        if flow and self.module.power.levels["cts"]:
            fits = 0
        taken = bytes(self._held[:fits])
        del self._held[:fits]
        if not flow:
            self.overrun += len(self._held)
            self._held.clear()
        return taken

    @property
    def held(self) -> int:
        """Bytes that the host holds back."""
        return len(self._held)
