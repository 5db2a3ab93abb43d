"""What a manifest.py names, by MicroPython's rules: include, package, module, require, options. Standard library only.

A firmware build runs manifests in freeze mode, which has `freeze` and its kin; a package for mip is made in compile
mode, where metadata() must come first.
"""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class Wrong(Exception):
    """A manifest that no build would take. The text says which, and why."""


@dataclass(frozen=True)
class Frozen:
    """One file of the image: where it is, under which name it is imported, and the level for mpy-cross."""

    source: Path
    target: str
    opt: "int | None"


class Options:
    """`options` of a manifest: what include() was given, over options.defaults()."""

    def __init__(self, given: dict[str, Any]) -> None:
        self._given = given
        self._defaults: dict[str, Any] = {}

    def defaults(self, **defaults: Any) -> None:
        """The values of what was not given."""
        self._defaults = defaults

    def __getattr__(self, name: str) -> Any:
        return self._given.get(name, self._defaults.get(name))


class Manifest:
    """Runs manifests. variables: PORT_DIR, BOARD_DIR, MPY_DIR, as a build has them; library: a tree for require()."""

    def __init__(self, *, freeze: bool, library: "Path | None" = None, **variables: Path) -> None:
        self.files: list[Frozen] = []
        self.metadata: dict[str, Any] = {}
        self._freeze = freeze
        self._library = library
        self._variables = variables
        self._seen: set[Path] = set()

    def include(self, path: "str | list[str] | tuple[str, ...]", **options: Any) -> None:
        """Run another manifest, once: a second time it is passed over. A folder stands for its manifest.py."""
        for one in [path] if isinstance(path, str) else path:
            self._include(self._resolved(one), options)

    def _include(self, path: Path, options: dict[str, Any]) -> None:
        path = path / "manifest.py" if path.is_dir() else path
        if path in self._seen:
            return
        self._seen.add(path)
        try:
            text = path.read_text()
        except OSError as error:
            raise Wrong(f"{path}: {error.strerror}") from error
        with _folder(path.parent):
            exec(compile(text, str(path), "exec"), self._names(options))

    def _names(self, options: dict[str, Any]) -> dict[str, Any]:
        names = {
            "options": Options(options),
            "metadata": self._metadata,
            "include": self.include,
            "package": self._package,
            "module": self._module,
            "require": self._require,
        }
        if self._freeze:
            names["freeze"] = self._no_freeze
        return names

    def _metadata(self, **facts: str) -> None:
        known = {"description", "version", "license", "author", "stdlib", "pypi", "pypi_publish"}
        if facts.keys() - known:
            raise Wrong(f"metadata() knows no {', '.join(sorted(facts.keys() - known))}")
        if facts and self.metadata:
            raise Wrong("metadata() was called before")
        self.metadata = facts

    def _package(
        self, name: str, files: "list[str] | None" = None, base_path: str = ".", opt: "int | None" = None
    ) -> None:
        self._metadata_first()
        base = self._resolved(base_path)
        names = files if files is not None else sorted(_python_files(base / name))
        for file in names:
            self._add(base, f"{name}/{file}", opt)

    def _module(self, name: str, base_path: str = ".", opt: "int | None" = None) -> None:
        self._metadata_first()
        self._add(self._resolved(base_path), name, opt)

    def _require(self, name: str, **_: Any) -> None:
        self._metadata_first()
        found = [path for path in (self._library or Path("/nowhere")).rglob("manifest.py") if path.parent.name == name]
        if not found:
            raise Wrong(f"require({name!r}): there is no such package in the library")
        outer, self.metadata = self.metadata, {}  # each package has its own
        self._include(found[0], {})
        self.metadata = outer

    def _no_freeze(self, *_: Any, **__: Any) -> None:
        raise Wrong("freeze() works in a firmware's top manifest alone: use package() or module()")

    def _metadata_first(self) -> None:
        if not self._freeze and not self.metadata:
            raise Wrong("metadata() must come first")

    def _add(self, base: Path, name: str, opt: "int | None") -> None:
        if not (base / name).is_file() or not name.endswith(".py"):
            raise Wrong(f"{base / name} is no Python file that is there")
        self.files.append(Frozen(base / name, name, opt))

    def _resolved(self, path: str) -> Path:
        for name, value in self._variables.items():
            path = path.replace(f"$({name})", str(value))
        return Path(os.path.abspath(path))


def frozen(path: Path, part: str) -> list[Frozen]:
    """What the manifest at `path` freezes of this project alone, for a part: "all", "tcp", "tls" or "coap"."""
    manifest = Manifest(freeze=False)
    manifest.include(str(path), part=part)
    return manifest.files


def _python_files(folder: Path) -> Iterator[str]:
    return (path.relative_to(folder).as_posix() for path in folder.rglob("*.py"))


@contextlib.contextmanager
def _folder(path: Path) -> Iterator[None]:
    """Paths in a manifest are relative to it."""
    before = Path.cwd()
    os.chdir(path)
    try:
        yield
    finally:
        os.chdir(before)
