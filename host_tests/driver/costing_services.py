"""Calls to be measured: files and certificates, sleep, save() and restore(), CoAP."""

from binascii import crc32

from costing import PAYLOAD, PEM, modem
from quectel import TLSContext
from quectel.files import checksum
from quectel.network import Wanted
from quectel.table import STREAM
from scripted import adopt, lines
from steps import CLOSE_0, NB_PINS, OPENED_0, PREPARED, SERVER, met, said, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from costing import Call
    from steps import Script


def coap_service() -> "Call":
    return modem([], "BC95-G").coap  # type: ignore[no-any-return]


def first_open() -> "Call":
    sock = modem(PREPARED + [OPENED_0], prepared=False).socket()
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


def new_tls_context_of_pem() -> "Call":
    return lambda: TLSContext(ca=PEM)


def size_of_a_file() -> "Call":
    files = modem([said('AT+QFLST="a"', '+QFLST: "a",77')], "BG96").files
    return lambda: files.size("a")


def remove() -> "Call":
    files = modem([said('AT+QFDEL="a"')], "BG96").files
    return lambda: files.remove("a")


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
    hold_four(m)
    return m


def hold_four(m: "Any") -> None:
    """The modem has them, and has been connected."""
    m.net.wanted = Wanted(1, None, None, None, [])
    for cid in range(4):
        slot = adopt(m, cid, STREAM)
        slot.to, slot.to_port = SERVER[0].encode(), SERVER[1]
        slot.ring.put(SAVED_UNREAD, 0, len(SAVED_UNREAD))
        slot.ring.commit()


def save() -> "Call":
    return saver().save  # type: ignore[no-any-return]


def restore() -> "Call":
    saved = saver().save()
    m = modem(RESTORING, prepared=False)
    return lambda: m.restore(saved)


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


def coap_close() -> "Call":
    return modem([said("AT+QCOAPDEL")], "BC95-G").coap().close  # type: ignore[no-any-return]
