"""Files of the module, against scripts: upload, replacement, removal."""

from errno import EIO

from faces import start
from kit import raises, rows
from quectel import QuectelError
from quectel.files import checksum
from scripted import lines
from steps import said

TYPE_CHECKING = False
if TYPE_CHECKING:
    pass


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
