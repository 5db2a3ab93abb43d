"""What a modem offers beside its sockets.  Each service is imported when it is first used."""

from errno import EOPNOTSUPP

from ._compat import const
from .errors import QuectelError

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any

    from ._faces import AsyncCoap, AsyncFiles
    from ._types import Proc, T
    from .coap import Coap
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

    def __init__(self, family: "Family") -> None:
        self._family = family
        self._files: "Files | None" = None
        self._coap: "Coap | None" = None

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
