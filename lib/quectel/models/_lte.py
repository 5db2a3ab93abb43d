"""What BG96 and EC200U/EG915U share."""

from .base import Diagnostics, Dialect

PINS = (
    (b"AT+QISDE?", b"+QISDE: 0", b"AT+QISDE=0"),
    (b'AT+QICFG="dataformat"', b'+QICFG: "dataformat",0,0', b'AT+QICFG="dataformat",0,0'),
    (b'AT+QICFG="viewmode"', b'+QICFG: "viewmode",0', b'AT+QICFG="viewmode",0'),
)

# Home or roaming in one of them will do: CEREG is LTE's, the others those of GSM.
REGISTRATIONS = (b"AT+CEREG?", b"AT+CGREG?", b"AT+CREG?")


def scan(item: str, value: int) -> "tuple[bytes, tuple[str, ...], bytes]":
    """One AT+QCFG setting that chooses the radio technology, taken at once."""
    name = b'AT+QCFG="%s"' % item.encode()
    return name, (item, str(value)), name + b",%d,1" % value


NETWORK_TIME = b"AT+QLTS=1"

# Cipher suites of both (R027); 0xFFFF are all.
SUITES = (
    0x0004, 0x0005, 0x000A, 0x002F, 0x0035, 0x003D, 0xC011, 0xC012, 0xC013, 0xC014,
    0xC027, 0xC028, 0xC02F, 0xFFFF,
)  # fmt: skip


TCP = Dialect(
    b"I",
    1460,
    1500,
    close_arg=b",10",
    hex_max=256,
    hex_length=False,
    service=True,
    acks=True,
    local_host="127.0.0.1",
)
TLS = Dialect(b"SSL", 1460, 1500, close_arg=b",10")  # R076, R077: on BG96 the safe one of the two that are printed


def diagnostics(ntp_ms: int = 125_000) -> Diagnostics:
    return Diagnostics(
        ping_sizes=(32, 32),
        ping_done=0,
        ping_lost=(1, 569),
        ntp_ms=ntp_ms,
        dns_query=b"AT+QIDNSCFG=1",
        dns_set=b"AT+QIDNSCFG=1,",
        dns_lead=("1",),
    )
