"""Tasks that ask again and again: each has its turn in the order in which they came, whatever they ask for."""

import asyncio

from aio_face import ended, on_loop
from coap_steps import CREATE, DONE, URI, head, response, send
from kit import rows
from scripted import OK, lines
from steps import said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from aio_face import AsyncFace


def slow(line: bytes) -> "tuple[bytes, Any]":
    return line, [20, OK]


@rows("R435")
@on_loop
async def test_commands_of_several_tasks(face: "AsyncFace") -> None:
    """In turn, from the first to the last; who came later does not overtake who was turned away."""
    names = ("A", "B", "C")
    m = face.start("BC25", [slow(b"AT+%s%d\r" % (name.encode(), i)) for i in range(4) for name in names])

    async def ask(name: str) -> None:
        for i in range(4):
            await m.command("AT+%s%d" % (name, i))

    for task in [asyncio.create_task(ask(name)) for name in names]:
        await task
    face.check()
    assert not m.engine.cmd.turns.queue


@rows("R435")
@on_loop
async def test_one_that_is_cancelled_in_its_place(face: "AsyncFace") -> None:
    """Those behind it move up."""
    m = face.start("BC25", [slow(b"AT+A\r"), slow(b"AT+C\r"), slow(b"AT+A\r")])

    async def twice() -> None:
        for _ in range(2):
            await m.command("AT+A")

    a = asyncio.create_task(twice())
    b, c = [asyncio.create_task(m.command(line)) for line in ("AT+B", "AT+C")]
    for _ in range(3):
        await asyncio.sleep(0)
    assert len(m.engine.cmd.turns.queue) == 2
    b.cancel()
    assert isinstance(await ended(b), asyncio.CancelledError)
    await c
    await a
    face.check()


@rows("R435", "R278")
@on_loop
async def test_what_belongs_together_stays_together(face: "AsyncFace") -> None:
    """Behind an ERROR its reason is asked for, before anybody's next command."""
    why = said("AT+QIGETERROR", "+QIGETERROR: 552,invalid")
    m = face.start("BC25", [(b"AT+A\r", [20, lines("ERROR")]), why, slow(b"AT+B\r")])
    a, b = [asyncio.create_task(m.command(line)) for line in ("AT+A", "AT+B")]
    error = await ended(a)
    assert isinstance(error, OSError) and error.code == 552  # type: ignore[attr-defined]
    await b
    face.check()


@rows("R182")
@on_loop
async def test_pings_of_several_tasks(face: "AsyncFace") -> None:
    script: "list[Any]" = []
    for _ in range(2):
        for last in (1, 2, 3):
            told = lines("OK", '+QPING: 0,"10.0.0.%d",32,50,64' % last, "+QPING: 2,1,1,0,50,50,50")
            script.append((b'AT+QPING=1,"10.0.0.%d",4,1,32\r' % last, [20, told]))
    m = face.start("BC25", script)
    order: "list[int]" = []

    async def one(last: int) -> None:
        for _ in range(2):
            assert (await m.ping("10.0.0.%d" % last, count=1)).received == 1
            order.append(last)

    for task in [asyncio.create_task(one(last)) for last in (1, 2, 3)]:
        await task
    assert order == [1, 2, 3, 1, 2, 3]


@rows("R245", "R433")
@on_loop
async def test_coap_requests_of_several_tasks(face: "AsyncFace") -> None:
    order: "list[int]" = []
    script = list(CREATE)
    for i, last in enumerate((1, 2, 3, 1, 2, 3)):
        script.append(head(8 + i, options='1,11,"%d"' % last))
        script += send("0,1", [20, OK + response("2,2.05,%d" % (8 + i))])
        script.append(DONE)
    coap = await face.start("BC95-G", script).coap()
    coap._context._next_id = 7

    async def one(last: int) -> None:
        for _ in range(2):
            await coap.get(URI + "/%d" % last, token=b"\x01\x02\x03\x04")
            order.append(last)

    for task in [asyncio.create_task(one(last)) for last in (1, 2, 3)]:
        await task
    assert order == [1, 2, 3, 1, 2, 3]
