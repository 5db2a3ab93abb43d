"""The engine: reading, sending and closing, and who comes next."""

from errno import EIO, ENOBUFS

from kit import cases, rows
from quectel.table import (
    CLOSING,
    DGRAM,
    ENDED,
    FAILED,
    FREE,
    HALF,
    OPEN,
    PUSH,
    QUEUED,
    REFUSED,
    SENT,
)
from wires import NO_DATA, OK, Rig, answer, urc

# --- receiving ----------------------------------------------------------------------------------------------------


@rows("R108", "R166", "R170", "R171", "R213", "R284")
def test_an_announcement_is_read_until_nothing_is_left() -> None:
    rig = Rig()
    slot = rig.open(2)
    rig.quiet()
    rig.feed(urc('"recv",2'))
    rig.asked(b"AT+QIRD=2,512", answer(b"x" * 512, b",0"))  # 0 left of this segment is not 0 left
    rig.asked(b"AT+QIRD=2,512", answer(b"\r\nOK\r\n", b",7"))
    rig.asked(b"AT+QIRD=2,512", NO_DATA)
    rig.quiet()
    assert rig.recv(slot) == b"x" * 512 + b"\r\nOK\r\n" and rig.recv(slot) is None
    assert rig.engine.due(rig.now) == 5000  # then the module is asked whether it has forgotten to announce some


@rows("R108", "R389")
def test_data_that_come_while_the_last_read_is_answered_are_read_too() -> None:
    for moment in range(4):
        rig = Rig()
        slot = rig.open()
        rig.feed(urc('"recv",0'))
        assert rig.take() == b"AT+QIRD=0,512\r"
        parts = [b"", b"\r\n+QIRD: 0\r\n", b"\r\nOK\r\n", b""]
        parts[moment] = urc('"recv",0') + parts[moment]
        rig.feed(b"".join(parts))
        rig.asked(b"AT+QIRD=0,512", answer(b"abc"))
        rig.asked(b"AT+QIRD=0,512", NO_DATA)
        rig.quiet()
        assert rig.recv(slot) == b"abc", moment


def test_a_full_ring_is_not_read_into() -> None:
    rig = Rig(rx_ring=600)
    slot = rig.open()
    rig.feed(urc('"recv",0'))
    rig.asked(b"AT+QIRD=0,512", answer(b"a" * 512))
    rig.quiet()  # 88 bytes of room are not worth a command
    assert rig.recv(slot, 200) == b"a" * 200
    rig.quiet()
    assert rig.recv(slot, 100) == b"a" * 100
    rig.asked(b"AT+QIRD=0,388", NO_DATA)
    rig.quiet()


@cases(64, 100, 511, 512, 513)
def test_a_small_ring_is_read_in_small_pieces(size: int) -> None:
    rig = Rig(rx_ring=size)
    slot = rig.open()
    rig.feed(urc('"recv",0'))
    got = b""
    for _ in range(80):
        written = rig.take()
        if not written:
            break
        n = int(written[10:-1])
        assert n <= size
        rig.feed(answer(b"z" * n) if len(got) < 2000 else NO_DATA)
        part = rig.recv(slot, 40)
        while isinstance(part, bytes):
            got += part
            part = rig.recv(slot, 40)
    assert len(got) >= 2000 and rig.stat("framing") == 0


@rows("R167", "R168", "R291")
@cases(("BC25", b"AT+QIRD=0,512"), ("BC65", b"AT+QIRD=0,1024"), ("BG96", b"AT+QIRD=0,1500"))
def test_a_read_asks_for_the_familys_most(family: str, line: bytes) -> None:
    rig = Rig(family)
    rig.open()
    rig.feed(urc('"recv",0'))
    rig.asked(line)


@cases(b"513", b"99999999999", b"600,2")
def test_a_count_above_what_was_asked_for_is_refused(count: bytes) -> None:
    rig = Rig()
    slot = rig.open()
    rig.feed(urc('"recv",0'))
    rig.asked(b"AT+QIRD=0,512", b"\r\n+QIRD: " + count + b"\r\n")
    assert (slot.state, slot.err) == (FAILED, EIO) and rig.stat("framing") == 1
    assert rig.recv(slot) == -1
    rig.quiet()  # the payload still comes
    assert rig.step(20) == b"AT+CMEE?\r"


@cases((b"5,0", 0), (b"5,600", 600), (b"5,65535", 65535))
def test_a_pushed_count_above_any_limit_is_refused(count: bytes, n: int) -> None:
    """One damaged digit must not swallow what comes behind it."""
    rig = Rig("BG96")
    slot = rig.open(5, mode=PUSH)
    rig.feed(b'\r\n+QIURC: "recv",' + count + b"\r\n" + b"p" * min(n, 600) + b"\r\n")
    if n != 600:
        assert rig.engine.parser.raw == 0 and (slot.state, slot.err) == (FAILED, EIO)
    else:
        assert rig.recv(slot) == b"p" * n and slot.state == OPEN


@rows("R095", "R214")
def test_pushed_data_and_a_ring_that_is_full() -> None:
    rig = Rig("BG96", rx_ring=100)
    slot, other = rig.open(1, mode=PUSH), rig.open(2, mode=PUSH)
    rig.feed(urc('"recv",1,60')[:-2] + b"\r\n" + b"a" * 60 + b"\r\n", 7)
    rig.feed(urc('"recv",2,3')[:-2] + b"\r\nOK\r\r\n")
    assert rig.recv(other) == b"OK\r"
    rig.feed(urc('"recv",1,60')[:-2] + b"\r\n" + b"b" * 60 + b"\r\n", 7)
    assert (slot.state, slot.err) == (FAILED, EIO) and rig.stat("rx_lost") > 0
    assert rig.recv(slot) == b"a" * 60 and rig.recv(slot) == -1  # what was whole is delivered
    rig.feed(urc('"recv",2,1')[:-2] + b"\r\nx\r\n")
    assert rig.recv(other) == b"x" and rig.stat("framing") == 0


def test_datagrams_keep_their_borders() -> None:
    rig = Rig("BC25", rx_ring=1536)
    slot = rig.open(kind=DGRAM)
    rig.feed(urc('"recv",0'))
    for size in (1, 300, 512):
        rig.asked(b"AT+QIRD=0,512", answer(bytes([size & 255]) * size))
    rig.asked(b"AT+QIRD=0,512", NO_DATA)
    assert rig.recv(slot) == b"\x01"
    assert rig.recv(slot, 10) == b"\x2c" * 10 and rig.stat("dgram_cut") == 1
    assert rig.recv(slot) == b"\0" * 512 and rig.recv(slot) is None


# --- the end of a connection --------------------------------------------------------------------------------------


@rows("R174", "R393", "R394")
def test_what_the_module_holds_is_read_before_the_end() -> None:
    for order in (('"recv",0', '"closed",0'), ('"closed",0',), ('"closed",0', '"recv",0')):
        rig = Rig()
        slot = rig.open()
        rig.feed(b"".join([urc(text) for text in order]))
        assert slot.state == HALF
        rig.asked(b"AT+QIRD=0,512", answer(b"last"))
        rig.asked(b"AT+QIRD=0,512", NO_DATA)
        rig.quiet()
        assert slot.state == ENDED and rig.recv(slot) == b"last" and rig.recv(slot) == 0, order


@rows("R393")
def test_a_module_that_reads_nothing_after_closed_ends_the_stream() -> None:
    rig = Rig()
    slot = rig.open()
    rig.feed(urc('"closed",0'))
    rig.asked(b"AT+QIRD=0,512", b"\r\nERROR\r\n")
    rig.quiet()
    assert rig.recv(slot) == 0


def test_closed_in_push_mode_ends_at_once() -> None:
    rig = Rig()
    slot = rig.open(mode=PUSH)
    rig.feed(urc('"recv",0,2')[:-2] + b"\r\nab\r\n" + urc('"closed",0'))
    assert rig.recv(slot) == b"ab" and rig.recv(slot) == 0
    rig.quiet()


@rows("R293")
@cases(("BC25", b"AT+QICLOSE=0", b"\r\nOK\r\n\r\nCLOSE OK\r\n"), ("BG96", b"AT+QICLOSE=0,10", OK))
def test_a_slot_given_back_is_closed_at_the_module_first(family: str, line: bytes, reply: bytes) -> None:
    rig = Rig(family)
    slot = rig.open()
    rig.engine.close(slot, slot.gen)
    assert slot.state == CLOSING
    rig.asked(line)
    rig.feed(reply[:6] if family == "BC25" else b"")
    assert slot.state == CLOSING
    rig.feed(reply[6:] if family == "BC25" else reply)
    assert slot.state == FREE and rig.engine.table.free_id() == 0


@cases(b"\r\nERROR\r\n", b"\r\n+CME ERROR: 3\r\n")
def test_a_close_that_the_module_refuses_frees_the_slot(reply: bytes) -> None:
    rig = Rig()
    slot = rig.open()
    rig.engine.close(slot, slot.gen)
    rig.asked(b"AT+QICLOSE=0", reply)
    assert slot.state == FREE
    rig.quiet()


def test_what_was_accepted_goes_out_before_the_close() -> None:
    rig = Rig()
    slot = rig.open()
    rig.send(slot, b"bye")
    rig.engine.close(slot, slot.gen)
    rig.asked(b"AT+QISEND=0,3", b"\r\n> ")
    assert rig.take() == b"bye"
    rig.feed(OK)
    rig.quiet()
    rig.feed(b"\r\nSEND OK\r\n")
    rig.asked(b"AT+QICLOSE=0", OK + b"\r\nCLOSE OK\r\n")
    assert slot.state == FREE and rig.engine.sender.index < 0


def test_a_stale_generation_touches_nothing() -> None:
    rig = Rig()
    slot = rig.open()
    old = slot.gen
    slot.state = FREE
    fresh = rig.open()
    assert fresh is slot and rig.engine.try_recv(slot, old, bytearray(4), 0, 4) == -1
    assert rig.engine.try_send(slot, old, b"x", 0, 1) == -1
    rig.engine.close(slot, old)
    assert slot.state == OPEN


# --- sending ------------------------------------------------------------------------------------------------------


@rows("R075", "R149", "R292")
@cases(("BC25", OK + b"\r\nSEND OK\r\n"), ("BG96", b"\r\nSEND OK\r\n"))
def test_a_send_and_its_result(family: str, result: bytes) -> None:
    rig = Rig(family)
    slot = rig.open(3)
    data = b"> \r\nOK\r\nSEND FAIL\r\n" * 20
    assert rig.send(slot, data) == len(data) and slot.sending == QUEUED
    assert rig.send(slot, b"next") is None  # the store holds one part
    rig.asked(b"AT+QISEND=3,%d" % len(data), b"AT+QISEND=3,%d\r\r\n> " % len(data))
    assert rig.take() == data and not rig.engine.settled(slot)
    for cut in range(1, len(result)):
        assert slot.sending != SENT
        rig.feed(result[cut - 1 : cut])
    rig.feed(result[-1:])
    assert slot.sending == SENT and rig.engine.settled(slot) and rig.stat("late") == 0


@cases(("BC25", 512), ("BC65", 1440), ("BG96", 1460))
def test_a_part_is_at_most_what_the_family_sends_at_once(family: str, most: int) -> None:
    rig = Rig(family)
    slot = rig.open()
    assert rig.send(slot, b"x" * 2000) == most
    rig.asked(b"AT+QISEND=0,%d" % most, b"\r\n> ")
    assert rig.take() == b"x" * most


def test_nothing_to_send_sends_nothing() -> None:
    rig = Rig()
    slot = rig.open()
    assert rig.send(slot, b"") == 0
    rig.quiet()


@rows("R075")
@cases("BC25", "BG96")
def test_send_fail_is_tried_again_later_and_later(family: str) -> None:
    rig = Rig(family)
    slot = rig.open()
    rig.send(slot, b"data")
    late = slot.dialect.late_result
    for tries in range(9):
        rig.asked(b"AT+QISEND=0,4", b"\r\n> ")
        assert rig.take() == b"data"
        rig.feed((OK if late else b"") + b"\r\nSEND FAIL\r\n")
        rig.quiet()
        if tries < 8:
            assert rig.engine.due(rig.now) == 100 << tries
            assert rig.step((100 << tries) - 1) == b""
            rig.now += 1
    assert (slot.sending, slot.err, slot.state) == (REFUSED, ENOBUFS, OPEN) and rig.stat("send_fail") == 8
    assert rig.send(slot, b"again") == 5
    rig.asked(b"AT+QISEND=0,5", b"\r\n> ")
    assert rig.take() == b"again"
    rig.feed((OK if late else b"") + b"\r\nSEND OK\r\n")
    assert slot.sending == SENT


def test_reading_goes_on_while_a_send_waits() -> None:
    rig = Rig()
    slot, other = rig.open(0), rig.open(1)
    rig.send(slot, b"data")
    rig.asked(b"AT+QISEND=0,4", b"\r\n> ")
    rig.take()
    rig.feed(OK + b"\r\nSEND FAIL\r\n" + urc('"recv",1') + urc('"recv",0'))
    for _ in range(2):
        cid = rig.take()[8] - 48
        rig.feed(NO_DATA)
        assert cid in (0, 1)
    rig.quiet()
    assert other.state == OPEN and rig.step(100) == b"AT+QISEND=0,4\r"


@rows("R207", "R278")
def test_a_bare_error_is_asked_for_its_reason_at_once() -> None:
    rig = Rig()
    slot, other = rig.open(0), rig.open(1)
    rig.send(slot, b"data")
    rig.asked(b"AT+QISEND=0,4", urc('"recv",1') + b"\r\nERROR\r\n")
    rig.asked(b"AT+QIGETERROR", b"\r\n+QIGETERROR: 567,socket has been closed\r\n" + OK)
    assert (slot.state, slot.code, slot.sending) == (FAILED, 567, REFUSED)
    rig.asked(b"AT+QIRD=1,512", NO_DATA)
    assert other.state == OPEN


@rows("R207")
def test_a_read_that_is_refused_fails_with_the_reason() -> None:
    rig = Rig()
    slot = rig.open()
    rig.feed(urc('"recv",0'))
    rig.asked(b"AT+QIRD=0,512", b"\r\nERROR\r\n")
    rig.asked(b"AT+QIGETERROR", b"\r\n+QIGETERROR: 567,socket has been closed\r\n" + OK)
    assert (slot.state, slot.code) == (FAILED, 567)


@cases(b"\r\nERROR\r\n", b"\r\n+QIGETERROR: x\r\n\r\nOK\r\n", OK)
def test_a_reason_that_is_not_given_is_eio(reply: bytes) -> None:
    rig = Rig()
    slot = rig.open()
    rig.send(slot, b"data")
    rig.asked(b"AT+QISEND=0,4", b"\r\nERROR\r\n")
    rig.asked(b"AT+QIGETERROR", reply)
    assert (slot.state, slot.err, slot.code) == (FAILED, EIO, 0)
    rig.quiet()
