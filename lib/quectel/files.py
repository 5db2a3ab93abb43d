"""The module's file system: certificates and keys go up, and what is there already is not written again."""

from errno import EIO

from ._compat import const
from .command import ON_OK
from .errors import QuectelError, QuectelTimeout
from .procedure import ask, number, try_ask, values
from .text import checked

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from ._faces import Face
    from ._types import Proc, ReadBuf, T
    from .engine import Engine

_BLOCK_MS = 5_000  # the module ends an upload after that long without a byte
_FILE_MS = 5_000  # not stated: it may have to erase flash


def checksum(data: "ReadBuf") -> int:
    """XOR of the big-endian 16-bit words; an odd last byte is the high byte.  What QFUPL answers with."""
    c = 0
    for i in range(len(data)):
        c ^= data[i] << (0 if i & 1 else 8)
    return c


def upload(engine: "Engine", name: str, data: "ReadBuf") -> "Proc[int]":
    """Write a file and check what the module counted; gives the checksum.  A file of that name is replaced."""
    if (yield from size_of(engine, name)) >= 0:
        yield from remove(engine, name)
    return (yield from _write(engine, name, data))


def _write(engine: "Engine", name: str, data: "ReadBuf") -> "Proc[int]":
    line = b'AT+QFUPL="%s",%d,%d' % (name.encode(), len(data), _BLOCK_MS // 1000)
    try:
        lines = yield from ask(engine, line, b"+QFUPL:", ON_OK, _BLOCK_MS, data)
    except QuectelTimeout:  # what stands there by now may have the right size
        yield from remove(engine, name)
        raise
    if not lines or not _arrived(values(lines[0]), data):
        yield from remove(engine, name)
        raise QuectelError(EIO, "the file arrived damaged: %s" % name, 0, "AT+QFUPL")
    return checksum(data)


def _arrived(fields: "list[str]", data: "ReadBuf") -> bool:
    """True if `<size>,<checksum in hex>` are those of data."""
    try:
        return int(fields[0]) == len(data) and int(fields[1], 16) == checksum(data)
    except (ValueError, IndexError):
        return False


def size_of(engine: "Engine", name: str) -> "Proc[int]":
    """Bytes of a file, -1 if there is none."""
    answer = yield from try_ask(
        engine, b'AT+QFLST="%s"' % checked("file name", name, 80).encode(), b"+QFLST:", ON_OK, _FILE_MS
    )
    for line in answer.lines:
        return number(line, 1)
    return -1


def remove(engine: "Engine", name: str) -> "Proc[bool]":
    """Delete a file; False if there was none."""
    line = b'AT+QFDEL="%s"' % checked("file name", name, 80).encode()
    answer = yield from try_ask(engine, line, None, ON_OK, _FILE_MS)
    return answer.ok


def keep(engine: "Engine", data: "ReadBuf", suffix: str) -> "Proc[str]":
    """Have data on the module under a name made from its content; gives the name.  Written once."""
    from binascii import crc32

    name = "%08x%s" % (crc32(data) & 0xFFFFFFFF, suffix)
    size = yield from size_of(engine, name)
    if size >= 0 and size != len(data):
        yield from remove(engine, name)
    if size != len(data):
        yield from _write(engine, name, data)
    return name


class Files:
    """modem.files.  On AsyncModem every call is awaited."""

    def __init__(self, modem: "Face") -> None:
        self._modem = modem

    def _run(self, procedure: "Proc[T]") -> "T":
        return self._modem.run(procedure)

    def upload(self, name: str, data: "ReadBuf") -> int:
        """Write data (bytes) as name (at most 80 characters); gives the 16-bit checksum the module answered with.

        A file of that name is replaced.  Allocates at most 5,200 bytes, 2 a byte.
        """
        return self._run(upload(self._modem.engine, name, data))

    def size(self, name: str) -> int:
        """Bytes of a file, -1 if there is none.  Allocates at most 3,000 bytes."""
        return self._run(size_of(self._modem.engine, name))

    def remove(self, name: str) -> bool:
        """Delete a file; False if there was none.  Allocates at most 1,900 bytes."""
        return self._run(remove(self._modem.engine, name))
