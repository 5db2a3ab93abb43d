"""EC200U and EG915U: "EC200U&EG915U Series SSL Application Note"."""

from .base import Dialect, Family

FAMILY = Family(
    "EC200U",
    ("EC200U", "EG915U"),
    tcp=Dialect(b"I", 1460, 1500, close_arg=b",10"),
    tls=Dialect(b"SSL", 1460, 1500, close_arg=b",10"),
    connections=12,
    pdp_contexts=7,
    modes=(0, 1, 2),
    send_max=1460,
    qiact=True,
    pins=((b"AT+QISDE?", b"+QISDE: 0", b"AT+QISDE=0"),),
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
