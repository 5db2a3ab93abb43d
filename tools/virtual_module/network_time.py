"""The time that the network tells, and the module's clock that follows it (AT+CTZU)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .module import VirtualModule

OFF, UTC, LOCAL = 0, 1, 3  # of AT+CTZU
NAME = "ctzu"


def follow(module: VirtualModule) -> None:
    """The network has told its time, if it tells any: the clock is set where AT+CTZU wants that."""
    how, text = module.nvram.get(NAME, OFF), str(module.options.get("network_time", ""))
    if not how or not text or not module.network.registered:
        return
    plain = datetime.strptime(text[:17], "%y/%m/%d,%H:%M:%S") + timedelta(milliseconds=module.clock.now_ms())
    when, zone = plain.replace(tzinfo=timezone.utc), timezone(timedelta(minutes=15 * int(text[17:] or 0)))
    module.set_wall(when.astimezone(zone) if how == LOCAL else when)
