"""The same bytes as in the worked examples, from the driver's own calls.

Not here: what the driver spells in another form that the documents allow. It opens the sockets of the NB families
with the protocol type, closes on LTE with a time limit, and always sets message id
and token of a CoAP request.
"""

from kit import rows
from play import find, parts, wire
from quectel import PUSH, Modem, TLSContext
from quectel.table import LISTENER, STREAM
from scripted import ScriptedUart, StepClock, adopt, as_prepared, settled, socket_of
from tls_steps import stand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def whole_script(name: str, spelling: int = 0) -> "list[Any]":
    cut = parts(find(name), spelling)
    return [(wire(cut[i]), wire(cut[i + 1])) for i in range(0, len(cut), 2)]


def typed(name: str, family: str, spelling: int = 0, ring: int = 1536, size: int = 0) -> "Any":
    """A modem that talks to a file."""
    uart = ScriptedUart(whole_script(name, spelling), size)
    return as_prepared(Modem(uart, family, slots=6, rx_ring=ring, clock=StepClock(step=5)))


@rows("R080", "R108", "R166", "R171")
def test_a_socket_reads_as_the_documents_do() -> None:
    for name, family, spelling, cid, ring, data in (
        ("bc25_tcpip/4.1.3a", "BC25", 0, 0, 1536, b"1234567890"),
        ("bc65_tcpip/4.1.3a", "BC65", 0, 0, 512, b"1234567890"),
        ("bc25_tcpip/4.3.3", "BC25", 0, 0, 1536, b"test"),
        ("bc25_tcpip/4.3.3", "BC25", 1, 2, 1536, b"test"),
        ("bg96_ssl/3.3.3", "BG96", 0, 4, 1536, b"Test data from SSL"),
        ("ec200u_ssl/3.3.3", "EC200U", 0, 4, 1536, b"Test data from SSL"),
    ):
        for size in (0, 1, 5):
            modem = typed(name, family, spelling, ring, size)
            sock = socket_of(modem, cid, tls="ssl" in name)
            assert sock.read(len(data)) == data, name
            settled(modem)
            modem.uart.done()
            assert modem.stats.urcs == 1 and not modem.stats.unknown and not modem.stats.framing, name


@rows("R095")
def test_a_socket_in_push_mode_gets_what_the_documents_push() -> None:
    for name, family in (("bg96_ssl/3.4.3", "BG96"), ("ec200u_ssl/3.4.3", "EC200U")):
        modem = typed(name, family)
        sock = socket_of(modem, 4, PUSH, True)
        assert sock.recv(100) == b"Test data from SSL"
        settled(modem)
        modem.uart.done()


@rows("R147", "R157", "R159", "R292")
def test_a_socket_sends_in_the_command_line_as_the_documents_do() -> None:
    """In 4.1.2 a second send follows before the result of the first, which the driver never does (R156)."""
    for name, mode in (("4.1.2", 0), ("4.2.2", PUSH)):
        for family in ("BC25", "BC65"):
            for size in (0, 1, 5):
                script = whole_script("%s_tcpip/%s" % (family.lower(), name))
                modem = as_prepared(Modem(ScriptedUart(script[:2], size), family, clock=StepClock(step=5)))
                sock = socket_of(modem, 0, mode)
                sock.set_send_form("inline")
                assert sock.send(b"1234567890") == 10
                sock.set_send_form("hex")
                assert sock.send(b"01234") == 5
                modem.uart.done()


@rows("R132", "R134", "R293")
def test_close_as_the_documents_do() -> None:
    for name, family in (("bc25_tcpip/4.1.4", "BC25"), ("bc25_tcpip/4.2.4", "BC25"), ("bc25_tcpip/4.5.3", "BC25")):
        for other in ("bc25", "bc65"):
            if other == "bc65" and "4.5.3" in name:
                continue  # the BC65 document has no UDP service
            modem = typed(name.replace("bc25", other), family.replace("BC25", other))
            sock = socket_of(modem, 0, PUSH if "4.2.4" in name else 0)
            sock.close()
            modem.uart.done()
            assert modem.engine.table.free_id() == 0


@rows("R217", "R293")
def test_a_server_is_closed_as_the_document_does() -> None:
    modem = typed("bc25_tcpip/4.3.4", "BC25")
    server = socket_of(modem, 0, kind=LISTENER)
    client = socket_of(modem, 2)
    client.close()
    server.close()
    modem.uart.done()


@rows("R063", "R065", "R068", "R069")
def test_a_tls_socket_opens_as_the_documents_do() -> None:
    for name, family, mode, port in (
        ("bg96_ssl/3.3.1", "BG96", 0, 8010),
        ("bg96_ssl/3.4.1", "BG96", PUSH, 8011),
        ("ec200u_ssl/3.3.1", "EC200U", 0, 8010),
        ("ec200u_ssl/3.4.1", "EC200U", PUSH, 8011),
    ):
        modem = typed(name, family)
        context = TLSContext(verify=False, ctx=1)
        stand(modem, context)  # it is configured, as 3.2 did it
        for cid in range(4):
            adopt(modem, cid, STREAM, 0, True)
        sock = modem.socket(tls=context, mode=mode)
        sock.connect(("220.180.239.%d" % (201 if family == "BG96" else 212), port))
        assert sock.id == 4 and sock.state == 2
        assert len(modem.command("AT+QSSLSTATE")) == 1
        modem.uart.done()


@rows("R074", "R078", "R292")
def test_a_tls_socket_sends_as_the_document_does() -> None:
    for size in (0, 1):
        modem = typed("ec200u_ssl/3.3.2.2", "EC200U", size=size)
        sock = socket_of(modem, 4, 0, True)
        assert sock.send(b"Test data from SSL") == 18
        settled(modem)
        modem.uart.done()


@rows("R301")
def test_disconnect_as_the_documents_do() -> None:
    for name, family in (("bg96_ssl/3.1.3", "BG96"), ("ec200u_ssl/3.1.3", "EC200U")):
        modem = typed(name, family)
        modem.disconnect()
        modem.uart.done()
