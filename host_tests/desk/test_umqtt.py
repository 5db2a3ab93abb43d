"""umqtt.simple itself, unmodified, in the unix VM over a modem: plain and over the module's TLS, against mosquitto."""

from __future__ import annotations

from typing import Any

import pytest
import umqtt_client
from broker import Broker
from kit import rows
from test_drop_in import LIMIT_S, ca, needs_vm, said, start_vm, world
from vm_drop_in import BROKER, SECURE_BROKER


@pytest.fixture(scope="module")
def client() -> str:
    place = umqtt_client.folder()
    if place is None:
        pytest.skip(umqtt_client.MISSING)
    return str(place)


@needs_vm
@rows("R149", "R161", "R061")
@pytest.mark.parametrize(
    ("model", "secure", "qos"),
    [("BC25", False, 1), ("BG96", False, 0), ("BG96", True, 1), ("EC200U", True, 0)],
)
def test_mqtt(model: str, secure: bool, qos: int, client: str, messages: int = 200) -> None:
    """200 messages each way, all of them and in order."""
    host = SECURE_BROKER if secure else BROKER
    with Broker(host) as broker, world(model, **{host: broker.tls_port if secure else broker.port}) as w:
        heard, ready = broker.subscribe("up", messages), broker.subscribe("ready", 1)
        job: dict[str, Any] = {"url": w.module.url, "model": model, "ca": ca(secure), "qos": qos, "client": client}
        vm = start_vm(script="vm_umqtt.py", messages=messages, **job)
        assert ready.communicate(timeout=LIMIT_S)[0] == b"now\n"
        broker.publish("down", ["down %d" % i for i in range(messages)], qos)
        lines = said(vm)
        assert lines["client:"] == "umqtt.simple of %s/umqtt/simple.py" % client
        assert lines["received"] == "%d True" % messages
        assert heard.communicate(timeout=LIMIT_S)[0].decode().split("\n")[:-1] == ["up %d" % i for i in range(messages)]
