"""The module's CoAP endpoint: one UDP port, RFC 7252 retransmission on the module's clock, matching, dedupe.

aiocoap encodes and decodes; its own message layer is not used, because here the AT commands dictate message
id, token and type. What comes in is told as reports; the command layer makes URCs of them.
"""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

import aiocoap
from aiocoap.numbers.optionnumbers import OptionNumber
from aiocoap.optiontypes import OpaqueOption

from .clock import Clock, Timer
from .coap_text import ACK, CON, NON, OBSERVE, RST, Message

IDLE, WAITING, FAILED, TIMEOUT, SUCCESS, RESET = 0, 1, 2, 3, 4, 5  # R250

ACK_TIMEOUT_MS, RANDOM_FACTOR, MAX_RETRANSMIT = 2000, 1.5, 4  # RFC 7252 4.8, R429
RESPONSE_WAIT_MS = 93000  # MAX_TRANSMIT_WAIT: for a response after an empty ACK
LIFETIME_MS = 247000  # EXCHANGE_LIFETIME: a message id is not new again before
_REMEMBERED = 64

Peer = tuple[str, int]


def encode(message: Message) -> bytes:
    """The datagram of a message."""
    wire = aiocoap.Message(
        _mtype=aiocoap.Type(message.type),
        _mid=message.msgid,
        code=aiocoap.Code(message.code),
        _token=message.token,
        payload=message.payload,
    )
    for name, value in message.options:
        wire.opt.add_option(OpaqueOption(OptionNumber(name), value))
    return cast(bytes, wire.encode())


def decode(data: bytes) -> "Message | None":
    """The message in a datagram; None: it is none, and is dropped."""
    if not data or data[0] & 15 > min(8, len(data) - 4):  # aiocoap takes longer tokens, and cut ones
        return None
    try:
        wire = aiocoap.Message.decode(data)
    except (aiocoap.error.UnparsableMessage, ValueError):
        return None
    options = tuple((int(one.number), bytes(one.encode())) for one in wire.opt.option_list())
    return Message(int(wire.mtype), int(wire.code), wire.mid, wire.token, options, wire.payload)


@dataclass(frozen=True)
class Choices:
    """What the document leaves open, as the module's options have it."""

    show_empty_ack: bool = False  # R432
    no_answer: int = TIMEOUT  # status when no answer has come (R250, R429)
    own_404: bool = True  # the module answers for paths that nobody has (R431)
    dedupe: bool = True
    show_rst_to_non: bool = False  # R259


@dataclass
class Exchange:
    """A message of the host that something may still come back to."""

    peer: Peer
    message: Message
    wait_ms: float = 0
    sent: int = 0
    timer: "Timer | None" = None

    @property
    def observes(self) -> bool:
        """Notifications come to the same token for ever (RFC 7641)."""
        return self.message.is_request and self.message.number(OBSERVE) == 0

    def stop(self) -> None:
        """No retransmission and no time-out any more."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


@dataclass
class Seen:
    """An incoming message: when it came and what was answered, for its duplicates."""

    at_ms: int
    reply: "bytes | None" = None


class CoapEndpoint(asyncio.DatagramProtocol):
    """The CoAP context of AT+QCOAPCREATE. `report(kind, message, peer)`: kind is "rsp" or "req"."""

    def __init__(
        self,
        clock: Clock,
        rng: random.Random,
        report: "Callable[[str, Message, Peer], None]",
        knows: "Callable[[str], bool]",
        choices: Choices = Choices(),
    ) -> None:
        """`knows(path)`: is it a resource of the host? Others are answered with 4.04 by the module (R431)."""
        self._clock = clock
        self._rng = rng
        self._report = report
        self._knows = knows
        self._choices = choices
        self._transport: "asyncio.DatagramTransport | None" = None
        self._current: "Exchange | None" = None  # the CON that the status is about
        self._others: "list[Exchange]" = []  # NON requests and observations, by token
        self._sent_non: "list[tuple[Peer, int]]" = []
        self._seen: "OrderedDict[tuple[Peer, int], Seen]" = OrderedDict()
        self.status = IDLE
        self.next_msgid = rng.randrange(65536)

    async def open(self, local_port: int, host: str = "127.0.0.1") -> None:
        """Binds the port. One that is taken on this machine is replaced by any, as behind a carrier's NAT."""
        loop = asyncio.get_running_loop()
        try:
            await loop.create_datagram_endpoint(lambda: self, local_addr=(host, local_port))
        except OSError:
            await loop.create_datagram_endpoint(lambda: self, local_addr=(host, 0))

    @property
    def bound_port(self) -> int:
        """The port on this machine, 0 when closed."""
        return 0 if self._transport is None else int(self._transport.get_extra_info("sockname")[1])

    def close(self) -> None:
        """Forgets everything and gives the port back."""
        for one in [self._current, *self._others]:
            if one is not None:
                one.stop()
        self._current, self._others, self.status = None, [], IDLE
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def draw_msgid(self) -> int:
        """The module's own message ids count up from a random one."""
        drawn = self.next_msgid
        self.next_msgid = (drawn + 1) & 0xFFFF
        return drawn

    def draw_token(self) -> bytes:
        """A random token of 8 bytes."""
        return self._rng.randbytes(8)

    # -- sending -------------------------------------------------------------------------------

    def send(self, message: Message, peer: "Peer | None") -> None:
        """Sends a message of the host; `peer` None: there is no way to it (status 2 for a CON)."""
        if message.type == CON:
            self._begin(message, peer)
        elif peer is not None:
            self._transmit(message, peer)
            self._remember(message, peer)

    def _begin(self, message: Message, peer: "Peer | None") -> None:
        self._retire()
        if peer is None:
            self.status = FAILED
            return
        wait_ms = ACK_TIMEOUT_MS * self._rng.uniform(1, RANDOM_FACTOR)
        self._current = Exchange(peer, message, wait_ms)
        self.status = WAITING
        self._retransmit()

    def _retransmit(self) -> None:
        one = self._current
        if one is None:
            return
        if one.sent > MAX_RETRANSMIT:
            self._finish(self._choices.no_answer)
            return
        self._transmit(one.message, one.peer)
        one.sent += 1
        one.timer = self._clock.call_later(int(one.wait_ms), self._retransmit)
        one.wait_ms *= 2

    def _retire(self) -> None:
        """The last CON makes room for the next; if it observes, its token stays known."""
        if self._current is not None:
            self._current.stop()
            if self._current.observes:
                self._keep(self._current)
            self._current = None

    def _finish(self, status: int) -> None:
        self.status = status
        if self._current is not None:
            self._current.stop()
            if not self._current.observes:
                self._current = None

    def _remember(self, message: Message, peer: Peer) -> None:
        """A NON request waits for its token; an answer is kept for the duplicates of its request."""
        if message.type == NON:
            self._sent_non = [*self._sent_non, (peer, message.msgid)][-_REMEMBERED:]
        if message.type == NON and message.is_request:
            self._keep(Exchange(peer, message))
        seen = self._seen.get((peer, message.msgid))
        if seen is not None and message.type in (ACK, RST):
            seen.reply = encode(message)

    def _keep(self, one: Exchange) -> None:
        same = (one.peer, one.message.token)
        self._others = [old for old in self._others if (old.peer, old.message.token) != same]
        self._others = (self._others + [one])[-_REMEMBERED:]

    def _transmit(self, message: Message, peer: Peer) -> None:
        self._wire(encode(message), peer)

    def _wire(self, data: bytes, peer: Peer) -> None:
        if self._transport is not None:
            self._transport.sendto(data, peer)

    def _empty(self, kind: int, message: Message, peer: Peer) -> None:
        self._transmit(Message(kind, 0, message.msgid), peer)

    # -- receiving -----------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: "tuple[str | object, int]") -> None:
        message, peer = decode(data), (str(addr[0]), addr[1])
        if message is None:
            return
        if message.type == ACK:
            self._acknowledged(message, peer)
        elif message.type == RST:
            self._reset(message, peer)
        elif message.code == 0:
            if message.type == CON:  # a ping
                self._empty(RST, message, peer)
        elif not self._duplicate(message, peer):
            self._fresh(message, peer)

    def _is_current(self, message: Message, peer: Peer) -> bool:
        one = self._current
        return one is not None and (one.peer, one.message.msgid) == (peer, message.msgid)

    def _acknowledged(self, message: Message, peer: Peer) -> None:
        one = self._current
        if one is None or one.timer is None or not self._is_current(message, peer):
            return  # late or foreign
        if message.is_response:
            if message.token == one.message.token:
                self._finish(SUCCESS)
                self._report("rsp", message, peer)
        elif message.code == 0:
            self._empty_ack(one, message)

    def _empty_ack(self, one: Exchange, message: Message) -> None:
        """The response to a request comes later (R432); a response of the host is done with it."""
        if not one.message.is_request:
            self._finish(SUCCESS)
            return
        one.stop()
        one.timer = self._clock.call_later(RESPONSE_WAIT_MS, lambda: self._finish(self._choices.no_answer))
        if self._choices.show_empty_ack:
            self._report("rsp", message, one.peer)

    def _reset(self, message: Message, peer: Peer) -> None:
        if self._is_current(message, peer) and self.status == WAITING:
            self._finish(RESET)
            self._report("rsp", replace(message, code=0), peer)
        elif self._choices.show_rst_to_non and (peer, message.msgid) in self._sent_non:
            self._report("rsp", replace(message, code=0), peer)

    def _duplicate(self, message: Message, peer: Peer) -> bool:
        """Answers a message that came before as then, without telling the host."""
        now_ms, key = self._clock.now_ms(), (peer, message.msgid)
        seen = self._seen.get(key)
        if seen is not None and now_ms - seen.at_ms < LIFETIME_MS and self._choices.dedupe:
            if seen.reply is not None:
                self._wire(seen.reply, peer)
            return True
        self._seen[key] = Seen(now_ms)
        self._seen.move_to_end(key)
        while len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return False

    def _fresh(self, message: Message, peer: Peer) -> None:
        if message.is_response:
            self._response(message, peer)
        elif message.is_request and (self._knows(message.path) or not self._choices.own_404):
            self._report("req", message, peer)
        elif message.is_request:
            self._not_found(message, peer)

    def _response(self, message: Message, peer: Peer) -> None:
        """A separate response, the response to a NON, or a notification."""
        known = self._by_token(message, peer)
        if message.type == CON:
            self._answer(Message(ACK if known else RST, 0, message.msgid), message, peer)
        if known:
            self._report("rsp", message, peer)

    def _by_token(self, message: Message, peer: Peer) -> bool:
        one = self._current
        if one is not None and one.message.is_request and (one.peer, one.message.token) == (peer, message.token):
            if one.timer is not None:
                self._finish(SUCCESS)
                return True
            if one.observes:
                return True
        for other in self._others:
            if (other.peer, other.message.token) == (peer, message.token):
                if not other.observes:
                    self._others.remove(other)
                return True
        return False

    def _not_found(self, message: Message, peer: Peer) -> None:
        if message.type == CON:
            self._answer(Message(ACK, 0x84, message.msgid, message.token), message, peer)
        else:
            self._transmit(Message(NON, 0x84, self.draw_msgid(), message.token), peer)

    def _answer(self, answer: Message, message: Message, peer: Peer) -> None:
        data = encode(answer)
        self._seen[(peer, message.msgid)].reply = data
        self._wire(data, peer)
