"""The virtual module as a program: prints `ready <url>` when it can be used, and serves until it is told to end."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import IO, NoReturn

from .byte_log import Trace
from .clock import Clock
from .module import VirtualModule

USAGE = 2


class Wrong(Exception):
    """Something that the caller can put right; one line says what to do."""


class Parser(argparse.ArgumentParser):
    """argparse with one line of words and exit status 2."""

    def error(self, message: str) -> NoReturn:
        """One line instead of the usage text."""
        raise Wrong("%s; --help lists the options" % message)


def parser() -> Parser:
    """The command line's options."""
    line = Parser(prog="module", description="A virtual cellular module on a TCP port or a pty.")
    line.add_argument("--model", required=True, help="any module's name: BG96 EC200U EG915U BC65 BC92 BC25 BC32 ...")
    where = line.add_mutually_exclusive_group(required=True)
    where.add_argument("--tcp", metavar="HOST:PORT", help="serve on a loopback port; port 0 takes a free one")
    where.add_argument("--pty", metavar="PATH", help="serve on a pty, with a link to it at PATH")
    line.add_argument("--baud", type=int, help="pace the bytes at this rate")
    line.add_argument("--clock", default="real", metavar="KIND", help="real, stepped (by --control), or a factor")
    line.add_argument("--seed", type=int, default=0, help="seed of everything random")
    line.add_argument("--fault", action="append", default=[], metavar="NAME[:k=v,...]", help="arm a fault")
    line.add_argument("--map", action="append", default=[], metavar="HOST[:PORT]=127.0.0.1:PORT")
    line.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="a choice of the dialect")
    line.add_argument("--nvram", metavar="FILE", help="keep what the module saves in this file, from run to run")
    line.add_argument("--trace", metavar="FILE", help="write every byte with its time; - is standard error")
    line.add_argument("--control", metavar="127.0.0.1:PORT", help="serve the control port")
    line.add_argument("--allow-network", action="store_true", help="reach more than loopback")
    return line


def address(text: str) -> "tuple[str, int]":
    """HOST:PORT."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise Wrong("%r is not HOST:PORT" % text)
    return host.strip("[]"), int(port)


def mapping(texts: "list[str]") -> "dict[str, tuple[str, int]]":
    """The --map options as a resolver table."""
    table = {}
    for text in texts:
        name, equals, there = text.rpartition("=")
        if not equals or not name:
            raise Wrong("--map %s: write HOST[:PORT]=127.0.0.1:PORT" % text)
        table[name] = address(there)
    return table


def pairs(text: str) -> "dict[str, object]":
    """k=v,k=v; numbers become numbers."""
    found: "dict[str, object]" = {}
    for part in filter(None, text.split(",")):
        key, equals, value = part.partition("=")
        if not equals:
            raise Wrong("%r is not NAME=VALUE" % part)
        found[key] = value_of(value)
    return found


def value_of(text: str) -> object:
    """A number, a truth value or the text itself (with the escapes of a Python string)."""
    if text in ("true", "false"):
        return text == "true"
    if text.lstrip("-").isdigit():
        return int(text)
    return text.encode("latin-1", "replace").decode("unicode_escape")


def tracer(path: "str | None") -> "tuple[Trace | None, IO[str] | None]":
    """A trace into a file: time, direction, bytes with escapes."""
    if path is None:
        return None, None
    out = sys.stderr if path == "-" else open(path, "w", encoding="utf-8")

    def trace(ms: int, direction: str, data: bytes) -> None:
        shown = data.decode("latin-1").encode("unicode_escape").decode("ascii")
        out.write("%9d %s %s\n" % (ms, direction, shown))
        out.flush()

    return trace, None if path == "-" else out


def clock_of(kind: str) -> Clock:
    """A clock by its name, or by how many times faster than the host's it runs."""
    if kind in ("real", "stepped"):
        return Clock.stepped() if kind == "stepped" else Clock.real()
    try:
        return Clock.scaled(float(kind))
    except ValueError:
        raise Wrong("--clock is real, stepped or a factor above 0, not %r" % kind) from None


def make(given: argparse.Namespace, trace: "Trace | None") -> VirtualModule:
    """The module that the options describe; Wrong when they do not fit."""
    options = {}
    for text in given.option:
        options.update(pairs(text))
    try:
        module = VirtualModule(
            given.model,
            seed=given.seed,
            clock=clock_of(given.clock),
            resolver=mapping(given.map),
            allow_network=given.allow_network,
            baud=given.baud,
            options=options,
            nvram=Path(given.nvram) if given.nvram else None,
            trace=trace,
        )
        for text in given.fault:
            name, _, params = text.partition(":")
            module.fault(name, **pairs(params))
    except ValueError as error:
        raise Wrong(str(error)) from None
    return module


async def open_port(module: VirtualModule, given: argparse.Namespace) -> str:
    """Begin to serve; the URL. Wrong when the place is taken or not on loopback."""
    try:
        if given.control:
            where = await module.serve_control(*address(given.control))
            print("control %s" % where, file=sys.stderr, flush=True)
        if given.tcp:
            return await module.serve_tcp(*address(given.tcp))
        return await module.serve_pty(given.pty)
    except FileExistsError:
        raise Wrong("%s exists; take it away or choose another path" % given.pty) from None
    except (OSError, ValueError) as error:
        place = given.tcp or given.pty
        words = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        raise Wrong("cannot serve on %s: %s; choose another one" % (place, words)) from None


async def serve(given: argparse.Namespace) -> int:
    """Serve until SIGINT, SIGTERM or the control port's shutdown."""
    trace, out = tracer(given.trace)
    module = make(given, trace)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, module.shutdown.set)
    try:
        print("ready %s" % await open_port(module, given), flush=True)
        await module.shutdown.wait()
    finally:
        await module.aclose()
        if out is not None:
            out.close()
    return 0


def main(argv: "list[str]") -> int:
    """Run with these arguments; the exit status: 0 when ended as asked, 2 with one line on stderr otherwise."""
    try:
        return asyncio.run(serve(parser().parse_args(argv)))
    except (Wrong, OSError) as error:
        print("module: %s" % error, file=sys.stderr)
        return USAGE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
