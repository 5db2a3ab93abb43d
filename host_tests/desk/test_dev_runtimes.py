"""Where the MicroPython VMs are found and how scripts start in them."""

import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from desk import runtimes
from desk.common import ROOT, Stop

HOST_TESTS = ROOT / "host_tests"


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MICROPYTHON", raising=False)
    real = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "micropython" else real(name))
    monkeypatch.setattr(runtimes, "_fetched_vm", lambda: None)


def test_named_vm_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vm = program(tmp_path / "mpy", "echo micropython 1 25")
    monkeypatch.setenv("MICROPYTHON", str(vm))
    assert runtimes.find_unix_vm() == vm


@pytest.mark.parametrize("prints", ["micropython 1 19", "cpython 3 11", ""])
def test_named_vm_must_be_one(prints: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MICROPYTHON", str(program(tmp_path / "mpy", f"echo {prints}")))
    with pytest.raises(Stop, match=r"no MicroPython 1\.23 or later; correct it or unset it$"):
        runtimes.find_unix_vm()


def test_named_vm_must_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MICROPYTHON", "/nowhere/micropython")
    with pytest.raises(Stop, match=r"/nowhere/micropython, which is no program"):
        runtimes.find_unix_vm()


def test_fetched_vm_serves_where_path_has_an_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = program(tmp_path / "old", "echo micropython 1 19")
    new = program(tmp_path / "new", "echo micropython 1 25")
    monkeypatch.setattr(shutil, "which", lambda name: str(old))
    monkeypatch.setattr(runtimes, "_fetched_vm", lambda: new)
    assert runtimes.find_unix_vm() == new


def test_no_vm_and_no_node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert runtimes.find_unix_vm() is None
    with pytest.raises(Stop, match=r"needs Node\.js"):
        runtimes.fetch_wasm_vm("0")


def test_unix_script_gets_path_environment_and_arguments(tmp_path: Path) -> None:
    vm = program(tmp_path / "mpy", 'echo "$@"; echo $MICROPYPATH $WORD')
    child = runtimes.start_unix(
        vm, Path("x.py"), ["a"], path=[Path("/p"), Path("/q")], environment={"WORD": "w"}, stdout=-1
    )
    output = ending(child)
    assert output == "-X heapsize=64m x.py a\n/p:/q:.frozen w\n"


WASM_SCRIPT = """
import sys, kit, micropython
from wasm_uart_shim import WasmUart

def echo(uart, buf, total):
    moved = 0
    while moved < total:
        n = uart.readinto(buf)
        if n is None:
            uart.wait(1000)
            continue
        sent = 0
        while sent < n:
            k = uart.write(buf, sent, n - sent)
            if k is None:
                uart.wait(1)
            else:
                sent += k
        moved += n

uart, buf = WasmUart(), bytearray(512)
assert uart.readinto(buf) is None
assert not uart.wait(5)
uart.write(b"-ready-", 1, 5)
micropython.heap_lock()
try:
    echo(uart, buf, int(sys.argv[1]))
finally:
    micropython.heap_unlock()
print(sys.argv[1:], kit.getenv("WORD"), kit.getenv("NONE"), 1 << 31)
uart.wait(5000)
try:
    uart.readinto(buf)
except OSError as error:
    print("gone", error.errno)
sys.exit(3)
"""


def wasm_vm() -> Path:
    vm = runtimes.find_wasm_vm()
    if vm is None:
        pytest.skip("npm's VM was not fetched yet")
    return vm


def ending(child: "subprocess.Popen[str]") -> str:
    """What it prints up to its end; it is killed where it does not end."""
    try:
        return child.communicate(timeout=60)[0]
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        raise


def read(fd: int, n: int) -> bytes:
    got = b""
    while len(got) < n:
        got += os.read(fd, n - len(got))
    return got


def test_wasm_script_has_a_uart_and_moves_bytes_without_allocating(tmp_path: Path) -> None:
    vm = wasm_vm()
    script = tmp_path / "script.py"
    script.write_text(WASM_SCRIPT)
    data = bytes(range(256)) * 64
    master, slave = os.openpty()
    child = runtimes.start_wasm(
        vm,
        script,
        [str(len(data)), "b c"],
        path=[HOST_TESTS],
        environment={"WORD": "w"},
        uart=os.ttyname(slave),
        stdout=-1,
        stderr=-2,
    )
    try:
        assert read(master, 5) == b"ready"
        writer = threading.Thread(target=os.write, args=(master, data))
        writer.start()
        assert read(master, len(data)) == data
        writer.join()
        line = child.stdout.readline() if child.stdout else ""
        assert line == f"['{len(data)}', 'b c'] w None 2147483648\n"
    finally:
        os.close(slave)
        os.close(master)
        output = ending(child)
    assert output == "gone 5\n" and child.returncode == 3


def test_wasm_error_is_shown_and_fails(tmp_path: Path) -> None:
    vm = wasm_vm()
    script = tmp_path / "script.py"
    script.write_text("import nothing_of_this_name\n")
    child = runtimes.start_wasm(vm, script, stdout=-1, stderr=-2)
    output = ending(child)
    assert child.returncode == 1 and "ImportError" in output and "script.py" in output
