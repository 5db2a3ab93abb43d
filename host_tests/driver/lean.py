"""A module as a UART that allocates nothing itself, so that it can live inside a heap lock."""

from quectel._compat import Ladder, Store
from quectel.ring import Ring

TYPE_CHECKING = False
if TYPE_CHECKING:
    from quectel._types import Buf, ReadBuf
    from quectel.models.base import Dialect

OK = b"\r\nOK\r\n"
UNIT = 512  # bytes of one payload that the module gives
SINK = 64 * 1024
# Of connections that are not under test: 1 has a socket, the others have none.
URCS = (
    '+%s: "recv",1',
    '+%s: "closed",3',
    "+CEREG: 5",
    '+%s: "recv",4',
    "+XYZ: 1,2",
    "Call Ready",
)
REFUSED = (  # nobody listens: the driver counts them, and closes the id
    '+QIURC: "incoming",3,0,"192.168.2.2",36566',
    '+QIURC: "incoming full"',
)


def _lines(*texts: str) -> bytes:
    return "".join(["\r\n%s\r\n" % text for text in texts]).encode()


class Output:
    """What the module has for the host; a read gives `chunk` bytes, 0: all that fit.

    lag: so many reads give nothing, behind each thing that it says.
    """

    def __init__(self, chunk: int, size: int) -> None:
        self.out = Ring(size, Ladder(9))
        self.chunk = chunk
        self.lag = 0
        self._late = 0

    def readinto(self, buf: "Buf") -> "int | None":
        if self._late:
            self._late -= 1
            return None
        n = min(self.out.n, len(buf))
        if self.chunk:
            n = min(n, self.chunk)
        return self.out.take(buf, 0, n) if n else None

    def _say(self, data: "ReadBuf") -> None:
        self.out.put(data, 0, len(data))
        self.out.commit()
        self._late = self.lag


class LeanWire(Output):
    """Connection 0 of a module: it has endless data, keeps what it is sent and tells its state.

    Payloads are UNIT bytes of `source`, over and over. It says a URC in front of every header, behind every final
    result and within every send. What it is sent stands in `sink`, from its beginning again when 64 KiB are full.
    peer: of the datagrams of a UDP service, as it stands behind their length.
    """

    def __init__(self, chunk: int, source: bytes, dialect: "Dialect", peer: str = "") -> None:
        Output.__init__(self, chunk, 4096)
        self.source = source
        self.at = 0  # where in source the next byte to the host stands
        self.sink = Store(SINK)
        self.rewind()
        self.urcs = 0  # how many were said
        self.asked = 0  # state queries
        self.wanted = 0  # bytes of the payload that the host is about to write
        self._line = bytearray(64)
        self._nline = 0
        self._read = dialect.read + b"0,"
        self._read_other = dialect.read
        self._send = dialect.send + b"0,"
        self._send_hex = dialect.send_hex + b"0,"
        self.typed = 0  # payloads that came in a command line
        self._state = dialect.state + b"0"
        self._close = dialect.close
        tls = dialect.state_head == b"+QSSLSTATE:"
        urc = "QSSLURC" if tls else "QIURC"
        self._urcs = tuple([_lines(text.replace("%s", urc)) for text in URCS])
        self.kinds = len(URCS)
        self._rare = tuple([_lines(text) for text in REFUSED])
        self._head = _lines("%s %d%s" % (dialect.read_head.decode(), UNIT, peer))
        self._push = _lines('+%s: "recv",0,%d%s' % (urc, UNIT, peer))
        self._behind = len(peer)  # of the length in a send
        self._none = _lines(dialect.read_head.decode() + " 0", "OK")
        self._accepted = OK if dialect.late_result else b"\r\n"
        self._closed = _lines("OK", "CLOSE OK") if dialect.close_ok else OK
        service = ('"SSLClient"', '4,0,"usbmodem",1') if tls else ('"TCP"', '4,0,"uart1"' if dialect.server_id else "0")
        line = '%s 0,%s,"220.18.39.22",8062,1234,2,1,%s' % (dialect.state_head.decode(), service[0], service[1])
        self._told = bytearray(_lines(line, "OK"))
        self._digit = self._told.find(b",2,1,") + 1

    # --- what the module says ---------------------------------------------------------------------------------------

    def say_urc(self) -> None:
        """The next kind."""
        self._say(self._urcs[self.urcs % self.kinds])
        self.urcs += 1

    def say_rare_urc(self) -> None:
        """One that the driver has to do something about."""
        self._say(self._rare[self.urcs % len(self._rare)])
        self.urcs += 1

    def _payload(self) -> None:
        self.out.put(self.source, self.at, UNIT)
        self.out.commit()
        self.at = (self.at + UNIT) % len(self.source)

    def push(self) -> None:
        """A payload in direct push, a final result that nobody waits for and a URC."""
        self._say(self._push)
        self._payload()
        self._say(OK)
        self.urcs += 1
        self.say_urc()

    # --- what it is told --------------------------------------------------------------------------------------------

    def write(self, buf: "ReadBuf", off: int = 0, n: int = 0) -> int:
        """Part of a line or of a payload; the driver writes one of them at a time."""
        if self.wanted:
            return self._payload_in(buf, off, min(n, self.wanted))
        self._hear(buf, off, off + n)
        return n

    def _hear(self, buf: "ReadBuf", i: int, end: int) -> None:
        while i < end:
            if buf[i] == 13:
                self._command(self._line)
                self._nline = 0
            else:
                self._line[self._nline] = buf[i]
                self._nline += 1
            i += 1

    def _payload_in(self, buf: "ReadBuf", off: int, n: int) -> int:
        if self.taken + n > SINK:
            self.rewind()
        self.sink.write(buf, off, n)
        self.taken += n
        self.wanted -= n
        if not self.wanted:
            self._accept()
        return n

    def _accept(self) -> None:
        self._say(self._accepted)
        self.say_urc()
        self._say(b"\r\nSEND OK\r\n")
        self.say_urc()

    def rewind(self) -> None:
        """What comes is kept at the beginning of sink."""
        self.sink.seek(0)
        self.taken = 0

    def _command(self, line: bytearray) -> None:
        if line.startswith(self._read):
            self.say_urc()
            self._say(self._head)
            self._payload()
            self._say(b"\r\n\r\nOK\r\n")
            self.say_urc()
        elif line.startswith(self._read_other):
            self._say(self._none)
        elif line.startswith(self._send_hex) or (line.startswith(self._send) and line[self._nline - 1] == 34):
            self.typed += 1
            self._accept()
        elif line.startswith(self._send):
            self._count(len(self._send))
            self._say(b"\r\n> ")
        elif line.startswith(self._state):
            self._told[self._digit] = 48 + self.asked % 5
            self.asked += 1
            self._say(self._told)
        else:
            self._say(self._closed if line.startswith(self._close) else OK)

    def _count(self, i: int) -> None:
        while i < self._nline - self._behind:
            self.wanted = self.wanted * 10 + self._line[i] - 48
            i += 1


class LeanScript(Output):
    """A module that follows a script: (what the host must write, what it then says), over and over."""

    def __init__(self, steps: "list[tuple[bytes, bytes]]", chunk: int = 0) -> None:
        Output.__init__(self, chunk, 4096)
        self._steps = steps
        self.step = 0
        self.wrong = 0  # bytes that are not those of the script
        self._pos = 0

    def write(self, buf: "ReadBuf", off: int = 0, n: int = 0) -> int:
        self._hear(buf, off, off + n)
        return n

    def _hear(self, buf: "ReadBuf", i: int, end: int) -> None:
        while i < end:
            self._compare(buf[i], self._steps[self.step % len(self._steps)])
            i += 1

    def _compare(self, byte: int, step: "tuple[bytes, bytes]") -> None:
        self.wrong += byte != step[0][self._pos]
        self._pos += 1
        if self._pos == len(step[0]):
            self._pos = 0
            self.step += 1
            self._say(step[1])

    def done(self) -> None:
        """Fails unless the host wrote the script, whole."""
        assert not self.wrong and not self._pos and self.step % len(self._steps) == 0, (self.wrong, self.step)
