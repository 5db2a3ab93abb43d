"""What the mutation fuzzer has found in the faces and procedures; test_lines_found.py has the core's."""

from faces import start
from kit import rows
from quectel._compat import ticks_diff
from quectel.coap_message import CoapMessage
from quectel.command import ON_OK, RUN
from quectel.network import Network
from quectel.procedure import wait_for
from quectel.table import LISTENER
from scripted import OK, socket_of
from steps import ATTACHED, HOME, NB_ADDRESS, READY, said, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from quectel._types import Proc


@rows("R217")
def test_a_clients_address_may_hold_any_byte() -> None:
    """Noise in the URC is no UnicodeError at accept()."""
    modem, check = start("BC25", [])
    listener = socket_of(modem, 0, kind=LISTENER)
    listener.settimeout(1)
    modem.uart.say(b'\r\n+QIURC: "incoming",1,0,"10.0.\xff\xfe7",4711\r\n')
    assert listener.accept()[1] == ("10.0.\xff\xfe7", 4711)
    check()


def test_a_command_behind_a_nap_has_all_its_time() -> None:
    modem, check = start("BC25", [(b"AT+X\r", OK)])
    modem._clock.step = 17
    left: "list[int]" = []

    def steps() -> "Proc[None]":
        yield from wait_for(modem.engine, 50)
        assert modem.engine.start(b"AT+X", None, ON_OK, 300, None, [])
        left.append(ticks_diff(modem.engine.cmd.deadline, modem._clock.now))
        while modem.engine.cmd.state == RUN:
            yield
        modem.engine.release()

    modem.run(steps())
    assert left == [300 + modem.engine.wire_ms(5 + 64)], left
    check()


def test_bring_up_takes_an_empty_answer() -> None:
    """No IndexError: the SIM is asked again, and a clock that says nothing is not set."""
    empty = [said("AT+CPIN?", "+CPIN:"), READY, HOME, ATTACHED, NB_ADDRESS, said("AT+CCLK?", "+CCLK:")]
    modem, check = start("BC25", whole(empty))
    modem.connect()
    assert modem.isconnected() and not modem.net.clock_is_set()
    check()


def test_a_clock_of_strange_digits_is_not_set() -> None:
    net = Network()
    for clock, good in (("26/11/20,10:00:00+00", True), ("80/01/06", False), ("\xb2\xb3/1", False), ("2\xb2/1", False)):
        net.clock = clock
        assert net.clock_is_set() == good, clock
    net.clock = ""
    assert not net.clock_is_set()


@rows("R238")
def test_a_damaged_content_format_is_none() -> None:
    for value, wanted in (("0", 0), ("42", 42), ("", 0), ("4x", None), ("\xb2", None)):
        message = CoapMessage(2, 205, 1, b"", [(12, value)], b"", ("10.0.0.9", 5683))
        assert message.format == wanted, value
