"""Opening a connection: the command, its URC, and what is undone when it fails."""

from errno import ECONNABORTED, ENOBUFS, EOPNOTSUPP

from ._compat import const, ticks_add, ticks_diff
from .command import ON_CLOSE, ON_OK
from .errors import QuectelError, QuectelTimeout, TLSError, error_of
from .procedure import name_of, reason, try_ask
from .table import AF_INET6, OPENING, SOCK_DGRAM, SOCK_STREAM, TRANSPARENT
from .text import checked, in_range

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable

    from ._types import Proc
    from .engine import Engine
    from .models.base import Dialect, Family
    from .table import Slot, Table


def check_socket(family: "Family", type: int, tls: bool, mode: int, af: int, pdp: int, rx_ring: int) -> "Dialect":
    """How the commands of such a socket are spelled; ValueError or EOPNOTSUPP for what the family does not have."""
    dialect = family.tls if tls else family.tcp
    if dialect is None:
        raise QuectelError(EOPNOTSUPP, "%s has no %s sockets" % (family.name, "TLS" if tls else "TCP or UDP"))
    if type not in (SOCK_STREAM, SOCK_DGRAM):
        raise ValueError("type must be SOCK_STREAM or SOCK_DGRAM")
    if type == SOCK_DGRAM and rx_ring < dialect.read_max + 2:
        raise ValueError("datagrams of %s need an rx_ring of %d bytes" % (family.name, dialect.read_max + 2))
    if mode not in family.modes:
        raise ValueError("access mode must be one of %s" % (family.modes,))
    if mode == TRANSPARENT:
        raise QuectelError(EOPNOTSUPP, "this driver has no transparent mode yet")
    if af == AF_INET6 and not family.family_field:
        raise QuectelError(EOPNOTSUPP, "%s opens IPv4 only" % family.name)
    in_range("pdp", pdp, 1, family.pdp_contexts)
    return dialect


def open_line(family: "Family", slot: "Slot", service: bytes, host: str, port: int, local_port: int) -> bytes:
    """The command that opens a plain socket (R112); its arguments are checked already."""
    line = b'%s%d,%d,"%s","%s",%d,%d,%d' % (
        slot.dialect.open,
        slot.pdp,
        slot.cid,
        service,
        host.encode(),
        port,
        local_port,
        slot.mode,
    )
    return line + b",%d" % (":" in host) if family.family_field else line


def ssl_open_line(slot: "Slot", host: str, port: int) -> bytes:
    """The command that opens a TLS socket (R063, R064)."""
    what = (slot.dialect.open, slot.pdp, slot.tls, slot.cid, host.encode(), port, slot.mode)
    return b'%s%d,%d,%d,"%s",%d,%d' % what


def check_address(family: "Family", host: str, port: int) -> None:
    """ValueError for what the module would refuse (R116, R117)."""
    checked("host", host, family.host_max)
    if not host:
        raise ValueError("host is empty")
    in_range("port", port, 1, 65535)


def open_socket(
    engine: "Engine",
    slot: "Slot",
    gen: int,
    make_line: "Callable[[Slot], bytes]",
    host: str,
    kind: "type[QuectelError]",
) -> "Proc[None]":
    """Send the open that make_line(slot) gives and wait for its URC.  Whatever goes wrong, the id is closed (R395).

    An id that the module holds already (563) is closed there and opened once more.
    """
    try:
        code = yield from _try_open(engine, slot, make_line(slot), host, kind)
        if code == 563:
            yield from _evict(engine, slot)
            code = yield from _try_open(engine, slot, make_line(slot), host, kind)
        if code:
            raise open_error(code, make_line(slot), kind)
    finally:
        if slot.opened != 0:
            engine.close(slot, gen)


def _try_open(engine: "Engine", slot: "Slot", line: bytes, host: str, kind: "type[QuectelError]") -> "Proc[int]":
    """0 when it is open, else the module's code."""
    answer = yield from try_ask(engine, line)
    if not answer.ok:
        error = yield from reason(engine, answer, line, kind)
        if error.code == 563:
            return 563
        raise error
    limit_ms = slot.dialect.open_ms if host.replace(".", "").isdigit() else slot.dialect.open_name_ms
    end = ticks_add(engine.now, limit_ms)
    while slot.opened < 0 and slot.state == OPENING and slot.cid >= 0:
        if ticks_diff(engine.now, end) > 0:
            raise QuectelTimeout("no result of the open in %d ms" % limit_ms, name_of(line))
        yield
    if slot.cid < 0 and slot.state == OPENING:
        return 563  # a client came in under this id meanwhile
    return slot.opened if slot.opened >= 0 else slot.code or 570


def _evict(engine: "Engine", slot: "Slot") -> "Proc[None]":
    """Close what has the id at the module; where a client of our listener has it, take another id."""
    if slot.cid < 0:
        bind_id(engine.table, slot)
        return
    dialect = slot.dialect
    line = b"%s%d%s" % (dialect.close, slot.cid, dialect.close_arg)
    yield from try_ask(engine, line, None, ON_CLOSE if dialect.close_ok else ON_OK, dialect.close_ms)
    slot.opened = -1


def bind_id(table: "Table", slot: "Slot") -> None:
    """Give the slot a connection id that is free.  QuectelError(ENOBUFS) when none is."""
    cid = table.free_id()
    if cid < 0:
        raise QuectelError(ENOBUFS, "all %d connection ids are in use" % table.ids())
    table.bind(slot, cid)
    slot.opened = -1
    slot.state = OPENING


def open_error(code: int, line: bytes, kind: "type[QuectelError]") -> QuectelError:
    """579 and 566 of a TLS open are one thing: the handshake or the connection failed (R398)."""
    name = name_of(line)
    if kind is TLSError and code in (566, 579):
        text = "TLS refused: unknown CA, wrong host, expired, no common suite, or nobody there"
        return TLSError(ECONNABORTED, text, code, name)
    return error_of(code, name, kind)
