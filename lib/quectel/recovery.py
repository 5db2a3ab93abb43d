"""Staying online: what is watched, what is done about trouble, and how often (keep_online()).

Trouble climbs a ladder: bring the network up again, three times; switch the radio off and on; restart the module;
press its power key.  Restarts wear a module, so three may follow one another, then 10 min, 30 min and 1 h lie between
them; an hour online takes one off the count.  State is kept here and in the engine, none in a running procedure: one
that is given up anywhere is begun again.
"""

from errno import EACCES, EHOSTUNREACH, ENODEV, EPERM

from ._compat import const, ticks_add, ticks_diff
from .bringup import bring_up
from .command import ON_OK
from .contact import answers, glance
from .errors import NetworkError, QuectelError, QuectelTimeout
from .network import LOST, ONLINE
from .pdp import has_address, is_active
from .procedure import Job, Limit, try_ask
from .registration import HOME, ROAMING, registered

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable

    from ._types import Proc, Report
    from .engine import Engine
    from .life import Life
    from .network import Network

    Veto = Callable[[str], bool]

_CHECK_MS = const(60_000)  # without a byte from the module it is asked how it is
_SILENT_MS = const(50_000)  # the engine has asked for 10 s already: the vendor says a minute
_VETOED_MS = const(60_000)
_REDIALS_MS = (5000, 10_000, 30_000)
_AT_ONCE = const(3)  # restarts that need no wait
_LADDER_MS = (600_000, 1_800_000, 3_600_000)
_HOPELESS_MS = (60_000, 300_000, 600_000)  # nothing but the SIM or the operator can help: it is only asked again
_SIM_CODES = (10, 13, 15)  # not inserted, failure, wrong (27.007)
_GOOD = const(60)  # minutes online that take a restart off the count
_RADIO_MS = 15_000
_OFF_MS = 65_000  # behind the power key, until the module is off, at most


class Watch:
    """What keep_online() has switched on."""

    def __init__(self, hand: "Callable[..., object]", veto: "Veto | None", report: "Report | None") -> None:
        self._hand = hand  # calls what is the application's, see Services.hand()
        self._veto = veto
        self._report = report
        self.job: "Job | None" = None
        self.why = ""  # the last attempt has failed for this reason
        self.tries = 0  # attempts since the module was online
        self.restarts = 0  # that count; see the ladder
        self.restarted_at = 0
        self.waits = False  # nothing is done before `until`
        self.until = 0
        self._checked_at = -1
        self._heard = 0  # bytes from the module at the last check
        self._good = 0  # minutes online since a restart was taken off

    # --- a turn: allocates nothing while all is well ------------------------------------------------------------

    def look(self, modem: "Life") -> None:
        """Begin what is to be done, for poll() to carry on."""
        if self.job is not None:
            if not self.job.ended:
                return
            self.job = None
        e = modem.engine
        if self._is_idle(modem, e):
            return
        if modem.isconnected() and not e.silent:
            if self._is_check_due(e):
                self._begin(modem, check(e, modem.net))
        elif e.silent and self._is_in_psm(modem, e):
            self._falls_asleep(modem, e)
        elif self._is_over(e):
            self._begin(modem, recover(modem, self))

    def _is_in_psm(self, modem: "Life", e: "Engine") -> bool:
        """Power saving mode is in force, and the module was quiet for the time in which it still listens."""
        return e.psm and ticks_diff(e.now, e.moved_at) >= modem.net.active_ms

    def _falls_asleep(self, modem: "Life", e: "Engine") -> None:
        """It need not say so.  Nothing is wrong: who needs the module wakes it."""
        self.report("recover", "asleep", "power saving mode")
        e.restarted()
        e.fell_asleep()
        self.well(e)

    def _is_idle(self, modem: "Life", e: "Engine") -> bool:
        """Nobody wants to be online, or somebody else is at it, or the module is not to be talked to."""
        net = modem.net
        return net.wanted is None or net.rising or net.preparing or e.asleep != 0 or e.owner.index >= 0

    def _is_over(self, e: "Engine") -> bool:
        if self.waits and ticks_diff(self.until, e.now) > 0:
            return False
        self.waits = False
        return True

    def _is_check_due(self, e: "Engine") -> bool:
        if self._checked_at < 0:
            self._checked_at = e.now
        if ticks_diff(e.now, self._checked_at) < _CHECK_MS:
            return False
        self._checked_at = e.now
        self._count_good()
        heard = self._heard
        self._heard = e.stats.rx_bytes
        return heard == self._heard

    def _count_good(self) -> None:
        self._good += 1
        if self._good >= _GOOD:
            self._good = 0
            self.restarts = max(self.restarts - 1, 0)

    def _begin(self, modem: "Life", steps: "Proc[None]") -> None:
        self.job = Job(steps)
        modem._jobs.append(self.job)

    def end(self, modem: "Life") -> None:
        """Switch it off: what is under way is given up."""
        if self.job is not None and not self.job.ended:
            self.job.close()
            modem._jobs.remove(self.job)

    def report(self, step: str, state: str, text: str) -> None:
        """Tell the application."""
        if self._report:
            self._hand(self._report, step, state, text)

    # --- what becomes of an attempt -----------------------------------------------------------------------------

    def wait(self, e: "Engine", ms: int) -> None:
        self.waits = True
        self.until = ticks_add(e.now, ms)

    def well(self, e: "Engine") -> None:
        """Online again."""
        self.tries = 0
        self.why = ""
        self.waits = False
        self._checked_at = e.now
        self._good = 0

    def left_ms(self, e: "Engine") -> int:
        """Until the module may be restarted."""
        if self.restarts < _AT_ONCE:
            return 0
        pause_ms = _LADDER_MS[min(self.restarts - _AT_ONCE, len(_LADDER_MS) - 1)]
        return max(pause_ms - ticks_diff(e.now, self.restarted_at), 0)

    def may(self, e: "Engine", what: str) -> bool:
        """False if it is too early to restart, or the application forbids it; then it is tried again later."""
        left_ms = self.left_ms(e)
        if left_ms:
            self.report("recover", "waits", "%s in %d s" % (what, left_ms // 1000))
            self.wait(e, left_ms)
            return False
        return not self.is_vetoed(e, what)

    def is_vetoed(self, e: "Engine", what: str) -> bool:
        if not self._veto or not self._hand(self._veto, what):
            return False
        self.report("recover", "vetoed", what)
        self.wait(e, _VETOED_MS)
        return True

    def count(self, e: "Engine", what: str) -> None:
        self.report("recover", what, self.why)
        self.restarts += 1
        self.restarted_at = e.now

    def reached(self, modem: "Life") -> "Proc[None]":
        """For who opens a connection: a module that sleeps is woken, and what is being done is awaited.

        NetworkError if the next try is a while off.
        """
        yield from modem.awake()
        while self._at_work(modem):
            yield
        if modem.net.wanted is not None and not modem.isconnected():
            text = "offline: %s; the next try is in %d s" % (self.why, self._seconds(modem.engine))
            raise NetworkError(EHOSTUNREACH, text)

    def _at_work(self, modem: "Life") -> bool:
        if self.job is not None and not self.job.ended:
            return not modem.isconnected()
        if self._is_idle(modem, modem.engine):
            return modem.net.rising
        return not modem.isconnected() and self._is_over(modem.engine)

    def _seconds(self, e: "Engine") -> int:
        return max(ticks_diff(self.until, e.now) // 1000, 0) if self.waits else 0


# --- procedures -------------------------------------------------------------------------------------------------------


def check(engine: "Engine", net: "Network") -> "Proc[None]":
    """A module that says nothing by itself is asked: it may be silent, off the network, or have lost its context."""
    try:
        before = engine.stat
        stat = yield from registered(engine)
        if engine.stat == before:  # else a URC has told meanwhile
            engine.stat = stat
        if engine.family.qiact:
            up = yield from is_active(engine, net, engine.pdp)
        else:
            up = yield from has_address(engine, net)
    except QuectelTimeout:
        return  # the engine asks on, and tells when the module is silent
    if not up and engine.stat in (HOME, ROAMING):
        engine.lose_context(engine.pdp)  # though the network has said nothing


def recover(modem: "Life", watch: Watch) -> "Proc[None]":
    """One attempt.  What it has found says when the next one begins, and how far it goes."""
    e, net = modem.engine, modem.net
    if net.state == ONLINE:
        net.state = LOST
    wanted = net.wanted
    if wanted is None:
        return
    if e.silent and not (yield from _is_heard(e, net)):
        watch.why = "the module does not answer"
        yield from _restart(modem, watch)
        return
    try:
        yield from bring_up(e, net, wanted, watch.report)
    except QuectelError as error:
        yield from _failed(modem, watch, error)
        return
    watch.well(e)


def _is_heard(engine: "Engine", net: "Network") -> "Proc[bool]":
    """Within the minute that the vendor gives it, or at another rate."""
    return (yield from answers(engine, _SILENT_MS)) or (yield from glance(engine, net))


def _failed(modem: "Life", watch: Watch, error: QuectelError) -> "Proc[None]":
    watch.why = error.text
    watch.tries += 1
    if is_hopeless(error):
        watch.report("recover", "waits", error.text)
        watch.wait(modem.engine, _HOPELESS_MS[min(watch.tries, len(_HOPELESS_MS)) - 1])
    elif modem.engine.silent or (error.errno == ENODEV and not error.code):
        yield from _restart(modem, watch)
    elif watch.tries <= len(_REDIALS_MS):
        watch.wait(modem.engine, _REDIALS_MS[watch.tries - 1])
    elif watch.tries == len(_REDIALS_MS) + 1:
        yield from _radio(modem, watch)
    else:
        yield from _restart(modem, watch)


def is_hopeless(error: QuectelError) -> bool:
    """Neither redialling nor a restart helps: the SIM is missing, locked or refused."""
    return error.errno in (EACCES, EPERM) or error.code in _SIM_CODES


def _radio(modem: "Life", watch: Watch) -> "Proc[None]":
    """Off the network and on again."""
    e = modem.engine
    if watch.is_vetoed(e, "radio"):
        return
    watch.report("recover", "radio", watch.why)
    try:
        yield from try_ask(e, b"AT+CFUN=0", None, ON_OK, _RADIO_MS)
        yield from try_ask(e, b"AT+CFUN=1", None, ON_OK, _RADIO_MS)
    except QuectelTimeout:
        pass  # the next attempt finds it silent, or not


def _restart(modem: "Life", watch: Watch) -> "Proc[None]":
    """AT+CFUN=1,1, and the power key if that does not help; as often as the ladder lets it."""
    e = modem.engine
    if not watch.may(e, "restart"):
        return
    watch.count(e, "restart")
    epoch = e.epoch
    if e.resync:
        e.shout = b"AT+CFUN=1,1"
        e.out_of_step()
    else:
        try:
            yield from try_ask(e, b"AT+CFUN=1,1", None, ON_OK, _RADIO_MS)
        except QuectelTimeout:
            pass
    if (yield from _is_back(modem, epoch)):
        return
    pins = modem.net.pins
    if hasattr(pins, "pwrkey"):
        yield from _press(modem, watch, "power", _power(modem))
    elif hasattr(pins, "reset"):
        from .key import reset

        yield from _press(modem, watch, "reset", reset(e, modem.net))
    else:
        watch.wait(e, _LADDER_MS[0])


def _is_back(modem: "Life", epoch: int) -> "Proc[bool]":
    """It has restarted and answers, at whatever rate, or just answers."""
    e = modem.engine
    limit = Limit(e, modem.net.boot_ms(e.family))
    while e.epoch == epoch and not limit.is_over(e):
        yield
    if e.epoch != epoch:
        while not (yield from answers(e, 1000)) and not limit.is_over(e):
            pass
    if e.resync:
        return (yield from glance(e, modem.net))
    if e.epoch == epoch:  # RDY was lost
        e.restarted()
    return True


def _press(modem: "Life", watch: Watch, what: str, steps: "Proc[None]") -> "Proc[None]":
    """The last resort, by a line of the board."""
    e = modem.engine
    if watch.is_vetoed(e, what):
        return
    watch.report("recover", what, watch.why)  # the same restart: it counts once
    epoch = e.epoch
    yield from steps
    if not (yield from _is_back(modem, epoch)):
        line = "power key" if what == "power" else "reset line"
        watch.why = "the module does not answer, even behind its " + line
        watch.wait(e, watch.left_ms(e))


def _power(modem: "Life") -> "Proc[None]":
    """Off and on.  If it was off, the first press has switched it on, and there is no second one."""
    from .key import press_off, press_on

    e, net = modem.engine, modem.net
    if net.is_on() != 0:
        yield from press_off(e, net)
    if net.is_on() == 0 or (yield from _goes_off(e, net)):
        yield from press_on(e, net)


def _goes_off(engine: "Engine", net: "Network") -> "Proc[bool]":
    """By its STATUS pin; without one, off is what does not begin to answer."""
    if net.is_on() < 0:
        return not (yield from answers(engine, net.boot_ms(engine.family)))
    limit = Limit(engine, _OFF_MS)
    while net.is_on() and not limit.is_over(engine):
        yield
    return net.is_on() == 0
