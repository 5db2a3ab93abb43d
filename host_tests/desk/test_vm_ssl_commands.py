"""The SSL commands typed at the virtual module, with Python's TLS servers as peers."""

from __future__ import annotations

import pytest
import vm_peers as peers
from kit import rows
from vm_bench import ERROR, OK, Bench, play

LTE = pytest.mark.parametrize("model", ["BG96", "EC200U"])


async def ready(b: Bench, port: int, *more: str) -> None:
    """PDP context up, SSL context 1 checks the server against the CA."""
    b.module.resolver.table["server.test"] = ("127.0.0.1", port)
    b.module.resolver.table["220.180.239.201"] = ("127.0.0.1", port)
    answer = await b.upload("cacert.pem", peers.ca_pem())
    assert answer.startswith(b"\r\n+QFUPL: %d," % len(peers.ca_pem()))
    b.module.network.activate(1)
    await b.ok('AT+QSSLCFG="seclevel",1,1', 'AT+QSSLCFG="cacert",1,"UFS:cacert.pem"', *more)


async def opened(b: Bench, mode: int = 0, host: str = "server.test", number: int = 4) -> None:
    command = 'AT+QSSLOPEN=1,1,%d,"%s",443,%d' % (number, host, mode)
    assert (await b.type_until(command, "+QSSLOPEN: %d," % number)).startswith(OK)


@LTE
@rows(
    "R065",
    "R073",
    "R074",
    "R075",
    "R080",
    "R084",
    "R090",
    "R091",
    "R094",
    "R097",
    "R292",
    "R293",
    "R033",
    "R034",
    "R087",
    "R093",
    "R296",
    "R297",
    "R298",
    "R303",
    "R305",
    "R391",
    "R460",
)
def test_buffer_mode(model: str) -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good()) as server:
            await ready(b, server.port)
            assert await b.type_until('AT+QSSLOPEN=1,1,4,"server.test",443', ": 4,") == (OK + b"\r\n+QSSLOPEN: 4,0\r\n")
            local = b.connection(4).local_port
            line = b'\r\n+QSSLSTATE: 4,"SSLClient","server.test",443,%d,2,1,4,0,"uart1",1\r\n' % local
            assert await b.type("AT+QSSLSTATE") == line + OK
            assert await b.type("AT+QSSLSTATE=4") == line + OK
            assert await b.type("AT+QSSLSTATE=3") == OK
            assert await b.type("AT+QSSLSEND=4") == b"\r\n> "
            assert await b.raw(b"one\r\nOK\r\n\x1a") == b'\r\nSEND OK\r\n\r\n+QSSLURC: "recv",4\r\n'
            assert await b.type("AT+QSSLSEND=4,3") == b"\r\n> "
            assert await b.raw(b"\x1a\x1b\x00") == b"\r\nSEND OK\r\n"  # no second URC: the buffer is not empty
            assert await b.type("AT+QSSLRECV=4,4") == b"\r\n+QSSLRECV: 4\r\none\r\r\n" + OK
            assert await b.type("AT+QSSLRECV=4,1500") == b"\r\n+QSSLRECV: 8\r\n\nOK\r\n\x1a\x1b\x00\r\n" + OK
            assert await b.type("AT+QSSLRECV=4,1500") == b"\r\n+QSSLRECV: 0\r\n" + OK
            assert server.heard == b"one\r\nOK\r\n\x1a\x1b\x00"
            assert await b.type("AT+QSSLCLOSE=4") == OK
            await peers.until(server.ended.is_set)
            assert await b.type("AT+QSSLSTATE") == OK
            assert await b.type('AT+QSSLCFG="seclevel",1') == b'\r\n+QSSLCFG: "seclevel",1,1\r\n' + OK
            assert await b.type("AT+QSSLSEND=4,3") == ERROR
            assert await b.type("AT+QIGETERROR") == b"\r\n+QIGETERROR: 567,socket has been closed\r\n" + OK

    play(model, run)


@LTE
@rows("R095", "R392", "R441", "R035", "R304")
def test_direct_push_mode(model: str) -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good()) as server:
            await ready(b, server.port)
            await opened(b, 1)
            b.module.take()
            payload = b'\r\nOK\r\n+QSSLURC: "recv",4,5\r\n\x00'
            server.peers[0].write(payload)
            assert await b.until("\x00\r\n") == b'\r\n+QSSLURC: "recv",4,%d\r\n%s\r\n' % (len(payload), payload)
            assert await b.type("AT+QSSLRECV=4,100") == b"\r\n+QSSLRECV: 0\r\n" + OK

    play(model, run)


@LTE
@rows("R036", "R037", "R038", "R066", "R070", "R280", "R461", "R462", "R423", "R424")
def test_transparent_mode(model: str) -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good(), greeting=b"hello") as server:
            await ready(b, server.port)
            command = 'AT+QSSLOPEN=1,1,4,"server.test",443,2'
            assert await b.type_until(command, "hello") == b"\r\nCONNECT\r\nhello"
            assert await b.raw(b"AT\r") == b"AT\r"  # the server echoes
            b.module.clock.advance(1000)
            await b.raw(b"+++")
            b.module.clock.advance(1000)
            await b.module.settle()
            assert b.module.take() == OK
            server.peers[0].write(b"more")
            assert await b.until("recv") == b'\r\n+QSSLURC: "recv",4\r\n'
            assert await b.type("AT+QSSLRECV=4,100") == b"\r\n+QSSLRECV: 4\r\nmore\r\n" + OK
            server.peers[0].write(b"unread")
            assert await b.until("recv") == b'\r\n+QSSLURC: "recv",4\r\n'
            assert await b.type("ATO") == b"\r\nCONNECT\r\nunread"
            server.peers[0].close()
            assert await b.until("NO") == b"\r\nNO CARRIER\r\n"
            assert await b.type("ATO") == b"\r\nNO CARRIER\r\n"
            assert b",4,1,4,0," in await b.type("AT+QSSLSTATE=4")  # closing until it is closed
            assert await b.type("AT+QSSLCLOSE=4") == OK

    play(model, run)


@rows("R066", "R099")
def test_transparent_open_that_fails() -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.server_context(peers.leaf("other", "server.test"))) as server:
            await ready(b, server.port)
            assert await b.type_until('AT+QSSLOPEN=1,1,4,"server.test",443,2', "ERROR") == ERROR
            assert await b.type("AT+QIGETERROR") == b"\r\n+QIGETERROR: 566,socket connection failed\r\n" + OK

    play("BG96", run)


@pytest.mark.parametrize(("model", "code"), [("BG96", 566), ("EC200U", 579)])
@rows("R272", "R315", "R395", "R398", "R422", "R100")
def test_server_that_is_not_trusted(model: str, code: int) -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.server_context(peers.leaf("other", "server.test"))) as server:
            await ready(b, server.port)
            command = 'AT+QSSLOPEN=1,%d,4,"server.test",443'
            assert await b.type_until(command % 1, ": 4,") == OK + b"\r\n+QSSLOPEN: 4,%d\r\n" % code
            assert (await b.type("AT+QIGETERROR")).startswith(b"\r\n+QIGETERROR: %d," % code)
            assert await b.type(command % 1) == ERROR  # the id is taken until it is closed
            assert (await b.type("AT+QIGETERROR")).startswith(b"\r\n+QIGETERROR: 563,")
            assert await b.type("AT+QSSLCLOSE=4") == OK
            await b.ok('AT+QSSLCFG="seclevel",2,1', 'AT+QSSLCFG="cacert",2,"nosuch.pem"')
            assert await b.type_until(command % 2, ": 4,") == OK + b"\r\n+QSSLOPEN: 4,%d\r\n" % code
            assert await b.type("AT+QSSLCLOSE=4") == OK
            # Context 0 is as delivered: no checks.
            assert await b.type_until(command % 0, ": 4,") == OK + b"\r\n+QSSLOPEN: 4,0\r\n"

    play(model, run)


@rows("R065", "R399", "R032")
def test_opens_that_fail_for_other_reasons() -> None:
    async def run(b: Bench) -> None:
        command = 'AT+QSSLOPEN=1,1,4,"%s",443'
        assert await b.type(command % "server.test") == ERROR
        assert (await b.type("AT+QIGETERROR")).startswith(b"\r\n+QIGETERROR: 561,")
        b.module.network.activate(1)
        assert await b.type_until(command % "nowhere.test", ": 4,") == OK + b"\r\n+QSSLOPEN: 4,565\r\n"
        await b.ok("AT+QSSLCLOSE=4")
        b.module.resolver.table["server.test"] = ("127.0.0.1", peers.free_port())
        assert await b.type_until(command % "server.test", ": 4,") == OK + b"\r\n+QSSLOPEN: 4,566\r\n"

    play("EC200U", run)


@rows("R052", "R067")
def test_handshake_that_hangs() -> None:
    async def run(b: Bench) -> None:
        async with peers.StreamServer(echo=False) as server:
            await ready(b, server.port, 'AT+QSSLCFG="negotiatetime",1,10')
            assert await b.type('AT+QSSLOPEN=1,1,4,"server.test",443') == OK
            await peers.until(lambda: server.heard)
            b.module.clock.advance(9900)
            assert await b.raw(b"") == b""
            b.module.clock.advance(200)
            assert await b.raw(b"") == b"\r\n+QSSLOPEN: 4,569\r\n"

    play("BG96", run)


@rows("R067", "R092")
def test_close_while_opening() -> None:
    async def run(b: Bench) -> None:
        async with peers.StreamServer(echo=False) as server:
            await ready(b, server.port)
            assert await b.type('AT+QSSLOPEN=1,1,4,"server.test",443') == OK
            await peers.until(lambda: server.heard)
            assert b',1,1,4,0,"uart1",1' in await b.type("AT+QSSLSTATE")
            assert await b.type("AT+QSSLRECV=4,100") == ERROR
            assert await b.type("AT+QSSLCLOSE=4") == OK
            b.module.clock.advance(400_000)
            assert await b.raw(b"") == b""
            assert await b.type("AT+QSSLSTATE") == OK

    play("BG96", run)


@LTE
@rows("R096", "R279", "R393", "R394", "R396", "R313", "R314")
def test_closed_by_the_server(model: str) -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good(), greeting=b"bye") as server:
            await ready(b, server.port)
            await b.type_until('AT+QSSLOPEN=1,1,4,"server.test",443', '"recv",4')
            server.peers[0].close()
            assert await b.until("closed") == b'\r\n+QSSLURC: "closed",4\r\n'
            assert b",4,1,4,0," in await b.type("AT+QSSLSTATE")
            assert await b.type("AT+QSSLSEND=4,1") == ERROR
            assert await b.type("AT+QSSLRECV=4,10") == b"\r\n+QSSLRECV: 3\r\nbye\r\n" + OK
            assert await b.type("AT+QSSLRECV=4,10") == b"\r\n+QSSLRECV: 0\r\n" + OK
            assert await b.type('AT+QSSLOPEN=1,1,4,"server.test",443') == ERROR
            await b.ok("AT+QSSLCLOSE=4", "AT+QSSLCLOSE=4", "AT+QSSLCLOSE=7,0")

    play(model, run)


@rows("R053", "R418", "R458")
def test_names_of_ec200u() -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good()) as server:
            await ready(b, server.port, 'AT+QSSLCFG="sni",1,1')
            b.module.resolver.table["other.test"] = ("127.0.0.1", server.port)
            await opened(b)
            await opened(b, host="220.180.239.201", number=5)  # an address: nothing to compare, no SNI
            await opened(b, host="other.test", number=6)
            assert server.names == ["server.test", None, "other.test"]
            assert [one.state for one in b.module.connections.all()] == [2, 2, 0]
            await b.ok("AT+QSSLCLOSE=6", 'AT+QSSLCFG="ignorecertitem",1,4')
            await opened(b, host="other.test", number=6)
            assert b.connection(6).state == 2

    play("EC200U", run)


@rows("R059", "R315", "R418")
def test_bg96_never_compares_the_name() -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good()) as server:
            await ready(b, server.port)
            b.module.resolver.table["other.test"] = ("127.0.0.1", server.port)
            await opened(b, host="other.test")
            assert b.connection(4).state == 2
            assert server.names == [None]

    play("BG96", run)


@LTE
@rows("R039", "R051")
def test_the_clock_of_the_module_decides(model: str) -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good()) as server:
            await ready(b, server.port, 'AT+QSSLCFG="ignorelocaltime",1,0', 'AT+CCLK="50/08/22,10:00:00+08"')
            await opened(b, number=1)
            await b.ok('AT+CCLK="26/08/22,10:00:00+08"')
            await opened(b, number=2)
            assert [one.state for one in b.module.connections.all()] == [0, 2]

    play(model, run)


@LTE
@rows("R076", "R077", "R290", "R405", "R443", "R081", "R082", "R083", "R294")
def test_lengths(model: str) -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good(), echo=False) as server:
            await ready(b, server.port)
            await opened(b)
            b.module.take()
            for line in ("4,0", "4,1461", "12,1", "-1", "4,1,1", '"4"'):
                assert await b.type("AT+QSSLSEND=" + line) == ERROR, line
            assert (await b.type("AT+QIGETERROR")).startswith(b"\r\n+QIGETERROR: 552,")
            assert await b.type("AT+QSSLSEND=4,1460") == b"\r\n> "
            assert await b.raw(bytes(1459)) == b""
            assert await b.raw(b"x") == b"\r\nSEND OK\r\n"
            assert await b.type("AT+QSSLSEND=4") == b"\r\n> "
            assert await b.raw(b"y" * 1460) == b"\r\nSEND OK\r\n"
            await peers.until(lambda: len(server.heard) == 2920)
            for line in ("4", "4,0", "4,1501", "12,1"):
                assert await b.type("AT+QSSLRECV=" + line) == ERROR, line
            b.module.options["send_max_1500"] = True
            assert await b.type("AT+QSSLSEND=4,1500") == b"\r\n> "

    play(model, run)


@LTE
@rows("R073", "R387")
def test_escape_cancels(model: str) -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good()) as server:
            await ready(b, server.port)
            await opened(b)
            b.module.take()
            await b.type("AT+QSSLSEND=4")
            assert await b.raw(b"abc\x1b") == OK
            assert (await b.type("AT+QIGETERROR")).startswith(b"\r\n+QIGETERROR: 571,")
            assert server.heard == b""

    play(model, run)


@LTE
@rows("R075", "R080", "R411")
def test_much_data_both_ways(model: str) -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good()) as server:
            await ready(b, server.port)
            await opened(b)
            sent = got = b""
            for turn in range(18):
                part = bytes([turn]) * 1460
                sent += part
                assert (await b.type("AT+QSSLSEND=4,1460")).endswith(b"\r\n> ")
                assert b"SEND OK" in await b.raw(part)
            await peers.until(lambda: len(server.heard) == len(sent))
            while len(got) < len(sent):
                answer = await b.type("AT+QSSLRECV=4,1500")
                head, _, rest = answer.partition(b"+QSSLRECV: ")[2].partition(b"\r\n")
                got += rest[: int(head)]
            assert got == sent

    play(model, run)


@LTE
@rows("R031", "R043", "R044", "R045", "R046", "R048", "R049", "R050", "R051", "R052", "R058", "R059", "R421", "R029")
def test_configuration(model: str) -> None:
    async def run(b: Bench) -> None:
        for item, default, good_value, bad in (
            ("sslversion", "4", "0", ("5", '"1"', "")),
            ("ciphersuite", "0XFFFF", "0X0035", ('"0XFFFF"', "0X1301", "53", "0X35", "0XZZZZ")),
            ("cacert", '""', '"UFS:cacert.pem"', ("1",)),
            ("clientcert", '""', '"a.pem"', ("1",)),
            ("clientkey", '""', '"a.key"', ("1",)),
            ("seclevel", "0", "2", ("3",)),
            ("ignorelocaltime", "1", "0", ("2",)),
            ("negotiatetime", "300", "10", ("9", "301")),
        ):
            line = '+QSSLCFG: "%s",5,' % item
            query = 'AT+QSSLCFG="%s",5' % item
            assert await b.answer(query) == ("\r\n%s%s\r\n" % (line, default)).encode() + OK
            assert await b.answer("%s,%s" % (query, good_value)) == OK
            assert await b.answer(query) == ("\r\n%s%s\r\n" % (line, good_value)).encode() + OK
            for value in bad:
                assert await b.answer("%s,%s" % (query, value)) == ERROR, (item, value)
            assert await b.answer(query.replace("5", "6")) == ERROR
            assert await b.answer(query.replace(",5", "")) == ERROR
            assert (
                await b.answer(query.replace("5", "4"))
                == ("\r\n%s%s\r\n" % (line, default)).replace(",5,", ",4,").encode() + OK
            )
        assert await b.answer('AT+QSSLCFG="ciphersuite",1,0xc02f') == OK
        assert await b.answer('AT+QSSLCFG="ciphersuite",1') == b'\r\n+QSSLCFG: "ciphersuite",1,0XC02F\r\n' + OK
        assert await b.answer('AT+QSSLCFG="secllevel",1,1') == ERROR
        assert await b.answer("AT+QSSLCFG?") == ERROR

    play(model, run)


@rows("R047", "R053", "R054", "R055", "R056", "R057")
def test_configuration_of_ec200u() -> None:
    async def run(b: Bench) -> None:
        for item, values, bad in (
            ("sni", (0, 1), 2),
            ("ignoremulticertchainverify", (0, 1), 2),
            ("ignoreinvalidcertsign", (0, 1), 2),
            ("dtls", (0, 1), 2),
            ("ignorecertitem", (0, 1, 8, 1048575), 1048576),
        ):
            for value in values:
                assert await b.answer('AT+QSSLCFG="%s",0,%d' % (item, value)) == OK
                assert await b.answer('AT+QSSLCFG="%s",0' % item) == (
                    b'\r\n+QSSLCFG: "%s",0,%d\r\n' % (item.encode(), value) + OK
                )
            assert await b.answer('AT+QSSLCFG="%s",0,%d' % (item, bad)) == ERROR
        await b.ok('AT+QSSLCFG="cacertex",2,"more.pem"')
        lines = (await b.answer('AT+QSSLCFG="cacertex"')).split(b"\r\n\r\n")
        assert len(lines) == 7 and lines[2] == b'+QSSLCFG: "cacertex",2,"more.pem"'

    play("EC200U", run)


@rows("R053", "R056")
def test_bg96_has_eight_items_only() -> None:
    async def run(b: Bench) -> None:
        for item in ("sni", "dtls", "cacertex", "ignorecertitem", "ignoreinvalidcertsign"):
            assert await b.answer('AT+QSSLCFG="%s",0' % item) == ERROR
            assert await b.answer('AT+QSSLCFG="%s",0,0' % item) == ERROR

    play("BG96", run)


@rows("R024", "R031")
def test_settings_are_for_new_connections_and_lost_at_a_restart() -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good()) as server:
            await ready(b, server.port)
            await opened(b)
            await b.ok('AT+QSSLCFG="cacert",1,"nosuch.pem"')
            await b.answer("AT+QSSLSEND=4,2")
            assert b"SEND OK" in await b.raw(b"ab")
            b.module.power.restart()
            b.module.clock.advance(60_000)
            await b.raw(b"")
            b.module.terminal.echo = False
            assert await b.answer('AT+QSSLCFG="seclevel",1') == b'\r\n+QSSLCFG: "seclevel",1,0\r\n' + OK
            assert await b.answer("AT+QSSLSTATE") == OK
            assert "cacert.pem" in b.module.files

    play("EC200U", run)


@rows("R042", "R062", "R072", "R079", "R085", "R089", "R288", "R318", "R465")
def test_test_forms_of_ec200u() -> None:
    async def run(b: Bench) -> None:
        lines = (await b.answer("AT+QSSLCFG=?")).split(b"\r\n\r\n")
        assert [line.split(b'"')[1].decode() for line in lines[:-1]] == [
            "sslversion", "ciphersuite", "cacert", "cacertex", "clientcert", "clientkey", "seclevel",
            "ignorelocaltime", "negotiatetime", "sni", "ignoremulticertchainverify", "ignoreinvalidcertsign",
            "dtls", "ignorecertitem",
        ]  # fmt: skip
        assert lines[-1] == b"OK\r\n"
        assert b"(1-7),(0-5),(0-11),<serveraddr>" in await b.answer("AT+QSSLOPEN=?")
        assert await b.answer("AT+QSSLSTATE=?") == OK

    play("EC200U", run)


@rows("R397", "R439")
def test_forms_that_no_table_lists() -> None:
    async def run(b: Bench) -> None:
        for name in ("CFG", "OPEN", "SEND", "RECV", "CLOSE", "STATE"):
            assert await b.answer("AT+QSSL%s?" % name) == ERROR
        b.module.options["ssl_state_read"] = True
        assert await b.answer("AT+QSSLSTATE?") == OK

    play("BG96", run)


@rows("R415")
def test_tcp_and_tls_share_the_ids() -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good()) as server:
            await ready(b, server.port)
            await opened(b)
            b.module.take()
            assert await b.type('AT+QIOPEN=1,4,"TCP","server.test",443,0,0') == ERROR
            assert (await b.type("AT+QIGETERROR")).startswith(b"\r\n+QIGETERROR: 563,")
            assert await b.type("AT+QISWTMD=4,1") == OK
            await b.type("AT+QSSLSEND=4,2")
            assert (await b.raw(b"ab")).endswith(b'\r\n+QSSLURC: "recv",4,2\r\nab\r\n')
            assert await b.type("AT+QISWTMD=4,2") == b"\r\nCONNECT\r\n"

    play("BG96", run)


@rows("R096")
def test_context_taken_down_by_the_network() -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good()) as server:
            await ready(b, server.port)
            await opened(b)
            b.module.take()
            b.module.network.drop_pdp(1)
            assert b'+QSSLURC: "closed",4' in await b.raw(b"")

    play("EC200U", run)


@LTE
@rows("R065", "R066", "R086", "R394")
def test_data_right_behind_the_handshake_come_after_the_result(model: str) -> None:
    async def run(b: Bench) -> None:
        async with peers.OneWriteServer(peers.good(version=3), b"early") as server:
            await ready(b, server.port)
            opening = 'AT+QSSLOPEN=1,1,4,"server.test",443'
            assert await b.type_until(opening, "recv") == OK + b'\r\n+QSSLOPEN: 4,0\r\n\r\n+QSSLURC: "recv",4\r\n'
            await b.ok("AT+QSSLCLOSE=4")
            await peers.until(lambda: server.end)
            assert server.end == "goodbye"
            assert await b.type_until(opening + ",2", "early") == b"\r\nCONNECT\r\nearly"
            b.module.power.dtr_mode = 1  # AT&D1
            b.module.pin("dtr", 1)
            assert await b.raw(b"") == OK
            await b.ok("AT+QSSLCLOSE=4,0")  # at once: no goodbye
            await peers.until(lambda: server.end)
            assert server.end == "cut"

    play(model, run)


@rows("R039", "R075")
def test_the_server_is_told_why_it_was_refused() -> None:
    async def run(b: Bench) -> None:
        async with peers.OneWriteServer(peers.server_context(peers.leaf("other", "server.test"))) as server:
            await ready(b, server.port)
            await b.type_until('AT+QSSLOPEN=1,1,4,"server.test",443', ": 4,")
            await peers.until(lambda: server.end)
            assert "alert" in server.end

    play("BG96", run)


@LTE
@rows("R063", "R064", "R287", "R288", "R459")
def test_parameters_of_an_open(model: str) -> None:
    async def run(b: Bench) -> None:
        contexts = {"BG96": 16, "EC200U": 7}[model]
        for bad in (
            '0,1,4,"a.test",443', '%d,1,4,"a.test",443' % (contexts + 1), '1,6,4,"a.test",443', '1,1,12,"a.test",443',
            '1,1,4,a.test,443', '1,1,4,"",443', '1,1,4,"a.test",0', '1,1,4,"a.test",65536', '1,1,4,"a.test",443,3',
            '1,1,4,"a.test"', '1,1,4,"a.test",443,0,0', '1,,4,"a.test",443', '1,1,4,"a.test","443"',
        ):  # fmt: skip
            assert await b.answer("AT+QSSLOPEN=" + bad) == ERROR, bad
            assert (await b.answer("AT+QIGETERROR")).startswith(b"\r\n+QIGETERROR: 552,")
        b.module.network.activate(contexts)
        last = 'AT+QSSLOPEN= %d, 5, 11, "a.test", 65535, 1' % contexts
        assert await b.type_until(last, ": 11,") == OK + b"\r\n+QSSLOPEN: 11,565\r\n"

    play(model, run)


@rows("R287", "R416")
def test_twelve_sessions_at_once() -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good()) as server:
            await ready(b, server.port)
            for number in range(12):
                await opened(b, number=number)
            assert (await b.type("AT+QSSLSTATE")).count(b"+QSSLSTATE: ") == 12
            for number in range(12):
                await b.type("AT+QSSLSEND=%d,1" % number)
                assert (await b.raw(b"x")).endswith(b'\r\n+QSSLURC: "recv",%d\r\n' % number)

    play("BG96", run)


@rows("R040", "R056", "R420")
def test_dtls() -> None:
    async def run(b: Bench) -> None:
        async with peers.DtlsServer(peers.leaf("one", "server.test")) as server:
            await ready(b, server.port, 'AT+QSSLCFG="dtls",1,1')
            await opened(b)
            assert b'"SSLClient","server.test",443,' in await b.type("AT+QSSLSTATE")
            for record in (b"a" * 1460, b"b"):
                await b.type("AT+QSSLSEND=4,%d" % len(record))
                assert b"SEND OK" in await b.raw(record)
            assert server.records == [b"a" * 1460, b"b"]
            assert await b.type("AT+QSSLRECV=4,1500") == b"\r\n+QSSLRECV: 1462\r\n<%s>\r\n" % (b"a" * 1460) + OK
            assert await b.type("AT+QSSLRECV=4,1500") == b"\r\n+QSSLRECV: 3\r\n<b>\r\n" + OK
            await b.ok("AT+QSSLCLOSE=4")
            await peers.until(lambda: server.ended)
        async with peers.DtlsServer(peers.leaf("other", "server.test")) as server:
            b.module.resolver.table["server.test"] = ("127.0.0.1", server.port)
            assert (await b.type_until('AT+QSSLOPEN=1,1,4,"server.test",443', ": 4,")).endswith(b": 4,579\r\n")
            await peers.until(lambda: server.ended)

    play("EC200U", run)


@rows("R331", "R390", "R393", "R395", "R396", "R418")
def test_choices_of_the_gaps_as_options() -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good(), greeting=b"bye") as server:
            await ready(b, server.port, 'AT+QSSLCFG="secllevel",1,1')
            b.module.resolver.table["other.test"] = ("127.0.0.1", server.port)
            assert await b.type("AT+QSSLCLOSE=3") == ERROR
            await opened(b, host="nowhere.test")
            assert await b.type("AT+QSSLSTATE") == OK  # a failed open gives the id back
            await b.type_until('AT+QSSLOPEN=1,1,4,"other.test",443', '"recv",4')
            server.peers[0].close()
            await b.until("closed")
            assert await b.type("AT+QSSLRECV=4,10") == ERROR
            assert (await b.type("AT+QIGETERROR")).startswith(b"\r\n+QIGETERROR: 567,")

    options = {"close_unopened": "ERROR", "failed_open_keeps_id": False, "ssl_read_after_close": False}
    play("EC200U", run, options={**options, "ssl_old_spelling": True, "ssl_name_check": False})


@rows("R075", "R094", "R389", "R443")
def test_faults_reach_tls_connections() -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good()) as server:
            await ready(b, server.port)
            await opened(b)
            await b.type("AT+QSSLSEND=4,2")
            b.module.fault("send_fail")
            assert await b.raw(b"ab") == b"\r\nSEND FAIL\r\n"
            await b.type("AT+QSSLSEND=4,2")
            b.module.fault("send_ok_delayed", ms=500)
            assert await b.raw(b"ab") == b'\r\n+QSSLURC: "recv",4\r\n'  # between the data and their result
            b.module.clock.advance(500)
            assert await b.raw(b"") == b"\r\nSEND OK\r\n"
            b.module.fault("error_instead_of_prompt")
            assert await b.type("AT+QSSLSEND=4,2") == ERROR
            await b.type("AT+QSSLSEND=4,2")
            b.module.fault("peer_fin")
            assert await b.raw(b"") == b""  # the URC waits for the end of the data
            assert await b.raw(b"ab") == b'\r\n+QSSLURC: "closed",4\r\n' + ERROR
            assert server.heard == b"ab"

    play("BG96", run)
