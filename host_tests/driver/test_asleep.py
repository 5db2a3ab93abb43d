"""The engine of a module that sleeps: nothing is sent, what is in flight ends, TCP is gone (R121, R219)."""

from kit import cases, rows
from quectel.command import IDLE, SLEPT
from quectel.table import ASLEEP, AWAKE, CLOSING, DGRAM, FAILED, FREE, OPEN, REFUSED, ROUSED
from wires import Rig, urc

SLEEP = b"\r\n+QATSLEEP\r\n"
WAKE = b"\r\n+QATWAKEUP\r\n"


@rows("R121", "R219", "R283")
def test_streams_end_and_datagrams_stay() -> None:
    rig = Rig()
    tcp, udp, closing = rig.open(0), rig.open(1, DGRAM), rig.open(2)
    closing.state = CLOSING
    rig.feed(SLEEP)
    e = rig.engine
    assert (tcp.state, tcp.cid, udp.state, udp.cid, closing.state) == (FAILED, -1, OPEN, 1, FREE)
    assert e.asleep == ASLEEP and e.slept and e.naps == 1 and rig.stat("urcs") == 1
    udp.more = True
    rig.step(10)
    assert not e.ntx and not e.start(b"AT") and e.wanted and e.due(e.now) < 0
    assert e.try_send(udp, udp.gen, b"x", 0, 1) is None
    e.close(udp, udp.gen)
    rig.step(10)
    assert not e.ntx and udp.state == CLOSING
    rig.feed(SLEEP + WAKE)
    assert e.asleep == AWAKE and not e.slept and e.naps == 1


@rows("R219")
def test_a_module_that_may_sleep_again_is_not_spoken_to() -> None:
    rig = Rig()
    e = rig.engine
    e.rest()
    e.may_sleep = True
    rig.feed(SLEEP + WAKE)
    assert e.asleep == ASLEEP and not e.slept
    e.asleep = ROUSED
    rig.feed(SLEEP)
    assert e.asleep == ROUSED and e.slept
    rig.feed(b"\r\nRDY\r\n")
    assert e.asleep == AWAKE and not e.slept and not e.may_sleep


@cases("BG96", "BC95G")
@rows("R219")
def test_other_families_do_not_sleep(family: str) -> None:
    rig = Rig(family)
    rig.feed(SLEEP + WAKE)
    assert not rig.engine.asleep and rig.stat("unknown") == 2


@rows("R219")
def test_words_that_only_begin_so() -> None:
    rig = Rig()
    rig.feed(b"\r\n+QATSLEEP: 1\r\n\r\n+QATWAKEUPS\r\n")
    assert not rig.engine.asleep and rig.stat("unknown") == 2
    rig.engine.unframed = True
    rig.feed(SLEEP)
    assert not rig.engine.asleep


@rows("R219")
def test_who_watches_gets_it_too() -> None:
    rig = Rig()
    seen: "list[bytes]" = []
    rig.engine.watched[b"+QAT"] = seen
    rig.feed(SLEEP)
    assert seen == [b"+QATSLEEP"] and rig.stat("urcs") == 1 and rig.engine.asleep


@rows("R219")
def test_what_is_in_flight_ends() -> None:
    rig = Rig()
    rig.ask(b"AT+CSQ", b"+CSQ:")
    rig.step(0)
    rig.feed(SLEEP)
    assert rig.engine.cmd.result == SLEPT and not rig.engine.resync
    rig = Rig()
    slot = rig.open(0, DGRAM)
    rig.feed(urc('"recv",0'))
    rig.step(0)
    assert slot.asked and not rig.engine.try_recv(slot, slot.gen, bytearray(1), 0, 1)
    rig.feed(SLEEP)
    assert slot.more and not slot.asked and rig.engine.cmd.state == IDLE


@rows("R219")
def test_a_send_whose_result_is_out_fails() -> None:
    rig = Rig()
    udp, other = rig.open(0, DGRAM), rig.open(1, DGRAM)
    e = rig.engine
    e.pending = e.sender = udp
    e.blame = other
    rig.feed(SLEEP)
    assert udp.state == FAILED and udp.sending == REFUSED and other.state == FAILED
    assert e.pending is e.blame is e.table.nobody


@rows("R121")
def test_a_connection_that_the_module_does_not_know() -> None:
    rig = Rig()
    udp = rig.open(0, DGRAM)
    rig.engine.table.lose(udp, 104)
    assert (udp.state, udp.err, udp.cid) == (FAILED, 104, -1)
