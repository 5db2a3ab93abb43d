"""The module's file system: certificates and keys go up, and what is there already is not written again."""

from errno import EIO, ENOENT

from ._compat import const
from .command import ERROR, ON_OK
from .errors import QuectelError, error_of
from .procedure import ask, number, reason, try_ask, values, word
from .text import checked

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from ._faces import Face
    from ._types import Proc, ReadBuf, T
    from .engine import Engine
    from .procedure import Answer

_BLOCK_MS = 5_000  # the module ends an upload after that long without a byte
_FILE_MS = 5_000  # not stated: it may have to erase flash
_NAME_MAX = 80
_UFS = "UFS:"
_MISSING = (405, 418)  # which of them a file that is not there is answered with differs
_TORN = (409, 421, 569)  # part of the file may stand there behind these
_WORDS = {  # of the codes that errors.py has none for
    400: "invalid input",
    401: "larger than the file",
    402: "read zero bytes",
    406: "invalid file name",
    409: "writing the file failed",
    410: "opening the file failed",
    411: "reading the file failed",
    413: "too many files are open",
    414: "the file is read-only",
    416: "invalid file descriptor",
    417: "listing the files failed",
    418: "deleting the file failed",
    419: "no disk information",
    423: "the file is too large",
    425: "invalid parameter",
    426: "the file is open",
}


def checksum(data: "ReadBuf") -> int:
    """XOR of the big-endian 16-bit words; an odd last byte is the high byte.  What QFUPL and QFDWL answer with."""
    c = 0
    for i in range(len(data)):
        c ^= data[i] << (0 if i & 1 else 8)
    return c


# --- names --------------------------------------------------------------------------------------------------------


def plain(name: str) -> str:
    """A file's name as the file commands take it in both families: without "UFS:" in front (R319)."""
    checked("file name", name)
    bare = name[len(_UFS) :] if name[: len(_UFS)].upper() == _UFS else name
    if not bare or len(bare) > _NAME_MAX:
        raise ValueError("a file name has 1 to %d characters" % _NAME_MAX)
    return bare


def _single(name: str) -> str:
    """The name of one file: a pattern in a deletion takes many away."""
    bare = plain(name)
    if "*" in bare:
        raise ValueError("a file name has no *")
    return bare


# --- procedures ---------------------------------------------------------------------------------------------------


def _failure(engine: "Engine", answer: "Answer", line: bytes) -> "Proc[QuectelError]":
    error = yield from reason(engine, answer, line)
    if error.code in _WORDS:
        return error_of(error.code, error.command, QuectelError, _WORDS[error.code])
    return error


def _not_found(name: str) -> QuectelError:
    return QuectelError(ENOENT, "no file %s on the module" % name, 405, "AT+QFLST")


def _try_list(engine: "Engine", pattern: str) -> "Proc[Answer]":
    return (yield from try_ask(engine, b'AT+QFLST="%s"' % pattern.encode(), b"+QFLST:", ON_OK, _FILE_MS))


def size_of(engine: "Engine", name: str) -> "Proc[int]":
    """Bytes of a file, -1 if there is none."""
    bare = _single(name)
    answer = yield from _try_list(engine, bare)
    if answer.code and answer.code not in _MISSING:
        raise (yield from _failure(engine, answer, b"AT+QFLST"))
    for line in answer.lines:
        return number(line, 1)
    return -1


def check_there(engine: "Engine", path: str) -> "Proc[None]":
    """QuectelError(ENOENT) if the module says that it has no such file; in doubt it may be there."""
    answer = yield from _try_list(engine, plain(path))
    if answer.code in _MISSING:
        raise _not_found(path)


def listing(engine: "Engine", pattern: str) -> "Proc[list[tuple[str, int]]]":
    """(name, bytes) of all files that fit."""
    answer = yield from _try_list(engine, plain(pattern))
    if not answer.ok and answer.code not in _MISSING:
        raise (yield from _failure(engine, answer, b"AT+QFLST"))
    return [(plain(word(line)), number(line, 1)) for line in answer.lines]


def remove(engine: "Engine", name: str) -> "Proc[bool]":
    """Delete a file; False if there was none."""
    line = b'AT+QFDEL="%s"' % _single(name).encode()
    answer = yield from try_ask(engine, line, None, ON_OK, _FILE_MS)
    if answer.code and answer.code not in _MISSING:
        raise (yield from _failure(engine, answer, line))
    return answer.ok


def free(engine: "Engine") -> "Proc[int]":
    """Bytes that can still be stored."""
    lines = yield from ask(engine, b'AT+QFLDS="UFS"', b"+QFLDS:", ON_OK, _FILE_MS)
    space = number(lines[0], 0) if lines else -1
    if space < 0:
        raise QuectelError(EIO, "the module did not tell its free space", 0, "AT+QFLDS")
    return space


def fetch(engine: "Engine", name: str) -> "Proc[bytes]":
    """A file's bytes: counted, never searched, and checked by what the module says of them afterwards."""
    size = yield from size_of(engine, name)
    if size < 0:
        raise _not_found(name)
    return bytes((yield from _fetch(engine, name, size)))


def _fetch(engine: "Engine", name: str, size: int) -> "Proc[bytearray]":
    sink = bytearray(size)
    if not size:
        return sink
    line = b'AT+QFDWL="%s"' % _single(name).encode()
    answer = yield from try_ask(engine, line, b"+QFDWL:", ON_OK, _FILE_MS, None, False, None, sink)
    torn = answer.result == ERROR and engine.cmd.prompted  # it had begun to come
    if not answer.ok and not torn:
        raise (yield from _failure(engine, answer, line))
    if not answer.lines or not _arrived(values(answer.lines[0]), sink):
        raise QuectelError(EIO, "the file arrived damaged: %s" % name, 0, "AT+QFDWL")
    return sink


def _arrived(fields: "list[str]", data: "ReadBuf") -> bool:
    """True if `<size>,<checksum in hex>` are those of data."""
    try:
        return int(fields[0]) == len(data) and int(fields[1], 16) == checksum(data)
    except (ValueError, IndexError):
        return False


def upload(engine: "Engine", name: str, data: "ReadBuf") -> "Proc[int]":
    """Have data in a file of that name and give its checksum; see Files.upload()."""
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError("data must be bytes")
    if not len(data):
        raise ValueError("a file has at least one byte")
    size = yield from size_of(engine, name)
    if size == len(data) and (yield from _fetch(engine, name, size)) == data:
        return checksum(data)
    if size >= 0:
        yield from remove(engine, name)
    return (yield from _write(engine, name, data))


def _write(engine: "Engine", name: str, data: "ReadBuf") -> "Proc[int]":
    line = b'AT+QFUPL="%s",%d,%d' % (_single(name).encode(), len(data), _BLOCK_MS // 1000)
    try:
        answer = yield from try_ask(engine, line, b"+QFUPL:", ON_OK, _BLOCK_MS, data)
        if not answer.ok:
            raise (yield from _failure(engine, answer, line))
    except QuectelError as error:
        if error.code in _TORN:  # what stands there by now may have the right size
            yield from remove(engine, name)
        raise
    if not answer.lines or not _arrived(values(answer.lines[0]), data):
        yield from remove(engine, name)
        raise QuectelError(EIO, "the file arrived damaged: %s" % name, 0, "AT+QFUPL")
    return checksum(data)


def keep(engine: "Engine", data: "ReadBuf", suffix: str) -> "Proc[str]":
    """Have data on the module under a name made from its content (CRC-32); gives the name.

    A file of this name and size is taken for the same: it is not read back.
    """
    from binascii import crc32

    name = "%08x%s" % (crc32(data) & 0xFFFFFFFF, suffix)
    size = yield from size_of(engine, name)
    if size >= 0 and size != len(data):
        yield from remove(engine, name)
    if size != len(data):
        yield from _write(engine, name, data)
    return name


class Files:
    """modem.files.  On AsyncModem every call is awaited.

    A name is 1 to 80 characters without * and may begin with "UFS:", which changes nothing (R319).  ValueError for
    others, before a byte is sent.  QuectelError: ENOENT for a file that is not there, ENOMEM when there is no room,
    ETIMEDOUT when a transfer stood still, EIO for a file that arrived damaged and for every other reason.
    """

    def __init__(self, modem: "Face") -> None:
        self._modem = modem

    def _run(self, procedure: "Proc[T]") -> "T":
        return self._modem.run(procedure)

    def upload(self, name: str, data: "ReadBuf") -> int:
        """Write data (1 byte or more) as name; gives its 16-bit checksum, which the module's answer must show.

        A file of that name is replaced.  One of the same size is read back first, and left alone if it is equal: no
        command of the module tells the checksum of a file without its bytes.
        Allocates at most 6,400 bytes, 3 a byte.
        """
        return self._run(upload(self._modem.engine, name, data))

    def read(self, name: str) -> bytes:
        """The bytes of a file.  Its size and checksum are verified.  Allocates at most 6,400 bytes, 3 a byte."""
        return self._run(fetch(self._modem.engine, name))

    def list(self, pattern: str = "*") -> "list[tuple[str, int]]":
        """(name, bytes) of each file, without "UFS:" in front; pattern may have *.

        Allocates at most 4,200 bytes for one file, and 400 for each more.
        """
        return self._run(listing(self._modem.engine, pattern))

    def free(self) -> int:
        """Bytes that can still be stored.  Allocates at most 3,000 bytes."""
        return self._run(free(self._modem.engine))

    def size(self, name: str) -> int:
        """Bytes of a file, -1 if there is none.  Allocates at most 3,000 bytes."""
        return self._run(size_of(self._modem.engine, name))

    def remove(self, name: str) -> bool:
        """Delete a file; False if there was none.  Allocates at most 1,900 bytes."""
        return self._run(remove(self._modem.engine, name))
