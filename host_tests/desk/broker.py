"""Debian's mosquitto as a peer: a broker on loopback, plain and over TLS, with its own subscriber.

paho-mqtt publishes: mosquitto_pub 2.0.21 reads lines in one thread and sends in another, and one run in some thousands
of it never ends.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import vm_peers as peers
from desk import debian
from desk.common import Stop
from paho.mqtt.publish import multiple

LOOPBACK = "127.0.0.1"
PROGRAMS = ("mosquitto", "mosquitto_sub")
_LIMIT_S = 60
_TRIES = 5


@functools.cache
def program(name: str) -> str:
    """One of PROGRAMS: on PATH, or Debian's own, fetched once; fails in words where there is neither."""
    found = shutil.which(name)
    if found is not None:
        return found
    try:
        return str(debian.rootless(["mosquitto", "mosquitto-clients"]) / name)
    except Stop as error:
        raise AssertionError("these tests need mosquitto and mosquitto-clients on PATH: %s" % error) from None


class Broker:
    """mosquitto on two free ports: `port` plain, `tls_port` with a certificate for `host`."""

    def __init__(self, host: str, label: str = "one") -> None:
        self._cert = peers.leaf(label, host)
        self._processes: "list[subprocess.Popen[bytes]]" = []

    def __enter__(self) -> "Broker":
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        (folder / "cert.pem").write_bytes(peers.chain_pem(self._cert))
        (folder / "key.pem").write_bytes(self._cert.private_key_pem.bytes())
        self._log = (folder / "log").open("wb")
        try:
            while not self._listens(folder):  # somebody else has one of its ports
                assert len(self._processes) < _TRIES, self._said()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.kill()
            process.communicate()
        self._log.close()
        self._folder.cleanup()

    def subscribe(self, topic: str, count: int) -> "subprocess.Popen[bytes]":
        """mosquitto_sub: prints each message of a topic on a line of its own, and ends after so many of them.

        Returns when the broker knows of it.
        """
        name = "sub%d" % len(self._processes)
        options = ("-h", LOOPBACK, "-p", str(self.port), "-i", name, "-q", "1", "-C", str(count), "-t", topic)
        client = self._start("mosquitto_sub", *options)
        self._await(lambda: " %s 1 %s" % (name, topic) in self._said(), client)
        return client

    def publish(self, topic: str, messages: "list[str]", qos: int) -> None:
        """Sends each of the messages, one behind the other."""
        multiple([(topic, message, qos, False) for message in messages], hostname=LOOPBACK, port=self.port)

    def _listens(self, folder: Path) -> bool:
        """Starts mosquitto; False where it has ended instead."""
        self.port, self.tls_port = peers.free_port(), peers.free_port()
        lines = (
            f"listener {self.port} {LOOPBACK}", f"listener {self.tls_port} {LOOPBACK}", f"certfile {folder}/cert.pem",
            f"keyfile {folder}/key.pem", "allow_anonymous true", "max_queued_messages 10000", "user root",
            "log_dest stderr", "log_type error", "log_type warning", "log_type subscribe", "log_type information",
        )  # fmt: skip
        (folder / "broker.conf").write_text("\n".join(lines) + "\n")
        process = self._start("mosquitto", "-c", str(folder / "broker.conf"))
        self._await(lambda: process.poll() is not None or " running" in self._said())
        return process.poll() is None

    def _start(self, name: str, *options: str) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            [program(name), *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._log
        )
        self._processes.append(process)
        return process

    def _said(self) -> str:
        return Path(self._log.name).read_text(errors="replace")

    def _await(self, condition: "Callable[[], bool]", process: "subprocess.Popen[bytes] | None" = None) -> None:
        end = time.monotonic() + _LIMIT_S
        while not condition():
            ended = process is not None and process.poll() is not None
            assert not ended and time.monotonic() < end, self._said()
            time.sleep(0.01)
