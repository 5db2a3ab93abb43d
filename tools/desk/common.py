"""What every part of the desk tooling shares: the places, and the one way to give up."""

import argparse
import contextlib
import fcntl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

ROOT = Path(__file__).resolve().parents[2]
ENV = ROOT / ".env"  # the tooling's own Python environment
CACHE = ROOT / ".cache"  # what was fetched: MicroPython VMs, Debian packages
FETCH_TRIES, FETCH_PAUSE_S = 3, 3.0  # a server that fails once is asked again; without a network it is soon told
FETCH_LIMIT_S = 600  # one start of a program that fetches
T = TypeVar("T")


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


def fetched(fetch: "Callable[[], T]") -> T:
    """What fetch() gives. Where it raises Stop it is called again, some times in all; then it is that Stop."""
    for tries_left in reversed(range(FETCH_TRIES)):
        try:
            return fetch()
        except Stop:
            if not tries_left:
                raise
            time.sleep(FETCH_PAUSE_S)
    raise AssertionError("no try at all")


def run_fetching(command: Sequence[str], **how: Any) -> "subprocess.CompletedProcess[Any]":
    """subprocess.run() of a program that fetches something, its output captured; Stop where it stands still."""
    try:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=FETCH_LIMIT_S, **how
        )
    except subprocess.TimeoutExpired as error:
        raise Stop(f"{command[0]} did not end in {FETCH_LIMIT_S} s, is there a network?") from error


class Parser(argparse.ArgumentParser):
    """An argument parser that answers wrong use with one line."""

    def error(self, message: str) -> NoReturn:
        """Raise Stop where argparse would print its usage and exit."""
        raise Stop(f"{one_line(message)}; see {self.prog} --help")
