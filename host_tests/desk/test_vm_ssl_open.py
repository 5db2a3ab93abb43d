"""SSL connections that open, and those that do not."""

from __future__ import annotations

import pytest
import vm_peers as peers
from kit import rows
from vm_bench import ERROR, OK, Bench, play
from vm_ssl import LTE, opened, ready


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


@rows("R039", "R075")
def test_the_server_is_told_why_it_was_refused() -> None:
    async def run(b: Bench) -> None:
        async with peers.OneWriteServer(peers.server_context(peers.leaf("other", "server.test"))) as server:
            await ready(b, server.port)
            await b.type_until('AT+QSSLOPEN=1,1,4,"server.test",443', ": 4,")
            await peers.until(lambda: server.end)
            assert "alert" in server.end

    play("BG96", run)


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


@rows("R415")
def test_ids_of_their_own() -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good()) as server, peers.StreamServer(greeting=b"plain") as plain:
            await ready(b, server.port)
            b.module.resolver.table["plain.test"] = ("127.0.0.1", plain.port)
            await opened(b)
            got = await b.type_until('AT+QIOPEN=1,4,"TCP","plain.test",80', "recv")
            assert got == OK + b'\r\n+QIOPEN: 4,0\r\n\r\n+QIURC: "recv",4\r\n'
            await b.type("AT+QSSLSEND=4,3")
            assert (await b.raw(b"tls")).endswith(b'\r\n+QSSLURC: "recv",4\r\n')
            assert await b.type("AT+QSSLRECV=4,9") == b"\r\n+QSSLRECV: 3\r\ntls\r\n" + OK
            assert await b.type("AT+QIRD=4,9") == b"\r\n+QIRD: 5\r\nplain\r\n" + OK
            assert (await b.type("AT+QISTATE?")).count(b"+QISTATE: 4,") == 1
            assert (await b.type("AT+QSSLSTATE")).count(b"+QSSLSTATE: 4,") == 1
            await b.ok("AT+QICLOSE=4")
            assert (await b.type("AT+QSSLSTATE=4")).startswith(b"\r\n+QSSLSTATE: 4,")
            assert await b.type("AT+QISWTMD=4,2") == b"\r\nCONNECT\r\n"  # the one that is left
            server.peers[0].close()
            assert await b.until("CARRIER") == b"\r\nNO CARRIER\r\n"
            await b.ok("AT+QSSLCLOSE=4", "AT+QSSLSTATE", "AT+QISTATE?")

    play("BG96", run, options={"separate_ids": True})


@LTE
@rows("R091", "R397", "R298")
def test_each_state_command_shows_its_own_kind(model: str) -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good()) as server, peers.StreamServer() as plain:
            await ready(b, server.port)
            b.module.resolver.table["plain.test"] = ("127.0.0.1", plain.port)
            await b.ok("AT+QISTATE?", "AT+QISTATE=1,0", "AT+QSSLSTATE", "AT+QSSLSTATE=0")
            await opened(b)
            await b.type_until('AT+QIOPEN=1,0,"TCP","plain.test",80', "+QIOPEN")
            assert (await b.type("AT+QISTATE?")).count(b"+QISTATE: ") == 1
            assert (await b.type("AT+QSSLSTATE")).count(b"+QSSLSTATE: ") == 1
            await b.ok("AT+QISTATE=1,4", "AT+QSSLSTATE=0")
            for wrong in ("AT+QSSLSTATE=1,4", "AT+QSSLSTATE=12", "AT+QISTATE=2,1", "AT+QISTATE=1,12"):
                await b.refused(wrong, 552)
            await b.refused("AT+QIRD=4,9", 567)
            await b.refused("AT+QISEND=4,9", 567)
            await b.refused("AT+QSSLRECV=0,9", 567)
            await b.ok("AT+QSSLCLOSE=0", "AT+QICLOSE=4")  # not theirs: nothing happens
            assert len(b.module.connections.all()) == 2

    play(model, run)


@rows("R416", "R031")
def test_a_limit_of_sessions() -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good()) as server:
            await ready(b, server.port)
            for number in (3, 7):  # two of one context
                await opened(b, number=number)
            await b.refused('AT+QSSLOPEN=1,1,5,"server.test",443', 553)
            await b.ok("AT+QSSLCLOSE=3")
            await opened(b, number=5)

    play("EC200U", run, options={"ssl_sessions": 2})


@LTE
@rows("R091", "R092", "R093", "R299", "R458")
def test_state_lines_byte_for_byte(model: str) -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good()) as server:
            await ready(b, server.port)
            b.module.network.activate(2)
            await b.ok('AT+QSSLCFG="seclevel",0,0')
            await b.type_until('AT+QSSLOPEN=2,0,11,"220.180.239.201",8011,1', ": 11,0")
            await b.type_until('AT+QSSLOPEN=1,1,0,"nowhere.test",443', ": 0,565")
            assert await b.type("AT+QSSLSTATE") == (
                b'\r\n+QSSLSTATE: 0,"SSLClient","nowhere.test",443,65344,0,1,0,0,"usbmodem",1\r\n'
                b'\r\n+QSSLSTATE: 11,"SSLClient","220.180.239.201",8011,65344,2,2,11,1,"usbmodem",0\r\n' + OK
            )

    play(model, run, options={"at_port": "usbmodem", "local_port": 65344})


@LTE
@rows("R022", "R023", "R067", "R399")
def test_network_that_does_not_answer(model: str) -> None:
    """The connect has its 150 s; the negotiation time begins after it."""

    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good()) as server:
            await ready(b, server.port, 'AT+QSSLCFG="negotiatetime",1,10')
            b.module.fault("connect_timeout")
            assert await b.type('AT+QSSLOPEN=1,1,4,"server.test",443') == OK
            b.module.clock.advance(149_999)
            assert await b.raw(b"") == b""
            assert b",1,1,4,0," in await b.type("AT+QSSLSTATE=4")
            b.module.clock.advance(1)
            assert await b.raw(b"") == b"\r\n+QSSLOPEN: 4,569\r\n"
            await b.ok("AT+QSSLCLOSE=4")
            b.module.fault("dns_slow", ms=30_000)
            assert await b.type('AT+QSSLOPEN=1,1,4,"server.test",443') == OK
            b.module.clock.advance(30_000)
            assert await b.until(": 4,") == b"\r\n+QSSLOPEN: 4,0\r\n"

    play(model, run)


@LTE
@rows("R030", "R087", "R103")
def test_context_taken_down_by_the_host(model: str) -> None:
    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good()) as server:
            await ready(b, server.port)
            await opened(b)
            b.module.take()
            await b.ok("AT+QIDEACT=1", "AT+QSSLSTATE")
            await peers.until(server.ended.is_set)
            await b.refused('AT+QSSLOPEN=1,1,4,"server.test",443', 561)
            await b.ok("AT+QIACT=1")
            await opened(b)
            assert b.connection(4).state == 2

    play(model, run)


@LTE
@rows("R022", "R023", "R086", "R088")
def test_what_takes_no_time(model: str) -> None:
    """Of the SSL commands only opening waits for the network: all others answer while the clock stands still."""

    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good(), greeting=b"hello") as server:
            await ready(b, server.port)
            await opened(b)
            await peers.until(b.connection(4).unread)
            begun = b.module.clock.now_ms()
            for command in ('AT+QSSLCFG="negotiatetime",1,10', 'AT+QSSLCFG="seclevel",1', "AT+QSSLSTATE=4"):
                assert (await b.type(command)).endswith(OK)
            assert (await b.type("AT+QSSLSEND=4,2")).startswith(b"\r\n>")
            assert await b.raw(b"hi") == b"\r\nSEND OK\r\n"
            assert b"hello" in await b.type("AT+QSSLRECV=4,1500")
            await b.ok("AT+QSSLCLOSE=4,65535")
            assert b.module.clock.now_ms() == begun

    play(model, run)


@LTE
@rows("R004", "R043", "R063", "R064", "R086")
def test_what_is_left_out(model: str) -> None:
    """An optional parameter takes its default, whatever the command before said; in QSSLCFG the value is a query."""

    async def run(b: Bench) -> None:
        async with peers.TlsServer(peers.good()) as server:
            await ready(b, server.port)
            await opened(b, 1)
            assert b.connection(4).mode == 1
            await b.ok("AT+QSSLCLOSE=4,5")
            assert await b.type_until('AT+QSSLOPEN=1,1,4,"server.test",443', ": 4,0") == OK + b"\r\n+QSSLOPEN: 4,0\r\n"
            assert b.connection(4).mode == 0
            await b.ok('AT+QSSLCFG="negotiatetime",1,10')
            for _ in range(2):
                assert b'"negotiatetime",1,10' in await b.type('AT+QSSLCFG="negotiatetime",1')
            await b.ok("AT+QSSLCLOSE=4")
            await peers.until(server.ended.is_set)

    play(model, run)


@LTE
@rows("R087", "R460")
def test_settings_of_a_context_that_is_released(model: str) -> None:
    """They outlive the last connection, or by an option do not."""
    query = 'AT+QSSLCFG="seclevel",1'

    async def run(b: Bench) -> None:
        kept = b.module.options["ssl_release"] != "settings"
        async with peers.TlsServer(peers.good()) as server:
            await ready(b, server.port)
            await opened(b, number=3)
            await opened(b, number=4)
            await b.ok("AT+QSSLCLOSE=3")
            assert b'"seclevel",1,1' in await b.type(query)
            await b.ok("AT+QSSLCLOSE=4")
            assert (b'"seclevel",1,1' in await b.type(query)) == kept
            assert kept or b'"seclevel",1,0' in await b.type(query)

    play(model, run)
    play(model, run, options={"ssl_release": "settings"})
