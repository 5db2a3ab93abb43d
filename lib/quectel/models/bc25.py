"""BC25 and BC32: "BC25&BC32 TCP/IP Application Note"."""

from ._nb import NB_EDRX, PINS, dialect
from .base import Diagnostics, Family, KeepAlive

FAMILY = Family(
    "BC25",
    ("BC25", "BC32"),
    tcp=dialect(512, 512),
    connections=6,
    pdp_contexts=3,
    family_field=True,
    wake_ms=100,
    light=2,
    psm=True,
    edrx=NB_EDRX,
    one_port=True,
    pins=PINS,
    diagnostics=Diagnostics(),
    keepalive=KeepAlive(b"AT+QIKALIVE?", b"AT+QIKALIVE=", (1, 36000), (10, 20), (1, 255)),
    imei=b"AT+CGSN=1",
)
