"""Every body of the files test_both_*.py once more, on the asyncio face."""

import os

from aio_face import AsyncFace
from faces import BODIES
from kit import ROWS, named, path, rows_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from faces import Body


def _on_asyncio(body: "Body") -> "Callable[[], None]":
    def test() -> None:
        AsyncFace().run(body)

    return named(test, body)


for _file in sorted(os.listdir(path("driver"))):
    if _file.startswith("test_both_") and _file.endswith(".py"):
        __import__(_file[:-3])  # its bodies come into BODIES

for _name in BODIES:
    globals()[_name] = _on_asyncio(BODIES[_name])
    ROWS["test_aio_both." + _name] = rows_of(BODIES[_name])
