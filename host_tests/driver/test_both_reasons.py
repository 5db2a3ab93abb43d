"""An ERROR for a connection that was open: the module is asked why at once, and tells a lost connection as such."""

from errno import EAGAIN, ECONNRESET, EIO, EPERM

from faces import both
from kit import raises, rows
from quectel import QuectelError
from scripted import ERROR
from steps import CLOSE_0, READ_0, RECV_0, why

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from faces import Face
    from steps import Script

# What AT+QIGETERROR tells -> the errno; 567 of a socket that was open is a connection that was lost.
REASONS = ((567, ECONNRESET), (570, ECONNRESET), (572, EPERM), (568, EAGAIN), (559, EIO), (0, EIO))


def closing(code: int) -> "Script":
    """Without a context there is nothing that the module would have to close."""
    return [CLOSE_0] if code != 570 else []


@rows("R099", "R207", "R278", "R399")
@both
def test_a_send_that_is_refused(face: "Face") -> "Generator[Any, Any, None]":
    for code, errno in REASONS:
        s = face.opened([(b"AT+QISEND=0,2\r", ERROR), why(code)] + closing(code))
        with raises(QuectelError) as caught:
            yield s.send(b"hi")
        assert (caught.value.errno, caught.value.code) == (errno, code)
        with raises(QuectelError) as caught:
            yield s.recv(1)
        assert caught.value.errno == errno  # the first reason stays
        yield s.close()


@rows("R099", "R207", "R278", "R399")
@both
def test_a_read_that_is_refused(face: "Face") -> "Generator[Any, Any, None]":
    for code, errno in REASONS:
        s = face.opened([(READ_0, ERROR), why(code)] + closing(code))
        face.uart.say(RECV_0)
        with raises(QuectelError) as caught:
            yield s.recv(1)
        assert (caught.value.errno, caught.value.code) == (errno, code)
        yield s.close()
