"""A module that answers at once, but for one answer, which races with its command's deadline."""

from lateness import ANSWERS
from quectel.command import IDLE
from wires import Rig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_OK = b"\r\nOK\r\n"
_MASK = 0x3FFFFFFF

# At the very millisecond of the deadline: is the answer handed over before the engine looks at the clock, or behind?
READ_FIRST = 0
TICK_FIRST = 1


class Racer:
    """held: the beginning of the command, or of the payload's end, whose answer is kept back for race()."""

    def __init__(self, rig: Rig, held: bytes, late_result: bool) -> None:
        self.rig = rig
        self.held = held
        self.kept = b""  # the answer that races
        self.late_result = late_result
        self.heard: "list[bytes]" = []
        self.payloads: "list[bytes]" = []
        self.answers: "dict[bytes, list[bytes]]" = {}  # by the command's beginning; used up to the last one
        self.silent = False  # it has an answer to give first: what is typed waits
        self._in = b""
        self._wanted = 0
        self._behind = b""

    def work(self) -> None:
        """Take what the engine writes, answer it, and so on until neither has anything to do now."""
        self._in += self.rig.take()
        while not self.silent and self._in and self._step():
            self._in += self.rig.take()

    def _step(self) -> bool:
        if self._wanted:
            if len(self._in) < self._wanted:
                return False
            self.payloads.append(self._in[: self._wanted])
            self._in = self._in[self._wanted :]
            self._wanted = 0
            self._taken()
            return True
        if b"\r" not in self._in:
            return False
        line, self._in = self._in.split(b"\r", 1)
        if line.replace(b"\x1b", b""):
            self.heard.append(line)
            self._say(line, self._answer(line))
        return True

    def _taken(self) -> None:
        """The payload is whole."""
        if self.held == b"SEND OK" and self.late_result:
            self.rig.feed(_OK)
            self._say(b"SEND OK", b"\r\nSEND OK\r\n")
        else:
            self._say(b"payload", self._behind)

    def _say(self, what: bytes, reply: bytes) -> None:
        if self.held and what.startswith(self.held):
            self.kept, self.held, self.silent = reply, b"", True
        else:
            self.rig.feed(reply)

    def _answer(self, line: bytes) -> bytes:
        for head in self.answers:
            if line.startswith(head):
                said = self.answers[head]
                return said.pop(0) if len(said) > 1 else said[0]
        if line in ANSWERS:
            return b"\r\n" + ANSWERS[line] + b"\r\n" + _OK
        if line.startswith(b"AT+QISEND="):
            self._wanted = int(line.split(b",")[1])
            self._behind = _OK + b"\r\nSEND OK\r\n" if self.late_result else b"\r\nSEND OK\r\n"
            return b"\r\n> "
        if line.startswith(b"AT+QFUPL="):
            self._wanted = int(line.split(b",")[1])
            self._behind = b"\r\n+QFUPL: %d,0\r\n" % self._wanted + _OK
            return b"\r\nCONNECT\r\n"
        if line.startswith(b"AT+QIRD="):
            return b"\r\n+QIRD: 0\r\n" + _OK
        if line.startswith(b"AT+QICLOSE="):
            return _OK + (b"\r\nCLOSE OK\r\n" if self.late_result else b"")
        return _OK

    def race(self, delta: int, cut: int, order: int) -> None:
        """Hand over `cut` bytes of the answer a millisecond before the deadline, and the rest `delta` ms behind it."""
        rig = self.rig
        left = rig.engine.due(rig.now)
        assert left > 2, left
        self._in += rig.step(left - 1)
        rig.feed(self.kept[:cut])
        if delta < 0:
            rig.feed(self.kept[cut:])
            self.kept = b""
            self._in += rig.take()
        rig.now = (rig.now + 1 + max(delta, 0)) & _MASK
        if delta >= 0 and order == READ_FIRST:
            rig.engine.now = rig.now
            rig.feed(self.kept[cut:])
            self.kept = b""
        self._in += rig.take()
        if delta >= 0 and order == TICK_FIRST:
            rig.feed(self.kept[cut:])
            self.kept = b""
        self.let()

    def heard_later(self, data: bytes) -> None:
        """What the engine has written waits until the module listens again."""
        self._in += data

    def let(self) -> None:
        """Hand over what is left of the answer that was kept back, and go on."""
        kept, self.kept = self.kept, b""
        self.silent = False
        self.rig.feed(kept)
        self.work()

    def settle(self, ended: "Callable[[], bool]") -> None:
        """Let time pass until the engine has nothing to do and `ended` says so."""
        e = self.rig.engine
        for _ in range(400):
            self.work()
            if ended() and e.cmd.state == IDLE and not e.resync and not e.ntx and not e.left:
                return
            due = e.due(self.rig.now)
            self._in += self.rig.step(max(due, 1) if due >= 0 else 1)
        raise AssertionError("it does not come to rest", self.heard)
