"""What a command that was given up still answers is nobody's, and no sign that bytes of a pushed payload were lost."""

import asyncio

from aio_face import ended, on_loop
from kit import rows
from quectel import PUSH
from scripted import OK, lines
from steps import said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aio_face import AsyncFace


@rows("R105", "R164", "R278")
@on_loop
async def test_a_push_socket_outlives_cancelled_commands(face: "AsyncFace") -> None:
    """Lines without a name, of AT+CGMM for instance, would be what is left of a push whose header was damaged."""
    script = [
        said("AT+QISWTMD=0,1"),
        (b"AT+CGMM\r", [300, lines("BC25", "OK")]),
        (b"AT+CIMI\r", [300, lines("460001234567890", "OK")]),
        (b"AT+X\r", [300, lines("+X: 1", "one more", "OK")]),
        (b"AT+Y\r", OK),
    ]
    s = face.opened(script, "BC25")
    await s.set_mode(PUSH)
    for line in ("AT+CGMM", "AT+CIMI", "AT+X"):
        task = asyncio.create_task(face.modem.command(line))
        for _ in range(4):
            await asyncio.sleep(0)
        task.cancel()
        assert isinstance(await ended(task), asyncio.CancelledError)
        await face.settle()
    await face.modem.command("AT+Y")
    face.uart.say(b'\r\n+QIURC: "recv",0,5\r\nhello\r\n')
    s.settimeout(5)
    assert await s.recv(9) == b"hello"
    assert face.modem.stats.framing == 0
    face.check()
