"""What allocates on the blocking face: its docstrings say how much, and each figure is measured in the unix VM.

All that a call asks the heap for is counted, also what it gives back at once; the most of some calls is taken.
"""

import kit
from costing import (
    KEEPALIVE,
    NAME,
    NTP,
    PAYLOAD,
    PEM,
    PING,
    SET_SERVERS,
    accept,
    bring_up_lte,
    bring_up_nb,
    clock,
    close,
    command,
    disconnect,
    keep_alive,
    listener,
    nothing,
    of_modem,
    of_new_socket,
    of_socket,
    open_tcp,
    query,
    read_all,
    refused,
    sendto_another,
    service,
    switch,
    unacked,
)
from costing_services import (
    ALL_OFF,
    EDRX_SET,
    PSM_SET,
    SAVED_UNREAD,
    allow_sleep,
    coap,
    coap_close,
    coap_idle,
    coap_notify,
    coap_observe,
    coap_resource,
    coap_service,
    doze,
    doze_unaided,
    end_doze,
    first_open,
    free_space,
    list_files,
    new_context,
    new_context_with_upload,
    new_tls_context,
    new_tls_context_of_pem,
    own_saving,
    own_sleep,
    read_file,
    remove,
    restore,
    save,
    size_of_a_file,
    sleeping,
    upload,
    upload_of_what_is_there,
    wake,
)
from kit import skip
from lean import LeanScript
from pems import AMAZON
from quectel import Modem, TLSContext
from stated import stated
from steps import SERVER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from costing import Call

    Scene = tuple[str, int, Callable[[], Call]]

if kit.MICROPYTHON:
    from gc import collect, mem_alloc  # type: ignore[attr-defined,unused-ignore]

    import micropython

COUNTED = kit.MICROPYTHON and hasattr(micropython, "mem_total")
FAMILIES = ("BC25", "BC65", "BG96", "EC200U", "BC95G")

# Where the figure stands, bytes moved, and the call.
SCENES: "list[Scene]" = [
    ("sync.Modem.connect", 0, bring_up_nb),
    ("sync.Modem.connect", 0, bring_up_lte),
    ("sync.Modem.disconnect", 0, disconnect),
    ("sync.Modem.command", 11, command),
    ("sync.Modem.set_clock", 0, clock),
    ("sync.Modem.socket", 0, of_modem(lambda m: m.socket())),
    ("sync.Modem.socket_module", 0, of_modem(lambda m: m.socket_module())),
    ("sync.Modem.tls_module", 0, of_modem(lambda m: m.tls_module())),
    ("sync.Modem.create_connection", 0, of_modem(lambda m: m.create_connection(SERVER))),
    ("sync.Modem.ping", 0, service(lambda m: m.ping("a.example"), PING)),
    ("sync.Modem.resolve", 0, service(lambda m: m.resolve("a.example"), NAME)),
    ("sync.Modem.ntp", 0, service(lambda m: m.ntp(), NTP)),
    ("sync.Modem.dns_servers", 0, service(lambda m: m.dns_servers("1.1.1.1", "9.9.9.9"), *SET_SERVERS)),
    ("sync.Modem.config", 0, service(lambda m: m.config(keepalive=(60, 10, 9)), *KEEPALIVE)),
    ("sync.Modem.sleep", 0, allow_sleep),
    ("sync.Modem.sleep", 0, doze),
    ("sync.Modem.sleep", 0, doze_unaided),
    ("sync.Modem.sleep:with timers", 0, lambda: sleeping("psm", PSM_SET, tau=3600, active=10)),
    ("sync.Modem.sleep:with timers", 0, lambda: sleeping("edrx", EDRX_SET, cycle=20.48)),
    ("sync.Modem.sleep:to undo all", 0, lambda: sleeping("off", ALL_OFF)),
    ("sync.Modem.wake", 0, wake),
    ("sync.Modem.wake", 0, end_doze),
    ("sync.Modem.command", 0, own_sleep),
    ("sync.Modem.command", 0, own_saving),
    ("sync.Modem.restore", 4 * len(SAVED_UNREAD), restore),
    ("life.Life.save", 4 * len(SAVED_UNREAD), save),
    ("modem.Core.on_urc", 0, of_modem(lambda m: m.on_urc("+X:", nothing))),
    ("life.Life.ifconfig", 0, of_modem(lambda m: m.ifconfig())),
    ("life.Life.status", 0, of_modem(lambda m: m.status())),
    ("life.Life.isconnected", 0, of_modem(lambda m: m.isconnected())),
    ("modem.Core.family", 0, of_modem(lambda m: m.family)),
    ("modem.Core.stats", 0, of_modem(lambda m: m.stats)),
    ("modem.Core.poll", 0, of_modem(lambda m: m.poll())),
    ("services.Services.files", 0, of_modem(lambda m: m.files)),
    ("services.Services.coap", 0, coap_service),
    ("sync_socket.Socket", 0, lambda: refused(0)),
    ("sync_socket.Socket", 0, lambda: refused(0.005)),
    ("sync_socket.Socket.connect", 0, open_tcp),
    ("sync_socket.Socket.connect:restart of the module", 0, first_open),
    ("sync_socket.Socket.connect:new TLS context", 0, new_context),
    ("sync_socket.Socket.connect:certificate that goes up", 0, new_context_with_upload),
    ("sync_socket.Socket.listen", 0, lambda: listener().listen),
    ("sync_socket.Socket.accept", 0, accept),
    ("sync_socket.Socket.close", 0, close),
    ("sync_socket.Socket.set_mode", 0, switch),
    ("sync_socket.Socket.query_state", 0, query),
    ("sync_socket.Socket.unacked", 0, unacked),
    ("sync_socket.Socket.sendto:to another address of a service", 0, sendto_another),
    ("sync_socket.Socket.recv", 100, of_socket(lambda s: s.recv(100))),
    ("sync_socket.Socket.recv", 500, of_socket(lambda s: s.recv(500))),
    ("sync_socket.Socket.recvfrom", 100, of_socket(lambda s: s.recvfrom(100))),
    ("sync_socket.Socket.read", 100, of_socket(lambda s: s.read(100))),
    ("sync_socket.Socket.read:without n", 0, read_all),
    ("sync_socket.Socket.readline", 100, of_socket(lambda s: s.readline())),
    ("sync_socket.Socket.ioctl", 0, of_socket(lambda s: s.ioctl(3, 1))),
    ("sync_socket.Socket.setblocking", 0, of_socket(lambda s: s.setblocking(True))),
    ("sync_socket.Socket.makefile", 0, of_socket(lambda s: s.makefile())),
    ("sync_socket.Socket.fileno", 0, of_socket(lambda s: s.fileno())),
    ("base_socket.BaseSocket.settimeout", 0, of_socket(lambda s: s.settimeout(1.5))),
    ("base_socket.BaseSocket.setsockopt", 0, of_socket(lambda s: s.setsockopt(1, 2, 3))),
    ("base_socket.BaseSocket.setsockopt:SO_KEEPALIVE at most", 0, keep_alive),
    ("base_socket.BaseSocket.bind", 0, of_new_socket(lambda s: s.bind(("10.0.0.2", 2)))),
    ("base_socket.BaseSocket.pending", 0, of_socket(lambda s: s.pending())),
    ("base_socket.BaseSocket.id", 0, of_socket(lambda s: s.id)),
    ("base_socket.BaseSocket.mode", 0, of_socket(lambda s: s.mode)),
    ("base_socket.BaseSocket.state", 0, of_socket(lambda s: s.state)),
    ("files.Files.upload", len(PEM), upload),
    ("files.Files.upload", len(PEM), upload_of_what_is_there),
    ("files.Files.read", len(PEM), read_file),
    ("files.Files.list", 0, list_files),
    ("files.Files.free", 0, free_space),
    ("files.Files.size", 0, size_of_a_file),
    ("files.Files.remove", 0, remove),
    ("tls.TLSContext", 0, new_tls_context),
    ("tls.TLSContext", len(PEM), new_tls_context_of_pem),
    ("tls.TLSContext", len(AMAZON), lambda: lambda: TLSContext(ca=AMAZON)),
    ("coap.Coap.close", 0, coap_close),
    ("modem.Core.poll", 0, coap_idle),
    ("coap.Coap.observe", 0, coap_observe),
    ("coap.Coap.resource", 0, coap_resource),
    ("coap.Coap.notify", len(PAYLOAD), coap_notify),
    ("coap.Coap.request", 0, lambda: coap("get")),
    ("coap.Coap.get", 0, lambda: coap("get")),
    ("coap.Coap.post", 0, lambda: coap("post")),
    ("coap.Coap.put", 0, lambda: coap("put")),
    ("coap.Coap.delete", 0, lambda: coap("delete")),
]
# What the summary shows of them.
SHOWN = {
    "bring_up_lte": "bring-up",
    "command": "a command",
    "open_tcp": "opening a TCP socket",
    "first_open": "opening the first TCP socket",
    "new_context": "opening a TLS socket with a new context",
    "upload": "uploading a file",
}


def bytes_of(call: "Call") -> int:
    """What one call asks the heap for."""
    collect()
    before: int = micropython.mem_total()
    call()
    after: int = micropython.mem_total()
    return after - before


def most_of(make: "Callable[[], Call]") -> int:
    """The most of three calls; the first ones look names up and make lists grow."""
    for _ in range(3):
        make()()
    return max([bytes_of(make()) for _ in range(3)])


def hold(figure: str, got: int, moved: int = 0, waits: int = 0) -> None:
    """Not more than is stated, and not much less."""
    cost = stated(figure)
    most = cost[0] + moved * cost[1] + waits * cost[2]
    assert got <= most, (figure, got, most)
    assert most <= got + got // 2 + 200, (figure, got, most)


def uncounted() -> None:
    if not COUNTED:
        skip("this VM does not count what is asked of the heap")


def test_what_calls_of_the_blocking_face_allocate() -> None:
    for figure, moved, make in SCENES:
        stated(figure)  # on every VM: it is there
        if COUNTED:
            got = most_of(make)
            hold(figure, got, moved)
            name = SHOWN.get(getattr(make, "__name__", ""))
            if name:
                kit.count("heap bytes, " + name, got)


def stays(family: str) -> int:
    """What a modem keeps."""
    wire = LeanScript([])
    collect()
    before: int = mem_alloc()
    made = Modem(wire, family)
    collect()
    after: int = mem_alloc()
    assert made.family
    return after - before


def making(wire: LeanScript, family: str) -> "Callable[[], Call]":
    return lambda: lambda: Modem(wire, family)


def test_what_a_modem_allocates() -> None:
    uncounted()
    wire = LeanScript([])
    for family in FAMILIES:
        got = most_of(making(wire, family))
        hold("sync.Modem", got)
        kept = stays(family)
        assert kept <= stated("sync.Modem:of which")[0] <= kept + kept // 2, (family, kept)
    kit.count("heap bytes, making a modem", got)
    kit.count("heap bytes, what it keeps", kept)
