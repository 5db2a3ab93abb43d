"""URCs: what the module says by itself changes slots, and nothing else."""

from errno import ECONNRESET, EIO

from ._compat import const
from .framing import Framing
from .table import DGRAM, ENDED, FREE, HALF, LISTENER, OPEN, OPENING, PUSH, STREAM

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from ._types import Line
    from .table import Slot
    from .text import Fields

_MASK = const(0x3FFFFFFF)
_PLUS = const(43)
_BRACKET = const(40)
_QUOTE = const(34)
_WORDS = (b"RING", b"Call Ready", b"SMS Ready", b"SMS DONE", b"PB DONE")
_E = const(69)
_A = const(97)  # of AT, in lower case
_T = const(116)
_STATS = const(5)  # roaming: the highest registration state
_AWAITED = const(64)  # lines that are kept of one result
_CONNECTED = const(2)  # as all families number it


class Urcs(Framing):
    """The URCs of all families, told apart by their first word and by the state of the slot they name."""

    # --- URCs ---------------------------------------------------------------------------------------------------

    def _urc(self, f: "Fields") -> None:
        f.blanks()
        if self.unframed:
            self._other(self.parser.buf, self.parser.a, self.parser.b)
        elif f.skip(b'"recv",'):
            self._urc_seen()
            self._recv(f.num(), f)
        elif f.skip(b'"closed",'):
            self._urc_seen()
            self._closed(self.table.at(f.num()))
        else:
            self._rare(f)

    def _recv(self, cid: int, f: "Fields") -> None:
        """An announcement in buffer mode, the header of a payload in direct push mode (R094, R095, R213, R214)."""
        slot = self.table.at(cid)
        if not 0 <= cid < self.table.ids():
            self._damaged()
        elif slot.mode == PUSH and slot.index >= 0:
            self._push(slot, f)
        else:
            slot.more = slot.index >= 0 and (slot.state == OPEN or slot.state == HALF)
            slot.again = slot.asked != 0
            slot.wake = True

    def _push(self, slot: "Slot", f: "Fields") -> None:
        f.comma()
        n = f.num()
        if n == 0 and slot.kind == DGRAM:
            pass  # an empty datagram is no news
        elif n <= 0 or not self._ends(slot, f):
            self._damaged()
        elif self._believed(slot, n):
            self._expect(slot, n)
            self.parser.arm(n)

    def _ends(self, slot: "Slot", f: "Fields") -> bool:
        """True if nothing else stands in the header, or the peer of a service's datagram and nothing else."""
        if not slot.service:
            return f.a >= f.b
        return f.comma() and self._peer(slot, f) and f.a >= f.b

    def _expect(self, slot: "Slot", n: int) -> None:
        """A pushed payload comes.  It is younger than what the module still holds from before a change of the mode."""
        if slot.more or slot.asked:
            slot.fail(EIO)
        slot.coming = n
        self._arm(slot, n)

    def _closed(self, slot: "Slot") -> None:
        """What the module still holds is read before the end of the stream is told (R174, R394)."""
        if slot.state == OPEN:
            slot.state = HALF if slot.mode != PUSH and slot.kind == STREAM else ENDED
            slot.told = slot.dialect.closing
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
            self.lose_context(max(f.num(), 0))
        elif f.skip(b'"dnsgip",'):
            if not self._awaits(b'"dnsgip",'):
                self._other(self.parser.buf, self.parser.a, self.parser.b)
        else:
            self._other(self.parser.buf, self.parser.a, self.parser.b)
            self._damaged()

    def lose_context(self, pdp: int) -> None:
        """The network has taken a PDP context down, and the connections in it; 0: all of them."""
        if not pdp or pdp == self.pdp:
            self.pdp_lost = True
        self.table.fail_context(pdp, ECONNRESET, 570)

    def _incoming(self, f: "Fields") -> None:
        """`<id>,<listener>,"<ip>",<port>`: a listener has accepted a client (R217)."""
        cid = f.num()
        f.comma()
        listener = f.num()
        slot = self.table.take()
        if slot is None or not self._listening(self.table.at(listener)) or not self._yields(cid):
            self._refuse(slot, cid)
            return
        self.table.bind(slot, cid)
        slot.state = OPEN
        slot.told = _CONNECTED
        slot.parent = listener
        slot.dialect = self.table.at(listener).dialect
        slot.pdp = self.table.at(listener).pdp
        f.comma()
        self._peer(slot, f)
        slot.wake = self.table.at(listener).wake = True

    def _listening(self, slot: "Slot") -> bool:
        """One that is being closed accepts nobody any more."""
        return slot.kind == LISTENER and (slot.state == OPEN or slot.state == OPENING)

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

    def _peer(self, slot: "Slot", f: "Fields") -> bool:
        """`"<ip>",<port>` into the slot, as bytes: nothing is allocated here.  False if no port stands there."""
        start = f.a
        slot.npeer = 0
        f.skip(b'"')
        while f.a < f.b and f.buf[f.a] != _QUOTE and slot.npeer < len(slot.peer):
            slot.peer[slot.npeer] = f.buf[f.a]
            slot.npeer += 1
            f.a += 1
        f.a = start
        f.next()
        slot.pport = max(f.num(), 0)
        return slot.pport > 0

    def _opened(self, f: "Fields") -> None:
        """`<id>,<err>`: the result of an open (R065, R113); one that no table has is 550, unknown error."""
        self._urc_seen()
        slot = self.table.at(f.num())
        f.comma()
        if slot.state == OPENING:
            slot.opened = f.num()
            if slot.opened < 0:
                slot.opened = 550
            slot.wake = True
            if not slot.opened:  # at once: its first data may come in the same read
                slot.state = OPEN
                slot.told = slot.dialect.listening if slot.kind == LISTENER else _CONNECTED
                self.stats.opens = (self.stats.opens + 1) & _MASK

    def _bare_message(self, f: "Fields") -> None:
        """A CoAP message without a payload."""
        if self.unframed:
            return
        a = f.a
        f.a = f.b
        self._header(f, a, 0)
        if self.into is self.messages:
            self._complete(self.messages)

    def _sleeps(self, f: "Fields") -> bool:
        """True for +QATSLEEP and +QATWAKEUP (R219), which are for who watches for them, too."""
        falls = f.skip(b"+QATSLEEP")
        if self.unframed or not self.family.wake_ms or not (falls or f.skip(b"+QATWAKEUP")) or f.a < f.b:
            return False
        if not self._is_watched(self.parser.buf, self.parser.a, self.parser.b):
            self._urc_seen()
        if falls:
            self.fell_asleep()
        else:
            self.woke_up()
        return True

    def _other(self, buf: "Line", a: int, b: int) -> None:
        """A URC that somebody may watch for; else it is counted."""
        self.fields.set(buf, a, b)
        known = self._is_stat(self.fields)
        if self._is_watched(buf, a, b):
            return
        if known:
            self._urc_seen()
            return
        self.stats.unknown = (self.stats.unknown + 1) & _MASK
        if buf[a] == _PLUS and self._is_damaged(buf, a, b):
            self._damaged()

    def _is_stat(self, f: "Fields") -> bool:
        """`+CEREG: <stat>[,...]`: registration has changed; the older networks' commands tell of home alone."""
        if self.unframed or not (f.head(b"+CEREG:") or f.head(b"+CGREG:") or f.head(b"+CREG:")):
            return False
        stat = f.num()
        if not 0 <= stat <= _STATS or not (f.a >= f.b or f.comma()):
            return False
        if self.parser.buf[self.parser.a + 2] == _E or stat == 1 or stat == _STATS:
            self.stat = stat
        return True

    def _strange(self, buf: "Line", a: int, b: int) -> None:
        """A word that no module says, or nobody here knows."""
        if self._is_watched(buf, a, b):
            return
        self.stats.unknown = (self.stats.unknown + 1) & _MASK
        if not self._is_words(self.fields) and not self._is_late_echo(buf, a, b):
            self._stray_bytes()

    def _is_words(self, f: "Fields") -> bool:
        """What firmware is known to say by itself; on_urc() makes others known."""
        for words in _WORDS:
            if f.skip(words):
                return f.a == f.b
        return False

    def _is_late_echo(self, buf: "Line", a: int, b: int) -> bool:
        """Of a command that was given up."""
        return not self.echo_off and b - a > 1 and buf[a] | 32 == _A and buf[a + 1] | 32 == _T

    def _is_watched(self, buf: "Line", a: int, b: int) -> bool:
        self.fields.set(buf, a, b)
        return self._watches(self.fields)

    def _awaits(self, prefix: bytes) -> bool:
        """True if somebody waits for the line that the parser has just given.  A module that babbles is cut short."""
        lines = self.awaited.get(prefix)
        if lines is None:
            return False
        self._urc_seen()
        if len(lines) < _AWAITED:
            self._collect(lines)
        return True

    def _watches(self, f: "Fields") -> bool:
        for prefix in self.awaited:
            if f.head(prefix):
                return self._awaits(prefix)
        for prefix in self.watched:
            if f.skip(prefix):
                self._urc_seen()
                self._collect(self.watched[prefix])
                return True
        return False

    def orphan(self, cid: int) -> None:  # agenda.py
        raise NotImplementedError

    def fell_asleep(self) -> None:  # resync.py
        raise NotImplementedError

    def woke_up(self) -> None:
        raise NotImplementedError

    def _collect(self, lines: "list[bytes]") -> None:
        """The line that the parser has just given, for who wants it as bytes."""
        lines.append(bytes(self.parser.buf[self.parser.a : self.parser.b]))

    # --- settings of framing ------------------------------------------------------------------------------------

    def learn(self, line: bytes) -> None:
        """A setting of framing in the caller's own AT+QICFG=: the LTE families answer it with OK alone."""
        self.fields.set(line, 9, len(line))
        self._settings(self.fields)

    def _settings(self, f: "Fields") -> None:
        f.blanks()
        if f.skip(b'"viewmode",') and self._is_told(b'"viewmode"', f):
            self.view = f.num()
            self._views()
        elif f.skip(b'"showlength",') and self._is_told(b'"showlength"', f):
            self.show = f.num()

    def _is_told(self, name: bytes, f: "Fields") -> bool:
        """By the answer to a command about it, and not as the test form's ranges."""
        return f.a < f.b and f.buf[f.a] != _BRACKET and self.cmd.is_about(name)

    def _views(self) -> None:
        """In view mode 1 the data follow the header's comma (R199)."""
        inline = (b"+QIRD:", b'+QIURC: "recv",') if self.view == 1 else ()
        self.parser.inline = self.family.inline + inline
