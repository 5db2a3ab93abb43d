"""The mutation fuzzer: conversations of host and module in which what the module says is damaged on its way.

After the conversation the module speaks clearly again: the driver must come to rest, and everything must work.
run(seed, number) plays one case; try_cases() many of them, and tells of the first that breaks a promise.
"""

import sys

import quectel.sync  # noqa: F401  # first: modules that import one another use up the stack of a small VM

# isort: split
import fuzz_scenes as scenes
from fuzz_case import Case
from fuzz_checks import (
    check_all,
    check_clients,
    check_delivered,
    check_gap,
    check_late,
    check_lines,
    check_message,
    check_proofs,
    check_records,
)
from fuzz_wire import Hung, Violation
from kit import MICROPYTHON
from quectel import BUFFER, PUSH, QuectelError
from quectel.command import IDLE
from quectel.table import FREE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from quectel.engine import Engine

_CLEAN = ("timeouts", "framing", "late", "resyncs", "rx_lost", "unknown", "send_fail", "epochs", "no_slot")
_MASK = 0x3FFFFFFF
_AT_ONCE_MS = 30  # an exchange with a module that answers at once; a push is taken for whole after 20 ms of silence


def run(seed: int, number: int, log: bool = False) -> "Case":
    """Play one case to its end; Violation for a promise that the driver breaks, or whatever else came out of it."""
    case = Case(seed, number, log)
    play(case)
    return case


def play(case: Case) -> None:
    """The damaged conversation, and what must be so behind it."""
    sizes = lengths(case)
    case.scene(case)
    case.wire.mend()
    case.module.script = []
    case.module.latecomer = -1
    if case.engine.asleep:  # it was woken by its pin, and says so, too
        case.wire.say(b"\r\n+QATWAKEUP\r\n", -1, 0, -1)
    rest(case)
    drain(case)
    check_all_of(case)
    for one in case.receivers:
        case.close(one.sock)
    rest(case)
    check_clients(case.engine.table)
    give_back(case)
    exchange(case)
    if lengths(case) != sizes:
        raise Violation("something has grown: %r, was %r" % (lengths(case), sizes))


_growing: "list[tuple[str, str]]" = []  # (part of the engine, attribute) of everything that has a length


def lengths(case: Case) -> "list[int]":
    """The length of everything in the engine that has one, and of what the modem keeps."""
    e = case.engine
    if not _growing:
        for part in ("", "parser", "cmd", "table"):
            owner = getattr(e, part) if part else e
            for name in owner.__dict__:
                if isinstance(getattr(owner, name), (list, dict, bytearray)) and name != "buf":
                    _growing.append((part, name))
    found = [len(getattr(getattr(e, part) if part else e, name)) for part, name in _growing]
    return found + [len(case.modem._news), len(case.modem._jobs)]


# --- the end of the damage ------------------------------------------------------------------------------------------


def rest(case: Case) -> None:
    """Until nothing goes on: everything was read, no command is in flight and none waits."""
    modem, wire, clock = case.modem, case.wire, case.clock
    until = clock.passed + case.rest_ms()
    modem.begin(-1)
    while not _at_rest(case):
        if clock.passed > until:
            raise Violation("it does not come to rest: %s" % _state(case))
        clock.sleep_ms(1)
    if case.engine.sender.index >= 0 or case.engine.blame.index >= 0 or modem._news or wire.due() >= 0:
        raise Violation("it rests and something waits: %s" % _state(case))


def _at_rest(case: Case) -> bool:
    e = case.engine
    while case.modem.poll():
        pass
    if e.cmd.state != IDLE or e.ntx or e.left or case.modem._jobs:
        return False
    return _is_idle(e, case.clock.now) and case.wire.due() < 0


def _is_idle(e: "Engine", now: int) -> bool:
    """Nothing is due; that somebody who waits for data has the module asked in some seconds does not count."""
    hungry = e.hungry
    e.hungry = False
    due = e.due(now)
    e.hungry = hungry
    return due < 0


def _state(case: Case) -> str:
    e = case.engine
    slots = [(slot.state, slot.cid, slot.sending, slot.want_close, slot.more) for slot in e.table.slots]
    what = (e.cmd.state, e.cmd.kind, e.resync, e.silent, e.parser.raw, e.sender.index, e.blame.index, slots)
    return repr(what)


def drain(case: Case) -> None:
    """Everything that was delivered; reading makes room for what the module still holds."""
    more = True
    while more:
        more = False
        for one in case.receivers:
            one.sock.settimeout(0)
            data = case.call("drain", 0, one.sock.recv, 2000)
            while data:
                one.parts.append(data)
                more = True
                data = case.call("drain", 0, one.sock.recv, 2000)
        if more:
            rest(case)


def give_back(case: Case) -> None:
    """Slots that no socket of the scene has: clients that nobody has accepted, the ring of CoAP messages.

    More than once, as the first answer ends what was left of a damaged line.
    """
    e = case.engine
    for _ in range(3):
        for slot in e.table.slots:
            e.close(slot, slot.gen)
        rest(case)


# --- what must be so --------------------------------------------------------------------------------------------------


def check_all_of(case: Case) -> None:
    """The promises about what was delivered."""
    stream = b"".join(case.wire.stream)
    check_delivered(stream, case.receivers, case.module.asked, case.modem.family.packet_max)
    check_lines(stream, case.texts)
    check_lines(stream, case.news)
    for message in case.messages:
        check_message(stream, message.payload)
    if case.message_slot is not None:
        check_records(stream, records(case.message_slot))
    check_gap(case.wire, case.receivers)
    check_proofs(stream, case.proofs)
    if case.only_late() and case.scene is not scenes.example:  # an example's module knows nothing of other sockets
        for one in case.receivers:
            if case.untouched():
                check_all(one)
            else:
                check_late(one, case.modem.stats, case.module.echo)
    for slot in case.engine.table.slots:
        if slot.ring.n + slot.ring.held > slot.ring.size:
            raise Violation("ring %d holds %d bytes" % (slot.index, slot.ring.n + slot.ring.held))
    counters(case)


def counters(case: Case) -> None:
    stats = case.modem.stats
    wire = case.wire
    if stats.rx_bytes != wire.read or stats.tx_bytes != wire.wrote:
        raise Violation("read %d, wrote %d, counted %d %d" % (wire.read, wire.wrote, stats.rx_bytes, stats.tx_bytes))
    for name in stats.NAMES:
        if not 0 <= getattr(stats, name) <= _MASK:
            raise Violation("%s is %r" % (name, getattr(stats, name)))


def records(slot: "Any") -> "list[tuple[bytes, bytes]]":
    """CoAP messages in a ring."""
    found = []
    while slot.ring.n:
        pair = []
        for _ in range(2):
            buf = bytearray(slot.ring.head())
            if slot.ring.take(buf, 0, len(buf)) != len(buf):
                raise Violation("a record of the ring is longer than the ring")
            pair.append(bytes(buf))
        found.append((pair[0], pair[1]))
    return found


# --- a clean exchange -------------------------------------------------------------------------------------------------


def exchange(case: Case) -> None:
    """A command gets its own answer, a new connection can be opened, used and closed, at once and without a hitch."""
    if [slot.state for slot in case.engine.table.slots if slot.state != FREE]:
        raise Violation("a slot was not given back: %s" % _state(case))
    # It waits for a payload, and nobody has told the driver; or a cut line, RDY for one, ends in front of this answer
    if case.module.entering() or case.engine.parser.n:
        case.call("first", case.rest_ms(), case.modem.command, "AT")
        rest(case)
    for _ in range(case.misled()):
        _try_exchange(case)
    number = case.numbers.below(10_000)
    lines = case.call("probe", _AT_ONCE_MS, case.modem.command, "AT+PROBE=%d" % number)
    if lines != ["+PROBE: %d" % number]:
        raise Violation("the answer to AT+PROBE=%d was %r, %s" % (number, lines, case.outcomes[-1:]))
    stats = case.modem.stats  # from here on: what was left of a damaged line ended in front of the answer
    before = [getattr(stats, name) for name in _CLEAN]
    urcs = stats.urcs - case.module.urcs
    if case.modem.family.coap:
        _exchange_message(case)
    elif case.modem.family.tcp:
        _exchange_bytes(case)
    stats = case.modem.stats
    after = [getattr(stats, name) for name in _CLEAN]
    if before != after or stats.urcs - case.module.urcs != urcs:
        raise Violation("counters of a clean exchange: %r %r %r" % (before, after, stats.urcs - urcs))
    counters(case)


def _try_exchange(case: Case) -> None:
    """One that may fail: damaged bytes have taught the driver line ends that this module does not print."""
    sock = case.modem.socket()
    sock.settimeout(1)
    case.call("connect", 1000, sock.connect, (scenes.HOST, 80))
    case.call("sendall", 1000, sock.sendall, b"abcd")
    case.call("read", 1000, sock.read, 4)
    case.close(sock)
    rest(case)


def _exchange_bytes(case: Case) -> None:
    numbers = case.numbers
    tls = scenes.CONTEXT if case.modem.family.tls and not numbers.below(8) else None
    mode = numbers.choice((BUFFER, PUSH))
    sock = case.modem.socket(tls=tls, mode=mode)
    data = scenes.payload(case, 300)
    sock.settimeout(_AT_ONCE_MS / 1000)
    steps: "tuple[tuple[str, Callable[..., Any], tuple[Any, ...]], ...]" = (
        ("connect", sock.connect, ((scenes.HOST, 80),)),
        ("sendall", sock.sendall, (data,)),
        ("read", sock.read, (len(data),)),
        ("close", sock.close, ()),
    )
    got = [_clean(case, *step) for step in steps]
    if got[2] != data:
        raise Violation("sent %r, got %r" % (data, got[2]))
    if case.engine.table.slots[0].state != FREE:
        raise Violation("the slot was not given back")


def _exchange_message(case: Case) -> None:
    data = scenes.payload(case, 100)
    service = case.modem.coap()
    service._context._next_id = 7
    got = _clean(case, "request", service.post, ("coap://10.0.0.9/a", data))
    if got.payload != data or got.code != 205:
        raise Violation("sent %r, got %r" % (data, got.payload))


def _clean(case: Case, what: str, function: "Callable[..., Any]", args: "tuple[Any, ...]") -> "Any":
    begin = case.clock.passed
    try:
        result = function(*args)
    except QuectelError as error:
        raise Violation("a clean %s failed: %r" % (what, error)) from error
    if case.clock.passed - begin > _AT_ONCE_MS:
        raise Violation("a clean %s took %d ms" % (what, case.clock.passed - begin))
    return result


# --- many of them -----------------------------------------------------------------------------------------------------


def broken_by(seed: int, number: int) -> str:
    """What the driver has broken in this case, "" if nothing."""
    try:
        run(seed, number)
    except (Exception, Hung) as error:  # whatever came out of the driver that is no error of its own
        return "%s: %s" % (type(error).__name__, error)
    return ""


def try_cases(seed: int, first: int, count: int) -> None:
    """Play cases first to first + count - 1; AssertionError with the command that repeats the first bad one."""
    for number in range(first, first + count):
        broken = broken_by(seed, number)
        if broken:
            raise AssertionError("%s\nrepeat with: %s" % (broken, repeat(seed, number)))


def repeat(seed: int, number: int) -> str:
    """The command that plays a case again and shows it."""
    return "python3 tools/dev.py fuzz --seed %d --case %d" % (seed, number)


def show(seed: int, number: int) -> "tuple[list[str], str]":
    """(what a case was and what was said, what it has broken or "")."""
    case = Case(seed, number, True)
    broken = ""
    try:
        play(case)
    except (Exception, Hung) as error:
        broken = "%s: %s" % (type(error).__name__, error)
        if not isinstance(error, (Violation, Hung)) and not MICROPYTHON:
            sys.excepthook(type(error), error, error.__traceback__)
    out = ["case %d of seed %d" % (number, seed)] + case.words()
    return out + told(case.wire.log or []) + case.outcomes, broken


def told(log: "list[tuple[int, str, bytes]]") -> "list[str]":
    """The conversation: << from the module, >> from the host, !! what was said before it was damaged."""
    out: "list[str]" = []
    for i in range(len(log)):
        ms, direction, data = log[i]
        if i and direction == "<<" == log[i - 1][1] and ms == log[i - 1][0]:
            out[-1] += " %r" % data
        else:
            out.append("%8d %s %r" % (ms, direction, data))
    return out
