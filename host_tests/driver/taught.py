"""A module in direct push mode whose line ends the driver knows."""

from quectel.table import PUSH
from wires import Rig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from quectel.table import Slot

FOX = b"The quick brown fox jumps over the lazy dog"
WHOLE = b'\r\n+QIURC: "recv",0,5\r\nwhole\r\n'
NEXT = b'\r\n+QIURC: "recv",1,2\r\nhi\r\n'


def taught(echo_off: bool = True) -> "tuple[Rig, Slot, Slot]":
    """A rig that knows that its module prints CR LF behind a pushed payload."""
    rig = Rig()
    rig.engine.echo_off = echo_off
    slot, other = rig.open(0, mode=PUSH), rig.open(1, mode=PUSH)
    rig.feed(WHOLE)
    rig.take()
    assert rig.recv(slot) == b"whole"  # nothing is learned yet, and nothing delayed
    rig.step(20)
    rig.feed(NEXT)
    rig.step(0)
    rig.step(20)
    assert rig.recv(other) == b"hi"
    return rig, slot, other
