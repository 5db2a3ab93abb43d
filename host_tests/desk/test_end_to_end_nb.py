"""BC65 and BC25, driver and virtual module together: a mebibyte each way, six sockets, a server, modes, send forms."""

from __future__ import annotations

import asyncio
import hashlib
import socket
from typing import Any

from desk import servers
from e2e import BUFFER, HOST, PUSH, SOCK_DGRAM, Bench, echo, go, hostile, on, play, take
from kit import rows

MIB = 1024 * 1024
RINGS = {"rx_ring": 8192}
SIX = {"slots": 6, "rx_ring": 2048}
WINDOW = 6000  # bytes under way: they have room in the ring


async def echoed(sock: Any, data: bytes) -> str:
    """Send all of data to an echo; the SHA-256 of what comes back."""
    digest, buf = hashlib.sha256(), bytearray(4096)
    sent = got = 0
    view = memoryview(data)
    while got < len(data):
        if sent < len(data) and sent - got + 1400 <= WINDOW:
            n = await go(sock.send(view[sent : sent + 1400]))
            sent += n
            continue
        n = await go(sock.recv_into(buf))
        assert n, "the connection ended after %d bytes" % got
        digest.update(buf[:n])
        got += n
    return digest.hexdigest()


@rows("R105", "R149", "R166", "R214", "R289", "R291", "R441")
@on("BC65", "BC25")
def test_a_mebibyte_each_way_in_both_modes(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        data = hostile(MIB)
        wanted = hashlib.sha256(data).hexdigest()
        for mode in (BUFFER, PUSH):
            server = bench.world.serve(HOST, servers.tcp_echo())
            sock = await bench.dial(mode=mode)
            assert await echoed(sock, data) == wanted == server.digest and server.received == MIB
            await go(sock.close())
        stats = bench.modem.stats
        assert (stats.framing, stats.rx_lost, stats.timeouts, stats.unknown, stats.late) == (0, 0, 0, 0, 0)

    play(face, model, body, driver=RINGS)


# --- six at once --------------------------------------------------------------------------------------------------

SIX_WAYS: "list[dict[str, Any]]" = [
    {},
    {"mode": PUSH},
    {"type": SOCK_DGRAM, "host": "udp.example"},
    {"mode": BUFFER},
    {"mode": PUSH},
    {"type": SOCK_DGRAM, "host": "udp.example", "mode": PUSH},
]
ROUNDS, PART = 40, 500


class Talk:
    """One socket's traffic: numbered parts, each awaited before the next."""

    def __init__(self, sock: Any, number: int) -> None:
        self.sock = sock
        self.number = number
        self.round = 0
        self.sent = False
        self.got = b""

    def part(self) -> bytes:
        return (b"<%d.%d>" % (self.number, self.round) * PART)[:PART]

    def heard(self, data: bytes) -> None:
        self.got += data
        assert self.part().startswith(self.got), (self.number, self.round)
        if len(self.got) == PART:
            self.round, self.got, self.sent = self.round + 1, b"", False

    async def run(self, seen: "list[list[int]]", talks: "list[Talk]") -> None:
        while self.round < ROUNDS:
            await self.sock.sendall(self.part())
            while len(self.got) < PART:
                self.got += await self.sock.recv(PART)
            assert self.got == self.part()
            self.round, self.got = self.round + 1, b""
            seen.append([talk.round for talk in talks])

    def step(self) -> bool:
        """Without waiting: True if anything was done."""
        if self.round == ROUNDS:
            return False
        try:
            if not self.sent:
                self.sock.send(self.part())
                self.sent = True
                return True
            self.heard(self.sock.recv(PART - len(self.got)))
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno != 11:
                raise
            return False
        return True


async def all_at_once(face: str, talks: "list[Talk]", bench: Bench) -> "list[list[int]]":
    """Let all talk; the rounds of all, each time that one has had a round."""
    seen: "list[list[int]]" = []
    if face == "asyncio":
        await asyncio.gather(*[talk.run(seen, talks) for talk in talks])
        return seen
    for talk in talks:
        talk.sock.settimeout(0)
    while any(talk.round < ROUNDS for talk in talks):
        before = sum(talk.round for talk in talks)
        if not any([talk.step() for talk in talks]):
            await bench.turn()
        if sum(talk.round for talk in talks) > before:
            seen.append([talk.round for talk in talks])
    return seen


@rows("R112", "R287")
@on("BC65", "BC25")
def test_six_sockets_at_once_and_none_starves(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve(HOST, servers.tcp_echo())
        bench.world.serve("udp.example", servers.udp_echo())
        socks = [await bench.dial(**way) for way in SIX_WAYS]
        assert sorted(sock.id for sock in socks) == list(range(6))
        seen = await all_at_once(face, [Talk(sock, i) for i, sock in enumerate(socks)], bench)
        assert seen[-1] == [ROUNDS] * 6
        first_done = next(rounds for rounds in seen if max(rounds) == ROUNDS)
        assert min(first_done) >= ROUNDS // 2, first_done
        try:
            bench.modem.socket()
        except OSError:
            pass
        else:
            raise AssertionError("a seventh socket")
        for sock in socks:
            await go(sock.close())

    play(face, model, body, driver=SIX)


# --- a server -----------------------------------------------------------------------------------------------------


@rows("R118", "R129", "R141", "R154", "R216", "R217", "R220", "R221", "R282", "R413", "R414")
@on("BC65", "BC25")
def test_a_server_with_three_clients(face: str, model: str) -> None:
    """Clients are Python's own sockets; each gets its own lines back, and one more than there are slots is refused."""

    async def body(bench: Bench) -> None:
        listener = bench.modem.socket()
        listener.settimeout(5)
        listener.bind(("", 2020))
        await go(listener.listen(3))
        where = bench.module.sockets[0]["local"]
        clients = [socket.create_connection(where, 5) for _ in range(3)]
        served = [(await go(listener.accept())) for _ in clients]
        assert {peer[1] for _, peer in served} == {client.getsockname()[1] for client in clients}
        by_port = {peer[1]: sock for sock, peer in served}
        for turn in range(5):
            for client in clients:
                client.sendall(hostile(900) + b"%d" % turn)
            for client in clients:
                sock = by_port[client.getsockname()[1]]
                sock.settimeout(5)
                data = await go(sock.read(901))
                assert data == hostile(900) + b"%d" % turn
                await go(sock.sendall(data))
                assert take(client, 901) == data
        refused = socket.create_connection(where, 5)
        await bench.until(lambda: bench.modem.stats.no_slot and len(bench.module.sockets) == 4)
        refused.settimeout(5)
        assert refused.recv(1) == b"" and bench.modem.stats.no_slot == 1
        for client in (*clients, refused):
            client.close()
        for sock in by_port.values():
            assert await go(sock.recv(1)) == b""
            await go(sock.close())
        await go(listener.close())
        assert bench.module.sockets == []

    play(face, model, body)


# --- modes and forms ----------------------------------------------------------------------------------------------


@rows("R105", "R177", "R447")
@on("BC65", "BC25")
def test_the_mode_is_switched_under_way(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve(HOST, servers.tcp_echo())
        sock = await bench.dial()
        for mode in (PUSH, BUFFER, PUSH, PUSH, BUFFER):
            await go(sock.set_mode(mode))
            assert sock.mode == mode and bench.module.sockets[0]["mode"] == mode
            await echo(sock, hostile(5000))
        await go(sock.close())
        assert bench.modem.stats.framing == 0

    play(face, model, body, driver=RINGS)


@rows("R147", "R159", "R402")
@on("BC65", "BC25", "BG96")
def test_sending_in_the_command_line(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve(HOST, servers.tcp_echo())
        sock = await bench.dial()
        sock.set_send_form("hex" if model == "BG96" else "inline")
        parts = [b"plain text, with commas", bytes(range(180)), hostile(150), b"x" * 370, hostile(700), b'"', b"\x1a"]
        for part in parts:
            await echo(sock, part)
        await go(sock.close())
        typed = [line for _, way, line in bench.module.log if way == ">>" and b'"' in line and b"+QISEND" in line]
        assert len(typed) >= 4, typed

    play(face, model, body)


@rows("R390")
@on("BC65", "BC25")
def test_announcements_that_are_lost_in_data_entries(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve(HOST, servers.tcp_echo())
        sock = await bench.dial()
        await echo(sock, hostile(3000))
        await go(sock.close())

    play(face, model, body, options={"lossy_urc_in_data_mode": True})
