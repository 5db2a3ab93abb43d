"""Which query brings host and module back in step, and how often it is repeated."""

from kit import cases
from quectel.command import DONE, IDLE, RUN
from wires import OK, Rig

TEST_FORM = b"\r\n+CMEE: (0-2)\r\n" + OK


def given_up(line: bytes) -> Rig:
    """An engine whose command had no answer in time."""
    rig = Rig()
    rig.ask(line)
    assert rig.take() == line + b"\r"
    rig.now += rig.engine.due(rig.now)
    rig.engine.tick(rig.now)
    rig.engine.release()
    return rig


def one_of_two_answered(line: bytes) -> Rig:
    """The module has answered one of two queries, and says nothing more."""
    rig = given_up(line)
    assert rig.take() == b"AT+CMEE?\r"
    assert rig.step(rig.engine.due(rig.now)) == b"AT+CMEE?\r"
    rig.feed(b"\r\n+CMEE: 1\r\n" + OK)
    assert rig.take() == b"" and 1900 < rig.engine.due(rig.now) < 2100
    return rig


@cases(
    (b"AT+X", b"AT+CMEE=?"),
    (b"AT+CMEE=?", b"AT+CSQ"),
    (b"at+cmee=?;+csq", b"AT+CGATT?"),
    (b"AT+CMEE=?;+CSQ;+CGATT?", b"AT+CMEE=?"),
)
def test_a_query_of_another_kind_is_one_that_is_not_on_its_way(line: bytes, query: bytes) -> None:
    """The answer to the caller's own command would be taken for that to a query of its kind."""
    rig = one_of_two_answered(line)
    assert rig.step(rig.engine.due(rig.now)) == query + b"\r"
    assert 1900 < rig.engine.due(rig.now) < 2100  # twice as long as the first kind


def test_answers_of_a_kind_that_the_caller_has_asked_for_too() -> None:
    """One of two answers of that kind came: it may be the caller's, so the other one is waited for, then given up."""
    rig = one_of_two_answered(b"AT+CMEE=?;+CSQ;+CGATT?")
    assert rig.step(rig.engine.due(rig.now)) == b"AT+CMEE=?\r"
    rig.feed(TEST_FORM)
    assert rig.engine.resync and rig.take() == b""
    rig.step(rig.engine.due(rig.now))
    assert not rig.engine.resync
    lines = rig.ask(b"AT+Y", b"+Y:")
    assert rig.take() == b"AT+Y\r"
    late = rig.stat("late")
    rig.feed(TEST_FORM)  # after all
    assert rig.engine.cmd.state == RUN and rig.stat("late") == late + 1
    rig.feed(b"\r\n+Y: 1\r\n" + OK)
    assert rig.engine.cmd.result == DONE and lines == [b"+Y: 1"]


def all_kinds_unanswered() -> Rig:
    """In step, because nothing came any more; a query of each kind may still be answered, for all that is known."""
    rig = one_of_two_answered(b"AT+X")
    for query in (b"AT+CMEE=?", b"AT+CSQ", b"AT+CGATT?", b"AT+CMEE?"):
        assert rig.step(rig.engine.due(rig.now)) == query + b"\r"
    rig.feed(b"\r\n+CMEE: 1\r\n" + OK)
    rig.take()
    rig.step(rig.engine.due(rig.now))
    assert not rig.engine.resync and rig.engine.asking
    return rig


@cases((b"AT+CSQ", b"+CSQ:"), (b"AT+CGATT?", b"+CGATT:"), (b"AT+CMEE?", b"+CMEE:"))
def test_the_callers_own_question_gets_its_answer_while_a_query_may_have_one_to_come(line: bytes, head: bytes) -> None:
    """It was taken for the query's, the command timed out, and so did every one behind it."""
    answer = b"\r\n" + head + b" 1\r\n" + OK
    rig = all_kinds_unanswered()
    lines = rig.ask(line, head)
    rig.asked(line, answer)
    assert rig.engine.cmd.result == DONE and lines == [head + b" 1"]
    rig.engine.release()
    rig.ask(b"AT+Y")
    rig.asked(b"AT+Y", answer)  # late
    assert rig.engine.cmd.state == RUN
    rig.feed(OK)
    assert rig.engine.cmd.result == DONE


def test_behind_the_answer_to_a_later_command_no_query_is_answered() -> None:
    rig = all_kinds_unanswered()
    rig.ask(b"AT+Y")
    rig.asked(b"AT+Y", OK)
    rig.engine.release()
    assert not rig.engine.asking
    rig.ask(b"AT+Z")
    rig.take()
    rig.step(400)
    rig.engine.release()
    rig.asked(b"AT+CMEE?", b"\r\n+CMEE: 1\r\n" + OK)
    assert not rig.engine.resync


def test_nothing_is_asked_anew_while_the_uart_takes_nothing() -> None:
    """The bytes of two queries would mix; a module that cannot be reached counts as silent all the same."""
    rig = given_up(b"AT+X")
    e = rig.engine
    e.tick(rig.now)
    began = rig.now
    while not e.silent:
        assert bytes(e.tx[e.otx : e.otx + e.ntx]) == b"AT+CMEE?\r" and rig.now - began < 12_000
        ms = e.due(rig.now)
        assert ms > 0
        rig.now += ms
        e.tick(rig.now)
    assert rig.now - began > 9000
    while e.cmd.state != IDLE:
        rig.now += e.due(rig.now)
        e.tick(rig.now)
    late = rig.stat("late")
    rig.feed(b"\r\n+CMEE: 1\r\n" + OK)
    assert rig.stat("late") == late + 1 and e.resync  # to nothing that is in flight
    assert rig.take() == b"AT+CMEE?\r"
    rig.now += 1000
    assert rig.take().startswith(b"AT+CMEE")
    rig.feed(b"\r\n+CMEE: 1\r\n" + OK)
    rig.step(2100)
    assert e.silent is False
