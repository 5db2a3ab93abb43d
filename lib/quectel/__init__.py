"""Driver for Quectel cellular modules: TCP, UDP, TLS and CoAP over AT commands, blocking and asyncio.

Importing this costs nothing: each name is loaded when it is first used.
"""

__version__ = "0.1.0"

BUFFER = 0
PUSH = 1
TRANSPARENT = 2

_WHERE = {
    "Modem": "sync",
    "Socket": "sync_socket",
    "AsyncModem": "aio",
    "AsyncSocket": "aio_socket",
    "TLSContext": "tls",
    "Coap": "coap",
    "CoapMessage": "coap_message",
    "QuectelError": "errors",
    "QuectelTimeout": "errors",
    "NetworkError": "errors",
    "TLSError": "errors",
    "CoapError": "errors",
    "SOCK_STREAM": "table",
    "SOCK_DGRAM": "table",
    "AF_INET": "table",
    "AF_INET6": "table",
}

# The core from the bottom up: imported from its top, each file would stand on the stack of those above it.
_CORE = ("table", "intake", "framing", "lines", "resync", "engine", "pdp", "life", "modem")


def __getattr__(name):
    if name[:5] == "STAT_":  # what Modem.status() gives
        return getattr(__import__("quectel.network", None, None, (name,)), name[5:])
    if name not in _WHERE:
        raise AttributeError(name)
    if name in ("Modem", "AsyncModem"):
        for part in _CORE:
            __import__("quectel." + part)
    value = getattr(__import__("quectel." + _WHERE[name], None, None, (name,)), name)
    globals()[name] = value
    return value
