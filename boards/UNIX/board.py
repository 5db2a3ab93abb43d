"""MicroPython's unix port on a computer with a module on USB or serial, or with a virtual module.

Nothing is to be wired: settings.json names the port as "uart": a device ("/dev/ttyUSB2") or "socket://127.0.0.1:7000".
There are no lines to pull, so power_on() and deep sleep are not for this board.
"""

import json

from quectel_host import open_uart

TYPE_CHECKING = False  # MicroPython has no typing
if TYPE_CHECKING:
    from quectel_host._types import HostUart

PORT = "linux"  # of MicroPython: this file is for no other
FAMILY = "BG96"  # the module you have; settings.json overrides it
UART = "/dev/ttyUSB2"  # where settings.json names none: the AT port of most modules on USB
BAUDRATE = 115_200


def uart(baudrate: int = BAUDRATE) -> "HostUart":
    """The UART for the driver, as settings.json names it."""
    try:
        with open("settings.json") as file:
            url = json.load(file).get("uart") or UART
    except OSError:
        url = UART
    return open_uart(url, baudrate)


def pins() -> None:
    """There are none."""
