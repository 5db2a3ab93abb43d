"""Run in the unix MicroPython VM by test_umqtt.py: umqtt.simple itself, unmodified, over a modem."""

import sys
from json import loads

from vm_drop_in import BROKER, SECURE_BROKER, online
from vm_patient import patient

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def main() -> None:
    """Send so many messages and receive as many."""
    patient()
    job: "Any" = loads(sys.stdin.readline())
    modem = online(job)
    sys.modules["usocket"], sys.modules["ussl"] = sys.modules["socket"], sys.modules["ssl"]  # as it calls them
    sys.path.append(job["client"])
    umqtt: "Any" = __import__("umqtt.simple").simple
    print("client: umqtt.simple of", umqtt.__file__)
    client = umqtt.MQTTClient("vm", SECURE_BROKER if job["ca"] else BROKER, keepalive=60, ssl=bool(job["ca"]))
    got: "list[bytes]" = []
    client.set_callback(lambda topic, message: got.append(message))
    client.set_last_will(b"will", b"gone", qos=1)
    client.connect()
    client.subscribe(b"down", job["qos"])
    client.ping()
    client.publish(b"ready", b"now", qos=1)
    for i in range(job["messages"]):
        client.publish(b"up", b"up %d" % i, qos=job["qos"])
        client.check_msg()
    while len(got) < job["messages"]:
        client.wait_msg()
    client.disconnect()
    print("received", len(got), got == [b"down %d" % i for i in range(job["messages"])])
    modem.disconnect()


main()
