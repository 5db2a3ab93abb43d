"""`dev.py vm`: fetch the unix MicroPython VM if there is none, print its path. Standard library only."""

import sys

from desk import runtimes
from desk.common import Parser


def main(argv: list[str]) -> int:
    """Print the path of a unix MicroPython 1.23 or later."""
    parser = Parser(prog="dev.py vm", description=main.__doc__)
    parser.parse_args(argv)
    vm = runtimes.find_unix_vm() or runtimes.fetch_unix_vm()
    print(vm)
    sys.stdout.flush()
    return 0
