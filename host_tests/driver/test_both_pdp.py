"""PDP contexts on both faces: how they are described, brought up, lost and brought up again."""

from errno import ECONNRESET, EOPNOTSUPP

from faces import both
from kit import raises, rows
from quectel import NetworkError, QuectelError
from quectel.network import LOST, ONLINE
from scripted import ERROR, OK, lines
from steps import ACTIVE, ATTACHED, CLOCK, HOME, INACTIVE, READY, said, why

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face
    from steps import Script

FOUND = [READY, HOME, ATTACHED]  # what comes in front of the PDP context
BOTH = said("AT+QIACT?", '+QIACT: 1,1,1,"10.7.157.1"', '+QIACT: 2,1,1,"10.8.0.9"')


def described(line: str, pdp: int = 1) -> "Script":
    """A context that is not active is described and comes up."""
    active = said("AT+QIACT?", '+QIACT: %d,1,1,"10.7.157.1"' % pdp)
    return FOUND + [INACTIVE, said(line), INACTIVE, (b"AT+QIACT=%d\r" % pdp, [8000, OK]), active, CLOCK]


@rows("R101", "R102", "R301", "R328", "R337")
@both
def test_how_a_context_is_described(face: "Face") -> "Generator[Any, Any, None]":
    made: "list[tuple[str, dict[str, Any], str]]" = [
        ("BG96", {}, 'AT+QICSGP=1,1,"net","","",0'),
        ("BG96", {"auth": "none"}, 'AT+QICSGP=1,1,"net","","",0'),
        ("BG96", {"user": "me", "password": "pw", "auth": "pap"}, 'AT+QICSGP=1,1,"net","me","pw",1'),
        ("BG96", {"user": "me", "password": "pw", "auth": "pap/chap"}, 'AT+QICSGP=1,1,"net","me","pw",3'),
        ("BG96", {"pdp": 16}, 'AT+QICSGP=16,1,"net","","",0'),
        ("EC200U", {"user": "me", "password": "pw", "auth": "chap"}, 'AT+QICSGP=1,1,"net","me","pw",2'),
        ("EC200U", {"ip": "IPV6"}, 'AT+QICSGP=1,2,"net","","",0'),
        ("EC200U", {"ip": "IPV4V6", "pdp": 7}, 'AT+QICSGP=7,3,"net","","",0'),
    ]
    for family, how, line in made:
        m = face.start(family, described(line, how.get("pdp", 1)))
        yield m.connect("net", **how)
        assert m.status() == ONLINE and (yield m.ifconfig())[0] == "10.7.157.1"
        face.check()


@rows("R301")
@both
def test_what_no_context_can_be(face: "Face") -> "Generator[Any, Any, None]":
    made: "list[tuple[str, dict[str, Any]]]" = [
        ("BG96", {"ip": "IPV5"}),
        ("BG96", {"ip": 4}),
        ("BG96", {"pdp": 0}),
        ("BG96", {"pdp": 17}),
        ("EC200U", {"pdp": 8}),
        ("BC25", {"pdp": 9}),
        ("BG96", {"auth": "md5"}),
        ("BG96", {"user": "x" * 128}),
        ("BG96", {"password": 'a"b'}),
        ("BG96", {"apn": "a\x1ab"}),
        ("BG96", {"apn": None, "user": "me"}),
        ("EC200U", {"apn": None, "ip": "IPV6"}),
    ]
    for family, how in made:
        m = face.start(family, [], False)
        with raises(ValueError):
            yield m.connect(**dict({"apn": "net"}, **how))
        face.check()
    lacks: "list[tuple[str, dict[str, Any]]]" = [
        ("BG96", {"ip": "IPV6"}),
        ("BG96", {"ip": "IPV4V6"}),
        ("EC200U", {"auth": "pap/chap"}),
        ("BC25", {"ip": "IPV6"}),
    ]
    for family, how in lacks:
        m = face.start(family, [], False)
        with raises(QuectelError) as caught:
            yield m.connect("net", **how)
        assert caught.value.errno == EOPNOTSUPP and m.family.name in str(caught.value)
        face.check()
    m = face.start("BG96", [], False)
    with raises(TypeError):
        yield m.connect("net", pdp="1")


@rows("R032", "R103")
@both
def test_several_contexts(face: "Face") -> "Generator[Any, Any, None]":
    """Each connect() brings one up; the loss of one is that of its sockets; disconnect() takes all down."""
    script = FOUND + [ACTIVE, CLOCK] + FOUND + [ACTIVE, said('AT+QICSGP=2,1,"two","","",0'), ACTIVE]
    script += [said("AT+QIACT=2"), BOTH, CLOCK]
    for pdp in (1, 2):
        opened = lines("OK", "+QIOPEN: %d,0" % (pdp - 1))
        script.append((b'AT+QIOPEN=%d,%d,"TCP","10.0.0.1",80,0,0\r' % (pdp, pdp - 1), opened))
    m = face.start("BG96", script)
    yield m.connect()
    yield m.connect("two", pdp=2)
    assert (yield m.ifconfig())[0] == "10.8.0.9"
    first = yield m.create_connection(("10.0.0.1", 80))
    second = yield m.create_connection(("10.0.0.1", 80), pdp=2)
    face.uart.script += [said("AT+QICLOSE=1,10"), said("AT+QIDEACT=1"), said("AT+QIDEACT=2")]
    face.uart.say(lines('+QIURC: "pdpdeact",1'))
    yield face.settle()
    assert m.isconnected()  # the one that came up last is
    with raises(QuectelError) as caught:
        yield first.recv(1)
    assert caught.value.errno == ECONNRESET
    second.settimeout(0.1)
    with raises(QuectelError) as caught:
        yield second.recv(1)
    assert caught.value.errno != ECONNRESET
    yield m.disconnect()
    assert not m.isconnected()


@rows("R096", "R103")
@both
def test_a_context_that_the_network_took_down_comes_back(face: "Face") -> "Generator[Any, Any, None]":
    """It is deactivated before it comes up again."""
    for family in ("BG96", "EC200U"):
        m = face.start(family, FOUND + [ACTIVE, CLOCK])
        yield m.connect()
        face.uart.say(lines('+QIURC: "pdpdeact",1'))
        yield face.settle()
        assert not m.isconnected() and m.status() == LOST
        face.uart.script += FOUND + [(b"AT+QIDEACT=1\r", [6000, OK]), INACTIVE]
        face.uart.script += [(b"AT+QIACT=1\r", [8000, OK]), ACTIVE, CLOCK]
        yield m.connect()
        assert m.isconnected()
        face.check()


@rows("R103")
@both
def test_firmware_that_refuses_to_activate_what_is_active(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BG96", FOUND + [INACTIVE, (b"AT+QIACT=1\r", ERROR), why(572), ACTIVE, CLOCK])
    yield m.connect()
    assert m.isconnected()
    face.check()
    m = face.start("BG96", FOUND + [INACTIVE, (b"AT+QIACT=1\r", ERROR), why(561), INACTIVE])
    with raises(NetworkError) as caught:
        yield m.connect()
    assert caught.value.code == 561 and not m.isconnected()


@rows("R301")
@both
def test_a_password_is_not_traced(face: "Face") -> "Generator[Any, Any, None]":
    seen: "list[bytes]" = []
    m = face.start("BG96", described('AT+QICSGP=1,1,"net","me","passw0rd",1'))
    m.engine.trace = lambda direction, text, ms: seen.append(bytes(text))
    yield m.connect("net", user="me", password="passw0rd", auth="pap")
    assert b"AT+QICSGP=***" in seen and not [text for text in seen if b"passw0rd" in text]
    face.check()
    line = b'AT+QICSGP=1,1,"net","me","passw0rd",1\r'
    m = face.start("BG96", FOUND + [INACTIVE, (line, ERROR), why(552)])
    with raises(QuectelError) as caught:
        yield m.connect("net", user="me", password="passw0rd", auth="pap")
    assert "passw0rd" not in str(caught.value) and caught.value.command == "AT+QICSGP"
