"""Programs from Debian's or Ubuntu's packages, without root, without installing them. Standard library only.

apt's own tools fetch the packages from the machine's own package source with the suite changed; their lists
and settings are in a folder of this project. The packages are unpacked side by side with the libraries they
need, the C library too, and every program gets a wrapper that starts it with those. Nothing outside the cache
changes.
"""

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from desk.common import CACHE, Stop, fetched, locked, one_line, progress, run_fetching

SUITES = {
    "debian": "trixie",
    "ubuntu": "resolute",
}  # the first long-lived ones with MicroPython 1.23 or later
_TOOLS = ("apt-get", "dpkg", "dpkg-deb")
_STAMP = "packages"  # what was unpacked, written last


def rootless(packages: Iterable[str], suite: str | None = None) -> Path:
    """Fetch Debian packages into the cache and return the folder of their programs' wrappers.

    packages: names, e.g. ["libcoap3-bin"]; libraries they depend on come along. suite: by default the one of
    SUITES for this system. A second call with the same names returns at once. Raises Stop where this is no
    Debian or Ubuntu, or where something cannot be fetched.
    """
    names = sorted(packages)
    suite = suite or default_suite()
    folder = folder_of(names, suite)
    with locked("debian"):
        if not (folder / _STAMP).is_file():
            _require_tools()
            progress(f"fetching {', '.join(names)} from {suite}, this takes a minute")
            fetched(lambda: _from_the_start(folder, names, suite))
    return folder / "bin"


def _from_the_start(folder: Path, names: list[str], suite: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    _fill(folder, names, suite)


def folder_of(names: list[str], suite: str) -> Path:
    """Where these packages are unpacked."""
    return CACHE / "debian" / f"{suite}-{'+'.join(names)}"


def default_suite() -> str:
    """The suite to fetch from on this system."""
    ids = _os_ids()
    for name in ids:
        if name in SUITES:
            return SUITES[name]
    raise Stop(
        f"this step is for Debian and Ubuntu, not for {ids[0]}: install MicroPython 1.23 or later"
        " with what your system has for it, then name the program in $MICROPYTHON"
    )


def _os_ids() -> list[str]:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return [platform.system() or "this system"]
    return [release.get("ID", "linux"), *release.get("ID_LIKE", "").split()]


def _require_tools() -> None:
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        raise Stop(f"{', '.join(missing)} not found: this step needs apt's tools, as Debian and Ubuntu have them")


def _fill(folder: Path, names: list[str], suite: str) -> None:
    apt = Apt(folder / "apt", suite)
    apt.update()
    needed = apt.needed(names)
    apt.download(needed)
    root = folder / "root"
    root.mkdir()
    for deb in sorted(apt.work.glob("*.deb")):
        _run(["dpkg-deb", "-x", str(deb), str(root)], apt.work)
    _wrap_programs(folder, names, apt.work)
    shutil.rmtree(apt.work)
    (folder / _STAMP).write_text("\n".join(needed) + "\n")


class Apt:
    """apt's tools with lists, cache and status of their own, under `work`."""

    def __init__(self, work: Path, suite: str) -> None:
        self.work = work
        for name in ("lists/partial", "cache/archives/partial", "sources"):
            (work / name).mkdir(parents=True)
        (work / "status").touch()  # nothing is installed: so every dependency is listed
        _write_source(work / "sources", suite)
        settings = {
            "Dir::Etc::SourceList": "/dev/null",
            "Dir::Etc::SourceParts": work / "sources",
            "Dir::State": work,
            "Dir::State::Lists": work / "lists",
            "Dir::State::Status": work / "status",
            "Dir::Cache": work / "cache",
            "APT::Sandbox::User": "",  # the folder need not be readable to apt's own user
            "APT::Update::Error-Mode": "any",  # a source that cannot be read is an error, not a warning
            "Acquire::Retries": 1,
            "Acquire::http::Timeout": 30,
            "Acquire::https::Timeout": 30,
            "Acquire::Languages": "none",
        }
        self._options = [f"-o{name}={value}" for name, value in settings.items()]

    def update(self) -> None:
        """Read the lists of the suite."""
        self._apt("update")

    def needed(self, names: list[str]) -> list[str]:
        """The packages and all libraries they need, as name=version.

        What is not a library (adduser, perl, debconf) is for installing and is left out.
        """
        plan = self._apt("--simulate", "--no-install-recommends", "install", *names)
        found = re.findall(r"^Inst (\S+) \((\S+)", plan, re.MULTILINE)
        return [f"{name}={version}" for name, version in found if name in names or name.startswith("lib")]

    def download(self, packages: list[str]) -> None:
        """Fetch the packages into `work`, checked against the signed lists."""
        self._apt("download", *packages)

    def _apt(self, *arguments: str) -> str:
        return _run(["apt-get", "-qq", "-y", *self._options, *arguments], self.work)


def _write_source(folder: Path, suite: str) -> None:
    """Write the machine's own package source with another suite, in the form that the machine uses."""
    for path in sorted(Path("/etc/apt/sources.list.d").glob("*.sources")):
        for stanza in re.split(r"\n\s*\n", path.read_text()):
            if changed := deb822_with_suite(stanza, suite):
                (folder / "suite.sources").write_text(changed)
                return
    lists = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*.list"))]
    for path in filter(Path.is_file, lists):
        for line in path.read_text().splitlines():
            if changed := line_with_suite(line, suite):
                (folder / "suite.list").write_text(changed)
                return
    raise Stop("no package source found in /etc/apt: add your system's own one and start again")


def deb822_with_suite(stanza: str, suite: str) -> str | None:
    """A stanza of a .sources file with another suite, or None where it is no main archive."""
    lines = [line for line in stanza.splitlines() if not line.startswith("#")]
    text = "\n".join(lines)
    archive = re.search(r"^Types:.*\bdeb(\s|$)", text, re.MULTILINE) and re.search(
        r"^Components:.*\bmain\b", text, re.M
    )
    if not archive or re.search(r"^(Enabled: *no|URIs:.*security)", text, re.MULTILINE):
        return None
    text = re.sub(r"^Types:.*$", "Types: deb", text, flags=re.MULTILINE)
    return re.sub(r"^Suites:.*$", f"Suites: {suite}", text, flags=re.MULTILINE) + "\n"


def line_with_suite(line: str, suite: str) -> str | None:
    """A `deb` line of sources.list with another suite, or None where it is no main archive."""
    found = re.match(r"deb\s+(\[[^]]*\]\s+)?(\S+)\s+\S+\s+(main\b.*)", line)
    if not found or "security" in found[2]:
        return None
    return f"deb {found[1] or ''}{found[2]} {suite} {found[3]}\n"


def _wrap_programs(folder: Path, names: list[str], work: Path) -> None:
    """Write bin/NAME for every program of the named packages."""
    root = folder / "root"
    loader = _loader(root)
    (folder / "bin").mkdir()
    for name in names:
        for deb in work.glob(f"{name}_*.deb"):
            listing = _run(["dpkg-deb", "--fsys-tarfile", str(deb)], work, pipe_to=["tar", "-t"])
            for entry in re.findall(r"^\./((?:usr/)?s?bin/[^/\n]+)$", listing, re.MULTILINE):
                _wrap(folder / "bin" / Path(entry).name, root / entry, loader)


def _wrap(wrapper: Path, program: Path, loader: Path) -> None:
    wrapper.write_text(f'#!/bin/sh\nexec "{loader}" --library-path "{loader.parent}" "{program}" "$@"\n')
    wrapper.chmod(0o755)


def _loader(root: Path) -> Path:
    found = sorted((root / "usr" / "lib").glob("*/ld-linux*.so.*"))
    if not found:
        raise Stop(f"no loader in {root}: remove that folder and start again")
    return found[0]


def _run(command: list[str], work: Path, pipe_to: list[str] | None = None) -> str:
    environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    run: "subprocess.CompletedProcess[bytes]" = run_fetching(command, cwd=work, env=environment)
    if run.returncode:
        said = one_line(run.stderr.decode(errors="replace")) or "no reason given"
        raise Stop(f"{command[0]} failed, is there a network? {said[:300]}")
    if pipe_to:
        return subprocess.run(pipe_to, input=run.stdout, capture_output=True, check=True).stdout.decode()
    return run.stdout.decode(errors="replace")
