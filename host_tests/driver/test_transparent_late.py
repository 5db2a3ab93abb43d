"""A CONNECT that comes when nobody waits for it any more."""

from kit import rows
from lent import CONNECT, out, passed, raw
from quectel.command import IDLE, ON_CONNECT
from quectel.table import BUFFER, FREE, OPENING, TRANSPARENT
from wires import OK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from quectel.table import Slot
    from wires import Rig


def given_up() -> "tuple[Rig, Slot]":
    """An open whose CONNECT has not come in time: the module is asked where it stands."""
    rig = raw()
    slot = rig.open()
    slot.state = OPENING
    assert rig.engine.start(b"AT+QIOPEN", None, ON_CONNECT, 300)
    rig.engine.switches(slot, TRANSPARENT)
    rig.asked(b"AT+QIOPEN")
    rig.engine.release()
    assert rig.step(2000) + rig.take() == b"AT+CMEE?\r"
    return rig, slot


def leaves(rig: "Rig") -> None:
    """+++ and its OK, then the module is asked where it stands."""
    assert out(rig) == b"+++"
    rig.step(1000)
    rig.feed(OK)
    passed(rig, 0)
    assert rig.step(100) + rig.take() == b"AT+CMEE?\r"
    rig.feed(b"\r\n+CMEE: 1\r\n" + OK)


@rows("R066")
def test_a_connect_that_comes_too_late() -> None:
    """The open was given up: its slot leaves the mode and is closed, then the module is asked where it stands."""
    rig, slot = given_up()
    rig.engine.close(slot, slot.gen)
    rig.feed(CONNECT + b"data")
    assert rig.engine.owner is slot and rig.engine.cmd.state == IDLE
    leaves(rig)
    rig.asked(b"AT+QICLOSE=0,10", OK)
    assert slot.state == FREE


@rows("R036", "R038")
def test_a_connect_that_comes_too_late_for_a_change_of_the_mode() -> None:
    """The caller was told that nothing has come of it: the socket is in buffer mode soon again, and can send."""
    rig = raw()
    slot = rig.open()
    assert rig.engine.start(b"AT+QISWTMD=0,2", None, ON_CONNECT, 300)
    rig.engine.switches(slot, TRANSPARENT)
    rig.engine.release()
    rig.take()
    assert rig.step(2000) + rig.take() == b"AT+CMEE?\r"
    rig.feed(CONNECT + b"data")
    assert rig.engine.owner is slot and rig.engine.leaving
    leaves(rig)
    assert slot.mode == BUFFER and rig.recv(slot) == b"data" and rig.send(slot, b"x") == 1


@rows("R066")
def test_a_connect_of_nobody() -> None:
    rig, _ = given_up()
    rig.feed(b"\r\n+CMEE: 1\r\n" + OK)
    rig.quiet()
    rig.feed(CONNECT)  # in step again: nobody waits for it any more
    assert rig.engine.owner.index < 0 and rig.stat("late") == 1
