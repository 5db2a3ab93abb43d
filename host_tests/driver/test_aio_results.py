"""Results behind the OK when tasks share them, and when one is cancelled: ping and names on the asyncio face."""

import asyncio

from aio_face import ended, on_loop, pause
from kit import rows
from scripted import OK, lines
from steps import said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from aio_face import AsyncFace


def asked(name: str, *urcs: str) -> "tuple[bytes, bytes]":
    return b'AT+QIDNSGIP=1,"%s"\r' % name.encode(), lines("OK", *['+QIURC: "dnsgip",' + urc for urc in urcs])


async def turns() -> None:
    for _ in range(30):
        await pause()


async def cancelled(face: "AsyncFace", task: "Any") -> None:
    await face.settle()
    task.cancel()
    await ended(task)
    await face.settle()


@rows("R190")
@on_loop
async def test_names_of_two_tasks_are_not_mixed_up(face: "AsyncFace") -> None:
    names = [("a.example", "10.0.0.1"), ("b.example", "10.0.0.2"), ("c.example", "10.0.0.3")]
    m = face.start("BC25", [asked(name, "0,1,600", '"%s"' % address) for name, address in names])
    tasks = [asyncio.create_task(m.resolve(name)) for name, _ in names]
    for i in range(3):
        assert await tasks[i] == [names[i][1]]
    assert not m.engine.awaited


@rows("R182", "R190")
@on_loop
async def test_a_ping_and_a_name_at_the_same_time(face: "AsyncFace") -> None:
    name = asked("a.example", "0,1,600", '"10.0.0.1"')
    m = face.start("BC25", [(b'AT+QPING=1,"10.0.0.9",4,4,32\r', OK), (name[0], lines("+QPING: 1") + name[1])])
    ping = asyncio.create_task(m.ping("10.0.0.9"))
    await face.settle()
    assert await m.resolve("a.example") == ["10.0.0.1"]
    face.uart.say(lines("+QPING: 2,4,0,4"))
    assert (await ping).lost == 4


@rows("R182", "R457")
@on_loop
async def test_the_rest_of_a_ping_that_was_cancelled(face: "AsyncFace") -> None:
    """It is not the next one's, which is sent when the last line has come."""
    rest = (b"AT+CSQ\r", lines("OK", "+QPING: 0,10.0.0.9,32,70,255", "+QPING: 2,1,1,0,70,70,70"))
    second = (b'AT+QPING=1,"10.0.0.8",4,4,32\r', lines("OK", "+QPING: 2,4,4,0,5,5,5"))
    m = face.start("BC25", [(b'AT+QPING=1,"10.0.0.9",4,1,32\r', OK), rest, second])
    await cancelled(face, asyncio.create_task(m.ping("10.0.0.9", count=1)))
    assert m.engine.awaited
    ping = asyncio.create_task(m.ping("10.0.0.8"))
    await face.settle()
    await m.command("AT+CSQ")
    assert (await ping).avg_ms == 5 and not m.engine.awaited and not m.stats.unknown


@rows("R190")
@on_loop
async def test_cancelled_before_its_turn(face: "AsyncFace") -> None:
    """Nothing was sent, so nothing is awaited."""
    slow = (b"AT+CSQ\r", [2000, lines("+CSQ: 1,99", "OK")])
    m = face.start("BC25", [slow, asked("b.example", "0,1,600", '"10.0.0.2"')])
    command = asyncio.create_task(m.command("AT+CSQ", timeout_ms=5000))
    await turns()
    task = asyncio.create_task(m.resolve("a.example"))
    await turns()
    assert m.engine.awaited
    task.cancel()
    await ended(task)
    assert not m.engine.awaited
    assert await m.resolve("b.example") == ["10.0.0.2"] and await command == ["+CSQ: 1,99"]
    assert face.clock.passed < 4000


@rows("R190")
@on_loop
async def test_cancelled_while_its_ok_is_awaited(face: "AsyncFace") -> None:
    first = (b'AT+QIDNSGIP=1,"a.example"\r', [150, OK, 900, lines('+QIURC: "dnsgip",565')])
    m = face.start("BC25", [first, asked("b.example", "0,1,600", '"10.0.0.2"')])
    task = asyncio.create_task(m.resolve("a.example"))
    while not face.uart.wrote:
        await pause()
    task.cancel()
    await ended(task)
    assert m.engine.awaited
    assert await m.resolve("b.example") == ["10.0.0.2"]


@rows("R203", "R210")
@on_loop
async def test_a_setting_that_is_changed_while_it_is_made(face: "AsyncFace") -> None:
    script = [
        said("AT+QIKALIVE?", "+QIKALIVE: 0,60,10,9"),
        (b"AT+QIKALIVE=1,60,10,9\r", [100, OK]),
        said("AT+QIKALIVE?", "+QIKALIVE: 1,60,10,9"),
        said("AT+QIKALIVE=0"),
        (b'AT+QIOPEN=1,0,"TCP","10.0.0.1",80,0,0,0\r', lines("OK", "+QIOPEN: 0,0")),
    ]
    m = face.start("BC25", script)
    sock = m.socket()
    sock.setsockopt(1, 9, 1)
    opening = asyncio.create_task(sock.connect(("10.0.0.1", 80)))
    while b"=1,60" not in face.uart.wrote:
        await pause()
    sock.setsockopt(1, 9, 0)
    await opening
    assert not m.net.due
