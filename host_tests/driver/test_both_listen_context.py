"""BC65 and BC92: the context of a listener is activated before it is opened, where it is not active yet."""

from errno import EPERM

from faces import both
from kit import raises, rows
from quectel import QuectelError
from scripted import ERROR, lines
from steps import said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face

ASK = "AT+CGACT?"
SET = said("AT+CGACT=1,1")
OPEN = (b'AT+QIOPEN=1,0,"TCP LISTENER","10.1.2.3",0,2020,0,0\r', lines("OK", "+QIOPEN: 0,0"))


def listener(face: "Face", model: str, script: "list[Any]") -> "Any":
    s = face.start(model, script).socket()
    s.bind(("10.1.2.3", 2020))
    return s


@rows("R129", "R301")
@both
def test_a_context_that_is_not_active_is_activated(face: "Face") -> "Generator[Any, Any, None]":
    for told in (("+CGACT: 1,0",), ("+CGACT: 2,1", "+CGACT: 1,0"), ()):
        s = listener(face, "BC65", [said(ASK, *told), SET, OPEN])
        yield s.listen()
        assert s.id == 0
        face.check()


@rows("R129")
@both
def test_one_that_is_active_is_left_alone(face: "Face") -> "Generator[Any, Any, None]":
    for answer in (said(ASK, "+CGACT: 1,1"), said(ASK, "+CGACT: 2,0", "+CGACT: 1,1"), (ASK.encode() + b"\r", ERROR)):
        s = listener(face, "BC65", [answer, OPEN])  # a firmware that does not tell is asked for nothing more
        yield s.listen()
        assert s.id == 0
        face.check()


@rows("R129")
@both
def test_one_that_does_not_come_up(face: "Face") -> "Generator[Any, Any, None]":
    refused = (b"AT+CGACT=1,1\r", lines("+CME ERROR: 3"))
    s = listener(face, "BC65", [said(ASK, "+CGACT: 1,0"), refused, said(ASK, "+CGACT: 1,0"), SET, OPEN])
    with raises(QuectelError) as caught:
        yield s.listen()
    assert caught.value.errno == EPERM and s.id == -1
    yield s.listen()
    assert s.id == 0


@rows("R129")
@both
def test_the_other_families_are_not_asked(face: "Face") -> "Generator[Any, Any, None]":
    s = listener(face, "BC25", [OPEN])
    yield s.listen()
    assert s.id == 0
