"""The first contact on both faces: a module that is off, hung, still boots, or has another rate; connect(baud=)."""

from errno import ENODEV, EOPNOTSUPP

from faces import both
from kit import raises
from living import live
from quectel import NetworkError, QuectelError
from quectel.network import ONLINE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face

OFF_MS = 10_000  # so long a module that is off costs, before its key is pressed


class Board:
    """The module's power key, and its STATUS pin if it is wired."""

    def __init__(self, wired: bool) -> None:
        self.module: "Any" = None
        self.pressed_at = -1
        if wired:
            self.status = self._status

    def _status(self) -> bool:
        return bool(self.module.running)

    def pwrkey(self, level: int) -> None:
        if level == 0 and self.pressed_at < 0:
            self.pressed_at = self.module.clock.passed
        self.module.pwrkey(level)


def start(face: "Face", family: str, wired: bool, rated: bool = True) -> "tuple[Any, Any]":
    board = Board(wired)
    modem = live(face, family, rated, pins=board)
    board.module = face.uart
    face.clock.step = 20
    return modem, board


@both
def test_a_module_that_is_off_gets_its_key_soon(face: "Face") -> "Generator[Any, Any, None]":
    for wired in (False, True):
        for family in ("EC200U", "BC25"):
            m, board = start(face, family, wired)
            face.uart.stop()
            yield m.connect("internet")
            assert m.status() == ONLINE and face.uart.presses == 1
            assert board.pressed_at <= (0 if wired else OFF_MS), board.pressed_at


@both
def test_a_module_at_another_rate_is_not_switched_off(face: "Face") -> "Generator[Any, Any, None]":
    for rate in (4800, 9600, 921_600):
        m, board = start(face, "BC25", False)
        face.uart.rate = rate
        yield m.connect("internet")
        assert m.engine.baud == face.uart.host_rate == rate and board.pressed_at < 0
        assert face.clock.passed < 20_000


@both
def test_a_module_that_is_off_and_has_another_rate(face: "Face") -> "Generator[Any, Any, None]":
    m, _ = start(face, "BC25", False)
    face.uart.stop()
    face.uart.rate = 9600
    yield m.connect("internet")
    assert m.engine.baud == 9600 and m.status() == ONLINE


@both
def test_a_module_that_does_not_answer_is_switched_off_and_on(face: "Face") -> "Generator[Any, Any, None]":
    for wired in (False, True):
        m, _ = start(face, "BC25", wired, False)
        face.uart.deaf = "key"
        yield m.connect("internet")
        assert face.uart.presses == 2 and m.status() == ONLINE
        if hasattr(m, "aclose"):
            yield m.aclose()


@both
def test_the_key_is_not_pressed_while_the_module_boots(face: "Face") -> "Generator[Any, Any, None]":
    m, _ = start(face, "EC200U", False, False)
    face.uart.stop()
    face.clock.step = 20
    with raises(QuectelError):
        yield m.connect("internet", timeout_ms=9000)
    yield m.connect("internet")
    assert face.uart.presses == 1


class Reset:
    """A board that has a reset line and no power key."""

    def __init__(self) -> None:
        self.module: "Any" = None
        self.helps = True

    def reset(self, level: int) -> None:
        self.module.reset(level)
        if level and not self.helps:
            self.module.stop()


@both
def test_a_hung_module_is_reset_where_there_is_no_key(face: "Face") -> "Generator[Any, Any, None]":
    for helps in (True, False):
        board = Reset()
        m = live(face, "BC25", pins=board)
        board.module, board.helps = face.uart, helps
        face.clock.step = 20
        face.uart.deaf = "key"
        if helps:
            yield m.connect("internet")
        else:
            with raises(NetworkError) as caught:
                yield m.connect("internet")
            assert caught.value.errno == ENODEV
        assert len(face.uart.pulses) == 1 and (m.status() == ONLINE) == helps
        if hasattr(m, "aclose"):
            yield m.aclose()


@both
def test_nothing_helps(face: "Face") -> "Generator[Any, Any, None]":
    m, board = start(face, "BC25", True)
    face.uart.deaf = "key"
    face.uart.start = lambda: None
    board.status = lambda: True
    face.clock.step = 50
    with raises(NetworkError) as caught:
        yield m.connect("internet")
    assert caught.value.errno == ENODEV and "wiring" in str(caught.value) and face.uart.presses == 2


@both
def test_connect_sets_the_rate(face: "Face") -> "Generator[Any, Any, None]":
    m, _ = start(face, "EC200U", False)
    face.uart.rate = 9600
    told: "list[tuple[str, str, str]]" = []
    yield m.connect("internet", baud=460_800, report=lambda *step: told.append(step))
    assert face.uart.rate == face.uart.host_rate == m.engine.baud == 460_800
    assert ("baud", "done", "460800") in told and face.uart.commands.count(b"AT&W") == 1
    yield m.connect("internet", baud=460_800)
    assert face.uart.commands.count(b"AT+IPR=460800") == face.uart.commands.count(b"AT&W") == 1
    yield m.connect("internet", baud=115_200)  # of a module that was met already
    assert face.uart.rate == face.uart.host_rate == 115_200 and m.status() == ONLINE


@both
def test_a_rate_that_cannot_be(face: "Face") -> "Generator[Any, Any, None]":
    m, _ = start(face, "EC200U", False)
    with raises(ValueError):
        yield m.connect("internet", baud=110)
    m, _ = start(face, "EC200U", False, False)
    with raises(QuectelError) as caught:
        yield m.connect("internet", baud=9600)
    assert caught.value.errno == EOPNOTSUPP and not face.uart.commands


@both
def test_a_restart_that_has_undone_the_rate(face: "Face") -> "Generator[Any, Any, None]":
    """Its RDY cannot be read: silence, then the other rates."""
    m, board = start(face, "BC25", False)
    m.keep_online()
    face.clock.step = 50
    yield m.connect("internet")
    face.uart.start()
    face.uart.rate = 9600
    face.uart.speak = lambda text: None
    for _ in range(6000):
        m.poll()
        yield face.clock.sleep_ms(50)
        if m.engine.baud == 9600 and m.isconnected():
            break
    assert m.engine.baud == 9600 and m.isconnected() and board.pressed_at < 0 and m._watch.restarts == 0


@both
def test_a_program_that_polls_seldom(face: "Face") -> "Generator[Any, Any, None]":
    """What the recovery asks goes out at once: its answer is there with the next poll()."""
    m, _ = start(face, "BG96", False, False)
    m.keep_online()
    yield m.connect("internet")
    face.uart.active = False
    face.uart.speak(b'+QIURC: "pdpdeact",1')
    for _ in range(60):
        m.poll()
        face.clock.now = (face.clock.now + 1000) & 0x3FFFFFFF
        face.clock.passed += 1000
    assert m.isconnected() and m.stats.timeouts == 0


@both
def test_a_rate_that_was_only_tried_is_not_kept(face: "Face") -> "Generator[Any, Any, None]":
    """The search is given up; then the module is on, and answers at the usual rate at once."""
    m, _ = start(face, "BC25", False)
    face.uart.stop()
    with raises(QuectelError):
        yield m.connect("internet", timeout_ms=7000)
    assert m.engine.baud != 115_200
    face.uart.start()
    face.uart.search_ms = 0
    yield face.clock.sleep_ms(6000)
    face.uart.rate = 115_200
    begun = face.clock.passed
    yield m.connect("internet")
    assert m.engine.baud == 115_200 and face.clock.passed - begun < 4000


@both
def test_a_restart_whose_line_was_lost(face: "Face") -> "Generator[Any, Any, None]":
    """AT+CFUN=1,1 of the recovery: neither RDY nor an echo tells, and the settings are made all the same."""
    m, _ = start(face, "BC25", False, False)
    m.keep_online()
    yield m.connect("internet")
    started, face.uart.speak = face.uart.start, lambda text: None

    def silently() -> None:
        started()
        face.uart.echo = False

    face.uart.start = silently
    face.uart.deaf = "cfun"
    for _ in range(600):
        m.poll()
        yield face.clock.sleep_ms(500)
    assert m.isconnected() and face.uart.commands.count(b"ATE0") == 2 and face.uart.restarts == 1
