"""`dev.py deploy`: the driver, a board file and the first program onto a board, checked there."""

import json
import sys
import tempfile
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from quectel.models import find

from desk import image, mpremote
from desk.common import Parser, Stop, say
from desk.image import COMMON, File

OLDEST = (1, 23)
STAGING = "deploy.tmp"  # a folder on the board: complete and checked there before anything is replaced
BLOCK = 4096  # of a board's file system
HEAP = 250_000  # bytes that bytecode from a file system and a program of one's own need; see dev.py size
SELF_TEST = COMMON / "selftest.py"
SETTINGS = ("family", "apn", "user", "password", "pin", "host", "port", "path", "uart")
_ASKED = ("settings.json", "main.py")  # the user's own: never replaced without asking

# What the board is and has: one line of JSON. Of the user's files only those are looked at that could be ours.
PROBE = """
import sys, os, gc, json, hashlib, binascii
def sha(name):
    h = hashlib.sha256()
    with open(name, "rb") as f:
        while True:
            b = f.read(512)
            if not b:
                return binascii.hexlify(h.digest()).decode()
            h.update(b)
gc.collect()
found = {}
def walk(path):
    try:
        folder = os.stat(path)[0] & 0x4000
    except OSError:
        return
    if folder:
        for name in os.listdir(path):
            walk(path + "/" + name)
    else:
        found[path] = sha(path)
for path in %s:
    walk(path)
v = os.statvfs(os.getcwd())
i = sys.implementation
print("#> " + json.dumps({"name": i.name, "version": list(i.version[:3]), "platform": sys.platform,
    "mpy": getattr(i, "_mpy", 0), "free": v[0] * v[3], "heap": gc.mem_free(), "files": found}))
"""

# Everything staged is looked at before the first file is replaced.
COMMIT = """
import os, json
def drop(name):
    try:
        os.remove(name)
    except OSError:
        pass
def place(staged, name):
    parts = name.split("/")[:-1]
    for n in range(1, len(parts) + 1):
        try:
            os.mkdir("/".join(parts[:n]))
        except OSError:
            pass
    try:
        os.rename(staged, name)
    except OSError:  # FAT does not replace
        drop(name)
        os.rename(staged, name)
wanted, stale = json.loads(%r), json.loads(%r)
wrong = [name for staged, name, digest in wanted if sha(staged) != digest]
if not wrong:
    for staged, name, _ in wanted:
        place(staged, name)
    for name in stale:
        drop(name)
    wrong = [name for _, name, digest in wanted if sha(name) != digest]
print("#> " + json.dumps(wrong))
"""

CLEAN = """
import os
try:
    for name in os.listdir(%r):
        os.remove(%r + "/" + name)
    os.rmdir(%r)
except OSError:
    pass
""" % ((STAGING,) * 3)

_SHA = PROBE[PROBE.index("import sys") : PROBE.index("gc.collect()")]
_OURS = ("lib/quectel", "lib/quectel_host")
_BESIDE = ("board.py", "wiring.py", "first_page.py", "main.py", "settings.json", "ca.pem")


@dataclass(frozen=True)
class Target:
    """A board as its probe told."""

    port: str
    version: tuple[int, ...]
    platform: str
    mpy: int
    free: int  # bytes of the file system
    heap: int  # bytes free
    files: dict[str, str]


@dataclass
class Plan:
    """What is to be copied and removed. `kept` are files of the user's that stay as they are."""

    copy: list[File] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def bytes_needed(self) -> int:
        """Whole blocks, and one for each of the folders."""
        return sum(-(-len(file.data) // BLOCK) * BLOCK for file in self.copy) + 5 * BLOCK


def main(argv: list[str]) -> int:
    """Copy the driver, a board file and the first program onto a board, and test them there."""
    options = _parser().parse_args(argv)
    port = image.constants(options.board)["PORT"]
    settings = _settings(options)
    target = probe(options.port or find_port())
    judge(target, options.board, port)
    warn(target)
    plan = plan_for(target, options, settings, ask=_ask)
    report(plan)
    if plan.copy or plan.stale:
        check_space(target, plan)
        transfer(target, plan)
    print(f"{len(plan.copy)} files copied and checked, {len(plan.stale)} removed")
    return 0 if options.no_self_test else self_test(target.port)


def _parser() -> Parser:
    parser = Parser(prog="dev.py deploy", description=main.__doc__)
    parser.add_argument("board", help=f"a folder of boards/: {', '.join(image.boards())}")
    parser.add_argument("--port", help="where the board is, e.g. /dev/ttyACM0; found if there is one board on USB")
    parser.add_argument("--part", choices=("all", "tcp", "tls", "coap"), default="all", help="a part of the driver")
    parser.add_argument("--source", action="store_true", help="copy .py files instead of bytecode")
    parser.add_argument("--ca", type=Path, metavar="FILE", help="the certificate that signed for the server, as PEM")
    for name in SETTINGS:
        parser.add_argument(f"--{name if name != 'port' else 'host-port'}", dest=f"set_{name}", help=_help(name))
    parser.add_argument("--overwrite", action="store_true", help="replace settings.json and main.py without asking")
    parser.add_argument("--no-self-test", action="store_true", help="copy alone")
    return parser


def _help(name: str) -> str:
    return f"goes into settings.json as {name!r}"


def _settings(options: Namespace) -> "File | None":
    """settings.json from the arguments, or None where none of them was given."""
    given: dict[str, Any] = {name: getattr(options, f"set_{name}") for name in SETTINGS}
    chosen = {name: value for name, value in given.items() if value is not None}
    if "port" in chosen:
        chosen["port"] = _number(chosen["port"])
    if "family" in chosen:
        _check_family(chosen["family"])
    return File("settings.json", (json.dumps(chosen, indent=2) + "\n").encode()) if chosen else None


def _check_family(name: str) -> None:
    try:
        find(name)
    except ValueError as error:
        raise Stop(str(error)) from error


def _number(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise Stop(f"--host-port is 1 to 65535, not {text!r}")
    return int(text)


# --- the board ----------------------------------------------------------------------------------------------------


def find_port() -> str:
    """The port of the one board on USB; Stop for none, and for more than one."""
    found = mpremote.attached()
    if not found:
        raise Stop(
            "there is no board on USB: plug one in with MicroPython on it (a cable for data, not for charging alone),"
            " or name its port with --port"
        )
    if len(found) > 1:
        listed = "; ".join(f"{port} ({words})" for port, words in found)
        raise Stop(f"there are {len(found)} boards: name one with --port. Found: {listed}")
    return found[0][0]


def probe(port: str) -> Target:
    """What the board on a port is, and what it has; Stop where no MicroPython answers."""
    told = mpremote.execute(port, PROBE % ((*_OURS, *_BESIDE),))
    if not told:
        raise Stop(f"what answers on {port} is no MicroPython")
    said = told[0]
    if said["name"] != "micropython":
        raise Stop(f"{port} runs {said['name']}, not MicroPython: the driver is for MicroPython 1.23 and later")
    return Target(
        port, tuple(said["version"]), said["platform"], said["mpy"], said["free"], said["heap"], said["files"]
    )


def judge(target: Target, board: str, port: str) -> None:
    """Stop for a MicroPython that is too old, and for a board file of another port."""
    version = ".".join(map(str, target.version))
    if target.version[:2] < OLDEST:
        raise Stop(
            f"{target.port} runs MicroPython {version}; the driver needs {'.'.join(map(str, OLDEST))} or later:"
            " get a newer one from micropython.org/download"
        )
    if target.platform != port:
        fit = [name for name in image.boards() if image.constants(name)["PORT"] == target.platform]
        raise Stop(
            f"{target.port} is a board of the port {target.platform}, and {board} is for {port}; "
            + (f"choose from {', '.join(fit)}" if fit else "there is no board file for that port yet")
        )


def warn(target: Target) -> None:
    """Say it where the heap is small: the import may run out of it."""
    if target.heap < HEAP:
        say(
            f"the board has {target.heap} bytes of heap free; the driver as files takes most of it, frozen into the"
            " firmware next to nothing: see boards/README.md"
        )


# --- what is to be done -------------------------------------------------------------------------------------------


def plan_for(target: Target, options: Namespace, settings: "File | None", ask: "Callable[[str], bool]") -> Plan:
    """What differs. Files of the user's are replaced when `ask` says so, or with --overwrite."""
    compiled = image.can_load(target.mpy) and not options.source
    if not compiled and not options.source:
        say("this MicroPython cannot load bytecode of mpy-cross: .py files are copied instead")
    ours = image.package(options.board, options.part, compiled=compiled)
    wanted = [*ours, *image.beside(options.board)]
    if options.ca:
        wanted.append(File("ca.pem", _read_pem(options.ca)))
    plan = Plan([file for file in wanted if target.files.get(file.name) != file.sha])
    for file in (settings, image.main_program()):
        if file is not None and target.files.get(file.name) != file.sha:
            _users(plan, file, target, options.overwrite or ask)
    names = {file.name for file in ours}
    plan.stale = sorted(name for name in target.files if name.startswith("lib/") and name not in names)
    return plan


def _users(plan: Plan, file: File, target: Target, ask: "bool | Callable[[str], bool]") -> None:
    """A file that the user may have changed: only where there is none it is copied unasked."""
    there = file.name in target.files
    if not there or ask is True or (callable(ask) and ask(file.name)):
        plan.copy.append(file)
    else:
        plan.kept.append(file.name)


def _read_pem(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Stop(f"{path}: {error.strerror}") from error
    if b"-----BEGIN CERTIFICATE-----" not in data:
        raise Stop(f"{path} is no certificate in PEM")
    return data


def _ask(name: str) -> bool:
    """Whether a file of the user's may be replaced; nobody at a terminal means no."""
    if not sys.stdin.isatty():
        return False
    return input(f"{name} on the board is not the one to be written. Replace it? [y/N] ").strip().lower() == "y"


def report(plan: Plan) -> None:
    """Say what is about to happen."""
    for file in plan.copy:
        print(f"copy    {file.name} ({len(file.data)} bytes)")
    for name in plan.stale:
        print(f"remove  {name}")
    for name in plan.kept:
        print(f"keep    {name}: there is one already (--overwrite replaces it)")


def check_space(target: Target, plan: Plan) -> None:
    """Stop where the new files do not fit beside the old ones: they are complete before one is replaced."""
    needed = plan.bytes_needed()
    if target.free < needed:
        raise Stop(
            f"the file system of the board has {target.free} bytes free and {needed} are needed:"
            " remove files from it (`mpremote rm :NAME`), or take a part of the driver (--part tcp). Nothing was copied"
        )


# --- doing it -----------------------------------------------------------------------------------------------------


def transfer(target: Target, plan: Plan) -> None:
    """Copy into the staging folder, check by hash, then put in place. A failure leaves the board as it was."""
    try:
        staged = _stage(target.port, plan.copy)
    except mpremote.Failed as failed:
        _clean(target.port)
        raise Stop(f"{failed}. Nothing on the board was replaced") from failed
    wanted = json.dumps([(name, file.name, file.sha) for name, file in staged])
    script = _SHA + COMMIT % (wanted, json.dumps(plan.stale)) + CLEAN
    wrong = mpremote.execute(target.port, script, resume=True)
    if wrong != [[]]:
        _clean(target.port)
        raise Stop(f"the copy is not what was sent ({wrong}): run deploy again")


def _stage(port: str, files: list[File]) -> list[tuple[str, File]]:
    """Copy files into the staging folder, all in one start of mpremote."""
    staged = [(f"{STAGING}/{n}", file) for n, file in enumerate(files)]
    with tempfile.TemporaryDirectory() as folder:
        commands = ["exec", CLEAN, "+", "mkdir", f":{STAGING}"]
        for name, file in staged:
            path = Path(folder, Path(name).name)
            path.write_bytes(file.data)
            commands += ["+", "cp", "--force", str(path), f":{name}"]
        mpremote.run(port, "resume", *commands, limit_s=60 + sum(len(file.data) for file in files) / 500)
    return staged


def _clean(port: str) -> None:
    """Remove the staging folder, if the board still answers."""
    try:
        mpremote.execute(port, CLEAN)
    except mpremote.Failed:
        say(f"the folder {STAGING} may still be on the board; the next deploy removes it")


def self_test(port: str) -> int:
    """Run the self-test on the board; 0 if every step is good."""
    steps = mpremote.execute(port, SELF_TEST.read_text())
    for name, verdict, words in steps:
        print(f"{verdict:7} {name}: {words}")
    good = bool(steps) and all(verdict == "ok" for _, verdict, _ in steps)
    print(_ending(good, port))
    return 0 if good else 1


def _ending(good: bool, port: str) -> str:
    if good:
        online = f".env/bin/mpremote connect {port} exec 'import main'"
        return f"self-test passed; `{online}` goes online and fetches the first page"
    return "self-test failed: the files are on the board, see above what to do"
