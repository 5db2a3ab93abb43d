"""The application's code raises in the task of AsyncModem: the event loop is told, calls and the task go on."""

import asyncio

from aio_face import on_loop, pause
from kit import rows
from scripted import lines
from steps import EMPTY, READ_0, RECV_0, payload, said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aio_face import AsyncFace


def hears() -> "list[BaseException]":
    """From now on what the event loop's exception handler is told is in this list."""
    told: "list[BaseException]" = []
    asyncio.get_event_loop().set_exception_handler(lambda _, context: told.append(context["exception"]))
    return told


def fails(*_: object) -> None:
    raise KeyError("application")


@rows("R021", "R389")
@on_loop
async def test_a_call_that_waits_goes_on(face: "AsyncFace") -> None:
    """Two URCs come between a command and its answer: each is told, and the command gives its answer."""
    m = face.start("BC25", [(b"AT+CSQ\r", [lines("+X: 1", "+X: 2"), 50, lines("+CSQ: 1,99", "OK")])])
    told = hears()
    m.on_urc("+X:", fails)
    assert await m.command("AT+CSQ") == ["+CSQ: 1,99"]
    assert [type(error) for error in told] == [KeyError, KeyError]


@rows("R021", "R389")
@on_loop
async def test_the_task_goes_on_while_nobody_waits(face: "AsyncFace") -> None:
    """Bytes that come later are taken and handlers called, without a call of the application."""
    s = face.opened([(READ_0, payload(b"data")), (READ_0, EMPTY)])
    s._slot.hungry = True
    told = hears()
    face.modem.on_urc("+X:", fails)
    face.modem.until(-1)
    for count in (1, 2, 3):
        face.uart.say(lines("+X: 1"))
        for _ in range(50):
            await pause()
        assert len(told) == count
    face.uart.say(RECV_0)
    for _ in range(200):
        await pause()
    assert s.pending() == 4


@on_loop
async def test_a_watchdog_that_raises_leaves_the_processor_to_others(face: "AsyncFace") -> None:
    """It is told each time, which is no oftener than there are turns otherwise."""
    m = face.start("BC25", [said("AT+CSQ", "+CSQ: 1,99")])
    told = hears()
    m.until(-1)
    m.watchdog = fails
    passed = face.clock.passed
    for _ in range(1000):
        await pause()
    assert 0 < len(told) <= (face.clock.passed - passed) // 2
    m.watchdog = None
    assert await m.command("AT+CSQ") == ["+CSQ: 1,99"]


@on_loop
async def test_a_task_that_was_ended_does_not_begin_again(face: "AsyncFace") -> None:
    """By aclose(), also where that comes right behind what raised."""
    m = face.start("BC25", [])
    told = hears()
    m.on_urc("+X:", fails)
    m.until(-1)
    face.uart.say(lines("+X: 1"))
    while not told:
        await pause()
    await m.aclose()
    face.uart.say(lines("+X: 2"))
    for _ in range(50):
        await pause()
    assert m._task is None and len(told) == 1 and face.uart.queue
    m.on_urc("+X:", None)
    await face.settle()
    assert not face.uart.queue and m.stats.unknown == 1
