"""What BC65/BC92 and BC25/BC32 share."""

from .base import NB_IOT_CYCLES, Dialect

PINS = (
    (b'AT+QICFG="dataformat"', b'+QICFG: "dataformat",0,0', b'AT+QICFG="dataformat",0,0'),
    (b'AT+QICFG="viewmode"', b'+QICFG: "viewmode",0', b'AT+QICFG="viewmode",0'),
    (b'AT+QICFG="showlength"', b'+QICFG: "showlength",1', b'AT+QICFG="showlength",1'),  # R408, R448
    (b"AT+QSCLK?", b"+QSCLK: 0", b"AT+QSCLK=0"),  # no sleep that nobody here has allowed (R224)
)

NB_EDRX = ((5, NB_IOT_CYCLES),)


def dialect(send_max: int, read_max: int) -> Dialect:
    """Plain sockets; the two families differ in these limits alone (R150, R151, R167, R168)."""
    return Dialect(
        b"I",
        send_max,
        read_max,
        late_result=True,
        close_ok=True,
        inline=True,
        hex_max=send_max,
        deaf=True,
        open_ms=36_000,
        open_name_ms=176_000,
        listening=2,
        closing=3,
        server_id=False,
    )
