"""CoAP client of BC95-G and BC68 (R225-R270)."""

from errno import ECONNRESET, EINVAL, EIO, ENOBUFS

from ._compat import const, ticks_add, ticks_diff
from .command import ON_OK
from .errors import CoapError, QuectelTimeout
from .procedure import ask, number, try_ask
from .table import FAILED, MESSAGES, OPEN
from .text import Fields, checked, in_range

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Unpack

    from ._faces import CoapOptions, Face
    from ._types import Proc, ReadBuf

CON = 0
NON = 1
ACK = 2
RST = 3

_METHODS = {"GET": 1, "POST": 2, "PUT": 3, "DELETE": 4}
_TEXT = (0, 41, 50)  # content formats whose payload is typed and shown as text (R261, R427)
_FORMATS = (0, 40, 41, 42, 47, 50)  # R238
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
    "Size2": 28,
    "Proxy-Uri": 35,
    "Proxy-Scheme": 39,
    "Size1": 60,
}
_POLL_MS = 2_000  # between two status queries while a response is awaited
_STATUS = {2: (EIO, "sending failed"), 3: (EIO, "no answer"), 5: (ECONNRESET, "reset by the server")}  # R250


class CoapMessage:
    """A message that came in.

    type: CON 0, NON 1, ACK 2, RST 3.  code: 205 for 2.05, a method's number for a request.
    """

    def __init__(
        self,
        type: int,
        code: int,
        msgid: int,
        token: bytes,
        options: "list[tuple[int, str]]",
        payload: bytes,
        peer: "tuple[str, int]",
    ) -> None:
        self.type = type
        self.code = code
        self.msgid = msgid
        self.token = token
        self.options = options  # list of (number, str)
        self.payload = payload
        self.peer = peer  # (address, port)

    @property
    def codestr(self) -> str:
        """ "2.05" for 205."""
        return "%d.%02d" % (self.code // 100, self.code % 100)

    @property
    def format(self) -> "int | None":
        """Content-Format of the payload, or None; None too for what is no number."""
        try:
            for name, value in self.options:
                if name == 12:
                    return int(value or 0)
        except ValueError:
            pass
        return None


def parse(header: bytes, payload: bytes) -> "tuple[bool, CoapMessage]":
    """A CoapMessage from a URC's header, in the form that Showra=1 and Showrspopt=1 give (R258, R262)."""
    f = Fields()
    f.set(header, 0, len(header))
    fields = f.fields()
    is_response = fields[0] == "rsp"
    at = 1
    peer = ("", 0)
    if fields[at].count(".") > 1 or ":" in fields[at]:
        peer = (fields[at], int(fields[at + 1]))
        at += 2
    if is_response and "." in fields[at]:
        fields.insert(at, "2")  # two examples leave the type out (R364)
    code = int(fields[at + 1].replace(".", ""))
    token, options = _rest(fields, at + 3, is_response)
    return is_response, CoapMessage(int(fields[at]), code, int(fields[at + 2]), token, options, payload, peer)


def _rest(fields: "list[str]", at: int, is_response: bool) -> "tuple[bytes, list[tuple[int, str]]]":
    token = b""
    count = 0
    if is_response:
        if at + 1 < len(fields):
            count = int(fields[at])
        at += 1
    elif at < len(fields):
        mode = int(fields[at], 16)
        count = mode >> 1 & 63
        at += 1
        if mode & 1:
            token = bytes.fromhex(fields[at + 1])
            at += 2
    options = []
    while count and at + 1 < len(fields):
        options.append((int(fields[at]), fields[at + 1]))
        at += 2
        count -= 1
    return token, options


class Coap:
    """modem.coap().  On AsyncModem the methods are awaited.

    One confirmable request is outstanding at a time: the response URC carries no token (R433), so an answer is
    matched by its message id, and a separate response by being the only one.
    """

    def __init__(self, modem: "Face", local_port: int) -> None:
        self._modem = modem
        self._engine = modem.engine
        self._port = in_range("local_port", local_port, 1, 65535)
        self._epoch = -1
        self._next_id = 0
        self._busy = False

    def get(self, uri: str, **options: "Unpack[CoapOptions]") -> CoapMessage:
        """GET coap://address:port/path?query.  See request().  Allocates at most 22,000 bytes."""
        return self.request("GET", uri, **options)

    def post(self, uri: str, payload: "ReadBuf" = b"", **options: "Unpack[CoapOptions]") -> CoapMessage:
        """POST payload.  See request().  Allocates at most 22,000 bytes, 6 a byte."""
        return self.request("POST", uri, payload=payload, **options)

    def put(self, uri: str, payload: "ReadBuf" = b"", **options: "Unpack[CoapOptions]") -> CoapMessage:
        """PUT payload.  See request().  Allocates at most 22,000 bytes, 6 a byte."""
        return self.request("PUT", uri, payload=payload, **options)

    def delete(self, uri: str, **options: "Unpack[CoapOptions]") -> CoapMessage:
        """DELETE.  See request().  Allocates at most 22,000 bytes."""
        return self.request("DELETE", uri, **options)

    def request(
        self,
        method: str,
        uri: str,
        *,
        payload: "ReadBuf" = b"",
        format: "int | None" = None,
        options: "Sequence[tuple[int | str, object]]" = (),
        confirmable: bool = True,
        token: "bytes | None" = None,
        timeout_ms: int = 100_000,
    ) -> CoapMessage:
        """Send a request and wait for its response: a CoapMessage, whatever its code.

        uri: coap://<IPv4 address>[:port][/path][?query]; each path segment and query is one option.
        payload: at most 1024 bytes, half of it when it is typed as hex (R244).  format: content format of the
        payload, one of 0 40 41 42 47 50 (R238).  options: (number or name, value) pairs, values at most 180 bytes,
        12 options in all (R236).  token: 1 to 8 bytes; None lets the driver choose.  CoapError, QuectelTimeout.
        Allocates at most 22,000 bytes, 6 a byte.
        """
        command = self._command(method, uri, payload, format, options, confirmable)
        if token is not None and not 1 <= len(token) <= 8:
            raise ValueError("token must be 1 to 8 bytes")
        return self._modem.run(self._exchange(command, token, confirmable, timeout_ms), timeout_ms)

    def close(self) -> None:
        """Delete the context at the module.  Allocates at most 1,600 bytes."""
        return self._modem.run(self._delete())

    # --- what is sent -------------------------------------------------------------------------------------------

    def _command(
        self,
        method: str,
        uri: str,
        payload: "ReadBuf",
        format: "int | None",
        options: "Sequence[tuple[int | str, object]]",
        confirmable: bool,
    ) -> "tuple[bytes, bytes, bytes]":
        """(options line, send line, typed payload); ValueError before a byte is sent."""
        if method not in _METHODS:
            raise ValueError("method must be GET, POST, PUT or DELETE")
        if format is not None and format not in _FORMATS:
            raise ValueError("format must be one of %s" % (_FORMATS,))
        host, port, pairs = split_uri(uri)
        if format is not None:
            pairs.append((12, str(format)))
        for name, value in options:
            pairs.append((_number_of(name), str(value)))
        kind = CON if confirmable else NON
        send = b"AT+QCOAPSEND=%d,%d,%s,%d" % (kind, _METHODS[method], host.encode(), port)
        return _option_line(pairs), send, typed(payload, format)

    def _exchange(
        self, command: "tuple[bytes, bytes, bytes]", token: "bytes | None", confirmable: bool, timeout_ms: int
    ) -> "Proc[CoapMessage]":
        engine = self._engine
        end = ticks_add(engine.now, timeout_ms)
        while self._busy:
            yield
        self._busy = True
        try:
            yield from self._create()
            msgid = self._take_id()
            token = token or bytes((0x51, 0x4D, msgid >> 8, msgid & 255))
            head = b"AT+QCOAPHEAD=5,%d,%d,%s" % (msgid, len(token), _hex(token))
            yield from ask(engine, head)
            if command[0]:
                yield from ask(engine, command[0])
            yield from ask(engine, command[1], None, ON_OK, 0, command[2])
            message = yield from self._response(msgid, confirmable, end, timeout_ms)
            if confirmable:
                yield from self._status()  # the next message may go only when the status was read (R245)
            return message
        finally:
            self._busy = False

    def _take_id(self) -> int:
        self._next_id = (self._next_id or (self._engine.now & 0x7FFF)) + 1 & 0xFFFF
        return self._next_id

    def _response(self, msgid: int, confirmable: bool, end: int, timeout_ms: int) -> "Proc[CoapMessage]":
        """The response to msgid; what else has come in before is dropped."""
        poll_at = ticks_add(self._engine.now, _POLL_MS)
        while True:
            message = self._take()
            if message and message.type == ACK and not message.code:
                message = None  # empty: the response comes by itself
            if message and (message.msgid == msgid or message.type in (CON, NON)):
                if message.type == RST:
                    raise CoapError(ECONNRESET, "reset by the server", 5, "AT+QCOAPSEND")
                return message
            self._check_slot()
            if ticks_diff(self._engine.now, end) >= 0:
                raise QuectelTimeout("no response in %d ms" % timeout_ms, "AT+QCOAPSEND")
            if confirmable and ticks_diff(self._engine.now, poll_at) >= 0:
                self._check((yield from self._status()))
                poll_at = ticks_add(self._engine.now, _POLL_MS)
            yield

    def _check_slot(self) -> None:
        """A restart has deleted the context; where bytes were lost they may have been the response."""
        slot = self._engine.messages
        if slot.state == FAILED:
            text = "the module restarted" if slot.code else "bytes were lost"
            raise CoapError(slot.err, text, slot.code, "AT+QCOAPSEND")

    def _check(self, status: int) -> None:
        if status in _STATUS and not self._engine.messages.ring.n:
            raise CoapError(_STATUS[status][0], _STATUS[status][1], status, "AT+QCOAPSEND")

    def _status(self) -> "Proc[int]":
        answer = yield from try_ask(self._engine, b"AT+QCOAPDATASTATUS?", b"+QCOAPDATASTATUS:")
        return number(answer.lines[0], 0) if answer.lines else -1

    # --- context ------------------------------------------------------------------------------------------------

    def _create(self) -> "Proc[None]":
        """The context, with addresses and options shown in the URCs: only so a payload's form is known (R428)."""
        engine = self._engine
        yield from self._modem.ready()
        if self._epoch == engine.epoch and engine.messages.state == OPEN:
            return
        epoch = engine.epoch
        self._take_slot()
        yield from try_ask(engine, b"AT+QCOAPDEL")
        yield from ask(engine, b"AT+QCOAPCREATE=%d" % self._port)
        yield from ask(engine, b'AT+QCOAPCFG="Showra",1')
        yield from ask(engine, b'AT+QCOAPCFG="Showrspopt",1')
        self._check_slot()
        self._epoch = epoch

    def _take_slot(self) -> None:
        """The slot whose ring the messages go to; one that has lost bytes is given back."""
        self._engine.close(self._engine.messages, self._engine.messages.gen)
        slot = self._engine.take()
        if slot is None:
            raise CoapError(ENOBUFS, "all slots are in use")
        slot.kind = MESSAGES
        slot.state = OPEN
        self._engine.messages = slot

    def _delete(self) -> "Proc[None]":
        engine = self._engine
        engine.close(engine.messages, engine.messages.gen)
        engine.messages = engine.table.nobody
        self._epoch = -1
        yield from try_ask(engine, b"AT+QCOAPDEL")

    def _take(self) -> "CoapMessage | None":
        """The next response in the ring, or None."""
        slot = self._engine.messages
        if not slot.ring.n:
            return None
        parts = []
        for _ in range(2):
            part = bytearray(slot.ring.head())
            slot.ring.take(part, 0, len(part))
            parts.append(bytes(part))
        try:
            is_response, message = parse(parts[0], parts[1])
        except (ValueError, IndexError):
            self._engine.stats.unknown = (self._engine.stats.unknown + 1) & 0x3FFFFFFF
            return None
        return message if is_response else None


def split_uri(uri: str) -> "tuple[str, int, list[tuple[int, str]]]":
    """(address, port, option pairs) of coap://address[:port][/path][?query]; ValueError for anything else."""
    if not uri.startswith("coap://"):
        raise ValueError("uri must begin with coap://")
    rest, _, query = uri[7:].partition("?")
    host, _, path = rest.partition("/")
    host, _, port = host.partition(":")
    if len(host.split(".")) != 4 or not host.replace(".", "").isdigit():
        raise ValueError("the host of a CoAP uri must be an IPv4 address (R459), not %r" % host)
    pairs = [(11, part) for part in path.split("/") if part] + [(15, part) for part in query.split("&") if part]
    return host, in_range("port", int(port or 5683), 1, 65535), pairs


def _number_of(name: "int | str") -> int:
    """The number of an option, which may be given by its name."""
    if isinstance(name, int):
        return name
    if name not in OPTIONS:
        raise ValueError("unknown option %r" % (name,))
    return OPTIONS[name]


def _option_line(pairs: "list[tuple[int, str]]") -> bytes:
    if not pairs:
        return b""
    if len(pairs) > 12:
        raise ValueError("a message has at most 12 options")
    line = b"AT+QCOAPOPTION=%d" % len(pairs)
    for name, value in pairs:
        if name not in OPTIONS.values():
            raise ValueError("unknown option %r" % (name,))
        line += b',%d,"%s"' % (name, checked("option value", value, 180).encode())
    return line


def typed(payload: "ReadBuf", format: "int | None") -> bytes:
    """The payload as it is typed behind the prompt: text for the text formats, hex digits for all else (R427)."""
    if len(payload) > (1024 if format in _TEXT else 512):
        raise ValueError("payload is longer than %d bytes" % (1024 if format in _TEXT else 512))
    if format in _TEXT:
        if b"\x1a" in payload or b"\x1b" in payload:
            raise CoapError(EINVAL, "a text payload cannot hold Ctrl-Z or ESC")
        return bytes(payload) + b"\x1a"
    return _hex(payload) + b"\x1a"


def _hex(data: "ReadBuf") -> bytes:
    return "".join(["%02X" % c for c in data]).encode()
