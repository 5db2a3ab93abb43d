"""Sending: one part at a time for all sockets, behind a prompt or in the command line, until its result is known."""

from errno import ENOBUFS, ETIMEDOUT

from ._compat import Store, const, ticks_add
from .command import DONE, ERROR, ON_OK, ON_SEND, RESULT_MS, SEND, SEND_FAIL, TIMEOUT
from .lines import Lines
from .table import ENTRY, FAILED, HEX, INLINE, QUEUED, REFUSED, SENT, UNDERWAY
from .text import move_up, put_hex

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from ._types import Line
    from .models.base import Family
    from .table import Slot

_MASK = const(0x3FFFFFFF)
_BACK_OFF_MS = const(100)  # before a send is repeated behind SEND FAIL; doubled each time
_TRIES = const(8)
_TURN_MS = const(50)  # so long a free store waits for who was turned away
_AROUND = const(24)  # what stands around a payload in a command line, and its CR
_FAIL = const(9)  # length of SEND FAIL
_QUOTE = const(34)
_SPACE = const(32)
_DEL = const(127)


class Sending(Lines):
    """What is on its way to the module: the command line, and the one part of a payload that was accepted."""

    def __init__(self, family: "Family", slots: int, rx_ring: int, tx_buf: int, line_buf: int) -> None:
        Lines.__init__(self, family, slots, rx_ring, tx_buf, line_buf)
        self.baud = 115_200
        self.tx = self.cmd.tx  # bytes for the UART: tx[otx:otx + ntx]
        self.otx = 0
        self.ntx = 0
        self.store = Store(family.send_max)  # the one part of a payload that was accepted
        self.nstore = 0
        self.sender = self.table.nobody  # whose part it is
        self.pending_until = 0
        self.holding = False  # SEND FAIL: the part is sent again at hold_until
        self.hold_until = 0
        self.tries = 0
        self.courting = False  # the store is free, and kept for who has asked first until turn_until
        self.turn_until = 0
        self._tickets = 0
        self.blame = self.table.nobody  # its command got a bare ERROR: ask for the reason at once

    # --- whose turn it is ---------------------------------------------------------------------------------------

    def queue(self, slot: "Slot") -> None:
        """This slot was turned away: it is one of those that have asked before the next newcomer."""
        if not slot.ticket:
            self._tickets += 1
            slot.ticket = self._tickets

    def is_first(self, slot: "Slot") -> bool:
        """True unless somebody else was turned away before; who does not come back soon is forgotten."""
        slots = self.table.slots
        k = len(slots)
        while k:
            k -= 1
            if slots[k].ticket and (not slot.ticket or slots[k].ticket < slot.ticket):
                return not self.courting
        return True

    def accept(self, slot: "Slot", n: int) -> None:
        """The store has a part of this slot, n bytes."""
        self.nstore = n
        self.sender = slot
        self.tries = 0
        slot.sending = QUEUED
        slot.ticket = 0
        self.courting = False

    def _free_store(self) -> None:
        """Who was turned away first has the next turn, if it asks within a moment."""
        self.sender = self.table.nobody
        self.courting = self._tickets > 0
        self.turn_until = ticks_add(self.now, _TURN_MS)

    def forget_queue(self) -> None:
        """Who was turned away has not come back, or nobody was: all are equal again."""
        self.courting = False
        self._tickets = 0
        k = len(self.table.slots)
        while k:
            k -= 1
            self.table.slots[k].ticket = 0
            self.table.slots[k].wake = True

    # --- the command --------------------------------------------------------------------------------------------

    def _start_send(self, slot: "Slot") -> None:
        slot.sending = UNDERWAY
        form = self._form(slot)
        self._send_head(slot, form)
        if form == ENTRY:
            self._run_send(slot, self.family.answer_ms)
            self.cmd.ndata = self.nstore
            self.parser.prompt_ok = True
            self._deafened(slot)
        else:
            self._send_typed(slot, form)

    def _form(self, slot: "Slot") -> int:
        """How the part goes out: as its socket likes it, where it fits."""
        n = self.nstore
        room = len(self.tx) - _AROUND
        if slot.service:
            return ENTRY  # the others have no place for an address
        if slot.form == INLINE and n <= room and self._is_plain(n):
            return INLINE
        if slot.form != ENTRY and n <= min(room >> 1, slot.dialect.hex_max):
            return HEX
        return ENTRY

    def _is_plain(self, n: int) -> bool:
        """True if the part can stand between quotes (R402)."""
        self._fetch(n)
        while n:
            n -= 1
            if self.tx[n] == _QUOTE or not _SPACE <= self.tx[n] < _DEL:
                return False
        return True

    def _fetch(self, n: int) -> None:
        """The part, to the beginning of tx."""
        self.store.seek(0)
        self.store.readinto(self.tx, n)

    def _send_head(self, slot: "Slot", form: int) -> None:
        c = self.cmd
        c.begin(SEND, slot.dialect.send_hex if form == HEX else slot.dialect.send)
        c.num(slot.cid)
        if form != HEX or slot.dialect.hex_length:
            c.comma()
            c.num(self.nstore)
        if slot.service:
            self._send_to(slot)

    def _send_to(self, slot: "Slot") -> None:
        """Whom the datagram of a UDP service is for."""
        c = self.cmd
        c.add(b',"')
        c.add(slot.to)
        c.add(b'",')
        c.num(slot.to_port)

    def _send_typed(self, slot: "Slot", form: int) -> None:
        """The part in quotes, as text or as hex digits: nothing is asked for, and no data entry can stay open."""
        c = self.cmd
        n = self.nstore
        at = c.n + 2  # behind comma and quote
        self._fetch(n)
        if form == HEX:
            n = put_hex(self.tx, at, n)
        else:
            move_up(self.tx, at, n)
        self._send_head(slot, form)
        c.add(b',"')
        c.n += n
        c.add(b'"')
        self._run_send(slot, self.family.answer_ms if slot.dialect.late_result else RESULT_MS)
        c.prompted = True

    def _run_send(self, slot: "Slot", limit_ms: int) -> None:
        self._run(slot, None, ON_OK if slot.dialect.late_result else ON_SEND, limit_ms, 0)

    def _run(self, slot: "Slot", prefix: "bytes | None", ends: int, limit_ms: int, answer: int) -> None:
        """The command line is complete: hand it to the UART and set its deadline."""
        self.ntx = self.cmd.run(slot, prefix, ends)
        self.parser.before = self.parser.n > 0
        self.otx = 0
        answer = self.wire_ms(self.ntx + answer + self.parser.raw)
        self.cmd.limit_ms = limit_ms
        self.cmd.deadline = ticks_add(self.now, limit_ms + answer)
        if self.trace:
            self._say_command()

    def _say_command(self) -> None:
        line = bytes(self.cmd.tx[: self.cmd.n])
        if self.cmd.kind == SEND and b'"' in line:
            line = line[: line.find(b'"')] + b"<%d bytes>" % self.nstore
        self._say(">>", line)

    def wire_ms(self, n: int) -> int:
        """Time for n bytes at 10 bits a byte, and 20 %."""
        return n * 12_000 // self.baud + 1

    def _deafened(self, slot: "Slot") -> None:  # agenda.py
        raise NotImplementedError

    def _is_doubtful(self, slot: "Slot", result: int) -> bool:  # acks.py
        raise NotImplementedError

    def _taken_part(self, slot: "Slot") -> None:
        raise NotImplementedError

    # --- its result ---------------------------------------------------------------------------------------------

    def _send_ended(self, slot: "Slot", result: int) -> None:
        if result == DONE and self.cmd.ends == ON_OK:
            self.pending = slot
            self.pending_until = ticks_add(self.now, RESULT_MS)
        else:
            self._send_result(slot, result)

    def _send_result(self, slot: "Slot", result: int) -> None:
        self.pending = self.table.nobody
        if self._is_doubtful(slot, result):
            return
        if result == SEND_FAIL and self.tries < _TRIES and slot.state != FAILED:
            self.stats.send_fail = (self.stats.send_fail + 1) & _MASK
            self.holding = True
            self.hold_until = ticks_add(self.now, _BACK_OFF_MS << self.tries)
            self.tries += 1
            slot.sending = QUEUED
            return
        self._free_store()
        slot.wake = True
        slot.sending = SENT if result == DONE else REFUSED
        if result == DONE:
            self._taken_part(slot)
        elif result == SEND_FAIL:
            slot.err = ENOBUFS
        elif result == ERROR:
            self.blame = slot
        else:
            slot.fail(ETIMEDOUT, 569)  # whether it was sent is unknown: sending it again could double it

    def _strange(self, buf: "Line", a: int, b: int) -> None:
        """What is left of a damaged SEND OK or SEND FAIL ends the wait for it: nobody knows which it was."""
        if not self._is_result(buf, a, b):
            Lines._strange(self, buf, a, b)
            return
        self.stats.unknown = (self.stats.unknown + 1) & _MASK
        if self.pending.index >= 0:
            self._send_result(self.pending, TIMEOUT)
        elif self.live and self.cmd.kind == SEND and self.cmd.ends & ON_SEND:
            self._ended(TIMEOUT)
        self.out_of_step()

    def _is_result(self, buf: "Line", a: int, b: int) -> bool:
        """It begins or ends as they do, and somebody has sent something."""
        if not 3 < b - a <= _FAIL or self.sender.sending != UNDERWAY:
            return False
        return buf.startswith(b"SEN", a) or buf.startswith(b"D OK", b - 4) or buf.startswith(b"FAIL", b - 4)

    def _drop_store(self) -> None:
        """What was accepted will not be sent any more: its socket has failed."""
        if self.sender.index >= 0:
            self.sender.sending = REFUSED
            self.sender.wake = True
        self.pending = self.doubt = self.table.nobody
        self.holding = False
        self._free_store()
