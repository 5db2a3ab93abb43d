"""Run in the unix MicroPython VM by test_host_tls.py: the VM's own TLS over a plain socket of the modem."""

import sys
from binascii import hexlify
from hashlib import sha256
from json import loads

from quectel import BUFFER, PUSH, Modem
from quectel_host import open_uart
from vm_patient import patient

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def wrapped(modem: "Any", job: "Any", ca: bytes, mode: int) -> "Any":
    """The VM's `tls` makes a stream of the stream: it calls read, write and ioctl of the socket from C."""
    tls: "Any" = __import__("tls")
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.verify_mode = tls.CERT_REQUIRED
    context.load_verify_locations(ca)
    sock = modem.create_connection((job["host"], 443), timeout_ms=10_000, mode=mode)
    sock.settimeout(20)
    return context.wrap_socket(sock, server_hostname=job["host"])


def page(modem: "Any", job: "Any") -> None:
    """A large answer, read into the same buffer again and again."""
    stream = wrapped(modem, job, job["ca"].encode(), BUFFER)
    stream.write(b"GET /large HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % job["host"].encode())
    head = stream.readline()
    while True:
        line = stream.readline()
        if line in (b"\r\n", b""):
            break
    digest, total, buf = sha256(), 0, bytearray(1000)
    while total < job["size"]:
        n = stream.readinto(buf)
        if not n:
            break
        digest.update(memoryview(buf)[:n])
        total += n
    stream.close()
    print("page", head.split()[1].decode(), total, hexlify(digest.digest()).decode())


def post(modem: "Any", job: "Any", mode: int) -> None:
    """What is sent comes back; in direct push it has room in the ring."""
    stream = wrapped(modem, job, job["ca"].encode(), mode)
    body = bytes(range(256)) * (10 if mode == PUSH else 40)
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    stream.write(head)
    stream.write(body)
    answer = b""
    while True:
        part = stream.read(700)
        if not part:
            break
        answer += part
    stream.close()
    print("posted%d" % mode, answer.endswith(b"\r\n\r\n" + body))


def main(job: "Any") -> None:
    patient()
    modem = Modem(open_uart(job["url"]), job["model"], rx_ring=8192)
    modem.connect("internet")
    page(modem, job)
    for mode in (BUFFER, PUSH):
        post(modem, job, mode)
    try:
        wrapped(modem, job, job["other"].encode(), BUFFER)
        print("refused False")
    except (OSError, ValueError) as error:
        print("refused", "not correctly signed" in str(error))
    stats = modem.stats
    print("stats", stats.framing, stats.rx_lost, stats.unknown, stats.timeouts)


if __name__ == "__main__":
    main(loads(sys.stdin.readline()))
