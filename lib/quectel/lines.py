"""What a line means: the answer of the command in flight, one of its results, or a URC."""

from errno import ECONNRESET, EIO

from ._compat import const
from .command import (
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
    SEND_FAIL,
    SYNC,
)
from .table import ENDED, HALF
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


class Lines(Urcs):
    """Lines are told apart by what is in flight, never by their text alone."""

    # --- lines --------------------------------------------------------------------------------------------------

    def _line(self, buf: "Line", a: int, b: int) -> None:
        self.stats.lines = (self.stats.lines + 1) & _MASK
        if self.trace:
            self._say("<<", bytes(buf[a:b]))
        if buf[a] == _PLUS:
            self._plus(buf, a, b)
        else:
            self._word(buf, a, b)

    def _plus(self, buf: "Line", a: int, b: int) -> None:
        f = self.fields
        f.set(buf, a, b)
        if self.cmd.state == RUN and self._claims(f):
            return
        f.set(buf, a, b)
        if f.skip(b"+QIURC:") or f.skip(b"+QSSLURC:"):
            self._urc(f)
        elif f.skip(b"+QIOPEN:") or f.skip(b"+QSSLOPEN:"):
            self._opened(f)
        elif f.skip(b"+QCOAPURC:"):
            self._bare_message(f)
        elif f.skip(b"+CME ERROR:") or f.skip(b"+CMS ERROR:"):
            self.stats.late = (self.stats.late + 1) & _MASK
        elif self.late_head and f.skip(self.late_head):
            self._late(f.num())
        elif f.skip(b"+CMEE:"):
            self.stray = True
            self.unanswered = max(self.unanswered - 1, 0)
        else:
            self._other(buf, a, b)

    def _late(self, n: int) -> None:
        """The answer to a read that was given up: its bytes are counted off, whatever they look like."""
        self.stats.late = (self.stats.late + 1) & _MASK
        if n > 0 and self._believed(self.table.nobody, n):
            self._arm(self.table.nobody, n)
            self.parser.arm(n)

    def _claims(self, f: "Fields") -> bool:
        """True if this line belongs to the command in flight."""
        c = self.cmd
        if f.skip(b"+CME ERROR:") or f.skip(b"+CMS ERROR:"):
            if c.kind != SYNC:
                self._cme(f)
            return True
        if c.prefix is None or not f.skip(c.prefix):
            return False
        if c.kind == READ:
            self._answer(f)
        elif c.kind == BLAME:
            c.code = max(f.num(), 0)
        elif c.kind == SYNC:
            c.prompted = True  # the line that no other command answers with
        elif not self._is_own(f):
            return False
        elif c.lines is not None:
            self._collect(c.lines, f.buf, self.parser.a, self.parser.b)
        return True

    def _is_own(self, f: "Fields") -> bool:
        """+CEREG: and its like are answers if a number follows the first one, else URCs (27.007)."""
        if self.cmd.prefix not in (b"+CEREG:", b"+CREG:", b"+CGREG:"):
            self._settings(f)
            return True
        f.num()
        return f.comma() and f.num() != NONE

    def _settings(self, f: "Fields") -> None:
        f.blanks()
        if f.skip(b'"viewmode",') and f.a < f.b and f.buf[f.a] != _BRACKET:  # ranges: the test form
            self.view = f.num()
            self._views()
        elif f.skip(b'"showlength",') and f.a < f.b and f.buf[f.a] != _BRACKET:
            self.show = f.num()

    def _views(self) -> None:
        """In view mode 1 the data follow the header's comma (R199)."""
        inline = (b"+QIRD:", b'+QIURC: "recv",') if self.view == 1 else ()
        self.parser.inline = self.family.inline + inline

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
        n = f.num()
        if n == 0:
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
        return False

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
            self._final(ON_CLOSE, DONE)
        else:
            self._rare_word(buf, a, b)

    def _rare_word(self, buf: "Line", a: int, b: int) -> None:
        n = b - a
        if n >= 7 and buf.startswith(b"CONNECT", a) and (n == 7 or buf[a + 7] == 32):
            self._connect()
        elif n == 10 and buf.startswith(b"NO CARRIER", a):
            self._final(ON_CONNECT, NO_CARRIER)
        elif (n == 3 and buf.startswith(b"RDY", a)) or (n == 12 and buf.startswith(b"POWERED DOWN", a)):
            self._urc_seen()
            self.restarted()
        elif self.cmd.state != RUN:
            self._other(buf, a, b)
        elif self._echo(buf, a, b) or self._is_watched(buf, a, b):
            pass
        elif self.cmd.lines is not None:
            self._collect(self.cmd.lines, buf, a, b)
        else:
            self.stats.unknown = (self.stats.unknown + 1) & _MASK

    def _echo(self, buf: "Line", a: int, b: int) -> bool:
        """A line as long as the command in flight that begins with AT is its echo (R388).

        An echo that was switched off tells of a restart whose RDY was lost, in a payload for instance.
        """
        if b - a != self.cmd.n or buf[a] | 32 != 97 or buf[a + 1] | 32 != 116:
            return False
        if self.echo_off and self._same(buf, a, b):
            self.restarted()
        return True

    def _same(self, buf: "Line", a: int, b: int) -> bool:
        for i in range(b - a):
            if buf[a + i] != self.cmd.tx[i]:
                return False  # AT+CLAC is answered with such lines
        return True

    def _ok(self) -> None:
        if self.stray:
            self.stray = False
            self.stats.late = (self.stats.late + 1) & _MASK
        elif self.cmd.state == RUN and self.cmd.ends & ON_OK:
            if self.cmd.kind != SYNC or self.cmd.prompted:
                self._ended(DONE)
        elif self.cmd.state != RUN:
            self.stats.late = (self.stats.late + 1) & _MASK

    def _final(self, ends: int, result: int) -> None:
        if self.cmd.state == RUN and (self.cmd.ends & ends) and self.cmd.kind != SYNC:
            self._ended(result)
        else:
            self.stats.late = (self.stats.late + 1) & _MASK

    def _sent(self, result: int) -> None:
        """The command's own result, or the late one of a send whose OK has come before (R292)."""
        if self.pending.index >= 0:
            self._send_result(self.pending, result)
        else:
            self._final(ON_SEND, result)

    def _connect(self) -> None:
        if self.cmd.state == RUN and self.cmd.data is not None and not self.cmd.prompted:
            self._prompt()
        else:
            self._final(ON_CONNECT, DONE)

    def restarted(self) -> None:
        """The module has restarted: ids, settings and echo are as after power-on."""
        self.stats.epochs = (self.stats.epochs + 1) & _MASK
        self.epoch = self.stats.epochs
        self.echo_off = False
        self.table.fail_all(ECONNRESET, 570)
        if self.cmd.state == RUN:
            self._ended(RESET)

    # --- what the sending half does -----------------------------------------------------------------------------

    def _send_result(self, slot: "Slot", result: int) -> None:  # agenda.py
        raise NotImplementedError
