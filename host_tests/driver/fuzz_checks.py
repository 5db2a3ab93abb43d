"""What was delivered, compared with what came over the wire: read anew here, not with the driver's own parser."""

from errno import ETIMEDOUT

from fuzz_module import digits_at
from fuzz_wire import Violation
from quectel.table import ENDED, FAILED, FREE, HALF, LISTENER, OPEN, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fuzz_module import Link

    Span = tuple[int, int]

_READS = (b"+QIRD", b"+QSSLRECV")
_PUSH = b'"recv"'


class Receiver:
    """What one socket has delivered."""

    def __init__(self, sock: "Any", cid: int, push: bool, datagrams: bool, link: "Link | None") -> None:
        self.sock = sock
        self.slot = sock._slot
        self.cid = cid
        self.push = push
        self.datagrams = datagrams
        self.parts: "list[bytes]" = []
        self.link = link  # at the module; None when it has none
        self.closed = False  # by the host
        self.hung_up = False  # by its peer
        self._left = -1  # bytes that a failed one still has to deliver; -1: it has not failed

    def look(self) -> None:
        """Once it has failed nothing more can be received than what had come before."""
        if self.slot.gen == self.sock._gen and self.slot.state == FAILED:
            n = self.slot.ring.n
            if n > self._left >= 0:
                raise Violation("socket %d has failed, and has received more" % self.cid)
            self._left = n

    def data(self) -> "list[bytes]":
        """Datagrams one by one, a stream as a whole."""
        if self.datagrams:
            return self.parts
        whole = b"".join(self.parts)
        return [whole] if whole else []


def _after(stream: bytes, at: int) -> int:
    """Behind what may stand in front of a number: blanks, a minus, and the separators that some firmware prints."""
    while at < len(stream) and stream[at] in b" -:,":
        at += 1
    return at


def _digits(stream: bytes, at: int) -> "tuple[int, int]":
    """(number or -1, where it ends)."""
    at = _after(stream, at)
    value = digits_at(stream, at)
    while at < len(stream) and 48 <= stream[at] <= 57:
        at += 1
    return value, at


def payloads(stream: bytes, most_read: int, most_pushed: int) -> "list[Span]":
    """Every place where a counted payload may lie that is not longer than allowed: (where, how long), in order."""
    found: "list[Span]" = []
    for head in _READS:
        at = stream.find(head)
        while at >= 0:
            _one(stream, at + len(head), most_read, found)
            at = stream.find(head, at + 1)
    at = stream.find(_PUSH)
    while at >= 0:
        _one(stream, _digits(stream, at + len(_PUSH))[1], most_pushed, found)
        at = stream.find(_PUSH, at + 1)
    found.sort()
    return found


def _one(stream: bytes, at: int, most: int, found: "list[Span]") -> None:
    """The payloads that a header may announce whose count is at `at`: behind its line, or behind one of two commas."""
    n, end = _digits(stream, at)
    if not 0 < n <= most:
        return
    lf = stream.find(b"\n", end)
    if lf >= 0:
        found.append((lf + 1, n))
    for _ in range(2):
        if stream[end : end + 1] != b",":
            return
        found.append((end + 1, n))
        end = _digits(stream, end + 1)[1]


class Fit:
    """Finds for every delivered byte the place in the stream that it is from: whole payloads, in order, none twice."""

    def __init__(
        self, stream: bytes, spans: "dict[int, list[Span]]", delivered: "list[tuple[int, bytes, bool]]"
    ) -> None:
        self.stream = stream
        self.spans = spans  # by the receiver's number
        self.delivered = delivered  # (receiver's number, bytes, whether they are exactly one payload)
        self.used: "list[Span]" = []
        self._tries = 2000  # a search that lasts is given up: it says yes

    def ok(self) -> bool:
        return self._next(0, 0, 0)

    def _next(self, k: int, i: int, last: int) -> bool:
        """From byte i of delivery k on; the bytes before came from in front of `last`."""
        if k == len(self.delivered):
            return True
        who, data, whole = self.delivered[k]
        if i == len(data):
            same = k + 1 < len(self.delivered) and self.delivered[k + 1][0] == who
            return self._next(k + 1, 0, last if same else 0)
        self._tries -= 1
        if self._tries < 0:
            return True
        for at, n in self.spans[who]:
            if at >= last and self._fits(data, i, at, n, whole) and self._free(at, n):
                self.used.append((at, n))
                if self._next(k, i + n, at + n):
                    return True
                self.used.pop()
        return False

    def _fits(self, data: bytes, i: int, at: int, n: int, whole: bool) -> bool:
        if whole and n != len(data):
            return False
        return i + n <= len(data) and self.stream[at : at + n] == data[i : i + n]

    def _free(self, at: int, n: int) -> bool:
        for a, k in self.used:
            if at < a + k and a < at + n:
                return False
        return True


def check_delivered(stream: bytes, receivers: "list[Receiver]", asked: "dict[int, int]", pushed_max: int) -> None:
    """Delivered bytes are whole payloads of the stream, in its order, none twice, none longer than allowed."""
    spans: "dict[int, list[Span]]" = {}
    delivered = []
    for k in range(len(receivers)):
        one = receivers[k]
        data = one.data()
        if data:
            spans[k] = payloads(stream, asked.get(one.cid, 0), pushed_max if one.push else 0)
            delivered += [(k, part, one.datagrams) for part in data]
    if delivered and not Fit(stream, spans, delivered).ok():
        raise Violation("what was delivered is not from whole payloads: %r" % [part[:2] for part in delivered])


def check_lines(stream: bytes, texts: "list[str]") -> None:
    """Lines that a command or a handler got stand in the stream, in this order."""
    at = 0
    for text in texts:
        line = bytes([ord(c) for c in text])
        at = stream.find(line, at)
        if at < 0:
            raise Violation("nobody said %r" % text)
        at += len(line)


def check_proofs(stream: bytes, proofs: "list[tuple[str, int, int, bytes]]") -> None:
    """What was reported as a success was said to be one."""
    for what, start, end, words in proofs:
        if stream.find(words, start, end) < 0:
            raise Violation("%s succeeded, and nobody said %r" % (what, words))


def check_late(one: Receiver, stats: "Any", echo: bool) -> None:
    """Nothing was damaged, but something may have come too late: who has not failed has got everything.

    The echo of what ends a data entry is noise, and longer than any line.
    """
    found = (stats.epochs, 0 if echo else stats.framing, 0 if echo else stats.noise)
    if found != (0, 0, 0):
        raise Violation("restarts, framing, noise: %r, and nothing was damaged" % (found,))
    if one.slot.gen == one.sock._gen and one.slot.state in (HALF, ENDED) and not one.hung_up:
        raise Violation("socket %d has ended, and its peer has not closed it" % one.cid)
    if one.slot.gen == one.sock._gen and not one.slot.err and not one.datagrams:
        check_all(one)


def check_clients(table: Table) -> None:
    """Who came in at a listener that is closed by now was closed with it: nobody can accept him any more."""
    for slot in table.slots:
        listener = table.at(slot.parent)
        if slot.state != FREE and slot.parent >= 0 and (listener.kind != LISTENER or listener.state != OPEN):
            raise Violation("slot %d is lost to a listener that is closed" % slot.index)


def check_message(stream: bytes, payload: bytes) -> None:
    """A CoAP message's payload stands in the stream, as text or as hex digits of any case."""
    if payload in stream:
        return
    digits = "".join(["%02x" % c for c in payload]).encode()
    if digits not in stream.lower():
        raise Violation("nobody said the message %r" % payload)


def check_records(stream: bytes, records: "list[tuple[bytes, bytes]]") -> None:
    """CoAP messages as the ring keeps them: a header, then its payload, which stands behind it on the line."""
    last = 0
    for head, payload in records:
        at = stream.find(head, last)
        while at >= 0 and not _follows(stream, at + len(head), payload):
            at = stream.find(head, at + 1)
        if at < 0:
            raise Violation("nobody said the message %r %r" % (head, payload))
        last = at + len(head)


def _follows(stream: bytes, at: int, payload: bytes) -> bool:
    digits = "".join(["%02x" % c for c in payload]).encode()
    return stream[at : at + len(payload)] == payload or stream[at : at + len(digits)].lower() == digits


def check_gap(wire: "Any", receivers: "list[Receiver]") -> None:
    """Bytes are missing inside one payload and nothing else is wrong: its socket fails and delivers nothing behind."""
    gap = wire.gap
    if gap is None or gap.hidden(wire.stream):
        return
    gap.look(b"".join(wire.stream))
    for one in receivers:
        if one.cid == gap.cid and not one.closed:
            _check_gap_of(one, gap)
        elif one.cid != gap.cid and not gap.reaches_others() and not _unsure(one):
            check_all(one)


def _unsure(one: Receiver) -> bool:
    """Where nobody knows whose bytes were counted, streams in direct push mode fail together, and pushed datagrams
    may be lost.  A prompt may be late behind a long push."""
    return (one.push and (one.datagrams or one.slot.err != 0)) or one.slot.err == ETIMEDOUT


def _check_gap_of(one: Receiver, gap: "Any") -> None:
    got = b"".join(one.parts)
    if one.datagrams:
        if gap.counted in one.parts and len(gap.counted) > 3:
            raise Violation("a datagram with a gap of %d bytes was delivered" % gap.missing)
        return  # one may be lost
    if not b"".join(gap.before).startswith(got):
        raise Violation("behind a gap of %d bytes came %r" % (gap.missing, got[-40:]))
    if one.slot.gen == one.sock._gen and not one.slot.err:
        raise Violation("a gap of %d bytes was not noticed" % gap.missing)


def check_all(one: Receiver) -> None:
    """Nothing was wrong with this one: it has delivered everything."""
    if one.closed:
        return
    if one.link and b"".join(one.parts) != b"".join(one.link.arrived):
        raise Violation("delivered %r of %r" % (one.parts, one.link.arrived))
