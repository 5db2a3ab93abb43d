"""BC25 and BC32: "BC25&BC32 TCP/IP Application Note"."""

from ._nb import PINS
from .base import Dialect, Family

FAMILY = Family(
    "BC25",
    ("BC25", "BC32"),
    tcp=Dialect(
        b"I",
        512,
        512,
        late_result=True,
        close_ok=True,
        inline=True,
        hex_max=512,
        deaf=True,
        open_ms=36_000,
        open_name_ms=176_000,
        listening=2,
        closing=3,
        server_id=False,
    ),
    connections=6,
    pdp_contexts=3,
    family_field=True,
    pins=PINS,
)
