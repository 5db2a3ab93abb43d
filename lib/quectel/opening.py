"""Opening a connection: the command, its URC, and what is undone when it fails."""

from errno import ECONNABORTED

from ._compat import ticks_add, ticks_diff
from .errors import QuectelTimeout, TLSError, error_of
from .procedure import reason, try_ask
from .table import FAILED
from .text import checked, in_range


def open_line(family, slot, service, host, port, local_port):
    """The command that opens a plain socket (R063, R112); its arguments are checked already."""
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


def check_address(family, host, port):
    """ValueError for what the module would refuse (R116, R117)."""
    checked("host", host, family.host_max)
    if not host:
        raise ValueError("host is empty")
    in_range("port", port, 1, 65535)


def open_socket(engine, slot, gen, line, host, kind):
    """Send the open and wait for its URC.  Whatever goes wrong, the id is closed again (R395)."""
    dialect = slot.dialect
    limit_ms = dialect.open_ms if host.replace(".", "").isdigit() else dialect.open_name_ms
    try:
        answer = yield from try_ask(engine, line)
        if not answer.ok:
            raise (yield from reason(engine, answer, line, kind))
        end = ticks_add(engine.now, limit_ms)
        while slot.opened < 0 and slot.state != FAILED:
            if ticks_diff(engine.now, end) > 0:
                raise QuectelTimeout("no result of the open in %d ms" % limit_ms, line[:10].decode())
            yield
        if slot.opened != 0:
            raise open_error(slot.opened if slot.opened > 0 else slot.code, line, kind)
    finally:
        if slot.opened != 0:
            engine.close(slot, gen)


def open_error(code, line, kind):
    """579 and 566 of a TLS open are one thing: the handshake or the connection failed (R398)."""
    name = line[: line.find(b"=")].decode()
    if kind is TLSError and code in (566, 579):
        text = "TLS refused: unknown CA, wrong host, expired, no common suite, or nobody there"
        return TLSError(ECONNABORTED, text, code, name)
    return error_of(code, name, kind)
