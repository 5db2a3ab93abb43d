"""The module's port: command lines, echo, answers, URCs, data entry, uploads and the transparent mode."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Iterable
from typing import TYPE_CHECKING, Protocol

from . import commands, words
from .commands import Call, CmeError, Refused
from .entry import DataEntry, Transparent, Upload
from .syntax import TEST, BadLine, Command, parse

if TYPE_CHECKING:
    from .module import VirtualModule
    from .sockets import Connection

CR, LF, BACKSPACE = 0x0D, 0x0A, 0x08
WRITE_FAILED = 558  # in the register behind SEND FAIL
LINE_MAX = 4096  # longer lines are cut; the longest that a document asks for is 2.1 KB (QCOAPSEND with hex)


class Mode(Protocol):
    """What the typed bytes mean at present."""

    @property
    def holds_urcs(self) -> bool:
        """True when URCs have to wait."""

    def take(self, typed: bytearray) -> int:
        """Use bytes from the front of `typed`; returns how many."""


class LineMode:
    """Typed bytes are a command line."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.line = bytearray()

    @property
    def holds_urcs(self) -> bool:
        """A half typed line whose echo stands on the wire is not torn."""
        return bool(self.line) and self.terminal.echo

    def take(self, typed: bytearray) -> int:
        """Take bytes up to and with the next CR, echoing them as they come."""
        end = typed.find(CR)
        piece = bytes(typed if end < 0 else typed[: end + 1])
        if self.terminal.echo:
            self.terminal.emit(piece.replace(b"\n", b""))
        self._store(piece.rstrip(b"\r"))
        if end >= 0:
            line, self.line = bytes(self.line), bytearray()
            self.terminal.run_line(line)
        return len(piece)

    def _store(self, piece: bytes) -> None:
        for byte in piece:
            if byte == BACKSPACE:
                del self.line[-1:]
            elif byte == LF and self.line.count(b'"') % 2 == 0:
                continue  # R015; inside quotes it may be data (R402)
            elif len(self.line) < LINE_MAX:
                self.line.append(byte)


class BusyMode:
    """A command is running: what is typed waits, or is lost (R435)."""

    holds_urcs = False

    def __init__(self, keep: bool) -> None:
        self.keep = keep

    def take(self, typed: bytearray) -> int:
        """Leave everything, or throw everything away."""
        return 0 if self.keep else len(typed)


class Terminal:
    """One port. Bytes from the host go into `receive`; `emit` gives bytes to the module's line."""

    def __init__(self, module: VirtualModule) -> None:
        self.module = module
        self.echo = True
        self.data_echo = "packet" in module.family.features  # AT+QISDE
        self.cmee = module.options.number("cmee")
        self.lines = LineMode(self)
        self.mode: Mode = self.lines
        self.suspended: "Connection | None" = None  # what ATO goes back to
        self._typed = bytearray()
        self._urcs: "list[bytes]" = []
        self._task: "asyncio.Task[None] | None" = None

    # --- from the host --------------------------------------------------------------------------------------------
    def receive(self, data: bytes) -> None:
        """Bytes typed by the host."""
        self._typed += data
        self.pump()

    def pump(self) -> None:
        """Use what is typed until the mode at hand wants no more."""
        while self._typed:
            used = self.mode.take(self._typed)
            if not used:
                break
            del self._typed[:used]
        self.flush_urcs()

    def forget_typed(self) -> None:
        """Throw away what was typed and not used: before a prompt it is no data."""
        self._typed.clear()

    def forget_line(self) -> None:
        """Throw away a half typed line too: the port goes dead."""
        self.forget_typed()
        self.lines.line.clear()

    @property
    def running(self) -> bool:
        """True while a command has not printed its final result."""
        return self._task is not None

    # --- to the host ----------------------------------------------------------------------------------------------
    def emit(self, data: bytes) -> None:
        """Bytes for the host, as they are."""
        self.module.output(data)

    def answer(self, text: "str | bytes") -> None:
        """A line in CR LF."""
        self.emit(b"\r\n" + _bytes(text) + b"\r\n")

    def answer_lines(self, lines: "Iterable[str]") -> None:
        """Several lines, each in its own CR LF, or with one CR LF between them (R442)."""
        if self.module.options["one_crlf_between_lines"]:
            lines = ["\r\n".join(lines)]
        for line in lines:
            if line:
                self.answer(line)

    def urc(self, text: "str | bytes") -> None:
        """A URC in CR LF; it waits while the port is in the middle of something (R389, R461)."""
        if not self.module.urcs_hidden:
            self.result(text)

    def result(self, text: "str | bytes") -> None:
        """A late result (SEND OK, CLOSE OK): waits like a URC, but belongs to this port."""
        self.late(b"\r\n" + _bytes(text) + b"\r\n")

    def late(self, frame: bytes) -> None:
        """The same with its line ends, for layouts of their own (R442)."""
        self._urcs.append(frame)
        self.flush_urcs()

    def flush_urcs(self) -> None:
        """Print the URCs that waited, if they may come now."""
        while self._urcs and not self.mode.holds_urcs:
            self.emit(self._urcs.pop(0))

    # --- commands -------------------------------------------------------------------------------------------------
    def run_line(self, line: bytes) -> None:
        """Carry out a command line."""
        if not line.strip():
            return
        if self.module.faults.take("no_answer") is not None:
            return
        try:
            work = parse(line, self.module.family.chain)
        except BadLine:
            self.answer("ERROR")
            return
        self._run(Run(self, work))

    def _run(self, run: Run) -> None:
        delay = self.module.options.number("answer_ms")
        waiting = run.step() if not delay else run.delayed(delay)
        if waiting is not None:
            self.mode = BusyMode(self.module.options["type_ahead"] == "keep")
            self._task = self.module.spawn(self._wait(waiting))

    async def _wait(self, waiting: "Awaitable[None]") -> None:
        try:
            await waiting
        finally:
            if self._task is asyncio.current_task():  # a restart may have begun anew meanwhile
                self._task = None
                if isinstance(self.mode, BusyMode):
                    self.mode = self.lines
        self.pump()

    def to_lines(self) -> None:
        """Back to command lines (or to waiting for the running command's end)."""
        self.mode = BusyMode(True) if self._task is not None else self.lines
        self.flush_urcs()

    def reset(self) -> None:
        """As after a restart: echo on, nothing typed, nothing running, no URC waiting."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._typed.clear()
        self._urcs.clear()
        self.lines = LineMode(self)
        self.mode, self.suspended = self.lines, None
        self.data_echo = "packet" in self.module.family.features
        self.echo, self.cmee = True, self.module.options.number("cmee")

    # --- other uses of the port -------------------------------------------------------------------------------------
    def enter_data(self, length: int, limit: int, echo: bool, timeout_ms: int) -> DataEntry:
        """Print the prompt and take data; what was typed before the prompt is thrown away."""
        entry = DataEntry(self, length, limit, echo, timeout_ms)
        self.forget_typed()
        self.mode = entry
        self.emit(self.module.prompt())
        return entry

    def enter_upload(self, size: int, timeout_ms: int, ack: bool) -> Upload:
        """Take raw bytes, after CONNECT was printed."""
        upload = Upload(self, size, timeout_ms, ack)
        self.forget_typed()
        self.mode = upload
        return upload

    def enter_transparent(self, connection: Connection) -> None:
        """Lend the port to a connection until +++, DTR or its end."""
        self.forget_typed()
        self.suspended = connection
        connection.mode = 2
        self.mode = Transparent(self, connection)
        for data in connection.release():
            self.emit(data)


class Run:
    """The commands of one line, one after the other; the first that fails ends the line (R012, R018)."""

    def __init__(self, terminal: Terminal, work: "list[Command]") -> None:
        self.terminal = terminal
        self.module = terminal.module
        self.work = work
        self.at = 0

    async def delayed(self, delay_ms: int) -> None:
        """The same, after a while."""
        await self.module.clock.sleep_ms(delay_ms)
        waiting = self.step()
        if waiting is not None:
            await waiting

    def step(self) -> "Awaitable[None] | None":
        """Run commands until one has to wait; the rest is then in what is returned."""
        while self.at < len(self.work):
            call = Call(self.module, self.work[self.at])
            self.at += 1
            try:
                result = self._start(call)
            except (Refused, CmeError) as error:
                self.fail(error)
                return None
            if inspect.isawaitable(result):
                return self._finish(call, result)
            if self._end(call, result if isinstance(result, str) else None):
                return None
        if not self.work:
            self.terminal.answer("OK")
        return None

    def _start(self, call: Call) -> object:
        command = call.command
        wrong = self.module.faults.take("command_fails", command=command.name)
        if wrong is not None:
            raise Refused(wrong.value("code", 550))
        handler = commands.find(self.module.family, command.name, command.form)
        if handler is not None:
            return handler(call)
        if command.form == TEST and commands.known(self.module.family, command.name):
            lines = self.module.family.tests.get(command.name, ())
            if lines is not None:
                self.terminal.answer_lines(lines)
                return None
        raise CmeError(words.NO_CODE)

    async def _finish(self, call: Call, waiting: "Awaitable[str | None]") -> None:
        try:
            result = await waiting
        except (Refused, CmeError) as error:
            self.fail(error)
            return
        if not self._end(call, result):
            rest = self.step()
            if rest is not None:
                await rest

    def _end(self, call: Call, result: "str | None") -> bool:
        """A command ended well; True when that ends the line."""
        if commands.counts_for_register(call.command.name) and result != "ERROR":
            self.module.last_error = 0 if result != "SEND FAIL" else WRITE_FAILED
        last = self.at == len(self.work)
        if result is not None or last:
            text = "OK" if result is None else result
            if text:
                self.terminal.answer(text)
        for after in call.afterwards:
            after()
        return result is not None or last

    def fail(self, error: "Refused | CmeError") -> None:
        """Print what the failure looks like."""
        if isinstance(error, Refused):
            self.module.last_error = error.code
            self.terminal.answer("ERROR")
        else:
            self.terminal.answer(words.cme(error.code, self.terminal.cmee))


def _bytes(text: "str | bytes") -> bytes:
    return text.encode("latin-1") if isinstance(text, str) else text
