"""The five dialects as data: one `Family` per document, found by the name of any of its modules.

Options are the choices that the documents leave open (section I of the specification rows). A family gives their
defaults; `VirtualModule(options=...)` changes them by name. `COMMON_OPTIONS` says what each of them means, and
`lte_options.OPTIONS` what those of the LTE families do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from types import MappingProxyType

from .lte_options import OPTIONS as LTE_OPTIONS

CLOCK_START = datetime(2008, 1, 4, tzinfo=timezone.utc)  # years off before any network time, as on real modules

# name: (default, meaning). Rows in brackets.
COMMON_OPTIONS: "dict[str, tuple[object, str]]" = {
    "prompt": ("\r\n> ", "bytes of the prompt (R386)"),
    "esc_result": ("OK", "final result after ESC: OK, ERROR or nothing (R387)"),
    "cmee": (0, "AT+CMEE after power-up: 0, 1 or 2"),
    "lossy_urc_in_data_mode": (False, "a recv URC during data entry is lost for good (R390)"),
    "urc_in_data_mode": ("hold", "hold: URCs wait for the end of data entry; pass: they come at once (R389)"),
    "one_crlf_between_lines": (False, "one CR LF between the lines of an answer, of QPING and of dnsgip (R442)"),
    "data_timeout_ms": (0, "data entry is given up after this silence with ERROR; 0 never (R406)"),
    "variable_overflow": ("send", "variable-length input at its maximum: send, or drop the excess (R405)"),
    "type_ahead": ("keep", "bytes that arrive while a command runs: keep or drop (R435)"),
    "send_ok_ms": (0, "time between accepting data and SEND OK"),
    "local_port_wait_ms": (0, "time before a fixed local port can be used again; 120,000 is advised (R120)"),
    "close_ok_ms": (0, "NB: time between OK and CLOSE OK (R133: at most 10 s)"),
    "answer_ms": (0, "time before the answer to every command"),
    "rx_nodes": (16, "segments or datagrams that a receive buffer holds (R411)"),
    "segment": (1360, "largest number of bytes of a TCP stream in one node"),
    "tx_buffer": (16384, "bytes that the stack takes before SEND FAIL"),
    "connect_timeout_ms": (36_000, "time after which an open without an answer gives 569"),
    "timeout_err": (569, "error of an open that timed out: 569 or 566 (R399)"),
    "incoming_id": ("lowest", "id of an incoming connection: lowest or highest free (R413)"),
    "incoming_mode": (0, "access mode of an incoming connection: 0, 1 or listener, the listener's own (R217)"),
    "hex_count": ("bytes", "what <send_length> of QISENDEX counts in data mode: bytes or digits (R404)"),
    "udp_service": (False, "UDP SERVICE is supported (R124)"),
    "failed_open_keeps_id": (False, "an id stays taken after a failed open until it is closed (R395)"),
    "close_unopened": ("ERROR", "closing an id that is not open: OK or ERROR (R396)"),
    "swtmd_unopened": ("ERROR", "QISWTMD on an unopened id: ERROR, or store for the next open (R447)"),
    "push_length_always": (False, "NB: push URCs carry the length whatever showlength says (R448)"),
    "qicfg_omitted": ("query", "NB: a QICFG without value: query, or default (R307)"),
    "listener_remote_port": ("zero", "port of a listener in QISTATE: zero or given (R345)"),
    "qntp_auto_set": (1, "QNTP sets the clock when the parameter is left out (R445)"),
    "closed_state": (0, "state of a connection that the peer closed: 3, 4 or 5; 0 as the URC's text says (R384)"),
    "echo_data": (False, "NB: data typed after the prompt is echoed while ATE1 is on (R388)"),
    "ok_before_send_fail": (True, "NB: OK stands before SEND FAIL (R148)"),
    "one_service": (False, "QPING, QNTP and QIDNSGIP are busy until their last result is out (R271, R275)"),
    "dns_ttl": (600, "time to live that dnsgip prints, in s"),
    "ipr": (115_200, "rate of the port until another is saved; 0: the module finds it from AT (auto-baud)"),
    "autobaud_lost": (2, "auto-baud: so many AT are lost until the rate is found"),
    "strict_rate": (False, "a pty carries garbage while its host has set another rate than the module's"),
    "light_sleep_ms": (5000, "idle time before light sleep: AT+QSCLK=1 with DTR high, NB AT+QSCLK=2"),
    "light_sleep_eats": (4, "characters that are lost when they wake the module from light sleep"),
    "light_sleep_deaf": (True, "LTE: what is typed with DTR high does not wake the module, and is lost"),
    "psm_urc": (False, "LTE: PSM POWER DOWN is printed before PSM; else it begins without a word"),
    "rrc_ms": (10_000, "time behind data in which the module still hears the network at once, in spite of eDRX"),
    "boot_ms": (300, "time from reset to RDY"),
    "boot_step_ms": (0, "time from one line behind RDY to the next: +CFUN, +CPIN ..."),
    "sleep_after_ms": (1000, "NB: idle time before deep sleep after AT+QSCLK=1 (R426)"),
    "sleep_urcs": (True, "NB: print +QATSLEEP and +QATWAKEUP; request: once AT+QATWAKEUP=1 was given (R219, R426)"),
    "sleep_keeps_all": (False, "NB: DNS servers and QIKALIVE survive deep sleep though no document says so (R195)"),
    "first_at_lost": (False, "the first line after waking is lost (R426)"),
    "urcport": ("uart1", "port that URCs go to; anything but uart1 hides them"),
    "qiact_active": ("OK", "LTE: QIACT of an active context: OK or ERROR"),
    "local_port": (0, "LTE: local port shown by QISTATE; 0 the real one (R299)"),
    "at_port": ("uart1", "port name in QISTATE and QSSLSTATE"),
    "listen_same_port": (False, "bind a listener on its own local port on loopback, not on a free one"),
    "address": ("10.76.51.180", "address of the module in its first context"),
    "address6": ("2001:db8::b4", "IPv6 address that a server of the module shows"),
    "imei": ("866425030000015", "AT+CGSN"),
    "imsi": ("460001234567890", "AT+CIMI"),
    "iccid": ("89860012345678901234", "AT+QCCID"),
    "pin": ("1234", "PIN of the SIM"),
    "ping_ms": ((), "answer times of echoes, instead of real ones; a negative one is a lost echo"),
    "ntp_zone": (0, "QNTP prints the time of this zone, in quarters of an hour"),
    "dead_after_opens": (0, "the stack refuses every open with 552 after this many; 0 never"),
}


@dataclass(frozen=True)
class States:
    """Numbers of <socket_state> (R092, R139)."""

    initial: int = 0
    opening: int = 1
    connected: int = 2
    listening: int = 2
    closing: int = 3


@dataclass(frozen=True)
class Family:
    """What a dialect is: limits, spellings and which command groups it has."""

    name: str
    modules: "Mapping[str, str]"  # spelling without dashes -> name that ATI prints
    revision: str
    features: "frozenset[str]"  # command groups: see commands/__init__.py
    contexts: int  # PDP contexts 1..n
    ids: int  # connection ids 0..n-1; 0: none
    modes: int  # access modes 0..n-1
    send_max: int
    read_max: int
    states: States = States()
    chain: bool = False  # several commands on a line with ; (R012)
    ok_before_send_ok: bool = False  # NB (R292)
    close_ok: bool = False  # NB (R293)
    cme_errors: bool = False  # failures of the family's own commands as +CME ERROR (R317)
    four_digit_year: bool = True  # QNTP (R309)
    words: "Mapping[int, str]" = field(default_factory=dict)  # of AT+QIGETERROR, where they differ (R273)
    name_max: int = 0  # longest domain name, 0: no limit stated (R116)
    act: int = 9  # <AcT> of CEREG and COPS
    qicfg: "Mapping[str, tuple[tuple[int, int, int], ...]]" = field(default_factory=dict)
    # item -> (lowest, highest, default) per value; NB and LTE
    saved: "frozenset[str]" = frozenset()  # QICFG items and "mode" kept over a restart (R306)
    sleep_keeps: "frozenset[str]" = frozenset()  # what else deep sleep keeps: "dns" (R195)
    tests: "Mapping[str, tuple[str, ...] | None]" = field(default_factory=dict)
    # answers of test commands; None: ERROR. What is not here and known otherwise answers OK.
    options: "Mapping[str, object]" = field(default_factory=dict)  # over COMMON_OPTIONS, or more of them
    boot_urcs: "tuple[str, ...]" = ("RDY",)
    facts: "Mapping[str, object]" = field(default_factory=dict)  # room for services: TLS, files, CoAP


def frozen(**values: object) -> "Mapping[str, object]":
    """A read-only mapping, for the records."""
    return MappingProxyType(values)


def plain(model: str) -> str:
    """A module's name as it is looked up: any case, dashes and blanks ignored."""
    return model.replace("-", "").replace(" ", "").upper()


def families() -> "tuple[Family, ...]":
    """All records, in the order of the documents."""
    from . import bc25, bc65, bc95g, bg96, ec200u

    return (bg96.FAMILY, ec200u.FAMILY, bc65.FAMILY, bc95g.FAMILY, bc25.FAMILY)


def find(model: str) -> "tuple[Family, str]":
    """The record and the printed name of a module; ValueError names the modules there are."""
    for family in families():
        printed = family.modules.get(plain(model))
        if printed is not None:
            return family, printed
    names = ", ".join(name for family in families() for name in family.modules.values())
    raise ValueError("unknown module %r; choose one of %s" % (model, names))


class Options(dict[str, object]):
    """Options by name: the common defaults, the family's, the user's; unknown names are refused."""

    def __init__(self, family: Family, given: "Mapping[str, object] | None") -> None:
        super().__init__({name: value for name, (value, _) in COMMON_OPTIONS.items()})
        if "packet" in family.features:
            super().update({name: value for name, (value, _) in LTE_OPTIONS.items()})
        super().update(family.options)
        self.change(given or {})

    def change(self, given: "Mapping[str, object]") -> None:
        """Set options; ValueError for a name that this family does not have."""
        for name, value in given.items():
            if name not in self:
                raise ValueError("unknown option %r; there are %s" % (name, ", ".join(sorted(self))))
            self[name] = value

    def text(self, name: str) -> str:
        """An option as text."""
        return str(self[name])

    def number(self, name: str) -> int:
        """An option as an integer."""
        value = self[name]
        if not isinstance(value, (int, str)):
            raise ValueError("option %s is no number" % name)
        return int(value)
