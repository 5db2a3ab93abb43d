"""Readers of header lines that carry their payload on the same line (R173, R214, R258-R269)."""

from ._compat import const
from .text import NONE, hex_digit

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from .text import Fields

MORE = const(-1)  # the header is not complete yet
PLAIN = const(-2)  # this line carries no payload

_COMMA = const(44)
_QUOTE = const(34)
_DOT = const(46)
_COLON = const(58)
_NAME_DIGITS = const(5)  # of an option's number
_FORMAT = const(12)  # number of Content-Format


def count(f: "Fields") -> int:
    """`<n>,` at the cursor, then the payload: n, or MORE."""
    n = f.num()
    if n < 0:
        return MORE if n == NONE and f.a >= f.b else PLAIN
    if f.a >= f.b:
        return MORE
    return n if f.comma() else PLAIN


def coap_head(f: "Fields", hexed: bytearray) -> int:
    """The header of a +QCOAPURC behind the colon: payload bytes, MORE or PLAIN.

    hexed gets True in [0] when the payload comes as hex digits: content formats 0, 41 and 50 come as text (R261).
    """
    hexed[0] = 1
    f.blanks()
    if f.b - f.a < 6:
        return MORE
    if f.skip(b'"rsp",'):
        return _response(f, hexed)
    if f.skip(b'"req",'):
        return _request(f, hexed)
    return PLAIN


def _dots(f: "Fields") -> int:
    n = 0
    a = f.a
    while a < f.b and f.buf[a] != _COMMA:
        if f.buf[a] in (_DOT, _COLON):
            n += 1
        a += 1
    return n


def _address(f: "Fields") -> bool:
    """Skip `<ip_addr>,<port>,` where Showra prints them; False if the line ends in it."""
    return _dots(f) < 2 or (f.next() and f.next())


def _response(f: "Fields", hexed: bytearray) -> int:
    """`[ip,port,][type,]code,msgid[,count,options][,length,data]`; type is left out in two examples (R364)."""
    if not _address(f):
        return MORE
    if not _dots(f) and not f.next():
        return MORE
    if not (f.next() and f.next()):
        return MORE
    start = f.a
    n = f.num()
    if n >= 0 and f.comma():
        listed = _lists(f) if n else 1  # 0 would be the length of nothing
        if listed == MORE:
            return MORE
        f.a = start
        f.next()
        if listed:
            return _options(f, n, hexed)
    elif f.a >= f.b:
        return MORE
    f.a = start
    return count(f)


def _lists(f: "Fields") -> int:
    """1 if `<opt_name>,"` stands here, 0 for the beginning of a payload, MORE while that cannot be told."""
    a = f.a
    if f.num() == NONE:
        return MORE if f.a >= f.b else 0
    if f.a - a > _NAME_DIGITS:
        return 0
    if f.a < f.b and not f.comma():
        return 0
    if f.a >= f.b:
        return MORE
    return int(f.buf[f.a] == _QUOTE)


def _request(f: "Fields", hexed: bytearray) -> int:
    """`[ip,port,]type,method,msgid,mode[,tkl,token][,options][,length,data]`; mode tells what follows (R263)."""
    if not (_address(f) and f.next() and f.next() and f.next()):
        return MORE
    if f.b - f.a < 3:
        return MORE
    mode = hex_digit(f.buf[f.a]) << 4 | hex_digit(f.buf[f.a + 1])
    if mode < 0:
        return PLAIN
    f.next()
    if mode & 1 and not (f.next() and f.next()):
        return MORE
    if not mode & 0x80:
        return PLAIN
    return _options(f, mode >> 1 & 63, hexed)


def _options(f: "Fields", n: int, hexed: bytearray) -> int:
    while n:
        name = f.num()
        if not f.comma():
            return MORE
        if name == _FORMAT:
            hexed[0] = _is_hex(f)
        if not f.value():
            return MORE
        n -= 1
    return count(f)


def _is_hex(f: "Fields") -> int:
    for text in (b'"0"', b'"41"', b'"50"'):
        if f.b - f.a >= len(text) and f.buf.startswith(text, f.a):
            return 0
    return 1
