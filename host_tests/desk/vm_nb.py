"""What the tests of the NB families' TCP/IP share."""

from __future__ import annotations

from vm_bench import OK, Bench
from vm_player import Peer, UdpPeer

SENT = OK + b"\r\nSEND OK\r\n"
BOTH = ("BC65", "BC25")
OPEN = 'AT+QIOPEN=1,%d,"%s","h.example",80'


async def opened(bench: Bench, peer: Peer | UdpPeer, number: int = 0, kind: str = "TCP", rest: str = "") -> None:
    bench.module.resolver.table["h.example"] = peer.address
    got = await bench.type(OPEN % (number, kind) + rest)
    assert got == OK + b"\r\n+QIOPEN: %d,0\r\n" % number, got
