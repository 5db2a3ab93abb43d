"""UARTs of quectel_host against a TCP echo and a pty on loopback, on CPython and in the unix VM."""

import errno
import os
import pty
import socket
import subprocess
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from desk import runtimes
from quectel_host import open_uart

if TYPE_CHECKING:
    from quectel_host._types import HostUart

ROOT = Path(__file__).resolve().parents[2]
WAIT_S, LONG_S = 20, 60  # what a busy machine is given, and what is far longer
MICROPYTHON = runtimes.find_unix_vm()
needs_vm = pytest.mark.skipif(MICROPYTHON is None, reason="no unix MicroPython: get it with dev.py vm")


class Echo:
    """The far end of a line: echoes until it has seen "bye", then hangs up."""

    def __init__(self, fd: int, close: "int | None" = None) -> None:
        self.fd = fd
        self._close = close
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        seen = b""
        while b"bye" not in seen:
            data = os.read(self.fd, 4096)
            if not data:
                break
            seen = (seen + data)[-4096:]
            if b"bye" not in seen:
                os.write(self.fd, data)
        self.hang_up()

    def hang_up(self) -> None:
        for fd in (self.fd, self._close):
            if fd is not None:
                os.close(fd)
        self.fd, self._close = -1, None

    def join(self) -> None:
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()


@contextmanager
def tcp_line(echo: bool = True) -> "Iterator[str]":
    """URL of a port server that takes one connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(WAIT_S)
        held: list[socket.socket | Echo] = []

        def serve() -> None:
            peer, _ = server.accept()
            peer.settimeout(None)
            held.append(Echo(peer.detach()) if echo else peer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield "socket://127.0.0.1:%d" % server.getsockname()[1]
        finally:
            thread.join(WAIT_S)
            end_of(held)


def end_of(held: "list[socket.socket | Echo]") -> None:
    for one in held:
        if isinstance(one, Echo):
            one.join()
        else:
            one.close()


@contextmanager
def pty_line(echo: bool = True) -> "Iterator[str]":
    """Path of a pty with an echo, or with nobody, at its other end."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    path = os.ttyname(slave)
    if echo:
        far = Echo(master, slave)  # the slave is held open, or the pty hangs up before it is used
        try:
            yield path
        except BaseException:
            if far.fd >= 0:
                os.write(slave, b"bye")  # nobody has said it
            raise
        finally:
            far.join()
        return
    try:
        yield path
    finally:
        os.close(master)
        os.close(slave)


LINES = {"tcp": (tcp_line, errno.ECONNRESET), "pty": (pty_line, errno.ENODEV)}
each_line = pytest.mark.parametrize("kind", LINES)


def read_exactly(uart: "HostUart", n: int) -> bytes:
    buf, out = bytearray(500), b""
    end = time.monotonic() + WAIT_S
    while len(out) < n and time.monotonic() < end:
        got = uart.readinto(memoryview(buf))
        if got is None:
            uart.wait(50)
        else:
            out += buf[:got]
    return out


@each_line
def test_echo_and_hang_up(kind: str) -> None:
    line, lost = LINES[kind]
    with line() as url, closing(open_uart(url)) as uart:
        assert uart.readinto(bytearray(8)) is None
        assert uart.fileno() > 2
        data = bytes(range(256)) * 4
        assert uart.write(data, 1, 3) == 3
        assert read_exactly(uart, 3) == data[1:4]
        assert uart.write(memoryview(data)) == len(data)
        assert read_exactly(uart, len(data)) == data
        uart.init(baudrate=9600)
        uart.write(b"bye")
        for _ in range(3):  # every call says so, none waits for ever
            with pytest.raises(OSError) as caught:
                uart.wait(2000)
                uart.readinto(bytearray(8))
            assert caught.value.errno == lost
        with pytest.raises(OSError) as caught:
            for _ in range(5):
                uart.write(b"more")
                time.sleep(0.01)
        assert caught.value.errno == lost


def test_bytes_before_the_end_are_not_lost() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        uart = open_uart("socket://127.0.0.1:%d" % server.getsockname()[1])
        peer, _ = server.accept()
        peer.sendall(b"last words")
        peer.close()
        with closing(uart):
            uart.wait(1000)
            assert read_exactly(uart, 10) == b"last words"
            with pytest.raises(ConnectionResetError):
                uart.readinto(bytearray(8))


@each_line
def test_a_full_line_takes_less_and_then_nothing(kind: str) -> None:
    line, _ = LINES[kind]
    with line(echo=False) as url, closing(open_uart(url)) as uart:
        taken: list[int | None] = []
        while not taken or taken[-1] is not None:
            taken.append(uart.write(bytes(65536)))
            assert len(taken) < 1000
        assert any(n is not None and 0 < n < 65536 for n in taken) or kind == "tcp"


@each_line
def test_wait_ends_with_the_time_and_with_a_byte(kind: str) -> None:
    line, _ = LINES[kind]
    with line() as url, closing(open_uart(url)) as uart:
        before = time.monotonic()
        uart.wait(20)
        assert 0.015 < time.monotonic() - before < WAIT_S
        uart.write(b"x")
        uart.wait(1000 * LONG_S)
        assert time.monotonic() - before < LONG_S
        assert read_exactly(uart, 1) == b"x"
        uart.write(b"bye")


def test_any_other_port_of_pyserial() -> None:
    with closing(open_uart("loop://")) as uart:
        assert uart.readinto(bytearray(8)) is None
        assert uart.write(b"abcdef", 1, 4) == 4
        uart.wait(1000)
        assert read_exactly(uart, 4) == b"bcde"
        assert uart.fileno() == -1


@pytest.mark.parametrize("url", ["socket://7000", "socket://127.0.0.1:", "socket://127.0.0.1:0", "socket://a:70000"])
def test_addresses_that_make_no_sense(url: str) -> None:
    with pytest.raises(ValueError):
        open_uart(url)


def test_what_cannot_be_opened_is_an_oserror(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    for url in ("socket://127.0.0.1:%d" % port, str(tmp_path / "none")):
        with pytest.raises(OSError):
            open_uart(url)


def run_vm(url: str, what: str) -> str:
    assert MICROPYTHON is not None
    script = Path(__file__).with_name("vm_host_uart.py")
    done = subprocess.run(
        [MICROPYTHON, str(script), url, what],
        env={**os.environ, "MICROPYPATH": str(ROOT / "lib")},
        capture_output=True,
        text=True,
        timeout=LONG_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@needs_vm
@each_line
def test_echo_and_hang_up_in_the_vm(kind: str) -> None:
    line, lost = LINES[kind]
    with line() as url:
        assert run_vm(url, "echo") == "echoed True\n" + "lost %d\n" % lost * 3


@needs_vm
@each_line
def test_a_full_line_in_the_vm(kind: str) -> None:
    line, _ = LINES[kind]
    with line(echo=False) as url:
        assert int(run_vm(url, "full").split()[1]) > 0
