"""Light sleep, power saving mode and eDRX: what is sent, what is told, what wakes the module, and what survives."""

from errno import ECONNRESET, ENODEV, EOPNOTSUPP

from faces import both
from kit import raises
from quectel import SOCK_DGRAM, QuectelError
from quectel.models import find
from quectel.network import ASLEEP, ONLINE
from quectel.psm import cycle_code, settings, timer
from scripted import ERROR, lines
from steps import EMPTY, LTE_PINS, SERVER, SYNC, met, payload, said, sending

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face

LOST = (b"AT\r", b"")  # the first AT behind a wake-up
DEAD = [(SYNC[0], b"")] * 2
OPENED = (b'AT+QIOPEN=1,0,"TCP","10.0.0.1",80,0,0\r', lines("OK", "+QIOPEN: 0,0"))
DOZES = [said("AT+QSCLK?", "+QSCLK: 0"), said("AT+QSCLK=1")]
PSM = 'AT+CPSMS=1,,,"00000110","00000101"'  # 1 h, 10 s
SLEEPS = [said("AT+CPSMS?", '+CPSMS: 0,,,"00101100","00001010"'), said(PSM)]
POWER_DOWN = lines("PSM POWER DOWN")
AWAKE = [said("AT"), said("AT+QSCLK?", "+QSCLK: 1"), said("AT+QSCLK=0"), said("ATE0"), said("AT+CMEE=1")]


class Lines:
    """DTR of a board, and the power key behind which the module says that it has started."""

    def __init__(self, face: "Face") -> None:
        self.face = face
        self.dtrs: "list[int]" = []
        self.keys: "list[int]" = []
        self.urc = lines("RDY")

    def dtr(self, level: int) -> None:
        self.dtrs.append(level)

    def pwrkey(self, level: int) -> None:
        self.keys.append(level)
        if level:
            self.face.uart.say(self.urc)


def start(face: "Face", script: "Any", family: str = "BG96") -> "Any":
    """(modem, pins)."""
    pins = Lines(face)
    m = face.start(family, script, pins=pins)
    m.net.state = ONLINE
    return m, pins


# --- encodings --------------------------------------------------------------------------------------------------------


def test_timers_are_the_smallest_that_are_not_below() -> None:
    taus = (
        (1, 2, "01100001"),
        (2, 2, "01100001"),
        (3, 4, "01100010"),
        (62, 62, "01111111"),
        (63, 90, "10000011"),
        (90, 90, "10000011"),
        (91, 120, "10000100"),
        (930, 930, "10011111"),
        (931, 960, "10110000"),
        (1860, 1860, "10111111"),
        (1861, 2400, "00000100"),
        (3600, 3600, "00000110"),
        (18_600, 18_600, "00011111"),
        (18_601, 21_600, "00100110"),
        (111_600, 111_600, "00111111"),
        (111_601, 144_000, "01000100"),
        (1_116_000, 1_116_000, "01011111"),
        (1_116_001, 1_152_000, "11000001"),
        (1_152_001, 2_304_000, "11000010"),
        (35_712_000, 35_712_000, "11011111"),
    )
    actives = (
        (0, 0, "00000000"),
        (1, 2, "00000001"),
        (10, 10, "00000101"),
        (62, 62, "00011111"),
        (63, 120, "00100010"),
        (1860, 1860, "00111111"),
        (1861, 2160, "01000110"),
        (11_160, 11_160, "01011111"),
    )
    for tau, least, bits in taus:
        told, wanted = settings(find("BG96"), "psm", {"tau": tau, "active": 2})
        assert told == {"tau": least, "active": 2}, (tau, told)
        assert wanted[0][0] == b'AT+CPSMS=1,,,"%s","00000001"' % bits.encode(), (tau, wanted)
    for active, least, bits in actives:
        told, wanted = settings(find("BC25"), "psm", {"tau": 3600, "active": active})
        assert told == {"tau": 3600, "active": least}, (active, told)
        assert wanted[0][0] == b'AT+CPSMS=1,,,"00000110","%s"' % bits.encode(), (active, wanted)


def test_no_time_that_could_be_encoded_lies_between() -> None:
    """Against all of the 32 times of each unit, listed and looked through."""
    units = ((2, 3), (30, 4), (60, 5), (600, 0), (3600, 1), (36_000, 2), (1_152_000, 6))
    times = sorted([unit * n for unit, _ in units for n in range(32)])
    for time in times[1:]:
        for asked in (time - 1, time, time + 1):
            if 0 < asked <= times[-1]:
                seconds, bits = timer("tau", asked, 1, units)
                assert seconds == min([t for t in times if t >= asked]), asked
                code = int(bits, 2)
                assert len(bits) == 8 and {high: unit for unit, high in units}[code >> 5] * (code & 31) == seconds


def test_cycles_by_value() -> None:
    cycles = (5.12, 10.24, 20.48, 40.96, 61.44, 81.92, 102.4, 122.88, 143.36, 163.84, 327.68, 655.36, 1310.72, 2621.44)
    for code, cycle in enumerate(cycles + (5242.88, 10485.76)):
        assert cycle_code(cycle) == code
    for wrong in (0, 5, 5.14, -5.12, 20, 10485.8, 20971.52, float("nan"), float("inf")):
        with raises(ValueError):
            cycle_code(wrong)
    nothing: "list[Any]" = ["5.12", None, b"5"]
    for none in nothing:
        with raises(TypeError):
            cycle_code(none)


def test_cycles_go_to_the_technologies_that_have_them() -> None:
    both_have = (20.48, 40.96, 81.92, 163.84, 327.68, 655.36, 1310.72, 2621.44, 5242.88, 10485.76)
    for cycle in (5.12, 10.24, 61.44, 102.4, 122.88, 143.36) + both_have:
        _, wanted = settings(find("BG96"), "edrx", {"cycle": cycle})
        acts = [command[12:13] for command, _ in wanted]
        assert acts == ([b"4", b"5"] if cycle in both_have else [b"4"]), (cycle, wanted)
        if cycle not in both_have:
            for family in ("BC65", "BC25"):
                with raises(ValueError):
                    settings(find(family), "edrx", {"cycle": cycle})


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
        ("EC200U", ("light", "psm", "edrx", "off")),
        ("BC95-G", ("light", "psm", "edrx", "off")),
        ("BC65", ("light",)),
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
    again = met("BG96") + LTE_PINS + [said("AT+QISTATE?"), said("AT+QSSLSTATE")]
    woken = [LOST] + DEAD + [SYNC, said("AT")]
    m, pins = start(face, [OPENED] + SLEEPS + woken + again + [said("AT+CSQ", "+CSQ: 17,99"), OPENED])
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
    for urc, more in ((lines("RDY"), []), (b"", [said("AT+CMEE=?", "+CMEE: (0-2)")])):
        m, pins = start(face, script + [SYNC] + more + [said("AT")])
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
    m._pins = m.net.pins = None
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
        m, pins = start(face, [udp] + SLEEPS + DOZES + AWAKE + [kept] + sending(b"x", lines("OK", "SEND OK")), family)
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
    m, pins = start(face, script)
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


@both
def test_what_comes_in_light_sleep_is_read_behind_it(face: "Face") -> "Generator[Any, Any, None]":
    reads = [(b"AT+QIRD=0,1500\r", payload(b"late")), (b"AT+QIRD=0,1500\r", EMPTY)]
    m, pins = start(face, [OPENED] + DOZES + [said("AT")] + reads)
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
