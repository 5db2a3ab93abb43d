"""What the fuzzer's host does: worked examples through command(), and sockets, TLS, listeners and CoAP messages.

A scene is a function of a Case.  Every call to the driver goes through case.call(), which knows how long it may last.
"""

import kit
from fuzz_checks import Receiver
from fuzz_corpus import EXAMPLES
from fuzz_module import Link
from play import given
from quectel import BUFFER, PUSH, SOCK_DGRAM, SOCK_STREAM, Socket, TLSContext
from quectel.table import DGRAM, MESSAGES, STREAM
from scripted import adopt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from fuzz_corpus import Example

    Scene = Callable[[Any], None]

HOST = "10.0.0.1"
CONTEXT = TLSContext(verify=False)
_NASTY = (
    b"\r\nOK\r\n",
    b"\r\nERROR\r\n",
    b"\r\nSEND OK\r\n",
    b"> ",
    b'\r\n+QIURC: "closed",0\r\n',
    b'\r\n+QIURC: "recv",1,5\r\n',
    b"\r\n+QIRD: 5\r\n",
    b"\r\n+CMEE: 1\r\n\r\nOK\r\n",
    b"\r\nRDY\r\n",
)


def _pool() -> bytes:
    """Bytes for payloads: random ones, and what a module might say."""
    numbers = kit.Random(3)
    parts = []
    for _ in range(250):
        parts.append(numbers.data(numbers.between(1, 60)))
        parts.append(numbers.choice(_NASTY))
    return b"".join(parts)


_POOL = _pool()
_SIZES = (1, 2, 3, 5, 12, 40, 100, 300)


def payload(case: "Any", most: int) -> bytes:
    """The next bytes of the pool: no two payloads of a case are alike."""
    n = min(most, case.numbers.choice(_SIZES))
    if not case.numbers.below(25):
        n = min(most, 600 + case.numbers.below(900))
    at = case.pool_at
    case.pool_at = (at + n) % (len(_POOL) - 1500)
    return _POOL[at : at + n]


# --- worked examples ----------------------------------------------------------------------------------------------


def example(case: "Any") -> None:
    """A worked example of the documents, the host's commands as command() sends them."""
    found: "Example" = case.example
    case.module.script = found.played
    given(case.modem, found.name)
    if not found.family == "BC95G" and not case.numbers.below(3):
        _adopt_some(case)
    if found.first:
        case.module.say(found.first, 0, 0, -1)
    for part in found.played:
        lines = case.command(part.line, part.final, part.data, case.numbers.choice((300, 300, 1000, 12_000)))
        case.texts += lines or []
    case.idle(case.numbers.choice((0, 50, 2000)))


def pick_example(numbers: "kit.Random") -> "Example":
    return numbers.choice(EXAMPLES)


# --- sockets that are open --------------------------------------------------------------------------------------------


def _adopt_some(case: "Any") -> None:
    for _ in range(case.numbers.between(1, 3)):
        cid = case.modem.engine.table.free_id()
        _adopt(case, cid)


def _adopt(case: "Any", cid: int) -> None:
    numbers = case.numbers
    family = case.modem.family
    tls = family.tls is not None and numbers.below(2) == 0
    mode = numbers.choice((BUFFER, BUFFER, PUSH))
    ring = case.modem.engine.table.slots[0].ring.size
    kind = STREAM
    if ring >= family.packet_max + 2 and not numbers.below(5):
        kind = DGRAM
    slot = adopt(case.modem, cid, kind, mode, tls)
    link = case.module.links[cid] = Link(mode, tls, kind == DGRAM)
    case.receivers.append(Receiver(Socket(case.modem, slot=slot), cid, mode == PUSH, kind == DGRAM, link))


def traffic(case: "Any") -> None:
    """One to three open sockets of any sort: data in both ways, peers that close, commands in between."""
    _adopt_some(case)
    if case.family != "BG96" and case.family != "EC200U":
        case.module.show = not case.numbers.below(2)
        case.modem.engine.show = int(case.module.show)
        case.module.inline = not case.numbers.below(4)
        case.modem.engine.view = int(case.module.inline)
        case.modem.engine._views()
    for _ in range(case.numbers.between(3, 8)):
        case.numbers.choice(_STEPS)(case, case.numbers.choice(case.receivers))


def _arrive(case: "Any", one: Receiver) -> None:
    link = one.link
    if one.hung_up or link is None or case.module.links.get(one.cid) is not link:
        return
    waiting = sum([len(data) + 2 for data in link.arrived]) - sum([len(data) for data in one.parts])
    data = payload(case, min(case.modem.family.tcp.read_max, one.slot.ring.size - waiting - 2))
    if data:
        case.module.arrive(one.cid, data)


def _receive(case: "Any", one: Receiver) -> None:
    _arrive(case, one)
    _get(case, one)


def _get(case: "Any", one: Receiver) -> None:
    """One of the ways to read."""
    limit_ms = case.numbers.choice((0, 100, 100, 500, 3000))
    one.sock.settimeout(limit_ms / 1000)
    how = 0 if one.datagrams else case.numbers.below(4)
    if how == 0:
        data = case.call("recv", limit_ms, one.sock.recv, 2000)
        one.parts += [data] if data else []
    elif how == 1:
        data = case.call("read", limit_ms, one.sock.read, case.numbers.choice(_SIZES))
        one.parts.append(data or b"")
    elif how == 2:
        one.parts.append(case.call("readline", limit_ms, one.sock.readline) or b"")
    else:
        buf = bytearray(case.numbers.choice(_SIZES))
        case.call("readinto", limit_ms, one.sock.readinto, buf)
        one.parts.append(bytes(buf[: one.sock._got]))


def _send(case: "Any", one: Receiver) -> None:
    limit_ms = case.numbers.choice((0, 200, 2000, 200_000))
    one.sock.settimeout(limit_ms / 1000)
    data = payload(case, 500 if one.link and one.link.echoes else 1500)  # what comes back fits into the ring
    case.sends = True
    begin = case.clock.passed
    if one.datagrams:
        data = data[: one.slot.dialect.send_max]
        done = case.call("send", limit_ms, one.sock.send, data) is not None
    else:
        done = case.call("sendall", limit_ms, one.sock.write, data) == len(data)
    if done and case.clock.passed - begin < limit_ms:  # else it was only accepted
        case.proved("send", b"SEND OK")


def _hang_up(case: "Any", one: Receiver) -> None:
    if not one.datagrams and not one.hung_up and one.cid in case.module.links and not case.numbers.below(3):
        one.hung_up = True
        case.module.hang_up(one.cid)


def _command(case: "Any", one: Receiver) -> None:
    case.texts += case.command(b"AT+PROBE=7", "OK", None, case.numbers.choice((300, 1000))) or []


def _idle(case: "Any", one: Receiver) -> None:
    case.idle(case.numbers.choice((0, 10, 400, 1500, 7000)))


_STEPS = (_arrive, _receive, _receive, _receive, _get, _send, _send, _hang_up, _command, _idle)


# --- opening and closing ----------------------------------------------------------------------------------------------


def opening(case: "Any") -> None:
    """Sockets of any sort that are opened, used and closed."""
    for _ in range(case.numbers.between(1, 2)):
        sock = case.socket(case.numbers.choice((SOCK_STREAM, SOCK_STREAM, SOCK_DGRAM)))
        if sock is not None:
            _use(case, sock)


def _use(case: "Any", sock: "Any") -> None:
    limit_ms = case.numbers.choice((-1, -1, 0, 5000, 60_000))
    sock.settimeout(None if limit_ms < 0 else limit_ms / 1000)
    done = case.call("connect", case.open_ms() if limit_ms < 0 else limit_ms, _connected, sock)
    if done:
        case.proved("connect", b"OPEN")
    if limit_ms == 0:
        case.idle(3000)
    if sock.id >= 0:
        one = Receiver(sock, sock.id, sock.mode == PUSH, sock._make[0] == SOCK_DGRAM, case.module.links.get(sock.id))
        case.receivers.append(one)
        _send(case, one)
        _get(case, one)
    else:
        case.close(sock)


def _connected(sock: "Any") -> bool:
    sock.connect((HOST, 80))
    return True


def listening(case: "Any") -> None:
    """A listener, a client that comes in, is heard and answered."""
    sock = case.socket(SOCK_STREAM)
    if sock is None:
        return
    sock.settimeout(30)
    sock.bind(("", 2020))
    case.call("listen", 30_000, sock.listen)
    if sock.id >= 0:
        cid = (sock.id + 1) % 6
        case.module.incoming(cid, sock.id)
        client = case.call("accept", 30_000, sock.accept)
        if client:
            one = Receiver(client[0], client[0].id, False, False, case.module.links.get(client[0].id))
            case.receivers.append(one)
            _receive(case, one)
            _send(case, one)
        case.module.latecomer = (cid + 1) % 6 if case.numbers.below(2) else -1
    case.close(sock)


def bring_up(case: "Any") -> None:
    """From the first AT to an address."""
    case.modem.net.prepared = -1
    limit_ms = case.numbers.choice((1000, 30_000, 300_000))
    case.call("bring-up", limit_ms, case.bring_up, limit_ms)


# --- CoAP -----------------------------------------------------------------------------------------------------------


def messages(case: "Any") -> None:
    """CoAP messages that come by themselves, into the ring."""
    engine = case.modem.engine
    slot = engine.messages = engine.table.take()
    slot.kind = MESSAGES
    slot.state = 3
    for k in range(case.numbers.between(1, 4)):
        text = case.numbers.below(2) == 0
        data = payload(case, 200)
        digits = data if text else "".join(["%02X" % c for c in data]).encode()
        case.module.message(k, digits, text)
        case.idle(case.numbers.choice((0, 0, 300)))
    case.message_slot = slot


def requests(case: "Any") -> None:
    """CoAP requests and their responses."""
    service = case.modem.coap()
    service._context._next_id = 7
    for _ in range(case.numbers.between(1, 2)):
        limit_ms = case.numbers.choice((3000, 20_000))
        data = payload(case, 100).replace(b"\x1a", b"").replace(b"\x1b", b"")
        got = case.call("coap", case.coap_ms(limit_ms), case.coap_request, service, data, limit_ms)
        if got is not None:
            case.messages.append(got)
