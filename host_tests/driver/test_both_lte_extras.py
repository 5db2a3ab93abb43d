"""What EC200U and EG915U have in their QICFG that BG96 has not, and servers of IPv6, on both faces."""

from errno import EOPNOTSUPP

from faces import both
from kit import raises, rows
from quectel import QuectelError
from quectel.table import AF_INET6
from scripted import lines
from steps import SERVER, said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face

OPENED = (b'AT+QIOPEN=1,0,"TCP","10.0.0.1",80,0,0\r', lines("OK", "+QIOPEN: 0,0"))
ASK = 'AT+QICFG="tcp/keepalive"'
OFF = said(ASK, '+QICFG: "tcp/keepalive",0,120,25,3')
ON = said(ASK, '+QICFG: "tcp/keepalive",1,60,25,3')


# --- keep-alive ---------------------------------------------------------------------------------------------------


@both
def test_keepalive_of_ec200u(face: "Face") -> "Generator[Any, Any, None]":
    script = [
        OFF,
        OFF,
        said(ASK + ",1,600,30,5"),
        said(ASK, '+QICFG: "tcp/keepalive",1,600,30,5'),
        said(ASK, '+QICFG: "tcp/keepalive",1,600,30,5'),
        said(ASK + ",0"),
    ]
    m = face.start("EC200U", script)
    for wrong in ((0, 25, 3), (1801, 25, 3), (60, 24, 3), (60, 101, 3), (60, 25, 2), (60, 25, 11)):
        with raises(ValueError):
            yield m.config(keepalive=wrong)
    assert (yield m.config("keepalive")) is None
    yield m.config(keepalive=(600, 30, 5))
    assert (yield m.config("keepalive")) == (600, 30, 5)
    yield m.config(keepalive=None)
    with raises(QuectelError) as caught:
        yield face.start("BG96", []).config(keepalive=(600, 30, 5))
    assert caught.value.errno == EOPNOTSUPP


@both
def test_so_keepalive_of_ec200u(face: "Face") -> "Generator[Any, Any, None]":
    """As on BC25: carried out with the next connect(), not written where it stands, undone from now on."""
    m = face.start("EC200U", [OFF, said(ASK + ",1,60,25,3"), OPENED, ON, said(ASK + ",0")], rx_ring=4096)
    s = m.socket()
    s.setsockopt(0xFFFF, 8, 1)
    s.setsockopt(0xFFFF, 8, b"\x01\0\0\0")
    yield s.connect(SERVER)
    s.setsockopt(0xFFFF, 8, 0)
    yield face.settle()
    assert not m.net.due


# --- the answer to a send -----------------------------------------------------------------------------------------


@rows("R159")
@both
def test_status_of_hex_digits_with_sendinfo(face: "Face") -> "Generator[Any, Any, None]":
    """QISENDEX answers with its own name where the caller has set "sendinfo"; 1 is a full buffer, and is repeated."""
    hi, yo = b'AT+QISENDEX=0,"6869"\r', b'AT+QISENDEX=0,"796F"\r'
    sent, full = lines("+QISENDEX: 0,0,10238", "OK"), lines("+QISENDEX: 0,1,0", "OK")
    m = face.start("EC200U", [OPENED, (hi, sent), (yo, full), (yo, sent)], rx_ring=4096)
    s = yield m.create_connection(SERVER)
    s.set_send_form("hex")
    assert (yield s.send(b"hi")) == 2
    face.clock.step = 50
    assert (yield s.send(b"yo")) == 2
    assert m.stats.send_fail == 1 and m.stats.unknown == 0


# --- servers of IPv6 ----------------------------------------------------------------------------------------------


@both
def test_a_listener_of_ipv6(face: "Face") -> "Generator[Any, Any, None]":
    """The LTE manuals have every server say 127.0.0.1; who names an address, names one of its kind."""
    opened = (b'AT+QIOPEN=1,0,"TCP LISTENER","127.0.0.1",0,2020,0\r', lines("OK", "+QIOPEN: 0,0"))
    m = face.start("EC200U", [opened])
    s = m.socket(af=AF_INET6)
    with raises(ValueError):
        s.bind(("10.0.0.1", 2020))
    s.bind(("", 2020))
    yield s.listen()
    assert s.id == 0
