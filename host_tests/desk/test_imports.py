"""Imports of the driver point one way, need nothing that MicroPython does not have, and happen as late as they can."""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from desk import runtimes
from desk.common import ROOT

PACKAGE = ROOT / "lib" / "quectel"
OPTIONAL = (
    "tls", "suites", "identity", "files", "coap", "coap_traffic", "coap_context", "coap_resources",
    "coap_wire", "coap_message", "aio", "aio_socket", "_acompat", "sockets", "diagnostics", "settings", "power", "psm",
    "sleeping",
    "key", "status", "recovery", "saving",
)  # fmt: skip

# Who may import whom. `errors` and `_compat` may be imported by anyone; `errors` itself by `_compat`'s means only.
_BELOW = {"command", "table", "text"}
_CORE = _BELOW | {"engine", "procedure"}
ARROWS: dict[str, set[str]] = {
    "__init__": {"sync", "sync_socket", "aio", "aio_socket", "sockets", "tls", "coap", "coap_message", "modem"},
    "sockets": {"sync_socket", "base_socket", "tls", "modem", "table", "text"},
    "sync": {"sync_socket", "sockets", "modem", "procedure", "table"},
    "aio": {"aio_socket", "sockets", "modem", "procedure", "_acompat", "table"},
    "sync_socket": {"base_socket", "modem", "table"},
    "aio_socket": {"base_socket", "modem", "table", "_acompat"},
    "base_socket": {"modem", "opening", "peers", "procedure", "table", "text"},
    "peers": {"datagrams", "modem", "opening", "procedure", "table", "text"},
    "datagrams": {"modem", "opening"} | _CORE,
    "modem": {"models", "life", "network", "opening", "pdp", "tls"} | _CORE,
    "life": {"bringup", "contact", "network", "pdp", "recovery", "registration", "saving", "services"} | _CORE,
    "services": {"files", "coap", "diagnostics", "settings", "power", "procedure", "sleeping", "status", "table"},
    "sleeping": {"bringup", "power", "psm", "registration"} | _CORE,
    "bringup": {"contact", "network", "pdp", "registration"} | _CORE,
    "contact": {"key"} | _CORE,
    "key": {"procedure"},
    "registration": {"network"} | _CORE,
    "pdp": {"network"} | _CORE,
    "recovery": {"bringup", "contact", "key", "network", "pdp", "registration"} | _CORE,
    "saving": {"network", "opening", "pdp", "sleeping"} | _CORE,
    "status": {"contact", "network", "pdp", "registration"} | _CORE,
    "tls": {"files", "identity", "network", "suites"} | _CORE,
    "suites": set(),
    "identity": set(),
    "network": _CORE,
    "opening": _CORE,
    "files": _CORE,
    "coap": {"coap_traffic", "coap_message", "coap_wire"} | _CORE,
    "coap_traffic": {"coap_context", "coap_message", "coap_resources"} | _CORE,
    "coap_context": {"coap_message", "coap_wire"} | _CORE,
    "coap_resources": {"coap_message", "coap_wire"} | _CORE,
    "coap_wire": {"coap_message"} | _CORE,
    "coap_message": _CORE,
    "diagnostics": {"network"} | _CORE,
    "settings": {"contact", "network", "registration"} | _CORE,
    "power": {"contact", "key", "network"} | _CORE,
    "psm": {"power"} | _CORE,
    "procedure": {"command", "table", "text"},
    "engine": {"transparent"} | _BELOW,
    "transparent": {"resync"} | _BELOW,
    "resync": {"agenda"} | _BELOW,
    "agenda": {"acks"} | _BELOW,
    "acks": {"sending"} | _BELOW,
    "sending": {"lines"} | _BELOW,
    "lines": {"urcs"} | _BELOW,
    "urcs": {"framing"} | _BELOW,
    "framing": {"intake", "parser"} | _BELOW,
    "intake": {"parser", "heads"} | _BELOW,
    "command": {"text"},
    "heads": {"text"},
    "table": {"ring"},
    "ring": set(),
    "parser": set(),
    "text": set(),
    "errors": set(),
    "_compat": set(),
    "_acompat": {"_compat"},
    "models/__init__": {"models/bg96", "models/ec200u", "models/bc65", "models/bc95g", "models/bc25"},
    "models/_lte": {"models/base"},
    "models/_nb": {"models/base"},
    "models/base": set(),
    "models/bg96": {"models/base", "models/_lte"},
    "models/ec200u": {"models/base", "models/_lte"},
    "models/bc65": {"models/base", "models/_nb"},
    "models/bc95g": {"models/base"},
    "models/bc25": {"models/base", "models/_nb"},
}
FREE = {"errors", "_compat"}
BUILT_IN = {"errno", "struct", "binascii", "io", "micropython"}
PLATFORM = {"machine", "time", "asyncio", "select", "sys", "os"}  # of _compat and _acompat alone
DYNAMIC = {"__init__", "models/__init__"}


def modules() -> list[str]:
    return sorted(str(path.relative_to(PACKAGE).with_suffix("")) for path in PACKAGE.rglob("*.py"))


def only_for_types(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def running(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes below but those of `if TYPE_CHECKING:`, which does not run."""
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.stmt) and only_for_types(child)):
            yield child
            yield from running(child)


def imports(source: str, module: str) -> Iterator[str]:
    """Names of the imported modules; of one in the package "./NAME"."""
    folder = module.rpartition("/")[0]
    for node in running(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""
        elif isinstance(node, ast.ImportFrom):
            base = folder.split("/") if folder and node.level == 1 else []
            names = [node.module.replace(".", "/")] if node.module else [alias.name for alias in node.names]
            yield from ("./" + "/".join([*base, name]) for name in names)


def offences(source: str, module: str) -> list[str]:
    """Imports that this module may not have."""
    arrows = ARROWS[module] | (FREE if module not in ("_compat", "_acompat") else set())
    allowed = {f"./{name}" for name in arrows} | BUILT_IN
    if module in ("_compat", "_acompat"):
        allowed |= PLATFORM
    return [name for name in imports(source, module) if name not in allowed]


@pytest.mark.parametrize("module", modules())
def test_every_arrow_is_one_of_the_house(module: str) -> None:
    assert module in ARROWS, f"{module}.py is new: say in ARROWS what it may import"
    assert not offences((PACKAGE / f"{module}.py").read_text(), module)


def test_the_arrows_make_no_circle() -> None:
    rest = {module: set(arrows) for module, arrows in ARROWS.items()}
    rest["models"] = rest.pop("models/__init__")
    while rest:
        leaves = [module for module, arrows in rest.items() if not arrows & rest.keys()]
        assert leaves, f"a circle in {sorted(rest)}"
        for leaf in leaves:
            del rest[leaf]


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("parser", "from .table import Slot"),
        ("engine", "def f():\n    from .errors import x\n    import time"),
        ("text", "import re"),
        ("models/bg96", "from ..engine import Engine"),
        ("network", "from . import tls"),
        ("sync", "import asyncio"),
        ("sync", "from ._acompat import Event"),
        ("intake", "try:\n    import machine\nexcept ImportError:\n    pass"),
        ("errors", "from .text import x"),
    ],
)
def test_a_wrong_arrow_is_seen(module: str, source: str) -> None:
    assert offences(source, module)


def test_what_is_for_types_alone_may_come_from_anywhere() -> None:
    assert not offences("if TYPE_CHECKING:\n    from typing import Any\n    from .sync import Modem\n", "parser")


@pytest.mark.parametrize("module", sorted(set(modules()) - DYNAMIC))
def test_no_name_is_imported_by_a_string(module: str) -> None:
    names = {
        node.id for node in ast.walk(ast.parse((PACKAGE / f"{module}.py").read_text())) if isinstance(node, ast.Name)
    }
    assert not names & {"__import__", "exec", "eval", "importlib"}


# --- at run time, on both Pythons ---------------------------------------------------------------------------------


def run(python: str, code: str, path: Path) -> str:
    """The output of a program that finds the driver below path."""
    if python == "CPython":
        command = [sys.executable, "-S", "-E", "-c", f"import sys; sys.path.insert(0, {str(path)!r})\n{code}"]
        environment = dict(os.environ)
    else:
        vm = runtimes.find_unix_vm()
        if vm is None:
            pytest.skip(runtimes.NO_UNIX_VM)
        command = [str(vm), "-c", code]
        environment = {**os.environ, "MICROPYPATH": f"{path}{os.pathsep}.frozen"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


_LOADED = "import sys; print(sorted(name for name in sys.modules if name.startswith('quectel') or name == 'asyncio'))"
PYTHONS = pytest.mark.parametrize("python", ["CPython", "unix VM"])


@PYTHONS
def test_the_package_alone_loads_nothing(python: str) -> None:
    code = f"import quectel; quectel.BUFFER; quectel.__version__; {_LOADED}"
    assert run(python, code, ROOT / "lib").strip() == "['quectel']"


@PYTHONS
def test_the_blocking_face_needs_no_asyncio_and_no_service(python: str) -> None:
    loaded = run(python, f"import quectel; quectel.Modem; quectel.Socket; {_LOADED}", ROOT / "lib")
    assert "quectel.sync_socket" in loaded
    for name in OPTIONAL + ("models.bg96", "models"):
        assert f"'quectel.{name}'" not in loaded, name
    assert "'asyncio'" not in loaded


@PYTHONS
def test_one_family_is_loaded(python: str) -> None:
    loaded = run(python, f"from quectel.models import find; find('EG915U'); {_LOADED}", ROOT / "lib")
    assert "quectel.models.ec200u" in loaded
    for name in ("bg96", "bc65", "bc25", "bc95g"):
        assert name not in loaded


_SESSION = """
from quectel import Modem

class Module:
    def __init__(self):
        self.out = b""
        self.line = b""
    def readinto(self, buf):
        n = min(len(buf), len(self.out))
        for i in range(n):
            buf[i] = self.out[i]
        self.out = self.out[n:]
        return n or None
    def write(self, buf, off, n):
        for c in bytes(memoryview(buf)[off:off + n]):
            if c == 13:
                self.out += self.answer(self.line.decode()).encode() + b"\\r\\nOK\\r\\n" + self.after
                self.line = b""
            else:
                self.line += bytes([c])
        return n
    def answer(self, line):
        self.after = b""
        if line.startswith("AT+QIOPEN"):
            self.after = b'\\r\\n+QIOPEN: 0,0\\r\\n\\r\\n+QIURC: "recv",0\\r\\n'
        elif line.startswith("AT+QICLOSE"):
            self.after = b"\\r\\nCLOSE OK\\r\\n"
        elif line == "AT+CGMM":
            return "\\r\\nBC25PA\\r\\n"
        elif line.startswith("AT+QIRD"):
            return "\\r\\n+QIRD: 5\\r\\nhello\\r\\n"
        elif line.startswith("AT+QICFG="):
            return "\\r\\n+QICFG: " + line.split("=")[1] + ",0\\r\\n"
        return ""

sock = Modem(Module(), "BC25", slots=1).create_connection(("10.0.0.1", 80), timeout_ms=5000)
print(sock.read(5))
sock.close()
"""


@PYTHONS
def test_an_image_for_tcp_alone_does_tcp(python: str, tmp_path: Path) -> None:
    shutil.copytree(PACKAGE, tmp_path / "quectel", ignore=shutil.ignore_patterns("__pycache__", "*.pyi"))
    for name in OPTIONAL:
        (tmp_path / "quectel" / f"{name}.py").unlink(missing_ok=True)
    for path in (tmp_path / "quectel" / "models").glob("*.py"):
        if path.stem not in ("__init__", "base", "_nb", "bc25"):
            path.unlink()
    assert not (tmp_path / "quectel" / "tls.py").exists()
    assert run(python, _SESSION, tmp_path).strip() == "b'hello'"


_NESTED = """
import builtins, sys
sys.path.insert(0, sys.argv[1])
real, depth, most = builtins.__import__, 0, 0

def nested(name, *rest):
    global depth, most
    depth += 1
    most = max(most, depth)
    try:
        return real(name, *rest)
    finally:
        depth -= 1

import asyncio, quectel
builtins.__import__ = nested
getattr(quectel, sys.argv[2])
print(most)
"""


@pytest.mark.parametrize("face", ["Modem", "AsyncModem"])
def test_imports_do_not_stand_on_one_another(face: str) -> None:
    """Each import that another one waits for takes a piece of the C stack, which is 8 KiB on some boards."""
    command = [sys.executable, "-c", _NESTED, str(ROOT / "lib"), face]
    depth = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert int(depth) <= 5, depth
