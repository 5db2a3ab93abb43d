"""The CoAP commands of BC95-G and BC68."""

from __future__ import annotations

import ipaddress

from .. import coap_text
from ..cme import cme_command
from ..coap_service import CoapService, Head
from ..coap_text import ACK, METHODS, NON, RESPONSES, RST
from . import EXEC, READ, WRITE, Call, CmeError, Refused

_COAP, _WRONG = "coap", 50
_NOT_ALLOWED, _NO_MEMORY, _NO_NETWORK, _BUSY = 3, 23, 30, 159
_TYPED_MAX = 1024  # R244
_RESOURCES_MAX = 32


def _service(call: Call) -> CoapService:
    return CoapService.of(call.module)


def _context(call: Call) -> CoapService:
    """The service, if there is a context (R430)."""
    service = _service(call)
    if service.endpoint is None:
        raise CmeError(_NOT_ALLOWED)
    return service


def _hex(call: Call, index: int, count: int) -> bytes:
    data = coap_text.unhex(call.args[index].text.encode("latin-1")) if call.has(index) else None
    if data is None or len(data) != count or call.args[index].quoted:
        raise Refused()
    return data


@cme_command("+QCOAPCREATE", WRITE, feature=_COAP, wrong=_WRONG)
async def create(call: Call) -> None:
    """`=<local_port>`, 1 to 65535 (R226); one context only."""
    call.count(1, 1)
    port = call.integer(0, 1, 65535)
    if _service(call).endpoint is not None:
        raise CmeError(call.module.options.number("coap_create_twice"))
    await _service(call).create(port)


@cme_command("+QCOAPDEL", EXEC, feature=_COAP, wrong=_WRONG)
def delete(call: Call) -> None:
    """Without a context too: OK (R227, R430)."""
    _service(call).delete()


@cme_command("+QCOAPADDRES", WRITE, feature=_COAP, wrong=_WRONG)
def add_resource(call: Call) -> None:
    """`=<length>,"<resource>"`, 1 to 50 characters (R229)."""
    service = _context(call)
    call.count(2, 2)
    resource = call.text(1)
    if call.integer(0, 1, 50) != len(resource):
        raise Refused()
    if len(service.resources) >= _RESOURCES_MAX:
        raise CmeError(_NO_MEMORY)
    service.resources.add(resource)


@cme_command("+QCOAPHEAD", WRITE, feature=_COAP, wrong=_WRONG)
def head(call: Call) -> None:
    """`=<mode>[,[<msgid>][,<tkl>,<token>]]` (R231, R232, R466, R468)."""
    service = _context(call)
    mode = call.integer(0, 1, 5)
    if mode == 2:
        service.head = Head(None, _token(call, 2 if len(call.args) == 4 and not call.has(1) else 1))
        return
    call.count(*((1, 1) if mode == 1 else (4, 4) if mode == 5 else (2, 2)))
    msgid = None if mode == 1 else call.integer(1, 0, 65535)
    service.head = Head(msgid, {1: None, 3: b"", 4: None}[mode] if mode != 5 else _token(call, 2))


def _token(call: Call, index: int) -> bytes:
    call.count(index + 2, index + 2)
    return _hex(call, index + 1, call.integer(index, 1, 8))


@cme_command("+QCOAPOPTION", WRITE, feature=_COAP, wrong=_WRONG)
def option(call: Call) -> None:
    """`=<count>,<name>,"<value>"[,...]`, 1 to 12 pairs (R236 to R238)."""
    service = _context(call)
    count = call.integer(0, 1, 12)
    call.count(1 + 2 * count, 1 + 2 * count)
    try:
        service.options = tuple(
            (call.integer(at, 0, 65535), coap_text.encode_option(call.integer(at, 0, 65535), call.text(at + 1)))
            for at in range(1, 1 + 2 * count, 2)
        )
    except ValueError:
        raise Refused() from None


@cme_command("+QCOAPSEND", WRITE, feature=_COAP, wrong=_WRONG)
async def send(call: Call) -> "str | None":
    """`=<type>,<method/rspcode>,<ip_addr>,<port>`, then data up to CTRL+Z (R242 to R248)."""
    service = _context(call)
    kind, code, host, port = _target(call)
    if service.busy(kind):
        raise CmeError(_BUSY)
    if not call.module.network.attached:
        raise CmeError(_NO_NETWORK)
    typed = await call.data(limit=_TYPED_MAX)
    if typed is None:
        return call.cancelled()
    payload = coap_text.typed_payload(typed, service.content_format, call.options.text("coap_payload"))
    if payload and not code:
        raise Refused()
    await service.send(kind, code, host, port, payload)
    return None


def _target(call: Call) -> "tuple[int, int, str, int]":
    call.count(4, 4)
    kind, code = call.integer(0, 0, 3), call.integer(1, 0, 505)
    if not _fits(kind, code):
        raise Refused()
    return kind, code, _address(call, 2), call.integer(3, 1, 65535)


def _fits(kind: int, code: int) -> bool:
    """ACK and RST carry no request, RST nothing at all, NON is never empty (R468)."""
    if kind == RST:
        return code == 0
    if code in METHODS:
        return kind != ACK
    return code in RESPONSES and not (kind == NON and code == 0)


def _address(call: Call, index: int) -> str:
    """A dotted IPv4 address without quotes; names are refused (R459)."""
    if not call.has(index) or call.args[index].quoted:
        raise Refused()
    try:
        return str(ipaddress.IPv4Address(call.args[index].text))
    except ValueError:
        raise Refused() from None


@cme_command("+QCOAPDATASTATUS", READ, feature=_COAP, wrong=_WRONG)
def status(call: Call) -> None:
    """What became of the last CON message (R249, R250)."""
    call.line("+QCOAPDATASTATUS: %d" % _service(call).status)


@cme_command("+QCOAPCFG", READ, feature=_COAP, wrong=_WRONG)
def configuration(_call: Call) -> None:
    """OK without lines (R252)."""


@cme_command("+QCOAPCFG", WRITE, feature=_COAP, wrong=_WRONG)
def configure(call: Call) -> None:
    """`="Showra"|"Showrspopt"[,<0/1>]`, letters in any case (R253, R254, R257)."""
    call.count(1, 2)
    show = _service(call).show
    for item in show:
        if item.lower() == call.text(0).lower():
            break
    else:
        raise Refused()
    if call.has(1):
        show[item] = call.integer(1, 0, 1)
    else:
        call.line('+QCOAPCFG: "%s",%d' % (item, show[item]))
