"""Names of the two faces, for the type checker; this module does not exist at run time."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypedDict

from typing_extensions import Unpack as Unpack

from ._types import Proc, ReadBuf, T
from .coap import Coap as Coap
from .coap_message import CoapMessage
from .diagnostics import PingResult as PingResult
from .engine import Engine
from .files import Files as Files
from .models.base import Family as Family
from .network import Network
from .procedure import Job as Job
from .table import Slot as Slot
from .tls import TLSContext as TLSContext

MaybeTLS = TLSContext | None
PortContexts = TLSContext | dict[int, TLSContext] | None  # of socket_module(tls=)

class Face(Protocol):
    """What the services need of a modem.  On AsyncModem the result of run() is awaited."""

    engine: Engine
    net: Network
    def run(self, procedure: Proc[T], timeout_ms: int = -1) -> T: ...
    def ready(self) -> Proc[None]: ...
    def hand(self, handler: Callable[[CoapMessage], object], message: CoapMessage) -> object: ...
    def carry_on(self, steps: Proc[None]) -> Job: ...

class SocketOptions(TypedDict, total=False):
    """Keywords of a socket; see Modem.socket()."""

    type: int
    tls: MaybeTLS
    mode: int
    af: int
    pdp: int

class CoapOptions(TypedDict, total=False):
    """Keywords of a CoAP request; see Coap.request()."""

    format: int | None
    options: Sequence[tuple[int | str, object]]
    confirmable: bool
    token: bytes | None
    msgid: int | None
    timeout_ms: int

class AsyncFiles(Protocol):
    """Files of an AsyncModem."""

    async def upload(self, name: str, data: ReadBuf) -> int: ...
    async def read(self, name: str) -> bytes: ...
    async def list(self, pattern: str = ...) -> list[tuple[str, int]]: ...
    async def free(self) -> int: ...
    async def size(self, name: str) -> int: ...
    async def remove(self, name: str) -> bool: ...

class AsyncCoap(Protocol):
    """Coap of an AsyncModem."""

    async def get(self, uri: str, *, payload: ReadBuf = ..., **options: Unpack[CoapOptions]) -> CoapMessage: ...
    async def post(self, uri: str, payload: ReadBuf = ..., **options: Unpack[CoapOptions]) -> CoapMessage: ...
    async def put(self, uri: str, payload: ReadBuf = ..., **options: Unpack[CoapOptions]) -> CoapMessage: ...
    async def delete(self, uri: str, *, payload: ReadBuf = ..., **options: Unpack[CoapOptions]) -> CoapMessage: ...
    async def request(
        self, method: str, uri: str, *, payload: ReadBuf = ..., **options: Unpack[CoapOptions]
    ) -> CoapMessage: ...
    async def observe(
        self,
        uri: str,
        handler: Callable[[CoapMessage], object] | None,
        *,
        options: Sequence[tuple[int | str, object]] = ...,
        token: bytes | None = ...,
        timeout_ms: int = ...,
    ) -> CoapMessage: ...
    async def resource(
        self, path: str, handler: Callable[[CoapMessage], object] | None, observable: bool = ...
    ) -> None: ...
    async def notify(
        self,
        path: str,
        payload: ReadBuf = ...,
        *,
        code: int = ...,
        format: int | None = ...,
        confirmable: bool = ...,
        timeout_ms: int = ...,
    ) -> int: ...
    async def close(self) -> None: ...
