"""The step that every procedure is made of: one command, waited for.

A procedure is a generator that yields for "wait".  It is written once; each face waits in its own way, and closes it
in `finally`, because MicroPython never runs the `finally` of a dropped generator.
"""

from errno import EINVAL, EIO, ENOBUFS, ENODEV

from ._compat import LONGEST_MS, const, ticks_add, ticks_diff
from .command import DONE, ERROR, NO_CARRIER, ON_OK, RESET, RUN, SLEPT, TIMEOUT
from .errors import QuectelError, QuectelTimeout, error_of, uart_lent
from .table import ASLEEP
from .text import decode, in_range

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from ._types import Line, Proc, ReadBuf, T
    from .command import Command, Turns
    from .engine import Engine
    from .table import Slot

_LOOKS = const(5)  # turns that a time limit leaves, at least: a query and its answer take two, or more
_WORDS = {
    "SIM not inserted": 10,
    "SIM PIN required": 11,
    "SIM PUK required": 12,
    "incorrect password": 16,
    "operation not allowed": 3,
    "operation not supported": 4,
}


class Answer:
    """How a command ended, and its lines as bytes."""

    __slots__ = ("code", "lines", "ok", "result", "text")

    def __init__(self, cmd: "Command", lines: "list[bytes]") -> None:
        self.result = cmd.result
        self.ok = cmd.result == DONE
        self.lines = lines
        self.text = decode(cmd.words, 0, cmd.nwords).strip()
        self.code = _WORDS.get(self.text, cmd.code)


class Job:
    """A procedure that goes on in the background, and how it ended."""

    def __init__(self, steps: "Proc[None]") -> None:
        self._steps = steps
        self.ended = False
        self.error: "OSError | None" = None

    def close(self) -> None:
        """Give it up."""
        self.ended = True
        self._steps.close()

    def step(self) -> bool:
        """True when it has ended."""
        try:
            next(self._steps)
        except StopIteration:
            self.ended = True
        except OSError as error:
            self.error = error
            self.ended = True
        return self.ended


def turn_of(turns: "Turns", who: object) -> "Proc[None]":
    """Wait for who's turn, which ends with turns.leave(who)."""
    has_it = False
    try:
        while not turns.has(who):
            yield
        has_it = True
    finally:
        if not has_it:  # given up
            turns.leave(who)


class Limit:
    """A time limit of a procedure, which a program may carry on once a minute, if that is how often it calls poll().

    A while in which nobody was there counts as a few seconds: what came meanwhile is seen first, and needs some turns.
    """

    __slots__ = ("_away", "_looks", "_until")

    def __init__(self, engine: "Engine", ms: int) -> None:
        self._until = ticks_add(engine.now, ms)
        self._away = engine.away
        self._looks = _LOOKS

    def is_over(self, engine: "Engine") -> bool:
        """To be asked once a turn."""
        self._looks = max(self._looks - 1, 0)
        late_ms = ticks_diff(engine.now, self._until)
        return not self._looks and late_ms >= ticks_diff(engine.away, self._away)


def wait_for(engine: "Engine", ms: int) -> "Proc[None]":
    """Let ms milliseconds pass."""
    end = ticks_add(engine.now, ms)
    while ticks_diff(end, engine.now) > 0:
        yield


def result_of(procedure: "Proc[T]", end: StopIteration) -> "T":
    """What a procedure has returned; a function of its own because StopIteration does not tell the type."""
    value: "T" = end.value
    return value


def check_length(engine: "Engine", line: bytes) -> None:
    """ValueError for a command line (bytes, without CR) that has no room in the command buffer."""
    if len(line) >= len(engine.cmd.tx):
        raise ValueError("a command line is at most %d bytes here; see tx_buf" % (len(engine.cmd.tx) - 1))


def _stands_back(engine: "Engine", switched: "tuple[Slot, int] | None") -> bool:
    """True if another procedure has asked before, or the access mode would change while something is being sent."""
    if engine.cmd.is_behind():
        engine.wanted = True
        return True
    return switched is not None and engine.sender.index >= 0


def _check_reachable(engine: "Engine", line: bytes) -> None:
    """Raises where waiting for the command line to be free leads to nothing."""
    if engine.occupied(engine.table.nobody):
        raise uart_lent(name_of(line))
    if engine.silent and not engine.asleep:  # else who wakes it tells
        raise QuectelError(ENODEV, "the module does not answer", 0, name_of(line))


def _check_whole(engine: "Engine", answer: Answer, limit_ms: int, line: bytes) -> None:
    """Raises if not all lines could be kept, or not all have come."""
    if not engine.cmd.room:
        raise QuectelError(ENOBUFS, "the answer has more lines than are kept", 0, name_of(line))
    if answer.result == TIMEOUT:
        raise QuectelTimeout("no answer in %d ms" % limit_ms, name_of(line))


def try_ask(
    engine: "Engine",
    line: bytes,
    prefix: "bytes | None" = None,
    ends: int = ON_OK,
    limit_ms: int = 0,
    data: "ReadBuf | None" = None,
    secret: bool = False,
    switched: "tuple[Slot, int] | None" = None,
    sink: "bytearray | None" = None,
) -> "Proc[Answer]":
    """Send one command (bytes, without CR) and wait for its end: an Answer, whatever it says.

    QuectelTimeout if the module does not answer in limit_ms (0: the family's maximum response time), and
    QuectelError(EAGAIN) while a socket in transparent mode has the UART.
    switched: (slot, mode), for a command that changes a slot's access mode.  sink: what the bytes of a file fill that
    come behind CONNECT.
    QuectelError(ENOBUFS) if its lines are more than 8 KiB, 16 bytes added for each: what was too much is in rx_lost.
    Allocates the Answer and a bytes object a line.
    """
    check_length(engine, line)
    lines: "list[bytes]" = []
    limit_ms = in_range("limit_ms", limit_ms or engine.family.answer_ms, 1, LONGEST_MS)
    while _stands_back(engine, switched) or not engine.start(line, prefix, ends, limit_ms, data, lines, secret):
        _check_reachable(engine, line)
        yield
        if engine.asleep == ASLEEP:  # and nobody wakes it
            raise QuectelError(ENODEV, "the module is in deep sleep", 0, name_of(line))
    engine.cmd.served()
    if switched:
        engine.switches(*switched)
    if sink is not None:
        engine.fetches(sink)
    try:
        while engine.cmd.state == RUN:
            yield
        answer = Answer(engine.cmd, lines)
    finally:
        engine.release()
    _check_whole(engine, answer, limit_ms, line)
    return answer


def ask(
    engine: "Engine",
    line: bytes,
    prefix: "bytes | None" = None,
    ends: int = ON_OK,
    limit_ms: int = 0,
    data: "ReadBuf | None" = None,
    secret: bool = False,
) -> "Proc[list[bytes]]":
    """As try_ask(), but an error of the module is raised; its reason is asked for (R278).  Gives the lines."""
    answer = yield from try_ask(engine, line, prefix, ends, limit_ms, data, secret)
    if not answer.ok:
        raise (yield from reason(engine, answer, line))
    return answer.lines


def reason(
    engine: "Engine", answer: Answer, line: bytes, kind: "type[QuectelError]" = QuectelError
) -> "Proc[QuectelError]":
    """The exception for an Answer that is an error: behind a bare ERROR the module is asked why."""
    code = answer.code
    if answer.result == ERROR and not code and not answer.text and (engine.family.tcp or engine.family.tls):
        code = yield from last_error(engine)
    if answer.result in (RESET, SLEPT):
        said = "the module restarted" if answer.result == RESET else "the module fell asleep"
        return error_of(570, name_of(line), kind, said)
    if not code:
        said = answer.text or ("NO CARRIER" if answer.result == NO_CARRIER else "the module said ERROR")
        return kind(EINVAL if answer.result == ERROR else EIO, said, 0, name_of(line))
    return error_of(code, name_of(line), kind, answer.text)


def last_error(engine: "Engine") -> "Proc[int]":
    """The number AT+QIGETERROR gives, 0 if it gives none (R099, R207)."""
    answer = yield from try_ask(engine, b"AT+QIGETERROR", b"+QIGETERROR:")
    for line in answer.lines:
        return number(line, 0)
    return 0


def name_of(line: bytes) -> str:
    """The command's name, for an error: nothing that may be secret."""
    return bytes(line[:16]).decode().split("=")[0]


def values(line: "Line") -> "list[str]":
    """The fields of an answer line behind its colon, as a list of str."""
    from .text import Fields

    f = Fields()
    f.set(line, _behind_name(line), len(line))
    return f.fields()


def _behind_name(line: "Line") -> int:
    """Where the fields begin: behind the colon, or the comma that some firmware prints in its place."""
    colon, comma = line.find(b":"), line.find(b",")
    if line[:1] == b"+" and 0 <= comma and (colon < 0 or comma < colon):
        return comma + 1
    return colon + 1


def word(line: "Line") -> str:
    """The first field of an answer line, "" if it has none."""
    fields = values(line)
    return fields[0] if fields else ""


def number(line: "Line", index: int) -> int:
    """Field index of an answer line as an integer, or -1."""
    fields = values(line)
    if index >= len(fields):
        return -1
    try:
        return int(fields[index])
    except ValueError:
        return -1


def prefix_of(raw: bytes) -> "bytes | None":
    """`+NAME:` of AT+NAME..., which answers with lines that begin so; None for AT, ATI and the like."""
    if raw[2:3] != b"+":
        return None
    end = 3
    while end < len(raw) and (48 <= raw[end] <= 57 or 65 <= (raw[end] & 0xDF) <= 90):
        end += 1
    return raw[2:end].upper() + b":"
