"""Payloads that look like what a module says, and a module's end of one socket that carries them."""

import kit
from quectel.table import BUFFER, OPEN, PUSH, STREAM
from wires import Rig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from quectel.models.base import Dialect
    from quectel.table import Slot

_FINALS = (
    "OK", "ERROR", "+CME ERROR: 3", "+CME ERROR: 552", "+CME ERROR: operation not allowed", "+CMS ERROR: 500",
    "SEND OK", "SEND FAIL", "CLOSE OK", "CONNECT", "CONNECT 150000000", "NO CARRIER", "CONNECT FAIL", "BUSY",
)  # fmt: skip
_HEADS = (
    "+QIRD: 9", "+QIRD: 0", "+QIRD: 9,0", "+QIRD: 9,", "+QIRD: 99999", "+QSSLRECV: 9", "+QSSLRECV: 0", "+CMEE: 1",
    "+CMEE: (0-2)", "+CSQ: 20,99", "+CGATT: 1", '+QIURC: "recv",0,9', '+QIURC: "recv",0,9,', '+QIURC: "recv",1,1500',
    '+QSSLURC: "recv",0,9', '+QCOAPURC: "rsp",2,2.05,4711,9,', "+QIGETERROR: 559,x", "+QFUPL: 9,1234",
    "AT+QIRD=0,512", "AT+QIRD=0,1024", "AT+QIRD=0,1500", "AT+QSSLRECV=0,1500", "AT+CMEE?", "AT+QISEND=0,5",
    "AT+QICLOSE=0", "ATE1", "+++",
)  # fmt: skip
_GONE = ("RDY", "APP RDY", "POWERED DOWN", "NORMAL POWER DOWN", "PSM POWER DOWN", "RING")
_RAW = (
    b"\r\n> ", b"\r\n>", b"> ", b">", b">\r\n", b"\r", b"\n", b"\r\n", b"\n\r", b"\r\r\n", b"\r\n\r\n", b"\0", b"\xff",
    b"\x1b", b"\x1a", b"\x1a\x1b\r", b"+++", b"OK", b"\r\nOK", b"OK\r\n", b"\r\nOK\r", b"A/", b'"', b",", b" \r\n",
    b"\r\n \r\n", b"\xe2\x82\xac", b"\r\n\r\nOK\r\n\r\n", b"ERROR\r\n\r\n+QIRD: 3\r\nabc\r\n\r\nOK\r\n",
)  # fmt: skip


def urcs() -> "list[bytes]":
    """Every URC of every family, as bytes."""
    with open(kit.path("driver/urcs.csv")) as file:
        lines = file.read().split("\n")[1:]
    found: "list[bytes]" = []
    for line in lines:
        urc = line.split(";")[0].replace("\\r", "\r").replace("\\n", "\n").encode()
        if urc and urc not in found:
            found.append(urc)
    return found


def texts() -> "list[bytes]":
    """All that a module says, alone and as a line; every value of a byte; and what line readers stumble over."""
    said = [text.encode() for text in _FINALS + _HEADS + _GONE] + urcs()
    found = list(_RAW)
    for text in said:
        found += [text, b"\r\n" + text + b"\r\n", text + b"\r\n"]
    return found + [bytes([i]) for i in range(256)] + [bytes(range(256)), bytes(range(255, -1, -1))]


def stream(n: int) -> bytes:
    """n bytes of it, numbered, so that a part in the wrong place shows."""
    found = texts()
    out = bytearray()
    i = 0
    while len(out) < n:
        out += b"%d" % i + found[i % len(found)]
        i += 1
    return bytes(out[:n])


# --- how it goes over the wire ------------------------------------------------------------------------------------


class Link:
    """One socket of a rig, id 0, and the module's end of it.  The module prints as the documents say.

    view: 1, header and data on one line.  trailing: CR LF behind a pushed payload.  peer: of the datagrams of a UDP
    service, as it stands behind their length.
    """

    def __init__(
        self,
        family: str,
        mode: int = BUFFER,
        tls: bool = False,
        kind: int = STREAM,
        view: int = 0,
        trailing: bytes = b"\r\n",
        peer: bytes = b"",
    ) -> None:
        self.rig = Rig(family, slots=1, rx_ring=4096)
        engine = self.rig.engine
        engine.echo_off = True
        self.slot = self.rig.open(0, kind, mode)
        dialect = engine.family.tls if tls else engine.family.tcp
        assert dialect is not None
        self.dialect: "Dialect" = dialect
        self.slot.dialect = dialect
        self.mode = mode
        self.view = engine.view = view
        engine._views()
        self.trailing = trailing
        self.peer = peer
        if peer:
            self.slot.service = 19
            host, port = peer[2:].split(b'",')
            self.slot.to, self.slot.to_port = host, int(port)
        self.name = b"SSL" if tls else b"I"
        self.limit = dialect.read_max if mode == BUFFER else engine.family.packet_max
        self._head = b"\r\n+Q" + self.name + b'URC: "recv",0'

    def give(self, data: bytes, cut: int) -> None:
        """Data come in for the socket, in reads that are cut as `cut` says; see pieces()."""
        behind = b"," if self.view else b"\r\n"
        if self.mode == PUSH:
            head = self._head + b",%d" % len(data) + self.peer + behind
            self.say(head, data, self.trailing, cut)
            self.rig.step(0)
            self.rig.step(20)
        else:
            self.rig.feed(self._head + b"\r\n")
            self.rig.asked(self.dialect.read + b"0,%d" % self.limit)
            head = b"\r\n" + self.dialect.read_head + b" %d" % len(data) + self.peer + behind
            self.say(head, data, b"\r\n\r\nOK\r\n", cut)
            self.rig.asked(self.dialect.read + b"0,%d" % self.room())
            self.rig.feed(b"\r\n" + self.dialect.read_head + b" 0\r\n\r\nOK\r\n")

    def room(self) -> int:
        """What the next read asks for."""
        return min(self.slot.ring.room(), self.limit)

    def say(self, head: bytes, data: bytes, tail: bytes, cut: int) -> None:
        for piece in pieces(head, data, tail, cut):
            self.rig.feed(piece)

    def receive(self, data: bytes, cut: int) -> None:
        """The driver is given exactly these bytes."""
        self.give(data, cut)
        assert self.rig.recv(self.slot) == data, (self.mode, self.view, cut, data[:60])
        if self.peer:
            slot = self.slot
            assert bytes(slot.peer[: slot.npeer]) == slot.to and slot.pport == slot.to_port
        assert self.rig.recv(self.slot) is None and self.slot.state == OPEN

    def send(self, data: bytes, prompt: bytes = b"\r\n> ") -> None:
        """The driver writes exactly these bytes."""
        assert self.rig.send(self.slot, data) == len(data)
        self.rig.asked(self.dialect.send + b"0,%d" % len(data) + self.peer, prompt)
        written = self.rig.take()
        assert written == data, (written[:60], data[:60])
        self.rig.feed(b"\r\nOK\r\n\r\nSEND OK\r\n" if self.dialect.late_result else b"\r\nSEND OK\r\n")
        self.rig.quiet()

    def clean(self) -> None:
        """Nothing was lost, and nothing was taken for what it was not."""
        stats = self.rig.engine.stats
        counts = (stats.framing, stats.rx_lost, stats.timeouts, stats.unknown, stats.late, stats.epochs)
        assert counts == (0, 0, 0, 0, 0, 0), counts


def message(slot: "Slot") -> bytes:
    """The payload of the next CoAP message."""
    slot.ring.drop(slot.ring.head())  # its header
    payload = bytearray(slot.ring.head())
    slot.ring.take(payload, 0, len(payload))
    return bytes(payload)


CUTS = 9


def pieces(head: bytes, data: bytes, tail: bytes, cut: int) -> "Iterable[bytes]":
    """Whole, byte by byte, in sevens, or cut at one of the places where a reader may stumble."""
    whole = head + data + tail
    if cut in (1, 2):
        step = 1 if cut == 1 else 7
        return [whole[i : i + step] for i in range(0, len(whole), step)]
    end = len(head) + len(data)
    at = (len(whole), 0, 0, len(head), len(head) - 4, end - 1, end, end + 1, len(head) - 1)[cut]
    return [whole[:at], whole[at:]]
