"""An open that fails says what to look at; while one is under way, nothing of its socket is sent."""

from errno import EAGAIN, ECONNREFUSED, EHOSTUNREACH

from faces import both
from kit import raises, rows
from quectel import QuectelError, TLSContext
from scripted import ERROR, OK, lines
from steps import CLOSE_0, OPEN_0, OPEN_1, SERVER, said, sending, why

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face

WORDS = ((561, "context"), (565, "DNS servers"))
OPEN_TLS = b'AT+QSSLOPEN=1,0,0,"10.0.0.1",80,0\r'
CLOSE_TLS = said("AT+QSSLCLOSE=0,10")
SENT = lines("OK", "SEND OK")


@rows("R098", "R399")
@both
def test_the_context_and_the_name_are_looked_at_first(face: "Face") -> "Generator[Any, Any, None]":
    """Whether it is refused at once or in the end, plain or TLS."""
    for code, word in WORDS:
        m = face.start(
            "BC25", [(OPEN_0, lines("OK", "+QIOPEN: 0,%d" % code)), CLOSE_0, (OPEN_0, ERROR), why(code), CLOSE_0]
        )
        for _ in range(2):
            with raises(QuectelError) as caught:
                yield m.create_connection(SERVER)
            assert (caught.value.code, caught.value.errno) == (code, EHOSTUNREACH) and word in caught.value.text
            yield face.settle()
        face.check()


@rows("R098", "R066")
@both
def test_the_same_of_tls(face: "Face") -> "Generator[Any, Any, None]":
    """Behind them come version, suite, CA and certificate: those are one code, and its words name them all."""
    for code, word in WORDS + ((566, "unknown CA"), (579, "no common suite")):
        settings = [
            said('AT+QSSLCFG="sslversion",0,3'),
            said('AT+QSSLCFG="ciphersuite",0,0XFFFF'),
            said('AT+QSSLCFG="seclevel",0,0'),
            said('AT+QSSLCFG="ignorelocaltime",0,0'),
            said('AT+QSSLCFG="negotiatetime",0,300'),
        ]
        script = settings + [(OPEN_TLS, lines("OK", "+QSSLOPEN: 0,%d" % code)), CLOSE_TLS]
        m = face.start("BG96", script)
        with raises(QuectelError) as caught:
            yield m.create_connection(SERVER, tls=TLSContext(verify=False))
        assert caught.value.code == code and word in caught.value.text, caught.value.text
        yield face.settle()
        face.check()


@rows("R446")
@both
def test_nothing_of_a_socket_is_sent_before_its_open_is_reported(face: "Face") -> "Generator[Any, Any, None]":
    """Its calls wait; those of another socket go on meanwhile."""
    opened = (OPEN_1, OK)
    script = [(OPEN_0, lines("OK", "+QIOPEN: 0,0")), opened] + sending(b"mine", SENT) + sending(b"late", SENT, 1)
    m = face.start("BC25", script)
    first = yield m.create_connection(SERVER)
    second = m.socket()
    second.settimeout(0)
    with raises(OSError):
        yield second.connect(SERVER)
    yield face.settle()
    with raises(OSError) as caught:
        yield second.send(b"late")
    assert caught.value.errno == EAGAIN
    with raises(OSError) as caught:
        yield second.recv(1)
    assert caught.value.errno == EAGAIN
    yield first.send(b"mine")
    yield face.settle()
    face.uart.say(lines("+QIOPEN: 1,0"))
    second.settimeout(5)
    assert (yield second.send(b"late")) == 4


@rows("R446")
@both
def test_a_send_waits_for_the_connect_before_it(face: "Face") -> "Generator[Any, Any, None]":
    """With a time limit it goes on when the connection stands, and tells if it never does."""
    for code in (0, 566):
        script = [(OPEN_0, [OK, 2000, lines("+QIOPEN: 0,%d" % code)])]
        m = face.start("BC25", script + (sending(b"hi", SENT) if not code else [CLOSE_0]))
        s = m.socket()
        s.settimeout(0)
        with raises(OSError):
            yield s.connect(SERVER)
        s.settimeout(5)
        if code:
            with raises(QuectelError) as caught:
                yield s.send(b"hi")
            assert caught.value.errno == ECONNREFUSED
        else:
            assert (yield s.send(b"hi")) == 2
        yield face.settle()
        face.check()
