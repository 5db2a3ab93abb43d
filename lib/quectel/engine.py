"""The sans-I/O core: bytes in with receive(), bytes out with tx, time with tick().  It never waits and calls nobody."""

from struct import pack_into

from ._compat import const, ticks_add, ticks_diff
from .agenda import Agenda
from .command import DONE, IDLE, ON_OK, PLAIN, READ, RESET, RUN, SYNC, TIMEOUT
from .table import CLOSING, DGRAM, ENDED, FAILED, FREE, HALF, LISTENER, OPEN, QUEUED, TAKEN, UNDERWAY

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from ._types import Buf, ReadBuf
    from .models.base import Family
    from .table import Slot

_MASK = const(0x3FFFFFFF)
_QUIET_MS = const(20)  # a payload that nothing follows is whole when nothing came for so long
_STALL_MS = const(1000)  # a payload that stands still for so long, and its wire time, is given up
_SYNC_MS = const(1000)  # between two queries that bring host and module back in step
_LATE_PROMPT_MS = const(5000)  # a prompt may still come that long after its command's deadline
_CR = const(13)
_ESC = const(27)
_STRAYS = const(4)  # unanswered queries that are reckoned with after getting in step
_SILENT = const(10)  # unanswered queries before the module counts as silent
_RESULT_MS = const(120_000)
_NEVER = const(0x1FFFFFFF)


class Engine(Agenda):
    """One module.  The faces move its bytes, wait for what changes in it, and read its fields."""

    def __init__(
        self, family: "Family", slots: int = 4, rx_ring: int = 1536, tx_buf: int = 0, line_buf: int = 0
    ) -> None:
        Agenda.__init__(self, family, slots, rx_ring, tx_buf, line_buf)
        self.src: "ReadBuf | None" = None  # payload that is being written, or None for the transmit store
        self.left = 0  # bytes of it that are not in tx yet
        self._feed_at = 0  # where they begin in src
        self.owed = 0  # length of a payload whose prompt had not come at the deadline
        self._owed_src: "ReadBuf | None" = None  # where it is, or None for the transmit store
        self._filling = False  # CRs go out in place of a payload
        self.resync = False  # host and module may be out of step: nothing else is sent
        self.silent = False
        self._sync_at = 0
        self._answered = False
        self._moved_at = 0  # when bytes came in last
        self._off = 0  # where in the caller's buffer received bytes go

    # --- time ---------------------------------------------------------------------------------------------------

    def tick(self, now_ms: int) -> None:
        """Let time pass up to now_ms (ticks_ms): deadlines expire and the next command starts."""
        self.now = now_ms
        if self.touched:
            self.touched = False
            self._moved_at = now_ms
        if self.parser.raw and self.cmd.kind == READ:  # its payload is coming: _check_stall() watches that
            self.cmd.deadline = ticks_add(now_ms, self.family.answer_ms)
        elif self.cmd.state == RUN and self._over(self.cmd.deadline):
            self._expired()
        if self.holding and self._over(self.hold_until):
            self.holding = False
        if self.pending.index >= 0 and self._over(self.pending_until):
            self._send_result(self.pending, TIMEOUT)
        if self.parser.raw:
            self._check_stall()
        elif self.parser.tail and self._over(ticks_add(self._moved_at, _QUIET_MS)):
            self.parser.tail = False
            self._complete(self.into)
        if self.cmd.state == IDLE and not self.ntx and not self.left:
            self._go_on()

    def _over(self, at: int) -> bool:
        return ticks_diff(self.now, at) >= 0

    def _go_on(self) -> None:
        if not self.resync:
            self._next()
        elif self._over(self._sync_at):
            self._query()

    def due(self, now_ms: int) -> int:
        """Milliseconds until tick() has something to do, 0 for now, -1 for never."""
        ms = _NEVER
        if self.cmd.state == RUN:
            ms = ticks_diff(self.cmd.deadline, now_ms)
        elif self.resync and self.cmd.state == IDLE:
            ms = ticks_diff(self._sync_at, now_ms)
        if self.holding:
            ms = min(ms, ticks_diff(self.hold_until, now_ms))
        if self.pending.index >= 0:
            ms = min(ms, ticks_diff(self.pending_until, now_ms))
        if self.parser.raw:
            ms = min(ms, _STALL_MS)
        elif self.parser.tail:
            ms = min(ms, _QUIET_MS)
        return -1 if ms == _NEVER else max(ms, 0)

    def _check_stall(self) -> None:
        if self._over(ticks_add(self._moved_at, _STALL_MS + self.wire_ms(min(self.parser.raw, 4096)))):
            self.parser.abandon()
            self._lost()

    # --- deadlines and getting back in step ---------------------------------------------------------------------

    def _expired(self) -> None:
        c = self.cmd
        if c.kind == SYNC:
            self._sync_expired()
            return
        self.stats.timeouts = (self.stats.timeouts + 1) & _MASK
        waits_for_prompt = self.parser.prompt_ok
        if c.kind == READ and c.prefix is not None:
            self.late_head = c.prefix
        owed = c.ndata
        self._owed_src = c.data
        self._ended(TIMEOUT)
        self.out_of_step()
        if waits_for_prompt:  # the prompt may come late, and then wants its bytes
            self.parser.prompt_ok = True
            self.owed = owed
            self._sync_at = ticks_add(self.now, _LATE_PROMPT_MS)

    def out_of_step(self) -> None:
        """A late answer may come: nothing is sent before a query of ours was answered."""
        if not self.resync:
            self.stats.resyncs = (self.stats.resyncs + 1) & _MASK
            self._answered = False
        self.resync = True
        self._sync_at = self.now

    def _query(self) -> None:
        """AT+CMEE? is answered with a line that no other command is answered with."""
        self.unanswered += 1
        self.silent = self.unanswered > _SILENT
        self.cmd.begin(SYNC, b"AT+CMEE?")
        self._run(self.table.nobody, b"+CMEE:", ON_OK, _SYNC_MS, 32)

    def _sync_expired(self) -> None:
        self.cmd.finish(TIMEOUT)
        if self._answered:
            self.unanswered = min(self.unanswered, _STRAYS)
            self._in_step()  # the other queries went into a module that did not hear them, it seems
        elif self.owed and not self.ntx:
            self._fill()
        self._sync_at = self.now

    def _fill(self) -> None:
        """The prompt was lost, it seems, and a data entry takes the queries: end it (R406).

        ESC ends one of variable length, as many CRs as bytes are owed a fixed one.  To a module that waits for a
        command they are empty lines; the payload itself might hold commands.
        """
        self._filling = True
        self.left = self.owed + 1
        self._feed_at = 0
        self._refill()

    def _in_step(self) -> None:
        self.resync = False
        self.silent = False
        self.owed = 0
        self.late_head = b""
        self.parser.prompt_ok = False

    def _synced(self) -> None:
        self.unanswered -= 1
        self._answered = True
        self.cmd.prompted = False
        self.cmd.deadline = ticks_add(self.now, 2 * _SYNC_MS)  # answers are as far apart as their queries were
        if self.unanswered <= 0:
            self.cmd.finish(DONE)
            self._in_step()

    def _ended(self, result: int) -> None:
        if self.cmd.kind == SYNC:
            if result == DONE:
                self._synced()
            elif result == RESET:
                self.cmd.finish(RESET)
            return
        self._still_owed()
        if result != TIMEOUT and (self.left or self.ntx):
            self._cut_short()
        Agenda._ended(self, result)

    def _still_owed(self) -> None:
        """Where bytes were lost, an ERROR or RDY may be a payload's, and a data entry still be open (R406)."""
        c = self.cmd
        if c.state == RUN and c.ndata and (not c.prompted or self.left or self.ntx):
            self.owed = c.ndata

    def _cut_short(self) -> None:
        """The module has closed the data entry before it was full: what is left would be read as a command."""
        self.left = self.ntx = 0
        self.out_of_step()

    def restarted(self) -> None:
        self.blame = self.table.nobody
        self._still_owed()
        self.left = self.ntx = self.unanswered = 0
        self.late_head = b""
        for cid in range(len(self.orphans)):
            self.orphans[cid] = 0
        Agenda.restarted(self)
        self._drop_store()

    # --- bytes out ----------------------------------------------------------------------------------------------

    def sent(self, n: int) -> None:
        """n bytes of tx[otx:otx + ntx] went out."""
        self.stats.tx_bytes = (self.stats.tx_bytes + n) & _MASK
        self.otx += n
        self.ntx -= n
        if not self.ntx and self.left:
            self._refill()

    def _prompt(self) -> None:
        c = self.cmd
        if c.state == RUN and c.ndata and not c.prompted:
            c.prompted = True
            c.deadline = ticks_add(self.now, _RESULT_MS + self.wire_ms(c.ndata))
            self.owed = 0
            self._feed(c.data, c.ndata)
        elif self.owed:
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
        if c.state != IDLE or self.ntx or self.left or self.resync or self.blame.index >= 0:
            self.wanted = True
            return False
        self.wanted = False
        c.begin(PLAIN, line)
        self._run(self.table.nobody, prefix, ends, limit_ms, 64)
        c.owned = True
        c.lines = lines
        c.secret = secret
        if data is not None:
            c.data = data
            c.ndata = len(data)
            self.parser.prompt_ok = True
        return True

    def release(self) -> None:
        """The procedure has read the registers, or gives the command up: it then ends for nobody."""
        self.cmd.release()

    # --- sockets ------------------------------------------------------------------------------------------------

    def try_recv(self, slot: "Slot", gen: int, buf: "Buf", off: int, n: int) -> "int | None":
        """Bytes moved to buf[off:off + n], 0 at the end of the stream, None to wait, -1 if it failed (slot.err)."""
        if slot.gen != gen:
            return -1
        if slot.ring.n:
            self._off = off  # a frame with one argument more would come from the heap
            return self._taken(slot, buf, n)
        if slot.state == FAILED or slot.state == FREE:
            return -1
        return 0 if slot.state == ENDED else None

    def _taken(self, slot: "Slot", buf: "Buf", n: int) -> int:
        """Bytes of a stream, or one datagram; what buf has no room for of it is dropped and counted."""
        if slot.kind != DGRAM:
            return slot.ring.take(buf, self._off, n)
        size = slot.ring.head()
        n = min(n, size)
        slot.ring.take(buf, self._off, n)
        if n < size:
            slot.ring.drop(size - n)
            self.stats.dgram_cut = (self.stats.dgram_cut + 1) & _MASK
        return n

    def try_send(self, slot: "Slot", gen: int, buf: "ReadBuf", off: int, n: int) -> "int | None":
        """How many bytes of buf[off:off + n] were accepted, None to wait, -1 if it failed (slot.err).

        What was accepted is sent by the engine; slot.sending tells the result.
        """
        if slot.gen != gen or (slot.state != OPEN and slot.state != HALF):
            return -1
        if n == 0:
            return 0
        if self.sender.index >= 0 or self.resync or slot.sending == QUEUED or slot.sending == UNDERWAY:
            return None
        n = min(n, slot.dialect.send_max)
        self.store.seek(0)
        self.store.write(buf, off, n)
        self.nstore = n
        self.sender = slot
        self.tries = 0
        slot.sending = QUEUED
        return n

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
        slot.want_close = True

    def _close_unaccepted(self, listener: int) -> None:
        for slot in self.table.slots:
            if slot.parent == listener:
                self.close(slot, slot.gen)
