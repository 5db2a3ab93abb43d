"""From the first AT to an address: contact, identity, SIM, registration, PDP context, clock."""

from errno import EACCES, ENODEV, EOPNOTSUPP, EPERM

from ._compat import const, ticks_add, ticks_diff
from .command import ON_CLOSE, ON_OK
from .errors import NetworkError, QuectelError, QuectelTimeout
from .procedure import ask, number, prefix_of, reason, try_ask, values, wait_for, word
from .text import checked, decode, in_range

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable

    from ._types import Proc, Report
    from .engine import Engine
    from .models.base import Family

IDLE = 0
SEARCHING = 1
DENIED = 2
REGISTERED = 3
ONLINE = 4
ASLEEP = 5
LOST = 6

_AUTH = {None: 0, "none": 0, "pap": 1, "chap": 2, "pap/chap": 3}
_TIME = (
    ("year", 2024, 2079),
    ("month", 1, 12),
    ("day", 1, 31),
    ("hour", 0, 23),
    ("minute", 0, 59),
    ("second", 0, 59),
)
_TYPES = ("IPV4", "IPV6", "IPV4V6")
_CONTACT_MS = 30_000
_SIM_MS = 20_000
_DEACT_MS = 40_000
_QUICK_MS = 300  # what the module knows without asking the network, in all families
_RESTARTS = 3


class Wish:
    """A setting of the caller's that a restart of the module may undo.

    query, and how its answer's fields begin where nothing is to be done; else command makes it.
    """

    __slots__ = ("command", "query", "wanted")

    def __init__(self, query: bytes, wanted: "list[str]", command: bytes) -> None:
        self.query = query
        self.wanted = wanted
        self.command = command


class Network:
    """What bring-up has learnt about the module and the network, and what the caller wants them to be."""

    def __init__(self) -> None:
        self.prepared = -1  # epoch in which the settings were made, -1: never
        self.state = IDLE
        self.model = ""
        self.revision = ""
        self.address = "0.0.0.0"
        self.apn: "str | None" = None
        self.clock = ""  # the module's clock as AT+CCLK? gave it
        self.dns = "0.0.0.0"  # the primary server, once somebody has asked
        self.longer_ms = 0  # than the family's time limit an open may take: open_time (R114)
        self.wishes: "dict[str, Wish]" = {}
        self.due: "list[str]" = []  # those that the module does not know yet, or any more
        self.utc: "Callable[[], tuple[int, ...] | None] | None" = None  # the board's own time
        self.contexts: "list[int]" = []  # PDP contexts that bring-up has brought up

    def board_time(self) -> "tuple[int, ...] | None":
        """The board's own time as UTC, None where nobody has set it."""
        return self.utc() if self.utc else None

    def clock_is_set(self) -> bool:
        """A clock that no network has set shows years long past."""
        year = self.clock[:2]
        return "24" <= year <= "79" and "0" <= year[1] <= "9"

    def wish(self, name: str, wish: Wish) -> None:
        """What the next ready() of the modem carries out, and every one behind a restart of the module."""
        known = self.wishes.get(name)
        if known is None or known.command != wish.command:
            self.wishes[name] = wish
            self.is_due(name)

    def is_due(self, name: str) -> None:
        """The module may have forgotten this wish: open_time in deep sleep, for one (R203)."""
        if name in self.wishes and name not in self.due:
            self.due.append(name)


def grant(engine: "Engine", wish: Wish) -> "Proc[None]":
    """Asked first and written only when different: the module may keep it in flash (R203, R204)."""
    prefix = prefix_of(wish.query)
    answer = yield from try_ask(engine, wish.query, prefix)
    told = [values(line)[: len(wish.wanted)] for line in answer.lines]
    if not answer.ok or wish.wanted not in told:
        yield from ask(engine, wish.command, prefix)


def grant_due(engine: "Engine", net: Network) -> "Proc[None]":
    """One that the module refuses stays due, and its error is told each time."""
    while net.due:
        name = net.due[0]
        wish = net.wishes[name]
        yield from grant(engine, wish)
        if name in net.due and net.wishes[name] is wish:  # it may have been changed meanwhile
            net.due.remove(name)


def _silent(step: str, state: str, text: str) -> None:
    pass


def prepare(engine: "Engine", net: Network) -> "Proc[None]":
    """Bring a module that just started, or just met us, to known settings: echo, errors, framing, ids."""
    restarts = 0
    while net.prepared != engine.epoch:
        try:
            yield from _contact(engine)
            epoch = engine.epoch
            yield from _settings(engine, net)
            net.prepared = epoch
        except QuectelError as error:
            restarts += 1
            if error.code != 570 or restarts > _RESTARTS:  # it may still have been booting
                raise


def _settings(engine: "Engine", net: Network) -> "Proc[None]":
    answer = yield from try_ask(engine, b"ATE0")
    engine.echo_off = answer.ok
    yield from ask(engine, b"AT+CMEE=1")
    net.clock = ""  # a restart may have lost it
    net.contexts.clear()
    yield from _identify(engine, net)
    yield from _pin(engine)
    yield from _close_leftovers(engine)
    net.due = sorted(net.wishes)  # granted by who needs them: DNS servers are refused until registration (R194)


def _contact(engine: "Engine") -> "Proc[None]":
    """AT until it is answered: the first one may be lost, or the module still boots."""
    end = ticks_add(engine.now, _CONTACT_MS)
    while True:
        try:
            answer = yield from try_ask(engine, b"AT")
            if answer.ok:
                return
        except QuectelTimeout:
            pass  # the engine goes on asking until the module answers, then this is tried again
        if ticks_diff(engine.now, end) > 0:
            raise NetworkError(ENODEV, "the module does not answer: check power, wiring and baud rate")


def _identify(engine: "Engine", net: Network) -> "Proc[None]":
    lines = yield from ask(engine, b"AT+CGMM")
    if not lines:  # an OK that was on its way before the first AT has moved all answers on by one
        engine.out_of_step()
        lines = yield from ask(engine, b"AT+CGMM")
    for line in lines:  # a booting module may say something of its own in between
        net.model = decode(line, 0, len(line))
        for name in engine.family.modules:
            if name.replace("-", "") in net.model.replace("-", "").upper():
                return
    raise NetworkError(ENODEV, "this module says %r, the driver was made for %s" % (net.model, engine.family.name))


def _pin(engine: "Engine") -> "Proc[None]":
    """Settings that change framing are asked first and written only when different: some go to flash.

    One that the module refuses to tell is unknown to its firmware.
    """
    for query, wanted, command in engine.family.pins:
        prefix = prefix_of(query)
        answer = yield from try_ask(engine, query, prefix)
        told = [values(line) for line in answer.lines]
        if answer.ok and values(wanted) not in told:
            yield from ask(engine, command, prefix)


def _close_leftovers(engine: "Engine") -> "Proc[None]":
    """Ids that were open before this microcontroller restarted, or before an RDY that only lost bytes made."""
    for dialect, query in ((engine.family.tcp, b"AT+QISTATE?"), (engine.family.tls, b"AT+QSSLSTATE")):
        if dialect is None:
            continue
        answer = yield from try_ask(engine, query, query.rstrip(b"?")[2:] + b":")
        for line in answer.lines:
            close = b"%s%d%s" % (dialect.close, number(line, 0), dialect.close_arg)
            yield from try_ask(engine, close, None, ON_CLOSE if dialect.close_ok else ON_OK, dialect.close_ms)


def bring_up(
    engine: "Engine",
    net: Network,
    pdp: int,
    setup: "bytes | None",
    pin: "str | None" = None,
    report: "Report | None" = None,
) -> "Proc[None]":
    """Power-on to address, a step at a time; report(step, state, text) as it goes.

    setup: the command that describes PDP context pdp; see pdp_setup().  The board's own time sets the clock of a
    module that no network has set.
    """
    report = report or _silent
    report("echo", "start", "")
    yield from prepare(engine, net)
    report("identity", "done", net.model)
    yield from _sim(engine, pin)
    report("sim", "done", "READY")
    net.state = SEARCHING
    yield from _register(engine, net)
    report("register", "done", "")
    net.state = REGISTERED
    yield from _attach(engine)
    report("attach", "done", "")
    yield from (_activate(engine, net, pdp, setup) if engine.family.qiact else _address(engine, net))
    report("pdp", "done", net.address)
    yield from grant_due(engine, net)
    yield from read_clock(engine, net)
    utc = net.board_time()
    if utc and not net.clock_is_set():
        yield from set_clock(engine, net, utc)
    report("clock", "done", net.clock)
    engine.pdp = pdp
    engine.pdp_lost = False
    net.state = ONLINE


def pdp_setup(
    family: "Family", pdp: int, ip: str, apn: "str | None", user: str, password: str, auth: "str | None"
) -> "bytes | None":
    """The command that describes a PDP context, checked before a byte is sent; None: it is left as it is."""
    in_range("pdp", pdp, 1, family.pdp_contexts)
    if ip not in _TYPES:
        raise ValueError("ip must be one of " + " ".join(_TYPES))
    if auth not in _AUTH:
        raise ValueError("auth must be None, 'none', 'pap', 'chap' or 'pap/chap'")
    kind = _TYPES.index(ip) + 1
    _check_pdp(family, pdp, kind, _AUTH[auth])
    if apn is None:
        if user or password or auth or kind > 1:
            raise ValueError("user, password, auth and ip describe the context of an apn")
        return None
    text = (checked("apn", apn, 100), checked("user", user, 127), checked("password", password, 127))
    what = (pdp, kind, text[0].encode(), text[1].encode(), text[2].encode(), _AUTH[auth])
    return b'AT+QICSGP=%d,%d,"%s","%s","%s",%d' % what


def _check_pdp(family: "Family", pdp: int, kind: int, auth: int) -> None:
    """QuectelError(EOPNOTSUPP) for what the family does not have; the NB families bring up context 1 by themselves."""
    if kind > family.pdp_types:
        raise QuectelError(EOPNOTSUPP, "%s brings no %s context up" % (family.name, _TYPES[kind - 1]))
    if family.qiact and auth >= family.pdp_auths:
        raise QuectelError(EOPNOTSUPP, "%s has no 'pap/chap'" % family.name)
    if pdp > 1 and not family.qiact:
        raise QuectelError(EOPNOTSUPP, "%s brings context 1 up by itself, and no other" % family.name)


def _sim(engine: "Engine", pin: "str | None") -> "Proc[None]":
    """Ready, or the PIN is entered: once, because three wrong ones block a SIM."""
    end = ticks_add(engine.now, _SIM_MS)
    entered = False
    while True:
        answer = yield from try_ask(engine, b"AT+CPIN?", b"+CPIN:", ON_OK, 5000)
        state = word(answer.lines[0]) if answer.lines else ""
        if state == "READY":
            return
        if state == "SIM PIN" and not entered:
            yield from _enter_pin(engine, pin)
            entered = True
        elif not answer.ok and answer.code != 14:
            raise (yield from reason(engine, answer, b"AT+CPIN?", NetworkError))
        if ticks_diff(engine.now, end) > 0:
            raise NetworkError(EACCES, "the SIM says %r" % (state or "busy"))
        yield from wait_for(engine, 500)


def _enter_pin(engine: "Engine", pin: "str | None") -> "Proc[None]":
    if pin is None:
        raise NetworkError(EACCES, "the SIM wants a PIN: give pin=", 11, "AT+CPIN?")
    line = b'AT+CPIN="%s"' % checked("pin", pin, 8).encode()
    answer = yield from try_ask(engine, line, None, ON_OK, 5000, None, True)
    if not answer.ok:
        raise NetworkError(EACCES, "the SIM refused the PIN", answer.code, "AT+CPIN")


def _register(engine: "Engine", net: Network) -> "Proc[None]":
    """Until home or roaming; denied is an answer of its own.  The caller's time limit ends the search."""
    while True:
        answer = yield from try_ask(engine, b"AT+CEREG?", b"+CEREG:", ON_OK, _QUICK_MS)
        stat = number(answer.lines[0], 1) if answer.lines else -1
        if stat in (1, 5):
            return
        if stat == 3:
            net.state = DENIED
            raise NetworkError(EPERM, "the network denies registration: check the SIM's subscription")
        yield from wait_for(engine, 1000)


def _attach(engine: "Engine") -> "Proc[None]":
    while True:
        lines = yield from ask(engine, b"AT+CGATT?", b"+CGATT:", ON_OK, 5000)
        if lines and number(lines[0], 0) == 1:
            return
        yield from wait_for(engine, 1000)


def _activate(engine: "Engine", net: Network, pdp: int, setup: "bytes | None") -> "Proc[None]":
    """QICSGP and QIACT; a context that is active already is left alone (R103).

    One that the network has taken down is deactivated first.
    """
    if engine.pdp_lost and pdp == engine.pdp:
        yield from try_ask(engine, b"AT+QIDEACT=%d" % pdp, None, ON_OK, _DEACT_MS)
    if setup and not (yield from _active(engine, net, pdp)):
        yield from ask(engine, setup, None, ON_OK, 0, None, True)
    if not (yield from _active(engine, net, pdp)):
        yield from _act(engine, net, pdp)
    if pdp not in net.contexts:
        net.contexts.append(pdp)


def _act(engine: "Engine", net: Network, pdp: int) -> "Proc[None]":
    """Some firmware answers ERROR for a context that has come up meanwhile."""
    line = b"AT+QIACT=%d" % pdp
    answer = yield from try_ask(engine, line, None, ON_OK, 150_000)
    error = None if answer.ok else (yield from reason(engine, answer, line, NetworkError))
    if not (yield from _active(engine, net, pdp)) and error:
        raise error


def _active(engine: "Engine", net: Network, pdp: int) -> "Proc[bool]":
    lines = yield from ask(engine, b"AT+QIACT?", b"+QIACT:", ON_OK, 5000)
    for line in lines:
        fields = values(line)
        if len(fields) >= 4 and fields[0] == str(pdp) and fields[1] == "1":
            net.address = fields[3]
            return True
    return False


def _address(engine: "Engine", net: Network) -> "Proc[None]":
    """The NB families bring the context up by themselves: wait for its address (R128)."""
    while True:
        answer = yield from try_ask(engine, b"AT+CGPADDR?", b"+CGPADDR:", ON_OK, _QUICK_MS)
        for line in answer.lines:
            fields = values(line)
            if len(fields) >= 2 and fields[1] not in ("", "0.0.0.0"):
                net.address = fields[1]
                return
        yield from wait_for(engine, 1000)


def read_clock(engine: "Engine", net: Network) -> "Proc[None]":
    """The module's clock decides whether certificates are valid (R039)."""
    answer = yield from try_ask(engine, b"AT+CCLK?", b"+CCLK:")
    net.clock = word(answer.lines[0]) if answer.lines else ""


def clock_text(utc: "tuple[int, ...]") -> str:
    """(year, month, day, hour, minute, second), UTC, as AT+CCLK has it."""
    return "%02d/%02d/%02d,%02d:%02d:%02d+00" % ((utc[0] % 100,) + tuple(utc[1:6]))


def check_utc(utc: "tuple[int, ...]") -> "tuple[int, ...]":
    """(year, month, day, hour, minute, second) of a time tuple, which may be longer; ValueError if it is none."""
    if len(utc) < 6:
        raise ValueError("a time is (year, month, day, hour, minute, second)")
    for i in range(6):
        in_range(_TIME[i][0], utc[i], _TIME[i][1], _TIME[i][2])
    return tuple(utc[:6])


def set_clock(engine: "Engine", net: Network, utc: "tuple[int, ...]") -> "Proc[None]":
    """Set the module's clock to (year, month, day, hour, minute, second), UTC."""
    clock = clock_text(utc)
    yield from ask(engine, b'AT+CCLK="%s"' % clock.encode())
    net.clock = clock


def shut_down(engine: "Engine", net: Network) -> "Proc[None]":
    """Deactivate the PDP contexts, where that is the host's business."""
    if engine.family.qiact:
        for pdp in net.contexts or [1]:
            yield from ask(engine, b"AT+QIDEACT=%d" % pdp, None, ON_OK, _DEACT_MS)
    net.contexts.clear()
    net.state = IDLE
    net.address = "0.0.0.0"
