"""TLS contexts of BG96 and EC200U: what AT+QSSLCFG can set, and when it is sent (R041-R060)."""

from errno import EACCES, ENOBUFS, EOPNOTSUPP

from ._compat import const
from .errors import QuectelError, TLSError
from .files import check_there, keep, plain
from .network import check_utc, read_clock, set_clock
from .procedure import ask, try_ask, values, word
from .table import SOCK_DGRAM
from .text import in_range

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from ._types import Proc
    from .engine import Engine
    from .models.base import Family
    from .network import Network

_VERSIONS = {"ssl3": 0, "1.0": 1, "1.1": 2, "1.2": 3, "all": 4}  # R044
_IGNORE = {  # bits of "ignorecertitem" (R057)
    "expired": 1,
    "name": 4,
    "ca": 8,
    "other": 256,
    "key_usage": 2048,
    "ext_key_usage": 4096,
    "cert_type": 8192,
    "algorithm": 32768,
    "key": 65536,
    "all": 1048575,
}
_TIME = ((0, 4), (5, 7), (8, 10), (11, 13), (14, 16), (17, 19))  # where year to second stand in "2026/11/25,09:08:07"
_BEGIN = b"-----BEGIN "
_FILL = const(61)  # =
_MOST_FILL = const(3)
_SPACE = const(32)
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_CERTIFICATES = (b"CERTIFICATE", b"X509 CERTIFICATE")
_KEYS = (b"PRIVATE KEY", b"RSA PRIVATE KEY", b"EC PRIVATE KEY", b"EC PARAMETERS")
_SWITCHES = {"chain": "ignoremulticertchainverify", "signature": "ignoreinvalidcertsign"}  # R054, R055


class TLSContext:
    """How a TLS server is checked.  Several sockets may share one; it takes one of the module's six contexts (R031).

    ca, cert, key, ca_extra: PEM as bytes, which goes up once, or the path of a file on the module as str.  ca and
    cert may be chains.
    verify: the server's chain is checked against ca; verify=True without ca is a ValueError, and switching the check
    off takes verify=False.  Host names are checked by EC200U and EG915U only: BG96 has no such check, so there every
    server with a certificate of this ca is accepted.
    cert, key: what the server sees if it asks (seclevel 2, R050).  The module then checks the server as well.  Both as
    bytes must belong together; to see that costs at most 6 bytes for each of theirs, for a moment.
    version: "1.2", "1.1", "1.0", "ssl3" or "all".
    suites: one cipher suite by code (0xC02F, "0XC02F") or name ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"), 0xFFFF: all.
    check_time: certificates must be valid by the module's clock (R039), which must be set then.
    negotiate_s: 10 to 300 seconds for the handshake (R052).
    sni: the server is told the host name, on EC200U and EG915U and not with SSL 3.0 (R040).
    dtls, ca_extra, ignore: EC200U and EG915U only.  dtls: for sockets of SOCK_DGRAM, a record is a datagram.
    ignore: checks to leave out (R054, R055, R057): "expired", "name", "ca", "other", "key_usage", "ext_key_usage",
    "cert_type", "algorithm", "key", "all", "chain", "signature".
    ctx: the module's context, 0 to 5; None takes a free one.
    What is changed in it later is for connections that are opened from then on (R031); values are not looked at then.
    ValueError or TypeError for what no module can do; QuectelError(EOPNOTSUPP) from socket() for what this family
    cannot.  Allocates at most 2,500 bytes, 1 a byte of PEM.
    """

    def __init__(
        self,
        *,
        ca: "bytes | str | None" = None,
        cert: "bytes | str | None" = None,
        key: "bytes | str | None" = None,
        verify: bool = True,
        version: str = "1.2",
        suites: "str | int" = 0xFFFF,
        check_time: bool = True,
        negotiate_s: int = 300,
        sni: bool = True,
        dtls: bool = False,
        ca_extra: "bytes | str | None" = None,
        ignore: "tuple[str, ...]" = (),
        ctx: "int | None" = None,
    ) -> None:
        if verify and ca is None:
            raise ValueError("verify=True needs ca=; verify=False switches the check of the server off")
        if version not in _VERSIONS:
            raise ValueError("version must be one of '1.2' '1.1' '1.0' 'ssl3' 'all'")
        if dtls and version == "ssl3":
            raise ValueError("SSL 3.0 has no DTLS")
        self.ca = _pem("ca", ca, False)
        self.cert = _pem("cert", cert, False)
        self.key = _pem("key", key, True)
        self.ca_extra = _pem("ca_extra", ca_extra, False)
        _check_identity(self.cert, self.key, verify)
        self.verify = verify
        self.version = version
        self.suites = _suite(suites)
        self.check_time = check_time
        self.negotiate_s = in_range("negotiate_s", negotiate_s, 10, 300)
        self.sni = sni and version != "ssl3"
        self.dtls = dtls
        self.ignore = _flags(ignore)
        self.ctx = None if ctx is None else in_range("ctx", ctx, 0, 5)


def _check_identity(cert: "bytes | str | None", key: "bytes | str | None", verify: bool) -> None:
    if (cert is None) != (key is None):
        raise ValueError("cert and key go together")
    if cert is not None and not verify:
        raise ValueError("no module shows a client certificate to a server that it does not check (R050)")
    if isinstance(cert, bytes) and isinstance(key, bytes):
        from .identity import fits

        if not fits(cert, key):
            raise ValueError("key is not that of cert")


def _suite(value: "str | int") -> int:
    if isinstance(value, str):
        if value[:2].upper() == "0X":
            value = int(value, 16)
        else:
            from .suites import code_of

            value = code_of(value)
    return in_range("suites", value, 0, 0xFFFF)


def _flags(names: "tuple[str, ...]") -> "tuple[str, ...]":
    if isinstance(names, str):
        raise TypeError("ignore is a tuple of names")
    for name in names:
        if name not in _IGNORE and name not in _SWITCHES:
            raise ValueError("ignore does not know %r" % (name,))
    return tuple(names)


# --- what goes up -------------------------------------------------------------------------------------------------


def _pem(what: str, value: "bytes | str | None", is_key: bool) -> "bytes | str | None":
    """PEM as bytes, or a path: anything else is said before a byte is sent."""
    if value is None:
        return None
    if isinstance(value, str):
        plain(value)
        return value
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise TypeError("%s must be PEM as bytes, or a path as str" % what)
    data = bytes(value)
    labels = _labels(what, data)
    for label in labels:
        if label not in (_KEYS if is_key else _CERTIFICATES):
            raise ValueError("%s is a %s" % (what, label.decode()))
    if is_key and len(labels) - labels.count(b"EC PARAMETERS") != 1:
        raise ValueError("%s must be one key" % what)
    return data


def _labels(what: str, data: bytes) -> "list[bytes]":
    """What the blocks of a PEM are called.  ValueError if there is none, or one that is not whole."""
    labels = []
    at = data.find(_BEGIN)
    while at >= 0:
        at += len(_BEGIN)
        label = data[at : data.find(b"-----", at)]
        end = data.find(b"-----END " + label + b"-----", at)
        if end < 0:
            raise ValueError("%s: its PEM has no end" % what)
        _check_body(what, data[at + len(label) + 5 : end])
        labels.append(label)
        at = data.find(_BEGIN, end)
    if not labels:
        raise ValueError("%s is not PEM" % what)
    return labels


def _check_body(what: str, body: bytes) -> None:
    if b"ENCRYPTED" in body:
        raise ValueError("%s is encrypted, and no module can be told its password (R049)" % what)
    if not _is_base64(body):
        raise ValueError("%s: its PEM is empty or damaged" % what)


def _is_base64(text: bytes) -> bool:
    """Looked at here: what a2b_base64() raises for damage is not the same on all ports."""
    digits = fill = 0
    for c in text:
        if c == _FILL:
            fill += 1
        elif c > _SPACE:
            if fill or c not in _BASE64:
                return False
            digits += 1
    return digits > 0 and fill < _MOST_FILL and (digits + fill) % 4 == 0


def check_context(context: TLSContext, family: "Family", type: int) -> None:
    """Before a byte is sent: QuectelError(EOPNOTSUPP) for what the family lacks, ValueError for the wrong socket."""
    if not isinstance(context, TLSContext):
        raise TypeError("tls must be a TLSContext")
    if context.dtls != (type == SOCK_DGRAM):
        raise ValueError("dtls=True and SOCK_DGRAM go together")
    if context.suites not in family.suites:
        raise QuectelError(EOPNOTSUPP, "%s has no cipher suite 0X%04X" % (family.name, context.suites))
    wanted = (context.dtls and "dtls", context.ca_extra and "cacertex", context.ignore and "ignorecertitem")
    for item in wanted:
        if item and item not in family.ssl_items:
            raise QuectelError(EOPNOTSUPP, "%s has no %s" % (family.name, item))


class Contexts:
    """Which TLSContext has which of the module's contexts, and in which epoch it was set up."""

    def __init__(self, count: int) -> None:
        self._held: "list[TLSContext | None]" = [None] * count
        self._epochs = [-1] * count
        self._said: "list[tuple[object, ...]]" = [()] * count  # what was set then: a TLSContext may be changed
        self._next = -1

    def place(self, context: TLSContext, busy: "list[int]") -> int:
        """The index of a context, taking one that no socket uses: QuectelError(ENOBUFS) when all are in use."""
        if context in self._held:
            return self._held.index(context)
        index = context.ctx if context.ctx is not None else self._unused(busy)
        if index in busy or index < 0:
            raise QuectelError(ENOBUFS, "the module's TLS contexts are in use: share a TLSContext between sockets")
        self._held[index] = context
        self._epochs[index] = -1
        return index

    def _unused(self, busy: "list[int]") -> int:
        """One after the other, so that what was used last is kept longest; -1 when all are busy."""
        for _ in self._held:
            self._next = (self._next + 1) % len(self._held)
            if self._next not in busy:
                return self._next
        return -1

    def doubt(self, context: TLSContext) -> None:
        """An open with it has failed: a file may be gone or another.  The next one looks, and sets all anew."""
        if context in self._held:
            self._epochs[self._held.index(context)] = -1

    def configure(
        self, engine: "Engine", net: "Network", context: TLSContext, index: int, is_shared: bool = False
    ) -> "Proc[None]":
        """Bring the module's context to what context says.  Nothing is set when it stands so.

        It is marked as its socket's by then: nobody else gets it while this goes on.
        is_shared: another connection uses it.  Without one the module may have released it (R087), and whether its
        settings have outlived that no document says (R460): one that checks servers is asked whether it still does.
        """
        if context.check_time and context.verify:
            yield from _clock(engine, net)
        now = said(context)
        if self._epochs[index] == engine.epoch and self._said[index] == now:
            if is_shared or not context.verify or (yield from _stands(engine, context, index)):
                return
        epoch = engine.epoch
        items = yield from _items(engine, context)
        for item, value in items:
            yield from ask(engine, b'AT+QSSLCFG="%s",%d,%s' % (item.encode(), index, value))
        settings = dict(items)  # the context may have been changed meanwhile
        if settings["seclevel"] != b"0" and "cacertex" in engine.family.ssl_items and "cacertex" not in settings:
            yield from _no_extra(engine, index, settings["cacert"])
        self._epochs[index] = epoch
        self._said[index] = now


def said(c: TLSContext) -> "tuple[object, ...]":
    """All that it says."""
    return (
        c.ca, c.cert, c.key, c.ca_extra, c.verify, c.version,
        c.suites, c.check_time, c.negotiate_s, c.sni, c.dtls, c.ignore,
    )  # fmt: skip


def _level(context: TLSContext) -> int:
    """R050."""
    return 0 if not context.verify else 2 if context.cert else 1


def _stands(engine: "Engine", context: TLSContext, index: int) -> "Proc[bool]":
    """True if the module's context still has the level of its checks; after a release it would have none (R059)."""
    query = b'AT+QSSLCFG="seclevel",%d' % index
    answer = yield from try_ask(engine, query, b"+QSSLCFG:")
    return [values(line)[2:] for line in answer.lines] == [[str(_level(context))]]


def _no_extra(engine: "Engine", index: int, ca: bytes) -> "Proc[None]":
    """What somebody has left there would be trusted as well: nothing beyond ca is (R047, R419)."""
    query = b'AT+QSSLCFG="cacertex",%d' % index
    answer = yield from try_ask(engine, query, b"+QSSLCFG:")
    for line in answer.lines:
        if values(line)[2:] not in ([], [""], [ca.decode().strip('"')]):
            yield from ask(engine, query + b"," + ca)


def _clock(engine: "Engine", net: "Network") -> "Proc[None]":
    """Certificates are checked by the module's clock (R039).

    One that nobody has set is set to the board's time, or to what the network has told.
    """
    if not net.clock_is_set():
        yield from read_clock(engine, net)
    utc = net.board_time()
    if utc and not net.clock_is_set():
        yield from set_clock(engine, net, utc)
    if not net.clock_is_set():
        yield from _ask_network(engine, net)
    if not net.clock_is_set():
        text = "the module's clock is not set (%s), so no certificate can be checked: set_clock() or check_time=False"
        raise TLSError(EACCES, text % (net.clock or "it tells none"))


def _ask_network(engine: "Engine", net: "Network") -> "Proc[None]":
    """`+QLTS: "2026/11/25,09:08:07+32,0"`: UTC, whatever zone it names; empty where the network has told none."""
    answer = yield from try_ask(engine, engine.family.network_time, b"+QLTS:")
    text = word(answer.lines[0]) if answer.lines else ""
    try:
        utc = check_utc(tuple([int(text[at:end]) for at, end in _TIME]))
    except ValueError:
        return
    yield from set_clock(engine, net, utc)


def _items(engine: "Engine", context: TLSContext) -> "Proc[list[tuple[str, bytes]]]":
    """(item, value) for every setting of the context; files go up on the way."""
    items = [
        ("sslversion", b"%d" % _VERSIONS[context.version]),
        ("ciphersuite", b"0X%04X" % context.suites),
        ("seclevel", b"%d" % _level(context)),
        ("ignorelocaltime", b"%d" % (not context.check_time)),
        ("negotiatetime", b"%d" % context.negotiate_s),
    ]
    named = (("cacert", context.ca), ("clientcert", context.cert), ("clientkey", context.key))
    for item, value in named + (("cacertex", context.ca_extra),):
        if value is not None:
            path = yield from _path(engine, value)
            items.append((item, b'"%s"' % path.encode()))
    if "sni" in engine.family.ssl_items:
        items += _extras(context)
    return items


def _extras(context: TLSContext) -> "list[tuple[str, bytes]]":
    bits = 0
    for name in context.ignore:
        bits |= _IGNORE.get(name, 0)
    items = [("sni", b"%d" % context.sni), ("dtls", b"%d" % context.dtls), ("ignorecertitem", b"%d" % bits)]
    for name in _SWITCHES:
        items.append((_SWITCHES[name], b"%d" % (name in context.ignore)))
    return items


def _path(engine: "Engine", value: "bytes | str") -> "Proc[str]":
    """A path on the module: PEM bytes go up unless they are there, a file that is named must be there."""
    if isinstance(value, str):
        yield from check_there(engine, value)
        return value
    name = yield from keep(engine, value, ".pem")
    return engine.family.ufs + name
