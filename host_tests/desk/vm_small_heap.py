"""Run in the unix MicroPython VM by test_small_heap.py: a program of test_drop_in.py with the driver in "flash".

A ROM file system is mapped into memory, outside the heap, and mounted: its bytecode runs where it lies, as frozen
modules and a board's ROMFS partition do.  What the heap holds is what a program on a board has there.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_READ, _PRIVATE = 1, 2  # PROT_READ, MAP_PRIVATE


def mount(path: str) -> None:
    """Map the image and have modules imported from it."""
    ffi: "Any" = __import__("ffi")
    uctypes: "Any" = __import__("uctypes")
    vfs: "Any" = __import__("vfs")
    libc = ffi.open("libc.so.6")
    size = os.stat(path)[6]
    fd = libc.func("i", "open", "si")(path, 0)
    address = libc.func("p", "mmap", "pLiiil")(0, size, _READ, _PRIVATE, fd, 0)
    vfs.mount(vfs.VfsRom(uctypes.bytearray_at(address, size)), "/rom")
    sys.path.insert(0, "/rom")


if __name__ == "__main__":
    mount(sys.argv[1])
    __import__("vm_drop_in").main()
