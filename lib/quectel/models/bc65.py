"""BC65 and BC92: "BC65&BC92 TCP/IP Application Note"."""

from ._nb import NB_EDRX, PINS, dialect
from .base import Diagnostics, Family

FAMILY = Family(
    "BC65",
    ("BC65", "BC92"),
    tcp=dialect(1440, 1024),
    connections=6,
    pdp_contexts=3,
    send_max=1440,
    host_max=50,  # R116
    family_field=True,
    wake_ms=100,
    light=2,
    psm=True,
    edrx=NB_EDRX,
    one_port=True,
    cgact=True,
    port_rest_s=120,  # R120
    pins=PINS,
    diagnostics=Diagnostics(dns_max=50),  # R310
    open_time=36,
    imei=b"AT+CGSN=1",
)
