"""The control port: one JSON object a line, the verbs of the Python API.

    {"do": "fault", "name": "reboot", "at_byte": 100}   ->   {"ok": true, "id": 3}
    {"do": "advance", "ms": 1000}  {"do": "clear", "name": "reboot"}  {"do": "pin", "name": "dtr", "level": 1}
    {"do": "press", "ms": 700}  {"do": "state"}  {"do": "log"}  {"do": "options", "prompt": "\\r\\n>"}
    {"do": "step", "ms": 1000}: up to the next thing that happens, at most so long, once what was typed has been used
    {"do": "later", "ms": 60000, "order": {"do": "network", "stat": 2}}: a day can be scripted
    {"do": "rate", "baud": 9600}: what the host's UART runs at; null: whatever the module does
    {"do": "network", "stat": 3}  {"do": "sim", "state": "PIN"}  {"do": "shutdown"}

What fails answers {"ok": false, "error": "words"}.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, cast

from .resolver import is_loopback

if TYPE_CHECKING:
    from .module import VirtualModule

Answer = dict[str, object]
Verb = Callable[["VirtualModule", Answer], Answer]
NETWORK = ("stat", "rssi", "operator", "plmn", "act", "address", "tac", "cell")
STEP_ROUNDS = 3
SIM = ("state", "pin", "tries")


def _fault(module: VirtualModule, asked: Answer) -> Answer:
    name = str(asked.pop("name", ""))
    return {"id": module.fault(name, **asked)}


def _advance(module: VirtualModule, asked: Answer) -> Answer:
    module.clock.advance(_number(asked, "ms"))
    return {"now_ms": module.clock.now_ms()}


def _later(module: VirtualModule, asked: Answer) -> Answer:
    order = asked.get("order")
    if not isinstance(order, dict):
        raise ValueError("order must be an object with a do")
    module.at(_number(asked, "ms"), **order)
    return {}


def _clear(module: VirtualModule, asked: Answer) -> Answer:
    name = asked.get("name")
    module.clear(None if name is None else str(name))
    return {}


def _pin(module: VirtualModule, asked: Answer) -> Answer:
    ms = _number(asked, "ms") if "ms" in asked else None
    module.pin(str(asked.get("name")), _number(asked, "level"), ms)
    return {}


def _press(module: VirtualModule, asked: Answer) -> Answer:
    module.press(_number(asked, "ms"))
    return {}


def _state(module: VirtualModule, asked: Answer) -> Answer:
    return {"state": module.state()}


def _log(module: VirtualModule, asked: Answer) -> Answer:
    return {"log": [[ms, way, data.decode("latin-1")] for ms, way, data in module.log]}


def _options(module: VirtualModule, asked: Answer) -> Answer:
    module.options.change(asked)
    return {"options": dict(module.options)}


def _network(module: VirtualModule, asked: Answer) -> Answer:
    return _set(module.network, NETWORK, asked)


def _sim(module: VirtualModule, asked: Answer) -> Answer:
    return _set(module.sim, SIM, asked)


def _rate(module: VirtualModule, asked: Answer) -> Answer:
    module.host_rate(None if asked.get("baud") is None else _number(asked, "baud"))
    return {"host": module.line.host, "module": module.line.rate}


def _set(thing: object, names: "tuple[str, ...]", asked: Answer) -> Answer:
    for name, value in asked.items():
        if name not in names:
            raise ValueError("there is no %r; there are %s" % (name, ", ".join(names)))
        setattr(thing, name, value)
    return {name: getattr(thing, name) for name in names}


def _shutdown(module: VirtualModule, asked: Answer) -> Answer:
    module.shutdown.set()
    return {}


VERBS: "dict[str, Verb]" = {
    "fault": _fault,
    "advance": _advance,
    "later": _later,
    "clear": _clear,
    "pin": _pin,
    "press": _press,
    "state": _state,
    "log": _log,
    "options": _options,
    "network": _network,
    "sim": _sim,
    "rate": _rate,
    "shutdown": _shutdown,
}


def _number(asked: Answer, name: str) -> int:
    value = asked.get(name)
    if not isinstance(value, int):
        raise ValueError("%s must be a whole number" % name)
    return value


def carry_out(module: VirtualModule, asked: Answer) -> Answer:
    """One order; ValueError when it cannot be."""
    asked = dict(asked)
    verb = VERBS.get(str(asked.pop("do", "")))
    if verb is None:
        raise ValueError('unknown "do"; there are %s' % ", ".join(VERBS))
    return {"ok": True, **verb(module, asked)}


def obey(module: VirtualModule, line: bytes) -> Answer:
    """Carry out one line."""
    try:
        asked = json.loads(line)
        if not isinstance(asked, dict):
            raise ValueError("one JSON object a line, please")
        return carry_out(module, asked)
    except ValueError as error:  # JSON's errors are ValueErrors too
        return {"ok": False, "error": str(error)}


async def step(module: VirtualModule, ms: int) -> int:
    """Let the module use what was typed; if it then says nothing, move its clock to the next timer, by `ms` at most.

    Gives how far the clock was moved.
    """
    seen = module.activity
    for _ in range(STEP_ROUNDS):
        await asyncio.sleep(0)
    if module.activity != seen:
        return 0
    due = module.clock.next_ms()
    ms = min(ms, due) if due >= 0 else ms
    module.clock.advance(ms)
    await asyncio.sleep(0)
    return ms


class Control(asyncio.Protocol):
    """One client of the control port."""

    def __init__(self, module: VirtualModule, clients: "set[Control]") -> None:
        self.module, self.clients = module, clients
        self.typed = bytearray()
        self.steps: "set[asyncio.Task[None]]" = set()
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: a client."""
        self.transport = cast(asyncio.Transport, transport)
        self.clients.add(self)

    def connection_lost(self, exc: "Exception | None") -> None:
        """asyncio: it has gone."""
        self.clients.discard(self)

    def data_received(self, data: bytes) -> None:
        """asyncio: lines, or parts of them."""
        self.typed += data
        while b"\n" in self.typed:
            line, _, rest = bytes(self.typed).partition(b"\n")
            self.typed = bytearray(rest)
            if b'"step"' in line:
                steps = asyncio.get_running_loop().create_task(self._step(line))
                self.steps.add(steps)
                steps.add_done_callback(self.steps.discard)
            elif line.strip():
                self.transport.write(json.dumps(obey(self.module, line)).encode() + b"\n")

    async def _step(self, line: bytes) -> None:
        try:
            moved = await step(self.module, _number(json.loads(line), "ms"))
            answer: Answer = {"ok": True, "ms": moved, "now_ms": self.module.clock.now_ms()}
        except ValueError as error:
            answer = {"ok": False, "error": str(error)}
        self.transport.write(json.dumps(answer).encode() + b"\n")


async def serve_control(
    module: VirtualModule, host: str, port: int
) -> "tuple[str, Callable[[], Coroutine[object, object, None]]]":
    """Listen for control clients on loopback; returns "host:port" and what closes it."""
    if not is_loopback(host):
        raise ValueError("%s is no loopback address; use 127.0.0.1" % host)
    clients: "set[Control]" = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Control(module, clients), host, port)

    async def close() -> None:
        server.close()
        for client in list(clients):
            client.transport.close()

    name = server.sockets[0].getsockname()
    return "%s:%d" % (name[0], name[1]), close
