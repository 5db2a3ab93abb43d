"""restore() of a module that was left in power saving mode or in deep sleep."""

from faces import both
from kit import raises, rows
from living import live
from quectel import NetworkError, QuectelError
from quectel.network import ASLEEP, ONLINE
from steps import SERVER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face


class NoLines:
    """A board that has none to the module."""


def left_asleep(face: "Face", family: str, pins: "Any") -> "Generator[Any, Any, Any]":
    """(the modem behind the restart, what was saved): the module sleeps, and has not said so."""
    m = live(face, family)
    face.clock.step = 20
    yield m.connect("internet")
    if family == "BC25":
        yield m.sleep("deep")
    else:
        yield m.sleep("psm", tau=3600, active=10)
    saved = yield m.save()
    if hasattr(m, "aclose"):
        yield m.aclose()
    face.uart.asleep, face.uart.psm = True, family != "BC25"
    face.modem = face.make(face.uart, family, clock=face.clock, pins=pins or face.uart)
    return face.modem, saved


@rows("R121")
@both
def test_a_module_in_power_saving_mode_is_switched_on(face: "Face") -> "Generator[Any, Any, None]":
    m, saved = yield from left_asleep(face, "BG96", None)
    assert (yield m.restore(saved)) == [] and face.uart.presses == 1
    yield m.connect("internet")
    face.uart.asleep = True
    face.uart.links.clear()
    for _ in range(3):  # the mode goes on: it is known to have gone by now
        yield face.clock.sleep_ms(20_000)
        m.poll()
    yield m.create_connection(SERVER)
    assert face.uart.presses == 2


@rows("R222")
@both
def test_a_module_that_may_sleep_is_not_dead(face: "Face") -> "Generator[Any, Any, None]":
    for family in ("BG96", "BC25"):
        m, saved = yield from left_asleep(face, family, NoLines())
        with raises(NetworkError) as caught:
            yield m.restore(saved)
        assert "asleep" in str(caught.value) and m.status() == ASLEEP
        assert (m.net.active_ms, m.lull is None) == ((0, True) if family == "BC25" else (10_000, False))
        if hasattr(m, "aclose"):
            yield m.aclose()


@rows("R222")
@both
def test_a_module_that_has_woken_by_itself(face: "Face") -> "Generator[Any, Any, None]":
    m, saved = yield from left_asleep(face, "BC25", NoLines())
    face.uart.asleep = False
    yield m.restore(saved)
    assert m.status() == ONLINE
    m, saved = yield from left_asleep(face, "BG96", NoLines())
    face.uart.asleep = False
    face.uart.refuses = b"AT+CGMM"
    with raises(QuectelError) as caught:
        yield m.restore(saved)
    assert "asleep" not in str(caught.value) and m.status() != ASLEEP
