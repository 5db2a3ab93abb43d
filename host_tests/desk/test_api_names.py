"""The public names with their arguments and defaults, on both faces.

What is announced and not built yet stands in LATER and LATER_ARGUMENTS; a name that is built must leave them.
"""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
import quectel
from quectel import errors
from quectel.engine import Engine
from quectel.files import Files
from quectel.intake import Stats

MODEM = {
    "__init__": "uart, family, *, pins=None, slots=4, rx_ring=1536, tx_buf=0, line_buf=0, clock=None, trace=None",
    "connect": "apn=None, *, user='', password='', auth=None, pin=None, operator=None, rat=None, ip='IPV4', "
    "pdp=1, baud=None, timeout_ms=300000, report=None",
    "disconnect": "",
    "set_clock": "utc",
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
MODEM_PLAIN = {  # only look at memory: no coroutines on AsyncModem
    "__init__", "isconnected", "ifconfig", "keep_online", "poll", "on_urc", "save", "socket", "coap", "status",
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
    "set_send_form": "form",
    "pending": "",
    "query_state": "",
    "unacked": "",
}
SOCKET_PROPERTIES = {"id", "mode", "state"}
SOCKET_PLAIN = {"bind", "settimeout", "pending", "setsockopt", "set_send_form"}
NOT_ON_ASYNC = {"ioctl", "makefile", "fileno", "setblocking"}
TLS = (
    "*, ca=None, cert=None, key=None, verify=True, version='1.2', suites=65535, check_time=True, negotiate_s=300, "
    "sni=True, dtls=False, ca_extra=None, ignore=(), ctx=None"
)
REQUEST = ("payload", "format", "options", "confirmable", "token", "msgid", "timeout_ms")
STATS = (
    "rx_bytes tx_bytes lines urcs unknown long_lines noise framing late timeouts resyncs rx_lost dgram_cut "
    "send_fail epochs no_slot opens"
)

# Announced, not built yet.
LATER: "dict[str, set[str]]" = {
    "Modem": set(),
    "Socket": set(),
    "AsyncSocket": set(),
    "Coap": set(),
    "Files": set(),
}  # fmt: skip
LATER["AsyncModem"] = LATER["Modem"]
LATER["AsyncSocket"] |= LATER["Socket"]
LATER_ARGUMENTS: "dict[str, set[str]]" = {}

FACES: list[tuple[type, dict[str, str]]] = [
    (quectel.Modem, MODEM),
    (quectel.AsyncModem, MODEM),
    (quectel.Socket, SOCKET),
    (quectel.AsyncSocket, SOCKET),
]
BUILT = [
    (face, name, arguments)
    for face, names in FACES
    for name, arguments in names.items()
    if name not in LATER[face.__name__] and not (face is quectel.AsyncSocket and name in NOT_ON_ASYNC)
]


def arguments_of(function: Callable[..., Any]) -> str:
    """`a, b=1, *, c=2` without self and annotations."""
    signature = inspect.signature(function)
    plain = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
    text = str(inspect.Signature(plain))[1:-1]
    return text.removeprefix("self").removeprefix(", ")


def without(arguments: str, names: set[str]) -> str:
    parts = [part for part in arguments.split(", ") if part.split("=")[0] not in names]
    return ", ".join(parts[:-1] if parts[-1:] == ["*"] else parts)


@pytest.mark.parametrize(("face", "name", "wanted"), BUILT)
def test_arguments_and_defaults(face: type, name: str, wanted: str) -> None:
    assert arguments_of(getattr(face, name)) == without(wanted, LATER_ARGUMENTS.get(name, set()))


@pytest.mark.parametrize(("face", "name", "wanted"), BUILT)
def test_what_talks_to_the_module_is_awaited_on_the_asyncio_face(face: type, name: str, wanted: str) -> None:
    is_async = inspect.iscoroutinefunction(getattr(face, name))
    plain = MODEM_PLAIN if face in (quectel.Modem, quectel.AsyncModem) else SOCKET_PLAIN
    assert is_async is (face in (quectel.AsyncModem, quectel.AsyncSocket) and name not in plain)


SAYING = [
    *{
        getattr(face, name)
        for face, names in [
            *((face, [*names, *MODEM_PROPERTIES, *SOCKET_PROPERTIES]) for face, names in FACES),
            (quectel.Coap, ["get", "post", "put", "delete", "request", "observe", "resource", "notify", "close"]),
            (Files, ["upload", "read", "list", "free", "size", "remove"]),
        ]
        for name in names
        if name != "__init__" and hasattr(face, name)
    },
    *(kind for kind, _ in FACES),
    quectel.TLSContext,
]


@pytest.mark.parametrize("call", SAYING)
def test_calls_say_what_they_allocate(call: Any) -> None:
    """host_tests/driver/test_costs.py and test_aio_costs.py measure the figures."""
    assert call.__doc__ and "Allocates " in call.__doc__


def test_what_is_built_is_not_listed_as_missing() -> None:
    for face in (*[face for face, _ in FACES], quectel.Coap, Files):
        built = {name for name in LATER[face.__name__] if hasattr(face, name)}
        assert not built, f"{face.__name__} has {built}: take them out of LATER"
    for name, later in LATER_ARGUMENTS.items():
        there = set(inspect.signature(getattr(quectel.Modem, name)).parameters)
        assert not there & later, f"{name}() has {there & later}: take them out of LATER_ARGUMENTS"


def test_what_does_not_fit_asyncio_is_not_there() -> None:
    assert not {name for name in NOT_ON_ASYNC if hasattr(quectel.AsyncSocket, name)}


@pytest.mark.parametrize("face", [quectel.Modem, quectel.AsyncModem])
def test_properties_of_a_modem(face: type) -> None:
    assert {name for name in MODEM_PROPERTIES if isinstance(getattr(face, name), property)} == MODEM_PROPERTIES


@pytest.mark.parametrize("face", [quectel.Socket, quectel.AsyncSocket])
def test_properties_of_a_socket(face: type) -> None:
    assert {name for name in SOCKET_PROPERTIES if isinstance(getattr(face, name), property)} == SOCKET_PROPERTIES


def test_states_of_a_modem() -> None:
    names = ("IDLE", "SEARCHING", "DENIED", "REGISTERED", "ONLINE", "ASLEEP", "LOST")
    assert [getattr(quectel, "STAT_" + name) for name in names] == list(range(7))
    with pytest.raises(AttributeError):
        quectel.__getattr__("STAT_NONE")


def test_tls_and_coap() -> None:
    assert arguments_of(quectel.TLSContext.__init__) == TLS
    request = inspect.signature(quectel.Coap.request).parameters
    assert [name for name in request if name not in ("self", "method", "uri")] == list(REQUEST)
    for name in ("get", "post", "put", "delete"):
        first, *rest = list(inspect.signature(getattr(quectel.Coap, name)).parameters)[1:]
        assert first == "uri" and "options" in rest
    message = quectel.CoapMessage(2, 205, 7, b"t", [(12, "0")], b"hi", ("10.0.0.1", 5683))
    assert (message.type, message.code, message.msgid, message.token, message.payload) == (2, 205, 7, b"t", b"hi")
    assert (message.codestr, message.options, message.format) == ("2.05", [(12, "0")], 0)


def test_constants() -> None:
    assert (quectel.BUFFER, quectel.PUSH, quectel.TRANSPARENT) == (0, 1, 2)
    assert (quectel.SOCK_STREAM, quectel.SOCK_DGRAM, quectel.AF_INET, quectel.AF_INET6) == (1, 2, 2, 10)
    with pytest.raises(AttributeError):
        getattr(quectel, "nothing of that name")


def test_statistics() -> None:
    assert list(Stats.NAMES) == STATS.split() and set(vars(Stats())) == set(STATS.split())


def test_errors() -> None:
    error = errors.QuectelError(5, "words", 567, "AT+QISEND")
    assert (error.errno, error.code, error.text, error.command) == (5, 567, "words", "AT+QISEND")
    assert isinstance(error, OSError)
    assert isinstance(errors.QuectelTimeout(), TimeoutError) and errors.QuectelTimeout(done=3).done == 3
    for kind in (errors.QuectelTimeout, errors.TLSError, errors.NetworkError, errors.CoapError):
        assert issubclass(kind, errors.QuectelError)
        assert getattr(quectel, kind.__name__) is kind


def test_the_core() -> None:
    """For those who write a face or a test."""
    for name, wanted in {
        "receive": "buf, n",
        "sent": "n",
        "tick": "now_ms",
        "due": "now_ms",
        "try_recv": "slot, gen, buf, off, n",
        "try_send": "slot, gen, buf, off, n",
    }.items():
        assert arguments_of(getattr(Engine, name)) == wanted, name
    assert arguments_of(Engine.__init__).startswith("family, slots=4, rx_ring=1536")
