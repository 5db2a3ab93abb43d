"""What EC200U does beside commands: sends data by itself, keeps data back, gives a dead peer up.

Kept until the module restarts. The values of "tcp/retranscfg" count once the host has set them: until then a peer that
is gone without a word is never given up.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from .links import DeadLink

if TYPE_CHECKING:
    from .module import VirtualModule
    from .sockets import Connection

SERVICE = "channels"
STREAMS = ("TCP", "TCP INCOMING")


class Channels:
    """The settings of one module."""

    def __init__(self) -> None:
        self.retry: "dict[tuple[int, int], tuple[int, int]]" = {}  # (mode, network): repeats, seconds of a try
        self.auto: "dict[int, tuple[int, bytes]]" = {}  # by connection id: seconds, data
        self.ignored: "dict[int, bytes]" = {}  # by connection id
        self.gives_up = False  # the host has set tcp/retranscfg


def of(module: VirtualModule) -> Channels:
    """The module's; new ones behind a restart."""
    kept = module.service.get(SERVICE)
    if not isinstance(kept, Channels):
        kept = module.service[SERVICE] = Channels()
    return kept


def ignores(connection: Connection, data: bytes) -> bool:
    """True for data that the host does not want to hear of ("recv/ignore")."""
    kept = connection.module.service.get(SERVICE)
    return isinstance(kept, Channels) and data != b"" and kept.ignored.get(connection.number) == data


def send_later(module: VirtualModule, number: int) -> None:
    """The data of "send/auto" go out when their time has come, and again each time after it."""
    asked = of(module).auto[number]

    def due() -> None:
        if of(module).auto.get(number) is not asked:
            return  # something else was asked for meanwhile
        connection = module.connections.get(number)
        if connection is not None and connection.connected and connection.kind != "SSLClient" and asked[1]:
            connection.send(asked[1])
        send_later(module, number)

    module.later(1000 * asked[0], due)


def watch(connection: Connection) -> None:
    """Data went to a TCP peer: one that acknowledges none of it is given up in the end (tcp/retranscfg)."""
    module, link = connection.module, connection.link
    if isinstance(link, DeadLink) and connection.kind in STREAMS and of(module).gives_up and not link.watched:
        link.watched = True
        times, period = module.qicfg["tcp/retranscfg"]
        unit_ms = module.options.number("retrans_unit_ms")
        module.later(times * period * unit_ms, partial(_give_up, connection, link))


def _give_up(connection: Connection, link: DeadLink) -> None:
    if connection.link is link:
        connection.shut(abort=True)
        connection.peer_closed(by_network=True)
