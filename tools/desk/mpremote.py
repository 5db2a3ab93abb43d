"""mpremote, started as a program of its own: so a board that hangs can be given up, and its words become ours."""

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from desk.common import Stop, one_line

LIMIT_S = 120  # one start of mpremote
OWN_MODULES = "2c7c"  # the USB vendor of Quectel: those ports are modules, not boards
MARK = "#> "  # in front of what our own scripts tell, a line of JSON

_FULL = "the file system of the board is full: remove files from it (`mpremote rm :NAME`) and try again"
_WORDS = (
    (
        "failed to access",
        "{port} cannot be opened: is another program using it (a serial monitor, Thonny), or is it gone?",
    ),
    (
        "could not enter raw repl",
        "no MicroPython answers on {port}: put MicroPython 1.23 or later on the board"
        " (micropython.org/download), or press its reset button and try again",
    ),
    ("no device found", "there is no board: plug one in, or name its port with --port"),
    ("No space left", _FULL),
    ("Errno 28", _FULL),
    ("ENOSPC", _FULL),
    (
        "MemoryError",
        "the heap of the board is too small for the driver as files: freeze it into the firmware (boards/README.md),"
        " or take a part of it (--part)",
    ),
    ("Errno 5]", "the board's file system fails to write (EIO): its flash may be worn or the card loose"),
)


class Failed(Stop):
    """mpremote has failed; `said` is what it printed."""

    def __init__(self, words: str, said: str) -> None:
        super().__init__(words)
        self.said = said


def run(port: str, *commands: str, limit_s: float = LIMIT_S) -> str:
    """The output of one start of mpremote, connected to a port. Failed, with words that say what to do."""
    return _start(["connect", port, *commands], port, limit_s)


def execute(port: str, script: str, limit_s: float = LIMIT_S, *, resume: bool = False) -> list[Any]:
    """Run a script on the board behind a soft reset, or without one, and give what its lines with MARK say."""
    output = run(port, *(["resume"] if resume else []), "exec", script, limit_s=limit_s)
    return [json.loads(line[len(MARK) :]) for line in output.splitlines() if line.startswith(MARK)]


def attached() -> list[tuple[str, str]]:
    """The boards on USB, as (port, words)."""
    found = []
    for line in _start(["connect", "list"], "", LIMIT_S).splitlines():
        port, _, rest = line.partition(" ")
        words = rest.split()
        usb = words[1] if len(words) > 1 else "0000:0000"
        if usb != "0000:0000" and not usb.startswith(OWN_MODULES):
            found.append((port, rest))
    return found


def _start(arguments: Sequence[str], port: str, limit_s: float) -> str:
    command = [sys.executable, "-m", "mpremote", *arguments]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=limit_s
        )
    except subprocess.TimeoutExpired as error:
        raise Failed(f"the board on {port} has stopped answering: press its reset button and try again", "") from error
    if done.returncode:
        said = done.stdout + done.stderr
        raise Failed(_words(said, port), said)
    return done.stdout


def _words(said: str, port: str) -> str:
    for sign, words in _WORDS:
        if sign in said:
            return words.format(port=port)
    lines = [line for line in said.splitlines() if line.strip()]
    return f"mpremote failed on {port}: {one_line(lines[-1] if lines else 'it gave no reason')}"
