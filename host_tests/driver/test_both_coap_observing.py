"""CoAP's Observe in both directions, against scripted modules on both faces."""

from errno import EADDRINUSE, ECONNRESET

from coap_steps import CREATE, DONE, TOKEN, URI, coap, head, request, response, send, status
from coap_told import ADD, Told
from faces import both
from kit import raises, rows
from quectel import CoapError
from quectel._compat import ticks_add
from scripted import OK, lines
from steps import met, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face

# --- the host observes -----------------------------------------------------------------------------------------------


def notification(number: int, msgid: int, text: str = "21", type: int = 1) -> bytes:
    return response('%d,2.05,%d,2,6,"%d",12,"0",%d,%s' % (type, msgid, number, len(text), text))


OTHER = "10.0.0.8,5683"
REGISTER = head(8, options='2,6,"0",11,"t"')
REGISTERED = whole(REGISTER, send("0,1", OK + response('2,2.05,8,2,6,"5",12,"0",2,20')), DONE)


@rows("R237", "R433", "R259")
@both
def test_coap_observing(face: "Face") -> "Generator[Any, Any, None]":
    """Notifications go to the handler, each once and in order; another observation of the server is refused."""
    told = Told()
    cancel = whole(head(9, options='2,6,"1",11,"t"'), send("0,1", OK + response("2,2.05,9,2,3139")), DONE)
    service = coap(face, REGISTERED + cancel)
    first = yield service.observe(URI + "/t", told, token=TOKEN)
    assert (first.payload, first.observe) == (b"20", 5)
    with raises(CoapError) as caught:
        service.observe(URI + "/other", told)
    assert caught.value.errno == EADDRINUSE and "10.0.0.9:5683" in str(caught.value)
    for number, msgid in ((6, 100), (7, 101), (7, 101), (4, 102), (8, 103), (0x900000, 104)):
        face.uart.say(notification(number, msgid, type=msgid & 1))
        yield face.settle()
    assert [message.observe for message in told.messages] == [6, 7, 8]
    assert told.messages[0].payload == b"21"
    face.uart.say(response("1,2.05,110,2,3138", "10.0.0.8,5683"))
    last = yield service.observe(URI + "/t", None)
    assert last.payload == b"19" and last.observe is None
    face.uart.say(notification(9, 105))
    yield face.settle()
    assert len(told.messages) == 3 and face.modem.stats.late == 2


@rows("R433")
@both
def test_coap_an_observation_made_anew(face: "Face") -> "Generator[Any, Any, None]":
    """For a server that has restarted: with the token of before; numbers begin anew, and the handler is the new one.

    One that it takes no longer is over.
    """
    first, second = Told(), Told()
    anew = whole(head(9, options='2,6,"0",11,"t"'), send("0,1", OK + response('2,2.05,9,1,6,"1"')), DONE)
    lost = whole(head(10, options='2,6,"0",11,"t"'), send("0,1", OK + response("2,4.04,10")), DONE)
    free = whole(head(11, options='2,6,"0",11,"u"'), send("0,1", OK + response('2,2.05,11,1,6,"1"')), DONE)
    service = coap(face, REGISTERED + anew + lost + free)
    yield service.observe(URI + "/t", first, token=TOKEN)
    assert (yield service.observe(URI + "/t", second)).observe == 1
    face.uart.say(notification(2, 100))
    yield face.settle()
    assert ([message.observe for message in second.messages], first.messages) == ([2], [])
    assert (yield service.observe(URI + "/t", second)).code == 404
    assert (yield service.observe(URI + "/u", second, token=TOKEN)).observe == 1


@rows("R433")
@both
def test_coap_an_observation_that_was_not_taken_or_ends(face: "Face") -> "Generator[Any, Any, None]":
    told = Told()
    plain = whole(REGISTER, send("0,1", OK + response("2,2.05,8,2,3230")), DONE)
    again = whole(head(9, options='2,6,"0",11,"t"'), send("0,1", OK + response('2,2.05,9,1,6,"1"')), DONE)
    service = coap(face, plain + again)
    assert (yield service.observe(URI + "/t", told, token=TOKEN)).observe is None
    assert (yield service.observe(URI + "/t", told, token=TOKEN)).observe == 1
    face.uart.say(response("0,4.04,77"))
    yield face.settle()
    face.uart.say(notification(3, 78))
    yield face.settle()
    assert [message.code for message in told.messages] == [404] and face.modem.stats.late == 1


@rows("R433", "R432")
@both
def test_coap_a_notification_is_no_response(face: "Face") -> "Generator[Any, Any, None]":
    """Nor is the separate response to a request a notification."""
    told = Told()
    answer = OK + notification(6, 100) + response("0,2.05,101,2,6869")
    service = coap(face, REGISTERED + whole(head(9), send("0,1", answer), DONE))
    yield service.observe(URI + "/t", told, token=TOKEN)
    assert (yield service.get(URI, token=TOKEN)).payload == b"hi"
    assert [message.observe for message in told.messages] == [6]


@rows("R255", "R286", "R433")
@both
def test_coap_observed_again_behind_a_restart(face: "Face") -> "Generator[Any, Any, None]":
    told = Told()
    again = whole(head(9, options='2,6,"0",11,"t"'), send("0,1", OK + response('0,2.05,900,1,6,"1"')), DONE)
    service = coap(face, REGISTERED + met("BC95-G") + CREATE + again)
    yield service.observe(URI + "/t", told, token=TOKEN)
    yield face.settle()
    face.uart.say(lines("RDY"))
    for _ in range(4):
        yield face.settle()
    face.uart.say(notification(2, 901))
    yield face.settle()
    assert [message.observe for message in told.messages] == [1, 2]


@rows("R255", "R286", "R433")
@both
def test_coap_what_ends_while_another_one_is_observed_again(face: "Face") -> "Generator[Any, Any, None]":
    told = Told()
    answer = OK + response('2,2.05,9,1,6,"5"', OTHER)
    other = whole(head(9, options='2,6,"0",11,"t"'), send("0,1", answer, peer=OTHER), DONE)
    answer = OK + response("0,4.04,900", OTHER) + response('2,2.05,10,1,6,"1"')
    again = whole(head(10, options='2,6,"0",11,"t"'), send("0,1", answer), DONE)
    service = coap(face, REGISTERED + other + met("BC95-G") + CREATE + again)
    yield service.observe(URI + "/t", Told(), token=TOKEN)
    yield service.observe("coap://10.0.0.8/t", told, token=TOKEN)
    face.uart.say(lines("RDY"))
    for _ in range(6):
        yield face.settle()
    assert [message.code for message in told.messages] == [404]


@rows("R255", "R286", "R433")
@both
def test_coap_a_server_that_refuses_keeps_no_other_from_being_observed_again(
    face: "Face",
) -> "Generator[Any, Any, None]":
    first, second = Told(), Told()
    answer = OK + response('2,2.05,9,1,6,"5"', OTHER)
    other = whole(head(9, options='2,6,"0",11,"t"'), send("0,1", answer, peer=OTHER), DONE)
    refused = whole(head(10, options='2,6,"0",11,"t"'), send("0,1", OK + response("3,0,10")), status(5))
    answer = OK + response('2,2.05,11,1,6,"1"', OTHER)
    again = whole(head(11, options='2,6,"0",11,"t"'), send("0,1", answer, peer=OTHER), DONE)
    service = coap(face, REGISTERED + other + met("BC95-G") + CREATE + refused + again)
    yield service.observe(URI + "/t", first, token=TOKEN)
    yield service.observe("coap://10.0.0.8/t", second, token=TOKEN)
    face.uart.say(lines("RDY"))
    for _ in range(6):
        yield face.settle()
    assert (len(first.messages), [message.observe for message in second.messages]) == (0, [1])
    later = whole(head(12, options='2,6,"0",11,"t"'), send("0,1", OK + response('2,2.05,12,1,6,"9"')), DONE)
    face.uart.script += later
    face.clock.advance(30_000)
    for _ in range(4):
        yield face.settle()
    assert [message.observe for message in first.messages] == [9] and len(second.messages) == 1


@rows("R286", "R430")
@both
def test_coap_a_context_that_was_lost_unheard(face: "Face") -> "Generator[Any, Any, None]":
    """The module says that it has none: all is made again, as behind a restart that was heard."""
    told = Told()
    gone = (head(9)[0], lines("+CME ERROR: 3"))
    again = whole(head(10, options='2,6,"0",11,"t"'), send("0,1", OK + response('2,2.05,10,1,6,"1"')), DONE)
    service = coap(
        face, whole(ADD, REGISTERED, gone, CREATE, ADD, again, head(11), send("0,1", OK + response("2,2.05,11")), DONE)
    )
    yield service.resource("/t/d", Told())
    yield service.observe(URI + "/t", told, token=TOKEN)
    with raises(CoapError) as caught:
        yield service.get(URI, token=TOKEN)
    assert caught.value.code == 3
    for _ in range(4):
        yield face.settle()
    assert (yield service.get(URI, token=TOKEN)).code == 205
    assert [message.observe for message in told.messages] == [1]


# --- others observe -------------------------------------------------------------------------------------------------

OBSERVE = request('0,1,50670,07,2,ABCD,6,"0",11,"t",11,"d"')


def observed(*then: "Any") -> "Any":
    return whole(ADD, head(50670, "ABCD", '1,6,"1"'), send("2,205"), *then)


@rows("R237", "R262", "R265", "R268", "R285")
@both
def test_coap_observers_are_told(face: "Face") -> "Generator[Any, Any, None]":
    """Until one resets a notification, does not acknowledge it, or says that it does not want any."""
    for confirmable, states, told, left in (
        (False, [], 1, 1),
        (True, [status(1), DONE], 1, 1),
        (True, [status(5)], 0, 0),
        (True, [status(3)], 0, 0),
    ):
        kind = "0" if confirmable else "1"
        sent = whole(head(8, "ABCD", '2,6,"2",12,"0"'), send(kind + ",205", OK, b"22"), states)
        service = coap(face, observed(sent))
        yield service.resource("/t/d", Told(), observable=True)
        face.uart.say(OBSERVE)
        yield face.settle()
        assert (yield service.notify("/t/d", b"22", format=0, confirmable=confirmable)) == told
        assert (yield service.notify("/other", b"22")) == 0
        assert len(service._resources.observers) == left
    ends = request('0,1,50671,07,2,ABCD,6,"1",11,"t",11,"d"')
    service = coap(face, observed(head(50671, "ABCD"), send("2,205")))
    yield service.resource("/t/d", Told(), observable=True)
    for data in (OBSERVE, ends):
        face.uart.say(data)
        yield face.settle()
    assert (yield service.notify("/t/d", b"22")) == 0


@rows("R265")
@both
def test_coap_observers_are_looked_for_once_a_day(face: "Face") -> "Generator[Any, Any, None]":
    script = observed()
    for number, kind in ((2, "1"), (3, "0"), (4, "1")):
        script += whole(head(6 + number, "ABCD", '1,6,"%d"' % number), send(kind + ",205"), [DONE] * (kind == "0"))
    service = coap(face, script)
    yield service.resource("/t/d", Told(), True)
    face.uart.say(OBSERVE)
    yield face.settle()
    for days in (0, 1, 0):
        observer = service._resources.observers[0]
        observer.heard_at = ticks_add(observer.heard_at, -86_400_000 * days)
        assert (yield service.notify("/t/d", confirmable=False)) == 1


@rows("R259", "R265")
@both
def test_coap_observers_that_are_not_taken_or_go(face: "Face") -> "Generator[Any, Any, None]":
    """Not of a resource that is not observable or says 4.xx; RST to a NON ends it, and so does an error code."""
    for how, answer in ((False, 205), (True, 404)):
        service = coap(face, whole(ADD, head(50670, "ABCD"), send("2,%d" % answer)))
        yield service.resource("/t/d", Told(answer), how)
        face.uart.say(OBSERVE)
        yield face.settle()
        assert (yield service.notify("/t/d")) == 0
    for reset, told in ([OK + response("3,0,8")], 0), ([OK, 300, response("3,0,8")], 1):
        service = coap(face, observed(head(8, "ABCD", '1,6,"2"'), send("1,205", reset)))
        yield service.resource("/t/d", Told(), True)
        face.uart.say(OBSERVE)
        yield face.settle()
        assert (yield service.notify("/t/d", confirmable=False)) == told
        yield face.settle()
        assert (yield service.notify("/t/d")) == 0
    service = coap(face, observed(head(8, "ABCD"), send("1,404")))
    yield service.resource("/t/d", Told(), True)
    face.uart.say(OBSERVE)
    yield face.settle()
    assert (yield service.notify("/t/d", code=404, confirmable=False)) == 1
    assert (yield service.notify("/t/d")) == 0
    wrong: "Any" = ({"code": 99}, {"format": 1}, {"payload": b"x" * 513})
    for arguments in wrong:
        with raises(ValueError):
            service.notify("/t/d", **arguments)
    restart = whole(head(8, "ABCD", '1,6,"2"'), send("0,205", lines("RDY")), met("BC95-G"), CREATE, ADD)
    service = coap(face, observed(restart))
    yield service.resource("/t/d", Told(), True)
    face.uart.say(OBSERVE)
    yield face.settle()
    with raises(CoapError) as caught:
        yield service.notify("/t/d")
    assert caught.value.errno == ECONNRESET
    for _ in range(4):
        yield face.settle()
