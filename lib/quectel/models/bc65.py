"""BC65 and BC92: "BC65&BC92 TCP/IP Application Note"."""

from ._nb import PINS
from .base import Dialect, Family

FAMILY = Family(
    "BC65",
    ("BC65", "BC92"),
    tcp=Dialect(
        b"I",
        1440,
        1024,
        late_result=True,
        close_ok=True,
        inline=True,
        hex_max=1440,
        deaf=True,
        open_ms=36_000,
        open_name_ms=176_000,
        listening=2,
        closing=3,
        server_id=False,
    ),
    connections=6,
    pdp_contexts=3,
    send_max=1440,
    host_max=50,  # R116
    family_field=True,
    pins=PINS,
)
