"""Payloads that are late, short or stand still: lost bytes are found, and not delivered."""

from errno import ECONNRESET, EIO, ETIMEDOUT

from kit import cases, rows
from quectel.command import DONE
from quectel.table import DGRAM, FAILED, OPEN
from wires import NO_DATA, Rig

# --- a read whose answer is lost or late --------------------------------------------------------------------------


@rows("R166")
@cases(b"", b"\r\n+QIRD: 5\r\nabcde\r\n\r\nOK\r\n")
def test_a_read_without_an_answer_is_no_silent_gap(late: bytes) -> None:
    """Whether the module has given bytes away is unknown, so the stream ends with an error."""
    rig = Rig()
    slot = rig.open()
    rig.feed(b'\r\n+QIURC: "recv",0\r\n')
    rig.asked(b"AT+QIRD=0,512")
    rig.step(400)
    rig.feed(late + b"\r\n+CMEE: 1\r\n\r\nOK\r\n")
    rig.feed(b'\r\n+QIURC: "recv",0\r\n')
    written = rig.take()
    if written:
        assert written == b"AT+QIRD=0,512\r"
        rig.feed(b"\r\n+QIRD: 3\r\nxyz\r\n\r\nOK\r\n")
    assert rig.recv(slot) == -1 and slot.err in (EIO, ETIMEDOUT), slot.state


@rows("R441")
@cases((b"\r\n", False), (b"\r\n", True), (b"\r\n\r\n", False), (b"\r\n\r\n", True))
def test_a_payload_that_lost_bytes_is_not_delivered(blank: bytes, known: bool) -> None:
    """However many are missing, and whether a blank line stands in front of OK.

    Before a first whole payload has shown whether the module prints that line, two missing bytes look like it.
    """
    for missing in range(1, 30):
        rig = Rig()
        slot = rig.open()
        if known:
            slot.more = True
            rig.asked(b"AT+QIRD=0,512", b"\r\n+QIRD: 5\r\nwhole" + blank + b"OK\r\n")
            rig.asked(b"AT+QIRD=0,512", NO_DATA)
            assert rig.recv(slot) == b"whole"
        rig.feed(b'\r\n+QIURC: "recv",0\r\n')
        rig.take()
        rig.feed(b"\r\n+QIRD: 100\r\n" + b"y" * (100 - missing) + blank + b"OK\r\n")
        for _ in range(30):
            written = rig.step(100)
            if written:
                rig.feed(b"\r\n+CMEE: 1\r\n\r\nOK\r\n" if b"CMEE" in written else NO_DATA)
        told = known or len(blank) != 4 or missing != 2
        assert (rig.recv(slot) == -1) is told and (slot.err == EIO) is told, missing


def test_a_datagram_whose_read_was_given_up_leaves_nothing_behind() -> None:
    rig = Rig()
    slot = rig.open(kind=DGRAM)
    rig.feed(b'\r\n+QIURC: "recv",0\r\n')
    rig.asked(b"AT+QIRD=0,512", b"\r\n+QIRD: 9\r\nabcdefghi\r\n")
    rig.step(400)
    rig.feed(b"\r\nOK\r\n\r\n+CMEE: 1\r\n\r\nOK\r\n")
    rig.asked(b"AT+QIRD=0,512", b"\r\n+QIRD: 3\r\nxyz\r\n\r\nOK\r\n")
    assert rig.recv(slot) == b"xyz" and rig.recv(slot) is None


def test_a_late_payload_is_counted_off_whatever_it_looks_like() -> None:
    rig = Rig()
    slot, other = rig.open(0), rig.open(1)
    rig.feed(b'\r\n+QIURC: "recv",0\r\n')
    rig.asked(b"AT+QIRD=0,512")
    rig.step(400)
    payload = b'\r\n+CMEE: 1\r\n\r\nOK\r\n+QIURC: "closed",1\r\n> '
    rig.feed(b"\r\n+QIRD: %d\r\n" % len(payload) + payload + b"\r\n\r\nOK\r\n")
    assert rig.engine.resync and other.state == OPEN and rig.stat("late") == 1
    assert rig.stat("rx_lost") == len(payload) and rig.recv(slot) == -1
    rig.feed(b"\r\n+CMEE: 1\r\n\r\nOK\r\n")
    assert not rig.engine.resync and rig.engine.late_head == b""


def test_a_datagram_read_without_an_answer_is_asked_again() -> None:
    rig = Rig()
    slot = rig.open(kind=DGRAM)
    rig.feed(b'\r\n+QIURC: "recv",0\r\n')
    rig.asked(b"AT+QIRD=0,512")
    rig.step(400)
    rig.feed(b"\r\n+CMEE: 1\r\n\r\nOK\r\n")
    rig.asked(b"AT+QIRD=0,512", b"\r\n+QIRD: 3\r\nxyz\r\n\r\nOK\r\n")
    assert rig.recv(slot) == b"xyz"


# --- a payload that stands still ----------------------------------------------------------------------------------


@rows("R080", "R166")
def test_a_payload_that_stands_still_is_given_up() -> None:
    rig = Rig()
    slot, other = rig.open(0), rig.open(1)
    rig.feed(b'\r\n+QIURC: "recv",0\r\n\r\n+QIURC: "recv",1\r\n')
    first = rig.take()
    assert first in (b"AT+QIRD=0,512\r", b"AT+QIRD=1,512\r")
    reading, waiting = (slot, other) if first[8] == 48 else (other, slot)
    rig.feed(b"\r\n+QIRD: 100\r\n" + b"z" * 60)
    for _ in range(14):
        if reading.state == FAILED:
            break
        rig.step(100)
    assert (reading.state, reading.err) == (FAILED, EIO) and rig.recv(reading) == -1
    assert rig.stat("framing") == 1 and rig.stat("resyncs") >= 1
    rig.feed(b"z" * 40 + b"\r\n\r\nOK\r\n\r\n+CMEE: 1\r\n\r\nOK\r\n\r\n+CMEE: 1\r\n\r\nOK\r\n")
    rig.asked(b"AT+QIRD=%d,512" % waiting.cid, b"\r\n+QIRD: 2\r\nok\r\n\r\nOK\r\n")
    assert rig.recv(waiting) == b"ok"


def test_what_comes_behind_a_payload_that_was_given_up_is_read() -> None:
    rig = Rig()
    rig.open(mode=1)
    rig.feed(b'\r\n+QIURC: "recv",0,100\r\nabc')
    rig.step(0)
    assert rig.step(1100) == b"AT+CMEE?\r"
    assert rig.stat("framing") == 1
    rig.feed(b"\r\n+CMEE: 1\r\n\r\nOK\r\n")
    rig.ask(b"AT+X")
    rig.asked(b"AT+X", b"\r\nOK\r\n\r\nOK\r\n")
    assert rig.engine.cmd.result == DONE


@rows("R214", "R388")
def test_a_restart_within_a_pushed_payload_shows_as_soon_as_it_is_given_up() -> None:
    """RDY was payload then; the echo, which is on again, tells."""
    rig = Rig()
    rig.engine.echo_off = True
    slot, other = rig.open(0, mode=1), rig.open(1)
    rig.feed(b'\r\n+QIURC: "recv",0,100\r\nabc\r\nRDY\r\n')
    rig.quiet()
    assert rig.step(900) == b"" and (slot.state, other.state) == (OPEN, OPEN)
    assert rig.step(200) == b"AT+CMEE?\r"
    rig.feed(b"AT+CMEE?\r\r\n+CMEE: 0\r\n\r\nOK\r\n")  # this echo might be what was left of the payload
    assert rig.take() == b"AT+QIRD=1,512\r"
    rig.feed(b"AT+QIRD=1,512\r\r\nERROR\r\n")
    assert rig.stat("epochs") == 1 and other.err == ECONNRESET


def test_a_payload_that_stands_still_asks_no_module_that_sleeps() -> None:
    rig = Rig()
    slot = rig.open(0, mode=1)
    rig.feed(b'\r\n+QIURC: "recv",0,100\r\nabc')
    rig.quiet()
    rig.engine.rest()
    assert rig.step(1100) == b"" and slot.state == FAILED


def test_a_payload_that_creeps_is_not_given_up() -> None:
    rig = Rig()
    slot = rig.open(mode=1)
    rig.feed(b'\r\n+QIURC: "recv",0,20\r\n')
    for i in range(20):
        assert rig.engine.due(rig.now) >= 0
        rig.step(900)
        rig.feed(bytes([65 + i]))
    rig.feed(b"\r\n")
    assert rig.recv(slot) == b"ABCDEFGHIJKLMNOPQRST" and rig.stat("framing") == 0


def test_a_push_that_nothing_follows_is_whole_after_a_moment() -> None:
    rig = Rig()
    slot = rig.open(mode=1)
    rig.feed(b'\r\n+QIURC: "recv",0,3\r\nabc')
    rig.take()
    assert rig.recv(slot) is None and 0 < rig.engine.due(rig.now) <= 50
    rig.step(rig.engine.due(rig.now))
    assert rig.recv(slot) == b"abc"
    rig.feed(b'\r\n+QIURC: "recv",0,2\r\nde\r\n')
    assert rig.recv(slot) == b"de" and rig.stat("framing") == 0


def test_a_socket_that_failed_in_a_payload_delivers_nothing_of_it() -> None:
    for mode in (0, 1):
        rig = Rig()
        slot = rig.open(mode=mode)
        rig.feed(b'\r\n+QIURC: "recv",0,3\r\n')
        rig.take()
        rig.feed(b"" if mode else b"\r\n+QIRD: 3\r\n")
        rig.feed(b"a")
        slot.fail(ETIMEDOUT)
        rig.feed(b"bc\r\n")
        assert rig.recv(slot) == -1
