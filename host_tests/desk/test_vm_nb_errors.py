"""Which code each failure of the NB families leaves in the register, and where URCs bring it."""

from __future__ import annotations

from kit import cases, rows
from vm_bench import ERROR, OK, Bench, answer, play
from vm_facts import table
from vm_nb import BOTH, OPEN, SENT, opened
from vm_peers import free_port, until
from vm_player import Peer

INVALID, BIND, NO_PDP, TAKEN, CLOSED, BUSY, NOT_ALLOWED, NOT_SUPPORTED = 552, 556, 561, 563, 567, 568, 572, 555
# With TCP on id 0 (local port 2000), a listener on id 1 (2020), an id 2 that the peer closed, and a busy id 3.
REFUSED: tuple[tuple[str, int], ...] = (
    ('AT+QIOPEN=1,"UDP","220.18.39.22",8063,0,1', INVALID),
    ("AT+QIOPEN=1", INVALID),
    ("AT+QIOPEN=", INVALID),
    ('AT+QIOPEN=1,-1,"TCP","h",80', INVALID),
    ('AT+QIOPEN=1,4,"TCP","h","80"', INVALID),
    ('AT+QIOPEN=1,4,"TCP","h",80,70000', INVALID),
    ('AT+QIOPEN=1,4,"TCP","h,80', INVALID),
    ('AT+QIOPEN=1,0,"TCP","h",80', TAKEN),
    ('AT+QIOPEN=1,1,"UDP","h",80', TAKEN),
    ('AT+QIOPEN=1,2,"TCP","h",80', TAKEN),
    ('AT+QIOPEN=1,4,"UDP","h",80,2000', BIND),
    ('AT+QIOPEN=1,4,"TCP LISTENER","0.0.0.0",0,2020', BIND),
    ('AT+QIOPEN=1,4,"TCP LISTENER","0.0.0.0",0', NOT_ALLOWED),
    ('AT+QIOPEN=1,4,"UDP SERVICE","0.0.0.0",0,2021', NOT_SUPPORTED),
    ('AT+QIOPEN=3,4,"TCP","h",80', NO_PDP),
    ("AT+QICLOSE=4", CLOSED),
    ("AT+QICLOSE=", INVALID),
    ("AT+QICLOSE=6", INVALID),
    ("AT+QIRD=4,1", CLOSED),
    ("AT+QIRD=1,1", NOT_ALLOWED),
    ("AT+QIRD=0", INVALID),
    ("AT+QISEND=4,1", NOT_ALLOWED),
    ("AT+QISEND=1,1", NOT_ALLOWED),
    ("AT+QISEND=2,1", CLOSED),
    ("AT+QISEND=3,1", BUSY),
    ('AT+QISEND=3,1,"a"', BUSY),
    ('AT+QISEND=0,2,"a"', INVALID),
    ('AT+QISENDEX=4,1,"61"', NOT_ALLOWED),
    ('AT+QISENDEX=1,1,"61"', NOT_ALLOWED),
    ('AT+QISENDEX=2,1,"61"', CLOSED),
    ('AT+QISENDEX=3,1,"61"', BUSY),
    ("AT+QISENDEX=3", BUSY),
    ('AT+QISENDEX=0,1,"6"', INVALID),
    ("AT+QISWTMD=4,1", CLOSED),
    ("AT+QISWTMD=0,2", INVALID),
    ("AT+QISWTMD=0", INVALID),
    ("AT+QISTATE=1,6", INVALID),
    ("AT+QISTATE=0,4", INVALID),
    ('AT+QPING=2,"h"', NO_PDP),
    ('AT+QPING=0,"h"', INVALID),
    ('AT+QNTP=2,"h"', NO_PDP),
    ("AT+QNTP=1", INVALID),
    ('AT+QIDNSGIP=2,"h"', NO_PDP),
    ("AT+QIDNSGIP=1", INVALID),
    ('AT+QIDNSGIP=1,""', INVALID),
    ("AT+QIDNSCFG=1", INVALID),
    ("AT+QIDNSCFG=", INVALID),
    ('AT+QICFG="none"', INVALID),
    ('AT+QICFG="viewmode",2', INVALID),
    ('AT+QICFG="dataformat",1,0', INVALID),
)


@rows("R117", "R118", "R119", "R124", "R130", "R154", "R156", "R164", "R271", "R278", "R295", "R300")
@rows("R399", "R400", "R443")
@cases(*BOTH)
def test_every_refusal_has_its_code(model: str) -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await bench.type('AT+QIOPEN=1,1,"TCP LISTENER","0.0.0.0",0,2020')
            await opened(bench, peer, 2)
            peer.links[-1].close()
            await bench.until("closed")
            await opened(bench, peer, 3)
            await opened(bench, peer, 0, rest=",2000")
            bench.module.fault("send_ok_delayed", id=3, ms=1000)
            assert await bench.type('AT+QISEND=3,1,"a"') == OK
            for line, code in REFUSED:
                await bench.ok("AT+QISTATE=1,5")  # the last command went well: 0 is in the register
                assert b": 0," in await bench.answer("AT+QIGETERROR")
                await bench.refused(line, code)
            bench.module.clock.advance(1000)
            assert bench.module.take() == b"\r\nSEND OK\r\n"
            assert peer.heard == b"a"

    play(model, run)


@rows("R113", "R129", "R281", "R395", "R399", "R446")
@cases(
    ("nowhere.example", None, 565),
    ("8.8.8.8", None, 566),
    ("127.0.0.1", None, 566),
    ("h.example", "connect_refused", 566),
    ("h.example", "connect_timeout", 569),
    ("h.example", "dns_failure", 565),
    ("h.example", "pdp_drift", 561),
)
def test_every_failed_open_brings_its_code(host: str, fault: str | None, code: int) -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            bench.module.resolver.table["h.example"] = peer.address
            if fault:
                bench.module.fault(fault)
            assert (await bench.type('AT+QIOPEN=1,0,"TCP","%s",%d' % (host, free_port()))).startswith(OK)
            bench.module.clock.advance(36_000)
            await bench.module.settle()
            assert bench.module.last_error == code
            assert bench.module.log[-1][2].endswith(b"\r\n+QIOPEN: 0,%d\r\n" % code)
            bench.module.take()
            await opened(bench, peer)  # the id is free, and nothing is left of the failure

    play("BC25", run)


@rows("R113", "R271", "R273", "R399", "R401")
@cases(*BOTH)
def test_every_code_can_come_from_an_open_and_from_a_command(model: str) -> None:
    """For tests of what a driver makes of them."""

    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            bench.module.resolver.table["h.example"] = peer.address
            for row in table("error_codes_tcpip_ssl"):
                code = int(row["code"])
                if model not in row["families"].split(";") or not code:
                    continue
                bench.module.fault("open_fails", code=code)
                assert await bench.type(OPEN % (0, "TCP")) == OK + b"\r\n+QIOPEN: 0,%d\r\n" % code
                bench.module.fault("command_fails", command="+QIRD", code=code)
                await bench.ok("AT+QISTATE?")
                assert await bench.answer("AT+QIRD=0,1") == ERROR
                shown = "+QIGETERROR: %d,%s" % (code, row["description"].lower())
                assert await bench.answer("AT+QIGETERROR") == answer(shown)
            await opened(bench, peer)
            assert await bench.type("AT+QIRD=0,1") == answer("+QIRD: 0")

    play(model, run)


@rows("R402")
def test_what_inline_data_may_hold() -> None:
    """Everything but CR, by its length."""

    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            data = b'",;"\n\x1a\x1b\x00\xff, "'
            assert await bench.type(b'AT+QISEND=0,%d,"%s"' % (len(data), data)) == SENT
            await until(lambda: peer.heard == data)
            assert await bench.type(b'AT+QISEND=0,3,"a\rb"') == 2 * ERROR
            assert b": 552," in await bench.type("AT+QIGETERROR")
            assert peer.heard == data

    play("BC25", run)


@rows("R128", "R129", "R288", "R301", "R399")
@cases(*BOTH)
def test_what_an_open_needs_of_the_network(model: str) -> None:
    async def run(bench: Bench) -> None:
        listen = 'AT+QIOPEN=2,1,"TCP LISTENER","0.0.0.0",0,2020'
        async with Peer() as peer:
            assert await bench.answer("AT+CGATT?") == answer("+CGATT: 1")
            assert b'+CGPADDR: 1,"10.76.51.180"' in await bench.answer("AT+CGPADDR?")
            await opened(bench, peer)
            await bench.ok("AT+CGATT=0")
            await bench.refused(OPEN % (1, "TCP"), 561)
            await bench.refused("AT+QIRD=0,1", 567)  # its connections went with it
            await bench.ok("AT+CGATT=1")
            await opened(bench, peer)
            await bench.refused(listen, 561)
            await bench.ok("AT+CGACT=1,2")
            assert await bench.type(listen) == OK + b"\r\n+QIOPEN: 1,0\r\n"
            bench.module.network.stat = 2  # searching
            await bench.refused(OPEN % (2, "TCP"), 561)

    play(model, run)


@rows("R148", "R153", "R387")
@cases((True, OK + b"\r\nSEND FAIL\r\n"), (False, b"\r\nSEND FAIL\r\n"))
def test_a_send_that_fails_leaves_558(ok_first: bool, shown: bytes) -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            for line, data in (('AT+QISEND=0,1,"a"', b""), ("AT+QISEND=0,1", b"a"), ('AT+QISENDEX=0,1,"61"', b"")):
                bench.module.fault("send_fail", id=0)
                got = await bench.type(line)
                assert (await bench.raw(data) if data else got) == shown
                assert b": 558," in await bench.type("AT+QIGETERROR")
            assert await bench.type('AT+QISEND=0,1,"b"') == SENT
            await until(lambda: peer.heard == b"b")

    play("BC65", run, options={"ok_before_send_fail": ok_first})


@rows("R387", "R148", "R160", "R399")
@cases(("OK", OK), ("ERROR", ERROR), ("nothing", b""), ("SEND OK", b"\r\nSEND OK\r\n"))
def test_escape_sends_nothing_and_leaves_571(result: str, shown: bytes) -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            for line in ("AT+QISEND=0", "AT+QISENDEX=0"):
                await bench.type(line)
                assert await bench.raw(b"3031\x1b") == shown
                assert b": 571,cancel send" in await bench.type("AT+QIGETERROR")
            assert await bench.type('AT+QISEND=0,1,"x"') == SENT
            await until(lambda: peer.heard == b"x")

    play("BC25", run, options={"esc_result": result})


@rows("R388", "R312")
def test_data_may_be_echoed() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            for echo, shown in ((False, b""), (True, b"ab")):
                bench.module.terminal.echo = echo
                await bench.type("AT+QISEND=0,2")
                assert await bench.raw(b"ab") == shown + SENT

    play("BC25", run, options={"echo_data": True})


@rows("R405")
@cases(("BC65", "send", 1440), ("BC25", "send", 512), ("BC65", "drop", 1440), ("BC25", "drop", 512))
def test_variable_input_at_its_limit(model: str, how: str, limit: int) -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            await bench.type("AT+QISEND=0")
            assert await bench.raw(b"d" * (limit - 1)) == b""
            if how == "send":
                assert await bench.raw(b"e") == SENT
            else:
                assert await bench.raw(b"efg") == b""
                assert await bench.raw(b"\x1a") == SENT
            await until(lambda: peer.heard == b"d" * (limit - 1) + b"e")
            await bench.type("AT+QISENDEX=0")
            assert await bench.raw(b"30" * limit) == (SENT if how == "send" else b"")

    play(model, run, options={"variable_overflow": how})


@rows("R404", "R161")
@cases(("bytes", b"3132"), ("digits", b"31"))
def test_what_the_length_of_hex_input_counts(unit: str, typed: bytes) -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            await bench.type("AT+QISENDEX=0,2")
            assert await bench.raw(typed[:-1]) == b""
            assert await bench.raw(typed[-1:]) == SENT
            await until(lambda: peer.heard == bytes.fromhex(typed.decode()))

    play("BC65", run, options={"hex_count": unit})


@rows("R406")
def test_input_that_is_given_up() -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            await bench.type("AT+QISEND=0,5")
            await bench.raw(b"ab")
            await bench.given_up(5000)
            assert await bench.type('AT+QISEND=0,1,"x"') == SENT
            await until(lambda: peer.heard == b"x")

    play("BC25", run, options={"data_timeout_ms": 5000})


@rows("R396", "R397", "R447")
def test_options_for_ids_that_are_not_open() -> None:
    async def lenient(bench: Bench) -> None:
        assert await bench.type("AT+QICLOSE=3") == OK + b"\r\nCLOSE OK\r\n"
        assert await bench.type("AT+QISTATE=1,3") == OK
        await bench.ok("AT+QISWTMD=3,1")
        async with Peer() as peer:
            await opened(bench, peer, 3)
            assert b",2,1,1\r\n" in await bench.type("AT+QISTATE=1,3")
            await bench.refused(OPEN % (3, "TCP"), 563)

    play("BC65", lenient, options={"close_unopened": "OK", "swtmd_unopened": "store"})


@rows("R384", "R139", "R212", "R281", "R313")
@cases((0, 3), (3, 3), (4, 4), (5, 5))
def test_the_state_after_the_peer_closed(option: int, state: int) -> None:
    async def run(bench: Bench) -> None:
        async with Peer() as peer:
            await opened(bench, peer)
            peer.links[-1].close()
            await bench.until("closed")
            shown = '+QISTATE: 0,"TCP","127.0.0.1",80,0,%d,1,0' % state
            assert await bench.type("AT+QISTATE=1,0") == answer(shown)
            await bench.refused('AT+QISEND=0,1,"a"', 567)
            assert await bench.type("AT+QICLOSE=0") == OK + b"\r\nCLOSE OK\r\n"

    play("BC65", run, options={"closed_state": option})
