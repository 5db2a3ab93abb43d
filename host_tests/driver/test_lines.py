"""Lines are told apart by what is in flight: echoes, settings, and what ends which command."""

from errno import EIO

from kit import cases, rows
from quectel.command import DONE, ERROR, NO_CARRIER, ON_CONNECT, ON_OK, RESET
from quectel.table import FAILED, FREE, OPEN
from wires import NO_DATA, OK, Rig, answer, urc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from quectel.table import Slot

# --- echoes --------------------------------------------------------------------------------------------------------


@rows("R388")
def test_an_echo_is_no_line_of_the_answer() -> None:
    rig = Rig()
    lines = rig.ask(b"ATI")
    rig.asked(b"ATI", b"ati\r\r\nBC25\r\n" + OK)
    assert lines == [b"BC25"] and rig.engine.epoch == 0


@rows("R388")
def test_an_echo_that_was_switched_off_tells_of_a_restart() -> None:
    rig = Rig()
    slot = rig.open()
    rig.engine.echo_off = True
    rig.ask(b"AT+CGMM")
    rig.asked(b"AT+CGMM", b"AT+CGMM\r\r\n")
    assert rig.engine.epoch == 1 and rig.engine.cmd.result == RESET and slot.state == FAILED
    assert not rig.engine.echo_off  # it is on again, so the next one tells nothing
    rig.engine.release()
    lines = rig.ask(b"AT+CGMR")
    rig.asked(b"AT+CGMR", b"AT+CGMR\r\r\nR1\r\n" + OK)
    assert rig.engine.epoch == 1 and lines == [b"R1"]


@rows("R388")
@cases(b"AT+CLAB", b"AT+CLAC+", b"AT+CLA", b"BT+CLAC", b"AU+CLAC")
def test_a_line_that_only_looks_like_the_echo_tells_nothing(line: bytes) -> None:
    rig = Rig()
    rig.engine.echo_off = True
    rig.ask(b"AT+CLAC")
    rig.asked(b"AT+CLAC", line + b"\r\n" + OK)
    assert rig.engine.epoch == 0 and rig.engine.cmd.result == DONE


# --- words of the module by itself ---------------------------------------------------------------------------------


def test_app_rdy_follows_rdy_and_is_no_restart_of_its_own() -> None:
    rig = Rig()
    rig.feed(b"\r\nAPP RDY\r\n")
    assert (rig.engine.epoch, rig.stat("urcs"), rig.stat("unknown")) == (0, 1, 0)
    rig.feed(b"\r\nAPP RDYS\r\n\r\nAPP RD\r\n")
    assert (rig.engine.epoch, rig.stat("urcs"), rig.stat("unknown")) == (0, 1, 2)


# --- settings ------------------------------------------------------------------------------------------------------


@rows("R199", "R200")
def test_settings_are_taken_from_the_answer_and_not_from_the_ranges() -> None:
    rig = Rig()
    for line, reply, view, show in (
        (b"AT+QICFG=?", b'+QICFG: "viewmode",(0,1)\r\n+QICFG: "showlength",(0,1)', 0, 0),
        (b'AT+QICFG="viewmode"', b'+QICFG: "viewmode",1', 1, 0),
        (b'AT+QICFG="showlength"', b'+QICFG: "showlength",1', 1, 1),
        (b"AT+QICFG=?", b'+QICFG: "viewmode",\r\n+QICFG: "showlength",', 1, 1),
        (b'AT+QICFG="dataformat"', b'+QICFG: "dataformat",0,0', 1, 1),
        (b'AT+QICFG="viewmode"', b'+QICFG:"viewmode",0', 0, 1),
    ):
        rig.ask(line, b"+QICFG:")
        rig.asked(line, b"\r\n" + reply + b"\r\n" + OK)
        assert (rig.engine.view, rig.engine.show) == (view, show), line
        assert len(rig.engine.parser.inline) == 2 * view
        rig.engine.release()


def test_an_answer_that_nobody_collects_ends_with_its_command() -> None:
    rig = Rig()
    assert rig.engine.start(b"AT+CSQ", b"+CSQ:")
    rig.asked(b"AT+CSQ", b"\r\n+CSQ: 1,2\r\n" + OK)
    assert rig.engine.cmd.result == DONE and rig.stat("unknown") == 0


# --- CONNECT -------------------------------------------------------------------------------------------------------


def test_connect_asks_for_the_payload_once() -> None:
    rig = Rig()
    assert rig.engine.start(b'AT+QFUPL="f",6', b"+QFUPL:", ON_OK, 300, b"> file")
    rig.asked(b'AT+QFUPL="f",6', b"\r\nCONNECT\r\n")
    assert rig.take() == b"> file"
    rig.feed(b"\r\n> \r\n\r\nCONNECT\r\n")
    rig.quiet()
    rig.feed(b"\r\n+QFUPL: 6,1\r\n" + OK)
    assert rig.engine.cmd.result == DONE


@cases((b"\r\nCONNECT\r\n", DONE), (b"\r\nNO CARRIER\r\n", NO_CARRIER), (b"\r\nERROR\r\n", ERROR))
def test_what_ends_a_dial(reply: bytes, result: int) -> None:
    rig = Rig()
    assert rig.engine.start(b"ATD*99#", None, ON_CONNECT)
    rig.asked(b"ATD*99#", OK)
    assert rig.engine.cmd.result == 0
    rig.feed(reply)
    assert rig.engine.cmd.result == result


# --- reads ---------------------------------------------------------------------------------------------------------


@cases(b"+QIRD: 513", b"+QIRD: -1", b"+QIRD: x", b"+QIRD:", b"+QIRD: 512\r\n" + b"z" * 512 + b"\r\n\r\n+QIRD: 1")
def test_a_count_that_was_not_asked_for_fails_the_read(reply: bytes) -> None:
    rig = Rig()
    slot, other = rig.open(0), rig.open(1)
    rig.feed(urc('"recv",0'))
    rig.asked(b"AT+QIRD=0,512", b"\r\n" + reply + b"\r\n")
    assert (slot.state, slot.err) == (FAILED, EIO) and rig.stat("framing") == 1
    assert rig.recv(slot) == -1 and other.state == OPEN
    rig.quiet()
    assert rig.step(25) == b"AT+CMEE?\r"
    assert rig.stat("resyncs") == 1


def test_a_count_that_comes_before_its_command_is_out_loses_step_once() -> None:
    """What is left of the command is not sent, as the module is not where we think it is."""
    rig = Rig()
    slot = rig.open()
    rig.feed(urc('"recv",0'))
    rig.engine.tick(rig.now)
    assert rig.engine.ntx == len(b"AT+QIRD=0,512\r")
    rig.feed(b"\r\n+QIRD: 900\r\n")
    assert slot.state == FAILED and rig.stat("resyncs") == 1
    rig.quiet()
    assert rig.step(25) == b"AT+CMEE?\r"


def test_a_header_whose_line_end_was_lost_fails_its_socket() -> None:
    """What stands behind the count is its payload."""
    rig = Rig()
    slot, other = rig.open(0), rig.open(1)
    rig.feed(urc('"recv",0'))
    rig.asked(b"AT+QIRD=0,512", b"\r\n+QIRD: 5hello\r\n" + OK)
    assert (slot.state, slot.err) == (FAILED, EIO) and rig.stat("framing") == 1
    assert rig.recv(slot) == -1 and other.state == OPEN and rig.engine.resync


def test_two_payloads_may_answer_one_read() -> None:
    rig = Rig()
    slot = rig.open()
    rig.feed(urc('"recv",0'))
    rig.asked(b"AT+QIRD=0,512", b"\r\n+QIRD: 3\r\nabc\r\n" + answer(b"defg"))
    assert rig.recv(slot) == b"abcdefg"
    rig.asked(b"AT+QIRD=0,512", NO_DATA)


@cases(b"+QIRD: 0", b"+QIRD: -7", b"+QIRD: x", b"+QIRD: 8\r\nOK\r\n> \r\n")
def test_the_late_answer_to_a_read_is_nobodys(late: bytes) -> None:
    """Its payload is counted off, whatever it looks like."""
    rig = Rig()
    slot, other = rig.open(0), rig.open(1)
    rig.feed(urc('"recv",0'))
    rig.asked(b"AT+QIRD=0,512")
    rig.step(rig.engine.due(rig.now))
    assert slot.state == FAILED
    rig.feed(b"\r\n" + late + b"\r\n" + OK + b"\r\n+CMEE: 1\r\n" + OK + urc('"recv",1'))
    assert rig.stat("late") == 1 and rig.recv(other) is None
    rig.asked(b"AT+QIRD=1,512", answer(b"good"))
    assert rig.recv(other) == b"good" and rig.stat("framing") == 0


def given_up(view: int) -> "tuple[Rig, Slot]":
    """Connection 0 was read and its answer did not come in time; connection 1."""
    rig = Rig()
    if view:
        rig.ask(b'AT+QICFG="viewmode",1', b"+QICFG:")
        rig.asked(b'AT+QICFG="viewmode",1', b'\r\n+QICFG: "viewmode",1\r\n' + OK)
        rig.engine.release()
    rig.open(0)
    other = rig.open(1)
    rig.feed(urc('"recv",0'))
    rig.asked(b"AT+QIRD=0,512")
    rig.step(rig.engine.due(rig.now))
    return rig, other


@rows("R199")
@cases(b"+QIRD: 4,OK\r\n", b"+QIRD: 8,\r\nOK\r\n> ")
def test_the_late_answer_to_a_read_of_view_mode_1_is_nobodys(late: bytes) -> None:
    rig, other = given_up(1)
    rig.feed(b"\r\n" + late + b"\r\n" + OK + b"\r\n+CMEE: 1\r\n" + OK + urc('"recv",1'))
    assert rig.stat("late") == 1 and rig.stat("framing") == 0
    rig.asked(b"AT+QIRD=1,512", b"\r\n+QIRD: 4,good\r\n" + OK)
    assert rig.recv(other) == b"good"


@cases((0, b"+QIRD: 1501"), (1, b"+QIRD: 1501,abc"))
def test_a_late_answer_longer_than_any_packet_is_not_counted_off(view: int, late: bytes) -> None:
    """A damaged digit must not swallow what comes behind it."""
    rig, other = given_up(view)
    rig.feed(b"\r\n" + late + b"\r\n" + OK + b"\r\n+CMEE: 1\r\n" + OK)
    assert rig.engine.parser.raw == 0 and rig.stat("framing") >= 1
    rig.quiet()
    assert rig.step(25) == b"AT+QIRD=1,512\r" and other.state == OPEN  # what was announced meanwhile is asked for


# --- CLOSE OK ------------------------------------------------------------------------------------------------------


@rows("R293")
def test_a_close_ok_without_an_ok_may_be_an_earlier_ones() -> None:
    """It frees the slot; before anything else is sent a query tells where the module is."""
    for reply, step_lost in ((OK + b"\r\nCLOSE OK\r\n", False), (b"\r\nCLOSE OK\r\n", True)):
        rig = Rig()
        slot = rig.open()
        rig.engine.close(slot, slot.gen)
        rig.asked(b"AT+QICLOSE=0", reply)
        assert slot.state == FREE and rig.engine.resync is step_lost
        assert rig.take() == (b"AT+CMEE?\r" if step_lost else b"")


# --- errors --------------------------------------------------------------------------------------------------------


@cases((b"+CME ERROR: 50", 50), (b"+CMS ERROR:300", 300), (b"+CME ERROR: -5", -5))
def test_the_number_of_an_error(line: bytes, code: int) -> None:
    rig = Rig()
    assert rig.engine.start(b"AT+CPIN?", b"+CPIN:")
    rig.asked(b"AT+CPIN?", b"\r\n" + line + b"\r\n")
    assert (rig.engine.cmd.result, rig.engine.cmd.code, rig.engine.cmd.nwords) == (ERROR, code, 0)
