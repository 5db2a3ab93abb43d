"""Goes online and fetches a page over TLS. Belongs on the board with board.py and ca.pem beside it."""

import board
from quectel import Modem, QuectelError, TLSContext

APN = "internet"  # the operator's
HOST = "www.example.org"
REQUEST = "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % HOST


def fetch(modem: Modem) -> None:
    """Print the answer to REQUEST, a piece at a time: a page need not fit into memory."""
    with open("ca.pem", "rb") as file:
        tls = TLSContext(ca=file.read())  # a server that this CA did not sign for is refused
    sock = modem.create_connection((HOST, 443), tls=tls)
    try:
        sock.sendall(REQUEST.encode())
        piece = sock.recv(512)
        while piece:
            print(piece)
            piece = sock.recv(512)
    finally:
        sock.close()


def main() -> None:
    """Print the page, or what went wrong."""
    modem = Modem(board.uart(), "BG96", pins=board.Pins())
    try:
        modem.connect(APN, report=print)
        fetch(modem)
        modem.disconnect()
    except QuectelError as error:
        print("failed:", error)


main()
