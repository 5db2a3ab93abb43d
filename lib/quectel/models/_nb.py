"""What BC65/BC92 and BC25/BC32 share."""

PINS = (
    (b'AT+QICFG="dataformat"', b'+QICFG: "dataformat",0,0', b'AT+QICFG="dataformat",0,0'),
    (b'AT+QICFG="viewmode"', b'+QICFG: "viewmode",0', b'AT+QICFG="viewmode",0'),
    (b'AT+QICFG="showlength"', b'+QICFG: "showlength",1', b'AT+QICFG="showlength",1'),  # R408, R448
)
