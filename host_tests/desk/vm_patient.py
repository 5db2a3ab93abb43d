"""A driver whose time runs slower, in a process beside that of the virtual module: CPython's or a MicroPython VM's.

A module whose process waits for its turn on a busy machine has not fallen silent. For what waits for no time limit.
"""

import sys

from quectel._compat import ticks_diff

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SLOWER = 8


def patient() -> None:
    """From now on a time limit is so many times as long."""
    driver: "Any" = sys.modules["quectel._compat"]
    real = driver._ticks_ms
    began = real()
    driver._ticks_ms = lambda: ticks_diff(real(), began) // SLOWER
