"""TCP/IP of BG96, EC200U and EG915U, by the manuals that their SSL documents refer to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import channels
from ..resolver import is_address
from ..sockets import BUFFER, TRANSPARENT, Connection, Node
from . import EXEC, NOT_ALLOWED, NOT_OPEN, READ, TEST, WRITE, Call, Refused, command, lte_items
from .tcpip import (
    INVALID,
    NOT_SUPPORTED,
    PORT_MAX,
    SENDERS,
    TYPES,
    URC,
    check_new,
    connection_of,
    hand_over,
    open_later,
    print_data,
    print_states,
    result_delay_ms,
    selected,
    sendable,
    setting_values,
    try_open,
    unhex,
)

if TYPE_CHECKING:
    from ..module import VirtualModule

LTE = "lte_tcpip"
SSL_URC = "+QSSLURC"
NEW = "lte_tcpip_new"  # what EC200U has over BG96
SENDEX_MAX = 512
SERVICE = "UDP SERVICE"
STREAMS = ("TCP", "TCP INCOMING")


@command("+QIOPEN", WRITE, feature=LTE)
async def open_connection(call: Call) -> "str | None":
    """AT+QIOPEN=<ctx>,<id>,<type>,<host>,<port>[,<local>[,<mode>[,<clients>[,<timeout>]]]]."""
    call.count(5, 9 if NEW in call.family.features else 7)
    connection = described(call)
    check_new(call, connection.number, connection.ctx, connection.local_port)
    if connection.mode != TRANSPARENT:
        open_later(call, connection)
        return None
    call.module.connections.add(connection)
    code = await try_open(connection)
    if code:
        call.module.connections.remove(connection)  # the open was refused: nothing to close
        raise Refused(code)
    return call.transparent(connection)


def described(call: Call) -> Connection:
    """The connection that the parameters describe."""
    ctx, number = call.integer(0, 1, call.family.contexts), call.integer(1, 0, call.family.ids - 1)
    kind, host = call.text(2), call.text(3, limit=200)
    server = kind in TYPES[2:]
    if kind not in TYPES:
        raise Refused(INVALID)
    if kind == SERVICE and not call.options["udp_service"]:
        raise Refused(NOT_SUPPORTED)
    port, local = call.integer(4, 0 if server else 1, PORT_MAX), call.integer(5, 0, PORT_MAX, 0)
    mode = call.integer(6, 0, call.family.modes - 1, BUFFER)
    if server and (not local or mode == TRANSPARENT):
        raise Refused(INVALID)
    connection = Connection(call.module, number, kind, ctx, host, port, local, mode)
    connection.clients_max = call.integer(7, 0, 11, 11)
    connection.limit_ms = 1000 * call.integer(8, 10, 150, 0)
    return connection


@command("+QICLOSE", WRITE, feature=LTE)
def close(call: Call) -> None:
    """AT+QICLOSE=<id>[,<timeout_s>]: OK alone, also on an unused id (R396); 0 drops the connection."""
    call.count(1, 2)
    number, timeout_s = call.integer(0, 0, call.family.ids - 1), call.integer(1, 0, 65535, 10)
    connection = call.module.connections.get(number)
    if connection is None or connection.urc != URC:
        if call.options["close_unopened"] != "OK":
            raise Refused(NOT_OPEN)
        return
    connection.shut(abort=timeout_s == 0)
    call.module.connections.remove(connection)
    if call.module.setting("close/mode"):
        call.after(lambda: call.module.urc('%s: "closed",%d' % (URC, number)))


def state_line(one: Connection) -> str:
    """The ten fields; the local port is the real one (R299)."""
    server = one.kind in TYPES[2:]
    return '+QISTATE: %d,"%s","%s",%d,%d,%d,%d,%d,%d,"%s"' % (
        one.number,
        one.kind,
        one.shown_host,
        0 if server else one.port,
        one.shown_local_port(),
        one.state,
        one.ctx,
        one.server,
        one.mode,
        one.module.options.text("at_port"),
    )


@command("+QISTATE", READ, EXEC, feature=LTE)
def states(call: Call) -> None:
    """Every TCP/IP connection."""
    print_states(call, call.module.connections.all(), state_line)


@command("+QISTATE", WRITE, feature=LTE)
def state(call: Call) -> None:
    """=0,<ctx> or =1,<id>."""
    print_states(call, selected(call), state_line)


@command("+QISTATE", TEST, feature=LTE)
def state_values(call: Call) -> None:
    """OK alone."""


@command("+QISEND", WRITE, feature=LTE)
async def send(call: Call) -> "str | None":
    """AT+QISEND=<id>[,<length>[,"<ip>",<port>]], or =<id>,0 for the counts."""
    call.count(1, 4)
    length = call.integer(1, 0, call.family.send_max, -1)
    if length == 0:
        counts(call)
        return None
    connection = sendable(call, NOT_OPEN, (*SENDERS, SERVICE))
    to = destination(call, connection)
    data = await take_data(call, max(length, 0))
    if data is None:
        return call.cancelled()
    return await report(call, connection, decoded(call, data), to)


async def take_data(call: Call, length: int) -> "bytes | None":
    """The data behind the prompt, echoed unless AT+QISDE=0."""
    seconds = call.module.setting("qisend/timeout")
    per_byte = 2 if call.module.setting("dataformat") else 1
    return await call.data(
        length=per_byte * length,
        limit=per_byte * call.family.send_max,
        echo=call.terminal.data_echo,
        timeout_ms=1000 * seconds,
    )


def decoded(call: Call, data: bytes) -> bytes:
    """Data as typed, or what the hex digits mean with dataformat 1."""
    return unhex(data) if call.module.setting("dataformat") else data


def counts(call: Call) -> None:
    """+QISEND: <total>,<acked>,<unacked>."""
    connection = connection_of(call)
    if connection.kind not in STREAMS:
        raise Refused(NOT_ALLOWED)
    unacked = min(connection.unacked(), connection.sent)
    call.line("+QISEND: %d,%d,%d" % (connection.sent, connection.sent - unacked, unacked))


def destination(call: Call, connection: Connection) -> "tuple[str, int] | None":
    """Where a UDP SERVICE sends to, a dotted address; other kinds have no address here."""
    if connection.kind != SERVICE:
        call.count(1, 2)
        return None
    call.count(4, 4)
    host, port = call.text(2), call.integer(3, 1, PORT_MAX)
    where = call.module.resolver.known(host, port) if is_address(host) else None
    if where is None:
        raise Refused(INVALID)
    return where


async def report(call: Call, connection: Connection, data: bytes, to: "tuple[str, int] | None" = None) -> "str | None":
    """Send and give the result: SEND OK, SEND FAIL, or with QICFG "sendinfo" the status: 0 good, 1 failed."""
    good = bool(data) and hand_over(connection, data, to)
    delay = result_delay_ms(call.module, connection)
    if delay:
        await call.module.clock.sleep_ms(delay)
    if call.module.setting("sendinfo"):
        free = call.options.number("tx_buffer") - connection.unsent()
        call.line("%s: %d,%d,%d" % (call.command.name, connection.number, not good, free))
        return None
    return "SEND OK" if good else "SEND FAIL"


@command("+QISENDEX", WRITE, feature=LTE)
async def send_hex(call: Call) -> "str | None":
    """AT+QISENDEX=<id>,"<hex>", at most 512 digits."""
    call.count(2, 2)
    data = unhex(call.text(1, limit=SENDEX_MAX))
    return await report(call, sendable(call, NOT_OPEN), data)


@command("+QIRD", WRITE, feature=LTE)
def read(call: Call) -> None:
    """AT+QIRD=<id>[,<length>]: a piece of the stream or one datagram; =<id>,0 shows the counts."""
    call.count(1, 2)
    connection, limit = connection_of(call), call.integer(1, 0, call.family.read_max, call.family.read_max)
    if connection.kind == "TCP LISTENER":
        raise Refused(NOT_ALLOWED)
    if limit == 0:
        done = connection.read_bytes
        call.line("+QIRD: %d,%d,%d" % (done + connection.unread(), done, connection.unread()))
        return
    node = connection.take(limit, merge=connection.kind in STREAMS or bool(call.module.setting("udp/readmode")))
    call.after(connection.refill)
    if node.data:
        print_data(call, node, sender(connection, node))
    else:
        call.line("+QIRD: 0")


def sender(connection: Connection, node: Node) -> str:
    """Who sent a datagram to a UDP SERVICE."""
    if connection.kind != SERVICE or node.peer is None:
        return ""
    return ',"%s",%d' % connection.module.resolver.back(*node.peer)


@command("+QISWTMD", WRITE, feature=LTE)
def switch_mode(call: Call) -> "str | None":
    """AT+QISWTMD=<id>,<0/1/2>; 2 answers CONNECT. TLS connections too (R415)."""
    call.count(2, 2)
    number, mode = call.integer(0, 0, call.family.ids - 1), call.integer(1, 0, call.family.modes - 1)
    connection = call.module.connections.get(number) or call.module.connections.get(number, SSL_URC)
    if connection is None or not connection.connected:
        raise Refused(NOT_OPEN)
    if connection.urc == SSL_URC and call.options["ssl_swtmd"] != "OK":
        raise Refused(NOT_SUPPORTED)
    if mode == TRANSPARENT:
        return lent(call, connection)
    connection.mode = mode
    return None


def lent(call: Call, connection: Connection) -> str:
    """The port lent to a connection; 572 for a service, which has no one peer."""
    if connection.kind == SERVICE:
        raise Refused(NOT_ALLOWED)
    return call.transparent(connection)


@command("+QIACCEPT", WRITE, feature=NEW)
def answer_client(call: Call) -> None:
    """AT+QIACCEPT=<id>,<0/1>: refuse or take a client that waits, with QICFG "tcp/accept",0."""
    call.count(2, 2)
    connection, take = connection_of(call), call.integer(1, 0, 1)
    if connection.kind != "TCP INCOMING" or connection.state != call.family.states.opening:
        raise Refused(NOT_ALLOWED)
    if take:
        connection.state = call.family.states.connected
        call.after(lambda: connection.hold(False))
    else:
        connection.shut(abort=True)
        call.module.connections.remove(connection)


@command("+QICFG", WRITE, feature=LTE)
def configure(call: Call) -> None:
    """AT+QICFG="item"[,values]: setting answers OK alone."""
    if NEW in call.family.features and lte_items.configure(call):
        return
    item, values = setting_values(call)
    if values is not None:
        call.module.qicfg[item] = values
        _begin(call.module, item, values)
        return
    call.line('+QICFG: "%s",%s' % (item, ",".join(str(value) for value in call.module.qicfg[item])))


def _begin(module: VirtualModule, item: str, values: "list[int]") -> None:
    """What a new value changes at once."""
    if item == "tcp/keepalive":
        module.keep_alive.change((values[0], values[1], values[2], values[3]))
    elif item == "tcp/retranscfg":
        channels.of(module).gives_up = True


@command("+QICFG", TEST, feature=LTE)
def configurable(call: Call) -> None:
    """A line per item with its ranges."""
    lines = [
        '+QICFG: "%s",%s' % (item, ",".join("(%d-%d)" % value[:2] for value in values))
        for item, values in call.family.qicfg.items()
    ]
    call.terminal.answer_lines(lines + list(lte_items.TESTS if NEW in call.family.features else ()))
