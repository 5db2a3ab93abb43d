"""What a public call takes is in its words: the reference is made of them, and says nothing else."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest
import quectel
from quectel.files import Files

KINDS: "list[Any]" = [quectel.Modem, quectel.Socket, quectel.TLSContext, quectel.Coap, quectel.CoapMessage, Files]
# Said by the name, by CPython's socket of that name, or once for all calls.
PLAIN = {
    "self", "args", "kwargs", "address", "buf", "n", "nbytes", "flags", "backlog", "value", "level", "option", "flag",
    "name", "data", "line", "mode", "what", "timeout_ms", "buffering", "encoding", "errors", "newline", "request",
    "arg", "af", "pdp", "slot", "modem", "host", "saved", "as_socket", "set", "options", "timers_s",
}  # fmt: skip
CALLS = [
    (kind, name)
    for kind in KINDS
    for name in sorted(dir(kind))
    if (not name.startswith("_") or name == "__init__") and inspect.isfunction(getattr(kind, name))
    if "Allocates " in (getattr(kind, name).__doc__ or kind.__doc__ or "")
]


@pytest.mark.parametrize(("kind", "name"), CALLS, ids=lambda one: getattr(one, "__name__", one))
def test_every_argument_is_told(kind: Any, name: str) -> None:
    call = getattr(kind, name)
    words = (kind.__doc__ if name == "__init__" else call.__doc__) or ""
    if "See request()" in words:
        words += quectel.Coap.request.__doc__ or ""
    missing = [one for one in inspect.signature(call).parameters if one not in PLAIN and not told(one, words)]
    assert not missing, f"{kind.__name__}.{name}() does not say what {missing} may be"


def told(name: str, words: str) -> bool:
    return re.search(rf"\b{name}\b", words) is not None
