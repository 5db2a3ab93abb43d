"""BG96: "BG96 SSL AT Commands Manual"."""

from ._lte import PINS, SUITES, diagnostics
from .base import Dialect, Family

FAMILY = Family(
    "BG96",
    ("BG96",),
    tcp=Dialect(b"I", 1460, 1500, close_arg=b",10", hex_max=256, hex_length=False),
    tls=Dialect(b"SSL", 1460, 1500, close_arg=b",10"),  # R076: the safe limit of the two printed
    connections=12,
    pdp_contexts=16,
    modes=(0, 1, 2),
    send_max=1460,
    answer_ms=5000,  # R023: not stated
    qiact=True,
    diagnostics=diagnostics(),
    pins=PINS,
    pdp_auths=4,
    ssl_contexts=6,
    suites=SUITES,
)
