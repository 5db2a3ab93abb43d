"""A module whose framing can be chosen: what it says stays the same, how it prints that does not."""

import os

import kit
from quectel import Modem, QuectelError, TLSContext
from scripted import StepClock, as_prepared, settled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PROMPTS = (b"\r\n> ", b"> ", b">", b">\r\n", b"\r\n>|")  # |: what follows the > comes only behind the payload
SENT = b"hello > world\r\nSEND OK\r\n"  # what the exchange sends ...
GIVEN = b"\r\nOK\r\n> +QIURC: 1\nERROR"  # ... and receives
SLOW = kit.MICROPYTHON and not hasattr(os, "getenv")  # npm's VM
_REFUSED = {0: "ERROR", 1: "+CME ERROR: 3", 2: "+CME ERROR: operation not allowed"}


class FormedModule:
    """A UART with a module behind it that knows a handful of commands and one connection.

    echo: it echoes command lines.  cmee: form of its errors.  prompt: see PROMPTS.  blanks: 0 no line end in front
    of a line, 1 one, 2 two and one more behind it.  results: lines that end a send.  sizes: what reads give, over and
    over; 0: all there is.
    """

    def __init__(
        self,
        tls: bool = False,
        echo: bool = False,
        cmee: int = 1,
        prompt: bytes = PROMPTS[0],
        blanks: int = 1,
        results: "tuple[str, ...]" = ("SEND OK",),
        sizes: "tuple[int, ...]" = (0,),
    ) -> None:
        self.name = b"SSL" if tls else b"I"
        self.echo = echo
        self.cmee = cmee
        self.prompt, self.behind = (prompt + b"|").split(b"|")[:2]
        self.split = prompt.endswith(b"|")
        self.blanks = blanks
        self.results = results
        self.closed: "tuple[str, ...]" = ("OK",)
        self.sizes = sizes
        self.heard: "list[bytes]" = []  # command lines and payloads
        self.waiting = b""  # received data that nobody has read yet
        self.queue = b""
        self.later = ()  # a ScriptedUart would say something by itself
        self._reads = 0
        self._line = b""
        self._wanted = 0  # bytes of a payload

    # --- the driver's side ------------------------------------------------------------------------------------------

    def readinto(self, buf: "Any") -> "int | None":
        self._reads += 1
        n = min(self.sizes[self._reads % len(self.sizes)] or len(buf), len(buf), len(self.queue))
        if not n:
            return None
        buf[:n] = self.queue[:n]
        self.queue = self.queue[n:]
        return n

    def write(self, buf: "Any", off: int = 0, n: int = -1) -> int:
        data = bytes(memoryview(buf)[off : off + n])
        for i in range(n):
            self._hear(data[i : i + 1])
        return n

    def _hear(self, byte: bytes) -> None:
        if self._wanted:
            self._line += byte
            self._wanted -= 1
            if not self._wanted:
                self._take()
                self.queue += b" " if self.split else b""
                self.say(*self.results)
        elif byte == b"\r":
            if self.echo:
                self.queue += self._line + byte
            self._command(self._take())
        else:
            self._line += byte

    def _take(self) -> bytes:
        line, self._line = self._line, b""
        self.heard.append(line)
        return line

    # --- what it says -----------------------------------------------------------------------------------------------

    def say(self, *lines: str) -> None:
        for line in lines:
            self.queue += b"\r\n" * self.blanks + line.encode() + b"\r\n" * max(self.blanks, 1)

    def give(self, data: bytes) -> None:
        """Data come in from the network."""
        self.waiting += data
        self.say('+Q%sURC: "recv",0' % self.name.decode())

    def _command(self, line: bytes) -> None:
        if line.startswith(b"AT+Q" + self.name + b"OPEN="):
            self.say("OK", "+Q%sOPEN: 0,0" % self.name.decode())
        elif line.startswith(b"AT+Q" + self.name + b"SEND=0,"):
            self._wanted = int(line.split(b",")[1])
            self.queue += self.prompt
        elif line.startswith(b"AT+QIRD=0,") or line.startswith(b"AT+QSSLRECV=0,"):
            self._read(line[2:].split(b"=")[0].decode(), int(line.split(b",")[1]))
        elif line.startswith(b"AT+Q" + self.name + b"CLOSE=0"):
            self.say(*self.closed)
        else:
            self._answer(line)

    def _read(self, head: str, most: int) -> None:
        data = self.waiting[:most]
        self.waiting = self.waiting[most:]
        self.say("%s: %d" % (head, len(data)))
        if data:
            # Line ends in front of the data would be counted, those behind are not.
            self.queue = self.queue.rstrip(b"\r\n") + b"\r\n" + data + b"\r\n"
        self.say("OK")

    def _answer(self, line: bytes) -> None:
        if line == b"AT+CEREG?":
            self.say("+CEREG: 0,5", "OK")
        elif line == b"AT+CMEE?":
            self.say("+CMEE: %d" % self.cmee, "OK")
        elif line == b"AT+QIGETERROR":
            self.say("+QIGETERROR: 572,operation not allowed", "OK")
        elif line == b"AT+QIDEACT=9":
            self.say(_REFUSED[self.cmee])
        else:
            self.say("OK")


def exchange(module: FormedModule, family: str) -> "tuple[list[Any], list[bytes]]":
    """The basic exchange: what the caller gets, and what the host writes but for the query that brings it in step."""
    modem = as_prepared(Modem(module, family, slots=1, rx_ring=512, clock=StepClock(step=5)))
    got: "list[Any]" = [modem.command("AT+CEREG?")]
    sock = modem.create_connection(("10.0.0.1", 80), tls=TLSContext(verify=False) if module.name == b"SSL" else None)
    got += [sock.id, sock.send(SENT)]
    module.give(GIVEN)
    got.append(sock.read(len(GIVEN)))
    try:
        got.append(modem.command("AT+QIDEACT=9"))
    except QuectelError as error:
        got.append(error.errno)
    sock.sendall(b"bye")
    sock.close()
    settled(modem)
    stats = modem.stats
    got += [getattr(stats, name) for name in ("framing", "unknown", "timeouts", "late", "noise", "opens", "urcs")]
    return got, [line for line in module.heard if line != b"AT+CMEE?"]
