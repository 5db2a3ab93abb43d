"""The CoAP commands typed at the virtual module, with a raw UDP peer on loopback."""

from __future__ import annotations

import asyncio
import socket

import pytest
import vm_peers as peers
from kit import rows
from virtual_module.coap_service import CoapService
from vm_bench import ERROR, OK, Bench, cme, play

PROMPT = b"\r\n>"
ADDRESS = "139.196.187.107"


class Peer:
    """A UDP socket that stands for a server in the network."""

    def __init__(self, b: Bench, address: str = ADDRESS) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        b.module.resolver.table["%s:5683" % address] = self.socket.getsockname()
        self.bench = b
        self.module = ("127.0.0.1", 0)

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    async def heard(self) -> bytes:
        loop = asyncio.get_running_loop()
        data, self.module = await asyncio.wait_for(loop.sock_recvfrom(self.socket, 2048), 5)
        return data

    async def say(self, data: bytes) -> bytes:
        self.socket.sendto(data, self.module)
        await self.bench.module.settle()
        return self.bench.module.take()


async def send(b: Bench, what: str, typed: bytes = b"") -> None:
    assert await b.answer("AT+QCOAPSEND=" + what) == PROMPT
    assert await b.raw(typed + b"\x1a") == OK


@rows("R234", "R242", "R247", "R249", "R250", "R251", "R258", "R266", "R246")
def test_con_get() -> None:
    async def run(b: Bench) -> None:
        with Peer(b) as peer:
            await b.ok("AT+QCOAPCREATE=56830", "AT+QCOAPHEAD=5,6677,4,30323436", 'AT+QCOAPOPTION=1,11,"hello"')
            assert await b.answer("AT+QCOAPDATASTATUS?") == b"\r\n+QCOAPDATASTATUS: 0\r\n" + OK
            await send(b, "0,1,%s,5683" % ADDRESS)
            assert await b.answer("AT+QCOAPDATASTATUS?") == b"\r\n+QCOAPDATASTATUS: 1\r\n" + OK
            assert await peer.heard() == bytes.fromhex("44011a1530323436b5") + b"hello"
            assert await peer.say(bytes.fromhex("64451a1530323436ff") + b"hello word from server") == (
                b'\r\n+QCOAPURC: "rsp",2,2.05,6677,22,68656C6C6F20776F72642066726F6D20736572766572\r\n'
            )
            assert await b.answer("AT+QCOAPDATASTATUS?") == b"\r\n+QCOAPDATASTATUS: 4\r\n" + OK

    play("BC95-G", run)


@rows("R231", "R232", "R233", "R234", "R240", "R370", "R466")
def test_heads() -> None:
    async def run(b: Bench) -> None:
        with Peer(b) as peer:
            await b.ok("AT+QCOAPCREATE=56830")
            seen = []
            for head in ("", "1", "2,8,0102030405060708", "2,,2,ABCD", "3,13940", "4,13940", "5,13940,4,02040608", ""):
                if head:
                    await b.ok("AT+QCOAPHEAD=" + head)
                await send(b, "1,1,%s,5683" % ADDRESS)
                data = await peer.heard()
                seen.append((int.from_bytes(data[2:4], "big"), data[4:]))
            first = seen[0][0]
            assert [one for one, _ in seen] == [first, first + 1, first + 2, first + 3, 13940, 13940, 13940, first + 4]
            tokens = [token for _, token in seen]
            assert [len(token) for token in tokens] == [0, 8, 8, 2, 0, 8, 4, 0]
            assert tokens[2].hex() == "0102030405060708" and tokens[3].hex() == "abcd" and tokens[6].hex() == "02040608"
            for head in (
                "0",
                "6",
                "1,5",
                "2,8,01",
                "2,9,010203040506070809",
                "2,0,",
                "3",
                "3,65536",
                "4",
                "5,1",
                "5,1,2",
            ):
                assert await b.answer("AT+QCOAPHEAD=" + head) == cme(50), head
            for head in ("5,1,2,ABCX", '5,1,2,"ABCD"', "2,x,AB", ""):
                assert await b.answer("AT+QCOAPHEAD=" + head) == cme(50), head

    play("BC95-G", run)


@rows("R236", "R237", "R238", "R239", "R240", "R378")
def test_options() -> None:
    async def run(b: Bench) -> None:
        with Peer(b) as peer:
            await b.ok("AT+QCOAPCREATE=56830", 'AT+QCOAPOPTION=4,11,"rd",12,"42",15,"ep=1;2",15,"b=U"')
            await send(b, "1,2,%s,5683" % ADDRESS, b"3c2f3e")
            assert (await peer.heard())[4:] == b"\xb2rd" + b"\x11\x2a" + b"\x36ep=1;2" + b"\x03b=U" + b"\xff</>"
            await send(b, "1,2,%s,5683" % ADDRESS)
            assert len(await peer.heard()) == 4  # the options are used up
            await b.ok('AT+QCOAPOPTION=2,11,".well-know",11,"core"')  # the bytes as they are given
            await send(b, "1,1,%s,5683" % ADDRESS)
            assert (await peer.heard())[4:] == b"\xba.well-know" + b"\x04core"
            for wrong in (
                '0', '1', '2,11,"a"', '1,11,"a",11,"b"', '13' + ',11,"a"' * 13, '1,11,a', '1,2,"a"', '1,12,"43"',
                '1,11,""', '1,11,"%s"' % ("x" * 181), '1,17,"text"',
            ):  # fmt: skip
                assert await b.answer("AT+QCOAPOPTION=" + wrong) == cme(50), wrong
            await b.ok("AT+QCOAPOPTION=12" + ',11,"a"' * 12, 'AT+QCOAPOPTION=1,11,"%s"' % ("x" * 180))

    play("BC95-G", run)


@rows("R244", "R248", "R405", "R427")
def test_payloads() -> None:
    async def run(b: Bench) -> None:
        with Peer(b) as peer:
            await b.ok("AT+QCOAPCREATE=56830")
            for content_format, typed, sent in (
                ("42", b"0102", b"\x01\x02"),
                ("0", b"0102", b"0102"),
                ("50", b'{"a":1}', b'{"a":1}'),
                ("0", b"x" * 1030, b"x" * 1024),  # what is too much is dropped
                ("42", b"00" * 513, bytes(512)),
            ):
                await b.ok('AT+QCOAPOPTION=1,12,"%s"' % content_format)
                await send(b, "1,2,%s,5683" % ADDRESS, typed)
                assert (await peer.heard()).partition(b"\xff")[2] == sent
            b.module.options["coap_payload"] = "raw"
            await send(b, "1,2,%s,5683" % ADDRESS, b"0102")
            assert (await peer.heard()).endswith(b"\xff0102")

    play("BC95-G", run)


@rows("R012", "R013", "R014", "R242")
def test_several_commands_on_a_line() -> None:
    """In any case, with blanks; a data entry at the end of the line or in it; what stands behind a refused one is not
    done, what stands before it is."""

    async def run(b: Bench) -> None:
        with Peer(b) as peer:
            shown = await b.answer('at+qcoapcreate=56830; +qcoapcfg="SHOWRA", 1;+QCoapCfg="showra"')
            assert shown == b'\r\n+QCOAPCFG: "Showra",1\r\n' + OK
            assert (
                await b.answer('AT+QCOAPHEAD=3, 5;+QCOAPOPTION=1,11,"a;b,c";+QCOAPSEND=1,1,%s,5683' % ADDRESS) == PROMPT
            )
            assert await b.raw(b"\x1a") == OK
            assert await peer.heard() == b"P\x01\x00\x05\xb5a;b,c"
            assert await b.answer('AT+QCOAPHEAD=3,6;+QCOAPOPTION=1,99,"a";+QCOAPSEND=1,1,%s,5683' % ADDRESS) == cme(50)
            assert await b.answer("AT+QCOAPSEND=1,1,%s,5683;+QCOAPDATASTATUS?" % ADDRESS) == PROMPT
            assert await b.raw(b"\x1a") == b"\r\n+QCOAPDATASTATUS: 0\r\n" + OK
            assert await peer.heard() == b"P\x01\x00\x06"
            await b.ok('AT+QCOAPADDRES=4,"/t/d";+QCOAPADDRES=4,"/t/e"', "AT+QCOAPDEL;+QCOAPDEL")

    play("BC95-G", run)


@rows("R430", "R434")
def test_other_readings() -> None:
    async def run(b: Bench) -> None:
        with Peer(b):
            b.module.options.change({"coap_create_twice": 50, "coap_one_con": False})
            await b.ok("AT+QCOAPCREATE=56830")
            assert await b.answer("AT+QCOAPCREATE=56830") == cme(50)
            await send(b, "0,1,%s,5683" % ADDRESS)
            await send(b, "0,1,%s,5683" % ADDRESS)

    play("BC95-G", run)


@rows("R226", "R227", "R229", "R286", "R363", "R430", "R276", "R438")
def test_context() -> None:
    async def run(b: Bench) -> None:
        assert await b.answer("AT+QCOAPCRETAE=56830") == ERROR
        for line in ('ADDRES=4,"/t/d"', "HEAD=1", 'OPTION=1,11,"a"', "SEND=0,1,%s,5683" % ADDRESS):
            assert await b.answer("AT+QCOAP" + line) == cme(3), line
        assert await b.answer("AT+QCOAPDATASTATUS?") == b"\r\n+QCOAPDATASTATUS: 0\r\n" + OK
        for port in ("0", "65536", "", '"1"', "1,2"):
            assert await b.answer("AT+QCOAPCREATE=" + port) == cme(50), port
        await b.ok("AT+QCOAPDEL", "AT+QCOAPCREATE=56830")
        assert await b.answer("AT+QCOAPCREATE=56830") == cme(3)
        for resource in ('3,"/t/d"', "4,/t/d", '0,""', '51,"%s"' % ("x" * 51), "4"):
            assert await b.answer("AT+QCOAPADDRES=" + resource) == cme(50), resource
        await b.ok('AT+QCOAPADDRES=50,"/%s"' % ("x" * 49), *['AT+QCOAPADDRES=3,"/%02d"' % n for n in range(16)])
        await b.ok("AT+QCOAPDEL", "AT+QCOAPDEL", "AT+QCOAPCREATE=1")
        b.module.terminal.cmee = 2
        assert await b.answer("AT+QCOAPCREATE=1") == b"\r\n+CME ERROR: operation not allowed\r\n"
        b.module.terminal.cmee = 0
        assert await b.answer("AT+QCOAPCREATE=1") == ERROR

    play("BC95-G", run)


@rows("R242", "R243", "R459", "R468")
@pytest.mark.parametrize(
    "what",
    [
        "4,1,%s,5683", "0,5,%s,5683", "0,200,%s,5683", "2,1,%s,5683", "3,1,%s,5683", "3,205,%s,5683", "1,0,%s,5683",
        '0,1,"%s",5683', "0,1,example.net,5683", "0,1,%s,0", "0,1,%s,65536", "0,1,%s", "0,1,1.2.3,5683",
    ],
)  # fmt: skip
def test_targets_that_are_refused(what: str) -> None:
    async def run(b: Bench) -> None:
        await b.ok("AT+QCOAPCREATE=56830")
        assert await b.answer("AT+QCOAPSEND=" + what.replace("%s", ADDRESS)) == cme(50)

    play("BC95-G", run)


@rows("R014", "R242", "R243", "R468")
def test_targets_that_are_taken() -> None:
    async def run(b: Bench) -> None:
        with Peer(b) as peer:
            await b.ok("AT+QCOAPCREATE=56830")
            for what, head in (
                ("1,205", "5045"),
                ("2, 404", "6084"),
                ("3,0", "7000"),
                ("2,0", "6000"),
                ("1,4", "5004"),
            ):
                await send(b, "%s, %s, 5683" % (what, ADDRESS))
                assert (await peer.heard())[:2].hex() == head
            assert await b.answer("AT+QCOAPSEND=3,0,%s,5683" % ADDRESS) == PROMPT
            assert await b.raw(b"01\x1a") == cme(50)  # an empty message has no payload

    play("BC95-G", run)


@rows("R245", "R250", "R387", "R429", "R434", "R276")
def test_one_con_at_a_time() -> None:
    async def run(b: Bench) -> None:
        with Peer(b):
            await b.ok("AT+QCOAPCREATE=56830")
            assert await b.answer("AT+QCOAPSEND=0,1,%s,5683" % ADDRESS) == PROMPT
            assert await b.raw(b"ab\x1b") == OK  # cancelled: nothing was sent
            assert await b.answer("AT+QCOAPDATASTATUS?") == b"\r\n+QCOAPDATASTATUS: 0\r\n" + OK
            await send(b, "0,1,%s,5683" % ADDRESS)
            for what in ("0,1", "1,1"):
                assert await b.answer("AT+QCOAPSEND=%s,%s,5683" % (what, ADDRESS)) == cme(159)
            await send(b, "2,205,%s,5683" % ADDRESS)  # answering a request is not held up
            b.module.clock.advance(93_000)
            assert await b.answer("AT+QCOAPDATASTATUS?") == b"\r\n+QCOAPDATASTATUS: 3\r\n" + OK
            await send(b, "0,1,%s,5683" % ADDRESS)
            await b.ok("AT+QCOAPDEL", "AT+QCOAPCREATE=56830")
            await send(b, "0,1,8.8.8.8,5683")  # out of reach
            assert await b.answer("AT+QCOAPDATASTATUS?") == b"\r\n+QCOAPDATASTATUS: 2\r\n" + OK
            b.module.network.stat = 2
            assert await b.answer("AT+QCOAPSEND=0,1,8.8.8.8,5683") == cme(30)

    play("BC95-G", run)


@rows("R252", "R253", "R254", "R255", "R257", "R258", "R262", "R265", "R267", "R372", "R431", "R256")
def test_incoming_request_and_addresses() -> None:
    async def run(b: Bench) -> None:
        with Peer(b) as peer:
            await b.ok("AT+QCOAPCREATE=56830", 'AT+QCOAPCFG="showRA",1', 'AT+QCOAPADDRES=4,"/t/d"')
            assert await b.answer('AT+QCOAPCFG="Showra"') == b'\r\n+QCOAPCFG: "Showra",1\r\n' + OK
            assert await b.answer('AT+QCOAPCFG="Showrspopt"') == b'\r\n+QCOAPCFG: "Showrspopt",0\r\n' + OK
            assert await b.answer('AT+QCOAPCFG="Showra",2') == cme(50)
            assert await b.answer('AT+QCOAPCFG="Other",1') == cme(50)
            await b.ok("AT+QCOAPCFG?", "AT+QCOAPCFG=?")
            await b.ok("AT+QCOAPHEAD=3,2802")
            await send(b, "0,2,%s,5683" % ADDRESS)
            await peer.heard()
            shown = b"%s,5683" % ADDRESS.encode()
            assert await peer.say(bytes.fromhex("60440af2")) == b'\r\n+QCOAPURC: "rsp",%s,2,2.04,2802\r\n' % shown
            ask = bytes.fromhex("4801c5ee1a84bfe989c01c08" + "60" + "12d431" + "41" + "74" + "01" + "64")
            assert await peer.say(ask) == (
                b'\r\n+QCOAPURC: "req",%s,0,1,50670,09,8,1A84BFE989C01C08,6,"0",7,"54321",11,"t",11,"d"\r\n' % shown
            )
            assert await peer.say(ask) == b""
            await b.ok("AT+QCOAPHEAD=5,50670,8,1A84BFE989C01C08")
            await send(b, "2,205,%s,5683" % ADDRESS)
            assert await peer.heard() == bytes.fromhex("6845c5ee1a84bfe989c01c08")
            assert await peer.say(bytes.fromhex("40010001") + b"\xb1x") == b""
            assert await peer.heard() == bytes.fromhex("60840001")

    play("BC95-G", run)


@rows("R254", "R269", "R374", "R428")
def test_options_of_responses_are_shown_on_request() -> None:
    async def run(b: Bench) -> None:
        with Peer(b) as peer:
            await b.ok("AT+QCOAPCREATE=56830", 'AT+QCOAPCFG="Showrspopt",1')
            CoapService.of(b.module).next_msgids = [13357, 13358]
            answers = []
            for shown in (1, 0):
                await b.ok('AT+QCOAPCFG="Showrspopt",%d' % shown)
                await send(b, "0,1,%s,5683" % ADDRESS)
                msgid = (await peer.heard())[2:4]
                answers.append(await peer.say(b"\x60\x45" + msgid + b"\xc0\xff" + b"a,b"))
            assert answers == [
                b'\r\n+QCOAPURC: "rsp",2,2.05,13357,1,12,"0",3,a,b\r\n',
                b'\r\n+QCOAPURC: "rsp",2,2.05,13358,3,a,b\r\n',
            ]

    play("BC95-G", run)


@rows("R255")
def test_a_restart_forgets_everything() -> None:
    async def run(b: Bench) -> None:
        await b.ok("AT+QCOAPCREATE=56830", 'AT+QCOAPCFG="Showra",1')
        b.module.power.restart()
        b.module.clock.advance(60_000)
        await b.raw(b"")
        b.module.terminal.echo = False
        assert await b.answer('AT+QCOAPCFG="Showra"') == b'\r\n+QCOAPCFG: "Showra",0\r\n' + OK
        await b.ok("AT+QCOAPCREATE=56830")

    play("BC95-G", run)


@rows("R012", "R225", "R228", "R230", "R235", "R241", "R439")
def test_other_forms() -> None:
    async def run(b: Bench) -> None:
        for name in ("CREATE", "ADDRES", "HEAD", "OPTION", "SEND"):
            assert await b.answer("AT+QCOAP%s?" % name) == ERROR
            assert (await b.answer("AT+QCOAP%s=?" % name)).startswith(b"\r\n+QCOAP%s: " % name.encode())
        for name in ("DEL", "DATASTATUS"):
            assert await b.answer("AT+QCOAP%s=?" % name) == ERROR
        assert await b.answer("at+qcoapcreate=56830;+qcoaphead=1") == OK

    play("BC95-G", run)


@rows("R317")
def test_other_families_have_no_coap() -> None:
    async def run(b: Bench) -> None:
        assert await b.answer("AT+QCOAPCREATE=56830") == ERROR
        assert await b.answer("AT+QCOAPDEL") == ERROR

    play("BC25", run)
    assert peers.free_port()
