"""The asyncio face: AsyncModem.  One task touches the UART; sockets wait for it to change something."""

from ._acompat import News, Waiter, create_task
from ._compat import const, ticks_add, ticks_diff, ticks_ms, utc_now
from .aio_socket import AsyncSocket
from .errors import QuectelTimeout
from .modem import Core
from .procedure import result_of
from .table import AF_INET, BUFFER, SOCK_STREAM

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Awaitable
    from typing import Any

    from ._acompat import Task
    from ._faces import AsyncCoap, AsyncFiles, Family, MaybeTLS, PingResult, PortContexts, SocketOptions, Unpack
    from ._types import Address, Clock, Pins, Proc, ReadBuf, Report, Rtc, T, Trace, Uart
    from .sockets import SocketModule, TLSModule

_WATCH_MS = const(1000)  # what watches the module has a turn that often
_STEP_MS = const(20)  # a procedure that waits for time to pass is asked again that often


def sooner(ms: int, other: int) -> int:
    """The shorter of two times; -1 as the first is never."""
    return other if ms < 0 or other < ms else ms


class AsyncClock:
    """The platform's own time, for the asyncio face."""

    def ticks_ms(self) -> int:
        return ticks_ms()

    def utc(self) -> "tuple[int, ...] | None":
        return utc_now()


class ClockWaiter:
    """Waits by the clock that was handed in, a step at a time."""

    def __init__(self, clock: "Clock") -> None:
        self._clock = clock
        self._woken = False

    def wake(self) -> None:
        """The next wait takes no time: there is something to do."""
        self._woken = True

    def wait(self, ms: int) -> "Awaitable[object]":
        """What is to be awaited."""
        ms = 0 if self._woken else sooner(ms, _STEP_MS)
        self._woken = False
        return self._clock.sleep_ms(ms)  # type: ignore[no-any-return]

    def close(self) -> None:
        pass


if TYPE_CHECKING:
    _NO_WAITER: Waiter | ClockWaiter
else:
    _NO_WAITER = None  # until the task starts


class AsyncModem(Core):
    """A module on a UART; calls that talk to it are awaited.  Arguments and errors are those of Modem.

    Its task starts with the first call that waits, and ends with its event loop or with aclose().

    What calls ask of the heap is said with each, as on Modem.  "A wait" is added each time that a call waits until
    something has changed; a call that waits for a time, or for more bytes, waits often.  A turn of its task allocates
    nothing, but MicroPython's event loop takes a frame for each turn of its task, 160 bytes, and gives it back at once.
    Its task has a turn whenever something moves, and every 2 ms while something is under way.  20 ms later it waits for
    the UART, or a call, and takes no turn; one a second where something watches the module.  Where the event loop
    cannot wait for the UART, it looks every 20 ms.
    Making one: Allocates at most 56,000 bytes, as making a Modem.
    """

    _stays = False  # its task has a turn every 20 ms

    if TYPE_CHECKING:

        @property
        def files(self) -> AsyncFiles: ...

    def __init__(
        self,
        uart: "Uart",
        family: "str | Family",
        *,
        pins: "Pins | None" = None,
        slots: int = 4,
        rx_ring: int = 1536,
        tx_buf: int = 0,
        line_buf: int = 0,
        clock: "Clock | None" = None,
        trace: "Trace | None" = None,
    ) -> None:
        Core.__init__(self, uart, family, pins, slots, rx_ring, tx_buf, line_buf, clock or AsyncClock(), trace)
        self._given = clock
        self._task: "Task | None" = None
        self._serving = False  # the task has a turn
        self._waiter = _NO_WAITER
        self.changed = News()  # something has; await it behind pause()
        self._alarm = -1  # somebody's time is over then
        self._broken: "OSError | None" = None  # what the UART raised

    # --- the task -----------------------------------------------------------------------------------------------

    def poll(self) -> bool:
        """See Modem.poll(); whoever waits is woken if anything moved.  Handlers of URCs are called by the task alone.

        Allocates nothing.
        """
        if Core.poll(self):
            self.changed.set()
            return True
        return False

    def _hand_out(self) -> None:
        """What a handler raises must not come out of somebody's call."""
        if self._serving:
            Core._hand_out(self)

    def is_broken(self) -> bool:
        """True once the UART has raised an error.  Allocates nothing."""
        return self._broken is not None

    def _start(self) -> None:
        if self._broken is not None:
            raise self._broken
        if self._task is None:
            self._waiter = Waiter(self.uart) if self._given is None else ClockWaiter(self._given)
            self._task = create_task(self._serve())

    async def _serve(self, waits: bool = False) -> None:
        """The one task that waits for the UART.  A turn makes no object.

        What the application's code raises in a turn ends it, and so the event loop's exception handler is told of it.
        Another one goes on; that waits first, for a watchdog that raises each time must not keep the processor.
        """
        try:
            if waits:
                await self._waiter.wait(self._idle_ms())
            while True:
                self._serving = True
                moved = self.poll()
                self._serving = False
                await self._waiter.wait(0 if moved else self._idle_ms())
        except OSError as broken:
            self._broken = broken
            self._serving = False
        finally:
            if self._task is not None:
                self._task = create_task(self._serve(True)) if self._serving else None
                self.changed.set()
            self._serving = False

    def _idle_ms(self) -> int:
        """In how many ms something is to be done, -1 for never; wakes everybody when an alarm is over."""
        now = self._clock.ticks_ms()
        ms = self.engine.due(now)
        if self.engine.ntx or self._news:
            ms = 1
        elif self._jobs:
            ms = sooner(ms, _STEP_MS)
        elif self._is_watched():
            ms = sooner(ms, _WATCH_MS)
        if self._alarm >= 0:
            left = max(ticks_diff(self._alarm, now), 0)
            if not left:
                self._alarm = -1
                self.changed.set()
            ms = sooner(ms, left)
        return ms

    def _is_watched(self) -> bool:
        """True if something looks at the time with every turn: keep_online(), a watchdog."""
        return getattr(self, "_watch", None) is not None or getattr(self, "watchdog", None) is not None

    def kick(self) -> None:
        """Let the engine start what a call has asked for, without waiting for the task's turn."""
        self.poll()
        self._waiter.wake()

    def pause(self, until: int) -> bool:
        """To be called before changed.wait() is awaited; False when the time `until` (ticks_ms, -1: never) is over."""
        self._start()
        if until >= 0:
            if ticks_diff(until, self._clock.ticks_ms()) <= 0:
                return False
            self._set_alarm(until)
        self.changed.clear()
        self.kick()
        return True

    def _set_alarm(self, at: int) -> None:
        if self._alarm < 0 or ticks_diff(at, self._alarm) < 0:
            self._alarm = at

    def begin(self, timeout_ms: int) -> None:
        """A call of a socket that never waits begins.  Starts the task."""
        self._start()

    def until(self, timeout_ms: int) -> int:
        """The end of a time limit, -1 for none.  Starts the task."""
        self._start()
        return -1 if timeout_ms < 0 else ticks_add(self._clock.ticks_ms(), timeout_ms)

    async def run(self, procedure: "Proc[T]", timeout_ms: int = -1) -> "T":
        """Wait for a procedure; its result."""
        self.check_waiting(timeout_ms)
        until = self.until(timeout_ms)
        asking: object = procedure  # until it has had its first command
        try:
            self.kick()  # procedures count from the engine's time
            while True:
                self.engine.cmd.asking = asking
                self.engine.turn(self._clock.ticks_ms())  # a command's time counts from when it is sent
                if self.engine.asleep and (self.engine.wanted or self._is_unwoken()):  # its command was turned away
                    self.rouse()
                next(procedure)
                asking, self.engine.cmd.asking = self.engine.cmd.asking, None
                self._set_alarm(ticks_add(self._clock.ticks_ms(), _STEP_MS))
                if not self.pause(until):
                    raise QuectelTimeout("not done in %d ms" % timeout_ms)
                await self.changed.wait()
        except StopIteration as end:
            return result_of(procedure, end)
        finally:
            self.engine.cmd.asking = None
            procedure.close()
            self.engine.cmd.turns.leave(procedure)

    async def aclose(self) -> None:
        """End the task; the UART can then be used by somebody else.  Allocates at most 300 bytes."""
        if self._task is not None:
            self._task.cancel()
            self._waiter.close()
            self._task = None

    # --- network ------------------------------------------------------------------------------------------------

    async def connect(
        self,
        apn: "str | None" = None,
        *,
        user: str = "",
        password: str = "",
        auth: "str | None" = None,
        pin: "str | None" = None,
        operator: "str | None" = None,
        rat: "str | None" = None,
        ip: str = "IPV4",
        pdp: int = 1,
        baud: "int | None" = None,
        timeout_ms: int = 300_000,
        report: "Report | None" = None,
    ) -> None:
        """See Modem.connect().  Allocates at most 46,000 bytes, 250 a wait."""
        await self.run(self._connect(apn, user, password, auth, pin, operator, rat, ip, pdp, baud, report), timeout_ms)

    async def disconnect(self) -> None:
        """See Modem.disconnect().  Allocates at most 2,800 bytes, 250 a wait."""
        await self.run(self._disconnect())

    async def ifconfig(self) -> "tuple[str, str, str, str]":  # type: ignore[override]
        """See Modem.ifconfig().  Allocates at most 200 bytes."""
        return Core.ifconfig(self)

    async def set_clock(self, utc: "tuple[int, ...]") -> None:
        """See Modem.set_clock().  Allocates at most 2,600 bytes, 250 a wait."""
        await self.run(self._set_clock(utc))

    async def command(
        self,
        line: "str | bytes",
        *,
        prefix: "str | None" = None,
        final: str = "OK",
        data: "ReadBuf | None" = None,
        timeout_ms: "int | None" = None,
    ) -> "list[str]":
        """See Modem.command().  Allocates at most 4,300 bytes, 4 a byte, 250 a wait."""
        return await self.run(self._command(line, prefix, final, data, timeout_ms))

    # --- life ---------------------------------------------------------------------------------------------------

    async def info(self) -> "dict[str, object]":
        """See Modem.info().  Allocates at most 30,000 bytes, 250 a wait."""
        return await self.run(self._info(self.status()))

    async def diagnose(self) -> "list[tuple[str, bool, str]]":
        """See Modem.diagnose().  Allocates at most 30,000 bytes, 250 a wait."""
        return await self.run(self._diagnose())

    async def power_on(self) -> None:
        """See Modem.power_on().  Allocates at most 9,000 bytes, 250 a wait."""
        await self.run(self._switch(True))

    async def power_off(self) -> None:
        """See Modem.power_off().  Allocates at most 19,500 bytes, 250 a wait."""
        await self.run(self._switch(False))

    async def sleep(self, mode: str, **timers_s: float) -> "dict[str, float]":
        """See Modem.sleep().  Allocates at most 4,400 bytes, 250 a wait; with timers 10,100; to undo all 11,900."""
        return await self.run(self._fall_asleep(mode, timers_s))

    async def wake(self) -> None:
        """See Modem.wake().  Allocates at most 19,500 bytes, 250 a wait."""
        await self.run(self._wake_up())

    async def save(self) -> bytes:  # type: ignore[override]
        """See Modem.save().  Allocates at most 4,600 bytes, 2 a byte that is unread, for four connections."""
        return Core.save(self)

    async def restore(self, saved: bytes) -> "list[AsyncSocket]":
        """See Modem.restore().  Allocates at most 52,000 bytes, 2 a byte, 250 a wait."""
        return await self.run(self._restore(AsyncSocket, saved))

    # --- sockets ------------------------------------------------------------------------------------------------

    def socket(
        self, type: int = SOCK_STREAM, *, tls: "MaybeTLS" = None, mode: int = BUFFER, af: int = AF_INET, pdp: int = 1
    ) -> "AsyncSocket":
        """A socket; takes a slot and sends nothing.  Allocates at most 2,200 bytes."""
        return AsyncSocket(self, type, tls, mode, af, pdp)

    async def create_connection(
        self, address: "Address", *, timeout_ms: "int | None" = None, **as_socket: "Unpack[SocketOptions]"
    ) -> "AsyncSocket":
        """A connected stream socket to (host, port).  Allocates at most 8,050 bytes, 250 a wait."""
        sock = self.socket(**as_socket)
        done = False
        try:
            if timeout_ms is not None:
                sock.settimeout(timeout_ms / 1000)
            await sock.connect(address)
            sock.settimeout(None)
            done = True
        except QuectelTimeout:  # the id is closed when there is time for it
            raise
        except (OSError, ValueError, TypeError):
            await sock.close()
            raise
        finally:
            if not done:  # cancelled, too
                self.engine.close(sock._slot, sock._gen)
        return sock

    def socket_module(self, *, tls: "PortContexts" = None) -> "SocketModule":
        """See Modem.socket_module().  Its sockets never block: they are for MicroPython's asyncio.open_connection().

        Their close() does not wait either: disconnect() before the program ends.
        Allocates at most 950 bytes.
        """
        from .sockets import LoopSocket, socket_module

        return socket_module(self, tls, LoopSocket)

    def tls_module(self) -> "TLSModule":
        """See Modem.tls_module().  Allocates at most 150 bytes."""
        from .sockets import TLSModule

        return TLSModule()

    # --- services -----------------------------------------------------------------------------------------------

    async def coap(self, local_port: int = 56830) -> "AsyncCoap":  # type: ignore[override]
        """See Modem.coap().  Allocates at most 3,200 bytes, once."""
        return Core.coap(self, local_port)  # type: ignore[return-value]

    async def resolve(self, host: str, *, timeout_ms: int = 60_000) -> "list[str]":
        """See Modem.resolve().  Allocates at most 8,000 bytes, 250 a wait."""
        return await self.run(self._resolve(host, timeout_ms), timeout_ms)

    async def ping(self, host: str, *, count: int = 4, size: int = 32, timeout_s: int = 4) -> "PingResult":
        """See Modem.ping().  Allocates at most 18,000 bytes, 250 a wait."""
        return await self.run(self._ping(host, count, size, timeout_s))

    async def ntp(
        self, server: str = "pool.ntp.org", *, port: int = 123, set_clock: bool = True, rtc: "Rtc | None" = None
    ) -> "tuple[int, ...]":
        """See Modem.ntp().  Allocates at most 8,700 bytes, 250 a wait."""
        return await self.run(self._ntp(server, port, set_clock, rtc))

    async def dns_servers(self, primary: "str | None" = None, secondary: "str | None" = None) -> "tuple[str, str]":
        """See Modem.dns_servers().  Allocates at most 10,000 bytes, 250 a wait."""
        return await self.run(self._dns_servers(primary, secondary))

    async def config(self, name: "str | None" = None, **set: "Any") -> "Any":
        """See Modem.config().  Allocates at most 8,500 bytes, 250 a wait."""
        return await self.run(self._config(name, set))
