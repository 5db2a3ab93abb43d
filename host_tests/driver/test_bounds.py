"""Everything that holds something has a size: what happens when it is full is told, counted and got over."""

from errno import EAGAIN, EIO, ENOBUFS

from faces import start
from kit import raises, rows
from quectel import PUSH, SOCK_DGRAM, Modem, QuectelError
from quectel.engine import Engine
from quectel.models import find
from quectel.table import DGRAM, FAILED, FREE, MESSAGES, OPEN
from scripted import OK, lines, settled, socket_of
from steps import SENT, payload, said, sending
from wires import NO_DATA, Rig, answer, urc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from quectel.table import Slot


def pushed(cid: int, data: bytes) -> bytes:
    return b'\r\n+QIURC: "recv",%d,%d\r\n' % (cid, len(data)) + data + b"\r\n"


# --- the caller's sizes -------------------------------------------------------------------------------------------


def test_sizes_that_cannot_work_are_refused_with_words() -> None:
    """Before anything is made, and before the UART is touched."""
    low = {"slots": (0, -1, 17), "rx_ring": (0, -1, 63, 65535, 1 << 20), "tx_buf": (-1, 1, 63, 65535)}
    low["line_buf"] = (-1, 1, 127, 65535)
    for name in low:
        for value in low[name]:
            with raises(ValueError) as caught:
                Modem(None, "BG96", **{name: value})  # type: ignore[arg-type]
            assert name in str(caught.value) and str(value) in str(caught.value)
        for wrong in (1.5, "4", None):
            with raises(TypeError):
                Modem(None, "BG96", **{name: wrong or 0.5})  # type: ignore[arg-type]


def test_any_size_in_range_works() -> None:
    """Every count of slots, rings from the smallest on, the smallest buffers: one connection sends and receives."""
    data = bytes([n & 255 for n in range(400)])
    for slots in range(1, 13):
        for rx_ring in (64, 65, 200, 1536):
            most = min(rx_ring, 1500)
            script: "list[Any]" = [(b"AT+QIRD=0,%d\r" % most, payload(data[:60]))] + sending(b"bye", lines("SEND OK"))
            modem, check = start("BG96", script, slots=slots, rx_ring=rx_ring, tx_buf=64, line_buf=128)
            assert len(modem.engine.table.slots) == slots and modem.engine.table.ids() == 12
            sock = socket_of(modem, 0)
            modem.engine.table.at(0).more = True
            assert sock.read(60) == data[:60]
            modem.engine.table.at(0).more = False
            sock.sendall(b"bye")
            check()


@rows("R167", "R168", "R412")
def test_a_ring_too_small_for_one_datagram_is_refused_with_words() -> None:
    for family, least in (("BC25", 514), ("BC65", 1026), ("BG96", 1502)):
        for rx_ring in (64, least - 1):
            modem, check = start(family, [], rx_ring=rx_ring)
            with raises(ValueError) as caught:
                modem.socket(SOCK_DGRAM)
            assert str(least) in str(caught.value)
            assert all([slot.state == FREE for slot in modem.engine.table.slots])
            modem.socket()  # a stream may be smaller
            check()
        start(family, [], rx_ring=least)[0].socket(SOCK_DGRAM)
    modem, _ = start("BC25", [], rx_ring=1501)
    with raises(ValueError):
        modem.socket(SOCK_DGRAM, mode=PUSH)  # a pushed one is as long as the network makes it


def test_a_command_that_is_too_long_is_refused_before_a_byte() -> None:
    for tx_buf in (64, 65, 400):
        modem, check = start("BG96", [(b"AT+X=" + b"x" * (tx_buf - 6) + b"\r", OK)], tx_buf=tx_buf)
        with raises(ValueError) as caught:
            modem.command("AT+X=" + "x" * (tx_buf - 5))
        assert "tx_buf" in str(caught.value) and modem.uart.wrote == b""
        modem.command("AT+X=" + "x" * (tx_buf - 6))
        check()
    modem, check = start("BC25", [], tx_buf=64)
    with raises(ValueError):
        modem.create_connection(("h" * 60, 80))
    settled(modem)
    assert modem.uart.wrote == b"" and modem.engine.table.free_id() == 0
    assert all([slot.state == FREE for slot in modem.engine.table.slots])
    check()


# --- rings --------------------------------------------------------------------------------------------------------


@rows("R108", "R411")
def test_a_full_ring_in_buffer_mode_starts_no_read() -> None:
    """The module keeps the data: nothing is lost, and taking bytes out starts the next read."""
    for rx_ring in (64, 512, 700):
        rig = Rig(rx_ring=rx_ring)
        slot = rig.open()
        rig.feed(urc('"recv",0'))
        got = b""
        for _ in range(3):
            asked = rig.take()
            while asked:
                n = int(asked[10:-1])
                rig.feed(answer(b"d" * n))
                asked = rig.take()
            rig.feed(urc('"recv",0'))
            rig.quiet()
            assert slot.more and slot.ring.room() < min(512, rx_ring >> 1)
            part = rig.recv(slot, rx_ring)
            assert isinstance(part, bytes)
            got += part
        assert rig.stat("rx_lost") == 0 and len(got) >= 3 * (rx_ring >> 1)


@rows("R214")
def test_a_full_ring_in_push_mode_is_loss_and_fails_its_socket_alone() -> None:
    rig = Rig("BG96", rx_ring=100)
    slot, other = rig.open(0, mode=PUSH), rig.open(1, mode=PUSH)
    rig.feed(pushed(0, b"a" * 90) + pushed(0, b"b" * 11) + pushed(0, b"RDY\r\n") + pushed(1, b"fine"), 7)
    assert (slot.state, slot.err, other.state) == (FAILED, EIO, OPEN)
    assert rig.stat("rx_lost") > 5 and rig.stat("framing") == rig.stat("epochs") == 0
    assert rig.recv(slot) == b"a" * 90 and rig.recv(slot) == -1 and rig.recv(other) == b"fine"
    rig.engine.close(slot, slot.gen)
    rig.asked(b"AT+QICLOSE=0,10", OK)
    fresh = rig.open(0, mode=PUSH)
    rig.feed(pushed(0, b"again"))
    assert fresh is slot and rig.recv(fresh) == b"again"


@rows("R214")
def test_a_ring_that_is_exactly_full_has_lost_nothing() -> None:
    for split in (100, 1, 33):
        rig = Rig("BG96", rx_ring=100)
        slot = rig.open(0, mode=PUSH)
        for _ in range(3):
            rig.feed(pushed(0, b"x" * 60) + pushed(0, b"y" * 40), split)
            assert rig.recv(slot) == b"x" * 60 + b"y" * 40 and slot.state == OPEN
        assert rig.stat("rx_lost") == 0


@rows("R214", "R411")
def test_datagrams_that_have_no_room_are_lost_as_a_whole_and_counted() -> None:
    rig = Rig("BG96", rx_ring=1600)
    slot = rig.open(0, kind=DGRAM, mode=PUSH)
    for size in (1000, 700, 598, 597, 596, 1):
        rig.feed(pushed(0, bytes([size & 255]) * size), 400)
    assert rig.stat("rx_lost") == 700 + 598 + 597 + 1 and slot.state == OPEN and rig.stat("framing") == 0
    assert rig.recv(slot) == bytes([1000 & 255]) * 1000 and rig.recv(slot) == bytes([596 & 255]) * 596
    assert rig.recv(slot) is None
    rig.feed(pushed(0, b"next"))
    assert rig.recv(slot) == b"next"


@rows("R412")
def test_datagrams_in_buffer_mode_wait_at_the_module() -> None:
    rig = Rig("BC25", rx_ring=1100)
    slot = rig.open(0, kind=DGRAM)
    rig.feed(urc('"recv",0'))
    rig.asked(b"AT+QIRD=0,512", answer(b"1" * 500))
    rig.asked(b"AT+QIRD=0,512", answer(b"2" * 500))
    rig.quiet()  # there may come one of 512 bytes
    assert rig.recv(slot) == b"1" * 500
    rig.asked(b"AT+QIRD=0,512", NO_DATA)
    assert rig.recv(slot) == b"2" * 500 and rig.stat("rx_lost") == 0
    rig.quiet()


def messages(rx_ring: int) -> "tuple[Rig, Slot]":
    rig = Rig("BC95G", rx_ring=rx_ring)
    slot = rig.engine.messages = rig.engine.table.take() or rig.engine.table.nobody
    slot.kind, slot.state = MESSAGES, OPEN
    return rig, slot


@rows("R258", "R259")
def test_coap_messages_that_have_no_room_are_lost_as_a_whole_and_counted() -> None:
    """With a payload and without: rx_lost is not 0 then."""
    rig, slot = messages(200)
    rig.feed(b'\r\n+QCOAPURC: "rsp",2,2.05,1,60,' + b"41" * 60 + b"\r\n", 50)
    held = slot.ring.n
    rig.feed(b'\r\n+QCOAPURC: "rsp",2,2.05,2,100,' + b"42" * 100 + b"\r\n", 50)
    assert slot.ring.n == held and rig.stat("rx_lost") == 100 and rig.stat("urcs") == 2
    while slot.ring.room() > 20:
        rig.feed(b'\r\n+QCOAPURC: "rsp",2,2.04,3\r\n')
    before = slot.ring.n, rig.stat("rx_lost")
    rig.feed(b'\r\n+QCOAPURC: "rsp",2,2.04,4,,,,\r\n')
    assert slot.ring.n == before[0] and rig.stat("rx_lost") > before[1]
    slot.ring.clear()
    rig.feed(b'\r\n+QCOAPURC: "rsp",2,2.04,5\r\n')
    assert slot.ring.n and slot.state == OPEN and rig.stat("framing") == 0


@rows("R258", "R259")
def test_a_coap_message_is_there_as_a_whole_or_not_at_all() -> None:
    """At every length around the last one that has room."""
    whole = 0
    for n in range(160, 185):
        rig, slot = messages(200)
        rig.feed(b'\r\n+QCOAPURC: "rsp",2,2.05,1,%d,' % n + b"41" * n + b"\r\n", 50)
        assert slot.state == OPEN and rig.stat("framing") == 0
        whole += slot.ring.n > 0
        if slot.ring.n:
            slot.ring.drop(slot.ring.head())
            assert slot.ring.head() == slot.ring.n == n and rig.stat("rx_lost") == 0
        else:
            assert rig.stat("rx_lost") == n and slot.ring.room() == 200  # nor its header alone
    assert 0 < whole < 25


def printed(texts: "list[str]") -> bytes:
    """As lines() prints them; so many arguments are too much for an old VM."""
    return b"".join([lines(text) for text in texts])


# --- lines, answers, URCs -----------------------------------------------------------------------------------------


@rows("R435")
def test_a_full_line_buffer_gives_no_line_at_all() -> None:
    """Of exactly the buffer's size a line is taken; of one more it is counted, and the next one is as good as ever."""
    for line_buf in (128, 200):
        for size in (0, 1, 50):
            for extra in (-1, 0, 1, 500):
                text = "+X: " + "OK\rERROR\r" * 100
                text = text[: line_buf - 2 + extra] + "y"  # CR counts
                modem, check = start("BC25", [], size=size, line_buf=line_buf)
                seen: "list[bytes]" = []
                modem.on_urc("+X:", seen.append)
                modem.uart.say(lines(text, "+X: good"))
                settled(modem)
                check()
                assert seen == ([text.encode()] if extra <= 0 else []) + [b"+X: good"], (line_buf, size, extra)
                assert modem.stats.long_lines == (extra > 0) and modem.stats.unknown == 0


@rows("R258", "R435")
def test_a_message_header_longer_than_the_line_buffer_is_lost_and_counted() -> None:
    engine = Engine(find("BC95G"), 1, 1536, 0, 128)
    slot = engine.messages = engine.table.take() or engine.table.nobody
    slot.kind, slot.state = MESSAGES, OPEN
    for text in ("x" * 150, "short"):
        data = lines('+QCOAPURC: "rsp",2,2.05,7,1,11,"%s",2,4142' % text)
        for i in range(len(data)):
            engine.receive(data[i : i + 1], 1)
    assert engine.parser.long_lines == 1 and engine.stats.urcs == 1 and slot.ring.n > 0


def test_noise_without_end_is_bounded_and_the_next_line_is_good() -> None:
    rig = Rig()
    for _ in range(50):
        rig.feed(bytes(range(128, 256)) * 4)
    assert rig.engine.parser.n <= len(rig.engine.parser.line)
    found = rig.ask(b"AT+CSQ", b"+CSQ:")
    rig.asked(b"AT+CSQ", b"\r\n+CSQ: 9,99\r\n" + OK)
    assert found == [b"+CSQ: 9,99"] and rig.stat("unknown") == 0 and rig.engine.parser.long_lines == 1


def test_an_answer_without_end_is_bounded() -> None:
    """ENOBUFS: the caller does not get half of an answer; what was not kept is counted."""
    babble = ["+CLAC: %d" % n for n in range(1200)]
    modem, check = start("BC25", [(b"AT+CLAC\r", printed(babble) + OK), said("AT+CSQ", "+CSQ: 1,99")])
    with raises(QuectelError) as caught:
        modem.command("AT+CLAC", timeout_ms=5000)
    assert caught.value.errno == ENOBUFS and modem.stats.rx_lost > 0
    assert modem.command("AT+CSQ") == ["+CSQ: 1,99"]
    fits = babble[:250]
    modem.uart.script.append((b"AT+CLAC\r", printed(fits) + OK))
    assert modem.command("AT+CLAC", timeout_ms=5000) == fits
    check()


def test_watched_urcs_are_handed_out_and_do_not_pile_up() -> None:
    """At most one read's worth waits for its handlers, also when one of them raises."""
    modem, check = start("BC25", [])
    seen: "list[bytes]" = []

    def handler(line: bytes) -> None:
        seen.append(line)
        if len(seen) % 100 == 0:
            raise OSError(EAGAIN)

    modem.on_urc("+X:", handler)
    modem.uart.say(printed(["+X: %d" % n for n in range(1000)]))
    raised = 0
    while len(seen) < 1000:
        try:
            modem.poll()
        except RuntimeError:
            raised += 1
        assert len(modem._news) <= 512 // 8  # a read gives 512 bytes at most
    assert raised == 10 and seen == [b"+X: %d" % n for n in range(1000)]
    check()


# --- sending ------------------------------------------------------------------------------------------------------


@rows("R156")
def test_a_second_send_waits_for_the_store() -> None:
    """One part at a time, whoever's: the second call blocks, or says EAGAIN."""
    script = sending(b"one", [200, SENT]) + sending(b"two", SENT, 1)
    modem, check = start("BC25", script, slots=2)
    first, second = socket_of(modem, 0), socket_of(modem, 1)
    first.settimeout(0)
    second.settimeout(0)
    assert first.send(b"one") == 3
    for sock in (first, second):
        with raises(OSError) as caught:
            sock.send(b"two")
        assert caught.value.errno == EAGAIN
    second.settimeout(None)
    assert second.send(b"two") == 3
    check()
