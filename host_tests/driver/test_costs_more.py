"""What calls cost that some families alone carry out, measured where MicroPython counts; see test_costs.py."""

import kit
from costing import modem
from kit import rows
from scripted import lines
from stated import stated
from steps import said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

OPENED = (b'AT+QIOPEN=1,0,"TCP LISTENER","10.0.0.2",0,2020,0,0\r', lines("OK", "+QIOPEN: 0,0"))


def spent(call: "Any") -> int:
    import gc

    import micropython

    gc.collect()
    before: int = micropython.mem_total()  # type: ignore[attr-defined,unused-ignore]
    call()
    after: int = micropython.mem_total()  # type: ignore[attr-defined,unused-ignore]
    return after - before


@rows("R129")
def test_a_listener_whose_context_is_activated() -> None:
    limit = stated("sync_socket.Socket.listen:on BC65 and BC92")[0]
    if not kit.MICROPYTHON:
        return
    import micropython

    if hasattr(micropython, "mem_total"):
        sock = modem([said("AT+CGACT?", "+CGACT: 1,0"), said("AT+CGACT=1,1"), OPENED], "BC65").socket()
        sock.bind(("", 2020))
        got = spent(sock.listen)
        assert limit // 2 <= got <= limit, got
