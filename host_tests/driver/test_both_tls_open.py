"""TLS sockets on both faces: how long an open may take, opens that fail, and what is refused before a byte is sent."""

from errno import ECONNABORTED, EHOSTUNREACH, EOPNOTSUPP, ETIMEDOUT

from faces import both
from kit import raises, rows
from quectel import BUFFER, PUSH, TRANSPARENT, QuectelError, QuectelTimeout, TLSContext, TLSError
from quectel.table import FREE
from scripted import ERROR, OK, lines
from steps import said, why
from tls_steps import WEB, bare, closes, configured, opening

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face


@rows("R067", "R302")
@both
def test_an_open_has_150_s_and_the_negotiation_time(face: "Face") -> "Generator[Any, Any, None]":
    for negotiate_s in (10, 300):
        limit_ms = 150_000 + negotiate_s * 1000
        context = TLSContext(verify=False, negotiate_s=negotiate_s)
        slow = [OK, limit_ms - 500, lines("+QSSLOPEN: 0,0")]
        m = face.start(
            "BG96", bare(0, negotiate_s=negotiate_s) + [(opening(0, 0), slow), closes(0), (opening(0, 0), OK)]
        )
        face.clock.step = 200
        sock = yield m.create_connection(WEB, tls=context)
        yield sock.close()
        before = face.clock.passed
        face.uart.script += [closes(0)]
        with raises(QuectelTimeout):
            yield m.create_connection(WEB, tls=context)
        assert limit_ms <= face.clock.passed - before < limit_ms + 1000
        yield face.settle()
        face.check()
        assert m.engine.table.free_id() == 0


@rows("R066", "R067")
@both
def test_transparent_opens_wait_as_long(face: "Face") -> "Generator[Any, Any, None]":
    context = TLSContext(verify=False, negotiate_s=20)
    answer = [169_500, lines("CONNECT")]
    m = face.start("BG96", bare(0, negotiate_s=20) + [(opening(0, 0, TRANSPARENT), answer)])
    face.clock.step = 100
    sock = yield m.create_connection(WEB, tls=context, mode=TRANSPARENT)
    face.clock.step = 1
    assert sock.mode == TRANSPARENT and m.engine.owner is sock._slot
    face.uart.say(b"\r\n+QSSLURC: any\r\n")
    assert (yield sock.read(17)) == b"\r\n+QSSLURC: any\r\n"
    face.check()


@rows("R100", "R271", "R315", "R332", "R395", "R398")
@both
def test_a_failed_open_is_closed(face: "Face") -> "Generator[Any, Any, None]":
    """Whatever it failed with, in which mode, and however it was told."""
    for family, mode in (("BG96", BUFFER), ("EC200U", PUSH)):
        for code, errno in (
            (566, ECONNABORTED),
            (579, ECONNABORTED),
            (569, ETIMEDOUT),
            (565, EHOSTUNREACH),
            (561, EHOSTUNREACH),
        ):
            for answer in (
                [(opening(0, 0, mode), lines("OK", "+QSSLOPEN: 0,%d" % code))],
                [(opening(0, 0, mode), ERROR), why(code)],
                [(opening(0, 0, mode), lines("+CME ERROR: %d" % code))],
            ):
                sock = configured(face, family, answer + [(closes(0)[0], ERROR)], mode)
                with raises(TLSError) as caught:
                    yield sock.connect(WEB)
                assert (caught.value.errno, caught.value.code) == (errno, code)
                assert caught.value.command == "AT+QSSLOPEN"
                yield face.settle()
                assert sock._slot.state == FREE and face.modem.engine.table.free_id() == 0
                face.check()


@rows("R066", "R398")
@both
def test_a_transparent_open_that_fails(face: "Face") -> "Generator[Any, Any, None]":
    """ERROR is all that comes; a handshake that failed may leave 0 behind, which is no reason."""
    for code, errno in ((0, ECONNABORTED), (566, ECONNABORTED), (579, ECONNABORTED), (569, ETIMEDOUT)):
        answer = [(opening(0, 0, TRANSPARENT), [3000, ERROR]), why(code), closes(0)]
        sock = configured(face, "BG96", answer, TRANSPARENT)
        with raises(TLSError) as caught:
            yield sock.connect(WEB)
        assert (caught.value.errno, caught.value.code) == (errno, code)
        if errno == ECONNABORTED:
            assert "TLS refused" in str(caught.value) and "successfully" not in str(caught.value)
        yield face.settle()
        assert face.modem.engine.owner.index < 0
        face.check()


@rows("R398")
@both
def test_an_open_refused_at_once_and_without_a_reason(face: "Face") -> "Generator[Any, Any, None]":
    why_not = said("AT+QIGETERROR", "+QIGETERROR: 0,operate successfully")
    sock = configured(face, "EC200U", [(opening(0, 0), ERROR), why_not, closes(0)])
    with raises(TLSError) as caught:
        yield sock.connect(WEB)
    assert (caught.value.errno, caught.value.code) == (ECONNABORTED, 0) and "no reason" in str(caught.value)
    yield face.settle()


@rows("R271", "R396", "R415")
@both
def test_an_id_that_the_module_holds_is_closed_and_opened_once_more(face: "Face") -> "Generator[Any, Any, None]":
    held = (
        (BUFFER, [(opening(0, 0), lines("OK", "+QSSLOPEN: 0,563"))]),
        (BUFFER, [(opening(0, 0), ERROR), why(563)]),
        (TRANSPARENT, [(opening(0, 0, TRANSPARENT), ERROR), why(563)]),
    )
    for mode, steps in held:
        works = (opening(0, 0, mode), lines("CONNECT") if mode == TRANSPARENT else lines("OK", "+QSSLOPEN: 0,0"))
        both = [closes(0), said("AT+QICLOSE=0,10")]  # a plain connection may have it (R415)
        sock = configured(face, "BG96", steps + both + [works], mode)
        yield sock.connect(WEB)
        assert sock.id == 0
        face.check()
        sock = configured(face, "BG96", steps + both + steps + [closes(0)], mode)
        with raises(TLSError) as caught:
            yield sock.connect(WEB)
        assert caught.value.code == 563
        yield face.settle()
        face.check()


# --- what is refused before a byte is sent --------------------------------------------------------------------------


@rows("R033", "R063", "R064")
@both
def test_wrong_tls_sockets(face: "Face") -> "Generator[Any, Any, None]":
    context = TLSContext(verify=False)
    for family, pdp_contexts in (("BG96", 16), ("EC200U", 7)):
        m = face.start(family, [])
        for address in (('a"b', 443), ("", 443), ("a\rb", 443), ("a", 0), ("a", 65536)):
            with raises(ValueError):
                yield m.create_connection(address, tls=context)
        with raises(TypeError):
            yield m.create_connection(("a", "443"), tls=context)
        for how in ({"mode": 3}, {"mode": -1}, {"pdp": 0}, {"pdp": pdp_contexts + 1}, {"type": 3}):
            with raises(ValueError):
                yield m.create_connection(WEB, tls=context, **how)
        assert all([slot.state == FREE for slot in m.engine.table.slots])
        face.check()
    m = face.start("BG96", [])
    wrong: "Any"
    for wrong in ({"dtls": True}, {"ca_extra": "a"}, {"ignore": ("all",)}, {"suites": 0xC030}):
        with raises(QuectelError) as caught:
            yield m.create_connection(WEB, type=2 if "dtls" in wrong else 1, tls=TLSContext(verify=False, **wrong))
        assert caught.value.errno == EOPNOTSUPP
    for family in ("BC25", "BC65", "BC95G"):
        m = face.start(family, [])
        with raises(QuectelError) as caught:
            yield m.create_connection(WEB, tls=context)
        assert caught.value.errno == EOPNOTSUPP
        face.check()
