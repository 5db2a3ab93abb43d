"""CoAP requests against scripted modules."""

from errno import ECONNRESET, EIO, EOPNOTSUPP

from faces import start
from kit import raises, rows
from quectel import CoapError, QuectelError, QuectelTimeout
from scripted import ERROR, OK, lines, settled
from steps import met, said, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from steps import Script

URI = "coap://10.0.0.9/a/b?x=1&y"
CREATE = [
    said("AT+QCOAPDEL"),
    said("AT+QCOAPCREATE=56830"),
    said('AT+QCOAPCFG="Showra",1'),
    said('AT+QCOAPCFG="Showrspopt",1'),
]
STATUS = said("AT+QCOAPDATASTATUS?", "+QCOAPDATASTATUS: 4")
OPTIONS = said('AT+QCOAPOPTION=4,11,"a",11,"b",15,"x=1",15,"y"')


def head(msgid: int, token: str = "01020304") -> "tuple[bytes, bytes]":
    return said("AT+QCOAPHEAD=5,%d,%d,%s" % (msgid, len(token) // 2, token))


def send(what: str, typed: bytes, answer: "Any") -> "Script":
    return [(b"AT+QCOAPSEND=%s\r" % what.encode(), b"\r\n>"), (typed + b"\x1a", answer)]


def response(rest: str) -> bytes:
    return lines('+QCOAPURC: "rsp",10.0.0.9,5683,' + rest)


def coap(script: "Script", **how: "Any") -> "Any":
    """A CoAP service whose first message id is 8."""
    modem, check = start("BC95-G", CREATE + script, **how)
    service = modem.coap()
    service._next_id = 7
    return service, check


TOKEN = b"\x01\x02\x03\x04"


@rows("R226", "R242", "R258", "R261", "R245")
def test_coap_get() -> None:
    for size in (0, 1):
        answer = OK + response('2,2.05,8,1,12,"0",12,a,"b",\r\nOK\r\n')
        script = whole(head(8), OPTIONS, send("0,1,10.0.0.9,5683", b"", answer), STATUS)
        service, check = coap(script, size=size)
        message = service.get(URI, token=TOKEN)
        assert (message.code, message.codestr, message.msgid, message.format) == (205, "2.05", 8, 0)
        assert message.payload == b'a,"b",\r\nOK\r\n' and message.peer == ("10.0.0.9", 5683)
        check()


@rows("R238", "R244", "R427")
def test_coap_forms_of_the_payload() -> None:
    for method, number, format, payload, typed in (
        ("POST", 2, 0, b"hello", b"hello"),
        ("PUT", 3, 50, b'{"a":1}', b'{"a":1}'),
        ("POST", 2, 42, b"\x00\xff", b"00FF"),
        ("POST", 2, None, b"hi", b"6869"),
        ("DELETE", 4, None, b"", b""),
    ):
        option = [said('AT+QCOAPOPTION=1,12,"%d"' % format)] if format is not None else []
        answer = OK + response("2,2.04,8")
        service, check = coap(whole(head(8), option, send("0,%d,10.0.0.9,7000" % number, typed, answer), STATUS))
        message = service.request(method, "coap://10.0.0.9:7000", payload=payload, format=format, token=TOKEN)
        assert message.code == 204 and message.payload == b"" and message.format is None
        check()


@rows("R258", "R433")
def test_coap_non_confirmable_and_options() -> None:
    option = said('AT+QCOAPOPTION=3,11,"t",17,"50",15,"q"')
    answer = OK + response('1,2.05,4711,2,12,"50",4,"e7",2,7B7D') + response('1,2.05,4711,1,12,"42",2,7B7D')
    service, check = coap(
        whole(head(8), option, send("1,1,10.0.0.9,5683", b"", OK + response('1,2.05,4711,1,12,"42",2,7B7D')))
    )
    assert answer
    message = service.get("coap://10.0.0.9/t", confirmable=False, token=TOKEN, options=[("Accept", 50), (15, "q")])
    assert message.payload == b"{}" and message.type == 1
    check()


@rows("R236", "R238", "R244", "R459")
def test_coap_arguments() -> None:
    modem, check = start("BC95-G", [])
    service = modem.coap()
    for uri in (
        "http://10.0.0.9",
        "coap://host/",
        "coap://10.0.0.9:0",
        "coap://10.0.0.9:x",
        "coap://10.0.0/",
        'coap://10.0.0.9/"',
    ):
        with raises(ValueError):
            service.get(uri)
    for how in (
        {"format": 1},
        {"token": b""},
        {"token": b"123456789"},
        {"options": [("Nothing", 1)]},
        {"options": [(15, "x" * 181)]},
        {"options": [(15, "x")] * 13},
        {"payload": b"x" * 513},
        {"payload": b"x" * 1025, "format": 0},
    ):
        with raises(ValueError):
            service.post("coap://10.0.0.9", **how)
    with raises(CoapError):
        service.post("coap://10.0.0.9", b"a\x1ab", format=0)
    check()
    modem, _ = start("BG96", [])
    with raises(QuectelError) as caught:
        modem.coap()
    assert caught.value.errno == EOPNOTSUPP


@rows("R250", "R245")
def test_coap_errors() -> None:
    def status(n: int) -> "tuple[bytes, bytes]":
        return said("AT+QCOAPDATASTATUS?", "+QCOAPDATASTATUS: %d" % n)

    sent = send("0,1,10.0.0.9,5683", b"", OK)
    for tail, errno in (
        (whole(sent, status(1), status(5)), ECONNRESET),
        (whole(sent, status(3)), EIO),
        (whole(sent, status(2)), EIO),
        (send("0,1,10.0.0.9,5683", b"", OK + response("3,0.00,8")), ECONNRESET),
    ):
        service, check = coap(whole(head(8), tail))
        with raises(CoapError) as caught:
            service.get("coap://10.0.0.9", token=TOKEN)
        assert caught.value.errno == errno
        check()
    service, check = coap([head(8), (b"AT+QCOAPSEND=0,1,10.0.0.9,5683\r", lines("+CME ERROR: 159"))])
    with raises(QuectelError) as caught:
        service.get("coap://10.0.0.9", token=TOKEN)
    assert caught.value.code == 159
    check()
    service, check = coap(whole(head(8), sent) + [status(1)] * 2)
    with raises(QuectelTimeout):
        service.get("coap://10.0.0.9", token=TOKEN, timeout_ms=5000)
    check()


@rows("R258", "R432")
def test_coap_separate_response() -> None:
    """An empty acknowledgement is not the answer; the confirmable message that follows is."""
    for empty in ("2,0.00,8", "2,0,8"):
        said_later = [OK + response(empty), 1000, response("0,2.05,991,2,6869")]
        service, check = coap(whole(head(8), send("0,1,10.0.0.9,5683", b"", said_later), STATUS))
        message = service.get("coap://10.0.0.9", token=TOKEN)
        assert message.code == 205 and message.payload == b"hi"
        check()


@rows("R433")
def test_coap_answers_are_matched() -> None:
    """A late answer to an earlier request is not taken for this one's."""
    answer = OK + response("2,2.05,3,3,6F6C64") + response("2,2.05,8,3,6E6577")
    service, check = coap(whole(head(8), send("0,1,10.0.0.9,5683", b"", answer), STATUS))
    assert service.get("coap://10.0.0.9", token=TOKEN).payload == b"new"
    check()


@rows("R262", "R263")
def test_coap_requests_and_rubbish_do_no_harm() -> None:
    request = lines('+QCOAPURC: "req",10.0.0.9,5683,0,1,50670,09,8,1A84BFE989C01C08,6,"0",7,"54321",11,"t",11,"d"')
    for rubbish in (request, lines('+QCOAPURC: "rsp"'), lines('+QCOAPURC: "rsp",what'), lines('+QCOAPURC: "req",1,2')):
        answer = OK + rubbish + response("2,2.05,8,2,6869")
        service, check = coap(whole(head(8), send("0,1,10.0.0.9,5683", b"", answer), STATUS))
        message = service.get("coap://10.0.0.9", token=TOKEN)
        assert message.payload == b"hi", rubbish
        check()


@rows("R261")
def test_coap_lost_digits_are_found() -> None:
    """Bytes that are no hex digits stand where digits are counted: the message is not delivered."""
    for digits in (b"68656C6C6", b"68656C6C", b"6865", b""):
        damaged = b'\r\n+QCOAPURC: "rsp",10.0.0.9,5683,2,2.05,8,5,' + digits + b"\r\n"
        good = response("2,2.05,8,5,68656C6C6F")
        service, _ = coap(whole(head(8), send("0,1,10.0.0.9,5683", b"", [OK + damaged, 3000, good]), (STATUS[0], b"")))
        try:
            payload = service.get("coap://10.0.0.9", token=TOKEN, timeout_ms=1500).payload
        except QuectelError:
            payload = None
        assert payload is None, (digits, payload)


@rows("R261")
def test_coap_goes_on_after_a_damaged_message() -> None:
    damaged = b'\r\n+QCOAPURC: "rsp",10.0.0.9,5683,2,2.05,8,5,68656C6C6'
    first = whole(head(8), send("0,1,10.0.0.9,5683", b"", OK + damaged))
    again = CREATE + whole(head(9), send("0,1,10.0.0.9,5683", b"", OK + response("2,2.05,9,2,6869")), STATUS)
    service, check = coap(first + again)
    with raises(QuectelError):
        service.get("coap://10.0.0.9", token=TOKEN, timeout_ms=1800)
    settled(service._modem)
    assert service.get("coap://10.0.0.9", token=TOKEN).payload == b"hi"
    check()


@rows("R024", "R227")
def test_coap_after_a_restart() -> None:
    again = (
        met("BC95-G")
        + CREATE
        + whole(head(9), send("0,1,10.0.0.9,5683", b"", OK + response("2,2.05,9,2,6869")), STATUS)
    )
    service, check = coap(whole(head(8), send("0,1,10.0.0.9,5683", b"", lines("RDY")), again))
    with raises(QuectelError) as caught:
        service.get("coap://10.0.0.9", token=TOKEN)
    assert caught.value.errno == ECONNRESET
    assert service.get("coap://10.0.0.9", token=TOKEN).payload == b"hi"
    check()
    service, check = coap(
        whole(head(8), send("0,1,10.0.0.9,5683", b"", OK + response("2,2.05,8")), STATUS, said("AT+QCOAPDEL"))
    )
    service.get("coap://10.0.0.9", token=TOKEN)
    service.close()
    check()


@rows("R231", "R433")
def test_coap_token_of_the_drivers_own() -> None:
    """Four bytes also for a message id above 127: characters are not bytes."""
    service, check = coap([(b"AT+QCOAPHEAD=5,200,4,514D00C8\r", ERROR)])
    service._next_id = 199
    with raises(QuectelError):
        service.get("coap://10.0.0.9")
    check()
