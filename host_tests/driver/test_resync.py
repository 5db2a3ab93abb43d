"""Deadlines, and getting back in step after one: no late answer becomes the next command's."""

from errno import ETIMEDOUT

import kit
from kit import cases, rows
from quectel.command import DONE, IDLE, ON_OK, TIMEOUT
from quectel.table import FAILED, FREE, OPEN, PUSH, REFUSED, SENT
from wires import LateModule, Rig

# --- deadlines ---------------------------------------------------------------------------------------------------


@rows("R021")
@cases(0, 1000, (1 << 30) - 400, (1 << 30) - 150, (1 << 30) - 1)
def test_a_deadline_is_the_response_time_and_the_wire_time(now: int) -> None:
    rig = Rig(now=now)
    rig.quiet()
    assert rig.engine.due(rig.now) == -1
    rig.ask(b"AT+X")
    wire_ms = (5 + 64) * 10 * 1200 // 115_200 + 1
    assert rig.engine.due(rig.now) == 300 + wire_ms
    assert rig.take() == b"AT+X\r"
    assert rig.step(300) == b"" and rig.engine.due(rig.now) == wire_ms
    assert rig.step(wire_ms - 1) == b"" and rig.engine.due(rig.now) == 1
    assert rig.engine.cmd.result == 0
    rig.step(1)
    assert rig.engine.cmd.result == TIMEOUT and rig.stat("timeouts") == rig.stat("resyncs") == 1


def test_a_slow_line_gets_its_time() -> None:
    rig = Rig()
    rig.engine.baud = 2400
    slot = rig.open()
    rig.feed(b'\r\n+QIURC: "recv",0\r\n')
    rig.asked(b"AT+QIRD=0,512")
    assert rig.engine.due(rig.now) >= 300 + 512 * 10 * 1000 // 2400
    rig.step(2000)
    rig.feed(b"\r\n+QIRD: 512\r\n" + b"x" * 512)
    rig.step(500)
    rig.feed(b"\r\n\r\nOK\r\n")
    assert rig.recv(slot) == b"x" * 512 and rig.stat("timeouts") == 0


def test_an_answer_behind_pushed_payloads_gets_their_time() -> None:
    """8 KiB that a server sends at once take longer than the answer may; at most 16 KiB put a deadline off."""
    rig = Rig("EC200U", rx_ring=8192)
    slot = rig.open(1, mode=PUSH)
    lines = rig.ask(b"AT+X", b"+X:")
    rig.take()
    limit = rig.engine.cmd.deadline
    for _ in range(6):
        rig.feed(b'\r\n+QIURC: "recv",1,1300\r\n' + b"x" * 1300 + b"\r\n")
        rig.step(130)
        rig.recv(slot)
    assert rig.engine.cmd.deadline == limit + 6 * rig.engine.wire_ms(1300)
    rig.feed(b"\r\n+X: 1\r\n\r\nOK\r\n")
    assert lines == [b"+X: 1"] and rig.stat("timeouts") == 0
    rig.engine.release()
    rig.ask(b"AT+X")
    rig.take()
    limit = rig.engine.cmd.deadline
    for _ in range(20):
        rig.feed(b'\r\n+QIURC: "recv",1,1300\r\n' + b"x" * 1300 + b"\r\n")
        rig.take()
        rig.recv(slot)
    assert rig.engine.cmd.deadline < limit + rig.engine.wire_ms(16_384) + 20


@rows("R258")
def test_an_answer_behind_a_coap_message_gets_its_time() -> None:
    """As hex digits it has two bytes for one, and these modules begin with 9600 baud."""
    rig = Rig("BC95G", rx_ring=4096)
    rig.engine.baud = 9600
    rig.ask(b"AT+X")
    rig.take()
    limit = rig.engine.cmd.deadline
    rig.feed(b'\r\n+QCOAPURC: "rsp",10.0.0.9,5683,2,2.05,7,1,12,"42",500,' + b"5A" * 500 + b"\r\n")
    rig.take()
    assert rig.engine.cmd.deadline == limit + 2 * rig.engine.wire_ms(500)


def test_a_payload_that_trickles_on_a_slow_line_gets_twice_its_wire_time() -> None:
    """And a minute; see test_deadlines.py."""
    rig = Rig()
    rig.engine.baud = 300
    slot = rig.open()
    rig.feed(b'\r\n+QIURC: "recv",0\r\n')
    rig.asked(b"AT+QIRD=0,512", b"\r\n+QIRD: 512\r\n")
    rig.quiet()
    seconds = 0
    while slot.state == OPEN and seconds < 200:
        rig.step(1000)
        rig.feed(b"x")
        seconds += 1
    assert seconds == (60_000 + 2 * 20_481) // 1000 + 1, seconds


def test_a_query_comes_at_once_and_every_second() -> None:
    rig = Rig()
    rig.ask(b"AT+X")
    rig.take()
    rig.step(320)
    rig.engine.release()
    rig.asked(b"AT+CMEE?")
    assert not rig.engine.start(b"AT+Y")
    for i in range(20):
        ended = b"\x1b" + b"\r" * 512  # once: a data entry that nobody knows of may take the queries
        assert rig.step(rig.engine.due(rig.now)) == (ended if i == 2 else b"AT+CMEE?\r"), i
    assert rig.engine.silent and rig.stat("resyncs") == 1
    rig.feed(b"\r\n+CMEE: 1\r\n\r\nOK\r\n")
    assert rig.step(2500) == b"AT+CMEE=?\r"
    rig.feed(b"\r\n+CMEE: (0-2)\r\n\r\nOK\r\n")
    assert not rig.engine.silent and rig.engine.start(b"AT+Y")


def test_an_ok_alone_does_not_bring_back_in_step() -> None:
    rig = Rig()
    rig.ask(b"AT+X")
    rig.take()
    rig.step(320)
    rig.engine.release()
    rig.asked(b"AT+CMEE?", b"\r\nOK\r\n\r\n+X: 1\r\n\r\nERROR\r\n\r\n+CME ERROR: 3\r\n\r\nOK\r\n")
    assert not rig.engine.start(b"AT+Y")
    rig.feed(b"\r\n+CMEE: 1\r\n")
    assert not rig.engine.start(b"AT+Y")
    rig.feed(b"\r\nOK\r\n")
    assert rig.engine.start(b"AT+Y")


@cases(10, 300, 700, 990)
def test_a_final_at_any_time_is_not_the_next_commands(usual: int) -> None:
    numbers = kit.Random(kit.seed())
    for late in list(range(280, 1500, 70)) + [numbers.between(1000, 15_000) for _ in range(15)]:
        rig = Rig()
        module = LateModule(rig, (late,), usual)
        module.answers = {b"AT+ONE": b"\r\n+ONE: 1\r\n\r\nOK\r\n", b"AT+TWO": b"\r\n+TWO: 2\r\n\r\nOK\r\n"}
        rig.ask(b"AT+ONE", b"+ONE:")
        module.run(late + 20)
        rig.engine.release()
        then_next(rig, module, late)


def then_next(rig: Rig, module: LateModule, late: int) -> None:
    """A command behind the trouble gets its own answer, once host and module are in step again."""
    lines: "list[bytes]" = []
    for _ in range(100):
        if rig.engine.start(b"AT+TWO", b"+TWO:", ON_OK, 1500, None, lines):
            break
        module.run(100)
    module.run(1600)
    assert rig.engine.cmd.result == DONE and lines == [b"+TWO: 2"], (late, lines, rig.engine.cmd.result)
    assert module.heard[-1] == b"AT+TWO" and not rig.engine.resync, late
    rig.engine.release()


@cases(1100, 1500, 1900)
def test_a_line_that_delays_everything_by_more_than_a_second(delay: int) -> None:
    """Both ways work, but every answer comes `delay` ms after its command."""
    rig = Rig()
    rig.ask(b"AT+ONE", b"+ONE:")
    coming: "list[tuple[int, bytes]]" = []
    done = []
    lines: "list[bytes]" = []
    for now in range(0, 20_000, 10):
        for line in rig.step(10).split(b"\r")[:-1]:
            name = line[2:5]
            reply = b"\r\n+CMEE: 1\r\n\r\nOK\r\n" if name == b"+CM" else b"\r\n" + name + b": x\r\n\r\nOK\r\n"
            coming.append((now + delay, reply))
        while coming and coming[0][0] <= now:
            rig.feed(coming.pop(0)[1])
        c = rig.engine.cmd
        if c.state != IDLE and c.owned and c.result:
            done.append(c.result)
            rig.engine.release()
        if len(done) == 1 and c.state == IDLE and not rig.engine.resync:
            assert rig.engine.start(b"AT+TWO", b"+TW:", ON_OK, 5000, None, lines)
            done.append(now)
    assert done[0] == TIMEOUT and done[2:] == [DONE] and lines == [b"+TW: x"], (done, lines)


def test_queries_that_nobody_heard_are_not_waited_for() -> None:
    """A module that was switched off for eight seconds answers only what it heard."""
    rig = Rig()
    rig.ask(b"AT+X")
    rig.take()
    rig.step(320)
    rig.engine.release()
    for _ in range(8):
        rig.step(1000)
    rig.feed(b"\r\n+CMEE: 1\r\n\r\nOK\r\n")
    assert rig.step(1900) == b""
    assert rig.step(200) == b"AT+CMEE=?\r" and not rig.engine.start(b"AT+Y")
    rig.feed(b"\r\n+CMEE: (0,1,2)\r\n\r\nOK\r\n")
    assert rig.engine.start(b"AT+Y")


def test_a_change_of_the_rate_has_the_query_asked_anew() -> None:
    """At once, and it does not count for silence: the module could not read the one before."""
    rig = Rig()
    rig.engine.ask_anew()
    assert rig.ask(b"AT+X") == []
    rig.engine.ask_anew()
    rig.asked(b"AT+X")
    rig.now += rig.engine.due(rig.now)
    rig.quiet()
    rig.engine.release()
    for _ in range(30):
        rig.asked(b"AT+CMEE?")
        rig.engine.ask_anew()
    assert not rig.engine.silent
    rig.asked(b"AT+CMEE?", b"\r\n+CMEE: 1\r\n\r\nOK\r\n")
    rig.quiet()
    rig.now += rig.engine.due(rig.now)
    rig.asked(b"AT+CMEE=?", b"\r\n+CMEE: (0-2)\r\n\r\nOK\r\n")
    assert not rig.engine.resync


def test_what_is_shouted_at_a_silent_module_goes_out_before_a_query() -> None:
    """Recovery restarts a module that answers nothing; no answer is awaited, and getting in step goes on."""
    rig = Rig()
    rig.ask(b"AT+X")
    rig.take()
    rig.step(320)
    rig.engine.release()
    assert rig.take() or rig.step(0) is not None
    rig.engine.shout = b"AT+CFUN=1,1"
    seen = [rig.step(500) for _ in range(8)]
    said = [line for line in seen if line]
    assert said[0] == b"AT+CFUN=1,1\r" and said[1] in (b"AT+CMEE?\r", b"AT+CMEE=?\r"), said
    assert rig.engine.shout == b"" and said.count(b"AT+CFUN=1,1\r") == 1


@rows("R018")
def test_a_query_that_is_answered_late_ends_no_other_command() -> None:
    """Two went out, one was answered: only the answer to another one tells that the second is not still to come."""
    rig = Rig()
    slot = rig.open()
    rig.ask(b"AT+X")
    rig.take()
    rig.step(400)
    rig.engine.release()
    for _ in range(2):
        assert rig.step(1100) == b"AT+CMEE?\r"
    rig.feed(b'\r\n+CMEE: 1\r\n\r\nOK\r\n\r\n+QIURC: "recv",0\r\n')
    assert rig.step(1900) == b""
    assert rig.step(200) == b"AT+CMEE=?\r"
    rig.feed(b"\r\n+CMEE: 1\r\n\r\nOK\r\n")
    rig.quiet()
    rig.feed(b"\r\n+CMEE: (0-2)\r\n\r\nOK\r\n")
    assert rig.take() == b"AT+QIRD=0,512\r"
    for piece in (b"\r\n+QIRD: 2\r\nab\r\n", b"\r\nOK\r\n"):
        assert rig.engine.cmd.state != IDLE, piece
        rig.feed(piece)
    assert rig.engine.cmd.state == IDLE and rig.recv(slot) == b"ab"


# --- a prompt that comes late -------------------------------------------------------------------------------------


@rows("R149", "R292")
@cases(200, 350, 600, 1300, 2700, 4900)
def test_a_late_prompt_gets_its_payload_and_nothing_else(late: int) -> None:
    rig = Rig()
    slot, other = rig.open(0), rig.open(1)
    module = LateModule(rig, (late,))
    payload = b"one\r\nAT+CFUN=0\r\n> " * 20
    assert rig.send(slot, payload) == len(payload)
    module.run(late + 1000)
    assert module.data == payload, (late, module.data)
    module.run(8000)
    assert module.data == payload and not rig.engine.resync
    if late <= 300:
        assert slot.sending == SENT
    else:
        assert (slot.state, slot.err, slot.sending) == (FAILED, ETIMEDOUT, REFUSED)
    assert other.state == OPEN and rig.send(other, b"more") == 4
    module.run(500)
    assert module.data == payload + b"more" and other.sending == SENT


def test_a_prompt_that_never_comes_fails_the_socket_and_nothing_else() -> None:
    rig = Rig()
    slot, other = rig.open(0), rig.open(1)
    assert rig.send(slot, b"data") == 4
    rig.asked(b"AT+QISEND=0,4")
    assert rig.step(320) == b"" and slot.state == FAILED
    assert rig.engine.try_send(other, other.gen, b"x", 0, 1) is None
    assert rig.step(4900) == b"" and rig.step(100) == b"AT+CMEE?\r"
    rig.feed(b"\r\n+CMEE: 1\r\n\r\nOK\r\n")
    assert rig.send(other, b"x") == 1
    rig.asked(b"AT+QISEND=1,1", b"\r\n> ")
    assert rig.take() == b"x"


def test_a_late_prompt_of_a_procedure_gets_the_procedures_bytes() -> None:
    """Not what is left in the transmit store of somebody's stream."""
    rig = Rig()
    slot = rig.open()
    rig.send(slot, b"stream")
    rig.asked(b"AT+QISEND=0,6", b"\r\n> ")
    assert rig.take() == b"stream"
    rig.feed(b"\r\nOK\r\n\r\nSEND OK\r\n")
    assert rig.engine.start(b"AT+Q", None, ON_OK, 300, b"file")
    rig.take()
    rig.step(400)
    rig.engine.release()
    rig.feed(b"\r\n> ")
    assert rig.take() == b"file"


def test_what_another_socket_had_accepted_is_still_sent() -> None:
    rig = Rig()
    slot, other = rig.open(0), rig.open(1)
    rig.feed(b'\r\n+QIURC: "recv",0\r\n')
    rig.asked(b"AT+QIRD=0,512")
    assert rig.send(other, b"kept") == 4
    rig.step(1000)
    rig.feed(b"\r\n+CMEE: 1\r\n\r\nOK\r\n")
    written = rig.take()
    if written == b"AT+CMEE?\r":
        rig.feed(b"\r\n+CMEE: 1\r\n\r\nOK\r\n")
        written = rig.take()
    assert written == b"AT+QISEND=1,4\r", written
    rig.feed(b"\r\n> ")
    assert rig.take() == b"kept"
    rig.feed(b"\r\nOK\r\n\r\nSEND OK\r\n")
    assert other.sending == SENT and slot.state in (OPEN, FAILED)


@rows("R292")
@cases(b"\r\nSEND OK\r\n", b"\r\nSEND FAIL\r\n", b"")
def test_a_send_result_that_comes_while_getting_in_step_is_the_sends(result: bytes) -> None:
    rig = Rig()
    slot, other = rig.open(0), rig.open(1)
    rig.send(slot, b"data")
    rig.asked(b"AT+QISEND=0,4", b"\r\n> ")
    rig.take()
    rig.feed(b"\r\nOK\r\n")
    rig.feed(b'\r\n+QIURC: "recv",1\r\n')
    rig.asked(b"AT+QIRD=1,512")
    rig.step(400)
    assert rig.engine.resync
    rig.feed(result)
    rig.feed(b"\r\n+CMEE: 1\r\n\r\nOK\r\n")
    assert not rig.engine.resync and other.cid == 1
    if result == b"":
        assert not rig.engine.settled(slot)
        rig.feed(b"\r\nSEND OK\r\n")
    elif result == b"\r\nSEND FAIL\r\n":
        assert rig.engine.holding
        return
    assert slot.sending == SENT and slot.state == OPEN


def test_a_send_result_may_be_two_minutes_late() -> None:
    rig = Rig()
    slot = rig.open()
    rig.send(slot, b"data")
    rig.asked(b"AT+QISEND=0,4", b"\r\n> ")
    rig.take()
    rig.feed(b"\r\nOK\r\n")
    assert rig.engine.due(rig.now) == 120_000
    rig.step(119_999)
    assert slot.state == OPEN
    rig.step(1)
    assert (slot.state, slot.err, slot.sending) == (FAILED, ETIMEDOUT, REFUSED)
    assert rig.engine.sender.index < 0


@rows("R443")
def test_an_entry_that_the_module_closes_early_gets_nothing_more() -> None:
    """What is left of the payload would be read as commands."""
    rig = Rig()
    slot = rig.open()
    rig.send(slot, b"AT+CFUN=0\r" * 50)
    rig.asked(b"AT+QISEND=0,500", b"\r\n> ")
    rig.engine.tick(rig.now)
    rig.engine.sent(100)
    rig.feed(b"\r\nERROR\r\n")
    rig.asked(b"AT+CMEE?", b"\r\n+CMEE: 1\r\n\r\nOK\r\n")
    rig.asked(b"AT+QIGETERROR", b"\r\n+QIGETERROR: 558,socket write failed\r\n\r\nOK\r\n")
    assert (slot.state, slot.code) == (FAILED, 558)
    rig.quiet()


@rows("R132", "R133")
def test_close_ok_without_ok_is_believed_and_the_ok_is_nobodys() -> None:
    """It may be the late word of another close: then the OK still comes."""
    rig = Rig()
    slot = rig.open()
    rig.engine.close(slot, slot.gen)
    rig.asked(b"AT+QICLOSE=0", b"\r\nCLOSE OK\r\n")
    assert slot.state == FREE and not rig.engine.start(b"AT+X")
    rig.asked(b"AT+CMEE?", b"\r\nOK\r\n\r\n+CMEE: 1\r\n\r\nOK\r\n")
    assert rig.engine.start(b"AT+X")
