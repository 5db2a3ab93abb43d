"""`dev.py docs`: writes what is made from the code: docs/api.md, docs/families.md and the README's picture."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import quectel
from quectel import errors, models, network
from quectel.files import Files
from quectel.intake import Stats
from quectel.models.base import Family
from quectel_host import open_uart

from desk.common import ROOT, Parser

API = ROOT / "docs" / "api.md"
FAMILIES = ROOT / "docs" / "families.md"
PICTURE = ROOT / "docs" / "demo.svg"
_COST = "Allocates "  # what a name says that an application calls; see test_api_names.py
_MODES = ("buffer", "push", "transparent")


@dataclass(frozen=True)
class Chapter:
    """One class of the reference: the blocking face, and the asyncio face of the same names."""

    title: str
    face: type
    aio: "type | None" = None
    words: str = ""


CHAPTERS = [
    Chapter("Modem, AsyncModem", quectel.Modem, quectel.AsyncModem),
    Chapter("Socket, AsyncSocket", quectel.Socket, quectel.AsyncSocket),
    Chapter("TLSContext", quectel.TLSContext),
    Chapter(
        "Coap",
        quectel.Coap,
        None,
        "What `modem.coap()` gives, on BC95-G and BC68. On AsyncModem it is awaited, and so are these calls.",
    ),
    Chapter("CoapMessage", quectel.CoapMessage),
    Chapter("Files", Files, None, "`modem.files`: the module's flash. On AsyncModem its calls are awaited."),
]
ERRORS = ["QuectelError", "QuectelTimeout", "NetworkError", "TLSError", "CoapError"]
STATES = ["IDLE", "SEARCHING", "DENIED", "REGISTERED", "ONLINE", "ASLEEP", "LOST"]


def main(argv: list[str]) -> int:
    """Write the files that are made from the code."""
    parser = Parser(prog="dev.py docs", description=main.__doc__)
    parser.add_argument("--picture", action="store_true", help="run the demo and draw docs/demo.svg, too")
    options = parser.parse_args(argv)
    for path, text in ((API, api()), (FAMILIES, families())):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    if options.picture:
        from desk import demo

        return demo.main(["--quiet", "--svg", str(PICTURE)])
    return 0


# --- the reference ------------------------------------------------------------------------------------------------


def api() -> str:
    """docs/api.md."""
    parts = [
        "# API reference",
        "Made from the docstrings by `python3 tools/dev.py docs`. `R...` are rows of the specification:"
        " `host_tests/rows.csv` says what each is about.",
        "`AsyncModem` and `AsyncSocket` have the same names, arguments, results and errors. They are awaited"
        " there; _plain_ marks those that are not.",
    ]
    for chapter in CHAPTERS:
        parts += _chapter(chapter)
    parts += ["## Errors", *(_error(name) for name in ERRORS)]
    parts += ["## Numbers", _table(("name", "value"), _constants())]
    parts += ["## Counters", f"`modem.stats`, {_first(Stats)}: {', '.join(f'`{name}`' for name in Stats.NAMES)}."]
    parts += ["## UARTs on a computer", f"### `{_signature('open_uart', open_uart)}`", _text(open_uart)]
    return "\n\n".join(parts) + "\n"


def _chapter(chapter: Chapter) -> Iterator[str]:
    yield f"## {chapter.title}"
    if chapter.words:
        yield chapter.words
    yield f"### `{_signature(chapter.face.__name__, chapter.face)}`"
    yield _text(chapter.face)
    for name, member in public(chapter.face):
        plain = _plain(chapter, name)
        if isinstance(member, property):
            yield f"### `{name}`{plain}"
        else:
            yield f"### `{_signature(name, member)}`{plain}"
        yield _text(member)


def public(face: type) -> Iterator[tuple[str, Any]]:
    """The calls and properties of a class that are for applications: those that say what they cost."""
    for name in sorted(dir(face)):
        member = inspect.getattr_static(face, name)
        if not name.startswith("_") and _COST in (getattr(member, "__doc__", "") or ""):
            yield name, member


def _plain(chapter: Chapter, name: str) -> str:
    if chapter.aio is None:
        return ""
    member = inspect.getattr_static(chapter.aio, name, None)
    if member is None:
        return " (blocking face only)"
    return "" if inspect.iscoroutinefunction(member) else " _plain_"


def _signature(name: str, call: "Callable[..., Any]") -> str:
    signature = inspect.signature(call)
    kept = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in signature.parameters.values()
        if parameter.name != "self"
    ]
    return name + str(inspect.Signature(kept))


def _text(thing: object) -> str:
    """A docstring as a page has it; paragraphs stay, single line ends go."""
    paragraphs = (inspect.getdoc(thing) or "").split("\n\n")
    return "\n\n".join(paragraph if paragraph.startswith(" ") else _joined(paragraph) for paragraph in paragraphs)


def _joined(paragraph: str) -> str:
    return " ".join(line.strip() for line in paragraph.splitlines())


def _first(thing: object) -> str:
    line = _text(thing).split("\n")[0].rstrip(".")
    return line[:1].lower() + line[1:]


def _error(name: str) -> str:
    kind = getattr(errors, name)
    bases = ", ".join(base.__name__ for base in kind.__bases__)
    return f"### `{name}({bases})`\n\n{_text(kind)}"


def _constants() -> list[tuple[str, ...]]:
    names = ["BUFFER", "PUSH", "TRANSPARENT", "SOCK_STREAM", "SOCK_DGRAM", "AF_INET", "AF_INET6"]
    found: list[tuple[str, ...]] = [(f"`quectel.{name}`", str(getattr(quectel, name))) for name in names]
    return found + [(f"`quectel.STAT_{name}`", str(getattr(network, name))) for name in STATES]


# --- the families -------------------------------------------------------------------------------------------------


def families() -> str:
    """docs/families.md."""
    records = [_record(name) for name in _names()]
    head = ("", *(f"`{record.name}`" for record in records))
    rows = [(words, *(_said(fact(record)) for record in records)) for words, fact in FACTS]
    return (
        "# What each family can do\n\nMade from `lib/quectel/models` by `python3 tools/dev.py docs`: the limits that"
        " the driver keeps to. What is not in a module's document is not here.\n\n" + _table(head, rows) + "\n"
    )


def _names() -> list[str]:
    found = [info.name for info in pkgutil.iter_modules(models.__path__)]
    return [name for name in found if name != "base" and not name.startswith("_")]


def _record(name: str) -> Family:
    record: Family = importlib.import_module(f"quectel.models.{name}").FAMILY
    return record


def _tls_limit(family: Family) -> object:
    return family.tls and family.tls.send_max


FACTS: list[tuple[str, Callable[[Family], object]]] = [
    ("modules", lambda family: ", ".join(family.modules)),
    ("TCP and UDP", lambda family: family.tcp is not None),
    ("TLS", lambda family: family.tls is not None),
    ("TLS contexts", lambda family: family.ssl_contexts),
    ("cipher suites", lambda family: len(family.suites)),
    ("server name (SNI)", lambda family: "sni" in family.ssl_items),
    ("single checks left out (`ignore=`)", lambda family: "ignorecertitem" in family.ssl_items),
    ("second CA (`ca_extra=`)", lambda family: "cacertex" in family.ssl_items),
    ("DTLS", lambda family: "dtls" in family.ssl_items),
    ("CoAP client", lambda family: family.coap),
    ("connections at once", lambda family: family.connections),
    ("access modes", lambda family: ", ".join(_MODES[mode] for mode in family.modes)),
    ("CoAP payload, text formats", lambda family: family.coap and family.send_max),
    ("CoAP payload, any other format", lambda family: family.coap and family.send_max // 2),
    ("TCP listener", lambda family: family.tcp is not None),
    ("IPv6 (`af=AF_INET6`)", lambda family: family.family_field or family.pdp_types > 1),
    ("bytes in one send", lambda family: family.tcp and family.tcp.send_max),
    ("bytes in one send, TLS", _tls_limit),
    ("bytes in one read", lambda family: family.tcp and family.tcp.read_max),
    ("sends in the command line (`set_send_form`)", lambda family: bool(family.tcp and family.tcp.hex_max)),
    ("PDP contexts", lambda family: family.pdp_contexts),
    ("`connect()` brings the context up", lambda family: family.qiact),
    ("ping, NTP, DNS", lambda family: family.diagnostics is not None),
    ("keep-alive of TCP", lambda family: family.keepalive is not None),
    ("UDP to any peer from one socket", lambda family: bool(family.tcp and family.tcp.service)),
    ("acknowledged bytes (`unacked`)", lambda family: bool(family.tcp and family.tcp.acks)),
    ("radio technologies (`rat=`)", lambda family: ", ".join(sorted(family.rats))),
    ("time of a TCP connect can be set", lambda family: bool(family.open_time)),
    ("deep sleep", lambda family: bool(family.wake_ms)),
    ("light sleep", lambda family: family.light and ("by DTR" if family.light_line else "yes")),
    ("power saving mode (PSM)", lambda family: family.psm),
    ("eDRX", lambda family: bool(family.edrx)),
]


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "-"
    return str(value) if value else "-"


def _table(head: "tuple[str, ...]", rows: "list[tuple[str, ...]]") -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
