"""Light sleep, power saving mode and eDRX: what is sent, what is told, what wakes the module, and what survives."""

from errno import ECONNRESET, ENODEV, EOPNOTSUPP

import powering
from faces import both
from kit import raises, rows
from powering import DEAD, LOST, OPENED, PSM, RISEN, SLEEPS, Lines
from quectel import SOCK_DGRAM, QuectelError
from quectel.network import ASLEEP, ONLINE
from scripted import ERROR, lines
from steps import EMPTY, LTE_PINS, SERVER, SYNC, SYNC_2, met, payload, said, sending

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face

DOZES = [said("AT+QSCLK?", "+QSCLK: 0"), said("AT+QSCLK=1")]
POWER_DOWN = lines("PSM POWER DOWN")
NB_DOZES = [said("AT+QSCLK?", "+QSCLK: 0"), said("AT+QSCLK=2")]
PROD = (b"AT+CMEE=1\r", b"")
NB_UP = [said("AT"), said("AT+QSCLK?", "+QSCLK: 2"), said("AT+QSCLK=0")]


def start(face: "Face", script: "Any", family: str = "BG96") -> "Any":
    """(modem, pins)."""
    return powering.start(face, script, family, Lines(face))


# --- power saving mode and eDRX ---------------------------------------------------------------------------------------


@both
def test_what_is_set_already_is_not_written_again(face: "Face") -> "Generator[Any, Any, None]":
    same = said("AT+CPSMS?", '+CPSMS: 1,,,"00000110","00000101"')
    told = said("AT+CEDRXS?", '+CEDRXS: 4,"0010"', '+CEDRXS: 5,"0011"')
    script = SLEEPS + [same, told, told, said('AT+CEDRXS=1,5,"0010"')]
    m, _ = start(face, script)
    assert (yield m.sleep("psm", tau=3001, active=9)) == {"tau": 3600, "active": 10}
    assert (yield m.sleep("psm", tau=3600, active=10)) == {"tau": 3600, "active": 10}
    assert (yield m.sleep("edrx", cycle=20.48)) == {"cycle": 20.48}
    assert not m.engine.asleep and m.status() == ONLINE


@both
def test_wrong_timers_send_nothing(face: "Face") -> "Generator[Any, Any, None]":
    m, _ = start(face, [])
    wrong: "list[tuple[str, dict[str, Any]]]" = [
        ("psm", {}),
        ("psm", {"tau": 3600}),
        ("psm", {"active": 10}),
        ("psm", {"tau": 3600, "active": 10, "cycle": 20.48}),
        ("psm", {"tau": 0, "active": 10}),
        ("psm", {"tau": 35_712_001, "active": 10}),
        ("psm", {"tau": 3600, "active": -1}),
        ("psm", {"tau": 3600, "active": 11_161}),
        ("edrx", {}),
        ("edrx", {"tau": 3600}),
        ("edrx", {"cycle": 20}),
        ("light", {"tau": 3600}),
        ("off", {"cycle": 20.48}),
    ]
    for mode, timers in wrong:
        with raises(ValueError):
            yield m.sleep(mode, **timers)
    for timers in ({"tau": 3600.0, "active": 10}, {"tau": 3600, "active": "10"}):
        with raises(TypeError):
            yield m.sleep("psm", **timers)
    with raises(TypeError):
        yield m.sleep("edrx", cycle="20.48")
    assert face.uart.wrote == b""


@both
def test_families_without_these_modes(face: "Face") -> "Generator[Any, Any, None]":
    timers: "dict[str, Any]" = {"psm": {"tau": 3600, "active": 10}, "edrx": {"cycle": 20.48}}
    for family, modes in (
        ("EC200U", ("deep", "psm", "edrx")),
        ("BC95-G", ("deep", "light", "psm", "edrx", "off")),
        ("BG96", ("deep",)),
    ):
        m, _ = start(face, [], family)
        for mode in modes:
            with raises(QuectelError) as caught:
                yield m.sleep(mode, **timers.get(mode, {}))
            assert caught.value.errno == EOPNOTSUPP
        if "off" in modes:
            with raises(QuectelError) as caught:
                yield m.wake()
            assert caught.value.errno == EOPNOTSUPP
        assert face.uart.wrote == b""
        if hasattr(m, "aclose"):
            yield m.aclose()


@both
def test_a_module_that_refuses(face: "Face") -> "Generator[Any, Any, None]":
    """Also one that does not know the query: then it is set all the same."""
    m, _ = start(face, [(b"AT+CPSMS?\r", ERROR), (PSM.encode() + b"\r", lines("+CME ERROR: 4"))])
    with raises(QuectelError) as caught:
        yield m.sleep("psm", tau=3600, active=10)
    assert caught.value.code == 4 and not m.engine.psm


@both
def test_power_saving_mode_ends_sockets_and_the_key_wakes_it(face: "Face") -> "Generator[Any, Any, None]":
    again = met("BG96") + LTE_PINS + [said("AT+QISTATE?"), said("AT+QSSLSTATE"), said("AT+CSQ", "+CSQ: 17,99")]
    woken = [LOST] + DEAD + [SYNC_2, said("AT")]
    m, pins = start(face, [OPENED] + SLEEPS + woken + again + [OPENED])
    s = yield m.create_connection(SERVER)
    yield m.sleep("psm", tau=3600, active=10)
    assert m.status() == ONLINE and s.id == 0
    face.uart.say(POWER_DOWN)
    yield face.settle()
    assert m.status() == ASLEEP
    before = face.uart.wrote
    with raises(QuectelError) as caught:
        yield s.send(b"x")
    assert caught.value.errno == ECONNRESET and face.uart.wrote == before and not pins.keys
    yield m.wake()
    assert pins.keys == [0, 1] and m.status() != ASLEEP and not m.isconnected()
    yield s.close()
    assert (yield m.command("AT+CSQ")) == ["+CSQ: 17,99"]  # settings are made again before
    assert (yield m.create_connection(SERVER)).id == 0


@both
def test_a_module_that_has_left_power_saving_mode_by_itself(face: "Face") -> "Generator[Any, Any, None]":
    """It says so; where that was lost it answers, and the key that would switch it off is not pressed."""
    again = met("BG96") + LTE_PINS + [said("AT+QISTATE?"), said("AT+QSSLSTATE"), said("AT+CSQ", "+CSQ: 17,99")]
    m, pins = start(face, SLEEPS + again + [said("AT")] + again)
    yield m.sleep("psm", tau=3600, active=10)
    for urcs in (POWER_DOWN + lines("RDY"), POWER_DOWN):
        face.uart.say(urcs)
        yield face.settle()
        assert (m.status() == ASLEEP) == (urcs == POWER_DOWN)
        yield m.command("AT+CSQ")
    assert pins.keys == [] and m.stats.epochs == 3


@both
def test_a_module_that_does_not_say_that_it_goes(face: "Face") -> "Generator[Any, Any, None]":
    """wake() asks: one that answers has lost nothing, the other one everything, also where its RDY was lost."""
    script = [OPENED] + SLEEPS + [said("AT"), LOST] + DEAD
    for urc, more in ((lines("RDY"), []), (b"", [SYNC])):
        m, pins = start(face, script + more + [said("AT+CMEE=?", "+CMEE: (0-2)"), said("AT")])
        s = yield m.create_connection(SERVER)
        yield m.sleep("psm", tau=3600, active=10)
        yield m.wake()
        assert s.id == 0 and pins.keys == []
        pins.urc = urc
        yield m.wake()
        assert s.id == -1 and pins.keys == [0, 1] and m.stats.epochs == 1 and not m.isconnected()
        with raises(QuectelError) as caught:
            yield s.send(b"x")
        assert caught.value.errno == ECONNRESET
        yield s.close()
        face.check()
        if hasattr(m, "aclose"):
            yield m.aclose()


@both
def test_a_power_down_that_nobody_has_allowed_is_a_restart_as_ever(face: "Face") -> "Generator[Any, Any, None]":
    off = [said("AT"), said("AT+QSCLK?", "+QSCLK: 0"), said("AT+CPSMS?", '+CPSMS: 1,,,"00000110","00000101"')]
    m, pins = start(face, [said("AT+CSQ")] + SLEEPS + off + [said("AT+CPSMS=0"), said("AT+CEDRXS?"), said("AT+CSQ")])
    for undone in (False, True):
        if undone:
            yield m.sleep("psm", tau=3600, active=10)
            yield m.sleep("off")
        face.uart.say(POWER_DOWN)
        yield face.settle()
        m.net.prepared = m.engine.epoch
        assert m.status() != ASLEEP and not m.engine.asleep
        yield m.command("AT+CSQ")
    assert pins.keys == []


@both
def test_power_saving_mode_without_a_key(face: "Face") -> "Generator[Any, Any, None]":
    m, _ = start(face, SLEEPS + [LOST] + DEAD)
    m.net.pins = None
    yield m.sleep("psm", tau=3600, active=10)
    face.uart.say(POWER_DOWN)
    yield face.settle()
    with raises(QuectelError) as caught:
        yield m.wake()
    assert caught.value.errno == ENODEV and "pwrkey" in caught.value.text and m.status() == ASLEEP
    before = face.uart.wrote
    yield face.settle()
    assert face.uart.wrote == before


@both
def test_power_saving_mode_of_nb_modules_is_deep_sleep(face: "Face") -> "Generator[Any, Any, None]":
    udp = (b'AT+QIOPEN=1,0,"UDP","10.0.0.1",80,0,0,0\r', lines("OK", "+QIOPEN: 0,0"))
    kept = said("AT+QISTATE?", '+QISTATE: 0,"UDP","10.0.0.1",80,0,2,1,0')
    for family in ("BC25", "BC65"):
        m, pins = start(face, [udp] + SLEEPS + DOZES + RISEN + [kept] + sending(b"x", lines("OK", "SEND OK")), family)
        pins.psm_eint = pins.dtr
        s = m.socket(SOCK_DGRAM)
        yield s.connect(SERVER)
        assert (yield m.sleep("psm", tau=3600, active=10)) == {"tau": 3600, "active": 10}
        face.uart.say(lines("+QATSLEEP"))
        yield face.settle()
        assert m.status() == ASLEEP and s.id == 0
        assert (yield s.send(b"x")) == 1
        assert pins.dtrs == [0, 1] and pins.keys == []
        face.check()
        if hasattr(m, "aclose"):
            yield m.aclose()


# --- light sleep ------------------------------------------------------------------------------------------------------


@both
def test_sockets_outlive_light_sleep(face: "Face") -> "Generator[Any, Any, None]":
    """The first AT is lost; asked again, the module answers."""
    send = [(b"AT+QISEND=0,1\r", b"\r\n> "), (b"x", lines("SEND OK"))]
    script = [OPENED] + DOZES + [LOST, SYNC, said("AT")] + send + [said("AT+QSCLK?", "+QSCLK: 1"), said("AT")]
    for family in ("BG96", "EC200U"):
        m, pins = start(face, script, family)
        s = yield m.create_connection(SERVER)
        for level in (1, 0):
            assert (yield m.sleep("light")) == {} and pins.dtrs[-1] == 1
            before = face.uart.wrote
            yield m.sleep("light")  # it may already
            yield face.settle()
            assert face.uart.wrote == before and m.status() == ONLINE and s.id == 0
            if level:
                assert (yield s.send(b"x")) == 1
            else:
                yield m.wake()
            assert pins.dtrs[-1] == 0 and m.engine.asleep == 0 and s.id == 0
        assert m.stats.epochs == 0 and pins.keys == []
        face.check()
        if hasattr(m, "aclose"):
            yield m.aclose()


@rows("R222", "R426")
@both
def test_light_sleep_of_nb_modules_ends_with_what_is_typed(face: "Face") -> "Generator[Any, Any, None]":
    """No line is needed, and none is pulled: a line that may be lost, and AT+QSCLK=0, for it would sleep again."""
    tcp = (b'AT+QIOPEN=1,0,"TCP","10.0.0.1",80,0,0,0\r', lines("OK", "+QIOPEN: 0,0"))
    cut = (b"AT+CMEE=1\r", ERROR)  # it came as +CMEE=1
    up = [PROD, SYNC] + NB_UP
    script = [tcp] + NB_DOZES + up + sending(b"x", lines("OK", "SEND OK")) + NB_DOZES + [cut] + NB_UP
    for family in ("BC25", "BC65"):
        m, pins = start(face, script + [said("AT+QSCLK?", "+QSCLK: 0")], family)
        pins.psm_eint = pins.pwrkey
        s = yield m.create_connection(SERVER)
        yield m.sleep("light")
        before = face.uart.wrote
        yield m.sleep("light")
        yield face.settle()
        assert face.uart.wrote == before and m.status() == ONLINE
        assert (yield s.send(b"x")) == 1
        yield m.sleep("light")
        yield m.wake()
        yield m.wake()
        assert pins.dtrs == pins.keys == [] and s.id == 0 and m.stats.epochs == 0
        face.check()
        if hasattr(m, "aclose"):
            yield m.aclose()


@rows("R219", "R222")
@both
def test_from_one_sleep_to_the_other(face: "Face") -> "Generator[Any, Any, None]":
    """What was allowed before is ended in its own way; +QATSLEEP makes deep sleep of any."""
    deep = [said("AT+QSCLK?", "+QSCLK: 0"), said("AT+QSCLK=1")]
    risen = RISEN + [said("AT+QISTATE?")]
    woken = [said("AT+CMEE=1")] + NB_UP
    m, pins = start(face, NB_DOZES + woken + deep + risen + NB_DOZES + risen, "BC25")
    pins.psm_eint = pins.dtr
    yield m.sleep("light")
    yield m.sleep("deep")
    assert pins.dtrs == []
    yield m.sleep("light")
    assert pins.dtrs == [0, 1]
    face.uart.say(lines("+QATSLEEP"))
    yield face.settle()
    assert m.status() == ASLEEP
    yield m.wake()
    assert pins.dtrs == [0, 1, 0, 1]


@both
def test_an_nb_module_that_does_not_wake_from_light_sleep(face: "Face") -> "Generator[Any, Any, None]":
    m, _ = start(face, NB_DOZES + [PROD] + [(SYNC[0], b"")] * 6, "BC65")
    yield m.sleep("light")
    with raises(QuectelError) as caught:
        yield m.wake()
    assert caught.value.errno == ENODEV and "light" in caught.value.text and "DTR" not in caught.value.text
    face.uart._at = len(face.uart.script)
    face.uart.heard = b""


@both
def test_what_comes_in_light_sleep_is_read_behind_it(face: "Face") -> "Generator[Any, Any, None]":
    reads = [(b"AT+QIRD=0,1500\r", payload(b"late")), (b"AT+QIRD=0,1500\r", EMPTY)]
    m, pins = start(face, [OPENED] + DOZES + [said("AT")] + reads, "EC200U")
    s = yield m.create_connection(SERVER)
    yield m.sleep("light")
    before = face.uart.wrote
    face.uart.say(lines('+QIURC: "recv",0'))
    yield face.settle()
    assert pins.dtrs == [1] and face.uart.wrote == before
    assert (yield s.recv(4)) == b"late" and pins.dtrs == [1, 0]
    yield face.settle()


@both
def test_light_sleep_needs_the_line(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BG96", [])
    with raises(QuectelError) as caught:
        yield m.sleep("light")
    assert caught.value.errno == ENODEV and "dtr" in caught.value.text and face.uart.wrote == b""


@both
def test_a_module_that_does_not_wake_from_light_sleep(face: "Face") -> "Generator[Any, Any, None]":
    """Nothing is sent behind it, and the next call tries again."""
    dead = [LOST] + [(SYNC[0], b"")] * 5
    m, pins = start(face, DOZES + dead)
    yield m.sleep("light")
    with raises(QuectelError) as caught:
        yield m.wake()
    assert caught.value.errno == ENODEV and "DTR" in caught.value.text and pins.dtrs == [1, 0]
    before = face.uart.wrote
    yield face.settle()
    assert face.uart.wrote == before and m.engine.due(m.engine.now) < 0
    face.uart.heard = b""
    face.uart._at = len(face.uart.script)


@both
def test_off_ends_all_of_them(face: "Face") -> "Generator[Any, Any, None]":
    """What is off already is not written."""
    undone = [said("AT+CPSMS?", '+CPSMS: 1,,,"00000110","00000101"'), said("AT+CPSMS=0")]
    undone += [said("AT+CEDRXS?", '+CEDRXS: 4,"0010"'), said("AT+CEDRXS=3")]
    awake = [said("AT"), said("AT+QSCLK?", "+QSCLK: 1"), said("AT+QSCLK=0")]
    idle = [said("AT+QSCLK?", "+QSCLK: 0"), said("AT+CPSMS?", "+CPSMS: 0"), said("AT+CEDRXS?", "+CEDRXS: 0")]
    m, pins = start(face, DOZES + awake + undone + idle)
    yield m.sleep("light")
    yield m.sleep("off")
    assert pins.dtrs == [1, 0, 0]
    yield m.sleep("off")


@both
def test_a_line_that_an_earlier_program_has_left_high(face: "Face") -> "Generator[Any, Any, None]":
    script = met("BG96") + LTE_PINS + [said("AT+QISTATE?"), said("AT+QSSLSTATE"), OPENED]
    pins = Lines(face)
    m = face.start("BG96", script, prepared=False, pins=pins)
    yield m.create_connection(SERVER)
    assert pins.dtrs == [0]
