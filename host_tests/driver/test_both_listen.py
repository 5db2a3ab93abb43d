"""Listeners and the clients they accept."""

from errno import EAGAIN

from faces import both
from kit import raises, rows
from quectel import BUFFER, PUSH, QuectelError, QuectelTimeout
from quectel.table import FREE
from scripted import OK, lines
from steps import CLOSE_0, CLOSE_1, CONTEXT_UP, EMPTY, RECV_1, SENT, payload, sending

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face


@rows("R118", "R217")
@both
def test_a_listener_accepts(face: "Face") -> "Generator[Any, Any, None]":
    opening = b'AT+QIOPEN=1,0,"TCP LISTENER","10.0.0.2",0,2020,0,0\r'
    read_1 = b"AT+QIRD=1,1024\r"
    script = [(opening, lines("OK", "+QIOPEN: 0,0")), (read_1, payload(b"hi")), (read_1, EMPTY)]
    m = face.start("BC65", [CONTEXT_UP] + script + sending(b"hi", SENT, 1) + [CLOSE_1, CLOSE_0])
    server = m.socket()
    server.bind(("", 2020))
    yield server.listen()
    server.settimeout(0.2)
    with raises(QuectelTimeout):
        yield server.accept()
    server.settimeout(0)
    with raises(QuectelError) as caught:
        yield server.accept()
    assert caught.value.errno == EAGAIN
    server.settimeout(None)
    face.uart.say(lines('+QIURC: "incoming",1,0,"192.168.2.2",36566') + RECV_1)
    client, address = yield server.accept()
    assert address == ("192.168.2.2", 36566) and client.id == 1
    assert (yield client.read(2)) == b"hi"
    yield face.settle()
    yield client.sendall(b"hi")
    yield client.close()
    yield server.close()


@rows("R216", "R217")
@both
def test_a_client_without_a_slot_is_closed(face: "Face") -> "Generator[Any, Any, None]":
    opening = b'AT+QIOPEN=1,0,"TCP LISTENER","10.0.0.2",0,2020,0,0\r'
    script = [CONTEXT_UP, (opening, lines("OK", "+QIOPEN: 0,0")), CLOSE_1, CLOSE_0]
    m = face.start("BC65", script, slots=1)
    server = m.socket()
    server.bind(("", 2020))
    yield server.listen()
    face.uart.say(lines('+QIURC: "incoming",1,0,"192.168.2.2",36566', '+QIURC: "incoming full"'))
    yield face.settle()
    assert m.stats.no_slot == 2
    yield server.close()


@rows("R217")
@both
def test_clients_nobody_accepted_are_closed_with_the_listener(face: "Face") -> "Generator[Any, Any, None]":
    opening = b'AT+QIOPEN=1,0,"TCP LISTENER","10.0.0.2",0,2020,0,0\r'
    either = (CLOSE_0[0], CLOSE_1[0])
    closing = [(either, CLOSE_0[1]), (either, CLOSE_0[1])]
    m = face.start("BC65", [CONTEXT_UP, (opening, lines("OK", "+QIOPEN: 0,0"))] + closing)
    server = m.socket()
    server.bind(("", 2020))
    yield server.listen()
    face.uart.say(lines('+QIURC: "incoming",1,0,"192.168.2.2",36566'))
    yield face.settle()
    yield server.close()
    yield face.settle()
    assert all([slot.state == FREE for slot in m.engine.table.slots])


@rows("R174", "R212", "R217")
@both
def test_a_client_that_has_closed_before_it_was_accepted(face: "Face") -> "Generator[Any, Any, None]":
    """It is given all the same, with what it has sent; a second one that was lost with the network is not."""
    opening = b'AT+QIOPEN=1,0,"TCP LISTENER","10.0.0.2",0,2020,0,0\r'
    read_1 = b"AT+QIRD=1,512\r"
    reads = [(read_1, payload(b"bye")), (read_1, EMPTY)]
    m = face.start("BC25", [(opening, lines("OK", "+QIOPEN: 0,0"))] + reads + [CLOSE_1, CLOSE_0])
    server = m.socket()
    server.bind(("", 2020))
    yield server.listen()
    face.uart.say(lines('+QIURC: "incoming",1,0,"2001:db8::7",36566') + RECV_1 + lines('+QIURC: "closed",1'))
    yield face.settle()
    client, address = yield server.accept()
    assert address == ("2001:db8::7", 36566) and client.id == 1 and client.state == 3
    assert (yield client.read()) == b"bye"
    yield client.close()
    server.settimeout(0)
    with raises(QuectelError) as caught:
        yield server.accept()
    assert caught.value.errno == EAGAIN
    server.settimeout(None)
    yield server.close()


@rows("R216")
@both
def test_a_client_that_the_module_turned_away_is_counted(face: "Face") -> "Generator[Any, Any, None]":
    opening = b'AT+QIOPEN=1,0,"TCP LISTENER","10.0.0.2",0,2020,0,0\r'
    m = face.start("BC25", [(opening, lines("OK", "+QIOPEN: 0,0"))])
    server = m.socket()
    server.bind(("", 2020))
    yield server.listen()
    face.uart.say(lines('+QIURC: "incoming full"') * 3)
    server.settimeout(0.1)
    with raises(QuectelTimeout):
        yield server.accept()
    assert m.stats.no_slot == 3


@both
def test_a_listener_of_the_lte_families(face: "Face") -> "Generator[Any, Any, None]":
    """It names no address of its own; ids of clients come from the top, and they begin in buffer mode."""
    opening = b'AT+QIOPEN=1,0,"TCP LISTENER","127.0.0.1",0,2020,0\r'
    read = b"AT+QIRD=11,1500\r"
    push = (b"AT+QISWTMD=11,1\r", OK)
    closes = [(b"AT+QICLOSE=11,10\r", OK), (b"AT+QICLOSE=0,10\r", OK)]
    for mode in (BUFFER, PUSH):
        script = [(opening, lines("OK", "+QIOPEN: 0,0")), (read, payload(b"hi")), (read, EMPTY), push]
        m = face.start("EC200U", script + closes)
        server = m.socket(mode=mode)
        server.bind(("", 2020))
        yield server.listen()
        face.uart.say(lines('+QIURC: "incoming",11,0,"192.168.2.2",36566', '+QIURC: "recv",11'))
        client, address = yield server.accept()
        assert address == ("192.168.2.2", 36566) and client.id == 11 and client.mode == BUFFER
        assert (yield client.read(2)) == b"hi"
        yield face.settle()
        yield client.set_mode(PUSH)
        face.uart.say(b'\r\n+QIURC: "recv",11,2\r\nho\r\n' + lines('+QIURC: "closed",11'))
        assert (yield client.read()) == b"ho"
        yield client.close()
        yield server.close()
        face.check()
