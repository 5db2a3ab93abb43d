"""Peers without a socket: a server that lives in the module's own process, on the module's clock.

`module.peers["127.0.0.1", port]` is called with a LocalLink for every connection that is opened to it, TCP or UDP, and
gives what takes the bytes: an object with `received(data)` and `ended()`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .links import Ended, Received
    from .module import VirtualModule
    from .sockets import Peer

DELAY_MS = 40  # from one side to the other


class LocalServer(Protocol):
    """One connection, as its server sees it."""

    def received(self, data: bytes) -> None:
        """Bytes from the module."""

    def ended(self) -> None:
        """The module has closed, or is gone."""


Serve = Callable[["LocalLink"], LocalServer]


class LocalLink:
    """A connection to such a server; bytes need DELAY_MS of the module's clock each way."""

    local = ("127.0.0.1", 0)
    remote = ("127.0.0.1", 0)

    def __init__(self, module: VirtualModule, serve: Serve, received: Received, ended: Ended) -> None:
        self.module = module
        self.to_module, self.end_module = received, ended
        self.over = False
        self.under_way = 0  # bytes that the server has not got yet
        self.server = serve(self)

    # --- the module's side ----------------------------------------------------------------------------------------
    def send(self, data: bytes, to: Peer) -> bool:
        """Bytes for the server; they arrive though the module restarts meanwhile."""
        self.under_way += len(data)
        self.module.clock.call_later(DELAY_MS, lambda: self._arrived(bytes(data)))
        return True

    def _arrived(self, data: bytes) -> None:
        self.under_way -= len(data)
        self.server.received(data)

    def unsent(self) -> int:
        """Nothing waits in the module."""
        return 0

    def unacked(self) -> int:
        """What is under way."""
        return self.under_way

    def pause(self, on: bool) -> None:
        """The server's answers are small."""

    def close(self, abort: bool) -> None:
        """The module closes, or is gone."""
        if not self.over:
            self.over = True
            self.module.clock.call_later(DELAY_MS, self.server.ended)

    # --- the server's side ----------------------------------------------------------------------------------------
    def answer(self, data: bytes) -> None:
        """Bytes for the module; lost when the connection is over by then."""
        self.module.clock.call_later(DELAY_MS, lambda: None if self.over else self.to_module(data))

    def finish(self, reset: bool = False) -> None:
        """The server closes."""
        self.module.clock.call_later(DELAY_MS, lambda: self._finished(reset))

    def _finished(self, reset: bool) -> None:
        if not self.over:
            self.over = True
            self.end_module(reset)
