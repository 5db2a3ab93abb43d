"""The sans-I/O core: bytes in with receive(), bytes out with tx, time with tick().  It never waits and calls nobody."""

from struct import pack_into

from ._compat import const, ticks_add, ticks_diff
from .command import FETCH, IDLE, ON_OK, PLAIN, RESULT_MS, RUN, TIMEOUT
from .table import BUFFER, CLOSING, DGRAM, ENDED, FAILED, FREE, HALF, LISTENER, OPEN, QUEUED, TAKEN, UNDERWAY
from .transparent import Transparent

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from ._types import Buf, ReadBuf
    from .models.base import Family
    from .parser import Parser
    from .table import Slot

_MASK = const(0x3FFFFFFF)
_QUIET_MS = const(20)  # a payload that nothing follows is whole when nothing came for so long
_STALL_MS = const(1000)  # a payload that stands still for so long, and its wire time, is given up
_SLOW_MS = const(60_000)  # and so is one that is not whole after that, and twice its wire time
_AWAY_MS = const(5000)  # of a longer pause between two turns no more counts
_CLOSES = const(2)  # a close that is not answered is sent once more
_CR = const(13)
_ESC = const(27)
_NEVER = const(0x1FFFFFFF)


class Engine(Transparent):
    """One module.  The faces move its bytes, wait for what changes in it, and read its fields."""

    def __init__(
        self, family: "Family", slots: int = 4, rx_ring: int = 1536, tx_buf: int = 0, line_buf: int = 0
    ) -> None:
        Transparent.__init__(self, family, slots, rx_ring, tx_buf, line_buf)
        self.src: "ReadBuf | None" = None  # payload that is being written, or None for the transmit store
        self._feed_at = 0  # where they begin in src
        self._filling = False  # CRs go out in place of a payload
        self.moved_at = 0  # when bytes came in last
        self._whole_at = 0  # when the payload that is coming must be whole
        self._off = 0  # where in the caller's buffer received bytes go

    # --- time ---------------------------------------------------------------------------------------------------

    def turn(self, now_ms: int) -> None:
        """A turn begins.  Who polls once a minute was away meanwhile: see procedure.Limit."""
        away_ms = ticks_diff(now_ms, self.now) - _AWAY_MS
        if away_ms > 0:
            self.away = (self.away + away_ms) & _MASK
        self.now = now_ms
        if self.writing or (self.left and not self.ntx):  # before anything is begun that would be taken for it
            self.cut_off()

    def tick(self, now_ms: int) -> None:
        """Let time pass up to now_ms (ticks_ms): deadlines expire and the next command starts."""
        self.now = now_ms
        self.soon = False
        if self.touched:
            self._note_bytes()
        if self.entry_at >= 0:
            self._note_entry()
        if self.owner.index >= 0 and self._lent():
            return
        if self.parser.raw and self.cmd.receives():  # its payload is coming: _check_stall() watches that
            self.cmd.deadline = ticks_add(now_ms, self.cmd.limit_ms)
        elif self.cmd.state == RUN and self._over(self.cmd.deadline):
            self._expired()
        self._watch_store()
        if self.pending.index >= 0 and self._over(self.pending_until):
            self._send_result(self.pending, TIMEOUT)
        if self.parser.raw:
            self._check_stall()
        elif self._listens():
            self._listen()
        if self.cmd.state == IDLE and not self.unframed:
            self._go_on()

    def _watch_store(self) -> None:
        """A part is sent once more, or who was turned away has not come back."""
        if self.holding and self._over(self.hold_until):
            self.holding = False
        if self.courting and self._over(self.turn_until):
            self.forget_queue()

    def _listen(self) -> None:
        if self._over(self._quiet_at()):
            self._hush()
        elif self.unframed and self._over(self.unframed_until):
            self._reframe()

    def _quiet_at(self) -> int:
        return ticks_add(self.moved_at, _STALL_MS if self._owes_end() else _QUIET_MS)

    def _note_bytes(self) -> None:
        self.touched = False
        self.moved_at = self.now
        if self.begun:
            self.begun = False
            self._whole_at = ticks_add(self.now, _SLOW_MS + 2 * self.wire_ms(self.parser.raw))

    def _note_entry(self) -> None:
        """A command, or its data, goes out from now on: its answer has its time, however late that is."""
        self.cmd.deadline = ticks_add(self.cmd.deadline, ticks_diff(self.now, self.entry_at))
        self.entry_at = -1

    def due(self, now_ms: int) -> int:
        """Milliseconds until tick() has something to do, 0 for now, -1 for never.

        Of the state as tick() has left it: after receive(), sent() or a call, tick() comes first.
        """
        if self.soon:
            return 0
        if self.touched:
            self.now = now_ms
            self._note_bytes()
        if self.owner.index >= 0:
            return self._lent_due(now_ms)
        ms = self._command_due(now_ms)
        if self.holding:
            ms = min(ms, ticks_diff(self.hold_until, now_ms))
        if self.courting:
            ms = min(ms, ticks_diff(self.turn_until, now_ms))
        if self.pending.index >= 0:
            ms = min(ms, ticks_diff(self.pending_until, now_ms))
        ms = min(ms, self._payload_due(now_ms))
        return -1 if ms == _NEVER else max(ms, 0)

    def _command_due(self, now_ms: int) -> int:
        """Until the command in flight is late, or the next one goes out by itself."""
        if self.cmd.state == RUN:
            if self.parser.raw and self.cmd.receives():
                return _NEVER
            return ticks_diff(self.cmd.deadline, now_ms)
        if self.cmd.state != IDLE or self.unframed:
            return _NEVER
        if self.resync:
            return ticks_diff(self._go_on_at(), now_ms)
        if self.asleep:
            return _NEVER
        ms = ticks_diff(self.look_at, now_ms) if self.hungry else _NEVER
        return min(ms, ticks_diff(self.ack_at, now_ms)) if self.owing else ms

    def _payload_due(self, now_ms: int) -> int:
        """Until a payload is given up, or silence behind it tells something."""
        if self.parser.raw:
            return ticks_diff(self._given_up_at(), now_ms)
        if not self._listens():
            return _NEVER
        ms = ticks_diff(self._quiet_at(), now_ms)
        return min(ms, ticks_diff(self.unframed_until, now_ms)) if self.unframed else ms

    def _check_stall(self) -> None:
        if self._over(self._given_up_at()):
            self.parser.abandon()
            self._lost()

    def _given_up_at(self) -> int:
        """When a payload that stands still, or that trickles, is given up."""
        still = ticks_add(self.moved_at, _STALL_MS + self.wire_ms(min(self.parser.raw, 4096)))
        return still if ticks_diff(still, self._whole_at) < 0 else self._whole_at

    # --- bytes out ----------------------------------------------------------------------------------------------

    def sent(self, n: int) -> int:
        """n bytes of tx[otx:otx + ntx] went out; gives n."""
        self.writing = False  # no jump stands in front of the sums: a VM interrupts at jumps
        self.stats.tx_bytes = (self.stats.tx_bytes + n) & _MASK
        self.otx += n
        self.ntx -= n
        if not self.ntx and self.left:
            self._refill()
        return n

    def _prompt(self) -> None:
        c = self.cmd
        if c.state == RUN and c.ndata and not c.prompted:
            c.prompted = True
            limit_ms = c.limit_ms if c.kind == PLAIN else RESULT_MS
            c.deadline = ticks_add(self.now, limit_ms + self.wire_ms(c.ndata))
            self.entry_at = self.now
            self.owed = 0
            self._feed(c.data, c.ndata)
        elif self.late_prompt:
            self.late_prompt = False
            self._feed(self._owed_src, self.owed)
            self.owed = 0

    def _feed(self, src: "ReadBuf | None", n: int) -> None:
        """The payload goes out in pieces of the command buffer's size."""
        self.src = src
        self.left = n
        self._filling = False
        self._feed_at = 0
        self.store.seek(0)
        if self.trace:
            self._say(">>", b"<%d bytes>" % n)
        if not self.ntx:
            self._refill()

    def _refill(self) -> None:
        k = min(self.left, len(self.tx))
        if self._filling:
            self._refill_blank(k)
        elif self.src is None:
            self.store.readinto(self.tx, k)
        else:
            self._refill_from(self.src, k)
        self._feed_at += k
        self.left -= k
        self.otx = 0
        self.ntx = k

    def _refill_blank(self, k: int) -> None:
        for i in range(k):
            self.tx[i] = _CR
        if not self._feed_at:
            self.tx[0] = _ESC

    def _fill(self) -> None:
        """The prompt was lost, it seems, and a data entry takes the queries: end it (R406).

        So it is too where the host has restarted in the middle of one: then the longest is reckoned with.
        ESC ends one of variable length, as many CRs as bytes are owed a fixed one.  To a module that waits for a
        command they are empty lines; the payload itself might hold commands.
        """
        self._filling = True
        self.left = (self.owed or self.family.send_max) + 1
        self._feed_at = 0
        self._refill()

    def _refill_from(self, src: "ReadBuf", k: int) -> None:
        """A procedure's payload: costs a copy a piece."""
        pack_into("%ds" % k, self.tx, 0, bytes(memoryview(src)[self._feed_at : self._feed_at + k]))

    # --- procedures ---------------------------------------------------------------------------------------------

    def start(
        self,
        line: bytes,
        prefix: "bytes | None" = None,
        ends: int = ON_OK,
        limit_ms: int = 300,
        data: "ReadBuf | None" = None,
        lines: "list[bytes] | None" = None,
        secret: bool = False,
    ) -> bool:
        """Send a command line (bytes, without CR) for a procedure; False if another is in flight.

        Its registers stay in cmd until release().  data goes out after the prompt or CONNECT.  Allocates only
        when the line is longer than 23 bytes.
        """
        c = self.cmd
        if c.state != IDLE or self.ntx or self.left or self._others_first():
            self.wanted = True
            return False
        self.wanted = False
        c.begin(PLAIN, line)
        self._run(self.table.nobody, prefix, ends, limit_ms, 64)
        self.entry_at = self.now
        c.owned = True
        c.lines = lines
        c.secret = secret
        if data is not None:
            c.data = data
            c.ndata = len(data)
            self.parser.prompt_ok = True
        return True

    def _others_first(self) -> bool:
        """Something else comes first: getting in step, a reason, silence, sleep, or the UART is lent."""
        if self.resync or self.unframed or self.asleep:
            return True
        return self.blame.index >= 0 or self.owner.index >= 0

    def release(self) -> None:
        """The procedure has read the registers, or gives the command up: it then ends for nobody."""
        self.cmd.release()

    def fetches(self, sink: bytearray) -> None:
        """The command that was just started is answered with CONNECT and as many bytes as sink has room for."""
        self.cmd.kind = FETCH
        self.cmd.sink = sink
        self.cmd.got = 0

    def _connect(self) -> None:
        c = self.cmd
        if self.live and c.sink is not None and not c.prompted:
            c.prompted = True
            self._count_off(len(c.sink))
        elif self.late_file:
            self._count_off(self.late_file)
            self.late_file = 0
        else:
            Transparent._connect(self)

    def _count_off(self, n: int) -> None:
        """The next n bytes are those of a file."""
        self._arm(self.table.nobody, 0)
        self.into.coming = n
        self.parser.arm(n)

    def _fetched(self, p: "Parser") -> None:
        """A piece of the file; costs a copy.  A pushed payload that nobody wants is not taken for one."""
        c = self.cmd
        n = p.b - p.a
        if c.sink is not None and c.prompted and c.got + n <= len(c.sink):
            pack_into("%ds" % n, c.sink, c.got, bytes(memoryview(p.buf)[p.a : p.b]))
            c.got += n

    # --- sockets ------------------------------------------------------------------------------------------------

    def try_recv(self, slot: "Slot", gen: int, buf: "Buf", off: int, n: int) -> "int | None":
        """Bytes moved to buf[off:off + n], 0 at the end of the stream, None to wait, -1 if it failed (slot.err)."""
        if slot.gen != gen:
            return -1
        if slot.ring.n:
            slot.hungry = False
            self._off = off  # a frame with one argument more would come from the heap
            return self._taken(slot, buf, n)
        if slot.state == FAILED or slot.state == FREE:
            return -1
        if slot.state == ENDED:
            return 0
        if not slot.hungry and slot.mode == BUFFER:
            self.hunger(slot)
        return None

    def _taken(self, slot: "Slot", buf: "Buf", n: int) -> int:
        """Bytes of a stream, or one datagram; what buf has no room for of it is dropped and counted."""
        if slot.kind != DGRAM:
            return slot.ring.take(buf, self._off, n)
        if slot.service:
            self._take_peer(slot)
        size = slot.ring.head()
        n = min(n, size)
        slot.ring.take(buf, self._off, n)
        if n < size:
            slot.ring.drop(size - n)
            self.stats.dgram_cut = (self.stats.dgram_cut + 1) & _MASK
        return n

    def _take_peer(self, slot: "Slot") -> None:
        """Who has sent the datagram that is taken now: a record in front of it."""
        slot.npeer = slot.ring.head() - 2
        slot.ring.take(slot.peer, 0, slot.npeer)
        slot.pport = slot.ring.head()  # two bytes, as a length is

    def try_send(self, slot: "Slot", gen: int, buf: "ReadBuf", off: int, n: int) -> "int | None":
        """How many bytes of buf[off:off + n] were accepted, None to wait, -1 if it failed (slot.err).

        What was accepted is sent by the engine; slot.sending tells the result.
        """
        if slot.gen != gen or (slot.state != OPEN and slot.state != HALF):
            return -1
        if n == 0:
            return 0
        if not self.may_send(slot):
            self.queue(slot)
            return None
        n = min(n, slot.dialect.send_max)
        self.store.seek(0)
        self.store.write(buf, off, n)
        self.accept(slot, n)
        return n

    def may_send(self, slot: "Slot") -> bool:
        """True if a part of this slot would be accepted now."""
        if self.sender.index >= 0 or self.resync or self.asleep or not self.settled(slot) or self.barred(slot):
            return False
        return self.is_first(slot)

    def settled(self, slot: "Slot") -> bool:
        """True once the part that was accepted last has a result."""
        return slot.sending != QUEUED and slot.sending != UNDERWAY

    def close(self, slot: "Slot", gen: int) -> None:
        """Give a slot back.  What was accepted is sent first; then its id is closed."""
        if slot.gen != gen or slot.state == FREE or slot.state == CLOSING:
            return
        busy = self.cmd.state == RUN and self.cmd.slot is slot  # its part may still be written from the store
        if slot.state == TAKEN or (slot.cid < 0 and not busy):
            self._freed(slot)
            return
        if slot.state == FAILED and self.sender is slot and not busy:
            self._drop_store()
        if slot.kind == LISTENER and slot.cid >= 0:
            self._close_unaccepted(slot.cid)
        slot.state = CLOSING
        slot.more = False
        slot.ring.clear()
        slot.want_close = _CLOSES

    def _close_unaccepted(self, listener: int) -> None:
        for slot in self.table.slots:
            if slot.parent == listener:
                self.close(slot, slot.gen)
