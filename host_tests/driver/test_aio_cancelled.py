"""A task is cancelled at every place where it waits in a call of the module's life, or for the recovery.

Behind each place the module works: the next connect(), or keep_online(), brings it up, and an exchange is clean.
test_cancelled.py has the same for the blocking face.
"""

import asyncio

from aio_face import ended, pause
from cutting import CALLS, MOST, SERVER, STRIDE, TROUBLE, Scene, is_well
from kit import MICROPYTHON, cases, count
from quectel import AsyncModem
from quectel._acompat import News
from scripted import AsyncStepClock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any


class Places(News):
    """The event that all calls wait for; it counts how often one task has. Each time is a place."""

    def __init__(self) -> None:
        News.__init__(self)
        self.who: "Any" = None
        self.waits = 0

    def wait(self) -> "Awaitable[object]":  # type: ignore[override]
        if asyncio.current_task() is self.who:
            self.waits += 1
            if self.is_set():
                return pause()
        return News.wait(self)


def start(scene: Scene) -> "tuple[Any, Any]":
    clock = AsyncStepClock(step=scene.step)
    uart = scene.uart(clock)
    modem = AsyncModem(uart, scene.family, pins=uart, clock=clock)
    modem.changed = Places()
    return modem, uart


async def cut_at(modem: "Any", place: int, call: "Callable[[], Any]", may_fail: bool = False) -> bool:
    """False if the call ends before."""
    places = modem.changed
    places.waits = 0
    task = places.who = asyncio.create_task(call())
    while not task.done() and places.waits < place:
        await pause()
    was_cut = not task.done()
    if was_cut:
        task.cancel()
    error = await ended(task)
    places.who = None
    assert may_fail or not isinstance(error, OSError), error
    return was_cut


async def exchange(modem: "Any", uart: "Any") -> None:
    """A command gets its own answer, a connection its own bytes, and nothing is left at the module."""
    assert (await modem.command("AT+PROBE=77")) == ["+PROBE: 77"]
    sock = await modem.create_connection(SERVER, timeout_ms=20_000)
    sock.settimeout(20)
    await sock.sendall(b"numbered and hashed")
    assert (await sock.read(19)) == b"numbered and hashed"
    await sock.close()
    for _ in range(40):
        await turn(modem)
    assert not uart.links and not [slot for slot in modem.engine.table.slots if slot.state], uart.links


async def turn(modem: "Any") -> None:
    modem.until(-1)
    modem.kick()
    modem._clock.advance(50)
    await pause()


async def one_place(scene: Scene, place: int) -> bool:
    modem, uart = start(scene)
    if scene.online:
        await modem.connect("internet")
    scene.before(uart)
    was_cut = await cut_at(modem, place, lambda: scene.call(modem))
    if was_cut:
        await scene.again(modem)
        if scene.check:
            scene.check(uart)
        await modem.connect("internet", timeout_ms=600_000)
        await exchange(modem, uart)
    await modem.aclose()
    await pause()
    return was_cut


async def recovered(modem: "Any") -> None:
    for _ in range(20_000):
        await turn(modem)
        if is_well(modem) and not modem.engine.resync and modem._watch.job is None:
            return
    raise AssertionError("it does not come up again")


async def in_trouble(family: str, trouble: "Callable[[Any], None]", step: int) -> "tuple[Any, Any]":
    """A modem that was online and begins to recover, and its UART."""
    modem, uart = start(Scene("", family, trouble, is_well, step=step))
    modem.keep_online()
    await modem.connect("internet")
    trouble(uart)
    modem.engine.out_of_step()
    return modem, uart


async def one_opener(family: str, trouble: "Callable[[Any], None]", step: int, place: int) -> bool:
    """Who waits for the recovery is cancelled: the recovery goes on."""
    modem, uart = await in_trouble(family, trouble, step)
    was_cut = await cut_at(modem, place, lambda: modem.create_connection(SERVER), True)
    if was_cut:
        await recovered(modem)
        await exchange(modem, uart)
    await modem.aclose()
    await pause()
    return was_cut


async def one_task(family: str, trouble: "Callable[[Any], None]", step: int, place: int) -> bool:
    """The modem's task, which carries the recovery on, is ended; the next call starts another."""
    modem, uart = await in_trouble(family, trouble, step)
    turns = 0
    while turns < place and not (turns and is_well(modem) and not modem.engine.resync):
        turns += 1
        await turn(modem)
    await modem.aclose()
    await pause()
    await recovered(modem)
    await exchange(modem, uart)
    await modem.aclose()
    await pause()
    return turns == place


async def every_place(what: str, one: "Callable[[int], Any]") -> None:
    for place in range(1, MOST, STRIDE):
        if not await one(place):
            count(what, place // STRIDE)
            assert place > 1 or STRIDE > 1, "it does not wait"
            return
    raise AssertionError("no end of places")


def run(coroutine: "Any") -> None:
    if MICROPYTHON:
        asyncio.new_event_loop()
    asyncio.run(coroutine)


@cases(*CALLS)
def test_calls(scene: Scene) -> None:
    what = "places where a call of the module's life was cancelled"
    run(every_place(what, lambda place: one_place(scene, place)))


@cases(*TROUBLE)
def test_who_waits_for_recovery(name: str, family: str, trouble: "Callable[[Any], None]", step: int) -> None:
    what = "places where a recovery was cancelled"
    run(every_place(what, lambda place: one_opener(family, trouble, step, place)))


@cases(*TROUBLE)
def test_the_task(name: str, family: str, trouble: "Callable[[Any], None]", step: int) -> None:
    what = "places where a recovery was cancelled"
    run(every_place(what, lambda place: one_task(family, trouble, step, place)))
