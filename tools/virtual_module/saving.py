"""Saving power on the LTE modules: PSM and eDRX with their timers, and light sleep that eats what is typed first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .clock import Timer
    from .module import VirtualModule

MINUTE, HOUR = 60, 3600
TAU_UNITS = (10 * MINUTE, HOUR, 10 * HOUR, 2, 30, MINUTE, 320 * HOUR, 0)  # T3412 extended, by its first three bits
ACTIVE_UNITS = {0: 2, 1: MINUTE, 2: 6 * MINUTE}  # T3324
TAU_DEFAULT, ACTIVE_DEFAULT = "00101100", "00001010"


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
        self.edrx_mode, self.edrx_act, self.edrx = 0, 4, "0101"
        self._idle: "Timer | None" = None
        self._tau: "Timer | None" = None
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

    # --- PSM ------------------------------------------------------------------------------------------------------
    def stop(self) -> None:
        """Nothing is waited for."""
        for timer in (self._idle, self._tau):
            if timer is not None:
                timer.cancel()
        self._idle = self._tau = None

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
        module.power.save_power()
        wait = seconds(tau, False)
        if wait:
            self._tau = module.clock.call_later(wait * 1000, module.power.wake)

    # --- light sleep ------------------------------------------------------------------------------------------------
    def eat(self, data: bytes) -> bytes:
        """What is left of typed bytes: light sleep eats the first ones, and ends with them."""
        now = self.module.clock.now_ms()
        idle = now - self._typed_ms >= self.module.options.number("light_sleep_ms")
        self._typed_ms = now
        if self._is_light() and idle:
            self._left = self.module.options.number("light_sleep_eats")
        gone = min(self._left, len(data))
        self._left -= gone
        return data[gone:]

    def _is_light(self) -> bool:
        power = self.module.power
        if "nb_tcpip" in self.module.family.features:
            return power.sleep_mode == 2
        return power.sleep_mode == 1 and power.levels["dtr"] == 1
