"""The example of an LwM2M registration against a platform that does what section 5.2 of the document shows."""

from __future__ import annotations

import asyncio
import importlib.util
from typing import Any

import aiocoap
import coap_peers as peers
from aiocoap.numbers.optionnumbers import OptionNumber
from desk.common import ROOT
from e2e import Bench, on, play
from kit import rows
from pulse import PulseClock

ADDRESS = "180.101.147.115"
ENDPOINT = "867725030002525;460041850403693"
TOKEN = bytes.fromhex("1A98EB114F501C07")


def example() -> Any:
    spec = importlib.util.spec_from_file_location("lwm2m_device", ROOT / "examples" / "lwm2m_device.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def request(code: int, mid: int, *path: str, observe: "int | None" = None, payload: bytes = b"") -> bytes:
    message = aiocoap.Message(_mtype=aiocoap.CON, _mid=mid, _token=TOKEN, code=aiocoap.Code(code), payload=payload)
    message.opt.observe = observe
    message.opt.uri_path = path
    data: bytes = message.encode()
    return data


def platform(message: aiocoap.Message, _: int) -> "list[tuple[float, bytes]]":
    """Takes a registration, then observes /19/0/0, reads and writes; acknowledges what it is told."""
    if message.mtype != aiocoap.CON:
        return []
    if int(message.code) == 0x45:
        return [(0, peers.wire(peers.ACK, 0, message.mid))]
    code = {1: 0x45, 2: 0x41 if message.payload else 0x44, 4: 0x42}[int(message.code)]
    answer = aiocoap.Message(_mtype=aiocoap.ACK, _mid=message.mid, _token=message.token, code=aiocoap.Code(code))
    if code != 0x41:
        return [(0, answer.encode())]
    for part in ("rd", "BEHJvP29Lb"):
        answer.opt.add_option(OptionNumber(8).create_option(decode=part.encode()))
    return [
        (0, answer.encode()),
        (0.01, request(1, 62084, "19", "0", "0", observe=0)),
        (0.02, request(1, 62085, "3", "0", "9")),
        (0.03, request(3, 62086, "19", "1", "0", payload=b"\x01\x02")),
        (0.04, request(3, 62087, "3", "0", "9", payload=b"1")),
    ]


@rows("R229", "R239", "R248", "R262", "R265", "R268", "R269")
@on("BC95G", faces=("blocking",))
def test_registration_as_in_section_5_2(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        peer = bench.world.serve(ADDRESS, peers.RawPeer(platform))
        device = example().Device(bench.modem.coap(), "coap://" + ADDRESS, ENDPOINT)
        device.register()
        assert device.location == "/rd/BEHJvP29Lb"
        first = peer.heard[0]
        assert (first.payload, first.opt.content_format) == (example().LINKS, 42)
        assert first.opt.uri_query == ("lwm2m=1.0", "ep=" + ENDPOINT, "b=U", "lt=86400")
        await bench.until(lambda: len(peer.heard) == 5)
        observed, read, written, refused = peer.heard[1:]
        assert (int(observed.code), observed.mid, observed.token, observed.opt.observe) == (0x45, 62084, TOKEN, 1)
        assert str(observed.mtype) in ("ACK", "Type.ACK")
        assert (read.payload, int(written.code), int(refused.code)) == (b"100", 0x44, 0x85)
        assert device.written == [b"\x01\x02"]
        assert device.report(b"\x00\xff") == 1
        assert (peer.heard[-1].payload, peer.heard[-1].token, peer.heard[-1].opt.observe) == (b"\x00\xff", TOKEN, 2)
        assert device.update() and peer.heard[-1].opt.uri_path == ("rd", "BEHJvP29Lb")
        device.deregister()
        assert peer.heard[-1].code == aiocoap.DELETE
        await asyncio.sleep(0)

    play(face, model, body, clock=PulseClock(10))
