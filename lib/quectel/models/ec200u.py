"""EC200U and EG915U: "EC200U&EG915U Series SSL Application Note"."""

from ._lte import NETWORK_TIME, PINS, REGISTRATIONS, SUITES, TCP, TLS, diagnostics, scan
from .base import Family, KeepAlive

_SUITES = (  # which BG96 lacks (R028)
    0xC002, 0xC003, 0xC004, 0xC005, 0xC007, 0xC008, 0xC009, 0xC00A, 0xC00C, 0xC00D,
    0xC00E, 0xC00F, 0xC023, 0xC024, 0xC025, 0xC026, 0xC029, 0xC02A, 0xC030,
)  # fmt: skip

FAMILY = Family(
    "EC200U",
    ("EC200U", "EG915U"),
    tcp=TCP,
    tls=TLS,
    connections=12,
    pdp_contexts=7,
    modes=(0, 1, 2),
    send_max=1460,
    qiact=True,
    registrations=REGISTRATIONS,
    register_ms=180_000,
    rats={"auto": (scan("nwscanmode", 0),), "gsm": (scan("nwscanmode", 1),), "lte": (scan("nwscanmode", 3),)},
    urc_port=True,
    save=b"AT&W",
    boot_ms=30_000,
    key_on_ms=2000,
    key_off_ms=3000,
    network_time=NETWORK_TIME,
    diagnostics=diagnostics(700_000),  # it asks again by itself
    # With "close/mode" 1 a "closed" comes behind the OK, when the id may be somebody else's already; with
    # "udp/readmode" 1 a read joins datagrams; with "tcp/accept" 0 a client waits for AT+QIACCEPT.
    pins=PINS
    + (
        (b'AT+QICFG="close/mode"', b'+QICFG: "close/mode",0', b'AT+QICFG="close/mode",0'),
        (b'AT+QICFG="udp/readmode"', b'+QICFG: "udp/readmode",0', b'AT+QICFG="udp/readmode",0'),
        (b'AT+QICFG="tcp/accept"', b'+QICFG: "tcp/accept",1', b'AT+QICFG="tcp/accept",1'),
    ),
    ssl_items=(
        "cacertex",
        "sni",
        "ignoremulticertchainverify",
        "ignoreinvalidcertsign",
        "dtls",
        "ignorecertitem",
    ),
    keepalive=KeepAlive(
        b'AT+QICFG="tcp/keepalive"',
        b'AT+QICFG="tcp/keepalive",',
        (1, 1800),
        (25, 100),
        (3, 10),
        usual=(120, 25, 3),
        lead=("tcp/keepalive",),
    ),
    pdp_types=3,
    pdp_auths=3,
    ssl_contexts=6,
    suites=SUITES + _SUITES,
    ufs="UFS:",
)
