"""The modules that look like `socket` and `ssl`: what they give, and what they refuse before a byte is sent."""

from errno import EHOSTUNREACH, EINPROGRESS, ENOTCONN, EOPNOTSUPP

from faces import start
from kit import raises, rows
from quectel import QuectelError, Socket, TLSContext
from quectel.table import FREE
from scripted import lines, settled
from steps import (
    CLOSE_0,
    CONTEXT_UP,
    EMPTY,
    OPEN_0,
    OPENED_0,
    PROMPT,
    READ_0,
    RECV_0,
    SENT,
    SERVER,
    payload,
    said,
    sending,
)  # fmt: skip
from tls_steps import WEB, bare, closes, opens

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PLAIN_0 = (b'AT+QIOPEN=1,0,"TCP","example.com",80,0,0\r', lines("OK", "+QIOPEN: 0,0"))


def no_tls() -> TLSContext:
    return TLSContext(verify=False)


@rows("R190")
def test_getaddrinfo_gives_the_name_back() -> None:
    net = start("BC25", [])[0].socket_module()
    assert net.getaddrinfo("a.example", 1883)[0][-1] == ("a.example", 1883)
    af, kind, proto, _, address = net.getaddrinfo("a.example", "443", 0, net.SOCK_STREAM)[0]
    assert (af, kind, proto, address) == (net.AF_INET, net.SOCK_STREAM, 0, ("a.example", 443))
    assert net.getaddrinfo("2001:db8::1", 80)[0][0] == net.AF_INET6
    with raises(ValueError):
        net.getaddrinfo("a.example", "https")


@rows("R112", "R149")
def test_what_umqtt_calls() -> None:
    """The calls of umqtt.simple in their order; None is "nothing yet", b"" is the end."""
    end = lines('+QIURC: "closed",0')
    script = [OPENED_0] + sending(b"\x10\x0e", SENT) + sending(b"rest", SENT)
    script += [(READ_0, payload(b"\x20\x02\0\0")), (READ_0, EMPTY), (READ_0, EMPTY), CLOSE_0]
    modem, check = start("BC25", script)
    net = modem.socket_module()
    sock = net.socket()
    sock.settimeout(None)
    sock.connect(net.getaddrinfo(SERVER[0], SERVER[1])[0][-1])
    sock.write(bytearray(b"\x10\x0e\0\0\0"), 2)
    sock.write(b"rest")
    modem.uart.say(RECV_0)
    assert sock.read(4) == b"\x20\x02\0\0"
    settled(modem)
    sock.setblocking(False)
    assert sock.read(1) is None
    sock.setblocking(True)
    modem.uart.say(end)
    settled(modem)
    assert sock.read(1) == b""
    sock.close()
    check()


@rows("R112")
def test_what_requests_calls() -> None:
    head = b"GET / HTTP/1.0\r\n"
    reply = b"HTTP/1.0 200 OK\r\n\r\nabcdefg"
    script = [OPENED_0] + sending(head, SENT) + sending(b"Host", SENT) + [(READ_0, payload(reply)), (READ_0, EMPTY)]
    modem, check = start("BC25", script + [(READ_0, EMPTY), CLOSE_0])
    net = modem.socket_module()
    family, _, proto, _, address = net.getaddrinfo(SERVER[0], SERVER[1], 0, net.SOCK_STREAM)[0]
    sock = net.socket(family, net.SOCK_STREAM, proto)
    sock.settimeout(30)
    sock.connect(address)
    sock.write(head)
    sock.write("Host")
    modem.uart.say(RECV_0)
    assert sock.readline() == b"HTTP/1.0 200 OK\r\n" and sock.readline() == b"\r\n"
    buf = bytearray(4)
    assert sock.readinto(memoryview(buf)) == 4 and buf == b"abcd"
    modem.uart.say(lines('+QIURC: "closed",0'))
    settled(modem)
    assert sock.read() == b"efg"
    sock.close()
    check()


@rows("R112", "R149")
def test_what_mqtt_as_calls() -> None:
    """Not blocking from the beginning; None is "not ready", 0 is "closed"."""
    script = (
        [OPENED_0] + sending(b"\x10\x0e", SENT) + [(READ_0, payload(b"\x20\x02\0\0")), (READ_0, EMPTY), (READ_0, EMPTY)]
    )
    modem, check = start("BC25", script + [CLOSE_0])
    net = modem.socket_module()
    sock = net.socket()
    sock.setblocking(False)
    with raises(OSError) as caught:
        sock.connect(net.getaddrinfo(SERVER[0], SERVER[1])[0][-1])
    assert caught.value.errno == EINPROGRESS
    view = memoryview(bytearray(8))
    assert sock.readinto(view, 4) is None
    settled(modem)
    assert sock.write(memoryview(b"\x10\x0e")) == 2
    settled(modem)
    modem.uart.say(RECV_0)
    settled(modem)
    assert sock.readinto(view, 4) == 4 and bytes(view[:4]) == b"\x20\x02\0\0"
    settled(modem)
    assert sock.readinto(view, 4) is None
    modem.uart.say(lines('+QIURC: "closed",0'))
    settled(modem)
    assert sock.readinto(view, 4) == 0
    sock.close()
    check()


@rows("R112", "R149")
def test_what_ntptime_calls() -> None:
    opened = (b'AT+QIOPEN=1,0,"UDP","time.example",123,0,0,0\r', lines("OK", "+QIOPEN: 0,0"))
    query = bytearray(48)
    query[0] = 0x1B
    sent = [(b"AT+QISEND=0,48\r", PROMPT), (bytes(query), [SENT, RECV_0])]
    modem, check = start("BC25", [opened] + sent + [(READ_0, payload(b"t" * 48)), (READ_0, EMPTY), CLOSE_0])
    net = modem.socket_module()
    address = net.getaddrinfo("time.example", 123)[0][-1]
    sock = net.socket(net.AF_INET, net.SOCK_DGRAM)
    try:
        sock.settimeout(1)
        assert sock.sendto(query, address) == 48
        assert sock.recv(48) == b"t" * 48
        settled(modem)
    finally:
        sock.close()
    check()


@rows("R040", "R063", "R065")
def test_a_port_with_a_context_is_opened_as_tls() -> None:
    script = bare(0) + [opens(0, 0), closes(0), PLAIN_0, said("AT+QICLOSE=0,10"), opens(0, 0), closes(0)]
    modem, check = start("BG96", script)
    net, ssl = modem.socket_module(tls={443: no_tls()}), modem.tls_module()
    sock = net.socket()
    sock.connect(net.getaddrinfo(WEB[0], WEB[1], 0, net.SOCK_STREAM)[0][-1])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_NONE
    assert context.wrap_socket(sock, server_hostname="Example.com") is sock
    assert ssl.wrap_socket(sock) is sock
    sock.close()
    plain = net.create_connection(("example.com", 80), 20)
    for wrap in (context.wrap_socket, ssl.wrap_socket):
        with raises(QuectelError) as caught:
            wrap(plain, server_hostname="example.com")
        assert caught.value.errno == EOPNOTSUPP and "socket_module(tls=" in caught.value.text
    plain.close()
    early = net.socket()  # wrapped first, then connected
    assert context.wrap_socket(early, server_hostname="example.com", do_handshake_on_connect=False) is early
    early.connect(WEB)
    early.close()
    check()


@rows("R040")
def test_every_port_with_one_context_but_no_datagrams() -> None:
    udp = (b'AT+QIOPEN=1,0,"UDP","example.com",123,0,0\r', lines("OK", "+QIOPEN: 0,0"))
    modem, check = start("BG96", bare(0) + [opens(0, 0), udp])
    net = modem.socket_module(tls=no_tls())
    sock = net.socket()
    sock.connect(WEB)
    assert sock._slot.tls == 0
    modem.engine.table.unbind(sock._slot)
    datagram = net.socket(net.AF_INET, net.SOCK_DGRAM)
    datagram.connect(("example.com", 123))
    assert datagram._slot.tls < 0
    check()


def test_what_a_client_wants_and_does_not_get() -> None:
    """Nothing of this sends a byte."""
    modem, check = start("BG96", [])
    net, ssl = modem.socket_module(tls={443: no_tls()}), modem.tls_module()
    sock = net.socket()
    ssl.wrap_socket(sock, server_hostname="other.example")
    with raises(ValueError):
        sock.connect(WEB)  # the name that is checked is the one that is connected to
    wanted = ssl.create_default_context()
    assert wanted.verify_mode == ssl.CERT_REQUIRED == ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).verify_mode
    wanted.wrap_socket(sock, server_hostname=b"example.com")
    with raises(ValueError):
        sock.connect(WEB)  # the context does not verify
    ssl.wrap_socket(sock)
    with raises(QuectelError) as caught:
        sock.connect(("example.com", 80))
    assert caught.value.errno == EOPNOTSUPP
    refusals: "list[Any]" = [
        lambda: ssl.wrap_socket(sock, server_side=True),
        lambda: ssl.wrap_socket(sock, cert=b"x"),
        lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
        lambda: wanted.wrap_socket(sock, cadata=b"x"),
        lambda: wanted.load_cert_chain("a", "b"),
        lambda: wanted.load_verify_locations(cadata=b"x"),
        lambda: wanted.set_ciphers("ALL"),
        lambda: net.socket(fileno=3),
    ]
    for refused in refusals:
        with raises(QuectelError) as caught:
            refused()
        assert caught.value.errno == EOPNOTSUPP
    with raises(TypeError):
        ssl.wrap_socket(object())
    check()


def test_a_socket_of_the_modem_itself_is_wrapped_if_it_has_a_context() -> None:
    modem, check = start("BG96", bare(0) + [opens(0, 0)])
    ssl = modem.tls_module()
    sock = modem.create_connection(WEB, tls=no_tls())
    assert ssl.wrap_socket(sock, server_hostname="example.com") is sock
    with raises(ValueError):
        ssl.wrap_socket(sock, server_hostname="other.example")
    with raises(QuectelError):
        ssl.wrap_socket(modem.socket())
    check()


def test_contexts_that_cannot_be() -> None:
    for family, tls, kind in (
        ("BG96", "yes", TypeError),
        ("BG96", {443: True}, TypeError),
        ("BG96", {"443": no_tls()}, TypeError),
        ("BG96", {0: no_tls()}, ValueError),
        ("BG96", {70000: no_tls()}, ValueError),
        ("BC65", no_tls(), QuectelError),
        ("BG96", TLSContext(verify=False, dtls=True), QuectelError),
    ):
        with raises(kind):
            start(family, [])[0].socket_module(tls=tls)
    start("BC65", [])[0].socket_module(tls={})


@rows("R395")
def test_a_failed_create_connection_gives_its_slot_back() -> None:
    refused = (OPEN_0, lines("OK", "+QIOPEN: 0,561"))
    modem, check = start("BC25", [refused, (CLOSE_0[0], lines("ERROR"))], slots=1)
    net = modem.socket_module()
    with raises(OSError) as caught:
        net.create_connection(SERVER, 5)
    assert caught.value.errno == EHOSTUNREACH
    settled(modem)
    with raises(TypeError):
        net.create_connection("10.0.0.1")
    with raises(ValueError):
        net.create_connection(("10.0.0.1", 0))
    assert modem.engine.table.slots[0].state == FREE
    check()


@rows("R395")
def test_the_last_slot_changes_to_tls_and_back() -> None:
    modem, check = start("BG96", bare(0) + [opens(0, 0), closes(0)], slots=1)
    sock = modem.socket_module(tls={443: no_tls()}).socket()
    sock.connect(WEB)
    with raises(ValueError):
        sock.connect(("example.com", 80))
    sock.close()
    with raises(QuectelError) as caught:
        sock.connect(("example.com", 80))
    assert caught.value.errno == ENOTCONN
    check()


@rows("R217", "R118")
def test_a_server_accepts_sockets_of_its_kind() -> None:
    listening = (b'AT+QIOPEN=1,0,"TCP LISTENER","10.0.0.2",0,2020,0,0\r', lines("OK", "+QIOPEN: 0,0"))
    modem, check = start("BC65", [CONTEXT_UP, listening])
    net = modem.socket_module()
    server = net.socket()
    server.setsockopt(net.SOL_SOCKET, net.SO_REUSEADDR, 1)
    for anywhere in ("0.0.0.0", "::", "", None):
        server.bind(net.getaddrinfo(anywhere, 2020)[0][-1])
    server.listen(2)
    modem.uart.say(lines('+QIURC: "incoming",3,0,"192.168.2.2",36566'))
    client, address = server.accept()
    assert isinstance(client, net.socket) and isinstance(client, Socket) and address == ("192.168.2.2", 36566)
    assert client.id == 3
    check()
