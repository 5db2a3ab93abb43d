"""Power, reset, sleep: when the port is dead, what comes after a restart, what is kept over it."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .entry import Transparent, Upload
from .links import DeadLink
from .sockets import DATAGRAMS

if TYPE_CHECKING:
    from .clock import Timer
    from .faults import Fault
    from .module import VirtualModule

RUNNING, OFF, BOOTING, ASLEEP, HUNG, PSM = "running", "off", "booting", "asleep", "hung", "psm"
SWITCHES: "dict[str, tuple[str, str, object]]" = {  # faults that set something of the SIM or the network
    "no_sim": ("sim", "state", "ABSENT"),
    "pin_required": ("sim", "state", "PIN"),
    "puk_required": ("sim", "state", "PUK"),
    "sim_failure": ("sim", "state", "FAILURE"),
    "sim_busy": ("sim", "state", "BUSY"),
    "unregistered": ("network", "stat", 0),
    "registered": ("network", "stat", 1),
    "searching": ("network", "stat", 2),
    "denied": ("network", "stat", 3),
    "roaming": ("network", "stat", 5),
    "no_signal": ("network", "rssi", 99),
    "signal": ("network", "rssi", 5),
}
PINS = ("pwrkey", "reset", "dtr", "psm_eint", "cts")
PRESS_ON_MS, PRESS_OFF_MS, RESET_MS = 500, 650, 100


def load_nvram(path: "Path | None") -> "dict[str, object]":
    """What an earlier run saved; nothing when there is no file yet. ValueError when it cannot be such a file."""
    if path is None:
        return {}
    if not path.parent.is_dir():
        raise ValueError("%s: there is no such folder" % path.parent)
    if not path.exists():
        return {}
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError):
        saved = None
    if not isinstance(saved, dict):
        raise ValueError("%s holds no settings of a virtual module; choose another file" % path)
    return saved


class Power:
    """The module's power state and its pins."""

    def __init__(self, module: VirtualModule) -> None:
        self.module = module
        self.state = RUNNING
        self.epoch = 0  # counts the times that RAM was lost
        self.levels = {"pwrkey": 1, "reset": 1, "dtr": 0, "psm_eint": 1, "cts": 0}
        self.functionality = 1  # AT+CFUN
        self._stat_before = 1  # registration that AT+CFUN=1 comes back to
        self.flow = (0, 0)  # AT+IFC
        self.sleep_mode = 0  # AT+QSCLK
        self.dtr_mode = 2  # AT&D
        self._idle: "Timer | None" = None
        self._boot: "Timer | None" = None
        self._lose_line = False
        self._pressed_at = 0
        self.asked: "list[int]" = []  # when the host asked for a restart, by command or with the power key
        self._cut: "Fault | None" = None  # a reboot that waits for its byte
        self._cut_left = 0
        self._cut_by_host = False  # it counts the bytes that the host types

    # --- bytes ----------------------------------------------------------------------------------------------------
    def receive(self, data: bytes) -> None:
        """Bytes from the host: a module that is off, asleep or hung does not see them."""
        if self.state != RUNNING:
            return
        if self._cut is not None and self._cut_by_host:
            data = self._cut_here(data)
            if self.state != RUNNING:  # what came before the cut was typed in vain
                return
        data = self.module.saving.eat(data)
        if self._lose_line:
            _head, cr, data = data.partition(b"\r")
            self._lose_line = not cr
        if data:
            self.module.terminal.receive(data)
        self.stay_awake()

    def filter(self, data: bytes) -> bytes:
        """Bytes for the host that really leave; a fault may cut them with a restart."""
        if self._cut is None or self._cut_by_host:
            self.stay_awake()
            return data if self.state == RUNNING else b""
        return self._cut_here(data)

    def _cut_here(self, data: bytes) -> bytes:
        """Count bytes up to the one at which the module restarts; gives those in front of it."""
        kept = data[: self._cut_left]
        self._cut_left -= len(kept)
        if self._cut_left == 0 and len(kept) <= len(data):
            self._cut = None
            self.module.clock.call_later(0, self.restart)
            self.state = BOOTING
        return kept

    # --- restart --------------------------------------------------------------------------------------------------
    def down(self) -> None:
        """Everything that lives in RAM is gone."""
        module = self.module
        self.epoch += 1
        for timer in (self._idle, self._boot):
            if timer is not None:
                timer.cancel()
        module.saving.stop()
        module.connections.drop_all()
        module.terminal.reset()
        module.network.restart()
        module.end_services()
        module.load_settings()
        module.keep_alive.reset()
        module.line.restart()
        module.pace()
        module.last_error = 0
        self.sleep_mode, self.dtr_mode, self.functionality = 0, 2, 1
        self.flow = (0, 0)

    def set_functionality(self, value: int) -> None:
        """AT+CFUN: 1 registers, 0 and 4 leave the network."""
        was, self.functionality = self.functionality, value
        if value == was:
            return
        if was == 1:
            self.module.connections.drop_all()
            self._stat_before = self.module.network.stat
        self.module.network.stat = self._stat_before if value == 1 else 0
        self.module.network.restart_contexts()

    def announced_restart(self) -> None:
        """AT+CFUN=1,1: a restart after OK. LTE modules say POWERED DOWN and, late, that their contexts are gone."""
        lost = []
        self.asked.append(self.module.clock.now_ms())
        if "packet" in self.module.family.features:
            self.module.terminal.result("POWERED DOWN")
            lost = [ctx for ctx, context in self.module.network.contexts.items() if context.active]
        self.restart()
        for ctx in lost:
            self.module.clock.call_later(self.module.options.number("boot_ms") // 2, partial(self._gone, ctx))

    def _gone(self, ctx: int) -> None:
        self.module.to_host.put(b'\r\n+QIURC: "pdpdeact",%d\r\n' % ctx)

    def announced_off(self) -> None:
        """AT+QPOWD: POWERED DOWN, then silence."""
        self.module.urc("POWERED DOWN")
        self.off()

    def restart(self) -> None:
        """A reset: silence, then the boot URCs."""
        self.down()
        self.state = BOOTING
        self._boot = self.module.clock.call_later(self.module.options.number("boot_ms"), self._booted)

    def _booted(self) -> None:
        self.state = RUNNING
        self.stay_awake()
        step = self.module.options.number("boot_step_ms")
        for n, text in enumerate(self.module.family.boot_urcs):
            self.module.later(n * step, partial(self._tell, text))

    def _tell(self, text: str) -> None:
        if not text.startswith("+CPIN") or self.module.sim.state == "READY":
            self.module.urc(text)

    def save_power(self) -> None:
        """PSM: as good as off, with the sockets gone."""
        self.down()
        self.state = PSM

    @property
    def awake(self) -> bool:
        """True while the module works."""
        return self.state == RUNNING

    def off(self) -> None:
        """Power down."""
        self.down()
        self.state = OFF

    # --- pins -----------------------------------------------------------------------------------------------------
    def pin(self, name: str, level: int, ms: "int | None") -> None:
        """Set a pin's level, for `ms` or for good."""
        if name not in PINS:
            raise ValueError("unknown pin %r; there are %s" % (name, ", ".join(PINS)))
        before, self.levels[name] = self.levels[name], level
        if level != before:
            self._edge(name, level)
        if ms is not None:
            self.module.clock.call_later(ms, lambda: self.pin(name, 1 - level, None))

    def _edge(self, name: str, level: int) -> None:
        if level == 0 and name == ("dtr" if "packet" in self.module.family.features else "psm_eint"):
            self.module.saving.line_falls()
        if name == "psm_eint" and level == 0:
            self.wake()
        elif name == "pwrkey":
            self._key(level)
        elif name == "reset" and level == 1 and self.state != OFF:
            self.restart()
        elif name == "dtr":
            self._dtr(level)
        elif name == "cts" and level == 0:
            self.module.let_out()

    def _key(self, level: int) -> None:
        """The power key's line: how long it was held says what it does."""
        now = self.module.clock.now_ms()
        if level:
            self.press(now - self._pressed_at)
        else:
            self._pressed_at = now

    def _dtr(self, level: int) -> None:
        mode = self.module.terminal.mode
        if not (level and self.dtr_mode):
            return
        if isinstance(mode, Upload):
            mode.stop()
        if not isinstance(mode, Transparent):
            return
        if self.dtr_mode == 2 and self.module.options["dtr_off"] == "NO CARRIER":
            mode.hang_up()
        else:
            mode.leave()
            self.module.terminal.answer("OK")
            self.module.terminal.flush_urcs()

    def press(self, ms: int) -> None:
        """The power key: long enough it switches on, or off."""
        if self.state in (OFF, PSM) and ms >= PRESS_ON_MS:
            self.restart()
        elif self.state not in (OFF, PSM) and ms >= PRESS_OFF_MS:
            self.asked.append(self.module.clock.now_ms())
            if self.state == RUNNING:
                self.module.urc("POWERED DOWN")
            self.off()
        elif self.state == ASLEEP:
            self.wake()

    # --- deep sleep (R121, R219, R222, R426) ------------------------------------------------------------------------
    def stay_awake(self) -> None:
        """Something happened on the port: the idle time begins anew."""
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        self.module.saving.rest()
        if self.sleep_mode == 1 and "nb_tcpip" in self.module.family.features and self.state == RUNNING:
            wait = self.module.options.number("sleep_after_ms")
            self._idle = self.module.clock.call_later(wait, self.fall_asleep)

    def fall_asleep(self) -> None:
        """Deep sleep: the port is dead, TCP connections are gone, UDP ones stay; not while keep-alive is on (R211)."""
        module = self.module
        if self.state != RUNNING or module.keep_alive.on:
            return
        if module.busy or module.terminal.mode.holds_urcs:
            self.stay_awake()
            return
        self._say("+QATSLEEP")
        module.terminal.forget_line()
        module.connections.drop_all(keep=DATAGRAMS)
        self._forget()
        self.state = ASLEEP
        module.saving.sleep_until_report()

    @property
    def deaf(self) -> bool:
        """True in deep sleep: what the network sends is lost, it does not wake the module (R453)."""
        return self.state == ASLEEP

    def _say(self, text: str) -> None:
        """+QATSLEEP and +QATWAKEUP: always, never, or once AT+QATWAKEUP=1 was given (R426)."""
        wanted = self.module.options["sleep_urcs"]
        if wanted == "request":
            wanted = self.module.service.get("qatwakeup", 0)
        if wanted:
            self.module.urc(text)

    def _forget(self) -> None:
        """Settings that deep sleep loses (R195, R203): those of QICFG that are not saved, others by family."""
        module = self.module
        module.load_settings()
        if module.options["sleep_keeps_all"]:
            return
        module.keep_alive.reset()
        if "dns" not in module.family.sleep_keeps:
            module.network.forget_dns()

    def wake(self) -> None:
        """Wake from deep sleep; from PSM that is a boot."""
        if self.state == PSM:
            self.restart()
        if self.state != ASLEEP:
            return
        self.state = RUNNING
        self._lose_line = bool(self.module.options["first_at_lost"])
        self._say("+QATWAKEUP")
        self.stay_awake()

    # --- faults ---------------------------------------------------------------------------------------------------
    def strike(self, fault: Fault) -> None:
        """Faults that strike by themselves, not when something is tried; now, or when their time has come."""
        if fault in self.module.faults.later:
            self.module.clock.call_later(fault.value("at_ms", 0), partial(self._strike_late, fault))
            return
        acts = {"reboot": self._reboot, "hang": self._hang, "pdp_dropped": self._drop_pdp}
        acts.update({"peer_rst": self._peer_ends, "peer_fin": self._peer_ends, "half_open": self._half_open})
        acts.update({"wrong_rate": self._wrong_rate}, **dict.fromkeys(SWITCHES, self._switch))
        acts.update({"power_lost": self._power_lost, "falls_asleep": self._falls_asleep})
        acts.update({"eats_bytes": self._eats, "cts_high": self._cts_high})
        act = acts.get(fault.name)
        if act is not None:
            self.module.faults.used(fault)
            act(fault)

    def _strike_late(self, fault: Fault) -> None:
        if self.module.faults.due(fault):
            self.strike(fault)

    def _power_lost(self, fault: Fault) -> None:
        self.off()

    def _falls_asleep(self, fault: Fault) -> None:
        if "packet" in self.module.family.features:
            self.save_power()
        else:
            self.fall_asleep()

    def _eats(self, fault: Fault) -> None:
        self.module.saving.lose(fault.value("count", 4))

    def _cts_high(self, fault: Fault) -> None:
        self.pin("cts", 1, fault.value("ms", 0) or None)

    def _reboot(self, fault: Fault) -> None:
        if "at_byte" in fault.params:
            self._cut, self._cut_left = fault, fault.value("at_byte", 0)
            self._cut_by_host = str(fault.params.get("to", "host")) == "module"
        else:
            self.restart()

    def _wrong_rate(self, fault: Fault) -> None:
        self.module.host_rate(fault.value("baud", 9600))

    def _hang(self, fault: Fault) -> None:
        self.state = HUNG

    def _drop_pdp(self, fault: Fault) -> None:
        self.module.network.drop_pdp(fault.value("ctx", 1))

    def _switch(self, fault: Fault) -> None:
        part, name, value = SWITCHES[fault.name]
        thing = self.module.sim if part == "sim" else self.module.network
        before = getattr(thing, name)
        setattr(thing, name, fault.params.get(name, value))
        if fault.value("ms", 0):
            self.module.clock.call_later(fault.value("ms", 0), lambda: setattr(thing, name, before))

    def _half_open(self, fault: Fault) -> None:
        for connection in self.module.connections.all():
            if fault.value("id", connection.number) == connection.number and connection.link is not None:
                connection.link.close(abort=True)
                connection.link = DeadLink()

    def _peer_ends(self, fault: Fault) -> None:
        for connection in self.module.connections.all():
            if fault.value("id", connection.number) == connection.number:
                connection.shut(abort=fault.name == "peer_rst")
                connection.peer_closed(reset=fault.name == "peer_rst")
