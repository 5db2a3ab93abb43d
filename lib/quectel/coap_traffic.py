"""Requests, responses and notifications on their way, and what a restart of the module undoes."""

from errno import ECONNRESET, EIO, ETIMEDOUT

from ._compat import const, ticks_add, ticks_diff
from .coap_context import UNDERWAY, Context
from .coap_message import ACK, CON, METHODS, NON, OBSERVE, RST, CoapMessage
from .coap_resources import Observation, Observations, Observer, Recent, Resources
from .command import Turns
from .errors import CoapError, QuectelError, QuectelTimeout
from .procedure import Job, turn_of, wait_for
from .text import in_range

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from ._faces import Face
    from ._types import Proc
    from .coap_resources import Answerer
    from .coap_wire import Pairs

_SEND = "AT+QCOAPSEND"
_POLL_MS = 2_000  # between two status queries while a response is awaited
_SOON_MS = 100  # before the first status query behind a notification
_AGAIN_MS = const(10_000)  # before what a restart has undone is tried again
_REGISTER_MS = const(100_000)
_MASK = const(0x3FFFFFFF)
_SUCCESS = const(4)  # status (R250)
_RESET = const(5)
_STATUS = {  # R250
    2: (EIO, "sending failed"),
    3: (ETIMEDOUT, "no answer"),
    5: (ECONNRESET, "reset by the server"),
}


class Request:
    """A message that goes out, and what comes back for it."""

    def __init__(
        self, kind: int, code: int, peer: "tuple[str, int]", pairs: "Pairs", payload: bytes, token: "bytes | None"
    ) -> None:
        self.kind = kind
        self.code = code
        self.peer = peer
        self.pairs = pairs
        self.payload = payload
        self.token = token
        self.msgid = -1  # the driver's choice
        self.is_new = False  # an observation that is not made anew
        self.observes = False  # notifications of the server are its response, too
        self.message: "CoapMessage | None" = None

    def takes(self, message: CoapMessage) -> bool:
        """True if this message came for it.  The URC carries no token (R433): ACK and RST are matched by their
        message id, what comes by itself by being the server's only one."""
        if message.type in (ACK, RST):
            if message.msgid != self.msgid:
                return False
            if message.type == ACK and not message.code:
                return True  # empty: the response comes by itself (R432)
        elif self.code > METHODS["DELETE"] or (message.observe is not None and not self.observes):
            return False
        elif message.peer[0] and message.peer != self.peer:
            return False
        self.message = self.message or message
        return True


class Traffic:
    """Base of Coap: procedures, and what poll() calls."""

    def __init__(self, modem: "Face", local_port: int) -> None:
        self._modem = modem
        self._engine = modem.engine
        self._port = in_range("local_port", local_port, 1, 65535)
        self._context = Context(modem, self._port)
        self._resources = Resources(self._engine)
        self._observations = Observations()
        self._recent = Recent(self._engine)
        self._waiting: "Request | None" = None
        self._count = 0  # of the context when it was sent
        self._turns = Turns()
        self._kept = False  # there is something that a restart of the module undoes
        self._restored = -1  # of the contexts that were made: what was made again last
        self._again_at = -1  # -1: at once
        self._answering: "Job | None" = None
        self._restoring: "Job | None" = None

    def check_port(self, local_port: int) -> None:
        """ValueError for another port than that of the one context there is."""
        if local_port != self._port:
            raise ValueError("the CoAP service has local port %d already" % self._port)

    # --- what goes out ------------------------------------------------------------------------------------------

    def _exchange(self, request: Request, timeout_ms: int) -> "Proc[CoapMessage]":
        end = ticks_add(self._engine.now, timeout_ms)
        yield from self._begin(request)
        try:
            if request.is_new:
                self._observations.check_free(request.peer)  # another task may have been quicker
            yield from self._send(request)
            message = yield from self._response(request, end, timeout_ms)
            if request.kind == CON:
                yield from self._context.status()  # the next message may go only when it was read (R245)
            return message
        finally:
            self._end(request)

    def _begin(self, request: Request) -> "Proc[None]":
        """Wait for one's turn."""
        yield from turn_of(self._turns, request)
        request.message = None

    def _end(self, request: Request) -> None:
        self._turns.leave(request)
        self._waiting = None

    def _send(self, request: Request) -> "Proc[None]":
        context = self._context
        yield from context.open(self._resources.paths())
        if request.msgid < 0:
            request.msgid = context.take_id()
        if request.token is None:
            request.token = bytes((0x51, 0x4D, request.msgid >> 8, request.msgid & 255))
        yield from context.comes(request.kind)
        self._waiting = request
        self._count = context.count
        yield from context.send(
            request.kind, request.code, request.peer, request.msgid, request.token, request.pairs, request.payload
        )

    def _response(self, request: Request, end: int, timeout_ms: int) -> "Proc[CoapMessage]":
        poll_at = ticks_add(self._engine.now, _POLL_MS)
        while request.message is None:
            self._context.check(self._count)
            if ticks_diff(self._engine.now, end) >= 0:
                raise QuectelTimeout("no response in %d ms" % timeout_ms, _SEND)
            if request.kind == CON and ticks_diff(self._engine.now, poll_at) >= 0:
                status = yield from self._context.status()
                self._check(request, status)
                poll_at = ticks_add(self._engine.now, _POLL_MS)
            yield
        if request.message.type == RST:
            raise CoapError(ECONNRESET, _STATUS[5][1], 5, _SEND)
        request.message.check_block()
        return request.message

    def _check(self, request: Request, status: int) -> None:
        if status in _STATUS and request.message is None:
            raise CoapError(_STATUS[status][0], _STATUS[status][1], status, _SEND)

    def _observe(self, request: Request, handler: "Answerer | None", timeout_ms: int) -> "Proc[CoapMessage]":
        before = None if request.is_new else self._observations.of(request.peer)
        if before is not None:
            request.token = before.request.token  # the server knows it by this one
            if handler is None:
                self._observations.remove(before)
        request.pairs.insert(0, (OBSERVE, "0" if handler is not None else "1"))
        message = yield from self._exchange(request, timeout_ms)
        before = None if request.is_new else self._observations.of(request.peer)  # another task may have been quicker
        if before is not None:
            self._observations.remove(before)
        if handler is not None and message.observe is not None and message.code // 100 == 2:
            self._observations.add(Observation(request, handler, message, self._engine, self._context.made))
            request.is_new = False
            self._kept = True
        return message

    def _register(self, path: str, handler: "Answerer | None", observable: bool) -> "Proc[None]":
        if handler is None:
            return
        yield from self._context.open(self._resources.paths() + [path])
        self._resources.set(path, handler, observable)
        self._kept = True

    def _notify(self, path: str, request: Request) -> "Proc[int]":
        told = 0
        for observer in list(self._resources.observers):
            if observer.path == path:
                told += yield from self._tell(observer, request)
        if request.code >= 400:
            self._resources.observers = [one for one in self._resources.observers if one.path != path]
        return told

    def _tell(self, observer: Observer, what: Request) -> "Proc[int]":
        pairs = what.pairs if what.code >= 400 else [(OBSERVE, str(self._resources.number()))] + what.pairs
        kind = observer.kind(what.kind, self._engine.now)
        request = Request(kind, what.code, observer.peer, pairs, what.payload, observer.token)
        yield from self._begin(request)
        try:
            yield from self._send(request)
            observer.msgid = request.msgid
            status = _SUCCESS
            if request.kind == CON:
                status = yield from self._delivered()
                observer.heard_at = self._engine.now
            elif request.message is not None:
                status = _RESET
        finally:
            self._end(request)
        if status != _SUCCESS:
            self._resources.drop(observer.peer, observer.token)
        return int(status == _SUCCESS)

    def _delivered(self) -> "Proc[int]":
        """The last status of a confirmable message that no response follows."""
        yield from wait_for(self._engine, _SOON_MS)
        while True:
            status = yield from self._context.status()
            if status != UNDERWAY:
                return status
            self._context.check(self._count)
            yield from wait_for(self._engine, _POLL_MS)

    # --- what comes in ------------------------------------------------------------------------------------------

    def turn(self) -> None:
        """For poll(): take what has come, and start what it asks for.  Allocates nothing where there is nothing."""
        if self._context.has_news():
            self._take_in()
        if self._resources.answers:
            self._start_answering()
        if self._kept and (self._restored != self._context.made or not self._context.is_open()):
            self._start_restoring()

    def _take_in(self) -> None:
        while True:
            taken = self._context.take()
            if taken is None:
                break
            if taken[0]:
                self._take_response(taken[1])
            else:
                self._resources.request(taken[1], self._modem.hand)
        self._context.renew()

    def _take_response(self, message: CoapMessage) -> None:
        if message.type in (CON, NON):
            if self._recent.has(message):
                return
            self._recent.note(message)
        observation = self._observations.of(message.peer) if message.type in (CON, NON) else None
        if observation is not None and message.observe is not None and not self._is_registering(message):
            self._take_notification(observation, message)
        elif self._waiting is not None and not self._waiting.message and self._waiting.takes(message):
            pass
        elif observation is not None:
            self._take_notification(observation, message)
        else:
            if message.type == RST:
                self._resources.reset(message)
            self._engine.stats.late = (self._engine.stats.late + 1) & _MASK

    def _is_registering(self, message: CoapMessage) -> bool:
        """An observation of this server is made anew: its first notification is the response."""
        waiting = self._waiting
        return waiting is not None and waiting.observes and waiting.peer == message.peer and not waiting.message

    def _take_notification(self, observation: Observation, message: CoapMessage) -> None:
        if message.code // 100 != 2 or message.observe is None:
            self._observations.remove(observation)  # the server has ended it (RFC 7641, 4.2)
        elif not observation.is_newer(message):
            return
        self._modem.hand(observation.handler, message)

    # --- in the background --------------------------------------------------------------------------------------

    def _start_answering(self) -> None:
        if self._answering is None or self._answering.ended:
            self._answering = self._modem.carry_on(self._answer_all())

    def _answer_all(self) -> "Proc[None]":
        """Procedure: send what the handlers have given.  Nobody waits for it: what fails is counted."""
        while self._resources.answers:
            answer = self._resources.next(self._context.unread)
            if answer is None:
                yield
            elif answer.epoch == self._engine.epoch and self._context.is_open():
                msgid = self._context.take_id() if answer.msgid < 0 else answer.msgid
                try:
                    yield from self._context.send(
                        answer.kind, answer.code, answer.peer, msgid, answer.token, answer.pairs, answer.payload
                    )
                except QuectelError:
                    self._engine.stats.send_fail = (self._engine.stats.send_fail + 1) & _MASK

    def _start_restoring(self) -> None:
        job = self._restoring
        if job is not None and not job.ended:
            return
        self._restoring = None
        if job is not None and job.error is not None:
            self._again_at = ticks_add(self._engine.now, _AGAIN_MS)
        elif self._again_at < 0 or ticks_diff(self._engine.now, self._again_at) >= 0:
            self._again_at = -1
            self._restoring = self._modem.carry_on(self._restore())

    def _restore(self) -> "Proc[None]":
        """Procedure: what a restart of the module has undone (R255, R286)."""
        yield from self._context.open(self._resources.paths())
        made = self._context.made
        failed: "QuectelError | None" = None
        for one in self._observations.lost(made):
            try:
                yield from self._observe_again(one, made)
            except (CoapError, QuectelTimeout) as error:
                failed = error  # one server is no reason to leave the others out
        if failed is not None:
            raise failed
        self._restored = made

    def _observe_again(self, one: Observation, made: int) -> "Proc[None]":
        if not self._observations.has(one):  # it has ended meanwhile
            return
        one.request.msgid = -1
        message = yield from self._exchange(one.request, _REGISTER_MS)
        if not self._observations.has(one):  # it was made anew meanwhile
            return
        one.restart(message, made)
        if message.observe is None or message.code // 100 != 2:
            self._observations.remove(one)
        self._modem.hand(one.handler, message)
