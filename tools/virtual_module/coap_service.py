"""What the CoAP commands act on: the context, its resources, the one-shot head and options, and the URCs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import coap_text
from .coap import Choices, CoapEndpoint, Peer
from .coap_text import CON, CONTENT_FORMAT, NON, Message
from .resolver import NoAddress

if TYPE_CHECKING:
    from .module import VirtualModule

Options = tuple[tuple[int, bytes], ...]


@dataclass(frozen=True)
class Head:
    """AT+QCOAPHEAD: None lets the module choose (R231); without it: its own msgid and no token (R233)."""

    msgid: "int | None" = None
    token: "bytes | None" = b""


class CoapService:
    """The CoAP side of one module."""

    def __init__(self, module: VirtualModule) -> None:
        self._module = module
        self.endpoint: "CoapEndpoint | None" = None
        self.resources: "set[str]" = set()
        self.head = Head()
        self.options: "Options" = ()
        self.show = {"Showra": 0, "Showrspopt": 0}  # R253 to R255
        self.next_msgids: "list[int]" = []  # for tests: ids to draw before the endpoint's own
        self._known: "dict[Peer, Peer]" = {}  # peer on loopback -> address in the AT command

    @classmethod
    def of(cls, module: VirtualModule) -> CoapService:
        """The service of a module; made when it is first asked for, gone after a restart (R255)."""
        service = module.service.get("coap")
        if not isinstance(service, cls):
            service = module.service["coap"] = cls(module)
        return service

    def shut_down(self) -> None:
        """The module restarts or goes away."""
        self.delete()

    async def create(self, local_port: int) -> None:
        """AT+QCOAPCREATE."""
        options = self._module.options
        endpoint = CoapEndpoint(
            self._module.clock,
            self._module.random,
            self._report,
            self.resources.__contains__,
            Choices(
                show_empty_ack=bool(options["coap_empty_ack"]),
                no_answer=options.number("coap_no_answer"),
                own_404=bool(options["coap_own_404"]),
                dedupe=bool(options["coap_dedupe"]),
                show_rst_to_non=bool(options["coap_rst_to_non"]),
            ),
        )
        self.endpoint = endpoint
        await endpoint.open(local_port, "0.0.0.0" if self._module.resolver.allow_network else "127.0.0.1")

    def delete(self) -> None:
        """AT+QCOAPDEL: the context and all that was set for it."""
        if self.endpoint is not None:
            self.endpoint.close()
        self.endpoint = None
        self.resources.clear()
        self._clear()
        self._known.clear()

    def _clear(self) -> None:
        """Head and options are for one message (R234, R240)."""
        self.head, self.options = Head(), ()

    @property
    def content_format(self) -> "int | None":
        """Option 12 of the message to come; it tells what typed data mean (R427)."""
        return Message(CON, 0, 0, options=self.options).number(CONTENT_FORMAT)

    async def send(self, kind: int, at_code: int, host: str, port: int, payload: bytes) -> None:
        """Sends one message with the head and options at hand, and uses them up."""
        endpoint = self.endpoint
        if endpoint is None:
            return  # the context went away during data entry
        token = endpoint.draw_token() if self.head.token is None else self.head.token
        message = Message(kind, coap_text.code_byte(at_code), self._msgid(), token, self.options, payload)
        self._clear()
        endpoint.send(message, await self._peer(host, port))

    def _msgid(self) -> int:
        if self.head.msgid is not None:
            return self.head.msgid
        if self.next_msgids:
            return self.next_msgids.pop(0)
        return self.endpoint.draw_msgid() if self.endpoint is not None else 0

    async def _peer(self, host: str, port: int) -> "Peer | None":
        try:
            peer = await self._module.resolver.find(host, port)
        except NoAddress:
            return None
        self._known[peer] = (host, port)
        return peer

    def _report(self, kind: str, message: Message, peer: Peer) -> None:
        shown = None
        if self.show["Showra"]:
            shown = self._known.get(peer) or self._module.resolver.back(*peer)
        if kind == "req":
            line = coap_text.req_line(message, shown)
        else:
            always = bool(self._module.options["coap_format_always"])
            line = coap_text.rsp_line(message, shown, bool(self.show["Showrspopt"]), always)
        delay_ms = self._module.options.number("coap_urc_ms")
        if delay_ms:
            self._module.activity += 1
            self._module.clock.call_later(delay_ms, lambda: self._module.urc(line))
        else:
            self._module.urc(line)

    @property
    def status(self) -> int:
        """R250; 0 without a context."""
        return 0 if self.endpoint is None else self.endpoint.status

    def busy(self, kind: int) -> bool:
        """A CON is on its way: the next CON or NON has to wait (R245, R434)."""
        return kind in (CON, NON) and self.status == 1 and bool(self._module.options["coap_one_con"])
