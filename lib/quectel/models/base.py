"""What the records of the families have in common."""

# Codes of the eDRX cycles (24.008): all of LTE-M, and those of NB-IoT.
LTE_M_CYCLES = tuple(range(16))
NB_IOT_CYCLES = (2, 3, 5, 9, 10, 11, 12, 13, 14, 15)


class Record:
    """Facts by name: the class has the usual ones, a record those that differ."""

    def __init__(self, **facts: object) -> None:
        for key in facts:
            if not hasattr(self, key):
                raise ValueError("%s has no %r" % (type(self).__name__, key))
            setattr(self, key, facts[key])


class Dialect(Record):
    """How the commands of one kind of connection are spelled, and how they end.

    name: b"I" for plain TCP and UDP (QIOPEN and so on), b"SSL" for TLS (QSSLOPEN and so on).
    """

    late_result = False  # OK first, SEND OK later (R292)
    inline = False  # the send command may have the payload in quotes (R147)
    hex_max = 0  # bytes of a payload that is typed as hex digits; 0: there is no such command
    hex_length = True  # which says their number, too (R159)
    deaf = False  # an announcement may be lost during a data entry (R390)
    close_ok = False  # CLOSE OK ends a close (R293)
    close_arg = b""  # close time-out, where the command has one (R294)
    close_ms = 10_300
    open_ms = 150_000  # longest wait for the open's URC with an address ...
    open_name_ms = 150_000  # ... and with a host name
    listening = 3  # how the module numbers the states of a connection (R092, R139)
    closing = 4
    server_id = True  # the state's line has one, in front of the access mode (R136)
    service = False  # datagram sockets without a peer are UDP SERVICE (R124)
    acks = False  # AT+QISEND=<id>,0 tells how much of a TCP connection the peer has acknowledged
    local_host = ""  # what a listener or service gives as its address; "": the module's own

    def __init__(self, name: bytes, send_max: int, read_max: int, **facts: object) -> None:
        Record.__init__(self, **facts)
        self.open = b"AT+Q" + name + b"OPEN="
        self.send = b"AT+Q" + name + b"SEND="
        self.send_hex = self.send[:-1] + b"EX="
        self.send_head = self.send[2:-1] + b":"
        self.hex_head = self.send_hex[2:-1] + b":"
        self.read = b"AT+Q" + name + (b"RECV=" if name == b"SSL" else b"RD=")
        self.read_head = self.read[2:-1] + b":"
        self.close = b"AT+Q" + name + b"CLOSE="
        self.state = b"AT+QSSLSTATE=" if name == b"SSL" else b"AT+QISTATE=1,"  # R090, R138
        self.state_head = b"+Q" + name + b"STATE:"
        self.send_max = send_max  # bytes in one send command
        self.read_max = read_max  # bytes that one read command may ask for


class Diagnostics(Record):
    """How ping, QNTP and the DNS commands of a family are spelled; left out, as on the NB families."""

    ping_counts = (1, 10)  # R181
    ping_seconds = (1, 255)
    ping_sizes = (32, 200)  # both alike: the command has no such field
    ping_done = 2  # result of the last line (R182)
    ping_lost: "tuple[int, ...]" = (1, 3)  # results of one echo that did not come back (R274)
    ntp_ms = 125_000  # longest wait for +QNTP
    dns_query = b"AT+QIDNSCFG?"  # R300
    dns_set = b"AT+QIDNSCFG="
    dns_lead: "tuple[str, ...]" = ()  # fields in front of the addresses
    dns_max = 0  # longest address in bytes, 0 where no limit is stated


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
        self.usual = usual  # what SO_KEEPALIVE stands for
        self.lead = lead  # fields in front of the values in the answer


class Family(Record):
    """Limits, timings, spellings and quirks of one family; see the table in the README."""

    tcp: "Dialect | None" = None  # Dialect of plain sockets, or None
    tls: "Dialect | None" = None  # Dialect of TLS sockets, or None
    coap = False
    connections = 1  # connection ids, from 0
    pdp_contexts = 1  # highest PDP context id
    modes: "tuple[int, ...]" = (0, 1)  # access modes
    send_max = 512
    packet_max = 1500  # bytes of one pushed payload or one CoAP message, at most
    host_max = 0  # longest host name in bytes, 0 where no limit is stated
    answer_ms = 300  # maximum response time where no row states another
    line_buf = 256
    tx_buf = 400
    inline: "tuple[bytes, ...]" = ()  # headers that carry their payload on the same line
    wake_ms = 0  # deep sleep: how long the line PSM_EINT is pulled to end it, 0: there is none (R219)
    light = 0  # value of AT+QSCLK that allows light sleep, 0: none
    light_line = False  # the line DTR begins and ends it; else a silent port does, and what is typed
    psm = False  # AT+CPSMS; it is deep sleep where wake_ms says so, else the module is off
    edrx: "tuple[tuple[int, tuple[int, ...]], ...]" = ()  # (<AcT-type>, codes of its cycles) of AT+CEDRXS
    one_port = False  # a local port is one socket's, TCP or UDP (R119)
    port_rest_s = 0  # a fixed local port is used again so long after its close at the earliest (R120)
    cgact = False  # the context of a listener is activated by AT+CGACT (R129)
    qiact = False  # the PDP context is brought up with QICSGP and QIACT (R301)
    pdp_types = 1  # of "IPV4", "IPV6", "IPV4V6" as many as QICSGP takes
    pdp_auths = 1  # of none, PAP, CHAP, "PAP or CHAP" as many as QICSGP takes
    family_field = False  # the open command ends with <protocol_type>
    # (query, wanted answer, command): settings that change framing
    pins: "tuple[tuple[bytes, bytes, bytes], ...]" = ()
    diagnostics: "Diagnostics | None" = None  # ping, NTP, DNS
    keepalive: "KeepAlive | None" = None
    open_time = 0  # longest and usual time of a TCP connect in s, where it can be set (R201)
    registrations: "tuple[bytes, ...]" = (b"AT+CEREG?",)  # home or roaming in one of them will do
    register_ms = 300_000  # longest search for a network, before it is told
    urc_port = False  # AT+QURCCFG says which of the module's ports URCs go to
    save = b""  # command that keeps the rate of the port, where it is not kept by itself
    boot_ms = 15_000  # from the power key to the first answer, at most, where the board does not say
    key_on_ms = 750  # the power key is pressed so long to switch the module on ...
    key_off_ms = 1000  # ... or off, where the board does not say
    network_time = b""  # asks for the network's time, as UTC
    imei = b"AT+CGSN"
    iccid = b"AT+QCCID"
    ssl_items: "tuple[str, ...]" = ()  # QSSLCFG items beyond those of BG96
    ssl_contexts = 0
    suites: "tuple[int, ...]" = ()  # codes of its cipher suites
    ufs = ""  # what stands before a file's name in a certificate path (R319)

    def __init__(self, name: str, modules: "tuple[str, ...]", **facts: object) -> None:
        self.name = name
        self.modules = modules  # what AT+CGMM may answer with
        # radio technology -> (query, wanted fields, command) of each setting that chooses it
        self.rats: "dict[str, tuple[tuple[bytes, tuple[str, ...], bytes], ...]]" = {}
        self.acts: "dict[str, tuple[int, ...]]" = {}  # what AT+CEDRXS= calls a technology, where not all are in use
        Record.__init__(self, **facts)
