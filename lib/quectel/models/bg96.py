"""BG96: "BG96 SSL AT Commands Manual"."""

from ._lte import NETWORK_TIME, PINS, SUITES, TCP, TLS, diagnostics
from .base import Family

FAMILY = Family(
    "BG96",
    ("BG96",),
    tcp=TCP,
    tls=TLS,
    connections=12,
    pdp_contexts=16,
    modes=(0, 1, 2),
    send_max=1460,
    answer_ms=5000,  # R023: not stated
    qiact=True,
    network_time=NETWORK_TIME,
    diagnostics=diagnostics(),
    pins=PINS,
    pdp_auths=4,
    ssl_contexts=6,
    suites=SUITES,
)
