"""The blocking face: Modem."""

from ._compat import const, poller, ticks_add, ticks_diff
from .errors import QuectelTimeout
from .modem import Core, PlatformClock
from .procedure import result_of
from .sync_socket import Socket
from .table import AF_INET, BUFFER, SOCK_STREAM

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any

    from ._faces import Family, Files, MaybeTLS, PingResult, PortContexts, SocketOptions, Unpack
    from ._types import Address, Clock, Pins, Proc, ReadBuf, Report, Rtc, T, Trace, Uart, Wait
    from .sockets import SocketModule, TLSModule

_NAP_MS = const(1)  # between two looks at a UART that cannot be waited for
_LONG_MS = const(1000)
_STEP_MS = const(20)  # a procedure that waits for time to pass is asked again that often


class Modem(Core):
    """A module on a UART; blocking calls.

    uart: readinto(buf) -> int or None and write(buf, off, n) -> int or None, both at once; may offer wait(ms).
    family: "BG96", "EG915U", "bc95-g" ... or a record of quectel.models.  slots: connections open at once, 1 to 16,
    with a ring of rx_ring bytes each, 64 to 65534.  tx_buf (64 to 65534 bytes): a longer command is a ValueError.
    line_buf (128 to 65534 bytes): a longer line is counted and thrown away.  0 takes for both what the family needs.
    clock: .ticks_ms() and .sleep_ms(ms); the platform's when left out.  trace(direction, memoryview, ms).
    pins: the lines of the module, each called with 0 (pulled low) or 1 (released): pwrkey, or reset, dtr, psm_eint;
    status() tells a level; on_ms, off_ms and boot_ms are the times of the power key, instead of the family's, reset_ms
    is that of reset, instead of 200.  What is not there is not used.
    Everything is allocated here; nothing is sent.  ValueError or TypeError for other families and sizes.

    What calls ask of the heap is said with each: in bytes on a 64-bit VM, a 32-bit one needs about half; all of it
    is garbage afterwards, but for what they give.  Making a modem: Allocates at most 56,000 bytes, of which 27,000
    stay, with four slots; a slot is its ring and 2,500 bytes, 900 of which stay.
    """

    if TYPE_CHECKING:
        _clock: Clock

        @property
        def files(self) -> Files: ...

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
        Core.__init__(self, uart, family, pins, slots, rx_ring, tx_buf, line_buf, clock or PlatformClock(), trace)
        self._wait_uart: "Wait | None" = getattr(uart, "wait", None) if clock is None else None
        self._poller = poller(uart) if clock is None and self._wait_uart is None else None
        self._until = 0
        self._endless = True
        self._longest_ms = _LONG_MS  # one wait for the UART

    # --- waiting ------------------------------------------------------------------------------------------------

    def begin(self, timeout_ms: int) -> None:
        """From now on turn() has so much time; -1 is endless."""
        self._endless = timeout_ms < 0
        self._until = ticks_add(self._clock.ticks_ms(), max(timeout_ms, 0))

    def turn(self) -> bool:
        """One turn of the engine, waiting for the UART if nothing moved.  False when the time of begin() is over."""
        moved = self.poll()
        left = _LONG_MS if self._endless else ticks_diff(self._until, self._clock.ticks_ms())
        if left <= 0:  # also while bytes keep coming: a storm of URCs is no reason to outlive a time limit
            return False
        if not moved:
            self._sleep(left)
        return True

    def _sleep(self, ms: int) -> None:
        due = self.engine.due(self._clock.ticks_ms())
        if due >= 0:
            ms = min(ms, due)
        if self._jobs:
            ms = min(ms, _STEP_MS)
        ms = max(min(ms, self._longest_ms), _NAP_MS)
        if self._wait_uart:
            self._wait_uart(ms if not self.engine.ntx else _NAP_MS)
        elif self._poller:
            for _ in self._poller.ipoll(ms if not self.engine.ntx else _NAP_MS):
                pass
        else:
            self._clock.sleep_ms(_NAP_MS)

    def run(self, procedure: "Proc[T]", timeout_ms: int = -1) -> "T":
        """Wait for a procedure; its result.  Not for URC handlers: they are called while something waits."""
        self.check_waiting(timeout_ms)
        self.begin(timeout_ms)
        self.poll()  # procedures count from the engine's time
        self._longest_ms = _STEP_MS
        try:
            while True:
                self.engine.turn(self._clock.ticks_ms())  # a command's time counts from when it is sent
                if self.engine.asleep and (self.engine.wanted or self._is_unwoken()):  # its command was turned away
                    self.rouse()
                next(procedure)
                if not self.turn():
                    raise QuectelTimeout("not done in %d ms" % timeout_ms)
        except StopIteration as end:
            return result_of(procedure, end)
        finally:
            self._longest_ms = _LONG_MS
            procedure.close()

    # --- network ------------------------------------------------------------------------------------------------

    def connect(
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
        """From the first AT to an address; returns online or raises NetworkError.

        apn (at most 100 characters), user and password (127), auth ("none", "pap", "chap", "pap/chap" on BG96) and ip
        ("IPV4"; on EC200U "IPV6" and "IPV4V6", too) describe the PDP context; one that is active already is left as it
        is (R103).  pdp: which context, 1 to 16 on BG96, 1 to 7 on EC200U; called again with another one it brings that
        up as well, for sockets with pdp=.  The NB families bring context 1 up by themselves.
        pin: 4 to 8 digits, entered once if the SIM asks.  operator: "auto", or MCC and MNC as 5 or 6 digits.  rat: a
        radio technology, "auto", "gsm", "lte-m" or "nb-iot" on BG96, "auto", "gsm" or "lte" on EC200U; the module is
        asked first and told where it differs alone.  timeout_ms: for all of it.  ValueError, or
        QuectelError(EOPNOTSUPP) for what the family lacks, before a byte is sent.
        baud: the rate of the port from now on, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800 or 921600; a
        module that has another one is found and told, if the UART has init(baudrate=).  A module that is off is
        switched on: at once where pins.status() is False, else when it answers at no rate, within 10 s.
        report(step, state, text) as it goes.  Allocates at most 46,000 bytes; asking again while it waits for the SIM
        or the network costs 3,000 each time.
        """
        self.run(self._connect(apn, user, password, auth, pin, operator, rat, ip, pdp, baud, report), timeout_ms)

    def disconnect(self) -> None:
        """Close all sockets and deactivate the PDP contexts.  Allocates at most 2,800 bytes."""
        self.run(self._disconnect())

    def set_clock(self, utc: "tuple[int, ...]") -> None:
        """Set the module's clock, by which certificates are checked (R039), to a UTC time tuple.

        utc: (year, month, day, hour, minute, second), more is not looked at: time.gmtime() will do, and so does what
        ntp() gives.  connect() sets it from the board's clock where no network has set it.  ValueError for a time
        before 2024 or no time at all, before a byte is sent.  Allocates at most 2,600 bytes.
        """
        self.run(self._set_clock(utc))

    def command(
        self,
        line: "str | bytes",
        *,
        prefix: "str | None" = None,
        final: str = "OK",
        data: "ReadBuf | None" = None,
        timeout_ms: "int | None" = None,
    ) -> "list[str]":
        """Any AT command: the lines of its answer, without the final result.

        prefix: what these lines begin with; from the command's name when left out.  final: "OK", "SEND OK",
        "CLOSE OK" or "CONNECT".  data goes out behind the prompt or CONNECT.  timeout_ms: 1 to 500,000,000; left out,
        300, on BG96 5000, and 120,000 for "SEND OK".
        ValueError for a line with CR, LF, NUL or Ctrl-Z, or one that tx_buf has no room for.  QuectelError with the
        module's code if it answers with an error, QuectelTimeout if it does not answer, QuectelError(ENOBUFS) for
        more lines than are kept.
        Of the lines at most 8,192 bytes are kept, each counted with 16 on top; the rest is counted in stats.rx_lost.
        AT+QSCLK=1 and 2 of the families whose sleep needs no DTR count as sleep(): the next call wakes the module, with
        pins.psm_eint from deep sleep, unless +QATWAKEUP has told that it is awake (R219, R222); so does AT+CPSMS=1.
        Allocates at most 4,000 bytes, 4 a byte of the answer.
        """
        return self.run(self._command(line, prefix, final, data, timeout_ms))

    # --- life ---------------------------------------------------------------------------------------------------

    def info(self) -> "dict[str, object]":
        """All that is known: "family" "model" "revision" "imei" "imsi" "iccid" "operator" "rat" "rssi" "cell"
        "address" "apn" "dns" "clock" "baud" "status" "epoch"; "" or None for what the module does not tell.

        Allocates at most 30,000 bytes.
        """
        return self.run(self._info(self.status()))

    def diagnose(self) -> "list[tuple[str, bool, str]]":
        """(step, ok, words) for power, identity, sim, signal, register, attach, pdp, dns, clock and tls, top down.

        The words say what to try.  The first step that fails is the last one: what stands below rests on it.
        It changes nothing, and raises nothing but what a module in deep sleep without a wake pin raises.
        Allocates at most 30,000 bytes.
        """
        return self.run(self._diagnose())

    def power_on(self) -> None:
        """Press the power key with pins.pwrkey(0) and pwrkey(1), and wait until the module answers.

        Nothing is pressed when it answers already.  The times are pins.on_ms and pins.boot_ms, or the family's.
        QuectelError(ENODEV) without such a pin, or if it does not answer.  Allocates at most 9,000 bytes.
        """
        self.run(self._switch(True))

    def power_off(self) -> None:
        """AT+QPOWD, and wait for POWERED DOWN, at most 65 s: then the supply may be cut.

        All sockets end with ECONNRESET.  The next call that needs the module switches it on again, if it can.
        QuectelTimeout if it does not say so.  Allocates at most 19,500 bytes.
        """
        self.run(self._switch(False))

    def sleep(self, mode: str, **timers_s: float) -> "dict[str, float]":
        """Let the module sleep, or keep it awake; R121, R219, R222, R224.

        "light" (all but BC95-G and BC68): what is under way ends, then AT+QSCLK=1 and pins.dtr(1), or AT+QSCLK=2 on the
        families that have "deep", whose light sleep needs no line.  From then on nothing is sent; all sockets stay, and
        what comes in is announced.  The next call that needs the module wakes it.
        "psm" (BG96, BC65, BC92, BC25, BC32): AT+CPSMS with tau=, 1 to 35,712,000 s between two reports to the network,
        and active=, 0 to 11,160 s for which it still listens; the smallest times are taken that can be encoded and are
        not below these.  BG96 switches itself off when the network lets it: all sockets end with ECONNRESET, status()
        is ASLEEP if it says so, and waking is a restart.  It need not: when nothing was said for the active time and
        5 s, the next call asks first whether it is there, as wake() does.  The others sleep as with "deep".
        "edrx" (the same): AT+CEDRXS with cycle=, one of 5.12, 10.24, 20.48, 40.96, 61.44, 81.92, 102.4, 122.88, 143.36,
        163.84, 327.68, 655.36, 1310.72, 2621.44, 5242.88 and 10485.76 s, for each radio technology that has it, or that
        of connect(rat=): NB-IoT has none below 20.48 s, and not 61.44 and 102.4 to 143.36 s.  Commands go on as ever.
        "deep" (BC65, BC92, BC25, BC32): what is under way ends, then AT+QSCLK=1.  From then on nothing is sent, and the
        module falls asleep when it likes; status() is ASLEEP once it has said so.  TCP sockets and listeners end with
        ECONNRESET; UDP sockets stay open, but datagrams do not wake the module (R453).  With keep-alive on it may not
        sleep (R211).  A call that needs the module wakes it, see wake(); receiving does so unless bytes are there
        or the call does not block; a call of another task that waits already goes on waiting.  close() then returns
        at once, and the id is closed when the module is awake.
        "off": as wake(), and light sleep, power saving mode and eDRX are off.
        It gives the times that were encoded, in s, as a dict: empty but for "psm" and "edrx".  The module keeps those
        in flash: they are asked for first, and written where they differ alone.
        ValueError for other words, for timers that a mode has not, and for times that it cannot have; QuectelError:
        ENODEV for "light" without pins.dtr where that is needed, EOPNOTSUPP for families without the mode.
        Allocates at most 4,600 bytes; with timers 9,900; to undo all 11,300.
        """
        return self.run(self._fall_asleep(mode, timers_s))

    def wake(self) -> None:
        """End sleep and keep the module awake.

        Light sleep: pins.dtr(0), then AT until that is answered, 5 s; where that line is not used AT+QSCLK=0 behind it.
        Power saving mode of BG96: the power key, unless it answers, and AT for as long as it may take to start; also
        where the module has not said that it goes to sleep.
        Deep sleep: pulls the line PSM_EINT with pins.psm_eint(0), releases it with psm_eint(1) 100 ms later, sends AT
        until that is answered, 5 s, three times over, then AT+QSCLK=0, and asks which connections are left.
        QuectelError: ENODEV if it does not answer, or there is no such pin; EOPNOTSUPP for families without sleep.
        Allocates at most 20,000 bytes.
        """
        self.run(self._wake_up())

    def restore(self, saved: bytes) -> "list[Socket]":
        """The sockets of before a restart of the microcontroller, from what save() gave; on a modem without sockets.

        AT+QISTATE and AT+QSSLSTATE are asked.  What the module shows with the same peer, context and access mode is
        adopted, and data that waits is read as usual; all else is closed there (R090, R136).  What has gone, or the
        whole of it behind a restart of the module, is not in the list.  isconnected() if there is an address still;
        connect() is then not needed, but with user, password or PIN for keep_online().
        A TLS socket goes on, and is not opened again: its certificates are not saved.
        ValueError or TypeError before a byte is sent for what is damaged, of another family, or larger than slots=
        and rx_ring=; QuectelError, and all is closed, if the module does not answer or restarts.
        Allocates at most 52,000 bytes, 2 a byte, for four connections.
        """
        return self.run(self._restore(Socket, saved))

    # --- sockets ------------------------------------------------------------------------------------------------

    def socket(
        self, type: int = SOCK_STREAM, *, tls: "MaybeTLS" = None, mode: int = BUFFER, af: int = AF_INET, pdp: int = 1
    ) -> "Socket":
        """A socket that is not open yet; takes a slot and sends nothing.

        type: SOCK_STREAM or SOCK_DGRAM.  tls: a TLSContext, with which it is opened.  mode: BUFFER, PUSH, or
        TRANSPARENT (streams of BG96 and EC200U; R033, R105).  af: AF_INET, or AF_INET6 (BC65, BC92, BC25, BC32,
        EC200U).  pdp: the context, see connect().  ValueError for others; QuectelError: EOPNOTSUPP for what the
        family lacks, ENOBUFS when all slots are in use.
        Allocates at most 2,200 bytes.
        """
        return Socket(self, type, tls, mode, af, pdp)

    def create_connection(
        self, address: "Address", *, timeout_ms: "int | None" = None, **as_socket: "Unpack[SocketOptions]"
    ) -> "Socket":
        """A connected stream socket to (host, port), without a time limit.

        timeout_ms: for connecting, 1 to 500,000,000; None: the family's.  as_socket: see socket().  Errors as of
        Socket.connect(); the socket is closed then.
        Allocates at most 8,050 bytes; see Socket.connect() for the first one.
        """
        sock = self.socket(**as_socket)
        done = False
        try:
            if timeout_ms is not None:
                sock.settimeout(timeout_ms / 1000)
            sock.connect(address)
            sock.settimeout(None)
            done = True
        except QuectelTimeout:  # the id is closed when there is time for it
            raise
        except (OSError, ValueError, TypeError):
            sock.close()
            raise
        finally:
            if not done:  # a handler has raised, too
                self.engine.close(sock._slot, sock._gen)
        return sock

    def socket_module(self, *, tls: "PortContexts" = None) -> "SocketModule":
        """What looks like the module `socket`, for clients that import it: sys.modules["socket"] = ...

        On MicroPython, before the client is imported; on CPython hand sockets to clients instead, there sys.modules
        is everybody's.  tls: a TLSContext with which every port is opened, or a dict of ports and their contexts.
        getaddrinfo() gives names back as they are, for the module to resolve.
        TypeError, ValueError, or QuectelError(EOPNOTSUPP) for contexts that this family cannot have.
        Allocates at most 950 bytes.
        """
        from .sockets import ModemSocket, socket_module

        return socket_module(self, tls, ModemSocket)

    def tls_module(self) -> "TLSModule":
        """What looks like the modules `ssl` and `tls`: wrap_socket() gives a socket back that was opened as TLS.

        It refuses others, for a module cannot put TLS on an open connection.  The server is checked as the TLSContext
        of its port says: a client's CERT_NONE changes nothing.  Allocates at most 100 bytes.
        """
        from .sockets import TLSModule

        return TLSModule()

    # --- services -----------------------------------------------------------------------------------------------

    def resolve(self, host: str, *, timeout_ms: int = 60_000) -> "list[str]":
        """The addresses of a name, as the module finds them (R190); sockets need no such call.

        ValueError for what is no name; NetworkError(EHOSTUNREACH) if it has none, QuectelTimeout when timeout_ms is
        over, QuectelError(EOPNOTSUPP) on BC95-G and BC68.  Allocates at most 8,000 bytes.
        """
        return self.run(self._resolve(host, timeout_ms), timeout_ms)

    def ping(self, host: str, *, count: int = 4, size: int = 32, timeout_s: int = 4) -> "PingResult":
        """Send count echoes (1 to 10) of size bytes (32 to 200, on LTE always 32), timeout_s (1 to 255) each (R181).

        A PingResult also if none comes back: .sent .received .lost .min_ms .max_ms .avg_ms .echoes.
        NetworkError if host has no address or the network is down.  Allocates at most 18,000 bytes.
        """
        return self.run(self._ping(host, count, size, timeout_s))

    def ntp(
        self, server: str = "pool.ntp.org", *, port: int = 123, set_clock: bool = True, rtc: "Rtc | None" = None
    ) -> "tuple[int, ...]":
        """The time of an NTP server, UTC, as time.gmtime() gives it (R185 to R188).

        port: 1 to 65535.  set_clock: the module sets its own clock.  rtc: machine.RTC() or the like, set to UTC.
        NetworkError: ETIMEDOUT if the server does not answer, EHOSTUNREACH if it is not found.
        Allocates at most 8,700 bytes.
        """
        return self.run(self._ntp(server, port, set_clock, rtc))

    def dns_servers(self, primary: "str | None" = None, secondary: "str | None" = None) -> "tuple[str, str]":
        """The DNS servers' addresses, "" where there is none; set first if given (R193).  Then ifconfig() knows them.

        primary, secondary: addresses, IPv4 or IPv6; a secondary one goes with a primary one, else ValueError.
        They can be set once the module is registered (R194); behind a restart of the module they are set again.
        Allocates at most 10,000 bytes.
        """
        return self.run(self._dns_servers(primary, secondary))

    def config(self, name: "str | None" = None, **set: "Any") -> "Any":
        """config(name) asks for "imei" "imsi" "iccid" "model" "revision" "open_time" "keepalive" or "dns".

        Set are, and again behind a restart of the module: open_time=s, 1 to 36, in which a TCP connect must be done
        (R201; BC65, BC92); keepalive=(idle_s, interval_s, count) or None, for all TCP sockets: 1 to 36000, 10 to 20,
        1 to 255 (R210; BC25, BC32, which does not sleep deeply meanwhile, R211), on EC200U and EG915U 1 to 1800,
        25 to 100, 3 to 10; dns=(primary, secondary); rat=, as for connect(); baud=, one of 4800 9600 19200 38400
        57600 115200 230400 460800 921600, the UART follows.
        ValueError for other names and values, QuectelError(EOPNOTSUPP) for what the family lacks.
        Allocates at most 8,500 bytes.
        """
        return self.run(self._config(name, set))
