"""Every command that the driver sends has its family's own maximum response time: facts/response_times.csv."""

import kit
from answering import line, start
from kit import cases, raises, rows
from quectel import PUSH, QuectelTimeout, TLSContext, TLSError
from quectel._compat import ticks_diff
from quectel.table import SOCK_DGRAM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PEM = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
MODELS = {"BG96": "BG96", "EC200U": "EC200U", "BC65": "BC65", "BC25": "BC25", "BC95G": "BC95-G"}
# What waits for a URC and not for an answer: the URC's time is measured below.
# What recovery and the search for the rate send: their own tests wait for them.
_WAKING_MS = 300  # the AT that wakes a module may be lost, in every family: it is soon repeated
_ELSEWHERE = ("ATO", "AT+QIOPEN= name", "AT+CFUN=", "AT+IPR", "AT+CGATT=", "AT+CGREG?", "AT+CREG?")
_URC = (b"AT+QIOPEN=", b"AT+QSSLOPEN=", b"AT+QPING=", b"AT+QNTP=", b"AT+QIDNSGIP=")


def table() -> "list[tuple[str, tuple[str, ...], int, int]]":
    """(command, families, limit_ms, then_ms)."""
    found = []
    with open(kit.path("facts/response_times.csv")) as file:
        for line in file.read().split("\n")[1:]:
            if line:
                field = line.split(",")
                found.append((field[0], tuple(field[1].split(";")), int(field[2]), int(field[3])))
    return found


def times(family: str, command: bytes) -> "tuple[int, int]":
    """(limit_ms, then_ms) of the longest command of the table that this one begins with."""
    best: "tuple[int, int, int]" = (0, 0, 0)
    for name, families, limit_ms, then_ms in table():
        if family in families and command.startswith(name.encode()) and len(name) > best[0]:
            best = (len(name), limit_ms, then_ms)
    assert best[0], "facts/response_times.csv has no %r of %s" % (command, family)
    return best[1], best[2]


def use(modem: "Any") -> None:
    """Everything that makes the driver send something."""
    rat = "auto" if modem.family.rats else None
    modem.connect("internet", user="me", password="secret", auth="pap", pin="1234", operator="26201", rat=rat)
    for name in ("rssi", "operator", "cell"):
        modem.status(name)
    for name in ("imei", "imsi", "iccid", "revision"):
        modem.config(name)
    if modem.family.coap:
        modem.coap().get("coap://10.0.0.1/a")
        rest(modem)
        modem.power_off()
        return
    modem.ping("10.0.0.1")
    modem.resolve("a.example")
    modem.ntp()
    modem.dns_servers("1.1.1.1")
    if modem.family.keepalive:
        modem.config(keepalive=modem.family.keepalive.usual)
    if modem.family.open_time:
        modem.config(open_time=20)
    talk(modem, None)
    if modem.family.tls is not None:
        talk(modem, TLSContext(ca=PEM))
        modem.files.remove("x")
        untold(modem)
        assert modem.files.read("y") == b"hi" and modem.files.free() == 1000
    rest(modem)
    modem.disconnect()
    modem.power_off()


def rest(modem: "Any") -> None:
    """Every kind of sleep is asked for, and undone."""
    if modem.family.psm:
        modem.sleep("psm", tau=3600, active=10)
    if modem.family.edrx:
        modem.sleep("edrx", cycle=20.48)
    if modem.family.psm:
        modem.sleep("off")


def untold(modem: "Any") -> None:
    """A clock that nobody has set."""
    modem.uart.answers.insert(0, (b"AT+CCLK?", line(b'+CCLK: "80/01/06,00:00:00+00"')))
    modem.net.clock, modem.net.utc = "", None
    with raises(TLSError):
        modem.create_connection(("10.0.0.1", 80), tls=TLSContext(ca=PEM))
    modem.uart.answers.pop(0)


def talk(modem: "Any", tls: "Any") -> None:
    """One connection."""
    sock = modem.socket(tls=tls)
    sock.connect(("10.0.0.1", 80))
    sock.sendall(b"data")
    modem.uart.out += b'\r\n+Q%sURC: "recv",0\r\n' % (b"SSL" if tls else b"I")
    for _ in range(5):
        modem.poll()
    sock.query_state()
    if tls is None:
        sock.set_mode(PUSH)
    sock.close()
    again = modem.socket(tls=tls)
    head = b"AT+QSSLOPEN=" if tls else b"AT+QIOPEN="
    modem.uart.answers.insert(0, (head, [b"\r\nERROR\r\n", b"\r\nOK\r\n"]))
    with raises(OSError):
        again.connect(("10.0.0.1", 80))
    modem.uart.answers.pop(0)


@rows("R021", "R022", "R023", "R088", "R133")
@cases("BG96", "EC200U", "BC65", "BC25", "BC95G")
def test_every_command_has_its_own_time(family: str) -> None:
    modem = start(family, MODELS[family], family in ("BC65", "BC25"))
    use(modem)
    seen = []
    for command, limit_ms, then_ms in modem.uart.waits:
        if command == b"AT" and limit_ms == _WAKING_MS:
            continue
        first, second = times(family, command)
        if b"CLOSE=" in command:
            first, second = first + second, 0
        if any([command.startswith(one) for one in _URC]):
            second = 0
        assert (limit_ms, then_ms) == (first, second), (command, limit_ms, then_ms)
        seen.append(command)
    for name, families, _, _ in table():
        chained = name.replace("AT", ";", 1).encode()
        sent = [one for one in seen if one.startswith(name.encode()) or chained in one]
        assert sent or family not in families or name in _ELSEWHERE, (family, name)


def opened(family: str, host: str, how: "dict[str, Any]") -> int:
    """How long a connect() waits for a URC that does not come."""
    modem = start(family, MODELS[family], False, [(b"AT+QIOPEN=", b"\r\nOK\r\n"), (b"AT+QSSLOPEN=", b"\r\nOK\r\n")])
    modem.net.prepared = 0
    modem._clock.step = 50
    begun: int = modem._clock.passed
    with raises(QuectelTimeout):
        modem.socket(**how).connect((host, 80))
    passed: int = modem._clock.passed
    return passed - begun


@rows("R067", "R302")
@cases(
    ("BG96", "10.0.0.1", {}, 150_000),
    ("BG96", "a.example", {"type": SOCK_DGRAM}, 150_000),
    ("EC200U", "a.example", {}, 150_000),
    ("BC65", "10.0.0.1", {}, 36_000),
    ("BC65", "a.example", {}, 176_000),
    ("BC25", "10.0.0.1", {}, 36_000),
    ("BC25", "a.example", {}, 176_000),
    ("BG96", "10.0.0.1", {"tls": TLSContext(verify=False)}, 450_000),
    ("EC200U", "10.0.0.1", {"tls": TLSContext(verify=False, negotiate_s=20)}, 170_000),
)
def test_the_urc_of_an_open_has_its_own_time(family: str, host: str, how: "dict[str, Any]", limit_ms: int) -> None:
    name = b"AT+QSSLOPEN=" if "tls" in how else b"AT+QIOPEN="
    if not host[0].isdigit() and family in ("BC65", "BC25"):
        name += b" name"
    negotiate_ms = how["tls"].negotiate_s * 1000 if "tls" in how else 0
    assert limit_ms == times(family, name)[1] + negotiate_ms
    waited = opened(family, host, how)
    assert limit_ms <= waited < limit_ms + 500, (waited, limit_ms)


@rows("R182", "R185", "R190", "R457")
@cases("BG96", "EC200U", "BC65", "BC25")
def test_results_behind_the_ok_have_their_own_time(family: str) -> None:
    calls: "Any" = (
        (b"AT+QPING=", lambda m: m.ping("a.example")),
        (b"AT+QNTP=", lambda m: m.ntp()),
        (b"AT+QIDNSGIP=", lambda m: m.resolve("a.example")),
    )
    for name, call in calls:
        modem = start(family, MODELS[family], False, [(name, b"\r\nOK\r\n")])
        modem.net.prepared = 0
        modem._clock.step = 50
        with raises(QuectelTimeout):
            call(modem)
        limit_ms = times(family, name)[1]
        assert limit_ms <= modem._clock.passed < limit_ms + 500, (name, modem._clock.passed)


@rows("R292")
@cases("BC25", "BC65")
def test_the_result_of_a_send_has_two_minutes(family: str) -> None:
    modem = start(family, family, True)
    modem.net.prepared = 0
    sock = modem.socket()
    sock.connect(("10.0.0.1", 80))
    sock.settimeout(0)
    modem.uart.result = b""
    sock.send(b"data")
    for _ in range(3):
        modem.poll()
    e = modem.engine
    assert e.pending.index >= 0 and ticks_diff(e.pending_until, e.now) == times(family, b"AT+QISEND=")[1]
