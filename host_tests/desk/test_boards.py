"""Board files, MicroPython board definitions and manifests, by the ports' stubs and the rules of a firmware build."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from desk import environment, image, runtimes
from desk.common import ROOT
from desk.manifest import Manifest, Wrong, frozen
from quectel.models import find

BOARDS = ROOT / "boards"
COMMON = BOARDS / "common"
PORTS = {"esp32", "rp2", "linux"}
FOLDERS = [BOARDS / name for name in image.boards()]
BUILT = [folder for folder in FOLDERS if folder.name != "UNIX"]  # with a definition for a firmware
PACKAGE = {path.relative_to(ROOT / "lib").as_posix() for path in (ROOT / "lib" / "quectel").rglob("*.py")}
every_board = pytest.mark.parametrize("folder", FOLDERS, ids=[folder.name for folder in FOLDERS])
built_boards = pytest.mark.parametrize("folder", BUILT, ids=[folder.name for folder in BUILT])


def board_text(folder: Path) -> str:
    return image.board_file(folder.name).read_text()


def constants(folder: Path) -> dict[str, Any]:
    """The constants of a board file, without running it."""
    values: dict[str, Any] = {}
    for node in ast.parse(board_text(folder)).body:
        if isinstance(node, ast.Assign) and not isinstance(node.value, ast.IfExp):
            target = node.targets[0]
            value = ast.literal_eval(node.value)
            if isinstance(target, ast.Tuple):
                values.update(zip([ast.unparse(name) for name in target.elts], value, strict=True))
            else:
                values[ast.unparse(target)] = value
    return values


def port(folder: Path) -> str:
    return str(constants(folder)["PORT"])


# --- board files --------------------------------------------------------------------------------------------------


def test_the_boards_that_are_promised() -> None:
    names = {folder.name for folder in FOLDERS}
    assert names >= {"RPI_PICO", "RPI_PICO_W", "GENERIC_ESP32", "GENERIC_ESP32_S3"}
    bought = [folder for folder in FOLDERS if "Source of the pins: " in board_text(folder)]
    assert len(bought) >= 4
    listed = re.findall(r"^\| `([A-Z0-9_]+)` \|", (BOARDS / "README.md").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(names)


@every_board
def test_constants_of_a_board(folder: Path) -> None:
    said = constants(folder)
    assert said["PORT"] in PORTS
    find(said["FAMILY"])
    if folder in BUILT:
        assert said["RXBUF"] >= 2048 and said["TXBUF"] >= 256
        pins = [said["TX"], said["RX"], *(said[name] for name in ("CTS", "RTS", "STATUS") if name in said)]
        pins += [said[name][0] for name in ("PWRKEY", "RESET", "DTR") if name in said]
        assert len(set(pins)) == len(pins), "a pin is used twice"


@built_boards
def test_pins_in_the_text_are_those_of_the_constants(folder: Path) -> None:
    said = constants(folder)
    text = ast.get_docstring(ast.parse(board_text(folder))) or ""
    sign = "GPIO" if said["PORT"] == "esp32" else "GP"
    for name in ("TX", "RX"):
        assert re.search(rf"{sign}{said[name]} +UART{said['UART_ID']} {name} ", text), name
    for name in ("PWRKEY", "RESET", "DTR"):
        if name in said:
            assert re.search(rf"{sign}{said[name][0]} .*{name}", text), name


@pytest.mark.parametrize(("name", "stubs"), [("esp32", "esp32"), ("rp2", "rp2"), ("linux", "host")])
def test_board_files_by_the_stubs_of_their_port(name: str, stubs: str, tmp_path: Path) -> None:
    """All boards of a port in one run of mypy, each under a name of its own."""
    files = []
    for folder in FOLDERS:
        if port(folder) == name:
            files.append(tmp_path / f"{folder.name.lower()}_board.py")
            shutil.copy(image.board_file(folder.name), files[-1])
    assert files
    if name != "linux":
        environment.ensure_folder(name, ROOT / "tools" / "mypy" / f"{name}-stubs.txt")
        for file in ("wiring.py", "first_page.py"):
            files.append(tmp_path / shutil.copy(COMMON / file, tmp_path))
    assert mypy(stubs, files) == 0
    if name != "linux":
        files[0].write_text(files[0].read_text() + "\nuart().no_such_thing()\n")
        assert mypy(stubs, files) == 1


def mypy(stubs: str, files: list[Path]) -> int:
    command = [sys.executable, "-m", "mypy", "--config-file", f"tools/mypy/{stubs}.ini"]
    done = subprocess.run(
        [*command, *map(str, files)],
        cwd=ROOT,
        env={**os.environ, "MYPYPATH": str(files[0].parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout, done.stderr)
    return done.returncode


# --- definitions for a firmware -----------------------------------------------------------------------------------


@built_boards
def test_a_definition_has_the_upstream_form(folder: Path) -> None:
    cmake = (folder / "mpconfigboard.cmake").read_text()
    header = (folder / "mpconfigboard.h").read_text()
    assert "set(MICROPY_FROZEN_MANIFEST ${MICROPY_BOARD_DIR}/manifest.py)" in cmake
    assert cmake.count("(") == cmake.count(")")
    name = re.search(r'^#define MICROPY_HW_BOARD_NAME +"([^"]+)"$', header, re.MULTILINE)
    assert name and len(name[1]) < 60
    if port(folder) == "rp2":
        assert re.search(r'^set\(PICO_BOARD "pico(_w)?"\)$', cmake, re.MULTILINE)
        assert re.search(r"^#define MICROPY_HW_FLASH_STORAGE_BYTES +\(\d+ \* 1024\)$", header, re.MULTILINE)
    else:
        assert re.search(r"^set\(IDF_TARGET esp32(s3)?\)$", cmake, re.MULTILINE)
        assert "boards/sdkconfig.base\n" in cmake
        assert re.search(r'^#define MICROPY_HW_MCU_NAME +"ESP32', header, re.MULTILINE)


@pytest.fixture
def upstream(tmp_path: Path) -> dict[str, Path]:
    """The folders that a firmware build has, with as much in them as manifests ask for."""
    tree = {name: tmp_path / name for name in ("PORT_DIR", "MPY_DIR", "MPY_LIB_DIR")}
    (tree["PORT_DIR"] / "boards").mkdir(parents=True)
    (tree["PORT_DIR"] / "boards" / "port_module.py").touch()
    (tree["PORT_DIR"] / "boards" / "manifest.py").write_text('module("port_module.py")\n')
    for name in ("bundle-networking", "aioble"):
        folder = tree["MPY_LIB_DIR"] / "micropython" / name
        folder.mkdir(parents=True)
        (folder / f"{name}.py").touch()
        (folder / "manifest.py").write_text(f'metadata(version="1.0")\nmodule("{name}.py")\n')
    return tree


def build(path: Path, tree: dict[str, Path], **options: Any) -> Manifest:
    """What a firmware build with this manifest freezes."""
    variables = {name: folder for name, folder in tree.items() if name != "MPY_LIB_DIR"}
    manifest = Manifest(freeze=True, library=tree["MPY_LIB_DIR"], **variables)
    before = Path.cwd()
    manifest.include(str(path), **options)
    assert Path.cwd() == before
    return manifest


def targets(manifest: Manifest) -> list[str]:
    names = [file.target for file in manifest.files]
    assert len(set(names)) == len(names), "frozen twice"
    return names


@built_boards
def test_a_board_freezes_port_package_and_board_file(folder: Path, upstream: dict[str, Path]) -> None:
    manifest = build(folder / "manifest.py", {**upstream, "BOARD_DIR": folder})
    names = targets(manifest)
    assert names[0] == "port_module.py"
    (board_file,) = [file.source for file in manifest.files if file.target == "board.py"]
    assert board_file.samefile(image.board_file(folder.name))
    assert {"board.py", "wiring.py", "first_page.py"} <= set(names)
    package = {name for name in names if name.startswith("quectel/")}
    assert package <= PACKAGE
    family = find(constants(folder)["FAMILY"]).name.lower()
    assert f"quectel/models/{family}.py" in package
    if family != "bc95g":
        assert package == PACKAGE


def test_the_root_manifest_as_frozen_manifest(upstream: dict[str, Path]) -> None:
    manifest = build(ROOT / "manifest.py", upstream)
    assert set(targets(manifest)) == PACKAGE | {"port_module.py"}
    assert {file.opt for file in manifest.files if file.target in PACKAGE} == {2}


def test_the_root_manifest_in_another(tmp_path: Path, upstream: dict[str, Path]) -> None:
    own = tmp_path / "mine" / "manifest.py"
    own.parent.mkdir()
    (own.parent / "app.py").touch()
    own.write_text(f'include("$(PORT_DIR)/boards/manifest.py")\ninclude("{ROOT}/manifest.py")\nmodule("app.py")\n')
    assert set(targets(build(own, upstream))) == PACKAGE | {"port_module.py", "app.py"}
    own.write_text(f'metadata(version="1.0")\ninclude("{ROOT}", port=False, part="tcp")\n')
    names = set(targets(build(own, upstream)))
    assert "port_module.py" not in names and names < PACKAGE


@pytest.mark.parametrize(
    ("part", "without", "with_"),
    [
        ("tcp", ("tls", "files", "suites", "coap", "models/bc95g"), ("models/bc25", "models/bg96", "sync_socket")),
        ("tls", ("coap", "models/bc95g"), ("tls", "files", "suites", "models/bg96")),
        ("coap", ("tls", "files", "suites", "models/bg96", "models/bc65"), ("coap", "models/bc95g")),
        ("all", (), ("tls", "coap", "models/bc25")),
    ],
)
def test_parts(part: str, without: tuple[str, ...], with_: tuple[str, ...], upstream: dict[str, Path]) -> None:
    names = {file.target for file in frozen(ROOT / "manifest.py", part)}
    assert not {f"quectel/{name}.py" for name in without} & names
    assert {f"quectel/{name}.py" for name in with_} <= names <= PACKAGE
    assert {f"quectel/{name}.py" for name in without} <= PACKAGE, "left out, but not there"
    if part != "all":
        assert set(targets(build(ROOT / "manifests" / f"{part}.py", upstream))) == names | {"port_module.py"}


def test_what_a_part_leaves_out_is_there() -> None:
    text = (ROOT / "manifest.py").read_text()
    names = re.findall(
        r'"([a-z0-9_/]+)"', " ".join(re.findall(r"^(?:TLS|COAP|SOCKETS) = \((.*)\)$", text, re.MULTILINE))
    )
    assert len(names) > 8
    for name in names:
        assert [file for file in PACKAGE if file.startswith(f"quectel/{name}")], name


def test_wrong_manifests_are_refused(tmp_path: Path) -> None:
    def run(text: str, *, freeze: bool = True) -> None:
        (tmp_path / "manifest.py").write_text(text)
        Manifest(freeze=freeze).include(str(tmp_path))

    with pytest.raises(ValueError, match="part must be one of"):
        Manifest(freeze=False).include(str(ROOT / "manifest.py"), part="udp")
    for text in ('module("none.py")', 'include("none.py")', 'require("none")', 'freeze("x")', 'metadata(colour="red")'):
        with pytest.raises(Wrong):
            run(text)
    with pytest.raises(Wrong, match="first"):
        run('package("x")', freeze=False)
    with pytest.raises(Wrong, match="before"):
        run('metadata(version="1")\nmetadata(version="2")')


_PART = """
import sys
sys.path.insert(0, sys.argv[1])
import first_page
from quectel import Modem

class Uart:
    def readinto(self, buf):
        return None
    def write(self, buf, off, n):
        return n

modem = Modem(Uart(), %r)
%s
print("whole")
"""


@pytest.mark.parametrize(
    ("part", "family", "more"),
    [
        ("tcp", "BC25", "modem.socket()"),
        ("tcp", "BG96", "modem.socket()"),
        ("tls", "EC200U", "from quectel import TLSContext\nmodem.socket(tls=TLSContext(ca='ca.pem'))\nmodem.files"),
        ("coap", "BC95-G", "modem.coap()"),
        ("tcp", "BC25", "from quectel import AsyncModem\nAsyncModem(Uart(), 'BC25').socket()"),
    ],
)
def test_a_part_is_enough_for_what_it_is_for(part: str, family: str, more: str, tmp_path: Path) -> None:
    for file in frozen(ROOT / "manifest.py", part):
        target = tmp_path / "image" / file.target
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file.source, target)
    shutil.copy(COMMON / "first_page.py", tmp_path / "image")
    (tmp_path / "run.py").write_text(_PART % (family, more))
    machines = [[sys.executable, "-E", "-S"]] + ([[str(vm)]] if (vm := runtimes.find_unix_vm()) else [])
    for machine in machines:
        command = [*machine, str(tmp_path / "run.py"), str(tmp_path / "image")]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=60)
        assert done.stdout.endswith("whole\n"), done.stdout + done.stderr
