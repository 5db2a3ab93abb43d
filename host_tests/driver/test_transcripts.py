"""Every worked example of the five documents, played to the driver whole, in single bytes and cut at every place.

The host's lines go in with modem.command(); what the driver then writes must be the document's bytes, and what it
makes of the module's bytes must be the same in every cutting.
"""

from kit import MICROPYTHON, rows
from quectel import Modem, QuectelError, Socket, TLSContext
from quectel.coap import parse as message
from quectel.table import FAILED, LISTENER, MESSAGES, OPEN, PUSH, STREAM
from quectel.tls import Contexts
from scripted import ScriptedUart, StepClock, adopt, as_prepared, lines, settled
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

# Not to be played before the driver has a transparent mode: the data after CONNECT are no AT lines.
LATER = (
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


class Play:
    """One file, one spelling of it, one way of cutting the module's bytes."""

    def __init__(self, path: str, spelling: int = 0, size: int = 0, cut: int = -1, pause: int = 0) -> None:
        self.name = "/".join(path.split("/")[-2:])
        self.spelling = spelling
        self.parts = parts(path, spelling)
        script: "list[Any]" = []
        for i in range(0, len(self.parts), 2):
            script.append((wire(self.parts[i]), wire(self.parts[i + 1])))
        if self.name in ASKS_WHY:
            script.append(WHY)
        self.uart = ScriptedUart(script, size, cut, pause)
        self.modem = Modem(self.uart, FAMILIES[self.name.split("/")[0]], slots=2, rx_ring=512, clock=StepClock(step=5))
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
        while i < len(self.parts):
            i = self._exchange(i) if self.parts[i] else i + 2
        settled(self.modem)
        self.uart.done()
        stats = self.modem.stats
        counters = [getattr(stats, name) for name in COUNTERS]
        return [self.results, self.seen, counters, delivered(self.slot)]

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
    return [path for path in paths() if not path.endswith(LATER)]


def played_whole(path: str, spelling: int) -> "list[Any]":
    played = Play(path, spelling)
    outcome = played.run()
    check(played, outcome)
    return outcome


def each() -> "list[tuple[str, int]]":
    """Every file that can be played, in every spelling that can be read."""
    found = [(path, k) for path in playable() for k in range(spellings_in(path))]
    return [(path, k) for path, k in found if not (path.endswith(AMBIGUOUS[0]) and k == AMBIGUOUS[1])]


def test_all_but_the_listed_files_are_played() -> None:
    files = ["/".join(path.split("/")[-2:]) for path in paths()]
    assert len(files) == 96
    assert len(playable()) == 96 - len(LATER)
    for name in LATER + ASKS_WHY + LAST_ERROR + (AMBIGUOUS[0],):
        assert name in files, name
    assert len(each()) > 96 + 10


@rows(
    "R003",
    "R008",
    "R011",
    "R019",
    "R126",
    "R127",
    "R134",
    "R144",
    "R157",
    "R172",
    "R199",
    "R200",
    "R213",
    "R214",
    "R261",
    "R292",
    "R293",
)
def test_whole() -> None:
    for path, spelling in each():
        played_whole(path, spelling)


@rows("R003", "R008", "R018", "R441", "R442")
def test_byte_by_byte() -> None:
    for path, spelling in each():
        whole = played_whole(path, spelling)
        for size in (1, 2, 3, 7):
            outcome = Play(path, spelling, size).run()
            assert outcome == whole, (path, spelling, size, outcome, whole)


def cut_everywhere(pause: int) -> int:
    """Every stretch of the module is cut at the same distance from its beginning, so every place comes once."""
    count = 0
    for path, spelling in each():
        if spelling and pause:
            continue
        played = Play(path, spelling)
        whole = played.run()
        longest = max([len(wire(part)) for part in played.parts[1::2]])
        for cut in range(1, longest, 3 if pause and MICROPYTHON else 1):
            outcome = Play(path, spelling, 0, cut, pause).run()
            assert outcome == whole, (path, spelling, cut, pause, outcome, whole)
        count += longest
    return count


@rows("R003", "R008", "R018", "R441", "R442")
def test_cut_in_two_at_every_place() -> None:
    assert cut_everywhere(0) > 4000


@rows("R003", "R008", "R018", "R441", "R442")
def test_cut_in_two_with_a_pause_between() -> None:
    assert cut_everywhere(8) > 4000


# --- what was delivered -------------------------------------------------------------------------------------------


def find(name: str) -> str:
    found = [path for path in paths() if name in path]
    assert len(found) == 1, found
    return found[0]


@rows("R095", "R173", "R214")
def test_push_mode_delivers_the_payloads() -> None:
    for name, data in (
        ("bc25_tcpip/4.2.3", b"12345012345678901"),
        ("bc65_tcpip/4.2.3", b"12345012345678901"),
        ("bg96_ssl/3.4.3", b"Test data from SSL"),
        ("ec200u_ssl/3.4.3", b"Test data from SSL"),
    ):
        assert Play(find(name)).run()[3] == [OPEN, data], name


@rows("R173", "R199", "R200")
def test_a_read_of_the_callers_own_in_view_mode_1_is_a_line() -> None:
    for name in ("bc25_tcpip/4.1.3d", "bc65_tcpip/4.1.3d"):
        assert Play(find(name)).run()[0][-1] == ["+QIRD: 10,2,0123456789"], name


@rows("R217")
def test_an_incoming_connection_gets_a_slot() -> None:
    for name, cid in (("bc25_tcpip/4.3.2", 2), ("bc65_tcpip/4.3.2", 1)):
        played = Play(find(name))
        played.run()
        slot = played.modem.engine.table.at(cid)
        assert slot.index >= 0 and slot.state == OPEN and slot.parent == 0, name
        assert bytes(slot.peer[: slot.npeer]) == b"192.168.2.2" and slot.pport == 36566, name


# file, spelling: (response?, type, code, message id, token, options, payload, peer) of each message
SERVER = ("220.180.239.212", 8063)
PLATFORM = ("180.101.147.115", 5683)
RFC = b"Ni Hao from CoAP.NET RFC "
MESSAGES_OF: "Any" = (
    ("2.6b", 0, [(True, 2, 205, 61440, b"", [], RFC, ("", 0))]),
    ("2.6b", 1, [(True, 2, 205, 61440, b"", [], RFC, ("", 0))]),
    ("2.7", 1, [(True, 2, 205, 61440, b"", [], RFC, ("", 0))]),
    ("5.1a", 1, [(True, 2, 205, 6685, b"", [], RFC, ("", 0))]),
    ("5.1b", 1, [(True, 2, 205, 5566, b"", [], RFC, ("", 0))]),
    ("5.1c", 0, [(True, 2, 205, 61441, b"", [], b"2018/1/9 11:11:19", ("", 0))]),
    ("5.1d", 0, [(True, 2, 205, 6677, b"", [], b"hello word from server", ("", 0))]),
    (
        "5.1e",
        0,
        [
            (True, 2, 204, 2802, b"", [], b"", PLATFORM),
            (
                False,
                0,
                1,
                50670,
                b"\x1a\x84\xbf\xe9\x89\xc0\x1c\x08",
                [(6, "0"), (7, "54321"), (11, "t"), (11, "d")],
                b"",
                PLATFORM,
            ),
        ],
    ),
    (
        "5.2a",
        0,
        [
            (True, 2, 201, 55018, b"", [], b"", ("", 0)),
            (
                False,
                0,
                1,
                62084,
                b"\x1a\x98\xeb\x11\x4f\x50\x1c\x07",
                [(6, "0"), (11, "19"), (11, "0"), (11, "0")],
                b"",
                ("", 0),
            ),
        ],
    ),
    ("5.3a", 0, [(True, 2, 201, 13357, b"", [(8, "rd"), (8, "BEHJvP29Lb")], b"", ("", 0))]),
    ("5.3b", 0, [(True, 2, 201, 13358, b"", [(8, "rd"), (8, "dTuzhqieJe")], b"", SERVER)]),
    ("5.3c", 0, [(True, 2, 205, 54750, b"", [(12, "0")], b"hi name=aaaa,this is quectel IoT platform", ("", 0))]),
)


@rows("R258", "R261", "R262", "R263", "R364")
def test_coap_messages_are_delivered() -> None:
    for section, spelling, wanted in MESSAGES_OF:
        outcome = Play(find("bc95g_coap/" + section + "-"), spelling).run()
        got = []
        for header, payload in outcome[3][1:]:
            is_response, m = message(header, payload)
            got.append((is_response, m.type, m.code, m.msgid, m.token, m.options, m.payload, m.peer))
        assert got == wanted, (section, got)


# --- the same bytes from the driver's own calls -------------------------------------------------------------------
#
# Not here: what the driver spells in another form that the documents allow. It opens the sockets of the NB families
# with the protocol type, sends their data behind a prompt, closes on LTE with a time limit, and always sets message id
# and token of a CoAP request.


def whole_script(name: str, spelling: int = 0) -> "list[Any]":
    cut = parts(find(name), spelling)
    return [(wire(cut[i]), wire(cut[i + 1])) for i in range(0, len(cut), 2)]


def typed(name: str, family: str, spelling: int = 0, ring: int = 1536, size: int = 0) -> "Any":
    """A modem that talks to a file."""
    uart = ScriptedUart(whole_script(name, spelling), size)
    return as_prepared(Modem(uart, family, slots=6, rx_ring=ring, clock=StepClock(step=5)))


def sock_of(modem: "Any", cid: int, mode: int = 0, tls: bool = False, kind: int = STREAM) -> "Any":
    return Socket(modem, slot=adopt(modem, cid, kind, mode, tls))


@rows("R080", "R108", "R166", "R171")
def test_a_socket_reads_as_the_documents_do() -> None:
    for name, family, spelling, cid, ring, data in (
        ("bc25_tcpip/4.1.3a", "BC25", 0, 0, 1536, b"1234567890"),
        ("bc65_tcpip/4.1.3a", "BC65", 0, 0, 512, b"1234567890"),
        ("bc25_tcpip/4.3.3", "BC25", 0, 0, 1536, b"test"),
        ("bc25_tcpip/4.3.3", "BC25", 1, 2, 1536, b"test"),
        ("bg96_ssl/3.3.3", "BG96", 0, 4, 1536, b"Test data from SSL"),
        ("ec200u_ssl/3.3.3", "EC200U", 0, 4, 1536, b"Test data from SSL"),
    ):
        for size in (0, 1, 5):
            modem = typed(name, family, spelling, ring, size)
            sock = sock_of(modem, cid, tls="ssl" in name)
            assert sock.read(len(data)) == data, name
            settled(modem)
            modem.uart.done()
            assert modem.stats.urcs == 1 and not modem.stats.unknown and not modem.stats.framing, name


@rows("R095")
def test_a_socket_in_push_mode_gets_what_the_documents_push() -> None:
    for name, family in (("bg96_ssl/3.4.3", "BG96"), ("ec200u_ssl/3.4.3", "EC200U")):
        modem = typed(name, family)
        sock = sock_of(modem, 4, PUSH, True)
        assert sock.recv(100) == b"Test data from SSL"
        settled(modem)
        modem.uart.done()


@rows("R132", "R134", "R293")
def test_close_as_the_documents_do() -> None:
    for name, family in (("bc25_tcpip/4.1.4", "BC25"), ("bc25_tcpip/4.2.4", "BC25"), ("bc25_tcpip/4.5.3", "BC25")):
        for other in ("bc25", "bc65"):
            if other == "bc65" and "4.5.3" in name:
                continue  # the BC65 document has no UDP service
            modem = typed(name.replace("bc25", other), family.replace("BC25", other))
            sock = sock_of(modem, 0, PUSH if "4.2.4" in name else 0)
            sock.close()
            modem.uart.done()
            assert modem.engine.table.free_id() == 0


@rows("R217", "R293")
def test_a_server_is_closed_as_the_document_does() -> None:
    modem = typed("bc25_tcpip/4.3.4", "BC25")
    server = sock_of(modem, 0, kind=LISTENER)
    client = sock_of(modem, 2)
    client.close()
    server.close()
    modem.uart.done()


@rows("R063", "R065", "R068", "R069")
def test_a_tls_socket_opens_as_the_documents_do() -> None:
    for name, family, mode, port in (
        ("bg96_ssl/3.3.1", "BG96", 0, 8010),
        ("bg96_ssl/3.4.1", "BG96", PUSH, 8011),
        ("ec200u_ssl/3.3.1", "EC200U", 0, 8010),
        ("ec200u_ssl/3.4.1", "EC200U", PUSH, 8011),
    ):
        modem = typed(name, family)
        context = TLSContext(verify=False, ctx=1)
        modem._contexts = Contexts(6)
        modem._contexts.place(context, [])
        modem._contexts._epochs[1] = modem.engine.epoch  # the context is configured, as 3.2 did it
        for cid in range(4):
            adopt(modem, cid, STREAM, 0, True)
        sock = modem.socket(tls=context, mode=mode)
        sock.connect(("220.180.239.%d" % (201 if family == "BG96" else 212), port))
        assert sock.id == 4 and sock.state == OPEN
        assert len(modem.command("AT+QSSLSTATE")) == 1
        modem.uart.done()


@rows("R074", "R078", "R292")
def test_a_tls_socket_sends_as_the_document_does() -> None:
    for size in (0, 1):
        modem = typed("ec200u_ssl/3.3.2.2", "EC200U", size=size)
        sock = sock_of(modem, 4, 0, True)
        assert sock.send(b"Test data from SSL") == 18
        settled(modem)
        modem.uart.done()


@rows("R301")
def test_disconnect_as_the_documents_do() -> None:
    for name, family in (("bg96_ssl/3.1.3", "BG96"), ("ec200u_ssl/3.1.3", "EC200U")):
        modem = typed(name, family)
        modem.disconnect()
        modem.uart.done()


# --- settings that change the framing -----------------------------------------------------------------------------


@rows("R199", "R200")
def test_asking_for_the_ranges_of_a_setting_does_not_change_it() -> None:
    ranges = lines('+QICFG: "dataformat",(0,1),(0,1)', '+QICFG: "viewmode",(0,1)', '+QICFG: "showlength",(0,1)', "OK")
    script = [
        (b'AT+QICFG="viewmode",1\r', lines('+QICFG: "viewmode",1', "OK")),
        (b'AT+QICFG="showlength",1\r', lines('+QICFG: "showlength",1', "OK")),
        (b"AT+QICFG=?\r", ranges),
    ]
    uart = ScriptedUart(script)
    modem = Modem(uart, "BC25", clock=StepClock(step=5))
    for command, _ in script:
        modem.command(command[:-1].decode())
    assert (modem.engine.view, modem.engine.show) == (1, 1)
    uart.say(b"\r\nRDY\r\n")
    settled(modem)
    assert (modem.engine.view, modem.engine.show) == (1, 1)  # the NB modules keep these settings (R306)


@rows("R199", "R200", "R166")
def test_a_socket_reads_in_every_view() -> None:
    """Both settings, data with line ends and commas in them, every cut: the same bytes and nothing lost."""
    data = b"\r\nOK\r\n+QIRD: 3,\n,,\r"
    for view in (0, 1):
        for show in (0, 1):
            head = b"\r\n+QIRD: %d" % len(data) + (b",7" if show else b"") + (b"," if view else b"\r\n")
            answer = head + data + b"\r\n" + lines("OK")
            for cut in range(-1, len(answer)):
                for pause in (0, 8):
                    script = [
                        (b"AT+QIRD=0,512\r", answer),
                        (b"AT+QIRD=0,512\r", lines("+QIRD: 0", "OK")),
                    ]
                    uart = ScriptedUart(script, 0, cut, pause)
                    modem = Modem(uart, "BC25", slots=1, clock=StepClock(step=5))
                    modem.engine.view, modem.engine.show = view, show
                    modem.engine._views()
                    sock = sock_of(modem, 0)
                    uart.say(lines('+QIURC: "recv",0' + (",19" if show else "")))
                    assert sock.read(len(data)) == data, (view, show, cut, pause)
                    settled(modem)
                    uart.done()
                    assert not modem.stats.framing, (view, show, cut, pause)


@rows("R199", "R214")
def test_push_headers_are_read_in_every_cut() -> None:
    """Connection ids and lengths of two digits, data with line ends, both view modes."""
    data = b"0123456789\r\n>"
    for view in (0, 1):
        for cid in (1, 5):
            urc = b'\r\n+QIURC: "recv",%d,%d' % (cid, len(data)) + (b"," if view else b"\r\n") + data + b"\r\n"
            for cut in range(-1, len(urc)):
                uart = ScriptedUart([], 0, cut, cut & 1 and 8)
                modem = Modem(uart, "BC25", slots=2, clock=StepClock(step=5))
                modem.engine.view, modem.engine.show = view, 1
                modem.engine._views()
                sock = sock_of(modem, cid, PUSH)
                uart.say(urc)
                assert sock.read(len(data)) == data, (view, cid, cut)
                settled(modem)
                uart.done()
                assert modem.stats.urcs == 1 and not modem.stats.framing, (view, cid, cut)
