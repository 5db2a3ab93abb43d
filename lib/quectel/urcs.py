"""URCs: what the module says by itself changes slots, and nothing else."""

from errno import ECONNRESET

from ._compat import const
from .intake import Intake
from .table import ENDED, FREE, HALF, LISTENER, OPEN, OPENING, PUSH, STREAM

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from ._types import Line
    from .table import Slot
    from .text import Fields

_MASK = const(0x3FFFFFFF)


class Urcs(Intake):
    """The URCs of all families, told apart by their first word and by the state of the slot they name."""

    # --- URCs ---------------------------------------------------------------------------------------------------

    def _urc(self, f: "Fields") -> None:
        f.blanks()
        if f.skip(b'"recv",'):
            self._urc_seen()
            self._recv(self.table.at(f.num()), f)
        elif f.skip(b'"closed",'):
            self._urc_seen()
            self._closed(self.table.at(f.num()))
        else:
            self._rare(f)

    def _recv(self, slot: "Slot", f: "Fields") -> None:
        """An announcement in buffer mode, the header of a payload in direct push mode (R094, R095, R213, R214)."""
        if slot.mode == PUSH and slot.index >= 0:
            f.comma()
            n = f.num()
            if n > 0:
                if self._believed(slot, n):
                    self._expect(slot, n)
                    self.parser.arm(n)
                return
        slot.more = slot.index >= 0 and (slot.state == OPEN or slot.state == HALF)
        slot.again = slot.asked != 0
        slot.wake = True

    def _expect(self, slot: "Slot", n: int) -> None:
        slot.coming = n
        self._arm(slot, n)

    def _closed(self, slot: "Slot") -> None:
        """What the module still holds is read before the end of the stream is told (R174, R394)."""
        if slot.state == OPEN:
            slot.state = HALF if slot.mode != PUSH and slot.kind == STREAM else ENDED
            slot.more = slot.state == HALF
            slot.again = slot.asked != 0
            slot.wake = True

    def _rare(self, f: "Fields") -> None:
        if f.skip(b'"incoming",'):
            self._urc_seen()
            self._incoming(f)
        elif f.skip(b'"incoming full"'):
            self._urc_seen()
            self.stats.no_slot = (self.stats.no_slot + 1) & _MASK
        elif f.skip(b'"pdpdeact",'):
            self._urc_seen()
            self.pdp_lost = True
            self.table.fail_all(ECONNRESET, 570)
        else:
            self._other(self.parser.buf, self.parser.a, self.parser.b)

    def _incoming(self, f: "Fields") -> None:
        """`<id>,<listener>,"<ip>",<port>`: a listener has accepted a client (R217)."""
        cid = f.num()
        f.comma()
        listener = f.num()
        slot = self.table.take()
        if slot is None or self.table.at(listener).kind != LISTENER or not self._yields(cid):
            self._refuse(slot, cid)
            return
        self.table.bind(slot, cid)
        slot.state = OPEN
        slot.parent = listener
        slot.dialect = self.table.at(listener).dialect
        f.comma()
        self._peer(slot, f)
        slot.wake = self.table.at(listener).wake = True

    def _yields(self, cid: int) -> bool:
        """An id that an open of ours was about to use may come in instead: that open gets another one (563)."""
        slot = self.table.at(cid)
        if slot.state == OPENING:
            self.table.unbind(slot)
            return True
        return slot.index < 0 and 0 <= cid < self.table.ids()

    def _refuse(self, slot: "Slot | None", cid: int) -> None:
        self.stats.no_slot = (self.stats.no_slot + 1) & _MASK
        if slot:
            slot.state = FREE
        self.orphan(cid)

    def _peer(self, slot: "Slot", f: "Fields") -> None:
        """`"<ip>",<port>` into the slot, as bytes: nothing is allocated here."""
        f.skip(b'"')
        while f.a < f.b and f.buf[f.a] != 34 and slot.npeer < len(slot.peer):
            slot.peer[slot.npeer] = f.buf[f.a]
            slot.npeer += 1
            f.a += 1
        f.skip(b'"')
        f.next()
        slot.pport = f.num()

    def _opened(self, f: "Fields") -> None:
        """`<id>,<err>`: the result of an open (R065, R113)."""
        self._urc_seen()
        slot = self.table.at(f.num())
        f.comma()
        if slot.state == OPENING:
            slot.opened = f.num()
            slot.wake = True
            if not slot.opened:  # at once: its first data may come in the same read
                slot.state = OPEN
                self.stats.opens = (self.stats.opens + 1) & _MASK

    def _bare_message(self, f: "Fields") -> None:
        """A CoAP message without a payload."""
        a = f.a
        f.a = f.b
        self._header(f, a, 0)
        if self.into is self.messages:
            self._complete(self.messages)

    def _other(self, buf: "Line", a: int, b: int) -> None:
        """A URC that somebody may watch for; else it is counted."""
        if not self.watched or not self._is_watched(buf, a, b):
            self.stats.unknown = (self.stats.unknown + 1) & _MASK

    def _is_watched(self, buf: "Line", a: int, b: int) -> bool:
        for prefix in self.watched:
            if b - a >= len(prefix) and buf.startswith(prefix, a):
                self._urc_seen()
                self._collect(self.watched[prefix], buf, a, b)
                return True
        return False

    def orphan(self, cid: int) -> None:  # agenda.py
        raise NotImplementedError

    def _collect(self, lines: "list[bytes]", buf: "Line", a: int, b: int) -> None:
        lines.append(bytes(buf[a:b]))
