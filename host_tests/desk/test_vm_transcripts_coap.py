"""The worked examples of the CoAP document, typed at the virtual module, with an aiocoap codec on the far side."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import aiocoap
import transcript
from aiocoap.numbers.optionnumbers import OptionNumber
from kit import rows
from virtual_module.coap_service import CoapService
from vm_bench import Bench, play
from vm_player import Player, UdpPeer

FOLDER = "bc95g_coap"
NI_HAO = b"Ni Hao from CoAP.NET RFC "
PLATFORM = "180.101.147.115"
ANSWERED = "139.196.187.107"

# Files that the module cannot reproduce in a spelling that they allow, and why. There is none.
NOT_REPRODUCIBLE: dict[str, str] = {}


class Server(UdpPeer):
    """Answers every request with what `reply` says; keeps the answer back while `waits`."""

    def __init__(
        self, code: aiocoap.Code = aiocoap.CONTENT, payload: bytes = b"", options: Iterable[tuple[int, bytes]] = ()
    ) -> None:
        super().__init__(self._answer)
        self.code, self.payload, self.options = code, payload, options
        self.requests: list[aiocoap.Message] = []
        self.waits = False

    def _answer(self, data: bytes) -> bytes | None:
        self.requests.append(aiocoap.Message.decode(data))
        return None if self.waits or not 1 <= int(self.requests[-1].code) <= 4 else self._reply()

    def _reply(self) -> bytes:
        request = self.requests[-1]
        reply = aiocoap.Message(
            _mtype=aiocoap.ACK, _mid=request.mid, _token=request.token, code=self.code, payload=self.payload
        )
        for number, value in self.options:
            reply.opt.add_option(OptionNumber(number).create_option(decode=value))
        return cast(bytes, reply.encode())

    def answer_now(self) -> None:
        self.say(self._reply())

    def ask(self, msgid: int, token: str, *path: str, port: int = 0) -> None:
        request = aiocoap.Message(_mtype=aiocoap.CON, _mid=msgid, _token=bytes.fromhex(token), code=aiocoap.GET)
        request.opt.observe = 0
        if port:
            request.opt.uri_port = port
        request.opt.uri_path = path
        self.say(request.encode())


async def given(b: Bench, server: Server | None = None, address: str = "", port: int = 5683, msgid: int = 0) -> Player:
    """A context, the server behind its address, the message id that the module draws next."""
    await b.ok("AT+QCOAPCREATE=56830")
    know(b, server, address, port, msgid)
    return Player(b, FOLDER)


def know(b: Bench, server: Server | None, address: str, port: int, msgid: int) -> None:
    if server is not None:
        b.module.resolver.table["%s:%d" % (address, port)] = server.address
    CoapService.of(b.module).next_msgids = [msgid] if msgid else []


@rows("R225", "R230", "R235", "R241", "R252")
def test_2_test_commands() -> None:
    async def run(b: Bench) -> None:
        await Player(b, FOLDER).play("2-")

    play("BC95-G", run)


@rows("R225", "R226", "R227")
def test_2_1_and_2_2_context() -> None:
    async def run(b: Bench) -> None:
        await Player(b, FOLDER).play("2.1")
        await b.ok("AT+QCOAPDEL")
        await Player(b, FOLDER).play("2.2")

    play("BC95-G", run)


@rows("R229", "R232", "R239", "R252", "R253")
def test_2_3_to_2_5_and_2_8_settings() -> None:
    async def run(b: Bench) -> None:
        player = await given(b)
        for name in ("2.3", "2.4", "2.5", "2.8"):
            await player.play(name)

    play("BC95-G", run)


@rows("R467")
def test_2_6a_send_non_get() -> None:
    async def run(b: Bench) -> None:
        async with Server() as server:
            server.waits = True
            player = await given(b, server, "139.196.41.136")
            await player.play("2.6a")
            await b.module.settle()
            assert [(str(one.mtype), int(one.code)) for one in server.requests] == [("NON", 1)]

    play("BC95-G", run)


@rows("R248", "R364")
def test_2_6b_send_con_post() -> None:
    async def run(b: Bench) -> None:
        async with Server(payload=NI_HAO) as server:
            player = await given(b, server, "139.196.41.136", msgid=61440)
            await player.play("2.6b")
            assert server.requests[0].payload == b"\x01\x02"

    play("BC95-G", run)


@rows("R250", "R251", "R364", "R367", "R369", "R381")
def test_2_7_data_status() -> None:
    async def run(b: Bench) -> None:
        async with Server(payload=NI_HAO) as server:
            server.waits = True
            player = await given(b, server, "139.196.41.136", msgid=61440)
            await player.play("2.7", {5: server.answer_now})

    play("BC95-G", run)


@rows("R234", "R240", "R247", "R251", "R265", "R266", "R267", "R270", "R369", "R372")
def test_5_1_requests_both_ways() -> None:
    async def run(b: Bench) -> None:
        player = Player(b, FOLDER)
        async with Server(payload=NI_HAO) as server:
            server.waits = True
            know(b, server, "5.39.83.206", 5683, 6685)
            await player.play("5.1a", {9: server.answer_now})
            server.waits = False
            know(b, server, ANSWERED, 5683, 0)
            await player.play("5.1b")
            assert server.requests[-1].mid == 5566
            server.payload = b"2018/1/9 11:11:19"
            know(b, server, ANSWERED, 5683, 61441)
            await player.play("5.1c")
            assert server.requests[-1].opt.uri_path == ("rd",)
            server.payload = b"hello word from server"
            await player.play("5.1d")
            assert (server.requests[-1].mid, server.requests[-1].token) == (6677, b"0246")
            await post_and_answer(b, player, server)

    async def post_and_answer(b: Bench, player: Player, server: Server) -> None:
        server.payload, server.code = b"", aiocoap.CHANGED
        know(b, server, ANSWERED, 5683, 2802)

        async def ask() -> None:
            await b.module.settle()
            server.ask(50670, "1A84BFE989C01C08", "t", "d", port=54321)

        await player.play("5.1e", {9: ask})
        assert server.requests[-1].opt.uri_query == ("ep=863703030822519",)
        await player.play("5.1f")
        await b.module.settle()
        assert server.requests[-1].token.hex().upper() == "1A84BFE989C01C08"
        assert (str(server.requests[-1].mtype), server.requests[-1].mid) == ("NON", 50670)

    play("BC95-G", run)


@rows("R229", "R239", "R248", "R262", "R263", "R265", "R268")
def test_5_2_registration() -> None:
    async def run(b: Bench) -> None:
        player = Player(b, FOLDER)
        async with Server(aiocoap.CREATED) as server:
            know(b, server, PLATFORM, 5683, 55018)

            async def ask() -> None:
                await b.module.settle()
                server.ask(62084, "1A98EB114F501C07", "19", "0", "0")

            await player.play("5.2a", {23: ask})
            links = b'</>;rt="oma.lwm2m",</1/0>,</3/0>,</4/0>,</5/0>,</20/0>,</19/0>'
            assert server.requests[-1].payload == links
            assert server.requests[-1].opt.content_format == 42
            await player.play("5.2b")
            await b.module.settle()
            assert str(server.requests[-1].mtype) == "ACK" and server.requests[-1].mid == 62084

    play("BC95-G", run)


@rows("R251", "R254", "R269", "R374", "R375")
def test_5_3_what_the_urcs_show() -> None:
    async def run(b: Bench) -> None:
        player = Player(b, FOLDER)
        async with Server(aiocoap.CREATED, options=((8, b"rd"), (8, b"BEHJvP29Lb"))) as server:
            know(b, server, "220.180.239.212", 8063, 13357)
            b.module.options["coap_urc_ms"] = 20
            await player.play("5.3a", {10: b.module.settle})
            b.module.options["coap_urc_ms"] = 0
            server.options = ((8, b"rd"), (8, b"dTuzhqieJe"))
            know(b, server, "220.180.239.212", 8063, 13358)
            await player.play("5.3b")
            server.code, server.options = aiocoap.CONTENT, ((12, b""),)
            server.payload = b"hi name=aaaa,this is quectel IoT platform"
            know(b, server, "220.180.239.212", 8098, 54750)
            await player.play("5.3c")

    play("BC95-G", run)


def test_every_file_is_played_or_has_a_reason() -> None:
    with open(__file__, encoding="utf-8") as file:
        source = file.read()
    for path in transcript.paths():
        folder, name = path.split("/")[-2:]
        section = name.split("-")[0]
        if folder == FOLDER and name not in NOT_REPRODUCIBLE:
            assert '"%s"' % section in source or '"%s-"' % section in source, name
