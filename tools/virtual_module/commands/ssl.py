"""AT+QSSLCFG, QSSLOPEN, QSSLSEND, QSSLRECV, QSSLCLOSE and QSSLSTATE of the LTE families."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from .. import suites
from ..files import FileError, FileStore
from ..links import OpenFailed
from ..sockets import TRANSPARENT
from ..ssl_items import CONTEXTS, PATH, SUITE, Item, SslContext, items
from ..tls import TlsSettings
from ..tls_link import TlsConnection, TlsLink
from . import EXEC, READ, TEST, WRITE, Call, CmeError, Refused, command
from .basic import clock_now

if TYPE_CHECKING:
    from ..module import VirtualModule

_SSL = "ssl"
_NO_MEMORY, _PDP_DOWN, _IN_USE, _CLOSED = 553, 561, 563, 567
_OLD_SPELLING = "secllevel"  # R331


def contexts(module: VirtualModule) -> "list[SslContext]":
    """The six contexts; a restart brings the defaults back (R024)."""
    made = module.service.get("ssl")
    if not isinstance(made, list):
        made = module.service["ssl"] = [SslContext.fresh(module.family.name) for _ in range(CONTEXTS)]
    return made


# -- AT+QSSLCFG ---------------------------------------------------------------------------------


@command("+QSSLCFG", TEST, feature=_SSL)
def configuration_values(call: Call) -> None:
    """One line per item (R041, R042)."""
    name = call.family.name
    call.terminal.answer_lines([item.test_line(name) for item in items(name).values()])


@command("+QSSLCFG", WRITE, feature=_SSL)
def configure(call: Call) -> None:
    """`="<item>",<ctx>[,<value>]`; without the value it is a query (R043)."""
    call.count(1, 3)
    item = _item(call)
    if len(call.args) == 1 and item.name == "cacertex":  # R047
        call.terminal.answer_lines([_line(call, item, ctx) for ctx in range(CONTEXTS)])
        return
    ctx = call.integer(1, 0, CONTEXTS - 1)
    if len(call.args) == 2:
        call.line(_line(call, item, ctx))
    else:
        contexts(call.module)[ctx].values[item.name] = _value(call, item)


def _item(call: Call) -> Item:
    name = call.text(0).lower()
    if name == _OLD_SPELLING and call.options["ssl_old_spelling"]:
        name = "seclevel"
    known = items(call.family.name)
    if name not in known:
        raise Refused()
    return known[name]


def _line(call: Call, item: Item, ctx: int) -> str:
    return '+QSSLCFG: "%s",%d,%s' % (item.name, ctx, item.show(contexts(call.module)[ctx].values[item.name]))


def _value(call: Call, item: Item) -> "int | str":
    if item.kind == PATH:
        return call.text(2, empty=True)
    if item.kind == SUITE:
        return _suite(call)
    return call.integer(2, item.low, item.high)


def _suite(call: Call) -> int:
    """0X0035 or 0x0035, without quotes (R045, R421)."""
    text = call.args[2].text
    digits = text[2:]
    if call.args[2].quoted or text[:2].upper() != "0X" or len(digits) != 4:
        raise Refused()
    if any(digit not in "0123456789abcdefABCDEF" for digit in digits):
        raise Refused()
    if int(digits, 16) not in suites.codes(call.family.name):
        raise Refused()
    return int(digits, 16)


def settings(module: VirtualModule, context: SslContext) -> TlsSettings:
    """What the context means for an open; OpenFailed when a file that it needs is not there (R422)."""
    level = context.number("seclevel")
    files = partial(_file, module)
    check_name = bool(module.options["ssl_name_check"])
    return TlsSettings(
        family=module.family.name,
        version=context.number("sslversion"),
        suite=context.number("ciphersuite"),
        seclevel=level,
        ca=tuple(pem for pem in map(files, _paths(context, level)) if pem is not None),
        client_cert=files(context.path("clientcert")) if level == 2 else None,
        client_key=files(context.path("clientkey")) if level == 2 else None,
        ignore_time=bool(context.number("ignorelocaltime")),
        ignore_chain=bool(context.number("ignoremulticertchainverify")),
        ignore_sign=bool(context.number("ignoreinvalidcertsign")),
        ignore_items=context.number("ignorecertitem"),
        sni=bool(context.number("sni")),
        check_name=check_name,
        now=clock_now(module),
        dtls=bool(context.number("dtls")),
        rsa_min=module.options.number("ssl_rsa_min"),
        der=bool(module.options["ssl_der"]),
    )


def _paths(context: SslContext, level: int) -> "list[str]":
    return [context.path("cacert"), context.path("cacertex")] if level else []


def _file(module: VirtualModule, path: str) -> "bytes | None":
    if not path:
        return None
    try:
        return FileStore(module.files).get(path)
    except FileError:
        raise OpenFailed(module.options.number("tls_err")) from None


# -- AT+QSSLOPEN, AT+QSSLCLOSE ------------------------------------------------------------------


@command("+QSSLOPEN", TEST, feature=_SSL)
def open_values(call: Call) -> None:
    """Ranges (R061, R062)."""
    family = call.family
    call.line(
        "+QSSLOPEN: (1-%d),(0-%d),(0-%d),<serveraddr>,<server_port>[,(0-2)]"
        % (family.contexts, CONTEXTS - 1, family.ids - 1)
    )


@command("+QSSLOPEN", WRITE, feature=_SSL)
async def open_connection(call: Call) -> "str | None":
    """`=<pdp>,<ssl>,<id>,"<addr>",<port>[,<mode>]` (R063 to R067)."""
    call.count(5, 6)
    module, table = call.module, call.module.connections
    ctx, tls_ctx = call.integer(0, 1, call.family.contexts), call.integer(1, 0, CONTEXTS - 1)
    number, host = call.integer(2, 0, call.family.ids - 1), call.text(3)
    port, mode = call.integer(4, 1, 65535), call.integer(5, 0, 2, 0)
    if table.get(number, TlsConnection.urc) is not None:
        raise Refused(_IN_USE)
    if len(_tls_connections(call)) >= call.options.number("ssl_sessions"):
        raise Refused(_NO_MEMORY)
    if not module.network.active(ctx):
        raise Refused(_PDP_DOWN)
    connection = TlsConnection(module, number, ctx, host, port, mode, tls_ctx)
    table.add(connection)
    if mode == TRANSPARENT:
        return await _open_transparent(call, connection)
    call.after(lambda: _start(module, connection))
    return None


def _start(module: VirtualModule, connection: TlsConnection) -> None:
    connection.hold(True)  # +QSSLOPEN comes before the first recv
    connection.task = module.spawn(_open_later(module, connection))


async def _handshake(module: VirtualModule, connection: TlsConnection) -> None:
    """OpenFailed with the code; the id then stays taken or not as the family has it (R395)."""
    context = contexts(module)[connection.tls_ctx]
    connection.state = module.family.states.opening
    try:
        link = TlsLink(module, connection, settings(module, context))
        connection.link = link
        await link.open(1000 * context.number("negotiatetime"))
    except OpenFailed:
        connection.task, connection.state = None, module.family.states.initial
        connection.shut()
        if not module.options["failed_open_keeps_id"]:
            module.connections.remove(connection)
        raise
    connection.state = module.family.states.connected


async def _open_later(module: VirtualModule, connection: TlsConnection) -> None:
    code = 0
    try:
        await _handshake(module, connection)
    except OpenFailed as error:
        code = error.code
    module.last_error = code if module.options["tls_err_in_register"] else 0
    module.urc("+QSSLOPEN: %d,%d" % (connection.number, code))
    connection.hold(False)


async def _open_transparent(call: Call, connection: TlsConnection) -> str:
    """CONNECT or ERROR, nothing else (R066)."""
    connection.hold(True)
    try:
        await _handshake(call.module, connection)
    except OpenFailed as error:
        call.module.connections.remove(connection)  # the open was refused: nothing to close
        raise Refused(error.code) from None
    result = call.transparent(connection)
    connection.hold(False)
    return result


@command("+QSSLCLOSE", TEST, feature=_SSL)
def close_values(call: Call) -> None:
    """Ranges (R085)."""
    call.line("+QSSLCLOSE: (0-%d),(0-65535)" % (call.family.ids - 1))


@command("+QSSLCLOSE", WRITE, feature=_SSL)
def close_connection(call: Call) -> None:
    """`=<id>[,<timeout_s>]`: OK; 0 drops the connection (R086, R396)."""
    call.count(1, 2)
    number, timeout_s = call.integer(0, 0, call.family.ids - 1), call.integer(1, 0, 65535, 10)
    connection = call.module.connections.get(number, TlsConnection.urc)
    if isinstance(connection, TlsConnection):
        connection.shut(abort=timeout_s == 0)
        call.module.connections.remove(connection)
        _release(call, connection.tls_ctx)
    elif call.options["close_unopened"] != "OK":
        raise Refused(_CLOSED)


def _release(call: Call, ctx: int) -> None:
    """The last connection of a context was closed: what it loses then is not stated (R087, R460)."""
    left = [one for one in call.module.connections.all() if isinstance(one, TlsConnection) and one.tls_ctx == ctx]
    if not left and call.options["ssl_release"] == "settings":
        contexts(call.module)[ctx] = SslContext.fresh(call.family.name)


# -- data ---------------------------------------------------------------------------------------


def _usable(call: Call) -> TlsConnection:
    """The connection of parameter 0; ERROR and 567 when there is none or its open is not done (R075, R399)."""
    connection = call.module.connections.get(call.integer(0, 0, call.family.ids - 1), TlsConnection.urc)
    states = call.family.states
    if not isinstance(connection, TlsConnection) or connection.state in (states.initial, states.opening):
        raise Refused(_CLOSED)
    return connection


def _longest(call: Call) -> int:
    return 1500 if call.options["send_max_1500"] else call.family.send_max


@command("+QSSLSEND", TEST, feature=_SSL)
def send_values(call: Call) -> None:
    """Ranges (R071, R072)."""
    call.line("+QSSLSEND: (0-%d)[,(1-%d)]" % (call.family.ids - 1, call.family.send_max))


@command("+QSSLSEND", WRITE, feature=_SSL)
async def send(call: Call) -> str:
    """`=<id>[,<length>]`: prompt, data, SEND OK, SEND FAIL or ERROR (R073 to R078)."""
    call.count(1, 2)
    length = call.integer(1, 1, _longest(call), 0)
    connection = _usable(call)
    if not connection.connected:
        raise Refused(_CLOSED)
    echo = bool(call.options["ssl_data_echo"]) and call.terminal.data_echo
    data = await call.data(length=length, limit=_longest(call), echo=echo)
    if data is None:
        return call.cancelled()
    return await _pass_on(call, connection, data)


async def _pass_on(call: Call, connection: TlsConnection, data: bytes) -> str:
    faults, options = call.module.faults, call.options
    if not connection.connected:
        raise Refused(_CLOSED)
    if faults.take("send_fail", connection.number) is not None or not connection.send(data):
        return "SEND FAIL"
    late = faults.take("send_ok_delayed", connection.number)
    delay_ms = options.number("send_ok_ms") if late is None else late.value("ms", 1000)
    if delay_ms:
        await call.module.clock.sleep_ms(delay_ms)
    return "SEND OK"


@command("+QSSLRECV", TEST, feature=_SSL)
def receive_values(call: Call) -> None:
    """Ranges (R079)."""
    call.line("+QSSLRECV: (0-%d),(1-%d)" % (call.family.ids - 1, call.family.read_max))


@command("+QSSLRECV", WRITE, feature=_SSL)
def receive(call: Call) -> None:
    """`=<id>,<length>`: `+QSSLRECV: <n>` CR LF data (R080 to R084); 0 when there is nothing."""
    call.count(2, 2)
    limit, connection = call.integer(1, 1, call.family.read_max), _usable(call)
    if not connection.connected and not call.options["ssl_read_after_close"]:  # R393
        raise Refused(_CLOSED)
    data = connection.read(limit)
    call.line(b"+QSSLRECV: %d" % len(data) + (b"\r\n" + data if data else b""))
    connection.refill()


# -- AT+QSSLSTATE -------------------------------------------------------------------------------


def _state_line(call: Call, connection: TlsConnection) -> str:
    """R090, R093; <serverID> repeats the id."""
    local = call.options.number("local_port") or connection.local_port
    return '+QSSLSTATE: %d,"SSLClient","%s",%d,%d,%d,%d,%d,%d,"%s",%d' % (
        connection.number, connection.host, connection.port, local, connection.state, connection.ctx,
        connection.number, connection.mode, call.options.text("at_port"), connection.tls_ctx,
    )  # fmt: skip


def _tls_connections(call: Call) -> "list[TlsConnection]":
    return [one for one in call.module.connections.all() if isinstance(one, TlsConnection)]


@command("+QSSLSTATE", EXEC, feature=_SSL)
def states(call: Call) -> None:
    """All SSL connections (R091); none: OK alone (R397)."""
    call.terminal.answer_lines([_state_line(call, one) for one in _tls_connections(call)])


@command("+QSSLSTATE", WRITE, feature=_SSL)
def state(call: Call) -> None:
    """`=<id>`, one parameter (R090)."""
    call.count(1, 1)
    number = call.integer(0, 0, call.family.ids - 1)
    call.terminal.answer_lines([_state_line(call, one) for one in _tls_connections(call) if one.number == number])


@command("+QSSLSTATE", READ, feature=_SSL)
def states_read(call: Call) -> None:
    """Not in the documents: ERROR, or as the execution form with the option (R397)."""
    if not call.options["ssl_state_read"]:
        raise CmeError(-1)
    states(call)
