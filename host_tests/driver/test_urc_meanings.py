"""What a line means where its text alone does not tell: defects that injecting URCs everywhere has found."""

from kit import cases, rows
from quectel.command import DONE
from quectel.table import FAILED, LISTENER, OPEN, OPENING
from wires import NO_DATA, OK, Rig, answer, urc


@cases(("BC25", b"AT+QIOPEN=?", b"+QIOPEN:"), ("BG96", b"AT+QSSLOPEN=1,1,4", b"+QSSLOPEN:"))
@rows("R065", "R097", "R113")
def test_the_result_of_an_open_is_no_answer_to_another_open(family: str, line: bytes, prefix: bytes) -> None:
    rig = Rig(family)
    slot, other = rig.open(3), rig.open(5)
    slot.state = OPENING
    lines = rig.ask(line, prefix)
    rig.asked(line, b"\r\n" + prefix + b" 3,0\r\n\r\n" + prefix + b" 5,0\r\n\r\n" + prefix + b" (1-3),(0-5)\r\n" + OK)
    assert slot.state == OPEN and slot.opened == 0 and other.opened == -1
    assert lines == [prefix + b" 5,0", prefix + b" (1-3),(0-5)"]
    assert rig.engine.cmd.result == DONE


@cases(b"+CEREG:", b"+CREG:", b"+CGREG:")
def test_the_test_form_of_registration_is_answered(prefix: bytes) -> None:
    rig = Rig()
    lines = rig.ask(b"AT" + prefix[:-1] + b"=?", prefix)
    rig.asked(b"AT" + prefix[:-1] + b"=?", b"\r\n" + prefix + b" 1\r\n\r\n" + prefix + b" (0-2)\r\n" + OK)
    assert lines == [prefix + b" (0-2)"] and rig.engine.stat == 1


@cases((1, True), (2, False), (3, False))
@rows("R096", "R271")
def test_a_context_takes_its_own_connections_with_it(pdp: int, ours: bool) -> None:
    rig = Rig()
    slot, server = rig.open(0), rig.open(1, LISTENER)
    server.pdp = 2
    rig.feed(urc('"incoming",2,1,"10.0.0.9",4000') + urc('"pdpdeact",%d' % pdp))
    client = rig.engine.table.at(2)
    assert (slot.state == FAILED) == ours and rig.engine.pdp_lost == ours
    assert (server.state == FAILED) == (pdp == 2)
    assert (client.index < 0) == (pdp == 2)  # it is in its listener's context


def test_a_context_without_a_number_takes_all_with_it() -> None:
    rig = Rig()
    slot, other = rig.open(0), rig.open(1)
    other.pdp = 2
    rig.feed(urc('"pdpdeact",'))
    assert slot.state == other.state == FAILED and rig.engine.pdp_lost


@cases(b"NORMAL POWER DOWN", b"PSM POWER DOWN", b"POWERED DOWN", b"RDY")
def test_words_of_a_module_that_goes_or_comes(word: bytes) -> None:
    for busy in (False, True):
        rig = Rig()
        slot = rig.open()
        lines = rig.ask(b"ATI") if busy else []
        rig.take()
        rig.feed(b"\r\n" + word + b"\r\n")
        assert slot.state == FAILED and rig.engine.epoch == 1 and rig.stat("urcs") == 1
        assert not lines and rig.engine.cmd.result != DONE


def test_app_rdy_is_no_line_of_an_answer() -> None:
    rig = Rig()
    slot = rig.open()
    lines = rig.ask(b"ATI")
    rig.asked(b"ATI", b"\r\nAPP RDY\r\nBC25\r\n" + OK)
    rig.feed(b"\r\nAPP RDY\r\n")
    assert lines == [b"BC25"] and rig.stat("urcs") == 2
    assert slot.state == OPEN and rig.engine.epoch == 0  # it comes behind RDY


def test_a_prompt_that_comes_too_late_is_no_line_of_an_answer() -> None:
    rig = Rig()
    rig.feed(b"\r\n> ")
    lines = rig.ask(b"ATI")
    rig.asked(b"ATI", b"\r\nBC25\r\n" + OK)
    assert lines == [b"BC25"] and rig.stat("late") == 1


@rows("R441")
def test_line_ends_are_counted_up_to_the_next_line_only() -> None:
    """A URC has line ends of its own; those of a module with one behind a payload are no sign of two."""
    rig = Rig()
    slot = rig.open()
    slot.more = True
    rig.asked(b"AT+QIRD=0,512", b"\r\n+QIRD: 4\r\ndata\r\n" + urc('"recv",3') + b"OK\r\n")
    rig.asked(b"AT+QIRD=0,512", b"\r\n+QIRD: 4\r\nmore\r\nOK\r\n")
    assert slot.state == OPEN and rig.recv(slot) == b"datamore"


@rows("R441")
def test_two_lost_bytes_are_seen_in_front_of_a_urc_too() -> None:
    rig = Rig()
    slot = rig.open()
    slot.more = True
    rig.asked(b"AT+QIRD=0,512", answer(b"data"))
    rig.asked(b"AT+QIRD=0,512", b"\r\n+QIRD: 4\r\nta\r\n" + urc('"recv",3') + OK)
    assert slot.state == FAILED and rig.stat("framing") == 1
    assert rig.recv(slot) == b"data"


def test_a_restart_forgets_the_ok_that_was_to_come() -> None:
    rig = Rig()
    rig.feed(b"\r\n+CMEE: 1\r\n\r\nRDY\r\n")
    lines = rig.ask(b"AT+CSQ", b"+CSQ:")
    rig.asked(b"AT+CSQ", b"\r\n+CSQ: 20,99\r\n" + OK)
    assert rig.engine.cmd.result == DONE and lines == [b"+CSQ: 20,99"]


def test_urcs_between_the_end_of_a_read_and_its_ok() -> None:
    rig = Rig()
    slot = rig.open()
    slot.more = True
    rig.asked(b"AT+QIRD=0,512", b"\r\n+QIRD: 0\r\n" + urc('"recv",0') + OK)
    rig.asked(b"AT+QIRD=0,512", answer(b"more"))
    rig.asked(b"AT+QIRD=0,512", b"\r\n+QIRD: 0\r\n" + urc('"closed",0') + OK)
    rig.asked(b"AT+QIRD=0,512", answer(b"last"))
    rig.asked(b"AT+QIRD=0,512", NO_DATA)
    rig.quiet()
    assert rig.recv(slot) == b"morelast" and rig.recv(slot) == 0
