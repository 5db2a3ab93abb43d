"""What every part of the desk tooling shares: the places, and the one way to give up."""

import argparse
import contextlib
import fcntl
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[2]
ENV = ROOT / ".env"  # the tooling's own Python environment
CACHE = ROOT / ".cache"  # what was fetched: MicroPython VMs, Debian packages


class Stop(Exception):
    """The command cannot go on. The text is one line that says what to do; the exit status is 2."""


def say(text: str) -> None:
    """Tell what is going on, on standard error: standard output belongs to the command's result."""
    print(f"dev.py: {text}", file=sys.stderr, flush=True)


def progress(text: str) -> None:
    """Tell somebody who waits at a terminal what takes time; elsewhere a failure stays one line."""
    if sys.stderr.isatty():
        say(text)


def one_line(text: str) -> str:
    """The text with every run of white space, line ends too, made one space."""
    return " ".join(text.split())


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """Let one process at a time set up what `name` stands for; the others wait and find it done."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class Parser(argparse.ArgumentParser):
    """An argument parser that answers wrong use with one line."""

    def error(self, message: str) -> NoReturn:
        """Raise Stop where argparse would print its usage and exit."""
        raise Stop(f"{one_line(message)}; see {self.prog} --help")
