"""Where the MicroPython VMs are and how to start a script in them. Standard library only.

The unix VM is a program: $MICROPYTHON, `micropython` on PATH, or what `dev.py vm` fetched. npm's VM is
MicroPython built for WebAssembly, a 32-bit machine without sockets, run by Node.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from desk import debian
from desk.common import CACHE, ROOT, Stop, fetched, locked, one_line, progress, run_fetching

NO_UNIX_VM = "no MicroPython VM found; `python3 tools/dev.py vm` fetches one (Debian, Ubuntu)"
OLDEST = (1, 23)  # what the driver supports
HEAP = "64m"  # of the unix VM; tests of memory set their own bounds
WASM_VERSION = "1.29.0-6"
WASM_BETWEEN = "1.24.1"
WASM_OLDER = (WASM_BETWEEN, "1.23.0")  # down to the oldest MicroPython that the driver promises to run on
WASM_HEAP_BYTES = 4 * 1024 * 1024
_WASM_PACKAGE = "@micropython/micropython-webassembly-pyscript"
_WASM_FOLDER = ROOT / "tools" / "wasm_vm"
_PACKAGES = ["micropython"]
_STAMP = "complete"  # written when npm has finished


# --- the unix VM -----------------------------------------------------------------------------------------


def find_unix_vm() -> Path | None:
    """The unix VM of this machine, or None. $MICROPYTHON wins; naming something else there raises Stop."""
    if named := os.environ.get("MICROPYTHON"):
        return _named_vm(named)
    on_path = shutil.which("micropython")
    for path in (on_path and Path(on_path), _fetched_vm()):
        if path and _version(path) >= OLDEST:
            return path
    return None


def fetch_unix_vm() -> Path:
    """Fetch Debian's or Ubuntu's MicroPython into the cache. Raises Stop where that cannot be."""
    path = debian.rootless(_PACKAGES) / "micropython"
    if _version(path) < OLDEST:
        raise Stop(f"{path} does not run here: name a MicroPython 1.23 or later in $MICROPYTHON")
    return path


def start_unix(
    vm: Path,
    script: Path,
    arguments: Sequence[str] = (),
    *,
    path: Sequence[Path] = (),
    environment: Mapping[str, str] | None = None,
    heap: str = HEAP,
    **popen: Any,
) -> "subprocess.Popen[str]":
    """Start a script in the unix VM.

    path: becomes MICROPYPATH. environment: added to this process's own. popen: goes to subprocess.Popen.
    """
    popen.setdefault("text", True)
    command = [str(vm), "-X", f"heapsize={heap}", str(script), *arguments]
    return subprocess.Popen(command, env=_environment(path, environment), **popen)


def _environment(path: Sequence[Path], extra: Mapping[str, str] | None) -> dict[str, str]:
    return {**os.environ, "MICROPYPATH": os.pathsep.join(map(str, [*path, ".frozen"])), **(extra or {})}


def _named_vm(name: str) -> Path:
    found = shutil.which(name)
    if found is None:
        raise Stop(f"$MICROPYTHON names {name}, which is no program; correct it or unset it")
    if _version(Path(found)) < OLDEST:
        raise Stop(f"$MICROPYTHON names {name}, which is no MicroPython 1.23 or later; correct it or unset it")
    return Path(found)


def _fetched_vm() -> Path | None:
    found = sorted((CACHE / "debian").glob("*-micropython/packages"))
    return found[-1].parent / "bin" / "micropython" if found else None


def _version(vm: Path) -> tuple[int, ...]:
    """The version, or () where the program does not run or is something else."""
    code = "import sys; v = sys.implementation; print(v.name, v.version[0], v.version[1])"
    try:
        run = subprocess.run([str(vm), "-c", code], capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    words = run.stdout.split()
    return tuple(map(int, words[1:])) if words[:1] == ["micropython"] else ()


# --- npm's VM --------------------------------------------------------------------------------------------


def find_wasm_vm(version: str = WASM_VERSION) -> Path | None:
    """The folder of npm's VM of this version in the cache, or None; needs Node to run."""
    folder = _wasm_folder(version)
    return folder if shutil.which("node") and (folder / _STAMP).is_file() else None


def fetch_wasm_vm(version: str = WASM_VERSION) -> Path:
    """Install npm's VM into the cache, the pinned version by the lock file. Raises Stop where it cannot."""
    with locked("npm"):
        if not find_wasm_vm(version):
            _require_node()
            progress(f"fetching npm's MicroPython VM {version}")
            fetched(lambda: _npm_install(_wasm_folder(version).parents[2], version))
            (_wasm_folder(version) / _STAMP).touch()
    return _wasm_folder(version)


def _require_node() -> None:
    if not (shutil.which("node") and shutil.which("npm")):
        raise Stop("npm's MicroPython VM needs Node.js 18 or later and npm: install them (Debian: nodejs, npm)")


def start_wasm(
    vm: Path,
    script: Path,
    arguments: Sequence[str] = (),
    *,
    path: Sequence[Path] = (),
    files: Sequence[Path] = (),
    environment: Mapping[str, str] | None = None,
    uart: str | None = None,
    heap_bytes: int = WASM_HEAP_BYTES,
    **popen: Any,
) -> "subprocess.Popen[str]":
    """Start a script in npm's VM under Node.

    The VM sees copies of the script, of all files below `path` (its sys.path) and of `files`, under the same
    absolute names. uart: the path of a pty, lent to the script as `wasm_uart_shim.WasmUart()`.
    """
    job = {
        "vm": str(vm / "micropython.mjs"),
        "script": str(script),
        "arguments": list(arguments),
        "path": [str(folder) for folder in (*path, _WASM_FOLDER)],
        "files": [str(file) for file in files],
        "environment": dict(environment or {}),
        "uart": uart,
        "heap": heap_bytes,
    }
    popen.setdefault("text", True)
    command = ["node", str(_WASM_FOLDER / "run.mjs"), json.dumps(job)]
    return subprocess.Popen(command, **popen)


def _wasm_folder(version: str) -> Path:
    return CACHE / "npm" / version / "node_modules" / _WASM_PACKAGE


def _npm_install(folder: Path, version: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if version == WASM_VERSION:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(_WASM_FOLDER / name, folder / name)
        command = ["npm", "ci"]
    else:  # an older VM for a comparison: exact version, npm checks what it fetched
        (folder / "package.json").write_text("{}")
        command = ["npm", "install", "--no-save", "--no-package-lock", f"{_WASM_PACKAGE}@{version}"]
    quiet = [
        "--loglevel=error",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--fetch-retries=1",
        "--fetch-timeout=60000",
    ]
    run = run_fetching([*command, *quiet], cwd=folder, text=True)
    if run.returncode:
        shutil.rmtree(folder)
        said = one_line(run.stderr)[-200:]
        raise Stop(f"npm could not fetch {_WASM_PACKAGE} {version}; is there a network? {said}")
