"""Programs that call poll() once a second, or once a minute: recovery gets on with every turn, and gives nothing up."""

from faces import BlockingFace
from kit import MICROPYTHON, raises
from living import live
from quectel.network import ASLEEP
from quectel.procedure import Limit
from scripted import OK, lines
from wires import Rig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

FEW = (("BC25", 10_000), ("EC200U", 60_000))  # families, and ms between two turns
MORE = () if MICROPYTHON else (("BC25", 500), ("BC25", 5000), ("BC25", 60_000), ("EC200U", 1000))
SERVER = ("10.0.0.1", 80)


class Board:
    """The power key, and for how long it was held each time."""

    on_ms = 700
    off_ms = 900
    module: "Any" = None

    def __init__(self) -> None:
        self.held: "list[int]" = []
        self._since = 0

    def pwrkey(self, level: int) -> None:
        self.module.pwrkey(level)
        if level:
            self.held.append(self.module.clock.passed - self._since)
        else:
            self._since = self.module.clock.passed


class Lines:
    """Another power key."""

    on_ms, off_ms = Board.on_ms, Board.off_ms

    def __init__(self, pwrkey: "Callable[[int], None]") -> None:
        self.pwrkey = pwrkey


class Rare:
    """A modem that is online, on its module, and a program that has a turn every `step` ms from now on."""

    def __init__(self, family: str, step: int, rated: bool = False, pins: "Any" = None) -> None:
        face = BlockingFace()
        self.board: "Any" = pins or Board()
        self.modem = live(face, family, rated, pins=self.board)
        self.module = self.board.module = face.uart
        self.clock = face.clock
        self.clock.step = 20
        self.clock.limit_ms = 20_000_000
        self.step = step
        self.modem.keep_online()
        self.modem.connect("internet")
        self.clock.step = 1
        self.turns(3)

    def turns(self, n: int) -> None:
        for _ in range(n):
            self.clock.advance(self.step)
            self.modem.poll()

    def is_well(self) -> bool:
        m = self.modem
        return bool(m.isconnected() and not m.engine.silent and not m._jobs and self.module.running)

    def recover(self, most: int) -> int:
        """Turns until it is online again, having been offline."""
        lost = False
        for turn in range(most):
            lost = lost or not self.modem.isconnected()
            if lost and self.is_well():
                return turn
            self.turns(1)
        raise AssertionError("offline for %d turns of %d ms" % (most, self.step))


def hung(module: "Any") -> None:
    module.deaf = "key"


def hard_of_hearing(module: "Any") -> None:
    module.deaf = "cfun"


def lost_word(module: "Any") -> None:
    module.start()
    module.speak = lambda text: None


def lost_context(module: "Any") -> None:
    module.active = False
    module.links.clear()
    module.speak(b'+QIURC: "pdpdeact",1')


def searching(module: "Any") -> None:
    module.stat = 2
    module.home_at = module.clock.passed + 150_000
    module.speak(b"+CEREG: 2")


# What happens, how often the module restarts then at the host's wish, and for how long the key is held.
EVENTS: "tuple[tuple[Callable[[Any], None], int, list[int]], ...]" = (
    (hung, 1, [900, 700]),
    (hard_of_hearing, 1, []),
    (lambda module: module.stop(), 1, [900]),
    (lambda module: module.start(), 0, []),
    (lost_word, 0, []),
    (lost_context, 0, []),
    (searching, 0, []),
)


def test_recovery_gets_on_with_every_turn() -> None:
    for family, step in FEW + MORE:
        for happens, restarts, held in EVENTS:
            rare = Rare(family, step)
            happens(rare.module)
            rare.recover(500)
            assert rare.modem._watch.restarts == restarts and rare.board.held == held, (family, step, held)


def test_other_rates_are_tried_however_rare_the_turns() -> None:
    for step in (5000, 60_000):
        rare = Rare("EC200U", step, True)
        lost_word(rare.module)
        rare.module.rate = 9600
        rare.recover(300)
        assert rare.modem.engine.baud == 9600 and not rare.modem._watch.restarts and not rare.board.held


def test_a_program_that_only_sends_once_a_minute() -> None:
    for happens, _, held in EVENTS[:6]:
        rare = Rare("EC200U", 60_000)
        rare.clock.step = 20
        sock: "Any" = None
        sent: "list[int]" = []
        for turn in range(12):
            rare.clock.advance(60_000)
            try:
                if sock is None:
                    sock = rare.modem.create_connection(SERVER, timeout_ms=60_000)
                    sock.settimeout(20)
                sock.sendall(b"record")
                sent.append(turn)
            except OSError:
                if sock:
                    sock.close()
                sock = None
            if turn == 3:
                happens(rare.module)
        assert len(sent) >= 9 and sent[-5:] == [7, 8, 9, 10, 11] and rare.board.held == held, sent


class Reset:
    """A board that has a reset line and no power key."""

    module: "Any" = None
    helps = True

    def __init__(self, reset_ms: int = 0) -> None:
        if reset_ms:
            self.reset_ms = reset_ms

    def reset(self, level: int) -> None:
        self.module.reset(level)
        if level and not self.helps:
            self.module.stop()


def test_a_reset_line_in_place_of_a_power_key() -> None:
    for step, reset_ms in ((500, 0), (60_000, 350)):
        rare = Rare("BC25", step, pins=Reset(reset_ms))
        hung(rare.module)
        rare.recover(500)
        assert rare.module.pulses == [reset_ms or 200] and rare.modem._watch.restarts == 1


def test_a_reset_line_that_does_not_help_is_pulled_as_often_as_restarts_are_allowed() -> None:
    told: "list[tuple[str, int]]" = []
    rare = Rare("BC25", 1000, pins=Reset())
    rare.board.helps = False
    rare.modem.keep_online(
        veto=lambda what: len(told) == 1 and what == "reset",
        report=lambda step, what, why: told.append((what, rare.clock.passed // 1000)),
    )
    hung(rare.module)
    rare.turns(1500)
    steps = ["restart", "vetoed", "restart", "reset", "restart", "reset", "restart", "reset"]
    assert [what for what, _ in told] == steps, told
    assert told[-2][1] - told[-4][1] >= 600 and "reset line" in rare.modem._watch.why, told


def test_power_saving_mode_is_no_trouble() -> None:
    for step in (5000, 60_000):
        rare = Rare("BG96", step)
        rare.modem.sleep("psm", tau=3600, active=10)
        rare.module.asleep = rare.module.psm = True
        rare.turns(240_000 // step + 14)
        assert rare.modem.status() == ASLEEP and not rare.board.held and not rare.modem._watch.restarts
        rare.modem.create_connection(SERVER)
        assert rare.modem.isconnected() and rare.board.held == [700]


def test_what_was_said_with_the_last_turn_is_as_old_as_that() -> None:
    rare = Rare("BG96", 60_000)
    rare.modem.keep_online(False)
    rare.modem.sleep("psm", tau=3600, active=10)
    rare.module.asleep = rare.module.psm = True
    rare.turns(1)
    assert rare.modem.engine.asleep
    rare.modem.create_connection(SERVER)
    assert rare.board.held == [700]


def test_while_the_key_is_held_the_watchdog_is_fed_and_the_uart_is_read() -> None:
    rare = Rare("BC25", 60_000)
    fed: "list[int]" = []
    rare.modem.watchdog = lambda: fed.append(rare.clock.passed)
    rare.module.stop()
    said: "list[int]" = []
    pwrkey = rare.board.pwrkey

    def key(level: int) -> None:
        if level:
            said.append(len(rare.module.out))
        else:
            rare.module.out += b"\xff" * 600
        pwrkey(level)

    rare.modem.net.pins = Lines(key)
    rare.recover(100)
    assert said == [0] and max([fed[i + 1] - fed[i] for i in range(len(fed) - 1)]) <= 60_000
    pressed = [at for at in fed if at % 1000]
    assert len(pressed) >= 900 // 20


def test_a_line_that_the_caller_holds_is_released_by_the_caller() -> None:
    rare = Rare("BC25", 20)
    rare.module.stop()
    sock = rare.modem.socket()
    sock.setblocking(False)
    with raises(OSError):
        sock.connect(SERVER)
    rare.modem.power_on()
    assert rare.board.held == [700] and rare.module.running


def test_an_open_whose_result_stands_in_the_uart() -> None:
    """Behind more than one read takes, at the first turn behind the time limit."""
    face = BlockingFace()
    opens = (b'AT+QIOPEN=1,0,"TCP","10.0.0.1",80,0,0,0\r', OK)
    m = face.start("BC25", [opens])
    sock = m.socket()
    sock.setblocking(False)
    with raises(OSError):
        sock.connect(SERVER)
    for _ in range(4):
        m.poll()
        face.clock.sleep_ms(5)
    for _ in range(m.family.tcp.open_ms // 5000):
        face.clock.advance(5000)
        m.poll()
    face.uart.say(lines(*(["+NEWS: %s" % ("x" * 90)] * 20 + ["+QIOPEN: 0,0"])))
    face.clock.advance(5000)
    for _ in range(6):
        m.poll()
    assert sock._slot.opened == 0
    face.check()


def test_what_a_check_has_asked_before_is_older_than_a_urc() -> None:
    rare = Rare("EC200U", 60_000)
    for _ in range(4):
        if rare.modem._jobs:
            break
        rare.turns(1)
    searching(rare.module)  # the answer stands in front of it
    rare.turns(1)
    assert not rare.modem.isconnected() and rare.modem.engine.stat == 2


def test_the_time_of_a_command_counts_from_when_it_is_written() -> None:
    face = BlockingFace()
    m = face.start("BC25", [(b"AT+CSQ\r", lines("+CSQ: 20,0") + OK)])
    told: "list[bytes]" = []
    assert m.engine.start(b"AT+CSQ", b"+CSQ:", lines=told)
    for _ in range(2):
        face.clock.advance(60_000)
        m.poll()
    assert told == [b"+CSQ: 20,0"] and not m.stats.timeouts
    m.engine.release()
    face.check()


# --- time limits ------------------------------------------------------------------------------------------------------


def test_a_time_limit_leaves_some_turns() -> None:
    e = Rig(now=2**30 - 100).engine
    limit = Limit(e, 1000)
    for _ in range(10):
        e.turn((e.now + 20) & 0x3FFFFFFF)
        assert not limit.is_over(e)
    e.turn((e.now + 800) & 0x3FFFFFFF)
    assert limit.is_over(e)
    limit = Limit(e, 1000)
    e.turn(e.now + 4000)
    for _ in range(4):
        assert not limit.is_over(e)
    assert limit.is_over(e) and limit.is_over(e)


def test_a_time_in_which_nobody_was_there_counts_as_5_s() -> None:
    e = Rig().engine
    limit = Limit(e, 30_000)
    for _ in range(5):
        e.turn(e.now + 3_600_000)
        assert not limit.is_over(e)
    e.turn(e.now + 5000)
    assert limit.is_over(e)
