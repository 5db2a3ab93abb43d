"""Connections as the host sees them: state, receive buffer, access mode, URCs; and the table of their ids.

TLS connections are `Connection`s too (same table, R415): a subclass sets `urc`, overrides `send`, `shut`, `recv_text`
and `push_text`, and calls `deliver` and `peer_closed`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Optional

from . import channels
from .entry import Transparent

if TYPE_CHECKING:
    from .links import Link
    from .module import VirtualModule

BUFFER, PUSH, TRANSPARENT = 0, 1, 2
DATAGRAMS = ("UDP", "UDP SERVICE")
Peer = Optional["tuple[str, int]"]


class Node:
    """One segment or datagram in a receive buffer."""

    def __init__(self, data: bytes, peer: Peer = None) -> None:
        self.data = data
        self.peer = peer
        self.rest = 0  # of a part: how much of its node stays in the buffer (R170)


class Connection:
    """One connection id in use."""

    urc = "+QIURC"

    def __init__(
        self, module: VirtualModule, number: int, kind: str, ctx: int, host: str, port: int, local_port: int, mode: int
    ) -> None:
        self.module = module
        self.number, self.kind, self.ctx = number, kind, ctx
        self.host, self.port, self.local_port, self.mode = host, port, local_port, mode
        self.version = 0  # of IP: 4 or 6 where the open says it (NB), 0 any
        self.shown_host = host  # what QISTATE prints
        self.state = module.family.states.initial
        self.server = number  # <serverID>: the listener of an incoming connection
        self.link: "Link | None" = None
        self.nodes: "deque[Node]" = deque()
        self.backlog: "deque[Node]" = deque()  # TCP data that found no room
        self.full_reported = False
        self.clients_max = module.family.ids  # of a listener
        self.limit_ms = 0  # longest time of the connect; 0: the module's own
        self.task: "asyncio.Task[None] | None" = None  # an open that is going on
        self.held = False  # data wait until the open was reported
        self.early: "list[tuple[bytes, Peer]]" = []
        self.lost_early: "bool | None" = None  # ended before the open was reported; True: by a reset
        self.stalled: "list[bytes]" = []  # sent while there was no network
        self.busy = False  # a send whose result is not printed yet (R156)
        self.sent = self.received = self.read_bytes = 0
        self.heard_ms = 0  # when the peer last said something, for the keep-alive

    # --- the far side ---------------------------------------------------------------------------------------------
    def send(self, data: bytes, to: Peer = None) -> bool:
        """Hand data to the stack; False when its buffer is full."""
        if self.link is None:
            return False
        self.module.saving.used()
        taken = self._stall(data) if self.is_off_air else self.link.send(data, to)
        self.sent += len(data) if taken else 0
        channels.watch(self)
        return taken

    @property
    def is_off_air(self) -> bool:
        """True while the module searches or is denied: no data pass, TCP repeats them later, datagrams are lost."""
        return not self.module.network.registered

    def _stall(self, data: bytes) -> bool:
        if self.kind in DATAGRAMS:
            return True
        room = self.module.options.number("tx_buffer") - sum(map(len, self.stalled))
        if len(data) > room:
            return False
        self.stalled.append(data)
        return True

    def on_air(self) -> None:
        """The network is back: what waited on both sides passes."""
        while self.stalled and self.link is not None and self.link.send(self.stalled[0], None):
            del self.stalled[0]
        if not self.held:
            self.hold(False)

    def shown_local_port(self) -> int:
        """The local port that LTE state lines show: the option, the configured or the real one (R299)."""
        fixed = self.module.options.number("local_port")
        return fixed or self.local_port or int(getattr(self.link, "local", ("", 0))[1])

    def unsent(self) -> int:
        """Bytes that the stack still holds."""
        return 0 if self.link is None else self.link.unsent() + sum(map(len, self.stalled))

    def unacked(self) -> int:
        """Bytes that the peer has not acknowledged yet."""
        return 0 if self.link is None else self.link.unacked() + sum(map(len, self.stalled))

    def shut(self, abort: bool = False) -> None:
        """Close the far side."""
        if self.task is not None:
            self.task.cancel()
            self.task = None
        if self.link is not None:
            self.link.close(abort)
            self.link = None

    def release(self) -> "list[bytes]":
        """Everything in the buffer, taken out: ATO delivers it (R424)."""
        data = [node.data for node in (*self.nodes, *self.backlog)]
        self.nodes.clear()
        self.backlog.clear()
        self.refill()
        return data

    @property
    def connected(self) -> bool:
        """True while data can be sent."""
        return self.state == self.module.family.states.connected and self.kind != "TCP LISTENER"

    # --- data coming in -------------------------------------------------------------------------------------------
    def hold(self, on: bool) -> None:
        """While on, what the peer does waits: +QIOPEN comes before the first recv."""
        self.held = on
        if on:
            return
        early, self.early = self.early, []
        for data, peer in early:
            self.deliver(data, peer)
        lost, self.lost_early = self.lost_early, None
        if lost is not None:
            self.peer_closed(lost)

    def deliver(self, data: bytes, peer: Peer = None) -> None:
        """Data from the peer: into the buffer, to the host, or through the open port, as the mode says."""
        self.module.activity += 1
        if self.module.power.deaf:
            return  # the radio is off (R453)
        if (self.is_off_air or self.module.saving.is_off) and self.kind in DATAGRAMS:
            return
        self.heard_ms = self.module.clock.now_ms()
        if self.held or self.is_off_air or self.module.saving.holds():
            self.early.append((data, peer))
            return
        self.module.saving.used()
        self.received += len(data)
        if channels.ignores(self, data):
            return
        mode = self.module.terminal.mode
        if isinstance(mode, Transparent) and mode.connection is self:
            self.module.terminal.emit(data)
            return
        step = max(1, self.module.options.number("segment"))
        whole = self.kind in DATAGRAMS
        for start in range(0, len(data), step) if not whole else (0,):
            self._arrive(Node(data if whole else data[start : start + step], peer))

    def _arrive(self, node: Node) -> None:
        if self.mode == PUSH:
            self.module.urc(self.push_text(node))
        elif self.backlog or len(self.nodes) >= self._room():
            self._no_room(node)
        else:
            self._add(node)

    def _room(self) -> int:
        if self.module.faults.take("buffer_full", self.number) is not None:
            return 0
        return self.module.options.number("rx_nodes")

    def _add(self, node: Node) -> None:
        first = not self.nodes or bool(self.module.options.get("recv_urc_always"))
        self.nodes.append(node)
        if first and self.module.faults.take("recv_urc_lost", self.number) is None:
            self._announce(node)

    def _announce(self, node: Node) -> None:
        if self.module.loses_urcs():
            return
        self.module.urc(self.recv_text(node))
        if self.module.faults.take("recv_urc_twice", self.number) is not None:
            self.module.urc(self.recv_text(node))

    def _no_room(self, node: Node) -> None:
        if self.kind not in DATAGRAMS:
            self.backlog.append(node)
            if self.link is not None:
                self.link.pause(True)
        if not self.full_reported and self.module.family.ok_before_send_ok:
            self.module.urc('%s: "recv",%d,"buff full"' % (self.urc, self.number))
        self.full_reported = True

    def refill(self) -> None:
        """After a read: what found no room comes into the buffer now (R411)."""
        while self.backlog and len(self.nodes) < self.module.options.number("rx_nodes"):
            self._add(self.backlog.popleft())
        if not self.backlog:
            self.full_reported = False
            if self.link is not None:
                self.link.pause(False)

    def take(self, limit: int, merge: bool = False) -> Node:
        """At most `limit` bytes of one node, or across nodes of a stream if `merge`; empty when there is nothing."""
        got = Node(b"")
        while self.nodes and len(got.data) < limit:
            head = self.nodes[0]
            part = head.data[: limit - len(got.data)]
            got = Node(got.data + part, head.peer)
            head.data = head.data[len(part) :]
            got.rest = len(head.data)
            if not head.data:
                self.nodes.popleft()
            if not merge:
                break
        self.read_bytes += len(got.data)
        return got

    def unread(self) -> int:
        """Bytes in the receive buffer."""
        return sum(len(node.data) for node in self.nodes)

    # --- wording --------------------------------------------------------------------------------------------------
    def recv_text(self, node: Node) -> str:
        """The recv URC of buffer mode (R106, R109, R213)."""
        item = "showlength" if self.module.family.ok_before_send_ok else "recvind"
        length = ",%d" % len(node.data) if self.module.setting(item) else ""
        return '%s: "recv",%d%s' % (self.urc, self.number, length)

    def push_text(self, node: Node) -> bytes:
        """The recv URC of direct push mode with its data (R107, R214, R408)."""
        nb = self.module.family.ok_before_send_ok
        counted = not nb or self.module.setting("showlength") or self.module.options["push_length_always"]
        head = '%s: "recv",%d' % (self.urc, self.number) + (",%d" % len(node.data) if counted else "")
        if not nb and self.kind == "UDP SERVICE" and node.peer is not None:
            head += ',"%s",%d' % self.module.resolver.back(*node.peer)
        return self.module.payload(head, node.data)

    # --- its end --------------------------------------------------------------------------------------------------
    def peer_closed(self, reset: bool = False, by_network: bool = False) -> None:
        """The peer, or on this side something, ended the connection: state closing, URC, or NO CARRIER (R212, R280)."""
        states = self.module.family.states
        if self.held or ((self.is_off_air or self.module.saving.holds()) and not by_network):
            self.lost_early = reset
            return
        if self.state != states.connected:
            return
        self.state = self.module.options.number("closed_state") or states.closing  # R384
        if reset:
            self.nodes.clear()
            self.backlog.clear()
        mode = self.module.terminal.mode
        if isinstance(mode, Transparent) and mode.connection is self:
            mode.lost()
            return
        self.module.urc('%s: "closed",%d' % (self.urc, self.number))
        if self.module.faults.take("closed_twice", self.number) is not None:
            self.module.urc('%s: "closed",%d' % (self.urc, self.number))
        if self.urc == Connection.urc and self.module.setting("passiveclosed"):
            self.module.connections.remove(self)  # closed by the module, too: the id is free, what was not read is gone


class Table:
    """The connection ids of the module and what uses them."""

    def __init__(self, module: VirtualModule) -> None:
        self._module = module
        self._used: "dict[tuple[str, int], Connection]" = {}  # by kind (R415) and id
        self.opened = 0
        self.left_ms: "dict[int, int]" = {}  # fixed local ports, and when they were given back

    def all(self) -> "list[Connection]":
        """Every connection, by id."""
        return [self._used[key] for key in sorted(self._used, key=lambda key: key[1])]

    def _key(self, number: int, urc: str) -> "tuple[str, int]":
        """TCP/IP and SSL share the ids, unless the option separate_ids is on (R415)."""
        return (urc if self._module.options.get("separate_ids") else "", number)

    def get(self, number: int, urc: str = Connection.urc) -> "Connection | None":
        """The connection with that id, or None; with separate ids the one of that kind."""
        return self._used.get(self._key(number, urc))

    def add(self, connection: Connection) -> None:
        """Take the id; KeyError when it is in use."""
        key = self._key(connection.number, connection.urc)
        if key in self._used:
            raise KeyError(connection.number)
        self._used[key] = connection
        self.opened += 1

    def remove(self, connection: Connection) -> None:
        """Give the id back and close the far side."""
        connection.shut()
        if connection.local_port:
            self.left_ms[connection.local_port] = self._module.clock.now_ms()
        connection.state = self._module.family.states.initial
        key = self._key(connection.number, connection.urc)
        if self._used.get(key) is connection:
            del self._used[key]

    def free(self) -> "list[int]":
        """Ids not in use, lowest first."""
        return [number for number in range(self._module.family.ids) if self.get(number) is None]

    def port_busy(self, local_port: int) -> bool:
        """True when a fixed local port is in use, or was until a moment ago (R119, R120)."""
        if not local_port:
            return False
        rest_ms = self._module.options.number("local_port_wait_ms")
        if self._module.setting("tcp/twrecycle"):
            rest_ms = 0  # its control block is given back at once
        left_ms = self.left_ms.get(local_port)
        resting = left_ms is not None and self._module.clock.now_ms() - left_ms < rest_ms
        return resting or any(one.local_port == local_port for one in self._used.values())

    def close_context(self, ctx: int) -> None:
        """The host took the context down: its connections are gone without a word."""
        for connection in self.all():
            if connection.ctx == ctx:
                self.remove(connection)

    def lose_context(self, ctx: int) -> None:
        """The network took the context down: each of its connections reports its end."""
        for connection in self.all():
            if connection.ctx == ctx:
                connection.shut(abort=True)
                connection.peer_closed(by_network=True)

    def drop_all(self, keep: "tuple[str, ...]" = ()) -> None:
        """As after a restart or deep sleep; kinds in `keep` survive (R121)."""
        for connection in self.all():
            if connection.kind not in keep:
                connection.shut(abort=True)
                self._used.pop(self._key(connection.number, connection.urc))
