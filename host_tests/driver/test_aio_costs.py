"""What the asyncio face asks the heap for: its docstrings say it for each call, and the unix VM is asked.

A call costs so many bytes, more for each byte that it moves, and more each time that it waits; the turns that the
modem's task takes meanwhile have a price of their own.
"""

import asyncio

import kit
from costing import KEEPALIVE, LISTENING, LTE, NAME, NTP, PAYLOAD, PING, SET_SERVERS
from costing_services import ALL_OFF, ALLOWED, EDRX_SET, PSM_SET, RESTORING, SAVED_UNREAD, WOKEN, hold_four, saver
from lean import LeanScript, LeanWire
from quectel import AsyncModem, AsyncSocket, QuectelError
from quectel._acompat import News
from quectel.models import find
from quectel.table import DGRAM, ENDED, OPEN, STREAM
from scripted import as_prepared, lines
from stands import SOURCE, dialect_of
from stated import stated
from steps import CLOSE_0, OPENED_0, PREPARED, SERVER, said
from test_costs import COUNTED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from steps import Script

    Call = Callable[[], Awaitable[Any]]
    Make = Callable[[], Awaitable[tuple[Any, Call]]]

if kit.MICROPYTHON:
    from gc import collect

    import micropython


class LeanClock:
    """Time goes on as the task sleeps; nothing really waits, and nothing is made."""

    def __init__(self) -> None:
        self.now = 1000
        self.turns = 0

    def ticks_ms(self) -> int:
        return self.now

    def sleep_ms(self, ms: int) -> "Any":
        self.now += ms
        self.turns += 1
        return yield_once()


class Waits(News):
    """Counts how often somebody was about to wait."""

    def __init__(self) -> None:
        News.__init__(self)
        self.count = 0

    def clear(self) -> None:
        self.count += 1
        News.clear(self)


def yield_once() -> "Any":
    """To be awaited; MicroPython's makes no object."""
    return asyncio.sleep_ms(0) if kit.MICROPYTHON else asyncio.sleep(0)  # type: ignore[attr-defined,unused-ignore]


def made(uart: "Any", family: str = "BC25", prepared: bool = True) -> "Any":
    modem: "Any" = AsyncModem(uart, family, clock=LeanClock())
    modem.changed = Waits()
    modem.net.address = "10.0.0.2"
    modem.until(-1)
    return as_prepared(modem) if prepared else modem


# --- what is measured: each gives the modem and the call -------------------------------------------------------------


def steady(
    call: "Callable[[Any], Any]",
    held: bytes = b"",
    more: bool = False,
    state: int = OPEN,
    lag: int = 0,
    kind: int = STREAM,
) -> "Make":
    """A call of a socket that holds what it has received, or whose module has more, or answers late."""

    async def make() -> "tuple[Any, Call]":
        dialect = dialect_of("BC25", False)
        wire = LeanWire(511, SOURCE, dialect)
        wire.lag = lag
        modem = made(wire)
        slot = modem.engine.table.take()
        slot.dialect = dialect
        slot.kind = kind
        slot.state = state
        slot.more = more
        slot.ring.put(held, 0, len(held))
        slot.ring.commit()
        modem.engine.table.bind(slot, 0)
        sock = AsyncSocket(modem, kind, slot=slot)
        sock._peer = SERVER
        return modem, lambda: call(sock)

    return make


def of_modem(call: "Callable[[Any], Any]", script: "Script", family: str = "BC25", prepared: bool = True) -> "Make":
    """A call of a modem on a module that follows a script."""

    async def make() -> "tuple[Any, Call]":
        modem = made(LeanScript(script), family, prepared)
        return modem, lambda: call(modem)

    return make


def of_socket(call: "Callable[[Any], Any]", script: "Script") -> "Make":
    """A call of a socket that is connected."""

    async def make() -> "tuple[Any, Call]":
        modem = made(LeanScript([OPENED_0] + script))
        sock = await modem.create_connection(SERVER)
        modem._family = modem.engine.family = find("BG96")  # which can switch its access modes
        return modem, lambda: call(sock)

    return make


def of_new_socket(call: "Callable[[Any], Any]", script: "Script", prepared: bool = True, tls: "Any" = None) -> "Make":
    """A call of a socket that is not."""

    async def make() -> "tuple[Any, Call]":
        modem = made(LeanScript(script), "BG96" if tls else "BC25", prepared)
        sock = modem.socket(tls=tls and tls())
        sock.bind(("", 2020))
        return modem, lambda: call(sock)

    return make


async def make_socket(modem: "Any") -> None:
    modem.socket()


async def make_module(modem: "Any") -> None:
    modem.socket_module()


async def make_tls_module(modem: "Any") -> None:
    modem.tls_module()


async def sleeping() -> "tuple[Any, Call]":
    modem = made(LeanScript(ALLOWED + WOKEN + [CLOSE_0]))
    await modem.sleep("deep")
    return modem, modem.wake


async def restoring() -> "tuple[Any, Call]":
    saved = saver().save()
    modem = made(LeanScript(RESTORING), "BC25", False)
    return modem, lambda: modem.restore(saved)


async def saving() -> "tuple[Any, Call]":
    modem = made(LeanScript([]))
    hold_four(modem)
    return modem, modem.save


async def accepting() -> "tuple[Any, Call]":
    modem = made(LeanScript([LISTENING]))
    sock = modem.socket()
    sock.bind(("", 2020))
    await sock.listen()
    modem.uart._say(lines('+QIURC: "incoming",3,0,"192.168.2.2",36566'))
    return modem, sock.accept


async def counting() -> "tuple[Any, Call]":
    modem = made(LeanScript([said("AT+QISEND=0,0", "+QISEND: 1000,400,600")]), "BG96", True)
    sock = modem.socket()
    modem.engine.table.bind(sock._slot, 0)
    sock._slot.state = OPEN
    return modem, sock.unacked


def refusing(timeout: float) -> "Make":
    """A call that raises for want of bytes."""

    async def refused(sock: "Any") -> None:
        sock.settimeout(timeout)
        try:
            await sock.recv_into(SMALL)
        except QuectelError:
            pass

    return steady(refused)


SHOWN = ".recv_into"
WAIT = 80  # the least that a wait costs: the coroutine of asyncio's event
SMALL = bytearray(64)
BUF = bytearray(512)
PART = SOURCE[:512]
HELD = PAYLOAD * 5

# Where the figure stands, bytes moved, and the call.
SCENES: "list[tuple[str, int, Make]]" = [
    ("recv_into", 0, steady(lambda s: s.recv_into(SMALL), HELD)),
    ("recv_into", 0, steady(lambda s: s.recv_into(BUF), more=True)),
    ("recv_into", 0, steady(lambda s: s.recv_into(BUF), more=True, lag=5)),
    ("readinto", 0, steady(lambda s: s.readinto(SMALL), HELD)),
    ("readinto", 0, steady(lambda s: s.readinto(BUF), more=True)),
    ("recv", 100, steady(lambda s: s.recv(100), HELD)),
    ("recv", 512, steady(lambda s: s.recv(512), more=True)),
    ("recvfrom", 100, steady(lambda s: s.recvfrom(100), HELD)),
    ("read", 100, steady(lambda s: s.read(100), HELD)),
    ("read", 512, steady(lambda s: s.read(512), more=True)),
    ("read:without n", 0, steady(lambda s: s.read(), HELD, state=ENDED)),
    ("readline", 100, steady(lambda s: s.readline(), HELD)),
    ("send", 0, steady(lambda s: s.send(PART))),
    ("send", 0, steady(lambda s: s.send(PART), lag=5)),
    ("write", 0, steady(lambda s: s.write(PART))),
    ("sendall", 0, steady(lambda s: s.sendall(PART))),
    ("query_state", 0, steady(lambda s: s.query_state())),
    ("query_state", 0, steady(lambda s: s.query_state(), lag=5)),
    ("connect", 0, of_new_socket(lambda s: s.connect(SERVER), [OPENED_0])),
    ("connect:restart of the module", 0, of_new_socket(lambda s: s.connect(SERVER), PREPARED + [OPENED_0], False)),
    ("listen", 0, of_new_socket(lambda s: s.listen(), [LISTENING])),
    ("accept", 0, accepting),
    ("close", 0, of_socket(lambda s: s.close(), [CLOSE_0])),
    ("sendto", 0, steady(lambda s: s.sendto(PART, SERVER), kind=DGRAM)),
    ("unacked", 0, counting),
    ("set_mode", 0, of_socket(lambda s: s.set_mode(1), [said("AT+QISWTMD=0,1")])),
]
SET_CLOCK = said('AT+CCLK="26/11/25,09:08:07+00"')
MODEM_SCENES: "list[tuple[str, int, Make]]" = [
    ("socket", 0, of_modem(make_socket, [])),
    ("socket_module", 0, of_modem(make_module, [])),
    ("tls_module", 0, of_modem(make_tls_module, [])),
    ("aclose", 0, of_modem(lambda m: m.aclose(), [])),
    ("command", 11, of_modem(lambda m: m.command("AT+CSQ"), [said("AT+CSQ", "+CSQ: 17,99")])),
    ("ping", 0, of_modem(lambda m: m.ping("a.example"), [PING])),
    ("resolve", 0, of_modem(lambda m: m.resolve("a.example"), [NAME])),
    ("ntp", 0, of_modem(lambda m: m.ntp(), [NTP])),
    ("dns_servers", 0, of_modem(lambda m: m.dns_servers("1.1.1.1", "9.9.9.9"), SET_SERVERS)),
    ("config", 0, of_modem(lambda m: m.config(keepalive=(60, 10, 9)), KEEPALIVE)),
    ("create_connection", 0, of_modem(lambda m: m.create_connection(SERVER), [OPENED_0])),
    ("sleep", 0, of_modem(lambda m: m.sleep("deep"), ALLOWED)),
    ("sleep:with timers", 0, of_modem(lambda m: m.sleep("psm", tau=3600, active=10), PSM_SET, "BG96")),
    ("sleep:with timers", 0, of_modem(lambda m: m.sleep("edrx", cycle=20.48), EDRX_SET, "BG96")),
    ("sleep:to undo all", 0, of_modem(lambda m: m.sleep("off"), ALL_OFF, "BG96")),
    ("wake", 0, sleeping),
    ("save", 4 * len(SAVED_UNREAD), saving),
    ("restore", 4 * len(SAVED_UNREAD), restoring),
    ("ifconfig", 0, of_modem(lambda m: m.ifconfig(), [])),
    ("coap", 0, of_modem(lambda m: m.coap(), [], "BC95-G")),
    ("set_clock", 0, of_modem(lambda m: m.set_clock((2026, 11, 25, 9, 8, 7)), [SET_CLOCK])),
    ("disconnect", 0, of_modem(lambda m: m.disconnect(), [said("AT+QIDEACT=1")], "BG96")),
    (
        "connect",
        0,
        of_modem(lambda m: m.connect("internet", user="me", password="secret", auth="pap"), LTE, "BG96", False),
    ),
]


async def measured(make: "Make") -> "tuple[int, int, int]":
    """Bytes, waits and turns of one call."""
    modem, call = await make()
    await yield_once()
    if COUNTED:
        collect()
    waits = modem.changed.count
    turns = modem._clock.turns
    before = micropython.mem_total() if COUNTED else 0
    await call()
    got = micropython.mem_total() - before if COUNTED else 0
    waits = modem.changed.count - waits
    turns = modem._clock.turns - turns
    await modem.aclose()
    await yield_once()
    return got, waits, turns


async def hold(figure: str, moved: int, make: "Make") -> None:
    """Not more than is stated, and not much less."""
    cost = stated(figure)
    turn = stated("aio.AsyncModem:turn of its task")[0]
    for i in range(6):
        got, waits, turns = await measured(make)
        if i < 3 or not COUNTED:
            continue  # names are looked up, lists grow
        least = cost[0] + moved * cost[1] + waits * WAIT
        most = least + waits * (cost[2] - WAIT) + turns * turn
        if i == 3 and not waits and figure.endswith(SHOWN):
            kit.count("heap bytes, asyncio's " + figure.rpartition(".")[2], got)
        assert got <= most, (figure, got, most, waits, turns)
        assert least <= got + got // 2 + 200, (figure, got, least, waits, turns)


def run(coroutine: "Any") -> "Any":
    if kit.MICROPYTHON:
        asyncio.new_event_loop()
    return asyncio.run(coroutine)


def test_what_calls_of_an_asyncio_socket_allocate() -> None:
    for name, moved, make in SCENES:
        run(hold("aio_socket.AsyncSocket." + name, moved, make))


def test_what_calls_of_an_asyncio_modem_allocate() -> None:
    for name, moved, make in MODEM_SCENES:
        run(hold("aio.AsyncModem." + name, moved, make))


def test_a_time_out_on_the_asyncio_face() -> None:
    for timeout in (0, 0.005):
        run(hold("aio_socket.AsyncSocket", 0, refusing(timeout)))


async def idle_turns(n: int) -> int:
    """What n turns of a task with nothing to do cost; each time the loop comes back here, too."""
    modem = made(LeanScript([]))
    for _ in range(5):
        await yield_once()
    if COUNTED:
        collect()
    before = micropython.mem_total() if COUNTED else 0
    until = modem._clock.turns + n
    while modem._clock.turns < until:
        await yield_once()
    got = micropython.mem_total() - before if COUNTED else 0
    await modem.aclose()
    return got


def test_a_turn_that_finds_nothing_makes_nothing() -> None:
    """An idle modem takes none, see test_aio_idle.py; while something is under way there are such turns.

    What is asked for is the loop's own: a frame each time that it goes on with a task, given back at once."""
    run(idle_turns(20))
    got = run(idle_turns(1000))
    if COUNTED:
        each = stated("aio.AsyncModem:turn of its task")[0]
        assert got <= 1000 * 2 * each, got
        kit.count("heap bytes, 1,000 turns of an asyncio modem's task that find nothing", got)
