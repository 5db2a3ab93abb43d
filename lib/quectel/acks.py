"""What the peer of a TCP connection has acknowledged: AT+QISEND=<id>,0 of the LTE families.

SEND OK says that the module has a part (R153).  While something is not acknowledged, the module is asked every 5 s; a
count that stands still for ack_ms is a link of which the other end is gone, and fails its socket.  The total tells what
became of a part whose result did not come.
"""

from errno import ETIMEDOUT

from ._compat import const, ticks_add, ticks_diff
from .command import ACKS, DONE, ON_OK, TIMEOUT
from .sending import Sending
from .table import FAILED, HALF, OPEN, QUEUED, STREAM

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from .models.base import Family
    from .table import Slot
    from .text import Fields

_MASK = const(0x3FFFFFFF)
_EVERY_MS = const(5000)
_LONGEST_MS = const(120_000)  # the vendor's flow chart: 24 times
_UNKNOWN = const(-1)

# What a slot owes
_CLEAR = const(0)
_OWES = const(1)  # something was sent since the peer was known to have everything
_ASKED = const(2)  # and the module is to be asked


class Acks(Sending):
    """What is asked about parts that the module has taken, or may have.

    The books are lists by the index of a slot: fields of all slots would cost each of them more.
    """

    if TYPE_CHECKING:
        left: int

    def __init__(self, family: "Family", slots: int, rx_ring: int, tx_buf: int, line_buf: int) -> None:
        Sending.__init__(self, family, slots, rx_ring, tx_buf, line_buf)
        self.ack_ms = _LONGEST_MS  # so long nothing may be acknowledged, 0: for ever
        self.owing = False  # some slot owes: at ack_at the module is asked
        self.ack_at = 0
        self.doubt = self.table.nobody  # whose part may have been taken: the total tells
        self._told_total = _UNKNOWN
        self._told_acked = _UNKNOWN
        self._asked_at = 0
        self._gens = [0] * slots  # whose books they are
        self._totals = [0] * slots  # bytes that the module has taken, or _UNKNOWN
        self._acked = [0] * slots  # of them acknowledged, by the last answer
        self._owes = [0] * slots
        self._since = [0] * slots  # when that count has moved last

    def _books(self, slot: "Slot") -> int:
        """The index of its books, which are empty for a new owner."""
        i = slot.index
        if self._gens[i] != slot.gen:
            self._gens[i] = slot.gen
            self._totals[i] = self._acked[i] = self._owes[i] = 0
        return i

    def sent_of(self, slot: "Slot") -> int:
        """Bytes of a connection that the module has taken, -1 if that is not known."""
        return self._totals[self._books(slot)]

    def lose_count(self, slot: "Slot") -> None:
        """The module alone knows how much was sent: in transparent mode, or before a restart of the host."""
        self._totals[self._books(slot)] = _UNKNOWN

    # --- who owes -----------------------------------------------------------------------------------------------

    def _taken_part(self, slot: "Slot") -> None:
        """SEND OK: the module has the part of the store."""
        if not slot.dialect.acks or slot.kind != STREAM:
            return
        i = self._books(slot)
        if self._totals[i] >= 0:
            self._totals[i] = (self._totals[i] + self.nstore) & _MASK
        if not self._owes[i]:
            self._owes[i] = _OWES
            self._since[i] = self.now
        if not self.owing and self.ack_ms:
            self.owing = True
            self.ack_at = ticks_add(self.now, _EVERY_MS)

    def _look_at_acks(self) -> None:
        """It is time to ask for all that owe."""
        self.owing = False
        self.ack_at = ticks_add(self.now, _EVERY_MS)
        k = len(self.table.slots)
        while k and self.ack_ms:
            k -= 1
            slot = self.table.slots[k]
            if self.owes(slot):
                self._owes[k] = _ASKED
                self.owing = True

    def owes(self, slot: "Slot") -> int:
        """0 unless it is connected and not all is known to be acknowledged; 2 if the module is to be asked."""
        return self._owes[self._books(slot)] if slot.state == OPEN or slot.state == HALF else _CLEAR

    def asks_for_acks(self, slot: "Slot") -> bool:
        return self.owes(slot) == _ASKED

    # --- the query ----------------------------------------------------------------------------------------------

    def _start_acks(self, slot: "Slot") -> None:
        self._told_total = self._told_acked = _UNKNOWN
        self._asked_at = self.now
        self.cmd.begin(ACKS, slot.dialect.send)
        self.cmd.num(slot.cid)
        self.cmd.add(b",0")
        self._run(slot, slot.dialect.send_head, ON_OK, self.family.answer_ms, 64)

    def _counted(self, f: "Fields") -> None:
        """`<total>,<acknowledged>,<not acknowledged>`."""
        total = f.num()
        if f.comma():
            self._told_acked = f.num()
            self._told_total = total

    def _acks_ended(self, slot: "Slot", result: int) -> None:
        i = self._books(slot)
        self._owes[i] = min(self._owes[i], _OWES)
        if slot is self.doubt:
            self.decide(result)
        elif result != TIMEOUT and (self._told_acked < 0 or self._told_acked >= self._told_total):
            self._owes[i] = _CLEAR  # or the module does not tell: it is asked again behind the next part
        elif result == DONE:
            self._waits_for_acks(slot, i)

    def _waits_for_acks(self, slot: "Slot", i: int) -> None:
        """The answer may be read long behind the query, and tells of that time."""
        if self._told_acked != self._acked[i]:
            self._acked[i] = self._told_acked
            self._since[i] = self._asked_at
        elif ticks_diff(self._asked_at, self._since[i]) >= self.ack_ms:
            slot.fail(ETIMEDOUT)
            slot.wake = True

    # --- a part whose result has not come -----------------------------------------------------------------------

    def _is_doubtful(self, slot: "Slot", result: int) -> bool:
        """True if the module can tell whether it has taken the part; the store keeps it until then."""
        if result != TIMEOUT or not slot.dialect.acks or slot.kind != STREAM or self.sent_of(slot) < 0:
            return False
        if not self.cmd.prompted or self.ntx or self.left or slot.state == FAILED:
            return False
        self.doubt = slot
        return True

    def decide(self, result: int) -> None:
        """Sent, or not sent and therefore sent once more; what fits neither fails the socket."""
        slot = self.doubt
        self.doubt = self.table.nobody
        before = self.sent_of(slot)
        if result == DONE and self._told_total == (before + self.nstore) & _MASK:
            self._send_result(slot, DONE)
        elif result == DONE and self._told_total == before and not self.tries and slot.state != FAILED:
            self.tries = 1
            slot.sending = QUEUED
        else:
            self.lose_count(slot)
            self._send_result(slot, TIMEOUT)
