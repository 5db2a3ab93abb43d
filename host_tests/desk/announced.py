"""The public names as they were announced: arguments in their order, defaults, and what is awaited.

A call here is exactly as it was promised. What the package has on top of that stands apart, in what is named MORE: that
may grow, while the rest may not change.
"""

MODEM = {
    "__init__": "uart, family, *, pins=None, slots=4, rx_ring=1536, tx_buf=0, line_buf=0, clock=None, trace=None",
    "connect": "apn=None, *, user='', password='', auth=None, pin=None, operator=None, rat=None, ip='IPV4', "
    "timeout_ms=300000, report=None",
    "disconnect": "",
    "isconnected": "",
    "status": "what=None",
    "ifconfig": "",
    "config": "name=None, **set",
    "info": "",
    "diagnose": "",
    "keep_online": "on=True, *, veto=None, report=None",
    "poll": "",
    "power_on": "",
    "power_off": "",
    "sleep": "mode, **timers_s",
    "wake": "",
    "save": "",
    "restore": "saved",
    "command": "line, *, prefix=None, final='OK', data=None, timeout_ms=None",
    "on_urc": "prefix, handler",
    "socket": "type=1, *, tls=None, mode=0, af=2, pdp=1",
    "create_connection": "address, *, timeout_ms=None, **as_socket",
    "resolve": "host, *, timeout_ms=60000",
    "socket_module": "*, tls=None",
    "tls_module": "",
    "ping": "host, *, count=4, size=32, timeout_s=4",
    "ntp": "server='pool.ntp.org', *, port=123, set_clock=True, rtc=None",
    "dns_servers": "primary=None, secondary=None",
    "coap": "local_port=56830",
}
MODEM_PROPERTIES = {"family", "stats", "files"}
# No coroutines on AsyncModem.  The last two were not announced as plain; they talk to nobody, and what they give goes
# into sys.modules before a client is imported, which is long before there is an event loop.
MODEM_PLAIN = {
    "__init__", "isconnected", "status", "keep_online", "poll", "on_urc", "socket",
    "socket_module", "tls_module",
}  # fmt: skip
SOCKET = {
    "connect": "address",
    "bind": "address",
    "listen": "backlog=1",
    "accept": "",
    "send": "buf, flags=0",
    "sendall": "buf, flags=0",
    "sendto": "buf, address",
    "recv": "n, flags=0",
    "recv_into": "buf, nbytes=0, flags=0",
    "recvfrom": "n, flags=0",
    "read": "n=-1",
    "readinto": "buf, nbytes=-1",
    "readline": "",
    "write": "buf, n=-1",
    "settimeout": "value",
    "setblocking": "flag",
    "setsockopt": "level, option, value",
    "makefile": "mode='r', buffering=-1, encoding=None, errors=None, newline=None",
    "close": "",
    "ioctl": "request, arg",
    "fileno": "",
    "set_mode": "mode",
    "pending": "",
    "unacked": "",
}
SOCKET_PROPERTIES = {"id", "mode", "state"}
SOCKET_PLAIN = {"bind", "settimeout", "pending", "setsockopt", "set_send_form"}
NOT_ON_ASYNC = {"ioctl", "makefile", "fileno", "setblocking"}

MORE_ARGUMENTS = {"connect": {"pdp", "baud"}, "pipe": {"rxbuf"}}
MODEM_MORE = {"set_clock": "utc"}
SOCKET_MORE = {"set_send_form": "form", "query_state": ""}
ATTRIBUTES_MORE = {"watchdog", "ack_timeout_ms"}

TLS = (
    "*, ca=None, cert=None, key=None, verify=True, version='1.2', suites=65535, check_time=True, negotiate_s=300, "
    "sni=True, dtls=False, ca_extra=None, ignore=(), ctx=None"
)
COAP_REQUESTS = ("get", "post", "put", "delete")
COAP_KEYWORDS = ("payload", "format", "options", "confirmable", "token", "timeout_ms")
COAP = {"observe": "uri, handler", "resource": "path, handler"}
COAP_MESSAGE = ("type", "code", "msgid", "token", "options", "payload", "format", "codestr")
FILES = ("upload", "read", "list", "remove", "free")
STATS = (
    "rx_bytes tx_bytes lines urcs unknown long_lines noise framing late timeouts resyncs rx_lost dgram_cut "
    "send_fail epochs no_slot opens"
)
ERRNOS = {
    "EINVAL": (552, 50),
    "ENOMEM": (553, 23, 403, 420),
    "ENOBUFS": (554,),
    "EOPNOTSUPP": (555, 4),
    "EADDRINUSE": (556, 557, 563, 574),
    "EIO": (558, 559, 562, 400, 401, 402, 404, 406, 408, 419, 499),
    "ECONNABORTED": (560, 571),
    "EHOSTUNREACH": (561, 565, 573, 30),
    "EAGAIN": (564, 568, 551, 159),
    "ECONNREFUSED": (566,),
    "ENOTCONN": (567,),
    "ETIMEDOUT": (569, 421),
    "ECONNRESET": (570,),
    "EPERM": (572, 3),
    "ENODEV": (10,),
    "EACCES": (11, 12, 16),
    "ENOENT": (405,),
    "EEXIST": (407,),
}
ENGINE = {
    "receive": "buf, n",
    "sent": "n",
    "tick": "now_ms",
    "due": "now_ms",
    "try_recv": "slot, gen, buf, off, n",
    "try_send": "slot, gen, buf, off, n",
}

# --- the virtual module ----------------------------------------------------------------------------------------------

VIRTUAL_MODULE = {
    "__init__": "model, *, seed=0, clock=None, resolver=None, allow_network=False, baud=None, options=None, "
    "nvram=None, trace=None",
    "serve_tcp": "host='127.0.0.1', port=0",  # announced without these defaults
    "serve_pty": "link=None",
    "pipe": "",
    "feed": "data",
    "take": "",
    "settle": "",
    "aclose": "",
    "fault": "name, **params",
    "clear": "name=None",
    "pin": "name, level, ms=None",
    "press": "ms",
    "state": "",
}
VIRTUAL_AWAITED = {"serve_tcp", "serve_pty", "settle", "aclose"}
VIRTUAL_ATTRIBUTES = ("sim", "network", "files", "sockets", "log")
VIRTUAL_CLOCK = {"real": "", "scaled": "factor", "stepped": "", "now_ms": "", "advance": "ms"}
CONTROL_VERBS = {"fault", "advance", "clear", "pin", "press", "state", "log", "options", "shutdown"}
