"""Files of the module, against scripts: upload, replacement, removal."""

from errno import EIO

import answering
import kit
from faces import start
from kit import raises, rows
from quectel import QuectelError
from quectel.files import checksum
from scripted import lines
from steps import said
from wires import Rig

DATA = b"-----BEGIN\r\nOK\r\n\r\nERROR\r\n+QFDWL: 9\r\nRDY\r\n-----END"
QUERIES = [
    (b"AT+CMEE?", answering.line(b"+CMEE: 1")),
    (b"AT+CMEE=?", answering.line(b"+CMEE: (0-2)")),
    (b"AT+CSQ", answering.line(b"+CSQ: 9,99")),
]


@rows("R319")
def test_upload() -> None:
    data = bytes(range(256)) * 5 + b"x"
    missing = (b'AT+QFLST="a.bin"\r', lines("+CME ERROR: 405"))
    up = (b'AT+QFUPL="a.bin",1281,5\r', lines("CONNECT"))
    modem, check = start("BG96", [missing, up, (data, lines("+QFUPL: 1281,%x" % checksum(data), "OK"))], short=7)
    assert modem.files.upload("a.bin", data) == checksum(data)
    check()
    assert checksum(b"\x01\x02\x04") == 0x0102 ^ 0x0400


@rows("R319")
def test_a_damaged_upload_is_removed() -> None:
    missing = (b'AT+QFLST="a.bin"\r', lines("+CME ERROR: 405"))
    up, remove = (b'AT+QFUPL="a.bin",5,5\r', lines("CONNECT")), said('AT+QFDEL="a.bin"')
    for answer in ("+QFUPL: 5,1", "+QFUPL: 4,%x" % checksum(b"hello"), "+QFUPL: what,is"):
        modem, check = start("BG96", [missing, up, (b"hello", lines(answer, "OK")), remove])
        with raises(QuectelError) as caught:
            modem.files.upload("a.bin", b"hello")
        assert caught.value.errno == EIO
        check()


@rows("R319")
def test_files_replace_and_fail() -> None:
    there, remove = said('AT+QFLST="a.bin"', '+QFLST: "a.bin",77'), said('AT+QFDEL="a.bin"')
    full = (b'AT+QFUPL="a.bin",5,5\r', lines("+CME ERROR: 403"))
    modem, check = start("BG96", [there, remove, full])
    with raises(QuectelError) as caught:
        modem.files.upload("a.bin", b"hello")
    assert caught.value.code == 403
    check()
    modem, check = start("BG96", [there, (b'AT+QFDEL="b"\r', lines("+CME ERROR: 405"))])
    assert modem.files.size("a.bin") == 77 and modem.files.remove("b") is False
    for name in ('a"', "a\r", "x" * 81):
        with raises(ValueError):
            modem.files.remove(name)
    check()


def read_damaged(answer: bytes) -> "bytes | None":
    """What a read gives when the module's answer comes so; None for an error.  The next command has its own answer."""
    told = answering.line(b'+QFLST: "y",%d' % len(DATA))
    modem = answering.start("BG96", "BG96", False, [(b"AT+QFLST=", told), (b"AT+QFDWL=", answer)] + QUERIES)
    modem.net.prepared = 0
    modem._clock.step = 50
    try:
        got: "bytes | None" = modem.files.read("y")
    except QuectelError:
        got = None
    assert modem.command("AT+CSQ") == ["+CSQ: 9,99"], answer
    return got


@rows("R319")
def test_bytes_missing_from_a_download_are_never_overlooked() -> None:
    answer = lines("CONNECT") + DATA + lines("+QFDWL: %d,%x" % (len(DATA), checksum(DATA)), "OK")
    assert read_damaged(answer) == DATA
    whole = 0
    for n in (1, 2, 5, 30):
        for at in range(len(answer)):
            got = read_damaged(answer[:at] + answer[at + n :])
            assert got is None or got == DATA, (at, n)
            whole += got is not None
    kit.count("damaged downloads", 4 * len(answer))
    assert whole  # line ends around it may be missing


def fetching() -> "tuple[Rig, bytearray]":
    """An engine that has asked for a file of five bytes."""
    rig = Rig("BG96")
    sink = bytearray(5)
    rig.ask(b'AT+QFDWL="a"', b"+QFDWL:")
    rig.engine.fetches(sink)
    assert rig.take() == b'AT+QFDWL="a"\r'
    return rig, sink


def test_a_file_whose_connect_is_late_is_counted_off() -> None:
    rig, sink = fetching()
    assert rig.step(1000) == b""
    rig.engine.release()
    assert rig.take() == b"AT+CMEE?\r"
    rig.feed(b"\r\nCONNECT\r\n\r\nRDY\r\n+QFDWL: 5,1\r\n\r\nOK\r\n")
    assert sink == bytearray(5) and rig.stat("epochs") == 0
    rig.feed(b"\r\n+CMEE: 1\r\n\r\nOK\r\n")
    assert not rig.engine.resync and rig.engine.late_file == 0


def test_a_payload_that_nobody_wants_is_no_file() -> None:
    rig, sink = fetching()
    rig.engine._count_off(3)
    rig.feed(b"abc\r\n")
    assert sink == bytearray(5) and rig.engine.cmd.got == 0
    rig.feed(b"\r\nCONNECT\r\nhello\r\n+QFDWL: 5,1\r\n\r\nOK\r\n")
    assert sink == b"hello" and rig.engine.cmd.got == 5
