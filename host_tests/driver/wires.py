"""An engine with a stepped clock, to which a test plays the module byte by byte."""

from quectel.command import ON_OK
from quectel.engine import Engine
from quectel.models import find
from quectel.table import BUFFER, MESSAGES, OPEN, STREAM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from quectel.table import Slot

STAGING = 512  # a read of a UART gives so much at most
OK = b"\r\nOK\r\n"
NO_DATA = b"\r\n+QIRD: 0\r\n\r\nOK\r\n"


def urc(text: str) -> bytes:
    return b"\r\n+QIURC: " + text.encode() + b"\r\n"


def answer(payload: bytes, rest: bytes = b"") -> bytes:
    """Of AT+QIRD."""
    return b"\r\n+QIRD: %d%s\r\n" % (len(payload), rest) + payload + b"\r\n" + OK


class Rig:
    """An engine of a family; take() lets it work and gives what it has written, feed() is the module's voice."""

    def __init__(self, name: str = "BC25", slots: int = 4, rx_ring: int = 1536, now: int = 1000) -> None:
        self.engine = Engine(find(name), slots, rx_ring)
        self.now = now
        self._staging = bytearray(STAGING)
        self._buf = bytearray(4096)
        self.engine.tick(now)  # commands count from the engine's time

    def messages(self) -> "Slot":
        """A slot that gets the CoAP messages."""
        slot = self.engine.table.take()
        assert slot is not None
        slot.kind = MESSAGES
        slot.state = OPEN
        self.engine.messages = slot
        return slot

    def feed(self, data: bytes, piece: int = STAGING) -> None:
        """The module says data; reads give `piece` bytes each."""
        for at in range(0, len(data), piece):
            self.read(data[at : at + piece])

    def read(self, data: bytes) -> None:
        """One read gives data, at most 512 bytes."""
        for i in range(len(data)):
            self._staging[i] = data[i]
        self.engine.receive(self._staging, len(data))

    def take(self) -> bytes:
        """What the engine writes at this moment."""
        out = b""
        e = self.engine
        e.tick(self.now)
        while e.ntx:
            out += bytes(e.tx[e.otx : e.otx + e.ntx])
            e.sent(e.ntx)
        return out

    def step(self, ms: int) -> bytes:
        """Let ms milliseconds pass; what the engine writes then."""
        self.now = (self.now + ms) & 0x3FFFFFFF
        return self.take()

    def asked(self, line: bytes, reply: bytes = b"") -> None:
        """The engine writes exactly this command line now, and gets this reply."""
        written = self.take()
        assert written == line + b"\r", (written, line)
        self.feed(reply)

    def ask(self, line: bytes, prefix: "bytes | None" = None) -> "list[bytes]":
        """Start a procedure's command; the list gets its lines."""
        lines: "list[bytes]" = []
        assert self.engine.start(line, prefix, ON_OK, 300, None, lines)
        return lines

    def quiet(self) -> None:
        """The engine has nothing to write."""
        written = self.take()
        assert written == b"", written

    def open(self, cid: int = 0, kind: int = STREAM, mode: int = BUFFER) -> "Slot":
        """A slot as it is after a successful open."""
        slot = self.engine.table.take()
        assert slot is not None
        family = self.engine.family
        assert family.tcp is not None
        slot.dialect = family.tcp
        slot.kind = kind
        slot.mode = mode
        self.engine.table.bind(slot, cid)
        slot.state = OPEN
        return slot

    def recv(self, slot: "Slot", n: int = 4096) -> "bytes | int | None":
        """What try_recv() moves as bytes; 0, None and -1 as they are."""
        got = self.engine.try_recv(slot, slot.gen, self._buf, 0, n)
        return got if got is None or got <= 0 else bytes(self._buf[:got])

    def send(self, slot: "Slot", data: bytes) -> "int | None":
        """try_send() of data."""
        return self.engine.try_send(slot, slot.gen, data, 0, len(data))

    def stat(self, name: str) -> int:
        """One counter."""
        value: int = getattr(self.engine.stats, name)
        return value


class LateModule:
    """A module that does one thing after the other and takes its time; the rig's clock goes in steps of 10 ms.

    delays: how long the next commands take, in ms; later ones take `usual`. A send command's time is the prompt's.
    What comes meanwhile waits in its input buffer, and is payload once a prompt was given.
    """

    def __init__(self, rig: Rig, delays: "tuple[int, ...]" = (), usual: int = 20) -> None:
        self.rig = rig
        self.delays = list(delays)
        self.usual = usual
        self.heard: "list[bytes]" = []  # command lines
        self.data = b""  # payloads
        self.answers: "dict[bytes, bytes]" = {}  # by the command's beginning
        self.result = b"\r\nOK\r\n\r\nSEND OK\r\n"  # of a send
        self._input = b""
        self._wanted = 0  # bytes of a payload
        self._until = -1  # busy until then
        self._reply = b""
        self._passed = 0

    def run(self, ms: int) -> None:
        """Let time pass."""
        for _ in range(ms // 10):
            self._input += self.rig.step(10)
            self._passed += 10
            self._work()

    def _work(self) -> None:
        if self._until >= 0 and self._passed >= self._until:
            self._until = -1
            self.rig.feed(self._reply)
        while self._until < 0 and self._input:
            if self._wanted:
                self._enter()
            elif b"\r" in self._input:
                line, self._input = self._input.split(b"\r", 1)
                self._command(line)
            else:
                return

    def _enter(self) -> None:
        n = min(self._wanted, len(self._input))
        self.data += self._input[:n]
        self._input = self._input[n:]
        self._wanted -= n
        if not self._wanted:
            self._say(self.result, 30)

    def _command(self, line: bytes) -> None:
        self.heard.append(line)
        reply = b"\r\nOK\r\n"
        if line == b"AT+CMEE?":
            reply = b"\r\n+CMEE: 1\r\n\r\nOK\r\n"
        elif line.startswith(b"AT+QISEND="):
            self._wanted = int(line.split(b",")[1])
            reply = b"\r\n> "
        for name in self.answers:
            if line.startswith(name):
                reply = self.answers[name]
        self._say(reply, self.delays.pop(0) if self.delays else self.usual)

    def _say(self, reply: bytes, ms: int) -> None:
        self._reply = reply
        self._until = self._passed + ms


class StepClock:
    """A clock that sleeps by going on.  It starts shortly before the wrap, where sums are no small integers."""

    def __init__(self) -> None:
        self.now = 0x3FFFFFCE  # 50 ms before the wrap; old VMs keep a computed 2**30 - 50 on the heap

    def ticks_ms(self) -> int:
        return self.now

    def sleep_ms(self, ms: int) -> None:
        self.now = self.now - 0x20000000 + (ms - 0x20000000) & 0x3FFFFFFF
