"""How a part is spelled, by the engine alone: what tests of both faces show of it is in test_both_forms.py."""

from kit import rows
from quectel.table import ENTRY, HEX, INLINE, SENT
from wires import OK, Rig

DONE = OK + b"\r\nSEND OK\r\n"


def typed(rig: Rig, form: int, data: bytes) -> bytes:
    """What goes out for a part of a connection that likes this form; it is sent behind that."""
    slot = rig.engine.table.at(2)
    slot.form = form
    assert rig.send(slot, data) == len(data)
    line = rig.take()
    if not line.endswith(b'"\r'):
        rig.feed(b"\r\n> ")
        assert rig.take() == data
    rig.feed(DONE)
    rig.quiet()
    assert slot.sending == SENT
    return line


@rows("R147", "R149", "R159")
def test_each_form() -> None:
    rig = Rig()
    rig.open(2)
    assert typed(rig, ENTRY, b"text") == b"AT+QISEND=2,4\r"
    assert typed(rig, INLINE, b"text") == b'AT+QISEND=2,4,"text"\r'
    assert typed(rig, HEX, b"text") == b'AT+QISENDEX=2,4,"74657874"\r'
    assert typed(rig, INLINE, b"t\x1fxt") == b'AT+QISENDEX=2,4,"741F7874"\r'
    assert typed(rig, INLINE, b"t\x7fxt") == b'AT+QISENDEX=2,4,"747F7874"\r'
    assert typed(rig, INLINE, b'te"t') == b'AT+QISENDEX=2,4,"74652274"\r'
    assert typed(rig, INLINE, b" t~ ") == b'AT+QISEND=2,4," t~ "\r'


@rows("R147", "R159")
def test_what_fits() -> None:
    """24 bytes of the command buffer of 400 are for what stands around the payload."""
    rig = Rig()
    rig.open(2)
    assert typed(rig, INLINE, b"t" * 376) == b'AT+QISEND=2,376,"' + b"t" * 376 + b'"\r'
    assert typed(rig, INLINE, b"t" * 377) == b"AT+QISEND=2,377\r"
    assert typed(rig, HEX, b"t" * 188) == b'AT+QISENDEX=2,188,"' + b"74" * 188 + b'"\r'
    assert typed(rig, HEX, b"t" * 189) == b"AT+QISEND=2,189\r"


def test_a_family_that_gives_no_length() -> None:
    rig = Rig("BG96")
    slot = rig.open(2)
    slot.form = HEX
    assert rig.send(slot, b"text") == 4
    rig.asked(b'AT+QISENDEX=2,"74657874"', b"\r\nSEND OK\r\n")
    assert slot.sending == SENT


def test_a_trace_has_the_length_alone() -> None:
    rig = Rig()
    rig.open(2)
    said: "list[bytes]" = []
    rig.engine.trace = lambda way, text, ms: said.append(bytes(text))
    typed(rig, INLINE, b"secret")
    typed(rig, HEX, b"secret")
    assert said[0] == b"AT+QISEND=2,6,<6 bytes>" and b"AT+QISENDEX=2,6,<6 bytes>" in said
