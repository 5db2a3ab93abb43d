"""Reads the worked examples in transcripts/ on CPython and on MicroPython.

transcripts/README.md has the format. Only plain string operations: MicroPython's `re` has no
repetition counts and no lookbehind, and there is no pathlib.
"""

import os

HEADER = ("document", "section", "module", "title", "given")
KINDS = (">>", ">!", "<<", "<!")
TAGS = "quotes ocr typo as-printed missing variant length inconsistent framing placeholder note".split()
ROOT = (__file__.replace("\\", "/").rpartition("/")[0] or ".") + "/transcripts"

_ESCAPES = {"r": "\r", "n": "\n", "t": "\t", "\\": "\\"}


class Malformed(ValueError):
    """A file that does not follow the format."""


class Item:
    """What one side sends: `wire` has the bytes, `text` what the file prints behind the kind."""

    def __init__(self, kind: str, text: str, line: int) -> None:
        self.kind = kind
        self.text = text
        self.line = line  # number of the line in the file
        self.host = kind[0] == ">"  # True: host to module
        self.comments: "list[str]" = []
        self.notes: "list[tuple[str, str]]" = []
        self.missing: "list[Item]" = []  # left out by the document, belong on the wire after this one
        self.gaps: "list[str]" = []  # [missing] notes whose bytes nobody knows
        self.variants: "list[Item]" = []  # other spellings of this item
        self.wire = _wire(kind, text)

    def noted(self, tag: str) -> bool:
        return any([name == tag for name, _ in self.notes])


class Transcript:
    """One file: the header lines by name, the items as the document prints them."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.header: "dict[str, str]" = {}
        self.items: "list[Item]" = []


def parse(path: str) -> Transcript:
    """Read one file; Malformed names the line that is wrong."""
    with open(path, "rb") as file:
        text = file.read().decode("utf-8")
    if not text.endswith("\n") or "\r" in text or "\t" in text:
        raise Malformed("%s: lines end with LF; no CR, no tabs" % path)
    lines = text[:-1].split("\n")
    result = Transcript(path)
    for number, line in enumerate(lines, 1):
        problem = take_line(result, number, line)
        if problem:
            raise Malformed("%s:%d: %s: %s" % (path, number, problem, line))
    if not result.items:
        raise Malformed("%s: no items" % path)
    return result


def take_line(result: Transcript, number: int, line: str) -> str:
    """Add one line to the result; returns what is wrong with it, or ""."""
    try:
        _add_line(result, number, line)
    except Malformed as error:
        return str(error)
    return ""


def _add_line(result: Transcript, number: int, line: str) -> None:
    if line != line.rstrip():
        raise Malformed("white space at the end; write \\x20")
    if number <= len(HEADER):
        _take_header(result, HEADER[number - 1], line)
        return
    kind, text = _split(line)
    if kind in KINDS:
        result.items.append(Item(kind, text, number))
    elif not result.items:
        raise Malformed("a comment or note needs an item above it")
    elif kind == "--":
        result.items[-1].comments.append(text)
    elif kind == "@@":
        _take_note(result.items[-1], text, number)
    else:
        raise Malformed("unknown kind of line")


def _take_header(result: Transcript, key: str, line: str) -> None:
    prefix = "# %s: " % key
    if not line.startswith(prefix) or len(line) == len(prefix):
        raise Malformed("expected the header line %r" % prefix)
    result.header[key] = line[len(prefix) :]


def _split(line: str) -> "tuple[str, str]":
    if line[2:3] != " " or len(line) < 4:
        raise Malformed("a kind is followed by one space and some text")
    return line[:2], line[3:]


def _take_note(item: Item, text: str, number: int) -> None:
    tag, bracket, rest = text[1:].partition("] ")
    if text[0] != "[" or not bracket or tag not in TAGS:
        raise Malformed("a note begins with one of the tags")
    item.notes.append((tag, rest))
    if tag not in ("missing", "variant"):
        return
    if rest[0] != "`":
        if tag == "variant":
            raise Malformed("a variant stands between backquotes")
        item.gaps.append(rest)
        return
    kind, body = _split(rest[1:].partition("`")[0])
    if kind not in KINDS or (tag == "variant" and (kind[0] == ">") != item.host):
        raise Malformed("no fitting item between the backquotes")
    (item.missing if tag == "missing" else item.variants).append(Item(kind, body, number))


def _wire(kind: str, text: str) -> bytes:
    for one in text:
        if not " " <= one <= "~":
            raise Malformed("only printable ASCII may stand here")
    if kind == ">>":
        return text.encode() + b"\r"
    if kind == "<<":
        return b"\r\n" + text.encode() + b"\r\n"
    return _unescape(text)


def _unescape(text: str) -> bytes:
    out = bytearray()
    first, *parts = text.replace("\\\\", "\\/").split("\\")  # "\/" cannot be written in a file
    out.extend(first.encode())
    for part in parts:
        code, rest = part[:1], part[1:]
        if code == "x":
            out.append(_hex(rest[:2]))
            rest = rest[2:]
        elif code in _ESCAPES or code == "/":
            out.extend(_ESCAPES.get(code, "\\").encode())
        else:
            raise Malformed("unknown escape")
        out.extend(rest.encode())
    return bytes(out)


def _hex(digits: str) -> int:
    if len(digits) != 2:
        raise Malformed("two hex digits follow \\x")
    value = 0
    for digit in digits.lower():
        nibble = "0123456789abcdef".find(digit)
        if nibble < 0:
            raise Malformed("two hex digits follow \\x")
        value = value << 4 | nibble
    return value


# ---- for tests: the wire, its directions, its spellings ----------------------------------------


def conversation(transcript: Transcript) -> "list[Item]":
    """The items in the order of the wire, those of [missing] notes included."""
    wire: "list[Item]" = []
    for item in transcript.items:
        wire.append(item)
        wire.extend(item.missing)
    return wire


def stretches(transcript: Transcript) -> "list[tuple[bool, list[Item]]]":
    """[(host, items), ...]: the conversation cut where the other side begins to speak."""
    cut: "list[tuple[bool, list[Item]]]" = []
    for item in conversation(transcript):
        if not cut or cut[-1][0] != item.host:
            cut.append((item.host, []))
        cut[-1][1].append(item)
    return cut


def spellings(items: "list[Item]") -> "list[bytes]":
    """Every byte string that the items stand for; the first is the one printed."""
    found = [b""]
    for item in items:
        forms = [item.wire] + [variant.wire for variant in item.variants]
        found = [before + form for before in found for form in forms]
    return found


def loose(data: bytes) -> bytes:
    """A module's answer without what the documents leave open, for comparing whole answers.

    A run of CR LF counts as one; CR LF before and a space after a closing prompt do not count.
    Payloads are not looked for: those of the transcripts hold no CR LF.
    """
    while b"\r\n\r\n" in data:
        data = data.replace(b"\r\n\r\n", b"\r\n")
    head = data[:-1] if data.endswith(b"> ") else data
    if head == b">" or head.endswith(b"\r\n>"):
        return (head[:-3] if len(head) > 1 else b"") + b"\r\n>"
    return data


def paths(root: str = ROOT) -> "list[str]":
    """Every transcript as "<root>/<folder>/<file>.at", sorted."""
    found: "list[str]" = []
    for folder in sorted(os.listdir(root)):
        if "." not in folder:
            names = [name for name in sorted(os.listdir(root + "/" + folder)) if name.endswith(".at")]
            found.extend(["%s/%s/%s" % (root, folder, name) for name in names])
    return found
