"""The application of the soak: a numbered, hashed record a minute over TCP, until the server has acknowledged it.

One coroutine for both faces, on CPython and MicroPython: on the blocking face nothing in it ever waits.
"""

from binascii import hexlify
from hashlib import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

MINUTE_MS = 60_000
HOST = "collector.example"
PORT = 7000
OPEN_S, ACK_S = 60, 20
PAUSE_MS = 3000  # between two attempts
JOB_MS = 200  # longest step of the clock while a procedure counts time, unless told otherwise
STUCK_MS = 24 * 3_600_000  # a record that takes so long will never arrive


class Stuck(Exception):
    """The driver does not come online any more."""


def record(number: int) -> bytes:
    """`<number> <hex> <hash>\\n`, 60 to 600 bytes long."""
    body = b"%d " % number + hexlify(sha256(b"%d" % number).digest()) * (number % 9)
    return body + b" " + hexlify(sha256(body).digest())[:16] + b"\n"


def number_of(line: bytes) -> int:
    """The number of a record, without its line end; -1 if a byte of it has changed."""
    body, _, digest = line.rpartition(b" ")
    if hexlify(sha256(body).digest())[:16] != digest:
        return -1
    return int(body.split(b" ")[0])


async def go(call: "Any") -> "Any":
    """The result of a call on either face."""
    return await call if hasattr(call, "send") else call


class App:
    """What a device in the field does."""

    def __init__(self, modem: "Any", clock: "Any", naps: "set[int]") -> None:
        self.modem = modem
        self.clock = clock  # .now (ms), wait(ms)
        self.naps = naps  # minutes behind which the module may sleep
        self.sock: "Any" = None
        self.sends: "dict[int, int]" = {}  # more than one attempt: how many
        self.errors: "dict[str, int]" = {}

    async def run(self, minutes: int) -> None:
        """Come up, then a record a minute."""
        await self._connect()
        for number in range(1, minutes + 1):
            await self._until(number * MINUTE_MS)
            await self._deliver(number)
            if number in self.naps:
                await self._nap()
        await self._drop()

    async def _connect(self) -> None:
        while not self.modem.isconnected():
            try:
                await go(self.modem.connect(*self._apn()))
            except OSError as error:
                self._note(error)
                await self.clock.wait(PAUSE_MS)
        self.modem.keep_online(True)

    def _apn(self) -> "tuple[str, ...]":
        return ("internet",) if self.modem.family.qiact else ()

    async def _until(self, ms: int) -> None:
        self.clock.idle = True
        while self.clock.now < ms:
            await self.clock.wait(ms - self.clock.now)
        self.clock.idle = False

    async def _deliver(self, number: int) -> None:
        begun, tries, data = self.clock.now, 0, record(number)
        while True:
            try:
                if self.sock is None:
                    await self._open()
                tries += 1
                await go(self.sock.sendall(data))
                if await self._is_acknowledged(number):
                    break
            except OSError as error:
                self._note(error)
            await self._drop()
            await self.clock.wait(PAUSE_MS)
            if self.clock.now - begun > STUCK_MS:
                raise Stuck("record %d does not arrive: %s" % (number, self.errors))
        if tries > 1:
            self.sends[number] = tries

    async def _open(self) -> None:
        self.sock = self.modem.socket()
        self.sock.settimeout(OPEN_S)
        await go(self.sock.connect((HOST, PORT)))
        self.sock.settimeout(ACK_S)

    async def _is_acknowledged(self, number: int) -> bool:
        while True:
            line = await go(self.sock.readline())
            if not line.endswith(b"\n"):
                return False
            if line == b"A%d\n" % number:
                return True

    async def _drop(self) -> None:
        sock, self.sock = self.sock, None
        if sock is not None:
            try:
                await go(sock.close())
            except OSError as error:
                self._note(error)

    async def _nap(self) -> None:
        """The module may sleep until the next record; its TCP connection does not outlive that."""
        try:
            await self._drop()
            await go(self.modem.sleep("deep"))
        except OSError as error:
            self._note(error)

    def _note(self, error: OSError) -> None:
        name = "%s %s" % (type(error).__name__, error.args[0] if error.args else "")
        self.errors[name] = self.errors.get(name, 0) + 1


def finish(work: "Any") -> None:
    """Run a coroutine that never waits, as all are on the blocking face."""
    try:
        work.send(None)
    except StopIteration:
        return
    raise AssertionError("it waits")


if TYPE_CHECKING:
    Waiter = Callable[[int], Any]
