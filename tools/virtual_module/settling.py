"""When a module has come to rest: nothing more happens before its clock is stepped or somebody types."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .module import VirtualModule

LOOP_ROUNDS, QUIET_ROUNDS = 4, 3
WAIT_S = 0.001  # for what comes from outside
LONGEST_S = 3


async def settle(module: VirtualModule) -> None:
    """Wait for some rounds of the loop in which nothing happens; the last of them behind a moment of real time."""
    loop = asyncio.get_running_loop()
    end = loop.time() + LONGEST_S
    quiet, seen = 0, -1
    while quiet < QUIET_ROUNDS and loop.time() < end:
        if quiet == QUIET_ROUNDS - 1 and not module.is_alone():
            await asyncio.sleep(WAIT_S)
        for _ in range(LOOP_ROUNDS):
            await asyncio.sleep(0)
        quiet = quiet + 1 if module.activity == seen else 0
        seen = module.activity
