"""TLS contexts against scripted modules: arguments, settings, certificates, refusals."""

from errno import EACCES, ECONNABORTED, ENOBUFS, EOPNOTSUPP

from faces import start
from kit import cases, path, raises, rows
from pems import CERT, ISRG, KEY, OTHER, block
from quectel import SOCK_DGRAM, SOCK_STREAM, QuectelError, TLSContext, TLSError
from quectel.files import checksum
from quectel.tls import Contexts
from scripted import OK, lines, settled
from steps import CLOCK, said
from tls_steps import stand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from steps import Script

PEM = CERT


def facts(name: str) -> "list[list[str]]":
    """The lines of a table, without its head."""
    with open(path("facts/" + name)) as file:
        return [line.strip().split(",") for line in file][1:]


def there(name: str) -> "tuple[bytes, bytes]":
    """The module has a file."""
    return said('AT+QFLST="%s"' % name, '+QFLST: "%s",77' % name)


@rows("R044", "R045", "R052")
def test_arguments_of_a_tls_context() -> None:
    how: "Any"
    for how in (
        {},
        {"verify": True},
        {"ca": PEM, "version": "1.3"},
        {"ca": PEM, "cert": PEM},
        {"ca": PEM, "key": KEY},
        {"verify": False, "cert": PEM, "key": KEY},
        {"verify": False, "dtls": True, "version": "ssl3"},
        {"ca": PEM, "negotiate_s": 9},
        {"ca": PEM, "negotiate_s": 301},
        {"ca": PEM, "suites": 0x10000},
        {"ca": PEM, "suites": -1},
        {"ca": PEM, "suites": "xyz"},
        {"ca": PEM, "suites": "0xyz"},
        {"ca": PEM, "suites": "TLS_"},
        {"ca": PEM, "suites": "ECDHE-RSA-AES128-GCM-SHA256"},
        {"ca": PEM, "ctx": 6},
        {"ca": PEM, "ctx": -1},
        {"ca": PEM, "ignore": ("everything",)},
    ):
        with raises(ValueError):
            TLSContext(**how)
    for how in ({"negotiate_s": 1.5}, {"suites": 1.5}, {"suites": None}, {"ca_extra": 5}, {"ignore": "x"}, {"ctx": ""}):
        with raises(TypeError):
            TLSContext(**dict(how, ca=PEM))


@rows("R046", "R048", "R049")
@cases(
    ("ca", b"", "not PEM"),
    ("ca", b"\x30\x82\x01\x02", "not PEM"),
    ("ca", b"<html>", "not PEM"),
    ("ca", KEY, "is a PRIVATE KEY"),
    ("ca", PEM + KEY, "is a PRIVATE KEY"),
    ("ca", PEM[:-10], "no end"),
    ("ca", b"-----BEGIN CERTIFICATE", "no end"),
    ("ca", PEM.replace(b"END CERT", b"END CERTS"), "no end"),
    ("ca", block("CERTIFICATE", ""), "empty"),
    ("ca", block("CERTIFICATE", "MIIBx"), "damaged"),
    ("ca", block("CERTIFICATE REQUEST"), "REQUEST"),
    ("ca", "", "characters"),
    ("ca", 'a"b', "cannot stand"),
    ("ca", "a\r", "cannot stand"),
    ("ca", "x" * 81, "characters"),
    ("ca_extra", KEY, "is a PRIVATE KEY"),
    ("cert", KEY, "is a PRIVATE KEY"),
    ("cert", b"", "not PEM"),
    ("key", PEM, "is a CERTIFICATE"),
    ("key", b"", "not PEM"),
    ("key", KEY + KEY, "one key"),
    ("key", KEY + PEM, "is a CERTIFICATE"),
    ("key", block("EC PARAMETERS"), "one key"),
    ("key", block("ENCRYPTED PRIVATE KEY"), "ENCRYPTED"),
    ("key", block("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\n\nMIIB"), "encrypted"),
)
def test_what_is_no_certificate_or_key(what: str, value: "Any", word: str) -> None:
    how = {"ca": PEM, "cert": PEM, "key": KEY, what: value}
    with raises(ValueError) as caught:
        TLSContext(**how)
    assert word in str(caught.value), caught.value
    assert "c2VjcmV0" not in str(caught.value)


@rows("R046", "R049")
def test_certificates_and_keys_that_are_right() -> None:
    dos = b"# a comment\r\n" + PEM.replace(b"\n", b"\r\n")
    for ca in (PEM, PEM + OTHER, dos, ISRG, "ca.pem", "UFS:" + "x" * 80):
        assert TLSContext(ca=ca).ca == ca
    assert TLSContext(ca=memoryview(PEM)).ca == TLSContext(ca=bytearray(PEM)).ca == PEM  # type: ignore[arg-type]
    ec = block("EC PRIVATE KEY")
    for key in (KEY, block("RSA PRIVATE KEY"), ec, block("EC PARAMETERS") + ec):
        assert TLSContext(ca=PEM, cert=PEM, key=key).key == key


SUITES = facts("cipher_suites.csv")


@rows("R027", "R028", "R029", "R320", "R321", "R334", "R335")
def test_suites_by_name_and_by_code() -> None:
    """Each of the documents' tables, and what a family lacks before a byte is sent."""
    of_family = {"BG96": 0, "EC200U": 0}
    assert len(SUITES) == 33
    for text, name, bg96, ec200u in SUITES:
        code = int(text, 16)
        names: "list[Any]" = [code, text, "0X" + text[2:]]
        if code != 0xFFFF:
            plain = name.replace("MBEDTLS_", "")
            names += [name, plain, plain[4:], plain.replace("_WITH_", "_"), plain.lower()]
        for how in names:
            assert TLSContext(verify=False, suites=how).suites == code, how
        for family, has in (("BG96", bg96), ("EC200U", ec200u)):
            of_family[family] += int(has)
            modem, check = start(family, [])
            if has == "1":
                modem.socket(tls=TLSContext(verify=False, suites=code))
            else:
                with raises(QuectelError) as caught:
                    modem.socket(tls=TLSContext(verify=False, suites=code))
                assert caught.value.errno == EOPNOTSUPP and "0X%04X" % code in str(caught.value)
            check()
    assert of_family == {"BG96": 14, "EC200U": 33}
    modem, check = start("EC200U", [])
    with raises(QuectelError):
        modem.socket(tls=TLSContext(verify=False, suites=0xC031))
    check()


def items(context: TLSContext, family: str, clock: bool = False, uploads: "Any" = (), **how: "Any") -> "list[str]":
    """The QSSLCFG lines for a context, by the index 0."""
    script: "Script" = ([CLOCK] if clock else []) + list(uploads)
    modem, _ = start(family, script)
    found: "list[str]" = []
    uart = modem.uart

    def follow() -> None:
        if uart.heard.endswith(b"\r") and uart.heard.startswith(b"AT+QSSL"):
            found.append(uart.heard[:-1].decode())
            uart.heard = b""
            uart.say(OK if found[-1].startswith("AT+QSSLCFG") else lines("OK", "+QSSLOPEN: 0,0"))
        elif not (b"AT+QSSL".startswith(uart.heard[:7]) and not uart.heard.endswith(b"\r")):
            uart.__class__._follow(uart)

    uart._follow = follow
    modem.create_connection(("example.com", 443), tls=context, **how)
    settled(modem)
    assert found.pop() == 'AT+QSSLOPEN=1,0,0,"example.com",443,0'
    for line in found:
        assert line.startswith('AT+QSSLCFG="') and line.split(",")[1] == "0", line
    return [line[11:].replace(",0,", " ", 1) for line in found]


@rows("R044", "R045", "R046", "R048", "R049", "R050", "R051", "R052", "R059", "R320", "R323", "R329", "R421")
def test_settings_of_a_tls_context() -> None:
    bare = ['"sslversion" 3', '"ciphersuite" 0XFFFF', '"seclevel" 0', '"ignorelocaltime" 0', '"negotiatetime" 300']
    assert items(TLSContext(verify=False), "BG96") == bare
    context = TLSContext(ca="ca.pem", cert="c.pem", key="k.pem", version="1.1", suites="0x0035", negotiate_s=10)
    wanted = ['"sslversion" 2', '"ciphersuite" 0X0035', '"seclevel" 2', '"ignorelocaltime" 0', '"negotiatetime" 10']
    wanted += ['"cacert" "ca.pem"', '"clientcert" "c.pem"', '"clientkey" "k.pem"']
    assert items(context, "BG96", True, [there("ca.pem"), there("c.pem"), there("k.pem")]) == wanted
    context = TLSContext(ca="ca.pem", check_time=False)
    assert items(context, "BG96", False, [there("ca.pem")])[2:4] == ['"seclevel" 1', '"ignorelocaltime" 1']
    for version, number in (("ssl3", 0), ("1.0", 1), ("1.1", 2), ("1.2", 3), ("all", 4)):
        assert items(TLSContext(verify=False, version=version), "BG96")[0] == '"sslversion" %d' % number


@rows("R031")
def test_more_contexts_than_the_module_has() -> None:

    held = Contexts(6)
    made = [TLSContext(verify=False) for _ in range(8)]
    assert [held.place(context, []) for context in made] == [0, 1, 2, 3, 4, 5, 0, 1]
    assert held.place(made[7], [0, 1, 2, 3, 4, 5]) == 1  # its own
    assert held.place(TLSContext(verify=False), [0, 1, 2, 3, 5]) == 4
    with raises(QuectelError) as caught:
        held.place(TLSContext(verify=False), [0, 1, 2, 3, 4, 5])
    assert caught.value.errno == ENOBUFS
    with raises(QuectelError):
        held.place(TLSContext(verify=False, ctx=3), [3])


@rows("R053", "R054", "R055", "R056", "R057", "R331", "R336")
def test_settings_of_ec200u_alone() -> None:
    got = items(TLSContext(verify=False), "EC200U")
    assert got[5:] == [
        '"sni" 1',
        '"dtls" 0',
        '"ignorecertitem" 0',
        '"ignoremulticertchainverify" 0',
        '"ignoreinvalidcertsign" 0',
    ]
    context = TLSContext(ca="UFS:ca.pem", ca_extra="b.pem", sni=False, dtls=True, ignore=("expired", "name", "chain"))
    got = items(context, "EC200U", True, [there("ca.pem"), there("b.pem")], type=SOCK_DGRAM)
    assert got[5:] == [
        '"cacert" "UFS:ca.pem"',
        '"cacertex" "b.pem"',
        '"sni" 0',
        '"dtls" 1',
        '"ignorecertitem" 5',
        '"ignoremulticertchainverify" 1',
        '"ignoreinvalidcertsign" 0',
    ]
    for context, type in (
        (TLSContext(verify=False, dtls=True), SOCK_DGRAM),
        (TLSContext(verify=False, ca_extra="b.pem"), SOCK_STREAM),
        (TLSContext(ca="a", ignore=("name",)), SOCK_STREAM),
    ):
        modem, check = start("BG96", [])
        with raises(QuectelError) as caught:
            modem.socket(type, tls=context)
        assert caught.value.errno == EOPNOTSUPP
        check()


@rows("R040", "R053")
def test_the_host_name_is_no_part_of_ssl3() -> None:
    assert '"sni" 0' in items(TLSContext(verify=False, version="ssl3"), "EC200U")
    assert '"sni" 1' in items(TLSContext(verify=False, version="all"), "EC200U")
    assert not [item for item in items(TLSContext(verify=False, sni=True), "BG96") if "sni" in item]


FLAGS = facts("ignore_check_items.csv")


@rows("R054", "R055", "R057")
def test_every_check_that_can_be_left_out_has_a_name() -> None:
    names = ("expired", "name", "ca", "other", "key_usage", "ext_key_usage", "cert_type", "algorithm", "key", "all")
    values = [int(row[0]) for row in FLAGS if int(row[0])]
    assert len(names) == len(values)
    for i in range(len(names)):
        got = items(TLSContext(ca="a", ignore=(names[i],)), "EC200U", True, [there("a")])
        assert '"ignorecertitem" %d' % values[i] in got, (names[i], got)
        assert '"ignoremulticertchainverify" 0' in got and '"ignoreinvalidcertsign" 0' in got
    got = items(TLSContext(ca="a", ignore=("signature", "name", "key")), "EC200U", True, [there("a")])
    assert '"ignorecertitem" %d' % (4 + 65536) in got
    assert '"ignoremulticertchainverify" 0' in got and '"ignoreinvalidcertsign" 1' in got


@rows("R056", "R420")
def test_dtls_and_datagrams_go_together() -> None:
    modem, check = start("EC200U", [])
    for type, dtls in ((SOCK_DGRAM, False), (SOCK_STREAM, True)):
        with raises(ValueError):
            modem.socket(type, tls=TLSContext(verify=False, dtls=dtls))
    assert modem.socket(SOCK_DGRAM, tls=TLSContext(verify=False, dtls=True)).id == -1
    check()


@rows("R031")
def test_a_context_of_the_callers_choice() -> None:
    held = Contexts(6)
    third = TLSContext(verify=False, ctx=2)
    assert held.place(third, []) == 2 and held.place(third, [2, 3]) == 2  # its own sockets have it
    with raises(QuectelError) as caught:
        held.place(TLSContext(verify=False, ctx=2), [2])
    assert caught.value.errno == ENOBUFS and "share" in str(caught.value)


@rows("R422")
def test_behind_a_failed_open_a_context_is_set_anew() -> None:
    held = Contexts(6)
    first, second = TLSContext(verify=False, ctx=2), TLSContext(verify=False, ctx=2)
    for context in (first, second):
        assert held.place(context, []) == 2
        held._epochs[2] = 5
        held.doubt(first)  # the second has taken its place meanwhile
        assert held._epochs[2] == (-1 if context is first else 5)


@rows("R046", "R319")
def test_a_certificate_goes_up_once() -> None:
    from binascii import crc32

    name = "%08x.pem" % (crc32(PEM) & 0xFFFFFFFF)
    answer = "+QFUPL: %d,%x" % (len(PEM), checksum(PEM))
    missing = (b'AT+QFLST="%s"\r' % name.encode(), lines("+CME ERROR: 405"))
    up = [missing, (b'AT+QFUPL="%s",%d,5\r' % (name.encode(), len(PEM)), lines("CONNECT")), (PEM, lines(answer, "OK"))]
    got = items(TLSContext(ca=PEM), "EC200U", True, up)
    assert '"cacert" "UFS:%s"' % name in got
    there = [said('AT+QFLST="%s"' % name, '+QFLST: "UFS:%s",%d' % (name, len(PEM)))]
    assert '"cacert" "%s"' % name in items(TLSContext(ca=PEM), "BG96", True, there)


@rows("R039")
def test_an_unset_clock_is_named() -> None:
    modem, check = start("BG96", [said("AT+CCLK?", '+CCLK: "80/01/06,00:00:19+00"'), said("AT+QLTS=1")])
    with raises(TLSError) as caught:
        modem.create_connection(("example.com", 443), tls=TLSContext(ca="ca.pem"))
    assert caught.value.errno == EACCES and "clock" in str(caught.value)
    check()


@rows("R398", "R395")
def test_a_refused_handshake_is_a_tls_error() -> None:
    for code in (566, 579):
        modem, check = start("BG96", [])
        context = TLSContext(verify=False, ctx=2)

        stand(modem, context)
        modem.uart.script += [
            (b'AT+QSSLOPEN=1,2,0,"example.com",443,0\r', lines("OK", "+QSSLOPEN: 0,%d" % code)),
            said("AT+QSSLCLOSE=0,10"),
        ]
        with raises(TLSError) as caught:
            modem.create_connection(("example.com", 443), tls=context)
        assert (caught.value.errno, caught.value.code) == (ECONNABORTED, code)
        settled(modem)
        check()
