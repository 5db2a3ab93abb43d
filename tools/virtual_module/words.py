"""Words of the error codes: AT+QIGETERROR's and +CME ERROR's (R271, R273, R276, R277, R401)."""

from __future__ import annotations

from collections.abc import Mapping

NO_CODE = -1  # an unknown command: ERROR whatever AT+CMEE says

TCPIP = {
    0: "operate successfully",
    550: "unknown error",
    551: "operation blocked",
    552: "invalid parameters",
    553: "memory not enough",
    554: "create socket failed",
    555: "operation not supported",
    556: "socket bind failed",
    557: "socket listen failed",
    558: "socket write failed",
    559: "socket read failed",
    560: "socket accept failed",
    561: "open pdp context failed",
    562: "close pdp context failed",
    563: "socket identity has been used",
    564: "dns busy",
    565: "dns parse failed",
    566: "socket connection failed",
    567: "socket has been closed",
    568: "operation busy",
    569: "operation timeout",
    570: "pdp context broken down",
    571: "cancel send",
    572: "operation not allowed",
    573: "apn not configured",
    574: "port busy",
    579: "ssl handshake fail",
}

CME = {
    0: "phone failure",
    3: "operation not allowed",
    4: "operation not supported",
    5: "PH-SIM PIN required",
    10: "SIM not inserted",
    11: "SIM PIN required",
    12: "SIM PUK required",
    13: "SIM failure",
    14: "SIM busy",
    15: "SIM wrong",
    16: "incorrect password",
    20: "memory full",
    23: "memory failure",
    30: "no network service",
    31: "network timeout",
    50: "incorrect parameters",
    51: "command implemented but currently disabled",
    52: "command aborted by user",
    100: "unknown",
    148: "unspecified GPRS error",
    159: "uplink busy/flow control",
    400: "invalid input value",
    401: "larger than the size of the file",
    402: "read zero byte",
    403: "drive full",
    405: "file not found",
    406: "invalid file name",
    407: "file already existed",
    409: "fail to write file",
    410: "fail to open file",
    411: "fail to read file",
    413: "reach max number of files allowed to be opened",
    414: "the file is read-only",
    416: "invalid file descriptor",
    417: "fail to list the file",
    418: "fail to delete the file",
    419: "fail to get disk info",
    420: "no space",
    421: "time out",
    423: "file too large",
    425: "invalid parameter",
    426: "file already opened",
}


def cme(code: int, style: int) -> str:
    """A failure as AT+CMEE=<style> wants it: ERROR, the number, or words."""
    if code == NO_CODE or style == 0:
        return "ERROR"
    return "+CME ERROR: %s" % (code if style == 1 else CME.get(code, "unknown"))


def tcpip(code: int, own: "Mapping[int, str]") -> str:
    """The description that AT+QIGETERROR prints; `own` are the family's words where they differ (R273)."""
    return own.get(code) or TCPIP.get(code, "unknown error")
