"""config(), dns_servers() and SO_KEEPALIVE on both faces, also behind a restart of the module."""

from errno import EINVAL, EIO, EOPNOTSUPP, EPERM

from faces import both
from kit import raises, rows
from quectel import QuectelError, QuectelTimeout
from scripted import ERROR, OK, lines
from steps import (
    ATTACHED,
    CLOCK,
    CLOSE_0,
    HOME,
    NB_ADDRESS,
    NB_PINS,
    OPEN_0,
    READY,
    SERVER,
    met,
    said,
    whole,
    why,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face

OPENED = (OPEN_0, lines("OK", "+QIOPEN: 0,0"))
SIZES = (0, 1, 3, 8)
TIME_20 = said('AT+QICFG="open_time",20', '+QICFG: "open_time",20')
TIME_IS_36 = said('AT+QICFG="open_time"', '+QICFG: "open_time",36')
ALIVE = said("AT+QIKALIVE=1,60,10,9")
ALIVE_OFF = said("AT+QIKALIVE?", "+QIKALIVE: 0,60,10,9")
ALIVE_ON = said("AT+QIKALIVE?", "+QIKALIVE: 1,60,10,9")
DNS_WAS = said("AT+QIDNSCFG?", '+QIDNSCFG: "10.0.0.53","10.0.0.54"')
DNS_SET = said('AT+QIDNSCFG="1.1.1.1","9.9.9.9"')
DNS_IS = said("AT+QIDNSCFG?", '+QIDNSCFG: "1.1.1.1","9.9.9.9"')


def prepared(model: str) -> "list[Any]":
    return met(model) + NB_PINS + [said("AT+QISTATE?")]


# --- what is asked ------------------------------------------------------------------------------------------------


@rows("R003", "R018")
@both
def test_identity(face: "Face") -> "Generator[Any, Any, None]":
    script = [
        said("AT+CGSN=1", "+CGSN: 866425030000015"),
        said("AT+CIMI", "460001234567890"),
        said("AT+QCCID", "+QCCID: 8986001234567890123A"),
        said("AT+CGMR", "Revision: BC25PAR01A05"),
        said("AT+CGSN=1", "866425030000015"),  # and without their prefixes
        said("AT+QCCID", '+QCCID:"8986001234567890123A"'),
        said("AT+CGMR", "BC25PAR01A05"),
    ]
    for size in SIZES:
        m = face.start("BC25", list(script), size=size)
        m.net.model = "BC25"
        for name, wanted in (
            ("imei", "866425030000015"),
            ("imsi", "460001234567890"),
            ("iccid", "8986001234567890123A"),
            ("revision", "BC25PAR01A05"),
            ("imei", "866425030000015"),
            ("iccid", "8986001234567890123A"),
            ("revision", "BC25PAR01A05"),
            ("model", "BC25"),
        ):
            assert (yield m.config(name)) == wanted, name
        assert m.net.revision == "BC25PAR01A05"
        face.check()


@rows("R003", "R018", "R276")
@both
def test_identity_of_other_families_and_errors(face: "Face") -> "Generator[Any, Any, None]":
    no_sim = (b"AT+CIMI\r", lines("+CME ERROR: 10"))
    m = face.start("BG96", [said("AT+CGSN", "866425030000015"), no_sim, said("AT+CGMR")])
    assert (yield m.config("imei")) == "866425030000015"
    with raises(QuectelError) as caught:
        yield m.config("imsi")
    assert caught.value.code == 10
    with raises(QuectelError) as caught:
        yield m.config("revision")
    assert caught.value.errno == EIO and caught.value.command == "AT+CGMR"
    face.check()
    m = face.start("BC95-G", [said("AT+NCCID", "+NCCID:8986001234567890123A")])
    assert (yield m.config("iccid")) == "8986001234567890123A"


@rows("R201", "R210", "R211", "R308")
@both
def test_wrong_settings(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [])
    for how in (
        {"keepalive": (0, 10, 9)},
        {"keepalive": (36001, 10, 9)},
        {"keepalive": (60, 9, 9)},
        {"keepalive": (60, 21, 9)},
        {"keepalive": (60, 10, 0)},
        {"keepalive": (60, 10, 256)},
        {"dns": ("a.example", None)},
        {"dns": ("1.1.1.256", None)},
        {"dns": ("1.1.1", None)},
        {"dns": ('::1"', None)},
        {"dns": (None, "1.1.1.1")},
        {"imei": "1"},
        {"speed": 7},
    ):
        with raises(ValueError):
            yield m.config(**how)
    for wrong in ({"keepalive": 60}, {"keepalive": (60, 10)}, {"keepalive": (60, 10, "9")}, {"dns": "1.1.1.1"}):
        with raises(TypeError):
            yield m.config(**wrong)
    with raises(ValueError):
        yield m.config()
    with raises(ValueError):
        yield m.config("imei", dns=("1.1.1.1", None))
    with raises(ValueError):
        yield m.config("what")
    for lack in ({"open_time": 20}, {"keepalive": (60, 10, 9), "open_time": 20}):
        with raises(QuectelError) as caught:
            yield m.config(**lack)
        assert caught.value.errno == EOPNOTSUPP
    m = face.start("BC65", [])
    for seconds in (0, 37, -1):
        with raises(ValueError):
            yield m.config(open_time=seconds)
    with raises(ValueError):
        yield m.config(dns=("1" * 47 + ".1.1.1", None))
    for name in ("keepalive", "open_time"):
        with raises(QuectelError) as caught:
            yield face.start("BC65" if name == "keepalive" else "BG96", []).config(name)
        assert caught.value.errno == EOPNOTSUPP


# --- open_time ----------------------------------------------------------------------------------------------------


@rows("R114", "R201", "R202", "R203")
@both
def test_open_time(face: "Face") -> "Generator[Any, Any, None]":
    """The driver's own wait for +QIOPEN follows it."""
    time_2 = said('AT+QICFG="open_time",2', '+QICFG: "open_time",2')
    for host, at_most in (("10.0.0.1", 2_000), ("a.example", 142_000)):
        opening = OPEN_0.replace(b"10.0.0.1", host.encode())
        m = face.start("BC65", [TIME_IS_36, time_2, (opening, OK), CLOSE_0])
        assert (yield m.config(open_time=2)) is None
        before = face.clock.passed
        face.clock.step = 100
        with raises(QuectelTimeout):
            yield m.create_connection((host, 80))
        face.clock.step = 1
        assert at_most <= face.clock.passed - before < at_most + 1000
        yield face.settle()
        face.check()
    m = face.start("BC65", [TIME_IS_36, said('AT+QICFG="open_time"', '+QICFG: "open_time",20')])
    assert (yield m.config("open_time")) == 36
    yield m.config(open_time=20)  # which it is already: nothing is written
    assert m.net.longer_ms == -16_000


@rows("R195", "R203")
@both
def test_settings_are_made_again_behind_a_restart(face: "Face") -> "Generator[Any, Any, None]":
    script = whole(
        [DNS_WAS, DNS_SET, TIME_IS_36, TIME_20, (b"AT\r", lines("OK", "RDY"))],
        prepared("BC65JB"),
        [DNS_WAS, DNS_SET, TIME_IS_36, TIME_20, OPENED, CLOSE_0],
    )
    for size in SIZES:
        m = face.start("BC65", list(script), size=size)
        yield m.config(open_time=20, dns=("1.1.1.1", "9.9.9.9"))
        assert (yield m.ifconfig())[3] == "1.1.1.1"
        yield m.command("AT")
        yield face.settle()
        s = yield m.create_connection(SERVER)
        yield s.close()
        face.check()


@rows("R194", "R195")
@both
def test_servers_wait_for_registration(face: "Face") -> "Generator[Any, Any, None]":
    """Behind a restart they are set when the module has an address again."""
    tail = [READY, HOME, ATTACHED, NB_ADDRESS, DNS_WAS, DNS_SET, CLOCK]
    m = face.start("BC25", whole([DNS_IS], prepared("BC25JB"), tail))
    yield m.config(dns=("1.1.1.1", "9.9.9.9"))
    m.engine.restarted()
    yield m.connect()
    assert m.isconnected() and not m.net.due


@rows("R203")
@both
def test_a_setting_that_sleep_undoes(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC65", [TIME_IS_36, TIME_20, TIME_IS_36, TIME_20, OPENED])
    yield m.config(open_time=20)
    m.net.is_due("open_time")
    m.net.is_due("keepalive")  # nobody has asked for that
    yield m.create_connection(SERVER)
    assert not m.net.due


@rows("R203", "R204")
@both
def test_a_setting_that_is_refused_is_not_kept(face: "Face") -> "Generator[Any, Any, None]":
    refused = [TIME_IS_36, (b'AT+QICFG="open_time",20\r', ERROR), why(552), OPENED]
    m = face.start("BC65", refused)
    with raises(QuectelError) as caught:
        yield m.config(open_time=20)
    assert (caught.value.code, caught.value.errno) == (552, EINVAL) and not m.net.longer_ms
    yield m.create_connection(SERVER)


# --- keep-alive ---------------------------------------------------------------------------------------------------


@rows("R209", "R210", "R454")
@both
def test_keepalive(face: "Face") -> "Generator[Any, Any, None]":
    script = [
        ALIVE_OFF,
        ALIVE_OFF,
        said("AT+QIKALIVE=1,600,20,5"),
        said("AT+QIKALIVE?", "+QIKALIVE: 1,600,20,5"),
        said("AT+QIKALIVE?", "+QIKALIVE: 1,600,20,5"),
        said("AT+QIKALIVE=0"),
    ]
    m = face.start("BC25", script)
    assert (yield m.config("keepalive")) is None
    yield m.config(keepalive=(600, 20, 5))
    assert (yield m.config("keepalive")) == (600, 20, 5)
    yield m.config(keepalive=None)


@rows("R210", "R211")
@both
def test_so_keepalive(face: "Face") -> "Generator[Any, Any, None]":
    """A wish of a socket that is not open yet, carried out once; other options are without effect."""
    for level, option in ((1, 9), (0xFFF, 8), (0xFFFF, 8)):
        m = face.start("BC25", [ALIVE_OFF, ALIVE, OPENED, CLOSE_0, OPENED])
        s = m.socket()
        for other in ((1, 8), (1, 2), (6, 1), (0xFFFF, 4)):
            s.setsockopt(other[0], other[1], 1)
        assert not m.net.due
        s.setsockopt(level, option, b"\x01\0\0\0")
        s.setsockopt(level, option, 1)
        yield s.connect(SERVER)
        yield s.close()
        yield m.create_connection(SERVER)
        face.check()
    m = face.start("BC65", [OPENED])
    s = m.socket()
    s.setsockopt(1, 9, 1)  # no such command
    yield s.connect(SERVER)


@rows("R210")
@both
def test_so_keepalive_of_an_open_socket(face: "Face") -> "Generator[Any, Any, None]":
    s = face.opened([ALIVE_OFF, ALIVE, ALIVE_ON, said("AT+QIKALIVE=0"), ALIVE_ON])
    yield face.settle()
    s.setsockopt(1, 9, 1)
    yield face.settle()
    assert not face.modem.net.due
    s.setsockopt(1, 9, 1)
    s.setsockopt(1, 9, b"\0\0\0\0")
    yield face.settle()
    s.setsockopt(1, 9, 1)  # and on again, which it is
    yield face.settle()
    assert not face.modem.net.due and s.state == 0


@rows("R210")
@both
def test_own_times_stay(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [ALIVE_OFF, said("AT+QIKALIVE=1,600,20,5"), OPENED])
    yield m.config(keepalive=(600, 20, 5))
    s = m.socket()
    s.setsockopt(1, 9, 1)
    yield s.connect(SERVER)


@rows("R210")
@both
def test_a_wish_that_the_module_refuses(face: "Face") -> "Generator[Any, Any, None]":
    """connect() tells it, each time, until the wish is taken back."""
    refused = [ALIVE_OFF, (b"AT+QIKALIVE=1,60,10,9\r", lines("+CME ERROR: 3"))]
    m = face.start("BC25", whole(refused, refused, [ALIVE_OFF, OPENED]))
    s = m.socket()
    s.setsockopt(1, 9, 1)
    for _ in range(2):
        with raises(QuectelError) as caught:
            yield s.connect(SERVER)
        assert caught.value.errno == EPERM
    s.setsockopt(1, 9, 0)
    yield s.connect(SERVER)


# --- DNS servers --------------------------------------------------------------------------------------------------


@rows("R192", "R193", "R194", "R195", "R300")
@both
def test_dns_servers(face: "Face") -> "Generator[Any, Any, None]":
    for size in SIZES:
        script = [DNS_WAS, DNS_WAS, DNS_SET, DNS_IS, DNS_IS]
        script += [said("AT+QIDNSCFG?", '+QIDNSCFG: "8.8.8.8",""'), said("AT+QIDNSCFG?", '+QIDNSCFG: "8.8.8.8"')]
        m = face.start("BC25", script, size=size)
        assert (yield m.ifconfig())[3] == "0.0.0.0"
        assert (yield m.dns_servers()) == ("10.0.0.53", "10.0.0.54") and (yield m.ifconfig())[3] == "10.0.0.53"
        assert (yield m.dns_servers("1.1.1.1", "9.9.9.9")) == ("1.1.1.1", "9.9.9.9")
        assert (yield m.ifconfig())[3] == "1.1.1.1"
        assert (yield m.config("dns")) == ("1.1.1.1", "9.9.9.9")
        assert (yield m.dns_servers("8.8.8.8")) == ("8.8.8.8", "")  # it is set already
        face.check()


@rows("R192", "R194")
@both
def test_servers_cannot_be_set_before_registration(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC65", [(b"AT+QIDNSCFG?\r", ERROR), (b'AT+QIDNSCFG="2001:db8::1"\r', ERROR), why(572)])
    with raises(QuectelError) as caught:
        yield m.dns_servers("2001:db8::1")
    assert (caught.value.code, caught.value.errno) == (572, EPERM) and (yield m.ifconfig())[3] == "0.0.0.0"


@rows("R300")
@both
def test_servers_of_the_lte_families(face: "Face") -> "Generator[Any, Any, None]":
    script = [
        said("AT+QIDNSCFG=1", '+QIDNSCFG: 1,"10.0.0.53","10.0.0.54"'),
        said('AT+QIDNSCFG=1,"1.1.1.1"'),
        said("AT+QIDNSCFG=1", '+QIDNSCFG: 1,"1.1.1.1","10.0.0.54"'),
    ]
    m = face.start("EC200U", script)
    assert (yield m.dns_servers("1.1.1.1")) == ("1.1.1.1", "10.0.0.54")
    assert (yield m.ifconfig())[3] == "1.1.1.1"
