"""Driver and virtual module against libcoap: its server, and its client that asks the driver's resources."""

from __future__ import annotations

import asyncio
from typing import Any

import coap_peers as peers
from e2e import LOOPBACK, Bench, go, on, play
from kit import rows
from virtual_module.coap_service import CoapService

ADDRESS = "198.51.100.5"
URI = "coap://" + ADDRESS
WAY: "dict[str, Any]" = {"timeout_ms": 5000}

# name: (number, value, what the server's log shows)
OPTIONS: "tuple[tuple[str, tuple[int, Any, str]], ...]" = (
    ("If-Match", (1, b"\xab\x01", "If-Match:")),
    ("Uri-Host", (3, "a.example", "Uri-Host:a.example")),
    ("ETag", (4, b"\xab\x01", "ETag:")),
    ("If-None-Match", (5, None, "If-None-Match")),
    ("Observe", (6, 1, "Observe:1")),
    ("Uri-Port", (7, 7000, "Uri-Port:7000")),
    ("Location-Path", (8, "rd", "Location-Path:rd")),
    ("Uri-Path", (11, "t", "Uri-Path:t")),
    ("Content-Format", (12, 50, "Content-Format:application/json")),
    ("Max-Age", (14, 86400, "Max-Age:86400")),
    ("Uri-Query", (15, "ep=a;1", "Uri-Query:ep=a;1")),
    ("Accept", (17, 40, "Accept:application/link-format")),
    ("Location-Query", (20, "x=1", "Location-Query:x=1")),
    ("Block2", (23, 6, "Block2:0/_/1024")),
    ("Block1", (27, 6, "Block1:0/_/1024")),
    ("Size2", (28, 7, "Size2:7")),
    ("Proxy-Uri", (35, "coap://b.example/", "Proxy-Uri:coap://b.example/")),
    ("Proxy-Scheme", (39, "coap", "Proxy-Scheme:coap")),
    ("Size1", (60, 1024, "Size1:1024")),
)


def logged(server: peers.Program, number: int) -> str:
    """The request that had this option, once it stands in the log."""
    return next((line for line in server.heard() if "c:GET i:%04x" % (4711 + number) in line), "")


@rows("R237", "R238", "R239", "R242", "R243", "R248", "R258", "R261", "R427")
@on("BC95G")
def test_libcoap_methods_formats_and_options(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        server = bench.world.serve(ADDRESS, peers.libcoap_server())
        coap = await go(bench.modem.coap())
        data = bytes(range(256)) * 2
        for confirmable in (True, False):
            way: "dict[str, Any]" = {"confirmable": confirmable, **WAY}
            assert (await go(coap.get(URI + "/", **way))).code == 205
            assert (await go(coap.get(URI + "/nothing", **way))).codestr == "4.04"
            assert (await go(coap.post(URI + "/", b"", **way))).codestr == "4.05"
        for format in (0, 40, 41, 42, 47, 50):
            sent = b'"a,b":1,\r\nOK\r\n> {}' if format in (0, 41, 50) else data
            assert (await go(coap.put(URI + "/dyn%d" % format, sent, format=format, **WAY))).code in (201, 204)
            answer = await go(coap.get(URI + "/dyn%d" % format, options=[("Accept", format)], **WAY))
            assert (answer.code, answer.payload, answer.format) == (205, sent, format)
            assert (await go(coap.delete(URI + "/dyn%d" % format, **WAY))).code == 202
        for name, value in OPTIONS:
            await go(coap.get(URI, token=b"\x01\x02\x03", msgid=4711 + value[0], options=[(name, value[1])], **WAY))
            await bench.until(lambda n=value[0]: logged(server, n))  # type: ignore[misc]
            text = logged(server, value[0])
            assert "t:CON" in text and "{010203}" in text
            assert value[2] in text, text
        assert bench.modem.stats.framing == 0

    play(face, model, body)


@rows("R432", "R251")
@on("BC95G")
def test_libcoap_separate_response(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve(ADDRESS, peers.libcoap_server())
        answer = await go((await go(bench.modem.coap())).get(URI + "/async?1", **WAY))
        assert (answer.code, answer.type) == (205, 0) and answer.payload

    play(face, model, body)


@rows("R433", "R237")
@on("BC95G")
def test_libcoap_is_observed(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        bench.world.serve(ADDRESS, peers.libcoap_server())
        coap = await go(bench.modem.coap())
        told: "list[Any]" = []
        await go(coap.put(URI + "/example_data", b"first", format=0, **WAY))
        first = await go(coap.observe(URI + "/example_data", told.append, **WAY))
        assert first.payload == b"first" and first.observe is not None
        for text in (b"second", b"third"):
            told.clear()
            await go(coap.put(URI + "/example_data", text, format=0, **WAY))
            await bench.until(lambda: told)
            assert told[-1].payload == text
        assert (await go(coap.observe(URI + "/example_data", None, **WAY))).observe is None
        count = len(told)
        await go(coap.put(URI + "/example_data", b"fourth", format=0, **WAY))
        assert len(told) == count

    play(face, model, body)


def local_port(bench: Bench) -> int:
    """Where the module listens on loopback."""

    def of(module: Any) -> int:
        endpoint = CoapService.of(module).endpoint
        return endpoint.bound_port if endpoint else 0

    return int(bench.world.call(of))


async def asking(bench: Bench, *arguments: str, path: str = "/t/d") -> str:
    """What libcoap's client prints, while the driver turns."""
    port = local_port(bench)
    task = asyncio.ensure_future(peers.libcoap_client(*arguments, "coap://%s:%d%s" % (LOOPBACK, port, path)))
    while not task.done():
        await bench.turn()
        await asyncio.sleep(0)
    return task.result()


@rows("R229", "R262", "R263", "R264", "R265", "R431", "R428")
@on("BC95G")
def test_libcoap_client_asks(face: str, model: str) -> None:
    async def body(bench: Bench) -> None:
        asked: "list[Any]" = []

        def answer(message: Any) -> Any:
            asked.append(message)
            return {
                1: (205, 0, b"21 degrees, I think"),
                2: (201, None, b""),
                3: (204, None, b""),
                4: 202,
            }[message.code]

        await go((await go(bench.modem.coap())).resource("/t/d", answer))
        assert "21 degrees, I think" in await asking(bench, "-m", "get", "-A", "0")
        assert "21 degrees, I think" in await asking(bench, "-N", "-m", "get", path="/t/d?a=1&b")
        await asking(bench, "-m", "put", "-t", "42", "-e", "%00%FFx")
        await asking(bench, "-m", "post", "-t", "50", "-e", '{"a":1,"b":"%0D%0AOK%0D%0A"}')
        await asking(bench, "-m", "delete", "-T", "tok")
        assert [message.code for message in asked] == [1, 1, 3, 2, 4]
        assert [message.type for message in asked] == [0, 1, 0, 0, 0]
        assert asked[0].option("Accept") == "0" and [one[1] for one in asked[1].options if one[0] == 15] == ["a=1", "b"]
        assert (asked[2].payload, asked[2].format) == (b"\0\xffx", 42)
        assert asked[3].payload == b'{"a":1,"b":"\r\nOK\r\n"}'
        assert len(asked[4].token) == 3
        assert "4.04" in await asking(bench, path="/nobody")
        assert bench.modem.stats.framing == 0

    play(face, model, body)
