"""What the records of the families have in common."""

# Codes of the eDRX cycles (24.008): all of LTE-M, and those of NB-IoT.
LTE_M_CYCLES = tuple(range(16))
NB_IOT_CYCLES = (2, 3, 5, 9, 10, 11, 12, 13, 14, 15)


class Dialect:
    """How the commands of one kind of connection are spelled, and how they end.

    ip: plain TCP and UDP (QIOPEN and so on); ssl: TLS (QSSLOPEN and so on).
    """

    def __init__(
        self,
        name: bytes,
        send_max: int,
        read_max: int,
        *,
        late_result: bool = False,
        close_ok: bool = False,
        close_arg: bytes = b"",
        close_ms: int = 10_300,
        open_ms: int = 150_000,
        open_name_ms: int = 0,
        inline: bool = False,
        hex_max: int = 0,
        hex_length: bool = True,
        deaf: bool = False,
        listening: int = 3,
        closing: int = 4,
        server_id: bool = True,
        service: bool = False,
        acks: bool = False,
        local_host: str = "",
    ) -> None:
        self.open = b"AT+Q" + name + b"OPEN="
        self.send = b"AT+Q" + name + b"SEND="
        self.send_hex = self.send[:-1] + b"EX="
        self.send_head = self.send[2:-1] + b":"
        self.read = b"AT+Q" + name + (b"RECV=" if name == b"SSL" else b"RD=")
        self.read_head = self.read[2:-1] + b":"
        self.close = b"AT+Q" + name + b"CLOSE="
        self.state = b"AT+QSSLSTATE=" if name == b"SSL" else b"AT+QISTATE=1,"  # R090, R138
        self.state_head = b"+Q" + name + b"STATE:"
        self.send_max = send_max  # bytes in one send command
        self.read_max = read_max  # bytes that one read command may ask for
        self.late_result = late_result  # OK first, SEND OK later (R292)
        self.inline = inline  # the send command may have the payload in quotes (R147)
        self.hex_max = hex_max  # bytes of a payload that is typed as hex digits; 0: there is no such command
        self.hex_length = hex_length  # which says their number, too (R159)
        self.deaf = deaf  # an announcement may be lost during a data entry (R390)
        self.close_ok = close_ok  # CLOSE OK ends a close (R293)
        self.close_arg = close_arg  # close time-out, where the command has one (R294)
        self.close_ms = close_ms
        self.open_ms = open_ms  # longest wait for the open's URC with an address ...
        self.open_name_ms = open_name_ms or open_ms  # ... and with a host name
        self.listening = listening  # how the module numbers the states of a connection (R092, R139)
        self.closing = closing
        self.server_id = server_id  # the state's line has one, in front of the access mode (R136)
        self.service = service  # datagram sockets without a peer are UDP SERVICE (R124)
        self.acks = acks  # AT+QISEND=<id>,0 tells how much of a TCP connection the peer has acknowledged
        self.local_host = local_host  # what a listener or service gives as its address; "": the module's own


class Diagnostics:
    """How ping, QNTP and the DNS commands of a family are spelled; left out, as on the NB families."""

    def __init__(
        self,
        *,
        ping_sizes: "tuple[int, int]" = (32, 200),
        ping_done: int = 2,
        ping_lost: "tuple[int, ...]" = (1, 3),
        ntp_ms: int = 125_000,
        dns_query: bytes = b"AT+QIDNSCFG?",
        dns_set: bytes = b"AT+QIDNSCFG=",
        dns_lead: "tuple[str, ...]" = (),
        dns_max: int = 0,
    ) -> None:
        self.ping_counts = (1, 10)  # R181
        self.ping_seconds = (1, 255)
        self.ping_sizes = ping_sizes  # both alike: the command has no such field
        self.ping_done = ping_done  # result of the last line (R182)
        self.ping_lost = ping_lost  # results of one echo that did not come back (R274)
        self.ntp_ms = ntp_ms  # longest wait for +QNTP
        self.dns_query = dns_query  # R300
        self.dns_set = dns_set
        self.dns_lead = dns_lead  # fields in front of the addresses
        self.dns_max = dns_max  # longest address in bytes, 0 where no limit is stated


class KeepAlive:
    """How keep-alive of TCP connections is spelled, and its ranges (R208 to R211, R454)."""

    def __init__(
        self,
        query: bytes,
        command: bytes,
        *ranges: "tuple[int, int]",
        usual: "tuple[int, int, int]" = (60, 10, 9),
        lead: "tuple[str, ...]" = (),
    ) -> None:
        self.query = query
        self.command = command
        self.ranges = ranges  # of idle and interval in s, and of count
        self.usual = usual
        self.lead = lead  # fields in front of them in the answer


class Family:
    """Limits, timings, spellings and quirks of one family; see the table in the README."""

    def __init__(self, name: str, modules: "tuple[str, ...]", **facts: object) -> None:
        self.name = name
        self.modules = modules  # what AT+CGMM may answer with
        self.tcp: "Dialect | None" = None  # Dialect of plain sockets, or None
        self.tls: "Dialect | None" = None  # Dialect of TLS sockets, or None
        self.coap = False
        self.connections = 1  # connection ids, from 0
        self.pdp_contexts = 1  # highest PDP context id
        self.modes: "tuple[int, ...]" = (0, 1)  # access modes
        self.send_max = 512
        self.packet_max = 1500  # bytes of one pushed payload or one CoAP message, at most
        self.host_max = 0  # longest host name in bytes, 0 where no limit is stated
        self.answer_ms = 300  # maximum response time where no row states another
        self.line_buf = 256
        self.tx_buf = 400
        self.inline: "tuple[bytes, ...]" = ()  # headers that carry their payload on the same line
        self.wake_ms = 0  # deep sleep: how long the line PSM_EINT is pulled to end it, 0: there is none (R219)
        self.light = 0  # value of AT+QSCLK that has the line DTR allow light sleep, 0: none
        self.psm = False  # AT+CPSMS; it is deep sleep where wake_ms says so, else the module is off
        self.edrx: "tuple[tuple[int, tuple[int, ...]], ...]" = ()  # (<AcT-type>, codes of its cycles) of AT+CEDRXS
        self.one_port = False  # a local port is one socket's, TCP or UDP (R119)
        self.port_rest_s = 0  # a fixed local port is used again so long after its close at the earliest (R120)
        self.qiact = False  # the PDP context is brought up with QICSGP and QIACT (R301)
        self.pdp_types = 1  # of "IPV4", "IPV6", "IPV4V6" as many as QICSGP takes
        self.pdp_auths = 1  # of none, PAP, CHAP, "PAP or CHAP" as many as QICSGP takes
        self.family_field = False  # the open command ends with <protocol_type>
        # (query, wanted answer, command): settings that change framing
        self.pins: "tuple[tuple[bytes, bytes, bytes], ...]" = ()
        self.diagnostics: "Diagnostics | None" = None  # ping, NTP, DNS
        self.keepalive: "KeepAlive | None" = None
        self.open_time = 0  # longest and usual time of a TCP connect in s, where it can be set (R201)
        self.registrations: "tuple[bytes, ...]" = (b"AT+CEREG?",)  # home or roaming in one of them will do
        self.register_ms = 300_000  # longest search for a network, before it is told
        # radio technology -> (query, wanted fields, command) of each setting that chooses it
        self.rats: "dict[str, tuple[tuple[bytes, tuple[str, ...], bytes], ...]]" = {}
        self.acts: "dict[str, tuple[int, ...]]" = {}  # what AT+CEDRXS= calls a technology, where not all are in use
        self.urc_port = False  # AT+QURCCFG says which of the module's ports URCs go to
        self.save = b""  # command that keeps the rate of the port, where it is not kept by itself
        self.boot_ms = 15_000  # from the power key to the first answer, at most, where the board does not say
        self.key_on_ms = 750  # the power key is pressed so long to switch the module on ...
        self.key_off_ms = 1000  # ... or off, where the board does not say
        self.network_time = b""  # asks for the network's time, as UTC
        self.imei = b"AT+CGSN"
        self.iccid = b"AT+QCCID"
        self.ssl_items: "tuple[str, ...]" = ()  # QSSLCFG items beyond those of BG96
        self.ssl_contexts = 0
        self.suites: "tuple[int, ...]" = ()  # codes of its cipher suites
        self.ufs = ""  # what stands before a file's name in a certificate path (R319)
        for key in facts:
            if not hasattr(self, key):
                raise ValueError("a family has no %r" % key)
            setattr(self, key, facts[key])
