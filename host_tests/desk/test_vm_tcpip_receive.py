"""Receiving, listeners and UDP on the NB families."""

from __future__ import annotations

import asyncio

from kit import cases, rows
from vm_bench import OK, Bench, answer, play
from vm_nb import BOTH, OPEN, SENT, opened
from vm_peers import until
from vm_player import Peer, UdpPeer, free_local, said


@rows("R011", "R106", "R108", "R109", "R169", "R170", "R213", "R284", "R412")
@cases(*BOTH)
def test_one_urc_until_the_buffer_is_read(model: str) -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            await bench.type('AT+QICFG="showlength",1')
            assert await said(bench, peer, b"first") == b'\r\n+QIURC: "recv",0,5\r\n'
            assert await said(bench, peer, b"second") == b""
            assert await bench.type("AT+QIRD=0,2") == b"\r\n+QIRD: 2,3\r\nfi\r\n" + OK
            assert await said(bench, peer, b"third") == b""
            assert await bench.type("AT+QIRD=0,512") == b"\r\n+QIRD: 3,0\r\nrst\r\n" + OK
            assert await bench.type("AT+QIRD=0,512") == b"\r\n+QIRD: 6,0\r\nsecond\r\n" + OK
            assert await bench.type("AT+QIRD=0,512") == b"\r\n+QIRD: 5,0\r\nthird\r\n" + OK
            assert await bench.type("AT+QIRD=0,512") == answer("+QIRD: 0")
            assert await said(bench, peer, b"again") == b'\r\n+QIURC: "recv",0,5\r\n'

    play(model, run)


@rows("R166", "R167", "R168", "R291", "R354")
@cases(("BC65", 1024), ("BC25", 512))
def test_what_read_refuses(model: str, limit: int) -> None:
    async def run(bench: Bench) -> None:
        await bench.type('AT+QIOPEN=1,1,"TCP LISTENER","0.0.0.0",0,2020')
        async with Peer() as peer:
            await opened(bench, peer)
            for line, code in (
                ("AT+QIRD=0", 552),
                ("AT+QIRD=0,0", 552),
                ("AT+QIRD=0,%d" % (limit + 1), 552),
                ("AT+QIRD=6,1", 552),
                ("AT+QIRD=2,1", 567),
                ("AT+QIRD=1,1", 572),
            ):
                await bench.refused(line, code)
            await said(bench, peer, b"q" * (limit + 5))
            assert await bench.type("AT+QIRD=0,%d" % limit) == b"\r\n+QIRD: %d\r\n%s\r\n" % (limit, b"q" * limit) + OK
            assert await bench.type("AT+QIRD=0,%d" % limit) == b"\r\n+QIRD: 5\r\nqqqqq\r\n" + OK

    play(model, run)


@rows("R199", "R409", "R410", "R441")
@cases(
    (0, 0, 0, b"\r\n+QIRD: 4\r\n\x00\r\nO\r\n"),
    (1, 0, 0, b"\r\n+QIRD: 4,\x00\r\nO\r\n"),
    (0, 1, 0, b"\r\n+QIRD: 4,0\r\n\x00\r\nO\r\n"),
    (1, 1, 0, b"\r\n+QIRD: 4,0,\x00\r\nO\r\n"),
    (0, 0, 1, b"\r\n+QIRD: 4\r\n000D0A4F\r\n"),
    (1, 1, 1, b"\r\n+QIRD: 4,0,000D0A4F\r\n"),
)
def test_views_of_data_that_is_read(view: int, length: int, form: int, shown: bytes) -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            for item in ('"viewmode",%d' % view, '"showlength",%d' % length, '"dataformat",0,%d' % form):
                await bench.type("AT+QICFG=" + item)
            await said(bench, peer, b"\x00\r\nO")
            assert await bench.type("AT+QIRD=0,10") == shown + OK

    play("BC65", run)


@rows("R107", "R214", "R355", "R357", "R408", "R410", "R448", "R452")
@cases(
    (0, 0, 0, {}, b'\r\n+QIURC: "recv",0\r\nO\r\n\xff\r\n'),
    (0, 1, 0, {}, b'\r\n+QIURC: "recv",0,4\r\nO\r\n\xff\r\n'),
    (1, 1, 0, {}, b'\r\n+QIURC: "recv",0,4,O\r\n\xff\r\n'),
    (1, 0, 0, {}, b'\r\n+QIURC: "recv",0,O\r\n\xff\r\n'),
    (0, 1, 1, {}, b'\r\n+QIURC: "recv",0,4\r\n4F0D0AFF\r\n'),
    (0, 0, 0, {"push_length_always": True}, b'\r\n+QIURC: "recv",0,4\r\nO\r\n\xff\r\n'),
)
def test_views_of_data_that_is_pushed(
    view: int, length: int, form: int, options: dict[str, object], shown: bytes
) -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer, rest=",0,1")
            for item in ('"viewmode",%d' % view, '"showlength",%d' % length, '"dataformat",0,%d' % form):
                await bench.type("AT+QICFG=" + item)
            assert await said(bench, peer, b"O\r\n\xff") == shown

    play("BC25", run, options=options)


@rows("R177", "R295", "R447")
@cases(*BOTH)
def test_switching_the_mode(model: str) -> None:
    async def run(bench: Bench) -> None:
        await bench.refused("AT+QISWTMD=0,1", 567)
        await bench.refused("AT+QISWTMD=0,2", 552)
        async with Peer() as peer:
            await opened(bench, peer)
            await said(bench, peer, b"old")
            await bench.ok("AT+QISWTMD=0,1")
            assert await said(bench, peer, b"new") == b'\r\n+QIURC: "recv",0\r\nnew\r\n'
            assert await bench.type("AT+QIRD=0,9") == b"\r\n+QIRD: 3\r\nold\r\n" + OK
            assert await bench.type("AT+QIRD=0,9") == answer("+QIRD: 0")

    play(model, run)


@rows("R411", "R215")
def test_back_pressure() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            data = bytes(range(256)) * 400
            peer.say(data)
            await bench.module.settle()
            assert bench.module.take() == b'\r\n+QIURC: "recv",0\r\n\r\n+QIURC: "recv",0,"buff full"\r\n'
            got, empty = b"", 0
            for _ in range(2000):
                piece = await bench.type("AT+QIRD=0,512") if empty else await _read(bench)
                if piece.startswith(b"\r\n+QIRD: 0"):
                    break
                head, _, rest = piece[2:].partition(b"\r\n")
                got += rest[: int(head.split(b":")[1])]
            assert got == data

    async def _read(bench: Bench) -> bytes:
        bench.module.feed(b"AT+QIRD=0,512\r")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return bench.module.take()

    play("BC25", run, options={"rx_nodes": 3, "segment": 500})


@rows("R411")
def test_datagrams_that_find_no_room_are_lost() -> None:
    async def run(bench: Bench) -> None:
        async with UdpPeer() as peer:
            await opened(bench, peer, kind="UDP")
            await bench.type('AT+QISEND=0,2,"hi"')
            await until(lambda: peer.heard)
            assert await said(bench, peer, b"one") == b'\r\n+QIURC: "recv",0\r\n'
            assert await said(bench, peer, b"two") == b""
            assert await said(bench, peer, b"three") == b'\r\n+QIURC: "recv",0,"buff full"\r\n'
            assert await said(bench, peer, b"four") == b""
            assert await bench.type("AT+QIRD=0,2") == b"\r\n+QIRD: 2\r\non\r\n" + OK
            assert await bench.type("AT+QIRD=0,100") == b"\r\n+QIRD: 1\r\ne\r\n" + OK
            assert await bench.type("AT+QIRD=0,100") == b"\r\n+QIRD: 3\r\ntwo\r\n" + OK
            assert await bench.type("AT+QIRD=0,100") == answer("+QIRD: 0")
            assert await said(bench, peer, b"five") == b'\r\n+QIURC: "recv",0\r\n'

    play("BC65", run, options={"rx_nodes": 2})


@rows("R174", "R212", "R281", "R384", "R394")
@cases(*BOTH)
def test_peer_closes(model: str) -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            await said(bench, peer, b"last words")
            peer.links[-1].close()
            assert await bench.until("closed") == b'\r\n+QIURC: "closed",0\r\n'
            assert b",3,1,0\r\n" in await bench.type("AT+QISTATE?")
            assert await bench.type("AT+QIRD=0,99") == b"\r\n+QIRD: 10\r\nlast words\r\n" + OK
            await bench.refused('AT+QISEND=0,1,"a"', 567)
            await bench.refused(OPEN % (0, "TCP"), 563)
            assert await bench.type("AT+QICLOSE=0") == OK + b"\r\nCLOSE OK\r\n"
            await opened(bench, peer)

    play(model, run)


def test_peer_resets() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            await said(bench, peer, b"lost words")
            bench.module.fault("peer_rst", id=0)
            assert bench.module.take() == b'\r\n+QIURC: "closed",0\r\n'
            assert await bench.type("AT+QIRD=0,99") == answer("+QIRD: 0")
            await until(lambda: peer.ended)

    play("BC25", run)


@rows("R390")
def test_recv_urc_lost() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            bench.module.fault("recv_urc_lost")
            assert await said(bench, peer, b"a") == b""
            assert await bench.type("AT+QIRD=0,9") == b"\r\n+QIRD: 1\r\na\r\n" + OK
            await bench.type("AT+QISEND=0,1")
            assert await said(bench, peer, b"b") == b""
            assert await bench.raw(b"x") == SENT
            assert await bench.type("AT+QIRD=0,9") == b"\r\n+QIRD: 1\r\nb\r\n" + OK
            bench.module.fault("recv_urc_twice")
            assert await said(bench, peer, b"c") == 2 * b'\r\n+QIURC: "recv",0\r\n'

    play("BC25", run, options={"lossy_urc_in_data_mode": True})


@rows("R216", "R217", "R282", "R413", "R414")
@cases(("lowest", 1), ("highest", 5))
def test_clients_of_a_listener(which: str, number: int) -> None:
    async def run(bench: Bench) -> None:
        loop = asyncio.get_running_loop()
        await bench.type('AT+QIOPEN=1,0,"TCP LISTENER","0.0.0.0",0,2020,1')
        where = bench.module.sockets[0]["local"]
        clients = [free_local() for _ in range(6)]
        for client in clients[:5]:
            await loop.sock_connect(client, where)
            assert b'"incoming",' in await bench.until("incoming")
        first = bench.connection(number)
        assert first.port == clients[0].getsockname()[1] and first.mode == 0
        shown = await bench.type("AT+QISTATE=1,%d" % number)
        assert b'"TCP INCOMING","127.0.0.1",%d,2020,2,1,0' % clients[0].getsockname()[1] in shown
        await loop.sock_connect(clients[5], where)
        assert await bench.until("full") == b'\r\n+QIURC: "incoming full"\r\n'
        await bench.type("AT+QICLOSE=0")
        assert await bench.type('AT+QISEND=%d,5,"hello"' % number) == SENT
        assert await loop.sock_recv(clients[0], 9) == b"hello"
        for client in clients:
            client.close()

    play("BC65", run, options={"incoming_id": which})


@rows("R104", "R283")
def test_udp_datagrams_stay_apart() -> None:
    async def run(bench: Bench) -> None:
        async with UdpPeer(lambda data: data[::-1]) as peer:
            await opened(bench, peer, kind="UDP")
            assert await bench.type('AT+QISEND=0,3,"abc"') == SENT + b'\r\n+QIURC: "recv",0\r\n'
            await bench.type('AT+QISEND=0,2,"de"')
            assert peer.heard == [b"abc", b"de"]
            assert await bench.type("AT+QIRD=0,512") == b"\r\n+QIRD: 3\r\ncba\r\n" + OK
            assert await bench.type("AT+QIRD=0,512") == b"\r\n+QIRD: 2\r\ned\r\n" + OK

    play("BC25", run)


@rows("R411")
def test_a_full_buffer_stops_the_peer() -> None:
    async def run(bench: Bench) -> None:
        async with Peer(4096) as peer:
            await opened(bench, peer)
            peer.say(bytes(8 << 20))
            await bench.module.settle()
            assert peer.links[-1].get_write_buffer_size() > 0
            connection = bench.connection(0)
            assert connection.received < 1 << 20
            await bench.type("AT+QICLOSE=0")
            await until(lambda: peer.ended)

    play("BC65", run)


@rows("R394", "R446")
def test_nothing_is_said_about_a_connection_before_its_open() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            connection = bench.connection(0)
            connection.hold(True)
            connection.deliver(b"early")
            connection.peer_closed()
            assert bench.module.take() == b""
            connection.hold(False)
            assert bench.module.take() == b'\r\n+QIURC: "recv",0\r\n\r\n+QIURC: "closed",0\r\n'

    play("BC65", run)
