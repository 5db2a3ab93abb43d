"""When data pass between module and network: eDRX windows, power saving mode, searching; over plain sockets and TLS."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import vm_peers as peers
from kit import cases, rows
from virtual_module.local import LocalLink
from virtual_module.saving import CYCLE_MS
from vm_bench import OK, Bench, answer, play
from vm_ssl import LTE, opened, ready

HERE = ("127.0.0.1", 9)
RRC = 10_000  # behind data the module hears the network at once for so long
CYCLE = 16 * CYCLE_MS  # "0101": 81.92 s
ACTS = {"BG96": 4, "EC200U": 4, "BC25": 5, "BC65": 5}
ALL = tuple(ACTS)


class Server:
    """One connection of a server in this process."""

    def __init__(self, link: LocalLink) -> None:
        self.link = link
        self.heard = b""
        self.over = False

    def received(self, data: bytes) -> None:
        self.heard += data

    def ended(self) -> None:
        self.over = True


async def dial(bench: Bench, kind: str = "TCP", number: int = 0) -> Server:
    """A connection to such a server."""
    taken: "list[Server]" = []

    def serve(link: LocalLink) -> Server:
        taken.append(Server(link))
        return taken[-1]

    bench.module.peers[HERE] = serve
    bench.module.resolver.table["h.example"] = HERE
    bench.module.network.activate(1)
    await bench.type_until('AT+QIOPEN=1,%d,"%s","h.example",80' % (number, kind), "+QIOPEN: %d,0" % number)
    return taken[0]


async def pass_time(bench: Bench, ms: int) -> bytes:
    bench.module.clock.advance(ms)
    await bench.module.settle()
    return bench.module.take()


def to_window(bench: Bench) -> int:
    """How long it is to the next window."""
    now: int = bench.module.clock.now_ms()
    return CYCLE - now % CYCLE


async def send(bench: Bench, data: bytes, number: int = 0) -> None:
    await bench.type("AT+QISEND=%d,%d" % (number, len(data)))
    assert b"SEND OK" in await bench.raw(data)


# --- eDRX -------------------------------------------------------------------------------------------------------------


@cases(*ALL)
def test_data_wait_for_the_next_window(model: str) -> None:
    async def run(bench: Bench) -> None:
        server = await dial(bench)
        await bench.ok('AT+CEDRXS=1,%d,"0101"' % ACTS[model])
        await send(bench, b"x")
        await pass_time(bench, RRC - 1)
        server.link.answer(b"soon")  # which arrives as the module goes to its windows
        server.link.answer(b"too")
        assert await pass_time(bench, 1) == b""
        assert await pass_time(bench, to_window(bench) - 1) == b""
        assert b'"recv",0' in await pass_time(bench, 1)
        read = await bench.type("AT+QIRD=0,100") + await bench.type("AT+QIRD=0,100")
        assert b"soon" in read and b"too" in read
        server.link.answer(b"at once")  # data have passed just now
        assert b'"recv",0' in await pass_time(bench, 40)

    play(model, run)


@cases("TCP", "UDP")
def test_what_the_host_sends_has_the_rest_come(kind: str) -> None:
    async def run(bench: Bench) -> None:
        server = await dial(bench, kind)
        await bench.ok('AT+CEDRXS=1,5,"1111"')
        await pass_time(bench, RRC)
        server.link.answer(b"waits")
        assert await pass_time(bench, 3_600_000) == b""
        await bench.type("AT+QISEND=0,1")
        assert b'"recv",0' in await bench.raw(b"x") and server.heard == b""
        await pass_time(bench, 40)
        assert server.heard == b"x"

    play("BC65", run)


def test_an_open_has_the_rest_come() -> None:
    async def run(bench: Bench) -> None:
        server = await dial(bench)
        await bench.ok('AT+CEDRXS=1,4,"1111"')
        await pass_time(bench, RRC)
        server.link.answer(b"waits")
        assert await pass_time(bench, 60_000) == b""
        assert b'"recv",0' in await bench.type('AT+QIOPEN=1,1,"UDP","h.example",80')

    play("EC200U", run)


def test_the_end_of_a_connection_waits_too() -> None:
    async def run(bench: Bench) -> None:
        server = await dial(bench)
        await bench.ok('AT+CEDRXS=1,4,"0101"')
        await pass_time(bench, RRC)
        server.link.answer(b"last words")
        server.link.finish()
        assert await pass_time(bench, to_window(bench) - 1) == b""
        assert await pass_time(bench, 1) == b'\r\n+QIURC: "recv",0\r\n\r\n+QIURC: "closed",0\r\n'

    play("BG96", run)


@cases(("AT+CEDRXS=0", "BG96"), ("AT+CEDRXS=3", "EC200U"), ('AT+CEDRXS=1,5,"0101"', "BG96"), ("AT", "BC25"))
def test_without_a_cycle_of_this_technology_nothing_waits(line: str, model: str) -> None:
    async def run(bench: Bench) -> None:
        server = await dial(bench)
        if line.endswith(("0", "3")):
            await bench.ok('AT+CEDRXS=1,4,"0101"')
        await bench.ok(line)
        await pass_time(bench, RRC)
        server.link.answer(b"x")
        assert b'"recv",0' in await pass_time(bench, 40)

    play(model, run)


def test_a_cycle_for_each_technology_and_over_a_restart() -> None:
    async def run(bench: Bench) -> None:
        await bench.ok('AT+CEDRXS=1,4,"0010"', 'AT+CEDRXS=1,5,"0011"')
        shown = b'\r\n+CEDRXS: 4,"0010"\r\n\r\n+CEDRXS: 5,"0011"\r\n' + OK
        assert await bench.answer("AT+CEDRXS?") == shown
        bench.module.power.restart()
        await pass_time(bench, 1000)
        bench.module.terminal.echo = False
        assert await bench.answer("AT+CEDRXS?") == shown
        await bench.ok("AT+CEDRXS=3")
        assert await bench.answer("AT+CEDRXS?") == answer("+CEDRXS: 0")

    play("BG96", run)


def test_a_restart_forgets_what_waits() -> None:
    async def run(bench: Bench) -> None:
        server = await dial(bench)
        await bench.ok('AT+CEDRXS=1,4,"0101"')
        await pass_time(bench, RRC)
        server.link.answer(b"lost")
        await pass_time(bench, 100)
        bench.module.power.restart()
        assert b"recv" not in await pass_time(bench, 2 * CYCLE) and server.over

    play("EC200U", run)


# --- power saving mode of the NB modules ------------------------------------------------------------------------------


@rows("R121", "R219", "R453")
@cases("BC25", "BC65")
def test_the_timer_wakes_from_deep_sleep(model: str) -> None:
    """T3412: awake for as long as nothing is typed, then asleep anew; the pin wakes in between as ever."""

    async def run(bench: Bench) -> None:
        await dial(bench, "UDP")
        await bench.ok('AT+CPSMS=1,,,"00000001","00000001"', "AT+QSCLK=1")  # 600 s, 2 s
        assert await pass_time(bench, 1000) == b"\r\n+QATSLEEP\r\n"
        assert await pass_time(bench, 599_999) == b""
        assert await pass_time(bench, 1) == b"\r\n+QATWAKEUP\r\n"
        assert await pass_time(bench, 1000) == b"\r\n+QATSLEEP\r\n"
        await pass_time(bench, 300_000)
        bench.module.pin("psm_eint", 0, 100)
        assert bench.module.take() == b"\r\n+QATWAKEUP\r\n"
        assert await pass_time(bench, 1000) == b"\r\n+QATSLEEP\r\n"
        assert await pass_time(bench, 599_999) == b""
        assert await pass_time(bench, 1) == b"\r\n+QATWAKEUP\r\n"

    play(model, run)


@rows("R426")
def test_the_timer_wakes_without_a_word() -> None:
    async def run(bench: Bench) -> None:
        await bench.ok('AT+CPSMS=1,,,"00000001","00000001"', "AT+QSCLK=1")
        assert await pass_time(bench, 1000) == b"" and bench.module.power.state == "asleep"
        assert await pass_time(bench, 600_000) == b"" and bench.module.power.state == "running"

    play("BC25", run, options={"sleep_urcs": False})


@rows("R453")
@cases(("TCP", b'"recv",0'), ("UDP", b""))
def test_the_radio_is_off_behind_the_active_time(kind: str, shown: bytes) -> None:
    """Though the port goes on: datagrams are lost, a stream's bytes are sent again by the peer."""

    async def run(bench: Bench) -> None:
        server = await dial(bench, kind)
        await bench.ok('AT+CPSMS=1,,,"00000001","00000101"')  # 600 s, 10 s
        server.link.answer(b"first")
        assert b'"recv",0' in await pass_time(bench, 9999)
        await bench.type("AT+QIRD=0,100")
        await pass_time(bench, 10_000)
        server.link.answer(b"asleep")
        assert await pass_time(bench, 500_000) == b""
        assert shown in await pass_time(bench, 100_000)  # T3412
        assert (b"asleep" in await bench.type("AT+QIRD=0,100")) == (kind == "TCP")
        await pass_time(bench, 20_000)
        server.link.answer(b"again")
        await pass_time(bench, 1000)
        await bench.type("AT+QISEND=0,1")
        assert shown in await bench.raw(b"x")
        server.link.answer(b"awake")
        await pass_time(bench, 40)
        assert b"a" in await bench.type("AT+QIRD=0,100")

    play("BC65", run)


# --- power saving mode of the others ----------------------------------------------------------------------------------


@cases((False, b""), (True, b"\r\nPSM POWER DOWN\r\n"))
def test_power_saving_mode_begins_with_or_without_a_word(told: bool, shown: bytes) -> None:
    async def run(bench: Bench) -> None:
        server = await dial(bench)
        await bench.ok('AT+CPSMS=1,,,"00000001","00000101"')
        assert await pass_time(bench, 9999) == b""
        assert await pass_time(bench, 1) == shown
        assert bench.module.power.state == "psm" and await bench.type("AT") == b""
        await pass_time(bench, 40)
        assert server.over
        bench.module.take()
        assert await pass_time(bench, 600_000 - 41) == b""
        assert b"\r\nRDY\r\n" in await pass_time(bench, 2000)

    play("BG96", run, options={"psm_urc": told})


# --- off the network --------------------------------------------------------------------------------------------------


@cases((2, "BG96"), (3, "EC200U"), (2, "BC25"), (3, "BC65"))
def test_a_stream_stalls_while_there_is_no_network(stat: int, model: str) -> None:
    async def run(bench: Bench) -> None:
        server = await dial(bench)
        bench.module.network.stat = stat
        server.link.answer(b"from afar")
        await send(bench, b"one")
        await send(bench, b"two")
        assert b"recv" not in await pass_time(bench, 60_000) and server.heard == b""
        if model in ("BG96", "EC200U"):
            assert b"+QISEND: 6,0,6" in await bench.type("AT+QISEND=0,0")
        bench.module.network.stat = 1
        assert b'"recv",0' in await pass_time(bench, 40)
        assert server.heard == b"onetwo" and b"from afar" in await bench.type("AT+QIRD=0,100")

    play(model, run)


def test_a_full_stack_refuses_while_there_is_no_network() -> None:
    async def run(bench: Bench) -> None:
        server = await dial(bench)
        bench.module.network.stat = 2
        await send(bench, b"x" * 60)
        await bench.type("AT+QISEND=0,60")
        assert b"SEND FAIL" in await bench.raw(b"y" * 60)
        bench.module.network.stat = 1
        await pass_time(bench, 40)
        assert server.heard == b"x" * 60

    play("EC200U", run, options={"tx_buffer": 100})


@LTE
@rows("R076", "R094")
def test_tls_stalls_too(model: str) -> None:
    async def run(bench: Bench) -> None:
        async with peers.TlsServer(peers.good()) as server:
            await ready(bench, server.port)
            await opened(bench)
            bench.module.take()
            bench.module.network.stat = 2
            await bench.type("AT+QSSLSEND=4,3")
            assert await bench.raw(b"one") == b"\r\nSEND OK\r\n"
            server.peers[0].write(b"from afar")
            assert b"recv" not in await pass_time(bench, 60_000) and server.heard == b""
            bench.module.network.stat = 1
            await peers.until(lambda: server.heard == b"one")
            await bench.module.settle()
            assert b"from afar" in await bench.type("AT+QSSLRECV=4,1500")

    play(model, run)


@LTE
def test_tls_waits_for_its_window(model: str) -> None:
    async def run(bench: Bench) -> None:
        async with peers.TlsServer(peers.good()) as server:
            await ready(bench, server.port)
            await opened(bench)
            await bench.ok('AT+CEDRXS=1,4,"0101"')
            assert await pass_time(bench, RRC) == b""
            server.peers[0].write(b"waits")
            await pass_time(bench, 0)
            await peers.until(lambda: bench.connection(4).early)
            assert b'"recv",4' in await pass_time(bench, to_window(bench))

    play(model, run)


# --- light sleep ------------------------------------------------------------------------------------------------------


def _typed(bench: Bench, line: str) -> bytes:
    bench.module.feed(line.encode() + b"\r")
    return bench.module.take()


@cases("BG96", "EC200U")
def test_light_sleep_by_the_line(model: str) -> None:
    """Nothing that is typed ends it: DTR does, and what is typed first behind it is lost."""

    async def run(bench: Bench) -> None:
        await bench.ok("AT+QSCLK=1")
        await pass_time(bench, 5000)
        assert _typed(bench, "AT") == OK  # DTR is low
        bench.module.pin("dtr", 1)
        await pass_time(bench, 4999)
        assert _typed(bench, "AT") == OK
        await pass_time(bench, 5000)
        assert bench.module.saving.dozes and _typed(bench, "AT") == _typed(bench, "AT+CSQ") == b""
        bench.module.pin("dtr", 0)
        assert not bench.module.saving.dozes
        assert [_typed(bench, "AT") for _ in range(3)] == [b"", b"\r\nERROR\r\n", OK]  # "AT" CR "A" is lost

    play(model, run)


@rows("R222", "R426")
@cases("BC25", "BC65")
def test_light_sleep_without_a_line(model: str) -> None:
    async def run(bench: Bench) -> None:
        server = await dial(bench)
        await bench.ok("AT+QSCLK=2")
        await pass_time(bench, 3_600_000)
        assert bench.module.saving.dozes and bench.module.power.state == "running"
        server.link.answer(b"x")
        assert b'"recv",0' in await pass_time(bench, 40)  # it listens, and says so
        assert [_typed(bench, "ATATAT") for _ in range(2)] == [b"\r\nOK\r\n", b"\r\nERROR\r\n"]
        await pass_time(bench, 5000)
        bench.module.pin("psm_eint", 0, 100)
        assert not bench.module.saving.dozes and _typed(bench, "ATATAT") == OK

    play(model, run)


@pytest.mark.parametrize("how", [lambda b: b.module.power.restart(), lambda b: b.module.fault("reboot")])
def test_a_restart_ends_light_sleep(how: "Callable[[Bench], object]") -> None:
    async def run(bench: Bench) -> None:
        await bench.ok("AT+QSCLK=1")
        bench.module.pin("dtr", 1)
        await pass_time(bench, 5000)
        how(bench)
        assert not bench.module.saving.dozes
        assert b"RDY" in await pass_time(bench, 1000)
        bench.module.terminal.echo = False
        assert _typed(bench, "AT") == OK

    play("BG96", run)
