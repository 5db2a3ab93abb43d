"""What the demo shows: the AT conversation as it happens, and the table at the end."""

import io
import re
import sys
from collections import Counter
from dataclasses import dataclass

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from desk.demo_stage import Result

PLAIN_WIDTH = 120  # columns where there is no terminal to ask
LONGEST = 100  # characters of an AT line
SHOWN = 60  # lines of a step that are shown whatever they say ...
ALIKE = 3  # ... after them only so many of one kind; the others are counted
PICTURE_STEP, PICTURE_LINES, PICTURE_WIDTH = "page over TLS", 34, 104
# rich's own format without the fonts that it would fetch from the web
_SVG = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL).replace(
    "Fira Code", "ui-monospace, Menlo, Consolas"
)
WHO = {">>": ("driver", "cyan"), "<<": ("module", "green")}


@dataclass(frozen=True)
class Row:
    """One line of the table; `wrong` is empty when every byte came back right."""

    family: str
    result: Result
    wrong: str


class Picture:
    """What a picture of the demo shows: the conversation of one step, and the table."""

    def __init__(self) -> None:
        self._console = Console(
            highlight=False, width=PICTURE_WIDTH, record=True, file=io.StringIO(), color_system="truecolor"
        )
        self._left = 0

    def step(self, what: str) -> None:
        """A new step begins; only one of them is drawn."""
        self._left = PICTURE_LINES if what.startswith(PICTURE_STEP) else 0

    def line(self, text: Text) -> None:
        """A line of the conversation, if there is room."""
        if self._left > 0:
            self._left -= 1
            self._console.print(text if self._left else Text("           ..."), no_wrap=True, overflow="crop")

    def table(self, table: Table) -> None:
        """The closing table."""
        self._console.print(table)

    def svg(self) -> str:
        """The picture; its fonts are those of who looks at it."""
        return self._console.export_svg(title="python3 tools/dev.py demo", code_format=_SVG)


class View:
    """Prints to standard output; `quiet` leaves the table only."""

    def __init__(self, quiet: bool, picture: "Picture | None" = None) -> None:
        self.quiet = quiet
        self.picture = picture
        width = None if sys.stdout.isatty() else PLAIN_WIDTH
        self._console = Console(highlight=False, width=width)
        self._seen: Counter[str] = Counter()
        self._hidden = 0
        self._start_ms: int | None = None

    def family(self, name: str, runtime: str) -> None:
        """A new conversation begins."""
        self._start_ms = None
        if not self.quiet:
            self._console.print()
            self._console.rule(Text(f"{name}, driver on {runtime}", style="bold"), align="left")

    def step(self, what: str) -> None:
        """A new step begins."""
        self._flush()
        self._seen.clear()
        if self.picture:
            self.picture.step(what)
        self._line(Text(f"--- {what}", style="bold"))

    def said(self, direction: str, text: str, ms: int) -> None:
        """One line of the AT conversation; lines that differ in their numbers alone are alike."""
        if self.quiet and not self.picture:
            return
        if self._start_ms is None:
            self._start_ms = ms
        kind = direction + re.sub(r"\d+", "0", text)
        self._seen[kind] += 1
        if self._seen.total() > SHOWN and self._seen[kind] > ALIKE:
            self._hidden += 1
            return
        self._flush()
        self._conversation(direction, text, (ms - self._start_ms) / 1000)

    def _conversation(self, direction: str, text: str, seconds: float) -> None:
        who, color = WHO.get(direction, (direction, ""))
        if len(text) > LONGEST:
            text = f"{text[: LONGEST - 20]}... ({len(text)} characters)"
        self._line(Text.assemble((f"{seconds:9.3f}  ", "dim"), (f"{who}  ", color), text))

    def _flush(self) -> None:
        if self._hidden:
            self._line(Text(f"           ...     {self._hidden} more like these", style="dim"))
            self._hidden = 0

    def end(self, row: Row) -> None:
        """A step has ended."""
        self._flush()
        verdict = Text("    wrong: " + row.wrong, "red") if row.wrong else Text("    right", "green")
        words = f" ({row.result.words})" if row.result.words and not row.wrong else ""
        self._line(Text.assemble(verdict, words))

    def other(self, line: str) -> None:
        """Anything else that the driver's side printed: a traceback, most likely."""
        self._flush()
        self._console.print(Text(line, style="red"), soft_wrap=True)

    def _line(self, text: Text) -> None:
        if self.picture:
            self.picture.line(text)
        if not self.quiet:
            self._console.print(text, soft_wrap=True)

    def table(self, rows: list[Row]) -> None:
        """The closing table."""
        table = Table(box=SIMPLE, pad_edge=False)
        for head in ("family", "what was done"):
            table.add_column(head, no_wrap=head == "family")
        for head in ("sent", "came back", "time"):
            table.add_column(head, justify="right", no_wrap=True)
        table.add_column("verdict")
        for row in rows:
            table.add_row(*_cells(row))
        self._console.print()
        self._console.print(table)
        if self.picture:
            self.picture.table(table)


def _cells(row: Row) -> list[Text]:
    result = row.result
    verdict = Text(f"wrong: {row.wrong}", "red") if row.wrong else Text("right", "green")
    return [
        Text(row.family),
        Text(result.what),
        Text(f"{result.sent} B"),
        Text(f"{result.got} B"),
        Text(f"{result.seconds:.2f} s"),
        verdict,
    ]
