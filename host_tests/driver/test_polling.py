"""What a poll of a socket says (ioctl of the blocking face): when a call would not block."""

from errno import EAGAIN

from faces import start
from kit import raises, rows
from quectel import SOCK_DGRAM, QuectelError
from scripted import OK, lines, settled
from steps import CLOSE_0, CONTEXT_UP, EMPTY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

POLL = 3
RD = 1
WR = 4
BOTH = RD | WR


def ready(sock: "Any") -> int:
    """Polled for reading and writing."""
    bits: int = sock.ioctl(POLL, BOTH)
    return bits


@rows("R217")
def test_a_listener_is_readable_when_a_client_waits() -> None:
    opening = b'AT+QIOPEN=1,0,"TCP LISTENER","10.0.0.2",0,2020,0,0\r'
    client_closes = (b"AT+QICLOSE=1\r", CLOSE_0[1])
    modem, check = start("BC65", [CONTEXT_UP, (opening, lines("OK", "+QIOPEN: 0,0")), client_closes, CLOSE_0])
    server = modem.socket()
    server.bind(("", 2020))
    assert ready(server) == 0
    server.listen()
    assert ready(server) == 0
    modem.uart.say(lines('+QIURC: "incoming",1,0,"192.168.2.2",36566'))
    settled(modem)
    assert ready(server) == RD
    client, _ = server.accept()
    assert ready(server) == 0 and ready(client) == WR
    client.close()
    server.close()
    check()


def test_a_service_that_nobody_has_opened_yet() -> None:
    """It is polled before its first call, which opens it: that call is worth making."""
    opening = (b'AT+QIOPEN=1,0,"UDP SERVICE","127.0.0.1",0,5000,0\r', [OK, 300, lines("+QIOPEN: 0,0")])
    read = b"AT+QIRD=0,1500\r"
    data = b'\r\n+QIRD: 2,"10.0.0.9",90\r\nhi\r\n' + OK
    modem, check = start("BG96", [opening, (read, data), (read, EMPTY)])
    sock, other = modem.socket(SOCK_DGRAM), modem.socket(SOCK_DGRAM)
    assert ready(other) == WR  # it has no port that anybody could send to
    sock.bind(("", 5000))
    assert ready(sock) == BOTH
    sock.settimeout(0)
    with raises(QuectelError) as caught:
        sock.recvfrom(9)
    assert caught.value.errno == EAGAIN
    assert ready(sock) == 0  # it is being opened
    settled(modem)
    assert ready(sock) == WR
    modem.uart.say(lines('+QIURC: "recv",0'))
    settled(modem)
    assert ready(sock) == BOTH
    assert sock.recvfrom(9) == (b"hi", ("10.0.0.9", 90))
    assert ready(sock) == WR
    check()


def test_others_that_are_not_open() -> None:
    modem, check = start("BC25", [])
    assert ready(modem.socket()) == 0 and ready(modem.socket(SOCK_DGRAM)) == 0
    with raises(QuectelError):
        modem.socket(SOCK_DGRAM).recvfrom(1)
    check()
