"""Arguments of a wrong kind are a TypeError or ValueError before a byte is sent, on both faces."""

from array import array

from faces import both
from kit import raises

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face


@both
def test_commands_and_handlers(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BG96", [])
    for line in (5, None, ["AT"], (65, 84), 1.5):
        with raises(TypeError):
            yield m.command(line)
    empty: "list[Any]" = ["", b""]
    for nothing in empty:
        with raises(ValueError):
            yield m.command(nothing)
    for how in ({"prefix": b"+X"}, {"prefix": 1}, {"data": "text"}, {"data": [1]}, {"data": 1}):
        with raises(TypeError):
            yield m.command("AT+X", **how)
    for prefix, handler in ((None, print), (b"+X", print), ("+X", 5), ("+X", "print")):
        with raises(TypeError):
            m.on_urc(prefix, handler)
    with raises(TypeError):
        yield m.connect("internet", report="print")


@both
def test_sockets(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BG96", [])
    for tls in ("ca.pem", {}, 1, object()):
        with raises(TypeError):
            m.socket(tls=tls)
    s = m.socket()
    for seconds in (float("inf"), float("nan"), -1, 1 << 40):
        with raises(ValueError):
            s.settimeout(seconds)
    assert len([slot for slot in m.engine.table.slots if slot.state]) == 1
    for family in (None, 1, b"BG96", ["BG96"]):
        with raises(TypeError):
            face.make(m.uart, family)
    yield None


@both
def test_what_is_sent(face: "Face") -> "Generator[Any, Any, None]":
    """A memoryview of longer items would be counted in items; a board cannot tell."""
    s = face.opened([])
    kinds: "list[Any]" = ["text", 5, None, [1], (1,)]
    if hasattr(memoryview(b""), "itemsize"):
        kinds.append(memoryview(array("H", [1, 2])))
    for data in kinds:
        with raises(TypeError):
            yield s.send(data)
    assert face.uart.wrote == b""


@both
def test_files(face: "Face") -> "Generator[Any, Any, None]":
    m = face.start("BG96", [])
    for data in ("text", [1], (1,), 5, None):
        with raises(TypeError):
            yield m.files.upload("a.pem", data)
    with raises(ValueError):
        yield m.files.upload("a.pem", b"")


@both
def test_coap_handlers(face: "Face") -> "Generator[Any, Any, None]":
    coap = yield face.start("BC95-G", []).coap()
    for handler in (5, "print", object()):
        with raises(TypeError):
            coap.resource("/t", handler)
        with raises(TypeError):
            coap.observe("coap://10.0.0.9/t", handler)
    yield None
