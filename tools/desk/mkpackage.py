"""Writes package.json, which mip reads, from the files of the package and the version in pyproject.toml.

    python3 tools/desk/mkpackage.py

Standard library only.
"""

import json
from pathlib import Path

import tomllib

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "package.json"


def package_files(root: Path = ROOT) -> list[str]:
    """What runs on a device, "quectel/x.py" below lib/, sorted: no stubs, no py.typed."""
    lib = root / "lib"
    return sorted(path.relative_to(lib).as_posix() for path in (lib / "quectel").rglob("*.py"))


def version(root: Path = ROOT) -> str:
    """The version in pyproject.toml; manifest.py and the package say the same."""
    with (root / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def package_json(root: Path = ROOT) -> str:
    """The text of package.json."""
    urls = [[name, f"lib/{name}"] for name in package_files(root)]
    lines = ",\n".join(f"    {json.dumps(pair)}" for pair in urls)
    return f'{{\n  "urls": [\n{lines}\n  ],\n  "deps": [],\n  "version": {json.dumps(version(root))}\n}}\n'


def main() -> None:
    """Write the file."""
    PACKAGE.write_text(package_json())


if __name__ == "__main__":
    main()
