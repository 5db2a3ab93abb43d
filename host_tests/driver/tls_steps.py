"""Steps of scripts for TLS sockets: settings of a context, files that go up, opens."""

from binascii import crc32

from quectel import BUFFER, TLSContext
from quectel.files import checksum
from scripted import lines
from steps import said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from faces import Face
    from steps import Script

WEB = ("example.com", 443)


def cfg(index: int, item: str, value: str) -> "tuple[bytes, bytes]":
    return said('AT+QSSLCFG="%s",%d,%s' % (item, index, value))


def bare(index: int, level: int = 0, no_time: int = 0, negotiate_s: int = 300) -> "Script":
    """The settings of a context that names no file."""
    values = ("3", "0XFFFF", "%d" % level, "%d" % no_time, "%d" % negotiate_s)
    names = ("sslversion", "ciphersuite", "seclevel", "ignorelocaltime", "negotiatetime")
    return [cfg(index, names[i], values[i]) for i in range(5)]


def opening(index: int, cid: int, mode: int = BUFFER) -> bytes:
    return b'AT+QSSLOPEN=1,%d,%d,"example.com",443,%d\r' % (index, cid, mode)


def opens(index: int, cid: int, mode: int = BUFFER) -> "tuple[bytes, bytes]":
    return opening(index, cid, mode), lines("OK", "+QSSLOPEN: %d,0" % cid)


def closes(cid: int) -> "tuple[bytes, bytes]":
    return said("AT+QSSLCLOSE=%d,10" % cid)


def there(name: str) -> "tuple[bytes, bytes]":
    return said('AT+QFLST="%s"' % name, '+QFLST: "UFS:%s",77' % name)


def going_up(data: bytes) -> "Script":
    """A certificate or key that the module does not have yet."""
    name = b"%08x.pem" % (crc32(data) & 0xFFFFFFFF)
    told = lines("+QFUPL: %d,%x" % (len(data), checksum(data)), "OK")
    missing = (b'AT+QFLST="%s"\r' % name, lines("+CME ERROR: 405"))
    return [missing, (b'AT+QFUPL="%s",%d,5\r' % (name, len(data)), lines("CONNECT")), (data, told)]


def path_of(data: bytes) -> str:
    return '"%08x.pem"' % (crc32(data) & 0xFFFFFFFF)


def stand(modem: "Any", context: TLSContext) -> None:
    """It stands in the module already."""
    from quectel.tls import Contexts, said

    held = modem._contexts = Contexts(6)
    index = held.place(context, [])
    held._epochs[index] = modem.engine.epoch
    held._said[index] = said(context)


def configured(face: "Face", family: str, script: "Script", mode: int = BUFFER) -> "Any":
    """A TLS socket whose context stands in the module already."""
    context = TLSContext(verify=False)
    m = face.start(family, script)
    stand(m, context)
    return m.socket(tls=context, mode=mode)
