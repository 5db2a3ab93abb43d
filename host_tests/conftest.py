"""Puts the driver, the tools and the test kit on the path, also where pyproject.toml is not read."""

import gc
import sys
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parent.parent

for _folder in ("host_tests", "tools", "lib"):
    _path = str(_ROOT / _folder)
    if _path not in sys.path:
        sys.path.insert(0, _path)


def pytest_collection_finish() -> None:
    """What is there by now stays: the garbage collector looks at it no more, and at the rest less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What the tests have counted, in the lines that the kit prints in a MicroPython VM."""
    import kit

    for line in kit.counted():
        terminalreporter.write_line(line)
