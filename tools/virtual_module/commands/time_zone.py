"""AT+CTZU of the LTE families: the network's time goes into the module's clock by itself."""

from __future__ import annotations

from ..network_time import LOCAL, NAME, OFF, UTC, follow
from . import READ, TEST, WRITE, Call, CmeError, command
from .basic import PARAMETER, number


@command("+CTZU", TEST, feature="packet")
def update_values(call: Call) -> None:
    """0 off, 1 the clock shows UTC, 3 the network's local time."""
    call.line("+CTZU: (0,1,3)")


@command("+CTZU", READ, feature="packet")
def update(call: Call) -> None:
    """What was set; it outlives a restart."""
    call.line("+CTZU: %s" % call.module.nvram.get(NAME, OFF))


@command("+CTZU", WRITE, feature="packet")
def set_update(call: Call) -> None:
    """AT+CTZU=<0/1/3>."""
    how = number(call, 0, OFF, LOCAL)
    if how not in (OFF, UTC, LOCAL) or len(call.args) > 1:
        raise CmeError(PARAMETER)
    call.module.save(NAME, how)
    follow(call.module)
