"""A module with a life behind a UART: it boots, registers, has a context, falls silent, restarts, sleeps, has a rate.

It is the fuzzer's module, which has the sockets, with what bring-up and recovery look at. Time is the clock's.
"""

from fuzz_module import OK, Module
from quectel.models import find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ADDRESS = b"10.7.157.1"
BOOT_MS = 4000
PRESS_MS = 500
ERROR = b"\r\nERROR\r\n"


def line(text: bytes) -> bytes:
    return b"\r\n" + text + b"\r\n" + OK


class Living(Module):
    """The UART, and the pins."""

    def __init__(self, family: str, clock: "Any") -> None:
        Module.__init__(self)
        self.plug(find(family), self._say)
        self.clock = clock
        self.echo = True
        self.running = True
        self.boots_at = -1  # by clock.passed; then it says RDY
        self.deaf = ""  # "": it hears; "cfun": AT+CFUN=1,1 alone; "key": nothing
        self.stat = 2  # of registration
        self.home_at = 0  # when it is home, if it searches
        self.boot_time = 12_000 if family == "EC200U" else BOOT_MS
        self.search_ms = 2500  # how long it searches behind a start
        self.attached = True
        self.active = False
        self.pin = b""  # what the SIM wants
        self.tries = 0  # PINs that were entered
        self.presses = 0
        self.pulses: "list[int]" = []  # of the reset line, in ms
        self.restarts = 0
        self.rate = 0  # of the module's port; 0: any
        self.host_rate = 115_200
        self.asleep = False  # deep sleep, or PSM
        self.psm = False
        self.held_at = -1
        self.refuses = b""  # commands that begin so are answered with ERROR
        self.unacked = 0
        self.broken = False  # the context is dead: opens and parts are answered with 570
        self.commands: "list[bytes]" = []
        self.wrote = b""
        self.out = b""
        self.later: "list[tuple[int, bytes]]" = []
        self.pinned = False

    # --- the UART ---------------------------------------------------------------------------------------------------

    def readinto(self, buf: "Any") -> "int | None":
        self._live()
        n = min(len(self.out), len(buf))
        if not n:
            return None
        buf[:n] = self.out[:n]
        self.out = self.out[n:]
        return n

    def write(self, buf: "Any", off: int = 0, n: int = -1) -> int:
        n = len(buf) - off if n < 0 else n
        self._live()
        data = bytes(memoryview(buf)[off : off + n])
        self.wrote += data
        if self.running and self.boots_at < 0 and not self.asleep and self.rate in (0, self.host_rate):
            self.hear(data)
        return n

    def _say(self, data: bytes, at: int, n: int, cid: int) -> None:
        self.out += data

    def speak(self, text: bytes) -> None:
        """A URC, now."""
        self.out += b"\r\n" + text + b"\r\n"

    def after(self, ms: int, data: bytes) -> None:
        self.later.append((self.clock.passed + ms, data))

    def _live(self) -> None:
        now = self.clock.passed
        if 0 <= self.boots_at <= now:
            self.boots_at = -1
            self.speak(b"RDY")
        while self.later and self.later[0][0] <= now:
            self.out += self.later.pop(0)[1]
        if self.stat == 2 and self.running and self.boots_at < 0 and now >= self.home_at:
            self.stat = 1

    def done(self) -> None:
        """There is no script that must have come to its end."""

    # --- on and off -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """It boots: nothing is as it was."""
        self.running = True
        self.asleep = False
        self.restarts += 1
        self.echo = True
        self.deaf = ""
        self.active = False
        self.stat = 2
        self.pinned = False
        self._gone()
        self.boots_at = self.clock.passed + self.boot_time
        self.home_at = self.boots_at + self.search_ms

    def stop(self) -> None:
        self.running = False
        self.boots_at = -1
        self._gone()

    def _gone(self) -> None:
        self.links.clear()
        self._input = b""
        self._wanted = 0
        self.out = b""
        self.later.clear()

    def pwrkey(self, level: int) -> None:
        """Long enough it switches on, or off: as the hardware does, whatever the host believes."""
        if level == 0:
            self.held_at = self.clock.passed
        elif self.held_at >= 0 and self.clock.passed - self.held_at >= PRESS_MS:
            self.presses += 1
            if self.running and not (self.asleep and self.psm):
                self.stop()
            else:
                self.start()
        if level:
            self.held_at = -1

    def reset(self, level: int) -> None:
        if level == 0:
            self.held_at = self.clock.passed
        else:
            self.pulses.append(self.clock.passed - self.held_at)
            self.start()

    def psm_eint(self, level: int) -> None:
        if level == 0 and self.asleep:
            self.asleep = False
            self.speak(b"+QATWAKEUP")

    def doze(self) -> None:
        """Deep sleep: TCP connections are gone."""
        self.links.clear()
        self._input = b""
        self.speak(b"+QATSLEEP")
        self.asleep = True

    # --- commands ---------------------------------------------------------------------------------------------------

    def hear(self, data: bytes) -> None:
        if not self.deaf:
            Module.hear(self, data)
        elif self.deaf == "cfun" and b"AT+CFUN=1,1\r" in data:
            self.start()

    def _command(self, line_: bytes) -> None:
        self.commands.append(line_)
        if self.echo:
            self._answer(line_ + b"\r")
        answer = self._known(line_)
        if self.refuses and line_.startswith(self.refuses):
            self._answer(ERROR)
        elif answer:
            self._answer(answer)
        elif not answer and answer is not None:
            pass
        else:
            echo, self.echo = self.echo, False
            Module._command(self, line_)
            self.echo = echo and line_ != b"ATE0"

    def _known(self, text: bytes) -> "bytes | None":
        """The answer; b"" if it comes later, None if the command is the other module's business."""
        if text == b"AT+CPIN?":
            return line(b"+CPIN: SIM PIN" if self.pin and not self.pinned else b"+CPIN: READY")
        if text.startswith(b"AT+CPIN="):
            self.tries += 1
            self.pinned = self.pinned or text == b'AT+CPIN="%s"' % self.pin
            return OK if self.pinned else b"\r\n+CME ERROR: 16\r\n"
        if text in (b"AT+CEREG?", b"AT+CGREG?", b"AT+CREG?"):
            return line(text[2:-1] + b": 1,%d" % self.stat)
        if text.startswith(b"AT+IPR"):
            return self._ipr(text)
        if text.startswith(b"AT+CFUN="):
            return self._cfun(text)
        return self._context(text)

    def _ipr(self, text: bytes) -> "bytes | None":
        if text == b"AT+IPR?":
            return line(b"+IPR: %d" % self.rate)
        self._answer(OK)
        self.rate = int(text[7:])
        return b""

    def _cfun(self, text: bytes) -> bytes:
        if text == b"AT+CFUN=1,1":
            self.start()
            return b""
        self.stat = 2 if text == b"AT+CFUN=1" else 0
        self.home_at = self.clock.passed + self.search_ms
        self.active = False
        self.links.clear()
        return OK

    def _context(self, text: bytes) -> "bytes | None":
        if text == b"AT+QIACT?":
            return line(b'+QIACT: 1,1,1,"' + ADDRESS + b'"') if self.active else OK
        if text == b"AT+QIACT=1":
            self.active = True
            self.after(300, OK)
            return b""
        if text == b"AT+QIDEACT=1":
            self.active = self.broken = False
            self.links.clear()
            return OK
        if text == b"AT+CGATT?":
            return line(b"+CGATT: %d" % self.attached)
        if text.startswith(b"AT+CGATT="):
            self.attached = text[9:] == b"1"
            self.active = self.attached
            self.links.clear()
            return OK
        if text == b"AT+CGPADDR?":
            return line(b"+CGPADDR: 1," + (ADDRESS if self.stat == 1 else b"0.0.0.0"))
        return self._rest(text)

    def _rest(self, text: bytes) -> "bytes | None":
        if self.broken and text.startswith(b"AT+QIOPEN="):
            return OK + b"\r\n+QIOPEN: %d,570\r\n" % int(text.split(b",")[1])
        if self.broken and text.startswith(b"AT+QISEND="):
            return ERROR
        if self.broken and text == b"AT+QIGETERROR":
            return line(b"+QIGETERROR: 570,PDP context broken down")
        if text == b"AT+QISTATE?":
            told = [b'+QISTATE: %d,"TCP","10.0.0.1",80,0,2,1,0,0,"uart1"\r\n' % cid for cid in sorted(self.links)]
            return b"\r\n" + b"".join(told) + OK if told else OK
        if text == b"AT+QPOWD=1":
            self.stop()
            self.out = OK
            self.after(300, b"\r\nPOWERED DOWN\r\n")
            return b""
        if text == b"AT+QSCLK?":
            return line(b"+QSCLK: 0")
        if text.startswith(b"AT+QISEND=") and text.endswith(b",0"):
            cid = int(text[10:-2])
            sent = len(self.links[cid].taken) if cid in self.links else 0
            return line(b"+QISEND: %d,%d,%d" % (sent, sent - self.unacked, self.unacked))
        return None


class RatedLiving(Living):
    """The same where the host can change the rate of its UART."""

    def init(self, baudrate: int) -> None:
        self.host_rate = baudrate


def live(face: "Any", family: str, rated: bool = False, **how: "Any") -> "Any":
    """A modem of this face that talks to such a module; pins are the module's own unless `how` has some."""
    face.clock = face.new_clock()
    face.uart = (RatedLiving if rated else Living)(family, face.clock)
    how["pins"] = how.get("pins", face.uart)
    face.modem = face.make(face.uart, family, clock=face.clock, **how)
    return face.modem
