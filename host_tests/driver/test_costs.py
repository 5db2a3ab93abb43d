"""What allocates on the blocking face: its docstrings say how much, and each figure is measured in the unix VM.

All that a call asks the heap for is counted, also what it gives back at once; the most of some calls is taken.
"""

from binascii import crc32

import kit
from kit import skip
from lean import LeanScript
from pems import AMAZON
from quectel import SOCK_DGRAM, Modem, Socket, TLSContext
from quectel.files import checksum
from quectel.network import Wanted
from quectel.table import ENDED, OPEN, STREAM
from scripted import adopt, as_prepared, lines
from stated import stated
from steps import (
    ACTIVE,
    ATTACHED,
    CLOCK,
    CLOSE_0,
    HOME,
    INACTIVE,
    LTE_PINS,
    NB_PINS,
    NB_TAIL,
    OPEN_0,
    PREPARED,
    READY,
    SERVER,
    met,
    said,
    whole,
)
from wires import StepClock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from steps import Script

    Call = Callable[[], object]
    Scene = tuple[str, int, Callable[[], Call]]

if kit.MICROPYTHON:
    from gc import collect, mem_alloc  # type: ignore[attr-defined,unused-ignore]

    import micropython

COUNTED = kit.MICROPYTHON and hasattr(micropython, "mem_total")
PAYLOAD = b"x" * 99 + b"\n"
PEM = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
FAMILIES = ("BC25", "BC65", "BG96", "EC200U", "BC95G")


# --- modems on modules that follow a script and allocate nothing ----------------------------------------------------


def modem(script: "Script", family: str = "BC25", prepared: bool = True) -> "Any":
    made = Modem(LeanScript(script), family, clock=StepClock())
    made.net.address = "10.0.0.2"
    return as_prepared(made) if prepared else made


OPENED = (OPEN_0, lines("OK", "+QIOPEN: 0,0"))
LISTENING = (b'AT+QIOPEN=1,0,"TCP LISTENER","10.0.0.2",0,2020,0,0\r', lines("OK", "+QIOPEN: 0,0"))
LTE = met("BG96") + LTE_PINS + [said("AT+QISTATE?"), said("AT+QSSLSTATE"), READY, HOME, ATTACHED, INACTIVE]
LTE += [said('AT+QICSGP=1,1,"internet","me","secret",1'), INACTIVE, said("AT+QIACT=1"), ACTIVE, CLOCK]


def opened(*then: "Any") -> Socket:
    sock: Socket = modem([OPENED] + list(then)).create_connection(SERVER)
    return sock


def holding(data: bytes) -> Socket:
    """A socket whose ring has data."""
    sock = opened()
    sock._slot.ring.put(data, 0, len(data))
    sock._slot.ring.commit()
    return sock


def listener(*texts: str) -> Socket:
    m = modem([LISTENING])
    sock: Socket = m.socket()
    sock.bind(("", 2020))
    if texts:
        sock.listen()
        m.uart._say(lines(*texts))
    return sock


# --- what is measured: each gives the call that is -------------------------------------------------------------------


def bring_up_nb() -> "Call":
    script = met("BC25JB-02") + NB_PINS + [said("AT+QISTATE?"), READY] + NB_TAIL
    return modem(script, "BC25", False).connect  # type: ignore[no-any-return]


def bring_up_lte() -> "Call":
    m = modem(LTE, "BG96", False)
    return lambda: m.connect("internet", user="me", password="secret", auth="pap")


def open_tcp() -> "Call":
    sock = modem([OPENED]).socket()
    return lambda: sock.connect(SERVER)


def coap_service() -> "Call":
    return modem([], "BC95-G").coap  # type: ignore[no-any-return]


def disconnect() -> "Call":
    m = modem([said("AT+QIDEACT=1")], "BG96")
    return m.disconnect  # type: ignore[no-any-return]


def command() -> "Call":
    m = modem([said("AT+CSQ", "+CSQ: 17,99")])
    return lambda: m.command("AT+CSQ")


def of_modem(call: "Callable[[Any], object]") -> "Callable[[], Call]":
    """A call of a modem with nothing open."""

    def make() -> "Call":
        m = modem([OPENED])
        return lambda: call(m)

    return make


def of_socket(call: "Callable[[Socket], object]", data: bytes = PAYLOAD) -> "Callable[[], Call]":
    """A call of a socket that holds data."""

    def make() -> "Call":
        sock = holding(data)
        return lambda: call(sock)

    return make


def of_new_socket(call: "Callable[[Socket], object]") -> "Callable[[], Call]":
    """A call of a socket that is not open."""

    def make() -> "Call":
        sock = modem([]).socket()
        return lambda: call(sock)

    return make


def first_open() -> "Call":
    sock = modem(PREPARED + [OPENED], prepared=False).socket()
    return lambda: sock.connect(SERVER)


def tls_open(script: "Script", context: TLSContext) -> "Call":
    settings = ("sslversion", "3"), ("ciphersuite", "0XFFFF"), ("seclevel", "1"), ("ignorelocaltime", "1")
    if isinstance(context.ca, str):
        script += [said('AT+QFLST="ca.pem"', '+QFLST: "ca.pem",77')]
    script += [said('AT+QSSLCFG="%s",0,%s' % item) for item in settings + (("negotiatetime", "300"),)]
    name = context.ca if isinstance(context.ca, str) else name_of_pem()
    script += [said('AT+QSSLCFG="cacert",0,"%s"' % name)]
    script += [(b'AT+QSSLOPEN=1,0,0,"example.com",443,0\r', lines("OK", "+QSSLOPEN: 0,0"))]
    sock = modem(script, "BG96").socket(tls=context)
    return lambda: sock.connect(("example.com", 443))


def new_context() -> "Call":
    return tls_open([], TLSContext(ca="ca.pem", check_time=False))


def new_tls_context() -> "Call":
    return lambda: TLSContext(ca="ca.pem")


def name_of_pem() -> str:
    return "%08x.pem" % (crc32(PEM) & 0xFFFFFFFF)


def upload_steps(name: str) -> "Script":
    size = len(PEM)
    missing = (b'AT+QFLST="%s"\r' % name.encode(), lines("+CME ERROR: 405"))
    up = (b'AT+QFUPL="%s",%d,5\r' % (name.encode(), size), lines("CONNECT"))
    return [missing, up, (PEM, lines("+QFUPL: %d,%x" % (size, checksum(PEM)), "OK"))]


def new_context_with_upload() -> "Call":
    return tls_open(upload_steps(name_of_pem()), TLSContext(ca=PEM, check_time=False))


def upload() -> "Call":
    files = modem(upload_steps("a.pem"), "BG96").files
    return lambda: files.upload("a.pem", PEM)


def there() -> "tuple[bytes, bytes]":
    return said('AT+QFLST="a.pem"', '+QFLST: "a.pem",%d' % len(PEM))


def coming() -> "tuple[bytes, bytes]":
    told = lines("+QFDWL: %d,%x" % (len(PEM), checksum(PEM)), "OK")
    return b'AT+QFDWL="a.pem"\r', lines("CONNECT") + PEM + told


def upload_of_what_is_there() -> "Call":
    files = modem([there(), coming()], "BG96").files
    return lambda: files.upload("a.pem", PEM)


def read_file() -> "Call":
    files = modem([there(), coming()], "BG96").files
    return lambda: files.read("a.pem")


def list_files() -> "Call":
    files = modem([said('AT+QFLST="*"', '+QFLST: "a.pem",77')], "BG96").files
    return files.list  # type: ignore[no-any-return]


def free_space() -> "Call":
    files = modem([said('AT+QFLDS="UFS"', "+QFLDS: 12345,67890")], "BG96").files
    return files.free  # type: ignore[no-any-return]


def clock() -> "Call":
    m = modem([said('AT+CCLK="26/11/25,09:08:07+00"')], "BG96")
    return lambda: m.set_clock((2026, 11, 25, 9, 8, 7))


def new_tls_context_of_pem() -> "Call":
    return lambda: TLSContext(ca=PEM)


def size_of_a_file() -> "Call":
    files = modem([said('AT+QFLST="a"', '+QFLST: "a",77')], "BG96").files
    return lambda: files.size("a")


def remove() -> "Call":
    files = modem([said('AT+QFDEL="a"')], "BG96").files
    return lambda: files.remove("a")


def accept() -> "Call":
    return listener('+QIURC: "incoming",3,0,"192.168.2.2",36566').accept


def close() -> "Call":
    return opened(CLOSE_0).close


def switch() -> "Call":
    sock = opened(said("AT+QISWTMD=0,1"))
    sock._modem._family = sock._engine.family = modem([], "BG96").family
    return lambda: sock.set_mode(1)


def read_all() -> "Call":
    sock = holding(PAYLOAD * 5)
    sock._slot.state = ENDED
    return sock.read


ALLOWED = [said("AT+QSCLK?", "+QSCLK: 0"), said("AT+QSCLK=1")]
WOKEN = [said("AT"), said("AT+QSCLK?", "+QSCLK: 1"), said("AT+QSCLK=0"), said("ATE0"), said("AT+CMEE=1")]
WOKEN += [said("AT+QISTATE?", '+QISTATE: 0,"UDP","10.0.0.1",80,0,2,1,0')]


def allow_sleep() -> "Call":
    m = modem(ALLOWED)
    return lambda: m.sleep("deep")


PSM_SET = [said("AT+CPSMS?", "+CPSMS: 0"), said('AT+CPSMS=1,,,"00000110","00000101"')]
EDRX_SET = [said("AT+CEDRXS?"), said('AT+CEDRXS=1,4,"0010"'), said("AT+CEDRXS?"), said('AT+CEDRXS=1,5,"0010"')]
ALL_OFF = [said("AT+QSCLK?", "+QSCLK: 1"), said("AT+QSCLK=0"), PSM_SET[0], said("AT+CEDRXS?", '+CEDRXS: 4,"0010"')]
ALL_OFF += [said("AT+CEDRXS=3")]


AWAKE = [said("AT")]


class Dtr:
    def dtr(self, level: int) -> None:
        pass


def doze() -> "Call":
    m = modem(ALLOWED, "BG96")
    m.net.pins = Dtr()
    return lambda: m.sleep("light")


def doze_unaided() -> "Call":
    m = modem([ALLOWED[0], said("AT+QSCLK=2")])
    return lambda: m.sleep("light")


def own_sleep() -> "Call":
    m = modem([said("AT+QSCLK=1")])
    return lambda: m.command("AT+QSCLK=1")


def own_saving() -> "Call":
    m = modem([PSM_SET[1]], "BG96")
    return lambda: m.command('AT+CPSMS=1,,,"00000110","00000101"')


def sleeping(mode: str, script: "Script", **timers: "Any") -> "Call":
    m = modem(script, "BG96")
    return lambda: m.sleep(mode, **timers)


def end_doze() -> "Call":
    m = modem(ALLOWED + AWAKE, "BG96")
    m.net.pins = Dtr()
    m.sleep("light")
    return m.wake  # type: ignore[no-any-return]


def wake() -> "Call":
    m = modem(ALLOWED + WOKEN + [CLOSE_0])
    m.sleep("deep")
    return m.wake  # type: ignore[no-any-return]


SAVED_STATE = '+QISTATE: %d,"TCP","10.0.0.1",80,0,2,1,0'
RESTORING = met("BC25JB-02") + NB_PINS + [said("AT+QISTATE?", *[SAVED_STATE % cid for cid in range(4)])]
RESTORING += [said("AT+CGPADDR?", '+CGPADDR: 1,"10.1.2.3"')]
SAVED_UNREAD = PAYLOAD * 12


def saver() -> "Any":
    """A modem with four connections that hold 1,200 bytes each."""
    m = modem([])
    m.net.wanted = Wanted(1, None, None, None, [])
    for cid in range(4):
        slot = adopt(m, cid, STREAM)
        slot.to, slot.to_port = SERVER[0].encode(), SERVER[1]
        slot.ring.put(SAVED_UNREAD, 0, len(SAVED_UNREAD))
        slot.ring.commit()
    return m


def save() -> "Call":
    return saver().save  # type: ignore[no-any-return]


def restore() -> "Call":
    saved = saver().save()
    m = modem(RESTORING, prepared=False)
    return lambda: m.restore(saved)


def query() -> "Call":
    sock = opened(said("AT+QISTATE=1,0", '+QISTATE: 0,"TCP","10.0.0.1",80,0,2,1,0'))
    return sock.query_state


def unacked() -> "Call":
    m = modem([said("AT+QISEND=0,0", "+QISEND: 1000,400,600")], "BG96")
    sock = m.socket()
    m.engine.table.bind(sock._slot, 0)
    sock._slot.state = OPEN
    return sock.unacked  # type: ignore[no-any-return]


def sendto_another() -> "Call":
    """To another address from an open UDP service."""
    there = [(b'AT+QISEND=0,4,"10.0.0.9",90\r', b"\r\n> "), (b"ping", lines("SEND OK"))]
    m = modem(
        [(b'AT+QIOPEN=1,0,"UDP SERVICE","127.0.0.1",0,2020,0\r', lines("OK", "+QIOPEN: 0,0"))] + there * 2, "BG96"
    )
    sock = m.socket(SOCK_DGRAM)
    sock.bind(("", 2020))
    sock.sendto(b"ping", ("10.0.0.9", 90))
    sock._aimed = ("10.0.0.8", 90)
    return lambda: sock.sendto(b"ping", ("10.0.0.9", 90))


def refused(timeout: float) -> "Call":
    """A call that raises for want of bytes."""
    sock = opened()
    sock.settimeout(timeout)
    buf = bytearray(8)

    def call() -> None:
        try:
            sock.recv_into(buf)
        except OSError:
            pass

    return call


def coap(method: str) -> "Call":
    made = [said("AT+QCOAPDEL"), said('AT+QCOAPCREATE=56830;+QCOAPCFG="Showra",1;+QCOAPCFG="Showrspopt",1')]
    answer = lines("OK", '+QCOAPURC: "rsp",10.0.0.9,5683,2,2.05,8,1,12,"0",12,a,"b",\r\nOK\r\n')
    asked = [said('AT+QCOAPHEAD=5,8,4,01020304;+QCOAPOPTION=1,11,"a"')]
    asked += [(b"AT+QCOAPSEND=0,%d,10.0.0.9,5683\r" % (1 + ("get", "post", "put", "delete").index(method)), b"\r\n>")]
    asked += [(b"\x1a", answer), said("AT+QCOAPDATASTATUS?", "+QCOAPDATASTATUS: 4")]
    service = modem(whole(made, asked), "BC95-G").coap()
    service._context._next_id = 7
    return lambda: getattr(service, method)("coap://10.0.0.9/a", token=b"\x01\x02\x03\x04")


MADE = [said("AT+QCOAPDEL"), said('AT+QCOAPCREATE=56830;+QCOAPCFG="Showra",1;+QCOAPCFG="Showrspopt",1')]
ADDED = MADE + [said('AT+QCOAPADDRES=4,"/t/d"')]


def coap_observe() -> "Call":
    answer = lines("OK", '+QCOAPURC: "rsp",10.0.0.9,5683,2,2.05,8,2,6,"1",12,"0",2,20')
    asked = [said('AT+QCOAPHEAD=5,8,4,01020304;+QCOAPOPTION=2,6,"0",11,"a"')]
    asked += [(b"AT+QCOAPSEND=0,1,10.0.0.9,5683\r", b"\r\n>"), (b"\x1a", answer)]
    asked += [said("AT+QCOAPDATASTATUS?", "+QCOAPDATASTATUS: 4")]
    service = modem(whole(MADE, asked), "BC95-G").coap()
    service._context._next_id = 7
    return lambda: service.observe("coap://10.0.0.9/a", print, token=b"\x01\x02\x03\x04")


def coap_resource() -> "Call":
    service = modem(ADDED, "BC95-G").coap()
    return lambda: service.resource("/t/d", print)


def coap_notify() -> "Call":
    """One observer."""
    asked = [said('AT+QCOAPHEAD=5,50670,2,ABCD;+QCOAPOPTION=1,6,"1"')]
    asked += [(b"AT+QCOAPSEND=2,205,10.0.0.9,5683\r", b"\r\n>"), (b"\x1a", lines("OK"))]
    asked += [said('AT+QCOAPHEAD=5,8,2,ABCD;+QCOAPOPTION=2,6,"2",12,"0"')]
    asked += [(b"AT+QCOAPSEND=0,205,10.0.0.9,5683\r", b"\r\n>"), (PAYLOAD + b"\x1a", lines("OK"))]
    asked += [said("AT+QCOAPDATASTATUS?", "+QCOAPDATASTATUS: 4")]
    service = modem(whole(ADDED, asked), "BC95-G").coap()
    service._context._next_id = 7
    service.resource("/t/d", _fresh, observable=True)
    service._modem.uart._say(lines('+QCOAPURC: "req",10.0.0.9,5683,0,1,50670,07,2,ABCD,6,"0",11,"t",11,"d"'))
    for _ in range(200):
        service._modem.poll()
    return lambda: service.notify("/t/d", PAYLOAD, format=0)


def coap_idle() -> "Call":
    """A turn with a resource and an open context, and nothing to do."""
    service = modem(ADDED, "BC95-G").coap()
    service.resource("/t/d", print)
    service._modem.poll()
    service._modem.poll()
    return service._modem.poll  # type: ignore[no-any-return]


def _fresh(_message: object) -> int:
    return 205


PING = (
    b'AT+QPING=1,"a.example",4,4,32\r',
    lines("OK", *["+QPING: 0,10.0.0.9,32,90,255"] * 4, "+QPING: 2,4,4,0,90,90,90"),
)
NAME = (b'AT+QIDNSGIP=1,"a.example"\r', lines("OK", *['+QIURC: "dnsgip",' + urc for urc in ("0,1,600", '"10.0.0.9"')]))
NTP = (b'AT+QNTP=1,"pool.ntp.org",123,1\r', lines("OK", '+QNTP: 0,"2018/04/20,11:08:20+32"'))
SERVERS = said("AT+QIDNSCFG?", '+QIDNSCFG: "10.0.0.53","10.0.0.54"')
SET_SERVERS = [SERVERS, said('AT+QIDNSCFG="1.1.1.1","9.9.9.9"'), SERVERS]
KEEPALIVE = [said("AT+QIKALIVE?", "+QIKALIVE: 0,60,10,9"), said("AT+QIKALIVE=1,60,10,9")]


def service(call: "Callable[[Any], object]", *script: "Any") -> "Callable[[], Call]":
    """A service of a modem, for the first time."""

    def make() -> "Call":
        m = modem(list(script))
        return lambda: call(m)

    return make


def keep_alive() -> "Call":
    sock = opened(*KEEPALIVE)
    return lambda: sock.setsockopt(1, 9, 1)


def coap_close() -> "Call":
    return modem([said("AT+QCOAPDEL")], "BC95-G").coap().close  # type: ignore[no-any-return]


def nothing(*_: object) -> None:
    pass


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
