"""Modems on modules that follow a script and allocate nothing, and calls of Modem and Socket to be measured on them."""

from lean import LeanScript
from quectel import SOCK_DGRAM, Modem, Socket
from quectel.table import ENDED, OPEN
from scripted import as_prepared, lines
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
    OPENED_0,
    READY,
    SERVER,
    met,
    said,
)
from wires import StepClock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from steps import Script

    Call = Callable[[], object]

PAYLOAD = b"x" * 99 + b"\n"
PEM = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


# --- modems on modules that follow a script and allocate nothing ----------------------------------------------------


def modem(script: "Script", family: str = "BC25", prepared: bool = True) -> "Any":
    made = Modem(LeanScript(script), family, clock=StepClock())
    made.net.address = "10.0.0.2"
    return as_prepared(made) if prepared else made


LISTENING = (b'AT+QIOPEN=1,0,"TCP LISTENER","10.0.0.2",0,2020,0,0\r', lines("OK", "+QIOPEN: 0,0"))
LTE = met("BG96") + LTE_PINS + [said("AT+QISTATE?"), said("AT+QSSLSTATE"), READY, HOME, ATTACHED, INACTIVE]
LTE += [said('AT+QICSGP=1,1,"internet","me","secret",1'), INACTIVE, said("AT+QIACT=1"), ACTIVE, CLOCK]


def opened(*then: "Any") -> Socket:
    sock: Socket = modem([OPENED_0] + list(then)).create_connection(SERVER)
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
    sock = modem([OPENED_0]).socket()
    return lambda: sock.connect(SERVER)


def disconnect() -> "Call":
    m = modem([said("AT+QIDEACT=1")], "BG96")
    return m.disconnect  # type: ignore[no-any-return]


def command() -> "Call":
    m = modem([said("AT+CSQ", "+CSQ: 17,99")])
    return lambda: m.command("AT+CSQ")


def of_modem(call: "Callable[[Any], object]") -> "Callable[[], Call]":
    """A call of a modem with nothing open."""

    def make() -> "Call":
        m = modem([OPENED_0])
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


def clock() -> "Call":
    m = modem([said('AT+CCLK="26/11/25,09:08:07+00"')], "BG96")
    return lambda: m.set_clock((2026, 11, 25, 9, 8, 7))


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


def nothing(*_: object) -> None:
    pass
