"""The module's file system: certificates and keys go up, and what is there already is not written again."""

from errno import EIO

from .command import ON_OK
from .errors import QuectelError
from .procedure import ask, number, try_ask, values
from .text import checked

_BLOCK_MS = 5_000  # the module ends an upload after that long without a byte


def checksum(data):
    """XOR of the big-endian 16-bit words; an odd last byte is the high byte.  What QFUPL answers with."""
    c = 0
    for i in range(len(data)):
        c ^= data[i] << (0 if i & 1 else 8)
    return c


def upload(engine, name, data):
    """Write a file and check what the module counted; gives the checksum.  An equal file is left alone.

    A file of that name with another size is replaced; so is one of the same size, unless the name tells its content.
    """
    checked("file name", name, 80)
    yield from remove(engine, name)
    line = b'AT+QFUPL="%s",%d,%d' % (name.encode(), len(data), _BLOCK_MS // 1000)
    limit_ms = _BLOCK_MS + engine.wire_ms(len(data))
    lines = yield from ask(engine, line, b"+QFUPL:", ON_OK, limit_ms, data)
    fields = values(lines[0]) if lines else ("0", "0")
    if int(fields[0]) != len(data) or int(fields[1], 16) != checksum(data):
        yield from remove(engine, name)
        raise QuectelError(EIO, "the file arrived damaged: %s" % name, 0, "AT+QFUPL")
    return checksum(data)


def size_of(engine, name):
    """Bytes of a file, -1 if there is none."""
    answer = yield from try_ask(engine, b'AT+QFLST="%s"' % checked("file name", name, 80).encode(), b"+QFLST:")
    for line in answer.lines:
        return number(line, 1)
    return -1


def remove(engine, name):
    """Delete a file; False if there was none."""
    answer = yield from try_ask(engine, b'AT+QFDEL="%s"' % checked("file name", name, 80).encode())
    return answer.ok


def keep(engine, data, suffix):
    """Have data on the module under a name made from its content; gives the name.  Written once."""
    from binascii import crc32

    name = "%08x%s" % (crc32(data) & 0xFFFFFFFF, suffix)
    if (yield from size_of(engine, name)) != len(data):
        yield from upload(engine, name, data)
    return name


class Files:
    """modem.files.  On AsyncModem every call is awaited."""

    def __init__(self, modem):
        self._modem = modem

    def _run(self, procedure):
        return self._modem.run(procedure)

    def upload(self, name, data):
        """Write data (bytes) as name (at most 80 characters); gives the 16-bit checksum the module answered with."""
        return self._run(upload(self._modem.engine, name, data))

    def size(self, name):
        """Bytes of a file, -1 if there is none."""
        return self._run(size_of(self._modem.engine, name))

    def remove(self, name):
        """Delete a file; False if there was none."""
        return self._run(remove(self._modem.engine, name))
