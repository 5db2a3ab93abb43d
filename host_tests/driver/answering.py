"""A module that answers every command at once, and notes how long the driver would have waited: for deadlines."""

from quectel import Modem
from quectel._compat import ticks_diff
from scripted import StepClock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_OK = b"\r\nOK\r\n"


def line(text: bytes) -> bytes:
    """An answer of one line."""
    return b"\r\n" + text + b"\r\n" + _OK


# What a fresh module says, by the command's beginning; the first that fits counts. A list is used up to its last one.
ANSWERS: "list[tuple[bytes, Any]]" = [
    (b"AT+CPIN?", [line(b"+CPIN: SIM PIN"), line(b"+CPIN: READY")]),
    (b"AT+CEREG?", line(b"+CEREG: 0,1")),
    (b"AT+CGATT?", line(b"+CGATT: 1")),
    (b"AT+CGPADDR?", line(b'+CGPADDR: 1,"10.0.0.2"')),
    (b"AT+CCLK?", [line(b'+CCLK: "80/01/06,00:00:00+00"'), line(b'+CCLK: "26/11/20,10:00:00+00"')]),
    (b"AT+QIACT?", [_OK, _OK, line(b'+QIACT: 1,1,1,"10.0.0.2"')]),
    (b"AT+QISTATE?", line(b'+QISTATE: 3,"TCP","10.0.0.1",80,0,2,1,3,0,"uart1"')),
    (b"AT+QISTATE=1,", line(b'+QISTATE: 0,"TCP","10.0.0.1",80,0,2,1,0,0,"uart1"')),
    (b"AT+QSSLSTATE=", line(b'+QSSLSTATE: 0,"SSLClient","10.0.0.1",443,0,2,1,0,0,"uart1",0')),
    (b"AT+QSSLSTATE", line(b'+QSSLSTATE: 3,"SSLClient","10.0.0.1",443,0,2,1,0,0,"uart1",0')),
    (b"AT+QIOPEN=1,0,", _OK + b"\r\n+QIOPEN: 0,0\r\n"),
    (b"AT+QSSLOPEN=", _OK + b"\r\n+QSSLOPEN: 0,0\r\n"),
    (b'AT+QFLST="y"', line(b'+QFLST: "y",2')),
    (b"AT+QFDWL=", b"\r\nCONNECT\r\nhi" + line(b"+QFDWL: 2,6869")),
    (b"AT+QFLDS=", line(b"+QFLDS: 1000,2000")),
    (b"AT+QFLST=", b"\r\n+CME ERROR: 405\r\n"),
    (b"AT+QIRD=", line(b"+QIRD: 0")),
    (b"AT+QSSLRECV=", line(b"+QSSLRECV: 0")),
    (b"AT+QIGETERROR", line(b"+QIGETERROR: 552,x")),
    (b"AT+CGSN", line(b"866425030000015")),
    (b"AT+CIMI", line(b"460001234567890")),
    (b"AT+QCCID", line(b"+QCCID: 89860012345678901234")),
    (b"AT+NCCID", line(b"+NCCID:89860012345678901234")),
    (b"AT+CGMR", line(b"R01A05")),
    (b"AT+QPING=", _OK + b"\r\n+QPING: 4,4,0,4\r\n"),
    (b"AT+QNTP=", _OK + b'\r\n+QNTP: 0,"2026/11/20,10:00:00+00"\r\n'),
    (b"AT+QIDNSGIP=", _OK + b'\r\n+QIURC: "dnsgip",0,1,600\r\n\r\n+QIURC: "dnsgip","10.0.0.1"\r\n'),
    (b"AT+QIDNSCFG?", line(b'+QIDNSCFG: "10.0.0.53","10.0.0.54"')),
    (b"AT+QIDNSCFG=1", line(b'+QIDNSCFG: 1,"10.0.0.53","10.0.0.54"')),
    (b"AT+QIKALIVE?", line(b"+QIKALIVE: 0,60,10,9")),
    (b"AT+QPOWD=", _OK + b"\r\nPOWERED DOWN\r\n"),
    (b"AT+QCOAPDATASTATUS?", line(b"+QCOAPDATASTATUS: 4")),
]


class Answering:
    """The UART. waits: what the driver would have waited, by its command line: (command or prompt, what follows)."""

    def __init__(self, modem_name: str, late_result: bool, answers: "list[tuple[bytes, Any]]") -> None:
        self.modem: "Any" = None
        self.name = modem_name
        self.late_result = late_result
        self.answers = answers + [(head, list(a) if isinstance(a, list) else a) for head, a in ANSWERS]
        self.waits: "list[list[Any]]" = []
        self.result = b"\r\nSEND OK\r\n"
        self.out = b""
        self._in = b""
        self._wanted = 0
        self._behind = b""

    def readinto(self, buf: "Any") -> "int | None":
        n = min(len(self.out), len(buf))
        for i in range(n):
            buf[i] = self.out[i]
        self.out = self.out[n:]
        return n or None

    def write(self, buf: "Any", off: int = 0, n: int = 0) -> int:
        self._in += bytes(buf[off : off + n])
        while self._step():
            pass
        return n

    def _step(self) -> bool:
        if self._wanted:
            if len(self._in) < self._wanted:
                return False
            c = self.modem.engine.cmd
            e = self.modem.engine
            self.waits[-1][2] = ticks_diff(c.deadline, e.now) - e.wire_ms(c.ndata)
            self._in = self._in[self._wanted :]
            self._wanted = 0
            self.out += self._behind
            return True
        if b"\r" not in self._in:
            return False
        command, self._in = self._in.split(b"\r", 1)
        self._command(command)
        return True

    def _command(self, command: bytes) -> None:
        self.waits.append([command, self.modem.engine.cmd.limit_ms, 0])
        self.out += self._answer(command)

    def _answer(self, command: bytes) -> bytes:
        for head, answer in self.answers:
            if command.startswith(head):
                if isinstance(answer, list):
                    return bytes(answer.pop(0) if len(answer) > 1 else answer[0])
                return bytes(answer)
        if command == b"AT+CGMM":
            return b"\r\n" + self.name.encode() + b"\r\n" + _OK
        if b"CLOSE=" in command:
            return _OK + (b"\r\nCLOSE OK\r\n" if self.late_result else b"")
        return self._entry(command)

    def _entry(self, command: bytes) -> bytes:
        e = self.modem.engine
        if not e.cmd.ndata:
            return _OK
        self._wanted = e.cmd.ndata
        self._behind = _OK + self.result if self.late_result else self.result
        if command.startswith(b"AT+QFUPL="):
            from quectel.files import checksum

            self._behind = line(b"+QFUPL: %d,%x" % (e.cmd.ndata, checksum(e.cmd.data)))
            return b"\r\nCONNECT\r\n"
        if command.startswith(b"AT+QCOAPSEND="):
            msgid = b"%d" % self.modem._coap._context._next_id
            self._behind = _OK + b'\r\n+QCOAPURC: "rsp",10.0.0.1,5683,2,2.05,' + msgid + b',1,12,"0",2,hi\r\n'
        return b"\r\n> "


def start(family: str, model: str, late_result: bool, answers: "list[tuple[bytes, Any]] | None" = None) -> "Any":
    """A Modem that talks to it; modem.uart.waits tells what was sent."""
    uart = Answering(model, late_result, answers or [])
    uart.modem = Modem(uart, family, clock=StepClock())
    return uart.modem
