"""A module of any family that answers properly: what the fuzzer's host talks to.

Its voice is say(data, at, n, cid): data[at:at + n] is a payload for connection cid.  What becomes of the bytes on
their way to the host is the wire's business (fuzz_wire.py).
"""

from quectel import PUSH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fuzz_corpus import Played
    from quectel.models.base import Family

OK = b"\r\nOK\r\n"
_ANSWERS = {  # of commands that are answered with one line
    b"AT+CMEE?": b"+CMEE: 1",
    b"AT+CMEE=?": b"+CMEE: (0-2)",
    b"AT+CSQ": b"+CSQ: 20,99",
    b"AT+QIGETERROR": b"+QIGETERROR: 568,operation busy",
    b"AT+CPIN?": b"+CPIN: READY",
    b"AT+CEREG?": b"+CEREG: 0,1",
    b"AT+CGATT?": b"+CGATT: 1",
    b"AT+CCLK?": b'+CCLK: "26/11/20,10:00:00+00"',
    b"AT+CGPADDR?": b'+CGPADDR: 1,"10.1.2.3"',
    b"AT+QIACT?": b'+QIACT: 1,1,1,"10.7.157.1"',
    b"AT+QISDE?": b"+QISDE: 0",
    b'AT+QICFG="dataformat"': b'+QICFG: "dataformat",0,0',
    b"AT+QCOAPDATASTATUS?": b"+QCOAPDATASTATUS: 4",
    b"AT+PROBE": b"",
}
_CTRL_Z = 26
_ESC = 27


def digits_at(line: bytes, at: int) -> int:
    """The number that stands at line[at:]; -1 if none does."""
    value = -1
    while at < len(line) and 48 <= line[at] <= 57:
        value = max(value, 0) * 10 + line[at] - 48
        at += 1
    return value


class Link:
    """One connection that is open at the module."""

    def __init__(self, mode: int, tls: bool = False, datagrams: bool = False) -> None:
        self.mode = mode
        self.tls = tls
        self.datagrams = datagrams
        self.arrived: "list[bytes]" = []  # all that ever came from the network
        self.inbox: "list[bytes]" = []  # came from the network, not read yet
        self.told = False  # the host knows that there is something
        self.taken = b""  # what the host has sent
        self.echoes = False  # its peer sends everything back


class Module:
    """Answers commands at once; script: what a worked example's module says to the host's lines, in turn."""

    family: "Family"
    say: "Callable[[bytes, int, int, int], None]"

    def __init__(self) -> None:
        self.late_result = False
        self.echo = False
        self.blank = True  # a blank line stands between a payload and OK
        self.inline = False  # view mode 1: a payload follows its header's comma
        self.show = False  # a read's header tells what remains
        self.links: "dict[int, Link]" = {}
        self.asked: "dict[int, int]" = {}  # the most that was ever asked for, by connection id
        self.urcs = 0
        self.script: "list[Played]" = []
        self._at = 0  # the next of the script
        self._input = b""
        self._wanted = 0  # bytes of the payload that is being entered; -1: up to Ctrl-Z or ESC
        self._entered = b""
        self._cancelled = False
        self._to = -1
        self._then = b""  # what a script says behind the payload
        self.latecomer = -1  # id of a client that comes in while its listener is being closed
        self._msgid = 0
        self._text = False  # the message that is being made has a text for its payload

    def plug(self, family: "Family", say: "Callable[[bytes, int, int, int], None]") -> None:
        self.family = family
        self.say = say
        self.late_result = family.tcp is not None and family.tcp.late_result

    # --- ears -------------------------------------------------------------------------------------------------------

    def hear(self, data: bytes) -> None:
        """The host has written data."""
        self._input += data
        while self._input:
            if self._wanted:
                self._enter()
                continue
            end = self._input.find(b"\r")
            if end < 0:
                return
            line = self._input[:end]
            self._input = self._input[end + 1 :]
            self._command(line)

    def _enter(self) -> None:
        n = self._wanted
        if n < 0:
            n = 1 + min([i for i in (self._input.find(b"\x1a"), self._input.find(b"\x1b")) if i >= 0] or [-2])
        part = self._input if n < 0 else self._input[:n]
        self._entered += part
        self._input = self._input[len(part) :]
        self._cancelled = self._wanted < 0 and part[-1] == _ESC
        if self._wanted > 0:
            self._wanted -= len(part)
        elif n > 0:
            self._wanted = 0
        if not self._wanted:
            self._whole()

    def _whole(self) -> None:
        """The payload is complete."""
        if self._cancelled:
            self._answer(OK)
        elif self._then:
            self._answer(self._then)
        elif self.family.coap:
            self._answer(OK)
            self._respond(self._entered[:-1])
        else:
            self._send_result()
        self._then = b""

    def _send_result(self) -> None:
        self._answer(OK + b"\r\nSEND OK\r\n" if self.late_result else b"\r\nSEND OK\r\n")
        link = self.links.get(self._to)
        if link:
            link.taken += self._entered
            if link.echoes:
                self.arrive(self._to, self._entered)

    def entering(self) -> bool:
        """It takes what comes for a payload."""
        return self._wanted != 0

    def leave_open(self, wanted: int) -> None:
        """A host that has restarted since had begun to send so many bytes; -1: a message."""
        self._wanted = wanted
        self._entered = b""

    # --- commands ---------------------------------------------------------------------------------------------------

    def _answer(self, data: bytes) -> None:
        self.say(data, 0, 0, -1)

    def _command(self, line: bytes) -> None:
        if self.echo:
            self._answer(line + b"\r")
        if self._from_script(line):
            return
        at = max(line.find(b"AT"), 0)  # what stands before it was never meant for the module
        line = line[at:]
        if line.startswith(b"AT+PROBE="):
            self._answer(b"\r\n+PROBE: " + line[9:] + b"\r\n" + OK)
        elif line in _ANSWERS:
            self._answer(b"\r\n" + _ANSWERS[line] + b"\r\n" + OK)
        elif line.startswith(b"AT+QI") or line.startswith(b"AT+QSSL"):
            self._socket_command(line)
        else:
            self._rare(line)

    def _rare(self, line: bytes) -> None:
        if line.startswith(b"AT+QCOAPHEAD=5,"):
            self._msgid = digits_at(line, 15)
            self._text = b',12,"0"' in line
        if line == b"AT+CGMM":
            self._answer(b"\r\n" + self.family.modules[0].encode() + b"\r\n" + OK)
        elif line.startswith(b"AT+QCOAPSEND="):
            self._prompt(-1, b"\r\n>")
        elif line.startswith(b"AT"):
            self.echo = self.echo and line != b"ATE0"
            self._answer(OK)
        elif line.strip():
            self._answer(b"\r\nERROR\r\n")

    def _from_script(self, line: bytes) -> bool:
        """Answer as the worked example does; the host may have left a line of it out."""
        for i in range(self._at, len(self.script)):
            if self.script[i].line == line:
                self._at = i + 1
                self._then = self.script[i].then
                if self._then:
                    self._wanted = self.script[i].wanted
                    self._entered = b""
                self._answer(self.script[i].answer)
                return True
        return False

    def _socket_command(self, line: bytes) -> None:
        name, _, rest = line.partition(b"=")
        fields = rest.split(b",")
        what = name[5:] if name.startswith(b"AT+QI") else name[7:]
        if what == b"OPEN" and len(fields) > 5:
            self._open(fields, name[3:7] == b"QSSL")
        elif what == b"SEND" and len(fields) == 2:
            self._to = digits_at(fields[0], 0)
            self._prompt(digits_at(fields[1], 0), b"\r\n> ")
        elif what in (b"RD", b"RECV") and len(fields) == 2:
            self._read(digits_at(fields[0], 0), digits_at(fields[1], 0), name[2:])
        elif what == b"CFG":
            self._configure(line, fields)
        elif what == b"CLOSE":
            if self.latecomer >= 0:
                self.incoming(self.latecomer, digits_at(fields[0], 0))
                self.latecomer = -1
            self.links.pop(digits_at(fields[0], 0), None)
            self._answer(OK + b"\r\nCLOSE OK\r\n" if self.late_result else OK)
        else:
            self._answer(OK)

    def _configure(self, line: bytes, fields: "list[bytes]") -> None:
        """View mode and showlength are asked for and set (R199, R200)."""
        name = fields[0]
        value = digits_at(fields[1], 0) if len(fields) > 1 else -1
        if name == b'"viewmode"':
            self.inline = bool(value) if value >= 0 else self.inline
            self._answer(b'\r\n+QICFG: "viewmode",%d\r\n' % self.inline + OK)
        elif name == b'"showlength"':
            self.show = bool(value) if value >= 0 else self.show
            self._answer(b'\r\n+QICFG: "showlength",%d\r\n' % self.show + OK)
        else:
            self._answer(OK)

    def _prompt(self, wanted: int, prompt: bytes) -> None:
        self._wanted = wanted
        self._entered = b""
        self._answer(prompt if wanted else b"\r\nERROR\r\n")

    def _open(self, fields: "list[bytes]", tls: bool) -> None:
        cid = digits_at(fields[2 if tls else 1], 0)
        code = 563 if cid in self.links else 0
        if not code:
            mode = digits_at(fields[5 if tls else -2 if self.family.family_field else -1], 0)
            self.links[cid] = Link(mode, tls, fields[2].startswith(b'"UDP'))
            self.links[cid].echoes = True
        self._answer(OK)
        self._urc(b"+Q%sOPEN: %d,%d" % (b"SSL" if tls else b"I", cid, code))

    # --- payloads to the host ---------------------------------------------------------------------------------------

    def _read(self, cid: int, most: int, name: bytes) -> None:
        self.asked[cid] = max(self.asked.get(cid, 0), most)
        link = self.links.get(cid)
        data = self._from_inbox(link, most) if link else b""
        if not link or not data:
            if link:
                link.told = False
            self._answer(b"\r\n%s: 0\r\n" % name + OK)
            return
        rest = b",%d" % sum([len(part) for part in link.inbox]) if self.show else b""
        head = b"\r\n%s: %d%s" % (name, len(data), rest)
        if self.inline:
            self._payload(head + b",", data, b"\r\n" + OK, cid)
        else:
            self._payload(head + b"\r\n", data, b"\r\n" + OK if self.blank else OK, cid)

    def _from_inbox(self, link: Link, most: int) -> bytes:
        if not link.inbox:
            return b""
        data = link.inbox.pop(0)
        if link.datagrams:
            return data[:most]
        while link.inbox and len(data) < most:
            data += link.inbox.pop(0)
        if len(data) > most:
            link.inbox.insert(0, data[most:])
        return data[:most]

    def _payload(self, head: bytes, data: bytes, tail: bytes, cid: int) -> None:
        self.say(head + data + tail, len(head), len(data), cid)

    def _urc(self, text: bytes) -> None:
        self.urcs += 1
        self._answer(b"\r\n" + text + b"\r\n")

    def arrive(self, cid: int, data: bytes) -> None:
        """Data for a connection come in from the network."""
        link = self.links[cid]
        link.arrived.append(data)
        head = b'+Q%sURC: "recv",%d' % (b"SSL" if link.tls else b"I", cid)
        if link.mode == PUSH:
            self.urcs += 1
            self._payload(b"\r\n%s,%d" % (head, len(data)) + (b"," if self.inline else b"\r\n"), data, b"\r\n", cid)
            return
        link.inbox.append(data)
        if not link.told:
            link.told = True
            self._urc(head)

    def hang_up(self, cid: int) -> None:
        """The other side closes a connection; what the module holds can still be read."""
        self._urc(b'+Q%sURC: "closed",%d' % (b"SSL" if self.links[cid].tls else b"I", cid))

    def incoming(self, cid: int, listener: int) -> None:
        """A client comes in at a listener."""
        self.links[cid] = Link(0)
        self.links[cid].echoes = True
        self._urc(b'+QIURC: "incoming",%d,%d,"10.0.0.77",4711' % (cid, listener))

    def _respond(self, typed: bytes) -> None:
        """A server's answer to a CoAP request: its payload, as text where it came as text."""
        self.message(self._msgid, typed, self._text)

    def message(self, msgid: int, digits: bytes, text: bool) -> None:
        """A CoAP response comes in; digits are its payload as it is printed."""
        n = len(digits) if text else len(digits) // 2
        self.urcs += 1
        options = b'1,12,"0",' if text else b'1,12,"42",'
        head = b'\r\n+QCOAPURC: "rsp",10.0.0.9,5683,2,2.05,%d,' % msgid
        if n:
            self._payload(head + options + b"%d," % n, digits, b"\r\n", -1)
        else:
            self._payload(head[:-1], b"", b"\r\n", -1)
