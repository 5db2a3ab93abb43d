"""CoAP messages on the AT side: option values as strings, and the +QCOAPURC lines (R237, R258 to R269)."""

from __future__ import annotations

import binascii
from dataclasses import dataclass, field

CON, NON, ACK, RST = 0, 1, 2, 3
CONTENT_FORMAT, ACCEPT, OBSERVE, URI_PATH = 12, 17, 6, 11
NAMES = frozenset((1, 3, 4, 5, 6, 7, 8, 11, 12, 14, 15, 17, 20, 23, 27, 28, 35, 39, 60))  # R237
FORMATS = frozenset(("0", "40", "41", "42", "47", "50"))  # R238
TEXT_FORMATS = frozenset((0, 41, 50))  # R261
METHODS = frozenset((1, 2, 3, 4))
RESPONSES = frozenset(
    (
        0,
        201,
        202,
        203,
        204,
        205,
        400,
        401,
        402,
        403,
        404,
        405,
        406,
        412,
        413,
        415,
        500,
        501,
        502,
        503,
        504,
        505,
    )
)  # R243
RSP_BYTES, REQ_BYTES = 512, 1024  # R260, R264

_NUMBERS = frozenset((6, 7, 12, 14, 17, 23, 27, 28, 60))
_OPAQUE = frozenset((1, 4))
_EMPTY = frozenset((5,))

Address = tuple[str, int]


@dataclass(frozen=True)
class Message:
    """One CoAP message. `code` is the byte of RFC 7252 (0x45 is 2.05); options are (number, bytes)."""

    type: int
    code: int
    msgid: int
    token: bytes = b""
    options: "tuple[tuple[int, bytes], ...]" = field(default=())
    payload: bytes = b""

    @property
    def is_request(self) -> bool:
        """GET and its like: code class 0, but not the empty message."""
        return 0 < self.code < 32

    @property
    def is_response(self) -> bool:
        """Code classes 2, 4 and 5."""
        return 64 <= self.code < 192

    @property
    def path(self) -> str:
        """The Uri-Path options as one string with leading slashes."""
        return "".join("/" + value.decode("latin-1") for name, value in self.options if name == URI_PATH)

    def number(self, name: int) -> "int | None":
        """The value of the first option of that name as a number; None: there is none."""
        for one, value in self.options:
            if one == name:
                return int.from_bytes(value, "big")
        return None


def code_byte(at_code: int) -> int:
    """205 as typed in AT+QCOAPSEND -> 0x45; methods 1 to 4 and 0 stay (R243)."""
    return at_code if at_code < 100 else at_code // 100 << 5 | at_code % 100


def code_text(code: int) -> str:
    """0x45 -> "2.05", 0 -> "0" as the URCs print it (R258)."""
    return "%d.%02d" % (code >> 5, code & 31) if code else "0"


def encode_option(name: int, value: str) -> bytes:
    """An option value of AT+QCOAPOPTION as bytes for the wire. ValueError: not a legal value (R237, R238)."""
    if name not in NAMES or not 1 <= len(value) <= 180:
        raise ValueError("option")
    if name in (CONTENT_FORMAT, ACCEPT) and value not in FORMATS:
        raise ValueError("content format")
    if name in _EMPTY:
        return b""
    if name in _NUMBERS:
        return _number_bytes(value)
    raw = value.encode("latin-1")
    return unhex(raw) or raw if name in _OPAQUE else raw


def _number_bytes(value: str) -> bytes:
    if not (value.isascii() and value.isdigit()) or int(value) >= 1 << 32:
        raise ValueError("number")
    number = int(value)
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def unhex(digits: bytes) -> "bytes | None":
    """The bytes behind an even number of hex digits, None if they are not that."""
    try:
        return binascii.unhexlify(digits) if digits else None
    except binascii.Error:
        return None


def option_value(name: int, value: bytes) -> bytes:
    """An option as the URC shows it between quotes: number, text, or hex for what is neither."""
    if name in _NUMBERS:
        return b"%d" % int.from_bytes(value, "big")
    if name in _OPAQUE or name not in NAMES:
        return value.hex().upper().encode()
    return value


def is_text(message: Message) -> bool:
    """Payload is shown (R261) and typed (R427) as text with Content-Format 0, 41 or 50, else as hex."""
    return message.number(CONTENT_FORMAT) in TEXT_FORMATS


def typed_payload(data: bytes, content_format: "int | None", how: str = "auto") -> bytes:
    """What the typed data of AT+QCOAPSEND mean (R427). `how`: auto, raw or hex (option coap_payload)."""
    if how == "raw" or (how == "auto" and content_format in TEXT_FORMATS):
        return data
    decoded = unhex(data)
    return data if decoded is None else decoded


def rsp_line(message: Message, peer: "Address | None", show_options: bool, show_format: bool = False) -> bytes:
    """`+QCOAPURC: "rsp",...` (R258); `peer` only with Showra=1, the options only with Showrspopt=1.

    show_format: option 12 without it, too (R374).
    """
    parts = [b'"rsp"'] + _peer(peer)
    parts += [b"%d" % message.type, code_text(message.code).encode(), b"%d" % message.msgid]
    shown = tuple(one for one in message.options if show_options or (show_format and one[0] == CONTENT_FORMAT))
    if shown:
        parts += [b"%d" % len(shown)] + _options(shown)
    return b"+QCOAPURC: " + b",".join(parts + _payload(message, RSP_BYTES))


def req_line(message: Message, peer: "Address | None") -> bytes:
    """`+QCOAPURC: "req",...` (R262, R263): options always, their count is in <mode>."""
    mode = bool(message.token) | len(message.options) << 1 | bool(message.payload) << 7
    parts = [b'"req"'] + _peer(peer)
    parts += [b"%d" % message.type, b"%d" % message.code, b"%d" % message.msgid, b"%02X" % mode]
    if message.token:
        parts += [b"%d" % len(message.token), message.token.hex().upper().encode()]
    return b"+QCOAPURC: " + b",".join(parts + _options(message.options) + _payload(message, REQ_BYTES))


def _peer(peer: "Address | None") -> "list[bytes]":
    return [peer[0].encode(), b"%d" % peer[1]] if peer else []


def _options(options: "tuple[tuple[int, bytes], ...]") -> "list[bytes]":
    parts = []
    for name, value in options:
        parts += [b"%d" % name, b'"' + option_value(name, value) + b'"']
    return parts


def _payload(message: Message, limit: int) -> "list[bytes]":
    data = message.payload[:limit]
    if not data:
        return []
    return [b"%d" % len(data), data if is_text(message) else data.hex().upper().encode()]
