"""A write to the UART is interrupted, as by a KeyboardInterrupt: nothing is sent twice, and the next call works."""

from errno import EIO

from faces import BlockingFace
from kit import raises
from living import Living, live
from quectel import TRANSPARENT, QuectelError
from quectel.network import ONLINE
from quectel.procedure import try_ask
from quectel.table import BUFFER, FAILED
from scripted import OK, lines
from steps import PROMPT, SENT, SYNC, sending

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

SERVER = ("10.0.0.1", 80)


class Stop(BaseException):
    """As KeyboardInterrupt, which ends more than a test."""


class Cut:
    """The next write of bytes that begin so takes `taken` of them, and raises."""

    def __init__(self, write: "Callable[..., int]", begins: bytes, taken: int) -> None:
        self.write, self.begins, self.taken = write, begins, taken

    def __call__(self, buf: "Any", off: int = 0, n: int = -1) -> int:
        n = len(buf) - off if n < 0 else n
        if self.begins and bytes(memoryview(buf)[off : off + n]).startswith(self.begins):
            self.begins = b""
            self.write(buf, off, min(self.taken, n))
            raise Stop()
        return self.write(buf, off, n)


class Answering:
    """A module that answers each line, as a query is."""

    def __init__(self) -> None:
        self.said = b""

    def write(self, buf: "Any", off: int = 0, n: int = -1) -> int:
        text = bytes(memoryview(buf)[off : off + n])
        if text.startswith(b"AT+QFUPL"):
            self.said += lines("CONNECT")
        elif text.startswith(b"AT"):
            self.said += lines("+CMEE: 1", "OK")
        return n

    def readinto(self, buf: "Any") -> "int | None":
        n = len(self.said)
        buf[:n] = self.said
        self.said = b""
        return n or None


def online(family: str) -> "tuple[Any, Any, Any]":
    """(modem, module, cut(begins, taken))."""
    face = BlockingFace()
    m = live(face, family)
    face.clock.step = 20
    m.connect("internet")
    module = face.uart

    def write(buf: "Any", off: int, n: int) -> int:
        return Living.write(module, buf, off, n)

    def cut(begins: bytes, taken: int) -> None:
        module.write = Cut(write, begins, taken)

    return m, module, cut


def works(m: "Any", module: "Any") -> None:
    """A new connection gets through."""
    sock = m.create_connection(SERVER)
    sock.sendall(b"again")
    assert [bytes(link.taken) for link in module.links.values()].count(b"again") == 1
    assert m.status() == ONLINE


def test_a_payload_that_was_cut() -> None:
    for family in ("BC25", "EC200U"):
        for taken in (0, 1, 5, 100):
            m, module, cut = online(family)
            sock = m.create_connection(SERVER)
            cut(b"hello", taken)
            with raises(Stop):
                sock.sendall(b"hello world")
            with raises(QuectelError) as caught:
                sock.sendall(b"more")
            out = module.wrote[module.wrote.index(b"AT+QISEND=0,11\r") + 15 :]
            assert caught.value.errno == EIO and out.startswith(b"hello world"[:taken]), (family, taken, out)
            assert b"hello" not in out[taken:], (family, taken, out)
            sock.close()
            works(m, module)


def test_a_command_line_that_was_cut() -> None:
    for family in ("BC25", "EC200U"):
        for begins in (b"AT+QISEND=", b"AT+CSQ", b"AT+QIOPEN="):
            for taken in (0, 1, 7, 100):
                m, module, cut = online(family)
                sock = m.create_connection(SERVER)
                cut(begins, taken)
                with raises(Stop):
                    sock.sendall(b"hello")
                    m.command("AT+CSQ")
                    m.create_connection(SERVER)
                assert module.wrote.count(b"hello") <= 1
                works(m, module)


def test_a_job_whose_command_was_cut_ends() -> None:
    m, module, cut = online("BC25")
    sock = m.socket()
    sock.setblocking(False)
    cut(b"AT+QIOPEN=", 4)
    with raises(OSError):
        sock.connect(SERVER)
    with raises(Stop):
        m.poll()
    for _ in range(2500):
        m.poll()
        m._clock.sleep_ms(20)
    assert not m._jobs and sock._slot.opened < 0
    works(m, module)


def test_a_query_that_was_cut_is_asked_again() -> None:
    m, module, cut = online("BC25")
    m.engine.out_of_step()
    cut(b"AT+CMEE?", 3)
    with raises(Stop):
        m.command("AT")
    m.command("AT")
    works(m, module)


def test_what_would_be_payload_the_second_time() -> None:
    """The prompt, or CONNECT, was the first one's: a second one would go into the payload."""
    sends = [(b"AT+QISEND=0,5\r", PROMPT), (b"hello", SENT), SYNC, (b"AT\r", OK)]
    face = BlockingFace()
    m = face.start("BG96", sends)
    face.uart.write = Cut(face.uart.write, b"AT+QISEND", 100)
    with raises(Stop):
        m.command("AT+QISEND=0,5", final="SEND OK", data=b"hello")
    m.command("AT")
    face.check()


def test_transparent_mode_that_would_get_the_command() -> None:
    """Its CONNECT counts for nobody: the socket goes on as it was."""
    face = BlockingFace()
    escape = (b"+++", [1000, OK])
    script = [(b"AT+QISWTMD=0,2\r", lines("CONNECT")), (b"one", b""), escape, SYNC] + sending(b"two", SENT)
    sock = face.opened(script, "BG96")
    face.uart.write = Cut(face.uart.write, b"AT+QISWTMD", 100)
    with raises(Stop):
        sock.set_mode(TRANSPARENT)
    sock.sendall(b"one")
    sock.sendall(b"two")
    assert sock._slot.mode == BUFFER
    face.check()


def test_a_file_that_would_come_twice() -> None:
    """Its bytes are no lines: they go to nobody."""
    script = [
        (b'AT+QFDWL="a.pem"\r', lines("CONNECT") + b"\r\nRDY\r\n" + lines("+QFDWL: 7,0", "OK")),
        SYNC,
        (b"AT\r", OK),
    ]
    face = BlockingFace()
    m = face.start("BG96", script)
    epoch = m.engine.epoch
    face.uart.write = Cut(face.uart.write, b"AT+QFDWL", 100)
    with raises(Stop):
        m.run(try_ask(m.engine, b'AT+QFDWL="a.pem"', b"+QFDWL:", sink=bytearray(7)))
    m.command("AT")
    assert m.engine.epoch == epoch
    face.check()


def test_the_next_call_comes_late() -> None:
    """The answer is read first, for its time is over.  The query behind it was not the one that was cut."""
    face = BlockingFace()
    m = face.start("BC25", [(b"AT\r", OK), SYNC, (b"ATI\r", OK)])
    face.uart.write = Cut(face.uart.write, b"AT\r", 3)
    with raises(Stop):
        m.command("AT")
    face.clock.advance(1000)
    m.command("ATI")
    face.check()


def test_the_module_has_fallen_asleep() -> None:
    """Nothing is asked then."""
    face = BlockingFace()
    m = face.start("BC25", [(b"AT\r", lines("+QATSLEEP"))])
    face.uart.write = Cut(face.uart.write, b"AT\r", 3)
    with raises(Stop):
        m.command("AT")
    face.clock.advance(1000)
    face.settle()
    assert m.engine.asleep and not m.engine.resync
    face.check()


def stops_at(engine: "Any", refill: str) -> None:
    """The engine is interrupted there, once."""

    def stop(*_: "Any") -> None:
        delattr(engine, refill)
        raise Stop()

    setattr(engine, refill, stop)


def test_a_payload_of_which_the_next_piece_was_not_made() -> None:
    """The interrupt came between two writes: what is left of the payload does not go out by itself any more."""
    for refill in ("_refill_from", "_refill_blank"):
        face = BlockingFace()
        m = face.start("BG96", [])
        module = Answering()
        face.uart.write = module.write
        face.uart.readinto = module.readinto
        data = bytes(len(m.engine.tx) + 1)
        stops_at(m.engine, refill)
        with raises(Stop):
            if refill == "_refill_blank":
                m.engine._fill()
            else:
                m.command('AT+QFUPL="a",%d' % len(data), data=data)
        assert m.engine.left and not m.engine.ntx
        m.command("AT")
        assert not m.engine.left


def test_between_two_commands() -> None:
    """What ends a data entry was cut: no command is in flight."""
    face = BlockingFace()
    m = face.start("BC25", [(b"\x1b", b""), SYNC, (b"AT\r", OK)])
    e = m.engine
    e.out_of_step()
    e._fill()
    e.writing = True
    e.cut_off()
    assert not e.ntx and not e.left and e.resync and not e.writing


def test_transparent_mode() -> None:
    face = BlockingFace()
    opens = (b'AT+QIOPEN=1,0,"TCP","10.0.0.1",80,0,2\r', lines("CONNECT"))
    m = face.start("BG96", [opens, (b"hel", b"")])
    sock = m.socket(mode=TRANSPARENT)
    sock.connect(SERVER)
    face.uart.write = Cut(face.uart.write, b"hello", 3)
    with raises(Stop):
        sock.send(b"hello")
        m.poll()
    m.poll()
    assert sock._slot.state == FAILED and sock._slot.err == EIO
    m.engine.writing = True  # +++ was cut: the connection is not to blame
    m.engine.cut_off()
    assert m.engine.owner is sock._slot and sock._slot.mode != BUFFER
