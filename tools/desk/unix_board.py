"""A board without hardware: MicroPython's unix port behind a pty, with a flash file system of its own.

mpremote finds on the pty what a board has: a raw REPL, soft reset, and a littlefs of a fixed size, which is kept in a
file. The computer's own files are below /host.
"""

import contextlib
import os
import pty
import select
import subprocess
import threading
import tty
from collections.abc import Iterator, Mapping
from pathlib import Path

from desk import runtimes
from desk.common import Parser, Stop, say

BLOCK = 4096
SIZE_KIB = 1024  # of the flash; a Pico's is 1,408
SMALLEST_KIB = 32
_SOFT_REBOOT = b"soft reboot\r\n"
_RAW = b"\x01"  # Ctrl-A
_PIECE = 4096

# Run by the VM before its REPL: what a port's _boot.py does
_BOOT = """
import sys, vfs
class Flash:
    def __init__(self, name):
        self.file = open(name, "r+b")
    def readblocks(self, block, buf, off=0):
        self.file.seek(block * {block} + off)
        self.file.readinto(buf)
    def writeblocks(self, block, buf, off=0):
        self.file.seek(block * {block} + off)
        self.file.write(buf)
    def ioctl(self, what, arg):
        if what == 3:
            self.file.flush()
        return {{4: {blocks}, 5: {block}}}.get(what, 0)
flash = Flash({image!r})
try:
    system = vfs.VfsLfs2(flash)
except OSError:
    vfs.VfsLfs2.mkfs(flash)
    system = vfs.VfsLfs2(flash)
vfs.umount("/")
vfs.mount(vfs.VfsPosix("/"), "/host")
vfs.mount(system, "/")
import os
os.chdir("/")
sys.path[:] = ["", ".frozen", "/lib"]
{more}

def run(code, names, stdout):
    failed = None
    try:
        exec(compile(code.decode(), "<stdin>", "exec"), names)
    except BaseException as error:
        failed = error
    stdout.write(b"\\x04")
    if failed is not None:
        sys.print_exception(failed, sys.stdout)
    stdout.write(b"\\x04>")

def repl():
    # The protocol of a board's REPL as mpremote speaks it. The unix port itself has it from MicroPython 1.26 only.
    from io import BytesIO
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    names = {{"__name__": "__main__"}}
    raw, code, byte = False, bytearray(), b"\\x02"
    while True:
        if byte == b"\\x01":
            raw, code = True, bytearray()
            stdout.write(b"raw REPL; CTRL-B to exit\\r\\n>")
        elif byte == b"\\x02":
            raw = False
            stdout.write(b"\\r\\n>>> ")
        elif byte == b"\\x03":
            code = bytearray()
            stdout.write(b"" if raw else b"\\r\\n>>> ")
        elif byte == b"\\x05" and raw and not code:
            stdin.read(2)  # A, Ctrl-A: raw paste, in windows of 1024 bytes
            stdout.write(b"R\\x01\\x00\\x04")
            byte = stdin.read(1)
            while byte and byte != b"\\x04":
                code += byte
                if len(code) % 1024 == 0:
                    stdout.write(b"\\x01")
                byte = stdin.read(1)
            stdout.write(b"\\x04")
            run(code, names, stdout)
            code = bytearray()
        elif byte == b"\\x04":
            if not code:
                return
            stdout.write(b"OK")
            run(code, names, stdout)
            code = bytearray()
        elif raw:
            code += byte
        byte = stdin.read(1)
        if not byte:
            return

repl()
"""


class UnixBoard:
    """A board that lives until close(). mpremote connects to `path`, or to `tty`, where it is several times faster."""

    def __init__(self, vm: Path, folder: Path, *, size_kib: int = SIZE_KIB, more: str = "") -> None:
        self._vm = vm
        image = folder / "flash.img"
        if not image.exists():
            image.write_bytes(b"\xff" * (size_kib * 1024))
        self._boot = _BOOT.format(block=BLOCK, blocks=image.stat().st_size // BLOCK, image=str(image), more=more)
        self._outer, slave = pty.openpty()  # the slave is kept open: a client may come and go
        self._slave = slave
        tty.setraw(slave)
        self.tty = os.ttyname(slave)
        self.path = folder / "board"
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(self.tty)
        self._stop_in, self._stop_out = os.pipe()
        self._start()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the VM and the pty."""
        os.write(self._stop_out, b"x")
        self._thread.join(5)
        self._end()
        self.path.unlink(missing_ok=True)
        for fd in (self._outer, self._slave, self._stop_in, self._stop_out):
            os.close(fd)

    def wait(self) -> None:
        """Until close() is called by somebody else, or for ever."""
        self._thread.join()

    def _start(self) -> None:
        self._inner, slave = pty.openpty()
        tty.setraw(slave)
        self._process = subprocess.Popen(
            [str(self._vm), "-X", f"heapsize={runtimes.HEAP}", "-c", self._boot],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=_environment(os.environ),
            start_new_session=True,
        )
        os.close(slave)

    def _end(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        os.close(self._inner)

    def _run(self) -> None:
        while True:
            ready, _, _ = select.select([self._inner, self._outer, self._stop_in], [], [])
            if self._stop_in in ready:
                return
            if self._outer in ready:
                os.write(self._inner, os.read(self._outer, _PIECE))
            if self._inner in ready and not self._pass_on():
                self._reboot()

    def _pass_on(self) -> bool:
        """What the VM says goes to the client; False when the VM has ended."""
        with contextlib.suppress(OSError):  # a pty whose other end is closed raises EIO
            data = os.read(self._inner, _PIECE)
            os.write(self._outer, data)
            return bool(data)
        return False

    def _reboot(self) -> None:
        """Ctrl-D ends the unix port where another one makes a soft reset: start it again, in the raw REPL."""
        self._end()
        self._start()
        os.write(self._outer, _SOFT_REBOOT)
        os.write(self._inner, _RAW)


def _environment(outer: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in outer.items() if not name.startswith("MICROPY")}


@contextlib.contextmanager
def unix_board(folder: Path, **kw: int) -> Iterator[UnixBoard]:
    """A board for a `with` block; Stop where there is no unix VM."""
    board = UnixBoard(runtimes.find_unix_vm() or runtimes.fetch_unix_vm(), folder, **kw)  # type: ignore[arg-type]
    try:
        yield board
    finally:
        board.close()


def main(argv: list[str]) -> int:
    """Start a board without hardware and say where it is, until Ctrl-C."""
    parser = Parser(prog="dev.py board", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="where the flash is kept, and `board`, the path for --port")
    parser.add_argument("--kib", type=int, default=SIZE_KIB, help="size of the flash when it is made")
    options = parser.parse_args(argv)
    if options.kib < SMALLEST_KIB:
        raise Stop(f"--kib is {SMALLEST_KIB} or more: a file system needs some blocks of {BLOCK} bytes")
    try:
        options.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Stop(f"{options.folder}: {error.strerror}") from error
    with unix_board(options.folder.resolve(), size_kib=options.kib) as board:
        print(f"ready {board.path}", flush=True)
        say("Ctrl-C ends it")
        board.wait()
    return 0
