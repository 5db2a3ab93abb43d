"""The CoAP context of a module: made, made again behind a restart, and one message at a time sent through it."""

from errno import ECONNRESET, EIO, ENOBUFS, ENOTCONN

from ._compat import any_number, const
from .coap_message import CON, NON, parse
from .coap_wire import head_line, option_part
from .command import ON_OK
from .errors import CoapError
from .procedure import number, reason, try_ask, wait_for
from .table import FAILED, MESSAGES, OPEN

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from ._faces import Face
    from ._types import Proc
    from .coap_message import CoapMessage
    from .coap_wire import Pairs
    from .procedure import Answer

_SEND = "AT+QCOAPSEND"
_POLL_MS = 2_000  # between two status queries
_NONE = const(-1)  # in place of an epoch: there is no context
_NO_CONTEXT = const(3)  # operation not allowed (R430)
_URI_PORT = const(7)
_MAX_AGE = const(14)
UNDERWAY = const(1)  # status: sent, waiting (R250)


class Context:
    """One UDP port of the module.  Head and options count for one message (R234, R240): nothing comes between."""

    def __init__(self, modem: "Face", port: int) -> None:
        self._modem = modem
        self._engine = modem.engine
        self._port = port
        self._next_id = any_number()  # a server takes an id that it has seen lately for the same message again
        self._epoch = _NONE
        self._added: "list[str]" = []  # paths that the module knows
        self._opening = False
        self._sending = False
        self._staged = False  # options may be left at the module of a message that was not sent
        self.unread = False  # a confirmable message was sent, and its status is not known yet (R245)
        self.made = 0  # how often a context was made: what the last one knew is gone
        self.count = 0  # how often a ring was taken for the messages: what came in between is lost

    def is_open(self) -> bool:
        """The module has a context, as far as is known."""
        return self._epoch == self._engine.epoch

    def check(self, count: int) -> None:
        """CoapError if messages may have been lost since `count`: a restart has deleted the context, or bytes were."""
        if self._epoch == _NONE:
            raise CoapError(ENOTCONN, "there is no CoAP context any more", 567, _SEND)
        if not self.is_open():
            raise CoapError(ECONNRESET, "the module restarted", 570, _SEND)
        if self.count != count:
            raise CoapError(EIO, "bytes were lost", 0, _SEND)

    def has_news(self) -> bool:
        """Messages have come through this context, or were lost."""
        slot = self._engine.messages
        return (slot.ring.n > 0 or slot.state == FAILED) and self.is_open()

    def take(self) -> "tuple[bool, CoapMessage] | None":
        """Is it a response?, and the next message in the ring; None if there is none.  Its payload is copied once."""
        ring = self._engine.messages.ring
        while ring.n:
            header = ring.give(ring.head())
            payload = ring.give(ring.head())
            try:
                return parse(header, payload)
            except ValueError:
                self._engine.stats.unknown = (self._engine.stats.unknown + 1) & 0x3FFFFFFF
        return None

    def renew(self) -> None:
        """Bytes were lost: what comes now is whole again.  The context at the module is as it was."""
        if self._engine.messages.state != OPEN and self.is_open():
            self._take_slot()

    # --- made ---------------------------------------------------------------------------------------------------

    def open(self, paths: "list[str]") -> "Proc[None]":
        """Procedure: the context is there, and the module knows these paths."""
        while self._opening:
            yield
        self._opening = True
        try:
            yield from self._modem.ready()
            if not self.is_open():
                yield from self._create()
            self.renew()
            yield from self._add(paths)
        finally:
            self._opening = False

    def _create(self) -> "Proc[None]":
        """With addresses and options shown in the URCs: only so a payload's form is known (R428).

        QCOAPCFG is not saved (R255) and comes first, because a URC may come at once (R256).  One that is left of the
        host's last life is deleted.
        """
        epoch = self._engine.epoch
        self._take_slot()
        yield from try_ask(self._engine, b"AT+QCOAPDEL")
        yield from self.ask(b'AT+QCOAPCREATE=%d;+QCOAPCFG="Showra",1;+QCOAPCFG="Showrspopt",1' % self._port)
        self._added = []
        self.unread = self._staged = False
        self.made += 1
        self._epoch = epoch

    def _take_slot(self) -> None:
        """The slot whose ring the messages go to."""
        engine = self._engine
        engine.close(engine.messages, engine.messages.gen)
        engine.messages = engine.table.nobody
        slot = engine.take()
        if slot is None:
            raise CoapError(ENOBUFS, "all slots are in use")
        slot.kind = MESSAGES
        slot.state = OPEN
        engine.messages = slot
        self.count += 1

    def _add(self, paths: "list[str]") -> "Proc[None]":
        """AT+QCOAPADDRES for the paths that the module does not know, as many on one line as it has room for."""
        line = b""
        batch: "list[str]" = []
        for path in [path for path in paths if path not in self._added]:
            part = b'+QCOAPADDRES=%d,"%s"' % (len(path), path.encode())
            if line and len(line) + len(part) + 1 >= len(self._engine.cmd.tx):
                yield from self._add_line(line, batch)
                line = b""
            line += (b";" if line else b"AT") + part
            batch.append(path)
        if line:
            yield from self._add_line(line, batch)

    def _add_line(self, line: bytes, batch: "list[str]") -> "Proc[None]":
        yield from self.ask(line)
        self._added += batch
        batch.clear()

    def close(self) -> "Proc[None]":
        """Procedure: the context is deleted, here and at the module."""
        engine = self._engine
        engine.close(engine.messages, engine.messages.gen)
        engine.messages = engine.table.nobody
        self._epoch = _NONE
        self.unread = False
        yield from try_ask(engine, b"AT+QCOAPDEL")

    # --- one message --------------------------------------------------------------------------------------------

    def take_id(self) -> int:
        """A message id that was not used lately."""
        self._next_id = (self._next_id + 1) & 0xFFFF
        return self._next_id

    def send(
        self,
        kind: int,
        code: int,
        peer: "tuple[str, int]",
        msgid: int,
        token: bytes,
        pairs: "Pairs",
        payload: bytes,
    ) -> "Proc[None]":
        """Procedure: one message goes out; its payload as it is typed.  CoapError if the module refuses it."""
        yield from self.comes(kind)
        self._sending = True
        try:
            pairs = self._not_empty(code, peer, pairs)
            line = head_line(msgid, token) + option_part(pairs)
            self._staged = True
            yield from self._head(line)
            self.unread = self.unread or kind == CON
            target = b"AT+QCOAPSEND=%d,%d,%s,%d" % (kind, code, peer[0].encode(), peer[1])
            yield from self.ask(target, payload)
            self._staged = False
        finally:
            self._sending = False

    def _head(self, line: bytes) -> "Proc[None]":
        try:
            yield from self.ask(line)
        except CoapError as error:
            if error.code == _NO_CONTEXT:  # the module has restarted, and nobody has heard of it
                self._epoch = _NONE
            raise

    def comes(self, kind: int) -> "Proc[None]":
        """Procedure: wait until nobody else is sending, and for CON and NON until the last CON has ended (R245)."""
        while self._sending or (kind in (CON, NON) and self.unread):
            if self._sending:
                yield
            elif (yield from self.status()) == UNDERWAY:
                yield from wait_for(self._engine, _POLL_MS)

    def _not_empty(self, code: int, peer: "tuple[str, int]", pairs: "Pairs") -> "Pairs":
        """Options of a message that was not sent are replaced.  Where there are none, by one that means nothing:
        the port that the message goes to anyway, or the age that an answer has without it."""
        if pairs or not self._staged:
            return pairs
        return [(_URI_PORT, str(peer[1]))] if code < 100 else [(_MAX_AGE, "60")]

    def status(self) -> "Proc[int]":
        """Procedure: what has become of the last confirmable message (R250), -1 if the module does not say."""
        answer = yield from try_ask(self._engine, b"AT+QCOAPDATASTATUS?", b"+QCOAPDATASTATUS:")
        status = number(answer.lines[0], 0) if answer.lines else -1
        self.unread = status == UNDERWAY
        return status

    def ask(self, line: bytes, data: "bytes | None" = None) -> "Proc[None]":
        """As procedure.ask(), with errors of CoAP."""
        answer: Answer = yield from try_ask(self._engine, line, None, ON_OK, 0, data)
        if not answer.ok:
            raise (yield from reason(self._engine, answer, line, CoapError))
