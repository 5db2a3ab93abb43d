"""Peers of the CoAP tests on loopback: libcoap's programs, and a raw one that says what a test wants."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import aiocoap
import pytest
from desk import peers
from e2e import LOOPBACK
from vm_peers import free_port

CON, NON, ACK, RST = 0, 1, 2, 3


def program(name: str) -> str:
    """A program of libcoap; without it the test is skipped, in words."""
    found = peers.find(name)
    if found is None:
        pytest.skip(peers.NO_PEERS)
    return str(found)


@dataclass
class Program:
    """A program that runs; what it prints."""

    port: int = 0
    log: "list[str]" = field(default_factory=list)

    def heard(self) -> "list[str]":
        """The messages in its log, `t:CON c:GET i:1234 {token} [ options ] :: payload`."""
        return [line[line.index(" t:") + 1 :] for line in self.log if re.search(r"v:1 t:(CON|NON|ACK|RST)", line)]


@contextlib.asynccontextmanager
async def libcoap_server(*options: str) -> AsyncIterator[Program]:
    """coap-server with room for resources that a PUT makes, its messages in the log."""
    server = Program(free_port())  # it cannot be asked which one it took
    process = await asyncio.create_subprocess_exec(
        program("coap-server"), "-A", LOOPBACK, "-p", str(server.port), "-d", "20", "-v", "8", *options,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    reading = asyncio.ensure_future(_read(process, server.log))
    try:
        await asyncio.wait_for(_listening(server.port), 20)
        yield server
    finally:
        process.terminate()
        await process.wait()
        await reading


async def _read(process: asyncio.subprocess.Process, log: "list[str]") -> None:
    assert process.stdout is not None
    async for line in process.stdout:
        log.append(line.decode(errors="replace").rstrip())


async def _listening(port: int) -> None:
    """A CoAP ping is answered."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.setblocking(False)
        probe.connect((LOOPBACK, port))
        while True:
            with contextlib.suppress(OSError, asyncio.TimeoutError):
                probe.send(b"\x40\x00\x00\x01")
                await asyncio.wait_for(asyncio.get_running_loop().sock_recv(probe, 100), 0.2)
                return
            await asyncio.sleep(0.02)


async def libcoap_client(*arguments: str) -> str:
    """What coap-client prints."""
    process = await asyncio.create_subprocess_exec(
        program("coap-client"), "-v", "5", "-B", "30", *arguments,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        said, _ = await asyncio.wait_for(process.communicate(), 40)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    return said.decode(errors="replace")


class RawPeer(asyncio.DatagramProtocol):
    """A UDP socket with aiocoap's codec: answers each message with what `reply(message, number)` gives."""

    def __init__(self, reply: "Callable[[aiocoap.Message, int], list[tuple[float, bytes]]]") -> None:
        self._reply = reply
        self.heard: "list[aiocoap.Message]" = []
        self.port = 0

    async def __aenter__(self) -> RawPeer:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(LOOPBACK, 0))
        self.port = self._transport.get_extra_info("sockname")[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._transport.close()
        await asyncio.sleep(0)

    def datagram_received(self, data: bytes, address: "tuple[str | Any, int]") -> None:
        message = aiocoap.Message.decode(data)
        self.heard.append(message)
        self.module = address
        for delay, answer in self._reply(message, len(self.heard)):
            asyncio.get_running_loop().call_later(delay, self._transport.sendto, answer, address)

    def say(self, data: bytes) -> None:
        """To who has asked last."""
        self._transport.sendto(data, self.module)


def wire(
    type: int, code: int, mid: int, token: bytes = b"", payload: bytes = b"", observe: "int | None" = None
) -> bytes:
    """The datagram of a message."""
    message = aiocoap.Message(
        _mtype=aiocoap.Type(type), code=aiocoap.Code(code), _mid=mid, _token=token, payload=payload
    )
    if observe is not None:
        message.opt.observe = observe
    data: bytes = message.encode()
    return data
