"""What the mutation fuzzer has found in the core; see test_fuzz_found.py for what stands on it."""

from fuzz_module import Module
from kit import cases, rows
from quectel import PUSH
from quectel.command import DONE
from quectel.table import FAILED, FREE, LISTENER, MESSAGES, OPEN, SENT
from wires import Rig

MOST = 8192  # what the lines of one answer may cost


CLOSED = b"\r\nOK\r\n\r\nCLOSE OK\r\n"


class Hearing(Rig):
    """A rig to which the fuzzer's module speaks."""

    def hear(self, data: bytes, at: int, n: int, cid: int) -> None:
        self.feed(data)


@rows("R217")
def test_a_client_that_comes_in_while_its_listener_is_closed_is_closed_too() -> None:
    """Nobody could accept it any more, and its slot would be lost."""
    rig = Rig()
    listener = rig.open(0, kind=LISTENER)
    rig.engine.close(listener, listener.gen)
    rig.asked(b"AT+QICLOSE=0", b'\r\n+QIURC: "incoming",1,0,"10.0.0.7",4711\r\n' + CLOSED)
    rig.asked(b"AT+QICLOSE=1", CLOSED)
    assert [slot.state for slot in rig.engine.table.slots] == [FREE] * 4 and rig.stat("no_slot") == 1


@rows("R217")
@cases(b"\r\nRDY\r\n", b'\r\n+QIURC: "pdpdeact",1\r\n')
def test_a_client_that_nobody_has_accepted_goes_with_its_listener(gone: bytes) -> None:
    """After a restart of the module, too: else its slot would be lost."""
    rig = Rig()
    listener = rig.open(0, kind=LISTENER)
    rig.feed(b'\r\n+QIURC: "incoming",1,0,"10.0.0.7",4711\r\n\r\n+QIURC: "recv",1\r\n')
    rig.asked(b"AT+QIRD=1,512")
    rig.feed(gone)
    rig.feed(b"\r\n+QIRD: 0\r\n\r\nOK\r\n")
    rig.step(100)
    assert [slot.state for slot in rig.engine.table.slots] == [FAILED, FREE, FREE, FREE]
    rig.engine.close(listener, listener.gen)
    rig.step(100)
    assert [slot.state for slot in rig.engine.table.slots] == [FREE] * 4


def test_a_restart_in_the_middle_of_a_command_line_is_looked_into() -> None:
    """If it was none, what went out of the line would stand in front of the next command."""
    rig = Rig()
    rig.ask(b"AT+X")
    rig.engine.tick(rig.now)
    rig.engine.sent(4)
    rig.feed(b"\r\nRDY\r\n")
    rig.engine.release()
    assert not rig.engine.start(b"AT+Y")
    rig.asked(b"AT+CMEE?", b"\r\nERROR\r\n")
    assert rig.step(1100) == b"AT+CMEE?\r"
    rig.feed(b"\r\n+CMEE: 1\r\n\r\nOK\r\n")
    for _ in range(30):
        if b"CMEE=?" in rig.step(100):
            rig.feed(b"\r\n+CMEE: (0-2)\r\n\r\nOK\r\n")
    assert rig.engine.start(b"AT+Y")


@cases(b"+X: 0", b"rubbish", b"\r\nOK", b"\r\nERROR\r", b"\r\nCLOSE OK")
def test_what_was_left_of_a_line_is_no_answer_to_the_command_behind_it(left: bytes) -> None:
    """A line that began before the command went out cannot be its answer."""
    rig = Rig()
    rig.feed(left)
    lines = rig.ask(b"AT+X", b"+X:")
    rig.asked(b"AT+X", b"\r\n+X: 1\r\n\r\nOK\r\n")
    assert rig.engine.cmd.result == DONE and lines == [b"+X: 1"], lines
    rig.engine.release()
    lines = rig.ask(b"AT+X", b"+X:")
    rig.asked(b"AT+X", b"\r\n+X: 2\r\n\r\nOK\r\n")
    assert rig.engine.cmd.result == DONE and lines == [b"+X: 2"], lines


def test_a_urc_or_a_late_result_that_a_command_has_cut_in_two_is_read() -> None:
    cut = ((b'\r\n+QIURC: "re', b'cv",0\r\n'), (b'\r\n+QIURC: "recv",0\r', b"\n"), (b"\r\nRD", b"Y\r\n"))
    for first, second in cut:
        rig = Rig()
        slot = rig.open()
        rig.feed(first)
        rig.ask(b"AT+X")
        rig.asked(b"AT+X", second + b"\r\nOK\r\n")
        assert rig.stat("urcs") == 1 and (slot.more or slot.state != OPEN), first
    rig = Rig()
    slot = rig.open()
    assert rig.send(slot, b"abc") == 3
    rig.asked(b"AT+QISEND=0,3", b"\r\n> ")
    assert rig.take() == b"abc"
    rig.feed(b"\r\nOK\r\n\r\nSEND O")
    rig.ask(b"AT+X")
    rig.asked(b"AT+X", b"K\r\n\r\nOK\r\n")
    assert rig.engine.settled(slot) and rig.engine.cmd.result == DONE


@rows("R261")
def test_hex_digits_end_where_their_line_ends() -> None:
    """Of a message that was cut short nothing is taken, and the line behind it is read."""
    for cut in (b"2,2.05,8,4,ABCD", b"2,2.05,8,4,ABC", b"2,2.05,8,4,", b"2,2.01,13358,2,8"):
        for piece in (1, 512):
            rig = Rig("BC95-G")
            slot = rig.engine.messages = rig.engine.table.take() or rig.engine.table.nobody
            slot.kind = MESSAGES
            slot.state = OPEN
            rig.feed(b'\r\n+QCOAPURC: "rsp",10.0.0.9,5683,' + cut, piece)
            lines = rig.ask(b"AT+X", b"+X:")
            rig.take()
            rig.feed(b"\r\n+X: 1\r\n\r\nOK\r\n", piece)
            assert rig.engine.cmd.result == DONE and lines == [b"+X: 1"], (cut, piece, lines)


@rows("R166", "R213")
def test_bytes_lost_from_a_push_are_no_matter_of_a_read() -> None:
    """The read of another socket goes on."""
    rig = Rig()
    reading, pushed = rig.open(0), rig.open(1, mode=PUSH)
    rig.feed(b'\r\n+QIURC: "recv",0\r\n')
    rig.asked(b"AT+QIRD=0,512", b'\r\n+QIURC: "recv",1,5\r\nabcd\r\n\r\n+QIRD: 3\r\nxyz\r\n\r\nOK\r\n')
    assert pushed.state == FAILED and rig.recv(reading) == b"xyz"


@rows("R388")
def test_a_late_echo_is_no_damage() -> None:
    """Sockets in direct push mode go on."""
    rig = Rig()
    slot = rig.open(mode=PUSH)
    rig.ask(b"AT+X=12345")
    rig.take()
    rig.step(400)
    rig.engine.release()
    rig.feed(b"AT+X=12345\r\r\nOK\r\nAT+CMEE?\r\r\n+CMEE: 1\r\n\r\nOK\r\n")
    rig.step(100)
    rig.feed(b"AT+X=12345\r\r\nOK\r\n")
    rig.step(100)
    assert slot.state == OPEN and rig.stat("framing") == 0
    rig.engine.echo_off = True
    rig.feed(b"AT+X=12345\r\r\nOK\r\n")
    assert slot.state == FAILED, "no echo can come"


@rows("R199")
@cases((0, b"+QIRD: 9,"), (1, b"+QIRD: 9,0,"))
def test_a_late_payload_of_view_mode_1_is_counted_off(show: int, head: bytes) -> None:
    for piece in (1, 4, 512):
        rig = Rig()
        slot, other = rig.open(0), rig.open(1)
        rig.engine.view = 1
        rig.engine.show = show
        rig.engine._views()
        rig.feed(b'\r\n+QIURC: "recv",0\r\n')
        assert rig.take() == b"AT+QIRD=0,512\r"
        rig.step(400)
        rig.feed(b"\r\n" + head + b"xx\r\nRDY\r\n" + b"\r\n\r\nOK\r\n\r\n+CMEE: 1\r\n\r\nOK\r\n", piece)
        assert rig.recv(slot) == -1 and rig.stat("epochs") == 0 and other.state == OPEN, piece
        assert rig.stat("framing") == 0 and rig.stat("rx_lost") == 9 and not rig.engine.resync, piece


@rows("R406")
def test_a_data_entry_that_nobody_knows_of_is_ended() -> None:
    """The host has restarted in the middle of a data entry, or an OK that was none has ended a command too early."""
    for wanted in (1460, 400, 3, -1):
        rig = Hearing("BG96")
        module = Module()
        module.plug(rig.engine.family, rig.hear)
        module.hear(b"AT+QISEND=0,%d\r" % wanted if wanted > 0 else b"AT+QCOAPSEND=0,1,10.0.0.9,5683\r")
        rig.ask(b"AT")
        for _ in range(2000):
            module.hear(rig.step(10))
            rig.engine.release()
        assert not module.entering() and not rig.engine.resync and not rig.engine.silent, wanted
        rig.ask(b"AT+X")
        module.hear(rig.take())
        assert rig.engine.cmd.result == DONE, wanted


def test_a_module_that_babbles_does_not_fill_the_heap() -> None:
    """Of an answer no more is kept than a stated amount; the rest is counted."""
    for line in (b"+X: " + b"x" * 200, b"+X: 1"):
        rig = Rig()
        lines = rig.ask(b"AT+X", b"+X:")
        rig.take()
        for _ in range(1000):
            rig.feed(b"\r\n" + line + b"\r\n")
        rig.feed(b"\r\nOK\r\n")
        assert rig.engine.cmd.result == DONE and lines[0] == line
        assert 0 < MOST - len(lines) * (len(line) + 16) < 300, len(lines)
        assert rig.stat("rx_lost") == (1000 - len(lines)) * len(line)
        rig.engine.release()
        lines = rig.ask(b"AT+X", b"+X:")
        rig.asked(b"AT+X", b"\r\n+X: 1\r\n\r\nOK\r\n")
        assert lines == [b"+X: 1"]


@rows("R292")
def test_a_send_information_is_one_of_this_connection() -> None:
    """The answer to a test command that comes too late says nothing of a send."""
    for line in (b'+QISEND: (0-5),(1-512),"<data>"', b"+QISEND: 1,0,100", b"+QISEND: 0", b"+QISEND: 0,"):
        rig = Rig()
        slot = rig.open()
        assert rig.send(slot, b"abc") == 3
        rig.asked(b"AT+QISEND=0,3", b"\r\n" + line + b"\r\n\r\n> ")
        assert rig.take() == b"abc"
        rig.feed(b"\r\nOK\r\n")
        assert not rig.engine.settled(slot), line
        rig.feed(b"\r\nSEND OK\r\n")
        assert rig.engine.settled(slot) and slot.sending == SENT, line


@rows("R105", "R278")
def test_the_answer_of_a_command_that_was_given_up_is_no_stray_payload() -> None:
    """Behind its end a line without a name is one again, while connections are pushed to."""
    for given_up in (True, False):
        rig = Rig()
        slot = rig.open(mode=PUSH)
        lines = rig.ask(b"AT+CGMM", b"+CGMM:")
        assert rig.take() == b"AT+CGMM\r"
        if given_up:
            rig.engine.release()
        rig.feed(b"\r\nBC25\r\n\r\nCall Ready\r\n\r\nOK\r\n")
        assert lines == ([] if given_up else [b"BC25"]) and slot.state == OPEN
        rig.engine.release()
        rig.feed(b"\r\nBC25\r\n")
        assert slot.state == FAILED and rig.stat("framing") == 1
