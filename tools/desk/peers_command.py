"""`dev.py peers`: fetch the programs that tests have as peers, those that are not there. Standard library only."""

import sys

from desk import peers
from desk.common import Parser


def main(argv: list[str]) -> int:
    """Print the path of libcoap's coap-server."""
    parser = Parser(prog="dev.py peers", description=main.__doc__)
    parser.parse_args(argv)
    if peers.find("coap-server") is None or peers.find("coap-client") is None:
        peers.fetch()
    peers.fetch_beside()
    print(peers.find("coap-server"))
    sys.stdout.flush()
    return 0
