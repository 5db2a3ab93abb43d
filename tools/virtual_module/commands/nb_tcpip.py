"""TCP/IP of BC65, BC92, BC25 and BC32 (section C of the specification rows)."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..resolver import IPV4, IPV6, is_address, is_version
from ..sockets import BUFFER, Connection
from . import NOT_ALLOWED, NOT_OPEN, READ, WRITE, Call, Refused, command
from .tcpip import (
    INVALID,
    NOT_SUPPORTED,
    PORT_MAX,
    TYPES,
    WRITE_FAILED,
    check_new,
    check_sendable,
    connection_of,
    hand_over,
    open_later,
    print_data,
    print_states,
    result_delay_ms,
    selected,
    sendable,
    setting_values,
    shown_remote_port,
    unhex,
)

NB = "nb_tcpip"
INLINE = re.compile(r' *(\d{1,5}) *, *(\d{1,5}) *, *"', re.A)


@command("+QIOPEN", WRITE, feature=NB)
def open_connection(call: Call) -> None:
    """AT+QIOPEN=<ctx>,<id>,<type>,<host>,<port>[,<local>[,<mode>[,<protocol>]]] (R112 to R125)."""
    call.count(5, 8)
    ctx, number = call.integer(0, 1, call.family.contexts), call.integer(1, 0, call.family.ids - 1)
    kind, host = call.text(2), call.text(3, limit=call.family.name_max)
    if kind not in TYPES:
        raise Refused(INVALID)
    server = kind in TYPES[2:]
    port, local = call.integer(4, 0 if server else 1, PORT_MAX), call.integer(5, 0, PORT_MAX, 0)
    mode = call.integer(6, 0, call.family.modes - 1, call.module.nvram.get("mode%d" % number, BUFFER))
    version = IPV6 if call.integer(7, 0, 1, 0) else IPV4
    check_version(host, version)
    check_server(call, kind, local)
    check_new(call, number, ctx, local)
    connection = Connection(call.module, number, kind, ctx, host, port, local, mode)
    connection.version = version
    open_later(call, connection)
    if call.has(6):
        call.module.save("mode%d" % number, mode)


def check_version(host: str, version: int) -> None:
    """An address of the other IP version is an invalid parameter."""
    if is_address(host) and not is_version(host, version):
        raise Refused(INVALID)


def check_server(call: Call, kind: str, local_port: int) -> None:
    """UDP SERVICE is not supported (R124); a listener needs its local port (R118)."""
    if kind == "UDP SERVICE" and not call.options["udp_service"]:
        raise Refused(NOT_SUPPORTED)
    if kind in TYPES[2:] and not local_port:
        raise Refused(NOT_ALLOWED)


@command("+QICLOSE", WRITE, feature=NB)
def close(call: Call) -> None:
    """AT+QICLOSE=<id>: OK, then CLOSE OK (R132, R133)."""
    call.count(1, 1)
    number = call.integer(0, 0, call.family.ids - 1)
    connection = call.module.connections.get(number)
    if connection is None and call.options["close_unopened"] != "OK":
        raise Refused(NOT_OPEN)
    delay = call.options.number("close_ok_ms")

    def closed() -> None:
        if connection is not None:
            call.module.connections.remove(connection)
        call.terminal.result("CLOSE OK")

    if connection is not None:
        connection.state = call.family.states.closing
    call.after(lambda: call.module.later(delay, closed))


def state_line(one: Connection) -> str:
    """The eight fields (R136)."""
    return '+QISTATE: %d,"%s","%s",%d,%d,%d,%d,%d' % (
        one.number,
        one.kind,
        one.shown_host,
        shown_remote_port(one),
        one.local_port,
        one.state,
        one.ctx,
        one.mode,
    )


@command("+QISTATE", READ, feature=NB)
def states(call: Call) -> None:
    """Every connection."""
    print_states(call, call.module.connections.all(), state_line)


@command("+QISTATE", WRITE, feature=NB)
def state(call: Call) -> None:
    """=0,<ctx> or =1,<id> (R137, R138)."""
    print_states(call, selected(call), state_line)


def inline_data(call: Call) -> "tuple[int, bytes] | None":
    """Length and data of the form with quoted data, taken by count (R402, R403); None for the other forms."""
    match = INLINE.match(call.tail)
    if match is None:
        return None
    length = int(match.group(2))
    data, rest = call.tail[match.end() :][:length], call.tail[match.end() + length :]
    if not 1 <= length <= call.family.send_max or len(data) != length or rest.rstrip(" ") != '"':
        raise Refused(INVALID)
    return int(match.group(1)), data.encode("latin-1")


def send_now(call: Call, connection: Connection, data: bytes) -> "str | None":
    """Send; OK comes first, SEND OK or SEND FAIL after it (R147, R153, R156)."""
    good = hand_over(connection, data)
    connection.busy = True
    delay = result_delay_ms(call.module, connection)

    def done() -> None:
        connection.busy = False
        if not good:
            call.module.last_error = WRITE_FAILED
        call.terminal.result("SEND OK" if good else "SEND FAIL")

    call.after(lambda: call.module.later(delay, done))
    return None if good or call.options["ok_before_send_fail"] else ""


@command("+QISEND", WRITE, feature=NB)
async def send(call: Call) -> "str | None":
    """AT+QISEND=<id>[,<length>[,"<data>"]] (R147 to R157)."""
    inline = inline_data(call)
    if inline is not None:
        if inline[0] >= call.family.ids:
            raise Refused(INVALID)
        return send_now(call, sendable_id(call, inline[0]), inline[1])
    return await send_data(call, digits=1, decode=bytes)


def sendable_id(call: Call, number: int) -> Connection:
    """`sendable` for an id that is read already."""
    connection = call.module.connections.get(number)
    if connection is None:
        raise Refused(NOT_ALLOWED)
    return check_sendable(connection)


async def send_data(call: Call, digits: int, decode: "Callable[[bytes], bytes]") -> "str | None":
    """The forms with a prompt; `digits` typed characters make one byte."""
    call.count(1, 2)
    length = call.integer(1, 1, call.family.send_max, 0)
    connection = sendable(call)
    limit = digits * call.family.send_max
    echo = call.terminal.echo and bool(call.options["echo_data"])
    data = await call.data(length=digits * length, limit=limit, echo=echo)
    if data is None:
        return call.cancelled()
    if not data:
        return "SEND FAIL"  # R155
    return send_now(call, connection, decode(data))


@command("+QISENDEX", WRITE, feature=NB)
async def send_hex(call: Call) -> "str | None":
    """AT+QISENDEX=<id>[,<length>[,"<hex>"]]; the length counts bytes (R158 to R164, R404)."""
    if len(call.args) < 3:
        return await send_data(call, 1 if call.options["hex_count"] == "digits" and call.has(1) else 2, unhex)
    call.count(3, 3)
    length, data = call.integer(1, 1, call.family.send_max), unhex(call.text(2))
    if len(data) != length:
        raise Refused(INVALID)
    return send_now(call, sendable(call), data)


@command("+QIRD", WRITE, feature=NB)
def read(call: Call) -> None:
    """AT+QIRD=<id>,<length>: at most one segment or datagram (R166 to R173, R412)."""
    call.count(2, 2)
    connection, limit = connection_of(call), call.integer(1, 1, call.family.read_max)
    if connection.kind == "TCP LISTENER":
        raise Refused(NOT_ALLOWED)
    node = connection.take(limit)
    call.after(connection.refill)
    if not node.data:
        call.line("+QIRD: 0")
        return
    print_data(call, node, ",%d" % node.rest if call.module.setting("showlength") else "")


@command("+QISWTMD", READ, feature=NB)
def modes(call: Call) -> None:
    """OK only (R176)."""


@command("+QISWTMD", WRITE, feature=NB)
def switch_mode(call: Call) -> None:
    """AT+QISWTMD=<id>,<mode>: 0 buffer, 1 direct push (R177, R447); saved for that id (R178)."""
    call.count(2, 2)
    number, mode = call.integer(0, 0, call.family.ids - 1), call.integer(1, 0, call.family.modes - 1)
    connection = call.module.connections.get(number)
    if connection is not None:
        connection.mode = mode
    elif call.options["swtmd_unopened"] != "store":
        raise Refused(NOT_OPEN)
    call.module.save("mode%d" % number, mode)


@command("+QICFG", WRITE, feature=NB)
def configure(call: Call) -> None:
    """AT+QICFG="item"[,values]: the answer shows the values, also after setting them (R198 to R204)."""
    item, values = setting_values(call)
    if values is None and call.options["qicfg_omitted"] == "default":
        values = [value[2] for value in call.family.qicfg[item]]
    if values is not None:
        if len(call.args) not in (1, len(values) + 1):
            raise Refused(INVALID)
        call.module.qicfg[item] = values
        if item in call.family.saved:
            call.module.save(item, values)
    call.line('+QICFG: "%s",%s' % (item, ",".join(str(value) for value in call.module.qicfg[item])))


@command("+QIKALIVE", READ, feature="kalive")
def keep_alive(call: Call) -> None:
    """The TCP keep-alive settings (R209)."""
    call.line("+QIKALIVE: %d,%d,%d,%d" % call.module.keep_alive.values)


@command("+QIKALIVE", WRITE, feature="kalive")
def set_keep_alive(call: Call) -> None:
    """AT+QIKALIVE=<on>[,<idle>[,<interval>[,<count>[,"<data>"]]]] (R210, R211); the data are not supported."""
    call.count(1, 5)
    values = (
        call.integer(0, 0, 1),
        call.integer(1, 1, 36000, call.module.keep_alive.values[1]),
        call.integer(2, 10, 20, 10),
        call.integer(3, 1, 255, 9),
    )
    if call.has(4) and len(unhex(call.text(4))) > 128:
        raise Refused(INVALID)
    if call.has(4):
        raise Refused(NOT_SUPPORTED)
    call.module.keep_alive.change(values)


@command("+QATWAKEUP", READ, feature=NB)
def sleep_urcs(call: Call) -> None:
    """Whether +QATSLEEP and +QATWAKEUP are printed (newer firmware)."""
    call.line("+QATWAKEUP: %s" % call.module.service.get("qatwakeup", 0))


@command("+QATWAKEUP", WRITE, feature=NB)
def set_sleep_urcs(call: Call) -> None:
    """AT+QATWAKEUP=<on>; it counts where the option sleep_urcs is "request" (R426)."""
    call.count(1, 1)
    call.module.service["qatwakeup"] = call.integer(0, 0, 1)
