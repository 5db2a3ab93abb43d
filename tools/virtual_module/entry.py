"""Other uses of the port than command lines: data after the prompt, raw uploads, the transparent mode."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from .commands import Refused

if TYPE_CHECKING:
    from .clock import Timer
    from .sockets import Connection
    from .terminal import Terminal

CTRL_Z, ESC = 0x1A, 0x1B
GUARD_MS = 1000  # silence before and after +++ (R036)
PACKET = 1024  # of transparent mode, where QICFG has no transpktsize
FULL_MS = 5  # until a full stack is looked at again
TIMED_OUT = 569
ACK_BYTES = 1024


class Silence:
    """Calls back when nothing came for a while; `again()` after every byte."""

    def __init__(self, terminal: Terminal, ms: int) -> None:
        self.clock = terminal.module.clock
        self.ms = ms
        self.timer: "Timer | None" = None

    def again(self, call: "Callable[[], None]") -> None:
        """Start the time anew; `call` is due at its end."""
        self.stop()
        if self.ms:
            self.timer = self.clock.call_later(self.ms, call)

    def stop(self) -> None:
        """No call any more."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


class Taking:
    """Common to data entry and uploads: bytes come in, `result` is a future that a handler awaits."""

    def __init__(self, terminal: Terminal, timeout_ms: int) -> None:
        self.terminal = terminal
        self.got = bytearray()
        self.result: "asyncio.Future[bytes | None]" = asyncio.get_running_loop().create_future()
        self.silence = Silence(terminal, timeout_ms)
        self.silence.again(self.timed_out)

    def finish(self, data: "bytes | None") -> None:
        """Give the handler its data and the port back to command lines."""
        self.silence.stop()
        if not self.result.done():
            self.result.set_result(data)
        self.terminal.to_lines()

    def timed_out(self) -> None:
        """Nothing came for too long: the command fails."""
        if not self.result.done():
            self.result.set_exception(Refused(TIMED_OUT))
        self.finish(None)


class DataEntry(Taking):
    """Data after the prompt: a fixed number of bytes, or up to CTRL+Z (R148, R149, R405)."""

    def __init__(self, terminal: Terminal, length: int, limit: int, echo: bool, timeout_ms: int) -> None:
        options = terminal.module.options
        super().__init__(terminal, timeout_ms or options.number("data_timeout_ms"))
        self.length, self.limit, self.echo = length, limit, echo
        self.sends_when_full = options["variable_overflow"] == "send"
        self.holds_urcs = options["urc_in_data_mode"] != "pass"

    def take(self, typed: bytearray) -> int:
        """Take what belongs to the data."""
        self.silence.again(self.timed_out)
        return self._fixed(typed) if self.length else self._variable(typed)

    def _fixed(self, typed: bytearray) -> int:
        piece = bytes(typed[: self.length - len(self.got)])
        self._keep(piece)
        if len(self.got) == self.length:
            self.finish(bytes(self.got))
        return len(piece)

    def _variable(self, typed: bytearray) -> int:
        for at, byte in enumerate(typed):
            if byte in (CTRL_Z, ESC):
                self.finish(bytes(self.got) if byte == CTRL_Z else None)
                return at + 1
            if not self.limit or len(self.got) < self.limit:
                self._keep(bytes((byte,)))
            if self.limit and len(self.got) == self.limit and self.sends_when_full:
                self.finish(bytes(self.got))
                return at + 1
        return len(typed)

    def _keep(self, piece: bytes) -> None:
        self.got += piece
        if self.echo:
            self.terminal.emit(piece)


class Escape:
    """Three + alone between two silences: the way out of a mode that takes data (R036, R037)."""

    def __init__(self, terminal: Terminal, out: "Callable[[], None]", data: "Callable[[bytes], None]") -> None:
        """`out` is called behind the second silence, `data` there with + that were held back and are none."""
        self.clock = terminal.module.clock
        self.last_ms = self.first_ms = self.clock.now_ms()
        self.pluses = bytearray()
        self.guard = Silence(terminal, GUARD_MS)
        self.out, self.data = out, data

    def take(self, piece: bytes) -> None:
        """Typed bytes: data at once, or held back because they may be the way out."""
        self.guard.stop()
        if self._may_be(piece):
            self.pluses += piece
            self.guard.again(self._after_guard)
        else:
            self.data(self.drop() + piece)

    def drop(self) -> bytes:
        """What is held back, which is data then."""
        self.guard.stop()
        held, self.pluses = bytes(self.pluses), bytearray()
        return held

    def _may_be(self, piece: bytes) -> bool:
        """True for + after a silence, and for more of them within the time of three (R037)."""
        now = self.clock.now_ms()
        silent, self.last_ms = now - self.last_ms >= GUARD_MS, now
        if not self.pluses:
            self.first_ms = now
        elif now - self.first_ms > GUARD_MS:
            return False
        return (silent or bool(self.pluses)) and b"+++".startswith(bytes(self.pluses) + piece)

    def _after_guard(self) -> None:
        held = self.drop()
        if held == b"+++":
            self.out()
        else:
            self.data(held)


class Upload(Taking):
    """Raw bytes after CONNECT: ends with the last byte, short after a silence, or with +++ or DTR."""

    holds_urcs = True

    def __init__(self, terminal: Terminal, size: int, timeout_ms: int, ack: bool) -> None:
        super().__init__(terminal, timeout_ms)
        self.size, self.ack = size, ack
        self.stopped = False  # by +++ or DTR: what came is kept, and OK is all that is said
        self.escape = Escape(terminal, self.stop, self._keep)

    def take(self, typed: bytearray) -> int:
        """Take what is missing."""
        missing = self.size - len(self.got) - len(self.escape.pluses)
        piece = bytes(typed[:missing])
        if len(piece) < missing:
            self.escape.take(piece)
        else:
            self._keep(self.escape.drop() + piece)
        self.silence.again(self.timed_out)
        if len(self.got) == self.size:
            self.finish(bytes(self.got))
        return len(piece)

    def _keep(self, data: bytes) -> None:
        before = len(self.got) // ACK_BYTES
        self.got += data
        if self.ack:
            self.terminal.emit(b"A" * (len(self.got) // ACK_BYTES - before))

    def finish(self, data: "bytes | None") -> None:
        """The end of the upload; no + are waited for any more."""
        self.escape.drop()
        super().finish(data)

    def timed_out(self) -> None:
        """The sender fell silent: the short upload is the result."""
        self.got += self.escape.drop()
        self.finish(bytes(self.got))

    def stop(self) -> None:
        """The sender leaves data mode."""
        self.stopped = True
        self.finish(bytes(self.got))


class Transparent:
    """The port belongs to a connection (R036, R037, R280).

    Data leave when "transpktsize" bytes are together, or "transwaittm" after the first of them.
    """

    holds_urcs = True

    def __init__(self, terminal: Terminal, connection: Connection) -> None:
        self.terminal, self.connection = terminal, connection
        module = terminal.module
        self.clock = module.clock
        self.escape = Escape(terminal, self._out, self._collect)
        self.packet = bytearray()  # collected, not sent yet
        self.size = module.setting("transpktsize") or PACKET
        self.wait_ms = module.setting("transwaittm") * module.options.number("transwait_unit_ms")
        self.waiting: "Timer | None" = None

    def take(self, typed: bytearray) -> int:
        """Hand everything on, but three + alone between silences are the way out."""
        held = self.connection.unsent() + len(self.escape.pluses) + len(self.packet)
        room = self.terminal.module.options.number("tx_buffer") - held
        if room <= 0:
            self.clock.call_later(FULL_MS, self.terminal.pump)
            return 0
        piece = bytes(typed[:room])
        self.escape.take(piece)
        return len(piece)

    def _out(self) -> None:
        self.leave()
        self.terminal.answer("OK")
        self.terminal.flush_urcs()

    def _collect(self, data: bytes) -> None:
        self.packet += data
        self._send(self.size if self.wait_ms else 1)
        if self.packet and self.waiting is None:
            self.waiting = self.clock.call_later(self.wait_ms or FULL_MS, self._send_rest)

    def _send_rest(self) -> None:
        self._stop_waiting()
        self._send(1)
        if self.packet:  # the stack is full
            self.waiting = self.clock.call_later(FULL_MS, self._send_rest)

    def _send(self, least: int) -> None:
        """Send packets while `least` bytes are there and the stack takes them."""
        if not self.connection.connected or self.connection.link is None:
            self.packet.clear()
        while len(self.packet) >= least and self.connection.send(bytes(self.packet[: self.size])):
            del self.packet[: self.size]
        if not self.packet:
            self._stop_waiting()

    def _stop_waiting(self) -> None:
        if self.waiting is not None:
            self.waiting.cancel()
            self.waiting = None

    def leave(self) -> None:
        """Back to command lines; what was typed leaves, and the connection goes on in buffer mode."""
        self.packet += self.escape.drop()
        self._send_rest()
        self.connection.mode = 0
        self.terminal.mode = self.terminal.lines

    def hang_up(self) -> None:
        """DTR with AT&D2: the connection is closed."""
        self._send(1)
        self.connection.shut()
        self.connection.peer_closed(by_network=True)

    def lost(self) -> None:
        """The connection ended: NO CARRIER, and nothing for ATO to go back to."""
        self.leave()
        self.terminal.suspended = None
        self.terminal.answer("NO CARRIER")
        self.terminal.flush_urcs()
