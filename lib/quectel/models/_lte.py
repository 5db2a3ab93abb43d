"""What BG96 and EC200U/EG915U share."""

PINS = (
    (b"AT+QISDE?", b"+QISDE: 0", b"AT+QISDE=0"),
    (b'AT+QICFG="dataformat"', b'+QICFG: "dataformat",0,0', b'AT+QICFG="dataformat",0,0'),
    (b'AT+QICFG="viewmode"', b'+QICFG: "viewmode",0', b'AT+QICFG="viewmode",0'),
)
