"""Run in the unix MicroPython VM by test_aio_idle.py: what an asyncio modem does while there is nothing to do."""

import asyncio
import gc
import sys

import micropython
from quectel import AsyncModem, pdp, registration
from quectel.models import find
from quectel_host import open_uart

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

time: "Any" = __import__("time")
loop: "Any" = asyncio  # with the names that MicroPython's has
IDLE_MS = 150
TRIES = 20  # who looks all the time has no such time in so many either


async def asked(ms: int) -> int:
    """Bytes that are asked of the heap while this task sleeps."""
    gc.collect()
    before: int = micropython.mem_total()
    await loop.sleep_ms(ms)
    now: int = micropython.mem_total()
    return now - before


class Unpolled:
    """A UART that counts how often it is looked at, and that the event loop cannot wait for."""

    def __init__(self, uart: "Any") -> None:
        self._uart = uart
        self.looks = 0
        self.write = uart.write

    def readinto(self, buf: "Any") -> "Any":
        self.looks += 1
        return self._uart.readinto(buf)


class Counted(Unpolled):
    """One that the event loop can wait for."""

    def __init__(self, uart: "Any") -> None:
        Unpolled.__init__(self, uart)
        self.fileno = uart.fileno


async def idle(uart: Unpolled, what: str, nothing: int) -> None:
    """What is still to come may come late, on a busy machine: some time without anything is found soon."""
    for _ in range(TRIES):
        await loop.sleep_ms(100)
        looks = uart.looks
        got = await asked(IDLE_MS)
        looks = uart.looks - looks
        if not (looks or got - nothing):
            break
    print(what, got - nothing, looks)


def patient() -> None:
    """A module whose process waits for its turn on a busy machine has not fallen silent."""
    find("BC25").answer_ms = 5000
    for module in (pdp, registration):
        module.QUICK_MS = 5000  # type: ignore[attr-defined]


async def main(url: str) -> None:
    patient()
    await asked(1)
    nothing = await asked(IDLE_MS)
    uart = Counted(open_uart(url))
    modem = AsyncModem(uart, "BC25")
    await modem.connect("internet")
    await idle(uart, "online", nothing)
    sock = await modem.create_connection(("echo.example", 7))
    await idle(uart, "connected", nothing)
    receiving = asyncio.create_task(sock.recv(10))
    await idle(uart, "receiving", nothing)
    looks = uart.looks
    await sock.send(b"ping")  # a call wakes it, and so does what comes
    print("echoed", await receiving, uart.looks > looks)
    sock.settimeout(0.2)  # and so does a time limit
    try:
        await sock.recv(10)
    except OSError as error:
        print("limit", error.errno)
    await loop.sleep_ms(500)  # behind a send the module is asked once whether a URC was lost (R390)
    await idle(uart, "again", nothing)
    await watched(uart, modem, nothing)
    await sock.close()
    await modem.aclose()
    await unpolled(uart)


async def watched(uart: Counted, modem: "Any", nothing: int) -> None:
    """A turn a second, which is no polling loop either; a call, and what comes, still wake it at once."""
    modem.watchdog = bool  # anything that can be called
    await modem.command("AT")
    await loop.sleep_ms(100)
    looks = uart.looks
    before = time.ticks_ms()
    got = await asked(1100)
    most = 2 + time.ticks_diff(time.ticks_ms(), before) // 1000
    print("watched", got - nothing < 2000, 1 <= uart.looks - looks <= most)
    print("at once", await took_at_best(modem) < 200)
    modem.watchdog = None


async def took_at_best(modem: "Any") -> int:
    """Milliseconds from a call to its answer: one of some is not held up by a busy machine."""
    best = 10_000
    for _ in range(5):
        before = time.ticks_ms()
        await modem.command("AT")
        best = min(best, time.ticks_diff(time.ticks_ms(), before))
    return best


async def unpolled(polled: Counted) -> None:
    uart = Unpolled(polled._uart)
    modem = AsyncModem(uart, "BC25")
    print("unpolled", await modem.command("AT+CGMM"))
    looks = uart.looks
    before = time.ticks_ms()
    await loop.sleep_ms(IDLE_MS)
    most = 12 + time.ticks_diff(time.ticks_ms(), before) // 20
    print("every 20 ms", 3 <= uart.looks - looks <= most)
    await modem.aclose()


asyncio.run(main(sys.argv[1]))
