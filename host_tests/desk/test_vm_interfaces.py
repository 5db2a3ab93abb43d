"""The virtual module's ways in: TCP port, pty, in-memory UART, thread, control port, command line."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import kit
import pytest
from kit import cases
from virtual_module import Clock, VirtualModule, start, start_thread
from virtual_module.cli import main

TOOLS = Path(__file__).resolve().parents[2] / "tools"
WAIT_S = 30.0


def talk(sock: socket.socket, line: bytes, end: bytes = b"\r\nOK\r\n") -> bytes:
    """Send a line and read up to `end`."""
    sock.sendall(line + b"\r")
    return read_until(sock, end)


def read_until(sock: socket.socket, end: bytes) -> bytes:
    got = b""
    while not got.endswith(end):
        piece = sock.recv(4096)
        assert piece, got
        got += piece
    return got


def connect(url: str) -> socket.socket:
    host, _, port = url.removeprefix("socket://").rpartition(":")
    return socket.create_connection((host, int(port)), timeout=WAIT_S)


def test_tcp_in_a_thread() -> None:
    with start_thread("bc25") as handle, connect(handle.url) as sock:
        assert talk(sock, b"ATE0") == b"ATE0\r\r\nOK\r\n"
        assert talk(sock, b"AT+CGMM") == b"\r\nBC25\r\n\r\nOK\r\n"
        assert handle.call(lambda module: module.state()["family"]) == "BC25"


def test_second_tcp_client_is_turned_away_and_a_later_one_is_not() -> None:
    with start_thread("BG96") as handle:
        with connect(handle.url) as first:
            talk(first, b"AT")
            with connect(handle.url) as second, kit.raises(ConnectionError, AssertionError):
                talk(second, b"AT")
            assert talk(first, b"AT").endswith(b"OK\r\n")
        deadline = time.monotonic() + WAIT_S
        while not _answers(handle.url):
            assert time.monotonic() < deadline


def _answers(url: str) -> bool:
    with connect(url) as sock:
        try:
            return talk(sock, b"AT").endswith(b"OK\r\n")
        except (ConnectionError, AssertionError):
            return False


def test_pipe_from_a_blocking_thread() -> None:
    with start_thread("BC65") as handle:
        uart = handle.call(lambda module: module.pipe())
        assert uart.write(b"xxAT+CSQyy", 2, 6) == 6
        assert uart.write(b"\r") == 1
        got, buf = b"", bytearray(7)
        while not got.endswith(b"OK\r\n"):
            assert uart.wait(int(WAIT_S * 1000)), got
            count = uart.readinto(buf)
            assert count
            got += buf[:count]
        assert got == b"AT+CSQ\r\r\n+CSQ: 24,99\r\n\r\nOK\r\n"
        assert uart.readinto(buf) is None
        assert uart.any() == 0
        assert not uart.wait(1)


def test_pipe_without_a_loop() -> None:
    module = VirtualModule("BC65", clock=Clock.stepped())
    uart = module.pipe()
    uart.write(memoryview(b"AT\r"))
    assert uart.read(4) == b"AT\r\r"
    assert uart.read() == b"\nOK\r\n"
    assert uart.read() is None
    uart.close()
    module.feed(b"AT\r")
    assert module.take() == b"AT\r\r\nOK\r\n"


def test_errors_of_start_thread_reach_the_caller() -> None:
    with kit.raises(ValueError):
        start_thread("SIM800")


def test_pty_with_a_link(tmp_path: Path) -> None:
    link = tmp_path / "modem"

    async def run() -> None:
        module = VirtualModule("BC92")
        assert await module.serve_pty(str(link)) == str(link)
        answer = await asyncio.to_thread(_ask_pty, link)
        assert answer == b"ATI\r\r\nQuectel\r\nBC92\r\nRevision: BC65NAR01A02\r\n\r\nOK\r\n"
        assert await asyncio.to_thread(_ask_pty, link) == answer  # hosts may come and go
        await module.aclose()

    asyncio.run(run())
    assert not link.is_symlink()


def _ask_pty(path: Path) -> bytes:
    port = os.open(path, os.O_RDWR | os.O_NOCTTY)
    try:
        os.write(port, b"ATI\r")
        got = b""
        while not got.endswith(b"OK\r\n"):
            assert select.select([port], [], [], WAIT_S)[0], got
            got += os.read(port, 100)
        return got
    finally:
        os.close(port)


def test_pty_link_that_exists_is_left_alone(tmp_path: Path) -> None:
    taken = tmp_path / "modem"
    taken.write_text("mine")

    async def run() -> None:
        module = VirtualModule("BC92")
        with pytest.raises(FileExistsError):
            await module.serve_pty(str(taken))
        await module.aclose()

    asyncio.run(run())
    assert taken.read_text() == "mine"


@cases("0.0.0.0", "::", "10.0.0.1", "example.net")
def test_only_loopback_is_served(host: str) -> None:
    async def run() -> None:
        module = VirtualModule("BC25")
        with pytest.raises(ValueError):
            await module.serve_tcp(host, 0)
        with pytest.raises(ValueError):
            await module.serve_control(host, 0)
        await module.aclose()

    asyncio.run(run())


# --- control port ---
def test_control_port() -> None:
    async def run() -> None:
        module = await start("BC25", clock=Clock.stepped())
        where = await module.serve_control()
        host, _, port = where.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))

        async def do(**asked: object) -> dict[str, Any]:  # whatever JSON holds
            writer.write(json.dumps(asked).encode() + b"\n")
            answer: dict[str, Any] = json.loads(await asyncio.wait_for(reader.readline(), WAIT_S))
            return answer

        assert await do(do="advance", ms=1500) == {"ok": True, "now_ms": 1500}
        assert await do(do="fault", name="no_answer") == {"ok": True, "id": 1}
        assert (await do(do="state"))["state"]["faults"] == [{"id": 1, "name": "no_answer", "left": 1}]
        assert await do(do="clear") == {"ok": True}
        assert (await do(do="options", prompt="\r\n>"))["options"]["prompt"] == "\r\n>"
        assert (await do(do="network", stat=3))["stat"] == 3
        assert (await do(do="sim", state="PIN"))["state"] == "PIN"
        assert await do(do="pin", name="dtr", level=1) == {"ok": True}
        assert await do(do="press", ms=700) == {"ok": True}
        assert (await do(do="state"))["state"]["power"] == "off"
        module.feed(b"AT\r")
        assert (await do(do="log"))["log"][-1] == [1500, ">>", "AT\r"]
        for wrong in ({"do": "fly"}, {"do": "fault", "name": "nothing"}, {"do": "advance"}, {"do": "pin", "name": "x"}):
            answer = await do(**wrong)
            assert answer["ok"] is False and answer["error"]
        writer.write(b"no json\n")
        assert json.loads(await reader.readline())["ok"] is False
        assert await do(do="shutdown") == {"ok": True}
        assert module.shutdown.is_set()
        writer.close()
        await module.aclose()

    asyncio.run(run())


# --- command line ---
@contextlib.contextmanager
def launched(*arguments: str) -> "Iterator[subprocess.Popen[str]]":
    """The program, which does not outlive a test that fails."""
    process = subprocess.Popen(
        [sys.executable, "-m", "virtual_module", *arguments],
        cwd=TOOLS,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def read_line(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.readline()


def end(process: subprocess.Popen[str], number: int) -> tuple[int, str, str]:
    process.send_signal(number)
    out, err = process.communicate(timeout=WAIT_S)
    return process.returncode, out, err


@cases(signal.SIGINT, signal.SIGTERM)
def test_program_on_tcp(number: int) -> None:
    with launched(
        "--model", "BC25", "--tcp", "127.0.0.1:0", "--map", "a.example:80=127.0.0.1:81", "--fault", "send_fail"
    ) as process:
        line = read_line(process.stdout)
        assert line.startswith("ready socket://127.0.0.1:") and line.endswith("\n")
        with connect(line.split()[1]) as sock:
            assert talk(sock, b"AT") == b"AT\r\r\nOK\r\n"
        assert end(process, number) == (0, "", "")


def test_program_on_a_pty(tmp_path: Path) -> None:
    link, trace = tmp_path / "modem", tmp_path / "trace"
    with launched("--model", "eg915u", "--pty", str(link), "--trace", str(trace), "--option", "cmee=2") as process:
        assert read_line(process.stdout) == "ready %s\n" % link
        assert b"EG915U" in _ask_pty(link)
        assert end(process, signal.SIGTERM) == (0, "", "")
    assert not link.is_symlink()
    assert ">> ATI\\r" in trace.read_text() and "<< " in trace.read_text()


def test_program_that_keeps_its_settings(tmp_path: Path) -> None:
    for line, words in ((b'AT+QICFG="viewmode",1', b"OK"), (b'AT+QICFG="viewmode"', b'+QICFG: "viewmode",1')):
        with launched("--model", "BC92", "--tcp", "127.0.0.1:0", "--nvram", str(tmp_path / "nvram")) as process:
            with connect(read_line(process.stdout).split()[1]) as sock:
                assert words in talk(sock, line)
            assert end(process, signal.SIGTERM) == (0, "", "")


def test_program_with_a_control_port() -> None:
    with launched("--model", "BG96", "--tcp", "127.0.0.1:0", "--control", "127.0.0.1:0") as process:
        where = read_line(process.stderr).split()[1]
        assert read_line(process.stdout).startswith("ready ")
        with connect(where) as sock:
            sock.sendall(b'{"do":"shutdown"}\n')
            assert read_until(sock, b"\n") == b'{"ok": true}\n'
        assert process.communicate(timeout=WAIT_S) == ("", "") and process.returncode == 0


@cases(
    (["--model", "SIM800", "--tcp", "127.0.0.1:0"], "unknown module"),
    (["--model", "BC25", "--tcp", "0.0.0.0:0"], "no loopback address"),
    (["--model", "BC25", "--tcp", "127.0.0.1"], "HOST:PORT"),
    (["--model", "BC25", "--tcp", "127.0.0.1:0", "--map", "a=10.0.0.1:80"], "no loopback address"),
    (["--model", "BC25", "--tcp", "127.0.0.1:0", "--map", "a"], "--map"),
    (["--model", "BC25", "--tcp", "127.0.0.1:0", "--fault", "nothing"], "unknown fault"),
    (["--model", "BC25", "--tcp", "127.0.0.1:0", "--fault", "send_fail:x"], "NAME=VALUE"),
    (["--model", "BC25", "--tcp", "127.0.0.1:0", "--option", "x=1"], "unknown option"),
    (["--model", "BC25", "--tcp", "127.0.0.1:0", "--baud", "fast"], "--baud"),
    (["--model", "BC25", "--tcp", "127.0.0.1:0", "--nvram", "/nowhere/file"], "no such folder"),
    (["--model", "BC25", "--tcp", "127.0.0.1:0", "--nvram", __file__], "holds no settings"),
    (["--model", "BC25", "--tcp", "127.0.0.1:0", "--nvram", "/"], "holds no settings"),
    (["--model", "BC25"], "--tcp --pty"),
    (["--tcp", "127.0.0.1:0"], "--model"),
    (["--model", "BC25", "--pty", "/proc/nowhere/modem"], "choose another"),
)
def test_bad_input_of_the_program(arguments: list[str], words: str) -> None:
    import io

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        assert main(arguments) == 2
    assert out.getvalue() == ""
    assert words in err.getvalue() and err.getvalue().count("\n") == 1, err.getvalue()


def test_a_taken_port_and_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = "127.0.0.1:%d" % taken.getsockname()[1]
        assert main(["--model", "BC25", "--tcp", place]) == 2
        assert main(["--model", "BC25", "--tcp", "127.0.0.1:0", "--control", place]) == 2
    (tmp_path / "modem").touch()
    assert main(["--model", "BC25", "--pty", str(tmp_path / "modem")]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err.count("\n") == 3
    assert place in shown.err and "exists" in shown.err


# --- clocks ---
def test_stepped_clock_fires_in_order() -> None:
    clock = Clock.stepped()
    fired: list[tuple[str, int]] = []

    def then() -> None:
        clock.call_later(5, lambda: fired.append(("b", clock.now_ms())))

    clock.call_later(30, lambda: fired.append(("c", clock.now_ms())))
    clock.call_later(10, then)
    clock.call_later(10, lambda: fired.append(("a", clock.now_ms())))
    clock.call_later(20, lambda: fired.append(("never", 0))).cancel()
    clock.advance(29)
    assert fired == [("a", 10), ("b", 15)] and clock.now_ms() == 29
    clock.advance(1)
    assert fired[-1] == ("c", 30)
    with kit.raises(ValueError):
        clock.advance(-1)
    with kit.raises(ValueError):
        Clock.real().advance(1)
    with kit.raises(ValueError):
        Clock.scaled(0)


def test_scaled_clock() -> None:
    async def run() -> None:
        clock = Clock.scaled(1000)
        before = clock.now_ms()
        await asyncio.wait_for(clock.sleep_ms(5000), WAIT_S)
        assert clock.now_ms() - before >= 5000

    asyncio.run(run())


def test_threads_are_gone_after_close() -> None:
    before = set(threading.enumerate())  # of other tests; they may end meanwhile
    handle = start_thread("BC25")
    handle.close()
    handle.close()
    assert set(threading.enumerate()) <= before
