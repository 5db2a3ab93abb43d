"""The connection table as bytes, and adopting it behind a restart of the microcontroller: save() and restore().

A record: three bytes of name and version, length and CRC-32 of what follows, the family, what the caller wants of the
network, the settings, then the connections.  Secrets are not in it: no PIN, and no context that has a password.
"""

from binascii import crc32
from struct import calcsize, pack, unpack_from

from ._compat import const
from .errors import uart_lent
from .network import ONLINE, Wanted, Wish
from .opening import is_address
from .pdp import has_address, is_active
from .procedure import values
from .sleeping import meet, saves
from .table import (
    BUFFER,
    DGRAM,
    ENDED,
    FAILED,
    FREE,
    HALF,
    LISTENER,
    OPEN,
    PUSH,
    SOCK_DGRAM,
    SOCK_STREAM,
    STREAM,
)

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any

    from ._types import Proc
    from .engine import Engine
    from .life import Life
    from .models.base import Dialect, Family
    from .network import Network
    from .table import Slot

_NAME = b"QS\x02"  # the last byte is the version
_HEAD = ">II"  # length of the body, and its CRC-32
_WANTED = ">BBB"  # is there any, its context, how many settings go with it
_PSM = ">BI"  # 1: power saving mode is in force, 2: the module may be in deep sleep; the active time in ms
_SLOT = ">BBBBBBBBBBHH"
_NONE = const(255)
_CONNECTED = const(2)  # as all families number it
_KEPT = (OPEN, HALF, ENDED)
_NO_SECRET = b'","","",'  # how a command goes on behind the APN that gives neither user nor password


class Record:
    """What save() has kept."""

    def __init__(self) -> None:
        self.wanted: "Wanted | None" = None
        self.wishes: "dict[str, Wish]" = {}
        self.psm: "tuple[int, ...]" = (0, 0)
        self.connections: "list[Connection]" = []


class Connection:
    """One connection: what it was, and the slot that stands for it until the module has told of it."""

    def __init__(self, fields: "tuple[int, ...]", host: bytes, unread: bytes) -> None:
        self.fields = fields
        self.host = host
        self.unread = unread
        self.slot: "Slot | None" = None
        self.shown = False  # the module has it, as it was

    def hold(self, engine: "Engine") -> None:
        """Give it a slot, so that what comes for it meanwhile is not lost."""
        slot = engine.take()
        if slot is None:
            raise ValueError("more connections were saved than this modem has slots=")
        self.slot = slot
        cid, slot.kind, slot.mode, slot.af, slot.pdp, slot.form, tls, parent, accepted, slot.service = self.fields[:10]
        slot.lport, port = self.fields[10:]
        slot.tls = -1 if tls == _NONE else tls
        slot.parent = -1 if parent == _NONE else parent
        slot.dialect = _dialect(engine.family, slot.tls >= 0)
        if accepted:
            slot.npeer = len(self.host)
            slot.peer[: slot.npeer] = self.host
            slot.pport = port
        elif self.host:
            slot.to, slot.to_port = self.host, port
        slot.ring.put(self.unread, 0, len(self.unread))
        slot.ring.commit()
        slot.state = OPEN
        slot.opened = 0
        engine.lose_count(slot)
        engine.table.bind(slot, cid)

    def adopt(self, dialect: "Dialect", told: "list[str]") -> bool:
        """True if these fields of a state query show it; then it is the module's again."""
        slot = self.slot
        if slot is None or dialect is not slot.dialect or slot.cid < 0 or slot.state == FAILED:
            return False
        if len(told) < 8 + dialect.server_id or not self._is_same(slot, told):
            return False
        self.shown = True
        slot.told = int(told[5])
        if slot.told == dialect.closing and slot.state == OPEN:
            slot.state = HALF if slot.mode != PUSH and slot.kind == STREAM else ENDED
        slot.more = slot.mode == BUFFER and slot.kind != LISTENER and slot.state != ENDED
        return True

    def _is_same(self, slot: "Slot", told: "list[str]") -> bool:
        """`<id>,<service>,<ip>,<port>,<local port>,<state>,<pdp>[,<server>],<mode>...` (R090, R136)."""
        states = (_CONNECTED, slot.dialect.closing if slot.kind == STREAM else slot.dialect.listening)
        wanted = [(0, slot.cid), (6, slot.pdp), (7 + slot.dialect.server_id, slot.mode)]
        if self._has_peer(slot):
            wanted.append((3, self.fields[11]))
        if slot.lport:
            wanted.append((4, slot.lport))
        if slot.tls >= 0 and len(told) > 10:
            wanted.append((10, slot.tls))
        if [told[i] for i, _ in wanted] != [str(value) for _, value in wanted]:
            return False
        return told[5] in [str(state) for state in states] and self._is_of_kind(slot, told)

    def _has_peer(self, slot: "Slot") -> bool:
        return slot.kind != LISTENER and not slot.service

    def _is_of_kind(self, slot: "Slot", told: "list[str]") -> bool:
        if slot.tls < 0 and told[1] != _service(slot):
            return False
        host = self.host.decode()
        if not self._has_peer(slot) or ":" in told[2] or is_address(host) != is_address(told[2]):
            return True  # a name may be shown as its address (R458), and IPv6 is written in many ways
        return host.lower() == told[2].lower()

    def give_up(self, engine: "Engine", whole: bool) -> None:
        """Free the slot of what is not there any more; if nobody gets it, close what is."""
        slot = self.slot
        if slot is None or (whole and self.shown and slot.state in _KEPT):
            return
        if not self.shown:
            engine.table.unbind(slot)
        slot.parent = -1
        engine.close(slot, slot.gen)


def _dialect(family: "Family", tls: bool) -> "Dialect":
    dialect = family.tls if tls else family.tcp
    if dialect is None:
        raise ValueError("%s has no such connections" % family.name)
    return dialect


def _service(slot: "Slot") -> str:
    """As AT+QISTATE names it (R140)."""
    if slot.kind == LISTENER:
        return "TCP LISTENER"
    if slot.kind == DGRAM:
        return "UDP SERVICE" if slot.service else "UDP"
    return "TCP INCOMING" if slot.npeer else "TCP"


# --- to bytes ---------------------------------------------------------------------------------------------------------


def save(modem: "Life") -> bytes:
    """See Modem.save()."""
    engine = modem.engine
    if engine.owner.index >= 0:
        raise uart_lent()
    slots = [slot for slot in engine.table.slots if slot.cid >= 0 and slot.state in _KEPT]
    parts = [b""]
    _put(parts, engine.family.name.encode())
    _put_wanted(parts, modem.net.wanted)
    parts.append(pack(_PSM, engine.psm | (engine.may_sleep or engine.slept) << 1, modem.net.active_ms))
    parts.append(pack(">B", len(modem.net.wishes)))
    for name in sorted(modem.net.wishes):
        _put_wish(parts, name, modem.net.wishes[name])
    parts.append(pack(">B", len(slots)))
    for slot in slots:
        _put_connection(parts, slot)
    n = crc = 0
    for part in parts:
        n += len(part)
        crc = crc32(part, crc)
    parts[0] = _NAME + pack(_HEAD, n, crc & 0xFFFFFFFF)
    return b"".join(parts)


def _put(parts: "list[bytes]", data: bytes) -> None:
    parts.append(pack(">H", len(data)))
    parts.append(data)


def _put_wanted(parts: "list[bytes]", wanted: "Wanted | None") -> None:
    if wanted is None:
        parts.append(pack(_WANTED, 0, 0, 0))
        return
    parts.append(pack(_WANTED, 1, wanted.pdp, len(wanted.wishes)))
    _put(parts, (wanted.apn or "").encode())
    _put(parts, wanted.setup if wanted.setup and _NO_SECRET in wanted.setup else b"")
    for wish in wanted.wishes:
        _put_wish(parts, "", wish)


def _put_wish(parts: "list[bytes]", name: str, wish: Wish) -> None:
    for text in (name.encode(), wish.query, ",".join(wish.wanted).encode(), wish.command):
        _put(parts, text)
    parts.append(pack(">I", wish.limit_ms))


def _put_connection(parts: "list[bytes]", slot: "Slot") -> None:
    accepted = slot.kind == STREAM and slot.npeer > 0
    host, port = (b"", 0) if slot.service else (slot.to, slot.to_port)
    if accepted:
        host, port = bytes(slot.peer[: slot.npeer]), slot.pport
    tls = slot.tls if slot.tls >= 0 else _NONE
    parent = slot.parent if slot.parent >= 0 else _NONE
    what = (slot.cid, slot.kind, slot.mode, slot.af, slot.pdp, slot.form, tls, parent, int(accepted), slot.service)
    parts.append(pack(_SLOT, *(what + (slot.lport, port))))
    _put(parts, host)
    _put(parts, slot.ring.copy())


# --- from bytes -------------------------------------------------------------------------------------------------------


class Reader:
    """Takes a record apart.  ValueError where it ends too early."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def ints(self, form: str) -> "tuple[int, ...]":
        at = self._skip(calcsize(form))
        return unpack_from(form, self._data, at)

    def chunk(self) -> bytes:
        n = self.ints(">H")[0]
        at = self._skip(n)
        return self._data[at : at + n]

    def text(self) -> str:
        return self.chunk().decode()

    def _skip(self, n: int) -> int:
        at = self.at
        self.at += n
        if self.at > len(self._data):
            raise ValueError("the saved bytes end too early")
        return at


def load(saved: bytes, family: "Family") -> Record:
    """ValueError or TypeError for what save() has not made, or has made for another family."""
    if not isinstance(saved, (bytes, bytearray, memoryview)):
        raise TypeError("restore() takes the bytes that save() gave")
    saved = bytes(saved)
    start = len(_NAME) + calcsize(_HEAD)
    if saved[: len(_NAME)] != _NAME or len(saved) < start:
        raise ValueError("no bytes of save(), or of another version of it")
    n, crc = unpack_from(_HEAD, saved, len(_NAME))
    body = saved[start:]
    if n != len(body) or crc != crc32(body) & 0xFFFFFFFF:
        raise ValueError("the saved bytes are damaged")
    reader = Reader(body)
    name = reader.text()
    if name != family.name:
        raise ValueError("this was saved for %s, the modem is %s" % (name, family.name))
    return _load_all(reader)


def _load_all(reader: Reader) -> Record:
    record = Record()
    there, pdp, count = reader.ints(_WANTED)
    if there:
        apn, setup = reader.text() or None, reader.chunk() or None
        record.wanted = Wanted(pdp, apn, setup, None, [_load_wish(reader)[1] for _ in range(count)])
    record.psm = reader.ints(_PSM)
    for _ in range(reader.ints(">B")[0]):
        name, wish = _load_wish(reader)
        record.wishes[name] = wish
    for _ in range(reader.ints(">B")[0]):
        fields = reader.ints(_SLOT)
        host = reader.chunk()
        record.connections.append(Connection(fields, host, reader.chunk()))
    return record


def _load_wish(reader: Reader) -> "tuple[str, Wish]":
    name, query, wanted, command = reader.text(), reader.chunk(), reader.text(), reader.chunk()
    return name, Wish(query, wanted.split(","), command, reader.ints(">I")[0])


# --- the module is asked ----------------------------------------------------------------------------------------------


def restore(modem: "Life", saved: bytes) -> "Proc[list[Slot]]":
    """Procedure; see Modem.restore()."""
    engine, net = modem.engine, modem.net
    record = load(saved, engine.family)
    held = record.connections
    _check_room(engine, held)
    whole = False
    try:
        for one in held:
            one.hold(engine)
        net.adopt = lambda dialect, line: _adopt(engine, held, dialect, values(line))
        net.prepared = -1
        net.wishes.update(record.wishes)
        yield from meet(modem, record.psm[0])
        if record.wanted:
            yield from _look_around(engine, net, record.wanted)
        whole = True
    finally:
        net.adopt = None
        if engine.psm:  # also of one that did not answer
            saves(modem, record.psm[1] // 1000)
        for one in held:
            one.give_up(engine, whole)
    return _kept(engine, [one.slot for one in held if one.slot is not None and one.slot.cid >= 0])


def _adopt(engine: "Engine", held: "list[Connection]", dialect: "Dialect", told: "list[str]") -> bool:
    """True for what is known, and for a client that has come in at a listener meanwhile."""
    cid = int(told[0]) if told and told[0].isdigit() else -1
    for one in held:
        if one.fields[0] == cid:
            return one.adopt(dialect, told)
    return engine.table.at(cid).parent >= 0


def _kept(engine: "Engine", slots: "list[Slot]") -> "list[Slot]":
    """Those that a socket is made for: clients that wait for accept() stay with their listener, or go with it."""
    for slot in slots:
        if slot.parent >= 0 and engine.table.at(slot.parent).kind != LISTENER:
            engine.close(slot, slot.gen)
    return [slot for slot in slots if slot.parent < 0 and slot.state in _KEPT]


def _check_room(engine: "Engine", held: "list[Connection]") -> None:
    """ValueError for a modem that is in use, or is smaller than the one that has saved."""
    slots = [slot for slot in engine.table.slots if slot is not engine.messages]
    if any([slot.state != FREE for slot in slots]):
        raise ValueError("restore() comes before the first socket")
    for one in held:
        _dialect(engine.family, one.fields[6] != _NONE)
        if len(one.unread) > slots[0].ring.size:
            raise ValueError("%d bytes were saved unread: rx_ring is smaller" % len(one.unread))


def _look_around(engine: "Engine", net: "Network", wanted: Wanted) -> "Proc[None]":
    """Online is who still has an address."""
    net.wanted = wanted
    engine.pdp = wanted.pdp
    up = (
        (yield from is_active(engine, net, wanted.pdp))
        if engine.family.qiact
        else (yield from has_address(engine, net))
    )
    if up:
        net.contexts.append(wanted.pdp)
        net.apn = wanted.apn
        net.state = ONLINE


def sockets_of(modem: "Life", make: "Any", steps: "Proc[list[Slot]]") -> "Proc[list[Any]]":
    """Procedure: the same as sockets of a face."""
    slots = yield from steps
    return [_socket(modem, make, slot) for slot in slots]


def _socket(modem: "Life", make: "Any", slot: "Slot") -> "Any":
    kind = SOCK_DGRAM if slot.kind == DGRAM else SOCK_STREAM
    sock = make(modem, kind, None, slot.mode, slot.af, slot.pdp, slot)
    if slot.to:
        sock._peer = slot.to.decode(), slot.to_port
    sock._local = ("", slot.lport)
    sock._form = slot.form
    sock._once = slot.tls >= 0
    return sock
