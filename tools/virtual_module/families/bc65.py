"""BC65 and BC92: "BC65&BC92 TCP/IP Application Note"."""

from . import Family, frozen

FAMILY = Family(
    name="BC65",
    modules={"BC65": "BC65", "BC92": "BC92"},
    revision="BC65NAR01A02",
    features=frozenset({"basic", "nb_tcpip"}),
    contexts=3,
    ids=6,
    modes=2,
    send_max=1440,
    read_max=1024,
    ok_before_send_ok=True,
    close_ok=True,
    words={566: "socket connect failed"},
    name_max=50,
    qicfg={
        "dataformat": ((0, 0, 0), (0, 1, 0)),
        "viewmode": ((0, 1, 0),),
        "showlength": ((0, 1, 0),),
        "open_time": ((1, 36, 36),),
    },
    saved=frozenset({"dataformat", "viewmode", "showlength", "mode"}),
    sleep_keeps=frozenset({"dns"}),
    tests={
        "+QIOPEN": (
            '+QIOPEN: (1-3),(0-5),"TCP/UDP/TCP LISTENER/UDP SERVICE","<IP_address>/<domain_name>",'
            "<remote_port>[,<local_port>[,(0-1)[,(0-1)]]]",
        ),
        "+QICLOSE": ("+QICLOSE: (0-5)",),
        "+QISTATE": (),
        "+QISEND": ('+QISEND: (0-5),(1-1440),"<data>"',),
        "+QISENDEX": ('+QISENDEX: (0-5),(1-1440),"<hex_string>"',),
        "+QIRD": ("+QIRD: (0-5),(1-1024)",),
        "+QISWTMD": ("+QISWTMD: (0-5),(0,1)",),
        "+QPING": ('+QPING: (1-3),"<host>"[,(1-255)[,(1-10)[,(32-200)]]]',),
        "+QNTP": ('+QNTP: (1-3),"<server>"[,<port>[,(0,1)]]',),
        "+QIDNSGIP": ('+QIDNSGIP: (1-3),"<hostname>"',),
        "+QICFG": (
            '+QICFG: "dataformat",(0,1),(0,1)',
            '+QICFG: "viewmode",(0,1)',
            '+QICFG: "showlength",(0,1)',
            '+QICFG: "open_time",(1-36)',
        ),
        "+QIGETERROR": (),
        "+QIDNSCFG": ("+QIDNSCFG: <PrimaryDNS>[,<SecondaryDNS>]",),
    },
    options=frozen(),
)
