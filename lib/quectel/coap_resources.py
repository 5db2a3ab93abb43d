"""Resources: requests that come in are answered, and who observes a resource is remembered (R229, R262-R265)."""

from errno import EADDRINUSE

from ._compat import const, ticks_diff
from .coap_message import ACK, CON, NON, OBSERVE
from .coap_wire import answer_of, check_line, is_address
from .errors import CoapError

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .coap_message import CoapMessage
    from .coap_wire import Pairs
    from .engine import Engine

    Answerer = Callable[[CoapMessage], object]

_GET = const(1)
_LIFETIME_MS = const(247_000)  # a message id is not new again before (RFC 7252, 4.8.2)
_RECENT = const(8)  # messages that are remembered
_DAY_MS = const(86_400_000)
_ANSWERS = const(4)  # that wait to be sent
_OBSERVERS = const(8)
_OBSERVE_PART = const(14)  # bytes of an Observe option
_MASK = const(0x3FFFFFFF)


class Recent:
    """Messages that have come lately: one that comes again is not taken for another."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine
        self._seen: "list[tuple[tuple[str, int], int, int, Answer | None]]" = []

    def has(self, message: "CoapMessage") -> bool:
        """One with the same sender and message id has come before."""
        now = self._engine.now
        self._seen = [one for one in self._seen if ticks_diff(now, one[2]) < _LIFETIME_MS]
        return any([one[0] == message.peer and one[1] == message.msgid for one in self._seen])

    def answer(self, message: "CoapMessage") -> "Answer | None":
        """What it was answered with."""
        for one in self._seen:
            if one[0] == message.peer and one[1] == message.msgid:
                return one[3]
        return None

    def note(self, message: "CoapMessage", answer: "Answer | None" = None) -> None:
        self._seen = self._seen[1 - _RECENT :] + [(message.peer, message.msgid, self._engine.now, answer)]


class Answer:
    """What goes back for a request; 5.00 until its handler has given something better."""

    def __init__(self, request: "CoapMessage", epoch: int) -> None:
        self.kind = ACK if request.type == CON else NON  # piggybacked where the request waits for an ACK (R265)
        self.msgid = request.msgid if request.type == CON else -1  # -1: a new one
        self.peer = request.peer
        self.token = request.token
        self.epoch = epoch
        self.code = 500
        self.pairs: "Pairs" = []
        self.payload = b"\x1a"

    def set(self, code: int, pairs: "Pairs", payload: bytes) -> None:
        self.code = code
        self.pairs = pairs
        self.payload = payload


class Observer:
    """Somebody who wants to be told when a resource changes (RFC 7641)."""

    def __init__(self, path: str, peer: "tuple[str, int]", token: bytes, now: int) -> None:
        self.path = path
        self.peer = peer
        self.token = token
        self.msgid = -1  # of its last notification
        self.heard_at = now  # when it was certain to be there

    def kind(self, kind: int, now: int) -> int:
        """Once a day a notification is confirmable, whatever is asked for (RFC 7641, 4.5)."""
        return CON if ticks_diff(now, self.heard_at) >= _DAY_MS else kind


class Resources:
    """The resources of the host, what is to be answered, and the observers."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine
        self._handlers: "dict[str, tuple[Answerer, bool]]" = {}
        self._recent = Recent(engine)
        self._number = 0  # of the last notification
        self.answers: "list[Answer]" = []
        self.observers: "list[Observer]" = []

    def paths(self) -> "list[str]":
        """Those that the module has to know."""
        return list(self._handlers)

    def set(self, path: str, handler: "Answerer", observable: bool) -> None:
        self._handlers[path] = (handler, observable)

    def remove(self, path: str) -> None:
        """From now on 4.04 is answered; nobody is told of changes any more."""
        self._handlers.pop(path, None)
        self.observers = [one for one in self.observers if one.path != path]

    def clear(self) -> None:
        self._handlers.clear()
        self.observers = []
        self.answers = []

    # --- requests -----------------------------------------------------------------------------------------------

    def request(self, message: "CoapMessage", hand: "Callable[[Answerer, CoapMessage], object]") -> None:
        """Answer a request; hand(handler, message) calls a handler.  What that raises is raised, and 5.00 is sent."""
        if message.type not in (CON, NON) or not is_address(message.peer[0]):
            self._engine.stats.unknown = (self._engine.stats.unknown + 1) & _MASK  # and it cannot be answered
            return
        if self._recent.has(message):
            self._again(message)
        elif len(self.answers) >= _ANSWERS:
            self._engine.stats.no_slot = (self._engine.stats.no_slot + 1) & _MASK  # it comes again
        else:
            self._answer(message, hand)

    def _again(self, message: "CoapMessage") -> None:
        """The answer to a CON may have been lost; a doubled NON is passed over (RFC 7252, 4.2 and 4.3)."""
        answer = self._recent.answer(message)
        if message.type == CON and answer is not None and answer not in self.answers:
            self.answers.append(answer)

    def _answer(self, message: "CoapMessage", hand: "Any") -> None:
        answer = Answer(message, self._engine.epoch)
        self._recent.note(message, answer)
        handler, observable = self._handlers.get(message.path or "/", (_not_found, False))
        try:
            code, pairs, payload = answer_of(hand(handler, message) if 1 <= message.code <= 4 else 405)
            check_line(pairs, len(self._engine.cmd.tx) - _OBSERVE_PART)
            answer.set(code, pairs, payload)
            if message.code == _GET and message.observe is not None:
                self._observe(message, answer, observable)
        finally:
            self.answers.append(answer)

    def next(self, waits: bool) -> "Answer | None":
        """The next answer that can be sent: those that are no ACK have to wait for a CON under way (R434)."""
        for answer in self.answers:
            if answer.kind == ACK or not waits:
                self.answers.remove(answer)
                return answer
        return None

    # --- who observes -------------------------------------------------------------------------------------------

    def _observe(self, message: "CoapMessage", answer: Answer, observable: bool) -> None:
        """Observe 0 in a GET adds the sender, all else removes it; the answer says whether it was added."""
        self.drop(message.peer, message.token)
        if not observable or message.observe or answer.code // 100 != 2:
            return
        if len(self.observers) < _OBSERVERS and len(answer.pairs) < 12:
            self.observers.append(Observer(message.path or "/", message.peer, message.token, self._engine.now))
            answer.pairs.insert(0, (OBSERVE, str(self.number())))

    def number(self) -> int:
        """Notifications count up, so that an observer knows which one is newer."""
        self._number = (self._number + 1) & 0xFFFFFF
        return self._number

    def drop(self, peer: "tuple[str, int]", token: bytes) -> None:
        """This one does not observe any more."""
        self.observers = [one for one in self.observers if one.peer != peer or one.token != token]

    def reset(self, message: "CoapMessage") -> None:
        """A notification was answered with RST: its observer has gone."""
        self.observers = [one for one in self.observers if one.msgid != message.msgid or one.peer != message.peer]


def _not_found(message: "CoapMessage") -> int:
    return 404


# --- what the host observes -----------------------------------------------------------------------------------------


class Observation:
    """A resource of a server that the host observes."""

    def __init__(self, request: "Any", handler: "Answerer", first: "CoapMessage", engine: "Engine", made: int) -> None:
        self.request = request
        self.handler = handler
        self._engine = engine
        self.restart(first, made)

    def restart(self, message: "CoapMessage", made: int) -> None:
        """The server has said that it sends notifications from this one on, to this context of the module."""
        self.made = made
        self._set(message)

    def _set(self, message: "CoapMessage") -> None:
        self._number = message.observe or 0
        self._at = self._engine.now

    def is_newer(self, message: "CoapMessage") -> bool:
        """False for one that was overtaken by a later one (RFC 7641, 3.4)."""
        ahead = (message.observe or 0) - self._number & 0xFFFFFF
        if 0 < ahead < 0x800000 or ticks_diff(self._engine.now, self._at) > 128_000:
            self._set(message)
            return True
        return False


class Observations:
    """One for each server: the URC has no token, so two of one server could not be told apart (R433)."""

    def __init__(self) -> None:
        self._all: "list[Observation]" = []

    def of(self, peer: "tuple[str, int]") -> "Observation | None":
        for one in self._all:
            if one.request.peer == peer:
                return one
        return None

    def has(self, one: Observation) -> bool:
        return one in self._all

    def check_free(self, peer: "tuple[str, int]") -> None:
        """CoapError if a second one of this server would begin."""
        if self.of(peer):
            raise CoapError(
                EADDRINUSE, "%s:%d is observed already, and its notifications could not be told apart" % peer
            )

    def check(self, request: "Any") -> bool:
        """The same, but an observation that there is may be made anew, by a request that is equal to its own.

        True if there is none.
        """
        one = self.of(request.peer)
        if one is not None and one.request.pairs[1:] != request.pairs:  # the first option is Observe
            self.check_free(request.peer)
        return one is None

    def add(self, one: Observation) -> None:
        self._all.append(one)

    def remove(self, one: Observation) -> None:
        if one in self._all:
            self._all.remove(one)

    def clear(self) -> None:
        self._all = []

    def lost(self, made: int) -> "list[Observation]":
        """Those that this context of the module does not know."""
        return [one for one in self._all if one.made != made]
