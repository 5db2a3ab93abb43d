"""Files of the module on both faces: what goes up is verified, what comes is counted and never searched."""

from errno import EEXIST, EIO, ENOENT, ENOMEM, ETIMEDOUT

from faces import both
from kit import raises, rows
from pems import KNOWN
from quectel import PUSH, QuectelError, QuectelTimeout
from quectel.files import checksum
from scripted import ERROR, OK, lines
from steps import SYNC, said, why

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face
    from steps import Script

NAME = "a.pem"
CONNECT = b"\r\nCONNECT\r\n"
MISSING = (b'AT+QFLST="a.pem"\r', lines("+CME ERROR: 405"))
DELETED = said('AT+QFDEL="a.pem"')
# All values, and all that a module says.
HOSTILE = (
    bytes(range(256))
    + b"\r\nOK\r\n\r\nERROR\r\n\r\n+QFDWL: 3,1\r\n\r\n+CME ERROR: 405\r\n\r\nRDY\r\n\r\n> \r\nCONNECT\r\n"
    + b'\r\n+QIURC: "recv",0\r\n\r\n+QIURC: "pdpdeact",1\r\n+++\x1a\x1b\r\nNO CARRIER\r\n\r\n'
)


def there(size: int, name: str = "UFS:a.pem") -> "tuple[bytes, bytes]":
    return said('AT+QFLST="a.pem"', '+QFLST: "%s",%d' % (name, size))


def told(data: bytes, sum: "str | None" = None) -> str:
    return "%d,%s" % (len(data), sum or "%x" % checksum(data))


def coming(data: bytes, sum: "str | None" = None) -> "tuple[bytes, bytes]":
    """The answer to a download."""
    return b'AT+QFDWL="a.pem"\r', CONNECT + data + lines("+QFDWL: " + told(data, sum), "OK")


def going(data: bytes, sum: "str | None" = None) -> "Script":
    """An upload, and what the module counted."""
    line = b'AT+QFUPL="a.pem",%d,5\r' % len(data)
    return [(line, CONNECT), (data, lines("+QFUPL: " + told(data, sum), "OK"))]


@rows("R319")
@both
def test_files_of_known_checksums_go_up_and_come_back(face: "Face") -> "Generator[Any, Any, None]":
    for data, size, sum in KNOWN:
        assert (len(data), "%x" % checksum(data)) == (size, sum)
        script = [MISSING] + going(data, sum) + [there(size), coming(data, sum)]
        m = face.start("BG96", script, size=100)
        assert (yield m.files.upload(NAME, data)) == int(sum, 16)
        assert (yield m.files.read(NAME)) == data
        face.check()


@rows("R319")
@both
def test_bytes_of_a_file_are_never_searched(face: "Face") -> "Generator[Any, Any, None]":
    for size in (1, 7, 64, 0):
        m = face.start("EC200U", [there(len(HOSTILE)), coming(HOSTILE), said("AT+CSQ", "+CSQ: 9,99")], size=size)
        assert (yield m.files.read("UFS:a.pem")) == HOSTILE
        assert (yield m.command("AT+CSQ")) == ["+CSQ: 9,99"]
        stats = m.stats
        assert (stats.framing, stats.epochs, stats.resyncs, stats.unknown, stats.rx_lost) == (0, 0, 0, 0, 0)
        face.check()


@rows("R319")
@both
def test_an_equal_file_is_left_alone(face: "Face") -> "Generator[Any, Any, None]":
    data, other = b"0123456789", b"2301456789"
    assert checksum(data) == checksum(other)  # which says nothing
    m = face.start("BG96", [there(10), coming(data), there(10), coming(other), DELETED] + going(data))
    assert (yield m.files.upload(NAME, data)) == checksum(data)
    assert (yield m.files.upload(NAME, data)) == checksum(data)
    face.check()
    m = face.start("BG96", [there(11), DELETED] + going(data) + [there(0, NAME), DELETED] + going(data))
    for _ in range(2):
        assert (yield m.files.upload(NAME, data)) == checksum(data)


@rows("R319")
@both
def test_lists_and_free_space(face: "Face") -> "Generator[Any, Any, None]":
    script = [said('AT+QFLST="*"', '+QFLST: "UFS:a.pem",12', '+QFLST: "security/",2')]
    script += [said('AT+QFLST="*"'), (b'AT+QFLST="*.pem"\r', lines("+CME ERROR: 405")), there(5), MISSING]
    script += [(b'AT+QFLST="a.pem"\r', ERROR), said('AT+QFLDS="UFS"', "+QFLDS: 123456,1048576"), said('AT+QFLDS="UFS"')]
    m = face.start("BG96", script)
    assert (yield m.files.list()) == [("a.pem", 12), ("security/", 2)]
    assert (yield m.files.list()) == []
    assert (yield m.files.list("*.pem")) == []
    for size in (5, -1, -1):
        assert (yield m.files.size(NAME)) == size
    assert (yield m.files.free()) == 123456
    with raises(QuectelError) as caught:
        yield m.files.free()
    assert caught.value.errno == EIO


@rows("R319")
@both
def test_errors_of_file_commands(face: "Face") -> "Generator[Any, Any, None]":
    up = b'AT+QFUPL="a.pem",5,5\r'
    for code, errno, word, then in (
        (400, EIO, "invalid input", []),
        (403, ENOMEM, "full", []),
        (406, EIO, "file name", []),
        (407, EEXIST, "exists", []),
        (409, EIO, "writing", [DELETED]),
        (420, ENOMEM, "space", []),
        (421, ETIMEDOUT, "timed out", [DELETED]),
        (499, EIO, "499", []),
    ):
        m = face.start("BG96", [MISSING, (up, lines("+CME ERROR: %d" % code))] + then)
        with raises(QuectelError) as caught:
            yield m.files.upload(NAME, b"hello")
        assert (caught.value.errno, caught.value.code, caught.value.command) == (errno, code, "AT+QFUPL")
        assert word in str(caught.value)
        face.check()
    for call, step in (
        ("list", (b'AT+QFLST="*"\r', lines("+CME ERROR: 417"))),
        ("size", (b'AT+QFLST="a.pem"\r', lines("+CME ERROR: 417"))),
        ("remove", (b'AT+QFDEL="a.pem"\r', lines("+CME ERROR: 426"))),
    ):
        m = face.start("BG96", [step])
        with raises(QuectelError) as caught:
            yield getattr(m.files, call)("*" if call == "list" else NAME)
        assert caught.value.errno == EIO and caught.value.code in (417, 426)
        face.check()
    m = face.start("BG96", [MISSING, (b'AT+QFDEL="a.pem"\r', lines("+CME ERROR: 418"))])
    with raises(QuectelError) as caught:
        yield m.files.read(NAME)
    assert (caught.value.errno, caught.value.code) == (ENOENT, 405) and NAME in str(caught.value)
    assert (yield m.files.remove(NAME)) is False


@rows("R319")
@both
def test_a_file_that_arrives_damaged(face: "Face") -> "Generator[Any, Any, None]":
    """A changed byte shows in the checksum, missing ones in the count."""
    m = face.start("BG96", [there(5), coming(b"hello", "1"), there(5), coming(b"hello")])
    with raises(QuectelError) as caught:
        yield m.files.read(NAME)
    assert caught.value.errno == EIO and "damaged" in str(caught.value)
    assert (yield m.files.read(NAME)) == b"hello"
    face.check()
    end = lines("+QFDWL: 5,1", "OK")
    for said_ in (CONNECT + b"hell" + end, CONNECT + b"he", CONNECT + b"hello!" + end):
        m = face.start("BG96", [there(5), (b'AT+QFDWL="a.pem"\r', said_), SYNC, there(5), coming(b"hello")])
        with raises(QuectelError) as caught:
            yield m.files.read(NAME)
        assert caught.value.errno == EIO and "damaged" in str(caught.value), said_
        assert m.stats.framing == 1
        assert (yield m.files.read(NAME)) == b"hello"
        face.check()


@rows("R319")
@both
def test_a_slow_download(face: "Face") -> "Generator[Any, Any, None]":
    """It may take longer than a command, as long as it goes on."""
    data = HOSTILE[:100]
    answer: "list[Any]" = [CONNECT]
    for at in range(0, 100, 10):
        answer += [data[at : at + 10], 900]
    answer += [lines("+QFDWL: " + told(data)), 900, OK]
    m = face.start("EC200U", [there(100), (b'AT+QFDWL="a.pem"\r', answer)])
    assert (yield m.files.read(NAME)) == data
    assert m.stats.timeouts == 0 and face.clock.passed > 9000


@rows("R319")
@both
def test_a_download_that_is_refused(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start(
        "BG96",
        [there(5), (b'AT+QFDWL="a.pem"\r', ERROR), why(552), there(5)]
        + [(b'AT+QFDWL="a.pem"\r', lines("+CME ERROR: 411"))],
    )
    for code in (552, 411):
        with raises(QuectelError) as caught:
            yield m.files.read(NAME)
        assert caught.value.code == code


@rows("R319", "R389")
@both
def test_a_download_that_comes_late_is_nobodys_answer(face: "Face") -> "Generator[Any, Any, None]":
    data = HOSTILE[256:]
    late = [6000, CONNECT + data + lines("+QFDWL: " + told(data), "OK"), lines("+CMEE: 1", "OK")]
    m = face.start("BG96", [there(len(data)), (b'AT+QFDWL="a.pem"\r', late), (b"AT+CMEE?\r", b""), there(7)])
    with raises(QuectelTimeout):
        yield m.files.read(NAME)
    assert (yield m.files.size(NAME)) == 7
    assert (m.stats.epochs, m.engine.pdp_lost) == (0, False)


@rows("R319", "R389")
@both
def test_urcs_around_a_download(face: "Face") -> "Generator[Any, Any, None]":
    """Direct push in front of CONNECT and behind the file; what a socket that has failed gets is nobody's either."""
    push = b'\r\n+QIURC: "recv",0,4\r\n\r\nOK\r\n'
    answer = push + CONNECT + b"hello" + lines("+QFDWL: " + told(b"hello")) + push + OK
    for fails in (False, True):
        s = face.opened([there(5), (b'AT+QFDWL="a.pem"\r', answer)], "BG96", mode=PUSH)
        if fails:
            s._slot.fail(EIO)
        assert (yield face.modem.files.read(NAME)) == b"hello"
        assert s.pending() == (0 if fails else 8)
        face.check()


@rows("R319")
@both
def test_names_that_no_file_has(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BG96", [])
    for name in ("", "UFS:", "x" * 81, 'a"', "a\r", "a\x1a", "a\x7f", "*", "a*"):
        for call in (m.files.read, m.files.size, m.files.remove):
            with raises(ValueError):
                yield call(name)
        with raises(ValueError):
            yield m.files.upload(name, b"x")
    with raises(ValueError):
        yield m.files.upload(NAME, b"")
    for call in (m.files.read, m.files.remove, m.files.list):
        with raises(TypeError):
            yield call(5)
    with raises(ValueError):
        yield m.files.list('a"')


@rows("R319")
@both
def test_names_as_long_as_they_may_be(face: "Face") -> "Generator[Any, Any, None]":
    name = "x" * 80
    m = face.start("EC200U", [said('AT+QFDEL="%s"' % name)])
    assert (yield m.files.remove("ufs:" + name)) is True


@rows("R319")
@both
def test_bytes_of_files_are_not_traced(face: "Face") -> "Generator[Any, Any, None]":
    seen: "list[bytes]" = []
    data = b"a secret key, whoever reads it"
    m = face.start("BG96", [MISSING] + going(data) + [there(len(data)), coming(data)], size=5)
    m.engine.trace = lambda direction, text, ms: seen.append(bytes(text))
    yield m.files.upload(NAME, data)
    yield m.files.read(NAME)
    assert not [text for text in seen if b"secret" in text or b"whoever" in text]
    assert seen.count(b"<%d bytes>" % len(data)) == 2
