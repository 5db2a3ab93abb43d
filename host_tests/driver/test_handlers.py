"""A handler of URCs raises while a call of the blocking face waits: the call ends with that, and can be repeated."""

from errno import ENOENT

from faces import start
from kit import cases, raises, rows
from quectel import NetworkError
from scripted import lines, settled, socket_of
from steps import CLOSE_0, CLOSED_0, EMPTY, OPEN_0, READ_0, READY, RECV_0, SENT, SERVER, payload, said, sending

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

STORY = lines("+X: 1")


def fails(line: bytes) -> None:
    raise KeyError(line)


def begin(script: "list[Any]", **how: "Any") -> "Any":
    modem, check = start("BC25", script, **how)
    modem.on_urc("+X:", fails)
    return modem, check


@rows("R021", "R389")
def test_a_command_is_given_up_and_the_next_one_works() -> None:
    """Its answer, which comes later, is nobody's."""
    modem, check = begin([(b"AT+CSQ\r", [STORY, 50, lines("+CSQ: 1,99", "OK")]), said("AT+CSQ", "+CSQ: 2,99")])
    with raises(KeyError):
        modem.command("AT+CSQ")
    assert modem.command("AT+CSQ") == ["+CSQ: 2,99"] and modem.stats.timeouts == 0
    check()


@cases("read", "readline", "read_all")
def test_what_was_received_is_not_lost(name: str) -> None:
    """Bytes that a call had taken already come again with the next one."""
    script = [(READ_0, payload(b"abc")), (READ_0, EMPTY), (READ_0, payload(b"d\n")), (READ_0, EMPTY)]
    modem, check = begin(script + [(READ_0, EMPTY)])
    sock = socket_of(modem, 0)
    modem.uart.say(RECV_0)
    modem.uart.say([100, STORY, 100, RECV_0, 100, CLOSED_0])
    calls: "dict[str, Any]" = {"read": lambda: sock.read(5), "readline": sock.readline, "read_all": sock.read}
    with raises(KeyError):
        calls[name]()
    assert calls[name]() == b"abcd\n"
    settled(modem)
    check()


@rows("R156")
def test_a_send_goes_out_and_the_next_one_follows() -> None:
    """How much had gone out by then is not told, as with a KeyboardInterrupt."""
    modem, check = begin(sending(b"one", [STORY, 100, SENT]) + sending(b"two", SENT))
    sock = socket_of(modem, 0)
    with raises(KeyError):
        sock.sendall(b"one")
    sock.sendall(b"two")
    check()


@rows("R395")
def test_a_connection_that_was_being_made_is_closed() -> None:
    """create_connection() leaves no slot behind."""
    script = [(OPEN_0, [STORY, 100, lines("OK", "+QIOPEN: 0,0")]), CLOSE_0]
    modem, check = begin(script)
    with raises(KeyError):
        modem.create_connection(SERVER)
    settled(modem)
    assert not any([slot.state for slot in modem.engine.table.slots])
    check()


@rows("R395")
def test_an_accept_can_be_repeated() -> None:
    modem, check = begin([(b'AT+QIOPEN=1,0,"TCP LISTENER","10.0.0.2",0,1025,0,0\r', lines("OK", "+QIOPEN: 0,0"))])
    sock = modem.socket()
    sock.bind(("", 1025))
    sock.listen()
    modem.uart.say([10, STORY, 10, lines('+QIURC: "incoming",1,0,"10.0.0.9",4711')])
    with raises(KeyError):
        sock.accept()
    assert sock.accept()[1] == ("10.0.0.9", 4711)
    check()


def test_a_poll_of_a_socket_raises_it_and_tells_of_the_socket_the_next_time() -> None:
    modem, check = begin([(READ_0, payload(b"data")), (READ_0, EMPTY)])
    sock = socket_of(modem, 0)
    sock.settimeout(0)
    modem.uart.say(STORY + RECV_0)
    with raises(KeyError):
        sock.ioctl(3, 1)
    settled(modem)
    assert sock.ioctl(3, 1) == 1 and sock.recv(4) == b"data"
    check()


@cases(OSError(ENOENT, "no log file"), KeyError("no log file"))
def test_what_the_report_of_keep_online_raises_is_not_lost(error: BaseException) -> None:
    modem, check = begin([READY, said("AT+CEREG?", "+CEREG: 0,3"), said("AT+CSQ", "+CSQ: 1,99")])
    with raises(NetworkError):
        modem.connect()

    def report(*_: str) -> None:
        raise error

    modem.keep_online(report=report)
    with raises(RuntimeError, KeyError) as caught:
        modem.poll()
    assert "no log file" in str(caught.value)
    modem.keep_online(False)
    assert modem.command("AT+CSQ") == ["+CSQ: 1,99"] and not modem._jobs
    check()
