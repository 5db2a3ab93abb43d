"""Streams of several sockets through a module whose answers come when they like: nothing is lost, doubled or mixed."""

import kit
from kit import rows
from lateness import ANSWERS
from quectel.table import FAILED, OPEN, PUSH
from wires import Rig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from quectel.table import Slot

    Played = tuple["Traffic", list[Slot], list[bytes], list[bytes]]

_NASTY = (
    b"\r\nOK\r\n",
    b"> ",
    b'\r\n+QIURC: "closed",0\r\n',
    b"\r\n+QIRD: 5\r\n",
    b"SEND OK\r\n",
    b"\r\n+CMEE: 1\r\n\r\nOK\r\n",
)
_SOCKETS = 4


class Traffic:
    """A module with data for every socket, which takes payloads and answers each command after a time of its own."""

    def __init__(self, rig: Rig, numbers: kit.Random, slow: int) -> None:
        self.rig = rig
        self.numbers = numbers
        self.slow = slow  # one command in so many takes longer than its deadline; 0: none
        self.coming = [b""] * _SOCKETS  # arrived at the module, not read yet
        self.sent = [b""] * _SOCKETS  # all that ever came for a socket
        self.taken = [b""] * _SOCKETS  # all that the host has sent
        self.told = [False] * _SOCKETS
        self.now = 0
        self._input = b""
        self._wanted = 0
        self._to = 0
        self._part = b""
        self._ready: "list[tuple[int, bytes]]" = []  # what is to be said, and when
        self._busy_until = 0

    def arrive(self, slots: "list[Slot]") -> None:
        """Data for a socket come in from the network."""
        i = self.numbers.below(_SOCKETS)
        data = b"".join([self.numbers.choice(_NASTY), self.numbers.data(self.numbers.below(700)), b"%d" % i])
        self.sent[i] += data
        if slots[i].mode == PUSH:
            self.later(b'\r\n+QIURC: "recv",%d,%d\r\n' % (i, len(data)) + data + b"\r\n", 0)
        else:
            self.coming[i] += data
            if not self.told[i]:
                self.told[i] = True
                self.later(b'\r\n+QIURC: "recv",%d\r\n' % i, 0)

    def say(self, data: bytes, delay: int) -> None:
        """An answer: the next command is looked at when it was given."""
        self._busy_until = max(self.now, self._busy_until) + delay
        self.later(data, 0)

    def later(self, data: bytes, delay: int) -> None:
        """A URC, whatever is done meanwhile; not before what was said already."""
        at = max(self.now, self._busy_until) + delay
        i = len(self._ready)
        while i and self._ready[i - 1][0] > at:
            i -= 1
        self._ready.insert(i, (at, data))

    def run(self, ms: int) -> None:
        self.now += ms
        self._input += self.rig.step(ms)
        while self._ready and self._ready[0][0] <= self.now:
            self.rig.feed(self._ready.pop(0)[1], self.numbers.between(1, 512))
        while self._busy_until <= self.now and self._work():
            pass

    def _work(self) -> bool:
        if self._wanted:
            n = min(self._wanted, len(self._input))
            self._part += self._input[:n]
            self._input = self._input[n:]
            self._wanted -= n
            if not self._wanted:
                self.taken[self._to] += self._part
                self.say(b"\r\nOK\r\n", self._delay())
                self.later(b"\r\nSEND OK\r\n", self.numbers.below(3000))
            return n > 0
        if b"\r" not in self._input:
            return False
        line, self._input = self._input.split(b"\r", 1)
        if line.replace(b"\x1b", b""):  # an empty line is no command
            self._command(line)
        return True

    def _delay(self) -> int:
        late = self.slow and not self.numbers.below(self.slow)
        return self.numbers.between(500, 4800) if late else self.numbers.below(100)

    def _command(self, line: bytes) -> None:
        reply = b"\r\nOK\r\n"
        if line in ANSWERS:  # the queries that bring back in step are slow only while others are
            self.say(b"\r\n" + ANSWERS[line] + b"\r\n\r\nOK\r\n", self.numbers.below(100))
            return
        if line.startswith(b"AT+QIRD="):
            reply = self._read(int(line[8:9]), int(line[10:]))
        elif line.startswith(b"AT+QISEND="):
            self._to, self._wanted, self._part = int(line[10:11]), int(line[12:]), b""
            reply = b"\r\n> "
        self.say(reply, self._delay())

    def _read(self, i: int, n: int) -> bytes:
        data = self.coming[i][: self.numbers.between(1, n)]
        self.coming[i] = self.coming[i][len(data) :]
        if not data:
            self.told[i] = False
            return b"\r\n+QIRD: 0\r\n\r\nOK\r\n"
        return b"\r\n+QIRD: %d\r\n" % len(data) + data + b"\r\n\r\nOK\r\n"


def play(
    numbers: kit.Random, slow: int, modes: "tuple[int, ...]"
) -> "tuple[Traffic, list[Slot], list[bytes], list[bytes]]":
    """(module, slots, what was received, what was accepted for sending) after some traffic and a pause."""
    rig = Rig("BC25", slots=_SOCKETS, rx_ring=2000, now=(1 << 30) - 3000)
    slots = [rig.open(i, mode=modes[i]) for i in range(_SOCKETS)]
    module = Traffic(rig, numbers, slow)
    got = [b""] * _SOCKETS
    accepted = [b""] * _SOCKETS
    for turn in range(600):
        if turn < 300 and not numbers.below(6):
            module.arrive(slots)
        i = numbers.below(_SOCKETS)
        if turn < 300 and slots[i].state == OPEN:
            data = numbers.choice(_NASTY) * numbers.between(1, 20)
            accepted[i] += data[: rig.send(slots[i], data) or 0]
        module.run(numbers.choice((0, 1, 10, 50)) if turn < 300 else 100)
        for k in range(_SOCKETS):
            part = rig.recv(slots[k], numbers.between(1, 2000))
            got[k] += part if isinstance(part, bytes) else b""
    return module, slots, got, accepted


@rows("R108", "R166", "R170", "R213", "R214", "R292")
def test_everything_arrives_when_the_module_is_in_time() -> None:
    numbers = kit.Random(kit.seed())
    for modes in ((0, 0, 0, 0), (0, 0, PUSH, PUSH)):
        module, slots, got, accepted = play(numbers, 0, modes)
        for i in range(_SOCKETS):
            assert slots[i].state == OPEN and got[i] == module.sent[i], i
            assert accepted[i] == module.taken[i], i


def test_no_gap_and_no_mixture_when_the_module_is_late() -> None:
    """Every socket has got the beginning of what was sent to it; one that did not fail has got all."""
    numbers = kit.Random(kit.seed())
    for _ in range(6):
        module, slots, got, accepted = play(numbers, 12, (0, 0, 0, PUSH))
        for i in range(_SOCKETS):
            assert module.sent[i].startswith(got[i]), i
            assert accepted[i].startswith(module.taken[i]), i
            if slots[i].state != FAILED:
                assert got[i] == module.sent[i] and accepted[i] == module.taken[i], i
