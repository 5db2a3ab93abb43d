"""Fields of a line and the bytes of a command."""

import kit
from kit import cases, raises, rows
from quectel.text import (
    NONE,
    Fields,
    check_callable,
    checked,
    decode,
    hex_digit,
    in_range,
    masked,
    move_up,
    put,
    put_hex,
    put_num,
)


def over(line: bytes, margin: int = 3) -> Fields:
    """Fields of a line that stands between other bytes, which must not be looked at."""
    f = Fields()
    f.set(b'7"%'[:margin] + line + b'9",', margin, margin + len(line))
    return f


@cases(
    (b"0", 0),
    (b"12345", 12345),
    (b"-1", -1),
    (b"  42", 42),
    (b" -7,5", -7),
    (b"007", 7),
    (b"", NONE),
    (b"   ", NONE),
    (b",5", NONE),
    (b"-", NONE),
    (b"-x", NONE),
    (b"x1", NONE),
    (b'"5"', NONE),
    (b"1\x00", 1),
)
def test_num(line: bytes, wanted: int) -> None:
    assert over(line).num() == wanted


def test_num_stops_at_the_end_of_the_line() -> None:
    f = over(b"12")
    assert f.num() == 12 and f.a == f.b  # a 9 follows behind the line


def test_num_moves_behind_its_digits_only() -> None:
    f = over(b"12x")
    assert f.num() == 12 and f.b - f.a == 1
    f = over(b"x")
    assert f.num() == NONE and f.b - f.a == 1


def test_a_long_number_stays_small() -> None:
    """A small integer on a 32-bit VM, whatever the module says."""
    for digits in (9, 10, 11, 30):
        f = over(b"9" * digits + b",1")
        value = f.num()
        assert 100_000_000 <= value < 1 << 30, value
        assert f.comma() and f.num() == 1
    assert over(b"-99999999999").num() > -(1 << 30)
    assert over(b"-99999999999").num() != NONE


def test_none_is_no_number_of_a_module() -> None:
    assert NONE == -0x20000000 and over(b"-536870912").num() == NONE  # no row has such a number


def test_skip_and_comma() -> None:
    f = over(b'"recv",0')
    assert not f.skip(b'"closed",') and f.a == 3
    assert f.skip(b'"recv",') and not f.comma() and f.num() == 0
    assert not f.comma() and not f.skip(b'"')  # what stands behind the line does not count
    assert not over(b"ab").skip(b"ab9")
    assert over(b"").skip(b"")


@rows("R361")
def test_blanks_in_front_of_a_field() -> None:
    f = over(b'  0,  "18/04/20"')
    assert f.num() == 0 and f.comma()
    assert f.text() == "18/04/20"


def test_next_and_number() -> None:
    f = over(b'1,"a,b",,4')
    assert [f.next(), f.buf[f.a]] == [True, 34]
    assert f.next() and f.buf[f.a] == 44  # the comma in quotes is none
    assert f.next() and f.num() == 4
    assert not f.next() and f.a == f.b
    for index, wanted in enumerate((1, NONE, NONE, 4, NONE, NONE)):
        assert over(b'1,"a,b",,4').number(index) == wanted, index


@rows("R258", "R217")
def test_text_and_fields() -> None:
    assert over(b' "rsp",2,"a,b",,"",x y').fields() == ["rsp", "2", "a,b", "", "", "x y"]
    assert over(b"").fields() == []
    assert over(b"a").fields() == ["a"]
    assert over(b"552,invalid parameters").fields() == ["552", "invalid parameters"]  # R207: unquoted


@cases(
    (b'"a",1', b"a", 4, True),
    (b'"a","b",2', b'a","b', 8, True),  # what no digit follows ends nothing
    (b'"a"', b"a", 3, True),
    (b'""', b"", 2, True),
    (b'"a",', b'a",', 4, False),
    (b'"a', b"a", 2, False),
    (b'a",1', b"", 0, False),
    (b"", b"", 0, False),
)
def test_values_may_hold_quotes_and_commas(line: bytes, wanted: bytes, behind: int, whole: bool) -> None:
    f = over(line)
    start = f.a
    assert f.value() is whole and f.a == start + behind
    if wanted or whole:
        assert f.buf[start + 1 : f.end] == wanted


def test_decode_never_fails() -> None:
    everything = bytes(range(256))
    assert decode(everything, 0, 256) == "".join([chr(c) for c in range(256)])
    assert decode(bytearray(b"xabcx"), 1, 4) == "abc"
    assert decode(everything, 9, 9) == ""


def test_hex_digit() -> None:
    good = b"0123456789abcdefABCDEF"
    for c in range(256):
        wanted = int(chr(c), 16) if c in good else -1
        assert hex_digit(c) == wanted, c


def test_put_writes_at_an_offset_and_nothing_else() -> None:
    for n in (0, 1, 5, 22, 23, 24, 25, 60):
        buf = bytearray(b"." * 80)
        data = bytes([65 + i % 26 for i in range(n)])
        assert put(buf, 7, data) == 7 + n
        assert bytes(buf) == b"." * 7 + data + b"." * (73 - n), n


def test_put_num() -> None:
    numbers = kit.Random(3)
    values = [0, 1, 9, 10, 11, 99, 100, 512, 1460, 65535, 99_999_999, 107_374_182, 107_374_183]
    for v in values + [numbers.below(100_000_000) for _ in range(50)]:
        buf = bytearray(b"." * 16)
        end = put_num(buf, 2, v)
        assert bytes(buf[2:end]) == b"%d" % v and buf[1] == buf[end] == 46, v


@cases('a"b', "a\rb", "a\nb", "a\0", "\x1a", "\x1b", "\xe9", "\x7f", "\u20ac")
def test_what_may_not_stand_in_a_command(text: str) -> None:
    with raises(ValueError):
        checked("host", text)


def test_checked() -> None:
    assert checked("host", "example.com", 11) == "example.com"
    assert checked("host", "") == ""
    assert checked("host", "x" * 500) == "x" * 500  # 0: no limit stated
    with raises(ValueError):
        checked("host", "example.com", 10)
    for wrong in (b"host", None, 5):
        with raises(TypeError):
            checked("host", wrong)  # type: ignore[arg-type]


@rows("R019", "R381")
def test_heads_with_a_blank_in_front_of_the_colon_or_a_comma_for_it() -> None:
    for line, at in (
        (b"+X: 1", 3), (b"+X:1", 3), (b"+X:", 3), (b"+X : 1", 4), (b"+X  :", 5), (b"+X, 1", 3), (b"+X,", 3),
        (b"+X ,1", 4), (b"+X", -1), (b"+X ", -1), (b"+X 1", -1), (b"+X; 1", -1), (b"+XY: 1", -1), (b"+Y: 1", -1),
        (b"-X: 1", -1), (b"+", -1),
    ):  # fmt: skip
        f = Fields()
        f.set(b"\n" + line + b":,", 1, 1 + len(line))
        assert f.head(b"+X:") == (at >= 0), line
        assert f.a == 1 + max(at, 0), line
    f.set(b"AT", 0, 2)
    assert f.head(b"A") and f.a == 1 and not f.head(b"X")  # a beginning without a colon is taken as it is


@rows("R117")
def test_in_range() -> None:
    assert in_range("port", 1, 1, 65535) == 1 and in_range("port", 65535, 1, 65535) == 65535
    for value in (0, 65536, -1):
        with raises(ValueError):
            in_range("port", value, 1, 65535)
    for wrong in ("80", 80.0, None):
        with raises(TypeError):
            in_range("port", wrong, 1, 65535)  # type: ignore[arg-type]


@rows("R002", "R012")
@cases(
    (b"AT+CPIN=1234", b"1234"),
    (b'AT+CPIN="1234"', b"1234"),
    (b'AT+QICSGP=1,1,"apn","user","secret",1', b"secret"),
    (b'AT+CGAUTH=1,1,"user","secret"', b"secret"),
    (b"at+cpin=1234", b"1234"),
    (b'at+qicsgp=1,1,"apn","user","secret",1', b"secret"),
    (b'AT+CLCK="SC",1,"1234"', b"1234"),
    (b'AT+CPWD="SC","1234","5678"', b"5678"),
    (b"AT+CFUN=1;+CPIN=1234", b"1234"),
)
def test_secrets_are_masked(line: bytes, secret: bytes) -> None:
    assert secret not in masked(line), masked(line)


def test_what_is_no_secret_is_shown() -> None:
    for line in (b"AT", b"AT+CPIN?", b"AT+QIOPEN=1,0", b"+CPIN: READY", b""):
        assert masked(line) == line


@cases(1, 2, 15, 16, 17, 24)
def test_bytes_move_up_in_their_own_buffer(at: int) -> None:
    for n in range(18):
        buf = bytearray(b"0123456789abcdefgh" + b"-" * 40)
        move_up(buf, at, n)
        assert buf[at : at + n] == b"0123456789abcdefgh"[:n] and buf[at + n :] == bytearray(
            (b"0123456789abcdefgh" + b"-" * 40)[at + n :]
        )


@rows("R159")
@cases(1, 2, 15, 24)
def test_bytes_become_hex_digits_in_their_own_buffer(at: int) -> None:
    data = bytes([0, 255, 16, 1, 0x1A, 34, 13])
    for n in range(len(data) + 1):
        buf = bytearray(data + b"-" * 40)
        assert put_hex(buf, at, n) == 2 * n
        assert buf[at : at + 2 * n] == b"00FF10011A220D"[: 2 * n]


def test_what_is_to_be_called() -> None:
    check_callable("handler", None)
    check_callable("handler", print)
    for wrong in (0, "print", ()):
        with raises(TypeError):
            check_callable("handler", wrong)
