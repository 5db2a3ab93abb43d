"""Driver and virtual module together, with faults: nothing hangs, no byte is wrong, the next call works."""

from __future__ import annotations

import errno
import functools
from typing import Any

import pytest
from desk import servers
from e2e import BUFFER, PUSH, TCP_FAMILIES, Bench, Listener, echo, go, hostile, hurry, on, play, reset, take
from kit import raises, rows
from quectel.errors import QuectelError, QuectelTimeout

__all__ = ["hurry"]

BIG_RING = {"rx_ring": 4096}


async def fails(call: Any, *errnos: int) -> OSError:
    """The call raises an OSError with one of these numbers."""
    with raises(OSError) as caught:
        await go(call())
    assert isinstance(caught.value, OSError)
    assert caught.value.errno in errnos, caught.value
    return caught.value


async def still_works(bench: Bench, **as_socket: Any) -> None:
    """A new connection echoes; nothing is left behind at the module."""
    sock = await bench.dial("echo.example", **as_socket)
    await echo(sock, hostile(3000))
    await go(sock.close())
    assert bench.module.sockets == [], bench.module.sockets


@rows("R395", "R399")
@on(*TCP_FAMILIES)
def test_opens_that_fail(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve("echo.example", servers.tcp_echo())
        for fault, number in (
            ("connect_refused", errno.ECONNREFUSED),
            ("dns_failure", errno.EHOSTUNREACH),
            ("pdp_drift", errno.EHOSTUNREACH),
        ):
            bench.world.fault(fault)
            sock = bench.modem.socket()
            await fails(functools.partial(sock.connect, ("echo.example", 7)), number)
            await go(sock.connect(("echo.example", 7)))  # the same socket, once more
            await go(sock.close())
        await fails(lambda: bench.modem.create_connection(("nowhere.example", 7)), errno.EHOSTUNREACH)
        bench.world.name("closed.example", 9)
        await fails(lambda: bench.modem.create_connection(("closed.example", 7)), errno.ECONNREFUSED)
        await still_works(bench)

    play(face, model, body)


@rows("R399")
@on(*TCP_FAMILIES)
def test_an_open_without_an_answer(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve("echo.example", servers.tcp_echo())
        bench.world.fault("connect_timeout")
        sock = bench.modem.socket()
        sock.settimeout(0.1)
        with raises(QuectelTimeout):
            await go(sock.connect(("echo.example", 7)))
        await go(sock.close())
        await still_works(bench)

    play(face, model, body)


@rows("R148", "R292")
@on(*TCP_FAMILIES)
@pytest.mark.usefixtures("hurry")
def test_sends_that_are_refused_or_late(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve("echo.example", servers.tcp_echo())
        for mode in (BUFFER, PUSH):
            sock = await bench.dial("echo.example", mode=mode)
            bench.world.fault("send_fail", times=2)
            await echo(sock, hostile(2500))
            bench.world.fault("send_ok_delayed", ms=15, times=3)
            await echo(sock, hostile(2500))
            bench.world.fault("recv_urc_twice", times=0)
            await echo(sock, hostile(2500))
            bench.world.call(lambda module: module.clear())
            await go(sock.close())
        assert bench.modem.stats.send_fail == 4
        await still_works(bench)

    play(face, model, body, driver=BIG_RING)


@rows("R386", "R406")
@on(*TCP_FAMILIES)
def test_error_instead_of_the_prompt(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve("echo.example", servers.tcp_echo())
        sock = await bench.dial("echo.example")
        bench.world.fault("error_instead_of_prompt")
        await fails(lambda: sock.sendall(b"abc"), errno.EIO, errno.EINVAL, errno.ECONNRESET)
        await go(sock.close())
        await still_works(bench)

    play(face, model, body)


@rows("R174", "R393", "R394")
@on(*TCP_FAMILIES)
def test_what_the_peer_has_sent_before_it_closed(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve("echo.example", servers.tcp_echo())
        data = hostile(9000)
        for mode in (BUFFER, PUSH):
            with Listener(bench.world) as server:
                sock = await bench.dial(mode=mode)
                bench.world.fault("closed_twice")
                peer = server.accept()
                peer.sendall(data)
                peer.close()
                assert await go(sock.read(4000)) == data[:4000]
                assert await go(sock.read()) == data[4000:]
                assert await go(sock.recv(10)) == b""
                await go(sock.close())
        bench.world.call(lambda module: module.clear())
        await still_works(bench)

    play(face, model, body, driver={"rx_ring": 12000})


@rows("R212")
@on(*TCP_FAMILIES)
def test_a_peer_that_resets(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve("echo.example", servers.tcp_echo())
        for _ in range(2):
            with Listener(bench.world) as server:
                sock = await bench.dial()
                peer = server.accept()
                await go(sock.sendall(b"abc"))
                assert take(peer, 3) == b"abc"
                peer.sendall(b"last words")
                reset(peer)
                got = await go(sock.read())
                assert b"last words".startswith(got)
                with raises(OSError):
                    for _ in range(3):
                        await go(sock.sendall(b"more"))
                await go(sock.close())
        sock = await bench.dial("echo.example")
        bench.world.fault("peer_rst")
        assert await go(sock.recv(1)) == b""
        await go(sock.close())
        await still_works(bench)

    play(face, model, body)


@on(*TCP_FAMILIES)
@pytest.mark.usefixtures("hurry")
def test_a_recv_urc_that_is_lost(face: str, model: str) -> None:
    """Who waits for data has the module asked after a while; who does not wait loses nothing (pitfall 42)."""

    async def body(bench: Bench) -> None:
        with Listener(bench.world) as server:
            sock = await bench.dial(timeout_s=0.1)
            peer = server.accept()
            bench.world.fault("recv_urc_lost")
            peer.sendall(b"silent ")
            with raises(QuectelTimeout):
                await go(sock.recv(100))
            peer.close()
            sock.settimeout(5)
            assert await go(sock.read()) == b"silent "
            await go(sock.close())
        with Listener(bench.world) as server:
            sock = await bench.dial(timeout_s=5)
            peer = server.accept()
            bench.world.fault("recv_urc_lost")
            peer.sendall(b"found")
            assert await go(sock.recv(100)) == b"found"
            await go(sock.close())

    play(face, model, body)


@rows("R390")
@on("BC65", "BC25")
def test_urcs_that_come_during_data_entry(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve("echo.example", servers.tcp_echo())
        sock = await bench.dial("echo.example")
        other = await bench.dial("echo.example")
        for i in range(20):
            await go(sock.sendall(hostile(300 + i)))
            await go(other.sendall(hostile(200 + i)))
            assert await go(sock.read(300 + i)) == hostile(300 + i)
            assert await go(other.read(200 + i)) == hostile(200 + i)
        await go(sock.close())
        await go(other.close())
        await still_works(bench)

    play(face, model, body, options={"urc_in_data_mode": "pass"})


@rows("R386", "R388")
@on("BC25", "BG96")
def test_one_command_without_an_answer(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve("echo.example", servers.tcp_echo())
        bench.world.fault("no_answer")
        with raises(QuectelTimeout):
            await go(bench.modem.command("AT+CGMM", timeout_ms=100))
        assert await go(bench.modem.command("AT+CGMM")) == [bench.module.model]
        assert (await go(bench.modem.command("AT+CGMR")))[0] == bench.module.family.revision
        await still_works(bench)

    play(face, model, body)


@rows("R406")
@on("EC200U")
@pytest.mark.usefixtures("hurry")
def test_a_send_and_a_read_without_an_answer(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve("echo.example", servers.tcp_echo())
        sock = await bench.dial("echo.example")
        bench.world.fault("no_answer")
        await fails(lambda: sock.sendall(b"abc"), errno.ETIMEDOUT)
        await go(sock.close())
        with Listener(bench.world) as server:
            sock = await bench.dial()
            bench.world.fault("no_answer")  # of the read
            server.accept().sendall(b"abc")
            await fails(lambda: sock.recv(3), errno.EIO)
            await go(sock.close())
        await still_works(bench)

    play(face, model, body)


@rows("R388", "R442")
@on(*TCP_FAMILIES)
def test_forms_that_the_documents_leave_open(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve("echo.example", servers.tcp_echo())
        for prompt in ("\r\n> ", "> ", ">", "\r\n>", "\r\n>\r\n"):
            for line_ends in (True, False):
                bench.world.options(prompt=prompt, one_crlf_between_lines=line_ends)
                for mode in (BUFFER, PUSH):
                    sock = await bench.dial("echo.example", mode=mode)
                    await echo(sock, hostile(1500))
                    await go(sock.close())
        bench.world.options(prompt="\r\n> ")
        for line in ("ATE1", "AT+CMEE=2", "AT+CMEE=0"):
            await go(bench.modem.command(line))
            sock = await bench.dial("echo.example")
            await echo(sock, hostile(1500))
            await fails(lambda: bench.modem.create_connection(("nowhere.example", 7)), errno.EHOSTUNREACH)
            await fails(lambda: bench.modem.command("AT+QIRD=77,1"), errno.EINVAL, errno.EIO)
            await go(sock.close())
        await still_works(bench)
        assert bench.modem.stats.framing == 0

    play(face, model, body, driver=BIG_RING)


@rows("R406")
@on("BC65")
@pytest.mark.usefixtures("hurry")
def test_bytes_that_are_lost(face: str, model: str) -> None:
    """Anywhere: in the prompt, in a result, in a header, in the payload.  What is delivered is right."""

    async def body(bench: Bench) -> None:
        bench.world.serve("echo.example", servers.tcp_echo())
        data = hostile(500)
        whole = 0
        for mode in (BUFFER, PUSH):
            for at_byte in (1, 8, 15, 17, 23, 60, 200, 520)[(face == "asyncio") ^ mode :: 2]:
                sock = await bench.dial("echo.example", mode=mode, timeout_s=0.2)
                await echo(sock, data[:100])
                bench.world.fault("drop_bytes", count=3, to="host", at_byte=at_byte)
                whole += await is_whole(sock, data)
                bench.world.call(lambda module: module.clear())
                await go(sock.close())
        assert 0 < whole < 8
        await still_works(bench)

    play(face, model, body, driver=BIG_RING)


@rows("R406")
@on("BC65", "EC200U")
@pytest.mark.usefixtures("hurry")
def test_a_payload_that_is_taken_for_lines(face: str, model: str) -> None:
    """Behind a damaged header the payload's ERROR ends a send whose prompt is still to come; RDY is not believed."""

    async def body(bench: Bench) -> None:
        bench.world.serve("echo.example", servers.tcp_echo())
        with Listener(bench.world) as server:
            socks = [await bench.dial(mode=mode, timeout_s=0.3) for mode in (PUSH, BUFFER)]
            bench.world.fault("garble_bytes", count=3, to="host", at_byte=12)
            server.accept().sendall(hostile(1000))
            with raises(OSError):
                for _ in range(50):
                    await go(socks[1].sendall(hostile(400)))
            assert not bench.modem.stats.epochs and bench.modem.stats.framing
            for sock in socks:
                await go(sock.close())
        await go(bench.modem.connect("internet"))
        await still_works(bench)  # also: no connection of the time before is left

    play(face, model, body, driver=BIG_RING)


async def is_whole(sock: Any, data: bytes) -> bool:
    """Whether the echo of data came; an error is all right, other bytes are not."""
    got = b""
    try:
        await go(sock.sendall(data))
        while len(got) < len(data):
            part = await go(sock.recv(300))
            if not part:
                break
            got += part
            assert data.startswith(got), got
    except QuectelError:
        return False
    return got == data
