"""What stands around the sockets, against scripted modules: bring-up, TLS contexts, files, CoAP."""

from errno import EACCES, ECONNABORTED, ECONNRESET, EIO, ENOBUFS, ENODEV, EOPNOTSUPP, EPERM

from kit import rows
from quectel import CoapError, NetworkError, QuectelError, QuectelTimeout, TLSContext, TLSError
from quectel.files import checksum
from scripted import ERROR, OK, BlockingFace, lines, raises, settled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Script = list[Any]


def start(family: str, script: "Script", prepared: bool = True, **how: "Any") -> "Any":
    """A modem that talks to a script, and what checks in the end that all of it was followed."""
    face = BlockingFace()
    modem = face.start(family, script, prepared, **how)
    return modem, face.check


def said(command: str, *answer: str) -> "tuple[bytes, bytes]":
    return command.encode() + b"\r", lines(*(answer + ("OK",)))


def whole(*parts: "Any") -> "Script":
    """Steps and lists of steps, as one list."""
    steps: "Script" = []
    for step in parts:
        steps += step if isinstance(step, list) else [step]
    return steps


def met(model: str) -> "Script":
    return [said("AT"), said("ATE0"), said("AT+CMEE=1"), said("AT+CGMM", model)]


NB_PINS = [
    said('AT+QICFG="dataformat"', '+QICFG: "dataformat",0,0'),
    said('AT+QICFG="viewmode"', '+QICFG: "viewmode",0'),
    said('AT+QICFG="showlength"', '+QICFG: "showlength",1'),
]
LTE_PINS = [said("AT+QISDE?", "+QISDE: 0")]
READY = said("AT+CPIN?", "+CPIN: READY")
HOME = said("AT+CEREG?", "+CEREG: 0,1")
ATTACHED = said("AT+CGATT?", "+CGATT: 1")
CLOCK = said("AT+CCLK?", '+CCLK: "26/11/20,10:00:00+00"')
NB_ADDRESS = said("AT+CGPADDR?", '+CGPADDR: 1,"10.1.2.3"')
NB_TAIL = [HOME, ATTACHED, NB_ADDRESS, CLOCK]
INACTIVE = said("AT+QIACT?")
ACTIVE = said("AT+QIACT?", '+QIACT: 1,1,1,"10.7.157.1"')


# --- bring-up -----------------------------------------------------------------------------------------------------


@rows("R128", "R408", "R448")
def test_nb_families_come_up() -> None:
    for family, model in (("BC25", "BC25JB-02-STD"), ("BC32", "BC32"), ("BC65", "BC65_TE"), ("bc92", "BC92")):
        script = met(model) + NB_PINS + [said("AT+QISTATE?"), READY] + NB_TAIL
        modem, check = start(family, script, False)
        steps: "list[Any]" = []
        modem.connect(report=lambda step, state, text, steps=steps: steps.append((step, text)))
        check()
        assert modem.isconnected() and modem.ifconfig()[0] == "10.1.2.3"
        assert ("identity", model) in steps and ("pdp", "10.1.2.3") in steps


@rows("R103", "R301")
def test_lte_families_come_up() -> None:
    for family, model in (("BG96", "BG96"), ("EC200U", "EC200UCNAA"), ("EG915U", "EG915U-EU")):
        setup = said('AT+QICSGP=1,1,"internet","me","secret",1')
        script = met(model) + LTE_PINS + [said("AT+QISTATE?"), said("AT+QSSLSTATE"), READY, HOME, ATTACHED]
        script += [INACTIVE, setup, INACTIVE, (b"AT+QIACT=1\r", [3000, OK]), ACTIVE, CLOCK]
        modem, check = start(family, script, False)
        modem.connect("internet", user="me", password="secret", auth="pap")
        check()
        assert modem.ifconfig()[0] == "10.7.157.1"


@rows("R103")
def test_a_context_that_is_active_is_left_alone() -> None:
    script = met("BG96") + LTE_PINS + [said("AT+QISTATE?"), said("AT+QSSLSTATE"), READY, HOME, ATTACHED]
    modem, check = start("BG96", script + [ACTIVE, ACTIVE, CLOCK], False)
    modem.connect("internet")
    check()


@rows("R226")
def test_the_coap_family_comes_up() -> None:
    modem, check = start("BC95-G", met("BC95-G") + whole(READY, NB_TAIL), False)
    modem.connect()
    check()
    with raises(QuectelError) as caught:
        modem.socket()
    assert caught.value.errno == EOPNOTSUPP


def test_a_module_of_another_family_is_named() -> None:
    for family, model, name in (("BC25", "BG96", "BC25"), ("BG96", "BC25JB-02", "BG96"), ("BC95-G", "BC65", "BC95G")):
        modem, check = start(family, met(model), False)
        with raises(NetworkError) as caught:
            modem.connect()
        check()
        assert caught.value.errno == ENODEV and model in str(caught.value) and name in str(caught.value)


@rows("R389")
def test_a_module_that_still_boots_is_not_mistaken() -> None:
    """A line of the boot between a command and its answer is not the answer."""
    script = [said("AT"), said("ATE0"), said("AT+CMEE=1"), said("AT+CGMM", "APP RDY", "BC25")] + NB_PINS
    modem, check = start("BC25", script + [said("AT+QISTATE?"), READY] + NB_TAIL, False)
    modem.connect()
    check()


@rows("R408", "R448")
def test_settings_that_change_framing_are_written_only_when_they_differ() -> None:
    pins = [
        said('AT+QICFG="dataformat"', '+QICFG: "dataformat",1,0'),
        said('AT+QICFG="dataformat",0,0', '+QICFG: "dataformat",0,0'),
        said('AT+QICFG="viewmode"', '+QICFG: "viewmode",1'),
        said('AT+QICFG="viewmode",0', '+QICFG: "viewmode",0'),
        said('AT+QICFG="showlength"', '+QICFG: "showlength",0'),
        said('AT+QICFG="showlength",1', '+QICFG: "showlength",1'),
    ]
    modem, check = start("BC25", met("BC25") + pins + [said("AT+QISTATE?"), READY] + NB_TAIL, False)
    modem.connect()
    check()
    assert (modem.engine.view, modem.engine.show) == (0, 1)


@rows("R136", "R091")
def test_connections_left_from_before_are_closed() -> None:
    left = said("AT+QISTATE?", '+QISTATE: 0,"TCP","1.2.3.4",80,0,2,1,0', '+QISTATE: 3,"UDP","1.2.3.4",80,0,2,1,0')
    closing = [(b"AT+QICLOSE=0\r", lines("OK", "CLOSE OK")), (b"AT+QICLOSE=3\r", lines("OK", "CLOSE OK"))]
    modem, check = start("BC25", met("BC25") + NB_PINS + [left] + closing + [READY] + NB_TAIL, False)
    modem.connect()
    check()
    tcp = said("AT+QISTATE?", '+QISTATE: 2,"TCP","1.2.3.4",80,4000,2,1,2,0,"usbmodem"')
    tls = said("AT+QSSLSTATE", '+QSSLSTATE: 4,"SSLClient","1.2.3.4",443,65344,2,1,4,0,"usbmodem",1')
    script = met("BG96") + LTE_PINS + [tcp, said("AT+QICLOSE=2,10"), tls, said("AT+QSSLCLOSE=4,10"), READY, HOME]
    modem, check = start("BG96", script + [ATTACHED, ACTIVE, CLOCK], False)
    modem.connect()
    check()


@rows("R021", "R388")
def test_a_module_that_wakes_up_slowly() -> None:
    """The first AT is lost, and so are two queries; then the echo is still on."""
    script: "Script" = [(b"AT\r", b""), (b"AT+CMEE?\r", lines("RDY")), said("AT+CMEE?", "+CMEE: 0")]
    script += whole((b"AT\r", b"AT\r" + OK), (b"ATE0\r", b"ATE0\r" + OK), met("BC25")[2:], NB_PINS)
    modem, check = start("BC25", script + [said("AT+QISTATE?"), READY] + NB_TAIL, False, size=1)
    modem.connect()
    check()


def test_a_module_that_never_answers() -> None:
    modem, _ = start("BC25", [(b"AT\r", b"")] + [(b"AT+CMEE?\r", b"")] * 100, False)
    with raises(QuectelError) as caught:
        modem.connect()
    assert caught.value.errno == ENODEV


@rows("R276")
def test_the_pin_of_the_sim() -> None:
    before = met("BC25") + NB_PINS + [said("AT+QISTATE?")]
    wants = said("AT+CPIN?", "+CPIN: SIM PIN")
    modem, check = start("BC25", before + [wants, said('AT+CPIN="1234"'), READY] + NB_TAIL, False)
    modem.connect(pin="1234")
    check()
    for pin, tail, errno, code in (
        (None, [wants], EACCES, 11),
        ("0000", [wants, (b'AT+CPIN="0000"\r', lines("+CME ERROR: 16"))], EACCES, 16),
        (None, [(b"AT+CPIN?\r", lines("+CME ERROR: 10"))], ENODEV, 10),
    ):
        modem, check = start("BC25", before + tail, False)
        with raises(NetworkError) as caught:
            modem.connect(pin=pin)
        check()
        assert (caught.value.errno, caught.value.code) == (errno, code)
        assert "0000" not in str(caught.value)


@rows("R276")
def test_a_sim_that_takes_its_time() -> None:
    before = met("BC25") + NB_PINS + [said("AT+QISTATE?")]
    wants, busy = said("AT+CPIN?", "+CPIN: SIM PIN"), (b"AT+CPIN?\r", lines("+CME ERROR: 14"))
    script = before + [busy, wants, said('AT+CPIN="1234"'), busy, wants, READY]
    modem, check = start("BC25", script + NB_TAIL, False)
    modem.connect(pin="1234")
    check()


@rows("R128")
def test_registration() -> None:
    before = met("BC25") + NB_PINS + [said("AT+QISTATE?"), READY]
    searching, roaming = said("AT+CEREG?", "+CEREG: 2", "+CEREG: 0,2"), said("AT+CEREG?", "+CEREG: 0,5")
    modem, check = start("BC25", before + [searching, searching, roaming] + NB_TAIL[1:], False)
    modem.connect()
    check()
    modem, check = start("BC25", before + [said("AT+CEREG?", "+CEREG: 0,3")], False)
    with raises(NetworkError) as caught:
        modem.connect()
    assert caught.value.errno == EPERM
    check()
    modem, check = start("BC25", before + [searching] * 5, False)
    with raises(QuectelTimeout):
        modem.connect(timeout_ms=4500)


@rows("R301")
def test_activation_is_refused() -> None:
    script = met("BG96") + LTE_PINS + [said("AT+QISTATE?"), said("AT+QSSLSTATE"), READY, HOME, ATTACHED]
    why = said("AT+QIGETERROR", "+QIGETERROR: 561,open PDP context failed")
    modem, check = start("BG96", script + [INACTIVE, (b"AT+QIACT=1\r", ERROR), why], False)
    with raises(NetworkError) as caught:
        modem.connect()
    assert caught.value.code == 561
    check()


@rows("R301")
def test_arguments_of_connect() -> None:
    modem, check = start("BG96", [], False)
    for how in (
        {"apn": 'a"b'},
        {"apn": "a\rb"},
        {"apn": "x", "user": "\x1a"},
        {"apn": "x" * 101},
        {"apn": "x", "auth": "md5"},
    ):
        with raises(ValueError):
            modem.connect(**how)
    with raises(TypeError):
        modem.connect(5)
    check()


@rows("R301")
def test_long_credentials_can_be_sent() -> None:
    """100, 127 and 127 characters are allowed, so they fit into a command line."""
    setup = said('AT+QICSGP=1,1,"%s","%s","%s",2' % ("a" * 100, "u" * 127, "p" * 127))
    script = met("BG96") + LTE_PINS + [said("AT+QISTATE?"), said("AT+QSSLSTATE"), READY, HOME, ATTACHED]
    modem, check = start("BG96", script + [INACTIVE, setup, ACTIVE, CLOCK], False)
    modem.connect("a" * 100, user="u" * 127, password="p" * 127, auth="chap")
    check()


def test_families() -> None:
    with raises(ValueError):
        start("BG95", [])
    how: "Any"
    for how in ({"slots": 0}, {"slots": 17}, {"rx_ring": 63}, {"rx_ring": 65535}):
        with raises(ValueError):
            start("BG96", [], **how)


# --- TLS ----------------------------------------------------------------------------------------------------------

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
    from quectel.tls import Contexts

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
        from quectel.tls import Contexts

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


# --- files --------------------------------------------------------------------------------------------------------


@rows("R319")
def test_upload() -> None:
    data = bytes(range(256)) * 5 + b"x"
    missing = (b'AT+QFLST="a.bin"\r', lines("+CME ERROR: 405"))
    up = (b'AT+QFUPL="a.bin",1281,5\r', lines("CONNECT"))
    modem, check = start("BG96", [missing, up, (data, lines("+QFUPL: 1281,%x" % checksum(data), "OK"))], short=7)
    assert modem.files.upload("a.bin", data) == checksum(data)
    check()
    assert checksum(b"\x01\x02\x04") == 0x0102 ^ 0x0400


@rows("R319")
def test_a_damaged_upload_is_removed() -> None:
    missing = (b'AT+QFLST="a.bin"\r', lines("+CME ERROR: 405"))
    up, remove = (b'AT+QFUPL="a.bin",5,5\r', lines("CONNECT")), said('AT+QFDEL="a.bin"')
    for answer in ("+QFUPL: 5,1", "+QFUPL: 4,%x" % checksum(b"hello"), "+QFUPL: what,is"):
        modem, check = start("BG96", [missing, up, (b"hello", lines(answer, "OK")), remove])
        with raises(QuectelError) as caught:
            modem.files.upload("a.bin", b"hello")
        assert caught.value.errno == EIO
        check()


@rows("R319")
def test_files_replace_and_fail() -> None:
    there, remove = said('AT+QFLST="a.bin"', '+QFLST: "a.bin",77'), said('AT+QFDEL="a.bin"')
    full = (b'AT+QFUPL="a.bin",5,5\r', lines("+CME ERROR: 403"))
    modem, check = start("BG96", [there, remove, full])
    with raises(QuectelError) as caught:
        modem.files.upload("a.bin", b"hello")
    assert caught.value.code == 403
    check()
    modem, check = start("BG96", [there, (b'AT+QFDEL="b"\r', lines("+CME ERROR: 405"))])
    assert modem.files.size("a.bin") == 77 and modem.files.remove("b") is False
    for name in ('a"', "a\r", "x" * 81):
        with raises(ValueError):
            modem.files.remove(name)
    check()


# --- CoAP ---------------------------------------------------------------------------------------------------------

URI = "coap://10.0.0.9/a/b?x=1&y"
CREATE = [
    said("AT+QCOAPDEL"),
    said("AT+QCOAPCREATE=56830"),
    said('AT+QCOAPCFG="Showra",1'),
    said('AT+QCOAPCFG="Showrspopt",1'),
]
STATUS = said("AT+QCOAPDATASTATUS?", "+QCOAPDATASTATUS: 4")
OPTIONS = said('AT+QCOAPOPTION=4,11,"a",11,"b",15,"x=1",15,"y"')


def head(msgid: int, token: str = "01020304") -> "tuple[bytes, bytes]":
    return said("AT+QCOAPHEAD=5,%d,%d,%s" % (msgid, len(token) // 2, token))


def send(what: str, typed: bytes, answer: "Any") -> "Script":
    return [(b"AT+QCOAPSEND=%s\r" % what.encode(), b"\r\n>"), (typed + b"\x1a", answer)]


def response(rest: str) -> bytes:
    return lines('+QCOAPURC: "rsp",10.0.0.9,5683,' + rest)


def coap(script: "Script", **how: "Any") -> "Any":
    """A CoAP service whose first message id is 8."""
    modem, check = start("BC95-G", CREATE + script, **how)
    service = modem.coap()
    service._next_id = 7
    return service, check


TOKEN = b"\x01\x02\x03\x04"


@rows("R226", "R242", "R258", "R261", "R245")
def test_coap_get() -> None:
    for size in (0, 1):
        answer = OK + response('2,2.05,8,1,12,"0",12,a,"b",\r\nOK\r\n')
        script = whole(head(8), OPTIONS, send("0,1,10.0.0.9,5683", b"", answer), STATUS)
        service, check = coap(script, size=size)
        message = service.get(URI, token=TOKEN)
        assert (message.code, message.codestr, message.msgid, message.format) == (205, "2.05", 8, 0)
        assert message.payload == b'a,"b",\r\nOK\r\n' and message.peer == ("10.0.0.9", 5683)
        check()


@rows("R238", "R244", "R427")
def test_coap_forms_of_the_payload() -> None:
    for method, number, format, payload, typed in (
        ("POST", 2, 0, b"hello", b"hello"),
        ("PUT", 3, 50, b'{"a":1}', b'{"a":1}'),
        ("POST", 2, 42, b"\x00\xff", b"00FF"),
        ("POST", 2, None, b"hi", b"6869"),
        ("DELETE", 4, None, b"", b""),
    ):
        option = [said('AT+QCOAPOPTION=1,12,"%d"' % format)] if format is not None else []
        answer = OK + response("2,2.04,8")
        service, check = coap(whole(head(8), option, send("0,%d,10.0.0.9,7000" % number, typed, answer), STATUS))
        message = service.request(method, "coap://10.0.0.9:7000", payload=payload, format=format, token=TOKEN)
        assert message.code == 204 and message.payload == b"" and message.format is None
        check()


@rows("R258", "R433")
def test_coap_non_confirmable_and_options() -> None:
    option = said('AT+QCOAPOPTION=3,11,"t",17,"50",15,"q"')
    answer = OK + response('1,2.05,4711,2,12,"50",4,"e7",2,7B7D') + response('1,2.05,4711,1,12,"42",2,7B7D')
    service, check = coap(
        whole(head(8), option, send("1,1,10.0.0.9,5683", b"", OK + response('1,2.05,4711,1,12,"42",2,7B7D')))
    )
    assert answer
    message = service.get("coap://10.0.0.9/t", confirmable=False, token=TOKEN, options=[("Accept", 50), (15, "q")])
    assert message.payload == b"{}" and message.type == 1
    check()


@rows("R236", "R238", "R244", "R459")
def test_coap_arguments() -> None:
    modem, check = start("BC95-G", [])
    service = modem.coap()
    for uri in (
        "http://10.0.0.9",
        "coap://host/",
        "coap://10.0.0.9:0",
        "coap://10.0.0.9:x",
        "coap://10.0.0/",
        'coap://10.0.0.9/"',
    ):
        with raises(ValueError):
            service.get(uri)
    for how in (
        {"format": 1},
        {"token": b""},
        {"token": b"123456789"},
        {"options": [("Nothing", 1)]},
        {"options": [(15, "x" * 181)]},
        {"options": [(15, "x")] * 13},
        {"payload": b"x" * 513},
        {"payload": b"x" * 1025, "format": 0},
    ):
        with raises(ValueError):
            service.post("coap://10.0.0.9", **how)
    with raises(CoapError):
        service.post("coap://10.0.0.9", b"a\x1ab", format=0)
    check()
    modem, _ = start("BG96", [])
    with raises(QuectelError) as caught:
        modem.coap()
    assert caught.value.errno == EOPNOTSUPP


@rows("R250", "R245")
def test_coap_errors() -> None:
    def status(n: int) -> "tuple[bytes, bytes]":
        return said("AT+QCOAPDATASTATUS?", "+QCOAPDATASTATUS: %d" % n)

    sent = send("0,1,10.0.0.9,5683", b"", OK)
    for tail, errno in (
        (whole(sent, status(1), status(5)), ECONNRESET),
        (whole(sent, status(3)), EIO),
        (whole(sent, status(2)), EIO),
        (send("0,1,10.0.0.9,5683", b"", OK + response("3,0.00,8")), ECONNRESET),
    ):
        service, check = coap(whole(head(8), tail))
        with raises(CoapError) as caught:
            service.get("coap://10.0.0.9", token=TOKEN)
        assert caught.value.errno == errno
        check()
    service, check = coap([head(8), (b"AT+QCOAPSEND=0,1,10.0.0.9,5683\r", lines("+CME ERROR: 159"))])
    with raises(QuectelError) as caught2:
        service.get("coap://10.0.0.9", token=TOKEN)
    assert caught2.value.code == 159
    check()
    service, check = coap(whole(head(8), sent) + [status(1)] * 2)
    with raises(QuectelTimeout):
        service.get("coap://10.0.0.9", token=TOKEN, timeout_ms=5000)
    check()


@rows("R258", "R432")
def test_coap_separate_response() -> None:
    """An empty acknowledgement is not the answer; the confirmable message that follows is."""
    for empty in ("2,0.00,8", "2,0,8"):
        said_later = [OK + response(empty), 1000, response("0,2.05,991,2,6869")]
        service, check = coap(whole(head(8), send("0,1,10.0.0.9,5683", b"", said_later), STATUS))
        message = service.get("coap://10.0.0.9", token=TOKEN)
        assert message.code == 205 and message.payload == b"hi"
        check()


@rows("R433")
def test_coap_answers_are_matched() -> None:
    """A late answer to an earlier request is not taken for this one's."""
    answer = OK + response("2,2.05,3,3,6F6C64") + response("2,2.05,8,3,6E6577")
    service, check = coap(whole(head(8), send("0,1,10.0.0.9,5683", b"", answer), STATUS))
    assert service.get("coap://10.0.0.9", token=TOKEN).payload == b"new"
    check()


@rows("R262", "R263")
def test_coap_requests_and_rubbish_do_no_harm() -> None:
    request = lines('+QCOAPURC: "req",10.0.0.9,5683,0,1,50670,09,8,1A84BFE989C01C08,6,"0",7,"54321",11,"t",11,"d"')
    for rubbish in (request, lines('+QCOAPURC: "rsp"'), lines('+QCOAPURC: "rsp",what'), lines('+QCOAPURC: "req",1,2')):
        answer = OK + rubbish + response("2,2.05,8,2,6869")
        service, check = coap(whole(head(8), send("0,1,10.0.0.9,5683", b"", answer), STATUS))
        message = service.get("coap://10.0.0.9", token=TOKEN)
        assert message.payload == b"hi", rubbish
        check()


@rows("R261")
def test_coap_lost_digits_are_found() -> None:
    """Bytes that are no hex digits stand where digits are counted: the message is not delivered."""
    for digits in (b"68656C6C6", b"68656C6C", b"6865", b""):
        damaged = b'\r\n+QCOAPURC: "rsp",10.0.0.9,5683,2,2.05,8,5,' + digits + b"\r\n"
        good = response("2,2.05,8,5,68656C6C6F")
        service, _ = coap(whole(head(8), send("0,1,10.0.0.9,5683", b"", [OK + damaged, 3000, good]), (STATUS[0], b"")))
        try:
            payload = service.get("coap://10.0.0.9", token=TOKEN, timeout_ms=1500).payload
        except QuectelError:
            payload = None
        assert payload is None, (digits, payload)


@rows("R261")
def test_coap_goes_on_after_a_damaged_message() -> None:
    damaged = b'\r\n+QCOAPURC: "rsp",10.0.0.9,5683,2,2.05,8,5,68656C6C6'
    first = whole(head(8), send("0,1,10.0.0.9,5683", b"", OK + damaged))
    again = CREATE + whole(head(9), send("0,1,10.0.0.9,5683", b"", OK + response("2,2.05,9,2,6869")), STATUS)
    service, check = coap(first + again)
    with raises(QuectelError):
        service.get("coap://10.0.0.9", token=TOKEN, timeout_ms=1800)
    settled(service._modem)
    assert service.get("coap://10.0.0.9", token=TOKEN).payload == b"hi"
    check()


@rows("R024", "R227")
def test_coap_after_a_restart() -> None:
    again = (
        met("BC95-G")
        + CREATE
        + whole(head(9), send("0,1,10.0.0.9,5683", b"", OK + response("2,2.05,9,2,6869")), STATUS)
    )
    service, check = coap(whole(head(8), send("0,1,10.0.0.9,5683", b"", lines("RDY")), again))
    with raises(QuectelError) as caught:
        service.get("coap://10.0.0.9", token=TOKEN)
    assert caught.value.errno == ECONNRESET
    assert service.get("coap://10.0.0.9", token=TOKEN).payload == b"hi"
    check()
    service, check = coap(
        whole(head(8), send("0,1,10.0.0.9,5683", b"", OK + response("2,2.05,8")), STATUS, said("AT+QCOAPDEL"))
    )
    service.get("coap://10.0.0.9", token=TOKEN)
    service.close()
    check()
