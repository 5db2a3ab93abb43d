"""The connection table: one slot per connection the caller may have open at once."""

from ._compat import Ladder, const
from .ring import Ring

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from .models.base import Dialect

    NO_DIALECT: Dialect
else:
    NO_DIALECT = None  # until a socket takes the slot; nobody asks it before

# Slot.state
FREE = const(0)  # nobody has it
TAKEN = const(1)  # a socket has it; nothing is open at the module
OPENING = const(2)  # the open was sent, its result is awaited
OPEN = const(3)
HALF = const(4)  # the other side has closed; what the module still holds is read first
ENDED = const(5)  # the other side has closed and everything was read
FAILED = const(6)  # err and code say why; nothing is delivered any more
CLOSING = const(7)  # given back by its socket; the close command is still to be done

# Slot.kind
STREAM = const(1)
DGRAM = const(2)
LISTENER = const(3)
MESSAGES = const(4)  # CoAP: a record is a header line and its payload

# Slot.sending, and Slot.query: an answer is SENT there, a refusal REFUSED
QUIET = const(0)
QUEUED = const(1)  # accepted into the transmit store
UNDERWAY = const(2)  # its command was sent
SENT = const(3)  # SEND OK
REFUSED = const(4)  # err and code say why

# Engine.asleep
AWAKE = const(0)
ASLEEP = const(1)  # the module is in deep sleep, or may be at any time: nothing is sent
ROUSED = const(2)  # it is being woken: only who wakes it sends

BUFFER = const(0)
PUSH = const(1)
TRANSPARENT = const(2)

# Slot.form: how a part is sent
ENTRY = const(0)  # behind a prompt
INLINE = const(1)  # in quotes on the command line
HEX = const(2)  # the same as hex digits

# As the socket module numbers them
SOCK_STREAM = const(1)
SOCK_DGRAM = const(2)
AF_INET = const(2)
AF_INET6 = const(10)

LADDER_BITS = const(9)  # bulk copies to an offset go in pieces of up to 512 bytes


class Slot:
    """State, receive ring and wants of one connection.  Owned by the engine; a socket borrows it for one generation."""

    __slots__ = (
        "af", "again", "asked", "cid", "code", "coming", "dgram_at", "dialect", "err", "form", "gen", "hungry", "index",
        "kind", "lport", "mode", "more", "npeer", "opened", "parent", "pdp", "peer", "pport", "query", "ring",
        "sending", "server", "service", "state", "ticket", "tls", "to", "to_port", "told", "told_mode", "wake",
        "want_close",
    )  # fmt: skip

    def __init__(self, index: int, size: int, ladder: Ladder) -> None:
        self.index = index
        self.ring = Ring(size, ladder)
        self.gen = 0  # counts the owners, so that a stale socket is told from the new one
        self.peer = bytearray(48)  # address text of an incoming connection, or of who sent the last datagram
        self.state = FREE
        self.reset()

    def reset(self) -> None:
        """As if nobody had ever used it; only the generation goes on."""
        self.cid = -1  # the module's connection id
        self.kind = STREAM
        self.mode = BUFFER
        self.dialect = NO_DIALECT  # how its commands are spelled
        self.af = AF_INET
        self.lport = 0  # local port that was asked for, 0: the module's choice
        self.pdp = 1  # PDP context
        self.tls = -1  # TLS context of the module, -1: none
        self.more = False  # the module has said that it holds data
        self.again = False  # it said so while a read was in flight
        self.asked = 0  # bytes that the read in flight has asked for
        self.opened = -1  # result of the open URC, -1 before it
        self.sending = QUIET
        self.query = QUIET  # of its state
        self.told = 0  # its state as the module numbers it (R092, R139), by its last answer or URC
        self.told_mode = -1  # access mode and ...
        self.server = -1  # ... server id, by the last answer to a state query
        self.err = 0
        self.code = 0
        self.want_close = 0  # so often its close may be sent until it has an answer
        self.form = ENTRY
        self.ticket = 0  # when it was turned away with a part to send, 0: it was not
        self.hungry = False  # somebody waits for its data
        self.service = 0  # UDP SERVICE: what the peer of each datagram takes in the ring at most, else 0
        self.to = b""  # address and port that its next one goes to; of others, that they were opened to
        self.to_port = 0
        self.parent = -1  # connection id of the listener it came in at, until it is accepted
        self.npeer = 0
        self.pport = 0
        self.dgram_at = -1  # where in the ring the length of the datagram being received stands
        self.coming = 0  # bytes of the payload being received
        self.wake = False  # something changed since a face last looked
        self.ring.clear()

    def fail(self, err: int, code: int = 0) -> None:
        """Nothing is delivered but what was whole before.  The first reason stays."""
        if self.state in (FREE, CLOSING, FAILED):
            return
        self.state = FAILED
        self.err = err
        self.code = code
        self.more = False
        self.ticket = 0
        self.ring.undo()
        self.dgram_at = -1
        self.wake = True


class Table:
    """All slots, and which connection id has which."""

    def __init__(self, slots: int, size: int, ids: int) -> None:
        ladder = Ladder(LADDER_BITS)
        self.slots = [Slot(i, size, ladder) for i in range(slots)]
        self.nobody = Slot(-1, 2, ladder)  # stands in for ids that nobody here knows; its state never matters
        self._by_id = [self.nobody] * ids

    def at(self, cid: int) -> Slot:
        """The slot of a connection id; nobody for an unknown one."""
        if 0 <= cid < len(self._by_id):
            return self._by_id[cid]
        return self.nobody

    def ids(self) -> int:
        return len(self._by_id)

    def take(self) -> "Slot | None":
        """A free slot for a new owner, or None."""
        for slot in self.slots:
            if slot.state == FREE:
                slot.reset()
                slot.gen = (slot.gen + 1) & 0x3FFFFFFF
                slot.state = TAKEN
                return slot
        return None

    def bind(self, slot: Slot, cid: int) -> None:
        self._by_id[cid] = slot
        slot.cid = cid

    def unbind(self, slot: Slot) -> None:
        """The id is free at the module; the slot keeps its number for the last error."""
        if 0 <= slot.cid < len(self._by_id) and self._by_id[slot.cid] is slot:
            self._by_id[slot.cid] = self.nobody
        slot.cid = -1
        slot.told = 0

    def free_id(self) -> int:
        """A connection id that no slot has, or -1."""
        for cid in range(len(self._by_id)):
            if self._by_id[cid] is self.nobody:
                return cid
        return -1

    def woken(self) -> bool:
        """True if a slot has changed since this was asked last; that a deadline is over moves no byte."""
        woken = False
        for slot in self.slots:
            woken = woken or slot.wake
            slot.wake = False
        return woken

    def fail_all(self, err: int, code: int = 0) -> None:
        """A new epoch: whatever was open is gone, and so are the ids.  The engine frees what is being closed."""
        k = len(self.slots)
        while k:  # `for` takes four words more
            k -= 1
            self._fail(self.slots[k], err, code)

    def fail_context(self, pdp: int, err: int, code: int) -> None:
        """A PDP context is gone, and its connections with it; 0: all contexts."""
        k = len(self.slots)
        while k:
            k -= 1
            if not pdp or self.slots[k].pdp == pdp:
                self._fail(self.slots[k], err, code)

    def fail_streams(self, err: int) -> None:
        """What does not survive deep sleep is gone: TCP connections and listeners (R121)."""
        k = len(self.slots)
        while k:
            k -= 1
            if self.slots[k].kind != DGRAM:
                self._fail(self.slots[k], err, 0)

    def lose(self, slot: Slot, err: int) -> None:
        """The module does not know this connection any more."""
        self._fail(slot, err, 0)

    def _fail(self, slot: Slot, err: int, code: int) -> None:
        if slot.state != FREE and slot.state != TAKEN:
            slot.fail(err, code)
            self.unbind(slot)
            if slot.parent >= 0:  # nobody has accepted it, and nobody can any more
                slot.parent = -1
                slot.state = CLOSING
                slot.want_close = 1
