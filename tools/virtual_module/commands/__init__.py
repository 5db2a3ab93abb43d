"""The command registry, and the `Call` that a handler gets.

Every file of this folder is imported when the first module is made; its handlers register themselves:

    from . import Call, EXEC, READ, Refused, WRITE, command

    @command("+QIRD", WRITE, feature="nb_tcpip")
    def read(call: Call) -> None:
        number = call.integer(0, 0, call.family.ids - 1)        # 552 when missing, no number or out of range
        ...
        call.line("+QIRD: 0")                                   # CR LF text CR LF
                                                                # returning None prints OK

`feature` names the command group; a family has the groups in `Family.features` ("basic", "packet" for QICSGP and
QIACT, "nb_tcpip", "lte_tcpip", "lte_tcpip_new", "kalive", "ssl", "files", "coap"). A handler is a plain function
(done at once) or `async def` (the terminal keeps what is typed meanwhile, URCs may come between its lines).

What a handler returns is the final result: None is OK, a text is printed instead ("SEND OK", "CONNECT"), "" prints
nothing. What it raises: `Refused(code)` prints ERROR and puts the code into the register of AT+QIGETERROR;
`CmeError(code)` prints what AT+CMEE asks for (ERROR, number or words); it leaves the register alone.
A TCP/IP or SSL command that ends well puts 0 into the register (R400); late results use `module.last_error = code`.

    call.args[i].text / .quoted / .empty / .raw     the parameters; call.tail is the raw text behind "="
    call.integer(i, low, high[, default])           a number without quotes
    call.text(i[, default][, limit=80])             a quoted string
    call.count(low, high)                           how many parameters may stand there
    call.line(text), call.raw(bytes)                answer lines
    call.after(function)                            run once the final result is on the wire (SEND OK, URCs)
    data = await call.data(length=n)                prompt, then exactly n bytes
    data = await call.data(limit=1460)              prompt, then up to CTRL+Z; None after ESC: return call.cancelled()
    data = await call.upload(size, timeout_ms=5000) CONNECT, then raw bytes; shorter when nothing came for that long,
                                                    or when +++ or DTR ended it: call.stopped is true then
    return call.transparent(connection)             CONNECT; bytes go to connection.send() until +++ or the end
    call.module.service["ssl"]                      a dict for the state of command groups; cleared by a restart
    call.module                                     .urc(text) .connections .network .sim .clock .files .options .faults
                                                    .resolver .nvram .spawn(coroutine) .last_error

A TLS connection is a `sockets.Connection` subclass in `module.connections` (one id table, R415): set `urc`, override
`send(data, to=None) -> bool`, `shut(abort)`, `recv_text`, `push_text`; call `deliver(data)` with decrypted bytes and
`peer_closed()`. `links.dial(module, connection, received, ended)` gives the TCP link (or OpenFailed(code)).

Test forms need no handler: `Family.tests` holds their lines, and what is known otherwise answers OK (None: ERROR).
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from ..syntax import EXEC, READ, TEST, WRITE, Arg, Command

if TYPE_CHECKING:
    from ..families import Family, Options
    from ..module import VirtualModule
    from ..sockets import Connection
    from ..terminal import Terminal

__all__ = ["EXEC", "READ", "TEST", "WRITE", "Arg", "Call", "CmeError", "Refused", "command", "find", "known", "load"]

INVALID, NOT_OPEN, NOT_ALLOWED, CANCELLED = 552, 567, 572, 571

Result = str | None
Handler = Callable[["Call"], Result | Awaitable[Result]]
_registry: "dict[tuple[str, str, str], Handler]" = {}  # (feature, name, form)
_REQUIRED = object()


class Refused(Exception):
    """The command fails with ERROR; `code` (550 to 579) goes into the register of AT+QIGETERROR."""

    def __init__(self, code: int = INVALID) -> None:
        super().__init__(code)
        self.code = code


class CmeError(Exception):
    """The command fails with +CME ERROR: code, or ERROR with AT+CMEE=0."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def command(name: str, *forms: str, feature: str = "basic") -> "Callable[[Handler], Handler]":
    """Register a handler for a command's forms in one feature group; ValueError when it is taken."""

    def register(handler: Handler) -> Handler:
        for form in forms:
            if (feature, name, form) in _registry:
                raise ValueError("%s %s has a handler in %s" % (name, form, feature))
            _registry[feature, name, form] = handler
        return handler

    return register


def load() -> None:
    """Import every file of this folder, so that its handlers are registered."""
    for info in pkgutil.iter_modules(__path__):
        importlib.import_module("%s.%s" % (__name__, info.name))


def find(family: Family, name: str, form: str) -> "Handler | None":
    """The handler of a command's form in this family, or None."""
    for feature in family.features:
        handler = _registry.get((feature, name, form))
        if handler is not None:
            return handler
    return None


def known(family: Family, name: str) -> bool:
    """True when the family has the command in any form."""
    return any(find(family, name, form) is not None for form in (READ, WRITE, EXEC, TEST))


def counts_for_register(name: str) -> bool:
    """True for the TCP/IP and SSL commands, whose success clears the register of AT+QIGETERROR (R400, R316)."""
    return name.startswith(("+QI", "+QSSL", "+QPING", "+QNTP")) and name != "+QIGETERROR"


class Call:
    """One command being carried out; see the head of this file."""

    def __init__(self, module: VirtualModule, command: Command) -> None:
        self.module = module
        self.command = command
        self.args = command.args
        self.tail = command.tail
        self.afterwards: "list[Callable[[], object]]" = []
        self.stopped = False  # the upload was ended by +++ or DTR

    @property
    def family(self) -> Family:
        """The module's dialect."""
        return self.module.family

    @property
    def options(self) -> Options:
        """The module's options."""
        return self.module.options

    @property
    def terminal(self) -> Terminal:
        """The port that the command came from."""
        return self.module.terminal

    # --- parameters -----------------------------------------------------------------------------------------------
    def has(self, index: int) -> bool:
        """True when that parameter was given and is no hole."""
        return index < len(self.args) and not self.args[index].empty

    def count(self, low: int, high: int) -> None:
        """Refuse with 552 unless there are `low` to `high` parameters."""
        if not low <= len(self.args) <= high:
            raise Refused(INVALID)

    def integer(self, index: int, low: int, high: int, default: object = _REQUIRED) -> int:
        """A number without quotes in a range; a missing one is the default, or 552 if there is none."""
        if not self.has(index):
            return int(str(self._default(default)))
        arg = self.args[index]
        if arg.quoted or not (arg.text.isascii() and arg.text.isdigit()) or not low <= int(arg.text) <= high:
            raise Refused(INVALID)
        return int(arg.text)

    def text(self, index: int, default: object = _REQUIRED, limit: int = 0, empty: bool = False) -> str:
        """A quoted string of at most `limit` bytes (0: any); an empty one only if `empty`."""
        if not self.has(index):
            return str(self._default(default))
        arg = self.args[index]
        if not arg.quoted or (limit and len(arg.text) > limit) or not (arg.text or empty):
            raise Refused(INVALID)
        return arg.text

    @staticmethod
    def _default(default: object) -> object:
        if default is _REQUIRED:
            raise Refused(INVALID)
        return default

    # --- answers --------------------------------------------------------------------------------------------------
    def line(self, text: "str | bytes") -> None:
        """One line of the answer, in CR LF (R003)."""
        self.terminal.answer(text)

    def raw(self, data: bytes) -> None:
        """Bytes of the answer as they are."""
        self.terminal.emit(data)

    def after(self, call: "Callable[[], object]") -> None:
        """Run `call` right after the final result was printed."""
        self.afterwards.append(call)

    # --- taking data ----------------------------------------------------------------------------------------------
    async def data(self, *, length: int = 0, limit: int = 0, echo: bool = False, timeout_ms: int = 0) -> "bytes | None":
        """Print the prompt and take `length` bytes, or with length 0 up to CTRL+Z; None when ESC cancelled it.

        `limit`: most bytes of variable input (R405). `echo`: print what is typed. `timeout_ms`: ERROR after that
        much silence (0: the option data_timeout_ms).
        """
        if self.module.faults.take("error_instead_of_prompt") is not None:
            raise Refused(550)
        entry = self.terminal.enter_data(length, limit, echo, timeout_ms)
        return await entry.result

    def cancelled(self) -> str:
        """The final result after ESC: the option esc_result, with 571 in the register (R387)."""
        self.after(self._note_cancelled)  # after the success of the command has cleared the register
        result = self.options.text("esc_result")
        return "" if result == "nothing" else result

    def _note_cancelled(self) -> None:
        self.module.last_error = CANCELLED

    async def upload(self, size: int, timeout_ms: int, ack: bool = False) -> bytes:
        """Print CONNECT and take `size` raw bytes; fewer when nothing came for `timeout_ms`. `ack`: an A every KiB."""
        self.line("CONNECT")
        entry = self.terminal.enter_upload(size, timeout_ms, ack)
        data = await entry.result or b""
        self.stopped = entry.stopped
        return data

    def transparent(self, connection: Connection) -> str:
        """Print CONNECT and lend the port to the connection."""
        self.line("CONNECT")
        self.terminal.enter_transparent(connection)
        return ""
