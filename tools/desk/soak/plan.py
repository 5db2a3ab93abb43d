"""What happens to the module: kinds of events, and when, from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from desk.soak.app import MINUTE_MS

if TYPE_CHECKING:
    from virtual_module.module import VirtualModule

Act = Callable[["VirtualModule", random.Random], None]
SECOND, MINUTE = 1000, 60_000


def _fault(name: str, **params: object) -> Act:
    return lambda module, dice: _arm(module, name, params)


def _arm(module: VirtualModule, name: str, params: "dict[str, object]") -> None:
    module.fault(name, **params)


def _bytes(name: str, to: str, **params: object) -> Act:
    """A fault of the wire, some bytes ahead."""
    return lambda module, dice: _arm(module, name, {"to": to, "at_byte": dice.randint(0, 300), **params})


def _reboot(to: str) -> Act:
    """A restart at any byte, in the middle of a payload too."""
    return lambda module, dice: _arm(module, "reboot", {"to": to, "at_byte": dice.randint(1, 300)})


def _registration(stat: int, low: int, high: int) -> Act:
    """Another state of registration for some minutes."""

    def act(module: VirtualModule, dice: random.Random) -> None:
        module.network.stat = stat
        module.at(dice.randint(low, high) * MINUTE, do="network", stat=1)

    return act


def _no_signal(module: VirtualModule, dice: random.Random) -> None:
    module.network.rssi = 99
    _registration(2, 1, 3)(module, dice)
    module.at(4 * MINUTE, do="network", rssi=24)


def _sim_busy(module: VirtualModule, dice: random.Random) -> None:
    module.sim.state = "BUSY"
    module.at(dice.randint(2, 40) * SECOND, do="sim", state="READY")
    module.fault("reboot")


def _pin(module: VirtualModule, dice: random.Random) -> None:
    """A restart behind which the SIM asks for its PIN; the PIN was taken off by hand a while later."""
    module.sim.state = "PIN"
    module.at(dice.randint(3, 15) * MINUTE, do="sim", state="READY")
    module.fault("reboot")


def _both(first: Act, second: Act) -> Act:
    def act(module: VirtualModule, dice: random.Random) -> None:
        first(module, dice)
        second(module, dice)

    return act


def _off(module: VirtualModule, dice: random.Random) -> None:
    module.power.off()


_FIN = _fault("peer_fin")
KINDS: "dict[str, Act]" = {
    "restart": _fault("reboot"),
    "restart in an answer": _reboot("host"),
    "restart in a payload": _reboot("module"),
    "power lost": _off,
    "hang": _fault("hang"),
    "no answer, once": _fault("no_answer"),
    "no answer, four times": _fault("no_answer", times=4),
    "pdp lost": _fault("pdp_dropped"),
    "pdp dead without a word": _both(_fault("pdp_drift", times=3), _FIN),
    "searching": _registration(2, 1, 20),
    "denied": _registration(3, 1, 15),
    "roaming": _registration(5, 1, 10),
    "no signal": _no_signal,
    "SIM busy": _sim_busy,
    "SIM locked": _pin,
    "garbage to the host": _bytes("garble_bytes", "host", count=6),
    "garbage to the module": _bytes("garble_bytes", "module", count=6),
    "bytes lost to the host": _bytes("drop_bytes", "host", count=9),
    "bytes lost to the module": _bytes("drop_bytes", "module", count=9),
    "noise": _bytes("insert_bytes", "host", data="\xff\x00\xff"),
    "reset by the peer": _fault("peer_rst"),
    "closed by the peer": _FIN,
    "half open": _fault("half_open"),
    "send refused": _fault("send_fail", times=3),
    "send result late": _fault("send_ok_delayed", ms=30_000),
    "error in place of a prompt": _fault("error_instead_of_prompt"),
    "announcement lost": _fault("recv_urc_lost"),
    "connect refused": _both(_fault("connect_refused", times=3), _FIN),
    "connect without an answer": _both(_fault("connect_timeout"), _FIN),
    "name not found": _both(_fault("dns_failure", times=2), _FIN),
}
LTE_KINDS: "dict[str, Act]" = {
    "activation fails": _both(_fault("qiact_fails", times=2), _fault("pdp_dropped")),
    "activation slow": _both(_fault("qiact_slow", ms=60_000), _fault("pdp_dropped")),
}
SLEEP = "sleep"  # the application's own, on families that have deep sleep


class Plan:
    """So many events in so many minutes, every kind about as often; the application naps behind some minutes."""

    def __init__(self, events: int, minutes: int, seed: int, lte: bool) -> None:
        self.dice = random.Random(seed)
        self.kinds = {**KINDS, **(LTE_KINDS if lte else {})}
        self.naps: "set[int]" = set()
        self.events: "list[tuple[int, str]]" = []  # (ms, kind)
        names = list(self.kinds) + ([] if lte else [SLEEP])
        wanted = [names[i % len(names)] for i in range(events)]
        self.dice.shuffle(wanted)
        places = self.dice.sample(range(2, minutes), len(wanted))
        for minute, kind in zip(sorted(places), wanted, strict=True):
            self._add(minute, kind)

    def _add(self, minute: int, kind: str) -> None:
        if kind == SLEEP:
            self.naps.add(minute)
        self.events.append((minute * MINUTE_MS + self.dice.randint(-1, 300), kind))

    def act(self, kind: str, module: VirtualModule) -> None:
        """Have it happen."""
        if kind in self.kinds:
            self.kinds[kind](module, self.dice)
