"""An MQTT 3.1.1 client that uses sockets as umqtt.simple 1.8 does: the same calls, in the same order.

It runs in the MicroPython VM and asks for `socket` and `ssl` by name, as that does: socket(), settimeout(),
getaddrinfo()[0][-1], connect(), wrap_socket(server_hostname=), write(buf), write(buf, n), read(n), setblocking(),
close().  A read(1) while not blocking gives None for "nothing yet" and b"" for "closed".
"""

import socket
from struct import pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CONNACK, PUBACK, SUBACK, PINGRESP = 0x20, 0x40, 0x90, 0xD0


class Client:
    """One connection to a broker."""

    def __init__(self, name: str, host: str, port: int, secure: bool, timeout: "float | None" = None) -> None:
        self._who = (name, host, port)
        self._secure = secure
        self._timeout = timeout
        self._sock: "Any" = None
        self._pid = 0
        self.on_message: "Any" = None

    def connect(self) -> None:
        name, host, port = self._who
        self._sock = socket.socket()
        self._sock.settimeout(self._timeout)
        self._sock.connect(socket.getaddrinfo(host, port)[0][-1])
        if self._secure:
            ssl: "Any" = __import__("ssl")
            self._sock = ssl.wrap_socket(self._sock, server_hostname=host)
        self._begin(0x10, 12 + len(name))
        self._sock.write(b"\0\4MQTT\4\2\0\0")
        self._text(name)
        answer = self._sock.read(4)
        if answer != b"\x20\x02\0\0":
            raise OSError("the broker said %r" % answer)

    def disconnect(self) -> None:
        self._sock.write(b"\xe0\0")
        self._sock.close()

    def ping(self) -> None:
        self._sock.write(b"\xc0\0")

    def publish(self, topic: bytes, message: bytes, qos: int = 0) -> None:
        """Returns when the broker has a message of QoS 1."""
        self._begin(0x30 | qos << 1, 2 + len(topic) + 2 * qos + len(message))
        self._text(topic)
        if qos:
            self._pid += 1
            self._sock.write(bytearray(pack("!HH", self._pid, 0)), 2)
        self._sock.write(message)
        while qos and self.wait_msg() != PUBACK:
            pass
        if qos:
            self._expect(b"\2" + pack("!H", self._pid))

    def subscribe(self, topic: bytes, qos: int = 0) -> None:
        self._pid += 1
        self._begin(0x82, 5 + len(topic))
        self._sock.write(pack("!H", self._pid))
        self._text(topic)
        self._sock.write(bytes((qos,)))
        while self.wait_msg() != SUBACK:
            pass
        self._expect(b"\3" + pack("!HB", self._pid, qos))

    def check_msg(self) -> "int | None":
        """Take a message if there is one."""
        self._sock.setblocking(False)
        return self.wait_msg()

    def wait_msg(self) -> "int | None":
        """What came: a message goes to on_message, of others the first byte is given."""
        first = self._sock.read(1)
        self._sock.setblocking(True)
        if first is None:
            return None
        if first == b"":
            raise OSError(-1)
        if first[0] == PINGRESP:
            self._expect(b"\0")
            return None
        if first[0] & 0xF0 != 0x30:
            return int(first[0])
        self._message(first[0])
        return int(first[0])

    def _message(self, first: int) -> None:
        left = self._length()
        topic = self._sock.read(int.from_bytes(self._sock.read(2), "big"))
        left -= 2 + len(topic)
        pid = b""
        if first & 6:
            pid = self._sock.read(2)
            left -= 2
        self.on_message(topic, self._sock.read(left))
        if pid:
            self._sock.write(b"\x40\2" + pid)

    def _begin(self, first: int, size: int) -> None:
        """The fixed header, from a buffer that is longer."""
        head = bytearray(6)
        head[0] = first
        n = 1
        while size > 0x7F:
            head[n] = size & 0x7F | 0x80
            size >>= 7
            n += 1
        head[n] = size
        self._sock.write(head, n + 1)

    def _length(self) -> int:
        size = shift = 0
        while True:
            part = self._sock.read(1)[0]
            size |= (part & 0x7F) << shift
            if part < 0x80:
                return int(size)
            shift += 7

    def _text(self, text: "bytes | str") -> None:
        self._sock.write(pack("!H", len(text)))
        self._sock.write(text)

    def _expect(self, wanted: bytes) -> None:
        got = self._sock.read(len(wanted))
        if got != wanted:
            raise OSError("the broker said %r, not %r" % (got, wanted))
