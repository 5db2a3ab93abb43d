"""SIM, registration and PDP contexts, as a test may change them while the module runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .network_time import follow

if TYPE_CHECKING:
    from .module import VirtualModule

HOME, SEARCHING, DENIED, ROAMING = 1, 2, 3, 5
REGISTERED = (HOME, ROAMING)
DNS = ("8.8.8.8", "8.8.4.4")
ONLY_IPV6 = 2  # <context_type>; 1 is IPv4, 3 both
SIM_CODES = {"ABSENT": 10, "PIN": 11, "PUK": 12, "FAILURE": 13, "BUSY": 14}


class Sim:
    """The SIM. `state`: READY, PIN, PUK, ABSENT, FAILURE or BUSY."""

    def __init__(self, pin: str) -> None:
        self.state = "READY"
        self.pin = pin
        self.tries = 3

    @property
    def code(self) -> int:
        """The +CME ERROR number of a SIM that is not ready, 0 when it is."""
        return SIM_CODES.get(self.state, 0)

    def enter(self, pin: str) -> bool:
        """Enter the PIN; after three wrong ones the PUK is asked for."""
        if pin == self.pin:
            self.state, self.tries = "READY", 3
            return True
        self.tries -= 1
        if self.tries == 0:
            self.state = "PUK"
        return False


@dataclass
class Context:
    """One PDP context."""

    type: int = 1  # 1 IPv4, 2 IPv6, 3 both
    apn: str = ""
    user: str = ""
    password: str = ""
    auth: int = 0
    active: bool = False
    address: str = ""
    address6: str = ""
    defined: bool = False

    @property
    def addresses(self) -> "list[str]":
        """Those that its type has."""
        return [one for one in (self.address, self.address6) if one]


class Network:
    """Registration, signal, contexts and DNS servers."""

    def __init__(self, module: VirtualModule) -> None:
        self._module = module
        self._stat = HOME
        self.attached = True
        self.rssi, self.ber = 24, 99  # AT+CSQ; 99 is not known
        self.tac, self.cell = "1A2B", "01A2D101"
        self.act = module.family.act
        self.operator, self.plmn = "CHN-UNICOM", "46001"  # the one in use, or the last one
        self.operators = {"46001": "CHN-UNICOM", "46000": "CHINA MOBILE"}  # those that are heard
        self.forbidden: "set[str]" = set()  # those of them that deny registration, by their numbers
        self.cops_mode, self.cops_format = 0, 0
        self.manual_failed = False  # the operator that was asked for took us not
        self.address = module.options.text("address")
        self.contexts = {number: Context() for number in range(1, module.family.contexts + 1)}
        self.dns = list(DNS)
        self.reporting: "dict[str, int]" = {}  # <n> of +CREG, +CGREG, +CEREG
        self.restart()

    def restart(self) -> None:
        """As after power-up: NB modules attach and activate context 1 by themselves, LTE ones wait for QIACT."""
        self.attached = self._stat in REGISTERED
        self.reporting.clear()
        self.forget_dns()
        self.restart_contexts()

    def forget_dns(self) -> None:
        """The DNS servers that the network gave."""
        self.dns = list(DNS)

    def restart_contexts(self) -> None:
        """Every context down, then up again what comes up by itself."""
        for context in self.contexts.values():
            context.active = False
        self.auto_activate()

    def auto_activate(self) -> None:
        """NB modules have context 1 as soon as they are attached."""
        if "packet" not in self._module.family.features and self.attached:
            self.activate(1)

    @property
    def stat(self) -> int:
        """Registration: 0 off, 1 home, 2 searching, 3 denied, 4 unknown, 5 roaming. Setting it prints the URCs."""
        return self._stat

    @stat.setter
    def stat(self, value: int) -> None:
        back = value in REGISTERED and self._stat not in REGISTERED
        self._stat = value
        self.attached = value in REGISTERED
        for name, how in self.reporting.items():
            if how:
                self._module.urc("%s: %s" % (name, self.registration(how)))
        if back:
            follow(self._module)
            for connection in self._module.connections.all():
                connection.on_air()

    def registration(self, how: int) -> str:
        """<stat>, with the cell when <n> is 2 or more and the module is registered."""
        if how < 2 or self._stat not in REGISTERED:
            return str(self._stat)
        return '%d,"%s","%s",%d' % (self._stat, self.tac, self.cell, self.act)

    @property
    def registered(self) -> bool:
        """True at home or roaming."""
        return self._stat in REGISTERED

    def active(self, number: int) -> bool:
        """True when that context can carry data."""
        context = self.contexts.get(number)
        return context is not None and context.active and self.registered

    def activate(self, number: int) -> None:
        """Give a context an address."""
        context = self.contexts[number]
        context.active, context.defined = True, True
        context.address = "" if context.type == ONLY_IPV6 else self.address
        context.address6 = self._module.options.text("address6") if context.type >= ONLY_IPV6 else ""

    def deactivate(self, number: int) -> None:
        """Take a context down and its connections with it, as the host asked for."""
        self.contexts[number].active = False
        self._module.connections.close_context(number)

    def drop_pdp(self, number: int = 1) -> None:
        """The network takes a context down: URCs, and connections that work no more."""
        self.contexts[number].active = False
        self._module.connections.lose_context(number)
        if "packet" in self._module.family.features:
            self._module.urc('+QIURC: "pdpdeact",%d' % number)
