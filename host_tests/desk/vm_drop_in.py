"""Run in the unix MicroPython VM by test_drop_in.py: clients that know nothing of modems, over a modem.

`requests` and `asyncio.open_connection` are the VM's own, unmodified.  mqtt_contract.py makes the calls of umqtt.simple
1.8 on sockets; umqtt.simple 1.3.4 itself is run by vm_umqtt.py.
"""

import sys
from binascii import hexlify
from hashlib import sha256
from json import loads

from quectel import Modem, TLSContext
from quectel_host import open_uart
from vm_patient import patient

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

WEB, SECURE_WEB, OTHER_WEB = "web.example", "secure.example", "other.example"
BROKER, SECURE_BROKER = "mqtt.example", "mqtts.example"


def context(job: "Any") -> "TLSContext | None":
    """What the ports of TLS have."""
    return TLSContext(ca=job["ca"].encode()) if job["ca"] else None


def look_alikes(modem: "Any", job: "Any") -> "Any":
    """The modules `socket` and `ssl` are the modem's from now on."""
    tls = context(job)
    modules = sys.modules
    modules["socket"] = modem.socket_module(tls={443: tls, 8883: tls} if tls else None)
    modules["ssl"] = modules["tls"] = modem.tls_module()
    return modules


def online(job: "Any", url: str = "") -> Modem:
    modem = Modem(open_uart(url or job["url"]), job["model"])
    modem.connect("internet")
    look_alikes(modem, job)
    return modem


def of_face(job: "Any") -> "Any":
    """A modem of the face that the job names."""
    from quectel import AsyncModem

    return (Modem if job["face"] == "blocking" else AsyncModem)(open_uart(job["url"]), job["model"])


async def awaited(call: "Any") -> None:
    """A call of either face is done."""
    if call is not None:
        await call


def digest(data: "Any") -> str:
    return hexlify(data.digest()).decode()


# --- requests -------------------------------------------------------------------------------------------------------


def web(job: "Any") -> None:
    """Fetch the large page whole, then in pieces, and post something, with the VM's own `requests`."""
    modem = online(job)
    requests: "Any" = __import__("requests")

    print("client: requests of the VM", getattr(requests, "__file__", ""))
    site = "https://" + SECURE_WEB if job["ca"] else "http://" + WEB
    answer = requests.get(site + "/large", timeout=20)
    print("whole", answer.status_code, len(answer.content), digest(sha256(answer.content)))
    answer.close()
    answer = requests.request("GET", site + "/large", stream=True)
    print("pieces", *pieces(answer.raw))
    answer.close()
    answer = requests.post(site + "/echo", json={"a": [1, 2, 3]}, headers={"X-Test": "yes"})
    print("posted", answer.json())
    answer.close()
    for url in ("https://" + OTHER_WEB, "https://" + SECURE_WEB + ":8443") if job["ca"] else ():
        try:
            print("got", requests.get(url).status_code)
        except OSError as error:
            print(url, error.errno, any([slot.state for slot in modem.engine.table.slots]))


def serve(job: "Any") -> None:
    """asyncio.start_server() of the VM: answers one client, then ends."""
    import asyncio

    modem = of_face(job)
    print("client: asyncio.start_server of the VM")
    asyncio.run(answer_one(modem, job, asyncio))


async def answer_one(modem: "Any", job: "Any", asyncio: "Any") -> None:
    await awaited(modem.connect("internet"))
    look_alikes(modem, job)
    done = asyncio.Event()

    async def answer(reader: "Any", writer: "Any") -> None:
        line = await reader.readline()
        writer.write(b"you said " + line)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        done.set()

    server = await asyncio.start_server(answer, "0.0.0.0", job["port"])
    await done.wait()
    server.close()
    await server.wait_closed()
    await awaited(modem.disconnect())  # closes go out before the program ends
    print("served", True)


def pieces(stream: "Any") -> "tuple[int, str]":
    """How many bytes a stream gives, and their digest."""
    total = 0
    sum_ = sha256()
    buf = bytearray(1000)
    view = memoryview(buf)
    n = stream.readinto(buf)
    while n:
        sum_.update(view[:n])
        total += n
        n = stream.readinto(buf)
    return total, digest(sum_)


# --- MQTT -----------------------------------------------------------------------------------------------------------


def mqtt(job: "Any") -> None:
    """Send so many messages and receive as many."""
    modem = online(job)
    from mqtt_contract import Client

    print("client: the calls of umqtt.simple")
    secure = bool(job["ca"])
    host, port = (SECURE_BROKER, 8883) if secure else (BROKER, 1883)
    client = Client("vm", host, port, secure, 20)
    got: "list[bytes]" = []
    client.on_message = lambda topic, message: got.append(message)
    client.connect()
    client.subscribe(b"down", job["qos"])
    client.publish(b"ready", b"now", 1)
    for i in range(job["messages"]):
        client.publish(b"up", b"up %d" % i, job["qos"])
        client.check_msg()
    while len(got) < job["messages"]:
        client.wait_msg()
    client.disconnect()
    print("received", len(got), got == [b"down %d" % i for i in range(job["messages"])])
    memory(job)
    modem.disconnect()


def memory(job: "Any") -> None:
    """What the heap holds, and its size."""
    if job["heap"]:
        import gc

        heap: "Any" = gc
        heap.collect()
        print("heap", heap.mem_alloc(), heap.mem_alloc() + heap.mem_free())


# --- asyncio --------------------------------------------------------------------------------------------------------


def streams(job: "Any") -> None:
    """The same page with asyncio.open_connection(), over the modem of either face."""
    import asyncio

    modem = of_face(job)
    print("client: asyncio.open_connection of the VM")
    asyncio.run(open_and_fetch(modem, job, asyncio))


async def open_and_fetch(modem: "Any", job: "Any", asyncio: "Any") -> None:
    await awaited(modem.connect("internet"))
    look_alikes(modem, job)
    two = await asyncio.gather(fetch(asyncio, job), fetch(asyncio, job))
    print("whole", 200, *two[0])
    print("pieces", *two[1])
    try:
        await asyncio.open_connection("nobody.example", 7, ssl=True)
    except OSError as error:
        print("refused", error.errno)


async def fetch(asyncio: "Any", job: "Any") -> "tuple[int, str]":
    host, port = (SECURE_WEB, 443) if job["ca"] else (WEB, 80)
    reader, writer = (
        await asyncio.open_connection(host, port, ssl=True) if job["ca"] else await asyncio.open_connection(host, port)
    )
    writer.write(b"GET /large HTTP/1.0\r\n")
    writer.write(b"Host: " + host.encode() + b"\r\n\r\n")
    await writer.drain()
    while (await reader.readline()).strip():
        pass
    total = 0
    sum_ = sha256()
    part = await reader.read(1000)
    while part:
        sum_.update(part)
        total += len(part)
        part = await reader.read(1000)
    writer.close()
    await writer.wait_closed()
    return total, digest(sum_)


# --- two modems -----------------------------------------------------------------------------------------------------


def two(job: "Any") -> None:
    """Two modems of two families in one program, their sockets side by side."""
    modems = [Modem(open_uart(url), model) for url, model in job["modems"]]
    socks: "list[Any]" = []
    for modem in modems:
        modem.connect("internet")
        socks.append(modem.socket_module().create_connection((WEB, 80), 20))
    for sock in socks:
        sock.write("GET /large HTTP/1.0\r\n\r\n")
    for sock in socks:
        while sock.readline() != b"\r\n":
            pass
    sums = [sha256() for _ in socks]
    buf = bytearray(500)
    view = memoryview(buf)
    total = 0
    while any(socks):
        for i in range(2):
            n = socks[i].recv_into(buf) if socks[i] else 0
            sums[i].update(view[:n])
            total += n
            if socks[i] and not n:
                socks[i].close()
                socks[i] = None
    print("whole", 200, total // 2, digest(sums[0]))
    print("pieces", total // 2, digest(sums[1]))


def main() -> None:
    patient()
    job = loads(sys.stdin.readline())
    {"web": web, "mqtt": mqtt, "streams": streams, "serve": serve, "two": two}[job["do"]](job)


if __name__ == "__main__":
    main()
