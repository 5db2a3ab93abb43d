"""BC95-G and BC68: "BC95-G&BC68 CoAP Application Note"."""

from .base import Family

FAMILY = Family(
    "BC95G",
    ("BC95", "BC68"),
    coap=True,
    imei=b"AT+CGSN=1",
    iccid=b"AT+NCCID",
    connections=0,
    modes=(),
    send_max=1024,
    packet_max=1024,
    line_buf=2560,
    tx_buf=2560,
    inline=(b"+QCOAPURC:",),
)
