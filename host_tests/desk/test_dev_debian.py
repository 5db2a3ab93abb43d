"""Debian packages without installing them: the source that apt is given, and where it cannot work."""

import platform
import shutil
from pathlib import Path

import pytest
from desk import common, debian
from desk.common import Stop

STANZA = """# See the manual page
Types: deb deb-src
URIs: http://mirror.test/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/archive.gpg
"""


def test_stanza_keeps_its_mirror_and_keys() -> None:
    changed = debian.deb822_with_suite(STANZA, "trixie")
    assert changed == (
        "Types: deb\nURIs: http://mirror.test/debian\nSuites: trixie\nComponents: main contrib\n"
        "Signed-By: /usr/share/keyrings/archive.gpg\n"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("mirror.test/debian", "security.mirror.test/debian-security"),
        ("Types: deb deb-src", "Types: deb-src"),
        ("main contrib", "stable"),
        ("Types:", "Enabled: no\nTypes:"),
    ],
)
def test_stanza_of_another_archive_is_passed_over(old: str, new: str) -> None:
    assert debian.deb822_with_suite(STANZA.replace(old, new), "trixie") is None


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        ("deb http://mirror.test/debian bookworm main", "deb http://mirror.test/debian trixie main\n"),
        ("deb [arch=amd64] http://m.test/d x main non-free", "deb [arch=amd64] http://m.test/d trixie main non-free\n"),
        ("deb http://security.test/debian bookworm-security main", None),
        ("deb-src http://mirror.test/debian bookworm main", None),
        ("# deb http://mirror.test/debian bookworm main", None),
        ("deb http://vendor.test stable tools", None),
        ("", None),
    ],
)
def test_line_keeps_its_mirror(line: str, changed: str | None) -> None:
    assert debian.line_with_suite(line, "trixie") == changed


@pytest.mark.parametrize(
    ("release", "suite"),
    [
        ({"ID": "debian"}, "trixie"),
        ({"ID": "ubuntu", "ID_LIKE": "debian"}, "resolute"),
        ({"ID": "raspbian", "ID_LIKE": "debian"}, "trixie"),
        ({"ID": "linuxmint", "ID_LIKE": "ubuntu debian"}, "resolute"),
    ],
)
def test_suite_goes_by_the_system(release: dict[str, str], suite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: release)
    assert debian.default_suite() == suite


def test_another_system_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: {"ID": "fedora"})
    with pytest.raises(Stop, match=r"not for fedora: install MicroPython 1\.23 .*\$MICROPYTHON"):
        debian.rootless(["micropython"])


def test_fetched_packages_are_not_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "CACHE", tmp_path)
    monkeypatch.setattr(common, "CACHE", tmp_path)
    monkeypatch.setattr(debian, "_fill", lambda *_: pytest.fail("fetched"))
    folder = debian.folder_of(["a", "b"], "trixie")
    folder.mkdir(parents=True)
    (folder / "packages").touch()
    assert debian.rootless(["b", "a"], "trixie") == folder / "bin"


def test_half_fetched_packages_are_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "CACHE", tmp_path)
    monkeypatch.setattr(common, "CACHE", tmp_path)
    monkeypatch.setattr(debian, "_require_tools", lambda: None)
    fetched: list[Path] = []
    monkeypatch.setattr(debian, "_fill", lambda folder, *_: fetched.append(folder))
    folder = debian.folder_of(["a"], "trixie")
    (folder / "root").mkdir(parents=True)
    debian.rootless(["a"], "trixie")
    assert fetched == [folder] and not folder.exists()


def test_missing_apt_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda tool: None)
    with pytest.raises(Stop, match="apt-get, dpkg, dpkg-deb not found"):
        debian._require_tools()
