"""The lines of the virtual module's CoAP commands: URCs, options and payloads as text."""

from __future__ import annotations

import pytest
from kit import rows
from virtual_module import coap_text as text
from virtual_module.coap_text import ACK, CON, NON, Address, Message

GET, POST, CONTENT = 1, 2, 0x45
RD = ((8, b"rd"), (8, b"BEHJvP29Lb"))


@rows("R258", "R261", "R266", "R267", "R269", "R375", "R365", "R385")
@pytest.mark.parametrize(
    ("message", "peer", "shown", "line"),
    [
        (
            Message(ACK, CONTENT, 6677, payload=b"hello word from server"),
            None,
            False,
            b'"rsp",2,2.05,6677,22,68656C6C6F20776F72642066726F6D20736572766572',
        ),
        (
            Message(ACK, 0x44, 2802),
            ("180.101.147.115", 5683),
            False,
            b'"rsp",180.101.147.115,5683,2,2.04,2802',
        ),
        (Message(ACK, 0x41, 13357, options=RD), None, True, b'"rsp",2,2.01,13357,2,8,"rd",8,"BEHJvP29Lb"'),
        (Message(ACK, 0x41, 13357, options=RD), None, False, b'"rsp",2,2.01,13357'),
        (
            Message(
                ACK,
                CONTENT,
                54750,
                options=((12, b""),),
                payload=b"hi name=aaaa,this is quectel IoT platform",
            ),
            None,
            True,
            b'"rsp",2,2.05,54750,1,12,"0",41,hi name=aaaa,this is quectel IoT platform',
        ),
        (
            Message(ACK, CONTENT, 1, options=((12, b"\x32"),), payload=b"{}"),
            None,
            False,
            b'"rsp",2,2.05,1,2,{}',
        ),
        (
            Message(ACK, CONTENT, 1, options=((12, b"\x2a"),), payload=b"{}"),
            None,
            False,
            b'"rsp",2,2.05,1,2,7B7D',
        ),
        (Message(CON, 0x84, 1, options=((4, b"\xab"),)), None, True, b'"rsp",0,4.04,1,1,4,"AB"'),
    ],
)
def test_rsp_lines(message: Message, peer: Address | None, shown: bool, line: bytes) -> None:
    assert text.rsp_line(message, peer, shown) == b"+QCOAPURC: " + line


@rows("R374")
def test_content_format_may_always_be_shown() -> None:
    message = Message(ACK, CONTENT, 1, options=((4, b"\xab"), (12, b"")), payload=b"hi")
    assert text.rsp_line(message, None, False, True) == b'+QCOAPURC: "rsp",2,2.05,1,1,12,"0",2,hi'
    assert text.rsp_line(message, None, False) == b'+QCOAPURC: "rsp",2,2.05,1,2,hi'


@rows("R260", "R264")
def test_longest_payloads() -> None:
    long = text.rsp_line(Message(ACK, CONTENT, 1, payload=bytes(600)), None, False)
    assert long.endswith(b",512," + b"0" * 1024)
    assert text.req_line(Message(CON, POST, 1, payload=bytes(1100)), None).endswith(b",1024," + b"0" * 2048)


@rows("R262", "R263", "R267", "R268")
@pytest.mark.parametrize(
    ("message", "peer", "line"),
    [
        (
            Message(
                CON,
                GET,
                50670,
                bytes.fromhex("1A84BFE989C01C08"),
                ((6, b""), (7, b"\xd4\x31"), (11, b"t"), (11, b"d")),
            ),
            ("180.101.147.115", 5683),
            b'"req",180.101.147.115,5683,0,1,50670,09,8,1A84BFE989C01C08,6,"0",7,"54321",11,"t",11,"d"',
        ),
        (Message(NON, POST, 5, payload=b"\x01"), None, b'"req",1,2,5,80,1,01'),
        (Message(CON, GET, 5, b"\x01"), None, b'"req",0,1,5,01,1,01'),
    ],
)
def test_req_lines(message: Message, peer: Address | None, line: bytes) -> None:
    assert text.req_line(message, peer) == b"+QCOAPURC: " + line


@rows("R236", "R237", "R238")
def test_option_values() -> None:
    assert text.encode_option(11, "rd") == b"rd"
    assert text.encode_option(12, "0") == b""
    assert text.encode_option(12, "42") == b"\x2a"
    assert text.encode_option(7, "54321") == b"\xd4\x31"
    assert text.encode_option(4, "AB01") == b"\xab\x01"
    assert text.encode_option(15, "x" * 180) == b"x" * 180
    for name, value in (
        (2, "x"),
        (11, ""),
        (11, "x" * 181),
        (12, "43"),
        (17, "text"),
        (6, "x"),
        (60, "4294967296"),
    ):
        with pytest.raises(ValueError):
            text.encode_option(name, value)


@rows("R427")
@pytest.mark.parametrize(
    ("typed", "content_format", "how", "sent"),
    [
        (b"0102", None, "auto", b"\x01\x02"),
        (b"0102", 42, "auto", b"\x01\x02"),
        (b"0102", 0, "auto", b"0102"),
        (b"0102", 50, "auto", b"0102"),
        (b"010", None, "auto", b"010"),
        (b"{}", None, "auto", b"{}"),
        (b"0102", None, "raw", b"0102"),
        (b"0102", 0, "hex", b"\x01\x02"),
        (b"", None, "auto", b""),
    ],
)
def test_what_typed_payload_means(typed: bytes, content_format: int | None, how: str, sent: bytes) -> None:
    assert text.typed_payload(typed, content_format, how) == sent


@rows("R243")
def test_codes() -> None:
    assert [text.code_byte(one) for one in (0, 1, 4, 201, 205, 404, 505)] == [0, 1, 4, 0x41, 0x45, 0x84, 0xA5]
    assert [text.code_text(one) for one in (0, 0x45, 0x84, 0xA5)] == ["0", "2.05", "4.04", "5.05"]
