"""A device that registers with an LwM2M server over CoAP, as section 5.2 of Quectel's document shows it.

On a board:

    from quectel import Modem
    modem = Modem(uart, "BC95-G")
    modem.connect()
    device = Device(modem.coap(), "coap://180.101.147.115", "867725030002525;460041850403693")
    device.register()
    while True:
        modem.poll()                        # requests of the server are answered here
        if there_is_something_new():
            device.report(b"21.5")
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from quectel import Coap, CoapMessage

LINKS = b'</>;rt="oma.lwm2m",</1/0>,</3/0>,</4/0>,</5/0>,</20/0>,</19/0>'
DATA = "/19/0/0"  # what the device reports; the server observes it
READ = {  # what the server may read of the objects Connectivity Monitoring and Device
    "/4/0/2": b"-85",
    "/4/0/3": b"20",
    "/4/0/8": b"4711",
    "/3/0/9": b"100",
    "/3/0/7": b"3600",
}
WRITTEN = "/19/1/0"  # where the server writes its commands
OCTETS = 42


class Device:
    """One registration. `written` has what the server has sent."""

    def __init__(self, coap: "Coap", server: str, endpoint: str, lifetime_s: int = 86400) -> None:
        self._coap = coap
        self._server = server
        self._query = "lwm2m=1.0&ep=%s&b=U&lt=%d" % (endpoint, lifetime_s)
        self.location = ""
        self.value = b""
        self.written: "list[bytes]" = []

    def register(self) -> None:
        """The resources first: the server asks for them as soon as it has answered. OSError if it does not take us."""
        for path in READ:
            self._coap.resource(path, self._read)
        self._coap.resource(DATA, self._data, observable=True)
        self._coap.resource(WRITTEN, self._write)
        answer = self._coap.post("%s/rd?%s" % (self._server, self._query), LINKS, format=OCTETS)
        if answer.code != 201:
            raise OSError("the server answered %s" % answer.codestr)
        self.location = "".join(["/" + value for number, value in answer.options if number == 8])

    def update(self) -> bool:
        """To be called before the lifetime is over; False if the server does not know us any more."""
        return self._coap.post(self._server + self.location).code == 204

    def deregister(self) -> None:
        """The server forgets us."""
        self._coap.delete(self._server + self.location)

    def report(self, value: bytes) -> int:
        """A new value, for who observes it; how many that are."""
        self.value = value
        return self._coap.notify(DATA, value, format=OCTETS)

    def _read(self, request: "CoapMessage") -> "tuple[int, int | None, bytes]":
        if request.code != 1:
            return 405, None, b""
        return 205, 0, READ[request.path]

    def _data(self, request: "CoapMessage") -> "tuple[int, int | None, bytes]":
        return 205, OCTETS, self.value

    def _write(self, request: "CoapMessage") -> int:
        self.written.append(request.payload)
        return 204
