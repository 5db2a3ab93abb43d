"""save() and restore(): the connection table outlives a restart of the microcontroller."""

from binascii import crc32
from errno import EAGAIN, ECONNRESET, ENODEV, ENOTCONN

from faces import both
from kit import raises, rows
from quectel import PUSH, SOCK_DGRAM, NetworkError, QuectelError
from quectel.network import ONLINE, Wanted, Wish
from quectel.table import DGRAM, ENDED, FREE, LISTENER, STREAM
from scripted import ERROR, OK, adopt, lines
from steps import (
    ACTIVE,
    CLOSE_0,
    EMPTY,
    INACTIVE,
    LTE_PINS,
    NB_ADDRESS,
    NB_PINS,
    OPEN_0,
    PREPARED,
    READ_0,
    SENT,
    SERVER,
    met,
    payload,
    said,
    sending,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face
    from steps import Script

BC25 = met("BC25") + NB_PINS
BG96 = met("BG96") + LTE_PINS
TCP_0 = '+QISTATE: 0,"TCP","10.0.0.1",80,0,2,1,0'
TO = (b"10.0.0.1", 80)  # SERVER, as a slot has it
UDP_1 = '+QISTATE: 1,"UDP","10.0.0.2",90,2020,2,1,0'


def states(*told: str) -> "Script":
    """The module of an NB family is asked what it has."""
    return BC25 + [said("AT+QISTATE?", *told)]


def lte_states(plain: "list[str]", tls: "list[str]") -> "Script":
    return BG96 + [said("AT+QISTATE?", *plain), said("AT+QSSLSTATE", *tls)]


def kept(face: "Face", family: str = "BC25", unread: bytes = b"", **how: "Any") -> "Any":
    """(modem, slot): connected to SERVER under id 0, before the restart of the microcontroller."""
    m = face.start(family, [])
    slot = adopt(m, how.pop("cid", 0), how.pop("kind", STREAM), how.pop("mode", 0), how.pop("tls", False))
    slot.to, slot.to_port = TO
    for name in how:
        setattr(slot, name, how[name])
    if slot.kind == DGRAM and unread:
        at = slot.ring.begin()
        slot.ring.end(at, len(unread))
    slot.ring.put(unread, 0, len(unread))
    slot.ring.commit()
    return m, slot


@rows("R136", "R138", "R166")
@both
def test_a_connection_goes_on(face: "Face") -> "Generator[Any, Any, None]":
    """With what was unread here, then with what waits at the module."""
    m, _ = kept(face, unread=b"unread ")
    saved = yield m.save()
    assert (yield m.save()) == saved and m.engine.table.slots[0].ring.n == 7  # it only looks
    m = face.start("BC25", states(TCP_0) + [(READ_0, payload(b"waits")), (READ_0, EMPTY), CLOSE_0], False)
    found = yield m.restore(saved)
    (sock,) = found
    assert (sock.id, sock.state, sock.mode, sock._peer) == (0, 2, 0, SERVER)
    assert (yield sock.recv(7)) == b"unread "
    yield face.settle()
    assert (yield sock.recv(100)) == b"waits"
    assert m.net.adopt is None
    yield sock.close()


@rows("R112", "R136")
@both
def test_a_socket_that_was_opened_and_has_sent(face: "Face") -> "Generator[Any, Any, None]":
    """The module is asked although its settings of this epoch were made."""
    m = face.start("BC25", [(OPEN_0, lines("OK", "+QIOPEN: 0,0"))] + sending(b"ping", SENT))
    sock = m.socket()
    yield sock.connect(SERVER)
    yield sock.send(b"ping")
    saved = yield m.save()
    m = face.start("BC25", states(TCP_0) + [(READ_0, EMPTY)] + sending(b"pong", SENT))
    (sock,) = yield m.restore(saved)
    yield face.settle()
    assert (yield sock.send(b"pong")) == 4


@rows("R118", "R136")
@both
def test_a_listener_on_another_port_is_another(face: "Face") -> "Generator[Any, Any, None]":
    m, _ = kept(face, kind=LISTENER, lport=2020, to=b"", to_port=0)
    saved = yield m.save()
    for port in (2020, 2021):
        told = '+QISTATE: 0,"TCP LISTENER","10.0.0.2",0,%d,2,1,0' % port
        m = face.start("BC25", states(told) + ([CLOSE_0] if port != 2020 else []), False)
        assert len((yield m.restore(saved))) == (port == 2020)


@rows("R136", "R140")
@both
def test_what_is_not_as_it_was_is_closed_at_the_module(face: "Face") -> "Generator[Any, Any, None]":
    m, _ = kept(face)
    saved = yield m.save()
    for other in (
        '0,"TCP","10.0.0.1",81,0,2,1,0',
        '0,"TCP","10.0.0.9",80,0,2,1,0',
        '0,"TCP","10.0.0.1",80,0,2,1,1',
        '0,"TCP","10.0.0.1",80,0,2,2,0',
        '0,"TCP","10.0.0.1",80,0,1,1,0',
        '0,"TCP","10.0.0.1",80,0,5,1,0',
        '0,"UDP","10.0.0.1",80,0,2,1,0',
        '0,"TCP INCOMING","10.0.0.1",80,0,2,1,0',
        '0,"TCP"',
        '3,"TCP","10.0.0.1",80,0,2,1,0',
    ):
        closed = (b"AT+QICLOSE=%d\r" % int(other[0]), lines("OK", "CLOSE OK"))
        m = face.start("BC25", states("+QISTATE: " + other) + [closed, (OPEN_0, lines("OK", "+QIOPEN: 0,0"))], False)
        assert (yield m.restore(saved)) == [], other
        assert [slot.state for slot in m.engine.table.slots] == [FREE] * 4
        sock = m.socket()
        yield sock.connect(SERVER)  # the id is there again
        assert sock.id == 0


@rows("R136")
@both
def test_a_name_may_be_shown_as_its_address(face: "Face") -> "Generator[Any, Any, None]":
    m, slot = kept(face)
    slot.to = b"a.example"
    saved = yield m.save()
    m = face.start("BC25", states(TCP_0) + [(READ_0, EMPTY)], False)
    (sock,) = yield m.restore(saved)
    yield face.settle()
    assert sock._peer == ("a.example", 80)


@rows("R136", "R149")
@both
def test_datagrams_and_push_mode(face: "Face") -> "Generator[Any, Any, None]":
    """What is pushed while the module is asked is kept, behind what was unread."""
    m, slot = kept(face, kind=DGRAM, unread=b"one", cid=1, lport=2020)
    slot.to, slot.to_port = b"10.0.0.2", 90
    pushes = adopt(m, 0, STREAM, PUSH)
    pushes.to, pushes.to_port = TO
    saved = yield m.save()
    early = (b"AT+CMEE=1\r", lines("OK") + b'\r\n+QIURC: "recv",0,5\r\nearly\r\n')
    script = states('+QISTATE: 0,"TCP","10.0.0.1",80,0,2,1,1', UDP_1)
    script = [early if step[0] == early[0] else step for step in script]
    m = face.start("BC25", script + [(b"AT+QIRD=1,512\r", EMPTY)] + sending(b"ping", SENT, 1), False)
    found = yield m.restore(saved)
    udp, tcp = found if found[0].id == 1 else (found[1], found[0])
    yield face.settle()
    assert (yield tcp.recv(100)) == b"early" and tcp.mode == PUSH
    assert (yield udp.recv(100)) == b"one"
    assert (yield udp.sendto(b"ping", ("10.0.0.2", 90))) == 4


@rows("R090", "R093")
@both
def test_tls_goes_on_and_is_not_opened_again(face: "Face") -> "Generator[Any, Any, None]":
    """Never as a plain connection."""
    m, _ = kept(face, "BG96", cid=4, tls=True)
    m.engine.table.at(4).tls = 1
    saved = yield m.save()
    told = '+QSSLSTATE: 4,"SSLClient","10.0.0.1",80,65344,2,1,4,0,"usbmodem",%d'
    tls = m.family.tls
    closed = (tls.close + b"4" + tls.close_arg + b"\r", OK)
    m = face.start("BG96", lte_states([], [told % 2]) + [closed], False)
    assert (yield m.restore(saved)) == []
    read = (b"AT+QSSLRECV=4,1500\r", payload(b"secret", "+QSSLRECV"))
    script = lte_states([], [told % 1]) + [read, (read[0], lines("+QSSLRECV: 0", "OK"))]
    m = face.start("BG96", script, False)
    (sock,) = yield m.restore(saved)
    yield face.settle()
    assert (yield sock.recv(100)) == b"secret"
    face.uart.say(lines("RDY"))
    yield face.settle()
    with raises(QuectelError) as caught:
        yield sock.recv(1)
    assert caught.value.errno == ECONNRESET
    with raises(QuectelError) as caught:
        yield sock.connect(SERVER)
    assert caught.value.errno == ENOTCONN


@rows("R090", "R124", "R217")
@both
def test_listeners_their_clients_and_services(face: "Face") -> "Generator[Any, Any, None]":
    m, _ = kept(face, "BG96", kind=LISTENER, lport=2020, to=b"", to_port=0)
    client = adopt(m, 1, STREAM)
    client.parent, client.pport = 0, 36566
    client.peer[:11], client.npeer = b"192.168.2.2", 11
    taken = adopt(m, 2, STREAM)
    taken.peer[:11], taken.npeer, taken.pport = b"192.168.2.3", 11, 4
    service = adopt(m, 3, DGRAM)
    service.service, service.lport = 19, 2021
    saved = yield m.save()
    told = [
        '+QISTATE: 0,"TCP LISTENER","10.0.0.2",0,2020,3,1,0,0,"usbmodem"',
        '+QISTATE: 1,"TCP INCOMING","192.168.2.2",36566,2020,2,1,0,0,"usbmodem"',
        '+QISTATE: 2,"TCP INCOMING","192.168.2.3",4,2020,2,1,0,0,"usbmodem"',
        '+QISTATE: 3,"UDP SERVICE","10.0.0.2",0,2021,2,1,3,0,"usbmodem"',
    ]
    reads = [(b"AT+QIRD=%d,1500\r" % cid, EMPTY) for cid in (1, 2)]
    late = (b"AT+CMEE=1\r", lines("OK", '+QIURC: "incoming",4,0,"192.168.2.4",5'))
    told.append('+QISTATE: 4,"TCP INCOMING","192.168.2.4",5,2020,2,1,0,0,"usbmodem"')
    script = [late if step[0] == late[0] else step for step in lte_states(told, [])] + reads
    m = face.start("BG96", script, False, slots=5, rx_ring=1500)
    found = yield m.restore(saved)
    yield face.settle()
    assert [sock.id for sock in found] == [0, 2, 3]
    assert (yield found[0].accept())[1] == ("192.168.2.2", 36566)
    assert (yield found[0].accept())[1] == ("192.168.2.4", 5)  # came in meanwhile
    gone = (m.family.tcp.close + b"1" + m.family.tcp.close_arg + b"\r", OK)  # nobody can accept it any more
    m = face.start("BG96", lte_states(told[1:3], []) + [gone, reads[1]], False)
    found = yield m.restore(saved)
    yield face.settle()
    assert [sock.id for sock in found] == [2] and m.engine.table.slots[1].state == FREE


@rows("R174", "R212", "R393")
@both
def test_the_other_side_has_closed_meanwhile(face: "Face") -> "Generator[Any, Any, None]":
    """What the module still holds is read first."""
    m, _ = kept(face)
    saved = yield m.save()
    gone = '+QISTATE: 0,"TCP","10.0.0.1",80,0,3,1,0'
    m = face.start("BC25", states(gone) + [(READ_0, payload(b"last")), (READ_0, ERROR), CLOSE_0], False)
    (sock,) = yield m.restore(saved)
    yield face.settle()
    assert (yield sock.recv(100)) == b"last" and (yield sock.recv(100)) == b""
    assert sock._slot.state == ENDED
    yield sock.close()


@both
def test_what_is_no_record_is_said_before_a_byte_is_sent(face: "Face") -> "Generator[Any, Any, None]":
    m, _ = kept(face, unread=b"x" * 100)
    saved = yield m.save()
    damaged = [b"", b"QS", saved[:-1], saved + b"\0", b"QS\x01" + saved[3:]]
    damaged += [saved[:k] + bytes([saved[k] ^ 1]) + saved[k + 1 :] for k in range(0, len(saved), 7)]
    short = saved[11:20]  # right in itself, and cut off
    damaged.append(b"QS\x02" + len(short).to_bytes(4, "big") + (crc32(short) & 0xFFFFFFFF).to_bytes(4, "big") + short)
    m = face.start("BC25", [], False)
    for bad in damaged:
        with raises(ValueError):
            yield m.restore(bad)
    with raises(TypeError):
        yield m.restore("QS")
    m = face.start("BC65", [], False)
    with raises(ValueError) as caught:
        yield m.restore(saved)
    assert "BC25" in str(caught.value) and "BC65" in str(caught.value)
    m = face.start("BC25", [], False, rx_ring=64)
    with raises(ValueError):
        yield m.restore(saved)
    m = face.start("BC25", [], False)
    m.socket()
    with raises(ValueError):
        yield m.restore(saved)
    m, _ = kept(face)
    adopt(m, 1, STREAM)
    saved = yield m.save()
    m = face.start("BC25", [], False, slots=1)
    with raises(ValueError):
        yield m.restore(saved)
    assert m.engine.table.slots[0].state == FREE


@rows("R210")
@both
def test_settings_go_on_and_secrets_are_not_kept(face: "Face") -> "Generator[Any, Any, None]":
    keep = Wish(b"AT+QIKALIVE?", ["1", "60", "10", "9"], b"AT+QIKALIVE=1,60,10,9")
    rat = Wish(b"AT+X?", ["1"], b"AT+X=1", 5000)
    for setup, stays in (
        (b'AT+QICSGP=1,1,"internet","","",0', True),
        (b'AT+QICSGP=1,1,"internet","me","secret",1', False),
        (b'AT+QICSGP=1,1,"internet","","secret",1', False),
    ):
        m = face.start("BG96", [])
        m.net.wanted = Wanted(1, "internet", setup, "1234", [rat])
        m.net.wishes["keepalive"] = keep
        saved = yield m.save()
        assert b"1234" not in saved and b"secret" not in saved and b"internet" in saved
        m = face.start("BG96", lte_states([], []) + [ACTIVE], False)
        assert (yield m.restore(saved)) == []
        wanted = m.net.wanted
        assert (wanted.pdp, wanted.apn, wanted.pin, wanted.setup) == (1, "internet", None, setup if stays else None)
        assert [(w.query, w.wanted, w.command, w.limit_ms) for w in wanted.wishes] == [
            (b"AT+X?", ["1"], b"AT+X=1", 5000)
        ]
        assert m.net.due == ["keepalive"] and m.net.wishes["keepalive"].wanted == keep.wanted
        assert m.isconnected() and m.status() == ONLINE and (yield m.ifconfig())[0] == "10.7.157.1"
    m = face.start("BG96", lte_states([], []) + [INACTIVE], False)
    yield m.restore(saved)
    assert not m.isconnected()


@both
def test_who_is_online_on_an_nb_family(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BC25", [])
    m.net.wanted = Wanted(1, None, None, None, [])
    saved = yield m.save()
    m = face.start("BC25", states() + [NB_ADDRESS], False)
    assert (yield m.restore(saved)) == [] and m.isconnected()


@both
def test_the_module_restarts_while_it_is_asked(face: "Face") -> "Generator[Any, Any, None]":
    """It is met anew, and has nothing; the next call works."""
    m, _ = kept(face, unread=b"old")
    saved = yield m.save()
    again = [(b"AT+QISTATE?\r", lines("RDY"))] + PREPARED + [(OPEN_0, lines("OK", "+QIOPEN: 0,0"))]
    m = face.start("BC25", BC25 + again, False)
    assert (yield m.restore(saved)) == []
    sock = m.socket()
    yield sock.connect(SERVER)
    assert sock.id == 0 and sock.pending() == 0 and m.stats.epochs == 1


@both
def test_a_restart_behind_the_table_is_an_error(face: "Face") -> "Generator[Any, Any, None]":
    m, _ = kept(face)
    m.net.wanted = Wanted(1, None, None, None, [])
    saved = yield m.save()
    script = states(TCP_0) + [((b"AT+CGPADDR?\r", READ_0), lines("RDY"))]
    m = face.start("BC25", script + PREPARED + [(OPEN_0, lines("OK", "+QIOPEN: 0,0"))], False)
    assert (yield m.restore(saved)) == [] and not m.isconnected()
    assert [slot.state for slot in m.engine.table.slots] == [FREE] * 4
    sock = m.socket()
    yield sock.connect(SERVER)
    assert sock.id == 0


@both
def test_a_module_of_another_kind_costs_all(face: "Face") -> "Generator[Any, Any, None]":
    m, _ = kept(face)
    saved = yield m.save()
    m = face.start("BC25", met("BG96"), False)
    with raises(NetworkError) as caught:
        yield m.restore(saved)
    assert caught.value.errno == ENODEV and m.net.adopt is None
    assert [slot.state for slot in m.engine.table.slots] == [FREE] * 4


@both
def test_transparent_mode_is_left_first(face: "Face") -> "Generator[Any, Any, None]":
    m, slot = kept(face, "BG96", mode=2)
    m.engine.owner = slot
    with raises(QuectelError) as caught:
        yield m.save()
    assert caught.value.errno == EAGAIN
    m.engine.owner = m.engine.table.nobody
    yield face.settle()


@both
def test_what_has_failed_or_is_under_way_is_not_saved(face: "Face") -> "Generator[Any, Any, None]":
    m, slot = kept(face)
    empty = yield face.start("BC25", []).save()
    slot.fail(ECONNRESET)
    assert (yield m.save()) == empty
    other = face.start("BC25", [])
    other.socket(SOCK_DGRAM)
    assert (yield other.save()) == empty
    yield face.settle()


# --- a module that saves power ----------------------------------------------------------------------------------------
