"""A change of the access mode is cancelled while the module carries it out: the next call finds what came of it."""

import asyncio

from aio_face import ended, on_loop
from kit import rows
from quectel import BUFFER, PUSH, TRANSPARENT
from scripted import OK, lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aio_face import AsyncFace

CONNECT = lines("CONNECT")
ESCAPE = (b"+++", [1000, OK])
ENTER = (b"AT+QISWTMD=0,2\r", [300, CONNECT])


@rows("R038", "R177")
@on_loop
async def test_the_same_mode_and_another_one_behind_a_cancelled_change(face: "AsyncFace") -> None:
    push, buffer = (b"AT+QISWTMD=0,1\r", [300, OK]), (b"AT+QISWTMD=0,0\r", OK)
    for model, first, then, script in (
        ("BG96", TRANSPARENT, TRANSPARENT, [ENTER, ESCAPE]),
        ("BG96", TRANSPARENT, BUFFER, [ENTER, ESCAPE]),
        ("BG96", TRANSPARENT, PUSH, [ENTER, ESCAPE, (b"AT+QISWTMD=0,1\r", OK)]),
        ("BG96", PUSH, TRANSPARENT, [push, (b"AT+QISWTMD=0,2\r", CONNECT), ESCAPE]),
        ("BC25", PUSH, BUFFER, [push, buffer]),
        ("BC25", PUSH, PUSH, [push]),
    ):
        s = face.opened(script, model)
        task = asyncio.create_task(s.set_mode(first))
        for _ in range(3):
            await asyncio.sleep(0)
        assert face.modem.engine.cmd.slot is s._slot, "the command is not on its way"
        task.cancel()
        assert isinstance(await ended(task), asyncio.CancelledError)
        await s.set_mode(then)
        assert s.mode == then
        await face.settle()
        assert s.mode == then, "the first change came to its end behind the second"
        if then == TRANSPARENT:
            await s.set_mode(BUFFER)
        face.check()
