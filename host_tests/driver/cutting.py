"""What the tests of cancelled calls share: the calls, in which state the module is, and what must hold afterwards."""

import sys

from kit import MICROPYTHON
from living import Living, RatedLiving
from quectel.network import ONLINE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

MOST = 3000  # more places than any call has
# Every place is tried on CPython, every fifth in the unix VM, and fewer in npm's, which is slow.
STRIDE = 1 if not MICROPYTHON else 40 if sys.platform == "webassembly" else 5
SERVER = ("10.0.0.1", 80)


class Scene:
    """A family, what happens before, the call that is cut, and the one that comes behind it."""

    def __init__(
        self,
        name: str,
        family: str,
        before: "Callable[[Any], None]",
        call: "Callable[[Any], Any]",
        again: "Callable[[Any], Any] | None" = None,
        online: bool = True,
        rated: bool = False,
        check: "Callable[[Any], None] | None" = None,
        step: int = 200,
    ) -> None:
        self.name = name
        self.family = family
        self.before = before
        self.call = call
        self.again = again or call
        self.online = online  # connect() comes first
        self.rated = rated
        self.check = check
        self.step = step

    def uart(self, clock: "Any") -> "Any":
        return (RatedLiving if self.rated else Living)(self.family, clock)


def nothing(uart: "Any") -> None:
    pass


def locked(uart: "Any") -> None:
    uart.pin = b"1234"


def off(uart: "Any") -> None:
    uart.stop()


def slow_port(uart: "Any") -> None:
    uart.rate = 9600


def deep(uart: "Any") -> None:
    uart.doze()


def once(uart: "Any") -> None:
    assert uart.tries == 1, uart.tries


def connect(modem: "Any") -> "Any":
    return modem.connect("internet")


def connect_with_pin(modem: "Any") -> "Any":
    return modem.connect("internet", pin="1234")


def quicker(modem: "Any") -> "Any":
    return modem.config(baud=230_400)


def again(modem: "Any") -> "Any":
    return modem.connect("internet", timeout_ms=600_000)


def drowsy(uart: "Any") -> None:
    """Power saving mode: off, and the key ends it."""
    uart.psm = uart.asleep = True
    uart.links.clear()


def wake_from_psm(modem: "Any") -> "Any":
    modem.engine.psm = True
    return modem.wake()


CALLS = (
    Scene("connect() of BG96", "BG96", nothing, connect, online=False),
    Scene("connect() with a PIN", "BC25", locked, connect_with_pin, online=False, check=once),
    Scene("connect() of a module that is off", "EC200U", off, connect, again, online=False),
    Scene("connect() at another rate", "BC65", slow_port, connect, again, online=False, rated=True),
    Scene("config(baud=)", "BC25", nothing, quicker, again, rated=True, step=50),
    Scene("power_on()", "BG96", off, lambda m: m.power_on(), online=False, step=100),
    Scene("power_off()", "BG96", nothing, lambda m: m.power_off(), again, step=100),
    Scene("disconnect()", "BG96", nothing, lambda m: m.disconnect(), again),
    Scene("wake()", "BC25", deep, lambda m: m.wake(), step=20),
    Scene("wake() from power saving mode", "BG96", drowsy, wake_from_psm, step=100),
    Scene("diagnose()", "BG96", nothing, lambda m: m.diagnose()),
    Scene("info()", "BC25", nothing, lambda m: m.info()),
)


# --- recovery ---------------------------------------------------------------------------------------------------------


def redial(uart: "Any") -> None:
    uart.active = False
    uart.links.clear()
    uart.speak(b'+QIURC: "pdpdeact",1')


def unregistered(uart: "Any") -> None:
    uart.stat = 2
    uart.home_at = uart.clock.passed + 3000
    uart.speak(b"+CEREG: 2")


def restarted(uart: "Any") -> None:
    uart.start()


def deaf(uart: "Any") -> None:
    uart.deaf = "cfun"


def dead(uart: "Any") -> None:
    uart.deaf = "key"


TROUBLE = (
    ("a context that was taken down", "BG96", redial, 200),
    ("registration that was lost", "BC25", unregistered, 500),
    ("a restart out of the blue", "BC25", restarted, 500),
    ("silence that AT+CFUN=1,1 ends", "BC25", deaf, 2000),
    ("silence that the power key ends", "BG96", dead, 2000),
)


def is_well(modem: "Any") -> bool:
    return bool(modem.isconnected()) and modem.status() == ONLINE
