"""PDP contexts of the LTE families: QICSGP, QIACT, QIDEACT (rows R101 to R103)."""

from __future__ import annotations

from ..radio import Context
from . import READ, TEST, WRITE, Call, Refused, command
from .lte_items import activation_limit_ms

PACKET, NEW = "packet", "lte_tcpip_new"
NO_PDP, NOT_ALLOWED, INVALID = 561, 572, 552
APN_MAX, USER_MAX = 100, 127


def context_of(call: Call) -> "tuple[int, Context]":
    """The context whose number is the first parameter."""
    ctx = call.integer(0, 1, call.family.contexts)
    return ctx, call.module.network.contexts[ctx]


@command("+QICSGP", TEST, feature=PACKET)
def profile_values(call: Call) -> None:
    """The ranges."""
    call.line(
        "+QICSGP: (1-%d),(1-3),<APN>,<username>,<password>,(0-%d)"
        % (call.family.contexts, call.options.number("auth_max"))
    )


@command("+QICSGP", WRITE, feature=PACKET)
def profile(call: Call) -> None:
    """AT+QICSGP=<ctx>[,<type>,"apn"[,"user","pwd"[,<auth>]]]; the context alone asks, and the type comes first."""
    call.count(1, 6)
    _, context = context_of(call)
    if len(call.args) == 1:
        known = (context.type, context.apn, context.user, context.password, context.auth)
        call.line('+QICSGP: %d,"%s","%s","%s",%d' % known)
        return
    new = Context(type=call.integer(1, 1, 3), apn=call.text(2, limit=APN_MAX, empty=True))
    new.user = call.text(3, "", limit=USER_MAX, empty=True)
    new.password = call.text(4, "", limit=USER_MAX, empty=True)
    new.auth = call.integer(5, 0, call.options.number("auth_max"), 0)
    context.type, context.apn, context.user = new.type, new.apn, new.user
    context.password, context.auth, context.defined = new.password, new.auth, True


@command("+QIACT", TEST, feature=PACKET)
@command("+QIDEACT", TEST, feature=PACKET)
@command("+QIDEACTEX", TEST, feature=NEW)
def context_values(call: Call) -> None:
    """The contexts."""
    call.line("%s: (1-%d)" % (call.command.name, call.family.contexts))


@command("+QIACT", READ, feature=PACKET)
def active(call: Call) -> None:
    """A line per active context; none: OK alone."""
    list_active(call)


@command("+QIACTEX", READ, feature=NEW)
def active_later(call: Call) -> None:
    """The same under its own name."""
    list_active(call)


def list_active(call: Call) -> None:
    """A line per active context: its type and its addresses."""
    call.terminal.answer_lines(
        "%s: %d,1,%s" % (call.command.name, ctx, _described(context))
        for ctx, context in call.module.network.contexts.items()
        if context.active
    )


def _described(context: Context) -> str:
    """`<type>,"<ip>"`, with both addresses for IPv4v6."""
    return ",".join([str(context.type), *('"%s"' % one for one in context.addresses)])


@command("+QIACT", WRITE, feature=PACKET)
async def activate(call: Call) -> None:
    """Activate a context: OK, or ERROR with 561, 572 when there are too many."""
    call.count(1, 1)
    await bring_up(call, context_of(call)[0])


async def bring_up(call: Call, ctx: int) -> None:
    """Take as long as it takes; Refused when the context does not come up."""
    module, network = call.module, call.module.network
    context = network.contexts[ctx]
    slow = module.faults.take("qiact_slow")
    if slow is not None:
        await _take_time(call, slow.value("ms", 150_000))
    if context.active and call.options["qiact_active"] != "OK":
        raise Refused(NOT_ALLOWED)
    others = sum(one.active for one in network.contexts.values() if one is not context)
    if others >= call.options.number("contexts_active"):
        raise Refused(NOT_ALLOWED)
    if not network.registered or module.faults.take("qiact_fails") is not None:
        raise Refused(NO_PDP)
    if not context.active:
        network.activate(ctx)


async def _take_time(call: Call, ms: int) -> None:
    """The network is slow; "pdp/retry" may say how long it is tried."""
    limit_ms = activation_limit_ms(call.module)
    if limit_ms and ms > limit_ms:
        await call.module.clock.sleep_ms(limit_ms)
        raise Refused(NO_PDP)
    await call.module.clock.sleep_ms(ms)


@command("+QIACTEX", TEST, feature=NEW)
def activate_later_values(call: Call) -> None:
    """The contexts."""
    call.line("+QIACTEX: (1-%d),(0,1)" % call.family.contexts)


@command("+QIACTEX", WRITE, feature=NEW)
def activate_later(call: Call) -> None:
    """AT+QIACTEX=<ctx>[,<view>]: OK, then +QIACTEX: <ctx>,<err>, with view 1 also type and address."""
    call.count(1, 2)
    ctx, view = context_of(call)[0], call.integer(1, 0, 1, 0)
    call.after(lambda: call.module.spawn(_activated(call, ctx, bool(view))))


async def _activated(call: Call, ctx: int, view: bool) -> None:
    code = 0
    try:
        await bring_up(call, ctx)
    except Refused as error:
        code = error.code
    context = call.module.network.contexts[ctx]
    shown = "," + _described(context) if view and not code else ""
    call.module.last_error = code
    call.module.urc("+QIACTEX: %d,%d%s" % (ctx, code, shown))


@command("+QIDEACTEX", WRITE, feature=NEW)
def deactivate_later(call: Call) -> None:
    """AT+QIDEACTEX=<ctx>: OK, then +QIDEACTEX: <ctx>,0."""
    call.count(1, 1)
    ctx = context_of(call)[0]

    def act() -> None:
        call.module.network.deactivate(ctx)
        call.module.urc("+QIDEACTEX: %d,0" % ctx)

    call.after(act)


@command("+QIDEACT", WRITE, feature=PACKET)
def deactivate(call: Call) -> None:
    """Deactivate a context; its connections are gone."""
    call.count(1, 1)
    ctx, _ = context_of(call)
    call.module.network.deactivate(ctx)
