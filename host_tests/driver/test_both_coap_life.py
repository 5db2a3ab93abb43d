"""CoAP over the life of its context: restarts, message ids, bring-up, and commands of the caller's own."""

from errno import ECONNRESET

from coap_steps import CREATE, DELETE, DONE, TOKEN, URI, coap, head, request, response, send
from faces import both
from kit import raises, rows
from quectel import CoapError, QuectelError
from scripted import ERROR, OK, lines
from steps import ATTACHED, CLOCK, HOME, NB_ADDRESS, READY, met, said, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face


@rows("R024", "R227", "R253", "R254", "R255", "R286")
@both
def test_coap_after_a_restart(face: "Face") -> "Generator[Any, Any, None]":
    """The request fails at once; with the next one the context and its settings are made again."""
    again = met("BC95-G") + CREATE + whole(head(9), send("0,1", OK + response("2,2.05,9,2,6869")), DONE)
    for cut in (
        whole(head(8), send("0,1", lines("RDY"))),
        whole(head(8), send("0,1", [OK, 1000, lines("RDY")])),
        [head(8), (b"AT+QCOAPSEND=0,1,10.0.0.9,5683\r", lines("RDY"))],
        [(b"AT+QCOAPHEAD=5,8,4,01020304\r", lines("RDY"))],
    ):
        service = coap(face, cut + again)
        with raises(CoapError) as caught:
            yield service.get(URI, token=TOKEN)
        assert caught.value.errno == ECONNRESET
        assert (yield service.get(URI, token=TOKEN)).payload == b"hi"
    service = coap(
        face,
        whole(head(8), send("0,1", OK + response("2,2.05,8")), DONE, DELETE, CREATE, head(9))
        + send("0,1", OK + response("2,2.05,9"))
        + [DONE],
    )
    yield service.get(URI, token=TOKEN)
    yield service.close()
    yield service.get(URI, token=TOKEN)


@rows("R231", "R370", "R433", "R466")
@both
def test_coap_token_and_message_id(face: "Face") -> "Generator[Any, Any, None]":
    """The driver's own, four bytes also for a message id above 127; the caller's; no token at all."""
    for how, line in (
        ({}, "AT+QCOAPHEAD=5,200,4,514D00C8"),
        ({"msgid": 0}, "AT+QCOAPHEAD=5,0,4,514D0000"),
        ({"msgid": 65535, "token": b"12345678"}, "AT+QCOAPHEAD=5,65535,8,3132333435363738"),
        ({"token": b""}, "AT+QCOAPHEAD=3,200"),
    ):
        service = coap(face, [(line.encode() + b"\r", ERROR)], 200)
        with raises(CoapError):
            yield service.get(URI, **how)
    service = coap(face, [(b"AT+QCOAPHEAD=5,0,4,514D0000\r", ERROR)], 65536)
    with raises(CoapError):
        yield service.get(URI)


@rows("R240", "R234")
@both
def test_coap_options_of_a_message_that_was_not_sent(face: "Face") -> "Generator[Any, Any, None]":
    """They would go with the next message: where that has none, one that means nothing replaces them."""
    refused = (b"AT+QCOAPSEND=1,1,10.0.0.9,5683\r", lines("+CME ERROR: 30"))
    script = whole(head(8, options='1,11,"secret"'), refused)
    script += whole(head(9, options='1,7,"5683"'), send("0,1", OK + response("2,2.05,9")), DONE)
    script += whole(head(10), send("0,1", OK + response("2,2.05,10")), DONE)
    service = coap(face, script)
    with raises(CoapError):
        yield service.get(URI + "/secret", token=TOKEN, confirmable=False)
    yield service.get(URI, token=TOKEN)
    yield service.get(URI, token=TOKEN)


@rows("R270")
@both
def test_coap_behind_bring_up(face: "Face") -> "Generator[Any, Any, None]":
    """connect() sees to it that the module is attached."""
    script = met("BC95-G") + [READY, HOME, ATTACHED, NB_ADDRESS, CLOCK] + CREATE
    script += whole(head(8), send("0,1", OK + response("2,2.05,8")), DONE)
    modem = face.start("BC95-G", script, prepared=False)
    yield modem.connect()
    service = yield modem.coap()
    service._context._next_id = 7
    assert (yield service.get(URI, token=TOKEN)).code == 205


@rows("R286")
@both
def test_coap_lasts_over_a_disconnect(face: "Face") -> "Generator[Any, Any, None]":
    """The context is no socket: it is closed by its own close()."""
    first = whole(head(8), send("0,1", OK + response("2,2.05,8")), DONE)
    service = coap(face, first + whole(head(9), send("0,1", OK + response("2,2.05,9")), DONE))
    yield service.get(URI, token=TOKEN)
    yield face.modem.disconnect()
    yield service.get(URI, token=TOKEN)


@rows("R240", "R245")
@both
def test_coap_requests_that_come_in_meanwhile(face: "Face") -> "Generator[Any, Any, None]":
    """For a path that nobody has 4.04 is answered between the request's own commands, with its token."""
    came = request('0,1,50670,09,8,1A84BFE989C01C08,6,"0",7,"54321",11,"t",11,"d"')
    script = whole(head(8), send("0,1", [OK + came, 500, response("2,2.05,8,2,6869")]))
    script += whole(head(50670, "1A84BFE989C01C08"), send("2,404"), DONE)
    service = coap(face, script)
    assert (yield service.get(URI, token=TOKEN)).payload == b"hi"


@rows("R016", "R017", "R436", "R227")
@both
def test_coap_commands_of_the_callers_own(face: "Face") -> "Generator[Any, Any, None]":
    """Test, read, write and execution form, several on a line, and what is refused."""
    script = [
        said("AT"),
        said("AT+QCOAPCREATE=?", "+QCOAPCREATE: <1-65535>"),
        said("AT+QCOAPCFG?"),
        said('AT+QCOAPCFG="Showra"', '+QCOAPCFG: "Showra",1'),
        said("at+qcoapdel"),
        said("AT+QCOAPCREATE=56830;+QCOAPDATASTATUS?", "+QCOAPDATASTATUS:0"),
        (b"AT+NOTHING\r", ERROR),
        (b"AT+QCOAPHEAD=2,,8,0102030405060708\r", lines("+CME ERROR: 50")),
    ]
    modem = face.start("BC95-G", script)
    assert (yield modem.command("AT")) == []
    assert (yield modem.command("AT+QCOAPCREATE=?")) == ["+QCOAPCREATE: <1-65535>"]
    assert (yield modem.command("AT+QCOAPCFG?")) == []
    assert (yield modem.command('AT+QCOAPCFG="Showra"')) == ['+QCOAPCFG: "Showra",1']
    assert (yield modem.command("at+qcoapdel")) == []
    line = "AT+QCOAPCREATE=56830;+QCOAPDATASTATUS?"
    assert (yield modem.command(line, prefix="+QCOAPDATASTATUS:")) == ["+QCOAPDATASTATUS:0"]
    for wrong in ("AT+NOTHING", "AT+QCOAPHEAD=2,,8,0102030405060708"):
        with raises(QuectelError):
            yield modem.command(wrong)
