"""due() names the first moment at which tick() has something to do, in every state."""

from kit import MICROPYTHON, cases, rows
from quectel.table import DGRAM, PUSH
from wires import OK, Rig, answer, urc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Build = Callable[[Rig], None]

NEAR = 3000  # so many milliseconds are looked at one by one; VMs are slow
STEP = 1 if not MICROPYTHON else 97


def idle(rig: Rig) -> None:
    rig.open()


def command(rig: Rig) -> None:
    rig.ask(b"AT+X")


def command_written(rig: Rig) -> None:
    rig.ask(b"AT+X")
    rig.take()


def held(rig: Rig) -> None:
    command_written(rig)
    rig.feed(OK)


def late(rig: Rig) -> None:
    command_written(rig)
    rig.step(rig.engine.due(rig.now))


def querying(rig: Rig) -> None:
    late(rig)
    rig.engine.release()
    rig.take()


def querying_again(rig: Rig) -> None:
    querying(rig)
    rig.step(1100)


def asked_otherwise(rig: Rig) -> None:
    querying_again(rig)
    rig.feed(b"\r\n+CMEE: 1\r\n" + OK)
    rig.step(2100)


def filling(rig: Rig) -> None:
    querying(rig)
    for _ in range(3):
        rig.step(rig.engine.due(rig.now))


def stuck(rig: Rig) -> None:
    """The UART takes nothing."""
    rig.ask(b"AT+X")
    rig.engine.tick(rig.now)
    rig.now = (rig.now + 400) & 0x3FFFFFFF
    rig.engine.tick(rig.now)
    rig.engine.release()


def late_prompt(rig: Rig) -> None:
    rig.send(rig.open(), b"data")
    rig.take()
    rig.step(rig.engine.due(rig.now))


def prompted(rig: Rig) -> None:
    rig.send(rig.open(), b"data")
    rig.take()
    rig.feed(b"\r\n> ")


def pending(rig: Rig) -> None:
    prompted(rig)
    rig.take()
    rig.feed(OK)


def pending_and_reading(rig: Rig) -> None:
    pending(rig)
    rig.open(1)
    rig.feed(urc('"recv",1'))


def holding(rig: Rig) -> None:
    pending(rig)
    rig.feed(b"\r\nSEND FAIL\r\n")


def reading(rig: Rig) -> None:
    rig.open()
    rig.feed(urc('"recv",0'))


def in_a_payload(rig: Rig) -> None:
    reading(rig)
    rig.take()
    rig.feed(answer(b"x" * 400)[:100])


def behind_a_payload(rig: Rig) -> None:
    reading(rig)
    rig.take()
    rig.feed(b"\r\n+QIRD: 4\r\nabcd")


def pushed(rig: Rig) -> None:
    rig.open(mode=PUSH)
    rig.feed(urc('"recv",0,400') + b"x" * 10)


def pushed_and_pausing(rig: Rig) -> None:
    pushed(rig)
    rig.step(900)
    rig.feed(b"x")


def pushed_to_its_end(rig: Rig) -> None:
    rig.open(mode=PUSH)
    rig.feed(urc('"recv",0,4') + b"abcd")


def pushed_whole(rig: Rig) -> None:
    pushed_to_its_end(rig)
    rig.feed(b"\r\n")


def pushed_and_torn(rig: Rig) -> None:
    rig.open(mode=PUSH)
    rig.feed(urc('"recv",0,4') + b"abcdefgh\r\n")


def torn_and_asking(rig: Rig) -> None:
    querying(rig)
    pushed_and_torn(rig)


def closing(rig: Rig) -> None:
    slot = rig.open()
    rig.engine.close(slot, slot.gen)


def closing_with_a_part(rig: Rig) -> None:
    slot = rig.open()
    rig.send(slot, b"data")
    rig.engine.close(slot, slot.gen)


def turned_away(rig: Rig) -> None:
    """A procedure was turned away, and does not come again; a socket waits behind it."""
    command_written(rig)
    assert not rig.engine.start(b"AT+Y")
    rig.open()
    rig.feed(urc('"recv",0') + OK)
    rig.engine.release()


def blaming(rig: Rig) -> None:
    reading(rig)
    rig.take()
    rig.feed(b"\r\nERROR\r\n")


def datagram(rig: Rig) -> None:
    rig.open(kind=DGRAM)
    rig.feed(urc('"recv",0'))


STATES: "tuple[Build, ...]" = (
    idle, command, command_written, held, late, querying, querying_again, asked_otherwise, filling, stuck, late_prompt,
    prompted, pending, pending_and_reading, holding, reading, in_a_payload, behind_a_payload, pushed,
    pushed_and_pausing, pushed_to_its_end, pushed_whole, pushed_and_torn, torn_and_asking, closing,
    closing_with_a_part, turned_away, blaming, datagram,
)  # fmt: skip


def built(build: "Build", family: str, now: int, write: bool) -> Rig:
    """The state behind a tick; with `write`, what the engine has to write has gone out."""
    rig = Rig(family, now=now)
    build(rig)
    if write:
        rig.take()
    rig.engine.tick(rig.now)
    return rig


def look(rig: Rig) -> "tuple[object, ...]":
    """Everything that a tick changes, but the clock."""
    e = rig.engine
    slots = [
        (s.state, s.err, s.sending, s.more, s.asked, s.ring.n, s.cid, s.query, s.want_close) for s in e.table.slots
    ]
    c = e.cmd
    stats = [getattr(e.stats, name) for name in e.stats.NAMES]
    parser = (e.parser.raw, e.parser.tail, e.parser.skip)
    flags = (e.resync, e.silent, e.holding, e.pending.index, e.sender.index, e.blame.index, e.unframed, e.ending)
    return c.state, c.kind, c.result, e.ntx, e.left, e.owed, bytes(e.tx[:20]), parser, flags, slots, stats, e._missed


def ticked(rig: Rig, ms: int) -> bool:
    """True if a tick `ms` milliseconds on changes something."""
    before = look(rig)
    rig.engine.tick((rig.now + ms) & 0x3FFFFFFF)
    return look(rig) != before


@rows("R021")
@cases(("BC25", 1000), ("BG96", (1 << 30) - 150), ("EC200U", (1 << 30) - 60_000))
def test_due_is_the_first_moment_with_something_to_do(family: str, now: int) -> None:
    for build in STATES:
        for write in (True, False):
            check(build, family, now, write)


def check(build: "Build", family: str, now: int, write: bool) -> None:
    due = built(build, family, now, write).engine.due(built(build, family, now, write).now)
    name = (build, family, write, due)
    assert due >= -1, name
    last = NEAR if due < 0 else min(due, NEAR)
    rig = built(build, family, now, write)
    for ms in list(range(0, last, STEP)) + ([last - 1] if last else []):
        assert not ticked(rig, ms), (name, ms)
    if due > NEAR:
        for ms in (NEAR, due // 2, due - 1):
            assert not ticked(rig, ms), (name, ms)
    if due < 0:
        for ms in (60_000, 400_000):
            assert not ticked(rig, ms), (name, ms)
    elif not (rig.engine.ntx and due == 0):
        assert ticked(rig, due), name
