"""Slots and connection ids run out: what has none is told so, and nothing of others is touched."""

from errno import ENOBUFS

from faces import start
from kit import raises, rows
from quectel import QuectelError
from quectel.table import LISTENER, OPEN
from scripted import OK, lines
from steps import OPEN_0, SERVER
from wires import NO_DATA, Rig, answer, urc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


# --- slots and ids ------------------------------------------------------------------------------------------------


def test_more_sockets_than_slots() -> None:
    """No slot: ENOBUFS, nothing is sent, and a socket that is closed makes room."""
    close = (b"AT+QICLOSE=0\r", lines("OK", "CLOSE OK"))
    modem, check = start("BC25", [(OPEN_0, lines("OK", "+QIOPEN: 0,0")), close], slots=2)
    first, second = modem.create_connection(SERVER), modem.socket()
    for _ in range(2):
        with raises(QuectelError) as caught:
            modem.socket()
        assert caught.value.errno == ENOBUFS and "2 slots" in str(caught.value)
    assert modem.stats.no_slot == 2
    second.close()
    modem.socket().close()
    first.close()
    assert modem.socket().id == -1
    check()


@rows("R112", "R271")
def test_more_slots_than_ids() -> None:
    script: "list[Any]" = []
    for cid in range(6):
        line = OPEN_0.replace(b"=1,0,", b"=1,%d," % cid)
        script.append((line, lines("OK", "+QIOPEN: %d,0" % cid)))
    close = (b"AT+QICLOSE=3\r", lines("OK", "CLOSE OK"))
    modem, check = start("BC25", script + [close, script[3]], slots=8, rx_ring=64)
    socks = [modem.create_connection(SERVER) for _ in range(6)]
    assert [sock.id for sock in socks] == list(range(6))
    with raises(QuectelError) as caught:
        modem.create_connection(SERVER)
    assert caught.value.errno == ENOBUFS and "6 connection ids" in str(caught.value) and modem.stats.no_slot == 1
    socks[3].close()
    assert modem.create_connection(SERVER).id == 3
    check()


@rows("R217")
def test_all_ids_in_turn_with_two_slots() -> None:
    """A listener and one client at a time: the module picks the ids, and every one of the 12 works."""
    rig = Rig("BG96", slots=2, rx_ring=128)
    rig.open(0).kind = LISTENER
    for cid in list(range(1, 12)) + [11, 5, 1]:
        rig.feed(urc('"incoming",%d,0,"1.2.3.4",80' % cid) + urc('"recv",%d' % cid))
        slot = rig.engine.table.at(cid)
        assert (slot.state, slot.cid) == (OPEN, cid)
        rig.asked(b"AT+QIRD=%d,128" % cid, answer(b"hello %d" % cid))
        assert rig.recv(slot) == b"hello %d" % cid
        rig.asked(b"AT+QIRD=%d,128" % cid, NO_DATA)
        rig.send(slot, b"bye")
        rig.asked(b"AT+QISEND=%d,3" % cid, b"\r\n> ")
        assert rig.take() == b"bye"
        rig.feed(lines("SEND OK"))
        rig.engine.close(slot, slot.gen)
        rig.asked(b"AT+QICLOSE=%d,10" % cid, OK)
        assert rig.engine.table.at(cid).index < 0
    assert rig.stat("no_slot") == 0
    slot = rig.engine.table.slots[0]
    rig.engine.close(slot, slot.gen)
    rig.asked(b"AT+QICLOSE=0,10", OK)
    assert rig.engine.table.free_id() == 0


@rows("R216", "R217")
def test_clients_without_a_slot_are_refused_counted_and_closed() -> None:
    rig = Rig("BG96", slots=2)
    rig.open(0).kind = LISTENER
    for cid in range(11, 0, -1):
        rig.feed(urc('"incoming",%d,0,"1.2.3.4",80' % cid))
    rig.feed(urc('"incoming full"') + urc('"recv",5') + urc('"closed",7'))
    assert rig.stat("no_slot") == 11
    for cid in range(1, 11):
        rig.asked(b"AT+QICLOSE=%d,10" % cid, OK)
    rig.quiet()
    client = rig.engine.table.at(11)
    rig.engine.close(client, client.gen)
    rig.asked(b"AT+QICLOSE=11,10", OK)
    rig.feed(urc('"incoming",4,0,"1.2.3.4",80'))
    assert rig.engine.table.at(4).state == OPEN and rig.stat("no_slot") == 11


def test_orphans_are_remembered_once_each_and_forgotten_by_a_restart() -> None:
    rig = Rig("BG96", slots=1)
    for cid in (3, 3, 5, -1, 12, 99):
        rig.engine.orphan(cid)
    rig.asked(b"AT+QICLOSE=3,10", b"\r\nERROR\r\n")
    rig.feed(b"\r\nRDY\r\n")
    rig.quiet()
