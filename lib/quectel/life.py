"""The module's life as both faces share it: coming up, staying up, being told about, sleeping."""

from errno import ENODEV

from ._compat import const
from .bringup import bring_up, prepare
from .contact import check_rate
from .errors import QuectelError
from .network import ASLEEP, LOST, ONLINE, Wanted, Wish, check_utc, grant_due, set_clock
from .pdp import pdp_setup, shut_down
from .registration import ROAMING, wishes
from .services import Services
from .text import check_callable, checked, in_range

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ._types import Proc, Report
    from .recovery import Veto, Watch

_HOME = const(1)
_REPORTING = Wish(b"AT+CEREG?", ["1"], b"AT+CEREG=1")  # a URC tells when registration changes


class Life(Services):
    """Base of Core."""

    _watch: "Watch | None" = None  # of keep_online()
    watchdog: "Callable[[], object] | None" = None  # called whenever the driver has a turn, at least every second

    # --- what only looks at memory ------------------------------------------------------------------------------

    @property
    def ack_timeout_ms(self) -> int:
        """So long a TCP peer may acknowledge nothing of what was sent; 120,000 ms unless set.  Allocates nothing.

        Then the link is half open, its other end gone without a word, and the socket fails with ETIMEDOUT.  BG96,
        EC200U and EG915U are asked, 5 s behind a send and every 5 s while something is not acknowledged
        (AT+QISEND=<id>,0); not for TLS, and not in transparent mode.  The NB families do not tell: there, and with TLS,
        a program needs an answer of its peer and a time limit; see config(keepalive=).
        May be set to 5000 to 86,400,000 ms, 0 for never.  ValueError for others.
        """
        return self.engine.ack_ms

    @ack_timeout_ms.setter
    def ack_timeout_ms(self, value: int) -> None:
        self.engine.ack_ms = in_range("ack_timeout_ms", value, 5000 if value else 0, 86_400_000)

    def isconnected(self) -> bool:
        """What the last URC or answer said; sends nothing.  Allocates nothing."""
        e = self.engine
        return self.net.state == ONLINE and self.net.prepared == e.epoch and not e.pdp_lost and self._is_at_home()

    def _is_at_home(self) -> bool:
        stat = self.engine.stat
        return stat < 0 or stat == _HOME or stat == ROAMING

    def status(self, what: "str | None" = None) -> "Any":
        """STAT_IDLE, _SEARCHING, _DENIED, _REGISTERED, _ONLINE, _ASLEEP or _LOST of quectel; sends nothing.

        ASLEEP in deep sleep, which isconnected() does not tell: the next call wakes the module.  LOST is a module that
        was online, until a restart, the network or silence has ended that.  Allocates nothing.
        With a name that is asked for, and awaited on AsyncModem: "rssi" (dBm, None unknown), "operator", "rat" ("LTE",
        "LTE-M", "NB-IoT", "GSM" ...), "cell" ((area, cell) in hex, or None).  ValueError for others, before a byte is
        sent.  Allocates at most 9,000 bytes then.
        """
        return self._state() if what is None else self.run(self._look(what))

    def _state(self) -> int:
        if self.engine.slept:
            return ASLEEP
        if self.net.state == ONLINE and not self.isconnected():
            return LOST
        return self.net.state

    def ifconfig(self) -> "tuple[str, str, str, str]":
        """(address, mask, gateway, DNS server), "0.0.0.0" for what no command has told; see dns_servers().

        Allocates at most 64 bytes.
        """
        return self.net.address, "0.0.0.0", "0.0.0.0", self.net.dns

    def save(self) -> bytes:
        """What the module knows of this modem's connections, for machine.RTC().memory() before machine.deepsleep().

        Open connections with what was received and not read yet, clients that nobody has accepted, the APN, what
        config() has set, and whether power saving mode is in force; sends nothing.  Not in it: what is being opened or
        closed, bytes that are being sent, those that a read() out of time has kept, CoAP, PIN, user and password.
        Receive before, where memory is small: a connection takes 20 bytes, its host name, and its unread bytes.  In
        push mode what comes while nobody listens is lost: switch to BUFFER before.
        QuectelError(EAGAIN) while a socket in transparent mode has the UART.
        Allocates at most 4,400 bytes, 2 a byte that is unread, for four connections.
        """
        from .saving import save

        return save(self)

    # --- procedures ---------------------------------------------------------------------------------------------

    def _restore(self, make: "Any", saved: bytes) -> "Proc[list[Any]]":
        from .saving import restore, sockets_of

        return sockets_of(self, make, restore(self, saved))

    def _connect(
        self,
        apn: "str | None",
        user: str,
        password: str,
        auth: "str | None",
        pin: "str | None",
        operator: "str | None",
        rat: "str | None",
        ip: str,
        pdp: int,
        baud: "int | None",
        report: "Report | None",
    ) -> "Proc[None]":
        check_callable("report", report)
        setup = pdp_setup(self._family, pdp, ip, apn, user, password, auth)
        if pin is not None and not (checked("pin", pin, 8).isdigit() and len(pin) > 3):
            raise ValueError("pin must be 4 to 8 digits")  # another one would cost one of three tries
        wanted = Wanted(pdp, apn, setup, pin, wishes(self._family, operator, rat))
        if baud is not None:
            self.net.baud = check_rate(self.net, baud)
        yield from self.greet()
        self.net.wanted = wanted
        yield from bring_up(self.engine, self.net, wanted, report)

    def _disconnect(self) -> "Proc[None]":
        yield from self.awake()
        sockets = [slot for slot in self.engine.table.slots if slot is not self.engine.messages]
        for slot in sockets:
            self.engine.close(slot, slot.gen)
        while any([slot.state for slot in sockets]):
            if self.engine.silent:
                raise QuectelError(ENODEV, "the module does not answer")
            yield
        self.net.wanted = None
        yield from shut_down(self.engine, self.net)

    def _set_clock(self, utc: "tuple[int, ...]") -> "Proc[None]":
        utc = check_utc(utc)
        yield from self.ready()
        yield from set_clock(self.engine, self.net, utc)

    def ready(self) -> "Proc[None]":
        """Settings are made once an epoch, before the first socket: connect() does it, or the first open."""
        yield from self.awake()
        yield from self.greet()
        if self.net.prepared != self.engine.epoch:
            yield from prepare(self.engine, self.net)
        yield from grant_due(self.engine, self.net)

    # --- staying online -----------------------------------------------------------------------------------------

    def keep_online(self, on: bool = True, *, veto: "Veto | None" = None, report: "Report | None" = None) -> None:
        """Switch recovery on or off: from now on poll(), every call that waits, or AsyncModem's task carries it on.

        What the last connect() has brought up is brought up again behind a restart of the module, when the network
        takes the context or the registration away, and when the module is silent; a minute without a byte from the
        module it is asked how it is.  Sockets of before fail with ECONNRESET; an open waits for recovery, and raises
        NetworkError(EHOSTUNREACH) while the next try is some time off.  After three attempts (5, 10, 30 s apart) the
        radio goes off and on, then the module is restarted, by AT+CFUN=1,1 and pins.pwrkey, or pins.reset where there
        is no key: three times, then 10 min, 30 min and 1 h apart, one less for each hour online.  A SIM that is
        missing, locked or refused is asked again after 1, 5 and 10 min; a PIN that was refused is not entered again.
        With sleep("psm") a module that is silent behind its active time is asleep and not in trouble: status() is
        ASLEEP, and an open wakes it.
        veto(what) is called before "radio", "restart", "power" and "reset"; True puts it off for a minute.
        report(step, state, text): as of connect(), and ("recover", what, why).  Both must not call the modem; what they
        raise comes out of poll(), of a call that waits, or of AsyncModem's task, which goes on.
        Allocates at most 1,500 bytes.
        """
        if self._watch is not None:
            self._watch.end(self)
        self._watch = None
        if on:
            from .recovery import Watch

            self._watch = Watch(self.hand, veto, report)
            self.net.wish("registration", _REPORTING)
        else:
            self.net.wishes.pop("registration", None)
            if "registration" in self.net.due:
                self.net.due.remove("registration")

    def reached(self) -> "Proc[None]":
        """Procedure: what needs the network waits for recovery, which lets a sleeping module sleep."""
        if self._watch is not None:
            yield from self.awake()
            yield from self._watch.reached(self)
