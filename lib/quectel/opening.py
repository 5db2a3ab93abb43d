"""Opening a connection: the command, its URC, and what is undone when it fails.  Changing its access mode."""

from errno import EADDRINUSE, ECONNABORTED, ENOBUFS, ENODEV, ENOTCONN, EOPNOTSUPP

from ._compat import const
from .command import ERROR, NO_CARRIER, ON_CLOSE, ON_CONNECT, ON_OK, RUN, SWITCH
from .errors import QuectelError, QuectelTimeout, TLSError, error_of, uart_lent
from .procedure import Limit, check_length, name_of, reason, try_ask
from .table import (
    AF_INET,
    AF_INET6,
    CLOSING,
    DGRAM,
    FAILED,
    FREE,
    LISTENER,
    OPEN,
    OPENING,
    PUSH,
    SOCK_DGRAM,
    SOCK_STREAM,
    TAKEN,
    TRANSPARENT,
)
from .text import checked, in_range

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable

    from ._types import Proc
    from .engine import Engine
    from .models.base import Dialect, Family
    from .procedure import Answer
    from .table import Slot

_MASK = const(0x3FFFFFFF)
_IPV6 = "0123456789abcdefABCDEF:."
_IPV6_MAX = const(45)
_DUAL = const(2)  # contexts of IPv6 beside those of IPv4
_PORT_CODES = (556, 563, 574)  # what may be the matter when a local port was asked for
_LOOK_AT = {  # what to look at first when an open fails (R098)
    561: ": is the PDP context active? connect() brings it up",
    565: ": is the name right, and do the DNS servers answer? see dns_servers()",
}
_REFUSED = "TLS refused: unknown CA, wrong host, expired, no common suite, or nobody there"


def check_sizes(slots: int, rx_ring: int, tx_buf: int, line_buf: int) -> None:
    """ValueError or TypeError for sizes that cannot work.

    slots: 1 to 16.  rx_ring: 64 to 65534 bytes.  tx_buf: 64 to 65534 bytes, room for the commands that the driver
    makes by itself; a longer one is refused where it is made.  line_buf: 128 to 65534 bytes, room for every header and
    URC of the socket commands; a longer line is counted and thrown away.  0 takes the family's size for these two.
    """
    in_range("slots", slots, 1, 16)
    in_range("rx_ring", rx_ring, 64, 65534)
    if tx_buf:
        in_range("tx_buf", tx_buf, 64, 65534)
    if line_buf:
        in_range("line_buf", line_buf, 128, 65534)


def check_socket(family: "Family", type: int, tls: bool, mode: int, af: int, pdp: int, rx_ring: int) -> "Dialect":
    """How the commands of such a socket are spelled; ValueError or EOPNOTSUPP for what the family does not have."""
    dialect = family.tls if tls else family.tcp
    if dialect is None:
        raise QuectelError(EOPNOTSUPP, "%s has no %s sockets" % (family.name, "TLS" if tls else "TCP or UDP"))
    if type not in (SOCK_STREAM, SOCK_DGRAM):
        raise ValueError("type must be SOCK_STREAM or SOCK_DGRAM")
    least = (dialect.read_max if mode != PUSH else family.packet_max) + 2
    if type == SOCK_DGRAM and rx_ring < least:
        raise ValueError("datagrams of %s need an rx_ring of %d bytes" % (family.name, least))
    check_mode(family, mode)
    if type == SOCK_DGRAM and mode == TRANSPARENT:
        raise ValueError("datagrams have no bounds in transparent mode")
    if af not in (AF_INET, AF_INET6):
        raise ValueError("af must be AF_INET or AF_INET6")
    if af == AF_INET6 and not family.family_field and family.pdp_types < _DUAL:
        raise QuectelError(EOPNOTSUPP, "%s opens IPv4 only" % family.name)
    in_range("pdp", pdp, 1, family.pdp_contexts)
    return dialect


def check_mode(family: "Family", mode: int) -> None:
    """ValueError for an access mode that the family does not have (R033, R105)."""
    if mode not in family.modes:
        raise ValueError("access mode must be one of %s" % (family.modes,))


def check_free(engine: "Engine") -> None:
    """QuectelError(EAGAIN) while a socket in transparent mode has the UART: no command gets through."""
    if engine.occupied(engine.table.nobody):
        raise uart_lent()


def check_taken(slot: "Slot", gen: int) -> None:
    """QuectelError(ENOTCONN) if the socket was closed while an open waited for its turn."""
    if slot.gen != gen or slot.state != TAKEN:
        raise was_closed()


def is_closed(slot: "Slot", gen: int) -> bool:
    """True if the socket whose open is under way was closed, by the caller or by an end of all sockets."""
    return slot.gen != gen or slot.state == CLOSING or slot.state == FREE


def was_closed() -> QuectelError:
    """To be raised by an open whose socket is closed by now."""
    return QuectelError(ENOTCONN, "the socket was closed")


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
    return line + b",%d" % (slot.af == AF_INET6) if family.family_field else line


def ssl_open_line(slot: "Slot", host: str, port: int) -> bytes:
    """The command that opens a TLS socket (R063, R064)."""
    what = (slot.dialect.open, slot.pdp, slot.tls, slot.cid, host.encode(), port, slot.mode)
    return b'%s%d,%d,%d,"%s",%d,%d' % what


def check_address(family: "Family", host: str, port: int, af: int) -> None:
    """ValueError for what the module would refuse (R112, R116, R117)."""
    check_host(family, host, af)
    in_range("port", port, 1, 65535)


def check_host(family: "Family", host: str, af: int) -> None:
    """A name, or an address of the socket's kind."""
    checked("host", host, family.host_max)
    if not host:
        raise ValueError("host is empty")
    if ":" in host:
        if len(host) > _IPV6_MAX or host.count(":") < 2 or not all([c in _IPV6 for c in host]):
            raise ValueError("%r is no IPv6 address" % host)
        if af != AF_INET6:
            raise ValueError("an IPv6 address takes a socket of AF_INET6")
    elif af == AF_INET6 and is_address(host):
        raise ValueError("an IPv4 address takes a socket of AF_INET")


def is_address(host: str) -> bool:
    """False for a name, which takes the module longer."""
    parts = host.split(".")
    return ":" in host or (len(parts) == 4 and all([part.isdigit() for part in parts]))


def check_port(engine: "Engine", slot: "Slot", port: int) -> bool:
    """True if the module has no other socket of ours on this local port; EADDRINUSE if it has (R119).

    False while one that has it is being closed.
    """
    slot.lport = port
    free = True
    for other in engine.table.slots:
        if port and other is not slot and other.lport == port and other.cid >= 0 and _is_rival(engine, slot, other):
            if other.state != CLOSING:
                raise QuectelError(EADDRINUSE, "another socket has the local port %d" % port)
            free = False
    return free


def _is_rival(engine: "Engine", slot: "Slot", other: "Slot") -> bool:
    return engine.family.one_port or (slot.kind == DGRAM) == (other.kind == DGRAM)


def wait_for_port(engine: "Engine", slot: "Slot", port: int) -> "Proc[None]":
    """Until a socket of ours that is being closed has given the local port back."""
    while not check_port(engine, slot, port):
        if engine.silent:
            raise QuectelError(ENODEV, "the module does not answer")
        yield


def open_socket(
    engine: "Engine",
    slot: "Slot",
    gen: int,
    make_line: "Callable[[Slot], bytes]",
    host: str,
    kind: "type[QuectelError]",
    negotiate_ms: int = 0,
) -> "Proc[None]":
    """Send the open that make_line(slot) gives and wait for its URC.  Whatever goes wrong, the id is closed (R395).

    An id that the module holds already (563) is closed there and opened once more.
    """
    try:
        check_length(engine, make_line(slot))
    except ValueError:
        engine.table.unbind(slot)  # nothing was sent, so nothing is to be closed
        slot.state = TAKEN
        raise
    done = False
    try:
        limit_ms = _limit_ms(slot.dialect, host) + negotiate_ms
        code = yield from _try_open(engine, slot, make_line(slot), limit_ms, kind)
        if code == 563:
            yield from _evict(engine, slot, gen, kind)
            code = yield from _try_open(engine, slot, make_line(slot), limit_ms, kind)
        if is_closed(slot, gen):  # that is no result of the module
            raise was_closed()
        if code:
            raise open_error(code, make_line(slot), kind)
        done = True
    except QuectelError as error:
        if slot.lport and error.code in _PORT_CODES:
            error.text += port_words(engine.family, slot.lport)
        error.text += _LOOK_AT.get(error.code, "")
        raise
    finally:
        if not done:  # also if it has come open, and nobody waited for it any more
            engine.close(slot, gen)


def port_words(family: "Family", port: int) -> str:
    """What may be the matter with a local port (R119, R120)."""
    words = ": is the local port %d in use" % port
    return words + (", or was it less than %d s ago?" % family.port_rest_s if family.port_rest_s else "?")


def _limit_ms(dialect: "Dialect", host: str) -> int:
    return dialect.open_ms if is_address(host) else dialect.open_name_ms


def _try_open(engine: "Engine", slot: "Slot", line: bytes, limit_ms: int, kind: "type[QuectelError]") -> "Proc[int]":
    """0 when it is open, else the module's code."""
    if slot.mode == TRANSPARENT:
        return (yield from _try_open_raw(engine, slot, line, limit_ms, kind))
    try:
        answer = yield from try_ask(engine, line)
    except QuectelTimeout:
        if slot.opened < 0:
            raise
        return slot.opened  # the result has come in place of OK
    if not answer.ok:
        if slot.opened > 0:
            return slot.opened  # the result, then ERROR
        return (yield from _refusal(engine, answer, line, kind))
    limit = Limit(engine, limit_ms)
    while slot.opened < 0 and slot.state == OPENING and slot.cid >= 0:
        if limit.is_over(engine):
            raise QuectelTimeout("no result of the open in %d ms" % limit_ms, name_of(line))
        yield
    if slot.cid < 0 and slot.state == OPENING:
        return 563  # a client came in under this id meanwhile
    return slot.opened if slot.opened >= 0 else slot.code or 570


def _try_open_raw(
    engine: "Engine", slot: "Slot", line: bytes, limit_ms: int, kind: "type[QuectelError]"
) -> "Proc[int]":
    """CONNECT or ERROR, and no URC: the answer comes when the connection is there (R066)."""
    answer = yield from try_ask(engine, line, None, ON_CONNECT, limit_ms, switched=(slot, TRANSPARENT))
    if answer.ok:
        return 0
    return (yield from _refusal(engine, answer, line, kind))


def _refusal(engine: "Engine", answer: "Answer", line: bytes, kind: "type[QuectelError]") -> "Proc[int]":
    """The code of an open that was answered with ERROR, if open_error() has words of its own for it; else it raises.

    A TLS handshake that failed may leave "0,operate successfully" behind it (R398).
    """
    error = yield from reason(engine, answer, line, kind)
    if error.code in (563, 566, 579):
        return error.code
    if kind is TLSError and answer.result == ERROR and not error.code:
        raise TLSError(ECONNABORTED, _REFUSED + " (the module tells no reason)", 0, name_of(line))
    raise error


def _evict(engine: "Engine", slot: "Slot", gen: int, kind: "type[QuectelError]") -> "Proc[None]":
    """Close what has the id at the module; where a client of our listener has it, take another id."""
    family = engine.family
    _check_ours(slot, gen, kind)
    for dialect in (slot.dialect, family.tls if slot.dialect is family.tcp else family.tcp):
        if dialect is not None and slot.cid >= 0:  # plain and TLS connections share the ids (R415)
            line = b"%s%d%s" % (dialect.close, slot.cid, dialect.close_arg)
            yield from try_ask(engine, line, None, ON_CLOSE if dialect.close_ok else ON_OK, dialect.close_ms)
            _check_ours(slot, gen, kind)
    if slot.cid < 0:
        bind_id(engine, slot)
    else:
        _begin(slot)


def _check_ours(slot: "Slot", gen: int, kind: "type[QuectelError]") -> None:
    """What was closed or lost meanwhile is not opened once more."""
    if is_closed(slot, gen):
        raise was_closed()
    if slot.state == FAILED:
        raise error_of(slot.code or 570, name_of(slot.dialect.open), kind)


def bind_id(engine: "Engine", slot: "Slot") -> None:
    """Give the slot a connection id that is free.  QuectelError(ENOBUFS), and counted, when none is."""
    cid = engine.table.free_id()
    if cid < 0:
        engine.stats.no_slot = (engine.stats.no_slot + 1) & _MASK
        raise QuectelError(ENOBUFS, "all %d connection ids are in use" % engine.table.ids())
    engine.table.bind(slot, cid)
    _begin(slot)


def _begin(slot: "Slot") -> None:
    """Nothing has been told of it yet: what was, under this id, was of somebody else's connection."""
    slot.opened = -1
    slot.state = OPENING
    slot.told = 1  # as all families number it
    slot.more = slot.again = False
    slot.ring.clear()


def open_error(code: int, line: bytes, kind: "type[QuectelError]") -> QuectelError:
    """579 and 566 of a TLS open are one thing: the handshake or the connection failed (R398)."""
    name = name_of(line)
    if kind is TLSError and code in (566, 579):
        return TLSError(ECONNABORTED, _REFUSED, code, name)
    return error_of(code, name, kind)


# --- access modes -------------------------------------------------------------------------------------------------


def switch_mode(engine: "Engine", slot: "Slot", gen: int, mode: int) -> "Proc[None]":
    """Bring an open connection to an access mode; see Socket.set_mode()."""
    check_mode(engine.family, mode)
    while engine.cmd.state == RUN and engine.cmd.kind == SWITCH and engine.cmd.slot is slot:
        yield  # a change that was given up meanwhile: its mode is told at its end
    _check_open(slot, gen)
    if slot.mode != TRANSPARENT:
        check_free(engine)
    elif mode != TRANSPARENT:
        engine.leave(slot)
        while engine.owner is slot:
            yield
        _check_open(slot, gen)
    if slot.mode == mode:
        return
    if mode == TRANSPARENT:
        yield from _go_transparent(engine, slot)
        return
    while mode == PUSH and (slot.more or slot.asked):  # what the module still holds is older than what it would push
        if not slot.asked and not engine.worth_reading(slot):
            raise QuectelError(ENOBUFS, "receive what has come before: the ring has no room for the rest")
        yield
        _check_open(slot, gen)
    line = b"AT+QISWTMD=%d,%d" % (slot.cid, mode)
    answer = yield from try_ask(engine, line, switched=(slot, mode))
    if not answer.ok:
        raise (yield from reason(engine, answer, line))


def _go_transparent(engine: "Engine", slot: "Slot") -> "Proc[None]":
    """ATO goes back to the connection that has left transparent mode last, AT+QISWTMD to any (R038)."""
    line = b"ATO" if engine.suspended is slot else b"AT+QISWTMD=%d,2" % slot.cid
    answer = yield from try_ask(engine, line, None, ON_CONNECT, switched=(slot, TRANSPARENT))
    if answer.result == NO_CARRIER:
        raise QuectelError(ENOTCONN, "NO CARRIER: the connection has ended meanwhile", 0, name_of(line))
    if not answer.ok:
        raise (yield from reason(engine, answer, line))


def _check_open(slot: "Slot", gen: int) -> None:
    if slot.gen != gen or slot.state != OPEN or slot.kind == LISTENER:
        raise QuectelError(ENOTCONN, "the access mode is that of an open connection")
