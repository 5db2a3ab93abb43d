"""What both faces share: construction, one turn of the engine, and the procedures they wait for."""

from errno import ENOBUFS

from ._compat import LONGEST_MS, const, sleep_ms, ticks_ms, utc_now
from .command import ON_CLOSE, ON_CONNECT, ON_OK, ON_SEND
from .engine import Engine
from .errors import QuectelError, TLSError
from .life import Life
from .network import Network
from .opening import (
    bind_id,
    check_address,
    check_free,
    check_host,
    check_mode,
    check_port,
    check_sizes,
    check_socket,
    check_taken,
    open_line,
    open_socket,
    ssl_open_line,
    switch_mode,
    wait_for_port,
)
from .pdp import switch_on
from .procedure import Job, ask, prefix_of
from .table import BUFFER, DGRAM, LISTENER, SOCK_STREAM, STREAM, TAKEN, TRANSPARENT
from .text import check_callable, decode, in_range

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from ._types import Handler, Pins, Proc, ReadBuf, Ticks, Trace, Uart
    from .intake import Stats
    from .models.base import Family
    from .table import Slot
    from .tls import Contexts, TLSContext

_SEND_MS = 120_000  # the result of a send has so long
_FINALS = {"OK": ON_OK, "SEND OK": ON_SEND, "CLOSE OK": ON_CLOSE, "CONNECT": ON_CONNECT}
_NO_CONTEXT = const(561)
_CONTEXT_LOST = const(570)
_STAGING = const(512)
_FULL_READS = const(8)  # so many of them keep a deadline off


def _check_kinds(line: object, prefix: object, data: object) -> None:
    """TypeError for what command() cannot send, or could not look for."""
    if not isinstance(line, (str, bytes, bytearray)):
        raise TypeError("a command line is a string or bytes")
    if prefix is not None and not isinstance(prefix, str):
        raise TypeError("prefix must be a string")
    if data is not None and not isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError("data must be bytes")


class PlatformClock:
    """The platform's own time, for the blocking face."""

    def ticks_ms(self) -> int:
        return ticks_ms()

    def sleep_ms(self, ms: int) -> None:
        sleep_ms(ms)

    def utc(self) -> "tuple[int, ...] | None":
        return utc_now()


def find_family(family: "str | Family") -> "Family":
    from .models import find

    if isinstance(family, str):
        return find(family)
    if not hasattr(family, "modules"):
        raise TypeError("family is a name or a record of quectel.models")
    return family


class Core(Life):
    """Base of Modem and AsyncModem."""

    def __init__(
        self,
        uart: "Uart",
        family: "str | Family",
        pins: "Pins | None",
        slots: int,
        rx_ring: int,
        tx_buf: int,
        line_buf: int,
        clock: "Ticks",
        trace: "Trace | None",
    ) -> None:
        Life.__init__(self, find_family(family))
        self.uart = uart
        self._clock = clock
        check_sizes(slots, rx_ring, tx_buf, line_buf)
        self.engine = Engine(self._family, slots, rx_ring, tx_buf, line_buf)
        self.engine.trace = trace
        self.engine.baud = getattr(uart, "baudrate", 115_200) or 115_200
        self.net = Network()
        self.net.utc = getattr(clock, "utc", None)
        self.net.uart = uart
        self.net.pins = pins
        self.net.first_baud = self.engine.baud
        self.net.urc_port = getattr(uart, "urc_port", "uart1")
        self._staging = bytearray(_STAGING)
        self._full = 0  # reads in a row that were full
        self._handlers: "dict[bytes, Handler]" = {}
        self._handing = False
        self._news: "list[bytes]" = []  # URCs for the handlers
        self._jobs: "list[Job]" = []
        self._contexts: "Contexts | None" = None

    # --- what only looks at memory ------------------------------------------------------------------------------

    @property
    def family(self) -> "Family":
        """The family's record: limits and names as data.  Allocates nothing."""
        return self._family

    @property
    def stats(self) -> "Stats":
        """Counters; plain ints that wrap at 2**30.  Allocates nothing."""
        stats = self.engine.stats
        stats.long_lines = self.engine.parser.long_lines & 0x3FFFFFFF
        stats.noise = self.engine.parser.noise & 0x3FFFFFFF
        return stats

    def on_urc(self, prefix: str, handler: "Handler | None") -> None:
        """Have handler(line: bytes) called for URCs that begin with prefix and that no socket uses; None removes it.

        It must not wait for the module, and is never called while bytes are parsed.  Such a URC costs a bytes object.
        On Modem poll() and every call that waits call it.  What it raises ends that call, which can be made again:
        bytes that were received come with the next one; how much a write() had sent by then is not told.
        On AsyncModem the task calls it; what it raises goes to the event loop's exception handler, and the task goes
        on.  An OSError of its own is raised as a RuntimeError.  The URCs behind it are handed out with the next turn.
        Allocates at most 250 bytes.
        """
        if not isinstance(prefix, str):
            raise TypeError("prefix must be a string")
        check_callable("handler", handler)
        key = prefix.encode()
        if handler is None:
            self._handlers.pop(key, None)
            self.engine.watched.pop(key, None)
        else:
            self._handlers[key] = handler
            self.engine.watched[key] = self._news

    # --- one turn -----------------------------------------------------------------------------------------------

    def poll(self) -> bool:
        """Take what the UART has, expire deadlines, start what waits; True if anything moved.  Never waits,
        but on Modem while it holds the power key, for recovery or to wake the module: nobody knows when it is called
        again, and a key that is held too long does something else.

        Allocates nothing, unless a URC comes that on_urc() has a handler for.
        """
        e = self.engine
        now = self._clock.ticks_ms()
        e.turn(now)
        if self.watchdog:
            self.watchdog()
        moved = not e.due(now) and self._read(e)  # what came by now counts before a deadline does ...
        if moved and self._is_full():
            return True  # ... and behind a read that was full the answer may still stand
        if self._watch is not None:  # it asks a silent module, and so finds out
            self._watch.look(self)
        elif self.lull is not None:
            self.lull.look(e)
        if e.ntx:
            moved = self._write(e) or moved
        e.tick(now)
        moved = self._write(e) or moved
        moved = self._read(e) or moved
        if not self._handing:
            self._call_out()
            if self._jobs:  # the next turn may be late, and the time of a job's command runs
                moved = self._write(e) or moved
        return e.table.woken() or moved

    def _call_out(self) -> None:
        """What may call the application's code, and so raise anything: bytes and deadlines have been seen to."""
        if self._news:
            self._hand_out()
        if self._coap:
            self._coap.turn()
        if self._jobs and not self._is_full():  # procedures know time limits, too
            self._step_jobs()

    def _read(self, e: Engine) -> bool:
        n = self.uart.readinto(self._staging)
        if not n:
            self._full = 0
            return False
        e.receive(self._staging, n)
        self._full = self._full + 1 if n == _STAGING else 0
        return True

    def _is_full(self) -> bool:
        """True if the last read was, and not for ever: a storm of bytes keeps no deadline off."""
        return 0 < self._full < _FULL_READS

    def _write(self, e: Engine) -> bool:
        moved = False
        while e.ntx:
            e.writing = True
            if not e.sent(self.uart.write(e.tx, e.otx, e.ntx) or 0):
                return moved
            moved = True
        return moved

    def background(self, steps: "Proc[None]") -> "Job":
        """Have poll() carry a procedure on that nobody waits for: the connect() of a non-blocking socket."""
        self.poll()  # procedures count from the engine's time
        next(steps)  # wrong arguments are told at once
        if self.engine.asleep:
            self.rouse()
        job = Job(steps)
        self._jobs.append(job)
        return job

    def _hand_out(self) -> None:
        """In the order in which they came.  Behind one whose handler raises, the others wait for the next turn."""
        while self._news:
            self._call_handler(self._news.pop(0))

    def _call_handler(self, line: bytes) -> None:
        for prefix in self._handlers:
            if line.startswith(prefix):
                self.hand(self._handlers[prefix], line)
                return

    def check_waiting(self, timeout_ms: int) -> None:
        """ValueError if called from a URC handler, which may only note what came, or for a limit no clock can tell."""
        in_range("timeout_ms", timeout_ms, -1, LONGEST_MS)
        if self._handing:
            raise ValueError("a URC handler must not wait for the module: note what came and return")

    # --- procedures, written once -------------------------------------------------------------------------------

    def _command(
        self, line: "str | bytes", prefix: "str | None", final: str, data: "ReadBuf | None", timeout_ms: "int | None"
    ) -> "Proc[list[str]]":
        """The caller's own command; see Modem.command()."""
        _check_kinds(line, prefix, data)
        raw = line.encode() if isinstance(line, str) else bytes(line)
        if final not in _FINALS:
            raise ValueError("final must be one of " + " ".join(_FINALS))
        if not raw:
            raise ValueError("a command line is not empty")
        for c in b"\r\n\0\x1a":
            if c in raw:
                raise ValueError("a command line holds no CR, LF, NUL or Ctrl-Z")
        if raw[:3].upper() == b"ATE":
            self.engine.echo_off = False  # it is the caller's now
        yield from self._settled_again()
        head = prefix.encode() if prefix is not None else prefix_of(raw)
        limit_ms = self._family.answer_ms if final != "SEND OK" else _SEND_MS
        if timeout_ms is not None:
            limit_ms = in_range("timeout_ms", timeout_ms, 1, LONGEST_MS)
        steps = ask(self.engine, raw, head, _FINALS[final], limit_ms, data)
        if raw[:9].upper() in (b"AT+QSCLK=", b"AT+CPSMS="):
            steps = self._own_sleep(raw, steps)
        lines = yield from steps
        if raw[:9].upper() == b"AT+QICFG=":
            self.engine.learn(raw)
        return [decode(line, 0, len(line)) for line in lines]

    def _settled_again(self) -> "Proc[None]":
        """Behind a restart the settings come first; a module that nobody has set up is left as it is."""
        if 0 <= self.net.prepared != self.engine.epoch:
            yield from self.ready()

    # --- sockets ------------------------------------------------------------------------------------------------

    def take_slot(self, type: int, tls: "TLSContext | None", mode: int, af: int, pdp: int) -> "Slot":
        """A slot for a new socket.  ValueError for what the family does not have, ENOBUFS when all are taken."""
        slots = self.engine.table.slots
        dialect = check_socket(self._family, type, tls is not None, mode, af, pdp, slots[0].ring.size)
        if tls is not None:
            from .tls import check_context

            check_context(tls, self._family, type)
        slot = self.engine.take()
        if slot is None:
            raise QuectelError(ENOBUFS, "all %d slots are in use" % len(slots))
        slot.dialect = dialect
        slot.kind = STREAM if type == SOCK_STREAM else DGRAM
        slot.mode = mode
        slot.af = af
        slot.pdp = pdp
        return slot

    def open(
        self, slot: "Slot", gen: int, host: str, port: int, local_port: int, tls: "TLSContext | None"
    ) -> "Proc[None]":
        """Procedure: open slot as a client of host and port; see opening.open_socket()."""
        check_address(self._family, host, port, slot.af)
        check_port(self.engine, slot, local_port)
        check_free(self.engine)
        yield from self.reached()
        yield from self.ready()
        if tls is not None:
            yield from self._configure(slot, tls)
        check_taken(slot, gen)
        yield from wait_for_port(self.engine, slot, local_port)
        slot.to, slot.to_port = host.encode(), port
        bind_id(self.engine, slot)
        service = b"TCP" if slot.kind == STREAM else b"UDP"

        def line(slot: "Slot") -> bytes:
            if tls is not None:
                return ssl_open_line(slot, host, port)
            return open_line(self._family, slot, service, host, port, local_port)

        kind, longer_ms = (QuectelError, self.net.longer_ms) if tls is None else (TLSError, tls.negotiate_s * 1000)
        pdp = slot.pdp
        epoch = self.engine.epoch
        try:
            yield from open_socket(self.engine, slot, gen, line, host, kind, longer_ms)
        except QuectelError as error:
            if tls is not None and self._contexts is not None:
                self.net.tls_trouble = str(error)
                self._contexts.doubt(tls)
            if epoch == self.engine.epoch and not self.engine.asleep:
                self._is_context_lost(error.code, pdp)
            raise
        if tls is not None:
            self.net.tls_trouble = ""

    def _is_context_lost(self, code: int, pdp: int) -> None:
        """It is dead, whatever the module shows; 570 says that it was alive, and what was in it is told."""
        if code == _CONTEXT_LOST:
            self.engine.lose_context(pdp)
        elif code == _NO_CONTEXT and pdp == self.engine.pdp:
            self.engine.pdp_lost = True

    def listen(self, slot: "Slot", gen: int, host: str, port: int) -> "Proc[None]":
        """Procedure: open slot as a TCP listener on a local port, 1 to 65535 (R118)."""
        in_range("local port, see bind(),", port, 1, 65535)
        if slot.mode == TRANSPARENT:
            raise ValueError("a listener has no transparent mode")
        own = slot.dialect.local_host  # it stands for either kind of address
        if host or not own:
            check_host(self._family, host or self.net.address, slot.af)
        host = host or own
        check_port(self.engine, slot, port)
        check_free(self.engine)
        yield from self.reached()
        yield from self.ready()
        check_taken(slot, gen)
        yield from wait_for_port(self.engine, slot, port)
        if self._family.cgact:
            yield from switch_on(self.engine, slot.pdp)
        slot.kind = LISTENER
        if slot.dialect.service:
            slot.mode = BUFFER  # its clients have the same, or this: the LTE manuals say both
        bind_id(self.engine, slot)
        host = host or self.net.address
        yield from open_socket(
            self.engine,
            slot,
            gen,
            lambda s: open_line(self._family, s, b"TCP LISTENER", host, 0, port),
            "0",
            QuectelError,
        )

    def switch(self, slot: "Slot", gen: int, mode: int) -> "Proc[None]":
        """Procedure: change the access mode of an open connection; see Socket.set_mode()."""
        check_mode(self._family, mode)
        yield from self.awake()
        yield from switch_mode(self.engine, slot, gen, mode)

    def _configure(self, slot: "Slot", tls: "TLSContext") -> "Proc[None]":
        from .tls import Contexts

        if self._contexts is None:
            self._contexts = Contexts(self._family.ssl_contexts)
        busy = [one.tls for one in self.engine.table.slots if one is not slot and (one.cid >= 0 or one.state == TAKEN)]
        slot.tls = self._contexts.place(tls, busy)
        is_shared = any([one.tls == slot.tls and one.cid >= 0 for one in self.engine.table.slots if one is not slot])
        yield from self._contexts.configure(self.engine, self.net, tls, slot.tls, is_shared)

    def incoming(self, listener: "Slot") -> "Slot | None":
        """A slot with a connection that came in at this listener and that nobody has accepted yet, or None."""
        for slot in self.engine.table.slots:
            if slot.parent >= 0 and slot.parent == listener.cid and slot.cid >= 0:
                return slot
        return None
