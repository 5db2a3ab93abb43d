"""From the first AT to an address, a step at a time; each has its own budget and is reported as it goes."""

from errno import ENODEV, ETIMEDOUT

from ._compat import const
from .command import ON_CLOSE, ON_OK
from .contact import contact, settle_rate
from .errors import NetworkError, QuectelError
from .network import ONLINE, REGISTERED, SEARCHING, grant_due, read_clock, set_clock
from .pdp import activate, address, name_servers
from .procedure import Limit, ask, number, prefix_of, try_ask, values
from .registration import attach, choose, enter, register
from .text import decode

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable

    from ._types import Proc, Report
    from .engine import Engine
    from .network import Network, Wanted

    Step = Callable[[Engine, Network, Wanted], Proc[str]]

_RESTARTS = 3

# How long a step may take, and what to try when it takes longer.  Contact has its own, see contact.py; "register" is
# the family's.
_SIM_MS = 20_000
_ATTACH_MS = 150_000
_PDP_MS = 200_000
_CHORE_MS = 60_000


def _unheard(step: str, state: str, text: str) -> None:
    pass


# --- settings, once an epoch ------------------------------------------------------------------------------------------


def prepare(engine: "Engine", net: "Network", report: "Report | None" = None) -> "Proc[None]":
    """Bring a module that just started, or just met us, to known settings: echo, errors, framing, ids.

    One does it at a time; who comes meanwhile waits, and finds it done.
    """
    while net.preparing:
        yield
    net.preparing = True
    try:
        yield from _prepare(engine, net, report or _unheard)
    finally:
        net.preparing = False


def _prepare(engine: "Engine", net: "Network", report: "Report") -> "Proc[None]":
    restarts = 0
    while net.prepared != engine.epoch:
        try:
            yield from contact(engine, net, report)
            epoch = engine.epoch
            yield from _settings(engine, net, report)
            net.prepared = epoch
        except QuectelError as error:
            restarts += 1
            if error.code != 570 or restarts > _RESTARTS:  # it may still have been booting
                raise


def _settings(engine: "Engine", net: "Network", report: "Report") -> "Proc[None]":
    report("echo", "start", "")
    answer = yield from try_ask(engine, b"ATE0")
    engine.echo_off = answer.ok
    yield from ask(engine, b"AT+CMEE=1")
    report("echo", "done", "off" if answer.ok else "on")
    net.clock = ""  # a restart may have lost it
    net.contexts.clear()
    report("identity", "start", "")
    try:
        yield from _identify(engine, net)
    except NetworkError as error:
        report("identity", "failed", error.text)
        raise
    yield from _pin(engine, net)
    yield from _close_leftovers(engine, net)
    net.due = sorted(net.wishes)  # granted by who needs them: DNS servers are refused until registration (R194)
    report("identity", "done", net.model)


def _identify(engine: "Engine", net: "Network") -> "Proc[None]":
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


def _pin(engine: "Engine", net: "Network") -> "Proc[None]":
    """Settings that change framing are asked first and written only when different: some go to flash.

    One that the module refuses to tell is unknown to its firmware.
    """
    if engine.family.urc_port and net.urc_port:
        port = net.urc_port.encode()
        told = b'+QURCCFG: "urcport","%s"' % port
        yield from _pin_one(engine, b'AT+QURCCFG="urcport"', told, b'AT+QURCCFG="urcport","%s"' % port)
    for query, wanted, command in engine.family.pins:
        yield from _pin_one(engine, query, wanted, command)


def _pin_one(engine: "Engine", query: bytes, wanted: bytes, command: bytes) -> "Proc[None]":
    prefix = prefix_of(query)
    answer = yield from try_ask(engine, query, prefix)
    told = [values(line) for line in answer.lines]
    if answer.ok and values(wanted) not in told:
        yield from ask(engine, command, prefix)


def _close_leftovers(engine: "Engine", net: "Network") -> "Proc[None]":
    """Ids that were open before this microcontroller restarted, or before an RDY that only lost bytes made.

    net.adopt, of restore(), looks at each first, and keeps those that it knows.
    """
    for dialect, query in ((engine.family.tcp, b"AT+QISTATE?"), (engine.family.tls, b"AT+QSSLSTATE")):
        if dialect is None:
            continue
        answer = yield from try_ask(engine, query, query.rstrip(b"?")[2:] + b":")
        for line in answer.lines:
            if net.adopt and net.adopt(dialect, line):
                continue
            close = b"%s%d%s" % (dialect.close, number(line, 0), dialect.close_arg)
            yield from try_ask(engine, close, None, ON_CLOSE if dialect.close_ok else ON_OK, dialect.close_ms)


# --- the steps --------------------------------------------------------------------------------------------------------


def bring_up(engine: "Engine", net: "Network", wanted: "Wanted", report: "Report | None" = None) -> "Proc[None]":
    """Power-on to address, a step at a time; report(step, state, text) as it goes, state "start", "done" or "failed".

    The board's own time sets the clock of a module that no network has set.
    """
    while net.rising:
        yield
    net.rising = True
    try:
        yield from _rise_again(engine, net, wanted, report or _unheard)
    finally:
        net.rising = False


def _rise_again(engine: "Engine", net: "Network", wanted: "Wanted", report: "Report") -> "Proc[None]":
    """From the beginning, if the module restarts meanwhile, or does not answer any more: it may be off by now."""
    restarts = 0
    while True:
        try:
            yield from _rise(engine, net, wanted, report)
            return
        except QuectelError as error:
            restarts += 1
            if restarts > _RESTARTS or not (error.code == 570 or _is_first(engine, error)):
                raise


def _is_first(engine: "Engine", error: QuectelError) -> bool:
    """True if the first question behind the settings has found no answer: then contact() is made anew."""
    return engine.resync and error.errno == ETIMEDOUT and error.command == "AT+CPIN?"


def _rise(engine: "Engine", net: "Network", wanted: "Wanted", report: "Report") -> "Proc[None]":
    if net.prepared == engine.epoch and engine.resync:  # it may have restarted, with another rate, or be off
        yield from contact(engine, net, report)
    yield from prepare(engine, net, report)
    if net.baud not in (0, engine.baud):
        yield from settle_rate(engine, net, report)
    epoch = engine.epoch
    for name, limit_ms, step in _steps(engine):
        report(name, "start", "")
        try:
            text = yield from within(engine, name, limit_ms, step(engine, net, wanted))
        except QuectelError as error:
            report(name, "failed", error.text)
            raise
        if engine.epoch != epoch:  # what was done so far is done for nothing
            raise NetworkError(ENODEV, "the module restarted", 570, name)
        report(name, "done", text)
    engine.pdp = wanted.pdp
    engine.pdp_lost = False
    net.state = ONLINE


def _steps(engine: "Engine") -> "tuple[tuple[str, int, Step], ...]":
    return (
        ("sim", _SIM_MS, enter),
        ("register", engine.family.register_ms, _register),
        ("attach", _ATTACH_MS, _attach),
        ("pdp", _PDP_MS, activate if engine.family.qiact else address),
        ("dns", _CHORE_MS, name_servers),
        ("clock", _CHORE_MS, _clock),
    )


_ADVICE = {
    "sim": "the SIM does not get ready: check that it sits right",
    "register": "no network found: check the antenna, the operator and the radio technology",
    "attach": "the network does not attach the module: check the SIM's data subscription",
    "pdp": "the context does not come up: check the APN",
}


def within(engine: "Engine", name: str, limit_ms: int, steps: "Proc[str]") -> "Proc[str]":
    """A step's own budget; NetworkError(ETIMEDOUT) that says what to try when it is used up."""
    limit = Limit(engine, limit_ms)
    try:
        while True:
            try:
                next(steps)
            except StopIteration as done:
                return str(done.value)
            if limit.is_over(engine):
                advice = _ADVICE.get(name, "the module takes too long")
                raise NetworkError(ETIMEDOUT, "%s: not done in %d s; %s" % (name, limit_ms // 1000, advice))
            yield
    finally:
        steps.close()


def _register(engine: "Engine", net: "Network", wanted: "Wanted") -> "Proc[str]":
    net.state = SEARCHING
    yield from choose(engine, wanted)
    where = yield from register(engine, net)
    net.state = REGISTERED
    return where


def _attach(engine: "Engine", net: "Network", wanted: "Wanted") -> "Proc[str]":
    yield from attach(engine)
    return ""


def _clock(engine: "Engine", net: "Network", wanted: "Wanted") -> "Proc[str]":
    yield from grant_due(engine, net)
    yield from read_clock(engine, net)
    utc = net.board_time()
    if utc and not net.clock_is_set():
        yield from set_clock(engine, net, utc)
    return net.clock
