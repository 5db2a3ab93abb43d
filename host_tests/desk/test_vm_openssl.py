"""The virtual module against `openssl s_server`: versions, suites, client certificates, refusals, DTLS."""

from __future__ import annotations

import functools

import pytest
import vm_certificates as made
import vm_peers as peers
from kit import rows
from virtual_module import suites
from vm_bench import OK, Bench, play
from vm_openssl import FLAGS, OpensslServer, program
from vm_ssl import LTE, opened, ready

PRINTED = {1: b"TLSv1", 2: b"TLSv1.1", 3: b"TLSv1.2"}
ANY_VERSION = (0x0035, 0x002F, 0xC013, 0xC014)
ONLY_1_2 = (0x003D, 0xC027, 0xC028, 0xC02F)
NEW_ANY_VERSION, NEW_ONLY_1_2 = (0xC009, 0xC00A), (0xC023, 0xC024, 0xC030)
NOT_TO_BE_HAD = {code for code in suites.SUITES if code not in ANY_VERSION + ONLY_1_2 + NEW_ANY_VERSION + NEW_ONLY_1_2}


@functools.cache
def identity(kind: str = "rsa", label: str = "one") -> tuple[bytes, bytes]:
    return made.issue(made.ec_key() if kind == "ec" else made.rsa_key(), label=label)


def kind_of(code: int) -> str:
    return "ec" if "ECDHE-ECDSA" in suites.SUITES[code][0] else "rsa"


async def echoed(b: Bench, number: int = 4) -> None:
    """A line there and, reversed, back."""
    await b.type("AT+QSSLSEND=%d,6" % number)
    got = await b.raw(b"drawn\n")
    if b"recv" not in got:
        got += await b.until("recv")
    assert got == b'\r\nSEND OK\r\n\r\n+QSSLURC: "recv",%d\r\n' % number
    assert await b.type("AT+QSSLRECV=%d,100" % number) == b"\r\n+QSSLRECV: 6\r\nnward\n\r\n" + OK


async def speaks(b: Bench, server: OpensslServer, version: int, code: int) -> None:
    await b.ok('AT+QSSLCFG="ciphersuite",1,0X%04X' % code)
    before = server.log.count(b"Ciphersuite: ")
    await opened(b)
    assert b.connection(4).state == 2, (version, hex(code))
    await echoed(b)
    await b.ok("AT+QSSLCLOSE=4")
    await peers.until(lambda: server.log.count(b"Ciphersuite: ") > before)
    assert server.find(rb"Protocol version: (\S+)") == PRINTED[version]
    assert server.find(rb"Ciphersuite: (\S+)").decode() == suites.SUITES[code][0]


@LTE
@pytest.mark.parametrize("kind", ["rsa", "ec"])
@pytest.mark.parametrize("version", [1, 2, 3])
@rows("R026", "R027", "R028", "R044", "R045")
def test_every_suite_in_every_version(model: str, kind: str, version: int) -> None:
    codes = [*ANY_VERSION, *(ONLY_1_2 if version == 3 else ())]
    if model == "EC200U":
        codes += [*NEW_ANY_VERSION, *(NEW_ONLY_1_2 if version == 3 else ())]

    async def run(b: Bench) -> None:
        async with OpensslServer(*identity(kind), FLAGS[version]) as server:
            await ready(b, server.port, 'AT+QSSLCFG="sslversion",1,%d' % version)
            for code in codes:
                if kind_of(code) == kind:
                    await speaks(b, server, version, code)

    if model == "EC200U" or kind == "rsa":
        play(model, run)


@rows("R028", "R045", "R272")
def test_suites_that_a_modern_openssl_lacks() -> None:
    async def run(b: Bench) -> None:
        async with OpensslServer(*identity()) as server:
            await ready(b, server.port)
            for code in NOT_TO_BE_HAD:
                await b.ok('AT+QSSLCFG="ciphersuite",1,0X%04X' % code)
                assert await b.type_until('AT+QSSLOPEN=1,1,4,"server.test",443', ": 4,") == (
                    OK + b"\r\n+QSSLOPEN: 4,579\r\n"
                )
                await b.ok("AT+QSSLCLOSE=4")
            assert b"Ciphersuite" not in server.log

    assert len(NOT_TO_BE_HAD) == 32 - 13
    play("EC200U", run)


@LTE
@rows("R026", "R044")
def test_versions_that_do_not_meet(model: str) -> None:
    async def run(b: Bench) -> None:
        async with OpensslServer(*identity(), FLAGS[2]) as server:
            await ready(b, server.port)
            for version, state in ((0, 0), (1, 0), (3, 0), (2, 2), (4, 2)):
                await b.ok('AT+QSSLCFG="sslversion",1,%d' % version)
                await opened(b)
                assert b.connection(4).state == state, version
                await b.ok("AT+QSSLCLOSE=4")
            await peers.until(lambda: server.log.count(b"Protocol version: ") == 2)
            assert server.log.count(b"Protocol version: TLSv1.1\n") == 2

    play(model, run)


@LTE
@pytest.mark.parametrize("version", [1, 2, 3])
@rows("R048", "R049", "R050", "R098")
def test_mutual_tls(model: str, version: int) -> None:
    async def run(b: Bench) -> None:
        mine, key = made.issue(label="clients", name="module.test")
        stranger, _ = made.issue(label="other", name="module.test")
        server = OpensslServer(*identity(), FLAGS[version], client_ca=peers.ca_pem("clients"))
        async with server:
            await ready(b, server.port, 'AT+QSSLCFG="clientcert",1,"mine.pem"', 'AT+QSSLCFG="clientkey",1,"key.pem"')
            b.module.files.update({"mine.pem": mine, "key.pem": key})
            await opened(b)  # level 1 shows no certificate
            assert b.connection(4).state == 0
            await b.ok("AT+QSSLCLOSE=4", 'AT+QSSLCFG="seclevel",1,2')
            await opened(b)
            assert b.connection(4).state == 2
            await echoed(b)
            await server.seen(rb"CN ?= ?module.test")
            await b.ok("AT+QSSLCLOSE=4")
            done = server.log.count(b"CONNECTION ESTABLISHED")
            for files in ({"mine.pem": stranger}, {"mine.pem": mine, "key.pem": made.key_pem(made.ec_key())}):
                b.module.files.update(files)
                await opened(b)
                assert b.connection(4).state == 0
                await b.ok("AT+QSSLCLOSE=4")
            assert server.log.count(b"CONNECTION ESTABLISHED") == done

    play(model, run)


@LTE
@rows("R050", "R398")
def test_refusals_that_the_server_sees(model: str) -> None:
    async def run(b: Bench) -> None:
        async with OpensslServer(*identity("rsa", "other"), FLAGS[3]) as server:
            await ready(b, server.port)
            await opened(b)
            assert b.connection(4).state == 0
            await server.seen(rb"alert unknown ca")
            assert b"CONNECTION ESTABLISHED" not in server.log

    play(model, run)


@LTE
@rows("R034", "R096")
def test_server_that_negotiates_anew(model: str) -> None:
    async def run(b: Bench) -> None:
        async with OpensslServer(*identity(), FLAGS[3], "-msg", reverse=False) as server:
            await ready(b, server.port)
            await opened(b)
            b.module.take()
            await server.seen(rb"CIPHER is")
            server.say(b"r\n")
            await peers.until(lambda: server.log.count(b"ClientHello") == 2)
            await b.type("AT+QSSLSEND=4,6")
            assert await b.raw(b"there\n") == b"\r\nSEND OK\r\n"
            await server.seen(rb"there\n")
            server.say(b"back\n")
            assert await b.until("recv") == b'\r\n+QSSLURC: "recv",4\r\n'
            assert await b.type("AT+QSSLRECV=4,100") == b"\r\n+QSSLRECV: 5\r\nback\n\r\n" + OK

    play(model, run)


@rows("R056", "R420")
@pytest.mark.parametrize(("flag", "version"), [("-dtls1", 1), ("-dtls1", 2), ("-dtls1_2", 3), ("-dtls1_2", 4)])
def test_dtls(flag: str, version: int) -> None:
    async def run(b: Bench) -> None:
        async with OpensslServer(*identity(), flag, reverse=False) as server:
            await ready(b, server.port, 'AT+QSSLCFG="dtls",1,1', 'AT+QSSLCFG="sslversion",1,%d' % version)
            await opened(b)
            assert b.connection(4).state == 2
            await b.type("AT+QSSLSEND=4,6")
            assert await b.raw(b"there\n") == b"\r\nSEND OK\r\n"
            await server.seen(rb"there\n")
            server.say(b"and back\n")
            assert await b.until("recv") == b'\r\n+QSSLURC: "recv",4\r\n'
            assert await b.type("AT+QSSLRECV=4,100") == b"\r\n+QSSLRECV: 9\r\nand back\n\r\n" + OK
            await b.ok("AT+QSSLCLOSE=4")

    play("EC200U", run)


@rows("R056", "R420")
def test_dtls_server_that_is_not_trusted() -> None:
    async def run(b: Bench) -> None:
        async with OpensslServer(*identity("rsa", "other"), "-dtls1_2", reverse=False) as server:
            await ready(b, server.port, 'AT+QSSLCFG="dtls",1,1')
            assert (await b.type_until('AT+QSSLOPEN=1,1,4,"server.test",443', ": 4,")).endswith(b": 4,579\r\n")
            await server.seen(rb"alert unknown ca")
            assert b"CIPHER is" not in server.log

    play("EC200U", run)


def test_the_program_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is missing the tests say so; they are not skipped."""
    from desk.common import Stop

    def nothing(*_: object) -> str:
        raise Stop("no package source")

    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr("desk.debian.rootless", nothing)
    with pytest.raises(AssertionError, match="openssl on PATH: no package source"):
        program.__wrapped__()
