"""Clients that know nothing of modems run over one: MQTT, HTTP and asyncio's streams, plain and over the module's TLS.

In the unix VM `requests` and `asyncio.open_connection` are the VM's own, unmodified.  mqtt_contract.py makes the calls
of umqtt.simple 1.8, which pip does not have; test_umqtt.py has the release that it has.  The peers are mosquitto and
Python's HTTP server.  On CPython http.client gets the modem's socket as conn.sock, and nothing goes into sys.modules.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import http.client
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import vm_peers as peers
from broker import Broker
from desk import runtimes
from desk.common import ROOT
from e2e import LOOPBACK, World
from kit import rows
from pulse import unhurried
from quectel import Modem, TLSContext
from quectel_host import open_uart
from vm_drop_in import BROKER, OTHER_WEB, SECURE_BROKER, SECURE_WEB, WEB

__all__ = ["unhurried"]
MICROPYTHON = runtimes.find_unix_vm()
needs_vm = pytest.mark.skipif(MICROPYTHON is None, reason=runtimes.NO_UNIX_VM)
HERE = Path(__file__).parent
PAGE = (bytes(range(256)) * 1000 + b'\r\nOK\r\n+QIURC: "closed",0\r\n> ' * 500)[: 256 * 1024]
SUM = hashlib.sha256(PAGE).hexdigest()
LIMIT_S = 100
_running: "list[subprocess.Popen[str]]" = []


class Site(BaseHTTPRequestHandler):
    """GET /large gives PAGE, POST /echo what was sent."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(PAGE)

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def site(secure: bool, version: int = 3) -> "Iterator[int]":
    """The port of a web server; version: of TLS, see server_context()."""
    server = ThreadingHTTPServer((LOOPBACK, 0), Site)
    if secure:
        context = peers.server_context(peers.leaf("one", SECURE_WEB), version)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@contextlib.contextmanager
def world(model: str, **names: int) -> "Iterator[World]":
    made = World(model)
    try:
        for name, port in names.items():
            made.name(name, port)
        yield made
    finally:
        while _running:  # a test that failed did not wait for its VM
            vm = _running.pop()
            vm.kill()
            vm.communicate()
        made.close()


def start_vm(
    limit: str = runtimes.HEAP, script: str = "vm_drop_in.py", *arguments: str, **job: Any
) -> "subprocess.Popen[str]":
    """The job in the VM, which reads it from its standard input."""
    assert MICROPYTHON is not None
    path = () if arguments else (ROOT / "lib", HERE)
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    vm = runtimes.start_unix(MICROPYTHON, HERE / script, arguments, path=path, heap=limit, **pipes)
    assert vm.stdin is not None
    _running.append(vm)
    vm.stdin.write(json.dumps(job) + "\n")
    vm.stdin.flush()
    return vm


def said(vm: "subprocess.Popen[str]") -> "dict[str, str]":
    """What the VM printed: first words and the rest of their lines."""
    output, _ = vm.communicate(timeout=LIMIT_S)
    _running.remove(vm)
    assert vm.returncode == 0, output
    return dict(line.partition(" ")[::2] for line in output.splitlines())


def exchange(model: str, secure: bool, qos: int, messages: int, **job: Any) -> "dict[str, str]":
    """A client in the VM and mosquitto's send each other so many messages; what the VM has said."""
    host = SECURE_BROKER if secure else BROKER
    with Broker(host) as broker, world(model, **{host: broker.tls_port if secure else broker.port}) as w:
        heard, ready = broker.subscribe("up", messages), broker.subscribe("ready", 1)
        vm = start_vm(url=w.module.url, model=model, ca=ca(secure), qos=qos, messages=messages, **job)
        assert ready.communicate(timeout=LIMIT_S)[0] == b"now\n"
        broker.publish("down", ["down %d" % i for i in range(messages)], qos)
        lines = said(vm)
        assert lines["received"] == "%d True" % messages
        assert heard.communicate(timeout=LIMIT_S)[0].decode().split("\n")[:-1] == ["up %d" % i for i in range(messages)]
    return lines


def ca(secure: bool) -> str:
    return peers.ca_pem("one").decode() if secure else ""


@needs_vm
@rows("R112", "R061", "R190")
@pytest.mark.parametrize(("model", "secure"), [("BC25", False), ("EC200U", True)])
def test_requests(model: str, secure: bool) -> None:
    """256 KiB whole and in pieces, and a POST.  That `requests` asks for CERT_NONE lets no wrong name pass."""
    names = (SECURE_WEB, OTHER_WEB) if secure else (WEB,)
    with site(secure) as port, world(model, **dict.fromkeys(names, port)) as w:
        lines = said(start_vm(do="web", url=w.module.url, model=model, ca=ca(secure)))
    assert lines["whole"] == "200 %d %s" % (len(PAGE), SUM)
    assert lines["pieces"] == "%d %s" % (len(PAGE), SUM)
    assert lines["posted"] == "{'a': [1, 2, 3]}"
    if secure:
        assert lines["https://" + OTHER_WEB] == "%d False" % errno.ECONNABORTED
        assert lines["https://%s:8443" % SECURE_WEB] == "%d False" % errno.EOPNOTSUPP


@needs_vm
@rows("R149", "R161", "R061")
@pytest.mark.parametrize(
    ("model", "secure", "qos"),
    [("BC65", False, 0), ("EC200U", False, 1), ("BG96", True, 0), ("EC200U", True, 1)],
)
def test_mqtt(model: str, secure: bool, qos: int, messages: int = 200) -> None:
    """200 messages each way, all of them and in order; also over TLS."""
    exchange(model, secure, qos, messages, do="mqtt", heap=False)


@needs_vm
@rows("R112", "R061")
@pytest.mark.parametrize(
    ("face", "model", "secure"), [("blocking", "EC200U", True), ("asyncio", "BC25", False), ("asyncio", "BG96", True)]
)
def test_open_connection(face: str, model: str, secure: bool) -> None:
    """Two downloads at once with asyncio's streams."""
    with site(secure) as port, world(model, **{SECURE_WEB if secure else WEB: port}) as w:
        lines = said(start_vm(do="streams", face=face, url=w.module.url, model=model, ca=ca(secure)))
    assert lines["whole"] == "200 %d %s" % (len(PAGE), SUM)
    assert lines["pieces"] == "%d %s" % (len(PAGE), SUM)
    assert lines["refused"]


@needs_vm
@rows("R118", "R217")
@pytest.mark.parametrize("face", ["blocking", "asyncio"])
def test_start_server(face: str) -> None:
    """A server of asyncio's streams answers a client that comes in through the module."""
    with world("BC65") as w:
        vm = start_vm(do="serve", face=face, port=2020, url=w.module.url, model="BC65", ca="")
        w.run(peers.until(lambda: w.module.sockets and w.module.sockets[0]["local"][1], 25))
        with socket.create_connection(w.module.sockets[0]["local"], timeout=30) as client:
            client.sendall(b"hello\n")
            assert client.makefile().read() == "you said hello\n"
        assert said(vm)["served"] == "True"
        assert not w.module.sockets


@needs_vm
@rows("R112")
def test_two_modems() -> None:
    with site(False) as port, world("BC25", **{WEB: port}) as w, world("BG96", **{WEB: port}) as v:
        lines = said(start_vm(do="two", modems=[(w.module.url, "BC25"), (v.module.url, "BG96")], ca=""))
    assert lines["whole"] == "200 %d %s" % (len(PAGE), SUM)
    assert lines["pieces"] == "%d %s" % (len(PAGE), SUM)


@rows("R112", "R061")
@pytest.mark.parametrize("secure", [False, True])
def test_http_client(secure: bool) -> None:
    """CPython's http.client on a socket of the modem: keep-alive, then a connection that its answer outlives."""
    before = dict(sys.modules)
    host = SECURE_WEB if secure else WEB
    with (
        site(secure) as port,
        world("EC200U", **{host: port}) as w,
        contextlib.closing(open_uart(w.module.url)) as uart,
    ):
        modem = Modem(uart, "EC200U")
        modem.connect("internet")
        tls = TLSContext(ca=peers.ca_pem("one")) if secure else None
        connection = http.client.HTTPConnection(host)
        connection.sock = modem.create_connection((host, 443 if secure else 80), tls=tls, timeout_ms=5000)
        for method, path, body, wanted in (
            ("GET", "/large", None, PAGE),
            ("POST", "/echo", b"data\r\n" * 300, b"data\r\n" * 300),
        ):
            connection.request(method, path, body)
            assert connection.getresponse().read() == wanted
        connection.request("GET", "/large", headers={"Connection": "close"})
        answer = connection.getresponse()
        connection.close()
        buf = bytearray(len(PAGE))
        assert answer.readinto(buf) == len(PAGE) and buf == PAGE
        answer.close()
        assert not w.module.sockets
    assert sys.modules["socket"] is before["socket"] and sys.modules["ssl"] is before["ssl"]
