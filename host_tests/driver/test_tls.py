"""TLS contexts against scripted modules: arguments, settings, certificates, refusals."""

from errno import EACCES, ECONNABORTED, ENOBUFS, EOPNOTSUPP

from faces import start
from kit import raises, rows
from quectel import QuectelError, TLSContext, TLSError
from quectel.files import checksum
from quectel.tls import Contexts
from scripted import OK, lines, settled
from steps import CLOCK, said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from steps import Script

PEM = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@rows("R044", "R045", "R052")
def test_arguments_of_a_tls_context() -> None:
    how: "Any"
    for how in (
        {},
        {"verify": True},
        {"ca": PEM, "version": "1.3"},
        {"ca": PEM, "cert": PEM},
        {"ca": PEM, "key": PEM},
        {"ca": b"no pem"},
        {"ca": 'a"b'},
        {"ca": "x" * 81},
        {"ca": PEM, "negotiate_s": 9},
        {"ca": PEM, "negotiate_s": 301},
        {"ca": PEM, "suites": 0x10000},
        {"ca": PEM, "suites": "xyz"},
        {"ca": PEM, "ctx": 6},
        {"ca": PEM, "ctx": -1},
        {"ca": PEM, "ignore": ("everything",)},
    ):
        with raises(ValueError):
            TLSContext(**how)
    with raises(TypeError):
        TLSContext(ca=PEM, negotiate_s=1.5)  # type: ignore[arg-type]


def items(context: TLSContext, family: str, clock: bool = False, uploads: "Any" = ()) -> "list[str]":
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
    modem.create_connection(("example.com", 443), tls=context)
    settled(modem)
    assert found.pop() == 'AT+QSSLOPEN=1,0,0,"example.com",443,0'
    for line in found:
        assert line.startswith('AT+QSSLCFG="') and line.split(",")[1] == "0", line
    return [line[11:].replace(",0,", " ", 1) for line in found]


@rows("R044", "R045", "R046", "R048", "R049", "R050", "R051", "R052")
def test_settings_of_a_tls_context() -> None:
    bare = ['"sslversion" 3', '"ciphersuite" 0XFFFF', '"seclevel" 0', '"ignorelocaltime" 0', '"negotiatetime" 300']
    assert items(TLSContext(verify=False), "BG96") == bare
    context = TLSContext(ca="ca.pem", cert="c.pem", key="k.pem", version="1.1", suites="0x0035", negotiate_s=10)
    wanted = ['"sslversion" 2', '"ciphersuite" 0X0035', '"seclevel" 2', '"ignorelocaltime" 0', '"negotiatetime" 10']
    wanted += ['"cacert" "ca.pem"', '"clientcert" "c.pem"', '"clientkey" "k.pem"']
    assert items(context, "BG96", True) == wanted
    context = TLSContext(ca="ca.pem", check_time=False)
    assert items(context, "BG96")[2:4] == ['"seclevel" 1', '"ignorelocaltime" 1']


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


@rows("R053", "R054", "R055", "R056", "R057")
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
    got = items(context, "EC200U", True)
    assert got[5:] == [
        '"cacert" "UFS:ca.pem"',
        '"cacertex" "b.pem"',
        '"sni" 0',
        '"dtls" 1',
        '"ignorecertitem" 5',
        '"ignoremulticertchainverify" 1',
        '"ignoreinvalidcertsign" 0',
    ]
    for context in (
        TLSContext(verify=False, dtls=True),
        TLSContext(verify=False, ca_extra="b.pem"),
        TLSContext(ca="a", ignore=("name",)),
    ):
        modem, check = start("BG96", [])
        with raises(QuectelError) as caught:
            modem.create_connection(("example.com", 443), tls=context)
        assert caught.value.errno == EOPNOTSUPP
        check()


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
    modem, check = start("BG96", [said("AT+CCLK?", '+CCLK: "80/01/06,00:00:19+00"')])
    with raises(TLSError) as caught:
        modem.create_connection(("example.com", 443), tls=TLSContext(ca="ca.pem"))
    assert caught.value.errno == EACCES and "clock" in str(caught.value)
    check()


@rows("R398", "R395")
def test_a_refused_handshake_is_a_tls_error() -> None:
    for code in (566, 579):
        modem, check = start("BG96", [])
        context = TLSContext(verify=False, ctx=2)

        modem._contexts = Contexts(6)
        modem._contexts.place(context, [])
        modem._contexts._epochs[2] = modem.engine.epoch
        modem.uart.script += [
            (b'AT+QSSLOPEN=1,2,0,"example.com",443,0\r', lines("OK", "+QSSLOPEN: 0,%d" % code)),
            said("AT+QSSLCLOSE=0,10"),
        ]
        with raises(TLSError) as caught:
            modem.create_connection(("example.com", 443), tls=context)
        assert (caught.value.errno, caught.value.code) == (ECONNABORTED, code)
        settled(modem)
        check()
