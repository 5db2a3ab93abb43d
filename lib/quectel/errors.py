"""Errors: OSError with an errno that socket code expects, the module's own code and its words."""

from errno import (
    EACCES,
    EADDRINUSE,
    EAGAIN,
    ECONNABORTED,
    ECONNREFUSED,
    ECONNRESET,
    EEXIST,
    EHOSTUNREACH,
    EINVAL,
    EIO,
    ENOBUFS,
    ENODEV,
    ENOENT,
    ENOMEM,
    ENOTCONN,
    EOPNOTSUPP,
    EPERM,
    ETIMEDOUT,
)

from ._compat import _TimeoutError

# The module's code -> errno and words.  Codes 550-579: R271, R272; CME codes: R276, R277 and the files' 400-426.
_CODES = {
    550: (EIO, "unknown error"),
    551: (EAGAIN, "operation blocked"),
    552: (EINVAL, "invalid parameters"),
    553: (ENOMEM, "memory not enough"),
    554: (ENOBUFS, "create socket failed"),
    555: (EOPNOTSUPP, "operation not supported"),
    556: (EADDRINUSE, "socket bind failed"),
    557: (EADDRINUSE, "socket listen failed"),
    558: (EIO, "socket write failed"),
    559: (EIO, "socket read failed"),
    560: (ECONNABORTED, "socket accept failed"),
    561: (EHOSTUNREACH, "open PDP context failed"),
    562: (EIO, "close PDP context failed"),
    563: (EADDRINUSE, "socket identity has been used"),
    564: (EAGAIN, "DNS busy"),
    565: (EHOSTUNREACH, "DNS parse failed"),
    566: (ECONNREFUSED, "socket connection failed"),
    567: (ENOTCONN, "socket has been closed"),
    568: (EAGAIN, "operation busy"),
    569: (ETIMEDOUT, "operation timeout"),
    570: (ECONNRESET, "PDP context broken down"),
    571: (ECONNABORTED, "cancel send"),
    572: (EPERM, "operation not allowed"),
    573: (EHOSTUNREACH, "APN not configured"),
    574: (EADDRINUSE, "port busy"),
    579: (ECONNABORTED, "SSL handshake fail"),
    3: (EPERM, "operation not allowed"),
    4: (EOPNOTSUPP, "operation not supported"),
    10: (ENODEV, "SIM not inserted"),
    11: (EACCES, "SIM PIN required"),
    12: (EACCES, "SIM PUK required"),
    16: (EACCES, "incorrect password"),
    23: (ENOMEM, "memory failure"),
    30: (EHOSTUNREACH, "no network service"),
    50: (EINVAL, "incorrect parameters"),
    51: (EPERM, "command disabled"),
    52: (ECONNABORTED, "command aborted"),
    159: (EAGAIN, "uplink busy"),
    300: (EIO, "ME failure"),
    301: (EPERM, "SMS service of ME reserved"),
    302: (EPERM, "operation not allowed"),
    303: (EOPNOTSUPP, "operation not supported"),
    304: (EINVAL, "invalid PDU mode parameter"),
    305: (EINVAL, "invalid text mode parameter"),
    310: (ENODEV, "USIM not inserted"),
    311: (EACCES, "USIM PIN required"),
    312: (EACCES, "PH-USIM PIN required"),
    313: (EIO, "USIM failure"),
    314: (EAGAIN, "USIM busy"),
    315: (EIO, "USIM wrong"),
    316: (EACCES, "USIM PUK required"),
    317: (EACCES, "USIM PIN2 required"),
    318: (EACCES, "USIM PUK2 required"),
    320: (ENOMEM, "memory failure"),
    321: (EINVAL, "invalid memory index"),
    322: (ENOMEM, "memory full"),
    330: (EIO, "SMSC address unknown"),
    331: (EHOSTUNREACH, "no network service"),
    332: (ETIMEDOUT, "network timeout"),
    340: (EIO, "no +CNMA acknowledgement expected"),
    500: (EIO, "unknown error"),
    403: (ENOMEM, "storage full"),
    405: (ENOENT, "file not found"),
    407: (EEXIST, "file already exists"),
    420: (ENOMEM, "no space left"),
    421: (ETIMEDOUT, "file transfer timed out"),
}


def errno_of(code: int) -> int:
    """The errno for a code of the module; EIO for one that no table has (R437)."""
    return _CODES[code][0] if code in _CODES else EIO


def words_of(code: int) -> str:
    """The documents' words for a code of the module."""
    return _CODES[code][1] if code in _CODES else "error %d" % code


class QuectelError(OSError):
    """What the module or the driver refused.

    errno is one that socket code knows; code is the module's own number or 0; text its words;
    command the first bytes of the command it answered, without secrets.
    """

    def __init__(self, errno: int, text: str = "", code: int = 0, command: str = "") -> None:
        super().__init__(errno, text)
        self.code = code
        self.text = text
        self.command = command

    def __str__(self) -> str:
        where = self.command + ": " if self.command else ""
        number = " (%d)" % self.code if self.code else ""
        return where + self.text + number


class QuectelTimeout(QuectelError, _TimeoutError):
    """Time is over.  done is how many bytes have been moved; the next call goes on from there."""

    def __init__(self, text: str = "timed out", command: str = "", done: int = 0) -> None:
        QuectelError.__init__(self, ETIMEDOUT, text, 569, command)
        self.done = done


class NetworkError(QuectelError):
    """No SIM, no registration, no PDP context."""


class TLSError(QuectelError):
    """The TLS connection was refused or could not be made."""


class CoapError(QuectelError):
    """A CoAP request failed: reset, no answer, or refused by the module."""


def unsupported(family: str, what: str) -> QuectelError:
    """For what a family has no commands for."""
    return QuectelError(EOPNOTSUPP, "%s has no %s" % (family, what))


def uart_lent(command: str = "") -> QuectelError:
    """For who cannot be served while a socket in transparent mode has the UART."""
    return QuectelError(
        EAGAIN, "a socket in transparent mode has the UART until its set_mode(BUFFER) or close()", 0, command
    )


def error_of(code: int, command: str = "", kind: "type[QuectelError]" = QuectelError, text: str = "") -> QuectelError:
    """The exception for a code of the module."""
    return kind(errno_of(code), text or words_of(code), code, command)
