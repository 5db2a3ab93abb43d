"""What a modem offers beside its sockets.  Each service is imported when it is first used."""

from errno import EOPNOTSUPP

from ._compat import const
from .errors import QuectelError

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any

    from ._faces import AsyncCoap, AsyncFiles
    from ._types import Proc, Rtc, T
    from .coap import Coap
    from .diagnostics import Diagnostics, PingResult
    from .engine import Engine
    from .files import Files
    from .models.base import Family
    from .network import Network


class Services:
    """Base of both faces' modems.  run() is theirs: it waits for a procedure."""

    if TYPE_CHECKING:
        engine: Engine
        net: Network

        # the procedure's result on Modem, an awaitable of it on AsyncModem
        def run(self, procedure: "Proc[T]", timeout_ms: int = -1) -> Any: ...
        def ready(self) -> "Proc[None]": ...
        def poll(self) -> bool: ...
        def background(self, steps: "Proc[None]") -> object: ...

    def __init__(self, family: "Family") -> None:
        self._family = family
        self._files: "Files | None" = None
        self._coap: "Coap | None" = None
        self._checks: "Diagnostics | None" = None

    @property
    def files(self) -> "Files | AsyncFiles":
        """The module's file system; see quectel.files.Files.  Allocates at most 250 bytes, once."""
        if self._files is None:
            from .files import Files

            self._files = Files(self)
        return self._files

    def coap(self, local_port: int = 56830) -> "Coap | AsyncCoap":
        """The CoAP service of BC95-G and BC68; see quectel.coap.Coap.  Allocates at most 400 bytes, once."""
        if not self._family.coap:
            raise QuectelError(EOPNOTSUPP, "%s has no CoAP commands" % self._family.name)
        if self._coap is None:
            from .coap import Coap

            self._coap = Coap(self, local_port)
        return self._coap

    # --- ping, NTP, DNS, settings: procedures for the faces ------------------------------------------------------

    def _diagnostics(self) -> "Diagnostics":
        if self._checks is None:
            from .diagnostics import Diagnostics

            self._checks = Diagnostics(self, self._family)
        return self._checks

    def _ping(self, host: str, count: int, size: int, timeout_s: int) -> "Proc[PingResult]":
        return self._diagnostics().ping(host, count, size, timeout_s)

    def _resolve(self, host: str, timeout_ms: int) -> "Proc[list[str]]":
        return self._diagnostics().resolve(host, timeout_ms)

    def _ntp(self, server: str, port: int, set_clock: bool, rtc: "Rtc | None") -> "Proc[tuple[int, ...]]":
        return self._diagnostics().ntp(server, port, set_clock, rtc)

    def _dns_servers(self, primary: "str | None", secondary: "str | None") -> "Proc[tuple[str, str]]":
        from .settings import dns_servers

        return dns_servers(self, self._family, primary, secondary)

    def _config(self, name: "str | None", new: "dict[str, Any]") -> "Proc[Any]":
        from .settings import config

        return config(self, self._family, name, new)

    def keep_alive(self, on: object, at_once: bool) -> None:
        """Keep-alive as Socket.setsockopt() wants it: with the next connect() or listen(), or from now on."""
        if self._family.keepalive is None:
            return
        from .settings import keep_alive

        if isinstance(on, (bytes, bytearray)):
            on = any(on)
        if keep_alive(self, self._family, bool(on)) and at_once:
            self.background(self.ready())
            self.poll()  # its deadline runs: it goes out now
