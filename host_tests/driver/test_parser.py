"""The parser: the same events whole, byte by byte, cut everywhere and in random pieces."""

import kit
from kit import rows
from quectel.parser import DATA, END, HEAD, LINE, LONG, LOST, NEED, PROMPT, Parser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    Event = tuple[int, bytes]

_numbers: "list[kit.Random]" = []
_READ = b"+QIRD: "
_INLINE = b"+IN: "
HOSTILE = b'\r\nOK\r\n> +QIURC: "closed",0\r\nERROR\r\n\0\xff>\n+IN: 3,\r'


class Reader:
    """Reads `+QIRD: <n>` and `+IN: <n>,` as headers of payloads; joins the pieces of a payload to one event."""

    def __init__(self, size: int = 64) -> None:
        self.parser = Parser(size)
        self.parser.inline = (_INLINE,)
        self.events: "list[Event]" = []
        self._joined = False

    def feed(self, data: bytes) -> None:
        p = self.parser
        buf = bytearray(data)
        p.pos = 0
        for _ in range(4 * len(buf) + 4):
            ev = p.feed(buf, len(buf))
            if ev == NEED:
                break
            assert p.pos <= len(buf)
            if ev != LONG:  # it is in the count
                self._event(p, ev)
        assert p.pos == len(buf)

    def _event(self, p: Parser, ev: int) -> None:
        text = bytes(p.buf[p.a : p.b]) if ev in (LINE, HEAD, DATA) else b""
        if ev == DATA:
            assert text
            if self._joined:
                text = self.events.pop()[1] + text
            self._joined = p.raw > 0
        if ev == HEAD:
            self._head(p, text)
        else:
            self.events.append((ev, text))
        if ev == LINE and text.startswith(_READ):
            p.arm(int(text[len(_READ) :]))

    def _head(self, p: Parser, text: bytes) -> None:
        """`+IN: <n>,` and the payload; the header of `+IN: <n>;` is understood only at the payload's fifth byte."""
        comma = text.find(b",")
        if comma < 0 and text.find(b";") > 0 and len(text) > text.find(b";") + 4:
            comma = text.find(b";")
        if comma < 0:
            p.more()
        elif not text[len(_INLINE) : comma].isdigit():
            p.plain()
        else:
            self.events.append((HEAD, text[: comma + 1]))
            p.arm_at(p.a + comma + 1, int(text[len(_INLINE) : comma]))


def numbers() -> kit.Random:
    """One generator for the whole file, so that its seed is printed once."""
    if not _numbers:
        _numbers.append(kit.Random(kit.seed()))
    return _numbers[0]


def events(pieces: "Iterable[bytes]", prompt: bool = False, size: int = 64) -> "list[Event]":
    reader = Reader(size)
    reader.parser.prompt_ok = prompt
    for piece in pieces:
        reader.feed(piece)
    counts = [(100, b"%d" % reader.parser.long_lines), (101, b"%d" % reader.parser.noise)]
    return reader.events + counts


def same_however_cut(data: bytes, prompt: bool = False, size: int = 64) -> "list[Event]":
    """The events, which are the same whole, byte by byte, cut at every place and in random pieces."""
    whole = events([data], prompt, size)
    assert events([data[i : i + 1] for i in range(len(data))], prompt, size) == whole
    for cut in range(1, len(data)):
        found = events([data[:cut], data[cut:]], prompt, size)
        assert found == whole, (cut, found, whole)
    for _ in range(5):
        assert events(numbers().chunks(data, 20), prompt, size) == whole
    return whole[:-2]


@rows("R003", "R008", "R011", "R019")
def test_lines() -> None:
    data = b'\r\nOK\r\n+QIURC: "recv",0\r\n\r\n  two words \r\r\nlast\n\n\r\n'
    wanted = [b"OK", b'+QIURC: "recv",0', b"two words", b"last"]
    assert same_however_cut(data) == [(LINE, line) for line in wanted]


def test_a_line_without_its_end_is_kept() -> None:
    assert same_however_cut(b"OK\r\nERR") == [(LINE, b"OK")]
    reader = Reader()
    for piece in (b"ER", b"RO", b"R\r", b"\n"):
        assert reader.events == []
        reader.feed(piece)
    assert reader.events == [(LINE, b"ERROR")]


@rows("R080", "R166", "R171")
def test_counted_payload_is_never_looked_into() -> None:
    n = len(HOSTILE)
    data = b"\r\n+QIRD: %d\r\n" % n + HOSTILE + b"\r\n\r\nOK\r\n"
    wanted = [(LINE, b"+QIRD: %d" % n), (DATA, HOSTILE), (END, b""), (LINE, b"OK")]
    assert same_however_cut(data, True) == wanted


@rows("R173", "R269")
def test_payload_on_the_header_line() -> None:
    n = len(HOSTILE)
    data = b"\r\n+IN: %d," % n + HOSTILE + b"\r\n+IN: 1,x\r\nOK\r\n"
    wanted = [(HEAD, b"+IN: %d," % n), (DATA, HOSTILE), (END, b""), (HEAD, b"+IN: 1,"), (DATA, b"x"), (END, b"")]
    assert same_however_cut(data) == wanted + [(LINE, b"OK")]


@rows("R258", "R261")
def test_a_payload_that_came_before_its_header_was_understood() -> None:
    """As digits that could also be the count of options: `5,3132333435`."""
    data = b"\r\n+IN: 9;12345\n789\r\n+IN: 4;1234\r\nOK\r\n"
    wanted = [(HEAD, b"+IN: 9;"), (DATA, b"12345\n789"), (END, b"")]
    wanted += [(HEAD, b"+IN: 4;"), (DATA, b"1234"), (END, b""), (LINE, b"OK")]
    assert same_however_cut(data) == wanted


def test_a_payload_longer_than_the_line_buffer() -> None:
    body = bytes(range(256)) * 3
    data = b"+IN: 768," + body + b"\r\nOK\r\n"
    wanted = [(HEAD, b"+IN: 768,"), (DATA, body), (END, b""), (LINE, b"OK")]
    assert same_however_cut(data, size=16) == wanted


def test_a_payload_of_nothing_on_the_header_line() -> None:
    assert same_however_cut(b"+IN: 0,\r\nOK\r\n") == [(HEAD, b"+IN: 0,"), (END, b""), (LINE, b"OK")]


def test_a_head_without_payload_is_a_line() -> None:
    data = b"\r\n+IN: x,5\r\n+IN: 5\r\n+IN: \r\n+IN\r\nOK\r\n"
    wanted = [b"+IN: x,5", b"+IN: 5", b"+IN:", b"+IN", b"OK"]
    assert same_however_cut(data) == [(LINE, line) for line in wanted]


def test_a_line_that_only_looks_like_a_head() -> None:
    for line in (b"+INX: 3,abc", b"x+IN: 3,abc", b"+ IN: 3,abc"):
        assert same_however_cut(line + b"\r\nOK\r\n") == [(LINE, line), (LINE, b"OK")]


def test_every_length_of_a_line_around_the_buffer() -> None:
    for n in range(12, 20):
        line = b"x" * n
        wanted = [(LINE, line)] if n + 1 <= 16 else []  # with its CR
        assert same_however_cut(line + b"\r\nOK\r\n", size=16) == wanted + [(LINE, b"OK")], n


def test_long_lines_are_counted_and_skipped_to_their_end() -> None:
    data = b"a" * 70 + b"OK\r\nOK\r\n" + b"b" * 300 + b"\r\nERROR\r\n"
    assert same_however_cut(data, True) == [(LINE, b"OK"), (LINE, b"ERROR")]
    assert events([data])[-2] == (100, b"2")


def test_a_long_line_with_an_inline_beginning() -> None:
    data = b"+IN: " + b"7" * 80 + b",\r\nOK\r\n"
    assert same_however_cut(data, size=32) == [(LINE, b"OK")]


def test_noise_in_front_of_a_line_is_counted() -> None:
    data = b"\0\0\xff\xfe\x01OK\r\n\0\0\r\n\x80\r\n +QIND: 1\r\n"
    assert same_however_cut(data) == [(LINE, b"OK"), (LINE, b"+QIND: 1")]
    assert events([data])[-1] == (101, b"6")


def test_bytes_of_all_values_end_and_never_raise() -> None:
    for _ in range(20):
        data = numbers().data(200)
        whole = events([data], True)
        assert events(numbers().chunks(data, 30), True) == whole
        assert events([data[i : i + 1] for i in range(len(data))], True) == whole


@rows("R386")
def test_prompt_forms() -> None:
    for form in (b">", b"> ", b"\r\n>", b"\r\n> ", b"\r\n>\r\n", b"\r\n\r\n> ", b"AT+QISEND=0,5\r\r\n> "):
        found = same_however_cut(form + b"\r\nOK\r\n", True)
        echo = [(LINE, b"AT+QISEND=0,5")] if form[0] == 65 else []
        assert found == echo + [(PROMPT, b""), (LINE, b"OK")], form


@rows("R389")
def test_a_line_between_command_and_prompt() -> None:
    data = b'\r\n+QIURC: "recv",1\r\n\r\n> \r\n+QIURC: "x>y",1\r\nSEND OK\r\n'
    wanted = [(LINE, b'+QIURC: "recv",1'), (PROMPT, b""), (LINE, b'+QIURC: "x>y",1'), (LINE, b"SEND OK")]
    assert same_however_cut(data, True) == wanted


def test_there_is_one_prompt() -> None:
    assert same_however_cut(b">\r\n>\r\n", True) == [(PROMPT, b""), (LINE, b">")]
    assert same_however_cut(b"> \r\nOK\r\n") == [(LINE, b">"), (LINE, b"OK")]
    assert same_however_cut(b"a> \r\nOK\r\n", True) == [(LINE, b"a>"), (LINE, b"OK")]


def test_a_payload_is_not_the_place_for_a_prompt() -> None:
    data = b"+QIRD: 3\r\n>>>\r\n\r\n> "
    assert same_however_cut(data, True) == [(LINE, b"+QIRD: 3"), (DATA, b">>>"), (END, b""), (PROMPT, b"")]


def test_lost_bytes_are_found_at_the_end_of_a_payload() -> None:
    """However many of ten are missing: the count runs into what follows."""
    for missing in range(1, 10):
        data = b"+QIRD: 10\r\n" + b"y" * (10 - missing) + b"\r\n\r\nOK\r\n\r\nafter\r\nX\r\n"
        found = same_however_cut(data)
        if missing in (2, 6, 8):  # what follows begins with CR by chance
            assert found[2] == (END, b""), (missing, found)
        else:
            assert found[2] == (LOST, b""), (missing, found)
            assert found[-1] == (LINE, b"X")


def test_too_many_bytes_are_found_too() -> None:
    data = b"+QIRD: 4\r\nyyyyOK\r\nOK\r\n"
    assert same_however_cut(data) == [(LINE, b"+QIRD: 4"), (DATA, b"yyyy"), (LOST, b""), (LINE, b"OK")]


def test_abandon_skips_to_the_next_line() -> None:
    data = b"+QIRD: 50\r\nabc"
    for rest in (b"def\r\nOK\r\n", b"\nOK\r\n", b"\r\nOK\r\n"):
        reader = Reader()
        reader.feed(data)
        reader.parser.abandon()
        for i in range(len(rest)):
            reader.feed(rest[i : i + 1])
        assert reader.events[-1] == (LINE, b"OK") and len(reader.events) == 3


def test_a_line_may_be_fed_in_buffers_of_its_owner_again_and_again() -> None:
    """The staging buffer is overwritten by each read; nothing of it may be needed later."""
    reader = Reader()
    staging = bytearray(8)
    data = b'+QIURC: "recv",0\r\n+IN: 4,abcd\r\nOK\r\n'
    p = reader.parser
    for i in range(0, len(data), 3):
        piece = data[i : i + 3]
        for k in range(8):
            staging[k] = piece[k] if k < len(piece) else 88
        p.pos = 0
        for _ in range(20):
            ev = p.feed(staging, len(piece))
            if ev == NEED:
                break
            reader._event(p, ev)
        for k in range(8):
            staging[k] = 89
    assert reader.events == events([data])[:-2]


@rows("R388")
def test_an_echo_ends_with_its_cr() -> None:
    """Other lines end with LF alone: a CR may stand in a quoted string."""
    for data, wanted in (
        (b"AT+X\r> ", [(LINE, b"AT+X"), (PROMPT, b"")]),
        (b"AT\rOK\r\n", [(LINE, b"AT"), (LINE, b"OK")]),
        (b"at+x=1\r\r\n> ", [(LINE, b"at+x=1"), (PROMPT, b"")]),
        (b"AT\r\n\r\nOK\r\n", [(LINE, b"AT"), (LINE, b"OK")]),
        (b"ABORTED\rOK\r\n", [(LINE, b"ABORTED\rOK")]),
        (b"A\rT\r\n", [(LINE, b"A\rT")]),
        (b'+X: "AT\rOK\r"\r\n', [(LINE, b'+X: "AT\rOK\r"')]),
    ):
        pieces = [[data], [data[i : i + 1] for i in range(len(data))]]
        pieces += [[data[:cut], data[cut:]] for cut in range(1, len(data))]
        for some in pieces:
            found = [event for event in events(some, True) if event[0] < 100]
            assert found == wanted, (some, found)


def test_a_header_is_as_long_as_the_line_buffer_at_most_however_it_comes() -> None:
    """Else a header would be understood whole and not byte by byte."""
    p = Parser(16)
    p.inline = (_INLINE,)
    data = _INLINE + b"0123456789012345,\r\n"
    assert p.feed(data, len(data)) == HEAD and p.b - p.a == 16


def test_a_late_header_without_a_payload_leaves_nothing_for_the_next_one() -> None:
    """What stood behind its count is no payload, not the next one's either."""
    reader = Reader()
    for byte in b"+IN: 0;abcd!\r\n+QIRD: 3\r\nxyz\r\nOK\r\n":
        reader.feed(bytes([byte]))
    wanted = [(HEAD, b"+IN: 0;"), (LOST, b""), (LINE, b"+QIRD: 3"), (DATA, b"xyz"), (END, b""), (LINE, b"OK")]
    assert reader.events == wanted, reader.events
