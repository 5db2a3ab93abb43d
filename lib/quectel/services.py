"""What a modem offers beside its sockets.  Each service is imported when it is first used."""

from errno import EOPNOTSUPP

from ._compat import const
from .errors import QuectelError
from .procedure import Job
from .table import ROUSED

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any

    from ._faces import AsyncCoap, AsyncFiles
    from ._types import Pins, Proc, Rtc, T
    from .coap import Coap
    from .diagnostics import Diagnostics, PingResult
    from .engine import Engine
    from .files import Files
    from .models.base import Family
    from .network import Network


class Services:
    """Base of both faces' modems.  run() is theirs: it waits for a procedure."""

    if TYPE_CHECKING:
        engine: Engine
        net: Network

        # the procedure's result on Modem, an awaitable of it on AsyncModem
        def run(self, procedure: "Proc[T]", timeout_ms: int = -1) -> Any: ...
        def ready(self) -> "Proc[None]": ...
        def poll(self) -> bool: ...
        def background(self, steps: "Proc[None]") -> object: ...

        _jobs: list[Job]
        _handing: bool
        _pins: Pins | None

    def __init__(self, family: "Family") -> None:
        self._family = family
        self._files: "Files | None" = None
        self._coap: "Coap | None" = None
        self._checks: "Diagnostics | None" = None
        self._waking: "Job | None" = None  # goes on in poll(), whoever waits for it

    @property
    def files(self) -> "Files | AsyncFiles":
        """The module's file system; see quectel.files.Files.  Allocates at most 250 bytes, once."""
        if self._files is None:
            from .files import Files

            self._files = Files(self)
        return self._files

    def coap(self, local_port: int = 56830) -> "Coap | AsyncCoap":
        """The CoAP service of BC95-G and BC68; see quectel.coap.Coap.  Allocates at most 3,000 bytes, once."""
        if not self._family.coap:
            raise QuectelError(EOPNOTSUPP, "%s has no CoAP commands" % self._family.name)
        if self._coap is None:
            from .coap import Coap

            self._coap = Coap(self, local_port)
        self._coap.check_port(local_port)
        return self._coap

    def hand(self, handler: "Any", message: "Any") -> "Any":
        """Call a handler, which must not wait for the module; what it gives.

        An OSError of its own becomes a RuntimeError: the UART's would be the end of the modem.
        """
        self._handing = True
        try:
            return handler(message)
        except OSError as raised:
            error = raised
        finally:
            self._handing = False
        raise RuntimeError("a handler raised %r" % error)

    def carry_on(self, steps: "Proc[None]") -> "Job":
        """Have poll() do the steps of a procedure that nobody waits for."""
        job = Job(steps)
        self._jobs.append(job)
        return job

    # --- ping, NTP, DNS, settings: procedures for the faces ------------------------------------------------------

    def _diagnostics(self) -> "Diagnostics":
        if self._checks is None:
            from .diagnostics import Diagnostics

            self._checks = Diagnostics(self, self._family)
        return self._checks

    def _ping(self, host: str, count: int, size: int, timeout_s: int) -> "Proc[PingResult]":
        return self._diagnostics().ping(host, count, size, timeout_s)

    def _resolve(self, host: str, timeout_ms: int) -> "Proc[list[str]]":
        return self._diagnostics().resolve(host, timeout_ms)

    def _ntp(self, server: str, port: int, set_clock: bool, rtc: "Rtc | None") -> "Proc[tuple[int, ...]]":
        return self._diagnostics().ntp(server, port, set_clock, rtc)

    def _dns_servers(self, primary: "str | None", secondary: "str | None") -> "Proc[tuple[str, str]]":
        from .settings import dns_servers

        return dns_servers(self, self._family, primary, secondary)

    def _config(self, name: "str | None", new: "dict[str, Any]") -> "Proc[Any]":
        from .settings import config

        return config(self, self._family, name, new)

    # --- what the modem tells of itself ---------------------------------------------------------------------------

    def _look(self, what: str) -> "Proc[Any]":
        from .status import check_name, look

        check_name(what)
        yield from self.ready()
        return (yield from look(self.engine, what))

    def _info(self, state: int) -> "Proc[dict[str, object]]":
        from .status import info

        yield from self.ready()
        return (yield from info(self.engine, self.net, state))

    def _diagnose(self) -> "Proc[list[tuple[str, bool, str]]]":
        from .status import diagnose

        yield from self.awake()
        return (yield from diagnose(self.engine, self.net))

    def _switch(self, on: bool) -> "Proc[None]":
        from .power import switch_off, switch_on

        if on:
            yield from switch_on(self.engine, self.net)
            return
        yield from self.ready()
        self.net.wanted = None
        yield from switch_off(self.engine, self.net)

    def keep_alive(self, on: object, at_once: bool) -> None:
        """Keep-alive as Socket.setsockopt() wants it: with the next connect() or listen(), or from now on."""
        if self._family.keepalive is None:
            return
        from .settings import keep_alive

        if isinstance(on, (bytes, bytearray)):
            on = any(on)
        if keep_alive(self, self._family, bool(on)) and at_once:
            self.background(self.ready())
            self.poll()  # its deadline runs: it goes out now

    # --- sleep --------------------------------------------------------------------------------------------------

    def _fall_asleep(self, mode: str, timers_s: "dict[str, float]") -> "Proc[dict[str, float]]":
        """Procedure; see Modem.sleep()."""
        from .power import check

        check(self._family, mode, timers_s)
        if mode in ("psm", "edrx"):
            return (yield from self._save_power(mode, timers_s))
        if mode == "off":
            yield from self._stay_awake()
        elif mode == "light":
            yield from self._doze()
        else:
            yield from self._sleep_deeply()
        return {}

    def _save_power(self, mode: str, timers_s: "dict[str, float]") -> "Proc[dict[str, float]]":
        from .psm import settings, settle

        told, wanted = settings(self._family, mode, timers_s)
        if mode == "edrx":
            wanted = self._in_use(wanted)
        yield from self.ready()
        yield from settle(self.engine, wanted)
        if mode == "psm":
            self.net.active_ms = int(told["active"]) * 1000
            self.engine.psm = not self._family.wake_ms
            if self._family.wake_ms:
                yield from self._sleep_deeply()
        return told

    def _in_use(self, wanted: "list[Any]") -> "list[Any]":
        """Of the settings of eDRX those of the technology that connect(rat=) or config(rat=) has chosen."""
        if not self._family.acts:
            return wanted
        from .registration import technology

        made = self.net.wanted.wishes if self.net.wanted is not None else []
        rat = technology(self._family, made) or technology(self._family, list(self.net.wishes.values()))
        acts = self._family.acts.get(rat)
        if acts is None:
            return wanted
        wanted = [one for one in wanted if int(one[1][0][1]) in acts]
        if not wanted:
            raise ValueError("rat=%r has no such cycle" % rat)
        return wanted

    def _stay_awake(self) -> "Proc[None]":
        from .psm import stay_up, undo

        yield from self._wake_up()
        if self._family.light:
            yield from stay_up(self.engine, self._pins)
        yield from undo(self.engine)

    def _doze(self) -> "Proc[None]":
        from .psm import doze, line_of

        line = line_of(self._pins)
        if not self.engine.asleep or self.engine.slept:
            yield from self.ready()
            yield from doze(self.engine, line)

    def _sleep_deeply(self) -> "Proc[None]":
        from .power import allow

        if self.engine.asleep:
            self.engine.may_sleep = True
        else:
            yield from self.ready()
            yield from allow(self.engine)

    def _wake_up(self) -> "Proc[None]":
        """Procedure; see Modem.wake()."""
        from .power import check, forbid

        check(self._family, "off", {})
        if self.engine.asleep:
            yield from self.awake()
        elif self.engine.psm:
            from .psm import find_up

            yield from find_up(self.engine, self.net)
        else:
            yield from self.ready()
            if self._family.wake_ms:
                yield from forbid(self.engine)

    def awake(self) -> "Proc[None]":
        """Procedure: what needs the module wakes it."""
        while self.engine.asleep:
            self.rouse()
            yield

    def greet(self) -> "Proc[None]":
        """Procedure: a module that nobody here has met may be asleep, left so by an earlier program."""
        if self._family.wake_ms and self.net.prepared < 0 and hasattr(self._pins, "psm_eint"):
            from .power import hook, pull_once

            yield from pull_once(self.engine, hook(self.engine, self._pins))
        if self._family.light and self.net.prepared < 0 and hasattr(self._pins, "dtr"):
            from .psm import line_of

            line_of(self._pins)(0)

    def rouse(self) -> None:
        """Have a sleeping module woken, by poll(); to be called until it is awake.

        Raises why it cannot be, or could not be.
        """
        job = self._waking
        if job is not None and not job.ended:
            return
        self._waking = None
        if job is not None and job.error is not None:
            raise job.error
        self._begin_waking()

    def _begin_waking(self) -> None:
        steps = self._waking_steps()
        self.engine.asleep = ROUSED
        for name in self.net.wishes:
            self.net.is_due(name)  # open_time is lost in deep sleep (R203)
        self._waking = Job(steps)
        self._jobs.append(self._waking)

    def _waking_steps(self) -> "Proc[None]":
        """ENODEV if there is no pin for it."""
        if self._family.wake_ms:
            from .power import hook, wake

            return wake(self.engine, hook(self.engine, self._pins))
        from .psm import boot, end_doze, line_of

        if self.engine.slept:
            return boot(self.engine, self.net)
        return end_doze(self.engine, line_of(self._pins))
