"""umqtt.simple as its author published it, fetched once into the cache; nothing of it is part of this project.

Its newest release in a package registry is 1.3.4, an archive without the setup.py that pip wants: pip fetches and
unpacks it, then refuses it, so it is told to leave what it has unpacked.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from desk.common import CACHE, locked

NAME, VERSION = "micropython-umqtt.simple", "1.3.4"
SHA256 = "8555d2f654deb8eb0d724f79b0811a78cc94029d070f3d96bbd74288653d63a5"
MISSING = "%s %s could not be fetched: the calls that it makes are tested by test_drop_in.py alone" % (NAME, VERSION)
_WAIT = ("--retries", "2", "--timeout", "20")
_LIMIT_S = 90


@functools.cache
def folder() -> "Path | None":
    """What goes on the path for `from umqtt.simple import MQTTClient`; None where it cannot be had."""
    place = CACHE / ("umqtt-" + VERSION)
    with locked("umqtt"):
        if not is_it(place / "umqtt" / "simple.py"):
            fetch(place)
    return place if is_it(place / "umqtt" / "simple.py") else None


def is_it(path: Path) -> bool:
    """Byte for byte what was published."""
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == SHA256


def fetch(place: Path) -> None:
    with tempfile.TemporaryDirectory() as work:
        options = ("--quiet", "--disable-pip-version-check", "--no-input", "--no-deps", "--no-clean", *_WAIT)
        command = [sys.executable, "-m", "pip", "download", *options, "--dest", work, NAME + "==" + VERSION]
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(
                command, env={**os.environ, "TMPDIR": work}, capture_output=True, check=False, timeout=_LIMIT_S
            )
        for found in filter(is_it, Path(work).glob("**/umqtt/simple.py")):
            shutil.rmtree(place, ignore_errors=True)
            (place / "umqtt").mkdir(parents=True)
            shutil.copy(found, place / "umqtt" / "simple.py")
