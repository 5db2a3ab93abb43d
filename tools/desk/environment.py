"""The tooling's own Python environment in `.env`, made on the first start. Standard library only."""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from desk.common import ENV, ROOT, Stop, fetched, locked, one_line, progress, run_fetching

REQUIREMENTS = ROOT / "tools" / "requirements.txt"
_STAMP = "made-from"  # written last: a folder without it is half made and is thrown away
_WAIT_S = "20"  # per try and address; pip's own 15 s times 5 tries is too long to learn that there is no network


def python() -> Path:
    """The interpreter of the environment."""
    return ENV / "bin" / "python"


def inside() -> bool:
    """Whether this process already runs in the environment."""
    return Path(sys.prefix).resolve() == ENV.resolve()


def enter(argv: list[str]) -> None:
    """Make the environment if need be and start over in it; returns when it is the one in use."""
    if inside():
        return
    ensure()
    os.execv(python(), [str(python()), str(ROOT / "tools" / "dev.py"), *argv])


def ensure() -> None:
    """Make `.env` from requirements.txt, unless it was made from just this file by just this Python.

    Raises Stop where the venv module or the network is missing.
    """
    with locked("environment"):
        wanted = _fingerprint(REQUIREMENTS)
        if _stamp(ENV) != wanted:
            _make(ENV, wanted)


def ensure_folder(name: str, requirements: Path) -> Path:
    """Install the packages of a requirements file into a folder of their own and return it."""
    folder = ENV / "packages" / name
    with locked("environment"):
        wanted = _fingerprint(requirements)
        if _stamp(folder) != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            progress(f"installing {name}")
            _pip(Path(sys.executable), "--no-deps", "--target", str(folder), "-r", str(requirements))
            (folder / _STAMP).write_text(wanted)
    return folder


def _make(env: Path, fingerprint: str) -> None:
    _require_venv()
    shutil.rmtree(env, ignore_errors=True)
    progress(f"first start: making {env.name} from {REQUIREMENTS.relative_to(ROOT)}, this takes a minute")
    _create(env)
    _pip(env / "bin" / "python", "-r", str(REQUIREMENTS))
    (env / _STAMP).write_text(fingerprint)


def _require_venv() -> None:
    # Debian splits Python: without python3-venv the module venv is there, ensurepip, which it calls, is not
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        version = "%d.%d" % sys.version_info[:2]
        raise Stop(
            f"{sys.executable} cannot make environments: install the package python{version}-venv"
            " (Debian's python3-venv) and start again"
        )


def _create(env: Path) -> None:
    run = subprocess.run([sys.executable, "-m", "venv", str(env)], capture_output=True, text=True, check=False)
    if run.returncode:
        raise Stop(f"{sys.executable} -m venv {env} failed: {_last_line(run.stdout + run.stderr)}")


def _pip(interpreter: Path, *arguments: str) -> None:
    fetched(lambda: _install(interpreter, *arguments))  # what is there already is not fetched again


def _install(interpreter: Path, *arguments: str) -> None:
    command = [
        str(interpreter),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
        "--no-compile",  # of a package a few modules are used: Python compiles these when it loads them
    ]
    limits = ["--retries", "1", "--timeout", _WAIT_S]
    run = run_fetching([*command, *limits, *arguments], text=True)
    if run.returncode:
        raise Stop(
            "the packages of tools/requirements.txt could not be fetched; the first start needs a network"
            f" (or pip's own settings for one): {_last_line(run.stderr)}"
        )


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return one_line((errors or lines or ["no reason given"])[-1])


def _fingerprint(requirements: Path) -> str:
    # The folder is part of it: scripts in an environment name their interpreter by its full path
    parts = (requirements.read_text(), sys.version, str(ENV))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _stamp(folder: Path) -> str:
    stamp = folder / _STAMP
    return stamp.read_text() if stamp.is_file() else ""
