"""The virtual module's choice of operator and radio technology, and what a network that is gone does to data."""

import asyncio

import pytest
from desk import servers
from virtual_module import VirtualModule
from virtual_module.clock import Clock


def module(model: str = "BG96") -> VirtualModule:
    one = VirtualModule(model, clock=Clock.stepped(), options={"boot_ms": 1000, "cmee": 1})
    one.terminal.echo = False
    return one


def said(one: VirtualModule, line: bytes) -> bytes:
    one.feed(line + b"\r")
    return one.take()


def test_an_operator_is_chosen_by_its_number_and_by_its_name() -> None:
    one = module()
    assert said(one, b"AT+COPS?") == b'\r\n+COPS: 0,0,"CHN-UNICOM",8\r\n\r\nOK\r\n'
    assert b'(2,"CHN-UNICOM","CHN-UNICOM","46001",8),(1,"CHINA MOBILE"' in said(one, b"AT+COPS=?")
    assert said(one, b'AT+COPS=1,2,"46000"') == b"\r\nOK\r\n"
    assert b'+COPS: 1,2,"46000",8' in said(one, b"AT+COPS?")
    assert said(one, b"AT+COPS=3,0") == b"\r\nOK\r\n"
    assert b'+COPS: 1,0,"CHINA MOBILE",8' in said(one, b"AT+COPS?")
    assert said(one, b'AT+COPS=1,0,"CHN-UNICOM"') == b"\r\nOK\r\n" and one.network.plmn == "46001"
    assert said(one, b"AT+COPS=1") == b"\r\n+CME ERROR: 50\r\n"


def test_one_that_is_not_there_or_denies_and_back_to_automatic() -> None:
    one = module()
    said(one, b"AT+CEREG=1")
    assert said(one, b'AT+COPS=1,2,"99999"') == b"\r\n+CEREG: 2\r\n\r\n+CME ERROR: 30\r\n"
    assert b"+COPS: 1\r\n" in said(one, b"AT+COPS?")
    one.network.forbidden.add("46000")
    assert said(one, b'AT+COPS=1,2,"46000"') == b"\r\n+CEREG: 3\r\n\r\n+CME ERROR: 30\r\n"
    assert b'(3,"CHINA MOBILE"' in said(one, b"AT+COPS=?")
    assert b"OK" in said(one, b"AT+COPS=0") and one.network.stat == 1
    assert b"OK" in said(one, b"AT+COPS=2") and one.network.stat == 0
    assert b"OK" in said(one, b'AT+COPS=4,2,"99999"') and one.network.cops_mode == 0


def test_denied_by_the_network_stays_so_whatever_is_asked() -> None:
    one = module()
    one.fault("denied")
    said(one, b"AT+COPS=0")
    said(one, b'AT+COPS=1,2,"46001"')
    assert one.network.stat == 3


def test_the_technology_is_a_setting_that_is_kept() -> None:
    one = module()
    assert said(one, b'AT+QCFG="nwscanmode"') == b'\r\n+QCFG: "nwscanmode",0\r\n\r\nOK\r\n'
    for item, value, act in ((b"iotopmode", 1, 9), (b"iotopmode", 0, 8), (b"nwscanmode", 1, 0), (b"nwscanmode", 3, 8)):
        assert said(one, b'AT+QCFG="%s",%d,1' % (item, value)) == b"\r\nOK\r\n"
        assert one.network.act == act
    asyncio.run(restarted(one))
    assert b'"nwscanmode",3' in said(one, b'AT+QCFG="nwscanmode"')
    for wrong in (b'"nwscanmode",4', b'"other",1', b"nwscanmode", b""):
        assert b"+CME ERROR: 50" in said(one, b"AT+QCFG=" + wrong), wrong
    assert b"ERROR" in said(module("BC25"), b'AT+QCFG="nwscanmode"')


async def restarted(one: VirtualModule) -> None:
    one.power.restart()
    one.clock.advance(1000)
    one.terminal.echo = False
    one.take()


@pytest.mark.parametrize("stat", (2, 3))
def test_no_data_pass_without_a_network(stat: int) -> None:
    async def run() -> None:
        one = module("BC25")
        one.options["sleep_urcs"] = False
        async with servers.tcp_echo() as seen:
            one.resolver.table["peer.example"] = ("127.0.0.1", seen.port)
            said(one, b'AT+QIOPEN=1,0,"TCP","peer.example",7,0,0')
            await one.settle()
            assert b"+QIOPEN: 0,0" in one.take()
            one.network.stat = stat
            one.connections.all()[0].deliver(b"late")
            assert b"recv" not in one.take()
            said(one, b'AT+QISEND=0,3,"123"')
            await one.settle()
            assert b"SEND OK" in one.take() and one.connections.all()[0].unacked() == 3
            said(one, b'AT+QIOPEN=1,1,"TCP","peer.example",7,0,0')
            await one.settle()
            assert b"+QIOPEN: 1,0" not in one.take()
            one.network.stat = 1
            await one.settle()
            assert b'+QIURC: "recv",0' in one.take() and one.connections.all()[0].unacked() == 0
            await one.aclose()

    asyncio.run(run())
