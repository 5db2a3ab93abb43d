"""TCP keep-alive of BC25 and BC32 on the module's clock (rows R209 to R211, R454)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .links import DeadLink

if TYPE_CHECKING:
    from .module import VirtualModule
    from .sockets import Connection

DEFAULTS = (0, 60, 10, 9)  # on, idle in s, interval in s, count
STREAMS = ("TCP", "TCP INCOMING")


class KeepAlive:
    """Asks silent peers whether they are there; one that is gone is reported as closed.

    A peer that says nothing for `idle` seconds is asked. Without an answer it is asked again every `interval`
    seconds; the connection is given up when `count` intervals have passed.
    """

    def __init__(self, module: VirtualModule) -> None:
        self._module = module
        self.values = DEFAULTS
        self._round = 0  # counts the changes: what waits since before one is no longer due

    @property
    def on(self) -> bool:
        """True while peers are asked; deep sleep has to wait then (R211)."""
        return bool(self.values[0])

    def change(self, values: "tuple[int, int, int, int]") -> None:
        """New values, which count for open connections too."""
        self.values = values
        self._round += 1
        for connection in self._module.connections.all():
            if connection.connected:
                self.watch(connection)

    def reset(self) -> None:
        """As after a restart: off. Nothing is saved (R210)."""
        self.change(DEFAULTS)

    def watch(self, connection: Connection) -> None:
        """A TCP connection stands: its peer's silence begins now."""
        if self.on and connection.kind in STREAMS:
            connection.heard_ms = self._module.clock.now_ms()
            self._wait(connection, self.values[1] * 1000, self.values[3])

    def _wait(self, connection: Connection, ms: int, left: int) -> None:
        made = self._round

        def due() -> None:
            if made == self._round and connection.connected and self._open(connection):
                self._ask(connection, left)

        self._module.later(ms, due)

    def _open(self, connection: Connection) -> bool:
        return self._module.connections.get(connection.number) is connection

    def _ask(self, connection: Connection, left: int) -> None:
        now, (_, idle, interval, count) = self._module.clock.now_ms(), self.values
        silent_ms = now - connection.heard_ms
        if silent_ms < idle * 1000:  # it spoke meanwhile
            self._wait(connection, idle * 1000 - silent_ms, count)
        elif not isinstance(connection.link, DeadLink):
            self.watch(connection)
        elif left:
            self._wait(connection, interval * 1000, left - 1)
        else:
            connection.shut(abort=True)
            connection.peer_closed(by_network=True)
