"""The part of a socket that never waits, for both faces."""

from errno import EAGAIN, EALREADY, ECONNRESET, EINPROGRESS, EIO, ENOTCONN, EOPNOTSUPP, ETIMEDOUT

from ._compat import LONGEST_MS, const
from .errors import QuectelError, QuectelTimeout, uart_lent, words_of
from .opening import check_address, check_host, is_address
from .peers import Peers
from .table import (
    ASLEEP,
    CLOSING,
    ENDED,
    ENTRY,
    FAILED,
    FREE,
    HALF,
    HEX,
    INLINE,
    LISTENER,
    OPEN,
    OPENING,
    QUEUED,
    QUIET,
    REFUSED,
    SENT,
    SOCK_DGRAM,
    SOCK_STREAM,
    TAKEN,
)
from .text import decode, in_range

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from ._types import Address, Buf, Proc, ReadBuf
    from .modem import Core
    from .procedure import Job
    from .table import Slot
    from .tls import TLSContext


_RD = const(1)  # poll bits, as every MicroPython stream has them
_WR = const(4)
_ERR = const(8)
_HUP = const(16)
_FORMS = ("data", "inline", "hex")  # as table.py numbers them
_SOL_SOCKET = (1, 0xFFF, 0xFFFF)  # Linux, MicroPython's boards, the others
_BYTES = (bytes, bytearray, memoryview)
_HAS_ITEMS = hasattr(memoryview(b""), "itemsize")  # boards do not tell how long the items are


_REASONS = {EIO: "bytes were lost", ETIMEDOUT: "the peer acknowledges nothing any more"}


def slot_error(slot: "Slot", gen: int) -> QuectelError:
    """The exception for a slot that has failed or belongs to somebody else by now."""
    if slot.gen == gen and (slot.state == HALF or slot.state == ENDED):
        return QuectelError(ECONNRESET, "the peer has closed the connection")
    if slot.gen != gen or not slot.err:
        return QuectelError(ENOTCONN, "the socket is closed or was never connected")
    if slot.code:
        return QuectelError(slot.err, "connection lost" if slot.err == ECONNRESET else words_of(slot.code), slot.code)
    if slot.err == ECONNRESET:
        return QuectelError(ECONNRESET, "deep sleep of the module has ended the connection")
    return QuectelError(slot.err, _REASONS.get(slot.err, "the send buffer stays full"))


def would_block() -> QuectelError:
    return QuectelError(EAGAIN, "nothing there yet")


def out_of_time(ms: int) -> QuectelError:
    """A call that had ms milliseconds; with none it is not blocking."""
    return QuectelTimeout("timed out") if ms else would_block()


def in_progress() -> QuectelError:
    return QuectelError(EINPROGRESS, "connecting")


def pair(address: "Address") -> "Address":
    """(host, port); IPv6 addresses of CPython's socket have two fields more."""
    if not isinstance(address, (tuple, list)) or len(address) < 2:
        raise TypeError("an address is (host, port)")
    return address[0], address[1]


def _ms(seconds: float) -> int:
    """Less than a millisecond is a time limit, too, not non-blocking."""
    return in_range(
        "a time limit in ms",
        -1 if seconds < 0 else 1 if 0 < seconds < 0.001 else int(min(seconds, LONGEST_MS) * 1000),
        0,
        LONGEST_MS,
    )


class BaseSocket(Peers):
    """A slot for one generation, a time-out and addresses."""

    def __init__(
        self, modem: "Core", type: int, tls: "TLSContext | None", mode: int, af: int, pdp: int, slot: "Slot | None"
    ) -> None:
        self._modem = modem
        self._engine = modem.engine
        self._make = (type, tls, mode, af, pdp)
        self._slot = slot or modem.take_slot(type, tls, mode, af, pdp)
        self._gen = self._slot.gen
        self._timeout_ms = -1
        self._form = ENTRY
        self._peer: "Address | None" = None  # that connect() has opened it to
        self._local = ("", 0)
        self._one = bytearray(1)
        self._got = 0  # bytes that the readinto() under way has
        self._back = b""  # what a read() or readline() that did not come to its end had taken
        self._opening: "Job | None" = None
        self._closed = False

    @property
    def id(self) -> int:
        """The module's connection id, -1 when nothing is open.  Allocates nothing."""
        return self._slot.cid if self._slot.gen == self._gen else -1

    @property
    def mode(self) -> int:
        """Access mode: BUFFER, PUSH or TRANSPARENT.  Allocates nothing."""
        return self._slot.mode

    @property
    def state(self) -> int:
        """As the module numbers it, by its last URC or answer; sends nothing.

        0 nothing is open, 1 opening, 2 connected.  LTE: 3 listening, 4 closing (R092).  NB: 2 listening as well,
        3 closing, 4 remote closing, 5 closed (R139).  Allocates nothing.
        """
        return self._slot.told if self._slot.gen == self._gen else 0

    def pending(self) -> int:
        """Bytes that recv can give at once.  Allocates nothing."""
        return len(self._back) + (self._slot.ring.n if self._slot.gen == self._gen else 0)

    def settimeout(self, value: "float | None") -> None:
        """Seconds (up to 500,000), 0 for non-blocking, None for blocking.  ValueError for others.

        Allocates at most 150 bytes.
        """
        self._timeout_ms = -1 if value is None else _ms(value)

    def setsockopt(self, level: int, option: int, value: object) -> None:
        """SO_KEEPALIVE is for all TCP sockets at once, on BC25, BC32 (R210), EC200U and EG915U alone.

        Modem.config(keepalive=) sets its times.  It is written by the next connect() or listen(), which tell if the
        module refuses it; of a socket that is open, from now on.  SOL_SOCKET and SO_KEEPALIVE are 1 and 9, or 0xFFF or
        0xFFFF and 8.  All else is accepted and without effect: no row sets an option of a single socket.
        Allocates nothing; SO_KEEPALIVE at most 5,500 bytes.
        """
        if option == (9 if level == 1 else 8) and level in _SOL_SOCKET:
            self._modem.keep_alive(value, self.id >= 0)

    def set_send_form(self, form: str) -> None:
        """How parts are sent: "data" behind a prompt (the default), "inline" in quotes on the command line, or "hex".

        In a command line a part costs one answer less, and no announcement of data is lost in it (R390).  One that does
        not fit there (about 370 bytes of text, half as many as hex digits; see tx_buf) goes out behind a prompt;
        with "inline" one that is not plain text goes out as hex digits (R147, R159, R402).  ValueError for other words,
        QuectelError(EOPNOTSUPP) for a form that the family does not have.  Allocates nothing.
        """
        if form not in _FORMS:
            raise ValueError("the form must be one of " + " ".join(_FORMS))
        dialect = self._slot.dialect
        self._form = _FORMS.index(form)
        if (self._form == INLINE and not dialect.inline) or (self._form == HEX and not dialect.hex_max):
            self._form = ENTRY
            raise QuectelError(EOPNOTSUPP, "these sockets have no such send command")
        self._slot.form = self._form

    def bind(self, address: "Address") -> None:
        """Local address ("": the module's own) and port (0 to 65535, 0: the module's choice), for what is opened then.

        listen() needs a port; a client may have one: connect() raises EADDRINUSE if another socket of this
        modem has the port (R118, R119).  Clients do better without; ports 1000 to 1500 should be avoided (R119).
        BC65 and BC92 want 120 s between the close and the next open of a port, and tell so with EADDRINUSE: 556, 563
        or 574 (R120).  A datagram socket of BG96, EC200U and EG915U hears everybody on its port from the first call on
        that receives or sends ("UDP SERVICE"); one of the NB families needs connect() or sendto() to receive (R124).
        ValueError and TypeError for others.  Allocates at most 600 bytes.
        """
        self._check_shut(False)
        host, port = pair(address)
        if host != "":
            check_host(self._modem.family, host, self._make[3])
        self._local = (host, in_range("local port", port, 0, 65535))

    # --- for the faces ------------------------------------------------------------------------------------------

    def _open_steps(self, address: "Address") -> "Proc[None]":
        """The procedure that connects.  A socket that has failed gets a new slot, and the old one is closed."""
        host, port = pair(address)
        self._check_shut(True)
        return self._modem.open(self._slot, self._gen, host, port, self._local[1], self._make[1])

    def _listen_steps(self) -> "Proc[None]":
        """The procedure that listens."""
        if self._make[0] != SOCK_STREAM or self._make[1] is not None:
            raise ValueError("listen() is for stream sockets without TLS")
        self._check_shut(True)
        return self._modem.listen(self._slot, self._gen, self._local[0], self._local[1])

    def _check_shut(self, renew: bool) -> None:
        """Raises if the socket is open, or was closed; in place of a slot that has failed it gets a new one."""
        if self._closed:
            raise QuectelError(ENOTCONN, "the socket is closed")
        if self._once:
            raise QuectelError(ENOTCONN, "a restored TLS socket is not opened again: make one with its TLSContext")
        state = self._slot.state if self._slot.gen == self._gen else FREE
        if state in (OPENING, OPEN, HALF) and not (renew and self._serves()):
            raise ValueError("the socket is connected or listens")
        if renew and state != TAKEN:
            self._engine.close(self._slot, self._gen)
            self._slot = self._modem.take_slot(*self._make)
            self._slot.form = self._form
            self._gen = self._slot.gen

    def _begin_open(self, address: "Address") -> "OSError":
        """Start what poll() then carries on; gives EINPROGRESS to be raised."""
        if self._opening is not None and not self._opening.ended:
            raise QuectelError(EALREADY, "a connect() is under way")
        self._opening = self._modem.background(self._marked(self._open_steps(address)))
        self._peer = pair(address)
        return in_progress()

    def _marked(self, steps: "Proc[None]") -> "Proc[None]":
        """Procedure: the same; a failure before anything was opened fails the slot, for whoever polls it."""
        try:
            yield from steps
        except OSError as error:
            if self._slot.gen == self._gen:
                self._slot.fail(error.errno or EIO)
            raise

    def _error(self) -> "OSError":
        """Why the slot cannot be used: a connect() in the background may have failed."""
        if self._opening is not None and self._opening.error is not None:
            return self._opening.error
        return slot_error(self._slot, self._gen)

    def _under_way(self) -> bool:
        """True while a connect() of this socket goes on in the background: what needs it waits."""
        return self._opening is not None and not self._opening.ended and self._slot.gen == self._gen

    def _give_back(self, data: "ReadBuf") -> None:
        """The next read gets these bytes first."""
        self._back = bytes(data) + self._back

    def _from_back(self, buf: "Buf", off: int, n: int) -> int:
        k = min(n, len(self._back))
        memoryview(buf)[off : off + k] = self._back[:k]
        self._back = self._back[k:]
        return k

    def _at_once(self, n: int) -> int:
        """Bytes that one recv(n) can give at most: no more are allocated for it."""
        if n < 0:
            raise ValueError("a number of bytes is not negative")
        return min(n, self._slot.ring.size + len(self._back))

    def _size(self, buf: "Buf", n: int) -> int:
        """n, or all of buf for 0."""
        if n < 0 or n > len(buf):
            raise ValueError("nbytes must be 0 to the length of the buffer")
        return n or len(buf)

    def _bytes(self, buf: bytearray, n: int) -> bytes:
        return bytes(buf) if n == len(buf) else bytes(memoryview(buf)[:n])

    def _accepted(self) -> "tuple[Slot, Address] | None":
        """(slot, address) of a client that has come in, or None."""
        slot = self._modem.incoming(self._slot)
        if slot is None:
            self._check()
            if self._slot.kind != LISTENER and self._opening is None:
                raise ValueError("accept() is for sockets that listen")
            return None
        slot.parent = -1
        return slot, (decode(slot.peer, 0, slot.npeer), slot.pport)

    def _check(self) -> None:
        slot = self._slot
        if slot.gen != self._gen or slot.state == FAILED or slot.state == FREE:
            raise self._error()

    def _receives(self) -> bool:
        """True; raises if nothing can ever come to this socket."""
        slot = self._slot
        if slot.gen == self._gen and slot.kind == LISTENER:
            raise QuectelError(ENOTCONN, "a listener receives nothing: accept() gives a socket that does")
        if slot.gen == self._gen and slot.state == TAKEN:
            self._hear()
        return True

    def _sends(self, buf: "ReadBuf", n: int) -> None:
        """Raises if this cannot be sent; has a sleeping module woken."""
        slot = self._slot
        self._check_bytes(buf, n if self._make[0] == SOCK_DGRAM else 0)
        self._unrefused()
        if slot.gen != self._gen:
            return
        if slot.kind == LISTENER:
            raise QuectelError(ENOTCONN, "a listener sends nothing: accept() gives a socket that does")
        if self._engine.asleep and (slot.state == OPEN or slot.state == HALF):
            self._modem.rouse()

    def _gone(self) -> bool:
        """True when the slot is free again, or somebody else's."""
        return self._slot.gen != self._gen or self._slot.state == FREE

    def _is_closing(self) -> bool:
        """True while close() should wait: the module answers, is awake, and nobody keeps the UART."""
        engine = self._engine
        return not self._gone() and not engine.silent and not engine.asleep and not engine.occupied(self._slot)

    def _refused(self) -> bool:
        """True if the part before was refused and its reason is known."""
        return self._slot.gen == self._gen and self._slot.sending == REFUSED and self._engine.blame is not self._slot

    def _unrefused(self) -> None:
        """Raise what became of the part before; after SEND FAIL the socket can be used again."""
        if self._refused():
            self._slot.sending = QUIET
            raise self._error()

    def _settled(self) -> bool:
        """True when the part that was accepted last has its result."""
        if self._slot.gen != self._gen:
            return True
        return self._engine.settled(self._slot) and self._engine.blame is not self._slot

    def _datagram(self, buf: "ReadBuf", address: "Address") -> bool:
        """Checks a datagram; True if the socket must be opened to this peer first."""
        if self._make[0] != SOCK_DGRAM:
            raise ValueError("sendto() is for datagram sockets")
        if self._closed:
            raise QuectelError(ENOTCONN, "the socket is closed")
        self._check_bytes(buf, len(buf))
        peer = self._peer or self._aimed
        if peer is not None and peer[0] == address[0] and peer[1] == address[1] and (self._peer or self._serves()):
            return False
        self._check_peer(address)
        if not self._serves() or not is_address(address[0]):
            return True
        self._aim(address, address[0])
        return False

    def _check_bytes(self, buf: "ReadBuf", n: int) -> None:
        """n: the length of a datagram."""
        if not isinstance(buf, _BYTES) or (_HAS_ITEMS and isinstance(buf, memoryview) and buf.itemsize > 1):
            raise TypeError("bytes, bytearray or memoryview are sent, nothing else")
        if n > self._engine.family.send_max:
            raise ValueError("a datagram is at most %d bytes" % self._engine.family.send_max)

    def _check_peer(self, address: "Address") -> None:
        host, port = pair(address)
        check_address(self._modem.family, host, port, self._make[3])

    def _asked(self) -> bool:
        """True when the module has answered a state query, or nothing is open; asks if nobody has."""
        slot = self._slot
        if slot.gen != self._gen or slot.cid < 0:
            return True
        if self._engine.occupied(self._engine.table.nobody):
            raise uart_lent()
        if slot.query == QUIET:
            slot.query = QUEUED
        elif slot.query == REFUSED:
            slot.query = QUIET
            raise QuectelError(EIO, "the module did not tell the state of its connection")
        elif slot.query == SENT:
            slot.query = QUIET
            return True
        return False

    def _ready(self) -> int:
        """What poll() is to be told of it: bits of a MicroPython stream."""
        slot = self._slot
        if slot.gen != self._gen or slot.state == FAILED or slot.state == FREE or slot.state == CLOSING:
            return _ERR | _HUP
        if slot.kind == LISTENER:
            return _RD if self._modem.incoming(slot) is not None else 0
        bits = _RD if self._back or slot.ring.n or slot.state == ENDED else 0
        if slot.state != OPEN and slot.state != HALF:
            return bits | self._may_begin()
        if self._engine.asleep == ASLEEP or self._engine.may_send(slot):  # a send has it woken
            bits |= _WR
        return bits

    def _may_begin(self) -> int:
        """What a datagram socket that is not open yet offers: the first call opens it as a UDP service."""
        if self._slot.state != TAKEN or self._opening is not None or not self._may_serve():
            return 0
        return _WR | (_RD if self._local[1] else 0)
