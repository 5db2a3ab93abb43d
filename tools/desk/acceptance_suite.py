"""The acceptance suite: what a module and its network must do for the driver, step by step, on the blocking face."""

import hashlib
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from quectel import PUSH, SOCK_DGRAM, Modem, TLSContext, TLSError

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
ECHOED = 65_536  # bytes there and back
AGAIN = 10  # connections one after another: one that leaks an id fails here
CONNECT_MS = 60_000
ANSWER_S = 30.0  # of a peer
_PIECE = 1024

Address = tuple[str, int]


@dataclass(frozen=True)
class Peers:
    """What the suite may talk to; a step without its peer is skipped."""

    apn: str = "internet"
    pin: "str | None" = None
    echo: "Address | None" = None  # TCP: sends back what it gets
    udp_echo: "Address | None" = None
    http: "Address | None" = None
    https: "Address | None" = None
    ca: bytes = b""  # PEM of the authority that signed for `https`
    wrong_ca: bytes = b""  # PEM of one that did not
    ntp: "Address | None" = None
    coap: str = ""  # a URI that GET works on


@dataclass(frozen=True)
class Outcome:
    """What became of one step."""

    step: str
    verdict: str
    seconds: float
    words: str


class Wrong(Exception):
    """A step whose result is not right."""


class Skip(Exception):
    """A step that this family or these peers do not allow."""


class Suite:
    """Runs the steps in order. Behind a failed bring-up nothing else is tried."""

    def __init__(self, modem: Modem, peers: Peers, tell: "Callable[[Outcome], None]") -> None:
        self._modem = modem
        self._peers = peers
        self._tell = tell
        self._online = False

    def run(self) -> list[Outcome]:
        """All steps."""
        return [self._one(step) for step in self._steps()]

    def _steps(self) -> "Iterator[Callable[[], str]]":
        yield from (self.answers, self.identity, self.bring_up, self.address, self.names, self.echoes, self.time)
        yield from (self.tcp, self.pushed, self.datagram, self.many, self.http_page)
        yield from (self.tls_page, self.wrong_authority, self.coap, self.nothing_lost, self.goodbye)

    def _one(self, step: "Callable[[], str]") -> Outcome:
        start = time.monotonic()
        verdict, words = self._verdict(step)
        outcome = Outcome(step.__doc__ or "", verdict, time.monotonic() - start, words)
        self._tell(outcome)
        return outcome

    def _verdict(self, step: "Callable[[], str]") -> tuple[str, str]:
        early = (self.answers, self.identity, self.bring_up)
        if step not in early and not self._online:
            return SKIPPED, "the module is not online"
        try:
            return PASSED, step()
        except Skip as skip:
            return SKIPPED, str(skip)
        except (Wrong, OSError) as error:  # a QuectelError, or what a lost port raises
            return FAILED, str(error)

    # --- the module itself ----------------------------------------------------------------------------------------

    def answers(self) -> str:
        """the module answers AT"""
        self._modem.command("AT")
        return ""

    def identity(self) -> str:
        """it is a module of the family"""
        said = " ".join(self._modem.command("AT+CGMM"))
        names = self._modem.family.modules
        if not any(name in said for name in names):
            raise Wrong(f"{said!r} is none of {', '.join(names)}")
        return said

    def bring_up(self) -> str:
        """bring-up: SIM, registration, address"""
        self._modem.connect(self._peers.apn, pin=self._peers.pin)
        self._online = self._modem.isconnected()
        if not self._online:
            raise Wrong("connect() came back, and isconnected() is False")
        return ""

    def address(self) -> str:
        """an address"""
        address = self._modem.ifconfig()[0]
        if address in ("", "0.0.0.0"):
            raise Wrong("there is no address")
        return address

    def names(self) -> str:
        """a name resolves"""
        host = self._host()
        return f"{host}: {', '.join(self._modem.resolve(host))}"

    def echoes(self) -> str:
        """ping"""
        result = self._modem.ping(self._host())
        if not result.received:
            raise Wrong(f"none of {result.sent} echoes came back")
        return f"{result.received} of {result.sent} came back"

    def time(self) -> str:
        """the time by NTP"""
        host, port = self._given(self._peers.ntp, "--ntp HOST[:PORT]", self._modem.family.diagnostics is not None)
        return "%d-%02d-%02d %02d:%02d:%02d UTC" % self._modem.ntp(host, port=port, set_clock=False)[:6]

    # --- connections ----------------------------------------------------------------------------------------------

    def tcp(self) -> str:
        """TCP in buffer mode, bytes echoed"""
        return self._echoed(ECHOED)

    def pushed(self) -> str:
        """TCP in direct push mode, bytes echoed"""
        if PUSH not in self._modem.family.modes:
            raise Skip("this family has no such mode")
        return self._echoed(ECHOED // 8, mode=PUSH)

    def datagram(self) -> str:
        """UDP, a datagram echoed"""
        address = self._given(self._peers.udp_echo, "--udp-echo HOST:PORT", self._modem.family.tcp is not None)
        sent = secrets.token_bytes(300)
        with self._modem.create_connection(address, type=SOCK_DGRAM, timeout_ms=CONNECT_MS) as sock:
            sock.settimeout(ANSWER_S)
            sock.send(sent)
            return _same(sent, sock.recv(1500))

    def many(self) -> str:
        """connections one after another"""
        for _ in range(AGAIN):
            self._echoed(100)
        return f"{AGAIN}"

    def http_page(self) -> str:
        """a page over TCP"""
        return self._page(self._given(self._peers.http, "--host NAME", self._modem.family.tcp is not None))

    def tls_page(self) -> str:
        """a page over TLS, the server verified"""
        return self._page(*self._tls(self._peers.ca))

    def wrong_authority(self) -> str:
        """a server that the CA did not sign for is refused"""
        address, tls = self._tls(self._peers.wrong_ca)
        try:
            self._page(address, tls)
        except TLSError as error:
            return str(error)
        raise Wrong("the connection was opened")

    def coap(self) -> str:
        """CoAP, a confirmable GET"""
        if not self._modem.family.coap:
            raise Skip("this family has no CoAP")
        if not self._peers.coap:
            raise Skip("--coap URI was not given")
        client = self._modem.coap()
        try:
            answer = client.get(self._peers.coap)
        finally:
            client.close()
        if answer.code != 205:
            raise Wrong(f"the server answered {answer.codestr}")
        return f"{len(answer.payload)} bytes"

    # --- in the end -----------------------------------------------------------------------------------------------

    def nothing_lost(self) -> str:
        """no byte of the UART was lost, no answer came late"""
        stats = self._modem.stats
        bad = {name: getattr(stats, name) for name in ("framing", "noise", "late", "timeouts", "rx_lost", "long_lines")}
        wrong = ", ".join(f"{name} {count}" for name, count in bad.items() if count)
        if wrong:
            raise Wrong(f"{wrong}: check RXBUF, flow control and the wires")
        return f"{stats.rx_bytes} bytes in, {stats.tx_bytes} bytes out"

    def goodbye(self) -> str:
        """disconnect"""
        self._modem.disconnect()
        if self._modem.isconnected():
            raise Wrong("isconnected() is still True")
        return ""

    # --- what steps share -----------------------------------------------------------------------------------------

    def _given(self, address: "Address | None", option: str, possible: bool) -> Address:
        if not possible:
            raise Skip("this family has no such thing")
        if address is None:
            raise Skip(f"{option} was not given")
        return address

    def _host(self) -> str:
        peer = self._peers.http or self._peers.https or self._peers.echo
        return self._given(peer, "--host NAME", self._modem.family.diagnostics is not None)[0]

    def _tls(self, ca: bytes) -> tuple[Address, TLSContext]:
        address = self._given(self._peers.https, "--host NAME with --ca FILE", self._modem.family.tls is not None)
        return address, TLSContext(ca=ca)

    def _echoed(self, size: int, mode: int = 0) -> str:
        address = self._given(self._peers.echo, "--echo HOST:PORT", self._modem.family.tcp is not None)
        sent = secrets.token_bytes(size)
        got = bytearray()
        with self._modem.create_connection(address, mode=mode, timeout_ms=CONNECT_MS) as sock:
            sock.settimeout(ANSWER_S)
            for start in range(0, size, _PIECE):
                part = sent[start : start + _PIECE]
                sock.sendall(part)
                got += sock.read(len(part)) or b""
        return _same(sent, bytes(got))

    def _page(self, address: Address, tls: "TLSContext | None" = None) -> str:
        request = f"GET / HTTP/1.0\r\nHost: {address[0]}\r\n\r\n".encode()
        with self._modem.create_connection(address, tls=tls, timeout_ms=CONNECT_MS) as sock:
            sock.settimeout(ANSWER_S)
            sock.sendall(request)
            page = sock.read() or b""
        if not page.startswith(b"HTTP/"):
            raise Wrong(f"the answer begins with {page[:20]!r}")
        return _first_line(page)


def _first_line(page: bytes) -> str:
    line = page.split(b"\r\n", 1)[0].decode(errors="replace")
    return f"{len(page)} bytes, {line}"


def _same(sent: bytes, got: bytes) -> str:
    if got != sent:
        raise Wrong(f"{len(got)} bytes came back of {len(sent)}, or others")
    return f"{len(got)} bytes, SHA-256 {hashlib.sha256(got).hexdigest()[:16]}"
