"""The command in flight: its line, its registers, its owner."""

import kit
from kit import cases
from quectel.command import (
    CLOSE,
    DONE,
    ERROR,
    HELD,
    IDLE,
    ON_OK,
    ON_SEND,
    PLAIN,
    READ,
    RUN,
    RUNNING,
    SEND,
    Command,
)
from quectel.table import Table

_SLOT = Table(1, 64, 1).slots[0]


def made() -> Command:
    """A command with every register used."""
    c = Command(64)
    c.begin(READ, b"AT+QIRD=")
    c.num(3)
    c.comma()
    c.num(512)
    assert c.run(_SLOT, b"+QIRD:", ON_OK) == 14
    return c


def test_a_line_is_built_in_its_buffer() -> None:
    c = made()
    assert bytes(c.tx[:14]) == b"AT+QIRD=3,512\r" and c.n == 13
    assert (c.state, c.kind, c.result, c.prefix, c.ends) == (RUN, READ, RUNNING, b"+QIRD:", ON_OK)
    c.finish(DONE)
    c.begin(CLOSE, b"AT+QICLOSE=")
    c.num(11)
    c.add(b",10")
    assert c.run(_SLOT, None, ON_OK) == 17 and bytes(c.tx[:17]) == b"AT+QICLOSE=11,10\r"


def test_numbers_at_random() -> None:
    numbers = kit.Random(kit.seed())
    for _ in range(50):
        a, b = numbers.below(100), numbers.below(100_000)
        c = Command(64)
        c.begin(SEND, b"AT+QISEND=")
        c.num(a)
        c.comma()
        c.num(b)
        n = c.run(_SLOT, None, ON_SEND)
        assert bytes(c.tx[:n]) == b"AT+QISEND=%d,%d\r" % (a, b)


def test_running_clears_what_the_last_one_left() -> None:
    c = made()
    c.code, c.nwords, c.owned, c.secret, c.data, c.ndata, c.prompted = 5, 5, True, True, b"x", 1, True
    c.lines = []
    c.finish(ERROR)
    c.begin(PLAIN, b"AT")
    c.run(_SLOT, None, ON_OK)
    assert (c.code, c.nwords, c.owned, c.secret, c.ndata, c.prompted) == (0, 0, False, False, 0, False)
    assert c.data is None
    assert c.lines is None and c.result == RUNNING


def test_an_owned_command_is_held_for_its_owner() -> None:
    c = made()
    c.owned = True
    c.lines = lines = [b"x"]
    c.finish(ERROR)
    assert (c.state, c.result) == (HELD, ERROR) and c.lines is lines
    c.release()
    assert c.state == IDLE and c.lines is None and not c.owned


def test_a_command_of_nobody_is_over_at_once() -> None:
    c = made()
    c.finish(DONE)
    assert (c.state, c.result) == (IDLE, DONE)


def test_who_gives_up_early_leaves_it_running_for_nobody() -> None:
    c = made()
    c.owned = True
    c.lines = []
    c.release()
    assert c.state == RUN and c.lines is None
    c.finish(DONE)
    assert c.state == IDLE


@cases(
    (b"AT+QIRD=3,512", False, "AT+QIRD=3,512"),
    (b'AT+QIOPEN=1,0,"TCP","host.example"', False, 'AT+QIOPEN=1,0,"T'),
    (b"AT+CPIN=1234", True, "AT+CPIN"),
    (b"AT", False, "AT"),
)
def test_its_name_for_an_error_has_16_bytes_and_no_secret(line: bytes, secret: bool, name: str) -> None:
    c = Command(64)
    c.begin(PLAIN, line)
    c.run(_SLOT, None, ON_OK)
    c.secret = secret
    assert c.name() == name


@cases(62, 63)
def test_the_longest_line_leaves_room_for_its_cr(n: int) -> None:
    c = Command(64)
    c.begin(PLAIN, b"A" * n)
    assert c.run(_SLOT, None, ON_OK) == n + 1 and bytes(c.tx[: n + 1]) == b"A" * n + b"\r"
