"""What the tests of sleep share: sockets that work, and one that was lost."""

from __future__ import annotations

from errno import ECONNRESET
from typing import Any

import pytest
from e2e import go
from quectel import QuectelError
from stepped import SOCK_DGRAM, UDP, Bench

LTE, NB = ("BG96", "EC200U"), ("BC25", "BC65")
LOSSY: "dict[str, Any]" = {"first_at_lost": True, "sleep_after_ms": 800}
MINUTE = 60_000


async def echoed(sock: Any, data: bytes) -> None:
    await go(sock.sendall(data))
    got = b""
    while len(got) < len(data):
        got += await go(sock.recv(1000))
    assert got == data


async def both_kinds(bench: Bench) -> "tuple[Any, Any]":
    """A TCP and a UDP socket that work."""
    tcp, _ = await bench.dial()
    udp, _ = await bench.dial(UDP, type=SOCK_DGRAM)
    await echoed(tcp, b"before")
    await echoed(udp, b"before")
    return tcp, udp


async def lost(sock: Any) -> None:
    with pytest.raises(QuectelError) as caught:
        await go(sock.send(b"x"))
    assert caught.value.errno == ECONNRESET
    await go(sock.close())
