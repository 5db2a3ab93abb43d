"""BG96: "BG96 SSL AT Commands Manual", and the TCP/IP manual that it refers to."""

from . import Family, States, frozen
from .lte_tests import FILES

FAMILY = Family(
    name="BG96",
    modules={"BG96": "BG96"},
    revision="BG96MAR02A07M1G",
    features=frozenset({"basic", "packet", "lte_tcpip", "ssl", "files"}),
    contexts=16,
    ids=12,
    modes=3,
    send_max=1460,
    read_max=1500,
    states=States(listening=3, closing=4),
    act=8,
    qicfg={
        "transpktsize": ((1, 1460, 1024),),
        "transwaittm": ((0, 20, 2),),
        "dataformat": ((0, 1, 0), (0, 1, 0)),
        "viewmode": ((0, 1, 0),),
        "tcp/retranscfg": ((3, 20, 8), (5, 1000, 600)),
    },
    words={570: "pdp context break down"},
    tests={
        **FILES,
        "+QIOPEN": (
            '+QIOPEN: (1-16),(0-11),"TCP/UDP/TCP LISTENER/UDP SERVICE","<IP_address>/<domain_name>",'
            "<remote_port>[,<local_port>[,(0-2)]]",
        ),
        "+QICLOSE": ("+QICLOSE: (0-11),(0-65535)",),
        "+QISEND": ("+QISEND: (0-11),(0-1460)",),
        "+QIRD": ("+QIRD: (0-11),(0-1500)",),
        "+QISENDEX": ("+QISENDEX: (0-11),<hex_string>",),
        "+QISWTMD": ("+QISWTMD: (0-11),(0-2)",),
        "+QISDE": ("+QISDE: (0,1)",),
        "+QPING": ("+QPING: (1-16),<host>,(1-255),(1-10)",),
        "+QIDNSGIP": ("+QIDNSGIP: (1-16),<hostname>",),
        "+QNTP": ("+QNTP: (1-16),<server>,(1-65535),(0,1)",),
        "+QIDNSCFG": ("+QIDNSCFG: (1-16),<pridnsaddr>,<secdnsaddr>",),
    },
    options=frozen(
        cmee=1,
        connect_timeout_ms=150_000,
        close_unopened="OK",
        failed_open_keeps_id=True,
        udp_service=True,
        incoming_id="highest",
    ),
    boot_urcs=("RDY", "APP RDY", "+CFUN: 1", "+CPIN: READY", "+QUSIM: 1", "+QIND: SMS DONE"),
)
