"""What a modem is asked by name and told: config() and dns_servers() (R191-R195, R201-R204, R208-R211)."""

from errno import EIO

from ._compat import const
from .contact import change_rate, check_rate
from .errors import QuectelError, unsupported
from .network import Wish, grant
from .procedure import ask, name_of, number, prefix_of, values
from .text import checked, decode, in_range

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any

    from ._faces import Face
    from ._types import Proc
    from .models.base import Diagnostics, Family, KeepAlive

_NAMES = ("imei", "imsi", "iccid", "model", "revision", "open_time", "keepalive", "dns")
_OPEN_TIME = b'AT+QICFG="open_time"'


def config(modem: "Face", family: "Family", name: "str | None", new: "dict[str, Any]") -> "Proc[object]":
    """Procedure; see Modem.config()."""
    if (name is None) == (not new):
        raise ValueError("config() takes a name, or settings")
    if name is not None:
        return (yield from _ask(modem, family, name))
    baud = _baud(modem, new)
    wishes = [(key, _wish(family, key, new[key])) for key in sorted(new) if key not in ("baud", "rat")]
    if "rat" in new:
        from .registration import wishes as technologies

        wishes += [("rat%d" % i, wish) for i, wish in enumerate(technologies(family, None, new["rat"]))]
    yield from modem.ready()  # all were checked before one is made
    for key, wish in wishes:
        yield from _make(modem, family, key, wish)
    if baud:
        yield from change_rate(modem.engine, modem.net, baud)
        modem.net.baud = baud
    return None


def _baud(modem: "Face", new: "dict[str, Any]") -> int:
    """0 if it is not to be changed."""
    return check_rate(modem.net, new["baud"]) if "baud" in new else 0


def dns_servers(
    modem: "Face", family: "Family", primary: "str | None", secondary: "str | None"
) -> "Proc[tuple[str, str]]":
    """Procedure; see Modem.dns_servers()."""
    record = _record(family)
    wish = None if primary is None and secondary is None else _dns(family, (primary, secondary))
    yield from modem.ready()
    if wish:
        yield from _make(modem, family, "dns", wish)
    lines = yield from ask(modem.engine, record.dns_query, prefix_of(record.dns_query))
    told = values(_first(lines, record.dns_query))[len(record.dns_lead) :] + ["", ""]
    modem.net.dns = told[0] or "0.0.0.0"
    return told[0], told[1]


def keep_alive(modem: "Face", family: "Family", on: bool) -> bool:
    """For Socket.setsockopt(): note what the next connect() or listen() carries out; True if there is something."""
    if family.keepalive is None:
        return False
    before = modem.net.wishes.get("keepalive")
    if not (on and before and before.wanted[-1] != "0"):  # with its own times
        modem.net.wish("keepalive", _keepalive(family, family.keepalive.usual if on else None))
    return "keepalive" in modem.net.due


# --- what is told -----------------------------------------------------------------------------------------------------


def _make(modem: "Face", family: "Family", name: str, wish: Wish) -> "Proc[None]":
    """It is kept when the module has taken it: then it is made again behind a restart."""
    yield from grant(modem.engine, wish)
    modem.net.wish(name, wish)
    if name in modem.net.due:
        modem.net.due.remove(name)
    if name == "open_time":
        modem.net.longer_ms = (int(wish.wanted[1]) - family.open_time) * 1000
    elif name == "dns":
        modem.net.dns = wish.wanted[len(_record(family).dns_lead)]


def _wish(family: "Family", name: str, value: "Any") -> Wish:
    if name == "open_time":
        return _open_time(family, value)
    if name == "keepalive":
        return _keepalive(family, value)
    if name == "dns":
        return _dns(family, value)
    raise ValueError("config() sets open_time, keepalive, dns, rat and baud, not %r" % name)


def _open_time(family: "Family", value: "Any") -> Wish:
    if not family.open_time:
        raise unsupported(family.name, "open_time")
    seconds = in_range("open_time", value, 1, family.open_time)
    return Wish(_OPEN_TIME, ["open_time", str(seconds)], _OPEN_TIME + b",%d" % seconds)


def _alive(family: "Family") -> "KeepAlive":
    if family.keepalive is None:
        raise unsupported(family.name, "keep-alive")
    return family.keepalive


def _keepalive(family: "Family", value: "Any") -> Wish:
    record = _alive(family)
    lead = list(record.lead)
    if value is None:
        return Wish(record.query, lead + ["0"], record.command + b"0")
    if not isinstance(value, (tuple, list)) or len(value) != 3:
        raise TypeError("keepalive must be (idle_s, interval_s, count) or None")
    wanted = ["1"]
    for i in range(3):
        what = ("idle_s", "interval_s", "count")[i]
        wanted.append(str(in_range(what, value[i], record.ranges[i][0], record.ranges[i][1])))
    return Wish(record.query, lead + wanted, record.command + ",".join(wanted).encode())


def _record(family: "Family") -> "Diagnostics":
    if family.diagnostics is None:
        raise unsupported(family.name, "commands for DNS servers")
    return family.diagnostics


def _dns(family: "Family", value: "Any") -> Wish:
    record = _record(family)
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise TypeError("dns must be (primary, secondary), secondary may be None")
    servers = [_server(one, record.dns_max) for one in value if one is not None]
    if value[0] is None:
        raise ValueError("a secondary DNS server goes with a primary one")
    command = record.dns_set + ",".join(['"%s"' % one for one in servers]).encode()
    return Wish(record.dns_query, list(record.dns_lead) + servers, command)


def _server(address: str, most: int) -> str:
    """A DNS server is told by its address, IPv4 or IPv6."""
    checked("DNS server", address, most)
    parts = address.split(".")
    is_ipv4 = len(parts) == 4 and all([part.isdigit() and int(part) < 256 for part in parts])
    if not is_ipv4 and (":" not in address or address.lower().strip("0123456789abcdef:.")):
        raise ValueError("a DNS server must be an address, not %r" % address)
    return address


# --- what is asked ----------------------------------------------------------------------------------------------------


def _ask(modem: "Face", family: "Family", name: str) -> "Proc[object]":
    if name not in _NAMES:
        raise ValueError("config() knows %s, not %r" % (" ".join(_NAMES), name))
    if name == "dns":
        return (yield from dns_servers(modem, family, None, None))
    if name == "open_time":
        _open_time(family, 1)
        return number((yield from _line(modem, _OPEN_TIME)), 1)
    if name == "keepalive":
        told = values((yield from _line(modem, _alive(family).query)))
        return _times(told[len(_alive(family).lead) :])
    if name == "model":
        yield from modem.ready()
        return modem.net.model
    return (yield from _identity(modem, family, name))


def _identity(modem: "Face", family: "Family", name: str) -> "Proc[str]":
    """With the command's name in front, or without; with quotes, or without."""
    queries = {"imei": family.imei, "imsi": b"AT+CIMI", "iccid": family.iccid, "revision": b"AT+CGMR"}
    line = yield from _line(modem, queries[name])
    text = decode(line, line.find(b":") + 1, len(line)).strip(' "')
    if name == "revision":
        modem.net.revision = text
    return text


def _line(modem: "Face", query: bytes) -> "Proc[bytes]":
    yield from modem.ready()
    return _first((yield from ask(modem.engine, query, prefix_of(query))), query)


def _first(lines: "list[bytes]", query: bytes) -> bytes:
    if not lines:
        raise QuectelError(EIO, "the module answers without telling anything", 0, name_of(query))
    return lines[0]


def _times(fields: "list[str]") -> "tuple[int, ...] | None":
    """(idle_s, interval_s, count), None where it is off (R209)."""
    if not fields or fields[0] != "1":
        return None
    return tuple([int(field) for field in fields[1:4]])
