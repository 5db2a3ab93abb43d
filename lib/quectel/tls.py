"""TLS contexts of BG96 and EC200U: what AT+QSSLCFG can set, and when it is sent (R041-R060)."""

from errno import EACCES, ENOBUFS, EOPNOTSUPP

from ._compat import const
from .errors import QuectelError, TLSError
from .files import keep
from .network import read_clock
from .procedure import ask
from .text import checked, in_range

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
_SWITCHES = {"chain": "ignoremulticertchainverify", "signature": "ignoreinvalidcertsign"}  # R054, R055


class TLSContext:
    """How a TLS server is checked.  Several sockets may share one; it takes one of the module's six contexts.

    ca, cert, key, ca_extra: PEM as bytes (uploaded once), or the path of a file on the module as str.
    verify: the server's chain is checked against ca; switching it off takes verify=False.  Host names are checked
    by EC200U and EG915U only: BG96 has no such check.
    version: "1.2", "1.1", "1.0", "ssl3" or "all".  suites: a cipher suite's code, or 0xFFFF for all.
    check_time: certificates must be valid by the module's clock (R039).  negotiate_s: 10 to 300 seconds (R052).
    sni, dtls, ca_extra, ignore: EC200U and EG915U only.  ignore: names of checks to leave out.
    ctx: the module's context, 0 to 5; None takes a free one.  Allocates at most 1,500 bytes.
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
        if (cert is None) != (key is None):
            raise ValueError("cert and key go together")
        for name in ignore:
            if name not in _IGNORE and name not in _SWITCHES:
                raise ValueError("ignore does not know %r" % name)
        self.ca = _pem("ca", ca)
        self.cert = _pem("cert", cert)
        self.key = _pem("key", key)
        self.ca_extra = _pem("ca_extra", ca_extra)
        self.verify = verify
        self.version = version
        self.suites = in_range("suites", int(suites, 16) if isinstance(suites, str) else suites, 0, 0xFFFF)
        self.check_time = check_time
        self.negotiate_s = in_range("negotiate_s", negotiate_s, 10, 300)
        self.sni = sni
        self.dtls = dtls
        self.ignore = ignore
        self.ctx = None if ctx is None else in_range("ctx", ctx, 0, 5)


def _pem(what: str, value: "bytes | str | None") -> "bytes | str | None":
    """PEM as bytes, or a path: anything else is said before a byte is sent."""
    if value is None or isinstance(value, str):
        return value if value is None else checked(what, value, 80)
    if b"-----BEGIN " not in value:
        raise ValueError("%s is not PEM" % what)
    return bytes(value)


class Contexts:
    """Which TLSContext has which of the module's contexts, and in which epoch it was set up."""

    def __init__(self, count: int) -> None:
        self._held: "list[TLSContext | None]" = [None] * count
        self._epochs = [-1] * count
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

    def configure(self, engine: "Engine", net: "Network", context: TLSContext, busy: "list[int]") -> "Proc[int]":
        """Bring the module's context to what context says; gives its index.  Nothing is sent when it stands so.

        busy: the contexts of other sockets, which are left alone.
        """
        _known(engine.family, context)
        index = self.place(context, busy)
        if context.check_time and context.verify:
            yield from _clock(engine, net)
        if self._epochs[index] != engine.epoch:
            epoch = engine.epoch
            for item, value in (yield from _items(engine, context)):
                yield from ask(engine, b'AT+QSSLCFG="%s",%d,%s' % (item.encode(), index, value))
            self._epochs[index] = epoch
        return index


def _known(family: "Family", context: TLSContext) -> None:
    """QuectelError(EOPNOTSUPP) for what the family cannot do."""
    extra = ("dtls" if context.dtls else "", "cacertex" if context.ca_extra else "")
    for item in extra + (("ignorecertitem",) if context.ignore else ()):
        if item and item not in family.ssl_items:
            raise QuectelError(EOPNOTSUPP, "%s has no %s" % (family.name, item))


def _clock(engine: "Engine", net: "Network") -> "Proc[None]":
    """Certificates are checked by the module's clock: an unset one refuses every server, so say it here."""
    if not net.clock_is_set():
        yield from read_clock(engine, net)
    if not net.clock_is_set():
        raise TLSError(EACCES, "the module's clock is not set (%s): certificates cannot be checked" % net.clock)


def _items(engine: "Engine", context: TLSContext) -> "Proc[list[tuple[str, bytes]]]":
    """(item, value) for every setting of the context; files go up on the way."""
    items = [
        ("sslversion", b"%d" % _VERSIONS[context.version]),
        ("ciphersuite", b"0X%04X" % context.suites),
        ("seclevel", b"%d" % (0 if not context.verify else 2 if context.cert else 1)),
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
    """A path on the module for PEM bytes, which are uploaded unless they are there."""
    if isinstance(value, str):
        return value
    name = yield from keep(engine, value, ".pem")
    return engine.family.ufs + name
