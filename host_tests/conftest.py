"""Puts the driver, the tools and the test kit on the path, also where pyproject.toml is not read."""

import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent

for _folder in ("host_tests", "tools", "lib"):
    _path = str(_ROOT / _folder)
    if _path not in sys.path:
        sys.path.insert(0, _path)
