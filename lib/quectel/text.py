"""Fields of a line and the bytes of a command, without allocation."""

from struct import pack_into

from ._compat import const

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from ._types import Line

_COMMA = const(44)
_QUOTE = const(34)
_MINUS = const(45)
_SPACE = const(32)
_COLON = const(58)

NONE = const(-0x20000000)  # what num() gives where there is no number

_DIGITS = b"0123456789ABCDEF"
_FORMATS = ["%ds" % n for n in range(24)]


def hex_digit(c: int) -> int:
    """The value of an ASCII hex digit, -1 for anything else."""
    if 48 <= c <= 57:
        return c - 48
    c |= 32
    if 97 <= c <= 102:
        return c - 87
    return -1


class Fields:
    """A cursor over buf[a:b], the fields of one line.  One is made and used for every line."""

    def __init__(self) -> None:
        self.buf: "Line" = b""
        self.a = 0
        self.b = 0
        self.end = 0  # of the value that value() has moved past

    def set(self, buf: "Line", a: int, b: int) -> None:
        self.buf = buf
        self.a = a
        self.b = b

    def blanks(self) -> None:
        """Skip blanks, in front of a field: some firmware prints them (R361)."""
        while self.a < self.b and self.buf[self.a] == _SPACE:
            self.a += 1

    def skip(self, prefix: bytes) -> bool:
        """Move past prefix if it stands here."""
        if self.b - self.a >= len(prefix) and self.buf.startswith(prefix, self.a):
            self.a += len(prefix)
            return True
        return False

    def head(self, prefix: bytes) -> bool:
        """Move past prefix, which ends in a colon.  Some firmware prints a blank before that, or a comma for it."""
        return self.skip(prefix) or (self._stands(prefix, len(prefix) - 1) and self._mark(len(prefix) - 1))

    def _stands(self, prefix: bytes, n: int) -> bool:
        """True if all n bytes of prefix before its colon stand here."""
        if prefix[n] != _COLON or self.b - self.a <= n:
            return False
        while n:
            n -= 1
            if self.buf[self.a + n] != prefix[n]:
                return False
        return True

    def _mark(self, n: int) -> bool:
        """Move past the colon, or what stands for it, n bytes from here."""
        a = self.a + n
        while a < self.b - 1 and self.buf[a] == _SPACE:
            a += 1
        if self.buf[a] != _COLON and self.buf[a] != _COMMA:
            return False
        self.a = a + 1
        return True

    def comma(self) -> bool:
        """Move past a comma if it stands here."""
        if self.a < self.b and self.buf[self.a] == _COMMA:
            self.a += 1
            return True
        return False

    def num(self) -> int:
        """The integer here, or NONE; moves past it.  A value of 10**8 and more stops growing."""
        self.blanks()
        if self.a < self.b and self.buf[self.a] == _MINUS:
            self.a += 1
            v = self._digits()
            return v if v == NONE else -v
        return self._digits()

    def _digits(self) -> int:
        a = self.a
        b = self.b
        buf = self.buf
        v = 0
        while a < b and 48 <= buf[a] <= 57:
            if v < 100000000:
                v = v * 10 + buf[a] - 48
            a += 1
        if a == self.a:
            return NONE
        self.a = a
        return v

    def next(self) -> bool:
        """Move to the next field; a quoted string may hold commas.  False at the end."""
        buf = self.buf
        a = self.a
        b = self.b
        quoted = False
        while a < b and (quoted or buf[a] != _COMMA):
            if buf[a] == _QUOTE:
                quoted = not quoted
            a += 1
        self.a = min(a + 1, b)
        return a < b

    def value(self) -> bool:
        """Move past a quoted value, and the comma behind it; False if it does not end.

        Nothing escapes a quote in it: it ends with one behind which a comma and a digit stand, or nothing any more.
        """
        if self.a >= self.b or self.buf[self.a] != _QUOTE:
            return False
        a = self.a + 1
        while a < self.b and not self._closes(a):
            a += 1
        self.end = a
        self.a = min(a + 2, self.b)
        return a < self.b

    def _closes(self, a: int) -> bool:
        if self.buf[a] != _QUOTE:
            return False
        if a + 2 < self.b:
            return self.buf[a + 1] == _COMMA and 48 <= self.buf[a + 2] <= 57
        return a + 1 == self.b

    def number(self, index: int) -> int:
        """The integer in field index, counted from here from 0, or NONE."""
        while index:
            if not self.next():
                return NONE
            index -= 1
        return self.num()

    def text(self) -> str:
        """The field here as str, without its quotes; moves to the next one.  Allocates."""
        self.blanks()
        a = self.a
        more = self.next()
        b = self.a - 1 if more else self.b
        if b > a and self.buf[a] == _QUOTE:
            a += 1
            b -= 1
        return decode(self.buf, a, b)

    def fields(self) -> "list[str]":
        """All fields from here on as a list of str.  Allocates."""
        out = []
        while self.a < self.b:
            out.append(self.text())
        return out


def decode(buf: "Line", a: int, b: int) -> str:
    """buf[a:b] as str, one character a byte: the bytes of a module are never assumed to be UTF-8."""
    for i in range(a, b):
        if buf[i] > 126:
            return "".join([chr(c) for c in bytes(buf[a:b])])
    return bytes(buf[a:b]).decode()


def put(buf: bytearray, at: int, data: bytes) -> int:
    """data into buf at an offset; where it ends.  data is at most 23 bytes in the hot path."""
    n = len(data)
    pack_into(_FORMATS[n] if n < 24 else "%ds" % n, buf, at, data)
    return at + n


def put_num(buf: bytearray, at: int, v: int) -> int:
    """The digits of v, which is not negative, into buf at an offset; where they end."""
    k = 1
    while k * 10 <= v:
        k *= 10
    while k:
        buf[at] = 48 + v // k % 10
        at += 1
        k //= 10
    return at


def move_up(buf: bytearray, at: int, n: int) -> None:
    """The first n bytes of buf to buf[at:at + n]."""
    while n:
        n -= 1
        buf[at + n] = buf[n]


def put_hex(buf: bytearray, at: int, n: int) -> int:
    """The first n bytes of buf as hex digits to buf[at:at + 2 * n]; at is 1 or more.  Gives how many digits."""
    i = n
    while i:
        i -= 1
        c = buf[i]
        buf[at + i + i] = _DIGITS[c >> 4]
        buf[at + i + i + 1] = _DIGITS[c & 15]
    return n + n


def checked(what: str, text: str, most: int = 0) -> str:
    """text, if it can stand between quotes in an AT command; else ValueError, before a byte is sent."""
    if not isinstance(text, str):
        raise TypeError("%s must be a string" % what)
    for c in text:
        if c in '"\r\n\0\x1a\x1b' or ord(c) > 126:
            raise ValueError("%s holds %r, which cannot stand in an AT command" % (what, c))
    if most and len(text) > most:
        raise ValueError("%s is longer than %d characters" % (what, most))
    return text


def in_range(what: str, value: int, low: int, high: int) -> int:
    """value, if it is a whole number from low to high; else ValueError or TypeError."""
    if not isinstance(value, int):
        raise TypeError("%s must be a whole number" % what)
    if not low <= value <= high:
        raise ValueError("%s must be %d to %d, not %d" % (what, low, high, value))
    return value


def check_callable(what: str, handler: object) -> None:
    """TypeError for what cannot be called, and is not None: it would be found when it is needed."""
    if handler is not None and not callable(handler):
        raise TypeError("%s must be something to call, or None" % what)


def masked(line: bytes) -> bytes:
    """A line as it may be shown: what is secret in it becomes *** (PIN, user, password)."""
    upper = line.upper()
    for name in (b"+CPIN=", b"+QICSGP=", b"+QICSGP:", b"+CGAUTH=", b"+CGAUTH:", b"+CLCK=", b"+CPWD="):
        at = upper.find(name)
        if at >= 0:  # in any case, and behind another command on the line (R002, R012)
            return upper[: at + len(name)] + b"***"
    return line
