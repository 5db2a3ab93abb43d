"""The one command in flight: its bytes, what ends it, its deadline and its result registers."""

from ._compat import const
from .text import put, put_num

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from ._types import ReadBuf
    from .table import Slot

    _NO_SLOT: Slot
else:
    _NO_SLOT = None  # until the first command

# Command.state
IDLE = const(0)
RUN = const(1)  # being written or waiting for its final result
HELD = const(2)  # ended; the registers wait for their owner

# Command.kind: who understands its answer
PLAIN = const(0)  # a procedure's, or the caller's own
READ = const(1)  # a slot's payload is fetched
SEND = const(2)
CLOSE = const(3)
BLAME = const(4)  # AT+QIGETERROR behind a bare ERROR
SYNC = const(5)  # the query that brings host and module back in step
ASK = const(6)  # what the module says of a slot's state
ACKS = const(7)  # what the peer of a slot has acknowledged
SWITCH = const(8)  # a procedure's: it changes the access mode of a slot
FETCH = const(9)  # a procedure's: a file comes behind CONNECT

# Command.ends: which final results end it; ERROR and +CME ERROR end every command
ON_OK = const(1)
ON_SEND = const(2)  # SEND OK, SEND FAIL
ON_CONNECT = const(4)  # CONNECT, NO CARRIER
ON_CLOSE = const(8)  # CLOSE OK

# Command.result
RUNNING = const(0)
DONE = const(1)
ERROR = const(2)
SEND_FAIL = const(3)
TIMEOUT = const(4)
RESET = const(5)  # the module restarted meanwhile
NO_CARRIER = const(6)
SLEPT = const(7)  # the module fell asleep meanwhile

RESULT_MS = const(120_000)  # the result of a send may be late by that much

_CR = const(13)
_AHEAD = const(16_384)  # bytes of payloads in front of an answer that put its deadline off, at most
_ROOM = const(8192)  # what the lines of one answer may cost: their bytes, and ...
_LINE = const(16)  # ... so much for each


class Turns:
    """One at a time, in the order in which they asked: who has just had a turn does not overtake those who wait."""

    def __init__(self) -> None:
        self.queue: "list[object]" = []  # the first one has its turn

    def has(self, who: object) -> bool:
        """True if it is its turn, until leave().  Who asks for the first time is the last of those who wait."""
        if who not in self.queue:
            self.queue.append(who)
        return self.queue[0] is who

    def leave(self, who: object) -> None:
        """The turn has ended, or is not wanted any more."""
        if who in self.queue:
            self.queue.remove(who)


class Command:
    """Made once.  Its buffer also carries payloads to the UART, piece by piece."""

    def __init__(self, size: int) -> None:
        self.tx = bytearray(size)
        self.words = bytearray(40)  # text of a +CME ERROR that is no number
        self.state = IDLE
        self.turns = Turns()  # of procedures of several tasks, for their first commands
        self.asking: object = None  # the one that takes a step and has had no command yet; None: it goes on at once
        self.kind = PLAIN
        self.slot = _NO_SLOT
        self.prefix: "bytes | None" = None  # lines that begin so are its answer
        self.lines: "list[bytes] | None" = None  # where they are collected, for who wants them
        self.room = 0  # for more of them
        self.forsaken = False  # who wanted them has gone meanwhile: what still comes is nobody's
        self.ends = ON_OK
        self.n = 0  # length of the command line, without CR
        self.result = RUNNING
        self.code = 0
        self.nwords = 0
        self.deadline = 0
        self.limit_ms = 0  # maximum response time
        self.ahead = 0  # bytes of payloads that may still put the deadline off
        self.owned = False  # somebody reads the registers
        self.secret = False
        # payload that follows the prompt or CONNECT; None: it is in the engine's transmit store
        self.data: "ReadBuf | None" = None
        self.ndata = 0
        self.sink: "bytearray | None" = None  # where the bytes of a file go
        self.got = 0  # of them
        self.prompted = False

    def is_behind(self) -> bool:
        """True if the procedure that takes this step asks later than another one, which is turned away still."""
        return self.asking is not None and not self.turns.has(self.asking)

    def served(self) -> None:
        """The procedure that takes this step has its first command."""
        self.turns.leave(self.asking)
        self.asking = None

    def begin(self, kind: int, head: bytes) -> None:
        """Start a command line with head; num() and comma() go on, run() ends it."""
        self.kind = kind
        self.n = put(self.tx, 0, head)

    def num(self, v: int) -> None:
        self.n = put_num(self.tx, self.n, v)

    def comma(self) -> None:
        self.tx[self.n] = 44
        self.n += 1

    def add(self, data: bytes) -> None:
        self.n = put(self.tx, self.n, data)

    def run(self, slot: "Slot", prefix: "bytes | None", ends: int) -> int:
        """The line is complete: clear the registers.  Gives the bytes to write, CR included."""
        self.tx[self.n] = _CR
        self.slot = slot
        self.prefix = prefix
        self.ends = ends
        self.state = RUN
        self.result = RUNNING
        self.code = 0
        self.nwords = 0
        self.lines = None
        self.forsaken = False
        self.room = _ROOM
        self.owned = False
        self.secret = False
        self.data = None
        self.ndata = 0
        self.sink = None
        self.prompted = False
        self.ahead = _AHEAD
        return self.n + 1

    def is_about(self, name: bytes) -> bool:
        """The line names this in quotes, or nothing at all."""
        return self.tx.find(name, 0, self.n) >= 0 or self.tx.find(b'"', 0, self.n) < 0

    def has_room(self, n: int) -> bool:
        """Room for one more line of n bytes; once there was none, no line is kept any more."""
        self.room = max(self.room - n - _LINE, 0)
        return self.room > 0

    def finish(self, result: int) -> None:
        self.result = result
        self.state = HELD if self.owned else IDLE
        self.lines = self.lines if self.owned else None
        self.forsaken = False
        self.data = None
        self.sink = None

    def receives(self) -> bool:
        """A counted payload is part of its answer."""
        return self.kind == READ or self.kind == FETCH

    def release(self) -> None:
        """Its owner has read the registers, or is gone and they are nobody's."""
        self.owned = False
        self.forsaken = self.state == RUN and self.lines is not None
        self.lines = None
        if self.state == HELD:
            self.state = IDLE

    def name(self) -> str:
        """The first 16 bytes of the command, without what may be secret.  Allocates."""
        line = bytes(self.tx[: min(self.n, 16)])
        return line.split(b"=")[0].decode() if self.secret else line.decode()
