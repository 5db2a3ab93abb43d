"""A modem whose module falls asleep, the pins that wake it, and what is said on both occasions."""

from quectel import SOCK_DGRAM
from quectel.network import ONLINE
from scripted import lines
from steps import SERVER, said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face
    from steps import Script

UDP_0 = (b'AT+QIOPEN=1,0,"UDP","10.0.0.1",80,0,0,0\r', lines("OK", "+QIOPEN: 0,0"))
TCP_1 = (b'AT+QIOPEN=1,1,"TCP","10.0.0.1",80,0,0,0\r', lines("OK", "+QIOPEN: 1,0"))
ALLOWED = [said("AT+QSCLK?", "+QSCLK: 0"), said("AT+QSCLK=1")]
ASLEEP_URC = lines("+QATSLEEP")
AWAKE_URC = lines("+QATWAKEUP")
LOST = (b"AT\r", b"")  # the first AT behind a wake-up
UDP_STATE = '+QISTATE: 0,"UDP","10.0.0.1",80,0,2,1,0'


def kept(*states: str) -> "Script":
    """From the AT that is answered to the connections that are left."""
    return [
        said("AT"),
        said("AT+QSCLK?", "+QSCLK: 1"),
        said("AT+QSCLK=0"),
        said("ATE0"),
        said("AT+CMEE=1"),
        said("AT+QISTATE?", *states),
    ]


class Pins:
    """The lines of a board; PSM_EINT wakes the module of the test, which says so or does not."""

    def __init__(self, face: "Face", urc: bytes = AWAKE_URC) -> None:
        self.face = face
        self.urc = urc
        self.pulls: "list[tuple[int, int]]" = []  # level, and when

    def pwrkey(self, level: int) -> None:
        raise AssertionError("the power key is not for waking")

    def psm_eint(self, level: int) -> None:
        self.pulls.append((level, self.face.clock.passed))
        if not level:
            self.face.uart.say(self.urc)

    def levels(self) -> "list[int]":
        return [level for level, _ in self.pulls]


def start(face: "Face", script: "Script", family: str = "BC25", urc: bytes = AWAKE_URC, **how: "Any") -> "Any":
    """(modem, pins)."""
    pins = Pins(face, urc)
    m = face.start(family, script, pins=pins, **how)
    m.net.state = ONLINE
    return m, pins


def udp_asleep(face: "Face", m: "Any") -> "Generator[Any, Any, Any]":
    """A UDP socket to SERVER on a module that has fallen asleep."""
    sock = m.socket(SOCK_DGRAM)
    yield sock.connect(SERVER)
    yield m.sleep("deep")
    face.uart.say(ASLEEP_URC)
    yield face.settle()
    return sock
