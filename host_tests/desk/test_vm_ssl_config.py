"""AT+QSSLCFG and the parameters and forms of the other SSL commands."""

from __future__ import annotations

import vm_peers as peers
from kit import rows
from virtual_module import suites
from vm_bench import ERROR, OK, Bench, play
from vm_ssl import LTE, opened, ready


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


@LTE
@rows("R043", "R031", "R047", "R331", "R338", "R421", "R440")
def test_forms_that_are_refused(model: str) -> None:
    async def run(b: Bench) -> None:
        for bad in (
            '"seclevel"', 'seclevel,1', '"seclevel",6', '"seclevel",1,1,1', '"seclevel","1"', '"seclevel",1,"1"',
            '"seclevel",,1', '"seclevel",-1', '"nothing",1', '"",1', '"cacert"', '"cacert",1,a.pem', '"cacertex",6',
            '"cacertex",1,2', '"cacertex","a.pem"', '"ciphersuite",1,"0X0035"', '"ciphersuite",1,0Y0035', '1,1',
            '"ciphersuite",1,0XFFFFF', '"ciphersuite",1,0XFEFE', '"ciphersuite",1,65535', '"secllevel",1',
        ):  # fmt: skip
            await b.refused("AT+QSSLCFG=" + bad, 552)
        await b.refused("AT+QSSLCFG=", 552)
        assert await b.answer("AT+QSSLCFG") == ERROR
        assert await b.answer('AT+QSSLCFG="seclevel",1') == b'\r\n+QSSLCFG: "seclevel",1,0\r\n' + OK
        await b.ok('AT+QSSLCFG= "seclevel" , 1 , 2', 'at+qsslcfg="seclevel",1,2', 'AT+QSSLCFG="ciphersuite",1,0Xc011')
        assert await b.answer('AT+QSSLCFG="ciphersuite",1') == b'\r\n+QSSLCFG: "ciphersuite",1,0XC011\r\n' + OK
        await b.ok('AT+QSSLCFG="cacert",1,"UFS:a.pem"', 'AT+QSSLCFG="cacert",1,""')
        assert await b.answer('AT+QSSLCFG="cacert",1') == b'\r\n+QSSLCFG: "cacert",1,""\r\n' + OK

    play(model, run)


@LTE
@rows("R027", "R028", "R029", "R045", "R334", "R335")
def test_every_suite_of_the_document_is_accepted(model: str) -> None:
    async def run(b: Bench) -> None:
        for code in suites.codes(model):
            await b.ok('AT+QSSLCFG="ciphersuite",3,0X%04X' % code)
            assert b"0X%04X" % code in await b.answer('AT+QSSLCFG="ciphersuite",3')
        for code in set(suites.codes("EC200U")) - set(suites.codes(model)):
            await b.refused('AT+QSSLCFG="ciphersuite",3,0X%04X' % code, 552)

    play(model, run)


@rows("R331")
def test_the_other_spelling_sets_the_same_item() -> None:
    async def run(b: Bench) -> None:
        await b.ok('AT+QSSLCFG="secllevel",2,1')
        for name in ("seclevel", "secllevel"):
            assert await b.answer('AT+QSSLCFG="%s",2' % name) == b'\r\n+QSSLCFG: "seclevel",2,1\r\n' + OK

    play("EC200U", run, options={"ssl_old_spelling": True})


@rows("R047", "R057", "R058", "R059", "R336")
def test_defaults_of_ec200u() -> None:
    async def run(b: Bench) -> None:
        for item in ("sni", "ignoremulticertchainverify", "ignoreinvalidcertsign", "dtls", "ignorecertitem"):
            assert await b.answer('AT+QSSLCFG="%s",5' % item) == b'\r\n+QSSLCFG: "%s",5,0\r\n' % item.encode() + OK
        assert await b.answer('AT+QSSLCFG="cacertex",5') == b'\r\n+QSSLCFG: "cacertex",5,""\r\n' + OK
        every = b"".join(b'\r\n+QSSLCFG: "cacertex",%d,""\r\n' % number for number in range(6))
        assert await b.answer('AT+QSSLCFG="cacertex"') == every + OK

    play("EC200U", run)


@LTE
@rows("R323", "R324", "R328", "R329", "R332", "R333")
def test_slips_of_the_documents(model: str) -> None:
    """What a damaged copy prints is no command; blanks beside a comma are."""

    async def run(b: Bench) -> None:
        b.module.network.activate(1)
        for line in (
            'AT+QSSOPEN=1,1,4,"a.test",443', 'AT+QSSLCFG=*"sslversion",1,1', 'AT+QSSLOPEN=1,1,4,"a.test",443,,0',
            'AT+QICSGP=1,1,"CMCIOT","","" 1', 'AT+QSSLCFG="clientlD",1,1', "AT+QSSLSEND=4,1461", "AT+QSSLOPEN=?x",
        ):  # fmt: skip
            assert await b.answer(line) == ERROR, line
        for curly in ("AT+QSSLCFG=\u201csslversion\u201d,1,1", "AT+QICSGP=1,1,\u201cCMCIOT\u201d"):
            assert await b.type(curly.encode()) == ERROR
        for level in (0, 1, 2):
            await b.ok('AT+QSSLCFG="seclevel" ,1 ,%d' % level)
            assert await b.answer('AT+QSSLCFG="seclevel",1') == b'\r\n+QSSLCFG: "seclevel",1,%d\r\n' % level + OK
        await b.ok('AT+QICSGP=1,1,"CMCIOT","","",1')

    play(model, run)
