"""The CoAP endpoint of the virtual module: wire bytes, timing on a stepped clock, aiocoap as a peer."""

from __future__ import annotations

import asyncio
import itertools
import random
import socket
from collections.abc import Awaitable, Callable

import aiocoap
import aiocoap.resource
import pytest
import vm_peers as peers
from desk import servers
from kit import rows
from virtual_module import coap_text as text
from virtual_module.clock import Clock
from virtual_module.coap import Choices, CoapEndpoint, decode, encode
from virtual_module.coap_text import ACK, CON, NON, RST, Message

GET, POST, CONTENT = 1, 2, 0x45

DOCUMENTED = Choices()


Options = tuple[tuple[int, bytes], ...]


class Bench:
    """An endpoint on a stepped clock and a raw UDP peer that says what the test wants."""

    def __init__(self, choices: Choices = DOCUMENTED) -> None:
        self.clock = Clock.stepped()
        self.reports: list[tuple[str, Message]] = []
        self.resources = {"/t/d"}
        self.end = CoapEndpoint(
            self.clock,
            random.Random(1),
            lambda kind, message, _peer: self.reports.append((kind, message)),
            self.resources.__contains__,
            choices,
        )
        self.raw = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.raw.bind(("127.0.0.1", 0))
        self.raw.setblocking(False)
        self.peer = self.raw.getsockname()

    async def __aenter__(self) -> Bench:
        await self.end.open(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.end.close()
        self.raw.close()
        await asyncio.sleep(0)

    async def heard(self) -> bytes:
        return await asyncio.wait_for(asyncio.get_running_loop().sock_recv(self.raw, 2048), 5)

    def silence(self) -> bool:
        try:
            self.raw.recv(2048)
        except BlockingIOError:
            return True
        return False

    async def say(self, data: bytes) -> None:
        self.raw.sendto(data, ("127.0.0.1", self.end.bound_port))
        for _ in range(4):
            await asyncio.sleep(0)


def bench(test: Callable[[Bench], Awaitable[None]], choices: Choices = DOCUMENTED) -> None:
    async def run() -> None:
        async with Bench(choices) as b:
            await test(b)

    asyncio.run(run())


def get(msgid: int = 0x1234, token: bytes = b"", kind: int = CON, options: Options = ()) -> Message:
    return Message(kind, GET, msgid, token, options)


def test_wire_bytes_of_rfc_7252_figure_16() -> None:
    wire = bytes.fromhex("40017d34bb") + b"temperature"
    message = get(0x7D34, options=((11, b"temperature"),))
    assert encode(message) == wire
    assert decode(wire) == message
    answer = decode(bytes.fromhex("60457d34ff") + b"22.3 C")
    assert answer == Message(ACK, CONTENT, 0x7D34, payload=b"22.3 C")


@pytest.mark.parametrize(
    "junk",
    [b"", b"\x40", b"\xff" * 20, b"\x4f\x01\x00\x01", b"\x44\x01\x00\x01abc", bytes.fromhex("4001000113")],
)
def test_junk_is_no_message(junk: bytes) -> None:
    assert decode(junk) is None


@rows("R250", "R251", "R259", "R285")
def test_piggybacked_answer() -> None:
    async def run(b: Bench) -> None:
        assert b.end.status == 0
        b.end.send(get(0x1234, b"\x01\x02"), b.peer)
        assert b.end.status == 1
        assert await b.heard() == bytes.fromhex("420112340102")
        await b.say(bytes.fromhex("624512340102ff") + b"hi")
        assert b.end.status == 4
        assert b.reports == [("rsp", Message(ACK, CONTENT, 0x1234, b"\x01\x02", payload=b"hi"))]
        await b.say(bytes.fromhex("624512340102ff") + b"hi")  # a duplicate
        assert len(b.reports) == 1

    bench(run)


@rows("R250", "R285", "R429")
def test_retransmission_on_the_clock_of_the_module() -> None:
    async def run(b: Bench) -> None:
        b.end.send(get(), b.peer)
        first = await b.heard()
        waits, wait_ms = [], 0
        for _ in range(4):
            while b.silence():
                b.clock.advance(10)
                wait_ms += 10
                await asyncio.sleep(0)
            waits.append(wait_ms)
            wait_ms = 0
        assert 2000 <= waits[0] <= 3000
        assert all(abs(later - 2 * earlier) <= 20 for earlier, later in itertools.pairwise(waits))
        assert b.end.status == 1
        b.clock.advance(2 * waits[3] + 20)
        assert b.end.status == 3
        assert b.silence()
        assert first == bytes.fromhex("40011234")
        await b.say(bytes.fromhex("60451234"))  # too late
        assert b.reports == [] and b.end.status == 3

    bench(run)


@rows("R250", "R259", "R285")
def test_reset() -> None:
    async def run(b: Bench) -> None:
        b.end.send(get(7), b.peer)
        await b.heard()
        await b.say(bytes.fromhex("70000007"))
        assert b.end.status == 5
        assert b.reports == [("rsp", Message(RST, 0, 7))]
        assert text.rsp_line(b.reports[0][1], None, False) == b'+QCOAPURC: "rsp",3,0,7'
        b.clock.advance(200000)
        assert b.silence()

    bench(run)


@rows("R250")
def test_no_way_to_the_peer() -> None:
    async def run(b: Bench) -> None:
        b.end.send(get(), None)
        assert b.end.status == 2

    bench(run)


@rows("R432")
@pytest.mark.parametrize("shown", [False, True])
def test_separate_response(shown: bool) -> None:
    async def run(b: Bench) -> None:
        b.end.send(get(9, b"tk"), b.peer)
        await b.heard()
        await b.say(bytes.fromhex("60000009"))
        assert b.end.status == 1
        assert [m for _, m in b.reports] == ([Message(ACK, 0, 9)] if shown else [])
        b.clock.advance(60000)
        assert b.silence()  # acknowledged: no retransmission
        later = Message(CON, CONTENT, 500, b"tk", payload=b"late")
        await b.say(encode(later))
        assert b.reports[-1] == ("rsp", later)
        assert b.end.status == 4
        assert await b.heard() == bytes.fromhex("600001f4")
        count = len(b.reports)
        await b.say(encode(later))  # its ACK was lost: acknowledged again, not reported again
        assert await b.heard() == bytes.fromhex("600001f4")
        assert len(b.reports) == count

    bench(run, Choices(show_empty_ack=shown))


@rows("R432")
def test_separate_response_that_never_comes() -> None:
    async def run(b: Bench) -> None:
        b.end.send(get(9), b.peer)
        await b.heard()
        await b.say(bytes.fromhex("60000009"))
        b.clock.advance(100000)
        assert b.end.status == 3

    bench(run)


@rows("R433")
def test_foreign_answers() -> None:
    async def run(b: Bench) -> None:
        b.end.send(get(9, b"tk"), b.peer)
        await b.heard()
        await b.say(bytes.fromhex("6045000a"))  # another message id
        await b.say(bytes.fromhex("62450009") + b"xx")  # another token
        await b.say(encode(Message(NON, CONTENT, 1, b"zz")))
        assert b.reports == [] and b.end.status == 1
        assert b.silence()
        await b.say(encode(Message(CON, CONTENT, 2, b"zz")))
        assert await b.heard() == bytes.fromhex("70000002")  # reset: nobody asked for it
        assert b.reports == []

    bench(run)


@rows("R259", "R467")
def test_answer_to_a_non_request() -> None:
    async def run(b: Bench) -> None:
        b.end.send(get(1, b"t", kind=NON), b.peer)
        assert b.end.status == 0  # the status is about CON only
        await b.heard()
        b.clock.advance(100000)
        assert b.silence()
        await b.say(encode(Message(NON, CONTENT, 77, b"t", payload=b"x")))
        assert b.reports == [("rsp", Message(NON, CONTENT, 77, b"t", payload=b"x"))]
        await b.say(encode(Message(NON, CONTENT, 78, b"t", payload=b"y")))
        assert len(b.reports) == 1  # one request, one answer

    bench(run)


@rows("R237")
def test_notifications_keep_coming() -> None:
    async def run(b: Bench) -> None:
        b.end.send(get(1, b"ob", options=((6, b""),)), b.peer)
        await b.heard()
        await b.say(encode(Message(ACK, CONTENT, 1, b"ob", ((6, b"\x01"),))))
        await b.say(encode(Message(NON, CONTENT, 50, b"ob", ((6, b"\x02"),))))
        b.end.send(get(2, b"zz"), b.peer)
        await b.heard()
        await b.say(encode(Message(CON, CONTENT, 51, b"ob", ((6, b"\x03"),))))
        assert await b.heard() == bytes.fromhex("60000033")
        assert [m.number(6) for _, m in b.reports] == [1, 2, 3]
        assert b.end.status == 1

    bench(run)


@rows("R265", "R431")
def test_incoming_requests() -> None:
    async def run(b: Bench) -> None:
        ask = get(50670, b"\x1a", options=((11, b"t"), (11, b"d")))
        await b.say(encode(ask))
        await b.say(encode(ask))  # no answer yet, no second report
        assert b.reports == [("req", ask)]
        assert b.silence()
        b.end.send(Message(ACK, CONTENT, 50670, b"\x1a"), b.peer)
        answer = await b.heard()
        assert answer == bytes.fromhex("6145c5ee1a")
        await b.say(encode(ask))
        assert await b.heard() == answer
        assert len(b.reports) == 1

    bench(run)


@rows("R431")
def test_unknown_paths_are_answered_by_the_module() -> None:
    async def run(b: Bench) -> None:
        await b.say(encode(get(5, b"t", options=((11, b"x"),))))
        assert await b.heard() == bytes.fromhex("6184000574")
        await b.say(encode(get(6, b"t", kind=NON, options=((11, b"x"),))))
        answer = decode(await b.heard())
        assert answer is not None and (answer.type, answer.code, answer.token) == (NON, 0x84, b"t")
        await b.say(bytes.fromhex("40000008"))  # a ping
        assert await b.heard() == bytes.fromhex("70000008")
        assert b.reports == []

    bench(run)


@rows("R250")
def test_answer_as_con_is_done_with_its_ack() -> None:
    async def run(b: Bench) -> None:
        b.end.send(Message(CON, CONTENT, 3, b"t"), b.peer)
        assert b.end.status == 1
        await b.heard()
        await b.say(bytes.fromhex("60000003"))
        assert b.end.status == 4 and b.reports == []

    bench(run)


class Board(aiocoap.resource.Resource):
    def __init__(self) -> None:
        super().__init__()
        self.posted: list[bytes] = []

    async def render_get(self, _request: aiocoap.Message) -> aiocoap.Message:
        return aiocoap.Message(payload=b"from the server")

    async def render_post(self, request: aiocoap.Message) -> aiocoap.Message:
        self.posted.append(request.payload)
        return aiocoap.Message(code=aiocoap.CHANGED)


@rows("R285")
def test_aiocoap_as_server() -> None:
    async def run(b: Bench) -> None:
        site, board = aiocoap.resource.Site(), Board()
        site.add_resource(["board"], board)
        context, port = await servers.coap_context(site)
        path = ((11, b"board"),)
        b.end.send(get(1, b"t1", options=path), ("127.0.0.1", port))
        await peers.until(lambda: b.reports)
        b.end.send(Message(CON, POST, 2, b"t2", path, b"data"), ("127.0.0.1", port))
        await peers.until(lambda: len(b.reports) == 2)
        assert [(m.code, m.msgid, m.payload) for _, m in b.reports] == [
            (CONTENT, 1, b"from the server"),
            (0x44, 2, b""),
        ]
        assert board.posted == [b"data"]
        assert b.end.status == 4
        await context.shutdown()

    bench(run)


@rows("R250", "R429")
@pytest.mark.parametrize("status", [2, 3])
def test_status_when_no_answer_comes(status: int) -> None:
    async def run(b: Bench) -> None:
        b.end.send(get(), b.peer)
        b.clock.advance(94_000)
        assert b.end.status == status

    bench(run, Choices(no_answer=status))


@rows("R431", "R259")
def test_what_the_host_may_have_to_do_itself() -> None:
    """Answer for paths that nobody has, tell doubled messages apart; hear of RST to a NON."""

    async def run(b: Bench) -> None:
        ask = get(5, b"t", options=((11, b"x"),))
        await b.say(encode(ask))
        await b.say(encode(ask))
        assert b.reports == [("req", ask), ("req", ask)]
        b.end.send(Message(NON, CONTENT, 9, b"t"), b.peer)
        await b.heard()
        await b.say(bytes.fromhex("70000009"))
        await b.say(bytes.fromhex("70000008"))
        assert b.reports[2:] == [("rsp", Message(RST, 0, 9))]

    bench(run, Choices(own_404=False, dedupe=False, show_rst_to_non=True))
