"""What many tasks at a module that misbehaves have found in the core."""

from errno import ETIMEDOUT

from kit import cases, rows
from quectel.table import BUFFER, CLOSING, FAILED, FREE, OPEN, PUSH, REFUSED, SENT
from wires import OK, Rig

CLOSED = OK + b"\r\nCLOSE OK\r\n"
CMEE = b"\r\n+CMEE: 1\r\n" + OK


def test_an_answer_behind_a_payload_that_is_coming_gets_its_time() -> None:
    """The command goes out in the middle of a pushed payload."""
    rig = Rig()
    rig.engine.baud = 9600
    rig.open(1, mode=PUSH)
    rig.feed(b'\r\n+QIURC: "recv",1,500\r\n' + b"x" * 10)
    rig.ask(b"AT+X")
    rig.take()
    assert rig.engine.cmd.deadline - rig.now == 300 + rig.engine.wire_ms(5 + 64 + 490)


@rows("R395")
def test_a_close_that_the_module_did_not_hear_is_sent_once_more() -> None:
    """Else the module keeps the connection, and what it pushes for it stands as lines."""
    rig = Rig()
    slot = rig.open(2, mode=PUSH)
    rig.engine.close(slot, slot.gen)
    rig.asked(b"AT+QICLOSE=2")
    assert rig.step(10_400) == b"AT+CMEE?\r"
    rig.feed(CMEE)
    assert slot.state == CLOSING and slot.cid == 2
    rig.asked(b"AT+QICLOSE=2", CLOSED)
    assert slot.state == FREE and slot.cid == -1
    rig.quiet()


def test_a_close_that_is_never_answered_ends() -> None:
    rig = Rig()
    slot = rig.open(2)
    rig.engine.close(slot, slot.gen)
    for _ in range(2):
        rig.asked(b"AT+QICLOSE=2")
        assert rig.step(10_400) == b"AT+CMEE?\r"
        rig.feed(CMEE)
    rig.quiet()
    assert slot.state == FREE and rig.engine.table.free_id() == 0
    again = rig.open(2)
    rig.engine.close(again, again.gen)
    rig.asked(b"AT+QICLOSE=2")
    assert rig.step(10_400) == b"AT+CMEE?\r"
    rig.feed(CMEE)
    rig.asked(b"AT+QICLOSE=2", CLOSED)
    assert again.state == FREE


@rows("R177")
def test_a_switch_without_an_answer_fails_its_socket() -> None:
    """It may push from now on or not: its bytes are neither lost without a word nor taken for lines."""
    for mode in (BUFFER, PUSH):
        rig = Rig()
        slot = rig.open(0, mode=mode)
        rig.ask(b"AT+QISWTMD=0,%d" % (1 - mode))
        rig.engine.switches(slot, 1 - mode)
        rig.take()
        rig.step(400)
        rig.engine.release()
        rig.asked(b"AT+CMEE?")
        assert slot.state == FAILED and slot.err == ETIMEDOUT
        rig.feed(b'\r\n+QIURC: "recv",0,7\r\n\r\nRDY\r\n\r\n' + CMEE)
        rig.quiet()
        assert rig.recv(slot) == -1 and rig.stat("epochs") == rig.stat("framing") == 0 and not rig.engine.resync


@rows("R292")
@cases(b"SEND O", b"SENDOK", b"END OK", b"D OK", b"SEND OJ", b"SEND FAI", b"ND FAIL", b"SENDAFAIL")
def test_a_damaged_result_of_a_send_is_not_waited_for(line: bytes) -> None:
    """Two minutes would pass, in which nobody else can send.  A family that counts what it has taken is asked."""
    for family, ok in (("EC200U", b""), ("BC25", OK)):
        rig = Rig(family)
        slot = rig.open(1)
        assert rig.send(slot, b"data") == 4
        rig.asked(b"AT+QISEND=1,4", b"\r\n> ")
        assert rig.take() == b"data"
        rig.feed(ok + b"\r\n" + line + b"\r\n")
        rig.asked(b"AT+CMEE?", CMEE)
        if slot.dialect.acks:
            rig.asked(b"AT+QISEND=1,0", b"\r\n+QISEND: 4,0,4\r\n" + OK)
            assert slot.state == OPEN and slot.sending == SENT
        else:
            assert slot.state == FAILED and slot.err == ETIMEDOUT and slot.sending == REFUSED
        other = rig.open(2)
        assert rig.send(other, b"more") == 4


def test_the_same_words_are_nobodys_result_while_nothing_is_sent() -> None:
    for line in (b"SEND O", b"D OK", b"SEN", b"SEND FAILED"):
        rig = Rig()
        slot = rig.open(1)
        rig.feed(b"\r\n" + line + b"\r\n")
        assert slot.state == OPEN and rig.stat("unknown") == 1
        rig.quiet()


def test_a_damaged_result_in_front_of_the_ok_that_comes_first_is_not_this_sends() -> None:
    rig = Rig("BC25")
    slot = rig.open(1)
    assert rig.send(slot, b"data") == 4
    rig.asked(b"AT+QISEND=1,4", b"\r\n> ")
    assert rig.take() == b"data"
    rig.feed(b"\r\nEND OK\r\n")
    rig.quiet()
    rig.feed(OK)
    rig.asked(b"AT+CMEE?", CMEE + b"\r\nSEND OK\r\n")
    assert slot.state == OPEN and slot.sending == SENT
