"""What the demo does with each family, through the driver's blocking face.

Runs on CPython and in MicroPython VMs alike. Its arguments are a file with a job in JSON, made by demo_run.py, and
the UART: a URL, the path of a pty, or "wasm" for what npm's VM was lent. What it does is told in lines on standard
output, `#> ` and a JSON object:

    {"do": "begin", "id": "tcp", "what": "words"}
    {"do": "end", "id": "tcp", "ok": true, "sent": 65536, "got": 65536, "digest": "hex", "words": ""}
    {"do": "at", "from": ">>", "text": "AT+QIOPEN=...", "ms": 123}
    {"do": "listening", "port": 2020}

`digest` is the SHA-256 of what came back. Who reads the lines measures the time and judges.
"""

import binascii
import hashlib
import json
import random
import sys

from quectel import Modem, TLSContext
from quectel.errors import TLSError

TYPE_CHECKING = False  # MicroPython has no typing
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any

    from quectel import CoapMessage, Socket

    Job = dict[str, Any]

PIECE = 512  # bytes
WINDOW = 2048  # bytes under way at most
DATAGRAM = 300  # bytes
WAIT_S = 30
LISTEN_PORT = 2020
SOCK_DGRAM = 2


def tell(**event: object) -> None:
    """Print one event; the reader waits for it, so nothing may stay in a buffer."""
    print("#> " + json.dumps(event))
    if hasattr(sys.stdout, "flush"):
        sys.stdout.flush()


class Step:
    """One row of the demo's table: `with Step("udp", "words") as step:` counts and keeps the digest."""

    def __init__(self, name: str, what: str) -> None:
        self.name = name
        self.sent = self.got = 0
        self.words = ""
        self._sha = hashlib.sha256()
        tell(do="begin", id=name, what=what)

    def came(self, data: "bytes | bytearray | memoryview") -> None:
        """Count what came back, in order."""
        self.got += len(data)
        self._sha.update(data)

    def __enter__(self) -> "Step":
        return self

    def __exit__(
        self,
        kind: "type[BaseException] | None",
        error: "BaseException | None",
        trace: "TracebackType | None",
    ) -> None:
        words = self.words if error is None else "%s: %s" % (type(error).__name__, error)
        digest = binascii.hexlify(self._sha.digest()).decode()
        counts: "dict[str, object]" = {"sent": self.sent, "got": self.got, "digest": digest}
        tell(do="end", id=self.name, ok=error is None, words=words, **counts)


def trace(direction: str, text: memoryview, ms: int) -> None:
    """The driver's trace hook: one line of the AT conversation."""
    shown = "".join([chr(byte) if 32 <= byte < 127 else "\\x%02x" % byte for byte in bytes(text)])
    tell(do="at", text=shown, ms=ms, **{"from": direction})


# --- what the families do -------------------------------------------------------------------------------------------


def bc25(modem: Modem, job: "Job") -> None:
    """TCP client in buffer mode; UDP."""
    with Step("tcp", "TCP client in buffer mode, %d bytes echoed" % job["size"]) as step:
        sock = modem.create_connection(tuple(job["tcp"]))
        sock.settimeout(WAIT_S)
        echo_stream(sock, random_bytes(job["size"]), step)
        sock.close()
    with Step("udp", "UDP datagram echoed") as step:
        sock = modem.socket(SOCK_DGRAM)
        sock.settimeout(WAIT_S)
        sock.connect(tuple(job["udp"]))
        step.sent = sock.send(random_bytes(DATAGRAM))
        step.came(sock.recv(PIECE))
        sock.close()


def random_bytes(n: int) -> bytes:
    """n bytes, other ones in every run unless the job has a seed."""
    return bytes([random.getrandbits(8) for _ in range(n)])


def echo_stream(sock: "Socket", data: bytes, step: Step) -> None:
    """Send data and take its echo, with at most WINDOW bytes under way."""
    view = memoryview(data)
    buf = bytearray(PIECE)
    while step.got < len(data):
        if step.sent < len(data) and step.sent - step.got < WINDOW:
            part = view[step.sent : step.sent + PIECE]
            sock.sendall(part)
            step.sent += len(part)
            continue
        n = sock.recv_into(buf)
        if not n:
            raise ValueError("the connection ended after %d bytes" % step.got)
        if view[step.got : step.got + n] != memoryview(buf)[:n]:
            raise ValueError("other bytes came back between %d and %d" % (step.got, step.got + n))
        step.came(memoryview(buf)[:n])


def bc65(modem: Modem, job: "Job") -> None:
    """TCP listener; the client is the demo process."""
    with Step("listen", "TCP listener, lines of a client echoed") as step:
        listener = modem.socket()
        listener.settimeout(WAIT_S)
        listener.bind(("", LISTEN_PORT))
        listener.listen(1)
        tell(do="listening", port=LISTEN_PORT)
        sock, _ = listener.accept()
        sock.settimeout(WAIT_S)
        line = sock.readline()
        while line:
            step.came(line)
            sock.sendall(line)
            step.sent += len(line)
            line = sock.readline()
        sock.close()
        listener.close()


def bg96(modem: Modem, job: "Job") -> None:
    """HTTPS with the right CA, then with the wrong one."""
    with Step("page", "page over TLS 1.2, server verified") as step:
        fetch(modem, job["hosts"][0], TLSContext(ca=job["ca"].encode()), step)
    with Step("wrong", "the same with the wrong CA, refused") as step:
        try:
            fetch(modem, job["hosts"][0], TLSContext(ca=job["wrong_ca"].encode()), step)
        except TLSError as error:
            step.words = "%s: %s" % (type(error).__name__, error)
        else:
            raise ValueError("the server was not refused")


def ec200u(modem: Modem, job: "Job") -> None:
    """Two names behind one port, told apart by SNI."""
    tls = TLSContext(ca=job["ca"].encode())
    for host in job["hosts"]:
        with Step(host[0], "SNI: page of %s" % host[0]) as step:
            fetch(modem, host, tls, step)


def fetch(modem: Modem, host: "list[Any]", tls: TLSContext, step: Step) -> None:
    """Fetch the page of [name, port] and count its body."""
    sock = modem.create_connection(tuple(host), tls=tls)
    try:
        sock.settimeout(WAIT_S)
        request = b"GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % host[0].encode()
        sock.sendall(request)
        step.sent += len(request)
        left = body_length(sock)
        while left > 0:
            part = sock.read(min(left, PIECE))
            if not part:
                break
            step.came(part)
            left -= len(part)
    finally:
        sock.close()


def body_length(sock: "Socket") -> int:
    """Read the head of an HTTP answer; ValueError unless it is 200 with a length."""
    length = -1
    if not read_line(sock).startswith(b"HTTP/1.1 200 "):
        raise ValueError("the server did not say 200")
    line = read_line(sock)
    while line.strip():
        name, _, value = line.decode().partition(":")
        if name.lower() == "content-length":
            length = int(value)
        line = read_line(sock)
    if length < 0:
        raise ValueError("the server did not say how long the page is")
    return length


def read_line(sock: "Socket") -> bytes:
    """A line with its end, b"" at the end of the stream. None comes from a socket without a time-out only."""
    return sock.readline() or b""


def bc95g(modem: Modem, job: "Job") -> None:
    """CoAP, confirmable: GET, then POST."""
    coap = modem.coap()
    uri = "coap://%s:%d" % tuple(job["coap"])
    with Step("get", "CoAP: confirmable GET") as step:
        answer(step, coap.get(uri + "/hello", timeout_ms=WAIT_S * 1000), 205)
    data = random_bytes(64)
    with Step("post", "CoAP: confirmable POST, payload echoed") as step:
        step.sent = len(data)
        message = coap.post(uri + "/echo", payload=data, timeout_ms=WAIT_S * 1000)
        answer(step, message, 204)
        if bytes(message.payload) != data:
            raise ValueError("another payload came back")


def answer(step: Step, message: "CoapMessage", code: int) -> None:
    """Take a CoAP answer; ValueError unless it has this code."""
    if message.code != code:
        raise ValueError("the answer's code is %s, not %d" % (message.code, code))
    step.came(message.payload)


FAMILIES: "dict[str, Callable[[Modem, Job], None]]" = {
    "BC25": bc25,
    "BC65": bc65,
    "BG96": bg96,
    "EC200U": ec200u,
    "BC95G": bc95g,
}


def open_uart(url: str) -> "Any":
    """The UART of this runtime: a pty lent to npm's VM, or what quectel_host opens."""
    if url == "wasm":
        from wasm_uart_shim import WasmUart

        return WasmUart()
    from quectel_host import open_uart as of_host

    return of_host(url)


def main() -> None:
    """Bring the modem online and run the family's part of the demo."""
    with open(sys.argv[1]) as file:
        job = json.loads(file.read())
    random.seed(job["seed"])
    modem = Modem(open_uart(sys.argv[2]), job["family"], trace=trace if job["trace"] else None)
    with Step("online", "online: PDP context up, address known"):
        modem.connect(job["apn"])
    FAMILIES[job["family"]](modem, job)
    modem.disconnect()


if __name__ == "__main__":
    main()
