"""What BG96 and EC200U/EG915U share."""

from .base import Diagnostics

PINS = (
    (b"AT+QISDE?", b"+QISDE: 0", b"AT+QISDE=0"),
    (b'AT+QICFG="dataformat"', b'+QICFG: "dataformat",0,0', b'AT+QICFG="dataformat",0,0'),
    (b'AT+QICFG="viewmode"', b'+QICFG: "viewmode",0', b'AT+QICFG="viewmode",0'),
)


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
