"""TLS sockets on both faces: contexts and files of the module, its clock, what a trace shows."""

from errno import EACCES, ENOBUFS, ENOENT

from faces import both
from kit import raises, rows
from pems import AMAZON, CERT, KEY
from quectel import QuectelError, TLSContext, TLSError
from scripted import ERROR, OK, lines
from steps import CLOCK, LTE_PINS, met, said, whole, why
from tls_steps import WEB, bare, cfg, closes, going_up, opens, path_of, there

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face
    from steps import Script

UNTOLD = said("AT+QLTS=1", '+QLTS: ""')
UNSET = said("AT+CCLK?", '+CCLK: "80/01/06,00:00:19+00"')
PREPARED = met("BG96") + LTE_PINS + [said("AT+QISTATE?"), said("AT+QSSLSTATE")]
EXTRAS = ("sni 1", "dtls 0", "ignorecertitem 0", "ignoremulticertchainverify 0", "ignoreinvalidcertsign 0")


# --- contexts -----------------------------------------------------------------------------------------------------


@rows("R031", "R046", "R048", "R049", "R050", "R060")
@both
def test_a_context_is_set_up_once(face: "Face") -> "Generator[Any, Any, None]":
    """Its files go up and its settings are made for the first socket, and again behind a restart."""
    context = TLSContext(ca=AMAZON, cert=CERT, key=KEY)
    files = cfg(0, "cacert", path_of(AMAZON)), cfg(0, "clientcert", path_of(CERT)), cfg(0, "clientkey", path_of(KEY))
    setup = bare(0, level=2) + list(files)
    script = whole([CLOCK], going_up(AMAZON), going_up(CERT), going_up(KEY), setup, [opens(0, 0), opens(0, 1)])
    m = face.start("BG96", script)
    first = yield m.create_connection(WEB, tls=context)
    second = yield m.create_connection(WEB, tls=context)
    assert (first.id, second.id) == (0, 1)
    face.check()
    again = [
        said("AT+QFLST=%s" % path_of(data), "+QFLST: %s,%d" % (path_of(data), len(data)))
        for data in (AMAZON, CERT, KEY)
    ]
    face.uart.script += whole(PREPARED, [CLOCK], again, setup, [opens(0, 0)])
    face.uart.say(lines("RDY"))
    yield face.settle()
    third = yield m.create_connection(WEB, tls=context)
    assert third.id == 0


@rows("R031")
@both
def test_a_context_that_is_changed_is_set_up_anew(face: "Face") -> "Generator[Any, Any, None]":
    """It counts for the connections behind it, though another one shares it."""
    context = TLSContext(verify=False)
    first, second = bare(0, no_time=0), bare(0, no_time=0, negotiate_s=20)
    m = face.start("BG96", whole(first, [opens(0, 0)], second, [opens(0, 1), opens(0, 2)]))
    yield m.create_connection(WEB, tls=context)
    context.negotiate_s = 20
    yield m.create_connection(WEB, tls=context)
    yield m.create_connection(WEB, tls=context)


@rows("R031", "R047", "R419")
@both
def test_a_context_that_is_changed_while_it_is_set_up(face: "Face") -> "Generator[Any, Any, None]":
    """The open that is under way has the checks that it began with, all of them."""
    for begun in (False, True):
        context = TLSContext(ca="ca.pem", verify=begun, check_time=False)
        setup = [there("ca.pem")] + bare(0, level=int(begun), no_time=1) + [cfg(0, "cacert", '"ca.pem"')]
        setup[1] = setup[1][0], lines("+NOTE") + setup[1][1]
        setup += [cfg(0, *one.split()) for one in EXTRAS]
        if begun:
            setup += [said('AT+QSSLCFG="cacertex",0', '+QSSLCFG: "cacertex",0,"old.pem"')]
            setup += [cfg(0, "cacertex", '"ca.pem"')]
        m = face.start("EC200U", setup + [opens(0, 0)])

        def change(line: bytes, context: TLSContext = context, begun: bool = begun) -> None:
            context.verify = not begun

        m.on_urc("+NOTE", change)
        yield m.create_connection(WEB, tls=context)
        assert context.verify != begun
        face.check()
        if hasattr(m, "aclose"):
            yield m.aclose()


@rows("R031", "R050", "R059", "R087", "R460")
@both
def test_a_released_context_is_asked_whether_it_still_checks(face: "Face") -> "Generator[Any, Any, None]":
    """Not while another connection uses it, and not if it checks nobody."""
    query = b'AT+QSSLCFG="seclevel",0\r'
    setup = [there("ca.pem")] + bare(0, level=1) + [cfg(0, "cacert", '"ca.pem"')]
    context = TLSContext(ca="ca.pem")
    for told, again in (
        (lines('+QSSLCFG: "seclevel",0,1', "OK"), []),
        (lines('+QSSLCFG: "seclevel",0,0', "OK"), setup),
        (OK, setup),
        (ERROR, setup),
    ):
        script = [CLOCK] + setup + [opens(0, 0), opens(0, 1), closes(0), opens(0, 0), closes(0), closes(1)]
        m = face.start("BG96", script + [(query, told)] + again + [opens(0, 0)])
        first = yield m.create_connection(WEB, tls=context)
        other = yield m.create_connection(WEB, tls=context)
        yield first.close()
        first = yield m.create_connection(WEB, tls=context)
        yield first.close()
        yield other.close()
        yield m.create_connection(WEB, tls=context)
        face.check()
    m = face.start("BG96", bare(0) + [opens(0, 0), closes(0), opens(0, 0)])
    context = TLSContext(verify=False)
    sock = yield m.create_connection(WEB, tls=context)
    yield sock.close()
    yield m.create_connection(WEB, tls=context)


@rows("R031")
@both
def test_open_connections_keep_their_context(face: "Face") -> "Generator[Any, Any, None]":
    one, other = TLSContext(verify=False), TLSContext(verify=False, negotiate_s=10)
    script = whole(bare(0), [opens(0, 0)], bare(1, negotiate_s=10), [opens(1, 1), opens(0, 2), closes(0), opens(0, 0)])
    m = face.start("BG96", script)
    first = yield m.create_connection(WEB, tls=one)
    yield m.create_connection(WEB, tls=other)
    yield m.create_connection(WEB, tls=one)
    yield first.close()
    yield m.create_connection(WEB, tls=one)
    assert [slot.tls for slot in m.engine.table.slots][:3] == [0, 1, 0]


@rows("R031")
@both
def test_six_contexts_are_in_use(face: "Face") -> "Generator[Any, Any, None]":
    script = whole(*[bare(i) + [opens(i, i)] for i in range(6)])
    m = face.start("BG96", script + [closes(3)] + bare(3) + [opens(3, 3)], slots=8)
    made = []
    for _ in range(6):
        made.append((yield m.create_connection(WEB, tls=TLSContext(verify=False))))
    seventh = m.socket(tls=TLSContext(verify=False))
    with raises(QuectelError) as caught:
        yield seventh.connect(WEB)
    assert caught.value.errno == ENOBUFS and "share" in str(caught.value)
    yield made[3].close()
    yield seventh.connect(WEB)
    assert seventh.id == 3


@rows("R031")
@both
def test_contexts_of_closed_sockets_are_free(face: "Face") -> "Generator[Any, Any, None]":
    script = whole(*[bare(i % 6) + [opens(i % 6, 0), closes(0)] for i in range(8)])
    m = face.start("BG96", script, slots=8)
    for _ in range(8):
        sock = yield m.create_connection(WEB, tls=TLSContext(verify=False))
        yield sock.close()


@rows("R031")
@both
def test_a_restart_frees_the_contexts(face: "Face") -> "Generator[Any, Any, None]":
    script = whole(*[bare(i) + [opens(i, i)] for i in range(6)])
    m = face.start("BG96", script, slots=8)
    for _ in range(6):
        yield m.create_connection(WEB, tls=TLSContext(verify=False))
    face.uart.script += PREPARED + bare(0) + [opens(0, 0)]
    face.uart.say(lines("RDY"))
    yield face.settle()
    sock = yield m.create_connection(WEB, tls=TLSContext(verify=False))
    assert sock.id == 0


@rows("R031")
@both
def test_settings_that_were_refused_are_made_again(face: "Face") -> "Generator[Any, Any, None]":
    setup = bare(0)
    refused = [setup[0], (setup[1][0], ERROR), why(552)]
    m = face.start("BG96", refused + setup + [opens(0, 0)])
    sock = m.socket(tls=TLSContext(verify=False))
    with raises(QuectelError) as caught:
        yield sock.connect(WEB)
    assert caught.value.code == 552 and caught.value.command == "AT+QSSLCFG"
    yield sock.connect(WEB)
    assert sock.id == 0


@rows("R415", "R416")
@both
def test_ids_of_tcp_and_tls_sockets_never_collide(face: "Face") -> "Generator[Any, Any, None]":
    script: "Script" = bare(0)
    for cid in range(12):
        tcp = (b'AT+QIOPEN=1,%d,"TCP","example.com",443,0,0\r' % cid, lines("OK", "+QIOPEN: %d,0" % cid))
        script.append(opens(0, cid) if cid % 2 else tcp)
    script.insert(0, script.pop(5))  # the first one is TCP
    m = face.start("BG96", script, slots=13)
    context = TLSContext(verify=False)
    ids = []
    for cid in range(12):
        sock = yield m.create_connection(WEB, tls=context if cid % 2 else None)
        ids.append(sock.id)
    assert ids == list(range(12))
    with raises(QuectelError) as caught:
        yield m.create_connection(WEB, tls=context)
    assert caught.value.errno == ENOBUFS and "12 connection ids" in str(caught.value)


@rows("R043", "R047", "R419")
@both
def test_a_ca_that_was_left_in_the_module_is_not_trusted(face: "Face") -> "Generator[Any, Any, None]":
    """It may be another context's, or of the time before this microcontroller started."""
    names = ("sni", "dtls", "ignorecertitem", "ignoremulticertchainverify", "ignoreinvalidcertsign")
    extras = [cfg(0, name, "1" if name == "sni" else "0") for name in names]
    query = 'AT+QSSLCFG="cacertex",0'
    head = whole([CLOCK], [there("ca.pem")], bare(0, level=1), [cfg(0, "cacert", '"UFS:ca.pem"')], extras)
    for left, then in (
        (['+QSSLCFG: "cacertex",0,"UFS:old.pem"'], [said(query + ',"UFS:ca.pem"')]),
        (['+QSSLCFG: "cacertex",0,"UFS:ca.pem"'], []),
        (['+QSSLCFG: "cacertex",0,""'], []),
        (['+QSSLCFG: "cacertex",0'], []),
        ([], []),
    ):
        m = face.start("EC200U", head + [said(query, *left)] + then + [opens(0, 0)])
        yield m.create_connection(WEB, tls=TLSContext(ca="UFS:ca.pem"))
        face.check()
    m = face.start("EC200U", head + [(query.encode() + b"\r", ERROR), opens(0, 0)])  # it has no such setting
    yield m.create_connection(WEB, tls=TLSContext(ca="UFS:ca.pem"))


@rows("R422")
@both
def test_a_file_that_is_not_there(face: "Face") -> "Generator[Any, Any, None]":
    for code in (405, 418):
        m = face.start("BG96", [CLOCK, (b'AT+QFLST="ca.pem"\r', lines("+CME ERROR: %d" % code))])
        with raises(QuectelError) as caught:
            yield m.create_connection(WEB, tls=TLSContext(ca="ca.pem"))
        assert caught.value.errno == ENOENT and "ca.pem" in str(caught.value)
        face.check()
    unknown = (b'AT+QFLST="RAM:ca.pem"\r', ERROR)  # a storage that it does not list: the open will tell
    setup = bare(0, level=1) + [cfg(0, "cacert", '"RAM:ca.pem"')]
    m = face.start("BG96", [CLOCK, unknown] + setup + [opens(0, 0)])
    yield m.create_connection(WEB, tls=TLSContext(ca="RAM:ca.pem"))


# --- the clock ----------------------------------------------------------------------------------------------------


@rows("R039", "R051")
@both
def test_the_clock_is_set_before_certificates_are_checked(face: "Face") -> "Generator[Any, Any, None]":
    setup = bare(0, level=1) + [cfg(0, "cacert", '"ca.pem"')]
    context = TLSContext(ca="ca.pem")
    m = face.start(
        "BG96", [UNSET, UNTOLD, said('AT+CCLK="26/11/25,09:08:07+00"'), there("ca.pem")] + setup + [opens(0, 0)]
    )
    with raises(TLSError) as caught:
        yield m.create_connection(WEB, tls=context)
    assert caught.value.errno == EACCES
    for word in ("80/01/06", "set_clock", "check_time"):
        assert word in str(caught.value)
    yield m.set_clock((2026, 11, 25, 9, 8, 7, 2, 329))
    yield m.create_connection(WEB, tls=context)
    face.check()
    loose = bare(0, level=1, no_time=1) + [cfg(0, "cacert", '"ca.pem"')]
    m = face.start("BG96", [there("ca.pem")] + loose + [opens(0, 0)])
    yield m.create_connection(WEB, tls=TLSContext(ca="ca.pem", check_time=False))


@rows("R039")
@both
def test_the_boards_clock_sets_the_modules(face: "Face") -> "Generator[Any, Any, None]":
    setup = bare(0, level=1) + [cfg(0, "cacert", '"ca.pem"')]
    m = face.start("BG96", [UNSET, said('AT+CCLK="25/01/02,03:04:05+00"'), there("ca.pem")] + setup + [opens(0, 0)])
    m.net.utc = lambda: (2025, 1, 2, 3, 4, 5)
    yield m.create_connection(WEB, tls=TLSContext(ca="ca.pem"))
    face.check()
    m = face.start("BG96", [UNSET, UNTOLD])
    m.net.utc = lambda: None  # nobody has set it
    with raises(TLSError):
        yield m.create_connection(WEB, tls=TLSContext(ca="ca.pem"))


@rows("R039")
@both
def test_the_networks_time_sets_the_clock(face: "Face") -> "Generator[Any, Any, None]":
    """It is UTC, whatever zone it names; what is no time is none."""
    setup = bare(0, level=1) + [cfg(0, "cacert", '"ca.pem"')]
    told = said("AT+QLTS=1", '+QLTS: "2026/11/25,09:08:07+32,0"')
    script = [UNSET, told, said('AT+CCLK="26/11/25,09:08:07+00"'), there("ca.pem")] + setup + [opens(0, 0)]
    m = face.start("BG96", script)
    yield m.create_connection(WEB, tls=TLSContext(ca="ca.pem"))
    assert m.net.clock_is_set()
    face.check()
    texts = ("", "1980/01/06,00:00:19+00,0", "2026/11/25", "2026/13/25,09:08:07+32,0", "never,and,nowhere")
    for text in texts:
        for answer in (lines('+QLTS: "%s"' % text, "OK"), lines("+CME ERROR: 4"), OK):
            m = face.start("EC200U", [UNSET, (b"AT+QLTS=1\r", answer)])
            with raises(TLSError) as caught:
                yield m.create_connection(WEB, tls=TLSContext(ca="ca.pem"))
            assert caught.value.errno == EACCES
            face.check()


@rows("R039")
@both
def test_a_restart_may_have_lost_the_clock(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BG96", PREPARED + [UNSET, UNTOLD])
    m.net.clock = "26/11/25,09:08:07+00"
    face.uart.say(lines("RDY"))
    yield face.settle()
    with raises(TLSError) as caught:
        yield m.create_connection(WEB, tls=TLSContext(ca="ca.pem"))
    assert "clock" in str(caught.value)


@rows("R039")
@both
def test_times_that_are_none(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BG96", [])
    good = (2026, 11, 25, 9, 8, 7)
    for at, wrong in (
        (0, 2023),
        (0, 2080),
        (0, 26),
        (1, 0),
        (1, 13),
        (2, 0),
        (2, 32),
        (3, 24),
        (4, 60),
        (5, 60),
        (5, -1),
    ):
        with raises(ValueError):
            yield m.set_clock(good[:at] + (wrong,) + good[at + 1 :])
    with raises(ValueError):
        yield m.set_clock(good[:5])
    for other in ((2026, 11, 25, 9, 8, 7.5), 5):
        with raises(TypeError):
            yield m.set_clock(other)


# --- secrets ------------------------------------------------------------------------------------------------------


@rows("R049")
@both
def test_keys_and_passwords_are_not_traced(face: "Face") -> "Generator[Any, Any, None]":
    seen: "list[bytes]" = []
    setup = bare(0, level=2) + [
        cfg(0, "cacert", path_of(CERT)),
        cfg(0, "clientcert", path_of(CERT)),
        cfg(0, "clientkey", path_of(KEY)),
    ]
    known = said("AT+QFLST=%s" % path_of(CERT), "+QFLST: %s,%d" % (path_of(CERT), len(CERT)))
    read = said("AT+QICSGP=1", '+QICSGP: 1,"internet","me","passw0rd",1')
    script = whole([read, CLOCK], going_up(CERT), [known], going_up(KEY), setup, [opens(0, 0)])
    m = face.start("BG96", script, size=7)
    m.engine.trace = lambda direction, text, ms: seen.append(bytes(text))
    assert "passw0rd" in (yield m.command("AT+QICSGP=1"))[0]
    yield m.create_connection(WEB, tls=TLSContext(ca=CERT, cert=CERT, key=KEY))
    for text in seen:
        for secret in (b"passw0rd", b"c2VjcmV0", b"PRIVATE"):
            assert secret not in text, text
    assert b"<%d bytes>" % len(KEY) in seen
