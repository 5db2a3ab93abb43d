"""An engine in transparent access mode, as tests of the core use it."""

from quectel.command import ON_CONNECT
from quectel.table import TRANSPARENT
from wires import Rig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from quectel.table import Slot

CONNECT = b"\r\nCONNECT\r\n"
NO_CARRIER = b"\r\nNO CARRIER\r\n"
TO_RAW = b"AT+QISWTMD=0,2"
LINE_END_MS = 50  # so long a line end is held back, ...
PART_MS = 200  # ... a longer part of NO CARRIER, ...
END_MS = 1000  # ... and all of it
GUARD_MS = 1100
SPICE = (  # all that a module says
    bytes(range(256))
    + b'\r\nOK\r\n\r\nERROR\r\n\r\n> \r\n>\r\n+QIURC: "recv",0\r\n\r\n+QIURC: "recv",0,9\r\n+QIURC: "closed",0\r\n'
    + b"\r\nRDY\r\n+QIRD: 5\r\n\r\nSEND OK\r\nCONNECT\r\n+++\x1a\x1b\r\nNO CARRIER\r\n.\r\nNO CARRIER\r\n\r\nNO CARRIER"
)


def lent(rig: Rig, behind: bytes = b"", cid: int = 0, piece: int = 512) -> "Slot":
    """A slot that has got the UART; `behind` comes right behind CONNECT."""
    slot = rig.open(cid)
    assert rig.engine.start(TO_RAW, None, ON_CONNECT, 300)
    rig.engine.switches(slot, TRANSPARENT)
    rig.asked(TO_RAW)
    rig.feed(CONNECT + behind, piece)
    rig.engine.release()
    assert rig.engine.owner is slot and slot.mode == TRANSPARENT
    rig.quiet()
    return slot


def raw(rx_ring: int = 1536) -> Rig:
    return Rig("BG96", rx_ring=rx_ring)


def passed(rig: Rig, ms: int) -> None:
    """So much time goes by and the UART gives nothing."""
    written = rig.step(ms) + rig.take()
    assert written == b"", written


def got(rig: Rig, slot: "Slot") -> bytes:
    data = rig.recv(slot)
    return data if isinstance(data, bytes) else b""


def out(rig: Rig) -> bytes:
    """What is typed to leave, behind the silence; leaves the rig at that time."""
    for _ in range(300):
        written = rig.step(10)
        if written:
            return written
    raise AssertionError("nothing was typed")


def pieces(rig: Rig, slot: "Slot", data: bytes) -> "list[Any]":
    """[what went out, ms, what went out, ...] until the part is out, in steps of 10 ms."""
    assert rig.send(slot, data) == len(data)
    found: "list[Any]" = [rig.take()]
    ms = 0
    while not rig.engine.settled(slot):
        ms += 10
        written = rig.step(10)
        if written:
            found += [ms, written]
            ms = 0
        assert ms < 5000
    return found
