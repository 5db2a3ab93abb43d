"""Opening a connection: the command, its URC, and what is undone when it fails."""

from errno import ECONNABORTED, ENOBUFS

from ._compat import const, ticks_add, ticks_diff
from .command import ON_CLOSE, ON_OK
from .errors import QuectelError, QuectelTimeout, TLSError, error_of
from .procedure import name_of, reason, try_ask
from .table import OPENING
from .text import checked, in_range

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable

    from ._types import Proc
    from .engine import Engine
    from .models.base import Family
    from .table import Slot, Table


def open_line(family: "Family", slot: "Slot", service: bytes, host: str, port: int, local_port: int) -> bytes:
    """The command that opens a plain socket (R112); its arguments are checked already."""
    line = b'%s1,%d,"%s","%s",%d,%d,%d' % (
        slot.dialect.open,
        slot.cid,
        service,
        host.encode(),
        port,
        local_port,
        slot.mode,
    )
    return line + b",%d" % (":" in host) if family.family_field else line


def ssl_open_line(slot: "Slot", context: int, host: str, port: int) -> bytes:
    """The command that opens a TLS socket (R063, R064)."""
    return b'%s1,%d,%d,"%s",%d,%d' % (slot.dialect.open, context, slot.cid, host.encode(), port, slot.mode)


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
