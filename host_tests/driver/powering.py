"""What power saving is set to, the lines of a board that end it, and a modem that is online with them."""

from quectel.network import ONLINE
from scripted import lines
from steps import SYNC, said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from faces import Face

LOST = (b"AT\r", b"")  # the first AT behind a wake-up
DEAD = [(SYNC[0], b"")] * 2
OPENED = (b'AT+QIOPEN=1,0,"TCP","10.0.0.1",80,0,0\r', lines("OK", "+QIOPEN: 0,0"))
PSM = 'AT+CPSMS=1,,,"00000110","00000101"'  # 1 h, 10 s
SLEEPS = [said("AT+CPSMS?", '+CPSMS: 0,,,"00101100","00001010"'), said(PSM)]
RISEN = [said("AT"), said("AT+QSCLK?", "+QSCLK: 1"), said("AT+QSCLK=0"), said("ATE0"), said("AT+CMEE=1")]


class Lines:
    """DTR of a board, and the power key behind which the module says that it has started, or nothing."""

    def __init__(self, face: "Face", urc: bytes = lines("RDY")) -> None:
        self.face = face
        self.urc = urc
        self.dtrs: "list[int]" = []
        self.keys: "list[int]" = []

    def dtr(self, level: int) -> None:
        self.dtrs.append(level)

    def pwrkey(self, level: int) -> None:
        self.keys.append(level)
        if level:
            self.face.uart.say(self.urc)


class AllLines(Lines):
    """And PSM_EINT."""

    def __init__(self, face: "Face", urc: bytes) -> None:
        Lines.__init__(self, face, urc)
        self.pulls: "list[int]" = []

    def psm_eint(self, level: int) -> None:
        self.pulls.append(level)


def start(face: "Face", script: "Any", family: str, pins: Lines) -> "Any":
    """(modem, pins)."""
    m = face.start(family, script, pins=pins)
    m.net.state = ONLINE
    return m, pins
