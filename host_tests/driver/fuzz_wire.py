"""The wire between the fuzzer's module and the driver: it damages what the module says, cuts it and lets time pass."""

from fuzz_corpus import FINALS, LINES, TOKENS
from quectel import PUSH
from quectel.command import ACKS, ASK, BLAME, CLOSE, PLAIN, READ, RUN, SEND, SYNC

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    import kit
    from fuzz_module import Module

# The engine's own times, held together by test_fuzz.py.
SYNC_MS = 1000
LONGEST = 8
SLOW_MS = 60_000
LATE_PROMPT_MS = 5000
STALL_MS = 1000
ANY_PLAIN_MS = 181_000  # the longest that a procedure gives one of its commands
RESULT_MS = 120_000
BACK_OFF_MS = 100
AHEAD = 16_384  # bytes of payloads that put a deadline off
ANSWER_MAX = 8192  # what the lines of one answer may cost, each counted with 16 bytes on top
TRIES = 8
SILENT = 10

LOOK_MS = 20
STRIDE_MS = 2000  # where nothing is due the clock goes on so far at most; so late may a procedure look at it
_MASK = 0x3FFFFFFF
_WHOLE = (512,)
_NEVER_MS = 20_000_000  # no conversation of a case needs so long
_TURNS = 400_000

OPS = ("drop", "double", "swap", "flip", "truncate", "insert", "count")
UNITS = ("byte", "run", "line")
_FLOOD = 12_000  # so many bytes come of one line when the module babbles


class Violation(AssertionError):
    """The driver has broken one of the promises."""


class Hung(BaseException):
    """A call does not come back.  No Exception, so that nothing in the driver catches it."""


class Clock:
    """Time passes when the driver waits: at once up to what comes next."""

    def __init__(self, start: int) -> None:
        self.now = start
        self.passed = 0
        self.modem: "Any" = None
        self.wire: "Any" = None
        self._look = False

    def plug(self, modem: "Any", wire: "Wire") -> None:
        self.modem = modem
        self.wire = wire

    def ticks_ms(self) -> int:
        return self.now

    def sleep_ms(self, ms: int) -> None:
        self.wire.check_deadline()
        due = STRIDE_MS + 1
        for left in (self.modem.engine.due(self.now), self.wire.due(), self._left()):
            if 0 <= left < due:
                due = left
        step = min(due, STRIDE_MS)
        if self._look or self.modem.engine.ntx:  # something was due: who waits may have a reason to go on
            step = ms
        elif self.modem.engine.asleep:  # who finds that nobody can wake the module is told at the next look
            step = min(step, LOOK_MS)
        self._look = due <= max(step, ms)
        self.advance(max(step, ms))

    def _left(self) -> int:
        """What is left of the time that the caller has given."""
        return -1 if self.modem._endless else (self.modem._until - self.now) & _MASK

    def advance(self, ms: int) -> None:
        self.passed += ms
        self.now = (self.now + ms) & _MASK
        if self.passed > _NEVER_MS:
            raise Hung("nothing came of it in %d s" % (_NEVER_MS // 1000))


class Mutation:
    """One thing that happens to one of the module's utterances."""

    def __init__(self, numbers: "kit.Random", at: int, op: str, unit: str) -> None:
        self.numbers = numbers
        self.at = at  # the first utterance that it fits, from this one on
        self.op = op
        self.unit = unit
        self.words = ""  # what was done
        self.gap = 0  # bytes that are missing in the middle of a payload ...
        self.cid = -1  # ... of this connection

    def apply(self, data: bytes, at: int, n: int, cid: int, corpus: "list[bytes]") -> bytes:
        """What becomes of data; data[at:at + n] is a payload."""
        if self.unit == "payload":
            if n < 2:
                return data
            a = at + self.numbers.below(n - 1)
            b = a + self.numbers.between(1, min(at + n - a, self.numbers.choice((1, 2, 3, 10, 1500))))
            self.gap = b - a
            self.cid = cid
        elif self.unit == "prompt":
            if not data.rstrip().endswith(b">"):
                return data
            a, b = 0, len(data)
        else:
            a, b = self._span(data, self.numbers)
        self.words = "%s %s [%d:%d] of %d bytes" % (self.op, self.unit, a, b, len(data))
        return self._done(data, a, b, corpus)

    def _span(self, data: bytes, numbers: "kit.Random") -> "tuple[int, int]":
        a = numbers.below(len(data))
        if self.unit == "byte":
            return a, a + 1
        if self.unit == "run":
            return a, min(len(data), a + numbers.between(1, numbers.choice((2, 5, 40))))
        b = data.find(b"\n", a) + 1 or len(data)
        a = data.rfind(b"\n", 0, a) + 1
        return (a - 2 if data[a:b] == b"\r\n" and a >= 2 else a), b

    def _done(self, data: bytes, a: int, b: int, corpus: "list[bytes]") -> bytes:
        numbers = self.numbers
        if self.op == "drop":
            return data[:a] + data[b:]
        if self.op == "double":
            times = _FLOOD // max(b - a, 20) if self.unit == "line" and not numbers.below(60) else 1
            return data[:b] + data[a:b] * times + data[b:]
        if self.op == "swap":
            c = min(len(data), b + b - a)
            return data[:a] + data[b:c] + data[a:b] + data[c:]
        if self.op == "flip":
            bit = 1 << numbers.below(8)
            return data[:a] + bytes([c ^ bit for c in data[a:b]]) + data[b:]
        if self.op == "truncate":
            return data[:a]
        if self.op == "insert":
            return data[:a] + self._new(corpus) + data[a:]
        return self._other_count(data)

    def _new(self, corpus: "list[bytes]") -> bytes:
        if self.unit == "byte":
            return bytes([self.numbers.below(256)])
        if self.unit == "run":
            return self.numbers.choice(TOKENS)
        if self.unit == "prompt":
            return self.numbers.choice(FINALS[:8])
        return self.numbers.choice(corpus if self.numbers.below(3) else FINALS)

    def _other_count(self, data: bytes) -> bytes:
        """One number is another one, and as many bytes come as it says where it was a count."""
        starts = [i for i in range(1, len(data)) if 48 <= data[i] <= 57 and not 48 <= data[i - 1] <= 57]
        if not starts or len(data) > 400:
            return data
        a = self.numbers.choice(starts)
        b = a
        while b < len(data) and 48 <= data[b] <= 57:
            b += 1
        value = self.numbers.choice(
            (0, 1, 2, 511, 512, 513, 1499, 1500, 1501, 4000, 2**30 - 1, self.numbers.below(600))
        )
        end = data.find(b"\n", b) + 1
        more = data[end:] * (value // 100) if self.numbers.below(2) and end and value < 5000 else b""
        self.words += ", a count is %d" % value
        return data[:a] + b"%d" % value + data[b:end] + more[:value] + data[end:]


class Gap:
    """Bytes are missing in the middle of a payload."""

    def __init__(self, wire: "Wire", at: int, n: int, cid: int, missing: int, data: bytes) -> None:
        self.cid = cid
        self.missing = missing
        self.push = wire.module.links[cid].mode == PUSH
        self.before = list(wire.whole.get(cid, ()))  # the payloads that came before
        start = sum([len(one) for one in wire.stream])
        self._start = start + at
        self.counted = b""  # what stands where the payload should
        self._end = start + at + n  # where the payload would end
        self._own = start + len(data)  # where the utterance ends
        self._two_ends = wire.modem.engine.two_ends

    def hidden(self, said: "list[bytes]") -> bool:
        """Nobody can see it: what follows looks like the end of a payload.  See README, access modes."""
        if not self.push:
            behind = b"".join(said)[self._end : self._end + 8]
            return behind == b"\r\n\r\nOK\r\n" or (behind[:6] == b"\r\nOK\r\n" and not self._two_ends)
        at = 0
        for one in said:
            if at <= self._end < at + len(one):
                return at == self._end or one[self._end - at] == 13  # it may have been quiet there for a moment
            at += len(one)
        return at == self._end

    def look(self, stream: bytes) -> None:
        self.counted = stream[self._start : self._end]

    def reaches_others(self) -> bool:
        """The payload's count runs into what was said for somebody else."""
        return self._end > self._own


class Wire:
    """A UART.  say() is the module's end of it."""

    def __init__(self, numbers: "kit.Random", clock: Clock, module: "Module") -> None:
        self.numbers = numbers
        self.clock = clock
        self.module = module
        self.modem: "Any" = None
        self.mutations: "list[Mutation]" = []
        self.corpus = LINES[""]
        self.cuts: "tuple[int, ...]" = _WHOLE  # bytes that a read gives at most, at random
        self.short = 0  # bytes a write takes at most; 0: all
        self.pauses: "tuple[int, ...]" = ()  # ms that may pass between two pieces
        self.delays: "tuple[int, ...]" = (0,)  # ms before an utterance
        self.said = 0  # utterances
        self.stream: "list[bytes]" = []  # what was said, as it goes over the wire
        self.wrote = 0  # bytes that came from the host
        self.read = 0  # bytes that the host has read
        self.limits: "dict[int, int]" = {}  # how far ahead a deadline may be, by the command's kind
        self.payload_max = 0  # longest payload that may ever be counted
        self.whole: "dict[int, list[bytes]]" = {}  # payloads that went over the wire, by connection id
        self.gap: "Gap | None" = None
        self.log: "list[tuple[int, str, bytes]] | None" = None
        self.waited = 0  # ms that the wire has let pass
        self._later: "list[tuple[int, bytes]]" = []
        self._last = 0  # when the last utterance comes
        self._ready = b""  # what can be read
        self._i = 0
        self._pause_until = 0
        self._turns = 0
        self._full = False

    # --- the module's end -------------------------------------------------------------------------------------------

    def say(self, data: bytes, at: int, n: int, cid: int) -> None:
        self.said += 1
        for one in self.mutations:
            if not one.words and one.at <= self.said and data:
                before = data
                data = one.apply(data, at, n, cid, self.corpus)
                if one.gap:
                    self.gap = Gap(self, at, n, cid, one.gap, data)
                if self.log is not None and one.words:
                    self.log.append((self.clock.passed, "!!", before))
        if n:
            self.whole.setdefault(cid, []).append(data[at : at + n])
        if data:
            self.stream.append(data)
            self._last = max(self._last, self.clock.passed)
            if len(self.delays) > 1:
                delay = self.numbers.choice(self.delays)
                self.waited += delay
                self._last += delay
            self._later.append((self._last, data))

    def mend(self) -> None:
        """From now on the module is heard as it speaks."""
        self.mutations = [one for one in self.mutations if one.words]
        for one in self.mutations:
            one.at = -1
        self.delays = (0,)
        self.pauses = ()
        self._pause_until = 0
        self.short = 0
        if self.numbers.below(8):
            self.cuts = _WHOLE

    # --- the host's end ---------------------------------------------------------------------------------------------

    def readinto(self, buf: "Any") -> "int | None":
        self._turns += 1
        if self._turns > _TURNS:
            raise Hung("it turns and turns and lets no time pass")
        self.watch()
        if self._i >= len(self._ready) and not self._load():
            return None
        if self._pause_until > self.clock.passed:
            return None
        n = self.cuts[0] if len(self.cuts) == 1 else self.numbers.choice(self.cuts)
        n = min(n, len(buf), len(self._ready) - self._i)
        part = self._ready[self._i : self._i + n]
        buf[:n] = part
        self._i += n
        self.read += n
        if self.pauses:
            pause = self.numbers.choice(self.pauses)
            self.waited += pause
            self._pause_until = self.clock.passed + pause
        if self.log is not None:
            self.log.append((self.clock.passed, "<<", part))
        return n

    def _load(self) -> bool:
        k = 0
        while k < len(self._later) and self._later[k][0] <= self.clock.passed:
            k += 1
        if not k:
            return False
        self._ready = b"".join([data for _, data in self._later[:k]]) if k > 1 else self._later[0][1]
        del self._later[:k]
        self._i = 0
        return True

    def due(self) -> int:
        """Milliseconds until something can be read; -1: nothing comes."""
        if self._i < len(self._ready):
            return max(self._pause_until - self.clock.passed, 0)
        return max(self._later[0][0] - self.clock.passed, 0) if self._later else -1

    def write(self, buf: "Any", off: int, n: int) -> "int | None":
        if self.short:
            self._full = not self._full
            if self._full:
                return None
            n = min(n, self.short)
        data = bytes(memoryview(buf)[off : off + n])
        self.wrote += n
        if self.log is not None:
            self.log.append((self.clock.passed, ">>", data))
        self.module.hear(data)
        return n

    # --- what must hold at every moment -----------------------------------------------------------------------------

    def watch(self) -> None:
        """Called with every read: deadlines are not in the past, and not too far; counts are sane."""
        e = self.modem.engine
        c = e.cmd
        raw = e.parser.raw
        if c.state == RUN and not (raw and c.kind == READ):
            left = (c.deadline - self.clock.now) & _MASK
            if left > self.limits[READ if c.kind == SEND and not c.prompted else c.kind]:  # a prompt is as quick
                raise Violation("command kind %d has %d ms to its deadline" % (c.kind, left))
        if raw > self.payload_max:
            raise Violation("a payload of %d bytes is expected" % raw)

    def check_deadline(self) -> None:
        """Called when time is going to pass: a command whose time is over has ended."""
        e = self.modem.engine
        if e.cmd.state == RUN and e.cmd.deadline == self.clock.now and not e.parser.raw:
            raise Violation("command kind %d outlives its deadline" % e.cmd.kind)

    def plug(self, modem: "Any") -> None:
        """How far ahead deadlines may be: what the documents allow, and the time of the bytes on the wire."""
        self.modem = modem
        engine = modem.engine
        family = engine.family
        wire_ms = engine.wire_ms(len(engine.tx) + 1500 + AHEAD)
        dialects = [d for d in (family.tcp, family.tls) if d is not None]
        answer_ms = family.answer_ms + wire_ms
        self.limits = {
            PLAIN: ANY_PLAIN_MS,
            READ: answer_ms,
            SEND: RESULT_MS + wire_ms,
            CLOSE: max([d.close_ms for d in dialects] or [0]) + wire_ms,
            BLAME: answer_ms,
            ASK: answer_ms,
            ACKS: answer_ms,
            SYNC: LONGEST * SYNC_MS + wire_ms,
        }
        self.payload_max = family.packet_max * (2 if family.coap else 1)
