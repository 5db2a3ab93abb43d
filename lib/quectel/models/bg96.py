"""BG96: "BG96 SSL AT Commands Manual"."""

from ._lte import NETWORK_TIME, PINS, REGISTRATIONS, SUITES, TCP, TLS, diagnostics, scan
from .base import LTE_M_CYCLES, NB_IOT_CYCLES, Family

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
    registrations=REGISTRATIONS,
    register_ms=180_000,
    rats={
        "auto": (scan("nwscanmode", 0), scan("iotopmode", 2)),
        "gsm": (scan("nwscanmode", 1),),
        "lte-m": (scan("nwscanmode", 3), scan("iotopmode", 0)),
        "nb-iot": (scan("nwscanmode", 3), scan("iotopmode", 1)),
    },
    acts={"gsm": (), "lte-m": (4,), "nb-iot": (5,)},
    light=1,
    psm=True,
    edrx=((4, LTE_M_CYCLES), (5, NB_IOT_CYCLES)),
    urc_port=True,
    save=b"AT&W",
    boot_ms=20_000,
    network_time=NETWORK_TIME,
    diagnostics=diagnostics(),
    pins=PINS,
    pdp_auths=4,
    ssl_contexts=6,
    suites=SUITES,
)
