"""The core on its way into transparent access mode and out of it, and what the others may do meanwhile."""

from errno import EAGAIN, EIO, ETIMEDOUT

from kit import cases, raises, rows
from lent import CONNECT, END_MS, GUARD_MS, NO_CARRIER, PART_MS, TO_RAW, got, lent, out, passed, raw
from quectel import QuectelError
from quectel.command import ON_CONNECT
from quectel.procedure import try_ask
from quectel.table import (
    BUFFER,
    CLOSING,
    ENDED,
    FAILED,
    FREE,
    LISTENER,
    OPEN,
    OPENING,
    PUSH,
    REFUSED,
    SENT,
    TRANSPARENT,
)
from wires import OK, urc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


# --- leaving ------------------------------------------------------------------------------------------------------


@rows("R037", "R280")
@cases(1, 512)
def test_leaving(piece: int) -> None:
    rig = raw()
    slot = lent(rig)
    rig.send(slot, b"bye")
    assert rig.take() == b"bye"
    rig.engine.leave(slot)
    begun = rig.now
    assert out(rig) == b"+++" and GUARD_MS <= rig.now - begun <= GUARD_MS + 30
    assert rig.send(slot, b"wait") is None
    rig.feed(b"data" + OK, piece)  # too early: somebody's data
    passed(rig, 0)
    passed(rig, PART_MS)
    assert got(rig, slot) == b"data" + OK
    passed(rig, 800)
    rig.feed(b"more" + OK, piece)
    passed(rig, 0)
    assert rig.engine.owner is slot
    passed(rig, 100)
    assert rig.engine.owner.index < 0 and slot.mode == BUFFER and slot.state == OPEN
    assert got(rig, slot) == b"more"
    rig.send(slot, b"hello")
    rig.asked(b"AT+QISEND=0,5", b"\r\n> ")


@rows("R037", "R461")
@cases(1, 3, 512)
def test_urcs_right_behind_the_ok(piece: int) -> None:
    rig = raw()
    slot = lent(rig)
    rig.engine.leave(slot)
    assert out(rig) == b"+++"
    rig.step(1000)
    rig.feed(OK + urc('"recv",0') + urc('"closed",0'), piece)
    assert rig.engine.owner.index < 0 and rig.stat("urcs") == 2
    assert rig.take() == b"AT+QIRD=0,1500\r"


@rows("R037")
def test_ok_in_the_payload_while_leaving() -> None:
    """The module's own OK is followed by silence or by a URC."""
    rig = raw()
    slot = lent(rig)
    rig.engine.leave(slot)
    out(rig)
    rig.step(1000)
    for data in (OK + b"x", OK + b"\r\nx", OK + b"\r", OK + b"\r\nNO", OK + OK + b".", b"\r\nOK\r.", b"\r\nOO"):
        rig.feed(data)
        rig.feed(b"/")
        passed(rig, 0)
        assert got(rig, slot) == data + b"/", data
    rig.feed(OK)
    passed(rig, 0)
    passed(rig, 100)
    assert rig.engine.owner.index < 0 and slot.state == OPEN and got(rig, slot) == b""


@rows("R037")
@cases(False, True)
def test_the_connection_ends_while_it_is_left(closing: bool) -> None:
    rig = raw()
    slot = lent(rig)
    rig.engine.leave(slot)
    if closing:
        rig.engine.close(slot, slot.gen)
    out(rig)
    rig.step(950)
    rig.feed(NO_CARRIER)
    passed(rig, 0)
    rig.step(END_MS)
    rig.asked(b"AT+CMEE?", b"\r\n+CMEE: 1\r\n" + OK)  # +++ may stand in the module's command line
    assert rig.take() == (b"AT+QICLOSE=0,10\r" if closing else b"")
    assert slot.state == (CLOSING if closing else ENDED) and rig.engine.owner.index < 0


@rows("R037")
@cases(True, False)
def test_no_ok_comes(closing: bool) -> None:
    rig = raw()
    slot = lent(rig)
    rig.engine.leave(slot)
    if closing:
        rig.engine.close(slot, slot.gen)
    assert out(rig) == b"+++"
    again = b""
    while not again:
        again = rig.step(100)
    assert again == b"+++" and rig.engine.owner is slot
    while rig.engine.owner is slot:
        again = rig.step(100)
    assert slot.state == (CLOSING if closing else FAILED)
    assert closing or slot.err == ETIMEDOUT
    assert again + rig.take() == b"AT+CMEE?\r"
    rig.feed(b"\r\n+CMEE: 1\r\n" + OK)
    assert rig.take() == (b"AT+QICLOSE=0,10\r" if closing else b"")


@rows("R037", "R461")
def test_no_ok_comes_and_what_the_others_may_have_lost() -> None:
    """NO CARRIER with a URC of another connection behind it looks like payload: it is found out in the end."""
    rig = raw()
    pushed, buffered, server = rig.open(1, mode=PUSH), rig.open(2), rig.open(3, LISTENER)
    slot = lent(rig, NO_CARRIER + urc('"recv",2'))
    passed(rig, 0)
    passed(rig, END_MS)
    assert got(rig, slot) == NO_CARRIER + urc('"recv",2')
    rig.engine.close(slot, slot.gen)
    written = b""
    while not written.endswith(b"AT+CMEE?\r"):
        written += rig.step(100)
    assert written == b"++++++AT+CMEE?\r"
    rig.feed(b"\r\nERROR\r\n")  # to ++++++AT+CMEE?
    rig.step(1000)
    rig.feed(b"\r\n+CMEE: 1\r\n" + OK)
    assert rig.take() == b"AT+QIRD=2,1500\r"
    assert (pushed.state, buffered.state, server.state) == (FAILED, OPEN, OPEN) and pushed.err == EIO


@rows("R037", "R461")
def test_closing_sends_what_was_accepted_and_leaves_first() -> None:
    rig = raw()
    slot = lent(rig)
    rig.send(slot, b"bye")
    rig.engine.close(slot, slot.gen)
    assert rig.take() == b"bye" and slot.state == CLOSING
    rig.feed(b"nobody reads this")
    assert out(rig) == b"+++"
    rig.step(1000)
    rig.feed(OK)
    passed(rig, 0)
    assert rig.step(100) + rig.take() == b"AT+QICLOSE=0,10\r"
    rig.feed(OK)
    assert slot.state == FREE and rig.stat("rx_lost") == 17


@rows("R036", "R280")
def test_a_part_that_the_end_overtakes() -> None:
    """What the module got of it stands in its command line."""
    rig = raw()
    slot = lent(rig)
    rig.send(slot, bytes(1000))
    rig.engine.tick(rig.now)
    rig.engine.sent(rig.engine.ntx)
    rig.feed(NO_CARRIER)
    e = rig.engine
    e.tick(rig.now)
    e.tick(rig.now + END_MS)
    e.tick(rig.now + END_MS)
    assert slot.state == ENDED and slot.sending == REFUSED and not e.left and e.sender.index < 0
    rig.now += END_MS
    rig.asked(b"AT+CMEE?", b"\r\n+CMEE: 1\r\n" + OK)


@rows("R036")
def test_a_part_of_a_socket_that_has_failed() -> None:
    rig = raw(64)
    slot = lent(rig)
    rig.send(slot, b"hello")
    rig.feed(bytes(100))
    rig.quiet()
    assert slot.state == FAILED and slot.sending == REFUSED and rig.engine.sender.index < 0


# --- the others ---------------------------------------------------------------------------------------------------


@rows("R036")
def test_no_command_and_no_other_socket_gets_through() -> None:
    rig = raw()
    other = rig.open(1)
    slot = lent(rig)
    e = rig.engine
    assert e.occupied(other) and e.occupied(e.table.nobody) and not e.occupied(slot)
    assert e.barred(other) and not e.barred(slot)
    assert rig.send(other, b"data") is None and not e.start(b"AT")
    other.more = True
    rig.quiet()
    with raises(QuectelError) as caught:
        next(try_ask(e, b"AT+CSQ"))
    assert caught.value.errno == EAGAIN and caught.value.command == "AT+CSQ"
    e.leave(other)  # not its to leave
    assert not e.leaving
    e.leave(slot)
    assert not e.occupied(other) and e.barred(other) and e.barred(slot)
    next(try_ask(e, b"AT+CSQ"))  # waits


@rows("R036")
def test_nobody_takes_the_store_while_the_uart_changes_hands() -> None:
    rig = raw()
    other, slot = rig.open(1), rig.open(0)
    e = rig.engine
    rig.send(other, b"data")
    steps = try_ask(e, TO_RAW, None, ON_CONNECT, switched=(slot, TRANSPARENT))
    next(steps)
    rig.asked(b"AT+QISEND=1,4", b"\r\n> ")
    next(steps)
    assert rig.take() == b"data"
    next(steps)
    rig.feed(b"\r\nSEND OK\r\n")
    next(steps)
    rig.asked(TO_RAW)
    assert e.barred(other) and not e.barred(slot) and rig.send(other, b"data") is None
    rig.feed(CONNECT)
    assert e.owner is slot


@rows("R038")
def test_who_has_left_last_is_known() -> None:
    rig = raw()
    slot = lent(rig)
    e = rig.engine
    e.leave(slot)
    out(rig)
    rig.step(1000)
    rig.feed(OK + urc('"recv",9'))
    assert e.suspended is slot
    e.close(slot, slot.gen)
    rig.asked(b"AT+QICLOSE=0,10", OK)
    assert e.suspended.index < 0 and slot.state == FREE


@rows("R066", "R280")
def test_a_refused_switch_changes_nothing() -> None:
    rig = raw()
    slot = rig.open()
    for answer in (b"\r\nERROR\r\n", NO_CARRIER):
        assert rig.engine.start(b"ATO", None, ON_CONNECT, 300)
        rig.engine.switches(slot, TRANSPARENT)
        rig.asked(b"ATO", answer)
        rig.engine.release()
        assert slot.mode == BUFFER and rig.engine.owner.index < 0


@rows("R066", "R177", "R447")
def test_a_switch_counts_from_its_answer_on() -> None:
    """The OK of a switch to direct push, the CONNECT of an open: what stands behind it is read so already."""
    rig = raw()
    slot = rig.open()
    for answer, mode, data in ((b"\r\nERROR\r\n", BUFFER, b""), (OK + urc('"recv",0,4') + b"push\r\n", PUSH, b"push")):
        assert rig.engine.start(b"AT+QISWTMD=0,1")
        rig.engine.switches(slot, PUSH)
        rig.asked(b"AT+QISWTMD=0,1", answer)
        rig.engine.release()
        assert slot.mode == mode and got(rig, slot) == data
    slot = rig.open(1)
    slot.state = OPENING
    assert rig.engine.start(b"AT+QIOPEN", None, ON_CONNECT, 300)
    rig.engine.switches(slot, TRANSPARENT)
    rig.asked(b"AT+QIOPEN", CONNECT + b"raw")
    assert slot.state == OPEN and slot.opened == 0 and slot.told == 2 and rig.stat("opens") == 1
    assert got(rig, slot) == b"raw"


@rows("R447")
@cases(False, True)
def test_direct_push_never_overtakes_what_the_module_holds(reading: bool) -> None:
    """Data came between the last read in buffer mode and the switch: bytes in disorder are loss."""
    rig = raw()
    slot = rig.open()
    assert rig.engine.start(b"AT+QISWTMD=0,1")
    rig.engine.switches(slot, PUSH)
    rig.asked(b"AT+QISWTMD=0,1", urc('"recv",0') + OK)
    rig.engine.release()
    assert slot.mode == PUSH and slot.more
    if reading:
        rig.asked(b"AT+QIRD=0,1500")
    rig.feed(urc('"recv",0,4') + b"push\r\n")
    assert slot.state == FAILED and slot.err == EIO and got(rig, slot) == b""


def test_a_restart_ends_it() -> None:
    """Nobody sees it in transparent mode; a procedure may know."""
    rig = raw()
    slot = lent(rig)
    rig.engine.restarted()
    assert rig.engine.owner.index < 0 and slot.state == FAILED


@rows("R036", "R037")
def test_due_leads_through_everything() -> None:
    """A face that sleeps as long as due() says does all in time."""
    rig = raw()
    slot = lent(rig, b"held\r\n")
    e = rig.engine
    rig.send(slot, b"+++")
    written = rig.take()
    turns = 0
    while e.due(rig.now) >= 0:
        written += rig.step(e.due(rig.now))
        turns += 1
    assert written == b"+++" and turns < 12
    assert got(rig, slot) == b"held\r\n" and slot.sending == SENT
    e.leave(slot)
    written = b""
    while not written:
        assert e.due(rig.now) > 0
        written = rig.step(e.due(rig.now))
    assert written == b"+++" and e.due(rig.now) > 2000
    rig.step(1000)
    rig.feed(NO_CARRIER)
    while e.owner is slot:
        assert 0 <= e.due(rig.now) <= END_MS
        rig.step(e.due(rig.now))


def test_the_trace_says_what_went_on() -> None:
    rig = raw()
    said: "list[Any]" = []
    rig.engine.trace = lambda direction, mv, ms: said.append((direction, bytes(mv)))
    slot = lent(rig, b"four")
    rig.engine.leave(slot)
    out(rig)
    rig.step(1000)
    rig.feed(OK)
    passed(rig, 0)
    passed(rig, 100)
    assert said[1:] == [("<<", b"CONNECT"), ("<<", b"<4 bytes>"), (">>", b"+++"), ("<<", b"OK")]
    lent(rig, cid=1)
    passed(rig, 2000)
    rig.feed(NO_CARRIER)
    passed(rig, 0)
    passed(rig, END_MS)
    assert said[-1] == ("<<", b"NO CARRIER")
