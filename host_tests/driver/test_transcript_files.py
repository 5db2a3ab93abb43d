"""The transcripts can be read on both Pythons, all of them, and none has come or gone."""

from kit import raises
from transcript import (
    ROOT,
    TAGS,
    Malformed,
    Transcript,
    conversation,
    loose,
    parse,
    paths,
    spellings,
    stretches,
    take_line,
)

# folder: document, files, items of the host, items of the module, notes, from transcripts/README.md
FOLDERS = {
    "bg96_ssl": ("BG96 SSL AT Commands Manual", 16, 35, 57, 32),
    "ec200u_ssl": ("EC200U&EG915U Series SSL Application Note", 17, 30, 40, 23),
    "bc65_tcpip": ("BC65&BC92 TCP/IP Application Note", 19, 37, 81, 21),
    "bc95g_coap": ("BC95-G&BC68 CoAP Application Note", 21, 82, 100, 91),
    "bc25_tcpip": ("BC25&BC32 TCP/IP Application Note", 23, 59, 127, 35),
}
HEADER_LINES = ("# document: D", "# section: 1", "# module: M", "# title: T", "# given: G")


def test_counts_per_folder() -> None:
    found = {folder: [0, 0, 0, 0] for folder in FOLDERS}
    for path in paths():
        folder = path.split("/")[-2]
        transcript = parse(path)
        counts = found[folder]
        counts[0] += 1
        for item in transcript.items:
            counts[1 if item.host else 2] += 1
            counts[3] += len(item.notes)
        assert transcript.header["document"] == FOLDERS[folder][0], path
        assert path.split("/")[-1].startswith(transcript.header["section"]), path
    for folder in FOLDERS:
        assert tuple(found[folder]) == FOLDERS[folder][1:], (folder, found[folder])
    assert len(paths()) == 96


def test_every_command_gets_its_result() -> None:
    final = (b"OK", b"ERROR", b"SEND OK", b"SEND FAIL", b"CONNECT", b"NO CARRIER")
    for path in paths():
        waiting = ""
        for item in conversation(parse(path)):
            if item.kind == ">>":
                assert not waiting, (path, waiting)
                waiting = item.text
            elif not item.host and item.wire.strip() in final:
                waiting = ""
        assert not waiting, (path, waiting)


def test_a_stretch_is_one_side_and_keeps_every_byte() -> None:
    for path in paths():
        transcript = parse(path)
        cut = stretches(transcript)
        for i in range(len(cut)):
            host, items = cut[i]
            assert all([item.host == host for item in items]), path
            assert not i or cut[i - 1][0] != host, path
        whole = b"".join([spellings(items)[0] for _, items in cut])
        assert whole == b"".join([item.wire for item in conversation(transcript)]), path


def test_spellings_of_an_incoming_connection() -> None:
    transcript = parse(ROOT + "/bc25_tcpip/4.3.3-receive-incoming.at")
    cut = stretches(transcript)
    assert spellings(cut[0][1]) == [b'\r\n+QIURC: "recv",0\r\n', b'\r\n+QIURC: "recv",2\r\n']
    assert spellings(cut[1][1]) == [b"AT+QIRD=0,512\r", b"AT+QIRD=2,512\r"]
    assert spellings(cut[2][1]) == [b"\r\n+QIRD: 4\r\ntest\r\n\r\nOK\r\n"]


def test_prompt_and_escapes() -> None:
    items = parse(ROOT + "/bg96_ssl/3.3.2-send-buffer-mode.at").items
    assert [item.wire for item in items[1:4]] == [b"\r\n> ", b"Test data from SSL", b"\x1a"]
    assert items[1].noted("framing") and not items[1].noted("length")


def test_loose_drops_what_is_open_and_nothing_else() -> None:
    for data, wanted in (
        (b">", b"\r\n>"),
        (b"> ", b"\r\n>"),
        (b"\r\n\r\n> ", b"\r\n>"),
        (b"x> ", b"x> "),
        (b"a\r\n> ", b"a\r\n>"),
        (b"\r\n\r\n\r\nOK\r\n\r\n", b"\r\nOK\r\n"),
        (b"", b""),
    ):
        assert loose(data) == wanted, data


def _read(line: str) -> str:
    """What is wrong with a line below a good header and one item."""
    transcript = Transcript("none")
    for number, good in enumerate(HEADER_LINES + (">> AT",), 1):
        assert take_line(transcript, number, good) == ""
    return take_line(transcript, 7, line)


def test_malformed_lines_are_refused() -> None:
    for tag in TAGS:
        assert _read("@@ [%s] `>> AT+X` words" % tag) == ""
    for line in (">> a ", ">>a", "<< ", "?? x", "", "@@ words", "@@ [other] words", "# given: twice"):
        assert _read(line) != "", line
    for line in ("@@ [variant] words", "@@ [variant] `<< OK`", ">> \xe9"):
        assert _read(line) != "", line
    for line in (">! \\q", ">! \\x4", ">! \\x4g", ">! \\"):
        assert _read(line) != "", line


def test_a_missing_header_line_is_refused() -> None:
    transcript = Transcript("none")
    assert take_line(transcript, 1, "# section: 1") != ""
    with raises(Malformed):
        parse(ROOT + "/README.md")
