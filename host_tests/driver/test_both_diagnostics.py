"""Ping, NTP and names on both faces: results that come behind the OK, in lines of their own."""

from errno import EAGAIN, EHOSTUNREACH, EINVAL, EIO, EOPNOTSUPP, ETIMEDOUT

from faces import both
from kit import raises, rows
from quectel import NetworkError, QuectelError, QuectelTimeout
from scripted import ERROR, OK, lines
from steps import CLOSED_0, RECV_1, said, why

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face

SIZES = (0, 1, 2, 3, 7, 19)  # bytes that one read gives
PING = b'AT+QPING=1,"a.example",4,4,32\r'
SHORT = b'AT+QPING=1,"10.0.0.9",1,2,32\r'
ECHO = "+QPING: 0,220.18.23.21,32,%d,255"
DNS = b'AT+QIDNSGIP=1,"a.example"\r'
NTP = b'AT+QNTP=1,"pool.ntp.org",123,1\r'
TIME = '+QNTP: 0,"2018/04/20,11:08:20+32"'
UTC = (2018, 4, 20, 3, 8, 20, 4, 110)


class Rtc:
    """machine.RTC, as the driver needs it."""

    def __init__(self) -> None:
        self.now: "tuple[int, ...]" = ()

    def datetime(self, now: "tuple[int, ...]") -> None:
        self.now = now


# --- ping ---------------------------------------------------------------------------------------------------------


@rows("R181", "R182", "R183", "R340", "R455")
@both
def test_ping(face: "Face") -> "Generator[Any, Any, None]":
    for size in SIZES:
        said = [OK] + [item for ms in (192, 240, 241, 479) for item in (20, lines(ECHO % ms))]
        m = face.start("BC25", [(PING, said + [lines("+QPING: 2,4,4,0,192,479,287")])], size=size)
        found = yield m.ping("a.example")
        assert (found.sent, found.received, found.lost) == (4, 4, 0)
        assert (found.min_ms, found.max_ms, found.avg_ms) == (192, 479, 287)
        assert found.echoes == [(0, "220.18.23.21", 32, ms, 255) for ms in (192, 240, 241, 479)]
        assert not m.stats.unknown and not m.engine.awaited
        face.check()


@rows("R182", "R274", "R457")
@both
def test_ping_with_lost_echoes(face: "Face") -> "Generator[Any, Any, None]":
    for last in ("+QPING: 2,3,1,2,60,60,60", "+QPING: 2,3,1,2", "+QPING: 2"):  # what is left out is counted here
        answer = lines("OK", "+QPING: 1", ECHO % 60, "+QPING: 3", last)
        m = face.start("BC65", [(b'AT+QPING=1,"10.0.0.9",1,3,200\r', answer)])
        found = yield m.ping("10.0.0.9", count=3, size=200, timeout_s=1)
        assert (found.sent, found.received, found.lost, found.min_ms, found.avg_ms) == (3, 1, 2, 60, 60)
        assert found.echoes == [(1, "", 0, 0, 0), (0, "220.18.23.21", 32, 60, 255), (3, "", 0, 0, 0)]
        face.check()


@rows("R182", "R274", "R457")
@both
def test_ping_that_nobody_answers(face: "Face") -> "Generator[Any, Any, None]":
    lost = ["+QPING: 1"] * 4
    m = face.start("BC25", [(PING, lines("OK", *lost)[:-2] + lines("", "+QPING: 2,4,0,4,0,0,0")), (SHORT, OK)])
    found = yield m.ping("a.example")
    assert (found.received, found.lost, found.min_ms, found.max_ms, found.avg_ms) == (0, 4, 0, 0, 0)
    with raises(QuectelTimeout) as caught:  # no line at all
        yield m.ping("10.0.0.9", count=2, timeout_s=1)
    assert caught.value.command == "AT+QPING" and 2000 < face.clock.passed < 10_000


@rows("R274", "R457")
@both
def test_ping_that_cannot_be(face: "Face") -> "Generator[Any, Any, None]":
    for answer, code, errno in (
        (lines("OK", "+QPING: 4"), 4, EHOSTUNREACH),
        (lines("OK", "+QPING: 5"), 5, EHOSTUNREACH),
        (lines("OK", "+QPING: 565"), 565, EHOSTUNREACH),
        (lines("+CME ERROR: 30"), 30, EHOSTUNREACH),
    ):
        m = face.start("BC25", [(PING, answer)])
        with raises(QuectelError) as caught:
            yield m.ping("a.example")
        assert (caught.value.code, caught.value.errno) == (code, errno) and caught.value.text
        assert isinstance(caught.value, NetworkError) is (code != 30) and not m.engine.awaited
        face.check()
    m = face.start("BC25", [(PING, ERROR), why(552)])
    with raises(QuectelError) as caught:
        yield m.ping("a.example")
    assert (caught.value.code, caught.value.errno) == (552, EINVAL)


@rows("R182", "R457")
@both
def test_the_last_line_of_a_ping_is_lost(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [(SHORT, lines("OK", ECHO % 50))])
    found = yield m.ping("10.0.0.9", count=2, timeout_s=1)
    assert (found.sent, found.received, found.lost, found.min_ms, found.max_ms) == (2, 1, 1, 50, 50)
    assert 2000 < face.clock.passed < 10_000


@rows("R182", "R313")
@both
def test_ping_of_the_lte_families(face: "Face") -> "Generator[Any, Any, None]":
    """Quoted addresses, no size, and another number in front of the sums."""
    echo = '+QPING: 0,"61.135.169.125",32,192,255'
    m = face.start("BG96", [(PING[:-4] + b"\r", lines("OK", echo, "+QPING: 569", "+QPING: 0,4,1,3,192,192,192"))])
    found = yield m.ping("a.example")
    assert (found.sent, found.received, found.lost, found.avg_ms) == (4, 1, 3, 192)
    assert found.echoes == [(0, "61.135.169.125", 32, 192, 255), (569, "", 0, 0, 0)]
    with raises(ValueError):
        yield m.ping("a.example", size=64)


@rows("R181", "R185", "R310")
@both
def test_bad_arguments(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC65", [])
    for how in ({"count": 0}, {"count": 11}, {"size": 31}, {"size": 201}, {"timeout_s": 0}, {"timeout_s": 256}):
        with raises(ValueError):
            yield m.ping("a.example", **how)
    for host in ("", 'a"', "a\r", "x" * 51):
        for call in (m.ping, m.resolve, m.ntp):
            with raises(ValueError):
                yield call(host)
    for port in (0, 65536):
        with raises(ValueError):
            yield m.ntp(port=port)
    with raises(TypeError):
        yield m.ntp(rtc=7)
    with raises(TypeError):
        yield m.ping("a.example", count="4")


@both
def test_what_bc95_lacks(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC95-G", [])
    for call in (m.ping, m.resolve, m.ntp, m.dns_servers):
        with raises(QuectelError) as caught:
            yield call() if call == m.dns_servers else call("a.example")
        assert caught.value.errno == EOPNOTSUPP


# --- names --------------------------------------------------------------------------------------------------------


@rows("R190", "R218")
@both
def test_resolve(face: "Face") -> "Generator[Any, Any, None]":
    for size in SIZES:
        answer = lines("OK", '+QIURC: "dnsgip",0,3,600', '+QIURC: "dnsgip","10.0.0.1"', "+CEREG: 5")
        answer += lines('+QIURC:"dnsgip",10.0.0.2') + RECV_1 + lines('+QIURC: "dnsgip", "2001:db8::1"')
        m = face.start("BC25", [(DNS, answer)], size=size)
        assert (yield m.resolve("a.example")) == ["10.0.0.1", "10.0.0.2", "2001:db8::1"]
        assert m.engine.stat == 5 and not m.engine.awaited
        face.check()


@rows("R190", "R457")
@both
def test_a_name_that_is_not_found(face: "Face") -> "Generator[Any, Any, None]":
    for urc, code in (('"dnsgip",565', 565), ('"dnsgip",565,0,0', 565), ('"dnsgip",0,0,600', 0)):
        m = face.start("BC65", [(DNS, [OK, 200, lines("+QIURC: " + urc)])])
        with raises(NetworkError) as caught:
            yield m.resolve("a.example")
        assert (caught.value.code, caught.value.errno) == (code, EHOSTUNREACH) and "AT+QIDNSGIP" in str(caught.value)
        face.check()


@rows("R190")
@both
def test_an_address_that_was_lost_is_not_waited_for(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [(DNS, lines("OK", '+QIURC: "dnsgip",0,2,600', '+QIURC: "dnsgip","10.0.0.1"'))])
    assert (yield m.resolve("a.example")) == ["10.0.0.1"]
    assert 5000 < face.clock.passed < 6000


@rows("R190", "R457")
@both
def test_a_name_that_was_given_up_is_not_the_next_ones(face: "Face") -> "Generator[Any, Any, None]":
    """The URCs do not say whose they are: what a call has left behind is awaited before the next one is sent."""
    late = [OK, 2000, lines('+QIURC: "dnsgip",0,1,600', '+QIURC: "dnsgip","10.0.0.1"')]
    b = (b'AT+QIDNSGIP=1,"b.example"\r', lines("OK", '+QIURC: "dnsgip",0,1,600', '+QIURC: "dnsgip","10.0.0.2"'))
    for answer, least, most in ((late, 1900, 2300), (OK, 59_000, 61_000)):
        m = face.start("BC25", [(DNS, answer), b])
        with raises(QuectelTimeout):
            yield m.resolve("a.example", timeout_ms=1000)
        assert m.engine.awaited
        assert (yield m.resolve("b.example")) == ["10.0.0.2"]
        assert least < face.clock.passed < most and not m.engine.awaited
        face.check()


@rows("R190")
@both
def test_what_nobody_fetches_does_not_fill_the_heap(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [(DNS, OK)])
    with raises(QuectelTimeout):
        yield m.resolve("a.example", timeout_ms=1000)
    for _ in range(100):
        face.uart.say(lines('+QIURC: "dnsgip","10.0.0.1"'))
    yield face.settle()
    assert sum([len(kept) for kept in m.engine.awaited.values()]) == 64


@rows("R190", "R182")
@both
def test_handlers_of_the_callers_own_stay(face: "Face") -> "Generator[Any, Any, None]":
    seen: "list[bytes]" = []
    m = face.start("BC25", [(PING, lines("OK", "+QPING: 2,1,0,1") + lines("+QATWAKEUP")), said(PING[:-1].decode())])
    for prefix in ("+QPING:", "+Q"):
        m.on_urc(prefix, seen.append)
    assert (yield m.ping("a.example")).sent == 1
    yield face.settle()
    assert seen == [b"+QATWAKEUP"]
    yield m.command(PING[:-1])  # and so do commands of the caller's own
    face.uart.say(lines("+QPING: 1"))
    yield face.settle()
    assert seen == [b"+QATWAKEUP", b"+QPING: 1"]


@rows("R182", "R185", "R190")
@both
def test_results_in_front_of_the_ok(face: "Face") -> "Generator[Any, Any, None]":
    script = [
        (PING, lines(ECHO % 5, "+QPING: 2,1,1,0", "OK")),
        (DNS, lines('+QIURC: "dnsgip",0,1,600', '+QIURC: "dnsgip","10.0.0.1"', "OK")),
        (NTP, lines(TIME, "OK")),
    ]
    m = face.start("BC25", script)
    assert (yield m.ping("a.example")).received == 1
    assert (yield m.resolve("a.example")) == ["10.0.0.1"]
    assert (yield m.ntp()) == UTC
    assert not m.engine.awaited


@rows("R182", "R185", "R190")
@both
def test_the_module_restarts_meanwhile(face: "Face") -> "Generator[Any, Any, None]":
    for call in ("ping", "resolve", "ntp"):
        command = {"ping": PING, "resolve": DNS, "ntp": NTP}[call]
        m = face.start("BC25", [(command, [OK, 500, lines("RDY")])])
        with raises(QuectelError) as caught:
            yield getattr(m, call)("pool.ntp.org" if call == "ntp" else "a.example")
        assert caught.value.code == 570 and not m.engine.awaited
        face.check()


@rows("R182", "R213")
@both
def test_a_socket_goes_on_during_a_ping(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([(PING, [OK, 100, CLOSED_0, 100, lines("+QPING: 2,1,1,0,5,5,5")]), (b"AT+QIRD=0,512\r", OK)])
    assert (yield face.modem.ping("a.example")).avg_ms == 5
    assert s.state == 3


# --- time ---------------------------------------------------------------------------------------------------------


@rows("R185", "R186", "R188", "R445", "R455")
@both
def test_ntp(face: "Face") -> "Generator[Any, Any, None]":
    for size in SIZES:
        m = face.start("BC65", [(NTP, [OK, 100, lines(TIME)])], size=size)
        assert (yield m.ntp()) == UTC and m.net.clock == "18/04/20,03:08:20+00"
        face.check()


@rows("R186", "R187", "R309", "R350", "R361")
@both
def test_times_as_modules_print_them(face: "Face") -> "Generator[Any, Any, None]":
    for line, utc in (
        (TIME, UTC),
        ('+QNTP: 0, "18/04/20,11:08:20+32"', UTC),  # two digits, and a blank
        ('+QNTP: 0,"18/04/20,11:08:20+00"', (2018, 4, 20, 11, 8, 20, 4, 110)),
        ('+QNTP:0,"2026/01/01,00:07:59+1"', (2025, 12, 31, 23, 52, 59, 2, 365)),
        ('+QNTP: 0,"2024/02/28,20:00:00-48"', (2024, 2, 29, 8, 0, 0, 3, 60)),
        ("+QNTP: 0,2024/12/31,14:00:00-48", (2025, 1, 1, 2, 0, 0, 2, 1)),
        ('+QNTP: 0,"00/03/01,00:00:00"', (2000, 3, 1, 0, 0, 0, 2, 61)),
        ('+QNTP: 0,"80/01/06,00:00:00+00"', (1980, 1, 6, 0, 0, 0, 6, 6)),
    ):
        m = face.start("BC25", [(NTP, lines("OK", line))])
        rtc = Rtc()
        assert (yield m.ntp(rtc=rtc)) == utc, line
        assert rtc.now == utc[:3] + (utc[6],) + utc[3:6] + (0,)
        face.check()


@rows("R185", "R188")
@both
def test_the_modules_clock_is_left_alone(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC65", [(b'AT+QNTP=1,"10.0.0.5",1123,0\r', lines("OK", TIME))])
    assert (yield m.ntp("10.0.0.5", port=1123, set_clock=False)) == UTC
    assert not m.net.clock


@rows("R275", "R457")
@both
def test_ntp_that_fails(face: "Face") -> "Generator[Any, Any, None]":
    for code, errno in ((1, EIO), (2, ETIMEDOUT), (3, EAGAIN), (4, EHOSTUNREACH), (5, EHOSTUNREACH), (569, ETIMEDOUT)):
        rtc = Rtc()
        m = face.start("BC25", [(NTP, [OK, 90, lines("+QNTP: %d" % code)])])
        with raises(NetworkError) as caught:
            yield m.ntp(rtc=rtc)
        assert (caught.value.code, caught.value.errno) == (code, errno) and caught.value.text and not rtc.now
        face.check()


@rows("R185", "R186")
@both
def test_ntp_that_says_no_time(face: "Face") -> "Generator[Any, Any, None]":
    for time in ("", "2018/04/20", "2018/13/20,11:08:20+32", "2018/04/20,11:68:20+32", "2018/04/20,11:08:20+99", "x,y"):
        m = face.start("BC25", [(NTP, lines("OK", '+QNTP: 0,"%s"' % time))])
        with raises(QuectelError) as caught:
            yield m.ntp()
        assert caught.value.errno == EIO and "no time" in caught.value.text
        face.check()
    m = face.start("BC25", [(NTP, OK)])
    face.clock.step = 200
    with raises(QuectelTimeout):
        yield m.ntp()
    assert face.clock.passed > 125_000


@rows("R186", "R309")
def test_dates() -> None:
    """Every day of 60 years against the count of days itself."""
    from quectel.diagnostics import date_of, days_of

    assert days_of(1970, 1, 1) == 0 and days_of(2000, 3, 1) == 11017
    before = date_of(days_of(1999, 12, 31))
    for days in range(days_of(2000, 1, 1), days_of(2060, 1, 1), 1):
        date = date_of(days)
        assert days_of(date[0], date[1], date[2]) == days and date > before
        before = date


@both
def test_services_use_the_context_that_was_brought_up(face: "Face") -> "Generator[Any, Any, None]":
    found = lines("OK", '+QIURC: "dnsgip",0,1,600', '+QIURC: "dnsgip","10.0.0.9"')
    script = [(b'AT+QPING=3,"10.0.0.9",1,1\r', lines("OK", '+QPING: 0,"10.0.0.9",32,9,255', "+QPING: 0,1,1,0,9,9,9"))]
    script += [(b'AT+QIDNSGIP=3,"a.example"\r', found), (b'AT+QNTP=3,"pool.ntp.org",123,1\r', lines("OK", TIME))]
    m = face.start("BG96", script)
    m.engine.pdp = 3
    assert (yield m.ping("10.0.0.9", count=1, timeout_s=1)).received == 1
    assert (yield m.resolve("a.example")) == ["10.0.0.9"]
    assert (yield m.ntp()) == UTC
