"""Faults by name: armed by a test, taken by the code that would have gone well.

Each takes `times` (how often it strikes, default 1, 0 for ever) and `skip` (how many chances pass first, default 0);
`at_ms` arms it so much later, so that a day can be scripted; `id` limits it to one connection. Other parameters are in
the list below; what has `ms` there is over after that time.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

# name: (what is seen, its own parameters)
KNOWN: "dict[str, tuple[str, tuple[str, ...]]]" = {
    "connect_refused": ("an open ends with 566", ()),
    "connect_timeout": ("an open stays silent to its limit, then 569", ()),
    "open_fails": ("an open ends with that error", ("code",)),
    "command_fails": ("a command answers ERROR, with that code in the register; command: +QIRD", ("command", "code")),
    "dns_failure": ("a name does not resolve: 565", ()),
    "dns_slow": ("a name takes long to resolve", ("ms",)),
    "send_fail": ("SEND FAIL", ()),
    "send_ok_delayed": ("SEND OK comes late", ("ms",)),
    "ping_lost": ("an echo of QPING gets no answer", ()),
    "ping_fails": ("QPING ends at once with that result", ("result",)),
    "ntp_fails": ("QNTP ends with that result", ("result",)),
    "peer_rst": ("the connection is reset", ()),
    "peer_fin": ("the connection is closed by the peer", ()),
    "recv_urc_lost": ("a recv URC is not printed", ()),
    "recv_urc_twice": ("a recv URC is printed twice", ()),
    "closed_twice": ("a closed URC is printed twice", ()),
    "buffer_full": ("a receive buffer has no room", ()),
    "incoming_full": ("an incoming connection finds no place", ()),
    "error_instead_of_prompt": ("ERROR where the prompt should be", ()),
    "reboot": ("the module restarts, at once or after that many bytes; to: host or module", ("at_byte", "to")),
    "no_answer": ("a command line gets no answer", ()),
    "hang": ("nothing is answered any more until power or reset", ()),
    "drop_bytes": ("bytes are lost; to: host or module", ("count", "to", "at_byte")),
    "garble_bytes": ("bytes arrive changed; to: host or module", ("count", "to", "at_byte")),
    "insert_bytes": ("bytes that nobody sent; to: host or module", ("data", "to", "at_byte")),
    "wrong_rate": ("the host's UART runs at another rate: garbage both ways", ("baud",)),
    "pdp_dropped": ("the network takes a PDP context down", ("ctx",)),
    "pdp_drift": ("opens fail with 561 though the context looks active", ()),
    "half_open": ("the peer is gone without a word: sends go well, nothing is acknowledged", ()),
    "no_sim": ("no SIM card", ("ms",)),
    "pin_required": ("the SIM asks for its PIN", ("ms",)),
    "puk_required": ("the SIM asks for its PUK", ("ms",)),
    "sim_failure": ("the SIM does not work", ("ms",)),
    "sim_busy": ("the SIM is busy", ("ms",)),
    "unregistered": ("not registered, not searching", ("ms",)),
    "registered": ("registered, at home", ("ms",)),
    "searching": ("not registered, searching", ("ms",)),
    "denied": ("registration denied", ("ms",)),
    "roaming": ("registered, roaming", ("ms",)),
    "no_signal": ("signal 99", ("ms",)),
    "signal": ("a signal of 0 to 31, 5 when left out", ("rssi", "ms")),
    "power_lost": ("off without a word, until the power key is pressed", ()),
    "falls_asleep": ("NB: deep sleep, if nothing goes on; others: power saving mode", ()),
    "eats_bytes": ("what is typed first is lost, as behind sleep", ("count",)),
    "cts_high": ("the host holds the module's bytes back, with AT+IFC=2,2", ("ms",)),
    "qiact_fails": ("AT+QIACT answers ERROR", ()),
    "qiact_slow": ("AT+QIACT takes long", ("ms",)),
    "file_error": ("a file command fails; with skip=1 an upload fails when its bytes are there", ("code",)),
}
COMMON = ("times", "skip", "id", "at_ms")
BYTES = ("drop_bytes", "garble_bytes", "insert_bytes")


@dataclass
class Fault:
    """One armed fault."""

    number: int
    name: str
    params: "Mapping[str, object]"
    left: int
    skip: int
    data: "dict[str, int]" = field(default_factory=dict)

    def value(self, name: str, default: int) -> int:
        """A numeric parameter."""
        return int(str(self.params.get(name, default)))


class Faults:
    """What is armed."""

    def __init__(self) -> None:
        self.armed: "list[Fault]" = []
        self.later: "list[Fault]" = []  # to be armed when their time has come
        self._numbers = itertools.count(1)

    def arm(self, name: str, params: "Mapping[str, object]") -> Fault:
        """Arm a fault; ValueError for a name or parameter that does not exist."""
        if name not in KNOWN:
            raise ValueError("unknown fault %r; there are %s" % (name, ", ".join(KNOWN)))
        for key in params:
            if key not in COMMON + KNOWN[name][1]:
                raise ValueError("fault %s has no parameter %r" % (name, key))
        times = int(str(params.get("times", 1)))
        fault = Fault(next(self._numbers), name, params, times or -1, int(str(params.get("skip", 0))))
        (self.later if fault.value("at_ms", 0) else self.armed).append(fault)
        return fault

    def due(self, fault: Fault) -> bool:
        """The time of one that was for later has come; False if it was disarmed meanwhile."""
        if fault not in self.later:
            return False
        self.later.remove(fault)
        self.armed.append(fault)
        return True

    def take(self, name: str, number: "int | None" = None, command: str = "") -> "Fault | None":
        """The fault, if it strikes now; `number` is the connection at hand, `command` the name of a command."""
        for fault in self.armed:
            if fault.name != name or not _fits(fault, number, command):
                continue
            if fault.skip:
                fault.skip -= 1
                return None
            self.used(fault)
            return fault
        return None

    def used(self, fault: Fault) -> None:
        """Count one strike."""
        fault.left -= 1
        if fault.left == 0:
            self.armed.remove(fault)

    def clear(self, name: "str | None" = None) -> None:
        """Disarm one name, or all."""
        self.armed = [fault for fault in self.armed if name is not None and fault.name != name]
        self.later = [fault for fault in self.later if name is not None and fault.name != name]

    def damage(self, data: bytes, to: str) -> bytes:
        """What the byte faults leave of `data` on its way `to` the host or the module."""
        for fault in [one for one in self.armed if one.name in BYTES]:
            if str(fault.params.get("to", "host")) == to:
                data = self._damage_one(fault, data)
        return data

    def _damage_one(self, fault: Fault, data: bytes) -> bytes:
        start = fault.value("at_byte", 0) - fault.data.get("seen", 0)
        fault.data["seen"] = fault.data.get("seen", 0) + len(data)
        if start >= len(data) or not data:
            return data
        start = max(start, 0)
        self.used(fault)
        if fault.name == "insert_bytes":
            return data[:start] + str(fault.params.get("data", "\x00")).encode("latin-1") + data[start:]
        hit = data[start : start + fault.value("count", 1)]
        instead = bytes(byte ^ 0x55 for byte in hit) if fault.name == "garble_bytes" else b""
        return data[:start] + instead + data[start + len(hit) :]


def _fits(fault: Fault, number: "int | None", command: str) -> bool:
    if command and str(fault.params.get("command", command)).upper() != command:
        return False
    return "id" not in fault.params or number is None or int(str(fault.params["id"])) == number
