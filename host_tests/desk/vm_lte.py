"""What the tests of the LTE families' TCP/IP share."""

from __future__ import annotations

from vm_bench import OK, Bench
from vm_player import Peer, UdpPeer

SENT = b"\r\nSEND OK\r\n"
BOTH = ("BG96", "EC200U")


async def opened(bench: Bench, peer: Peer | UdpPeer, number: int = 0, kind: str = "TCP", rest: str = "") -> None:
    if not bench.module.network.active(1):
        await bench.ok("AT+QISDE=0", "AT+QIACT=1")
    bench.module.resolver.table["h.example"] = peer.address
    got = await bench.type('AT+QIOPEN=1,%d,"%s","h.example",80%s' % (number, kind, rest))
    assert got == OK + b"\r\n+QIOPEN: %d,0\r\n" % number, got


async def transparent(bench: Bench, peer: Peer) -> None:
    await bench.ok("AT+QISDE=0", "AT+QIACT=1")
    bench.module.resolver.table["h.example"] = peer.address
    assert await bench.type('AT+QIOPEN=1,0,"TCP","h.example",80,0,2') == b"\r\nCONNECT\r\n"


def passed(bench: Bench, ms: int) -> bytes:
    bench.module.clock.advance(ms)
    return bench.module.take()
