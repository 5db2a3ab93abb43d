"""Ping, time and names: their results come in lines of their own, behind the OK (R180-R190, R455, R457)."""

from errno import EAGAIN, EHOSTUNREACH, EIO, ETIMEDOUT

from ._compat import const, ticks_add, ticks_diff
from .command import Turns
from .errors import NetworkError, QuectelError, QuectelTimeout, error_of, unsupported
from .network import clock_text
from .procedure import ask, name_of, turn_of, values
from .text import checked, in_range

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from ._faces import Face
    from ._types import Proc, Rtc
    from .engine import Engine
    from .models.base import Diagnostics as Record
    from .models.base import Family

    Echo = tuple[int, str, int, int, int]

_NAME_MS = 60_000  # the module looks a name up
_MARGIN_MS = 5_000  # a result that is due may be late
_APART_MS = 5_000  # the addresses of a name come together: one that is lost is not waited for
_ADDRESSES = const(32)
_QUARTER_MIN = const(15)
_LEAST = (0, 1, 1, 0, 0, 0, -48)
_MOST = (9999, 12, 31, 23, 59, 60, 56)
_EPOCH_DAYS = const(719_468)  # from March of the year 0 to 1970

_PING = {  # R274
    1: (ETIMEDOUT, "no echo"),
    3: (EIO, "TCP/IP error"),
    4: (EHOSTUNREACH, "address not found"),
    5: (EHOSTUNREACH, "PDP activation failed"),
}
_NTP = {  # R275
    1: (EIO, "NTP error"),
    2: (ETIMEDOUT, "the NTP server does not answer"),
    3: (EAGAIN, "NTP is busy"),
    4: (EHOSTUNREACH, "DNS error"),
    5: (EHOSTUNREACH, "bearer failed"),
}


def _host(family: "Family", what: str, host: str) -> bytes:
    checked(what, host, family.host_max)
    if not host:
        raise ValueError("%s is empty" % what)
    return host.encode()


def _is_address(text: str) -> bool:
    return ":" in text or text.replace(".", "").isdigit()


def _error(code: int, words: "dict[int, tuple[int, str]]", line: bytes) -> QuectelError:
    """The NB families have numbers of their own here; the others are those of all commands."""
    if code in words:
        return NetworkError(words[code][0], words[code][1], code, name_of(line))
    return error_of(code, name_of(line), NetworkError)


# --- what a result is made of ----------------------------------------------------------------------------------------


class Result:
    """Takes the lines of one result.  ended: its last one has come.  some: it can be used without the rest."""

    def __init__(self) -> None:
        self.code = 0
        self.ended = False
        self.some = False

    def take(self, fields: "list[str]", first: int) -> None:
        """The fields of a line; first: its first one as an integer, -1 if it is none."""
        raise NotImplementedError


class Echoes(Result):
    """A line each echo, and one in the end that sums up (R182); see PingResult."""

    def __init__(self, record: "Record", count: int) -> None:
        Result.__init__(self)
        self._record = record
        self._count = count
        self.echoes: "list[Echo]" = []
        self.sums: "list[str]" = []

    def take(self, fields: "list[str]", first: int) -> None:
        if first == 0 and len(fields) > 1 and not fields[1].isdigit():
            self._echo((0, fields[1], _int(fields, 2), _int(fields, 3), _int(fields, 4)))
        elif len(fields) > 1 or first == self._record.ping_done:
            self.sums = fields
            self.ended = True
        elif first in self._record.ping_lost:
            self._echo((first, "", 0, 0, 0))
        elif first > 0:
            self.code = first
            self.ended = True

    def _echo(self, echo: "Echo") -> None:
        if len(self.echoes) < self._count:
            self.echoes.append(echo)


class PingResult:
    """What became of the echoes of a ping.

    sent, received, lost: how many.  min_ms, max_ms, avg_ms: 0 if none came back.  echoes: for each
    (result, address, bytes, ms, ttl); result 0 of one that came back, of others 1 or the module's own code,
    and nothing behind it (R274).
    """

    def __init__(self, echoes: "list[Echo]", sums: "list[str]", count: int) -> None:
        self.echoes = echoes
        times = [echo[3] for echo in echoes if not echo[0]]
        self.sent = _int(sums, 1, count)  # what the module does not say is counted here (R457)
        self.received = _int(sums, 2, len(times))
        self.lost = _int(sums, 3, self.sent - self.received)
        self.min_ms = _int(sums, 4, min(times) if times else 0)
        self.max_ms = _int(sums, 5, max(times) if times else 0)
        self.avg_ms = _int(sums, 6, sum(times) // len(times) if times else 0)


def _int(fields: "list[str]", index: int, missing: int = 0) -> int:
    if index < len(fields) and fields[index].isdigit():
        return int(fields[index])
    return missing


class Names(Result):
    """`0,<count>,<ttl>`, then a line each address; `<err>` alone if there is none (R190, R457)."""

    def __init__(self) -> None:
        Result.__init__(self)
        self._count = 0  # 0: not told yet
        self.addresses: "list[str]" = []

    def take(self, fields: "list[str]", first: int) -> None:
        fields = fields[1:]
        if fields and fields[0].isdigit():
            self.code = int(fields[0])
            self._count = min(_int(fields, 1, 1), _ADDRESSES)
            self.ended = self.code != 0 or self._count == 0
        elif fields and _is_address(fields[0]) and len(self.addresses) < _ADDRESSES:
            self.addresses.append(fields[0])
            self.some = True
        if self._count and len(self.addresses) >= self._count:
            self.ended = True


class Time(Result):
    """`<err>[,"<time>"]`; some firmware leaves the quotes out, or prints a blank (R186, R187, R361)."""

    def __init__(self) -> None:
        Result.__init__(self)
        self.text = ""

    def take(self, fields: "list[str]", first: int) -> None:
        self.code = first if first >= 0 else 1
        self.text = ",".join(fields[1:3]).strip(' "')
        self.ended = True


# --- waiting for it ---------------------------------------------------------------------------------------------------


class Late:
    """The results of one command.  They do not say of which call they are, so one call is served after the other.

    What a call that was given up still may get is taken in its place, before the next one is sent.
    """

    def __init__(self, engine: "Engine", prefix: bytes) -> None:
        self._engine = engine
        self._prefix = prefix
        self._lines: "list[bytes]" = []
        self._turns = Turns()
        self._result: "Result | None" = None  # whose lines may still come
        self._until = 0
        self._heard = 0
        self._epoch = 0

    def fill(self, line: bytes, result: Result, limit_ms: int) -> "Proc[None]":
        """Send a command line and give its result what comes, until it has ended or limit_ms behind the OK."""
        yield from turn_of(self._turns, result)
        try:
            while not self._is_over():
                yield
            yield from self._send(line, result, limit_ms)
            while not self._is_over():
                yield
        finally:
            self._turns.leave(result)
        if not result.ended and self._epoch != self._engine.epoch:
            raise error_of(570, name_of(line), NetworkError, "the module restarted")

    def _send(self, line: bytes, result: Result, limit_ms: int) -> "Proc[None]":
        """The lines are claimed before the command goes out: they may come with its OK, or in front of that."""
        engine = self._engine
        self._begin(result, limit_ms)
        is_sent = False
        try:
            for early in (yield from ask(engine, line, self._prefix)):
                self._take(early)
            is_sent = True
        except QuectelTimeout:
            is_sent = True  # and may have been understood
            raise
        except QuectelError:
            self._forget()
            raise
        finally:
            if not is_sent and engine.cmd.prefix is not self._prefix:
                self._forget()  # given up before it was its turn
        self._until = ticks_add(engine.now, limit_ms)

    def _begin(self, result: Result, limit_ms: int) -> None:
        engine = self._engine
        self._result = result
        self._epoch = engine.epoch
        self._heard = engine.now
        self._until = ticks_add(engine.now, limit_ms)
        engine.awaited[self._prefix] = self._lines

    def _is_over(self) -> bool:
        """True when nothing can come any more.  Takes what has come."""
        while self._lines:
            self._take(self._lines.pop(0))
        if self._result and (self._epoch != self._engine.epoch or self._is_late(self._result)):
            self._forget()
        return self._result is None

    def _is_late(self, result: Result) -> bool:
        now = self._engine.now
        if result.some and ticks_diff(now, self._heard) > _APART_MS:
            return True
        return ticks_diff(now, self._until) > 0

    def _take(self, line: bytes) -> None:
        result = self._result
        if result is None or result.ended:
            return
        self._heard = self._engine.now
        fields = values(line)
        result.take(fields, _int(fields, 0, -1))
        if result.ended:
            self._forget()

    def _forget(self) -> None:
        self._result = None
        self._lines.clear()
        self._engine.awaited.pop(self._prefix, None)


# --- the services -----------------------------------------------------------------------------------------------------


class Diagnostics:
    """The procedures behind Modem.ping(), ntp() and resolve()."""

    def __init__(self, modem: "Face", family: "Family") -> None:
        self._modem = modem
        self._family = family
        if family.diagnostics is None:
            raise unsupported(family.name, "commands for ping, NTP and DNS")
        self._record = family.diagnostics
        self._echoes = Late(modem.engine, b"+QPING:")
        self._times = Late(modem.engine, b"+QNTP:")
        self._names = Late(modem.engine, b'"dnsgip",')

    def ping(self, host: str, count: int, size: int, timeout_s: int) -> "Proc[PingResult]":
        """Procedure; see Modem.ping()."""
        record = self._record
        in_range("count", count, *record.ping_counts)
        in_range("timeout_s", timeout_s, *record.ping_seconds)
        in_range("size", size, *record.ping_sizes)
        line = b'AT+QPING=%d,"%s",%d,%d' % (self._modem.engine.pdp, _host(self._family, "host", host), timeout_s, count)
        if record.ping_sizes[0] < record.ping_sizes[1]:
            line += b",%d" % size
        yield from self._modem.ready()
        found = Echoes(record, count)
        limit_ms = count * timeout_s * 1000 + _MARGIN_MS + (0 if _is_address(host) else _NAME_MS)
        yield from self._echoes.fill(line, found, limit_ms)
        if found.code:
            raise _error(found.code, _PING, line)
        if not found.ended and not found.echoes:
            raise QuectelTimeout("no result in %d ms" % limit_ms, name_of(line))
        return PingResult(found.echoes, found.sums, count)

    def resolve(self, host: str, timeout_ms: int) -> "Proc[list[str]]":
        """Procedure; see Modem.resolve()."""
        line = b'AT+QIDNSGIP=%d,"%s"' % (self._modem.engine.pdp, _host(self._family, "host", host))
        yield from self._modem.ready()
        found = Names()
        limit_ms = max(timeout_ms, _NAME_MS)  # who waits less leaves a result behind that must not be the next one's
        yield from self._names.fill(line, found, limit_ms)
        if found.code:
            raise error_of(found.code, name_of(line), NetworkError)
        if not found.addresses:
            if not found.ended:
                raise QuectelTimeout("no result in %d ms" % limit_ms, name_of(line))
            raise NetworkError(EHOSTUNREACH, "the name has no address", 0, name_of(line))
        return found.addresses

    def ntp(self, server: str, port: int, set_clock: bool, rtc: "Rtc | None") -> "Proc[tuple[int, ...]]":
        """Procedure; see Modem.ntp()."""
        in_range("port", port, 1, 65535)
        if rtc is not None and not hasattr(rtc, "datetime"):
            raise TypeError("rtc must have datetime(), as machine.RTC has")
        line = b'AT+QNTP=%d,"%s",%d,%d' % (
            self._modem.engine.pdp,
            _host(self._family, "server", server),
            port,
            bool(set_clock),
        )
        yield from self._modem.ready()
        found = Time()
        yield from self._times.fill(line, found, self._record.ntp_ms)
        if found.code:
            raise _error(found.code, _NTP, line)
        if not found.ended:
            raise QuectelTimeout("no result in %d ms" % self._record.ntp_ms, name_of(line))
        now = utc_of(found.text)
        if set_clock:
            self._modem.net.clock = clock_text(now)
        if rtc is not None:
            rtc.datetime(now[:3] + (now[6],) + now[3:6] + (0,))
        return now


def utc_of(text: str) -> "tuple[int, ...]":
    """time.gmtime()'s 8-tuple of `[YY]YY/MM/DD,hh:mm:ss+zz`, zz in quarters of an hour (R186, R187, R309).

    QuectelError(EIO) for anything else.
    """
    year, month, day, hour, minute, second, zone = _numbers(text)
    if year < 100:
        year += 2000 if year < 80 else 1900  # a clock that was never set shows 1980
    minutes = days_of(year, month, day) * 1440 + hour * 60 + minute - zone * _QUARTER_MIN
    days = minutes // 1440
    year, month, day = date_of(days)
    yearday = days - days_of(year, 1, 1) + 1
    return year, month, day, minutes // 60 % 24, minutes % 60, second, (days + 3) % 7, yearday


def _numbers(text: str) -> "list[int]":
    """Year to second, and the zone."""
    date, _, clock = text.partition(",")
    try:
        numbers = [int(part) for part in date.split("/") + clock[:8].split(":")] + [int(clock[8:] or 0)]
    except ValueError:
        numbers = []
    if len(numbers) != 7 or not all([_LEAST[i] <= numbers[i] <= _MOST[i] for i in range(7)]):
        raise QuectelError(EIO, "this is no time: %r" % text, 0, "AT+QNTP")
    return numbers


def days_of(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to a date; here a year begins in March."""
    year -= month < 3
    in_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return 365 * year + year // 4 - year // 100 + year // 400 + in_year - _EPOCH_DAYS


def date_of(days: int) -> "tuple[int, int, int]":
    """(year, month, day) of days_of()."""
    days += _EPOCH_DAYS
    era = days // 146_097
    days -= era * 146_097
    year = (days - days // 1460 + days // 36_524 - days // 146_096) // 365
    days -= 365 * year + year // 4 - year // 100
    month = (5 * days + 2) // 153
    day = days - (153 * month + 2) // 5 + 1
    return year + era * 400 + (month > 9), (month + 2) % 12 + 1, day
