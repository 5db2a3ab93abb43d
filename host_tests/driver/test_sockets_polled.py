"""Sockets that do not block, as asyncio's streams and poll() use them."""

from errno import EAGAIN, EALREADY, EHOSTUNREACH, EINPROGRESS, ENODEV

from faces import start
from kit import MICROPYTHON, raises, rows, skip
from quectel import SOCK_DGRAM, QuectelError
from quectel.table import FREE
from scripted import OK, lines, settled
from steps import CLOSE_0, CONTEXT_UP, OPEN_0, OPENED_0, PROMPT, SENT, SERVER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

POLL, READABLE, WRITABLE, ERR = 3, 1, 4, 8


# --- as asyncio's streams use it ------------------------------------------------------------------------------------


@rows("R113")
def test_a_connect_that_does_not_wait() -> None:
    modem, check = start(
        "BC25", [(OPEN_0, [OK, 50, lines("+QIOPEN: 0,0")]), (b"AT+QISEND=0,2\r", PROMPT), (b"hi", SENT)]
    )
    sock = modem.socket_module().socket()
    sock.setblocking(False)
    for wanted in (EINPROGRESS, EALREADY):
        with raises(OSError) as caught:
            sock.connect(SERVER)
        assert caught.value.errno == wanted
    turns = 0
    while not sock.ioctl(POLL, WRITABLE):
        turns += 1
        modem.uart.clock.advance(1)
    assert 10 < turns < 100
    assert sock.write(b"hi") == 2 and sock.read(1) is None
    settled(modem)
    check()


def poll_fails(sock: "Any", number: int) -> None:
    """poll() sees that a connect() has failed, and the next call tells why."""
    with raises(OSError) as caught:
        sock.connect(SERVER)
    assert caught.value.errno == EINPROGRESS
    turns = 0
    while not sock.ioctl(POLL, WRITABLE) & ERR:
        turns += 1
        sock._modem._clock.advance(50)
        assert turns < 10_000
    for call in (sock.write, sock.readinto):
        with raises(QuectelError) as caught:
            call(bytearray(1))
        assert caught.value.errno == number, caught.value


@rows("R113", "R395")
def test_a_connect_that_fails_is_seen_by_poll() -> None:
    modem, check = start("BC25", [(OPEN_0, lines("OK", "+QIOPEN: 0,561")), (CLOSE_0[0], lines("ERROR"))] * 2)
    sock = modem.socket_module().socket()
    sock.setblocking(False)
    for _ in range(2):  # the same socket may try again
        poll_fails(sock, EHOSTUNREACH)
        settled(modem)
    sock.close()
    assert modem.engine.table.slots[0].state == FREE
    check()


@rows("R113")
def test_a_connect_that_fails_before_its_command_is_seen_by_poll() -> None:
    """The module does not answer."""
    modem, _ = start("BC25", [], False)
    modem.uart.write = lambda buf, off, n: n
    sock = modem.socket_module().socket()
    sock.setblocking(False)
    poll_fails(sock, ENODEV)
    sock.close()
    assert modem.engine.table.slots[0].state == FREE


@rows("R217", "R118")
def test_a_listen_that_does_not_wait() -> None:
    """As asyncio.start_server() does it."""
    listening = (b'AT+QIOPEN=1,0,"TCP LISTENER","10.0.0.2",0,2020,0,0\r', [OK, 50, lines("+QIOPEN: 0,0")])
    modem, check = start("BC65", [CONTEXT_UP, listening])
    server = modem.socket_module().socket()
    server.setblocking(False)
    server.bind(("", 2020))
    server.listen(5)
    for _ in range(100):
        assert not server.ioctl(POLL, READABLE)
        with raises(OSError) as caught:
            server.accept()
        assert caught.value.errno == EAGAIN
        modem.uart.clock.advance(1)
    modem.uart.say(lines('+QIURC: "incoming",3,0,"192.168.2.2",36566'))
    assert server.ioctl(POLL, READABLE) == READABLE
    assert server.accept()[1] == ("192.168.2.2", 36566)
    assert not server.ioctl(POLL, READABLE)
    check()


@rows("R118", "R395")
def test_a_listen_that_fails_is_seen_by_poll() -> None:
    listening = (b'AT+QIOPEN=1,0,"TCP LISTENER","10.0.0.2",0,2020,0,0\r', lines("OK", "+QIOPEN: 0,561"))
    modem, check = start("BC65", [CONTEXT_UP, listening, (CLOSE_0[0], lines("ERROR"))])
    server = modem.socket()
    server.setblocking(False)
    server.bind(("", 2020))
    server.listen()
    turns = 0
    while not server.ioctl(POLL, READABLE) & ERR:
        turns += 1
        modem.uart.clock.advance(50)
        assert turns < 1000
    with raises(QuectelError) as caught:
        server.accept()
    assert caught.value.errno == EHOSTUNREACH
    settled(modem)
    check()


def test_sockets_can_be_polled() -> None:
    """MicroPython's select and ssl take what a class inherits from its first base alone for a stream."""
    if not MICROPYTHON:
        skip("of MicroPython")
    from select import POLLIN, POLLOUT, poll

    waiter: "Any" = poll()
    modem, _ = start("BC25", [OPENED_0])
    for sock in (modem.socket(), modem.socket_module().socket()):
        waiter.register(sock, POLLIN | POLLOUT)
    assert waiter.poll(0) == []
    sock.connect(SERVER)
    assert [(found, mask) for found, mask in waiter.poll(0)] == [(sock, POLLOUT)]


def test_ioctl_of_a_broken_uart_does_not_raise() -> None:
    modem, _ = start("BC25", [])
    sock = modem.socket_module().socket()

    def unplugged(buf: "Any") -> int:
        raise OSError(19)

    modem.uart.readinto = unplugged
    assert sock.ioctl(POLL, READABLE) & ERR
    with raises(OSError):
        modem.poll()


def test_what_is_no_file_here() -> None:
    sock = start("BC25", [])[0].socket(SOCK_DGRAM)
    assert sock.fileno() == -1 and sock.ioctl(10, 0) == -22
