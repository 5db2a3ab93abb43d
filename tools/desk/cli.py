"""The sub-commands of `tools/dev.py`. Standard library only, as this runs before the environment exists."""

import importlib
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass

from desk import environment
from desk.common import Stop, say


@dataclass(frozen=True)
class Command:
    """One sub-command: `module.main(argv) -> exit status`, imported when it is called."""

    module: str
    words: str
    bare: bool = False  # runs on the standard library alone, outside the environment


COMMANDS = {
    "demo": Command("desk.demo", "run the driver against a virtual module of every family"),
    "test": Command("desk.test_command", "ruff, mypy and the tests, on CPython and in the MicroPython VMs"),
    "fuzz": Command("desk.fuzz_command", "the driver against a damaged wire: --cases 100000 --seed 1"),
    "soak": Command("desk.soak_command", "a month of trouble in stepped time: --events 540 --seed 1 --model BC25"),
    "rows": Command(
        "desk.rows_command", "which rows of the specification the tests cover: --family BC65 --side driver", bare=True
    ),
    "module": Command("virtual_module.cli", "start a virtual module: --model BC25 --tcp 127.0.0.1:0"),
    "vm": Command("desk.vm_command", "fetch the MicroPython VM (Debian, Ubuntu) and print its path", bare=True),
    "peers": Command(
        "desk.peers_command", "fetch libcoap, mosquitto and openssl for the tests (Debian, Ubuntu)", bare=True
    ),
    "deploy": Command("desk.deploy", "the driver onto a board by mpremote: deploy RPI_PICO --apn internet"),
    "acceptance": Command("desk.acceptance", "the acceptance suite on a module: --port /dev/ttyUSB2 --family BG96"),
    "size": Command("desk.size", "bytes of each module and of the heap, against budgets: size --write"),
    "docs": Command("desk.docs", "write docs/api.md and docs/families.md from the code: docs --picture"),
    "board": Command("desk.unix_board", "a board without hardware, on a pty: board ./folder"),
}


def main(argv: list[str]) -> int:
    """Run one command; the exit status is 0 good, 1 something failed, 2 wrong use or something missing."""
    _end_politely()
    try:
        return _dispatch(argv)
    except Stop as stop:
        say(str(stop))
        return 2
    except KeyboardInterrupt:
        return 130


def usage() -> str:
    """What `dev.py --help` prints."""
    lines = [f"  {name:11}{command.words}" for name, command in COMMANDS.items()]
    head = "usage: python3 tools/dev.py COMMAND [options]; COMMAND --help says more\n"
    return "\n".join([head, *lines])


def _dispatch(argv: list[str]) -> int:
    if not argv or argv[0] in ("-h", "--help"):
        print(usage())
        return 0 if argv else 2
    command = COMMANDS.get(argv[0])
    if command is None:
        raise Stop(f"there is no command {argv[0]!r}; choose from {', '.join(COMMANDS)}")
    if not command.bare:
        environment.enter(argv)
    return _load(argv[0], command)(argv[1:])


def _load(name: str, command: Command) -> Callable[[list[str]], int]:
    try:
        module = importlib.import_module(command.module)
    except ModuleNotFoundError as error:
        if error.name is None or not command.module.startswith(error.name):
            raise
        raise Stop(f"the command {name!r} is not part of this checkout ({command.module} is missing)") from error
    sys.argv[0] = f"dev.py {name}"  # what argparse calls the program
    entry: Callable[[list[str]], int] = module.main
    return entry


def _end_politely() -> None:
    """Make SIGTERM unwind like Ctrl-C, so that child processes are ended."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # A shell starts what is in the background with SIGINT ignored, and every child would inherit that
    signal.signal(signal.SIGINT, signal.default_int_handler)
