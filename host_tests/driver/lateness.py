"""A module whose answers come late, or never, or in part: for tests of what a late answer does to the next command.

Time jumps from one event to the next, so that thousands of timings are played in a second.
"""

from quectel.command import DONE, HELD, IDLE, ON_OK, TIMEOUT
from wires import Rig

TYPE_CHECKING = False
if TYPE_CHECKING:
    Fate = tuple[int, int]  # how long a command takes in ms, and what of its answer arrives
    Fates = tuple[Fate, ...]

WHOLE = 0  # the answer arrives
LOST = 1  # nothing of it
NO_OK = 2  # its lines, and not its OK
NO_LINES = 3  # its OK, and not its lines

# How the module takes what is typed.
SERIAL = 0  # one command after the other; what is typed meanwhile waits
DEAF = 1  # what is typed while it is busy is lost
FAR = 2  # it answers at once, and all of it travels for as long as the fates say, in its order

LIMIT_MS = 300  # of the commands of these tests
_SLACK_MS = 400_000
_MASK = 0x3FFFFFFF

ANSWERS = {
    b"AT+CMEE?": b"+CMEE: 1",
    b"AT+CMEE=?": b"+CMEE: (0-2)",
    b"AT+CSQ": b"+CSQ: 24,99",
    b"AT+CGATT?": b"+CGATT: 1",
    b"AT+ONE": b"+ONE: 1",
    b"AT+TWO": b"+TWO: 2",
    b"AT+THREE": b"+THREE: 3",
}


class Late:
    """The module. fates: of the first commands that it hears; later ones take `usual`."""

    def __init__(self, rig: Rig, fates: "Fates", how: int, usual: "Fate" = (20, WHOLE)) -> None:
        self.rig = rig
        self.fates = fates
        self.how = how
        self.usual = usual
        self.n = 0  # commands that it has heard
        self.heard: "list[bytes]" = []
        self.said: "list[bytes]" = []  # commands whose OK has been handed over
        self.passed = 0
        self._coming: "list[tuple[int, bytes, bytes]]" = []  # (when, command, bytes)
        self._busy = 0

    def turn(self) -> None:
        """Let the engine write; then the next event, whichever is first."""
        self._typed(self.rig.take())
        if self.rig.engine.cmd.state == HELD:
            return  # its owner acts now, not at the next event
        due = self.rig.engine.due(self.rig.now)
        if self._coming and (due < 0 or self._coming[0][0] - self.passed < due):
            at, command, data = self._coming.pop(0)
            self._pass(max(at - self.passed, 0))
            self.rig.feed(data)
            if data.endswith(b"OK\r\n"):
                self.said.append(command)
        else:
            self._pass(max(due, 1) if due >= 0 else 1)

    def _pass(self, ms: int) -> None:
        self.passed += ms
        self.rig.now = (self.rig.now + ms) & _MASK
        self.rig.engine.now = self.rig.now

    def _typed(self, data: bytes) -> None:
        for line in data.split(b"\r")[:-1]:
            if line and line != b"\x1b":  # an empty line is no command
                self._hear(line)

    def _hear(self, line: bytes) -> None:
        if self.how == DEAF and self.passed < self._busy:
            return
        delay, fate = self.fates[self.n] if self.n < len(self.fates) else self.usual
        self.n += 1
        self.heard.append(line)
        at = max(self.passed, self._busy) + delay if self.how != FAR else max(self.passed + delay, self._busy)
        self._busy = at
        answer = self._answer(line, fate)
        if answer:
            self._coming.append((at, line, answer))

    def _answer(self, line: bytes, fate: int) -> bytes:
        if fate == LOST:
            return b""
        lines = b"\r\n" + ANSWERS[line] + b"\r\n" if line in ANSWERS and fate != NO_LINES else b""
        return lines if fate == NO_OK else lines + b"\r\nOK\r\n"


def ended(module: Late, name: bytes, prefix: "bytes | None", limit_ms: int = LIMIT_MS) -> "tuple[int, list[bytes]]":
    """Type a command as soon as it may be typed, and wait for its end: result and lines. They are its own, or none."""
    engine = module.rig.engine
    lines: "list[bytes]" = []
    start = module.passed
    while not engine.start(name, prefix, ON_OK, limit_ms, None, lines):
        assert module.passed - start < _SLACK_MS, ("never in step", module.heard)
        module.turn()
    said = len([one for one in module.said if one == name])
    while engine.cmd.state != IDLE and not engine.cmd.result:
        module.turn()
    result = engine.cmd.result
    engine.release()
    own = len([one for one in module.said if one == name]) > said
    assert result in (DONE, TIMEOUT) and (own or result == TIMEOUT), (name, result, lines, module.heard, module.said)
    if result == DONE and prefix:
        assert lines in ([ANSWERS[name]], []), (name, lines)
    return result, lines
