"""What a modem offers beside its sockets.  Each service is imported when it is first used."""

from errno import EOPNOTSUPP

from ._compat import const, ticks_diff
from .errors import QuectelError
from .procedure import Job
from .table import ROUSED

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ._faces import AsyncFiles
    from ._types import Proc, Rtc, T
    from .coap import Coap
    from .diagnostics import Diagnostics, PingResult
    from .engine import Engine
    from .files import Files
    from .models.base import Family
    from .network import Network
    from .psm import Lull


_HELD_MS = const(20)  # so often it is looked at the UART while a line is pulled


class Services:
    """Base of both faces' modems.  run() is theirs: it waits for a procedure."""

    _stays = True  # in poll(), while a line of the board is pulled

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
        _clock: Any
        watchdog: Callable[[], object] | None

        def _read(self, e: Engine) -> bool: ...

    def __init__(self, family: "Family") -> None:
        self._family = family
        self._files: "Files | None" = None
        self._coap: "Coap | None" = None
        self._checks: "Diagnostics | None" = None
        self._waking: "Job | None" = None  # goes on in poll(), whoever waits for it
        self.dozes = False  # the sleep that was allowed last is light sleep
        self.lull: "Lull | None" = None  # of power saving mode

    @property
    def files(self) -> "Files | AsyncFiles":
        """The module's file system; see quectel.files.Files.  Allocates at most 250 bytes, once."""
        if self._files is None:
            from .files import Files

            self._files = Files(self)
        return self._files

    def coap(self, local_port: int = 56830) -> "Coap":
        """The CoAP service of BC95-G and BC68, on UDP port local_port (1 to 65535); see quectel.coap.Coap.

        QuectelError(EOPNOTSUPP) for other families, ValueError for a second port.  Allocates at most 3,000 bytes, once.
        """
        if not self._family.coap:
            raise QuectelError(EOPNOTSUPP, "%s has no CoAP commands" % self._family.name)
        if self._coap is None:
            from .coap import Coap

            self._coap = Coap(self, local_port)
        self._coap.check_port(local_port)
        return self._coap

    def hand(self, handler: "Any", *message: "Any") -> "Any":
        """Call a handler, which must not wait for the module; what it gives.

        What it raises is raised.  An OSError becomes a RuntimeError: it would be taken for the UART's, or the socket's.
        """
        before = self._handing
        self._handing = True
        try:
            return handler(*message)
        except OSError as raised:
            error = raised
        finally:
            self._handing = before
        raise RuntimeError("a handler raised %r" % error)

    def carry_on(self, steps: "Proc[None]") -> "Job":
        """Have poll() do the steps of a procedure that nobody waits for."""
        job = Job(steps)
        self._jobs.append(job)
        return job

    def _step_jobs(self) -> None:
        while True:
            for job in list(self._jobs):
                if job.step():
                    self._jobs.remove(job)
            if not (self.engine.holds and self._stays and self._is_held()):
                return

    def _is_held(self) -> bool:
        """Wait until a line that is pulled may be released; False if that time has come.

        Nobody knows when the next turn is.  What the module says meanwhile is taken.
        """
        e = self.engine
        left_ms = held_ms = ticks_diff(e.held_until, e.now)
        while left_ms > 0:
            self._clock.sleep_ms(min(left_ms, _HELD_MS))
            e.now = self._clock.ticks_ms()
            if self.watchdog:
                self.watchdog()
            self._read(e)
            left_ms = ticks_diff(e.held_until, e.now)
        return held_ms > 0

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
        from .sleeping import fall_asleep

        return fall_asleep(self, mode, timers_s)

    def _wake_up(self) -> "Proc[None]":
        from .sleeping import wake_up

        return wake_up(self)

    def _own_sleep(self, raw: bytes, steps: "Proc[list[bytes]]") -> "Proc[list[bytes]]":
        from .sleeping import watched

        return watched(self, raw, steps)

    def awake(self) -> "Proc[None]":
        """Procedure: what needs the module wakes it."""
        while self.engine.asleep:
            self.rouse()
            yield

    def greet(self) -> "Proc[None]":
        """Procedure: a module that nobody here has met may be asleep, left so by an earlier program."""
        family = self._family
        if self.net.prepared < 0 and (
            (family.wake_ms and hasattr(self.net.pins, "psm_eint"))
            or (family.light_line and hasattr(self.net.pins, "dtr"))
        ):
            from .sleeping import greet

            yield from greet(self)

    def _is_unwoken(self) -> bool:
        """True if the module could not be woken, and nobody has been told why."""
        return self._waking is not None and self._waking.error is not None

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
        from .sleeping import waking

        steps = waking(self)
        self.engine.asleep = ROUSED
        for name in self.net.wishes:
            self.net.is_due(name)  # open_time is lost in deep sleep (R203)
        self._waking = Job(steps)
        self._jobs.append(self._waking)
