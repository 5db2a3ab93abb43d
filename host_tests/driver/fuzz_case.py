"""One case of the fuzzer: a modem, a module, the damaged wire between them, and calls that must end in time."""

import fuzz_scenes as scenes
import kit
from fuzz_corpus import LINES
from fuzz_module import Module
from fuzz_wire import (
    AHEAD,
    ANSWER_MAX,
    ANY_PLAIN_MS,
    BACK_OFF_MS,
    LATE_PROMPT_MS,
    LONGEST,
    OPS,
    RESULT_MS,
    SILENT,
    SLOW_MS,
    STALL_MS,
    STRIDE_MS,
    SYNC_MS,
    TRIES,
    UNITS,
    Clock,
    Mutation,
    Violation,
    Wire,
)
from play import WATCHED
from quectel import BUFFER, PUSH, SOCK_STREAM, Modem, QuectelError
from quectel.command import IDLE, PLAIN, SEND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from fuzz_checks import Receiver

_FAMILIES = ("BC25", "BC65", "BG96", "EC200U", "BC95G")
_MASK = 0x3FFFFFFF
_WRAP_MS = 2**30 - 20_000
_CUTS = ((512,), (1, 1, 2, 5, 30, 200), (1, 512), (64,), (1, 100, 300), (7, 200))
_PROMPTS = 12  # commands in one CoAP request, its context's included


class Case:
    """Everything about one conversation; what it is comes from the seed and its number alone."""

    def __init__(self, seed: int, number: int, log: bool = False) -> None:
        self.numbers = numbers = kit.Random((seed + 104_729 * number) & _MASK)
        self.example = scenes.pick_example(numbers)
        self.scene = self._scene(numbers)
        self.pool_at = numbers.below(3000)
        self.receivers: "list[Receiver]" = []
        self.texts: "list[str]" = []  # lines that commands have got
        self.news: "list[str]" = []  # lines that handlers have got
        self.messages: "list[Any]" = []  # that requests have got
        self.message_slot: "Any" = None
        self.proofs: "list[tuple[str, int, int, bytes]]" = []  # what a success must have been told with, and when
        self.sends = False  # a socket has had something to send
        self.outcomes: "list[str]" = []
        self._read_before = 0
        self._build(numbers)
        self._damage(numbers)
        self.wire.log = [] if log else None

    # --- what it is -------------------------------------------------------------------------------------------------

    def _scene(self, numbers: "kit.Random") -> "scenes.Scene":
        self.family = numbers.choice(_FAMILIES)
        k = numbers.below(100)
        if k < 25:
            self.family = self.example.family
            return scenes.example
        if k < 28:
            return scenes.bring_up
        if self.family == "BC95G":
            return scenes.messages if k < 65 else scenes.requests
        if k < 44:
            return scenes.opening
        if k < 48 and self.family in ("BC25", "BC65"):
            return scenes.listening
        return scenes.traffic

    def _build(self, numbers: "kit.Random") -> None:
        self.clock = Clock(numbers.choice((1000, _WRAP_MS, numbers.below(2**30))))
        self.module = Module()
        self.wire = Wire(numbers, self.clock, self.module)
        self.modem = Modem(self.wire, self.family, slots=4, rx_ring=numbers.choice((600, 1536, 1536)), clock=self.clock)
        self.engine = self.modem.engine
        self.module.echo = not numbers.below(10)
        self.module.blank = numbers.below(3) > 0
        self.module.plug(self.modem.family, self.wire.say)
        self.left_open = not numbers.below(80)
        if self.left_open:
            self.module.leave_open(
                -1 if self.modem.family.coap else numbers.choice((3, 100, self.modem.family.send_max))
            )
        self.wire.plug(self.modem)
        self.clock.plug(self.modem, self.wire)
        self.modem.net.prepared = self.engine.epoch
        self.modem.net.address = "10.0.0.2"
        for prefix in WATCHED:
            self.modem.on_urc(prefix, self._note)

    def _note(self, line: bytes) -> None:
        self.news.append("".join([chr(c) for c in line]))

    def _damage(self, numbers: "kit.Random") -> None:
        """What is damaged, how the bytes are cut, and when they come."""
        wire = self.wire
        wire.corpus = LINES[self.family]
        k = numbers.below(40)
        if k < 18:
            wire.cuts = numbers.choice(_CUTS)
        elif k < 21:
            wire.cuts = numbers.choice(_CUTS)
            wire.pauses = numbers.choice(((0, 0, 1), (0, 0, 0, 15), (0,) * 20 + (15, 60, 400)))
        if numbers.below(8) == 0:
            wire.delays = numbers.choice(((0, 19), (0, 0, 100), (0, 0, 0, 350, 900), (0,) * 6 + (5000,)))
        if not numbers.below(60):
            wire.cuts = (1,)
        wire.short = 5 if not numbers.below(20) else 0
        self.control = not numbers.below(2 if len(wire.delays) > 1 else 40)
        if self.scene is scenes.traffic and not numbers.below(6) and not self.module.entering():
            wire.mutations.append(Mutation(numbers, numbers.between(1, 6), "drop", "payload"))
            wire.delays = (0,)
            if max(wire.pauses or (0,)) > 15:
                wire.pauses = ()
        elif not numbers.below(12):  # a prompt that is lost or doubled, or comes behind a result
            op = numbers.choice(("drop", "double", "insert", "insert"))
            wire.mutations.append(Mutation(numbers, 1, op, "prompt"))
        elif not self.control:
            for _ in range(numbers.choice((1, 1, 1, 1, 2, 2, 3, 6))):
                one = Mutation(numbers, numbers.between(1, 8), numbers.choice(OPS), numbers.choice(UNITS))
                wire.mutations.append(one)

    def untouched(self) -> bool:
        """Nothing was damaged, and nothing came too late."""
        return self.only_late() and self.modem.stats.timeouts == 0

    def only_late(self) -> bool:
        """Nothing was damaged; something may have come too late."""
        return not self.left_open and not [one for one in self.wire.mutations if one.words]

    def misled(self) -> int:
        """So many payloads will not be believed: the driver has learned line ends that were damage."""
        if self.module.blank or self.module.inline or not self.modem.family.tcp:
            return 0
        return self.engine.two_ends

    def bring_up(self, limit_ms: int) -> None:
        self.modem.connect("internet", timeout_ms=limit_ms)

    def coap_request(self, service: "Any", data: bytes, limit_ms: int) -> "Any":
        """A request, and all that a caller may ask of its answer."""
        method = self.numbers.choice((service.post, service.put))
        form = self.numbers.choice((None, 0, 42))
        message = method("coap://10.0.0.9/a", data, format=form, timeout_ms=limit_ms)
        assert isinstance(message.codestr, str) and (message.format is None or message.format >= 0)
        return message

    def words(self) -> "list[str]":
        """What it was, for who reads of a failure."""
        wire = self.wire
        what = self.scene.__name__
        if self.scene is scenes.example:
            what += " %s, spelling %d" % (self.example.name, self.example.spelling)
        cut = " or ".join(["%d" % n for n in wire.cuts])
        out = ["%s: %s" % (self.family, what), "a read gives %s bytes at most" % cut]
        out += ["utterance %d: %s" % (one.at, one.words) for one in wire.mutations if one.words]
        return out

    # --- how long a call may last -----------------------------------------------------------------------------------

    def _resync_ms(self) -> int:
        """A late prompt is waited for; then a query a second goes out until one is answered or the module counts as
        silent, and the answers to all of them are waited for."""
        wire_ms = self.engine.wire_ms(64 + AHEAD)
        return LATE_PROMPT_MS + (SILENT + 1) * (SYNC_MS + wire_ms) + 3 * (LONGEST * SYNC_MS + wire_ms)

    def _other_ms(self) -> int:
        """A socket's command in flight, and what goes before a procedure's behind it: the question for the reason of
        an error.  Either may end in a time-out and getting in step."""
        limits = self.wire.limits
        kinds = [kind for kind in limits if kind != PLAIN and (kind != SEND or self.sends)]
        own_ms = max([limits[kind] for kind in kinds]) + SLOW_MS + STALL_MS + self.engine.wire_ms(4096)
        return 2 * (own_ms + self._resync_ms()) + self.wire.waited

    def _start_ms(self) -> int:
        """Until a procedure's command goes out: at once where nothing else goes on."""
        e = self.engine
        idle = e.cmd.state == IDLE and e.sender.index < 0 and e.blame.index < 0
        idle = idle and not e.resync and not e.unframed and not e.asleep
        if idle and e.orphans.find(b"\x01") < 0 and not [one for one in e.table.slots if one.more or one.want_close]:
            return 0
        return self._other_ms()

    def rest_ms(self) -> int:
        """Until nothing goes on any more: a send with its result, its repetitions, a close of each slot, reads."""
        sent_ms = 2 * self.wire.limits[SEND] + (BACK_OFF_MS << TRIES)
        return sent_ms + 8 * self._other_ms()

    def open_ms(self) -> int:
        """An open without a time limit of its own: settings, the open and its URC; an id that has to be closed
        first, once more."""
        dialect = self.modem.family.tls or self.modem.family.tcp
        return 60 * self._other_ms() + 2 * (dialect.open_name_ms + STRIDE_MS)  # type: ignore[union-attr]

    def coap_ms(self, limit_ms: int) -> int:
        """A request's time limit counts from when it was sent."""
        return limit_ms + STRIDE_MS + _PROMPTS * (RESULT_MS + self._other_ms())

    # --- calls ------------------------------------------------------------------------------------------------------

    def call(self, what: str, most_ms: int, function: "Callable[..., Any]", *args: object, **how: object) -> "Any":
        """What the driver's call gives, None if it raised one of the driver's errors; no later than most_ms."""
        begin = self.clock.passed
        self._read_before = self.wire.read
        try:
            result = function(*args, **how)
            self._note_outcome(what, result)
        except QuectelError as error:
            result = None
            self._note_outcome(what, error)
            if not isinstance(error.errno, int) or error.errno <= 0:
                raise Violation("%s raised errno %r" % (what, error.errno)) from error
        took = self.clock.passed - begin
        if took > most_ms:
            raise Violation("%s took %d ms, at most %d" % (what, took, most_ms))
        for one in self.receivers:
            one.look()
        return result

    def _note_outcome(self, what: str, result: object) -> None:
        """For who reads of a failure; without addresses of objects, as a case is the same every time."""
        if self.wire.log is not None or isinstance(result, QuectelError):
            plain = isinstance(result, (bytes, int, list, QuectelError)) or result is None
            self.outcomes.append("%s: %s" % (what, repr(result) if plain else type(result).__name__))

    def command(self, line: bytes, final: str, data: "bytes | None", limit_ms: int) -> "list[str] | None":
        """modem.command().  Its time counts from when it is sent, and once more from the prompt for a payload; behind
        a bare ERROR the reason is asked for."""
        e = self.engine
        own_ms = limit_ms + e.wire_ms(len(line) + 1 + 64 + AHEAD)
        why_ms = self.modem.family.answer_ms + e.wire_ms(14 + 64 + AHEAD)
        most_ms = self._start_ms() + own_ms + why_ms
        data_ms = limit_ms + e.wire_ms(len(data) + AHEAD) if data is not None else 0
        if data is not None:
            most_ms += data_ms + self._resync_ms()
        elif most_ms > own_ms + why_ms or self.engine.table.slots[0].state:  # a socket's command may come between
            most_ms += self._other_ms()
        if 0 <= self.modem.net.prepared != e.epoch:  # behind a restart settings come first, with limits of their own
            most_ms += 60 * self._other_ms()
        else:
            self.wire.limits[PLAIN] = max(own_ms, why_ms, data_ms)
        result: "list[str] | None" = self.call(
            line.decode(), most_ms, self.modem.command, line, final=final, data=data, timeout_ms=limit_ms
        )
        self.wire.limits[PLAIN] = ANY_PLAIN_MS
        if result is not None:
            self.proved(line.decode(), final.encode())
            if sum([len(one) + 16 for one in result]) > ANSWER_MAX:
                raise Violation("an answer of %d lines was kept" % len(result))
        return result

    def proved(self, what: str, words: bytes) -> None:
        """The last call was a success: these words came while it lasted, or were half there before."""
        self.proofs.append((what, max(self._read_before - len(words), 0), self.wire.read, words))

    def socket(self, kind: int) -> "Any":
        """A socket of some sort; None when no slot is free."""
        family = self.modem.family
        tls = scenes.CONTEXT if family.tls and not self.numbers.below(4) else None
        if kind != SOCK_STREAM and self.engine.table.slots[0].ring.size < family.packet_max + 2:
            kind = SOCK_STREAM
        if kind != SOCK_STREAM:
            tls = None
        mode = self.numbers.choice((BUFFER, PUSH))
        return self.call("socket", 0, self.modem.socket, kind, tls=tls, mode=mode)

    def close(self, sock: "Any") -> None:
        """What was accepted is sent first."""
        self.call("close", self.rest_ms(), sock.close)

    def idle(self, ms: int) -> None:
        """The host does nothing but poll() for a while."""
        until = self.clock.passed + ms
        modem = self.modem
        modem.begin(ms)
        while modem.poll() or self.clock.passed < until:
            if self.clock.passed < until:
                self.clock.sleep_ms(1)
