"""Plays a worked example of the documents to the driver, and says what the driver must make of it."""

from quectel import BUFFER, PUSH, TRANSPARENT, Modem, QuectelError, TLSError
from quectel.opening import open_socket
from quectel.table import FAILED, LISTENER, MESSAGES, OPEN, OPENING, STREAM
from scripted import ScriptedUart, StepClock, adopt, settled
from transcript import parse, paths, stretches

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from transcript import Item

FAMILIES = {
    "bc25_tcpip": "BC25",
    "bc65_tcpip": "BC65",
    "bg96_ssl": "BG96",
    "ec200u_ssl": "EC200U",
    "bc95g_coap": "BC95G",
}
# What comes after CONNECT are no AT lines: played by the driver's own calls.
TRANSPARENTLY = (
    "bg96_ssl/3.5.1-transparent-send.at",
    "bg96_ssl/3.5.2-transparent-receive.at",
    "ec200u_ssl/3.5.1-transparent-send.at",
    "ec200u_ssl/3.5.2-transparent-receive.at",
)
# Behind a bare ERROR the driver asks for the reason by itself. Where the document does not ask, this comes on top.
WHY = (b"AT+QIGETERROR\r", b"\r\n+QIGETERROR: 568,operation busy\r\n\r\nOK\r\n")
ASKS_WHY = ("bc25_tcpip/4.1.2-send-buffer-mode.at", "bc65_tcpip/4.1.2-send-buffer-mode.at")
# These two ask at once themselves, as the driver does.
LAST_ERROR = ("bc25_tcpip/4.8-last-error.at", "bc65_tcpip/4.6-last-error.at")
# A text payload without its content format cannot be told from hex digits; the driver has the options shown (R428).
AMBIGUOUS = ("bc95g_coap/5.3c-text-payload.at", 1)
# They announce more bytes than they print: what is short is loss, and is not delivered (R369).
SHORT = (
    "bc95g_coap/2.7-data-status.at",
    "bc95g_coap/5.1a-create-and-get.at",
    "bc95g_coap/5.1b-get-with-message-id.at",
)
GUARD_MS = 1000  # silence before and behind +++
FINALS = ("OK", "ERROR", "SEND OK", "SEND FAIL", "CLOSE OK", "CONNECT")
URCS = ("+QIURC:", "+QSSLURC:", "+QIOPEN:", "+QSSLOPEN:", "+QCOAPURC:")
WATCHED = ("+QPING:", "+QNTP:", "+QATSLEEP", "+QATWAKEUP")
COUNTERS = (
    "lines",
    "urcs",
    "unknown",
    "noise",
    "framing",
    "late",
    "rx_lost",
    "no_slot",
    "rx_bytes",
    "timeouts",
    "resyncs",
)


class PiecesUart(ScriptedUart):
    """Cuts all that the module says as one stream: `ends`, rising, are the bytes behind which a read ends.

    Behind each of them the next `pause` reads give nothing.
    """

    def __init__(self, script: "list[Any]", ends: "list[int]", pause: int) -> None:
        self._ends = ends
        self._next = 0  # of the ends
        self._given = 0  # bytes that were read
        ScriptedUart.__init__(self, script, pause=pause)

    def readinto(self, buf: "Any") -> "int | None":
        n = ScriptedUart.readinto(self, buf)
        self._given += n or 0
        if n and self._next < len(self._ends) and self._ends[self._next] == self._given:
            self._next += 1
            self._empty = self.pause
        return n

    def _most(self) -> int:
        return self._ends[self._next] - self._given if self._next < len(self._ends) else 4096


class Play:
    """One file, one spelling of it, one way of cutting the module's bytes.

    size, cut, pause: of every answer, as ScriptedUart takes them; ends: of the whole stream, see PiecesUart.
    """

    def __init__(
        self,
        path: str,
        spelling: int = 0,
        size: int = 0,
        cut: int = -1,
        pause: int = 0,
        ends: "list[int] | None" = None,
    ) -> None:
        self.name = "/".join(path.split("/")[-2:])
        self.spelling = spelling
        self.parts = parts(path, spelling)
        script: "list[Any]" = []
        for i in range(0, len(self.parts), 2):
            host, module = wire(self.parts[i]), wire(self.parts[i + 1])
            script.append((host, [GUARD_MS, module] if host == b"+++" else module))
        if self.name in ASKS_WHY:
            script.append(WHY)
        self.uart = ScriptedUart(script, size, cut, pause) if ends is None else PiecesUart(script, ends, pause)
        self.uart.clock = clock = StepClock(step=5)
        self.modem = Modem(self.uart, FAMILIES[self.name.split("/")[0]], slots=2, rx_ring=512, clock=clock)
        self.results: "list[Any]" = []
        self.seen: "list[str]" = []
        for prefix in WATCHED:
            self.modem.on_urc(prefix, self._note)
        self.slot = given(self.modem, self.name)

    def _note(self, line: bytes) -> None:
        self.seen.append(line.decode())

    def run(self) -> "list[Any]":
        """Issue the host's commands in turn; gives all that must not depend on the cutting."""
        i = 0
        if self.name in TRANSPARENTLY:
            self._open_and_leave()
            i = len(self.parts)
        while i < len(self.parts):
            i = self._exchange(i) if self.parts[i] else i + 2
        settled(self.modem)
        self.uart.done()
        stats = self.modem.stats
        counters = [getattr(stats, name) for name in COUNTERS]
        return [self.results, self.seen, counters, delivered(self.slot)]

    def _open_and_leave(self) -> None:
        """The open as the file spells it, what then comes, +++ behind a second of silence."""
        line = self.parts[0][0].text.encode()
        engine, clock = self.modem.engine, self.uart.clock
        assert clock
        steps = open_socket(engine, self.slot, self.slot.gen, lambda slot: line, "220.180.239.1", TLSError)
        self.results.append(self.modem.run(steps) or [])
        settled(self.modem)
        begun = clock.passed
        self.modem.run(self.modem.switch(self.slot, self.slot.gen, BUFFER))
        assert clock.passed - begun >= GUARD_MS and self.slot.mode == BUFFER, self.name

    def told(self) -> "list[Any]":
        """What run() gives and the bytes that the driver has sent."""
        outcome: "list[Any]" = self.run()
        return outcome + [self.uart.wrote]

    def length(self) -> int:
        """How many bytes the module says."""
        return sum([len(wire(part)) for part in self.parts[1::2]]) + (len(WHY[1]) if self.name in ASKS_WHY else 0)

    def _exchange(self, i: int) -> int:
        """One command, with the data entry that its prompt asks for; gives where the next one begins."""
        line = self.parts[i][0].text
        data = None
        if i and self.name in LAST_ERROR:
            return i + 2
        if wire(self.parts[i + 1]).rstrip().endswith(b">"):
            i += 2
            data = wire(self.parts[i])
        settled(self.modem)
        try:
            final = final_of(self.parts[i + 1])
            self.results.append(self.modem.command(line, final=final, data=data, timeout_ms=5000))
        except QuectelError as error:
            self.results.append((error.code, error.text))
        return i + 2


_last: "dict[tuple[str, int], list[list[Item]]]" = {}  # a file is played many times in a row


def parts(path: str, spelling: int) -> "list[list[Item]]":
    """Host's and module's stretches in turn, the host's first, with one spelling of every item."""
    if (path, spelling) not in _last:
        _last.clear()
        _last[(path, spelling)] = _parts(path, spelling)
    return _last[(path, spelling)]


def _parts(path: str, spelling: int) -> "list[list[Item]]":
    out: "list[list[Item]]" = []
    for host, items in stretches(parse(path)):
        if not out and not host:
            out.append([])
        out.append([_spelled(item, spelling) for item in items])
    return out


def _spelled(item: "Item", spelling: int) -> "Item":
    if not spelling or not item.variants:
        return item
    return item.variants[min(spelling, len(item.variants)) - 1]


def spellings_in(path: str) -> int:
    """In how many ways a file must be played so that every spelling comes."""
    return 1 + max([len(item.variants) for _, items in stretches(parse(path)) for item in items])


def wire(items: "list[Item]") -> bytes:
    return b"".join([item.wire for item in items])


def final_of(items: "list[Item]") -> str:
    """The final result that ends the command which these items answer."""
    found = [item.text for item in items if item.kind == "<<" and item.text in FINALS]
    if found[0] == "OK" and len(found) > 1 and found[1] in ("SEND OK", "CLOSE OK"):
        return found[1]
    return found[0] if found[0] in ("SEND OK", "CONNECT") else "OK"


# --- what a file says must be so before it begins -----------------------------------------------------------------


def given(modem: "Any", name: str) -> "Any":
    """Bring the driver to where the example begins; gives the slot that its payloads go to."""
    engine = modem.engine
    folder, _, file = name.partition("/")
    section = file.split("-")[0]
    if folder == "bc95g_coap":
        slot = engine.messages = engine.table.take()
        slot.kind = MESSAGES
        slot.state = OPEN
        return slot
    if section in ("4.1.3d", "4.2.3") and "tcpip" in folder:
        engine.show = 1
    if section == "4.2.3" and "tcpip" in folder:
        return adopt(modem, 0, STREAM, PUSH)
    if name in TRANSPARENTLY:
        slot = adopt(modem, 4, STREAM, TRANSPARENT, True)
        slot.state = OPENING
        return slot
    if section == "3.4.3":
        return adopt(modem, 4, STREAM, PUSH, True)
    if section == "4.3.2":
        return adopt(modem, 0, LISTENER)
    return None


def delivered(slot: "Any") -> "list[Any]":
    """What the slot holds: the bytes of a stream, the messages of CoAP."""
    if slot is None:
        return []
    if slot.kind != MESSAGES:
        return [slot.state, taken(slot, slot.ring.n)]
    out: "list[Any]" = [slot.state]
    while slot.ring.n:
        header = taken(slot, slot.ring.head())
        out.append((header, taken(slot, slot.ring.head())))
    return out


def taken(slot: "Any", n: int) -> bytes:
    buf = bytearray(n)
    assert slot.ring.take(buf, 0, n) == n
    return bytes(buf)


# --- what the driver must make of a file, read from the file ------------------------------------------------------


def expected(played: Play) -> "tuple[list[Any], int, list[str], int]":
    """Results of the commands, URCs, those of them that are watched, and lines that nobody can know."""
    results: "list[Any]" = []
    urcs = unknown = 0
    seen: "list[str]" = []
    for i in range(0, len(played.parts), 2):
        host, module = played.parts[i], played.parts[i + 1]
        if host and host[0].kind == ">>":
            results.append([])
            own = "+" + host[0].text[3:].split("=")[0].rstrip("?") + ":"
        running = bool(host)
        for item in module:
            if running and item.text in FINALS:
                running = False
                if item.text == "ERROR":
                    results[-1] = "error"
            elif running:
                texts = [text for text in item.wire.decode().split("\r\n") if text and text.strip() != ">"]
                unknown += sum([text[0] == "+" and not text.startswith(own) for text in texts])
                results[-1] += [text for text in texts if text[0] != "+" or text.startswith(own)]
            elif _starts(item.text.replace("\\r\\n", ""), URCS):
                urcs += 1
            elif _starts(item.text, WATCHED):
                urcs += 1
                seen.append(item.text)
    return results, urcs, seen, unknown


def _starts(text: str, prefixes: "tuple[str, ...]") -> bool:
    return any([text.startswith(prefix) for prefix in prefixes])


def check(played: Play, outcome: "list[Any]") -> None:
    """The outcome of a file that was played whole is what the document says."""
    results, urcs, seen, unknown = expected(played)
    got = ["error" if isinstance(result, tuple) else result for result in outcome[0]]
    if played.name in LAST_ERROR:
        results = ["error"]
        assert outcome[0] == [(552, "invalid parameters")], outcome[0]
    assert got == results, (played.name, got, results)
    assert outcome[1] == seen, (played.name, outcome[1], seen)
    counted = {COUNTERS[i]: outcome[2][i] for i in range(len(COUNTERS))}
    assert counted["urcs"] == urcs, (played.name, counted, urcs)
    assert counted["unknown"] == unknown, (played.name, counted)
    short = played.name in SHORT and not played.spelling
    assert bool(counted["framing"]) == short, (played.name, counted)
    assert not short or outcome[3] == [FAILED], (played.name, outcome[3])
    for name in ("noise", "timeouts", "resyncs", "no_slot"):
        assert not counted[name], (played.name, name, counted)


def playable() -> "list[str]":
    """The files that modem.command() plays."""
    return [path for path in paths() if not any([path.endswith(name) for name in TRANSPARENTLY])]


def played_whole(path: str, spelling: int) -> "tuple[list[Any], int]":
    """What a file that is fed whole tells, which is what the document says, and the module's bytes in it."""
    played = Play(path, spelling)
    told = played.told()
    check(played, told)
    return told, played.length()


def each() -> "list[tuple[str, int]]":
    """Every file, in every spelling that can be read."""
    found = [(path, k) for path in paths() for k in range(spellings_in(path))]
    return [(path, k) for path, k in found if not (path.endswith(AMBIGUOUS[0]) and k == AMBIGUOUS[1])]


def find(name: str) -> str:
    found = [path for path in paths() if name in path]
    assert len(found) == 1, found
    return found[0]
