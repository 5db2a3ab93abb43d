"""The public names with their arguments and defaults, on both faces, against announced.py."""

import errno
import inspect
from collections.abc import Callable
from typing import Any

import pytest
import quectel
from announced import (
    COAP,
    COAP_KEYWORDS,
    COAP_MESSAGE,
    COAP_REQUESTS,
    CONTROL_VERBS,
    ENGINE,
    ERRNOS,
    FILES,
    MODEM,
    MODEM_MORE,
    MODEM_PLAIN,
    MODEM_PROPERTIES,
    MORE_ARGUMENTS,
    NOT_ON_ASYNC,
    SOCKET,
    SOCKET_MORE,
    SOCKET_PLAIN,
    SOCKET_PROPERTIES,
    STATS,
    TLS,
    VIRTUAL_ATTRIBUTES,
    VIRTUAL_AWAITED,
    VIRTUAL_CLOCK,
    VIRTUAL_MODULE,
)
from quectel import errors
from quectel.engine import Engine
from quectel.files import Files
from quectel.intake import Stats
from virtual_module import Clock, VirtualModule, start, start_thread
from virtual_module.control import VERBS

FACES: list[tuple[type, dict[str, str]]] = [
    (quectel.Modem, {**MODEM, **MODEM_MORE}),
    (quectel.AsyncModem, {**MODEM, **MODEM_MORE}),
    (quectel.Socket, {**SOCKET, **SOCKET_MORE}),
    (quectel.AsyncSocket, {**SOCKET, **SOCKET_MORE}),
]
CALLS = [
    (face, name, arguments)
    for face, names in FACES
    for name, arguments in names.items()
    if not (face is quectel.AsyncSocket and name in NOT_ON_ASYNC)
]


def arguments_of(function: Callable[..., Any]) -> str:
    """`a, b=1, *, c=2` without self, annotations, and what was not announced."""
    more = MORE_ARGUMENTS.get(function.__name__, set())
    kept = [
        one.replace(annotation=inspect.Parameter.empty)
        for one in inspect.signature(function).parameters.values()
        if one.name not in more
    ]
    text = str(inspect.Signature(kept))[1:-1]
    return text.removeprefix("self").removeprefix(", ")


@pytest.mark.parametrize(("face", "name", "wanted"), CALLS)
def test_arguments_and_defaults(face: type, name: str, wanted: str) -> None:
    assert arguments_of(getattr(face, name)) == wanted


@pytest.mark.parametrize("call", [quectel.Modem.connect, quectel.AsyncModem.connect, VirtualModule.pipe])
def test_what_was_not_announced_may_be_left_out(call: Callable[..., Any]) -> None:
    parameters = inspect.signature(call).parameters
    for name in MORE_ARGUMENTS[call.__name__]:
        assert parameters[name].default is not inspect.Parameter.empty
        assert name == [*parameters][-1] or parameters[name].kind is inspect.Parameter.KEYWORD_ONLY


@pytest.mark.parametrize(("face", "name", "wanted"), CALLS)
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


def test_tls_contexts() -> None:
    assert arguments_of(quectel.TLSContext.__init__) == TLS


def test_coap() -> None:
    """The four requests take the keywords by name, and hand them to request()."""
    of_request = inspect.signature(quectel.Coap.request).parameters
    for name in COAP_REQUESTS:
        parameters = inspect.signature(getattr(quectel.Coap, name)).parameters
        assert [*parameters][:3] == ["self", "uri", "payload"] and parameters["payload"].default == b""
        assert parameters["options"].kind is inspect.Parameter.VAR_KEYWORD
        for keyword in COAP_KEYWORDS:
            assert of_request[keyword].kind is inspect.Parameter.KEYWORD_ONLY
    for name, wanted in COAP.items():
        assert arguments_of(getattr(quectel.Coap, name)).startswith(wanted)
    message = quectel.CoapMessage(2, 205, 7, b"t", [(12, "0")], b"hi", ("10.0.0.1", 5683))
    assert [getattr(message, name) for name in COAP_MESSAGE] == [2, 205, 7, b"t", [(12, "0")], b"hi", 0, "2.05"]


def test_files() -> None:
    assert all(inspect.isfunction(getattr(Files, name)) for name in FILES)
    assert arguments_of(Files.upload) == "name, data"


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


@pytest.mark.parametrize("name", ERRNOS)
def test_errnos(name: str) -> None:
    assert {errors.errno_of(code) for code in ERRNOS[name]} == {getattr(errno, name)}


def test_the_core() -> None:
    """For those who write a face or a test."""
    for name, wanted in ENGINE.items():
        assert arguments_of(getattr(Engine, name)) == wanted, name
    assert arguments_of(Engine.__init__).startswith("family, slots=4, rx_ring=1536")


# --- the virtual module -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "wanted"), VIRTUAL_MODULE.items())
def test_calls_of_the_virtual_module(name: str, wanted: str) -> None:
    call = getattr(VirtualModule, name)
    assert arguments_of(call) == wanted
    assert inspect.iscoroutinefunction(call) is (name in VIRTUAL_AWAITED)


def test_what_a_virtual_module_shows() -> None:
    module = VirtualModule("BC25", clock=Clock.stepped())
    assert all(hasattr(module, name) for name in VIRTUAL_ATTRIBUTES)
    assert CONTROL_VERBS <= set(VERBS)


@pytest.mark.parametrize(("name", "wanted"), VIRTUAL_CLOCK.items())
def test_the_clock_of_the_virtual_module(name: str, wanted: str) -> None:
    assert arguments_of(getattr(Clock, name)) == wanted


def test_how_a_virtual_module_is_started() -> None:
    assert arguments_of(start) == arguments_of(start_thread) == "model, **kw"
    assert inspect.iscoroutinefunction(start) and not inspect.iscoroutinefunction(start_thread)
    with start_thread("BC25") as handle:
        assert handle.url.startswith("socket://127.0.0.1:")
        assert handle.call(lambda module: module.model) == "BC25"
