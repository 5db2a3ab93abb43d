"""Ping, NTP and DNS of both dialects (rows R180 to R195, R300, R309, R455, R457)."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from datetime import datetime, timedelta, timezone

from .. import links, words
from ..resolver import NoAddress, is_address
from ..sockets import Connection
from . import EXEC, NOT_ALLOWED, READ, WRITE, Call, Refused, command
from .basic import stamp
from .tcpip import BUSY, INVALID, NO_PDP, PORT_MAX

NB, LTE = "nb_tcpip", "lte_tcpip"
BOTH = (NB, LTE)
PING_TIMEOUT, PING_DONE_NB, PING_DONE_LTE, PING_TCPIP_ERROR, PING_NO_ADDRESS, PING_NO_PDP = 1, 2, 0, 3, 4, 5
PING_TIMEOUT_LTE = 569
NTP_ERROR, NTP_NO_REPLY, NTP_BUSY, NTP_DNS_NB, NTP_NO_PDP, NTP_FAILED_LTE = 1, 2, 3, 4, 5, 569
DNS_BUSY, DNS_FAILED, UNREACHABLE = 564, 565, 566
NTP_RESULTS = {DNS_FAILED: NTP_DNS_NB, UNREACHABLE: NTP_NO_REPLY, NO_PDP: NTP_NO_PDP}  # NB (R275)
TTL = 255
NTP_SINCE = datetime(1900, 1, 1, tzinfo=timezone.utc)
NTP_WAIT_MS, NTP_TRIES = 1000, 2
NAME_MAX = 255


@command("+QIGETERROR", EXEC)
def last_error(call: Call) -> None:
    """The register of the last TCP/IP or SSL command (R207)."""
    code = call.module.last_error
    call.line("+QIGETERROR: %d,%s" % (code, words.tcpip(code, call.family.words)))


def is_nb(call: Call) -> bool:
    """True for the NB dialect."""
    return NB in call.family.features


def active_context(call: Call) -> int:
    """The context that is the first parameter; 561 unless it is active."""
    ctx = call.integer(0, 1, call.family.contexts)
    if not call.module.network.active(ctx):
        raise Refused(NO_PDP)
    return ctx


def refuse_if_busy(call: Call, code: int) -> None:
    """ERROR while an earlier command of the same name goes on, where the option says so."""
    if call.module.serving(call.command.name):
        raise Refused(code)


# --- ping ---------------------------------------------------------------------------------------------------------
def ping(call: Call) -> None:
    """AT+QPING=<ctx>,"host"[,<timeout>[,<num>[,<size>]]]: OK, then a line per echo and a summary (R181, R182)."""
    call.count(2, 5 if is_nb(call) else 4)
    active_context(call)
    host = call.text(1, limit=NAME_MAX)
    timeout_s, count, size = call.integer(2, 1, 255, 4), call.integer(3, 1, 10, 4), call.integer(4, 32, 200, 32)
    module = call.module
    refuse_if_busy(call, BUSY)
    call.after(lambda: module.serve(call.command.name, Ping(call, host, timeout_s * 1000, size).run(count)))


class Ping:
    """Echoes to one host. What is on loopback or in the resolver's table answers, everything else is silent."""

    def __init__(self, call: Call, host: str, timeout_ms: int, size: int) -> None:
        self.module, self.nb = call.module, is_nb(call)
        self.host, self.timeout_ms, self.size = host, timeout_ms, size
        self.times: "list[int]" = []

    async def run(self, count: int) -> None:
        """All echoes and the summary."""
        wrong = self._wrong()
        shown = "" if wrong else await self._address()
        if not shown:
            self.module.urc("+QPING: %d" % (wrong or (PING_NO_ADDRESS if self.nb else DNS_FAILED)))
            return
        there = await self._reachable()
        for number in range(count):
            await self._echo(shown, self._time(number) if there else -1)
        done = PING_DONE_NB if self.nb else PING_DONE_LTE
        low, high, mean = self._figures()
        got = len(self.times)
        self._say("+QPING: %d,%d,%d,%d,%d,%d,%d" % (done, count, got, count - got, low, high, mean), True)

    def _wrong(self) -> int:
        """The result of a ping that ends before its first echo, by a fault; 0 when it goes on."""
        fault = self.module.faults.take("ping_fails")
        if fault is not None:
            return fault.value("result", PING_TCPIP_ERROR if self.nb else UNREACHABLE)
        dead = self.module.faults.take("pdp_drift") is not None
        return (PING_NO_PDP if self.nb else NO_PDP) if dead else 0

    async def _address(self) -> str:
        """The host's first address, as it is printed; "" when it has none."""
        try:
            if not is_address(self.host):
                await self.module.delay_names()
            return (await self.module.resolver.addresses(self.host))[0]
        except NoAddress:
            return ""

    def _say(self, text: str, last: bool = False) -> None:
        """One line; with one CR LF between the lines as firmware and the BC65 document lay them out (R442)."""
        if self.nb and self.module.options["one_crlf_between_lines"]:
            frame = "\r\n\r\n%s\r\n" if last else "\r\n%s"
            self.module.urc_bytes((frame % text).encode())
        else:
            self.module.urc(text)

    async def _reachable(self) -> bool:
        try:
            await self.module.resolver.find(self.host, 0)
        except NoAddress:
            return False
        return True

    def _time(self, number: int) -> int:
        if self.module.faults.take("ping_lost") is not None:
            return -1
        fixed = self.module.options["ping_ms"]
        if isinstance(fixed, (list, tuple)) and number < len(fixed):
            return int(fixed[number])
        return self.module.random.randint(20, 90)

    async def _echo(self, shown: str, ms: int) -> None:
        if not 0 <= ms < self.timeout_ms:
            await self.module.clock.sleep_ms(self.timeout_ms)
            self._say("+QPING: %d" % (PING_TIMEOUT if self.nb else PING_TIMEOUT_LTE))
            return
        await self.module.clock.sleep_ms(ms)
        self.times.append(ms)
        address = shown if self.nb else '"%s"' % shown
        self._say("+QPING: 0,%s,%d,%d,%d" % (address, self.size, ms, TTL))

    def _figures(self) -> "tuple[int, int, int]":
        if not self.times:
            return 0, 0, 0
        return min(self.times), max(self.times), sum(self.times) // len(self.times)


# --- NTP ----------------------------------------------------------------------------------------------------------
def ntp(call: Call) -> None:
    """AT+QNTP=<ctx>,"server"[,<port>[,<auto_set>]]: OK, then +QNTP: <err>,"<time>" (R185 to R188)."""
    call.count(2, 6 if "lte_tcpip_new" in call.family.features else 4)
    ctx, server = active_context(call), call.text(1, limit=NAME_MAX)
    port = call.integer(2, 1, PORT_MAX, 123)
    auto_set = call.integer(3, 0, 1, call.options["qntp_auto_set"])
    if len(call.args) > 4:
        call.integer(4, 1, 10, 3)
        call.integer(5, 5, 60, 15)
    where = Connection(call.module, -1, "UDP", ctx, server, port, 0, 0)
    if call.module.serving(call.command.name) and is_nb(call):
        call.after(lambda: call.module.urc("+QNTP: %d" % NTP_BUSY))
        return
    refuse_if_busy(call, BUSY)

    def begin() -> None:
        call.module.service["ntp"] = where
        call.module.serve(call.command.name, synchronise(call, where, bool(auto_set)))

    call.after(begin)


@command("+QNTP", READ, feature=LTE)
def ntp_server(call: Call) -> None:
    """The server that is being asked; none: OK alone."""
    asked = call.module.service.get("ntp")
    if isinstance(asked, Connection):
        call.line("+QNTP: %s,%d" % (asked.host, asked.port))


async def synchronise(call: Call, server: Connection, auto_set: bool) -> None:
    """Ask the server for the time and report it."""
    module, code = call.module, NTP_NO_REPLY if is_nb(call) else NTP_FAILED_LTE
    fault, when = module.faults.take("ntp_fails"), None
    try:
        when = None if fault is not None else await ask_time(server)
    except links.OpenFailed as error:
        code = NTP_RESULTS.get(error.code, NTP_ERROR) if is_nb(call) else error.code
    finally:
        module.service.pop("ntp", None)
    if when is None:
        module.urc("+QNTP: %d" % (code if fault is None else fault.value("result", code)))
        return
    local = when.astimezone(timezone(timedelta(minutes=15 * module.options.number("ntp_zone"))))
    if auto_set:
        module.set_wall(local)
    module.urc('+QNTP: 0,"%s"' % stamp(local, call.family.four_digit_year))


async def ask_time(server: Connection) -> "datetime | None":
    """The time of an NTP server in UTC; None when it does not answer."""
    answer: "asyncio.Future[bytes]" = asyncio.get_running_loop().create_future()

    def received(data: bytes, peer: object = None) -> None:
        if not answer.done() and len(data) >= 48:
            answer.set_result(data)

    link = await links.dial_udp(server.module, server, received)
    try:
        for _ in range(NTP_TRIES):
            link.send(b"\x1b" + bytes(47), None)
            with contextlib.suppress(TimeoutError):
                async with server.module.clock.limit(NTP_WAIT_MS):
                    seconds, fraction = struct.unpack("!II", (await asyncio.shield(answer))[40:48])
                    return NTP_SINCE + timedelta(seconds=seconds, milliseconds=fraction * 1000 >> 32)
        return None
    finally:
        link.close(abort=True)


# --- DNS ----------------------------------------------------------------------------------------------------------
def resolve(call: Call) -> None:
    """AT+QIDNSGIP=<ctx>,"host": OK, then the dnsgip URCs (R190, R457)."""
    call.count(2, 2)
    active_context(call)
    host = call.text(1, limit=call.family.name_max or NAME_MAX)
    refuse_if_busy(call, DNS_BUSY)
    call.after(lambda: call.module.serve(call.command.name, print_addresses(call, host)))


async def print_addresses(call: Call, host: str) -> None:
    """The addresses of a name, or 565 (R190, R457)."""
    module = call.module
    try:
        if not is_address(host):
            await module.delay_names()
        found = await module.resolver.addresses(host)
    except NoAddress as error:
        module.last_error = error.code
        module.urc('+QIURC: "dnsgip",%d' % error.code)
        return
    ttl = module.names.ttl(host)
    lines = ['+QIURC: "dnsgip",0,%d,%d' % (len(found), module.options.number("dns_ttl") if ttl is None else ttl)]
    lines += ['+QIURC: "dnsgip","%s"' % address for address in found]
    for text in ["\r\n".join(lines)] if module.options["one_crlf_between_lines"] else lines:
        module.urc(text)


for _feature in BOTH:
    command("+QPING", WRITE, feature=_feature)(ping)
    command("+QNTP", WRITE, feature=_feature)(ntp)
    command("+QIDNSGIP", WRITE, feature=_feature)(resolve)


def server_address(call: Call, index: int, default: str) -> str:
    """A DNS server's address."""
    text = call.text(index, default, limit=50)
    if not is_address(text):
        raise Refused(INVALID)
    return text


@command("+QIDNSCFG", READ, feature=NB)
def dns_servers(call: Call) -> None:
    """Primary and secondary server (R192)."""
    call.line('+QIDNSCFG: "%s","%s"' % tuple(call.module.network.dns))


@command("+QIDNSCFG", WRITE, feature=NB)
def set_dns_servers(call: Call) -> None:
    """AT+QIDNSCFG="<primary>"[,"<secondary>"], once registered (R193, R194)."""
    call.count(1, 2)
    network = call.module.network
    if not call.has(0):
        raise Refused(INVALID)
    servers = [server_address(call, 0, ""), server_address(call, 1, network.dns[1])]
    if not network.registered:
        raise Refused(NOT_ALLOWED)
    network.dns = servers


@command("+QIDNSCFG", WRITE, feature=LTE)
def dns_of_context(call: Call) -> None:
    """AT+QIDNSCFG=<ctx>[,"<primary>"[,"<secondary>"]]: without servers it asks (R300)."""
    call.count(1, 3)
    ctx, network = active_context(call), call.module.network
    if len(call.args) == 1:
        call.line('+QIDNSCFG: %d,"%s","%s"' % (ctx, network.dns[0], network.dns[1]))
        return
    network.dns = [server_address(call, 1, ""), server_address(call, 2, network.dns[1])]
