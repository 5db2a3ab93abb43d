"""Headers that carry their payload on the same line, cut at every place."""

import kit
from kit import cases, rows
from quectel.command import ON_OK, READ
from quectel.table import FAILED, OPEN, PUSH
from wires import Rig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from quectel.table import Slot

    Record = tuple[bytes, bytes]

HEX = b"4E692048616F2066726F6D20436F41502E4E45542052464320"
TEXT = b"hi name=aaaa,this is quectel IoT platform"

# The messages of the transcripts, and what is easily misread: the header and the payload behind it.
MESSAGES_OF_MODULE = (
    (b'"rsp",2,2.05,6677,22,', b"68656C6C6F20776F72642066726F6D20736572766572"),
    (b'"rsp",2,2.05,5566,25,', HEX),
    (b'"rsp",2.05,61440,25,', HEX),  # the type is left out (R364)
    (b'"rsp",2,2.05,61441,17,', b"323031382F312F392031313A31313A3139"),
    (b'"rsp",2,2.05,54750,1,12,"0",41,', TEXT),
    (b'"rsp",180.101.147.115,5683,2,2.05,54750,1,12,"0",41,', TEXT),
    (b'"rsp",220.180.239.212,8063,2,2.05,7,2,8,"rd",8,"dTuzhqieJe",3,', b"0A0D22"),
    (b'"rsp",2,2.05,7,2,8,"rd,\xc3",12,"42",4,', b"00FF4F4b"),
    (b'"rsp",2,2.05,7,1,12,"50",11,', b'{"a":"b,c"}'),
    (b'"rsp",2,2.05,7,1,12,"41",12,', b"OK\r\n> \r\nOK\r\n"),
    (b'"rsp",2,2.05,9,5,', b"3132333435"),  # digits alone, of a length that could be a count of options
    (b'"rsp",2,2.05,9,1,', b"41"),
    (b'"rsp",2,2.05,9,12,', b"000102030405060708090A0B"),
    (b'"rsp",2,2.05,9,13,', b"00010203040506070809000000"),
    (b'"rsp",2,2.05,9,20,', b"31" * 20),
    (b'"rsp",2,2.05,9,0,2,', b"4142"),  # a count of no options
    (b'"rsp",2,2.05,9,1,8,"a"b",2,', b"4142"),  # quotes in a value
    (b'"rsp",2,2.05,9,2,8,"a","b",12,"0",2,', b"AB"),
    (b'"req",0,2,50671,89,8,1A84BFE989C01C08,6,"0",7,"54321",11,"t",11,"d",5,', b"3132333435"),
    (b'"req",0,2,50671,83,2,ABCD,12,"0",5,', b"12345"),
    (b'"req",180.101.147.115,5683,0,3,1,80,2,', b"3132"),
    (b'"req",0,2,9,80,1,', b"41"),
)
BARE = (
    b'"rsp",2,2.01,55018',
    b'"rsp",3,0,1',
    b'"rsp",2,2.01,13357,2,8,"rd",8,"BEHJvP29Lb"',
    b'"rsp",220.180.239.212,8063,2,2.01,13358,2,8,"rd",8,"dTuzhqieJe"',
    b'"rsp",180.101.147.115,5683,2,2.04,2802',
    b'"req",0,1,62084,09,8,1A98EB114F501C07,6,"0",11,"19",11,"0",11,"0"',
    b'"req",180.101.147.115,5683,0,1,50670,09,8,1A84BFE989C01C08,6,"0",7,"54321",11,"t",11,"d"',
    b'"req",0,1,5,00',
)


def listening() -> Rig:
    """BC95-G with a slot for messages."""
    rig = Rig("BC95G", slots=1)
    rig.messages()
    return rig


def record(rig: Rig) -> bytes:
    ring = rig.engine.messages.ring
    out = bytearray(ring.head())
    ring.take(out, 0, len(out))
    return bytes(out)


def records(rig: Rig) -> "list[bytes]":
    found = []
    while rig.engine.messages.ring.n:
        found.append(record(rig))
    return found


def decoded(head: bytes, payload: bytes) -> bytes:
    is_text = b'12,"0"' in head or b'12,"41"' in head or b'12,"50"' in head
    return payload if is_text else bytes([int(payload[i : i + 2], 16) for i in range(0, len(payload), 2)])


def cuts(data: bytes) -> "list[list[bytes]]":
    """data whole, byte by byte and cut at every place."""
    ways = [[data], [data[i : i + 1] for i in range(len(data))]]
    return ways + [[data[:cut], data[cut:]] for cut in range(1, len(data))]


@rows("R258", "R260", "R261", "R262", "R263", "R266", "R267", "R269", "R364")
@cases(*MESSAGES_OF_MODULE)
def test_messages_with_payload_at_every_cut(head: bytes, payload: bytes) -> None:
    data = b"\r\n+QCOAPURC: " + head + payload + b"\r\n\r\nOK\r\n"
    for pieces in cuts(data):
        rig = listening()
        for piece in pieces:
            rig.feed(piece)
        found = records(rig)
        assert found == [b" " + head, decoded(head, payload)], (pieces[0], found)
        assert rig.stat("framing") == rig.stat("rx_lost") == rig.stat("long_lines") == 0
        assert rig.stat("urcs") == 1 and rig.stat("late") == 1  # the OK behind it is seen as a line


@rows("R258", "R259", "R262", "R263", "R268")
@cases(*BARE)
def test_messages_without_payload_at_every_cut(head: bytes) -> None:
    for rig in bare_at_every_cut(head):
        assert rig.stat("urcs") == 1 and rig.stat("late") == 1


def bare_at_every_cut(head: bytes) -> "Iterator[Rig]":
    """Rigs that have heard a header without a payload, and an OK."""
    for pieces in cuts(b"\r\n+QCOAPURC: " + head + b"\r\n\r\nOK\r\n"):
        rig = listening()
        for piece in pieces:
            rig.feed(piece)
        found = records(rig)
        assert found == [b" " + head, b""], (pieces[0], found)
        yield rig


@rows("R381")
def test_a_message_without_the_blank_behind_the_colon() -> None:
    rig = listening()
    rig.feed(b'\r\n+QCOAPURC:"rsp",2,2.05,6677,2,4142\r\n')
    assert records(rig) == [b'"rsp",2,2.05,6677,2,', b"AB"]


def test_messages_in_a_row_in_random_pieces() -> None:
    numbers = kit.Random(kit.seed())
    for _ in range(10):
        rig = listening()
        sent = [numbers.choice(MESSAGES_OF_MODULE) for _ in range(5)]
        data = b"".join([b"\r\n+QCOAPURC: " + head + payload + b"\r\n" for head, payload in sent])
        for piece in numbers.chunks(data, 40):
            rig.feed(piece)
        wanted = []
        for head, payload in sent:
            wanted += [b" " + head, decoded(head, payload)]
        assert records(rig) == wanted


def test_a_message_that_has_no_room_is_lost_as_a_whole() -> None:
    rig = listening()
    data = b'\r\n+QCOAPURC: "rsp",2,2.05,6677,500,' + b"41" * 500 + b"\r\n"
    for _ in range(4):
        rig.feed(data, 100)
    assert records(rig) == [b' "rsp",2,2.05,6677,500,', b"A" * 500] * 2
    assert rig.stat("rx_lost") == 1000 and rig.stat("urcs") == 4
    rig.feed(data)
    assert len(records(rig)) == 2


def viewing(show: int) -> "tuple[Rig, Slot]":
    """BC25 after AT+QICFG="viewmode",1, with an open socket 1."""
    rig = Rig()
    assert rig.engine.start(b'AT+QICFG="viewmode",1', b"+QICFG:", ON_OK)
    rig.asked(b'AT+QICFG="viewmode",1', b'\r\n+QICFG: "viewmode",1\r\n\r\nOK\r\n')
    rig.engine.release()
    assert rig.engine.start(b'AT+QICFG="showlength",%d' % show, b"+QICFG:", ON_OK)
    rig.asked(b'AT+QICFG="showlength",%d' % show, b'\r\n+QICFG: "showlength",%d\r\n\r\nOK\r\n' % show)
    rig.engine.release()
    return rig, rig.open(1)


HOSTILE = b'1,2,3,\r\nOK\r\n+QIURC: "closed",1\r\n> '


@rows("R172", "R173", "R199", "R200")
@cases((1, b"+QIRD: 10,2,", b"0123456789"), (0, b"+QIRD: 10,", b"0123456789"), (1, b"+QIRD: 34,0,", HOSTILE))
def test_read_answers_of_view_mode_1_at_every_cut(show: int, head: bytes, payload: bytes) -> None:
    data = b"\r\n" + head + payload + b"\r\n\r\nOK\r\n"
    for pieces in cuts(data):
        rig, slot = viewing(show)
        rig.feed(b'\r\n+QIURC: "recv",1\r\n')
        rig.asked(b"AT+QIRD=1,512")
        for piece in pieces:
            rig.feed(piece)
        assert rig.recv(slot) == payload, pieces[0]
        assert rig.stat("framing") == rig.stat("unknown") == rig.stat("late") == 0, pieces[0]
        rig.asked(b"AT+QIRD=1,512", b"\r\n+QIRD: 0\r\n\r\nOK\r\n")
        rig.quiet()
        assert slot.state == OPEN


@rows("R199", "R214")
@cases((b'+QIURC: "recv",1,12,', b"012345678901"), (b'+QIURC: "recv",1,34,', HOSTILE))
def test_pushed_data_of_view_mode_1_at_every_cut(head: bytes, payload: bytes) -> None:
    data = b"\r\n" + head + payload + b'\r\n\r\n+QIURC: "recv",5\r\n'
    for pieces in cuts(data):
        rig, slot = viewing(1)
        slot.mode = PUSH
        for piece in pieces:
            rig.feed(piece)
        assert rig.recv(slot) == payload, pieces[0]
        assert rig.stat("framing") == rig.stat("unknown") == 0 and rig.stat("urcs") == 2, pieces[0]
        rig.quiet()


@rows("R199", "R213")
def test_announcements_of_view_mode_1_are_no_headers() -> None:
    data = b'\r\n+QIURC: "recv",1,12\r\n'
    for pieces in cuts(data):
        rig, slot = viewing(1)
        for piece in pieces:
            rig.feed(piece)
        assert slot.more and rig.stat("urcs") == 1 and rig.stat("framing") == 0, pieces[0]


@rows("R173")
def test_a_read_of_the_callers_own_in_view_mode_1_ends_as_any_command() -> None:
    data = b"\r\n+QIRD: 10,2,0123456789\r\n\r\nOK\r\n"
    for pieces in cuts(data):
        rig, slot = viewing(1)
        lines: "list[bytes]" = []
        rig.quiet()
        assert rig.engine.start(b"AT+QIRD=1,10", b"+QIRD:", ON_OK, 300, None, lines)
        rig.asked(b"AT+QIRD=1,10")
        for piece in pieces:
            rig.feed(piece)
        assert lines == [b"+QIRD: 10,2,0123456789"] and rig.engine.cmd.result == 1
        assert slot.state == OPEN and rig.stat("framing") == 0


def test_a_read_answer_that_nobody_asked_for_touches_nobody() -> None:
    rig, slot = viewing(1)
    rig.feed(b"\r\n+QIRD: 10,2,0123456789\r\n\r\nOK\r\n")
    assert slot.state == OPEN and rig.recv(slot) is None
    assert rig.engine.cmd.kind != READ
    rig.quiet()


@rows("R261")
def test_a_payload_with_a_damaged_digit_is_not_delivered() -> None:
    rig = listening()
    rig.feed(b'\r\n+QCOAPURC: "rsp",2,2.05,6677,2,4142\r\n\r\n+QCOAPURC: "rsp",2,2.05,6678,2,41\x0742\r\n')
    assert records(rig) == [b' "rsp",2,2.05,6677,2,', b"AB"]
    assert rig.stat("framing") and rig.engine.messages.state == FAILED


@rows("R258")
@cases(
    b'"xyz",1,2,3',
    b'"rsp"',
    b'"rsp",2,2.05,9,-3,4142',
    b'"rsp",2,2.05,9,-1,',
    b'"rsp",2,2.05,9,2,8,"a",9,x,2,41',
    b'"req",0,2,9,zz,2,3132',
    b'"req",0,2,9,8g,2,3132',
)
def test_a_message_that_nobody_can_read_is_a_line_without_payload(head: bytes) -> None:
    """Its reader sees all of it; nothing behind it is taken for its payload."""
    for rig in bare_at_every_cut(head):
        assert rig.stat("late") == 1 and rig.stat("framing") == 0
