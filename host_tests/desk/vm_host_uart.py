"""Run in the unix MicroPython VM by test_host_uart.py: an echo through a UART, without allocating."""

import gc
import sys

import micropython
from quectel_host import open_uart

TYPE_CHECKING = False
if TYPE_CHECKING:
    from quectel_host._types import HostUart


def fill(uart: "HostUart", buf: bytearray, n: int) -> int:
    """Read until n bytes have come. Small, because a large frame is taken from the heap."""
    turns = 2000
    while n > 0 and turns:
        turns -= 1
        k = uart.readinto(buf)
        if k is None:
            uart.wait(5)
        else:
            n -= k
    return n


def echo_without_allocating(uart: "HostUart") -> None:
    buf = bytearray(512)
    data = b"--twelve bytes--"
    mark = "mem_total" if hasattr(micropython, "mem_total") else None
    left = spent = 0
    written: "int | None" = 0
    for lap in range(3):  # the first lap may allocate: it fills method caches
        gc.collect()
        micropython.heap_lock()
        try:
            if mark:
                spent = micropython.mem_total()
            written = uart.write(data, 2, 12)
            left = fill(uart, buf, 12)
            if mark:
                spent = micropython.mem_total() - spent
        finally:
            micropython.heap_unlock()
        if left or written != 12 or buf[:12] != b"twelve bytes":
            raise ValueError((written, left, bytes(buf[:12])))
        if lap and spent:
            raise ValueError("%d bytes were allocated" % spent)


def room_ends(uart: "HostUart") -> None:
    """With nobody reading, write() ends up with None instead of waiting."""
    data = bytes(1024)
    total = 0
    for _ in range(100_000):
        n = uart.write(data)
        if n is None:
            print("full", total)
            return
        total += n
    raise ValueError("there is always room")


def lost(uart: "HostUart") -> None:
    buf = bytearray(16)
    for _ in range(3):
        uart.wait(2000)
        try:
            uart.readinto(buf)
        except OSError as error:
            print("lost", error.errno)
            continue
        raise ValueError("the line is lost and nobody says so")


def main(url: str, what: str) -> None:
    uart = open_uart(url, 115200)
    try:
        if uart.readinto(bytearray(8)) is not None:
            raise ValueError("nothing has come, and yet")
        if what == "full":
            room_ends(uart)
            return
        echo_without_allocating(uart)
        uart.init(baudrate=9600)
        print("echoed", uart.fileno() > 2)
        uart.write(b"bye")
        lost(uart)
    finally:
        uart.close()


main(sys.argv[1], sys.argv[2])
