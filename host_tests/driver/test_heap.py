"""The steady state allocates nothing: under heap_lock(), and by mem_total() where the VM counts every byte.

heap_lock() does not see frames that are taken from the heap and given back at once; mem_total() does. On CPython the
same work is done and only its bytes are compared.
"""

import kit
from kit import cases
from quectel import Modem, Socket
from quectel.table import PUSH
from wires import LeanWire, StepClock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Work = Callable[["Desk", int], int]

if kit.MICROPYTHON:
    from gc import collect

    import micropython

_KIB = 1024
CHUNKS = (1, 7, 64, 511)


def hostile(n: int) -> bytes:
    """n bytes that hold finals, prompts and URCs."""
    nasty = b'\r\nOK\r\n> \r\nSEND OK\r\n+QIURC: "closed",0\r\n+QIRD: 9\r\nERROR\r\n\0\xff>'
    parts = [bytes(range(256)), nasty, kit.Random(5).data(150), nasty, b"\r"]
    return (b"".join(parts) * (n // 400 + 1))[:n]


SOURCE = hostile(4 * _KIB)


class Desk:
    """A modem on a LeanWire with socket 0, and socket 1 whose URCs come all the time."""

    def __init__(self, family: str, chunk: int, mode: int) -> None:
        self.clock = StepClock()
        self.wire = LeanWire(chunk, SOURCE, family == "BC25")
        self.modem = Modem(self.wire, family, slots=2, rx_ring=1536, clock=self.clock)
        self.engine = self.modem.engine
        self.engine.tick(self.clock.now)
        self.sock = self.modem.socket(mode=mode)
        self.other = self.modem.socket()
        self._opened(self.sock, 0)
        self._opened(self.other, 1)
        self.small = bytearray(700)
        self.big = bytearray(64 * _KIB)
        self.payload = SOURCE * 16
        self.seen = 0  # where in SOURCE the next byte stands
        self.wrong = 0

    def _opened(self, sock: Socket, cid: int) -> None:
        self.engine.table.bind(sock._slot, cid)
        sock._slot.state = 3

    def take(self) -> int:
        """One recv_into(), compared with what the module has sent."""
        n = self.sock.recv_into(self.small)
        k = self.seen
        for i in range(n):
            self.wrong += self.small[i] != SOURCE[k]
            k = (k + 1) % len(SOURCE)
        self.seen = k
        return n

    def drain(self) -> None:
        """Let everything that is under way end."""
        slot = self.sock._slot
        for _ in range(20_000):
            if not self.modem.poll() and not self.wire.out.n and not slot.ring.n:
                return
            slot.more = False
            while slot.ring.n:
                self.take()


def receive_some(desk: Desk, total: int) -> int:
    """recv_into() until total bytes are there."""
    got = 0
    slot = desk.sock._slot
    while got < total:
        slot.more = True
        got += desk.take()
    return got


def receive_all(desk: Desk, total: int) -> int:
    """One readinto(), which is never short."""
    desk.sock._slot.more = True
    n = desk.sock.readinto(desk.big, total)
    return n or 0


def receive_pushed(desk: Desk, total: int) -> int:
    got = 0
    while got < total:
        desk.wire.push()
        left = 512
        while left:
            left -= desk.take()
        got += 512
    return got


def send_all(desk: Desk, total: int) -> int:
    while total > 0:
        desk.sock.sendall(desk.payload)
        total -= len(desk.payload)
    return len(desk.payload)


def hear_urcs(desk: Desk, total: int) -> int:
    heard = 0
    while heard < total:
        desk.wire.say_urc()
        while desk.modem.poll() or desk.wire.out.n:
            pass
        heard += 1
    return heard


def costs(work: "Work", desk: Desk, total: int) -> "tuple[int, int]":
    """(what work gave, bytes that it has asked the heap for): -1 where the VM does not count them."""
    if not kit.MICROPYTHON:
        return work(desk, total), -1
    collect()
    counts = hasattr(micropython, "mem_total")
    before = micropython.mem_total() if counts else 0
    micropython.heap_lock()
    try:
        got = work(desk, total)
    finally:
        micropython.heap_unlock()
    return got, micropython.mem_total() - before if counts else -1


def steady(work: "Work", family: str, chunk: int, total: int, mode: int = 0) -> Desk:
    """Do the work once to warm up, then again under the lock."""
    desk = Desk(family, chunk, mode)
    warm = 4 * _KIB if total > 4 * _KIB else total
    work(desk, warm)
    desk.drain()
    desk.wire.at = desk.seen = 0
    before = desk.engine.stats.urcs - desk.wire.urcs
    got, cost = costs(work, desk, total)
    assert got >= total, (got, total)
    assert cost <= 0, (family, chunk, cost)
    desk.drain()
    assert desk.engine.stats.urcs - desk.wire.urcs == before  # none was lost
    assert desk.engine.stats.framing == desk.engine.stats.rx_lost == desk.engine.stats.timeouts == 0
    return desk


def total_of(chunk: int, family: str) -> int:
    """64 KiB; less where a read gives a byte and the second family only repeats the proof."""
    return 64 * _KIB if chunk > 1 or family == "BC25" else 8 * _KIB


@cases(*[(family, chunk) for family in ("BC25", "BG96") for chunk in CHUNKS])
def test_receiving_what_is_there(family: str, chunk: int) -> None:
    assert steady(receive_some, family, chunk, total_of(chunk, family)).wrong == 0


@cases(*[(family, chunk) for family in ("BC25", "BG96") for chunk in CHUNKS])
def test_receiving_into_one_buffer_never_short(family: str, chunk: int) -> None:
    total = total_of(chunk, family)
    desk = steady(receive_all, family, chunk, total)
    view = memoryview(desk.big)
    for at in range(0, total, len(SOURCE)):
        assert view[at : at + len(SOURCE)] == SOURCE, at


@cases(*CHUNKS)
def test_receiving_in_direct_push(chunk: int) -> None:
    assert steady(receive_pushed, "BC25", chunk, 64 * _KIB, PUSH).wrong == 0


@cases(*[(family, chunk) for family in ("BC25", "BG96") for chunk in CHUNKS])
def test_sending(family: str, chunk: int) -> None:
    desk = steady(send_all, family, chunk, 64 * _KIB)
    assert desk.wire.wrong == 0 and desk.wire.sink_at == 0


@cases(*CHUNKS)
def test_a_thousand_urcs(chunk: int) -> None:
    steady(hear_urcs, "BC25", chunk, 1000)
