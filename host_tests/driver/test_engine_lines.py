"""The engine: what lines mean, servers and ids, and whatever a module may say."""

from errno import ECONNRESET

import kit
from kit import cases, rows
from quectel.command import DONE, ERROR, IDLE, ON_CLOSE, ON_CONNECT, ON_OK, ON_SEND, TIMEOUT
from quectel.table import (
    FAILED,
    FREE,
    LISTENER,
    OPEN,
    OPENING,
    TAKEN,
)
from wires import NO_DATA, OK, Rig, answer, urc

# --- lines and what they belong to --------------------------------------------------------------------------------


def test_the_words_of_an_error_that_is_no_number() -> None:
    rig = Rig()
    assert rig.engine.start(b"AT+CPIN?", b"+CPIN:")
    for words in (b"SIM not inserted", b"x" * 100):
        rig.take()
        rig.feed(b"\r\n+CME ERROR: " + words + b"\r\n")
        c = rig.engine.cmd
        assert c.code == 0 and bytes(c.words[: c.nwords]) == words[:40]
        rig.engine.release()
        assert rig.engine.start(b"AT+CPIN?", b"+CPIN:")


@rows("R018", "R388")
def test_lines_of_a_procedures_command() -> None:
    rig = Rig()
    lines: "list[bytes]" = []
    rig.engine.start(b"ATI", None, ON_OK, 300, None, lines)
    rig.asked(b"ATI", b"ATI\r\r\nQuectel_Ltd\r\nBC25\r\n" + urc('"recv",9') + b"Revision: 1\r\n" + OK)
    assert lines == [b"Quectel_Ltd", b"BC25", b"Revision: 1"] and rig.engine.cmd.result == DONE
    rig.engine.release()
    assert rig.engine.cmd.state == IDLE


@cases(
    (ON_OK, b"\r\nOK\r\n", DONE),
    (ON_OK, b"\r\nERROR\r\n", ERROR),
    (ON_OK, b"\r\n+CME ERROR: 50\r\n", ERROR),
    (ON_OK, b"\r\n+CMS ERROR:300\r\n", ERROR),
    (ON_OK, b"\r\n+CME ERROR: SIM not inserted\r\n", ERROR),
    (ON_SEND, b"\r\nSEND OK\r\n", DONE),
    (ON_SEND, b"\r\nERROR\r\n", ERROR),
    (ON_CLOSE, b"\r\nOK\r\n\r\nCLOSE OK\r\n", DONE),
    (ON_CLOSE, b"\r\nERROR\r\n", ERROR),
    (ON_CONNECT, b"\r\nCONNECT 150000000\r\n", DONE),
    (ON_CONNECT, b"\r\nCONNECT\r\n", DONE),
)
@rows("R018", "R020", "R438")
def test_what_ends_a_command(ends: int, reply: bytes, result: int) -> None:
    for cut in range(len(reply)):
        rig = Rig()
        rig.engine.start(b"AT+X=1", b"+X:", ends)
        rig.asked(b"AT+X=1", reply[:cut])
        assert rig.engine.cmd.result == 0 or cut > len(reply) - 2, cut
        rig.feed(reply[cut:])
        assert rig.engine.cmd.result == result, cut


@cases(
    b"OKAY",
    b"OK OK",
    b"+X: ERROR",
    b"ERRORS",
    b"SEND OK",
    b"CLOSE OK",
    b"CONNECTED",
    b"NO CARRIERS",
    b"RDYS",
    b"CONNECT 1",
)
def test_what_does_not_end_it(line: bytes) -> None:
    rig = Rig()
    rig.engine.start(b"AT+X", b"+X:", ON_OK)
    rig.asked(b"AT+X", b"\r\n" + line + b"\r\n")
    assert rig.engine.cmd.result == 0 and rig.engine.epoch == 0
    rig.feed(OK)
    assert rig.engine.cmd.result == DONE


def test_a_final_that_nobody_waits_for_is_counted() -> None:
    rig = Rig()
    for late, line in enumerate(
        (b"OK", b"ERROR", b"SEND OK", b"SEND FAIL", b"CLOSE OK", b"+CME ERROR: 3", b"NO CARRIER"), 1
    ):
        rig.feed(b"\r\n" + line + b"\r\n")
        assert rig.stat("late") == late, line


@cases(b"+CEREG:", b"+CREG:", b"+CGREG:")
def test_registration_is_told_from_its_urc_by_its_fields(prefix: bytes) -> None:
    rig = Rig()
    lines: "list[bytes]" = []
    rig.engine.watched[prefix] = seen = []  # type: ignore[var-annotated]
    rig.engine.start(b"AT" + prefix[:-1] + b"?", prefix, ON_OK, 300, None, lines)
    rig.take()
    rig.feed(b"\r\n" + prefix + b" 1\r\n\r\n" + prefix + b' 5,"1A2B","0C"\r\n\r\n' + prefix + b' 2,1,"1A2B"\r\n' + OK)
    assert lines == [prefix + b' 2,1,"1A2B"'] and seen == [prefix + b" 1", prefix + b' 5,"1A2B","0C"']


@cases(b"RING", b"+CRING: 1", b"^SIS: 1")
def test_a_watched_urc_is_handed_out_in_front_of_the_command_in_flight(line: bytes) -> None:
    for busy in (False, True):
        rig = Rig()
        rig.engine.watched[b"+NO"] = nothing = []  # type: ignore[var-annotated]
        rig.engine.watched[line[:4]] = seen = []  # type: ignore[var-annotated]
        lines: "list[bytes]" = []
        if busy:
            rig.engine.start(b"ATI", None, ON_OK, 300, None, lines)
            rig.take()
        rig.feed(b"\r\n" + line + b"\r\n")
        assert seen == [line] and lines == nothing == [], (busy, seen, lines)


# --- servers and ids ----------------------------------------------------------------------------------------------


def listening(slots: int = 4) -> Rig:
    rig = Rig(slots=slots)
    slot = rig.open(0)
    slot.kind = LISTENER
    return rig


@rows("R217", "R220")
def test_a_client_that_comes_in_gets_a_slot() -> None:
    rig = listening()
    rig.feed(urc('"incoming",3,0,"2001:db8:0:1:2:3:4:5",65535') + urc('"recv",3'))
    slot = rig.engine.table.at(3)
    assert (slot.state, slot.parent, slot.pport) == (OPEN, 0, 65535)
    assert bytes(slot.peer[: slot.npeer]) == b"2001:db8:0:1:2:3:4:5"
    rig.asked(b"AT+QIRD=3,512", NO_DATA)


@rows("R216", "R217")
def test_a_client_without_a_slot_is_closed() -> None:
    rig = listening(slots=1)
    rig.feed(urc('"incoming",3,0,"1.2.3.4",80') + urc('"incoming",5,0,"1.2.3.4",81') + urc('"incoming full"'))
    assert rig.stat("no_slot") == 3
    rig.asked(b"AT+QICLOSE=3", OK + b"\r\nCLOSE OK\r\n")
    rig.asked(b"AT+QICLOSE=5", b"\r\nERROR\r\n")
    rig.quiet()


@cases("6", "99", "-1", "-2", "x", "", "1073741824")
def test_a_client_with_an_id_that_cannot_be_is_refused(cid: str) -> None:
    rig = listening()
    rig.feed(urc('"incoming",%s,0,"1.2.3.4",80' % cid))
    assert rig.stat("no_slot") == 1
    assert [slot.state for slot in rig.engine.table.slots] == [OPEN, FREE, FREE, FREE]
    rig.quiet()


@rows("R065", "R113")
def test_the_result_of_an_open() -> None:
    for err, state in ((0, OPEN), (566, OPENING)):
        rig = Rig()
        slot = rig.open(2)
        slot.state = OPENING
        slot.opened = -1
        rig.feed(b"\r\n+QIOPEN: 2,%d\r\n" % err + urc('"recv",2'))
        assert (slot.opened, slot.state) == (err, state)
        assert slot.more is (err == 0) and rig.stat("opens") == (err == 0)


def test_whatever_changes_a_slot_wakes_its_face() -> None:
    """A face that sleeps looks at nothing but this."""
    rig = Rig()
    table = rig.engine.table
    slot = rig.open()
    says: "list[tuple[bytes, bytes]]" = [
        (b"", urc('"recv",0')),
        (b"AT+QIRD=0,512", answer(b"x")),
        (b"AT+QIRD=0,512", NO_DATA),
        (b"", urc('"closed",0')),
        (b"AT+QIRD=0,512", NO_DATA),
    ]
    for line, said in says:
        if line:
            rig.asked(line)
        table.woken()
        rig.feed(said)
        assert table.woken() and not table.woken(), said
    slot.state = OPEN
    rig.send(slot, b"data")
    rig.asked(b"AT+QISEND=0,4", b"\r\n> ")
    rig.take()
    rig.feed(OK)
    table.woken()
    rig.feed(b"\r\nSEND OK\r\n")
    assert table.woken()
    rig.feed(urc('"pdpdeact",1'))
    assert table.woken()
    rig.engine.close(slot, slot.gen)
    assert table.woken() and slot.state == FREE


def test_pdpdeact_ends_all_and_leaves_no_trace_for_the_next_owner() -> None:
    for stage in range(5):
        rig = Rig()
        slot, other = rig.open(0), rig.open(1)
        rig.send(slot, b"data")
        if stage > 0:
            rig.asked(b"AT+QISEND=0,4")
        if stage > 1:
            rig.feed(b"\r\n> ")
            rig.take()
        if stage > 2:
            rig.feed(OK)
        if stage > 3:
            rig.feed(b"\r\nSEND FAIL\r\n")
        rig.feed(urc('"pdpdeact",1'))
        assert (slot.state, slot.err, other.state) == (FAILED, ECONNRESET, FAILED), stage
        rig.engine.close(slot, slot.gen)
        rig.engine.close(other, other.gen)
        if stage == 1:
            rig.feed(b"\r\n> ")
            assert rig.take() == b"data"
        rig.feed(b"\r\nERROR\r\n" if stage in (1, 2) else b"")
        for _ in range(3):
            if b"AT+QIGETERROR" in rig.take():
                rig.feed(b"\r\n+QIGETERROR: 567,x\r\n" + OK)
        fresh = rig.open(5)
        assert rig.send(fresh, b"new") == 3, stage
        written = rig.take()
        assert written == b"AT+QISEND=5,3\r", (stage, written)
        rig.feed(b"\r\n> ")
        assert rig.take() == b"new", stage
        rig.feed(OK)
        rig.step(130_000)
        assert fresh.state == FAILED and slot.state != TAKEN, stage  # its own result never came


# --- restarts -----------------------------------------------------------------------------------------------------


@cases(b"\r\nRDY\r\n", b"\r\nPOWERED DOWN\r\n")
def test_a_restart_ends_what_is_under_way(urc: bytes) -> None:
    for stage in range(5):
        rig = Rig()
        slot = rig.open()
        rig.send(slot, b"data" * 100)
        if stage > 0:
            rig.asked(b"AT+QISEND=0,400")
        if stage > 1:
            rig.feed(b"\r\n> ")
            rig.engine.tick(rig.now)
        if stage > 2:
            rig.take()
        if stage > 3:
            rig.feed(b"\r\nOK\r\n")
        rig.feed(urc)
        assert (slot.state, slot.err, slot.code) == (FAILED, ECONNRESET, 570), stage
        assert rig.engine.settled(slot), stage
        rig.quiet()
        assert rig.engine.epoch == 1 and rig.engine.sender.index < 0, stage
        fresh = rig.open(0)
        assert rig.send(fresh, b"x") == 1 and rig.take() == b"AT+QISEND=0,1\r", stage


def test_a_restart_while_getting_in_step_needs_one_answer() -> None:
    rig = Rig()
    assert rig.engine.start(b"AT+X")
    rig.take()
    rig.step(400)
    rig.engine.release()
    for _ in range(5):
        rig.step(1100)
    rig.feed(b"\r\nRDY\r\n")
    rig.asked(b"AT+CMEE=?", b"\r\n+CMEE: (0-2)\r\n" + OK)
    assert rig.engine.start(b"AT+Y")


def test_a_restart_ends_a_procedures_command() -> None:
    rig = Rig()
    assert rig.engine.start(b"AT+X")
    rig.take()
    rig.feed(b"\r\nRDY\r\n")
    assert rig.engine.cmd.result not in (0, DONE, ERROR, TIMEOUT)
    rig.engine.release()
    assert rig.engine.start(b"AT")


# --- whatever the module says -------------------------------------------------------------------------------------

_SAYINGS = (
    OK, b"\r\nERROR\r\n", b"\r\nSEND OK\r\n", b"\r\nSEND FAIL\r\n", b"\r\nCLOSE OK\r\n", b"\r\nCONNECT\r\n",
    b"\r\n> ", b"> ", b"\r\nRDY\r\n", b"\r\n+CME ERROR: 3\r\n", b"\r\n+CME ERROR: \r\n", NO_DATA,
    b"\r\n+QIRD: 3\r\nabc\r\n", b"\r\n+QIRD: 3,5\r\nabc\r\n\r\nOK\r\n", b"\r\n+QIRD: 900\r\n", b"\r\n+QIRD: -5\r\n",
    b"\r\n+QIRD:\r\n", b"\r\n+CMEE: 1\r\n", b"\r\n+CMEE: 1\r\n\r\nOK\r\n", b'\r\n+QIURC: "recv"\r\n',
    b'\r\n+QIURC: "recv",\r\n', b'\r\n+QIURC: "recv",99\r\n', b'\r\n+QIURC: "recv",1,4\r\nwxyz\r\n',
    b'\r\n+QIURC: "closed",0\r\n', b'\r\n+QIURC: "closed",-1\r\n', b'\r\n+QIURC: "incoming",1,0,"1.2.3.4",9\r\n',
    b'\r\n+QIURC: "incoming",9,0\r\n', b'\r\n+QIURC: "incoming",,,\r\n', b'\r\n+QIURC: "incoming full"\r\n',
    b'\r\n+QIURC: "pdpdeact",1\r\n', b"\r\n+QIOPEN: 0,0\r\n", b"\r\n+QIOPEN: 9,566\r\n", b"\r\n+QIOPEN:\r\n",
    b"\r\n+QIGETERROR: 567,x\r\n\r\nOK\r\n", b'\r\n+QICFG: "viewmode",1\r\n', b"\r\n+\r\n", b'\r\n"\r\n', b"\0\xff\r\n",
)  # fmt: skip


def one_saying(rig: Rig, numbers: kit.Random) -> None:
    """The module says something, the caller does something, time passes."""
    saying = numbers.choice(_SAYINGS)
    if numbers.below(4) == 0:
        saying = saying[: numbers.below(len(saying))]
    rig.feed(saying, numbers.between(1, 20))
    slot = numbers.choice(rig.engine.table.slots)
    what = numbers.below(8)
    if what == 0:
        rig.engine.close(slot, slot.gen)
    elif what == 1 and slot.state == FREE and rig.engine.table.free_id() >= 0:
        rig.open(rig.engine.table.free_id(), numbers.choice((1, 2, 3)), numbers.below(2))
    elif what < 4:
        rig.send(slot, b"some data")
    elif what < 6:
        rig.recv(slot, numbers.between(1, 50))
    rig.step(numbers.choice((0, 0, 1, 20, 400, 1100, 130_000)))


def test_whatever_the_module_says_nothing_is_raised_and_the_driver_recovers() -> None:
    numbers = kit.Random(kit.seed())
    for family in ("BC25", "BG96"):
        for _ in range(8):
            rig = Rig(family, slots=3, rx_ring=600)
            for _ in range(150):
                one_saying(rig, numbers)
                for slot in rig.engine.table.slots:
                    assert 0 <= slot.ring.n + slot.ring.held <= slot.ring.size
            recovers(rig)


# To the queries of an engine that is out of step
ANSWERS = ((b"CMEE?", b"+CMEE: 1"), (b"CMEE=?", b"+CMEE: (0-2)"), (b"CSQ", b"+CSQ: 9,0"), (b"CGATT?", b"+CGATT: 1"))


def recovers(rig: Rig) -> None:
    """A module that behaves again gets the driver back to work, whatever was before."""
    rig.feed(b"\r\n")
    rig.step(140_000)
    for _ in range(60):
        written = rig.step(1000)
        known = [line for query, line in ANSWERS if query in written]
        rig.feed(b"\r\n" + known[0] + b"\r\n" + OK if known else b"\r\nERROR\r\n" if written else b"")
        for slot in rig.engine.table.slots:
            rig.engine.close(slot, slot.gen)
    assert [slot.state for slot in rig.engine.table.slots] == [FREE] * 3
    slot = rig.open(0)
    assert rig.send(slot, b"alive") == 5
    rig.asked(b"AT+QISEND=0,5", b"\r\n> ")
    assert rig.take() == b"alive"


def test_a_word_that_nobody_knows_is_counted_also_while_a_command_runs() -> None:
    rig = Rig()
    rig.open().more = True
    rig.asked(b"AT+QIRD=0,512", b"\r\nNO DIALTONE\r\n" + NO_DATA)
    assert rig.stat("unknown") == 1
