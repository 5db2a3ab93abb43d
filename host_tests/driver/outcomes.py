"""What a URC has done to its connection, and that a clean exchange works behind it."""

from errno import ECONNRESET

from injections import FULL, Exchange, Run
from play import taken
from quectel.table import ENDED, FAILED, FREE, HALF, OPEN, OPENING, SENT
from scripted import adopt, as_prepared, lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from injections import Steps

ENDS = ("context", "carrier", "epoch", "asleep")  # and half and ended of the story's own connection
PUSHED = b"OK\r\n+QIRD: 0"
ATTACHED = Exchange("AT+CGATT?", "OK", None, 0, 0)


def broken(slot: "Any") -> None:
    """A connection that had failed before keeps its first reason."""
    assert slot.state == FAILED
    assert slot.err == ECONNRESET and slot.code in (570, 567), slot.code


# --- what the URC has done to its connection ----------------------------------------------------------------------


def aftermath(run: Run) -> None:
    """The effect of the table, then a clean exchange."""
    assert run.urc is not None
    effect = run.urc.effect
    if effect in CHECKS:
        CHECKS[effect](run)
    elif run.target is not None and effect == "known":
        assert run.target.state == OPEN
    if not _goes_on(run):
        clean(run)
    if _is_end(run) and run.modem.family.tcp is not None:
        _clean_socket(run)


def _goes_on(run: Run) -> bool:
    """The story's own next command has shown that host and module are in step."""
    exchanges = run.story.exchanges
    return run.cut > 0 and len(exchanges) > 1 and run.place[0] < exchanges[-1].first and not _is_end(run)


def _is_end(run: Run) -> bool:
    assert run.urc is not None
    return run.urc.effect in ENDS


def _more(run: Run) -> None:
    assert run.target.more and run.target.state == OPEN
    _reads_nothing(run)
    assert run.target.state == OPEN and not run.target.more


def _again(run: Run) -> None:
    """A connection that the driver does not read; one that it reads is read once more."""
    if run.target is not run.slot:
        _more(run)


def _half(run: Run) -> None:
    """What it holds is read first, then nothing comes any more (R174)."""
    slot = run.target
    if slot is run.slot:
        assert slot.state in (ENDED, FAILED, FREE)
        return
    assert slot.state == HALF and taken(slot, slot.ring.n) == FULL[: slot.ring.size]
    _reads_nothing(run)
    assert slot.state == ENDED and _received(run) == 0


def _reads_nothing(run: Run) -> None:
    """There is room now: the driver reads, and the module has nothing."""
    slot = run.target
    slot.ring.clear()
    read = slot.dialect.read + b"%d,%d\r" % (slot.cid, min(slot.ring.size, slot.dialect.read_max))
    run.wire.then(read, lines(slot.dialect.read_head.decode() + " 0", "OK"))
    run.moved = True
    run.drive(run.quiet())
    run.wire.done()


def _received(run: Run) -> "int | None":
    slot = run.target
    got: "int | None" = run.modem.engine.try_recv(slot, slot.gen, bytearray(4), 0, 4)
    return got


def _ended(run: Run) -> None:
    assert run.target.state == ENDED and _received(run) == 0


def _opened(run: Run) -> None:
    assert run.target.state == OPEN and run.target.opened == 0


def _refused(run: Run) -> None:
    assert run.urc is not None
    assert run.target.state == OPENING and run.target.opened == int(run.urc.text[-3:])


def _adopted(run: Run) -> None:
    slot = run.modem.engine.table.at(5)
    assert slot.state == OPEN and slot.parent == 3
    assert bytes(slot.peer[: slot.npeer]) == b"10.1.2.3" and slot.pport == 40000


def _pushed(run: Run) -> None:
    assert run.target.state == OPEN and taken(run.target, run.target.ring.n) == PUSHED


def _context(run: Run) -> None:
    """Every connection of the context has failed, and the modem is not online."""
    for slot in run.modem.engine.table.slots:
        if slot.state not in (FREE, OPEN):  # OPEN: opened later
            broken(slot)
    assert run.target.state == FAILED and run.modem.engine.pdp_lost


CHECKS = {
    "more": _more,
    "again": _again,
    "half": _half,
    "ended": _ended,
    "opened": _opened,
    "refused": _refused,
    "adopted": _adopted,
    "pushed": _pushed,
    "context": _context,
}


# --- afterwards ---------------------------------------------------------------------------------------------------


def clean(run: Run) -> None:
    """The next command gets its own answer."""
    run.results = []
    run.over = False
    as_prepared(run.modem)  # behind a restart the settings would come first
    run.wire.forget()
    run.wire.then(b"AT+CGATT?\r", lines("+CGATT: 1", "OK"))
    run.drive(run.command(ATTACHED))
    assert run.results == [["+CGATT: 1"]], run.results
    run.wire.done()


def _clean_socket(run: Run) -> None:
    """A connection that is opened now sends and receives."""
    engine = run.modem.engine
    slot = adopt(run.modem, 5, 1)
    late = b"\r\nOK\r\n" if slot.dialect.late_result else b""
    run.wire.then(b"AT+QISEND=5,4\r", b"\r\n> ")
    run.wire.then(b"ping", late + lines("SEND OK", '+QIURC: "recv",5'))
    for held, answer in ((0, b"\r\n+QIRD: 4\r\npong\r\n\r\nOK\r\n"), (4, lines("+QIRD: 0", "OK"))):
        read = b"AT+QIRD=5,%d\r" % min(slot.dialect.read_max, run.story.rx_ring - held)
        run.wire.then(read, answer)
    assert engine.try_send(slot, slot.gen, b"ping", 0, 4) == 4
    run.drive(_until_read(run, slot))
    assert slot.sending == SENT and taken(slot, slot.ring.n) == b"pong"


def _until_read(run: Run, slot: "Any") -> "Steps":
    while slot.ring.n < 4 or slot.more:
        yield
