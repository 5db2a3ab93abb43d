"""The module's flash file system (UFS) as AT+QFUPL, QFDWL, QFLST, QFDEL, QFLDS and QFOPEN see it.

`cacert.pem` and `UFS:cacert.pem` are the same file (R319). Errors are numbers for `+CME ERROR: <number>`.
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass

INVALID_INPUT, READ_NOTHING, FULL, NOT_FOUND, BAD_NAME, EXISTS = 400, 402, 403, 405, 406, 407
READ_ONLY, BAD_HANDLE, TOO_MANY, NO_SPACE, TIMED_OUT, BAD_PARAMETER, ALREADY_OPEN = (
    414,
    416,
    413,
    420,
    421,
    425,
    426,
)
BEYOND_END, WRITE_FAILED = 401, 409

NAME_BYTES = 80
HANDLES = 10
CREATE, TRUNCATE, OPEN_READ_ONLY = 0, 1, 2  # modes of QFOPEN
FROM_START, FROM_HERE, FROM_END = 0, 1, 2  # origins of QFSEEK
_PREFIX = "UFS:"


class FileError(Exception):
    """A file command failed; `code` is the number of its +CME ERROR."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def checksum(data: bytes) -> int:
    """XOR of the big-endian 16-bit words; an odd last byte is a high byte. Printed in hex."""
    value = 0
    for high in data[::2]:
        value ^= high << 8
    for low in data[1::2]:
        value ^= low
    return value


def plain(name: str) -> str:
    """The name without its storage. FileError 406: empty, above 80 bytes, or with a character no name has."""
    bare = name[len(_PREFIX) :] if name.upper().startswith(_PREFIX) else name
    if not 1 <= len(bare) <= NAME_BYTES or any(char in '"<>|:' or char < " " for char in bare):
        raise FileError(BAD_NAME)
    return bare


@dataclass
class OpenFile:
    """One handle of QFOPEN."""

    name: str
    writable: bool
    position: int = 0


class FileStore:
    """The files, by name without storage, in a dict that the owner shares; `total` bytes of flash."""

    def __init__(self, files: "dict[str, bytes]", total: int = 1 << 20) -> None:
        self.files = files
        self.total = total
        self._handles: "dict[int, OpenFile]" = {}

    # -- whole files ---------------------------------------------------------------------------

    def free(self) -> int:
        """Bytes that may still be stored."""
        return max(0, self.total - sum(map(len, self.files.values())))

    def get(self, name: str) -> bytes:
        """The content of a file. FileError 405: there is none of that name."""
        try:
            return self.files[plain(name)]
        except KeyError:
            raise FileError(NOT_FOUND) from None

    def check_new(self, name: str, size: int) -> None:
        """Whether a file may be uploaded. FileError 407: it exists; 420: no room; 406: bad name."""
        if plain(name) in self.files:
            raise FileError(EXISTS)
        if size > self.free():
            raise FileError(NO_SPACE)

    def put(self, name: str, data: bytes) -> None:
        """Stores an uploaded file."""
        self.check_new(name, len(data))
        self.files[plain(name)] = data

    def names(self, pattern: str) -> "list[str]":
        """Names that fit `*`, `*.pem` or one name. FileError 405: a single name that is not there."""
        if "*" not in pattern:
            self.get(pattern)
            return [plain(pattern)]
        bare = pattern[len(_PREFIX) :] if pattern.upper().startswith(_PREFIX) else pattern
        return [name for name in sorted(self.files) if fnmatch.fnmatchcase(name, bare)]

    def delete(self, pattern: str) -> None:
        """Removes one file, or all that fit a pattern. FileError 405: no such file; 426: it is open."""
        doomed = self.names(pattern)
        if any(one.name in doomed for one in self._handles.values()):
            raise FileError(ALREADY_OPEN)
        for name in doomed:
            del self.files[name]

    # -- handles -------------------------------------------------------------------------------

    def open(self, name: str, mode: int = CREATE) -> int:
        """A handle, 1 to 10. FileError 405: read only and not there; 413: ten are open; 426: it is open."""
        bare = plain(name)
        if mode not in (CREATE, TRUNCATE, OPEN_READ_ONLY):
            raise FileError(BAD_PARAMETER)
        if any(one.name == bare for one in self._handles.values()):
            raise FileError(ALREADY_OPEN)
        if len(self._handles) >= HANDLES:
            raise FileError(TOO_MANY)
        if mode == OPEN_READ_ONLY:
            self.get(bare)
        elif mode == TRUNCATE or bare not in self.files:
            self.files[bare] = b""
        handle = next(n for n in range(1, HANDLES + 1) if n not in self._handles)
        self._handles[handle] = OpenFile(bare, mode != OPEN_READ_ONLY)
        return handle

    def opened(self) -> "list[tuple[str, int, int]]":
        """Name, handle and mode of the open files, as AT+QFOPEN? lists them."""
        return [
            (one.name, handle, CREATE if one.writable else OPEN_READ_ONLY)
            for handle, one in sorted(self._handles.items())
        ]

    def handle(self, number: int) -> OpenFile:
        """FileError 416: no such handle."""
        try:
            return self._handles[number]
        except KeyError:
            raise FileError(BAD_HANDLE) from None

    def read(self, number: int, count: "int | None" = None) -> bytes:
        """Bytes from the position on, to the end without `count`. FileError 402: at the end of the file."""
        one = self.handle(number)
        data = self.files[one.name][one.position :]
        data = data if count is None else data[:count]
        if not data:
            raise FileError(READ_NOTHING)
        one.position += len(data)
        return data

    def write(self, number: int, data: bytes) -> int:
        """Writes at the position; returns the size of the file. FileError 414: read only; 420: no room."""
        one = self.handle(number)
        if not one.writable:
            raise FileError(READ_ONLY)
        old = self.files[one.name]
        new = old[: one.position] + data + old[one.position + len(data) :]
        if len(new) - len(old) > self.free():
            raise FileError(NO_SPACE)
        self.files[one.name] = new
        one.position += len(data)
        return len(new)

    def seek(self, number: int, offset: int, origin: int = FROM_START) -> None:
        """Moves the position. FileError 401: outside the file; 425: no such origin."""
        one = self.handle(number)
        size = len(self.files[one.name])
        bases = {FROM_START: 0, FROM_HERE: one.position, FROM_END: size}
        if origin not in bases:
            raise FileError(BAD_PARAMETER)
        target = bases[origin] - offset if origin == FROM_END else bases[origin] + offset
        if not 0 <= target <= size:
            raise FileError(BEYOND_END)
        one.position = target

    def truncate(self, number: int) -> None:
        """Cuts the file at the position."""
        one = self.handle(number)
        if not one.writable:
            raise FileError(READ_ONLY)
        self.files[one.name] = self.files[one.name][: one.position]

    def close(self, number: int) -> None:
        """Gives a handle back."""
        self.handle(number)
        del self._handles[number]
