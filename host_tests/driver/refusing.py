"""What tests of wrong calls share: steps of good ones, and the words of an error."""

from scripted import lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

OPENED = lines("OK", "+QIOPEN: 0,0")
UDP_0 = (b'AT+QIOPEN=1,0,"UDP","10.0.0.1",80,0,0,0\r', OPENED)
LISTEN_0 = (b'AT+QIOPEN=1,0,"TCP LISTENER","10.0.0.2",0,2020,0,0\r', OPENED)


def words_of(error: "Any") -> str:
    """What the exception says to who reads it."""
    return str(error)
