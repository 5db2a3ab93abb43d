"""Steps of scripts, and what they are made of: what the host must write, what the module answers, its URCs."""

from scripted import OK, lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Script = list[Any]


def said(command: str, *answer: str) -> "tuple[bytes, bytes]":
    """A command that succeeds: said("AT+X?", "+X: 1") is answered with this line and OK."""
    return command.encode() + b"\r", lines(*(answer + ("OK",)))


def whole(*parts: "Any") -> "Script":
    """Steps and lists of steps, as one list."""
    steps: "Script" = []
    for step in parts:
        steps += step if isinstance(step, list) else [step]
    return steps


# --- sockets of the NB families -----------------------------------------------------------------------------------

SERVER = ("10.0.0.1", 80)
OPEN_0 = b'AT+QIOPEN=1,0,"TCP","10.0.0.1",80,0,0,0\r'
OPENED_0 = (OPEN_0, lines("OK", "+QIOPEN: 0,0"))
OPEN_1 = b'AT+QIOPEN=1,1,"TCP","10.0.0.1",80,0,0,0\r'
CLOSE_0 = (b"AT+QICLOSE=0\r", lines("OK", "CLOSE OK"))
CLOSE_1 = (b"AT+QICLOSE=1\r", lines("OK", "CLOSE OK"))
READ_0 = b"AT+QIRD=0,512\r"
EMPTY = lines("+QIRD: 0", "OK")
PROMPT = b"\r\n> "
SENT = lines("OK", "SEND OK")
RECV_0 = lines('+QIURC: "recv",0,9')
RECV_1 = lines('+QIURC: "recv",1,9')
CLOSED_0 = lines('+QIURC: "closed",0')
SYNC = (b"AT+CMEE?\r", lines("+CMEE: 1", "OK"))
WHY = b"AT+QIGETERROR\r"


def payload(data: bytes, head: str = "+QIRD") -> bytes:
    """The answer to a read that finds data."""
    return b"\r\n%s: %d\r\n" % (head.encode(), len(data)) + data + b"\r\n" + OK


def why(code: int) -> "tuple[bytes, bytes]":
    """The driver asks for the reason of an ERROR."""
    return WHY, lines("+QIGETERROR: %d,words" % code, "OK")


def sending(data: bytes, answer: "Any", cid: int = 0) -> "Script":
    """One send to an NB module, and what becomes of it behind the data."""
    return [(b"AT+QISEND=%d,%d\r" % (cid, len(data)), PROMPT), (data, answer)]


# --- bring-up -----------------------------------------------------------------------------------------------------


def met(model: str) -> "Script":
    """The driver meets a module and learns which one it is."""
    return [said("AT"), said("ATE0"), said("AT+CMEE=1"), said("AT+CGMM", model)]


NB_PINS = [
    said('AT+QICFG="dataformat"', '+QICFG: "dataformat",0,0'),
    said('AT+QICFG="viewmode"', '+QICFG: "viewmode",0'),
    said('AT+QICFG="showlength"', '+QICFG: "showlength",1'),
    said("AT+QSCLK?", "+QSCLK: 0"),
]
PREPARED = met("BC25") + NB_PINS + [said("AT+QISTATE?")]
LTE_PINS = [
    said('AT+QURCCFG="urcport"', '+QURCCFG: "urcport","uart1"'),
    said("AT+QISDE?", "+QISDE: 0"),
    said('AT+QICFG="dataformat"', '+QICFG: "dataformat",0,0'),
    said('AT+QICFG="viewmode"', '+QICFG: "viewmode",0'),
]
EC200U_PINS = [
    said('AT+QICFG="close/mode"', '+QICFG: "close/mode",0'),
    said('AT+QICFG="udp/readmode"', '+QICFG: "udp/readmode",0'),
    said('AT+QICFG="tcp/accept"', '+QICFG: "tcp/accept",1'),
    said('AT+QICFG="passiveclosed"', '+QICFG: "passiveclosed",0'),
    said('AT+QICFG="recvind"', '+QICFG: "recvind",0'),
    said('AT+QICFG="sendinfo"', '+QICFG: "sendinfo",0'),
    said('AT+QICFG="formatcfg"', '+QICFG: "formatcfg",0'),
]
READY = said("AT+CPIN?", "+CPIN: READY")
HOME = said("AT+CEREG?", "+CEREG: 0,1")
ATTACHED = said("AT+CGATT?", "+CGATT: 1")
CLOCK = said("AT+CCLK?", '+CCLK: "26/11/20,10:00:00+00"')
CONTEXT_UP = said("AT+CGACT?", "+CGACT: 1,1")
NB_ADDRESS = said("AT+CGPADDR?", '+CGPADDR: 1,"10.1.2.3"')
NB_TAIL = [HOME, ATTACHED, NB_ADDRESS, CLOCK]
INACTIVE = said("AT+QIACT?")
ACTIVE = said("AT+QIACT?", '+QIACT: 1,1,1,"10.7.157.1"')
