"""Coming up and staying up on both faces: power key, operator, registrations, recovery, what the modem tells."""

from errno import EACCES, ECONNRESET, EHOSTUNREACH, ENODEV, EOPNOTSUPP, EPERM

from cutting import SERVER
from faces import both
from kit import raises, rows
from living import live
from quectel import SOCK_DGRAM, NetworkError, QuectelError, QuectelTimeout
from quectel.network import IDLE, LOST, ONLINE
from scripted import OK, lines
from steps import (
    ACTIVE,
    ATTACHED,
    CLOCK,
    HOME,
    INACTIVE,
    NB_ADDRESS,
    NB_TAIL,
    PREPARED,
    READY,
    said,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face

REPORTING = [said("AT+CEREG?", "+CEREG: 0,1"), said("AT+CEREG=1")]
AGAIN = [READY, HOME, ATTACHED, NB_ADDRESS]


class Key:
    """The board's power key; the module begins to answer when it was released."""

    on_ms = 700

    def __init__(self) -> None:
        self.levels: "list[int]" = []

    def pwrkey(self, level: int) -> None:
        self.levels.append(level)


@both
def test_every_step_is_reported(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", PREPARED + [READY] + NB_TAIL, False)
    told: "list[tuple[str, str]]" = []
    yield m.connect(report=lambda step, state, text: told.append((step, state)))
    steps = ("power", "echo", "identity", "sim", "register", "attach", "pdp", "dns", "clock")
    assert told == [(step, state) for step in steps for state in ("start", "done")]


@both
def test_a_step_has_a_budget_of_its_own(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [READY] + [said("AT+CEREG?", "+CEREG: 0,2")] * 400)
    face.clock.step = 500
    told: "list[str]" = []
    with raises(NetworkError) as caught:
        yield m.connect(timeout_ms=900_000, report=lambda step, state, text: told.append(step + " " + state))
    assert "register" in str(caught.value) and "antenna" in str(caught.value) and told[-1] == "register failed"
    assert 300_000 <= face.clock.passed < 303_000
    face.uart.script = face.uart.script[: face.uart._at]


@both
def test_the_power_key_is_pressed_for_a_module_that_is_off(face: "Face") -> "Generator[Any, Any, None]":
    key = Key()
    silent = (b"AT+CMEE?\r", b"")
    ended = (b"\x1b" + b"\r" * 512, b"")
    script = [(b"AT\r", b""), silent, silent, silent, ended, silent, silent, (b"AT+CMEE?\r", lines("RDY"))]
    script += [said("AT+CMEE=?", "+CMEE: (0-2)")] + PREPARED + [READY] + NB_TAIL
    m = face.start("BC25", script, False, pins=key)
    yield m.connect()
    assert key.levels == [0, 1] and m.status() == ONLINE


@both
def test_operator_and_technology(face: "Face") -> "Generator[Any, Any, None]":
    scan, mode = 'AT+QCFG="nwscanmode"', 'AT+QCFG="iotopmode"'
    chosen: "list[Any]" = [said(scan, '+QCFG: "nwscanmode",0'), said(scan + ",3,1"), said(mode, '+QCFG: "iotopmode",0')]
    chosen += [said("AT+COPS?", "+COPS: 0"), (b'AT+COPS=1,2,"26201"\r', [90_000, OK])]
    m = face.start(
        "BG96", [READY] + chosen + [HOME, ATTACHED, INACTIVE, INACTIVE, said("AT+QIACT=1"), ACTIVE, CLOCK][:2]
    )
    face.uart.script += [ACTIVE, CLOCK]
    face.clock.step = 20
    yield m.connect(operator="26201", rat="lte-m", timeout_ms=200_000)
    assert m.status() == ONLINE
    wrong: "tuple[dict[str, str], ...]" = ({"operator": "Telco"}, {"operator": "1"}, {"rat": "6g"}, {"pin": 'x"'})
    for how in wrong:
        with raises(ValueError):
            yield m.connect(**how)
    m = face.start("BC25", [])
    with raises(QuectelError) as caught:
        yield m.connect(rat="nb-iot")
    assert caught.value.errno == EOPNOTSUPP


@both
def test_denied_is_not_searching(face: "Face") -> "Generator[Any, Any, None]":
    denied = [said("AT+CEREG?", "+CEREG: 0,3"), said("AT+CGREG?", "+CGREG: 0,2"), said("AT+CREG?", "+CREG: 0,0")]
    m = face.start("BG96", [READY] + denied + [said("AT+CEREG?", "+CEREG: 0,3"), said("AT+CGREG?", "+CGREG: 0,0")])
    face.uart.script += [said("AT+CREG?", "+CREG: 0,3")]
    with raises(NetworkError) as caught:
        yield m.connect()
    assert caught.value.errno == EPERM


@rows("R276")
@both
def test_a_pin_that_was_refused_is_not_entered_again(face: "Face") -> "Generator[Any, Any, None]":
    wants = said("AT+CPIN?", "+CPIN: SIM PIN")
    m = face.start("BC25", [wants, (b'AT+CPIN="0000"\r', lines("+CME ERROR: 16"))] + [wants] * 4)
    with raises(NetworkError) as caught:
        yield m.connect(pin="0000")
    assert caught.value.errno == EACCES
    m.keep_online()
    for _ in range(4):
        face.clock.now = (face.clock.now + 700_000) & 0x3FFFFFFF
        yield face.settle()
        yield face.settle()
    assert m.engine.cmd.state == 0


@rows("R301")
@both
def test_a_context_that_is_taken_away_is_brought_up_again(face: "Face") -> "Generator[Any, Any, None]":
    script = [READY, HOME, ATTACHED, ACTIVE, CLOCK]
    m = face.start("BG96", script + [READY, HOME, ATTACHED, said("AT+QIDEACT=1"), INACTIVE, said("AT+QIACT=1"), ACTIVE])
    face.uart.script += REPORTING + [CLOCK]
    yield m.connect()
    m.keep_online()
    face.uart.say(lines('+QIURC: "pdpdeact",1'))
    yield face.settle()
    yield face.settle()
    assert m.status() == ONLINE and m.isconnected()


@both
def test_a_restart_out_of_the_blue(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [READY] + NB_TAIL + PREPARED + AGAIN + REPORTING + [CLOCK])
    yield m.connect()
    m.keep_online()
    face.uart.say(lines("RDY"))
    for _ in range(4):
        yield face.settle()
    assert m.status() == ONLINE and m.stats.epochs == 1
    m.keep_online(False)
    face.uart.say(lines("RDY"))
    yield face.settle()
    assert m.status() == LOST


@both
def test_registration_is_told_by_its_urc(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [READY] + NB_TAIL)
    yield m.connect()
    for line, state in (("+CEREG: 2", LOST), ("+CEREG: 5", ONLINE), ("+CEREG: 3", LOST), ("+CREG: 1", ONLINE)):
        face.uart.say(lines(line))
        yield face.settle()
        assert m.status() == state, line


@both
def test_an_open_while_the_next_try_is_a_while_off(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [READY, said("AT+CEREG?", "+CEREG: 0,3"), READY, said("AT+CEREG?", "+CEREG: 0,3")])
    with raises(NetworkError):
        yield m.connect()
    m.keep_online()
    with raises(NetworkError) as caught:
        yield m.create_connection(("10.0.0.1", 80))
    assert caught.value.errno == EHOSTUNREACH and "denies" in str(caught.value)


@both
def test_a_udp_service_waits_for_recovery_as_every_open_does(face: "Face") -> "Generator[Any, Any, None]":
    denied = [READY] + [said("AT+%s?" % name, "+%s: 0,3" % name) for name in ("CEREG", "CGREG", "CREG")]
    m = face.start("BG96", denied * 2)
    with raises(NetworkError):
        yield m.connect()
    m.keep_online()
    with raises(NetworkError) as caught:
        yield m.socket(SOCK_DGRAM).sendto(b"x", ("10.0.0.1", 80))
    assert caught.value.errno == EHOSTUNREACH and "denies" in str(caught.value)


@both
def test_what_the_modem_tells(face: "Face") -> "Generator[Any, Any, None]":
    cell = [said("AT+CEREG?", "+CEREG: 0,1"), said("AT+CEREG=2"), said("AT+CEREG?", '+CEREG: 2,1,"1A2B","01A2D101",9')]
    script = [said("AT+CSQ", "+CSQ: 24,99"), said("AT+CSQ", "+CSQ: 99,99")]
    script += [said("AT+COPS?", '+COPS: 0,0,"Telco",9')] * 2 + cell + [said("AT+CEREG=0")]
    m = face.start("BC25", script)
    assert (yield m.status("rssi")) == -65 and (yield m.status("rssi")) is None
    assert (yield m.status("operator")) == "Telco" and (yield m.status("rat")) == "NB-IoT"
    assert (yield m.status("cell")) == ("1A2B", "01A2D101")
    with raises(ValueError):
        yield m.status("weather")


@both
def test_diagnose_says_what_to_try(face: "Face") -> "Generator[Any, Any, None]":
    found = [said("AT"), said("AT+CGMM", "BC25")]
    made: "list[tuple[list[Any], str, str]]" = [
        ([said("AT"), said("AT+CGMM", "BG96")], "identity", "family"),
        (found + [(b"AT+CPIN?\r", lines("+CME ERROR: 10"))], "sim", "sits"),
        (found + [said("AT+CPIN?", "+CPIN: SIM PIN")], "sim", "pin="),
        (found + [READY, said("AT+CSQ", "+CSQ: 99,99")], "signal", "antenna"),
        (found + [READY, said("AT+CSQ", "+CSQ: 20,99"), said("AT+CEREG?", "+CEREG: 0,3")], "register", "denied"),
    ]
    for script, step, word in made:
        m = face.start("BC25", script)
        name, ok, words = (yield m.diagnose())[-1]
        assert (name, ok) == (step, False) and word in words, (name, words)


@both
def test_all_that_is_known(face: "Face") -> "Generator[Any, Any, None]":
    script = [said("AT+COPS?", '+COPS: 0,0,"Telco",9'), said("AT+CSQ", "+CSQ: 24,99")]
    script += [said("AT+CEREG?", '+CEREG: 2,1,"1A2B","01A2D101",9'), said("AT+CGSN=1", '+CGSN: "490154203237518"')]
    script += [said("AT+CIMI", "460001357924680"), (b"AT+QCCID\r", lines("ERROR")), said("AT+CGMR", "BC25A01")]
    script += [said("AT+CCLK?", '+CCLK: "26/03/01,10:00:00+00"')]
    m = face.start("BC25", script)
    script[3] = (m.family.imei + b"\r", lines("490154203237518", "OK"))
    found = yield m.info()
    assert found["operator"] == "Telco" and found["rat"] == "NB-IoT" and found["rssi"] == -65
    assert found["cell"] == ("1A2B", "01A2D101") and found["imei"] == "490154203237518"
    assert found["imsi"] == "460001357924680" and found["iccid"] == "" and found["revision"] == "BC25A01"
    assert found["family"] == "BC25" and found["clock"] == "26/03/01,10:00:00+00" and found["status"] == m.status()


@both
def test_the_power_key_by_hand(face: "Face") -> "Generator[Any, Any, None]":
    key = Key()
    m = face.start("BC25", [said("AT")], pins=key)
    yield m.power_on()  # it answers already
    assert key.levels == []
    m = face.start("BC25", [], False, pins=key)
    face.clock.step = 200
    face.uart.write = lambda buf, off, n: n
    with raises(QuectelError) as caught:
        yield m.power_on()
    assert caught.value.errno == ENODEV and "supply" in str(caught.value)
    assert key.levels == [0, 1, 0, 1]  # once more: the first may have switched it off
    m = face.start("BC25", [])
    with raises(QuectelError) as caught:
        yield m.power_on()
    assert caught.value.errno == ENODEV and "pwrkey" in str(caught.value)


@both
def test_off_by_command(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [(b"AT+QPOWD=1\r", lines("OK", "POWERED DOWN"))])
    yield m.power_off()
    assert m.status() == IDLE and not m.isconnected()
    m = face.start("BC25", [(b"AT+QPOWD=1\r", OK)])
    face.clock.step = 200
    with raises(QuectelTimeout):
        yield m.power_off()
    assert face.clock.passed >= 60_000


@rows("R098")
@both
def test_diagnose_looks_at_what_names_and_tls_need(face: "Face") -> "Generator[Any, Any, None]":
    """The chapters about failures: context, DNS server, then what TLS was told."""
    good = [said("AT"), said("AT+CGMM", "BG96"), READY, said("AT+CSQ", "+CSQ: 20,99"), HOME]
    good += [said("AT+COPS?", '+COPS: 0,0,"Telco",8'), ATTACHED, ACTIVE]
    m = face.start("BG96", good + [said("AT+QIDNSCFG=1", '+QIDNSCFG: 1,"0.0.0.0","0.0.0.0"')])
    name, ok, words = (yield m.diagnose())[-1]
    assert (name, ok) == ("dns", False) and "dns_servers" in words
    named = said("AT+QIDNSCFG=1", '+QIDNSCFG: 1,"10.0.0.53","0.0.0.0"')
    m = face.start("BG96", good + [named, CLOCK])
    found = yield m.diagnose()
    assert [ok for _, ok, _ in found] == [True] * 10 and ("dns", True, "10.0.0.53") in found
    m = face.start("BG96", good + [(b"AT+QIDNSCFG=1\r", lines("ERROR")), CLOCK])
    m.net.tls_trouble = "SSL handshake fail (579)"
    found = yield m.diagnose()
    name, ok, words = found[-1]
    assert (name, ok) == ("tls", False) and "suites=" in words and "579" in words
    assert found[-3] == ("dns", True, "the module does not tell its DNS servers")


@both
def test_diagnose_of_a_family_without_names_and_tls(face: "Face") -> "Generator[Any, Any, None]":
    good = [said("AT"), said("AT+CGMM", "BC95-G"), READY, said("AT+CSQ", "+CSQ: 20,99"), HOME]
    good += [said("AT+COPS?", '+COPS: 0,0,"Telco",9'), ATTACHED, NB_ADDRESS, CLOCK]
    m = face.start("BC95-G", good)
    found = yield m.diagnose()
    assert [step for step, _, _ in found][-2:] == ["pdp", "clock"]


@both
def test_code_570_has_the_context_brought_up_again(face: "Face") -> "Generator[Any, Any, None]":
    """Whether an open is told so, or a part that is sent; the other sockets of the context are told."""
    for sends in (False, True):
        m = live(face, "BG96")
        m.keep_online()
        yield m.connect("internet")
        sock, other = (yield m.create_connection(SERVER)), (yield m.create_connection(SERVER))
        face.uart.broken = True
        with raises(OSError) as caught:
            if sends:
                yield sock.sendall(b"data")
                yield sock.recv(1)
            else:
                yield m.create_connection(SERVER)
        assert caught.value.errno == ECONNRESET
        with raises(QuectelError) as caught:
            yield other.recv(1)
        assert caught.value.errno == ECONNRESET and caught.value.code == 570
        sock = yield m.create_connection(SERVER)  # waits for the recovery
        yield sock.sendall(b"record")
        assert (yield sock.read(6)) == b"record"
        assert face.uart.commands.count(b"AT+QIDEACT=1") == 1 and m._watch.restarts == 0
        if hasattr(m, "aclose"):
            yield m.aclose()


@both
def test_settings_come_before_the_next_command(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", PREPARED + [said("AT+CSQ", "+CSQ: 20,99")])
    face.uart.say(lines("RDY"))
    yield face.settle()
    assert (yield m.command("AT+CSQ")) == ["+CSQ: 20,99"]
    m = face.start("BC25", [said("AT+CSQ", "+CSQ: 20,99")], False)  # nobody has set it up: it is left alone
    assert (yield m.command("AT+CSQ")) == ["+CSQ: 20,99"]
