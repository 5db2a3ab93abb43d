"""A resource of the host, a request for it, and a handler that keeps what it is told."""

from coap_steps import head, request, send
from quectel import CoapMessage
from steps import said, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ADD = said('AT+QCOAPADDRES=4,"/t/d"')
ASKED = request('0,1,50670,05,2,ABCD,11,"t",11,"d"')
ANSWERED = whole(head(50670, "ABCD"), send("2,205"))


class Told:
    """A handler that keeps what it is told and gives what it was told to give."""

    def __init__(self, result: "Any" = 205) -> None:
        self.messages: "list[CoapMessage]" = []
        self.result = result

    def __call__(self, message: CoapMessage) -> "Any":
        self.messages.append(message)
        return self.result
