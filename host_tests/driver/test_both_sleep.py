"""Deep sleep: the application allows it, a call that needs the module ends it, UDP sockets outlive it."""

from errno import EAGAIN, ECONNRESET, EOPNOTSUPP, ETIMEDOUT

from faces import both
from kit import raises, rows
from quectel import SOCK_DGRAM, QuectelError
from quectel.network import ASLEEP, ONLINE, Wish
from quectel.table import FREE
from scripted import OK, lines
from sleeping import ALLOWED, ASLEEP_URC, AWAKE_URC, LOST, TCP_1, UDP_0, UDP_STATE, kept, start, udp_asleep
from steps import (
    CLOSE_0,
    CLOSE_1,
    EMPTY,
    OPENED_0,
    PREPARED,
    PROMPT,
    READ_0,
    RECV_0,
    RECV_1,
    SENT,
    SERVER,
    SYNC,
    payload,
    said,
    sending,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face


@rows("R121", "R219", "R222", "R224", "R283", "R426")
@both
def test_a_udp_socket_outlives_deep_sleep(face: "Face") -> "Generator[Any, Any, None]":
    """What the document shows, and the first AT is lost."""
    script = [UDP_0] + sending(b"before", SENT) + ALLOWED + [LOST, SYNC] + kept(UDP_STATE)
    m, pins = start(face, script + sending(b"1234567890", SENT) + [CLOSE_0])
    s = m.socket(SOCK_DGRAM)
    yield s.connect(SERVER)
    yield s.send(b"before")
    yield m.sleep("deep")
    assert m.status() == ONLINE
    face.uart.say(ASLEEP_URC)
    yield face.settle()
    assert m.status() == ASLEEP and m.isconnected() and s.id == 0 and m.stats.unknown == 0
    assert (yield s.send(b"1234567890")) == 10
    assert m.status() == ONLINE and pins.levels() == [0, 1]
    assert 100 <= pins.pulls[1][1] - pins.pulls[0][1] <= 150
    yield s.close()


@rows("R121", "R219", "R224")
@both
def test_tcp_sockets_and_listeners_end_with_deep_sleep(face: "Face") -> "Generator[Any, Any, None]":
    opening = b'AT+QIOPEN=1,0,"TCP LISTENER","10.0.0.2",0,2020,0,0\r'
    again = [OPENED_0, CLOSE_0]
    m, _ = start(face, [(opening, lines("OK", "+QIOPEN: 0,0")), TCP_1] + ALLOWED + kept() + again)
    server = m.socket()
    server.bind(("", 2020))
    yield server.listen()
    s = yield m.create_connection(SERVER)
    face.uart.say(lines('+QIURC: "incoming",2,0,"192.168.2.2",36566'))
    yield face.settle()
    yield m.sleep("deep")
    face.uart.say(ASLEEP_URC)
    yield face.settle()
    for call in (s.recv, s.send, server.accept):
        with raises(QuectelError) as caught:
            yield call(1) if call == s.recv else call(b"x") if call == s.send else call()
        assert caught.value.errno == ECONNRESET and "sleep" in caught.value.text
    yield s.close()
    yield server.close()
    assert s.id == -1 and all([slot.state == FREE for slot in m.engine.table.slots])
    assert face.uart.wrote.endswith(b"AT+QSCLK=1\r")
    t = yield m.create_connection(SERVER)  # which wakes the module
    yield t.close()


@rows("R121", "R174")
@both
def test_what_a_tcp_socket_had_received_is_given_first(face: "Face") -> "Generator[Any, Any, None]":
    m, _ = start(face, [OPENED_0, (READ_0, payload(b"rest")), (READ_0, EMPTY)] + ALLOWED)
    s = yield m.create_connection(SERVER)
    face.uart.say(RECV_0)
    yield face.settle()
    yield m.sleep("deep")
    face.uart.say(ASLEEP_URC)
    yield face.settle()
    assert (yield s.recv(10)) == b"rest"
    with raises(QuectelError) as caught:
        yield s.recv(10)
    assert caught.value.errno == ECONNRESET


@rows("R219", "R224", "R453")
@both
def test_nothing_is_sent_while_the_module_sleeps(face: "Face") -> "Generator[Any, Any, None]":
    """Neither a read nor a close, also before +QATSLEEP; an id that was closed meanwhile is closed behind the wake."""
    script = [UDP_0] + ALLOWED + [LOST, SYNC] + kept(UDP_STATE) + [CLOSE_0]
    m, pins = start(face, script, slots=2)
    s = m.socket(SOCK_DGRAM)
    yield s.connect(SERVER)
    yield m.sleep("deep")
    before = face.uart.wrote
    face.uart.say(RECV_0)
    yield face.settle()
    face.uart.say(ASLEEP_URC)
    yield face.settle()
    s.settimeout(0)
    with raises(QuectelError) as caught:
        yield s.recv(10)
    assert caught.value.errno == EAGAIN
    passed = face.clock.passed
    yield s.close()
    assert face.clock.passed - passed < 10
    yield face.settle()
    assert face.uart.wrote == before and pins.levels() == []
    yield m.wake()
    yield face.settle()
    assert s._slot.state == FREE and m.status() == ONLINE


@rows("R121", "R283")
@both
def test_a_read_that_was_announced_is_made_up_for(face: "Face") -> "Generator[Any, Any, None]":
    script = [UDP_0] + ALLOWED + kept(UDP_STATE) + [(READ_0, payload(b"late")), (READ_0, EMPTY)]
    m, _ = start(face, script)
    s = m.socket(SOCK_DGRAM)
    yield s.connect(SERVER)
    yield m.sleep("deep")
    face.uart.say(RECV_0 + ASLEEP_URC)
    yield face.settle()
    assert (yield s.recv(10)) == b"late"
    yield face.settle()


@rows("R121")
@both
def test_ids_that_are_open_are_not_opened_again(face: "Face") -> "Generator[Any, Any, None]":
    """That of a UDP socket, and one that nobody here knows, which is closed."""
    stray = '+QISTATE: 1,"UDP","10.0.0.9",80,0,2,1,0'
    two = b'AT+QIOPEN=1,1,"UDP","10.0.0.7",70,0,0,0\r'
    script = [UDP_0] + ALLOWED + kept(UDP_STATE, stray) + [CLOSE_1, (two, lines("OK", "+QIOPEN: 1,0"))]
    m, _ = start(face, script)
    s = yield from udp_asleep(face, m)
    yield m.wake()
    yield face.settle()
    t = m.socket(SOCK_DGRAM)
    yield t.connect(("10.0.0.7", 70))
    assert (s.id, t.id) == (0, 1)


@rows("R121", "R139")
@both
def test_what_the_module_does_not_know_any_more_is_lost(face: "Face") -> "Generator[Any, Any, None]":
    """Also where firmware says nothing of its sleep (R426)."""
    closed = '+QISTATE: 1,"TCP","10.0.0.1",80,0,5,1,0'
    m, pins = start(face, [UDP_0, TCP_1] + ALLOWED + kept(closed) + [CLOSE_1], urc=b"")
    s = m.socket(SOCK_DGRAM)
    yield s.connect(SERVER)
    t = yield m.create_connection(SERVER)
    yield m.sleep("deep")
    assert m.status() == ONLINE
    yield m.wake()
    yield face.settle()
    assert pins.levels() == [0, 1]
    for sock in (s, t):
        with raises(QuectelError) as caught:
            yield sock.send(b"x")
        assert caught.value.errno == ECONNRESET


@rows("R219")
@both
def test_a_command_in_flight_when_it_falls_asleep(face: "Face") -> "Generator[Any, Any, None]":
    script = [UDP_0, (b"AT+CSQ\r", ASLEEP_URC), (b"AT\r", OK), said("AT+QSCLK?", "+QSCLK: 0"), said("ATE0")]
    m, pins = start(face, script + [said("AT+CMEE=1"), said("AT+QISTATE?", UDP_STATE)] + sending(b"x", SENT))
    s = m.socket(SOCK_DGRAM)
    yield s.connect(SERVER)
    with raises(QuectelError) as caught:
        yield m.command("AT+CSQ")
    assert "asleep" in caught.value.text
    yield s.send(b"x")
    assert pins.levels() == [0, 1]


@rows("R121", "R219")
@both
def test_a_read_in_flight_when_it_falls_asleep(face: "Face") -> "Generator[Any, Any, None]":
    script = [UDP_0, (READ_0, ASLEEP_URC)] + kept(UDP_STATE) + [(READ_0, payload(b"late")), (READ_0, EMPTY)]
    m, pins = start(face, script)
    s = m.socket(SOCK_DGRAM)
    yield s.connect(SERVER)
    face.uart.say(RECV_0)
    yield face.settle()
    assert m.status() == ASLEEP
    assert (yield s.recv(10)) == b"late" and pins.levels() == [0, 1]
    yield face.settle()


@rows("R219")
@both
def test_a_send_in_flight_when_it_falls_asleep(face: "Face") -> "Generator[Any, Any, None]":
    """Whether it went out is not known; the id is closed with the socket."""
    script = [UDP_0, (b"AT+QISEND=0,1\r", ASLEEP_URC)] + kept(UDP_STATE) + [CLOSE_0]
    m, _ = start(face, script)
    s = m.socket(SOCK_DGRAM)
    yield s.connect(SERVER)
    with raises(QuectelError):
        yield s.send(b"x")
    yield s.close()
    assert s.id == 0
    yield m.wake()
    yield face.settle()
    assert s.id == -1


@rows("R024", "R219")
@both
def test_a_restart_while_it_sleeps(face: "Face") -> "Generator[Any, Any, None]":
    """It is awake then, and nothing is to be woken."""
    m = face.start("BC25", ALLOWED + PREPARED + [OPENED_0])
    yield m.sleep("deep")
    face.uart.say(ASLEEP_URC)
    yield face.settle()
    face.uart.say(lines("RDY"))
    yield face.settle()
    assert m.status() != ASLEEP
    yield m.create_connection(SERVER)


@rows("R219", "R224")
@both
def test_sleep_of_a_module_that_sleeps(face: "Face") -> "Generator[Any, Any, None]":
    """From then on it is woken by wake() alone, not by what wakes it by itself."""
    m, _ = start(face, [])
    face.uart.say(ASLEEP_URC)
    yield face.settle()
    yield m.sleep("deep")
    face.uart.say(AWAKE_URC)
    yield face.settle()
    assert m.engine.asleep and m.status() == ONLINE


@rows("R224")
@both
def test_sleep_waits_for_what_is_under_way(face: "Face") -> "Generator[Any, Any, None]":
    sent = sending(b"last", [OK, 700, lines("SEND OK")])
    m, _ = start(face, [UDP_0] + sent + ALLOWED + kept(UDP_STATE))
    s = m.socket(SOCK_DGRAM)
    yield s.connect(SERVER)
    s.settimeout(0)
    yield s.send(b"last")
    yield m.sleep("deep")
    assert face.clock.passed >= 700
    yield m.sleep("deep")  # it may already
    yield m.wake()


@rows("R222", "R224")
@both
def test_modes_that_are_none(face: "Face") -> "Generator[Any, Any, None]":
    none = [said("AT+CPSMS?", "+CPSMS: 0"), said("AT+CEDRXS?", "+CEDRXS: 0")]
    m, _ = start(face, ALLOWED + kept() + none + [said("AT+QSCLK?", "+QSCLK: 0")])
    with raises(ValueError):
        yield m.sleep("light", tau=3600)
    bad: "list[Any]" = ["", "DEEP", None, 1]
    for mode in bad:
        with raises(ValueError):
            yield m.sleep(mode)
    with raises(ValueError):
        yield m.sleep("deep", tau=1)
    assert face.uart.wrote == b""
    yield m.sleep("deep")
    with raises(ValueError):
        yield m.sleep("nap")
    yield m.sleep("off")
    yield m.wake()


@rows("R222")
@both
def test_families_without_deep_sleep(face: "Face") -> "Generator[Any, Any, None]":
    for family in ("EC200U", "BG96"):
        m, _ = start(face, [], family)
        with raises(QuectelError) as caught:
            yield m.sleep("deep")
        assert caught.value.errno == EOPNOTSUPP and "deep" in caught.value.text
        face.uart.say(ASLEEP_URC)
        yield face.settle()
        assert m.status() == ONLINE and not m.engine.asleep and m.stats.unknown == 1
        face.check()
        if hasattr(m, "aclose"):
            yield m.aclose()


@rows("R219", "R389")
@both
def test_it_falls_asleep_anywhere(face: "Face") -> "Generator[Any, Any, None]":
    """Between any two lines of any answer: what goes on ends with a result or an error, and then all works again."""
    parts = [
        [lines("OK"), lines("+QIOPEN: 1,0")],
        [PROMPT],
        [lines("OK"), lines("SEND OK")],
        [b"\r\n+QIRD: 2\r\nhi\r\n", OK],
        [EMPTY],
        [lines("OK"), lines("CLOSE OK")],
    ]
    hosts = (TCP_1[0], b"AT+QISEND=1,1\r", b"x", b"AT+QIRD=1,512\r", b"AT+QIRD=1,512\r", CLOSE_1[0])
    for step in range(len(parts)):
        for place in range(len(parts[step]) + 1):
            answers = [list(part) for part in parts]
            answers[step].insert(place, ASLEEP_URC)
            script = [UDP_0] + [(hosts[i], b"".join(answers[i])) for i in range(len(hosts))]
            woken = kept(UDP_STATE)[0:1] + [said("AT+QSCLK?", "+QSCLK: 0")] + kept(UDP_STATE)[3:]
            m, _ = start(face, script[: step + 2] + woken + sending(b"y", SENT))
            s = m.socket(SOCK_DGRAM)
            yield s.connect(SERVER)
            t = m.socket()
            calls: "list[Any]" = [lambda t=t: t.connect(SERVER), lambda t=t: t.send(b"x")]
            calls += [lambda f=face: f.uart.say(RECV_1), lambda t=t: t.recv(2), lambda f=face: f.settle(), t.close]
            try:
                for call in calls:
                    if not m.engine.asleep:
                        yield call()
            except QuectelError as error:
                assert error.errno in (ECONNRESET, ETIMEDOUT), (step, place, error)
            yield face.settle()
            assert m.status() == ASLEEP, (step, place)
            yield t.close()
            assert (yield s.send(b"y")) == 1
            assert m.engine.table.at(1).index < 0
            face.check()
            if hasattr(m, "aclose"):
                yield m.aclose()
    yield face.settle()


@rows("R203")
@both
def test_settings_that_sleep_undoes_are_due_behind_it(face: "Face") -> "Generator[Any, Any, None]":
    m, _ = start(face, ALLOWED + kept())
    m.net.wishes["open_time"] = Wish(b"AT", [], b"AT")
    yield m.sleep("deep")
    face.uart.say(ASLEEP_URC)
    yield face.settle()
    assert not m.net.due
    yield m.wake()
    assert m.net.due == ["open_time"]
