"""The wheel for computers: built by the hook that pip calls, unpacked into an empty folder, used from there alone."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import virtual_module
from desk import environment, mkpackage
from desk.common import ROOT

# What pip runs: the backend that pyproject.toml names
BUILD = """
import importlib, sys, tomllib
with open("pyproject.toml", "rb") as file:
    backend = tomllib.load(file)["build-system"]["build-backend"]
importlib.import_module(backend).build_wheel(sys.argv[1])
"""
APPLICATION = """
import sys
from quectel import Modem, QuectelError, TLSContext, Socket
from quectel_host import open_uart


def first_line(modem: Modem, host: str) -> bytes:
    with modem.create_connection((host, 80), timeout_ms=5000) as sock:
        sock.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
        return sock.readline() or b""


modem = Modem(open_uart(sys.argv[1]), "BC25")
print(modem.command("AT"), modem.family.name, type(first_line).__name__, Socket.__name__, TLSContext.__name__)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without the network from a copy of what git would have."""
    backend = environment.ensure_folder("build", ROOT / "tools" / "build.txt")
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "lib", source / "lib", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)],
        cwd=source,
        env={**os.environ, "PYTHONPATH": str(backend)},
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


def test_both_packages_with_types_and_nothing_else(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    there = {
        path.relative_to(ROOT / "lib").as_posix()
        for package in ("quectel", "quectel_host")
        for path in (ROOT / "lib" / package).rglob("*")
        if path.suffix in (".py", ".pyi") or path.name == "py.typed"
    }
    assert names == there


def test_what_the_wheel_says_of_itself(installed: Path) -> None:
    text = next(installed.glob("*.dist-info/METADATA")).read_text()
    assert f"\nVersion: {mkpackage.version()}\n" in text
    assert "\nProvides-Extra: serial\n" in text and 'pyserial>=3.5; extra == "serial"' in text
    assert not [line for line in text.splitlines() if line.startswith("Requires-Dist") and "extra" not in line]


def test_an_application_runs_with_the_wheel_alone(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APPLICATION)
    with virtual_module.start_thread("BC25") as module:
        # -I and -S: no environment, no site-packages, so no pyserial either
        code = f"import sys; sys.path.insert(0, {str(installed)!r}); import runpy; runpy.run_path('app.py')"
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", code, module.url],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[] BC25 function Socket TLSContext\n"


@pytest.mark.parametrize(("line", "status"), [("", 0), ("modem.command(7)\n", 1)])
def test_an_application_is_checked_by_the_wheels_types(line: str, status: int, installed: Path, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APPLICATION + line)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(ROOT / ".mypy_cache" / "wheel"), "app.py"],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stdout
