"""Which command goes next, and what the end of a command means for the slot it was for."""

from errno import ECONNRESET, EIO, ENOTCONN

from ._compat import const, ticks_add, ticks_diff
from .acks import Acks
from .command import ACKS, ASK, BLAME, CLOSE, DONE, ERROR, ON_CLOSE, ON_OK, READ, SEND, TIMEOUT
from .errors import errno_of
from .table import (
    BUFFER,
    CLOSING,
    DGRAM,
    ENDED,
    FAILED,
    FREE,
    HALF,
    OPEN,
    QUEUED,
    REFUSED,
    SENT,
    TAKEN,
    UNDERWAY,
)

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from .models.base import Dialect, Family
    from .table import Slot

_LOOK_MS = const(5000)  # who waits for data has the module asked after so long without a URC, ...
_LONGEST_LOOK_MS = const(60_000)  # ... and after twice as long each time
_NO_CONTEXT = const(570)
_DEAF_MS = const(500)  # the same behind a data entry, in which a URC may have been lost (R390)


class Agenda(Acks):
    """The sending half of the engine.  One command at a time, slots served round robin."""

    def __init__(self, family: "Family", slots: int, rx_ring: int, tx_buf: int, line_buf: int) -> None:
        Acks.__init__(self, family, slots, rx_ring, tx_buf, line_buf)
        self.wanted = False  # a procedure was turned away: the next command is its own
        self.soon = False  # and if it does not come, somebody else is served with the next tick
        self.orphans = bytearray(self.table.ids())  # ids that are open at the module and have no slot
        self._turn = 0
        self.hungry = False  # somebody waits for data: at look_at the module is asked for some
        self.look_at = 0
        self._look_ms = _LOOK_MS
        self._deaf = False  # the next look is soon

    # --- what goes next -----------------------------------------------------------------------------------------

    def _next(self) -> None:
        if self.asleep:
            return
        if self.sender.index >= 0 and self.sender.cid < 0:
            self._drop_store()  # its connection is gone, and a result will not come
        if self.hungry and ticks_diff(self.now, self.look_at) >= 0:
            self._look()
        if self.owing and ticks_diff(self.now, self.ack_at) >= 0:
            self._look_at_acks()
        if self.blame.index >= 0:
            self._ask_why()
        elif self.doubt.index >= 0:
            self._start_acks(self.doubt)
        elif self.wanted:
            self.wanted = False
            self.soon = True
        elif not self._serve_slots():
            self._close_orphan()

    def _serve_slots(self) -> bool:
        slots = self.table.slots
        k = len(slots)
        while k:
            k -= 1
            self._turn = (self._turn + 1) % len(slots)
            if self._serve(slots[self._turn]):
                return True
        return False

    def _serve(self, slot: "Slot") -> bool:
        """Start the command this slot wants most; False if it wants none."""
        if slot.state == FREE or slot.state == TAKEN:
            return False
        if slot.sending == QUEUED and slot.state == FAILED:
            self._drop_store()
        elif slot.sending == QUEUED and slot is self.sender and not self.holding and self.pending.index < 0:
            self._start_send(slot)
        elif slot.want_close and slot.sending != QUEUED and slot.sending != UNDERWAY:
            self._start_close(slot)
        elif slot.query == QUEUED:
            self._start_query(slot)
        elif slot.more and self.worth_reading(slot):
            self._start_read(slot)
        elif self.asks_for_acks(slot):
            self._start_acks(slot)
        else:
            return False
        return True

    def worth_reading(self, slot: "Slot") -> bool:
        """A datagram needs room for the longest; a stream is not read in crumbs."""
        if slot.state != OPEN and slot.state != HALF:
            return False
        room = slot.ring.room()
        if slot.kind == DGRAM:
            return room >= slot.dialect.read_max + 2 + slot.service
        return room >= min(slot.dialect.read_max, slot.ring.size >> 1)

    # --- a lost announcement ------------------------------------------------------------------------------------

    def hunger(self, slot: "Slot") -> None:
        """Somebody waits for data of this slot.  A module may forget to announce them, or a line be lost."""
        slot.hungry = True
        if not self.hungry:
            self.hungry = True
            self.look_at = ticks_add(self.now, _DEAF_MS if self._deaf else self._look_ms)

    def _deafened(self, slot: "Slot") -> None:
        """A data entry begins, in which this family may drop an announcement (R390)."""
        if slot.dialect.deaf:
            self._deaf = True
            self.look_at = ticks_add(self.now, _DEAF_MS)

    def _look(self) -> None:
        """Every slot that somebody waits at is read, announced or not."""
        if not self._deaf:
            self._look_ms = min(self._look_ms << 1, _LONGEST_LOOK_MS)
        self.hungry = self._deaf = False
        k = len(self.table.slots)
        while k:
            k -= 1
            self._look_at_slot(self.table.slots[k])

    def _look_at_slot(self, slot: "Slot") -> None:
        if slot.hungry and slot.mode == BUFFER and slot.state == OPEN and slot.kind <= DGRAM:
            slot.more = True
        slot.hungry = False

    def _start_read(self, slot: "Slot") -> None:
        c = self.cmd
        slot.asked = min(slot.ring.room(), slot.dialect.read_max)
        slot.again = False
        c.begin(READ, slot.dialect.read)
        c.num(slot.cid)
        c.comma()
        c.num(slot.asked)
        self._run(slot, slot.dialect.read_head, ON_OK, self.family.answer_ms, slot.asked)

    def _start_query(self, slot: "Slot") -> None:
        """What the module says of its state (R090, R138)."""
        if slot.cid < 0:  # its id is gone meanwhile
            slot.query = REFUSED
            slot.wake = True
            return
        slot.query = UNDERWAY
        self.cmd.begin(ASK, slot.dialect.state)
        self.cmd.num(slot.cid)
        self._run(slot, slot.dialect.state_head, ON_OK, self.family.answer_ms, 128)

    def _start_close(self, slot: "Slot") -> None:
        slot.state = CLOSING
        if slot.cid < 0:
            self._freed(slot)
            return
        self._close(slot, slot.cid, slot.dialect)

    def _close(self, slot: "Slot", cid: int, dialect: "Dialect") -> None:
        self.cmd.begin(CLOSE, dialect.close)
        self.cmd.num(cid)
        self.cmd.add(dialect.close_arg)
        self._run(slot, None, ON_CLOSE if dialect.close_ok else ON_OK, dialect.close_ms, 0)

    def _close_orphan(self) -> None:
        cid = self.orphans.find(b"\x01")
        if cid >= 0 and self.family.tcp is not None:
            self.orphans[cid] = 0
            self._close(self.table.nobody, cid, self.family.tcp)

    def orphan(self, cid: int) -> None:
        """Have an id closed that no slot has."""
        if 0 <= cid < len(self.orphans):
            self.orphans[cid] = 1

    def _ask_why(self) -> None:
        self.cmd.begin(BLAME, b"AT+QIGETERROR")
        self._run(self.blame, b"+QIGETERROR:", ON_OK, self.family.answer_ms, 64)

    # --- what the end of a command means ------------------------------------------------------------------------

    def _ended(self, result: int) -> None:
        c = self.cmd
        self.parser.prompt_ok = False
        c.finish(result)
        if c.kind == READ:
            self._read_ended(c.slot, result)
        elif c.kind == SEND:
            self._send_ended(c.slot, result)
        elif c.kind == CLOSE:
            self._close_ended(c.slot, result)
        elif c.kind == BLAME:
            self._blamed(c.slot, c.code)
        elif c.kind == ASK:
            self._query_ended(c.slot, result)
        elif c.kind == ACKS:
            self._acks_ended(c.slot, result)

    def _read_ended(self, slot: "Slot", result: int) -> None:
        slot.asked = 0
        slot.wake = True
        if result == DONE and not self._is_short(slot):
            if slot.ring.held:
                self._look_ms = _LOOK_MS
            self._commit(slot)
            return
        self._give_up(slot)
        if result == TIMEOUT and slot.kind == DGRAM:
            return  # a datagram may be lost: it is asked again
        slot.more = False
        if result == TIMEOUT:
            slot.fail(EIO)  # the module may have given bytes away that nobody got
        elif slot.state == HALF:
            slot.state = ENDED  # some firmware reads nothing after "closed" (R393)
        elif result == ERROR and slot.state == OPEN:
            self.blame = slot

    def _give_up(self, slot: "Slot") -> None:
        """Nothing of the payload of a read that did not end well is delivered; the rest of it goes to nobody."""
        slot.ring.undo()
        slot.dgram_at = -1
        if self.into is slot:
            self.into = self.table.nobody

    def _query_ended(self, slot: "Slot", result: int) -> None:
        """An answer without a line is of an id that is not open (R397)."""
        if result != DONE:
            slot.query = REFUSED
        elif slot.query == UNDERWAY:
            slot.told = 0
            slot.query = SENT
        slot.wake = True

    def _blamed(self, slot: "Slot", code: int) -> None:
        self.blame = self.table.nobody
        if code == _NO_CONTEXT:
            self.lose_context(slot.pdp)
        err = errno_of(code) if code else EIO
        slot.fail(ECONNRESET if err == ENOTCONN else err, code)  # it was open
        slot.wake = True

    def _close_ended(self, slot: "Slot", result: int) -> None:
        """A module that has not heard it keeps the connection, and goes on to push its data: it is told once more.

        Behind an OK it has heard it: some firmware says no CLOSE OK.
        """
        if result == TIMEOUT and not self.cmd.prompted and slot.cid >= 0 and slot.want_close > 1:
            slot.want_close -= 1
        else:
            self._freed(slot)

    def _freed(self, slot: "Slot") -> None:
        """The id is free at the module again, and the slot for a new owner."""
        if slot.index >= 0:
            self.table.unbind(slot)
            slot.state = FREE
            slot.want_close = 0
            slot.ticket = 0
            if self.blame is slot:
                self.blame = self.table.nobody
            if self.sender is slot:
                self._drop_store()
            slot.wake = True
