"""QICFG items that do something, servers that ask before they accept, contexts brought up beside the port (LTE)."""

from __future__ import annotations

import asyncio
import socket

from kit import cases, rows
from vm_bench import ERROR, OK, Bench, answer, play
from vm_lte import BOTH, SENT, opened, passed
from vm_peers import free_port, until
from vm_player import Peer, UdpPeer, free_local, ntp_answer, said

NEW_ITEMS = (
    ("passiveclosed", "0", "1"),
    ("tcp/accept", "1", "0"),
    ("tcp/twrecycle", "0", "1"),
    ("udp/readmode", "0", "1"),
    ("udp/sendmode", "0", "1"),
    ("close/mode", "0", "1"),
    ("recvind", "0", "1"),
    ("sendinfo", "0", "1"),
    ("formatcfg", "0", "1"),
    ("qisend/timeout", "5", "0"),
    ("tcp/keepalive", "0,120,25,3", "1,1800,100,10"),
)


def test_items_of_ec200u() -> None:
    async def run(bench: Bench) -> None:
        for item, default, other in NEW_ITEMS:
            line = '+QICFG: "%s",' % item
            assert await bench.type('AT+QICFG="%s"' % item) == answer(line + default)
            await bench.ok('AT+QICFG="%s",%s' % (item, other))
            assert await bench.type('AT+QICFG="%s"' % item) == answer(line + other)
        for wrong in ('"tcp/accept",2', '"udp/readmode",2', '"qisend/timeout",121', '"tcp/keepalive",1,0'):
            await bench.refused("AT+QICFG=" + wrong, 552)

    async def none(bench: Bench) -> None:
        for item, _, other in NEW_ITEMS:
            await bench.refused('AT+QICFG="%s",%s' % (item, other), 552)

    play("EC200U", run)
    play("BG96", none)


def test_slow_input_is_given_up_on_ec200u_only() -> None:
    async def slow(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            await bench.ok('AT+QICFG="qisend/timeout",2')
            await bench.type("AT+QISEND=0,4")
            assert passed(bench, 1900) == b""
            await bench.raw(b"ab")
            assert passed(bench, 1900) == b""  # silence counts, not the whole time
            assert passed(bench, 200) + await bench.raw(b"") == ERROR
            await bench.ok('AT+QICFG="qisend/timeout",0')
            await bench.type("AT+QISEND=0,4")
            assert passed(bench, 1_000_000) == b""
            assert await bench.raw(b"late") == SENT
            assert peer.heard == b"late"

    play("EC200U", slow)

    async def patient(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            await bench.type("AT+QISEND=0,4")
            assert passed(bench, 1_000_000) == b""
            assert await bench.raw(b"late") == SENT

    play("BG96", patient)


def test_status_of_sendinfo() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            await bench.ok('AT+QICFG="sendinfo",1')
            await bench.type("AT+QISEND=0,2")
            assert await bench.raw(b"ab") == b"\r\n+QISEND: 0,0,5000\r\n" + OK
            bench.module.fault("send_fail")
            await bench.type("AT+QISEND=0,2")
            assert await bench.raw(b"ab") == b"\r\n+QISEND: 0,1,5000\r\n" + OK
            assert await bench.type('AT+QISENDEX=0,"41"') == b"\r\n+QISENDEX: 0,0,5000\r\n" + OK

    play("EC200U", run, options={"tx_buffer": 5000})


@cases(*BOTH)
def test_counts_are_those_of_the_wire(model: str) -> None:
    """What the peer's stack took is acknowledged; what waits for its room is not."""

    async def run(bench: Bench) -> None:
        async with Peer(4096) as peer:
            await opened(bench, peer)
            peer.links[-1].pause_reading()
            sent = 0
            for _ in range(60):
                await bench.type("AT+QISEND=0,1460")
                if await bench.raw(bytes(1460)) != SENT:
                    break
                sent += 1460
            total, acked, unacked = await counts(bench)
            assert total == sent and acked + unacked == total
            assert 0 < unacked < total
            peer.links[-1].resume_reading()
            await until(lambda: len(peer.heard) == sent)
            assert await counts(bench) == [sent, sent, 0]

    play(model, run, options={"tx_buffer": 65536})


async def counts(bench: Bench) -> list[int]:
    got = await bench.type("AT+QISEND=0,0")
    return [int(one) for one in got.split(b": ")[1].split(b"\r\n")[0].split(b",")]


@cases(("0", [b"one", b"two"]), ("1", [b"onetwo"]))
def test_reading_datagrams_one_by_one_or_as_a_stream(mode: str, want: list[bytes]) -> None:
    async def run(bench: Bench) -> None:
        async with UdpPeer() as peer:
            await bench.ok('AT+QICFG="udp/readmode",' + mode)
            await opened(bench, peer, 0, "UDP")
            await bench.type("AT+QISEND=0,1")
            await bench.raw(b"?")
            await until(lambda: peer.senders)
            assert await said(bench, peer, b"one") == b'\r\n+QIURC: "recv",0\r\n'
            assert await said(bench, peer, b"two") == b""
            for data in want:
                assert await bench.type("AT+QIRD=0,1500") == b"\r\n+QIRD: %d\r\n%s\r\n" % (len(data), data) + OK
            assert await bench.type("AT+QIRD=0,1500") == answer("+QIRD: 0")

    play("EC200U", run)


def test_a_datagram_is_read_in_pieces_but_never_with_the_next() -> None:
    async def run(bench: Bench) -> None:
        async with UdpPeer() as peer:
            await opened(bench, peer, 0, "UDP")
            await bench.type("AT+QISEND=0,1")
            await bench.raw(b"?")
            await until(lambda: peer.senders)
            await said(bench, peer, b"first")
            await said(bench, peer, b"second")
            for length, data in ((3, b"fir"), (100, b"st"), (100, b"second")):
                got = await bench.type("AT+QIRD=0,%d" % length)
                assert got == b"\r\n+QIRD: %d\r\n%s\r\n" % (len(data), data) + OK

    play("BG96", run)


@rows("R391")
@cases((False, b""), (True, b'\r\n+QIURC: "recv",0\r\n'))
def test_announcing_once_or_always(always: bool, again: bytes) -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            assert await said(bench, peer, b"first") == b'\r\n+QIURC: "recv",0\r\n'
            assert await said(bench, peer, b"second") == again

    play("EC200U", run, options={"recv_urc_always": always})


async def listening(bench: Bench, rest: str = "") -> tuple[str, int]:
    await bench.ok("AT+QIACT=1", "AT+QISDE=0")
    await bench.type('AT+QIOPEN=1,0,"TCP LISTENER","127.0.0.1",0,2020' + rest)
    where: tuple[str, int] = bench.module.sockets[0]["local"]
    return where


async def knock(bench: Bench, where: tuple[str, int], first: bytes = b"") -> socket.socket:
    client = free_local()
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, where)
    if first:
        await loop.sock_sendall(client, first)
    shown = await bench.until("incoming")
    assert shown == b'\r\n+QIURC: "incoming",11,0,"127.0.0.1",%d\r\n' % client.getsockname()[1]
    return client


@rows("R217")
def test_clients_that_wait_to_be_accepted() -> None:
    async def run(bench: Bench) -> None:
        await bench.ok('AT+QICFG="tcp/accept",0')
        where = await listening(bench)
        with await knock(bench, where, b"hello") as client:
            assert b'11,"TCP INCOMING"' in await bench.type("AT+QISTATE=1,11")
            assert b",1,1,0,0," in await bench.type("AT+QISTATE=1,11")  # opening
            await bench.refused("AT+QISEND=11,1", 567)
            await bench.refused("AT+QIACCEPT=0,1", 572)
            await bench.refused("AT+QIACCEPT=11,2", 552)
            await bench.refused("AT+QIACCEPT=10,1", 567)
            assert await bench.type("AT+QIACCEPT=11,1") == OK + b'\r\n+QIURC: "recv",11\r\n'
            assert await bench.type("AT+QIRD=11,9") == b"\r\n+QIRD: 5\r\nhello\r\n" + OK
            await bench.type("AT+QISEND=11,2")
            assert await bench.raw(b"yo") == SENT
            assert await asyncio.get_running_loop().sock_recv(client, 9) == b"yo"
            await bench.refused("AT+QIACCEPT=11,1", 572)
            await bench.ok("AT+QICLOSE=11")
        with await knock(bench, where) as client:
            await bench.ok("AT+QIACCEPT=11,0", "AT+QISTATE=1,11")
            try:
                assert await asyncio.get_running_loop().sock_recv(client, 9) == b""
            except ConnectionResetError:
                pass

    play("EC200U", run)


@rows("R217", "R447")
@cases((0, 1, 0), (1, 1, 1), ("listener", 0, 0), ("listener", 1, 1))
def test_mode_of_an_incoming_connection(option: object, listener: int, mode: int) -> None:
    async def run(bench: Bench) -> None:
        where = await listening(bench, ",%d" % listener)
        with await knock(bench, where):
            assert b',"TCP INCOMING","127.0.0.1",' in await bench.type("AT+QISTATE=1,11")
            assert b",2,1,0,%d," % mode in await bench.type("AT+QISTATE=1,11")

    play("BG96", run, options={"incoming_mode": option})


@cases(("", 150_000), (",0,0,11,20", 20_000))
def test_time_of_a_connect(rest: str, limit_ms: int) -> None:
    async def run(bench: Bench) -> None:
        await bench.ok("AT+QIACT=1")
        bench.module.fault("connect_timeout")
        line = 'AT+QIOPEN=1,0,"TCP","127.0.0.1",%d' % free_port()
        assert await bench.type(line + rest) == OK
        assert passed(bench, limit_ms - 1) == b""
        assert passed(bench, 1) + await bench.raw(b"") == b"\r\n+QIOPEN: 0,569\r\n"
        await bench.ok("AT+QICLOSE=0")
        await bench.refused(line + ",0,0,11,9", 552)
        await bench.refused(line + ",0,0,11,151", 552)

    play("EC200U", run)

    async def bg96(bench: Bench) -> None:
        await bench.refused('AT+QIOPEN=1,0,"TCP","127.0.0.1",80,0,0,11', 552)

    play("BG96", bg96)


@cases(("BG96", ",0", False), ("BG96", "", True), ("EC200U", ",0", False), ("EC200U", ",5", True))
def test_closing_at_once_drops_what_waits(model: str, timeout: str, all_of_it: bool) -> None:
    async def run(bench: Bench) -> None:
        async with Peer(4096) as peer:
            await opened(bench, peer)
            peer.links[-1].pause_reading()
            sent = 0
            while bench.connection(0).unsent() < 3000:
                await bench.answer("AT+QISEND=0,1460")
                bench.module.feed(bytes(1460))
                await asyncio.sleep(0)
                sent += 1460
            await bench.module.settle()
            bench.module.take()
            await bench.ok("AT+QICLOSE=0" + timeout, "AT+QISTATE=1,0")
            peer.links[-1].resume_reading()
            await until(lambda: peer.ended)
            assert (len(peer.heard) == sent) is all_of_it
            await bench.refused("AT+QICLOSE=0,65536", 552)

    play(model, run, options={"tx_buffer": 65536})


def test_context_brought_up_beside_the_port() -> None:
    async def run(bench: Bench) -> None:
        assert await bench.type("AT+QIACTEX=1") == OK + b"\r\n+QIACTEX: 1,0\r\n"
        assert await bench.type("AT+QIACTEX=2,1") == OK + b'\r\n+QIACTEX: 2,0,1,"10.76.51.180"\r\n'
        assert (await bench.type("AT+QIACT?")).count(b"+QIACT: ") == 2
        assert await bench.type("AT+QIDEACTEX=2") == OK + b"\r\n+QIDEACTEX: 2,0\r\n"
        assert (await bench.type("AT+QIACT?")).count(b"+QIACT: ") == 1
        bench.module.fault("qiact_slow", ms=60_000)
        bench.module.fault("qiact_fails")
        assert await bench.type("AT+QIACTEX=3,1") == OK
        assert await bench.type("AT") == OK  # the port is free meanwhile
        assert passed(bench, 59_999) == b""
        assert passed(bench, 1) + await bench.raw(b"") == b"\r\n+QIACTEX: 3,561\r\n"
        assert (await bench.type("AT+QIGETERROR")).startswith(b"\r\n+QIGETERROR: 561,")
        for wrong in ("ACTEX=8", "ACTEX=1,2", "DEACTEX=0", "DEACTEX=1,1"):
            await bench.refused("AT+QI" + wrong, 552)
        assert await bench.type("AT+QIACTEX=?") == answer("+QIACTEX: (1-7),(0,1)")
        assert await bench.type("AT+QIDEACTEX=?") == answer("+QIDEACTEX: (1-7)")

    async def bg96(bench: Bench) -> None:
        for line in ("AT+QIACTEX=1", "AT+QIDEACTEX=1", "AT+QIACCEPT=11,1"):
            assert await bench.type(line) == ERROR

    play("EC200U", run)
    play("BG96", bg96)


@rows("R103")
@cases(*BOTH)
def test_forms_of_the_context_commands(model: str) -> None:
    async def run(bench: Bench) -> None:
        last, auth = {"BG96": (16, 3), "EC200U": (7, 2)}[model]
        for name in ("QIACT", "QIDEACT"):
            assert await bench.type("AT+%s=?" % name) == answer("+%s: (1-%d)" % (name, last))
        want = "+QICSGP: (1-%d),(1-3),<APN>,<username>,<password>,(0-%d)" % (last, auth)
        assert await bench.type("AT+QICSGP=?") == answer(want)
        assert await bench.type("AT+QIACT") == ERROR
        assert await bench.type("AT+QICSGP?") == ERROR
        await bench.refused('AT+QICSGP=1,1,"a","%s",""' % ("u" * 128), 552)
        await bench.refused("AT+QIACT=1,1", 552)

    play(model, run)


@cases(*BOTH)
def test_lost_echoes(model: str) -> None:
    async def run(bench: Bench) -> None:
        await bench.ok("AT+QIACT=1")
        assert await bench.type('AT+QPING=1,"127.0.0.1",2,3') == OK
        got = b""
        for _ in range(6):
            got += passed(bench, 1000) + await bench.raw(b"")
        assert got == (
            b'\r\n+QPING: 0,"127.0.0.1",32,30,255\r\n\r\n+QPING: 569\r\n'
            b'\r\n+QPING: 0,"127.0.0.1",32,50,255\r\n\r\n+QPING: 0,3,2,1,30,50,40\r\n'
        )

    play(model, run, options={"ping_ms": (30, -1, 50)})


@cases(*BOTH)
def test_network_time(model: str) -> None:
    async def run(bench: Bench) -> None:
        async with UdpPeer(ntp_answer(1_785_580_800)) as peer:
            bench.module.resolver.table["ntp.example"] = peer.address
            await bench.ok("AT+QIACT=1", "AT+QNTP?")
            got = await bench.type('AT+QNTP=1,"ntp.example",123,0')
            assert got == OK + b'\r\n+QNTP: 0,"2026/08/01,10:40:00+00"\r\n'
            assert (await bench.type("AT+CCLK?")).startswith(b'\r\n+CCLK: "08/01/04')  # not set
            await bench.type('AT+QNTP=1,"ntp.example"')
            assert (await bench.type("AT+CCLK?")).startswith(b'\r\n+CCLK: "26/08/01,10:40:00+00')
        more = 'AT+QNTP=1,"ntp.example",123,1,10,60'
        if model == "BG96":
            await bench.refused(more, 552)
        for wrong in ('1,"n",0', '1,"n",123,2', "1", '0,"n"', '1,"n",123,1,11'):
            await bench.refused("AT+QNTP=" + wrong, 552)

    async def silent(bench: Bench) -> None:
        async with UdpPeer() as peer:
            bench.module.resolver.table["ntp.example"] = peer.address
            await bench.ok("AT+QIACT=1", 'AT+QNTP=1,"ntp.example",1123')
            assert await bench.type("AT+QNTP?") == answer("+QNTP: ntp.example,1123")
            for _ in range(2):  # it asks twice, a second each
                await bench.module.settle()
                bench.module.clock.advance(1000)
            assert await bench.until("+QNTP") == b"\r\n+QNTP: 569\r\n"
            await bench.ok("AT+QNTP?")

    play(model, run)
    play(model, silent)


@cases(*BOTH)
def test_time_that_the_network_tells(model: str) -> None:
    """UTC, local time, and what was told last; nothing where the network tells none."""

    async def run(bench: Bench) -> None:
        bench.module.clock.advance(65_000)
        assert await bench.type("AT+QLTS=1") == answer('+QLTS: "2026/11/25,23:31:05+32,0"')
        assert await bench.type("AT+QLTS=2") == answer('+QLTS: "2026/11/26,07:31:05+32,0"')
        assert await bench.type("AT+QLTS") == answer('+QLTS: "2026/11/26,07:30:00+32,0"')
        assert await bench.type("AT+QLTS=3") == b"\r\n+CME ERROR: 50\r\n"
        bench.module.network.stat = 2
        assert await bench.type("AT+QLTS=1") == answer('+QLTS: ""')

    async def none(bench: Bench) -> None:
        assert await bench.type("AT+QLTS=1") == answer('+QLTS: ""')

    play(model, run, options={"network_time": "26/11/25,23:30:00+32"})
    play(model, none)


@rows("R299", "R395", "R396")
@cases(*BOTH)
def test_choices_of_the_gaps_as_options(model: str) -> None:
    async def run(bench: Bench) -> None:
        await bench.refused("AT+QICLOSE=3", 567)
        async with Peer() as peer:
            await opened(bench, peer, 3)
            shown = '+QISTATE: 3,"TCP","h.example",80,65344,2,1,3,0,"cmux1"'
            assert (await bench.type("AT+QISTATE=1,3")).replace(b"127.0.0.1", b"h.example") == answer(shown)
            await bench.ok("AT+QICLOSE=3")
        for _ in range(2):  # the id is free again after a failed open
            got = await bench.type('AT+QIOPEN=1,3,"TCP","127.0.0.1",%d' % free_port())
            assert got == OK + b"\r\n+QIOPEN: 3,566\r\n"

    options = {"close_unopened": "ERROR", "failed_open_keeps_id": False, "local_port": 65344, "at_port": "cmux1"}
    play(model, run, options=options)
