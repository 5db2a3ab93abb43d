"""Where the steady state is tried: a connection on a module that allocates nothing, with or without a face."""

import kit
from lean import UNIT, LeanWire
from quectel import Modem, Socket
from quectel._compat import Store, ticks_add
from quectel.engine import Engine
from quectel.models import find
from quectel.table import DGRAM, OPEN, PUSH, QUEUED, REFUSED, SENT, STREAM
from wires import StepClock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from quectel._types import Buf, ReadBuf
    from quectel.models.base import Dialect
    from quectel.table import Slot

KIB = 1024
WHOLE = 64 * KIB
PEER = ("10.0.0.1", 80)


def hostile(n: int) -> bytes:
    """n bytes that hold finals, prompts and URCs."""
    nasty = b'\r\nOK\r\n> \r\nSEND OK\r\n+QIURC: "closed",0\r\n+QIRD: 9\r\nERROR\r\n\0\xff>'
    parts = [bytes(range(256)), nasty, kit.Random(5).data(150), nasty, b"\r"]
    return (b"".join(parts) * (n // 400 + 1))[:n]


SOURCE = hostile(4 * KIB)
DATA = SOURCE * 16
PARTS = [SOURCE[at : at + UNIT] for at in range(0, len(SOURCE), UNIT)]


def kind_of(name: str) -> "tuple[str, bool, int]":
    """A connection under test: family, TLS, stream or datagrams."""
    return {
        "BC25": ("BC25", False, STREAM),
        "BG96": ("BG96", False, STREAM),
        "TLS": ("BG96", True, STREAM),
        "UDP": ("BC25", False, DGRAM),
        "UDP on LTE": ("BG96", False, DGRAM),
        "UDP SERVICE": ("BG96", False, DGRAM),
    }[name]


def dialect_of(family: str, tls: bool) -> "Dialect":
    record = find(family)
    dialect = record.tls if tls else record.tcp
    assert dialect is not None
    return dialect


class Stand:
    """Connection 0 on a LeanWire, and connection 1 whose URCs come all the time; buffers for the works below."""

    def __init__(self, name: str, chunk: int, mode: int) -> None:
        family, tls, self.kind = kind_of(name)
        self.dialect = dialect_of(family, tls)
        self.serves = name == "UDP SERVICE"
        self.wire = LeanWire(chunk, SOURCE, self.dialect, ',"%s",%d' % PEER if self.serves else "")
        if mode == PUSH:
            self.wire.kinds -= 1  # a line that could be a rest of a pushed payload fails its socket
        self.small = bytearray(700)
        self.big = bytearray(WHOLE)
        self.seen = Store(WHOLE + len(self.small))  # what was received
        self.nseen = 0
        self.engine: Engine = self.make(family)
        self.slot = self.opened(0, self.kind, mode)
        self.gen = self.slot.gen
        self.moved: "int | None" = None
        self.opened(1, STREAM, 0)

    def make(self, family: str) -> Engine:
        raise NotImplementedError

    def opened(self, cid: int, kind: int, mode: int) -> "Slot":
        slot = self.engine.table.take()
        assert slot is not None
        slot.kind = kind
        slot.mode = mode
        slot.dialect = self.dialect
        slot.state = OPEN
        if self.serves and not cid:
            slot.service = 19
            slot.to, slot.to_port = PEER[0].encode(), PEER[1]
        self.engine.table.bind(slot, cid)
        return slot

    def turn(self) -> bool:
        """One turn; True if anything moved."""
        raise NotImplementedError

    def recv_into(self, buf: "Buf") -> int:
        raise NotImplementedError

    def fill(self, buf: "Buf", n: int) -> int:
        """n bytes, never fewer."""
        raise NotImplementedError

    def send(self, buf: "ReadBuf") -> None:
        """All of it; as one datagram where these are sent."""
        raise NotImplementedError

    def ask(self) -> int:
        """The connection's state."""
        raise NotImplementedError

    def take(self) -> int:
        """One recv_into(), kept in seen."""
        n = self.recv_into(self.small)
        if self.nseen < WHOLE:
            self.seen.write(self.small, 0, n)
            self.nseen += n
        return n

    def drain(self) -> None:
        """Let everything that is under way end, and begin at the beginning."""
        for _ in range(20_000):
            if not self.turn() and not self.wire.out.n and not self.slot.ring.n:
                break
            self.slot.more = False
            while self.slot.ring.n:
                self.take()
        self.wire.at = self.nseen = 0
        self.seen.seek(0)
        self.wire.rewind()


class Bare(Stand):
    """The engine without a face: a loop moves its bytes and its time."""

    def make(self, family: str) -> Engine:
        self.now = 0x3FFFFFCE  # 50 ms before the wrap
        self.staging = bytearray(512)
        engine = Engine(find(family), 2, 1536)
        engine.tick(self.now)
        return engine

    def turn(self) -> bool:
        e = self.engine
        e.tick(self.now)
        moved = False
        while e.ntx:
            e.sent(self.wire.write(e.tx, e.otx, e.ntx))
            moved = True
        n = self.wire.readinto(self.staging)
        if n:
            e.receive(self.staging, n)
            return True
        self.now = ticks_add(self.now, 1)
        return moved

    def some(self, buf: "Buf", off: int, n: int) -> int:
        while True:  # no local: the frame must not come from the heap
            self.moved = self.engine.try_recv(self.slot, self.gen, buf, off, n)
            if self.moved is not None:
                return self.moved
            self.turn()

    def recv_into(self, buf: "Buf") -> int:
        return self.some(buf, 0, len(buf))

    def fill(self, buf: "Buf", n: int) -> int:
        got = 0
        while got < n:
            got += self.some(buf, got, n - got)
        return got

    def send(self, buf: "ReadBuf") -> None:
        at = 0
        while at < len(buf):
            at += self.part(buf, at, len(buf) - at)

    def part(self, buf: "ReadBuf", at: int, n: int) -> int:
        while True:
            self.moved = self.engine.try_send(self.slot, self.gen, buf, at, n)
            if self.moved is not None:
                return self.settled(self.moved)
            self.turn()

    def settled(self, n: int) -> int:
        while not self.engine.settled(self.slot):
            self.turn()
        assert self.slot.sending == SENT
        return n

    def ask(self) -> int:
        self.slot.query = QUEUED
        while self.slot.query != SENT:
            assert self.slot.query != REFUSED
            self.turn()
        return self.slot.told


class Blocking(Stand):
    """The same through Modem and Socket."""

    def make(self, family: str) -> Engine:
        self.modem = Modem(self.wire, family, slots=2, rx_ring=1536, clock=StepClock())
        self.modem.poll()
        return self.modem.engine

    def opened(self, cid: int, kind: int, mode: int) -> "Slot":
        slot = Stand.opened(self, cid, kind, mode)
        if cid == 0:
            self.sock = Socket(self.modem, 1 if kind == STREAM else 2, slot=slot)
            if self.serves:
                self.sock._aim(PEER, PEER[0])
            else:
                self.sock._peer = PEER
        return slot

    def turn(self) -> bool:
        return self.modem.poll()

    def recv_into(self, buf: "Buf") -> int:
        return self.sock.recv_into(buf)

    def fill(self, buf: "Buf", n: int) -> int:
        return self.sock.readinto(buf, n) or 0

    def send(self, buf: "ReadBuf") -> None:
        if self.kind == DGRAM:
            self.sock.sendto(buf, PEER)
        else:
            self.sock.sendall(buf)

    def ask(self) -> int:
        return self.sock.query_state()
