"""Incremental AT parser: bytes in, one event after the other out.

The caller hands over what a read gave, whole or byte by byte, and calls feed() until it gives NEED.  An event leaves
its bytes in the registers buf, a, b: they are valid until the next call.
"""

from ._compat import const

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from ._types import Line

NEED = const(0)  # all bytes are used up
LINE = const(1)  # buf[a:b] is a line, without its line end and not empty
HEAD = const(2)  # buf[a:b] begins a line that may carry its payload: answer with arm(), more() or plain()
PROMPT = const(3)  # the > of a data entry
DATA = const(4)  # buf[a:b] are bytes of the counted payload
LOST = const(5)  # no line end behind a counted payload: bytes were lost in it; see lost_at
END = const(6)  # a line end behind a counted payload: it is whole
LONG = const(7)  # a line that is longer than `line` was skipped

_LF = const(10)
_CR = const(13)
_SPACE = const(32)
_GT = const(62)
_A = const(97)
_T = const(116)
_DEL = const(127)


class Parser:
    """Line ends are found in bulk; a counted payload is never looked into."""

    def __init__(self, size: int) -> None:
        self.pos = 0  # in the buffer that is being fed
        self.line = bytearray(size)  # beginning of a line that the end of a read has cut
        self.buf: "Line" = self.line
        self.a = self.b = 0
        self.n = 0  # bytes in line
        self.raw = 0  # bytes of the counted payload still to come
        self.tail = 0  # a payload has just ended: 1 CR must follow, 2 LF
        self.skip = False  # everything up to the next LF is thrown away
        self.gap = 0  # line ends between the last payload and the first line behind it that is not empty ...
        self.behind = 0  # ... and how many such lines have come; 2: two or more
        self.lost_at = 0  # the byte that stood where a line end was due; -1: none came
        self.prompt_ok = False  # a data command is in flight, so > at a line's start is its prompt
        self.inline: "tuple[bytes, ...]" = ()  # lines with these beginnings may carry their payload on the same line
        self.before = False  # the line that is coming began before the command in flight went out
        self.old = False  # the last LINE did: it is no answer to it
        self._over = False  # this line is longer than `line`
        self._plain = False  # this line was offered as HEAD and carries no payload
        self._ended = False  # the line of this HEAD has its end in the fed buffer
        self._from = 0  # where in the fed buffer stands what was added to line last
        self._had = 0  # bytes in line before that
        self._kept = 0  # where in line a payload begins that came before its header could be read; 0: none does
        self.long_lines = 0  # how many were skipped
        self.noise = 0  # how many bytes no line begins with

    def feed(self, buf: "Line", end: int) -> int:
        """The next event in buf[pos:end]; moves pos past it."""
        while self.pos < end:
            if self.raw:
                return self._data(buf, end)
            if self.tail:
                ev = self._tail(buf)
                if ev:
                    return ev
            elif self.skip:
                self._skip(buf, end)
            elif self.prompt_ok and not self.n and buf[self.pos] == _GT:
                return self._prompt()
            else:
                ev = self._text(buf, end)
                if ev:
                    return ev
        return NEED

    # --- what the reader of an event says -----------------------------------------------------------------------

    def arm(self, n: int) -> None:
        """The n bytes behind this LINE are a payload."""
        self.raw = n
        self._behind()

    def arm_at(self, at: int, n: int) -> None:
        """The payload of this HEAD begins at register position at and has n bytes."""
        if self.buf is self.line:
            self._kept = at if n and at < self._had else 0
            at = self._from + max(at - self._had, 0)
        self.pos = at
        self.n = 0
        self.before = False
        self._over = False
        self.arm(n)

    def plain(self) -> None:
        """This HEAD carries no payload: it comes again as a LINE."""
        self._plain = True

    def more(self) -> None:
        """This HEAD cannot be read to its end yet: it comes again when more is there, or as a LINE."""
        if self._ended:
            self._plain = True
        elif self.buf is not self.line:
            self._keep(self.buf, self.b)

    def abandon(self) -> None:
        """Give the payload up: nothing is looked at until the next line."""
        self.raw = 0
        self.tail = 0
        self.lost_at = -1
        self.skip = True
        self.n = 0
        self.before = False

    # --- events -------------------------------------------------------------------------------------------------

    def _data(self, buf: "Line", end: int) -> int:
        if self._kept:
            return self._data_kept()
        self.buf = buf
        self.a = self.pos
        self.b = self.pos = min(end, self.pos + self.raw)
        self.raw -= self.b - self.a
        self._behind()
        return DATA

    def _behind(self) -> None:
        """Nothing has come behind the payload yet, which may be whole now."""
        self.tail = 0 if self.raw else 1
        self.gap = self.behind = 0

    def _data_kept(self) -> int:
        self._set(self.line, self._kept, min(self._had, self._kept + self.raw))
        self._kept = 0
        self.raw -= self.b - self.a
        self._behind()
        return DATA

    def _tail(self, buf: "Line") -> int:
        """CR LF.  LF alone would be a line end whose CR was counted for a byte that is missing."""
        ch = buf[self.pos]
        if self.tail == 1 and ch == _CR:
            self.tail = 2
            self.pos += 1
            return NEED
        whole = self.tail == 2 and ch == _LF
        self.tail = 0
        if whole:
            self.pos += 1
            self.gap = 1
            return END
        self.lost_at = ch
        self.skip = True
        return LOST

    def _skip(self, buf: "Line", end: int) -> None:
        lf = buf.find(b"\n", self.pos, end)
        self.skip = lf < 0
        self.pos = end if lf < 0 else lf + 1

    def _prompt(self) -> int:
        self.prompt_ok = False
        self.pos += 1
        self._text_came()
        return PROMPT

    def _text_came(self) -> None:
        self.behind = min(self.behind + 1, 2)

    def _text(self, buf: "Line", end: int) -> int:
        lf = buf.find(b"\n", self.pos, end)
        if (self.line[0] if self.n else buf[self.pos]) | 32 == _A:
            cr = self._echo_end(buf, end if lf < 0 else lf)
            if cr >= 0:
                return self._whole(buf, cr)
        if self.inline and not self._plain and not self._over and self._offer(buf, lf, end):
            return HEAD
        if lf < 0:
            self._keep(buf, end)
            return NEED
        return self._whole(buf, lf)

    def _echo_end(self, buf: "Line", end: int) -> int:
        """Where the CR stands that ends the echo of a command line, or -1.

        Its answer may come without a line end in front, the prompt too (R388).  Other lines end with LF alone: a CR
        may stand in a quoted string.
        """
        cr = buf.find(b"\r", self.pos, end)
        if cr < 0 or self.n + cr - self.pos < 2:
            return -1
        return cr if (self.line[1] if self.n > 1 else buf[self.pos + 1 - self.n]) | 32 == _T else -1

    def _offer(self, buf: "Line", lf: int, end: int) -> bool:
        """Put the beginning of this line into the registers; True if a payload may stand in it."""
        self._ended = lf >= 0
        if lf >= 0:
            end = lf
        if self.n:
            self._keep(buf, end)
            self._set(self.line, 0, self.n)
        else:
            end = min(end, self.pos + len(self.line))  # as much as would be kept of a line that a read has cut
            self._set(buf, self.pos, end)
        return self._is_inline()

    def _is_inline(self) -> bool:
        for prefix in self.inline:
            if self.b - self.a >= len(prefix) and self.buf.startswith(prefix, self.a):
                return True
        return False

    def _set(self, buf: "Line", a: int, b: int) -> None:
        self.buf = buf
        self.a = a
        self.b = b

    def _whole(self, buf: "Line", lf: int) -> int:
        """The line that ends at lf; the same lines are too long whole and byte by byte."""
        self._plain = False
        self.old = self.before
        self.before = False
        if self.n:
            self._keep(buf, lf)
            self._set(self.line, 0, self.n)
        else:
            self._set(buf, self.pos, lf)
            self._over = lf - self.pos > len(self.line)
        self.pos = lf + 1
        self.n = 0
        if self._over:
            self._over = False
            self.long_lines += 1
            self._text_came()
            return LONG
        return self._strip(self.buf)

    def _strip(self, buf: "Line") -> int:
        """Blanks, line ends and bytes that no line begins with (noise of a boot) do not count."""
        a = self.a
        b = self.b
        while b > a and buf[b - 1] <= _SPACE:
            b -= 1
        if b > a:
            self._text_came()
        elif not self.behind:
            self.gap += 1
        while a < b and not _SPACE < buf[a] < _DEL:
            self.noise += buf[a] != _SPACE and buf[a] != _CR
            a += 1
        self.a = a
        self.b = b
        return LINE if b > a else NEED

    def _keep(self, buf: "Line", end: int) -> None:
        """Add buf[pos:end] to line, as far as there is room.  A loop per byte: only for lines that a read has cut."""
        i = self._from = self.pos
        n = self._had = self.n
        line = self.line
        size = len(line)
        while i < end and n < size:
            line[n] = buf[i]
            n += 1
            i += 1
        self._over = self._over or i < end
        self.n = n
        self.pos = end
