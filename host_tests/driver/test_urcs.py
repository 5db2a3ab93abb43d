"""URCs change slots, and nothing else."""

from errno import ECONNRESET, EIO

from kit import cases, rows
from quectel.table import DGRAM, FAILED, FREE, HALF, LISTENER, MESSAGES, OPEN, OPENING, PUSH
from wires import NO_DATA, OK, Rig, urc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from quectel.table import Slot


def opening(rig: Rig, cid: int) -> "Slot":
    slot = rig.open(cid)
    slot.state = OPENING
    slot.opened = -1
    return slot


def listener(rig: Rig, cid: int = 0) -> "Slot":
    slot = rig.open(cid)
    slot.kind = LISTENER
    return slot


# --- clients that come in ------------------------------------------------------------------------------------------


@rows("R217")
def test_a_client_may_come_in_under_the_id_of_an_open() -> None:
    """The module has it, so the open must take another one."""
    rig = Rig()
    listener(rig)
    mine = opening(rig, 3)
    rig.feed(urc('"incoming",3,0,"1.2.3.4",80') + b"\r\n+QIOPEN: 3,563\r\n" + urc('"recv",3'))
    client = rig.engine.table.at(3)
    assert client is not mine and (client.state, client.parent, client.pport) == (OPEN, 0, 80)
    assert (mine.state, mine.cid, mine.opened) == (OPENING, -1, -1)
    rig.asked(b"AT+QIRD=3,512", NO_DATA)
    assert rig.stat("no_slot") == 0


@rows("R217")
def test_a_client_cannot_come_in_under_the_id_of_an_open_connection() -> None:
    rig = Rig()
    listener(rig)
    mine = rig.open(3)
    rig.feed(urc('"incoming",3,0,"1.2.3.4",80'))
    assert rig.engine.table.at(3) is mine and mine.state == OPEN
    assert rig.stat("no_slot") == 1
    assert [slot.state for slot in rig.engine.table.slots] == [OPEN, OPEN, FREE, FREE]


def test_a_client_of_what_is_no_listener_is_closed() -> None:
    rig = Rig()
    rig.open(0)
    rig.feed(urc('"incoming",3,0,"1.2.3.4",80') + urc('"incoming",4,9,"1.2.3.4",80'))
    assert rig.stat("no_slot") == 2
    rig.asked(b"AT+QICLOSE=3", OK + b"\r\nCLOSE OK\r\n")
    rig.asked(b"AT+QICLOSE=4", OK + b"\r\nCLOSE OK\r\n")
    rig.quiet()


@rows("R217")
@cases(
    ('"1.2.3.4",80', b"1.2.3.4", 80),
    ('"' + "1" * 60 + '",80', b"1" * 48, 80),
    ('"",80', b"", 80),
    ('"1.2.3.4"', b"1.2.3.4", 0),
    ('"1.2.3.4",x', b"1.2.3.4", 0),
    ("", b"", 0),
)
def test_the_address_of_a_client(text: str, peer: bytes, port: int) -> None:
    rig = Rig()
    parent = listener(rig)
    rig.engine.table.woken()
    rig.feed(urc('"incoming",3,0,' + text))
    slot = rig.engine.table.at(3)
    assert bytes(slot.peer[: slot.npeer]) == peer and slot.pport == port
    assert parent.wake and slot.wake and slot.dialect is parent.dialect


# --- what names a slot that is not open ----------------------------------------------------------------------------


def test_an_announcement_for_a_slot_that_is_not_open_reads_nothing() -> None:
    rig = Rig()
    for cid, state in ((0, OPENING), (1, FAILED)):
        slot = rig.open(cid)
        slot.state = state
        rig.feed(urc('"recv",%d' % cid))
        assert not slot.more
    rig.quiet()


def test_closed_means_nothing_to_a_slot_that_is_not_open() -> None:
    rig = Rig()
    slot = opening(rig, 0)
    rig.feed(urc('"closed",0') + urc('"closed",5') + urc('"closed",-1') + urc('"closed",x'))
    assert slot.state == OPENING and rig.stat("urcs") == 4
    rig.quiet()


@rows("R213")
@cases("", ",", ",0", ",-5", ",x")
def test_direct_push_without_a_count_is_a_damaged_header(count: str) -> None:
    """Showlength is switched on; the payload comes, and nobody knows where it ends."""
    rig = Rig()
    slot = rig.open(0, mode=PUSH)
    rig.feed(urc('"recv",0' + count))
    assert (slot.state, slot.err) == (FAILED, EIO) and rig.engine.parser.raw == 0


@rows("R214")
def test_an_empty_datagram_is_no_news_in_direct_push() -> None:
    rig = Rig()
    slot = rig.open(0, kind=DGRAM, mode=PUSH)
    rig.feed(urc('"recv",0,0') + urc('"recv",0,2') + b"ab\r\n")
    assert slot.state == OPEN and rig.recv(slot) == b"ab" and rig.recv(slot) is None
    assert rig.stat("framing") == 0


@rows("R212")
@cases((1, True), (2, False), (0, True), (3, False))
def test_a_context_that_is_gone_takes_its_connections_along(pdp: int, lost: bool) -> None:
    """Bring-up has activated context 1, so only that is activated anew; 0 stands for all."""
    rig = Rig()
    one, two = rig.open(1), rig.open(2)
    two.pdp = 2
    rig.feed(urc('"pdpdeact",%d' % pdp))
    assert rig.engine.pdp_lost is lost
    assert (one.state == FAILED) is (pdp in (0, 1)) and (two.state == FAILED) is (pdp in (0, 2))
    for slot in (one, two):
        assert (slot.err == ECONNRESET and slot.cid == -1) is (slot.state == FAILED)


@rows("R065", "R113")
def test_the_result_of_an_open_that_nobody_waits_for_opens_nothing() -> None:
    rig = Rig()
    done = rig.open(1)
    done.state = HALF
    rig.feed(b"\r\n+QIOPEN: 1,0\r\n\r\n+QIOPEN: 2,0\r\n\r\n+QSSLOPEN: 99,0\r\n\r\n+QIOPEN: \r\n")
    assert (done.state, done.opened) == (HALF, -1)
    assert rig.stat("urcs") == 4 and rig.stat("opens") == 0


@rows("R065", "R139")
@cases((LISTENER, 2), (1, 2))
def test_the_state_that_an_open_tells(kind: int, told: int) -> None:
    """BC25 numbers a listening server as it does a connection."""
    rig = Rig()
    slot = opening(rig, 1)
    slot.kind = kind
    rig.feed(b"\r\n+QIOPEN: 1,0\r\n")
    assert (slot.state, slot.told, slot.opened) == (OPEN, told, 0)
    rig = Rig("BG96")
    slot = opening(rig, 1)
    slot.kind = kind
    rig.feed(b"\r\n+QIOPEN: 1,0\r\n")
    assert slot.told == (3 if kind == LISTENER else 2)


# --- messages ------------------------------------------------------------------------------------------------------


def test_a_message_without_payload_that_has_no_room_is_lost_as_a_whole() -> None:
    rig = Rig("BC95G", slots=1, rx_ring=64)
    line = b'\r\n+QCOAPURC: "rsp",2,2.01,55018\r\n'
    rig.feed(line)  # nobody listens yet
    assert rig.stat("urcs") == 1
    slot = rig.engine.table.take()
    assert slot is not None
    slot.kind = MESSAGES
    slot.state = OPEN
    rig.engine.messages = slot
    rig.feed(line * 3)
    length = len(b' "rsp",2,2.01,55018')
    for _ in range(2):
        assert slot.ring.head() == length
        slot.ring.drop(length)
        assert slot.ring.head() == 0
    assert slot.ring.n == slot.ring.held == 0
    assert rig.stat("urcs") == 4 and rig.stat("framing") == 0 and rig.stat("rx_lost") == 2 * length


# --- what is watched for -------------------------------------------------------------------------------------------


def test_a_watched_urc_is_kept_as_it_came() -> None:
    rig = Rig()
    rig.engine.watched[b"+QIND:"] = kept = []  # type: ignore[var-annotated]
    rig.feed(b"\r\n+QIND: smsdone\r\n\r\n+QIN\r\n\r\n+QINDS: 1\r\n\r\n+QIND:\r\n")
    assert kept == [b"+QIND: smsdone", b"+QIND:"]
    assert rig.stat("unknown") == 2 and rig.stat("urcs") == 2


def test_a_urc_of_ours_with_a_word_that_nobody_knows_may_be_watched_for() -> None:
    rig = Rig()
    rig.feed(urc('"dnsgip",0,1,600'))
    rig.engine.watched[b'+QIURC: "dnsgip"'] = kept = []  # type: ignore[var-annotated]
    rig.feed(urc('"dnsgip",0,1,600'))
    assert kept == [b'+QIURC: "dnsgip",0,1,600'] and rig.stat("unknown") == 1


@rows("R182", "R218")
def test_a_line_that_is_awaited_goes_to_who_waits_and_not_to_who_watches() -> None:
    rig = Rig()
    watching: "list[bytes]" = []
    rig.engine.watched[b"+QPING:"] = watching
    for prefix, line in ((b"+QPING:", b"+QPING: 1"), (b'"dnsgip",', b'+QIURC: "dnsgip",565')):
        waiting: "list[bytes]" = []
        rig.engine.awaited[prefix] = waiting
        rig.feed(b"\r\n" + line + b"\r\n")
        assert waiting == [line] and not watching
        del rig.engine.awaited[prefix]
    rig.feed(b'\r\n+QPING: 1\r\n\r\n+QIURC: "dnsgip",565\r\n')
    assert watching == [b"+QPING: 1"] and rig.stat("urcs") == 3 and rig.stat("unknown") == 1


@rows("R182")
def test_of_awaited_lines_no_more_than_64_are_kept() -> None:
    rig = Rig()
    waiting: "list[bytes]" = []
    rig.engine.awaited[b"+QPING:"] = waiting
    for _ in range(70):
        rig.feed(b"\r\n+QPING: 1\r\n\r\n+QNTP: 1\r\n")
    assert len(waiting) == 64 and rig.stat("urcs") == 70 == rig.stat("unknown")


@cases("+CEREG: 9", "+CEREG: x", '+CREG: 1"', "+CGREG: 6,2")
def test_a_registration_that_there_is_not_changes_nothing(line: str) -> None:
    rig = Rig()
    rig.feed(b"\r\n+CEREG: 5\r\n")
    assert rig.engine.stat == 5
    rig.feed(b"\r\n" + line.encode() + b"\r\n")
    assert rig.engine.stat == 5 and rig.stat("unknown") == 1
