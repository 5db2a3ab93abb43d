"""Sharvi Electronics ESP32-S3 EC200U modem board: pins, UART and power key.

Module and ESP32-S3 are on one board, so nothing is to be wired:

    ESP32-S3                EC200U
    GPIO17 UART1 TX     ->  RXD (main UART)
    GPIO18 UART1 RX     <-  TXD (main UART)
    GPIO10              ->  PWRKEY  low switches the module on

Source of the pins: github.com/SharviElectronics/ESP32-S3-with-EC200U, "AT Command/AtCommand.ino" (RXD2 18, TXD2 17,
PW_KEY 10, 115200 baud, PW_KEY low to enable). The maker's examples leave PW_KEY low for good. They name no pin for RTS,
CTS, DTR, RESET_N and STATUS, and no times for the key: those below are chosen long, and the module's hardware manual
has the bounds.
"""

import wiring
from machine import UART

PORT = "esp32"  # of MicroPython: this file is for no other
FAMILY = "EC200U"

UART_ID = 1
BAUDRATE = 115_200
TX, RX = 17, 18
RXBUF = 4096  # bytes; less than 2048 loses data when a read of 1500 bytes meets a busy moment
TXBUF = 1024  # bytes

# (pin, level that pulls the module's line low): 1 where a transistor stands between, 0 where the line is direct
PWRKEY = (10, 0)

# What power_on() and power_off() keep to, in ms.
PWRKEY_ON_MS = 2000
PWRKEY_OFF_MS = 3000
BOOT_MS = 15_000  # from the key to the first answer, at most


def uart(baudrate: int = BAUDRATE) -> UART:
    """The UART for the driver. It never waits: waiting is the driver's."""
    return wiring.uart(UART_ID, baudrate, TX, RX, RXBUF, TXBUF)


def pins() -> wiring.Pins:
    """The pins for the driver: Modem(..., pins=board.pins())."""
    return wiring.Pins(PWRKEY_ON_MS, PWRKEY_OFF_MS, BOOT_MS, pwrkey=PWRKEY)
