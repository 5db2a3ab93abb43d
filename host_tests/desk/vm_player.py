"""Plays the worked examples at a virtual module, with peers on loopback that do what the examples say."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Self

import transcript
from vm_bench import Bench
from vm_peers import DatagramServer, ProtocolServer, until

STEPS_MAX, STEP_MS = 200, 50
Answer = Callable[[bytes], bytes | None]
Act = Callable[[], object]  # what it gives is awaited if it can be
NONE: Mapping[int, Act] = MappingProxyType({})


class Peer(ProtocolServer):
    """A TCP server for one client at a time: keeps what it hears, says what it is told, echoes when asked to."""

    def __init__(self, rcvbuf: int = 0) -> None:
        super().__init__()
        self.rcvbuf = rcvbuf
        self.heard = b""
        self.echo = False
        self.ended = 0

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        if self.rcvbuf:
            self._server.sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.rcvbuf)
        return self

    def data_received(self, data: bytes) -> None:
        self.heard += data
        if self.echo:
            self.links[-1].write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended += 1

    def say(self, data: bytes) -> None:
        self.links[-1].write(data)

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port


class UdpPeer(DatagramServer):
    """A UDP socket on loopback; `answer(data)` gives the datagram to send back, or None."""

    def __init__(self, answer: Answer | None = None) -> None:
        self.heard: list[bytes] = []
        self.senders: list[tuple[str, int]] = []
        self.answer = answer

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.heard.append(data)
        self.senders.append(addr)
        reply = self.answer(data) if self.answer else None
        if reply is not None:
            self.transport.sendto(reply, addr)

    def say(self, data: bytes) -> None:
        self.transport.sendto(data, self.senders[-1])

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port


def ntp_answer(unix_s: int) -> Answer:
    """An NTP server's answers, always with this time."""

    def answer(asked: bytes) -> bytes | None:
        return bytes(40) + struct.pack("!II", unix_s + 2_208_988_800, 0) if len(asked) == 48 else None

    return answer


def free_local(host: str = "127.0.0.1") -> socket.socket:
    """A client socket that knows its own port before it connects."""
    sock = socket.socket()
    sock.setblocking(False)
    sock.bind((host, 0))
    return sock


async def said(bench: Bench, peer: Peer | UdpPeer, data: bytes) -> bytes:
    """What the module prints when the peer sends data."""
    before = sum(one.received for one in bench.module.connections.all())
    peer.say(data)
    await until(lambda: sum(one.received for one in bench.module.connections.all()) > before)
    await bench.module.settle()
    return bench.module.take()


class Player:
    """Plays files one after the other at one bench."""

    def __init__(self, bench: Bench, folder: str) -> None:
        self.bench, self.module = bench, bench.module
        self.folder = folder
        self.other_spelling = False  # the module's last answer was a variant
        self.waiting: Act | None = None  # called while the module is silent

    async def play(self, name: str, acts: Mapping[int, Act] = NONE, other_spelling: bool = False) -> None:
        """Play the file whose name begins with `name`; `acts` {3: f} calls (or awaits) f before stretch 3."""
        self.other_spelling = other_spelling
        parts = transcript.stretches(transcript.parse(find(self.folder, name)))
        assert set(acts) <= set(range(len(parts))), (name, acts)
        for number, (host, items) in enumerate(parts):
            if number in acts:
                done = acts[number]()
                if asyncio.iscoroutine(done):
                    await done
            if host:
                self._type(items)
            else:
                await self._expect(name, number, items)

    def _type(self, items: list[transcript.Item]) -> None:
        choices = transcript.spellings(items)
        self.module.feed(choices[-1] if self.other_spelling else choices[0])

    async def _expect(self, name: str, number: int, items: list[transcript.Item]) -> None:
        allowed = [transcript.loose(one) for one in transcript.spellings(items)]
        got = b""
        for _ in range(STEPS_MAX):
            got += self.module.take()
            if transcript.loose(got) in allowed:
                if len(allowed) > 1:
                    self.other_spelling = allowed.index(transcript.loose(got)) > 0
                return
            await self.module.settle()
            late = self.module.take()
            got += late
            if not late:
                self.step()
        raise AssertionError("%s, stretch %d: %r came, not one of %r" % (name, number, got, allowed))

    def step(self) -> None:
        """A little time passes."""
        if self.waiting is not None:
            self.waiting()
        self.module.clock.advance(STEP_MS)


def find(folder: str, name: str) -> str:
    """The path of the file in a folder whose name begins with `name`."""
    found = [path for path in transcript.paths() if "/%s/%s" % (folder, name) in path]
    assert len(found) == 1, (folder, name, found)
    return found[0]
