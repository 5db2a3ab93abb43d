"""Bytes in: the parser is fed, counted payloads go into the rings, headers arm the count."""

from errno import EIO

from ._compat import const, ticks_add
from .command import FETCH, READ, RUN, Command
from .heads import MORE, PLAIN, coap_head, count
from .parser import DATA, END, HEAD, LINE, LONG, LOST, PROMPT, Parser
from .table import AWAKE, FAILED, HALF, OPEN, PUSH, STREAM, Table
from .text import Fields, hex_digit, masked

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from ._types import Line, Trace
    from .models.base import Family
    from .table import Slot

_MASK = const(0x3FFFFFFF)


class Stats:
    """Counters of one modem; plain ints that wrap at 2**30."""

    NAMES = (
        "rx_bytes", "tx_bytes", "lines", "urcs", "unknown", "long_lines", "noise", "framing", "late", "timeouts",
        "resyncs", "rx_lost", "dgram_cut", "send_fail", "epochs", "no_slot", "opens",
    )  # fmt: skip

    def __init__(self) -> None:
        self.rx_bytes = self.tx_bytes = self.lines = self.urcs = self.unknown = self.long_lines = 0
        self.noise = self.framing = self.late = self.timeouts = self.resyncs = self.rx_lost = 0
        self.dgram_cut = self.send_fail = self.epochs = self.no_slot = self.opens = 0


class Intake:
    """State of the receiving half of the engine, and its way from the UART to the rings."""

    def __init__(self, family: "Family", slots: int, rx_ring: int, tx_buf: int, line_buf: int) -> None:
        self.family = family
        self.table = Table(slots, rx_ring, family.connections)
        self.parser = Parser(line_buf or family.line_buf)
        self.parser.inline = family.inline
        self.cmd = Command(tx_buf or family.tx_buf)
        self.fields = Fields()
        self.stats = Stats()
        self.now = 0
        self.away = 0  # milliseconds, mod 2**30, of long pauses between two turns: they do not count for a Limit
        self.holds = False  # a line of the board is pulled, until held_until
        self.held_until = 0
        self.touched = True  # bytes came in since the last tick
        self.live = False  # a command is in flight, and the line that has come may belong to it
        self.epoch = 0  # counts the restarts of the module
        self.into = self.table.nobody  # whose payload is being counted
        self.owner = self.table.nobody  # in transparent mode: the UART is its, and all that comes
        self.messages = self.table.nobody  # the slot that CoAP messages go to
        self.pending = self.table.nobody  # its SEND OK is still to come (NB families)
        self.late_head = b""  # header of a read that was given up: its answer may still come
        self.late_file = 0  # length of a file whose CONNECT had not come at the deadline
        self.late_prompt = False  # a prompt or CONNECT that comes now still gets its payload
        self.asking = False  # the answer to a query of resync.py may come
        self.ending = 0  # what is awaited behind a pushed payload; see framing.py
        self.unframed = False  # URCs are not believed: they may be bytes of a payload
        self.begun = False  # the header of a payload has come since the last tick
        self.entry_at = -1  # a prompt has, or start() was called: the engine's time was this
        self.watched: "dict[bytes, list[bytes]]" = {}  # prefix -> list that gets each such URC as bytes
        self.awaited: "dict[bytes, list[bytes]]" = {}  # the same for who waits for a result behind OK, and first
        self.asleep = AWAKE  # else nothing is sent; see table.py
        self.slept = False  # +QATSLEEP was the last that it said of itself (R219)
        self.may_sleep = False  # the application has allowed it
        self.psm = False  # and power saving mode: PSM POWER DOWN is how it begins
        self.naps = 0  # counts how often nothing was to be sent from then on
        self.stat = -1  # registration by the last answer or URC (27.007), -1: nobody has said anything
        self.port = 0  # local port that a UDP service was given last
        self.pdp = 1  # the PDP context that bring-up has brought up last ...
        self.pdp_lost = False  # ... and pdpdeact came for it
        self.echo_off = False  # the module was told so: only a restart switches it on again
        self.view = 0  # viewmode and showlength, as the last answer to AT+QICFG said (R199, R200)
        self.show = 0
        self.trace: "Trace | None" = None
        self._hexed = bytearray(1)  # the payload comes as hex digits
        self._nibble = -1  # first digit of a pair that a read has cut
        self._bytes = bytearray(64)

    def take(self) -> "Slot | None":
        """A free slot for a new owner; None, and counted, when all are in use."""
        slot = self.table.take()
        if slot is None:
            self.stats.no_slot = (self.stats.no_slot + 1) & _MASK
        return slot

    # --- bytes in -----------------------------------------------------------------------------------------------

    def receive(self, buf: "Line", n: int) -> None:
        """Take n bytes from buf.  Never raises for what the module said."""
        self.touched = True
        self.stats.rx_bytes = (self.stats.rx_bytes + n) & _MASK
        p = self.parser
        p.pos = 0
        while self._event(p, p.feed(buf, n)) if self.owner.index < 0 else self._raw(p, buf, n):
            pass

    def _event(self, p: Parser, ev: int) -> int:
        if self.ending and ev:
            self._line_behind(ev)
        if ev == DATA:
            self._data(self.into, p)
        elif ev == LINE:
            self._line(p.buf, p.a, p.b)
        elif ev == HEAD:
            self._head(p)
        elif ev == PROMPT:
            self._prompt()
        elif ev == END:
            self._complete(self.into)
        elif ev == LOST:
            self._lost()
        elif ev == LONG:
            self._stray_bytes()
        return ev

    # --- payloads -----------------------------------------------------------------------------------------------

    def _arm(self, slot: "Slot", n: int) -> None:
        """The next n bytes belong to slot, if it takes them; else they are counted as lost."""
        self._hexed[0] = 0
        self.begun = True
        self._put_off(n)
        self.into = slot if self._takes(slot, n) else self.table.nobody
        if self.into is self.table.nobody:
            self.stats.rx_lost = (self.stats.rx_lost + n) & _MASK
        elif slot.kind != STREAM:
            if slot.service:
                self._sender(slot)
            slot.dgram_at = slot.ring.begin()

    def _put_off(self, n: int) -> None:
        """The answer to the command in flight waits behind a payload of n bytes: its deadline gets their wire time."""
        c = self.cmd
        n = min(n, c.ahead)
        c.ahead -= n
        c.deadline = ticks_add(c.deadline, self.wire_ms(n))

    def _takes(self, slot: "Slot", n: int) -> bool:
        if slot.state == OPEN or slot.state == HALF:
            if slot.service:
                n += slot.npeer + 4
            return slot.kind == STREAM or slot.ring.room() >= n + 2
        return False

    def _sender(self, slot: "Slot") -> None:
        """Who has sent the datagram that comes, as a record in front of it: address, and two bytes of port."""
        at = slot.ring.begin()
        slot.ring.put(slot.peer, 0, slot.npeer)
        self._bytes[0] = slot.pport >> 8
        self._bytes[1] = slot.pport & 255
        slot.ring.put(self._bytes, 0, 2)
        slot.ring.end(at, slot.npeer + 2)

    def _data(self, slot: "Slot", p: Parser) -> None:
        n = p.b - p.a
        if self._hexed[0]:
            self._unhex(p.buf, p.a, p.b)
        elif slot.index < 0:
            if self.cmd.kind == FETCH:
                self._fetched(p)
        elif slot.ring.put(p.buf, p.a, n) < n:
            self._overrun(slot, n)

    def _overrun(self, slot: "Slot", n: int) -> None:
        """A full ring in direct push mode is loss, and loss is never silent."""
        self.stats.rx_lost = (self.stats.rx_lost + n) & _MASK
        self.into = self.table.nobody
        slot.fail(EIO)

    def _complete(self, slot: "Slot") -> None:
        """A payload is whole: only now can its bytes be taken, those of a read at its OK.

        A payload that is short by as many bytes as its line ends have eats these, and the OK does not come.
        """
        if slot.dgram_at >= 0:
            slot.ring.end(slot.dgram_at, slot.coming)
            slot.dgram_at = -1
        if self.cmd.state == RUN and self.cmd.kind == READ and self.cmd.slot is slot:
            pass
        elif slot.mode == PUSH:
            self._pushed(slot)
        else:
            self._commit(slot)
        if self.trace:
            self._say("<<", b"<%d bytes>" % slot.coming)

    def _commit(self, slot: "Slot") -> None:
        if slot.state == FAILED:
            slot.ring.undo()  # it failed in this payload: what came before is not whole
        slot.ring.commit()
        slot.wake = True

    def _unhex(self, buf: "Line", a: int, b: int) -> None:
        """Hex digits into the ring; a pair may be split by a read."""
        k = 0
        while a < b:
            v = hex_digit(buf[a])
            if v < 0:
                self._not_hex(buf, a)
                return
            if self._nibble < 0:
                self._nibble = v & 15
            else:
                self._bytes[k] = self._nibble << 4 | v & 15
                self._nibble = -1
                k += 1
            if k == 64:
                self.into.ring.put(self._bytes, 0, k)
                k = 0
            a += 1
        self.into.ring.put(self._bytes, 0, k)

    def _not_hex(self, buf: "Line", a: int) -> None:
        """Digits are missing.  What stands here may end their line already."""
        self.stats.framing = (self.stats.framing + 1) & _MASK
        self.into.fail(EIO)
        p = self.parser
        p.abandon()
        if buf is not p.line:
            p.pos = a

    # --- headers on one line with their payload -----------------------------------------------------------------

    def _head(self, p: Parser) -> None:
        f = self.fields
        f.set(p.buf, p.a, p.b)
        n = self._inline(f)
        if n == PLAIN:
            p.plain()
        elif n == MORE:
            p.more()
        else:
            if self.trace:
                self._say("<<", bytes(p.buf[p.a : f.a]))
            p.arm_at(f.a, n)

    def _inline(self, f: Fields) -> int:
        if f.skip(b"+QCOAPURC:"):
            return self._message_head(f)
        if f.skip(b"+QIRD:"):
            return self._read_head(f)
        f.skip(b'+QIURC: "recv",')  # the parser offers no others
        return self._push_head(f)

    def _message_head(self, f: Fields) -> int:
        a = f.a
        n = coap_head(f, self._hexed)
        if n < 0:
            return n
        if self.unframed:
            return PLAIN
        if not self._believed(self.messages, n):
            return PLAIN
        hexed = self._hexed[0]
        self._header(f, a, n)
        self._hexed[0] = hexed
        self._nibble = -1
        if hexed:
            self._put_off(n)
            n <<= 1
        return n

    def _peer_ahead(self, slot: "Slot", f: Fields) -> int:
        """`"<ip>",<port>,` in front of a payload on the same line: 0, or MORE while it is not whole."""
        a = f.a
        if not (f.next() and f.next()):
            return MORE
        b = f.a
        f.a = a
        self._peer(slot, f)
        f.a = b
        return 0

    def _header(self, f: Fields, a: int, n: int) -> None:
        """Keep a message's header as a record of its own, then expect its n bytes."""
        slot = self.messages
        self._urc_seen()
        if slot.index >= 0 and slot.ring.room() >= f.a - a + n + 4:
            slot.dgram_at = slot.ring.begin()
            slot.ring.put(f.buf, a, f.a - a)
            slot.ring.end(slot.dgram_at, f.a - a)
            self._arm(slot, n)
            slot.coming = n
        else:
            self._arm(self.table.nobody, n)
            if not n:  # its header is all there is
                self.stats.rx_lost = (self.stats.rx_lost + f.a - a) & _MASK

    def _read_head(self, f: Fields) -> int:
        """`<n>[,<remaining>],` and then the payload; a caller's own read is answered with a line."""
        own = self.cmd.state == RUN and self.cmd.kind == READ
        if not own and not self.late_head:
            return PLAIN
        n = count(f)
        rest = count(f) if n > 0 and self.show else 0
        if own and n > 0 and self.cmd.slot.service:
            rest = self._peer_ahead(self.cmd.slot, f)
        if n <= 0 or rest < 0:
            return min(n, rest) if n else PLAIN
        if not own:
            return n if self._late_payload(n) else PLAIN
        self._headed()
        return n if self._asked(n) else PLAIN

    def _push_head(self, f: Fields) -> int:
        cid = count(f)
        slot = self.table.at(cid)
        if slot.mode != PUSH or self.unframed:
            return MORE if cid == MORE else PLAIN
        n = count(f)
        if not n or n > self.family.packet_max:
            return PLAIN  # refused as a line
        if n > 0 and slot.service and self._peer_ahead(slot, f):
            return MORE
        if n > 0:
            self._urc_seen()
            self._expect(slot, n)
        return n

    def _believed(self, slot: "Slot", n: int) -> bool:
        """False if no packet is so long: a digit was damaged, and nobody knows where the payload ends."""
        if n <= self.family.packet_max:
            return True
        self.stats.framing = (self.stats.framing + 1) & _MASK
        slot.fail(EIO)
        self._unframe()
        return False

    def _say(self, direction: str, data: bytes) -> None:
        if self.trace:
            self.trace(direction, memoryview(masked(data)), self.now)

    # --- what the other halves do -------------------------------------------------------------------------------

    def _line(self, buf: "Line", a: int, b: int) -> None:  # lines.py
        raise NotImplementedError

    def _asked(self, n: int) -> bool:
        raise NotImplementedError

    def _late_payload(self, n: int) -> bool:
        raise NotImplementedError

    def wire_ms(self, n: int) -> int:  # sending.py
        raise NotImplementedError

    def _pushed(self, slot: "Slot") -> None:  # framing.py
        raise NotImplementedError

    def _line_behind(self, ev: int) -> None:
        raise NotImplementedError

    def _headed(self) -> None:
        raise NotImplementedError

    def _lost(self) -> None:
        raise NotImplementedError

    def _stray_bytes(self) -> None:
        raise NotImplementedError

    def _unframe(self) -> None:
        raise NotImplementedError

    def _raw(self, p: Parser, buf: "Line", n: int) -> bool:  # transparent.py
        raise NotImplementedError

    def _peer(self, slot: "Slot", f: Fields) -> bool:  # urcs.py
        raise NotImplementedError

    def _expect(self, slot: "Slot", n: int) -> None:
        raise NotImplementedError

    def _prompt(self) -> None:  # engine.py
        raise NotImplementedError

    def _fetched(self, p: Parser) -> None:
        raise NotImplementedError

    def out_of_step(self) -> None:
        raise NotImplementedError

    def _ended(self, result: int) -> None:  # agenda.py
        raise NotImplementedError

    def _urc_seen(self) -> None:
        self.stats.urcs = (self.stats.urcs + 1) & _MASK
