"""`openssl s_server` as a peer: a TLS implementation that is neither Python's nor the virtual module's."""

from __future__ import annotations

import asyncio
import functools
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from desk import debian
from desk.common import Stop

FLAGS = {1: "-tls1", 2: "-tls1_1", 3: "-tls1_2"}


@functools.cache
def program() -> str:
    """The openssl program: the one on PATH, or Debian's own, fetched once; fails in words where there is neither."""
    found = shutil.which("openssl")
    if found is not None:
        return found
    try:
        return str(debian.rootless(["openssl"]) / "openssl")
    except Stop as error:
        raise AssertionError("these tests need the program openssl on PATH: %s" % error) from None


class OpensslServer:
    """s_server on loopback. Over TLS it says every line back reversed; over DTLS what `say` gives.

    `log` is what it printed: versions, suites, alerts, and over DTLS the data.
    """

    def __init__(self, cert: bytes, key: bytes, *options: str, client_ca: bytes = b"", reverse: bool = True) -> None:
        self._files = {"cert.pem": cert, "key.pem": key, "ca.pem": client_ca}
        self._options = [*options, *(["-rev"] if reverse else [])]
        if client_ca:
            self._options += ["-Verify", "3", "-verify_return_error", "-CAfile", "ca.pem"]
        self.log = b""
        self.port = 0

    async def __aenter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory()
        for name, data in self._files.items():
            Path(self._folder.name, name).write_bytes(data)
        self._process = await asyncio.create_subprocess_exec(
            program(), "s_server", "-accept", "127.0.0.1:0", "-cert", "cert.pem", "-key", "key.pem", *self._suites(),
            cwd=self._folder.name, env={**os.environ, "OPENSSL_CONF": os.devnull}, stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        self._reader = asyncio.create_task(self._read())
        try:
            await asyncio.wait_for(self.seen(rb"ACCEPT \S+:(\d+)\s"), 30)
        except BaseException:
            await self.__aexit__()
            raise
        self.port = int(self.find(rb"ACCEPT \S+:(\d+)\s"))
        return self

    def _suites(self) -> Sequence[str]:
        given = "-cipher" in self._options
        return self._options if given else [*self._options, "-cipher", "ALL:@SECLEVEL=0"]

    async def __aexit__(self, *_: object) -> None:
        self._process.kill()
        await self._process.wait()
        await self._reader
        self._folder.cleanup()

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while data := await self._process.stdout.read(65536):
            self.log += data

    def find(self, pattern: bytes) -> bytes:
        """The group of the last match in what was printed, or nothing."""
        found = re.findall(pattern, self.log)
        return bytes(found[-1]) if found else b""

    async def seen(self, pattern: bytes) -> None:
        """Wait for something printed; a server that ended says why."""
        while not re.search(pattern, self.log):
            assert not self._reader.done(), self.log
            await asyncio.sleep(0.002)

    def say(self, data: bytes) -> None:
        """Over DTLS: bytes for the client."""
        assert self._process.stdin is not None
        self._process.stdin.write(data)
