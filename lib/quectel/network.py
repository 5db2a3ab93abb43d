"""What is known about the module and the network, and what the caller wants: state, settings, the clock."""

from ._compat import const, ticks_diff
from .command import ON_OK
from .procedure import ask, prefix_of, try_ask, values, word
from .text import in_range

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ._types import Pins, Proc
    from .engine import Engine
    from .models.base import Dialect, Family

# What Modem.status() gives
IDLE = 0  # nobody has asked for the network, or disconnect() or power_off() was called
SEARCHING = 1  # connect() looks for a network
DENIED = 2  # the network refuses this SIM
REGISTERED = 3  # at home or roaming, without an address yet
ONLINE = 4  # there is an address
ASLEEP = 5  # in deep sleep
LOST = 6  # it was online

_TIME = (
    ("year", 2024, 2079),
    ("month", 1, 12),
    ("day", 1, 31),
    ("hour", 0, 23),
    ("minute", 0, 59),
    ("second", 0, 59),
)
QUICK_MS = 300  # what the module knows without asking the network, in all families
_SLOW_MS = 5000
_LONGEST_BOOT_MS = const(600_000)


class Wish:
    """A setting of the caller's that a restart of the module may undo.

    query, and how its answer's fields begin where nothing is to be done; else command makes it.
    """

    __slots__ = ("command", "limit_ms", "query", "wanted")

    def __init__(self, query: bytes, wanted: "list[str]", command: bytes, limit_ms: int = 0) -> None:
        self.query = query
        self.wanted = wanted
        self.command = command
        self.limit_ms = limit_ms  # of the command, 0: the family's


class Wanted:
    """How the caller wants to be online; what recovery brings up again."""

    __slots__ = ("apn", "entered", "pdp", "pin", "refused", "setup", "wishes")

    def __init__(
        self, pdp: int, apn: "str | None", setup: "bytes | None", pin: "str | None", wishes: "list[Wish]"
    ) -> None:
        self.pdp = pdp
        self.apn = apn
        self.setup = setup  # the command that describes the context, None: it is left as it is
        self.pin = pin
        self.entered: "str | None" = None  # a PIN of which it is not known whether the SIM has taken it
        self.refused = False  # the SIM has not taken the PIN: it is not entered again
        self.wishes = wishes  # operator and radio technology

    def enter(self) -> str:
        """The PIN goes to the SIM: nobody enters it again before it is known what becomes of it."""
        pin = self.pin or ""
        self.pin, self.entered = None, pin
        return pin

    def settle(self, taken: bool) -> None:
        """The SIM has taken the PIN that was entered, if one was, or has refused it."""
        if self.entered is not None:
            self.refused = not taken
            self.pin = self.entered if taken else None
            self.entered = None


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
        self.tls_trouble = ""  # why the last TLS connection could not be opened
        self.longer_ms = 0  # than the family's time limit an open may take: open_time (R114)
        self.wishes: "dict[str, Wish]" = {}
        self.due: "list[str]" = []  # those that the module does not know yet, or any more
        self.utc: "Callable[[], tuple[int, ...] | None] | None" = None  # the board's own time
        self.contexts: "list[int]" = []  # PDP contexts that bring-up has brought up
        self.wanted: "Wanted | None" = None  # by the last connect()
        self.rising = False  # somebody brings the network up
        self.preparing = False  # somebody makes the settings of this epoch
        self.adopt: "Callable[[Dialect, bytes], bool] | None" = None  # of restore(): keeps a connection it knows
        self.uart: "Any" = None
        self.pins: "Pins | None" = None
        self.active_ms = 0  # of power saving mode: the module listens so long before it may go
        self.baud = 0  # rate of the port that the caller wants, 0: the one that the UART has
        self.first_baud = 0  # the one that the UART had in the beginning
        self.lost_rate = False  # the UART has a rate that is only tried
        self.boots_until = 0  # the power key was pressed: until then the module may boot, ...
        self.boots_epoch = -1  # ... if it has said nothing yet
        self.urc_port = "uart1"  # where the LTE families are told to send URCs, "": they are left alone

    def boot_ms(self, family: "Family") -> int:
        """From the power key to the first answer, at most."""
        ms: int = getattr(self.pins, "boot_ms", family.boot_ms)
        return ms

    def boots(self, now: int, epoch: int) -> bool:
        """True if the power key was pressed just now, and the module has not spoken yet."""
        left = ticks_diff(self.boots_until, now)
        return self.boots_epoch == epoch and 0 < left <= _LONGEST_BOOT_MS

    def is_on(self) -> int:
        """What the module's STATUS pin says: 1, 0, or -1 without one."""
        status: "Callable[[], bool] | None" = getattr(self.pins, "status", None)
        return -1 if status is None else int(bool(status()))

    def usual_rate(self) -> int:
        """Of the port, before it is known at which one the module answers."""
        return self.baud or self.first_baud

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
    limit_ms = _SLOW_MS if wish.limit_ms else 0  # what is slow to set is not told at once
    answer = yield from try_ask(engine, wish.query, prefix, limit_ms=limit_ms)
    told = [values(line)[: len(wish.wanted)] for line in answer.lines]
    if not answer.ok or wish.wanted not in told:
        yield from ask(engine, wish.command, prefix, ON_OK, wish.limit_ms)


def grant_due(engine: "Engine", net: Network) -> "Proc[None]":
    """One that the module refuses stays due, and its error is told each time."""
    while net.due:
        name = net.due[0]
        wish = net.wishes[name]
        yield from grant(engine, wish)
        if name in net.due and net.wishes[name] is wish:  # it may have been changed meanwhile
            net.due.remove(name)


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
