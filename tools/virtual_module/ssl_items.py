"""The items of AT+QSSLCFG: which there are, their ranges and defaults, and the context they make up (R041 to R059)."""

from __future__ import annotations

from dataclasses import dataclass, field

from . import suites

CONTEXTS = 6  # R031
NUMBER, LIST, SUITE, PATH = "number", "list", "suite", "path"


@dataclass(frozen=True)
class Item:
    """One item; `kind` LIST is a number whose test answer is a list: (0,1)."""

    name: str
    kind: str
    low: int = 0
    high: int = 1
    default: "int | str" = 0
    shown: str = ""  # a path's name in the test answer
    since: "tuple[str, ...]" = ("BG96", "EC200U")

    def test_line(self, family: str) -> str:
        """Its line of AT+QSSLCFG=?."""
        values = {
            NUMBER: "(%d-%d)" % (self.low, self.high),
            LIST: "(%d,%d)" % (self.low, self.high),
            SUITE: "(%s)" % ",".join("0X%04X" % code for code in suites.codes(family)),
            PATH: self.shown,
        }
        return '+QSSLCFG: "%s",(0-%d),%s' % (self.name, CONTEXTS - 1, values[self.kind])

    def show(self, value: "int | str") -> str:
        """A value as a query prints it."""
        if self.kind == PATH:
            return '"%s"' % value
        return "0X%04X" % value if isinstance(value, int) and self.kind == SUITE else "%s" % value


_NEW = ("EC200U",)
_ALL_ITEMS = (
    Item("sslversion", NUMBER, 0, 4, 4),
    Item("ciphersuite", SUITE, default=suites.ALL),
    Item("cacert", PATH, default="", shown="<cacertpath>"),
    Item("cacertex", PATH, default="", shown="<cacertexpath>", since=_NEW),
    Item("clientcert", PATH, default="", shown="<client_cert_path>"),
    Item("clientkey", PATH, default="", shown="<client_key_path>"),
    Item("seclevel", NUMBER, 0, 2, 0),
    Item("ignorelocaltime", LIST, 0, 1, 1),
    Item("negotiatetime", NUMBER, 10, 300, 300),
    Item("sni", LIST, 0, 1, 0, since=_NEW),
    Item("ignoremulticertchainverify", LIST, 0, 1, 0, since=_NEW),
    Item("ignoreinvalidcertsign", LIST, 0, 1, 0, since=_NEW),
    Item("dtls", LIST, 0, 1, 0, since=_NEW),
    Item("ignorecertitem", NUMBER, 0, 1048575, 0, since=_NEW),
)


def items(family: str) -> "dict[str, Item]":
    """The items of a family by name, in the order of its document."""
    return {item.name: item for item in _ALL_ITEMS if family in item.since}


@dataclass
class SslContext:
    """One of the six SSL contexts: the value of every item."""

    values: "dict[str, int | str]" = field(default_factory=dict)

    @classmethod
    def fresh(cls, family: str) -> SslContext:
        """All items at their defaults (R058, R059)."""
        return cls({name: item.default for name, item in items(family).items()})

    def number(self, name: str) -> int:
        """A numeric item; 0 where the family does not have it."""
        value = self.values.get(name, 0)
        return value if isinstance(value, int) else 0

    def path(self, name: str) -> str:
        """A path, "" when none is set."""
        value = self.values.get(name, "")
        return value if isinstance(value, str) else ""
