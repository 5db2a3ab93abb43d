"""The basic exchange in every framing that modules have: echo, errors, prompts, blank lines and results combined."""

from errno import EPERM

import kit
from formed import GIVEN, PROMPTS, SLOW, FormedModule, exchange
from kit import rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Form = tuple[str, bool, bool, int, bytes, int, tuple[str, ...]]

OK_FIRST, ALONE = ("OK", "SEND OK"), ("SEND OK",)
READS = ((0,), (1,), (7, 1, 3, 64))  # whole, byte by byte, and awkward


def forms() -> "list[Form]":
    """Every combination; in npm's VM some of them."""
    found: "list[Form]" = []
    for family, tls in (("BC25", False), ("BG96", False), ("BG96", True)):
        for echo in (False, True):
            for cmee in (0, 1, 2):
                for prompt in PROMPTS:
                    for blanks in (0, 1, 2):
                        for results in (OK_FIRST, ALONE):
                            found.append((family, tls, echo, cmee, prompt, blanks, results))
    if SLOW:
        kit.Random(kit.seed()).shuffle(found)
        del found[12:]
    return found


def module(form: "Form", sizes: "tuple[int, ...]") -> FormedModule:
    made = FormedModule(*form[1:], sizes=sizes)
    if form[0] == "BC25":
        made.closed = ("OK", "CLOSE OK")
    return made


@rows("R018", "R020", "R075", "R149", "R292", "R386", "R388", "R441", "R442")
def test_the_basic_exchange_in_every_framing() -> None:
    plain: "dict[Any, Any]" = {}
    tried = 0
    for form in forms():
        family, tls, _, cmee = form[:4]
        key = (family, tls, cmee)
        if key not in plain:
            usual = OK_FIRST if family == "BC25" else ALONE
            plain[key] = exchange(module((family, tls, False, cmee, PROMPTS[0], 1, usual), (0,)), family)
            results = plain[key][0]
            assert results[0] == ["+CEREG: 0,5"] and results[3:6] == [GIVEN, EPERM, 0], results
        for sizes in READS:
            tried += 1
            assert exchange(module(form, sizes), family) == plain[key], (form, sizes)
    kit.count("framings tried", tried)
