"""Requests that have to fit into the ring with their options, and responses of which the module shows a part."""

from errno import EIO

from coap_steps import DONE, TOKEN, URI, coap, head, response, send
from faces import both
from kit import raises, rows
from quectel import CoapError
from scripted import OK
from steps import said, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face


def asked(msgid: int, queries: int) -> bytes:
    """1024 bytes for /t/d, with so many options of 180 bytes."""
    options = ',11,"t",11,"d",12,"42"' + ',15,"%s"' % ("q" * 180) * queries
    head = '\r\n+QCOAPURC: "req",10.0.0.9,5683,0,2,%d,%02X%s,1024,' % (msgid, 0x80 | (3 + queries) << 1, options)
    return head.encode() + b"41" * 1024 + b"\r\n"


@rows("R264", "R236", "R291")
@both
def test_coap_the_longest_request_with_long_options(face: "Face") -> "Generator[Any, Any, None]":
    """The default ring holds 1024 bytes and two of the longest options; a larger one all that one message can be."""
    for rx_ring, queries, taken in ((1536, 2, 1), (1536, 3, 0), (4096, 9, 1)):
        answered = [whole(said("AT+QCOAPHEAD=3,%d" % msgid), send("2,204")) for msgid in (7, 8)]
        script = whole(said('AT+QCOAPADDRES=4,"/t/d"'), *answered[1 - taken :])
        service = coap(face, script, rx_ring=rx_ring)
        told: "list[Any]" = []

        def note(message: "Any", told: "list[Any]" = told) -> int:
            told.append(message)
            return 204

        yield service.resource("/t/d", note)
        face.uart.say(asked(7, queries))
        yield face.settle()
        assert len(told) == taken and (face.modem.stats.rx_lost > 0) == (not taken)
        face.uart.say(asked(8, 0))  # one that is lost takes no other with it
        yield face.settle()
        assert told[-1].msgid == 8 and told[-1].payload == b"A" * 1024
        face.check()


@rows("R237", "R260")
@both
def test_coap_a_block_of_which_a_part_alone_is_shown(face: "Face") -> "Generator[Any, Any, None]":
    """Block2 tells how long it was (RFC 7959): 14 is the first of more, of 1024 bytes, 13 of 512, 6 the only one."""
    shown = b"78" * 512
    for number, value, cut in ((8, 14, True), (9, 13, False), (10, 6, False)):
        answer = response('2,2.05,%d,1,23,"%d",512,' % (number, value) + shown.decode())
        script = whole(head(number), send("0,1", OK + answer), [] if cut else [DONE])
        service = coap(face, script, number)
        if cut:
            with raises(CoapError) as caught:
                yield service.get(URI, token=TOKEN)
            assert caught.value.errno == EIO and "512 bytes came of a block of 1024" in str(caught.value)
        else:
            assert (yield service.get(URI, token=TOKEN)).payload == b"x" * 512
