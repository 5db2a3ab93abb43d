"""Data of SSL connections in buffer mode and direct push mode, and their end."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Iterator

import pytest
import vm_peers as peers
from kit import rows
from vm_bench import ERROR, OK, Bench, play
from vm_ssl import LTE, opened, ready


@LTE
@rows(
    "R065",
    "R073",
    "R074",
    "R075",
    "R080",
    "R084",
    "R090",
    "R091",
    "R094",
    "R097",
    "R292",
    "R293",
    "R033",
    "R034",
    "R087",
    "R093",
    "R296",
    "R297",
    "R298",
    "R303",
    "R305",
    "R391",
    "R460",
)
def test_buffer_mode(model: str) -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good()) as server:
            await ready(b, server.port)
            assert await b.type_until('AT+QSSLOPEN=1,1,4,"server.test",443', ": 4,") == (OK + b"\r\n+QSSLOPEN: 4,0\r\n")
            local = b.connection(4).local_port
            line = b'\r\n+QSSLSTATE: 4,"SSLClient","server.test",443,%d,2,1,4,0,"uart1",1\r\n' % local
            assert await b.type("AT+QSSLSTATE") == line + OK
            assert await b.type("AT+QSSLSTATE=4") == line + OK
            assert await b.type("AT+QSSLSTATE=3") == OK
            assert await b.type("AT+QSSLSEND=4") == b"\r\n> "
            assert await b.raw(b"one\r\nOK\r\n\x1a") == b'\r\nSEND OK\r\n\r\n+QSSLURC: "recv",4\r\n'
            assert await b.type("AT+QSSLSEND=4,3") == b"\r\n> "
            assert await b.raw(b"\x1a\x1b\x00") == b"\r\nSEND OK\r\n"  # no second URC: the buffer is not empty
            assert await b.type("AT+QSSLRECV=4,4") == b"\r\n+QSSLRECV: 4\r\none\r\r\n" + OK
            assert await b.type("AT+QSSLRECV=4,1500") == b"\r\n+QSSLRECV: 8\r\n\nOK\r\n\x1a\x1b\x00\r\n" + OK
            assert await b.type("AT+QSSLRECV=4,1500") == b"\r\n+QSSLRECV: 0\r\n" + OK
            assert server.heard == b"one\r\nOK\r\n\x1a\x1b\x00"
            assert await b.type("AT+QSSLCLOSE=4") == OK
            await peers.until(server.ended.is_set)
            assert await b.type("AT+QSSLSTATE") == OK
            assert await b.type('AT+QSSLCFG="seclevel",1') == b'\r\n+QSSLCFG: "seclevel",1,1\r\n' + OK
            assert await b.type("AT+QSSLSEND=4,3") == ERROR
            assert await b.type("AT+QIGETERROR") == b"\r\n+QIGETERROR: 567,socket has been closed\r\n" + OK

    play(model, run)


@LTE
@rows("R095", "R392", "R441", "R035", "R304")
def test_direct_push_mode(model: str) -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good()) as server:
            await ready(b, server.port)
            await opened(b, 1)
            b.module.take()
            payload = b'\r\nOK\r\n+QSSLURC: "recv",4,5\r\n\x00'
            server.peers[0].write(payload)
            assert await b.until("\x00\r\n") == b'\r\n+QSSLURC: "recv",4,%d\r\n%s\r\n' % (len(payload), payload)
            assert await b.type("AT+QSSLRECV=4,100") == b"\r\n+QSSLRECV: 0\r\n" + OK

    play(model, run)


@LTE
@rows("R096", "R279", "R393", "R394", "R396", "R313", "R314")
def test_closed_by_the_server(model: str) -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good(), greeting=b"bye") as server:
            await ready(b, server.port)
            await b.type_until('AT+QSSLOPEN=1,1,4,"server.test",443', '"recv",4')
            server.peers[0].close()
            assert await b.until("closed") == b'\r\n+QSSLURC: "closed",4\r\n'
            assert b",4,1,4,0," in await b.type("AT+QSSLSTATE")
            assert await b.type("AT+QSSLSEND=4,1") == ERROR
            assert await b.type("AT+QSSLRECV=4,10") == b"\r\n+QSSLRECV: 3\r\nbye\r\n" + OK
            assert await b.type("AT+QSSLRECV=4,10") == b"\r\n+QSSLRECV: 0\r\n" + OK
            assert await b.type('AT+QSSLOPEN=1,1,4,"server.test",443') == ERROR
            await b.ok("AT+QSSLCLOSE=4", "AT+QSSLCLOSE=4", "AT+QSSLCLOSE=7,0")

    play(model, run)


@LTE
@rows("R076", "R077", "R290", "R405", "R443", "R081", "R082", "R083", "R294")
def test_lengths(model: str) -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good(), echo=False) as server:
            await ready(b, server.port)
            await opened(b)
            b.module.take()
            for line in ("4,0", "4,1461", "12,1", "-1", "4,1,1", '"4"'):
                assert await b.type("AT+QSSLSEND=" + line) == ERROR, line
            assert (await b.type("AT+QIGETERROR")).startswith(b"\r\n+QIGETERROR: 552,")
            assert await b.type("AT+QSSLSEND=4,1460") == b"\r\n> "
            assert await b.raw(bytes(1459)) == b""
            assert await b.raw(b"x") == b"\r\nSEND OK\r\n"
            assert await b.type("AT+QSSLSEND=4") == b"\r\n> "
            assert await b.raw(b"y" * 1460) == b"\r\nSEND OK\r\n"
            await peers.until(lambda: len(server.heard) == 2920)
            for line in ("4", "4,0", "4,1501", "12,1"):
                assert await b.type("AT+QSSLRECV=" + line) == ERROR, line
            b.module.options["send_max_1500"] = True
            assert await b.type("AT+QSSLSEND=4,1500") == b"\r\n> "

    play(model, run)


@LTE
@rows("R073", "R387")
def test_escape_cancels(model: str) -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good()) as server:
            await ready(b, server.port)
            await opened(b)
            b.module.take()
            await b.type("AT+QSSLSEND=4")
            assert await b.raw(b"abc\x1b") == OK
            assert (await b.type("AT+QIGETERROR")).startswith(b"\r\n+QIGETERROR: 571,")
            assert server.heard == b""

    play(model, run)


@LTE
@rows("R075", "R080", "R411")
def test_much_data_both_ways(model: str) -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good()) as server:
            await ready(b, server.port)
            await opened(b)
            sent = got = b""
            for turn in range(18):
                part = bytes([turn]) * 1460
                sent += part
                assert (await b.type("AT+QSSLSEND=4,1460")).endswith(b"\r\n> ")
                assert b"SEND OK" in await b.raw(part)
            await peers.until(lambda: len(server.heard) == len(sent))
            while len(got) < len(sent):
                answer = await b.type("AT+QSSLRECV=4,1500")
                head, _, rest = answer.partition(b"+QSSLRECV: ")[2].partition(b"\r\n")
                got += rest[: int(head)]
            assert got == sent

    play(model, run)


@LTE
@rows("R065", "R066", "R086", "R394")
def test_data_right_behind_the_handshake_come_after_the_result(model: str) -> None:
    async def run(b: Bench) -> None:
        async with peers.OneWriteServer(peers.good(version=3), b"early") as server:
            await ready(b, server.port)
            opening = 'AT+QSSLOPEN=1,1,4,"server.test",443'
            assert await b.type_until(opening, "recv") == OK + b'\r\n+QSSLOPEN: 4,0\r\n\r\n+QSSLURC: "recv",4\r\n'
            await b.ok("AT+QSSLCLOSE=4")
            await peers.until(lambda: server.end)
            assert server.end == "goodbye"
            assert await b.type_until(opening + ",2", "early") == b"\r\nCONNECT\r\nearly"
            b.module.power.dtr_mode = 1  # AT&D1
            b.module.pin("dtr", 1)
            assert await b.raw(b"") == OK
            await b.ok("AT+QSSLCLOSE=4,0")  # at once: no goodbye
            await peers.until(lambda: server.end)
            assert server.end == "cut"

    play(model, run)


@rows("R075", "R094", "R389", "R443")
def test_faults_reach_tls_connections() -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good()) as server:
            await ready(b, server.port)
            await opened(b)
            await b.type("AT+QSSLSEND=4,2")
            b.module.fault("send_fail")
            assert await b.raw(b"ab") == b"\r\nSEND FAIL\r\n"
            await b.type("AT+QSSLSEND=4,2")
            b.module.fault("send_ok_delayed", ms=500)
            assert await b.raw(b"ab") == b'\r\n+QSSLURC: "recv",4\r\n'  # between the data and their result
            b.module.clock.advance(500)
            assert await b.raw(b"") == b"\r\nSEND OK\r\n"
            b.module.fault("error_instead_of_prompt")
            assert await b.type("AT+QSSLSEND=4,2") == ERROR
            await b.type("AT+QSSLSEND=4,2")
            b.module.fault("peer_fin")
            assert await b.raw(b"") == b""  # the URC waits for the end of the data
            assert await b.raw(b"ab") == b'\r\n+QSSLURC: "closed",4\r\n' + ERROR
            assert server.heard == b"ab"

    play("BG96", run)


@LTE
@rows("R388")
def test_echo_of_the_data(model: str) -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good(), echo=False) as server:
            await ready(b, server.port, "AT+QISDE=1")
            await opened(b)
            await b.type("AT+QSSLSEND=4,3")
            assert await b.raw(b"abc") == b"\r\nSEND OK\r\n"  # QISDE is said of QISEND only
            b.module.options["ssl_data_echo"] = True
            await b.type("AT+QSSLSEND=4,3")
            assert await b.raw(b"abc") == b"abc\r\nSEND OK\r\n"
            await b.ok("AT+QISDE=0")
            await b.type("AT+QSSLSEND=4,3")
            assert await b.raw(b"abc") == b"\r\nSEND OK\r\n"

    play(model, run)


@LTE
@rows("R391", "R394")
def test_announcements(model: str) -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good()) as server:
            await ready(b, server.port)
            await opened(b)
            b.module.take()
            for first in (True, False):
                b.module.options["recv_urc_always"] = first
                server.peers[0].write(b"one")
                assert await b.until("recv") == b'\r\n+QSSLURC: "recv",4\r\n'
                server.peers[0].write(b"two")
                await peers.until(lambda: b.connection(4).unread() == 6)
                assert await b.raw(b"") == (b'\r\n+QSSLURC: "recv",4\r\n' if first else b"")
                assert await b.type("AT+QSSLRECV=4,1500") == b"\r\n+QSSLRECV: 6\r\nonetwo\r\n" + OK
            server.peers[0].write(b"last words")
            server.peers[0].close()
            assert await b.until("closed") == b'\r\n+QSSLURC: "recv",4\r\n\r\n+QSSLURC: "closed",4\r\n'

    play(model, run)


@LTE
@pytest.mark.parametrize("end", ["garbage", "alert", "reset", "cut"])
@rows("R096", "R279")
def test_ends_that_are_no_goodbye(model: str, end: str) -> None:
    async def run(b: Bench) -> None:
        async with peers.OneWriteServer(peers.good(version=3), b"x") as server:
            await ready(b, server.port)
            await b.type_until('AT+QSSLOPEN=1,1,4,"server.test",443', "recv")
            link = server.links[0]
            if end == "reset":
                link.abort()
            elif end == "cut":
                link.close()
            else:
                link.write(b"no record at all" if end == "garbage" else b"\x15\x03\x03\x00\x02\x02\x50")
            assert await b.until("closed") == b'\r\n+QSSLURC: "closed",4\r\n'
            assert b",4,1,4,0," in await b.type("AT+QSSLSTATE=4")
            await b.refused("AT+QSSLSEND=4,1", 567)
            await b.ok("AT+QSSLCLOSE=4")

    play(model, run)


@LTE
@rows("R075", "R411")
def test_a_server_that_does_not_read(model: str) -> None:
    """The stack fills up: SEND FAIL, and later SEND OK again."""

    async def run(b: Bench) -> None:
        async with peers.OneWriteServer(peers.good(version=3), b"x") as server:
            await ready(b, server.port)
            await b.type_until('AT+QSSLOPEN=1,1,4,"server.test",443', "recv")
            server.links[0].pause_reading()
            for _ in range(5000):
                await b.answer("AT+QSSLSEND=4,1460")
                b.module.feed(bytes(1460))
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                if b"SEND FAIL" in b.module.take():
                    break
            else:
                raise AssertionError("never full")
            assert b.connection(4).unsent() > 0
            server.links[0].resume_reading()
            await peers.until(lambda: b.connection(4).unsent() == 0)
            await b.type("AT+QSSLSEND=4,2")
            assert await b.raw(b"ab") == b"\r\nSEND OK\r\n"

    play(model, run, options={"tx_buffer": 4096})


@LTE
@rows("R033", "R080", "R095")
@pytest.mark.parametrize("mode", [0, 1])
def test_a_mebibyte_from_the_server(model: str, mode: int) -> None:
    """Read piece by piece, or pushed; the bytes are those that the server said."""

    async def run(b: Bench) -> None:
        data = random.Random(11).randbytes(1 << 20)
        async with peers.TlsServer(peers.good(), greeting=data) as server:
            await ready(b, server.port)
            taken = bytearray(await b.type_until('AT+QSSLOPEN=1,1,4,"server.test",443,%d' % mode, "recv"))

            def pushed() -> bool:
                taken.extend(b.module.take())
                return len(taken) >= len(data) and b.connection(4).received == len(data)

            if mode:
                await peers.until(pushed, 15)
                got = b"".join(payloads(bytes(taken)))
            else:
                got = await drained(b, len(data))
            assert hashlib.sha256(got).digest() == hashlib.sha256(data).digest()

    play(model, run)


def payloads(text: bytes) -> Iterator[bytes]:
    head = b'\r\n+QSSLURC: "recv",4,'
    at = text.index(head)
    while at < len(text):
        assert text.startswith(head, at)
        at = text.index(b"\r\n", at + 2)
        length = int(text[text.rindex(b",", 0, at) + 1 : at])
        yield text[at + 2 : at + 2 + length]
        at += 2 + length + 2


async def drained(b: Bench, count: int) -> bytes:
    got = bytearray()
    while len(got) < count:
        answer = await b.answer("AT+QSSLRECV=4,1500")
        head = answer.index(b"+QSSLRECV: ")
        end = answer.index(b"\r\n", head)
        length = int(answer[head + 11 : end])
        got += answer[end + 2 : end + 2 + length]
        await asyncio.sleep(0)
    return bytes(got)
