"""What is typed for a CoAP message: arguments become command lines, or a ValueError (R231-R248)."""

from ._compat import const
from .coap_message import FORMAT, OBSERVE, RESPONSES, CoapMessage, number_of
from .text import checked, hex_digit, in_range

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._types import ReadBuf

    Pairs = list[tuple[int, str]]
    Options = Sequence[tuple[int | str, object]]

FORMATS = (0, 40, 41, 42, 47, 50)  # R238
_TEXT = (0, 41, 50)  # content formats whose payload is typed and shown as text (R261, R427)
_TYPED_MAX = const(1024)  # what is typed beyond is dropped by the module (R244)
_OPTIONS_MAX = const(12)  # R236
_VALUE_MAX = const(180)
_PATH_MAX = const(50)  # R229
_MOST = {  # of the options that are numbers, by RFC 7252, 7641 and 7959
    OBSERVE: 0xFFFFFF,
    7: 0xFFFF,
    14: 0xFFFFFFFF,
    23: 0xFFFFFF,
    27: 0xFFFFFF,
    28: 0xFFFFFFFF,
    60: 0xFFFFFFFF,
}
_OPAQUE = (1, 4)  # bytes, typed as hex digits
_IF_NONE_MATCH = const(5)


def split_uri(uri: str) -> "tuple[tuple[str, int], Pairs]":
    """((address, port), option pairs) of coap://address[:port][/path][?query]; ValueError for anything else."""
    if not isinstance(uri, str):
        raise TypeError("uri must be a string")
    if not uri.startswith("coap://"):
        raise ValueError("uri must begin with coap://")
    if "#" in uri:
        raise ValueError("a CoAP uri has no fragment")
    rest, _, query = uri[7:].partition("?")
    host, _, path = rest.partition("/")
    host, _, port = host.partition(":")
    if not is_address(host):
        raise ValueError("the host of a CoAP uri must be an IPv4 address (R459), not %r" % host)
    peer = host, in_range("port", int(port or 5683), 1, 65535)
    return peer, _parts(11, path, "/") + _parts(15, query, "&")


def is_address(host: str) -> bool:
    """Four numbers with dots between: all that AT+QCOAPSEND takes (R459)."""
    parts = host.split(".")
    return len(parts) == 4 and all([part.isdigit() and int(part) < 256 for part in parts])


def _parts(name: int, text: str, mark: str) -> "Pairs":
    """Each path segment and each part of a query is an option of its own (RFC 7252, 6.4)."""
    if not text:
        return []
    parts = [_unescaped(part) for part in text.split(mark)]
    if "" in parts:
        raise ValueError("%r has an empty part, and an option has at least one byte (R236)" % text)
    return [(name, part) for part in parts]


def _unescaped(text: str) -> str:
    first, *others = text.split("%")
    for part in others:
        if len(part) < 2 or hex_digit(ord(part[0])) < 0 or hex_digit(ord(part[1])) < 0:
            raise ValueError("%% in %r is not followed by two hex digits" % text)
        first += chr(int(part[:2], 16)) + part[2:]
    return first


def pairs_of(options: "Options", format: "int | None") -> "tuple[Pairs, int | None]":
    """Options as they are typed, and the content format among them, which `format` gives, too."""
    pairs = [] if format is None else [(FORMAT, _typed_value(FORMAT, format))]
    for name, value in options:
        number = number_of(name)
        pairs.append((number, _typed_value(number, value)))
        if number == FORMAT:
            if format is not None:
                raise ValueError("the content format is given twice")
            format = int(pairs[-1][1])
    return pairs, format


def _typed_value(name: int, value: object) -> str:
    if name in (FORMAT, 17):
        return _format(value)
    if name in _MOST:
        return str(in_range("option %d" % name, _whole(value), 0, _MOST[name]))
    if name == _IF_NONE_MATCH:
        return "1"  # it has no value, and none that is empty can be typed
    if name in _OPAQUE and isinstance(value, (bytes, bytearray)):
        value = hexed(value).decode()
    elif isinstance(value, int):
        value = str(value)
    if not isinstance(value, str):
        raise TypeError("the value of option %d must be a string" % name)
    return _text(name, value)


def _text(name: int, value: str) -> str:
    if not value or min(value) < " ":
        raise ValueError("the value of option %d is empty or holds a control character" % name)
    return checked("the value of option %d" % name, value, _VALUE_MAX)


def _whole(value: object) -> int:
    if isinstance(value, str) and value.isdigit():
        return int(value)
    if not isinstance(value, int):
        raise TypeError("the option must be a whole number, not %r" % (value,))
    return value


def _format(value: object) -> str:
    if _whole(value) not in FORMATS:
        raise ValueError("a content format must be one of %s" % (FORMATS,))
    return str(_whole(value))


def option_part(pairs: "Pairs") -> bytes:
    """The part of a command line that sets the options of the next message; b"" for none."""
    if not pairs:
        return b""
    if len(pairs) > _OPTIONS_MAX:
        raise ValueError("a message has at most 12 options, not %d" % len(pairs))
    line = b";+QCOAPOPTION=%d" % len(pairs)
    for name, value in pairs:
        line += b',%d,"%s"' % (name, _text(name, value).encode())
    return line


def head_line(msgid: int, token: bytes) -> bytes:
    """The command line that sets message id and token of the next message."""
    if token:
        return b"AT+QCOAPHEAD=5,%d,%d,%s" % (msgid, len(token), hexed(token))
    return b"AT+QCOAPHEAD=3,%d" % msgid


def check_token(token: "bytes | None") -> "bytes | None":
    """TypeError, ValueError for what is no token of 0 to 8 bytes."""
    if token is None:
        return None
    if not isinstance(token, (bytes, bytearray)):
        raise TypeError("token must be bytes")
    if len(token) > 8:
        raise ValueError("token must be 0 to 8 bytes, not %d" % len(token))
    return bytes(token)


def check_path(path: str) -> str:
    """ValueError for what is no path of a resource: 1 to 50 characters that begin with a slash (R229)."""
    if checked("path", path, _PATH_MAX)[:1] != "/" or min(path) < "!":
        raise ValueError("path must begin with /, and holds no blanks, not %r" % path)
    return path


def typed(payload: "ReadBuf", format: "int | None") -> bytes:
    """The payload as it is typed behind the prompt: text for the text formats, hex digits for all else (R427)."""
    if not isinstance(payload, (bytes, bytearray, memoryview)):
        raise TypeError("payload must be bytes")
    most = _TYPED_MAX if format in _TEXT else _TYPED_MAX // 2
    if len(payload) > most:
        raise ValueError("payload is longer than %d bytes" % most)
    if format not in _TEXT:
        return hexed(payload) + b"\x1a"
    text = bytes(payload) + b"\x1a"
    if text.find(b"\x1a") < len(payload) or text.find(b"\x1b") >= 0:
        raise ValueError("a text payload cannot hold Ctrl-Z or ESC: send it with format 42")
    return text


def hexed(data: "ReadBuf") -> bytes:
    """Hex digits."""
    return "".join(["%02X" % c for c in data]).encode()


def answer_of(result: object) -> "tuple[int, Pairs, bytes]":
    """(code, options, typed payload) of what a resource's handler gives; TypeError, ValueError for anything else."""
    options: "Options" = ()
    format: "int | None" = None
    payload: "ReadBuf" = b""
    if isinstance(result, CoapMessage):
        code, options, payload = result.code, result.options, result.payload
    elif isinstance(result, tuple) and len(result) == 3:
        code, format, payload = result
    elif isinstance(result, int):
        code = result
    else:
        raise TypeError("a resource answers with a CoapMessage, (code, format, payload) or a code, not %r" % (result,))
    if code not in RESPONSES:
        raise ValueError("%r is no response code (R243)" % (code,))
    pairs, format = pairs_of(options, format)
    option_part(pairs)  # their number
    return code, pairs, typed(payload, format)
