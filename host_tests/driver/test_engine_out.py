"""The engine's bytes out: prompts, payloads in pieces, and when tick() is due."""

from errno import ECONNRESET, EIO, ETIMEDOUT

import kit
from kit import cases, rows
from quectel.command import DONE, ON_OK, RUN, TIMEOUT
from quectel.table import CLOSING, FAILED, FREE, LISTENER, OPEN, OPENING, PUSH, QUEUED, REFUSED
from scripted import lines
from wires import NO_DATA, OK, Rig, answer, urc

CLOSED = OK + b"\r\nCLOSE OK\r\n"


def file_of(n: int) -> bytes:
    return kit.Random(n + 1).data(n)


# --- payloads ------------------------------------------------------------------------------------------------------


@rows("R149", "R292")
@cases(1, 20, 21, 41, 200)
def test_a_payload_goes_out_in_pieces_of_the_command_buffer(n: int) -> None:
    """As often as the UART takes a few bytes only."""
    for takes in (1, 7, 1000):
        rig = Rig()
        slot = rig.open()
        rig.engine.tx = rig.engine.cmd.tx = bytearray(21)
        data = file_of(n)
        rig.send(slot, data)
        rig.asked(b"AT+QISEND=0,%d" % n, b"\r\n> ")
        out = b""
        while rig.engine.ntx:
            e = rig.engine
            k = min(takes, e.ntx)
            out += bytes(e.tx[e.otx : e.otx + k])
            e.sent(k)
        assert out == data, takes
        rig.quiet()


def test_a_payload_of_a_procedure_is_not_copied_whole() -> None:
    rig = Rig()
    data = file_of(3000)
    assert rig.engine.start(b'AT+QFUPL="f",3000', b"+QFUPL:", ON_OK, 300, data)
    rig.asked(b'AT+QFUPL="f",3000', b"\r\nCONNECT\r\n")
    assert rig.take() == data
    rig.feed(b"\r\n+QFUPL: 3000,1\r\n" + OK)
    assert rig.engine.cmd.result == DONE


@rows("R149")
def test_a_prompt_may_come_before_the_last_byte_of_its_command_is_out() -> None:
    """A module that echoes nothing and is quick: the payload follows the command, in this order."""
    rig = Rig()
    slot = rig.open()
    rig.send(slot, b"data")
    rig.engine.tick(rig.now)
    rig.engine.sent(5)
    rig.feed(b"\r\n> ")
    assert rig.take() == b"SEND=0,4\rdata"


def test_a_command_has_its_time_from_when_it_goes_out() -> None:
    """Between the call and the turn that writes it a board may have stood still. A UART that takes nothing ends it."""
    prompt, late = Rig(), Rig()
    for rig, ms in ((prompt, 0), (late, 1000)):
        rig.ask(b"AT+X")
        assert rig.step(ms) == b"AT+X\r" and rig.engine.cmd.state == RUN
    assert late.engine.due(late.now) == prompt.engine.due(prompt.now) >= 300
    full = Rig()
    full.ask(b"AT+X")
    for ms in (1000, 1000):
        full.now += ms
        full.engine.tick(full.now)
    assert full.engine.cmd.result == TIMEOUT


def test_the_result_of_an_entry_has_its_time_however_late_the_prompt_was_read() -> None:
    """The turn that reads it began long ago, by the engine's time: the data is still to go out."""
    rig = Rig("BC95-G")
    assert rig.engine.start(b"AT+QCOAPSEND=0,2,198.51.100.5,5683", None, ON_OK, 300, b"\x1a")
    rig.take()
    rig.feed(b"\r\n>")
    assert rig.step(1000) == b"\x1a" and rig.engine.cmd.state == RUN
    assert 300 <= rig.engine.due(rig.now) <= 301
    rig.step(299)
    assert rig.engine.cmd.state == RUN
    rig.step(2)
    assert rig.engine.cmd.result == TIMEOUT


def test_a_payload_without_a_byte_has_no_data_entry() -> None:
    rig = Rig()
    assert rig.engine.start(b"AT+X", b"+X:", ON_OK, 300, b"")
    rig.asked(b"AT+X", b"\r\n> ")
    rig.quiet()
    rig.feed(OK)
    assert rig.engine.cmd.result == DONE


@rows("R406")
def test_an_entry_whose_prompt_was_lost_is_filled_with_empty_lines() -> None:
    """The payload itself might hold commands; ESC ends an entry of variable length, CRs one of a fixed length."""
    rig = Rig()
    slot = rig.open()
    rig.engine.tx = rig.engine.cmd.tx = bytearray(24)
    rig.send(slot, b"AT+CFUN=0\r" * 5)
    rig.asked(b"AT+QISEND=0,50")
    out = b""
    for _ in range(40):
        out += rig.step(200)
    assert slot.state == FAILED and b"CFUN" not in out
    first = out.index(b"AT+CMEE?\r") + len(b"AT+CMEE?\r")
    assert out[first : first + 51] == b"\x1b" + b"\r" * 50
    assert out[first + 51 :].startswith(b"AT+CMEE?\r")


@rows("R387")
@cases("OK", "ERROR", "SEND FAIL", "SEND OK", "")
def test_whatever_an_entry_is_cancelled_with_the_next_command_has_its_own_answer(result: str) -> None:
    rig = Rig()
    slot = rig.open()
    rig.send(slot, b"data")
    rig.asked(b"AT+QISEND=0,4")
    out = b""
    while b"\x1b" not in out:
        out += rig.step(200)
    rig.feed(lines(result) if result else b"")
    for _ in range(30):
        asked = rig.step(200)
        if asked:
            rig.feed(lines("+CMEE: 1" if asked == b"AT+CMEE?\r" else "+CMEE: (0-2)", "OK"))
    assert slot.state == FAILED and not rig.engine.resync
    found = rig.ask(b"AT+X", b"+X:")
    rig.asked(b"AT+X", lines("+X: 1", "OK"))
    assert found == [b"+X: 1"] and rig.engine.cmd.result == DONE


# --- time ----------------------------------------------------------------------------------------------------------


def test_tick_is_due_at_the_next_query_while_getting_in_step() -> None:
    rig = Rig()
    slot = rig.open()
    rig.send(slot, b"data")
    rig.asked(b"AT+QISEND=0,4")
    rig.step(rig.engine.due(rig.now))
    assert rig.engine.resync
    assert rig.engine.due(rig.now) == 5000  # so long the prompt may be late
    assert rig.step(4999) == b"" and rig.engine.due(rig.now) == 1
    assert rig.step(1) == b"AT+CMEE?\r"


def test_tick_is_due_at_once_when_a_turn_was_not_taken() -> None:
    """A procedure was turned away and its turn has come; if it does not take it, somebody else is served."""
    rig = Rig()
    rig.open()
    rig.feed(urc('"recv",0'))
    rig.asked(b"AT+QIRD=0,512")
    assert not rig.engine.start(b"AT+X")
    rig.feed(NO_DATA + urc('"recv",0'))
    rig.quiet()
    assert rig.engine.due(rig.now) == 0
    rig.asked(b"AT+QIRD=0,512", NO_DATA)
    rig.quiet()
    assert rig.engine.due(rig.now) == -1


def test_a_query_that_is_answered_before_it_is_out_is_written_to_its_end() -> None:
    """Half of it and the next command would be one wrong line."""
    rig = Rig()
    slot = rig.open()
    rig.ask(b"AT+X")
    rig.take()
    rig.now += rig.engine.due(rig.now)
    rig.engine.tick(rig.now)
    rig.engine.release()
    rig.engine.tick(rig.now)
    assert rig.engine.ntx == len(b"AT+CMEE?\r")
    rig.engine.sent(3)
    rig.feed(b"\r\n+CMEE: 1\r\n" + OK)
    assert not rig.engine.resync and rig.send(slot, b"data") == 4
    assert rig.take() == b"CMEE?\r"
    rig.asked(b"AT+QISEND=0,4", b"\r\n> ")


@cases(PUSH, 0)
def test_a_payload_that_stands_still_is_given_up(mode: int) -> None:
    rig = Rig()
    slot, other = rig.open(0, mode=mode), rig.open(1)
    if mode == PUSH:
        rig.feed(urc('"recv",0,100') + b"x" * 60)
    else:
        rig.feed(urc('"recv",0'))
        rig.asked(b"AT+QIRD=0,512", b"\r\n+QIRD: 100\r\n" + b"x" * 60)
    rig.quiet()
    passed = 0
    while slot.state == OPEN:
        ms = rig.engine.due(rig.now)
        assert ms > 0, passed
        passed += ms
        rig.step(ms)
    assert 1000 < passed <= 1000 + 40 * 12_000 // 115_200 + 1
    assert (slot.state, slot.err) == (FAILED, EIO) and rig.stat("framing") == 1
    assert rig.recv(slot) == -1 and other.state == OPEN and rig.engine.parser.raw == 0
    rig.feed(b"OK\r\n" + urc('"recv",1'))  # the rest of its line is thrown away
    if rig.engine.resync:
        rig.feed(b"\r\n+CMEE: 1\r\n" + OK)
    rig.asked(b"AT+QIRD=1,512", answer(b"good"))
    assert rig.recv(other) == b"good" and rig.stat("late") == 0


def test_a_payload_that_goes_on_is_not_given_up() -> None:
    rig = Rig()
    slot = rig.open(0, mode=PUSH)
    rig.feed(urc('"recv",0,4'))
    for _ in range(3):
        rig.feed(b"x")
        rig.quiet()
        rig.step(900)
    rig.feed(b"x\r\n")
    assert rig.recv(slot) == b"xxxx" and slot.state == OPEN


def test_a_payload_that_nothing_follows_is_whole_after_a_moment() -> None:
    """There are modules that print no line end behind it."""
    rig = Rig()
    slot = rig.open(0, mode=PUSH)
    rig.feed(urc('"recv",0,4') + b"data")
    rig.quiet()
    assert rig.recv(slot) is None and rig.engine.due(rig.now) == 20
    rig.step(19)
    assert rig.recv(slot) is None
    rig.step(1)
    assert rig.recv(slot) == b"data" and rig.engine.due(rig.now) == -1


def test_a_read_that_goes_on_has_no_deadline() -> None:
    """A slow line takes longer for the payload than the command may take for its first answer."""
    rig = Rig()
    slot = rig.open()
    rig.feed(urc('"recv",0'))
    rig.asked(b"AT+QIRD=0,512", b"\r\n+QIRD: 8\r\n")
    for _ in range(8):
        rig.feed(b"y")
        rig.quiet()
        rig.step(200)
    rig.feed(b"\r\n" + OK)
    assert rig.recv(slot) == b"y" * 8 and rig.stat("timeouts") == 0


# --- giving slots back ---------------------------------------------------------------------------------------------


def test_a_failed_socket_that_is_given_back_leaves_the_store_to_others() -> None:
    rig = Rig()
    slot, other = rig.open(0, mode=PUSH), rig.open(1)
    rig.send(slot, b"data")
    rig.feed(urc('"recv",0,1') + b"ab\r\n")
    assert slot.state == FAILED and slot.sending == QUEUED
    rig.engine.close(slot, slot.gen)
    assert slot.sending == REFUSED and rig.send(other, b"more") == 4
    rig.quiet()  # bytes of the payload may still come
    written = rig.step(20)
    rig.feed(CLOSED if written == b"AT+QICLOSE=0\r" else b"\r\n> ")
    assert {written, rig.take()} <= {b"AT+QICLOSE=0\r", b"AT+QISEND=1,4\r", b"more"}


@rows("R212", "R217")
def test_clients_that_nobody_has_accepted_are_closed_with_their_listener() -> None:
    rig = Rig()
    listener = rig.open(0)
    listener.kind = LISTENER
    rig.feed(urc('"incoming",3,0,"1.2.3.4",80') + urc('"incoming",4,0,"1.2.3.4",81'))
    accepted = rig.engine.table.at(4)
    accepted.parent = -1
    rig.engine.close(listener, listener.gen)
    closed = []
    for _ in range(3):
        closed.append(rig.take())
        rig.feed(CLOSED if closed[-1] else b"")
    assert set(closed) == {b"AT+QICLOSE=0\r", b"AT+QICLOSE=3\r", b""}
    assert accepted.state == OPEN and rig.engine.table.at(4) is accepted


def test_a_listener_that_was_never_opened_closes_nobody() -> None:
    rig = Rig()
    slot, other = rig.open(0), rig.open(1)
    rig.engine.table.fail_all(ECONNRESET, 570)
    slot.kind = LISTENER
    assert other.parent == slot.cid == -1
    rig.engine.close(slot, slot.gen)
    assert slot.state == FREE and other.state == FAILED
    rig.quiet()


def test_a_slot_is_given_back_once() -> None:
    rig = Rig()
    slot = rig.open()
    rig.engine.close(slot, slot.gen)
    rig.asked(b"AT+QICLOSE=0")
    rig.engine.close(slot, slot.gen)
    rig.feed(CLOSED)
    rig.quiet()
    rig.engine.close(slot, slot.gen)
    assert slot.state == FREE


def test_a_slot_whose_part_is_being_written_waits_for_its_end() -> None:
    """Its bytes are announced to the module, and another's would go out in their place."""
    rig = Rig()
    slot = rig.open()
    rig.send(slot, b"data")
    rig.asked(b"AT+QISEND=0,4")
    rig.feed(urc('"pdpdeact",1'))
    assert slot.state == FAILED and slot.cid == -1
    rig.engine.close(slot, slot.gen)
    assert slot.state == CLOSING
    rig.feed(b"\r\n> ")
    assert rig.take() == b"data"
    rig.feed(b"\r\nERROR\r\n")
    rig.asked(b"AT+QIGETERROR", b"\r\n+QIGETERROR: 567,x\r\n" + OK)
    rig.quiet()
    assert slot.state == FREE


# --- what a caller gets --------------------------------------------------------------------------------------------


@cases(OPENING, FAILED, CLOSING, FREE)
def test_nothing_can_be_sent_on_what_is_not_open(state: int) -> None:
    rig = Rig()
    slot = rig.open()
    slot.state = state
    assert rig.send(slot, b"data") == -1


def test_nothing_comes_from_a_slot_that_is_opening_or_failed() -> None:
    for state, got in ((OPENING, None), (FAILED, -1), (FREE, -1)):
        rig = Rig()
        slot = rig.open()
        slot.state = state
        assert rig.recv(slot) == got, state


def test_nothing_is_accepted_while_getting_in_step() -> None:
    rig = Rig()
    slot = rig.open()
    rig.ask(b"AT+X")
    rig.take()
    rig.step(rig.engine.due(rig.now))
    assert rig.engine.cmd.result == TIMEOUT and rig.engine.resync
    assert rig.send(slot, b"data") is None
    assert slot.err != ETIMEDOUT and slot.state == OPEN
