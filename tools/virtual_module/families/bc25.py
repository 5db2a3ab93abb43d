"""BC25 and BC32: "BC25&BC32 TCP/IP Application Note"."""

from . import Family, frozen

FAMILY = Family(
    name="BC25",
    modules={"BC25": "BC25", "BC32": "BC32"},
    revision="BC25PAR01A05",
    features=frozenset({"basic", "nb_tcpip", "kalive"}),
    contexts=3,
    ids=6,
    modes=2,
    send_max=512,
    read_max=512,
    ok_before_send_ok=True,
    close_ok=True,
    four_digit_year=False,
    qicfg={
        "dataformat": ((0, 0, 0), (0, 1, 0)),
        "viewmode": ((0, 1, 0),),
        "showlength": ((0, 1, 0),),
    },
    saved=frozenset({"dataformat", "viewmode", "showlength", "mode"}),
    tests={
        "+QIOPEN": (
            '+QIOPEN: (1-3),(0-5),"TCP/UDP/TCP LISTENER/UDP SERVICE","<IP_address>/<domain_name>",'
            "<remote_port>[,<local_port>[,<0-1>[,<0-1>]]]",
        ),
        "+QICLOSE": ("+QICLOSE: (0-5)",),
        "+QISTATE": (),
        "+QISEND": ('+QISEND: (0-5),(1-512),"<data>"',),
        "+QISENDEX": ('+QISENDEX: (0-5),(1-512),"<hex_string>"',),
        "+QIRD": ("+QIRD: (0-5),(1-512)",),
        "+QISWTMD": ("+QISWTMD: (0-5),(0-1)",),
        "+QPING": ('+QPING: (1-3),"<host>"[,(1-255)[,(1-10)[,(32-200)]]]',),
        "+QNTP": ('+QNTP: (1-3),"<server>"[,<port>[,(0,1)]]',),
        "+QIDNSGIP": ('+QIDNSGIP: (1-3),"<hostname>"',),
        "+QICFG": (
            '+QICFG: "dataformat",(0,1),(0,1)',
            '+QICFG: "viewmode",(0,1)',
            '+QICFG: "showlength",(0,1)',
        ),
        "+QIGETERROR": (),
        "+QIKALIVE": (
            "+QIKALIVE: <keepalive_on>[,<keepalive_idle_time>[,<keepalive_interval_time>"
            '[,<keepalive_count>[,"<keepalive_data>"]]]]',
        ),
        "+QIDNSCFG": ("+QIDNSCFG: <PrimaryDns>[,<SecondaryDns>]",),
    },
    options=frozen(),
)
