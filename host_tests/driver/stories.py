"""What the driver does by itself, as stories that URCs are injected into: sockets, the reason of an error, getting
back in step, CoAP; and the queries whose answers begin as a URC does.
"""

from injections import IDLE, Exchange, Story, transcript
from play import FAMILIES, TRANSPARENTLY, given
from quectel import BUFFER, PUSH, QuectelError, TLSError
from quectel import command as states
from quectel.opening import open_socket
from quectel.table import STREAM
from scripted import adopt, as_prepared
from transcript import paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from injections import Place, Run, Steps, Urc

OK = b"\r\nOK\r\n"
DATA = b"data, OK\r\nERROR\r\n> +QIURC: "


def line(text: str) -> bytes:
    return b"\r\n%s\r\n" % text.encode()


class Deed(Story):
    """The host is a function: host(run), with a connection of id 0 (4 for TLS) in the given mode, or without."""

    rx_ring = 2048
    live = True

    def __init__(self, name: str, family: str, script: "list[Any]", doing: "Any", mode: int = -1) -> None:
        Story.__init__(self, name, family, script)
        self.doing = doing
        self.mode = mode

    def given(self, modem: "Any") -> "Any":
        as_prepared(modem)
        if self.mode < 0:
            return None
        tls = modem.family.tls is not None
        return adopt(modem, 4 if tls else 0, STREAM, self.mode, tls)

    def begins(self) -> "list[int]":
        return [0]

    def fits(self, urc: "Urc") -> bool:
        """A URC for the story's own connection needs one; in push mode it has no announcement without a length."""
        if urc.needs.startswith("own"):
            return self.mode == 0 or (self.mode == PUSH and urc.effect != "again")
        return True

    def host(self, run: "Run") -> "Steps":
        if self.script[0][0]:
            yield from run.pause(0)
        if not run.modem.engine.epoch and not run.modem.engine.asleep:
            yield from self.doing(run)


def _receiving(run: "Run") -> "Steps":
    """The module has announced data: the driver reads by itself."""
    yield from run.quiet()


def _sending(run: "Run") -> "Steps":
    e = run.modem.engine
    if e.try_send(run.slot, run.slot.gen, DATA, 0, len(DATA)) == len(DATA):
        while not e.settled(run.slot) or e.blame.index >= 0:
            yield
    run.results.append((run.slot.sending, run.slot.code))


def _closing(run: "Run") -> "Steps":
    e = run.modem.engine
    e.close(run.slot, run.gen)
    while (run.slot.state and run.slot.gen == run.gen) or e.cmd.state != states.IDLE:
        yield


def _opening(run: "Run") -> "Steps":
    modem = run.modem
    slot = modem.take_slot(1, None, 0, 2, 1)
    run.slot = slot
    run.gen = slot.gen
    try:
        yield from modem.open(slot, slot.gen, "10.0.0.1", 80, 0, None)
        run.results.append(slot.cid)
    except QuectelError as error:
        run.results.append((error.code, error.text))


def _getting_in_step(run: "Run") -> "Steps":
    """A command that is answered too late, and the next one."""
    yield from run.command(Exchange("AT+CSQ", "OK", None, 0, 0), 300)
    yield from run.command(Exchange("AT+CGATT?", "OK", None, 0, 0))


def sockets(family: str, name: str, cid: int, read_max: int) -> "list[Story]":
    """What is done with one connection; name is I or SSL, as in AT+QIOPEN and AT+QSSLOPEN."""
    narrow = name == "I"  # NB families: OK stands in front of SEND OK and CLOSE OK
    recv = "RD" if narrow else "RECV"
    urc = line('+Q%sURC: "recv",%d' % (name, cid))
    read = b"AT+Q%s%s=%d,%d\r" % (name.encode(), recv.encode(), cid, read_max)
    head = "+Q%s%s: " % (name, recv)
    some = line(head + str(len(DATA))) + DATA + b"\r\n"
    none = line(head + "0")
    send = b"AT+Q%sSEND=%d,%d\r" % (name.encode(), cid, len(DATA))
    close = b"AT+Q%sCLOSE=%d%s\r" % (name.encode(), cid, b"" if narrow else b",10")
    push = line('+Q%sURC: "recv",%d,%d' % (name, cid, len(DATA))) + DATA + b"\r\n"
    sent = [OK] if narrow else []
    why = [line("+QIGETERROR: 567,socket has been closed"), OK]
    found: "list[Story]" = [
        Deed("receiving", family, [(b"", [urc]), (read, [some, OK]), (read, [none, OK])], _receiving, 0),
        Deed("pushed", family, [(b"", [push, push])], _receiving, PUSH),
        Deed("sending", family, [(send, [b"\r\n> "]), (DATA, sent + [line("SEND OK")])], _sending, 0),
        Deed("refused", family, [(send, [line("ERROR")]), (b"AT+QIGETERROR\r", why)], _sending, 0),
        Deed("closing", family, [(close, [OK, line("CLOSE OK")] if narrow else [OK])], _closing, 0),
    ]
    for story in found:
        story.also = {read: none + OK}
    return found


def opening(family: str, narrow: bool) -> Story:
    command = b'AT+QIOPEN=1,0,"TCP","10.0.0.1",80,0,0%s\r' % (b",0" if narrow else b"")
    return Deed("opening", family, [(command, [OK, line("+QIOPEN: 0,0")])], _opening)


def getting_in_step(family: str) -> Story:
    late = [line("+CSQ: 20,99"), OK, line("+CMEE: 1"), OK]
    script = [(b"AT+CSQ\r", []), (b"AT+CMEE?\r", late), (b"AT+CGATT?\r", [line("+CGATT: 1"), OK])]
    story = Deed("getting in step", family, script, _getting_in_step)
    # Behind a restart, as what was asked before it may still be answered
    story.also = {b"AT+CMEE?\r": line("+CMEE: 1") + OK, b"AT+CMEE=?\r": line("+CMEE: (0-2)") + OK}
    return story


QUERIES = (
    ("AT+CEREG?", '+CEREG: 2,5,"1A2B","0C3D4E5F",9'),
    ("AT+CREG?", "+CREG: 0,1"),
    ("AT+CGREG?", '+CGREG: 1,1,"1A2B","0C3D4E5F",8'),
    ("AT+CEREG=?", "+CEREG: (0-5)"),
    ("AT+CPIN?", "+CPIN: READY"),
    ("AT+CFUN?", "+CFUN: 1"),
    ("AT+QPING=?", '+QPING: (1-3),"<host>"'),
    ("AT+QNTP?", '+QNTP: "pool.ntp.org",123'),
    ("AT+CGMM", "SOME"),
)


def queries(family: str) -> Story:
    """Commands whose answers begin as URCs do, and one that is answered with a bare word."""
    story = Story("queries", family, [(one.encode() + b"\r", [line(answer), OK]) for one, answer in QUERIES])
    for k in range(len(QUERIES)):
        story.exchanges.append(Exchange(QUERIES[k][0], "OK", None, k, k))
    return story


def file_upload(family: str) -> Story:
    """CONNECT and what waits for it."""
    script = [
        (b'AT+QFUPL="a",4\r', [line("CONNECT")]),
        (b"abcd", [line("+QFUPL: 4,202"), OK]),
        (b"ATO\r", [line("CONNECT")]),
    ]
    story = Story("connect", family, script)
    story.exchanges = [Exchange('AT+QFUPL="a",4', "OK", b"abcd", 0, 1), Exchange("ATO", "CONNECT", None, 2, 2)]
    return story


def coap(family: str) -> Story:
    """A request with all that belongs to it."""
    script = [
        (b"AT+QCOAPDEL\r", [OK]),
        (b'AT+QCOAPCREATE=56830;+QCOAPCFG="Showra",1;+QCOAPCFG="Showrspopt",1\r', [OK]),
        (b'AT+QCOAPHEAD=5,77,2,5151;+QCOAPOPTION=1,11,"t"\r', [OK]),
        (b"AT+QCOAPSEND=0,1,10.1.2.3,5683\r", [b"\r\n> "]),
        (b"\x1a", [OK, line('+QCOAPURC: "rsp",10.1.2.3,5683,2,2.05,77,1,12,"0",4,data')]),
        (b"AT+QCOAPDATASTATUS?\r", [line("+QCOAPDATASTATUS: 4"), OK]),
    ]
    story = Deed("coap", family, script, _requesting)
    story.also = {  # a request that comes in between, for a path that nobody has
        b"AT+QCOAPHEAD=5,4711,2,AB01\r": OK,
        b"AT+QCOAPSEND=2,404,10.1.2.3,5683\r": b"\r\n> ",
        b"\x1a": OK,
    }
    return story


def _requesting(run: "Run") -> "Steps":
    service = run.modem.coap()
    service._context._next_id = 76
    request = service._request(1, "coap://10.1.2.3/t", b"", None, (), True, b"QQ")
    try:
        message = yield from service._exchange(request, 100_000)
        run.results.append((message.code, message.msgid, message.payload))
    except QuectelError as error:
        run.results.append((error.code, error.text))


class Lent(Deed):
    """A worked example of transparent mode: between CONNECT and the OK behind +++ all that comes is payload."""

    rx_ring = 512

    def __init__(self, printed: Story) -> None:
        Deed.__init__(self, printed.name, printed.family, printed.script, _opening_and_leaving, 0)
        self.also = {b"AT+QSSLCLOSE=4,10\r": OK, b"+++": OK}
        for room in (512, 497):  # the ring is empty, or has the 15 bytes of one of them
            self.also[b"AT+QSSLRECV=4,%d\r" % room] = line("+QSSLRECV: 0") + OK

    def given(self, modem: "Any") -> "Any":
        return given(modem, self.name)

    def places(self, urc: "Urc") -> "list[Place]":
        """Behind the OK only what begins with + is told from payload in the same read."""
        last = len(self.script) - 1
        before = [] if urc.needs.startswith("own") else [(0, IDLE), (0, 0)]  # it is not open yet
        if urc.effect == "context":
            before = [(0, 0)]  # it would not be opened behind that
        behind = [(last, len(self.script[last][1]))] if urc.text[0] == "+" else []
        return before + [(last + 1, IDLE)] + behind


def _opening_and_leaving(run: "Run") -> "Steps":
    """The open as the file spells it, and +++ between two seconds of silence."""
    modem = run.modem
    typed = run.story.script[0][0][:-1]
    try:
        yield from open_socket(modem.engine, run.slot, run.gen, lambda slot: typed, "220.180.239.1", TLSError)
        yield from run.quiet()
        yield from modem.switch(run.slot, run.gen, BUFFER)
    except QuectelError as error:
        run.results.append((error.code, error.text))


def examples(family: str) -> "list[Story]":
    """Every worked example of a family."""
    found: "list[Story]" = []
    for path in paths():
        if FAMILIES[path.split("/")[-2]] == family:
            printed = transcript(path)
            found.append(Lent(printed) if printed.name in TRANSPARENTLY else printed)
    return found


def stories(family: str) -> "list[Story]":
    """The driver's own doing on a family."""
    found = [queries(family), getting_in_step(family)]
    if family == "BC95G":
        return found + [coap(family)]
    narrow = family in ("BC25", "BC65")
    limit = {"BC25": 512, "BC65": 1024}.get(family, 1500)
    if not narrow:
        found.append(file_upload(family))
    return found + sockets(family, *(("I", 0, limit) if narrow else ("SSL", 4, limit))) + [opening(family, narrow)]
