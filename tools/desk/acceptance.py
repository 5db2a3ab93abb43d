"""`dev.py acceptance`: the acceptance suite on a module, or on a virtual one, with a report."""

import asyncio
import contextlib
import json
import sys
from argparse import Namespace
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import quectel
import virtual_module
from quectel import Modem
from quectel.models import find
from quectel_host import open_uart

from desk import servers
from desk.acceptance_suite import FAILED, PASSED, SKIPPED, Outcome, Peers, Suite
from desk.common import Parser, Stop, one_line

COAP_ADDRESS = "198.51.100.5"  # an address for documentation: only the resolver knows the way
HOST = "acceptance.example"


@dataclass(frozen=True)
class Report:
    """What the suite found, and on what."""

    module: str
    family: str
    where: str
    driver: str
    python: str
    when: str
    outcomes: list[Outcome]

    @property
    def counts(self) -> dict[str, int]:
        """How many steps ended how."""
        return {verdict: sum(one.verdict == verdict for one in self.outcomes) for verdict in (PASSED, FAILED, SKIPPED)}

    def markdown(self) -> str:
        """The report as a page."""
        lines = [
            f"# Acceptance of {self.module}",
            "",
            f"Family {self.family}, {self.where}. Driver {self.driver} on {self.python}. {self.when}.",
            "",
            _sentence(self.counts),
            "",
            "| step | verdict | time | |",
            "|---|---|---|---|",
        ]
        lines += [f"| {one.step} | {one.verdict} | {one.seconds:.2f} s | {_cell(one.words)} |" for one in self.outcomes]
        return "\n".join(lines) + "\n"

    def as_json(self) -> str:
        """The same for programs."""
        return json.dumps({**asdict(self), "counts": self.counts}, indent=2) + "\n"


def main(argv: list[str]) -> int:
    """Run the suite: 0 if no step failed. Without --port a virtual module and servers on loopback stand in."""
    options = _parser().parse_args(argv)
    family = _family(options.family)
    page, data = _files(options.report or Path(f"acceptance-{family}"))
    _check_peers(options)
    report = _on_port(options, family) if options.port else asyncio.run(_on_virtual(options.family))
    page.write_text(report.markdown())
    data.write_text(report.as_json())
    print(f"{_sentence(report.counts)} The report is {page} and {data}.")
    return 1 if report.counts[FAILED] else 0


def _files(base: Path) -> list[Path]:
    """Where the report goes; Stop where nothing can be written, before a module is bothered."""
    paths = [base.with_name(base.name + suffix) for suffix in (".md", ".json")]
    for path in paths:
        try:
            path.open("a").close()
        except OSError as error:
            raise Stop(f"the report cannot be written to {path}: {error.strerror}") from error
    return paths


def _check_peers(options: Namespace) -> None:
    """Stop for peers that would not be looked at."""
    for name in () if options.port else ("pin", "host", "ca", "echo", "udp_echo", "ntp", "coap"):
        if getattr(options, name):
            option = name.replace("_", "-")
            raise Stop(f"--{option} is for a module at --port; the virtual one has peers of its own on loopback")


def _parser() -> Parser:
    parser = Parser(prog="dev.py acceptance", description=main.__doc__)
    parser.add_argument("--port", metavar="URL", help="where the module is: /dev/ttyUSB2, COM3, socket://HOST:PORT")
    parser.add_argument("--family", default="BG96", help="family or module, e.g. EG915U")
    parser.add_argument("--baud", type=int, default=115_200, help="speed of the port")
    parser.add_argument("--apn", default="internet")
    parser.add_argument("--pin", help="of the SIM")
    parser.add_argument("--host", help="a host with a page at port 80, and at 443 with --ca")
    parser.add_argument("--ca", type=Path, metavar="FILE", help="the certificate that signed for the host, as PEM")
    parser.add_argument("--echo", metavar="HOST:PORT", help="a TCP server that sends back what it gets")
    parser.add_argument("--udp-echo", metavar="HOST:PORT", help="the same for UDP")
    parser.add_argument("--ntp", metavar="HOST[:PORT]", help="a time server")
    parser.add_argument("--coap", metavar="URI", default="", help="what GET works on: coap://ADDRESS[:PORT]/PATH")
    parser.add_argument("--report", type=Path, metavar="NAME", help="where NAME.md and NAME.json go")
    return parser


def _family(name: str) -> str:
    try:
        return str(find(name).name)
    except ValueError as error:
        raise Stop(str(error)) from error


# --- on a port ----------------------------------------------------------------------------------------------------


def _on_port(options: Namespace, family: str) -> Report:
    try:
        uart = open_uart(options.port, options.baud)
    except (OSError, ValueError) as error:
        raise Stop(f"{options.port} cannot be opened: {one_line(str(error))}") from error
    try:
        return _run(uart, family, _peers(options), f"at {options.port}")
    finally:
        uart.close()


def _peers(options: Namespace) -> Peers:
    ca = _read(options.ca) if options.ca else b""
    return Peers(
        apn=options.apn,
        pin=options.pin,
        echo=_address(options.echo, 0, "--echo"),
        udp_echo=_address(options.udp_echo, 0, "--udp-echo"),
        http=(options.host, 80) if options.host else None,
        https=(options.host, 443) if options.host and ca else None,
        ca=ca,
        wrong_ca=servers.Authority("acceptance").pem if ca else b"",
        ntp=_address(options.ntp, 123, "--ntp"),
        coap=options.coap,
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Stop(f"{path}: {error.strerror}") from error


def _address(text: "str | None", port: int, option: str) -> "tuple[str, int] | None":
    if text is None:
        return None
    host, colon, number = text.rpartition(":")
    if not colon and port:
        return text, port
    if not host or not number.isdigit() or not 0 < int(number) < 65536:
        raise Stop(f"{option} is HOST:PORT, not {text!r}")
    return host, int(number)


def _run(uart: Any, family: str, peers: Peers, where: str) -> Report:
    modem = Modem(uart, family)
    outcomes = Suite(modem, peers, _tell).run()
    python = "CPython %d.%d.%d" % sys.version_info[:3]
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return Report(_name(modem, family), family, where, quectel.__version__, python, when, outcomes)


def _name(modem: Modem, family: str) -> str:
    try:
        return f"{modem.config('model')} {modem.config('revision')}"
    except OSError:  # it did not answer, or the port is lost
        return family


def _tell(outcome: Outcome) -> None:
    words = f": {outcome.words}" if outcome.words else ""
    print(f"{outcome.verdict:8}{outcome.seconds:7.2f} s  {outcome.step}{words}", flush=True)


# --- on a virtual module ------------------------------------------------------------------------------------------


async def _on_virtual(name: str) -> Report:
    async with _world(name) as (url, peers):
        return await asyncio.to_thread(_at_url, url, _family(name), peers)


def _at_url(url: str, family: str, peers: Peers) -> Report:
    uart = open_uart(url)
    try:
        return _run(uart, family, peers, "a virtual module, servers on loopback")
    finally:
        uart.close()


@contextlib.asynccontextmanager
async def _world(name: str) -> AsyncIterator[tuple[str, Peers]]:
    """A virtual module, and a server for every step."""
    right = await asyncio.to_thread(servers.Authority, "right")
    wrong = await asyncio.to_thread(servers.Authority, "wrong")
    async with contextlib.AsyncExitStack() as stack:
        enter = stack.enter_async_context
        found = {
            (HOST, 7): await enter(servers.tcp_echo()),
            ("udp." + HOST, 7): await enter(servers.udp_echo()),
            (HOST, 80): await enter(servers.http(HOST)),
            (HOST, 443): await enter(servers.https(right, HOST)),
            ("ntp." + HOST, 123): await enter(servers.ntp()),
            (COAP_ADDRESS, 5683): await enter(servers.coap()),
        }
        resolver = {f"{host}:{port}": server.address for (host, port), server in found.items()}
        resolver[HOST] = ("127.0.0.1", found[HOST, 80].port)
        module = await virtual_module.start(name, resolver=resolver)
        module.set_wall(datetime.now(UTC))
        stack.push_async_callback(module.aclose)
        yield (
            module.url,
            Peers(
                echo=(HOST, 7),
                udp_echo=("udp." + HOST, 7),
                http=(HOST, 80),
                https=(HOST, 443),
                ca=right.pem,
                wrong_ca=wrong.pem,
                ntp=("ntp." + HOST, 123),
                coap=f"coap://{COAP_ADDRESS}/hello",
            ),
        )


# --- words --------------------------------------------------------------------------------------------------------


def _sentence(counts: dict[str, int]) -> str:
    return f"{counts[PASSED]} steps passed, {counts[FAILED]} failed, {counts[SKIPPED]} skipped."


def _cell(words: str) -> str:
    return one_line(words).replace("|", "\\|")
