"""What the TCP/IP commands of both dialects share: opening, accepting, sending, reading, state, settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from .. import links
from ..resolver import is_address
from ..sockets import Connection, Node
from . import NOT_ALLOWED, NOT_OPEN, Call, Refused

if TYPE_CHECKING:
    from ..module import VirtualModule

TYPES = ("TCP", "UDP", "TCP LISTENER", "UDP SERVICE")
SENDERS = ("TCP", "UDP", "TCP INCOMING")
ID_TAKEN, NOT_SUPPORTED, BIND_FAILED, NO_PDP, INVALID, BUSY = 563, 555, 556, 561, 552, 568
WRITE_FAILED = 558
PORT_MAX = 65535
URC = "+QIURC"  # of TCP/IP connections; SSL ones have their own commands


def connection_of(call: Call, closed: int = NOT_OPEN, index: int = 0) -> Connection:
    """The connection whose id is a parameter; `closed` is the error when that id is not in use."""
    connection = call.module.connections.get(call.integer(index, 0, call.family.ids - 1))
    if connection is None or connection.urc != URC:
        raise Refused(closed)
    return connection


def check_new(call: Call, number: int, ctx: int, local_port: int) -> None:
    """What can be refused before an open begins: id, context, local port (R399, R119)."""
    if call.module.connections.get(number) is not None:
        raise Refused(ID_TAKEN)
    if not call.module.network.active(ctx):
        raise Refused(NO_PDP)
    if call.module.connections.port_busy(local_port):
        raise Refused(BIND_FAILED)


async def establish(connection: Connection) -> None:
    """Open the far side; OpenFailed says why not."""
    module = connection.module
    if connection.kind == "TCP LISTENER":
        connection.link = await links.listen(module, connection, lambda link: accept(connection, link))
    elif connection.kind == "UDP SERVICE":
        connection.link = await links.serve_udp(module, connection)
    elif connection.kind == "UDP":
        connection.link = await links.dial_udp_plain(module, connection)
    else:
        connection.link = await links.dial(module, connection, connection.deliver, connection.peer_closed)
    await show_address(connection)


async def show_address(connection: Connection) -> None:
    """<IP_address> of QISTATE: the peer's, resolved; the module's own for servers (R141, R458)."""
    if connection.kind in ("TCP LISTENER", "UDP SERVICE"):
        module = connection.module
        connection.shown_host = module.options.text("address6") if connection.version == 6 else module.network.address
    elif not is_address(connection.host):
        connection.shown_host = (await connection.module.resolver.addresses(connection.host))[0]


async def try_open(connection: Connection) -> int:
    """Open; the error code, 0 when it stands."""
    module, states = connection.module, connection.module.family.states
    connection.state = states.opening
    try:
        await establish(connection)
    except links.OpenFailed as error:
        connection.state = states.initial
        if not module.options["failed_open_keeps_id"]:
            module.connections.remove(connection)
        return error.code
    connection.state = states.listening if connection.kind == "TCP LISTENER" else states.connected
    module.keep_alive.watch(connection)
    return 0


def open_later(call: Call, connection: Connection) -> None:
    """Take the id now; open after OK and report with +QIOPEN (R113)."""
    module = call.module
    module.connections.add(connection)

    async def work() -> None:
        code = await try_open(connection)
        module.last_error = code
        module.urc("+QIOPEN: %d,%d" % (connection.number, code))
        connection.hold(False)

    def begin() -> None:
        connection.hold(True)
        connection.task = module.spawn(work())

    call.after(begin)


def accept(listener: Connection, link: links.TcpLink) -> None:
    """A client came in: a new connection, or "incoming full" (R216, R217, R413)."""
    module = listener.module
    free = module.connections.free()
    if not free or module.faults.take("incoming_full") is not None or _too_many(listener):
        link.close(abort=True)
        module.urc(URC + ': "incoming full"')
        return
    number = free[-1 if module.options["incoming_id"] == "highest" else 0]
    host, port = module.resolver.back(*link.remote)
    inherited = module.options["incoming_mode"] == "listener"
    mode = listener.mode if inherited else module.options.number("incoming_mode")
    connection = Connection(module, number, "TCP INCOMING", listener.ctx, host, port, listener.local_port, mode)
    connection.server, connection.link, connection.state = listener.number, link, module.family.states.connected
    link.received, link.ended = connection.deliver, connection.peer_closed
    if module.qicfg.get("tcp/accept") == [0]:  # EC200U: until AT+QIACCEPT
        connection.state = module.family.states.opening
        connection.hold(True)
    module.connections.add(connection)
    module.keep_alive.watch(connection)
    module.urc(URC + ': "incoming",%d,%d,"%s",%d' % (number, listener.number, host, port))


def _too_many(listener: Connection) -> bool:
    here = [one for one in listener.module.connections.all() if one.server == listener.number and one is not listener]
    return len(here) >= listener.clients_max


def sendable(call: Call, closed: int = NOT_ALLOWED, kinds: "tuple[str, ...]" = SENDERS) -> Connection:
    """The connection to send on; what is known at once is refused instead of the prompt (R154, R156, R443)."""
    return check_sendable(connection_of(call, closed), kinds)


def check_sendable(connection: Connection, kinds: "tuple[str, ...]" = SENDERS) -> Connection:
    """Refuse a connection that nothing can be sent on."""
    if connection.kind not in kinds:
        raise Refused(NOT_ALLOWED)
    if not connection.connected:
        raise Refused(NOT_OPEN)
    if connection.busy:
        raise Refused(BUSY)
    return connection


def hand_over(connection: Connection, data: bytes, to: "tuple[str, int] | None" = None) -> bool:
    """Give data to the stack; False for SEND FAIL; Refused when the connection went away during input (R443)."""
    if not connection.connected:
        raise Refused(NOT_OPEN)
    if connection.module.faults.take("send_fail", connection.number) is not None:
        return False
    return connection.send(data, to)


def result_delay_ms(module: VirtualModule, connection: Connection) -> int:
    """How late SEND OK is."""
    late = module.faults.take("send_ok_delayed", connection.number)
    return module.options.number("send_ok_ms") if late is None else late.value("ms", 1000)


def unhex(digits: "str | bytes") -> bytes:
    """The bytes that hex digits stand for; 552 for anything else."""
    text = digits.decode("latin-1") if isinstance(digits, bytes) else digits
    if len(text) % 2 or not all(char in "0123456789abcdefABCDEF" for char in text):
        raise Refused(INVALID)
    return bytes.fromhex(text)


def selected(call: Call) -> "list[Connection]":
    """The connections that AT+QISTATE=0,<ctx> or =1,<id> asks for."""
    call.count(2, 2)
    every = call.module.connections.all()
    if call.integer(0, 0, 1):
        number = call.integer(1, 0, call.family.ids - 1)
        return [one for one in every if one.number == number and one.urc == URC]
    ctx = call.integer(1, 1, call.family.contexts)
    return [one for one in every if one.ctx == ctx and one.urc == URC]


def print_states(call: Call, connections: "Iterable[Connection]", line: "Callable[[Connection], str]") -> None:
    """A +QISTATE line each (R442); SSL connections have their own command."""
    call.terminal.answer_lines(line(one) for one in connections if one.urc == URC)


def shown_remote_port(connection: Connection) -> int:
    """<remote_port>: 0 for a server, or what was given (R142, R345)."""
    if connection.kind in ("TCP LISTENER", "UDP SERVICE"):
        return connection.port if connection.module.options["listener_remote_port"] == "given" else 0
    return connection.port


def print_data(call: Call, node: Node, more: str = "") -> None:
    """The answer of QIRD with data; `more` stands behind the length (R166, R199, R441)."""
    call.line(call.module.payload("+QIRD: %d%s" % (len(node.data), more), node.data))


def setting_values(call: Call) -> "tuple[str, list[int] | None]":
    """The item of AT+QICFG and its new values, or None for a query; 552 for what does not exist."""
    item = call.text(0)
    ranges = call.family.qicfg.get(item)
    if ranges is None:
        raise Refused(INVALID)
    if len(call.args) == 1:
        return item, None
    call.count(2, len(ranges) + 1)
    old = call.module.qicfg[item]
    values = [call.integer(at + 1, low, high, old[at]) for at, (low, high, _) in enumerate(ranges)]
    return item, values
