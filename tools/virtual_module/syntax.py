"""Splitting a command line: prefix, name, form and parameters (rows R002, R006, R008, R012 to R017, R436, R440)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

TEST, READ, WRITE, EXEC = "test", "read", "write", "exec"


class BadLine(ValueError):
    """The line is no command line; the module answers ERROR."""


@dataclass(frozen=True)
class Arg:
    """One parameter. `text` is without the quotes (latin-1), `raw` as it was typed, blanks around it taken off."""

    text: str = ""
    quoted: bool = False
    raw: str = ""

    @property
    def empty(self) -> bool:
        """True for a hole between two commas (not for an empty quoted string)."""
        return not self.raw


@dataclass(frozen=True)
class Command:
    """One command of a line. `tail` is everything behind `=` as typed, for commands that read it themselves."""

    name: str
    form: str
    args: "tuple[Arg, ...]" = field(default=())
    tail: str = ""


# V.250's basic commands (E0, I, Z, &D1, O, V1, Q0, ...) have a letter and a number; the others begin with +.
BASIC = re.compile(r"(&?[A-Z]|S\d+)(\d*)\Z", re.I)
EXTENDED = re.compile(r"(\+[A-Z][A-Z0-9_]*)(=\?|\?|=|)(.*)\Z", re.I | re.S)
PREFIXES = ("AT", "at")


def split_outside_quotes(text: str, separator: str) -> "list[str]":
    """Cut `text` at the separators that stand outside double quotes."""
    parts, start, inside = [], 0, False
    for at, char in enumerate(text):
        if char == '"':
            inside = not inside
        elif char == separator and not inside:
            parts.append(text[start:at])
            start = at + 1
    parts.append(text[start:])
    return parts


def argument(text: str) -> Arg:
    """One parameter; a quote that is not closed, or stands in the middle, is a BadLine."""
    raw = text.strip(" ")
    if not raw.startswith('"'):
        if '"' in raw:
            raise BadLine("a quote inside a parameter")
        return Arg(raw, False, raw)
    if len(raw) < 2 or not raw.endswith('"') or '"' in raw[1:-1]:
        raise BadLine("a quote is not closed")
    return Arg(raw[1:-1], True, raw)


def arguments(tail: str) -> "tuple[Arg, ...]":
    """The parameters behind `=`; they are left empty when the quotes do not fit (see Command.tail)."""
    return tuple(argument(part) for part in split_outside_quotes(tail, ","))


def parse_one(text: str) -> Command:
    """One command without its AT; blanks up to and with `=` or `?` count (R014), so they make it unknown."""
    extended = EXTENDED.match(text)
    if extended is None:
        basic = BASIC.match(text.strip(" "))
        if basic is None:
            raise BadLine("no command")
        number = basic.group(2)
        return Command(basic.group(1).upper(), EXEC, (Arg(number, False, number),) if number else ())
    name, mark, tail = extended.groups()
    form = {"=?": TEST, "?": READ, "=": WRITE, "": EXEC}[mark]
    if form != WRITE:
        if tail.strip(" "):
            raise BadLine("text behind the command")
        return Command(name.upper(), form)
    return Command(name.upper(), WRITE, _lenient(tail), tail)


def _lenient(tail: str) -> "tuple[Arg, ...]":
    """QISEND's data may hold quotes and commas (R402), so bad quotes are left to the command."""
    try:
        return arguments(tail)
    except BadLine:
        return ()


def parse(line: bytes, chain: bool) -> "list[Command]":
    """The commands of a line (without its CR); `chain`: several commands with `;` between them (R012).

    An empty line and a bare `AT` give an empty list. Anything that is no command raises BadLine.
    """
    text = line.decode("latin-1").strip(" ")
    if text[:2] not in PREFIXES:
        raise BadLine("the line does not begin with AT")
    body = text[2:]
    if not body:
        return []
    first, *others = split_outside_quotes(body, ";") if chain else [body]
    return [parse_one(first), *(parse_one(other.lstrip(" ")) for other in others)]  # no name has begun there (R014)
