"""An exception out of the UART or the clock ends a call or the recovery at every place where it waits.

As a KeyboardInterrupt does. Behind each place the module works: the next connect(), or keep_online(), brings it up,
and an exchange is clean. test_aio_cancelled.py cancels the same on the asyncio face.
"""

from cutting import CALLS, MOST, SERVER, STRIDE, TROUBLE, Scene, connect_with_pin, is_well, locked
from kit import cases, count
from quectel import Modem
from scripted import StepClock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Stop(BaseException):
    """What ends a call: nobody in the driver may swallow it."""


class Cut:
    """Raises at the place-th time that the driver sleeps, writes, or reads what has come."""

    def __init__(self, modem: "Any") -> None:
        self.left = -1
        self.uart = modem.uart
        self.clock = modem._clock
        modem.uart = modem.net.uart = self
        modem._clock = self
        self.ticks_ms = self.clock.ticks_ms
        if hasattr(self.uart, "init"):
            self.init = self.uart.init

    def sleep_ms(self, ms: int) -> None:
        self._place()
        self.clock.sleep_ms(ms)

    def readinto(self, buf: "Any") -> "int | None":
        if self.uart.out:
            self._place()
        n: "int | None" = self.uart.readinto(buf)
        return n

    def write(self, buf: "Any", off: int, n: int) -> int:
        self._place()
        done: int = self.uart.write(buf, off, n)
        return done

    def _place(self) -> None:
        if self.left > 0:
            self.left -= 1
            if not self.left:
                self.left = -1
                raise Stop


def start(scene: Scene) -> "tuple[Any, Any, Cut]":
    clock = StepClock(step=scene.step)
    uart = scene.uart(clock)
    modem = Modem(uart, scene.family, pins=uart, clock=clock)
    return modem, uart, Cut(modem)


def cut_at(cut: Cut, place: int, call: "Callable[[], Any]") -> bool:
    """False if the call ends before."""
    cut.left = place
    try:
        call()
    except Stop:
        return True
    cut.left = -1
    return False


def exchange(modem: "Any", uart: "Any") -> None:
    """A command gets its own answer, a connection its own bytes, and nothing is left at the module."""
    assert modem.command("AT+PROBE=77") == ["+PROBE: 77"]
    sock = modem.create_connection(SERVER, timeout_ms=20_000)
    sock.settimeout(20)
    sock.sendall(b"numbered and hashed")
    assert sock.read(19) == b"numbered and hashed"
    sock.close()
    for _ in range(20):
        modem.poll()
        modem._clock.sleep_ms(50)
    assert not uart.links and not [slot for slot in modem.engine.table.slots if slot.state], uart.links


def one_place(scene: Scene, place: int) -> bool:
    modem, uart, cut = start(scene)
    if scene.online:
        modem.connect("internet")
    scene.before(uart)
    if not cut_at(cut, place, lambda: scene.call(modem)):
        return False
    scene.again(modem)
    if scene.check:
        scene.check(uart)
    modem.connect("internet", timeout_ms=600_000)
    exchange(modem, uart)
    return True


@cases(*CALLS)
def test_calls(scene: Scene) -> None:
    for place in range(1, MOST, STRIDE):
        if not one_place(scene, place):
            count("places where a call of the module's life was cancelled", place // STRIDE)
            assert place > 1 or STRIDE > 1, "it does not wait"
            return
    raise AssertionError("no end of places")


def one_switch(family: str, trouble: "Callable[[Any], None]", step: int, place: int) -> bool:
    """keep_online() is switched off and on where the recovery has come so far."""
    modem, uart, _ = start(Scene("", family, trouble, is_well, step=step))
    modem.keep_online()
    modem.connect("internet")
    trouble(uart)
    modem.engine.out_of_step()
    turns = 0
    while turns < place and not (turns and is_well(modem) and not modem.engine.resync):
        turns += 1
        if not modem.poll():
            modem._clock.sleep_ms(1)
    modem.keep_online(False)
    modem.keep_online()
    recovered(modem)
    exchange(modem, uart)
    return turns == place


def one_recovery(family: str, trouble: "Callable[[Any], None]", step: int, place: int) -> bool:
    modem, uart, cut = start(Scene("", family, trouble, is_well, step=step))
    modem.keep_online()
    modem.connect("internet")
    trouble(uart)
    modem.engine.out_of_step()
    was_cut = cut_at(cut, place, lambda: recovered(modem))
    recovered(modem)
    exchange(modem, uart)
    assert uart.restarts <= 2
    return was_cut


def connecting(modem: "Any") -> "Callable[[], Any]":
    return lambda: connect_with_pin(modem)


def test_a_pin_whose_fate_is_unknown() -> None:
    """The SIM has taken it: it is entered again behind a restart, and never twice for the same start of the module."""
    for place in range(1, MOST, STRIDE):
        modem, uart, cut = start(Scene("", "BC25", locked, connect_with_pin))
        uart.pin = b"1234"
        if not cut_at(cut, place, connecting(modem)):
            return
        if modem.net.wanted is None:  # it has not begun
            continue
        modem.keep_online()
        recovered(modem)
        uart.start()
        modem.engine.out_of_step()
        recovered(modem)
        assert uart.tries == 2


def recovered(modem: "Any") -> None:
    modem.poll()
    for _ in range(20_000):
        if is_well(modem) and not modem.engine.resync and modem._watch.job is None:
            return
        if not modem.poll():
            modem._clock.sleep_ms(1)
    raise AssertionError("it does not come up again")


@cases(*TROUBLE)
def test_recovery(name: str, family: str, trouble: "Callable[[Any], None]", step: int) -> None:
    for place in range(1, MOST, STRIDE):
        if not one_recovery(family, trouble, step, place):
            count("places where a recovery was cancelled", place // STRIDE)
            assert place > 5, "it hardly waits"
            return
    raise AssertionError("no end of places")


@cases(*TROUBLE)
def test_the_switch(name: str, family: str, trouble: "Callable[[Any], None]", step: int) -> None:
    for place in range(1, MOST, STRIDE):
        if not one_switch(family, trouble, step, place):
            count("places where keep_online() was switched off and on", place // STRIDE)
            assert place > 5, "it hardly waits"
            return
    raise AssertionError("no end of places")
