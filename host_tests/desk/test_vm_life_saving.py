"""The virtual module saves power: PSM with its timers, eDRX, light sleep that eats what is typed first."""

import pytest
from virtual_module.saving import seconds
from vm_stepped import module, played, said


def test_the_timers_in_seconds() -> None:
    for bits, tau_s, active_s in (
        ("00000001", 600, 2),
        ("00101100", 12 * 3600, 720),
        ("01000010", 72_000, 720),
        ("01100101", 10, 0),
        ("11011111", 31 * 320 * 3600, 0),
        ("11100001", 0, 0),
    ):
        assert seconds(bits, False) == tau_s
        assert bits == "00101100" or seconds(bits, True) == active_s
    with pytest.raises(ValueError):
        seconds("0010", True)


@played
async def test_psm_after_the_active_time_and_back_by_the_network_timer() -> None:
    one = module()
    assert said(one, b'AT+CPSMS=1,,,"00000001","00000101"').endswith(b"\r\nOK\r\n")  # 600 s, 10 s
    assert b'+CPSMS: 1,,,"00000001","00000101"' in said(one, b"AT+CPSMS?")
    one.clock.advance(9000)
    assert b"OK" in said(one, b"AT")  # the time begins anew
    one.clock.advance(9999)
    assert one.power.state == "running"
    one.clock.advance(1)
    assert one.power.state == "psm" and said(one, b"AT") == b""
    one.clock.advance(600_000)
    assert one.power.state == "booting"
    one.clock.advance(1000)
    assert b"RDY" in one.take()
    one.clock.advance(10_000)  # it was asked for before, and is for good
    assert one.power.state == "psm"


@pytest.mark.parametrize("how", ("pwrkey", "psm_eint", "press"))
def test_what_wakes_from_psm(how: str) -> None:
    one = module("EC200U")
    said(one, b'AT+CPSMS=1,,,"11100000","00000001"')
    one.clock.advance(2000)
    one.clock.advance(10_000_000)
    assert one.power.state == "psm"  # T3412 is off
    if how == "press":
        one.press(600)
    else:
        one.pin(how, 0, 600)
        one.clock.advance(600)
    one.clock.advance(1000)
    assert b"RDY" in one.take()
    assert said(one, b"AT+CPSMS=0").endswith(b"OK\r\n")
    one.clock.advance(100_000)
    assert one.power.state == "running"


@played
async def test_no_psm_without_a_network() -> None:
    one = module()
    said(one, b'AT+CPSMS=1,,,"11100000","00000001"')
    one.fault("searching")
    one.clock.advance(20_000)
    assert one.power.state == "running"
    one.network.stat = 1
    one.clock.advance(2000)
    assert one.power.state == "psm"


@played
async def test_bad_timers_are_refused() -> None:
    one = module()
    said(one, b"AT+CMEE=1")
    for tail in (b'1,,,"0010"', b'1,,,"00200000"', b"1,,,00101100", b"3"):
        assert b"+CME ERROR: 50" in said(one, b"AT+CPSMS=" + tail)


@played
async def test_edrx() -> None:
    one = module()
    assert b"+CEDRXRDP: 0" in said(one, b"AT+CEDRXRDP")
    assert said(one, b'AT+CEDRXS=2,4,"1001"').endswith(b'OK\r\n\r\n+CEDRXP: 4,"1001","1001","0000"\r\n')
    assert b'+CEDRXS: 4,"1001"' in said(one, b"AT+CEDRXS?")
    assert b'+CEDRXRDP: 4,"1001","1001","0000"' in said(one, b"AT+CEDRXRDP")
    said(one, b"AT+CEDRXS=3")
    assert b"+CEDRXRDP: 0" in said(one, b"AT+CEDRXRDP")


@pytest.mark.parametrize("model", ("BG96", "BC25"))
def test_light_sleep_eats_the_first_characters(model: str) -> None:
    one = module(model, light_sleep_eats=2, light_sleep_deaf=False)
    said(one, b"ATE0")
    said(one, b"AT+QSCLK=1" if model == "BG96" else b"AT+QSCLK=2")
    one.pin("dtr", 1)
    one.clock.advance(4999)
    assert said(one, b"AT") == b"\r\nOK\r\n"
    one.clock.advance(5000)
    assert said(one, b"AT") == b""
    assert said(one, b"AT") == b"\r\nOK\r\n"
    one.clock.advance(5000)
    if model == "BG96":
        one.pin("dtr", 0)  # wakes it, and keeps it awake
        assert said(one, b"AT") == b""
        one.clock.advance(5000)
        assert said(one, b"AT") == b"\r\nOK\r\n"
    else:
        assert said(one, b"ATAT") == b"\r\nOK\r\n"
