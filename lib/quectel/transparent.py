"""Transparent access mode: the UART belongs to one connection, and all that comes is its payload (R036-R038).

A restart of the module cannot be seen meanwhile: RDY is payload like everything else.  Nor can a NO CARRIER that a URC
of another connection follows at once: the connection then looks open until it is closed or its +++ is not answered.
"""

from errno import EIO, ETIMEDOUT

from ._compat import const, ticks_add, ticks_diff
from .command import DONE, ON_CONNECT, RUN, SWITCH, TIMEOUT
from .resync import Resync
from .table import BUFFER, ENDED, FAILED, LISTENER, OPEN, OPENING, PUSH, QUEUED, SENT, TRANSPARENT, UNDERWAY

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from ._types import Line, ReadBuf
    from .models.base import Family
    from .parser import Parser
    from .table import Slot

_MASK = const(0x3FFFFFFF)
_END = b"\r\nNO CARRIER\r\n"  # the end of the connection, if nothing follows for a second
_OK = b"\r\nOK\r\n\r\n+"  # the answer to +++; a URC that had to wait may follow it at once
_NEND = const(14)
_NOK = const(6)  # the OK itself
_END_MS = const(1000)
_OK_MS = const(100)
_LINE_END_MS = const(50)  # a line end that nothing follows is data after so long ...
_PART_MS = const(200)  # ... and so is a longer beginning of these words
_GUARD_MS = const(1100)  # silence before and behind +++: one second (R037), and what a UART still holds
_EARLY_MS = const(900)  # no OK comes earlier behind +++
_TRIES = const(2)
_NEVER = const(0x1FFFFFFF)
_CR = const(13)
_LF = const(10)
_PLUS = const(43)
_O = const(79)
_CONNECTED = const(2)  # as all families number it


class Transparent(Resync):
    """From CONNECT to NO CARRIER or the OK behind +++: `owner` has the UART."""

    def __init__(self, family: "Family", slots: int, rx_ring: int, tx_buf: int, line_buf: int) -> None:
        Resync.__init__(self, family, slots, rx_ring, tx_buf, line_buf)
        self.mode_wanted = BUFFER  # what the command in flight switches its slot to
        self.heir = self.table.nobody  # its CONNECT was given up, and may still come
        self.suspended = self.table.nobody  # it has left the mode last: ATO goes back to it (R038)
        self.leaving = False  # +++ is wanted
        self._words = _END  # of which ...
        self._hit = 0  # ... so many bytes came last: they are held back
        self._given = 0  # of these were handed over after all, because nothing followed
        self._words_before = _END
        self._hit_before = 0
        self._fresh = False  # bytes came in since the last tick
        self._doubt = False  # it was silent for long enough; what the UART holds by now is read first
        self._heard_at = 0  # when bytes came in last
        self._spoke_at = 0  # when the last byte had gone out
        self._part_out = 0  # bytes of the part in the store that went out
        self._pluses = 0  # + that went out alone and may be the beginning of +++
        self._typed = False  # +++ went out
        self._typed_at = 0
        self._attempts = 0

    # --- who has the UART ---------------------------------------------------------------------------------------

    def occupied(self, slot: "Slot") -> bool:
        """True if another connection has the UART and keeps it: whoever waits for slot waits in vain."""
        owner = self.owner
        return owner.index >= 0 and owner is not slot and owner.state == OPEN and not self.leaving

    def barred(self, slot: "Slot") -> bool:
        """True if nothing may be sent for slot: another connection has the UART, gets it, or gives it back."""
        if self.owner.index >= 0:
            return self.owner is not slot or self.leaving
        return self.cmd.state == RUN and self.cmd.kind == SWITCH and self.cmd.slot is not slot

    def leave(self, slot: "Slot") -> None:
        """Have slot leave transparent mode; it is done when it is not the owner any more."""
        if self.owner is slot:
            self.leaving = True

    def switches(self, slot: "Slot", mode: int) -> None:
        """The command that was just started switches slot to mode: at its OK or CONNECT, not a byte later."""
        self.cmd.kind = SWITCH
        self.cmd.slot = slot
        self.mode_wanted = mode

    def _ended(self, result: int) -> None:
        c = self.cmd
        Resync._ended(self, result)
        if c.kind == SWITCH:
            self._switched(c.slot, result)

    def _switched(self, slot: "Slot", result: int) -> None:
        if self.mode_wanted != TRANSPARENT:
            if result == DONE:
                slot.mode = self.mode_wanted
            elif result == TIMEOUT:
                self._unsure_of(slot)
        elif result == DONE:
            self._lend(slot)
        elif result == TIMEOUT:
            self.heir = slot

    def _unsure_of(self, slot: "Slot") -> None:
        """Nobody knows its mode.  What may be a payload is counted off as one: as lines it might say anything."""
        slot.fail(ETIMEDOUT, 569)
        slot.mode = PUSH

    def _lend(self, slot: "Slot") -> None:
        """CONNECT: what comes behind it is the payload of slot."""
        self.owner = slot
        self.lose_count(slot)
        self.heir = self.table.nobody
        slot.mode = TRANSPARENT
        slot.more = False
        slot.wake = True
        if slot.state == OPENING:
            slot.state = OPEN
            slot.opened = 0
            slot.told = _CONNECTED
            self.stats.opens = (self.stats.opens + 1) & _MASK
        self._spoke_at = self.now
        self._calm()

    def _calm(self) -> None:
        """Nothing is held back, nothing is under way."""
        self.leaving = self._typed = self._doubt = False
        self._fresh = True
        self._hit = self._given = self._part_out = self._pluses = self._attempts = 0

    def _connect(self) -> None:
        """A CONNECT that was given up has come after all: its slot leaves the mode again, then it is closed."""
        if self.heir.index >= 0 and (self.cmd.state != RUN or not self.cmd.ends & ON_CONNECT):
            self.cmd.finish(TIMEOUT)  # a query: what went out meanwhile was payload
            self._forget()
            self._lend(self.heir)
            self.leaving = True
        else:
            Resync._connect(self)

    def _in_step(self) -> None:
        Resync._in_step(self)
        self.heir = self.table.nobody

    def restarted(self) -> None:
        self.owner = self.heir = self.suspended = self.table.nobody
        Resync.restarted(self)

    def _give_back(self, slot: "Slot") -> None:
        """Lines again."""
        self.owner = self.table.nobody
        slot.mode = BUFFER
        slot.wake = True
        if self.sender is slot:
            self.left = self.ntx = 0
            self._drop_store()
        self._calm()

    def _freed(self, slot: "Slot") -> None:
        if self.suspended is slot:
            self.suspended = self.table.nobody
        Resync._freed(self, slot)

    # --- bytes in -----------------------------------------------------------------------------------------------

    def _raw(self, p: "Parser", buf: "Line", n: int) -> bool:
        """Take buf[p.pos:n] for the owner; True if lines begin again before n."""
        a = p.pos
        if a < n:
            self._fresh = True
            self._doubt = False
            self._hit_before = self._hit
            self._words_before = self._words
            p.pos = self._scan(buf, a, n)
            self._pass(buf, a, self._hit_before + p.pos - a - self._hit)
            if self._hit > _NOK and self._hit == len(self._words) and self._words is _OK:
                p.pos -= 1  # the + of a URC
                self._left()
                return True
        return False

    def _scan(self, buf: "Line", a: int, n: int) -> int:
        """Look for the module's own words; where in buf they end, n if they do not.  Payload is searched in bulk."""
        while a < n:
            if not self._hit:
                a = buf.find(b"\r", a, n)
                if a < 0:
                    return n
            self._byte(buf[a])
            a += 1
            if self._hit == len(_OK) and self._words is _OK:
                return a
        return n

    def _byte(self, c: int) -> None:
        """One byte more: how many bytes of the words have come now."""
        k = self._hit
        if k > 2 and (k == len(self._words) or c != self._words[k]):
            k = 2 if self._words[k - 1] == _LF else 0  # their line end may be the beginning of others
        if k == 2:
            self._words = _OK if c == _O and self._may_be_ok() else _END
        if c == self._words[k]:
            self._hit = k + 1
        else:
            self._hit = 1 if c == _CR else 0

    def _may_be_ok(self) -> bool:
        return self._typed and ticks_diff(self.now, self._typed_at) >= _EARLY_MS

    def _pass(self, buf: "Line", a: int, k: int) -> None:
        """k bytes have turned out to be payload: those that were held back, then those from buf[a] on."""
        old = min(self._hit_before, k)
        if old > self._given:
            self._deliver(self._words_before, self._given, old - self._given)
        self._given = max(self._given - k, 0)
        if k > old:
            self._deliver(buf, a, k - old)

    def _deliver(self, buf: "ReadBuf", a: int, n: int) -> None:
        """A full ring is loss, and loss is never silent: there is nobody to stop the sender."""
        slot = self.owner
        if slot.state != OPEN:
            self.stats.rx_lost = (self.stats.rx_lost + n) & _MASK
        elif slot.ring.put(buf, a, n) < n:
            self._overrun(slot, n)
        else:
            self._commit(slot)
        if self.trace:
            self._say("<<", b"<%d bytes>" % n)

    # --- time ---------------------------------------------------------------------------------------------------

    def _lent(self) -> bool:
        """Let time pass while a connection has the UART; True if it still has it."""
        if self._fresh:
            self._fresh = False
            self._heard_at = self.now
        if self._is_waiting() and self._over(ticks_add(self._heard_at, self._patience_ms())):
            self._judge()
        if self.owner.index >= 0 and not self.ntx and not self.left:
            self._speak(self.owner)
        return self.owner.index >= 0

    def _is_waiting(self) -> bool:
        """True if silence would decide what the bytes are that came last."""
        return self._hit > self._given or self._is_whole()

    def _is_whole(self) -> bool:
        if self._words is _OK:
            return self._hit >= _NOK
        return self._hit == _NEND

    def _patience_ms(self) -> int:
        if self._is_whole():
            return _OK_MS if self._words is _OK else _END_MS
        return _LINE_END_MS if self._hit <= 2 and not self._typed else _PART_MS

    def _judge(self) -> None:
        """Silence counts when a read has found nothing behind it: the UART may hold more by now."""
        self._doubt = not self._doubt
        if self._doubt:
            return
        if not self._is_whole():
            self._deliver(self._words, self._given, self._hit - self._given)
            self._given = self._hit
        elif self._words is _OK:
            self._left()
        else:
            self._carrier_lost(self.owner)

    def _left(self) -> None:
        """The OK behind +++: the connection goes on in buffer mode (R036)."""
        self._say("<<", b"OK")
        self.suspended = self.owner
        self._give_back(self.owner)

    def _carrier_lost(self, slot: "Slot") -> None:
        """NO CARRIER: the other side has closed, and everything was delivered.  The id is still to be closed (R461)."""
        self._say("<<", b"NO CARRIER")
        if slot.state == OPEN:
            slot.state = ENDED
        slot.told = slot.dialect.closing
        late = self._typed or ticks_diff(self._heard_at, self._spoke_at) < _END_MS
        self._give_back(slot)
        if late:
            self.out_of_step()  # what was sent meanwhile stands in the module's command line

    def _lent_due(self, now_ms: int) -> int:
        """Milliseconds until tick() has something to do while a connection has the UART; -1 for never."""
        ms = _NEVER
        if self._fresh:
            ms = 0
        elif self._is_waiting():
            ms = 0 if self._doubt else ticks_diff(self._heard_at, now_ms) + self._patience_ms()
        if not self.ntx and (self.leaving or self.owner.state != OPEN or self.sender is self.owner):
            ms = min(ms, self._speech_due(now_ms))
        return -1 if ms == _NEVER else max(ms, 0)

    def _speech_due(self, now_ms: int) -> int:
        if self._typed:
            return ticks_diff(self._typed_at, now_ms) + self._answer_ms()
        if self.owner.sending == UNDERWAY:
            return 0
        return ticks_diff(self._spoke_at, now_ms) + _GUARD_MS

    # --- bytes out ----------------------------------------------------------------------------------------------

    def _speak(self, slot: "Slot") -> None:
        """Nothing is being written: what comes next?"""
        if slot.sending == UNDERWAY:
            self._part_is_out(slot)
        if slot.sending == QUEUED and slot.state == FAILED:
            self._drop_store()
        elif slot.sending == QUEUED and not self._typed:
            self._start_raw(slot)
        elif self.leaving or slot.state != OPEN:
            self._escape(slot)

    def _start_raw(self, slot: "Slot") -> None:
        """The part in the store, as it is: no prompt, no SEND OK.  It goes on from where it was cut."""
        n = self.nstore - self._part_out
        if self._pluses and self._over(ticks_add(self._spoke_at, _GUARD_MS)):
            self._pluses = 0
        if self._is_all_plus(n):
            if self._pluses + n == 3:
                if self._pluses:
                    return  # the last of a lone +++: only a second behind the others
                n = 2
            self._pluses += n
        else:
            self._pluses = 0
        self._part_out += n
        slot.sending = UNDERWAY
        self._feed(None, n)

    def _is_all_plus(self, n: int) -> bool:
        """True for three + and fewer: alone between two silences +++ would leave the mode (R037)."""
        if n > 3:
            return False
        self.store.seek(self._part_out)
        self.store.readinto(self.tx, n)
        for i in range(n):
            if self.tx[i] != _PLUS:
                return False
        return True

    def _part_is_out(self, slot: "Slot") -> None:
        self._spoke_at = ticks_add(self.now, self.wire_ms(self._part_out))
        if self._part_out < self.nstore:
            slot.sending = QUEUED
            return
        self._part_out = 0
        slot.sending = SENT
        slot.wake = True
        self.sender = self.table.nobody

    def _escape(self, slot: "Slot") -> None:
        """A second of silence, +++, a second of silence, OK (R037)."""
        if not self._typed:
            if self._over(ticks_add(self._spoke_at, _GUARD_MS)):
                self._type()
        elif self._over(ticks_add(self._typed_at, self._answer_ms())):
            self._typed = False
            self._spoke_at = self.now
            self._attempts += 1
            if self._attempts == _TRIES:
                slot.fail(ETIMEDOUT, 569)
                self._give_back(slot)
                self._find_loss()
                self.out_of_step()

    def _find_loss(self) -> None:
        """Nobody knows since when lines came: what the module said of the other connections may be lost."""
        for slot in self.table.slots:
            if slot.state == OPEN and slot.mode == PUSH:
                slot.fail(EIO)
            elif slot.state == OPEN and slot.kind != LISTENER:
                slot.more = True

    def _answer_ms(self) -> int:
        return _GUARD_MS + max(self.family.answer_ms, 1000)

    def _type(self) -> None:
        self._say(">>", b"+++")
        for i in range(3):
            self.tx[i] = _PLUS
        self.otx = 0
        self.ntx = 3
        self._typed = True
        self._typed_at = self.now

    # --- what the engine does -----------------------------------------------------------------------------------

    def _feed(self, src: "ReadBuf | None", n: int) -> None:  # engine.py
        raise NotImplementedError
