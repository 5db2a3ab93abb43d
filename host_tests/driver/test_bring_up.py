"""connect() of a modem against scripted modules: identity, settings, SIM, registration, PDP context."""

from errno import EACCES, ENODEV, EOPNOTSUPP, EPERM

from faces import start
from kit import raises, rows
from quectel import NetworkError, QuectelError, QuectelTimeout
from scripted import ERROR, OK, lines
from steps import (
    ACTIVE,
    ATTACHED,
    CLOCK,
    EC200U_PINS,
    HOME,
    INACTIVE,
    LTE_PINS,
    NB_PINS,
    NB_TAIL,
    READY,
    met,
    said,
    whole,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from steps import Script


@rows("R128", "R307", "R408", "R448")
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
        pins = LTE_PINS + (EC200U_PINS if family != "BG96" else [])
        script = met(model) + pins + [said("AT+QISTATE?"), said("AT+QSSLSTATE"), READY, HOME, ATTACHED]
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


@rows("R204", "R224", "R307", "R355", "R408", "R409", "R448")
def test_settings_that_change_framing_are_written_only_when_they_differ() -> None:
    pins = [
        said('AT+QICFG="dataformat"', '+QICFG: "dataformat",1,0'),
        said('AT+QICFG="dataformat",0,0', '+QICFG: "dataformat",0,0'),
        said('AT+QICFG="viewmode"', '+QICFG: "viewmode",1'),
        said('AT+QICFG="viewmode",0', '+QICFG: "viewmode",0'),
        said('AT+QICFG="showlength"', '+QICFG: "showlength",0'),
        said('AT+QICFG="showlength",1', '+QICFG: "showlength",1'),
        said("AT+QSCLK?", "+QSCLK: 1"),
        said("AT+QSCLK=0"),
    ]
    for family in ("BC25", "BC65"):
        modem, check = start(family, met(family) + pins + [said("AT+QISTATE?"), READY] + NB_TAIL, False)
        modem.connect()
        check()
        assert (modem.engine.view, modem.engine.show) == (0, 1)


@rows("R091", "R136", "R294", "R298")
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


@rows("R021")
def test_a_module_that_never_answers() -> None:
    query = (b"AT+CMEE?\r", b"")
    ended = (b"\x1b" + b"\r" * 512, b"")  # a data entry that the host knows nothing of
    modem, _ = start("BC25", [(b"AT\r", b"")] + [query] * 3 + [ended] + [query] * 100, False)
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
def test_a_pin_that_cannot_be_one_costs_no_try() -> None:
    modem, check = start("BC25", [], False)
    for pin in ("", "123", "123456789", "12a4", "12 4", '12"4'):
        with raises(ValueError):
            modem.connect(pin=pin)
    wrong: "Any" = 1234
    with raises(TypeError):
        modem.connect(pin=wrong)
    check()


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
    modem, check = start("BG96", script + [INACTIVE, (b"AT+QIACT=1\r", ERROR), why, INACTIVE], False)
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
