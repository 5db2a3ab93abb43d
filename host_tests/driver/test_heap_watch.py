"""keep_online() costs nothing while all is well: a turn of the driver allocates nothing."""

import kit
from kit import skip
from quectel import Modem
from quectel.network import ONLINE, Wanted
from quectel.psm import Lull
from scripted import as_prepared
from wires import StepClock

if kit.MICROPYTHON:
    import micropython

COUNTED = kit.MICROPYTHON and hasattr(micropython, "mem_total")


class Silent:
    """A module that says nothing."""

    def readinto(self, buf: bytearray) -> None:
        return None

    def write(self, buf: bytes, off: int = 0, n: int = 0) -> int:
        return n


def idle_turns(modem: Modem, clock: StepClock) -> int:
    """What a thousand of them ask of the heap."""
    modem.poll()
    before = micropython.mem_total()
    for _ in range(1000):
        modem.poll()
        clock.sleep_ms(20)
    got: int = micropython.mem_total() - before
    return got


def test_idle_turns_of_a_modem_that_is_kept_online() -> None:
    if not COUNTED:
        skip("this VM does not count what is asked of the heap")
    clock = StepClock()
    modem = as_prepared(Modem(Silent(), "BC25", clock=clock))  # type: ignore[arg-type,unused-ignore]
    modem.net.state = ONLINE
    modem.net.wanted = Wanted(1, None, None, None, [])
    modem.keep_online()
    got = idle_turns(modem, clock)
    kit.count("heap bytes, 1,000 idle turns kept online", got)
    assert not got, got


def test_idle_turns_of_a_modem_in_power_saving_mode() -> None:
    """Before and behind the active time, which ends in between."""
    if not COUNTED:
        skip("this VM does not count what is asked of the heap")
    clock = StepClock()
    modem = as_prepared(Modem(Silent(), "BG96", clock=clock))  # type: ignore[arg-type,unused-ignore]
    modem.lull = Lull(modem.engine, 10)
    got = idle_turns(modem, clock)
    assert modem.engine.asleep
    assert not got, got
