"""Power saving mode and eDRX beside the rest of the module's life: recovery, save(), the choice of the technology."""

from cutting import SERVER
from faces import both
from kit import raises
from living import live
from quectel import QuectelError
from quectel.network import ASLEEP, ONLINE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face


def drowsy(face: "Face", active: int, **how: "Any") -> "Generator[Any, Any, Any]":
    """A modem that is kept online, and whose module goes to power saving mode without a word."""
    m = live(face, "BG96", **how)
    face.clock.step = 50
    m.keep_online()
    yield m.connect("internet")
    yield m.sleep("psm", tau=3600, active=active)
    face.uart.psm = face.uart.asleep = True
    face.uart.links.clear()
    return m


def pass_time(face: "Face", seconds: int) -> "Generator[Any, Any, None]":
    for _ in range(seconds):
        face.modem.poll()
        yield face.clock.sleep_ms(1000)


@both
def test_silence_in_power_saving_mode_is_no_failure(face: "Face") -> "Generator[Any, Any, None]":
    m = yield from drowsy(face, 10)
    told: "list[tuple[str, str, str]]" = []
    m.keep_online(report=lambda *step: told.append(step))
    yield from pass_time(face, 600)
    assert m.status() == ASLEEP and not m.isconnected()
    assert face.uart.presses == face.uart.restarts == 0
    assert [step for step in told if step[0] == "recover"] == [("recover", "asleep", "power saving mode")]
    sock = yield m.create_connection(SERVER)  # who needs the module wakes it, and waits for the network
    yield sock.sendall(b"record")
    assert (yield sock.read(6)) == b"record"
    assert face.uart.presses == 1 and m.status() == ONLINE and m._watch.restarts == 0


@both
def test_a_module_that_wakes_by_itself(face: "Face") -> "Generator[Any, Any, None]":
    m = yield from drowsy(face, 10)
    yield from pass_time(face, 200)
    assert m.status() == ASLEEP
    face.uart.start()  # its time is over: it reports to the network
    yield from pass_time(face, 60)
    assert m.status() == ONLINE and face.uart.presses == 0


@both
def test_silence_before_that_is_a_failure(face: "Face") -> "Generator[Any, Any, None]":
    """And the power key finds out what it was."""
    m = yield from drowsy(face, 3600)
    yield from pass_time(face, 500)
    assert face.uart.presses > 0 and m._watch.restarts == 1


@both
def test_it_is_saved(face: "Face") -> "Generator[Any, Any, None]":
    m = yield from drowsy(face, 20)
    saved = yield m.save()
    face.uart.psm = face.uart.asleep = False
    uart = face.uart
    m = face.make(uart, "BG96", clock=face.clock, pins=uart)
    if hasattr(face.modem, "aclose"):
        yield face.modem.aclose()
    face.modem = m
    assert not m.engine.psm
    assert (yield m.restore(saved)) == []
    assert m.engine.psm and m.net.active_ms == 20_000 and m.isconnected()
    m.keep_online()
    uart.psm = uart.asleep = True
    yield from pass_time(face, 200)
    assert m.status() == ASLEEP and uart.presses == 0


@both
def test_edrx_is_set_for_the_technology_in_use(face: "Face") -> "Generator[Any, Any, None]":
    lte_m, nb = b'AT+CEDRXS=1,4,"0010"', b'AT+CEDRXS=1,5,"0010"'
    choices: "tuple[tuple[str | None, tuple[bytes, ...]], ...]" = (
        (None, (lte_m, nb)),
        ("auto", (lte_m, nb)),
        ("lte-m", (lte_m,)),
        ("nb-iot", (nb,)),
    )
    for rat, wanted in choices:
        for by_config in (False, True):
            m = live(face, "BG96")
            if by_config and rat:
                yield m.config(rat=rat)
            else:
                yield m.connect("internet", rat=rat)
            assert (yield m.sleep("edrx", cycle=20.48)) == {"cycle": 20.48}
            made = [line for line in face.uart.commands if line.startswith(b"AT+CEDRXS=1")]
            assert tuple(made) == wanted, (rat, made)
            if hasattr(m, "aclose"):
                yield m.aclose()


@both
def test_cycles_that_the_technology_has_not(face: "Face") -> "Generator[Any, Any, None]":
    for rat, cycle in (("nb-iot", 5.12), ("gsm", 20.48)):
        m = live(face, "BG96")
        yield m.connect("internet", rat=rat)
        before = len(face.uart.commands)
        with raises(ValueError):
            yield m.sleep("edrx", cycle=cycle)
        assert len(face.uart.commands) == before
        if hasattr(m, "aclose"):
            yield m.aclose()
    m = live(face, "BC95-G")
    with raises(QuectelError):
        yield m.sleep("edrx", cycle=20.48)
