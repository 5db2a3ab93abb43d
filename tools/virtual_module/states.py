"""What a module tells of itself, as JSON-able data."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from .module import VirtualModule
    from .sockets import Connection


class SocketState(TypedDict):
    """A connection."""

    id: int
    kind: str  # <service_type>
    ctx: int
    host: str
    port: int
    local_port: int
    state: int  # <socket_state>
    mode: int  # access mode
    unread: int  # bytes
    local: "tuple[str, int]"  # the real address on loopback; ("", 0): none yet


class FaultState(TypedDict):
    """An armed fault."""

    id: int
    name: str
    left: int  # strikes; below 0: no end


class State(TypedDict):
    """A module."""

    model: str
    family: str
    now_ms: int
    power: str
    sim: str
    stat: int
    contexts: "dict[str, str]"  # active PDP contexts: number -> address
    sockets: "list[SocketState]"
    files: "dict[str, int]"  # name -> bytes
    faults: "list[FaultState]"
    last_error: int


def of_module(module: VirtualModule) -> State:
    """The whole module."""
    return {
        "model": module.model,
        "family": module.family.name,
        "now_ms": module.clock.now_ms(),
        "power": module.power.state,
        "sim": module.sim.state,
        "stat": module.network.stat,
        "contexts": {str(n): c.address for n, c in module.network.contexts.items() if c.active},
        "sockets": module.sockets,
        "files": {name: len(data) for name, data in module.files.items()},
        "faults": [{"id": one.number, "name": one.name, "left": one.left} for one in module.faults.armed],
        "last_error": module.last_error,
    }


def of_connection(connection: Connection) -> SocketState:
    """One connection."""
    return {
        "id": connection.number,
        "kind": connection.kind,
        "ctx": connection.ctx,
        "host": connection.host,
        "port": connection.port,
        "local_port": connection.local_port,
        "state": connection.state,
        "mode": connection.mode,
        "unread": connection.unread(),
        "local": getattr(connection.link, "local", ("", 0)),
    }
