"""What the docstrings of the driver say a call allocates: "Allocates nothing" or, for a 64-bit VM,
"Allocates at most 150 bytes, 2 a byte, 250 a wait".

They are read from the source, as MicroPython keeps no docstrings.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Cost = tuple[int, int, int]  # bytes of a call, for each byte moved, for each wait

_texts: "dict[str, dict[str, str]]" = {}  # docstrings by class and function


def text_of(figure: str) -> str:
    """The docstring of "module.Class.function" or of "module.Class"."""
    names = figure.split(".")
    kind = ".".join(names[:2])
    if kind not in _texts:
        path: str = __import__("quectel." + names[0], None, None, (names[0],)).__dict__["__file__"]
        with open(path) as file:
            _texts[kind] = dict(_docstrings(file.read().split("\n"), names[1]))
    return _texts[kind][names[-1]]


def stated(figure: str) -> "Cost":
    """Its cost; "module.Class.function:words" is the number behind these words in its docstring."""
    name, _, words = figure.partition(":")
    text = text_of(name)
    if not words:
        return cost(text)
    for word in text[text.index(words) + len(words) :].split(" "):
        number = word.rstrip('.,;"').replace(",", "")
        if number.isdigit():
            return int(number), 0, 0
    raise ValueError("no number behind " + figure)


def _docstrings(lines: "list[str]", kind: str) -> "Iterator[tuple[str, str]]":
    inside = False
    name = text = ""
    for line in lines:
        if line.startswith("class "):
            inside = line[6:].replace("(", ":").startswith(kind + ":")
            name = kind
        elif inside and line.replace("async ", "").startswith("    def "):
            name = line.partition("def ")[2].partition("(")[0]
        if not inside or not name or ('"""' not in line and not text):
            continue
        text += " " + line.strip()
        if text.count('"""') == 2:
            yield name, text
            name = text = ""


def cost(text: str) -> "Cost":
    """The figures of its sentence "Allocates ..."."""
    sentence = text[text.index("Allocates") :].partition(". ")[0].partition('."')[0]
    if sentence.startswith("Allocates nothing"):
        return 0, 0, 0
    words = sentence.split(" ")
    figures = {"bytes": 0, "byte": 0, "wait": 0}
    for i in range(len(words) - 1):
        number = words[i].replace(",", "")
        unit = words[i + 2] if words[i + 1] == "a" and i + 2 < len(words) else words[i + 1]
        unit = unit.rstrip(",;.")
        if number.isdigit() and unit in figures and not figures[unit]:
            figures[unit] = int(number)
    if "at most" not in sentence or not figures["bytes"]:
        raise ValueError("no figure in: " + sentence)
    return figures["bytes"], figures["byte"], figures["wait"]
