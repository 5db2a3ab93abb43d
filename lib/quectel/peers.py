"""The part of a socket that is about UDP SERVICE: whom a datagram is for, and whom one is from."""

from errno import ENOTCONN, EOPNOTSUPP

from ._compat import const
from .errors import QuectelError
from .opening import is_address
from .table import OPEN, SOCK_DGRAM, STREAM
from .text import decode

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any

    from ._types import Address, Proc
    from .modem import Core
    from .procedure import Job
    from .table import Slot

_NAME_MS = const(60_000)  # the module looks a name up


class Peers:
    """Base of BaseSocket, which has what is only declared here."""

    if TYPE_CHECKING:
        _modem: Core
        _slot: Slot
        _gen: int
        _make: Any
        _local: Address
        _peer: Address | None
        _opening: Job | None

        def _check_shut(self, renew: bool) -> None: ...

    # Of the class, because most sockets never have their own: these would make each of them larger.
    _aimed: "Address | None" = None  # address of the last sendto() of a service ...
    _to: "tuple[bytes, int]" = (b"", 0)  # ... and the same as the module takes it
    _once = False  # restored without its TLSContext: it is not opened again
    _aims = False  # somebody's sendto() looks for its peer

    def _serves(self) -> bool:
        """True if it is open as a UDP service."""
        return self._slot.gen == self._gen and self._slot.service > 0 and self._slot.state == OPEN

    def _may_serve(self) -> bool:
        """True for a datagram socket without a peer, where the family has UDP SERVICE."""
        return self._make[0] == SOCK_DGRAM and self._slot.dialect.service and self._peer is None

    def _serve_steps(self) -> "Proc[None]":
        """The procedure that opens it as a UDP service."""
        from .datagrams import serve

        self._check_shut(True)
        return serve(self._modem, self._slot, self._gen, self._local[0], self._local[1])

    def _hear(self) -> None:
        """Nothing is open: a datagram socket with a port may be, as a service; or it is told why not."""
        job = self._opening
        if job is not None:
            if job.error is not None:
                raise job.error
        elif self._slot.kind == STREAM:
            raise QuectelError(ENOTCONN, "connect() first")
        elif not self._may_serve():
            raise QuectelError(EOPNOTSUPP, "there is no UDP SERVICE: connect() or sendto() tells whom to hear")
        elif not self._local[1]:
            raise QuectelError(ENOTCONN, "bind() a port, connect() or sendto() first")
        else:
            self._opening = self._modem.background(self._serve_steps())

    def _aim_steps(self, address: "Address") -> "Proc[tuple[bytes, int]]":
        """The procedure that makes the next datagram one for this peer; tasks that have one at once take turns."""
        before = self._opening
        while self._aims or (before is not None and not before.ended):
            yield
        self._aims = True
        try:
            if not self._serves():
                yield from self._serve_steps()
            host = address[0]
            if not is_address(host):
                host = (yield from self._modem._resolve(host, _NAME_MS))[0]
            self._aim(address, host)
            return self._to
        finally:
            self._aims = False

    def _aim(self, address: "Address", host: str) -> None:
        self._to = host.encode(), address[1]
        self._aimed = address[0], address[1]

    def _begin_aim(self, address: "Address") -> None:
        """Start what poll() then carries on, unless it goes on already."""
        if self._opening is None or self._opening.ended:
            self._opening = self._modem.background(self._background_aim(address))

    def _background_aim(self, address: "Address") -> "Proc[None]":
        yield from self._aim_steps(address)

    def _accepted_part(self, n: int, to: "tuple[bytes, int]") -> int:
        """A part was accepted: if it is a service's datagram, this is whom it is for."""
        slot = self._slot
        if slot.service:
            slot.to = to[0]
            slot.to_port = to[1]
        return n

    def _sender(self) -> "Address | None":
        """Whom the datagram that was given last is from."""
        slot = self._slot
        return (decode(slot.peer, 0, slot.npeer), slot.pport) if slot.service else self._peer

    def _unacked_steps(self) -> "Proc[int]":
        from .datagrams import unacked

        return unacked(self._modem, self._slot, self._gen)
