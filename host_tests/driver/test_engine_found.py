"""What many tasks at a module that misbehaves have found in the core."""

from kit import rows
from quectel.table import CLOSING, FREE, PUSH
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
