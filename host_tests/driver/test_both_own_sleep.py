"""Sleep that nobody has announced: by the caller's own commands, and power saving mode that begins without a word."""

from errno import ECONNRESET, ENODEV

import powering
from faces import both
from kit import raises, rows
from powering import DEAD, LOST, OPENED, PSM, RISEN, SLEEPS, AllLines
from quectel import SOCK_DGRAM, QuectelError
from quectel.network import ASLEEP, ONLINE
from quectel.psm import active_of
from scripted import ERROR, OK, lines
from steps import EMPTY, SENT, SERVER, SYNC, SYNC_2, payload, said, sending

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face

UDP = (b'AT+QIOPEN=1,0,"UDP","10.0.0.1",80,0,0,0\r', lines("OK", "+QIOPEN: 0,0"))
TCP = (b'AT+QIOPEN=1,1,"TCP","10.0.0.1",80,0,0,0\r', lines("OK", "+QIOPEN: 1,0"))
STATE = '+QISTATE: 0,"UDP","10.0.0.1",80,0,2,1,0'
SEND = [(b"AT+QISEND=0,1\r", b"\r\n> "), (b"x", lines("SEND OK"))]


def start(face: "Face", script: "Any", family: str, urc: bytes = b"") -> "Any":
    """(modem, pins)."""
    return powering.start(face, script, family, AllLines(face, urc))


# --- the caller's own commands ----------------------------------------------------------------------------------------


@rows("R121", "R219", "R222", "R224", "R426")
@both
def test_deep_sleep_that_the_caller_allows(face: "Face") -> "Generator[Any, Any, None]":
    """Firmware that says nothing of it: what comes next wakes the module, and TCP is found to be gone."""
    own = said("AT+QSCLK=1")
    script = [UDP, TCP, own, LOST, SYNC] + RISEN + [said("AT+QISTATE?", STATE)] + sending(b"x", SENT)
    for family in ("BC25", "BC65"):
        m, pins = start(face, script + [said("at+qsclk=1")] + RISEN + [said("AT+QISTATE?", STATE), said("AT")], family)
        udp = m.socket(SOCK_DGRAM)
        yield udp.connect(SERVER)
        tcp = yield m.create_connection(SERVER)
        assert (yield m.command("AT+QSCLK=1")) == []
        before = face.uart.wrote
        yield face.settle()
        assert face.uart.wrote == before and m.status() == ONLINE and pins.pulls == []
        assert (yield udp.send(b"x")) == 1
        assert pins.pulls == [0, 1]
        with raises(QuectelError) as caught:
            yield tcp.recv(1)
        assert caught.value.errno == ECONNRESET
        yield m.command("at+qsclk=1")
        yield m.command("AT")
        assert pins.pulls == [0, 1] * 2
        face.check()
        if hasattr(m, "aclose"):
            yield m.aclose()


@rows("R222", "R224")
@both
def test_sleep_that_the_caller_allows_waits_for_a_send(face: "Face") -> "Generator[Any, Any, None]":
    late = sending(b"last", [OK, 700, lines("SEND OK")])
    m, _ = start(face, [UDP] + late + [said("AT+QSCLK=1")] + RISEN + [said("AT+QISTATE?", STATE), said("AT")], "BC25")
    s = m.socket(SOCK_DGRAM)
    yield s.connect(SERVER)
    s.settimeout(0)
    yield s.send(b"last")
    yield m.command("AT+QSCLK=1")
    assert face.clock.passed >= 700
    yield m.command("AT")
    assert s.id == 0


@rows("R219")
@both
def test_a_call_is_told_why_the_module_does_not_wake(face: "Face") -> "Generator[Any, Any, None]":
    """As wake() is; and nothing is sent behind it."""
    dead = [LOST] + [(SYNC[0], b"")] * 5
    m, pins = start(face, [said("AT+QSCLK=1")] + dead + dead[1:] * 2, "BC25")
    yield m.command("AT+QSCLK=1")
    face.clock.step = 20
    with raises(QuectelError) as caught:
        yield m.command("AT+CSQ")
    assert caught.value.errno == ENODEV and "PSM_EINT" in caught.value.text and pins.pulls == [0, 1] * 3
    before = face.uart.wrote
    yield face.settle()
    assert face.uart.wrote == before


@rows("R222")
@both
def test_light_sleep_that_the_caller_allows(face: "Face") -> "Generator[Any, Any, None]":
    up = [said("AT"), said("AT+QSCLK?", "+QSCLK: 2"), said("AT+QSCLK=0")]
    script = [said("AT+QSCLK=2"), (b"AT+CMEE=1\r", b""), SYNC] + up + [said("AT+CSQ", "+CSQ: 17,99")]
    for family in ("BC25", "BC65"):
        m, pins = start(face, script, family)
        yield m.command("AT+QSCLK=2")
        assert (yield m.command("AT+CSQ")) == ["+CSQ: 17,99"]
        assert pins.pulls == [] and not m.engine.asleep
        face.check()
        if hasattr(m, "aclose"):
            yield m.aclose()


@rows("R222", "R224")
@both
def test_commands_that_allow_no_sleep(face: "Face") -> "Generator[Any, Any, None]":
    """Questions, a refusal, 0, and 1 where the line DTR is what lets the module sleep."""
    asked = [said("AT+QSCLK?", "+QSCLK: 0"), said("AT+QSCLK=?", "+QSCLK: (0-2)"), said("AT+QSCLK=0")]
    why = said("AT+QIGETERROR", "+QIGETERROR: 552,words")
    refused = [(b"AT+QSCLK=1\r", ERROR), why]
    for family, script in (("BC25", asked + refused), ("EC200U", asked + [said("AT+QSCLK=1"), said("AT+QSCLK=2")])):
        m, _ = start(face, script + [said("AT")], family)
        for line in ("AT+QSCLK?", "AT+QSCLK=?", "AT+QSCLK=0"):
            yield m.command(line)
        if family == "BC25":
            with raises(QuectelError):
                yield m.command("AT+QSCLK=1")
        else:
            yield m.command("AT+QSCLK=1")
            yield m.command("AT+QSCLK=2")
        assert not m.engine.asleep
        yield m.command("AT")
        face.check()
        if hasattr(m, "aclose"):
            yield m.aclose()


@both
def test_power_saving_mode_that_the_caller_asks_for(face: "Face") -> "Generator[Any, Any, None]":
    """Then a power-down is sleep, and silence may be; AT+CPSMS=0 ends that, and so does sleep("off")."""
    off = [said("AT+QSCLK?", "+QSCLK: 0"), said("AT+CPSMS?", "+CPSMS: 0"), said("AT+CEDRXS?")]
    m, _ = start(
        face, [said(PSM), said("AT+CPSMS=0"), said("AT+CPSMS=1"), said("AT+CPSMS=?"), said("AT")] + off, "BG96"
    )
    for line, psm, lull in ((PSM, True, True), ("AT+CPSMS=0", False, False), ("AT+CPSMS=1", True, False)):
        yield m.command(line)
        assert m.engine.psm == psm and (m.lull is not None) == lull
    yield m.command("AT+CPSMS=?")
    assert m.engine.psm
    yield m.sleep("off")
    assert not m.engine.psm
    m, _ = start(face, [said(PSM)], "BC25")  # deep sleep there, which AT+QSCLK allows
    yield m.command(PSM)
    assert not m.engine.psm and m.lull is None


def test_the_active_time_of_a_callers_command() -> None:
    for bits, seconds in (("00000101", 10), ("00100010", 120), ("01000011", 1080), ("11100000", -1), ("01100001", -1)):
        assert active_of(b'AT+CPSMS=1,,,"00000110","%s"' % bits.encode()) == seconds
    for line in (b"AT+CPSMS=1", b'AT+CPSMS=1,,,"00000110"', b'AT+CPSMS=1,,,"00000110","0000012"', b"AT+CPSMS=1,,,,x"):
        assert active_of(line) == -1


# --- power saving mode that begins without a word ---------------------------------------------------------------------


@both
def test_a_module_that_went_off_without_a_word(face: "Face") -> "Generator[Any, Any, None]":
    """A call behind the active time asks first; no answer: the power key, and what was open is gone."""
    for urc, synced in ((lines("RDY"), [SYNC_2]), (b"", [SYNC, SYNC_2])):
        m, pins = start(face, [OPENED] + SLEEPS + [LOST] + DEAD + synced + [said("AT")], "BG96", urc)
        s = yield m.create_connection(SERVER)
        yield m.sleep("psm", tau=3600, active=10)
        face.clock.step = 1000
        for _ in range(10):
            yield face.settle()
        face.clock.step = 1
        assert m.engine.asleep and m.status() == ONLINE and s.id == 0
        with raises(QuectelError) as caught:
            yield s.send(b"x")
        assert caught.value.errno == ECONNRESET and pins.keys == [0, 1] and pins.dtrs == [0]
        while m._jobs:
            yield face.settle()
        assert not m.engine.asleep and not m.isconnected()
        yield s.close()
        face.check()
        if hasattr(m, "aclose"):
            yield m.aclose()


@both
def test_a_module_that_answers_late_is_not_switched_off(face: "Face") -> "Generator[Any, Any, None]":
    """The beginning of what is asked is lost: it says ERROR, and the power key would be the end of it."""
    cut = (SYNC[0], ERROR)
    again = said("AT+CMEE=?", "+CMEE: (0-2)")
    m, pins = start(face, SLEEPS + [LOST, cut, SYNC, again, said("AT")], "BG96", lines("POWERED DOWN"))
    yield m.sleep("psm", tau=3600, active=10)
    yield m.wake()
    assert pins.keys == [] and m.stats.epochs == 0


@both
def test_a_module_that_stayed_awake(face: "Face") -> "Generator[Any, Any, None]":
    """The network need not grant what was asked for: then all goes on, and what the module says ends the doubt."""
    reads = [(b"AT+QIRD=0,1500\r", payload(b"late")), (b"AT+QIRD=0,1500\r", EMPTY)]
    taken = [said("AT+QISEND=0,0", "+QISEND: 1,1,0")]
    m, pins = start(face, [OPENED] + SLEEPS + [said("AT")] + SEND + taken + reads, "BG96")
    s = yield m.create_connection(SERVER)
    yield m.sleep("psm", tau=3600, active=10)
    face.clock.step = 1000
    for _ in range(10):
        yield face.settle()
    assert m.engine.asleep
    face.clock.step = 1
    assert (yield s.send(b"x")) == 1
    assert pins.keys == [] and not m.engine.asleep and s.id == 0
    face.clock.step = 1000
    for _ in range(10):
        yield face.settle()
    assert m.engine.asleep
    face.clock.step = 1
    face.uart.say(lines('+QIURC: "recv",0'))
    yield face.settle()
    assert not m.engine.asleep
    assert (yield s.recv(10)) == b"late"
    yield face.settle()


@both
def test_a_module_that_says_so_in_time(face: "Face") -> "Generator[Any, Any, None]":
    """Its word counts: status() is ASLEEP, and what comes in behind it does not make it awake."""
    m, pins = start(face, SLEEPS, "BG96")
    yield m.sleep("psm", tau=3600, active=10)
    face.clock.step = 1000
    for _ in range(10):
        yield face.settle()
    face.uart.say(lines("PSM POWER DOWN"))
    yield face.settle()
    assert m.status() == ASLEEP and m.engine.asleep and pins.keys == []
    face.uart.say(lines("APP RDY"))
    yield face.settle()
    assert m.status() == ASLEEP and m.engine.asleep and face.uart.wrote.endswith(PSM.encode() + b"\r")
