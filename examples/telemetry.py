"""A blocking application: sends readings to a server over TLS and waits for its answer to each.

It needs a modem and nothing of a board, so it runs wherever the driver does:

    from quectel import Modem, TLSContext
    from quectel_host import open_uart                # on a PC or a Raspberry Pi; on a board: board.uart()
    from telemetry import Telemetry

    modem = Modem(open_uart("/dev/ttyUSB2"), "EC200U")
    with open("ca.pem", "rb") as file:
        telemetry = Telemetry(modem, "internet", ("telemetry.example.org", 4433), TLSContext(ca=file.read()))
    print(telemetry.send("temperature", 21))
"""

from errno import ECONNRESET, EIO

from quectel import Modem, NetworkError, QuectelError, QuectelTimeout, Socket, TLSContext

TRIES = 3


class Telemetry:
    """One connection, which is opened again when it is lost.

    Readings go out as "name=value" and a line end; the server answers each with a line.
    """

    def __init__(self, modem: Modem, apn: str, server: "tuple[str, int]", tls: "TLSContext | None") -> None:
        self.modem = modem
        self.lost = 0  # connections that ended before their time
        self._apn = apn
        self._server = server
        self._tls = tls
        self._sock: "Socket | None" = None
        modem.on_urc("+CTZE", self._note_time)

    def _note_time(self, line: bytes) -> None:
        print("the network tells the time:", line)

    def _report(self, step: str, state: str, text: str) -> None:
        print(step, state, text)

    def connect(self) -> Socket:
        """The connection; the network is brought up and the connection opened if they are not."""
        if not self.modem.isconnected():
            self.modem.connect(self._apn, report=self._report)
        if self._sock is None:
            self._sock = self.modem.create_connection(self._server, tls=self._tls, timeout_ms=60_000)
            self._sock.settimeout(20)
        return self._sock

    def send(self, name: str, value: int) -> bytes:
        """Send a reading; the server's answer.  QuectelError when it did not work in TRIES times."""
        last: "QuectelError | None" = None
        for _ in range(TRIES):
            try:
                return self._exchange(b"%s=%d\n" % (name.encode(), value))
            except QuectelTimeout as error:  # the connection may be well, but its answer would now be another one's
                last = error
            except NetworkError as error:
                self.modem.disconnect()
                last = error
            except QuectelError as error:
                last = error
            self.close()
            self.lost += 1
        raise last or QuectelError(EIO)

    def _exchange(self, line: bytes) -> bytes:
        sock = self.connect()
        sock.sendall(line)
        answer = sock.readline()
        if not answer:
            raise QuectelError(ECONNRESET, "the server has closed the connection")
        return answer

    def close(self) -> None:
        """Close the connection; the network stays up."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None
