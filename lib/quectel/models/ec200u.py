"""EC200U and EG915U: "EC200U&EG915U Series SSL Application Note"."""

from ._lte import PINS, diagnostics
from .base import Dialect, Family

FAMILY = Family(
    "EC200U",
    ("EC200U", "EG915U"),
    tcp=Dialect(b"I", 1460, 1500, close_arg=b",10", hex_max=256, hex_length=False),
    tls=Dialect(b"SSL", 1460, 1500, close_arg=b",10"),
    connections=12,
    pdp_contexts=7,
    modes=(0, 1, 2),
    send_max=1460,
    qiact=True,
    diagnostics=diagnostics(700_000),  # it asks again by itself
    # With "close/mode" 1 a "closed" comes behind the OK, when the id may be somebody else's already.
    pins=PINS + ((b'AT+QICFG="close/mode"', b'+QICFG: "close/mode",0', b'AT+QICFG="close/mode",0'),),
    ssl_items=(
        "cacertex",
        "sni",
        "ignoremulticertchainverify",
        "ignoreinvalidcertsign",
        "dtls",
        "ignorecertitem",
    ),
    ssl_contexts=6,
    ufs="UFS:",
)
