"""UDP SERVICE of BG96, EC200U and EG915U: one socket that sends to any peer and hears all of them."""

from errno import EADDRINUSE, EIO, ENOTCONN, EOPNOTSUPP

from ._compat import const
from .errors import QuectelError
from .opening import bind_id, check_free, check_host, check_taken, open_line, open_socket, wait_for_port
from .procedure import ask, number
from .table import AF_INET6, DGRAM, HALF, OPEN, STREAM
from .text import in_range

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from ._types import Proc
    from .engine import Engine
    from .modem import Core
    from .table import Slot

_FIRST_PORT = const(49_152)  # of those that nobody is given for good
_LAST_PORT = const(65_535)
_PEER = const(19)  # bytes that a datagram's peer takes in the ring: length, address, port ...
_PEER6 = const(49)  # ... of IPv6


def serve(modem: "Core", slot: "Slot", gen: int, host: str, port: int) -> "Proc[None]":
    """Procedure: open slot as a UDP service on a local port; 0 takes one that no socket of this modem has.

    ValueError if the ring does not hold the longest datagram and its peer.
    """
    engine = modem.engine
    in_range("local port", port, 0, _LAST_PORT)
    size = _PEER6 if slot.af == AF_INET6 else _PEER
    _check_ring(slot, slot.dialect.read_max + 2 + size)
    if host:
        check_host(modem.family, host, slot.af)
    host = host or slot.dialect.local_host
    check_free(engine)
    yield from modem.reached()
    yield from modem.ready()
    check_taken(slot, gen)
    port = port or _free_port(engine)
    yield from wait_for_port(engine, slot, port)
    slot.service = size
    bind_id(engine, slot)
    yield from open_socket(
        engine,
        slot,
        gen,
        lambda s: open_line(modem.family, s, b"UDP SERVICE", host, 0, port),
        "0",
        QuectelError,
    )


def _check_ring(slot: "Slot", least: int) -> None:
    if slot.ring.size < least:
        raise ValueError("datagrams of any peer need an rx_ring of %d bytes" % least)


def _free_port(engine: "Engine") -> int:
    """One that no socket of ours has, nor had just now: they are taken in turn."""
    slots = engine.table.slots
    for _ in range(len(slots) + 1):
        engine.port = engine.port + 1 if _FIRST_PORT <= engine.port < _LAST_PORT else _FIRST_PORT
        if not any([slot.kind == DGRAM and slot.lport == engine.port and slot.cid >= 0 for slot in slots]):
            return engine.port
    raise QuectelError(EADDRINUSE, "no local port is free")  # not reached: there are more ports than slots


def unacked(modem: "Core", slot: "Slot", gen: int) -> "Proc[int]":
    """Procedure; see Socket.unacked()."""
    engine = modem.engine
    if not slot.dialect.acks or slot.kind != STREAM:
        raise QuectelError(EOPNOTSUPP, "only TCP sockets of the LTE families count what the peer has acknowledged")
    if slot.gen != gen or slot.state not in (OPEN, HALF):
        raise QuectelError(ENOTCONN, "the socket is not connected")
    check_free(engine)
    while not engine.settled(slot):
        yield
    lines = yield from ask(engine, b"AT+QISEND=%d,0" % slot.cid, b"+QISEND:")
    n = number(lines[0], 2) if lines else -1
    if n < 0:
        raise QuectelError(EIO, "the module did not tell how much was acknowledged", 0, "AT+QISEND")
    return n
