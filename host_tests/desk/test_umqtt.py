"""umqtt.simple itself, unmodified, in the unix VM over a modem: plain and over the module's TLS, against mosquitto."""

from __future__ import annotations

import pytest
import umqtt_client
from kit import rows
from test_drop_in import exchange, needs_vm


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
    lines = exchange(model, secure, qos, messages, script="vm_umqtt.py", client=client)
    assert lines["client:"] == "umqtt.simple of %s/umqtt/simple.py" % client
