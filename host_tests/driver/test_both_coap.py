"""CoAP requests against scripted modules, on both faces."""

from errno import EAGAIN, ECONNRESET, EHOSTUNREACH, EIO, EOPNOTSUPP, ETIMEDOUT

from coap_steps import DELETE, DONE, PINNED, SIZES, TOKEN, URI, WAITING, coap, head, response, send, status
from faces import both
from kit import raises, rows
from quectel import CoapError, QuectelError, QuectelTimeout
from scripted import OK, lines
from steps import whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face


@rows(
    "R226",
    "R234",
    "R240",
    "R242",
    "R245",
    "R249",
    "R253",
    "R254",
    "R256",
    "R257",
    "R258",
    "R261",
    "R428",
    "R012",
    "R363",
    "R367",
    "R374",
)
@both
def test_coap_get(face: "Face") -> "Generator[Any, Any, None]":
    """Context and settings before the first message; head and options before each; the status behind it."""
    for size in (0, 1):
        options = '4,11,"a",11,"b",15,"x=1",15,"y"'
        answers = [OK + response('2,2.05,%d,1,12,"0",12,a,"b",\r\nOK\r\n' % msgid) for msgid in (8, 9)]
        first = whole(head(8, options=options), send("0,1", answers[0]), DONE)
        again = whole(head(9, options=options), send("0,1", answers[1]), DONE)
        service = coap(face, first + again, size=size)
        for msgid in (8, 9):
            message = yield service.get(URI + "/a/b?x=1&y", token=TOKEN)
            assert (message.code, message.codestr, message.msgid, message.format) == (205, "2.05", msgid, 0)
            assert message.payload == b'a,"b",\r\nOK\r\n' and message.peer == ("10.0.0.9", 5683)
            assert isinstance(message.payload, bytes)


@rows("R238", "R244", "R427", "R243")
@both
def test_coap_forms_of_the_payload(face: "Face") -> "Generator[Any, Any, None]":
    for method, number, format, payload, typed in (
        ("POST", 2, 0, b"hello", b"hello"),
        ("PUT", 3, 50, b'{"a":1}', b'{"a":1}'),
        ("PUT", 3, 41, b"<a/>", b"<a/>"),
        ("POST", 2, 40, b"</a>", b"3C2F613E"),
        ("POST", 2, 42, b"\x00\xff", b"00FF"),
        ("POST", 2, 47, b"\x1a", b"1A"),
        ("POST", 2, None, b"hi", b"6869"),
        ("POST", 2, 0, b"x" * 1024, b"x" * 1024),
        ("POST", 2, 42, b"x" * 512, b"78" * 512),
        ("DELETE", 4, None, b"", b""),
    ):
        options = '1,12,"%d"' % format if format is not None else ""
        sent = send("0,%d" % number, OK + response("2,2.04,8"), typed, "10.0.0.9,7000")
        service = coap(face, whole(head(8, options=options), sent, DONE))
        uri = "coap://10.0.0.9:7000"
        message = yield service.request(method, uri, payload=payload, format=format, token=TOKEN)
        assert message.code == 204 and message.payload == b"" and message.format is None


@rows("R238")
@both
def test_coap_each_request_takes_a_payload(face: "Face") -> "Generator[Any, Any, None]":
    for number, method in enumerate(("get", "post", "put", "delete")):
        sent = send("0,%d" % (1 + number), OK + response("2,2.05,8"), b"hello")
        service = coap(face, whole(head(8, options='1,12,"0"'), sent, DONE))
        message = yield getattr(service, method)(URI, payload=b"hello", format=0, token=TOKEN)
        assert message.code == 205


@rows("R237", "R238", "R236", "R240")
@both
def test_coap_options_by_name(face: "Face") -> "Generator[Any, Any, None]":
    """All names of the table, in the order of their numbers; bytes of ETag and If-Match become hex digits."""
    first = [
        ("If-Match", b"\xab\x01"), ("Uri-Host", "a.example"), ("ETag", "AB01"), ("If-None-Match", None),
        ("Observe", 0), ("Uri-Port", 5683), ("Location-Path", "rd"), ("Uri-Path", "t"), ("Content-Format", 50),
        ("Max-Age", 4294967295), ("Uri-Query", "a,b;c=1"), ("Accept", 40),
    ]  # fmt: skip
    then = [
        ("Location-Query", "x"), ("Block2", 6), ("Block1", "22"), ("SIZE", 0), ("Size2", 1),
        ("Proxy-Uri", "coap://b.example"), ("Proxy-Scheme", "coap"), ("Size1", 1024), (15, 7),
    ]  # fmt: skip
    lines_of = (
        '12,1,"AB01",3,"a.example",4,"AB01",5,"1",6,"0",7,"5683",8,"rd",11,"t",12,"50",14,"4294967295",'
        '15,"a,b;c=1",17,"40"',
        '9,15,"7",20,"x",23,"6",27,"22",28,"0",28,"1",35,"coap://b.example",39,"coap",60,"1024"',
    )
    script = whole(
        head(8, options=lines_of[0]),
        send("0,2", OK + response("2,2.04,8"), b"{}"),  # the content format among the options counts
        DONE,
        head(9, options=lines_of[1]),
        send("0,1", OK + response("2,2.05,9")),
        DONE,
    )
    service = coap(face, script)
    yield service.post(URI, b"{}", options=first, token=TOKEN)
    yield service.get(URI, options=then, token=TOKEN)


@rows("R258", "R259", "R433", "R467")
@both
def test_coap_non_confirmable(face: "Face") -> "Generator[Any, Any, None]":
    """No status is asked for; the response has a message id of the server's own."""
    answer = OK + response('1,2.05,4711,1,12,"42",2,7B7D')
    service = coap(face, whole(head(8, options='3,11,"t",15,"q",17,"50"'), send("1,1", answer)))
    message = yield service.get(URI + "/t", confirmable=False, token=TOKEN, options=[("Accept", 50), (15, "q")])
    assert message.payload == b"{}" and message.type == 1


@rows("R236", "R238", "R243", "R244", "R459", "R231")
@both
def test_coap_wrong_arguments(face: "Face") -> "Generator[Any, Any, None]":
    service = yield face.start("BC95-G", []).coap()
    for uri in (
        "http://10.0.0.9", "coap://host/", "coap://10.0.0.9:0", "coap://10.0.0.9:x", "coap://10.0.0/", "coap://10.0.0.256",
        'coap://10.0.0.9/"', "coap://10.0.0.9/a//b", "coap://10.0.0.9/a/", "coap://10.0.0.9?a&&b", "coap://10.0.0.9/%2",
        "coap://10.0.0.9/%22", "coap://10.0.0.9/a#b", "coap://10.0.0.9/" + "x" * 181, "coap://10.0.0.9/%0A",
    ):  # fmt: skip
        with raises(ValueError):
            service.get(uri)
    for how in (
        {"format": 1}, {"token": b"123456789"}, {"msgid": 65536}, {"msgid": -1}, {"options": [("Nothing", 1)]},
        {"options": [(2, 1)]}, {"options": [(15, "x" * 181)]}, {"options": [(15, "")]}, {"options": [(15, "x")] * 13},
        {"options": [(15, "a\tb")]}, {"options": [("Accept", 43)]}, {"options": [("Observe", 1 << 24)]},
        {"options": [("Uri-Port", 65536)]}, {"options": [("Max-Age", -1)]}, {"options": [(12, 0)], "format": 0},
        {"payload": b"x" * 513}, {"payload": b"x" * 1025, "format": 0}, {"payload": b"a\x1ab", "format": 0},
        {"payload": b"a\x1bb", "format": 50}, {"payload": b"\x1a", "options": [("Content-Format", "0")]},
    ):  # fmt: skip
        with raises(ValueError):
            service.post(URI, **how)
    wrong: "Any" = (
        {"payload": "text"}, {"token": "1"}, {"msgid": "1"}, {"options": [(15, 1.5)]}, {"options": [("Observe", b"1")]},
    )  # fmt: skip
    for how in wrong:
        with raises(TypeError):
            service.post(URI, **how)
    with raises(TypeError):
        service.get(None)
    for method in ("PATCH", "get", "", 1):
        with raises(ValueError):
            service.request(method, URI)
    with raises(ValueError):
        service.post(URI + "/" + "/".join("abcdefg"), options=[(15, "x")] * 6)
    for how in ({"timeout_ms": 0}, {"timeout_ms": -1}):
        with raises(ValueError):
            service.get(URI, **how)
    with raises(ValueError):
        yield service._modem.coap(5683)  # the one that there is has 56830
    with raises(ValueError):
        (yield face.start("BC95-G", [], tx_buf=64).coap()).get(URI + "/" + "x" * 20)
    with raises(QuectelError) as caught:
        yield face.start("BG96", []).coap()
    assert caught.value.errno == EOPNOTSUPP
    for port in (0, 65536):
        with raises(ValueError):
            yield face.start("BC95-G", []).coap(port)
    yield None


@rows("R250", "R245", "R285", "R429")
@both
def test_coap_outcomes(face: "Face") -> "Generator[Any, Any, None]":
    """Reset, time-out and failure are errors; 4.xx and 5.xx are answers."""
    for tail, errno, code in (
        (whole(send("0,1"), WAITING, status(5)), ECONNRESET, 5),
        (whole(send("0,1"), status(3)), ETIMEDOUT, 3),
        (whole(send("0,1"), status(2)), EIO, 2),
        (send("0,1", OK + response("3,0.00,8")), ECONNRESET, 5),
        (send("0,1", OK + response("3,0,8")), ECONNRESET, 5),
    ):
        service = coap(face, whole(head(8), tail))
        with raises(CoapError) as caught:
            yield service.get(URI, token=TOKEN)
        assert (caught.value.errno, caught.value.code) == (errno, code)
    for text in ("4.00", "4.04", "4.15", "5.00", "5.05"):
        service = coap(face, whole(head(8), send("0,1", OK + response("2,%s,8" % text)), DONE))
        assert (yield service.get(URI, token=TOKEN)).codestr == text


@rows(
    "R276",
    "R277",
    "R437",
    "R430",
    "R434",
)
@both
def test_coap_what_the_module_refuses(face: "Face") -> "Generator[Any, Any, None]":
    """A CME number has its errno, of 27.007 and of 27.005, and one that no table has is kept."""
    for code, errno in ((159, EAGAIN), (30, EHOSTUNREACH), (331, EHOSTUNREACH), (332, ETIMEDOUT), (777, EIO)):
        refused = (b"AT+QCOAPSEND=0,1,10.0.0.9,5683\r", lines("+CME ERROR: %d" % code))
        service = coap(face, [head(8), refused])
        with raises(CoapError) as caught:
            yield service.get(URI, token=TOKEN)
        assert (caught.value.errno, caught.value.code) == (errno, code)
        assert caught.value.command == "AT+QCOAPSEND"
    script = [DELETE, (b"AT+QCOAPCREATE=56830" + PINNED.encode() + b"\r", lines("+CME ERROR: 3"))]
    service = yield face.start("BC95-G", script).coap()
    with raises(CoapError):
        yield service.get(URI)


@rows("R245", "R434", "R250")
@both
def test_coap_a_request_that_was_given_up_is_waited_for(face: "Face") -> "Generator[Any, Any, None]":
    """The next message may go only when the status of the last one was read, and is no longer 1."""
    first = whole(head(8), send("0,1"), WAITING, WAITING)
    second = whole(WAITING, WAITING, status(3), head(9), send("1,1", OK + response("1,2.05,77")))
    service = coap(face, first + second)
    with raises(QuectelTimeout):
        yield service.get(URI, token=TOKEN, timeout_ms=5000)
    assert (yield service.get(URI, token=TOKEN, confirmable=False)).code == 205


@rows("R258", "R432")
@both
def test_coap_separate_response(face: "Face") -> "Generator[Any, Any, None]":
    """An empty acknowledgement is not the answer, whether it is told or not; the message that follows is."""
    for empty in (response("2,0.00,8"), response("2,0,8"), b""):
        for type in (0, 1):
            later = [OK + empty, 1000, response("%d,2.05,991,2,6869" % type)]
            service = coap(face, whole(head(8), send("0,1", later), DONE))
            message = yield service.get(URI, token=TOKEN)
            assert message.code == 205 and message.payload == b"hi"


@rows("R433", "R432")
@both
def test_coap_answers_are_matched(face: "Face") -> "Generator[Any, Any, None]":
    """Not taken for this request's: late answers to earlier ones, other servers', doubled ones, notifications."""
    foreign = (
        response("2,2.05,3,3,6F6C64"),
        response("3,0,7"),
        response("1,2.05,500,3,6F6C64", "10.0.0.8,5683"),
        response("0,2.05,500,3,6F6C64", "10.0.0.9,5684"),
        response('1,2.05,501,1,6,"9",3,6F6C64'),
    )
    for one in foreign:
        answer = OK + one + response("2,2.05,8,3,6E6577")
        service = coap(face, whole(head(8), send("0,1", answer), DONE))
        assert (yield service.get(URI, token=TOKEN)).payload == b"new"
        assert face.modem.stats.late == 1
    twice = response("0,2.05,900,3,6F6C64")
    script = whole(head(8), send("0,1", OK + twice + twice), DONE)
    script += whole(head(9), send("0,1", OK + twice + response("2,2.05,9,3,6E6577")), DONE)
    service = coap(face, script)
    assert (yield service.get(URI, token=TOKEN)).payload == b"old"
    assert (yield service.get(URI, token=TOKEN)).payload == b"new"


@rows("R258", "R262", "R263", "R375")
@both
def test_coap_rubbish_does_no_harm(face: "Face") -> "Generator[Any, Any, None]":
    for rubbish in (
        lines('+QCOAPURC: "rsp"'), lines('+QCOAPURC: "rsp",what'), lines('+QCOAPURC: "req",1,2'),
        lines('+QCOAPURC: "rsp",9,2.05,8'), lines('+QCOAPURC: "rsp",2,2.05,99999'), lines('+QCOAPURC: "all",1'),
        lines('+QCOAPURC: "req",0,1,7,03,8,0102'), lines('+QCOAPURC: "req",0,1,7,xx'),
        response('2,2.05,8,1,12,"0'), response('2,2.05,8,2,12,"0"'),
    ):  # fmt: skip
        service = coap(face, whole(head(8), send("0,1", OK + rubbish + response("2,2.05,8,2,6869")), DONE))
        message = yield service.get(URI, token=TOKEN)
        assert message.payload == b"hi", rubbish
        assert face.modem.stats.unknown


@rows("R258", "R261", "R260")
@both
def test_coap_option_values_may_hold_anything(face: "Face") -> "Generator[Any, Any, None]":
    """Quotes, commas and digits in a value: options are counted, and the payload by its length."""
    for value in ('a"b', "a,b", '",', 'a","b', "", "2,2.05,8", '"', "x" * 255):
        for size in SIZES:
            text = '2,2.05,8,2,8,"%s",12,"0",9,"OK",1,\r\n' % value
            service = coap(face, whole(head(8), send("0,1", OK + response(text)), DONE), size=size)
            message = yield service.get(URI, token=TOKEN)
            assert message.options == [(8, value), (12, "0")] and message.payload == b'"OK",1,\r\n', value
            assert message.option("Location-Path") == value and message.option(4) is None
    for many in (13, 40):
        text = "2,2.05,8,%d" % many + ',8,"a"' * many + ",2,6869"
        service = coap(face, whole(head(8), send("0,1", OK + response(text)), DONE))
        assert len((yield service.get(URI, token=TOKEN)).options) == many


@rows("R260", "R264", "R291")
@both
def test_coap_longest_payloads(face: "Face") -> "Generator[Any, Any, None]":
    """512 bytes in a response, as hex digits and as text with line ends; what no module announces is refused."""
    for size in SIZES:
        for text in (True, False):
            data = bytes([13, 10, 44, 34] * 128) if text else bytes(range(256)) * 2
            form = ',1,12,"0",512,' if text else ",512,"
            body = data if text else "".join(["%02X" % c for c in data]).encode()
            answer = OK + b'\r\n+QCOAPURC: "rsp",10.0.0.9,5683,2,2.05,8' + form.encode() + body + b"\r\n"
            service = coap(face, whole(head(8), send("0,1", answer), DONE), size=size)
            assert (yield service.get(URI, token=TOKEN)).payload == data
    answer = OK + response("2,2.05,8,1025," + "41" * 1025)
    service = coap(face, whole(head(8), send("0,1", answer)))
    with raises(CoapError) as caught:
        yield service.get(URI, token=TOKEN)
    assert caught.value.errno == EIO and face.modem.stats.framing
    yield face.settle()


@rows("R261")
@both
def test_coap_lost_digits_are_found(face: "Face") -> "Generator[Any, Any, None]":
    """Bytes that are no hex digits stand where digits are counted: the message is not delivered, the next one is.

    The context at the module is not made again for it.
    """
    for digits in (b"68656C6C6", b"68656C6C", b"6865", b""):
        damaged = b'\r\n+QCOAPURC: "rsp",10.0.0.9,5683,2,2.05,8,5,' + digits + b"\r\n"
        first = whole(head(8), send("0,1", OK + damaged))
        again = whole(DONE, head(9), send("0,1", OK + response("2,2.05,9,2,6869")), DONE)
        service = coap(face, first + again)
        with raises(QuectelError):
            yield service.get(URI, token=TOKEN, timeout_ms=1800)
        yield face.settle()
        assert (yield service.get(URI, token=TOKEN)).payload == b"hi"
