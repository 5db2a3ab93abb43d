"""The virtual module's wire: rates that differ, auto-baud, flow control, a host's buffer that is full."""

import asyncio
import os
import termios

import pytest
from virtual_module import VirtualModule
from virtual_module.control import carry_out
from virtual_module.line import RATES, misread
from vm_peers import until
from vm_stepped import module, played, said


def test_what_a_uart_reads_at_another_rate() -> None:
    assert misread(b"AT\r", 9600, 9600) == b"AT\r"
    assert misread(b"\xff", 9600, 19200) == b"\xfe" and misread(b"\x00" * 3, 9600, 19200)[0] == 0
    for sent in RATES:
        for read in RATES:
            got = misread(b"AT\r\r\nOK\r\n", sent, read)
            assert (got == b"AT\r\r\nOK\r\n") == (sent == read), (sent, read, got)
            assert len(got) <= 9 * -(-read // sent) + 2


@pytest.mark.parametrize("how", ("python", "control", "fault"))
def test_a_wrong_rate_is_garbage_both_ways(how: str) -> None:
    one = module()
    said(one, b"ATE0")  # a half typed line whose echo stands there would hold the URC
    if how == "python":
        one.host_rate(9600)
    elif how == "control":
        assert carry_out(one, {"do": "rate", "baud": 9600})["module"] == 115_200
    else:
        one.fault("wrong_rate", baud=9600)
    assert b"OK" not in said(one, b"AT")
    one.urc("+TEST: 1")
    got = one.take()
    assert got and b"TEST" not in got
    one.host_rate(115_200)
    said(one, b"")  # the garbage ends with this line
    assert said(one, b"AT") == b"\r\nOK\r\n"


@played
async def test_a_new_rate_counts_behind_its_ok() -> None:
    one = module()
    one.host_rate(115_200)
    assert said(one, b"AT+IPR=9600").endswith(b"OK\r\n")
    assert b"OK" not in said(one, b"AT")
    one.host_rate(9600)
    said(one, b"")
    assert b"+IPR: 9600" in said(one, b"AT+IPR?")
    assert b"ERROR" in said(one, b"AT+IPR=0")  # this one has no auto-baud
    one.power.restart()
    one.clock.advance(1000)
    got = one.take()
    assert got and b"RDY" not in got  # not saved: 115,200 again
    one.host_rate(115_200)
    for line in (b"", b"AT+IPR=9600"):
        said(one, line)
    one.host_rate(9600)
    assert said(one, b"AT&W").endswith(b"OK\r\n")
    one.power.restart()
    one.clock.advance(1000)
    assert b"RDY" in one.take()


@played
async def test_auto_baud_finds_the_rate_from_a_few_at() -> None:
    one = module(ipr=0)
    one.host_rate(57_600)
    one.power.restart()
    one.clock.advance(1000)
    assert one.take() == b""  # nobody knows at which rate
    assert [said(one, b"AT") for _ in range(3)] == [b"", b"", b"AT\r\r\nOK\r\n"]
    assert b"+IPR: 0" in said(one, b"AT+IPR?")
    one.host_rate(9600)  # found once, it stays until a restart
    assert b"OK" not in said(one, b"AT")
    one.power.restart()
    one.clock.advance(1000)
    for _ in range(2):
        assert said(one, b"AT") == b""
    assert said(one, b"AT+IPR=9600").endswith(b"OK\r\n")
    said(one, b"AT&W")
    one.power.restart()
    one.clock.advance(1000)
    assert b"RDY" in one.take()


@played
async def test_cts_holds_the_module_with_flow_control_only() -> None:
    one = module()
    one.pin("cts", 1)
    assert said(one, b"ATE0").endswith(b"OK\r\n")
    assert said(one, b"AT+IFC=2,2") == b"" and said(one, b"AT") == b""
    one.urc("+TEST: 1")
    assert one.line.held and one.take() == b""
    one.pin("cts", 0)
    assert one.take() == b"\r\nOK\r\n\r\nOK\r\n\r\n+TEST: 1\r\n"


@played
async def test_a_full_buffer_of_the_host() -> None:
    one = module()
    pipe = one.pipe(rxbuf=8)
    pipe.write(b"ATE0\r")
    assert pipe.read() == b"ATE0\r\r\nO" and one.line.overrun == 3 and pipe.read() is None
    pipe.write(b"AT+IFC=2,2\r")
    pipe.read()
    pipe.write(b"AT\rAT\rAT\r")
    got = bytearray()
    while (piece := pipe.read(5)) is not None:
        got += piece
    assert bytes(got) == b"\r\nOK\r\n" * 3 and one.line.overrun == 3
    pipe.close()


@played
async def test_a_pty_knows_the_rate_of_its_host() -> None:
    """The kernel passes on what goes through a pty when it likes: what comes is awaited."""
    one = VirtualModule("BG96", options={"strict_rate": True})
    fd = os.open(await one.serve_pty(), os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    heard = bytearray()
    asyncio.get_running_loop().add_reader(fd, lambda: heard.extend(os.read(fd, 1000)))
    try:
        for rate, wanted in ((termios.B9600, b""), (termios.B115200, b"\r\nOK\r\n")):
            set_to = termios.tcgetattr(fd)
            set_to[4] = set_to[5] = rate
            termios.tcsetattr(fd, termios.TCSANOW, set_to)
            heard.clear()
            os.write(fd, b"\rAT\r")
            await until(lambda wanted=wanted: heard and wanted in heard)  # type: ignore[misc]
            await one.settle()
            assert (b"OK" in heard) == bool(wanted)
    finally:
        asyncio.get_running_loop().remove_reader(fd)
        os.close(fd)
        await one.aclose()
