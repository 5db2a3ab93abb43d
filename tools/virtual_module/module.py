"""The virtual module itself: what a test or a program holds in its hands."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from . import commands, families, power, states
from .byte_log import ByteLog, Trace
from .clock import Clock
from .dns import Names
from .faults import Faults
from .keepalive import KeepAlive
from .line import Line
from .pacing import Pacer
from .radio import Network, Sim
from .resolver import DNS_FAILED, DNS_LIMIT_MS, NoAddress, Resolver, is_address
from .saving import Saving
from .settling import settle
from .sockets import Table
from .terminal import Terminal
from .work import Coro, Work

if TYPE_CHECKING:
    from .local import Serve
    from .pipe import Pipe

CLOSING_ROUNDS = 3


class VirtualModule:
    """A cellular module on a desk: it speaks one family's AT dialect and opens real sockets on loopback.

    `model` is any module's name, in any case, dashes ignored. `clock` defaults to the host's. `resolver` maps "host"
    or "host:port" (names and addresses) to a loopback address. Without `allow_network` nothing else is reached.
    `baud` paces the bytes both ways. `options` are named in `families.COMMON_OPTIONS`. `nvram` keeps what the module
    saves. `trace(ms, direction, data)` sees every byte.
    """

    def __init__(
        self,
        model: str,
        *,
        seed: int = 0,
        clock: "Clock | None" = None,
        resolver: "Mapping[str, tuple[str, int]] | None" = None,
        allow_network: bool = False,
        baud: "int | None" = None,
        options: "Mapping[str, object] | None" = None,
        nvram: "Path | None" = None,
        trace: "Trace | None" = None,
    ) -> None:
        commands.load()
        self.family, self.model = families.find(model)
        self.options = families.Options(self.family, options)
        self.random = random.Random(seed)
        self.clock = clock or Clock.real()
        self.resolver = Resolver(resolver, allow_network)
        self.names = Names(self)
        self.resolver.ask = self.names.addresses
        self.faults = Faults()
        self.last_error = 0  # the register of AT+QIGETERROR
        self.activity = 0  # counts everything that happens, for settle()
        self.files: "dict[str, bytes]" = {}
        self.service: "dict[str, object]" = {}  # state of command groups, by their name; cleared by a restart
        self._nvram_path = nvram
        self.nvram: "dict[str, object]" = power.load_nvram(nvram)
        self.qicfg: "dict[str, list[int]]" = {}
        self.peers: "dict[tuple[str, int], Serve]" = {}  # servers in this process, by the address they stand for
        self.shutdown = asyncio.Event()  # set by the control port or a signal: the program should end
        self.url = ""  # set by start()
        self.sim = Sim(self.options.text("pin"))
        self.connections = Table(self)
        self.network = Network(self)
        self.terminal = Terminal(self)
        self.power = power.Power(self)
        self.saving = Saving(self)
        self.keep_alive = KeepAlive(self)
        self.wall = (families.CLOCK_START, 0)  # the module's clock: a time, and when it was set
        self.line = Line(self, baud)
        self._log = ByteLog(trace)
        self._sinks: "list[Callable[[bytes], None]]" = []
        self._out = bytearray()
        self._work = Work(self._work_ended)
        self._closers: "list[Callable[[], Coroutine[object, object, None]]]" = []
        self.to_host = Pacer(self.clock, baud, self._to_host)
        self.to_module = Pacer(self.clock, baud, self._to_module)
        self.load_settings()

    # --- bytes ----------------------------------------------------------------------------------------------------
    def feed(self, data: bytes) -> None:
        """Bytes from the host."""
        self.to_module.put(self.faults.damage(self.line.to_module(bytes(data)), "module"))

    def _to_module(self, data: bytes) -> None:
        self.activity += 1
        self._log.note(self.clock.now_ms(), ">>", data)
        self.power.receive(data)

    def output(self, data: bytes) -> None:
        """Bytes for the host, from the terminal."""
        data = self.faults.damage(self.line.to_host(self.power.filter(data)), "host")
        if data:
            self.to_host.put(data)

    def _to_host(self, data: bytes) -> None:
        self.activity += 1
        data = self.line.arrive(data)
        if not data:
            return
        self._log.note(self.clock.now_ms(), "<<", data)
        if not self._sinks:
            self._out += data
        for sink in self._sinks:
            sink(data)

    def take(self) -> bytes:
        """Bytes for the host since the last call (as long as no transport is attached)."""
        data = bytes(self._out)
        self._out.clear()
        return data

    def attach(self, sink: "Callable[[bytes], None]") -> "Callable[[], None]":
        """Give the bytes for the host to `sink`; returns what detaches it."""
        self._sinks.append(sink)
        return lambda: self._sinks.remove(sink) if sink in self._sinks else None

    # --- for commands ---------------------------------------------------------------------------------------------
    def urc(self, text: "str | bytes") -> None:
        """Print a URC as soon as it may come."""
        self.activity += 1
        self.terminal.urc(text)

    @property
    def urcs_hidden(self) -> bool:
        """True when URCs go to another port."""
        return self.options["urcport"] != "uart1"

    def loses_urcs(self) -> bool:
        """True when a recv URC would be lost now (R390)."""
        from .entry import DataEntry

        return bool(self.options["lossy_urc_in_data_mode"]) and isinstance(self.terminal.mode, DataEntry)

    def urc_bytes(self, frame: bytes) -> None:
        """The same for a URC with its line ends."""
        self.activity += 1
        if not self.urcs_hidden:
            self.terminal.late(frame)

    def prompt(self) -> bytes:
        """The bytes of the prompt."""
        return b"\r\n>\r\n" if self.setting("formatcfg") else self.options.text("prompt").encode("latin-1")

    def payload(self, head: str, data: bytes) -> bytes:
        """A header and its payload as viewmode and dataformat want them (R199, R410)."""
        if self.setting("dataformat", 1):
            data = data.hex().upper().encode()
        return head.encode() + (b"," if self.setting("viewmode") else b"\r\n") + data

    def setting(self, item: str, index: int = 0) -> int:
        """A value of AT+QICFG; 0 where the family has no such item."""
        values = self.qicfg.get(item)
        return values[index] if values is not None else 0

    def connect_limit_ms(self) -> int:
        """Longest time of a TCP connect: open_time where the family has it (R114, R115)."""
        seconds = self.setting("open_time")
        return seconds * 1000 if seconds else self.options.number("connect_timeout_ms")

    async def look_up(self, host: str, port: int, version: int = 0) -> "tuple[str, int]":
        """Where a host is; NoAddress with 565 or 566, also by the DNS faults."""
        if not is_address(host):
            await self.delay_names()
        return await self.resolver.find(host, port, version)

    async def delay_names(self) -> None:
        """What the DNS faults do to a query."""
        slow = self.faults.take("dns_slow")
        if slow is not None:
            wait_ms = slow.value("ms", 5000)
            await self.clock.sleep_ms(min(wait_ms, DNS_LIMIT_MS))
            if wait_ms > DNS_LIMIT_MS:
                raise NoAddress(DNS_FAILED)
        if self.faults.take("dns_failure") is not None:
            raise NoAddress(DNS_FAILED)

    def set_wall(self, when: datetime) -> None:
        """Set the module's clock (AT+CCLK, AT+QNTP)."""
        self.wall = (when, self.clock.now_ms())

    def set_rate(self, baud: int) -> None:
        """A new rate of the port; it paces only if the module was made with one."""
        self.line.setting = baud
        if "packet" not in self.family.features:
            self.save("ipr", baud)  # the LTE modules do so with AT&W
        self.pace()

    def pace(self) -> None:
        """The bytes go as fast as the port's rate says, if the module was made with one."""
        for pacer in (self.to_host, self.to_module):
            pacer.baud = self.line.host_rate if pacer.baud is not None else None

    def end_services(self) -> None:
        """Forget the state of the command groups; those that hold sockets have a `shut_down`."""
        for one in self.service.values():
            shut_down = getattr(one, "shut_down", None)
            if shut_down is not None:
                shut_down()
        self.service.clear()
        self.names.forget()
        self._work.end_serving()

    def later(self, delay_ms: int, call: "Callable[[], None]") -> None:
        """Run `call` after a while, at once when that is 0; not when the module restarted meanwhile."""
        epoch = self.power.epoch

        def run() -> None:
            if epoch == self.power.epoch:
                self.activity += 1
                call()

        if delay_ms:
            self.clock.call_later(delay_ms, run)
        else:
            run()

    def spawn(self, work: Coro) -> "asyncio.Task[None]":
        """Run something beside the port; its failure is the module's own and raised by aclose()."""
        return self._work.spawn(work)

    def serve(self, name: str, work: Coro) -> None:
        """Like spawn, for late results of a command of that name: a restart ends it."""
        self._work.serve(name, work)

    def serving(self, name: str) -> bool:
        """True while a command's late results are still to come, and the option lets only one run at a time."""
        return bool(self.options["one_service"]) and self._work.serves(name)

    @property
    def busy(self) -> bool:
        """True while something goes on that deep sleep must not cut."""
        return bool(self._work) or any(one.busy for one in self.connections.all())

    def _work_ended(self, failed: bool) -> None:
        self.activity += 1
        if failed:
            self.terminal.answer("ERROR")

    # --- settings -------------------------------------------------------------------------------------------------
    def load_settings(self) -> None:
        """QICFG at its defaults, then what was saved (R203, R204, R306)."""
        self.qicfg = {item: [value[2] for value in values] for item, values in self.family.qicfg.items()}
        for item, values in self.nvram.items():
            if item in self.qicfg and isinstance(values, list):
                self.qicfg[item] = [int(value) for value in values]

    def save(self, name: str, value: object) -> None:
        """Keep a value over restarts, and over runs when `nvram` was given."""
        self.nvram[name] = value
        if self._nvram_path is not None:
            self._nvram_path.write_text(json.dumps(self.nvram), encoding="utf-8")

    # --- for tests ------------------------------------------------------------------------------------------------
    @property
    def log(self) -> "list[tuple[int, str, bytes]]":
        """The byte log: (ms, ">>" or "<<", bytes); see byte_log.ByteLog."""
        return self._log.entries()

    @property
    def errors(self) -> "list[BaseException]":
        """Failures of the module's own code; aclose() raises the first."""
        return self._work.errors

    @property
    def sockets(self) -> "list[states.SocketState]":
        """The connections, as plain data; `local` is the real loopback address."""
        return [states.of_connection(connection) for connection in self.connections.all()]

    def fault(self, name: str, **params: object) -> int:
        """Arm a fault of `faults.KNOWN`; returns its number. ValueError for what does not exist."""
        fault = self.faults.arm(name, params)
        self.power.strike(fault)
        return fault.number

    def clear(self, name: "str | None" = None) -> None:
        """Disarm the faults of one name, or all; a hanging module stays so until power or reset."""
        self.faults.clear(name)

    def pin(self, name: str, level: int, ms: "int | None" = None) -> None:
        """Set a pin: pwrkey, reset, dtr, psm_eint or cts; with `ms` it goes back after that time."""
        self.power.pin(name, level, ms)

    def host_rate(self, baud: "int | None") -> None:
        """The host's UART runs at that rate: garbage both ways while the module's is another. None: it fits."""
        self.line.set_host(baud)

    def let_out(self) -> None:
        """The host has room again, or lets the module send: what was held comes."""
        if self.line.held:
            self._to_host(b"")

    def press(self, ms: int) -> None:
        """Press the power key for `ms`."""
        self.power.press(ms)

    def at(self, ms: int, **order: object) -> None:
        """Carry out an order of the control port `ms` from now: at(60_000, do="network", stat=2). A day of them."""
        from .control import carry_out

        def act() -> None:
            carry_out(self, order)

        self.clock.call_later(ms, act)

    def state(self) -> states.State:
        """Everything above as JSON-able data."""
        return states.of_module(self)

    async def settle(self) -> None:
        """Wait until nothing happens any more without the clock being stepped (at most three seconds)."""
        await settle(self)

    def is_alone(self) -> bool:
        """True when nothing can come from outside: no host, no socket, no time that passes by itself."""
        holds = any(hasattr(one, "shut_down") for one in self.service.values())
        return not (holds or self._sinks or self._work or self.connections.all()) and self.clock.is_stepped

    # --- transports -----------------------------------------------------------------------------------------------
    async def serve_tcp(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Serve the port's bytes on TCP; returns "socket://host:port". ValueError unless the host is loopback."""
        from .transports import serve_tcp

        url, closer = await serve_tcp(self, host, port)
        self._closers.append(closer)
        return url

    async def serve_pty(self, link: "str | None" = None) -> str:
        """Serve the port's bytes on a pty; returns its path, or `link` when a link to it is to be made."""
        from .transports import serve_pty

        path, closer = await serve_pty(self, link)
        self._closers.append(closer)
        return path

    async def serve_control(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Serve the control port (one JSON object a line); returns "host:port"."""
        from .control import serve_control

        where, closer = await serve_control(self, host, port)
        self._closers.append(closer)
        return where

    def pipe(self, rxbuf: int = 0) -> "Pipe":
        """An in-memory UART with readinto, write and init, also for another thread; `rxbuf`: bytes it holds, 0 any."""
        from .pipe import Pipe

        return Pipe(self, rxbuf)

    async def aclose(self) -> None:
        """Close everything; raises the first failure of the module's own code."""
        for closer in self._closers:
            await closer()
        self._closers.clear()
        self.connections.drop_all()
        self.end_services()
        self.terminal.reset()
        await self._work.aclose()
        for _ in range(CLOSING_ROUNDS):
            await asyncio.sleep(0)  # transports close in the loop's next rounds
        if self.errors:
            raise self.errors[0]
