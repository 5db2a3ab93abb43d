"""Run on the board by `dev.py deploy`: is the copy whole, is there memory, does the module answer AT and ATI?

Each line with "#> " is one step: [name, "ok" or "failed", words].
"""

import gc
import json
import sys

TYPE_CHECKING = False  # MicroPython has no typing
if TYPE_CHECKING:
    from typing import Any

    from quectel import Modem

_WIRES = "is it switched on, has it its own supply, are TX and RX crossed and GND joined, is the level right (1.8 V)?"


def tell(step: str, ok: bool, words: str) -> bool:
    print("#> " + json.dumps([step, "ok" if ok else "failed", words]))
    return ok


def package() -> bool:
    """The package can be imported."""
    import quectel

    place = getattr(quectel, "__file__", "")
    if "lib/" not in place:
        place = "the firmware, frozen: the copy in lib/ is not used"
    return tell("package", True, "quectel %s from %s" % (quectel.__version__, place))


def wiring() -> "Modem | None":
    """The board file opens its UART, and a modem can be made; the words say what is left of the heap."""
    import board
    import first_page
    from quectel import Modem

    try:
        family = first_page.settings()["family"] or board.FAMILY
        modem = Modem(board.uart(), family, pins=board.pins())
    except (OSError, ValueError) as error:
        tell("board file", False, "look at board.py and settings.json: %s" % error)
        return None
    gc.collect()
    tell("board file", True, "UART open, family %s, %d bytes of heap free" % (modem.family.name, free()))
    return modem


def free() -> int:
    """Bytes of heap that are free."""
    count: "Any" = getattr(gc, "mem_free", int)
    return int(count())


def module(modem: "Modem") -> bool:
    """The module answers, and is one of the family."""
    from quectel import QuectelError

    try:
        modem.command("AT", timeout_ms=5000)
        said = " ".join(modem.command("ATI", timeout_ms=5000))
    except (QuectelError, OSError) as error:
        return tell("module", False, "no answer (%s): %s" % (error, _WIRES))
    names = modem.family.modules
    right = any([name in said for name in names])
    return tell("module", right, said if right else "%r is none of %s: correct `family`" % (said, ", ".join(names)))


def main() -> None:
    print("MicroPython %s on %s" % (".".join([str(part) for part in sys.implementation.version[:3]]), sys.platform))
    package()
    modem = wiring()
    if modem is not None:
        module(modem)


main()
