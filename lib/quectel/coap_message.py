"""CoAP messages as objects, and how the module prints them (R237, R243, R258-R269)."""

from errno import EIO

from ._compat import const
from .errors import CoapError
from .text import NONE, Fields, decode, hex_digit

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from ._types import Line

CON = 0
NON = 1
ACK = 2
RST = 3

METHODS = {"GET": 1, "POST": 2, "PUT": 3, "DELETE": 4}
RESPONSES = (  # R243
    201, 202, 203, 204, 205, 400, 401, 402, 403, 404, 405, 406, 412, 413, 415, 500, 501, 502, 503, 504, 505,
)  # fmt: skip
OBSERVE = const(6)
FORMAT = const(12)
_URI_PATH = const(11)
_BLOCK2 = const(23)
_MORE = const(8)  # of its value: blocks follow; three bits below tell the size, the rest the number (RFC 7959, 2.2)
OPTIONS = {  # R237
    "If-Match": 1,
    "Uri-Host": 3,
    "ETag": 4,
    "If-None-Match": 5,
    "Observe": 6,
    "Uri-Port": 7,
    "Location-Path": 8,
    "Uri-Path": 11,
    "Content-Format": 12,
    "Max-Age": 14,
    "Uri-Query": 15,
    "Accept": 17,
    "Location-Query": 20,
    "Block2": 23,
    "Block1": 27,
    "SIZE": 28,  # as the document calls it; RFC 7959 says:
    "Size2": 28,
    "Proxy-Uri": 35,
    "Proxy-Scheme": 39,
    "Size1": 60,
}
_TOKEN_MAX = const(8)
_QUOTE = const(34)


def number_of(name: "int | str") -> int:
    """The number of an option (R237), which may be given by its name; ValueError for any other."""
    number = OPTIONS.get(name, -1) if isinstance(name, str) else name
    if number not in OPTIONS.values():
        raise ValueError("unknown option %r" % (name,))
    return number


class CoapMessage:
    """A message that came in, or the answer of a resource: CoapMessage(code=205, payload=b"21", options=[(12, "0")]).

    type: CON 0, NON 1, ACK 2, RST 3.  code: 205 for 2.05, 1 to 4 for GET, POST, PUT and DELETE.  options: pairs of
    number and text as the module prints it: numbers in decimal digits, ETag and If-Match in hex digits, all else as
    it is.  peer: address and port of the sender.  Of an answer code, options and payload count.
    """

    def __init__(
        self,
        type: int = ACK,
        code: int = 205,
        msgid: int = 0,
        token: bytes = b"",
        options: "list[tuple[int, str]] | tuple[tuple[int, str], ...]" = (),
        payload: bytes = b"",
        peer: "tuple[str, int]" = ("", 0),
    ) -> None:
        self.type = type
        self.code = code
        self.msgid = msgid
        self.token = token
        self.options = options
        self.payload = payload
        self.peer = peer

    @property
    def codestr(self) -> str:
        """ "2.05" for 205."""
        return "%d.%02d" % (self.code // 100, self.code % 100)

    @property
    def path(self) -> str:
        """The Uri-Path options of a request, "/t/d"."""
        return "".join(["/" + value for name, value in self.options if name == _URI_PATH])

    @property
    def format(self) -> "int | None":
        """Content-Format of the payload, or None; None too for what is no number."""
        return self._number(FORMAT)

    @property
    def observe(self) -> "int | None":
        """Observe of a request (0: the sender wants notifications, 1: no longer) or a notification, or None."""
        return self._number(OBSERVE)

    def option(self, name: "int | str") -> "str | None":
        """The first option of that number or name as the module prints it, or None."""
        number = number_of(name)
        for one, value in self.options:
            if one == number:
                return value
        return None

    def check_block(self) -> None:
        """CoapError for a block of which the module shows a part, 512 bytes (R260): the next would leave a gap."""
        block = self._number(_BLOCK2) or 0
        n, size = len(self.payload), 16 << (block & 7)
        if block & _MORE and n < size:
            text = "%d bytes came of a block of %d: ask for smaller ones, ('Block2', 5)" % (n, size)
            raise CoapError(EIO, text, 0, "AT+QCOAPSEND")

    def _number(self, name: int) -> "int | None":
        value = self.option(name)
        try:
            return None if value is None else int(value or 0)
        except ValueError:
            return None


def parse(header: "Line", payload: bytes) -> "tuple[bool, CoapMessage]":
    """Is it a response?, and the CoapMessage of a URC's header, in all forms that QCOAPCFG gives it (R258, R262).

    ValueError for what is no such header.
    """
    f = Fields()
    f.set(header, 0, len(header))
    kind = f.text()
    if kind not in ("rsp", "req"):
        raise ValueError("no CoAP message")
    is_response = kind == "rsp"
    first = f.text()
    peer = ("", 0)
    if first.count(".") > 1 or ":" in first:
        peer = (first, int(f.text()))
        first = f.text()
    if is_response and "." in first:
        type, code = ACK, first  # two examples leave the type out (R364)
    else:
        type, code = int(first), f.text()
    msgid = int(f.text())
    if not (CON <= type <= RST and 0 <= msgid <= 0xFFFF):
        raise ValueError("no CoAP message")
    token, count = (b"", _count(f)) if is_response else _mode(f)
    message = CoapMessage(type, int(code.replace(".", "")), msgid, token, _options(f, count), payload, peer)
    return is_response, message


def _count(f: Fields) -> int:
    """Of the options of a response: there are none if a length, or nothing, follows the message id."""
    start = f.a
    count = f.num()
    if count == NONE or not f.comma() or f.num() == NONE or not f.comma() or f.a >= f.b or f.buf[f.a] != _QUOTE:
        return 0
    f.a = start
    f.next()
    return count


def _mode(f: Fields) -> "tuple[bytes, int]":
    """Token and number of options of a request: `<mode>[,<tkl>,<token>]` (R263)."""
    f.blanks()
    if f.b - f.a < 2:
        raise ValueError("no mode")
    mode = hex_digit(f.buf[f.a]) << 4 | hex_digit(f.buf[f.a + 1])
    if mode < 0:
        raise ValueError("no mode")
    f.next()
    token = b""
    if mode & 1:
        n = int(f.text())
        token = bytes.fromhex(f.text())
        if n != len(token) or n > _TOKEN_MAX:
            raise ValueError("the token's length is wrong")
    return token, mode >> 1 & 63


def _options(f: Fields, count: int) -> "list[tuple[int, str]]":
    """count pairs of `<name>,"<value>"`."""
    options = []
    while count:
        name = f.num()
        a = f.a + 2  # behind comma and quote
        if name < 0 or not f.comma() or not f.value():
            raise ValueError("an option is missing")
        options.append((name, decode(f.buf, a, f.end)))
        count -= 1
    return options
