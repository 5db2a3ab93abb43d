"""Saving power: PSM and eDRX with their timers, when data from the network pass, and light sleep that eats bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .clock import Timer
    from .module import VirtualModule

MINUTE, HOUR = 60, 3600
TAU_UNITS = (10 * MINUTE, HOUR, 10 * HOUR, 2, 30, MINUTE, 320 * HOUR, 0)  # T3412 extended, by its first three bits
ACTIVE_UNITS = {0: 2, 1: MINUTE, 2: 6 * MINUTE}  # T3324
TAU_DEFAULT, ACTIVE_DEFAULT = "00101100", "00001010"
CYCLE_UNITS = (1, 2, 4, 8, 12, 16, 20, 24, 28, 32, 64, 128, 256, 512, 1024, 2048)  # eDRX cycles, of 5120 ms
CYCLE_MS = 5120
EDRX_DEFAULT = {4: "0101"}
EDRX_ACTS = {7: 4, 8: 4, 9: 5}  # <AcT> of registration -> <AcT-type> of AT+CEDRXS


def seconds(bits: str, active: bool) -> int:
    """What eight bits mean in seconds; 0 is off. ValueError for what are no eight bits."""
    if len(bits) != 8 or bits.strip("01"):
        raise ValueError("eight bits, please")
    unit, count = int(bits[:3], 2), int(bits[3:], 2)
    return count * (ACTIVE_UNITS.get(unit, 0) if active else TAU_UNITS[unit])


class Saving:
    """The timers of one module. What was asked for outlives a restart, as on the real ones."""

    def __init__(self, module: VirtualModule) -> None:
        self.module = module
        self._idle: "Timer | None" = None
        self._tau: "Timer | None" = None
        self._page: "Timer | None" = None  # when what waits at the network will pass
        self._used_ms = 0  # when data passed last
        self._typed_ms = 0  # when the host typed last
        self._left = 0  # characters that are still eaten

    @property
    def psm(self) -> "tuple[int, str, str]":
        """AT+CPSMS: mode, T3412, T3324."""
        saved = self.module.nvram.get("cpsms")
        mode, tau, active = saved if isinstance(saved, list) else (0, TAU_DEFAULT, ACTIVE_DEFAULT)
        return int(mode), str(tau), str(active)

    def ask(self, mode: int, tau: str, active: str) -> None:
        """A new wish; the active time begins with the end of the command."""
        self.module.save("cpsms", [mode, tau, active])

    @property
    def edrx(self) -> "tuple[int, dict[int, str]]":
        """AT+CEDRXS: mode, and the cycle's four bits of each <AcT-type>."""
        saved = self.module.nvram.get("cedrxs")
        mode, cycles = saved if isinstance(saved, list) else (0, EDRX_DEFAULT)
        return int(mode), {int(act): str(bits) for act, bits in cycles.items()}

    def ask_edrx(self, mode: int, cycles: "dict[int, str]") -> None:
        """A new wish."""
        self.module.save("cedrxs", [mode, {str(act): bits for act, bits in cycles.items()}])

    # --- data from the network ------------------------------------------------------------------------------------
    def used(self) -> None:
        """Data pass: the module listens for a while, and what waited at the network comes now."""
        self._used_ms = self.module.clock.now_ms()
        if self._page is not None:
            self._page.cancel()
            self._page = None
            for connection in self.module.connections.all():
                connection.on_air()

    def _still_ms(self) -> int:
        return self.module.clock.now_ms() - self._used_ms

    @property
    def is_off(self) -> bool:
        """PSM of the NB modules, whose port goes on: the radio is off behind the active time."""
        if "nb_tcpip" not in self.module.family.features:
            return False
        mode, _tau, active = self.psm
        return mode == 1 and self._still_ms() >= seconds(active, True) * 1000

    def _cycle_ms(self) -> int:
        """The eDRX cycle, 0 without one; not while data have passed just now."""
        mode, cycles = self.edrx
        bits = cycles.get(EDRX_ACTS.get(self.module.network.act, 0), "")
        if mode not in (1, 2) or not bits or self._still_ms() < self.module.options.number("rrc_ms"):
            return 0
        return CYCLE_UNITS[int(bits, 2)] * CYCLE_MS

    def holds(self) -> bool:
        """True while data for the module wait: for the next eDRX window, or for the end of PSM by timer or host."""
        now = self.module.clock.now_ms()
        cycle = self._cycle_ms()
        tau = seconds(self.psm[1], False) * 1000
        if self.is_off:
            due = self._used_ms + tau if tau else -1
        elif cycle:
            due = (now // cycle + 1) * cycle
        else:
            return False
        if self._page is None and due >= 0:
            self._page = self.module.clock.call_later(max(due - now, 0), self.used)
        return True

    # --- PSM ------------------------------------------------------------------------------------------------------
    def stop(self) -> None:
        """Nothing is waited for."""
        for timer in (self._idle, self._tau, self._page):
            if timer is not None:
                timer.cancel()
        self._idle = self._tau = self._page = None
        self._used_ms = self.module.clock.now_ms()

    def rest(self) -> None:
        """The port or the network was used: the active time begins anew."""
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if "packet" not in self.module.family.features or "cpsms" not in self.module.nvram:
            return
        mode, _tau, active = self.psm
        wait = seconds(active, True)
        if mode == 1 and wait:
            self._idle = self.module.clock.call_later(wait * 1000, self._enter)

    def _enter(self) -> None:
        module = self.module
        if not module.power.awake or not module.network.registered or module.terminal.running:
            self.rest()
            return
        _mode, tau, active = self.psm
        if module.nvram.get("qcfg/psm/urc"):
            module.urc("+QPSMTIMER: %d,%d" % (seconds(tau, False), seconds(active, True)))
        if module.options["psm_urc"]:
            module.urc("PSM POWER DOWN")
        module.power.save_power()
        self.sleep_until_report()

    def sleep_until_report(self) -> None:
        """The module sleeps: with PSM the timer T3412 wakes it."""
        mode, tau, _active = self.psm
        wait = seconds(tau, False)
        if self._tau is not None:
            self._tau.cancel()
        if mode == 1 and wait:
            self._tau = self.module.clock.call_later(wait * 1000, self._report)

    def _report(self) -> None:
        self._tau = None
        self.module.power.wake()
        self.used()

    # --- light sleep ------------------------------------------------------------------------------------------------
    def eat(self, data: bytes) -> bytes:
        """What is left of typed bytes: light sleep eats the first ones, and ends with them, or with DTR low."""
        if self.dozes:
            if self._has_line and self.module.options["light_sleep_deaf"]:
                return b""
            self._left = self.module.options.number("light_sleep_eats")
        self._typed_ms = self.module.clock.now_ms()
        gone = min(self._left, len(data))
        self._left -= gone
        return data[gone:]

    def lose(self, count: int) -> None:
        """So many characters that are typed next are lost."""
        self._left = count

    def line_falls(self) -> None:
        """DTR or PSM_EINT low: the end of light sleep; what is typed first is lost all the same."""
        if self._is_still() and self.module.power.sleep_mode == (1 if self._has_line else 2):
            self._left = self.module.options.number("light_sleep_eats")
        self._typed_ms = self.module.clock.now_ms()

    @property
    def _has_line(self) -> bool:
        return "nb_tcpip" not in self.module.family.features

    @property
    def dozes(self) -> bool:
        """True in light sleep."""
        power = self.module.power
        allowed = power.sleep_mode == 1 and power.levels["dtr"] == 1 if self._has_line else power.sleep_mode == 2
        return power.awake and allowed and self._is_still()

    def _is_still(self) -> bool:
        return self.module.clock.now_ms() - self._typed_ms >= self.module.options.number("light_sleep_ms")
