"""What a line means: the answer of the command in flight, one of its results, or a URC."""

from errno import ECONNRESET, EIO

from ._compat import const
from .command import (
    ACKS,
    ASK,
    BLAME,
    DONE,
    ERROR,
    NO_CARRIER,
    ON_CLOSE,
    ON_CONNECT,
    ON_OK,
    ON_SEND,
    READ,
    RESET,
    RUN,
    SEND,
    SEND_FAIL,
    SYNC,
)
from .table import ENDED, HALF, OPENING, REFUSED, SENT
from .text import NONE
from .urcs import Urcs

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from ._types import Line
    from .table import Slot
    from .text import Fields

_MASK = const(0x3FFFFFFF)
_PLUS = const(43)
_BRACKET = const(40)
_STAT_DIGITS = const(2)  # of a registration state: an area code that stands in its place has four
_GT = const(62)
_A = const(97)  # of AT, in lower case
_T = const(116)
_COMMA = const(44)


class Lines(Urcs):
    """Lines are told apart by what is in flight, never by their text alone."""

    # --- lines --------------------------------------------------------------------------------------------------

    def _line(self, buf: "Line", a: int, b: int) -> None:
        self.stats.lines = (self.stats.lines + 1) & _MASK
        if self.trace:
            self._say("<<", bytes(buf[a:b]))
        self.live = self.cmd.state == RUN and not self.parser.old
        if buf[a] == _PLUS:
            self._plus(buf, a, b)
        else:
            self._word(buf, a, b)

    def _plus(self, buf: "Line", a: int, b: int) -> None:
        f = self.fields
        f.set(buf, a, b)
        if self.asking and self._is_query(f):
            return
        f.set(buf, a, b)
        if self.live and self._claims(f):
            return
        f.set(buf, a, b)
        if f.head(b"+QIURC:") or f.head(b"+QSSLURC:"):
            self._urc(f)
        elif f.head(b"+QIOPEN:") or f.head(b"+QSSLOPEN:"):
            self._opened(f)
        elif f.skip(b"+QCOAPURC:"):
            self._bare_message(f)
        elif f.head(b"+CME ERROR:") or f.head(b"+CMS ERROR:"):
            self.stats.late = (self.stats.late + 1) & _MASK
        elif self.late_head and f.head(self.late_head):
            self._late(f.num())
        elif not self._sleeps(f):
            self._other(buf, a, b)

    def _late(self, n: int) -> None:
        """The answer to a read that was given up: its bytes are counted off, whatever they look like."""
        if n <= 0:
            self.stats.late = (self.stats.late + 1) & _MASK
        elif self._late_payload(n):
            self.parser.arm(n)

    def _late_payload(self, n: int) -> bool:
        self.stats.late = (self.stats.late + 1) & _MASK
        believed = self._believed(self.table.nobody, n)
        if believed:
            self._arm(self.table.nobody, n)
        return believed

    def _claims(self, f: "Fields") -> bool:
        """True if this line belongs to the command in flight."""
        c = self.cmd
        if f.head(b"+CME ERROR:") or f.head(b"+CMS ERROR:"):
            if c.kind != SYNC:
                self._cme(f)
            return True
        if c.prefix is None:
            return c.kind == SEND and self._send_info(f)
        if not f.head(c.prefix):
            return False
        if c.kind == READ:
            self._answer(f)
        elif c.kind == BLAME:
            c.code = max(f.num(), 0)
        elif ASK <= c.kind <= ACKS:
            self._told(f)
        elif not self._is_own(f):
            return False
        elif c.lines is not None:
            self._keep(c.lines)
        return True

    def _keep(self, lines: "list[bytes]") -> None:
        """A line of an answer.  A module that babbles does not fill the heap: what is too much is counted."""
        n = self.parser.b - self.parser.a
        if self.cmd.has_room(n):
            self._collect(lines)
        else:
            self.stats.rx_lost = (self.stats.rx_lost + n) & _MASK

    def _is_own(self, f: "Fields") -> bool:
        """The answer begins as some URC does: they are told apart by what follows, and by the slot that waits."""
        if self.cmd.prefix in (b"+QIOPEN:", b"+QSSLOPEN:"):
            return self.table.at(f.num()).state != OPENING
        if self.cmd.prefix not in (b"+CEREG:", b"+CREG:", b"+CGREG:"):
            self._settings(f)
            return True
        return self._is_registration(f)

    def _is_registration(self, f: "Fields") -> bool:
        """`<n>,<stat>...` and ranges are an answer, `<stat>[,<area>...]` is a URC (27.007)."""
        if f.num() == NONE:
            return f.a < f.b and f.buf[f.a] == _BRACKET
        if not f.comma():
            return False
        f.blanks()
        a = f.a
        return f.num() != NONE and f.a - a <= _STAT_DIGITS and (f.a >= f.b or f.comma())

    def _send_info(self, f: "Fields") -> bool:
        """`<id>,<status>,<free>` and OK end a send where QICFG "sendinfo" is on: status 0 is SEND OK, 1 SEND FAIL."""
        c = self.cmd
        dialect = c.slot.dialect
        if not (f.head(dialect.send_head) or f.head(dialect.hex_head)) or f.num() != c.slot.cid or not f.comma():
            return False
        status = f.num()
        if status < 0:
            return False
        c.code = status
        c.ends = ON_OK | ON_SEND
        return True

    def _cme(self, f: "Fields") -> None:
        c = self.cmd
        c.code = f.num()
        if c.code == NONE:
            c.code = 0
            while f.a < f.b and c.nwords < len(c.words):
                c.words[c.nwords] = f.buf[f.a]
                c.nwords += 1
                f.a += 1
        self._ended(ERROR)

    # --- the answer to a read -----------------------------------------------------------------------------------

    def _answer(self, f: "Fields") -> None:
        """`<n>[,<remaining>]`, then n bytes behind the line end (R080, R166)."""
        slot = self.cmd.slot
        self._headed()
        n = f.num()
        if n > 0 and slot.service and not self._ends(slot, f):
            self._torn()
        elif f.a < f.b and f.buf[f.a] != _COMMA:  # the line end was lost, and what follows is the payload
            self._torn()
        elif n == 0:
            slot.more = slot.again
            if slot.state == HALF and not slot.again:
                slot.state = ENDED
            slot.wake = True
        elif self._asked(n):
            self.parser.arm(n)

    def _asked(self, n: int) -> bool:
        """False if the module announces more than was asked for: such a count is not believed."""
        slot = self.cmd.slot
        if 0 < n <= slot.asked:
            slot.asked -= n
            slot.coming = n
            self._arm(slot, n)
            return True
        self.stats.framing = (self.stats.framing + 1) & _MASK
        slot.fail(EIO)
        self._ended(ERROR)
        self.out_of_step()
        self._unframe()
        return False

    # --- the answer to a query of a slot ----------------------------------------------------------------------------

    def _told(self, f: "Fields") -> None:
        """`<id>,<service>,<ip>,<port>,<local port>,<state>,<pdp>[,<server>],<mode>...` (R090, R136)."""
        slot = self.cmd.slot
        if self.cmd.kind == ACKS:
            self._counted(f)
            return
        if f.num() != slot.cid:
            return
        state = f.number(5)
        if state < 0:
            slot.query = REFUSED
            return
        slot.told = state
        slot.query = SENT
        slot.server = f.number(2) if slot.dialect.server_id else -1
        slot.told_mode = f.number(1 if slot.dialect.server_id else 2)

    # --- words --------------------------------------------------------------------------------------------------

    def _word(self, buf: "Line", a: int, b: int) -> None:
        n = b - a
        if n == 2 and buf.startswith(b"OK", a):
            self._ok()
        elif n == 5 and buf.startswith(b"ERROR", a):
            self._final(ON_OK | ON_SEND | ON_CLOSE | ON_CONNECT, ERROR)
        elif n == 7 and buf.startswith(b"SEND OK", a):
            self._sent(DONE)
        elif n == 9 and buf.startswith(b"SEND FAIL", a):
            self._sent(SEND_FAIL)
        elif n == 8 and buf.startswith(b"CLOSE OK", a):
            self._close_ok()
        else:
            self._rare_word(buf, a, b)

    def _rare_word(self, buf: "Line", a: int, b: int) -> None:
        n = b - a
        if self._is_connect(buf, a, n):
            self._connect()
        elif n == 10 and buf.startswith(b"NO CARRIER", a):
            self._final(ON_CONNECT, NO_CARRIER)
        elif self._is_gone(buf, a, n):
            self._urc_seen()
            if not self.unframed:  # else an echo where none should be will tell of a restart
                self.restarted()
                if n == 14 and self.psm:
                    self.fell_asleep()
        elif n == 7 and buf.startswith(b"APP RDY", a):
            self._urc_seen()  # it follows RDY: no epoch of its own
        elif n == 1 and buf[a] == _GT:
            self.stats.late = (self.stats.late + 1) & _MASK  # the prompt of a command that has ended
        elif not self.live:
            self._strange(buf, a, b)
        elif not self._echo(buf, a, b) and not self._is_over(buf, a, n):
            self._answer_word(buf, a, b)

    def _answer_word(self, buf: "Line", a: int, b: int) -> None:
        """A line of an answer, where one is wanted; not what modules say by themselves."""
        self.fields.set(buf, a, b)
        if self._is_words(self.fields) or (self.cmd.lines is None and not self.cmd.forsaken):
            self._strange(buf, a, b)
        elif not self._is_watched(buf, a, b) and self.cmd.lines is not None:
            self._keep(self.cmd.lines)

    def _is_connect(self, buf: "Line", a: int, n: int) -> bool:
        """CONNECT, with a rate or without; CONNECT FAIL is something else."""
        if n < 7 or not buf.startswith(b"CONNECT", a):
            return False
        return n == 7 or (n > 8 and buf[a + 7] == 32 and 48 <= buf[a + 8] <= 57)

    def _is_over(self, buf: "Line", a: int, n: int) -> bool:
        """ABORTED ends every command, these words one that makes a connection."""
        if self.cmd.state != RUN or self.cmd.kind == SYNC:
            return False
        if n == 7 and buf.startswith(b"ABORTED", a):
            self._ended(ERROR)
        elif self.cmd.ends & ON_CONNECT and self._is_no_call(buf, a, n):
            self._ended(NO_CARRIER)
        return self.cmd.state != RUN

    def _is_no_call(self, buf: "Line", a: int, n: int) -> bool:
        if n == 4:
            return buf.startswith(b"BUSY", a)
        return (n == 9 and buf.startswith(b"NO ANSWER", a)) or (n == 11 and buf.startswith(b"NO DIALTONE", a))

    def _is_gone(self, buf: "Line", a: int, n: int) -> bool:
        """The module goes down, or has come up."""
        if n == 3:
            return buf.startswith(b"RDY", a)
        if n == 9:
            return buf.startswith(b"REBOOTING", a)
        if n == 12:
            return buf.startswith(b"POWERED DOWN", a)
        if n == 14:
            return buf.startswith(b"PSM POWER DOWN", a)
        return n == 17 and buf.startswith(b"NORMAL POWER DOWN", a)

    def _echo(self, buf: "Line", a: int, b: int) -> bool:
        """A line as long as the command in flight that begins with AT is its echo (R388).

        An echo that was switched off tells of a restart whose RDY was lost, in a payload for instance.
        """
        if b - a != self.cmd.n or buf[a] | 32 != _A or buf[a + 1] | 32 != _T:
            return False
        if self.echo_off and not self.unframed and self._same(buf, a, b):
            self.restarted()
        return True

    def _same(self, buf: "Line", a: int, b: int) -> bool:
        for i in range(b - a):
            if buf[a + i] != self.cmd.tx[i]:
                return False  # AT+CLAC is answered with such lines
        return True

    def _ok(self) -> None:
        if self.asking and self._query_answered():
            return
        c = self.cmd
        if not self.live or (c.kind == SEND and not c.prompted):
            self.stats.late = (self.stats.late + 1) & _MASK
        elif c.kind == READ:
            self._read_ok()
        elif c.ends & ON_CLOSE:
            c.prompted = True
        elif c.ends & ON_OK and c.kind != SYNC:
            self._ended(SEND_FAIL if c.kind == SEND and c.code else DONE)

    def _close_ok(self) -> None:
        """It comes behind an OK; without one it may be an earlier close's, and a query must tell."""
        oked = self.cmd.prompted or not self.live or not self.cmd.ends & ON_CLOSE
        self._final(ON_CLOSE, DONE)
        if not oked:
            self.out_of_step()

    def _final(self, ends: int, result: int) -> None:
        if self.live and (self.cmd.ends & ends) and self.cmd.kind != SYNC:
            self._ended(result)
        else:
            self.stats.late = (self.stats.late + 1) & _MASK

    def _sent(self, result: int) -> None:
        """The command's own result, or the late one of a send whose OK has come before (R292)."""
        c = self.cmd
        if self.pending.index >= 0:
            self._send_result(self.pending, result)
        elif c.kind != SEND or c.state != RUN:
            self._final(ON_SEND, result)
        elif result == DONE and not c.prompted:
            self.stats.late = (self.stats.late + 1) & _MASK
        elif c.ends & ON_SEND:
            self._ended(result)
        else:
            self._sent_without_ok(result)

    def _sent_without_ok(self, result: int) -> None:
        """In the place of the OK that this family says first; whether that still comes a query must tell."""
        self.cmd.ends = ON_SEND
        self._ended(result)
        self.out_of_step()

    def _connect(self) -> None:
        if self.late_prompt or (self.cmd.state == RUN and self.cmd.data is not None and not self.cmd.prompted):
            self._prompt()
        else:
            self._final(ON_CONNECT, DONE)

    def restarted(self) -> None:
        """The module has restarted: ids, settings and echo are as after power-on."""
        self.stats.epochs = (self.stats.epochs + 1) & _MASK
        self.epoch = self.stats.epochs
        self.echo_off = False
        self.two_ends = self.two_pushed = 0  # it may be another one, or have other firmware now
        self.table.fail_all(ECONNRESET, 570)
        if self.cmd.state == RUN:
            self._ended(RESET)

    # --- what the other halves do -----------------------------------------------------------------------------

    def _counted(self, f: "Fields") -> None:  # acks.py
        raise NotImplementedError

    def _send_result(self, slot: "Slot", result: int) -> None:  # sending.py
        raise NotImplementedError

    def _is_query(self, f: "Fields") -> bool:  # resync.py
        raise NotImplementedError

    def _query_answered(self) -> bool:
        raise NotImplementedError
