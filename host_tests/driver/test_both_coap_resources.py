"""CoAP requests that come in, against scripted modules on both faces."""

from coap_steps import CREATE, DONE, SIZES, TOKEN, URI, coap, head, request, response, send
from coap_told import ADD, ANSWERED, ASKED, Told
from faces import both
from kit import raises, rows
from quectel import CoapError, CoapMessage
from scripted import ERROR, OK, lines
from steps import met, said, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face


@rows("R229", "R262", "R263", "R264", "R265", "R268", "R243")
@both
def test_coap_a_request_is_answered(face: "Face") -> "Generator[Any, Any, None]":
    """A CON with an ACK under its message id and token, a NON with a NON under its token."""
    came = ((0, 50670, "2", 50670), (1, 50671, "1", 8))
    for type, msgid, kind, answers in came:
        for result, options, code, typed in (
            ((205, 0, b"21"), '1,12,"0"', 205, b"21"),
            ((205, 42, b"\x01"), '1,12,"42"', 205, b"01"),
            ((204, None, b""), "", 204, b""),
            (404, "", 404, b""),
            (CoapMessage(code=205, options=((14, "5"), (12, "50")), payload=b"{}"), '2,12,"50",14,"5"', 205, b"{}"),
        ):
            body = "".join(["%02X" % c for c in b"twelve bytes"])
            came_in = request('%d,3,%d,89,2,ABCD,11,"t",11,"d",12,"42",15,"a=1",12,%s' % (type, msgid, body))
            answer = whole(head(answers, "ABCD", options), send("%s,%d" % (kind, code), OK, typed))
            told = Told(result)
            service = coap(face, [ADD] + answer)
            yield service.resource("/t/d", told)
            face.uart.say(came_in)
            yield face.settle()
            face.check()
            (message,) = told.messages
            assert (message.type, message.code, message.msgid, message.token) == (type, 3, msgid, b"\xab\xcd")
            assert message.options == [(11, "t"), (11, "d"), (12, "42"), (15, "a=1")]
            assert (message.path, message.format, message.payload) == ("/t/d", 42, b"twelve bytes")
            assert message.peer == ("10.0.0.9", 5683) and message.option("Uri-Query") == "a=1"


@rows("R264", "R291")
@both
def test_coap_longest_request(face: "Face") -> "Generator[Any, Any, None]":
    """1024 bytes as text and as hex digits, in reads of any size, without a token."""
    for size in SIZES:
        for text in (True, False):
            data = bytes([13, 10, 44, 34] * 256) if text else bytes(range(256)) * 4
            body = data if text else "".join(["%02X" % c for c in data]).encode()
            format = 0 if text else 42
            told = Told(204)
            service = coap(face, whole(ADD, said("AT+QCOAPHEAD=3,7"), send("2,204")), size=size, rx_ring=2048)
            yield service.resource("/t/d", told)
            head_ = b'\r\n+QCOAPURC: "req",10.0.0.9,5683,0,2,7,86,11,"t",11,"d",12,"%d",1024,' % format
            face.uart.say(head_ + body + b"\r\n")
            yield face.settle()
            face.check()
            assert told.messages[0].payload == data and told.messages[0].token == b""


@rows("R229", "R459")
@both
def test_coap_paths(face: "Face") -> "Generator[Any, Any, None]":
    """1 to 50 characters, each registered once; removed, 4.04 is answered by the driver."""
    service = yield face.start("BC95-G", []).coap()
    for path in ("", "t", "/" + "x" * 50, '/"', "/\r", "/a b"):
        with raises(ValueError):
            service.resource(path, print)
    with raises(TypeError):
        service.resource(b"/t", print)
    longest = "/" + "x" * 49
    script = whole(ADD, said('AT+QCOAPADDRES=50,"%s"' % longest))
    script += whole(head(50670, "ABCD"), send("2,404"))
    service = coap(face, script)
    told = Told()
    yield service.resource("/t/d", Told())
    yield service.resource("/t/d", told)  # another handler: the module knows the path
    yield service.resource(longest, told)
    yield service.resource("/t/d", None)
    yield service.resource("/never", None)
    face.uart.say(ASKED)
    yield face.settle()
    assert not told.messages
    face.check()
    refused = (b'AT+QCOAPADDRES=4,"/t/d"\r', lines("+CME ERROR: 23"))
    service = coap(face, [refused, ADD])
    with raises(CoapError):
        yield service.resource("/t/d", told)
    yield service.resource("/t/d", told)


@rows("R265", "R262")
@both
def test_coap_doubled_requests_and_those_nobody_answers(face: "Face") -> "Generator[Any, Any, None]":
    """A doubled CON is answered as before, without its handler, a doubled NON not at all; what is no method gets 4.05,
    ACK and RST nothing."""
    told = Told((205, None, b""))
    script = whole(ADD, ANSWERED, ANSWERED, head(50671, "ABCD"), send("2,405"), head(8, "ABCD"), send("1,205"))
    service = coap(face, script)
    yield service.resource("/t/d", told)
    for data in (
        ASKED,
        ASKED,
        request('0,5,50671,05,2,ABCD,11,"t",11,"d"'),
        request('2,1,50672,05,2,ABCD,11,"t",11,"d"'),
        request("3,0,50673,00"),
        lines('+QCOAPURC: "req",0,1,50674,05,2,ABCD,11,"t",11,"d"'),
        request('0,1,50675,05,2,ABCD,11,"t",11,"d"', "10.0.0.9;+CFUN=0.0.0,5683"),
    ):
        face.uart.say(data)
        yield face.settle()
    for _ in range(2):
        face.uart.say(request('1,1,50676,05,2,ABCD,11,"t",11,"d"'))
        yield face.settle()
    assert len(told.messages) == 2
    face.check()


@rows("R265")
@both
def test_coap_a_handler_that_fails(face: "Face") -> "Generator[Any, Any, None]":
    """5.00 goes out, and who waits gets what was raised; so it is for an answer that is none."""
    for result, kind in (
        (None, TypeError),
        ((99, None, b""), ValueError),
        ((205, 1, b""), ValueError),
        ((205, None, "text"), TypeError),
        ((205, 0, b"\x1a"), ValueError),
        ("yes", TypeError),
    ):
        service = coap(face, whole(ADD, head(50670, "ABCD"), send("2,500"), said("AT+CSQ", "+CSQ: 1,99")))
        yield service.resource("/t/d", Told(result))
        face.uart.say(ASKED)
        with raises(kind):
            face.modem.poll()
        yield face.settle()
        yield face.modem.command("AT+CSQ")

    def waits(_: CoapMessage) -> int:
        face.modem.check_waiting(-1)
        return 205

    service = coap(face, whole(ADD, head(50670, "ABCD"), send("2,500")))
    yield service.resource("/t/d", waits)
    face.uart.say(ASKED)
    with raises(ValueError):
        face.modem.poll()
    yield face.settle()


@rows("R265", "R434")
@both
def test_coap_an_answer_that_is_refused_is_counted(face: "Face") -> "Generator[Any, Any, None]":
    service = coap(face, whole(ADD, (b"AT+QCOAPHEAD=5,50670,2,ABCD\r", ERROR)))
    yield service.resource("/t/d", Told())
    face.uart.say(ASKED)
    yield face.settle()
    assert face.modem.stats.send_fail == 1


@rows("R245", "R434", "R265")
@both
def test_coap_answers_while_a_request_is_under_way(face: "Face") -> "Generator[Any, Any, None]":
    """An ACK goes at once, a NON when the CON has come to its end: the module would refuse it before."""
    told = Told()
    other = request('1,1,50671,05,2,ABCD,11,"t",11,"d"')
    script = whole(ADD, head(8), send("0,1", [OK + other + ASKED, 500, response("2,2.05,8")]), ANSWERED, DONE)
    script += whole(head(9, "ABCD"), send("1,205"))
    service = coap(face, script)
    yield service.resource("/t/d", told)
    yield service.get(URI, token=TOKEN)
    yield face.settle()
    assert len(told.messages) == 2


@rows("R255", "R286", "R229")
@both
def test_coap_resources_behind_a_restart(face: "Face") -> "Generator[Any, Any, None]":
    """Registered again by itself, after a while if the module refuses; an answer of before is not sent any more."""
    told = Told()
    refused = [said("AT+QCOAPDEL"), (CREATE[1][0], lines("+CME ERROR: 30"))]
    script = whole(ADD, (head(50670, "ABCD")[0], lines("RDY")), met("BC95-G"), refused, CREATE, ADD)
    script += whole(head(50671, "ABCD"), send("2,205"))
    service = coap(face, script)
    yield service.resource("/t/d", told)
    face.uart.say(ASKED)
    face.clock.step = 200
    for _ in range(80):
        yield face.settle()
    face.clock.step = 1
    face.uart.say(ASKED.replace(b"50670", b"50671"))
    yield face.settle()
    assert len(told.messages) == 2
