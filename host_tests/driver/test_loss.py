"""Loss is found: bytes that are missing, or come twice, fail their socket, and nothing behind them is delivered.

Every loss in an exchange is tried in test_hostile_losses.py.
"""

from errno import EIO

from kit import cases, rows
from quectel.table import DGRAM, FAILED, OPEN, PUSH
from taught import FOX, NEXT, WHOLE, taught
from wires import Rig, urc

TYPE_CHECKING = False
if TYPE_CHECKING:
    pass

# --- two bytes of a pushed payload ----------------------------------------------------------------------------------

SHORT = b'\r\n+QIURC: "recv",0,10\r\nabcdefgh\r\n'  # two bytes are missing


@rows("R214", "R441")
def test_two_missing_bytes_show_when_a_line_follows_one_line_end() -> None:
    rig, slot, other = taught()
    rig.feed(SHORT + NEXT)
    rig.step(0)
    assert (slot.state, slot.err, rig.recv(slot)) == (FAILED, EIO, -1)
    rig.step(20)
    assert rig.recv(other) == b"hi" and other.state == OPEN and rig.stat("framing") == 1


@rows("R214", "R441")
def test_two_missing_bytes_show_when_nothing_follows() -> None:
    rig, slot, other = taught()
    rig.feed(SHORT)
    rig.step(0)
    assert 0 < rig.engine.due(rig.now) <= 1000
    rig.step(900)
    assert rig.recv(slot) is None and slot.state == OPEN  # the line end may be late
    rig.step(100)
    assert (slot.state, slot.err, other.state) == (FAILED, EIO, OPEN) and rig.engine.due(rig.now) == -1


@rows("R214", "R441")
def test_a_line_end_may_be_late() -> None:
    rig, slot, _ = taught()
    rig.feed(WHOLE[:-2])
    rig.step(0)
    rig.step(500)
    rig.feed(WHOLE[-2:])
    rig.step(0)
    assert rig.recv(slot) is None and 0 < rig.engine.due(rig.now) <= 20
    rig.step(20)
    assert rig.recv(slot) == b"whole"


@rows("R214", "R441")
def test_a_line_that_begins_and_stands_still() -> None:
    """Its CR is a second line end; text is a line behind one line end."""
    for more, whole in ((b"\r", True), (b"\r\n", True), (b"\r\n+QI", True), (b"+", False), (b"+QI", False)):
        rig, slot, _ = taught()
        rig.feed(WHOLE + more)
        rig.step(0)
        rig.step(20)
        assert rig.recv(slot) == (b"whole" if whole else -1), more


@rows("R214", "R441")
def test_the_last_payload_of_a_burst_is_held_for_twenty_milliseconds() -> None:
    rig, slot, other = taught()
    rig.feed(WHOLE + NEXT)
    rig.step(0)
    assert rig.recv(slot) == b"whole" and rig.recv(other) is None and rig.engine.due(rig.now) == 20
    rig.step(19)
    assert rig.recv(other) is None
    rig.step(1)
    assert rig.recv(other) == b"hi" and rig.engine.due(rig.now) == -1


@rows("R214", "R386", "R441")
def test_a_prompt_needs_no_line_end_in_front() -> None:
    rig, slot, other = taught()
    assert rig.send(other, b"data") == 4
    rig.asked(b"AT+QISEND=1,4", WHOLE + b"> ")
    assert rig.take() == b"data" and rig.recv(slot) == b"whole"


@rows("R214", "R388", "R441")
def test_nothing_is_held_while_the_module_may_echo() -> None:
    rig, slot, _ = taught(False)
    rig.ask(b"AT+X")
    rig.asked(b"AT+X", WHOLE + b"AT+X\r\r\nOK\r\n")
    assert rig.recv(slot) == b"whole"


@rows("R214", "R441")
@cases(
    (b"", b"\r\n", 0),  # no line end behind the payload
    (b"", b"\r\n\r\n", 0),  # nor here: the lines have two in front
    (b"\r\n", b"", 0),  # lines have none in front
    (b"\r\n", b"\r\n", 2),
    (b"\r\n", b"\r\n\r\n", 2),
)
def test_what_is_learned_of_a_module(trailing: bytes, front: bytes, known: int) -> None:
    """From one line end and silence behind a payload, and then a line with a line end of its own."""
    rig = Rig()
    rig.engine.echo_off = True
    slot = rig.open(0, mode=PUSH)
    push = front + b'+QIURC: "recv",0,5\r\nwhole' + trailing
    for _ in range(3):
        rig.feed(push + push)
        rig.step(0)
        rig.step(20)
    assert rig.engine.two_pushed == known and rig.stat("framing") == 0
    got = b""
    while rig.recv(slot, 5) == b"whole":
        got += b"whole"
    assert len(got) == 30


@rows("R214", "R441")
def test_doubled_blank_lines_without_silence_teach_nothing() -> None:
    rig = Rig()
    rig.engine.echo_off = True
    rig.open(0, mode=PUSH)
    rig.feed(WHOLE[:-2] + b'\r\n\r\n+QIND: "csq",20\r\n' + WHOLE[:-2])
    rig.step(0)
    rig.step(20)
    assert not rig.engine.two_pushed


@rows("R214", "R441")
def test_a_restart_forgets_what_was_learned() -> None:
    rig, _, _ = taught()
    rig.engine.two_ends = 2
    rig.feed(b"\r\nRDY\r\n")
    rig.step(20)
    assert not rig.engine.two_pushed and not rig.engine.two_ends


@rows("R214", "R441")
def test_what_was_contradicted_twice_is_forgotten() -> None:
    """A module that was misjudged fails two sockets, not one after the other."""
    rig = Rig()
    rig.engine.echo_off = True
    rig.engine.two_pushed = 2
    for cid in range(3):
        slot = rig.open(cid, mode=PUSH)
        rig.feed(b'\r\n+QIURC: "recv",%d,5\r\nwhole\r\n+CEREG: 1\r\n' % cid)
        rig.step(20)
        assert (rig.recv(slot) == b"whole") is (cid == 2)


@rows("R214", "R441")
def test_what_was_confirmed_is_kept() -> None:
    rig, _, other = taught()
    rig.feed(SHORT + NEXT)
    rig.step(0)
    rig.step(20)
    assert rig.engine.two_pushed == 2 and rig.recv(other) == b"hi"


@rows("R214", "R441")
def test_the_one_loss_that_cannot_be_seen_before_anything_is_learned() -> None:
    """The payload holds the line end that was printed behind it."""
    rig = Rig()
    slot = rig.open(0, mode=PUSH)
    rig.feed(SHORT)
    rig.step(0)
    rig.step(20)
    assert rig.recv(slot) == b"abcdefgh\r\n"


# --- how many bytes are missing, and whose they were ------------------------------------------------------------


@rows("R214", "R441")
@cases((1, True), (2, True), (3, True), (4, False), (5, False), (11, False), (20, False))
def test_other_pushed_streams_go_on_if_nothing_of_theirs_can_be_lost(missing: int, alone: bool) -> None:
    """One and three missing bytes leave LF where CR is due, two are known by the line ends."""
    rig, slot, other = taught()
    third = rig.open(2)
    rig.feed(b'\r\n+QIURC: "recv",0,%d\r\n' % len(FOX) + FOX[missing:] + b"\r\n" + NEXT)
    rig.step(0)
    rig.step(20)
    assert (slot.state, slot.err, third.state) == (FAILED, EIO, OPEN)
    assert (rig.recv(other) == b"hi") is alone and (other.state == OPEN) is alone and (alone or other.err == EIO)


@rows("R214")
def test_datagrams_of_others_may_be_lost() -> None:
    rig = Rig()
    slot, other = rig.open(0, mode=PUSH), rig.open(1, kind=DGRAM, mode=PUSH)
    rig.feed(b'\r\n+QIURC: "recv",0,40\r\n' + FOX[:30] + b"\r\n" + NEXT)
    rig.step(0)
    rig.step(20)
    rig.feed(NEXT)
    rig.step(20)
    assert slot.state == FAILED and rig.recv(other) == b"hi"


@rows("R214")
def test_sockets_in_buffer_mode_are_asked_anew() -> None:
    """Their announcement may have gone into the payload."""
    rig = Rig()
    rig.open(0, mode=PUSH)
    other = rig.open(1)
    rig.feed(b'\r\n+QIURC: "recv",0,40\r\n' + FOX[:30] + b"\r\n" + urc('"recv",1'))
    rig.step(0)
    rig.quiet()
    assert rig.step(20) == b"AT+QIRD=1,512\r" and other.state == OPEN


@rows("R214")
def test_a_payload_that_stands_still_may_hold_other_pushes() -> None:
    rig = Rig()
    slot, other, third = rig.open(0, mode=PUSH), rig.open(1, mode=PUSH), rig.open(2)
    rig.feed(b'\r\n+QIURC: "recv",0,400\r\n' + FOX + b"\r\n" + NEXT)
    rig.step(0)
    rig.step(1100)
    assert slot.err == other.err == EIO and third.state == OPEN


@rows("R214", "R441")
def test_a_line_end_is_cr_and_lf() -> None:
    """Behind a damaged count a byte of the payload may be CR by chance."""
    rig = Rig()
    slot = rig.open(0, mode=PUSH)
    rig.feed(b'\r\n+QIURC: "recv",0,5\r\nhello\rworld\r\n')
    assert (slot.state, slot.err, rig.recv(slot)) == (FAILED, EIO, -1)


def test_a_payload_that_stands_still_while_the_module_sleeps() -> None:
    """Nothing is sent to a module that sleeps."""
    rig = Rig()
    slot = rig.open(mode=PUSH)
    rig.feed(urc('"recv",0,5') + b"ab")
    rig.quiet()
    rig.engine.rest()
    assert rig.step(5000) == b"" and slot.state == FAILED and not rig.engine.resync
