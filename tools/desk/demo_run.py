"""One family of the demo: servers and virtual module here, the driver in a process of its own."""

import asyncio
import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, cast

import virtual_module

from desk import runtimes
from desk.common import ROOT, Stop
from desk.demo_stage import STAGES, Result, Stage, call_from_outside
from desk.demo_view import Row, View

SCRIPT = Path(__file__).with_name("scenarios.py")
LIB = ROOT / "lib"
MARK = "#> "
LIMIT_S = 300  # one family, at most
END_S = 5  # for a process that was asked to end

# The job goes through a file: the unix VM takes no argument of more than 255 bytes. The UART is a URL or a pty.
Start = Callable[[Path, str], "subprocess.Popen[str]"]


class Runtime:
    """Where the driver runs: "cpython", or a MicroPython VM."""

    def __init__(self, name: str, start: Start, pty: bool = False) -> None:
        self.name = name
        self.start = start
        self.pty = pty  # the UART is lent through a pty


def find_runtime(name: str) -> Runtime:
    """The runtime for --runtime; Stop where there is no MicroPython VM."""
    if name == "cpython":
        return Runtime("CPython", _start_cpython)
    if unix := runtimes.find_unix_vm():
        return Runtime("MicroPython (unix)", lambda job, uart: _start_unix(unix, job, uart))
    try:
        wasm = runtimes.fetch_wasm_vm()
    except Stop as stop:
        raise Stop(f"no MicroPython VM: get one with `dev.py vm`, or name yours in $MICROPYTHON; {stop}") from stop
    return Runtime("MicroPython (npm)", lambda job, uart: _start_wasm(wasm, job, uart), pty=True)


# A session of its own: Ctrl-C reaches the demo alone, which then ends the process.
_POPEN: dict[str, Any] = {
    "stdin": subprocess.DEVNULL,
    "stdout": subprocess.PIPE,
    "stderr": subprocess.STDOUT,
    "start_new_session": True,
}


def _start_cpython(job: Path, uart: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-u", str(SCRIPT), str(job), uart]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(LIB)}, text=True, **_POPEN)


def _start_unix(vm: Path, job: Path, uart: str) -> "subprocess.Popen[str]":
    return runtimes.start_unix(vm, SCRIPT, [str(job), uart], path=[LIB], **_POPEN)


def _start_wasm(vm: Path, job: Path, uart: str) -> "subprocess.Popen[str]":
    return runtimes.start_wasm(vm, SCRIPT, [str(job), "wasm"], path=[LIB], files=[job], uart=uart, **_POPEN)


async def run_family(name: str, runtime: Runtime, view: View) -> list[Row]:
    """Run one family's scenario and return its rows; the last one is wrong if the driver's side failed."""
    view.family(name, runtime.name)
    async with STAGES[name]() as stage, _module(stage, runtime.pty) as (module, uart):
        job = {
            "family": name,
            "apn": "internet",
            "seed": secrets.randbits(24),
            "trace": not view.quiet or view.picture is not None,
            **stage.job,
        }
        with _written(job) as file:
            return await Play(stage, module, view).run(runtime.start(file, uart))


@contextlib.contextmanager
def _written(job: dict[str, Any]) -> Iterator[Path]:
    """The job in a file, which goes with the `with` block."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "job.json")
        file.write_text(json.dumps(job))
        yield file


@contextlib.asynccontextmanager
async def _module(stage: Stage, pty: bool) -> "AsyncIterator[tuple[virtual_module.VirtualModule, str]]":
    module = virtual_module.VirtualModule(stage.family, resolver=stage.resolver)
    module.set_wall(datetime.now(UTC))  # what a network tells a module that registers
    try:
        uart = await (module.serve_pty() if pty else module.serve_tcp("127.0.0.1", 0))
        yield module, uart
    finally:
        await module.aclose()


class Play:
    """One run of a scenario: reads what it tells, and judges."""

    def __init__(self, stage: Stage, module: "virtual_module.VirtualModule", view: View) -> None:
        self._stage = stage
        self._module = module
        self._view = view
        self._rows: list[Row] = []
        self._what = "starting the driver"
        self._since = time.monotonic()
        self._outside: asyncio.Task[None] | None = None

    async def run(self, process: "subprocess.Popen[str]") -> list[Row]:
        """Follow the driver's process to its end, and leave nothing behind."""
        try:
            async with asyncio.timeout(LIMIT_S):
                async for line in _lines(process):
                    await self._line(line)
                status = await asyncio.to_thread(process.wait)
        except TimeoutError:
            status = None
        finally:
            _end(process)
            await self._hang_up()
        if status != 0 and not any(row.wrong for row in self._rows):
            self._row(self._failure("took too long" if status is None else f"ended with status {status}"))
        return self._rows

    async def _hang_up(self) -> None:
        if self._outside is not None:
            self._outside.cancel()
            await asyncio.wait([self._outside])

    async def _outside_end(self, ok: bool) -> str:
        """Wait for the client from outside, if there is one; what went wrong with it."""
        if self._outside is None or not ok:
            return ""
        await asyncio.wait([self._outside])
        error = self._outside.exception()
        self._outside = None
        return f"the client from outside: {type(error).__name__} {error}" if error else ""

    async def _line(self, line: str) -> None:
        if not line.startswith(MARK):
            self._view.other(line)
            return
        event = json.loads(line[len(MARK) :])
        do = event.pop("do")
        if do == "at":
            self._view.said(event["from"], event["text"], event["ms"])
        elif do == "begin":
            self._what, self._since = event["what"], time.monotonic()
            self._view.step(self._what)
        elif do == "listening":
            self._outside = asyncio.create_task(call_from_outside(self._stage, self._module))
        elif do == "end":
            seconds = time.monotonic() - self._since
            outside = await self._outside_end(event["ok"])
            self._row(Result(what=self._what, seconds=seconds, **event), outside)
            self._what = f"after that ({self._what})"

    def _failure(self, words: str) -> Result:
        seconds = time.monotonic() - self._since
        return Result("", self._what, False, f"the driver {words}", 0, 0, "", seconds)

    def _row(self, result: Result, wrong: str = "") -> None:
        row = Row(self._stage.family, result, wrong or self._stage.judge(result, self._module))
        self._rows.append(row)
        self._view.end(row)


async def _lines(process: "subprocess.Popen[str]") -> AsyncIterator[str]:
    """The lines of a process as they come; a thread waits for them, because they come through a pipe."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[str | None] = asyncio.Queue()

    def read() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # this thread would not tell the loop of Ctrl-C
        with cast("IO[str]", process.stdout) as pipe:
            for line in pipe:
                loop.call_soon_threadsafe(queue.put_nowait, line.rstrip("\n"))
        loop.call_soon_threadsafe(queue.put_nowait, None)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        while (line := await queue.get()) is not None:
            yield line
    finally:
        _end(process)
        reader.join(END_S)


def _end(process: "subprocess.Popen[str]") -> None:
    """End the process, by its own id, if it still runs."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
