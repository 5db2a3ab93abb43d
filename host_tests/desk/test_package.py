"""What mip and a firmware build take is what is there, under one version."""

import json
import re
from pathlib import Path

from desk import mkpackage
from desk.manifest import Manifest

ROOT = mkpackage.ROOT


def test_package_json_is_up_to_date() -> None:
    assert mkpackage.PACKAGE.read_text() == mkpackage.package_json(), "run tools/desk/mkpackage.py"


def test_package_json_names_every_file_and_no_other() -> None:
    package = json.loads(mkpackage.PACKAGE.read_text())
    assert package["deps"] == []
    there = {path.relative_to(ROOT).as_posix() for path in (ROOT / "lib" / "quectel").rglob("*.py")}
    assert {source for _, source in package["urls"]} == there
    for target, source in package["urls"]:
        assert source == f"lib/{target}"


def test_a_file_more_is_a_file_more(tmp_path: Path) -> None:
    folder = tmp_path / "lib" / "quectel" / "models"
    folder.mkdir(parents=True)
    for name in ("one.py", "two.pyi", "py.typed"):
        (folder / name).touch()
    assert mkpackage.package_files(tmp_path) == ["quectel/models/one.py"]


def test_one_version() -> None:
    found = re.search(r'version="([^"]+)"', (ROOT / "manifest.py").read_text())
    assert found and found[1] == mkpackage.version()
    assert json.loads(mkpackage.PACKAGE.read_text())["version"] == mkpackage.version()


def test_a_package_for_mip_has_the_same_files() -> None:
    manifest = Manifest(freeze=False)
    manifest.include(str(ROOT))
    assert sorted(file.target for file in manifest.files) == mkpackage.package_files()
    assert manifest.metadata["version"] == mkpackage.version()
