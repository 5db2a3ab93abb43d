"""`dev.py deploy` with mpremote itself, onto MicroPython's unix port behind a pty that has a flash of its own."""

import dataclasses
import functools
import hashlib
import importlib
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from desk import deploy, image, mpremote, runtimes, servers, unix_board
from desk.common import ROOT, Stop
from desk.unix_board import UnixBoard
from e2e import World

pytestmark = pytest.mark.skipif(runtimes.find_unix_vm() is None, reason=runtimes.NO_UNIX_VM)
PAGE = "This is line 60 of the page of example.com."


@pytest.fixture(scope="module", autouse=True)
def compiled_once() -> Iterator[None]:
    """mpy-cross starts once for each file, not once more with every deploy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(image, "compile_file", functools.cache(image.compile_file))
        yield


def start(folder: Path, **kw: Any) -> UnixBoard:
    vm = runtimes.find_unix_vm()
    assert vm is not None
    folder.mkdir(exist_ok=True)
    return UnixBoard(vm, folder, **kw)


def on_board(board: UnixBoard, script: str) -> str:
    """What a script prints behind a soft reset; by mpremote's transport, without a start of the program."""
    transport: Any = importlib.import_module("mpremote.transport_serial").SerialTransport(board.tty)
    try:
        transport.enter_raw_repl()
        said: bytes = transport.exec(script)
        return said.decode()
    finally:
        transport.close()


def files(board: UnixBoard) -> dict[str, str]:
    """Name and hash of what is there, as the probe tells."""
    told = on_board(board, deploy.PROBE % ((*deploy._OURS, *deploy._BESIDE),))
    found: dict[str, str] = json.loads(told.removeprefix(mpremote.MARK))["files"]
    return found


def run(board: UnixBoard, *arguments: str) -> int:
    return deploy.main(["UNIX", "--port", board.tty, *arguments])


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """A module with a page behind it."""
    world = World("BG96")
    yield world
    world.close()


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory, world: World) -> Iterator[tuple[UnixBoard, World]]:
    """A board that has everything, and a page to fetch."""
    folder = tmp_path_factory.mktemp("board")
    site = world.serve("example.com", servers.https(servers.Authority("deploy test"), "example.com"))
    (folder / "ca.pem").write_bytes(site.ca_pem)
    board = start(folder)
    try:
        given = ["--uart", world.module.url, "--host", "example.com", "--ca", str(folder / "ca.pem")]
        assert run(board, *given) == 0
        yield board, world
    finally:
        board.close()


def test_everything_is_there_as_bytecode_and_checked(deployed: tuple[UnixBoard, World]) -> None:
    board, _ = deployed
    there = files(board)
    wanted = [*image.package("UNIX", "all", compiled=True), *image.beside("UNIX"), image.main_program()]
    assert {file.name: file.sha for file in wanted}.items() <= there.items()
    assert set(there) - {file.name for file in wanted} == {"settings.json", "ca.pem"}
    assert all(name.endswith(".mpy") for name in there if name.startswith("lib/"))


def test_the_first_page_over_it(deployed: tuple[UnixBoard, World]) -> None:
    assert PAGE in on_board(deployed[0], "import main")


def test_a_second_time_nothing_is_copied(deployed: tuple[UnixBoard, World], capsys: pytest.CaptureFixture[str]) -> None:
    before = files(deployed[0])
    assert run(deployed[0]) == 0
    said = capsys.readouterr().out
    assert "0 files copied and checked, 0 removed" in said and "ok      module: Quectel BG96" in said
    assert files(deployed[0]) == before


def test_what_was_changed_is_copied_and_what_is_stale_removed(
    deployed: tuple[UnixBoard, World], capsys: pytest.CaptureFixture[str]
) -> None:
    board, _ = deployed
    before = files(board)
    on_board(board, "f = open('lib/quectel/text.mpy', 'a'); f.write('x'); f.close()")
    on_board(board, "for n in ('lib/quectel/text.py', 'lib/quectel/gone.mpy', 'mine.py'): open(n, 'w').close()")
    assert run(board) == 0
    assert "1 files copied and checked, 2 removed" in capsys.readouterr().out
    assert files(board) == before
    assert "mine.py" in on_board(board, "import os; print(os.listdir())")


def test_what_is_the_users_is_kept_unless_asked(
    deployed: tuple[UnixBoard, World], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    board, world = deployed
    on_board(board, "f = open('main.py', 'w'); f.write('print(1)'); f.close()")
    before = files(board)
    again = ["--uart", world.module.url, "--host", "example.com", "--apn", "m2m"]
    assert run(board, *again, "--no-self-test") == 0
    said = capsys.readouterr().out
    assert "keep    settings.json" in said and "keep    main.py" in said
    assert files(board) == before
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    answers = {"settings.json": "y", "main.py": ""}
    monkeypatch.setattr("builtins.input", lambda prompt: answers[prompt.split()[0]])
    assert run(board, *again, "--no-self-test") == 0
    settings = json.loads(on_board(board, "print(open('settings.json').read())"))
    assert settings == {"uart": world.module.url, "host": "example.com", "apn": "m2m"}
    assert files(board)["main.py"] == before["main.py"]
    assert run(board, "--overwrite", "--no-self-test") == 0
    assert files(board)["main.py"] == image.main_program().sha


def test_a_copy_that_is_not_what_was_sent_replaces_nothing(
    deployed: tuple[UnixBoard, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    board, _ = deployed
    before = files(board)
    stage = deploy._stage

    def damaged(port: str, what: list[image.File]) -> list[tuple[str, image.File]]:
        stage(port, [image.File(file.name, file.data[:-1] + b"?") for file in what])
        return [(f"{deploy.STAGING}/{n}", file) for n, file in enumerate(what)]

    monkeypatch.setattr(deploy, "_stage", damaged)
    changed = [image.File("lib/quectel/text.mpy", b"new"), image.File("lib/quectel/ring.mpy", b"newer")]
    with pytest.raises(Stop, match="not what was sent"):
        deploy.transfer(deploy.probe(board.tty), deploy.Plan(changed, ["board.py"]))
    assert files(board) == before


def test_a_module_that_does_not_answer_is_said(
    deployed: tuple[UnixBoard, World], capsys: pytest.CaptureFixture[str]
) -> None:
    board, world = deployed
    world.fault("no_answer", times=0)
    try:
        assert run(board) == 1
    finally:
        world.call(lambda module: module.clear())
    said = capsys.readouterr().out
    assert "failed  module: no answer" in said and "are TX and RX crossed" in said and "self-test failed" in said


def test_settings_that_cannot_be_read_are_said(
    deployed: tuple[UnixBoard, World], capsys: pytest.CaptureFixture[str]
) -> None:
    board, world = deployed
    for text, words in (
        ("{", "look at board.py and settings.json"),
        ('{"uart": "socket://127.0.0.1:1"}', "ECONNREFUSED"),
    ):
        on_board(board, f"f = open('settings.json', 'w'); f.write({text!r}); f.close()")
        assert run(board) == 1
        assert words in capsys.readouterr().out
    assert run(board, "--overwrite", "--uart", world.module.url) == 0


def test_the_command_for_a_board_without_hardware(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "tools" / "dev.py"), "board", str(tmp_path / "pico"), "--kib", "128"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == f"ready {tmp_path}/pico/board\n"
            free = mpremote.run(str(tmp_path / "pico" / "board"), "exec", "import os; print(os.statvfs('/')[3])")
            assert int(free) == 30
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 130
        finally:
            process.kill()
    assert not (tmp_path / "pico" / "board").is_symlink()


def test_a_board_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Stop, match="file: File exists"):
        unix_board.main([str(tmp_path / "file")])
    with pytest.raises(Stop, match="--kib is 32 or more"):
        unix_board.main([str(tmp_path / "small"), "--kib", "1"])
    assert not (tmp_path / "small").exists()


def test_a_mount_and_mip_install_from_a_folder(tmp_path: Path) -> None:
    board = start(tmp_path / "board")
    try:
        code = "import quectel; from quectel.models import find; print(find('EG915U').name, quectel.Modem)"
        assert "EC200U" in mpremote.run(board.tty, "mount", str(ROOT / "lib"), "exec", code)
        with pytest.raises(Stop, match="ImportError"):
            mpremote.run(board.tty, "exec", code)
        mpremote.run(board.tty, "mip", "install", str(ROOT / "package.json"))
        urls = json.loads((ROOT / "package.json").read_text())["urls"]
        installed = {name: hashlib.sha256((ROOT / source).read_bytes()).hexdigest() for name, source in urls}
        assert files(board) == {f"lib/{name}": sha for name, sha in installed.items()}
        assert "EC200U" in mpremote.run(board.tty, "exec", code)
    finally:
        board.close()


# --- what can go wrong before ------------------------------------------------------------------------------------


@pytest.fixture
def bare(tmp_path: Path) -> Iterator["Callable[..., UnixBoard]"]:
    """Boards with nothing on them."""
    boards: list[UnixBoard] = []

    def make(**kw: Any) -> UnixBoard:
        boards.append(start(tmp_path / f"bare{len(boards)}", **kw))
        return boards[-1]

    yield make
    for board in boards:
        board.close()


def test_a_full_file_system_is_said_before_anything_is_copied(bare: "Callable[..., UnixBoard]") -> None:
    board = bare(size_kib=64)
    with pytest.raises(Stop, match=r"bytes free and .* are needed.*Nothing was copied"):
        run(board)
    assert files(board) == {}


def test_a_file_system_that_runs_full_is_left_as_it_was(
    bare: "Callable[..., UnixBoard]", monkeypatch: pytest.MonkeyPatch
) -> None:
    board = bare(size_kib=48)
    on_board(board, "f = open('board.py', 'w'); f.write('old'); f.close()")
    before = files(board)
    monkeypatch.setattr(deploy, "check_space", lambda *_: None)
    with pytest.raises(Stop, match=r"file system of the board is full.*Nothing on the board was replaced"):
        run(board)
    assert files(board) == before
    assert deploy.STAGING not in on_board(board, "import os; print(os.listdir())")


def test_a_board_file_for_another_port(bare: "Callable[..., UnixBoard]") -> None:
    board = bare()
    with pytest.raises(Stop, match="of the port linux, and RPI_PICO is for rp2; choose from UNIX"):
        deploy.main(["RPI_PICO", "--port", board.tty])
    assert files(board) == {}


_OLD = """
class Old:
    platform, path, stdin, stdout, print_exception = sys.platform, sys.path, sys.stdin, sys.stdout, sys.print_exception
    class implementation:
        name, version, _mpy = "micropython", (1, 22, 2), 0x206
sys.modules["sys"] = Old
"""


def test_an_old_micropython(bare: "Callable[..., UnixBoard]") -> None:
    board = bare(more=_OLD)
    with pytest.raises(Stop, match=r"runs MicroPython 1\.22\.2; the driver needs 1\.23 or later.*micropython\.org"):
        run(board)


def test_a_small_heap_is_said(bare: "Callable[..., UnixBoard]", capsys: pytest.CaptureFixture[str]) -> None:
    target = deploy.probe(bare().tty)
    assert target.heap > deploy.HEAP
    deploy.warn(target)
    assert capsys.readouterr().err == ""
    deploy.warn(dataclasses.replace(target, heap=180_000))
    assert "180000 bytes of heap free" in capsys.readouterr().err


def test_bytecode_that_the_board_cannot_load_is_not_copied(
    bare: "Callable[..., UnixBoard]", capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    board = bare(more=_OLD.replace("(1, 22, 2)", "(1, 30, 0)"))
    monkeypatch.setattr(deploy, "transfer", lambda target, plan: None)
    assert run(board, "--no-self-test", "--part", "coap") == 0
    captured = capsys.readouterr()
    assert "cannot load bytecode" in captured.err
    assert "lib/quectel/coap.py" in captured.out and ".mpy" not in captured.out


_PICO = "/dev/ttyACM0 e6614c311b 2e8a:0005 MicroPython Board in FS mode\n"
_MODULE = "/dev/ttyUSB2 None 2c7c:0296 Quectel LPWA Module\n/dev/ttyS0 None 0000:0000 None None\n"


@pytest.mark.parametrize(
    ("listed", "words"),
    [
        (_MODULE, "there is no board on USB: plug one in"),
        (_PICO + _MODULE + _PICO.replace("ACM0", "ACM1"), r"there are 2 boards: name one with --port.*ACM0.*ACM1"),
    ],
)
def test_no_board_and_two_boards(listed: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mpremote, "_start", lambda *_: listed)
    with pytest.raises(Stop, match=words):
        deploy.main(["RPI_PICO"])


def test_the_one_board_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mpremote, "_start", lambda *_: _PICO + _MODULE)
    assert deploy.find_port() == "/dev/ttyACM0"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["NO_SUCH_BOARD"], "there is no board 'NO_SUCH_BOARD'; choose from"),
        (["UNIX", "--port", "/dev/no-such-port"], "cannot be opened"),
        (["UNIX", "--host-port", "none"], "--host-port is 1 to 65535"),
        (["UNIX", "--family", "BG97"], "unknown family 'BG97'; known are BG96"),
        (["UNIX", "--part", "udp"], "invalid choice"),
    ],
)
def test_wrong_use(arguments: list[str], words: str) -> None:
    with pytest.raises(Stop, match=words):
        deploy.main(arguments)


def test_certificates_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / "ca.der").write_bytes(b"\x30\x82")
    with pytest.raises(Stop, match="no certificate in PEM"):
        deploy._read_pem(tmp_path / "ca.der")
    with pytest.raises(Stop, match="No such file"):
        deploy._read_pem(tmp_path / "none.pem")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("mpremote.transport.TransportError: could not enter raw repl", "no MicroPython answers on X"),
        ("OSError: [Errno 5] EIO", "fails to write"),
        ("MemoryError: memory allocation failed, allocating 4096 bytes", "freeze it into the firmware"),
        ("one\n\n  two \n", "mpremote failed on X: two"),
        ("", "it gave no reason"),
    ],
)
def test_words_for_what_mpremote_says(said: str, words: str) -> None:
    assert words in mpremote._words(said, "X")


def test_a_board_that_hangs_is_given_up(bare: "Callable[..., UnixBoard]") -> None:
    with pytest.raises(Stop, match="has stopped answering: press its reset button"):
        mpremote.execute(bare().tty, "while True: pass", limit_s=2)
