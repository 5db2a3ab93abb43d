"""Goes online and fetches a page: over TLS, over TCP where the family has no TLS, by CoAP where it has no TCP.

What is the operator's and the user's stands in settings.json beside it; ca.pem is the authority that signed for the
server.
"""

import json

from quectel import Modem, QuectelError

TYPE_CHECKING = False  # MicroPython has no typing
if TYPE_CHECKING:
    from typing import Any, Protocol

    from quectel import Socket

    class Board(Protocol):
        """What a board file offers."""

        FAMILY: str

        def uart(self) -> "Any": ...
        def pins(self) -> "Any": ...


SETTINGS = "settings.json"
DEFAULTS = {
    "family": "",  # "" is what the board file says
    "apn": "internet",
    "user": "",
    "password": "",
    "pin": None,
    "host": "www.example.org",
    "port": 0,  # 0 is the usual one: 443, 80 or 5683
    "path": "/",
    "ca": "ca.pem",
}


def settings() -> "dict[str, Any]":
    """What settings.json says, over DEFAULTS."""
    found: "dict[str, Any]" = dict(DEFAULTS)
    try:
        with open(SETTINGS) as file:
            found.update(json.load(file))
    except OSError:
        print("there is no %s; the defaults are taken" % SETTINGS)
    return found


def main(board: "Board") -> None:
    """Print the page, or what went wrong.  board: a board file, imported."""
    chosen = settings()
    modem = Modem(board.uart(), chosen["family"] or board.FAMILY, pins=board.pins())
    try:
        modem.connect(chosen["apn"], user=chosen["user"], password=chosen["password"], pin=chosen["pin"], report=print)
        fetch(modem, chosen)
        modem.disconnect()
    except QuectelError as error:
        print("failed:", error)


def fetch(modem: Modem, chosen: "dict[str, Any]") -> None:
    """Print the page, by the best way that the family has."""
    family = modem.family
    if family.tls:
        from quectel import TLSContext

        with open(chosen["ca"], "rb") as file:
            tls = TLSContext(ca=file.read())  # a server that this CA did not sign for is refused
        http(modem.create_connection((chosen["host"], chosen["port"] or 443), tls=tls), chosen)
    elif family.tcp:
        http(modem.create_connection((chosen["host"], chosen["port"] or 80)), chosen)
    else:
        coap(modem, chosen)


def http(sock: "Socket", chosen: "dict[str, Any]") -> None:
    """GET, and print the answer a piece at a time: a page need not fit into memory."""
    request = "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % (chosen["path"], chosen["host"])
    try:
        sock.sendall(request.encode())
        piece = sock.recv(512)
        while piece:
            print(piece)
            piece = sock.recv(512)
    finally:
        sock.close()


def coap(modem: Modem, chosen: "dict[str, Any]") -> None:
    """GET by CoAP; `host` is an address there, because the module resolves no names."""
    client = modem.coap()
    try:
        answer = client.get("coap://%s:%d%s" % (chosen["host"], chosen["port"] or 5683, chosen["path"]))
        print(answer.codestr, answer.payload)
    finally:
        client.close()
