"""The demo: how it follows the driver's process, what it judges as wrong, and that nothing is left running."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from desk import demo, demo_run, demo_stage, runtimes
from desk.common import Stop
from desk.demo_view import SHOWN, View

GREET = "import json\ndef tell(**e): print('#> ' + json.dumps(e), flush=True)\n"
BEGIN = "tell(do='begin', id='udp', what='a datagram')\n"
END = "tell(do='end', id='udp', ok=%s, words='%s', sent=%d, got=%d, digest='%s')\n"
WRONG_END = END % (True, "", 300, 300, "00")


class Fake:
    """A runtime whose driver is a few lines of Python."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.processes: list[subprocess.Popen[str]] = []

    def start(self, job: Path, uart: str) -> "subprocess.Popen[str]":
        assert json.loads(job.read_text())["family"] in ("BC25", "BC65") and uart.startswith("socket://127.0.0.1:")
        command = [sys.executable, "-c", GREET + self.code]
        process = subprocess.Popen(command, text=True, **demo_run._POPEN)
        self.processes.append(process)
        return process


def play(code: str, quiet: bool = True) -> "tuple[list[str], Fake]":
    fake = Fake(code)
    runtime = demo_run.Runtime("fake", fake.start)
    view = View(quiet)
    rows = asyncio.run(demo_run.run_family("BC25", runtime, view))
    view.table(rows)
    return [row.wrong for row in rows], fake


def test_bytes_that_the_server_never_saw_are_wrong() -> None:
    wrong, _ = play(BEGIN + WRONG_END)
    assert wrong == ["bytes at the server: 0 instead of 300"]


def test_what_the_driver_says_failed_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    wrong, _ = play(BEGIN + END % (False, "QuectelError: no answer", 0, 0, ""))
    assert wrong == ["QuectelError: no answer"]
    assert "QuectelError: no answer" in capsys.readouterr().out


def test_a_driver_that_dies_is_wrong_and_its_words_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    wrong, _ = play(BEGIN + "raise KeyError('broken')")
    assert wrong == ["the driver ended with status 1"]
    assert "KeyError: 'broken'" in capsys.readouterr().out


def test_a_driver_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_run, "LIMIT_S", 0.5)
    wrong, fake = play(BEGIN + "import time; time.sleep(60)")
    assert wrong == ["the driver took too long"]
    assert fake.processes[0].poll() is not None


def test_the_conversation_is_shown_and_repeats_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    says = "for i in range(%d): tell(**{'do': 'at', 'from': '>>', 'text': 'AT+QIRD=0,%%d' %% i, 'ms': 1000 + i})\n" % (
        SHOWN + 40
    )
    says += "tell(**{'do': 'at', 'from': '<<', 'text': 'OK', 'ms': 1500})\n"
    play(BEGIN + says + WRONG_END, quiet=False)
    out = capsys.readouterr().out
    assert "0.001  driver  AT+QIRD=0,1\n" in out
    assert out.count("AT+QIRD") == SHOWN and "40 more like these" in out
    assert "0.500  module  OK\n" in out


def test_a_lost_client_from_outside_is_wrong() -> None:
    async def run() -> list[str]:
        code = "tell(do='begin', id='listen', what='x')\ntell(do='listening', port=1)\n" + END % (True, "", 0, 0, "")
        runtime = demo_run.Runtime("fake", Fake(code).start)
        return [row.wrong for row in await demo_run.run_family("BC65", runtime, View(True))]

    assert asyncio.run(run())[0].startswith("the client from outside: ")


def test_every_family_can_be_named_by_its_modules() -> None:
    assert [demo.family_of(name) for name in ("bc25", "BC95-G", "EG915U")] == ["BC25", "BC95G", "EC200U"]
    assert set(demo_stage.STAGES) == {"BC25", "BC65", "BG96", "EC200U", "BC95G"}


def test_wrong_use_is_one_line() -> None:
    for argv in (["--family", "BC99"], ["--runtime", "cobol"], ["--loud"]):
        with pytest.raises(Stop) as caught:
            demo.main(argv)
        assert "\n" not in str(caught.value)


def test_ctrl_c_leaves_nothing_running(tmp_path: Path) -> None:
    """SIGINT to a demo whose driver hangs: both processes end, soon."""
    note = tmp_path / "pid"
    code = "import os, pathlib, time; pathlib.Path(%r).write_text(str(os.getpid())); time.sleep(60)" % str(note)
    program = (
        "import asyncio, sys; sys.path[:0] = %r\n"
        "from test_demo import Fake; from desk import demo_run; from desk.demo_view import View\n"
        "asyncio.run(demo_run.run_family('BC25', demo_run.Runtime('fake', Fake(%r).start), View(True)))"
    ) % ([str(Path(__file__).parent), *sys.path], code)
    process = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 60
        while not (note.exists() and note.read_text()):
            assert process.poll() is None and time.monotonic() < end
            time.sleep(0.05)
        for number in (signal.SIGSTOP, signal.SIGINT, signal.SIGCONT):  # whichever thread goes on first
            process.send_signal(number)
        assert process.wait(60) != 0
    finally:
        process.kill()
        process.wait()
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver's process is not hurried where the module's has to wait for its turn."""
    monkeypatch.setattr(demo_run, "SCRIPT", Path(__file__).with_name("vm_patient_demo.py"))


@pytest.mark.usefixtures("patient")
def test_the_demo_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.main(["--quiet"]) == 0
    assert capsys.readouterr().out.count(" right") == 14


@pytest.mark.usefixtures("patient")
def test_the_demo_in_the_unix_vm(capsys: pytest.CaptureFixture[str]) -> None:
    if runtimes.find_unix_vm() is None:
        pytest.skip("no unix MicroPython: get it with dev.py vm")
    assert demo.main(["--quiet", "--runtime", "micropython"]) == 0
    assert capsys.readouterr().out.count(" right") == 14
